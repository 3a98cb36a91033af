//! libsodium's secret box, XSalsa20-Poly1305, and the key derivation of its boxes.

use crate::chacha20::poly1305;
use salsa20::XSalsa20;
use salsa20::cipher::consts::U10;
use salsa20::cipher::{KeyIvInit as _, StreamCipher as _};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of a tag.
pub const TAG: usize = 16;

/// Encrypts in place and gives the tag. Never use a nonce twice with a key.
pub fn seal(key: &[u8; 32], nonce: &[u8; 24], bytes: &mut [u8]) -> [u8; TAG] {
    let (mut stream, mac_key) = begin(key, nonce);
    stream.apply_keystream(bytes);
    poly1305(&mac_key, bytes)
}

/// Decrypts; `None` when the tag does not fit.
pub fn open(
    key: &[u8; 32],
    nonce: &[u8; 24],
    tag: &[u8; TAG],
    ciphertext: &[u8],
) -> Option<Vec<u8>> {
    let (mut stream, mac_key) = begin(key, nonce);
    if !bool::from(poly1305(&mac_key, ciphertext).ct_eq(tag)) {
        return None;
    }
    let mut plaintext = ciphertext.to_vec();
    stream.apply_keystream(&mut plaintext);
    Some(plaintext)
}

/// HSalsa20 of a key over zeros: what a box makes of an agreement.
pub fn subkey(key: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut made = salsa20::hsalsa::<U10>(key.into(), &Default::default());
    let key = Zeroizing::new(made.into());
    made.as_mut_slice().zeroize();
    key
}

/// The key stream behind its first 32 bytes, and those, which are the key of the tag.
fn begin(key: &[u8; 32], nonce: &[u8; 24]) -> (XSalsa20, Zeroizing<[u8; 32]>) {
    let mut stream = XSalsa20::new(key.into(), nonce.into());
    let mut mac_key = Zeroizing::new([0; 32]);
    stream.apply_keystream(mac_key.as_mut_slice());
    (stream, mac_key)
}
