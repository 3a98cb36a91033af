//! Search (screens 12 and 9.10): an index in memory, built from the encrypted records in small steps while nothing else
//! happens, and kept by the same events that keep the screens. Nothing of it is ever written.

mod fold;
mod index;
mod shelf;
#[cfg(test)]
mod trials;
mod words;

pub use index::{Index, Search};

use crate::api::{
    ConversationId, Cursor, ErrorCode, Event, Failure, Found, Hit, Message, MessageId, SearchQuery,
};
use crate::conversation::Conversations;
use crate::message::{self, MessageRecord};
use crate::outbox::failure;
use crate::ports::{Clock, Ports};
use crate::store::RecordError;
use crate::wake::{Bell, either};
use futures::StreamExt as _;
use futures::channel::mpsc::UnboundedReceiver;
use futures::future::try_join_all;
use index::Item;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::sorted::{SortedSet, sort_by_key};
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;

/// After the account was opened, the screens come first (ms).
const DELAY: u64 = 3_000;
/// Between looks at what changed (ms).
const PAUSE: u64 = 1_000;
/// Records of one step of the building.
const STEP: usize = 200;
/// Hits that a search names beside those that it reads.
const PLACES: usize = 1_000;
/// Messages of one step of a search.
const STRIDE: usize = 25_000;

/// The search of one account.
pub(crate) struct Finder<P: Ports> {
    ports: Rc<P>,
    conversations: Rc<Conversations<P>>,
    wanted: Bell,
    state: RefCell<State>,
}

struct State {
    index: Index,
    changes: UnboundedReceiver<Event>,
    /// What changed since the step of the building began, whose records may be older than that.
    messages: SortedSet<MessageId>,
    conversations: SortedSet<ConversationId>,
    /// Conversations that were read whole, of all; and how much of the present one (0 to 1).
    done: usize,
    all: Option<usize>,
    part: f64,
    /// Messages that were too old for the index when it was built.
    left_out: u32,
}

impl<P: Ports> Finder<P> {
    /// Listens from now on; builds when it runs.
    pub(crate) fn new(ports: Rc<P>, conversations: Rc<Conversations<P>>) -> Self {
        let changes = conversations.events.subscribe();
        Self {
            ports,
            conversations,
            wanted: Bell::default(),
            state: RefCell::new(State {
                index: Index::default(),
                changes,
                messages: SortedSet::new(),
                conversations: SortedSet::new(),
                done: 0,
                all: None,
                part: 0.0,
                left_out: 0,
            }),
        }
    }

    /// Builds the index and keeps it.
    pub(crate) async fn run(&self) {
        let wanted = self.wanted.listen();
        either(wanted, self.ports.clock().sleep(DELAY)).await;
        let mut rows = self.conversations.list();
        sort_by_key(&mut rows, |row| std::cmp::Reverse(row.active_at));
        self.state.borrow_mut().all = Some(rows.len());
        for row in rows {
            self.read_conversation(&row.id).await;
            let mut state = self.state.borrow_mut();
            state.done += 1;
            state.part = 0.0;
        }
        loop {
            let next = poll_fn(|context| self.state.borrow_mut().changes.poll_next_unpin(context));
            let Some(event) = next.await else { return };
            self.state.borrow_mut().take_changes(Some(event));
            // Removing many costs as much as removing one.
            self.ports.clock().sleep(PAUSE).await;
        }
    }

    /// Newest first, as far as it can be read.
    async fn read_conversation(&self, id: &ConversationId) {
        let records = &self.conversations.records;
        let start = message::timeline(records, id);
        let mut end = message::timeline_end(records, id);
        let mut span = None;
        loop {
            self.state.borrow_mut().begin_step();
            let page = records
                .range::<MessageRecord>(&start, &end, true, STEP)
                .await;
            // The store says itself why it fails, to whoever reads what the person looks at.
            let Ok((found, damaged)) = page else { return };
            self.state.borrow_mut().take_page(&found);
            let more = found.len() + damaged == STEP;
            let (Some((newest, last)), true) = (found.first().zip(found.last()), more) else {
                return;
            };
            end = last.0.clone();
            if self.state.borrow().leaves_out(&last.1) {
                // So is everything before it.
                let rest = records.count(&start, &end).await.unwrap_or(0);
                let mut state = self.state.borrow_mut();
                state.left_out = state.left_out.saturating_add(rest);
                return;
            }
            let span = match span {
                Some(span) => span,
                None => {
                    let oldest = records
                        .range::<MessageRecord>(&start, &end, false, 1)
                        .await
                        .ok()
                        .and_then(|(found, _)| found.first().map(|(_, record)| record.sent_at));
                    *span.insert((oldest.unwrap_or(0), newest.1.sent_at))
                }
            };
            self.state.borrow_mut().part = share(span, last.1.sent_at);
            self.ports.clock().sleep(0).await;
        }
    }

    /// Bytes that the index takes, about.
    pub(crate) fn bytes(&self) -> u64 {
        self.state.borrow().index.bytes() as u64
    }

    /// A page of what fits, newest first.
    pub(crate) async fn search(
        &self,
        query: &SearchQuery,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Found, Failure> {
        self.wanted.ring();
        let from = match &query.from {
            Some(id) => {
                let id: AccountId = id.parse().map_err(|_| {
                    failure(ErrorCode::IdFormat, None, "the author is no Account ID")
                })?;
                Some(id.key().0)
            }
            None => None,
        };
        let mut search = {
            let mut state = self.state.borrow_mut();
            state.take_changes(None);
            let rows = || self.conversations.list().into_iter();
            let last_read = || rows().map(|row| (row.id, row.last_read)).collect();
            state
                .index
                .search(query, from, last_read, after, limit.max(PLACES))
        };
        while self.state.borrow().index.step(&mut search, STRIDE) {
            self.ports.clock().sleep(0).await;
        }
        // All at once: the store answers many small questions together much sooner than one after the other.
        let reading = search
            .hits()
            .iter()
            .take(limit)
            .map(|(conversation, cursor)| self.read(conversation, cursor));
        let records = try_join_all(reading).await?;
        let records: Vec<MessageRecord> = records.into_iter().flatten().collect();
        let views = self.conversations.view_all(&records).await;
        let hit = |message: Message| Hit {
            marks: self.state.borrow_mut().index.marks(&search, &message.text),
            message,
        };
        let hits = views.into_iter().map(hit).collect();
        let more = search.hits().len() > limit;
        let places = search.hits().iter().map(|(_, cursor)| *cursor);
        let places: Vec<Cursor> = places.take(PLACES).collect();
        let last = search.hits().iter().take(limit).next_back();
        Ok(Found {
            hits,
            total: search.total(),
            places,
            next: last.map(|(_, cursor)| *cursor).filter(|_| more),
            searchable: self.state.borrow().searchable(),
            building: self.state.borrow().is_building(),
        })
    }

    /// A hit; nothing when it is gone by now or cannot be read.
    async fn read(
        &self,
        conversation: &ConversationId,
        cursor: &Cursor,
    ) -> Result<Option<MessageRecord>, RecordError> {
        let found = self
            .conversations
            .message(conversation, cursor.sent_at, &cursor.message)
            .await;
        match found {
            Err(RecordError::Vault(_) | RecordError::Form | RecordError::Version(_)) => Ok(None),
            other => other,
        }
    }
}

impl State {
    fn begin_step(&mut self) {
        self.take_changes(None);
        self.messages.clear();
        self.conversations.clear();
    }

    /// Puts in what a step read and no event changed meanwhile.
    fn take_page(&mut self, found: &[(crate::store::Key, MessageRecord)]) {
        self.take_changes(None);
        for (_, record) in found {
            let item = Item::of_record(record);
            if self.index.leaves_out(&item.place) {
                self.left_out = self.left_out.saturating_add(1);
            } else if !self.messages.contains(&record.id)
                && !self.conversations.contains(&record.conversation)
                && !self.index.has(&item.place)
            {
                self.index.put_item(&item);
            }
        }
    }

    fn take_changes(&mut self, first: Option<Event>) {
        let (mut messages, mut conversations) = (SortedSet::new(), SortedSet::new());
        let mut next = first;
        while let Some(event) = next.take().or_else(|| self.changes.try_recv().ok()) {
            match event {
                Event::Message(message) => {
                    messages.remove(&message.id);
                    self.messages.insert(message.id);
                    self.index.put(&message);
                }
                Event::MessageRemoved { message, .. } => {
                    self.messages.insert(message);
                    messages.insert(message);
                }
                Event::ConversationRemoved(conversation) => {
                    self.conversations.insert(conversation);
                    conversations.insert(conversation);
                }
                _ => {}
            }
        }
        if !messages.is_empty() || !conversations.is_empty() {
            self.index.remove(&messages, &conversations);
        }
    }

    fn leaves_out(&self, record: &MessageRecord) -> bool {
        self.index.leaves_out(&(record.sent_at, record.id))
    }

    fn is_building(&self) -> bool {
        self.all.is_none_or(|all| self.done < all)
    }

    /// Per cent.
    fn searchable(&self) -> u8 {
        match self.all {
            None => 0,
            Some(all) if self.done < all => {
                ((self.done as f64 + self.part) / all as f64 * 100.0).min(99.0) as u8
            }
            Some(_) if self.index.is_whole() => 100,
            Some(_) => {
                let there = self.index.len() as f64;
                let all = there + f64::from(self.left_out);
                (there / all.max(1.0) * 100.0).min(99.0) as u8
            }
        }
    }
}

/// How much of a time from `oldest` to `newest` lies behind, when it is walked back from `newest` to `at`.
fn share((oldest, newest): (u64, u64), at: u64) -> f64 {
    let whole = newest.saturating_sub(oldest);
    if whole == 0 {
        return 0.0;
    }
    (newest.saturating_sub(at) as f64 / whole as f64).min(1.0)
}
