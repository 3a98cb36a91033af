//! Messages as screens show them.

use super::{Attachment, ConversationId, ErrorCode, HopView};
use serde::{Deserialize, Serialize};

/// A random local name of a message (128 bit).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct MessageId(pub [u8; 16]);

/// A place in the order of a conversation: sent timestamp, then local id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// Sent timestamp in ms.
    pub sent_at: u64,
    /// Breaks ties.
    pub message: MessageId,
}

/// Where a page of messages lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Anchor {
    /// The newest messages.
    Newest,
    /// Messages before this one (exclusive).
    Before(Cursor),
    /// Messages after this one (exclusive).
    After(Cursor),
    /// Half of them up to this time (sent timestamp, ms) inclusive, half after it.
    Around(u64),
}

/// What a message is, beyond its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// Text, files, or both.
    #[default]
    Text,
    /// Made by a feature that this version does not know; kept.
    Unsupported,
    /// Could not be opened; kept ([`ReadAgain`](super::Command::ReadAgain)).
    Undecryptable,
    /// "Request accepted" notice.
    RequestAccepted,
    /// Taken back for everyone by its author; nothing of it is left.
    Deleted,
    /// The author's messages disappear otherwise from now on (20-messages 4.6).
    TimerChanged(Timer),
    /// The author saved a file of ours (20-messages 4.10).
    MediaSaved,
    /// A call that was not taken; calls are not offered here.
    MissedCall,
}

/// When messages disappear (20-messages 4.6).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Timer {
    /// Never.
    #[default]
    Off,
    /// So many seconds after the other side read them.
    AfterRead(u32),
    /// So many seconds after they were stored.
    AfterSend(u32),
}

/// A message of the timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Local name.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// 66 hex digits.
    pub author: String,
    /// Own message (this or another device).
    pub mine: bool,
    /// Kind.
    pub kind: MessageKind,
    /// Text; a mention is `@` and 66 hex digits (20-messages 4.8).
    pub text: String,
    /// Sent timestamp, network time, ms. With the author it names the message for everybody.
    pub sent_at: u64,
    /// When this device got it (ms).
    pub received_at: u64,
    /// Delivery of an own message; received ones are `Stored`.
    pub delivery: Delivery,
    /// The message it replies to.
    pub quote: Option<Quote>,
    /// Reactions, in the order in which each first came.
    pub reactions: Vec<Reaction>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// A link preview that the author made.
    pub preview: Option<LinkPreview>,
    /// An invitation to a community.
    pub invitation: Option<Invitation>,
    /// How it disappears.
    pub timer: Timer,
    /// When it disappears (network time, ms); `None` when it stays or its clock has not started.
    pub expires_at: Option<u64>,
    /// Marked by the person; on this device and in backups only.
    pub starred: bool,
    /// Pinned by the person; on this device and in backups only.
    pub pinned: bool,
    /// A voice message that was played.
    pub heard: bool,
    /// It names us or replies to us.
    pub mentions_me: bool,
}

/// The message that another one replies to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// 66 hex digits.
    pub author: String,
    /// Its sent timestamp (ms).
    pub sent_at: u64,
    /// The original when it is on this device.
    pub original: Option<Quoted>,
}

/// What is shown of a quoted message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// Local name.
    pub message: MessageId,
    /// First 200 code points, line breaks as spaces.
    pub text: String,
    /// What kind it is.
    pub kind: MessageKind,
    /// Its first file.
    pub attachment: Option<Attachment>,
}

/// One emoji under a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// One grapheme cluster.
    pub emoji: String,
    /// Who (66 hex digits each), in the order in which they came.
    pub authors: Vec<String>,
    /// We are among them.
    pub mine: bool,
}

/// A link preview that the author made (20-messages 4.9). The site is never asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPreview {
    /// Occurs as a link in the text.
    pub url: String,
    /// Title.
    pub title: String,
    /// A small picture.
    pub image: Option<Attachment>,
}

/// An invitation to a community (20-messages 4.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Name of the room.
    pub name: String,
    /// Address with the server's key.
    pub url: String,
}

/// screens 9.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// Held for so long that it can be taken back: until then (device clock, ms).
    Held {
        /// ms.
        until: u64,
    },
    /// Saved in the outbox.
    Queued,
    /// Its files are on their way to the file server.
    Uploading,
    /// In the path.
    Sending,
    /// Confirmed by `confirmed` of `of` nodes of the recipient's swarm.
    Stored {
        /// Nodes whose signature verified.
        confirmed: u8,
        /// Nodes asked.
        of: u8,
    },
    /// The copy for own other devices is stored too. `0` of `0`: sent by another device, which knows the counts.
    Synced {
        /// Nodes whose signature verified.
        confirmed: u8,
        /// Nodes asked.
        of: u8,
    },
    /// A read receipt came.
    Read,
    /// An attempt failed; the next one is at `next_at` (ms, device clock).
    Retrying {
        /// Attempts so far.
        attempt: u16,
        /// ms.
        next_at: u64,
    },
    /// Given up, for a reason of the catalogue.
    Failed(ErrorCode),
}

impl Default for Delivery {
    fn default() -> Self {
        Self::Stored {
            confirmed: 0,
            of: 0,
        }
    }
}

/// What a person wrote and attached, before it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The message it replies to.
    pub reply_to: Option<MessageId>,
    /// Staged files, in order.
    pub files: Vec<Attachment>,
}

/// From where a message is removed (20-messages 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteScope {
    /// From this device.
    Here,
    /// From all devices of this account (Note to Self).
    MyDevices,
    /// From everybody's devices (own messages).
    Everyone,
}

/// Everything known about one message (screens 9.5, info).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageInfo {
    /// Hash in the swarm of the one who holds it for us, unpadded base64; none before it is stored.
    pub hash: Option<String>,
    /// When the swarm forgets it (network time, ms).
    pub swarm_expiry: Option<u64>,
    /// Nodes that confirmed an own message (Ed25519 keys, 64 hex digits).
    pub nodes: Vec<String>,
    /// The path that its last successful request took, guard first; empty for received messages.
    pub path: Vec<HopView>,
    /// When a swarm took it (network time, ms).
    pub stored_at: Option<u64>,
    /// When a read receipt came (device clock, ms).
    pub read_at: Option<u64>,
    /// Bytes as stored in the swarm.
    pub size: Option<u32>,
    /// SHA-256 of each encrypted file (32 bytes), in the order of the message's files; none before it is encrypted, and in the
    /// stream form, each piece of which proves itself (20-messages 5.3).
    pub digests: Vec<Option<[u8; 32]>>,
}
