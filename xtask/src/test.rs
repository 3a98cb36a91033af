//! `cargo xtask test`: everything that must hold, cheapest first, each thing built once.

use crate::servers::{self, Profile, Servers};
use crate::step::{self, Failure, Tally, command, run_tests, step};
use crate::tools::{self, Need};
use crate::{app, check, sim, vectors};
use std::process::Command;

pub const HELP: &str = "\
cargo xtask test

Installs what is missing and runs everything that must hold: `check`, the conformance vectors, all native tests, a hundred
simulated worlds, the wasm tests in Chromium, and the journeys of tests/e2e against a local network. The last line is
`N passed, N failed`.
";

pub fn run(_arguments: &[String]) -> Result<(), Failure> {
    tools::ensure(Need::Browser)?;
    let chromium = tools::needed_chromium()?;
    check::lint()?;
    // Half of that build keeps one core busy only.
    let app = std::thread::spawn(app::build);
    let mut tally = run_tests(
        "native tests",
        command("cargo").args([
            "test",
            "--workspace",
            "--exclude",
            "onionskin-sim",
            "--no-fail-fast",
        ]),
    )?;
    tally += run_tests(
        "simulation",
        command("cargo")
            .args(["test", "--no-fail-fast"])
            .args(sim::PROFILE),
    )?;
    if let Err(failure) = step("conformance vectors", vectors::run_built) {
        // The suites that follow still have something to say.
        println!("{failure}");
        tally.failed += 1;
    }
    tally += wasm_tests()?;
    app.join()
        .map_err(|_| Failure("the build of the app broke off".into()))??;
    tally += journeys(&chromium)?;
    println!("\n{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 {
        Err(Failure("tests failed".into()))
    } else {
        Ok(())
    }
}

/// The tests of `tests/*.rs`, each in a page or worker of Chromium (settings in webdriver.json).
fn wasm_tests() -> Result<Tally, Failure> {
    let driver = std::env::var_os("CHROMEDRIVER")
        .map(Into::into)
        .or_else(|| step::find("chromedriver"));
    let driver = driver.ok_or_else(|| {
        Failure(format!(
            "chromedriver is missing. {}",
            tools::how_to_get("chromedriver")
        ))
    })?;
    run_tests(
        "wasm tests in Chromium",
        command("cargo")
            .args([
                "test",
                "-p",
                "onionskin",
                "--target",
                "wasm32-unknown-unknown",
                "--tests",
                "--no-fail-fast",
            ])
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                "wasm-bindgen-test-runner",
            )
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
            .env("CHROMEDRIVER", driver),
    )
}

fn journeys(chromium: &str) -> Result<Tally, Failure> {
    let servers = Servers::start(Profile::Dev, "127.0.0.1:0")?;
    let run = |title, arguments: &[&str]| {
        run_tests(
            title,
            playwright(&servers, Profile::Dev, chromium)
                .args(arguments)
                .env("CI", "1"),
        )
    };
    let mut tally = run(
        "journeys in Chromium",
        &["--project=together", "--workers=2"],
    )?;
    if tally.failed > 0 {
        // Two at a time a journey can run into what no person is quick enough for. What is told above is worth a look all
        // the same.
        tally.failed = 0;
        tally += run(
            "journeys that failed beside others, by themselves",
            &["--project=together", "--workers=1", "--last-failed"],
        )?;
    }
    tally += run(
        "journeys that need the network to themselves",
        &["--project=alone", "--workers=1"],
    )?;
    Ok(tally)
}

/// Playwright with what the journeys have to know.
pub fn playwright(servers: &Servers, profile: Profile, chromium: &str) -> Command {
    let mut playwright = command("playwright");
    playwright
        .arg("test")
        .env("ONIONSKIN_URL", &servers.url)
        .env("ONIONSKIN_CONTROL", &servers.control)
        .env("ONIONSKIN_FILES", &servers.files)
        .env("ONIONSKIN_SEED", &servers.seed)
        .env("ONIONSKIN_RELAY", &servers.relay)
        .env("ONIONSKIN_RECEIVER", servers::example(profile, "receiver"))
        .env("ONIONSKIN_CHROMIUM", chromium);
    playwright
}
