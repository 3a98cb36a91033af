//! What is looked for in a text: words that it must have and phrases that it must have as they are.

use super::fold::{Folder, is_unspaced};
use onionskin_protocol::sorted::sort;

/// Characters of a query that count.
const MAX_QUERY: usize = 1000;
/// Words and phrases of a query that count.
const MAX_TERMS: usize = 32;
/// Places that are marked in one text.
const MAX_MARKS: usize = 200;

/// Folded words and phrases, all of which must occur.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    text: String,
    /// It must end where a word ends, too.
    whole: bool,
}

impl Words {
    /// Words are separated by spaces; what stands between double quotes is a phrase. A quote that is not closed goes on to
    /// the end.
    pub(super) fn parse(query: &str, folder: &mut Folder) -> Self {
        let query: String = query.chars().take(MAX_QUERY).collect();
        let mut terms = Vec::new();
        for (number, part) in query.split(['"', '“', '”', '„']).enumerate() {
            let folded = folder.fold(part);
            if number % 2 == 1 {
                let text = folded.trim().to_owned();
                terms.push(Term { text, whole: true });
            } else {
                terms.extend(folded.split(' ').map(|word| Term {
                    text: word.to_owned(),
                    whole: false,
                }));
            }
        }
        terms.retain(|term| !term.text.is_empty());
        terms.truncate(MAX_TERMS);
        Self(terms)
    }

    /// Whether all of them are in a folded text.
    pub(super) fn are_in(&self, folded: &str) -> bool {
        self.0.iter().all(|term| term.find(folded, 0).is_some())
    }

    /// Where they lie in a text: bytes from, to; in order and apart.
    pub(super) fn marks(&self, text: &str, folder: &mut Folder) -> Vec<(u32, u32)> {
        let (folded, starts) = folder.fold_mapped(text);
        let mut marks = Vec::new();
        for term in &self.0 {
            let mut from = 0;
            while let Some(at) = term.find(&folded, from) {
                let end = at + term.text.len();
                let last = starts[end - 1];
                // Up to the next character, so that accents which follow are marked as well.
                let next = starts[end..].iter().find(|start| **start > last);
                marks.push((starts[at], next.copied().unwrap_or(text.len() as u32)));
                if marks.len() >= MAX_MARKS {
                    break;
                }
                from = end;
            }
        }
        sort(&mut marks);
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(marks.len());
        for (from, to) in marks {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => joined.push((from, to)),
            }
        }
        joined
    }
}

impl Term {
    /// Where it first occurs from `from` on.
    fn find(&self, folded: &str, mut from: usize) -> Option<usize> {
        loop {
            let at = from + folded.get(from..)?.find(&self.text)?;
            let end = at + self.text.len();
            if begins(&folded[..at], &self.text)
                && (!self.whole || begins(&folded[..end], &folded[end..]))
            {
                return Some(at);
            }
            from = at + folded[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
}

/// Whether a word may begin or end between the two texts.
fn begins(before: &str, after: &str) -> bool {
    let joins = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() && !is_unspaced(letter))
    };
    !joins(before.chars().next_back()) || !joins(after.chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(query: &str, text: &str) -> bool {
        let mut folder = Folder::default();
        Words::parse(query, &mut folder).are_in(&folder.fold(text))
    }

    fn marked(query: &str, text: &str) -> Vec<String> {
        let mut folder = Folder::default();
        Words::parse(query, &mut folder)
            .marks(text, &mut folder)
            .into_iter()
            .map(|(from, to)| text[from as usize..to as usize].to_owned())
            .collect()
    }

    #[test]
    fn words_are_found_by_their_beginnings_in_any_order() {
        assert!(finds("sea gre", "Greetings from the seaside"));
        assert!(!finds("side", "Greetings from the seaside"));
        assert!(!finds("sea hills", "Greetings from the seaside"));
        assert!(finds("exa", "see https://example.org"));
        assert!(finds("https://exa", "see HTTPS://Example.org"));
        assert!(finds("😀", "good😀"));
        assert!(finds("", "anything"));
    }

    #[test]
    fn a_phrase_is_found_as_whole_words_only() {
        assert!(finds("\"the sea\"", "by the\nsea."));
        assert!(!finds("\"the sea\"", "by the seaside"));
        assert!(!finds("\"sea the\"", "by the sea"));
        assert!(finds("by \"the sea", "by the sea"));
    }

    #[test]
    fn scripts_without_spaces_are_found_anywhere() {
        assert!(finds("京都", "東京都に住む"));
        assert!(finds("スト", "テストです"));
        assert!(finds("국어", "한국어를"));
        assert!(finds("\"京都\"", "東京都"));
        assert!(finds("api", "这个api很好"));
    }

    #[test]
    fn marks_cover_what_was_written() {
        assert_eq!(
            marked("cafe", "Le CAFÉ, cafe\u{301}s"),
            ["CAFÉ", "cafe\u{301}"]
        );
        assert_eq!(marked("strasse", "Straße"), ["Straße"]);
        assert_eq!(marked("stras", "Straße"), ["Straß"]);
        assert_eq!(marked("ab abc", "abcd"), ["abc"]);
        assert!(marked("x", "abc").is_empty());
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_any_of_its_own_words(text in "\\PC{0,40}", number: prop::sample::Index) {
            let text = text.replace(['"', '“', '”', '„'], " ");
            let words: Vec<&str> = text.split_whitespace().collect();
            if !words.is_empty() {
                prop_assert!(finds(words[number.index(words.len())], &text));
            }
        }

        #[test]
        fn marks_are_ordered_pieces_of_the_text(query in ".{0,20}", text in ".{0,60}") {
            let mut folder = Folder::default();
            let marks = Words::parse(&query, &mut folder).marks(&text, &mut folder);
            let mut before = 0;
            for (from, to) in marks {
                prop_assert!(before <= from && from < to);
                prop_assert!(text.get(from as usize..to as usize).is_some());
                before = to;
            }
        }

        #[test]
        fn what_is_found_is_marked(query in "[ab\"é ]{1,8}", text in "[abé ]{0,20}") {
            let mut folder = Folder::default();
            let words = Words::parse(&query, &mut folder);
            let any = words.0.iter().any(|term| term.find(&folder.fold(&text), 0).is_some());
            prop_assert_eq!(any, !words.marks(&text, &mut folder).is_empty());
        }
    }
}
