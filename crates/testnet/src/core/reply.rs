//! Answers of a node before they are put on a wire: a status and a body that is JSON, a text or bytes.

use onionskin_protocol::encoding;
use serde_json::{Map, Value};

/// A body, by how it is told apart on the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// `application/json`, keys ascending.
    Json(Value),
    /// `text/plain`.
    Text(String),
    /// Raw octets; base64 text inside onions and batches.
    Binary(Vec<u8>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// HTTP status, or the code of a member of a batch.
    pub status: u16,
    /// Body.
    pub body: Body,
}

impl Reply {
    /// A JSON answer with status 200.
    pub fn ok(body: Map<String, Value>) -> Self {
        Self {
            status: 200,
            body: Body::Json(Value::Object(body)),
        }
    }
    /// An error text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            body: Body::Text(text.into()),
        }
    }
    /// Status 400.
    pub fn bad(text: impl Into<String>) -> Self {
        Self::text(400, text)
    }
    /// What an exception in the node software gives.
    pub fn failed() -> Self {
        Self::text(500, "request failed")
    }
    /// `{"body":…,"code":…}` as in batches: JSON stays JSON, the rest is a string.
    pub fn member(self) -> Value {
        let body = match self.body {
            Body::Json(value) => value,
            Body::Text(text) => text.into(),
            Body::Binary(bytes) => encoding::base64(&bytes).into(),
        };
        serde_json::json!({ "body": body, "code": self.status })
    }
    /// The bytes of an HTTP body and whether they are JSON.
    pub fn into_bytes(self) -> (Vec<u8>, bool) {
        match self.body {
            Body::Json(value) => (value.to_string().into_bytes(), true),
            Body::Text(text) => (text.into_bytes(), false),
            Body::Binary(bytes) => (bytes, false),
        }
    }
}
