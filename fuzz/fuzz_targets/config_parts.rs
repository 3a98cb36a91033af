//! A row of plaintexts, each behind its length in two bytes (big-endian), stored one after the other as parts or whole
//! configs. A device that is shut down after each of them comes to the same as one that is not, and keeps little.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::config::Contacts;
use onionskin_protocol::config::encrypt::{KeyBase, encrypt};
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_protocol::time::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let account = Ed25519SecretKey::from_seed(&[7; 32]);
    let key = KeyBase::from_bytes(*account.seed());
    let (mut awake, mut restarted) = (Contacts::new(&account), Contacts::new(&account));
    let mut rest = bytes;
    let mut number = 0u8;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (plaintext, others) = after.split_at(length);
        rest = others;
        let stored = encrypt(plaintext, &key, awake.kind().domain());
        let name = format!("{number:A>width$}", width = MessageHash::LENGTH);
        let name = MessageHash::parse(&name).expect("43 characters");
        number = number.wrapping_add(1);
        let now = Timestamp(u64::from(number) * 86_400_000);
        let message = [(name, stored.as_slice())];
        let merged = awake.merge(&message, now);
        assert_eq!(merged, restarted.merge(&message, now));
        let dump = restarted.dump();
        restarted = Contacts::load(&account, &dump).expect("a dump loads");
        assert_eq!(restarted.dump(), dump);
        assert_eq!(awake.data(), restarted.data());
        assert!(dump.len() < 100_000 + 8 * bytes.len());
    }
});
