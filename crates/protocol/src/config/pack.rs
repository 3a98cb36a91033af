//! From a serialised version to what a swarm stores, and back (30-config 5).
//!
//! ```text
//!  message → zstd if that is shorter ('z') → zeros in front → encrypt → protobuf wrapper    → stored
//!                                                └ too long → parts ('m') → encrypt each     → stored × n
//! ```

use super::encrypt::{self, KeyBase};
use super::multipart::{self, Part};
use super::wrap::{self, Owner};
use super::{Kind, compress};
use crate::message::wire::MAX_STORED;
use zeroize::Zeroizing;

/// First byte of a message as it is.
const PLAIN: u8 = b'd';
/// First byte before a compressed message.
const COMPRESSED: u8 = b'z';

/// What is stored for a message, in order: compressed, padded, cut if need be, encrypted, wrapped if it has an owner. `None`
/// when the config is longer than the network takes.
pub fn pack(
    message: &[u8],
    kind: Kind,
    seqno: i64,
    key: &KeyBase,
    owner: Option<&Owner>,
) -> Option<Vec<Vec<u8>>> {
    if message.len() > compress::MAX_MESSAGE {
        return None;
    }
    let padded = match compress::compress(message) {
        Some(frame) => encrypt::pad(&Zeroizing::new([&[COMPRESSED], frame.as_slice()].concat())),
        None => encrypt::pad(message),
    };
    if padded.len() > multipart::MAX_WHOLE {
        return None;
    }
    if padded.len() + encrypt::OVERHEAD > MAX_STORED {
        let parts = multipart::split(&padded);
        let encrypted = parts
            .iter()
            .map(|part| encrypt::encrypt(part, key, kind.domain()));
        return Some(encrypted.collect());
    }
    let encrypted = encrypt::encrypt(&padded, key, kind.domain());
    let wrapped = owner.and_then(|owner| wrap::wrap(&encrypted, kind, seqno, owner));
    Some(vec![wrapped.unwrap_or(encrypted)])
}

/// The plaintext of a stored message without the zeros in front. Takes up to two wrappers off: one released client
/// wrapped twice.
pub fn open(
    stored: &[u8],
    kind: Kind,
    keys: &[KeyBase],
    owner: Option<&Owner>,
) -> Option<Zeroizing<Vec<u8>>> {
    if stored.len() > 2 * MAX_STORED {
        return None;
    }
    let unwrap = |bytes: &[u8]| owner.and_then(|owner| wrap::unwrap(bytes, kind, owner));
    let once = unwrap(stored);
    let twice = once.as_deref().and_then(unwrap);
    let encrypted = twice.as_deref().or(once.as_deref()).unwrap_or(stored);
    let mut keys = keys.iter();
    let padded = keys.find_map(|key| encrypt::decrypt(encrypted, key, kind.domain()).ok())?;
    Some(Zeroizing::new(encrypt::unpad(&padded).to_vec()))
}

/// What an opened plaintext is.
pub enum Content<'a> {
    /// A serialised version.
    Message(Zeroizing<Vec<u8>>),
    /// A part of one.
    Part(Part<'a>),
}

/// Tells by the first byte.
pub fn read(plaintext: &[u8]) -> Option<Content<'_>> {
    match plaintext.first()? {
        &multipart::MARK => Part::parse(plaintext).map(Content::Part),
        _ => inflate(plaintext).map(Content::Message),
    }
}

/// The message in a plaintext that is no part.
pub fn inflate(plaintext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let message = match plaintext.split_first()? {
        (&COMPRESSED, frame) => compress::decompress(frame, compress::MAX_MESSAGE)?,
        _ if plaintext.len() <= compress::MAX_MESSAGE => Zeroizing::new(plaintext.to_vec()),
        _ => return None,
    };
    (message.first() == Some(&PLAIN)).then_some(message)
}
