//! The worker: owns the engine, the keys and the database, and answers the page.

mod platform;
mod ports;
pub mod store;
mod transport;

/// Listens to the page and says hello.
pub fn start() {}
