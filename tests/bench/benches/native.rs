//! The native figures of `cargo xtask bench`: the work that `tests/bench/browser.mjs` times in wasm, best of five rounds.
//! Prints an array of `{name, value, unit}`.

use onionskin_bench::{decrypts, onion_builds};
use std::process::ExitCode;
use std::time::Instant;

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
    if decrypts(1) != 1 || onion_builds(1) == 0 {
        eprintln!("the code under test does not work");
        return ExitCode::FAILURE;
    }
    let onion = best(onion_builds, 1_000);
    let decrypt = best(decrypts, 3_000);
    println!(
        "[\n  {{\"name\":\"native/onion_build_1kB\",\"value\":{onion:.1},\"unit\":\"1/s\"}},\n  \
         {{\"name\":\"native/decrypt_1kB\",\"value\":{decrypt:.1},\"unit\":\"1/s\"}}\n]"
    );
    ExitCode::SUCCESS
}
