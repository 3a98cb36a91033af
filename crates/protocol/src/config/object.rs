//! A config as one device holds it (30-config 6): edited, pushed, merged with what others stored.
//!
//! ```text
//!            edit                    push                   confirm_pushed
//!   Stored ────────► Editing ───────────────► Pushed ───────────────────────► Stored
//!      ▲                │ ▲        edit          │
//!      │                │ └──────────────────────┘
//!      └────────────────┴── merge: adopted → Stored, combined → Editing
//! ```
//!
//! Nothing here waits or reads a clock. The caller stores what [`Config::push`] gives, deletes what is obsolete, and keeps
//! [`Config::dump`] in its vault: before a push is sent, and together with the effects of a merge.

use super::Kind;
use super::encrypt::KeyBase;
use super::message::{Draft, LAG, Message, VersionId};
use super::multipart::Collector;
use super::pack;
use super::value::{Dict, Value};
use super::wrap::Owner;
use crate::id::MessageHash;
use crate::keys::{Ed25519PublicKey, Ed25519SecretKey};
use crate::sorted::SortedSet;

/// Who holds the config.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// A device of the account: writes, wraps, does not sign.
    Account(Box<Owner>),
    /// An admin of the group: writes and signs.
    Admin(Ed25519SecretKey),
    /// A member of the group: verifies, cannot write.
    Member(Ed25519PublicKey),
}

impl Access {
    pub(super) fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Account(owner) => Some(owner),
            Self::Admin(_) | Self::Member(_) => None,
        }
    }
    pub(super) fn signer(&self) -> Option<&Ed25519SecretKey> {
        match self {
            Self::Admin(key) => Some(key),
            Self::Account(_) | Self::Member(_) => None,
        }
    }
    pub(super) fn verifier(&self) -> Option<Ed25519PublicKey> {
        match self {
            Self::Account(_) => None,
            Self::Admin(key) => Some(key.public()),
            Self::Member(key) => Some(*key),
        }
    }
    pub(super) fn can_write(&self) -> bool {
        !matches!(self, Self::Member(_))
    }
}

/// How the current version stands to the swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is a version of the swarm (or the empty one).
    Stored,
    /// It has edits that were never handed out.
    Editing,
    /// It was handed out and is not confirmed.
    Pushed,
}

/// The current version.
#[derive(Clone, Debug)]
pub(super) enum Version {
    Stored(Message),
    Editing(Draft),
    Pushed(Message),
}

/// Why an edit was refused. Nothing changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The holder is no admin of the group.
    #[error("only an admin can change this")]
    ReadOnly,
    /// A value that the network does not take.
    #[error("this value is longer than {0} bytes or empty where it may not be")]
    Value(usize),
}

/// Why a config cannot be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// More than 10,000,000 bytes, or more than 5,000,000 compressed.
    #[error("the config is too large for the network")]
    TooLarge,
    /// No key of the group is known.
    #[error("there is no key to encrypt the config with")]
    NoKey,
}

/// What is to be stored, and deleted afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Names the version for [`Config::confirm_pushed`].
    pub seqno: i64,
    /// The messages to store in the namespace of the config, 76,800 bytes at most each.
    pub messages: Vec<Vec<u8>>,
    /// Stored messages that this version supersedes. They are handed out once.
    pub obsolete: SortedSet<MessageHash>,
}

/// A config object.
#[derive(Clone)]
pub struct Config {
    pub(super) kind: Kind,
    pub(super) access: Access,
    pub(super) keys: Vec<KeyBase>,
    pub(super) version: Version,
    pub(super) current: SortedSet<MessageHash>,
    /// Other stored messages with the current version in them, from devices that compress otherwise. Deleting them at once could
    /// meet with another device deleting ours.
    pub(super) twins: SortedSet<MessageHash>,
    pub(super) obsolete: SortedSet<MessageHash>,
    /// Versions of ours that were combined into the current one before anybody is known to have stored them.
    pub(super) unsent: SortedSet<VersionId>,
    pub(super) parts: Collector,
    /// The stored messages of an adopted version, so that it can be stored again under the same hashes.
    pub(super) received: Vec<Vec<u8>>,
    pub(super) needs_dump: bool,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("kind", &self.kind)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Config {
    pub(super) fn new(kind: Kind, access: Access, keys: Vec<KeyBase>) -> Self {
        Self {
            kind,
            access,
            keys,
            version: Version::Stored(Message::empty()),
            current: SortedSet::new(),
            twins: SortedSet::new(),
            obsolete: SortedSet::new(),
            unsent: SortedSet::new(),
            parts: Collector::default(),
            received: Vec::new(),
            needs_dump: false,
        }
    }

    pub(super) fn of_account(kind: Kind, account: &Ed25519SecretKey) -> Self {
        let key = KeyBase::from_bytes(*account.seed());
        Self::new(
            kind,
            Access::Account(Box::new(Owner::new(account))),
            vec![key],
        )
    }

    /// Which config it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The whole data, also what this code does not know.
    pub fn data(&self) -> &Dict {
        match &self.version {
            Version::Stored(message) | Version::Pushed(message) => message.data(),
            Version::Editing(draft) => draft.data(),
        }
    }

    /// The number of the current version.
    pub fn seqno(&self) -> i64 {
        match &self.version {
            Version::Stored(message) | Version::Pushed(message) => message.id().seqno,
            Version::Editing(draft) => draft.seqno(),
        }
    }

    /// How the current version stands to the swarm.
    pub fn state(&self) -> State {
        match self.version {
            Version::Stored(_) => State::Stored,
            Version::Editing(_) => State::Editing,
            Version::Pushed(_) => State::Pushed,
        }
    }

    /// Whether the swarm does not have the current version yet.
    pub fn needs_push(&self) -> bool {
        self.state() != State::Stored
    }

    /// Whether something changed since the last [`Self::dump`].
    pub fn needs_dump(&self) -> bool {
        self.needs_dump
    }

    /// Whether edits are refused.
    pub fn is_read_only(&self) -> bool {
        !self.access.can_write()
    }

    /// The stored messages of the current version, as far as they are known.
    pub fn current_hashes(&self) -> &SortedSet<MessageHash> {
        &self.current
    }

    /// The stored messages that have to be kept alive (30-config 7.3): of the current version and of incomplete sets.
    pub fn active_hashes(&self) -> SortedSet<MessageHash> {
        self.current
            .iter()
            .cloned()
            .chain(self.parts.hashes())
            .collect()
    }

    /// Stored messages that wait to be deleted. [`Self::push`] hands them out; after a merge that needs no push they can be
    /// taken at once.
    pub fn take_obsolete(&mut self) -> SortedSet<MessageHash> {
        self.needs_dump |= !self.obsolete.is_empty();
        let obsolete = std::mem::take(&mut self.obsolete);
        if self.is_read_only() {
            SortedSet::new()
        } else {
            obsolete
        }
    }

    /// Replaces the keys of a group, newest first.
    pub(super) fn set_keys(&mut self, keys: Vec<KeyBase>) {
        self.keys = keys;
    }

    /// The group has a new key: makes a version that holds the same, so that it is stored under that key.
    pub(super) fn renew(&mut self, keys: Vec<KeyBase>) -> Result<(), EditError> {
        if self.is_read_only() {
            return Err(EditError::ReadOnly);
        }
        self.keys = keys;
        self.edit();
        Ok(())
    }

    /// The holder became an admin: edits are signed from now on.
    pub(super) fn promote(&mut self, secret: Ed25519SecretKey) {
        self.access = Access::Admin(secret);
    }

    /// The value at a path of keys.
    pub fn value(&self, path: &[&[u8]]) -> Option<&Value> {
        let (last, parents) = path.split_last()?;
        let mut dict = self.data();
        for key in parents {
            match dict.get(*key)? {
                Value::Dict(inner) => dict = inner,
                _ => return None,
            }
        }
        dict.get(*last)
    }

    /// Sets the value at a path of keys, making the dictionaries on the way. A value that is there already, and an empty set
    /// or dictionary where none is, changes nothing.
    pub fn put_value(&mut self, path: &[&[u8]], value: Value) -> Result<(), EditError> {
        if value.is_empty() {
            return self.erase_value(path);
        }
        if self.is_read_only() {
            return Err(EditError::ReadOnly);
        }
        let Some((last, parents)) = path.split_last() else {
            return Ok(());
        };
        if self.value(path) == Some(&value) {
            return Ok(());
        }
        let mut dict = self.edit().data_mut();
        for key in parents {
            let entry = dict.entry(key.to_vec()).or_insert(Value::Dict(Dict::new()));
            if !matches!(entry, Value::Dict(_)) {
                *entry = Value::Dict(Dict::new());
            }
            match entry {
                Value::Dict(inner) => dict = inner,
                Value::Scalar(_) | Value::Set(_) => return Ok(()),
            }
        }
        dict.insert(last.to_vec(), value);
        Ok(())
    }

    /// Removes what is at a path of keys, and the dictionaries that this leaves empty.
    pub fn erase_value(&mut self, path: &[&[u8]]) -> Result<(), EditError> {
        if self.is_read_only() {
            return Err(EditError::ReadOnly);
        }
        if self.value(path).is_some() {
            remove(self.edit().data_mut(), path);
        }
        Ok(())
    }

    /// The draft of the next version.
    pub(super) fn edit(&mut self) -> &mut Draft {
        self.needs_dump = true;
        if let Version::Stored(message) | Version::Pushed(message) = &self.version {
            self.version = Version::Editing(message.increment(LAG));
            self.supersede();
        }
        match &mut self.version {
            Version::Editing(draft) => draft,
            Version::Stored(_) | Version::Pushed(_) => unreachable!("made a draft just now"),
        }
    }

    /// The stored form of the current version is no longer what we hold.
    pub(super) fn supersede(&mut self) {
        self.obsolete.append(&mut self.current);
        self.obsolete.append(&mut self.twins);
        self.received.clear();
    }

    /// Hands out the current version, to be stored and then confirmed. The same again while nothing was edited.
    pub fn push(&mut self) -> Result<Push, PushError> {
        let message = match &self.version {
            Version::Editing(draft) => draft.seal(self.access.signer(), LAG),
            // The empty version is the same for all; who can sign hands it out signed.
            Version::Stored(message) if message.id().seqno == 0 => {
                Draft::first(0).seal(self.access.signer(), LAG)
            }
            Version::Stored(message) | Version::Pushed(message) => message.clone(),
        };
        let seqno = message.id().seqno;
        let messages = if self.received.is_empty() {
            let key = self.keys.first().ok_or(PushError::NoKey)?;
            let owner = self.access.owner();
            let packed = pack::pack(message.bytes(), self.kind, seqno, key, owner);
            packed.ok_or(PushError::TooLarge)?
        } else {
            self.received.clone()
        };
        if self.state() == State::Editing {
            self.version = Version::Pushed(message);
            self.needs_dump = true;
        }
        Ok(Push {
            seqno,
            messages,
            obsolete: self.take_obsolete(),
        })
    }

    /// The swarm has stored all messages of a push under these names. Without effect when the config was edited or merged
    /// meanwhile: then the next fetch finds the stored version contained in the current one.
    pub fn confirm_pushed(&mut self, seqno: i64, hashes: impl IntoIterator<Item = MessageHash>) {
        if let Version::Pushed(message) = &self.version
            && message.id().seqno == seqno
        {
            self.version = Version::Stored(message.clone());
            self.unsent.clear();
            self.current = hashes.into_iter().collect();
            self.obsolete.retain(|hash| !self.current.contains(hash));
            self.needs_dump = true;
        }
    }
}

/// Removes what is at a path, and the dictionaries that this leaves empty.
fn remove(dict: &mut Dict, path: &[&[u8]]) {
    let Some((key, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        dict.remove(*key);
    } else if let Some(Value::Dict(inner)) = dict.get_mut(*key) {
        remove(inner, rest);
        if inner.is_empty() {
            dict.remove(*key);
        }
    }
}
