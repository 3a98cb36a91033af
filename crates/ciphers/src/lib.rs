//! What runs over every byte that comes or goes, behind plain functions.
//!
//! Generic code is compiled where its types are chosen, with the optimisation of that crate. Everything that is downloaded
//! is compiled for size but this crate, so the types of its ciphers are chosen here and nowhere else.
#![warn(missing_docs)]

pub mod blake2b;
pub mod chacha20;
pub mod secretbox;
pub mod xchacha20poly1305;
