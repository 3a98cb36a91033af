//! What a group is called and how it looks (31-groups 7.1).

use super::encrypt::KeyBase;
use super::fields::{Fields as _, MAX_NAME, Record, typed_config};
use super::ids::GroupId;
use super::object::{Access, EditError};
use super::{Config, Kind, LoadError};
use crate::keys::Ed25519SecretKey;
use crate::message::content::ProfilePicture;

/// The longest description, in bytes of UTF-8.
pub const MAX_DESCRIPTION: usize = 600;

/// The GroupInfo config: admins write and sign, members verify.
#[derive(Clone, Debug)]
pub struct GroupInfo(pub(super) Config);

typed_config!(GroupInfo);

/// Who holds the configs of a group.
#[derive(Clone, Debug)]
pub enum Holder {
    /// An admin has the group's secret key.
    Admin(Ed25519SecretKey),
    /// A member knows which group it is.
    Member(GroupId),
}

impl Holder {
    pub(super) fn config(self, kind: Kind, keys: Vec<KeyBase>) -> Config {
        let access = match self {
            Self::Admin(secret) => Access::Admin(secret),
            Self::Member(id) => Access::Member(*id.key()),
        };
        Config::new(kind, access, keys)
    }
}

impl GroupInfo {
    /// The empty config of a group, with the group's encryption keys, newest first.
    pub fn new(holder: Holder, keys: Vec<KeyBase>) -> Self {
        Self(holder.config(Kind::GroupInfo, keys))
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

    /// The name.
    pub fn name(&self) -> String {
        self.data().text("n")
    }
    /// Sets the name, at most 100 bytes.
    pub fn set_name(&mut self, name: &str) -> Result<(), EditError> {
        self.set_text("n", name, MAX_NAME)
    }

    /// The description.
    pub fn description(&self) -> String {
        self.data().text("o")
    }
    /// Sets the description, at most 600 bytes.
    pub fn set_description(&mut self, description: &str) -> Result<(), EditError> {
        self.set_text("o", description, MAX_DESCRIPTION)
    }

    /// The picture.
    pub fn picture(&self) -> Option<ProfilePicture> {
        self.data().picture("p", "q")
    }
    /// Sets or removes the picture (URL of at most 223 bytes, key of 32 bytes).
    pub fn set_picture(&mut self, picture: Option<&ProfilePicture>) -> Result<(), EditError> {
        self.record().picture("p", "q", picture)
    }

    /// After how many seconds messages disappear.
    pub fn timer_s(&self) -> Option<u32> {
        self.data().timer_s("E")
    }
    /// Sets after how many seconds messages disappear.
    pub fn set_timer(&mut self, seconds: Option<u32>) -> Result<(), EditError> {
        self.record().positive("E", seconds.unwrap_or(0).into())
    }

    /// When the group was made, in seconds; 0 = unknown.
    pub fn created_s(&self) -> u64 {
        self.data().time_s("c")
    }
    /// Sets when the group was made, in seconds.
    pub fn set_created(&mut self, time_s: u64) -> Result<(), EditError> {
        self.record().positive("c", time_s)
    }

    /// Messages sent before this time (in seconds) are to be removed; 0 = none.
    pub fn delete_before_s(&self) -> u64 {
        self.data().time_s("d")
    }
    /// Has everybody remove messages sent before this time, in seconds.
    pub fn set_delete_before(&mut self, time_s: u64) -> Result<(), EditError> {
        self.record().positive("d", time_s)
    }

    /// Messages with attachments sent before this time (in seconds) are to be removed; 0 = none.
    pub fn delete_attachments_before_s(&self) -> u64 {
        self.data().time_s("D")
    }
    /// Has everybody remove messages with attachments sent before this time, in seconds.
    pub fn set_delete_attachments_before(&mut self, time_s: u64) -> Result<(), EditError> {
        self.record().positive("D", time_s)
    }

    /// Whether an admin deleted the group for everybody.
    pub fn is_destroyed(&self) -> bool {
        self.data().flag("!")
    }
    /// Deletes the group for everybody. There is no way back.
    pub fn destroy(&mut self) -> Result<(), EditError> {
        self.record().flag("!", true)
    }

    fn set_text(&mut self, key: &str, text: &str, max: usize) -> Result<(), EditError> {
        if text.len() > max {
            return Err(EditError::Value(max));
        }
        self.record().text(key, text)
    }

    fn record(&mut self) -> Record<'_> {
        Record::at(&mut self.0, &[])
    }
}
