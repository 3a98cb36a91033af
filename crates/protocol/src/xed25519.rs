//! XEd25519-style signatures with X25519 keys (20-messages 11.3, vector kind `xed25519`).
//!
//! The signer takes the one of a and -a whose public key has sign bit 0; so the X25519 key alone tells the Ed25519 key
//! that verifies. The result is an ordinary Ed25519 signature.

use crate::entropy::{Entropy, draw};
use crate::hash::blake2b_personal;
use crate::keys::{Ed25519PublicKey, KeyError, Signature, X25519PublicKey, X25519SecretKey};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

/// Signs `message` (one 64-byte draw).
pub fn sign(
    secret: &X25519SecretKey,
    message: &[u8],
    entropy: &mut (impl Entropy + ?Sized),
) -> Signature {
    let clamped = Zeroizing::new(clamp_integer(*secret.as_bytes()));
    let mut a = Zeroizing::new(Scalar::from_bytes_mod_order(*clamped));
    // The nonce covers the secret as the reference code holds it then: as stored, or negated and so reduced.
    let mut nonce_key = clamped.clone();
    let mut public = EdwardsPoint::mul_base(&a).compress().to_bytes();
    if public[31] & 0x80 != 0 {
        *a = -*a;
        *nonce_key = a.to_bytes();
        public[31] &= 0x7f;
    }
    let random: Zeroizing<[u8; 64]> = Zeroizing::new(draw(entropy));
    let r: Zeroizing<[u8; 64]> = Zeroizing::new(blake2b_personal(
        &[],
        b"xed25519signatur",
        &[&*nonce_key, message, &*random],
    ));
    let r = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&r));
    let point = EdwardsPoint::mul_base(&r).compress();
    let challenge = Sha512::new()
        .chain_update(point.as_bytes())
        .chain_update(public)
        .chain_update(message);
    let challenge = Scalar::from_bytes_mod_order_wide(&challenge.finalize().into());
    let s = *r + challenge * *a;

    let mut out = [0; 64];
    out[..32].copy_from_slice(point.as_bytes());
    out[32..].copy_from_slice(s.as_bytes());
    Signature(out)
}

/// Verifies a signature of [`sign`].
pub fn verify(
    public: &X25519PublicKey,
    message: &[u8],
    signature: &Signature,
) -> Result<(), KeyError> {
    to_ed25519(public)?.verify(message, signature)
}

/// The Ed25519 key with sign bit 0 for an X25519 key: y = (u - 1)/(u + 1).
pub fn to_ed25519(public: &X25519PublicKey) -> Result<Ed25519PublicKey, KeyError> {
    let point = MontgomeryPoint(public.0)
        .to_edwards(0)
        .ok_or(KeyError::Point)?;
    Ok(Ed25519PublicKey(point.compress().to_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }

    #[test]
    fn a_key_on_the_twist_or_of_low_order_verifies_nothing() {
        let twist = X25519PublicKey([2; 32]);
        let usable = (0..=255)
            .map(|byte| X25519PublicKey([byte; 32]))
            .filter(|key| to_ed25519(key).is_ok())
            .count();
        assert!(usable < 256, "half of all numbers are no point");
        let _ = verify(&twist, b"", &Signature([0; 64]));
        assert!(verify(&X25519PublicKey([0; 32]), b"", &Signature([0; 64])).is_err());
    }

    proptest! {
        #[test]
        fn a_signature_verifies_only_over_its_message(bytes: [u8; 32], message: Vec<u8>, random: u8) {
            let secret = X25519SecretKey::from_bytes(bytes);
            let signature = sign(&secret, &message, &mut Fixed(random));
            prop_assert!(verify(&secret.public(), &message, &signature).is_ok());
            let longer = [&message[..], b"x"].concat();
            prop_assert!(verify(&secret.public(), &longer, &signature).is_err());
        }
    }
}
