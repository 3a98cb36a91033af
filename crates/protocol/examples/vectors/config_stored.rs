//! The entries of `config.json` about stored forms and typed configs.

use super::config_json::{combined, edit, parse, same_bytes};
use super::fields::{array, bytes, number, said, same, same_hex, text};
use super::oracle_config::named;
use onionskin_protocol::config::bt::Reader;
use onionskin_protocol::config::community::{Community, UrlParts};
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::config::encrypt::{self, KeyBase};
use onionskin_protocol::config::fields::{MAX_NAME, truncated};
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::config::message::{LAG, Message};
use onionskin_protocol::config::multipart::{self, Part};
use onionskin_protocol::config::user_groups::CommunityRecord;
use onionskin_protocol::config::value::Value;
use onionskin_protocol::config::wrap::{self, Owner};
use onionskin_protocol::config::{
    Config, Contacts, Kind, State, UserGroups, UserProfile, compress, pack,
};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::{Ed25519SecretKey, X25519PublicKey};
use onionskin_protocol::message::content::ProfilePicture;
use onionskin_protocol::time::Timestamp;
use serde_json::Value as Json;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

pub fn encryption(inputs: &Json, expected: &Json) -> Result<(), String> {
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

pub fn padding(inputs: &Json, expected: &Json) -> Result<(), String> {
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

pub fn compression(inputs: &Json, expected: &Json) -> Result<(), String> {
    let (plain, stored) = (bytes(inputs, "plain_hex")?, bytes(expected, "hex")?);
    match stored.split_first() {
        Some((b'z', frame)) => {
            let content = compress::decompress(frame, compress::MAX_MESSAGE)
                .ok_or("their frame is refused")?;
            same(&content.as_slice(), &plain.as_slice(), "their content")?;
            // Whether it pays depends on the encoder; what it writes must read back.
            let Some(frame) = compress::compress(&plain) else {
                return Ok(());
            };
            let again = compress::decompress(&frame, compress::MAX_MESSAGE)
                .ok_or("our frame is refused")?;
            same(&again.as_slice(), &plain.as_slice(), "our content")
        }
        _ => same(
            &compress::compress(&plain).is_none(),
            &true,
            "left as it is",
        ),
    }
}

pub fn keys(inputs: &Json, expected: &Json) -> Result<(), String> {
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

pub fn empty_push(inputs: &Json, expected: &Json) -> Result<(), String> {
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

pub fn first_profile(inputs: &Json, expected: &Json) -> Result<(), String> {
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
    profile.erase_value(&[b"t"]).map_err(said)?;
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

pub fn profile_conflict(inputs: &Json, expected: &Json, all: &[Json]) -> Result<(), String> {
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

pub fn names(inputs: &Json, expected: &Json) -> Result<(), String> {
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
pub fn put_away(inputs: &Json, expected: &Json) -> Result<(), String> {
    let serialized = bytes(inputs, "serialized_hex")?;
    let secret = Ed25519SecretKey::from_seed(&[1; 32]);
    let mut profile = UserProfile::new(&secret);
    for (key, value) in parse(&serialized)?.data() {
        profile.put_value(&[key], value.clone()).map_err(said)?;
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

pub fn old_wrapper(inputs: &Json, expected: &Json) -> Result<(), String> {
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

pub fn wrapping(inputs: &Json, expected: &Json) -> Result<(), String> {
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

pub fn one_seqno(inputs: &Json, expected: &Json) -> Result<(), String> {
    let secret = account(inputs)?;
    let set = |config: &mut Config, byte: u8, name: &str| {
        let id = [&[5][..], &[byte; 32]].concat();
        config
            .put_value(&[b"c", &id, b"n"], Value::from(name))
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

pub fn urls(inputs: &Json, expected: &Json) -> Result<(), String> {
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

pub fn times(inputs: &Json, expected: &Json) -> Result<(), String> {
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
        let value = groups.value(&[b"g", &id.to_bytes(), key]);
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

pub fn room(inputs: &Json, expected: &Json) -> Result<(), String> {
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
        &groups.value(&path),
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
pub fn many_contacts(inputs: &Json, expected: &Json) -> Result<(), String> {
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
