//! Any bytes as zstd frames, and any bytes compressed. What comes out is bounded; what was compressed reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::config::compress::{MAX_MESSAGE, compress, decompress};

/// Small enough to be passed by a few bytes of input.
const LITTLE: usize = 1_000;

fuzz_target!(|bytes: &[u8]| {
    let whole = decompress(bytes, MAX_MESSAGE);
    let little = decompress(bytes, LITTLE);
    match &whole {
        Some(content) => {
            assert!(content.len() <= MAX_MESSAGE);
            assert_eq!(little.is_some(), content.len() <= LITTLE);
        }
        None => assert_eq!(little, None),
    }
    if let Some(frame) = compress(bytes) {
        assert!(frame.len() < bytes.len());
        assert_eq!(
            decompress(&frame, bytes.len()).as_deref().map(Vec::as_slice),
            Some(bytes)
        );
        assert_eq!(decompress(&frame, bytes.len() - 1), None);
    }
});
