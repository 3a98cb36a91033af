//! Words about messages that are not here yet: receipts and reactions (20-messages 4.4, 4.7).
//!
//! Members of a swarm order messages differently, and copies of own messages come late. What speaks of a message is kept for
//! as long as the message may still come, and applied when it does. If it never comes, nothing shows.

use crate::api::Delivery;
use crate::message::{MessageRecord, ReactionRecord};
use crate::ports::{Ports, Table};
use crate::reaction::set_reaction;
use crate::store::{Key, RecordError, Records, Tx};
use onionskin_protocol::sorted::SortedMap;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;

/// Author's key and sent timestamp (ms) of the message that is spoken of.
pub(crate) type Early = ([u8; 32], u64);

/// No message comes later than this after what speaks of it (ms): a swarm keeps it 14 days.
const LIFE: u64 = 15 * 24 * 3_600_000;
/// Messages spoken of at most; words about others are dropped.
const MAX_TARGETS: usize = 1_000;
/// Those of one person.
const MAX_OF_ONE: usize = 50;
/// Reactions kept for one of them.
const MAX_REACTIONS: usize = 16;

/// What was said about a message that is not here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EarlyRecord {
    /// The first word came then (network time, ms).
    since: u64,
    /// The reader's key, and when the receipt came (device clock, ms).
    read: Option<([u8; 32], u64)>,
    reactions: Vec<ReactionRecord>,
}

impl EarlyRecord {
    /// Further words make none of them last longer.
    fn begin(&mut self, now: u64) {
        if self.since == 0 {
            self.since = now;
        }
    }

    pub(crate) fn read(&mut self, reader: [u8; 32], at: u64, now: u64) {
        self.begin(now);
        self.read = Some((reader, at));
    }

    pub(crate) fn react(&mut self, reaction: ReactionRecord, now: u64) {
        self.begin(now);
        if self.reactions.len() < MAX_REACTIONS {
            set_reaction(&mut self.reactions, reaction);
        }
    }

    fn is_of(&self, sender: &[u8; 32]) -> bool {
        let reacted = self.reactions.iter().any(|word| word.author == *sender);
        reacted || self.read.is_some_and(|(reader, _)| reader == *sender)
    }

    fn is_too_old(&self, now: u64) -> bool {
        self.since.saturating_add(LIFE) < now
    }

    /// The message is here, in the conversation between `own` and `partner`: nobody else has a say in it.
    pub(crate) fn apply(self, record: &mut MessageRecord, own: &[u8; 32], partner: &[u8; 32]) {
        for reaction in self.reactions {
            if reaction.author == *own || reaction.author == *partner {
                set_reaction(&mut record.reactions, reaction);
            }
        }
        if let Some((reader, at)) = self.read
            && record.mine
            && reader == *partner
        {
            record.delivery = Delivery::Read;
            record.read_at = Some(at);
        }
    }
}

/// All of them, in memory and in the store.
pub(crate) struct EarlyWords {
    kept: RefCell<SortedMap<Early, EarlyRecord>>,
    own: [u8; 32],
}

impl EarlyWords {
    /// Takes up what an earlier session kept. `own`: our key.
    pub(crate) async fn open<P: Ports>(
        records: &Records<P>,
        own: [u8; 32],
    ) -> Result<Self, RecordError> {
        let (found, _) = records
            .range::<(Early, EarlyRecord)>(
                &prefix(records),
                &prefix(records).then(&[0xff; 17]),
                false,
                2 * MAX_TARGETS,
            )
            .await?;
        let kept = found.into_iter().map(|(_, kept)| kept).collect();
        Ok(Self {
            kept: RefCell::new(kept),
            own,
        })
    }

    pub(crate) fn get(&self, target: &Early) -> Option<EarlyRecord> {
        self.kept.borrow().get(target).cloned()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.kept.borrow().len() >= MAX_TARGETS
    }

    /// What no message will come for any more at `now` (network time, ms).
    pub(crate) fn too_old(&self, now: u64) -> Vec<Early> {
        let kept = self.kept.borrow();
        let old = kept.iter().filter(|(_, record)| record.is_too_old(now));
        old.map(|(target, _)| *target).collect()
    }

    /// Whether a word of `sender` about this message can be kept, with what a change is about to write. Nobody but we
    /// ourselves may fill the places of all others.
    pub(crate) fn has_room_for(
        &self,
        target: &Early,
        sender: &[u8; 32],
        changed: &SortedMap<Early, Option<EarlyRecord>>,
    ) -> bool {
        let kept = self.kept.borrow();
        let unchanged = kept.iter().filter(|(key, _)| !changed.contains_key(key));
        let written = changed
            .iter()
            .filter_map(|(key, record)| Some((key, record.as_ref()?)));
        let (mut all, mut theirs) = (0, 0);
        for (key, record) in unchanged.chain(written) {
            if key == target {
                return true;
            }
            all += 1;
            theirs += usize::from(record.is_of(sender));
        }
        all < MAX_TARGETS && (theirs < MAX_OF_ONE || *sender == self.own)
    }

    pub(crate) fn set(&self, target: Early, record: Option<EarlyRecord>) {
        let mut words = self.kept.borrow_mut();
        match record {
            Some(record) => words.insert(target, record),
            None => words.remove(&target),
        };
    }

    pub(crate) fn write<P: Ports>(
        &self,
        target: &Early,
        record: &Option<EarlyRecord>,
        tx: &mut Tx<P>,
        records: &Records<P>,
    ) {
        let key = key(records, target);
        match record {
            Some(record) => tx.put(&key, &(target, record)),
            None => tx.delete(&key),
        };
    }
}

fn prefix<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Index, "early words", &[])
}

/// 32 bytes.
fn key<P: Ports>(records: &Records<P>, (author, sent_at): &Early) -> Key {
    let name = records.key::<16>(Table::Index, "early", &[author, &sent_at.to_be_bytes()]);
    prefix(records).then(name.bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::conversation::Conversations;
    use crate::conversation::tests::conversations;
    use crate::network::testing::{Lab, LabPorts};
    use crate::ports::{Durability, Table};
    use crate::store::MemoryStore;
    use onionskin_protocol::id::AccountId;
    use onionskin_protocol::keys::X25519PublicKey;
    use onionskin_protocol::message::proto::{self, reaction::Action};

    const OWN: [u8; 32] = [1; 32];

    fn id(key: [u8; 32]) -> AccountId {
        AccountId::from_key(X25519PublicKey(key))
    }

    /// Somebody reacts to messages of ours that are not here.
    async fn react(
        book: &Conversations<LabPorts>,
        sender: [u8; 32],
        messages: std::ops::Range<u64>,
    ) {
        let mut change = book.change().await;
        change.with(&id(sender));
        for message in messages {
            let reaction = proto::Reaction {
                id: message,
                author: id(OWN).to_string(),
                emoji: Some("\u{1f44d}".into()),
                action: Action::React as i32,
            };
            let sender = id(sender);
            let taken = change.take_reaction(&sender, &sender, 5, &reaction);
            taken.await.unwrap();
        }
        change.commit(Durability::Relaxed).await.unwrap();
    }

    fn kept(book: &Conversations<LabPorts>, sender: [u8; 32]) -> usize {
        let words = book.early.kept.borrow();
        words
            .values()
            .filter(|record| record.is_of(&sender))
            .count()
    }

    #[test]
    fn nobody_fills_the_places_of_others() {
        let (lab, store) = (Lab::new(3), MemoryStore::new());
        let book = conversations(&lab, &store, OWN);
        lab.time().run(async {
            react(&book, [2; 32], 0..2_000).await;
            react(&book, [2; 32], 2_000..3_000).await;
            react(&book, [3; 32], 5_000..5_010).await;
            // A word about what is spoken of already takes no place.
            react(&book, [2; 32], 5_000..5_010).await;
        });
        assert_eq!(kept(&book, [2; 32]), MAX_OF_ONE + 10);
        assert_eq!(kept(&book, [3; 32]), 10);
    }

    #[test]
    fn words_that_are_too_old_make_room_also_while_the_account_is_open() {
        let (lab, store) = (Lab::new(3), MemoryStore::new());
        let book = conversations(&lab, &store, OWN);
        lab.time().run(async {
            for sender in 2..40 {
                let first = u64::from(sender) * 1_000;
                react(&book, [sender; 32], first..first + 40).await;
            }
        });
        assert_eq!(book.early.kept.borrow().len(), MAX_TARGETS);
        let words = |store: &MemoryStore| {
            let held = store.len();
            held - lab
                .time()
                .run(book.records.all::<Vec<u8>>(Table::Conversation))
                .unwrap()
                .1
        };
        let full = words(&store);
        lab.time().run(lab.wait(LIFE + 1));
        lab.time().run(react(&book, [50; 32], 0..10));
        assert_eq!(kept(&book, [50; 32]), 10);
        assert_eq!(book.early.kept.borrow().len(), 10);
        assert!(words(&store) < full);
    }
}
