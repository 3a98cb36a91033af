//! Stories on simulated networks, one module for each subject. They are one program, since each program compiles the whole
//! engine anew.
#![allow(clippy::unwrap_used)]

mod backup;
mod conversation;
mod damage;
mod engine;
mod erasure;
mod files;
mod full;
mod network;
mod storage;
mod sync;
mod worlds;

use onionskin_protocol::id::AccountId;
use onionskin_sim::world::account_of;

/// The Account ID of a person.
fn id_of(person: u8) -> AccountId {
    account_of(person).id()
}
