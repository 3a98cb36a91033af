//! `cargo xtask sim --mutants`: puts known faults into a copy of the sources, one at a time, and runs the simulation on it.
//! A fault that nothing notices is a hole in the simulation. The format of a fault stands in `tests/sim/mutants/README.md`.

use crate::step::{self, Failure, command, step};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What a build of the simulation reads.
const SOURCES: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    ".cargo",
    "crates",
    "src",
    "tests/bench",
    "tests/sim",
    "xtask",
];

/// A fault.
#[derive(Debug, PartialEq, Eq)]
struct Mutant {
    name: String,
    file: String,
    run: Vec<String>,
    find: String,
    replace: String,
}

pub fn run(names: &[String]) -> Result<(), Failure> {
    let mutants = read_all(names)?;
    let copy = step::target_dir().join("xtask/mutants");
    for source in SOURCES {
        copy_all(&step::root().join(source), &copy.join(source))?;
    }
    rename(&copy)?;
    let mut runs: Vec<&Vec<String>> = mutants.iter().map(|mutant| &mutant.run).collect();
    runs.sort();
    runs.dedup();
    step("the copy without faults", || {
        build(&copy)?;
        for run in runs {
            if let Some(report) = failure_of(&copy, run)? {
                return Err(Failure(format!(
                    "the simulation fails without any fault: {report}"
                )));
            }
        }
        Ok(())
    })?;
    let mut survivors = Vec::new();
    for mutant in &mutants {
        let report = step(&mutant.name, || try_one(&copy, mutant))?;
        match report {
            Some(report) => println!("    noticed: {report}"),
            None => survivors.push(mutant.name.as_str()),
        }
    }
    println!("{} faults, {} not noticed", mutants.len(), survivors.len());
    if survivors.is_empty() {
        Ok(())
    } else {
        Err(Failure(format!("not noticed: {}", survivors.join(", "))))
    }
}

/// Gives the packages of the copy another version and the simulation another name. Cargo tells packages of two workspaces
/// apart by nothing else, and would take what was built of one for the other.
fn rename(copy: &Path) -> Result<(), Failure> {
    let edit = |file: &str, find: &str, replace: &str| {
        let file = copy.join(file);
        let text = fs::read_to_string(&file)?;
        if !text.contains(find) {
            return Err(Failure(format!("{} lacks {find:?}", file.display())));
        }
        fs::write(&file, text.replacen(find, replace, 1))?;
        Ok(())
    };
    edit(
        "Cargo.toml",
        "[workspace.package]\nversion = \"",
        "[workspace.package]\nversion = \"9",
    )?;
    edit(
        "tests/sim/Cargo.toml",
        "[package]\nname = \"onionskin-sim\"",
        "[lib]\nname = \"onionskin_sim\"\n\n[package]\nname = \"onionskin-mutant\"",
    )
}

/// What the simulation says to one fault; nothing when it says nothing.
fn try_one(copy: &Path, mutant: &Mutant) -> Result<Option<String>, Failure> {
    let original = fs::read_to_string(step::root().join(&mutant.file))?;
    let altered = mutant.apply(&original)?;
    let file = copy.join(&mutant.file);
    fs::write(&file, altered)?;
    let report = build(copy).and_then(|()| failure_of(copy, &mutant.run));
    fs::write(&file, original)?;
    report
}

fn build(copy: &Path) -> Result<(), Failure> {
    let mut build = command("cargo");
    build
        .args(["build", "--quiet", "--offline", "--profile", "sim"])
        .args(["-p", "onionskin-mutant"]);
    build
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", step::target_dir());
    step::run(&mut build)
}

/// The first world that fails: its first two lines.
fn failure_of(copy: &Path, run: &[String]) -> Result<Option<String>, Failure> {
    let output = command(
        step::target_dir()
            .join("sim/onionskin-mutant")
            .to_string_lossy(),
    )
    .args(run)
    .arg("--first")
    .current_dir(copy)
    .stdin(Stdio::null())
    .stderr(Stdio::null())
    .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = text.lines().skip_while(|line| !line.starts_with("FAILED"));
    let report: Vec<&str> = failed.take(2).map(str::trim).collect();
    match (output.status.success(), report.is_empty()) {
        (true, _) => Ok(None),
        (false, false) => Ok(Some(report.join(" | "))),
        (false, true) => Err(Failure(format!(
            "the simulation ended with {} and no report",
            output.status
        ))),
    }
}

fn read_all(names: &[String]) -> Result<Vec<Mutant>, Failure> {
    let mut files: Vec<PathBuf> = fs::read_dir(step::root().join("tests/sim/mutants"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut mutants = Vec::new();
    for file in files {
        let name = file
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if names.is_empty() || names.iter().any(|wanted| name.contains(wanted)) {
            mutants.push(Mutant::parse(&name, &fs::read_to_string(&file)?)?);
        }
    }
    if mutants.is_empty() {
        return Err(Failure("there is no such fault".into()));
    }
    Ok(mutants)
}

impl Mutant {
    fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let wrong = |what: &str| Failure(format!("{name}: {what}"));
        let (head, rest) = text
            .split_once("--- find\n")
            .ok_or_else(|| wrong("there is no line `--- find`"))?;
        let (find, replace) = rest
            .split_once("--- replace\n")
            .ok_or_else(|| wrong("there is no line `--- replace`"))?;
        let field = |field: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(field)?.strip_prefix(": "))
                .ok_or_else(|| wrong(&format!("there is no line `{field}: …`")))
        };
        field("why")?;
        field("caught by")?;
        Ok(Self {
            name: name.to_owned(),
            file: field("file")?.to_owned(),
            run: field("run")?.split(' ').map(str::to_owned).collect(),
            find: find.to_owned(),
            replace: replace.to_owned(),
        })
    }

    fn apply(&self, original: &str) -> Result<String, Failure> {
        match original.matches(&self.find).count() {
            1 => Ok(original.replacen(&self.find, &self.replace, 1)),
            count => Err(Failure(format!(
                "{}: its text occurs {count} times in {}, not once",
                self.name, self.file
            ))),
        }
    }
}

/// Copies what differs, so that what did not change is not built again.
fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_all(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    let content = fs::read(from)?;
    if fs::read(to).ok().as_ref() != Some(&content) {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(to, content)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Mutant;

    const TEXT: &str =
        "file: a.rs\nrun: --seeds 3\nwhy: w\ncaught by: c\n--- find\none\n--- replace\ntwo\n";

    #[test]
    fn a_fault_is_read_and_replaces_its_text_where_it_occurs_once() {
        let Ok(mutant) = Mutant::parse("name", TEXT) else {
            panic!("it does not parse");
        };
        assert_eq!(mutant.run, ["--seeds", "3"]);
        let applied = |text: &str| mutant.apply(text).ok();
        assert_eq!(applied("0\none\n3\n").as_deref(), Some("0\ntwo\n3\n"));
        assert_eq!(applied("one\none\n"), None);
        assert_eq!(applied("none of it"), None);
        assert!(Mutant::parse("name", "file: a.rs\n--- find\n").is_err());
    }
}
