//! Which service nodes there are, and how they behaved (10-network 1.5, 5.2).
//!
//! Strikes make a node unusable at three and expire after 48 h. What hops say about each other is no strike; that is the
//! business of `suspicion`.

use super::profile::NetworkProfile;
use onionskin_protocol::keys::{Ed25519PublicKey, X25519PublicKey};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// This many strikes make a node unusable.
pub(super) const STRUCK_OUT: u8 = 3;
/// Strikes are forgotten after 48 h (ms).
const STRIKES_LAST: u64 = 48 * 3_600_000;

#[derive(Debug, Default)]
pub(super) struct Pool {
    nodes: SortedMap<Ed25519PublicKey, ServiceNode>,
    strikes: SortedMap<Ed25519PublicKey, (u8, Timestamp)>,
    /// When nodes themselves last agreed on this list (device clock).
    pub(super) confirmed_at: Option<Timestamp>,
    /// ISO 3166 codes of the countries of addresses, as far as they are known.
    pub(super) countries: Countries,
}

/// Two capital letters for an address.
pub(super) type Countries = SortedMap<Ipv4Addr, [u8; 2]>;

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn get(&self, key: &Ed25519PublicKey) -> Option<&ServiceNode> {
        self.nodes.get(key)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &ServiceNode> {
        self.nodes.values()
    }

    /// The country of a node, when it is known.
    pub(super) fn country(&self, node: &ServiceNode) -> Option<[u8; 2]> {
        self.countries.get(&node.ip).copied()
    }

    /// Takes over a list. Strikes stay.
    pub(super) fn replace(
        &mut self,
        nodes: impl IntoIterator<Item = ServiceNode>,
        profile: &NetworkProfile,
    ) {
        self.nodes = nodes
            .into_iter()
            .filter(|node| profile.admits(node))
            .map(|node| (node.ed25519, node))
            .collect();
        self.strikes.retain(|key, _| self.nodes.contains_key(key));
    }

    /// How many strikes a node has at the moment.
    pub(super) fn strikes(&self, key: &Ed25519PublicKey, now: Timestamp) -> u8 {
        match self.strikes.get(key) {
            Some((count, since)) if now.millis_since(*since) < STRIKES_LAST => *count,
            _ => 0,
        }
    }

    pub(super) fn strike(&mut self, key: &Ed25519PublicKey, now: Timestamp) {
        if self.nodes.contains_key(key) {
            let count = self.strikes(key, now).saturating_add(1);
            self.strikes.insert(*key, (count, now));
        }
    }

    /// Makes a node unusable at once.
    pub(super) fn strike_out(&mut self, key: &Ed25519PublicKey, now: Timestamp) {
        if self.nodes.contains_key(key) {
            self.strikes.insert(*key, (STRUCK_OUT, now));
        }
    }

    /// Forgets the strikes of one node.
    pub(super) fn clear(&mut self, key: &Ed25519PublicKey) {
        self.strikes.remove(key);
    }

    /// Takes a node out of the list, until a fresh list has it.
    pub(super) fn evict(&mut self, key: &Ed25519PublicKey) {
        self.nodes.remove(key);
        self.strikes.remove(key);
    }

    /// Whether a node is there and not struck out.
    pub(super) fn is_usable(&self, key: &Ed25519PublicKey, now: Timestamp) -> bool {
        self.nodes.contains_key(key) && self.strikes(key, now) < STRUCK_OUT
    }

    /// All that are not struck out, in the order of their keys.
    pub(super) fn usable(&self, now: Timestamp) -> Vec<ServiceNode> {
        self.nodes
            .values()
            .filter(|node| self.strikes(&node.ed25519, now) < STRUCK_OUT)
            .copied()
            .collect()
    }

    /// Forgets all strikes: better a node that failed than none.
    pub(super) fn forgive(&mut self) {
        self.strikes.clear();
    }
}

/// A node as it lies in the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NodeRecord {
    ed25519: [u8; 32],
    x25519: [u8; 32],
    ip: [u8; 4],
    port: u16,
    swarm: Option<u64>,
    version: Option<[u8; 3]>,
}

impl From<&ServiceNode> for NodeRecord {
    fn from(node: &ServiceNode) -> Self {
        Self {
            ed25519: node.ed25519.0,
            x25519: node.x25519.0,
            ip: node.ip.octets(),
            port: node.port,
            swarm: node.swarm,
            version: node.version,
        }
    }
}

impl From<NodeRecord> for ServiceNode {
    fn from(record: NodeRecord) -> Self {
        Self {
            ed25519: Ed25519PublicKey(record.ed25519),
            x25519: X25519PublicKey(record.x25519),
            ip: record.ip.into(),
            port: record.port,
            swarm: record.swarm,
            version: record.version,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A made-up node; its keys belong to nobody.
    pub(in crate::network) fn node(number: u8) -> ServiceNode {
        ServiceNode {
            ed25519: Ed25519PublicKey([number; 32]),
            x25519: X25519PublicKey([number; 32]),
            ip: [10, 0, number, 1].into(),
            port: 22_021,
            swarm: None,
            version: None,
        }
    }

    fn pool(count: u8) -> Pool {
        let mut pool = Pool::default();
        pool.replace((1..=count).map(node), &NetworkProfile::local());
        pool
    }

    #[test]
    fn a_refreshed_list_evicts_what_it_lacks_and_brings_back_what_it_has() {
        let mut pool = pool(4);
        pool.evict(&node(1).ed25519);
        assert!(pool.get(&node(1).ed25519).is_none());
        pool.replace((1..=3).map(node), &NetworkProfile::local());
        assert!(pool.get(&node(4).ed25519).is_none());
        assert!(pool.get(&node(1).ed25519).is_some());
    }

    #[test]
    fn a_node_is_struck_out_at_once_and_cleared_at_once() {
        let mut pool = pool(4);
        let (key, now) = (node(1).ed25519, Timestamp(1_000));
        pool.strike_out(&key, now);
        assert!(!pool.is_usable(&key, now));
        pool.clear(&key);
        assert_eq!(pool.strikes(&key, now), 0);
        pool.strike_out(&node(9).ed25519, now);
        assert_eq!(pool.strikes(&node(9).ed25519, now), 0);
    }

    #[test]
    fn three_strikes_make_a_node_unusable_for_48_hours() {
        let mut pool = pool(4);
        let (key, start) = (node(1).ed25519, Timestamp(1_000));
        for _ in 0..3 {
            assert!(pool.is_usable(&key, start));
            pool.strike(&key, start);
        }
        assert!(!pool.is_usable(&key, start));
        assert_eq!(pool.usable(start).len(), 3);
        assert!(pool.is_usable(&key, start.plus_millis(STRIKES_LAST)));
        pool.forgive();
        assert!(pool.is_usable(&key, start));
    }

    #[test]
    fn private_addresses_are_for_local_networks_only() {
        let mut pool = Pool::default();
        pool.replace((1..=4).map(node), &NetworkProfile::mainnet());
        assert_eq!(pool.len(), 0);
    }
}
