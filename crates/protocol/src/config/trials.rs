//! What holds for each of the four configs of an account: every order of the same versions gives the same bytes, all
//! devices come to one version, and nothing of newer clients is lost.

#![allow(clippy::unwrap_used)]

use super::community::Community;
use super::convo_volatile::{Convo, ReadState};
use super::ids::GroupId;
use super::tests::{NOW, NOW_S, Swarm, account, person, picture, put_all};
use super::user_groups::{Common, CommunityRecord, Group};
use super::value::{Dict, Value, strategies};
use super::*;
use crate::id::MessageHash;
use crate::keys::X25519PublicKey;
use crate::time::Timestamp;
use proptest::prelude::*;
use std::ops::{Deref, DerefMut};

/// A config of any kind, edited as a person edits it.
enum Typed {
    Profile(UserProfile),
    Contacts(Contacts),
    Volatile(ConvoInfoVolatile),
    Groups(UserGroups),
}

const KINDS: [Kind; 4] = [
    Kind::UserProfile,
    Kind::Contacts,
    Kind::ConvoInfoVolatile,
    Kind::UserGroups,
];

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(KINDS.to_vec())
}

impl Deref for Typed {
    type Target = Config;
    fn deref(&self) -> &Config {
        match self {
            Self::Profile(config) => config,
            Self::Contacts(config) => config,
            Self::Volatile(config) => config,
            Self::Groups(config) => config,
        }
    }
}

impl DerefMut for Typed {
    fn deref_mut(&mut self) -> &mut Config {
        match self {
            Self::Profile(config) => config,
            Self::Contacts(config) => config,
            Self::Volatile(config) => config,
            Self::Groups(config) => config,
        }
    }
}

fn room(number: u8) -> Community {
    let key = X25519PublicKey([number % 2; 32]);
    Community::new("http://rooms.example", &format!("Room{}", number % 3), key).unwrap()
}

fn group(number: u8) -> GroupId {
    let mut id = [number % 3; 33];
    id[0] = GroupId::PREFIX;
    GroupId::from_bytes(&id).unwrap()
}

impl Typed {
    fn new(kind: Kind) -> Self {
        let account = &account();
        match kind {
            Kind::UserProfile => Self::Profile(UserProfile::new(account)),
            Kind::Contacts => Self::Contacts(Contacts::new(account)),
            Kind::ConvoInfoVolatile => Self::Volatile(ConvoInfoVolatile::new(account)),
            _ => Self::Groups(UserGroups::new(account)),
        }
    }

    /// One of many edits, which meet on few records.
    fn edit(&mut self, number: u8) {
        let (what, who) = (number / 4 % 5, person(9 + number % 4));
        let text = format!("{}", number / 20);
        match self {
            Self::Profile(profile) => match what {
                0 | 1 => profile.set_name(&text, NOW_S + u64::from(number)),
                2 => profile.set_picture(Some(&picture(&text)), NOW_S),
                3 => profile.set_note_to_self_priority(i64::from(number % 3) - 1),
                _ => profile.set_note_to_self_timer(Some(number.into())),
            },
            Self::Contacts(contacts) => {
                let mut contact = contacts.get_or_new(&who);
                match what {
                    0 => contact.name = text,
                    1 => contact.nickname = text,
                    2 => contact.blocked = !contact.blocked,
                    3 => contact.picture = Some(picture(&text)),
                    _ => return contacts.erase(&who).unwrap(),
                }
                contacts.set(&contact)
            }
            Self::Volatile(volatile) => {
                let convo = match number % 3 {
                    0 => Convo::Person(who),
                    1 => Convo::Group(group(number)),
                    _ => Convo::Community(room(number)),
                };
                if what == 0 {
                    return volatile.erase(&convo).unwrap();
                }
                let last_read = Timestamp(NOW.as_millis() - u64::from(number) * 1_000);
                let unread = what == 1;
                volatile.set(&convo, ReadState { last_read, unread }, NOW)
            }
            Self::Groups(groups) => {
                let common = Common {
                    priority: i64::from(number % 5) - 1,
                    ..Common::default()
                };
                let (id, community) = (group(number), room(number));
                match what {
                    0 => groups.erase_group(&id),
                    1 => groups.erase_community(&community),
                    2 => groups.set_community(&CommunityRecord { community, common }),
                    _ => groups.set_group(&Group {
                        name: text,
                        common,
                        ..groups.group(&id).unwrap_or_else(|| Group::new(id))
                    }),
                }
            }
        }
        .unwrap();
    }

    /// Where records stand that the edits touch.
    fn records(&self) -> Vec<Vec<Vec<u8>>> {
        let at = |parts: &[&[u8]]| parts.iter().map(|part| part.to_vec()).collect();
        let server: [&[u8]; 2] = [b"o", b"http://rooms.example"];
        let (who, id) = (person(9).to_bytes(), group(1).to_bytes());
        match self {
            Self::Profile(_) => Vec::new(),
            Self::Contacts(_) => vec![at(&[b"c", &who])],
            Self::Volatile(_) => vec![at(&[b"1", &who]), at(&[b"g", &id]), at(&server)],
            Self::Groups(_) => vec![
                at(&[b"g", &id]),
                at(&server),
                at(&[server[0], server[1], b"R", b"room1"]),
            ],
        }
    }
}

/// One after the other with its turns: what it does, and with what.
fn turns() -> impl Strategy<Value = Vec<(usize, u8, u8, Dict)>> {
    prop::collection::vec((0..3usize, 0..6u8, any::<u8>(), strategies::dict()), 1..24)
}

fn do_turn(device: &mut Typed, what: u8, number: u8, data: &Dict) {
    match what {
        0 => put_all(device, data),
        _ => device.edit(number),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_order_of_the_same_versions_is_stored_as_the_same_bytes(
        kind in kinds(), turns in turns(), order in any::<u64>(),
    ) {
        // Three devices that see each other now and then; every version that was ever stored stays.
        let mut swarm = Swarm::default();
        let mut devices: Vec<Typed> = (0..3).map(|_| Typed::new(kind)).collect();
        for (device, what, number, data) in turns {
            let device = &mut devices[device];
            do_turn(device, what, number, &data);
            if number % 3 == 0 {
                swarm.fetch(device);
            }
            for message in device.push().unwrap().messages {
                swarm.store(device, &message);
            }
        }
        let outcome = |messages: &[(MessageHash, Vec<u8>)]| {
            let mut device = Typed::new(kind);
            Swarm(messages.to_vec()).fetch(&mut device);
            let push = device.push().unwrap();
            (push.seqno, push.messages, device.data().clone())
        };
        let expected = outcome(&swarm.0);
        let mut messages = swarm.0.clone();
        let places = messages.len();
        let mut order = order;
        for place in (1..places).rev() {
            messages.swap(place, order as usize % (place + 1));
            order = order.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        prop_assert_eq!(outcome(&messages), expected.clone());
        messages.reverse();
        prop_assert_eq!(outcome(&messages), expected.clone());
        // Who has merged and who has not agree as well.
        let mut merged = Swarm(messages);
        for message in &expected.1 {
            merged.store(&devices[0], message);
        }
        prop_assert_eq!(outcome(&merged.0), expected);
    }

    #[test]
    fn devices_come_to_one_version_whatever_they_edit_and_whenever_they_sync(
        kind in kinds(), turns in turns(),
    ) {
        let mut swarm = Swarm::default();
        let mut devices: Vec<Typed> = (0..3).map(|_| Typed::new(kind)).collect();
        for (device, what, number, data) in turns {
            match what {
                5 => swarm.sync(&mut devices[device]),
                _ => do_turn(&mut devices[device], what, number, &data),
            }
        }
        for _ in 0..4 {
            for device in &mut devices {
                swarm.sync(device);
            }
        }
        prop_assert!(swarm.0.len() <= 1);
        let stored: Vec<Vec<u8>> = swarm.0.iter().map(|(_, message)| message.clone()).collect();
        for device in &mut devices {
            prop_assert_eq!(device.state(), State::Stored);
            if device.seqno() > 0 {
                prop_assert_eq!(&device.push().unwrap().messages, &stored);
            }
        }
    }

    #[test]
    fn keys_of_newer_clients_survive_every_edit_and_merge_untouched(
        kind in kinds(), future in strategies::dict(), edits in prop::collection::vec(any::<u8>(), 1..12),
    ) {
        let named = |key: &[u8]| [b"x-", key].concat();
        let mut newer = Typed::new(kind);
        let mut places = newer.records();
        for record in &places {
            let record: Vec<&[u8]> = record.iter().map(Vec::as_slice).collect();
            newer.put_value(&[&record, [b"x".as_slice()].as_slice()].concat(), 1.into()).unwrap();
        }
        places.push(Vec::new());
        let mut kept = Vec::new();
        for place in &places {
            for (key, value) in &future {
                let path: Vec<Vec<u8>> = place.iter().cloned().chain([named(key)]).collect();
                let keys: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
                newer.put_value(&keys, value.clone()).unwrap();
                kept.push((path, value.clone()));
            }
        }
        let mut swarm = Swarm::default();
        swarm.sync(&mut newer);
        let mut ours = Typed::new(kind);
        swarm.fetch(&mut ours);
        for (place, number) in edits.iter().enumerate() {
            // A record that somebody deletes goes whole; that is meant.
            let before: Vec<bool> = kept.iter().map(|(path, _)| is_there(&ours, path)).collect();
            ours.edit(*number);
            let mut there = before.iter();
            kept.retain(|(path, _)| !there.next().unwrap() || record_is_there(&ours, path));
            if place % 2 == 0 {
                newer.put_value(&[b"x-later"], i64::try_from(place).unwrap().into()).unwrap();
                swarm.sync(&mut newer);
            }
        }
        for _ in 0..2 {
            swarm.sync(&mut newer);
            swarm.sync(&mut ours);
        }
        for (path, value) in &kept {
            let keys: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
            for config in [&newer, &ours] {
                prop_assert_eq!(config.value(&keys), Some(value), "{:?}", path);
            }
        }
        prop_assert_eq!(newer.data(), ours.data());
    }
}

fn is_there(config: &Config, path: &[Vec<u8>]) -> bool {
    let keys: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
    config.value(&keys).is_some()
}

fn record_is_there(config: &Config, path: &[Vec<u8>]) -> bool {
    path.len() == 1 || is_there(config, &path[..path.len() - 1])
}

#[test]
fn an_edit_meets_the_records_in_which_newer_keys_are_looked_for() {
    for kind in KINDS {
        let mut config = Typed::new(kind);
        for number in 0..=255 {
            config.edit(number);
            for place in config.records() {
                let keys: Vec<&[u8]> = place.iter().map(Vec::as_slice).collect();
                let record = config.value(&keys);
                assert!(record.is_none_or(|record| matches!(record, Value::Dict(_))));
            }
        }
        assert!(
            config
                .records()
                .iter()
                .any(|place| is_there(&config, place))
                || kind == KINDS[0]
        );
    }
}
