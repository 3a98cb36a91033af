//! The page: screens, routes and languages.

/// Mounts the page.
pub fn start() {}
