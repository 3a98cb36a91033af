//! One version of a config (30-config 3): its data, what changed, and what changed in its last ancestors.
//!
//! ```text
//!  d 1:# i<seqno>e
//!    1:& d <data> e
//!    1:< l  l i<seqno>e 32:<hash> d <diff> e e  …  e      lagged diffs, ascending by (seqno, hash)
//!    1:= d <diff> e
//!    1:~ 64:<signature>                                   group configs only
//!  e
//! ```
//!
//! Keys that this code does not know may stand between these and are written back in their place.

use super::bt::{self, BtError, Next, Reader};
use super::diff::{self, Diff, DiffError};
use super::value::{self, DataError, Dict};
use crate::hash::blake2b;
use crate::keys::{Ed25519PublicKey, Ed25519SecretKey, Signature};
use crate::sorted::SortedMap;
use std::fmt;
use zeroize::Zeroizing;

/// How many ancestors count: a version of `LAG` or more below the newest one is too old to be merged.
pub const LAG: i64 = 5;

/// Sequence numbers above this are refused, so that adding to one never overflows.
const MAX_SEQNO: i64 = i64::MAX / 2;

/// What names a version. The order decides which of two versions wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionId {
    /// Counts the versions from 1. The empty config that was never stored has 0.
    pub seqno: i64,
    /// Unkeyed BLAKE2b-256 of the whole serialised message.
    pub hash: [u8; 32],
}

impl fmt::Debug for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seqno, hex::encode(&self.hash[..4]))
    }
}

/// Diffs of ancestors.
pub type Lagged = SortedMap<VersionId, Diff>;

/// Top-level keys that this code does not know, with their bt-encoded values.
type Unknown = SortedMap<Vec<u8>, Vec<u8>>;

/// Why bytes are not a config message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A diff cannot be read.
    #[error(transparent)]
    Diff(#[from] DiffError),
    /// The first key is not the sequence number, or that is negative or absurdly great.
    #[error("the message does not begin with a usable sequence number")]
    Seqno,
    /// There is no data.
    #[error("the message has no data")]
    NoData,
    /// A diff of an ancestor that is none, or out of order.
    #[error("the diffs of earlier versions are not in order")]
    Lagged,
    /// A signature is required and missing.
    #[error("the message is not signed")]
    Unsigned,
    /// The signature is wrong.
    #[error("the signature does not match")]
    Signature,
}

impl From<BtError> for MessageError {
    fn from(error: BtError) -> Self {
        Self::Data(error.into())
    }
}

/// A finished version: it was read, or it is ready to be stored. Never changes.
#[derive(Clone)]
pub struct Message {
    id: VersionId,
    data: Dict,
    lagged: Lagged,
    diff: Diff,
    unknown: Unknown,
    bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Message").field(&self.id).finish()
    }
}

impl Message {
    /// The version that every config begins with: nothing in it, number 0, never stored.
    pub fn empty() -> Self {
        Draft::first(0).seal(None, LAG)
    }

    /// Reads a serialised message. With a `verifier` the signature must be there and right; without one it is not looked
    /// at. Diffs of ancestors that are `lag` or more versions behind are left out.
    pub fn parse(
        bytes: &[u8],
        verifier: Option<&Ed25519PublicKey>,
        lag: i64,
    ) -> Result<Self, MessageError> {
        let mut reader = Reader::new(bytes);
        reader.open_dict()?;
        let mut last_key = None;
        if reader.key(&mut last_key).ok() != Some(b"#") {
            return Err(MessageError::Seqno);
        }
        let seqno = reader.int()?;
        if !(0..=MAX_SEQNO).contains(&seqno) {
            return Err(MessageError::Seqno);
        }
        let (mut data, mut lagged, mut diff) = (None, Lagged::new(), Diff::new());
        let (mut unknown, mut signed) = (Unknown::new(), None);
        loop {
            let before_key = reader.position();
            if reader.close()? {
                break;
            }
            if signed.is_some() {
                return Err(BtError::Trailing.into());
            }
            match reader.key(&mut last_key)? {
                b"&" => data = Some(value::read_dict(&mut reader)?),
                b"<" => lagged = read_lagged(&mut reader, seqno, lag)?,
                b"=" => diff = diff::read(&mut reader)?,
                b"~" => {
                    let signature = reader.bytes()?;
                    let signature = signature.try_into().map_err(|_| MessageError::Signature)?;
                    signed = Some((before_key, Signature(signature)));
                }
                // What sorts behind the signature would not be covered by it.
                key if key > b"~".as_slice() => return Err(BtError::Trailing.into()),
                key => _ = unknown.insert(key.to_vec(), reader.skip()?.to_vec()),
            }
        }
        reader.finish()?;
        if let Some(verifier) = verifier {
            let (end, signature) = signed.ok_or(MessageError::Unsigned)?;
            verifier
                .verify(&bytes[..end], &signature)
                .map_err(|_| MessageError::Signature)?;
        }
        Ok(Self {
            id: VersionId {
                seqno,
                hash: blake2b(&[], &[bytes]),
            },
            data: data.ok_or(MessageError::NoData)?,
            lagged,
            diff,
            unknown,
            bytes: Zeroizing::new(bytes.to_vec()),
        })
    }

    /// Number and hash.
    pub fn id(&self) -> VersionId {
        self.id
    }
    /// The data.
    pub fn data(&self) -> &Dict {
        &self.data
    }
    /// What this version changed.
    pub fn diff(&self) -> &Diff {
        &self.diff
    }
    /// What its ancestors changed.
    pub fn lagged(&self) -> &Lagged {
        &self.lagged
    }
    /// The serialised message, as it was read or sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The next version, to be edited (30-config 3.2).
    pub fn increment(&self, lag: i64) -> Draft {
        let seqno = self.id.seqno;
        let mut lagged = self.lagged.clone();
        lagged.retain(|id, _| id.seqno > seqno - lag && id.seqno < seqno);
        lagged.insert(self.id, self.diff.clone());
        Draft {
            seqno: seqno + 1,
            before: self.data.clone(),
            data: self.data.clone(),
            lagged,
            unknown: self.unknown.clone(),
        }
    }
}

fn read_lagged(reader: &mut Reader<'_>, seqno: i64, lag: i64) -> Result<Lagged, MessageError> {
    reader.open_list()?;
    let mut lagged = Lagged::new();
    while !reader.close()? {
        if reader.peek()? != Next::List {
            return Err(MessageError::Lagged);
        }
        let mut old = reader.clone();
        old.open_list()?;
        let ancestor = old.int()?;
        if ancestor >= seqno {
            return Err(MessageError::Lagged);
        }
        if ancestor <= seqno - lag {
            reader.skip()?;
            continue;
        }
        *reader = old;
        let hash = reader.bytes()?;
        let id = VersionId {
            seqno: ancestor,
            hash: hash.try_into().map_err(|_| MessageError::Lagged)?,
        };
        if lagged.last_key_value().is_some_and(|(last, _)| id <= *last) {
            return Err(MessageError::Lagged);
        }
        lagged.insert(id, diff::read(reader)?);
        if !reader.close()? {
            return Err(MessageError::Lagged);
        }
    }
    Ok(lagged)
}

/// A version that can still be edited.
#[derive(Clone)]
pub struct Draft {
    pub(super) seqno: i64,
    /// What the diff is counted from.
    pub(super) before: Dict,
    pub(super) data: Dict,
    pub(super) lagged: Lagged,
    unknown: Unknown,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Draft").field(&self.seqno).finish()
    }
}

impl Draft {
    /// A version without ancestors and without data.
    pub fn first(seqno: i64) -> Self {
        Self::merged(seqno, Dict::new(), Lagged::new())
    }

    /// The result of a merge: nothing counts as changed yet.
    pub(super) fn merged(seqno: i64, data: Dict, lagged: Lagged) -> Self {
        Self {
            seqno,
            before: data.clone(),
            data,
            lagged,
            unknown: Unknown::new(),
        }
    }

    /// A draft that was put away as a sealed message.
    pub(super) fn reopened(message: Message, before: Dict) -> Self {
        Self {
            seqno: message.id.seqno,
            before,
            data: message.data,
            lagged: message.lagged,
            unknown: message.unknown,
        }
    }

    /// The number of this version.
    pub fn seqno(&self) -> i64 {
        self.seqno
    }
    /// The data.
    pub fn data(&self) -> &Dict {
        &self.data
    }
    /// The data, to be changed.
    pub fn data_mut(&mut self) -> &mut Dict {
        &mut self.data
    }

    /// Serialises what was edited. Empty sets and dictionaries are left out; the diff is counted; a `signer` signs.
    pub fn seal(&self, signer: Option<&Ed25519SecretKey>, lag: i64) -> Message {
        let mut data = self.data.clone();
        value::prune(&mut data);
        let diff = diff::between(&self.before, &data);
        let mut lagged = self.lagged.clone();
        lagged.retain(|id, _| id.seqno > self.seqno - lag && id.seqno < self.seqno);

        let mut bytes = Zeroizing::new(Vec::new());
        let mut unknown = self.unknown.iter().peekable();
        let mut put_unknown = |out: &mut Vec<u8>, until: &[u8]| {
            while let Some((key, value)) = unknown.next_if(|(key, _)| key.as_slice() < until) {
                bt::put_bytes(out, key);
                out.extend_from_slice(value);
            }
        };
        bytes.extend_from_slice(b"d1:#");
        bt::put_int(&mut bytes, self.seqno);
        put_unknown(&mut bytes, b"&");
        bytes.extend_from_slice(b"1:&");
        value::put_dict(&mut bytes, &data);
        put_unknown(&mut bytes, b"<");
        bytes.extend_from_slice(b"1:<l");
        for (id, diff) in &lagged {
            bytes.push(b'l');
            bt::put_int(&mut bytes, id.seqno);
            bt::put_bytes(&mut bytes, &id.hash);
            diff::put(&mut bytes, diff);
            bytes.push(b'e');
        }
        bytes.push(b'e');
        put_unknown(&mut bytes, b"=");
        bytes.extend_from_slice(b"1:=");
        diff::put(&mut bytes, &diff);
        put_unknown(&mut bytes, b"~");
        if let Some(signer) = signer {
            let signature = signer.sign(&bytes);
            bytes.extend_from_slice(b"1:~");
            bt::put_bytes(&mut bytes, &signature.0);
        }
        bytes.push(b'e');
        Message {
            id: VersionId {
                seqno: self.seqno,
                hash: blake2b(&[], &[&bytes]),
            },
            data,
            lagged,
            diff,
            unknown: self.unknown.clone(),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::value::{Value, strategies};
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Message, MessageError> {
        Message::parse(text.as_bytes(), None, LAG)
    }

    #[test]
    fn the_empty_message_is_the_one_of_the_network() {
        let empty = Message::empty();
        assert_eq!(empty.bytes(), b"d1:#i0e1:&de1:<le1:=dee");
        assert_eq!(
            hex::encode(empty.id().hash),
            "ea173b57beca8af18c3519a7bbf69c3e7a05d1c049fa9558341d8ebb48b0c965"
        );
    }

    #[test]
    fn the_lagged_diffs_and_the_diff_may_be_missing_in_what_is_read() {
        assert!(parse("d1:#i1e1:&dee").is_ok());
        assert_eq!(parse("d1:#i1ee").unwrap_err(), MessageError::NoData);
    }

    #[test]
    fn malformed_messages_are_refused() {
        let hash = "x".repeat(32);
        for text in [
            "".to_owned(),
            "de".to_owned(),
            "le".to_owned(),
            "d1:!i1e1:#i1e1:&dee".to_owned(),
            "d1:#i-1e1:&dee".to_owned(),
            format!("d1:#i{}e1:&dee", i64::MAX),
            "d1:#1:11:&dee".to_owned(),
            "d1:#i1e1:&de1:&dee".to_owned(),
            "d1:#i1e1:&de1:#i1ee".to_owned(),
            "d1:#i1e1:&lee".to_owned(),
            "d1:#i1e1:&de1:~3:abce".to_owned(),
            format!("d1:#i1e1:&de1:~64:{}1:~0:e", "x".repeat(64)),
            format!("d1:#i1e1:&de1:~64:{}2:~~0:e", "x".repeat(64)),
            "d1:#i1e1:&de2:~~0:e".to_owned(),
            "d1:#i1e1:&dee ".to_owned(),
            format!("d1:#i1e1:&de1:<lli1e32:{hash}deeee"),
            format!("d1:#i2e1:&de1:<lli1e31:{}deeee", &hash[1..]),
            format!("d1:#i2e1:&de1:<lli1e32:{hash}dei1eeee"),
            format!("d1:#i2e1:&de1:<lli1e32:{hash}deeli1e32:{hash}deeee"),
            format!("d1:#i3e1:&de1:<lli2e32:{hash}deeli1e32:{hash}deeee"),
            "d1:#i2e1:&de1:<li1eee".to_owned(),
        ] {
            assert!(parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn diffs_of_ancestors_too_far_back_are_left_out_unread() {
        let text = format!("d1:#i9e1:&de1:<lli4e1:xi0eeli5e32:{}deeee", "x".repeat(32));
        let message = parse(&text).unwrap();
        assert_eq!(
            message
                .lagged()
                .keys()
                .map(|id| id.seqno)
                .collect::<Vec<_>>(),
            [5]
        );
    }

    #[test]
    fn keys_of_the_future_survive_an_edit_in_their_place() {
        let text = "d1:#i6e1:%i7e1:&d1:Zi42e1:n1:ae1:.4:keep1:<le1:=de1:?d1:xi1eee";
        let mut draft = parse(text).unwrap().increment(LAG);
        draft.data_mut().insert(b"n".to_vec(), Value::from("b"));
        let message = draft.seal(None, LAG);
        let written = String::from_utf8_lossy(message.bytes()).into_owned();
        assert!(
            written.starts_with("d1:#i7e1:%i7e1:&d1:Zi42e1:n1:be1:.4:keep1:<l"),
            "{written}"
        );
        assert!(written.ends_with("1:=d1:n0:e1:?d1:xi1eee"), "{written}");
        assert!(Message::parse(message.bytes(), None, LAG).is_ok());
    }

    #[test]
    fn a_signed_config_accepts_only_what_its_owner_signed() {
        let owner = Ed25519SecretKey::from_seed(&[1; 32]);
        let stranger = Ed25519SecretKey::from_seed(&[2; 32]);
        let read = |bytes: &[u8]| Message::parse(bytes, Some(&owner.public()), LAG).map(|m| m.id());
        let draft = Draft::first(1);
        let signed = draft.seal(Some(&owner), LAG);
        assert_eq!(read(signed.bytes()), Ok(signed.id()));
        assert_eq!(
            read(draft.seal(None, LAG).bytes()),
            Err(MessageError::Unsigned)
        );
        assert_eq!(
            read(draft.seal(Some(&stranger), LAG).bytes()),
            Err(MessageError::Signature)
        );
        for bit in 0..signed.bytes().len() * 8 {
            let mut bytes = signed.bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&bytes).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn a_chain_of_edits_reads_back_and_carries_four_ancestors(versions in prop::collection::vec(strategies::dict(), 1..9)) {
            let mut message = Message::empty();
            for data in versions {
                let mut draft = message.increment(LAG);
                *draft.data_mut() = data;
                message = draft.seal(None, LAG);
                let again = Message::parse(message.bytes(), None, LAG).unwrap();
                prop_assert_eq!(again.id(), message.id());
                prop_assert_eq!(again.data(), message.data());
                prop_assert_eq!(again.diff(), message.diff());
                prop_assert_eq!(again.lagged(), message.lagged());
                let expected = message.id().seqno.min(LAG - 1);
                prop_assert_eq!(again.lagged().len(), expected as usize);
            }
        }

        #[test]
        fn no_bytes_make_reading_panic(
            tail in proptest::collection::vec(prop::sample::select(b"idle012-:#&<=~ab".to_vec()), 0..60),
        ) {
            let bytes = [b"d1:#i5e1:&d".as_slice(), &tail].concat();
            let _ = Message::parse(&bytes, None, LAG);
            let _ = Message::parse(&tail, None, LAG);
        }
    }
}
