//! `config.json`: published values of the config formats. Told apart by what an entry holds, not by its name.

use super::fields::{array, bytes, number, said, same, same_hex, text};
use super::{Report, config_stored};
use onionskin_protocol::config::bt;
use onionskin_protocol::config::diff;
use onionskin_protocol::config::merge::{Outcome, merge};
use onionskin_protocol::config::message::{Draft, LAG, Message, MessageError};
use onionskin_protocol::config::value::{self, Dict, Scalar, Set, Value};
use onionskin_protocol::hash::blake2b_into;
use onionskin_protocol::keys::{Ed25519PublicKey, Ed25519SecretKey};
use serde_json::Value as Json;

pub fn run(file: &Json, report: &mut Report) {
    let vectors = file["vectors"].as_array().map_or(&[][..], Vec::as_slice);
    for (index, vector) in vectors.iter().enumerate() {
        let name = vector["name"]
            .as_str()
            .map_or_else(|| format!("vectors[{index}]"), str::to_owned);
        match check(&vector["inputs"], &vector["expected"], vectors) {
            Some(result) => report.add(name, result),
            None => report.add(name, super::Outcome::NotSupported),
        }
    }
}

fn check(inputs: &Json, expected: &Json, all: &[Json]) -> Option<Result<(), String>> {
    let has = |key: &str| inputs.get(key).is_some();
    Some(if has("out_len") {
        hash(inputs, expected)
    } else if has("value") || has("insertions") || has("data") && expected.get("ascii").is_some() {
        encoding(inputs, expected)
    } else if has("data") {
        pruning(inputs, expected)
    } else if has("old") {
        difference(inputs, expected)
    } else if has("steps") {
        chain(inputs, expected)
    } else if has("signed_part_hex") {
        signed(inputs, expected)
    } else if has("m118_data") {
        ordinary_update(inputs, expected)
    } else if has("m126b_inputs") {
        complex_conflict(inputs, expected, all)
    } else if has("input_orders") {
        simple_conflict(inputs, expected)
    } else if has("m123_serialized_hex") {
        increment(inputs, expected)
    } else if has("serialized_ascii") {
        rejected(inputs)
    } else if has("key_base_hex") {
        config_stored::encryption(inputs, expected)
    } else if has("rows") {
        config_stored::padding(inputs, expected)
    } else if has("plain_hex") {
        config_stored::compression(inputs, expected)
    } else if has("plaintext_ascii") {
        config_stored::empty_push(inputs, expected)
    } else if has("pic_key_utf8") {
        config_stored::first_profile(inputs, expected)
    } else if has("client1_ops") {
        config_stored::profile_conflict(inputs, expected, all)
    } else if has("wrapped_hex") {
        config_stored::old_wrapper(inputs, expected)
    } else if has("data_utf8") {
        config_stored::wrapping(inputs, expected)
    } else if has("flow") {
        config_stored::one_seqno(inputs, expected)
    } else if has("urls") {
        config_stored::urls(inputs, expected)
    } else if has("dump_hex") {
        config_stored::times(inputs, expected)
    } else if has("base_url") {
        config_stored::room(inputs, expected)
    } else if has("id_rule") {
        config_stored::many_contacts(inputs, expected)
    } else if has("cases") {
        config_stored::names(inputs, expected)
    } else if has("serialized_hex") {
        config_stored::put_away(inputs, expected)
    } else if has("seed_hex") {
        config_stored::keys(inputs, expected)
    } else if expected.get("serialized_ascii").is_some() {
        empty_message(expected)
    } else {
        return None;
    })
}

/// Numbers, strings, `{"hex": …}`, `{"set": […]}`, `{"dict": {…}}`.
fn read(json: &Json) -> Result<Value, String> {
    if let Some(members) = json["set"].as_array() {
        return Ok(Value::Set(
            members.iter().map(scalar).collect::<Result<_, _>>()?,
        ));
    }
    if json.get("dict").is_some() {
        return dict(json).map(Value::Dict);
    }
    scalar(json).map(Value::Scalar)
}

fn dict(json: &Json) -> Result<Dict, String> {
    let entries = json["dict"].as_object().ok_or("no dict")?.iter();
    entries
        .map(|(key, value)| Ok((key.as_bytes().to_vec(), read(value)?)))
        .collect()
}

fn scalar(json: &Json) -> Result<Scalar, String> {
    if let Some(number) = json.as_i64() {
        return Ok(Scalar::Int(number));
    }
    let bytes = match json.as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => bytes(json, "hex")?,
    };
    Ok(Scalar::Bytes(bytes.as_slice().into()))
}

/// `["set", path, value]`, `["erase", path]`, `["set_insert", path, value]`, `["set_erase", path, value]`.
pub fn edit(data: &mut Dict, ops: &Json) -> Result<(), String> {
    for op in ops.as_array().into_iter().flatten() {
        let path: Vec<&str> = op[1]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let (last, parents) = path.split_last().ok_or("an empty path")?;
        let mut dict = &mut *data;
        for key in parents {
            let entry = dict.entry(key.as_bytes().to_vec());
            match entry.or_insert_with(|| Value::Dict(Dict::new())) {
                Value::Dict(inner) => dict = inner,
                _ => return Err(format!("{key} is no dict")),
            }
        }
        let key = last.as_bytes();
        match (op[0].as_str(), dict.get_mut(key)) {
            (Some("set"), _) => _ = dict.insert(key.to_vec(), read(&op[2])?),
            (Some("erase"), _) => _ = dict.remove(key),
            (Some("set_insert"), Some(Value::Set(set))) => _ = set.insert(scalar(&op[2])?),
            (Some("set_erase"), Some(Value::Set(set))) => _ = set.remove(&scalar(&op[2])?),
            _ => return Err(format!("cannot do {op}")),
        }
    }
    Ok(())
}

pub fn parse(bytes: &[u8]) -> Result<Message, String> {
    Message::parse(bytes, None, LAG).map_err(said)
}

pub fn same_bytes(got: &[u8], case: &Json, field: &str) -> Result<(), String> {
    let got = got.escape_ascii().to_string();
    let expected = bytes(case, field)?.escape_ascii().to_string();
    same(&got, &expected, field)
}

fn same_ascii(got: &[u8], case: &Json, field: &str) -> Result<(), String> {
    same(
        got.escape_ascii().to_string().as_str(),
        text(case, field)?,
        field,
    )
}

fn hash(inputs: &Json, expected: &Json) -> Result<(), String> {
    let mut out = vec![0; usize::try_from(number(inputs, "out_len")?).map_err(said)?];
    let (message, key) = (text(inputs, "message_utf8")?, text(inputs, "key_utf8")?);
    blake2b_into(key.as_bytes(), &[0; 16], &[message.as_bytes()], &mut out);
    same_hex(out, expected, "hex")
}

fn encoding(inputs: &Json, expected: &Json) -> Result<(), String> {
    let mut out = Vec::new();
    if let Some(members) = inputs["insertions"].as_array() {
        let set = members.iter().map(scalar).collect::<Result<Set, _>>()?;
        value::put_set(&mut out, &set);
    } else if inputs.get("data").is_some() {
        value::put_dict(&mut out, &dict(&inputs["data"])?);
    } else {
        match scalar(&inputs["value"])? {
            Scalar::Int(number) => bt::put_int(&mut out, number),
            Scalar::Bytes(bytes) => bt::put_bytes(&mut out, bytes.as_slice()),
        }
    }
    same_ascii(&out, expected, "ascii")
}

fn pruning(inputs: &Json, expected: &Json) -> Result<(), String> {
    let mut data = dict(&inputs["data"])?;
    value::prune(&mut data);
    same(&data, &dict(&expected["data"])?, "data")
}

fn difference(inputs: &Json, expected: &Json) -> Result<(), String> {
    let (mut old, mut new) = (dict(&inputs["old"])?, dict(&inputs["new"])?);
    value::prune(&mut old);
    value::prune(&mut new);
    let mut out = Vec::new();
    diff::put(&mut out, &diff::between(&old, &new));
    same_ascii(&out, expected, "diff_ascii")
}

fn empty_message(expected: &Json) -> Result<(), String> {
    let empty = Message::empty();
    same_ascii(empty.bytes(), expected, "serialized_ascii")?;
    same_hex(empty.id().hash, expected, "hash_hex")
}

fn chain(inputs: &Json, expected: &Json) -> Result<(), String> {
    let lag = i64::try_from(number(inputs, "lag")?).map_err(said)?;
    let mut last: Option<Message> = None;
    let steps = inputs["steps"].as_array().into_iter().flatten();
    for (step, expected) in steps.zip(expected["messages"].as_array().ok_or("no messages")?) {
        let seqno = i64::try_from(number(step, "seqno")?).map_err(said)?;
        let mut draft = last.map_or_else(|| Draft::first(seqno), |last| last.increment(lag));
        same(&draft.seqno(), &seqno, "seqno")?;
        edit(draft.data_mut(), &step["ops_after_increment"])?;
        let message = draft.seal(None, lag);
        same_bytes(message.bytes(), expected, "serialized_hex")?;
        same_hex(message.id().hash, expected, "hash_hex")?;
        last = Some(message);
    }
    Ok(())
}

fn signed(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret: [u8; 64] = array(inputs, "secret_key_hex")?;
    let secret = Ed25519SecretKey::from_seed(secret.first_chunk().ok_or("a short key")?);
    let public = Ed25519PublicKey(array(inputs, "public_key_hex")?);
    same(&secret.public(), &public, "public key")?;
    let unsigned = [bytes(inputs, "signed_part_hex")?, b"e".to_vec()].concat();
    let mut draft = Draft::first(parse(&unsigned)?.id().seqno);
    draft.data_mut().clone_from(parse(&unsigned)?.data());
    let message = draft.seal(Some(&secret), LAG);
    same_bytes(message.bytes(), expected, "serialized_hex")?;
    same_hex(message.id().hash, expected, "hash_hex")?;
    let read = |bytes: &[u8]| Message::parse(bytes, Some(&public), LAG);
    same(
        &read(message.bytes()).map_err(said)?.id(),
        &message.id(),
        "read",
    )?;
    let broken = read(&bytes(expected, "broken_hex")?).err();
    same(&broken, &Some(MessageError::Signature), "broken")?;
    same(
        &read(&unsigned).err(),
        &Some(MessageError::Unsigned),
        "unsigned",
    )
}

fn ordinary_update(inputs: &Json, expected: &Json) -> Result<(), String> {
    let mut draft = Draft::first(118);
    *draft.data_mut() = dict(&inputs["m118_data"])?;
    let mut message = draft.seal(None, LAG);
    same_bytes(message.bytes(), expected, "m118_serialized_hex")?;
    for seqno in 119..=123 {
        let mut draft = message.increment(LAG);
        if seqno == 123 {
            edit(draft.data_mut(), &inputs["ops_at_123"])?;
        }
        message = draft.seal(None, LAG);
        same_hex(message.id().hash, &expected["hash_hex"], &seqno.to_string())?;
    }
    same_bytes(message.bytes(), expected, "m123_serialized_hex")?;
    let mut out = Vec::new();
    diff::put(&mut out, message.diff());
    same_ascii(&out, expected, "m123_diff_ascii")
}

fn increment(inputs: &Json, expected: &Json) -> Result<(), String> {
    let mut draft = parse(&bytes(inputs, "m123_serialized_hex")?)?.increment(LAG);
    edit(draft.data_mut(), &inputs["ops"])?;
    let message = draft.seal(None, LAG);
    same(&Json::from(message.id().seqno), &expected["seqno"], "seqno")?;
    same_bytes(message.bytes(), expected, "serialized_hex")?;
    same_hex(message.id().hash, expected, "hash_hex")
}

pub fn combined(inputs: &[&Message]) -> Result<Draft, String> {
    match merge(inputs, true, LAG) {
        Some(Outcome::Combined(draft)) => Ok(draft),
        other => Err(format!("{other:?} instead of a merge")),
    }
}

fn simple_conflict(inputs: &Json, expected: &Json) -> Result<(), String> {
    let message = |name: &str| parse(&bytes(inputs, &format!("m{name}_serialized_hex"))?);
    same_hex(message("125a")?.id().hash, expected, "h125a_hex")?;
    same_hex(message("125b")?.id().hash, expected, "h125b_hex")?;
    for order in inputs["input_orders"].as_array().into_iter().flatten() {
        let names = order
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str);
        let messages = names.map(message).collect::<Result<Vec<_>, _>>()?;
        let merged = combined(&messages.iter().collect::<Vec<_>>())?.seal(None, LAG);
        same(&Json::from(merged.id().seqno), &expected["seqno"], "seqno")?;
        same_bytes(merged.bytes(), expected, "serialized_hex")?;
        same_hex(merged.id().hash, expected, "hash_hex")?;
    }
    Ok(())
}

fn complex_conflict(inputs: &Json, expected: &Json, all: &[Json]) -> Result<(), String> {
    let elsewhere = |name: &str| -> Result<Message, String> {
        let field = format!("m{name}_serialized_hex");
        let mut holders = all.iter().map(|vector| &vector["inputs"]);
        let holder = holders.find(|inputs| inputs.get(&field).is_some());
        parse(&bytes(holder.ok_or("no such message")?, &field)?)
    };
    let inputs_of_b = inputs["m126b_inputs"].as_array().into_iter().flatten();
    let inputs_of_b = inputs_of_b
        .filter_map(|name| name.as_str()?.split(' ').next())
        .map(elsewhere)
        .collect::<Result<Vec<_>, _>>()?;
    let b = combined(&inputs_of_b.iter().collect::<Vec<_>>())?.seal(None, LAG);
    same_bytes(b.bytes(), inputs, "m126b_serialized_hex")?;
    let a = parse(&bytes(inputs, "m126a_serialized_hex")?)?;
    same(&(a.id() < b.id()), &true, "126a before 126b")?;

    let mut draft = combined(&[&a, &b])?;
    edit(draft.data_mut(), &inputs["ops_after_merge_at_127"])?;
    let last = draft.seal(None, LAG);
    same_bytes(last.bytes(), expected, "serialized_hex")?;
    same_hex(last.id().hash, expected, "hash_hex")?;
    match merge(&[&last, &a, &b], true, LAG) {
        Some(Outcome::Adopted(0)) => Ok(()),
        other => Err(format!("{other:?} instead of 127")),
    }
}

fn rejected(inputs: &Json) -> Result<(), String> {
    match parse(text(inputs, "serialized_ascii")?.as_bytes()) {
        Err(_) => Ok(()),
        Ok(_) => Err("was accepted".to_owned()),
    }
}
