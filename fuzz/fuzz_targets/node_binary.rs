//! Node lists in 51-byte records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::node;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(nodes) = node::parse_binary(bytes) {
        let written = node::to_binary(&nodes, |_| 22020);
        assert_eq!(node::parse_binary(&written), Ok(nodes));
    }
});
