//! TLS and HTTP of a node, byte by byte (15-observed-service-node 1).
#![allow(clippy::unwrap_used)]

mod common;

use common::tls::{connect, connect_with};
use onionskin_testnet::{Options, Testnet};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn start() -> Testnet {
    let options = Options {
        nodes: 1,
        swarms: 1,
        ..Options::default()
    };
    Testnet::start(options).await.unwrap()
}

const INFO: &str = r#"{"method":"info","params":{}}"#;

/// What one connection answers until it is closed.
async fn exchange(testnet: &Testnet, request: &[u8]) -> String {
    let mut stream = connect(testnet, 0).await;
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = Vec::new();
    // A node closes without the farewell of TLS now and then.
    let ended = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST /storage_rpc/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_without_alpn_and_nothing_older() {
    let testnet = start().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = connect_with(&testnet, 0, &[version]).await;
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version.version));
        assert_eq!(session.alpn_protocol(), None);
    }
    for old in [1u8, 2] {
        // A greeting of TLS 1.0 or 1.1: random bytes, one cipher suite, no compression, no extension.
        let greeting = [&[3, old][..], &[7; 32], &[0, 0, 2, 0xc0, 0x13, 1, 0]].concat();
        let length = u8::try_from(greeting.len()).unwrap();
        let record = [&[22, 3, old, 0, length + 4, 1, 0, 0, length][..], &greeting].concat();
        let mut stream = TcpStream::connect(("127.0.0.1", testnet.nodes()[0].port))
            .await
            .unwrap();
        stream.write_all(&record).await.unwrap();
        let mut answer = Vec::new();
        let _ended = stream.read_to_end(&mut answer).await;
        // At most an alert (21), never a greeting (22).
        assert_ne!(answer.first(), Some(&22), "{answer:02x?}");
    }
    testnet.shutdown().await;
}

#[tokio::test]
async fn the_certificate_is_self_signed_and_tied_to_nothing() {
    let testnet = start().await;
    let stream = connect(&testnet, 0).await;
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    assert_eq!(chain.len(), 1);
    let der = chain[0].as_ref();
    let count = |part: &[u8]| {
        der.windows(part.len())
            .filter(|window| *window == part)
            .count()
    };
    // Subject and issuer are the same three names.
    for name in [&b"AU"[..], b"localhost", b"Oxen"] {
        assert_eq!(count(name), 2, "{}", String::from_utf8_lossy(name));
    }
    assert_eq!(
        count(&[0xa0, 3, 2, 1, 2, 2, 1, 1]),
        1,
        "version 3, serial 1"
    );
    let extension = |number: u8| count(&[6, 3, 0x55, 0x1d, number]);
    assert_eq!(extension(14), 1, "Subject Key Identifier");
    assert_eq!(extension(17), 0, "no subjectAltName");
    assert_eq!(extension(19), 0, "no basicConstraints");
    let key = hex::decode(&testnet.nodes()[0].ed25519).unwrap();
    assert_eq!(count(&key), 0);
    testnet.shutdown().await;
}

#[tokio::test]
async fn odd_forms_of_http_are_answered_as_observed() {
    let testnet = start().await;
    let cases: [(&[u8], &str, &str); 3] = [
        (
            b"GET /get_stats/v1 HTTP/1.0\r\nHost: x\r\n\r\n",
            "505",
            "<h1>",
        ),
        (
            b"GET http://x/get_stats/v1 HTTP/1.1\r\nHost: x\r\n\r\n",
            "505",
            "<h1>",
        ),
        (b"GET /get_stats/v1 HTTP/1.1\r\n\r\n", "400", "<h1>"),
    ];
    for (request, status, text) in cases {
        let answer = exchange(&testnet, request).await;
        let shown = String::from_utf8_lossy(request);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{shown}{answer}");
        assert!(answer.contains(text), "{shown}{answer}");
    }
    let expecting = exchange(
        &testnet,
        &post("Expect: 100-continue\r\nConnection: close\r\n", INFO),
    )
    .await;
    assert!(
        expecting.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "{expecting}"
    );
    let typed = exchange(
        &testnet,
        &post("Content-Type: image/png\r\nConnection: close\r\n", INFO),
    )
    .await;
    assert!(typed.starts_with("HTTP/1.1 200 OK\r\n"), "{typed}");
    assert!(!typed.to_lowercase().contains("content-encoding"));
    let compressible = exchange(
        &testnet,
        &post("Accept-Encoding: gzip, br\r\nConnection: close\r\n", INFO),
    )
    .await;
    assert!(
        compressible.ends_with("}") && !compressible.to_lowercase().contains("content-encoding")
    );
    testnet.shutdown().await;
}

#[tokio::test]
async fn an_error_does_not_end_a_connection_and_a_wish_to_close_does() {
    let testnet = start().await;
    let mut stream = connect(&testnet, 0).await;
    for body in ["no json", INFO, "no json"] {
        stream.write_all(&post("", body)).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        let status = if body == INFO {
            "HTTP/1.1 200"
        } else {
            "HTTP/1.1 400"
        };
        assert!(answer.starts_with(status), "{answer}");
    }
    drop(stream);
    let closed = exchange(&testnet, &post("Connection: close\r\n", INFO)).await;
    assert!(closed.starts_with("HTTP/1.1 200"), "{closed}");
    testnet.shutdown().await;
}

#[tokio::test]
async fn a_chunked_body_is_not_limited() {
    let testnet = start().await;
    let mut request = b"POST /onion_req/v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".to_vec();
    for _ in 0..11 {
        request.extend_from_slice(b"100000\r\n");
        request.extend_from_slice(&vec![0xff; 1 << 20]);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let answer = exchange(&testnet, &request).await;
    assert!(
        answer.starts_with("HTTP/1.1 400")
            && answer.contains("Error parsing onion request: Unexpected payload size"),
        "{answer}"
    );
    testnet.shutdown().await;
}

#[tokio::test]
async fn idle_connections_and_stalled_bodies_are_dropped_without_a_byte() {
    let testnet = start().await;
    let stalled = b"POST /storage_rpc/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    let (idle, stalled) = tokio::join!(exchange(&testnet, b""), exchange(&testnet, stalled));
    assert_eq!((idle.as_str(), stalled.as_str()), ("", ""));
    testnet.shutdown().await;
}
