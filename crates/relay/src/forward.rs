//! One sealed request from a browser to its guard and the answer back: bytes in, bytes out (10-network Decisions 6, 9).

use crate::nodes::Nodes;
use crate::refusal::Refusal;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use onionskin_protocol::keys::Ed25519PublicKey;
use std::future::poll_fn;
use std::net::SocketAddrV4;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::timeout;

/// What a guard accepts (10-network 4.7).
pub const MAX_REQUEST: usize = 10_485_760;
/// The largest answer to a poll is about 10.4 MB (10-network 4.7).
pub const MAX_REPLY: usize = 11_010_048;

/// The guard named in the query: `guard=<64 hex>`.
pub fn guard(query: Option<&str>) -> Option<Ed25519PublicKey> {
    let value = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("guard="))?;
    let mut key = [0; 32];
    hex::decode_to_slice(value, &mut key).ok()?;
    Some(Ed25519PublicKey(key))
}

/// Where that guard listens.
pub fn address(nodes: &Nodes, guard: Option<Ed25519PublicKey>) -> Result<SocketAddrV4, Refusal> {
    let guard = guard.ok_or(Refusal::UnknownGuard)?;
    nodes
        .find(&guard)
        .ok_or(Refusal::Busy)?
        .ok_or(Refusal::UnknownGuard)
}

/// Reads a request body of at most [`MAX_REQUEST`] bytes. A body over the limit is read on for as many bytes again, since
/// a browser shows the answer only after it could send everything.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    patience: Duration,
) -> Result<Vec<u8>, Refusal> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > 2 * MAX_REQUEST) {
        return Err(Refusal::TooLarge);
    }
    // Room is made as bytes arrive: an announcement alone costs nothing.
    timeout(patience, collect(body))
        .await
        .unwrap_or(Err(Refusal::Busy))
}

async fn collect(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut total = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| Refusal::Busy)?.into_data() else {
            continue;
        };
        total += data.len();
        if total <= MAX_REQUEST {
            bytes.extend_from_slice(&data);
        } else if total > 2 * MAX_REQUEST {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if total > MAX_REQUEST {
        Err(Refusal::TooLarge)
    } else {
        Ok(bytes)
    }
}

/// Posts `body` to the node and gives back its status and body, nothing else of it.
pub async fn forward(
    client: &reqwest::Client,
    node: SocketAddrV4,
    body: Vec<u8>,
) -> Result<Response, Refusal> {
    let sent = client
        .post(format!("https://{node}/onion_req/v2"))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(body)
        .send()
        .await;
    let mut reply = sent.map_err(refusal)?;
    let status = StatusCode::from_u16(reply.status().as_u16()).map_err(|_| Refusal::Unreachable)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(refusal)? {
        if bytes.len() + chunk.len() > MAX_REPLY {
            return Err(Refusal::Unreachable);
        }
        bytes.extend_from_slice(&chunk);
    }
    // Never a type that a browser would show or run.
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok((status, [(header::CONTENT_TYPE, kind)], Bytes::from(bytes)).into_response())
}

fn refusal(error: reqwest::Error) -> Refusal {
    // A node that cannot be connected to in time is as unreachable as one that refuses.
    if error.is_timeout() && !error.is_connect() {
        Refusal::Timeout
    } else {
        Refusal::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::guard;

    #[test]
    fn a_guard_is_64_hex_digits() {
        let hex = "0A".repeat(32);
        assert_eq!(
            guard(Some(&format!("guard={hex}"))).map(|key| key.0),
            Some([10; 32])
        );
        assert_eq!(
            guard(Some(&format!("x=1&guard={hex}"))).map(|key| key.0),
            Some([10; 32])
        );
        for bad in [
            "",
            "guard=",
            "guard=zz",
            "guard=127.0.0.1:80",
            &format!("guard={hex}00"),
        ] {
            assert!(guard(Some(bad)).is_none(), "{bad}");
        }
        assert!(guard(None).is_none());
    }
}
