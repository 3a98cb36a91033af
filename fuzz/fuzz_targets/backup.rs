//! Backups: the beginning of a file, what its parts hold, and items of every kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_client::backup::format::{Assembler, Header, Item};
use onionskin_client::backup::is_readable;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::read(bytes) {
        assert!(bytes.starts_with(header.to_bytes()) && header.params().check().is_ok());
    }
    // As what parts held, some of which are lost.
    let (mut assembler, mut items) = (Assembler::default(), Vec::new());
    for (number, part) in bytes.chunks(64).enumerate() {
        match number % 5 {
            4 => assembler.lose(),
            _ => assembler.take(part, &mut items),
        }
    }
    let held: usize = items.iter().map(|(_, body): &Item| body.len()).sum();
    assert!(held <= bytes.len());
    if let Some((kind, body)) = bytes.split_first() {
        items.push((*kind, body.to_vec()));
    }
    for item in &items {
        let _ = is_readable(item);
    }
});
