//! Any bytes as what a swarm stores, at each layer of a message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::keys::{Signature, X25519SecretKey};
use onionskin_protocol::message::{decode, wire};
use onionskin_protocol::time::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let reader = Account::from_seed(Seed::from_bytes([7; 16]));
    let _ = decode(&reader, bytes);
    let _ = decode(&reader, &wire::wrap(bytes));
    let signature = Signature([0; 64]);
    let _ = decode(
        &reader,
        &wire::wrap(&wire::envelope(bytes.to_vec(), Timestamp(1), &signature)),
    );
    let ephemeral = X25519SecretKey::from_bytes([9; 32]);
    let key = reader.x25519().public();
    if let Ok(stored) = wire::encode_with(
        reader.ed25519(),
        &key,
        bytes,
        Timestamp(1),
        &ephemeral,
        &signature,
    ) {
        let _ = decode(&reader, &stored);
    }
});
