//! One-to-one messages (20-messages 2): padding, sign-then-seal, envelope, websocket wrapper.
//!
//! [`encode`] and [`decode`] are the whole way from a [`proto::Content`] to the bytes stored in a swarm and back;
//! the other modules are its steps. What a message means for a conversation is left to the engine.

pub mod content;
pub mod padding;
mod repair;
pub mod signed;
pub mod wire;

/// The protobuf messages of 20-messages 3, generated from `proto/session.proto`.
#[allow(missing_docs, clippy::all)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/session_protos.rs"));
}

pub use wire::{DecodeError, EncodeError, Incoming, decode, encode};
