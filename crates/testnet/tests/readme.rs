//! The README says only what is so: its calls are made, its tests exist, its options are those of the program.
#![allow(clippy::unwrap_used)]

use onionskin_testnet::{Options, Testnet};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../README.md");

/// The fenced blocks: their language and what is in them.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut parts = README.split("```");
    // Text and blocks take turns.
    parts.next();
    let mut blocks = Vec::new();
    while let Some(block) = parts.next() {
        blocks.push(block.split_once('\n').unwrap());
        parts.next();
    }
    blocks
}

/// The words of a line of a shell: separated by blanks, kept together by single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        let mut pieces = part.split(' ');
        words.last_mut().unwrap().push_str(pieces.next().unwrap());
        words.extend(pieces.map(str::to_owned));
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Makes a call as curl would: `-s` is silence, `-k` believes any certificate, `-d` makes it a POST.
async fn curl(line: &str) -> String {
    let words = words(line);
    let mut words = words.iter().map(String::as_str);
    assert_eq!(words.next(), Some("curl"), "{line}");
    let (mut url, mut data, mut trusting) = (None, None, false);
    while let Some(word) = words.next() {
        match word {
            "-s" => {}
            "-sk" => trusting = true,
            "-d" => data = words.next(),
            word if word.starts_with("http") => url = Some(word),
            word => panic!("{word:?} in {line}"),
        }
    }
    let client = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(trusting)
        .no_proxy()
        .build()
        .unwrap();
    let request = match data {
        Some(data) => client
            .post(url.unwrap())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(data.to_owned()),
        None => client.get(url.unwrap()),
    };
    request.send().await.unwrap().text().await.unwrap()
}

/// Whether a text is the pattern, in which `…` stands for anything.
fn matches(text: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return text == pattern;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[tokio::test]
async fn the_calls_of_the_readme_are_answered_as_it_says() {
    let testnet = Testnet::start(Options::default()).await.unwrap();
    let control = testnet.seed_url();
    let control = control
        .strip_prefix("http://")
        .and_then(|url| url.strip_suffix("/json_rpc"))
        .unwrap();
    let first = testnet.nodes()[0].port.to_string();
    let here = |text: &str| {
        text.replace("127.0.0.1:1280", control)
            .replace("22100", &first)
    };
    let blocks = blocks();
    let mut made = 0;
    for (number, (language, commands)) in blocks.iter().enumerate() {
        if *language != "sh" {
            continue;
        }
        let mut answer = String::new();
        for line in here(commands).lines() {
            answer = curl(line).await;
            made += 1;
        }
        let Some(("json" | "", expected)) = blocks.get(number + 1) else {
            continue;
        };
        let expected = here(expected);
        assert!(
            matches(answer.trim_end(), expected.trim_end()),
            "{commands}is answered by\n{answer}\ninstead of\n{expected}"
        );
    }
    assert!(made >= 9, "{made}");
    testnet.shutdown().await;
}

#[test]
fn a_pattern_matches_what_it_says_and_nothing_else() {
    assert!(matches("abc", "abc") && matches("abc", "a…c") && matches("abc", "a…"));
    assert!(matches("a1b22c", "a…b…c"));
    for wrong in ["ab", "bc", "a…d", "b…c", "a…b", "abcd", "a…cd"] {
        assert!(!matches("abc", wrong), "{wrong}");
    }
}

#[test]
fn every_test_of_the_parity_table_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (_, table) = README.split_once("## Parity").unwrap();
    let (table, _) = table.split_once("## Known differences").unwrap();
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!(rows.len() > 80, "{}", rows.len());
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let name = cell.trim_matches('`');
        let (module, test) = name.rsplit_once("::").unwrap();
        let file = match module.strip_prefix("core::") {
            Some(unit) => here.join("src/core").join(unit).with_extension("rs"),
            None => here.join("tests").join(module).with_extension("rs"),
        };
        let source = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let starts = [format!("fn {test}("), format!("async fn {test}(")];
        let at = lines
            .iter()
            .position(|line| starts.iter().any(|start| line.starts_with(start)));
        let at = at.unwrap_or_else(|| panic!("{name} does not exist"));
        assert!(
            matches!(lines[at - 1], "#[test]" | "#[tokio::test]"),
            "{name} is no test"
        );
    }
}

#[test]
fn the_options_of_the_readme_are_those_of_the_program() {
    let help = Command::new(env!("CARGO_BIN_EXE_onionskin-testnet"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let options = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .filter(|word| word.starts_with("--") && word.len() > 2)
            .filter(|word| !["--help", "--version"].contains(word))
            .map(str::to_owned)
            .collect()
    };
    let (_, usage) = blocks()
        .into_iter()
        .find(|(_, block)| block.starts_with("onionskin-testnet ["))
        .unwrap();
    assert_eq!(options(usage), options(&help));
    for told in [
        "/json_rpc",
        "/control",
        "self-signed",
        "\"ready\":true",
        "SIGTERM",
    ] {
        assert!(help.contains(told), "{told}");
    }
}
