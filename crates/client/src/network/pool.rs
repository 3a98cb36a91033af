//! Which service nodes there are, and how they behaved (10-network 1.5, 5.2).
//!
//! Strikes make a node unusable at three and expire after 48 h. That a hop says "no such node" is only counted: it takes two
//! different hops, or a refreshed list without the node, to evict it, so that one lying hop cannot remove honest nodes.

use super::profile::NetworkProfile;
use onionskin_protocol::keys::{Ed25519PublicKey, X25519PublicKey};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// This many strikes make a node unusable.
pub(super) const STRUCK_OUT: u8 = 3;
/// Strikes are forgotten after 48 h (ms).
const STRIKES_LAST: u64 = 48 * 3_600_000;
/// Different reporters that it takes to evict a node.
const REPORTERS: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Pool {
    nodes: BTreeMap<Ed25519PublicKey, ServiceNode>,
    strikes: BTreeMap<Ed25519PublicKey, (u8, Timestamp)>,
    reports: BTreeMap<Ed25519PublicKey, BTreeSet<Ed25519PublicKey>>,
    /// When nodes themselves last agreed on this list (device clock).
    pub(super) confirmed_at: Option<Timestamp>,
}

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

    /// Takes over a list. Strikes stay, reports are settled by it.
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
        self.reports.clear();
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

    /// `by` says that there is no node `key`. True when that was one reporter too many and the node is gone.
    pub(super) fn report_missing(&mut self, key: &Ed25519PublicKey, by: Ed25519PublicKey) -> bool {
        if !self.nodes.contains_key(key) || *key == by {
            return false;
        }
        let reporters = self.reports.entry(*key).or_default();
        reporters.insert(by);
        if reporters.len() < REPORTERS {
            return false;
        }
        self.nodes.remove(key);
        self.strikes.remove(key);
        self.reports.remove(key);
        true
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
    fn one_reporter_evicts_nobody_and_two_do() {
        let mut pool = pool(4);
        let key = node(1).ed25519;
        assert!(!pool.report_missing(&key, node(2).ed25519));
        assert!(!pool.report_missing(&key, node(2).ed25519));
        assert!(pool.get(&key).is_some());
        assert!(pool.report_missing(&key, node(3).ed25519));
        assert!(pool.get(&key).is_none());
    }

    #[test]
    fn a_refreshed_list_settles_reports_and_evicts_what_it_lacks() {
        let mut pool = pool(4);
        pool.report_missing(&node(1).ed25519, node(2).ed25519);
        pool.replace((1..=3).map(node), &NetworkProfile::local());
        assert!(pool.get(&node(4).ed25519).is_none());
        assert!(!pool.report_missing(&node(1).ed25519, node(3).ed25519));
        assert!(pool.get(&node(1).ed25519).is_some());
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
