//! Who asks, and how a node can check it (10-network 3.2).
//!
//! A person's account is named by its X25519 key, with which nothing can be verified: the Ed25519 key goes beside the
//! signature. A group's id is its Ed25519 key. A member of a group shows a token that the group has signed, and signs with
//! the key inside the token.

use super::signed::SubaccountToken;
use crate::account::Account;
use crate::encoding;
use crate::id::SwarmId;
use crate::keys::{Ed25519PublicKey, Ed25519SecretKey, Signature};
use serde_json::{Map, Value};

/// The prefix byte of group ids.
const GROUP: u8 = 0x03;

/// Makes Ed25519 signatures. The key of a subaccount token is blinded, so not every signer is a plain seed.
pub trait Signer {
    /// Signs `message`.
    fn sign(&self, message: &[u8]) -> Signature;
}

impl Signer for Ed25519SecretKey {
    fn sign(&self, message: &[u8]) -> Signature {
        Ed25519SecretKey::sign(self, message)
    }
}

/// What a subaccount shows.
#[derive(Clone, Copy)]
pub struct Subaccount<'a> {
    /// Owner of the messages.
    pub owner: SwarmId,
    /// The owner's Ed25519 key; needed exactly when the owner is a person (05).
    pub owner_key: Option<Ed25519PublicKey>,
    /// 36 bytes: prefix, flags, two zeros, the 32-byte key that signs the requests.
    pub token: SubaccountToken,
    /// The owner's signature over the token.
    pub token_signature: Signature,
    /// Signs with the key inside the token.
    pub signer: &'a dyn Signer,
}

/// Who asks.
#[derive(Clone, Copy)]
pub enum Auth<'a> {
    /// A person, for their own account (05).
    Account(&'a Account),
    /// The owner of a group, with the group's key (03).
    Group(&'a Ed25519SecretKey),
    /// Somebody whom the owner let in.
    Subaccount(Subaccount<'a>),
}

impl<'a> From<&'a Account> for Auth<'a> {
    fn from(account: &'a Account) -> Self {
        Self::Account(account)
    }
}

impl Auth<'_> {
    /// The account whose messages are meant.
    pub fn owner(&self) -> SwarmId {
        match self {
            Self::Account(account) => account.id().swarm_id(),
            Self::Group(key) => SwarmId {
                prefix: GROUP,
                key: key.public().0,
            },
            Self::Subaccount(subaccount) => subaccount.owner,
        }
    }

    /// Adds owner, keys and the signature over `message` to the parameters of a request.
    pub(super) fn sign_into(&self, params: &mut Map<String, Value>, message: &[u8]) {
        let mut put = |name: &str, text: String| {
            params.insert(name.to_owned(), Value::String(text));
        };
        put("pubkey", self.owner().to_hex());
        let signature = match self {
            Self::Account(account) => {
                put("pubkey_ed25519", account.ed25519_public().to_hex());
                account.ed25519().sign(message)
            }
            Self::Group(key) => key.sign(message),
            Self::Subaccount(subaccount) => {
                if let Some(key) = &subaccount.owner_key {
                    put("pubkey_ed25519", key.to_hex());
                }
                put("subaccount", encoding::base64(&subaccount.token));
                put("subaccount_sig", subaccount.token_signature.to_base64());
                subaccount.signer.sign(message)
            }
        };
        put("signature", signature.to_base64());
    }
}
