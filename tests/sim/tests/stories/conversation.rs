//! What two people and their devices do with messages, over a simulated network.

use crate::id_of;
use onionskin_client::api::{
    Anchor, Answer, Command, ConversationChange, DeleteScope, Delivery, ErrorCode, Event,
    Invitation, Message, MessageKind, Notify, RequestState, Settings, Timer,
};
use onionskin_client::ports::{Durability, Table};
use onionskin_client::store::Records;
use onionskin_protocol::id::Namespace;
use onionskin_protocol::keys::{Signature, X25519SecretKey};
use onionskin_protocol::message::proto::{self, Content, reaction::Action};
use onionskin_protocol::message::{content::Expiry, wire::encode_with};
use onionskin_protocol::time::Timestamp;
use onionskin_sim::transport::Air;
use onionskin_sim::world::{Client, World, account_of};
use onionskin_testnet::network::Sleeper;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

const SOON: u64 = 120_000;

/// Two people who accepted each other: `one` said "Hello", `other` said "Hi".
async fn acquaint(world: &World, one: &Client, other: &Client) {
    one.send(&other.id, "Hello").await;
    world
        .until("Hello", SOON, async || {
            other.texts(&one.id).await.contains(&"Hello".to_owned())
        })
        .await;
    other.send(&one.id, "Hi").await;
    world
        .until("Hi", SOON, async || {
            one.texts(&other.id).await.contains(&"Hi".to_owned())
        })
        .await;
}

async fn shown(client: &Client, partner: &str, text: &str) -> Option<Message> {
    let timeline = client.timeline(partner).await;
    timeline.into_iter().find(|message| message.text == text)
}

/// Waits until a device shows a text.
async fn comes(world: &World, client: &Client, partner: &str, text: &str) -> Message {
    world
        .until(text, SOON, async || {
            shown(client, partner, text).await.is_some()
        })
        .await;
    shown(client, partner, text).await.unwrap()
}

async fn synced(world: &World, client: &Client, partner: &str, text: &str) -> Message {
    world
        .until("it is stored", SOON, async || {
            let message = shown(client, partner, text).await;
            message.is_some_and(|message| matches!(message.delivery, Delivery::Synced { .. }))
        })
        .await;
    shown(client, partner, text).await.unwrap()
}

async fn run(client: &Client, command: Command) -> Answer {
    client.engine.handle(command).await.unwrap()
}

async fn refusal(client: &Client, command: Command) -> ErrorCode {
    client.engine.handle(command).await.unwrap_err().code
}

async fn set(client: &Client, with: impl FnOnce(&mut Settings)) {
    let Answer::Settings(mut settings) = run(client, Command::GetSettings).await else {
        panic!("no settings")
    };
    with(&mut settings);
    run(client, Command::SetSettings(*settings)).await;
}

async fn change(client: &Client, partner: &str, change: ConversationChange) {
    let conversation = client.start(partner).await;
    let command = Command::ChangeConversation {
        conversation,
        change,
    };
    run(client, command).await;
}

async fn react(client: &Client, message: &Message, emoji: &str, add: bool) {
    let command = Command::React {
        message: message.id,
        emoji: emoji.to_owned(),
        add,
    };
    run(client, command).await;
}

async fn delete(client: &Client, message: &Message, scope: DeleteScope) {
    let messages = vec![message.id];
    run(client, Command::DeleteMessages { messages, scope }).await;
}

async fn read(client: &Client, partner: &str) {
    let row = client.conversation(partner).await.unwrap();
    let up_to = row.last.map_or(0, |last| last.sent_at);
    let conversation = row.id;
    run(
        client,
        Command::MarkRead {
            conversation,
            up_to,
        },
    )
    .await;
}

/// What all swarm members of a person hold together.
fn held(world: &World, person: u8) -> std::collections::BTreeSet<String> {
    let held = world.network.messages(&id_of(person).swarm_id());
    held.into_iter()
        .flat_map(|(_, held)| held)
        .map(|message| message.hash)
        .collect()
}

#[test]
fn a_reply_shows_its_original_on_every_device_and_counts_as_a_mention() {
    let world = World::new(101, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let second = world.client(1, "");
    world.run(&[&anna, &boris, &second], async {
        acquaint(&world, &anna, &boris).await;
        let hello = shown(&boris, &anna.id, "Hello").await.unwrap();
        let conversation = boris.start(&anna.id).await;
        let command = Command::Send {
            conversation,
            text: "What?".into(),
            reply_to: Some(hello.id),
            files: Vec::new(),
        };
        run(&boris, command).await;
        for (device, partner) in [(&anna, &boris.id), (&second, &boris.id), (&boris, &anna.id)] {
            let reply = comes(&world, device, partner, "What?").await;
            let quote = reply.quote.unwrap();
            assert_eq!(
                (quote.author, quote.sent_at),
                (anna.id.clone(), hello.sent_at)
            );
            assert_eq!(quote.original.unwrap().text, "Hello");
            assert_eq!(reply.mentions_me, partner == &boris.id);
        }
        assert_eq!(anna.conversation(&boris.id).await.unwrap().mentions, 1);
        read(&anna, &boris.id).await;
        let row = anna.conversation(&boris.id).await.unwrap();
        assert_eq!((row.unread, row.mentions), (0, 0));
    });
}

#[test]
fn a_page_around_a_time_has_both_sides_of_it() {
    let world = World::new(102, 8, 2);
    let anna = world.client(1, "Anna");
    world.time.run(async {
        for number in 0..20 {
            anna.send(&anna.id, &number.to_string()).await;
            world.wait(10).await;
        }
        let conversation = anna.start(&anna.id).await;
        let all = anna.timeline(&anna.id).await;
        let page = async |time, limit| {
            let anchor = Anchor::Around(time);
            let command = Command::GetMessages {
                conversation,
                anchor,
                limit,
            };
            let Answer::Messages {
                messages,
                more_before,
                more_after,
            } = run(&anna, command).await
            else {
                panic!("no page")
            };
            let texts: Vec<String> = messages.into_iter().map(|message| message.text).collect();
            (texts.join(" "), more_before, more_after)
        };
        let middle = all[9].sent_at;
        assert_eq!(page(middle, 4).await, ("8 9 10 11".into(), true, true));
        assert_eq!(page(0, 3).await, ("0 1 2".into(), false, true));
        assert_eq!(page(u64::MAX, 3).await, ("17 18 19".into(), true, false));
        assert_eq!(
            page(all[0].sent_at, 4).await,
            ("0 1 2 3".into(), false, true)
        );
        assert_eq!(page(middle, 100).await.0.split(' ').count(), 20);
    });
}

#[test]
fn reactions_are_the_same_on_all_devices_and_come_off_again() {
    let world = World::new(103, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let second = world.client(1, "");
    world.run(&[&anna, &boris, &second], async {
        acquaint(&world, &anna, &boris).await;
        let hello = shown(&boris, &anna.id, "Hello").await.unwrap();
        react(&boris, &hello, "😂", true).await;
        react(&boris, &hello, "😂", true).await;
        let own = shown(&anna, &boris.id, "Hello").await.unwrap();
        react(&anna, &own, "😂", true).await;
        react(&anna, &own, "❤️", true).await;
        let views = async |client: &Client, partner: &str| {
            let message = shown(client, partner, "Hello").await;
            let mut views: Vec<(String, usize)> = message
                .map(|message| message.reactions)
                .unwrap_or_default()
                .into_iter()
                .map(|reaction| (reaction.emoji, reaction.authors.len()))
                .collect();
            views.sort();
            views
        };
        let expected = [("❤️".to_owned(), 1), ("😂".to_owned(), 2)];
        for (device, partner) in [(&anna, &boris.id), (&second, &boris.id), (&boris, &anna.id)] {
            world
                .until("reactions", SOON, async || {
                    views(device, partner).await == expected
                })
                .await;
        }
        react(&boris, &hello, "😂", false).await;
        react(&anna, &own, "❤️", false).await;
        for (device, partner) in [(&anna, &boris.id), (&second, &boris.id), (&boris, &anna.id)] {
            world
                .until("fewer reactions", SOON, async || {
                    views(device, partner).await == [("😂".to_owned(), 1)]
                })
                .await;
        }
        for text in ["ab", "", "😂😂"] {
            let command = Command::React {
                message: hello.id,
                emoji: text.into(),
                add: true,
            };
            assert_eq!(refusal(&boris, command).await, ErrorCode::Internal);
        }
        world.wait(61_000).await;
        let letters = 'a'..='z';
        let mut refused = None;
        for letter in letters {
            let command = Command::React {
                message: hello.id,
                emoji: letter.to_string(),
                add: true,
            };
            if let Err(failure) = boris.engine.handle(command).await {
                refused = Some((letter, failure.code));
                break;
            }
        }
        assert_eq!(refused, Some(('u', ErrorCode::SendRate)), "20 in a minute");
    });
}

#[test]
fn a_reaction_that_comes_before_its_message_waits_for_it() {
    let world = World::new(104, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        let at = world.time.now().as_millis();
        let target = Timestamp(at + 10);
        for (stamp, action) in [(at + 30, Action::Remove), (at + 20, Action::React)] {
            let reaction = Content::reaction(target, &id_of(2), "🎉", action);
            world.inject(&account_of(2), &id_of(1), &reaction, stamp);
        }
        let party = Content::reaction(target, &id_of(2), "🥳", Action::React);
        world.inject(&account_of(2), &id_of(1), &party, at + 40);
        // A stranger has no say in it, and nobody about what nobody said.
        world.inject(&account_of(3), &id_of(1), &party, at + 50);
        let never = Content::reaction(Timestamp(at + 1), &id_of(2), "🥳", Action::React);
        world.inject(&account_of(2), &id_of(1), &never, at + 60);
        world.wait(30_000).await;
        world.inject(
            &account_of(2),
            &id_of(1),
            &Content::text("late", None, Expiry::Off),
            at + 10,
        );
        let late = comes(&world, &anna, &boris.id, "late").await;
        let emoji: Vec<_> = late
            .reactions
            .iter()
            .map(|one| (one.emoji.as_str(), one.authors.len()))
            .collect();
        assert_eq!(emoji, [("🥳", 1)]);
        assert!(anna.conversation(&id_of(3).to_string()).await.is_none());
    });
}

#[test]
fn nobody_reacts_in_a_request_that_was_not_accepted() {
    let world = World::new(105, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        anna.send(&boris.id, "Hello").await;
        let hello = comes(&world, &boris, &anna.id, "Hello").await;
        for (client, message) in [
            (&boris, hello.id),
            (&anna, shown(&anna, &boris.id, "Hello").await.unwrap().id),
        ] {
            let command = Command::React {
                message,
                emoji: "😂".into(),
                add: true,
            };
            assert_eq!(refusal(client, command).await, ErrorCode::SendNotAccepted);
        }
        let own = Content::reaction(Timestamp(hello.sent_at), &id_of(1), "😂", Action::React);
        world.inject(&account_of(1), &id_of(2), &own, hello.sent_at + 1);
        world.wait(30_000).await;
        let hello = shown(&boris, &anna.id, "Hello").await.unwrap();
        assert!(hello.reactions.is_empty());
    });
}

#[test]
fn what_is_deleted_for_everyone_is_gone_from_all_devices_and_from_the_own_swarm() {
    let world = World::new(106, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let second = world.client(1, "");
    world.run(&[&anna, &boris, &second], async {
        acquaint(&world, &anna, &boris).await;
        anna.send(&boris.id, "secret").await;
        let secret = synced(&world, &anna, &boris.id, "secret").await;
        let Answer::MessageInfo(info) =
            run(&anna, Command::GetMessageInfo { message: secret.id }).await
        else {
            panic!("no info")
        };
        let hash = info.hash.unwrap();
        assert!(held(&world, 1).contains(&hash));
        assert!(info.stored_at.is_some() && info.swarm_expiry.is_some());
        assert_eq!((info.path.len(), info.nodes.len()), (3, 4));
        comes(&world, &boris, &anna.id, "secret").await;
        comes(&world, &second, &boris.id, "secret").await;
        assert_eq!(boris.conversation(&anna.id).await.unwrap().unread, 1);
        delete(&anna, &secret, DeleteScope::Everyone).await;
        for (device, partner) in [(&anna, &boris.id), (&second, &boris.id), (&boris, &anna.id)] {
            world
                .until("it is gone", SOON, async || {
                    let timeline = device.timeline(partner).await;
                    let last = timeline.last().unwrap();
                    last.kind == MessageKind::Deleted && last.text.is_empty()
                })
                .await;
        }
        assert_eq!(boris.conversation(&anna.id).await.unwrap().unread, 0);
        world
            .until("the swarm has it no more", SOON, async || {
                !held(&world, 1).contains(&hash)
            })
            .await;
        // Others' messages can be removed here only.
        let hi = shown(&anna, &boris.id, "Hi").await.unwrap();
        let everyone = Command::DeleteMessages {
            messages: vec![hi.id],
            scope: DeleteScope::Everyone,
        };
        assert_eq!(refusal(&anna, everyone).await, ErrorCode::Internal);
        delete(&anna, &hi, DeleteScope::Here).await;
        assert!(shown(&anna, &boris.id, "Hi").await.is_none());
        world.wait(30_000).await;
        assert!(shown(&second, &boris.id, "Hi").await.is_some());
        assert!(shown(&boris, &anna.id, "Hi").await.is_some());
    });
}

#[test]
fn a_note_deleted_everywhere_leaves_nothing() {
    let world = World::new(107, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    world.run(&[&anna, &second], async {
        anna.send(&anna.id, "milk").await;
        let note = synced(&world, &anna, &anna.id, "milk").await;
        comes(&world, &second, &anna.id, "milk").await;
        delete(&anna, &note, DeleteScope::MyDevices).await;
        for device in [&anna, &second] {
            world
                .until("it is gone", SOON, async || {
                    device.timeline(&anna.id).await.is_empty()
                })
                .await;
        }
    });
}

#[test]
fn a_deletion_survives_a_crash_and_reaches_the_swarm_afterwards() {
    let world = World::new(108, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let hash = world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        anna.send(&boris.id, "secret").await;
        let secret = synced(&world, &anna, &boris.id, "secret").await;
        comes(&world, &boris, &anna.id, "secret").await;
        let message = secret.id;
        let Answer::MessageInfo(info) = run(&anna, Command::GetMessageInfo { message }).await
        else {
            panic!("no info")
        };
        delete(&anna, &secret, DeleteScope::Everyone).await;
        info.hash.unwrap()
    });
    assert!(held(&world, 1).contains(&hash), "nothing was sent yet");
    let anna = world.reopen(anna);
    world.run(&[&anna, &boris], async {
        world
            .until("it is gone", SOON, async || {
                shown(&boris, &anna.id, "secret").await.is_none()
                    && !held(&world, 1).contains(&hash)
            })
            .await;
    });
}

#[test]
fn only_authors_take_their_messages_back() {
    let world = World::new(109, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        let hello = shown(&anna, &boris.id, "Hello").await.unwrap();
        let at = world.time.now().as_millis();
        world.inject(
            &account_of(2),
            &id_of(1),
            &Content::unsend(Timestamp(hello.sent_at), &id_of(1)),
            at,
        );
        world.inject(
            &account_of(2),
            &id_of(1),
            &Content::unsend(Timestamp(hello.sent_at), &id_of(2)),
            at + 1,
        );
        world.wait(30_000).await;
        assert!(shown(&anna, &boris.id, "Hello").await.is_some());
    });
}

#[test]
fn receipts_and_typing_pass_only_when_both_want_them() {
    let world = World::new(110, 8, 2);
    let (anna, mut boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        anna.send(&boris.id, "one").await;
        comes(&world, &boris, &anna.id, "one").await;
        read(&boris, &anna.id).await;
        world.wait(20_000).await;
        let one = shown(&anna, &boris.id, "one").await.unwrap();
        assert!(
            matches!(one.delivery, Delivery::Synced { .. }),
            "off by default"
        );
        for client in [&anna, &boris] {
            set(client, |settings| {
                (settings.read_receipts, settings.typing) = (true, true)
            })
            .await;
        }
        anna.send(&boris.id, "two").await;
        comes(&world, &boris, &anna.id, "two").await;
        read(&boris, &anna.id).await;
        world
            .until("the receipt", SOON, async || {
                let two = shown(&anna, &boris.id, "two").await.unwrap();
                two.delivery == Delivery::Read
            })
            .await;
        let conversation = anna.start(&boris.id).await;
        let active = true;
        run(
            &anna,
            Command::Typing {
                conversation,
                active,
            },
        )
        .await;
        world.wait(40_000).await;
    });
    let there: Vec<bool> = boris
        .told()
        .into_iter()
        .filter_map(|event| match event {
            Event::Typing { active, .. } => Some(active),
            _ => None,
        })
        .collect();
    assert_eq!(there, [true, false]);
}

#[test]
fn what_was_read_just_before_the_app_was_closed_is_told_at_its_next_start() {
    let world = World::new(124, 8, 2);
    let (anna, ben) = (world.client(1, "Anna"), world.client(2, "Ben"));
    let ben = {
        world.run(&[&anna, &ben], async {
            acquaint(&world, &anna, &ben).await;
            for client in [&anna, &ben] {
                set(client, |settings| settings.read_receipts = true).await;
            }
            anna.send(&ben.id, "Read?").await;
            comes(&world, &ben, &anna.id, "Read?").await;
            read(&ben, &anna.id).await;
            world.wait(800).await;
        });
        world.reopen(ben)
    };
    world.run(&[&anna, &ben], async {
        world
            .until("the receipt", SOON, async || {
                let message = shown(&anna, &ben.id, "Read?").await;
                message.is_some_and(|message| message.delivery == Delivery::Read)
            })
            .await;
    });
}

#[test]
fn a_request_can_be_accepted_without_telling_what_was_read() {
    let world = World::new(125, 8, 2);
    let (anna, ben) = (world.client(1, "Anna"), world.client(2, "Ben"));
    world.run(&[&anna, &ben], async {
        for client in [&anna, &ben] {
            set(client, |settings| settings.read_receipts = true).await;
        }
        anna.send(&ben.id, "Hello").await;
        comes(&world, &ben, &anna.id, "Hello").await;
        let conversation = ben.conversation(&anna.id).await.unwrap().id;
        let accept = Command::AcceptRequest {
            conversation,
            quietly: true,
        };
        ben.engine.handle(accept).await.unwrap();
        assert_eq!(ben.conversation(&anna.id).await.unwrap().unread, 0);
        read(&ben, &anna.id).await;
        let accepted = async || anna.conversation(&ben.id).await.unwrap().accepted;
        world.until("the answer", SOON, accepted).await;
        // What comes from now on is told of as usual.
        anna.send(&ben.id, "And now?").await;
        comes(&world, &ben, &anna.id, "And now?").await;
        read(&ben, &anna.id).await;
        let is_read = async |text: &str| {
            let message = shown(&anna, &ben.id, text).await;
            message.is_some_and(|message| message.delivery == Delivery::Read)
        };
        world
            .until("the receipt", SOON, async || is_read("And now?").await)
            .await;
        assert!(!is_read("Hello").await);
    });
}

#[test]
fn a_receipt_that_comes_before_the_copy_of_the_message_is_kept() {
    let world = World::new(111, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        set(&anna, |settings| settings.read_receipts = true).await;
        let at = world.time.now().as_millis();
        world.inject(
            &account_of(2),
            &id_of(1),
            &Content::read_receipt([Timestamp(at + 1)]),
            at + 2,
        );
        world.wait(20_000).await;
        let copy = Content::text("from elsewhere", None, Expiry::Off).sync_copy(&id_of(2));
        world.inject(&account_of(1), &id_of(1), &copy, at + 1);
        let message = comes(&world, &anna, &boris.id, "from elsewhere").await;
        assert_eq!(message.delivery, Delivery::Read);
    });
}

#[test]
fn messages_disappear_after_sending_on_all_devices_and_from_the_swarms() {
    let world = World::new(112, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let second = world.client(1, "");
    world.run(&[&anna, &boris, &second], async {
        acquaint(&world, &anna, &boris).await;
        let timer = Timer::AfterSend(60);
        change(&anna, &boris.id, ConversationChange::Timer(timer)).await;
        anna.send(&boris.id, "short").await;
        for (device, partner) in [(&anna, &boris.id), (&second, &boris.id), (&boris, &anna.id)] {
            let message = comes(&world, device, partner, "short").await;
            assert_eq!(message.timer, timer);
        }
        let synced = synced(&world, &anna, &boris.id, "short").await;
        assert!(
            synced
                .expires_at
                .is_some_and(|at| at > world.time.now().as_millis())
        );
        let notice = MessageKind::TimerChanged(timer);
        for (device, partner) in [(&second, &boris.id), (&boris, &anna.id)] {
            let timeline = device.timeline(partner).await;
            assert!(timeline.iter().any(|message| message.kind == notice));
        }
        assert_eq!(second.conversation(&boris.id).await.unwrap().timer, timer);
        assert_eq!(
            boris.conversation(&anna.id).await.unwrap().timer,
            Timer::Off
        );
        world.wait(75_000).await;
        for (device, partner) in [(&anna, &boris.id), (&second, &boris.id), (&boris, &anna.id)] {
            assert!(shown(device, partner, "short").await.is_none());
            assert!(shown(device, partner, "Hello").await.is_some());
        }
        // A second change leaves one notice of this side.
        change(&anna, &boris.id, ConversationChange::Timer(Timer::Off)).await;
        for (device, partner) in [(&anna, &boris.id), (&boris, &anna.id)] {
            world
                .until("one notice", SOON, async || {
                    let timeline = device.timeline(partner).await;
                    let notices: Vec<_> = timeline
                        .iter()
                        .filter(|message| matches!(message.kind, MessageKind::TimerChanged(_)))
                        .map(|message| message.kind)
                        .collect();
                    notices == [MessageKind::TimerChanged(Timer::Off)]
                })
                .await;
        }
    });
}

#[test]
fn a_message_from_a_clock_of_tomorrow_disappears_everywhere_in_the_networks_time() {
    const AHEAD: u64 = 17 * 3_600_000;
    let world = World::new(135, 8, 2);
    let anna = world.skewed_client(1, "Anna", AHEAD as i64);
    let (second, boris) = (world.client(1, ""), world.client(2, "Boris"));
    world.run(&[&anna, &second, &boris], async {
        // No node can tell the time, so the device takes its own.
        let air = |down| {
            let air = Air::default();
            world.air.set(Air { down, ..air });
        };
        air(true);
        anna.start(&boris.id).await;
        let timer = Timer::AfterSend(300);
        change(&anna, &boris.id, ConversationChange::Timer(timer)).await;
        anna.send(&boris.id, "early").await;
        air(false);
        let sides = [(&anna, &boris.id), (&second, &boris.id), (&boris, &anna.id)];
        for (device, partner) in sides {
            let message = comes(&world, device, partner, "early").await;
            let now = world.time.now().as_millis();
            assert!(
                message.sent_at > now + AHEAD - 600_000,
                "it was no early message"
            );
        }
        world.wait(420_000).await;
        for (device, partner) in sides {
            assert!(shown(device, partner, "early").await.is_none());
        }
    });
}

#[test]
fn messages_disappear_after_reading_also_when_the_app_was_closed_meanwhile() {
    let world = World::new(113, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let boris = {
        world.run(&[&anna, &boris], async {
            acquaint(&world, &anna, &boris).await;
            let timer = Timer::AfterRead(60);
            change(&anna, &boris.id, ConversationChange::Timer(timer)).await;
            anna.send(&boris.id, "read me").await;
            let message = comes(&world, &boris, &anna.id, "read me").await;
            assert_eq!(message.expires_at, None, "nobody read it");
            world.wait(100_000).await;
            assert!(
                shown(&anna, &boris.id, "read me").await.is_none(),
                "ours are counted from sending"
            );
            read(&boris, &anna.id).await;
            let message = shown(&boris, &anna.id, "read me").await.unwrap();
            let now = world.time.now().as_millis();
            let left = message.expires_at.unwrap() - now;
            assert!((59_000..=60_000).contains(&left), "{left}");
            let before = message.expires_at;
            world.wait(15_000).await;
            let hold = world.network.messages(&id_of(2).swarm_id());
            let Answer::MessageInfo(info) = run(
                &boris,
                Command::GetMessageInfo {
                    message: message.id,
                },
            )
            .await
            else {
                panic!("no info")
            };
            let hash = info.hash.unwrap();
            let ends: Vec<_> = hold
                .iter()
                .flat_map(|(_, held)| held)
                .filter(|held| held.hash == hash)
                .map(|held| held.expiry)
                .collect();
            assert!(
                !ends.is_empty() && ends.iter().all(|end| u64::try_from(*end).ok() == before),
                "{ends:?} {before:?}"
            );
        });
        world.reopen(boris)
    };
    world.time.run(world.wait(120_000));
    world.run(&[&boris], async {
        world
            .until("it is gone", 10_000, async || {
                shown(&boris, &anna.id, "read me").await.is_none()
            })
            .await;
    });
}

#[test]
fn a_held_message_can_be_taken_back_and_nobody_gets_it() {
    let world = World::new(114, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        set(&anna, |settings| settings.undo_seconds = 5).await;
        let held = anna.send(&boris.id, "oops").await;
        assert!(matches!(held.delivery, Delivery::Held { .. }));
        world.wait(2_000).await;
        let Answer::Draft(draft) = run(&anna, Command::CancelSend { message: held.id }).await
        else {
            panic!("no draft")
        };
        assert_eq!(draft.text, "oops");
        assert!(shown(&anna, &boris.id, "oops").await.is_none());
        let sent = anna.send(&boris.id, "right").await;
        comes(&world, &boris, &anna.id, "right").await;
        assert!(world.time.now().as_millis() >= sent.sent_at + 5_000);
        assert!(shown(&boris, &anna.id, "oops").await.is_none());
    });
}

#[test]
fn pins_archive_drafts_stars_and_notes_stay_over_a_restart() {
    let world = World::new(115, 8, 2);
    let anna = world.client(1, "Anna");
    let people: Vec<String> = (2..5).map(|person| id_of(person).to_string()).collect();
    world.time.run(async {
        for person in &people {
            anna.send(person, "Hello").await;
            change(&anna, person, ConversationChange::Pinned(true)).await;
        }
        change(&anna, &people[2], ConversationChange::PinMoved { up: true }).await;
        change(&anna, &people[0], ConversationChange::Nickname("Bo".into())).await;
        change(
            &anna,
            &people[0],
            ConversationChange::Notify(Notify::Nothing),
        )
        .await;
        change(&anna, &people[0], ConversationChange::MarkedUnread(true)).await;
        change(
            &anna,
            &people[0],
            ConversationChange::Note("likes tea".into()),
        )
        .await;
        let label = format!(" {}", "é".repeat(40));
        change(&anna, &people[0], ConversationChange::Label(label)).await;
        let folder = ConversationChange::Folder(" Work ".into());
        change(&anna, &people[0], folder).await;
        change(&anna, &people[1], ConversationChange::Archived(true)).await;
        let hello = shown(&anna, &people[0], "Hello").await.unwrap();
        run(
            &anna,
            Command::Star {
                messages: vec![hello.id],
                on: true,
            },
        )
        .await;
        run(
            &anna,
            Command::PinMessage {
                message: hello.id,
                on: true,
            },
        )
        .await;
        let conversation = anna.start(&people[0]).await;
        let text = "x".repeat(500);
        let reply_to = Some(hello.id);
        run(
            &anna,
            Command::SetDraft {
                conversation,
                text,
                reply_to,
            },
        )
        .await;
    });
    let anna = world.reopen(anna);
    world.time.run(async {
        let rows = anna.conversations().await;
        let order: Vec<_> = rows
            .iter()
            .map(|row| (row.account_id.clone(), row.pinned))
            .collect();
        let expected =
            [(0, 3), (2, 2), (1, 1)].map(|(at, pin): (usize, i64)| (people[at].clone(), pin));
        assert_eq!(order, expected);
        let row = &rows[0];
        assert_eq!(
            (row.title().as_str(), row.note.as_str()),
            ("Bo", "likes tea")
        );
        assert_eq!((&*row.label, &*row.folder), (&*"é".repeat(30), "Work"));
        assert!(row.marked_unread && rows[2].archived && row.notify == Notify::Nothing);
        assert_eq!(row.draft.len(), 200);
        let conversation = row.id;
        let Answer::Draft(draft) = run(&anna, Command::GetDraft { conversation }).await else {
            panic!("no draft")
        };
        let hello = shown(&anna, &people[0], "Hello").await.unwrap();
        assert_eq!((draft.text.len(), draft.reply_to), (500, Some(hello.id)));
        assert!(hello.starred && hello.pinned);
        let pinned = async || match run(&anna, Command::GetPinned { conversation }).await {
            Answer::Messages { messages, .. } => messages,
            other => panic!("no messages: {other:?}"),
        };
        let pin = async |on| {
            let message = hello.id;
            run(&anna, Command::PinMessage { message, on }).await;
        };
        assert_eq!(pinned().await, std::slice::from_ref(&hello));
        pin(false).await;
        assert!(pinned().await.is_empty());
        pin(true).await;
        assert_eq!(pinned().await.len(), 1);
        delete(&anna, &hello, DeleteScope::Here).await;
        assert!(pinned().await.is_empty());
    });
}

#[test]
fn whoever_is_blocked_is_not_heard_and_an_archived_conversation_comes_back() {
    let world = World::new(116, 8, 2);
    let (mut anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        change(&anna, &boris.id, ConversationChange::Archived(true)).await;
        boris.send(&anna.id, "knock").await;
        comes(&world, &anna, &boris.id, "knock").await;
        assert!(!anna.conversation(&boris.id).await.unwrap().archived);
        change(&anna, &boris.id, ConversationChange::Blocked(true)).await;
        let conversation = anna.start(&boris.id).await;
        let command = Command::Send {
            conversation,
            text: "no".into(),
            reply_to: None,
            files: Vec::new(),
        };
        assert_eq!(refusal(&anna, command).await, ErrorCode::SendBlocked);
        boris.send(&anna.id, "hello?").await;
        world.wait(30_000).await;
        assert!(shown(&anna, &boris.id, "hello?").await.is_none());
        let Answer::Conversations(blocked) = run(&anna, Command::GetBlocked).await else {
            panic!("no list")
        };
        assert_eq!(blocked.len(), 1);
        change(&anna, &boris.id, ConversationChange::Blocked(false)).await;
        change(
            &anna,
            &boris.id,
            ConversationChange::MutedUntil(Some(u64::MAX)),
        )
        .await;
        boris.send(&anna.id, "again").await;
        comes(&world, &anna, &boris.id, "again").await;
    });
    let notified = anna
        .told()
        .into_iter()
        .filter(|event| matches!(event, Event::Notify { .. }))
        .count();
    assert_eq!(notified, 2, "Hi and knock, but nothing muted");
}

#[test]
fn a_deleted_conversation_comes_back_with_what_is_new_only() {
    let world = World::new(117, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        let conversation = anna.start(&boris.id).await;
        run(
            &anna,
            Command::DeleteConversation {
                conversation,
                keep_contact: true,
            },
        )
        .await;
        assert!(anna.conversation(&boris.id).await.is_none());
        let old = world.time.now().as_millis() - 600_000;
        world.inject(
            &account_of(2),
            &id_of(1),
            &Content::text("Hello", None, Expiry::Off),
            old,
        );
        boris.send(&anna.id, "new").await;
        comes(&world, &anna, &boris.id, "new").await;
        let row = anna.conversation(&boris.id).await.unwrap();
        assert_eq!((row.request, row.accepted), (RequestState::None, true));
        assert!(!anna.texts(&boris.id).await.contains(&"Hi".to_owned()));
        let conversation = anna.start(&boris.id).await;
        run(&anna, Command::ClearMessages { conversation }).await;
        assert!(anna.timeline(&boris.id).await.is_empty());
        world.wait(30_000).await;
        assert!(
            anna.timeline(&boris.id).await.is_empty(),
            "nothing comes back"
        );
    });
}

#[test]
fn a_declined_request_is_gone_and_a_blocked_one_stays_away() {
    let world = World::new(118, 8, 2);
    let (anna, boris, carla) = (
        world.client(1, "Anna"),
        world.client(2, "Boris"),
        world.client(3, "Carla"),
    );
    world.run(&[&anna, &boris, &carla], async {
        boris.send(&anna.id, "buy this").await;
        carla.send(&anna.id, "and this").await;
        comes(&world, &anna, &boris.id, "buy this").await;
        comes(&world, &anna, &carla.id, "and this").await;
        for (client, block) in [(&boris, true), (&carla, false)] {
            let conversations = vec![anna.conversation(&client.id).await.unwrap().id];
            run(
                &anna,
                Command::DeclineRequests {
                    conversations,
                    block,
                },
            )
            .await;
        }
        assert!(anna.conversations().await.is_empty());
        boris.send(&anna.id, "really").await;
        carla.send(&anna.id, "please").await;
        comes(&world, &anna, &carla.id, "please").await;
        world.wait(30_000).await;
        assert_eq!(anna.texts(&carla.id).await, ["please"]);
        assert!(anna.conversation(&boris.id).await.is_none());
        let row = anna.conversation(&carla.id).await.unwrap();
        assert_eq!(row.request, RequestState::Incoming);
    });
}

#[test]
fn messages_are_forwarded_to_several_and_invitations_arrive() {
    let world = World::new(119, 8, 2);
    let (anna, boris, carla) = (
        world.client(1, "Anna"),
        world.client(2, "Boris"),
        world.client(3, "Carla"),
    );
    world.run(&[&anna, &boris, &carla], async {
        acquaint(&world, &anna, &boris).await;
        acquaint(&world, &anna, &carla).await;
        let hi = shown(&anna, &boris.id, "Hi").await.unwrap();
        let to = vec![anna.start(&carla.id).await, anna.start(&anna.id).await];
        let messages = vec![hi.id];
        let comment = "look".to_owned();
        run(
            &anna,
            Command::Forward {
                messages,
                to,
                comment,
            },
        )
        .await;
        comes(&world, &carla, &anna.id, "look").await;
        let timeline = world.until("both", SOON, async || {
            carla.texts(&anna.id).await.len() >= 4
        });
        timeline.await;
        let texts = carla.texts(&anna.id).await;
        assert_eq!(texts[texts.len() - 2..], ["look", "Hi"]);
        assert_eq!(anna.texts(&anna.id).await, ["look", "Hi"]);
        let conversation = anna.start(&boris.id).await;
        let invitation = Invitation {
            name: "Room".into(),
            url: "https://example.org/room?public_key=00".into(),
        };
        let sent = invitation.clone();
        run(
            &anna,
            Command::SendInvitation {
                conversation,
                invitation: sent,
            },
        )
        .await;
        world
            .until("the invitation", SOON, async || {
                let timeline = boris.timeline(&anna.id).await;
                timeline.last().unwrap().invitation.as_ref() == Some(&invitation)
            })
            .await;
    });
}

#[test]
fn what_is_strange_does_not_block_what_comes_behind_it() {
    let world = World::new(120, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        acquaint(&world, &anna, &boris).await;
        let at = world.time.now().as_millis();
        let with = |change: &dyn Fn(&mut proto::DataMessage)| {
            let mut data = proto::DataMessage::default();
            change(&mut data);
            Content::visible(data, Expiry::Off)
        };
        let pointer = proto::AttachmentPointer {
            id: 1,
            file_name: Some("../../a\u{202e}.exe".into()),
            size: Some(u32::MAX),
            width: Some(u32::MAX),
            ..Default::default()
        };
        let strange = [
            with(&|data| data.attachments = vec![pointer.clone(); 200]),
            with(&|data| data.flags = Some(99)),
            with(&|data| {
                data.body = Some("quotes nothing".into());
                data.quote = Some(proto::Quote {
                    id: u64::MAX,
                    author: "nobody".into(),
                });
            }),
            with(&|data| {
                data.reaction = Some(proto::Reaction {
                    id: 0,
                    author: String::new(),
                    emoji: None,
                    action: 77,
                });
            }),
            Content::read_receipt((0..5_000).map(Timestamp)),
            Content {
                expiration_type: Some(77),
                expiration_timer: Some(u32::MAX),
                ..Content::text("long", None, Expiry::Off)
            },
            Content::default(),
        ];
        for (number, content) in (1u64..).zip(&strange) {
            world.inject(&account_of(2), &id_of(1), content, at + number);
        }
        world.inject(
            &account_of(2),
            &id_of(1),
            &Content::text("after", None, Expiry::Off),
            at + 50,
        );
        comes(&world, &anna, &boris.id, "after").await;
        let timeline = anna.timeline(&boris.id).await;
        let files = timeline
            .iter()
            .find(|message| !message.attachments.is_empty())
            .unwrap();
        assert_eq!(files.attachments.len(), 32);
        assert!(files.attachments[0].dangerous);
        let quote = shown(&anna, &boris.id, "quotes nothing")
            .await
            .unwrap()
            .quote;
        assert_eq!(quote, None);
        assert_eq!(
            shown(&anna, &boris.id, "long").await.unwrap().timer,
            Timer::AfterRead(3_155_760_000)
        );
    });
}

#[test]
fn whatever_a_stranger_sends_stands_as_a_request() {
    let world = World::new(121, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        let data = proto::DataMessage {
            group_update_message: Some(Default::default()),
            ..Default::default()
        };
        let at = world.time.now().as_millis();
        world.inject(
            &account_of(3),
            &id_of(1),
            &Content::visible(data, Expiry::Off),
            at,
        );
        let stranger = id_of(3).to_string();
        let came = async || anna.conversation(&stranger).await.is_some();
        world.until("the request", SOON, came).await;
        let row = anna.conversation(&stranger).await.unwrap();
        assert_eq!(row.request, RequestState::Incoming);
    });
}

#[test]
fn a_message_that_does_not_open_stands_in_its_conversation_and_holds_nothing_up() {
    let world = World::new(121, 8, 2);
    let (anna, ben) = (world.client(1, "Anna"), world.client(2, "Ben"));
    world.run(&[&anna, &ben], async {
        acquaint(&world, &anna, &ben).await;
        let sent_at = world.time.now().plus_millis(1);
        let data = encode_with(
            account_of(1).ed25519(),
            id_of(2).key(),
            &[0xff],
            sent_at,
            &X25519SecretKey::from_bytes([9; 32]),
            &Signature([1; 64]),
        );
        let swarm = id_of(2).swarm_id();
        let network = &world.network;
        network
            .inject(&swarm, Namespace::DEFAULT, &data.unwrap())
            .unwrap();
        anna.send(&ben.id, "behind it").await;
        comes(&world, &ben, &anna.id, "behind it").await;
        let unopened = |message: &Message| message.kind == MessageKind::Undecryptable;
        world
            .until("a row for it", SOON, async || {
                ben.timeline(&anna.id).await.iter().any(unopened)
            })
            .await;
        let timeline = ben.timeline(&anna.id).await;
        let message = timeline.into_iter().find(unopened).unwrap();
        assert_eq!((message.author, message.mine), (anna.id.clone(), false));
        let message = message.id;
        assert_eq!(
            refusal(&ben, Command::ReadAgain { message }).await,
            ErrorCode::MsgDecrypt
        );
    });
}

/// Lets everything else go on for a moment.
async fn yield_once() {
    let mut gone = false;
    poll_fn(|context| {
        if std::mem::replace(&mut gone, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn messages_stand_in_the_order_in_which_they_were_sent_however_busy_the_device_is() {
    let world = World::new(57, 8, 2);
    let anna = world.client(1, "Anna");
    let texts: Vec<String> = (0..60).map(|number| format!("number {number}")).collect();
    world.run(&[&anna], async {
        let notes = anna.start(&anna.id).await;
        let sends = texts.iter().zip(0u64..).map(async |(text, number)| {
            // Faster than they are written down.
            for _ in 0..number {
                yield_once().await;
            }
            let command = Command::Send {
                conversation: notes,
                text: text.clone(),
                reply_to: None,
                files: Vec::new(),
            };
            anna.engine.handle(command).await.unwrap();
        });
        futures::future::join_all(sends).await;
        assert_eq!(anna.texts(&anna.id).await, texts);
    });
}

#[test]
fn a_time_that_one_node_made_up_removes_nothing() {
    let world = World::new(122, 8, 2);
    let (anna, ben) = (world.client(1, "Anna"), world.client(2, "Ben"));
    let ben = {
        world.run(&[&anna, &ben], async {
            acquaint(&world, &anna, &ben).await;
            let timer = Timer::AfterSend(7_200);
            change(&anna, &ben.id, ConversationChange::Timer(timer)).await;
            anna.send(&ben.id, "for two hours").await;
            let message = comes(&world, &ben, &anna.id, "for two hours").await;
            assert!(message.expires_at.is_some());
        });
        // What an earlier session wrote down: no guards, and a network that is a year ahead.
        world.time.run(async {
            let ports = Rc::new(world.ports(&ben.store, 0));
            let records = Records::new(ports, ben.key.clone());
            let key = records.key::<16>(Table::Network, "state", &[]);
            let mut tx = records.tx();
            tx.put(&key, &(Vec::<u8>::new(), 365 * 86_400_000i64));
            tx.commit(Durability::Strict).await.unwrap();
        });
        world.reopen(ben)
    };
    world.run(&[&ben], async {
        run(&ben, Command::SetOffline { offline: true }).await;
        world.wait(300_000).await;
        assert!(shown(&ben, &anna.id, "for two hours").await.is_some());
        run(&ben, Command::SetOffline { offline: false }).await;
        world.wait(300_000).await;
        assert!(shown(&ben, &anna.id, "for two hours").await.is_some());
        world.wait(7_200_000).await;
        assert!(shown(&ben, &anna.id, "for two hours").await.is_none());
    });
}

#[test]
fn a_copy_that_comes_once_more_does_not_accept_anybody_again() {
    let world = World::new(123, 8, 2);
    let (anna, ben) = (world.client(1, "Anna"), world.client(2, "Ben"));
    world.run(&[&anna, &ben], async {
        acquaint(&world, &anna, &ben).await;
        let message = synced(&world, &anna, &ben.id, "Hello").await;
        let conversation = anna.start(&ben.id).await;
        run(
            &anna,
            Command::DeleteConversation {
                conversation,
                keep_contact: false,
            },
        )
        .await;
        world.wait(200_000).await;
        let data = proto::DataMessage {
            body: Some("Hello".into()),
            ..Default::default()
        };
        let content = Content::visible(data, Expiry::Off).sync_copy(&id_of(2));
        world.inject(&account_of(1), &id_of(1), &content, message.sent_at);
        world.wait(20_000).await;
        ben.send(&anna.id, "It is me again").await;
        comes(&world, &anna, &ben.id, "It is me again").await;
        let row = anna.conversation(&ben.id).await.unwrap();
        assert!(!row.accepted);
    });
}

#[test]
fn that_messages_were_removed_is_forgotten_when_nothing_can_bring_them_back() {
    let world = World::new(130, 8, 2);
    let anna = world.client(1, "Anna");
    let boris = id_of(2).to_string();
    let month = 31 * 24 * 3_600_000;
    let index = async || anna.store.held().await[&Table::Index].records;
    let text = |text: &str| Content::text(text, None, Expiry::Off);
    let pass = || {
        world.run(&[], async { world.wait(month).await });
        world.run(&[&anna], async {
            world.wait(60_000).await;
            index().await
        })
    };
    let now = || world.time.now().as_millis();
    world.run(&[&anna], async {
        world.inject(&account_of(2), &id_of(1), &text("first"), now());
        comes(&world, &anna, &boris, "first").await;
    });
    let before = pass();
    world.run(&[&anna], async {
        let at = now();
        for number in 0..20 {
            let unsend = Content::unsend(Timestamp(at + 1_000 + number), &id_of(2));
            world.inject(&account_of(2), &id_of(1), &unsend, at + number);
        }
        world.inject(&account_of(2), &id_of(1), &text("gone"), at + 30);
        let message = comes(&world, &anna, &boris, "gone").await;
        delete(&anna, &message, DeleteScope::Here).await;
        // What was taken back before it came does not come.
        world.inject(&account_of(2), &id_of(1), &text("never"), at + 1_000);
        world.inject(&account_of(2), &id_of(1), &text("gone again"), at + 30);
        world.wait(30_000).await;
        assert_eq!(anna.texts(&boris).await, ["first"]);
        assert!(index().await > before + 40);
    });
    assert_eq!(pass(), before);
}

#[test]
fn a_request_that_is_taken_back_leaves_the_same_whether_its_message_was_seen_or_not() {
    let world = World::new(131, 8, 2);
    let (anna, other) = (world.client(1, "Anna"), world.client(1, "Anna"));
    let boris = id_of(2).to_string();
    world.run(&[&anna, &other], async {
        let at = world.time.now().as_millis();
        let text = |text: &str| Content::text(text, None, Expiry::Off);
        world.inject(&account_of(2), &id_of(1), &text("kept"), at);
        world.inject(&account_of(2), &id_of(1), &text("regretted"), at + 1);
        comes(&world, &anna, &boris, "regretted").await;
        comes(&world, &other, &boris, "regretted").await;
        run(&other, Command::SetOffline { offline: true }).await;
        let state = async |client: &Client| client.conversation(&boris).await.unwrap().request;
        assert_eq!(state(&anna).await, RequestState::Incoming);
        let unsend = Content::unsend(Timestamp(at + 1), &id_of(2));
        world.inject(&account_of(2), &id_of(1), &unsend, at + 2);
        world.wait(60_000).await;
        assert_eq!(anna.texts(&boris).await, ["kept"]);
        assert_eq!(state(&anna).await, RequestState::Incoming);
        let unsend = Content::unsend(Timestamp(at), &id_of(2));
        world.inject(&account_of(2), &id_of(1), &unsend, at + 3);
        world.wait(60_000).await;
        assert_eq!(anna.timeline(&boris).await.len(), 0);
        assert_eq!(state(&anna).await, RequestState::None);
        run(&other, Command::SetOffline { offline: false }).await;
        world.wait(60_000).await;
        assert_eq!(other.timeline(&boris).await.len(), 0);
        assert_eq!(state(&other).await, RequestState::None);
    });
}
