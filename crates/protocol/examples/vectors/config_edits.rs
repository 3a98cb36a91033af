//! The typed edits of `oracle-config.json`.

use super::config_data::picture;
use super::fields::{array, bytes, number, said, text};
use super::oracle_config::{Device, community};
use onionskin_protocol::config::community::Community;
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::config::convo_volatile::{Convo, ReadState};
use onionskin_protocol::config::fields::{MAX_NAME, Notify, truncated};
use onionskin_protocol::config::group_members::{Member, Progress, Role};
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::config::user_groups::{AuthData, Common, CommunityRecord, Group};
use onionskin_protocol::config::value::{Scalar, Set, Value};
use onionskin_protocol::config::{
    Contacts, ConvoInfoVolatile, EditError, GroupInfo, GroupMembers, UserGroups, UserProfile,
};
use onionskin_protocol::hash::blake2b;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::{Ed25519SecretKey, X25519PublicKey};
use onionskin_protocol::message::content::Expiry;
use onionskin_protocol::time::Timestamp;
use serde_json::Value as Json;

/// Does what the step says.
pub fn apply(device: &mut Device, op: &str, step: &Json, now: Timestamp) -> Result<(), String> {
    let args = &step["args"];
    match device {
        Device::Profile(config) => profile(config, op, &args[0], now),
        Device::Contacts(config) => contacts(config, op, args, step),
        Device::Volatile(config) => volatile(config, op, args, now),
        Device::Groups(config) => groups(config, op, args),
        Device::Info(config, _) => info(config, op, &args[0]),
        Device::Members(config) => members(config, op, &args[0]),
    }
}

fn string(json: &Json) -> Result<&str, String> {
    json.as_str().ok_or_else(|| format!("{json} is no text"))
}

fn integer(json: &Json) -> Result<i64, String> {
    json.as_i64().ok_or_else(|| format!("{json} is no number"))
}

fn timer(json: &Json) -> Result<Option<u32>, String> {
    json.as_u64().map(u32::try_from).transpose().map_err(said)
}

fn person(json: &Json) -> Result<AccountId, String> {
    string(json)?.parse().map_err(said)
}

fn profile(config: &mut UserProfile, op: &str, arg: &Json, now: Timestamp) -> Result<(), String> {
    let now_s = now.as_millis() / 1000;
    match op {
        "set_name" => config.set_name(string(arg)?, now_s),
        "set_name_truncated" => config.set_name(truncated(string(arg)?, MAX_NAME), now_s),
        "set_profile_pic" => config.set_picture(picture(arg)?.as_ref(), now_s),
        "set_nts_priority" => config.set_note_to_self_priority(integer(arg)?),
        "set_nts_expiry" => config.set_note_to_self_timer(timer(arg)?),
        "set_blinded_msgreqs" => config.set_community_requests(arg.as_bool(), now_s),
        _ => return Err(format!("unknown edit {op}")),
    }
    .map_err(said)?;
    config.erase_value(&[b"t"]).map_err(said)
}

fn contacts(config: &mut Contacts, op: &str, args: &Json, step: &Json) -> Result<(), String> {
    match op {
        "set" => return config.set(&contact(&args[0])?).map_err(said),
        "set_many" => {
            let list = if args[0].is_array() { &args[0] } else { args };
            for json in list.as_array().into_iter().flatten() {
                config.set(&contact(json)?).map_err(said)?;
            }
            return Ok(());
        }
        "set_by_rule" => {
            for i in 0..number(step, "count")? {
                let key: [u8; 32] = blake2b(&[], &[format!("shared-mp-{i}").as_bytes()]);
                let mut contact = Contact::new(AccountId::from_key(X25519PublicKey(key)));
                contact.nickname = format!("mp{i}");
                contact.approved = true;
                config.set(&contact).map_err(said)?;
            }
            return Ok(());
        }
        _ => {}
    }
    let id = person(&args[0])?;
    let mut contact = config.get_or_new(&id);
    match op {
        "erase" => return config.erase(&id).map_err(said),
        "set_nickname" => return config.set_nickname(&id, string(&args[1])?).map_err(said),
        "set_nickname_truncated" => {
            truncated(string(&args[1])?, MAX_NAME).clone_into(&mut contact.nickname);
        }
        "set_name" => string(&args[1])?.clone_into(&mut contact.name),
        "set_approved" => contact.approved = args[1] == true,
        "set_blocked" => contact.blocked = args[1] == true,
        "set_priority" => contact.priority = integer(&args[1])?,
        _ => return Err(format!("unknown edit {op}")),
    }
    config.set(&contact).map_err(said)
}

fn contact(json: &Json) -> Result<Contact, String> {
    let time =
        |key: &str| onionskin_protocol::config::fields::seconds(json[key].as_i64().unwrap_or(0));
    let seconds = timer(&json["exp_timer_s"])?.unwrap_or(0);
    let words = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    Ok(Contact {
        id: person(&json["session_id"])?,
        name: words("name"),
        nickname: words("nickname"),
        picture: picture(&json["profile_pic"])?,
        updated_s: 0,
        approved: json["approved"] == true,
        approved_me: json["approved_me"] == true,
        blocked: json["blocked"] == true,
        priority: json["priority"].as_i64().unwrap_or(0),
        notify: Notify::from_code(json["notifications"].as_i64().unwrap_or(0)),
        mute_until_s: time("mute_until_s"),
        expiry: match json["exp_mode"].as_i64() {
            Some(1) => Expiry::AfterSend(seconds),
            Some(2) => Expiry::AfterRead(seconds),
            _ => Expiry::Off,
        },
        created_s: time("created_s"),
    })
}

fn volatile(
    config: &mut ConvoInfoVolatile,
    op: &str,
    args: &Json,
    now: Timestamp,
) -> Result<(), String> {
    let some_key = X25519PublicKey([1; 32]);
    match op {
        "set" => {
            let json = &args[0];
            let convo = match text(json, "type")? {
                "1to1" => Convo::Person(person(&json["session_id"])?),
                "legacy_group" => Convo::LegacyGroup(person(&json["id"])?),
                "group" => Convo::Group(group_id(&json["id"])?),
                "community" => Convo::Community(community(json)?),
                other => return Err(format!("unknown kind {other}")),
            };
            let state = ReadState {
                last_read: Timestamp(json["last_read_ms"].as_u64().unwrap_or(0)),
                unread: json["unread"] == true,
            };
            config.set(&convo, state, now)
        }
        "erase_1to1" => config.erase(&Convo::Person(person(&args[0])?)),
        "erase_community" => {
            let room = Community::new(string(&args[0])?, string(&args[1])?, some_key);
            config.erase(&Convo::Community(room.map_err(said)?))
        }
        _ => return Err(format!("unknown edit {op}")),
    }
    .map_err(said)
}

fn group_id(json: &Json) -> Result<GroupId, String> {
    GroupId::from_hex(string(json)?).ok_or_else(|| format!("{json} is no group"))
}

fn common(json: &Json) -> Common {
    Common {
        priority: json["priority"].as_i64().unwrap_or(0),
        joined_s: json["joined_at_s"].as_u64().unwrap_or(0),
        notify: Notify::from_code(json["notifications"].as_i64().unwrap_or(0)),
        mute_until_s: json["mute_until_s"].as_u64().unwrap_or(0),
        invited: json["invited"] == true,
    }
}

fn groups(config: &mut UserGroups, op: &str, args: &Json) -> Result<(), String> {
    let marked = |config: &mut UserGroups, mark: fn(&mut Group)| {
        let id = group_id(&args[0])?;
        let mut group = config.group(&id).ok_or("no such group")?;
        mark(&mut group);
        config.set_group(&group).map_err(said)
    };
    match op {
        "set" => set_group(config, &args[0]),
        "set_community_full_url" => {
            let record = CommunityRecord {
                community: Community::from_full_url(string(&args[0])?).map_err(said)?,
                common: common(&args[1]),
            };
            config.set_community(&record).map_err(said)
        }
        "erase_community" => {
            let some_key = X25519PublicKey([1; 32]);
            let room = Community::new(string(&args[0])?, string(&args[1])?, some_key);
            config.erase_community(&room.map_err(said)?).map_err(said)
        }
        "erase_group" => config.erase_group(&group_id(&args[0])?).map_err(said),
        "erase_legacy_group" => config.erase_legacy_group(&person(&args[0])?).map_err(said),
        "mark_kicked" => marked(config, Group::mark_kicked),
        "mark_invited" => marked(config, Group::mark_invited),
        "mark_destroyed" => marked(config, Group::mark_destroyed),
        _ => Err(format!("unknown edit {op}")),
    }
}

fn set_group(config: &mut UserGroups, json: &Json) -> Result<(), String> {
    match text(json, "type")? {
        "community" => {
            let record = CommunityRecord {
                community: community(json)?,
                common: common(json),
            };
            config.set_community(&record).map_err(said)
        }
        "group" => {
            let mut group = Group::new(group_id(&json["id"])?);
            group.common = common(json);
            json["name"]
                .as_str()
                .unwrap_or_default()
                .clone_into(&mut group.name);
            if json.get("secretkey_hex").is_some() {
                let secret: [u8; 64] = array(json, "secretkey_hex")?;
                let seed = secret.first_chunk().ok_or("a short key")?;
                group.secret = Some(Ed25519SecretKey::from_seed(seed));
            }
            if json.get("auth_data_hex").is_some() {
                group.auth = Some(AuthData(array(json, "auth_data_hex")?));
            }
            config.set_group(&group).map_err(said)
        }
        // The crate makes no groups of the old kind: their records are put together here.
        "legacy_group" => set_legacy(config, json),
        other => Err(format!("unknown kind {other}")),
    }
}

fn set_legacy(config: &mut UserGroups, json: &Json) -> Result<(), String> {
    let id = person(&json["session_id"])?.to_bytes();
    let mut put = |key: &str, value: Option<Value>| -> Result<(), EditError> {
        let path = [b"C".as_slice(), &id, key.as_bytes()];
        match value {
            Some(value) => config.put_value(&path, value),
            None => config.erase_value(&path),
        }
    };
    let number = |key: &str| {
        json[key]
            .as_i64()
            .filter(|number| *number != 0)
            .map(Value::from)
    };
    let name = json["name"].as_str().unwrap_or_default();
    put("n", Some(Value::from(name))).map_err(said)?;
    for (key, field) in [
        ("+", "priority"),
        ("j", "joined_at_s"),
        ("E", "disappearing_timer_s"),
    ] {
        put(key, number(field)).map_err(said)?;
    }
    for (key, field) in [("k", "enc_pubkey_hex"), ("K", "enc_seckey_hex")] {
        let value = json.get(field).map(|_| bytes(json, field)).transpose()?;
        put(key, value.as_deref().map(Value::from)).map_err(said)?;
    }
    for (key, role) in [("m", "member"), ("a", "admin")] {
        let mut ids = Set::new();
        for (id, is) in json["members"].as_object().into_iter().flatten() {
            if is == role {
                ids.insert(Scalar::Bytes(
                    hex::decode(id).map_err(said)?.as_slice().into(),
                ));
            }
        }
        put(key, Some(Value::Set(ids))).map_err(said)?;
    }
    Ok(())
}

fn info(config: &mut GroupInfo, op: &str, arg: &Json) -> Result<(), String> {
    let time = || arg.as_u64().unwrap_or(0);
    match op {
        "set_name" => config.set_name(string(arg)?),
        "set_description" => config.set_description(string(arg)?),
        "set_profile_pic" => config.set_picture(picture(arg)?.as_ref()),
        "set_expiry_timer" => config.set_timer(timer(arg)?),
        "set_created" => config.set_created(time()),
        "set_delete_before" => config.set_delete_before(time()),
        "set_delete_attach_before" => config.set_delete_attachments_before(time()),
        "destroy_group" => config.destroy(),
        _ => return Err(format!("unknown edit {op}")),
    }
    .map_err(said)
}

/// Edits of one member.
pub fn members(config: &mut GroupMembers, op: &str, arg: &Json) -> Result<(), String> {
    if op == "set" {
        return config.set(&member(arg)?).map_err(said);
    }
    let id = person(arg)?;
    if op == "erase" {
        return config.erase(&id).map_err(said);
    }
    let mut member = config.get(&id).ok_or("no such member")?;
    match op {
        "set_invite_sent" => member.set_invite(Progress::Sent),
        "set_invite_failed" => member.set_invite(Progress::Failed),
        "set_invite_accepted" => member.set_invite(Progress::Accepted),
        "set_promoted" => member.set_promotion(Progress::NotSent),
        "set_promotion_sent" => member.set_promotion(Progress::Sent),
        "set_promotion_failed" => member.set_promotion(Progress::Failed),
        "set_promotion_accepted" => member.set_promotion(Progress::Accepted),
        "set_removed" => member.set_removed(false),
        "set_removed_with_messages" => member.set_removed(true),
        _ => return Err(format!("unknown edit {op}")),
    }
    config.set(&member).map_err(said)
}

/// A record of a member.
pub fn member(json: &Json) -> Result<Member, String> {
    let progress = |key: &str| match json[key].as_i64() {
        Some(1) => Progress::Sent,
        Some(2) => Progress::Failed,
        Some(3) => Progress::NotSent,
        _ => Progress::Accepted,
    };
    let mut member = Member::new(person(&json["session_id"])?);
    json["name"]
        .as_str()
        .unwrap_or_default()
        .clone_into(&mut member.name);
    member.picture = picture(&json["profile_pic"])?;
    member.role = if json["admin"] == true {
        Role::Admin(progress("promotion_status"))
    } else {
        Role::Member(progress("invite_status"))
    };
    member.supplement = json["supplement"] == true;
    member.removed = json["removed_status"].as_i64().map(|status| status == 2);
    Ok(member)
}
