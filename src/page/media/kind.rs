//! What may be shown or played, by the first bytes: the type that a sender names decides nothing (50-browser 10.2).

use onionskin_client::picture::Format;

/// For everything that is only ever saved.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// The type of a picture that the app shows.
pub(super) fn picture(bytes: &[u8]) -> Option<&'static str> {
    Format::of(bytes).map(Format::mime)
}

/// The type of a sound that a browser may know.
pub(super) fn sound(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        // Before MP3: layer 0 in the same place means AAC.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some("audio/aac"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 => Some("audio/mpeg"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => Some("audio/wav"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [b'f', b'L', b'a', b'C', ..] => Some("audio/flac"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("audio/webm"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("audio/mp4"),
        _ => None,
    }
}

/// The type of a film that a browser may know.
pub(super) fn film(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("video/webm"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        [b'O', b'g', b'g', b'S', ..] => Some("video/ogg"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_are_told_apart_by_their_first_bytes() {
        assert_eq!(sound(&[0xff, 0xfb, 0x50, 0xc4]), Some("audio/mpeg"));
        assert_eq!(sound(&[0xff, 0xf3, 0x40, 0xc4]), Some("audio/mpeg"));
        assert_eq!(sound(&[0xff, 0xf1, 0x50, 0x80]), Some("audio/aac"));
        assert_eq!(sound(b"ID3\x04"), Some("audio/mpeg"));
        assert_eq!(sound(b"\0\0\0\x20ftypM4A "), Some("audio/mp4"));
        assert_eq!(sound(b"<html>"), None);
        assert_eq!(sound(&[]), None);
    }

    #[test]
    fn pages_and_drawings_are_never_shown() {
        for bytes in [&b"<svg/>"[..], b"<!doctype html>", b"%PDF-1.7", b"MZ"] {
            assert_eq!((picture(bytes), film(bytes)), (None, None));
        }
    }
}
