//! Which nodes hold an account's messages (10-network 2).
//!
//! A node is asked, and its answer is believed only as far as it names nodes of our own pool; so a lying node can send us to
//! a wrong swarm, which answers 421, but never to nodes that do not exist.

use super::path::{pick, shuffle};
use super::pool::NodeRecord;
use super::{Network, RpcError};
use crate::ports::{Durability, Ports, Table};
use crate::store::Key;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::{Answer, Swarm, parse_swarm};
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A swarm is asked for again after a day (ms).
const FRESH: u64 = 24 * 3_600_000;
/// Nodes asked for a swarm before giving up.
const ASKED: usize = 3;
/// No swarm has more members.
const MAX_MEMBERS: usize = 100;
/// Swarms kept in memory.
const MAX_SWARMS: usize = 4_000;

#[derive(Debug, Default)]
pub(super) struct Swarms {
    known: BTreeMap<AccountId, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    members: Vec<ServiceNode>,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct SwarmRecord {
    members: Vec<NodeRecord>,
    at: u64,
}

impl<P: Ports> Network<P> {
    /// The members of an account's swarm, in random order; never empty.
    pub async fn swarm(&self, account: &AccountId) -> Result<Vec<ServiceNode>, RpcError> {
        if let Some(members) = self.known_swarm(account) {
            return Ok(self.shuffled(members));
        }
        if let Some(members) = self.remembered_swarm(account).await {
            return Ok(self.shuffled(members));
        }
        let mut last = RpcError::NoPath;
        for _ in 0..ASKED {
            let node = {
                let candidates = self.0.pool.borrow().usable(self.device_now());
                pick(&candidates, &mut *self.0.ports.entropy()).ok_or(RpcError::NoPath)?
            };
            match self.rpc(&node, &Request::get_swarm(account)).await {
                Ok(reply) if reply.status == 200 => match parse_swarm(&reply.body) {
                    Ok(swarm) if self.adopt(account, &swarm) => {
                        self.remember_swarm(account).await;
                        return self
                            .known_swarm(account)
                            .map(|members| self.shuffled(members))
                            .ok_or(RpcError::Malformed);
                    }
                    _ => last = RpcError::Malformed,
                },
                Ok(reply) => last = RpcError::Refused { status: reply.status },
                Err(error @ (RpcError::Transport(_) | RpcError::NoPath)) => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The members known at the moment.
    pub(crate) fn known_swarm(&self, account: &AccountId) -> Option<Vec<ServiceNode>> {
        let swarms = self.0.swarms.borrow();
        let known = swarms.known.get(account)?;
        let fresh = self.device_now().millis_since(known.at) < FRESH;
        (fresh && !known.members.is_empty()).then(|| known.members.clone())
    }

    /// Sends one account-bound request to a member; a 421 is taken in and told as [`RpcError::Moved`], trouble of the node
    /// counts against it.
    pub(crate) async fn ask_member(
        &self,
        account: &AccountId,
        node: &ServiceNode,
        request: Request,
    ) -> Result<Value, RpcError> {
        let outcome = self.rpc(node, &request).await;
        let answer = outcome.map(|reply| Answer { code: reply.status, body: reply.body });
        self.judge(account, node, answer).await
    }

    /// The same as the only member of a batch, as other clients poll.
    pub(crate) async fn ask_member_in_batch(
        &self,
        account: &AccountId,
        node: &ServiceNode,
        request: Request,
    ) -> Result<Value, RpcError> {
        let outcome = self.batch(node, vec![request]).await;
        let answer = outcome.and_then(|answers| answers.into_iter().next().ok_or(RpcError::Malformed));
        self.judge(account, node, answer).await
    }

    async fn judge(
        &self,
        account: &AccountId,
        node: &ServiceNode,
        answer: Result<Answer, RpcError>,
    ) -> Result<Value, RpcError> {
        match answer {
            Ok(Answer { code: 200, body }) => Ok(body),
            Ok(Answer { code: 421, body }) => {
                let adopted = parse_swarm(&body).is_ok_and(|swarm| {
                    // A node that is a member after all would send us round in circles.
                    !swarm.nodes.iter().any(|member| member.ed25519 == node.ed25519) && self.adopt(account, &swarm)
                });
                if !adopted {
                    self.forget_member(account, &node.ed25519);
                }
                self.remember_swarm(account).await;
                Err(RpcError::Moved)
            }
            Ok(Answer { code: status, .. }) => {
                if status >= 500 {
                    self.0.pool.borrow_mut().strike(&node.ed25519, self.device_now());
                }
                Err(RpcError::Refused { status })
            }
            Err(RpcError::Destination) => {
                self.forget_member(account, &node.ed25519);
                Err(RpcError::Destination)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes over a swarm as far as it consists of nodes that we know. False when nothing is left of it.
    fn adopt(&self, account: &AccountId, swarm: &Swarm) -> bool {
        let pool = self.0.pool.borrow();
        let mut members: Vec<ServiceNode> =
            swarm.nodes.iter().take(MAX_MEMBERS).filter_map(|node| pool.get(&node.ed25519).copied()).collect();
        members.sort_by_key(|node| node.ed25519);
        members.dedup_by_key(|node| node.ed25519);
        if members.is_empty() {
            return false;
        }
        let mut swarms = self.0.swarms.borrow_mut();
        if swarms.known.len() >= MAX_SWARMS {
            swarms.known.clear();
        }
        swarms.known.insert(*account, Known { members, at: self.device_now() });
        true
    }

    fn forget_member(&self, account: &AccountId, node: &Ed25519PublicKey) {
        let mut swarms = self.0.swarms.borrow_mut();
        if let Some(known) = swarms.known.get_mut(account) {
            known.members.retain(|member| member.ed25519 != *node);
        }
    }

    /// After a refresh of the list: members that left it are forgotten.
    pub(super) fn review_swarms(&self) {
        let pool = self.0.pool.borrow();
        for known in self.0.swarms.borrow_mut().known.values_mut() {
            known.members.retain(|member| pool.get(&member.ed25519).is_some());
        }
    }

    fn swarm_key(&self, account: &AccountId) -> Key {
        self.0.records.key::<32>(Table::Swarm, "members", &[&account.to_bytes()])
    }

    async fn remembered_swarm(&self, account: &AccountId) -> Option<Vec<ServiceNode>> {
        if self.0.swarms.borrow().known.contains_key(account) {
            // Known but empty or old: what lies in the store is no better.
            return None;
        }
        let record: SwarmRecord = self.0.records.get(&self.swarm_key(account)).await.ok().flatten()?;
        let members: Vec<ServiceNode> = {
            let pool = self.0.pool.borrow();
            let nodes = record.members.into_iter().map(ServiceNode::from);
            nodes.filter_map(|node| pool.get(&node.ed25519).copied()).collect()
        };
        self.0.swarms.borrow_mut().known.insert(*account, Known { members, at: Timestamp(record.at) });
        self.known_swarm(account)
    }

    /// A cache: failing to write it costs one question next time.
    async fn remember_swarm(&self, account: &AccountId) {
        let record = match self.0.swarms.borrow().known.get(account) {
            Some(known) => SwarmRecord {
                members: known.members.iter().map(NodeRecord::from).collect(),
                at: known.at.as_millis(),
            },
            None => return,
        };
        let mut tx = self.0.records.tx();
        tx.put(&self.swarm_key(account), &record);
        let _ = tx.commit(Durability::Relaxed).await;
    }

    fn shuffled(&self, mut members: Vec<ServiceNode>) -> Vec<ServiceNode> {
        shuffle(&mut members, &mut *self.0.ports.entropy());
        members
    }
}
