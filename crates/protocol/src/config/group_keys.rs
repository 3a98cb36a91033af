//! The keys of a group (31-groups 5): a log of signed messages in namespace 12. Nothing is merged.
//!
//! ```text
//!  a new key                                       earlier keys, for new members
//!  d 1:# 24:<nonce>                                d 1:# 24:<nonce>
//!    1:G i<generation>e                              1:+ l <for one reader> … e
//!    1:K 48:<the key, for admins>                    1:G i<greatest generation>e
//!    1:k l 48:<the key, for one member> … e          1:~ 64:<signature>
//!    1:~ 64:<signature>                            e
//!  e
//! ```
//! A new key follows from the group's secret, the IDs of the members and the generation, so that admins who make one at the
//! same time for the same members make the same. If they differ in the members, both keys stay and one more is made.
//!
//! Time is that of the swarm only. The dump is that of the reference library:
//!
//! ```text
//!  d 1:A l  l i<generation>e <hash> … e … e        stored messages by generation
//!    1:L l  d 1:g i<generation>e 1:k 32:<key> 1:t i<time>e e … e
//!    1:P d 1:c <message> 1:g i<generation>e 1:k 32:<key> e      a new key that the swarm does not show yet
//!  e
//! ```

use super::bt::{self, BtError, Reader};
use super::dump::expect;
use super::encrypt::KeyBase;
use super::group_info::{GroupInfo, Holder};
use super::group_members::GroupMembers;
use super::ids::GroupId;
use super::{EditError, LoadError};
use crate::group::many::{self, Nonce, Opener};
use crate::hash::blake2b;
use crate::id::{AccountId, MessageHash, Namespace};
use crate::keys::{
    Ed25519PublicKey, Ed25519SecretKey, KeyError, Signature, X25519PublicKey, X25519SecretKey,
};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::Timestamp;
use onionskin_ciphers::chacha20;
use std::fmt;
use zeroize::Zeroizing;

/// Where the messages are stored in the swarm of the group.
pub const NAMESPACE: Namespace = Namespace(12);

/// For how long a key counts after a newer one came, in milliseconds: twice the life of what it opens.
pub const KEY_EXPIRY: u64 = 60 * 24 * 3600 * 1000;

/// The list of a new key is filled up to a multiple of this, so that it tells little about the number of members.
const MULTIPLE: usize = 45;

const DOMAIN: &str = "SessionGroupKeyMemberKey";
const GENERATION_KEY: &[u8] = b"SessionGroupKeyGen";
const SEALED_KEY: usize = 32 + many::OVERHEAD;

/// The shortest list of keys: one entry whose numbers have one digit.
const MIN_SUPPLEMENT: usize = 52 + many::OVERHEAD;

/// Generations above this are refused, so that adding to one never overflows.
const MAX_GENERATION: i64 = i64::MAX / 2;

/// Why a message about keys cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// The holder is no admin of the group.
    #[error("only an admin can do this")]
    NotAdmin,
    /// The secret is that of another group.
    #[error("this is the secret of another group")]
    OtherGroup,
    /// There is no key yet that could be passed on.
    #[error("no key of the group is known")]
    NoKey,
    /// None of the readers has a usable key.
    #[error("none of these people can be given a key")]
    NoReader,
    /// Not of this format.
    #[error("the message about keys is malformed")]
    Format,
    /// The key for admins does not open with the group's secret.
    #[error("the key for admins does not open")]
    Sealed,
    /// The signature is missing or wrong.
    #[error("the message about keys is not signed by the group")]
    Signature,
    /// The group's own key cannot be used.
    #[error(transparent)]
    Group(#[from] KeyError),
}

impl From<BtError> for KeysError {
    fn from(_: BtError) -> Self {
        Self::Format
    }
}

impl From<EditError> for KeysError {
    fn from(_: EditError) -> Self {
        Self::NotAdmin
    }
}

/// One key.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    generation: i64,
    /// When the swarm got it.
    time: Timestamp,
    key: KeyBase,
}

impl Key {
    /// The greatest is the one to encrypt with.
    fn rank(&self) -> (i64, Timestamp, &[u8; 32]) {
        (self.generation, self.time, self.key.as_bytes())
    }
}

/// A new key of our own that was not seen in the swarm yet.
#[derive(Clone)]
struct Pending {
    message: Vec<u8>,
    generation: i64,
    key: KeyBase,
}

/// What a message holds.
enum Content<'a> {
    /// A new key: for admins, and for each member.
    Rekey(&'a [u8], Vec<&'a [u8]>),
    /// Earlier keys, for each reader.
    Supplement(Vec<&'a [u8]>),
}

struct Parsed<'a> {
    nonce: Nonce,
    generation: i64,
    content: Content<'a>,
}

/// The keys of a group as one device knows them.
#[derive(Clone)]
pub struct GroupKeys {
    holder: Holder,
    reader: X25519SecretKey,
    /// Ascending by rank.
    keys: Vec<Key>,
    active: SortedMap<i64, SortedSet<MessageHash>>,
    pending: Option<Pending>,
    needs_dump: bool,
}

impl fmt::Debug for GroupKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupKeys")
            .field("generation", &self.generation())
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl GroupKeys {
    /// No keys yet. `account` is the person who holds them.
    pub fn new(holder: Holder, account: &Ed25519SecretKey) -> Self {
        Self {
            holder,
            reader: account.to_x25519(),
            keys: Vec::new(),
            active: SortedMap::new(),
            pending: None,
            needs_dump: false,
        }
    }

    /// From what [`Self::dump`] gave.
    pub fn load(
        holder: Holder,
        account: &Ed25519SecretKey,
        dump: &[u8],
    ) -> Result<Self, LoadError> {
        let mut keys = Self::new(holder, account);
        keys.read_dump(dump)?;
        Ok(keys)
    }

    /// The keys to use, in this order: the first one encrypts, all decrypt.
    pub fn keys(&self) -> Vec<KeyBase> {
        let pending = self.pending.iter().map(|pending| &pending.key);
        let known = self.keys.iter().rev().map(|key| &key.key);
        pending.chain(known).cloned().collect()
    }

    /// The generation of the newest key that the swarm has.
    pub fn generation(&self) -> Option<i64> {
        self.keys.last().map(|key| key.generation)
    }

    /// The message of a new key of our own, until it was seen in the swarm: it has to be stored.
    pub fn pending(&self) -> Option<&[u8]> {
        Some(self.pending.as_ref()?.message.as_slice())
    }

    /// Whether the holder is an admin.
    pub fn is_admin(&self) -> bool {
        matches!(self.holder, Holder::Admin(_))
    }

    /// Two admins made a key at the same time for different members: one more is needed, for all of them.
    pub fn needs_rekey(&self) -> bool {
        match self.keys.as_slice() {
            [.., before, last] => self.is_admin() && before.generation == last.generation,
            _ => false,
        }
    }

    /// The stored messages that have to be kept alive.
    pub fn active_hashes(&self) -> SortedSet<MessageHash> {
        self.active.values().flatten().cloned().collect()
    }

    /// Whether something changed since the last [`Self::dump`].
    pub fn needs_dump(&self) -> bool {
        self.needs_dump
    }

    /// Makes a new key for everybody who is in the list of members now. It is used at once, and both configs are to be stored
    /// again under it, after the message that this returns.
    pub fn rekey(
        &mut self,
        info: &mut GroupInfo,
        members: &mut GroupMembers,
    ) -> Result<Vec<u8>, KeysError> {
        let secret = self.secret()?.clone();
        if info.is_read_only() || members.is_read_only() {
            return Err(KeysError::NotAdmin);
        }
        let generation = self.generation().map_or(0, |generation| generation + 1);
        let ids: String = members.ids().map(hex::encode).collect();
        let made: Zeroizing<[u8; 56]> = Zeroizing::new(blake2b(
            GENERATION_KEY,
            &[
                ids.as_bytes(),
                generation.to_string().as_bytes(),
                &*of_seed(&secret, b"SessionGroupKeySeed"),
            ],
        ));
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&made[..32]);
        let mut nonce: Nonce = [0; 24];
        nonce.copy_from_slice(&made[32..]);

        let readers = members
            .ids()
            .filter_map(|id| Some(*AccountId::from_bytes(id).ok()?.key()));
        let mut sealed = seal_for_each(&*key, &secret, readers, &nonce);
        let missing = sealed.len().next_multiple_of(MULTIPLE) - sealed.len();
        sealed.extend(junk(&made, &secret, missing));

        let mut message = b"d1:#".to_vec();
        bt::put_bytes(&mut message, &nonce);
        message.extend_from_slice(b"1:G");
        bt::put_int(&mut message, generation);
        message.extend_from_slice(b"1:K");
        bt::put_bytes(
            &mut message,
            &many::encrypt(&admin_key(&secret), &nonce, &*key),
        );
        message.extend_from_slice(b"1:k");
        put_list(&mut message, &sealed);
        finish(&mut message, &secret);

        self.pending = Some(Pending {
            message: message.clone(),
            generation,
            key: KeyBase::from_bytes(*key),
        });
        self.needs_dump = true;
        info.renew(self.keys())?;
        members.renew(self.keys())?;
        Ok(message)
    }

    /// Passes all keys that the swarm has on to new members, who may then read what was written before.
    pub fn supplement(&self, readers: &[AccountId]) -> Result<Vec<u8>, KeysError> {
        let secret = self.secret()?;
        let generation = self.generation().ok_or(KeysError::NoKey)?;
        let mut plaintext = Zeroizing::new(Vec::new());
        put_keys(&mut plaintext, &self.keys);
        let ids: String = readers.iter().map(AccountId::to_string).collect();
        let nonce: Nonce = blake2b(
            GENERATION_KEY,
            &[
                ids.as_bytes(),
                &plaintext,
                &*of_seed(secret, b"SessionGroupKeySeed"),
            ],
        );
        let readers = readers.iter().map(|id| *id.key());
        let sealed = seal_for_each(&plaintext, secret, readers, &nonce);
        if sealed.is_empty() {
            return Err(KeysError::NoReader);
        }
        let mut message = b"d1:#".to_vec();
        bt::put_bytes(&mut message, &nonce);
        message.extend_from_slice(b"1:+");
        put_list(&mut message, &sealed);
        message.extend_from_slice(b"1:G");
        bt::put_int(&mut message, generation);
        finish(&mut message, secret);
        Ok(message)
    }

    /// Takes in a stored message, with the time at which the swarm got it. Says whether it holds a key for us. What is
    /// refused changes nothing.
    pub fn load_message(
        &mut self,
        hash: &MessageHash,
        message: &[u8],
        stored: Timestamp,
        info: &mut GroupInfo,
        members: &mut GroupMembers,
    ) -> Result<bool, KeysError> {
        let parsed = parse(message, self.group().key())?;
        let found = self.find(&parsed, stored)?;
        if let Some(pending) = &self.pending
            && found.first().is_some_and(|first| {
                first.generation > pending.generation || first.key == pending.key
            })
        {
            self.pending = None;
            self.needs_dump = true;
        }
        let is_for_us = !found.is_empty();
        if !is_for_us {
            // Everybody keeps everybody's messages alive.
            let hashes = self.active.entry(parsed.generation).or_default();
            self.needs_dump |= hashes.insert(hash.clone());
        }
        for key in found {
            self.insert(key, hash);
        }
        self.drop_expired();
        info.set_keys(self.keys());
        members.set_keys(self.keys());
        Ok(is_for_us)
    }

    /// The holder was given the group's secret. All messages about keys are to be loaded again from the first one on, since
    /// an admin can read what was not meant for them as a member.
    pub fn promote(
        &mut self,
        secret: &Ed25519SecretKey,
        info: &mut GroupInfo,
        members: &mut GroupMembers,
    ) -> Result<(), KeysError> {
        if GroupId::from_key(secret.public()) != self.group() {
            return Err(KeysError::OtherGroup);
        }
        self.holder = Holder::Admin(secret.clone());
        info.promote(secret.clone());
        members.promote(secret.clone());
        Ok(())
    }

    /// Everything that [`Self::load`] needs. Clears [`Self::needs_dump`].
    pub fn dump(&mut self) -> Zeroizing<Vec<u8>> {
        self.needs_dump = false;
        let mut out = Zeroizing::new(b"d1:Al".to_vec());
        for (generation, hashes) in &self.active {
            out.push(b'l');
            bt::put_int(&mut out, *generation);
            for hash in hashes {
                bt::put_bytes(&mut out, hash.as_str().as_bytes());
            }
            out.push(b'e');
        }
        out.extend_from_slice(b"e1:L");
        put_keys(&mut out, &self.keys);
        if let Some(pending) = &self.pending {
            out.extend_from_slice(b"1:Pd1:c");
            bt::put_bytes(&mut out, &pending.message);
            out.extend_from_slice(b"1:g");
            bt::put_int(&mut out, pending.generation);
            out.extend_from_slice(b"1:k");
            bt::put_bytes(&mut out, pending.key.as_bytes());
            out.push(b'e');
        }
        out.push(b'e');
        out
    }

    fn read_dump(&mut self, dump: &[u8]) -> Result<(), LoadError> {
        let mut reader = Reader::new(dump);
        reader.open_dict()?;
        expect(&mut reader, b"A")?;
        reader.open_list()?;
        while !reader.close()? {
            reader.open_list()?;
            let hashes = self.active.entry(reader.int()?).or_default();
            while !reader.close()? {
                let text = std::str::from_utf8(reader.bytes()?).map_err(|_| LoadError::Format)?;
                hashes.insert(MessageHash::parse(text).ok_or(LoadError::Format)?);
            }
        }
        expect(&mut reader, b"L")?;
        self.keys = read_keys(&mut reader).map_err(|_| LoadError::Format)?;
        if !self.keys.is_sorted_by(|a, b| a.rank() < b.rank()) {
            return Err(LoadError::Format);
        }
        if !reader.close()? {
            expect(&mut reader, b"P")?;
            reader.open_dict()?;
            expect(&mut reader, b"c")?;
            let message = reader.bytes()?.to_vec();
            expect(&mut reader, b"g")?;
            let generation = reader.int()?;
            expect(&mut reader, b"k")?;
            let key = reader.bytes()?.try_into().map_err(|_| LoadError::Format)?;
            self.pending = Some(Pending {
                message,
                generation,
                key: KeyBase::from_bytes(key),
            });
            if !reader.close()? || !reader.close()? {
                return Err(LoadError::Format);
            }
        }
        Ok(reader.finish()?)
    }

    fn group(&self) -> GroupId {
        match &self.holder {
            Holder::Admin(secret) => GroupId::from_key(secret.public()),
            Holder::Member(id) => *id,
        }
    }

    fn secret(&self) -> Result<&Ed25519SecretKey, KeysError> {
        match &self.holder {
            Holder::Admin(secret) => Ok(secret),
            Holder::Member(_) => Err(KeysError::NotAdmin),
        }
    }

    /// The keys in a message that are for us.
    fn find(&self, parsed: &Parsed<'_>, stored: Timestamp) -> Result<Vec<Key>, KeysError> {
        let key = match (&self.holder, &parsed.content) {
            (Holder::Admin(secret), Content::Rekey(for_admins, _)) => {
                let key = many::decrypt(&admin_key(secret), &parsed.nonce, for_admins);
                Some(key.ok_or(KeysError::Sealed)?)
            }
            // Admins read all keys where they were made.
            (Holder::Admin(_), Content::Supplement(_)) => None,
            (Holder::Member(id), Content::Rekey(_, sealed) | Content::Supplement(sealed)) => {
                let opener =
                    Opener::new(&self.reader, &id.key().to_x25519()?, &parsed.nonce, DOMAIN)?;
                sealed.iter().find_map(|sealed| opener.open(sealed))
            }
        };
        match (key, &parsed.content) {
            (None, _) => Ok(Vec::new()),
            (Some(key), Content::Rekey(..)) => {
                let key = key.as_slice().try_into().map_err(|_| KeysError::Format)?;
                Ok(vec![Key {
                    generation: parsed.generation,
                    time: stored,
                    key: KeyBase::from_bytes(key),
                }])
            }
            (Some(list), Content::Supplement(_)) => {
                let mut reader = Reader::new(&list);
                let keys = read_keys(&mut reader)?;
                reader.finish()?;
                Ok(keys)
            }
        }
    }

    fn insert(&mut self, key: Key, hash: &MessageHash) {
        let mut same_generation = self
            .keys
            .iter()
            .filter(|known| known.generation == key.generation);
        let is_known = same_generation.any(|known| known.key == key.key);
        if !is_known {
            if let [first, .., last] = self.keys.as_slice()
                && key.generation < first.generation
                && first.time.plus_millis(KEY_EXPIRY) < last.time
            {
                return;
            }
            let place = self.keys.partition_point(|known| known.rank() < key.rank());
            self.keys.insert(place, key.clone());
            self.needs_dump = true;
        }
        let hashes = self.active.entry(key.generation).or_default();
        self.needs_dump |= hashes.insert(hash.clone());
    }

    /// Forgets a generation when the one after it was replaced long ago, and the messages of what is forgotten.
    fn drop_expired(&mut self) {
        let Some(newest) = self.keys.last().map(|key| key.time) else {
            // Nobody let us in: keeping the messages alive is left to those who can read them.
            self.active.clear();
            return;
        };
        while let Some(oldest) = self.keys.first().map(|key| key.generation)
            && let Some(next) = self.keys.iter().find(|key| key.generation > oldest)
            && next.time.plus_millis(KEY_EXPIRY) < newest
        {
            self.keys.retain(|key| key.generation > oldest);
        }
        if let Some(oldest) = self.keys.first().map(|key| key.generation) {
            self.active.retain(|generation, _| *generation >= oldest);
        }
    }
}

/// What a secret of the group gives for one purpose.
fn of_seed(secret: &Ed25519SecretKey, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(blake2b(purpose, &[secret.seed()]))
}

fn admin_key(secret: &Ed25519SecretKey) -> Zeroizing<[u8; 32]> {
    of_seed(secret, b"SessionGroupKeyAdminKey")
}

/// One ciphertext for each reader whose key is of use.
fn seal_for_each(
    plaintext: &[u8],
    secret: &Ed25519SecretKey,
    readers: impl Iterator<Item = X25519PublicKey>,
    nonce: &Nonce,
) -> Vec<Vec<u8>> {
    let sender = secret.to_x25519();
    readers
        .filter_map(|reader| many::seal(plaintext, &sender, &reader, nonce, DOMAIN).ok())
        .collect()
}

/// What looks like keys of members, as libsodium's generator makes it of a seed.
fn junk(made: &[u8; 56], secret: &Ed25519SecretKey, count: usize) -> Vec<Vec<u8>> {
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(blake2b(
        b"SessionGroupJunkMembers",
        &[made, secret.seed(), &secret.public().0],
    ));
    let mut bytes = vec![0; count * SEALED_KEY];
    chacha20::apply(&seed, b"LibsodiumDRG", 0, &mut bytes);
    bytes.chunks(SEALED_KEY).map(<[u8]>::to_vec).collect()
}

fn put_list(out: &mut Vec<u8>, items: &[Vec<u8>]) {
    out.push(b'l');
    for item in items {
        bt::put_bytes(out, item);
    }
    out.push(b'e');
}

/// Signs everything so far and closes the dictionary.
fn finish(message: &mut Vec<u8>, secret: &Ed25519SecretKey) {
    let signature = secret.sign(message);
    message.extend_from_slice(b"1:~");
    bt::put_bytes(message, &signature.0);
    message.push(b'e');
}

fn put_keys(out: &mut Vec<u8>, keys: &[Key]) {
    out.push(b'l');
    for key in keys {
        out.extend_from_slice(b"d1:g");
        bt::put_int(out, key.generation);
        out.extend_from_slice(b"1:k");
        bt::put_bytes(out, key.key.as_bytes());
        out.extend_from_slice(b"1:t");
        let time = i64::try_from(key.time.as_millis()).unwrap_or(i64::MAX);
        bt::put_int(out, time);
        out.push(b'e');
    }
    out.push(b'e');
}

fn read_keys(reader: &mut Reader<'_>) -> Result<Vec<Key>, KeysError> {
    reader.open_list()?;
    let mut keys = Vec::new();
    while !reader.close()? {
        reader.open_dict()?;
        let (mut generation, mut key, mut time) = (None, None, None);
        let mut last_key = None;
        while !reader.close()? {
            match reader.key(&mut last_key)? {
                b"g" => generation = Some(read_generation(reader)?),
                b"k" => key = reader.bytes()?.try_into().ok(),
                b"t" => time = u64::try_from(reader.int()?).ok(),
                _ => _ = reader.skip()?,
            }
        }
        keys.push(Key {
            generation: generation.ok_or(KeysError::Format)?,
            time: Timestamp(time.ok_or(KeysError::Format)?),
            key: KeyBase::from_bytes(key.ok_or(KeysError::Format)?),
        });
    }
    Ok(keys)
}

fn read_generation(reader: &mut Reader<'_>) -> Result<i64, KeysError> {
    let generation = reader.int()?;
    if (0..=MAX_GENERATION).contains(&generation) {
        Ok(generation)
    } else {
        Err(KeysError::Format)
    }
}

/// Reads a message and checks its form and its signature.
fn parse<'a>(message: &'a [u8], group: &Ed25519PublicKey) -> Result<Parsed<'a>, KeysError> {
    let mut reader = Reader::new(message);
    reader.open_dict()?;
    let mut last_key = None;
    let (mut nonce, mut generation, mut for_admins) = (None, None, None);
    let (mut for_members, mut supplement, mut signed) = (None, None, None);
    loop {
        let before_key = reader.position();
        if reader.close()? {
            break;
        }
        if signed.is_some() {
            return Err(KeysError::Format);
        }
        match reader.key(&mut last_key)? {
            b"#" => nonce = reader.bytes()?.try_into().ok(),
            b"+" => supplement = Some(read_list(&mut reader)?),
            b"G" => generation = Some(read_generation(&mut reader)?),
            b"K" => for_admins = Some(reader.bytes()?),
            b"k" => for_members = Some(read_list(&mut reader)?),
            b"~" => {
                let signature = reader.bytes()?.try_into().map(Signature);
                signed = Some((before_key, signature.map_err(|_| KeysError::Signature)?));
            }
            _ => _ = reader.skip()?,
        }
    }
    reader.finish()?;
    let (end, signature) = signed.ok_or(KeysError::Signature)?;
    group
        .verify(&message[..end], &signature)
        .map_err(|_| KeysError::Signature)?;

    let content = if let Some(sealed) = supplement {
        if sealed.iter().any(|sealed| sealed.len() < MIN_SUPPLEMENT) {
            return Err(KeysError::Format);
        }
        Content::Supplement(sealed)
    } else {
        let (for_admins, for_members) = for_admins.zip(for_members).ok_or(KeysError::Format)?;
        let mut all = for_members.iter().copied().chain([for_admins]);
        if !all.all(|sealed| sealed.len() == SEALED_KEY) || for_members.len() % MULTIPLE != 0 {
            return Err(KeysError::Format);
        }
        Content::Rekey(for_admins, for_members)
    };
    Ok(Parsed {
        nonce: nonce.ok_or(KeysError::Format)?,
        generation: generation.ok_or(KeysError::Format)?,
        content,
    })
}

fn read_list<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, KeysError> {
    reader.open_list()?;
    let mut items = Vec::new();
    while !reader.close()? {
        items.push(reader.bytes()?);
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::group_members::Member;
    use super::*;
    use proptest::prelude::*;

    const DAY: u64 = 24 * 3600 * 1000;

    fn account(byte: u8) -> Ed25519SecretKey {
        Ed25519SecretKey::from_seed(&[byte; 32])
    }

    fn id(byte: u8) -> AccountId {
        AccountId::from_key(account(byte).to_x25519().public())
    }

    fn name(byte: u8) -> MessageHash {
        MessageHash::parse(&crate::encoding::base64_unpadded(&[byte; 32])).unwrap()
    }

    /// One person in the group whose secret is 1.
    struct Person {
        keys: GroupKeys,
        info: GroupInfo,
        members: GroupMembers,
    }

    impl Person {
        fn new(byte: u8, holder: &Holder) -> Self {
            Self {
                keys: GroupKeys::new(holder.clone(), &account(byte)),
                info: GroupInfo::new(holder.clone(), Vec::new()),
                members: GroupMembers::new(holder.clone(), Vec::new()),
            }
        }
        fn admin(byte: u8, members: &[u8]) -> Self {
            let mut person = Self::new(byte, &Holder::Admin(account(1)));
            for member in members {
                person.members.set(&Member::new(id(*member))).unwrap();
            }
            person
        }
        fn member(byte: u8) -> Self {
            Self::new(
                byte,
                &Holder::Member(GroupId::from_key(account(1).public())),
            )
        }
        fn rekey(&mut self) -> Vec<u8> {
            self.keys.rekey(&mut self.info, &mut self.members).unwrap()
        }
        fn load(&mut self, hash: u8, message: &[u8], days: u64) -> Result<bool, KeysError> {
            let time = Timestamp(days * DAY);
            let (info, members) = (&mut self.info, &mut self.members);
            self.keys
                .load_message(&name(hash), message, time, info, members)
        }
    }

    #[test]
    fn a_new_key_is_used_at_once_and_survives_a_restart_before_the_swarm_shows_it() {
        let mut admin = Person::admin(2, &[2, 3]);
        let message = admin.rekey();
        assert!(admin.info.needs_push() && admin.members.needs_push());
        assert_eq!(admin.keys.generation(), None, "the swarm has none yet");
        let dump = admin.keys.dump();
        let holder = Holder::Admin(account(1));
        let mut again = Person {
            keys: GroupKeys::load(holder, &account(2), &dump).unwrap(),
            ..admin
        };
        assert_eq!(again.keys.pending(), Some(message.as_slice()));
        assert_eq!(again.keys.keys().len(), 1);
        assert_eq!(again.load(1, &message, 0), Ok(true));
        assert_eq!(again.keys.pending(), None);
        assert_eq!(again.keys.generation(), Some(0));
        assert_eq!(again.keys.dump()[..], {
            let (holder, dump) = (Holder::Admin(account(1)), again.keys.dump());
            GroupKeys::load(holder, &account(2), &dump).unwrap().dump()[..].to_vec()
        });
    }

    #[test]
    fn somebody_elses_newer_key_ends_the_wait_for_ones_own() {
        let (mut first, mut second) = (Person::admin(2, &[2, 3]), Person::admin(3, &[2, 3, 4]));
        let early = first.rekey();
        second.load(1, &early, 0).unwrap();
        let late = second.rekey();
        assert_eq!(first.load(2, &late, 1), Ok(true));
        assert_eq!(first.keys.pending(), None);
    }

    #[test]
    fn a_removed_member_reads_no_new_key_and_a_new_one_reads_the_old_ones_by_a_supplement_only() {
        let mut admin = Person::admin(2, &[2, 3]);
        let first = admin.rekey();
        admin.load(1, &first, 0).unwrap();
        let supplement = admin.keys.supplement(&[id(4)]).unwrap();
        admin.members.erase(&id(3)).unwrap();
        admin.members.set(&Member::new(id(4))).unwrap();
        let second = admin.rekey();

        let mut removed = Person::member(3);
        assert_eq!(removed.load(1, &first, 0), Ok(true));
        assert_eq!(removed.load(2, &second, 1), Ok(false));
        assert_eq!(removed.load(3, &supplement, 1), Ok(false));
        assert_eq!(removed.keys.keys().len(), 1);
        assert_eq!(removed.keys.active_hashes().len(), 3, "all are kept alive");

        let mut added = Person::member(4);
        assert_eq!(added.load(1, &first, 0), Ok(false));
        assert!(added.keys.active_hashes().is_empty());
        assert_eq!(added.load(2, &second, 1), Ok(true));
        assert_eq!(added.keys.keys().len(), 1);
        assert_eq!(added.load(3, &supplement, 1), Ok(true));
        assert_eq!(added.keys.keys(), admin.keys.keys());
    }

    #[test]
    fn who_is_no_admin_makes_and_passes_on_no_key() {
        let mut member = Person::member(2);
        let Person {
            keys,
            info,
            members,
        } = &mut member;
        assert_eq!(keys.rekey(info, members), Err(KeysError::NotAdmin));
        assert_eq!(keys.supplement(&[id(3)]), Err(KeysError::NotAdmin));
        assert_eq!(
            keys.promote(&account(9), info, members),
            Err(KeysError::OtherGroup)
        );
        keys.promote(&account(1), info, members).unwrap();
        assert_eq!(keys.supplement(&[id(3)]), Err(KeysError::NoKey));
        assert!(keys.rekey(info, members).is_ok());
    }

    #[test]
    fn keys_go_sixty_days_after_their_successor_was_replaced_and_do_not_come_back() {
        let mut admin = Person::admin(2, &[2]);
        let mut messages = Vec::new();
        for (hash, days) in [(0, 0), (1, 10), (2, 71)] {
            let message = admin.rekey();
            admin.load(hash, &message, days).unwrap();
            messages.push(message);
        }
        assert_eq!(admin.keys.keys().len(), 2);
        assert_eq!(admin.keys.active_hashes(), [name(1), name(2)].into());
        assert_eq!(admin.load(0, &messages[0], 0), Ok(true));
        assert_eq!(admin.keys.active_hashes(), [name(1), name(2)].into());
    }

    #[test]
    fn hostile_lists_are_refused_and_change_nothing() {
        let secret = account(1);
        let signed = |body: &[u8]| {
            let mut message = body.to_vec();
            finish(&mut message, &secret);
            message
        };
        let sealed = |length: usize| {
            let mut out = Vec::new();
            bt::put_bytes(&mut out, &vec![0; length]);
            out
        };
        let head = [b"d1:#".as_slice(), &sealed(24)].concat();
        let rekey = |generation: &str, admin: usize, members: usize, length: usize| {
            let list = sealed(length).repeat(members);
            let admin = sealed(admin);
            let parts: [&[u8]; 7] = [
                &head,
                b"1:G",
                generation.as_bytes(),
                b"1:K",
                &admin,
                b"1:kl",
                &list,
            ];
            signed(&[&parts.concat(), b"e".as_slice()].concat())
        };
        let deep = [&head, b"1:$".as_slice(), &vec![b'l'; 100_000]].concat();
        let huge = [&head, b"1:$l".as_slice(), &b"le".repeat(bt::MAX_VALUES)].concat();
        let cases = [
            rekey("i-1e", 48, 45, 48),
            rekey("i9223372036854775807e", 48, 45, 48),
            rekey("i0e", 47, 45, 48),
            rekey("i0e", 48, 44, 48),
            rekey("i0e", 48, 45, 49),
            signed(&[&head, b"1:G".as_slice(), b"i0e"].concat()),
            signed(&[&head, b"1:+l".as_slice(), &sealed(67), b"e1:Gi0e"].concat()),
            signed(&deep),
            signed(&[&huge, b"e".as_slice()].concat()),
            [rekey("i0e", 48, 45, 48), b"e".to_vec()].concat(),
        ];
        let mut member = Person::member(2);
        let before = member.keys.dump();
        for (place, message) in cases.iter().enumerate() {
            let result = member.load(1, message, 0);
            assert_eq!(result, Err(KeysError::Format), "case {place}");
        }
        assert_eq!(member.keys.dump(), before);
        assert_eq!(
            member.load(1, &rekey("i0e", 48, 90, 48), 0),
            Ok(false),
            "a list for others is well-formed"
        );
    }

    proptest! {
        #[test]
        fn every_order_of_the_messages_gives_the_same_keys(order in Just((0..4usize).collect::<Vec<_>>()).prop_shuffle()) {
            let (mut first, mut second) = (Person::admin(2, &[2, 3]), Person::admin(3, &[2, 3, 4]));
            let mut messages = vec![first.rekey()];
            first.load(0, &messages[0], 0).unwrap();
            second.load(0, &messages[0], 0).unwrap();
            messages.extend([first.rekey(), second.rekey(), first.keys.supplement(&[id(4)]).unwrap()]);
            let loaded = |order: &[usize]| {
                let mut member = Person::member(4);
                for place in order {
                    member.load(*place as u8, &messages[*place], *place as u64).unwrap();
                }
                member.keys.dump().to_vec()
            };
            // A message that came before the first key of a reader is not kept alive: the last round is what counts.
            let twice = |order: &[usize]| loaded(&[order, order].concat());
            prop_assert_eq!(twice(&order), twice(&[0, 1, 2, 3]));
        }

        #[test]
        fn damage_is_noticed(bit: usize) {
            let mut admin = Person::admin(2, &[2, 3]);
            let mut message = admin.rekey();
            let bit = bit % (message.len() * 8);
            message[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Person::member(3).load(0, &message, 0).is_err());
            prop_assert!(admin.load(0, &message, 0).is_err());
            prop_assert!(admin.keys.pending().is_some());
        }

        #[test]
        fn no_bytes_make_a_dump_or_a_message_panic(bytes in proptest::collection::vec(prop::sample::select(b"d1:#24:ALPGgKk+~leit0".to_vec()), 0..80)) {
            let holder = Holder::Admin(account(1));
            let _ = GroupKeys::load(holder, &account(2), &bytes);
            prop_assert!(Person::member(2).load(0, &bytes, 0).is_err());
        }
    }
}
