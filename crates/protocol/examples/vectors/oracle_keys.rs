//! `oracle-config.json`, `groups::Keys`: people in groups who make keys, pass them on, lose them, and write.
//!
//! What the library compressed is compared by its content, everything else by its bytes. The known fault of that library
//! which 30-config 6.4 forbids to copy (see `oracle_config`) is stepped around so that everything after it stays comparable:
//! a copy of the device must recognise the version that it was about to store; the script goes on with a device that was
//! not shown that version, and the next push of the library deletes it as well.

use super::config_data::{self, same_data};
use super::config_edits;
use super::fields::{Draws, array, base64, bytes, number, said, same, same_hex, text};
use super::oracle_config::{named, names, same_fields, show};
use super::oracle_dump;
use onionskin_protocol::config::encrypt::{KeyBase, OVERHEAD};
use onionskin_protocol::config::group_info::Holder;
use onionskin_protocol::config::group_keys::{GroupKeys, NAMESPACE};
use onionskin_protocol::config::group_members::Member;
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::config::pack::{self, Content};
use onionskin_protocol::config::user_groups::AuthData;
use onionskin_protocol::config::{Config, GroupInfo, GroupMembers, State};
use onionskin_protocol::encoding;
use onionskin_protocol::group::message;
use onionskin_protocol::group::subaccount::{self, Access, Rights};
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::keys::{Ed25519PublicKey, Ed25519SecretKey, Signature};
use onionskin_protocol::rpc::auth::{Auth, Signer as _};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use onionskin_protocol::time::Timestamp;
use serde_json::Value as Json;

/// Checks one script.
pub fn check(case: &Json) -> Result<(), String> {
    same(text(case, "encryption_domain")?, "groups::Keys", "domain")?;
    same(
        &Some(i64::from(NAMESPACE.0)),
        &case["namespace"].as_i64(),
        "namespace",
    )?;
    let secret = Ed25519SecretKey::from_seed(&array(&case["group"], "ed25519_seed_hex")?);
    let group = GroupId::from_key(secret.public());
    same(&*group.to_string(), text(&case["group"], "group_id")?, "id")?;
    let mut script = Script {
        users: &case["users"],
        secret,
        group,
        now: Timestamp(number(case, "now_ms")?),
        devices: SortedMap::new(),
        messages: SortedMap::new(),
    };
    let steps = case["steps"].as_array().ok_or("the case has no steps")?;
    for (index, step) in steps.iter().enumerate() {
        script
            .step(step)
            .map_err(|why| format!("step {index} ({}): {why}", step["op"]))?;
    }
    Ok(())
}

struct Device {
    account: Ed25519SecretKey,
    keys: GroupKeys,
    info: GroupInfo,
    members: GroupMembers,
    /// What the library did not recognise as its own and will have deleted.
    unrecognised: SortedMap<&'static str, SortedSet<MessageHash>>,
}

impl Device {
    fn config(&mut self, which: &str) -> &mut Config {
        if which == "info" {
            &mut self.info
        } else {
            &mut self.members
        }
    }
}

struct Script<'a> {
    users: &'a Json,
    secret: Ed25519SecretKey,
    group: GroupId,
    now: Timestamp,
    devices: SortedMap<String, Device>,
    messages: SortedMap<String, Vec<u8>>,
}

impl Script<'_> {
    fn step(&mut self, step: &Json) -> Result<(), String> {
        let expect = &step["expect"];
        let (op, name) = (text(step, "op")?, step["device"].as_str().unwrap_or("?"));
        match op {
            "new" => return self.open(name, step["admin"] == true),
            "raw_message" => {
                let id = text(step, "id")?.to_owned();
                self.messages.insert(id, bytes(step, "data_hex")?);
                return Ok(());
            }
            "assert_equal_messages" => {
                let ids = step["ids"].as_array().ok_or("no ids")?;
                let mut all = ids.iter().map(|id| self.message(id));
                let first = all.next().ok_or("no ids")??;
                for other in all {
                    same(&show(other?), &show(first), "message")?;
                }
                return Ok(());
            }
            "dump_and_reload" => return self.reload(step, name),
            "load_key_message" => return self.load(step, name),
            "decrypt_message" => return self.decrypt(step, name),
            "merge_info" => return self.merge(step, name, "info"),
            "merge_members" => return self.merge(step, name, "members"),
            _ => {}
        }
        let (secret, group) = (self.secret.clone(), self.group);
        let device = self.devices.get_mut(name).ok_or("no such device")?;
        let made = match op {
            "rekey" => {
                let made = device.keys.rekey(&mut device.info, &mut device.members);
                refused_or(made, expect)?
            }
            "key_supplement" => {
                let readers = step["session_ids"].as_array().ok_or("no session_ids")?;
                let readers = readers.iter().map(person).collect::<Result<Vec<_>, _>>()?;
                refused_or(device.keys.supplement(&readers), expect)?
            }
            "load_admin_key" => {
                let given = Ed25519SecretKey::from_seed(&array(step, "secret_hex")?);
                let result = device
                    .keys
                    .promote(&given, &mut device.info, &mut device.members);
                return match refused_or(result, expect)? {
                    Some(()) => check_keys(&device.keys, expect),
                    None => Ok(()),
                };
            }
            "encrypt_message" => Some(encrypt(device, group, step)?),
            "push_info" => Some(push(device, "info", expect)?),
            "push_members" => Some(push(device, "members", expect)?),
            "confirm_info" | "confirm_members" => {
                let seqno = i64::try_from(number(step, "seqno")?).map_err(said)?;
                let config = device.config(&op["confirm_".len()..]);
                config.confirm_pushed(seqno, names(&step["hashes"]));
                return same(&config.state(), &State::Stored, "after the confirmation");
            }
            "swarm_make_subaccount" => return make_subaccount(&secret, step),
            "swarm_subaccount_sign" => return sign_as_subaccount(device, &group, step),
            _ => return edit(device, op, step),
        };
        let Some(made) = made else {
            return Ok(());
        };
        if expect.get("message_hex").is_some() {
            same_hex(&made, expect, "message_hex")?;
        }
        if op == "rekey" {
            let entries = oracle_dump::list_length(&made, "k")?;
            same(&entries, &number(expect, "n_member_entries")?, "entries")?;
            same(&device.keys.pending(), &Some(made.as_slice()), "pending")?;
            let pending = KeyBase::from_bytes(array(expect, "pending_key_hex")?);
            same(&device.keys.keys().first(), &Some(&pending), "pending key")?;
            check_keys(&device.keys, expect)?;
        }
        self.messages.insert(text(step, "id")?.to_owned(), made);
        Ok(())
    }

    fn open(&mut self, name: &str, admin: bool) -> Result<(), String> {
        let account = Ed25519SecretKey::from_seed(&array(&self.users[name], "ed25519_seed_hex")?);
        let holder = self.holder(admin);
        let device = Device {
            keys: GroupKeys::new(holder.clone(), &account),
            info: GroupInfo::new(holder.clone(), Vec::new()),
            members: GroupMembers::new(holder, Vec::new()),
            account,
            unrecognised: SortedMap::new(),
        };
        self.devices.insert(name.to_owned(), device);
        Ok(())
    }

    fn holder(&self, admin: bool) -> Holder {
        if admin {
            Holder::Admin(self.secret.clone())
        } else {
            Holder::Member(self.group)
        }
    }

    fn message(&self, id: &Json) -> Result<&[u8], String> {
        let message = id.as_str().and_then(|id| self.messages.get(id));
        Ok(message.ok_or_else(|| format!("no message {id}"))?)
    }

    /// A message and the device that gets it.
    fn delivery(&mut self, step: &Json, name: &str) -> Result<(Vec<u8>, &mut Device), String> {
        let message = self.message(&step["message_id"])?.to_vec();
        let device = self.devices.get_mut(name).ok_or("no such device")?;
        Ok((message, device))
    }

    fn load(&mut self, step: &Json, name: &str) -> Result<(), String> {
        let (expect, time) = (&step["expect"], Timestamp(number(step, "timestamp_ms")?));
        let hash = named(text(step, "hash")?);
        let (message, device) = self.delivery(step, name)?;
        let before = device.keys.dump();
        let (info, members) = (&mut device.info, &mut device.members);
        let result = device
            .keys
            .load_message(&hash, &message, time, info, members);
        match refused_or(result, expect)? {
            Some(found) => {
                same(
                    &Some(found),
                    &expect["found_key_for_us"].as_bool(),
                    "found_key_for_us",
                )?;
                check_keys(&device.keys, expect)
            }
            None => same(&device.keys.dump(), &before, "keys after a refusal"),
        }
    }

    fn decrypt(&mut self, step: &Json, name: &str) -> Result<(), String> {
        let (expect, group) = (&step["expect"], self.group);
        let (stored, device) = self.delivery(step, name)?;
        let result = message::open(&stored, &group, &device.keys.keys());
        let Some(opened) = refused_or(result, expect)? else {
            return Ok(());
        };
        same_hex(&*opened.envelope, expect, "plaintext_hex")?;
        same(
            &*opened.author.to_string(),
            text(expect, "sender_session_id")?,
            "sender",
        )
    }

    fn merge(&mut self, step: &Json, name: &str, which: &'static str) -> Result<(), String> {
        let (expect, now) = (&step["expect"], self.now);
        let hash = named(text(step, "hash")?);
        let id = self.group.to_string();
        let (message, device) = self.delivery(step, name)?;
        let view = [(hash.clone(), message.as_slice())];
        let mut copy = device.config(which).clone();
        let accepted = copy.merge(&view, now).map_err(said)?.accepted;
        same(&accepted, &names(&expect["accepted"]), "accepted")?;
        let config = device.config(which);
        let was_about_to_push = config.needs_push() && config.seqno() == copy.seqno();
        if was_about_to_push && copy.state() == State::Stored {
            same(
                copy.current_hashes(),
                &SortedSet::from([hash.clone()]),
                "own",
            )?;
            device.unrecognised.entry(which).or_default().insert(hash);
        } else {
            *config = copy;
        }
        let config = device.config(which);
        for key in expect.as_object().into_iter().flatten() {
            match key.0.as_str() {
                "seqno" => same(&Json::from(config.seqno()), key.1, "seqno")?,
                "needs_push" => same(&Json::from(config.needs_push()), key.1, "needs_push")?,
                "accepted" | "fields" => {}
                other => return Err(format!("unknown expectation {other}")),
            }
        }
        if let Some(fields) = expect.get("fields") {
            let ours = match which {
                "info" => config_data::info(&device.info, &id),
                _ => config_data::members(&device.members),
            };
            same_fields(&ours, fields)?;
        }
        Ok(())
    }

    fn reload(&mut self, step: &Json, name: &str) -> Result<(), String> {
        let device = self.devices.get_mut(name).ok_or("no such device")?;
        let dump = device.keys.dump();
        same(
            &show(&dump),
            &show(&oracle_dump::keys_with_hashes(&base64(
                step,
                "keys_dump_b64",
            )?)?),
            "dump of the keys",
        )?;
        oracle_dump::same_dump(&mut device.info, &base64(step, "info_dump_b64")?)?;
        oracle_dump::same_dump(&mut device.members, &base64(step, "members_dump_b64")?)?;
        let (info, members) = (device.info.dump(), device.members.dump());
        let (account, admin) = (device.account.clone(), device.keys.is_admin());
        let holder = self.holder(admin);
        let keys = GroupKeys::load(holder.clone(), &account, &dump).map_err(said)?;
        let device = Device {
            info: GroupInfo::load(holder.clone(), keys.keys(), &info).map_err(said)?,
            members: GroupMembers::load(holder, keys.keys(), &members).map_err(said)?,
            account,
            keys,
            unrecognised: SortedMap::new(),
        };
        check_keys(&device.keys, &step["expect"])?;
        self.devices.insert(text(step, "as")?.to_owned(), device);
        Ok(())
    }
}

/// What came out, or nothing if it was refused as expected.
fn refused_or<T, E: std::fmt::Display>(
    result: Result<T, E>,
    expect: &Json,
) -> Result<Option<T>, String> {
    match (result, expect["error"] == true) {
        (Ok(value), false) => Ok(Some(value)),
        (Err(_), true) => Ok(None),
        (Ok(_), true) => Err("was not refused".to_owned()),
        (Err(error), false) => Err(said(error)),
    }
}

fn person(json: &Json) -> Result<AccountId, String> {
    json.as_str().unwrap_or_default().parse().map_err(said)
}

fn check_keys(keys: &GroupKeys, expect: &Json) -> Result<(), String> {
    let ours = keys.keys();
    for (key, expected) in expect.as_object().into_iter().flatten() {
        match key.as_str() {
            "generation" => {
                let generation = keys.generation().unwrap_or(0);
                same(&Json::from(generation), expected, key)?;
            }
            "size" => same(&Json::from(ours.len()), expected, key)?,
            "admin" => same(&Json::from(keys.is_admin()), expected, key)?,
            "needs_rekey" => same(&Json::from(keys.needs_rekey()), expected, key)?,
            "group_keys_hex" => {
                let theirs = expected.as_array().into_iter().flatten();
                let theirs: Option<Vec<KeyBase>> = theirs
                    .map(|key| encoding::from_hex(key.as_str()?).map(KeyBase::from_bytes))
                    .collect();
                same(&(Some(&ours) == theirs.as_ref()), &true, key)?;
            }
            "current_hashes" => same(&keys.active_hashes(), &names(expected), key)?,
            "found_key_for_us" | "message_hex" | "n_member_entries" | "pending_key_hex" => {}
            other => return Err(format!("unknown expectation {other}")),
        }
    }
    Ok(())
}

/// The message in what a config of the group stored, opened with this key only.
fn content(config: &Config, stored: &[u8], key: &KeyBase) -> Result<Vec<u8>, String> {
    let keys = std::slice::from_ref(key);
    let plaintext = pack::open(stored, config.kind(), keys, None).ok_or("closed")?;
    match pack::read(&plaintext) {
        Some(Content::Message(message)) => Ok(message.to_vec()),
        _ => Err("unreadable".to_owned()),
    }
}

/// Pushes a config and gives what the library stored.
fn push(device: &mut Device, which: &'static str, expect: &Json) -> Result<Vec<u8>, String> {
    let key = KeyBase::from_bytes(array(expect, "encryption_key_hex")?);
    let forgotten = device.unrecognised.remove(which).unwrap_or_default();
    let config = device.config(which);
    let push = config.push().map_err(said)?;
    same(&Json::from(push.seqno), &expect["seqno"], "seqno")?;
    let mut obsolete = names(&expect["obsolete"]);
    obsolete.retain(|hash| !forgotten.contains(hash));
    same(&push.obsolete, &obsolete, "obsolete")?;
    same_data(config.data(), &expect["data"])?;

    let theirs = base64(expect, "data_b64")?;
    let [ours] = push.messages.as_slice() else {
        return Err(format!("{} messages", push.messages.len()));
    };
    let serialized = base64(expect, "serialized_b64")?;
    same(
        &show(&content(config, ours, &key)?),
        &show(&serialized),
        "our content",
    )?;
    same(
        &show(&content(config, &theirs, &key)?),
        &show(&serialized),
        "their content",
    )?;
    let keys = std::slice::from_ref(&key);
    let plaintext = pack::open(&theirs, config.kind(), keys, None).ok_or("closed")?;
    let compressed = plaintext.first() == Some(&b'z');
    same(
        &Some(compressed),
        &expect["compressed"].as_bool(),
        "compressed",
    )?;
    let padded = number(expect, "padded_size")?;
    same(&((theirs.len() - OVERHEAD) as u64), &padded, "padded_size")?;
    if !compressed {
        same(&show(ours), &show(&theirs), "stored")?;
    }
    Ok(theirs)
}

fn encrypt(device: &Device, group: GroupId, step: &Json) -> Result<Vec<u8>, String> {
    let mut draws = Draws::of(step)?;
    let padding = usize::try_from(number(step, "padding")?).map_err(said)?;
    let sealed = message::seal_with(
        &bytes(step, "plaintext_hex")?,
        &device.account,
        &group,
        device.keys.keys().first().ok_or("no key")?,
        &mut draws,
        step["compress"] == true,
        padding,
    )
    .map_err(said)?;
    draws.finish()?;
    same(
        &show(&sealed),
        &show(&base64(&step["expect"], "ciphertext_b64")?),
        "ciphertext",
    )?;
    Ok(sealed)
}

/// Edits, named after setters of the library, with the whole record that they have to come to.
fn edit(device: &mut Device, op: &str, step: &Json) -> Result<(), String> {
    let arg = &step["args"][0];
    let members = &mut device.members;
    match op {
        "set_info" => {
            let args = &step["args"];
            device.info.set_name(text(args, "name")?).map_err(said)?;
            let created = number(args, "created_s")?;
            device.info.set_created(created).map_err(said)?;
            return same(
                &args.as_object().map(serde_json::Map::len),
                &Some(2),
                "number of fields",
            );
        }
        "erase_member" => {
            let id = person(&step["session_id"])?;
            return members.erase(&id).map_err(said);
        }
        "set_members" => {
            for id in step["session_ids"].as_array().ok_or("no session_ids")? {
                members.set(&Member::new(person(id)?)).map_err(said)?;
            }
            return Ok(());
        }
        "set_member" => {
            let member = config_edits::member(arg)?;
            members.set(&member).map_err(said)?;
        }
        _ => config_edits::members(members, op, &arg["session_id"])?,
    }
    let expected = config_edits::member(arg)?;
    same(&members.get(&expected.id), &Some(expected), "record")
}

fn make_subaccount(group: &Ed25519SecretKey, step: &Json) -> Result<(), String> {
    let expect = &step["expect"];
    let rights = Rights {
        write: step["write"] == true,
        delete: step["delete"] == true,
    };
    let member = person(&step["session_id"])?;
    let data = subaccount::issue(group, &member, rights).map_err(said)?;
    same_hex(data.0, expect, "auth_data_hex")?;
    let token = subaccount::token(group, &member, rights).map_err(said)?;
    same_hex(token, expect, "token_hex")?;

    let user = Ed25519SecretKey::from_seed(&array(&step["user"], "ed25519_seed_hex")?);
    let other = Ed25519SecretKey::from_seed(&array(step, "other_user_seed_hex")?);
    let group = GroupId::from_key(group.public());
    let delete = Rights {
        delete: true,
        ..rights
    };
    for (account, needed, field) in [
        (&user, rights, "verifies_for_user"),
        (&other, rights, "verifies_for_other_user"),
        (&user, delete, "verifies_if_delete_demanded"),
    ] {
        let verifies = Access::new(&data, account, &group, needed).is_ok();
        same(&Some(verifies), &expect[field].as_bool(), field)?;
    }
    Ok(())
}

fn sign_as_subaccount(device: &Device, group: &GroupId, step: &Json) -> Result<(), String> {
    let data = AuthData(array(step, "auth_data_hex")?);
    let message = bytes(step, "message_hex")?;
    let access = Access::new(&data, &device.account, group, Rights::MEMBER).map_err(said)?;
    let Auth::Subaccount(shown) = access.auth() else {
        return Err("shows no subaccount".to_owned());
    };
    let signature = access.sign(&message);
    let (as_text, binary) = (&step["expect"]["text_form"], &step["expect"]["binary_form"]);
    same_hex(shown.token, binary, "subaccount_hex")?;
    same_hex(shown.token_signature.0, binary, "subaccount_sig_hex")?;
    same_hex(signature.0, binary, "signature_hex")?;
    for (bytes, field) in [
        (shown.token.as_slice(), "subaccount"),
        (&shown.token_signature.0, "subaccount_sig"),
        (&signature.0, "signature"),
    ] {
        same(&*encoding::base64(bytes), text(as_text, field)?, field)?;
    }
    let key: [u8; 32] = shown.token[4..].try_into().map_err(said)?;
    let verifies = |key: Ed25519PublicKey, message: &[u8], signature: &Signature| {
        key.verify(message, signature).map_err(said)
    };
    verifies(Ed25519PublicKey(key), &message, &signature)?;
    verifies(*group.key(), &shown.token, &shown.token_signature)
}
