//! Reading parameters as the node software does: `null` is absent, types are strict, the texts of the refusals are exact
//! (10-network 3.2, 15-observed-service-node 3).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use onionskin_protocol::id::{Namespace, SwarmId};
use onionskin_protocol::rpc::signed::{Scope, SubaccountToken};
use serde_json::{Map, Value};

/// Times below this many ms are taken for seconds and refused.
const SMALLEST_TIME_MS: i64 = 1_000_000_000;

/// A refusal of the parameters; the text follows `invalid request: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub String);

type Result<T> = std::result::Result<T, FieldError>;

/// A refusal with this text.
pub fn refuse<T>(text: impl Into<String>) -> Result<T> {
    Err(FieldError(text.into()))
}

fn expected<T>(name: &str, what: &str) -> Result<T> {
    refuse(format!("Invalid value given for '{name}': expected {what}"))
}

/// The parameters of one method.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(pub &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The value, `null` being absent.
    pub fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(
        self,
        name: &str,
        what: &str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match convert(value) {
                Some(converted) => Ok(Some(converted)),
                None => expected(name, what),
            },
        }
    }

    /// A string.
    pub fn string(self, name: &str) -> Result<Option<&'a str>> {
        self.read(name, "string", Value::as_str)
    }

    /// A boolean.
    pub fn boolean(self, name: &str) -> Result<Option<bool>> {
        self.read(name, "boolean", Value::as_bool)
    }

    /// An integer that the node cuts to 32 bits.
    pub fn int(self, name: &str) -> Result<Option<i32>> {
        self.read(name, "integer", integer)
            .map(|value| value.map(|n| n as i32))
    }

    /// A namespace.
    pub fn namespace(self, name: &str) -> Result<Option<Namespace>> {
        match self.read(name, "16-bit integer", integer)? {
            None => Ok(None),
            Some(number) => in_range(name, number).map(Some),
        }
    }

    /// A namespace, or `"all"`.
    pub fn scope(self, name: &str) -> Result<Option<Scope>> {
        const WHAT: &str = "integer or \"all\"";
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text == "all" => Ok(Some(Scope::All)),
            Some(value) => match integer(value) {
                Some(number) => in_range(name, number).map(|namespace| Some(Scope::One(namespace))),
                None => expected(name, WHAT),
            },
        }
    }

    /// A time in ms as an unsigned integer.
    pub fn time(self, name: &str) -> Result<Option<i64>> {
        let value = self.read(name, "integer timestamp (in milliseconds)", Value::as_u64)?;
        match value.map(|ms| ms as i64) {
            Some(ms) if ms < SMALLEST_TIME_MS => refuse(format!(
                "Invalid timestamp for '{name}': timestamp must be in milliseconds"
            )),
            other => Ok(other),
        }
    }

    /// One time or a list of times, ms, of any size.
    pub fn times(self, name: &str) -> Result<Option<Vec<i64>>> {
        self.read(name, "timestamp array", |value| match value {
            Value::Array(list) => list
                .iter()
                .map(|v| v.as_u64().map(|ms| ms as i64))
                .collect(),
            single => single.as_u64().map(|ms| vec![ms as i64]),
        })
    }

    /// One string or a list of strings.
    pub fn strings(self, name: &str) -> Result<Option<Vec<String>>> {
        self.read(name, "string array", |value| match value {
            Value::Array(list) => list.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
            single => single.as_str().map(|text| vec![text.to_owned()]),
        })
    }

    /// One integer or a list of integers, cut to 32 bits.
    pub fn ints(self, name: &str) -> Result<Option<Vec<i32>>> {
        self.read(name, "integer array", |value| match value {
            Value::Array(list) => list.iter().map(|v| integer(v).map(|n| n as i32)).collect(),
            single => integer(single).map(|n| vec![n as i32]),
        })
    }

    /// `timestamp` of `store`: an integer, or its decimal text.
    pub fn stringified_integer(self, name: &str) -> Result<Option<i64>> {
        match self.get(name) {
            Some(text @ Value::String(digits)) => match digits
                .strip_prefix('+')
                .map_or(digits.parse(), |_| "".parse())
            {
                Ok(number) => Ok(Some(number)),
                Err(_) => refuse(format!("Invalid value given for '{name}': {text}")),
            },
            _ => self.read(name, "integer", integer),
        }
    }

    /// `ttl` of `store`: an unsigned integer, or its decimal text.
    pub fn stringified_unsigned(self, name: &str) -> Result<Option<u64>> {
        match self.get(name) {
            Some(text @ Value::String(digits)) => match digits
                .strip_prefix('+')
                .map_or(digits.parse(), |_| "".parse())
            {
                Ok(number) => Ok(Some(number)),
                Err(_) => refuse(format!("Invalid value given for '{name}': {text}")),
            },
            _ => self.read(name, "positive integer", Value::as_u64),
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_u64().map(|n| n as i64))
}

fn in_range(name: &str, number: i64) -> Result<Namespace> {
    match i16::try_from(number) {
        Ok(namespace) => Ok(Namespace(namespace)),
        Err(_) => refuse(format!(
            "Invalid value given for '{name}': value out of range"
        )),
    }
}

/// The field, or `Required field … missing`.
pub fn require<T>(name: &str, value: Option<T>) -> Result<T> {
    value.map_or_else(|| refuse(format!("Required field '{name}' missing")), Ok)
}

/// One of two spellings of the same field, named after the first.
pub fn one_of_aliases<T>(first: &str, a: Option<T>, second: &str, b: Option<T>) -> Result<T> {
    at_most_one(first, &a, second, &b)?;
    require(first, a.or(b))
}

/// Not both.
pub fn at_most_one<A, B>(first: &str, a: &Option<A>, second: &str, b: &Option<B>) -> Result<()> {
    if a.is_some() && b.is_some() {
        return refuse(format!("Cannot specify both '{first}' and '{second}'"));
    }
    Ok(())
}

/// 66 hex digits of either case.
pub fn account(text: &str) -> Option<SwarmId> {
    SwarmId::from_hex(text)
}

/// Whether the node takes a text for base64: the standard alphabet, padded to a multiple of four or not at all.
pub fn is_base64(text: &str) -> bool {
    lenient_base64(text).is_some()
}

/// Decodes what [`is_base64`] accepts. Bits left over at the end are ignored, as the node does.
pub fn lenient_base64(text: &str) -> Option<Vec<u8>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    if text.ends_with('=') && !text.len().is_multiple_of(4) {
        return None;
    }
    ENGINE.decode(text).ok()
}

/// A signature: 86 characters of base64, or 88 with `==`.
pub fn signature(text: &str) -> Option<[u8; 64]> {
    if text.len() != 86 && !(text.len() == 88 && text.ends_with("==")) {
        return None;
    }
    lenient_base64(text)?.try_into().ok()
}

/// A subaccount token: 48 characters of base64 or 72 hex digits.
pub fn token(text: &str) -> Option<SubaccountToken> {
    match text.len() {
        48 => lenient_base64(text)?.try_into().ok(),
        72 => hex::decode(text).ok()?.try_into().ok(),
        _ => None,
    }
}
