//! All emoji with their names, loaded when somebody first needs them: by group, by word, and with a skin tone
//! (`emoji/build.mjs` writes the file).

use super::state::App;
use super::world::{Load, load};
use crate::i18n::language;
use leptos::prelude::*;
use onionskin_protocol::sorted::sort_by_key;

/// So many that were used last are remembered.
const RECENT: usize = 24;
const HEAD: &str = "emoji 1";
/// More groups than this are no table of ours.
const MAX_GROUPS: usize = 20;

/// One emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emoji {
    pub emoji: String,
    pub name: String,
    /// Name and other words for it, in lower case, separated by commas.
    words: String,
    tones: bool,
}

/// All of them by group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub groups: Vec<(String, Vec<Emoji>)>,
}

impl Table {
    /// Reads the file; `None` when it is no such table.
    pub(crate) fn parse(file: &str) -> Option<Self> {
        let mut lines = file.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let mut groups: Vec<(String, Vec<Emoji>)> = Vec::new();
        for line in lines {
            if let Some(key) = line.strip_prefix("# ") {
                groups.push((key.to_owned(), Vec::new()));
                continue;
            }
            let mut parts = line.split('\t');
            let (emoji, name, words, tones) =
                (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let one = Emoji {
                emoji: emoji.to_owned(),
                name: name.to_owned(),
                words: format!("{name},{words}").to_lowercase(),
                tones: tones == "t",
            };
            groups.last_mut()?.1.push(one);
        }
        (!groups.is_empty() && groups.len() <= MAX_GROUPS).then_some(Self { groups })
    }

    fn all(&self) -> impl Iterator<Item = &Emoji> {
        self.groups.iter().flat_map(|(_, members)| members)
    }

    /// The best matches: names that begin with the words, then names and other words that hold them.
    pub(crate) fn find(&self, sought: &str, limit: usize) -> Vec<&Emoji> {
        let sought = sought.trim().to_lowercase().replace('_', " ");
        if sought.is_empty() {
            return Vec::new();
        }
        let rank = |one: &Emoji| {
            let mut words = one.words.split(',');
            let name = words.next().unwrap_or("");
            let begins = |text: &str| text.split(' ').any(|word| word.starts_with(&sought));
            if name.starts_with(&sought) {
                Some(0)
            } else if one.words.split(',').skip(1).any(|word| word == sought) {
                Some(1)
            } else if begins(name) {
                Some(2)
            } else if words.any(|word| word.starts_with(&sought)) {
                Some(3)
            } else {
                one.words.contains(&sought).then_some(4)
            }
        };
        let mut found: Vec<(u8, &Emoji)> = self
            .all()
            .filter_map(|one| rank(one).map(|rank| (rank, one)))
            .collect();
        sort_by_key(&mut found, |(rank, _)| *rank);
        found.into_iter().take(limit).map(|(_, one)| one).collect()
    }

    /// The emoji as listed.
    pub(crate) fn get(&self, emoji: &str) -> Option<&Emoji> {
        self.all().find(|one| one.emoji == emoji)
    }
}

impl Emoji {
    /// In a skin tone: 0 is none, 1 to 5 light to dark.
    pub(crate) fn in_tone(&self, tone: u8) -> String {
        let modifier = match (self.tones, tone) {
            (true, 1..=5) => char::from_u32(0x1f3fa + u32::from(tone)),
            _ => None,
        };
        let (Some(modifier), Some(first)) = (modifier, self.emoji.chars().next()) else {
            return self.emoji.clone();
        };
        let rest = &self.emoji[first.len_utf8()..];
        let rest = rest.strip_prefix('\u{fe0f}').unwrap_or(rest);
        format!("{first}{modifier}{rest}")
    }
}

/// The table in the language on screen, and what was used.
#[derive(Clone, Copy)]
pub(crate) struct Emojis {
    pub table: RwSignal<Load<Table>>,
    /// Newest first.
    pub recent: RwSignal<Vec<String>>,
    pub tone: RwSignal<u8>,
    loaded: StoredValue<Option<&'static str>>,
}

impl Emojis {
    pub(crate) fn new() -> Self {
        Self {
            table: RwSignal::new(Load::Absent),
            recent: RwSignal::new(Vec::new()),
            tone: RwSignal::new(0),
            loaded: StoredValue::new(None),
        }
    }

    /// Makes sure that the table is there or on its way.
    pub(crate) fn need(self) {
        let tag = language().tag();
        if self.loaded.get_value() != Some(tag) {
            self.loaded.set_value(Some(tag));
            self.table.set(Load::Absent);
        }
        load(self.table, &format!("/emoji/{tag}.txt"), |bytes| {
            Table::parse(std::str::from_utf8(&bytes).ok()?)
        });
    }

    /// Remembers that one was used.
    pub(crate) fn used(self, emoji: &str) {
        self.recent.update(|recent| {
            recent.retain(|one| one != emoji);
            recent.insert(0, emoji.to_owned());
            recent.truncate(RECENT);
        });
    }

    /// What was used before, as it was kept; and from now on it is kept when it changes.
    pub(crate) fn keep(self, app: App) {
        app.settings.with_untracked(|settings| {
            self.recent.set(settings.recent_emoji.clone());
            self.tone.set(settings.emoji_tone);
        });
        Effect::new(move |_| {
            let (recent, tone) = (self.recent.get(), self.tone.get());
            let kept = app.settings.with_untracked(|settings| {
                settings.recent_emoji == recent && settings.emoji_tone == tone
            });
            if kept || app.profile.with_untracked(Option::is_none) {
                return;
            }
            leptos::task::spawn_local(async move {
                let changed = app.change_settings(|settings| {
                    settings.recent_emoji = recent;
                    settings.emoji_tone = tone;
                });
                if let Err(failure) = changed.await {
                    app.problem.set(Some(failure));
                }
            });
        });
    }

    /// Forgets what was used.
    pub(crate) fn forget(self) {
        self.recent.set(Vec::new());
        self.tone.set(0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILES: [&str; 2] = [
        include_str!("../../public/emoji/en.txt"),
        include_str!("../../public/emoji/de.txt"),
    ];

    #[test]
    fn every_language_lists_the_same_emoji() {
        let [english, german] = FILES.map(|file| Table::parse(file).unwrap());
        let all = |table: &Table| table.all().map(|one| one.emoji.clone()).collect::<Vec<_>>();
        assert_eq!(all(&english), all(&german));
        assert!(all(&english).len() > 1_500);
    }

    #[test]
    fn words_find_emoji_and_names_come_first() {
        let [english, german] = FILES.map(|file| Table::parse(file).unwrap());
        assert_eq!(english.find("thumbs_up", 1)[0].emoji, "👍");
        assert!(german.find("herz", 30).iter().any(|one| one.emoji == "❤️"));
        assert!(english.find("no such thing", 9).is_empty());
    }

    #[test]
    fn a_tone_stands_behind_the_first_sign() {
        let table = Table::parse(FILES[0]).unwrap();
        let wave = table.find("waving hand", 1)[0];
        assert_eq!(wave.in_tone(0), "👋");
        assert_eq!(wave.in_tone(5), "👋🏿");
        let writing = table.find("writing hand", 1)[0];
        assert_eq!(writing.in_tone(1), "✍🏻");
        assert_eq!(table.find("red heart", 1)[0].in_tone(3), "❤️");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for file in [
            "",
            "emoji 2\n",
            "emoji 1\nx\ty\tz\t",
            "emoji 1\n# a\nx",
            "<!doctype html>",
        ] {
            assert_eq!(Table::parse(file), None, "{file}");
        }
    }
}
