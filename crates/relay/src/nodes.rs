//! The node list that the relay holds, and which of its addresses may be contacted.
//!
//! The list is the only thing that turns a guard's key into an address, so whoever can send a request cannot choose where
//! it goes. Addresses of the relay's own surroundings are refused on the main network whatever the list says.

use crate::config::Network;
use axum::body::Bytes;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::{self, NodeListError, ServiceNode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not JSON.
    #[error("the node list is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Not of the form of a node list.
    #[error(transparent)]
    Form(#[from] NodeListError),
    /// Fewer usable nodes than the network's pool needs.
    #[error("the node list has {have} usable nodes, {want} are needed")]
    Short {
        /// Usable entries.
        have: usize,
        /// The pool minimum of the network.
        want: usize,
    },
}

/// A list as one source told it.
#[derive(Clone, Debug)]
pub struct NodeList {
    addresses: BTreeMap<[u8; 32], SocketAddrV4>,
    fetched_ms: u64,
    json: Bytes,
}

impl NodeList {
    /// Reads what `origin` answered at `fetched_ms` (Unix time, ms). Entries whose address may not be contacted are left out.
    pub fn read(
        origin: &str,
        fetched_ms: u64,
        body: &[u8],
        network: Network,
    ) -> Result<Self, ListError> {
        let value: Value = serde_json::from_slice(body)?;
        let nodes: Vec<ServiceNode> = node::parse_json(&value)?
            .into_iter()
            .filter(|node| node.port != 0 && may_contact(node.ip, network))
            .collect();
        let addresses: BTreeMap<[u8; 32], SocketAddrV4> = nodes
            .iter()
            .map(|node| (node.ed25519.0, SocketAddrV4::new(node.ip, node.port)))
            .collect();
        if addresses.len() < network.pool_minimum() {
            return Err(ListError::Short {
                have: addresses.len(),
                want: network.pool_minimum(),
            });
        }
        let states: Vec<Value> = nodes.iter().map(node::to_json).collect();
        let json =
            json!({ "origin": origin, "fetched_ms": fetched_ms, "service_node_states": states });
        Ok(Self {
            addresses,
            fetched_ms,
            json: json.to_string().into(),
        })
    }
}

/// The current list, shared by all requests.
#[derive(Debug, Default)]
pub struct Nodes(RwLock<Option<Arc<NodeList>>>);

impl Nodes {
    /// Puts a newer list in place of the last good one.
    pub fn replace(&self, list: NodeList) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(list));
    }

    fn current(&self) -> Option<Arc<NodeList>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Where a guard listens; `None` when there is no list yet.
    pub fn find(&self, guard: &Ed25519PublicKey) -> Option<Option<SocketAddrV4>> {
        self.current()
            .map(|list| list.addresses.get(&guard.0).copied())
    }

    /// The answer to `GET /relay/nodes`, the same bytes for everybody who asks.
    pub fn json(&self) -> Option<Bytes> {
        self.current().map(|list| list.json.clone())
    }

    /// Number of nodes and age of the list in ms.
    pub fn state(&self) -> Option<(usize, u64)> {
        self.current().map(|list| {
            (
                list.addresses.len(),
                now_ms().saturating_sub(list.fetched_ms),
            )
        })
    }
}

/// Whether a request may be sent to this address. The main network lives on public addresses only: everything else on a
/// list is an attempt to make the relay talk to its own surroundings.
pub fn may_contact(ip: Ipv4Addr, network: Network) -> bool {
    let [a, b, c, _] = ip.octets();
    if ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() || a == 0 || a >= 240 {
        return false;
    }
    if network == Network::Local {
        return true;
    }
    !(ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

/// The time of the computer, Unix ms.
pub fn now_ms() -> u64 {
    unix_ms(SystemTime::now())
}

/// A time of the computer as Unix ms; 0 before 1970.
pub fn unix_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use onionskin_protocol::keys::Ed25519SecretKey;

    #[test]
    fn addresses_of_the_surroundings_are_never_contacted_on_the_main_network() {
        let refused = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "192.88.99.1",
            "203.0.113.7",
        ];
        for ip in refused {
            assert!(!may_contact(ip.parse().unwrap(), Network::Mainnet), "{ip}");
        }
        for ip in [
            "8.8.8.8",
            "167.160.188.203",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
        ] {
            assert!(may_contact(ip.parse().unwrap(), Network::Mainnet), "{ip}");
        }
    }

    #[test]
    fn the_local_network_may_live_on_loopback_but_not_on_nonsense() {
        assert!(may_contact(Ipv4Addr::LOCALHOST, Network::Local));
        assert!(may_contact(Ipv4Addr::new(10, 0, 0, 1), Network::Local));
        assert!(!may_contact(Ipv4Addr::UNSPECIFIED, Network::Local));
        assert!(!may_contact(Ipv4Addr::BROADCAST, Network::Local));
    }

    #[test]
    fn a_list_that_is_no_list_is_refused() {
        assert!(matches!(
            NodeList::read("x", 1, b"<html>", Network::Local),
            Err(ListError::Json(_))
        ));
        assert!(NodeList::read("x", 1, b"[]", Network::Local).is_err());
        assert!(NodeList::read("x", 1, b"{\"a\":1}", Network::Local).is_err());
    }

    /// An entry of a list for a key of its own.
    fn entry(seed: u8, ip: &str, port: u32) -> Value {
        let key = Ed25519SecretKey::from_seed(&[seed; 32]);
        json!({
            "public_ip": ip,
            "storage_port": port,
            "pubkey_ed25519": key.public().to_hex(),
            "pubkey_x25519": key.to_x25519().public().to_hex(),
        })
    }

    #[test]
    fn only_plain_public_addresses_of_a_list_become_targets() {
        let mut entries: Vec<Value> = (1..=12)
            .map(|seed| entry(seed, &format!("8.8.8.{seed}"), 22021))
            .collect();
        let hostile = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "10.0.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.251",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "255.255.255.255",
            "0.0.0.0",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "[::1]",
            "localhost",
            "metadata.google.internal",
            "8.8.8.8.nip.io",
            "8.8.8.8:80",
            "8.8.8.8/",
            "user@8.8.8.8",
            " 8.8.8.8",
            "8.8.8.8#",
            "",
        ];
        for (seed, ip) in (20u8..).zip(hostile) {
            entries.push(entry(seed, ip, 22021));
        }
        for (seed, port) in (100u8..).zip([0, 65_536, u32::MAX]) {
            entries.push(entry(seed, "8.8.4.4", port));
        }
        let body = Value::Array(entries).to_string();
        let list = NodeList::read("x", 1, body.as_bytes(), Network::Mainnet).unwrap();
        let known: Vec<SocketAddrV4> = list.addresses.values().copied().collect();
        assert_eq!(known.len(), 12, "{known:?}");
        assert!(
            known
                .iter()
                .all(|node| node.ip().octets()[..3] == [8, 8, 8] && node.port() == 22021)
        );
    }

    #[test]
    fn a_list_of_hostile_addresses_only_is_too_short() {
        let entries: Vec<Value> = (1..=50)
            .map(|seed| entry(seed, "10.0.0.1", 22021))
            .collect();
        let body = Value::Array(entries).to_string();
        assert!(matches!(
            NodeList::read("x", 1, body.as_bytes(), Network::Mainnet),
            Err(ListError::Short { have: 0, want: 12 })
        ));
    }

    #[test]
    fn origin_and_time_are_those_of_the_list() {
        let entries: Vec<Value> = (1..=4).map(|seed| entry(seed, "127.0.0.1", 9)).collect();
        let body = Value::Array(entries).to_string();
        let nodes = Nodes::default();
        let fetched = now_ms() - 5_000;
        nodes.replace(
            NodeList::read("http://seed", fetched, body.as_bytes(), Network::Local).unwrap(),
        );
        let told: Value = serde_json::from_slice(&nodes.json().unwrap()).unwrap();
        assert_eq!(
            (&told["origin"], &told["fetched_ms"]),
            (&json!("http://seed"), &json!(fetched))
        );
        let (count, age) = nodes.state().unwrap();
        assert!(count == 4 && age >= 5_000);
    }

    #[test]
    fn without_a_list_nothing_is_known() {
        let nodes = Nodes::default();
        assert!(nodes.find(&Ed25519PublicKey([1; 32])).is_none());
        assert!(nodes.json().is_none() && nodes.state().is_none());
    }
}
