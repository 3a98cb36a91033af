//! The inputs that fuzzing kept for the parsers of this crate (`fuzz/natively.rs`).
#![allow(clippy::unwrap_used)]
// `#![no_main]` and the import of the macro mean something in a fuzz target only.
#![allow(unused_attributes, unused_imports)]

extern crate self as libfuzzer_sys;

#[macro_use]
#[path = "../../../fuzz/natively.rs"]
mod natively;

use std::panic::catch_unwind;

targets! {
    account_id "../../../fuzz/fuzz_targets/account_id.rs"
    attachment "../../../fuzz/fuzz_targets/attachment.rs"
    bundle "../../../fuzz/fuzz_targets/bundle.rs"
    config_bt "../../../fuzz/fuzz_targets/config_bt.rs"
    config_message "../../../fuzz/fuzz_targets/config_message.rs"
    config_parts "../../../fuzz/fuzz_targets/config_parts.rs"
    config_stored "../../../fuzz/fuzz_targets/config_stored.rs"
    config_zstd "../../../fuzz/fuzz_targets/config_zstd.rs"
    content "../../../fuzz/fuzz_targets/content.rs"
    decode "../../../fuzz/fuzz_targets/decode.rs"
    file_server "../../../fuzz/fuzz_targets/file_server.rs"
    file_url "../../../fuzz/fuzz_targets/file_url.rs"
    group_keys "../../../fuzz/fuzz_targets/group_keys.rs"
    group_message "../../../fuzz/fuzz_targets/group_message.rs"
    node_binary "../../../fuzz/fuzz_targets/node_binary.rs"
    node_json "../../../fuzz/fuzz_targets/node_json.rs"
    onion_outer "../../../fuzz/fuzz_targets/onion_outer.rs"
    onion_peel "../../../fuzz/fuzz_targets/onion_peel.rs"
    onion_response "../../../fuzz/fuzz_targets/onion_response.rs"
    phrase "../../../fuzz/fuzz_targets/phrase.rs"
    rpc_answer "../../../fuzz/fuzz_targets/rpc_answer.rs"
    seal "../../../fuzz/fuzz_targets/seal.rs"
    v4 "../../../fuzz/fuzz_targets/v4.rs"
}

#[test]
fn every_target_of_this_crate_stands_in_the_table() {
    // A target of another crate cannot be compiled here.
    natively::assert_complete(TARGETS, |source| !source.contains("use onionskin_client"));
}

#[test]
fn every_kept_input_passes_its_target() {
    natively::assert_all_pass(TARGETS, 1_000);
}

#[test]
fn a_target_that_panics_is_noticed() {
    mod planted {
        use libfuzzer_sys::fuzz_target;
        fuzz_target!(|bytes: &[u8]| {
            assert!(bytes.is_empty());
        });
    }
    mod text {
        use libfuzzer_sys::fuzz_target;
        fuzz_target!(|text: &str| {
            assert_eq!(text, "");
        });
    }
    assert!(catch_unwind(|| planted::run(b"")).is_ok());
    assert!(catch_unwind(|| planted::run(b"x")).is_err());
    assert!(catch_unwind(|| text::run(b"\xff")).is_ok());
    assert!(catch_unwind(|| text::run(b"x")).is_err());
}
