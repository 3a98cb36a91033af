//! Configs too long for one stored message are cut into parts (30-config 5.4).
//!
//! ```text
//!  plaintext of a part:
//!    m  l 32:<hash of the whole> 1:<index> 1:<count> <len>:<chunk> e   NUL × 0–4
//! ```
//! `index` counts from 0, `count` is 2 to 255, each one byte. All chunks in order are the whole: padded, and compressed if
//! that pays. The hash is its BLAKE2b-256.

use super::bt::{self, Reader};
use crate::hash::blake2b;
use crate::id::MessageHash;
use crate::sorted::{SortedMap, SortedSet};
use crate::time::Timestamp;
use zeroize::Zeroizing;

/// Every part but the last carries so many bytes.
pub const CHUNK: usize = 76_710;

/// The longest config that is cut into parts.
pub const MAX_WHOLE: usize = 5_000_000;

/// First byte of the plaintext of a part.
pub const MARK: u8 = b'm';

/// An incomplete set is kept so long after its last new part, in milliseconds (7 days).
const MAX_WAIT: u64 = 7 * 24 * 3600 * 1000;

/// That a set was complete is remembered so long, in milliseconds (14 days).
const MAX_REMEMBER: u64 = 2 * MAX_WAIT;

/// How many bytes all incomplete sets together may hold; the set that has waited longest goes first.
const MAX_WAITING: usize = 4 * MAX_WHOLE;

/// How many sets are kept, complete and incomplete.
const MAX_SETS: usize = 64;

/// The plaintexts of the parts of `whole`, in order.
pub fn split(whole: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let hash: [u8; 32] = blake2b(&[], &[whole]);
    let count = whole.len().div_ceil(CHUNK);
    let chunks = whole.chunks(CHUNK).enumerate();
    chunks
        .map(|(index, chunk)| {
            let mut part = Zeroizing::new(Vec::with_capacity(chunk.len() + 50));
            part.extend_from_slice(&[MARK, b'l']);
            bt::put_bytes(&mut part, &hash);
            bt::put_bytes(&mut part, &[index as u8]);
            bt::put_bytes(&mut part, &[count as u8]);
            bt::put_bytes(&mut part, chunk);
            part.push(b'e');
            part
        })
        .collect()
}

/// A part as it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Hash of the whole.
    pub whole: [u8; 32],
    /// Place of this part.
    pub index: u8,
    /// Number of parts.
    pub count: u8,
    /// Its piece of the whole.
    pub chunk: &'a [u8],
}

impl<'a> Part<'a> {
    /// Reads the plaintext of a part. `None` for anything malformed.
    pub fn parse(plaintext: &'a [u8]) -> Option<Self> {
        let (&MARK, list) = plaintext.split_first()? else {
            return None;
        };
        let mut reader = Reader::new(list);
        reader.open_list().ok()?;
        let whole = reader.bytes().ok()?.try_into().ok()?;
        let &[index] = reader.bytes().ok()? else {
            return None;
        };
        let &[count] = reader.bytes().ok()? else {
            return None;
        };
        let chunk = reader.bytes().ok()?;
        let ends = reader.close() == Ok(true);
        (ends && count >= 2 && index < count && !chunk.is_empty()).then_some(Self {
            whole,
            index,
            count,
            chunk,
        })
    }
}

/// A stored message that was one part.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Name of the stored message.
    pub hash: MessageHash,
    /// The message as it is stored.
    pub stored: Vec<u8>,
    /// Its piece of the whole.
    pub chunk: Zeroizing<Vec<u8>>,
}

/// The parts of one config that arrived so far.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub count: u8,
    pub pieces: SortedMap<u8, Piece>,
    pub until: Timestamp,
}

/// What became of a part.
pub(super) enum Collected {
    /// It does not fit to the others of its set, or completed a set that is not what it says.
    Refused,
    /// It was known already.
    Known,
    /// It was kept.
    Kept,
    /// It was the last one: the whole and its pieces in order.
    Complete(Zeroizing<Vec<u8>>, Vec<Piece>),
}

/// Collects parts in any order.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Collector {
    pub waiting: SortedMap<[u8; 32], Waiting>,
    /// Sets that were complete, and until when that is remembered.
    pub finished: SortedMap<[u8; 32], Timestamp>,
}

impl Collector {
    /// Takes a part in.
    pub fn add(
        &mut self,
        part: Part<'_>,
        hash: &MessageHash,
        stored: &[u8],
        now: Timestamp,
    ) -> Collected {
        if self.finished.contains_key(&part.whole) {
            return Collected::Known;
        }
        let set = self.waiting.entry(part.whole).or_insert_with(|| Waiting {
            count: part.count,
            pieces: SortedMap::new(),
            until: now,
        });
        if set.count != part.count {
            return Collected::Refused;
        }
        if set.pieces.contains_key(&part.index) {
            return Collected::Known;
        }
        set.until = now.plus_millis(MAX_WAIT);
        let piece = Piece {
            hash: hash.clone(),
            stored: stored.to_vec(),
            chunk: Zeroizing::new(part.chunk.to_vec()),
        };
        set.pieces.insert(part.index, piece);
        if set.pieces.len() < usize::from(set.count) {
            self.make_room();
            return Collected::Kept;
        }
        let Some(set) = self.waiting.remove(&part.whole) else {
            return Collected::Refused;
        };
        let pieces: Vec<Piece> = set.pieces.into_values().collect();
        let length = pieces.iter().map(|piece| piece.chunk.len()).sum();
        let mut whole = Zeroizing::new(Vec::with_capacity(length));
        for piece in &pieces {
            whole.extend_from_slice(&piece.chunk);
        }
        if blake2b::<32>(&[], &[&whole]) != part.whole {
            return Collected::Refused;
        }
        self.remember(part.whole, now);
        Collected::Complete(whole, pieces)
    }

    /// Notes that the set of this hash needs no more work.
    pub fn remember(&mut self, whole: [u8; 32], now: Timestamp) {
        self.finished.insert(whole, now.plus_millis(MAX_REMEMBER));
        while self.finished.len() > MAX_SETS {
            let oldest = self.finished.iter().min_by_key(|(_, until)| **until);
            let Some((&oldest, _)) = oldest else { break };
            self.finished.remove(&oldest);
        }
    }

    /// Forgets what has waited too long. Whether anything was forgotten.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.waiting.len() + self.finished.len();
        self.waiting.retain(|_, set| set.until >= now);
        self.finished.retain(|_, until| *until >= now);
        self.waiting.len() + self.finished.len() < before
    }

    /// The stored messages of incomplete sets, which have to be kept alive.
    pub fn hashes(&self) -> SortedSet<MessageHash> {
        let sets = self.waiting.values();
        sets.flat_map(|set| set.pieces.values().map(|piece| piece.hash.clone()))
            .collect()
    }

    fn make_room(&mut self) {
        let size =
            |set: &Waiting| -> usize { set.pieces.values().map(|piece| piece.chunk.len()).sum() };
        while self.waiting.len() > MAX_SETS
            || self.waiting.values().map(size).sum::<usize>() > MAX_WAITING
        {
            let oldest = self.waiting.iter().min_by_key(|(_, set)| set.until);
            let Some((&oldest, _)) = oldest else { break };
            self.waiting.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::encoding;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn name(i: usize) -> MessageHash {
        let hash: [u8; 32] = blake2b(&[], &[&i.to_be_bytes()]);
        MessageHash::parse(&encoding::base64_unpadded(&hash)).unwrap()
    }

    fn parts(length: usize) -> (Vec<u8>, Vec<Zeroizing<Vec<u8>>>) {
        let whole: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let parts = split(&whole);
        (whole, parts)
    }

    #[test]
    fn full_parts_have_76760_bytes() {
        let (_, parts) = parts(2 * CHUNK + 1);
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [76_760, 76_760, 1 + 1 + 35 + 3 + 3 + 3 + 1]);
        assert!(MAX_WHOLE.div_ceil(CHUNK) <= 255);
    }

    #[test]
    fn a_set_is_complete_once_and_then_only_remembered() {
        let (whole, parts) = parts(CHUNK + 5);
        let mut collector = Collector::default();
        let mut add = |i: usize| {
            let part = Part::parse(&parts[i]).unwrap();
            collector.add(part, &name(i), b"stored", NOW)
        };
        assert!(matches!(add(1), Collected::Kept));
        assert!(matches!(add(1), Collected::Known));
        match add(0) {
            Collected::Complete(found, pieces) => {
                assert_eq!(*found, whole);
                assert_eq!(
                    pieces.iter().map(|p| &p.hash).collect::<Vec<_>>(),
                    [&name(0), &name(1)]
                );
            }
            _ => panic!("the set is complete"),
        }
        assert!(matches!(add(1), Collected::Known));
        assert!(collector.hashes().is_empty());
    }

    #[test]
    fn sets_are_forgotten_in_their_time() {
        let (_, parts) = parts(CHUNK + 5);
        let mut collector = Collector::default();
        collector.add(Part::parse(&parts[0]).unwrap(), &name(0), b"", NOW);
        collector.remember([9; 32], NOW);
        assert!(!collector.expire(NOW.plus_millis(MAX_WAIT)));
        assert!(collector.expire(NOW.plus_millis(MAX_WAIT + 1)));
        assert!(collector.hashes().is_empty() && collector.finished.len() == 1);
        assert!(collector.expire(NOW.plus_millis(MAX_REMEMBER + 1)));
        assert!(collector == Collector::default());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut collector = Collector::default();
        let chunk = vec![1; CHUNK];
        for i in 0..600u16 {
            let mut whole = [0; 32];
            whole[..2].copy_from_slice(&(i / 4).to_be_bytes());
            let part = Part {
                whole,
                index: (i % 4) as u8,
                count: 200,
                chunk: &chunk,
            };
            collector.add(part, &name(i.into()), b"", NOW.plus_millis(i.into()));
        }
        assert!(collector.waiting.len() <= MAX_SETS);
        let bytes: usize = collector
            .waiting
            .values()
            .map(|set| set.pieces.len() * CHUNK)
            .sum();
        assert!(bytes <= MAX_WAITING && bytes > 0);
        assert!(
            !collector.waiting.contains_key(&[0; 32]),
            "the oldest set went first"
        );
    }

    proptest! {
        #[test]
        fn parts_in_any_order_give_the_whole(length in CHUNK + 1..4 * CHUNK, seed: u64, repeats in 0..3usize) {
            let (whole, parts) = parts(length);
            let mut order: Vec<usize> = (0..parts.len()).cycle().take(parts.len() * (repeats + 1)).collect();
            let places = order.len();
            order.sort_by_key(|i| blake2b::<8>(&[], &[&seed.to_be_bytes(), &i.to_be_bytes()]));
            order.rotate_left(seed as usize % places);
            let mut collector = Collector::default();
            let mut found = None;
            for i in order {
                let part = Part::parse(&parts[i]).unwrap();
                if let Collected::Complete(whole, _) = collector.add(part, &name(i), b"", NOW) {
                    prop_assert!(found.is_none());
                    found = Some(whole);
                }
            }
            prop_assert_eq!(&*found.unwrap(), &whole);
        }

        #[test]
        fn cut_parts_are_refused(cut in 0..120usize) {
            let part = &split(&[7; CHUNK + 60])[1];
            let kept = cut.min(part.len() - 1);
            prop_assert!(Part::parse(&part[..kept]).is_none());
            prop_assert!(Part::parse(&[part.as_slice(), &[0; 4]].concat()).is_some());
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Part::parse(&bytes);
            let _ = Part::parse(&[b"ml32:".as_slice(), &bytes].concat());
        }
    }
}
