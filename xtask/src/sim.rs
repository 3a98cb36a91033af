//! `cargo xtask sim`: the deterministic simulation, built for speed, and the faults that it has to find.

use crate::mutants;
use crate::step::{self, Failure, command, run as run_program, run_step};

pub const HELP: &str = "\
cargo xtask sim [--seeds N] [--seed S] [--nodes M] [--clients C]   N worlds from seed S on (one world of seed 0)
cargo xtask sim --crashes [--every E | --crash K]                  a story once for each point where a device can die
cargo xtask sim --churn [--seed S] [--nodes M] [--clients C]       an hour in which half of the nodes are replaced
cargo xtask sim --guard [--seeds N] [--seed S]                     guards that die
cargo xtask sim --scale [--nodes M] [--clients C]                  memory and processor time of many clients
cargo xtask sim --mutants [NAME]                                   the simulation must notice each fault of tests/sim/mutants

Whole networks of engines and service nodes in one process, under virtual time; what happens follows from the seed. Worlds
have loss, delay, doubles, bad clocks, nodes that die, lie and forge, moving swarms, partitions, and devices that crash.
Afterwards everything that was accepted must be at every device exactly once, in one order, and nothing may have grown.
A world that fails prints the command that replays it. --threads T runs T worlds at a time, --first ends at the first that
fails. Exits with 1 when something failed.
";

/// Cargo's arguments for everything that simulates.
pub const PROFILE: [&str; 4] = ["--profile", "sim", "-p", "onionskin-sim"];

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    if let [flag, names @ ..] = arguments
        && flag == "--mutants"
    {
        return mutants::run(names);
    }
    run_step(
        "build the simulation",
        command("cargo").args(["build", "--quiet"]).args(PROFILE),
    )?;
    let program = step::target_dir().join("sim/onionskin-sim");
    run_program(command(program.to_string_lossy()).args(arguments))
}
