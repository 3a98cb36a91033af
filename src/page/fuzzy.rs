//! How well typed letters fit a name, for lists that are narrowed while somebody types: no signals, no screen.

/// The text fits so well; greater is better. `None`: a word of the query does not fit at all. Both are folded already.
pub(crate) fn score(query: &str, text: &str) -> Option<u32> {
    let mut total = 0;
    for word in query.split_whitespace() {
        total += word_score(word, text)?;
    }
    // Of what fits equally the shorter text is closer to what was typed.
    Some(total * 100 + 100 - (text.chars().count().min(99) as u32))
}

fn word_score(word: &str, text: &str) -> Option<u32> {
    if text.starts_with(word) {
        Some(120)
    } else if starts(text).any(|at| text[at..].starts_with(word)) {
        Some(100)
    } else if text.contains(word) {
        Some(70)
    } else {
        starts(text)
            .filter_map(|at| scattered(word, &text[at..]))
            .max()
    }
}

/// Byte places where words begin.
fn starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, c)| {
        let begins = c.is_alphanumeric() && !before.is_alphanumeric();
        before = c;
        begins.then_some(at)
    })
}

/// The letters occur in their order, the first of them at once; the fewer lie between, the better.
fn scattered(word: &str, text: &str) -> Option<u32> {
    let mut letters = word.chars().peekable();
    if letters.peek() != text.chars().next().as_ref() {
        return None;
    }
    let mut between = 0;
    for c in text.chars() {
        match letters.peek() {
            Some(wanted) if *wanted == c => {
                letters.next();
            }
            Some(_) => between += 1,
            None => break,
        }
    }
    letters
        .peek()
        .is_none()
        .then(|| 40u32.saturating_sub(between).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(query: &str, texts: &[&'a str]) -> Vec<&'a str> {
        let mut found: Vec<_> = texts
            .iter()
            .filter_map(|text| Some((score(query, text)?, *text)))
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn beginnings_come_before_middles_and_middles_before_scattered_letters() {
        let texts = ["bob anderson", "ann", "joanna", "a new note", "marc"];
        assert_eq!(
            best("an", &texts),
            ["ann", "bob anderson", "joanna", "a new note"]
        );
    }

    #[test]
    fn every_word_has_to_fit_in_any_order() {
        assert!(score("note self", "note to self").is_some());
        assert!(score("self note", "note to self").is_some());
        assert_eq!(score("note shelf", "note to self"), None);
    }

    #[test]
    fn scattered_letters_begin_with_a_word() {
        assert!(score("nts", "note to self").is_some());
        assert_eq!(score("ots", "note to self"), None);
        assert_eq!(score("ß", "ä"), None);
    }

    #[test]
    fn nothing_typed_fits_everything() {
        assert!(score("  ", "anything").is_some());
    }
}
