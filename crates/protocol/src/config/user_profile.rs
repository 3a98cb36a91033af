//! The account's own name, picture and settings (30-config 10).

use super::Config;
use super::fields::{Fields as _, MAX_NAME, Record, account_config};
use super::object::EditError;
use crate::message::content::ProfilePicture;

/// The UserProfile config. Keys of Session Pro (`s f E A G R I`) pass through untouched.
#[derive(Clone, Debug)]
pub struct UserProfile(pub(super) Config);

account_config!(UserProfile);

impl UserProfile {
    /// The display name; empty when none was ever set.
    pub fn name(&self) -> String {
        self.data().text("n")
    }

    /// Sets the display name, at most 100 bytes; empty removes it. `now_s` is the network's time in seconds.
    pub fn set_name(&mut self, name: &str, now_s: u64) -> Result<(), EditError> {
        if name.len() > MAX_NAME {
            return Err(EditError::Value(MAX_NAME));
        }
        if name == self.name() {
            return Ok(());
        }
        self.record().text("n", name)?;
        self.touch(now_s)
    }

    /// The picture. A refreshed upload of it counts if it is newer than the last change by hand.
    pub fn picture(&self) -> Option<ProfilePicture> {
        let data = self.data();
        if data.time_s("t") >= data.time_s("T") {
            data.picture("p", "q")
        } else {
            data.picture("P", "Q").or_else(|| data.picture("p", "q"))
        }
    }

    /// Sets the picture (URL of at most 223 bytes, key of 32 bytes) or removes it and its refreshed upload.
    pub fn set_picture(
        &mut self,
        picture: Option<&ProfilePicture>,
        now_s: u64,
    ) -> Result<(), EditError> {
        if self.picture().as_ref() == picture {
            return Ok(());
        }
        let mut record = self.record();
        record.picture("p", "q", picture)?;
        if picture.is_none() {
            record.picture("P", "Q", None)?;
        }
        record.positive("t", now_s)
    }

    /// Notes where the same picture lies after it was uploaded again because its file would have expired.
    pub fn set_refreshed_picture(
        &mut self,
        picture: &ProfilePicture,
        now_s: u64,
    ) -> Result<(), EditError> {
        let mut record = self.record();
        record.picture("P", "Q", Some(picture))?;
        record.positive("T", now_s)
    }

    /// When the profile last changed, in seconds, as messages tell it; 0 when it never did.
    pub fn updated_s(&self) -> u64 {
        match self.data().time_s("t") {
            0 => 0,
            changed => changed.max(self.data().time_s("T")),
        }
    }

    /// Where Note to Self stands: negative hidden, 0 normal, positive pinned (greater first).
    pub fn note_to_self_priority(&self) -> i64 {
        self.data().int("+").unwrap_or(0)
    }

    /// Sets where Note to Self stands. Hiding it makes other devices erase its messages.
    pub fn set_note_to_self_priority(&mut self, priority: i64) -> Result<(), EditError> {
        self.record().nonzero("+", priority)
    }

    /// After how many seconds notes to oneself disappear.
    pub fn note_to_self_timer_s(&self) -> Option<u32> {
        self.data().timer_s("e")
    }

    /// Sets after how many seconds notes to oneself disappear.
    pub fn set_note_to_self_timer(&mut self, seconds: Option<u32>) -> Result<(), EditError> {
        self.record().positive("e", seconds.unwrap_or(0).into())
    }

    /// Whether people of communities may write: `None` while nobody chose, which counts as no.
    pub fn community_requests(&self) -> Option<bool> {
        self.data().int("M").map(|value| value != 0)
    }

    /// Notes the choice; `None` takes it back.
    pub fn set_community_requests(
        &mut self,
        allowed: Option<bool>,
        now_s: u64,
    ) -> Result<(), EditError> {
        if allowed == self.community_requests() {
            return Ok(());
        }
        match allowed {
            Some(allowed) => self.record().put("M", i64::from(allowed))?,
            None => self.record().erase("M")?,
        }
        self.touch(now_s)
    }

    /// The time goes to the key that now counts for the picture.
    fn touch(&mut self, now_s: u64) -> Result<(), EditError> {
        let data = self.data();
        let key = if data.time_s("t") >= data.time_s("T") {
            "t"
        } else {
            "T"
        };
        self.record().positive(key, now_s)
    }

    fn record(&mut self) -> Record<'_> {
        Record::at(&mut self.0, &[])
    }
}
