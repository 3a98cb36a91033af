//! libsodium's sealed box, composed by hand (20-messages 2.2).
//!
//! ```text
//!  0                  32        48
//!  +------------------+---------+---------------------+
//!  | ephemeral key    | MAC     | ciphertext          |
//!  +------------------+---------+---------------------+
//! ```

use crate::entropy::Entropy;
use crate::keys::{X25519PublicKey, X25519SecretKey};

/// The box does not open: damaged, or not for this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed box does not open with this key")]
pub struct SealError;

/// Bytes added by sealing.
pub const OVERHEAD: usize = 48;

/// Seals with a fresh ephemeral key (one 32-byte draw).
pub fn seal(plaintext: &[u8], recipient: &X25519PublicKey, entropy: &mut (impl Entropy + ?Sized)) -> Result<Vec<u8>, SealError> {
    todo!()
}
/// Seals with a given ephemeral secret.
pub fn seal_with(plaintext: &[u8], recipient: &X25519PublicKey, ephemeral: &X25519SecretKey) -> Result<Vec<u8>, SealError> {
    todo!()
}
/// Opens a sealed box.
pub fn open(sealed: &[u8], secret: &X25519SecretKey) -> Result<Vec<u8>, SealError> {
    todo!()
}
