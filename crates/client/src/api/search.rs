//! Search (screens 12).

use super::{ConversationId, Cursor, Message};
use serde::{Deserialize, Serialize};

/// What is looked for. All parts must hold; an empty text finds everything that the filters leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchQuery {
    /// Words, each of which must occur (as the beginning of a word; anywhere for CJK); parts in double quotes as they are.
    pub text: String,
    /// Only there.
    pub conversation: Option<ConversationId>,
    /// Only messages of this author (66 hex digits).
    pub from: Option<String>,
    /// Only messages with one of these.
    pub has: Vec<Has>,
    /// Only messages sent before (ms).
    pub before: Option<u64>,
    /// Only messages sent at that time or later (ms).
    pub after: Option<u64>,
    /// Only starred ones.
    pub starred: bool,
    /// Only own ones.
    pub mine: bool,
    /// Only those that name us.
    pub mentions: bool,
    /// Only unread ones.
    pub unread: bool,
}

/// What a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Has {
    Link,
    File,
    Image,
    Voice,
}

/// What was found, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// One page of hits.
    pub hits: Vec<Hit>,
    /// All hits, when they are known.
    pub total: u32,
    /// Where the hits lie, these and those behind them: 1,000 at most.
    pub places: Vec<Cursor>,
    /// Goes on after the last hit.
    pub next: Option<Cursor>,
    /// So much of the history could be searched (per cent). What is missing when nothing is built any more are the oldest
    /// messages: there was no room for them.
    pub searchable: u8,
    /// The index is still being built: a little later more can be found.
    pub building: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The message.
    pub message: Message,
    /// Where the words lie in its text: bytes from, to.
    pub marks: Vec<(u32, u32)>,
}
