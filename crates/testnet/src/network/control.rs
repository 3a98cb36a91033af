//! Looking into a network and changing it from outside: nodes, messages, names, swarms, time.

use super::{Network, State};
use crate::core::TTL_MAX;
use onionskin_protocol::entropy::draw;
use onionskin_protocol::id::{AccountId, Namespace, SwarmId};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::swarm::INVALID_SWARM;
use serde::Serialize;
use serde_json::Value;

/// A node as the control interface shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeInfo {
    /// Its number.
    pub index: usize,
    /// 64 hex digits.
    pub ed25519: String,
    /// 64 hex digits.
    pub x25519: String,
    /// Address.
    pub ip: String,
    /// HTTPS port.
    pub port: u16,
    /// Swarm id, hex without leading zeros.
    pub swarm: String,
    /// `up`, `stopped` or `hung`, with further faults after a `+`.
    pub state: String,
}

/// A message as one node holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldMessage {
    /// 43 characters.
    pub hash: String,
    /// Namespace.
    pub namespace: i16,
    /// ms.
    pub timestamp: i64,
    /// ms.
    pub expiry: i64,
    /// Bytes of data.
    pub size: usize,
}

/// Why a node cannot be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// No node with this number.
    #[error("there is no such node")]
    Node,
    /// 2^64-1 means "no swarm".
    #[error("this id means no swarm")]
    Swarm,
}

impl Network {
    /// The node list.
    pub fn list(&self) -> Vec<ServiceNode> {
        self.state().view.nodes.clone()
    }

    /// The nodes with their state.
    pub fn nodes(&self) -> Vec<NodeInfo> {
        let state = self.state();
        let describe = |(index, node): (usize, &ServiceNode)| NodeInfo {
            index,
            ed25519: node.ed25519.to_hex(),
            x25519: node.x25519.to_hex(),
            ip: node.ip.to_string(),
            port: node.port,
            swarm: format!("{:x}", node.swarm.unwrap_or(INVALID_SWARM)),
            state: Self::condition_text(&state, index),
        };
        state.view.nodes.iter().enumerate().map(describe).collect()
    }

    /// Ids of the swarms, sorted.
    pub fn swarms(&self) -> Vec<u64> {
        self.state().view.swarms()
    }

    /// Numbers of the nodes that hold an account's messages.
    pub fn members_for(&self, account: &SwarmId) -> Vec<usize> {
        let state = self.state();
        state
            .view
            .swarm_of(account)
            .map(|id| state.view.members(id))
            .unwrap_or_default()
    }

    /// What the seed answers to `get_n_service_nodes`.
    pub fn seed_answer(&self, params: &Value) -> Value {
        let now = self.now();
        self.state().view.service_nodes(now, params)
    }

    /// 51-byte records of all nodes.
    pub fn binary_list(&self) -> Vec<u8> {
        self.state().view.binary()
    }

    /// Whether nodes know the method `active_nodes_bin` of newer software. They do unless told otherwise.
    pub fn set_binary_list(&self, known: bool) {
        self.state().view.binary_list = known;
    }

    /// Registers a name for an account.
    pub fn register_name(&self, name: &str, account: &AccountId) {
        let State { view, entropy, .. } = &mut *self.state();
        view.register_name(name, account, &draw(entropy));
    }

    /// Puts raw bytes into all members of an account's swarm, whatever they are. Gives the hash, or nothing when no member
    /// took them.
    pub fn inject(&self, account: &SwarmId, namespace: Namespace, data: &[u8]) -> Option<String> {
        let members = self.members_for(account);
        let mut state = self.state();
        let mut hash = None;
        for index in members {
            let now = self.clock_of(&state, index);
            let lifetime = u64::try_from(TTL_MAX).unwrap_or_default() * 14 / 30;
            if let Ok(stored) = state.nodes[index].inject(now, account, namespace, data, lifetime) {
                hash = Some(stored);
            }
        }
        hash
    }

    /// What each node of the network holds for an account; nodes that hold nothing and are not responsible are left out.
    pub fn messages(&self, account: &SwarmId) -> Vec<(usize, Vec<HeldMessage>)> {
        let mut state = self.state();
        let mut held = Vec::new();
        for index in 0..state.nodes.len() {
            let now = self.clock_of(&state, index);
            let responsible = state.view.is_responsible(index, account);
            let node = &mut state.nodes[index];
            node.purge_until(now);
            let messages = node.database.all_of(account).unwrap_or_default();
            if responsible || !messages.is_empty() {
                let describe = |message: crate::core::database::Message| HeldMessage {
                    hash: message.hash,
                    namespace: message.namespace.0,
                    timestamp: message.timestamp,
                    expiry: message.expiry,
                    size: message.data.len(),
                };
                held.push((index, messages.into_iter().map(describe).collect()));
            }
        }
        held
    }

    /// Moves a node into a swarm, new or existing. As in the real network, members hand over what the newcomer is now
    /// responsible for, and a swarm that dissolves hands its messages to whoever comes next.
    pub fn move_node(&self, node: usize, swarm: u64) -> Result<(), MoveError> {
        if swarm == INVALID_SWARM {
            return Err(MoveError::Swarm);
        }
        let mut state = self.state();
        state.view.nodes.get_mut(node).ok_or(MoveError::Node)?.swarm = Some(swarm);
        let State { nodes, view, .. } = &mut *state;
        let mut handed = Vec::new();
        for holder in nodes.iter() {
            for owner in holder.database.owners().unwrap_or_default() {
                let members = view
                    .swarm_of(&owner)
                    .map(|id| view.members(id))
                    .unwrap_or_default();
                let joined = members.contains(&node) && members.contains(&holder.index);
                if joined || !members.contains(&holder.index) {
                    let messages = holder.database.all_of(&owner).unwrap_or_default();
                    handed.push((owner, members, messages));
                }
            }
        }
        for (owner, members, messages) in handed {
            for member in members {
                for message in &messages {
                    // A member that cannot take a message goes without it, as a real one would.
                    let _ = nodes[member].database.store(&owner, message);
                }
            }
        }
        Ok(())
    }

    /// Lets so many ms pass at once for all nodes. Nobody who waits is woken by it.
    pub fn advance(&self, ms: u64) {
        let mut state = self.state();
        state.advanced = state.advanced.saturating_add(ms);
    }
}
