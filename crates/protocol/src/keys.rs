//! Key types. Secrets are zeroised on drop, compared in constant time and silent in `Debug`.
//!
//! Points are judged as libsodium judges them: low-order points, and Ed25519 encodings that are not canonical, are no keys.

use crate::encoding;
use crate::entropy::{Entropy, draw};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha512};
use std::fmt;
use subtle::ConstantTimeEq as _;
use x25519_dalek::StaticSecret;
use zeroize::{Zeroize as _, Zeroizing};

/// An Ed25519 public key (32 bytes): signs, and names a service node.
///
/// Text form: 64 lower-case hex digits, also in serde. `Debug` prints the first and last four digits only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ed25519PublicKey(pub [u8; 32]);

/// An X25519 public key (32 bytes): receives sealed messages and onion layers.
///
/// Text form: 64 lower-case hex digits, also in serde. `Debug` prints the first and last four digits only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct X25519PublicKey(pub [u8; 32]);

/// A 64-byte Ed25519 signature: the point R (32 bytes), then the scalar S (32 bytes, little-endian).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// An Ed25519 secret as its 32-byte seed.
#[derive(Clone)]
pub struct Ed25519SecretKey {
    signing: SigningKey,
}

/// An X25519 secret (32 bytes, clamped when used).
#[derive(Clone)]
pub struct X25519SecretKey {
    secret: StaticSecret,
    public: X25519PublicKey,
}

/// The result of X25519. Never all zero.
pub struct SharedSecret(x25519_dalek::SharedSecret);

/// A key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a point of the curve, of low order, or the conversion does not exist.
    #[error("the public key is not usable")]
    Point,
    /// X25519 gave zero: the peer's key is of low order.
    #[error("the key agreement gave no secret")]
    ZeroSecret,
    /// The signature does not verify.
    #[error("the signature does not match")]
    Signature,
}

/// First and last four digits: enough to tell keys apart in a log, too little to be one.
pub(crate) fn shortened(hex: &str) -> String {
    match (hex.get(..4), hex.get(hex.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => String::new(),
    }
}

/// Hex text, serde and shortened `Debug` for a 32-byte public key.
macro_rules! public_key_text {
    ($type:ident) => {
        impl $type {
            /// 64 lower-case hex digits.
            pub fn to_hex(&self) -> String {
                hex::encode(self.0)
            }
            /// Reads 64 hex digits of either case.
            pub fn from_hex(text: &str) -> Option<Self> {
                encoding::from_hex(text).map(Self)
            }
            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), shortened(&self.to_hex()))
            }
        }
        impl std::str::FromStr for $type {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                Self::from_hex(text).ok_or(KeyError::Point)
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::from_hex(&text)
                    .ok_or_else(|| serde::de::Error::custom("expected 64 hex digits"))
            }
        }
    };
}
public_key_text!(Ed25519PublicKey);
public_key_text!(X25519PublicKey);

impl Ed25519PublicKey {
    /// The point, if the encoding is canonical and not of low order.
    pub(crate) fn point(&self) -> Result<EdwardsPoint, KeyError> {
        let encoded = CompressedEdwardsY(self.0);
        let point = encoded.decompress().ok_or(KeyError::Point)?;
        if point.is_small_order() || point.compress() != encoded {
            return Err(KeyError::Point);
        }
        Ok(point)
    }

    /// Verifies `signature` over `message` (RFC 8032, cofactorless, as libsodium does; low-order keys refused).
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        let point = self.point()?;
        VerifyingKey::from(point)
            .verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0))
            .map_err(|_| KeyError::Signature)
    }

    /// The birational image u = (1+y)/(1-y) (20-messages 1.1 step 5). Refuses what libsodium refuses: points outside the
    /// prime-order subgroup.
    pub fn to_x25519(&self) -> Result<X25519PublicKey, KeyError> {
        let point = self.point()?;
        if !point.is_torsion_free() {
            return Err(KeyError::Point);
        }
        Ok(X25519PublicKey(point.to_montgomery().to_bytes()))
    }
}

impl X25519PublicKey {
    /// Whether X25519 with this key gives zero whatever the secret: eight times the point is the neutral element. The top bit
    /// does not count.
    pub fn is_low_order(&self) -> bool {
        let mut u = self.0;
        u[31] &= 0x7f;
        LOW_ORDER.contains(&u)
    }
}

/// All encodings of u coordinates whose points have an order of at most 8, on the curve or its twist: 0, 1, the two of
/// order 8, p - 1, and p and p + 1, which stand for 0 and 1. A table, because every ID that is read asks.
const LOW_ORDER: [[u8; 32]; 7] = [
    little_endian(0x00, 0x00, 0x00),
    little_endian(0x01, 0x00, 0x00),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    little_endian(0xec, 0xff, 0x7f),
    little_endian(0xed, 0xff, 0x7f),
    little_endian(0xee, 0xff, 0x7f),
];

/// 32 bytes of which all but the first and the last are alike.
const fn little_endian(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut out = [between; 32];
    out[0] = first;
    out[31] = last;
    out
}

impl Signature {
    /// Padded standard base64 (88 characters).
    pub fn to_base64(&self) -> String {
        encoding::base64(&self.0)
    }
    /// Reads 86 or 88 characters of standard base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        if !matches!(text.len(), 86 | 88) {
            return None;
        }
        Some(Self(encoding::from_base64(text)?.try_into().ok()?))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", shortened(&hex::encode(self.0)))
    }
}

impl Ed25519SecretKey {
    /// From the 32-byte seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            signing: SigningKey::from_bytes(seed),
        }
    }
    /// The public key.
    pub fn public(&self) -> Ed25519PublicKey {
        Ed25519PublicKey(self.signing.verifying_key().to_bytes())
    }
    /// Deterministic RFC 8032 signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.signing.sign(message).to_bytes())
    }
    /// The seed, for derivations that need it (config encryption). Handle with care.
    pub fn seed(&self) -> &[u8; 32] {
        self.signing.as_bytes()
    }
    /// Clamped first half of SHA-512 of the seed.
    pub fn to_x25519(&self) -> X25519SecretKey {
        clamped_half_of_sha512(self.seed())
    }
}

/// The X25519 secret that libsodium makes of a 32-byte seed, for an Ed25519 key (`crypto_sign_ed25519_sk_to_curve25519`)
/// as for a key pair of its own (`crypto_box_seed_keypair`).
pub(crate) fn clamped_half_of_sha512(seed: &[u8; 32]) -> X25519SecretKey {
    let mut digest: [u8; 64] = Sha512::digest(seed).into();
    let mut half = Zeroizing::new([0u8; 32]);
    half.copy_from_slice(&digest[..32]);
    digest.zeroize();
    X25519SecretKey::from_bytes(curve25519_dalek::scalar::clamp_integer(*half))
}

impl X25519SecretKey {
    /// From 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let secret = StaticSecret::from(bytes);
        let public = X25519PublicKey(x25519_dalek::PublicKey::from(&secret).to_bytes());
        Self { secret, public }
    }
    /// A fresh one.
    pub fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self::from_bytes(*Zeroizing::new(draw(entropy)))
    }
    /// The public key.
    pub fn public(&self) -> X25519PublicKey {
        self.public
    }
    /// The 32 bytes as they were given. Handle with care.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.secret.as_bytes()
    }
    /// The agreement; refuses an all-zero result.
    pub fn agree(&self, peer: &X25519PublicKey) -> Result<SharedSecret, KeyError> {
        let shared = self
            .secret
            .diffie_hellman(&x25519_dalek::PublicKey::from(peer.0));
        if !shared.was_contributory() {
            return Err(KeyError::ZeroSecret);
        }
        Ok(SharedSecret(shared))
    }
}

impl SharedSecret {
    /// The 32 bytes, to be hashed at once.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// Constant-time equality and a silent `Debug` for a secret with 32 bytes.
macro_rules! secret_behaviour {
    ($type:ident, $bytes:ident) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.$bytes().ct_eq(other.$bytes()).into()
            }
        }
        impl Eq for $type {}
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}
secret_behaviour!(Ed25519SecretKey, seed);
secret_behaviour!(X25519SecretKey, as_bytes);
secret_behaviour!(SharedSecret, as_bytes);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use zeroize::ZeroizeOnDrop;

    /// The points of order 1, 2, 4 and 8 as u coordinates (RFC 7748 security considerations), and non-canonical forms.
    const LOW_ORDER_U: [&str; 6] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];

    #[test]
    fn keys_of_low_order_give_no_secret() {
        let secret = X25519SecretKey::from_bytes([7; 32]);
        for text in LOW_ORDER_U {
            let key = X25519PublicKey::from_hex(text).unwrap();
            assert!(key.is_low_order(), "{text}");
            assert_eq!(secret.agree(&key), Err(KeyError::ZeroSecret), "{text}");
        }
        assert!(!secret.public().is_low_order());
    }

    /// Eight times the point is the neutral element.
    fn is_low_order_by_ladder(key: &X25519PublicKey) -> bool {
        let eight = [true, false, false, false].into_iter();
        let point = curve25519_dalek::MontgomeryPoint(key.0).mul_bits_be(eight);
        point.to_bytes() == [0; 32]
    }

    #[test]
    fn the_table_of_low_orders_agrees_with_the_ladder() {
        for edge in [0x00, 0x7f, 0x80, 0xff] {
            for first in 0..=255 {
                let mut bytes = [if edge & 0x7f == 0 { 0 } else { 0xff }; 32];
                (bytes[0], bytes[31]) = (first, edge);
                let key = X25519PublicKey(bytes);
                assert_eq!(key.is_low_order(), is_low_order_by_ladder(&key), "{key:?}");
            }
        }
        for top_bit in [0x00, 0x80] {
            for mut u in LOW_ORDER {
                u[31] |= top_bit;
                let key = X25519PublicKey(u);
                assert!(key.is_low_order() && is_low_order_by_ladder(&key));
            }
        }
    }

    #[test]
    fn an_ed25519_key_of_low_order_verifies_nothing_and_has_no_image() {
        let neutral = "0100000000000000000000000000000000000000000000000000000000000000";
        let order_two = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
        for text in [neutral, order_two] {
            let key = Ed25519PublicKey::from_hex(text).unwrap();
            assert_eq!(key.to_x25519(), Err(KeyError::Point));
            assert_eq!(key.verify(b"", &Signature([0; 64])), Err(KeyError::Point));
        }
    }

    #[test]
    fn an_ed25519_key_with_a_torsion_part_has_no_image() {
        use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
        let mixed = ED25519_BASEPOINT_POINT + EIGHT_TORSION[1];
        let key = Ed25519PublicKey(mixed.compress().to_bytes());
        assert_eq!(key.to_x25519(), Err(KeyError::Point));
    }

    #[test]
    fn the_two_ways_to_the_x25519_key_agree() {
        let secret = Ed25519SecretKey::from_seed(&[9; 32]);
        assert_eq!(
            secret.to_x25519().public(),
            secret.public().to_x25519().unwrap()
        );
    }

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let ed = Ed25519SecretKey::from_seed(&[0x5a; 32]);
        let x = X25519SecretKey::from_bytes([0x5a; 32]);
        let shared = x.agree(&ed.to_x25519().public()).unwrap();
        assert_eq!(
            format!("{ed:?} {x:?} {shared:?}"),
            "Ed25519SecretKey(…) X25519SecretKey(…) SharedSecret(…)"
        );
    }

    #[test]
    fn debug_shortens_public_keys_and_display_does_not() {
        let key = X25519PublicKey([0xab; 32]);
        assert_eq!(format!("{key:?}"), "X25519PublicKey(abab…abab)");
        assert_eq!(key.to_string(), "ab".repeat(32));
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"{key}\""));
        assert_eq!(
            serde_json::from_str::<X25519PublicKey>(&format!("\"{key}\"")).unwrap(),
            key
        );
    }

    #[test]
    fn secrets_wipe_themselves() {
        fn wipes<T: ZeroizeOnDrop>() {}
        wipes::<SigningKey>();
        wipes::<StaticSecret>();
        wipes::<x25519_dalek::SharedSecret>();
    }

    proptest! {
        #[test]
        fn a_signature_verifies_only_over_its_message(seed: [u8; 32], message: Vec<u8>, bit in 0usize..512) {
            let secret = Ed25519SecretKey::from_seed(&seed);
            let mut signature = secret.sign(&message);
            prop_assert!(secret.public().verify(&message, &signature).is_ok());
            signature.0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(secret.public().verify(&message, &signature).is_err());
        }

        #[test]
        fn no_bytes_make_a_key_panic(bytes: [u8; 32], signature in any::<[u8; 32]>()) {
            let key = Ed25519PublicKey(bytes);
            let _ = key.to_x25519();
            let mut whole = [0; 64];
            whole[..32].copy_from_slice(&signature);
            let _ = key.verify(b"x", &Signature(whole));
            let key = X25519PublicKey(bytes);
            prop_assert_eq!(key.is_low_order(), is_low_order_by_ladder(&key));
        }
    }
}
