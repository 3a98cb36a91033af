//! An account: 16 random bytes and everything derived from them (20-messages 1).

use crate::entropy::Entropy;
use crate::id::AccountId;
use crate::keys::{Ed25519PublicKey, Ed25519SecretKey, X25519SecretKey};

pub mod phrase;

/// The 16 bytes that the recovery phrase encodes. Zeroised on drop, silent in `Debug`.
#[derive(Clone)]
pub struct Seed { /* [u8; 16] */ }

impl Seed {
    /// A fresh seed (one 16-byte draw).
    pub fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        todo!()
    }
    /// From 16 bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        todo!()
    }
    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        todo!()
    }
}

/// The key pairs and the Account ID of one person.
#[derive(Clone)]
pub struct Account { /* seed, ed25519 secret, x25519 secret, id */ }

impl Account {
    /// Derives everything from the seed (20-messages 1.1).
    pub fn from_seed(seed: Seed) -> Self {
        todo!()
    }
    /// The seed.
    pub fn seed(&self) -> &Seed {
        todo!()
    }
    /// The Account ID.
    pub fn id(&self) -> AccountId {
        todo!()
    }
    /// Signs requests and messages.
    pub fn ed25519(&self) -> &Ed25519SecretKey {
        todo!()
    }
    /// Its public half.
    pub fn ed25519_public(&self) -> Ed25519PublicKey {
        todo!()
    }
    /// Opens sealed boxes.
    pub fn x25519(&self) -> &X25519SecretKey {
        todo!()
    }
}
