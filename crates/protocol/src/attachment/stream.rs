//! The newer, deterministic format (20-messages 5.3): libsodium's secretstream, whose header and key follow from the file.
//!
//! ```text
//!  0   1          25               32810            …
//!  +---+----------+----------------+-- … --+---------+
//!  | S | header   | chunk 32,768   |       | last    |   each chunk: tag byte, ciphertext, MAC (17 bytes more)
//!  +---+----------+----------------+-- … --+---------+
//! ```
//!
//! Inside stand zeros, one byte 01, and the file. The padding makes lengths few.

use super::AttachmentError;
use crate::hash::blake2b_personal;
use onionskin_ciphers::chacha20::{self, poly1305};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// First byte of every file of this format.
pub const MARK: u8 = b'S';
/// Length of a key (bytes).
pub const KEY_LEN: usize = 32;
/// Largest file (bytes) that stays within the file server's limit.
pub const MAX_FILE: usize = 9_956_278;
/// Largest file (bytes) that the format takes.
const MAX_FORMAT: usize = 10_218_286;
const HEADER_LEN: usize = 24;
const CHUNK: usize = 32_768;
const TAG_LEN: usize = 17;
const SEALED_CHUNK: usize = CHUNK + TAG_LEN;
/// Longest encrypted file (bytes).
const MAX_ENCRYPTED: usize = 10_223_616;
const MESSAGE: u8 = 0x00;
const FINAL: u8 = 0x03;

/// What a file is for. The same file has another key in another domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// A file of a message.
    Attachment,
    /// A profile picture.
    ProfilePicture,
}

impl Domain {
    const fn personal(self) -> &'static [u8; 16] {
        match self {
            Self::Attachment => b"SessionAttachmnt",
            Self::ProfilePicture => b"Session_Prof_Pic",
        }
    }
}

/// Key and header that follow from the sender's 32-byte seed and the file.
pub fn derive(
    file: &[u8],
    seed: &[u8; 32],
    domain: Domain,
) -> (Zeroizing<[u8; KEY_LEN]>, [u8; HEADER_LEN]) {
    let derived: Zeroizing<[u8; HEADER_LEN + KEY_LEN]> =
        Zeroizing::new(blake2b_personal(seed, domain.personal(), &[file]));
    let (header, key) = derived.split_at(HEADER_LEN);
    let mut out = ([0; KEY_LEN], [0; HEADER_LEN]);
    out.0.copy_from_slice(key);
    out.1.copy_from_slice(header);
    (Zeroizing::new(out.0), out.1)
}

/// Encrypts a file of at most 10,218,286 bytes.
pub fn seal(
    file: &[u8],
    key: &[u8; KEY_LEN],
    header: &[u8; HEADER_LEN],
) -> Result<Vec<u8>, AttachmentError> {
    if file.len() > MAX_FORMAT {
        return Err(AttachmentError::TooLarge(file.len()));
    }
    let mut plain = Zeroizing::new(vec![0; padding(file.len())]);
    if let Some(end) = plain.last_mut() {
        *end = 1;
    }
    plain.extend_from_slice(file);
    let mut stream = Stream::new(key, header);
    let mut out = vec![MARK];
    out.extend_from_slice(header);
    let mut chunks = plain.chunks(CHUNK).peekable();
    while let Some(chunk) = chunks.next() {
        let tag = if chunks.peek().is_some() {
            MESSAGE
        } else {
            FINAL
        };
        stream.push(chunk, tag, &mut out);
    }
    Ok(out)
}

/// Opens a file. Everything must be there: the last chunk says that it is the last.
pub fn open(encrypted: &[u8], key: &[u8; KEY_LEN]) -> Result<Zeroizing<Vec<u8>>, AttachmentError> {
    if encrypted.len() > MAX_ENCRYPTED {
        return Err(AttachmentError::TooLarge(encrypted.len()));
    }
    let rest = match encrypted.split_first() {
        Some((&MARK, rest)) => rest,
        _ => return Err(AttachmentError::Form("it does not begin as it should")),
    };
    let (header, rest) = rest
        .split_first_chunk::<HEADER_LEN>()
        .ok_or(AttachmentError::Form("it is cut off"))?;
    let mut stream = Stream::new(key, header);
    let mut plain = Zeroizing::new(Vec::with_capacity(rest.len()));
    let mut chunks = rest.chunks(SEALED_CHUNK).peekable();
    let mut ended = false;
    while let Some(chunk) = chunks.next() {
        let tag = stream.pull(chunk, &mut plain)?;
        ended = match (tag, chunks.peek()) {
            (FINAL, None) => true,
            (MESSAGE, Some(_)) => false,
            _ => return Err(AttachmentError::Form("it ends in the wrong place")),
        };
    }
    if !ended {
        return Err(AttachmentError::Form("it is cut off"));
    }
    match plain.iter().position(|byte| *byte != 0) {
        Some(at) if plain[at] == 1 => Ok(Zeroizing::new(plain[at + 1..].to_vec())),
        _ => Err(AttachmentError::Form("its padding is wrong")),
    }
}

/// Bytes before the file, the 01 included (20-messages 5.3).
fn padding(file: usize) -> usize {
    let chunks = file.div_ceil(CHUNK);
    let least = file + 1 + HEADER_LEN + 1 + TAG_LEN * chunks;
    let step = largest_power_of_two(least.max(131_072)) >> 5;
    let target = least.div_ceil(step) * step;
    let mut padding = target - least + 1;
    let beyond = padding % SEALED_CHUNK > CHUNK * chunks - file;
    if padding >= SEALED_CHUNK {
        padding -= TAG_LEN * (padding / SEALED_CHUNK);
    }
    if beyond {
        padding -= TAG_LEN;
    }
    padding
}

fn largest_power_of_two(number: usize) -> usize {
    1 << number.ilog2()
}

/// The state of libsodium's `crypto_secretstream_xchacha20poly1305`, without associated data and without rekeying.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Stream {
    key: [u8; 32],
    counter: u32,
    nonce: [u8; 8],
}

impl Stream {
    fn new(key: &[u8; KEY_LEN], header: &[u8; HEADER_LEN]) -> Self {
        let (input, nonce) = header.split_at(16);
        let input: &[u8; 16] = input.try_into().expect("split at 16");
        Self {
            key: *chacha20::subkey(key, input),
            counter: 1,
            nonce: nonce.try_into().expect("24 - 16 bytes"),
        }
    }

    /// Combines `bytes` with the key stream of this chunk, from a block on: the first one is the key of the authenticator, the
    /// second one covers the tag, the chunk itself begins at the third.
    fn apply(&self, block: u32, bytes: &mut [u8]) {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.counter.to_le_bytes());
        nonce[4..].copy_from_slice(&self.nonce);
        chacha20::apply(&self.key, &nonce, block, bytes);
    }

    fn mac_key(&self) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.apply(0, key.as_mut_slice());
        key
    }

    fn push(&mut self, plain: &[u8], tag: u8, out: &mut Vec<u8>) {
        let mut block = [0; 64];
        block[0] = tag;
        self.apply(1, &mut block);
        let start = out.len();
        out.push(block[0]);
        out.extend_from_slice(plain);
        self.apply(2, &mut out[start + 1..]);
        let mac = authenticate(&self.mac_key(), &block, &out[start + 1..]);
        out.extend_from_slice(&mac);
        self.advance(&mac);
    }

    fn pull(&mut self, sealed: &[u8], plain: &mut Vec<u8>) -> Result<u8, AttachmentError> {
        let (first, rest) = sealed
            .split_first()
            .ok_or(AttachmentError::Form("it is cut off"))?;
        let (ciphertext, expected) = rest
            .split_last_chunk::<16>()
            .ok_or(AttachmentError::Form("it is cut off"))?;
        let mut block = [0; 64];
        block[0] = *first;
        self.apply(1, &mut block);
        let tag = block[0];
        // What was authenticated is the key stream with the encrypted tag in front.
        block[0] = *first;
        let mac = authenticate(&self.mac_key(), &block, ciphertext);
        if !bool::from(mac.ct_eq(expected)) {
            return Err(AttachmentError::Digest);
        }
        let start = plain.len();
        plain.extend_from_slice(ciphertext);
        self.apply(2, &mut plain[start..]);
        self.advance(&mac);
        Ok(tag)
    }

    fn advance(&mut self, mac: &[u8; 16]) {
        for (byte, other) in self.nonce.iter_mut().zip(mac) {
            *byte ^= other;
        }
        self.counter = self.counter.wrapping_add(1);
    }
}

/// The block of the tag, the ciphertext, zeros as libsodium counts them, and the two lengths.
fn authenticate(key: &[u8; 32], block: &[u8; 64], ciphertext: &[u8]) -> [u8; 16] {
    let mut input = Vec::with_capacity(64 + ciphertext.len() + 32);
    input.extend_from_slice(block);
    input.extend_from_slice(ciphertext);
    // (16 - 64 + length) mod 16: a whole number of blocks only when the length is one already.
    input.resize(input.len() + ciphertext.len() % 16, 0);
    input.extend_from_slice(&0u64.to_le_bytes());
    input.extend_from_slice(&(64 + ciphertext.len() as u64).to_le_bytes());
    poly1305(key, &input)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encrypted_sizes_are_those_of_the_specification() {
        for (file, encrypted) in [
            (0, 4096),
            (4053, 4096),
            (4054, 8192),
            (60_000, 61_440),
            (MAX_FILE, 9_961_472),
            (10_000_000, MAX_ENCRYPTED),
            (MAX_FORMAT, MAX_ENCRYPTED),
        ] {
            let sealed = seal(&vec![7; file], &[1; 32], &[2; 24]).unwrap();
            assert_eq!(sealed.len(), encrypted, "{file}");
        }
        assert!(seal(&vec![0; MAX_FORMAT + 1], &[1; 32], &[2; 24]).is_err());
    }

    #[test]
    fn a_file_that_is_cut_or_goes_on_is_damaged() {
        let sealed = seal(&vec![7; 100_000], &[1; 32], &[2; 24]).unwrap();
        assert!(open(&sealed[..25 + SEALED_CHUNK], &[1; 32]).is_err());
        assert!(open(&sealed[..25], &[1; 32]).is_err());
        let mut twice = sealed.clone();
        twice.extend_from_slice(&sealed[25..]);
        assert!(open(&twice, &[1; 32]).is_err());
        assert!(open(&sealed, &[1; 32]).is_ok());
    }

    proptest! {
        #[test]
        fn a_file_opens_only_whole(file in proptest::collection::vec(any::<u8>(), 0..5000), seed: [u8; 32], bit: usize) {
            let (key, header) = derive(&file, &seed, Domain::Attachment);
            let mut sealed = seal(&file, &key, &header).unwrap();
            prop_assert_eq!(&*open(&sealed, &key).unwrap(), &file);
            let bit = bit % (sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(&sealed, &key).is_err());
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = open(&bytes, &[3; 32]);
            let _ = open(&[&[MARK][..], &bytes].concat(), &[3; 32]);
        }
    }
}
