//! Devices of one account over one swarm: what a person may rely on, whatever the order of events.

#![allow(clippy::unwrap_used)]

use super::contacts::Contact;
use super::convo_volatile::{Convo, ReadState};
use super::encrypt::KeyBase;
use super::group_info::{GroupInfo, Holder};
use super::group_members::{GroupMembers, Member, Progress, Role};
use super::ids::{BlindedId, GroupId};
use super::user_groups::{AuthData, Group};
use super::value::{Dict, Value, strategies};
use super::*;
use crate::hash::message_hash;
use crate::id::{AccountId, MessageHash, SwarmId};
use crate::keys::{Ed25519SecretKey, X25519PublicKey};
use crate::message::content::ProfilePicture;
use crate::time::Timestamp;
use proptest::prelude::*;

pub(super) const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub(super) const NOW_S: u64 = 1_790_000_000;

pub(super) fn account() -> Ed25519SecretKey {
    Ed25519SecretKey::from_seed(&[7; 32])
}

pub(super) fn person(byte: u8) -> AccountId {
    AccountId::from_key(X25519PublicKey([byte; 32]))
}

pub(super) fn picture(name: &str) -> ProfilePicture {
    ProfilePicture {
        url: format!("http://files.example/{name}"),
        key: vec![9; 32],
    }
}

/// One namespace of a swarm: stored messages by their hash, in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Swarm(pub(super) Vec<(MessageHash, Vec<u8>)>);

impl Swarm {
    pub(super) fn store(&mut self, config: &Config, message: &[u8]) -> MessageHash {
        let owner = SwarmId {
            prefix: 5,
            key: [1; 32],
        };
        let hash = message_hash(&owner, config.kind().namespace(), message);
        if self.0.iter().all(|(known, _)| *known != hash) {
            self.0.push((hash.clone(), message.to_vec()));
        }
        hash
    }

    /// Everything that a device does on its turn: fetch, merge, push if need be, delete, confirm.
    pub(super) fn sync(&mut self, config: &mut Config) {
        self.fetch(config);
        if config.needs_push() {
            let push = config.push().unwrap();
            let hashes: Vec<_> = push
                .messages
                .iter()
                .map(|message| self.store(config, message))
                .collect();
            self.0.retain(|(hash, _)| !push.obsolete.contains(hash));
            config.confirm_pushed(push.seqno, hashes);
        } else {
            let obsolete = config.take_obsolete();
            self.0.retain(|(hash, _)| !obsolete.contains(hash));
        }
    }

    pub(super) fn fetch(&self, config: &mut Config) {
        let views: Vec<_> = self
            .0
            .iter()
            .map(|(hash, message)| (hash.clone(), message.as_slice()))
            .collect();
        config.merge(&views, NOW).unwrap();
    }
}

pub(super) fn put_all(config: &mut Config, data: &Dict) {
    let gone: Vec<Vec<u8>> = config
        .data()
        .keys()
        .filter(|key| !data.contains_key(*key))
        .cloned()
        .collect();
    for key in gone {
        config.erase_value(&[&key]).unwrap();
    }
    for (key, value) in data {
        config.put_value(&[key], value.clone()).unwrap();
    }
}

#[test]
fn an_edit_that_changes_nothing_needs_no_push() {
    let mut contacts = Contacts::new(&account());
    contacts.erase(&person(9)).unwrap();
    assert!(!contacts.needs_push() && !contacts.needs_dump());
    contacts.set(&Contact::new(person(9))).unwrap();
    assert_eq!((contacts.state(), contacts.seqno()), (State::Editing, 1));
    let mut swarm = Swarm::default();
    swarm.sync(&mut contacts);
    assert_eq!(contacts.state(), State::Stored);
    contacts.dump();
    contacts.set(&Contact::new(person(9))).unwrap();
    assert!(!contacts.needs_push() && !contacts.needs_dump());
}

#[test]
fn an_edit_during_a_push_makes_its_confirmation_meaningless() {
    let mut profile = UserProfile::new(&account());
    profile.set_name("Ann", NOW_S).unwrap();
    let push = profile.push().unwrap();
    profile.set_name("Anna", NOW_S).unwrap();
    let mut swarm = Swarm::default();
    let hash = swarm.store(&profile, &push.messages[0]);
    profile.confirm_pushed(push.seqno, [hash.clone()]);
    assert_eq!((profile.state(), profile.seqno()), (State::Editing, 2));
    swarm.sync(&mut profile);
    assert_eq!(
        swarm.0.len(),
        1,
        "the first version is contained in the second and was deleted"
    );
    assert!(
        profile
            .current_hashes()
            .iter()
            .all(|current| *current != hash)
    );
}

#[test]
fn a_push_whose_answer_was_lost_is_recognised_when_it_is_fetched() {
    let mut profile = UserProfile::new(&account());
    profile.set_name("Ann", NOW_S).unwrap();
    let push = profile.push().unwrap();
    let mut swarm = Swarm::default();
    let hash = swarm.store(&profile, &push.messages[0]);
    swarm.fetch(&mut profile);
    assert_eq!(profile.state(), State::Stored);
    assert!(profile.current_hashes().contains(&hash) && profile.take_obsolete().is_empty());
}

#[test]
fn two_devices_that_made_the_same_edit_do_not_delete_each_others_version() {
    let mut swarm = Swarm::default();
    let mut devices = [UserProfile::new(&account()), UserProfile::new(&account())];
    for device in &mut devices {
        device.set_name("Ann", NOW_S).unwrap();
    }
    for device in &mut devices {
        swarm.sync(device);
    }
    assert_eq!(swarm.0.len(), 1);
    assert!(devices.iter().all(|device| device.state() == State::Stored));
    swarm.fetch(&mut devices[0]);
    assert!(devices[0].take_obsolete().is_empty());
}

#[test]
fn an_adopted_version_is_stored_again_byte_for_byte() {
    let mut swarm = Swarm::default();
    let mut first = UserProfile::new(&account());
    first.set_name("Ann", NOW_S).unwrap();
    swarm.sync(&mut first);
    let mut second = UserProfile::new(&account());
    swarm.fetch(&mut second);
    let mut second = UserProfile::load(&account(), &second.dump()).unwrap();
    assert_eq!(second.push().unwrap().messages, [swarm.0[0].1.clone()]);
    assert_eq!(second.state(), State::Stored);
}

#[test]
fn two_stored_forms_of_one_version_are_deleted_only_when_it_is_superseded() {
    let mut swarm = Swarm::default();
    let mut profile = UserProfile::new(&account());
    profile.set_name("Ann", NOW_S).unwrap();
    swarm.sync(&mut profile);
    let key = KeyBase::from_bytes(*account().seed());
    let message = pack::open(
        &swarm.0[0].1,
        Kind::UserProfile,
        std::slice::from_ref(&key),
        Some(&wrap::Owner::new(&account())),
    )
    .unwrap();
    let unwrapped = encrypt::encrypt(&encrypt::pad(&message), &key, Kind::UserProfile.domain());
    let twin = swarm.store(&profile, &unwrapped);
    swarm.fetch(&mut profile);
    assert_eq!(profile.current_hashes().len(), 1);
    assert!(
        profile.take_obsolete().is_empty(),
        "another device may be deleting ours"
    );
    let mut profile = UserProfile::load(&account(), &profile.dump()).unwrap();
    profile.set_name("Anna", NOW_S).unwrap();
    let obsolete = profile.push().unwrap().obsolete;
    assert!(obsolete.contains(&twin) && obsolete.len() == 2);
}

#[test]
fn what_cannot_be_read_stays_in_the_swarm() {
    let mut profile = UserProfile::new(&account());
    let key = KeyBase::from_bytes(*account().seed());
    let future = pack::pack(b"d1:#i1e1:&i7ee", Kind::UserProfile, 1, &key, None).unwrap();
    let other = pack::pack(
        b"d1:#i1e1:&dee",
        Kind::UserProfile,
        1,
        &KeyBase::from_bytes([1; 32]),
        None,
    )
    .unwrap();
    let mut swarm = Swarm::default();
    let names = [&future[0], &other[0]].map(|message| swarm.store(&profile, message));
    let views: Vec<_> = swarm
        .0
        .iter()
        .map(|(hash, message)| (hash.clone(), message.as_slice()))
        .collect();
    assert_eq!(profile.merge(&views, NOW), Err(MergeError));
    profile.set_name("Ann", NOW_S).unwrap();
    assert!(profile.merge(&views, NOW).unwrap().accepted.is_empty());
    assert!(
        names
            .iter()
            .all(|name| !profile.push().unwrap().obsolete.contains(name))
    );
}

#[test]
fn a_member_can_neither_edit_nor_be_deceived() {
    let (admin, stranger) = (
        Ed25519SecretKey::from_seed(&[1; 32]),
        Ed25519SecretKey::from_seed(&[2; 32]),
    );
    let keys = vec![KeyBase::from_bytes([3; 32])];
    let mut info = GroupInfo::new(Holder::Admin(admin.clone()), keys.clone());
    info.set_name("Walkers").unwrap();
    let mut member = GroupInfo::new(
        Holder::Member(GroupId::from_key(admin.public())),
        keys.clone(),
    );
    assert_eq!(member.set_name("x"), Err(EditError::ReadOnly));
    assert_eq!(member.erase_value(&[b"n"]), Err(EditError::ReadOnly));
    let mut swarm = Swarm::default();
    swarm.sync(&mut info);
    swarm.fetch(&mut member);
    assert_eq!(member.name(), "Walkers");

    let mut forged = GroupInfo::new(Holder::Admin(stranger), keys);
    forged.set_name("Runners").unwrap();
    let stored = forged.push().unwrap().messages;
    let name = swarm.store(&forged, &stored[0]);
    let merged = member.merge(&[(name, &stored[0])], NOW).unwrap();
    assert!(merged.accepted.is_empty() && !merged.changed);
    assert_eq!(member.name(), "Walkers");
    assert!(member.take_obsolete().is_empty());
}

#[test]
fn a_config_of_many_parts_travels_and_its_incomplete_set_survives_a_restart() {
    let mut first = Contacts::new(&account());
    for i in 0..2500u32 {
        let key: [u8; 32] = crate::hash::blake2b(&[], &[&i.to_be_bytes()]);
        first
            .set(&Contact::new(AccountId::from_key(X25519PublicKey(key))))
            .unwrap();
    }
    let mut swarm = Swarm::default();
    swarm.sync(&mut first);
    assert!(swarm.0.len() > 1);
    let mut second = Contacts::new(&account());
    let (last, others) = swarm.0.split_last().unwrap();
    for (hash, message) in others.iter().rev() {
        let merged = second.merge(&[(hash.clone(), message)], NOW).unwrap();
        assert!(merged.accepted.contains(hash) && !merged.changed);
    }
    assert_eq!(second.active_hashes().len(), others.len());
    let mut second = Contacts::load(&account(), &second.dump()).unwrap();
    let merged = second.merge(&[(last.0.clone(), &last.1)], NOW).unwrap();
    assert!(merged.changed);
    assert_eq!(second.data(), first.data());
    assert_eq!(second.current_hashes().len(), swarm.0.len());
    assert_eq!(second.current_hashes(), first.current_hashes());
}

#[test]
fn keys_of_newer_clients_survive_typed_edits() {
    let mut contacts = Contacts::new(&account());
    contacts.set(&Contact::new(person(9))).unwrap();
    let id = person(9).to_bytes();
    let future = Value::Dict(Dict::from([(b"x".to_vec(), Value::from("y"))]));
    contacts
        .put_value(&[b"c", &id, b"future"], future.clone())
        .unwrap();
    contacts.put_value(&[b"zz"], Value::from(1)).unwrap();
    contacts
        .put_value(&[b"c", b"no id", b"n"], Value::from("?"))
        .unwrap();
    let mut contact = contacts.get(&person(9)).unwrap();
    contact.name = "Bo".to_owned();
    contacts.set(&contact).unwrap();
    assert_eq!(contacts.get(&person(9)).unwrap().name, "Bo");
    assert_eq!(contacts.value(&[b"c", &id, b"future"]), Some(&future));
    assert_eq!(contacts.value(&[b"zz"]), Some(&Value::from(1)));
    assert_eq!(contacts.iter().count(), 1);
    assert_eq!(contacts.len(), 2);
}

#[test]
fn a_value_of_another_kind_reads_as_absent() {
    let mut contacts = Contacts::new(&account());
    let id = person(9).to_bytes();
    for key in [
        "n", "N", "p", "q", "a", "b", "+", "@", "!", "e", "E", "j", "t",
    ] {
        let wrong = Value::Set([value::Scalar::Int(1)].into());
        contacts
            .put_value(&[b"c", &id, key.as_bytes()], wrong)
            .unwrap();
    }
    assert_eq!(contacts.get(&person(9)), Some(Contact::new(person(9))));
}

#[test]
fn a_refreshed_picture_counts_until_the_person_changes_it() {
    let mut profile = UserProfile::new(&account());
    profile.set_picture(Some(&picture("a")), 100).unwrap();
    profile
        .set_refreshed_picture(&picture("again"), 200)
        .unwrap();
    assert_eq!(profile.picture(), Some(picture("again")));
    assert_eq!(profile.updated_s(), 200);
    profile.set_name("Ann", 300).unwrap();
    assert_eq!(
        (profile.picture(), profile.updated_s()),
        (Some(picture("again")), 300)
    );
    profile.set_picture(Some(&picture("b")), 400).unwrap();
    assert_eq!(
        (profile.picture(), profile.updated_s()),
        (Some(picture("b")), 400)
    );
    profile.set_picture(None, 500).unwrap();
    assert_eq!(profile.picture(), None);
    assert!(
        ["p", "q", "P", "Q"]
            .iter()
            .all(|key| profile.value(&[key.as_bytes()]).is_none())
    );
}

#[test]
fn names_and_pictures_beyond_their_limits_are_refused() {
    let mut profile = UserProfile::new(&account());
    assert!(profile.set_name(&"x".repeat(101), NOW_S).is_err());
    let mut long = picture("a");
    long.url = "u".repeat(224);
    assert!(profile.set_picture(Some(&long), NOW_S).is_err());
    let short = ProfilePicture {
        key: vec![1; 16],
        ..picture("a")
    };
    assert!(profile.set_picture(Some(&short), NOW_S).is_err());
    assert!(!profile.needs_push());
    let mut contacts = Contacts::new(&account());
    let contact = Contact {
        picture: Some(short),
        ..Contact::new(person(9))
    };
    assert!(contacts.set(&contact).is_err());
    assert!(!contacts.needs_push(), "a refused edit changes nothing");
}

#[test]
fn old_read_times_are_not_written_and_old_conversations_dropped() {
    let mut volatile = ConvoInfoVolatile::new(&account());
    let at = |days: u64| Timestamp(NOW.as_millis() - days * 24 * 3600 * 1000);
    let read = |days| ReadState {
        last_read: at(days),
        unread: false,
    };
    let (old, new, marked) = (
        Convo::Person(person(9)),
        Convo::Group(GroupId::from_bytes(&[3; 33]).unwrap()),
        Convo::Blinded(BlindedId {
            is_15: true,
            key: [4; 32],
        }),
    );
    volatile.set(&old, read(31), NOW).unwrap();
    assert_eq!(volatile.get(&old), None);
    volatile.set(&new, read(1), NOW).unwrap();
    volatile.set(&new, read(40), NOW).unwrap();
    assert_eq!(volatile.get(&new), Some(read(40)), "lowering is meant");
    volatile
        .set(
            &marked,
            ReadState {
                unread: true,
                ..read(100)
            },
            NOW,
        )
        .unwrap();
    volatile.prune(NOW).unwrap();
    assert_eq!(volatile.iter().count(), 2);
    volatile
        .prune(NOW.plus_millis(convo_volatile::KEPT_FOR))
        .unwrap();
    assert_eq!(
        volatile.iter().map(|(convo, _)| convo).collect::<Vec<_>>(),
        [marked]
    );
}

#[test]
fn a_secret_of_another_group_is_neither_written_nor_read() {
    let mut groups = UserGroups::new(&account());
    let secret = Ed25519SecretKey::from_seed(&[5; 32]);
    let mut group = Group::owned(secret.clone());
    groups.set_group(&group).unwrap();
    assert_eq!(groups.group(&group.id), Some(group.clone()));
    let id = group.id.to_bytes();
    groups
        .put_value(&[b"g", &id, b"K"], Value::from([6; 32].as_slice()))
        .unwrap();
    assert_eq!(groups.group(&group.id).unwrap().secret, None);
    group.id = GroupId::from_bytes(&[3; 33]).unwrap();
    group.auth = Some(AuthData([8; 100]));
    groups.set_group(&group).unwrap();
    let read = groups.group(&group.id).unwrap();
    assert_eq!((read.secret, read.auth), (None, Some(AuthData([8; 100]))));
    assert!(!format!("{:?}", groups.groups().collect::<Vec<_>>()).contains("8, 8"));
}

#[test]
fn blinded_contacts_go_with_their_server() {
    let mut contacts = Contacts::new(&account());
    let mut blinded = contacts::BlindedContact {
        base_url: "http://Rooms.example:80".to_owned(),
        server_key: X25519PublicKey([2; 32]),
        id: BlindedId {
            is_15: true,
            key: [3; 32],
        },
        name: "Cy".to_owned(),
        picture: Some(picture("c")),
        updated_s: 5,
        priority: -1,
        created_s: 6,
    };
    contacts.set_blinded(&blinded).unwrap();
    blinded.base_url = "http://rooms.example".to_owned();
    assert_eq!(contacts.blinded().collect::<Vec<_>>(), [blinded.clone()]);
    contacts
        .erase_blinded(&blinded.base_url, &blinded.id)
        .unwrap();
    assert!(contacts.data().is_empty());
}

#[test]
fn members_go_through_invitation_promotion_and_removal() {
    let admin = Ed25519SecretKey::from_seed(&[1; 32]);
    let mut members = GroupMembers::new(Holder::Admin(admin), vec![KeyBase::from_bytes([3; 32])]);
    let mut member = Member::new(person(9));
    for step in [
        (|member: &mut Member| member.supplement = true) as fn(&mut Member),
        |member| member.set_invite(Progress::Failed),
        |member| member.set_invite(Progress::Accepted),
        |member| member.set_promotion(Progress::NotSent),
        |member| member.set_promotion(Progress::Accepted),
        |member| member.set_removed(true),
    ] {
        step(&mut member);
        members.set(&member).unwrap();
        assert_eq!(members.get(&person(9)), Some(member.clone()));
    }
    assert_eq!(member.role, Role::Admin(Progress::Accepted));
    members.erase(&person(9)).unwrap();
    assert!(members.data().is_empty());
}

#[test]
fn debug_shows_no_secret_of_a_config() {
    let mut groups = UserGroups::new(&account());
    groups
        .set_group(&Group::owned(Ed25519SecretKey::from_seed(&[5; 32])))
        .unwrap();
    assert_eq!(
        format!("{groups:?}"),
        "UserGroups(Config { kind: UserGroups, version: Editing(Draft(1)), .. })"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_restart_changes_nothing(
        turns in prop::collection::vec((0..4usize, strategies::dict()), 1..12),
    ) {
        let mut swarm = Swarm::default();
        let mut other = UserProfile::new(&account());
        let (mut kept, mut restarted) = (UserProfile::new(&account()), UserProfile::new(&account()));
        for (turn, data) in turns {
            for config in [&mut kept, &mut restarted] {
                let mut own_swarm = swarm.clone();
                match turn {
                    0 => put_all(config, &data),
                    1 => swarm.fetch(config),
                    2 => _ = config.push().unwrap(),
                    _ => own_swarm.sync(config),
                }
            }
            if turn == 1 {
                put_all(&mut other, &data);
                swarm.sync(&mut other);
            }
            restarted = UserProfile::load(&account(), &restarted.dump()).unwrap();
            kept.dump();
            prop_assert_eq!(restarted.state(), kept.state());
            prop_assert_eq!(restarted.dump(), kept.dump());
        }
    }

    #[test]
    fn no_dump_makes_loading_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), cut: prop::sample::Index, bit: usize) {
        prop_assert!(UserProfile::load(&account(), &bytes).is_err());
        let mut profile = UserProfile::new(&account());
        profile.set_name("Ann", NOW_S).unwrap();
        let mut dump = profile.dump().to_vec();
        prop_assert!(UserProfile::load(&account(), &dump[..cut.index(dump.len())]).is_err());
        let bit = bit % (dump.len() * 8);
        dump[bit / 8] ^= 1 << (bit % 8);
        let _ = UserProfile::load(&account(), &dump);
    }

    #[test]
    fn nothing_that_is_fetched_makes_a_merge_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), mark in prop::sample::select(b"dzm".to_vec())) {
        let key = KeyBase::from_bytes(*account().seed());
        let plain = [&[mark], bytes.as_slice()].concat();
        let stored = encrypt::encrypt(&encrypt::pad(&plain), &key, Kind::Contacts.domain());
        let mut contacts = Contacts::new(&account());
        let name = Swarm::default().store(&contacts, &stored);
        let _ = contacts.merge(&[(name.clone(), &stored)], NOW);
        let _ = contacts.merge(&[(name, &bytes)], NOW);
        prop_assert!(contacts.data().is_empty());
    }

    #[test]
    fn every_contact_reads_back_as_it_was_written(
        name in ".{0,20}", nickname in ".{0,20}", flags: (bool, bool, bool), priority: i32, times in (0..9_000_000_000u64, 0..9_000_000_000u64, 0..9_000_000_000u64), seconds: u32, mode in 0..3,
    ) {
        use crate::message::content::Expiry;
        let contact = Contact {
            name,
            nickname,
            picture: flags.0.then(|| picture("a")),
            updated_s: times.0,
            approved: flags.0,
            approved_me: flags.1,
            blocked: flags.2,
            priority: priority.into(),
            notify: fields::Notify::Disabled,
            mute_until_s: times.1,
            expiry: match (mode, seconds) {
                (1, 1..) => Expiry::AfterSend(seconds),
                (2, 1..) => Expiry::AfterRead(seconds),
                _ => Expiry::Off,
            },
            created_s: times.2,
            ..Contact::new(person(9))
        };
        let mut contacts = Contacts::new(&account());
        contacts.set(&contact).unwrap();
        prop_assert_eq!(contacts.get(&person(9)), Some(contact));
    }
}

#[test]
fn a_set_of_known_hashes_is_never_both_current_and_obsolete() {
    let mut swarm = Swarm::default();
    let mut profile = UserProfile::new(&account());
    profile.set_name("Ann", NOW_S).unwrap();
    swarm.sync(&mut profile);
    swarm.fetch(&mut profile);
    swarm.fetch(&mut profile);
    assert_eq!(profile.current_hashes().len(), 1);
    assert!(profile.take_obsolete().is_empty());
}
