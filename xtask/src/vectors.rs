//! `cargo xtask vectors`: the conformance vectors.

use crate::step::{self, Failure, command, run as run_program};
use std::path::Path;

pub const HELP: &str = "\
cargo xtask vectors [DIR]

Runs every conformance vector of a directory (default tests/vectors). Prints passed, failed and not supported by file,
and last `N passed, N failed, N not supported`. Exits with 1 when one fails.
";

/// Runs those of the project with the program that `cargo test --workspace` built.
pub fn run_built() -> Result<(), Failure> {
    let program = step::target_dir().join("debug/examples/vectors");
    run_program(command(program.to_string_lossy()).arg(step::root().join("tests/vectors")))
}

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => run_in(&step::root().join("tests/vectors")),
        [directory] => run_in(&std::path::absolute(directory)?),
        _ => Err(Failure(format!("one directory is enough\n\n{HELP}"))),
    }
}

/// Runs those of one directory.
pub fn run_in(directory: &Path) -> Result<(), Failure> {
    let runner = [
        "run",
        "--quiet",
        "-p",
        "onionskin-protocol",
        "--example",
        "vectors",
        "--",
    ];
    run_program(command("cargo").args(runner).arg(directory))
}
