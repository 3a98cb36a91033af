//! Any text or bytes as an identifier. What is read must be what is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::encoding;
use onionskin_protocol::id::{AccountId, MessageHash, SwarmId};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(id) = AccountId::from_bytes(bytes) {
        assert_eq!(id.to_bytes(), bytes);
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(id) = text.parse::<AccountId>() {
        assert_eq!(id.to_string(), text.trim().to_lowercase());
    }
    let _ = SwarmId::from_hex(text);
    let _ = MessageHash::parse(text);
    let _ = encoding::from_base64(text);
});
