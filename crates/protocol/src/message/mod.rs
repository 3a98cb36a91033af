//! One-to-one messages (20-messages 2): padding, sign-then-seal, envelope, websocket wrapper.

pub mod padding;
pub mod wire;

/// The protobuf messages of 20-messages 3, generated from `proto/session.proto`.
#[allow(missing_docs)]
pub mod proto {
    // include!(concat!(env!("OUT_DIR"), "/session_protos.rs"));
}

pub use wire::{DecodeError, EncodeError, Incoming, decode, encode};
