//! Who is in a group (31-groups 7.2).

use super::encrypt::KeyBase;
use super::fields::{Fields, MAX_NAME, Record, check_picture, records, truncated, typed_config};
use super::group_info::Holder;
use super::object::EditError;
use super::value::{Dict, Value};
use super::{Config, Kind, LoadError};
use crate::id::AccountId;
use crate::keys::Ed25519SecretKey;
use crate::message::content::ProfilePicture;

/// The GroupMembers config: admins write and sign, members verify.
#[derive(Clone, Debug)]
pub struct GroupMembers(pub(super) Config);

typed_config!(GroupMembers);

const MEMBERS: &[u8] = b"m";

/// How far an invitation or a promotion got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// It is accepted, or there never was one.
    #[default]
    Accepted,
    /// It was sent.
    Sent,
    /// Sending failed.
    Failed,
    /// It was not sent yet.
    NotSent,
}

impl Progress {
    const fn code(self) -> u64 {
        match self {
            Self::Accepted => 0,
            Self::Sent => 1,
            Self::Failed => 2,
            Self::NotSent => 3,
        }
    }
    fn from_code(code: Option<i64>) -> Self {
        match code {
            Some(1) => Self::Sent,
            Some(2) => Self::Failed,
            Some(3) => Self::NotSent,
            _ => Self::Accepted,
        }
    }
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Invited, or in.
    Member(Progress),
    /// Promoted, or an admin.
    Admin(Progress),
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub id: AccountId,
    /// Their name; at most 100 bytes are written.
    pub name: String,
    /// Their picture.
    pub picture: Option<ProfilePicture>,
    /// What they are.
    pub role: Role,
    /// They were invited together with the keys of earlier messages. Means nothing unless an invitation is under way.
    pub supplement: bool,
    /// Removed: `Some(true)` when their messages are to be deleted as well.
    pub removed: Option<bool>,
}

impl Member {
    /// Somebody who is to be invited.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            name: String::new(),
            picture: None,
            role: Role::Member(Progress::NotSent),
            supplement: false,
            removed: None,
        }
    }

    /// Notes how far their invitation got.
    pub fn set_invite(&mut self, progress: Progress) {
        self.role = Role::Member(progress);
        if progress == Progress::Accepted {
            self.supplement = false;
        }
    }

    /// Notes how far their promotion got. A new one begins with [`Progress::NotSent`].
    pub fn set_promotion(&mut self, progress: Progress) {
        self.role = Role::Admin(progress);
        self.supplement = false;
    }

    /// Removes them, and their messages if asked for.
    pub fn set_removed(&mut self, with_messages: bool) {
        self.role = match self.role {
            Role::Member(_) => Role::Member(Progress::Accepted),
            Role::Admin(_) => Role::Admin(Progress::Accepted),
        };
        self.removed = Some(with_messages);
    }

    fn read(id: AccountId, record: &Dict) -> Self {
        let role = if record.flag("A") {
            Role::Admin(Progress::from_code(record.int("P")))
        } else {
            Role::Member(Progress::from_code(record.int("I")))
        };
        Self {
            id,
            name: record.text("n"),
            picture: record.picture("p", "q"),
            role,
            supplement: record.flag("s"),
            removed: match record.int("R") {
                Some(1) => Some(false),
                Some(2) => Some(true),
                _ => None,
            },
        }
    }
}

impl GroupMembers {
    /// The empty config of a group, with the group's encryption keys, newest first.
    pub fn new(holder: Holder, keys: Vec<KeyBase>) -> Self {
        Self(holder.config(Kind::GroupMembers, keys))
    }

    /// From what [`dump`](Config::dump) gave.
    pub fn load(holder: Holder, keys: Vec<KeyBase>, dump: &[u8]) -> Result<Self, LoadError> {
        let mut config = Self::new(holder, keys);
        config.0.load(dump)?;
        Ok(config)
    }

    /// Replaces the encryption keys, newest first.
    pub fn set_keys(&mut self, keys: Vec<KeyBase>) {
        self.0.set_keys(keys);
    }

    /// The group has a new key: the same again has to be stored under it.
    pub(super) fn renew(&mut self, keys: Vec<KeyBase>) -> Result<(), EditError> {
        self.0.renew(keys)
    }

    /// The holder became an admin.
    pub(super) fn promote(&mut self, secret: Ed25519SecretKey) {
        self.0.promote(secret);
    }

    /// One member.
    pub fn get(&self, id: &AccountId) -> Option<Member> {
        match self.data().dict("m")?.get(id.to_bytes().as_slice())? {
            Value::Dict(record) => Some(Member::read(*id, record)),
            Value::Scalar(_) | Value::Set(_) => None,
        }
    }

    /// All members, by ID.
    pub fn iter(&self) -> impl Iterator<Item = Member> + '_ {
        records(self.data().dict("m"))
            .filter_map(|(id, record)| Some(Member::read(AccountId::from_bytes(id).ok()?, record)))
    }

    /// The IDs of all records as they stand, also of those whose key is of no use: all of them make the keys of the group.
    pub(super) fn ids(&self) -> impl Iterator<Item = &[u8]> {
        records(self.data().dict("m"))
            .map(|(id, _)| id)
            .filter(|id| id.len() == 33 && id[0] == AccountId::PREFIX)
    }

    /// Adds or changes a member.
    pub fn set(&mut self, member: &Member) -> Result<(), EditError> {
        check_picture(member.picture.as_ref())?;
        let id = member.id.to_bytes();
        let mut record = Record::at(&mut self.0, &[MEMBERS, &id]);
        record.put("n", truncated(&member.name, MAX_NAME))?;
        record.picture("p", "q", member.picture.as_ref())?;
        let (admin, promotion, invite) = match member.role {
            Role::Admin(progress) => (true, progress, Progress::Accepted),
            Role::Member(progress) => (false, Progress::Accepted, progress),
        };
        record.flag("A", admin)?;
        record.positive("P", promotion.code())?;
        record.positive("I", invite.code())?;
        record.flag("s", member.supplement)?;
        record.positive(
            "R",
            member
                .removed
                .map_or(0, |with_messages| 1 + u64::from(with_messages)),
        )
    }

    /// Takes a member out of the list.
    pub fn erase(&mut self, id: &AccountId) -> Result<(), EditError> {
        self.0.erase_value(&[MEMBERS, &id.to_bytes()])
    }
}
