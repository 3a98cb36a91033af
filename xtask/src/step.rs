//! Running programs step by step: a line before, the seconds after, and a failure that says what to do.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Why a command stops. The text is for a person.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xtask: {}", self.0)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| ".".into(), Path::to_path_buf)
}

/// Where cargo builds.
pub fn target_dir() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Where `cargo install` puts programs.
pub fn cargo_bin() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    home.unwrap_or_default().join("bin")
}

/// A program with the project's own tools in front of those of the system: a wasm-opt of another version would break the
/// app, and a fresh shell may not know cargo's folder.
pub fn command(program: impl AsRef<str>) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![root().join("node_modules/.bin"), cargo_bin()];
    folders.extend(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).unwrap_or(path);
    // Looked up here: the system would search the PATH that this process has itself.
    let found = find_in(&path, program.as_ref());
    let mut command = Command::new(found.unwrap_or_else(|| program.as_ref().into()));
    command.env("PATH", path).current_dir(root());
    command
}

/// The full path of a program, if there is one.
pub fn find(program: &str) -> Option<PathBuf> {
    find_in(&std::env::var_os("PATH").unwrap_or_default(), program)
}

fn find_in(path: &OsString, program: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// What a program prints, when it runs and succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// A piece of work under a title.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    println!("[xtask] {title} …");
    let _ = io::stdout().flush();
    let start = Instant::now();
    match work() {
        Ok(value) => {
            println!("[xtask] {title}: {:.1} s", start.elapsed().as_secs_f32());
            Ok(value)
        }
        Err(Failure(text)) => Err(Failure(format!(
            "{title} failed after {:.1} s: {text}",
            start.elapsed().as_secs_f32()
        ))),
    }
}

/// Runs a program to its end; its output goes where ours goes.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure(format!("`{}` ended with {status}", shown(command))))
    }
}

/// The same, under a title.
pub fn run_step(title: &str, command: &mut Command) -> Result<(), Failure> {
    step(title, || run(command))
}

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// Reads one line of cargo's, wasm-bindgen's or Playwright's report.
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line
            .split([' ', ';'])
            .filter(|word| !word.is_empty())
            .collect();
        let cargo = line.starts_with("test result:");
        // Playwright: "  12 passed (1.2m)", "  1 failed", "  1 flaky".
        let playwright = line.starts_with("  ")
            && words
                .first()
                .is_some_and(|word| word.parse::<u64>().is_ok());
        if !cargo && !playwright {
            return;
        }
        for pair in words.windows(2).take(if cargo { usize::MAX } else { 1 }) {
            let Ok(count) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1] {
                "passed" => self.passed += count,
                "failed" | "flaky" | "interrupted" => self.failed += count,
                _ => {}
            }
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs tests: shows their output, counts them, and lets later suites run when some fail. A suite that fails without a
/// failed test (it does not compile, say) counts as one failure.
pub fn run_tests(title: &str, command: &mut Command) -> Result<Tally, Failure> {
    step(title, || {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(command, &error))?;
        let mut tally = Tally::default();
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).split(b'\n') {
                let line = String::from_utf8_lossy(&line?).into_owned();
                println!("{line}");
                tally.read(&line);
            }
        }
        if !child.wait()?.success() && tally.failed == 0 {
            tally.failed = 1;
            println!("[xtask] `{}` failed", shown(command));
        }
        Ok(tally)
    })
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Failure(format!(
        "`{program}` does not start: {error}. {}",
        crate::tools::how_to_get(&program)
    ))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn reports_of_all_three_kinds_are_counted() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test a_body_over_10_passed ... ok",
            "test result: ok. 19 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.24s",
            "  12 passed (1.2m)",
            "  2 failed",
            "  1 flaky",
            "    [chromium] › two-people.spec.ts:10 › 3 failed",
        ] {
            tally.read(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 31,
                failed: 4
            }
        );
    }
}
