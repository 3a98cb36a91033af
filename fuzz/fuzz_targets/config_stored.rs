//! Any bytes at each layer of a stored config: part, plaintext, wrapper, dump.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::config::encrypt::{KeyBase, encrypt};
use onionskin_protocol::config::multipart::Part;
use onionskin_protocol::config::wrap::{self, Owner};
use onionskin_protocol::config::{Contacts, Kind};
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_protocol::time::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let _ = Part::parse(bytes);
    let account = Ed25519SecretKey::from_seed(&[7; 32]);
    let _ = Contacts::load(&account, bytes);
    let key = KeyBase::from_bytes(*account.seed());
    let encrypted = encrypt(bytes, &key, Kind::Contacts.domain());
    let wrapped = wrap::wrap(&encrypted, Kind::Contacts, 1, &Owner::new(&account));
    let name = MessageHash::parse(&"A".repeat(MessageHash::LENGTH)).expect("43 characters");
    let mut contacts = Contacts::new(&account);
    for stored in [bytes, &encrypted, wrapped.as_deref().unwrap_or_default()] {
        let _ = contacts.merge(&[(name.clone(), stored)], Timestamp(1));
        let _ = contacts.iter().count();
    }
    let _ = contacts.push();
});
