//! What a device does with stored messages that it fetched (30-config 6.4): opens them, collects parts, merges.

use super::diff::{self, Diff};
use super::encrypt;
use super::merge::{self, Outcome};
use super::message::{Draft, LAG, Message, VersionId};
use super::multipart::Collected;
use super::object::{Config, State, Version};
use super::pack::{self, Content};
use super::value::{self, Dict};
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
        let late = own.map_or_else(Vec::new, |own| self.late_edits(own, &versions));
        let mut adopted = None;
        match merge::merge(&versions, self.access.can_write(), LAG) {
            Some(Outcome::Combined(draft)) => self.combine(draft, own),
            Some(Outcome::Adopted(place)) => {
                adopted = place
                    .checked_sub(offset)
                    .filter(|place| *place < received.len());
            }
            None => {}
        }
        self.settle(received, adopted);
        if let Some(own) = own {
            self.edit_again(&late, own.data());
        }
    }

    /// What was edited in versions of ours that the swarm may not have, when they are too far behind to be merged.
    fn late_edits(&self, own: &Message, versions: &[&Message]) -> Vec<Diff> {
        let newest = versions.iter().map(|version| version.id().seqno).max();
        let old = newest.is_some_and(|newest| own.id().seqno + LAG <= newest);
        let known = |id: &VersionId| {
            let mut others = versions.iter().filter(|other| !std::ptr::eq(**other, own));
            others.any(|other| other.id() == *id || other.lagged().contains_key(id))
        };
        if !old || !self.needs_push() || known(&own.id()) {
            return Vec::new();
        }
        let combined = self.unsent.iter().filter(|id| !known(id));
        let combined = combined.filter_map(|id| own.lagged().get(id));
        // The diff of what was only combined counts from nothing, and nobody edited that.
        let from_nothing = own.lagged().keys().any(|ancestor| ancestor.seqno > 0)
            && match &self.version {
                Version::Editing(draft) => draft.before.is_empty(),
                Version::Stored(_) | Version::Pushed(_) => {
                    *own.diff() == diff::between(&Dict::new(), own.data())
                }
            };
        let latest = (!from_nothing).then(|| own.diff());
        combined.chain(latest).cloned().collect()
    }

    /// Edits that came too late to be merged are made once more, on the version that counts now. What the versions that it
    /// tells of changed is newer than they are.
    fn edit_again(&mut self, edits: &[Diff], values: &Dict) {
        let newest = self.data().clone();
        let mut data = newest.clone();
        for edit in edits {
            diff::apply(&mut data, edit, values);
        }
        match &self.version {
            Version::Stored(message) | Version::Pushed(message) => {
                for later in message.lagged().values().chain([message.diff()]) {
                    diff::apply(&mut data, later, &newest);
                }
            }
            Version::Editing(draft) => {
                for later in draft.lagged.values() {
                    diff::apply(&mut data, later, &newest);
                }
            }
        }
        value::prune(&mut data);
        if !edits.is_empty() && data != newest {
            *self.edit().data_mut() = data;
        }
    }

    /// Goes on with a version that nobody has stored yet. Its diff counts from the merged data if there were edits, which are
    /// in it, and from nothing if there were none: so the reference library does it, and only equal bytes meet in one
    /// stored message.
    fn combine(&mut self, mut draft: Draft, own: Option<&Message>) {
        if self.needs_push() {
            self.unsent.extend(own.map(Message::id));
        }
        self.unsent.retain(|id| draft.lagged.contains_key(id));
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
            self.unsent.clear();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Contacts;
    use super::super::contacts::Contact;
    use super::*;
    use crate::account::{Account, Seed};
    use crate::id::AccountId;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn person(number: u8) -> AccountId {
        Account::from_seed(Seed::from_bytes([number; 16])).id()
    }

    fn name(contacts: &mut Contacts, number: u8, name: &str) {
        let contact = Contact {
            nickname: name.to_owned(),
            ..contacts.get_or_new(&person(number))
        };
        contacts.set(&contact).unwrap();
    }

    /// Stores what was edited, under a name that follows from `number`.
    fn stored(contacts: &mut Contacts, number: u32) -> (MessageHash, Vec<u8>) {
        let mut push = contacts.push().unwrap();
        let hash = MessageHash::parse(&format!("{number:043}")).unwrap();
        contacts.confirm_pushed(push.seqno, [hash.clone()]);
        (hash, push.messages.remove(0))
    }

    fn take(contacts: &mut Contacts, (hash, data): &(MessageHash, Vec<u8>)) {
        let merged = contacts.merge(&[(hash.clone(), data)], NOW).unwrap();
        assert_eq!(merged.accepted.len(), 1);
    }

    /// Two devices that agree on the people 1 and 2.
    fn devices() -> (Contacts, Contacts) {
        let account = Account::from_seed(Seed::from_bytes([9; 16]));
        let (mut one, mut other) = (
            Contacts::new(account.ed25519()),
            Contacts::new(account.ed25519()),
        );
        name(&mut one, 1, "one");
        name(&mut one, 2, "two");
        take(&mut other, &stored(&mut one, 0));
        (one, other)
    }

    #[test]
    fn edits_that_come_too_late_to_be_merged_are_made_again() {
        for pushed in [false, true] {
            let (mut one, mut other) = devices();
            name(&mut one, 1, "mine");
            name(&mut one, 2, "older");
            name(&mut one, 3, "three");
            if pushed {
                one.push().unwrap();
            }
            let mut last = None;
            for round in 1..=6 {
                name(&mut other, 2, &format!("newer {round}"));
                name(&mut other, 10 + round, "somebody");
                last = Some(stored(&mut other, round.into()));
            }
            take(&mut one, &last.unwrap());
            let nickname = |number| one.get(&person(number)).unwrap().nickname;
            assert_eq!(nickname(1), "mine");
            assert_eq!(nickname(3), "three");
            assert_eq!(nickname(2), "newer 6");
            assert_eq!(nickname(16), "somebody");
            assert_eq!(one.state(), State::Editing);
            take(&mut other, &stored(&mut one, 99));
            assert_eq!(other.data(), one.data());
            assert!(!other.needs_push());
        }
    }

    #[test]
    fn edits_that_were_combined_with_others_before_they_came_too_late_are_made_again() {
        let (mut one, mut other) = devices();
        name(&mut one, 1, "mine");
        for round in 1..=9 {
            name(&mut other, 10 + round, "somebody");
            let version = stored(&mut other, round.into());
            match round {
                2 => {
                    take(&mut one, &version);
                    name(&mut one, 3, "three");
                    let dump = one.dump();
                    let account = Account::from_seed(Seed::from_bytes([9; 16]));
                    one = Contacts::load(account.ed25519(), &dump).unwrap();
                }
                9 => take(&mut one, &version),
                _ => {}
            }
        }
        let nickname = |number| one.get(&person(number)).unwrap().nickname;
        assert_eq!(nickname(1), "mine");
        assert_eq!(nickname(3), "three");
        assert_eq!(nickname(19), "somebody");
    }

    #[test]
    fn what_the_swarm_has_already_is_not_edited_again() {
        let (mut one, mut other) = devices();
        name(&mut one, 3, "three");
        // Its confirmation was lost, and another device built on it.
        let push = one.push().unwrap();
        let hash = MessageHash::parse(&format!("{:043}", 50)).unwrap();
        take(&mut other, &(hash, push.messages[0].clone()));
        let mut between = None;
        for round in 1..=6 {
            match round {
                2 => other.erase(&person(3)).unwrap(),
                _ => name(&mut other, 10 + round, "somebody"),
            }
            let version = stored(&mut other, round.into());
            between.get_or_insert(version.clone());
            if round == 6 {
                let (first, last) = (between.take().unwrap(), version);
                let both = [(first.0, first.1.as_slice()), (last.0, last.1.as_slice())];
                one.merge(&both, NOW).unwrap();
            }
        }
        assert_eq!(one.get(&person(3)), None);
        assert_eq!(one.state(), State::Stored);
    }
}
