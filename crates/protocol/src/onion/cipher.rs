//! The two ciphers of a hop (10-network 4.3).

use crate::entropy::Entropy;
use crate::keys::{X25519PublicKey, X25519SecretKey};

/// How one layer is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Cipher {
    /// `xchacha20`: key BLAKE2b-256(shared, client key, node key), 24-byte nonce in front.
    #[default]
    XChaCha20,
    /// `aes-gcm`: key HMAC-SHA256("LOKI", shared), 12-byte nonce in front.
    AesGcm,
}

/// The layer does not decrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid ciphertext")]
pub struct CipherError;

impl Cipher {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::XChaCha20 => "xchacha20",
            Self::AesGcm => "aes-gcm",
        }
    }
    /// Reads `xchacha20`, `xchacha20-poly1305`, `aes-gcm`, `gcm`.
    pub fn from_name(name: &str) -> Option<Self> {
        todo!()
    }
    /// Encrypts on the client's side (`ours` is the ephemeral secret).
    pub fn encrypt_to_node(self, ours: &X25519SecretKey, node: &X25519PublicKey, plaintext: &[u8], entropy: &mut (impl Entropy + ?Sized)) -> Result<Vec<u8>, CipherError> {
        todo!()
    }
    /// Decrypts a reply on the client's side.
    pub fn decrypt_from_node(self, ours: &X25519SecretKey, node: &X25519PublicKey, ciphertext: &[u8]) -> Result<Vec<u8>, CipherError> {
        todo!()
    }
    /// Decrypts on the node's side (`client` is the ephemeral public key).
    pub fn decrypt_from_client(self, node: &X25519SecretKey, client: &X25519PublicKey, ciphertext: &[u8]) -> Result<Vec<u8>, CipherError> {
        todo!()
    }
    /// Encrypts a reply on the node's side.
    pub fn encrypt_to_client(self, node: &X25519SecretKey, client: &X25519PublicKey, plaintext: &[u8], entropy: &mut (impl Entropy + ?Sized)) -> Result<Vec<u8>, CipherError> {
        todo!()
    }
}
