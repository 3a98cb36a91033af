//! Any bytes as bt-encoding, as data and as a diff. What is read must be what is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::config::bt::Reader;
use onionskin_protocol::config::{diff, value};

fuzz_target!(|bytes: &[u8]| {
    let _ = Reader::new(bytes).skip();
    let mut reader = Reader::new(bytes);
    if let Ok(data) = value::read_dict(&mut reader) {
        let mut out = Vec::new();
        value::put_dict(&mut out, &data);
        assert_eq!(out, bytes[..reader.position()]);
    }
    let mut reader = Reader::new(bytes);
    if let Ok(changes) = diff::read(&mut reader) {
        let mut out = Vec::new();
        diff::put(&mut out, &changes);
        assert_eq!(out, bytes[..reader.position()]);
    }
});
