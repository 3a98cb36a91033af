//! The key of a vault: seals values, blinds names.
//!
//! Two subkeys are derived from the 32 random bytes, one for each use, so that neither can stand in for the other.
//! A sealed value is bound to its table and its key: moved elsewhere it does not open.

use super::VaultError;
use crate::ports::Table;
use onionskin_ciphers::xchacha20poly1305;
use onionskin_protocol::entropy::{Entropy, draw};
use onionskin_protocol::hash::blake2b;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of the nonce in front of a sealed value.
const NONCE: usize = 24;

/// 32 random bytes from which everything in a vault hangs. Wiped on drop, silent in `Debug`.
#[derive(Clone)]
pub struct VaultKey(Box<Keys>);

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Keys {
    root: [u8; 32],
    seal: [u8; 32],
    blind: [u8; 32],
}

impl VaultKey {
    /// A fresh key (one 32-byte draw).
    pub fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let root = Zeroizing::new(draw::<32>(entropy));
        Self::from_bytes(&root)
    }

    /// From the 32 bytes that an opener gave back.
    pub fn from_bytes(root: &[u8; 32]) -> Self {
        Self(Box::new(Keys {
            root: *root,
            seal: blake2b::<32>(root, &[b"onionskin vault seal v1"]),
            blind: blake2b::<32>(root, &[b"onionskin vault blind v1"]),
        }))
    }

    /// The 32 bytes, to be wrapped by an opener.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0.root
    }

    /// Seals a value for one place. The associated data is the number of the table and the record's key.
    ///
    /// ```text
    ///  0          24                 n+24      n+40
    ///  +----------+------------------+---------+
    ///  | nonce    | ciphertext (n)   | tag     |
    ///  +----------+------------------+---------+
    /// ```
    pub fn seal(
        &self,
        table: Table,
        key: &[u8],
        value: &[u8],
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Vec<u8> {
        let nonce: [u8; NONCE] = draw(entropy);
        let aad = associated(table, key);
        let sealed = xchacha20poly1305::seal(&self.0.seal, &nonce, &aad, value);
        let mut out = Vec::with_capacity(NONCE + sealed.len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens a value read from one place.
    pub fn open(
        &self,
        table: Table,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (nonce, ciphertext) = sealed
            .split_first_chunk::<NONCE>()
            .ok_or(VaultError::Record)?;
        let aad = associated(table, key);
        xchacha20poly1305::open(&self.0.seal, nonce, &aad, ciphertext)
            .map(Zeroizing::new)
            .ok_or(VaultError::Record)
    }

    /// A name that says nothing: `N` bytes of keyed BLAKE2b over the table, `label` and the length-prefixed `parts`.
    pub fn blind<const N: usize>(&self, table: Table, label: &str, parts: &[&[u8]]) -> [u8; N] {
        let mut input = vec![table as u8];
        for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
            input.extend_from_slice(&(part.len() as u64).to_be_bytes());
            input.extend_from_slice(part);
        }
        blake2b::<N>(&self.0.blind, &[&input])
    }
}

fn associated(table: Table, key: &[u8]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(1 + key.len());
    aad.push(table as u8);
    aad.extend_from_slice(key);
    aad
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKey(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Counter(u8);
    impl Entropy for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place() {
        let key = VaultKey::generate(&mut Counter(0));
        let sealed = key.seal(Table::Message, b"name", b"hello", &mut Counter(7));
        assert_eq!(
            key.open(Table::Message, b"name", &sealed)
                .unwrap()
                .as_slice(),
            b"hello"
        );
        assert_eq!(
            key.open(Table::Outbox, b"name", &sealed),
            Err(VaultError::Record)
        );
        assert_eq!(
            key.open(Table::Message, b"other", &sealed),
            Err(VaultError::Record)
        );
        let stranger = VaultKey::generate(&mut Counter(1));
        assert_eq!(
            stranger.open(Table::Message, b"name", &sealed),
            Err(VaultError::Record)
        );
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let key = VaultKey::generate(&mut Counter(0));
        let sealed = key.seal(Table::Message, b"name", b"hello", &mut Counter(7));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(Table::Message, b"name", &changed).is_err());
            assert!(key.open(Table::Message, b"name", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn blinded_names_do_not_run_into_each_other() {
        let key = VaultKey::generate(&mut Counter(0));
        let name = key.blind::<32>(Table::Index, "hash", &[b"ab", b"c"]);
        assert_eq!(name, key.blind::<32>(Table::Index, "hash", &[b"ab", b"c"]));
        assert_ne!(name, key.blind::<32>(Table::Index, "hash", &[b"a", b"bc"]));
        assert_ne!(name, key.blind::<32>(Table::Swarm, "hash", &[b"ab", b"c"]));
        assert_ne!(name, key.blind::<32>(Table::Index, "has", &[b"hab", b"c"]));
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(
            format!("{:?}", VaultKey::from_bytes(&[7; 32])),
            "VaultKey(..)"
        );
    }
}
