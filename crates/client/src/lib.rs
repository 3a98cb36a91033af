//! The engine of Onionskin: accounts, network, outbox, polling, receiving, conversations.
//!
//! It does no I/O of its own and reaches the world through the four traits of [`ports`]. It takes commands and answers
//! queries ([`api`]), and tells what changed as events. The browser worker, the terminal example, the tests and the
//! simulation all use these same enums; there is no second way in.
#![warn(missing_docs)]

pub mod api;
pub mod backup;
mod chores;
mod compose;
mod conversation;
mod deletion;
mod disappear;
mod early;
mod engine;
mod erasure;
mod events;
mod files;
mod inbox;
mod message;
pub mod network;
mod outbox;
pub mod picture;
mod pins;
pub mod ports;
mod profile;
mod reaction;
mod receive;
mod repair;
pub mod rich;
mod rows;
mod safety;
pub mod search;
mod settings;
mod signals;
pub mod store;
mod sync;
pub mod turns;
mod unopened;
pub mod vault;
mod wake;
pub mod world;

pub use engine::{Engine, EngineOptions};
pub use network::NetworkProfile;
