//! `oracle-crypto.json`: the kinds of messages, configs, hashes, keys, files and names. The others are not
//! supported.

use super::fields::{Draws, array, base64, bytes, number, said, same, same_hex, text};
use super::{files, group_messages, names};
use onionskin_protocol::config::encrypt::{self, KeyBase};
use onionskin_protocol::hash;
use onionskin_protocol::id::{AccountId, Namespace, SwarmId};
use onionskin_protocol::keys::{Ed25519SecretKey, Signature, X25519PublicKey, X25519SecretKey};
use onionskin_protocol::message::{padding, signed, wire};
use onionskin_protocol::time::Timestamp;
use onionskin_protocol::xed25519;
use prost::Message as _;
use serde_json::Value;

/// Checks one case. `None`: a kind that is not supported.
pub fn check(kind: &str, case: &Value) -> Option<Result<(), String>> {
    let check = match kind {
        "session_encrypt" => session_encrypt,
        "session_encrypt_deterministic" => session_encrypt_deterministic,
        "session_decrypt" => session_decrypt,
        "session_decrypt_x25519" => session_decrypt_x25519,
        "session_decrypt_must_fail" => session_decrypt_must_fail,
        "dm_wire" => dm_wire,
        "content_padding" => content_padding,
        "message_hash" => message_hash,
        "keys" => keys,
        "blake2b" => blake2b,
        "xed25519" => xed25519,
        "attachment_encrypt" => files::attachment_encrypt,
        "attachment_must_fail" => files::attachment_must_fail,
        "ons_response" => names::ons_response,
        "ons_response_legacy" => names::ons_response_legacy,
        "ons_must_fail" => names::ons_must_fail,
        "group_message" => group_messages::group_message,
        "group_message_decrypt" => group_messages::group_message_decrypt,
        "group_message_must_fail" => group_messages::group_message_must_fail,
        "config_encrypt" => config_encrypt,
        "config_padding" => config_padding,
        _ => return None,
    };
    Some(check(case))
}

/// An identity object, its parts compared with what is derived from its seed.
struct Identity {
    ed25519: Ed25519SecretKey,
    x25519: X25519SecretKey,
    id: AccountId,
}

fn identity(case: &Value, field: &str) -> Result<Identity, String> {
    let object = &case[field];
    let ed25519 = Ed25519SecretKey::from_seed(&array(object, "ed25519_seed_hex")?);
    let x25519 = ed25519.to_x25519();
    same_hex(ed25519.public().0, object, "ed25519_pk_hex")?;
    same_hex(x25519.as_bytes(), object, "x25519_sk_hex")?;
    same_hex(x25519.public().0, object, "x25519_pk_hex")?;
    let id: AccountId = text(object, "session_id")?.parse().map_err(said)?;
    same(id.key(), &x25519.public(), "session_id")?;
    Ok(Identity {
        ed25519,
        x25519,
        id,
    })
}

fn session_encrypt(case: &Value) -> Result<(), String> {
    let (sender, recipient) = (identity(case, "sender")?, identity(case, "recipient")?);
    let (plaintext, expect) = (bytes(case, "plaintext_hex")?, &case["expect"]);
    same_hex(
        signed::sign(&plaintext, &sender.ed25519, recipient.id.key()),
        expect,
        "signed_message_hex",
    )?;
    let mut draws = Draws::of(case)?;
    let ephemeral = X25519SecretKey::generate(&mut draws);
    draws.finish()?;
    let sealed = signed::sign_and_seal(&plaintext, &sender.ed25519, recipient.id.key(), &ephemeral)
        .map_err(said)?;
    same_hex(&sealed, expect, "ciphertext_hex")?;
    let opened = signed::open(&sealed, &recipient.x25519).map_err(said)?;
    same_hex(&opened.padded, expect, "decrypted_hex")?;
    same_hex(opened.ed25519.0, expect, "sender_ed25519_pk_hex")?;
    same(
        opened.sender.to_string().as_str(),
        text(expect, "sender_session_id")?,
        "sender_session_id",
    )
}

fn session_encrypt_deterministic(case: &Value) -> Result<(), String> {
    let (sender, recipient) = (identity(case, "sender")?, identity(case, "recipient")?);
    let (plaintext, expect) = (bytes(case, "plaintext_hex")?, &case["expect"]);
    same_hex(
        signed::sign(&plaintext, &sender.ed25519, recipient.id.key()),
        expect,
        "signed_message_hex",
    )?;
    let sealed =
        signed::sign_and_seal_deterministic(&plaintext, &sender.ed25519, recipient.id.key())
            .map_err(said)?;
    same_hex(sealed, expect, "ciphertext_hex")
}

fn opens(case: &Value, reader: &X25519SecretKey) -> Result<(), String> {
    let expect = &case["expect"];
    let opened = signed::open(&bytes(case, "ciphertext_hex")?, reader).map_err(said)?;
    same_hex(&opened.padded, expect, "decrypted_hex")?;
    same(
        opened.sender.to_string().as_str(),
        text(expect, "sender_session_id")?,
        "sender_session_id",
    )
}

fn session_decrypt(case: &Value) -> Result<(), String> {
    opens(case, &identity(case, "recipient")?.x25519)
}

fn session_decrypt_x25519(case: &Value) -> Result<(), String> {
    let reader = X25519SecretKey::from_bytes(array(case, "x25519_sk_hex")?);
    same_hex(reader.public().0, case, "x25519_pk_hex")?;
    opens(case, &reader)
}

fn session_decrypt_must_fail(case: &Value) -> Result<(), String> {
    let reader = identity(case, "recipient")?;
    match signed::open(&bytes(case, "ciphertext_hex")?, &reader.x25519) {
        Err(_) => Ok(()),
        Ok(_) => Err("was accepted".to_owned()),
    }
}

fn dm_wire(case: &Value) -> Result<(), String> {
    let (sender, recipient) = (identity(case, "sender")?, identity(case, "recipient")?);
    let (content, expect) = (bytes(case, "content_hex")?, &case["expect"]);
    let timestamp = Timestamp(number(case, "sent_timestamp_ms")?);
    let pro_sig = Signature(array(case, "pro_sig_hex")?);
    let parsed = wire::read_content(&content).map_err(said)?;
    same_hex(parsed.encode_to_vec(), case, "content_hex")?;

    let mut draws = Draws::of(case)?;
    let ephemeral = X25519SecretKey::generate(&mut draws);
    draws.finish()?;
    let padded = padding::pad(&content);
    same_hex(&padded, expect, "padded_content_hex")?;
    let sealed = signed::sign_and_seal(&padded, &sender.ed25519, recipient.id.key(), &ephemeral)
        .map_err(said)?;
    same_hex(&sealed, expect, "encrypted_content_hex")?;
    same_hex(
        wire::envelope(sealed, timestamp, &pro_sig),
        expect,
        "envelope_hex",
    )?;
    let stored = wire::encode_with(
        &sender.ed25519,
        recipient.id.key(),
        &content,
        timestamp,
        &ephemeral,
        &pro_sig,
    )
    .map_err(said)?;
    same(&stored, &base64(expect, "wire_b64")?, "wire_b64")?;

    for older_or_newer in ["wire_b64", "older_client_wire_b64"] {
        let read =
            wire::decode_with(&recipient.x25519, &base64(expect, older_or_newer)?).map_err(said)?;
        same(
            read.sender.to_string().as_str(),
            text(expect, "sender_session_id")?,
            "sender_session_id",
        )?;
        same(
            &read.sender_ed25519,
            &sender.ed25519.public(),
            "sender's key",
        )?;
        same(&read.timestamp, &timestamp, "timestamp")?;
        same(&read.content, &parsed, older_or_newer)?;
    }
    Ok(())
}

fn content_padding(case: &Value) -> Result<(), String> {
    for row in case["expect"].as_array().ok_or("the case has no table")? {
        let content = vec![1; number(row, "content_size")? as usize];
        same(
            &(padding::pad(&content).len() as u64),
            &number(row, "padded_size")?,
            "padded_size",
        )?;
    }
    Ok(())
}

fn message_hash(case: &Value) -> Result<(), String> {
    let account = SwarmId::from_hex(text(case, "pubkey_hex")?).ok_or("pubkey_hex is no account")?;
    let namespace = case["namespace"]
        .as_i64()
        .and_then(|n| i16::try_from(n).ok())
        .ok_or("no namespace")?;
    let got = hash::message_hash(&account, Namespace(namespace), &base64(case, "data_b64")?);
    same(got.as_str(), text(&case["expect"], "hash")?, "hash")
}

fn keys(case: &Value) -> Result<(), String> {
    let expect = &case["expect"];
    let secret = Ed25519SecretKey::from_seed(&array(case, "ed25519_seed_hex")?);
    let (public, x25519, message) = (
        secret.public(),
        secret.to_x25519(),
        bytes(case, "message_hex")?,
    );
    same_hex(public.0, expect, "ed25519_pk_hex")?;
    same_hex(
        [*secret.seed(), public.0].concat(),
        expect,
        "ed25519_sk_hex",
    )?;
    same_hex(x25519.public().0, expect, "x25519_pk_hex")?;
    same_hex(x25519.as_bytes(), expect, "x25519_sk_hex")?;
    same(
        &public.to_x25519(),
        &Ok(x25519.public()),
        "image of the Ed25519 key",
    )?;
    same(
        AccountId::from_key(x25519.public()).to_string().as_str(),
        text(expect, "session_id")?,
        "session_id",
    )?;
    let signature = secret.sign(&message);
    same_hex(signature.0, expect, "ed25519_sig_hex")?;
    public.verify(&message, &signature).map_err(said)
}

fn blake2b(case: &Value) -> Result<(), String> {
    let mut out = vec![0; number(case, "size")? as usize];
    hash::blake2b_into(
        &bytes(case, "key_hex")?,
        &[0; 16],
        &[&bytes(case, "message_hex")?],
        &mut out,
    );
    same_hex(out, &case["expect"], "hash_hex")
}

fn xed25519(case: &Value) -> Result<(), String> {
    let (expect, message) = (&case["expect"], bytes(case, "message_hex")?);
    let secret = X25519SecretKey::from_bytes(array(case, "x25519_sk_hex")?);
    let public = X25519PublicKey(array(case, "x25519_pk_hex")?);
    same(&secret.public(), &public, "x25519_pk_hex")?;
    same_hex(
        xed25519::to_ed25519(&public).map_err(said)?.0,
        expect,
        "ed25519_pk_hex",
    )?;

    let mut draws = Draws::of(case)?;
    let signature = xed25519::sign(&secret, &message, &mut draws);
    draws.finish()?;
    same_hex(signature.0, expect, "signature_hex")?;
    for (signature, verifies) in [
        ("signature_hex", "verifies"),
        ("bad_signature_hex", "bad_verifies"),
    ] {
        let got =
            xed25519::verify(&public, &message, &Signature(array(expect, signature)?)).is_ok();
        same(&Some(got), &expect[verifies].as_bool(), verifies)?;
    }
    Ok(())
}

fn config_encrypt(case: &Value) -> Result<(), String> {
    let (key, domain) = (
        KeyBase::from_bytes(array(case, "key_hex")?),
        text(case, "domain")?,
    );
    let message = bytes(case, "message_hex")?;
    let sealed = encrypt::encrypt(&message, &key, domain);
    same_hex(&sealed, &case["expect"], "ciphertext_hex")?;
    let opened = encrypt::decrypt(&sealed, &key, domain).map_err(said)?;
    same(opened.as_slice(), message.as_slice(), "opened")
}

fn config_padding(case: &Value) -> Result<(), String> {
    let overhead = usize::try_from(number(case, "overhead")?).map_err(said)?;
    for row in case["expect"].as_array().ok_or("the case has no table")? {
        let size = usize::try_from(number(row, "size")?).map_err(said)?;
        let padded = encrypt::padded_len(size, overhead) as u64;
        same(&padded, &number(row, "padded")?, &format!("padded {size}"))?;
    }
    Ok(())
}
