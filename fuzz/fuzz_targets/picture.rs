//! Picture files: looking at them and stripping them never panics, and what is left is clean.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_client::picture::{inspect, strip};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(clean) = strip(bytes) {
        let facts = inspect(&clean).expect("a stripped picture is one");
        assert!(!facts.metadata.any());
        assert!(clean.len() <= bytes.len() + 38);
    }
});
