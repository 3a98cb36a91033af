//! The groups and communities that an account is in (30-config 13).

use super::Config;
use super::community::Community;
use super::fields::{Fields, MAX_NAME, Notify, Record, account_config, records, truncated};
use super::ids::GroupId;
use super::object::EditError;
use super::value::{Dict, Scalar, Value};
use crate::id::AccountId;
use crate::keys::{Ed25519SecretKey, X25519PublicKey};
use crate::sorted::SortedMap;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The UserGroups config.
#[derive(Clone, Debug)]
pub struct UserGroups(pub(super) Config);

account_config!(UserGroups);

const GROUPS: &[u8] = b"g";
const COMMUNITIES: &[u8] = b"o";
const LEGACY: &[u8] = b"C";
const ROOMS: &[u8] = b"R";

/// What every record has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// Negative hidden, 0 normal, positive pinned (greater first).
    pub priority: i64,
    /// When we joined, in seconds; 0 = unknown.
    pub joined_s: u64,
    /// When to make oneself heard.
    pub notify: Notify,
    /// Silent until this time, in seconds; 0 = not.
    pub mute_until_s: u64,
    /// The invitation is not accepted yet.
    pub invited: bool,
}

impl Common {
    fn read(record: &Dict) -> Self {
        Self {
            priority: record.int("+").unwrap_or(0),
            joined_s: record.time_s("j"),
            notify: Notify::from_code(record.int("@").unwrap_or(0)),
            mute_until_s: record.time_s("!"),
            invited: record.flag("i"),
        }
    }

    fn write(&self, record: &mut Record<'_>) -> Result<(), EditError> {
        record.nonzero("+", self.priority)?;
        record.positive("j", self.joined_s)?;
        record.nonzero("@", self.notify.code())?;
        record.positive("!", self.mute_until_s)?;
        record.flag("i", self.invited)
    }
}

/// How a member proves to the group's swarm that they may use it (31-groups 3): 100 bytes, secret.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct AuthData(pub [u8; 100]);

impl fmt::Debug for AuthData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthData(…)")
    }
}

/// Whether and how a group was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Removed {
    /// It was not.
    #[default]
    No,
    /// An admin removed us.
    Kicked,
    /// An admin deleted the group for everybody.
    Destroyed,
}

/// A group. We are an admin if there is a secret key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which one.
    pub id: GroupId,
    /// What every record has.
    pub common: Common,
    /// The last known name; at most 100 bytes are written.
    pub name: String,
    /// The group's key, if we are an admin.
    pub secret: Option<Ed25519SecretKey>,
    /// Our access, if we are a member.
    pub auth: Option<AuthData>,
    /// Whether and how it was lost.
    pub removed: Removed,
}

impl Group {
    /// A group of which nothing is known.
    pub fn new(id: GroupId) -> Self {
        Self {
            id,
            common: Common::default(),
            name: String::new(),
            secret: None,
            auth: None,
            removed: Removed::No,
        }
    }

    /// A group of our own, by its key.
    pub fn owned(secret: Ed25519SecretKey) -> Self {
        Self {
            secret: Some(secret.clone()),
            ..Self::new(GroupId::from_key(secret.public()))
        }
    }

    /// We were removed: access is gone.
    pub fn mark_kicked(&mut self) {
        (self.secret, self.auth) = (None, None);
        if self.removed != Removed::Destroyed {
            self.removed = Removed::Kicked;
        }
    }

    /// A new invitation came.
    pub fn mark_invited(&mut self) {
        if self.removed == Removed::Kicked {
            self.removed = Removed::No;
        }
    }

    /// The group is no more.
    pub fn mark_destroyed(&mut self) {
        (self.secret, self.auth) = (None, None);
        self.removed = Removed::Destroyed;
    }

    fn read(id: GroupId, record: &Dict) -> Self {
        let secret = record
            .array("K")
            .map(|seed| Ed25519SecretKey::from_seed(&seed));
        Self {
            id,
            common: Common::read(record),
            name: record.text("n"),
            secret: secret.filter(|secret| secret.public() == *id.key()),
            auth: record.array("s").map(AuthData),
            removed: match record.int("r") {
                Some(1) => Removed::Kicked,
                Some(2) => Removed::Destroyed,
                _ => Removed::No,
            },
        }
    }
}

/// A room of a community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityRecord {
    /// Server and room, the room with its capitals.
    pub community: Community,
    /// What every record has.
    pub common: Common,
}

/// A group of the old kind: a record that is shown and kept, never made (30-config Decisions 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyGroup {
    /// Which one.
    pub id: AccountId,
    /// What every record has.
    pub common: Common,
    /// Its name.
    pub name: String,
    /// The public half of its encryption key, if the pair is there.
    pub encryption_key: Option<[u8; 32]>,
    /// Who is in it, and whether as an admin.
    pub members: SortedMap<AccountId, bool>,
    /// After how many seconds its messages disappeared.
    pub timer_s: Option<u32>,
}

impl LegacyGroup {
    fn read(id: AccountId, record: &Dict) -> Self {
        let ids = |key| {
            record
                .set(key)
                .into_iter()
                .flatten()
                .filter_map(|id| match id {
                    Scalar::Bytes(id) => AccountId::from_bytes(id.as_slice()).ok(),
                    Scalar::Int(_) => None,
                })
        };
        // Who stands in both lists counts as a member.
        let admins = ids("a").map(|id| (id, true));
        let members = ids("m").map(|id| (id, false));
        let secret: Option<[u8; 32]> = record.array("K");
        Self {
            id,
            common: Common::read(record),
            name: record.text("n"),
            encryption_key: record.array("k").filter(|_| secret.is_some()),
            members: admins.chain(members).collect(),
            timer_s: record.timer_s("E"),
        }
    }
}

impl UserGroups {
    /// One group.
    pub fn group(&self, id: &GroupId) -> Option<Group> {
        let record = self.record(&[GROUPS, &id.to_bytes()])?;
        Some(Group::read(*id, record))
    }

    /// All groups, by ID.
    pub fn groups(&self) -> impl Iterator<Item = Group> + '_ {
        records(self.data().dict("g"))
            .filter_map(|(id, record)| Some(Group::read(GroupId::from_bytes(id)?, record)))
    }

    /// Adds or changes a group. A secret key of another group is not written.
    pub fn set_group(&mut self, group: &Group) -> Result<(), EditError> {
        let id = group.id.to_bytes();
        let mut record = Record::at(&mut self.0, &[GROUPS, &id]);
        group.common.write(&mut record)?;
        record.text("n", truncated(&group.name, MAX_NAME))?;
        record.positive(
            "r",
            match group.removed {
                Removed::No => 0,
                Removed::Kicked => 1,
                Removed::Destroyed => 2,
            },
        )?;
        let secret = group.secret.as_ref();
        match secret.filter(|secret| secret.public() == *group.id.key()) {
            Some(secret) => record.put("K", secret.seed().as_slice()),
            None => {
                record.put("K", b"".as_slice())?;
                match &group.auth {
                    Some(auth) => record.put("s", auth.0.as_slice()),
                    None => record.erase("s"),
                }
            }
        }
    }

    /// Leaves a group on all devices.
    pub fn erase_group(&mut self, id: &GroupId) -> Result<(), EditError> {
        self.0.erase_value(&[GROUPS, &id.to_bytes()])
    }

    /// One room. The key of the server in `community` does not matter.
    pub fn community(&self, community: &Community) -> Option<CommunityRecord> {
        let room = community.room_key();
        let server = [COMMUNITIES, community.base_url().as_bytes()];
        let record = self.record(&[server[0], server[1], ROOMS, room.as_bytes()])?;
        let key = self.record(&server)?.array("#").map(X25519PublicKey)?;
        read_room(community.base_url(), &room, key, record)
    }

    /// All rooms, by server and room.
    pub fn communities(&self) -> impl Iterator<Item = CommunityRecord> + '_ {
        records(self.data().dict("o")).flat_map(|(base_url, server)| {
            let key = server.array("#").map(X25519PublicKey);
            records(server.dict("R")).filter_map(move |(room, record)| {
                let text = |bytes| std::str::from_utf8(bytes).ok();
                read_room(text(base_url)?, text(room)?, key?, record)
            })
        })
    }

    /// Adds or changes a room. All rooms of a server have the key that was written last.
    pub fn set_community(&mut self, record: &CommunityRecord) -> Result<(), EditError> {
        let CommunityRecord { community, common } = record;
        let server = [COMMUNITIES, community.base_url().as_bytes()];
        Record::at(&mut self.0, &server).put("#", community.server_key().0.as_slice())?;
        let room = community.room_key();
        let path = [server[0], server[1], ROOMS, room.as_bytes()];
        let mut record = Record::at(&mut self.0, &path);
        common.write(&mut record)?;
        record.put("n", community.room())
    }

    /// Leaves a room on all devices; the server goes with its last room.
    pub fn erase_community(&mut self, community: &Community) -> Result<(), EditError> {
        let room = community.room_key();
        let server = [COMMUNITIES, community.base_url().as_bytes()];
        self.0
            .erase_value(&[server[0], server[1], ROOMS, room.as_bytes()])?;
        if self.0.value(&[server[0], server[1], ROOMS]).is_none() {
            self.0.erase_value(&server)?;
        }
        Ok(())
    }

    /// All groups of the old kind, by ID.
    pub fn legacy_groups(&self) -> impl Iterator<Item = LegacyGroup> + '_ {
        records(self.data().dict("C")).filter_map(|(id, record)| {
            Some(LegacyGroup::read(AccountId::from_bytes(id).ok()?, record))
        })
    }

    /// Pins, unpins or hides a group of the old kind that is there.
    pub fn set_legacy_priority(&mut self, id: &AccountId, priority: i64) -> Result<(), EditError> {
        let id = id.to_bytes();
        if self.record(&[LEGACY, &id]).is_none() {
            return Ok(());
        }
        Record::at(&mut self.0, &[LEGACY, &id]).nonzero("+", priority)
    }

    /// Deletes the record of a group of the old kind.
    pub fn erase_legacy_group(&mut self, id: &AccountId) -> Result<(), EditError> {
        self.0.erase_value(&[LEGACY, &id.to_bytes()])
    }

    fn record(&self, path: &[&[u8]]) -> Option<&Dict> {
        match self.0.value(path)? {
            Value::Dict(record) => Some(record),
            Value::Scalar(_) | Value::Set(_) => None,
        }
    }
}

/// The capitals of a room stand in its record. A record whose name is another room's is read under its key.
fn read_room(
    base_url: &str,
    room: &str,
    key: X25519PublicKey,
    record: &Dict,
) -> Option<CommunityRecord> {
    let named = record.text("n");
    let written = if named.eq_ignore_ascii_case(room) {
        named.as_str()
    } else {
        room
    };
    Some(CommunityRecord {
        community: Community::new(base_url, written, key).ok()?,
        common: Common::read(record),
    })
}
