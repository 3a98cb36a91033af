//! Where in the world a node stands, as far as its address tells (screens 14, P2): readers of the two files that
//! `world/build.mjs` makes and the page loads when it shows a path. What they do not know stays unknown.

mod countries;
mod land;

pub use countries::{Countries, CountriesError};
pub use land::{Land, LandError};

/// An ISO 3166-1 code of two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// A code of two capital letters.
    pub fn from_bytes(bytes: [u8; 2]) -> Option<Self> {
        bytes
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(bytes))
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        // Only ASCII letters get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
