//! Developer commands: `cargo xtask start | test | check | sim | kills | vectors | bench | size`.
//!
//! Std only, so that the first call costs half a second. One module per command; [`step`] runs programs and tells what is
//! going on, [`tools`] installs what is missing, [`app`] builds what a browser gets, [`servers`] runs the local network.

mod app;
mod bench;
mod check;
mod json;
mod kills;
mod mutants;
mod servers;
mod sim;
mod size;
mod start;
mod step;
mod test;
mod tools;
mod vectors;

use std::process::ExitCode;
use step::Failure;

const HELP: &str = "\
Developer commands of Onionskin.

  cargo xtask start                 install what is missing, build, start a local network, a relay and the app
  cargo xtask test                  everything that must hold
  cargo xtask check                 format, clippy for both targets, lints, native unit tests
  cargo xtask sim --seeds N         simulated networks, N worlds; churn, crashes, scale, mutants: see --help
  cargo xtask kills [--times N]     a browser that is killed N times while it sends
  cargo xtask vectors [DIR]         every conformance vector of a directory (default tests/vectors)
  cargo xtask bench [--json FILE]   speed, natively and in Chromium
  cargo xtask size                  what a browser has to download

Each command explains itself with --help.
";

type Run = fn(&[String]) -> Result<(), Failure>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return ExitCode::FAILURE;
    };
    let (help, run): (&str, Run) = match command.as_str() {
        "start" => (start::HELP, start::run),
        "test" => (test::HELP, test::run),
        "check" => (check::HELP, check::run),
        "sim" => (sim::HELP, sim::run),
        "kills" => (kills::HELP, kills::run),
        "vectors" => (vectors::HELP, vectors::run),
        "bench" => (bench::HELP, bench::run),
        "size" => (size::HELP, size::run),
        "--help" | "-h" | "help" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprintln!("There is no command {other:?}.\n\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    if rest
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        print!("{help}");
        return ExitCode::SUCCESS;
    }
    match run(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}
