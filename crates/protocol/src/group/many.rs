//! One message for many readers (31-groups 4): one nonce for all, and for each reader a key of their own.
//!
//! ```text
//!  key = BLAKE2b-256(key domain; X25519(sender, reader) || sender's key || reader's key)
//!  XChaCha20-Poly1305 under it, without associated data
//! ```
//! A reader does not know which ciphertext is theirs and tries them all.

use crate::hash::blake2b;
use crate::keys::{KeyError, SharedSecret, X25519PublicKey, X25519SecretKey};
use onionskin_ciphers::xchacha20poly1305;
use zeroize::Zeroizing;

/// Bytes added to each message.
pub const OVERHEAD: usize = 16;

/// The nonce that all readers share. It goes with the ciphertexts.
pub type Nonce = [u8; 24];

/// Encrypts for one of the readers. The domain has 1 to 64 characters of ASCII. A key of low order is refused.
pub fn seal(
    plaintext: &[u8],
    sender: &X25519SecretKey,
    reader: &X25519PublicKey,
    nonce: &Nonce,
    domain: &str,
) -> Result<Vec<u8>, KeyError> {
    let shared = sender.agree(reader)?;
    Ok(encrypt(
        &key(&shared, &sender.public(), reader, domain),
        nonce,
        plaintext,
    ))
}

/// Finds out which of many ciphertexts is for its reader.
pub struct Opener {
    key: Zeroizing<[u8; 32]>,
    nonce: Nonce,
}

impl Opener {
    /// For what `sender` encrypted. A key of low order is refused.
    pub fn new(
        reader: &X25519SecretKey,
        sender: &X25519PublicKey,
        nonce: &Nonce,
        domain: &str,
    ) -> Result<Self, KeyError> {
        let shared = reader.agree(sender)?;
        Ok(Self {
            key: key(&shared, sender, &reader.public(), domain),
            nonce: *nonce,
        })
    }

    /// The plaintext, if this one is for the reader.
    pub fn open(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        decrypt(&self.key, &self.nonce, ciphertext)
    }
}

fn key(
    shared: &SharedSecret,
    sender: &X25519PublicKey,
    reader: &X25519PublicKey,
    domain: &str,
) -> Zeroizing<[u8; 32]> {
    let parts: [&[u8]; 3] = [shared.as_bytes(), &sender.0, &reader.0];
    Zeroizing::new(blake2b(domain.as_bytes(), &parts))
}

/// XChaCha20-Poly1305 without associated data, the tag behind.
pub(crate) fn encrypt(key: &[u8; 32], nonce: &Nonce, plaintext: &[u8]) -> Vec<u8> {
    xchacha20poly1305::seal(key, nonce, &[], plaintext)
}

/// Undoes [`encrypt`].
pub(crate) fn decrypt(
    key: &[u8; 32],
    nonce: &Nonce,
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    xchacha20poly1305::open(key, nonce, &[], ciphertext).map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_message_opens_for_its_reader_in_its_domain_only(
            plaintext in proptest::collection::vec(any::<u8>(), 0..80), a: [u8; 32], b: [u8; 32], c: [u8; 32], nonce: [u8; 24],
        ) {
            prop_assume!(b != c);
            let [sender, reader, other] = [a, b, c].map(X25519SecretKey::from_bytes);
            let sealed = seal(&plaintext, &sender, &reader.public(), &nonce, "domain").unwrap();
            prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
            let open = |reader, domain| Opener::new(reader, &sender.public(), &nonce, domain).unwrap().open(&sealed);
            prop_assert_eq!(open(&reader, "domain").map(|opened| opened.to_vec()), Some(plaintext));
            prop_assert!(open(&reader, "Domain").is_none());
            prop_assert!(other.public() == reader.public() || open(&other, "domain").is_none());
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let secret = X25519SecretKey::from_bytes([1; 32]);
            let opener = Opener::new(&secret, &secret.public(), &[0; 24], "domain").unwrap();
            prop_assert!(opener.open(&bytes).is_none());
        }
    }
}
