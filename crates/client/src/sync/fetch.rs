//! What polls bring of the configs (30-config 6.4, 7.1).
//!
//! Each member of the swarm has a cursor for each namespace. A merge, what it does to conversations and the cursors are one
//! transaction. What cannot be read is left alone: it may be from a newer client, and it stops nothing.

use super::{KINDS, Sync, effects};
use crate::api::Event;
use crate::network::{Form, RpcError};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::store::{Key, RecordError, Tx};
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_protocol::config::Kind;
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::{Answer, Retrieved, StoredMessage, parse_retrieve};
use onionskin_protocol::time::Timestamp;

/// A config may take a quarter of what the messages of a poll may take (10-network 7.2).
const SHARE: i64 = 4;
/// Pages of one member in a row.
const MAX_PAGES: usize = 50;
/// How long a restored device waits for slow members of its swarm (ms).
const RESTORE_PATIENCE: u64 = 8_000;
/// A stored message is merged so many times in a session: each member gives it once, and one that was deleted can come back
/// with a request that was under way for long. Who repeats it for ever is not heard any more.
const TIMES: u8 = 12;
/// Hashes that are remembered to be merged, at most.
const MAX_MERGED: usize = 2_000;

/// Where one member was last read, for each of [`KINDS`].
pub(crate) type Cursors = [Option<MessageHash>; KINDS.len()];

impl<P: Ports> Sync<P> {
    /// Where a member was last read.
    pub(crate) async fn cursors(&self, member: &ServiceNode) -> Result<Cursors, RecordError> {
        let mut cursors = Cursors::default();
        for (cursor, kind) in cursors.iter_mut().zip(KINDS) {
            let key = self.cursor_key(member, kind);
            let text = self.conversations.records.get_sound::<String>(&key).await?;
            *cursor = text.and_then(|text| MessageHash::parse(&text));
        }
        Ok(cursors)
    }

    /// What was deleted may come back behind something newer, so no member is read from there any more.
    pub(super) async fn forget_cursors(
        &self,
        deleted: &[MessageHash],
        tx: &mut Tx<P>,
    ) -> Result<(), RecordError> {
        let account = self.owner.id();
        for member in self.network.known_swarm(&account).unwrap_or_default() {
            let cursors = self.cursors(&member).await?;
            for (cursor, kind) in cursors.iter().zip(KINDS) {
                if cursor.as_ref().is_some_and(|hash| deleted.contains(hash)) {
                    tx.delete(&self.cursor_key(&member, kind));
                }
            }
        }
        Ok(())
    }

    /// The requests for what is behind the cursors, in the order of [`KINDS`]. `max_size` is that of the messages.
    pub(crate) fn requests(
        &self,
        cursors: &Cursors,
        max_size: i64,
        time: Timestamp,
    ) -> Vec<Request> {
        let request = |(kind, cursor): (Kind, &Option<MessageHash>)| {
            let size = max_size.saturating_mul(SHARE);
            let account = self.owner.account();
            Request::retrieve(account, kind.namespace(), cursor.as_ref(), size, time)
        };
        KINDS.into_iter().zip(cursors).map(request).collect()
    }

    /// Merges the answers to [`Self::requests`]. True when the member has more.
    pub(crate) async fn take_in(
        &self,
        member: &ServiceNode,
        cursors: &mut Cursors,
        answers: &[Answer],
    ) -> Result<bool, RecordError> {
        let mut more = false;
        let mut whole = answers.len() == KINDS.len();
        let mut retrieved: Vec<(Kind, Retrieved)> = Vec::new();
        let mut shelves: Vec<(Kind, Vec<MessageHash>)> = Vec::new();
        for ((kind, answer), cursor) in KINDS.into_iter().zip(answers).zip(cursors) {
            let Ok(answer) = parse_retrieve(&answer.body) else {
                whole = false;
                continue;
            };
            if cursor.is_none() && !answer.more {
                let all = answer.messages.iter();
                shelves.push((kind, all.map(|message| self.name(kind, message)).collect()));
            }
            if answer.last_hash.is_some() && answer.last_hash != *cursor {
                more |= answer.more;
                cursor.clone_from(&answer.last_hash);
                retrieved.push((kind, answer));
            }
        }
        if !retrieved.is_empty() {
            self.merge(member, retrieved).await?;
        }
        self.miss(member, &shelves);
        if whole && !more {
            self.settle_fetch().await?;
        }
        self.tell();
        Ok(more)
    }

    /// A member that has nothing but other versions never got ours, or lost it: then it is stored once more, since the other
    /// members may have lost it as well. A member that hides it is heeded once.
    fn miss(&self, member: &ServiceNode, shelves: &[(Kind, Vec<MessageHash>)]) {
        let configs = self.configs.get();
        for (kind, there) in shelves {
            let config = configs.config(*kind);
            let current = config.current_hashes();
            let lacks = current.iter().any(|hash| !there.contains(hash));
            let whole = config.active_hashes() == *current;
            if lacks
                && whole
                && !config.needs_push()
                && self.lacking.borrow_mut().insert((member.ed25519, *kind))
            {
                self.missing.borrow_mut().insert(*kind);
                self.configs.bell.ring();
            }
        }
    }

    /// Our own hash of a stored message: what the node calls it proves nothing.
    fn name(&self, kind: Kind, message: &StoredMessage) -> MessageHash {
        message_hash(&self.owner.id().swarm_id(), kind.namespace(), &message.data)
    }

    /// A member has nothing more. The first time in a session, changes made here may go out from now on; but not while other
    /// members may still have something newer.
    async fn settle_fetch(&self) -> Result<(), RecordError> {
        self.fetched_at.set(Some(self.now()));
        if self.gathering.get() || self.fetched.replace(true) {
            return Ok(());
        }
        if self
            .owner
            .adopt_name(&self.conversations, self.network.now())
            .await?
        {
            self.conversations
                .events
                .emit(Event::Profile(self.owner.view(&self.conversations)));
        }
        self.configs.bell.ring();
        Ok(())
    }

    async fn merge(
        &self,
        member: &ServiceNode,
        retrieved: Vec<(Kind, Retrieved)>,
    ) -> Result<(), RecordError> {
        let own = self.owner.id();
        let now = self.network.now();
        let mut change = self.conversations.change().await;
        let before = change.configs.clone();
        let (mut merged, mut unreadable) = (Vec::new(), Vec::new());
        for (
            kind,
            Retrieved {
                messages,
                last_hash,
                ..
            },
        ) in retrieved
        {
            let fresh: Vec<_> = messages
                .iter()
                .map(|message| (self.name(kind, message), message))
                .filter(|(hash, _)| self.is_fresh(hash))
                .collect();
            if let Some(last) = &last_hash {
                change.tx.put(&self.cursor_key(member, kind), last.as_str());
            }
            if fresh.is_empty() {
                continue;
            }
            let stored: Vec<_> = fresh
                .iter()
                .map(|(hash, message)| (hash.clone(), message.data.as_slice()))
                .collect();
            let outcome = change.configs.config_mut(kind).merge(&stored, now);
            let accepted = outcome.map(|merged| merged.accepted).unwrap_or_default();
            // What was stored again behind a newer version hides that one from whoever was last read there.
            if !change.configs.config(kind).needs_push() {
                let superseded = change.configs.config_mut(kind).take_obsolete();
                if !superseded.is_empty() {
                    change.configs.ledger_mut().add_obsolete(superseded);
                }
            }
            for (hash, message) in fresh {
                if !accepted.contains(&hash) {
                    unreadable.push(hash);
                    continue;
                }
                let at = message.timestamp.as_millis().min(now.as_millis());
                let ours = before.config(kind).current_hashes().contains(&hash);
                merged.push(hash);
                let ledger = change.configs.ledger_mut();
                let version = ledger.versions.entry(kind.namespace().0).or_default();
                *version = at.max(*version);
                if !ours {
                    ledger.other_device_at = ledger.other_device_at.max(Some(at));
                }
            }
        }
        effects::apply(&self.conversations, &mut change, &before, &own).await?;
        change.commit(Durability::Relaxed).await?;
        self.remember(merged, unreadable);
        let same = before.profile.data() == self.configs.get().profile.data();
        if !same {
            let events = &self.conversations.events;
            events.emit(Event::Profile(self.owner.view(&self.conversations)));
            let settings = self.conversations.shown_settings();
            if before.profile.community_requests().unwrap_or(false) != settings.community_requests {
                events.emit(Event::Settings(Box::new(settings)));
            }
        }
        Ok(())
    }

    fn is_fresh(&self, hash: &MessageHash) -> bool {
        let merged = self.merged.borrow().get(hash).copied().unwrap_or(0);
        merged < TIMES && !self.unreadable.borrow().contains(hash)
    }

    /// Counts what was merged, and keeps in mind what cannot be.
    pub(super) fn remember(&self, merged: Vec<MessageHash>, unreadable: Vec<MessageHash>) {
        let mut times = self.merged.borrow_mut();
        for hash in merged {
            let times = times.entry(hash).or_default();
            *times = times.saturating_add(1);
        }
        while times.len() > MAX_MERGED {
            times.pop_first();
        }
        let mut kept = self.unreadable.borrow_mut();
        kept.extend(unreadable);
        while kept.len() > MAX_MERGED {
            kept.pop_first();
        }
    }

    /// Takes in what a member has beyond the first page.
    pub(crate) async fn drain(
        &self,
        member: &ServiceNode,
        mut cursors: Cursors,
        max_size: i64,
    ) -> Result<(), FetchError> {
        for _ in 0..MAX_PAGES {
            let make = |time| self.requests(&cursors, max_size, time);
            let account = self.owner.id();
            let answers = self
                .network
                .ask(&account, member, Form::Batch, &make)
                .await?;
            if !self.take_in(member, &mut cursors, &answers).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A restored device asks all members at once, since each may lack what another one has, and an old version must not pass
    /// for the newest (10-network 7.4). What comes first shows first.
    pub(crate) async fn fetch_everywhere(&self, max_size: i64) -> Result<(), RecordError> {
        self.gathering.set(true);
        let gathered = self.gather(max_size).await;
        self.gathering.set(false);
        gathered?;
        if self.fetched_at.get().is_some() {
            self.settle_fetch().await?;
            self.tell();
        }
        Ok(())
    }

    async fn gather(&self, max_size: i64) -> Result<(), RecordError> {
        let Ok(members) = self.network.swarm(&self.owner.id()).await else {
            return Ok(());
        };
        let account = self.owner.id();
        let mut asked: FuturesUnordered<_> = members
            .iter()
            .map(|member| async move {
                let cursors = self.cursors(member).await?;
                let make = |time| self.requests(&cursors, max_size, time);
                let answers = self
                    .network
                    .ask(&account, member, Form::Batch, &make)
                    .await?;
                Ok::<_, FetchError>((member, cursors, answers))
            })
            .collect();
        let mut patience = std::pin::pin!(self.ports.clock().sleep(RESTORE_PATIENCE));
        loop {
            // Only the asking may be cut off, never the taking in.
            let answered = match select(asked.next(), patience).await {
                Either::Left((Some(answered), rest)) => {
                    patience = rest;
                    answered
                }
                Either::Left((None, _)) | Either::Right(_) => return Ok(()),
            };
            let taken = match answered {
                Ok((member, mut cursors, answers)) => {
                    match self.take_in(member, &mut cursors, &answers).await {
                        Ok(true) => self.drain(member, cursors, max_size).await,
                        Ok(false) => Ok(()),
                        Err(error) => Err(error.into()),
                    }
                }
                Err(error) => Err(error),
            };
            if let Err(FetchError::Records(error)) = taken {
                return Err(error);
            }
        }
    }

    fn cursor_key(&self, member: &ServiceNode, kind: Kind) -> Key {
        let namespace = kind.namespace().0.to_be_bytes();
        let records = &self.conversations.records;
        match self.configs.get().ledger.anew_of(kind) {
            0 => records.key::<32>(Table::Swarm, "last hash", &[&member.ed25519.0, &namespace]),
            // Where it was read before counts no more.
            anew => records.key::<32>(
                Table::Swarm,
                "last hash",
                &[&member.ed25519.0, &namespace, &anew.to_be_bytes()],
            ),
        }
    }
}

/// Why configs could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Network(#[from] RpcError),
    #[error(transparent)]
    Records(#[from] RecordError),
}
