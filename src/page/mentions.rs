//! Mentions: on the wire `@` and a whole Account ID (20-messages 4.8), on screen the name of whoever it is, also while
//! somebody writes.

use super::state::App;
use super::text::clean_name;
use crate::i18n::isolate;
use onionskin_client::api::short_id;
use onionskin_client::rich::{Block, Inline, Options, parse};
use std::ops::Range;

/// A text with names in place of mentioned IDs. Tracks the names.
pub(crate) fn named(app: App, said: &str) -> String {
    if !said.contains('@') {
        return said.to_owned();
    }
    replaced(said, |id| format!("@{}", isolate(&app.called(id))))
}

/// Byte places of mentions in a text of the wire.
fn places(said: &str) -> Vec<Range<usize>> {
    let options = Options {
        markdown: false,
        links: false,
    };
    parse(said, options)
        .into_iter()
        .flat_map(|block| match block {
            Block::Text(content) => content,
            _ => Vec::new(),
        })
        .filter_map(|inline| match inline {
            Inline::Mention(range) => Some(range),
            _ => None,
        })
        .collect()
}

/// The text with something else in place of each mention; `by` gets the ID in lower case.
fn replaced(said: &str, mut by: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(said.len());
    let mut at = 0;
    for range in places(said) {
        out.push_str(&said[at..range.start]);
        out.push_str(&by(&said[range.start + 1..range.end].to_ascii_lowercase()));
        at = range.end;
    }
    out.push_str(&said[at..]);
    out
}

/// Who is mentioned in a text that is being written, by the name that stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentioned(Vec<(String, String)>);

impl Mentioned {
    /// What stands in the field for somebody: `@` and the name. Two people never share one.
    pub(crate) fn add(&mut self, id: &str, name: &str) -> String {
        if let Some((shown, _)) = self.0.iter().find(|(_, other)| other == id) {
            return shown.clone();
        }
        let name = clean_name(name);
        let taken = |shown: &str| self.0.iter().any(|(other, _)| other == shown);
        let mut shown = format!("@{name}");
        if name.is_empty() || taken(&shown) {
            shown = format!("@{name} {}", short_id(id)).replace("@ ", "@");
        }
        self.0.push((shown.clone(), id.to_owned()));
        shown
    }

    /// Who stands in the text no more is forgotten: a name that is written again by hand is plain text.
    pub(crate) fn keep(&mut self, shown: &str) {
        let places = self.places(shown);
        let kept: Vec<String> = places.iter().map(|(_, id)| (*id).to_owned()).collect();
        self.0.retain(|(_, id)| kept.contains(id));
    }

    /// A text of the wire as it stands in the field.
    pub(crate) fn shown(&mut self, wire: &str, called: impl Fn(&str) -> String) -> String {
        replaced(wire, |id| self.add(id, &called(id)))
    }

    /// Byte places of the names in a text of the field, and whose they are. The longest name counts.
    pub(crate) fn places(&self, shown: &str) -> Vec<(Range<usize>, &str)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = shown[at..].find('@') {
            let start = at + next;
            let rest = &shown[start..];
            let fits = |name: &str| {
                rest.strip_prefix(name)
                    .is_some_and(|after| !after.starts_with(char::is_alphanumeric))
            };
            let longest = self
                .0
                .iter()
                .filter(|(name, _)| fits(name))
                .max_by_key(|(name, _)| name.len());
            at = start + 1;
            if let Some((name, id)) = longest {
                at = start + name.len();
                found.push((start..at, id.as_str()));
            }
        }
        found
    }

    /// A text of the field as it is sent.
    pub(crate) fn wire(&self, shown: &str) -> String {
        let mut out = String::with_capacity(shown.len());
        let mut at = 0;
        for (range, id) in self.places(shown) {
            out.push_str(&shown[at..range.start]);
            out.push('@');
            out.push_str(id);
            at = range.end;
        }
        out.push_str(&shown[at..]);
        out
    }
}

/// Where the `@` before the cursor stands, and what follows it. Places count UTF-16 units.
pub(crate) fn sought(said: &str, cursor: usize) -> Option<(usize, String)> {
    let units: Vec<u16> = said.encode_utf16().take(cursor).collect();
    let before = String::from_utf16_lossy(&units);
    let (start, words) = before.rsplit_once('@')?;
    let fits = words.chars().all(|c| !c.is_whitespace() && c != '@')
        // An address of mail is no mention.
        && !start.ends_with(|c: char| c.is_alphanumeric() || c == '@');
    fits.then(|| (start.encode_utf16().count(), words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> String {
        format!("05{}", format!("{n:02x}").repeat(32))
    }

    fn called(who: &str) -> String {
        match who {
            one if one == id(1) => "Ann".into(),
            two if two == id(2) => "Ann Lee".into(),
            three if three == id(3) => "Ann".into(),
            _ => String::new(),
        }
    }

    #[test]
    fn a_text_of_the_wire_shows_names_and_comes_back_as_it_was() {
        let wire = format!("hi @{} and @{}!\n@{}", id(1), id(2), id(1));
        let mut mentioned = Mentioned::default();
        let shown = mentioned.shown(&wire, called);
        assert_eq!(shown, "hi @Ann and @Ann Lee!\n@Ann");
        assert_eq!(mentioned.wire(&shown), wire);
    }

    #[test]
    fn people_of_one_name_and_without_one_stay_apart() {
        let wire = format!("@{} @{} @{}", id(1), id(3), id(9));
        let mut mentioned = Mentioned::default();
        let shown = mentioned.shown(&wire, called);
        assert_eq!(shown, "@Ann @Ann 0503…0303 @0509…0909");
        assert_eq!(mentioned.wire(&shown), wire);
    }

    #[test]
    fn a_name_that_was_not_chosen_or_was_changed_is_plain_text() {
        let mut mentioned = Mentioned::default();
        assert_eq!(mentioned.wire("@Ann"), "@Ann");
        mentioned.add(&id(1), "Ann");
        assert_eq!(mentioned.wire("@Anna and @An"), "@Anna and @An");
        assert_eq!(mentioned.wire("(@Ann)"), format!("(@{})", id(1)));
        mentioned.keep("no more");
        assert_eq!(mentioned.wire("@Ann"), "@Ann");
    }

    #[test]
    fn an_at_sign_at_the_beginning_of_a_word_asks_for_people() {
        assert_eq!(sought("hi @an", 6), Some((3, "an".to_owned())));
        assert_eq!(sought("😀 @", 4), Some((3, String::new())));
        assert_eq!(sought("(@", 2), Some((1, String::new())));
        for (said, cursor) in [("a@b", 3), ("@an b", 5), ("@@", 2), ("an", 2)] {
            assert_eq!(sought(said, cursor), None, "{said}");
        }
    }
}
