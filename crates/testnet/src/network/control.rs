//! Looking into a network and changing it from outside: nodes, messages, names, swarms, time.

use super::faults::Condition;
use super::{Fault, Mode, Network, State};
use crate::core::{Node, NodeError, TTL_MAX, node_seed};
use onionskin_protocol::entropy::draw;
use onionskin_protocol::id::{AccountId, Namespace, SwarmId};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::onion::peel::{Layer, Outer, parse_outer};
use onionskin_protocol::swarm::INVALID_SWARM;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

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
    /// The data. Not told over the control interface.
    #[serde(skip)]
    pub data: Vec<u8>,
}

/// Where an onion request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Numbers of the nodes that pass it on, guard first.
    pub hops: Vec<usize>,
    /// Number of the node that it is for; absent for a server.
    pub destination: Option<usize>,
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
        self.state().view.list()
    }

    /// All nodes that there ever were, with their state.
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
        state
            .view
            .nodes()
            .iter()
            .enumerate()
            .map(describe)
            .collect()
    }

    /// Ids of the swarms, sorted.
    pub fn swarms(&self) -> Vec<u64> {
        self.state().view.swarms().to_vec()
    }

    /// Numbers of the nodes that hold an account's messages.
    pub fn members_for(&self, account: &SwarmId) -> Vec<usize> {
        let state = self.state();
        state
            .view
            .swarm_of(account)
            .map(|id| state.view.members(id).to_vec())
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
                    data: message.data,
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
        if !state.view.set_swarm(node, swarm) {
            return Err(MoveError::Node);
        }
        hand_over(&mut state, node);
        Ok(())
    }

    /// A new node joins a swarm, new or existing; gives its number. Members hand over what it is responsible for.
    pub fn join(&self, swarm: u64) -> Result<usize, NodeError> {
        let mut state = self.state();
        let index = state.nodes.len();
        let node = Node::new(index, &node_seed(self.0.seed, index), None)?;
        let port = 22_100u16.wrapping_add(u16::try_from(index).unwrap_or(u16::MAX));
        state.view.add(ServiceNode {
            ed25519: node.ed25519(),
            x25519: node.x25519(),
            ip: Ipv4Addr::LOCALHOST,
            port,
            swarm: Some(swarm),
            version: Some(crate::core::VERSION),
        });
        state.nodes.push(node);
        state.conditions.push(Condition::default());
        hand_over(&mut state, index);
        Ok(index)
    }

    /// A node stops for good: it is off the list, and what it held is gone with it. False: there is no such node.
    pub fn leave(&self, node: usize) -> bool {
        let known = self.fault(node, Fault::Stop);
        self.state().view.remove(node);
        known
    }

    /// Whether a node holds a message that no other listed and running member of its swarm holds.
    pub fn holds_alone(&self, node: usize) -> bool {
        let state = self.state();
        let Some(holder) = state.nodes.get(node) else {
            return false;
        };
        let owners = holder.database.owners().unwrap_or_default();
        owners.iter().any(|owner| {
            let swarm = state.view.swarm_of(owner);
            let others: BTreeSet<String> = swarm
                .map(|id| state.view.members(id))
                .unwrap_or_default()
                .iter()
                .filter(|&&other| other != node && state.conditions[other].mode == Mode::Up)
                .flat_map(|&other| state.nodes[other].database.all_of(owner))
                .flatten()
                .map(|message| message.hash)
                .collect();
            let held = holder.database.all_of(owner).unwrap_or_default();
            held.iter().any(|message| !others.contains(&message.hash))
        })
    }

    /// Where an onion request goes when nobody fails, opened with the nodes' own keys. Nothing when it does not open.
    pub fn trace(&self, guard: &Ed25519PublicKey, body: &[u8]) -> Option<Trace> {
        let state = self.state();
        let mut layer = parse_outer(body).ok()?;
        let mut at = state.view.number_of(guard)?;
        let mut hops = Vec::new();
        loop {
            match state.nodes.get(at)?.open(&layer).ok()? {
                Layer::Final { .. } => {
                    let destination = Some(at);
                    return Some(Trace { hops, destination });
                }
                Layer::Server { .. } => {
                    hops.push(at);
                    let destination = None;
                    return Some(Trace { hops, destination });
                }
                Layer::Forward {
                    next,
                    ciphertext,
                    ephemeral,
                    cipher,
                } => {
                    hops.push(at);
                    at = state.view.number_of(&next)?;
                    layer = Outer {
                        ciphertext,
                        ephemeral,
                        cipher,
                        hop_no: 0,
                    };
                }
            }
        }
    }

    /// Lets so many ms pass at once for all nodes. Nobody who waits is woken by it.
    pub fn advance(&self, ms: u64) {
        let mut state = self.state();
        state.advanced = state.advanced.saturating_add(ms);
    }
}

/// After a node came to a swarm: members hand over what it is now responsible for, and a swarm that dissolved hands its
/// messages to whoever comes next.
fn hand_over(state: &mut State, node: usize) {
    let State { nodes, view, .. } = state;
    let mut handed = Vec::new();
    for holder in nodes.iter().filter(|holder| view.is_listed(holder.index)) {
        for owner in holder.database.owners().unwrap_or_default() {
            let members = view
                .swarm_of(&owner)
                .map(|id| view.members(id).to_vec())
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
}
