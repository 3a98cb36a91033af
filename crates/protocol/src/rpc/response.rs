//! Answers of the storage RPC, read leniently where nodes are known to differ and strictly where it matters.

use crate::id::MessageHash;
use crate::keys::Ed25519PublicKey;
use crate::node::ServiceNode;
use crate::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// The body is not what this method answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node's answer is malformed: {0}")]
pub struct AnswerError(pub &'static str);

/// One answer of a batch, or the only one of a plain request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Status code of the method.
    pub code: u16,
    /// JSON body, or a JSON string holding an error text.
    pub body: Value,
}

/// A message as `retrieve` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its hash.
    pub hash: MessageHash,
    /// Timestamp given to `store`.
    pub timestamp: Timestamp,
    /// When the swarm drops it.
    pub expiration: Timestamp,
    /// Decoded data.
    pub data: Vec<u8>,
}

/// The result of `retrieve`. Entries that cannot be read are counted and skipped (their hash is kept where it parses, so that `last_hash` can move on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieved {
    /// Messages in the node's order.
    pub messages: Vec<StoredMessage>,
    /// Hash of the last element, readable or not.
    pub last_hash: Option<MessageHash>,
    /// There is more.
    pub more: bool,
    /// Elements that could not be read.
    pub unreadable: usize,
}

/// The result of `store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The hash, taken from a confirmed entry.
    pub hash: MessageHash,
    /// Nodes whose signature over the hash verifies.
    pub confirmed: Vec<Ed25519PublicKey>,
    /// Nodes that failed or whose signature does not verify.
    pub failed: Vec<Ed25519PublicKey>,
    /// The expiry named by the confirmed entries (the earliest).
    pub expiry: Timestamp,
    /// The node's clock.
    pub time: Option<Timestamp>,
}

/// The result of `get_swarm`, and the body of a 421.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swarm {
    /// Members.
    pub nodes: Vec<ServiceNode>,
    /// Swarm id.
    pub id: u64,
}

/// Splits the answer to `batch` or `sequence`.
pub fn parse_batch(body: &[u8]) -> Result<Vec<Answer>, AnswerError> {
    todo!()
}
/// Reads `t` (ms).
pub fn node_time(body: &Value) -> Option<Timestamp> {
    todo!()
}
/// Reads `hf`.
pub fn hard_fork(body: &Value) -> Option<(u16, u16)> {
    todo!()
}
/// Reads `retrieve`.
pub fn parse_retrieve(body: &Value) -> Result<Retrieved, AnswerError> {
    todo!()
}
/// Reads `store`. `expected` is the hash we computed: an entry with another hash is a lie and counts as failed. Success needs at least one confirmed entry.
pub fn parse_store(body: &Value, expected: &MessageHash) -> Result<Stored, AnswerError> {
    todo!()
}
/// Reads `get_swarm` or a 421 body.
pub fn parse_swarm(body: &Value) -> Result<Swarm, AnswerError> {
    todo!()
}
/// Reads `get_expiries`.
pub fn parse_expiries(body: &Value) -> Result<BTreeMap<MessageHash, Timestamp>, AnswerError> {
    todo!()
}
