//! Conversations and what happens in them: rows of the list, request states, unread counts, drafts, the timeline.
//!
//! All rows are in memory, messages are not. Whatever changes anything goes through a [`Change`]: it works on copies,
//! writes everything in one transaction, and only then shows it in memory and tells it. Changes take turns.

use crate::api::{
    Anchor, Answer, Conversation, ConversationId, Delivery, Draft, ErrorCode, Event, LastMessage,
    Message, MessageId, MessageKind, Notify, Quoted, RequestState, Settings, Timer,
};
use crate::chores::{Chore, Chores};
use crate::early::{Early, EarlyRecord, EarlyWords};
use crate::events::Events;
use crate::files::{self, Transfers};
use crate::message::{self, MessageRecord, Place};
use crate::network::Network;
use crate::pins;
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::clip_name;
use crate::repair;
use crate::signals::Signals;
use crate::store::{Key, RecordError, Records, Tx};
use crate::sync::{Configs, Set, reference};
use crate::turns::{Turn, Turns};
use crate::wake::Bell;
use futures::future::join_all;
use onionskin_protocol::config::fields;
use onionskin_protocol::entropy::draw;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::message::content::Profile;
use onionskin_protocol::message::proto;
use onionskin_protocol::sorted::{SortedMap, SortedSet, sort, sort_by_key};
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::rc::Rc;

/// So far (ms) ahead of the network's time a message is believed to be of now: nodes take what is dated 10 s ahead, and our
/// own idea of the time is an estimate (10-network 3.5).
const SKEW: u64 = 60_000;
/// Messages read at a time when unread ones are counted.
const PAGE: usize = 200;
/// Longest address of a picture (bytes): what the configs take (20-messages 4.8).
const MAX_PICTURE_URL: usize = 223;
/// So far (s) ahead of the network's time a profile may have changed.
const PROFILE_SKEW: u64 = 24 * 3_600;
/// Longest draft kept (bytes).
const MAX_DRAFT: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConversationRecord {
    pub(crate) id: ConversationId,
    /// The other side's key without its prefix; our own for Note to Self.
    pub(crate) account: [u8; 32],
    /// Name that the other side gave.
    pub(crate) name: String,
    /// When they last changed their profile (s, their word).
    pub(crate) profile_updated: u64,
    /// Name that we gave them. Synced.
    pub(crate) nickname: String,
    /// Where their picture lies.
    pub(crate) picture: Option<PictureRef>,
    /// We accept them (20-messages 4.3).
    pub(crate) approved: bool,
    /// They accept us.
    pub(crate) approved_me: bool,
    pub(crate) blocked: bool,
    /// Known, but nothing to show yet.
    pub(crate) hidden: bool,
    /// Pinned when greater than 0 (30-config 11, priority). Synced.
    pub(crate) priority: i64,
    /// Synced.
    pub(crate) notify: Notify,
    /// Network time, ms. Synced.
    pub(crate) muted_until: Option<u64>,
    /// How our messages disappear. Synced.
    pub(crate) timer: Timer,
    /// When one of our devices last said so in a message (sent timestamp, ms).
    pub(crate) timer_set: u64,
    /// Sent timestamps (ms) of the latest notices of a changed timer, ours and theirs; 0: none.
    pub(crate) notice_own: u64,
    pub(crate) notice_theirs: u64,
    /// When the contact was made (s). Synced.
    pub(crate) created: u64,
    /// Marked unread by the person. Synced.
    pub(crate) marked_unread: bool,
    /// On this device only, like everything below.
    pub(crate) archived: bool,
    pub(crate) verified_at: Option<u64>,
    pub(crate) trusted: bool,
    pub(crate) note: String,
    pub(crate) label: String,
    pub(crate) draft: DraftRecord,
    pub(crate) last: Option<(MessageId, LastMessage)>,
    pub(crate) unread: u32,
    pub(crate) mentions: u32,
    /// Everything sent up to then (ms) was seen. Synced.
    pub(crate) last_read: u64,
    pub(crate) active_at: u64,
    /// On this device only.
    pub(crate) folder: String,
}

/// Where a profile picture lies, and its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PictureRef {
    pub(crate) url: String,
    /// 32 bytes; 16 from old clients.
    pub(crate) key: Vec<u8>,
}

impl std::fmt::Debug for PictureRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PictureRef(..)")
    }
}

impl PictureRef {
    /// A number that changes with the picture.
    pub(crate) fn mark(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for byte in self.url.bytes().chain(self.key.iter().copied()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash
    }
}

/// What was written and not sent. Staged files lie in their own table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DraftRecord {
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
}

impl ConversationRecord {
    pub(crate) fn new(id: ConversationId, account: &AccountId, now: u64) -> Self {
        Self {
            id,
            account: account.key().0,
            name: String::new(),
            profile_updated: 0,
            nickname: String::new(),
            picture: None,
            approved: false,
            approved_me: false,
            blocked: false,
            hidden: true,
            priority: 0,
            notify: Notify::Default,
            muted_until: None,
            timer: Timer::Off,
            timer_set: 0,
            notice_own: 0,
            notice_theirs: 0,
            created: now / 1_000,
            marked_unread: false,
            archived: false,
            verified_at: None,
            trusted: false,
            note: String::new(),
            label: String::new(),
            draft: DraftRecord::default(),
            last: None,
            unread: 0,
            mentions: 0,
            last_read: 0,
            active_at: now,
            folder: String::new(),
        }
    }

    pub(crate) fn account_id(&self) -> AccountId {
        AccountId::from_key(X25519PublicKey(self.account))
    }

    /// Takes name and picture of a profile that is newer than what we have; without a picture it has none (20-messages 6,
    /// Decisions 7). `now`: network time.
    pub(crate) fn update_profile(
        &mut self,
        profile: Option<&proto::LokiProfile>,
        key: Option<&[u8]>,
        now: Timestamp,
    ) {
        let Some(profile) = profile else { return };
        let told = profile.last_profile_update_seconds.unwrap_or(0);
        let told = fields::seconds(i64::try_from(told).unwrap_or(i64::MAX));
        // A time of the far future would hold up every change that comes after it: it is none.
        let updated = match told > now.as_millis() / 1_000 + PROFILE_SKEW {
            true => 0,
            false => told,
        };
        if updated > self.profile_updated || (updated == 0 && self.profile_updated == 0) {
            self.profile_updated = updated;
            if let Some(name) = &profile.display_name {
                self.name = clip_name(name.trim()).to_owned();
            }
            let picture = Profile::from_wire(profile, key).picture;
            let picture = picture.filter(|picture| picture.url.len() <= MAX_PICTURE_URL);
            self.picture = picture.as_ref().map(reference);
        }
    }

    fn order(&self) -> Option<(u64, MessageId)> {
        self.last.as_ref().map(|(id, last)| (last.sent_at, *id))
    }

    /// Both sides accepted each other: reactions, receipts and files may pass.
    pub(crate) fn is_accepted(&self) -> bool {
        self.approved && self.approved_me && !self.blocked
    }

    pub(crate) fn request(&self, note_to_self: bool) -> RequestState {
        match (self.approved, self.approved_me) {
            _ if note_to_self => RequestState::None,
            (false, true) if self.last.is_some() => RequestState::Incoming,
            (true, false) => RequestState::Outgoing,
            _ => RequestState::None,
        }
    }
}

/// Delivery of messages under way: what the outbox knows and the store does not.
pub(crate) type Underway = Rc<RefCell<SortedMap<MessageId, Delivery>>>;

/// All conversations of an account.
pub(crate) struct Conversations<P: Ports> {
    ports: Rc<P>,
    pub(crate) records: Records<P>,
    pub(crate) events: Events,
    pub(crate) underway: Underway,
    pub(crate) configs: Rc<Configs<P>>,
    pub(crate) transfers: Transfers,
    /// Where files wait for their message.
    pub(crate) staged: RefCell<SortedSet<ConversationId>>,
    /// Marks of the profile pictures that are here, by account.
    pub(crate) pictures: RefCell<SortedMap<[u8; 32], u64>>,
    pub(crate) network: Network<P>,
    pub(crate) settings: RefCell<Settings>,
    pub(crate) early: EarlyWords,
    pub(crate) chores: Chores,
    pub(crate) signals: Signals,
    /// Rings when a message disappears earlier than all others.
    pub(crate) timers: Bell,
    pub(crate) own: [u8; 32],
    book: RefCell<SortedMap<ConversationId, ConversationRecord>>,
    by_account: RefCell<SortedMap<[u8; 32], ConversationId>>,
    turns: Turns,
}

impl<P: Ports> Conversations<P> {
    /// Reads all rows. Also gives how many could not be read.
    pub(crate) async fn open(
        ports: Rc<P>,
        records: Records<P>,
        events: Events,
        configs: Rc<Configs<P>>,
        network: Network<P>,
        own: AccountId,
    ) -> Result<(Self, usize), RecordError> {
        let settings = crate::settings::load(&records).await?;
        let early = EarlyWords::open(&records, own.key().0).await?;
        let signals = Signals::open(&records, ports.clock().now().as_millis()).await?;
        let chores = Chores::open(&records).await?;
        let (rows, damaged) = records
            .all::<ConversationRecord>(Table::Conversation)
            .await?;
        let mut book: SortedMap<_, _> = rows
            .into_iter()
            .map(|(_, record)| (record.id, record))
            .collect();
        if damaged > 0 {
            let key = |id: &ConversationId| row_key(&records, id);
            let now = ports.clock().now().as_millis();
            let set = configs.get().clone();
            let made = repair::rows(&records, &book, &set, &own, key, now).await?;
            book.extend(made.into_iter().map(|row| (row.id, row)));
        }
        let by_account = book
            .values()
            .map(|record| (record.account, record.id))
            .collect();
        let conversations = Self {
            ports,
            records,
            events,
            underway: Underway::default(),
            configs,
            transfers: Transfers::default(),
            staged: RefCell::default(),
            pictures: RefCell::default(),
            network,
            settings: RefCell::new(settings),
            early,
            chores,
            signals,
            timers: Bell::default(),
            own: own.key().0,
            book: RefCell::new(book),
            by_account: RefCell::new(by_account),
            turns: Turns::default(),
        };
        Ok((conversations, damaged))
    }

    pub(crate) fn get(&self, id: &ConversationId) -> Option<ConversationRecord> {
        self.book.borrow().get(id).cloned()
    }

    pub(crate) fn view_of(&self, id: &ConversationId) -> Option<Conversation> {
        self.book.borrow().get(id).map(|record| self.view(record))
    }

    /// All of them, also those that show nothing.
    pub(crate) fn ids(&self) -> Vec<ConversationId> {
        self.book.borrow().keys().copied().collect()
    }

    /// All that have something to show: pinned ones in their order, then newest first.
    pub(crate) fn list(&self) -> Vec<Conversation> {
        self.views_where(|record| !record.hidden)
    }

    /// Everybody who is blocked.
    pub(crate) fn blocked(&self) -> Vec<Conversation> {
        self.views_where(|record| record.blocked)
    }

    /// Everybody whom we accepted and who is not blocked.
    pub(crate) fn contacts(&self) -> Vec<Conversation> {
        let own = self.own;
        self.views_where(|record| record.approved && !record.blocked && record.account != own)
    }

    fn views_where(&self, holds: impl Fn(&ConversationRecord) -> bool) -> Vec<Conversation> {
        let book = self.book.borrow();
        let found = book.values().filter(|record| holds(record));
        let mut rows: Vec<_> = found.map(|record| self.view(record)).collect();
        let order = |row: &Conversation| (Reverse(row.pinned), Reverse(row.active_at), row.id);
        sort_by_key(&mut rows, order);
        rows
    }

    /// The pinned ones, first one first.
    pub(crate) fn pinned(&self) -> Vec<ConversationId> {
        let book = self.book.borrow();
        let mut pinned: Vec<_> = book
            .values()
            .filter(|record| record.priority > 0)
            .map(|record| {
                (
                    Reverse(record.priority),
                    Reverse(record.active_at),
                    record.id,
                )
            })
            .collect();
        sort(&mut pinned);
        pinned.into_iter().map(|(.., id)| id).collect()
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
            nickname: record.nickname.clone(),
            // What is not here yet cannot be shown.
            avatar: record
                .picture
                .as_ref()
                .and_then(|_| self.pictures.borrow().get(&record.account).copied()),
            last,
            unread: record.unread,
            mentions: record.mentions,
            marked_unread: record.marked_unread,
            last_read: record.last_read,
            draft: record.draft.text.chars().take(200).collect(),
            drafted: !record.draft.text.trim().is_empty()
                || record.draft.reply_to.is_some()
                || self.staged.borrow().contains(&record.id),
            request: record.request(note_to_self),
            accepted: note_to_self || record.approved && record.approved_me,
            blocked: record.blocked,
            pinned: record.priority.max(0),
            archived: record.archived,
            notify: record.notify,
            muted_until: record.muted_until,
            timer: record.timer,
            verified_at: record.verified_at,
            trusted: record.trusted,
            note: record.note.clone(),
            label: record.label.clone(),
            folder: record.folder.clone(),
            active_at: record.active_at,
        }
    }

    /// What screens show of a message.
    pub(crate) async fn view_message(&self, record: &MessageRecord) -> Message {
        let delivery = self
            .underway
            .borrow()
            .get(&record.id)
            .copied()
            .unwrap_or(record.delivery);
        let mut view = record.view(delivery, &self.transfers, &self.own);
        let row = self.get(&record.conversation);
        if row.is_some_and(|row| !row.approved && row.account != self.own) {
            // Nobody reacts in a request (20-messages 4.7).
            view.reactions.clear();
        }
        if let (Some(quote), Some((author, sent_at))) = (&mut view.quote, record.quote) {
            quote.original = self.quoted(&record.conversation, &author, sent_at).await;
        }
        view
    }

    /// The original of a quote. It stands in the same conversation, or nowhere.
    async fn quoted(
        &self,
        conversation: &ConversationId,
        author: &[u8; 32],
        sent_at: u64,
    ) -> Option<Quoted> {
        let key = message::author_key(&self.records, author, sent_at);
        let place: Option<Place> = self.records.get(&key).await.ok()?;
        let (home, id) = place?.at?;
        let original = self.message(&home, sent_at, &id).await.ok()??;
        (home == *conversation).then(|| original.quoted(&self.transfers))
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

    /// A message by its local name.
    pub(crate) async fn find_message(
        &self,
        id: &MessageId,
    ) -> Result<Option<MessageRecord>, RecordError> {
        match self.locate(id).await? {
            Some((conversation, sent_at)) => self.message(&conversation, sent_at, id).await,
            None => Ok(None),
        }
    }

    /// A page of the timeline, ascending; reads as many records as it gives and one more. Also how many were unreadable.
    pub(crate) async fn page(
        &self,
        conversation: &ConversationId,
        anchor: Anchor,
        limit: usize,
    ) -> Result<(Answer, usize), RecordError> {
        if let Anchor::Around(time) = anchor {
            return self.page_around(conversation, time, limit).await;
        }
        let start = message::timeline(&self.records, conversation);
        let end = message::timeline_end(&self.records, conversation);
        let at = |cursor: &crate::api::Cursor| {
            message::key(&self.records, conversation, cursor.sent_at, &cursor.message)
        };
        let (from, to, reverse) = match &anchor {
            Anchor::Newest | Anchor::Around(_) => (start, end, true),
            Anchor::Before(cursor) => (start, at(cursor), true),
            Anchor::After(cursor) => (at(cursor).then(&[0]), end, false),
        };
        let (found, more, damaged) = self.stretch(&from, &to, reverse, limit).await?;
        let (more_before, more_after) = match anchor {
            Anchor::Newest => (more, false),
            Anchor::Before(_) => (more, true),
            Anchor::After(_) | Anchor::Around(_) => (true, more),
        };
        let answer = Answer::Messages {
            messages: self.view_all(&found).await,
            more_before,
            more_after,
        };
        Ok((answer, damaged))
    }

    /// Half of the page up to a time, half after it; where one side has less, the other one gives more.
    async fn page_around(
        &self,
        conversation: &ConversationId,
        time: u64,
        limit: usize,
    ) -> Result<(Answer, usize), RecordError> {
        let start = message::timeline(&self.records, conversation);
        let end = message::timeline_end(&self.records, conversation);
        let middle = start.clone().then(&time.saturating_add(1).to_be_bytes());
        let (mut before, mut more_before, damaged_before) =
            self.stretch(&start, &middle, true, limit).await?;
        let half = limit.div_ceil(2).max(limit.saturating_sub(before.len()));
        let (mut after, mut more_after, damaged_after) =
            self.stretch(&middle, &end, false, half).await?;
        let room = limit - after.len().min(limit / 2);
        if before.len() > room {
            before.drain(..before.len() - room);
            more_before = true;
        }
        let room = limit - before.len();
        if after.len() > room {
            after.truncate(room);
            more_after = true;
        }
        before.append(&mut after);
        let answer = Answer::Messages {
            messages: self.view_all(&before).await,
            more_before,
            more_after,
        };
        Ok((answer, damaged_before + damaged_after))
    }

    /// At most `limit` records between two keys, ascending; whether there are more; how many were unreadable.
    async fn stretch(
        &self,
        from: &Key,
        to: &Key,
        reverse: bool,
        limit: usize,
    ) -> Result<(Vec<MessageRecord>, bool, usize), RecordError> {
        let (mut found, damaged) = self
            .records
            .range::<MessageRecord>(from, to, reverse, limit + 1)
            .await?;
        let more = found.len() + damaged > limit;
        found.truncate(limit);
        let mut found: Vec<_> = found.into_iter().map(|(_, record)| record).collect();
        if reverse {
            found.reverse();
        }
        Ok((found, more, damaged))
    }

    /// The first messages of a conversation.
    pub(crate) async fn oldest(
        &self,
        conversation: &ConversationId,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, RecordError> {
        let start = message::timeline(&self.records, conversation);
        let end = message::timeline_end(&self.records, conversation);
        Ok(self.stretch(&start, &end, false, limit).await?.0)
    }

    /// Quoted originals are read all at once: the store answers many small questions together much sooner.
    pub(crate) async fn view_all(&self, records: &[MessageRecord]) -> Vec<Message> {
        join_all(records.iter().map(|record| self.view_message(record))).await
    }

    /// Unsent text. Staged files lie elsewhere.
    pub(crate) fn draft(&self, id: &ConversationId) -> Option<Draft> {
        let row = self.get(id)?;
        Some(Draft {
            text: row.draft.text,
            reply_to: row.draft.reply_to,
            files: Vec::new(),
        })
    }

    /// Marks messages for the person alone.
    pub(crate) async fn mark(
        &self,
        messages: &[MessageId],
        with: impl Fn(&mut MessageRecord),
    ) -> Result<(), RecordError> {
        let mut change = self.change().await;
        for message in messages {
            if let Some(before) = change.message(message).await? {
                let mut record = before.clone();
                with(&mut record);
                if record != before {
                    change.put(record);
                }
            }
        }
        change.commit(Durability::Strict).await
    }

    /// Where the pictures of people lie whom we accepted, by their account.
    pub(crate) fn pictures_wanted(&self) -> Vec<([u8; 32], PictureRef)> {
        let book = self.book.borrow();
        let known = book.values().filter(|row| row.approved && !row.blocked);
        known
            .filter_map(|row| Some((row.account, row.picture.clone()?)))
            .collect()
    }

    /// Whether somebody whom we know has a picture.
    pub(crate) fn has_picture(&self, account: &[u8; 32]) -> bool {
        let id = self.by_account.borrow().get(account).copied();
        let book = self.book.borrow();
        id.and_then(|id| book.get(&id))
            .is_some_and(|row| row.picture.is_some())
    }

    /// Somebody's picture is here.
    pub(crate) fn tell_picture(&self, account: &[u8; 32]) {
        let id = self.by_account.borrow().get(account).copied();
        if let Some(id) = id {
            self.tell_row(&id);
        }
    }

    /// Tells a row of the list as it is now.
    fn tell_row(&self, id: &ConversationId) {
        if let Some(row) = self.get(id).filter(|row| !row.hidden) {
            self.events
                .emit(Event::Conversation(Box::new(self.view(&row))));
        }
    }

    /// Files wait in a conversation, or none any more.
    pub(crate) fn set_staged(&self, id: &ConversationId, some: bool) {
        let changed = match some {
            true => self.staged.borrow_mut().insert(*id),
            false => self.staged.borrow_mut().remove(id),
        };
        if changed {
            self.tell_row(id);
        }
    }

    /// Waits for its turn and starts a change.
    pub(crate) async fn change(&self) -> Change<'_, P> {
        let turn = self.turns.next().await;
        Change {
            conversations: self,
            tx: self.records.tx(),
            configs: self.configs.get().clone(),
            touched: SortedMap::new(),
            gone: SortedMap::new(),
            accounts: SortedMap::new(),
            places: SortedMap::new(),
            messages: SortedMap::new(),
            removed: SortedSet::new(),
            early: SortedMap::new(),
            chores: Vec::new(),
            receipts: Vec::new(),
            arrived: Vec::new(),
            times: false,
            told: Vec::new(),
            seen: SortedSet::new(),
            now: self.ports.clock().now().as_millis(),
            network_now: self.network.now(),
            _turn: turn,
        }
    }

    /// Tells the present state of a message and of its row, when that message is its last.
    pub(crate) async fn tell_message(&self, record: &MessageRecord) {
        let view = self.view_message(record).await;
        self.events.emit(Event::Message(Box::new(view)));
        let row = self.book.borrow().get(&record.conversation).cloned();
        if let Some(row) =
            row.filter(|row| row.last.as_ref().is_some_and(|(id, _)| *id == record.id))
        {
            self.events
                .emit(Event::Conversation(Box::new(self.view(&row))));
        }
    }

    /// Whether the person may want to be told of a message that came.
    fn notifies(&self, id: &ConversationId, message: &MessageRecord) -> bool {
        let book = self.book.borrow();
        let Some(row) = book.get(id) else {
            return false;
        };
        let now = self.network.now().as_millis();
        let muted = row.muted_until.is_some_and(|until| now < until);
        let wanted = match row.notify {
            Notify::Default | Notify::All => true,
            Notify::Mentions => message.mentions_me,
            Notify::Nothing => false,
        };
        let asks = row.request(row.account == self.own) == RequestState::Incoming;
        let requests = self.settings.borrow().notify_requests;
        message.asks_for_attention()
            && message.sent_at > row.last_read
            && !row.blocked
            && !row.hidden
            && !muted
            && wanted
            && (requests || !asks)
    }

    fn row_key(&self, id: &ConversationId) -> Key {
        row_key(&self.records, id)
    }
}

fn row_key<P: Ports>(records: &Records<P>, id: &ConversationId) -> Key {
    records.key::<32>(Table::Conversation, "conversation", &[&id.0])
}

/// What is to happen at once.
pub(crate) struct Change<'a, P: Ports> {
    conversations: &'a Conversations<P>,
    /// For records of others that belong to the same change.
    pub(crate) tx: Tx<P>,
    /// What other devices are to know, written with the rest.
    pub(crate) configs: Set,
    touched: SortedMap<ConversationId, ConversationRecord>,
    /// Conversations that are taken out, and with whom they were.
    gone: SortedMap<ConversationId, [u8; 32]>,
    accounts: SortedMap<[u8; 32], ConversationId>,
    /// What stands where, and what stands there no more.
    places: SortedMap<([u8; 32], u64), Option<Place>>,
    messages: SortedMap<MessageId, MessageRecord>,
    removed: SortedSet<MessageId>,
    early: SortedMap<Early, Option<EarlyRecord>>,
    chores: Vec<Chore>,
    /// Messages read just now (sent timestamp) whose senders may be told.
    receipts: Vec<(ConversationId, u64)>,
    /// Messages that came and may notify.
    arrived: Vec<(ConversationId, MessageId)>,
    /// Some message has a time at which it disappears.
    times: bool,
    told: Vec<Told>,
    /// Hashes taken in by this change.
    pub(crate) seen: SortedSet<[u8; 32]>,
    now: u64,
    network_now: Timestamp,
    _turn: Turn,
}

/// How a message fits into what is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Nothing like it is or was there.
    New,
    /// It says what one says that does not open.
    Instead,
    /// It is or was there.
    Known,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Message(MessageId),
    Removed(ConversationId, MessageId),
    Gone(ConversationId),
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

    /// The network's time.
    pub(crate) fn network_now(&self) -> Timestamp {
        self.network_now
    }

    /// The conversations that change.
    pub(crate) fn conversations(&self) -> &Conversations<P> {
        self.conversations
    }

    /// Something for our own swarm, to be done in any case.
    pub(crate) fn chore(&mut self, chore: Chore) {
        self.tx.put(&chore.key(&self.conversations.records), &chore);
        self.chores.push(chore);
    }

    /// A message that came may notify.
    pub(crate) fn announce(&mut self, conversation: ConversationId, message: MessageId) {
        self.arrived.push((conversation, message));
    }

    /// The conversation with an account, when there is one, hidden or not.
    pub(crate) fn find(&self, account: &AccountId) -> Option<ConversationRecord> {
        let key = account.key().0;
        let id = self.accounts.get(&key).copied();
        let id = id.or_else(|| self.conversations.by_account.borrow().get(&key).copied())?;
        if self.gone.contains_key(&id) {
            return None;
        }
        self.touched
            .get(&id)
            .cloned()
            .or_else(|| self.conversations.get(&id))
    }

    /// The conversation with an account, to be changed; made when there is none, hidden until something shows.
    pub(crate) fn with(&mut self, account: &AccountId) -> &mut ConversationRecord {
        let record = self.find(account).unwrap_or_else(|| {
            let id = ConversationId(draw(&mut *self.conversations.ports.entropy()));
            let own = account.key().0 == self.conversations.own;
            let mut record = ConversationRecord::new(id, account, self.now);
            // Notes to oneself are kept alike on all devices, whatever one of them chose for others.
            if !own {
                let timer = self.conversations.settings.borrow().default_timer;
                record.timer = crate::disappear::allowed(timer, own);
            }
            self.configs.furnish(&mut record);
            record
        });
        self.accounts.insert(record.account, record.id);
        self.touched.entry(record.id).or_insert(record)
    }

    /// An existing conversation, to be changed.
    pub(crate) fn edit(&mut self, id: &ConversationId) -> Option<&mut ConversationRecord> {
        if self.gone.contains_key(id) {
            return None;
        }
        if !self.touched.contains_key(id) {
            let record = self.conversations.get(id)?;
            self.touched.insert(*id, record);
        }
        self.touched.get_mut(id)
    }

    /// Takes out a conversation whose messages are gone. Other devices forget the contact as well.
    pub(crate) fn forget(&mut self, id: &ConversationId) -> Result<(), RecordError> {
        if let Some(record) = self.edit(id).map(|record| record.clone()) {
            self.configs
                .forget(&record.account_id(), self.network_now)?;
            self.touched.remove(id);
            self.accounts.remove(&record.account);
            self.gone.insert(*id, record.account);
            self.tx.delete(&self.conversations.row_key(id));
            self.tell(Told::Gone(*id));
        }
        Ok(())
    }

    pub(crate) fn set_draft(
        &mut self,
        id: &ConversationId,
        text: &str,
        reply_to: Option<MessageId>,
    ) -> bool {
        let mut end = text.len().min(MAX_DRAFT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.edit(id)
            .map(|row| {
                row.draft = DraftRecord {
                    text: text[..end].to_owned(),
                    reply_to,
                };
            })
            .is_some()
    }

    async fn place(&self, author: &[u8; 32], sent_at: u64) -> Result<Option<Place>, RecordError> {
        if let Some(place) = self.places.get(&(*author, sent_at)) {
            return Ok(*place);
        }
        let records = &self.conversations.records;
        let key = message::author_key(records, author, sent_at);
        match records.get(&key).await {
            // It was there, and holds up nothing that comes now.
            Err(error) if error.is_damage() => Ok(Some(Place { at: None })),
            read => read,
        }
    }

    /// A message as it stands within this change.
    pub(crate) async fn message(
        &self,
        id: &MessageId,
    ) -> Result<Option<MessageRecord>, RecordError> {
        if self.removed.contains(id) {
            return Ok(None);
        }
        match self.messages.get(id) {
            Some(record) => Ok(Some(record.clone())),
            None => match self.conversations.find_message(id).await {
                // What cannot be read holds up nothing else.
                Err(error) if error.is_damage() => Ok(None),
                read => read,
            },
        }
    }

    /// The message with this author and sent timestamp, as it stands within this change.
    pub(crate) async fn message_by(
        &self,
        author: &[u8; 32],
        sent_at: u64,
    ) -> Result<Option<MessageRecord>, RecordError> {
        match self.place(author, sent_at).await? {
            Some(Place { at: Some((_, id)) }) => self.message(&id).await,
            _ => Ok(None),
        }
    }

    /// Whether a message with this author and sent timestamp is or was there.
    pub(crate) async fn knows(&self, author: &[u8; 32], sent_at: u64) -> Result<bool, RecordError> {
        Ok(self.place(author, sent_at).await?.is_some())
    }

    /// What a message with this author and sent timestamp would be. `opens`: it can be read.
    pub(crate) async fn fit(
        &self,
        author: &[u8; 32],
        sent_at: u64,
        opens: bool,
    ) -> Result<Fit, RecordError> {
        let Some(place) = self.place(author, sent_at).await? else {
            return Ok(Fit::New);
        };
        let there = match place.at {
            Some((_, id)) => self.message(&id).await?,
            None => None,
        };
        let unread = there.is_some_and(|there| there.kind == MessageKind::Undecryptable);
        Ok(if opens && unread {
            Fit::Instead
        } else {
            Fit::Known
        })
    }

    /// Writes a message that is there already and has changed. Not its time to disappear: that is
    /// [`set_expiry`](Self::set_expiry).
    pub(crate) fn put(&mut self, record: MessageRecord) {
        let records = &self.conversations.records;
        let key = message::key(records, &record.conversation, record.sent_at, &record.id);
        self.tx.put(&key, &record);
        if let Some(row) = self.edit(&record.conversation)
            && let Some((last, summary)) = &mut row.last
            && *last == record.id
        {
            *summary = record.summary();
        }
        self.tell(Told::Message(record.id));
        self.messages.insert(record.id, record);
    }

    fn tell(&mut self, told: Told) {
        if !self.told.contains(&told) {
            self.told.push(told);
        }
    }

    /// When a message disappears (network time, ms). The record has to be put afterwards.
    pub(crate) fn set_expiry(&mut self, record: &mut MessageRecord, at: Option<u64>) {
        let records = &self.conversations.records;
        if let Some(before) = record.expires_at {
            self.tx
                .delete(&crate::disappear::key(records, before, &record.id));
        }
        if let Some(at) = at {
            self.tx.put(
                &crate::disappear::key(records, at, &record.id),
                &(record.author, record.sent_at),
            );
            self.times = true;
        }
        record.expires_at = at;
    }

    /// The messages of a conversation with `after < sent_at <= up_to` (ms), as they stand within this change.
    pub(crate) async fn between(
        &self,
        id: &ConversationId,
        after: u64,
        up_to: u64,
    ) -> Result<Vec<MessageRecord>, RecordError> {
        let records = &self.conversations.records;
        let bound =
            |time: u64| message::timeline(records, id).then(&time.saturating_add(1).to_be_bytes());
        let (mut from, to) = (bound(after), bound(up_to));
        let mut all: SortedMap<(u64, MessageId), MessageRecord> = SortedMap::new();
        loop {
            let (found, damaged) = records
                .range::<MessageRecord>(&from, &to, false, PAGE)
                .await?;
            let whole = found.len() + damaged == PAGE;
            let last = found.last().map(|(last, _)| last.clone());
            all.extend(
                found
                    .into_iter()
                    .map(|(_, record)| ((record.sent_at, record.id), record)),
            );
            match last {
                Some(last) if whole => from = last.then(&[0]),
                _ => break,
            }
        }
        let here = |record: &&MessageRecord| {
            record.conversation == *id && record.sent_at > after && record.sent_at <= up_to
        };
        for record in self.messages.values().filter(here) {
            all.insert((record.sent_at, record.id), record.clone());
        }
        all.retain(|(_, id), _| !self.removed.contains(id));
        Ok(all.into_values().collect())
    }

    /// What came before the message that it speaks of, to be changed.
    pub(crate) fn early(&mut self, target: Early) -> &mut EarlyRecord {
        let known = || self.conversations.early.get(&target);
        let slot = self.early.entry(target).or_insert_with(known);
        slot.get_or_insert_default()
    }

    /// Forgets what came before messages that do not come any more.
    pub(crate) fn forget_early(&mut self) {
        let now = self.network_now.as_millis();
        for target in self.conversations.early.too_old(now) {
            self.early.entry(target).or_insert(None);
        }
    }

    /// Whether a word of `sender` about a message that is not here can be kept. Where all places are taken, words that have
    /// grown too old make room.
    pub(crate) fn has_early_room(&mut self, target: &Early, sender: &[u8; 32]) -> bool {
        if self.conversations.early.is_full() {
            self.forget_early();
        }
        self.conversations
            .early
            .has_room_for(target, sender, &self.early)
    }

    /// Takes what came before its message.
    fn take_early(&mut self, target: Early) -> Option<EarlyRecord> {
        let found = match self.early.get(&target) {
            Some(within) => within.clone(),
            None => self.conversations.early.get(&target),
        };
        if found.is_some() {
            self.early.insert(target, None);
        }
        found
    }

    /// Puts a message into its conversation, which shows from now on. False when one with this author and timestamp is or
    /// was there, unless that one does not open.
    pub(crate) async fn add(&mut self, record: MessageRecord) -> Result<bool, RecordError> {
        let opens = record.kind != MessageKind::Undecryptable;
        match self.fit(&record.author, record.sent_at, opens).await? {
            Fit::New => {}
            Fit::Instead => self.make_room(&record.author, record.sent_at).await?,
            Fit::Known => return Ok(false),
        }
        let keeps_archived = self.conversations.settings.borrow().keep_archived;
        let calls = record.is_said() || record.asks_for_attention();
        if let Some(row) = self.edit(&record.conversation) {
            row.archived &= keeps_archived || !calls;
        }
        self.write(record);
        Ok(true)
    }

    /// Writes a message where none stands, with all that leads to it. Its conversation shows from now on.
    pub(crate) fn write(&mut self, mut record: MessageRecord) {
        if let Some(early) = self.take_early((record.author, record.sent_at)) {
            let own = self.conversations.own;
            let partner = self.edit(&record.conversation).map(|row| row.account);
            early.apply(&mut record, &own, &partner.unwrap_or(own));
        }
        if let Some(at) = record.expires_at.take() {
            self.set_expiry(&mut record, Some(at));
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
        files::note(&mut self.tx, records, &record);
        let now = self.now;
        if let Some(row) = self.edit(&record.conversation) {
            row.hidden = false;
            row.active_at = row.active_at.max(record.sent_at.min(now));
            if row.order() < Some((record.sent_at, record.id)) {
                row.last = Some((record.id, record.summary()));
            }
            if record.asks_for_attention() && record.sent_at > row.last_read {
                row.unread = row.unread.saturating_add(1);
                row.mentions = row.mentions.saturating_add(record.mentions_me.into());
            }
        }
        self.tell(Told::Message(record.id));
        self.messages.insert(record.id, record);
    }

    /// Takes a message out, wherever it is, and sees to it that it does not come back. Gives what was removed.
    pub(crate) async fn remove(
        &mut self,
        author: &[u8; 32],
        sent_at: u64,
    ) -> Result<Option<MessageRecord>, RecordError> {
        let place = self.place(author, sent_at).await?;
        let records = self.conversations.records.clone();
        if place != Some(Place { at: None }) {
            let gone = self.gone_key(author, sent_at);
            self.tx.put(&gone, &(*author, sent_at));
        }
        self.set_place(author, sent_at, Place { at: None });
        let Some((conversation, id)) = place.and_then(|place| place.at) else {
            return Ok(None);
        };
        let record = match self.messages.remove(&id) {
            Some(record) => Some(record),
            None => {
                let found = self.conversations.message(&conversation, sent_at, &id);
                match found.await {
                    // What cannot be read goes as well.
                    Err(error) if error.is_damage() => None,
                    read => read?,
                }
            }
        };
        self.tx
            .delete(&message::key(&records, &conversation, sent_at, &id));
        self.tx.delete(&message::id_key(&records, &id));
        self.removed.insert(id);
        if let Some(record) = &record {
            files::forget(&mut self.tx, &records, record);
            pins::forget(&mut self.tx, &records, record);
        }
        if let Some(at) = record.as_ref().and_then(|record| record.expires_at) {
            self.tx.delete(&crate::disappear::key(&records, at, &id));
        }
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
            if let Some(record) = &record
                && record.asks_for_attention()
                && sent_at > row.last_read
            {
                row.unread = row.unread.saturating_sub(1);
                row.mentions = row.mentions.saturating_sub(record.mentions_me.into());
            }
        }
        self.tell(Told::Removed(conversation, id));
        Ok(record)
    }

    /// Takes out a message that does not open, for what it says.
    pub(crate) async fn make_room(
        &mut self,
        author: &[u8; 32],
        sent_at: u64,
    ) -> Result<(), RecordError> {
        self.remove(author, sent_at).await?;
        let records = &self.conversations.records;
        self.tx
            .delete(&message::author_key(records, author, sent_at));
        let gone = self.gone_key(author, sent_at);
        self.tx.delete(&gone);
        self.places.insert((*author, sent_at), None);
        Ok(())
    }

    /// Of what this change removes.
    fn gone_key(&self, author: &[u8; 32], sent_at: u64) -> Key {
        let records = &self.conversations.records;
        let place = message::author_key(records, author, sent_at);
        message::gone(records, self.network_now.as_millis()).then(place.bytes())
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
        let limit = 2 + self.removed.len();
        let (found, _) = records
            .range::<MessageRecord>(&from, &to, true, limit)
            .await?;
        let stored = found
            .into_iter()
            .map(|(_, record)| record)
            .find(|record| record.id != *gone && !self.removed.contains(&record.id));
        let added = self
            .messages
            .values()
            .filter(|record| record.conversation == *conversation && record.id != *gone);
        Ok(added
            .cloned()
            .chain(stored)
            .max_by_key(|record| (record.sent_at, record.id)))
    }

    /// Records how the delivery of a message stands, when it is still there.
    pub(crate) async fn set_delivery(
        &mut self,
        id: &MessageId,
        delivery: Delivery,
    ) -> Result<(), RecordError> {
        if let Some(mut record) = self.message(id).await? {
            record.delivery = delivery;
            self.put(record);
        }
        Ok(())
    }

    /// The copy of an own message came: one that a backup told as not sent was sent after all.
    pub(crate) async fn was_sent(
        &mut self,
        own: &[u8; 32],
        sent_at: u64,
    ) -> Result<(), RecordError> {
        let record = self.message_by(own, sent_at).await?;
        let unsent = Delivery::Failed(ErrorCode::BakUnsent);
        if let Some(mut record) = record.filter(|record| record.delivery == unsent) {
            record.delivery = Delivery::Synced {
                confirmed: 0,
                of: 0,
            };
            self.put(record);
        }
        Ok(())
    }

    /// Everything sent up to `up_to` (ms) was seen on this device. Reads only what becomes read.
    pub(crate) async fn mark_read(
        &mut self,
        id: &ConversationId,
        up_to: u64,
    ) -> Result<(), RecordError> {
        self.read(id, up_to, true).await
    }

    /// Everything sent up to `up_to` (ms) was seen on another device of this account.
    pub(crate) async fn mark_read_elsewhere(
        &mut self,
        id: &ConversationId,
        up_to: u64,
    ) -> Result<(), RecordError> {
        self.read(id, up_to, false).await
    }

    /// The same on this device, and nobody is told.
    pub(crate) async fn mark_read_quietly(
        &mut self,
        id: &ConversationId,
        up_to: u64,
    ) -> Result<(), RecordError> {
        let told = self.receipts.len();
        self.read(id, up_to, true).await?;
        self.receipts.truncate(told);
        Ok(())
    }

    async fn read(
        &mut self,
        id: &ConversationId,
        up_to: u64,
        here: bool,
    ) -> Result<(), RecordError> {
        let Some(row) = self.edit(id) else {
            return Ok(());
        };
        let (last_read, unread) = (row.last_read, row.unread);
        let newest = row.last.as_ref().map_or(0, |(_, last)| last.sent_at);
        if up_to <= last_read && (unread == 0 || up_to < newest) {
            return Ok(());
        }
        let (mut seen, mut mentions) = (0u32, 0u32);
        for record in self.between(id, last_read, up_to).await? {
            if record.asks_for_attention() {
                seen += 1;
                mentions += u32::from(record.mentions_me);
                if here && unread > 0 && record.is_said() {
                    self.receipts.push((*id, record.sent_at));
                }
            }
            self.start_timer(record, here);
        }
        // Somebody's clock of tomorrow must not make the messages of today read. One that is a little ahead counts, or what
        // was seen here would stay unread on other devices.
        let now = self.network_now.as_millis().saturating_add(SKEW);
        if let Some(row) = self.edit(id) {
            row.last_read = row.last_read.max(up_to.min(now));
            if up_to >= newest {
                (row.unread, row.mentions) = (0, 0);
            } else {
                row.unread = row.unread.saturating_sub(seen);
                row.mentions = row.mentions.saturating_sub(mentions);
            }
        }
        Ok(())
    }

    fn set_place(&mut self, author: &[u8; 32], sent_at: u64, place: Place) {
        self.tx.put(
            &message::author_key(&self.conversations.records, author, sent_at),
            &place,
        );
        self.places.insert((*author, sent_at), Some(place));
    }

    /// Writes it all, then shows and tells it.
    pub(crate) async fn commit(mut self, durability: Durability) -> Result<(), RecordError> {
        let conversations = self.conversations;
        self.touched
            .retain(|id, record| conversations.book.borrow().get(id) != Some(record));
        for record in self.touched.values().filter(|record| record.hidden) {
            let book = conversations.book.borrow();
            let shown = book.get(&record.id).is_some_and(|before| !before.hidden);
            if shown && !self.told.contains(&Told::Gone(record.id)) {
                self.told.push(Told::Gone(record.id));
            }
        }
        for record in self.touched.values_mut() {
            self.configs.note(record, self.network_now)?;
            self.tx.put(&conversations.row_key(&record.id), record);
        }
        for (target, record) in &self.early {
            conversations
                .early
                .write(target, record, &mut self.tx, &conversations.records);
        }
        if !conversations.settings.borrow().read_receipts {
            self.receipts.clear();
        }
        let receipts = conversations.signals.write_receipts(
            &self.receipts,
            &mut self.tx,
            &conversations.records,
        );
        conversations.configs.write(&mut self.configs, &mut self.tx);
        self.tx.commit(durability).await?;
        conversations.configs.install(self.configs);
        for (id, account) in &self.gone {
            conversations.book.borrow_mut().remove(id);
            let mut by_account = conversations.by_account.borrow_mut();
            if by_account.get(account) == Some(id) {
                by_account.remove(account);
            }
        }
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
        for (target, record) in self.early {
            conversations.early.set(target, record);
        }
        if !self.chores.is_empty() {
            conversations
                .chores
                .take_on(&conversations.records, self.chores);
        }
        if self.times {
            conversations.timers.ring();
        }
        if !receipts.is_empty() {
            let now = conversations.ports.clock().now().as_millis();
            let signals = &conversations.signals;
            signals.owe_receipts(receipts, &self.receipts, now);
        }
        for record in self.touched.values().filter(|record| !record.hidden) {
            conversations
                .events
                .emit(Event::Conversation(Box::new(conversations.view(record))));
        }
        for told in self.told {
            match told {
                Told::Message(id) => {
                    if let Some(record) = self.messages.get(&id) {
                        let view = conversations.view_message(record).await;
                        conversations.events.emit(Event::Message(Box::new(view)));
                    }
                }
                Told::Removed(conversation, message) => {
                    conversations.events.emit(Event::MessageRemoved {
                        conversation,
                        message,
                    });
                }
                Told::Gone(conversation) => {
                    conversations
                        .events
                        .emit(Event::ConversationRemoved(conversation));
                }
            }
        }
        for (conversation, id) in self.arrived {
            if let Some(message) = self.messages.get(&id)
                && conversations.notifies(&conversation, message)
            {
                conversations.events.emit(Event::Notify {
                    conversation,
                    message: id,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::network::NetworkProfile;
    use crate::network::testing::{Lab, LabPorts};
    use crate::store::MemoryStore;
    use crate::vault::VaultKey;
    use onionskin_protocol::account::{Account, Seed};
    use onionskin_testnet::random::SeededEntropy;

    /// The conversations that a store holds, of the account with the key `own`.
    pub(crate) fn conversations(
        lab: &Lab,
        store: &MemoryStore,
        own: [u8; 32],
    ) -> Rc<Conversations<LabPorts>> {
        let ports = Rc::new(lab.ports(store));
        let key = VaultKey::generate(&mut SeededEntropy::new(1));
        let records = Records::new(Rc::clone(&ports), key);
        let own = AccountId::from_key(X25519PublicKey(own));
        let open = async {
            let (ports, profile) = (Rc::clone(&ports), NetworkProfile::local());
            let network = Network::open(Rc::clone(&ports), records.clone(), profile, own);
            let account = Account::from_seed(Seed::from_bytes([9; 16]));
            let configs = Configs::open(Rc::clone(&ports), records.clone(), &account);
            let (network, configs) = (network.await.unwrap(), Rc::new(configs.await.unwrap()));
            let events = Events::default();
            Conversations::open(ports, records, events, configs, network, own).await
        };
        Rc::new(lab.time().run(open).unwrap().0)
    }

    #[test]
    fn a_profile_of_the_far_future_does_not_hold_up_those_that_come_after_it() {
        let now = Timestamp(1_790_000_000_000);
        let profile = |name: &str, at: u64| proto::LokiProfile {
            display_name: Some(name.to_owned()),
            profile_picture: None,
            last_profile_update_seconds: Some(at),
        };
        let mut row = record(1);
        row.update_profile(Some(&profile("ahead", u64::MAX)), None, now);
        assert_eq!((row.name.as_str(), row.profile_updated), ("ahead", 0));
        row.update_profile(Some(&profile("now", 1_790_000_010)), None, now);
        row.update_profile(Some(&profile("ahead", 1_790_100_000)), None, now);
        assert_eq!(
            (row.name.as_str(), row.profile_updated),
            ("now", 1_790_000_010)
        );
        // In the unit of another client.
        row.update_profile(Some(&profile("later", 1_790_000_020_000)), None, now);
        assert_eq!(
            (row.name.as_str(), row.profile_updated),
            ("later", 1_790_000_020)
        );
    }

    /// An empty conversation with an account that follows from `number`.
    pub(crate) fn record(number: u8) -> ConversationRecord {
        let account = AccountId::from_key(X25519PublicKey([number; 32]));
        ConversationRecord::new(ConversationId([number; 16]), &account, 1_790_000_000_000)
    }
}
