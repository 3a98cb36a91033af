//! `cargo xtask bench`: speed, natively and in Chromium.
//!
//! Every benchmark gives figures `{"name":…,"value":…,"unit":…}`. The native one prints them as an array on its standard
//! output; so does `tests/bench/browser.mjs`, which times the same work in wasm beside libsodium.js and the app itself.

use crate::app;
use crate::json::{self, Figure};
use crate::servers::{self, Profile, Servers};
use crate::step::{self, Failure, command, run as run_program, step};
use crate::tools::{self, Need};
use std::process::Stdio;

pub const HELP: &str = "\
cargo xtask bench [--json FILE]

Measures onion building, message opening, merging and parsing configs and the search of 100,000 messages natively and in
Chromium's wasm (beside libsodium.js in the same page), the time from Enter to stored, and what the first screen transfers; a
conversation of 100,000 messages, from their arrival over the network to opening, scrolling and searching it; then 2000 browsers
at one relay for a minute. tests/bench/README.md says what work each figure is of. --json writes an array of {name, value, unit}.
";

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let file = match arguments {
        [] => None,
        [flag, file] if flag == "--json" => {
            Some(std::path::Path::new(&std::env::var("PWD").unwrap_or_default()).join(file))
        }
        _ => return Err(Failure(format!("these arguments are not known\n\n{HELP}"))),
    };
    tools::ensure(Need::Browser)?;
    let mut figures = step("native benchmarks", || {
        measured(command("cargo").args(["bench", "--quiet", "-p", "onionskin-bench"]))
    })?;
    figures.extend(step("native benchmarks of the protocol", protocol)?);
    let wasm = step("build the wasm benchmark", wasm_module)?;
    app::build()?;
    servers::build()?;
    let servers = Servers::start(Profile::Servers, "127.0.0.1:0")?;
    let mut browser = command("node");
    browser
        .arg("tests/bench/browser.mjs")
        .arg(&wasm)
        .arg(&servers.url);
    if let Some(chromium) = tools::chromium() {
        browser.env("ONIONSKIN_CHROMIUM", chromium);
    }
    figures.extend(step("benchmarks in Chromium", || measured(&mut browser))?);
    servers::build_example("onionskin-bench", "history")?;
    let mut conversation = command("node");
    conversation
        .arg("tests/bench/conversation.mjs")
        .args([&servers.url, &servers.control])
        .arg(servers::example(Profile::Servers, "history"))
        .arg("100000");
    if let Some(chromium) = tools::chromium() {
        conversation.env("ONIONSKIN_CHROMIUM", chromium);
    }
    figures.extend(step("a conversation of 100,000 messages", || {
        measured(&mut conversation)
    })?);
    drop(servers);
    figures.extend(step("2000 browsers at a relay", relay)?);
    println!();
    for Figure { name, value, unit } in &figures {
        println!("{name:<40} {value:>14.2} {unit}");
    }
    if let Some(file) = file {
        std::fs::write(file, json::write_figures(&figures))?;
    }
    Ok(())
}

/// The criterion benchmarks of the protocol crate, in the short form that names one figure per line.
fn protocol() -> Result<Vec<Figure>, Failure> {
    let mut bench = command("cargo");
    bench.args([
        "bench",
        "--quiet",
        "-p",
        "onionskin-protocol",
        "--bench",
        "*",
        "--",
        "--output-format",
        "bencher",
    ]);
    let output = bench
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<Figure> = text.lines().filter_map(bencher_line).collect();
    if !output.status.success() || figures.is_empty() {
        return Err(Failure(format!(
            "no figures came ({})\n{text}",
            output.status
        )));
    }
    Ok(figures)
}

/// `test NAME ... bench:       1,234 ns/iter (+/- 56)`
fn bencher_line(line: &str) -> Option<Figure> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... bench:")?;
    let value = rest
        .split_once(" ns/iter")?
        .0
        .trim()
        .replace(',', "")
        .parse()
        .ok()?;
    Some(Figure {
        name: format!("native/protocol/{name}"),
        value,
        unit: "ns".into(),
    })
}

/// The relay under load, built as `Profile::Servers` builds it.
fn relay() -> Result<Vec<Figure>, Failure> {
    measured(command("cargo").args([
        "run",
        "--quiet",
        "--profile",
        "servers",
        "-p",
        "onionskin-relay",
        "--example",
        "load",
    ]))
}

fn measured(command: &mut std::process::Command) -> Result<Vec<Figure>, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures = json::figures(&text);
    if !output.status.success() || figures.is_empty() {
        return Err(Failure(format!(
            "no figures came ({})\n{text}",
            output.status
        )));
    }
    Ok(figures)
}

/// `onionskin-bench` as the app's modules are built: release, wasm-bindgen, wasm-opt -O3.
fn wasm_module() -> Result<std::path::PathBuf, Failure> {
    let target = "wasm32-unknown-unknown";
    run_program(command("cargo").args([
        "build",
        "--release",
        "-p",
        "onionskin-bench",
        "--target",
        target,
    ]))?;
    let built = step::target_dir()
        .join(target)
        .join("release/onionskin_bench.wasm");
    let folder = step::target_dir().join("xtask/bench");
    run_program(
        command("wasm-bindgen")
            .args(["--target", "web", "--out-dir"])
            .arg(&folder)
            .arg(built),
    )?;
    let module = folder.join("onionskin_bench_bg.wasm");
    let optimised = folder.join("optimised.wasm");
    // What the compiler uses, and no more: what is still a proposal no browser takes.
    let features = [
        "--enable-bulk-memory",
        "--enable-multivalue",
        "--enable-mutable-globals",
        "--enable-nontrapping-float-to-int",
        "--enable-reference-types",
        "--enable-sign-ext",
    ];
    run_program(
        command("wasm-opt")
            .arg("-O3")
            .args(features)
            .arg(&module)
            .arg("-o")
            .arg(&optimised),
    )?;
    std::fs::rename(optimised, module)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::bencher_line;

    #[test]
    fn a_line_of_criterion_is_a_figure() {
        let figure = bencher_line("test onion/build ... bench:       1,234 ns/iter (+/- 56)");
        assert_eq!(
            figure.map(|figure| (figure.name, figure.value)),
            Some(("native/protocol/onion/build".into(), 1234.0))
        );
        assert_eq!(bencher_line("test x ... ok"), None);
    }
}
