//! How strong a passphrase is, in words: a rough count of guesses, no rule about what it must contain.

/// From weakest to strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Fewer than 8 characters: refused.
    TooShort,
    Weak,
    Fair,
    Good,
    Strong,
}

/// At least so many characters.
pub(crate) const MINIMUM: usize = 8;
/// At most so many.
pub(crate) const MAXIMUM: usize = 256;

impl Strength {
    /// Estimates. Each character counts by the size of the alphabet in use; repeats and runs such as `abc` or `111` count for
    /// little, and words of a sentence for at most 13 bit each.
    pub(crate) fn of(passphrase: &str) -> Self {
        let letters: Vec<char> = passphrase.chars().collect();
        if letters.len() < MINIMUM {
            return Self::TooShort;
        }
        match bits(&letters) {
            0..=34 => Self::Weak,
            35..=49 => Self::Fair,
            50..=69 => Self::Good,
            _ => Self::Strong,
        }
    }

    /// Bars to fill, 0 to 4.
    pub(crate) fn level(self) -> u8 {
        match self {
            Self::TooShort => 0,
            Self::Weak => 1,
            Self::Fair => 2,
            Self::Good => 3,
            Self::Strong => 4,
        }
    }
}

fn bits(letters: &[char]) -> u32 {
    let has = |test: fn(&char) -> bool| letters.iter().any(test);
    let mut alphabet = 0u32;
    for (present, size) in [
        (has(|c| c.is_ascii_lowercase()), 26),
        (has(|c| c.is_ascii_uppercase()), 26),
        (has(|c| c.is_ascii_digit()), 10),
        (has(|c| c.is_ascii_punctuation() || *c == ' '), 20),
        (has(|c| !c.is_ascii()), 60),
    ] {
        if present {
            alphabet += size;
        }
    }
    let per_letter = f64::from(alphabet.max(2)).log2();
    let mut total = 0.0;
    for (at, &letter) in letters.iter().enumerate() {
        let predictable = at > 0 && {
            let step = i64::from(letter as u32) - i64::from(letters[at - 1] as u32);
            (-1..=1).contains(&step)
        };
        let seen = letters[..at].contains(&letter);
        total += match (predictable, seen) {
            (true, _) => 0.8,
            (false, true) => per_letter * 0.6,
            (false, false) => per_letter,
        };
    }
    let text: String = letters.iter().collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let plain = words
        .iter()
        .all(|word| word.chars().all(|c| c.is_lowercase() || c == '-'));
    let whole = if plain && !words.is_empty() {
        // A dictionary of 8,192 words is what guessers try first.
        total.min(13.0 * words.len() as f64 + if words.len() == 1 { 10.0 } else { 0.0 })
    } else {
        total
    };
    whole as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_repeated_and_single_words_are_not_strong() {
        assert_eq!(Strength::of("abc"), Strength::TooShort);
        assert_eq!(Strength::of("aaaaaaaaaaaa"), Strength::Weak);
        assert_eq!(Strength::of("12345678"), Strength::Weak);
        assert_eq!(Strength::of("password"), Strength::Weak);
    }

    #[test]
    fn several_words_and_random_characters_are_strong() {
        assert!(Strength::of("copper lantern quiet otter bridge fern") >= Strength::Strong);
        assert!(Strength::of("kT9$wq!Zr4pLx") >= Strength::Good);
    }
}
