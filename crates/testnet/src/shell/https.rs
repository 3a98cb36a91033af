//! The HTTPS port of a node, or of all nodes (15-observed-service-node 1): HTTP/1.1 over TLS, headers exactly `Server`,
//! `Content-Type`, `Date`, `Content-Length`, no CORS, idle connections closed after 10 s.

use crate::core::http::{Head, HttpAnswer, MAX_BODY, Route, SERVER, not_found};
use crate::network::{Mode, Network};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use onionskin_protocol::keys::Ed25519PublicKey;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// An idle connection, and a body that stalls, are dropped after this time.
const IDLE: Duration = Duration::from_secs(10);
/// Chunked bodies are not limited by real nodes; ours stop here so that memory is safe, bytes.
const MAX_CHUNKED: usize = 64 * 1024 * 1024;
/// How often a hung node's connection looks whether the node is back.
const HUNG_POLL: Duration = Duration::from_millis(100);

/// Which nodes answer at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one.
    Of(usize),
    /// All, chosen by the path prefix `/node/<64 hex>`.
    Shared,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped")]
struct Dropped;

/// Serves until `end` changes.
pub async fn serve(
    listener: TcpListener,
    port: Port,
    network: Network,
    acceptor: TlsAcceptor,
    mut end: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = end.changed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(stream, peer, port, network.clone(), acceptor.clone());
                let mut end = end.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = connection => {}
                        _ = end.changed() => {}
                    }
                });
            }
            // Out of descriptors: let some connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    port: Port,
    network: Network,
    acceptor: TlsAcceptor,
) {
    if let Port::Of(node) = port {
        loop {
            match network.mode(node) {
                Mode::Up => break,
                Mode::Stopped => return,
                Mode::Hung => tokio::time::sleep(HUNG_POLL).await,
            }
        }
    }
    // Plain HTTP at the TLS port is closed without a byte, not with a TLS alert.
    let mut first = [0];
    match timeout(IDLE, stream.peek(&mut first)).await {
        Ok(Ok(1)) if first[0] == 0x16 => {}
        _ => return,
    }
    // Small answers in one piece each: waiting for acknowledgements would only add time.
    let _ = stream.set_nodelay(true);
    let Ok(Ok(tls)) = timeout(IDLE, acceptor.accept(stream)).await else {
        return;
    };
    let service = service_fn(move |request| {
        let network = network.clone();
        async move { respond(request, peer.ip(), port, &network).await }
    });
    // However a connection ends, there is nobody to tell.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(tls), service)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    client: IpAddr,
    port: Port,
    network: &Network,
) -> Result<Response<Full<Bytes>>, Dropped> {
    if request.version() == Version::HTTP_10 || request.uri().authority().is_some() {
        return Ok(html(StatusCode::HTTP_VERSION_NOT_SUPPORTED));
    }
    if !request.headers().contains_key(header::HOST) {
        return Ok(html(StatusCode::BAD_REQUEST));
    }
    let method = request.method().as_str().to_owned();
    let whole_path = request.uri().path().to_owned();
    let (node, path) = match port {
        Port::Of(node) => (node, whole_path.as_str()),
        Port::Shared => match split_prefix(&whole_path)
            .and_then(|(key, path)| Some((network.find(&key)?, path)))
        {
            Some(found) => found,
            None => return Ok(finish(not_found(&method, &whole_path), false)),
        },
    };
    let long_poll = request
        .headers()
        .get("x-loki-long-poll")
        .is_some_and(|value| !value.is_empty());
    let head = Head {
        method: &method,
        path,
        long_poll,
        client,
    };
    let route = network.admit(node, head).await.map_err(|_| Dropped)?;
    let mut body = Vec::new();
    if !matches!(route, Route::Answer(_)) {
        let announced = request.body().size_hint().exact();
        if announced.is_some_and(|length| length > MAX_BODY as u64) {
            return Ok(finish(HttpAnswer::too_large(), true));
        }
        let mut incoming = request.into_body();
        while let Some(frame) = timeout(IDLE, incoming.frame()).await.map_err(|_| Dropped)? {
            let data = frame.map_err(|_| Dropped)?.into_data().unwrap_or_default();
            if body.len() + data.len() > MAX_CHUNKED {
                return Err(Dropped);
            }
            body.extend_from_slice(&data);
        }
    }
    let answer = network
        .respond(node, route, body)
        .await
        .map_err(|_| Dropped)?;
    Ok(finish(answer, false))
}

/// `/node/<64 hex>/rest` as key and `/rest`.
fn split_prefix(path: &str) -> Option<(Ed25519PublicKey, &str)> {
    let rest = path.strip_prefix("/node/")?;
    let slash = rest.find('/')?;
    Some((Ed25519PublicKey::from_hex(&rest[..slash])?, &rest[slash..]))
}

fn finish(answer: HttpAnswer, close: bool) -> Response<Full<Bytes>> {
    let length = answer.body.len();
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static(SERVER));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(answer.content_type),
    );
    if close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(key) = answer
        .snode_key
        .and_then(|key| HeaderValue::from_str(&key).ok())
    {
        headers.insert("x-oxen-snode-pubkey", key);
    }
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::now())) {
        headers.insert(header::DATE, date);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// What the HTTP library of real nodes answers by itself; the connection closes.
fn html(status: StatusCode) -> Response<Full<Bytes>> {
    let text = format!("<h1>{status}</h1><hr><i>uWebSockets/20 Server</i>");
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
