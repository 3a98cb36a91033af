//! The second form of the recovery phrase (20-messages Decisions 4): 12 English BIP-39 words whose entropy is the seed.
//! No other Session app reads it.

use super::Seed;
use super::words::tokens;
use bip39::{Language, Mnemonic};
use zeroize::Zeroizing;

const WORDS: usize = 12;

/// The second form: 12 BIP-39 words whose entropy is the seed.
pub fn to_bip39(seed: &Seed) -> String {
    let mnemonic = Mnemonic::from_entropy_in(Language::English, seed.as_bytes());
    let mnemonic = mnemonic.expect("16 bytes are a length of BIP-39");
    mnemonic.words().collect::<Vec<_>>().join(" ")
}

/// Reads the second form; `None` unless 12 words with a right checksum. As tolerant of case, numbering and separators as
/// the main form, but not of cut words.
pub fn from_bip39(words: &str) -> Option<Seed> {
    let typed = Zeroizing::new(tokens(words, false));
    if typed.len() != WORDS {
        return None;
    }
    let text = Zeroizing::new(typed.join(" "));
    let mnemonic = Mnemonic::parse_in_normalized(Language::English, &text).ok()?;
    let (entropy, length) = mnemonic.to_entropy_array();
    let entropy = Zeroizing::new(entropy);
    Some(Seed::from_bytes(entropy.get(..length)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_bip39_vectors_come_out() {
        // trezor/python-mnemonic:vectors.json
        let zeros = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
        let sevens = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        assert_eq!(to_bip39(&Seed::from_bytes([0; 16])), zeros);
        assert_eq!(to_bip39(&Seed::from_bytes([0x7f; 16])), sevens);
        assert_eq!(from_bip39(sevens), Some(Seed::from_bytes([0x7f; 16])));
    }

    #[test]
    fn eleven_words_or_a_wrong_checksum_are_refused() {
        assert_eq!(from_bip39(&"abandon ".repeat(12)), None);
        assert_eq!(from_bip39(&"abandon ".repeat(11)), None);
        assert_eq!(from_bip39(""), None);
    }

    proptest! {
        #[test]
        fn every_seed_reads_back(bytes: [u8; 16]) {
            let words = to_bip39(&Seed::from_bytes(bytes));
            prop_assert_eq!(from_bip39(&words.to_uppercase()), Some(Seed::from_bytes(bytes)));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,200}") {
            let _ = from_bip39(&text);
        }
    }
}
