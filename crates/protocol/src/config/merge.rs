//! Many versions become one (30-config 4): every device that sees the same versions computes the same result, whatever
//! the order in which they arrived.

use super::diff::{self, Diff};
use super::message::{Draft, Message, VersionId};
use super::value::{self, Dict};
use crate::sorted::{SortedMap, sort_by_key};

/// What a merge came to.
#[derive(Debug)]
pub enum Outcome {
    /// One version contains all the others: the one at this place of the input.
    Adopted(usize),
    /// A version that none of the devices has yet. Its number is one above the greatest of the input.
    Combined(Draft),
}

/// Merges versions of one config. Where several remain that know nothing of each other and the holder `can_write`, they
/// are combined; a reader takes the greatest and leaves combining to others. `None` when there is no version at all.
pub fn merge(versions: &[&Message], can_write: bool, lag: i64) -> Option<Outcome> {
    let newest = versions.iter().map(|version| version.id().seqno).max()?;
    let is_redundant = |(place, version): (usize, &&Message)| {
        let id = version.id();
        let elsewhere = versions.iter().enumerate();
        id.seqno + lag <= newest
            || elsewhere.clone().any(|(other_place, other)| {
                place != other_place && other.lagged().contains_key(&id)
            })
            || elsewhere.take(place).any(|(_, other)| other.id() == id)
    };
    let mut remaining: Vec<usize> = (0..versions.len())
        .filter(|&place| !is_redundant((place, &versions[place])))
        .collect();
    sort_by_key(&mut remaining, |&place| {
        std::cmp::Reverse(versions[place].id())
    });
    match remaining.as_slice() {
        [] => None,
        [only] => Some(Outcome::Adopted(*only)),
        [greatest, ..] if !can_write => Some(Outcome::Adopted(*greatest)),
        _ => {
            let heads: Vec<&Message> = remaining.iter().map(|&place| versions[place]).collect();
            Some(Outcome::Combined(combine(&heads, newest + 1)))
        }
    }
}

/// Replays every diff on the data of the greatest version, oldest first. `heads` descend. An ancestor that several of
/// them have is replayed with the values of the greatest.
fn combine(heads: &[&Message], seqno: i64) -> Draft {
    let mut replay: SortedMap<VersionId, (&Diff, &Dict)> = SortedMap::new();
    for head in heads {
        let own = std::iter::once((head.id(), head.diff()));
        let ancestors = head.lagged().iter().map(|(id, diff)| (*id, diff));
        for (id, diff) in own.chain(ancestors) {
            replay.entry(id).or_insert((diff, head.data()));
        }
    }
    let mut data = heads
        .first()
        .map_or_else(Dict::new, |head| head.data().clone());
    for (diff, source) in replay.values() {
        diff::apply(&mut data, diff, source);
    }
    value::prune(&mut data);
    let lagged = replay
        .into_iter()
        .map(|(id, (diff, _))| (id, diff.clone()))
        .collect();
    Draft::merged(seqno, data, lagged)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::message::LAG;
    use super::super::value::{Value, strategies};
    use super::*;
    use proptest::prelude::*;

    fn edited(parent: &Message, key: &str, value: &str) -> Message {
        let mut draft = parent.increment(LAG);
        draft
            .data_mut()
            .insert(key.as_bytes().to_vec(), Value::from(value));
        draft.seal(None, LAG)
    }

    fn combined(versions: &[&Message]) -> Message {
        match merge(versions, true, LAG) {
            Some(Outcome::Combined(draft)) => draft.seal(None, LAG),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_merges_to_nothing() {
        assert!(merge(&[], true, LAG).is_none());
    }

    #[test]
    fn a_version_that_contains_the_others_is_adopted() {
        let first = edited(&Message::empty(), "a", "1");
        let second = edited(&first, "a", "2");
        assert!(matches!(
            merge(&[&first, &second, &second], true, LAG),
            Some(Outcome::Adopted(1))
        ));
    }

    #[test]
    fn edits_of_different_keys_both_survive_and_the_greater_hash_wins_a_tie() {
        let base = edited(&Message::empty(), "a", "0");
        let (left, right) = (edited(&base, "b", "1"), edited(&base, "c", "2"));
        let both = combined(&[&left, &right]);
        assert_eq!(both.data().len(), 3);
        assert_eq!(both.id().seqno, 3);

        let (left, right) = (edited(&base, "a", "1"), edited(&base, "a", "2"));
        let winner = if left.id() > right.id() {
            &left
        } else {
            &right
        };
        assert_eq!(combined(&[&left, &right]).data(), winner.data());
    }

    #[test]
    fn a_reader_takes_the_greatest_version() {
        let base = edited(&Message::empty(), "a", "0");
        let (left, right) = (edited(&base, "a", "1"), edited(&base, "a", "2"));
        let greatest = usize::from(right.id() > left.id());
        match merge(&[&left, &right], false, LAG) {
            Some(Outcome::Adopted(place)) => assert_eq!(place, greatest),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_version_five_behind_counts_no_more() {
        let base = edited(&Message::empty(), "a", "0");
        let late = edited(&base, "late", "1");
        let mut newest = base;
        for i in 0..6 {
            newest = edited(&newest, "a", &i.to_string());
        }
        assert!(matches!(
            merge(&[&late, &newest], true, LAG),
            Some(Outcome::Adopted(1))
        ));
    }

    proptest! {
        #[test]
        fn every_order_gives_the_same_bytes(
            history in prop::collection::vec((any::<prop::sample::Index>(), strategies::dict()), 1..8),
            order in any::<prop::sample::Index>(),
        ) {
            let mut versions = vec![Message::empty()];
            for (parent, data) in history {
                let mut draft = parent.get(&versions).increment(LAG);
                *draft.data_mut() = data;
                versions.push(draft.seal(None, LAG));
            }
            let mut inputs: Vec<&Message> = versions.iter().collect();
            let result = |inputs: &[&Message]| match merge(inputs, true, LAG).unwrap() {
                Outcome::Adopted(place) => inputs[place].bytes().to_vec(),
                Outcome::Combined(draft) => draft.seal(None, LAG).bytes().to_vec(),
            };
            let expected = result(&inputs);
            let places = inputs.len();
            inputs.rotate_left(order.index(places));
            prop_assert_eq!(result(&inputs), expected.clone());
            inputs.reverse();
            prop_assert_eq!(result(&inputs), expected.clone());
            // Who has merged and who has not agree as well.
            let merged = Message::parse(&expected, None, LAG).unwrap();
            inputs.push(&merged);
            prop_assert_eq!(result(&inputs), expected);
        }
    }
}
