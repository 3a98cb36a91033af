//! What the project needs on a machine, and how each of it is installed. Only what is missing is touched.

use crate::step::{self, Failure, command, output, run, run_step};
use std::fs;
use std::process::Command;

/// Cuts the wasm program into parts; `wasm_split_helpers` must be of the same generation.
const WASM_SPLIT: &str = "0.2.4";
const TARGET: &str = "wasm32-unknown-unknown";

/// What a command is going to do, so that nothing is installed for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Type-check and lint for the browser.
    Check,
    /// Build the app.
    Build,
    /// Run it in a browser as well.
    Browser,
}

/// Makes everything present that this needs.
pub fn ensure(need: Need) -> Result<(), Failure> {
    rust_target()?;
    components()?;
    if need == Need::Check {
        return Ok(());
    }
    packages(need)?;
    wasm_split()?;
    wasm_bindgen()?;
    npm()
}

/// A sentence for a program that is not there.
pub fn how_to_get(program: &str) -> String {
    let bindgen = || wasm_bindgen_version().unwrap_or_else(|_| "VERSION of Cargo.lock".into());
    match program {
        "cargo" | "rustc" | "rustup" => "Get Rust from https://rustup.rs.".into(),
        "node" | "npm" | "npx" => "Get Node 20 or later from https://nodejs.org.".into(),
        "wasm-split-cli" => format!(
            "Get it with `cargo install wasm_split_cli_support@{WASM_SPLIT} --features build-binary --locked`."
        ),
        "wasm-bindgen" | "wasm-bindgen-test-runner" => format!(
            "Get it with `cargo install wasm-bindgen-cli@{}`.",
            bindgen()
        ),
        "wasm-opt" | "playwright" => "Get it with `npm ci`.".into(),
        "chromium" => "Get it with `apt-get install chromium` or your system's own way.".into(),
        "chromedriver" => {
            "Get it with `apt-get install chromium-driver` or your system's own way.".into()
        }
        other => format!("Install {other} and try again."),
    }
}

/// Chromium, by the name it has here.
pub fn chromium() -> Option<String> {
    if let Ok(path) = std::env::var("ONIONSKIN_CHROMIUM") {
        return Some(path);
    }
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    names
        .iter()
        .find_map(|name| step::find(name))
        .map(|path| path.to_string_lossy().into_owned())
}

/// The same, where nothing goes without it.
pub fn needed_chromium() -> Result<String, Failure> {
    chromium().ok_or_else(|| Failure(format!("chromium is missing. {}", how_to_get("chromium"))))
}

fn rust_target() -> Result<(), Failure> {
    let folder = output(command("rustc").args(["--print", "target-libdir", "--target", TARGET]))
        .ok_or_else(|| Failure(format!("`rustc` does not run. {}", how_to_get("rustc"))))?;
    let present = fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    if present {
        return Ok(());
    }
    run_step(
        &format!("install the Rust target {TARGET}"),
        command("rustup").args(["target", "add", TARGET]),
    )
}

fn components() -> Result<(), Failure> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if output(command("cargo").args([subcommand, "--version"])).is_none() {
            run_step(
                &format!("install {component}"),
                command("rustup").args(["component", "add", component]),
            )?;
        }
    }
    Ok(())
}

/// Debian packages, by name.
fn packages(need: Need) -> Result<(), Failure> {
    let mut missing = Vec::new();
    if need == Need::Browser {
        if chromium().is_none() {
            missing.extend(["chromium", "fonts-noto-color-emoji", "fonts-dejavu-core"]);
        }
        if step::find("chromedriver").is_none() {
            missing.push("chromium-driver");
        }
        // An independent decoder, for what is recorded in tests/e2e/media.spec.ts.
        if step::find("ffmpeg").is_none() {
            missing.push("ffmpeg");
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("apt-get install --no-install-recommends {names}");
    let root = output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !root || step::find("apt-get").is_none() {
        return Err(Failure(format!(
            "these are missing: {names}. Get them with `{by_hand}` or your system's own way."
        )));
    }
    step::step(&format!("install {names}"), || {
        run(apt().arg("update"))?;
        run(apt()
            .args(["install", "-y", "--no-install-recommends"])
            .args(&missing))
    })
}

fn apt() -> Command {
    let mut apt = command("apt-get");
    apt.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

/// The version of the crate decides: the program must match it exactly.
pub fn wasm_bindgen_version() -> Result<String, Failure> {
    let lock = fs::read_to_string(step::root().join("Cargo.lock"))?;
    locked_version(&lock, "wasm-bindgen")
        .ok_or_else(|| Failure("Cargo.lock names no wasm-bindgen".into()))
}

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version.to_string())
}

fn wasm_bindgen() -> Result<(), Failure> {
    let version = wasm_bindgen_version()?;
    let have = output(command("wasm-bindgen").arg("--version"));
    let have = have
        .as_deref()
        .and_then(|text| text.split_whitespace().nth(1));
    if have == Some(version.as_str()) {
        return Ok(());
    }
    cargo_install(&format!("wasm-bindgen-cli@{version}"), &[])
}

/// It does not tell its version, so cargo's own list does.
fn wasm_split() -> Result<(), Failure> {
    let installed = output(command("cargo").args(["install", "--list"])).unwrap_or_default();
    let wanted = format!("wasm_split_cli_support v{WASM_SPLIT}:");
    if installed.lines().any(|line| line == wanted) && step::find("wasm-split-cli").is_some() {
        return Ok(());
    }
    cargo_install(
        &format!("wasm_split_cli_support@{WASM_SPLIT}"),
        &["--features", "build-binary", "--locked"],
    )
}

/// A program from crates.io in exactly this version, built for a short build rather than for speed.
fn cargo_install(package: &str, more: &[&str]) -> Result<(), Failure> {
    let mut install = command("cargo");
    install
        .args(["install", package, "--force"])
        .args(more)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_TARGET_DIR", step::target_dir().join("tools"));
    run_step(
        &format!("install {package} (a few minutes, once)"),
        &mut install,
    )
}

/// The packages of package-lock.json, installed again only when that file changed.
fn npm() -> Result<(), Failure> {
    let lock = fs::read(step::root().join("package-lock.json"))?;
    let stamp = step::root().join("node_modules/.onionskin-lock");
    if fs::read(&stamp).is_ok_and(|have| have == lock) {
        return Ok(());
    }
    // The browser is the system's own; Playwright's would be a second one.
    run_step(
        "install the npm packages",
        command("npm")
            .arg("ci")
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    Ok(fs::write(stamp, lock)?)
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn a_locked_version_is_read_for_exactly_that_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(
            locked_version(lock, "wasm-bindgen").as_deref(),
            Some("0.2.130")
        );
        assert_eq!(locked_version(lock, "absent"), None);
    }
}
