//! The recovery phrase: 12 data words and a check word (20-messages 1.2), and the second form of the same seed, 12 words
//! of the BIP-39 list (20-messages Decisions 4).

use super::Seed;

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
    UnknownWord { /// Counted from 0.
        position: usize, /// As typed.
        word: String, /// The nearest word of the list.
        suggestion: Option<String> },
    /// Three words that encode no number.
    #[error("the words do not belong together")]
    Invalid,
    /// Every word is known, but the check word does not fit. `suspect` is the position most likely wrong, when it can be told.
    #[error("the check word does not fit")]
    Checksum { /// Counted from 0.
        suspect: Option<usize> },
}

/// A list of 1626 words and the length of the unique prefix, in code points.
pub struct WordList { /* language, prefix, words */ }

impl WordList {
    /// The list of every Session app.
    pub fn english() -> &'static Self {
        todo!()
    }
    /// Reads one of the other lists: 1626 words, one a line.
    pub fn parse(language: &str, prefix: usize, text: &str) -> Option<Self> {
        todo!()
    }
    /// The words in order.
    pub fn words(&self) -> &[String] {
        todo!()
    }
    /// Words that begin with `start`, for completion (at most `limit`).
    pub fn completions(&self, start: &str, limit: usize) -> Vec<&str> {
        todo!()
    }
    /// 13 words.
    pub fn encode(&self, seed: &Seed) -> String {
        todo!()
    }
    /// Tolerates case, white space, commas and numbering such as "1." or "2)".
    pub fn decode(&self, phrase: &str) -> Result<Seed, PhraseError> {
        todo!()
    }
}

/// The second form: 12 BIP-39 words whose entropy is the seed.
pub fn to_bip39(seed: &Seed) -> String {
    todo!()
}
/// Reads the second form; `None` unless 12 words with a right checksum.
pub fn from_bip39(words: &str) -> Option<Seed> {
    todo!()
}
