//! BLAKE2b in every length, keyed and personalised, and the message hash of the storage servers.

use crate::id::{MessageHash, Namespace, SwarmId};

/// BLAKE2b with digest length `N` (1 to 64 bytes; the length is a parameter of the hash, not a truncation), an optional
/// key of at most 64 bytes (empty = unkeyed), over the concatenation of `parts`.
pub fn blake2b<const N: usize>(key: &[u8], parts: &[&[u8]]) -> [u8; N] {
    todo!()
}
/// The same with a personalisation of exactly 16 bytes.
pub fn blake2b_personal<const N: usize>(key: &[u8], personal: &[u8; 16], parts: &[&[u8]]) -> [u8; N] {
    todo!()
}
/// The hash by which a swarm names a stored message (10-network 3.5): unpadded base64 of BLAKE2b-256 over
/// prefix byte, 32 key bytes, namespace in decimal (empty for 0) and the decoded data.
pub fn message_hash(account: &SwarmId, namespace: Namespace, data: &[u8]) -> MessageHash {
    todo!()
}
