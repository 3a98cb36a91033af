//! Sign, then seal (20-messages 2.2): what hides a `Content` from everybody but its reader and proves who wrote it.
//!
//! ```text
//!  0                        n                n+32             n+96
//!  +------------------------+----------------+----------------+
//!  | padded content (n)     | sender ed25519 | signature      |   sealed for the recipient
//!  +------------------------+----------------+----------------+
//! ```
//! The signature covers the padded content, the sender's Ed25519 key and the recipient's X25519 key, so that nobody can
//! pass a message on to somebody else.

use crate::hash::blake2b;
use crate::id::AccountId;
use crate::keys::{
    Ed25519PublicKey, Ed25519SecretKey, Signature, X25519PublicKey, X25519SecretKey,
};
use crate::message::DecodeError;
use crate::seal::{self, SealError};
use zeroize::Zeroizing;

/// Bytes added to the padded content by key, signature and sealing.
pub const OVERHEAD: usize = seal::OVERHEAD + 32 + 64;

/// What came out of a sealed message, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The padded content.
    pub padded: Vec<u8>,
    /// The key that signed.
    pub ed25519: Ed25519PublicKey,
    /// The Account ID of that key.
    pub sender: AccountId,
}

/// Content, sender's key and signature before sealing.
pub fn sign(padded: &[u8], sender: &Ed25519SecretKey, recipient: &X25519PublicKey) -> Vec<u8> {
    let public = sender.public();
    let mut signed = Vec::with_capacity(padded.len() + 32 + 64);
    signed.extend_from_slice(padded);
    signed.extend_from_slice(&public.0);
    signed.extend_from_slice(&recipient.0);
    let signature = sender.sign(&signed);
    signed.truncate(padded.len() + 32);
    signed.extend_from_slice(&signature.0);
    signed
}

/// Signs and seals with the given ephemeral secret (never use one twice).
pub fn sign_and_seal(
    padded: &[u8],
    sender: &Ed25519SecretKey,
    recipient: &X25519PublicKey,
    ephemeral: &X25519SecretKey,
) -> Result<Vec<u8>, SealError> {
    seal::seal_with(&sign(padded, sender, recipient), recipient, ephemeral)
}

/// Signs and seals so that the same message gives the same bytes: the ephemeral key comes from
/// BLAKE2b-256(key "SessionBoxEphemeralHashKey"; sender seed || recipient || message).
pub fn sign_and_seal_deterministic(
    padded: &[u8],
    sender: &Ed25519SecretKey,
    recipient: &X25519PublicKey,
) -> Result<Vec<u8>, SealError> {
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(blake2b(
        b"SessionBoxEphemeralHashKey",
        &[sender.seed(), &recipient.0, padded],
    ));
    let ephemeral = crate::keys::clamped_half_of_sha512(&seed);
    sign_and_seal(padded, sender, recipient, &ephemeral)
}

/// Opens what [`sign_and_seal`] made and checks the signature.
pub fn open(sealed: &[u8], reader: &X25519SecretKey) -> Result<Opened, DecodeError> {
    if sealed.len() < OVERHEAD {
        return Err(DecodeError::Sealed);
    }
    let mut plaintext = seal::open(sealed, reader).map_err(|_| DecodeError::Sealed)?;
    let (rest, signature) = plaintext
        .split_last_chunk::<64>()
        .ok_or(DecodeError::Sealed)?;
    let (padded, key) = rest.split_last_chunk::<32>().ok_or(DecodeError::Sealed)?;
    let (padded_len, ed25519, signature) =
        (padded.len(), Ed25519PublicKey(*key), Signature(*signature));

    plaintext.truncate(padded_len + 32);
    plaintext.extend_from_slice(&reader.public().0);
    let x25519 = ed25519.to_x25519().map_err(|_| DecodeError::Sender)?;
    ed25519
        .verify(&plaintext, &signature)
        .map_err(|_| DecodeError::Signature)?;
    plaintext.truncate(padded_len);
    Ok(Opened {
        padded: plaintext,
        ed25519,
        sender: AccountId::from_key(x25519),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_passed_on_to_somebody_else_is_refused() {
        let sender = Ed25519SecretKey::from_seed(&[1; 32]);
        let (first, second) = (
            X25519SecretKey::from_bytes([2; 32]),
            X25519SecretKey::from_bytes([3; 32]),
        );
        let ephemeral = X25519SecretKey::from_bytes([4; 32]);
        let sealed = sign_and_seal(b"hello", &sender, &first.public(), &ephemeral).unwrap();
        assert_eq!(open(&sealed, &first).unwrap().ed25519, sender.public());

        let inside = seal::open(&sealed, &first).unwrap();
        let again = seal::seal_with(&inside, &second.public(), &ephemeral).unwrap();
        assert_eq!(open(&again, &second), Err(DecodeError::Signature));
    }

    #[test]
    fn a_sender_whose_key_has_no_account_id_is_refused() {
        let reader = X25519SecretKey::from_bytes([2; 32]);
        let mut inside = vec![0; 96];
        inside[0] = 1;
        let sealed = seal::seal_with(
            &inside,
            &reader.public(),
            &X25519SecretKey::from_bytes([4; 32]),
        )
        .unwrap();
        assert_eq!(open(&sealed, &reader), Err(DecodeError::Sender));
    }

    proptest! {
        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let reader = X25519SecretKey::from_bytes([3; 32]);
            let _ = open(&bytes, &reader);
            let sealed = seal::seal_with(&bytes, &reader.public(), &X25519SecretKey::from_bytes([4; 32])).unwrap();
            let _ = open(&sealed, &reader);
        }
    }
}
