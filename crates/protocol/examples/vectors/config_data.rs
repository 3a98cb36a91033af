//! How the vector files of configs write data, and what typed configs say in their words.

use super::fields::{said, same};
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::config::convo_volatile::Convo;
use onionskin_protocol::config::group_members::{Member, Progress, Role};
use onionskin_protocol::config::user_groups::{Common, Removed};
use onionskin_protocol::config::value::{Dict, Scalar, Set, Value};
use onionskin_protocol::config::{
    Contacts, ConvoInfoVolatile, GroupInfo, GroupMembers, UserGroups, UserProfile,
};
use onionskin_protocol::message::content::{Expiry, ProfilePicture};
use serde_json::{Map, Value as Json, json};

/// `"s:text"` and `"x:hex"`, also as keys.
pub fn bytes(text: &str) -> Result<Vec<u8>, String> {
    match text.split_at_checked(2) {
        Some(("s:", text)) => Ok(text.as_bytes().to_vec()),
        Some(("x:", text)) => hex::decode(text).map_err(said),
        _ => Err(format!("{text} is neither s: nor x:")),
    }
}

/// Numbers, strings, arrays for sets, objects for dictionaries.
pub fn dict(json: &Json) -> Result<Dict, String> {
    let entries = json.as_object().ok_or("the data is no object")?;
    entries
        .iter()
        .map(|(key, value)| Ok((bytes(key)?, self::value(value)?)))
        .collect()
}

fn value(json: &Json) -> Result<Value, String> {
    match json {
        Json::Object(_) => dict(json).map(Value::Dict),
        Json::Array(members) => {
            let members = members.iter().map(scalar).collect::<Result<Set, _>>()?;
            Ok(Value::Set(members))
        }
        _ => scalar(json).map(Value::Scalar),
    }
}

fn scalar(json: &Json) -> Result<Scalar, String> {
    match (json.as_i64(), json.as_str()) {
        (Some(number), _) => Ok(Scalar::Int(number)),
        (_, Some(text)) => Ok(Scalar::Bytes(bytes(text)?.as_slice().into())),
        _ => Err(format!("{json} is no scalar")),
    }
}

/// Compares data without printing all of it.
pub fn same_data(got: &Dict, expected: &Json) -> Result<(), String> {
    let expected = dict(expected)?;
    for key in got.keys().chain(expected.keys()) {
        let name = String::from_utf8_lossy(key);
        same(&got.get(key), &expected.get(key), &format!("data {name}"))?;
    }
    Ok(())
}

pub fn picture(json: &Json) -> Result<Option<ProfilePicture>, String> {
    if json.is_null() || json["url"] == "" {
        return Ok(None);
    }
    Ok(Some(ProfilePicture {
        url: super::fields::text(json, "url")?.to_owned(),
        key: super::fields::bytes(json, "key_hex")?,
    }))
}

fn picture_json(picture: Option<&ProfilePicture>) -> Json {
    picture.map_or(
        Json::Null,
        |picture| json!({ "url": picture.url, "key_hex": hex::encode(&picture.key) }),
    )
}

/// An object in which defaults are left out, as the vectors do.
#[derive(Default)]
pub struct Shown(Map<String, Json>);

impl Shown {
    fn put(mut self, key: &str, value: impl Into<Json>) -> Self {
        let value = value.into();
        let default = value.is_null()
            || value == json!("")
            || value == json!(0)
            || value == json!(false)
            || value == json!({});
        if !default {
            self.0.insert(key.to_owned(), value);
        }
        self
    }
    fn always(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }
    fn done(self) -> Json {
        Json::Object(self.0)
    }
}

fn nullable_text(text: String) -> Json {
    if text.is_empty() {
        Json::Null
    } else {
        text.into()
    }
}

fn nullable_time(time: u64) -> Json {
    if time == 0 { Json::Null } else { time.into() }
}

pub fn profile(config: &UserProfile) -> Json {
    json!({
        "name": nullable_text(config.name()),
        "profile_pic": picture_json(config.picture().as_ref()),
        "nts_priority": config.note_to_self_priority(),
        "nts_expiry_s": config.note_to_self_timer_s(),
        "blinded_msgreqs": config.community_requests(),
    })
}

pub fn contacts(config: &Contacts) -> Json {
    config
        .iter()
        .map(|contact| self::contact(&contact))
        .collect()
}

fn contact(contact: &Contact) -> Json {
    let (mode, timer) = match contact.expiry {
        Expiry::Off => (0, 0),
        Expiry::AfterSend(seconds) => (1, seconds),
        Expiry::AfterRead(seconds) => (2, seconds),
    };
    Shown::default()
        .always("session_id", contact.id.to_string())
        .always("name", contact.name.as_str())
        .put("nickname", contact.nickname.as_str())
        .put("profile_pic", picture_json(contact.picture.as_ref()))
        .put("approved", contact.approved)
        .put("approved_me", contact.approved_me)
        .put("blocked", contact.blocked)
        .put("priority", contact.priority)
        .put("notifications", contact.notify.code())
        .put("mute_until_s", contact.mute_until_s)
        .put("exp_mode", mode)
        .put("exp_timer_s", timer)
        .put("created_s", contact.created_s)
        .done()
}

pub fn volatile(config: &ConvoInfoVolatile) -> Json {
    let shown = config.iter().map(|(convo, state)| {
        let shown = Shown::default();
        let shown = match convo {
            Convo::Person(id) => shown
                .always("type", "1to1")
                .always("session_id", id.to_string()),
            Convo::Group(id) => shown.always("type", "group").always("id", id.to_string()),
            Convo::LegacyGroup(id) => shown
                .always("type", "legacy_group")
                .always("id", id.to_string()),
            Convo::Community(room) => shown
                .always("type", "community")
                .always("base_url", room.base_url())
                .always("room", room.room())
                .always("pubkey_hex", room.server_key().to_hex()),
            Convo::Blinded(id) => shown.always("type", "blinded").always("id", id.to_string()),
        };
        shown
            .put("last_read_ms", state.last_read.as_millis())
            .put("unread", state.unread)
            .done()
    });
    shown.collect()
}

fn common(shown: Shown, common: &Common) -> Shown {
    shown
        .put("priority", common.priority)
        .put("joined_at_s", common.joined_s)
        .put("notifications", common.notify.code())
        .put("mute_until_s", common.mute_until_s)
        .put("invited", common.invited)
}

pub fn groups(config: &UserGroups) -> Json {
    let groups = config.groups().map(|group| {
        let secret = group.secret.as_ref().map(|secret| {
            hex::encode([secret.seed().as_slice(), secret.public().as_bytes()].concat())
        });
        common(Shown::default(), &group.common)
            .always("type", "group")
            .always("id", group.id.to_string())
            .put("name", group.name)
            .put("secretkey_hex", secret)
            .put(
                "auth_data_hex",
                group.auth.as_ref().map(|auth| hex::encode(auth.0)),
            )
            .put(
                "removed_status",
                match group.removed {
                    Removed::No => 0,
                    Removed::Kicked => 1,
                    Removed::Destroyed => 2,
                },
            )
            .put("kicked", group.removed == Removed::Kicked)
            .put("destroyed", group.removed == Removed::Destroyed)
            .done()
    });
    let communities = config.communities().map(|record| {
        common(Shown::default(), &record.common)
            .always("type", "community")
            .always("base_url", record.community.base_url())
            .always("room", record.community.room())
            .always("pubkey_hex", record.community.server_key().to_hex())
            .done()
    });
    let legacy = config.legacy_groups().map(|group| {
        let members: Map<String, Json> = group
            .members
            .iter()
            .map(|(id, admin)| {
                (
                    id.to_string(),
                    json!(if *admin { "admin" } else { "member" }),
                )
            })
            .collect();
        let raw = config.value(&[b"C", &group.id.to_bytes(), b"K"]);
        let secret = match raw {
            Some(Value::Scalar(Scalar::Bytes(secret))) => Some(hex::encode(secret.as_slice())),
            _ => None,
        };
        common(Shown::default(), &group.common)
            .always("type", "legacy_group")
            .always("session_id", group.id.to_string())
            .put("name", group.name)
            .put("enc_pubkey_hex", group.encryption_key.map(hex::encode))
            .put("enc_seckey_hex", secret)
            .put("disappearing_timer_s", group.timer_s)
            .put("members", members)
            .done()
    });
    groups.chain(communities).chain(legacy).collect()
}

pub fn info(config: &GroupInfo, id: &str) -> Json {
    json!({
        "id": id,
        "name": nullable_text(config.name()),
        "description": nullable_text(config.description()),
        "profile_pic": picture_json(config.picture().as_ref()),
        "expiry_timer_s": config.timer_s(),
        "created_s": nullable_time(config.created_s()),
        "delete_before_s": nullable_time(config.delete_before_s()),
        "delete_attach_before_s": nullable_time(config.delete_attachments_before_s()),
        "destroyed": config.is_destroyed(),
    })
}

pub fn members(config: &GroupMembers) -> Json {
    config.iter().map(|member| self::member(&member)).collect()
}

fn member(member: &Member) -> Json {
    let code = |progress| match progress {
        Progress::Accepted => 0,
        Progress::Sent => 1,
        Progress::Failed => 2,
        Progress::NotSent => 3,
    };
    let (admin, invite, promotion) = match member.role {
        Role::Member(progress) => (false, code(progress), 0),
        Role::Admin(progress) => (true, 0, code(progress)),
    };
    Shown::default()
        .always("session_id", member.id.to_string())
        .put("name", member.name.as_str())
        .put("profile_pic", picture_json(member.picture.as_ref()))
        .put("admin", admin)
        .put("invite_status", invite)
        .put("promotion_status", promotion)
        .put("supplement", member.supplement && invite > 0)
        .put(
            "removed_status",
            member.removed.map_or(0, |all| 1 + i32::from(all)),
        )
        .always("status", status(member))
        .done()
}

/// One number for all that the library shows of a member.
fn status(member: &Member) -> u8 {
    let step = |progress, accepted| match progress {
        Progress::NotSent => accepted - 4,
        Progress::Failed => accepted - 2,
        Progress::Sent => accepted - 1,
        Progress::Accepted => accepted,
    };
    match (member.removed, member.role) {
        (Some(all), _) => 13 + u8::from(all),
        (None, Role::Admin(progress)) => step(progress, 11),
        (None, Role::Member(progress)) => step(progress, 5),
    }
}
