//! Runs every vector file of a directory against the crate:
//! `cargo run -p onionskin-protocol --example vectors [directory]` (default: `tests/vectors` of the workspace).
//!
//! Prints one line per file, every failure with its name, and at last `N passed, N failed, N not supported`. Ends with 1
//! when anything failed. Kinds that the crate does not have are counted as not supported, never as passed.

#[path = "suite.rs"]
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors"));
    let directory = std::env::args_os()
        .nth(1)
        .map_or_else(default, PathBuf::from);
    let reports = match suite::run_directory(&directory) {
        Ok(reports) => reports,
        Err(error) => {
            eprintln!("{}: {error}", directory.display());
            return ExitCode::FAILURE;
        }
    };
    let (mut passed, mut failed, mut unsupported) = (0, 0, 0);
    for (file, report) in &reports {
        println!(
            "{file}: {} passed, {} failed, {} not supported",
            report.passed,
            report.failed.len(),
            report.unsupported
        );
        for (name, why) in &report.failed {
            println!("  FAILED {name}: {why}");
        }
        passed += report.passed;
        failed += report.failed.len();
        unsupported += report.unsupported;
    }
    println!("{passed} passed, {failed} failed, {unsupported} not supported");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
