//! How a config is hidden (30-config 5.2, 5.3): zeros in front, then XChaCha20-Poly1305 under a key and a nonce that
//! depend on nothing but the plaintext, so that equal configs are stored under equal hashes.
//!
//! ```text
//!  0                       n            n+16              n+40
//!  +-----------------------+------------+-----------------+
//!  | ciphertext (n)        | tag (16)   | nonce (24)      |
//!  +-----------------------+------------+-----------------+
//!  key   = BLAKE2b-256(key base || n as 8 bytes, big-endian || domain)
//!  nonce = BLAKE2b-192(key "libsessionutil-config-encrypted-" || domain; plaintext)
//! ```

use crate::hash::blake2b;
use onionskin_ciphers::xchacha20poly1305;
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes added by encryption.
pub const OVERHEAD: usize = TAG_LEN + NONCE_LEN;
const TAG_LEN: usize = 16;
const NONCE_LEN: usize = 24;

/// The 32 bytes that the encryption key is made of: the account's Ed25519 seed, or a group key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct KeyBase([u8; 32]);

impl KeyBase {
    /// From 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes. Handle with care.
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn key_for(&self, plaintext_len: usize, domain: &str) -> Zeroizing<[u8; 32]> {
        let length = (plaintext_len as u64).to_be_bytes();
        Zeroizing::new(blake2b(&[], &[&self.0, &length, domain.as_bytes()]))
    }
}

impl PartialEq for KeyBase {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for KeyBase {}

impl fmt::Debug for KeyBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBase(…)")
    }
}

/// The bytes are not encrypted with this key in this domain, or are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the config does not open with this key")]
pub struct DecryptError;

/// Encrypts. The domain has 1 to 24 characters of ASCII.
pub fn encrypt(plaintext: &[u8], key: &KeyBase, domain: &str) -> Vec<u8> {
    let nonce_key = ["libsessionutil-config-encrypted-", domain].concat();
    let nonce: [u8; NONCE_LEN] = blake2b(nonce_key.as_bytes(), &[plaintext]);
    let key = key.key_for(plaintext.len(), domain);
    let mut out = xchacha20poly1305::seal(&key, &nonce, &[], plaintext);
    out.extend_from_slice(&nonce);
    out
}

/// Decrypts.
pub fn decrypt(
    ciphertext: &[u8],
    key: &KeyBase,
    domain: &str,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let (sealed, nonce) = ciphertext
        .split_last_chunk::<NONCE_LEN>()
        .ok_or(DecryptError)?;
    let length = sealed.len().checked_sub(TAG_LEN).ok_or(DecryptError)?;
    xchacha20poly1305::open(&key.key_for(length, domain), nonce, &[], sealed)
        .map(Zeroizing::new)
        .ok_or(DecryptError)
}

/// The padded length of `len` bytes that encryption will lengthen by `overhead`.
pub const fn padded_len(len: usize, overhead: usize) -> usize {
    let total = len + overhead;
    let step = match total {
        ..5_120 => 256,
        5_120..20_480 => 1_024,
        20_480..40_960 => 2_048,
        _ => 5_120,
    };
    total.div_ceil(step) * step - overhead
}

/// Zeros, then the bytes.
pub fn pad(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = padded_len(bytes.len(), OVERHEAD);
    let mut out = Zeroizing::new(vec![0; length - bytes.len()]);
    out.reserve_exact(bytes.len());
    out.extend_from_slice(bytes);
    out
}

/// Without the zeros in front.
pub fn unpad(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&byte| byte != 0);
    &bytes[start.unwrap_or(bytes.len())..]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn debug_shows_nothing_of_a_key() {
        assert_eq!(format!("{:?}", KeyBase::from_bytes([7; 32])), "KeyBase(…)");
    }

    proptest! {
        #[test]
        fn a_config_opens_only_whole_with_its_key_and_in_its_domain(
            plaintext in proptest::collection::vec(any::<u8>(), 0..300), key: [u8; 32], bit: usize,
        ) {
            let key = KeyBase::from_bytes(key);
            let mut sealed = encrypt(&plaintext, &key, "Contacts");
            prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
            prop_assert_eq!(&encrypt(&plaintext, &key, "Contacts"), &sealed);
            prop_assert_eq!(&*decrypt(&sealed, &key, "Contacts").unwrap(), &plaintext);
            prop_assert_eq!(decrypt(&sealed, &key, "UserGroups"), Err(DecryptError));
            prop_assert_eq!(decrypt(&sealed, &KeyBase::from_bytes([0x5a; 32]), "Contacts"), Err(DecryptError));
            let bit = bit % (sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(decrypt(&sealed, &key, "Contacts"), Err(DecryptError));
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decrypt(&bytes, &KeyBase::from_bytes([1; 32]), "Contacts");
        }

        #[test]
        fn padding_fills_to_a_step_and_is_undone(bytes in proptest::collection::vec(1..=255u8, 0..6000)) {
            let padded = pad(&bytes);
            prop_assert_eq!((padded.len() + OVERHEAD) % 256, 0);
            prop_assert_eq!(unpad(&padded), bytes.as_slice());
        }
    }
}
