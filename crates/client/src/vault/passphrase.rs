//! From a passphrase to the key that unwraps a vault: Argon2id over the NFKC form (50-browser 8.1).
//!
//! The parameters lie in the header, where a thief could weaken them for the next unlock or ask for memory without end;
//! so they are authenticated with the wrapped key, and only a sane range is accepted at all.

use super::VaultError;
use argon2::{Algorithm, Argon2, Params, Version};
use onionskin_protocol::entropy::{Entropy, draw};
use onionskin_protocol::unicode::nfkc;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Accepted memory in KiB: 19 to 256 MiB.
pub(super) const MEMORY_KIB: std::ops::RangeInclusive<u32> = 19 * 1024..=256 * 1024;
/// Accepted passes.
pub(super) const PASSES: std::ops::RangeInclusive<u32> = 1..=10;
/// Accepted lanes.
pub(super) const LANES: std::ops::RangeInclusive<u32> = 1..=4;

/// How a passphrase becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KdfParams {
    /// Random, 16 bytes.
    pub salt: [u8; 16],
    /// Memory in KiB, 19,456 to 262,144.
    pub memory_kib: u32,
    /// Passes, 1 to 10.
    pub passes: u32,
    /// Lanes, 1 to 4.
    pub lanes: u32,
}

impl KdfParams {
    /// 64 MiB, three passes, one lane, and a fresh salt (one 16-byte draw).
    pub fn standard(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self {
            salt: draw(entropy),
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 1,
        }
    }

    /// Refuses what is too weak, and what would exhaust the device.
    pub fn check(&self) -> Result<(), VaultError> {
        let fine = MEMORY_KIB.contains(&self.memory_kib)
            && PASSES.contains(&self.passes)
            && LANES.contains(&self.lanes);
        if fine {
            Ok(())
        } else {
            Err(VaultError::Parameters)
        }
    }
}

/// A key that unwraps a vault key. Wiped on drop, silent in `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct OpenerKey(Box<[u8; 32]>);

impl OpenerKey {
    /// From 32 bytes that were derived elsewhere (in a worker of its own, whose memory goes back to the system).
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Box::new(bytes))
    }
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for OpenerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenerKey(..)")
    }
}

/// Argon2id (version 0x13) over the NFKC form of `passphrase`, which must be UTF-8. Takes the memory that `params` say.
pub fn derive_passphrase_key(
    passphrase: &[u8],
    params: &KdfParams,
) -> Result<OpenerKey, VaultError> {
    params.check()?;
    let text = std::str::from_utf8(passphrase).map_err(|_| VaultError::Text)?;
    let normal = Zeroizing::new(nfkc(text));
    let settings = Params::new(params.memory_kib, params.passes, params.lanes, Some(32))
        .map_err(|_| VaultError::Parameters)?;
    let mut key = Box::new([0u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, settings)
        .hash_password_into(normal.as_bytes(), &params.salt, key.as_mut_slice())
        .map_err(|_| VaultError::Parameters)?;
    Ok(OpenerKey(key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn small() -> KdfParams {
        KdfParams {
            salt: *b"0123456789abcdef",
            memory_kib: 19 * 1024,
            passes: 1,
            lanes: 1,
        }
    }

    #[test]
    fn the_same_passphrase_in_two_unicode_forms_gives_one_key() {
        let composed = derive_passphrase_key("caf\u{e9}".as_bytes(), &small()).unwrap();
        let decomposed = derive_passphrase_key("cafe\u{301}".as_bytes(), &small()).unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        let other = derive_passphrase_key(b"cafe", &small()).unwrap();
        assert_ne!(composed.as_bytes(), other.as_bytes());
    }

    #[test]
    fn parameters_that_are_weak_or_greedy_are_refused() {
        for params in [
            KdfParams {
                memory_kib: 19 * 1024 - 1,
                ..small()
            },
            KdfParams {
                memory_kib: 256 * 1024 + 1,
                ..small()
            },
            KdfParams {
                memory_kib: u32::MAX,
                ..small()
            },
            KdfParams {
                passes: 0,
                ..small()
            },
            KdfParams {
                passes: 11,
                ..small()
            },
            KdfParams {
                lanes: 0,
                ..small()
            },
            KdfParams {
                lanes: 5,
                ..small()
            },
        ] {
            assert_eq!(
                derive_passphrase_key(b"x", &params).err(),
                Some(VaultError::Parameters)
            );
        }
    }

    #[test]
    fn a_passphrase_that_is_no_text_is_refused() {
        assert_eq!(
            derive_passphrase_key(&[0xff], &small()).err(),
            Some(VaultError::Text)
        );
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(
            format!("{:?}", OpenerKey::from_bytes([7; 32])),
            "OpenerKey(..)"
        );
    }
}
