//! The people an account knows (30-config 11).

use super::Config;
use super::community::canonical_url;
use super::fields::{
    Fields, MAX_NAME, Notify, Record, account_config, check_picture, records, truncated,
};
use super::ids::BlindedId;
use super::object::EditError;
use super::value::Dict;
use crate::id::AccountId;
use crate::keys::X25519PublicKey;
use crate::message::content::{Expiry, ProfilePicture};

/// The Contacts config.
#[derive(Clone, Debug)]
pub struct Contacts(pub(super) Config);

account_config!(Contacts);

const PEOPLE: &[u8] = b"c";
const BLINDED: &[u8] = b"b";
const ROOMS: &[u8] = b"R";

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who it is.
    pub id: AccountId,
    /// The name they gave themselves; at most 100 bytes are written.
    pub name: String,
    /// The name we gave them; at most 100 bytes are written.
    pub nickname: String,
    /// Their picture.
    pub picture: Option<ProfilePicture>,
    /// When their profile last changed, in seconds; 0 = unknown.
    pub updated_s: u64,
    /// We wrote to them or accepted their request.
    pub approved: bool,
    /// They wrote to us or accepted our request.
    pub approved_me: bool,
    /// We want to hear nothing from them.
    pub blocked: bool,
    /// Negative hidden, 0 normal, positive pinned (greater first).
    pub priority: i64,
    /// When to make oneself heard.
    pub notify: Notify,
    /// Silent until this time, in seconds; 0 = not.
    pub mute_until_s: u64,
    /// When messages disappear.
    pub expiry: Expiry,
    /// When they were added, in seconds; 0 = unknown.
    pub created_s: u64,
}

impl Contact {
    /// Somebody of whom nothing is known.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            name: String::new(),
            nickname: String::new(),
            picture: None,
            updated_s: 0,
            approved: false,
            approved_me: false,
            blocked: false,
            priority: 0,
            notify: Notify::Default,
            mute_until_s: 0,
            expiry: Expiry::Off,
            created_s: 0,
        }
    }

    fn read(id: AccountId, record: &Dict) -> Self {
        let notify = Notify::from_code(record.int("@").unwrap_or(0));
        Self {
            id,
            name: record.text("n"),
            nickname: record.text("N"),
            picture: record.picture("p", "q"),
            updated_s: record.time_s("t"),
            approved: record.flag("a"),
            approved_me: record.flag("A"),
            blocked: record.flag("b"),
            priority: record.int("+").unwrap_or(0),
            notify: one_to_one(notify),
            mute_until_s: record.time_s("!"),
            expiry: match (record.int("e"), record.timer_s("E")) {
                (Some(1), Some(seconds)) => Expiry::AfterSend(seconds),
                (Some(2), Some(seconds)) => Expiry::AfterRead(seconds),
                _ => Expiry::Off,
            },
            created_s: record.time_s("j"),
        }
    }
}

/// With two people every message is a mention.
fn one_to_one(notify: Notify) -> Notify {
    match notify {
        Notify::Mentions => Notify::All,
        other => other,
    }
}

/// Somebody in a community whose Account ID is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedContact {
    /// The server, in canonical form.
    pub base_url: String,
    /// The server's key.
    pub server_key: X25519PublicKey,
    /// Who it is there.
    pub id: BlindedId,
    /// The name they gave themselves; at most 100 bytes are written.
    pub name: String,
    /// Their picture.
    pub picture: Option<ProfilePicture>,
    /// When their profile last changed, in seconds; 0 = unknown.
    pub updated_s: u64,
    /// Negative hidden, 0 normal, positive pinned (greater first).
    pub priority: i64,
    /// When they were added, in seconds; 0 = unknown.
    pub created_s: u64,
}

impl Contacts {
    /// One person.
    pub fn get(&self, id: &AccountId) -> Option<Contact> {
        let record = self.data().dict("c")?.get(id.to_bytes().as_slice())?;
        match record {
            super::value::Value::Dict(record) => Some(Contact::read(*id, record)),
            _ => None,
        }
    }

    /// One person, known or not.
    pub fn get_or_new(&self, id: &AccountId) -> Contact {
        self.get(id).unwrap_or_else(|| Contact::new(*id))
    }

    /// Everybody, by ID. Records of keys that are no Account ID are passed over.
    pub fn iter(&self) -> impl Iterator<Item = Contact> + '_ {
        records(self.data().dict("c")).filter_map(|(id, record)| {
            let id = AccountId::from_bytes(id).ok()?;
            Some(Contact::read(id, record))
        })
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.data().dict("c").map_or(0, Dict::len)
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds or changes a person. Names are cut to 100 bytes; a picture needs a URL of at most 223 bytes and a key of 32.
    pub fn set(&mut self, contact: &Contact) -> Result<(), EditError> {
        check_picture(contact.picture.as_ref())?;
        let id = contact.id.to_bytes();
        let mut record = Record::at(&mut self.0, &[PEOPLE, &id]);
        record.put("n", truncated(&contact.name, MAX_NAME))?;
        record.text("N", truncated(&contact.nickname, MAX_NAME))?;
        record.picture("p", "q", contact.picture.as_ref())?;
        record.positive("t", contact.updated_s)?;
        record.flag("a", contact.approved)?;
        record.flag("A", contact.approved_me)?;
        record.flag("b", contact.blocked)?;
        record.nonzero("+", contact.priority)?;
        record.nonzero("@", one_to_one(contact.notify).code())?;
        record.positive("!", contact.mute_until_s)?;
        let (mode, seconds) = match contact.expiry {
            Expiry::Off => (0, 0),
            Expiry::AfterSend(seconds) => (1, seconds),
            Expiry::AfterRead(seconds) => (2, seconds),
        };
        record.positive("e", if seconds > 0 { mode } else { 0 })?;
        record.positive("E", seconds.into())?;
        record.positive("j", contact.created_s)
    }

    /// Gives a nickname of at most 100 bytes; empty takes it away.
    pub fn set_nickname(&mut self, id: &AccountId, nickname: &str) -> Result<(), EditError> {
        if nickname.len() > MAX_NAME {
            return Err(EditError::Value(MAX_NAME));
        }
        let mut contact = self.get_or_new(id);
        contact.nickname = nickname.to_owned();
        self.set(&contact)
    }

    /// Forgets a person: other devices erase the conversation.
    pub fn erase(&mut self, id: &AccountId) -> Result<(), EditError> {
        self.0.erase_value(&[PEOPLE, &id.to_bytes()])
    }

    /// Everybody who is known from a community only.
    pub fn blinded(&self) -> impl Iterator<Item = BlindedContact> + '_ {
        records(self.data().dict("b")).flat_map(|(base_url, server)| {
            let base_url = std::str::from_utf8(base_url).ok();
            let server_key = server.array("#").map(X25519PublicKey);
            records(server.dict("R")).filter_map(move |(id, record)| {
                let key = std::str::from_utf8(id).ok()?;
                Some(BlindedContact {
                    base_url: base_url?.to_owned(),
                    server_key: server_key?,
                    id: BlindedId {
                        is_15: record.flag("y"),
                        key: crate::encoding::from_hex(key)?,
                    },
                    name: record.text("n"),
                    picture: record.picture("p", "q"),
                    updated_s: record.time_s("t"),
                    priority: record.int("+").unwrap_or(0),
                    created_s: record.time_s("j"),
                })
            })
        })
    }

    /// Adds or changes somebody of a community. The URL of the server must be one.
    pub fn set_blinded(&mut self, contact: &BlindedContact) -> Result<(), EditError> {
        let base_url = canonical_url(&contact.base_url)
            .map_err(|_| EditError::Value(super::community::MAX_BASE_URL))?;
        check_picture(contact.picture.as_ref())?;
        let server = [BLINDED, base_url.as_bytes()];
        Record::at(&mut self.0, &server).put("#", contact.server_key.0.as_slice())?;
        let key = hex::encode(contact.id.key);
        let mut record = Record::at(&mut self.0, &[server[0], server[1], ROOMS, key.as_bytes()]);
        record.put("n", truncated(&contact.name, MAX_NAME))?;
        record.picture("p", "q", contact.picture.as_ref())?;
        record.positive("t", contact.updated_s)?;
        record.nonzero("+", contact.priority)?;
        record.flag("y", contact.id.is_15)?;
        record.positive("j", contact.created_s)
    }

    /// Forgets somebody of a community, and the server with its last person.
    pub fn erase_blinded(&mut self, base_url: &str, id: &BlindedId) -> Result<(), EditError> {
        let server = [BLINDED, base_url.as_bytes()];
        let key = hex::encode(id.key);
        self.0
            .erase_value(&[server[0], server[1], ROOMS, key.as_bytes()])?;
        if self.0.value(&[server[0], server[1], ROOMS]).is_none() {
            self.0.erase_value(&server)?;
        }
        Ok(())
    }
}
