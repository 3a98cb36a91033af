//! The relay: serves the app and forwards sealed onion requests from browsers to service nodes (10-network 6.4).
//!
//! A browser cannot reach a service node (self-signed certificate, no CORS), so one HTTPS party must stand between. This
//! one is blind by construction: it holds no key, forwards bytes verbatim and only to nodes of its list, and writes down
//! nothing about who asked.
//!
//! * [`nodes`]: the list and which addresses may be contacted; [`seeds`]: where the list comes from
//! * [`tls`]: certificates of nodes and seeds; [`forward`]: one request through
//! * [`limit`]: how much a client may ask and hold; [`places`]: how many may wait for a node; [`pace`]: how slowly a client
//!   may take its answer. Together they bound the memory (`README.md` of this crate has the sum)
//! * [`files`], [`headers`]: the app and the browser's rules for it
//! * [`server`]: routes and connections
#![warn(missing_docs)]

pub mod config;
pub mod files;
pub mod forward;
pub mod headers;
pub mod limit;
pub mod nodes;
pub mod pace;
pub mod places;
pub mod refusal;
pub mod seeds;
pub mod server;
pub mod tls;

pub use config::{Config, Direct, Network};
pub use server::{Relay, StartError};
