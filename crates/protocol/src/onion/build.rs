//! Building an onion request on the client (10-network 4.2, 4.5).

use super::cipher::{Cipher, CipherError};
use crate::entropy::Entropy;
use crate::keys::{Ed25519PublicKey, X25519PublicKey, X25519SecretKey};

/// Where the innermost layer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A service node; the payload is the RPC JSON.
    Node { /// Its identity.
        ed25519: Ed25519PublicKey, /// Its encryption key.
        x25519: X25519PublicKey },
    /// A server; the payload is the v4 body.
    Server {
        /// Host name without port.
        host: String,
        /// `/oxen/v4/lsrpc`.
        target: String,
        /// `http` or `https`.
        protocol: String,
        /// Written unless it is the default of the protocol (see 10-network 4.5).
        port: Option<u16>,
        /// The server's key.
        x25519: X25519PublicKey,
    },
}

/// A finished request with the keys that can open its answers.
pub struct OnionRequest {
    /// The POST body for the guard.
    pub body: Vec<u8>,
    /// One entry per layer from the guard to the destination: ephemeral secret and the key of the node it was made for.
    /// The last one opens the regular answer, the others the complaints of hops on the way (10-network 4.6).
    pub layers: Vec<(X25519SecretKey, X25519PublicKey)>,
    /// The cipher of every layer.
    pub cipher: Cipher,
}

/// Builds a request through `hops` (guard first; each the Ed25519 and X25519 key). Draws: per layer, innermost first, a 32-byte ephemeral secret, then
/// the nonce.
pub fn build(
    hops: &[(Ed25519PublicKey, X25519PublicKey)],
    destination: &Destination,
    payload: &[u8],
    cipher: Cipher,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<OnionRequest, CipherError> {
    todo!()
}
