//! Typed secrets: the 13 words of every Session app, 12 words of the second form, or the 16 bytes in hex (screens W3).

use crate::bridge::{PhraseCheck, SecretBytes};
use onionskin_protocol::account::phrase::{PhraseError, WordList, from_bip39};
use onionskin_protocol::account::{Account, Seed};
use zeroize::Zeroizing;

/// Reads a seed, or says what is wrong with the text.
pub(crate) fn read(typed: &SecretBytes) -> Result<Seed, PhraseCheck> {
    let text = typed
        .as_str()
        .ok_or(PhraseCheck::Mismatch { suspect: None })?
        .trim();
    if let Some(seed) = read_hex(text) {
        return Ok(seed);
    }
    let wrong = match WordList::english().decode(text) {
        Ok(seed) => return Ok(seed),
        Err(error) => error,
    };
    // Only when it is no phrase of 13 words: a phrase in either form is never mistaken for the other.
    if let Some(seed) = from_bip39(text) {
        return Ok(seed);
    }
    Err(match wrong {
        PhraseError::TooShort(words) | PhraseError::TooLong(words) => {
            PhraseCheck::Count(u32::try_from(words).unwrap_or(u32::MAX))
        }
        PhraseError::UnknownWord {
            position,
            suggestion,
            ..
        } => PhraseCheck::UnknownWord {
            position: index(position),
            suggestion,
        },
        PhraseError::Invalid => PhraseCheck::Mismatch { suspect: None },
        PhraseError::Checksum { suspect } => PhraseCheck::Mismatch {
            suspect: suspect.map(index),
        },
    })
}

/// How a typed secret stands.
pub(crate) fn check(typed: &SecretBytes) -> PhraseCheck {
    match read(typed) {
        Ok(seed) => PhraseCheck::Valid {
            account_id: Account::from_seed(seed).id().to_string(),
        },
        Err(check) => check,
    }
}

/// Words for completion.
pub(crate) fn complete(start: &SecretBytes, limit: u8) -> Vec<String> {
    let Some(start) = start.as_str() else {
        return Vec::new();
    };
    let start = Zeroizing::new(start.trim().to_lowercase());
    if start.is_empty() {
        return Vec::new();
    }
    WordList::english()
        .completions(&start, usize::from(limit))
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// 32 hex digits, or 64 whose second half is zero: nothing else has a phrase.
fn read_hex(text: &str) -> Option<Seed> {
    let bytes = Zeroizing::new(hex::decode(text).ok()?);
    let (seed, rest) = bytes.split_first_chunk::<16>()?;
    let fits = rest.is_empty() || (rest.len() == 16 && rest.iter().all(|byte| *byte == 0));
    fits.then(|| Seed::from_bytes(*seed))
}

fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn secret(text: &str) -> SecretBytes {
        SecretBytes::from(text.to_owned())
    }

    #[test]
    fn all_forms_of_one_seed_give_one_account() {
        let seed = Seed::from_bytes([7; 16]);
        let id = Account::from_seed(seed.clone()).id().to_string();
        let forms = [
            WordList::english().encode(&seed),
            onionskin_protocol::account::phrase::to_bip39(&seed),
            "07".repeat(16),
            format!("{}{}", "07".repeat(16), "00".repeat(16)),
        ];
        for form in forms {
            assert_eq!(
                check(&secret(&form)),
                PhraseCheck::Valid {
                    account_id: id.clone()
                }
            );
        }
    }

    #[test]
    fn a_wrong_word_is_named_by_its_place() {
        let phrase = WordList::english().encode(&Seed::from_bytes([7; 16]));
        let mut words: Vec<&str> = phrase.split(' ').collect();
        words[4] = "zzzzzz";
        let PhraseCheck::UnknownWord { position, .. } = check(&secret(&words.join(" "))) else {
            panic!()
        };
        assert_eq!(position, 4);
        assert_eq!(check(&secret(&words[..4].join(" "))), PhraseCheck::Count(4));
    }

    #[test]
    fn a_long_hex_seed_is_taken_only_when_a_phrase_exists_for_it() {
        assert!(matches!(
            check(&secret(&"07".repeat(32))),
            PhraseCheck::Count(_) | PhraseCheck::UnknownWord { .. }
        ));
    }
}
