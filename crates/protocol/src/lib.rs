//! The byte formats of the Session network: bytes in, bytes out.
//!
//! No I/O, no clock, no global state. Time and randomness come in as arguments, so every function can be replayed.
//! The specification lives in `docs/protocol`; doc comments cite it as `20-messages 2.2`.
#![warn(missing_docs)]

pub mod account;
pub mod attachment;
pub mod bundle;
pub mod config;
pub mod encoding;
pub mod entropy;
pub mod group;
pub mod hash;
pub mod id;
pub mod keys;
pub mod message;
pub mod name_service;
pub mod node;
pub mod onion;
pub mod rpc;
pub mod safety_number;
pub mod seal;
pub mod sorted;
pub mod swarm;
pub mod time;
pub mod unicode;
pub mod xed25519;
