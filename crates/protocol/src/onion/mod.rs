//! Onion requests (10-network 4): three layers and a destination, responses, errors of the hops on the way, v4 bodies.

pub mod build;
pub mod cipher;
pub mod frame;
pub mod peel;
pub mod response;
pub mod v4;

pub use build::{Destination, OnionRequest, build};
pub use cipher::Cipher;
pub use peel::{Layer, PeelError, peel};
pub use response::{ResponseError, RpcReply};
