//! Files of messages.

use super::{ConversationId, Cursor, ErrorCode, FileKind, MessageId};
use serde::{Deserialize, Serialize};

/// A random local name of a file (128 bit).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct FileId(pub [u8; 16]);

/// A file as screens show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Local name.
    pub id: FileId,
    /// What it is.
    pub kind: FileKind,
    /// Its name, without control characters and directories; possibly empty.
    pub name: String,
    /// Its declared type, for example `image/jpeg`. A word of the sender: never a reason to run anything.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Pixels; 0 = unknown.
    pub width: u32,
    /// Pixels; 0 = unknown.
    pub height: u32,
    /// What it shows, in the sender's words; possibly empty. For whoever does not see it.
    pub caption: String,
    /// It can run programs by its name, its type or its first bytes.
    pub dangerous: bool,
    /// It was removed from this device and loads only when somebody asks.
    pub let_go: bool,
    /// Where it is.
    pub state: FileState,
}

/// Where a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileState {
    /// On this device.
    #[default]
    Here,
    /// On the file server only.
    Remote,
    /// On its way; `total` 0 = unknown.
    Loading {
        /// Bytes.
        done: u64,
        /// Bytes.
        total: u64,
    },
    /// It waits for its turn or for the next attempt to be sent.
    Waiting,
    /// On its way to the file server.
    Uploading {
        /// Bytes.
        done: u64,
        /// Bytes.
        total: u64,
    },
    /// It could not be fetched or sent.
    Failed(ErrorCode),
}

/// A file that the person picked, dropped, pasted or recorded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFile {
    /// Its name.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Blob,
    /// Pixels; 0 = unknown or no picture.
    pub width: u32,
    /// Pixels; 0 = unknown or no picture.
    pub height: u32,
    /// A voice message.
    pub voice: bool,
}

impl std::fmt::Debug for NewFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewFile({} bytes)", self.bytes.0.len())
    }
}

/// Bytes of a file. Silent in `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob(#[serde(with = "serde_bytes")] pub Vec<u8>);

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

/// A file among all files of a conversation (screens 9.12).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaItem {
    /// The file.
    pub attachment: Attachment,
    /// Its message.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Sent timestamp (ms).
    pub sent_at: u64,
    /// Own message.
    pub mine: bool,
}

impl MediaItem {
    /// The place of its message.
    pub const fn cursor(&self) -> Cursor {
        Cursor {
            sent_at: self.sent_at,
            message: self.message,
        }
    }
}

/// Which files on this device are meant (screens 20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomQuery {
    /// Of this conversation only.
    pub conversation: Option<ConversationId>,
    /// Sent before then (ms).
    pub before: Option<u64>,
    /// At least so many bytes.
    pub at_least: u64,
}

/// How full the storage is that the browser allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Pressure {
    /// There is room.
    #[default]
    None,
    /// It runs out.
    Tight,
    /// It has run out: files are not kept any more.
    Full,
}

/// The room that files take on this device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomView {
    /// How many there are.
    pub files: u32,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Bytes of pictures.
    pub pictures: u64,
    /// Bytes of films.
    pub films: u64,
    /// Bytes of voice messages.
    pub voice: u64,
    /// Bytes of everything else.
    pub others: u64,
    /// By conversation, the one with the most first; those without files are left out.
    pub conversations: Vec<RoomOf>,
    /// The largest files, at most 50.
    pub largest: Vec<MediaItem>,
    /// When the oldest message on this device was sent (ms).
    pub oldest: Option<u64>,
    /// Bytes of the search index, which is in memory only.
    pub search: u64,
}

/// The room that the files of one conversation take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomOf {
    /// Which.
    pub conversation: ConversationId,
    /// How many files.
    pub files: u32,
    /// Their bytes.
    pub bytes: u64,
}
