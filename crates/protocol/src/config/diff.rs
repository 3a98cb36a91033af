//! What changed between two versions of the data (30-config 3.1). A diff has the shape of the change and no values: those
//! come from the data of the message that carries it.
//!
//! ```text
//!  key → 0:               the scalar was added or assigned
//!  key → 1:-              the scalar was removed
//!  key → d … e            something in the dictionary changed
//!  key → l l…e l…e e      members of the set were added, members were removed
//! ```

use super::bt::{self, BtError, Next, Reader};
use super::value::{self, DataError, Dict, Set, Value};
use crate::sorted::SortedMap;

/// Changes by key.
pub type Diff = SortedMap<Vec<u8>, Change>;

/// What happened to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A scalar was added or got another value.
    Assigned,
    /// A scalar was removed.
    Removed,
    /// Something in the dictionary changed.
    Nested(Diff),
    /// Members of the set came and went.
    Members {
        /// New members.
        added: Set,
        /// Members that are gone.
        removed: Set,
    },
}

/// Why bytes are not a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// Not bt-encoded, or a list of members that is no set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// None of the four forms.
    #[error("an entry of a diff has none of the known forms")]
    Form,
}

impl From<BtError> for DiffError {
    fn from(error: BtError) -> Self {
        Self::Data(error.into())
    }
}

/// The difference between two pruned dictionaries. A key whose kind (scalar, set, dictionary) changed counts as new.
pub fn between(old: &Dict, new: &Dict) -> Diff {
    let removed = old
        .iter()
        .filter(|(key, _)| !new.contains_key(*key))
        .map(|(key, value)| (key.clone(), whole(value, false)));
    let present = new.iter().filter_map(|(key, value)| {
        let change = match (old.get(key), value) {
            (Some(Value::Scalar(a)), Value::Scalar(b)) => (a != b).then_some(Change::Assigned),
            (Some(Value::Dict(a)), Value::Dict(b)) => {
                let inner = between(a, b);
                (!inner.is_empty()).then_some(Change::Nested(inner))
            }
            (Some(Value::Set(a)), Value::Set(b)) => (a != b).then(|| Change::Members {
                added: b.difference(a).cloned().collect(),
                removed: a.difference(b).cloned().collect(),
            }),
            _ => Some(whole(value, true)),
        };
        Some((key.clone(), change?))
    });
    removed.chain(present).collect()
}

/// A value that was added or removed as a whole.
fn whole(value: &Value, added: bool) -> Change {
    match value {
        Value::Scalar(_) if added => Change::Assigned,
        Value::Scalar(_) => Change::Removed,
        Value::Set(set) if added => Change::Members {
            added: set.clone(),
            removed: Set::new(),
        },
        Value::Set(set) => Change::Members {
            added: Set::new(),
            removed: set.clone(),
        },
        Value::Dict(dict) => {
            let inner = dict.iter();
            Change::Nested(
                inner
                    .map(|(key, value)| (key.clone(), whole(value, added)))
                    .collect(),
            )
        }
    }
}

/// Replays a diff on `target` with the values of `source` (30-config 4). Where the source no longer has the key, or has
/// another kind of value there, a later diff must have removed or replaced it: the key is erased. Leaves empty sets and
/// dictionaries behind.
pub fn apply(target: &mut Dict, diff: &Diff, source: &Dict) {
    for (key, change) in diff {
        match (change, source.get(key)) {
            (Change::Assigned, Some(value @ Value::Scalar(_))) => {
                target.insert(key.clone(), value.clone());
            }
            (Change::Nested(inner), Some(Value::Dict(values))) => {
                let entry = target
                    .entry(key.clone())
                    .or_insert(Value::Dict(Dict::new()));
                if !matches!(entry, Value::Dict(_)) {
                    *entry = Value::Dict(Dict::new());
                }
                if let Value::Dict(entry) = entry {
                    apply(entry, inner, values);
                }
            }
            (Change::Members { added, removed }, Some(Value::Set(_))) => {
                let entry = target.entry(key.clone()).or_insert(Value::Set(Set::new()));
                if !matches!(entry, Value::Set(_)) {
                    *entry = Value::Set(Set::new());
                }
                if let Value::Set(entry) = entry {
                    entry.extend(added.iter().cloned());
                    entry.retain(|member| !removed.contains(member));
                }
            }
            _ => {
                target.remove(key);
            }
        }
    }
}

/// Appends a diff.
pub fn put(out: &mut Vec<u8>, diff: &Diff) {
    out.push(b'd');
    for (key, change) in diff {
        bt::put_bytes(out, key);
        match change {
            Change::Assigned => bt::put_bytes(out, b""),
            Change::Removed => bt::put_bytes(out, b"-"),
            Change::Nested(inner) => put(out, inner),
            Change::Members { added, removed } => {
                out.push(b'l');
                value::put_set(out, added);
                value::put_set(out, removed);
                out.push(b'e');
            }
        }
    }
    out.push(b'e');
}

/// Reads a diff. The depth of the calls is that of the reader.
pub fn read(reader: &mut Reader<'_>) -> Result<Diff, DiffError> {
    reader.open_dict()?;
    let (mut diff, mut last_key) = (Diff::new(), None);
    while !reader.close()? {
        let key = reader.key(&mut last_key)?.to_vec();
        let change = match reader.peek()? {
            Next::Bytes => match reader.bytes()? {
                b"" => Change::Assigned,
                b"-" => Change::Removed,
                _ => return Err(DiffError::Form),
            },
            Next::Dict => Change::Nested(read(reader)?),
            Next::List => {
                reader.open_list()?;
                let (added, removed) = (value::read_set(reader)?, value::read_set(reader)?);
                if !reader.close()? {
                    return Err(DiffError::Form);
                }
                Change::Members { added, removed }
            }
            Next::Int | Next::End => return Err(DiffError::Form),
        };
        diff.insert(key, change);
    }
    Ok(diff)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::value::strategies;
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &[u8]) -> Result<Diff, DiffError> {
        let mut reader = Reader::new(text);
        let diff = read(&mut reader)?;
        reader.finish()?;
        Ok(diff)
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "d1:a1:xe",
            "d1:ai1ee",
            "d1:alee",
            "d1:alleee",
            "d1:allelelee e",
            "d1:alli1ei1eeleee",
            "d1:b0:1:a0:e",
            "d1:alld1:a0:eeleee",
            "le",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(
            parse(b"d1:allelee1:bdee").is_ok(),
            "empty changes are no fault"
        );
    }

    proptest! {
        #[test]
        fn applying_the_difference_gives_the_new_data(old in strategies::dict(), new in strategies::dict()) {
            let mut target = old.clone();
            apply(&mut target, &between(&old, &new), &new);
            value::prune(&mut target);
            // A scalar, set or dictionary that changed its kind is replaced; everything else is edited.
            prop_assert_eq!(target, new);
        }

        #[test]
        fn nothing_changed_gives_nothing(data in strategies::dict()) {
            prop_assert!(between(&data, &data).is_empty());
        }

        #[test]
        fn a_diff_reads_back_as_it_was_written(old in strategies::dict(), new in strategies::dict()) {
            let diff = between(&old, &new);
            let mut out = Vec::new();
            put(&mut out, &diff);
            prop_assert_eq!(parse(&out).unwrap(), diff);
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(prop::sample::select(b"idle01-:ab".to_vec()), 0..60)) {
            if let Ok(diff) = parse(&bytes) {
                let mut out = Vec::new();
                put(&mut out, &diff);
                prop_assert_eq!(out, bytes);
            }
        }
    }
}
