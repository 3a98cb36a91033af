//! The word lists of the recovery phrase (20-messages 1.2): 1626 words that their first few letters tell apart.
//!
//! Looking up is tolerant where the phrase is: case does not count, nor do letters behind the prefix.

use crate::sorted::SortedMap;
use crate::unicode::nfc;
use std::sync::LazyLock;

/// Words in a list.
pub const COUNT: usize = 1626;

/// No suggestion is looked for when a typed word has more letters than this.
const MAX_TYPED: usize = 32;

/// A list of 1626 words and the length of the unique prefix, in code points.
#[derive(Clone)]
pub struct WordList {
    language: String,
    prefix: usize,
    words: Vec<String>,
    by_prefix: SortedMap<String, usize>,
}

static ENGLISH: LazyLock<WordList> = LazyLock::new(|| {
    WordList::parse("english", 3, include_str!("words_english.txt"))
        .expect("the built-in list is well formed")
});

impl WordList {
    /// The list of every Session app.
    pub fn english() -> &'static Self {
        &ENGLISH
    }

    /// Reads one of the other lists: 1626 words, one a line, that differ in their first `prefix` code points.
    pub fn parse(language: &str, prefix: usize, text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .lines()
            .take(COUNT + 1)
            .map(|line| nfc(line.trim()))
            .collect();
        if words.len() != COUNT || prefix == 0 {
            return None;
        }
        let mut by_prefix = SortedMap::new();
        for (index, word) in words.iter().enumerate() {
            let well_formed = !word.is_empty() && normalise(word) == word.to_lowercase();
            if !well_formed
                || by_prefix
                    .insert(start(&word.to_lowercase(), prefix), index)
                    .is_some()
            {
                return None;
            }
        }
        Some(Self {
            language: language.to_owned(),
            prefix,
            words,
            by_prefix,
        })
    }

    /// The language, as given to [`Self::parse`].
    pub fn language(&self) -> &str {
        &self.language
    }

    /// How many code points tell the words apart; the checksum covers exactly these.
    pub fn prefix(&self) -> usize {
        self.prefix
    }

    /// The words in order.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Words that begin with `start`, for completion (at most `limit`).
    pub fn completions(&self, start: &str, limit: usize) -> Vec<&str> {
        let start = normalise(start);
        let matching = self
            .words
            .iter()
            .filter(|word| word.to_lowercase().starts_with(&start));
        matching.take(limit).map(String::as_str).collect()
    }

    /// The number of the word that `typed` (already normalised) stands for.
    pub(crate) fn find(&self, typed: &str) -> Option<usize> {
        self.by_prefix.get(&start(typed, self.prefix)).copied()
    }

    /// The letters of word number `index` that count.
    pub(crate) fn prefix_of(&self, index: usize) -> String {
        start(&self.words[index], self.prefix)
    }

    /// The nearest word, unless more than half of the letters would have to change.
    pub(crate) fn nearest(&self, typed: &str) -> Option<&str> {
        let typed: Vec<char> = typed.chars().take(MAX_TYPED + 1).collect();
        let scored = self.words.iter().enumerate().filter_map(|(index, word)| {
            let distance = self.distance(&typed, index, typed.len() / 2)?;
            let letters = word.chars().flat_map(char::to_lowercase);
            let common = letters.zip(&typed).take_while(|(a, b)| a == *b).count();
            Some((distance, usize::MAX - common, word))
        });
        let nearest = scored.min_by_key(|(distance, common, _)| (*distance, *common));
        nearest.map(|(_, _, word)| word.as_str())
    }

    /// How many letters must be changed, added, dropped or swapped with their neighbour to make `typed` word number
    /// `index`, unless they are more than `limit`. A word typed as its prefix alone is compared with the prefix.
    pub(crate) fn distance(&self, typed: &[char], index: usize, limit: usize) -> Option<usize> {
        let word = &self.words[index];
        let compared = if typed.len() == self.prefix {
            self.prefix
        } else {
            usize::MAX
        };
        let length = word.chars().count().min(compared);
        if typed.is_empty() || typed.len() > MAX_TYPED || length.abs_diff(typed.len()) > limit {
            return None;
        }
        let word: Vec<char> = word
            .chars()
            .flat_map(char::to_lowercase)
            .take(compared)
            .collect();
        Some(edits(typed, &word)).filter(|&distance| distance <= limit)
    }
}

impl std::fmt::Debug for WordList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WordList({}, prefix {})", self.language, self.prefix)
    }
}

/// The first `count` code points.
fn start(word: &str, count: usize) -> String {
    word.chars().take(count).collect()
}

/// Lower case, composed, letters and apostrophes only.
fn normalise(word: &str) -> String {
    nfc(word)
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|&c| is_letter(c))
        .collect()
}

/// Apostrophes are letters in Lojban.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '\''
}

/// The words of a typed phrase: lower case, composed; everything that is no letter separates, so numbering, commas and
/// line breaks do no harm. With `single` every letter is a word (Chinese).
pub(crate) fn tokens(phrase: &str, single: bool) -> Vec<String> {
    let text: String = nfc(phrase).chars().flat_map(char::to_lowercase).collect();
    let words = text
        .split(|c| !is_letter(c))
        .filter(|word| !word.is_empty());
    if single {
        words.flat_map(str::chars).map(String::from).collect()
    } else {
        words.map(str::to_owned).collect()
    }
}

/// Optimal string alignment distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut next = vec![i + 1; b.len() + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (row[j] + usize::from(x != y))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                best = best.min(before[j - 1] + 1);
            }
            next[j + 1] = best;
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_english_list_is_that_of_the_session_apps() {
        let joined = WordList::english().words().join("\n");
        let hash = hex::encode(Sha256::digest(joined));
        assert_eq!(
            hash,
            "998df55cb16d2318130c5cf7e9d4408247c8c4674935ee6e07d53f2f00ccf19b"
        );
    }

    #[test]
    fn every_list_that_the_page_serves_is_readable() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../public/words");
        let mut languages = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let language = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let prefixes: &[usize] = match language.as_str() {
                    "chinese_simplified" => &[1],
                    "japanese" | "russian" => &[3, 4],
                    _ => &[4],
                };
                for &prefix in prefixes {
                    let list = WordList::parse(&language, prefix, &text)
                        .unwrap_or_else(|| panic!("{language}"));
                    assert!(
                        (0..COUNT).all(|i| list.find(&normalise(&list.words()[i])) == Some(i)),
                        "{language}"
                    );
                }
                languages.push(language);
            }
        }
        assert_eq!(languages.len(), 11);
    }

    #[test]
    fn a_list_with_a_missing_or_ambiguous_word_is_refused() {
        let text = include_str!("words_english.txt");
        assert!(WordList::parse("english", 3, text).is_some());
        assert!(WordList::parse("english", 2, text).is_none());
        assert!(WordList::parse("english", 0, text).is_none());
        assert!(WordList::parse("english", 3, text.trim_start_matches("abbey\n")).is_none());
        assert!(WordList::parse("english", 3, &format!("{text}\nzzz")).is_none());
    }

    #[test]
    fn completions_follow_the_list() {
        assert_eq!(
            WordList::english().completions(" AB", 3),
            ["abbey", "abducts", "ability"]
        );
        assert!(WordList::english().completions("xq", 3).is_empty());
    }

    #[test]
    fn the_nearest_word_is_suggested_and_nonsense_has_none() {
        let list = WordList::english();
        assert_eq!(list.nearest("lxuury"), Some("luxury"));
        assert_eq!(list.nearest("pufin"), Some("puffin"));
        assert_eq!(list.nearest("zzzzz"), None);
        assert_eq!(list.nearest(&"a".repeat(1000)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn no_text_makes_the_list_panic(text in ".{0,60}", prefix in 0usize..5) {
            let _ = WordList::parse("x", prefix, &text);
            let _ = WordList::english().completions(&text, 5);
            for word in tokens(&text, false) {
                let _ = WordList::english().find(&word);
                let _ = WordList::english().nearest(&word);
            }
        }
    }
}
