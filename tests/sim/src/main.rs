//! The simulation from the command line; `cargo xtask sim` builds and runs it.

use clap::Parser;
use onionskin_sim::life::{Verdict, live};
use onionskin_sim::plan::{Plan, Size};
use onionskin_sim::runner;
use std::process::ExitCode;
use std::time::Instant;

/// Deterministic simulation of whole networks.
#[derive(Parser)]
#[command(name = "onionskin-sim")]
struct Arguments {
    /// So many worlds, from the one of --seed on.
    #[arg(long)]
    seeds: Option<u64>,
    /// The world of this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Nodes, instead of as many as the seed says.
    #[arg(long)]
    nodes: Option<u16>,
    /// Devices, instead of as many as the seed says.
    #[arg(long)]
    clients: Option<usize>,
    /// Worlds at a time, instead of one for each core.
    #[arg(long)]
    threads: Option<usize>,
    /// Ends at the first world that fails.
    #[arg(long)]
    first: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let threads = arguments.threads.unwrap_or_else(runner::threads);
    let fine = worlds(&arguments, threads);
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn worlds(arguments: &Arguments, threads: usize) -> bool {
    let first = arguments.seed.unwrap_or(0);
    let count = arguments.seeds.unwrap_or(1);
    let size = Size {
        nodes: arguments.nodes,
        devices: arguments.clients,
    };
    let start = Instant::now();
    let tell = |number: u64, verdict: &Verdict| {
        let plan = Plan::draw(first + number, size);
        let (seed, nodes, clients) = (plan.seed, plan.nodes, plan.devices.len());
        let mut report = format!("FAILED: cargo xtask sim --seed {seed} --nodes {nodes} --clients {clients}");
        for problem in verdict.problems.iter().take(8) {
            report += &format!("\n    {problem}");
        }
        if verdict.problems.len() > 8 {
            report += &format!("\n    and {} more", verdict.problems.len() - 8);
        }
        println!("{report}");
        if arguments.first {
            std::process::exit(1);
        }
    };
    let one = |number| live(&Plan::draw(first + number, size));
    let verdicts = runner::run(count, threads, one, tell);
    let failed = verdicts.iter().filter(|verdict| !verdict.problems.is_empty()).count();
    let sum = |of: fn(&Verdict) -> u64| verdicts.iter().map(of).sum::<u64>();
    println!(
        "{count} worlds: {failed} failed; {} messages, {} onions, {} crashes; {:.1} s on {threads} threads",
        sum(|verdict| verdict.messages as u64),
        sum(|verdict| verdict.onions),
        sum(|verdict| u64::from(verdict.crashes)),
        start.elapsed().as_secs_f32(),
    );
    failed == 0
}
