//! Any bytes as a sealed box, and as the inside of one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::keys::X25519SecretKey;
use onionskin_protocol::message::signed;
use onionskin_protocol::seal;

fuzz_target!(|bytes: &[u8]| {
    let reader = X25519SecretKey::from_bytes([7; 32]);
    let _ = seal::open(bytes, &reader);
    let _ = signed::open(bytes, &reader);
    let ephemeral = X25519SecretKey::from_bytes([9; 32]);
    let sealed =
        seal::seal_with(bytes, &reader.public(), &ephemeral).expect("the reader's key is usable");
    assert_eq!(seal::open(&sealed, &reader).as_deref(), Ok(bytes));
    let _ = signed::open(&sealed, &reader);
});
