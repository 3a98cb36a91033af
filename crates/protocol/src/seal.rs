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
use onionskin_ciphers::secretbox;
use zeroize::Zeroizing;

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
    let (key, nonce) = agreed(ephemeral, recipient, &ephemeral.public(), recipient)?;
    let mut out = Vec::with_capacity(OVERHEAD + plaintext.len());
    out.extend_from_slice(&ephemeral.public().0);
    out.extend_from_slice(&[0; MAC_LEN]);
    out.extend_from_slice(plaintext);
    let tag = secretbox::seal(&key, &nonce, &mut out[OVERHEAD..]);
    out[KEY_LEN..OVERHEAD].copy_from_slice(&tag);
    Ok(out)
}

/// Opens a sealed box.
pub fn open(sealed: &[u8], secret: &X25519SecretKey) -> Result<Vec<u8>, SealError> {
    let (ephemeral, rest) = sealed.split_first_chunk::<KEY_LEN>().ok_or(SealError)?;
    let (tag, ciphertext) = rest.split_first_chunk::<MAC_LEN>().ok_or(SealError)?;
    let ephemeral = X25519PublicKey(*ephemeral);
    let (key, nonce) = agreed(secret, &ephemeral, &ephemeral, &secret.public())?;
    secretbox::open(&key, &nonce, tag, ciphertext).ok_or(SealError)
}

/// Key and nonce of the box.
fn agreed(
    secret: &X25519SecretKey,
    peer: &X25519PublicKey,
    ephemeral: &X25519PublicKey,
    recipient: &X25519PublicKey,
) -> Result<(Zeroizing<[u8; 32]>, [u8; 24]), SealError> {
    let shared = secret.agree(peer).map_err(|_| SealError)?;
    let nonce = blake2b(&[], &[&ephemeral.0, &recipient.0]);
    Ok((secretbox::subkey(shared.as_bytes()), nonce))
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
