//! The two ciphers of a hop (10-network 4.3).
//!
//! Both agree on a key between the client's ephemeral key and the node's key and put the nonce in front; neither
//! authenticates anything beside the ciphertext.

use crate::entropy::{Entropy, draw};
use crate::hash::blake2b;
use crate::keys::{SharedSecret, X25519PublicKey, X25519SecretKey};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit};
use hmac::{Hmac, Mac};
use onionskin_ciphers::xchacha20poly1305;
use sha2::Sha256;
use zeroize::Zeroizing;

/// How one layer is encrypted.
///
/// ```text
///  0          12 or 24                n+16
///  +----------+--------------------------+
///  | nonce    | ciphertext ‖ tag (16)    |
///  +----------+--------------------------+
/// ```
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
        match name {
            "xchacha20" | "xchacha20-poly1305" => Some(Self::XChaCha20),
            "aes-gcm" | "gcm" => Some(Self::AesGcm),
            _ => None,
        }
    }

    /// The cipher that this one is not: some nodes answer in it.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::XChaCha20 => Self::AesGcm,
            Self::AesGcm => Self::XChaCha20,
        }
    }

    /// Bytes that a layer adds to its plaintext: nonce and tag.
    pub const fn overhead(self) -> usize {
        match self {
            Self::XChaCha20 => 24 + 16,
            Self::AesGcm => 12 + 16,
        }
    }

    /// Encrypts on the client's side (`ours` is the ephemeral secret).
    pub fn encrypt_to_node(
        self,
        ours: &X25519SecretKey,
        node: &X25519PublicKey,
        plaintext: &[u8],
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Vec<u8>, CipherError> {
        let shared = ours.agree(node).map_err(|_| CipherError)?;
        self.seal(&shared, &ours.public(), node, plaintext, entropy)
    }

    /// Decrypts a reply on the client's side.
    pub fn decrypt_from_node(
        self,
        ours: &X25519SecretKey,
        node: &X25519PublicKey,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, CipherError> {
        let shared = ours.agree(node).map_err(|_| CipherError)?;
        self.open(&shared, &ours.public(), node, ciphertext)
    }

    /// Decrypts on the node's side (`client` is the ephemeral public key).
    pub fn decrypt_from_client(
        self,
        node: &X25519SecretKey,
        client: &X25519PublicKey,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, CipherError> {
        let shared = node.agree(client).map_err(|_| CipherError)?;
        self.open(&shared, client, &node.public(), ciphertext)
    }

    /// Encrypts a reply on the node's side.
    pub fn encrypt_to_client(
        self,
        node: &X25519SecretKey,
        client: &X25519PublicKey,
        plaintext: &[u8],
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Vec<u8>, CipherError> {
        let shared = node.agree(client).map_err(|_| CipherError)?;
        self.seal(&shared, client, &node.public(), plaintext, entropy)
    }

    fn seal(
        self,
        shared: &SharedSecret,
        client: &X25519PublicKey,
        node: &X25519PublicKey,
        plaintext: &[u8],
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Vec<u8>, CipherError> {
        match self {
            Self::XChaCha20 => {
                let key = xchacha20_key(shared, client, node);
                let nonce = draw::<24>(entropy);
                let sealed = xchacha20poly1305::seal(&key, &nonce, &[], plaintext);
                Ok(joined(&nonce, &sealed))
            }
            Self::AesGcm => {
                let key = aes_gcm_key(shared);
                let nonce = draw::<12>(entropy);
                let sealed = Aes256Gcm::new((&*key).into()).encrypt((&nonce).into(), plaintext);
                Ok(joined(&nonce, &sealed.map_err(|_| CipherError)?))
            }
        }
    }

    fn open(
        self,
        shared: &SharedSecret,
        client: &X25519PublicKey,
        node: &X25519PublicKey,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, CipherError> {
        match self {
            Self::XChaCha20 => {
                let key = xchacha20_key(shared, client, node);
                let (nonce, rest) = ciphertext.split_first_chunk::<24>().ok_or(CipherError)?;
                xchacha20poly1305::open(&key, nonce, &[], rest).ok_or(CipherError)
            }
            Self::AesGcm => {
                let key = aes_gcm_key(shared);
                let (nonce, rest) = ciphertext.split_first_chunk::<12>().ok_or(CipherError)?;
                Aes256Gcm::new((&*key).into())
                    .decrypt(nonce.into(), rest)
                    .map_err(|_| CipherError)
            }
        }
    }
}

/// The client's key comes before the node's in both directions.
fn xchacha20_key(
    shared: &SharedSecret,
    client: &X25519PublicKey,
    node: &X25519PublicKey,
) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(blake2b::<32>(&[], &[shared.as_bytes(), &client.0, &node.0]))
}

fn aes_gcm_key(shared: &SharedSecret) -> Zeroizing<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(b"LOKI")
        .expect("HMAC takes keys of every length");
    mac.update(shared.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn joined(nonce: &[u8], sealed: &[u8]) -> Vec<u8> {
    [nonce, sealed].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::encoding::from_hex;
    use crate::onion::testing::Script;
    use proptest::prelude::*;

    fn client() -> X25519SecretKey {
        let secret = "ccc335912da8939e2b44816728a5a4773063efa82bf7ae2d42a0abfa2caa452d";
        X25519SecretKey::from_bytes(from_hex(secret).unwrap())
    }

    fn node() -> X25519SecretKey {
        let secret = "8fcd8ad3a15c76f76f1c56dff0c529999f8c59b4acda79e05666e54d5727dca1";
        X25519SecretKey::from_bytes(from_hex(secret).unwrap())
    }

    #[test]
    fn the_published_ciphertexts_open_and_are_made_again() {
        let table = [
            (
                Cipher::AesGcm,
                "1eb6ae1cd72f60999486365749bd5dc15cc0b6a2a44d7d063daa5e93722f0c025fd00306403b61",
                12,
            ),
            (
                Cipher::XChaCha20,
                "9e1a3abe60eff3ea5c23556cc7e225b6f94355315f7281f66ecf4dbb06e7899a52b863e03cde3b287d1638d765db75de02b032",
                24,
            ),
        ];
        for (cipher, text, nonce) in table {
            let ciphertext = hex::decode(text).unwrap();
            let opened = cipher.decrypt_from_client(&node(), &client().public(), &ciphertext);
            assert_eq!(opened.unwrap(), b"Hello world");
            let mut script = Script::new([&ciphertext[..nonce]]);
            let sealed =
                cipher.encrypt_to_node(&client(), &node().public(), b"Hello world", &mut script);
            assert_eq!(sealed.unwrap(), ciphertext);
        }
    }

    #[test]
    fn the_published_keys_are_derived() {
        let shared = client().agree(&node().public()).unwrap();
        assert_eq!(
            hex::encode(shared.as_bytes()),
            "d18901cbf26809d48c34c4fba44d3b908dbf1bdd3a7ee601a49f1e11ea70ea6e"
        );
        assert_eq!(
            hex::encode(*aes_gcm_key(&shared)),
            "4f310f62c43f14d7fea7c084819a4e394d9fc7005919275ac18d9eb8bf3e4231"
        );
        assert_eq!(
            hex::encode(*xchacha20_key(
                &shared,
                &client().public(),
                &node().public()
            )),
            "37a3af90eb276c0b4069998e97edf956b6933bd3c77d330a072cdf274e757ab5"
        );
    }

    #[test]
    fn only_the_known_names_are_read() {
        assert_eq!(Cipher::from_name("gcm"), Some(Cipher::AesGcm));
        assert_eq!(
            Cipher::from_name("xchacha20-poly1305"),
            Some(Cipher::XChaCha20)
        );
        for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
            assert_eq!(Cipher::from_name(cipher.name()), Some(cipher));
            assert_eq!(cipher.other().other(), cipher);
        }
        for name in ["", "AES-GCM", "aes-cbc", "rot13", "xchacha20 "] {
            assert_eq!(Cipher::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_key_of_low_order_is_refused() {
        let zero = X25519PublicKey([0; 32]);
        for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
            assert_eq!(
                cipher.decrypt_from_client(&node(), &zero, &[0; 64]),
                Err(CipherError)
            );
            let mut script = Script::new([[7; 24]]);
            assert_eq!(
                cipher.encrypt_to_node(&client(), &zero, b"", &mut script),
                Err(CipherError)
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_bytes_are_refused_and_any_change_is_seen(bytes in proptest::collection::vec(any::<u8>(), 0..100), at: usize, bit in 0..8u8) {
            for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
                prop_assert_eq!(cipher.decrypt_from_node(&client(), &node().public(), &bytes), Err(CipherError));
                let mut script = Script::new([vec![9; cipher.overhead() - 16]]);
                let mut sealed = cipher.encrypt_to_client(&node(), &client().public(), &bytes, &mut script).unwrap();
                prop_assert_eq!(sealed.len(), bytes.len() + cipher.overhead());
                prop_assert_eq!(&cipher.decrypt_from_node(&client(), &node().public(), &sealed).unwrap(), &bytes);
                let at = at % sealed.len();
                sealed[at] ^= 1 << bit;
                prop_assert_eq!(cipher.decrypt_from_node(&client(), &node().public(), &sealed), Err(CipherError));
            }
        }
    }
}
