//! libsodium's sealed box, composed by hand (20-messages 2.2).
//!
//! ```text
//!  0                  32        48
//!  +------------------+---------+---------------------+
//!  | ephemeral key    | MAC     | ciphertext          |
//!  +------------------+---------+---------------------+
//! ```
//!
//! XSalsa20-Poly1305 under HSalsa20(X25519(ephemeral, recipient), 0); the nonce is the 24-byte BLAKE2b of the ephemeral
//! and the recipient's key.

use crate::entropy::Entropy;
use crate::hash::blake2b;
use crate::keys::{X25519PublicKey, X25519SecretKey};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit as _;
use salsa20::XSalsa20;
use salsa20::cipher::consts::U10;
use salsa20::cipher::{KeyIvInit as _, StreamCipher as _};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

/// The box does not open: damaged, or not for this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed box does not open with this key")]
pub struct SealError;

/// Bytes added by sealing.
pub const OVERHEAD: usize = KEY_LEN + MAC_LEN;
const KEY_LEN: usize = 32;
const MAC_LEN: usize = 16;

/// Seals with a fresh ephemeral key (one 32-byte draw).
pub fn seal(
    plaintext: &[u8],
    recipient: &X25519PublicKey,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Vec<u8>, SealError> {
    seal_with(plaintext, recipient, &X25519SecretKey::generate(entropy))
}

/// Seals with a given ephemeral secret. Never use one twice.
pub fn seal_with(
    plaintext: &[u8],
    recipient: &X25519PublicKey,
    ephemeral: &X25519SecretKey,
) -> Result<Vec<u8>, SealError> {
    let (mut stream, mac) = secretbox(ephemeral, recipient, &ephemeral.public(), recipient)?;
    let mut out = Vec::with_capacity(OVERHEAD + plaintext.len());
    out.extend_from_slice(&ephemeral.public().0);
    out.extend_from_slice(&[0; MAC_LEN]);
    out.extend_from_slice(plaintext);
    stream.apply_keystream(&mut out[OVERHEAD..]);
    let tag = mac.compute_unpadded(&out[OVERHEAD..]);
    out[KEY_LEN..OVERHEAD].copy_from_slice(&tag);
    Ok(out)
}

/// Opens a sealed box.
pub fn open(sealed: &[u8], secret: &X25519SecretKey) -> Result<Vec<u8>, SealError> {
    let (ephemeral, rest) = sealed.split_first_chunk::<KEY_LEN>().ok_or(SealError)?;
    let (tag, ciphertext) = rest.split_first_chunk::<MAC_LEN>().ok_or(SealError)?;
    let ephemeral = X25519PublicKey(*ephemeral);
    let (mut stream, mac) = secretbox(secret, &ephemeral, &ephemeral, &secret.public())?;
    if !bool::from(mac.compute_unpadded(ciphertext).as_slice().ct_eq(tag)) {
        return Err(SealError);
    }
    let mut plaintext = ciphertext.to_vec();
    stream.apply_keystream(&mut plaintext);
    Ok(plaintext)
}

/// The key stream behind its first 32 bytes, and the authenticator keyed with those.
fn secretbox(
    secret: &X25519SecretKey,
    peer: &X25519PublicKey,
    ephemeral: &X25519PublicKey,
    recipient: &X25519PublicKey,
) -> Result<(XSalsa20, Poly1305), SealError> {
    let shared = secret.agree(peer).map_err(|_| SealError)?;
    let mut key = salsa20::hsalsa::<U10>(shared.as_bytes().into(), &Default::default());
    let nonce: [u8; 24] = blake2b(&[], &[&ephemeral.0, &recipient.0]);
    let mut stream = XSalsa20::new(&key, &nonce.into());
    key.as_mut_slice().zeroize();
    let mut mac_key = Zeroizing::new([0u8; 32]);
    stream.apply_keystream(mac_key.as_mut_slice());
    Ok((stream, Poly1305::new((&*mac_key).into())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_sealed_for_a_key_of_low_order() {
        let ephemeral = X25519SecretKey::from_bytes([1; 32]);
        assert_eq!(
            seal_with(b"x", &X25519PublicKey([0; 32]), &ephemeral),
            Err(SealError)
        );
        assert_eq!(open(&[0; 64], &ephemeral), Err(SealError));
    }

    proptest! {
        #[test]
        fn a_box_opens_only_whole_and_only_with_its_key(
            plaintext in proptest::collection::vec(any::<u8>(), 0..300), e: [u8; 32], r: [u8; 32], bit: usize,
        ) {
            let recipient = X25519SecretKey::from_bytes(r);
            let mut sealed = seal_with(&plaintext, &recipient.public(), &X25519SecretKey::from_bytes(e)).unwrap();
            prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
            prop_assert_eq!(open(&sealed, &recipient).unwrap(), plaintext);
            let other = X25519SecretKey::from_bytes([0x42; 32]);
            if other.public() != recipient.public() {
                prop_assert_eq!(open(&sealed, &other), Err(SealError));
            }
            let bit = bit % (sealed.len() * 8);
            // The top bit of a u coordinate does not count in X25519, yet the nonce covers it.
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&sealed, &recipient), Err(SealError));
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = open(&bytes, &X25519SecretKey::from_bytes([3; 32]));
        }
    }
}
