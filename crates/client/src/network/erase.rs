//! Having everything of our account deleted by its swarm (10-network 3.7): all messages in all namespaces.
//!
//! One member passes the request on to all others, and what a member signed counts, whoever brought it. A member whose word
//! did not come that way is asked itself, once. An answer that is too large to be read is followed by a second request, which
//! has nothing left to list.

use super::{Network, RpcError};
use crate::api::{ErasedAt, NodeErasure};
use crate::network::member::Form;
use crate::ports::{Clock, Ports};
use crate::wake::{Bell, either};
use onionskin_protocol::account::Account;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::response::{Touched, parse_delete_all};
use onionskin_protocol::rpc::{Request, Scope};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use onionskin_protocol::time::Timestamp;
use std::cell::Cell;

/// Members asked one after the other at most; no swarm has more.
const MAX_ASKED: usize = 100;
/// A request that stores may still arrive so long (ms) after it was given up: the patience for one answer.
const LATE: u64 = 10_000;

/// Members that confirmed the deletion with their signature, and how many messages each of them deleted.
pub(crate) type Confirmed = SortedMap<Ed25519PublicKey, u32>;

/// Requests that store something in our own swarm.
#[derive(Default)]
pub(super) struct OwnStores {
    /// Under way.
    count: Cell<u32>,
    /// When the last one ended (device clock).
    ended: Cell<Option<Timestamp>>,
    /// Rings when one ends.
    bell: Bell,
}

/// Counts one such request for as long as it lives.
pub(super) struct StoringOwn<'a, P: Ports>(&'a Network<P>);

impl<P: Ports> Drop for StoringOwn<'_, P> {
    fn drop(&mut self) {
        let stores = &self.0.0.own_stores;
        stores.count.set(stores.count.get().saturating_sub(1));
        stores.ended.set(Some(self.0.device_now()));
        stores.bell.ring();
    }
}

impl<P: Ports> Network<P> {
    pub(super) fn storing_own(&self) -> StoringOwn<'_, P> {
        let stores = &self.0.own_stores;
        stores.count.set(stores.count.get() + 1);
        StoringOwn(self)
    }

    /// Waits until nothing that this device sent can be stored in our own swarm any more. Whoever asks has stopped sending.
    pub(crate) async fn until_own_stores_are_over(&self) {
        let stores = &self.0.own_stores;
        loop {
            let bell = stores.bell.listen();
            let over = stores.ended.get().map(|ended| ended.plus_millis(LATE));
            let now = self.device_now();
            match over {
                _ if stores.count.get() > 0 => bell.await,
                Some(over) if over > now => {
                    // A clock that was set back must not hold anything up for longer.
                    let rest = over.millis_since(now).min(LATE);
                    either(bell, self.0.ports.clock().sleep(rest)).await;
                    if stores.count.get() == 0 {
                        stores.ended.set(None);
                    }
                }
                _ => return,
            }
        }
    }

    /// Asks the whole swarm, and tells what came of it at each member. `confirmed` has those that confirmed before, which are
    /// not asked again by themselves; the others join them. An error: nobody could be reached at all.
    pub(crate) async fn erase_own(
        &self,
        account: &Account,
        confirmed: &mut Confirmed,
    ) -> Result<Vec<ErasedAt>, RpcError> {
        let id = account.id();
        let mut asked: SortedSet<Ed25519PublicKey> = SortedSet::new();
        let mut refused: SortedSet<Ed25519PublicKey> = SortedSet::new();
        let mut unreachable = None;
        let members = loop {
            let on_duty = self.swarm(&id).await?;
            let members = self.known_swarm(&id).unwrap_or_else(|| on_duty.clone());
            let open = |node: &&ServiceNode| {
                !asked.contains(&node.ed25519) && !confirmed.contains_key(&node.ed25519)
            };
            let next = on_duty.iter().chain(&members).find(open).copied();
            let Some(node) = next.filter(|_| asked.len() < MAX_ASKED) else {
                break members;
            };
            asked.insert(node.ed25519);
            match self.erase_at(account, &node).await {
                Ok(touched) => {
                    let members = self.known_swarm(&id).unwrap_or(members);
                    for (key, deleted) in touched.confirmed {
                        if members.iter().any(|member| member.ed25519 == key) {
                            let count = confirmed.entry(key).or_default();
                            let more = u32::try_from(deleted.len()).unwrap_or(u32::MAX);
                            *count = count.saturating_add(more);
                        }
                    }
                    if !confirmed.contains_key(&node.ed25519) {
                        refused.insert(node.ed25519);
                    }
                }
                Err(RpcError::Refused { .. } | RpcError::Malformed) => {
                    refused.insert(node.ed25519);
                }
                Err(error @ (RpcError::NoPath | RpcError::Transport(_))) => {
                    unreachable = Some(error);
                    break members;
                }
                // It is no member any more, or does not answer.
                Err(_) => {}
            }
        };
        if let Some(error) = unreachable
            && confirmed.is_empty()
            && refused.is_empty()
        {
            return Err(error);
        }
        let outcome = |node: &ServiceNode| match confirmed.get(&node.ed25519) {
            Some(deleted) => NodeErasure::Confirmed { deleted: *deleted },
            None if refused.contains(&node.ed25519) => NodeErasure::Refused,
            None => NodeErasure::Silent,
        };
        let told = members.iter().map(|node| ErasedAt {
            key: node.ed25519.to_hex(),
            address: node.ip.to_string(),
            outcome: outcome(node),
        });
        Ok(told.collect())
    }

    async fn erase_at(&self, account: &Account, node: &ServiceNode) -> Result<Touched, RpcError> {
        let id = account.id();
        // The signatures are over the time of the request that was answered.
        let signed_at = Cell::new(Timestamp(0));
        let make = |time: Timestamp| {
            signed_at.set(time);
            vec![Request::delete_all(account, Scope::All, time)]
        };
        let ask = || self.ask(&id, node, Form::Alone, &make);
        let answers = match ask().await {
            Err(RpcError::TooLarge) => ask().await?,
            answered => answered?,
        };
        let body = &answers.first().ok_or(RpcError::Malformed)?.body;
        parse_delete_all(body, &id.swarm_id(), signed_at.get()).map_err(|_| RpcError::Malformed)
    }
}
