//! The inputs that fuzzing kept for the parsers of this crate (`fuzz/natively.rs`).
#![allow(clippy::unwrap_used)]
// `#![no_main]` and the import of the macro mean something in a fuzz target only.
#![allow(unused_attributes, unused_imports)]

extern crate self as libfuzzer_sys;

#[macro_use]
#[path = "../../../fuzz/natively.rs"]
mod natively;

targets! {
    backup "../../../fuzz/fuzz_targets/backup.rs"
    countries "../../../fuzz/fuzz_targets/countries.rs"
    land "../../../fuzz/fuzz_targets/land.rs"
    picture "../../../fuzz/fuzz_targets/picture.rs"
    rich "../../../fuzz/fuzz_targets/rich.rs"
}

#[test]
fn every_target_of_this_crate_stands_in_the_table() {
    natively::assert_complete(TARGETS, |source| source.contains("use onionskin_client"));
}

#[test]
fn every_kept_input_passes_its_target() {
    natively::assert_all_pass(TARGETS, 20);
}
