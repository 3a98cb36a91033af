//! The identifiers by which configs name groups and people of communities.

use crate::id::SwarmId;
use crate::keys::Ed25519PublicKey;
use std::fmt;

/// A group: `03` and its Ed25519 key (31-groups 2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(Ed25519PublicKey);

impl GroupId {
    /// The first byte of every group ID.
    pub const PREFIX: u8 = 0x03;

    /// From the key without its prefix.
    pub const fn from_key(key: Ed25519PublicKey) -> Self {
        Self(key)
    }
    /// The Ed25519 key inside.
    pub const fn key(&self) -> &Ed25519PublicKey {
        &self.0
    }
    /// 33 bytes with the prefix.
    pub fn to_bytes(self) -> [u8; 33] {
        with_prefix(Self::PREFIX, &self.0.0)
    }
    /// Reads 33 bytes with the prefix.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&Self::PREFIX, key) => Some(Self(Ed25519PublicKey(key.try_into().ok()?))),
            _ => None,
        }
    }
    /// Reads 66 hex digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(&crate::encoding::from_hex::<33>(text)?)
    }
    /// The group as the owner of a swarm.
    pub fn swarm_id(&self) -> SwarmId {
        SwarmId {
            prefix: Self::PREFIX,
            key: self.0.0,
        }
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.swarm_id().fmt(f)
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.swarm_id().fmt(f)
    }
}

/// How a person appears in a community: `15` or `25` and 32 bytes that hide the account (40-communities).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlindedId {
    /// Whether the prefix is 15, the older kind; otherwise it is 25.
    pub is_15: bool,
    /// The bytes behind the prefix.
    pub key: [u8; 32],
}

impl BlindedId {
    const PREFIX_15: u8 = 0x15;
    const PREFIX_25: u8 = 0x25;

    /// 33 bytes with the prefix.
    pub fn to_bytes(self) -> [u8; 33] {
        with_prefix(self.prefix(), &self.key)
    }
    /// Reads 33 bytes with the prefix.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&prefix, key) = bytes.split_first()?;
        let is_15 = prefix == Self::PREFIX_15;
        let known = is_15 || prefix == Self::PREFIX_25;
        let key = key.try_into().ok()?;
        known.then_some(Self { is_15, key })
    }
    fn prefix(self) -> u8 {
        if self.is_15 {
            Self::PREFIX_15
        } else {
            Self::PREFIX_25
        }
    }
}

impl fmt::Display for BlindedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for BlindedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let swarm_style = SwarmId {
            prefix: self.prefix(),
            key: self.key,
        };
        swarm_style.fmt(f)
    }
}

fn with_prefix(prefix: u8, key: &[u8; 32]) -> [u8; 33] {
    let mut out = [prefix; 33];
    out[1..].copy_from_slice(key);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_reads_back_and_no_other_prefix_is_one(prefix: u8, key: [u8; 32]) {
            let bytes = with_prefix(prefix, &key);
            let group = GroupId::from_bytes(&bytes);
            prop_assert_eq!(group.is_some(), prefix == 3);
            prop_assert!(group.is_none_or(|id| id.to_bytes() == bytes && GroupId::from_hex(&id.to_string()) == Some(id)));
            let blinded = BlindedId::from_bytes(&bytes);
            prop_assert_eq!(blinded.is_some(), prefix == 0x15 || prefix == 0x25);
            prop_assert!(blinded.is_none_or(|id| id.to_bytes() == bytes && id.to_string() == hex::encode(bytes)));
            prop_assert_eq!(GroupId::from_bytes(&bytes[..32]), None);
            prop_assert_eq!(BlindedId::from_bytes(&[]), None);
        }
    }
}
