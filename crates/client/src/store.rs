//! The typed layer over the [`Store`](crate::ports::Store) port: records in, sealed bytes under blinded names out.
//!
//! [`Records`] reads, [`Tx`] collects what is to change and commits it at once: either all of it takes effect or none.
//! Nothing readable reaches the port. Names that carry an order keep it in clear (a timestamp, a running number), the rest
//! of a name is a keyed hash (50-browser 2.4).

pub mod contract;
mod memory;
mod records;

pub use memory::MemoryStore;
pub(crate) use records::read;
pub use records::{Key, RecordError, Records, Tx};
