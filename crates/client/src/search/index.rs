//! The index: what can be searched of every message, in the order of their timestamps.
//!
//! A search walks through all of it. That is fast enough (a megabyte takes a millisecond), needs no more memory than the
//! texts themselves, and finds by any part of a word.

use super::fold::Folder;
use super::words::Words;
use crate::api::{
    ConversationId, Cursor, FileKind, Has, Message, MessageId, MessageKind, SearchQuery,
};
use crate::message::MessageRecord;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use std::collections::BTreeMap;

/// Bits of [`Entry::traits`].
mod has {
    pub(super) const LINK: u8 = 1;
    pub(super) const FILE: u8 = 2;
    pub(super) const IMAGE: u8 = 4;
    pub(super) const VOICE: u8 = 8;
    pub(super) const STAR: u8 = 16;
    pub(super) const MENTION: u8 = 32;
    pub(super) const MINE: u8 = 64;
}

type Place = (u64, MessageId);

/// Who wrote where: few pairs for many messages.
type Origin = (ConversationId, [u8; 32]);

/// All messages that can be searched. Lives in memory only.
#[derive(Debug, Default)]
pub struct Index {
    entries: BTreeMap<Place, Entry>,
    origins: Vec<Origin>,
    numbers: SortedMap<Origin, u32>,
    folder: Folder,
}

#[derive(Debug)]
struct Entry {
    origin: u32,
    traits: u8,
    /// Folded: the text, names of files, the title of a preview; a line each.
    text: Box<str>,
}

/// What the index takes from a message.
pub(super) struct Item<'a> {
    pub(super) place: Place,
    origin: Origin,
    searchable: bool,
    traits: u8,
    texts: Vec<&'a str>,
}

impl<'a> Item<'a> {
    fn new(
        place: Place,
        origin: Origin,
        kind: MessageKind,
        flags: [(bool, u8); 3],
        text: &'a str,
    ) -> Self {
        let mut traits = flags
            .iter()
            .filter(|(set, _)| *set)
            .fold(0, |traits, (_, bit)| traits | bit);
        if text.contains("://") || text.contains("www.") {
            traits |= has::LINK;
        }
        Self {
            place,
            origin,
            searchable: matches!(kind, MessageKind::Text | MessageKind::Unsupported),
            traits,
            texts: vec![text],
        }
    }

    fn file(&mut self, kind: FileKind, name: &'a str) {
        self.traits |= match kind {
            FileKind::Image => has::IMAGE,
            FileKind::Voice => has::VOICE,
            FileKind::Video | FileKind::Audio | FileKind::Other => has::FILE,
        };
        self.texts.push(name);
    }

    fn preview(&mut self, title: &'a str) {
        self.traits |= has::LINK;
        self.texts.push(title);
    }

    pub(super) fn of_record(record: &'a MessageRecord) -> Self {
        let mut item = Self::new(
            (record.sent_at, record.id),
            (record.conversation, record.author),
            record.kind,
            [
                (record.starred, has::STAR),
                (record.mentions_me, has::MENTION),
                (record.mine, has::MINE),
            ],
            &record.text,
        );
        for file in &record.files {
            item.file(file.kind, &file.name);
        }
        if let Some(preview) = &record.preview {
            item.preview(&preview.title);
        }
        item
    }

    /// `None` for an author that is no Account ID.
    pub(super) fn of_view(message: &'a Message) -> Option<Self> {
        let author: AccountId = message.author.parse().ok()?;
        let mut item = Self::new(
            (message.sent_at, message.id),
            (message.conversation, author.key().0),
            message.kind,
            [
                (message.starred, has::STAR),
                (message.mentions_me, has::MENTION),
                (message.mine, has::MINE),
            ],
            &message.text,
        );
        for file in &message.attachments {
            item.file(file.kind, &file.name);
        }
        if let Some(preview) = &message.preview {
            item.preview(&preview.title);
        }
        Some(item)
    }
}

/// A search in progress: what is looked for, how far it went, what it found.
#[derive(Debug)]
pub struct Search {
    words: Words,
    has: u8,
    from: Option<[u8; 32]>,
    conversation: Option<ConversationId>,
    /// Unread ones only: up to when each conversation was seen.
    unread: Option<SortedMap<ConversationId, u64>>,
    oldest: u64,
    /// Everything from here on was looked at.
    at: Place,
    after: Place,
    limit: usize,
    hits: Vec<(ConversationId, Cursor)>,
    total: u32,
}

impl Search {
    /// The first hits, newest first, with their conversations; at most one more than was asked for.
    pub fn hits(&self) -> &[(ConversationId, Cursor)] {
        &self.hits
    }

    /// All hits so far.
    pub fn total(&self) -> u32 {
        self.total
    }
}

impl Index {
    /// How many messages it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in a message, or what became of it.
    pub fn put(&mut self, message: &Message) {
        if let Some(item) = Item::of_view(message) {
            self.put_item(&item);
        }
    }

    pub(super) fn put_item(&mut self, item: &Item<'_>) {
        if !item.searchable {
            self.entries.remove(&item.place);
            return;
        }
        let origin = *self.numbers.entry(item.origin).or_insert_with(|| {
            self.origins.push(item.origin);
            (self.origins.len() - 1) as u32
        });
        let text = self.folder.fold(&item.texts.join("\n"));
        let entry = Entry {
            origin,
            traits: item.traits,
            text: text.into_boxed_str(),
        };
        self.entries.insert(item.place, entry);
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        self.entries.contains_key(place)
    }

    pub(super) fn remove(
        &mut self,
        messages: &SortedSet<MessageId>,
        conversations: &SortedSet<ConversationId>,
    ) {
        let origins = &self.origins;
        self.entries.retain(|(_, id), entry| {
            !messages.contains(id) && !conversations.contains(&origins[entry.origin as usize].0)
        });
    }

    /// Prepares a search for the `limit` hits that follow `after`. `last_read` tells up to when each conversation was
    /// seen; `from` is the key of the author that the query names.
    pub fn search(
        &mut self,
        query: &SearchQuery,
        from: Option<[u8; 32]>,
        last_read: impl FnOnce() -> SortedMap<ConversationId, u64>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Search {
        const LAST: Place = (u64::MAX, MessageId([0xff; 16]));
        let bit = |has: &Has| match has {
            Has::Link => has::LINK,
            Has::File => has::FILE,
            Has::Image => has::IMAGE,
            Has::Voice => has::VOICE,
        };
        let mut wanted = query.has.iter().fold(0, |bits, has| bits | bit(has));
        for (set, bit) in [
            (query.starred, has::STAR),
            (query.mentions, has::MENTION),
            (query.mine, has::MINE),
        ] {
            if set {
                wanted |= bit;
            }
        }
        Search {
            words: Words::parse(&query.text, &mut self.folder),
            has: wanted,
            from,
            conversation: query.conversation,
            unread: query.unread.then(last_read),
            oldest: query.after.unwrap_or(0),
            at: query
                .before
                .map_or(LAST, |before| (before, MessageId([0; 16]))),
            after: after.map_or(LAST, |cursor| (cursor.sent_at, cursor.message)),
            limit,
            hits: Vec::new(),
            total: 0,
        }
    }

    /// Looks at `count` more messages. False when all were looked at.
    pub fn step(&self, search: &mut Search, count: usize) -> bool {
        let last = (search.oldest, MessageId([0; 16]));
        if search.at <= last {
            return false;
        }
        let origins: Vec<bool> = self
            .origins
            .iter()
            .map(|(conversation, author)| {
                search
                    .conversation
                    .is_none_or(|wanted| wanted == *conversation)
                    && search.from.is_none_or(|wanted| wanted == *author)
            })
            .collect();
        let mut seen = 0;
        for (place, entry) in self.entries.range(last..search.at).rev().take(count) {
            seen += 1;
            search.at = *place;
            let fits = origins[entry.origin as usize]
                && entry.traits & search.has == search.has
                && self.is_unread(place, entry, search)
                && search.words.are_in(&entry.text);
            if fits {
                search.total = search.total.saturating_add(1);
                if *place < search.after && search.hits.len() <= search.limit {
                    let cursor = Cursor {
                        sent_at: place.0,
                        message: place.1,
                    };
                    search
                        .hits
                        .push((self.origins[entry.origin as usize].0, cursor));
                }
            }
        }
        seen == count
    }

    fn is_unread(&self, place: &Place, entry: &Entry, search: &Search) -> bool {
        search.unread.as_ref().is_none_or(|seen| {
            let (conversation, _) = &self.origins[entry.origin as usize];
            entry.traits & has::MINE == 0
                && seen.get(conversation).is_some_and(|up_to| place.0 > *up_to)
        })
    }

    /// Where the words of a search lie in a text.
    pub(super) fn marks(&mut self, search: &Search, text: &str) -> Vec<(u32, u32)> {
        search.words.marks(text, &mut self.folder)
    }
}
