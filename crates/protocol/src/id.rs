//! Identifiers that cannot be invalid once they exist.

use crate::keys::X25519PublicKey;
use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has `0` characters instead of 66.
    #[error("an Account ID has 66 characters, this one has {0}")]
    Length(usize),
    /// Character number `0` (counted from 0) is no hex digit.
    #[error("character {0} is not one of 0-9 and a-f")]
    Character(usize),
    /// The prefix is not the expected one.
    #[error("an Account ID begins with 05, this one begins with {0:02x}")]
    Prefix(u8),
    /// The 32 bytes are not a usable public key (low order).
    #[error("the characters are right, but no account can have this ID")]
    Key,
}

/// A person's public address: `05` and the X25519 public key (20-messages 1.1).
///
/// ```text
///  0    1                               33
///  +----+--------------------------------+
///  | 05 | X25519 public key (32 bytes)   |
///  +----+--------------------------------+
/// ```
/// Text form: 66 lower-case hex digits. Reading accepts upper case and surrounding white space.
/// `Display` prints the whole ID; `Debug` prints the first and last four digits only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(X25519PublicKey);

impl AccountId {
    /// From the key without its prefix.
    pub const fn from_key(key: X25519PublicKey) -> Self {
        Self(key)
    }
    /// The X25519 key inside.
    pub const fn key(&self) -> &X25519PublicKey {
        &self.0
    }
    /// 33 bytes with the prefix.
    pub fn to_bytes(self) -> [u8; 33] {
        todo!()
    }
    /// Reads 33 bytes with the prefix.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdError> {
        todo!()
    }
    /// The account as the owner of a swarm.
    pub fn swarm_id(&self) -> SwarmId {
        todo!()
    }
}

impl std::str::FromStr for AccountId {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        todo!()
    }
}

/// Any account that owns messages in a swarm: a prefix byte (05 person, 03 group) and 32 key bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwarmId {
    /// The prefix byte.
    pub prefix: u8,
    /// The key bytes: X25519 for 05, Ed25519 for 03.
    pub key: [u8; 32],
}

impl SwarmId {
    /// 66 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        todo!()
    }
    /// Reads 66 hex digits of either case. Any prefix.
    pub fn from_hex(text: &str) -> Option<Self> {
        todo!()
    }
}

/// A namespace of an account in its swarm (10-network 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Namespace(pub i16);

impl Namespace {
    /// One-to-one messages: anyone stores, the owner reads.
    pub const DEFAULT: Self = Self(0);
    /// As it enters signed strings and hashes: decimal, empty for 0.
    pub fn signed_text(self) -> String {
        todo!()
    }
    /// Anyone may store without a signature.
    pub const fn is_public_inbox(self) -> bool {
        self.0 % 10 == 0
    }
    /// Anyone may read without a signature; holds at most one message.
    pub const fn is_public_outbox(self) -> bool {
        self.0 < 0 && (-(self.0 as i32)) % 20 == 1
    }
}

/// The name of a stored message: 43 characters of unpadded base64 (a 32-byte BLAKE2b).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageHash(String);

impl MessageHash {
    /// Accepts 43 characters of standard base64.
    pub fn parse(text: &str) -> Option<Self> {
        todo!()
    }
    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
