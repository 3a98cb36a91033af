//! Runs every input that fuzzing found worth keeping (`corpus`) through the very fuzz targets, without a fuzzer. A test of
//! the crate that the targets are for takes this file in (`tests/corpus.rs`).
//!
//! The files of `fuzz_targets` are compiled into that test as they are: it stands in for `libfuzzer_sys`, and
//! `fuzz_target!` makes a function of a target.

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
        const TARGETS: natively::Targets = &[$((stringify!($name), $name::run)),*];
    };
}

/// Targets by their names.
pub type Targets = &'static [(&'static str, fn(&[u8]))];

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

/// Every target whose source is `of_this_crate` stands in the table, and no other.
pub fn assert_complete(targets: Targets, of_this_crate: impl Fn(&str) -> bool) {
    let table: BTreeSet<String> = targets.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folder = fuzz().join("fuzz_targets");
    let belongs = |name: &String| {
        let source = std::fs::read_to_string(folder.join(name).with_extension("rs")).unwrap();
        of_this_crate(&source)
    };
    let expected: BTreeSet<String> = names(&folder).into_iter().filter(belongs).collect();
    assert_eq!(expected, table);
}

/// Every kept input passes its target, each target has some, and all have `least` together.
pub fn assert_all_pass(targets: Targets, least: usize) {
    let (mut failed, mut count) = (Vec::new(), 0);
    for (name, run) in targets {
        let folder = fuzz().join("corpus").join(name);
        for input in names(&folder) {
            let bytes = std::fs::read(folder.join(&input)).unwrap();
            count += 1;
            if catch_unwind(AssertUnwindSafe(|| run(&bytes))).is_err() {
                failed.push(format!("{name}/{input}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    assert!(count >= least, "only {count} inputs were found");
}
