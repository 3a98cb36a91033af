//! Answers to onion requests (10-network 4.4, 4.6).

use super::build::OnionRequest;
use super::v4;
use crate::keys::Ed25519PublicKey;

/// The answer of a service node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcReply {
    /// Status of the RPC.
    pub status: u16,
    /// Its body: JSON text or an error text.
    pub body: Vec<u8>,
}

/// What came back instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// `Next node not found: K`, `Next node is currently unreachable: K` (status 502).
    #[error("the next node is unknown or unreachable")]
    NextNode { /// The node named.
        node: Ed25519PublicKey, /// True for "not found", false for "unreachable".
        not_found: bool },
    /// `Snode not ready: K` (status 503).
    #[error("a node is not ready")]
    NotReady { /// The node named, or the guard.
        node: Option<Ed25519PublicKey> },
    /// `Request time out` (status 504).
    #[error("a node on the path did not answer")]
    Timeout,
    /// `Invalid ciphertext`: a key in our list is wrong, or the data was damaged.
    #[error("a node on the path could not decrypt")]
    InvalidCiphertext,
    /// The guard or the exit answered otherwise.
    #[error("the path answered {status}: {text}")]
    Path { /// HTTP status.
        status: u16, /// Text, cut to 200 characters.
        text: String },
    /// An intermediate hop complained, encrypted to its own key. `hop` counts from 0 at the guard.
    #[error("hop {hop} complained: {status}")]
    Hop { /// Which layer's key opened it.
        hop: usize, /// Status inside.
        status: u16, /// Text inside, cut to 200 characters.
        text: String },
    /// HTTP 200, but none of our keys opens it, or the inside is malformed.
    #[error("the answer cannot be decrypted")]
    Undecryptable,
}

impl OnionRequest {
    /// Reads the guard's answer to a request for a service node. Tries the request's cipher, then the other one.
    pub fn open_rpc(&self, http_status: u16, body: &[u8]) -> Result<RpcReply, ResponseError> {
        todo!()
    }
    /// Reads the guard's answer to a v4 request for a server.
    pub fn open_v4(&self, http_status: u16, body: &[u8]) -> Result<v4::Response, ResponseError> {
        todo!()
    }
}
