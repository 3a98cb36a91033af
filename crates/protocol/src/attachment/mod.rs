//! Files: encrypted for the file server and named by a pointer in a message (20-messages 5).
//!
//! Two formats are in use. [`legacy`] is what all released clients send; [`stream`] is newer, and is only read here.
//! Profile pictures have their own form, [`picture`]. [`open`] chooses the format by what the pointer says. [`url`] names a
//! file, [`server`] is how it gets there and back.

pub mod legacy;
pub mod picture;
pub mod server;
pub mod stream;
pub mod url;

use zeroize::Zeroizing;

/// Largest file that the file server takes, encrypted (bytes).
pub const MAX_ENCRYPTED: usize = 10_000_000;

/// Why a file does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// The file is longer than the limit: 9,828,080 bytes in the legacy form (20-messages 5.2), 9,956,278 in the stream form.
    #[error("the file has {0} bytes, which is too many")]
    TooLarge(usize),
    /// Too short, of a wrong shape, or cut off.
    #[error("the file is damaged: {0}")]
    Form(&'static str),
    /// The check value of the pointer, or the authenticator inside, does not match.
    #[error("the file does not match its check value")]
    Digest,
    /// The key of the pointer has a length that no format has.
    #[error("a key of {0} bytes is of no known format")]
    Key(usize),
}

/// What a pointer says about its file.
#[derive(Clone, Copy, Debug)]
pub struct Pointer<'a> {
    /// 64 bytes (legacy) or 32 bytes (stream).
    pub key: &'a [u8],
    /// SHA-256 of the encrypted file (32 bytes), legacy only; empty when absent.
    pub digest: &'a [u8],
    /// Bytes of the file itself; `None` when the pointer does not say.
    pub size: Option<u32>,
    /// The fragment of its URL has `d`.
    pub stream: bool,
}

/// Opens a downloaded file in the format that its pointer names; where pointer and file disagree, the file's own mark
/// decides (20-messages 5.3, "choosing the decryptor").
pub fn open(
    encrypted: &[u8],
    pointer: &Pointer<'_>,
) -> Result<Zeroizing<Vec<u8>>, AttachmentError> {
    let marked = encrypted.first() == Some(&stream::MARK);
    match pointer.key.len() {
        stream::KEY_LEN if pointer.stream || marked => {
            let key = pointer
                .key
                .try_into()
                .map_err(|_| AttachmentError::Key(0))?;
            let plain = stream::open(encrypted, &key)?;
            match pointer.size {
                Some(size) if size as usize > plain.len() => {
                    Err(AttachmentError::Form("it is shorter than its pointer says"))
                }
                _ => Ok(plain),
            }
        }
        legacy::KEY_LEN => {
            let key = legacy::Key::from_slice(pointer.key)?;
            legacy::open(encrypted, &key, pointer.digest, pointer.size)
        }
        other => Err(AttachmentError::Key(other)),
    }
}
