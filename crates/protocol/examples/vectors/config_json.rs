//! `config.json`: published values of the config formats. Told apart by what an entry holds, not by its name.

use super::Report;
use super::fields::{array, bytes, number, said, same, same_hex, text};
use super::oracle_config::named;
use onionskin_protocol::config::bt::{self, Reader};
use onionskin_protocol::config::community::{Community, UrlParts};
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::config::encrypt::{self, KeyBase};
use onionskin_protocol::config::fields::{MAX_NAME, truncated};
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::config::merge::{Outcome, merge};
use onionskin_protocol::config::message::{Draft, LAG, Message, MessageError};
use onionskin_protocol::config::multipart::{self, Part};
use onionskin_protocol::config::user_groups::CommunityRecord;
use onionskin_protocol::config::value::{self, Dict, Scalar, Set, Value};
use onionskin_protocol::config::wrap::{self, Owner};
use onionskin_protocol::config::{
    Config, Contacts, Kind, State, UserGroups, UserProfile, compress, diff, pack,
};
use onionskin_protocol::hash::blake2b_into;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::{Ed25519PublicKey, Ed25519SecretKey, X25519PublicKey};
use onionskin_protocol::message::content::ProfilePicture;
use onionskin_protocol::time::Timestamp;
use serde_json::Value as Json;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

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
        encryption(inputs, expected)
    } else if has("rows") {
        padding(inputs, expected)
    } else if has("plain_hex") {
        compression(inputs, expected)
    } else if has("plaintext_ascii") {
        empty_push(inputs, expected)
    } else if has("pic_key_utf8") {
        first_profile(inputs, expected)
    } else if has("client1_ops") {
        profile_conflict(inputs, expected, all)
    } else if has("wrapped_hex") {
        old_wrapper(inputs, expected)
    } else if has("data_utf8") {
        wrapping(inputs, expected)
    } else if has("flow") {
        one_seqno(inputs, expected)
    } else if has("urls") {
        urls(inputs, expected)
    } else if has("dump_hex") {
        times(inputs, expected)
    } else if has("base_url") {
        room(inputs, expected)
    } else if has("id_rule") {
        many_contacts(inputs, expected)
    } else if has("cases") {
        names(inputs, expected)
    } else if has("serialized_hex") {
        put_away(inputs, expected)
    } else if has("seed_hex") {
        keys(inputs, expected)
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
fn edit(data: &mut Dict, ops: &Json) -> Result<(), String> {
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

fn parse(bytes: &[u8]) -> Result<Message, String> {
    Message::parse(bytes, None, LAG).map_err(said)
}

fn same_bytes(got: &[u8], case: &Json, field: &str) -> Result<(), String> {
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

fn combined(inputs: &[&Message]) -> Result<Draft, String> {
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

fn encryption(inputs: &Json, expected: &Json) -> Result<(), String> {
    let key = KeyBase::from_bytes(array(inputs, "key_base_hex")?);
    let (message, domain) = (text(inputs, "message_utf8")?, text(inputs, "domain")?);
    let sealed = encrypt::encrypt(message.as_bytes(), &key, domain);
    same_hex(&sealed[sealed.len() - 24..], expected, "nonce_hex")?;
    let opened = encrypt::decrypt(&sealed, &key, domain).map_err(said)?;
    same(&opened.as_slice(), &message.as_bytes(), "opened")?;
    if expected.get("hex").is_some() {
        same_hex(&sealed, expected, "hex")?;
        let other = KeyBase::from_bytes([1; 32]);
        let refused = encrypt::decrypt(&sealed, &other, domain).is_err()
            && encrypt::decrypt(&sealed, &key, "other").is_err();
        same(&refused, &true, "refused with another key or domain")?;
    }
    Ok(())
}

fn padding(inputs: &Json, expected: &Json) -> Result<(), String> {
    let rows = inputs["cases"].as_array().into_iter().flatten();
    for (row, padded) in rows.zip(expected["padded"].as_array().ok_or("no sizes")?) {
        let at = |i: usize| row[i].as_u64().and_then(|n| usize::try_from(n).ok());
        let (size, overhead) = at(0).zip(at(1)).ok_or("no numbers")?;
        same(
            &Json::from(encrypt::padded_len(size, overhead)),
            padded,
            &row.to_string(),
        )?;
    }
    Ok(())
}

fn compression(inputs: &Json, expected: &Json) -> Result<(), String> {
    let (plain, stored) = (bytes(inputs, "plain_hex")?, bytes(expected, "hex")?);
    match stored.split_first() {
        Some((b'z', frame)) => {
            let content = compress::decompress(frame).ok_or("their frame is refused")?;
            same(&content.as_slice(), &plain.as_slice(), "their content")?;
            // Whether it pays depends on the encoder; what it writes must read back.
            let Some(frame) = compress::compress(&plain) else {
                return Ok(());
            };
            let again = compress::decompress(&frame).ok_or("our frame is refused")?;
            same(&again.as_slice(), &plain.as_slice(), "our content")
        }
        _ => same(
            &compress::compress(&plain).is_none(),
            &true,
            "left as it is",
        ),
    }
}

fn keys(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    same_hex(secret.public().0, expected, "ed25519_pk_hex")?;
    let x25519 = secret.to_x25519().public();
    same_hex(x25519.0, expected, "x25519_pk_hex")?;
    same(
        AccountId::from_key(x25519).to_string().as_str(),
        text(expected, "session_id")?,
        "id",
    )
}

fn account(inputs: &Json) -> Result<Ed25519SecretKey, String> {
    Ok(Ed25519SecretKey::from_seed(&array(inputs, "seed_hex")?))
}

fn empty_push(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    let plain = text(inputs, "plaintext_ascii")?.as_bytes();
    let padded = encrypt::pad(plain);
    same(
        &(padded.len() as u64),
        &number(expected, "padded_len")?,
        "padded_len",
    )?;
    let key = KeyBase::from_bytes(*secret.seed());
    same_hex(
        encrypt::encrypt(&padded, &key, "UserProfile"),
        expected,
        "encrypted_hex",
    )?;
    let push = UserProfile::new(&secret).push().map_err(said)?;
    same(&push.messages.len(), &1, "messages")?;
    same_hex(&push.messages[0], expected, "wrapped_hex")
}

fn first_profile(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    let mut profile = UserProfile::new(&secret);
    profile.set_name(text(inputs, "name")?, 1).map_err(said)?;
    let picture = ProfilePicture {
        url: text(inputs, "pic_url")?.to_owned(),
        key: text(inputs, "pic_key_utf8")?.as_bytes().to_vec(),
    };
    profile.set_picture(Some(&picture), 1).map_err(said)?;
    let priority = i64::try_from(number(inputs, "nts_priority")?).map_err(said)?;
    profile.set_note_to_self_priority(priority).map_err(said)?;
    // The library of that day kept no time of the last change.
    profile.erase(&[b"t"]).map_err(said)?;
    let push = profile.push().map_err(said)?;
    same(&Json::from(push.seqno), &expected["seqno"], "seqno")?;
    let owner = Owner::new(&secret);
    let stored = push.messages.first().ok_or("nothing to store")?;
    let encrypted = wrap::unwrap(stored, Kind::UserProfile, &owner).ok_or("not wrapped")?;
    same_hex(encrypted, expected, "encrypted_hex")?;
    let key = KeyBase::from_bytes(*secret.seed());
    let plain = pack::open(stored, Kind::UserProfile, &[key], Some(&owner)).ok_or("closed")?;
    same_bytes(&plain, expected, "plaintext_hex")?;
    same_hex(parse(&plain)?.id().hash, expected, "hash_hex")
}

fn profile_conflict(inputs: &Json, expected: &Json, all: &[Json]) -> Result<(), String> {
    let mut plaintexts = all.iter().map(|vector| &vector["expected"]);
    let common = plaintexts
        .find(|expected| expected.get("plaintext_hex").is_some() && expected["seqno"] == 1)
        .ok_or("no common ancestor")?;
    let common = parse(&bytes(common, "plaintext_hex")?)?;
    let edited = |ops: &str, field: &str| -> Result<Message, String> {
        let mut draft = common.increment(LAG);
        edit(draft.data_mut(), &inputs[ops])?;
        let message = draft.seal(None, LAG);
        same_bytes(message.bytes(), expected, field)?;
        Ok(message)
    };
    let one = edited("client1_ops", "client1_serialized_hex")?;
    let two = edited("client2_ops", "client2_serialized_hex")?;
    for order in [[&one, &two], [&two, &one]] {
        let merged = combined(&order)?.seal(None, LAG);
        same_bytes(merged.bytes(), expected, "merged_serialized_hex")?;
        same_hex(merged.id().hash, expected, "merged_hash_hex")?;
    }
    Ok(())
}

fn names(inputs: &Json, expected: &Json) -> Result<(), String> {
    let cases: Vec<&str> = inputs["cases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let cut: Json = cases.iter().map(|name| truncated(name, MAX_NAME)).collect();
    same(&cut, &expected["truncated"], "truncated")?;
    let mut profile = UserProfile::new(&Ed25519SecretKey::from_seed(&[1; 32]));
    same(
        &profile.set_name(cases[0], 1).is_err(),
        &true,
        "refused untruncated",
    )
}

/// The library's own format is not ours: what must survive is the state, the bytes and the names.
fn put_away(inputs: &Json, expected: &Json) -> Result<(), String> {
    let serialized = bytes(inputs, "serialized_hex")?;
    let secret = Ed25519SecretKey::from_seed(&[1; 32]);
    let mut profile = UserProfile::new(&secret);
    for (key, value) in parse(&serialized)?.data() {
        profile.put(&[key], value.clone()).map_err(said)?;
    }
    let push = profile.push().map_err(said)?;
    let key = KeyBase::from_bytes(*secret.seed());
    let owner = Owner::new(&secret);
    let plain = pack::open(&push.messages[0], Kind::UserProfile, &[key], Some(&owner));
    same_bytes(&plain.ok_or("closed")?, inputs, "serialized_hex")?;
    let code = |state| match state {
        State::Stored => 0,
        State::Editing => 1,
        State::Pushed => 2,
    };
    let mut loaded = UserProfile::load(&secret, &profile.dump()).map_err(said)?;
    same(
        &Json::from(code(loaded.state())),
        &expected["before_state"],
        "before_state",
    )?;
    same(
        &loaded.push().map_err(said)?.messages,
        &push.messages,
        "pushed again",
    )?;
    let hash = named(text(expected, "after_hash")?);
    loaded.confirm_pushed(push.seqno, [hash.clone()]);
    let loaded = UserProfile::load(&secret, &loaded.dump()).map_err(said)?;
    same(
        &Json::from(code(loaded.state())),
        &expected["after_state"],
        "after_state",
    )?;
    same(
        &loaded.current_hashes().iter().collect::<Vec<_>>(),
        &vec![&hash],
        "hash",
    )
}

fn old_wrapper(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    let (owner, stored) = (Owner::new(&secret), bytes(inputs, "wrapped_hex")?);
    let data = wrap::unwrap(&stored, Kind::UserProfile, &owner).ok_or("does not unwrap")?;
    same_hex(data, expected, "data_hex")?;
    let key = KeyBase::from_bytes(*secret.seed());
    let plain = pack::open(&stored, Kind::UserProfile, &[key], Some(&owner)).ok_or("closed")?;
    let message = pack::inflate(&plain).ok_or("no message")?;
    same_bytes(&message, expected, "plaintext_hex")?;
    same(
        &Json::from(parse(&message)?.id().seqno),
        &expected["seqno"],
        "seqno",
    )
}

fn wrapping(inputs: &Json, expected: &Json) -> Result<(), String> {
    let (owner, data) = (
        Owner::new(&account(inputs)?),
        text(inputs, "data_utf8")?.as_bytes(),
    );
    let kinds = [
        Kind::UserProfile,
        Kind::Contacts,
        Kind::ConvoInfoVolatile,
        Kind::UserGroups,
    ];
    for kind in kinds {
        let wrapped = wrap::wrap(data, kind, 1, &owner).ok_or("not wrapped")?;
        for other in kinds {
            let opened = wrap::unwrap(&wrapped, other, &owner);
            same(
                &opened.as_deref(),
                &(kind == other).then_some(data),
                "unwrapped",
            )?;
        }
        for place in [0, wrapped.len() / 2, wrapped.len()] {
            let mut spoilt = wrapped.clone();
            spoilt.splice(place..place, *b"garbage");
            same(&wrap::unwrap(&spoilt, kind, &owner), &None, "spoilt")?;
        }
        if kind == Kind::UserProfile {
            same_hex(&wrapped, expected, "userprofile_wrapped_hex")?;
        }
    }
    Ok(())
}

fn one_seqno(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    let set = |config: &mut Config, byte: u8, name: &str| {
        let id = [&[5][..], &[byte; 32]].concat();
        config
            .put(&[b"c", &id, b"n"], Value::from(name))
            .map_err(said)
    };
    let mut first = Contacts::new(&secret);
    set(&mut first, 0x00, "alfonso")?;
    let push = first.push().map_err(said)?;
    first.confirm_pushed(push.seqno, [named("fakehash1")]);
    let dump = first.dump();
    let mut pushes = Vec::new();
    for (byte, name, hash) in [
        (0x11, "barney", "fakehash2"),
        (0x22, "chalmondeley", "fakehash3"),
    ] {
        let mut device = Contacts::load(&secret, &dump).map_err(said)?;
        set(&mut device, byte, name)?;
        let push = device.push().map_err(said)?;
        same(
            &push.obsolete.iter().collect::<Vec<_>>(),
            &vec![&named("fakehash1")],
            "obsolete",
        )?;
        pushes.push((named(hash), push.messages.concat()));
    }
    let views: Vec<_> = pushes
        .iter()
        .map(|(hash, stored)| (hash.clone(), stored.as_slice()))
        .collect();
    first.merge(&views, NOW).map_err(said)?;
    same(
        &Json::from(first.needs_push()),
        &expected["after_merge"]["needs_push"],
        "needs_push",
    )?;
    same(&first.state(), &State::Editing, "state")?;
    set(&mut first, 0x33, "elly")?;
    let push = first.push().map_err(said)?;
    same(&Json::from(push.seqno), &expected["push"]["seqno"], "seqno")?;
    let obsolete = expected["push"]["obsolete"]
        .as_array()
        .into_iter()
        .flatten();
    let obsolete = obsolete.filter_map(Json::as_str).map(named).collect();
    same(&push.obsolete, &obsolete, "obsolete")
}

fn urls(inputs: &Json, expected: &Json) -> Result<(), String> {
    let urls = inputs["urls"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str);
    for (url, expected) in urls.zip(expected["parsed"].as_array().ok_or("nothing parsed")?) {
        let parts = UrlParts::parse(url).map_err(said)?;
        same(
            parts.base_url.as_str(),
            text(expected, "base_url")?,
            "base_url",
        )?;
        same(parts.room.as_str(), text(expected, "room")?, "room")?;
        same_hex(parts.server_key.0, expected, "pubkey_hex")?;
        let community = Community::from_full_url(url).map_err(said)?;
        same(
            community.room_key().as_str(),
            text(expected, "room_normalised")?,
            "room key",
        )?;
    }
    Ok(())
}

fn times(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    let dump = bytes(inputs, "dump_hex")?;
    let mut reader = Reader::new(&dump);
    reader.open_dict().map_err(said)?;
    reader
        .skip()
        .and_then(|_| reader.skip())
        .and_then(|_| reader.skip())
        .map_err(said)?;
    let message = reader.bytes().map_err(said)?;
    let key = KeyBase::from_bytes(*secret.seed());
    let stored = pack::pack(message, Kind::UserGroups, 1, &key, None).ok_or("too long")?;
    let mut groups = UserGroups::new(&secret);
    groups
        .merge(&[(named("dump"), &stored[0])], NOW)
        .map_err(said)?;
    let id = GroupId::from_hex(text(inputs, "group_id")?).ok_or("no group")?;
    for (key, field) in [(b"j", "stored_joined"), (b"!", "stored_mute")] {
        let value = groups.get(&[b"g", &id.to_bytes(), key]);
        same(
            &value,
            &expected[field].as_i64().map(Value::from).as_ref(),
            field,
        )?;
    }
    let group = groups.group(&id).ok_or("no such group")?;
    same(
        &group.common.joined_s,
        &number(expected, "read_joined_at")?,
        "joined",
    )?;
    same(
        &group.common.mute_until_s,
        &number(expected, "read_mute_until")?,
        "muted",
    )
}

fn room(inputs: &Json, expected: &Json) -> Result<(), String> {
    let key = X25519PublicKey([9; 32]);
    let community = Community::new(text(inputs, "base_url")?, text(inputs, "room")?, key);
    let community = community.map_err(said)?;
    let mut groups = UserGroups::new(&Ed25519SecretKey::from_seed(&[1; 32]));
    let record = CommunityRecord {
        community,
        common: Default::default(),
    };
    groups.set_community(&record).map_err(said)?;
    let path = [
        b"o",
        text(expected, "base_url")?.as_bytes(),
        b"R",
        text(expected, "dict_key")?.as_bytes(),
        b"n",
    ];
    same(
        &groups.get(&path),
        &Some(&Value::from(text(expected, "n")?)),
        "n",
    )?;
    same(
        &groups.communities().collect::<Vec<_>>(),
        &vec![record],
        "read",
    )
}

/// Sizes depend on the zstd encoder: checked are the rule by which parts are cut, and that another device reads them.
fn many_contacts(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    let count = number(inputs, "contacts")?;
    let similar = text(inputs, "id_rule")?.contains("zeros");
    let digits = text(inputs, "N")?.contains("4 digits");
    let key = |i: u64| {
        let mut bytes = [0; 32];
        if similar {
            bytes[30..].copy_from_slice(&(i as u16).to_be_bytes());
            return X25519PublicKey(bytes);
        }
        bytes[..2].copy_from_slice(&(i as u16).to_le_bytes());
        Ed25519SecretKey::from_seed(&bytes).to_x25519().public()
    };
    let mut contacts = Contacts::new(&secret);
    for i in 0..count {
        let mut contact = Contact::new(AccountId::from_key(key(i)));
        contact.nickname = if digits {
            format!("My friend {i:04}")
        } else {
            format!("My friend {i}")
        };
        (contact.approved, contact.approved_me) = (true, true);
        contacts.set(&contact).map_err(said)?;
    }
    let push = contacts.push().map_err(said)?;
    let parts = push.messages.len() as u64;
    if number(expected, "parts")? > 1 {
        same(&(parts > 1), &true, "more than one part")?;
    }
    if parts > 1 {
        let key = KeyBase::from_bytes(*secret.seed());
        for (index, stored) in push.messages.iter().enumerate() {
            let is_last = index as u64 + 1 == parts;
            same(&(stored.len() == 76_800), &!is_last, "full")?;
            let plain = encrypt::decrypt(stored, &key, "Contacts").map_err(said)?;
            let part = Part::parse(&plain).ok_or("no part")?;
            same(
                &(part.index as usize, u64::from(part.count)),
                &(index, parts),
                "index",
            )?;
            same(&(part.chunk.len() == multipart::CHUNK), &!is_last, "chunk")?;
        }
    }
    let views = push.messages.iter().enumerate().rev();
    let views: Vec<_> = views
        .map(|(i, stored)| (named(&i.to_string()), stored.as_slice()))
        .collect();
    let mut other = Contacts::new(&secret);
    other.merge(&views, NOW).map_err(said)?;
    same(&(other.len() as u64), &count, "contacts")?;
    same(&(other.data() == contacts.data()), &true, "same data")?;
    if let Some(name) = expected["friend_42_nickname"].as_str() {
        let friend = other
            .get(&AccountId::from_key(key(42)))
            .ok_or("no friend 42")?;
        same(friend.nickname.as_str(), name, "friend 42")?;
    }
    Ok(())
}
