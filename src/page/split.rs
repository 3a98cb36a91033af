//! A text that is too long for one message, as several (screens 9.6): cut between paragraphs, else between sentences, else
//! between words, and only where there is nothing better inside a word.

use super::text::length;

/// Texts of at most `limit` (code points and UTF-16 units), in order.
pub(crate) fn split(text: &str, limit: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while length(rest) > limit {
        let room = fitting(rest, limit);
        let cut = ["\n\n", "\n", ". ", "! ", "? ", " "]
            .into_iter()
            .find_map(|end| cut_after(room, end))
            .unwrap_or(room.len());
        parts.push(rest[..cut].trim().to_owned());
        rest = rest[cut..].trim_start();
    }
    parts.push(rest.to_owned());
    parts.retain(|part| !part.is_empty());
    parts
}

/// As much of the beginning as fits.
fn fitting(text: &str, limit: usize) -> &str {
    let mut units = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            units += c.len_utf16();
            units > limit
        })
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Behind the last such end, unless that would leave less than a third of the room filled.
fn cut_after(room: &str, end: &str) -> Option<usize> {
    let cut = room.rfind(end)? + end.len();
    (cut >= room.len() / 3).then_some(cut)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paragraphs_come_before_sentences_and_sentences_before_words() {
        assert_eq!(split("aaa bbb. ccc\n\nddd", 14), ["aaa bbb. ccc", "ddd"]);
        assert_eq!(split("aaa bbb. ccc ddd", 12), ["aaa bbb.", "ccc ddd"]);
        assert_eq!(split("aaaa bbbb", 6), ["aaaa", "bbbb"]);
        assert_eq!(split("aaaaaaaa", 3), ["aaa", "aaa", "aa"]);
        assert_eq!(split("short", 2_000), ["short"]);
    }

    proptest! {
        #[test]
        fn every_part_fits_and_no_word_gets_lost(text in "([a-zé😀]{0,9}[ \n.]{0,3}){0,60}", limit in 2usize..60) {
            let parts = split(&text, limit);
            prop_assert!(parts.iter().all(|part| length(part) <= limit && !part.is_empty()));
            let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(solid(&parts.concat()), solid(&text));
        }
    }
}
