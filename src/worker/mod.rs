//! The worker.

/// Runs the worker.
pub fn start() {}
