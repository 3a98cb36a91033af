//! An account: 16 random bytes and everything derived from them (20-messages 1).

use crate::entropy::{Entropy, draw};
use crate::id::AccountId;
use crate::keys::{Ed25519PublicKey, Ed25519SecretKey, X25519SecretKey};
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

mod bip39;
pub mod phrase;
mod secret;
mod words;

pub use secret::parse_secret;

/// The 16 bytes that the recovery phrase encodes. Zeroised on drop, silent in `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 16]);

impl Seed {
    /// A fresh seed (one 16-byte draw).
    pub fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self(*Zeroizing::new(draw(entropy)))
    }
    /// From 16 bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
    /// 32 lower-case hex digits, wiped on drop (the text of the recovery QR code).
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0))
    }
}

impl PartialEq for Seed {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Seed {}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// The key pairs and the Account ID of one person. `Debug` shows the shortened Account ID only.
#[derive(Clone)]
pub struct Account {
    seed: Seed,
    ed25519: Ed25519SecretKey,
    x25519: X25519SecretKey,
}

impl Account {
    /// Derives everything from the seed (20-messages 1.1).
    ///
    /// ```text
    ///  seed16 (16) || 00 × 16  --Ed25519-->  signing key  --SHA-512, clamped-->  X25519 key  -->  05 || x_pk
    /// ```
    pub fn from_seed(seed: Seed) -> Self {
        let mut seed32 = Zeroizing::new([0u8; 32]);
        seed32[..16].copy_from_slice(seed.as_bytes());
        let ed25519 = Ed25519SecretKey::from_seed(&seed32);
        let x25519 = ed25519.to_x25519();
        Self {
            seed,
            ed25519,
            x25519,
        }
    }
    /// The seed.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }
    /// The Account ID.
    pub fn id(&self) -> AccountId {
        AccountId::from_key(self.x25519.public())
    }
    /// Signs requests and messages.
    pub fn ed25519(&self) -> &Ed25519SecretKey {
        &self.ed25519
    }
    /// Its public half.
    pub fn ed25519_public(&self) -> Ed25519PublicKey {
        self.ed25519.public()
    }
    /// Opens sealed boxes.
    pub fn x25519(&self) -> &X25519SecretKey {
        &self.x25519
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_secrets() {
        let account = Account::from_seed(Seed::from_bytes([0x11; 16]));
        let text = format!("{:?} {account:?}", account.seed());
        assert!(
            text.starts_with("Seed(…) Account { id: AccountId(05"),
            "{text}"
        );
        let secrets = [
            hex::encode(account.x25519().as_bytes()),
            "1111".to_owned(),
            "17, 17".to_owned(),
        ];
        assert!(
            secrets.iter().all(|secret| !text.contains(secret)),
            "{text}"
        );
    }

    #[test]
    fn the_second_half_of_the_ed25519_seed_is_zero() {
        let account = Account::from_seed(Seed::from_bytes([0x11; 16]));
        assert_eq!(account.ed25519().seed()[16..], [0; 16]);
    }

    #[test]
    fn a_seed_wipes_itself() {
        let mut seed = Seed::from_bytes([0x11; 16]);
        seed.zeroize();
        assert_eq!(seed, Seed::from_bytes([0; 16]));
    }
}
