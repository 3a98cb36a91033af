//! A local Session network for development and tests: service nodes in swarms, a file server, faults on demand. To a client
//! the nodes are those of `docs/protocol/15-observed-service-node.md`.
//!
//! [`core`] holds the nodes, without I/O. [`network`] drives a whole network of them in one process, under whatever time it
//! is given: that is what simulations use. [`file_server`] stores attachments. [`shell`] puts all of it on real sockets;
//! [`Testnet::start`] is the way in for tests, `onionskin-testnet` the one for people.
#![warn(missing_docs)]

pub mod core;
pub mod file_server;
pub mod network;
pub mod random;
pub mod shell;
pub mod virtual_time;

pub use network::{Fault, Network};
pub use shell::{Options, Testnet};
pub use virtual_time::VirtualTime;
