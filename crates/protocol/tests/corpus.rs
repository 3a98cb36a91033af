//! Every input that fuzzing found worth keeping (`fuzz/corpus`), run through the very fuzz targets, without a fuzzer.
//!
//! The files of `fuzz/fuzz_targets` are compiled into this test as they are: this crate stands in for `libfuzzer_sys`, and
//! its `fuzz_target!` makes a function of a target.
#![allow(clippy::unwrap_used)]
// `#![no_main]` and the import of the macro mean something in a fuzz target only.
#![allow(unused_attributes, unused_imports)]

extern crate self as libfuzzer_sys;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// `fuzz_target!(|bytes: &[u8]| …)` as `fn run(&[u8])`.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: &[u8]| $body:expr) => {
        pub fn run($input: &[u8]) {
            $body
        }
    };
}

/// The targets: a module each, and a table of them.
macro_rules! targets {
    ($($name:ident $path:literal)*) => {
        $(#[path = $path] mod $name;)*
        const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::run)),*];
    };
}

targets! {
    account_id "../../../fuzz/fuzz_targets/account_id.rs"
    content "../../../fuzz/fuzz_targets/content.rs"
    decode "../../../fuzz/fuzz_targets/decode.rs"
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

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Names in a folder, without `.rs`.
fn names(folder: &Path) -> BTreeSet<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.trim_end_matches(".rs").to_owned()
    };
    std::fs::read_dir(folder).unwrap().map(name).collect()
}

#[test]
fn every_target_stands_in_the_table_and_has_a_corpus() {
    let table: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), table);
    assert_eq!(names(&fuzz().join("corpus")), table);
}

#[test]
fn every_kept_input_passes_its_target() {
    let mut failed = Vec::new();
    for (name, run) in TARGETS {
        let folder = fuzz().join("corpus").join(name);
        let inputs = names(&folder);
        assert!(!inputs.is_empty(), "{name} has no inputs");
        for input in inputs {
            let bytes = std::fs::read(folder.join(&input)).unwrap();
            if catch_unwind(AssertUnwindSafe(|| run(&bytes))).is_err() {
                failed.push(format!("{name}/{input}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_target_that_panics_is_noticed() {
    mod planted {
        use libfuzzer_sys::fuzz_target;
        fuzz_target!(|bytes: &[u8]| {
            assert!(bytes.is_empty());
        });
    }
    assert!(catch_unwind(|| planted::run(b"")).is_ok());
    assert!(catch_unwind(|| planted::run(b"x")).is_err());
}
