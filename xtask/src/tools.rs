//! What the project needs on a machine, and how each of it is installed. Only what is missing is touched.

use crate::step::{self, Failure, command, output, run, run_step};
use std::fs;
use std::process::Command;

/// 0.22 and later need a newer compiler than the project asks for.
const TRUNK: &str = "0.21.14";
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
    cargo_tool("trunk", TRUNK, true)?;
    cargo_tool("wasm-bindgen", &wasm_bindgen_version()?, false)?;
    npm()
}

/// A sentence for a program that is not there.
pub fn how_to_get(program: &str) -> String {
    let bindgen = || wasm_bindgen_version().unwrap_or_else(|_| "VERSION of Cargo.lock".into());
    match program {
        "cargo" | "rustc" | "rustup" => "Get Rust from https://rustup.rs.".into(),
        "node" | "npm" | "npx" => "Get Node 20 or later from https://nodejs.org.".into(),
        "trunk" => format!("Get it with `cargo install trunk@{TRUNK} --locked`."),
        "wasm-bindgen" | "wasm-bindgen-test-runner" => format!(
            "Get it with `cargo install wasm-bindgen-cli@{}`.",
            bindgen()
        ),
        "wasm-opt" | "playwright" => "Get it with `npm ci`.".into(),
        "brotli" | "gzip" | "chromium" => {
            format!("Get it with `apt-get install {program}` or your system's own way.")
        }
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
    for program in ["brotli", "gzip"] {
        if step::find(program).is_none() {
            missing.push(program);
        }
    }
    if need == Need::Browser {
        if chromium().is_none() {
            missing.extend(["chromium", "fonts-noto-color-emoji", "fonts-dejavu-core"]);
        }
        if step::find("chromedriver").is_none() {
            missing.push("chromium-driver");
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

/// A program from crates.io in exactly this version, built for a short build rather than for speed.
fn cargo_tool(program: &str, version: &str, locked: bool) -> Result<(), Failure> {
    let have = output(command(program).arg("--version"));
    let have = have
        .as_deref()
        .and_then(|text| text.split_whitespace().nth(1));
    if have == Some(version) {
        return Ok(());
    }
    let package = if program == "wasm-bindgen" {
        "wasm-bindgen-cli"
    } else {
        program
    };
    let mut install = command("cargo");
    install.args(["install", &format!("{package}@{version}"), "--force"]);
    if locked {
        install.arg("--locked");
    }
    install
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_TARGET_DIR", step::target_dir().join("tools"));
    run_step(
        &format!("install {program} {version} (a few minutes, once)"),
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
