//! Onionskin in the browser: two wasm modules out of one crate.
//!
//! [`page`] is what a person sees (Leptos, holds no keys); [`worker`] owns the engine, the keys and the database.
//! They speak over [`bridge`] and nothing else.
#![warn(missing_docs)]

pub mod bridge;
pub mod page;
pub mod worker;
