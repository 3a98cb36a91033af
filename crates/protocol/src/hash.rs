//! BLAKE2b in every length, keyed and personalised, and the message hash of the storage servers.

use crate::encoding;
use crate::id::{MessageHash, Namespace, SwarmId};
use onionskin_ciphers::blake2b;

/// BLAKE2b with digest length `N` (1 to 64 bytes; the length is a parameter of the hash, not a truncation), an optional
/// key of at most 64 bytes (empty = unkeyed), over the concatenation of `parts`.
pub fn blake2b<const N: usize>(key: &[u8], parts: &[&[u8]]) -> [u8; N] {
    blake2b_personal(key, &[0; 16], parts)
}

/// The same with a personalisation of exactly 16 bytes.
pub fn blake2b_personal<const N: usize>(
    key: &[u8],
    personal: &[u8; 16],
    parts: &[&[u8]],
) -> [u8; N] {
    const { assert!(N >= 1 && N <= 64, "BLAKE2b gives 1 to 64 bytes") };
    let mut out = [0; N];
    blake2b_into(key, personal, parts, &mut out);
    out
}

/// The same with a digest as long as `out` (1 to 64 bytes, else panics: the length is the caller's choice, not input).
pub fn blake2b_into(key: &[u8], personal: &[u8; 16], parts: &[&[u8]], out: &mut [u8]) {
    blake2b::blake2b(key, personal, parts, out);
}

/// The hash by which a swarm names a stored message (10-network 3.5): unpadded base64 of BLAKE2b-256 over
/// prefix byte, 32 key bytes, namespace in decimal (empty for 0) and the decoded data.
pub fn message_hash(account: &SwarmId, namespace: Namespace, data: &[u8]) -> MessageHash {
    let hash: [u8; 32] = blake2b(
        &[],
        &[
            &[account.prefix],
            &account.key,
            namespace.signed_text().as_bytes(),
            data,
        ],
    );
    MessageHash::parse(&encoding::base64_unpadded(&hash))
        .expect("32 bytes are 43 characters of base64")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_vector_of_rfc_7693_comes_out() {
        let expected = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                        7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
        assert_eq!(hex::encode(blake2b::<64>(&[], &[b"abc"])), expected);
    }

    #[test]
    fn the_length_is_a_parameter_and_no_truncation() {
        assert_ne!(
            blake2b::<32>(&[], &[b"abc"]),
            blake2b::<64>(&[], &[b"abc"])[..32]
        );
    }

    #[test]
    fn an_empty_personalisation_is_sixteen_zeros() {
        assert_eq!(
            blake2b::<24>(b"key", &[b"abc"]),
            blake2b_personal::<24>(b"key", &[0; 16], &[b"abc"])
        );
        assert_ne!(
            blake2b::<24>(b"key", &[b"abc"]),
            blake2b_personal::<24>(b"key", b"SessionDevKKick1", &[b"abc"])
        );
    }

    proptest! {
        #[test]
        fn only_the_concatenation_of_the_parts_counts(a: Vec<u8>, b in proptest::collection::vec(any::<u8>(), 0..300)) {
            let joined = [a.as_slice(), b.as_slice()].concat();
            prop_assert_eq!(blake2b::<32>(b"k", &[&a, &b]), blake2b::<32>(b"k", &[&joined]));
        }
    }
}
