//! Which nodes hold an account's messages (10-network 2).
//!
//! Two nodes are asked, and every node of our own pool that one of them names is a member to us. So a lying node can neither
//! hide the members that hold our messages nor send us to nodes that do not exist; who is named wrongly answers 421. What a
//! single node says (a 421 is that) holds for a minute only.

use super::path::shuffle;
use super::pool::NodeRecord;
use super::{Network, RpcError};
use crate::ports::{Durability, Ports, Table};
use crate::store::Key;
use futures::future::join_all;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::{Answer, Swarm, parse_swarm};
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A swarm that two nodes named is asked for again after a day (ms).
const CONFIRMED: u64 = 24 * 3_600_000;
/// A swarm that one node named is asked for again so soon (ms).
const HEARSAY: u64 = 60_000;
/// Nodes that should answer.
const WANTED: usize = 2;
/// Nodes asked before that is given up.
const ASKED: usize = 5;
/// No swarm has more members.
const MAX_MEMBERS: usize = 100;
/// A member that failed is left alone so long (ms).
const BENCHED: u64 = 60_000;
/// Swarms kept in memory.
const MAX_SWARMS: usize = 4_000;

#[derive(Debug, Default)]
pub(super) struct Swarms {
    known: BTreeMap<AccountId, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    members: Vec<ServiceNode>,
    /// Members that failed, and until when the others are asked instead. They may hold what nobody else has, so they are
    /// not forgotten.
    benched: BTreeMap<Ed25519PublicKey, Timestamp>,
    /// When to ask again.
    until: Timestamp,
}

impl Known {
    fn new(members: Vec<ServiceNode>, until: Timestamp) -> Self {
        Self {
            members,
            benched: BTreeMap::new(),
            until,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SwarmRecord {
    members: Vec<NodeRecord>,
    until: u64,
}

impl<P: Ports> Network<P> {
    /// The members of an account's swarm that may be asked now, in random order; never empty.
    pub async fn swarm(&self, account: &AccountId) -> Result<Vec<ServiceNode>, RpcError> {
        if self.known_swarm(account).is_none() && !self.recall_swarm(account).await {
            self.ask_for_swarm(account).await?;
        }
        let members = self.on_duty(account);
        if members.is_empty() {
            Err(RpcError::Malformed)
        } else {
            Ok(members)
        }
    }

    async fn ask_for_swarm(&self, account: &AccountId) -> Result<(), RpcError> {
        let mut nodes = self.0.pool.borrow().usable(self.device_now());
        shuffle(&mut nodes, &mut *self.0.ports.entropy());
        nodes.truncate(ASKED);
        let request = Request::get_swarm(account);
        let mut last = RpcError::NoPath;
        let mut answers: Vec<Swarm> = Vec::with_capacity(WANTED);
        let mut asked = nodes.iter();
        while answers.len() < WANTED {
            let batch: Vec<_> = asked.by_ref().take(WANTED - answers.len()).collect();
            if batch.is_empty() {
                break;
            }
            let outcomes = join_all(batch.into_iter().map(|node| self.rpc(node, &request))).await;
            for outcome in outcomes {
                match outcome {
                    Ok(reply) if reply.status == 200 => match parse_swarm(&reply.body) {
                        Ok(swarm) => answers.push(swarm),
                        Err(_) => last = RpcError::Malformed,
                    },
                    Ok(reply) => {
                        last = RpcError::Refused {
                            status: reply.status,
                        }
                    }
                    Err(error @ (RpcError::Transport(_) | RpcError::NoPath)) => return Err(error),
                    Err(error) => last = error,
                }
            }
        }
        let holds = if answers.len() >= WANTED {
            CONFIRMED
        } else {
            HEARSAY
        };
        if answers.is_empty() || !self.adopt(account, &answers, holds) {
            return Err(last);
        }
        self.remember_swarm(account).await;
        Ok(())
    }

    /// Members that did not fail just now; all of them when each did.
    fn on_duty(&self, account: &AccountId) -> Vec<ServiceNode> {
        let swarms = self.0.swarms.borrow();
        let Some(known) = swarms.known.get(account) else {
            return Vec::new();
        };
        let now = self.device_now();
        let fit = |node: &&ServiceNode| {
            known
                .benched
                .get(&node.ed25519)
                .is_none_or(|until| *until <= now)
        };
        let mut members: Vec<ServiceNode> = known.members.iter().filter(fit).copied().collect();
        if members.is_empty() {
            members.clone_from(&known.members);
        }
        shuffle(&mut members, &mut *self.0.ports.entropy());
        members
    }

    /// The members known at the moment.
    pub(crate) fn known_swarm(&self, account: &AccountId) -> Option<Vec<ServiceNode>> {
        let swarms = self.0.swarms.borrow();
        let known = swarms.known.get(account)?;
        (self.device_now() < known.until && !known.members.is_empty())
            .then(|| known.members.clone())
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
        let answer = outcome.map(|reply| Answer {
            code: reply.status,
            body: reply.body,
        });
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
        let answer =
            outcome.and_then(|answers| answers.into_iter().next().ok_or(RpcError::Malformed));
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
                    !swarm
                        .nodes
                        .iter()
                        .any(|member| member.ed25519 == node.ed25519)
                        && self.adopt(account, &[swarm], HEARSAY)
                });
                if !adopted {
                    self.bench(account, &node.ed25519);
                }
                self.remember_swarm(account).await;
                Err(RpcError::Moved)
            }
            Ok(Answer { code: status, .. }) => {
                if status >= 500 {
                    self.0
                        .pool
                        .borrow_mut()
                        .strike(&node.ed25519, self.device_now());
                }
                Err(RpcError::Refused { status })
            }
            Err(RpcError::Destination) => {
                self.bench(account, &node.ed25519);
                Err(RpcError::Destination)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes over what nodes said, as far as they name nodes that we know. False when nothing is left of it.
    fn adopt(&self, account: &AccountId, answers: &[Swarm], holds: u64) -> bool {
        let pool = self.0.pool.borrow();
        let named = answers
            .iter()
            .flat_map(|swarm| swarm.nodes.iter().take(MAX_MEMBERS));
        let mut members: Vec<ServiceNode> = named
            .filter_map(|node| pool.get(&node.ed25519).copied())
            .collect();
        members.sort_by_key(|node| node.ed25519);
        members.dedup_by_key(|node| node.ed25519);
        if members.is_empty() {
            return false;
        }
        let mut swarms = self.0.swarms.borrow_mut();
        if swarms.known.len() >= MAX_SWARMS {
            swarms.known.clear();
        }
        swarms.known.insert(
            *account,
            Known::new(members, self.device_now().plus_millis(holds)),
        );
        true
    }

    /// Whether a member failed just now and is left alone.
    pub(super) fn is_benched(&self, account: &AccountId, node: &Ed25519PublicKey) -> bool {
        let swarms = self.0.swarms.borrow();
        let until = swarms
            .known
            .get(account)
            .and_then(|known| known.benched.get(node));
        until.is_some_and(|until| *until > self.device_now())
    }

    fn bench(&self, account: &AccountId, node: &Ed25519PublicKey) {
        let until = self.device_now().plus_millis(BENCHED);
        if let Some(known) = self.0.swarms.borrow_mut().known.get_mut(account) {
            known.benched.insert(*node, until);
        }
    }

    /// After a refresh of the list: members that left it are forgotten.
    pub(super) fn review_swarms(&self) {
        let pool = self.0.pool.borrow();
        for known in self.0.swarms.borrow_mut().known.values_mut() {
            known
                .members
                .retain(|member| pool.get(&member.ed25519).is_some());
        }
    }

    fn swarm_key(&self, account: &AccountId) -> Key {
        self.0
            .records
            .key::<32>(Table::Swarm, "members", &[&account.to_bytes()])
    }

    /// Takes up what an earlier session knew. False when that is nothing, or too old.
    async fn recall_swarm(&self, account: &AccountId) -> bool {
        if self.0.swarms.borrow().known.contains_key(account) {
            // What lies in the store is no better.
            return false;
        }
        let Ok(Some(record)) = self
            .0
            .records
            .get::<SwarmRecord>(&self.swarm_key(account))
            .await
        else {
            return false;
        };
        let members: Vec<ServiceNode> = {
            let pool = self.0.pool.borrow();
            let nodes = record.members.into_iter().map(ServiceNode::from);
            nodes
                .filter_map(|node| pool.get(&node.ed25519).copied())
                .collect()
        };
        self.0
            .swarms
            .borrow_mut()
            .known
            .insert(*account, Known::new(members, Timestamp(record.until)));
        self.known_swarm(account).is_some()
    }

    /// A cache: failing to write it costs one question next time.
    async fn remember_swarm(&self, account: &AccountId) {
        let record = match self.0.swarms.borrow().known.get(account) {
            Some(known) => SwarmRecord {
                members: known.members.iter().map(NodeRecord::from).collect(),
                until: known.until.as_millis(),
            },
            None => return,
        };
        let mut tx = self.0.records.tx();
        tx.put(&self.swarm_key(account), &record);
        let _ = tx.commit(Durability::Relaxed).await;
    }
}
