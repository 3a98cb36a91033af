//! What arrives: polling our own swarm and reading messages (10-network 7). What each of them does says `receive`.
//!
//! Nothing that arrives can stop what comes behind it: a message that does not open is put aside and the cursor moves on.
//! The effects of a run of messages and the new cursor are one transaction, so a crash repeats or skips none of them.

use crate::api::{ErrorCode, Event, Failure, RestoreStep};
use crate::conversation::{Change, Conversations};
use crate::message::{self, Place};
use crate::network::{Form, Network, RpcError, backoff};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::Owner;
use crate::receive::Parcel;
use crate::store::{Key, RecordError};
use crate::sync::{Cursors, FetchError, Sync};
use crate::wake::{Bell, either};
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{AccountId, MessageHash, Namespace};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::message::{self as wire, DecodeError, Incoming};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::response::{Retrieved, StoredMessage, parse_retrieve};
use onionskin_protocol::rpc::{Request, max_sizes};
use onionskin_protocol::sorted::SortedMap;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// After a failure while the app is not on screen, and after one of the store (ms).
const HIDDEN: u64 = 45_000;
/// Wait (ms) after a poll that failed, and the longest after many.
const RETRY: u64 = 1_000;
const MAX_RETRY: u64 = 10_000;
/// Polls of one member before another one is asked.
const STAY: u8 = 6;
/// Members asked at the first poll of a session, since each of them may lack what another one has.
const FIRST_ASKED: usize = 3;
/// Messages per transaction; between two the thread is let go.
const CHUNK: usize = 40;
/// Pages of one member in a row.
const MAX_PAGES: usize = 1_000;
/// So many at once mean that there is more, whatever the member says.
const FULL: usize = 95;
/// Pages in a row that brought nothing new.
const DULL_PAGES: usize = 20;
/// The smallest part of an answer that is asked for when answers are too large.
const SMALLEST: i64 = -128;
/// What other clients poll at a time; it decides how much each part may take (10-network 7.2).
const SHARES: [Namespace; 5] = [
    Namespace::DEFAULT,
    Namespace(2),
    Namespace(3),
    Namespace(5),
    Namespace(4),
];
/// Messages put aside at most; beyond that they are only counted.
const MAX_QUARANTINE: usize = 200;
/// Hashes are remembered this long (ms) after their message expired.
const HASH_GRACE: u64 = 24 * 3_600_000;
/// Removed messages are remembered this long (ms): swarms keep none for longer than 14 days.
const GONE_FOR: u64 = 30 * 24 * 3_600_000;
/// Expired hashes, and removed messages, that one cleaning forgets.
const SWEEP: usize = 500;
/// Between cleanings (ms).
const SWEEP_EVERY: u64 = 3_600_000;

/// A message that did not open, for another try by a later version.
#[derive(Serialize, Deserialize)]
struct Quarantined {
    data: Vec<u8>,
    reason: String,
    at: u64,
}

/// Reads our own swarm.
pub(crate) struct Inbox<P: Ports> {
    pub(crate) ports: Rc<P>,
    pub(crate) owner: Rc<Owner<P>>,
    network: Network<P>,
    pub(crate) conversations: Rc<Conversations<P>>,
    sync: Rc<Sync<P>>,
    bell: Bell,
    visible: Cell<bool>,
    /// The member that is polled, and how often it was.
    member: RefCell<Option<(Ed25519PublicKey, u8)>>,
    /// When each member had its turn, the first one at 1.
    turns: RefCell<SortedMap<Ed25519PublicKey, u64>>,
    /// The member that gave us all it had, last of all members.
    emptied: Cell<Option<Ed25519PublicKey>>,
    greeted: Cell<bool>,
    max_size: Cell<i64>,
    quarantined: Cell<usize>,
    swept_at: Cell<u64>,
}

impl<P: Ports> Inbox<P> {
    pub(crate) async fn open(
        ports: Rc<P>,
        owner: Rc<Owner<P>>,
        network: Network<P>,
        conversations: Rc<Conversations<P>>,
        sync: Rc<Sync<P>>,
    ) -> Result<Self, RecordError> {
        let (aside, damaged) = conversations
            .records
            .all::<Quarantined>(Table::Quarantine)
            .await?;
        Ok(Self {
            ports,
            owner,
            network,
            conversations,
            sync,
            bell: Bell::default(),
            visible: Cell::new(true),
            member: RefCell::default(),
            turns: RefCell::default(),
            emptied: Cell::default(),
            greeted: Cell::new(false),
            max_size: Cell::new(max_sizes(&SHARES).first().copied().unwrap_or(-2)),
            quarantined: Cell::new(aside.len() + damaged),
            swept_at: Cell::new(0),
        })
    }

    /// On screen or not.
    pub(crate) fn set_visible(&self, visible: bool) {
        if self.visible.replace(visible) != visible && visible {
            self.bell.ring();
        }
    }

    /// Poll at once.
    pub(crate) fn hurry(&self) {
        self.bell.ring();
    }

    /// Polls until dropped; never two at a time.
    pub(crate) async fn run(&self) {
        let restoring = self.owner.is_restoring();
        if restoring {
            self.tell(RestoreStep::Connecting);
        }
        self.network.until_ready().await;
        if restoring {
            self.tell(RestoreStep::Profile);
            if let Err(error) = self.sync.fetch_everywhere(self.max_size.get()).await {
                self.conversations.events.emit(Event::Problem(error.into()));
            }
            self.tell(RestoreStep::Messages);
        }
        let mut failures = 0u32;
        loop {
            self.network.until_ready().await;
            let bell = self.bell.listen();
            let pause = match self.poll().await {
                Ok(()) => {
                    failures = 0;
                    if self.owner.is_restoring() && self.owner.restored().await.is_ok() {
                        self.tell(RestoreStep::Done);
                    }
                    self.pace()
                }
                Err(PollError::Network(_)) => {
                    failures = failures.saturating_add(1);
                    let mut entropy = self.ports.entropy();
                    if self.visible.get() {
                        backoff::pause(RETRY, MAX_RETRY, failures, &mut *entropy)
                    } else {
                        backoff::spread(HIDDEN, &mut *entropy)
                    }
                }
                Err(PollError::Records(error)) => {
                    self.conversations.events.emit(Event::Problem(error.into()));
                    HIDDEN
                }
            };
            either(bell, self.ports.clock().sleep(pause)).await;
        }
    }

    /// The time (ms) until the next poll (10-network Decisions 4; screens 17, X9).
    fn pace(&self) -> u64 {
        self.network.settings().poll_every(self.visible.get())
    }

    fn tell(&self, step: RestoreStep) {
        self.conversations.events.emit(Event::Restore(step));
    }

    /// One poll: of several members the first time, of one afterwards.
    async fn poll(&self) -> Result<(), PollError> {
        self.sweep().await?;
        if !self.greeted.get() {
            self.poll_several(FIRST_ASKED).await?;
            self.greeted.set(true);
            return Ok(());
        }
        let members = self.network.swarm(&self.owner.id()).await?;
        self.drain(&self.choose(&members)).await
    }

    /// Asks so many members, one after the other. Fine when one of them answered.
    async fn poll_several(&self, count: usize) -> Result<(), PollError> {
        let members = self.network.swarm(&self.owner.id()).await?;
        let mut outcome = Err(RpcError::NoPath.into());
        for member in members.iter().take(count) {
            let drained = self.drain(member).await;
            if drained.is_ok() || outcome.is_err() {
                outcome = drained;
            }
        }
        outcome
    }

    /// Stays with a member for some polls, then goes to another one.
    fn choose(&self, members: &[ServiceNode]) -> ServiceNode {
        let mut chosen = self.member.borrow_mut();
        if let Some((key, polls)) = chosen.as_mut()
            && let Some(member) = members.iter().find(|member| member.ed25519 == *key)
            && *polls < STAY
        {
            *polls += 1;
            return *member;
        }
        // Whoever was left alone longest: something may lie at one member only.
        let mut turns = self.turns.borrow_mut();
        let turn = |member: &&ServiceNode| turns.get(&member.ed25519).copied().unwrap_or(0);
        let next = *members.iter().min_by_key(turn).unwrap_or(&members[0]);
        let latest = turns.values().max().copied().unwrap_or(0);
        turns.insert(next.ed25519, latest + 1);
        turns.retain(|key, _| members.iter().any(|member| member.ed25519 == *key));
        *chosen = Some((next.ed25519, 1));
        next
    }

    /// Takes in everything new that a member has.
    async fn drain(&self, member: &ServiceNode) -> Result<(), PollError> {
        // What a member has after its cursor is new to us, unless another member was asked in between.
        let mut settled = self.emptied.take() == Some(member.ed25519);
        let mut cursor = self.cursor(member).await?;
        // The configs come with the first page, and take effect before its messages.
        let mut configs = Some(self.sync.cursors(member).await?);
        let mut dull = 0;
        for _ in 0..MAX_PAGES {
            let retrieved = match self.retrieve(member, cursor.as_ref(), &mut configs).await {
                Ok(retrieved) => retrieved,
                Err(PollError::Network(RpcError::TooLarge)) if self.ask_for_less() => continue,
                Err(error) => {
                    *self.member.borrow_mut() = None;
                    return Err(error);
                }
            };
            let last = retrieved.last_hash.clone();
            let count = retrieved.messages.len();
            let more = retrieved.more || count + retrieved.unreadable >= FULL;
            let taken = self.take_in(member, retrieved).await?;
            if settled && cursor.is_some() && count > 0 && taken == 0 {
                // It gives out again what it gave before: it does not know the hash any more. So from the beginning.
                settled = false;
                cursor = None;
                continue;
            }
            settled = false;
            dull = if taken == 0 { dull + 1 } else { 0 };
            // A node that repeats itself for ever gives nothing new.
            if !more || last.is_none() || last == cursor || dull >= DULL_PAGES {
                break;
            }
            cursor = last;
        }
        self.emptied.set(Some(member.ed25519));
        Ok(())
    }

    /// Halves what one answer may hold. False when it is little already.
    fn ask_for_less(&self) -> bool {
        let size = self.max_size.get();
        self.max_size.set((size * 2).max(SMALLEST));
        size > SMALLEST
    }

    async fn cursor(&self, member: &ServiceNode) -> Result<Option<MessageHash>, RecordError> {
        let last: Option<String> = self
            .conversations
            .records
            .get_sound(&self.cursor_key(member))
            .await?;
        Ok(last.and_then(|text| MessageHash::parse(&text)))
    }

    async fn retrieve(
        &self,
        member: &ServiceNode,
        cursor: Option<&MessageHash>,
        configs: &mut Option<Cursors>,
    ) -> Result<Retrieved, PollError> {
        let size = self.max_size.get();
        let make = |time| {
            let account = self.owner.account();
            let messages = Request::retrieve(account, Namespace::DEFAULT, cursor, size, time);
            let configs = configs.as_ref();
            let configs = configs.map(|cursors| self.sync.requests(cursors, size, time));
            std::iter::once(messages)
                .chain(configs.into_iter().flatten())
                .collect()
        };
        let answers = self
            .network
            .ask(&self.owner.id(), member, Form::Batch, &make)
            .await?;
        let (messages, others) = answers.split_first().ok_or(RpcError::Malformed)?;
        if let Some(mut cursors) = configs.take()
            && self.sync.take_in(member, &mut cursors, others).await?
        {
            self.sync.drain(member, cursors, size).await?;
        }
        parse_retrieve(&messages.body).map_err(|_| RpcError::Malformed.into())
    }

    /// Applies what was retrieved, some messages at a time. Gives how many were new to us.
    async fn take_in(
        &self,
        member: &ServiceNode,
        retrieved: Retrieved,
    ) -> Result<usize, PollError> {
        let Retrieved {
            messages,
            last_hash,
            unreadable,
            ..
        } = retrieved;
        let (mut failed, mut taken) = (unreadable, 0);
        let mut chunks = messages.chunks(CHUNK).peekable();
        while let Some(chunk) = chunks.next() {
            let mut change = self.conversations.change().await;
            for message in chunk {
                match self.accept(&mut change, message).await? {
                    Taken::Known => {}
                    Taken::Fine => taken += 1,
                    Taken::Failed => {
                        taken += 1;
                        failed += 1;
                    }
                }
            }
            let cursor = if chunks.peek().is_some() {
                chunk.last().map(|message| &message.hash)
            } else {
                last_hash.as_ref()
            };
            self.commit(change, member, cursor).await?;
            self.ports.clock().sleep(0).await;
        }
        if messages.is_empty() && last_hash.is_some() {
            self.commit(
                self.conversations.change().await,
                member,
                last_hash.as_ref(),
            )
            .await?;
        }
        if failed > 0 {
            let detail = "messages could not be opened".to_owned();
            let problem = Failure {
                code: ErrorCode::MsgDecrypt,
                number: u32::try_from(failed).ok(),
                detail,
            };
            self.conversations.events.emit(Event::Problem(problem));
        }
        Ok(taken)
    }

    async fn commit(
        &self,
        mut change: Change<'_, P>,
        member: &ServiceNode,
        cursor: Option<&MessageHash>,
    ) -> Result<(), RecordError> {
        if let Some(hash) = cursor {
            change.tx.put(&self.cursor_key(member), hash.as_str());
        }
        change.commit(Durability::Relaxed).await
    }

    /// One stored message, unless it was seen before.
    async fn accept(
        &self,
        change: &mut Change<'_, P>,
        message: &StoredMessage,
    ) -> Result<Taken, RecordError> {
        // Our own hash of it: what the node calls it proves nothing.
        let hash = message_hash(
            &self.owner.id().swarm_id(),
            Namespace::DEFAULT,
            &message.data,
        );
        let seen_key = self.seen_key(&hash);
        let name: [u8; 32] = seen_key.bytes().try_into().unwrap_or([0; 32]);
        if !change.seen.insert(name) || self.conversations.records.has(&seen_key).await? {
            return Ok(Taken::Known);
        }
        let expiry = message.expiration.as_millis();
        change.tx.put(&seen_key, &expiry);
        change
            .tx
            .put(&self.expiry_key(expiry).then(&name[..24]), &name);
        let parcel = Parcel {
            hash: &hash,
            data: &message.data,
            stored_at: message.timestamp.as_millis(),
            expiry,
        };
        match wire::decode(self.owner.account(), &message.data) {
            Ok(incoming) => {
                if !self.is_outdated(change, &incoming, message) {
                    self.apply(change, incoming, &parcel).await?;
                }
                Ok(Taken::Fine)
            }
            Err(reason) if self.show_unopened(change, &reason, &parcel).await? => Ok(Taken::Fine),
            Err(reason) => {
                self.put_aside(change, &hash, &message.data, &reason);
                Ok(Taken::Failed)
            }
        }
    }

    /// What belongs to a conversation that was removed since does not bring it back (20-messages 4.1).
    fn is_outdated(
        &self,
        change: &Change<'_, P>,
        incoming: &Incoming,
        message: &StoredMessage,
    ) -> bool {
        // What our own devices say about messages names no conversation, and brings none back.
        if incoming.sender == self.owner.id() && incoming.content.data_message.is_none() {
            return false;
        }
        let target = incoming.content.data_message.as_ref();
        let target = target.and_then(|data| data.sync_target.as_ref());
        let partner = target.and_then(|target| target.parse::<AccountId>().ok());
        let partner = match partner {
            Some(partner) if incoming.sender == self.owner.id() => partner,
            _ => incoming.sender,
        };
        let stored_at = message.timestamp.as_millis();
        let restoring = self.owner.is_restoring();
        change.configs.is_outdated(&partner, stored_at, restoring)
    }

    fn put_aside(
        &self,
        change: &mut Change<'_, P>,
        hash: &MessageHash,
        data: &[u8],
        reason: &DecodeError,
    ) {
        if self.quarantined.get() >= MAX_QUARANTINE {
            return;
        }
        self.quarantined.set(self.quarantined.get() + 1);
        let key = self.conversations.records.key::<32>(
            Table::Quarantine,
            "hash",
            &[hash.as_str().as_bytes()],
        );
        let record = Quarantined {
            data: data.to_vec(),
            reason: reason.to_string(),
            at: change.now(),
        };
        change.tx.put(&key, &record);
    }

    /// Forgets hashes whose messages no swarm has any more, and that messages were here that nothing can bring back.
    async fn sweep(&self) -> Result<(), RecordError> {
        let now = self.ports.clock().now().as_millis();
        // By a wrong clock all of them might be over.
        if !self.network.knows_time() || now.saturating_sub(self.swept_at.get()) < SWEEP_EVERY {
            return Ok(());
        }
        self.swept_at.set(now);
        let records = &self.conversations.records;
        let over = self.network.now().as_millis().saturating_sub(HASH_GRACE);
        let (from, to) = (self.expiry_key(0), self.expiry_key(over));
        let (found, _) = records.range::<[u8; 32]>(&from, &to, false, SWEEP).await?;
        let mut tx = records.tx();
        for (key, name) in found {
            tx.delete(&key);
            tx.delete(&Key::raw(Table::Index, name.to_vec()));
        }
        let over = self.network.now().as_millis().saturating_sub(GONE_FOR);
        let (from, to) = (message::gone(records, 0), message::gone(records, over));
        let (found, _) = records.range::<()>(&from, &to, false, SWEEP).await?;
        for (key, ()) in found {
            let place = Key::raw(Table::Index, key.bytes()[24..].to_vec());
            tx.delete(&key);
            if records.get_sound(&place).await? == Some(Place { at: None }) {
                tx.delete(&place);
            }
        }
        tx.commit(Durability::Relaxed).await
    }

    /// How many messages we know to lie in our swarm, and when the first of them expires (network time, ms).
    pub(crate) async fn held(&self) -> Result<(u32, Option<u64>), RecordError> {
        let from = self.expiry_key(self.network.now().as_millis());
        let to = self.expiry_key(u64::MAX);
        let records = &self.conversations.records;
        let count = records.count(&from, &to).await?;
        let (found, _) = records.range::<[u8; 32]>(&from, &to, false, 1).await?;
        let oldest = found.first().and_then(|(key, _)| {
            let expiry = key.bytes().get(16..24)?.try_into().ok()?;
            Some(u64::from_be_bytes(expiry))
        });
        Ok((count, oldest))
    }

    /// `last_hash` is per node: members may order differently (10-network 7.3).
    fn cursor_key(&self, member: &ServiceNode) -> Key {
        let namespace = Namespace::DEFAULT.0.to_be_bytes();
        self.conversations.records.key::<32>(
            Table::Swarm,
            "last hash",
            &[&member.ed25519.0, &namespace],
        )
    }

    fn seen_key(&self, hash: &MessageHash) -> Key {
        self.conversations
            .records
            .key::<32>(Table::Index, "hash", &[hash.as_str().as_bytes()])
    }

    /// Hashes in the order in which they expire.
    fn expiry_key(&self, expiry: u64) -> Key {
        self.conversations
            .records
            .key::<16>(Table::Index, "hash expiry", &[])
            .then(&expiry.to_be_bytes())
    }
}

enum Taken {
    Known,
    Fine,
    Failed,
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Network(#[from] RpcError),
    #[error(transparent)]
    Records(#[from] RecordError),
}

impl From<FetchError> for PollError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Network(error) => Self::Network(error),
            FetchError::Records(error) => Self::Records(error),
        }
    }
}

#[cfg(test)]
mod trials;
