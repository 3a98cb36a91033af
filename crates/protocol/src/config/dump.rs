//! A config as the vault keeps it. The format is our own and has a version; nobody else reads it.
//!
//! ```text
//!  d 1:# i1e                                  format
//!    1:( l <hash> … e                         stored messages of the current version
//!    1:) l <hash> … e                         obsolete stored messages
//!    1:* l  l <whole> i<count>e i<until>e l  l i<index>e <hash> <stored> <chunk> e … e  e … e
//!    1:+ l  l <whole> i<until>e e … e         sets of parts that were complete
//!    1:b d … e                                Editing only: the data from which the diff counts
//!    1:m <message>                            the serialised version
//!    1:r l <stored> … e                       the stored messages of an adopted version
//!    1:s i<state>e                            0 Stored, 1 Editing, 2 Pushed
//!    1:t l <hash> … e                         other stored messages with the current version
//!    1:u l  l i<seqno>e <hash> e … e          versions of ours in it that may never have been stored; absent in old dumps
//!  e
//! ```
//! It holds everything secret that the config holds. Its message is trusted: signatures were checked when it came in.

use super::bt::{self, BtError, Reader};
use super::message::{Draft, LAG, Message, MessageError, VersionId};
use super::multipart::{Collector, Piece, Waiting};
use super::object::{Config, Version};
use super::value::{self, DataError, Dict};
use crate::id::MessageHash;
use crate::sorted::{SortedMap, SortedSet};
use crate::time::Timestamp;
use zeroize::Zeroizing;

const FORMAT: i64 = 1;

/// Why bytes are not a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not our format.
    #[error("the stored config is damaged")]
    Format,
    /// A later format.
    #[error("the stored config was written by a newer version")]
    Newer,
    /// The version in it cannot be read.
    #[error(transparent)]
    Message(#[from] MessageError),
}

impl From<BtError> for LoadError {
    fn from(_: BtError) -> Self {
        Self::Format
    }
}

impl From<DataError> for LoadError {
    fn from(_: DataError) -> Self {
        Self::Format
    }
}

impl Config {
    /// Everything that the `load` of a typed config needs. Clears [`Self::needs_dump`].
    pub fn dump(&mut self) -> Zeroizing<Vec<u8>> {
        self.needs_dump = false;
        if self.is_read_only() {
            // A member deletes nothing.
            self.obsolete.clear();
        }
        let mut out = Zeroizing::new(Vec::new());
        out.extend_from_slice(b"d1:#");
        bt::put_int(&mut out, FORMAT);
        put_hashes(&mut out, b"1:(", &self.current);
        put_hashes(&mut out, b"1:)", &self.obsolete);
        put_parts(&mut out, &self.parts);
        let (state, message) = match &self.version {
            Version::Stored(message) => (0, message.clone()),
            Version::Editing(draft) => {
                out.extend_from_slice(b"1:b");
                value::put_dict(&mut out, &draft.before);
                (1, draft.seal(None, LAG))
            }
            Version::Pushed(message) => (2, message.clone()),
        };
        out.extend_from_slice(b"1:m");
        bt::put_bytes(&mut out, message.bytes());
        out.extend_from_slice(b"1:rl");
        for stored in &self.received {
            bt::put_bytes(&mut out, stored);
        }
        out.extend_from_slice(b"e1:s");
        bt::put_int(&mut out, state);
        put_hashes(&mut out, b"1:t", &self.twins);
        out.extend_from_slice(b"1:ul");
        for id in &self.unsent {
            out.push(b'l');
            bt::put_int(&mut out, id.seqno);
            bt::put_bytes(&mut out, &id.hash);
            out.push(b'e');
        }
        out.extend_from_slice(b"ee");
        out
    }

    /// Takes over what was dumped. Keys and kind stay.
    pub(super) fn load(&mut self, dump: &[u8]) -> Result<(), LoadError> {
        let mut reader = Reader::new(dump);
        reader.open_dict()?;
        expect(&mut reader, b"#")?;
        if reader.int()? != FORMAT {
            return Err(LoadError::Newer);
        }
        expect(&mut reader, b"(")?;
        let current = read_hashes(&mut reader)?;
        expect(&mut reader, b")")?;
        let obsolete = read_hashes(&mut reader)?;
        let parts = read_parts(&mut reader)?;
        let mut before = None;
        let mut key = reader.bytes()?;
        if key == b"b" {
            before = Some(value::read_dict(&mut reader)?);
            key = reader.bytes()?;
        }
        if key != b"m" {
            return Err(LoadError::Format);
        }
        let message = Message::parse(reader.bytes()?, None, LAG)?;
        expect(&mut reader, b"r")?;
        reader.open_list()?;
        let mut received = Vec::new();
        while !reader.close()? {
            received.push(reader.bytes()?.to_vec());
        }
        expect(&mut reader, b"s")?;
        let version = read_version(reader.int()?, message, before)?;
        expect(&mut reader, b"t")?;
        let twins = read_hashes(&mut reader)?;
        let mut unsent = SortedSet::new();
        if !reader.close()? {
            expect(&mut reader, b"u")?;
            reader.open_list()?;
            while !reader.close()? {
                reader.open_list()?;
                let seqno = reader.int()?;
                let hash = read_whole(&mut reader)?;
                if !reader.close()? {
                    return Err(LoadError::Format);
                }
                unsent.insert(VersionId { seqno, hash });
            }
            if !reader.close()? {
                return Err(LoadError::Format);
            }
        }
        reader.finish()?;
        self.version = version;
        self.current = current;
        self.twins = twins;
        self.obsolete = obsolete;
        self.unsent = unsent;
        self.parts = parts;
        self.received = received;
        self.needs_dump = false;
        Ok(())
    }
}

fn read_version(state: i64, message: Message, before: Option<Dict>) -> Result<Version, LoadError> {
    match (state, before) {
        (0, None) => Ok(Version::Stored(message)),
        (1, Some(before)) => Ok(Version::Editing(Draft::reopened(message, before))),
        (2, None) => Ok(Version::Pushed(message)),
        _ => Err(LoadError::Format),
    }
}

pub(super) fn expect(reader: &mut Reader<'_>, key: &[u8]) -> Result<(), LoadError> {
    if reader.bytes()? == key {
        Ok(())
    } else {
        Err(LoadError::Format)
    }
}

fn put_hashes(out: &mut Vec<u8>, key: &[u8], hashes: &SortedSet<MessageHash>) {
    out.extend_from_slice(key);
    out.push(b'l');
    for hash in hashes {
        bt::put_bytes(out, hash.as_str().as_bytes());
    }
    out.push(b'e');
}

fn read_hashes(reader: &mut Reader<'_>) -> Result<SortedSet<MessageHash>, LoadError> {
    reader.open_list()?;
    let mut hashes = SortedSet::new();
    while !reader.close()? {
        hashes.insert(read_hash(reader)?);
    }
    Ok(hashes)
}

fn read_hash(reader: &mut Reader<'_>) -> Result<MessageHash, LoadError> {
    let text = std::str::from_utf8(reader.bytes()?).map_err(|_| LoadError::Format)?;
    MessageHash::parse(text).ok_or(LoadError::Format)
}

fn put_parts(out: &mut Vec<u8>, parts: &Collector) {
    out.extend_from_slice(b"1:*l");
    for (whole, set) in &parts.waiting {
        out.push(b'l');
        bt::put_bytes(out, whole);
        bt::put_int(out, set.count.into());
        put_time(out, set.until);
        out.push(b'l');
        for (index, piece) in &set.pieces {
            out.push(b'l');
            bt::put_int(out, (*index).into());
            bt::put_bytes(out, piece.hash.as_str().as_bytes());
            bt::put_bytes(out, &piece.stored);
            bt::put_bytes(out, &piece.chunk);
            out.push(b'e');
        }
        out.extend_from_slice(b"ee");
    }
    out.extend_from_slice(b"e1:+l");
    for (whole, until) in &parts.finished {
        out.push(b'l');
        bt::put_bytes(out, whole);
        put_time(out, *until);
        out.push(b'e');
    }
    out.push(b'e');
}

fn read_parts(reader: &mut Reader<'_>) -> Result<Collector, LoadError> {
    let mut parts = Collector::default();
    expect(reader, b"*")?;
    reader.open_list()?;
    while !reader.close()? {
        reader.open_list()?;
        let whole = read_whole(reader)?;
        let count = u8::try_from(reader.int()?).map_err(|_| LoadError::Format)?;
        let until = read_time(reader)?;
        let mut pieces = SortedMap::new();
        reader.open_list()?;
        while !reader.close()? {
            reader.open_list()?;
            let index = u8::try_from(reader.int()?).map_err(|_| LoadError::Format)?;
            let piece = Piece {
                hash: read_hash(reader)?,
                stored: reader.bytes()?.to_vec(),
                chunk: Zeroizing::new(reader.bytes()?.to_vec()),
            };
            if index >= count || !reader.close()? {
                return Err(LoadError::Format);
            }
            pieces.insert(index, piece);
        }
        if !reader.close()? {
            return Err(LoadError::Format);
        }
        let set = Waiting {
            count,
            pieces,
            until,
        };
        parts.waiting.insert(whole, set);
    }
    expect(reader, b"+")?;
    reader.open_list()?;
    while !reader.close()? {
        reader.open_list()?;
        parts
            .finished
            .insert(read_whole(reader)?, read_time(reader)?);
        if !reader.close()? {
            return Err(LoadError::Format);
        }
    }
    Ok(parts)
}

fn read_whole(reader: &mut Reader<'_>) -> Result<[u8; 32], LoadError> {
    reader.bytes()?.try_into().map_err(|_| LoadError::Format)
}

fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    bt::put_int(out, i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
}

fn read_time(reader: &mut Reader<'_>) -> Result<Timestamp, LoadError> {
    let time = u64::try_from(reader.int()?).map_err(|_| LoadError::Format)?;
    Ok(Timestamp(time))
}
