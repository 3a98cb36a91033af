//! Any text as a recovery phrase, and as any other form of a seed. What is read must be what is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::account::parse_secret;
use onionskin_protocol::account::phrase::{WordList, from_bip39, to_bip39};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let english = WordList::english();
    if let Ok(seed) = english.decode(text) {
        assert_eq!(english.decode(&english.encode(&seed)), Ok(seed));
    }
    if let Some(seed) = from_bip39(text) {
        assert_eq!(from_bip39(&to_bip39(&seed)), Some(seed));
    }
    let _ = parse_secret(text, &[]);
    let _ = english.completions(text, 10);
    let _ = WordList::parse("any", text.len() % 6, text);
});
