//! ChaCha20 of RFC 8439, HChaCha20 and Poly1305, for what is composed of them by hand.

use chacha20::cipher::{KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _};
use chacha20::{ChaCha20, R20, hchacha};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit as _;
use zeroize::{Zeroize as _, Zeroizing};

/// Combines `bytes` with the key stream, from the beginning of its `block`th block of 64 bytes on.
pub fn apply(key: &[u8; 32], nonce: &[u8; 12], block: u32, bytes: &mut [u8]) {
    let mut cipher = ChaCha20::new(key.into(), nonce.into());
    cipher.seek(u64::from(block) * 64);
    cipher.apply_keystream(bytes);
}

/// HChaCha20: a key from a key and 16 bytes.
pub fn subkey(key: &[u8; 32], input: &[u8; 16]) -> Zeroizing<[u8; 32]> {
    let mut made = hchacha::<R20>(key.into(), input.into());
    let key = Zeroizing::new(made.into());
    made.as_mut_slice().zeroize();
    key
}

/// Poly1305 of `bytes`. Never use a key twice.
pub fn poly1305(key: &[u8; 32], bytes: &[u8]) -> [u8; 16] {
    Poly1305::new(key.into()).compute_unpadded(bytes).into()
}
