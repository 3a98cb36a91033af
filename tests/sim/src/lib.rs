//! Whole networks of engines and service nodes in one process, on one thread, under virtual time. What happens follows from
//! a seed, so a failure is replayed by naming it.
//!
//! [`world`] holds a network and devices in it; [`ports`], [`transport`] and [`store`] are what an engine stands on here.
#![warn(missing_docs)]
// Tests, though a library: what cannot be so ends the run.
#![allow(clippy::unwrap_used)]

pub mod churn;
pub mod crashes;
pub mod deeds;
pub mod device;
pub mod guard;
pub mod judge;
pub mod life;
pub mod plan;
pub mod ports;
pub mod runner;
pub mod scale;
pub mod store;
pub mod transport;
pub mod world;
