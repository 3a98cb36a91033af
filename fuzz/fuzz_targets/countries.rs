//! The table of countries.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_client::world::Countries;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(countries) = Countries::parse(bytes) {
        for block in 0..=u8::MAX {
            let _ = countries.of([block, 0, 0, 0].into());
        }
    }
});
