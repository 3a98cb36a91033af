//! Any text as the address of a file, a name, a code of a safety number.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::attachment::url::FileUrl;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519SecretKey;
use onionskin_protocol::name_service::Name;
use onionskin_protocol::safety_number::SafetyNumber;
use std::sync::LazyLock;

static NUMBER: LazyLock<SafetyNumber> = LazyLock::new(|| {
    let id = |byte| AccountId::from_key(X25519SecretKey::from_bytes([byte; 32]).public());
    SafetyNumber::new(&id(1), &id(2))
});

fuzz_target!(|text: &str| {
    if let Ok(url) = FileUrl::parse(text) {
        assert_eq!(FileUrl::parse(&url.to_string()), Ok(url));
    }
    let _ = NUMBER.compare(text);
    let _ = NUMBER.compare_digits(text);
    if let Ok(name) = Name::parse(text) {
        let _ = name.open(&[0; 49], &[0; 24]);
    }
});
