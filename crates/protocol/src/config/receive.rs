//! What a device does with stored messages that it fetched (30-config 6.4): opens them, collects parts, merges.

use super::encrypt;
use super::merge::{self, Outcome};
use super::message::{Draft, LAG, Message};
use super::multipart::Collected;
use super::object::{Config, State, Version};
use super::pack::{self, Content};
use super::value::Dict;
use crate::id::MessageHash;
use crate::sorted::SortedSet;
use crate::time::Timestamp;

/// None of the versions that were received can be read, and there is none of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("none of the received versions can be read")]
pub struct MergeError;

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Messages that were understood and need not be fetched again. The others may be from a newer client: they stay.
    pub accepted: SortedSet<MessageHash>,
    /// Whether the data is another than before.
    pub changed: bool,
}

/// A version that was received, with the names and bytes of the messages it came in.
struct Received {
    message: Message,
    hashes: Vec<MessageHash>,
    stored: Vec<Vec<u8>>,
}

/// Everything that was received in one go.
#[derive(Default)]
struct Intake {
    versions: Vec<Received>,
    accepted: SortedSet<MessageHash>,
    /// Some message opened and is no version that this code can read.
    unreadable: bool,
}

impl Config {
    /// Takes in stored messages. `now` is the network's time; it decides only how long incomplete sets of parts are kept.
    pub fn merge(
        &mut self,
        messages: &[(MessageHash, &[u8])],
        now: Timestamp,
    ) -> Result<Merged, MergeError> {
        let intake = self.open_all(messages, now);
        self.needs_dump |= self.parts.expire(now);
        let own = match &self.version {
            Version::Stored(message) if message.id().seqno == 0 => None,
            Version::Stored(message) | Version::Pushed(message) => Some(message.clone()),
            Version::Editing(draft) => Some(draft.seal(self.access.signer(), LAG)),
        };
        if intake.versions.is_empty() && intake.unreadable && own.is_none() {
            return Err(MergeError);
        }
        self.merge_versions(intake.versions, own.as_ref());
        let changed = own.map_or(!self.data().is_empty(), |own| own.data() != self.data());
        Ok(Merged {
            accepted: intake.accepted,
            changed,
        })
    }

    fn open_all(&mut self, messages: &[(MessageHash, &[u8])], now: Timestamp) -> Intake {
        let mut intake = Intake::default();
        for (hash, stored) in messages {
            let opened = pack::open(stored, self.kind, &self.keys, self.access.owner());
            match opened
                .as_deref()
                .and_then(|plaintext| pack::read(plaintext))
            {
                None => {}
                Some(Content::Message(message)) => {
                    let (hashes, stored) = (vec![hash.clone()], vec![stored.to_vec()]);
                    self.read_version(&mut intake, hash, &message, hashes, stored);
                }
                Some(Content::Part(part)) => {
                    let collected = self.parts.add(part, hash, stored, now);
                    self.needs_dump |= !matches!(collected, Collected::Known);
                    match collected {
                        Collected::Refused => {}
                        Collected::Known | Collected::Kept => {
                            intake.accepted.insert(hash.clone());
                        }
                        Collected::Complete(whole, pieces) => {
                            let pieces = pieces.into_iter().map(|piece| (piece.hash, piece.stored));
                            let (hashes, stored) = pieces.unzip();
                            let message = pack::inflate(encrypt::unpad(&whole)).unwrap_or_default();
                            self.read_version(&mut intake, hash, &message, hashes, stored);
                        }
                    }
                }
            }
        }
        intake
    }

    /// Reads a version whose `last` message just came in. The messages of its other parts were accepted when they came.
    fn read_version(
        &self,
        intake: &mut Intake,
        last: &MessageHash,
        message: &[u8],
        hashes: Vec<MessageHash>,
        stored: Vec<Vec<u8>>,
    ) {
        if let Ok(message) = Message::parse(message, self.access.verifier().as_ref(), LAG) {
            intake.accepted.insert(last.clone());
            intake.versions.push(Received {
                message,
                hashes,
                stored,
            });
        } else {
            intake.unreadable = true;
            intake.accepted.retain(|hash| !hashes.contains(hash));
        }
    }

    fn merge_versions(&mut self, received: Vec<Received>, own: Option<&Message>) {
        if received.is_empty() {
            return;
        }
        // Our own version stands last while its stored name is unknown: then an equal one that was received tells it.
        let own_first = own.is_some() && !self.current.is_empty();
        let offset = usize::from(own_first);
        let mut versions: Vec<&Message> = received.iter().map(|version| &version.message).collect();
        if let Some(own) = own {
            versions.insert(if own_first { 0 } else { versions.len() }, own);
        }
        let mut adopted = None;
        match merge::merge(&versions, self.access.can_write(), LAG) {
            Some(Outcome::Combined(draft)) => self.combine(draft),
            Some(Outcome::Adopted(place)) => {
                adopted = place
                    .checked_sub(offset)
                    .filter(|place| *place < received.len());
            }
            None => {}
        }
        self.settle(received, adopted);
    }

    /// Goes on with a version that nobody has stored yet. Its diff counts from the merged data if there were edits, which are
    /// in it, and from nothing if there were none: so the reference library does it, and only equal bytes meet in one
    /// stored message.
    fn combine(&mut self, mut draft: Draft) {
        if self.state() != State::Editing {
            draft.before = Dict::new();
        }
        self.version = Version::Editing(draft);
        self.supersede();
        self.needs_dump = true;
    }

    /// Takes over the adopted version. The messages of the others are obsolete, unless they hold the same version.
    fn settle(&mut self, mut received: Vec<Received>, adopted: Option<usize>) {
        let known = self.obsolete.len() + self.twins.len();
        if let Some(place) = adopted {
            let version = received.swap_remove(place);
            self.supersede();
            self.version = Version::Stored(version.message);
            self.current = version.hashes.into_iter().collect();
            self.received = version.stored;
            self.needs_dump = true;
        }
        let current = match &self.version {
            Version::Stored(message) | Version::Pushed(message) => Some(message.id()),
            Version::Editing(_) => None,
        };
        for version in received {
            if Some(version.message.id()) == current {
                self.twins.extend(version.hashes);
            } else {
                self.obsolete.extend(version.hashes);
            }
        }
        self.twins.retain(|hash| !self.current.contains(hash));
        self.obsolete
            .retain(|hash| !self.current.contains(hash) && !self.twins.contains(hash));
        self.needs_dump |= self.obsolete.len() + self.twins.len() != known;
    }
}
