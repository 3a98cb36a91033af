//! `one-to-one.json`: padding, sealing, whole messages, contents, files, pictures.

use super::fields::{array, base64, bytes, number, said, same, same_hex, text};
use super::{Outcome, Report, cases_in, files};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::keys::{Ed25519SecretKey, Signature, X25519SecretKey};
use onionskin_protocol::message::{self, DecodeError, padding, signed, wire};
use onionskin_protocol::time::Timestamp;
use prost::Message as _;
use serde_json::Value;

/// The two persons of the file.
struct People {
    sender: Account,
    recipient: Account,
}

pub fn run(file: &Value, report: &mut Report) {
    let people = match people(file) {
        Ok(people) => people,
        Err(why) => return report.add("keys", Outcome::Failed(why)),
    };
    for (section, content) in file.as_object().into_iter().flatten() {
        let mut each = |check: &dyn Fn(&Value) -> Result<(), String>| {
            for (index, case) in content.as_array().into_iter().flatten().enumerate() {
                report.add(format!("{section}[{index}]"), check(case));
            }
        };
        match section.as_str() {
            "about" | "contents_TS" => {}
            "keys" => {
                for (name, account) in
                    [("sender", &people.sender), ("recipient", &people.recipient)]
                {
                    report.add(format!("{section}/{name}"), keys(account, &content[name]));
                }
            }
            "deterministic_seal" => report.add(section, deterministic(&people, content)),
            "padding" => each(&padded),
            "unpadding" => each(&unpadded),
            "full_messages" => each(&|case| whole(&people, case)),
            "must_fail" => each(&|case| refused(&people, case)),
            "contents" => {
                for (name, case) in content.as_object().into_iter().flatten() {
                    report.add(format!("{section}/{name}"), reads_back(case));
                }
            }
            "attachment_legacy" => each(&files::legacy_file),
            "attachment_legacy_sizes" => each(&files::legacy_size),
            "attachment_stream" => {
                for (index, case) in content["vectors"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .enumerate()
                {
                    report.add(format!("{section}[{index}]"), files::stream_file(case));
                }
            }
            "profile_picture_aes_gcm" => each(&files::picture),
            "pro_envelope_signature" => report.add(section, pro_signature(file, content)),
            _ => (0..cases_in(content).max(1))
                .for_each(|_| report.add(section, Outcome::NotSupported)),
        }
    }
}

fn people(file: &Value) -> Result<People, String> {
    let account = |who: &str| {
        array(&file["keys"][who], "seed16").map(|seed| Account::from_seed(Seed::from_bytes(seed)))
    };
    Ok(People {
        sender: account("sender")?,
        recipient: account("recipient")?,
    })
}

fn keys(account: &Account, case: &Value) -> Result<(), String> {
    same_hex(account.ed25519_public().0, case, "ed25519_pk")?;
    same_hex(account.x25519().public().0, case, "x25519_pk")?;
    same(
        account.id().to_string().as_str(),
        text(case, "session_id")?,
        "session_id",
    )
}

fn deterministic(people: &People, case: &Value) -> Result<(), String> {
    let message = text(case, "message_utf8")?.as_bytes();
    let recipient = people.recipient.id();
    let sealed =
        signed::sign_and_seal_deterministic(message, people.sender.ed25519(), recipient.key())
            .map_err(said)?;
    same_hex(&sealed, case, "ciphertext")?;
    let opened = signed::open(&sealed, people.recipient.x25519()).map_err(said)?;
    same(&opened.padded[..], message, "message")?;
    same(&opened.sender, &people.sender.id(), "sender")
}

fn padded(case: &Value) -> Result<(), String> {
    let content = vec![0x80; number(case, "len")? as usize];
    let padded = padding::pad(&content);
    same(
        &(padded.len() as u64),
        &number(case, "padded_len")?,
        "padded_len",
    )?;
    same(padding::unpad(&padded), &content[..], "content")
}

fn unpadded(case: &Value) -> Result<(), String> {
    same_hex(padding::unpad(&bytes(case, "in")?), case, "out")
}

fn whole(people: &People, case: &Value) -> Result<(), String> {
    let content = bytes(case, "content")?;
    let timestamp = Timestamp(number(case, "timestamp_ms")?);
    let parsed = wire::read_content(&content).map_err(said)?;
    same_hex(parsed.encode_to_vec(), case, "content")?;
    let reader = if parsed.sync_target().is_some() {
        &people.sender
    } else {
        &people.recipient
    };
    let recipient = reader.id();

    let padded = padding::pad(&content);
    same_hex(&padded, case, "padded")?;
    same(
        &(padded.len() as u64),
        &number(case, "padded_len")?,
        "padded_len",
    )?;
    let plain = signed::sign(&padded, people.sender.ed25519(), recipient.key());
    same_hex(&plain[plain.len() - 64..], case, "signature")?;
    let ephemeral = X25519SecretKey::from_bytes(array(case, "ephemeral_sk")?);
    let sealed = signed::sign_and_seal(
        &padded,
        people.sender.ed25519(),
        recipient.key(),
        &ephemeral,
    )
    .map_err(said)?;
    same_hex(&sealed, case, "sealed")?;
    let pro_sig = Signature(array(case, "pro_sig_decoy")?);
    let envelope = wire::envelope(sealed, timestamp, &pro_sig);
    same_hex(&envelope, case, "envelope")?;
    same_hex(wire::wrap(&envelope), case, "websocket_message")?;
    let stored = wire::encode_with(
        people.sender.ed25519(),
        recipient.key(),
        &content,
        timestamp,
        &ephemeral,
        &pro_sig,
    )
    .map_err(said)?;
    same(
        &stored,
        &base64(case, "store_data_base64")?,
        "store_data_base64",
    )?;

    let read = message::decode(reader, &stored).map_err(said)?;
    same(&read.sender, &people.sender.id(), "sender")?;
    same(&read.timestamp, &timestamp, "timestamp")?;
    same(&read.content, &parsed, "content read back")
}

fn refused(people: &People, case: &Value) -> Result<(), String> {
    match signed::open(&bytes(case, "sealed")?, people.recipient.x25519()) {
        Err(DecodeError::Sealed | DecodeError::Signature) => Ok(()),
        Err(other) => Err(format!("refused for another reason: {other}")),
        Ok(_) => Err("was accepted".to_owned()),
    }
}

fn reads_back(case: &Value) -> Result<(), String> {
    let content = wire::read_content(&bytes(case, "hex")?).map_err(said)?;
    same_hex(content.encode_to_vec(), case, "hex")
}

fn pro_signature(file: &Value, case: &Value) -> Result<(), String> {
    let secret = Ed25519SecretKey::from_seed(&array(case, "rotating_seed")?);
    same_hex(secret.public().0, case, "rotating_pk")?;
    same(
        "full_messages[0].sealed",
        text(case, "signed_bytes")?,
        "signed_bytes",
    )?;
    let signed = bytes(&file["full_messages"][0], "sealed")?;
    let signature = secret.sign(&signed);
    same_hex(signature.0, case, "pro_sig")?;
    secret.public().verify(&signed, &signature).map_err(said)
}
