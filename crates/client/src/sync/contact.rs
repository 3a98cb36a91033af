//! What of a conversation stands in the Contacts config, and back (30-config 11).

use crate::api::{Notify, Timer};
use crate::conversation::{ConversationRecord, PictureRef};
use onionskin_protocol::config::UserProfile;
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::config::fields::{self, MAX_NAME, MAX_PICTURE_URL, PICTURE_KEY, truncated};
use onionskin_protocol::message::content::{Expiry, ProfilePicture};

/// Whether other devices should know of this conversation at all: one that shows, or that the person has decided about.
pub(super) fn is_known(record: &ConversationRecord) -> bool {
    !record.hidden || record.blocked || record.priority < 0 || !record.nickname.is_empty()
}

/// The contact as it should stand in the config. When somebody was added stays as it is known.
pub(super) fn of(record: &ConversationRecord, known: Option<&Contact>) -> Contact {
    let created_s = known.map_or(record.created, |known| known.created_s);
    Contact {
        name: truncated(&record.name, MAX_NAME).to_owned(),
        nickname: truncated(&record.nickname, MAX_NAME).to_owned(),
        picture: record.picture.as_ref().and_then(picture),
        updated_s: updated(record),
        approved: record.approved,
        approved_me: record.approved_me,
        blocked: record.blocked,
        priority: record.priority,
        notify: match record.notify {
            Notify::Default => fields::Notify::Default,
            // With two people every message is a mention.
            Notify::All | Notify::Mentions => fields::Notify::All,
            Notify::Nothing => fields::Notify::Disabled,
        },
        mute_until_s: record.muted_until.map_or(0, |until| until.div_ceil(1_000)),
        expiry: match record.timer {
            Timer::Off | Timer::AfterRead(0) | Timer::AfterSend(0) => Expiry::Off,
            Timer::AfterRead(seconds) => Expiry::AfterRead(seconds),
            Timer::AfterSend(seconds) => Expiry::AfterSend(seconds),
        },
        created_s,
        ..Contact::new(record.account_id())
    }
}

/// Takes over what the config says. A profile that is newer here than there stays.
pub(crate) fn take(record: &mut ConversationRecord, contact: &Contact) {
    let newer = contact.updated_s > updated(record);
    let same = contact.updated_s == updated(record);
    if newer || same && !contact.name.is_empty() {
        record.name.clone_from(&contact.name);
    }
    // A picture with a short key, of an old client, cannot stand in the config.
    let unwritten = record
        .picture
        .as_ref()
        .is_some_and(|own| picture(own).is_none());
    if newer || same && (contact.picture.is_some() || !unwritten) {
        record.picture = contact.picture.as_ref().map(reference);
    }
    if newer {
        record.profile_updated = contact.updated_s;
    }
    record.nickname.clone_from(&contact.nickname);
    record.approved = contact.approved;
    record.approved_me = contact.approved_me;
    record.blocked = contact.blocked;
    record.priority = contact.priority;
    record.hidden = contact.priority < 0;
    record.notify = match (contact.notify, record.notify) {
        // No difference between two people.
        (fields::Notify::All, Notify::Mentions) => Notify::Mentions,
        (fields::Notify::Default, _) => Notify::Default,
        (fields::Notify::All | fields::Notify::Mentions, _) => Notify::All,
        (fields::Notify::Disabled, _) => Notify::Nothing,
    };
    if record.muted_until.map_or(0, |until| until.div_ceil(1_000)) != contact.mute_until_s {
        let until = contact.mute_until_s.saturating_mul(1_000);
        record.muted_until = (until > 0).then_some(until);
    }
    record.timer = match contact.expiry {
        Expiry::Off => Timer::Off,
        Expiry::AfterRead(seconds) => Timer::AfterRead(seconds),
        Expiry::AfterSend(seconds) => Timer::AfterSend(seconds),
    };
    if contact.created_s > 0 {
        record.created = contact.created_s;
    }
}

/// Seconds, whatever unit they told it in.
fn updated(record: &ConversationRecord) -> u64 {
    fields::seconds(i64::try_from(record.profile_updated).unwrap_or(i64::MAX))
}

/// As it can stand in a config.
fn picture(own: &PictureRef) -> Option<ProfilePicture> {
    let fits = !own.url.is_empty() && own.url.len() <= MAX_PICTURE_URL;
    (fits && own.key.len() == PICTURE_KEY).then(|| ProfilePicture {
        url: own.url.clone(),
        key: own.key.clone(),
    })
}

pub(crate) fn reference(picture: &ProfilePicture) -> PictureRef {
    PictureRef {
        url: picture.url.clone(),
        key: picture.key.clone(),
    }
}

/// How long notes to oneself stay.
pub(super) fn note_timer(profile: &UserProfile) -> Timer {
    profile
        .note_to_self_timer_s()
        .map_or(Timer::Off, Timer::AfterSend)
}

pub(super) fn seconds_of(timer: Timer) -> Option<u32> {
    match timer {
        Timer::Off | Timer::AfterRead(0) | Timer::AfterSend(0) => None,
        Timer::AfterRead(seconds) | Timer::AfterSend(seconds) => Some(seconds),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::conversation::tests::record;
    use onionskin_protocol::account::{Account, Seed};
    use onionskin_protocol::config::Contacts;
    use proptest::prelude::*;

    /// Everything that devices share, drawn from numbers.
    fn drawn(text: &str, number: u32) -> ConversationRecord {
        let mut drawn = record(7);
        drawn.name = text.to_owned();
        drawn.nickname = text.chars().rev().collect();
        drawn.profile_updated = u64::from(number);
        drawn.approved = number & 1 > 0;
        drawn.approved_me = number & 2 > 0;
        drawn.blocked = number & 4 > 0;
        drawn.hidden = number & 8 > 0;
        drawn.priority = if drawn.hidden {
            -1
        } else {
            i64::from(number >> 28)
        };
        drawn.notify = [Notify::Default, Notify::All, Notify::Nothing][number as usize % 3];
        drawn.muted_until = (number & 16 > 0).then_some(u64::from(number) * 1_000);
        drawn.timer = match number % 3 {
            0 => Timer::Off,
            1 => Timer::AfterRead(number),
            _ => Timer::AfterSend(number),
        };
        drawn.picture = (number & 32 > 0).then(|| PictureRef {
            url: format!("http://files/{number}"),
            key: vec![3; 32],
        });
        drawn
    }

    proptest! {
        #[test]
        fn what_one_device_writes_another_one_reads(text in ".{0,60}", number: u32) {
            let account = Account::from_seed(Seed::from_bytes([1; 16]));
            let here = drawn(&text, number);
            let mut config = Contacts::new(account.ed25519());
            config.set(&of(&here, None)).unwrap();
            let contact = config.get(&here.account_id()).unwrap();
            let mut there = record(7);
            take(&mut there, &contact);
            prop_assert_eq!(of(&there, Some(&contact)), contact.clone(), "nothing is left to be written");
            prop_assert_eq!(of(&here, Some(&contact)), contact);
            there.created = here.created;
            there.name.clone_from(&here.name);
            there.nickname.clone_from(&here.nickname);
            there.active_at = here.active_at;
            prop_assert_eq!(there, here);
        }
    }

    proptest! {
        #[test]
        fn whatever_time_a_profile_tells_is_written_once(
            time in prop_oneof![any::<u64>(), 0..20_000_000_000u64, 8_999_999_999_000_000u64..9_000_000_000_000_002],
        ) {
            let account = Account::from_seed(Seed::from_bytes([1; 16]));
            let mut here = record(7);
            here.profile_updated = time;
            let mut config = Contacts::new(account.ed25519());
            let written = of(&here, None);
            config.set(&written).unwrap();
            let contact = config.get(&here.account_id()).unwrap();
            prop_assert_eq!(&contact, &written);
            let mut there = record(7);
            take(&mut there, &contact);
            prop_assert_eq!(of(&there, Some(&contact)), contact);
        }
    }

    #[test]
    fn a_profile_that_is_newer_here_stays_and_is_written() {
        let mut here = record(7);
        here.name = "new".into();
        here.profile_updated = 20;
        let mut contact = Contact::new(here.account_id());
        contact.name = "old".into();
        contact.updated_s = 10;
        take(&mut here, &contact);
        assert_eq!(here.name, "new");
        let written = of(&here, Some(&contact));
        assert_eq!((written.name.as_str(), written.updated_s), ("new", 20));
    }

    #[test]
    fn a_picture_with_a_short_key_stays_here_and_is_not_written() {
        let mut here = record(7);
        let old = PictureRef {
            url: "http://files/1".into(),
            key: vec![1; 16],
        };
        here.picture = Some(old.clone());
        let contact = of(&here, None);
        assert_eq!(contact.picture, None);
        take(&mut here, &contact);
        assert_eq!(here.picture, Some(old));
    }
}
