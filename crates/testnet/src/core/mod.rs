//! Service nodes without sockets, clocks or tasks: bytes and the time go in, answers and steps for others come out.
//!
//! Whoever drives the nodes carries the steps out: [`crate::network`] does it for a whole network in one process, over real
//! sockets or in a simulation under virtual time.

mod auth;
pub mod call;
pub mod database;
mod fields;
pub mod http;
mod node;
pub mod onion;
mod reply;
mod rpc;
mod view;

pub use node::{Node, NodeError, node_seed};
pub use onion::{Hop, OnionStep, Seal, ServerPost};
pub use reply::{Body, Reply};
pub use rpc::{PeerAnswer, Plan, SwarmPlan, TTL_MAX, read_request};
pub use view::{HARD_FORK, VERSION, View, spread_swarms};
