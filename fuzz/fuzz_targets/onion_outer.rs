//! The POST body at the guard.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::onion::peel::parse_outer;

fuzz_target!(|body: &[u8]| {
    if let Ok(outer) = parse_outer(body) {
        assert!(outer.hop_no >= 0);
        assert!(outer.ciphertext.len() < body.len());
    }
});
