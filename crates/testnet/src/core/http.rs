//! The HTTP face of a node without sockets: which route answers what, and the texts of the refusals
//! (15-observed-service-node 1).

use super::node::Node;
use super::reply::Reply;
use super::view::VERSION;
use onionskin_protocol::encoding;
use onionskin_protocol::time::Timestamp;
use std::net::IpAddr;

/// Value of the `Server` header.
pub const SERVER: &str = "Oxen Storage Server/2.8.0";
/// A body with an announced length above this is refused, bytes.
pub const MAX_BODY: usize = 10_485_760;
/// Reason in the 503 of a node that is not ready.
const NOT_READY: &str = "Service node is not ready: not in any swarm\n";

/// What of a request decides the route.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// As sent, upper case.
    pub method: &'a str,
    /// Path without query.
    pub path: &'a str,
    /// The header `X-Loki-Long-Poll` is there and not empty.
    pub long_poll: bool,
    /// Address of the client.
    pub client: IpAddr,
}

/// A finished HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Value of `X-Oxen-Snode-Pubkey`, on the reachability probe only.
    pub snode_key: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// An error text or an onion answer.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type: "text/plain",
            snode_key: None,
            body: body.into(),
        }
    }
    /// 413; the connection closes after it.
    pub fn too_large() -> Self {
        Self::text(413, "Request body too large")
    }
}

impl From<Reply> for HttpAnswer {
    fn from(reply: Reply) -> Self {
        let status = reply.status;
        let (body, json) = reply.into_bytes();
        let content_type = if json {
            "application/json"
        } else {
            "text/plain"
        };
        Self {
            status,
            content_type,
            snode_key: None,
            body,
        }
    }
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Answered already.
    Answer(HttpAnswer),
    /// The body is a storage request.
    Storage,
    /// The body is an onion request.
    Onion,
}

/// Routes a request at a node by its head; the body is not looked at.
pub fn route(node: &mut Node, now: Timestamp, head: &Head<'_>) -> Route {
    Route::Answer(match (head.method, head.path) {
        ("POST", "/storage_rpc/v1" | "/onion_req/v2") if !node.ready => {
            HttpAnswer::text(503, NOT_READY)
        }
        ("POST", "/onion_req/v2") => return Route::Onion,
        ("POST", "/storage_rpc/v1") if !node.admit(now, head.client) => {
            HttpAnswer::text(429, "Too Many Requests\n")
        }
        ("POST", "/storage_rpc/v1") if head.long_poll => HttpAnswer::text(
            410,
            "long polling is no longer supported, client upgrade required",
        ),
        ("POST", "/storage_rpc/v1") => return Route::Storage,
        ("POST", "/ping_test/v1") => HttpAnswer {
            snode_key: Some(encoding::base64(&node.ed25519().0)),
            ..HttpAnswer::text(200, Vec::new())
        },
        ("GET", "/get_stats/v1") => {
            let [major, minor, patch] = VERSION;
            HttpAnswer {
                content_type: "application/json",
                ..HttpAnswer::text(200, format!("{{\"version\":\"{major}.{minor}.{patch}\"}}"))
            }
        }
        (method, path) => not_found(method, path),
    })
}

/// 404 with the text of the software; its method is in lower case.
pub fn not_found(method: &str, path: &str) -> HttpAnswer {
    HttpAnswer::text(
        404,
        format!("{} {path} Not Found", method.to_ascii_lowercase()),
    )
}
