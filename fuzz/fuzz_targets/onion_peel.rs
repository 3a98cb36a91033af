//! A decrypted layer at a node: the input is encrypted to the node first, so that the fuzzer reaches the parser behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::keys::X25519SecretKey;
use onionskin_protocol::onion::{Cipher, Layer, peel};

struct Constant;

impl Entropy for Constant {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(7);
    }
}

fuzz_target!(|plaintext: &[u8]| {
    let (node, client) = (
        X25519SecretKey::from_bytes([1; 32]),
        X25519SecretKey::from_bytes([2; 32]),
    );
    let cipher = Cipher::XChaCha20;
    let sealed = cipher
        .encrypt_to_node(&client, &node.public(), plaintext, &mut Constant)
        .expect("both keys are good");
    if let Ok(Layer::Server { body, .. }) = peel(&node, &client.public(), cipher, &sealed) {
        assert_eq!(body, plaintext);
    }
    let _ = peel(&node, &client.public(), Cipher::AesGcm, plaintext);
});
