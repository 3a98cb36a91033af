//! What differs between the real network and a local one (10-network Decisions 3).

use onionskin_protocol::node::ServiceNode;

/// Rules of one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkProfile {
    /// A pool with fewer usable nodes is refreshed, and a list with fewer is not believed.
    pub minimum_pool: usize,
    /// No two hops of a path in one /24.
    pub subnet_rule: bool,
    /// Nodes may have private and loopback addresses.
    pub allow_private: bool,
}

impl NetworkProfile {
    /// The real network.
    pub const fn mainnet() -> Self {
        Self {
            minimum_pool: 12,
            subnet_rule: true,
            allow_private: false,
        }
    }

    /// A local network: three hops and a destination are enough.
    pub const fn local() -> Self {
        Self {
            minimum_pool: 4,
            subnet_rule: false,
            allow_private: true,
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
