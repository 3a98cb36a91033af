//! The index: what can be searched of every message, in the order of their timestamps.
//!
//! A search walks through all of it. That is fast enough (a megabyte takes a millisecond), needs no more memory than the
//! texts themselves, and finds by any part of a word.

use super::fold::Folder;
use super::shelf::{Entry, Place, Shelf};
use super::words::Words;
use crate::api::{
    ConversationId, Cursor, FileKind, Has, Message, MessageId, MessageKind, SearchQuery,
};
use crate::message::MessageRecord;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::sorted::{SortedMap, SortedSet};

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

/// Who wrote where: few pairs for many messages.
type Origin = (ConversationId, [u8; 32]);

/// Code points of a text that are searched: what senders keep to.
const MAX_TEXT: usize = 2_000;
/// Code points of the names of its files and of the title of its preview.
const MAX_NAMES: usize = 500;
/// Bytes that the index takes at most; the oldest messages are left out then.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// All messages that can be searched. Lives in memory only.
#[derive(Debug)]
pub struct Index {
    entries: Shelf,
    /// Bytes that they may take.
    limit: usize,
    /// Nothing up to here has a place in it.
    floor: Option<Place>,
    origins: Vec<Origin>,
    numbers: SortedMap<Origin, u32>,
    folder: Folder,
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

    /// What is searched: a line each.
    fn text(&self) -> String {
        let (text, names) = self.texts.split_first().unwrap_or((&"", &[]));
        let mut all: String = text.chars().take(MAX_TEXT).collect();
        let names = names
            .iter()
            .flat_map(|name| "\n".chars().chain(name.chars()));
        all.extend(names.take(MAX_NAMES));
        all
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

impl Default for Index {
    fn default() -> Self {
        Self::with_room(MAX_BYTES)
    }
}

impl Index {
    /// An empty index that takes so many bytes at most.
    fn with_room(limit: usize) -> Self {
        Self {
            entries: Shelf::default(),
            limit,
            floor: None,
            origins: Vec::new(),
            numbers: SortedMap::new(),
            folder: Folder::default(),
        }
    }

    /// How many messages it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        self.entries.bytes()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// Takes in a message, or what became of it.
    pub fn put(&mut self, message: &Message) {
        if let Some(item) = Item::of_view(message) {
            self.put_item(&item);
        }
    }

    /// Nothing was left out.
    pub(super) fn is_whole(&self) -> bool {
        self.floor.is_none()
    }

    /// Whether a message at this place is too old to be searched.
    pub(super) fn leaves_out(&self, place: &Place) -> bool {
        self.floor.is_some_and(|floor| *place <= floor)
    }

    pub(super) fn put_item(&mut self, item: &Item<'_>) {
        self.entries.remove(&item.place);
        if !item.searchable || self.leaves_out(&item.place) {
            return;
        }
        let origin = *self.numbers.entry(item.origin).or_insert_with(|| {
            self.origins.push(item.origin);
            (self.origins.len() - 1) as u32
        });
        let text = self.folder.fold(&item.text());
        let entry = Entry {
            origin,
            traits: item.traits,
            text: &text,
        };
        self.entries.insert(item.place, entry);
        while self.entries.bytes() > self.limit {
            let Some(place) = self.entries.pop_first() else {
                return;
            };
            self.floor = self.floor.max(Some(place));
        }
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        self.entries.contains(place)
    }

    pub(super) fn remove(
        &mut self,
        messages: &SortedSet<MessageId>,
        conversations: &SortedSet<ConversationId>,
    ) {
        let origins = &self.origins;
        self.entries.retain(|id, origin| {
            !messages.contains(id) && !conversations.contains(&origins[origin as usize].0)
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
        for (place, entry) in self.entries.backwards(last, search.at).take(count) {
            seen += 1;
            search.at = place;
            let fits = origins[entry.origin as usize]
                && entry.traits & search.has == search.has
                && self.is_unread(&place, &entry, search)
                && search.words.are_in(entry.text);
            if fits {
                search.total = search.total.saturating_add(1);
                if place < search.after && search.hits.len() <= search.limit {
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

    fn is_unread(&self, place: &Place, entry: &Entry<'_>, search: &Search) -> bool {
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

#[cfg(test)]
mod tests {
    use super::super::shelf::size;
    use super::*;

    fn record(sent_at: u64, text: String) -> MessageRecord {
        MessageRecord {
            id: MessageId([sent_at as u8; 16]),
            sent_at,
            text,
            ..MessageRecord::default()
        }
    }

    fn places(index: &Index) -> Vec<u64> {
        const LAST: Place = (u64::MAX, MessageId([0xff; 16]));
        let all = index.entries.backwards((0, MessageId([0; 16])), LAST);
        let mut places: Vec<u64> = all.map(|((sent_at, _), _)| sent_at).collect();
        places.reverse();
        places
    }

    #[test]
    fn what_has_no_room_is_the_oldest() {
        let mut index = Index::with_room(3 * size(10));
        for sent_at in [5, 1, 4, 3] {
            let record = record(sent_at, "x".repeat(10));
            index.put_item(&Item::of_record(&record));
        }
        assert_eq!(places(&index), [3, 4, 5]);
        let old = record(1, "y".into());
        assert!(index.leaves_out(&(1, old.id)) && !index.leaves_out(&(2, old.id)));
        index.put_item(&Item::of_record(&old));
        assert_eq!(
            places(&index),
            [3, 4, 5],
            "it does not push out what is newer"
        );
        let gone = SortedSet::from_iter([MessageId([4; 16])]);
        index.remove(&gone, &SortedSet::new());
        index.put_item(&Item::of_record(&record(3, "z".repeat(20))));
        assert_eq!(
            (places(&index), index.entries.bytes()),
            (vec![3, 5], size(10) + size(20))
        );
    }

    #[test]
    fn of_a_long_text_the_beginning_is_searched() {
        let mut index = Index::default();
        index.put_item(&Item::of_record(&record(1, "é".repeat(10_000))));
        assert_eq!(index.entries.bytes(), size(MAX_TEXT));
    }
}
