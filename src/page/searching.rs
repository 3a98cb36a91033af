//! What is typed into the search field (screens 12): words, and operators such as `from:anna`, `has:link`, `is:starred`,
//! `before:2026-11-01`. An operator that names nothing stays a word, so nothing typed is lost.

use onionskin_client::api::{Has, SearchQuery};

/// A filter of the search, shown as a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chip {
    /// By somebody, as typed.
    From(String),
    /// In a conversation, as typed.
    In(String),
    Has(Has),
    Before(Day),
    After(Day),
    Unread,
    Starred,
    Mine,
    Mentions,
}

/// A day of the local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub year: u32,
    pub month: u32,
    pub day: u32,
}

/// The field, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// Words and quoted parts, as the engine takes them.
    pub text: String,
    pub chips: Vec<Chip>,
}

/// Takes the field apart.
pub(crate) fn parse(typed: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for part in parts(typed) {
        match chip(&part) {
            Some(chip) if !parsed.chips.contains(&chip) => parsed.chips.push(chip),
            Some(_) => {}
            None => {
                if !parsed.text.is_empty() {
                    parsed.text.push(' ');
                }
                parsed.text.push_str(&part);
            }
        }
    }
    parsed
}

/// Parts between spaces; quotes hold spaces together and stay.
fn parts(typed: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in typed.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c.is_whitespace() && !quoted {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.retain(|part| !part.is_empty());
    out
}

fn chip(part: &str) -> Option<Chip> {
    let (operator, value) = part.split_once(':')?;
    let value = value.trim_matches('"').trim();
    if value.is_empty() {
        return None;
    }
    let lower = value.to_lowercase();
    match operator.to_lowercase().as_str() {
        "from" if lower == "me" => Some(Chip::Mine),
        "from" => Some(Chip::From(value.to_owned())),
        "in" => Some(Chip::In(value.to_owned())),
        "has" => has(&lower).map(Chip::Has),
        "before" => day(value).map(Chip::Before),
        "after" => day(value).map(Chip::After),
        "is" => match lower.as_str() {
            "unread" => Some(Chip::Unread),
            "starred" => Some(Chip::Starred),
            "mine" => Some(Chip::Mine),
            "mention" | "mentions" => Some(Chip::Mentions),
            _ => None,
        },
        _ => None,
    }
}

fn has(value: &str) -> Option<Has> {
    match value {
        "link" => Some(Has::Link),
        "file" => Some(Has::File),
        "image" => Some(Has::Image),
        "voice" => Some(Has::Voice),
        _ => None,
    }
}

/// `2026-11-24`.
pub(crate) fn day(value: &str) -> Option<Day> {
    let mut numbers = value.splitn(3, '-').map(|part| {
        (!part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    });
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let valid =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    valid.then_some(Day { year, month, day })
}

impl Chip {
    /// The operator that makes this chip.
    pub(crate) fn typed(&self) -> String {
        let quoted = |value: &str| {
            if value.contains(char::is_whitespace) {
                format!("\"{value}\"")
            } else {
                value.to_owned()
            }
        };
        let date = |day: &Day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day);
        match self {
            Self::From(who) => format!("from:{}", quoted(who)),
            Self::In(what) => format!("in:{}", quoted(what)),
            Self::Has(Has::Link) => "has:link".into(),
            Self::Has(Has::File) => "has:file".into(),
            Self::Has(Has::Image) => "has:image".into(),
            Self::Has(Has::Voice) => "has:voice".into(),
            Self::Before(day) => format!("before:{}", date(day)),
            Self::After(day) => format!("after:{}", date(day)),
            Self::Unread => "is:unread".into(),
            Self::Starred => "is:starred".into(),
            Self::Mine => "is:mine".into(),
            Self::Mentions => "is:mentions".into(),
        }
    }
}

impl Parsed {
    /// Nothing is looked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.chips.is_empty()
    }

    /// The field again.
    pub(crate) fn typed(&self) -> String {
        let mut out = self.text.clone();
        for chip in &self.chips {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&chip.typed());
        }
        out
    }

    /// With a chip, or without it when it was there.
    pub(crate) fn toggled(mut self, chip: &Chip) -> Self {
        let before = self.chips.len();
        self.chips.retain(|one| one != chip);
        if self.chips.len() == before {
            self.chips.push(chip.clone());
        }
        self
    }

    /// What the engine is asked, apart from people and conversations, which the caller knows by name. `start` gives the
    /// beginning of a day (ms).
    pub(crate) fn query(&self, start: impl Fn(Day) -> u64) -> SearchQuery {
        let mut query = SearchQuery {
            text: self.text.clone(),
            ..SearchQuery::default()
        };
        for chip in &self.chips {
            match chip {
                Chip::From(_) | Chip::In(_) => {}
                Chip::Has(has) => query.has.push(*has),
                Chip::Before(day) => query.before = Some(start(*day)),
                Chip::After(day) => query.after = Some(start(*day)),
                Chip::Unread => query.unread = true,
                Chip::Starred => query.starred = true,
                Chip::Mine => query.mine = true,
                Chip::Mentions => query.mentions = true,
            }
        }
        query
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn operators_become_filters_and_the_rest_stays() {
        let parsed = parse(
            "hello from:\"Anna B\" has:link \"exact phrase\" is:starred before:2026-11-02 x:y",
        );
        assert_eq!(parsed.text, "hello \"exact phrase\" x:y");
        assert_eq!(
            parsed.chips,
            [
                Chip::From("Anna B".into()),
                Chip::Has(Has::Link),
                Chip::Starred,
                Chip::Before(Day {
                    year: 2026,
                    month: 11,
                    day: 2
                }),
            ]
        );
        let query = parsed.query(|day| u64::from(day.day));
        assert!(query.starred && query.has == [Has::Link] && query.before == Some(2));
    }

    #[test]
    fn an_operator_that_names_nothing_is_a_word() {
        for typed in [
            "has:nothing",
            "is:x",
            "before:yesterday",
            "after:2026-13-01",
            "from:",
            "https://a.example",
        ] {
            let parsed = parse(typed);
            assert_eq!((parsed.text.as_str(), parsed.chips.len()), (typed, 0));
        }
    }

    #[test]
    fn a_chip_is_taken_away_by_pressing_it_again() {
        let parsed = parse("word is:unread");
        assert_eq!(parsed.clone().toggled(&Chip::Unread).typed(), "word");
        assert_eq!(
            parsed.toggled(&Chip::Mine).typed(),
            "word is:unread is:mine"
        );
    }

    proptest! {
        #[test]
        fn what_is_taken_apart_and_put_together_means_the_same(typed in "[ -~äß\"]{0,60}") {
            let once = parse(&typed);
            let again = parse(&once.typed());
            if typed.matches('"').count() % 2 == 0 {
                prop_assert_eq!(again.chips.len(), once.chips.len());
            }
        }
    }
}
