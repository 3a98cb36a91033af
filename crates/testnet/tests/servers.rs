//! What the last node of a path posts to a server, and what it says when that fails (15-observed-service-node 9).
#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use onionskin_testnet::core::onion::ServerPost;
use onionskin_testnet::network::Servers;
use onionskin_testnet::shell::{HttpServers, Outbound};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn to(protocol: &str, host: &str, port: u16, target: &str) -> ServerPost {
    ServerPost {
        host: host.to_owned(),
        target: target.to_owned(),
        protocol: protocol.to_owned(),
        port,
        body: b"\x02\0\0\0{}{\"host\":\"x\",\"extra\":1}".to_vec(),
    }
}

async fn ask(outbound: Outbound, post: ServerPost) -> (u16, String) {
    // Building the client needs a provider; another test may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let servers = HttpServers::new(outbound, Duration::from_millis(500)).unwrap();
    let (status, body) = servers.post(post).await;
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn serve(routes: Router) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    port
}

#[tokio::test]
async fn a_server_gets_the_whole_layer_under_the_headers_of_a_node() {
    let seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let kept = seen.clone();
    let answer = move |headers: HeaderMap, body: Bytes| async move {
        kept.lock().unwrap().push((headers, body));
        (StatusCode::IM_A_TEAPOT, "as it is")
    };
    let port = serve(Router::new().route("/oxen/v4/lsrpc", post(answer))).await;
    let layer = to("http", "127.0.0.1", port, "/oxen/v4/lsrpc");
    let sent = layer.body.clone();
    assert_eq!(
        ask(Outbound::Loopback, layer).await,
        (418, "as it is".to_owned())
    );
    let (headers, body) = seen.lock().unwrap().remove(0);
    assert_eq!(body, sent);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("user-agent", "Oxen Storage Server/2.8.0"),
        ("accept", "*/*"),
        ("accept-encoding", "deflate, gzip, br, zstd"),
    ] {
        assert_eq!(headers[name], value);
    }
}

#[tokio::test]
async fn failures_carry_the_texts_of_the_http_client() {
    let redirect = || async { (StatusCode::FOUND, [("location", "/elsewhere")]) };
    let silent = || async {
        tokio::time::sleep(Duration::from_secs(600)).await;
    };
    let port = serve(
        Router::new()
            .route("/redirect", post(redirect))
            .route("/silent", post(silent)),
    )
    .await;
    let local = |target: &str| ask(Outbound::Loopback, to("http", "127.0.0.1", port, target));
    assert_eq!(
        local("/redirect").await,
        (502, "Maximum (0) redirects followed".to_owned())
    );
    assert_eq!(
        local("/silent").await,
        (
            504,
            "Operation timed out after 25000 milliseconds with 0 bytes received".to_owned()
        )
    );
    let tls = ask(
        Outbound::Loopback,
        to("https", "127.0.0.1", port, "/redirect"),
    )
    .await;
    assert_eq!(tls.0, 502, "TLS to a plain port: {}", tls.1);
    let nameless = ask(Outbound::Any, to("http", "", port, "/x")).await;
    assert_eq!(nameless, (502, String::new()));
    let refused = ask(Outbound::Loopback, to("http", "127.0.0.1", 9, "/x")).await;
    let text = "Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server";
    assert_eq!(refused, (502, text.to_owned()));
}

#[tokio::test]
async fn a_self_signed_certificate_of_a_server_is_not_believed() {
    let testnet = onionskin_testnet::Testnet::start(onionskin_testnet::Options {
        nodes: 1,
        swarms: 1,
        ..Default::default()
    })
    .await
    .unwrap();
    let node = testnet.nodes()[0].port;
    assert_eq!(
        ask(
            Outbound::Loopback,
            to("https", "127.0.0.1", node, "/oxen/v4/lsrpc")
        )
        .await,
        (
            502,
            "SSL certificate problem: self-signed certificate".to_owned()
        )
    );
    testnet.shutdown().await;
}

#[tokio::test]
async fn only_servers_of_the_allowed_kind_are_asked() {
    let port = serve(Router::new().route("/x", post(|| async { "here" }))).await;
    let here = |outbound| ask(outbound, to("http", "127.0.0.1", port, "/x"));
    assert_eq!(here(Outbound::Loopback).await, (200, "here".to_owned()));
    assert_eq!(here(Outbound::Any).await, (200, "here".to_owned()));
    assert_eq!(here(Outbound::None).await.0, 502);
    let outside = |host: &'static str| ask(Outbound::Loopback, to("http", host, 80, "/x"));
    assert_eq!(outside("192.0.2.1").await.0, 502);
    assert_eq!(
        outside("example.invalid").await,
        (502, "Could not resolve host: example.invalid".to_owned())
    );
}
