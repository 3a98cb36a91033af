//! Entries with their texts in the order of their places, in blocks that lie in memory in one piece each: little more than the
//! texts themselves, and quick to walk through.

use crate::api::MessageId;

/// When a message was sent (ms), and which it is.
pub(super) type Place = (u64, MessageId);

/// Entries of one block, at most.
const FULL: usize = 256;

/// What can be searched, in order.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// None of them is empty.
    blocks: Vec<Block>,
    len: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Block {
    slots: Vec<Slot>,
    /// The texts of all slots, one behind the other.
    texts: String,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    place: Place,
    /// Where its text ends.
    end: u32,
    origin: u32,
    traits: u8,
}

/// An entry without its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) origin: u32,
    pub(super) traits: u8,
    /// Folded: the text, names of files, the title of a preview; a line each.
    pub(super) text: &'a str,
}

impl Block {
    fn last(&self) -> Option<Place> {
        self.slots.last().map(|slot| slot.place)
    }

    fn find(&self, place: &Place) -> Result<usize, usize> {
        self.slots.binary_search_by(|slot| slot.place.cmp(place))
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1)
            .map_or(0, |before| self.slots[before].end as usize)
    }

    fn get(&self, at: usize) -> (Place, Entry<'_>) {
        let slot = self.slots[at];
        let entry = Entry {
            origin: slot.origin,
            traits: slot.traits,
            text: &self.texts[self.start(at)..slot.end as usize],
        };
        (slot.place, entry)
    }

    fn insert(&mut self, at: usize, place: Place, entry: Entry<'_>) {
        let start = self.start(at);
        self.texts.insert_str(start, entry.text);
        let length = entry.text.len() as u32;
        for slot in &mut self.slots[at..] {
            slot.end += length;
        }
        let slot = Slot {
            place,
            end: start as u32 + length,
            origin: entry.origin,
            traits: entry.traits,
        };
        self.slots.insert(at, slot);
    }

    /// Gives the bytes that were freed.
    fn remove(&mut self, at: usize) -> usize {
        let start = self.start(at);
        let length = self.slots.remove(at).end - start as u32;
        self.texts.replace_range(start..start + length as usize, "");
        for slot in &mut self.slots[at..] {
            slot.end -= length;
        }
        size(length as usize)
    }

    /// The entries from `at` on become a block of their own.
    fn split(&mut self, at: usize) -> Self {
        let start = self.start(at);
        let mut slots = self.slots.split_off(at);
        for slot in &mut slots {
            slot.end -= start as u32;
        }
        let texts = self.texts.split_off(start);
        self.shrink();
        Self { slots, texts }
    }

    fn shrink(&mut self) {
        self.slots.shrink_to_fit();
        self.texts.shrink_to_fit();
    }
}

/// Bytes that an entry takes with a text of so many.
pub(super) const fn size(text: usize) -> usize {
    size_of::<Slot>() + text
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes that all entries take, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The block in which a place is or would be.
    fn block(&self, place: &Place) -> usize {
        let at = self
            .blocks
            .partition_point(|block| block.last() < Some(*place));
        at.min(self.blocks.len().saturating_sub(1))
    }

    pub(super) fn contains(&self, place: &Place) -> bool {
        let block = self.blocks.get(self.block(place));
        block.is_some_and(|block| block.find(place).is_ok())
    }

    /// Puts an entry in the place of what was there.
    pub(super) fn insert(&mut self, place: Place, entry: Entry<'_>) {
        self.remove(&place);
        if self.blocks.is_empty() {
            self.blocks.push(Block::default());
        }
        let (number, at) = self.room(&place);
        self.blocks[number].insert(at, place, entry);
        self.len += 1;
        self.bytes += size(entry.text.len());
    }

    /// A block that is not full, and where in it an entry of this place belongs.
    fn room(&mut self, place: &Place) -> (usize, usize) {
        let number = self.block(place);
        let (Ok(at) | Err(at)) = self.blocks[number].find(place);
        let length = self.blocks[number].slots.len();
        if length < FULL {
            return (number, at);
        }
        if at == 0 || at == length {
            // Most come in order, from one end or the other.
            let before = (at == 0).then(|| number.checked_sub(1)).flatten();
            if let Some(before) = before {
                let length = self.blocks[before].slots.len();
                if length < FULL {
                    return (before, length);
                }
            }
            self.blocks[number].shrink();
            let number = number + usize::from(at > 0);
            self.blocks.insert(number, Block::default());
            return (number, 0);
        }
        let half = length / 2;
        let upper = self.blocks[number].split(half);
        self.blocks.insert(number + 1, upper);
        match at.checked_sub(half) {
            Some(at) => (number + 1, at),
            None => (number, at),
        }
    }

    pub(super) fn remove(&mut self, place: &Place) {
        let number = self.block(place);
        let Some(block) = self.blocks.get_mut(number) else {
            return;
        };
        if let Ok(at) = block.find(place) {
            self.bytes -= block.remove(at);
            self.len -= 1;
            if block.slots.is_empty() {
                self.blocks.remove(number);
            }
        }
    }

    /// Removes the first entry and gives its place.
    pub(super) fn pop_first(&mut self) -> Option<Place> {
        let place = self.blocks.first()?.slots.first()?.place;
        self.remove(&place);
        Some(place)
    }

    /// Keeps what `stays`, which is told the message and its origin.
    pub(super) fn retain(&mut self, stays: impl Fn(&MessageId, u32) -> bool) {
        for block in &mut self.blocks {
            for at in (0..block.slots.len()).rev() {
                let slot = &block.slots[at];
                if !stays(&slot.place.1, slot.origin) {
                    self.bytes -= block.remove(at);
                    self.len -= 1;
                }
            }
        }
        self.blocks.retain(|block| !block.slots.is_empty());
    }

    /// Entries with `from <= place < to`, the last one first.
    pub(super) fn backwards(
        &self,
        from: Place,
        to: Place,
    ) -> impl Iterator<Item = (Place, Entry<'_>)> {
        let blocks = match self.blocks.len() {
            0 => &[],
            _ => &self.blocks[..=self.block(&to)],
        };
        blocks
            .iter()
            .rev()
            .flat_map(move |block| {
                let end = match block.find(&to) {
                    Ok(at) | Err(at) => at,
                };
                (0..end).rev().map(|at| block.get(at))
            })
            .take_while(move |(place, _)| *place >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn place(number: u16) -> Place {
        (u64::from(number / 3), MessageId([(number % 3) as u8; 16]))
    }

    fn same(shelf: &Shelf, map: &BTreeMap<Place, (u32, String)>, from: Place, to: Place) {
        let expected: Vec<_> = match from < to {
            true => map.range(from..to).rev().collect(),
            false => Vec::new(),
        };
        let found: Vec<_> = shelf.backwards(from, to).collect();
        assert_eq!(found.len(), expected.len());
        for ((place, entry), (wanted, (origin, text))) in found.iter().zip(expected) {
            assert_eq!(
                (place, entry.origin, entry.text),
                (wanted, *origin, text.as_str())
            );
        }
    }

    proptest! {
        #[test]
        fn it_is_an_ordered_map(
            steps in prop::collection::vec((any::<bool>(), 0u16..2_000, "\\PC{0,9}"), 0..1_500),
            runs in prop::collection::vec((0u16..2_000, 0u16..600, any::<bool>()), 0..3),
            (from, to) in (0u16..2_000, 0u16..2_000),
        ) {
            let (mut shelf, mut map) = (Shelf::default(), BTreeMap::new());
            let runs = runs.into_iter().flat_map(|(start, length, up)| {
                (0..length).map(move |at| (true, start + if up { at } else { length - at }, "run".to_owned()))
            });
            for (put, number, text) in runs.chain(steps) {
                let place = place(number);
                if put {
                    let entry = Entry { origin: u32::from(number), traits: 0, text: &text };
                    shelf.insert(place, entry);
                    map.insert(place, (u32::from(number), text));
                } else {
                    shelf.remove(&place);
                    map.remove(&place);
                }
                prop_assert_eq!(shelf.contains(&place), map.contains_key(&place));
            }
            same(&shelf, &map, place(from), place(to));
            same(&shelf, &map, place(0), (u64::MAX, MessageId([0xff; 16])));
            let bytes: usize = map.values().map(|(_, text)| size(text.len())).sum();
            prop_assert_eq!((shelf.len(), shelf.bytes()), (map.len(), bytes));
            shelf.retain(|_, origin| origin % 2 == 0);
            map.retain(|_, (origin, _)| *origin % 2 == 0);
            same(&shelf, &map, place(0), (u64::MAX, MessageId([0xff; 16])));
            prop_assert_eq!(shelf.pop_first(), map.pop_first().map(|(place, _)| place));
            prop_assert_eq!(shelf.len(), map.len());
        }
    }
}
