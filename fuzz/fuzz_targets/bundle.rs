//! Node lists that come with the app.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::bundle;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(list) = bundle::parse(bytes)
        && let Ok(written) = bundle::write(&list)
    {
        assert_eq!(bundle::parse(&written), Ok(list));
    }
});
