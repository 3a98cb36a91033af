//! How much of the relay one guard, one client and all together can use. Everything is counted, nothing is timed.
#![allow(clippy::unwrap_used)]

mod common;

use common::raw::{answers, connect, exchange_from, head};
use common::{Manner, StubNode, refusal, relay, send};
use onionskin_relay::{Config, Relay};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: usize = 1 << 20;

/// Waits until a condition holds. Only a relay that never gets there fails.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// Sends a whole request from this address and leaves the answer unread.
async fn ask(relay: &Relay, from: &str, guard: &str, body: &[u8]) -> TcpStream {
    let mut stream = connect(relay, from).await;
    let headers = format!("content-length: {}\r\n", body.len());
    stream.write_all(&head(guard, &headers)).await.unwrap();
    // A refused body is not read to its end.
    let _ = stream.write_all(body).await;
    stream
}

#[tokio::test]
async fn a_guard_that_hangs_leaves_the_relay_to_the_others() {
    let hung = StubNode::start(1, Manner::Late(600_000)).await;
    let good = StubNode::start(2, Manner::Echo).await;
    let relay = relay(vec![hung.record(), good.record()], |config| {
        (config.concurrent, config.per_guard) = (4, 3);
    })
    .await;
    let mut waiting = Vec::new();
    for n in 1..=3 {
        waiting.push(ask(&relay, &format!("127.0.1.{n}"), &hung.hex(), b"x").await);
    }
    until("the guard has three requests", || hung.seen().len() == 3).await;
    assert_eq!(
        refusal(&send(&relay, &hung.hex(), "x").await),
        (503, Some("busy"))
    );
    assert_eq!(refusal(&send(&relay, &good.hex(), "x").await), (200, None));
    drop(waiting);
    for _ in 0..600 {
        let _again = ask(&relay, "127.0.1.9", &hung.hex(), b"x").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        if hung.seen().len() > 3 {
            return;
        }
    }
    panic!("clients that went away still hold the guard's places");
}

#[tokio::test]
async fn one_client_has_only_so_many_connections() {
    let relay = relay(vec![], |config| config.per_client_connections = 3).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&relay, "127.0.2.1").await;
        stream
            .write_all(b"GET /relay/health HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        open.push(stream);
    }
    let request = b"GET /relay/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // A connection that is not wanted ends without an answer, with an end or a reset.
    let mut fourth = connect(&relay, "127.0.2.1").await;
    let _ = fourth.write_all(request).await;
    let mut answer = Vec::new();
    let _ended = fourth.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
    let other = exchange_from(&relay, "127.0.2.2", request).await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
}

/// 32 MiB for all, of which one client may have 20.5.
fn small(config: &mut Config) {
    config.memory_mb = 32;
}

#[tokio::test]
async fn bodies_take_no_more_memory_than_the_relay_was_given() {
    let hung = StubNode::start(1, Manner::Late(600_000)).await;
    let relay = relay(vec![hung.record()], small).await;
    let body = vec![7; 6 * MIB];
    let mut streams = Vec::new();
    let mut most = 0;
    for n in 1..=12 {
        streams.push(ask(&relay, &format!("127.0.3.{n}"), &hung.hex(), &body).await);
        most = most.max(relay.bytes_held());
    }
    until("some requests wait at the guard", || {
        most = most.max(relay.bytes_held());
        hung.seen().len() >= 3
    })
    .await;
    assert!(most <= 32 * MIB, "{most}");
    assert!(most > 12 * MIB, "what is held is counted: {most}");
    // Room is made in steps, the last of which ends at 8 MiB for a body of 6 MiB.
    assert!(hung.seen().len() <= 5);
    drop(streams);
    until("all is given back", || relay.bytes_held() == 0).await;
}

#[tokio::test]
async fn one_client_cannot_take_the_memory_of_all() {
    let hung = StubNode::start(1, Manner::Late(600_000)).await;
    let relay = relay(vec![hung.record()], small).await;
    let body = vec![7; 6 * MIB];
    let mut streams = Vec::new();
    for _ in 0..2 {
        streams.push(ask(&relay, "127.0.4.1", &hung.hex(), &body).await);
    }
    until("two requests are at the guard", || hung.seen().len() == 2).await;
    let mut last = ask(&relay, "127.0.4.1", &hung.hex(), &body).await;
    let mut answer = vec![0; 4096];
    let read = last.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 429") && answer.contains("onionskin-relay: rate"),
        "{answer}"
    );
    let other = ask(&relay, "127.0.4.2", &hung.hex(), &body).await;
    until("another client's request is at the guard", || {
        hung.seen().len() == 3
    })
    .await;
    drop(other);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_dropped() {
    let node = StubNode::start(1, Manner::Long(10 * MIB)).await;
    let relay = relay(vec![node.record()], |config| config.take_timeout_ms = 300).await;
    // A small window, so that the answer does not fit into what the two kernels hold.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut unread = socket.connect(relay.address()).await.unwrap();
    let request = [head(&node.hex(), "content-length: 1\r\n"), b"x".to_vec()].concat();
    unread.write_all(&request).await.unwrap();
    until("the answer is held", || relay.bytes_held() >= 4 * MIB).await;
    until("the answer is dropped", || relay.bytes_held() == 0).await;
    drop(unread);
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_and_given_back() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |config| config.body_timeout_ms = 500).await;
    let mut stream = connect(&relay, "127.0.6.1").await;
    let mut request = head(&node.hex(), "content-length: 1000000\r\n");
    request.extend_from_slice(&[7; 100_000]);
    stream.write_all(&request).await.unwrap();
    until("the part is held", || relay.bytes_held() >= 100_000).await;
    let (mut reader, mut writer) = stream.into_split();
    tokio::spawn(async move {
        while writer.write_all(b"z").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = Vec::new();
    let _ended = reader.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answers(&answer) == 1 && answer.contains("onionskin-relay: busy"),
        "{answer}"
    );
    until("all is given back", || relay.bytes_held() == 0).await;
    assert!(node.seen().is_empty());
}
