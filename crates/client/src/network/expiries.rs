//! When messages of our own swarm end: asking for it, and ending them earlier (10-network 3.8, 20-messages 4.6).

use super::own::keep_members;
use super::{Form, Network, RpcError};
use crate::ports::Ports;
use onionskin_protocol::account::Account;
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::request::MAX_BATCH;
use onionskin_protocol::rpc::response::{Answer, NodeExpiries, parse_expire, parse_expiries};
use onionskin_protocol::rpc::{ExpireMode, Request};
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;

impl<P: Ports> Network<P> {
    /// Ends messages at a time, unless they end earlier already. Gives for each that some member has when it ends, as
    /// members that we know have signed it: the earliest of what they say. Times of the past count as now.
    pub(crate) async fn shorten(
        &self,
        account: &Account,
        messages: &[(MessageHash, Timestamp)],
    ) -> Result<SortedMap<MessageHash, Timestamp>, RpcError> {
        let owner = account.id().swarm_id();
        let mut ends = SortedMap::new();
        for part in messages.chunks(MAX_BATCH) {
            let make = |now: Timestamp| {
                let each = part.iter().map(|(hash, end)| {
                    let hashes = std::slice::from_ref(hash);
                    Request::expire(account, hashes, (*end).max(now), ExpireMode::Shorten)
                });
                each.collect()
            };
            let read = |members: &[ServiceNode], answers: &[Answer]| {
                let mut found = SortedMap::new();
                for (answer, (hash, _)) in answers.iter().zip(part) {
                    let hashes = std::slice::from_ref(hash);
                    let mut expired = parse_expire(&answer.body, &owner, hashes).ok()?;
                    keep_members(&mut expired.confirmed, members);
                    if expired.confirmed.is_empty() {
                        return None;
                    }
                    let ends = expired
                        .confirmed
                        .values()
                        .filter_map(|node| end_of(node, hash));
                    if let Some(end) = ends.min() {
                        found.insert(hash.clone(), end);
                    }
                }
                Some(found)
            };
            let found = self
                .ask_swarm(&account.id(), Form::Batch, &make, read)
                .await?;
            ends.extend(found);
        }
        Ok(ends)
    }

    /// When messages of ours end, as one member says; nothing of those that it does not have.
    pub(crate) async fn ends(
        &self,
        account: &Account,
        hashes: &[MessageHash],
    ) -> Result<SortedMap<MessageHash, Timestamp>, RpcError> {
        let make = |now: Timestamp| vec![Request::get_expiries(account, hashes, now)];
        let read = |_: &[ServiceNode], answers: &[Answer]| {
            let mut ends = parse_expiries(&answers.first()?.body).ok()?;
            ends.retain(|hash, _| hashes.contains(hash));
            Some(ends)
        };
        self.ask_swarm(&account.id(), Form::Alone, &make, read)
            .await
    }
}

/// What a node says about one message that it was asked for alone.
fn end_of(node: &NodeExpiries, hash: &MessageHash) -> Option<Timestamp> {
    let updated = node.updated.contains(hash).then(|| node.expiries.first());
    updated
        .flatten()
        .or_else(|| node.unchanged.get(hash))
        .copied()
}
