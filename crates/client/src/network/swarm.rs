//! Which nodes hold an account's messages (10-network 2).
//!
//! A list that nodes agreed on and that has swarm ids says it at once, without a word to anybody. Otherwise, and when a
//! member of such a swarm says 421, two nodes are asked, and every node of our own pool that one of them names is a member to
//! us. So a lying node can neither hide the members that hold our messages nor send us to nodes that do not exist; who is
//! named wrongly answers 421. What a single node says (a 421 is that) holds for a minute only.

use super::path::shuffle;
use super::pool::{NodeRecord, Pool};
use super::{Network, RpcError};
use crate::ports::{Durability, Ports, Table};
use crate::store::Key;
use futures::future::join_all;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::{Swarm, parse_swarm};
use onionskin_protocol::sorted::{SortedMap, sort, sort_by_key};
use onionskin_protocol::swarm::swarm_for;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
/// So many of a hundred nodes of the list must carry a swarm id, or swarms are asked for.
const NEARLY_ALL: usize = 90;
/// Swarms kept in memory.
const MAX_SWARMS: usize = 4_000;

#[derive(Debug, Default)]
pub(super) struct Swarms {
    known: SortedMap<AccountId, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    members: Vec<ServiceNode>,
    /// Members that failed, and until when the others are asked instead. They may hold what nobody else has, so they are
    /// not forgotten.
    benched: SortedMap<Ed25519PublicKey, Timestamp>,
    /// When to ask again.
    until: Timestamp,
    /// Worked out from the list, so a new list changes it.
    mapped: bool,
}

impl Known {
    fn new(members: Vec<ServiceNode>, until: Timestamp) -> Self {
        Self {
            members,
            benched: SortedMap::new(),
            until,
            mapped: false,
        }
    }
}

/// The members of an account's swarm as the swarm ids in the list have it. Nothing when too many nodes have none.
fn map(pool: &Pool, account: &AccountId) -> Option<Vec<ServiceNode>> {
    let mut ids: Vec<u64> = pool.nodes().filter_map(|node| node.swarm).collect();
    if ids.len() * 100 < pool.len() * NEARLY_ALL {
        return None;
    }
    sort(&mut ids);
    ids.dedup();
    let swarm = swarm_for(&account.swarm_id(), &ids)?;
    let members = pool.nodes().filter(|node| node.swarm == Some(swarm));
    Some(members.copied().collect())
}

#[derive(Serialize, Deserialize)]
struct SwarmRecord {
    members: Vec<NodeRecord>,
    until: u64,
}

impl<P: Ports> Network<P> {
    /// The members of an account's swarm that may be asked now, in random order; never empty.
    pub async fn swarm(&self, account: &AccountId) -> Result<Vec<ServiceNode>, RpcError> {
        if self.known_swarm(account).is_none()
            && !self.map_swarm(account)
            && !self.recall_swarm(account).await
        {
            self.ask_for_swarm(account).await?;
        }
        let members = self.on_duty(account);
        if members.is_empty() {
            Err(RpcError::Malformed)
        } else {
            Ok(members)
        }
    }

    /// Takes the swarm from the list. False when that does not tell: the first list of all comes from a stranger.
    fn map_swarm(&self, account: &AccountId) -> bool {
        let members = {
            let pool = self.0.pool.borrow();
            if pool.confirmed_at.is_none() {
                return false;
            }
            map(&pool, account)
        };
        let Some(members) = members else { return false };
        let until = self.device_now().plus_millis(CONFIRMED);
        self.know(
            account,
            Known {
                mapped: true,
                ..Known::new(members, until)
            },
        );
        true
    }

    fn know(&self, account: &AccountId, mut known: Known) {
        let mut swarms = self.0.swarms.borrow_mut();
        if let Some(before) = swarms.known.remove(account) {
            known.benched = before.benched;
        }
        if swarms.known.len() >= MAX_SWARMS {
            swarms.known.clear();
        }
        swarms.known.insert(*account, known);
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

    /// Members that did not fail just now, without those that are struck out while there are others; all when each failed.
    fn on_duty(&self, account: &AccountId) -> Vec<ServiceNode> {
        let swarms = self.0.swarms.borrow();
        let Some(known) = swarms.known.get(account) else {
            return Vec::new();
        };
        let (now, pool) = (self.device_now(), self.0.pool.borrow());
        let rested = |node: &&ServiceNode| {
            let benched = known.benched.get(&node.ed25519);
            benched.is_none_or(|until| *until <= now)
        };
        let usable = |node: &&ServiceNode| pool.is_usable(&node.ed25519, now);
        let rested: Vec<ServiceNode> = known.members.iter().filter(rested).copied().collect();
        let mut members: Vec<ServiceNode> = rested.iter().filter(usable).copied().collect();
        if members.is_empty() {
            members = rested;
        }
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

    /// A member says 421: the account's messages lie elsewhere.
    pub(super) async fn moved(&self, account: &AccountId, node: &ServiceNode, body: &Value) {
        let mapped = {
            let swarms = self.0.swarms.borrow();
            swarms.known.get(account).is_some_and(|known| known.mapped)
        };
        // Either the list is behind or the member lies: others know.
        if mapped && self.ask_for_swarm(account).await.is_ok() {
            self.bench(account, &node.ed25519, HEARSAY);
            return;
        }
        let adopted = parse_swarm(body).is_ok_and(|swarm| {
            // A node that is a member after all would send us round in circles.
            !swarm
                .nodes
                .iter()
                .any(|member| member.ed25519 == node.ed25519)
                && self.adopt(account, &[swarm], HEARSAY)
        });
        if !adopted {
            self.bench(account, &node.ed25519, HEARSAY);
        }
        self.remember_swarm(account).await;
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
        sort_by_key(&mut members, |node| node.ed25519);
        members.dedup_by_key(|node| node.ed25519);
        if members.is_empty() {
            return false;
        }
        drop(pool);
        let until = self.device_now().plus_millis(holds);
        self.know(account, Known::new(members, until));
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

    /// Leaves a member alone for `ms`.
    pub(super) fn bench(&self, account: &AccountId, node: &Ed25519PublicKey, ms: u64) {
        let until = self.device_now().plus_millis(ms);
        if let Some(known) = self.0.swarms.borrow_mut().known.get_mut(account) {
            known.benched.insert(*node, until);
        }
    }

    /// After a refresh of the list: swarms that came from it are worked out again, and what hops said about nodes is settled.
    /// A swarm that nodes named is asked for again when it lost or won members by the list: what a newcomer was handed may
    /// lie nowhere else by then.
    pub(super) fn review_swarms(&self) {
        self.0.suspicions.borrow_mut().clear();
        let pool = self.0.pool.borrow();
        let mut listed: SortedMap<u64, Vec<Ed25519PublicKey>> = SortedMap::new();
        for node in pool.nodes() {
            if let Some(swarm) = node.swarm {
                listed.entry(swarm).or_default().push(node.ed25519);
            }
        }
        let now = self.device_now();
        for (account, known) in self.0.swarms.borrow_mut().known.iter_mut() {
            if known.mapped {
                known.members = map(&pool, account).unwrap_or_default();
                continue;
            }
            let before = known.members.len();
            known
                .members
                .retain(|member| pool.get(&member.ed25519).is_some());
            let is_known = |key: &Ed25519PublicKey| {
                let mut members = known.members.iter();
                members.any(|member| member.ed25519 == *key)
            };
            let grown = known.members.iter().any(|member| {
                let swarm = pool.get(&member.ed25519).and_then(|node| node.swarm);
                let all = swarm.and_then(|swarm| listed.get(&swarm));
                all.is_some_and(|all| !all.iter().all(is_known))
            });
            if grown || known.members.len() < before {
                known.until = now;
            }
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
        self.know(account, Known::new(members, Timestamp(record.until)));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::NetworkProfile;
    use super::super::pool::tests::node;
    use super::*;

    fn pool(swarms: impl IntoIterator<Item = Option<u64>>) -> Pool {
        let nodes = swarms
            .into_iter()
            .zip(1u8..)
            .map(|(swarm, number)| ServiceNode {
                swarm,
                ..node(number)
            });
        let mut pool = Pool::default();
        pool.replace(nodes, &NetworkProfile::local());
        pool
    }

    /// The account of 10-network B.1, at 308072453193212310 on the circle.
    fn account() -> AccountId {
        "054701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01"
            .parse()
            .unwrap()
    }

    #[test]
    fn the_swarm_is_taken_from_a_list_with_swarm_ids() {
        let (near, far) = (
            Some(308_072_453_193_212_000),
            Some(9_000_000_000_000_000_000),
        );
        let pool = pool([near, far, near, far, far]);
        let members: Vec<_> = map(&pool, &account()).unwrap();
        assert_eq!(
            members.iter().map(|node| node.ed25519).collect::<Vec<_>>(),
            [node(1).ed25519, node(3).ed25519]
        );
    }

    #[test]
    fn a_list_in_which_too_many_nodes_have_no_swarm_says_nothing() {
        let with = |count: usize| (0..20).map(move |at| (at < count).then_some(7));
        assert_eq!(map(&pool(with(18)), &account()).unwrap().len(), 18);
        assert_eq!(map(&pool(with(17)), &account()), None);
        assert_eq!(map(&Pool::default(), &account()), None);
    }
}
