//! Safety numbers and word fingerprints: what two people compare to know that they mean each other (20-messages 9).
//!
//! The scheme is Signal's numeric fingerprint over Account IDs. It is the same for both sides, whoever looks.

use crate::encoding;
use crate::hash::blake2b;
use crate::id::AccountId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bip39::Language;
use sha2::{Digest as _, Sha512};
use std::fmt;
use subtle::ConstantTimeEq as _;

const ITERATIONS: usize = 5_200;
/// Digits of one side.
const DIGITS: usize = 30;
/// Of the hash, this much goes into a code (bytes).
const SCANNED: usize = 32;
const CODE_PREFIX: &str = "onionskin-sn1:";
const CODE_VERSION: u8 = 1;
const WORDS_KEY: &[u8] = b"onionskin-words";
/// Bits of one word.
const WORD_BITS: usize = 11;

/// One side's fingerprint: the iterated hash of its ID.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fingerprint([u8; 64]);

impl Fingerprint {
    fn of(id: &AccountId) -> Self {
        Self::iterate(&id.to_bytes(), hex::encode(id.to_bytes()).as_bytes())
    }

    /// h = 0x0000 ‖ key ‖ stable identifier, then 5,200 times h = SHA-512(h ‖ key).
    fn iterate(key: &[u8; 33], identifier: &[u8]) -> Self {
        let mut hash: [u8; 64] = Sha512::new()
            .chain_update([0, 0])
            .chain_update(key)
            .chain_update(identifier)
            .chain_update(key)
            .finalize()
            .into();
        for _ in 1..ITERATIONS {
            hash = Sha512::new()
                .chain_update(hash)
                .chain_update(key)
                .finalize()
                .into();
        }
        Self(hash)
    }

    /// Six groups of five digits, each from 40 bits.
    fn digits(&self) -> String {
        self.0
            .chunks_exact(5)
            .take(DIGITS / 5)
            .map(|chunk| {
                let number = chunk
                    .iter()
                    .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
                format!("{:05}", number % 100_000)
            })
            .collect()
    }
}

/// The safety number of two accounts.
#[derive(Clone, PartialEq, Eq)]
pub struct SafetyNumber {
    local: Fingerprint,
    remote: Fingerprint,
    local_digits: String,
    remote_digits: String,
}

/// What comparing with a scanned code gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Both sides mean each other.
    Same,
    /// The other device shows another account than the one we write to.
    OtherAccount,
    /// The other device means somebody else when it shows us.
    NotUs,
}

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Something else: no code of this product.
    #[error("this is no code of a safety number")]
    Form,
    /// Of a later version.
    #[error("this code is of version {0}, which is not known here")]
    Version(u8),
}

impl SafetyNumber {
    /// Costs 10,400 rounds of SHA-512.
    pub fn new(local: &AccountId, remote: &AccountId) -> Self {
        let (local, remote) = (Fingerprint::of(local), Fingerprint::of(remote));
        Self {
            local_digits: local.digits(),
            remote_digits: remote.digits(),
            local,
            remote,
        }
    }

    /// 60 digits, shown as 12 groups of 5: the smaller side first.
    pub fn digits(&self) -> String {
        if self.local_digits <= self.remote_digits {
            format!("{}{}", self.local_digits, self.remote_digits)
        } else {
            format!("{}{}", self.remote_digits, self.local_digits)
        }
    }

    /// The same as eight words of the English BIP-39 list.
    pub fn words(&self) -> [&'static str; 8] {
        let (smaller, larger) = if self.local_digits <= self.remote_digits {
            (&self.local, &self.remote)
        } else {
            (&self.remote, &self.local)
        };
        words(&[&smaller.0, &larger.0])
    }

    /// What the code holds:
    ///
    /// ```text
    ///  0    1               33              65
    ///  +----+---------------+---------------+
    ///  | 01 | local hash    | remote hash   |
    ///  +----+---------------+---------------+
    /// ```
    pub fn code_bytes(&self) -> [u8; 1 + 2 * SCANNED] {
        let mut out = [CODE_VERSION; 1 + 2 * SCANNED];
        out[1..1 + SCANNED].copy_from_slice(&self.local.0[..SCANNED]);
        out[1 + SCANNED..].copy_from_slice(&self.remote.0[..SCANNED]);
        out
    }

    /// The text of the QR code: `onionskin-sn1:` and unpadded base64url of [`code_bytes`](Self::code_bytes).
    pub fn code(&self) -> String {
        format!("{CODE_PREFIX}{}", URL_SAFE_NO_PAD.encode(self.code_bytes()))
    }

    /// Compares with the code of the other side, whose local is our remote.
    pub fn compare(&self, code: &str) -> Result<Match, CodeError> {
        let text = code
            .trim()
            .strip_prefix(CODE_PREFIX)
            .ok_or(CodeError::Form)?;
        if text.len() > 2 * (1 + 2 * SCANNED) {
            return Err(CodeError::Form);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CodeError::Form)?;
        let (version, hashes) = bytes.split_first().ok_or(CodeError::Form)?;
        if *version != CODE_VERSION {
            return Err(CodeError::Version(*version));
        }
        if hashes.len() != 2 * SCANNED {
            return Err(CodeError::Form);
        }
        let (their_local, their_remote) = hashes.split_at(SCANNED);
        let they = bool::from(self.remote.0[..SCANNED].ct_eq(their_local));
        let we = bool::from(self.local.0[..SCANNED].ct_eq(their_remote));
        Ok(match (they, we) {
            (true, true) => Match::Same,
            (false, _) => Match::OtherAccount,
            (true, false) => Match::NotUs,
        })
    }

    /// Compares with typed or pasted digits. White space does not count. `None`: not 60 digits.
    pub fn compare_digits(&self, typed: &str) -> Option<bool> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let complete = typed.len() == 2 * DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit());
        complete.then(|| typed == self.digits())
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SafetyNumber(..)")
    }
}

/// Four words (44 bits) that stand for an Account ID.
pub fn id_words(id: &AccountId) -> [&'static str; 4] {
    words(&[&id.to_bytes()])
}

/// Eight words (88 bits) that stand for a server's 32-byte key.
pub fn key_words(key: &[u8; 32]) -> [&'static str; 8] {
    words(&[key])
}

/// The first 11-bit numbers of a keyed BLAKE2b-256 as words.
fn words<const N: usize>(parts: &[&[u8]]) -> [&'static str; N] {
    let hash: [u8; 32] = blake2b(WORDS_KEY, parts);
    let list = Language::English.word_list();
    std::array::from_fn(|word| {
        let number = (word * WORD_BITS..(word + 1) * WORD_BITS).fold(0, |number, bit| {
            number << 1 | usize::from(hash[bit / 8] >> (7 - bit % 8) & 1)
        });
        list[number]
    })
}

/// The 32 bytes of a server key in hex, for [`key_words`].
pub fn read_server_key(hex: &str) -> Option<[u8; 32]> {
    encoding::from_hex(hex.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn ids() -> (AccountId, AccountId) {
        (
            "054830367d369d94605247999a375dbd0a0f65fdec5de1535612bcb6d4de452c69"
                .parse()
                .unwrap(),
            "05ca03b8e369aeeb69fd260c2957d37b232db17a60db7a39bca9f0c0a6be135c1a"
                .parse()
                .unwrap(),
        )
    }

    #[test]
    fn signals_own_published_vector_comes_out() {
        let side = |key: &str, identifier: &str| {
            Fingerprint::iterate(&encoding::from_hex(key).unwrap(), identifier.as_bytes()).digits()
        };
        let alice = side(
            "0506863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868",
            "+14152222222",
        );
        let bob = side(
            "05f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b",
            "+14153333333",
        );
        assert_eq!(
            alice + &bob,
            "300354477692869396892869876765458257569162576843440918079131"
        );
    }

    #[test]
    fn both_sides_see_the_same_and_each_others_code_matches() {
        let (ann, bob) = ids();
        let (ours, theirs) = (SafetyNumber::new(&ann, &bob), SafetyNumber::new(&bob, &ann));
        assert_eq!(ours.digits(), theirs.digits());
        assert_eq!(ours.words(), theirs.words());
        assert_eq!(ours.compare(&theirs.code()), Ok(Match::Same));
        assert_eq!(ours.compare(&ours.code()), Ok(Match::OtherAccount));
        let eve = AccountId::from_key(crate::keys::X25519SecretKey::from_bytes([9; 32]).public());
        assert_eq!(
            ours.compare(&SafetyNumber::new(&bob, &eve).code()),
            Ok(Match::NotUs)
        );
        assert_eq!(
            ours.compare(&SafetyNumber::new(&eve, &ann).code()),
            Ok(Match::OtherAccount)
        );
        assert_eq!(
            ours.compare_digits(&theirs.digits().replace("5", " 5")),
            Some(true)
        );
        assert_eq!(ours.compare_digits(&"1".repeat(60)), Some(false));
        assert_eq!(ours.compare_digits("123"), None);
    }

    #[test]
    fn the_words_of_the_specification_come_out() {
        let (ann, bob) = ids();
        let list = Language::English.word_list();
        let expected =
            [1383, 496, 322, 605, 182, 1131, 1149, 189].map(|number: usize| list[number]);
        assert_eq!(SafetyNumber::new(&ann, &bob).words(), expected);
    }

    #[test]
    fn a_code_of_another_kind_or_version_is_told_apart() {
        let (ann, bob) = ids();
        let ours = SafetyNumber::new(&ann, &bob);
        assert_eq!(ours.compare("05ab"), Err(CodeError::Form));
        assert_eq!(ours.compare("onionskin-sn1:"), Err(CodeError::Form));
        assert_eq!(ours.compare("onionskin-sn1:Ag"), Err(CodeError::Version(2)));
        assert_eq!(ours.compare("onionskin-sn1:AQ"), Err(CodeError::Form));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn no_text_makes_comparing_panic(text in ".{0,120}") {
            let (ann, bob) = ids();
            let ours = SafetyNumber::new(&ann, &bob);
            let _ = ours.compare(&text);
            let _ = ours.compare(&format!("{CODE_PREFIX}{text}"));
            let _ = ours.compare_digits(&text);
        }
    }
}
