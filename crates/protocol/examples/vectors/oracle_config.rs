//! `oracle-config.json`: devices that edit, push and merge.
//!
//! Typed setters are replayed by the rules of the library that made the file: it knew no time of the last profile change,
//! so that key is taken out again. What the library compressed is compared by its content, everything else by its bytes.
//!
//! Two habits of that library are known faults which 30-config 6.4 and 17 forbid to copy. A device that fetched the very
//! version it was about to push did not recognise it and had it deleted: here it must have recognised it, and its next
//! push may not name it as obsolete. And a device with edits that adopted another version counted one number too far: here
//! it must have the number of that version.

use super::config_data::{self, same_data};
use super::config_parts;
use super::fields::{array, base64, number, said, same, same_hex, text};
use super::{oracle_dump, oracle_keys};
use onionskin_protocol::config::community::Community;
use onionskin_protocol::config::encrypt::{self, KeyBase};
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::config::pack::{self, Content};
use onionskin_protocol::config::user_groups::Group;
use onionskin_protocol::config::wrap::{self, Owner};
use onionskin_protocol::config::{
    Config, Contacts, ConvoInfoVolatile, GroupInfo, GroupMembers, Kind, State, UserGroups,
    UserProfile, group_info::Holder,
};
use onionskin_protocol::encoding;
use onionskin_protocol::hash::blake2b;
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::keys::{Ed25519SecretKey, X25519PublicKey};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use onionskin_protocol::time::Timestamp;
use serde_json::Value as Json;

/// Checks one case. `None`: a kind that is not supported.
pub fn check(case: &Json) -> Option<Result<(), String>> {
    let kind = match case["config"].as_str()? {
        "generic" => return Some(config_parts::generic(case)),
        "wrapper" => return Some(config_parts::wraps(case)),
        "UserProfile" => Kind::UserProfile,
        "Contacts" => Kind::Contacts,
        "ConvoInfoVolatile" => Kind::ConvoInfoVolatile,
        "UserGroups" if case.get("urls").is_some() => return Some(config_parts::urls(case)),
        "UserGroups" => Kind::UserGroups,
        "groups::Info" => Kind::GroupInfo,
        "groups::Members" => Kind::GroupMembers,
        "groups::Keys" => return Some(oracle_keys::check(case)),
        _ => return None,
    };
    Some(Script::of(case, kind).and_then(|mut script| script.run(case)))
}

/// The file names stored messages by words; the crate wants hashes.
pub fn named(name: &str) -> MessageHash {
    let hash: [u8; 32] = blake2b(b"name", &[name.as_bytes()]);
    MessageHash::parse(&encoding::base64_unpadded(&hash)).expect("43 characters")
}

/// All stored messages of a list.
pub fn names(json: &Json) -> SortedSet<MessageHash> {
    let names = json.as_array().into_iter().flatten();
    names.filter_map(Json::as_str).map(named).collect()
}

/// A config of any kind.
pub enum Device {
    Profile(UserProfile),
    Contacts(Contacts),
    Volatile(ConvoInfoVolatile),
    Groups(UserGroups),
    Info(GroupInfo, String),
    Members(GroupMembers),
}

impl Device {
    pub fn config(&mut self) -> &mut Config {
        match self {
            Self::Profile(config) => config,
            Self::Contacts(config) => config,
            Self::Volatile(config) => config,
            Self::Groups(config) => config,
            Self::Info(config, _) => config,
            Self::Members(config) => config,
        }
    }

    fn fields(&self) -> Json {
        match self {
            Self::Profile(config) => config_data::profile(config),
            Self::Contacts(config) => config_data::contacts(config),
            Self::Volatile(config) => config_data::volatile(config),
            Self::Groups(config) => config_data::groups(config),
            Self::Info(config, id) => config_data::info(config, id),
            Self::Members(config) => config_data::members(config),
        }
    }
}

struct Script {
    kind: Kind,
    now: Timestamp,
    owner: Owner,
    secret: Ed25519SecretKey,
    keys: Vec<KeyBase>,
    group: Option<GroupId>,
    devices: SortedMap<String, Device>,
    /// Devices that recognised their own version in what they fetched, until they are edited.
    recognised: SortedSet<String>,
    /// Devices that adopted a version while they had edits, until they are edited again.
    adopted: SortedSet<String>,
    dumps: SortedMap<String, Vec<u8>>,
    pushes: SortedMap<String, (Vec<Vec<u8>>, Json)>,
}

impl Script {
    fn of(case: &Json, kind: Kind) -> Result<Self, String> {
        let holder = if case.get("group").is_some() {
            "group"
        } else {
            "user"
        };
        let secret = Ed25519SecretKey::from_seed(&array(&case[holder], "ed25519_seed_hex")?);
        let group = (holder == "group").then(|| GroupId::from_key(secret.public()));
        let key = match group {
            Some(_) => array(case, "group_enc_key_hex")?,
            None => *secret.seed(),
        };
        same(kind.domain(), text(case, "encryption_domain")?, "domain")?;
        same(
            &u64::try_from(kind.namespace().0).map_err(said)?,
            &number(case, "namespace")?,
            "namespace",
        )?;
        Ok(Self {
            kind,
            now: Timestamp(number(case, "now_ms")?),
            owner: Owner::new(&secret),
            secret,
            keys: vec![KeyBase::from_bytes(key)],
            group,
            devices: SortedMap::new(),
            recognised: SortedSet::new(),
            adopted: SortedSet::new(),
            dumps: SortedMap::new(),
            pushes: SortedMap::new(),
        })
    }

    fn run(&mut self, case: &Json) -> Result<(), String> {
        let steps = case["steps"].as_array().ok_or("the case has no steps")?;
        for (index, step) in steps.iter().enumerate() {
            self.step(step)
                .map_err(|why| format!("step {index} ({}): {why}", step["op"]))?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Json) -> Result<(), String> {
        let expect = &step["expect"];
        let name = step["device"].as_str().unwrap_or_default().to_owned();
        match text(step, "op")? {
            "new" => {
                let device = self.open(&name, None)?;
                self.devices.insert(name, device);
                Ok(())
            }
            "dump" => {
                let config = self.device(&name)?.config();
                oracle_dump::same_dump(config, &base64(expect, "dump_b64")?)?;
                let dump = config.dump().to_vec();
                self.dumps.insert(name, dump);
                Ok(())
            }
            "load_dump" => {
                let dump = self
                    .dumps
                    .get(text(step, "dump_of")?)
                    .ok_or("no such dump")?;
                let device = self.open(&name, Some(&dump.clone()))?;
                self.devices.insert(name.clone(), device);
                self.check_state(&name, expect)
            }
            "check" => self.check_state(&name, expect),
            "push" => self.push(step, &name),
            "confirm_pushed" => {
                let (seqno, hashes) = (number(step, "seqno")?, names(&step["hashes"]));
                let config = self.device(&name)?.config();
                config.confirm_pushed(i64::try_from(seqno).map_err(said)?, hashes);
                Ok(())
            }
            "merge" | "merge_throws" => self.merge(step, &name),
            "advance_clock" => {
                self.now = Timestamp(number(step, "now_ms")?);
                Ok(())
            }
            "all_devices_equal" => {
                for name in step["devices"].as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap_or_default().to_owned();
                    self.check_state(&name, expect)?;
                }
                Ok(())
            }
            "create_group" => {
                let seed = step["rng_draws_hex"][0]
                    .as_str()
                    .and_then(encoding::from_hex);
                let group = Group::owned(Ed25519SecretKey::from_seed(&seed.ok_or("no seed")?));
                same(group.id.to_string().as_str(), text(expect, "id")?, "id")
            }
            "full_urls" => {
                let Device::Groups(groups) = self.device(&name)? else {
                    return Err("no groups".to_owned());
                };
                let urls: Vec<String> = groups
                    .communities()
                    .map(|r| r.community.full_url())
                    .collect();
                let expected: Vec<String> = expect
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|url| url["full_url"].as_str().unwrap_or_default().to_owned())
                    .collect();
                same(&urls, &expected, "full_urls")
            }
            "explain" => explain(step),
            op => {
                let now = self.now;
                let device = self.device(&name)?;
                let before = (device.config().data().clone(), device.config().seqno());
                let result = super::config_edits::apply(device, op, step, now);
                if device.config().state() == State::Editing {
                    self.recognised.remove(&name);
                    self.adopted.remove(&name);
                }
                let device = self.device(&name)?;
                if expect["error"] == true {
                    let after = (device.config().data().clone(), device.config().seqno());
                    same(&after, &before, "after a refusal")?;
                    return match result {
                        Err(_) => Ok(()),
                        Ok(()) => Err("was not refused".to_owned()),
                    };
                }
                result
            }
        }
    }

    fn open(&self, name: &str, dump: Option<&[u8]>) -> Result<Device, String> {
        macro_rules! account {
            ($type:ident) => {
                match dump {
                    Some(dump) => $type::load(&self.secret, dump).map_err(said)?,
                    None => $type::new(&self.secret),
                }
            };
        }
        let holder = match self.group {
            Some(id) if name.starts_with('m') => Holder::Member(id),
            _ => Holder::Admin(self.secret.clone()),
        };
        macro_rules! group {
            ($type:ident) => {
                match dump {
                    Some(dump) => $type::load(holder, self.keys.clone(), dump).map_err(said)?,
                    None => $type::new(holder, self.keys.clone()),
                }
            };
        }
        Ok(match self.kind {
            Kind::UserProfile => Device::Profile(account!(UserProfile)),
            Kind::Contacts => Device::Contacts(account!(Contacts)),
            Kind::ConvoInfoVolatile => Device::Volatile(account!(ConvoInfoVolatile)),
            Kind::UserGroups => Device::Groups(account!(UserGroups)),
            Kind::GroupInfo => {
                let id = self.group.ok_or("no group")?.to_string();
                Device::Info(group!(GroupInfo), id)
            }
            Kind::GroupMembers => Device::Members(group!(GroupMembers)),
        })
    }

    fn device(&mut self, name: &str) -> Result<&mut Device, String> {
        self.devices
            .get_mut(name)
            .ok_or_else(|| format!("no device {name}"))
    }

    fn push(&mut self, step: &Json, name: &str) -> Result<(), String> {
        let (expect, now) = (&step["expect"], self.now);
        let recognised = self.recognised.contains(name);
        let device = self.device(name)?;
        if let Device::Volatile(config) = device {
            config.prune(now).map_err(said)?;
        }
        let push = device.config().push().map_err(said)?;
        let seqno = i64::try_from(number(expect, "seqno")?).map_err(said)?;
        same(&push.seqno, &seqno, "seqno")?;
        let mut obsolete = names(&expect["obsolete"]);
        if recognised {
            obsolete.retain(|hash| !device.config().current_hashes().contains(hash));
        }
        same(&push.obsolete, &obsolete, "obsolete")?;
        if let Some(data) = expect.get("data") {
            same_data(device.config().data(), data)?;
        }
        if let Some(state) = expect["state_after"].as_str().filter(|_| !recognised) {
            same(word(device.config().state()), state, "state_after")?;
        }
        let theirs = expect["parts_b64"].as_array().into_iter().flatten();
        let theirs = theirs
            .map(|part| encoding::from_base64(part.as_str()?))
            .collect::<Option<Vec<_>>>()
            .ok_or("parts_b64 is no base64")?;
        let ours = self.content(&push.messages)?;
        if let Some(content) = expect["serialized_b64"].as_str() {
            let content = encoding::from_base64(content).ok_or("serialized_b64 is no base64")?;
            same(&show(&ours), &show(&content), "our content")?;
            same(
                &show(&self.content(&theirs)?),
                &show(&content),
                "their content",
            )?;
        }
        if expect.get("serialized_blake2b_256_hex").is_some() {
            same_hex(
                blake2b::<32>(&[], &[&ours]),
                expect,
                "serialized_blake2b_256_hex",
            )?;
        }
        if expect["compressed"] == false {
            same(&push.messages, &theirs, "parts")?;
        }
        if expect["multipart"] == true || expect.get("n_parts").is_some() {
            same(&(push.messages.len() > 1), &true, "multipart")?;
        }
        if let Some(wrapped) = expect["protobuf_wrapped"].as_bool() {
            let owner = &self.owner;
            let is_wrapped = |message: &Vec<u8>| wrap::unwrap(message, self.kind, owner).is_some();
            same(&push.messages.iter().all(is_wrapped), &wrapped, "wrapped")?;
            same(&theirs.iter().all(is_wrapped), &wrapped, "theirs wrapped")?;
        }
        let id = text(step, "id")?.to_owned();
        self.pushes.insert(id, (theirs, expect["data"].clone()));
        Ok(())
    }

    /// The serialised message in what is stored.
    fn content(&self, stored: &[Vec<u8>]) -> Result<Vec<u8>, String> {
        let owner = self.group.is_none().then_some(&self.owner);
        let mut whole = Vec::new();
        for message in stored {
            let plaintext = pack::open(message, self.kind, &self.keys, owner).ok_or("closed")?;
            match pack::read(&plaintext).ok_or("unreadable")? {
                Content::Message(message) => return Ok(message.to_vec()),
                Content::Part(part) => whole.extend_from_slice(part.chunk),
            }
        }
        let message = pack::inflate(encrypt::unpad(&whole)).ok_or("the parts are no message")?;
        Ok(message.to_vec())
    }

    fn merge(&mut self, step: &Json, name: &str) -> Result<(), String> {
        let expect = &step["expect"];
        let mut messages = Vec::new();
        for message in step["messages"].as_array().into_iter().flatten() {
            let stored = match message["push_id"].as_str() {
                Some(id) => {
                    let part = usize::try_from(number(message, "part")?).map_err(said)?;
                    let (parts, _) = self.pushes.get(id).ok_or("no such push")?;
                    parts.get(part).ok_or("no such part")?.clone()
                }
                None => base64(message, "data_b64")?,
            };
            messages.push((named(text(message, "hash")?), stored));
        }
        let views: Vec<(MessageHash, &[u8])> = messages
            .iter()
            .map(|(hash, stored)| (hash.clone(), stored.as_slice()))
            .collect();
        let same_as = expect["same_data_as_push"].as_str();
        let same_as = same_as
            .and_then(|id| self.pushes.get(id))
            .map(|(_, data)| data.clone());
        let now = self.now;
        let device = self.device(name)?;
        let (before, seqno) = (device.config().state(), device.config().seqno());
        let result = device.config().merge(&views, now);
        if expect["error"] == true {
            return result.map_or(Ok(()), |_| Err("was not refused".to_owned()));
        }
        same(
            &result.map_err(said)?.accepted,
            &names(&expect["accepted"]),
            "accepted",
        )?;
        if let Some(data) = same_as {
            same_data(device.config().data(), &data)?;
        }
        let config = device.config();
        if config.state() == State::Stored && before != State::Stored {
            if config.seqno() == seqno && expect["state"] != "clean" {
                self.recognised.insert(name.to_owned());
            } else if before == State::Editing {
                self.adopted.insert(name.to_owned());
            }
        }
        self.check_state(name, expect)
    }

    fn check_state(&mut self, name: &str, expect: &Json) -> Result<(), String> {
        let (recognised, adopted) = (self.recognised.contains(name), self.adopted.contains(name));
        let mut expect = expect.clone();
        let device = self.device(name)?;
        if recognised {
            same(&device.config().state(), &State::Stored, "state")?;
            same(&device.config().current_hashes().len(), &1, "own hash")?;
            for key in ["state", "needs_push", "current_hashes"] {
                expect.as_object_mut().map(|expect| expect.remove(key));
            }
        }
        if adopted && let Some(seqno) = expect["seqno"].as_i64() {
            let exact = device.config().seqno() == seqno || device.config().seqno() == seqno - 1;
            same(&exact, &true, "seqno of an adopted version")?;
            expect.as_object_mut().map(|expect| expect.remove("seqno"));
        }
        check_state(device, &expect)
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Stored => "clean",
        State::Editing => "dirty",
        State::Pushed => "waiting",
    }
}

fn check_state(device: &mut Device, expect: &Json) -> Result<(), String> {
    let fields = device.fields();
    let count = match device {
        Device::Contacts(contacts) => contacts.len() as u64,
        _ => 0,
    };
    let config = device.config();
    if let Some(data) = expect.get("data") {
        same_data(config.data(), data)?;
    }
    for (key, expected) in expect.as_object().into_iter().flatten() {
        match key.as_str() {
            "state" => same(&Json::from(word(config.state())), expected, key)?,
            "seqno" => same(&Json::from(config.seqno()), expected, key)?,
            "needs_push" => same(&Json::from(config.needs_push()), expected, key)?,
            "needs_dump" => same(&Json::from(config.needs_dump()), expected, key)?,
            "count" => same(&Json::from(count), expected, key)?,
            "current_hashes" => same(config.current_hashes(), &names(expected), key)?,
            "active_hashes" => same(&config.active_hashes(), &names(expected), key)?,
            "fields" => same_fields(&fields, expected)?,
            "data" | "accepted" | "same_data_as_push" | "messages_left_in_swarm" => {}
            other => return Err(format!("unknown expectation {other}")),
        }
    }
    Ok(())
}

/// A list that is kept on one device only says to whom something is being sent right now; the `status` of a member mixes
/// it in. It is no part of the config, so being sent counts as not sent.
pub fn same_fields(got: &Json, expected: &Json) -> Result<(), String> {
    let mut expected = expected.clone();
    for record in expected.as_array_mut().into_iter().flatten() {
        match record.get_mut("status") {
            Some(status) if *status == 2 => *status = Json::from(1),
            Some(status) if *status == 8 => *status = Json::from(7),
            _ => {}
        }
    }
    same(got, &expected, "fields")
}

/// Bytes as a failure prints them.
pub fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn explain(step: &Json) -> Result<(), String> {
    let whole = base64(step, "message_plaintext_b64")?;
    same_hex(blake2b::<32>(&[], &[&whole]), step, "message_hash_hex")
}

/// A room by the fields of a step.
pub fn community(json: &Json) -> Result<Community, String> {
    let key = X25519PublicKey(array(json, "pubkey_hex")?);
    Community::new(text(json, "base_url")?, text(json, "room")?, key).map_err(said)
}
