//! How the app looks and moves on this device: theme, language, swipes, badge, title, notifications, the composer's keys; and
//! whether an account is kept here. Written down only once an account may stay on this device, since until then nothing is (screens W2); before that
//! a choice lives as long as the page.

use crate::i18n::Language;
use leptos::prelude::*;
use onionskin_client::api::Pressure;

/// A theme, or the system's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
    Black,
    HighContrastLight,
    HighContrastDark,
}

impl Theme {
    /// All, as the settings offer them.
    pub(crate) const ALL: [Self; 6] = [
        Self::System,
        Self::Light,
        Self::Dark,
        Self::Black,
        Self::HighContrastLight,
        Self::HighContrastDark,
    ];

    /// Name in the style sheet and in storage.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Black => "black",
            Self::HighContrastLight => "hc-light",
            Self::HighContrastDark => "hc-dark",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.key() == key)
    }

    fn show(self) {
        let Some(root) = document().document_element() else {
            return;
        };
        // Both are valid attribute names, which is all that can be refused.
        let _ = match self {
            Self::System => root.remove_attribute("data-theme"),
            chosen => root.set_attribute("data-theme", chosen.key()),
        };
    }
}

/// What the badge of the app's icon counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Badge {
    Conversations,
    Messages,
    Off,
}

impl Badge {
    /// All, as the settings offer them.
    pub(crate) const ALL: [Self; 3] = [Self::Conversations, Self::Messages, Self::Off];

    /// Name in storage.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Messages => "messages",
            Self::Off => "off",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|badge| badge.key() == key)
    }
}

const THEME: &str = "onionskin.theme";
const LANGUAGE: &str = "onionskin.language";
const SWIPE: &str = "onionskin.swipe";
const BADGE: &str = "onionskin.badge";
const NEUTRAL: &str = "onionskin.neutral";
const ENTER: &str = "onionskin.enter";
const SPELL: &str = "onionskin.spell";
const ROOM: &str = "onionskin.room";
/// So long (ms) nobody is told again that the room runs out.
const ROOM_OFF_MS: u64 = 86_400_000;
const REPLY: &str = "onionskin.reply";
const ASKED: &str = "onionskin.asked";
/// An account is kept here, says a place that browsers lose at other times than the accounts themselves.
const KEPT: &str = "onionskin.kept";

/// The choices, as signals.
#[derive(Clone, Copy)]
pub(crate) struct Prefs {
    pub theme: RwSignal<Theme>,
    pub language: RwSignal<Language>,
    /// Rows of the list can be swiped.
    pub swipe: RwSignal<bool>,
    /// What the badge of the app's icon counts.
    pub badge: RwSignal<Badge>,
    /// Title and icon of the tab do not name the product.
    pub neutral: RwSignal<bool>,
    /// Enter sends; else it breaks the line, and Ctrl or Cmd with Enter sends.
    pub enter: RwSignal<bool>,
    /// The browser may check what is written.
    pub spell: RwSignal<bool>,
    /// Nobody wants to hear before then (device clock, ms) that so little room is left.
    pub room_off: RwSignal<Option<(Pressure, u64)>>,
    /// A notification can be answered.
    pub reply: RwSignal<bool>,
    /// When the person was last asked whether they want notifications (device clock, ms); 0: never.
    pub asked: RwSignal<f64>,
    /// An account is kept here, so choices may be written.
    pub may_write: RwSignal<bool>,
}

impl Prefs {
    /// Reads what was kept, shows it, and follows changes.
    pub(crate) fn start() -> Self {
        let prefs = Self {
            theme: RwSignal::new(
                read(THEME)
                    .and_then(|key| Theme::from_key(&key))
                    .unwrap_or(Theme::System),
            ),
            language: RwSignal::new(
                read(LANGUAGE)
                    .and_then(|tag| Language::from_tag(&tag))
                    .unwrap_or_else(Language::of_browser),
            ),
            swipe: RwSignal::new(read(SWIPE).is_none()),
            badge: RwSignal::new(
                read(BADGE)
                    .and_then(|key| Badge::from_key(&key))
                    .unwrap_or(Badge::Conversations),
            ),
            neutral: RwSignal::new(read(NEUTRAL).is_some()),
            enter: RwSignal::new(read(ENTER).is_none()),
            spell: RwSignal::new(read(SPELL).is_some()),
            room_off: RwSignal::new(read(ROOM).and_then(|text| read_room_off(&text))),
            reply: RwSignal::new(read(REPLY).is_none()),
            asked: RwSignal::new(
                read(ASKED)
                    .and_then(|at| at.parse().ok())
                    .unwrap_or_default(),
            ),
            may_write: RwSignal::new(false),
        };
        crate::i18n::use_language(prefs.language.get_untracked());
        Effect::new(move |_| {
            let theme = prefs.theme.get();
            theme.show();
            if prefs.may_write.get() {
                write(THEME, (theme != Theme::System).then(|| theme.key()));
            }
        });
        Effect::new(move |_| {
            let language = prefs.language.get();
            if prefs.may_write.get() {
                let own = language != Language::of_browser();
                write(LANGUAGE, own.then(|| language.tag()));
            }
        });
        // What differs from how it is at first is written down.
        let keep = |key: &'static str, signal: RwSignal<bool>, first: bool| {
            Effect::new(move |_| {
                let now = signal.get();
                if prefs.may_write.get() {
                    let word = if now { "on" } else { "off" };
                    write(key, (now != first).then_some(word));
                }
            });
        };
        keep(SWIPE, prefs.swipe, true);
        keep(NEUTRAL, prefs.neutral, false);
        keep(ENTER, prefs.enter, true);
        keep(SPELL, prefs.spell, false);
        keep(REPLY, prefs.reply, true);
        Effect::new(move |_| {
            let asked = prefs.asked.get();
            if prefs.may_write.get() {
                write(ASKED, (asked > 0.0).then(|| asked.to_string()).as_deref());
            }
        });
        Effect::new(move |_| {
            if prefs.may_write.get() {
                write(KEPT, Some("yes"));
            }
        });
        Effect::new(move |_| {
            let badge = prefs.badge.get();
            if prefs.may_write.get() {
                write(BADGE, (badge != Badge::Conversations).then(|| badge.key()));
            }
        });
        prefs
    }

    /// For a day nobody is told of this pressure again, nor of less.
    pub(crate) fn put_room_off(self, pressure: Pressure) {
        let until = js_sys::Date::now() as u64 + ROOM_OFF_MS;
        self.room_off.set(Some((pressure, until)));
        if self.may_write.get_untracked() {
            write(ROOM, Some(&write_room_off(pressure, until)));
        }
    }

    /// An account was kept here the last time, and nobody erased it.
    pub(crate) fn had_account(self) -> bool {
        read(KEPT).is_some()
    }

    /// Changes the language of everything on screen.
    pub(crate) fn choose_language(self, language: Language) {
        crate::i18n::use_language(language);
        self.language.set(language);
    }

    /// Removes what was kept: no account is left here.
    pub(crate) fn forget(self) {
        self.may_write.set(false);
        for key in [
            THEME, LANGUAGE, SWIPE, BADGE, NEUTRAL, ENTER, SPELL, ROOM, REPLY, ASKED, KEPT,
        ] {
            write(key, None);
        }
    }
}

/// `full` or `tight`, and a time.
fn write_room_off(pressure: Pressure, until: u64) -> String {
    let word = match pressure {
        Pressure::Full => "full",
        Pressure::Tight | Pressure::None => "tight",
    };
    format!("{word} {until}")
}

fn read_room_off(text: &str) -> Option<(Pressure, u64)> {
    let (word, until) = text.split_once(' ')?;
    let pressure = match word {
        "full" => Pressure::Full,
        "tight" => Pressure::Tight,
        _ => return None,
    };
    Some((pressure, until.parse().ok()?))
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// A browser that refuses storage keeps the choice for as long as the page lives.
fn write(key: &str, value: Option<&str>) {
    if let Some(storage) = storage() {
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_off_is_read_back_and_nonsense_is_not() {
        for off in [(Pressure::Full, 1_700_000_000_000), (Pressure::Tight, 0)] {
            assert_eq!(read_room_off(&write_room_off(off.0, off.1)), Some(off));
        }
        for text in ["", "full", "full x", "none 5", "tight -1"] {
            assert_eq!(read_room_off(text), None, "{text}");
        }
    }
}
