//! Messages in a group (31-groups 6): signed by their author, encrypted with the key of the group.
//!
//! ```text
//!  0            24                                  n-16      n
//!  +------------+-----------------------------------+---------+
//!  | nonce (24) | bt dictionary, zeros              | tag (16)|      n is a multiple of 256
//!  +------------+-----------------------------------+---------+
//!  d 0: i1e                     version
//!    1:a 32:<Ed25519 key>       author
//!    1:d <envelope>             as it is, or
//!    1:s 64:<signature>         over what `d` or `z` holds and the group's key, which is not sent
//!    1:z <zstd frame>           compressed
//!  e
//! ```

use super::many;
use crate::config::bt::{self, BtError, Reader};
use crate::config::compress;
use crate::config::encrypt::KeyBase;
use crate::config::ids::GroupId;
use crate::entropy::{Entropy, draw};
use crate::id::AccountId;
use crate::keys::{Ed25519PublicKey, Ed25519SecretKey, Signature};
use zeroize::Zeroizing;

/// The longest envelope, in bytes.
pub const MAX_PLAINTEXT: usize = 1_000_000;

/// Stored messages are as long as a multiple of this.
pub const PADDING: usize = 256;

const VERSION: i64 = 1;
const NONCE_LEN: usize = 24;

/// Why a message cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is {0} bytes long, a group takes 1000000")]
pub struct TooLong(pub usize);

/// Why bytes are no message of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// None of the keys opens it. A key that comes later may.
    #[error("no known key of the group opens the message")]
    Key,
    /// The inside is not of this format.
    #[error("the inside does not parse")]
    Format,
    /// A format of the future.
    #[error("the message was made by a newer version")]
    Version,
    /// The author's signature is wrong, or made for another group.
    #[error("the author's signature does not match")]
    Signature,
}

impl From<BtError> for OpenError {
    fn from(_: BtError) -> Self {
        Self::Format
    }
}

/// A message that was opened and whose author is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Who wrote it.
    pub author: AccountId,
    /// The envelope.
    pub envelope: Zeroizing<Vec<u8>>,
}

/// Signs, compresses if that makes it shorter, and encrypts (one 24-byte draw).
pub fn seal(
    envelope: &[u8],
    author: &Ed25519SecretKey,
    group: &GroupId,
    key: &KeyBase,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Vec<u8>, TooLong> {
    seal_with(envelope, author, group, key, entropy, true, PADDING)
}

/// The same; says whether to `compress`, and to which multiple to pad. The product takes [`seal`].
pub fn seal_with(
    envelope: &[u8],
    author: &Ed25519SecretKey,
    group: &GroupId,
    key: &KeyBase,
    entropy: &mut (impl Entropy + ?Sized),
    compress: bool,
    padding: usize,
) -> Result<Vec<u8>, TooLong> {
    if envelope.len() > MAX_PLAINTEXT {
        return Err(TooLong(envelope.len()));
    }
    let frame = if compress {
        compress::compress(envelope)
    } else {
        None
    };
    let raw = frame.as_deref().map_or(envelope, Vec::as_slice);
    let signature = author.sign(&Zeroizing::new([raw, &group.key().0].concat()));

    let mut inside = Zeroizing::new(Vec::with_capacity(raw.len() + 512));
    inside.push(b'd');
    bt::put_bytes(&mut inside, b"");
    bt::put_int(&mut inside, VERSION);
    put(&mut inside, b"a", &author.public().0);
    if frame.is_none() {
        put(&mut inside, b"d", raw);
    }
    put(&mut inside, b"s", &signature.0);
    if frame.is_some() {
        put(&mut inside, b"z", raw);
    }
    inside.push(b'e');
    if padding > 0 {
        let whole = NONCE_LEN + many::OVERHEAD + inside.len();
        let zeros = whole.next_multiple_of(padding) - whole;
        let length = inside.len() + zeros;
        inside.resize(length, 0);
    }

    let nonce: [u8; NONCE_LEN] = draw(entropy);
    let mut out = nonce.to_vec();
    out.append(&mut many::encrypt(key.as_bytes(), &nonce, &inside));
    Ok(out)
}

/// Opens what [`seal`] made with one of the `keys`, and checks that its author wrote it for this group.
pub fn open(stored: &[u8], group: &GroupId, keys: &[KeyBase]) -> Result<Opened, OpenError> {
    let (nonce, sealed) = stored
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(OpenError::Key)?;
    let inside = keys
        .iter()
        .find_map(|key| many::decrypt(key.as_bytes(), nonce, sealed))
        .ok_or(OpenError::Key)?;
    read(&inside, group)
}

/// Reads what is in a message that was decrypted.
pub fn read(inside: &[u8], group: &GroupId) -> Result<Opened, OpenError> {
    let end = inside.iter().rposition(|&byte| byte != 0);
    let inside = &inside[..end.map_or(0, |last| last + 1)];
    let mut reader = Reader::new(inside);
    reader.open_dict()?;
    let mut last_key = None;
    let (mut version, mut author, mut signature) = (None, None, None);
    let (mut plain, mut compressed) = (None, None);
    while !reader.close()? {
        match reader.key(&mut last_key)? {
            b"" => version = Some(reader.int()?),
            b"a" => author = reader.bytes()?.try_into().ok().map(Ed25519PublicKey),
            b"d" => plain = Some(reader.bytes()?),
            b"s" => signature = reader.bytes()?.try_into().ok().map(Signature),
            b"z" => compressed = Some(reader.bytes()?),
            _ => _ = reader.skip()?,
        }
    }
    reader.finish()?;
    if version.ok_or(OpenError::Format)? != VERSION {
        return Err(OpenError::Version);
    }
    let (author, signature) = author.zip(signature).ok_or(OpenError::Format)?;
    let raw = match (plain, compressed) {
        (Some(raw), None) | (None, Some(raw)) if !raw.is_empty() => raw,
        _ => return Err(OpenError::Format),
    };
    author
        .verify(&Zeroizing::new([raw, &group.key().0].concat()), &signature)
        .map_err(|_| OpenError::Signature)?;
    let envelope = match compressed {
        Some(frame) => compress::decompress(frame, MAX_PLAINTEXT).ok_or(OpenError::Format)?,
        None if raw.len() <= MAX_PLAINTEXT => Zeroizing::new(raw.to_vec()),
        None => return Err(OpenError::Format),
    };
    let author = author.to_x25519().map_err(|_| OpenError::Signature)?;
    Ok(Opened {
        author: AccountId::from_key(author),
        envelope,
    })
}

fn put(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    bt::put_bytes(out, key);
    bt::put_bytes(out, value);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(9);
        }
    }

    fn group(byte: u8) -> GroupId {
        GroupId::from_key(Ed25519SecretKey::from_seed(&[byte; 32]).public())
    }

    fn sealed(envelope: &[u8], group: &GroupId) -> Vec<u8> {
        let author = Ed25519SecretKey::from_seed(&[7; 32]);
        let key = KeyBase::from_bytes([1; 32]);
        seal(envelope, &author, group, &key, &mut Fixed).unwrap()
    }

    #[test]
    fn a_message_is_read_with_an_older_key_and_only_in_its_group() {
        let keys = [2, 1].map(|byte| KeyBase::from_bytes([byte; 32]));
        let stored = sealed(b"hello", &group(3));
        assert_eq!(stored.len() % PADDING, 0);
        let opened = open(&stored, &group(3), &keys).unwrap();
        assert_eq!(opened.envelope.as_slice(), b"hello");
        let author = Ed25519SecretKey::from_seed(&[7; 32]).to_x25519();
        assert_eq!(opened.author, AccountId::from_key(author.public()));
        assert_eq!(
            open(&stored, &group(4), &keys),
            Err(OpenError::Signature),
            "posted again into another group"
        );
        assert_eq!(open(&stored, &group(3), &keys[..1]), Err(OpenError::Key));
    }

    #[test]
    fn a_long_message_is_compressed_and_a_bomb_is_refused() {
        let keys = [KeyBase::from_bytes([1; 32])];
        let longest = vec![b'a'; MAX_PLAINTEXT];
        let stored = sealed(&longest, &group(3));
        assert!(stored.len() < 2_000);
        let opened = open(&stored, &group(3), &keys).unwrap();
        assert_eq!(*opened.envelope, longest);
        let author = Ed25519SecretKey::from_seed(&[7; 32]);
        let too_long = vec![b'a'; MAX_PLAINTEXT + 1];
        assert_eq!(
            seal(&too_long, &author, &group(3), &keys[0], &mut Fixed),
            Err(TooLong(MAX_PLAINTEXT + 1))
        );
        let bomb = compress::compress(&too_long).unwrap();
        let signature = author.sign(&[bomb.as_slice(), &group(3).key().0].concat());
        let mut inside = b"d0:i1e".to_vec();
        put(&mut inside, b"a", &author.public().0);
        put(&mut inside, b"s", &signature.0);
        put(&mut inside, b"z", &bomb);
        inside.push(b'e');
        let mut stored = vec![0; NONCE_LEN];
        stored.append(&mut many::encrypt(keys[0].as_bytes(), &[0; 24], &inside));
        assert_eq!(open(&stored, &group(3), &keys), Err(OpenError::Format));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_damage_is_noticed(
            envelope in proptest::collection::vec(any::<u8>(), 1..600), bit: usize,
        ) {
            let keys = [KeyBase::from_bytes([1; 32])];
            let mut stored = sealed(&envelope, &group(3));
            prop_assert_eq!(&*open(&stored, &group(3), &keys).unwrap().envelope, &envelope);
            let bit = bit % (stored.len() * 8);
            stored[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&stored, &group(3), &keys), Err(OpenError::Key));
        }

        #[test]
        fn no_inside_makes_opening_panic(inside in proptest::collection::vec(prop::sample::select(b"d0:i1e1:a32szl\0".to_vec()), 0..80)) {
            let keys = [KeyBase::from_bytes([1; 32])];
            let mut stored = vec![0; NONCE_LEN];
            stored.append(&mut many::encrypt(keys[0].as_bytes(), &[0; 24], &inside));
            prop_assert!(open(&stored, &group(3), &keys).is_err());
        }
    }
}
