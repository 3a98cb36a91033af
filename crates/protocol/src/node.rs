//! Records of service nodes: JSON objects and 51-byte binary records (10-network 1.2, 1.4).

use crate::keys::{Ed25519PublicKey, X25519PublicKey};
use std::net::Ipv4Addr;

/// What a client knows of a service node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServiceNode {
    /// Its identity in onion routing.
    pub ed25519: Ed25519PublicKey,
    /// Decrypts its onion layers.
    pub x25519: X25519PublicKey,
    /// Public address.
    pub ip: Ipv4Addr,
    /// HTTPS port.
    pub port: u16,
    /// Swarm id where the source told it.
    pub swarm: Option<u64>,
    /// Storage server version where the source told it.
    pub version: Option<[u8; 3]>,
}

/// Why a node list is refused as a whole. Single unusable entries are skipped instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeListError {
    /// Not JSON of the expected shape.
    #[error("the node list is not of the expected form")]
    Form,
    /// The length is not a multiple of 51 bytes.
    #[error("a binary node list of {0} bytes is not a multiple of 51")]
    Length(usize),
    /// More entries than any network has.
    #[error("the node list has {0} entries")]
    TooMany(usize),
}

/// At most this many entries are read.
pub const MAX_NODES: usize = 20_000;

/// Reads an array of JSON node objects as in `service_node_states` (also accepts an object holding that array, bare or in
/// `result`, and the `snodes` array of `get_swarm` with its `port_https`, `ip`). Entries without address, port or key are skipped, also those whose X25519
/// key is not the image of the Ed25519 key.
pub fn parse_json(value: &serde_json::Value) -> Result<Vec<ServiceNode>, NodeListError> {
    todo!()
}
/// Reads 51-byte records (`active_nodes_bin`).
pub fn parse_binary(bytes: &[u8]) -> Result<Vec<ServiceNode>, NodeListError> {
    todo!()
}
/// Writes 51-byte records.
pub fn to_binary(nodes: &[ServiceNode], omq_port: impl Fn(&ServiceNode) -> u16) -> Vec<u8> {
    todo!()
}
/// The JSON object of `service_node_states` for one node (public_ip, storage_port, pubkey_x25519, pubkey_ed25519, swarm_id, …).
pub fn to_json(node: &ServiceNode) -> serde_json::Value {
    todo!()
}
