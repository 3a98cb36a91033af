//! Conversations as screens show them.

use super::{Delivery, MessageKind, Timer};
use serde::{Deserialize, Serialize};

/// A random local name of a conversation (128 bit), never derived from an Account ID; used in routes. Text form: 26
/// characters of lower-case base32.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ConversationId(pub [u8; 16]);

/// A row of the list and the head of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Local name.
    pub id: ConversationId,
    /// 66 hex digits of the other side; own ID for Note to Self.
    pub account_id: String,
    /// It is the conversation with oneself.
    pub note_to_self: bool,
    /// Name the other side gave; empty when unknown (show [`short_id`]).
    pub name: String,
    /// Name that we gave them (at most 100 bytes); shown instead of theirs.
    pub nickname: String,
    /// Changes whenever their picture does; `None`: they have none. The picture: [`GetAvatar`](super::Command::GetAvatar).
    pub avatar: Option<u64>,
    /// Newest message.
    pub last: Option<LastMessage>,
    /// Unseen messages.
    pub unread: u32,
    /// Of these, those that name us.
    pub mentions: u32,
    /// Marked unread by the person.
    pub marked_unread: bool,
    /// Everything sent up to then (network time, ms) was seen.
    pub last_read: u64,
    /// First 200 code points of kept, unsent text.
    pub draft: String,
    /// Something waits in the composer: text, files or a reply.
    pub drafted: bool,
    /// Where the message request stands.
    pub request: RequestState,
    /// Both sides accepted: files, reactions, receipts may pass.
    pub accepted: bool,
    /// Nothing from them is taken in.
    pub blocked: bool,
    /// Pinned when greater than 0; greater comes first.
    pub pinned: i64,
    /// Put aside on this device.
    pub archived: bool,
    /// What notifies.
    pub notify: Notify,
    /// Until then (network time, ms) nothing notifies.
    pub muted_until: Option<u64>,
    /// How our messages disappear.
    pub timer: Timer,
    /// Their safety number was compared (device clock, ms); on this device and in backups only.
    pub verified_at: Option<u64>,
    /// Their files load by themselves.
    pub trusted: bool,
    /// The person's own words about them; on this device and in backups only.
    pub note: String,
    /// A word of the person's own beside the name; on this device and in backups only.
    pub label: String,
    /// The folder in which the person put it; empty: none. On this device and in backups only.
    pub folder: String,
    /// When anything last happened (ms), for the order of the list.
    pub active_at: u64,
}

/// What notifies (30-config 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Notify {
    #[default]
    Default,
    All,
    Mentions,
    Nothing,
}

/// The first and last four characters of an ID: the name of whoever has none.
pub fn short_id(account_id: &str) -> String {
    match (
        account_id.get(..4),
        account_id.get(account_id.len().saturating_sub(4)..),
    ) {
        (Some(start), Some(end)) if account_id.len() > 8 => format!("{start}…{end}"),
        _ => account_id.to_owned(),
    }
}

impl Conversation {
    /// What the person calls them: nickname, name, short ID.
    pub fn title(&self) -> String {
        match (self.nickname.is_empty(), self.name.is_empty()) {
            (false, _) => self.nickname.clone(),
            (true, false) => self.name.clone(),
            (true, true) => short_id(&self.account_id),
        }
    }
}

/// 20-messages 4.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestState {
    /// Both sides accepted, or it is Note to Self, or nothing was sent yet.
    #[default]
    None,
    /// They wrote, we have not accepted.
    Incoming,
    /// We wrote, they have not answered.
    Outgoing,
}

/// The last line of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMessage {
    /// First 200 code points, line breaks as spaces.
    pub text: String,
    /// What kind it is.
    pub kind: MessageKind,
    /// What its first file is, when it has files.
    pub file: Option<FileKind>,
    /// Own message.
    pub mine: bool,
    /// Sent timestamp (ms).
    pub sent_at: u64,
    /// Delivery of an own message.
    pub delivery: Delivery,
}

/// What a file is, by its declared type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum FileKind {
    Image,
    Video,
    Audio,
    Voice,
    #[default]
    Other,
}

/// One change to a conversation. What other clients see too is marked "synced".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConversationChange {
    /// Nickname, at most 100 bytes; empty removes it. Synced.
    Nickname(String),
    /// Pinned before all others, or not. Synced.
    Pinned(bool),
    /// One place up or down among the pinned ones. Synced.
    PinMoved {
        /// Towards the top.
        up: bool,
    },
    /// Put aside.
    Archived(bool),
    /// Blocked: nothing from them is taken in. Synced.
    Blocked(bool),
    /// Nothing notifies until then (network time, ms); `None` ends that. Synced.
    MutedUntil(Option<u64>),
    /// What notifies. Synced.
    Notify(Notify),
    /// Marked unread, or not. Synced.
    MarkedUnread(bool),
    /// How our messages disappear from now on; told to the other side. Synced.
    Timer(Timer),
    /// Their safety number was compared.
    Verified(bool),
    /// Their files load by themselves.
    Trusted(bool),
    /// Own words about them, at most 2,000 code points.
    Note(String),
    /// A word beside their name, at most 30 code points; empty removes it.
    Label(String),
    /// Into a folder, whose name has at most 30 code points; empty: out of it.
    Folder(String),
}

/// How a person's safety number with somebody reads (20-messages 9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyView {
    /// 60 digits.
    pub digits: String,
    /// The same number in 8 words.
    pub words: Vec<String>,
    /// Text of the code to scan.
    pub code: String,
    /// Four words of our ID.
    pub own_words: Vec<String>,
    /// Four words of theirs.
    pub their_words: Vec<String>,
}

/// What came of comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafetyMatch {
    /// It is the same number.
    Same,
    /// It is another one.
    Different,
    /// It is no safety number.
    Unreadable,
}
