//! The format that all released clients send (20-messages 5.2): AES-256-CBC, then HMAC-SHA256.
//!
//! ```text
//!  0        16                                   n-32            n
//!  +--------+-------------------------------------+---------------+
//!  | IV     | AES-256-CBC-PKCS7(file, zeros)      | HMAC-SHA256   |
//!  +--------+-------------------------------------+---------------+
//!                                      over everything before it
//! ```
//!
//! The key is 64 bytes: AES key, then HMAC key. Zeros hide the length: files grow in steps of a twentieth.

use super::{AttachmentError, MAX_ENCRYPTED};
use crate::entropy::{Entropy, draw};
use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Length of a key (bytes).
pub const KEY_LEN: usize = 64;
/// Largest file (bytes): anything longer is padded beyond what the server takes.
pub const MAX_FILE: usize = 9_828_080;
const IV_LEN: usize = 16;
const MAC_LEN: usize = 32;
const BLOCK: usize = 16;
/// Smallest padded size (bytes).
const SMALLEST: usize = 541;

/// 64 bytes: AES-256 key, then HMAC key. Wiped on drop, silent in `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; KEY_LEN]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// A fresh one (one 64-byte draw).
    pub fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self(draw(entropy))
    }

    /// Exactly 64 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, AttachmentError> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| AttachmentError::Key(bytes.len()))
    }

    /// The bytes, for the pointer.
    pub const fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    fn cipher(&self) -> &[u8; 32] {
        self.0.first_chunk().expect("64 bytes hold 32")
    }

    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.0[32..]).expect("HMAC takes a key of any length")
    }
}

/// An encrypted file and what its pointer has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What is uploaded.
    pub encrypted: Vec<u8>,
    /// SHA-256 of it.
    pub digest: [u8; 32],
}

/// Encrypts with a fresh initialisation vector (one 16-byte draw).
pub fn seal(
    file: &[u8],
    key: &Key,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Sealed, AttachmentError> {
    seal_with(file, key, &draw(entropy))
}

/// Encrypts with a given initialisation vector. Never use one twice with a key.
pub fn seal_with(file: &[u8], key: &Key, iv: &[u8; IV_LEN]) -> Result<Sealed, AttachmentError> {
    if file.len() > MAX_FILE {
        return Err(AttachmentError::TooLarge(file.len()));
    }
    let padded = padded_len(file.len());
    // PKCS#7 always adds, up to a whole block.
    let body = padded / BLOCK * BLOCK + BLOCK;
    let mut encrypted = Vec::with_capacity(IV_LEN + body + MAC_LEN);
    encrypted.extend_from_slice(iv);
    encrypted.extend_from_slice(file);
    encrypted.resize(IV_LEN + body, 0);
    cbc::Encryptor::<Aes256>::new(key.cipher().into(), iv.into())
        .encrypt_padded::<Pkcs7>(&mut encrypted[IV_LEN..], padded)
        .expect("there is room for the padding");
    let mac = key.mac().chain_update(&encrypted).finalize().into_bytes();
    encrypted.extend_from_slice(&mac);
    let digest = Sha256::digest(&encrypted).into();
    Ok(Sealed { encrypted, digest })
}

/// Opens a file. `digest` is compared unless it is empty; `size` cuts the padding off. Size 0: an empty file when nothing
/// but zeros is inside, else everything (20-messages 5.2).
pub fn open(
    encrypted: &[u8],
    key: &Key,
    digest: &[u8],
    size: Option<u32>,
) -> Result<Zeroizing<Vec<u8>>, AttachmentError> {
    if encrypted.len() > MAX_ENCRYPTED + IV_LEN + BLOCK + MAC_LEN {
        return Err(AttachmentError::TooLarge(encrypted.len()));
    }
    let body_len = encrypted
        .len()
        .checked_sub(IV_LEN + MAC_LEN)
        .filter(|length| *length > 0 && length.is_multiple_of(BLOCK))
        .ok_or(AttachmentError::Form("its length is not possible"))?;
    let (authenticated, mac) = encrypted.split_at(IV_LEN + body_len);
    key.mac()
        .chain_update(authenticated)
        .verify_slice(mac)
        .map_err(|_| AttachmentError::Digest)?;
    if !digest.is_empty() && !bool::from(Sha256::digest(encrypted).as_slice().ct_eq(digest)) {
        return Err(AttachmentError::Digest);
    }
    let (iv, body) = authenticated.split_at(IV_LEN);
    let iv: &[u8; IV_LEN] = iv.try_into().expect("split at the length of the vector");
    let mut plain = Zeroizing::new(body.to_vec());
    let length = cbc::Decryptor::<Aes256>::new(key.cipher().into(), iv.into())
        .decrypt_padded::<Pkcs7>(&mut plain)
        .map_err(|_| AttachmentError::Form("its padding is wrong"))?
        .len();
    plain.truncate(length);
    match size.unwrap_or(0) as usize {
        0 if plain.iter().all(|byte| *byte == 0) => plain.clear(),
        0 => {}
        size if size > plain.len() => {
            return Err(AttachmentError::Form("it is shorter than its pointer says"));
        }
        size => plain.truncate(size),
    }
    Ok(plain)
}

/// Bytes of a file with its zeros: max(541, min(10,000,000, floor(1.05^ceil(log₁.₀₅ max(1, n))))), computed as the other
/// clients do.
pub fn padded_len(file: usize) -> usize {
    let exponent = ((file.max(1) as f64).ln() / 1.05f64.ln()).ceil();
    let size = 1.05f64.powf(exponent).floor() as usize;
    size.clamp(SMALLEST, MAX_ENCRYPTED)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn key() -> Key {
        Key([7; KEY_LEN])
    }

    #[test]
    fn the_largest_file_fits_and_one_byte_more_does_not() {
        assert_eq!(
            seal_with(&vec![0; MAX_FILE + 1], &key(), &[0; 16]),
            Err(AttachmentError::TooLarge(MAX_FILE + 1))
        );
        let sealed = seal_with(&vec![1; MAX_FILE], &key(), &[0; 16]).unwrap();
        assert!(sealed.encrypted.len() <= MAX_ENCRYPTED);
    }

    #[test]
    fn a_key_does_not_show_in_debug() {
        assert_eq!(format!("{:?}", key()), "Key(..)");
    }

    #[test]
    fn a_file_shorter_than_its_pointer_says_is_damaged() {
        let sealed = seal_with(b"abc", &key(), &[1; 16]).unwrap();
        assert!(matches!(
            open(&sealed.encrypted, &key(), &sealed.digest, Some(10_000)),
            Err(AttachmentError::Form(_))
        ));
    }

    proptest! {
        #[test]
        fn a_file_opens_only_whole(file in proptest::collection::vec(any::<u8>(), 0..3000), iv: [u8; 16], bit: usize) {
            let mut sealed = seal_with(&file, &key(), &iv).unwrap();
            let size = u32::try_from(file.len()).unwrap();
            let opened = open(&sealed.encrypted, &key(), &sealed.digest, Some(size)).unwrap();
            prop_assert!(*opened == file || size == 0);
            prop_assert!(file.len() <= padded_len(file.len()));
            let bit = bit % (sealed.encrypted.len() * 8);
            sealed.encrypted[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&sealed.encrypted, &key(), &[], Some(size)), Err(AttachmentError::Digest));
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), size: Option<u32>) {
            let _ = open(&bytes, &key(), &[], size);
        }
    }
}
