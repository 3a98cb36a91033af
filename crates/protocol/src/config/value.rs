//! The data of a config (30-config 2.1): integers, byte strings, sets of both, and dictionaries of all of them.
//!
//! The order of the containers is the order on the wire: integers before strings, strings by their bytes.

use super::bt::{self, BtError, Next, Reader};
use crate::sorted::{SortedMap, SortedSet};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A byte string. Configs hold keys, so it is wiped on drop and `Debug` shows its length only.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize, ZeroizeOnDrop)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Bytes {
    fn from(bytes: &T) -> Self {
        Self(bytes.as_ref().to_vec())
    }
}

/// What a set can hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// An integer of 64 bits.
    Int(i64),
    /// A byte string.
    Bytes(Bytes),
}

/// Unique scalars in ascending order.
pub type Set = SortedSet<Scalar>;

/// Keys and values in ascending order of the keys.
pub type Dict = SortedMap<Vec<u8>, Value>;

/// A value of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An integer or a byte string.
    Scalar(Scalar),
    /// Unique scalars.
    Set(Set),
    /// Nested keys and values.
    Dict(Dict),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Scalar(Scalar::Int(value))
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Scalar(Scalar::Bytes(value.into()))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        value.as_bytes().into()
    }
}

impl Value {
    /// Empty sets and dictionaries are not written.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::Set(set) => set.is_empty(),
            Self::Dict(dict) => dict.is_empty(),
        }
    }
}

/// Why bytes are not the data of a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Not bt-encoded.
    #[error(transparent)]
    Encoding(#[from] BtError),
    /// An empty set or dictionary below the top, which every writer leaves out.
    #[error("a set or dictionary is empty")]
    Unpruned,
    /// A set whose members are no scalars or do not ascend.
    #[error("a set holds something else than ascending scalars")]
    Set,
}

/// Removes empty sets and dictionaries, from the inside out.
pub fn prune(dict: &mut Dict) {
    dict.retain(|_, value| {
        if let Value::Dict(inner) = value {
            prune(inner);
        }
        !value.is_empty()
    });
}

/// Appends a dictionary.
pub fn put_dict(out: &mut Vec<u8>, dict: &Dict) {
    out.push(b'd');
    for (key, value) in dict {
        bt::put_bytes(out, key);
        match value {
            Value::Scalar(scalar) => put_scalar(out, scalar),
            Value::Set(set) => put_set(out, set),
            Value::Dict(inner) => put_dict(out, inner),
        }
    }
    out.push(b'e');
}

/// Appends a set.
pub fn put_set(out: &mut Vec<u8>, set: &Set) {
    out.push(b'l');
    for member in set {
        put_scalar(out, member);
    }
    out.push(b'e');
}

fn put_scalar(out: &mut Vec<u8>, scalar: &Scalar) {
    match scalar {
        Scalar::Int(value) => bt::put_int(out, *value),
        Scalar::Bytes(value) => bt::put_bytes(out, value.as_slice()),
    }
}

/// Reads the top dictionary, which alone may be empty. The depth of the calls is that of the reader.
pub fn read_dict(reader: &mut Reader<'_>) -> Result<Dict, DataError> {
    reader.open_dict()?;
    let (mut dict, mut last_key) = (Dict::new(), None);
    while !reader.close()? {
        let key = reader.key(&mut last_key)?.to_vec();
        let value = match reader.peek()? {
            Next::Int | Next::Bytes => Value::Scalar(read_scalar(reader)?),
            Next::List => Value::Set(read_set(reader)?),
            Next::Dict => Value::Dict(read_dict(reader)?),
            Next::End => return Err(BtError::Unexpected.into()),
        };
        if value.is_empty() {
            return Err(DataError::Unpruned);
        }
        dict.insert(key, value);
    }
    Ok(dict)
}

/// Reads a set, which may be empty.
pub fn read_set(reader: &mut Reader<'_>) -> Result<Set, DataError> {
    reader.open_list()?;
    let mut set = Set::new();
    while !reader.close()? {
        let member = read_scalar(reader)?;
        if set.last().is_some_and(|last| member <= *last) {
            return Err(DataError::Set);
        }
        set.insert(member);
    }
    Ok(set)
}

fn read_scalar(reader: &mut Reader<'_>) -> Result<Scalar, DataError> {
    match reader.peek()? {
        Next::Int => Ok(Scalar::Int(reader.int()?)),
        Next::Bytes => Ok(Scalar::Bytes(reader.bytes()?.into())),
        Next::List | Next::Dict | Next::End => Err(DataError::Set),
    }
}

#[cfg(test)]
pub(crate) mod strategies {
    use super::*;
    use proptest::prelude::*;

    /// Keys from a small alphabet, so that devices meet on the same ones.
    pub fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::sample::select(vec![
            b"".to_vec(),
            b"a".to_vec(),
            b"b".to_vec(),
            b"bb".to_vec(),
            vec![0xff],
        ])
    }

    pub fn scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            (-3..3i64).prop_map(Scalar::Int),
            prop::sample::select(vec!["", "-", "x", "yy"])
                .prop_map(|text| Scalar::Bytes(text.into())),
        ]
    }

    pub fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            scalar().prop_map(Value::Scalar),
            prop::collection::btree_set(scalar(), 1..4)
                .prop_map(|members| Value::Set(members.into_iter().collect())),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop::collection::btree_map(key(), inner, 1..4)
                .prop_map(|entries| Value::Dict(entries.into_iter().collect()))
        })
    }

    pub fn dict() -> impl Strategy<Value = Dict> {
        prop::collection::btree_map(key(), value(), 0..4)
            .prop_map(|entries| entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Result<Dict, DataError> {
        let mut reader = Reader::new(text);
        let dict = read_dict(&mut reader)?;
        reader.finish()?;
        Ok(dict)
    }

    #[test]
    fn debug_shows_no_bytes() {
        let dict = Dict::from([(b"K".to_vec(), "secret".into())]);
        let shown = format!("{dict:?}");
        assert!(
            shown.contains("Bytes(6)") && !shown.contains("secret"),
            "{shown}"
        );
    }

    #[test]
    fn what_no_writer_writes_is_refused() {
        for (text, error) in [
            ("d1:adee", DataError::Unpruned),
            ("d1:alee", DataError::Unpruned),
            ("d1:ali2ei1eee", DataError::Set),
            ("d1:ali1ei1eee", DataError::Set),
            ("d1:al1:ai1eee", DataError::Set),
            ("d1:alleee", DataError::Set),
            ("d1:b0:1:a0:e", DataError::Encoding(BtError::Order)),
            ("d1:aee", DataError::Encoding(BtError::Unexpected)),
        ] {
            assert_eq!(read(text.as_bytes()), Err(error), "{text}");
        }
        assert_eq!(read(b"de"), Ok(Dict::new()));
    }

    proptest! {
        #[test]
        fn data_reads_back_as_it_was_written(dict in strategies::dict()) {
            let mut out = Vec::new();
            put_dict(&mut out, &dict);
            let again = read(&out).unwrap();
            prop_assert_eq!(&again, &dict);
            let mut rewritten = Vec::new();
            put_dict(&mut rewritten, &again);
            prop_assert_eq!(rewritten, out);
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(prop::sample::select(b"idle012:ab\0".to_vec()), 0..60)) {
            if let Ok(dict) = read(&bytes) {
                let mut out = Vec::new();
                put_dict(&mut out, &dict);
                prop_assert_eq!(out, bytes);
            }
        }
    }
}
