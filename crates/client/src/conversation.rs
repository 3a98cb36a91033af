//! Conversations and what happens in them: rows of the list, request states, unread counts, drafts, the timeline.
//!
//! All rows are in memory, messages are not. Whatever changes anything goes through a [`Change`]: it works on copies,
//! writes everything in one transaction, and only then shows it in memory and tells it. Changes take turns.

use crate::api::LastMessage;
use crate::api::{
    Anchor, Answer, Conversation, ConversationId, Delivery, Event, Message, MessageId, RequestState,
};
use crate::events::Events;
use crate::message::{self, MessageRecord, Place};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::clip_name;
use crate::store::{Key, RecordError, Records, Tx};
use futures::lock::{Mutex, OwnedMutexGuard};
use onionskin_protocol::entropy::draw;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::message::proto;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Messages read at a time when unread ones are counted.
const PAGE: usize = 200;
/// Longest draft kept (bytes).
const MAX_DRAFT: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConversationRecord {
    pub(crate) id: ConversationId,
    /// The other side's key without its prefix; our own for Note to Self.
    pub(crate) account: [u8; 32],
    /// Name that the other side gave.
    name: String,
    /// When they gave it (s, their word).
    name_updated: u64,
    /// We accept them (20-messages 4.3).
    pub(crate) approved: bool,
    /// They accept us.
    pub(crate) approved_me: bool,
    pub(crate) blocked: bool,
    /// Known, but nothing to show yet.
    pub(crate) hidden: bool,
    draft: String,
    last: Option<(MessageId, LastMessage)>,
    unread: u32,
    /// Everything sent up to then (ms) was seen.
    last_read: u64,
    active_at: u64,
}

impl ConversationRecord {
    fn new(id: ConversationId, account: &AccountId, now: u64) -> Self {
        Self {
            id,
            account: account.key().0,
            name: String::new(),
            name_updated: 0,
            approved: false,
            approved_me: false,
            blocked: false,
            hidden: true,
            draft: String::new(),
            last: None,
            unread: 0,
            last_read: 0,
            active_at: now,
        }
    }

    pub(crate) fn account_id(&self) -> AccountId {
        AccountId::from_key(X25519PublicKey(self.account))
    }

    /// Takes the name of a profile that is newer than what we have (20-messages 6).
    pub(crate) fn update_name(&mut self, profile: Option<&proto::LokiProfile>) {
        let Some(profile) = profile else { return };
        let updated = profile.last_profile_update_seconds.unwrap_or(0);
        if updated > self.name_updated || (updated == 0 && self.name_updated == 0) {
            self.name_updated = updated;
            if let Some(name) = &profile.display_name {
                self.name = clip_name(name.trim()).to_owned();
            }
        }
    }

    fn order(&self) -> Option<(u64, MessageId)> {
        self.last.as_ref().map(|(id, last)| (last.sent_at, *id))
    }

    fn request(&self, note_to_self: bool) -> RequestState {
        match (self.approved, self.approved_me) {
            _ if note_to_self => RequestState::None,
            (false, true) if self.last.is_some() => RequestState::Incoming,
            (true, false) => RequestState::Outgoing,
            _ => RequestState::None,
        }
    }
}

/// Delivery of messages under way: what the outbox knows and the store does not.
pub(crate) type Underway = Rc<RefCell<BTreeMap<MessageId, Delivery>>>;

/// All conversations of an account.
pub(crate) struct Conversations<P: Ports> {
    ports: Rc<P>,
    pub(crate) records: Records<P>,
    pub(crate) events: Events,
    pub(crate) underway: Underway,
    own: [u8; 32],
    book: RefCell<BTreeMap<ConversationId, ConversationRecord>>,
    by_account: RefCell<BTreeMap<[u8; 32], ConversationId>>,
    turn: Arc<Mutex<()>>,
}

impl<P: Ports> Conversations<P> {
    /// Reads all rows. Also gives how many could not be read.
    pub(crate) async fn open(
        ports: Rc<P>,
        records: Records<P>,
        events: Events,
        own: AccountId,
    ) -> Result<(Self, usize), RecordError> {
        let (rows, damaged) = records
            .all::<ConversationRecord>(Table::Conversation)
            .await?;
        let book: BTreeMap<_, _> = rows
            .into_iter()
            .map(|(_, record)| (record.id, record))
            .collect();
        let by_account = book
            .values()
            .map(|record| (record.account, record.id))
            .collect();
        let conversations = Self {
            ports,
            records,
            events,
            underway: Underway::default(),
            own: own.key().0,
            book: RefCell::new(book),
            by_account: RefCell::new(by_account),
            turn: Arc::default(),
        };
        Ok((conversations, damaged))
    }

    pub(crate) fn get(&self, id: &ConversationId) -> Option<ConversationRecord> {
        self.book.borrow().get(id).cloned()
    }

    pub(crate) fn view_of(&self, id: &ConversationId) -> Option<Conversation> {
        self.book.borrow().get(id).map(|record| self.view(record))
    }

    /// All that have something to show, newest first.
    pub(crate) fn list(&self) -> Vec<Conversation> {
        let book = self.book.borrow();
        let mut rows: Vec<_> = book
            .values()
            .filter(|record| !record.hidden)
            .map(|record| self.view(record))
            .collect();
        rows.sort_by(|one, other| {
            other
                .active_at
                .cmp(&one.active_at)
                .then(one.id.cmp(&other.id))
        });
        rows
    }

    fn view(&self, record: &ConversationRecord) -> Conversation {
        let note_to_self = record.account == self.own;
        let last = record.last.as_ref().map(|(id, last)| {
            let delivery = self
                .underway
                .borrow()
                .get(id)
                .copied()
                .unwrap_or(last.delivery);
            LastMessage {
                delivery,
                ..last.clone()
            }
        });
        Conversation {
            id: record.id,
            account_id: record.account_id().to_string(),
            note_to_self,
            name: record.name.clone(),
            last,
            unread: record.unread,
            draft: record.draft.clone(),
            request: record.request(note_to_self),
            active_at: record.active_at,
        }
    }

    pub(crate) fn view_message(&self, record: &MessageRecord) -> Message {
        let delivery = self
            .underway
            .borrow()
            .get(&record.id)
            .copied()
            .unwrap_or(record.delivery);
        record.view(delivery)
    }

    /// Where a message is, by its local name.
    pub(crate) async fn locate(
        &self,
        id: &MessageId,
    ) -> Result<Option<(ConversationId, u64)>, RecordError> {
        self.records.get(&message::id_key(&self.records, id)).await
    }

    pub(crate) async fn message(
        &self,
        conversation: &ConversationId,
        sent_at: u64,
        id: &MessageId,
    ) -> Result<Option<MessageRecord>, RecordError> {
        self.records
            .get(&message::key(&self.records, conversation, sent_at, id))
            .await
    }

    /// A page of the timeline, ascending; reads as many records as it gives and one more. Also how many were unreadable.
    pub(crate) async fn page(
        &self,
        conversation: &ConversationId,
        anchor: Anchor,
        limit: usize,
    ) -> Result<(Answer, usize), RecordError> {
        let start = message::timeline(&self.records, conversation);
        let end = message::timeline_end(&self.records, conversation);
        let at = |cursor: &crate::api::Cursor| {
            message::key(&self.records, conversation, cursor.sent_at, &cursor.message)
        };
        let (from, to, reverse) = match &anchor {
            Anchor::Newest => (start, end, true),
            Anchor::Before(cursor) => (start, at(cursor), true),
            Anchor::After(cursor) => (at(cursor).then(&[0]), end, false),
        };
        let (found, damaged) = self
            .records
            .range::<MessageRecord>(&from, &to, reverse, limit + 1)
            .await?;
        let more = found.len() + damaged > limit;
        let mut messages: Vec<Message> = found
            .iter()
            .take(limit)
            .map(|(_, record)| self.view_message(record))
            .collect();
        if reverse {
            messages.reverse();
        }
        let (more_before, more_after) = match anchor {
            Anchor::Newest => (more, false),
            Anchor::Before(_) => (more, true),
            Anchor::After(_) => (true, more),
        };
        Ok((
            Answer::Messages {
                messages,
                more_before,
                more_after,
            },
            damaged,
        ))
    }

    /// Waits for its turn and starts a change.
    pub(crate) async fn change(&self) -> Change<'_, P> {
        let turn = self.turn.clone().lock_owned().await;
        Change {
            conversations: self,
            tx: self.records.tx(),
            touched: BTreeMap::new(),
            accounts: BTreeMap::new(),
            places: BTreeMap::new(),
            messages: BTreeMap::new(),
            told: Vec::new(),
            seen: BTreeSet::new(),
            now: self.ports.clock().now().as_millis(),
            _turn: turn,
        }
    }

    /// Tells the present state of a message and of its row, when that message is its last.
    pub(crate) fn tell_message(&self, record: &MessageRecord) {
        self.events.emit(Event::Message(self.view_message(record)));
        let row = self.book.borrow().get(&record.conversation).cloned();
        if let Some(row) =
            row.filter(|row| row.last.as_ref().is_some_and(|(id, _)| *id == record.id))
        {
            self.events.emit(Event::Conversation(self.view(&row)));
        }
    }

    fn row_key(&self, id: &ConversationId) -> Key {
        self.records
            .key::<32>(Table::Conversation, "conversation", &[&id.0])
    }
}

/// What is to happen at once.
pub(crate) struct Change<'a, P: Ports> {
    conversations: &'a Conversations<P>,
    /// For records of others that belong to the same change.
    pub(crate) tx: Tx<P>,
    touched: BTreeMap<ConversationId, ConversationRecord>,
    accounts: BTreeMap<[u8; 32], ConversationId>,
    places: BTreeMap<([u8; 32], u64), Place>,
    messages: BTreeMap<MessageId, MessageRecord>,
    told: Vec<Told>,
    /// Hashes taken in by this change.
    pub(crate) seen: BTreeSet<[u8; 32]>,
    now: u64,
    _turn: OwnedMutexGuard<()>,
}

enum Told {
    Message(MessageId),
    Removed(ConversationId, MessageId),
}

impl<P: Ports> Change<'_, P> {
    /// A fresh name for a message.
    pub(crate) fn new_message_id(&self) -> MessageId {
        MessageId(draw(&mut *self.conversations.ports.entropy()))
    }

    /// The device's time (ms).
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The conversation with an account, when there is one, hidden or not.
    pub(crate) fn find(&self, account: &AccountId) -> Option<ConversationRecord> {
        let key = account.key().0;
        let id = self.accounts.get(&key).copied();
        let id = id.or_else(|| self.conversations.by_account.borrow().get(&key).copied())?;
        self.touched
            .get(&id)
            .cloned()
            .or_else(|| self.conversations.get(&id))
    }

    /// The conversation with an account, to be changed; made when there is none, hidden until something shows.
    pub(crate) fn with(&mut self, account: &AccountId) -> &mut ConversationRecord {
        let record = self.find(account).unwrap_or_else(|| {
            let id = ConversationId(draw(&mut *self.conversations.ports.entropy()));
            ConversationRecord::new(id, account, self.now)
        });
        self.accounts.insert(record.account, record.id);
        self.touched.entry(record.id).or_insert(record)
    }

    /// An existing conversation, to be changed.
    pub(crate) fn edit(&mut self, id: &ConversationId) -> Option<&mut ConversationRecord> {
        if !self.touched.contains_key(id) {
            let record = self.conversations.get(id)?;
            self.touched.insert(*id, record);
        }
        self.touched.get_mut(id)
    }

    pub(crate) fn set_draft(&mut self, id: &ConversationId, text: &str) -> bool {
        let mut end = text.len().min(MAX_DRAFT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.edit(id)
            .map(|row| text[..end].clone_into(&mut row.draft))
            .is_some()
    }

    async fn place(&self, author: &[u8; 32], sent_at: u64) -> Result<Option<Place>, RecordError> {
        if let Some(place) = self.places.get(&(*author, sent_at)) {
            return Ok(Some(*place));
        }
        let records = &self.conversations.records;
        records
            .get(&message::author_key(records, author, sent_at))
            .await
    }

    /// Puts a message into its conversation, which shows from now on. False when one with this author and timestamp is or
    /// was there.
    pub(crate) async fn add(&mut self, record: MessageRecord) -> Result<bool, RecordError> {
        if self.place(&record.author, record.sent_at).await?.is_some() {
            return Ok(false);
        }
        let place = Place {
            at: Some((record.conversation, record.id)),
        };
        self.set_place(&record.author, record.sent_at, place);
        let records = &self.conversations.records;
        self.tx.put(
            &message::key(records, &record.conversation, record.sent_at, &record.id),
            &record,
        );
        self.tx.put(
            &message::id_key(records, &record.id),
            &(record.conversation, record.sent_at),
        );
        let now = self.now;
        if let Some(row) = self.edit(&record.conversation) {
            row.hidden = false;
            row.active_at = row.active_at.max(record.sent_at.min(now));
            if row.order() < Some((record.sent_at, record.id)) {
                row.last = Some((record.id, record.summary()));
            }
            if record.asks_for_attention() && record.sent_at > row.last_read {
                row.unread = row.unread.saturating_add(1);
            }
        }
        self.told.push(Told::Message(record.id));
        self.messages.insert(record.id, record);
        Ok(true)
    }

    /// Takes a message out, wherever it is, and sees to it that it does not come back. Gives what was removed.
    pub(crate) async fn remove(
        &mut self,
        author: &[u8; 32],
        sent_at: u64,
    ) -> Result<Option<MessageRecord>, RecordError> {
        let place = self.place(author, sent_at).await?;
        self.set_place(author, sent_at, Place { at: None });
        let Some((conversation, id)) = place.and_then(|place| place.at) else {
            return Ok(None);
        };
        let records = self.conversations.records.clone();
        let record = match self.messages.remove(&id) {
            Some(record) => Some(record),
            None => {
                self.conversations
                    .message(&conversation, sent_at, &id)
                    .await?
            }
        };
        self.tx
            .delete(&message::key(&records, &conversation, sent_at, &id));
        self.tx.delete(&message::id_key(&records, &id));
        let was_last = self
            .edit(&conversation)
            .is_some_and(|row| row.last.as_ref().is_some_and(|(last, _)| *last == id));
        let newest = if was_last {
            self.newest_but(&conversation, &id).await?
        } else {
            None
        };
        if let Some(row) = self.edit(&conversation) {
            if was_last {
                row.last = newest.map(|record| (record.id, record.summary()));
            }
            if record
                .as_ref()
                .is_some_and(MessageRecord::asks_for_attention)
                && sent_at > row.last_read
            {
                row.unread = row.unread.saturating_sub(1);
            }
        }
        self.told.push(Told::Removed(conversation, id));
        Ok(record)
    }

    async fn newest_but(
        &self,
        conversation: &ConversationId,
        gone: &MessageId,
    ) -> Result<Option<MessageRecord>, RecordError> {
        let records = &self.conversations.records;
        let from = message::timeline(records, conversation);
        let to = message::timeline_end(records, conversation);
        // Messages that this change removed may still lie there.
        let limit = 2 + self
            .told
            .iter()
            .filter(|told| matches!(told, Told::Removed(..)))
            .count();
        let (found, _) = records
            .range::<MessageRecord>(&from, &to, true, limit)
            .await?;
        let removed = |id: &MessageId| {
            self.told
                .iter()
                .any(|told| matches!(told, Told::Removed(_, gone) if gone == id))
        };
        let stored = found
            .into_iter()
            .map(|(_, record)| record)
            .find(|record| record.id != *gone && !removed(&record.id));
        let added = self
            .messages
            .values()
            .filter(|record| record.conversation == *conversation && record.id != *gone);
        Ok(added
            .cloned()
            .chain(stored)
            .max_by_key(|record| (record.sent_at, record.id)))
    }

    /// Records how the delivery of a message stands. Gives the message, when it is still there.
    pub(crate) async fn set_delivery(
        &mut self,
        conversation: &ConversationId,
        sent_at: u64,
        id: &MessageId,
        delivery: Delivery,
    ) -> Result<(), RecordError> {
        let Some(mut record) = self
            .conversations
            .message(conversation, sent_at, id)
            .await?
        else {
            return Ok(());
        };
        record.delivery = delivery;
        let key = message::key(&self.conversations.records, conversation, sent_at, id);
        self.tx.put(&key, &record);
        if let Some(row) = self.edit(conversation)
            && let Some((last, summary)) = &mut row.last
            && last == id
        {
            summary.delivery = delivery;
        }
        self.told.push(Told::Message(*id));
        self.messages.insert(*id, record);
        Ok(())
    }

    /// Everything sent up to `up_to` (ms) was seen. Reads only what becomes read.
    pub(crate) async fn mark_read(
        &mut self,
        id: &ConversationId,
        up_to: u64,
    ) -> Result<(), RecordError> {
        let Some(row) = self.edit(id) else {
            return Ok(());
        };
        let (last_read, unread) = (row.last_read, row.unread);
        let newest = row.last.as_ref().map_or(0, |(_, last)| last.sent_at);
        if up_to <= last_read && (unread == 0 || up_to < newest) {
            return Ok(());
        }
        let seen = match unread {
            0 => 0,
            _ if up_to >= newest => unread,
            _ => self.count_unread(id, last_read, up_to).await?,
        };
        let now = self.now;
        if let Some(row) = self.edit(id) {
            // Somebody's clock of tomorrow must not make the messages of today read.
            row.last_read = row.last_read.max(up_to.min(now));
            row.unread = row.unread.saturating_sub(seen);
        }
        Ok(())
    }

    async fn count_unread(
        &self,
        id: &ConversationId,
        after: u64,
        up_to: u64,
    ) -> Result<u32, RecordError> {
        let records = &self.conversations.records;
        let bound =
            |time: u64| message::timeline(records, id).then(&time.saturating_add(1).to_be_bytes());
        let (mut from, to) = (bound(after), bound(up_to));
        let mut count = 0u32;
        loop {
            let (found, damaged) = records
                .range::<MessageRecord>(&from, &to, false, PAGE)
                .await?;
            count += found
                .iter()
                .filter(|(_, record)| record.asks_for_attention())
                .count() as u32;
            match found.last() {
                Some((last, _)) if found.len() + damaged == PAGE => from = last.clone().then(&[0]),
                _ => break,
            }
        }
        let added = self.messages.values().filter(|record| {
            record.conversation == *id
                && record.asks_for_attention()
                && (after.saturating_add(1)..=up_to).contains(&record.sent_at)
        });
        Ok(count + added.count() as u32)
    }

    fn set_place(&mut self, author: &[u8; 32], sent_at: u64, place: Place) {
        self.tx.put(
            &message::author_key(&self.conversations.records, author, sent_at),
            &place,
        );
        self.places.insert((*author, sent_at), place);
    }

    /// Writes it all, then shows and tells it.
    pub(crate) async fn commit(mut self, durability: Durability) -> Result<(), RecordError> {
        let conversations = self.conversations;
        self.touched
            .retain(|id, record| conversations.book.borrow().get(id) != Some(record));
        for record in self.touched.values() {
            self.tx.put(&conversations.row_key(&record.id), record);
        }
        self.tx.commit(durability).await?;
        for record in self.touched.values() {
            conversations
                .by_account
                .borrow_mut()
                .insert(record.account, record.id);
            conversations
                .book
                .borrow_mut()
                .insert(record.id, record.clone());
        }
        for record in self.touched.values().filter(|record| !record.hidden) {
            conversations
                .events
                .emit(Event::Conversation(conversations.view(record)));
        }
        for told in self.told {
            match told {
                Told::Message(id) => {
                    if let Some(record) = self.messages.get(&id) {
                        conversations
                            .events
                            .emit(Event::Message(conversations.view_message(record)));
                    }
                }
                Told::Removed(conversation, message) => {
                    conversations.events.emit(Event::MessageRemoved {
                        conversation,
                        message,
                    });
                }
            }
        }
        Ok(())
    }
}
