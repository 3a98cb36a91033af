//! What a backup holds, item by item. Records are written as the vault holds them, without the names that they have on one
//! device only; they grow at their end like those. Items of kinds that are not known here are left out.

use super::format::Item as Sealed;
use crate::api::{BackupCounts, Settings};
use crate::conversation::{ConversationRecord, PictureRef};
use crate::message::MessageRecord;
use crate::store::{RecordError, read};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const SETTINGS: u8 = 1;
const PROFILE: u8 = 2;
const GROUPS: u8 = 3;
const GONE: u8 = 4;
const CONVERSATION: u8 = 5;
const MESSAGE: u8 = 6;
const FILE: u8 = 7;
const DRAFT: u8 = 8;
const PICTURE: u8 = 9;
const END: u8 = 10;

/// Longest item (bytes) that is no file: more than any message and any conversation has.
const MAX_LIGHT: usize = 1024 * 1024;

/// Author's key and sent timestamp (ms): what a message is called on every device.
pub(super) type Name = ([u8; 32], u64);

/// The file of a message that is the picture of its link preview.
pub(super) const PREVIEW: u32 = u32::MAX;

/// One item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Settings(Box<Settings>),
    Profile(Profile),
    /// The config of groups and communities, as it is dumped (30-config 8).
    Groups(Vec<u8>),
    /// A message that was deleted and must not come back.
    Gone(Name),
    Conversation(Box<ConversationRecord>),
    Message(Box<Message>),
    File(File),
    Draft(Draft),
    Picture(Picture),
    /// The last one: how much came before it.
    End(BackupCounts),
}

/// Name and picture of the account, and what else its profile says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    pub name: String,
    pub picture: Option<PictureRef>,
    pub community_requests: Option<bool>,
    /// When it last changed (s).
    pub updated_s: u64,
}

/// A message, behind the conversation in which it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    /// The other side's key.
    pub partner: [u8; 32],
    pub record: MessageRecord,
}

/// A file, behind its message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct File {
    pub message: Name,
    /// Its place among the files of the message, or [`PREVIEW`].
    pub place: u32,
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({} bytes)", self.bytes.len())
    }
}

/// Unsent text, behind the messages of its conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Draft {
    /// The other side's key.
    pub partner: [u8; 32],
    pub text: String,
    pub reply_to: Option<Name>,
}

/// Somebody's picture.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Picture {
    pub account: [u8; 32],
    /// Of the reference that led to it.
    pub mark: u64,
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} bytes)", self.bytes.len())
    }
}

impl Item {
    pub(super) fn seal(&self) -> Result<Sealed, RecordError> {
        fn body(value: &impl Serialize) -> Result<Vec<u8>, RecordError> {
            postcard::to_allocvec(value).map_err(|_| RecordError::Form)
        }
        Ok(match self {
            Self::Settings(settings) => (SETTINGS, body(settings)?),
            Self::Profile(profile) => (PROFILE, body(profile)?),
            Self::Groups(dump) => (GROUPS, dump.clone()),
            Self::Gone(name) => (GONE, body(name)?),
            Self::Conversation(record) => (CONVERSATION, body(record)?),
            Self::Message(message) => (MESSAGE, body(message)?),
            Self::File(file) => (FILE, body(file)?),
            Self::Draft(draft) => (DRAFT, body(draft)?),
            Self::Picture(picture) => (PICTURE, body(picture)?),
            Self::End(counts) => (END, body(counts)?),
        })
    }

    /// `None`: of a later version.
    pub(super) fn open((kind, body): &Sealed) -> Result<Option<Self>, RecordError> {
        let heavy = matches!(*kind, GROUPS | FILE | PICTURE);
        if body.len() > MAX_LIGHT && !heavy {
            return Err(RecordError::Form);
        }
        fn of<T: DeserializeOwned>(
            body: &[u8],
            make: impl Fn(T) -> Item,
        ) -> Result<Option<Item>, RecordError> {
            read(body).map(|value| Some(make(value)))
        }
        match *kind {
            SETTINGS => of(body, Self::Settings),
            PROFILE => of(body, Self::Profile),
            GROUPS => Ok(Some(Self::Groups(body.clone()))),
            GONE => of(body, Self::Gone),
            CONVERSATION => of(body, Self::Conversation),
            MESSAGE => of(body, Self::Message),
            FILE => of(body, Self::File),
            DRAFT => of(body, Self::Draft),
            PICTURE => of(body, Self::Picture),
            END => of(body, Self::End),
            _ => Ok(None),
        }
    }
}

/// Whether this version reads an item.
pub fn is_readable(item: &Sealed) -> bool {
    Item::open(item).is_ok()
}
