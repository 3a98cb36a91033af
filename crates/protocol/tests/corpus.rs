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

/// `fuzz_target!(|bytes: &[u8]| …)` as `fn run(&[u8])`; of bytes that are no text a target for texts sees nothing.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: &[u8]| $body:expr) => {
        pub fn run($input: &[u8]) {
            $body
        }
    };
    (|$input:ident: &str| $body:expr) => {
        pub fn run(bytes: &[u8]) {
            if let Ok($input) = std::str::from_utf8(bytes) {
                $body
            }
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
    attachment "../../../fuzz/fuzz_targets/attachment.rs"
    bundle "../../../fuzz/fuzz_targets/bundle.rs"
    config_bt "../../../fuzz/fuzz_targets/config_bt.rs"
    config_message "../../../fuzz/fuzz_targets/config_message.rs"
    config_stored "../../../fuzz/fuzz_targets/config_stored.rs"
    content "../../../fuzz/fuzz_targets/content.rs"
    decode "../../../fuzz/fuzz_targets/decode.rs"
    file_url "../../../fuzz/fuzz_targets/file_url.rs"
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
fn every_target_of_this_crate_stands_in_the_table() {
    let table: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let targets = fuzz().join("fuzz_targets");
    let of_this_crate = |name: &String| {
        let source = std::fs::read_to_string(targets.join(name).with_extension("rs")).unwrap();
        // A target of another crate cannot be compiled here.
        !source.contains("use onionskin_client")
    };
    let expected: BTreeSet<String> = names(&targets).into_iter().filter(of_this_crate).collect();
    assert_eq!(expected, table);
}

#[test]
fn every_kept_input_passes_its_target() {
    let (mut failed, mut count) = (Vec::new(), 0);
    for (name, run) in TARGETS {
        let folder = fuzz().join("corpus").join(name);
        // A target may stand here before anything was kept for it.
        let inputs = if folder.exists() {
            names(&folder)
        } else {
            BTreeSet::new()
        };
        for input in inputs {
            let bytes = std::fs::read(folder.join(&input)).unwrap();
            count += 1;
            if catch_unwind(AssertUnwindSafe(|| run(&bytes))).is_err() {
                failed.push(format!("{name}/{input}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    assert!(count > 1_000, "only {count} inputs were found");
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
