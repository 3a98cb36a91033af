//! From `Content` to the bytes stored in a swarm and back (20-messages 2).

use crate::account::Account;
use crate::entropy::Entropy;
use crate::id::AccountId;
use crate::keys::{Ed25519PublicKey, X25519PublicKey};
use crate::message::proto;
use crate::time::Timestamp;

/// Why a message cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The recipient's key is of low order.
    #[error("no message can be sealed for this Account ID")]
    Recipient,
    /// The stored form would exceed 76,800 bytes.
    #[error("the message is {0} bytes long, the network takes 76800")]
    TooLong(usize),
}

/// Why stored bytes are not a message for us. None of these stops the messages behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The outer layers are not protobuf, or a required field is missing.
    #[error("the outer layers do not parse")]
    Wrapper,
    /// Too short, damaged, or sealed for somebody else.
    #[error("the message was not sealed for this account, or is damaged")]
    Sealed,
    /// The sender's signature does not match.
    #[error("the sender's signature does not match")]
    Signature,
    /// The sender's key gives no Account ID.
    #[error("the sender's key is not usable")]
    Sender,
    /// The inside is not a `Content`.
    #[error("the inside does not parse")]
    Content,
    /// Envelope and content name different times (20-messages 4.1).
    #[error("the two timestamps of the message differ")]
    TimestampMismatch,
    /// A format of the future: begins with 00 (20-messages 11.1).
    #[error("the message was made by a newer protocol")]
    Version,
}

/// A message that was opened and whose sender is proved.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The authenticated sender.
    pub sender: AccountId,
    /// The key that signed.
    pub sender_ed25519: Ed25519PublicKey,
    /// The sent timestamp (envelope; equal to `sigTimestamp` where that is present).
    pub timestamp: Timestamp,
    /// What was said.
    pub content: proto::Content,
}

/// The bytes for `data` of `store` in namespace 0 (before base64). `content.sig_timestamp` is set from `timestamp`.
/// Draws: ephemeral secret (32), then the decoy proSig.
pub fn encode(
    sender: &Account,
    recipient: &X25519PublicKey,
    content: &proto::Content,
    timestamp: Timestamp,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Vec<u8>, EncodeError> {
    todo!()
}

/// Opens stored bytes. Strings that are not UTF-8 are repaired, unknown fields ignored (20-messages Decisions 11).
pub fn decode(reader: &Account, stored: &[u8]) -> Result<Incoming, DecodeError> {
    todo!()
}
