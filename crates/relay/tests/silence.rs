//! Nothing that the program prints or answers tells who used it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Folder, Manner, StubNode, list};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

const CLIENT: &str = "127.77.66.55";
const FORWARDED: &str = "198.51.100.77";

#[tokio::test]
async fn no_address_of_a_client_is_printed_or_answered() {
    let node = StubNode::start(1, Manner::Echo).await;
    let hung = StubNode::start(2, Manner::Late(600_000)).await;
    let folder = Folder::new();
    let nodes = folder.write(
        "nodes.json",
        list(vec![node.record(), hung.record()]).to_string(),
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_onionskin-relay"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--network",
            "local",
            "--rate",
            "1",
            "--burst",
            "4",
        ])
        .args([
            "--timeout-ms",
            "2000",
            "--behind-proxy",
            "--seed",
            "http://127.0.0.1:9/json_rpc",
        ])
        .arg("--nodes")
        .arg(nodes)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    stdout.read_line(&mut printed).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let listen = ready["listen"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();
    let relay: SocketAddr = listen.parse().unwrap();

    let onion = |guard: &str| format!("POST /relay/onion?guard={guard} HTTP/1.1");
    let requests = [
        onion(&node.hex()),
        onion(&hung.hex()),
        onion(&"ab".repeat(32)),
        onion("not-a-guard"),
        "GET /relay/nodes HTTP/1.1".to_owned(),
        "GET /relay/health HTTP/1.1".to_owned(),
        "GET /deployment.json HTTP/1.1".to_owned(),
        "GET /nothing HTTP/1.1".to_owned(),
        "POST /relay/clear HTTP/1.1".to_owned(),
        "garbage".to_owned(),
    ];
    let mut answered = String::new();
    // Then so many that the rate is over.
    let flood = std::iter::repeat_n("GET /relay/nodes HTTP/1.1".to_owned(), 1_000);
    for request in requests.into_iter().chain(flood) {
        if answered.contains("HTTP/1.1 429") && answered.contains("HTTP/1.1 400") {
            break;
        }
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{CLIENT}:0").parse().unwrap()).unwrap();
        let mut stream = socket.connect(relay).await.unwrap();
        let request = format!(
            "{request}\r\nhost: x\r\nx-forwarded-for: {FORWARDED}\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Garbage may be answered by a reset.
        let _ended = stream.read_to_end(&mut answer).await;
        answered.push_str(&String::from_utf8_lossy(&answer));
    }
    for status in ["200", "404", "429", "504", "403", "400"] {
        assert!(
            answered.contains(&format!("HTTP/1.1 {status}")),
            "{status} did not occur"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    stdout.read_to_string(&mut printed).unwrap();
    let mut errors = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert!(
        errors.contains("node list"),
        "the seed's failure is told: {errors}"
    );
    for text in [&answered, &printed, &errors] {
        assert!(
            !text.contains(CLIENT) && !text.contains(FORWARDED),
            "{text}"
        );
    }
    // What the node was sent tells nothing of the client either.
    assert!(
        node.seen()
            .iter()
            .all(|(target, body)| target == "/onion_req/v2" && body == "x")
    );
}
