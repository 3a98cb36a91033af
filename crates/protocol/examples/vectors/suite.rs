//! Finds out what a vector file holds and counts what became of its cases. Files are told apart by their shape, not by
//! their name, so files of the same schema from elsewhere run as well.

mod account;
mod config_data;
mod config_edits;
mod config_json;
mod config_parts;
mod config_stored;
mod fields;
mod files;
mod group_messages;
mod names;
mod one_to_one;
mod oracle_config;
mod oracle_crypto;
mod oracle_dump;
mod oracle_keys;
mod oracle_onion;

use onionskin_protocol::sorted::SortedMap;
use serde_json::Value;
use std::path::Path;

/// What became of one case.
pub enum Outcome {
    /// Everything the case expects came out.
    Passed,
    /// Something else came out.
    Failed(String),
    /// The crate does not have what the case is about.
    NotSupported,
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

/// The counts of one file.
#[derive(Default)]
pub struct Report {
    pub passed: usize,
    /// Name and reason.
    pub failed: Vec<(String, String)>,
    pub unsupported: usize,
}

impl Report {
    pub fn add(&mut self, name: impl Into<String>, outcome: impl Into<Outcome>) {
        match outcome.into() {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(why) => self.failed.push((name.into(), why)),
            Outcome::NotSupported => self.unsupported += 1,
        }
    }
}

/// Runs every `.json` file of a directory, in the order of their names.
pub fn run_directory(directory: &Path) -> std::io::Result<SortedMap<String, Report>> {
    let mut reports = SortedMap::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let report = match serde_json::from_str::<Value>(&std::fs::read_to_string(&path)?) {
            Ok(file) => run_file(&file),
            Err(error) => Report {
                failed: vec![(name.clone(), error.to_string())],
                ..Report::default()
            },
        };
        reports.insert(name, report);
    }
    Ok(reports)
}

/// Runs the cases of one file.
pub fn run_file(file: &Value) -> Report {
    let mut report = Report::default();
    if let Some(cases) = file["cases"].as_array() {
        for (index, case) in cases.iter().enumerate() {
            let name = case["name"]
                .as_str()
                .map_or_else(|| format!("cases[{index}]"), str::to_owned);
            report.add(name, run_case(case));
        }
    } else if file.get("wordlist").is_some() || file.get("phrase_accepted").is_some() {
        account::run(file, &mut report);
    } else if file.get("full_messages").is_some() {
        one_to_one::run(file, &mut report);
    } else if file.get("value_encoding").is_some() {
        config_json::run(file, &mut report);
    } else {
        report.unsupported += cases_in(file).max(1);
    }
    report
}

fn run_case(case: &Value) -> Outcome {
    let kind = case["kind"].as_str().unwrap_or_default();
    let known = oracle_onion::check(case)
        .or_else(|| oracle_config::check(case))
        .or_else(|| oracle_crypto::check(kind, case));
    match known {
        Some(result) => result.into(),
        None => Outcome::NotSupported,
    }
}

/// How many cases a file or a section of unknown kind holds.
fn cases_in(section: &Value) -> usize {
    let Some(entries) = section.as_object() else {
        return section.as_array().map_or(0, Vec::len);
    };
    if let Some(vectors) = section["vectors"].as_array() {
        return vectors.len();
    }
    entries
        .values()
        .map(|value| match value {
            Value::Array(items) => items.len(),
            Value::Object(_) => cases_in(value).max(1),
            _ => 0,
        })
        .sum()
}
