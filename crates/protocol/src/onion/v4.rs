//! v4 bodies: a bencoded list of JSON and bytes (10-network 4.5).

use std::collections::BTreeMap;

/// A request to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// GET, POST, …
    pub method: String,
    /// Begins with `/`, includes the query.
    pub endpoint: String,
    /// Header names and values.
    pub headers: BTreeMap<String, String>,
    /// Body, when there is one.
    pub body: Option<Vec<u8>>,
}

/// A server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub code: u16,
    /// Header names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body, possibly empty.
    pub body: Vec<u8>,
}

/// Not a v4 list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a v4 body")]
pub struct V4Error;

impl Request {
    /// Encodes.
    pub fn encode(&self) -> Vec<u8> {
        todo!()
    }
    /// Decodes (servers).
    pub fn decode(bytes: &[u8]) -> Result<Self, V4Error> {
        todo!()
    }
}
impl Response {
    /// Encodes (servers).
    pub fn encode(&self) -> Vec<u8> {
        todo!()
    }
    /// Decodes.
    pub fn decode(bytes: &[u8]) -> Result<Self, V4Error> {
        todo!()
    }
}
