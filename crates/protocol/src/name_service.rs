//! The network's name service: from a registered name to an Account ID (20-messages 8, 10-network 3.10).
//!
//! The chain holds, under the hash of a name, the ID encrypted with a key that only the name gives.

use crate::encoding;
use crate::hash::blake2b;
use crate::id::AccountId;
use argon2::{Algorithm, Argon2, Params, Version};
use onionskin_ciphers::{secretbox, xchacha20poly1305};
use zeroize::Zeroizing;

/// Longest name that is looked up (bytes after lower-casing).
const MAX_NAME: usize = 64;
const ID_LEN: usize = 33;
const TAG_LEN: usize = 16;
/// Argon2id of the records without nonce: 256 MiB, 3 passes, 1 lane.
const LEGACY_MEMORY_KIB: u32 = 256 * 1024;
const LEGACY_PASSES: u32 = 3;

/// Why there is no ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a name: letters, digits, `_` and inner `-` only, at most 64.
    #[error("this is no name of the name service")]
    Form,
    /// The record does not open with this name, or holds no Account ID.
    #[error("the record does not belong to this name")]
    Record,
    /// The old form of a record, which takes 256 MiB to open.
    #[error("the record is of an old form")]
    Legacy,
}

/// A name in the form that is hashed: trimmed, lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Accepts what the clients accept: `^\w([\w-]*\w)?$` in ASCII. An Account ID is no name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = text.trim().to_ascii_lowercase();
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let bytes = name.as_bytes();
        let inner = bytes.iter().all(|byte| word(*byte) || *byte == b'-');
        let ends = bytes.first().is_some_and(|byte| word(*byte))
            && bytes.last().is_some_and(|byte| word(*byte));
        if inner && ends && bytes.len() <= MAX_NAME {
            Ok(Self(name))
        } else {
            Err(NameError::Form)
        }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// BLAKE2b-256 of the name: what nodes are asked for.
    pub fn hash(&self) -> [u8; 32] {
        blake2b(&[], &[self.0.as_bytes()])
    }

    /// Padded base64 of [`hash`](Self::hash): `name_hash` of the request.
    pub fn hash_base64(&self) -> String {
        encoding::base64(&self.hash())
    }

    /// BLAKE2b-256 of the name keyed with its hash.
    pub fn key(&self) -> [u8; 32] {
        blake2b(&self.hash(), &[self.0.as_bytes()])
    }

    /// Opens a record of 49 bytes with its 24-byte nonce: XChaCha20-Poly1305 over the 33 bytes of an Account ID.
    pub fn open(&self, encrypted: &[u8], nonce: &[u8; 24]) -> Result<AccountId, NameError> {
        if encrypted.len() != ID_LEN + TAG_LEN {
            return Err(NameError::Record);
        }
        let plain =
            xchacha20poly1305::open(&self.key(), nonce, &[], encrypted).ok_or(NameError::Record)?;
        AccountId::from_bytes(&plain).map_err(|_| NameError::Record)
    }

    /// The key of a record without nonce: Argon2id of the name with 256 MiB. Not for a browser.
    pub fn legacy_key(&self) -> Result<Zeroizing<[u8; 32]>, NameError> {
        let params = Params::new(LEGACY_MEMORY_KIB, LEGACY_PASSES, 1, Some(32))
            .map_err(|_| NameError::Legacy)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.0.as_bytes(), &[0; 16], key.as_mut_slice())
            .map_err(|_| NameError::Legacy)?;
        Ok(key)
    }

    /// Opens a record of 49 bytes without nonce: `crypto_secretbox` with an all-zero nonce.
    pub fn open_legacy(&self, encrypted: &[u8]) -> Result<AccountId, NameError> {
        let (tag, ciphertext) = encrypted
            .split_first_chunk::<TAG_LEN>()
            .filter(|(_, rest)| rest.len() == ID_LEN)
            .ok_or(NameError::Record)?;
        let key = self.legacy_key()?;
        let plain = secretbox::open(&key, &[0; 24], tag, ciphertext).ok_or(NameError::Record)?;
        AccountId::from_bytes(&plain).map_err(|_| NameError::Record)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_lower_cased_and_bounded() {
        assert_eq!(
            Name::parse(" Onion-Skin_1 ").unwrap().as_str(),
            "onion-skin_1"
        );
        for text in ["", "-a", "a-", "a b", "a.b", "é", &"a".repeat(65)] {
            assert_eq!(Name::parse(text), Err(NameError::Form), "{text}");
        }
        let id = format!("05{}", "a".repeat(64));
        assert_eq!(Name::parse(&id), Err(NameError::Form));
    }

    #[test]
    fn the_example_of_the_specification_comes_out() {
        let name = Name::parse("alice").unwrap();
        assert_eq!(
            name.hash_base64(),
            "4R2BSXk3LIg7UL2w/62x6vCJi/VP1PvymK8Sb7q72kw="
        );
        assert_eq!(
            hex::encode(name.key()),
            "5711cbc68d289da07b63bd4707fd14d264b1a04f0ea8ad7a55e86e14d259d478"
        );
    }

    proptest! {
        #[test]
        fn no_record_makes_opening_panic(text in ".{0,70}", record in proptest::collection::vec(any::<u8>(), 0..80), nonce: [u8; 24]) {
            if let Ok(name) = Name::parse(&text) {
                let _ = name.open(&record, &nonce);
            }
        }
    }
}
