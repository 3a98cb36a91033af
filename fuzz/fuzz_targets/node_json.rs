//! Node lists in JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::node;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = serde_json::from_slice(bytes) else {
        return;
    };
    if let Ok(nodes) = node::parse_json(&value) {
        let written = serde_json::Value::Array(nodes.iter().map(node::to_json).collect());
        assert_eq!(node::parse_json(&written), Ok(nodes));
    }
});
