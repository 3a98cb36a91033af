//! Records of service nodes: JSON objects and 51-byte binary records (10-network 1.2, 1.4).
//!
//! A list comes from a stranger. What cannot be used is skipped, and an X25519 key that does not belong to its Ed25519 key
//! counts as unusable: it would send a layer to somebody else.

use crate::encoding;
use crate::keys::{Ed25519PublicKey, X25519PublicKey};
use crate::sorted::SortedSet;
use crate::swarm::INVALID_SWARM;
use serde_json::{Value, json};
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

/// Bytes of one binary record.
pub const RECORD_LENGTH: usize = 51;

/// Reads an array of JSON node objects as in `service_node_states` (also accepts an object holding that array, bare or in
/// `result`, and the `snodes` array of `get_swarm` with its `port_https`, `ip`). Entries without address, port or key are skipped, also those whose X25519
/// key is not the image of the Ed25519 key.
pub fn parse_json(value: &Value) -> Result<Vec<ServiceNode>, NodeListError> {
    let (entries, swarm) = entries(value).ok_or(NodeListError::Form)?;
    if entries.len() > MAX_NODES {
        return Err(NodeListError::TooMany(entries.len()));
    }
    Ok(distinct(
        entries.iter().filter_map(|entry| from_json(entry, swarm)),
    ))
}

/// The array of entries and the swarm that all of them share, where the source names one.
fn entries(value: &Value) -> Option<(&Vec<Value>, Option<u64>)> {
    if let Some(list) = value.as_array() {
        return Some((list, None));
    }
    let holder = value.get("result").unwrap_or(value);
    if let Some(list) = holder.get("service_node_states") {
        return Some((list.as_array()?, None));
    }
    let list = holder.get("snodes")?.as_array()?;
    Some((list, holder.get("swarm").and_then(parse_swarm_id)))
}

/// Reads a swarm id in hex without padding, as `get_swarm` writes it. [`INVALID_SWARM`] gives `None`.
fn parse_swarm_id(value: &Value) -> Option<u64> {
    let text = value.as_str()?;
    if text.starts_with('+') {
        return None;
    }
    u64::from_str_radix(text, 16)
        .ok()
        .filter(|id| *id != INVALID_SWARM)
}

fn from_json(entry: &Value, swarm: Option<u64>) -> Option<ServiceNode> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let number = |name: &str| entry.get(name).and_then(Value::as_u64);
    let ed25519 = Ed25519PublicKey::from_hex(text("pubkey_ed25519")?)?;
    let x25519 = X25519PublicKey::from_hex(text("pubkey_x25519")?)?;
    if ed25519.to_x25519().ok()? != x25519 {
        return None;
    }
    let ip = text("public_ip").or_else(|| text("ip"))?.parse().ok()?;
    let port = number("storage_port").or_else(|| number("port_https"))?;
    reachable(ServiceNode {
        ed25519,
        x25519,
        ip,
        port: u16::try_from(port).ok()?,
        swarm: number("swarm_id")
            .or(swarm)
            .filter(|id| *id != INVALID_SWARM),
        version: entry.get("storage_server_version").and_then(parse_version),
    })
}

/// `[2,11,3]` or `"2.11.3"`.
fn parse_version(value: &Value) -> Option<[u8; 3]> {
    let parts: Vec<u8> = match value {
        Value::String(text) => text
            .splitn(4, '.')
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?,
        Value::Array(list) => list
            .iter()
            .take(4)
            .map(|part| part.as_u64().and_then(|part| u8::try_from(part).ok()))
            .collect::<Option<_>>()?,
        _ => return None,
    };
    parts.try_into().ok()
}

/// Nodes that have not published their contact data are listed with address or port 0.
fn reachable(node: ServiceNode) -> Option<ServiceNode> {
    let usable = !node.ip.is_unspecified() && !node.ip.is_broadcast() && node.port != 0;
    usable.then_some(node)
}

/// Keeps the first entry of each key.
fn distinct(nodes: impl Iterator<Item = ServiceNode>) -> Vec<ServiceNode> {
    let mut seen = SortedSet::new();
    nodes.filter(|node| seen.insert(node.ed25519)).collect()
}

/// Reads 51-byte records (`active_nodes_bin`). Records without address or port are skipped. The X25519 key is converted from
/// the Ed25519 key; a record whose key has no image is skipped.
///
/// ```text
///  0                32         40     44     46     48        51
///  +----------------+----------+------+------+------+---------+
///  | Ed25519 key    | swarm BE | IPv4 | HTTPS| OMQ  | version |
///  +----------------+----------+------+------+------+---------+
/// ```
pub fn parse_binary(bytes: &[u8]) -> Result<Vec<ServiceNode>, NodeListError> {
    let (records, rest) = bytes.as_chunks::<RECORD_LENGTH>();
    if !rest.is_empty() {
        return Err(NodeListError::Length(bytes.len()));
    }
    if records.len() > MAX_NODES {
        return Err(NodeListError::TooMany(records.len()));
    }
    Ok(distinct(records.iter().filter_map(from_record)))
}

fn from_record(record: &[u8; RECORD_LENGTH]) -> Option<ServiceNode> {
    let (key, rest) = record.split_first_chunk::<32>()?;
    let (swarm, rest) = rest.split_first_chunk::<8>()?;
    let (ip, rest) = rest.split_first_chunk::<4>()?;
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let (_omq_port, version) = rest.split_first_chunk::<2>()?;
    let ed25519 = Ed25519PublicKey(*key);
    reachable(ServiceNode {
        ed25519,
        x25519: ed25519.to_x25519().ok()?,
        ip: Ipv4Addr::from(*ip),
        port: u16::from_be_bytes(*port),
        swarm: Some(u64::from_be_bytes(*swarm)).filter(|id| *id != INVALID_SWARM),
        version: version.try_into().ok(),
    })
}

/// Writes 51-byte records. A missing swarm is written as [`INVALID_SWARM`], a missing version as 0.0.0.
pub fn to_binary(nodes: &[ServiceNode], omq_port: impl Fn(&ServiceNode) -> u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(nodes.len() * RECORD_LENGTH);
    for node in nodes {
        out.extend_from_slice(&node.ed25519.0);
        out.extend_from_slice(&node.swarm.unwrap_or(INVALID_SWARM).to_be_bytes());
        out.extend_from_slice(&node.ip.octets());
        out.extend_from_slice(&node.port.to_be_bytes());
        out.extend_from_slice(&omq_port(node).to_be_bytes());
        out.extend_from_slice(&node.version.unwrap_or_default());
    }
    out
}

/// Reads the base64 text in which `active_nodes_bin` travels inside an onion answer or a batch.
pub fn parse_binary_base64(text: &str) -> Result<Vec<ServiceNode>, NodeListError> {
    let bytes = encoding::from_base64(text).ok_or(NodeListError::Form)?;
    parse_binary(&bytes)
}

/// The JSON object of `service_node_states` for one node (public_ip, storage_port, pubkey_x25519, pubkey_ed25519, swarm_id, …).
pub fn to_json(node: &ServiceNode) -> Value {
    let mut object = json!({
        "public_ip": node.ip.to_string(),
        "storage_port": node.port,
        "pubkey_x25519": node.x25519.to_hex(),
        "pubkey_ed25519": node.ed25519.to_hex(),
    });
    if let Some(swarm) = node.swarm {
        object["swarm_id"] = json!(swarm);
    }
    if let Some(version) = node.version {
        object["storage_server_version"] = json!(version);
    }
    object
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORD: &str = "0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzcBI0VniavN78sAcQdWBVYEAgsD";
    const ED: &str = "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737";
    const X: &str = "7a46e129fd805047448437e4744f1f1576be8c449fdf57e0c580d36c5cfc6668";

    fn node() -> ServiceNode {
        ServiceNode {
            ed25519: Ed25519PublicKey::from_hex(ED).unwrap(),
            x25519: X25519PublicKey::from_hex(X).unwrap(),
            ip: Ipv4Addr::new(203, 0, 113, 7),
            port: 22021,
            swarm: Some(0x0123_4567_89ab_cdef),
            version: Some([2, 11, 3]),
        }
    }

    #[test]
    fn the_published_record_reads_and_writes_byte_for_byte() {
        assert_eq!(parse_binary_base64(RECORD).unwrap(), [node()]);
        assert_eq!(encoding::base64(&to_binary(&[node()], |_| 22020)), RECORD);
    }

    #[test]
    fn the_five_seed_nodes_convert_to_their_published_encryption_keys() {
        let table = [
            (
                "1f000f09a7b07828dcb72af7cd16857050c10c02bd58afb0e38111fb6cda1fef",
                "be83fe1221fdd85e4d9d2b62e2a34ba82eaf73da45700185d25aff4575ec6018",
            ),
            (
                "1f101f0acee4db6f31aaa8b4df134e85ca8a4878efaef7f971e88ab144c1a7ce",
                "05c8c236cf6c4013b8ca930a343fdc62c413ba038a16bb12e75632e0179d404a",
            ),
            (
                "1f202f00f4d2d4acc01e20773999a291cf3e3136c325474d159814e06199919f",
                "22ced8efd4e5faf15531e9b9244b2c1de299342892b97d19268c4db69ab6350f",
            ),
            (
                "1f303f1d7523c46fa5398826740d13282d26b5de90fbae5749442f66afb6d78b",
                "330ad0d67b58f39a6f46fbeaf5c3622860dfa584e9d787f70c3702031712767a",
            ),
            (
                "1f604f1c858a121a681d8f9b470ef72e6946ee1b9c5ad15a35e16b50c28db7b0",
                "929c5fc60efa1834a2d4a77a4a33387c1c3d5afc2b192c2ba0e040b29388b216",
            ),
        ];
        for (ed, x) in table {
            let key = Ed25519PublicKey::from_hex(ed).unwrap();
            assert_eq!(key.to_x25519().unwrap().to_hex(), x);
        }
    }

    #[test]
    fn a_list_is_found_bare_in_an_object_and_in_a_result() {
        let list = json!([to_json(&node())]);
        for value in [
            list.clone(),
            json!({"service_node_states": list, "height": 5}),
            json!({"jsonrpc": "2.0", "result": {"service_node_states": list}}),
        ] {
            assert_eq!(parse_json(&value).unwrap(), [node()]);
        }
        assert_eq!(parse_json(&json!({"nodes": []})), Err(NodeListError::Form));
        assert_eq!(parse_json(&json!("x")), Err(NodeListError::Form));
        assert_eq!(parse_json(&json!({"snodes": {}})), Err(NodeListError::Form));
    }

    #[test]
    fn the_answer_of_get_swarm_gives_its_swarm_to_every_member() {
        let answer = json!({"snodes": [{"address": "x.snode", "pubkey_legacy": ED, "pubkey_x25519": X, "pubkey_ed25519": ED,
            "port": "22021", "port_https": 22021, "port_omq": 22020, "port_quic": 22020, "ip": "203.0.113.7"}],
            "swarm": "123456789abcdef", "t": 1, "hf": [19, 3]});
        let expected = ServiceNode {
            version: None,
            ..node()
        };
        assert_eq!(parse_json(&answer).unwrap(), [expected]);
    }

    #[test]
    fn entries_that_cannot_be_used_are_skipped() {
        let mut broken = Vec::new();
        for (field, value) in [
            ("public_ip", json!("0.0.0.0")),
            ("public_ip", json!("255.255.255.255")),
            ("public_ip", json!("")),
            ("public_ip", json!("node.example")),
            ("storage_port", json!(0)),
            ("storage_port", json!(70000)),
            ("storage_port", json!("22021")),
            ("pubkey_ed25519", json!(null)),
            ("pubkey_x25519", json!(ED)),
            ("pubkey_x25519", json!("7a")),
        ] {
            let mut entry = to_json(&node());
            entry[field] = value;
            broken.push(entry);
        }
        broken.push(json!(7));
        assert_eq!(parse_json(&json!(broken)).unwrap(), []);
        broken.push(to_json(&node()));
        broken.push(to_json(&node()));
        assert_eq!(parse_json(&json!(broken)).unwrap(), [node()]);
    }

    #[test]
    fn a_version_may_be_text() {
        let mut entry = to_json(&node());
        entry["storage_server_version"] = json!("2.11.3");
        assert_eq!(parse_json(&json!([entry])).unwrap(), [node()]);
        entry["storage_server_version"] = json!("2.11.3.4");
        assert_eq!(parse_json(&json!([entry])).unwrap()[0].version, None);
    }

    #[test]
    fn records_without_address_or_port_are_skipped_and_a_broken_length_is_refused() {
        let nowhere = ServiceNode {
            ip: Ipv4Addr::UNSPECIFIED,
            ..node()
        };
        let closed = ServiceNode { port: 0, ..node() };
        let mut bytes = to_binary(&[nowhere, closed, node()], |_| 0);
        assert_eq!(parse_binary(&bytes).unwrap(), [node()]);
        bytes.pop();
        assert_eq!(parse_binary(&bytes), Err(NodeListError::Length(152)));
        assert_eq!(parse_binary(&[]).unwrap(), []);
    }

    #[test]
    fn a_list_longer_than_any_network_is_refused() {
        let bytes = vec![0; RECORD_LENGTH * (MAX_NODES + 1)];
        assert_eq!(
            parse_binary(&bytes),
            Err(NodeListError::TooMany(MAX_NODES + 1))
        );
        let list = Value::Array(vec![Value::Null; MAX_NODES + 1]);
        assert_eq!(
            parse_json(&list),
            Err(NodeListError::TooMany(MAX_NODES + 1))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_binary(&bytes);
            if let Ok(value) = serde_json::from_slice(&bytes) {
                let _ = parse_json(&value);
            }
        }

        #[test]
        fn both_forms_give_back_what_was_written(port in 1..=u16::MAX, ip in 1..u32::MAX, swarm in proptest::option::of(0..u64::MAX), version: [u8; 3]) {
            let node = ServiceNode { ip: Ipv4Addr::from(ip), port, swarm, version: Some(version), ..node() };
            prop_assert_eq!(parse_binary(&to_binary(&[node], |_| 1)).unwrap(), [node]);
            prop_assert_eq!(parse_json(&json!([to_json(&node)])).unwrap(), [node]);
        }
    }
}
