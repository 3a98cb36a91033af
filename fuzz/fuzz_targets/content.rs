//! Any bytes as a `Content`, and what the engine asks of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::message::{padding, wire};

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(padding::unpad(&padding::pad(bytes)), bytes);
    if let Ok(content) = wire::read_content(padding::unpad(bytes)) {
        let _ = (
            content.body(),
            content.expiry(),
            content.profile(),
            content.sync_target(),
        );
    }
});
