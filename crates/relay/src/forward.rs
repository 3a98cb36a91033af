//! One sealed request from a browser to its guard and the answer back: bytes in, bytes out (10-network Decisions 6, 9).

use crate::limit::Admission;
use crate::nodes::Nodes;
use crate::refusal::Refusal;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use onionskin_protocol::keys::Ed25519PublicKey;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddrV4;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// What a guard accepts (10-network 4.7).
pub const MAX_REQUEST: usize = 10_485_760;
/// The largest answer to a poll is about 10.4 MB (10-network 4.7).
pub const MAX_REPLY: usize = 11_010_048;
/// An answer leaves in pieces of this size.
const PIECE: usize = 16 << 10;

/// The guard named in the query: `guard=<64 hex>`, exactly once.
pub fn guard(query: Option<&str>) -> Option<Ed25519PublicKey> {
    let mut named = query?
        .split('&')
        .filter_map(|pair| pair.strip_prefix("guard="));
    let (value, None) = (named.next()?, named.next()) else {
        return None;
    };
    let mut key = [0; 32];
    hex::decode_to_slice(value, &mut key).ok()?;
    Some(Ed25519PublicKey(key))
}

/// Where that guard listens.
pub fn address(nodes: &Nodes, guard: &Ed25519PublicKey) -> Result<SocketAddrV4, Refusal> {
    nodes
        .find(guard)
        .ok_or(Refusal::Busy)?
        .ok_or(Refusal::UnknownGuard)
}

/// Reads a request body of at most [`MAX_REQUEST`] bytes. A body that is refused is read on, up to twice as much in all, and
/// not kept: a browser shows the answer only after it could send everything.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    patience: Duration,
    admission: &mut Admission,
) -> Result<Vec<u8>, Refusal> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > 2 * MAX_REQUEST) {
        return Err(Refusal::TooLarge);
    }
    // Room is made as bytes arrive: an announcement alone costs nothing.
    timeout(patience, collect(body, admission))
        .await
        .unwrap_or(Err(Refusal::Busy))
}

async fn collect(mut body: Body, admission: &mut Admission) -> Result<Vec<u8>, Refusal> {
    let mut kept = Ok(Vec::new());
    let mut total = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| Refusal::Busy)?.into_data() else {
            continue;
        };
        total += data.len();
        if total > 2 * MAX_REQUEST {
            return Err(Refusal::TooLarge);
        }
        let Ok(bytes) = &mut kept else {
            continue;
        };
        let appended = if total > MAX_REQUEST {
            Err(Refusal::TooLarge)
        } else {
            append(bytes, &data, MAX_REQUEST, admission)
        };
        if let Err(refusal) = appended {
            admission.release(bytes.capacity());
            kept = Err(refusal);
        }
    }
    kept
}

/// Appends to bytes that will not be more than `limit`. What they will take is counted before it is taken.
fn append(
    bytes: &mut Vec<u8>,
    data: &[u8],
    limit: usize,
    admission: &mut Admission,
) -> Result<(), Refusal> {
    let (length, room) = (bytes.len() + data.len(), bytes.capacity());
    if length > room {
        let wanted = length.max((2 * room).min(limit));
        admission.reserve(wanted - room)?;
        bytes.reserve_exact(wanted - bytes.len());
    }
    bytes.extend_from_slice(data);
    Ok(())
}

/// Posts `body` to the node and collects its status and body, nothing else of it.
pub async fn forward(
    client: &reqwest::Client,
    node: SocketAddrV4,
    body: Vec<u8>,
    admission: &mut Admission,
) -> Result<(StatusCode, Vec<u8>), Refusal> {
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
        append(&mut bytes, &chunk, MAX_REPLY, admission)?;
    }
    Ok((status, bytes))
}

/// A node's answer as the browser gets it. It is counted until the browser has taken it.
pub fn answer(status: StatusCode, bytes: Vec<u8>, admission: Admission) -> Response {
    // Never a type that a browser would show or run.
    let kind = HeaderValue::from_static("application/octet-stream");
    let body = Body::new(Counted {
        bytes,
        given: 0,
        _admission: admission,
    });
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// Bytes on their way out, with the admission that counts them. Pieces are copies: a slice would keep the whole alive after
/// the count has ended.
struct Counted {
    bytes: Vec<u8>,
    given: usize,
    _admission: Admission,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let rest = &self.bytes[self.given..];
        let piece = &rest[..rest.len().min(PIECE)];
        if piece.is_empty() {
            return Poll::Ready(None);
        }
        let piece = Bytes::copy_from_slice(piece);
        self.given += piece.len();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.given == self.bytes.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.bytes.len() - self.given) as u64)
    }
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
    fn two_guards_are_none() {
        let hex = "0a".repeat(32);
        for query in [
            format!("guard={hex}&guard={hex}"),
            format!("guard={hex}&x=1&guard="),
            format!("guard=&guard={hex}"),
        ] {
            assert!(guard(Some(&query)).is_none(), "{query}");
        }
    }

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
            &format!("guard={hex}%0d%0aHost:%20evil"),
            &format!("guard=%30{}", &hex[1..]),
            &format!("guard={}\u{ff11}", &hex[1..]),
        ] {
            assert!(guard(Some(bad)).is_none(), "{bad}");
        }
        assert!(guard(None).is_none());
    }
}
