//! Whatever a person kept of an account, read back: the recovery phrase in any language, its second form, or hex.

use super::Seed;
use super::phrase::{PhraseError, WordList, from_bip39};
use crate::encoding;
use zeroize::Zeroizing;

/// Reads 13 words of the English list or of one of `lists`, 12 BIP-39 words, 32 hex digits (the seed) or 64 hex digits
/// whose second half is zero (the Ed25519 seed of 20-messages 1.1).
///
/// The error is that of the list which knows the most words, the English one in case of doubt.
pub fn parse_secret(text: &str, lists: &[WordList]) -> Result<Seed, PhraseError> {
    if let Some(seed) = from_hex(text.trim()) {
        return Ok(seed);
    }
    if let Some(seed) = from_bip39(text) {
        return Ok(seed);
    }
    let english = WordList::english();
    let mut most_known = english.known_words(text);
    let mut error = match english.decode(text) {
        Ok(seed) => return Ok(seed),
        Err(error) => error,
    };
    for list in lists {
        match list.decode(text) {
            Ok(seed) => return Ok(seed),
            Err(other) => {
                let known = list.known_words(text);
                if known > most_known {
                    (most_known, error) = (known, other);
                }
            }
        }
    }
    Err(error)
}

fn from_hex(text: &str) -> Option<Seed> {
    if let Some(seed) = encoding::from_hex::<16>(text) {
        return Some(Seed::from_bytes(seed));
    }
    let seed32 = Zeroizing::new(encoding::from_hex::<32>(text)?);
    let (seed, rest) = seed32.split_first_chunk::<16>()?;
    (rest == [0; 16]).then(|| Seed::from_bytes(*seed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::account::phrase::to_bip39;
    use proptest::prelude::*;

    fn list(language: &str, prefix: usize) -> WordList {
        let path = format!(
            "{}/../../public/words/{language}.txt",
            env!("CARGO_MANIFEST_DIR")
        );
        WordList::parse(language, prefix, &std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn every_form_of_a_seed_is_read() {
        let seed = Seed::from_bytes(*b"0123456789abcdef");
        let lists = [list("spanish", 4), list("japanese", 4), list("japanese", 3)];
        let hex = seed.to_hex();
        let mut forms = vec![
            hex.to_string(),
            format!(" {}\n", hex.to_uppercase()),
            format!("{}{}", *hex, "0".repeat(32)),
        ];
        forms.push(WordList::english().encode(&seed));
        forms.push(to_bip39(&seed));
        forms.extend(lists.iter().map(|list| list.encode(&seed)));
        for form in forms {
            assert_eq!(parse_secret(&form, &lists), Ok(seed.clone()), "{form}");
        }
    }

    #[test]
    fn a_seed_with_a_second_half_is_no_account() {
        assert!(parse_secret(&"11".repeat(32), &[]).is_err());
    }

    #[test]
    fn the_error_is_that_of_the_language_that_was_meant() {
        let lists = [list("spanish", 4)];
        let phrase = lists[0].encode(&Seed::from_bytes([5; 16]));
        let twelve = phrase.rsplit_once(' ').unwrap().0;
        let mut words: Vec<&str> = phrase.split(' ').collect();
        words[3] = "xyzxyz";
        assert_eq!(parse_secret(twelve, &lists), Err(PhraseError::TooShort(12)));
        let error = parse_secret(&words.join(" "), &lists).unwrap_err();
        assert!(
            matches!(error, PhraseError::UnknownWord { position: 3, .. }),
            "{error:?}"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,200}") {
            let _ = parse_secret(&text, &[]);
        }
    }
}
