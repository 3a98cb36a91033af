//! One account on several devices: two engines, and an official device in their midst that is made from the formats alone.

use crate::id_of;
use onionskin_client::api::{Answer, Command, Event, RestoreStep, Settings, SyncState, Timer};
use onionskin_client::network::Network;
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::config::convo_volatile::{Convo, ReadState};
use onionskin_protocol::config::encrypt::{KeyBase, encrypt, pad};
use onionskin_protocol::config::fields::Notify;
use onionskin_protocol::config::{Config, Contacts, ConvoInfoVolatile, Kind, UserProfile, wrap};
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::message::content::Expiry;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::parse_retrieve;
use onionskin_sim::judge::{shared, sync_state};
use onionskin_sim::ports::SimPorts;
use onionskin_sim::transport::Air;
use onionskin_sim::world::{Client, World, account_of};

const SOON: u64 = 120_000;
/// A poll, the wait after an edit, a poll of the other device.
const ONE_ROUND: u64 = 30_000;
const DAY: u64 = 24 * 3_600_000;

fn stranger(number: u8) -> AccountId {
    id_of(100 + number)
}

/// A device of another maker: it fetches, merges, edits and stores as the specification says.
struct Official<'a> {
    world: &'a World,
    network: &'a Network<SimPorts>,
    account: Account,
    profile: UserProfile,
    contacts: Contacts,
    volatile: ConvoInfoVolatile,
}

impl<'a> Official<'a> {
    /// `by` lends its way into the network, nothing else.
    fn new(world: &'a World, account: u8, by: &'a Client) -> Self {
        Self::of(world, account_of(account), by)
    }

    fn of(world: &'a World, account: Account, by: &'a Client) -> Self {
        let key = account.ed25519();
        Self {
            world,
            network: by.engine.network(),
            profile: UserProfile::new(key),
            contacts: Contacts::new(key),
            volatile: ConvoInfoVolatile::new(key),
            account,
        }
    }

    fn configs(&mut self) -> [&mut Config; 3] {
        [&mut self.profile, &mut self.contacts, &mut self.volatile]
    }

    async fn fetch(&mut self) {
        let (network, account) = (self.network, self.account.clone());
        for config in self.configs() {
            let namespace = config.kind().namespace();
            let answers = network
                .own_sequence(&account, |time| {
                    vec![Request::retrieve(&account, namespace, None, -1, time)]
                })
                .await
                .unwrap();
            let messages = parse_retrieve(&answers[0].body).unwrap().messages;
            let messages: Vec<(MessageHash, &[u8])> = messages
                .iter()
                .map(|message| (message.hash.clone(), message.data.as_slice()))
                .collect();
            let _ = config.merge(&messages, network.now());
        }
    }

    async fn push(&mut self) {
        let (world, network) = (self.world, self.network);
        let (account, owner) = (self.account.clone(), self.account.id().swarm_id());
        for config in self.configs() {
            let namespace = config.kind().namespace();
            if config.needs_push() {
                let push = config.push().unwrap();
                let hashes = push.messages.iter().map(|data| {
                    world.network.inject(&owner, namespace, data).unwrap();
                    message_hash(&owner, namespace, data)
                });
                let hashes: Vec<_> = hashes.collect();
                config.confirm_pushed(push.seqno, hashes);
                let obsolete: Vec<_> = push.obsolete.into_iter().collect();
                network.delete_own(&account, &obsolete).await.unwrap();
            }
        }
    }

    /// Both at once, as a device does that was just opened.
    async fn meet(&mut self) {
        self.fetch().await;
        self.push().await;
    }
}

async fn name(client: &Client) -> String {
    match client.engine.handle(Command::GetProfile).await.unwrap() {
        Answer::Profile(profile) => profile.name,
        other => panic!("{other:?}"),
    }
}

async fn rename(client: &Client, name: &str) {
    let name = name.to_owned();
    let command = Command::SetDisplayName { name };
    client.engine.handle(command).await.unwrap();
}

async fn offline(client: &Client, offline: bool) {
    let command = Command::SetOffline { offline };
    client.engine.handle(command).await.unwrap();
}

async fn settled(client: &Client) -> bool {
    sync_state(client).await.state == SyncState::Settled
}

/// All devices show the same and know that they do.
async fn agree(clients: &[&Client]) -> bool {
    for client in clients {
        if !settled(client).await || shared(client).await != shared(clients[0]).await {
            return false;
        }
    }
    true
}

/// Every config lies in the swarm once.
fn one_of_each(world: &World, account: u8) -> bool {
    let configs = world.configs(&id_of(account).swarm_id());
    configs.values().all(|hashes| hashes.len() == 1)
}

/// Anna's two devices, which know her name and agree, and a stranger whose way into the network others may borrow.
fn on_two_devices(seed: u64, story: impl AsyncFnOnce(&World, &Client, &Client, &Client)) {
    let world = World::new(seed, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    let helper = world.client(9, "");
    world.run(&[&anna, &second, &helper], async {
        world
            .until("the name", SOON, async || {
                agree(&[&anna, &second]).await && name(&second).await == "Anna"
            })
            .await;
        story(&world, &anna, &second, &helper).await;
    });
}

#[test]
fn a_second_device_shows_name_contacts_and_what_was_read() {
    let world = World::new(1, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    let boris = world.client(2, "Boris");
    world.run(&[&anna, &second, &boris], async {
        world
            .until("the name", ONE_ROUND, async || {
                name(&second).await == "Anna"
            })
            .await;
        boris.send(&anna.id, "Hello").await;
        boris.send(&anna.id, "Are you there?").await;
        world
            .until("the messages", SOON, async || {
                second.texts(&boris.id).await.len() == 2
            })
            .await;
        let row = anna.conversation(&boris.id).await.unwrap();
        let (conversation, up_to) = (row.id, row.active_at);
        let read = Command::MarkRead {
            conversation,
            up_to,
        };
        anna.engine.handle(read).await.unwrap();
        world
            .until("read there as well", ONE_ROUND, async || {
                second.conversation(&boris.id).await.unwrap().unread == 0
            })
            .await;
        let accept = Command::AcceptRequest {
            conversation,
            quietly: false,
        };
        anna.engine.handle(accept).await.unwrap();
        world
            .until("accepted there as well", ONE_ROUND, async || {
                second.conversation(&boris.id).await.unwrap().accepted
            })
            .await;
        world
            .until("agreement", SOON, async || agree(&[&anna, &second]).await)
            .await;
        let status = sync_state(&second).await;
        assert!(status.fetched_at.is_some() && status.other_device_at.is_some());
        assert_eq!(status.unreadable, 0);
        assert!(one_of_each(&world, 1));
    });
}

#[test]
fn what_an_official_device_decides_shows_here_and_the_other_way_round() {
    on_two_devices(2, async |world, anna, second, helper| {
        let mut official = Official::new(world, 1, helper);
        official.fetch().await;
        assert_eq!(official.profile.name(), "Anna");
        let mut contact = Contact {
            name: "Carla".into(),
            nickname: "C".into(),
            approved: true,
            approved_me: true,
            priority: 1,
            notify: Notify::Disabled,
            mute_until_s: 1_800_000_000,
            expiry: Expiry::AfterRead(3_600),
            created_s: 1_700_000_000,
            ..Contact::new(stranger(1))
        };
        official.contacts.set(&contact).unwrap();
        let blocked = Contact {
            blocked: true,
            ..Contact::new(stranger(2))
        };
        official.contacts.set(&blocked).unwrap();
        let unread = ReadState {
            unread: true,
            ..ReadState::default()
        };
        let convo = Convo::Person(stranger(1));
        let now = official.network.now();
        official.volatile.set(&convo, unread, now).unwrap();
        // A key of tomorrow's clients.
        let tomorrow = [b"c".as_slice(), &stranger(1).to_bytes(), b"zz"];
        official.contacts.put_value(&tomorrow, 5.into()).unwrap();
        official.push().await;
        let who = stranger(1).to_string();
        world
            .until("Carla", ONE_ROUND, async || {
                anna.conversation(&who).await.is_some() && second.conversation(&who).await.is_some()
            })
            .await;
        let row = anna.conversation(&who).await.unwrap();
        assert_eq!((row.name.as_str(), row.nickname.as_str()), ("Carla", "C"));
        assert!(row.accepted && row.marked_unread && !row.blocked);
        assert_eq!((row.pinned, row.timer), (1, Timer::AfterRead(3_600)));
        assert_eq!(row.muted_until, Some(1_800_000_000_000));
        assert_eq!(row.active_at, 1_700_000_000_000);
        let row = anna.conversation(&stranger(2).to_string()).await.unwrap();
        assert!(row.blocked);
        assert!(agree(&[anna, second]).await);
        rename(anna, "Anna Maria").await;
        anna.send(&who, "Hello Carla").await;
        world.wait(ONE_ROUND).await;
        official.fetch().await;
        assert_eq!(official.profile.name(), "Anna Maria");
        contact.created_s = 1_700_000_000;
        assert_eq!(official.contacts.get(&stranger(1)), Some(contact));
        assert_eq!(official.contacts.value(&tomorrow), Some(&5.into()));
        assert!(!official.contacts.needs_push() && !official.profile.needs_push());
        assert!(one_of_each(world, 1));
    });
}

#[test]
fn edits_at_the_same_time_end_in_one_state_on_all_devices() {
    on_two_devices(3, async |world, anna, second, helper| {
        let mut official = Official::new(world, 1, helper);
        official.meet().await;
        for round in 0..4u8 {
            offline(anna, true).await;
            offline(second, true).await;
            let now_s = official.network.now().as_millis() / 1_000;
            rename(anna, &format!("one {round}")).await;
            rename(second, &format!("two {round}")).await;
            let named = official.profile.set_name(&format!("three {round}"), now_s);
            named.unwrap();
            anna.start(&stranger(10 + round).to_string()).await;
            second.start(&stranger(20 + round).to_string()).await;
            let contact = Contact::new(stranger(30 + round));
            official.contacts.set(&contact).unwrap();
            official.push().await;
            // Days later, the hidden time of a laptop in a drawer.
            offline(helper, true).await;
            world.wait(3 * DAY).await;
            offline(helper, false).await;
            offline(anna, false).await;
            offline(second, false).await;
            world
                .until("agreement", 600_000, async || {
                    agree(&[anna, second]).await
                        && shared(anna).await == shared(second).await
                        && anna.conversations().await.len() == 3 * usize::from(round + 1)
                })
                .await;
            official.meet().await;
            world.wait(ONE_ROUND).await;
            official.meet().await;
            assert_eq!(official.profile.name(), name(anna).await);
            assert_eq!(official.contacts.len(), 3 * usize::from(round + 1));
        }
        world.wait(ONE_ROUND).await;
        assert!(agree(&[anna, second]).await);
        assert!(one_of_each(world, 1));
    });
}

#[test]
fn a_push_whose_answer_is_lost_is_repeated_and_leaves_one_version() {
    on_two_devices(4, async |world, anna, second, _| {
        for round in 0..5 {
            rename(anna, &format!("Anna {round}")).await;
            // Requests arrive, answers do not.
            world.air.set(Air {
                mute: 900,
                ..Air::default()
            });
            world.wait(20_000).await;
            rename(anna, &format!("Anna again {round}")).await;
            world.wait(20_000).await;
            world.air.set(Air::default());
        }
        world
            .until("agreement", 900_000, async || {
                agree(&[anna, second]).await && name(second).await == "Anna again 4"
            })
            .await;
        // A store that was under way for long may come after its version was deleted.
        world
            .until("one version", SOON, async || one_of_each(world, 1))
            .await;
    });
}

#[test]
fn a_restored_device_shows_everything_and_overwrites_nothing() {
    let world = World::new(5, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        boris.send(&anna.id, "Hello").await;
        world
            .until("the message", SOON, async || {
                anna.texts(&boris.id).await == ["Hello"]
            })
            .await;
        anna.send(&boris.id, "Hello yourself").await;
        world.wait(ONE_ROUND).await;
        assert!(settled(&anna).await);
    });
    let before = world.configs(&id_of(1).swarm_id());
    // A name that was typed while nobody knew that there is one.
    let mut restored = world.client(1, "Another");
    let mut early = None;
    world.run(&[&restored], async {
        world
            .until("the restored name", SOON, async || {
                name(&restored).await == "Anna"
            })
            .await;
        early = Some(restored.conversation(&boris.id).await);
        world.wait(ONE_ROUND).await;
        assert_eq!(name(&restored).await, "Anna");
        let row = restored.conversation(&boris.id).await.unwrap();
        assert_eq!((row.name.as_str(), row.accepted), ("Boris", true));
        assert_eq!(shared(&restored).await, shared(&anna).await);
    });
    assert_eq!(early.unwrap().unwrap().name, "Boris");
    assert_eq!(world.configs(&id_of(1).swarm_id()), before);
    let told = restored.told();
    let place = |wanted: &dyn Fn(&Event) -> bool| told.iter().position(wanted).unwrap();
    let profile = place(&|event| *event == Event::Restore(RestoreStep::Profile));
    let row = place(&|event| matches!(event, Event::Conversation(row) if row.name == "Boris"));
    let messages = place(&|event| *event == Event::Restore(RestoreStep::Messages));
    let done = place(&|event| *event == Event::Restore(RestoreStep::Done));
    assert!(profile < row && row < messages && messages < done);
}

#[test]
fn a_conversation_that_was_deleted_elsewhere_goes_and_only_something_new_brings_it_back() {
    let world = World::new(6, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    let (boris, helper) = (world.client(2, "Boris"), world.client(9, ""));
    for forgotten in [true, false] {
        world.run(&[&anna, &second, &boris, &helper], async {
            boris.send(&anna.id, "old").await;
            world
                .until("the message", SOON, async || {
                    let last = |texts: Vec<String>| texts.last().is_some_and(|text| text == "old");
                    last(anna.texts(&boris.id).await) && last(second.texts(&boris.id).await)
                })
                .await;
            // Clocks may differ by two minutes: what is newer than that may come from after the decision.
            world.wait(150_000).await;
            let mut official = Official::new(&world, 1, &helper);
            official.fetch().await;
            let mut contact = official.contacts.get(&id_of(2)).unwrap();
            if forgotten {
                official.contacts.erase(&contact.id).unwrap();
            } else {
                contact.priority = -1;
                official.contacts.set(&contact).unwrap();
            }
            official.push().await;
            world
                .until("gone", ONE_ROUND, async || {
                    anna.conversation(&boris.id).await.is_none()
                        && second.conversation(&boris.id).await.is_none()
                })
                .await;
            world.wait(200_000).await;
            assert!(anna.conversation(&boris.id).await.is_none());
        });
        // A device that knows nothing fetches the old message, and does not bring the conversation back.
        let third = world.client(1, "");
        world.run(&[&anna, &second, &third, &boris], async {
            world
                .until("restored", SOON, async || {
                    settled(&third).await && name(&third).await == "Anna"
                })
                .await;
            world.wait(ONE_ROUND).await;
            assert!(third.conversation(&boris.id).await.is_none());
            assert!(second.conversation(&boris.id).await.is_none());
            boris.send(&anna.id, "new").await;
            world
                .until("back", SOON, async || {
                    anna.texts(&boris.id).await == ["new"]
                        && second.texts(&boris.id).await == ["new"]
                        && third.texts(&boris.id).await == ["new"]
                })
                .await;
            world
                .until("agreement", SOON, async || {
                    agree(&[&anna, &second, &third]).await
                })
                .await;
        });
    }
}

/// The published conflict of two devices of the reference library (`UserProfile conflict outcome`).
#[test]
fn two_devices_of_the_reference_library_in_conflict_end_here_as_they_do_there() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../vectors/config.json")).unwrap();
    let named = |name: &str| {
        let all = vectors["vectors"].as_array().unwrap();
        all.iter().find(|vector| vector["name"] == name).unwrap()
    };
    let bytes = |vector: &serde_json::Value| hex::decode(vector.as_str().unwrap()).unwrap();
    let first = named("UserProfile seqno 1");
    let outcome = &named("UserProfile conflict outcome")["expected"];
    let seed = bytes(&first["inputs"]["seed_hex"])[..16]
        .try_into()
        .unwrap();
    let account = || Account::from_seed(Seed::from_bytes(seed));
    let owner = account().id().swarm_id();
    let key = KeyBase::from_bytes(*account().ed25519().seed());
    let world = World::new(9, 8, 2);
    let seal = |message: &[u8]| encrypt(&pad(message), &key, Kind::UserProfile.domain());
    let stored = seal(&bytes(&first["expected"]["plaintext_hex"]));
    assert_eq!(stored, bytes(&first["expected"]["encrypted_hex"]));
    let namespace = Kind::UserProfile.namespace();
    world.network.inject(&owner, namespace, &stored).unwrap();
    let (one, two) = (
        world.client_of(account(), ""),
        world.client_of(account(), ""),
    );
    let helper = world.client(9, "");
    world.run(&[&one, &two, &helper], async {
        world
            .until("the first version", SOON, async || {
                name(&one).await == "Kallie" && name(&two).await == "Kallie"
            })
            .await;
        assert_eq!(one.conversation(&one.id).await.unwrap().pinned, 9);
        for device in ["client1_serialized_hex", "client2_serialized_hex"] {
            let stored = seal(&bytes(&outcome[device]));
            world.network.inject(&owner, namespace, &stored).unwrap();
        }
        world
            .until("the outcome", SOON, async || {
                let row = one.conversation(&one.id).await.unwrap();
                name(&one).await == "Nibbler"
                    && row.timer == Timer::AfterSend(86_400)
                    && agree(&[&one, &two]).await
            })
            .await;
        world.wait(ONE_ROUND).await;
        let mut official = Official::of(&world, account(), &helper);
        official.fetch().await;
        assert_eq!(official.profile.seqno(), outcome["seqno"].as_i64().unwrap());
        let picture = official.profile.picture().unwrap();
        assert_eq!(picture.url, outcome["p"].as_str().unwrap());
        assert_eq!(picture.key, bytes(&outcome["q_hex"]));
        assert_eq!(official.profile.community_requests(), Some(true));
        assert_eq!(official.profile.note_to_self_priority(), 9);
        let hashes = &world.configs(&owner)[&namespace.0];
        assert_eq!(hashes.len(), 1, "what was merged is deleted");
    });
}

#[test]
fn a_config_that_is_gone_from_the_swarm_is_stored_again() {
    let world = World::new(7, 8, 2);
    let (anna, helper) = (world.client(1, "Anna"), world.client(9, ""));
    let owner = id_of(1).swarm_id();
    world.run(&[&anna, &helper], async {
        world
            .until("stored", SOON, async || {
                settled(&anna).await && !world.configs(&owner).is_empty()
            })
            .await;
        let before = world.configs(&owner);
        let hashes = before.values().flatten();
        let hashes: Vec<_> = hashes
            .map(|hash| MessageHash::parse(hash).unwrap())
            .collect();
        let account = account_of(1);
        let deleted = helper.engine.network().delete_own(&account, &hashes).await;
        assert_eq!(deleted.unwrap().deleted.len(), hashes.len());
        for client in [&anna, &helper] {
            offline(client, true).await;
        }
        world.wait(DAY).await;
        offline(&anna, false).await;
        world.wait(10 * 60_000).await;
        assert_eq!(world.configs(&owner), before);
        assert!(settled(&anna).await);
    });
}

/// A device that believes that its version is missing stores it again. Behind a newer one it hides that from all who were last
/// read at its name.
#[test]
fn an_old_version_that_comes_back_behind_a_newer_one_hides_it_from_nobody() {
    on_two_devices(11, async |world, anna, second, _| {
        let owner = id_of(1).swarm_id();
        let namespace = Kind::UserProfile.namespace();
        let stored = || world.config_messages(&owner).remove(&namespace.0).unwrap();
        // Every member is polled once.
        world.wait(SOON).await;
        let old = stored();
        offline(second, true).await;
        rename(anna, "Anna again").await;
        world
            .until("the newer version", SOON, async || {
                old.keys().all(|hash| !stored().contains_key(hash))
            })
            .await;
        for data in old.values() {
            world.network.inject(&owner, namespace, data).unwrap();
        }
        offline(second, false).await;
        world
            .until("agreement", SOON, async || {
                name(second).await == "Anna again" && agree(&[anna, second]).await
            })
            .await;
        assert!(one_of_each(world, 1));
    });
}

#[test]
fn hostile_configs_are_left_alone_and_stop_nothing() {
    let world = World::new(8, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    let boris = world.client(2, "Boris");
    let account = account_of(1);
    let owner = account.id().swarm_id();
    let key = KeyBase::from_bytes(*account.ed25519().seed());
    let mut hostile = 0;
    for kind in [
        Kind::UserProfile,
        Kind::Contacts,
        Kind::UserGroups,
        Kind::ConvoInfoVolatile,
    ] {
        let sealed = |plaintext: &[u8]| encrypt(&pad(plaintext), &key, kind.domain());
        let wrapper = wrap::Owner::new(account.ed25519());
        let mut forged = wrap::wrap(&sealed(b"d1:#i1e1:&dee"), kind, 1, &wrapper).unwrap();
        forged[100] ^= 1;
        let other = Kind::GroupInfo.domain();
        for bytes in [
            b"nothing".to_vec(),
            vec![0; 76_800],
            forged,
            sealed(&deep()),
            sealed(&huge_list()),
            sealed(&zip_bomb()),
            sealed(b"d1:#i9223372036854775807e1:&dee"),
            sealed(b"d1:#i1e1:&d1:a1:b1:a1:bee"),
            encrypt(&pad(b"d1:#i1e1:&dee"), &key, other),
        ] {
            world
                .network
                .inject(&owner, kind.namespace(), &bytes)
                .unwrap();
            hostile += 1;
        }
        for (index, chunk) in [(0, vec![0; 76_000]), (1, b"no whole".to_vec())] {
            let bytes = encrypt(&part(index, &chunk), &key, kind.domain());
            world
                .network
                .inject(&owner, kind.namespace(), &bytes)
                .unwrap();
            hostile += 1;
        }
    }
    world.run(&[&anna, &second, &boris], async {
        boris.send(&anna.id, "Hello").await;
        world
            .until("everything", SOON, async || {
                name(&second).await == "Anna" && second.texts(&boris.id).await == ["Hello"]
            })
            .await;
        world
            .until("agreement", SOON, async || agree(&[&anna, &second]).await)
            .await;
        assert_eq!(sync_state(&anna).await.unreadable, hostile);
        // Nothing that this version cannot read is deleted.
        let held = world.configs(&owner);
        let held: usize = held.values().map(|hashes| hashes.len()).sum();
        assert!(held > hostile as usize);
    });
}

/// A part of two that do not come to what they say.
fn part(index: u8, chunk: &[u8]) -> Vec<u8> {
    let mut part = b"ml32:a hash that is of nothing at all1:".to_vec();
    part.extend_from_slice(&[index, b'1', b':', 2]);
    part.extend_from_slice(format!("{}:", chunk.len()).as_bytes());
    part.extend_from_slice(chunk);
    part.push(b'e');
    part
}

fn deep() -> Vec<u8> {
    let levels = 15_000;
    [
        b"d1:#i1e1:&".to_vec(),
        b"d1:a".repeat(levels),
        b"e".repeat(levels + 1),
    ]
    .concat()
}

fn huge_list() -> Vec<u8> {
    [
        b"d1:#i1e1:&de1:<l".to_vec(),
        b"le".repeat(30_000),
        b"e1:=dee".to_vec(),
    ]
    .concat()
}

/// 400 MB of one byte, as a compressed config.
fn zip_bomb() -> Vec<u8> {
    const BLOCK: u32 = 128 * 1024;
    const BLOCKS: u32 = 3_200;
    let mut bomb = b"z\x28\xb5\x2f\xfd\xa0".to_vec();
    bomb.extend_from_slice(&(BLOCK * BLOCKS).to_le_bytes());
    for block in 1..=BLOCKS {
        let header = BLOCK << 3 | 1 << 1 | u32::from(block == BLOCKS);
        bomb.extend_from_slice(&header.to_le_bytes()[..3]);
        bomb.push(b'd');
    }
    bomb
}

#[test]
fn a_default_timer_of_one_device_is_not_that_of_the_own_notes() {
    on_two_devices(15, async |world, anna, second, _| {
        let settings = Settings {
            default_timer: Timer::AfterSend(3_600),
            ..Settings::default()
        };
        anna.engine
            .handle(Command::SetSettings(settings))
            .await
            .unwrap();
        anna.send(&anna.id, "note").await;
        let came = async || second.texts(&anna.id).await == ["note"];
        world.until("the note", SOON, came).await;
        world.wait(ONE_ROUND).await;
        for device in [anna, second] {
            let row = device.conversation(&anna.id).await.unwrap();
            assert_eq!(row.timer, Timer::Off);
        }
        let other = anna.start(&stranger(1).to_string()).await;
        let command = Command::GetConversation {
            conversation: other,
        };
        match anna.engine.handle(command).await.unwrap() {
            Answer::Conversation(row) => assert_eq!(row.timer, Timer::AfterSend(3_600)),
            other => panic!("{other:?}"),
        }
    });
}
