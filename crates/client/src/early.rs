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
pub(crate) struct EarlyWords(RefCell<SortedMap<Early, EarlyRecord>>);

impl EarlyWords {
    /// Takes up what an earlier session kept.
    pub(crate) async fn open<P: Ports>(records: &Records<P>) -> Result<Self, RecordError> {
        let (found, _) = records
            .range::<(Early, EarlyRecord)>(
                &prefix(records),
                &prefix(records).then(&[0xff; 17]),
                false,
                2 * MAX_TARGETS,
            )
            .await?;
        let kept = found.into_iter().map(|(_, kept)| kept).collect();
        Ok(Self(RefCell::new(kept)))
    }

    /// Messages that cannot come any more at `now` (network time, ms).
    pub(crate) fn outlived(&self, now: u64) -> Vec<Early> {
        let words = self.0.borrow();
        let old = words
            .iter()
            .filter(|(_, record)| record.since.saturating_add(LIFE) < now);
        old.map(|(target, _)| *target).collect()
    }

    pub(crate) fn get(&self, target: &Early) -> Option<EarlyRecord> {
        self.0.borrow().get(target).cloned()
    }

    /// Whether words about this message can be kept.
    pub(crate) fn has_room_for(&self, target: &Early) -> bool {
        let words = self.0.borrow();
        words.len() < MAX_TARGETS || words.contains_key(target)
    }

    pub(crate) fn set(&self, target: Early, record: Option<EarlyRecord>) {
        let mut words = self.0.borrow_mut();
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
