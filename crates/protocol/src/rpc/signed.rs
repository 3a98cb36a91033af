//! The strings that clients and nodes sign (10-network 3.5 to 3.9). Used by both sides.

use crate::id::{MessageHash, Namespace};
use crate::time::Timestamp;

/// `store` ‖ ns ‖ timestamp.
pub fn store(namespace: Namespace, timestamp: Timestamp) -> String {
    format!("store{}{timestamp}", namespace.signed_text())
}
/// `retrieve` ‖ ns ‖ timestamp.
pub fn retrieve(namespace: Namespace, timestamp: Timestamp) -> String {
    format!("retrieve{}{timestamp}", namespace.signed_text())
}
/// `delete` ‖ hashes.
pub fn delete(hashes: &[MessageHash]) -> String {
    todo!()
}
/// `expire` ‖ mode ‖ expiries ‖ hashes.
pub fn expire(mode: &str, expiries: &[Timestamp], hashes: &[MessageHash]) -> String {
    todo!()
}
/// `get_expiries` ‖ timestamp ‖ hashes.
pub fn get_expiries(timestamp: Timestamp, hashes: &[MessageHash]) -> String {
    todo!()
}
// also: delete_all, delete_before, expire_all, revoke_subaccount, unrevoke_subaccount, and the node-side answers.
