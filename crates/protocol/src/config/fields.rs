//! How single values stand in the data (30-config 9): what readers make of them, and when writers leave them out.

use super::object::{Config, EditError};
use super::value::{Dict, Scalar, Set, Value};
use crate::message::content::ProfilePicture;

/// The longest name or nickname that is written, in bytes of UTF-8.
pub const MAX_NAME: usize = 100;

/// The longest URL of a picture that is written, in bytes.
pub const MAX_PICTURE_URL: usize = 223;

/// Bytes of the key of a picture.
pub const PICTURE_KEY: usize = 32;

/// When the device should make itself heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notify {
    /// As the settings of the app say.
    #[default]
    Default,
    /// At every message.
    All,
    /// Never.
    Disabled,
    /// When one is mentioned.
    Mentions,
}

impl Notify {
    /// 0 to 3.
    pub const fn code(self) -> i64 {
        match self {
            Self::Default => 0,
            Self::All => 1,
            Self::Disabled => 2,
            Self::Mentions => 3,
        }
    }
    /// Anything unknown is the default.
    pub const fn from_code(code: i64) -> Self {
        match code {
            1 => Self::All,
            2 => Self::Disabled,
            3 => Self::Mentions,
            _ => Self::Default,
        }
    }
}

/// The largest number that is read as seconds.
const MAX_SECONDS: i64 = 9_000_000_000;

/// Seconds, whatever unit the writer had: other clients have written milliseconds and microseconds. Never negative, and
/// never more than what is read as seconds once more.
pub fn seconds(time: i64) -> u64 {
    let seconds = match time {
        9_000_000_000_001.. => time / 1_000_000,
        9_000_000_001.. => time / 1_000,
        _ => time,
    };
    u64::try_from(seconds.min(MAX_SECONDS)).unwrap_or(0)
}

/// The longest beginning of `text` that has at most `max` bytes and ends between two characters.
pub fn truncated(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Reads values of a record. A value of another kind counts as absent.
pub(super) trait Fields {
    fn int(&self, key: &str) -> Option<i64>;
    fn bytes(&self, key: &str) -> Option<&[u8]>;
    fn set(&self, key: &str) -> Option<&Set>;
    fn dict(&self, key: &str) -> Option<&Dict>;

    /// Text, or nothing. What is not UTF-8 is replaced character by character.
    fn text(&self, key: &str) -> String {
        self.bytes(key).map_or_else(String::new, |bytes| {
            String::from_utf8_lossy(bytes).into_owned()
        })
    }
    fn flag(&self, key: &str) -> bool {
        self.int(key).unwrap_or(0) != 0
    }
    fn time_s(&self, key: &str) -> u64 {
        seconds(self.int(key).unwrap_or(0))
    }
    /// A positive number of seconds that fits into 32 bits, or nothing.
    fn timer_s(&self, key: &str) -> Option<u32> {
        let seconds = u32::try_from(self.int(key)?).ok()?;
        (seconds > 0).then_some(seconds)
    }
    fn array<const N: usize>(&self, key: &str) -> Option<[u8; N]> {
        self.bytes(key)?.try_into().ok()
    }
    /// URL and key count only together.
    fn picture(&self, url: &str, key: &str) -> Option<ProfilePicture> {
        let url = self.text(url);
        let key = self.bytes(key)?;
        (!url.is_empty() && key.len() == PICTURE_KEY).then(|| ProfilePicture {
            url,
            key: key.to_vec(),
        })
    }
}

impl Fields for Dict {
    fn int(&self, key: &str) -> Option<i64> {
        match self.get(key.as_bytes())? {
            Value::Scalar(Scalar::Int(value)) => Some(*value),
            _ => None,
        }
    }
    fn bytes(&self, key: &str) -> Option<&[u8]> {
        match self.get(key.as_bytes())? {
            Value::Scalar(Scalar::Bytes(value)) => Some(value.as_slice()),
            _ => None,
        }
    }
    fn set(&self, key: &str) -> Option<&Set> {
        match self.get(key.as_bytes())? {
            Value::Set(set) => Some(set),
            _ => None,
        }
    }
    fn dict(&self, key: &str) -> Option<&Dict> {
        match self.get(key.as_bytes())? {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }
}

/// The records of a dictionary. What is no dictionary itself is passed over.
pub(super) fn records(dict: Option<&Dict>) -> impl Iterator<Item = (&[u8], &Dict)> {
    dict.into_iter()
        .flatten()
        .filter_map(|(key, value)| match value {
            Value::Dict(record) => Some((key.as_slice(), record)),
            Value::Scalar(_) | Value::Set(_) => None,
        })
}

/// Whether a picture can be written. To be asked before the first value of a record is: a refused edit changes nothing.
pub(super) fn check_picture(picture: Option<&ProfilePicture>) -> Result<(), EditError> {
    let Some(picture) = picture else {
        return Ok(());
    };
    if picture.url.is_empty() || picture.url.len() > MAX_PICTURE_URL {
        return Err(EditError::Value(MAX_PICTURE_URL));
    }
    if picture.key.len() != PICTURE_KEY {
        return Err(EditError::Value(PICTURE_KEY));
    }
    Ok(())
}

/// Writes values of one record, key by key: what it does not know stays.
pub(super) struct Record<'a> {
    config: &'a mut Config,
    path: Vec<&'a [u8]>,
}

impl<'a> Record<'a> {
    pub fn at(config: &'a mut Config, path: &[&'a [u8]]) -> Self {
        Self {
            config,
            path: path.to_vec(),
        }
    }

    pub fn put(&mut self, key: &str, value: impl Into<Value>) -> Result<(), EditError> {
        let path = [&self.path[..], &[key.as_bytes()]].concat();
        self.config.put_value(&path, value.into())
    }
    pub fn erase(&mut self, key: &str) -> Result<(), EditError> {
        let path = [&self.path[..], &[key.as_bytes()]].concat();
        self.config.erase_value(&path)
    }
    fn put_if(
        &mut self,
        key: &str,
        written: bool,
        value: impl Into<Value>,
    ) -> Result<(), EditError> {
        if written {
            self.put(key, value)
        } else {
            self.erase(key)
        }
    }

    pub fn flag(&mut self, key: &str, value: bool) -> Result<(), EditError> {
        self.put_if(key, value, 1)
    }
    pub fn nonzero(&mut self, key: &str, value: i64) -> Result<(), EditError> {
        self.put_if(key, value != 0, value)
    }
    pub fn positive(&mut self, key: &str, value: u64) -> Result<(), EditError> {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.put_if(key, value > 0, value)
    }
    pub fn text(&mut self, key: &str, value: &str) -> Result<(), EditError> {
        self.put_if(key, !value.is_empty(), value)
    }
    /// Both or none.
    pub fn picture(
        &mut self,
        url: &str,
        key: &str,
        picture: Option<&ProfilePicture>,
    ) -> Result<(), EditError> {
        let Some(picture) = picture else {
            self.erase(url)?;
            return self.erase(key);
        };
        check_picture(Some(picture))?;
        self.put(url, picture.url.as_str())?;
        self.put(key, picture.key.as_slice())
    }
}

/// Makes a typed config out of [`Config`]: everything that all of them can do is reached through it.
macro_rules! typed_config {
    ($type:ident) => {
        impl std::ops::Deref for $type {
            type Target = $crate::config::Config;
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
        impl std::ops::DerefMut for $type {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }
    };
}
pub(super) use typed_config;

/// The constructors of a config of an account.
macro_rules! account_config {
    ($type:ident) => {
        $crate::config::fields::typed_config!($type);
        impl $type {
            /// The empty config of an account.
            pub fn new(account: &$crate::keys::Ed25519SecretKey) -> Self {
                let kind = $crate::config::Kind::$type;
                Self($crate::config::Config::of_account(kind, account))
            }
            /// From what `dump` gave.
            pub fn load(
                account: &$crate::keys::Ed25519SecretKey,
                dump: &[u8],
            ) -> Result<Self, $crate::config::LoadError> {
                let mut config = Self::new(account);
                config.0.load(dump)?;
                Ok(config)
            }
        }
    };
}
pub(super) use account_config;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_in_other_units_become_seconds() {
        for (written, read) in [
            (1_733_979_503, 1_733_979_503),
            (1_733_979_503_520, 1_733_979_503),
            (1_733_979_503_520_780, 1_733_979_503),
            (9_000_000_000, 9_000_000_000),
            (9_000_000_000_000, 9_000_000_000),
            (i64::MAX, 9_000_000_000),
            (-5, 0),
            (i64::MIN, 0),
        ] {
            assert_eq!(seconds(written), read, "{written}");
        }
    }

    proptest! {
        #[test]
        fn seconds_stay_seconds(written: i64) {
            let read = seconds(written);
            prop_assert_eq!(seconds(read as i64), read);
        }
    }

    #[test]
    fn an_unknown_way_to_notify_is_the_default() {
        for code in -1..6 {
            let known = (0..4).contains(&code);
            assert_eq!(Notify::from_code(code).code(), if known { code } else { 0 });
        }
    }

    proptest! {
        #[test]
        fn a_cut_text_ends_between_characters(text in ".{0,40}", max in 0..60usize) {
            let cut = truncated(&text, max);
            prop_assert!(cut.len() <= max && text.starts_with(cut));
            prop_assert!(cut.len() + 4 > max || cut == text);
        }
    }
}
