//! The file of a backup: a head, and parts of one size that are sealed one by one.
//!
//! ```text
//!  0      4         5        9        13      17     33       52              145        153
//!  +------+---------+--------+--------+-------+------+--------+---------------+----------+
//!  | OSKB | version | memory | passes | lanes | salt | prefix | sealed head   | checksum |   parts …
//!  +------+---------+--------+--------+-------+------+--------+---------------+----------+
//!
//!  head, 77 bytes (with its tag 93)
//!  0         32        40      41     57              61         65      69      77
//!  +---------+---------+-------+------+---------------+----------+-------+-------+
//!  | account | made at | flags | seed | conversations | messages | files | bytes |
//!  +---------+---------+-------+------+---------------+----------+-------+-------+
//!
//!  part, 65,536 bytes
//!  0       4                                       65,520   65,536
//!  +-------+---------------------------------------+--------+
//!  | first | items, the last part is filled with 0 | tag    |
//!  +-------+---------------------------------------+--------+
//!
//!  item, across any number of parts
//!  0      1        5
//!  +------+--------+-------------------+
//!  | kind | length | body              |
//!  +------+--------+-------------------+
//! ```
//! Numbers are big-endian. The key comes from a passphrase by Argon2id; memory (KiB), passes, lanes and salt say how. The
//! checksum is BLAKE2b-64 of everything before it, so that damage is not taken for a wrong passphrase.
//!
//! Everything is sealed with XChaCha20-Poly1305. The nonce is the random prefix (19 bytes), the number of the part and a byte:
//! 0, 1 for the last part, 2 for the head, whose number is 2³²-1. The associated data is everything before the sealed head. So
//! a part opens in its own place of its own file only, and a file that was cut does not end. As all parts have one size, a
//! damaged part loses itself and nothing behind it: `first` says where in a part the first item begins (counted from the
//! start of the part; 0: none does), and reading goes on there.

use crate::api::{BackupKey, ErrorCode, Failure};
use crate::vault::{KdfParams, VaultError};
use onionskin_ciphers::xchacha20poly1305::{TAG, open, seal};
use onionskin_protocol::entropy::{Entropy, draw};
use onionskin_protocol::hash::blake2b;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// First bytes of a backup.
const MAGIC: &[u8; 4] = b"OSKB";
/// The form that is written and read here.
const VERSION: u8 = 1;
/// Random bytes of every nonce.
const PREFIX: usize = 19;
/// Everything before the sealed head: what all of the file is bound to.
const BOUND: usize = 4 + 1 + 12 + 16 + PREFIX;
/// Bytes of the head.
const HEAD: usize = 77;
/// Bytes of the checksum.
const CHECKSUM: usize = 8;
/// Bytes before the first part.
pub const HEADER: usize = BOUND + HEAD + TAG + CHECKSUM;
/// Bytes of a part.
pub const PART: usize = 64 * 1024;
/// Bytes of a part that are sealed.
const PLAIN: usize = PART - TAG;
/// Bytes before the items of a part.
const FIRST: usize = 4;
/// Bytes before the body of an item.
const ITEM: usize = 5;
/// Longest body (bytes): more than the largest file that a vault holds.
pub const MAX_ITEM: usize = 17 * 1024 * 1024;
/// Kind of what fills the last part.
const FILLING: u8 = 0;

/// Bits of the head's flags.
const WHOLE: u8 = 1;
const WITH_FILES: u8 = 2;
const WITH_SEED: u8 = 4;

/// The last byte of a nonce.
#[derive(Clone, Copy)]
enum Place {
    Part = 0,
    Last = 1,
    Head = 2,
}

/// Why a file is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// It is something else.
    #[error("not a backup")]
    Foreign,
    /// Written by a later version.
    #[error("the backup was written by a later version ({0})")]
    Newer(u8),
    /// Its beginning is damaged: nothing of it can be read.
    #[error("the beginning of the backup is damaged")]
    Damaged,
    /// The key does not fit.
    #[error("the passphrase does not open this backup")]
    Wrong,
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let code = match error {
            BackupError::Foreign => ErrorCode::BakForeign,
            BackupError::Newer(_) => ErrorCode::BakNewer,
            BackupError::Damaged => ErrorCode::BakDamaged,
            BackupError::Wrong => ErrorCode::BakPass,
        };
        Failure {
            code,
            number: None,
            detail: error.to_string(),
        }
    }
}

/// What is known of a backup before its parts are read. Wiped on drop, silent in `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Head {
    /// Key of the account without its prefix.
    pub account: [u8; 32],
    /// When it was made (network time, ms).
    pub made_at: u64,
    /// All conversations are in it.
    pub whole: bool,
    /// Files are in it.
    pub with_files: bool,
    /// The seed of the account, when the person wanted it in.
    pub seed: Option<[u8; 16]>,
    /// Conversations that were to go in.
    pub conversations: u32,
    /// Messages that were to go in.
    pub messages: u32,
    /// Files that were to go in.
    pub files: u32,
    /// Bytes of these files.
    pub bytes: u64,
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Head(..)")
    }
}

impl Head {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(HEAD));
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        out.extend_from_slice(&self.account);
        out.extend_from_slice(&self.made_at.to_be_bytes());
        out.push(
            flag(self.whole, WHOLE)
                | flag(self.with_files, WITH_FILES)
                | flag(self.seed.is_some(), WITH_SEED),
        );
        out.extend_from_slice(self.seed.as_ref().unwrap_or(&[0; 16]));
        for number in [self.conversations, self.messages, self.files] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.bytes.to_be_bytes());
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let account = take(&mut rest)?;
        let made_at = u64::from_be_bytes(take(&mut rest)?);
        let [flags] = take(&mut rest)?;
        let seed = take(&mut rest)?;
        let mut number = || take(&mut rest).map(u32::from_be_bytes);
        let (conversations, messages, files) = (number()?, number()?, number()?);
        let bytes = u64::from_be_bytes(take(&mut rest)?);
        rest.is_empty().then_some(Self {
            account,
            made_at,
            whole: flags & WHOLE != 0,
            with_files: flags & WITH_FILES != 0,
            seed: (flags & WITH_SEED != 0).then_some(seed),
            conversations,
            messages,
            files,
            bytes,
        })
    }
}

/// Takes so many bytes off the front.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

/// Everything before the first part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; HEADER],
    params: KdfParams,
}

impl Header {
    /// Seals a head. `key` was made with `params`. Draws the prefix (19 bytes).
    pub fn new(
        params: &KdfParams,
        key: &BackupKey,
        head: &Head,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Self, VaultError> {
        params.check()?;
        let mut all = Vec::with_capacity(HEADER);
        all.extend_from_slice(MAGIC);
        all.push(VERSION);
        for number in [params.memory_kib, params.passes, params.lanes] {
            all.extend_from_slice(&number.to_be_bytes());
        }
        all.extend_from_slice(&params.salt);
        all.extend_from_slice(&draw::<PREFIX>(entropy));
        let nonce = nonce(&all, u32::MAX, Place::Head);
        let sealed = seal(&key.0, &nonce, &all, &head.to_bytes());
        all.extend_from_slice(&sealed);
        let checksum = blake2b::<CHECKSUM>(&[], &[&all]);
        all.extend_from_slice(&checksum);
        Ok(Self {
            bytes: all.try_into().map_err(|_| VaultError::Header)?,
            params: *params,
        })
    }

    /// Reads the beginning of a file, of which there may be more.
    pub fn read(file: &[u8]) -> Result<Self, BackupError> {
        let mut rest = file.strip_prefix(MAGIC).ok_or(BackupError::Foreign)?;
        match take(&mut rest) {
            Some([VERSION]) => {}
            Some([version]) => return Err(BackupError::Newer(version)),
            None => return Err(BackupError::Damaged),
        }
        let bytes = *file.first_chunk::<HEADER>().ok_or(BackupError::Damaged)?;
        let (told, checksum) = bytes.split_at(HEADER - CHECKSUM);
        if blake2b::<CHECKSUM>(&[], &[told]) != checksum {
            return Err(BackupError::Damaged);
        }
        let mut number = || take(&mut rest).map(u32::from_be_bytes);
        let (memory_kib, passes, lanes) = (number(), number(), number());
        let params = KdfParams {
            salt: take(&mut rest).ok_or(BackupError::Damaged)?,
            memory_kib: memory_kib.ok_or(BackupError::Damaged)?,
            passes: passes.ok_or(BackupError::Damaged)?,
            lanes: lanes.ok_or(BackupError::Damaged)?,
        };
        params.check().map_err(|_| BackupError::Damaged)?;
        Ok(Self { bytes, params })
    }

    /// How the key is made from the passphrase.
    pub fn params(&self) -> &KdfParams {
        &self.params
    }

    /// The bytes to write.
    pub fn to_bytes(&self) -> &[u8; HEADER] {
        &self.bytes
    }

    /// Random bytes that no other backup has (19).
    pub fn name(&self) -> &[u8] {
        &self.bytes[BOUND - PREFIX..BOUND]
    }

    /// The head; [`BackupError::Wrong`] when the key does not fit.
    pub fn open(&self, key: &BackupKey) -> Result<Head, BackupError> {
        let bound = self.bound();
        let sealed = &self.bytes[BOUND..HEADER - CHECKSUM];
        let nonce = nonce(bound, u32::MAX, Place::Head);
        let head = open(&key.0, &nonce, bound, sealed).ok_or(BackupError::Wrong)?;
        Head::from_bytes(&Zeroizing::new(head)).ok_or(BackupError::Damaged)
    }

    fn bound(&self) -> &[u8] {
        &self.bytes[..BOUND]
    }
}

/// `bound` ends with the prefix.
fn nonce(bound: &[u8], number: u32, place: Place) -> [u8; 24] {
    let mut nonce = [0; 24];
    let prefix = &bound[bound.len().saturating_sub(PREFIX)..];
    for (to, from) in nonce.iter_mut().zip(prefix) {
        *to = *from;
    }
    nonce[PREFIX..PREFIX + 4].copy_from_slice(&number.to_be_bytes());
    nonce[23] = place as u8;
    nonce
}

/// Makes the parts of a file.
pub struct Sealer {
    header: Header,
    key: BackupKey,
    number: u32,
    /// What is in the present part, from its beginning.
    part: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// For the file that begins with `header`.
    pub fn new(header: Header, key: BackupKey) -> Self {
        Self {
            header,
            key,
            number: 0,
            part: empty_part(),
        }
    }

    /// Adds an item; parts that are full go to `out`. A body that is too long is refused: false.
    pub fn push(&mut self, kind: u8, body: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(length) = u32::try_from(body.len())
            .ok()
            .filter(|_| body.len() <= MAX_ITEM && kind != FILLING)
        else {
            return false;
        };
        if self.part.len() == PLAIN {
            self.seal(Place::Part, out);
        }
        if self.part[..FIRST] == [0; FIRST] {
            let first = self.part.len() as u32;
            self.part[..FIRST].copy_from_slice(&first.to_be_bytes());
        }
        self.fill(&[kind], out);
        self.fill(&length.to_be_bytes(), out);
        self.fill(body, out);
        true
    }

    fn fill(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.part.len() == PLAIN {
                self.seal(Place::Part, out);
            }
            let (now, later) = bytes.split_at(bytes.len().min(PLAIN - self.part.len()));
            self.part.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Ends the file: the last part goes to `out`.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.part.resize(PLAIN, FILLING);
        self.seal(Place::Last, out);
    }

    fn seal(&mut self, place: Place, out: &mut Vec<u8>) {
        let bound = self.header.bound();
        let nonce = nonce(bound, self.number, place);
        out.extend_from_slice(&seal(&self.key.0, &nonce, bound, &self.part));
        self.number += 1;
        self.part = empty_part();
    }
}

fn empty_part() -> Zeroizing<Vec<u8>> {
    let mut part = Zeroizing::new(Vec::with_capacity(PLAIN));
    part.resize(FIRST, 0);
    part
}

/// One item of a backup.
pub type Item = (u8, Vec<u8>);

/// How a file ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Parts that did not open or made no sense.
    pub lost: u32,
    /// Its last part did not come.
    pub cut: bool,
    /// Something came after it.
    pub trailing: bool,
}

/// Reads the parts of a file, in pieces of any size.
pub struct Opener {
    header: Header,
    key: BackupKey,
    /// Bytes of the header that are still to come.
    before: usize,
    number: u32,
    /// What came of the next part.
    part: Vec<u8>,
    items: Assembler,
    ended: bool,
    trailing: bool,
}

impl Opener {
    /// For the file that begins with `header`, which is read once more.
    pub fn new(header: Header, key: BackupKey) -> Self {
        Self {
            header,
            key,
            before: HEADER,
            number: 0,
            part: Vec::new(),
            items: Assembler::default(),
            ended: false,
            trailing: false,
        }
    }

    /// Takes more of the file, and gives the items that are whole now.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Item> {
        let (header, mut bytes) = bytes.split_at(self.before.min(bytes.len()));
        let from = HEADER - self.before;
        self.before -= header.len();
        if self.header.bytes[from..from + header.len()] != *header {
            self.items.lost += 1;
        }
        let mut items = Vec::new();
        while !bytes.is_empty() {
            if self.ended {
                self.trailing = true;
                break;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PART - self.part.len()));
            self.part.extend_from_slice(now);
            bytes = later;
            if self.part.len() == PART {
                self.open(&mut items);
            }
        }
        items
    }

    fn open(&mut self, items: &mut Vec<Item>) {
        let sealed = std::mem::take(&mut self.part);
        let bound = self.header.bound();
        let opened = [Place::Part, Place::Last].into_iter().find_map(|place| {
            let nonce = nonce(bound, self.number, place);
            let plain = open(&self.key.0, &nonce, bound, &sealed)?;
            Some((Zeroizing::new(plain), place))
        });
        self.number += 1;
        match opened {
            Some((plain, place)) => {
                self.ended = matches!(place, Place::Last);
                self.items.take(&plain, items);
            }
            None => self.items.lose(),
        }
    }

    /// There is no more of it.
    pub fn end(self) -> End {
        End {
            lost: self.items.lost,
            cut: !self.ended,
            trailing: self.trailing,
        }
    }
}

/// Puts items together from what was sealed in parts.
#[derive(Default)]
pub struct Assembler {
    /// What came of the item that is not whole yet.
    item: Vec<u8>,
    /// What came before is lost: items are found again where one begins.
    astray: bool,
    lost: u32,
}

impl Assembler {
    /// Takes what one part held.
    pub fn take(&mut self, plain: &[u8], items: &mut Vec<Item>) {
        let mut rest = plain;
        let Some(first) = take(&mut rest).map(u32::from_be_bytes) else {
            return self.lose();
        };
        if self.astray {
            match plain.get(first as usize..) {
                Some(from) if first as usize >= FIRST => rest = from,
                // Nothing begins here.
                _ => return,
            }
            self.astray = false;
        }
        while !rest.is_empty() {
            if self.item.is_empty() && rest.first() == Some(&FILLING) {
                return;
            }
            let missing = match self.length() {
                None => ITEM - self.item.len(),
                Some(length) => ITEM + length - self.item.len(),
            };
            let (now, later) = rest.split_at(rest.len().min(missing));
            self.item.extend_from_slice(now);
            rest = later;
            match self.length() {
                Some(length) if length > MAX_ITEM => return self.lose(),
                Some(length) if self.item.len() == ITEM + length => {
                    let mut item = std::mem::take(&mut self.item);
                    let body = item.split_off(ITEM);
                    items.push((item.first().copied().unwrap_or(FILLING), body));
                }
                _ => {}
            }
        }
    }

    /// A part is lost, and with it the item that it belonged to.
    pub fn lose(&mut self) {
        self.item = Vec::new();
        self.astray = true;
        self.lost += 1;
    }

    /// Length of the present item's body, once it is known.
    fn length(&self) -> Option<usize> {
        let length = self.item.get(1..ITEM)?.try_into().ok()?;
        Some(u32::from_be_bytes(length) as usize)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use onionskin_testnet::random::SeededEntropy;
    use proptest::prelude::*;

    const KEY: BackupKey = BackupKey([7; 32]);

    fn params() -> KdfParams {
        KdfParams {
            salt: [9; 16],
            memory_kib: 19 * 1024,
            passes: 1,
            lanes: 1,
        }
    }

    fn head() -> Head {
        Head {
            account: [3; 32],
            made_at: 1_790_000_000_000,
            whole: true,
            with_files: true,
            seed: Some([5; 16]),
            conversations: 2,
            messages: 3,
            files: 1,
            bytes: 70_000,
        }
    }

    fn header(seed: u64) -> Header {
        Header::new(&params(), &KEY, &head(), &mut SeededEntropy::new(seed)).unwrap()
    }

    fn file(items: &[Item], seed: u64) -> Vec<u8> {
        let header = header(seed);
        let mut out = header.to_bytes().to_vec();
        let mut sealer = Sealer::new(header, KEY);
        for (kind, body) in items {
            assert!(sealer.push(*kind, body, &mut out));
        }
        sealer.finish(&mut out);
        out
    }

    fn read(file: &[u8], step: usize) -> (Vec<Item>, End) {
        let mut opener = Opener::new(Header::read(file).unwrap(), KEY);
        let items = file
            .chunks(step)
            .flat_map(|bytes| opener.feed(bytes))
            .collect();
        (items, opener.end())
    }

    /// Some that are small, and some that reach across parts.
    fn items() -> impl Strategy<Value = Vec<Item>> {
        let length = prop_oneof![
            0..40usize,
            0..200_000usize,
            Just(PLAIN - FIRST - ITEM),
            Just(PLAIN)
        ];
        let item = (1..=255u8, length).prop_map(|(kind, length)| (kind, vec![kind; length]));
        proptest::collection::vec(item, 0..12)
    }

    #[test]
    fn a_head_is_read_with_its_key_only() {
        let read = Header::read(&file(&[], 1)).unwrap();
        assert_eq!(read.open(&KEY).unwrap(), head());
        assert_eq!(read.params(), &params());
        assert_eq!(read.open(&BackupKey([8; 32])), Err(BackupError::Wrong));
        assert_eq!(format!("{:?}", head()), "Head(..)");
        let plain = Head {
            seed: None,
            whole: false,
            with_files: false,
            ..head()
        };
        let sealed = Header::new(&params(), &KEY, &plain, &mut SeededEntropy::new(1)).unwrap();
        assert_eq!(sealed.open(&KEY).unwrap(), plain);
    }

    #[test]
    fn other_files_damage_and_later_versions_are_told_apart() {
        let whole = file(&[], 1);
        assert_eq!(Header::read(b"PK\x03\x04"), Err(BackupError::Foreign));
        assert_eq!(Header::read(b""), Err(BackupError::Foreign));
        assert_eq!(Header::read(b"OSKB"), Err(BackupError::Damaged));
        assert_eq!(
            Header::read(&whole[..HEADER - 1]),
            Err(BackupError::Damaged)
        );
        let mut later = whole.clone();
        later[4] = 2;
        assert_eq!(Header::read(&later), Err(BackupError::Newer(2)));
        for at in 5..HEADER {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(
                Header::read(&changed),
                Err(BackupError::Damaged),
                "byte {at}"
            );
        }
        let greedy = KdfParams {
            memory_kib: u32::MAX,
            ..params()
        };
        assert!(Header::new(&greedy, &KEY, &head(), &mut SeededEntropy::new(1)).is_err());
    }

    #[test]
    fn an_item_that_is_too_long_or_of_no_kind_is_not_written() {
        let mut sealer = Sealer::new(header(1), KEY);
        let mut out = Vec::new();
        assert!(!sealer.push(FILLING, b"x", &mut out));
        assert!(!sealer.push(1, &vec![0; MAX_ITEM + 1], &mut out));
        assert!(out.is_empty());
    }

    #[test]
    fn parts_open_in_their_own_place_of_their_own_file() {
        let items: Vec<Item> = (1..=4).map(|kind| (kind, vec![kind; PLAIN])).collect();
        let (ours, theirs) = (file(&items, 1), file(&items, 2));
        let part = |number: usize| HEADER + number * PART..HEADER + (number + 1) * PART;
        let mut swapped = ours.clone();
        swapped[part(1)].copy_from_slice(&ours[part(2)]);
        swapped[part(2)].copy_from_slice(&ours[part(1)]);
        assert_eq!(read(&swapped, 1 << 20).1.lost, 2);
        let mut foreign = ours.clone();
        foreign[part(1)].copy_from_slice(&theirs[part(1)]);
        assert_eq!(read(&foreign, 1 << 20).1.lost, 1);
        let mut dropped = ours.clone();
        dropped.drain(part(1));
        let (_, end) = read(&dropped, 1 << 20);
        assert!(end.cut && end.lost > 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_was_written_is_read_in_pieces_of_any_size(items in items(), step in 1..300_000usize) {
            let file = file(&items, 1);
            prop_assert_eq!((file.len() - HEADER) % PART, 0);
            let (read, end) = read(&file, step);
            prop_assert!(read == items);
            prop_assert_eq!(end, End::default());
        }

        #[test]
        fn a_damaged_part_loses_what_was_in_it_and_nothing_else(items in items(), at: prop::sample::Index, bit in 0..8u8) {
            let mut file = file(&items, 1);
            let place = HEADER + at.index(file.len() - HEADER);
            file[place] ^= 1 << bit;
            let (read, end) = read(&file, 1 << 20);
            prop_assert_eq!(end.lost, 1);
            prop_assert_eq!(end.cut, (place - HEADER) / PART + 1 == (file.len() - HEADER) / PART);
            // Items keep their order, and those that do not touch the part are all there.
            let part = (place - HEADER) / PART;
            let (from, to) = (part * (PLAIN - FIRST), (part + 1) * (PLAIN - FIRST));
            let mut start = 0;
            let whole: Vec<&Item> = items.iter().filter(|(_, body)| {
                let own = start..start + ITEM + body.len();
                start = own.end;
                own.end <= from || own.start >= to
            }).collect();
            prop_assert!(read.iter().collect::<Vec<_>>() == whole);
        }

        #[test]
        fn a_file_that_is_cut_says_so_and_gives_what_is_before(items in items(), at: prop::sample::Index) {
            let file = file(&items, 1);
            let length = HEADER + at.index(file.len() - HEADER);
            let (read, end) = read(&file[..length], 1 << 20);
            prop_assert!(end.cut && !end.trailing);
            prop_assert!(items.starts_with(&read));
        }

        #[test]
        fn what_follows_the_end_is_noticed_and_not_read(items in items(), more in proptest::collection::vec(any::<u8>(), 1..100)) {
            let mut file = file(&items, 1);
            file.extend(more);
            let (read, end) = read(&file, 1 << 20);
            prop_assert!(read == items);
            prop_assert_eq!(end, End { trailing: true, ..End::default() });
        }

        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = Header::read(&bytes);
            let mut prefixed = b"OSKB\x01".to_vec();
            prefixed.extend(&bytes);
            let _ = Header::read(&prefixed);
            let (mut assembler, mut items) = (Assembler::default(), Vec::new());
            for part in bytes.chunks(300) {
                assembler.take(part, &mut items);
            }
            let held: usize = items.iter().map(|(_, body)| body.len()).sum();
            prop_assert!(held <= bytes.len());
        }
    }
}
