//! Storage requests as JSON (10-network 3.5 to 3.11).

use crate::account::Account;
use crate::id::{AccountId, MessageHash, Namespace};
use crate::time::Timestamp;
use serde_json::Value;

/// A method and its parameters, ready to be sent alone or in a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Method name.
    pub method: &'static str,
    /// Parameters.
    pub params: Value,
}

impl Request {
    /// `{"method":…,"params":…}` as bytes: the payload of an onion request to a node.
    pub fn to_bytes(&self) -> Vec<u8> {
        todo!()
    }
    /// `info`.
    pub fn info() -> Self {
        todo!()
    }
    /// `get_swarm`.
    pub fn get_swarm(account: &AccountId) -> Self {
        todo!()
    }
    /// `oxend_request` for `get_service_nodes` with the fields of 10-network 1.4 (and `swarm_id`).
    pub fn service_nodes() -> Self {
        todo!()
    }
    /// `store` into somebody's namespace 0, unsigned.
    pub fn store_public(recipient: &AccountId, data: &[u8], timestamp: Timestamp, ttl_ms: u64) -> Self {
        todo!()
    }
    /// `store` into a namespace of our own, signed.
    pub fn store_own(account: &Account, namespace: Namespace, data: &[u8], timestamp: Timestamp, ttl_ms: u64) -> Self {
        todo!()
    }
    /// `retrieve` from a namespace of our own. `max_size` as in 10-network 3.6 (negative = fraction).
    pub fn retrieve(account: &Account, namespace: Namespace, last_hash: Option<&MessageHash>, max_size: i64, timestamp: Timestamp) -> Self {
        todo!()
    }
    /// `delete` of own messages.
    pub fn delete(account: &Account, hashes: &[MessageHash]) -> Self {
        todo!()
    }
    /// `expire`; `mode` is `""`, `"shorten"` or `"extend"`.
    pub fn expire(account: &Account, hashes: &[MessageHash], expiry: Timestamp, mode: ExpireMode) -> Self {
        todo!()
    }
    /// `get_expiries`.
    pub fn get_expiries(account: &Account, hashes: &[MessageHash], timestamp: Timestamp) -> Self {
        todo!()
    }
    /// `batch` of 1 to 20 requests.
    pub fn batch(requests: Vec<Request>) -> Self {
        todo!()
    }
    /// `sequence` of 1 to 20 requests.
    pub fn sequence(requests: Vec<Request>) -> Self {
        todo!()
    }
}

/// How `expire` treats the present expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpireMode {
    /// Set.
    Set,
    /// Only to an earlier time.
    Shorten,
    /// Only to a later time.
    Extend,
}
