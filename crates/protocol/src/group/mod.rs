//! Groups (31-groups): what a group encrypts and how its members reach its swarm. Their configs are in [`crate::config`].

pub mod many;
pub mod message;
pub mod subaccount;
