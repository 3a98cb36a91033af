//! Identifiers that cannot be invalid once they exist.

use crate::encoding;
use crate::keys::{X25519PublicKey, shortened};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

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
    /// The first byte of every Account ID.
    pub const PREFIX: u8 = 0x05;

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
        let mut out = [Self::PREFIX; 33];
        out[1..].copy_from_slice(&self.0.0);
        out
    }
    /// Reads 33 bytes with the prefix.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdError> {
        let bytes: &[u8; 33] = bytes
            .try_into()
            .map_err(|_| IdError::Length(bytes.len().saturating_mul(2)))?;
        let SwarmId { prefix, key } = SwarmId::from_array(bytes);
        if prefix != Self::PREFIX {
            return Err(IdError::Prefix(prefix));
        }
        let key = X25519PublicKey(key);
        if key.is_low_order() {
            return Err(IdError::Key);
        }
        Ok(Self(key))
    }
    /// The account as the owner of a swarm.
    pub fn swarm_id(&self) -> SwarmId {
        SwarmId {
            prefix: Self::PREFIX,
            key: self.0.0,
        }
    }
}

impl std::str::FromStr for AccountId {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        let text = s.trim();
        let length = text.chars().count();
        if length != 66 {
            return Err(IdError::Length(length));
        }
        if let Some(position) = text.chars().position(|c| !c.is_ascii_hexdigit()) {
            return Err(IdError::Character(position));
        }
        let bytes = encoding::from_hex::<33>(text).ok_or(IdError::Length(length))?;
        Self::from_bytes(&bytes)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({})", shortened(&self.to_string()))
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
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
        format!("{:02x}{}", self.prefix, hex::encode(self.key))
    }
    /// Reads 66 hex digits of either case. Any prefix.
    pub fn from_hex(text: &str) -> Option<Self> {
        encoding::from_hex(text).map(|bytes| Self::from_array(&bytes))
    }
    fn from_array(bytes: &[u8; 33]) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&bytes[1..]);
        Self {
            prefix: bytes[0],
            key,
        }
    }
}

impl fmt::Display for SwarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for SwarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SwarmId({})", shortened(&self.to_hex()))
    }
}

impl From<AccountId> for SwarmId {
    fn from(account: AccountId) -> Self {
        account.swarm_id()
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
        if self.0 == 0 {
            String::new()
        } else {
            self.0.to_string()
        }
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
    /// Characters of a hash.
    pub const LENGTH: usize = 43;

    /// Accepts 43 characters of standard base64.
    pub fn parse(text: &str) -> Option<Self> {
        let standard = |c: u8| c.is_ascii_alphanumeric() || c == b'+' || c == b'/';
        (text.len() == Self::LENGTH && text.bytes().all(standard)).then(|| Self(text.to_owned()))
    }
    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for MessageHash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a message hash has 43 characters of base64")
    }
}

impl From<MessageHash> for String {
    fn from(hash: MessageHash) -> Self {
        hash.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";

    #[test]
    fn an_account_id_is_read_in_either_case_and_with_white_space_around() {
        let id: AccountId = ID.parse().unwrap();
        assert_eq!(
            format!(" {}\n", ID.to_uppercase()).parse::<AccountId>(),
            Ok(id)
        );
        assert_eq!(id.to_string(), ID);
        assert_eq!(AccountId::from_bytes(&id.to_bytes()), Ok(id));
        assert_eq!(id.swarm_id().to_hex(), ID);
    }

    #[test]
    fn every_fault_of_an_account_id_has_its_own_error() {
        assert_eq!(ID[1..].parse::<AccountId>(), Err(IdError::Length(65)));
        assert_eq!(
            ID.replacen('a', "g", 1).parse::<AccountId>(),
            Err(IdError::Character(4))
        );
        assert_eq!(
            ID.replacen("05", "15", 1).parse::<AccountId>(),
            Err(IdError::Prefix(0x15))
        );
        assert_eq!(
            format!("05{}", "0".repeat(64)).parse::<AccountId>(),
            Err(IdError::Key)
        );
    }

    #[test]
    fn debug_shortens_an_account_id() {
        assert_eq!(
            format!("{:?}", ID.parse::<AccountId>().unwrap()),
            "AccountId(05d2…3a72)"
        );
    }

    #[test]
    fn serde_writes_an_account_id_as_hex() {
        let id: AccountId = ID.parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{ID}\""));
        assert_eq!(serde_json::from_str::<AccountId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<AccountId>("\"05\"").is_err());
    }

    #[test]
    fn namespaces_know_who_may_store_and_read() {
        assert!(
            Namespace(0).is_public_inbox()
                && Namespace(-10).is_public_inbox()
                && !Namespace(2).is_public_inbox()
        );
        assert!(
            Namespace(-21).is_public_outbox()
                && !Namespace(-11).is_public_outbox()
                && !Namespace(21).is_public_outbox()
        );
        assert_eq!(
            (Namespace(0).signed_text(), Namespace(-11).signed_text()),
            (String::new(), "-11".to_owned())
        );
    }

    #[test]
    fn a_message_hash_has_43_characters_of_standard_base64() {
        let text = "CXHWwKk2r16XYY1UuEnTTYpcuKEXeSClLpF4F+ZIuTo";
        assert_eq!(MessageHash::parse(text).unwrap().as_str(), text);
        assert_eq!(MessageHash::parse(&text[1..]), None);
        assert_eq!(MessageHash::parse(&text.replace('+', "-")), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,80}") {
            let _ = text.parse::<AccountId>();
            let _ = SwarmId::from_hex(&text);
            let _ = MessageHash::parse(&text);
        }

        #[test]
        fn every_usable_key_makes_an_id_that_reads_back(secret: [u8; 32]) {
            let id = AccountId::from_key(crate::keys::X25519SecretKey::from_bytes(secret).public());
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }
}
