//! The engine of Onionskin: accounts, network, outbox, polling, receiving, conversations.
//!
//! It does no I/O of its own and reaches the world through the four traits of [`ports`]. It takes commands and answers
//! queries ([`api`]), and tells what changed as events. The browser worker, the terminal example, the tests and the
//! simulation all use these same enums; there is no second way in.
#![warn(missing_docs)]

pub mod api;
mod conversation;
mod engine;
mod events;
mod inbox;
mod message;
pub mod network;
mod outbox;
pub mod ports;
mod profile;
pub mod store;
pub mod vault;
mod wake;
pub mod world;

pub use engine::{Engine, EngineOptions};
pub use network::NetworkProfile;
