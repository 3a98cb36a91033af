//! The map.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_client::world::{Country, Land};

fuzz_target!(|text: &str| {
    if let Ok(land) = Land::parse(text) {
        for first in b'A'..=b'Z' {
            for second in b'A'..=b'Z' {
                let place = Country::from_bytes([first, second]).and_then(|code| land.place(code));
                assert!(place.is_none_or(|(x, y)| x <= land.width && y <= land.height));
            }
        }
    }
});
