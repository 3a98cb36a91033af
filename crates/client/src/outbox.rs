//! What waits to be sent (20-messages 2.5, 4.2; screens 9.4).
//!
//! A message is sealed once, when it is written, and the sealed bytes are kept: a repeat is the same message with the same
//! hash, which a swarm holds once. It goes to the recipient's swarm first and, when that is confirmed, as a copy to our own.
//! Each conversation keeps its order; each step is written down before the next, so a crash at any point neither loses nor
//! doubles anything.

use crate::api::{ConversationId, Delivery, ErrorCode, Failure, MessageId, MessageKind};
use crate::conversation::{Change, Conversations};
use crate::message::MessageRecord;
use crate::network::{Network, StoreFailure, Stored, backoff};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::Owner;
use crate::store::{Key, RecordError};
use crate::wake::{Bell, either};
use futures::future::{Either, pending, select};
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{AccountId, Namespace};
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::message::{self as wire, EncodeError, proto};
use onionskin_protocol::rpc::Request;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most code points of a text that we send (20-messages Decisions 3).
pub(crate) const MAX_SENT: usize = 2_000;
/// Messages live 14 days in a swarm (ms).
const TTL: u64 = 14 * 24 * 3_600_000;
/// Waits (ms) after the first failures, then the last one again and again; each is spread by half of it either way.
const BACKOFF: [u64; 6] = [2_000, 4_000, 8_000, 15_000, 30_000, 60_000];
/// Tried for so long (ms, waits and attempts together) a message is given up.
const GIVE_UP: u64 = 24 * 3_600_000;
/// Conversations that send at the same time.
const LANES: usize = 4;
/// With nothing to do, look again after this time (ms).
const IDLE: u64 = 60_000;

/// A message under way. Its key is a running number, so entries come back in the order in which they were written.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    conversation: ConversationId,
    /// Of the message on screen; control messages have none.
    message: Option<MessageId>,
    /// Sent timestamp (ms, network time).
    sent_at: u64,
    /// The recipient's key without its prefix.
    recipient: [u8; 32],
    /// Sealed for the recipient; gone when their swarm has it.
    data: Option<Vec<u8>>,
    /// Sealed for ourselves; gone when our swarm has it.
    copy: Option<Vec<u8>>,
    confirmed: u8,
    of: u8,
    attempts: u16,
    /// How long it was tried (ms).
    tried: u64,
    failed: Option<ErrorCode>,
    /// Not before (device clock, ms).
    #[serde(skip)]
    next_at: u64,
}

/// Entries of one lane go one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Conversation(ConversationId),
    OwnCopies,
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
            confirmed: 0,
            of: 0,
            attempts: 0,
            tried: 0,
            failed: None,
            next_at: 0,
        }
    }

    fn lane(&self) -> Option<Lane> {
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
    ports: Rc<P>,
    owner: Rc<Owner<P>>,
    network: Network<P>,
    conversations: Rc<Conversations<P>>,
    entries: RefCell<BTreeMap<u64, Entry>>,
    bell: Bell,
}

impl<P: Ports> Outbox<P> {
    /// Takes up what an earlier session left.
    pub(crate) async fn open(
        ports: Rc<P>,
        owner: Rc<Owner<P>>,
        network: Network<P>,
        conversations: Rc<Conversations<P>>,
    ) -> Result<(Self, usize), RecordError> {
        let (found, damaged) = conversations.records.all::<Entry>(Table::Outbox).await?;
        let number = |key: &Key| key.bytes().try_into().ok().map(u64::from_be_bytes);
        let entries: BTreeMap<u64, Entry> = found
            .into_iter()
            .filter_map(|(key, entry)| Some((number(&key)?, entry)))
            .collect();
        let outbox = Self {
            ports,
            owner,
            network,
            conversations,
            entries: RefCell::new(entries),
            bell: Bell::default(),
        };
        Ok((outbox, damaged))
    }

    /// Messages that wait.
    pub(crate) fn waiting(&self) -> u32 {
        self.entries
            .borrow()
            .values()
            .filter(|entry| entry.data.is_some() && entry.failed.is_none())
            .count() as u32
    }

    /// Writes a text into its conversation and into the queue. The first one to somebody who wrote to us accepts them.
    pub(crate) async fn send_text(
        &self,
        conversation: &ConversationId,
        text: &str,
    ) -> Result<MessageRecord, Failure> {
        let text = text.trim();
        let length = text.chars().count();
        if length == 0 {
            return Err(failure(ErrorCode::Internal, None, "the message is empty"));
        }
        if length > MAX_SENT {
            return Err(failure(
                ErrorCode::SendTooLong,
                u32::try_from(length).ok(),
                "",
            ));
        }
        let mut change = self.conversations.change().await;
        let row = change.edit(conversation).ok_or_else(unknown_conversation)?;
        if row.blocked {
            return Err(failure(ErrorCode::SendBlocked, None, ""));
        }
        let recipient = row.account_id();
        let to_self = recipient == self.owner.id();
        let accepts = !to_self && !row.approved && row.approved_me;
        row.approved = true;
        let now = self.network.now();
        let mut entries = Vec::with_capacity(2);
        let sent_at = if accepts {
            let (response, reply) = self.owner.stamp_pair(now, &mut change.tx);
            entries.push(self.response(*conversation, &recipient, response)?);
            reply
        } else {
            self.owner.stamp(now, &mut change.tx)
        };
        let record = MessageRecord {
            id: change.new_message_id(),
            conversation: *conversation,
            author: self.owner.id().key().0,
            mine: true,
            kind: MessageKind::Text,
            text: text.to_owned(),
            sent_at: sent_at.as_millis(),
            received_at: change.now(),
            delivery: Delivery::Queued,
            raw: None,
        };
        let data = match to_self {
            true => None,
            false => Some(self.seal(
                &recipient,
                text_content(text, self.owner.wire_profile(), None),
                sent_at,
            )?),
        };
        let copy = text_content(text, None, Some(recipient.to_string()));
        let copy = self.seal(&self.owner.id(), copy, sent_at)?;
        let mut entry = Entry::new(*conversation, &recipient, sent_at, data);
        entry.message = Some(record.id);
        entry.copy = Some(copy);
        entries.push(entry);
        change.set_draft(conversation, "");
        change.mark_read(conversation, record.sent_at).await?;
        change.add(record.clone()).await?;
        self.commit(change, entries).await?;
        Ok(record)
    }

    /// Accepts an incoming request without a word.
    pub(crate) async fn accept(&self, conversation: &ConversationId) -> Result<(), Failure> {
        let mut change = self.conversations.change().await;
        let row = change.edit(conversation).ok_or_else(unknown_conversation)?;
        if row.approved || row.account_id() == self.owner.id() {
            return Ok(());
        }
        row.approved = true;
        let recipient = row.account_id();
        let stamp = self.owner.stamp(self.network.now(), &mut change.tx);
        let entry = self.response(*conversation, &recipient, stamp)?;
        self.commit(change, vec![entry]).await?;
        Ok(())
    }

    /// Tries at once, from the beginning of the backoff.
    pub(crate) async fn retry(&self, message: &MessageId) -> Result<(), Failure> {
        let number = self.number_of(message);
        let number = number.ok_or_else(|| {
            failure(
                ErrorCode::Internal,
                None,
                "the message is not in the outbox",
            )
        })?;
        let mut change = self.conversations.change().await;
        let Some(mut entry) = self.entries.borrow().get(&number).cloned() else {
            return Ok(());
        };
        let was_failed = entry.failed.take().is_some();
        if was_failed {
            entry.attempts = 0;
            entry.tried = 0;
            change
                .set_delivery(
                    &entry.conversation,
                    entry.sent_at,
                    message,
                    Delivery::Queued,
                )
                .await?;
        }
        entry.next_at = 0;
        change.tx.put(&entry_key(number), &entry);
        change.commit(Durability::Strict).await?;
        self.entries.borrow_mut().insert(number, entry);
        self.bell.ring();
        Ok(())
    }

    /// Takes a message that is not sent yet out of the queue, within the change that removes it.
    pub(crate) fn withdraw(&self, change: &mut Change<'_, P>, message: &MessageId) {
        let Some(number) = self.number_of(message) else {
            return;
        };
        let mut entries = self.entries.borrow_mut();
        // What the recipient has already is still copied to our other devices.
        if entries
            .get(&number)
            .is_some_and(|entry| entry.data.is_some() || entry.confirmed == 0)
        {
            change.tx.delete(&entry_key(number));
            entries.remove(&number);
            self.conversations.underway.borrow_mut().remove(message);
        }
    }

    /// The network is back, or the person asked: everything that waits for its time may go.
    pub(crate) fn hurry(&self) {
        for entry in self.entries.borrow_mut().values_mut() {
            entry.next_at = 0;
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
            if self.network.is_ready() {
                let now = self.ports.clock().now().as_millis();
                for (lane, number, next_at) in self.heads() {
                    if busy.contains(&lane) {
                        continue;
                    }
                    if next_at > now {
                        wait = wait.min(next_at - now);
                    } else if busy.len() < LANES {
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
        let mut heads: BTreeMap<Lane, (u64, u64)> = BTreeMap::new();
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
        let (account, data) = match (&entry.data, &entry.copy) {
            (Some(data), _) => (AccountId::from_key(X25519PublicKey(entry.recipient)), data),
            (None, Some(copy)) => (self.owner.id(), copy),
            (None, None) => return,
        };
        let started = self.ports.clock().now();
        if entry.data.is_some() || entry.confirmed == 0 {
            self.show(&entry, Delivery::Sending).await;
        }
        let hash = message_hash(&account.swarm_id(), Namespace::DEFAULT, data);
        let request = |time: Timestamp| Request::store_public(&account, data, time, TTL);
        let outcome = self.network.store(&account, &hash, request).await;
        let took = self.ports.clock().now().millis_since(started);
        if self.settle(number, outcome, took).await.is_err() {
            // Nothing was written down, so the same step comes again; the swarm knows the message already.
            if let Some(entry) = self.entries.borrow_mut().get_mut(&number) {
                entry.next_at = self.ports.clock().now().as_millis() + BACKOFF[BACKOFF.len() - 1];
            }
        }
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
        let to_recipient = entry.data.is_some();
        let mut delivery = None;
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
                let code = match error {
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
            change
                .set_delivery(&entry.conversation, entry.sent_at, &id, delivery)
                .await?;
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
            self.conversations.tell_message(&record);
        }
    }

    /// Tells somebody who wrote to us that we accept them.
    fn response(
        &self,
        conversation: ConversationId,
        recipient: &AccountId,
        stamp: Timestamp,
    ) -> Result<Entry, Failure> {
        let content = proto::Content {
            message_request_response: Some(proto::MessageRequestResponse {
                is_approved: true,
                profile: self.owner.wire_profile(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let data = self.seal(recipient, content, stamp)?;
        Ok(Entry::new(conversation, recipient, stamp, Some(data)))
    }

    /// Commits a change together with what it queues. Only then may any of it be sent.
    async fn commit(
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
        content: proto::Content,
        stamp: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        let mut entropy = self.ports.entropy();
        wire::encode(
            self.owner.account(),
            to.key(),
            &content,
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

fn text_content(
    text: &str,
    profile: Option<proto::LokiProfile>,
    sync_target: Option<String>,
) -> proto::Content {
    proto::Content {
        data_message: Some(proto::DataMessage {
            body: Some(text.to_owned()),
            profile,
            sync_target,
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn unknown_conversation() -> Failure {
    failure(ErrorCode::Internal, None, "no such conversation")
}

pub(crate) fn failure(code: ErrorCode, number: Option<u32>, detail: &str) -> Failure {
    Failure {
        code,
        number,
        detail: detail.to_owned(),
    }
}
