//! A conversation as people and programs read it: one page of HTML that loads nothing, and the same as JSON.

use std::fmt::Write;

/// What is written of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// For people.
    pub when: String,
    /// ISO 8601, in UTC.
    pub time: String,
    pub author: String,
    pub mine: bool,
    pub said: String,
    pub files: Vec<FileLine>,
}

/// What is written of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FileLine {
    /// Its name in the message.
    pub name: String,
    /// Its name in the archive, when it is there.
    pub stored: Option<String>,
    /// It is a picture that browsers show.
    pub picture: bool,
}

/// Nothing on the page runs, and nothing is fetched from elsewhere.
const POLICY: &str = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'";

const STYLE: &str = "body{font:16px/1.45 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
ol{list-style:none;padding:0}li{margin:0 0 1rem;padding:.5rem .75rem;border:1px solid #858e9b;border-radius:12px}\
li.mine{background:#e7eaee;color:#14171c}header{font-size:.875rem}p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.25rem 0}\
img{max-width:100%;height:auto}";

/// The page. `language` is a tag as in `lang`.
pub(super) fn html(title: &str, language: &str, lines: &[Line]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1 dir=\"auto\">{title}</h1>\n<ol>\n",
        escaped(language),
        title = escaped(title),
    );
    for line in lines {
        let class = if line.mine { " class=\"mine\"" } else { "" };
        let (author, when) = (escaped(&line.author), escaped(&line.when));
        let time = escaped(&line.time);
        // Writing into a string never fails.
        let _ = write!(
            out,
            "<li{class}><header><b dir=\"auto\">{author}</b> <time datetime=\"{time}\">{when}</time></header>"
        );
        if !line.said.is_empty() {
            let _ = write!(out, "<p dir=\"auto\">{}</p>", escaped(&line.said));
        }
        for file in &line.files {
            let name = escaped(&file.name);
            let _ = match &file.stored {
                Some(stored) if file.picture => {
                    write!(
                        out,
                        "<p><img src=\"{}\" alt=\"{name}\"></p>",
                        escaped(stored)
                    )
                }
                Some(stored) => write!(
                    out,
                    "<p><a href=\"{}\" dir=\"auto\">{name}</a></p>",
                    escaped(stored)
                ),
                None => write!(out, "<p dir=\"auto\">{name}</p>"),
            };
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n</html>\n");
    out
}

/// An array of objects with `time`, `author`, `mine`, `text` and `files`.
pub(super) fn json(lines: &[Line]) -> String {
    let mut out = String::from("[");
    for (at, line) in lines.iter().enumerate() {
        let files: Vec<String> = line
            .files
            .iter()
            .map(|file| {
                let stored = file.stored.as_deref().map_or("null".into(), quoted);
                format!("{{\"name\":{},\"stored\":{stored}}}", quoted(&file.name))
            })
            .collect();
        let _ = write!(
            out,
            "{}\n{{\"time\":{},\"author\":{},\"mine\":{},\"text\":{},\"files\":[{}]}}",
            if at > 0 { "," } else { "" },
            quoted(&line.time),
            quoted(&line.author),
            line.mine,
            quoted(&line.said),
            files.join(",")
        );
    }
    out.push_str("\n]\n");
    out
}

/// The name of a file in the archive: a number, and an ending that is harmless.
pub(super) fn stored_name(number: usize, name: &str, dangerous: bool) -> String {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let plain =
        (1..=8).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    let ending = if plain && !dangerous { ending } else { "bin" };
    format!("file-{number:04}.{ending}")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\0' => {}
            c => out.push(c),
        }
    }
    out
}

/// A string of JSON (RFC 8259, 7).
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn line(said: &str) -> Line {
        Line {
            when: "today".into(),
            time: "2026-11-29T11:00:00.000Z".into(),
            author: "<Ann>".into(),
            mine: true,
            said: said.into(),
            files: vec![FileLine {
                name: "a\"b.png".into(),
                stored: Some("file-0001.png".into()),
                picture: true,
            }],
        }
    }

    #[test]
    fn what_strangers_write_is_text_on_the_page() {
        let page = html("<b>", "en", &[line("<script>alert(1)</script> & 'more'")]);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;more&#39;"));
        assert!(page.contains("<title>&lt;b&gt;</title>"));
        assert!(page.contains("<img src=\"file-0001.png\" alt=\"a&quot;b.png\">"));
        assert!(!page.contains("<script") && !page.contains("<Ann>"));
    }

    #[test]
    fn names_in_the_archive_are_numbers_with_harmless_endings() {
        assert_eq!(stored_name(3, "beach.JPG", false), "file-0003.JPG");
        assert_eq!(stored_name(3, "setup.exe", true), "file-0003.bin");
        for odd in ["none", "a.", "a.../b", "a.ünï", "a.123456789"] {
            assert_eq!(stored_name(12, odd, false), "file-0012.bin", "{odd}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_comes_back_from_the_json(said in "\\PC*|[\\x00-\\x1f]*") {
            let lines = [line(&said), Line::default()];
            let read: serde_json::Value = serde_json::from_str(&json(&lines)).unwrap();
            prop_assert_eq!(read[0]["text"].as_str().unwrap(), said);
            prop_assert_eq!(read[0]["files"][0]["name"].as_str().unwrap(), "a\"b.png");
            prop_assert_eq!(read.as_array().unwrap().len(), 2);
        }
    }
}
