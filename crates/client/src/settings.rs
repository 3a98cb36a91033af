//! What the person chose, on this device (screens 17, X4 and X6).

use crate::api::{Event, Settings};
use crate::conversation::Conversations;
use crate::disappear;
use crate::ports::{Durability, Ports, Table};
use crate::reaction::is_one_emoji;
use crate::store::{Key, RecordError, Records};

/// Quick reactions.
const QUICK: usize = 6;
/// Sounds.
const SOUNDS: u8 = 6;
/// Searches and emoji that are remembered, and the longest search (code points).
const SEARCHES: usize = 10;
const EMOJI: usize = 32;
const SEARCH_LENGTH: usize = 200;
/// Minutes of a day.
const DAY: u16 = 24 * 60;

fn key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Account, "settings", &[])
}

pub(crate) async fn load<P: Ports>(records: &Records<P>) -> Result<Settings, RecordError> {
    Ok(records.get_sound(&key(records)).await?.unwrap_or_default())
}

/// Within what screens offer.
fn tidy(mut settings: Settings) -> Settings {
    settings.undo_seconds = match settings.undo_seconds {
        0 => 0,
        1..=3 => 3,
        4..=5 => 5,
        _ => 10,
    };
    settings.keep_files_days = match settings.keep_files_days {
        0 => 0,
        1..=30 => 30,
        31..=90 => 90,
        _ => 365,
    };
    settings.default_timer = disappear::allowed(settings.default_timer, false);
    settings.sound = settings.sound.min(SOUNDS);
    settings.volume = settings.volume.min(100);
    settings.quick_reactions.retain(|emoji| is_one_emoji(emoji));
    settings.quick_reactions.truncate(QUICK);
    settings.quiet_hours = settings
        .quiet_hours
        .filter(|(from, to)| *from < DAY && *to < DAY && from != to);
    if let Some(searches) = &mut settings.recent_searches {
        searches.retain(|search| search.chars().count() <= SEARCH_LENGTH);
        searches.truncate(SEARCHES);
    }
    settings.recent_emoji.retain(|emoji| is_one_emoji(emoji));
    settings.recent_emoji.truncate(EMOJI);
    settings.emoji_tone = settings.emoji_tone.min(5);
    settings.quiet_days &= Settings::EVERY_DAY;
    if settings.quiet_days == 0 {
        // On no day is never.
        (settings.quiet_days, settings.quiet_hours) = (Settings::EVERY_DAY, None);
    }
    settings
}

impl<P: Ports> Conversations<P> {
    pub(crate) async fn set_settings(&self, settings: Settings) -> Result<(), RecordError> {
        let settings = tidy(settings);
        let before = self.shown_settings();
        let mut change = self.change().await;
        change.tx.put(&key(&self.records), &settings);
        if before.community_requests != settings.community_requests {
            let now = change.network_now();
            let allowed = settings.community_requests;
            change.configs.allow_community_requests(allowed, now)?;
        }
        change.commit(Durability::Strict).await?;
        self.settings.replace(settings.clone());
        if before != settings {
            self.events.emit(Event::Settings(Box::new(settings)));
        }
        Ok(())
    }

    /// What the person chose, on this device and, where it is synced, on any.
    pub(crate) fn shown_settings(&self) -> Settings {
        let chosen = self.configs.get().profile.community_requests();
        Settings {
            // Nobody chose: they may not (30-config Decisions 5).
            community_requests: chosen.unwrap_or(false),
            ..self.settings.borrow().clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_screen_offers_is_brought_into_its_bounds() {
        let settings = tidy(Settings {
            undo_seconds: 200,
            sound: 9,
            quick_reactions: ["👍", "no", "👩‍🚀", "", "🎉", "👀", "🔥", "🙏", "🚀"]
                .map(Into::into)
                .to_vec(),
            quiet_hours: Some((60, 5_000)),
            quiet_days: 0xff,
            volume: 255,
            ..Settings::default()
        });
        assert_eq!((settings.quiet_days, settings.volume), (0x7f, 100));
        assert_eq!((settings.undo_seconds, settings.sound), (10, 6));
        assert_eq!(settings.quick_reactions.len(), 6);
        assert_eq!(settings.quick_reactions[1], "👩‍🚀");
        assert_eq!(settings.quiet_hours, None);
        assert_eq!(tidy(Settings::default()), Settings::default());
        let on_no_day = tidy(Settings {
            quiet_hours: Some((60, 120)),
            quiet_days: 0x80,
            ..Settings::default()
        });
        assert_eq!(on_no_day, Settings::default());
    }
}
