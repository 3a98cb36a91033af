//! Safety numbers (20-messages 9): what both sides of a conversation can compare to know that nobody stands between them.

use crate::api::{SafetyMatch, SafetyView};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::safety_number::{Match, SafetyNumber, id_words};

/// The number of two accounts, in all its forms.
pub(crate) fn view(own: &AccountId, theirs: &AccountId) -> SafetyView {
    let number = SafetyNumber::new(own, theirs);
    SafetyView {
        digits: number.digits(),
        words: texts(&number.words()),
        code: number.code(),
        own_words: words(own),
        their_words: words(theirs),
    }
}

/// Four words that stand for an ID.
pub(crate) fn words(id: &AccountId) -> Vec<String> {
    texts(&id_words(id))
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Compares with a code that was scanned, or with digits.
pub(crate) fn compare(own: &AccountId, theirs: &AccountId, text: &str) -> SafetyMatch {
    let number = SafetyNumber::new(own, theirs);
    let same = match number.compare_digits(text) {
        Some(same) => Some(same),
        None => number.compare(text).ok().map(|found| found == Match::Same),
    };
    match same {
        Some(true) => SafetyMatch::Same,
        Some(false) => SafetyMatch::Different,
        None => SafetyMatch::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onionskin_protocol::keys::X25519PublicKey;

    fn id(byte: u8) -> AccountId {
        AccountId::from_key(X25519PublicKey([byte; 32]))
    }

    #[test]
    fn what_one_side_shows_is_the_same_to_the_other_side_and_to_nobody_else() {
        let (anna, ben, eve) = (id(1), id(2), id(3));
        let (ours, theirs) = (view(&anna, &ben), view(&ben, &anna));
        assert_eq!((&ours.digits, &ours.words), (&theirs.digits, &theirs.words));
        assert_eq!(ours.own_words, theirs.their_words);
        let grouped: String = theirs
            .digits
            .chars()
            .flat_map(|digit| [digit, ' '])
            .collect();
        for text in [&theirs.code, &theirs.digits, &grouped] {
            assert_eq!(compare(&anna, &ben, text), SafetyMatch::Same, "{text}");
            assert_eq!(compare(&anna, &eve, text), SafetyMatch::Different, "{text}");
        }
        // Our own code, scanned by ourselves, is not that of the other side.
        assert_eq!(compare(&anna, &ben, &ours.code), SafetyMatch::Different);
        for text in ["", "hello", "12345", "onionskin-sn1:", "onionskin-sn1:AAAA"] {
            assert_eq!(
                compare(&anna, &ben, text),
                SafetyMatch::Unreadable,
                "{text}"
            );
        }
    }
}
