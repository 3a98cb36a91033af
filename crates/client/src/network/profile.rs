//! What differs between the real network and a local one (10-network Decisions 3).

use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::time::Timestamp;

/// A node whose key comes with the program (10-network 1.3): the anchor of trust where no list is known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedNode {
    /// Ed25519 key.
    pub key: [u8; 32],
    /// IPv4 address; a newer list may know another one.
    pub ip: [u8; 4],
    /// HTTPS port.
    pub port: u16,
}

impl PinnedNode {
    /// `None` when the key is no point.
    pub(crate) fn node(&self) -> Option<ServiceNode> {
        let ed25519 = Ed25519PublicKey(self.key);
        Some(ServiceNode {
            ed25519,
            x25519: ed25519.to_x25519().ok()?,
            ip: self.ip.into(),
            port: self.port,
            swarm: None,
            version: None,
        })
    }
}

/// The day for which the addresses of pinned nodes are true: 2026-04-08 (Unix ms).
pub(crate) const PINNED_AS_OF: Timestamp = Timestamp(1_775_606_400_000);

/// The seed nodes of the main network (10-network 1.3), with the addresses that clients of [`PINNED_AS_OF`] know.
const MAINNET_PINNED: [PinnedNode; 5] = [
    pinned(
        b"1f000f09a7b07828dcb72af7cd16857050c10c02bd58afb0e38111fb6cda1fef",
        [95, 216, 33, 113],
        22_100,
    ),
    pinned(
        b"1f101f0acee4db6f31aaa8b4df134e85ca8a4878efaef7f971e88ab144c1a7ce",
        [37, 27, 236, 229],
        22_101,
    ),
    pinned(
        b"1f202f00f4d2d4acc01e20773999a291cf3e3136c325474d159814e06199919f",
        [104, 243, 35, 225],
        22_102,
    ),
    pinned(
        b"1f303f1d7523c46fa5398826740d13282d26b5de90fbae5749442f66afb6d78b",
        [208, 73, 207, 54],
        22_103,
    ),
    pinned(
        b"1f604f1c858a121a681d8f9b470ef72e6946ee1b9c5ad15a35e16b50c28db7b0",
        [104, 194, 8, 115],
        22_104,
    ),
];

const fn pinned(hex: &[u8; 64], ip: [u8; 4], port: u16) -> PinnedNode {
    PinnedNode {
        key: key(hex),
        ip,
        port,
    }
}

const fn key(hex: &[u8; 64]) -> [u8; 32] {
    let mut key = [0; 32];
    let mut at = 0;
    while at < 32 {
        key[at] = digit(hex[2 * at]) << 4 | digit(hex[2 * at + 1]);
        at += 1;
    }
    key
}

const fn digit(hex: u8) -> u8 {
    if hex.is_ascii_digit() {
        hex - b'0'
    } else {
        hex - b'a' + 10
    }
}

/// Rules of one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkProfile {
    /// A pool with fewer usable nodes is refreshed, and a list with fewer is not believed.
    pub minimum_pool: usize,
    /// No two hops of a path in one /24.
    pub subnet_rule: bool,
    /// Nodes may have private and loopback addresses.
    pub allow_private: bool,
    /// Nodes whose keys are known beforehand. A network that has them never takes a relay's word for its first list.
    pub pinned: &'static [PinnedNode],
    /// X25519 keys of the file server at [`DEFAULT_HOST`](onionskin_protocol::attachment::url::DEFAULT_HOST), the likeliest
    /// first (10-network Decisions 7).
    pub file_server: &'static [[u8; 32]],
}

/// The key that the apps of April 2026 use, then that of the newest library (10-network 8.1).
const MAINNET_FILE_SERVER: [[u8; 32]; 2] = [
    key(b"09324794aa9c11948189762d198c618148e9136ac9582068180661208927ef34"),
    key(b"da21e1d886c6fbaea313f75298bd64aab03a97ce985b46bb2dad9f2089c8ee59"),
];

/// The key of the file server that comes with every local network.
const LOCAL_FILE_SERVER: [[u8; 32]; 1] = [key(
    b"139288fc40fe1c88732bcbd898d83e88188a4a7ebfb74f1da3b90a2c20bb9156",
)];

impl NetworkProfile {
    /// The real network.
    pub const fn mainnet() -> Self {
        Self {
            minimum_pool: 12,
            subnet_rule: true,
            allow_private: false,
            pinned: &MAINNET_PINNED,
            file_server: &MAINNET_FILE_SERVER,
        }
    }

    /// A local network: three hops and a destination are enough.
    pub const fn local() -> Self {
        Self {
            minimum_pool: 4,
            subnet_rule: false,
            allow_private: true,
            pinned: &[],
            file_server: &LOCAL_FILE_SERVER,
        }
    }

    /// Whether a node may be used at all.
    pub(crate) fn admits(&self, node: &ServiceNode) -> bool {
        let ip = node.ip;
        if ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() || node.port == 0 {
            return false;
        }
        self.allow_private
            || !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.octets()[0] == 0)
    }

    /// Whether two nodes may stand in one path.
    pub(crate) fn may_share_path(&self, one: &ServiceNode, other: &ServiceNode) -> bool {
        one.ed25519 != other.ed25519
            && !(self.subnet_rule && one.ip.octets()[..3] == other.ip.octets()[..3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_server_of_a_local_network_has_the_key_of_its_profile() {
        let server = onionskin_testnet::file_server::FileServer::new();
        let keys = NetworkProfile::local().file_server;
        assert_eq!(server.map(|server| server.x25519().0).ok(), Some(keys[0]));
    }

    #[test]
    fn the_pinned_nodes_are_five_distinct_nodes_that_the_main_network_admits() {
        let profile = NetworkProfile::mainnet();
        let nodes: Vec<ServiceNode> = profile.pinned.iter().filter_map(PinnedNode::node).collect();
        assert_eq!(nodes.len(), 5);
        assert!(nodes.iter().all(|node| profile.admits(node)));
        for (at, node) in nodes.iter().enumerate() {
            assert!(
                nodes[..at]
                    .iter()
                    .all(|other| profile.may_share_path(node, other))
            );
        }
        assert_eq!(
            nodes[4].x25519.to_hex(),
            "929c5fc60efa1834a2d4a77a4a33387c1c3d5afc2b192c2ba0e040b29388b216"
        );
    }
}
