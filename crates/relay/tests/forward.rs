//! What the relay forwards, what it refuses, and what it can never read.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Manner, StubNode, browser, record, refusal, relay, send, url};
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::keys::{Ed25519SecretKey, X25519SecretKey};
use onionskin_protocol::onion::{self, Cipher, Destination, Layer, PeelError, peel};
use serde_json::Value;

#[tokio::test]
async fn a_body_goes_to_the_guard_and_its_answer_comes_back_byte_for_byte() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let body: Vec<u8> = (0..=255).cycle().take(100_001).collect();
    let reply = send(&relay, &node.hex().to_uppercase(), body.clone()).await;
    assert_eq!(refusal(&reply), (200, None));
    assert_eq!(reply.bytes().await.unwrap(), body);
    assert_eq!(node.seen(), [("/onion_req/v2".to_string(), body.into())]);
}

#[tokio::test]
async fn only_status_and_body_of_a_node_come_through() {
    let node = StubNode::start(1, Manner::Say(502, b"Next node not found: \xff\x00")).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let reply = send(&relay, &node.hex(), "x").await;
    assert_eq!(
        refusal(&reply),
        (502, None),
        "a node cannot pretend to be the relay"
    );
    assert!(!reply.headers().contains_key("x-node") && !reply.headers().contains_key("set-cookie"));
    assert_eq!(reply.headers()["content-type"], "application/octet-stream");
    assert_eq!(
        reply.bytes().await.unwrap(),
        &b"Next node not found: \xff\x00"[..]
    );
}

#[tokio::test]
async fn a_guard_that_is_not_on_the_list_is_refused() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let stranger = Ed25519SecretKey::from_seed(&[99; 32]).public().to_hex();
    for guard in [stranger.as_str(), "", "127.0.0.1:22", &node.hex()[1..]] {
        assert_eq!(
            refusal(&send(&relay, guard, "x").await),
            (404, Some("unknown-guard")),
            "{guard}"
        );
    }
    let unnamed = browser()
        .post(url(&relay, "/relay/onion"))
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(&unnamed), (404, Some("unknown-guard")));
    assert!(node.seen().is_empty());
}

#[tokio::test]
async fn the_main_network_never_leads_to_private_addresses() {
    let folder = common::Folder::new();
    let node = StubNode::start(1, Manner::Echo).await;
    let mut records: Vec<Value> = (1..=12)
        .map(|seed| {
            let mut public = record(&Ed25519SecretKey::from_seed(&[100 + seed; 32]), 22021);
            public["public_ip"] = format!("8.8.8.{seed}").into();
            public
        })
        .collect();
    records.push(node.record());
    let relay = relay(vec![], |config| {
        config.network = onionskin_relay::Network::Mainnet;
        config.nodes = Some(folder.write("nodes.json", Value::Array(records).to_string()));
    })
    .await;
    assert_eq!(
        refusal(&send(&relay, &node.hex(), "x").await),
        (404, Some("unknown-guard"))
    );
    assert!(node.seen().is_empty());
    let list = browser()
        .get(url(&relay, "/relay/nodes"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(list.contains("8.8.8.1") && !list.contains("127.0.0.1"));
}

#[tokio::test]
async fn a_body_over_ten_mebibytes_is_too_large_and_one_byte_less_is_not() {
    let node = StubNode::start(1, Manner::Say(200, b"ok")).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let reply = send(&relay, &node.hex(), vec![7; 10_485_761]).await;
    assert_eq!(refusal(&reply), (413, Some("too-large")));
    assert!(node.seen().is_empty());
    assert_eq!(
        refusal(&send(&relay, &node.hex(), vec![7; 10_485_760]).await),
        (200, None)
    );
    assert_eq!(node.seen()[0].1.len(), 10_485_760);
}

#[tokio::test]
async fn a_dead_node_is_unreachable_and_so_is_one_that_never_ends() {
    let endless = StubNode::start(2, Manner::Long(11_100_000)).await;
    let dead = Ed25519SecretKey::from_seed(&[3; 32]);
    let relay = relay(vec![endless.record(), record(&dead, 9)], |_| {}).await;
    assert_eq!(
        refusal(&send(&relay, &dead.public().to_hex(), "x").await),
        (502, Some("unreachable"))
    );
    assert_eq!(
        refusal(&send(&relay, &endless.hex(), "x").await),
        (502, Some("unreachable"))
    );
}

#[tokio::test]
async fn a_node_that_hangs_is_a_timeout() {
    let node = StubNode::start(1, Manner::Late(5_000)).await;
    let relay = relay(vec![node.record()], |config| config.timeout_ms = 300).await;
    assert_eq!(
        refusal(&send(&relay, &node.hex(), "x").await),
        (504, Some("timeout"))
    );
}

#[tokio::test]
async fn redirects_are_handed_back_and_not_followed() {
    let node = StubNode::start(1, Manner::Redirect).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let reply = send(&relay, &node.hex(), "x").await;
    assert_eq!(reply.status(), 307);
    assert!(!reply.headers().contains_key("location"));
    assert_eq!(node.seen().len(), 1);
}

#[tokio::test]
async fn who_asks_too_often_is_told_so() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |config| {
        (config.rate, config.burst) = (1, 3)
    })
    .await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(refusal(&send(&relay, &node.hex(), "x").await) == (429, Some("rate")));
    }
    assert_eq!(answers, [false, false, false, true, true]);
}

#[tokio::test]
async fn behind_a_proxy_each_forwarded_address_is_a_client_of_its_own() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |config| {
        (config.rate, config.burst, config.behind_proxy) = (1, 1, true)
    })
    .await;
    let ask = async |client: &str| {
        let url = url(&relay, &format!("/relay/onion?guard={}", node.hex()));
        browser()
            .post(url)
            .header("x-forwarded-for", client)
            .body("x")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(ask("198.51.100.1").await, 200);
    assert_eq!(ask("198.51.100.1").await, 429);
    assert_eq!(
        ask("198.51.100.1, 198.51.100.2").await,
        200,
        "only the entry of the own proxy counts"
    );
}

#[tokio::test]
async fn more_requests_at_once_than_the_relay_carries_find_it_busy() {
    let node = StubNode::start(1, Manner::Late(1_500)).await;
    let relay = relay(vec![node.record()], |config| config.concurrent = 1).await;
    let hex = node.hex();
    let (first, second) = tokio::join!(send(&relay, &hex, "x"), async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        send(&relay, &hex, "y").await
    });
    assert_eq!(
        (refusal(&first), refusal(&second)),
        ((200, None), (503, Some("busy")))
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_the_request() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |config| config.body_timeout_ms = 200).await;
    let mut slow = tokio::net::TcpStream::connect(relay.address())
        .await
        .unwrap();
    let head = format!(
        "POST /relay/onion?guard={} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc",
        node.hex()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = slow.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).to_string();
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("onionskin-relay: busy"),
        "{answer}"
    );
    assert!(node.seen().is_empty());
}

/// Enough randomness for a test, and the same every time.
struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(5).wrapping_add(77);
            *byte = self.0;
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[tokio::test]
async fn the_relay_cannot_read_what_it_forwards() {
    use base64::Engine;
    let guard = StubNode::start(1, Manner::Echo).await;
    let [middle, exit, target] = [2u8, 3, 4].map(|seed| Ed25519SecretKey::from_seed(&[seed; 32]));
    let relay = relay(
        vec![
            guard.record(),
            record(&middle, 9),
            record(&exit, 9),
            record(&target, 9),
        ],
        |_| {},
    )
    .await;

    let account = format!("05{}", "ab".repeat(32));
    let text = format!(
        r#"{{"method":"retrieve","params":{{"pubkey":"{account}","text":"meet me at nine"}}}}"#
    );
    let key = |secret: &Ed25519SecretKey| (secret.public(), secret.to_x25519().public());
    let (ed25519, x25519) = key(&target);
    let request = onion::build(
        &[key(&guard.secret), key(&middle), key(&exit)],
        &Destination::Node { ed25519, x25519 },
        text.as_bytes(),
        Cipher::XChaCha20,
        &mut Counter(1),
    )
    .unwrap();
    let reply = send(&relay, &guard.hex(), request.body.clone()).await;
    assert_eq!(refusal(&reply), (200, None));
    let forwarded = guard.seen().remove(0).1;
    assert_eq!(forwarded, request.body, "verbatim");

    // Nothing in what passes through tells the account, the text, the target or a hop behind the guard, in any usual form.
    let base64 = base64::engine::general_purpose::STANDARD;
    for secret in [
        account.as_bytes(),
        b"meet me at nine",
        b"retrieve",
        &[0xab; 8],
        &middle.public().0,
        &exit.public().0,
        &ed25519.0,
    ] {
        assert!(!contains(&forwarded, secret));
        assert!(!contains(&forwarded, hex::encode(secret).as_bytes()));
        assert!(!contains(
            &forwarded,
            base64.encode(secret).trim_end_matches('=').as_bytes()
        ));
    }
    for hop in [&middle, &exit, &target] {
        assert!(!contains(&forwarded, hop.public().to_hex().as_bytes()));
    }

    // No key but the guard's opens the outer layer, and the guard learns the next hop only.
    let outer = onion::peel::parse_outer(&forwarded).unwrap();
    let open =
        |secret: &X25519SecretKey| peel(secret, &outer.ephemeral, outer.cipher, &outer.ciphertext);
    for stranger in [[9u8; 32], [10; 32]] {
        assert!(matches!(
            open(&Ed25519SecretKey::from_seed(&stranger).to_x25519()),
            Err(PeelError::Ciphertext)
        ));
    }
    match open(&guard.secret.to_x25519()).unwrap() {
        Layer::Forward {
            next, ciphertext, ..
        } => {
            assert_eq!(next, middle.public());
            assert!(!contains(&ciphertext, account.as_bytes()));
        }
        other => panic!("the guard finds {other:?}"),
    }
}

#[tokio::test]
async fn a_relay_that_lies_about_its_list_gains_nothing() {
    // The relay's list sends the guard's requests to a machine of its own: sealed bytes arrive there, and stay sealed.
    let spy = StubNode::start(50, Manner::Echo).await;
    let [guard, middle, exit, target] =
        [1u8, 2, 3, 4].map(|seed| Ed25519SecretKey::from_seed(&[seed; 32]));
    let key = |secret: &Ed25519SecretKey| (secret.public(), secret.to_x25519().public());
    let (ed25519, x25519) = key(&target);
    let request = onion::build(
        &[key(&guard), key(&middle), key(&exit)],
        &Destination::Node { ed25519, x25519 },
        b"meet me at nine",
        Cipher::XChaCha20,
        &mut Counter(2),
    )
    .unwrap();

    let address_swapped = record(&guard, spy.address.port());
    let relay_a = relay(vec![address_swapped.clone()], |_| {}).await;
    send(&relay_a, &guard.public().to_hex(), request.body.clone()).await;
    let (_, arrived) = spy.seen().remove(0);
    let outer = onion::peel::parse_outer(&arrived).unwrap();
    let opened = peel(
        &spy.secret.to_x25519(),
        &outer.ephemeral,
        outer.cipher,
        &outer.ciphertext,
    );
    assert!(matches!(opened, Err(PeelError::Ciphertext)));
    assert!(!contains(&arrived, b"meet me at nine"));

    // Its list swaps the encryption key: such a record is not even read, since the key must be the image of the identity.
    let mut key_swapped = address_swapped;
    key_swapped["pubkey_x25519"] = spy.secret.to_x25519().public().to_hex().into();
    assert!(
        onionskin_protocol::node::parse_json(&Value::Array(vec![key_swapped]))
            .is_ok_and(|nodes| nodes.is_empty())
    );
}
