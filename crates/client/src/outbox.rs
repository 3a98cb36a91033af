//! What waits to be sent (20-messages 2.5, 4.2; screens 9.4).
//!
//! A message is sealed once, when it is written, and the sealed bytes are kept: a repeat is the same message with the same
//! hash, which a swarm holds once. It goes to the recipient's swarm first and, when that is confirmed, as a copy to our own.
//! Each conversation keeps its order; each step is written down before the next, so a crash at any point neither loses nor
//! doubles anything.

use crate::api::{ConversationId, Delivery, ErrorCode, Failure, MessageId, Timer};
use crate::conversation::{Change, Conversations};
use crate::disappear;
use crate::files::Files;
use crate::message::MessageRecord;
use crate::network::{Network, StoreFailure, Stored, backoff};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::{Owner, unzip};
use crate::store::{Key, RecordError};
use crate::wake::{Bell, either};
use futures::future::{Either, pending, select};
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{AccountId, Namespace};
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::message::proto::Content;
use onionskin_protocol::message::{self as wire, EncodeError, proto};
use onionskin_protocol::rpc::Request;
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

mod uploads;

/// Waits (ms) after the first failures, then the last one again and again; each is spread by half of it either way.
const BACKOFF: [u64; 6] = [2_000, 4_000, 8_000, 15_000, 30_000, 60_000];
/// Tried for so long (ms, waits and attempts together) a message is given up.
const GIVE_UP: u64 = 24 * 3_600_000;
/// What nobody sees and nobody could try again is refused so often before it is given up.
const REFUSALS: u8 = 5;
/// The longest time (ms) for which a message can be taken back.
const MAX_HOLD: u64 = 10_000;
/// Conversations that send at the same time.
const LANES: usize = 4;
/// Messages whose files are uploaded at the same time, beside them.
const FILE_LANES: usize = 2;
/// With nothing to do, look again after this time (ms).
const IDLE: u64 = 60_000;

/// A message under way. Its key is a running number, so entries come back in the order in which they were written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    conversation: ConversationId,
    /// Of the message on screen; control messages have none.
    pub(crate) message: Option<MessageId>,
    /// Sent timestamp (ms, network time).
    sent_at: u64,
    /// The recipient's key without its prefix.
    recipient: [u8; 32],
    /// Sealed for the recipient; gone when their swarm has it.
    data: Option<Vec<u8>>,
    /// Sealed for ourselves; gone when our swarm has it.
    copy: Option<Vec<u8>>,
    /// Its files are not all on the file server, so it is not sealed yet.
    uploading: bool,
    /// How long the swarms keep both (ms).
    life: (u64, u64),
    /// The person may take it back until then (device clock, ms).
    held_until: u64,
    confirmed: u8,
    of: u8,
    attempts: u16,
    /// How long it was tried (ms).
    tried: u64,
    failed: Option<ErrorCode>,
    /// Not before (device clock, ms).
    #[serde(skip)]
    next_at: u64,
    /// Written in this session, and never tried.
    #[serde(skip)]
    fresh: bool,
    /// So often it was refused in this session.
    #[serde(skip)]
    refused: u8,
}

type Entries = Rc<RefCell<SortedMap<u64, Entry>>>;

/// An entry that was taken out of the queue within a change. It goes back when it is dropped before that was committed.
pub(crate) struct Withdrawn {
    entries: Entries,
    number: u64,
    entry: Option<Entry>,
    left: bool,
}

impl Drop for Withdrawn {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.entries.borrow_mut().insert(self.number, entry);
        }
    }
}

impl Withdrawn {
    /// Somebody may have it nevertheless.
    pub(crate) fn may_have_left(&self) -> bool {
        self.left
    }
}

/// Entries of one lane go one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Conversation(ConversationId),
    OwnCopies,
    /// Files of the message with this number: nothing else waits for them.
    Files(u64),
}

impl Lane {
    fn is_files(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    fn has_room(&self, busy: &[Self]) -> bool {
        let alike = busy
            .iter()
            .filter(|other| other.is_files() == self.is_files());
        alike.count() < if self.is_files() { FILE_LANES } else { LANES }
    }
}

impl Entry {
    fn new(
        conversation: ConversationId,
        recipient: &AccountId,
        stamp: Timestamp,
        data: Option<Vec<u8>>,
    ) -> Self {
        Self {
            conversation,
            message: None,
            sent_at: stamp.as_millis(),
            recipient: recipient.key().0,
            data,
            copy: None,
            uploading: false,
            life: (disappear::TTL, disappear::TTL),
            held_until: 0,
            confirmed: 0,
            of: 0,
            attempts: 0,
            tried: 0,
            failed: None,
            next_at: 0,
            fresh: true,
            refused: 0,
        }
    }

    /// Not before this time (device clock, ms).
    pub(crate) fn hold(&mut self, until: u64) {
        (self.held_until, self.next_at) = (until, until);
    }

    /// The hash that the copy has in our own swarm.
    pub(crate) fn own_hash(&self, own: &AccountId) -> Option<String> {
        let copy = self.copy.as_ref()?;
        Some(message_hash(&own.swarm_id(), Namespace::DEFAULT, copy).to_string())
    }

    /// Bytes as stored.
    pub(crate) fn size(&self) -> Option<u32> {
        let data = self.data.as_ref().or(self.copy.as_ref())?;
        u32::try_from(data.len()).ok()
    }

    fn lane(&self) -> Option<Lane> {
        if self.uploading && self.failed.is_none() {
            return Some(Lane::Files(self.sent_at));
        }
        match (&self.failed, &self.data, &self.copy) {
            (Some(_), ..) => None,
            (None, Some(_), _) => Some(Lane::Conversation(self.conversation)),
            (None, None, Some(_)) => Some(Lane::OwnCopies),
            (None, None, None) => None,
        }
    }
}

/// The queue of everything that we send.
pub(crate) struct Outbox<P: Ports> {
    pub(crate) ports: Rc<P>,
    pub(crate) owner: Rc<Owner<P>>,
    pub(crate) network: Network<P>,
    pub(crate) conversations: Rc<Conversations<P>>,
    pub(crate) files: Rc<Files<P>>,
    /// When the latest reactions were sent (device clock, ms).
    pub(crate) reactions: RefCell<VecDeque<u64>>,
    entries: Entries,
    bell: Bell,
}

impl<P: Ports> Outbox<P> {
    /// Takes up what an earlier session left.
    pub(crate) async fn open(
        ports: Rc<P>,
        owner: Rc<Owner<P>>,
        network: Network<P>,
        conversations: Rc<Conversations<P>>,
        files: Rc<Files<P>>,
    ) -> Result<(Self, usize), RecordError> {
        let (found, damaged) = conversations.records.all::<Entry>(Table::Outbox).await?;
        let number = |key: &Key| key.bytes().try_into().ok().map(u64::from_be_bytes);
        let now = ports.clock().now().as_millis();
        let mut entries: SortedMap<u64, Entry> = found
            .into_iter()
            .filter_map(|(key, entry)| Some((number(&key)?, entry)))
            .collect();
        if let Some((newest, _)) = entries.last_key_value() {
            owner.used(*newest);
        }
        for entry in entries.values_mut() {
            // A clock that was set back must not hold a message for longer.
            entry.held_until = entry.held_until.min(now + MAX_HOLD);
            entry.next_at = entry.held_until;
        }
        let outbox = Self {
            ports,
            owner,
            network,
            conversations,
            files,
            reactions: RefCell::default(),
            entries: Rc::new(RefCell::new(entries)),
            bell: Bell::default(),
        };
        if damaged > 0 {
            outbox.fail_damaged().await?;
        }
        Ok((outbox, damaged))
    }

    /// Messages whose entries cannot be read are not on their way. An entry lies under the timestamp of its message.
    async fn fail_damaged(&self) -> Result<(), RecordError> {
        let own = self.owner.id().key().0;
        let records = &self.conversations.records;
        let mut change = self.conversations.change().await;
        for key in records.damaged::<Entry>(Table::Outbox).await? {
            let Ok(number) = key.bytes().try_into().map(u64::from_be_bytes) else {
                continue;
            };
            let record = change.message_by(&own, number).await?;
            let waits = record.filter(|record| {
                matches!(record.delivery, Delivery::Queued | Delivery::Held { .. })
            });
            if let Some(record) = waits {
                let delivery = Delivery::Failed(ErrorCode::VaultDamaged);
                change.set_delivery(&record.id, delivery).await?;
            }
        }
        change.commit(Durability::Strict).await
    }

    /// Messages that wait.
    pub(crate) fn waiting(&self) -> u32 {
        self.entries
            .borrow()
            .values()
            .filter(|entry| entry.failed.is_none())
            .filter(|entry| entry.data.is_some() || entry.uploading)
            .count() as u32
    }

    /// Accepts an incoming request without a word.
    pub(crate) async fn accept(
        &self,
        conversation: &ConversationId,
        quietly: bool,
    ) -> Result<(), Failure> {
        let mut change = self.conversations.change().await;
        let row = change.edit(conversation).ok_or_else(unknown_conversation)?;
        if row.approved || row.account_id() == self.owner.id() {
            return Ok(());
        }
        row.approved = true;
        let recipient = row.account_id();
        let newest = row.last.as_ref().map(|(_, last)| last.sent_at);
        if let Some(newest) = newest.filter(|_| quietly) {
            change.mark_read_quietly(conversation, newest).await?;
        }
        let stamp = self.stamp(&mut change).await?;
        let entry = self.response(*conversation, &recipient, stamp)?;
        self.commit(change, vec![entry]).await?;
        Ok(())
    }

    /// The timestamp of something that goes through the queue, where it is unique, too.
    pub(crate) async fn stamp(&self, change: &mut Change<'_, P>) -> Result<Timestamp, RecordError> {
        let taken = |stamp: u64| self.entries.borrow().contains_key(&stamp);
        self.owner.free_stamp(&self.network, change, taken).await
    }

    /// Two of them, of an acceptance and of the reply that accepts.
    pub(crate) async fn stamp_pair(
        &self,
        change: &mut Change<'_, P>,
    ) -> Result<(Timestamp, Timestamp), RecordError> {
        let taken = |stamp: u64| self.entries.borrow().contains_key(&stamp);
        self.owner.free_pair(&self.network, change, taken).await
    }

    /// Tries at once, from the beginning of the backoff.
    pub(crate) async fn retry(&self, message: &MessageId) -> Result<(), Failure> {
        let mut change = self.conversations.change().await;
        let Some(number) = self.number_of(message) else {
            return self.queue_again(change, message).await;
        };
        let Some(mut entry) = self.entries.borrow().get(&number).cloned() else {
            return Ok(());
        };
        let was_failed = entry.failed.take().is_some();
        if was_failed {
            entry.attempts = 0;
            entry.tried = 0;
            self.forgive_files(&mut change, &mut entry, message).await?;
            change.set_delivery(message, Delivery::Queued).await?;
        }
        if entry.held_until > 0 {
            entry.held_until = 0;
            change.set_delivery(message, Delivery::Queued).await?;
        }
        entry.next_at = 0;
        change.tx.put(&entry_key(number), &entry);
        change.commit(Durability::Strict).await?;
        self.entries.borrow_mut().insert(number, entry);
        self.bell.ring();
        Ok(())
    }

    /// A message that failed and whose entry was damaged gets another one.
    async fn queue_again(
        &self,
        mut change: Change<'_, P>,
        message: &MessageId,
    ) -> Result<(), Failure> {
        let lost =
            |record: &MessageRecord| record.mine && matches!(record.delivery, Delivery::Failed(_));
        let record = change.message(message).await?.filter(lost);
        let mut record = record.ok_or_else(|| {
            failure(
                ErrorCode::Internal,
                None,
                "the message is not in the outbox",
            )
        })?;
        let row = change.edit(&record.conversation);
        let partner = row.ok_or_else(unknown_conversation)?.account_id();
        let mut entry = self.entry_of(&record, &partner)?;
        entry.message = Some(record.id);
        record.delivery = Delivery::Queued;
        record.hash = entry.own_hash(&self.owner.id());
        record.size = entry.size();
        for file in &mut record.files {
            file.failed = None;
        }
        change.put(record);
        self.commit(change, vec![entry]).await?;
        Ok(())
    }

    /// Takes a message that its recipient does not have out of the queue, within the change that removes it. What they have
    /// already is still copied to our other devices.
    pub(crate) fn withdraw(
        &self,
        change: &mut Change<'_, P>,
        message: &MessageId,
    ) -> Option<Withdrawn> {
        self.take_out(change, message, |entry| {
            entry.data.is_some() || entry.confirmed == 0
        })
    }

    /// The same, with the copy for our other devices.
    pub(crate) fn withdraw_whole(
        &self,
        change: &mut Change<'_, P>,
        message: &MessageId,
    ) -> Option<Withdrawn> {
        self.take_out(change, message, |_| true)
    }

    fn take_out(
        &self,
        change: &mut Change<'_, P>,
        message: &MessageId,
        fits: impl Fn(&Entry) -> bool,
    ) -> Option<Withdrawn> {
        let number = self.number_of(message)?;
        let mut entries = self.entries.borrow_mut();
        if !entries.get(&number).is_some_and(fits) {
            return None;
        }
        let entry = entries.remove(&number)?;
        change.tx.delete(&entry_key(number));
        self.conversations.underway.borrow_mut().remove(message);
        let held = entry.held_until > self.ports.clock().now().as_millis();
        Some(Withdrawn {
            entries: Rc::clone(&self.entries),
            number,
            left: !(entry.fresh || held || entry.uploading),
            entry: Some(entry),
        })
    }

    /// Commits a change that took entries out.
    pub(crate) async fn commit_without(
        &self,
        change: Change<'_, P>,
        entries: Vec<Entry>,
        withdrawn: Vec<Withdrawn>,
    ) -> Result<(), RecordError> {
        self.commit(change, entries).await?;
        for mut taken in withdrawn {
            taken.entry.take();
        }
        Ok(())
    }

    /// The network is back, or the person asked: everything that waits for its time may go.
    pub(crate) fn hurry(&self) {
        for entry in self.entries.borrow_mut().values_mut() {
            entry.next_at = entry.held_until;
        }
        self.bell.ring();
    }

    /// Sends until dropped.
    pub(crate) async fn run(&self) {
        let mut running = FuturesUnordered::new();
        let mut busy: Vec<Lane> = Vec::new();
        loop {
            let bell = self.bell.listen();
            let network = self.network.changes();
            let mut wait = IDLE;
            // Copies for our other devices would bring back an account that was erased from the network.
            if self.network.is_ready() && self.owner.erased_at().is_none() {
                let now = self.ports.clock().now().as_millis();
                for (lane, number, next_at) in self.heads() {
                    if busy.contains(&lane) {
                        continue;
                    }
                    if next_at > now {
                        wait = wait.min(next_at - now);
                    } else if lane.has_room(&busy) {
                        busy.push(lane);
                        running.push(async move {
                            self.attempt(number).await;
                            lane
                        });
                    }
                }
            }
            let done = async {
                match running.next().await {
                    Some(lane) => lane,
                    None => pending().await,
                }
            };
            let idle = async {
                either(either(bell, network), self.ports.clock().sleep(wait)).await;
            };
            if let Either::Left((lane, _)) =
                select(std::pin::pin!(done), std::pin::pin!(idle)).await
            {
                busy.retain(|other| *other != lane);
            }
        }
    }

    /// The first entry of every lane, and when it may go.
    fn heads(&self) -> Vec<(Lane, u64, u64)> {
        let mut heads: SortedMap<Lane, (u64, u64)> = SortedMap::new();
        for (number, entry) in self.entries.borrow().iter() {
            if let Some(lane) = entry.lane() {
                heads.entry(lane).or_insert((*number, entry.next_at));
            }
        }
        heads
            .into_iter()
            .map(|(lane, (number, next_at))| (lane, number, next_at))
            .collect()
    }

    async fn attempt(&self, number: u64) {
        let Some(entry) = self.entries.borrow().get(&number).cloned() else {
            return;
        };
        if self.drop_without_message(&entry).await {
            return;
        }
        if entry.uploading {
            return self.attempt_files(number, &entry).await;
        }
        let (account, data) = match (&entry.data, &entry.copy) {
            (Some(data), _) => (AccountId::from_key(X25519PublicKey(entry.recipient)), data),
            (None, Some(copy)) => (self.owner.id(), copy),
            (None, None) => return,
        };
        if let Some(entry) = self.entries.borrow_mut().get_mut(&number) {
            entry.fresh = false;
        }
        let life = match entry.data {
            Some(_) => entry.life.0,
            None => entry.life.1,
        };
        let started = self.ports.clock().now();
        if entry.data.is_some() || entry.confirmed == 0 {
            self.show(&entry, Delivery::Sending).await;
        }
        if self.owner.erased_at().is_some() {
            return;
        }
        let hash = message_hash(&account.swarm_id(), Namespace::DEFAULT, data);
        let request = |time: Timestamp| Request::store_public(&account, data, time, life);
        let outcome = self.network.store(&account, &hash, request).await;
        let took = self.ports.clock().now().millis_since(started);
        if self.settle(number, outcome, took).await.is_err() {
            // Nothing was written down, so the same step comes again; the swarm knows the message already.
            if let Some(entry) = self.entries.borrow_mut().get_mut(&number) {
                entry.next_at = self.ports.clock().now().as_millis() + BACKOFF[BACKOFF.len() - 1];
            }
        }
    }

    /// What has not left yet goes with its message, which another device may have removed with its conversation. True when it
    /// went.
    async fn drop_without_message(&self, entry: &Entry) -> bool {
        let waits = entry.data.is_some() || entry.uploading;
        let Some(message) = entry.message.filter(|_| waits) else {
            return false;
        };
        // What cannot be read is there.
        if !matches!(self.conversations.find_message(&message).await, Ok(None)) {
            return false;
        }
        let mut change = self.conversations.change().await;
        let withdrawn = self.withdraw_whole(&mut change, &message);
        let withdrawn = withdrawn.into_iter().collect();
        // Refused by the store, it is back and comes here again.
        let _ = self.commit_without(change, Vec::new(), withdrawn).await;
        true
    }

    /// Writes down what an attempt gave.
    async fn settle(
        &self,
        number: u64,
        outcome: Result<Stored, StoreFailure>,
        took: u64,
    ) -> Result<(), RecordError> {
        let mut change = self.conversations.change().await;
        // Withdrawn meanwhile.
        let Some(mut entry) = self.entries.borrow().get(&number).cloned() else {
            return Ok(());
        };
        entry.fresh = false;
        let to_recipient = entry.data.is_some();
        let mut delivery = None;
        if let (Ok(stored), Some(id)) = (&outcome, &entry.message) {
            self.record_stored(&mut change, id, stored, &entry).await?;
        }
        match outcome {
            Ok(stored) => {
                if to_recipient {
                    entry.data = None;
                } else {
                    entry.copy = None;
                }
                if entry.confirmed == 0 {
                    (entry.confirmed, entry.of) = (stored.confirmed, stored.of);
                }
                (entry.attempts, entry.tried, entry.next_at) = (0, 0, 0);
                let (confirmed, of) = (entry.confirmed, entry.of);
                delivery = Some(match to_recipient {
                    true => Delivery::Stored { confirmed, of },
                    false => Delivery::Synced { confirmed, of },
                });
            }
            Err(error) => {
                entry.attempts = entry.attempts.saturating_add(1);
                let wait = BACKOFF[usize::from(entry.attempts - 1).min(BACKOFF.len() - 1)];
                let wait = backoff::spread(wait, &mut *self.ports.entropy());
                entry.tried = entry.tried.saturating_add(took).saturating_add(wait);
                entry.next_at = self.ports.clock().now().as_millis() + wait;
                let refused = matches!(error, StoreFailure::Rejected(_));
                entry.refused = entry.refused.saturating_add(refused.into());
                let unseen = entry.message.is_none() || !to_recipient && entry.confirmed > 0;
                let code = match error {
                    StoreFailure::Rejected(_) if unseen && entry.refused < REFUSALS => None,
                    StoreFailure::Rejected(_) => Some(ErrorCode::SendRejected),
                    StoreFailure::Later(_) if entry.tried >= GIVE_UP => {
                        Some(ErrorCode::SendExpired)
                    }
                    StoreFailure::Later(_) => None,
                };
                if let Some(code) = code {
                    // What the recipient has is sent, even when our other devices never see it.
                    if to_recipient || entry.confirmed == 0 {
                        delivery = Some(Delivery::Failed(code));
                        entry.failed = Some(code);
                    } else {
                        entry.copy = None;
                    }
                }
            }
        }
        let done = entry.data.is_none() && entry.copy.is_none()
            || entry.failed.is_some() && entry.message.is_none();
        match done {
            true => change.tx.delete(&entry_key(number)),
            false => change.tx.put(&entry_key(number), &entry),
        };
        let underway = match delivery {
            Some(_) => None,
            None if to_recipient || entry.confirmed == 0 => Some(Delivery::Retrying {
                attempt: entry.attempts,
                next_at: entry.next_at,
            }),
            None => None,
        };
        if let (Some(id), Some(delivery)) = (entry.message, delivery) {
            // Before the change tells about the message.
            self.conversations.underway.borrow_mut().remove(&id);
            if let Some(record) = change.message(&id).await?
                && record.delivery != Delivery::Read
            {
                change.set_delivery(&id, delivery).await?;
            }
        }
        change.commit(Durability::Relaxed).await?;
        match done {
            true => self.entries.borrow_mut().remove(&number),
            false => self.entries.borrow_mut().insert(number, entry.clone()),
        };
        if let Some(delivery) = underway {
            self.show(&entry, delivery).await;
        }
        Ok(())
    }

    /// Keeps what a swarm said about a message of ours, and starts its clock (20-messages 4.6).
    async fn record_stored(
        &self,
        change: &mut Change<'_, P>,
        id: &MessageId,
        stored: &Stored,
        entry: &Entry,
    ) -> Result<(), RecordError> {
        let Some(mut record) = change.message(id).await? else {
            return Ok(());
        };
        let now = self.network.now().as_millis();
        if entry.data.is_none() {
            record.swarm_expiry = Some(stored.expiry.as_millis());
        }
        if record.stored_at.is_none() {
            record.stored_at = Some(now);
            record.nodes = stored.nodes.iter().map(|node| node.0).collect();
            record.path.clone_from(&stored.path);
        }
        if record.timer != Timer::Off && record.expires_at.is_none() {
            let end = disappear::length(record.timer).map(|length| now.saturating_add(length));
            change.set_expiry(&mut record, end);
        }
        change.put(record);
        Ok(())
    }

    /// Shows a state that is not worth writing down.
    async fn show(&self, entry: &Entry, delivery: Delivery) {
        let Some(id) = entry.message else { return };
        self.conversations
            .underway
            .borrow_mut()
            .insert(id, delivery);
        if let Ok(Some(record)) = self
            .conversations
            .message(&entry.conversation, entry.sent_at, &id)
            .await
        {
            self.conversations.tell_message(&record).await;
        }
    }

    /// Tells somebody who wrote to us that we accept them.
    pub(crate) fn response(
        &self,
        conversation: ConversationId,
        recipient: &AccountId,
        stamp: Timestamp,
    ) -> Result<Entry, Failure> {
        let (profile, profile_key) = unzip(self.owner.wire_profile());
        let content = Content {
            message_request_response: Some(proto::MessageRequestResponse {
                is_approved: true,
                profile,
                profile_key,
            }),
            ..Default::default()
        };
        self.lone(conversation, recipient, &content, stamp)
    }

    /// For the recipient alone: our other devices learn nothing of it.
    pub(crate) fn lone(
        &self,
        conversation: ConversationId,
        recipient: &AccountId,
        content: &Content,
        stamp: Timestamp,
    ) -> Result<Entry, Failure> {
        let data = self.seal(recipient, content, stamp)?;
        let mut entry = Entry::new(conversation, recipient, stamp, Some(data));
        entry.life = disappear::life(content.expiry());
        Ok(entry)
    }

    /// For the recipient, unless that is we, and as a copy for our other devices (20-messages 4.2). Sealed here and never
    /// again.
    pub(crate) fn letter(
        &self,
        conversation: ConversationId,
        recipient: &AccountId,
        content: &Content,
        stamp: Timestamp,
    ) -> Result<Entry, Failure> {
        let own = self.owner.id();
        let data = match *recipient == own {
            true => None,
            false => Some(self.seal(recipient, content, stamp)?),
        };
        let copy = match content.data_message {
            Some(_) => content.sync_copy(recipient),
            None => content.clone(),
        };
        let mut entry = Entry::new(conversation, recipient, stamp, data);
        entry.copy = Some(self.seal(&own, &copy, stamp)?);
        entry.life = disappear::life(content.expiry());
        Ok(entry)
    }

    /// Commits a change together with what it queues. Only then may any of it be sent.
    pub(crate) async fn commit(
        &self,
        mut change: Change<'_, P>,
        entries: Vec<Entry>,
    ) -> Result<(), RecordError> {
        for entry in &entries {
            change.tx.put(&entry_key(entry.sent_at), entry);
        }
        change.commit(Durability::Strict).await?;
        self.entries
            .borrow_mut()
            .extend(entries.into_iter().map(|entry| (entry.sent_at, entry)));
        self.bell.ring();
        Ok(())
    }

    fn seal(
        &self,
        to: &AccountId,
        content: &Content,
        stamp: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        let mut entropy = self.ports.entropy();
        wire::encode(
            self.owner.account(),
            to.key(),
            content,
            stamp,
            &mut *entropy,
        )
        .map_err(|error| match error {
            EncodeError::TooLong(length) => {
                failure(ErrorCode::SendTooLong, u32::try_from(length).ok(), "")
            }
            EncodeError::Recipient => failure(
                ErrorCode::IdFormat,
                None,
                "no message can be sealed for this ID",
            ),
        })
    }

    fn number_of(&self, message: &MessageId) -> Option<u64> {
        let entries = self.entries.borrow();
        entries
            .iter()
            .find(|(_, entry)| entry.message.as_ref() == Some(message))
            .map(|(number, _)| *number)
    }
}

/// Timestamps of ours only grow and never repeat, so they number the queue. In clear, only the order shows.
fn entry_key(number: u64) -> Key {
    Key::raw(Table::Outbox, number.to_be_bytes().to_vec())
}

pub(crate) fn unknown_conversation() -> Failure {
    failure(ErrorCode::Internal, None, "no such conversation")
}

pub(crate) fn failure(code: ErrorCode, number: Option<u32>, detail: &str) -> Failure {
    Failure {
        code,
        number,
        detail: detail.to_owned(),
    }
}
