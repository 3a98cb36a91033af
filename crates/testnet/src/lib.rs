//! A local Session network.
pub mod core;
