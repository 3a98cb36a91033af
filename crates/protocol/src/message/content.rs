//! Small constructors for `Content`.
