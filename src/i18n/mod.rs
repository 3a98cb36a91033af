//! Texts in the reader's language (screens 23). A catalogue is one struct literal per language, so a missing text does not
//! compile; texts that nobody shows are found by the compiler as unread fields.
//!
//! Patterns hold named places such as `{name}`, filled by [`fill`]. Plural forms are chosen by `Intl.PluralRules`, dates by
//! `Intl.DateTimeFormat` ([`format`]). A person's name is isolated, so that it cannot turn the sentence around it.

mod catalogue;
mod de;
mod en;
pub(crate) mod format;

pub(crate) use catalogue::{Catalogue, ErrorText, Plural};

use std::cell::Cell;

/// A language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    /// All, as the settings offer them.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::German];

    /// BCP 47.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Its own name for itself.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    const fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German => "ltr",
        }
    }

    const fn catalogue(self) -> &'static Catalogue {
        match self {
            Self::English => &en::ENGLISH,
            Self::German => &de::GERMAN,
        }
    }

    /// The language of a tag such as `de-AT`.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or("").to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|language| language.tag() == primary)
    }

    /// The first of the browser's languages that there is a catalogue for, else English.
    pub(crate) fn of_browser() -> Self {
        let languages = leptos::prelude::window().navigator().languages();
        languages
            .iter()
            .filter_map(|tag| tag.as_string())
            .find_map(|tag| Self::from_tag(&tag))
            .unwrap_or(Self::English)
    }
}

thread_local! {
    static CURRENT: Cell<Language> = const { Cell::new(Language::English) };
}

/// The language on screen.
pub(crate) fn language() -> Language {
    CURRENT.get()
}

/// The texts on screen. Components read it once: a change of language builds the screens anew.
pub(crate) fn text() -> &'static Catalogue {
    CURRENT.get().catalogue()
}

/// Makes a language the one on screen and tells the document.
pub(crate) fn use_language(language: Language) {
    CURRENT.set(language);
    if let Some(root) = leptos::prelude::document().document_element() {
        // Only names with invalid characters are refused.
        let _ = root.set_attribute("lang", language.tag());
        let _ = root.set_attribute("dir", language.direction());
    }
}

/// Puts values into the named places of a pattern. A place without a value stays as it is.
pub(crate) fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        match after.find('}') {
            Some(end) => {
                let name = &after[..end];
                match values.iter().find(|(key, _)| *key == name) {
                    Some((_, value)) => out.push_str(value),
                    None => out.push_str(&rest[start..start + end + 2]),
                }
                rest = &after[end + 1..];
            }
            None => {
                out.push_str(&rest[start..]);
                rest = "";
            }
        }
    }
    out.push_str(rest);
    out
}

/// The plural form for a number, with the number in the place `{n}`.
pub(crate) fn count(plural: &Plural, n: u64) -> String {
    fill(
        plural.form(&format::plural_category(n)),
        &[("n", &format::number(n))],
    )
}

/// A person's words inside a sentence of ours: first strong isolate and its end.
pub(crate) fn isolate(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use onionskin_protocol::sorted::SortedSet;

    fn places(text: &str) -> SortedSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next())
            .collect()
    }

    #[test]
    fn every_language_has_the_same_places_in_its_patterns() {
        for language in Language::ALL {
            let english = Language::English.catalogue().all();
            let other = language.catalogue().all();
            assert_eq!(english.len(), other.len());
            for ((key, text), (_, translated)) in english.iter().zip(&other) {
                assert!(!translated.is_empty(), "{key} is empty in {language:?}");
                // A plural form may say its number in words.
                let (ours, theirs) = (places(text), places(translated));
                assert!(
                    ours == theirs || key.ends_with(".one"),
                    "{key} in {language:?}: {ours:?} and {theirs:?}"
                );
            }
        }
    }

    #[test]
    fn places_are_filled_by_name_and_unknown_ones_stay() {
        assert_eq!(
            fill("{a} of {b}, {c}", &[("b", "2"), ("a", "1")]),
            "1 of 2, {c}"
        );
        assert_eq!(fill("open { end", &[]), "open { end");
    }

    #[test]
    fn a_regional_tag_finds_its_language() {
        assert_eq!(Language::from_tag("de-AT"), Some(Language::German));
        assert_eq!(Language::from_tag("xx"), None);
    }
}
