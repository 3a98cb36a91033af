//! Profile pictures as released clients send them (20-messages 5.5): AES-256-GCM without associated data.
//!
//! ```text
//!  0        12                      n-16      n
//!  +--------+------------------------+---------+
//!  | nonce  | ciphertext             | tag     |
//!  +--------+------------------------+---------+
//! ```

use super::{AttachmentError, stream};
use crate::entropy::{Entropy, draw};
use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

/// Length of a profile key (bytes).
pub const KEY_LEN: usize = 32;
/// Largest encrypted picture that is opened (bytes): what a file server holds.
const MAX_ENCRYPTED: usize = super::MAX_ENCRYPTED;
const NONCE_LEN: usize = 12;

/// Encrypts a picture with a fresh nonce (one 12-byte draw).
pub fn seal(
    picture: &[u8],
    key: &[u8; KEY_LEN],
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Vec<u8>, AttachmentError> {
    seal_with(picture, key, &draw(entropy))
}

/// Encrypts with a given nonce. Never use one twice with a key.
pub fn seal_with(
    picture: &[u8],
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
) -> Result<Vec<u8>, AttachmentError> {
    let too_large = || AttachmentError::TooLarge(picture.len());
    if picture.len() + NONCE_LEN + 16 > MAX_ENCRYPTED {
        return Err(too_large());
    }
    let sealed = Aes256Gcm::new(key.into())
        .encrypt(&Nonce::from(*nonce), picture)
        .map_err(|_| too_large())?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens a downloaded picture, of this format or of the stream format (`#d` in its URL).
pub fn open(
    encrypted: &[u8],
    key: &[u8; KEY_LEN],
    is_stream: bool,
) -> Result<Zeroizing<Vec<u8>>, AttachmentError> {
    if is_stream {
        return stream::open(encrypted, key);
    }
    if encrypted.len() > MAX_ENCRYPTED {
        return Err(AttachmentError::TooLarge(encrypted.len()));
    }
    let (nonce, sealed) = encrypted
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(AttachmentError::Form("it is cut off"))?;
    Aes256Gcm::new(key.into())
        .decrypt(&Nonce::from(*nonce), sealed)
        .map(Zeroizing::new)
        .map_err(|_| AttachmentError::Digest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_picture_opens_only_whole(picture in proptest::collection::vec(any::<u8>(), 0..300), key: [u8; 32], nonce: [u8; 12], bit: usize) {
            let mut sealed = seal_with(&picture, &key, &nonce).unwrap();
            prop_assert_eq!(&*open(&sealed, &key, false).unwrap(), &picture);
            let bit = bit % (sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&sealed, &key, false), Err(AttachmentError::Digest));
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), stream: bool) {
            let _ = open(&bytes, &[1; 32], stream);
        }
    }
}
