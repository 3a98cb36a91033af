//! What only the owner of an account may do in its swarm: store in private namespaces, delete, make things last
//! (10-network 3.7, 3.8, Decisions 5).
//!
//! A deletion or a new expiry counts where a member that we know has signed it.

use super::deliver::{confirmed, count};
use super::hard_fork::MULTIPLE_EXPIRIES;
use super::{Form, Network, RpcError, StoreFailure, Stored};
use crate::ports::{Durability, Ports, Table};
use crate::store::{Key, RecordError};
use onionskin_protocol::account::Account;
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{MessageHash, Namespace};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::request::MAX_BATCH;
use onionskin_protocol::rpc::response::{Answer, Expired, parse_delete, parse_expire, parse_store};
use onionskin_protocol::rpc::{ExpireMode, Request};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What the owner stores or extends lives 30 days (ms) from then on.
const LIFE: u64 = 30 * 24 * 3_600_000;
/// Extended at most once in this time (ms).
const EXTEND_EVERY: u64 = 24 * 3_600_000;
/// Hashes in one request.
const HASHES: usize = 100;
/// Marks kept at most; beyond that the oldest are forgotten, which costs an extension more.
const MAX_MARKS: usize = 1_000;

/// What became of messages that replace others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// For each that was to be stored, whether a member confirmed it.
    pub(crate) stored: Vec<bool>,
    /// A member confirmed that it deleted the old ones.
    pub(crate) deleted: bool,
}

/// What became of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Messages that at least one member says to have deleted. What it no longer held when it was asked is not among them, also
    /// when it was asked twice because the first answer was slow.
    pub deleted: SortedSet<MessageHash>,
    /// The fewest members that confirmed any part of it.
    pub confirmed: u8,
    /// Members of the swarm.
    pub of: u8,
}

/// What became of messages that should last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptAlive {
    /// They last 30 days from now, at one member at least.
    pub extended: SortedSet<MessageHash>,
    /// They were extended within the last day, so nothing was asked.
    pub fresh: SortedSet<MessageHash>,
    /// No member that answered has them: they have to be stored again.
    pub missing: SortedSet<MessageHash>,
}

/// Why it could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum KeepAliveError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] RpcError),
    /// The mark could not be read or written.
    #[error(transparent)]
    Records(#[from] RecordError),
}

/// When each message was last extended (device clock, ms).
#[derive(Default, Serialize, Deserialize)]
struct Marks(SortedMap<MessageHash, u64>);

impl<P: Ports> Network<P> {
    /// Stores in a namespace of our own that takes signed messages only, for 30 days.
    pub async fn store_own(
        &self,
        account: &Account,
        namespace: Namespace,
        data: &[u8],
    ) -> Result<Stored, StoreFailure> {
        let hash = message_hash(&account.id().swarm_id(), namespace, data);
        let request = |time| Request::store_own(account, namespace, data, time, LIFE);
        self.store(&account.id(), &hash, request).await
    }

    /// Has one member carry out requests about our account one after the other, until one fails. `make` is given the time of
    /// the network to sign with.
    pub async fn own_sequence(
        &self,
        account: &Account,
        make: impl Fn(Timestamp) -> Vec<Request>,
    ) -> Result<Vec<Answer>, RpcError> {
        let read = |_: &[ServiceNode], answers: &[Answer]| Some(answers.to_vec());
        self.ask_swarm(&account.id(), Form::Sequence, &make, read)
            .await
    }

    /// Stores in private namespaces, one after the other, and deletes what that supersedes once all of it is stored: one
    /// request to one member (30-config 7.2). Succeeds when a member confirms the first part with its signature.
    pub(crate) async fn replace_own(
        &self,
        account: &Account,
        stores: &[(Namespace, &[u8])],
        obsolete: &[MessageHash],
    ) -> Result<Replaced, RpcError> {
        let _storing = self.storing_own();
        let owner = account.id().swarm_id();
        let hashes: Vec<MessageHash> = stores
            .iter()
            .map(|(namespace, data)| message_hash(&owner, *namespace, data))
            .collect();
        let make = |time: Timestamp| {
            let stores = stores
                .iter()
                .map(|(namespace, data)| Request::store_own(account, *namespace, data, time, LIFE));
            let delete = (!obsolete.is_empty()).then(|| Request::delete(account, obsolete));
            stores.chain(delete).collect()
        };
        let read = |members: &[ServiceNode], answers: &[Answer]| {
            let is_stored = |(at, hash): (usize, &MessageHash)| {
                let stored = answers
                    .get(at)
                    .map(|answer| parse_store(&answer.body, hash));
                stored.is_some_and(|stored| {
                    stored.is_ok_and(|stored| confirmed(members, stored.confirmed.iter()) > 0)
                })
            };
            let stored: Vec<bool> = hashes.iter().enumerate().map(is_stored).collect();
            let deleted = answers.get(stores.len()).is_some_and(|answer| {
                parse_delete(&answer.body, &owner, obsolete)
                    .is_ok_and(|touched| confirmed(members, touched.confirmed.keys()) > 0)
            });
            let first = stored.first().copied().unwrap_or(deleted);
            first.then_some(Replaced { stored, deleted })
        };
        self.ask_swarm(&account.id(), Form::Sequence, &make, read)
            .await
    }

    /// Deletes messages of ours in the whole swarm. Succeeds when a member confirms with its signature, whether or not it
    /// held any of them.
    pub async fn delete_own(
        &self,
        account: &Account,
        hashes: &[MessageHash],
    ) -> Result<Removed, RpcError> {
        let owner = account.id().swarm_id();
        let mut removed = Removed {
            deleted: SortedSet::new(),
            confirmed: u8::MAX,
            of: 0,
        };
        for part in hashes.chunks(HASHES) {
            let make = |_: Timestamp| vec![Request::delete(account, part)];
            let read = |members: &[ServiceNode], answers: &[Answer]| {
                let mut touched = parse_delete(&answers.first()?.body, &owner, part).ok()?;
                keep_members(&mut touched.confirmed, members);
                let by = confirmed(members, touched.confirmed.keys());
                (by > 0).then_some((touched, by, count(members.len())))
            };
            let (touched, by, of) = self
                .ask_swarm(&account.id(), Form::Alone, &make, read)
                .await?;
            let deleted = touched.confirmed.into_values().flatten();
            removed.deleted.extend(deleted);
            removed.confirmed = removed.confirmed.min(by);
            removed.of = of;
        }
        if hashes.is_empty() {
            removed.confirmed = 0;
        }
        Ok(removed)
    }

    /// Makes messages of ours last 30 days from now, each at most once a day.
    pub async fn keep_alive(
        &self,
        account: &Account,
        hashes: &[MessageHash],
    ) -> Result<KeptAlive, KeepAliveError> {
        let mut marks: Marks = self
            .0
            .records
            .get_sound(&self.marks_key())
            .await?
            .unwrap_or_default();
        let now = self.device_now().as_millis();
        let mut kept = KeptAlive::default();
        let mut due = SortedSet::new();
        for hash in hashes {
            if marks.is_fresh(hash, now) {
                kept.fresh.insert(hash.clone());
            } else {
                due.insert(hash.clone());
            }
        }
        let due: Vec<MessageHash> = due.into_iter().collect();
        for part in due.chunks(HASHES) {
            let held = self.extend(account, part).await?;
            for hash in part {
                if held.contains(hash) {
                    marks.0.insert(hash.clone(), now);
                    kept.extended.insert(hash.clone());
                } else {
                    kept.missing.insert(hash.clone());
                }
            }
            // After every part, so that a failure of the next one does not repeat this one.
            marks.tidy(now);
            let mut tx = self.0.records.tx();
            tx.put(&self.marks_key(), &marks);
            tx.commit(Durability::Relaxed).await?;
        }
        Ok(kept)
    }

    /// Gives each message of ours a time at which it expires, within 30 days from now. Gives those that a member has. In one
    /// request where the network takes it (hard fork 19.4), else in one for each time.
    pub async fn set_expiries(
        &self,
        account: &Account,
        messages: &[(MessageHash, Timestamp)],
        mode: ExpireMode,
    ) -> Result<SortedSet<MessageHash>, RpcError> {
        let mut found = SortedSet::new();
        if self.hard_fork() >= Some(MULTIPLE_EXPIRIES) {
            for part in messages.chunks(HASHES) {
                let hashes = part.iter().map(|(hash, _)| hash.clone()).collect();
                let make = |_: Timestamp| vec![Request::expire_each(account, part, mode)];
                found.extend(self.expire(account, &make, &[hashes]).await?);
            }
            return Ok(found);
        }
        let mut by_time: SortedMap<Timestamp, Vec<MessageHash>> = SortedMap::new();
        for (hash, expiry) in messages {
            by_time.entry(*expiry).or_default().push(hash.clone());
        }
        let (times, hashes): (Vec<Timestamp>, Vec<Vec<MessageHash>>) = by_time
            .iter()
            .flat_map(|(time, hashes)| hashes.chunks(HASHES).map(|part| (*time, part.to_vec())))
            .unzip();
        for (times, hashes) in times.chunks(MAX_BATCH).zip(hashes.chunks(MAX_BATCH)) {
            let make = |_: Timestamp| {
                let each = times.iter().zip(hashes);
                each.map(|(time, hashes)| Request::expire(account, hashes, *time, mode))
                    .collect()
            };
            found.extend(self.expire(account, &make, hashes).await?);
        }
        Ok(found)
    }

    /// Sends `expire` requests, each about the hashes in the same place, and gives the messages that a member has.
    async fn expire(
        &self,
        account: &Account,
        make: &dyn Fn(Timestamp) -> Vec<Request>,
        hashes: &[Vec<MessageHash>],
    ) -> Result<SortedSet<MessageHash>, RpcError> {
        let owner = account.id().swarm_id();
        let read = |members: &[ServiceNode], answers: &[Answer]| {
            let mut found = SortedSet::new();
            for (answer, hashes) in answers.iter().zip(hashes) {
                let mut expired = parse_expire(&answer.body, &owner, hashes).ok()?;
                keep_members(&mut expired.confirmed, members);
                if expired.confirmed.is_empty() {
                    return None;
                }
                for node in expired.confirmed.into_values() {
                    found.extend(node.updated);
                    found.extend(node.unchanged.into_keys());
                }
            }
            Some(found)
        };
        self.ask_swarm(&account.id(), Form::Batch, make, read).await
    }

    /// Those of `hashes` that a member has, and that last 30 days there now.
    async fn extend(
        &self,
        account: &Account,
        hashes: &[MessageHash],
    ) -> Result<SortedSet<MessageHash>, RpcError> {
        let owner = account.id().swarm_id();
        let make = |time: Timestamp| {
            let expiry = time.plus_millis(LIFE);
            vec![Request::expire(account, hashes, expiry, ExpireMode::Extend)]
        };
        let read = |members: &[ServiceNode], answers: &[Answer]| {
            let mut expired = parse_expire(&answers.first()?.body, &owner, hashes).ok()?;
            keep_members(&mut expired.confirmed, members);
            (!expired.confirmed.is_empty()).then_some(expired)
        };
        let expired = self
            .ask_swarm(&account.id(), Form::Alone, &make, read)
            .await?;
        let enough = self.now().plus_millis(LIFE - EXTEND_EVERY);
        Ok(lasting(&expired, enough))
    }

    fn marks_key(&self) -> Key {
        self.0.records.key::<16>(Table::Swarm, "extended", &[])
    }
}

impl Marks {
    /// A mark of the future is that of a clock which was wrong.
    fn is_fresh(&self, hash: &MessageHash, now: u64) -> bool {
        self.0
            .get(hash)
            .is_some_and(|at| *at <= now && now - *at < EXTEND_EVERY)
    }

    fn tidy(&mut self, now: u64) {
        self.0
            .retain(|_, at| *at <= now && now - *at < EXTEND_EVERY);
        while self.0.len() > MAX_MARKS {
            let oldest = self.0.iter().min_by_key(|(_, at)| **at);
            let Some(oldest) = oldest.map(|(hash, _)| hash.clone()) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }
}

/// What nodes say that are no members counts for nothing.
pub(super) fn keep_members<T>(
    by_node: &mut SortedMap<Ed25519PublicKey, T>,
    members: &[ServiceNode],
) {
    by_node.retain(|key, _| members.iter().any(|node| node.ed25519 == *key));
}

/// Messages that some node keeps until `enough` at least: newer nodes leave alone what would gain too little.
fn lasting(expired: &Expired, enough: Timestamp) -> SortedSet<MessageHash> {
    let mut lasting = SortedSet::new();
    for node in expired.confirmed.values() {
        // One time for all, or one for each in their order.
        let single = node.expiries.len() == 1;
        for (at, hash) in node.updated.iter().enumerate() {
            let expiry = node.expiries.get(if single { 0 } else { at });
            if expiry.is_some_and(|expiry| *expiry >= enough) {
                lasting.insert(hash.clone());
            }
        }
        let unchanged = node.unchanged.iter();
        let long = unchanged.filter(|(_, expiry)| **expiry >= enough);
        lasting.extend(long.map(|(hash, _)| hash.clone()));
    }
    lasting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> MessageHash {
        let owner = onionskin_protocol::id::SwarmId {
            prefix: 5,
            key: [1; 32],
        };
        message_hash(&owner, Namespace(2), &number.to_be_bytes())
    }

    #[test]
    fn marks_hold_for_a_day_and_are_forgotten_then() {
        let day = EXTEND_EVERY;
        let mut marks = Marks::default();
        marks.0.insert(hash(1), day);
        assert!(marks.is_fresh(&hash(1), 2 * day - 1));
        assert!(!marks.is_fresh(&hash(1), 2 * day));
        assert!(!marks.is_fresh(&hash(1), day - 1), "the clock went back");
        assert!(!marks.is_fresh(&hash(2), day));
        for number in 0..=MAX_MARKS as u64 {
            marks.0.insert(hash(number), 2 * day + number);
        }
        marks.tidy(2 * day + 5_000);
        assert_eq!(marks.0.len(), MAX_MARKS);
        assert!(!marks.0.contains_key(&hash(0)), "the oldest goes");
    }

    #[test]
    fn a_message_lasts_only_where_its_expiry_says_so() {
        use onionskin_protocol::rpc::response::NodeExpiries;
        let node =
            |expiries: Vec<u64>, updated: Vec<u64>, unchanged: Vec<(u64, u64)>| NodeExpiries {
                expiries: expiries.into_iter().map(Timestamp).collect(),
                updated: updated.into_iter().map(hash).collect(),
                unchanged: unchanged
                    .into_iter()
                    .map(|(number, at)| (hash(number), Timestamp(at)))
                    .collect(),
            };
        let key = |number: u8| Ed25519PublicKey([number; 32]);
        let expired = Expired {
            confirmed: SortedMap::from([
                (key(1), node(vec![100], vec![1, 2], vec![(3, 99), (4, 100)])),
                (key(2), node(vec![100, 5], vec![5, 6], vec![])),
                (key(3), node(vec![], vec![7], vec![])),
            ]),
            failed: Vec::new(),
        };
        assert_eq!(
            lasting(&expired, Timestamp(100)),
            SortedSet::from([1, 2, 4, 5].map(hash))
        );
    }
}
