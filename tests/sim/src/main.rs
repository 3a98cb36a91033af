//! The simulation from the command line; `cargo xtask sim` builds and runs it.

use clap::Parser;
use onionskin_sim::life::{Verdict, live};
use onionskin_sim::plan::{Plan, Size};
use onionskin_sim::{churn, crashes, guard, runner, scale};
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
    /// A fixed story once for every point at which a device can die in it.
    #[arg(long)]
    crashes: bool,
    /// With --crashes: only every so manieth of them.
    #[arg(long, default_value_t = 1)]
    every: u64,
    /// With --crashes: one of them, by its number.
    #[arg(long)]
    crash: Option<usize>,
    /// An hour of traffic in which half of the nodes are replaced.
    #[arg(long)]
    churn: bool,
    /// Each guard of a device dies in turn.
    #[arg(long)]
    guard: bool,
    /// 2,000 nodes and up to 200 clients: memory and processor time of each.
    #[arg(long)]
    scale: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let threads = arguments.threads.unwrap_or_else(runner::threads);
    let fine = match &arguments {
        Arguments { crashes: true, .. } => die_everywhere(&arguments, threads),
        Arguments { churn: true, .. } => replace_half(&arguments),
        Arguments { guard: true, .. } => lose_guards(&arguments, threads),
        Arguments { scale: true, .. } => grow(&arguments),
        _ => worlds(&arguments, threads),
    };
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One line that replays what failed, and the first of its problems.
fn tell(replay: &str, verdict: &Verdict, first: bool) {
    let mut report = format!("FAILED: cargo xtask sim {replay}");
    for problem in verdict.problems.iter().take(8) {
        report += &format!("\n    {problem}");
    }
    if verdict.problems.len() > 8 {
        report += &format!("\n    and {} more", verdict.problems.len() - 8);
    }
    println!("{report}");
    if first {
        std::process::exit(1);
    }
}

/// The last line of a run. True when nothing failed.
fn sum_up(what: &str, verdicts: &[Verdict], start: Instant, threads: usize) -> bool {
    let failed = verdicts
        .iter()
        .filter(|verdict| !verdict.problems.is_empty())
        .count();
    let sum = |of: fn(&Verdict) -> u64| verdicts.iter().map(of).sum::<u64>();
    println!(
        "{} {what}: {failed} failed, {} undecided; {} messages, {} onions, {} crashes; {:.1} s on {threads} threads",
        verdicts.len(),
        sum(|verdict| u64::from(verdict.undecided)),
        sum(|verdict| verdict.messages as u64),
        sum(|verdict| verdict.onions),
        sum(|verdict| u64::from(verdict.crashes)),
        start.elapsed().as_secs_f32(),
    );
    failed == 0
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
        let replay = format!("--seed {seed} --nodes {nodes} --clients {clients}");
        tell(&replay, verdict, arguments.first);
    };
    let one = |number| live(&Plan::draw(first + number, size));
    let verdicts = runner::run(count, threads, one, tell);
    sum_up("worlds", &verdicts, start, threads)
}

fn die_everywhere(arguments: &Arguments, threads: usize) -> bool {
    let start = Instant::now();
    let all = crashes::all(1);
    let chosen: Vec<usize> = match arguments.crash {
        Some(number) => vec![number],
        None => (0..all.len())
            .step_by(usize::try_from(arguments.every).unwrap_or(1).max(1))
            .collect(),
    };
    let one = |number: u64| match all.get(chosen[number as usize]) {
        Some(crash) => crashes::survive(*crash),
        None => Verdict {
            problems: vec![format!("there are only {} crashes", all.len())],
            ..Verdict::default()
        },
    };
    let tell = |number: u64, verdict: &Verdict| {
        let number = chosen[number as usize];
        let replay = format!("--crashes --crash {number}");
        println!("{:?}", all.get(number));
        tell(&replay, verdict, arguments.first);
    };
    let verdicts = runner::run(chosen.len() as u64, threads, one, tell);
    sum_up("crashes", &verdicts, start, threads)
}

fn lose_guards(arguments: &Arguments, threads: usize) -> bool {
    let start = Instant::now();
    let first = arguments.seed.unwrap_or(0);
    let tell = |number: u64, verdict: &Verdict| {
        let replay = format!("--guard --seed {}", first + number);
        tell(&replay, verdict, arguments.first);
    };
    let one = |number| guard::survive(first + number);
    let verdicts = runner::run(arguments.seeds.unwrap_or(20), threads, one, tell);
    sum_up("networks that lose guards", &verdicts, start, threads)
}

fn replace_half(arguments: &Arguments) -> bool {
    let start = Instant::now();
    let (seed, nodes) = (arguments.seed.unwrap_or(0), arguments.nodes.unwrap_or(20));
    let people = arguments
        .clients
        .map_or(8, |clients| clients.clamp(2, 250) as u8);
    let mut outcome = None;
    let verdict = runner::guarded(|| {
        let churn = churn::run(seed, nodes, people);
        let verdict = churn.verdict.clone();
        outcome = Some(churn);
        verdict
    });
    if let Some(churn) = outcome {
        let (replaced, of) = churn.replaced;
        println!("{replaced} of {of} nodes were replaced");
        for (when, times) in ["before", "during", "after"].into_iter().zip(&churn.times) {
            println!(
                "{when:<7} {:>4} messages, median {:>6} ms, 95th percentile {:>6} ms",
                times.count(),
                times.percentile(50),
                times.percentile(95)
            );
        }
    }
    if !verdict.problems.is_empty() {
        let replay = format!("--churn --seed {seed} --nodes {nodes} --clients {people}");
        tell(&replay, &verdict, arguments.first);
    }
    sum_up("hour of churn", &[verdict], start, 1)
}

fn grow(arguments: &Arguments) -> bool {
    let nodes = arguments.nodes.unwrap_or(2_000);
    let most = arguments.clients.unwrap_or(200);
    let mut fine = true;
    for clients in [most / 4, most / 2, most] {
        let start = Instant::now();
        let cost = scale::run(nodes, clients.max(2));
        println!(
            "{clients:>4} clients, {nodes} nodes: {:>8} KiB, {:>6} KiB each; {:>7} ms CPU, {:>6.1} ms each; {:.1} s",
            cost.memory.1,
            cost.memory_each(),
            cost.cpu,
            cost.cpu_each(),
            start.elapsed().as_secs_f32()
        );
        if !cost.verdict.problems.is_empty() {
            let replay = format!("--scale --nodes {nodes} --clients {most}");
            tell(&replay, &cost.verdict, arguments.first);
            fine = false;
        }
    }
    fine
}
