//! A guard's answer to a finished request: as it comes, and as the sealed plaintext of the destination.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::encoding;
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::keys::{Ed25519SecretKey, X25519SecretKey};
use onionskin_protocol::onion::{Cipher, Destination, OnionRequest, build};
use std::sync::LazyLock;

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        out.fill(self.0);
    }
}

static NODE: LazyLock<X25519SecretKey> =
    LazyLock::new(|| Ed25519SecretKey::from_seed(&[9; 32]).to_x25519());

static REQUEST: LazyLock<OnionRequest> = LazyLock::new(|| {
    let ed25519 = Ed25519SecretKey::from_seed(&[9; 32]).public();
    let x25519 = NODE.public();
    let hops = [(ed25519, x25519); 3];
    let destination = Destination::Node { ed25519, x25519 };
    build(
        &hops,
        &destination,
        b"{}",
        Cipher::XChaCha20,
        &mut Counter(0),
    )
    .expect("all keys are good")
});

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let _ = REQUEST.open_rpc(status, body);
    let _ = REQUEST.open_rpc(200, body);
    let _ = REQUEST.open_v4(200, body);

    let (ours, _) = REQUEST.layers.last().expect("the destination's layer");
    let sealed = Cipher::AesGcm
        .encrypt_to_client(&NODE, &ours.public(), body, &mut Counter(9))
        .expect("both keys are good");
    let _ = REQUEST.open_v4(200, &sealed);
    let _ = REQUEST.open_rpc(200, encoding::base64(&sealed).as_bytes());
});
