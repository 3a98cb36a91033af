//! The work of the browser benchmark, each function a counted loop without any input or output of its own.
//! `tests/bench/browser.mjs` times it beside libsodium.js in the same page.

use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::keys::{Ed25519PublicKey, Ed25519SecretKey, X25519PublicKey};
use onionskin_protocol::message::proto;
use onionskin_protocol::onion::{self, Cipher, Destination};
use onionskin_protocol::time::Timestamp;
use wasm_bindgen::prelude::wasm_bindgen;

/// A counter as the source of "random" bytes: the benchmark measures the cipher, not the generator.
struct Counter(u64);

impl Entropy for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

fn node(seed: u8) -> (Ed25519PublicKey, X25519PublicKey) {
    let secret = Ed25519SecretKey::from_seed(&[seed; 32]);
    (secret.public(), secret.to_x25519().public())
}

/// Builds `times` requests of 1 kB through three nodes to a fourth; returns the bytes made.
#[wasm_bindgen]
pub fn onion_builds(times: u32) -> u32 {
    let hops = [node(1), node(2), node(3)];
    let (ed25519, x25519) = node(4);
    let destination = Destination::Node { ed25519, x25519 };
    let payload = [b'x'; 1024];
    let mut entropy = Counter(1);
    (0..times)
        .map(|_| {
            onion::build(
                &hops,
                &destination,
                &payload,
                Cipher::XChaCha20,
                &mut entropy,
            )
            .map_or(0, |request| request.body.len() as u32)
        })
        .sum()
}

/// Opens one message of 1 kB `times` times; returns how often that worked.
#[wasm_bindgen]
pub fn decrypts(times: u32) -> u32 {
    let sender = Account::from_seed(Seed::from_bytes([5; 16]));
    let reader = Account::from_seed(Seed::from_bytes([6; 16]));
    let mut entropy = Counter(2);
    let content = proto::Content {
        data_message: Some(proto::DataMessage {
            body: Some("x".repeat(1000)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let sent = Timestamp(1_760_000_000_123);
    let Ok(stored) = onionskin_protocol::message::encode(
        &sender,
        reader.id().key(),
        &content,
        sent,
        &mut entropy,
    ) else {
        return 0;
    };
    (0..times)
        .map(|_| u32::from(onionskin_protocol::message::decode(&reader, &stored).is_ok()))
        .sum()
}
