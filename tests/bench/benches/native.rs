//! The native figures of `cargo xtask bench`: the work that `tests/bench/browser.mjs` times in wasm, best of five rounds.
//! Prints an array of `{name, value, unit}`.

use onionskin_bench::{History, config_merges, config_parses, decrypts, onion_builds};
use std::process::ExitCode;
use std::time::Instant;

/// Words that many messages have and few, parts of words, a phrase, two words, and one that is nowhere.
const QUERIES: [&str; 6] = ["b", "balise", "SEDO", "\"bakeli\"", "ba ke", "nothing"];

/// Runs per second, in the best of five rounds.
fn best(work: impl Fn(u32) -> u32, times: u32) -> f64 {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(work(times));
            f64::from(times) / start.elapsed().as_secs_f64()
        })
        .fold(0.0, f64::max)
}

fn main() -> ExitCode {
    if decrypts(1) != 1 || onion_builds(1) == 0 || config_merges(1) != 1 || config_parses(1) != 1 {
        eprintln!("the code under test does not work");
        return ExitCode::FAILURE;
    }
    let start = Instant::now();
    let mut history = History::new(100_000);
    let build = start.elapsed().as_secs_f64() * 1_000.0;
    let mut slowest = 0.0f64;
    for query in QUERIES {
        let start = Instant::now();
        let found = history.find(query);
        slowest = slowest.max(start.elapsed().as_secs_f64() * 1_000.0);
        if (found == 0) != (query == "nothing") {
            eprintln!("searching for {query} finds {found}");
            return ExitCode::FAILURE;
        }
    }
    let figures = [
        ("onion_build_1kB", best(onion_builds, 1_000), "1/s"),
        ("decrypt_1kB", best(decrypts, 3_000), "1/s"),
        ("config_merge_500_contacts", best(config_merges, 100), "1/s"),
        (
            "config_parse_1000_contacts",
            best(config_parses, 100),
            "1/s",
        ),
        ("search_100k_build", build, "ms"),
        ("search_100k_slowest", slowest, "ms"),
    ];
    let lines = figures.map(|(name, value, unit)| {
        format!("  {{\"name\":\"native/{name}\",\"value\":{value:.1},\"unit\":\"{unit}\"}}")
    });
    println!("[\n{}\n]", lines.join(",\n"));
    ExitCode::SUCCESS
}
