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

fuzz_target!(|input: &[u8]| {
    // The HTTP status, little-endian, then the body.
    let Some((status, body)) = input.split_first_chunk::<2>() else {
        return;
    };
    let _ = REQUEST.open_rpc(u16::from_le_bytes(*status), body);
    let _ = REQUEST.open_rpc(200, body);
    let _ = REQUEST.open_v4(200, body);

    let sealed_for = |layer: usize| {
        let (ours, _) = &REQUEST.layers[layer];
        Cipher::AesGcm
            .encrypt_to_client(&NODE, &ours.public(), body, &mut Counter(9))
            .expect("both keys are good")
    };
    let of_the_destination = sealed_for(REQUEST.layers.len() - 1);
    let _ = REQUEST.open_v4(200, &of_the_destination);
    let _ = REQUEST.open_rpc(200, encoding::base64(&of_the_destination).as_bytes());
    let of_the_guard = encoding::base64(&sealed_for(0));
    assert!(REQUEST.open_rpc(200, of_the_guard.as_bytes()).is_err());
});
