//! Foreign text and numbers on screen: names made harmless, Account IDs in groups, limits counted as the network counts.

use onionskin_client::api::{Conversation, short_id};

/// The largest message: 2,000 code points and 2,000 UTF-16 units, whichever is reached first (screens 9.6).
pub(crate) const MESSAGE_LIMIT: usize = 2_000;
/// The largest display name in bytes of UTF-8.
pub(crate) const NAME_LIMIT: usize = 100;

/// A name without control characters and marks that turn the direction of the text around it (50-browser 12).
pub(crate) fn clean_name(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|&c| !c.is_control() && !turns_direction(c))
        .collect();
    kept.trim().to_owned()
}

/// Embeddings, overrides and isolates.
pub(crate) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a conversation is called (the nickname that we gave, the name they gave themselves, or the short ID), apart from Note to Self, which the language files name.
pub(crate) fn name_of(conversation: &Conversation) -> String {
    let given = clean_name(&conversation.nickname);
    if !given.is_empty() {
        return given;
    }
    let name = clean_name(&conversation.name);
    if name.is_empty() {
        short_id(&conversation.account_id)
    } else {
        name
    }
}

/// An Account ID in groups of four.
pub(crate) fn groups_of_four(id: &str) -> Vec<String> {
    let letters: Vec<char> = id.chars().collect();
    letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect()
}

/// How much of the limit a text uses: the larger of code points and UTF-16 units.
pub(crate) fn length(text: &str) -> usize {
    let trimmed = text.trim();
    trimmed.encode_utf16().count().max(trimmed.chars().count())
}

/// What is wrong with a typed Account ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdProblem {
    /// So many characters instead of 66.
    Length(usize),
    /// The character at this place (counted from 1) is no hexadecimal digit.
    Character(usize, char),
    /// It begins otherwise than with 05.
    Prefix(String),
    /// It looks like a recovery phrase.
    Phrase,
}

/// Reads a typed or pasted Account ID: spaces, line breaks and an invitation link around it are fine.
pub(crate) fn read_id(typed: &str) -> Result<String, IdProblem> {
    if looks_like_phrase(typed) {
        return Err(IdProblem::Phrase);
    }
    let after_link = typed.trim().rsplit("#/invite/").next().unwrap_or(typed);
    let id: String = after_link
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !turns_direction(*c))
        .flat_map(char::to_lowercase)
        .collect();
    if let Some((at, wrong)) = id.chars().enumerate().find(|(_, c)| !c.is_ascii_hexdigit()) {
        return Err(IdProblem::Character(at + 1, wrong));
    }
    if is_seed(&id) {
        return Err(IdProblem::Phrase);
    }
    if id.len() != 66 {
        return Err(IdProblem::Length(id.len()));
    }
    if !id.starts_with("05") {
        return Err(IdProblem::Prefix(id[..2].to_owned()));
    }
    Ok(id)
}

/// Codes carry the phrase as 32 hex digits. What begins like an ID may be one that is still being typed.
fn is_seed(typed: &str) -> bool {
    typed.len() == 32 && !typed.starts_with("05")
}

/// Twelve or more words of letters: what somebody pastes who mistakes the phrase for the ID.
pub(crate) fn looks_like_phrase(typed: &str) -> bool {
    let words: Vec<&str> = phrase_words(typed).collect();
    (12..=14).contains(&words.len())
        && words
            .iter()
            .all(|word| (1..=12).contains(&word.chars().count()))
}

/// The words of a typed phrase: numbering such as "1." or "2)", commas and line breaks do not count.
pub(crate) fn phrase_words(typed: &str) -> impl Iterator<Item = &str> {
    typed
        .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .map(|word| {
            word.trim_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ')' || c == ':')
        })
        .filter(|word| !word.is_empty() && word.chars().all(char::is_alphabetic))
}

/// The beginning of a node's key, enough to tell nodes apart.
pub(crate) fn short_key(key: &str) -> String {
    match key.get(..8) {
        Some(start) if key.len() > 8 => format!("{start}…"),
        _ => key.to_owned(),
    }
}

/// The /24 network of an address.
pub(crate) fn subnet(address: std::net::Ipv4Addr) -> String {
    let [a, b, c, _] = address.octets();
    format!("{a}.{b}.{c}.0/24")
}

/// A thin line between the hours: times closer than this belong together (ms).
pub(crate) const GROUP_MS: u64 = 5 * 60 * 1000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_cannot_turn_the_text_around_it() {
        assert_eq!(clean_name(" A\u{202e}nn\u{0}a\n\u{2066}B "), "Anna B");
        assert_eq!(clean_name("\u{202a}\u{7}"), "");
    }

    #[test]
    fn an_id_is_read_from_groups_lines_and_links() {
        let id = format!("05{}", "a1".repeat(32));
        let grouped = groups_of_four(&id).join(" ");
        assert_eq!(read_id(&grouped).unwrap(), id);
        assert_eq!(read_id(&format!(" {}\n", id.to_uppercase())).unwrap(), id);
        assert_eq!(
            read_id(&format!("https://chat.example/#/invite/{id}")).unwrap(),
            id
        );
    }

    #[test]
    fn a_wrong_id_says_what_is_wrong_and_where() {
        let id = format!("05{}", "a1".repeat(32));
        assert_eq!(read_id(&id[..65]), Err(IdProblem::Length(65)));
        assert_eq!(
            read_id(&id.replacen("a", "g", 1)),
            Err(IdProblem::Character(3, 'g'))
        );
        assert_eq!(
            read_id(&id.replacen("05", "15", 1)),
            Err(IdProblem::Prefix("15".into()))
        );
    }

    #[test]
    fn a_recovery_phrase_is_not_taken_for_an_id() {
        let phrase = "puffin luxury annoyed rustled memoir faxed smidgen puddle kiwi nylon utopia zinger kiwi";
        assert_eq!(read_id(phrase), Err(IdProblem::Phrase));
        // Of one sign each, as in Chinese.
        assert_eq!(read_id(&"字 ".repeat(13)), Err(IdProblem::Phrase));
        // As a code carries it.
        assert_eq!(read_id(&"a1".repeat(16)), Err(IdProblem::Phrase));
        assert_eq!(
            read_id(&format!("05{}", "a1".repeat(15))),
            Err(IdProblem::Length(32))
        );
        assert_eq!(
            phrase_words("1. puffin\n2) luxury, 3: annoyed").collect::<Vec<_>>(),
            ["puffin", "luxury", "annoyed"]
        );
    }

    #[test]
    fn a_node_is_told_by_the_start_of_its_key_and_its_network() {
        assert_eq!(short_key(&"ab".repeat(32)), "abababab…");
        assert_eq!(short_key("ab"), "ab");
        assert_eq!(subnet([95, 216, 10, 200].into()), "95.216.10.0/24");
    }

    #[test]
    fn the_limit_counts_what_is_larger() {
        assert_eq!(length(" abc "), 3);
        assert_eq!(length("😀😀"), 4);
    }
}
