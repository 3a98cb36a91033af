//! Peeling one layer, as a service node does (10-network 4.2, 15-observed-service-node 8).

use super::cipher::Cipher;
use crate::keys::{Ed25519PublicKey, X25519PublicKey, X25519SecretKey};

/// What a node finds inside its layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// It is the destination (`headers` present).
    Final {
        /// The RPC JSON.
        request: Vec<u8>,
        /// `"json": true`: the body of the answer is embedded JSON.
        embed_json: bool,
        /// `"base64": false` gives `false`: the answer is raw.
        base64: bool,
    },
    /// To be posted to a server as it is.
    Server {
        /// Host name.
        host: String,
        /// Path.
        target: String,
        /// `http` or `https`.
        protocol: String,
        /// Port.
        port: u16,
        /// The whole decrypted layer.
        body: Vec<u8>,
    },
    /// To be forwarded.
    Forward {
        /// The next node.
        next: Ed25519PublicKey,
        /// Its frame-independent parts: ciphertext, ephemeral key, cipher.
        ciphertext: Vec<u8>,
        /// Ephemeral key for the next node.
        ephemeral: X25519PublicKey,
        /// Cipher of the next layer.
        cipher: Cipher,
    },
}

/// What went wrong at a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeelError {
    /// Answered in clear with status 400.
    #[error("Error parsing onion request: {0}")]
    Parse(String),
    /// Answered in clear with status 400.
    #[error("Invalid ciphertext")]
    Ciphertext,
    /// Answered encrypted to this layer's key: `{"body":"Invalid json","status":400}`.
    #[error("Invalid json")]
    Json,
    /// Answered encrypted to this layer's key: `{"body":"Invalid url","status":400}`.
    #[error("Invalid url")]
    Url,
}

/// The outer frame as it reaches the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outer {
    /// Ciphertext for this node.
    pub ciphertext: Vec<u8>,
    /// Ephemeral key.
    pub ephemeral: X25519PublicKey,
    /// Cipher.
    pub cipher: Cipher,
    /// `hop_no` if given, else 0.
    pub hop_no: i64,
}

/// Reads the POST body at the guard.
pub fn parse_outer(body: &[u8]) -> Result<Outer, PeelError> {
    todo!()
}
/// Decrypts and reads one layer.
pub fn peel(node: &X25519SecretKey, ephemeral: &X25519PublicKey, cipher: Cipher, ciphertext: &[u8]) -> Result<Layer, PeelError> {
    todo!()
}
