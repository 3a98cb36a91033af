//! `oracle-crypto.json`: messages in groups. What the library compressed is compared by its content.

use super::fields::{Draws, array, bytes, number, said, same, same_hex, text};
use onionskin_protocol::config::encrypt::KeyBase;
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::group::message::{self, Opened};
use onionskin_protocol::keys::{Ed25519PublicKey, Ed25519SecretKey};
use serde_json::Value;

fn group(case: &Value) -> Result<(GroupId, KeyBase), String> {
    let group = GroupId::from_key(Ed25519PublicKey(array(case, "group_ed25519_pk_hex")?));
    Ok((
        group,
        KeyBase::from_bytes(array(case, "group_enc_key_hex")?),
    ))
}

fn opens(case: &Value, stored: &[u8]) -> Result<Opened, String> {
    let (group, key) = group(case)?;
    message::open(stored, &group, &[key]).map_err(said)
}

fn same_message(opened: &Opened, expect: &Value) -> Result<(), String> {
    same_hex(&*opened.envelope, expect, "decrypted_hex")?;
    let author = opened.author.to_string();
    same(&*author, text(expect, "sender_session_id")?, "author")
}

pub fn group_message(case: &Value) -> Result<(), String> {
    let (group, key) = group(case)?;
    same(&*group.to_string(), text(case, "group_id")?, "group_id")?;
    let expect = &case["expect"];
    let author = Ed25519SecretKey::from_seed(&array(&case["sender"], "ed25519_seed_hex")?);
    let mut draws = Draws::of(case)?;
    let sealed = message::seal_with(
        &bytes(case, "plaintext_hex")?,
        &author,
        &group,
        &key,
        &mut draws,
        case["compress"] == true,
        usize::try_from(number(case, "padding")?).map_err(said)?,
    )
    .map_err(said)?;
    draws.finish()?;
    if expect["byte_exact"] == true {
        same_hex(&sealed, expect, "ciphertext_hex")?;
    }
    same_message(&opens(case, &sealed)?, expect)?;
    same_message(&opens(case, &bytes(expect, "ciphertext_hex")?)?, expect)
}

pub fn group_message_decrypt(case: &Value) -> Result<(), String> {
    let opened = opens(case, &bytes(case, "ciphertext_hex")?)?;
    same_message(&opened, &case["expect"])
}

pub fn group_message_must_fail(case: &Value) -> Result<(), String> {
    match opens(case, &bytes(case, "ciphertext_hex")?) {
        Err(_) => Ok(()),
        Ok(_) => Err("was accepted".to_owned()),
    }
}
