//! What counts as the same letter: texts and queries are compared in a folded form without case, diacritics, width and
//! other spellings of the same character (screens 12).

use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::unicode::nfkd;

/// Folded characters that are remembered; a text of all scripts cannot fill the memory.
const MAX_KNOWN: usize = 8192;

/// Folds characters and remembers how.
#[derive(Debug, Default)]
pub(super) struct Folder {
    known: SortedMap<char, Box<str>>,
}

impl Folder {
    /// The folded form.
    pub(super) fn fold(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            self.push(letter, &mut out);
        }
        out
    }

    /// The folded form, and for each of its bytes where the character that it comes from begins; behind the last one, where
    /// the text ends.
    pub(super) fn fold_mapped(&mut self, text: &str) -> (String, Vec<u32>) {
        let mut out = String::with_capacity(text.len());
        let mut starts = Vec::with_capacity(text.len() + 1);
        for (at, letter) in text.char_indices() {
            self.push(letter, &mut out);
            starts.resize(out.len(), at as u32);
        }
        starts.push(text.len() as u32);
        (out, starts)
    }

    fn push(&mut self, letter: char, out: &mut String) {
        if letter.is_ascii() && !letter.is_ascii_control() {
            out.push(letter.to_ascii_lowercase());
        } else if letter.is_whitespace() || letter.is_control() {
            out.push(' ');
        } else if let Some(folded) = self.known.get(&letter) {
            out.push_str(folded);
        } else {
            let folded = fold_letter(letter);
            out.push_str(&folded);
            if self.known.len() == MAX_KNOWN {
                self.known.clear();
            }
            self.known.insert(letter, folded.into_boxed_str());
        }
    }
}

fn fold_letter(letter: char) -> String {
    let mut buffer = [0; 4];
    let mut out = String::new();
    for part in nfkd(letter.encode_utf8(&mut buffer)).chars() {
        for lower in part.to_lowercase().filter(|lower| !is_ignored(*lower)) {
            match lower {
                // Case folding beyond lower case, and letters with strokes, which decompose to nothing.
                'ß' => out.push_str("ss"),
                'æ' => out.push_str("ae"),
                'œ' => out.push_str("oe"),
                'ς' => out.push('σ'),
                'ı' => out.push('i'),
                'ø' => out.push('o'),
                'đ' => out.push('d'),
                'ł' => out.push('l'),
                'ħ' => out.push('h'),
                _ => out.push(lower),
            }
        }
    }
    out
}

/// Diacritics and vowel points, and what has no shape of its own: joiners, marks of direction, variation selectors.
fn is_ignored(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}'
        | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{3099}'..='\u{309a}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}')
}

/// Scripts that put no spaces between words, and Hangul, whose words take endings: there a word begins anywhere.
pub(super) fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{1aff0}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fold(text: &str) -> String {
        Folder::default().fold(text)
    }

    #[test]
    fn case_diacritics_width_and_ligatures_fold_away() {
        assert_eq!(fold("CAFÉ"), "cafe");
        assert_eq!(fold("cafe\u{301}"), "cafe");
        assert_eq!(fold("Straße Øre Œuvre Łódź"), "strasse ore oeuvre lodz");
        assert_eq!(fold("ＡＢＣ１２３"), "abc123");
        assert_eq!(fold("ｶﾞ"), fold("ガ"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        assert_eq!(fold("ﬁn İstanbul"), "fin istanbul");
        assert_eq!(fold("שָׁלוֹם"), "שלום");
        assert_eq!(fold("a\tb\nc\u{3000}d"), "a b c d");
        assert_eq!(fold("soft\u{ad}hyphen\u{200b}"), "softhyphen");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in ".{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn every_folded_byte_comes_from_a_character_of_the_text(text in ".{0,40}") {
            let (folded, starts) = Folder::default().fold_mapped(&text);
            prop_assert_eq!(&folded, &fold(&text));
            prop_assert_eq!(starts.len(), folded.len() + 1);
            prop_assert!(starts.is_sorted());
            prop_assert!(starts.iter().all(|start| text.is_char_boundary(*start as usize)));
        }
    }
}
