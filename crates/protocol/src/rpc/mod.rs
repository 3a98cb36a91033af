//! Requests to a service node's storage RPC and their answers (10-network 3), client side.
//! The strings that are signed live in [`signed`], which the node side uses as well.

pub mod auth;
pub mod ons;
pub mod request;
pub mod response;
pub mod signed;
mod split;

pub use auth::Auth;
pub use request::{Condition, ExpireMode, Request};
pub use signed::Scope;
pub use split::max_sizes;
