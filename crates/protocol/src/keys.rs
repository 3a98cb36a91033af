//! Key types. Secrets are zeroised on drop, compared in constant time and silent in `Debug`.

/// An Ed25519 public key (32 bytes): signs, and names a service node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ed25519PublicKey(pub [u8; 32]);

/// An X25519 public key (32 bytes): receives sealed messages and onion layers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct X25519PublicKey(pub [u8; 32]);

/// A 64-byte Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// An Ed25519 secret as its 32-byte seed.
#[derive(Clone)]
pub struct Ed25519SecretKey { /* seed in a zeroising box, expanded signing key */ }

/// An X25519 secret (32 bytes, clamped when used).
#[derive(Clone)]
pub struct X25519SecretKey { /* zeroising */ }

/// The result of X25519. Never all zero.
pub struct SharedSecret { /* zeroising */ }

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

impl Ed25519PublicKey {
    /// 64 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        todo!()
    }
    /// Reads 64 hex digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        todo!()
    }
    /// Verifies `signature` over `message` (RFC 8032, cofactorless, as libsodium does; low-order keys refused).
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        todo!()
    }
    /// The birational image u = (1+y)/(1-y) (20-messages 1.1 step 5).
    pub fn to_x25519(&self) -> Result<X25519PublicKey, KeyError> {
        todo!()
    }
}

impl X25519PublicKey {
    /// 64 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        todo!()
    }
    /// Reads 64 hex digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        todo!()
    }
}

impl Signature {
    /// Padded standard base64 (88 characters).
    pub fn to_base64(&self) -> String {
        todo!()
    }
    /// Reads 86 or 88 characters of standard base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        todo!()
    }
}

impl Ed25519SecretKey {
    /// From the 32-byte seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        todo!()
    }
    /// The public key.
    pub fn public(&self) -> Ed25519PublicKey {
        todo!()
    }
    /// Deterministic RFC 8032 signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        todo!()
    }
    /// The seed, for derivations that need it (config encryption). Handle with care.
    pub fn seed(&self) -> &[u8; 32] {
        todo!()
    }
    /// Clamped first half of SHA-512 of the seed.
    pub fn to_x25519(&self) -> X25519SecretKey {
        todo!()
    }
}

impl X25519SecretKey {
    /// From 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        todo!()
    }
    /// A fresh one.
    pub fn generate(entropy: &mut (impl crate::entropy::Entropy + ?Sized)) -> Self {
        todo!()
    }
    /// The public key.
    pub fn public(&self) -> X25519PublicKey {
        todo!()
    }
    /// The agreement; refuses an all-zero result.
    pub fn agree(&self, peer: &X25519PublicKey) -> Result<SharedSecret, KeyError> {
        todo!()
    }
}

impl SharedSecret {
    /// The 32 bytes, to be hashed at once.
    pub fn as_bytes(&self) -> &[u8; 32] {
        todo!()
    }
}
