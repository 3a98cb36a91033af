//! Pointers to files in messages (20-messages 3.2): what strangers wrote becomes a record with bounds, and back.

use super::name::{clean_caption, clean_name, clean_type, is_dangerous, kind_of};
use crate::api::{ErrorCode, FileId, FileKind};
use crate::message::FileRecord;
use onionskin_protocol::attachment::url::FileUrl;
use onionskin_protocol::attachment::{MAX_ENCRYPTED, legacy, stream};
use onionskin_protocol::entropy::{Entropy, draw};
use onionskin_protocol::message::proto::{AttachmentPointer, attachment_pointer::Flags};

/// Most files of a message (20-messages 3.2).
pub(crate) const MAX_FILES: usize = 32;
/// Largest width or height that is believed (pixels).
const MAX_SIDE: u32 = 65_535;

/// The first 32 files of a message. Each gets a random local name (one 16-byte draw per file).
pub(crate) fn files_of(
    pointers: &[AttachmentPointer],
    entropy: &mut (impl Entropy + ?Sized),
) -> Vec<FileRecord> {
    let first = pointers.iter().take(MAX_FILES);
    first.map(|pointer| file_of(pointer, entropy)).collect()
}

/// One file, for example the picture of a link preview.
pub(crate) fn file_of(
    pointer: &AttachmentPointer,
    entropy: &mut (impl Entropy + ?Sized),
) -> FileRecord {
    let name = clean_name(pointer.file_name());
    let content_type = clean_type(pointer.content_type(), &name);
    let voice = pointer.flags() & Flags::VoiceMessage as u32 != 0;
    let side = |pixels: u32| if pixels <= MAX_SIDE { pixels } else { 0 };
    let url = address_of(pointer);
    let key = pointer.key();
    let failed = match (&url, key.len()) {
        (None, _) => Some(ErrorCode::FileGone),
        (Some(_), legacy::KEY_LEN | stream::KEY_LEN) => None,
        (Some(_), _) => Some(ErrorCode::FileDigest),
    };
    let key = if failed.is_none() {
        key.to_vec()
    } else {
        Vec::new()
    };
    // Anything but 32 bytes is no digest, and matches none.
    let digest = pointer.digest();
    let digest = digest[..digest.len().min(33)].to_vec();
    FileRecord {
        id: FileId(draw(entropy)),
        kind: kind_of(&content_type, voice),
        dangerous: is_dangerous(&name, &content_type),
        caption: clean_caption(pointer.caption()),
        name,
        content_type,
        size: u64::from(pointer.size()).min(MAX_ENCRYPTED as u64),
        width: side(pointer.width()),
        height: side(pointer.height()),
        url: url.map(|url| url.to_string()).unwrap_or_default(),
        key,
        digest,
        here: false,
        let_go: false,
        failed,
    }
}

/// The address, or where none is given the number on the default server (20-messages Decisions 10).
fn address_of(pointer: &AttachmentPointer) -> Option<FileUrl> {
    match (pointer.url(), pointer.id) {
        ("", 0) => None,
        ("", number) => FileUrl::on_default_server(&number.to_string(), false).ok(),
        (url, _) => FileUrl::parse(url).ok(),
    }
}

/// The pointer of an uploaded file.
pub(crate) fn pointer_of(file: &FileRecord) -> AttachmentPointer {
    let pixels = |side: u32| (side > 0).then_some(side);
    AttachmentPointer {
        id: FileUrl::parse(&file.url).map_or(0, |url| url.number()),
        content_type: Some(file.content_type.clone()),
        key: Some(file.key.clone()),
        size: u32::try_from(file.size).ok(),
        digest: (!file.digest.is_empty()).then(|| file.digest.clone()),
        file_name: (!file.name.is_empty()).then(|| file.name.clone()),
        flags: (file.kind == FileKind::Voice).then_some(Flags::VoiceMessage as u32),
        width: pixels(file.width),
        height: pixels(file.height),
        caption: (!file.caption.is_empty()).then(|| file.caption.clone()),
        url: Some(file.url.clone()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use onionskin_testnet::random::SeededEntropy;
    use proptest::prelude::*;

    const URL: &str =
        "http://filev2.getsession.org/file/3NK0Pf9Z5HiqzvijTCEogagHDMAEgc_p0YP17jPE3R3Y";

    fn pointer() -> AttachmentPointer {
        AttachmentPointer {
            id: 0,
            content_type: Some("image/jpeg".into()),
            key: Some(vec![7; 64]),
            size: Some(1_234),
            digest: Some(vec![8; 32]),
            file_name: Some("photo.jpg".into()),
            flags: None,
            width: Some(640),
            height: Some(480),
            caption: None,
            url: Some(URL.into()),
        }
    }

    fn read(pointer: &AttachmentPointer) -> FileRecord {
        file_of(pointer, &mut SeededEntropy::new(1))
    }

    #[test]
    fn a_pointer_that_we_write_says_what_was_read() {
        assert_eq!(pointer_of(&read(&pointer())), pointer());
        let voice = AttachmentPointer {
            content_type: Some("audio/mp4".into()),
            file_name: Some("voice.m4a".into()),
            flags: Some(1),
            width: None,
            height: None,
            ..pointer()
        };
        assert_eq!(read(&voice).kind, FileKind::Voice);
        assert_eq!(pointer_of(&read(&voice)), voice);
    }

    #[test]
    fn a_number_stands_for_the_default_server_when_there_is_no_address() {
        let old = AttachmentPointer {
            id: 1_234,
            url: None,
            ..pointer()
        };
        assert_eq!(read(&old).url, "http://filev2.getsession.org/file/1234");
        let none = AttachmentPointer {
            url: None,
            ..pointer()
        };
        assert_eq!(read(&none).failed, Some(ErrorCode::FileGone));
        let foreign = AttachmentPointer {
            url: Some("file:///etc/passwd".into()),
            ..pointer()
        };
        assert_eq!(read(&foreign).failed, Some(ErrorCode::FileGone));
        let keyless = AttachmentPointer {
            key: None,
            ..pointer()
        };
        assert_eq!(read(&keyless).failed, Some(ErrorCode::FileDigest));
    }

    #[test]
    fn only_32_files_are_taken_and_each_has_a_name_of_its_own() {
        let files = files_of(&vec![pointer(); 40], &mut SeededEntropy::new(2));
        assert_eq!(files.len(), MAX_FILES);
        let ids: std::collections::BTreeSet<_> = files.iter().map(|file| file.id).collect();
        assert_eq!(ids.len(), MAX_FILES);
    }

    proptest! {
        #[test]
        fn whatever_a_pointer_says_its_record_has_bounds(
            id: u64, content_type: Option<String>, key in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
            size: Option<u32>, digest in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
            file_name: Option<String>, flags: Option<u32>, width: Option<u32>, height: Option<u32>, url: Option<String>,
        ) {
            let wire = AttachmentPointer {
                id, content_type, key, size, digest, file_name, flags, width, height, caption: None, url,
            };
            let file = read(&wire);
            prop_assert!(file.name.len() <= 255 && file.content_type.len() <= 100);
            prop_assert!(file.size <= 10_000_000 && file.width <= MAX_SIDE && file.height <= MAX_SIDE);
            prop_assert!(matches!(file.key.len(), 0 | 32 | 64) && file.digest.len() <= 33);
            prop_assert!(file.url.is_empty() == (file.failed == Some(ErrorCode::FileGone)));
            prop_assert!(!file.here);
        }
    }
}
