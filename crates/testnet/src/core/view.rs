//! What every node knows of the network: the node list, the swarms, the hard fork, registered names.
//!
//! In the real network the chain daemon tells this; here one value is shared by all nodes, so their lists never differ.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use onionskin_protocol::encoding;
use onionskin_protocol::hash::blake2b;
use onionskin_protocol::id::{AccountId, SwarmId};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::{self, ServiceNode};
use onionskin_protocol::swarm::{INVALID_SWARM, swarm_for};
use onionskin_protocol::time::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Version the nodes call themselves.
pub const VERSION: [u8; 3] = [2, 8, 0];
/// Hard fork of the chain.
pub const HARD_FORK: [u8; 2] = [19, 4];
/// Block height when the network starts.
const FIRST_HEIGHT: u64 = 1_700_000;
/// One block, ms.
const BLOCK_MS: u64 = 120_000;

/// Node list, swarms and names, shared by all nodes.
#[derive(Clone, Debug)]
pub struct View {
    nodes: Vec<ServiceNode>,
    /// Numbers of those that are on the list, by key.
    listed: BTreeMap<Ed25519PublicKey, usize>,
    /// Numbers of the listed nodes by swarm, ascending.
    members: BTreeMap<u64, Vec<usize>>,
    /// The keys of `members`.
    swarms: Vec<u64>,
    started: Timestamp,
    names: BTreeMap<String, (String, String)>,
    /// Whether nodes know the method `active_nodes_bin` of newer software (10-network 1.4).
    pub binary_list: bool,
}

impl View {
    /// A network of these nodes, whose chain starts at `started`.
    pub fn new(nodes: Vec<ServiceNode>, started: Timestamp) -> Self {
        let mut view = Self {
            listed: nodes
                .iter()
                .enumerate()
                .map(|(index, node)| (node.ed25519, index))
                .collect(),
            nodes,
            members: BTreeMap::new(),
            swarms: Vec::new(),
            started,
            names: BTreeMap::new(),
            binary_list: true,
        };
        view.count_members();
        view
    }

    fn count_members(&mut self) {
        self.members.clear();
        for index in 0..self.nodes.len() {
            if self.is_listed(index)
                && let Some(swarm) = self.nodes[index].swarm
            {
                self.members.entry(swarm).or_default().push(index);
            }
        }
        self.swarms = self.members.keys().copied().collect();
    }

    /// All nodes that there ever were; the index is the node's number in the control interface.
    pub fn nodes(&self) -> &[ServiceNode] {
        &self.nodes
    }

    /// Whether a node is on the list now.
    pub fn is_listed(&self, node: usize) -> bool {
        self.nodes
            .get(node)
            .is_some_and(|node| self.listed.contains_key(&node.ed25519))
    }

    /// The nodes that are on the list, in the order of their numbers.
    pub fn list(&self) -> Vec<ServiceNode> {
        self.numbers().map(|index| self.nodes[index]).collect()
    }

    fn numbers(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|&index| self.is_listed(index))
    }

    /// Puts a node on the list; gives its number.
    pub fn add(&mut self, node: ServiceNode) -> usize {
        let index = self.nodes.len();
        self.listed.insert(node.ed25519, index);
        self.nodes.push(node);
        self.count_members();
        index
    }

    /// Takes a node off the list. Its number stays.
    pub fn remove(&mut self, node: usize) {
        if let Some(node) = self.nodes.get(node) {
            self.listed.remove(&node.ed25519);
            self.count_members();
        }
    }

    /// Moves a node to a swarm. False: there is no such node.
    pub fn set_swarm(&mut self, node: usize, swarm: u64) -> bool {
        let Some(node) = self.nodes.get_mut(node) else {
            return false;
        };
        node.swarm = Some(swarm);
        self.count_members();
        true
    }

    /// The number of the listed node with this key.
    pub fn find(&self, key: &Ed25519PublicKey) -> Option<usize> {
        self.listed.get(key).copied()
    }

    /// The number of a node with this key, on the list or not.
    pub fn number_of(&self, key: &Ed25519PublicKey) -> Option<usize> {
        let gone = || self.nodes.iter().position(|node| node.ed25519 == *key);
        self.find(key).or_else(gone)
    }

    /// Ids of all swarms that have nodes, sorted.
    pub fn swarms(&self) -> &[u64] {
        &self.swarms
    }

    /// The swarm of an account.
    pub fn swarm_of(&self, account: &SwarmId) -> Option<u64> {
        swarm_for(account, &self.swarms)
    }

    /// Numbers of the members of a swarm.
    pub fn members(&self, swarm: u64) -> &[usize] {
        self.members.get(&swarm).map_or(&[], Vec::as_slice)
    }

    /// Whether a node holds an account's messages.
    pub fn is_responsible(&self, node: usize, account: &SwarmId) -> bool {
        self.is_listed(node)
            && self.nodes[node].swarm.is_some()
            && self.nodes[node].swarm == self.swarm_of(account)
    }

    /// Block height at a time.
    pub fn height(&self, now: Timestamp) -> u64 {
        FIRST_HEIGHT + now.millis_since(self.started) / BLOCK_MS
    }

    /// The body of `get_swarm` without `t` and `hf` (15-observed-service-node 3).
    pub fn swarm_json(&self, account: &SwarmId) -> Map<String, Value> {
        let swarm = self.swarm_of(account);
        let members = swarm.map(|id| self.members(id)).unwrap_or_default();
        self.swarm_json_of(swarm.unwrap_or(INVALID_SWARM), members)
    }

    /// The same for given members.
    pub fn swarm_json_of(&self, swarm: u64, members: &[usize]) -> Map<String, Value> {
        let snodes: Vec<Value> = members
            .iter()
            .filter_map(|&i| self.nodes.get(i))
            .map(|node| {
                let key = node.ed25519.to_hex();
                json!({
                    "address": format!("{}.snode", base32z(&node.ed25519.0)),
                    "ip": node.ip.to_string(),
                    "port": node.port.to_string(),
                    "port_https": node.port,
                    "port_omq": omq_port(node),
                    "port_quic": omq_port(node),
                    "pubkey_ed25519": key,
                    "pubkey_legacy": key,
                    "pubkey_x25519": node.x25519.to_hex(),
                })
            })
            .collect();
        let mut body = Map::new();
        body.insert("snodes".to_owned(), snodes.into());
        body.insert("swarm".to_owned(), format!("{swarm:x}").into());
        body
    }

    /// What the chain daemon answers to `get_service_nodes`: `fields` is a map of booleans or a list of names, absent = all;
    /// `limit` cuts the list.
    pub fn service_nodes(&self, now: Timestamp, params: &Value) -> Value {
        let all: Vec<usize> = self.numbers().collect();
        self.service_nodes_of(&all, now, params)
    }

    /// The same for given nodes.
    pub fn service_nodes_of(&self, which: &[usize], now: Timestamp, params: &Value) -> Value {
        let wanted = |name: &str| match params.get("fields") {
            Some(Value::Object(map)) => {
                map.get(name).is_some_and(|v| v == &Value::Bool(true))
                    || map.get("all").is_some_and(|v| v == &Value::Bool(true))
            }
            Some(Value::Array(list)) => list.iter().any(|v| v == name || v == "all"),
            _ => true,
        };
        let limit = params
            .get("limit")
            .and_then(Value::as_u64)
            .filter(|&n| n > 0)
            .unwrap_or(u64::MAX);
        let states: Vec<Value> = which
            .iter()
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .filter_map(|&i| self.nodes.get(i))
            .map(|node| {
                let mut state = match node::to_json(node) {
                    Value::Object(map) => map,
                    _ => Map::new(),
                };
                state.insert(
                    "service_node_pubkey".to_owned(),
                    node.ed25519.to_hex().into(),
                );
                state.insert("storage_lmq_port".to_owned(), omq_port(node).into());
                state.insert("storage_server_version".to_owned(), json!(VERSION));
                state.insert(
                    "swarm_id".to_owned(),
                    node.swarm.unwrap_or(INVALID_SWARM).into(),
                );
                state.insert("requested_unlock_height".to_owned(), 0.into());
                state.insert("active".to_owned(), true.into());
                state.insert("funded".to_owned(), true.into());
                state.retain(|name, _| wanted(name));
                Value::Object(state)
            })
            .collect();
        let height = self.height(now);
        let mut result = Map::new();
        result.insert("service_node_states".to_owned(), states.into());
        result.insert("status".to_owned(), "OK".into());
        if wanted("height") {
            result.insert("height".to_owned(), height.into());
        }
        if wanted("hardfork") {
            result.insert("hardfork".to_owned(), HARD_FORK[0].into());
        }
        if wanted("snode_revision") {
            result.insert("snode_revision".to_owned(), HARD_FORK[1].into());
        }
        if wanted("block_hash") {
            let hash = blake2b::<32>(b"", &[b"block", &height.to_be_bytes()]);
            result.insert("block_hash".to_owned(), hex::encode(hash).into());
        }
        Value::Object(result)
    }

    /// 51-byte records of all nodes (10-network 1.4).
    pub fn binary(&self) -> Vec<u8> {
        node::to_binary(&self.list(), omq_port)
    }

    /// Registers a name for an account, as the chain keeps it: encrypted under the name (10-network 3.10).
    pub fn register_name(&mut self, name: &str, account: &AccountId, nonce: &[u8; 24]) {
        let lower = name.to_lowercase();
        let hash = blake2b::<32>(b"", &[lower.as_bytes()]);
        let key = blake2b::<32>(&hash, &[lower.as_bytes()]);
        let sealed = XChaCha20Poly1305::new(&key.into())
            .encrypt(&XNonce::from(*nonce), account.to_bytes().as_slice())
            .expect("33 bytes are far below the limit of the cipher");
        self.names.insert(
            encoding::base64(&hash),
            (hex::encode(sealed), hex::encode(nonce)),
        );
    }

    /// What the chain daemon answers to `ons_resolve`: empty when the name is not registered.
    pub fn resolve_name(&self, params: &Value) -> Result<Value, &'static str> {
        if params.get("type").is_some_and(|kind| kind != 0) {
            return Err("Invalid ONS type");
        }
        let Some(hash) = params.get("name_hash").and_then(Value::as_str) else {
            return Err("Invalid request: name_hash is required");
        };
        if encoding::from_base64(hash).is_none_or(|bytes| bytes.len() != 32) {
            return Err("Invalid request: name_hash must be a 32-byte hash");
        }
        let key = hash.trim_end_matches('=');
        Ok(
            match self
                .names
                .iter()
                .find(|(name, _)| name.trim_end_matches('=') == key)
            {
                Some((_, (value, nonce))) => json!({ "encrypted_value": value, "nonce": nonce }),
                None => json!({}),
            },
        )
    }
}

/// The port of the nodes' own protocols, one below HTTPS as in the defaults of the node software. Nothing listens there.
pub fn omq_port(node: &ServiceNode) -> u16 {
    node.port.wrapping_sub(1)
}

/// Swarm ids spread evenly over the circle, each in the middle of its share.
pub fn spread_swarms(count: usize) -> Vec<u64> {
    let count = u64::try_from(count.max(1)).unwrap_or(1);
    let share = u64::MAX / count;
    (0..count).map(|i| share / 2 + i * share).collect()
}

/// z-base-32, five bits to a character, most significant first; 52 characters for 32 bytes.
fn base32z(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";
    let mut out = String::new();
    let (mut buffer, mut bits) = (0u32, 0);
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(ALPHABET[((buffer >> bits) & 31) as usize]));
        }
        buffer &= 0xff;
    }
    if bits > 0 {
        out.push(char::from(ALPHABET[((buffer << (5 - bits)) & 31) as usize]));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn two_swarms_lie_where_the_observed_network_had_them() {
        assert_eq!(
            spread_swarms(2),
            [0x3fff_ffff_ffff_ffff, 0xbfff_ffff_ffff_fffe]
        );
        assert_eq!(spread_swarms(1), [u64::MAX / 2]);
    }

    #[test]
    fn node_addresses_have_52_characters_of_base32z() {
        assert_eq!(base32z(&[0; 32]), "y".repeat(52));
        // 5 bits each: 0xff is 11111 111(00)
        assert_eq!(base32z(&[0xff]), "9h");
        assert_eq!(base32z(&[0x00, 0x44, 0x32, 0x14, 0xc7]), "ybndrfg8");
    }

    #[test]
    fn a_registered_name_is_found_by_its_hash() {
        let mut view = View::new(Vec::new(), Timestamp(0));
        let account = AccountId::from_bytes(
            &hex::decode("054701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01")
                .unwrap(),
        )
        .unwrap();
        view.register_name("Alice", &account, &[9; 24]);
        let found = view
            .resolve_name(
                &json!({"type": 0, "name_hash": "4R2BSXk3LIg7UL2w/62x6vCJi/VP1PvymK8Sb7q72kw="}),
            )
            .unwrap();
        assert_eq!(found["nonce"], hex::encode([9; 24]));
        let sealed = hex::decode(found["encrypted_value"].as_str().unwrap()).unwrap();
        let key: [u8; 32] =
            encoding::from_hex("5711cbc68d289da07b63bd4707fd14d264b1a04f0ea8ad7a55e86e14d259d478")
                .unwrap();
        let opened = XChaCha20Poly1305::new(&key.into())
            .decrypt(&XNonce::from([9; 24]), sealed.as_slice())
            .unwrap();
        assert_eq!(opened, account.to_bytes());
        let absent = view
            .resolve_name(&json!({"type": 0, "name_hash": encoding::base64(&[0; 32])}))
            .unwrap();
        assert_eq!(absent, json!({}));
    }
}
