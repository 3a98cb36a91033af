//! A local Session network for development and tests.
//!
//! [`core`] holds the nodes, without I/O. [`network`] drives a whole network of them in one process, under whatever time it
//! is given. [`file_server`] stores attachments.
#![warn(missing_docs)]

pub mod core;
pub mod file_server;
pub mod network;
pub mod random;
