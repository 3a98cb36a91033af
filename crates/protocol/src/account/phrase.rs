//! The recovery phrase: 12 data words and a check word (20-messages 1.2), and the second form of the same seed, 12 words
//! of the BIP-39 list (20-messages Decisions 4).

use super::Seed;
use super::words::{COUNT, tokens};
use zeroize::Zeroizing;

pub use super::bip39::{from_bip39, to_bip39};
pub use super::words::WordList;

/// Why a phrase is refused. Positions count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Fewer than 13 words.
    #[error("the phrase has {0} words instead of 13")]
    TooShort(usize),
    /// More than 13 words.
    #[error("the phrase has {0} words instead of 13")]
    TooLong(usize),
    /// A word that is not in the list; `suggestion` is the nearest word.
    #[error("word {} is not in the list", position + 1)]
    UnknownWord {
        /// Counted from 0.
        position: usize,
        /// As typed, in lower case.
        word: String,
        /// The nearest word of the list.
        suggestion: Option<String>,
    },
    /// Three words that encode no number.
    #[error("the words do not belong together")]
    Invalid,
    /// Every word is known, but the check word does not fit. `suspect` is the position most likely wrong, when it can be
    /// told.
    #[error("the check word does not fit")]
    Checksum {
        /// Counted from 0.
        suspect: Option<usize>,
    },
}

/// Words that carry the seed; one more checks them.
const DATA_WORDS: usize = 12;
const WORDS: usize = DATA_WORDS + 1;

/// A word is only suspected when so few letters make it a fitting one.
const MAX_SLIPS: usize = 2;

impl WordList {
    /// 13 words.
    pub fn encode(&self, seed: &Seed) -> String {
        self.encode_bytes(seed.as_bytes())
            .expect("16 bytes are a multiple of four")
    }

    /// Three words for every four bytes, and the check word. `None` unless there is a multiple of four bytes. Account
    /// phrases encode 16 bytes; other lengths exist in the format only.
    pub fn encode_bytes(&self, bytes: &[u8]) -> Option<String> {
        let (chunks, []) = bytes.as_chunks::<4>() else {
            return None;
        };
        if chunks.is_empty() {
            return None;
        }
        let mut indices = Zeroizing::new(Vec::with_capacity(chunks.len() * 3 + 1));
        for chunk in chunks {
            indices.extend(triple_of(u32::from_le_bytes(*chunk)));
        }
        let check = indices[self.check_position(&indices)];
        indices.push(check);
        let words: Vec<&str> = indices
            .iter()
            .map(|&index| self.words()[index].as_str())
            .collect();
        Some(words.join(" "))
    }

    /// Tolerates case, white space, commas and numbering such as "1." or "2)".
    pub fn decode(&self, phrase: &str) -> Result<Seed, PhraseError> {
        let typed = Zeroizing::new(tokens(phrase, self.prefix() == 1));
        if typed.len() < WORDS {
            return Err(PhraseError::TooShort(typed.len()));
        }
        if typed.len() > WORDS {
            return Err(PhraseError::TooLong(typed.len()));
        }
        let mut indices = Zeroizing::new([0usize; WORDS]);
        for (position, word) in typed.iter().enumerate() {
            indices[position] = self.find(word).ok_or_else(|| PhraseError::UnknownWord {
                position,
                word: word.clone(),
                suggestion: self.nearest(word).map(str::to_owned),
            })?;
        }
        let seed = seed_of(&indices).ok_or(PhraseError::Invalid)?;
        if !self.checks(&indices) {
            return Err(PhraseError::Checksum {
                suspect: self.suspect(&typed, &indices),
            });
        }
        Ok(seed)
    }

    /// How many words of `phrase` stand in this list: tells which list was meant.
    pub(super) fn known_words(&self, phrase: &str) -> usize {
        tokens(phrase, self.prefix() == 1)
            .iter()
            .filter(|word| self.find(word).is_some())
            .count()
    }

    /// Which of the data words the check word repeats: CRC-32 of their prefixes modulo their number.
    fn check_position(&self, data: &[usize]) -> usize {
        let mut crc = crc32fast::Hasher::new();
        for &index in data {
            crc.update(Zeroizing::new(self.prefix_of(index)).as_bytes());
        }
        crc.finalize() as usize % data.len()
    }

    fn checks(&self, indices: &[usize; WORDS]) -> bool {
        let data = &indices[..DATA_WORDS];
        data[self.check_position(data)] == indices[DATA_WORDS]
    }

    /// The word that is most likely wrong. Letters behind the prefix do not count for the seed, yet they tell: a word with
    /// letters of no list word was mistyped. Otherwise the position where the smallest slip makes the check word fit, if
    /// there is only one such position.
    fn suspect(&self, typed: &[String], indices: &[usize; WORDS]) -> Option<usize> {
        let odd = |position: &usize| {
            !self.words()[indices[*position]]
                .to_lowercase()
                .starts_with(&typed[*position])
        };
        let mut odd_words = (0..WORDS).filter(odd);
        if let (Some(only), None) = (odd_words.next(), odd_words.next()) {
            return Some(only);
        }

        let mut best: Option<(usize, Option<usize>)> = None;
        for (position, word) in typed.iter().enumerate() {
            let word = Zeroizing::new(word.chars().collect::<Vec<_>>());
            for candidate in (0..COUNT).filter(|&candidate| candidate != indices[position]) {
                let Some(slips) = self.distance(&word, candidate, MAX_SLIPS) else {
                    continue;
                };
                if best.is_some_and(|(least, _)| least < slips) {
                    continue;
                }
                let mut changed = Zeroizing::new(*indices);
                changed[position] = candidate;
                if seed_of(&changed).is_none() || !self.checks(&changed) {
                    continue;
                }
                best = match best {
                    Some((least, at)) if least == slips => {
                        Some((slips, at.filter(|&at| at == position)))
                    }
                    _ => Some((slips, Some(position))),
                };
            }
        }
        best.and_then(|(_, position)| position)
    }
}

/// The numbers of the three words for four bytes read as a little-endian number.
fn triple_of(x: u32) -> [usize; 3] {
    let (x, n) = (x as usize, COUNT);
    let first = x % n;
    let second = (x / n + first) % n;
    let third = (x / (n * n) + second) % n;
    [first, second, third]
}

/// `None` when three words give a number beyond 32 bits.
fn seed_of(indices: &[usize; WORDS]) -> Option<Seed> {
    let n = COUNT as u64;
    let mut bytes = Zeroizing::new([0u8; 16]);
    for (chunk, triple) in bytes.chunks_exact_mut(4).zip(indices.chunks_exact(3)) {
        let [a, b, c] = [triple[0] as u64, triple[1] as u64, triple[2] as u64];
        let x = a + n * ((n - a + b) % n) + n * n * ((n - b + c) % n);
        chunk.copy_from_slice(&u32::try_from(x).ok()?.to_le_bytes());
    }
    Some(Seed::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// sessionjs/client:test/mnemonic.test.ts
    const PHRASE: &str =
        "puffin luxury annoyed rustled memoir faxed smidgen puddle kiwi nylon utopia zinger kiwi";
    const SEED: [u8; 16] = 0x39038c8988db02c1af44e8c847bd9713_u128.to_be_bytes();

    fn decode(phrase: &str) -> Result<[u8; 16], PhraseError> {
        WordList::english()
            .decode(phrase)
            .map(|seed| *seed.as_bytes())
    }

    #[test]
    fn a_published_phrase_and_its_seed_belong_together() {
        assert_eq!(WordList::english().encode(&Seed::from_bytes(SEED)), PHRASE);
        assert_eq!(decode(PHRASE), Ok(SEED));
    }

    #[test]
    fn numbering_commas_case_and_white_space_do_not_matter() {
        let numbered: String = PHRASE
            .split(' ')
            .enumerate()
            .map(|(i, word)| format!("{}. {word},\n", i + 1))
            .collect();
        assert_eq!(decode(&numbered), Ok(SEED));
        let brackets: String = PHRASE
            .split(' ')
            .enumerate()
            .map(|(i, word)| format!("{}){word} ", i + 1))
            .collect();
        assert_eq!(decode(&brackets), Ok(SEED));
        assert_eq!(
            decode(&PHRASE.to_uppercase().replace(' ', "\u{a0}\t")),
            Ok(SEED)
        );
    }

    #[test]
    fn an_unknown_word_is_named_with_the_nearest_one() {
        let expected = PhraseError::UnknownWord {
            position: 1,
            word: "lxuury".to_owned(),
            suggestion: Some("luxury".to_owned()),
        };
        assert_eq!(decode(&PHRASE.replace("luxury", "Lxuury")), Err(expected));
    }

    #[test]
    fn a_word_with_letters_of_no_list_word_is_suspected() {
        // "faded" would be the word of the list; what was meant was "faxed".
        let list = WordList::english();
        let wrong = PHRASE.replace("puddle", "pumple");
        assert!(list.find("pumple").is_some());
        assert_eq!(
            decode(&wrong),
            Err(PhraseError::Checksum { suspect: Some(7) })
        );
    }

    #[test]
    fn a_wrong_check_word_is_suspected_when_one_slip_explains_it() {
        let list = WordList::english();
        let right: Vec<char> = "kiwi".chars().collect();
        let near = (0..COUNT).filter(|&index| {
            list.distance(&right, index, MAX_SLIPS).is_some() && list.words()[index] != "kiwi"
        });
        let mut found = 0;
        for index in near {
            let data = PHRASE.rsplit_once(' ').unwrap().0;
            let error = decode(&format!("{data} {}", list.words()[index]));
            found += usize::from(error == Err(PhraseError::Checksum { suspect: Some(12) }));
        }
        assert!(found > 0);
    }

    #[test]
    fn two_swapped_words_leave_no_suspect_or_a_single_one() {
        let phrase = "luxury puffin annoyed rustled memoir faxed smidgen puddle kiwi nylon utopia zinger kiwi";
        assert!(matches!(decode(phrase), Err(PhraseError::Checksum { .. })));
    }

    #[test]
    fn phrases_of_every_other_language_read_back() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../public/words");
        for (language, prefix) in [
            ("japanese", 3),
            ("japanese", 4),
            ("german", 4),
            ("chinese_simplified", 1),
        ] {
            let text = std::fs::read_to_string(format!("{folder}/{language}.txt")).unwrap();
            let list = WordList::parse(language, prefix, &text).unwrap();
            let phrase = list.encode(&Seed::from_bytes(SEED));
            assert_eq!(list.decode(&phrase), Ok(Seed::from_bytes(SEED)), "{phrase}");
            assert_eq!(
                list.decode(&phrase.to_lowercase()),
                Ok(Seed::from_bytes(SEED)),
                "{phrase}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_seed_reads_back(bytes: [u8; 16]) {
            prop_assert_eq!(decode(&WordList::english().encode(&Seed::from_bytes(bytes))), Ok(bytes));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,200}") {
            let _ = decode(&text);
        }

        #[test]
        fn words_of_the_list_in_any_order_make_a_seed_or_an_error(
            picked in proptest::collection::vec(0..COUNT, 11..15)
        ) {
            let words = WordList::english().words();
            let phrase = picked.iter().map(|&i| words[i].as_str()).collect::<Vec<_>>().join(" ");
            if let Ok(bytes) = decode(&phrase) {
                prop_assert_eq!(WordList::english().encode(&Seed::from_bytes(bytes)), phrase);
            }
        }
    }
}
