//! The kinds of `oracle-config.json` that need no devices: messages and their merges, wrappers, addresses of communities.

use super::config_data::{dict, same_data};
use super::fields::{array, bytes, number, said, same, same_hex, text};
use onionskin_protocol::config::Kind;
use onionskin_protocol::config::community::UrlParts;
use onionskin_protocol::config::merge::{Outcome, merge};
use onionskin_protocol::config::message::{Draft, Message};
use onionskin_protocol::config::wrap::{self, Owner};
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_protocol::sorted::SortedMap;
use serde_json::Value as Json;

pub fn urls(case: &Json) -> Result<(), String> {
    for url in case["urls"].as_array().ok_or("no urls")? {
        let (written, expect) = (text(url, "url")?, &url["expect"]);
        match UrlParts::parse(written) {
            Err(_) if expect["error"] == true => {}
            Err(error) => return Err(format!("{written}: {error}")),
            Ok(_) if expect["error"] == true => return Err(format!("{written} was accepted")),
            Ok(parts) => {
                same(
                    parts.base_url.as_str(),
                    text(expect, "base_url")?,
                    "base_url",
                )?;
                same(parts.room.as_str(), text(expect, "room")?, "room")?;
                same_hex(parts.server_key.0, expect, "pubkey_hex")?;
                let full = parts.full_url();
                same(
                    full.as_str(),
                    text(expect, "canonical_full_url")?,
                    "full url",
                )?;
            }
        }
    }
    Ok(())
}

pub fn wraps(case: &Json) -> Result<(), String> {
    for wrapped in case["wraps"].as_array().ok_or("no wraps")? {
        let owner = Owner::new(&Ed25519SecretKey::from_seed(&array(
            &wrapped["user"],
            "ed25519_seed_hex",
        )?));
        let kind = match number(wrapped, "namespace")? {
            2 => Kind::UserProfile,
            3 => Kind::Contacts,
            4 => Kind::ConvoInfoVolatile,
            5 => Kind::UserGroups,
            other => return Err(format!("namespace {other}")),
        };
        let seqno = i64::try_from(number(wrapped, "seqno")?).map_err(said)?;
        let data = bytes(wrapped, "data_hex")?;
        let ours = wrap::wrap(&data, kind, seqno, &owner).ok_or("not wrapped")?;
        same_hex(&ours, &wrapped["expect"], "wrapped_hex")?;
        same(&wrap::unwrap(&ours, kind, &owner), &Some(data), "unwrapped")?;
    }
    Ok(())
}

/// Messages made by one increment each, and merges of them.
pub fn generic(case: &Json) -> Result<(), String> {
    let lag = i64::try_from(number(case, "lag")?).map_err(said)?;
    let mut made: SortedMap<String, Message> = SortedMap::new();
    for step in case["messages"].as_array().ok_or("no messages")? {
        let seqno = i64::try_from(number(step, "seqno")?).map_err(said)?;
        let mut draft = match step["made_from"].as_str() {
            Some(parent) => made.get(parent).ok_or("no such parent")?.increment(lag),
            None => Draft::first(seqno),
        };
        same(&draft.seqno(), &seqno, "seqno")?;
        *draft.data_mut() = dict(&step["data"])?;
        let message = draft.seal(None, lag);
        same_hex(message.bytes(), &step["expect"], "serialized_hex")?;
        same_hex(message.id().hash, &step["expect"], "hash_hex")?;
        let again = Message::parse(message.bytes(), None, lag).map_err(said)?;
        made.insert(text(step, "id")?.to_owned(), again);
    }
    for step in case["merges"].as_array().ok_or("no merges")? {
        let expect = &step["expect"];
        let inputs = step["inputs"].as_array().into_iter().flatten();
        let inputs = inputs
            .map(|id| made.get(id.as_str()?))
            .collect::<Option<Vec<&Message>>>()
            .ok_or("no such input")?;
        let (place, message) = match merge(&inputs, true, lag).ok_or("nothing")? {
            Outcome::Adopted(place) => (Json::from(place), inputs[place].clone()),
            Outcome::Combined(draft) => (Json::Null, draft.seal(None, lag)),
        };
        same(&place, &expect["unmerged_index"], "unmerged_index")?;
        same(&Json::from(place.is_null()), &expect["merged"], "merged")?;
        same(&Json::from(message.id().seqno), &expect["seqno"], "seqno")?;
        same_hex(message.bytes(), expect, "serialized_hex")?;
        same_hex(message.id().hash, expect, "hash_hex")?;
        same_data(message.data(), &expect["data"])?;
    }
    Ok(())
}
