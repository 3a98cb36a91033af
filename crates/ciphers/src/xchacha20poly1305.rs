//! XChaCha20-Poly1305, the tag behind the ciphertext.

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};

/// Bytes that sealing adds.
pub const TAG: usize = 16;

/// Encrypts `plaintext` and authenticates `aad` with it. Never use a nonce twice with a key.
pub fn seal(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let message = Payload {
        msg: plaintext,
        aad,
    };
    XChaCha20Poly1305::new(key.into())
        .encrypt(nonce.into(), message)
        .expect("XChaCha20-Poly1305 takes any length that fits in memory")
}

/// Decrypts; `None` when ciphertext and `aad` are not what was sealed.
pub fn open(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let message = Payload { msg: sealed, aad };
    XChaCha20Poly1305::new(key.into())
        .decrypt(nonce.into(), message)
        .ok()
}
