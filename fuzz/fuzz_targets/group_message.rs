//! Any bytes as a message of a group: as it is stored, and what is in it when it was decrypted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::config::encrypt::KeyBase;
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::group::message::{MAX_PLAINTEXT, open, read};
use onionskin_protocol::keys::Ed25519SecretKey;

fuzz_target!(|bytes: &[u8]| {
    let group = GroupId::from_key(Ed25519SecretKey::from_seed(&[1; 32]).public());
    let _ = open(bytes, &group, &[KeyBase::from_bytes([2; 32])]);
    if let Ok(opened) = read(bytes, &group) {
        assert!(opened.envelope.len() <= MAX_PLAINTEXT);
    }
});
