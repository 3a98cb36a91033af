//! Encrypted files and pictures, of `one-to-one.json` and of `oracle-crypto.json`.

use super::fields::{array, base64, bytes, number, said, same, same_hex, text};
use onionskin_protocol::attachment::{Pointer, legacy, open, picture, stream};
use onionskin_protocol::hash::blake2b;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Byte i is (7·i) mod 256.
fn plaintext(length: u64) -> Vec<u8> {
    (0..length).map(|at| (at * 7 % 256) as u8).collect()
}

pub fn legacy_file(case: &Value) -> Result<(), String> {
    let file = plaintext(number(case, "plaintext_len")?);
    let key = legacy::Key::from_slice(&bytes(case, "key64")?).map_err(said)?;
    let sealed = legacy::seal_with(&file, &key, &array(case, "iv")?).map_err(said)?;
    let length = sealed.encrypted.len() as u64;
    same(&length, &number(case, "ciphertext_len")?, "ciphertext_len")?;
    same_hex(sealed.digest, case, "digest")?;
    if case.get("ciphertext_base64").is_some() {
        same(
            &sealed.encrypted,
            &base64(case, "ciphertext_base64")?,
            "ciphertext_base64",
        )?;
    }
    if case.get("padded_len").is_some() {
        // PKCS#7 always adds, up to a whole block; vector and authenticator make 48 bytes more.
        let padded = number(case, "padded_len")?;
        same(&length, &(padded / 16 * 16 + 16 + 48), "padded_len")?;
    }
    let size = u32::try_from(number(case, "size_field")?).map_err(said)?;
    let pointer = Pointer {
        key: key.as_bytes(),
        digest: &sealed.digest,
        size: Some(size),
        stream: false,
    };
    let opened = open(&sealed.encrypted, &pointer).map_err(said)?;
    same(&opened[..], &file[..], "file read back")
}

pub fn legacy_size(case: &Value) -> Result<(), String> {
    let padded = legacy::padded_len(number(case, "len")? as usize);
    same(&(padded as u64), &number(case, "padded")?, "padded")
}

pub fn stream_file(case: &Value) -> Result<(), String> {
    let file = plaintext(number(case, "plaintext_len")?);
    let domain = match text(case, "domain")? {
        "attachment" => stream::Domain::Attachment,
        "profile" => stream::Domain::ProfilePicture,
        other => return Err(format!("an unknown domain {other}")),
    };
    let (key, header) = stream::derive(&file, &array(case, "seed32")?, domain);
    same_hex(header, case, "header")?;
    same_hex(*key, case, "key32")?;
    let sealed = stream::seal(&file, &key, &header).map_err(said)?;
    same(
        &(sealed.len() as u64),
        &number(case, "encrypted_len")?,
        "encrypted_len",
    )?;
    same_hex(Sha256::digest(&sealed), case, "encrypted_sha256")?;
    same_hex(&sealed[..64], case, "encrypted_first64")?;
    same_hex(&sealed[sealed.len() - 32..], case, "encrypted_last32")?;
    reads_back(&sealed, &key, &file)
}

fn reads_back(sealed: &[u8], key: &[u8; 32], file: &[u8]) -> Result<(), String> {
    let size = u32::try_from(file.len()).map_err(said)?;
    let pointer = Pointer {
        key,
        digest: &[],
        size: Some(size),
        stream: true,
    };
    let opened = open(sealed, &pointer).map_err(said)?;
    same(&opened[..], file, "file read back")
}

pub fn picture(case: &Value) -> Result<(), String> {
    let (plain, key) = (bytes(case, "plaintext")?, array(case, "profile_key")?);
    let sealed = picture::seal_with(&plain, &key, &array(case, "nonce")?).map_err(said)?;
    same_hex(&sealed, case, "file")?;
    let opened = picture::open(&sealed, &key, false).map_err(said)?;
    same(&opened[..], &plain[..], "picture read back")
}

pub fn attachment_encrypt(case: &Value) -> Result<(), String> {
    let expect = &case["expect"];
    let file = plaintext(number(case, "plaintext_size")?);
    let domain = match text(case, "personalisation")? {
        "SessionAttachmnt" => stream::Domain::Attachment,
        "Session_Prof_Pic" => stream::Domain::ProfilePicture,
        other => return Err(format!("an unknown domain {other}")),
    };
    let (key, header) = stream::derive(&file, &array(case, "seed_hex")?, domain);
    same_hex(*key, expect, "key_hex")?;
    same_hex(header, expect, "nonce_hex")?;
    let sealed = stream::seal(&file, &key, &header).map_err(said)?;
    same(
        &(sealed.len() as u64),
        &number(expect, "encrypted_size")?,
        "encrypted_size",
    )?;
    same_hex(
        blake2b::<32>(&[], &[&sealed]),
        expect,
        "blake2b_256_of_encrypted_hex",
    )?;
    same_hex(&sealed[..64], expect, "first_64_bytes_hex")?;
    same_hex(&sealed[sealed.len() - 64..], expect, "last_64_bytes_hex")?;
    if expect["encrypted_b64"].is_string() {
        same(&sealed, &base64(expect, "encrypted_b64")?, "encrypted_b64")?;
    }
    reads_back(&sealed, &key, &file)
}

pub fn attachment_must_fail(case: &Value) -> Result<(), String> {
    match stream::open(&base64(case, "encrypted_b64")?, &array(case, "key_hex")?) {
        Err(_) => Ok(()),
        Ok(_) => Err("was accepted".to_owned()),
    }
}
