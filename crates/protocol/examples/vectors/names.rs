//! The name service and safety numbers, of `account.json` and of `oracle-crypto.json`.

use super::fields::{array, bytes, said, same, same_hex, text};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::name_service::Name;
use onionskin_protocol::safety_number::{Match, SafetyNumber};
use serde_json::Value;

pub fn registered(case: &Value) -> Result<(), String> {
    let name = Name::parse(text(case, "name")?).map_err(said)?;
    same(
        name.hash_base64().as_str(),
        text(case, "name_hash_base64")?,
        "name_hash_base64",
    )?;
    same_hex(name.key(), case, "key")?;
    let id = name
        .open(&bytes(case, "encrypted_value")?, &array(case, "nonce")?)
        .map_err(said)?;
    same(
        id.to_string().as_str(),
        text(case, "session_id")?,
        "session_id",
    )
}

fn lower_case(case: &Value) -> Result<Name, String> {
    let written = text(case, "lowercase_name")?;
    let name = Name::parse(written).map_err(said)?;
    same(name.as_str(), written, "lowercase_name")?;
    Ok(name)
}

pub fn ons_response(case: &Value) -> Result<(), String> {
    let (name, expect) = (lower_case(case)?, &case["expect"]);
    same_hex(name.hash(), case, "name_hash_hex")?;
    same(
        name.hash_base64().as_str(),
        text(case, "name_hash_b64")?,
        "name_hash_b64",
    )?;
    same_hex(name.key(), expect, "key_hex")?;
    let id = name
        .open(&bytes(case, "ciphertext_hex")?, &array(case, "nonce_hex")?)
        .map_err(said)?;
    same(
        id.to_string().as_str(),
        text(expect, "session_id")?,
        "session_id",
    )
}

pub fn ons_response_legacy(case: &Value) -> Result<(), String> {
    let (name, expect) = (lower_case(case)?, &case["expect"]);
    same_hex(*name.legacy_key().map_err(said)?, expect, "key_hex")?;
    let id = name
        .open_legacy(&bytes(case, "ciphertext_hex")?)
        .map_err(said)?;
    same(
        id.to_string().as_str(),
        text(expect, "session_id")?,
        "session_id",
    )
}

pub fn ons_must_fail(case: &Value) -> Result<(), String> {
    match lower_case(case)?.open(&bytes(case, "ciphertext_hex")?, &array(case, "nonce_hex")?) {
        Err(_) => Ok(()),
        Ok(_) => Err("was accepted".to_owned()),
    }
}

pub fn safety_number(case: &Value) -> Result<(), String> {
    let id = |field| text(case, field)?.parse::<AccountId>().map_err(said);
    let (local, remote) = (id("local")?, id("remote")?);
    let ours = SafetyNumber::new(&local, &remote);
    let shown = text(case, "displayed")?;
    same(ours.digits().as_str(), shown, "displayed")?;
    same_hex(ours.code_bytes(), case, "scannable_hex")?;
    same_hex(&ours.code_bytes()[1..33], case, "local_hash_first32")?;
    same_hex(&ours.code_bytes()[33..], case, "remote_hash_first32")?;
    let mut sides = [text(case, "local_digits")?, text(case, "remote_digits")?];
    sides.sort_unstable();
    same(
        sides.concat().as_str(),
        shown,
        "local_digits and remote_digits",
    )?;
    let theirs = SafetyNumber::new(&remote, &local);
    same(
        &ours.compare(&theirs.code()),
        &Ok(Match::Same),
        "the other side's code",
    )
}
