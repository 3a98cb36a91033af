//! `cargo xtask check`: what can be said without running the product.

use crate::step::{self, Failure, Tally, command, output, run_step, run_tests, step};
use crate::tools::{self, Need};
use std::fs;
use std::path::{Path, PathBuf};

pub const HELP: &str = "\
cargo xtask check

Format, clippy for the native and the wasm32 target with warnings as errors, a few lints by text, duplicate crates in
the browser's download, and the native unit tests.
";

/// Two versions that only their users' makers can unite, with the crate that brings the older one.
const ALLOWED_DUPLICATES: [(&str, &str); 1] = [("thiserror", "rexie 0.6 uses thiserror 1")];

/// Text that may not occur, where, and why.
const FORBIDDEN: [(&str, &[&str], &str); 3] = [
    (
        "inner_html",
        &["src", "crates"],
        "message text may only become text nodes (50-browser 9)",
    ),
    (
        "innerHTML",
        &["src", "crates"],
        "message text may only become text nodes (50-browser 9)",
    ),
    (
        " style=\"",
        &["src"],
        "the policy ignores style attributes; write style:property= (50-browser 9)",
    ),
];

pub fn run(_arguments: &[String]) -> Result<(), Failure> {
    tools::ensure(Need::Check)?;
    lint()?;
    let tally = unit_tests()?;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 {
        Err(Failure("unit tests failed".into()))
    } else {
        Ok(())
    }
}

/// Everything of the check but the tests.
pub fn lint() -> Result<(), Failure> {
    run_step("format", command("cargo").args(["fmt", "--all", "--check"]))?;
    step("lints by text", forbidden_text)?;
    step("duplicate crates in the browser", duplicates)?;
    let clippy = |arguments: &[&str]| {
        let mut clippy = command("cargo");
        clippy
            .arg("clippy")
            .args(arguments)
            .args(["--", "-D", "warnings"]);
        clippy
    };
    // The app is looked at as what it is, a program for browsers: all that it stands on is there in one form then.
    run_step(
        "clippy, native",
        &mut clippy(&["--workspace", "--exclude", "onionskin", "--all-targets"]),
    )?;
    run_step(
        "clippy, wasm32",
        &mut clippy(&[
            "-p",
            "onionskin",
            "--all-targets",
            "--target",
            "wasm32-unknown-unknown",
        ]),
    )
}

fn unit_tests() -> Result<Tally, Failure> {
    run_tests(
        "native unit tests",
        command("cargo").args(["test", "--workspace", "--lib", "--bins", "--no-fail-fast"]),
    )
}

fn forbidden_text() -> Result<(), Failure> {
    let mut found = Vec::new();
    for (text, folders, why) in FORBIDDEN {
        for folder in folders {
            for file in rust_files(&step::root().join(folder))? {
                let content = fs::read_to_string(&file)?;
                for (number, line) in content.lines().enumerate() {
                    if line.contains(text) && !line.trim_start().starts_with("//") {
                        let file = file.strip_prefix(step::root()).unwrap_or(&file).display();
                        found.push(format!("{file}:{}: {text:?}: {why}", number + 1));
                    }
                }
            }
        }
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Failure(format!("\n{}", found.join("\n"))))
    }
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

fn duplicates() -> Result<(), Failure> {
    let tree = output(
        command("cargo")
            .args(["tree", "--duplicates", "--target", "wasm32-unknown-unknown"])
            .args([
                "-p",
                "onionskin",
                "-e",
                "normal,no-proc-macro",
                "--depth",
                "0",
                "--prefix",
                "none",
            ]),
    )
    .ok_or_else(|| Failure("`cargo tree` does not run".into()))?;
    let found = duplicate_names(&tree);
    let new: Vec<&str> = found
        .into_iter()
        .filter(|name| {
            !ALLOWED_DUPLICATES
                .iter()
                .any(|(allowed, _)| allowed == name)
        })
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    Err(Failure(format!(
        "the browser would download two versions of: {}. See `cargo tree -d`.",
        new.join(", ")
    )))
}

/// Names that stand there in more than one version. The same version twice is one crate with two sets of features.
fn duplicate_names(tree: &str) -> Vec<&str> {
    let mut lines: Vec<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or(rest)))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    let mut names: Vec<&str> = lines
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .map(|pair| pair[0].0)
        .collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::duplicate_names;

    #[test]
    fn only_different_versions_are_duplicates() {
        let tree =
            "serde v1.0.229\n\nserde v1.0.229 (*)\n\nthiserror v1.0.69\n\nthiserror v2.0.21\n";
        assert_eq!(duplicate_names(tree), ["thiserror"]);
    }
}
