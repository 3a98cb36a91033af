//! `cargo xtask size`: what a browser has to download, after brotli.

use crate::app;
use crate::step::Failure;
use crate::tools::{self, Need};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

pub const HELP: &str = "\
cargo xtask size

Builds the app for release and prints `first_screen_brotli BYTES` (everything that the first screen of a first visit needs:
the page, its style, its scripts and its parts of the program) and `total_brotli BYTES` (every file), then a table by file.
";

pub fn run(_arguments: &[String]) -> Result<(), Failure> {
    tools::ensure(Need::Build)?;
    app::build()?;
    let files = app::files()?;
    let first = first_screen(&files)?;
    let mut rows = Vec::new();
    for (url, path) in &files {
        rows.push((
            url,
            fs::metadata(path)?.len(),
            app::brotli_size(path)?,
            first.contains(url.as_str()),
        ));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.2));
    println!();
    println!(
        "first_screen_brotli {}",
        rows.iter()
            .filter(|row| row.3)
            .map(|row| row.2)
            .sum::<u64>()
    );
    println!("total_brotli {}", rows.iter().map(|row| row.2).sum::<u64>());
    println!("\n{:>10} {:>10}  first  file", "bytes", "brotli");
    for (url, raw, brotli, first) in rows {
        println!(
            "{raw:>10} {brotli:>10}  {:<5}  {url}",
            if first { "yes" } else { "" }
        );
    }
    Ok(())
}

/// What index.html names, and what its styles name.
fn first_screen(files: &BTreeMap<String, PathBuf>) -> Result<BTreeSet<String>, Failure> {
    let mut wanted: Vec<String> = vec!["/index.html".into()];
    let mut found = BTreeSet::new();
    while let Some(url) = wanted.pop() {
        let Some(path) = files.get(&url) else {
            if url == "/index.html" {
                return Err(Failure(format!("the build has no {url}")));
            }
            continue;
        };
        if !found.insert(url.clone()) {
            continue;
        }
        if url.ends_with(".html") {
            wanted.extend(named_by_html(&fs::read_to_string(path)?));
        } else if url.ends_with(".css") {
            wanted.extend(named_by_css(&fs::read_to_string(path)?, &url));
        }
    }
    Ok(found)
}

/// Values of `href`, `src`, `data-js` and `data-wasm`. The big icon is fetched only by installing.
fn named_by_html(html: &str) -> Vec<String> {
    html.split('<')
        .filter(|tag| !tag.contains("apple-touch-icon"))
        .flat_map(|tag| {
            ["href=", "src=", "data-js=", "data-wasm="]
                .into_iter()
                .flat_map(move |name| values(tag, name))
        })
        .collect()
}

fn values(tag: &str, name: &str) -> Vec<String> {
    tag.split(name)
        .skip(1)
        .map(|rest| match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next().unwrap_or_default(),
            _ => rest.split([' ', '>']).next().unwrap_or_default(),
        })
        .filter(|value| value.starts_with('/'))
        .map(String::from)
        .collect()
}

/// `@import "x"` and `url(x)`, resolved against the style's own folder.
fn named_by_css(css: &str, url: &str) -> Vec<String> {
    let folder = url.rsplit_once('/').map_or("", |(folder, _)| folder);
    let trim = |text: &str| {
        text.trim()
            .trim_matches(['"', '\''])
            .trim_start_matches("./")
            .to_string()
    };
    let imports = css
        .split("@import")
        .skip(1)
        .filter_map(|rest| rest.split(';').next());
    let urls = css
        .split("url(")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    imports
        .filter(|text| !text.contains("url("))
        .map(|text| trim(text.split_whitespace().next().unwrap_or_default()))
        .chain(urls.map(trim))
        .map(|name| {
            if name.starts_with('/') {
                name
            } else {
                format!("{folder}/{name}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{named_by_css, named_by_html};

    #[test]
    fn the_page_names_its_files() {
        let html = r#"<link rel="stylesheet" href="/style/main.css"><link rel="apple-touch-icon" href="/icons/big.png">
            <script type="module" src="/init.js" data-js="/page-1.js" data-wasm="/page-1_bg.wasm"></script><a href="https://x/">"#;
        assert_eq!(
            named_by_html(html),
            [
                "/style/main.css",
                "/init.js",
                "/page-1.js",
                "/page-1_bg.wasm"
            ]
        );
    }

    #[test]
    fn styles_name_theirs() {
        let css = "@import \"./tokens.css\";\n@import url('base.css') layer(a);\n@font-face { src: url(/fonts/a.woff2) }";
        assert_eq!(
            named_by_css(css, "/style/main.css"),
            ["/style/tokens.css", "/style/base.css", "/fonts/a.woff2"]
        );
    }
}
