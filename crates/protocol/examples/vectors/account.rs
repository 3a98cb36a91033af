//! `account.json`: seeds, recovery phrases, key derivation, names, safety numbers.

use super::fields::{array, bytes, number, said, same, same_hex, text};
use super::{Outcome, Report, cases_in, names};
use onionskin_protocol::account::phrase::{PhraseError, WordList};
use onionskin_protocol::account::{Account, Seed, parse_secret};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::Ed25519SecretKey;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub fn run(file: &Value, report: &mut Report) {
    for (section, content) in file.as_object().into_iter().flatten() {
        let mut each = |check: fn(&Value) -> Result<(), String>| {
            for (index, case) in content.as_array().into_iter().flatten().enumerate() {
                report.add(format!("{section}[{index}]"), check(case));
            }
        };
        match section.as_str() {
            "about" => {}
            "accounts" => each(derivation),
            "phrase_accepted" => each(accepted),
            "phrase_rejected" => each(rejected),
            "wordlist" => report.add(section, word_list(content)),
            "phrase_25_words" => report.add(section, arithmetic(content)),
            "full_seed_identity" => report.add(section, full_seed(content)),
            "qr" => report.add(section, qr(content)),
            "name_service" => each(names::registered),
            "safety_numbers" => {
                for (index, case) in content["vectors"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .enumerate()
                {
                    report.add(format!("{section}[{index}]"), names::safety_number(case));
                }
            }
            _ => (0..cases_in(content).max(1))
                .for_each(|_| report.add(section, Outcome::NotSupported)),
        }
    }
}

fn word_list(case: &Value) -> Result<(), String> {
    let list = WordList::english();
    let words = list.words();
    let names = |field: &str| -> Vec<String> {
        let names = case[field].as_array().into_iter().flatten();
        names
            .map(|word| word.as_str().unwrap_or_default().to_owned())
            .collect()
    };
    same(list.language(), text(case, "language")?, "language")?;
    same(&(words.len() as u64), &number(case, "count")?, "count")?;
    same(
        &(list.prefix() as u64),
        &number(case, "prefix_len")?,
        "prefix_len",
    )?;
    let (first, last) = (names("first"), names("last"));
    same(&words[..first.len()], &first[..], "first")?;
    same(&words[words.len() - last.len()..], &last[..], "last")?;
    same_hex(
        Sha256::digest(words.join("\n")),
        case,
        "sha256_of_words_joined_by_newline_no_trailing_newline",
    )?;
    same_hex(
        crc32fast::hash(b"123456789").to_be_bytes(),
        case,
        "crc32_check_123456789",
    )
}

fn derivation(case: &Value) -> Result<(), String> {
    let list = WordList::english();
    let account = Account::from_seed(Seed::from_bytes(array(case, "seed16")?));
    let phrase = text(case, "phrase")?;
    same(list.encode(account.seed()).as_str(), phrase, "phrase")?;
    same(
        &list.decode(phrase).map_err(said)?,
        account.seed(),
        "seed of the phrase",
    )?;
    same(
        &parse_secret(phrase, &[]).map_err(said)?,
        account.seed(),
        "seed of the text",
    )?;
    let words: Vec<&str> = phrase.split(' ').collect();
    let repeated = words.get(number(case, "checksum_word_index")? as usize);
    same(&repeated, &words.last(), "checksum_word_index")?;
    same_hex(account.ed25519().seed(), case, "seed32")?;
    same_hex(account.ed25519_public().0, case, "ed25519_pk")?;
    same_hex(account.x25519().as_bytes(), case, "x25519_sk")?;
    same_hex(account.x25519().public().0, case, "x25519_pk")?;
    same(
        &account.ed25519_public().to_x25519(),
        &Ok(account.x25519().public()),
        "image of the Ed25519 key",
    )?;
    same(
        account.id().to_string().as_str(),
        text(case, "session_id")?,
        "session_id",
    )
}

fn accepted(case: &Value) -> Result<(), String> {
    let seed = WordList::english()
        .decode(text(case, "phrase")?)
        .map_err(said)?;
    same_hex(seed.as_bytes(), case, "seed16")
}

fn rejected(case: &Value) -> Result<(), String> {
    let class = match WordList::english().decode(text(case, "phrase")?) {
        Ok(_) => "nothing",
        Err(PhraseError::TooShort(_)) => "too-short",
        Err(PhraseError::TooLong(_)) => "too-long",
        Err(PhraseError::UnknownWord { .. }) => "unknown-word",
        Err(PhraseError::Invalid) => "overflow",
        Err(PhraseError::Checksum { .. }) => "checksum",
    };
    same(class, text(case, "error")?, "error")
}

fn arithmetic(case: &Value) -> Result<(), String> {
    let phrase = WordList::english()
        .encode_bytes(&bytes(case, "bytes")?)
        .ok_or("no multiple of four bytes")?;
    same(phrase.as_str(), text(case, "phrase")?, "phrase")
}

fn full_seed(case: &Value) -> Result<(), String> {
    let secret = Ed25519SecretKey::from_seed(&array(case, "seed32")?);
    let x25519 = secret.to_x25519();
    same_hex(secret.public().0, case, "ed25519_pk")?;
    same_hex(x25519.as_bytes(), case, "x25519_sk_clamped")?;
    same_hex(x25519.public().0, case, "x25519_pk")?;
    same(
        AccountId::from_key(x25519.public()).to_string().as_str(),
        text(case, "session_id")?,
        "session_id",
    )
}

fn qr(case: &Value) -> Result<(), String> {
    let written = text(case, "recovery_text")?;
    let seed = parse_secret(written, &[]).map_err(said)?;
    same(seed.to_hex().as_str(), written, "recovery_text")?;
    let written = text(case, "session_id_text")?;
    let id: AccountId = written.parse().map_err(said)?;
    same(id.to_string().as_str(), written, "session_id_text")?;
    same(
        &Account::from_seed(seed).id(),
        &id,
        "the two codes of one account",
    )
}
