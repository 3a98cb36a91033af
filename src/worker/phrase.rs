//! Typed secrets: the 13 words of every Session app, 12 words of the second form, or the 16 bytes in hex (screens W3).

use super::transport::request;
use crate::bridge::{PhraseCheck, SecretBytes};
use onionskin_protocol::account::phrase::{PhraseError, WordList, from_bip39};
use onionskin_protocol::account::{Account, Seed};
use std::cell::OnceCell;
use zeroize::Zeroizing;

/// The other lists and their prefixes in code points; where sources disagree, both (20-messages 1.2).
const OTHER_LISTS: [(&str, usize); 13] = [
    ("chinese_simplified", 1),
    ("dutch", 4),
    ("esperanto", 4),
    ("french", 4),
    ("german", 4),
    ("italian", 4),
    ("japanese", 3),
    ("japanese", 4),
    ("lojban", 4),
    ("portuguese", 4),
    ("russian", 4),
    ("russian", 3),
    ("spanish", 4),
];
/// Patience for one list (ms).
const LIST_MS: u64 = 10_000;

/// The lists of other languages, fetched from the app's own origin when the English one fails.
#[derive(Default)]
pub(crate) struct OtherLists(OnceCell<Vec<WordList>>);

impl OtherLists {
    async fn load(&self) -> &[WordList] {
        if let Some(lists) = self.0.get() {
            return lists;
        }
        let lists: Vec<Option<WordList>> =
            futures::future::join_all(OTHER_LISTS.iter().map(|(language, prefix)| async move {
                let reply = request(&format!("/words/{language}.txt"), None, LIST_MS)
                    .await
                    .ok()?;
                WordList::parse(language, *prefix, std::str::from_utf8(&reply.body).ok()?)
            }))
            .await;
        if lists.iter().all(Option::is_none) {
            // Out of reach: the next attempt asks again.
            return &[];
        }
        self.0.get_or_init(|| lists.into_iter().flatten().collect())
    }
}

/// Reads a seed, or says what is wrong with the text.
pub(crate) async fn read(typed: &SecretBytes, others: &OtherLists) -> Result<Seed, PhraseCheck> {
    match read_at_once(typed) {
        // Thirteen words of some other language, perhaps.
        Err(PhraseCheck::UnknownWord {
            position,
            suggestion,
        }) => {
            let text = typed.as_str().unwrap_or_default();
            let seed = others
                .load()
                .await
                .iter()
                .find_map(|list| list.decode(text).ok());
            seed.ok_or(PhraseCheck::UnknownWord {
                position,
                suggestion,
            })
        }
        result => result,
    }
}

/// How a typed secret stands.
pub(crate) async fn check(typed: &SecretBytes, others: &OtherLists) -> PhraseCheck {
    match read(typed, others).await {
        Ok(seed) => PhraseCheck::Valid {
            account_id: Account::from_seed(seed).id().to_string(),
        },
        Err(check) => check,
    }
}

/// Reads the forms that need no list but the English one.
fn read_at_once(typed: &SecretBytes) -> Result<Seed, PhraseCheck> {
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
    // Twelve words; a phrase in either form is never mistaken for the other.
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
    use futures::FutureExt;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn secret(text: &str) -> SecretBytes {
        SecretBytes::from(text.to_owned())
    }

    /// What is found without asking a server.
    fn check(typed: &SecretBytes) -> PhraseCheck {
        match read_at_once(typed) {
            Ok(seed) => PhraseCheck::Valid {
                account_id: Account::from_seed(seed).id().to_string(),
            },
            Err(check) => check,
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
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

    #[wasm_bindgen_test(unsupported = test)]
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

    #[wasm_bindgen_test(unsupported = test)]
    fn a_long_hex_seed_is_taken_only_when_a_phrase_exists_for_it() {
        assert!(matches!(
            check(&secret(&"07".repeat(32))),
            PhraseCheck::Count(_) | PhraseCheck::UnknownWord { .. }
        ));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_phrase_of_another_language_is_read_from_its_list() {
        let text = include_str!("../../public/words/german.txt");
        let german = WordList::parse("german", 4, text).unwrap();
        let seed = Seed::from_bytes([7; 16]);
        let others = OtherLists(OnceCell::from(vec![
            WordList::parse("german", 4, text).unwrap(),
        ]));
        let typed = secret(&german.encode(&seed));
        let read = read(&typed, &others).now_or_never().unwrap().unwrap();
        assert_eq!(read.as_bytes(), seed.as_bytes());
        let english = secret("not a phrase at all but thirteen words long and quite unknown here");
        let refused = super::read(&english, &others).now_or_never().unwrap();
        assert!(matches!(refused, Err(PhraseCheck::UnknownWord { .. })));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn every_other_list_can_be_read_with_its_prefix() {
        let texts = [
            (
                "chinese_simplified",
                include_str!("../../public/words/chinese_simplified.txt"),
            ),
            ("dutch", include_str!("../../public/words/dutch.txt")),
            (
                "esperanto",
                include_str!("../../public/words/esperanto.txt"),
            ),
            ("french", include_str!("../../public/words/french.txt")),
            ("german", include_str!("../../public/words/german.txt")),
            ("italian", include_str!("../../public/words/italian.txt")),
            ("japanese", include_str!("../../public/words/japanese.txt")),
            ("lojban", include_str!("../../public/words/lojban.txt")),
            (
                "portuguese",
                include_str!("../../public/words/portuguese.txt"),
            ),
            ("russian", include_str!("../../public/words/russian.txt")),
            ("spanish", include_str!("../../public/words/spanish.txt")),
        ];
        for (language, prefix) in OTHER_LISTS {
            let text = texts.iter().find(|(name, _)| *name == language).unwrap().1;
            assert!(
                WordList::parse(language, prefix, text).is_some(),
                "{language} {prefix}"
            );
        }
    }
}
