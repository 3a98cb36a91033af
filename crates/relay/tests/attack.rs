//! Requests and answers that no honest side would send.
#![allow(clippy::unwrap_used)]

mod common;

use common::raw::{RawNode, Script, answers, chunked, connect, exchange, head, untouched};
use common::{Manner, StubNode, refusal, relay, send};
use onionskin_relay::forward::MAX_REPLY;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn script(once: &'static [u8], again: impl Into<Vec<u8>>, pause_ms: u64) -> Script {
    Script {
        once,
        again: again.into(),
        pause: Duration::from_millis(pause_ms),
    }
}

#[tokio::test]
async fn a_head_that_drips_ends_the_connection() {
    let relay = relay(vec![], |config| config.header_timeout_ms = 200).await;
    let (mut reader, mut writer) = connect(&relay, "127.0.0.1").await.into_split();
    tokio::spawn(async move {
        writer.write_all(b"POST /relay/onion HTTP/1.1\r\n").await?;
        while writer.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::io::Result::Ok(())
    });
    let mut answer = Vec::new();
    // Closed either way: with an end, or with a reset since more was on its way.
    let _ended = reader.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let relay = relay(vec![], |_| {}).await;
    let long = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(100_000)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x: y\r\n".repeat(1_000)
    );
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(100_000));
    for request in [long, many, path] {
        let answer = exchange(&relay, request.as_bytes()).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{answer}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_limited_like_an_announced_one() {
    let node = StubNode::start(1, Manner::Say(200, b"ok")).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let with = |bytes| {
        [
            head(&node.hex(), "transfer-encoding: chunked\r\n"),
            chunked(bytes),
        ]
        .concat()
    };
    let answer = exchange(&relay, &with(10_485_761)).await;
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("onionskin-relay: too-large"),
        "{answer}"
    );
    assert!(untouched(&node));
    let answer = exchange(&relay, &with(10_485_760)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(node.seen()[0].1.len(), 10_485_760);
}

#[tokio::test]
async fn an_announcement_beyond_all_measure_is_refused_before_the_body() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let answer = exchange(
        &relay,
        &head(&node.hex(), "content-length: 99999999999\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(untouched(&node));
}

#[tokio::test]
async fn a_node_with_endless_headers_is_unreachable() {
    let in_one = RawNode::start(1, script(b"HTTP/1.1 200 OK\r\nx: ", vec![b'y'; 4096], 0)).await;
    let in_many = RawNode::start(
        2,
        script(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n".repeat(500), 0),
    )
    .await;
    let relay = relay(vec![in_one.record(), in_many.record()], |_| {}).await;
    for node in [in_one, in_many] {
        assert_eq!(
            refusal(&send(&relay, &node.hex(), "x").await),
            (502, Some("unreachable"))
        );
        // What the two kernels hold between them is on top of what the relay reads.
        assert!(node.written() < 16 << 20, "{}", node.written());
    }
}

#[tokio::test]
async fn a_node_that_drips_is_a_timeout() {
    let head = RawNode::start(1, script(b"HTTP/1.1 200 OK\r\n", *b"x: y\r\n", 30)).await;
    let body = RawNode::start(
        2,
        script(
            b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n",
            *b"z",
            30,
        ),
    )
    .await;
    let relay = relay(vec![head.record(), body.record()], |config| {
        config.timeout_ms = 3_000
    })
    .await;
    for node in [head, body] {
        assert_eq!(
            refusal(&send(&relay, &node.hex(), "x").await),
            (504, Some("timeout"))
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_left_at_the_limit() {
    let chunk = [&b"10000\r\n"[..], &[b'z'; 65_536], b"\r\n"].concat();
    let in_chunks = RawNode::start(
        1,
        script(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            chunk,
            0,
        ),
    )
    .await;
    let announced = RawNode::start(
        2,
        script(
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            vec![b'z'; 65_536],
            0,
        ),
    )
    .await;
    let until_closed =
        RawNode::start(3, script(b"HTTP/1.1 200 OK\r\n\r\n", vec![b'z'; 65_536], 0)).await;
    let records = [&in_chunks, &announced, &until_closed].map(RawNode::record);
    let relay = relay(records.to_vec(), |_| {}).await;
    for node in [in_chunks, announced, until_closed] {
        assert_eq!(
            refusal(&send(&relay, &node.hex(), "x").await),
            (502, Some("unreachable"))
        );
        assert!(
            node.written() < MAX_REPLY + (32 << 20),
            "{}",
            node.written()
        );
    }
    assert_eq!(relay.bytes_held(), 0);
}

#[tokio::test]
async fn nonsense_of_a_node_is_unreachable() {
    let scripts: [&'static [u8]; 6] = [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 099 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
    ];
    for (seed, once) in (1u8..).zip(scripts) {
        let node = RawNode::start(seed, script(once, [], 0)).await;
        let relay = relay(vec![node.record()], |_| {}).await;
        assert_eq!(
            refusal(&send(&relay, &node.hex(), "x").await),
            (502, Some("unreachable")),
            "{}",
            String::from_utf8_lossy(once)
        );
    }
}

#[tokio::test]
async fn nothing_in_the_query_but_one_guard_leads_anywhere() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let hex = node.hex();
    let queries = [
        format!("{hex}&guard={hex}"),
        format!("{hex}%0d%0aX-Evil:%201"),
        format!("{hex}%00"),
        format!("{hex}/../../x"),
        format!("%3{}", &hex[1..]),
        format!("{hex}@127.0.0.1:22"),
        "127.0.0.1:22".to_owned(),
        "https://127.0.0.1/".to_owned(),
    ];
    for query in queries {
        let answer = exchange(
            &relay,
            &head(&query, "content-length: 1\r\nconnection: close\r\n\r\nx"),
        )
        .await;
        assert!(
            answer.starts_with("HTTP/1.1 404") && answer.contains("onionskin-relay: unknown-guard"),
            "{query}: {answer}"
        );
        assert!(!answer.to_lowercase().contains("x-evil"));
    }
    for raw in [format!("{hex}\r\nX-Evil: 1\r\n"), format!("{hex} x")] {
        let answer = exchange(&relay, &head(&raw, "content-length: 0\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert!(untouched(&node));
}

#[tokio::test]
async fn only_the_known_methods_of_the_known_paths_do_anything() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let onion = format!("/relay/onion?guard={}", node.hex());
    let mut requests = Vec::new();
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "FROB"] {
        requests.push((method, onion.clone(), 405));
    }
    for path in [
        "/relay/onion/",
        "/relay/Onion",
        "//relay/onion",
        "/relay/./onion",
        "/relay/%6fnion",
        "/onion",
    ] {
        requests.push(("POST", path.to_owned(), 405));
        requests.push(("GET", path.to_owned(), 404));
    }
    for method in ["POST", "PUT", "DELETE"] {
        requests.push((method, "/relay/nodes".to_owned(), 405));
        requests.push((method, "/relay/health".to_owned(), 405));
    }
    requests.push(("GET", "/relay/clear".to_owned(), 405));
    requests.push(("GET", "http://192.0.2.1/relay/none".to_owned(), 404));
    requests.push(("CONNECT", "192.0.2.1:443".to_owned(), 405));
    for (method, path, status) in requests {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let answer = exchange(&relay, request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{method} {path}: {answer}"
        );
    }
    assert!(untouched(&node));
}

#[tokio::test]
async fn a_request_cannot_hide_another_one() {
    let node = StubNode::start(1, Manner::Say(200, b"ok")).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let hex = node.hex();
    let hidden = String::from_utf8(head(&hex, "content-length: 6\r\n")).unwrap() + "hidden";
    let behind = format!("0\r\n\r\n{hidden}");
    let length = behind.len();
    let refused = [
        format!("content-length: {length}\r\ncontent-length: 5\r\n"),
        format!("content-length: {length}, 5\r\n"),
        format!("content-length: +{length}\r\n"),
        format!("content-length : {length}\r\n"),
        format!("content-length: 5\r\n transfer-encoding: chunked\r\nx: {length}\r\n"),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "transfer-encoding: \x0bchunked\r\n".to_owned(),
    ];
    for headers in refused {
        let request = [head(&hex, &headers), behind.clone().into_bytes()].concat();
        let answer = exchange(&relay, &request).await;
        assert!(
            answer.starts_with("HTTP/1.1 400") && answers(&answer) == 1,
            "{headers:?}: {answer}"
        );
    }
    assert!(untouched(&node));
    // The chunks count, and nothing that follows them is taken for a request.
    for headers in [
        format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
        "transfer-encoding: chunked\r\n".to_owned(),
    ] {
        let request = [head(&hex, &headers), behind.clone().into_bytes()].concat();
        let answer = exchange(&relay, &request).await;
        assert_eq!(answers(&answer), 1, "{headers:?}: {answer}");
    }
    let seen = node.seen();
    assert!(seen.len() == 3 && seen.iter().all(|(_, body)| body.is_empty()));
}

#[tokio::test]
async fn chunks_that_do_not_add_up_reach_no_node() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    for body in [
        "zz\r\nab\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\nab",
        "-1\r\nab\r\n0\r\n\r\n",
        "2\r\nabcd\r\n0\r\n\r\n",
    ] {
        let request = [
            head(&node.hex(), "transfer-encoding: chunked\r\n"),
            body.into(),
        ]
        .concat();
        let answer = exchange(&relay, &request).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{body:?}: {answer}");
    }
    assert!(untouched(&node));
}
