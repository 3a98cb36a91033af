//! The engine against a network that misbehaves on purpose, one misbehaviour at a time.

use crate::id_of;
use onionskin_client::api::{
    Answer, Command, ConnectionState, DeleteScope, Delivery, ErrorCode, Event, MessageKind,
    RequestState, RestoreStep,
};
use onionskin_client::ports::{Durability, Op, Store, Table};
use onionskin_protocol::id::Namespace;
use onionskin_protocol::message::{encode, proto};
use onionskin_protocol::time::Timestamp;
use onionskin_sim::transport::Air;
use onionskin_sim::world::{Client, World, account_of, cursor};
use onionskin_testnet::network::{Fault, Sleeper};
use onionskin_testnet::random::SeededEntropy;

const SOON: u64 = 120_000;

fn text(body: &str) -> proto::Content {
    proto::Content {
        data_message: Some(proto::DataMessage {
            body: Some(body.to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn stored(client: &Client, partner: &str, message: &onionskin_client::api::Message) -> bool {
    matches!(
        client.delivery(partner, message).await,
        Some(Delivery::Stored { .. } | Delivery::Synced { .. })
    )
}

#[test]
fn two_people_talk_and_the_request_is_accepted_by_the_reply() {
    let world = World::new(1, 8, 2);
    let (anna, mut boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let second = world.client(1, "");
    world.run(&[&anna, &boris, &second], async {
        anna.send(&boris.id, "Hello").await;
        world
            .until("Hello", SOON, async || {
                boris.texts(&anna.id).await == ["Hello"]
            })
            .await;
        let row = boris.conversation(&anna.id).await.unwrap();
        assert_eq!(
            (row.name.as_str(), row.unread, row.request),
            ("Anna", 1, RequestState::Incoming)
        );
        assert_eq!(
            anna.conversation(&boris.id).await.unwrap().request,
            RequestState::Outgoing
        );
        boris.send(&anna.id, "Hello yourself").await;
        assert_eq!(
            boris.conversation(&anna.id).await.unwrap().request,
            RequestState::None
        );
        assert_eq!(boris.conversation(&anna.id).await.unwrap().unread, 0);
        world
            .until("the reply", SOON, async || {
                anna.texts(&boris.id).await.len() == 3
            })
            .await;
        let timeline = anna.timeline(&boris.id).await;
        let kinds: Vec<_> = timeline
            .iter()
            .map(|message| (message.kind, message.text.as_str()))
            .collect();
        assert_eq!(
            kinds,
            [
                (MessageKind::Text, "Hello"),
                (MessageKind::RequestAccepted, ""),
                (MessageKind::Text, "Hello yourself")
            ]
        );
        assert_eq!(timeline[2].sent_at - timeline[1].sent_at, 100);
        let row = anna.conversation(&boris.id).await.unwrap();
        assert_eq!(
            (row.name.as_str(), row.request, row.unread),
            ("Boris", RequestState::None, 1)
        );
        world
            .until("all of it", SOON, async || {
                second.texts(&boris.id).await == ["Hello", "", "Hello yourself"]
            })
            .await;
        let there = second.timeline(&boris.id).await;
        assert_eq!((there[0].mine, there[2].mine), (true, false));
        assert!(
            second.conversation(&anna.id).await.is_none(),
            "a copy is no note to self"
        );
    });
    let told = boris.told();
    assert!(told.contains(&Event::Restore(RestoreStep::Done)));
    assert!(told.iter().any(|event| matches!(event, Event::Network(status) if status.state == ConnectionState::Connected)));
    let states: Vec<Delivery> = told
        .iter()
        .filter_map(|event| match event {
            Event::Message(message) if message.mine => Some(message.delivery),
            _ => None,
        })
        .collect();
    assert_eq!(states[..2], [Delivery::Queued, Delivery::Sending]);
    assert!(matches!(
        states[2],
        Delivery::Stored {
            confirmed: 4,
            of: 4
        }
    ));
    assert!(matches!(
        states[3],
        Delivery::Synced {
            confirmed: 4,
            of: 4
        }
    ));
}

#[test]
fn accepting_without_a_word_tells_the_other_side() {
    let world = World::new(2, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        anna.send(&boris.id, "Hello").await;
        world
            .until("Hello", SOON, async || {
                boris.texts(&anna.id).await.len() == 1
            })
            .await;
        let conversation = boris.conversation(&anna.id).await.unwrap().id;
        boris
            .engine
            .handle(Command::AcceptRequest {
                conversation,
                quietly: false,
            })
            .await
            .unwrap();
        world
            .until("the notice", SOON, async || {
                anna.timeline(&boris.id).await.len() == 2
            })
            .await;
        let row = anna.conversation(&boris.id).await.unwrap();
        assert_eq!((row.request, row.unread), (RequestState::None, 0));
        assert_eq!(row.last.unwrap().kind, MessageKind::RequestAccepted);
    });
}

#[test]
fn a_note_to_self_goes_to_the_own_swarm_only_and_to_the_other_device() {
    let world = World::new(3, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    world.run(&[&anna, &second], async {
        let note = anna.send(&anna.id, "milk").await;
        world
            .until("the note", SOON, async || {
                second.texts(&anna.id).await == ["milk"]
            })
            .await;
        assert!(second.conversation(&anna.id).await.unwrap().note_to_self);
        world
            .until("its state", SOON, async || {
                stored(&anna, &anna.id, &note).await
            })
            .await;
        world.wait(30_000).await;
        assert_eq!(anna.texts(&anna.id).await, ["milk"]);
        for (_, held) in world.held(&id_of(1).swarm_id()) {
            assert_eq!(held.len(), 1);
        }
    });
}

#[test]
fn messages_of_one_conversation_arrive_in_the_order_in_which_they_were_sent() {
    let world = World::new(4, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.air.set(Air {
        jitter: 2_000,
        mute: 100,
        ..Air::default()
    });
    let expected: Vec<String> = (0..15).map(|number| format!("number {number}")).collect();
    world.run(&[&anna, &boris], async {
        for text in &expected {
            anna.send(&boris.id, text).await;
        }
        world
            .until("all", 1_200_000, async || {
                boris.texts(&anna.id).await.len() == expected.len()
            })
            .await;
        assert_eq!(boris.texts(&anna.id).await, expected);
        let timeline = boris.timeline(&anna.id).await;
        assert!(timeline.is_sorted_by(|one, other| one.sent_at < other.sent_at));
        let (_, held) = &world.held(&id_of(2).swarm_id())[0];
        assert_eq!(held.len(), expected.len());
    });
}

#[test]
fn a_message_for_the_wrong_swarm_is_sent_again_to_the_right_one() {
    let world = World::new(5, 9, 3);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let owner = id_of(2).swarm_id();
    world.run(&[&anna, &boris], async {
        anna.send(&boris.id, "before").await;
        world
            .until("before", SOON, async || {
                boris.texts(&anna.id).await.len() == 1
            })
            .await;
        let members = world.network.members_for(&owner);
        let others: Vec<usize> = (0..9).filter(|node| !members.contains(node)).collect();
        let swarm_of = |node: usize| world.network.list()[node].swarm.unwrap();
        let elsewhere = swarm_of(others[0]);
        let home = swarm_of(members[0]);
        // Everybody moves out, others move in.
        for node in &others[..2] {
            world.network.move_node(*node, home).unwrap();
        }
        for node in members {
            world.network.move_node(node, elsewhere).unwrap();
        }
        let message = anna.send(&boris.id, "after").await;
        world
            .until("after", SOON, async || {
                boris.texts(&anna.id).await == ["before", "after"]
            })
            .await;
        world
            .until("its state", SOON, async || {
                stored(&anna, &boris.id, &message).await
            })
            .await;
    });
}

#[test]
fn the_signatures_of_a_lying_node_do_not_count() {
    let world = World::new(6, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let members = world.network.members_for(&id_of(2).swarm_id());
    world.network.fault(members[0], Fault::Lie);
    world.run(&[&anna, &boris], async {
        let message = anna.send(&boris.id, "Hello").await;
        world
            .until("its state", SOON, async || {
                stored(&anna, &boris.id, &message).await
            })
            .await;
        let delivery = anna.delivery(&boris.id, &message).await.unwrap();
        assert!(
            matches!(
                delivery,
                Delivery::Stored {
                    confirmed: 1..=3,
                    of: 4
                } | Delivery::Synced {
                    confirmed: 1..=3,
                    of: 4
                }
            ),
            "{delivery:?}"
        );
        world
            .until("Hello", 600_000, async || {
                boris.texts(&anna.id).await == ["Hello"]
            })
            .await;
    });
}

#[test]
fn when_all_members_lie_nothing_counts_as_stored() {
    let world = World::new(7, 8, 2);
    let anna = world.client(1, "Anna");
    let owner = [1, 2, 3, 4, 5, 6, 7, 8].map(id_of).into_iter();
    let apart = owner
        .filter(|id| {
            world.network.members_for(&id.swarm_id())
                != world.network.members_for(&id_of(1).swarm_id())
        })
        .collect::<Vec<_>>()[0];
    for node in world.network.members_for(&apart.swarm_id()) {
        world.network.fault(node, Fault::Lie);
    }
    world.run(&[&anna], async {
        let message = anna.send(&apart.to_string(), "Hello").await;
        world.wait(300_000).await;
        let delivery = anna.delivery(&apart.to_string(), &message).await.unwrap();
        assert!(
            matches!(
                delivery,
                Delivery::Sending | Delivery::Retrying { .. } | Delivery::Queued
            ),
            "{delivery:?}"
        );
    });
}

#[test]
fn when_a_guard_dies_messages_take_another_path() {
    let world = World::new(8, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world
            .until("paths", SOON, async || {
                anna.engine.network().paths().len() == 2
            })
            .await;
        for round in 0..3 {
            let paths = anna.engine.network().paths();
            let dead = paths[0].hops[0].key.clone();
            let index = world
                .network
                .nodes()
                .iter()
                .position(|node| node.ed25519 == dead)
                .unwrap();
            world.network.fault(index, Fault::Stop);
            let message = anna.send(&boris.id, &format!("round {round}")).await;
            world
                .until("its state", SOON, async || {
                    stored(&anna, &boris.id, &message).await
                })
                .await;
            world
                .until("another guard", 300_000, async || {
                    let paths = anna.engine.network().paths();
                    paths.len() == 2
                        && paths
                            .iter()
                            .all(|path| path.hops[0].key != dead && path.hops.len() == 3)
                })
                .await;
            world.network.fault(index, Fault::Start);
        }
        world
            .until("all", SOON, async || boris.texts(&anna.id).await.len() == 3)
            .await;
    });
}

#[test]
fn guards_survive_a_restart_and_a_rotation() {
    let world = World::new(9, 8, 2);
    let anna = world.client(1, "Anna");
    let guards = |client: &Client| {
        let mut keys: Vec<String> = client
            .engine
            .network()
            .paths()
            .iter()
            .map(|path| path.hops[0].key.clone())
            .collect();
        keys.sort();
        keys
    };
    let hops = |client: &Client| {
        client
            .engine
            .network()
            .paths()
            .iter()
            .map(|path| path.hops.clone())
            .collect::<Vec<_>>()
    };
    let before = world.run(&[&anna], async {
        world
            .until("paths", SOON, async || {
                anna.engine.network().paths().len() == 2
            })
            .await;
        let (first, pinned) = (hops(&anna), guards(&anna));
        world.wait(11 * 60_000).await;
        assert_eq!(guards(&anna), pinned, "rotation keeps the guards");
        assert_ne!(hops(&anna), first, "and changes what is behind them");
        pinned
    });
    let anna = world.reopen(anna);
    world.run(&[&anna], async {
        world
            .until("paths", SOON, async || {
                anna.engine.network().paths().len() == 2
            })
            .await;
        assert_eq!(guards(&anna), before);
        let pinned = anna.engine.network().paths()[0].hops[0]
            .pinned_since
            .unwrap();
        assert!(pinned < anna.engine.network().paths()[0].built_at);
    });
}

#[test]
fn a_crash_between_store_and_confirmation_doubles_nothing() {
    let world = World::new(10, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let owner = id_of(2).swarm_id();
    world.run(&[&anna, &boris], async {
        world
            .until("paths", SOON, async || {
                anna.engine.network().is_ready() && boris.engine.network().is_ready()
            })
            .await;
        // Requests arrive, answers do not.
        world.air.set(Air {
            mute: 1_000,
            ..Air::default()
        });
        anna.send(&boris.id, "once").await;
        let lies_there = async || world.held(&owner).iter().any(|(_, held)| !held.is_empty());
        // Without answers no swarm can be found either, so let single ones through until the message is stored.
        let mut tries = 0;
        while !lies_there().await {
            tries += 1;
            assert!(tries < 1_000);
            world.air.set(Air {
                mute: if tries % 5 == 0 { 0 } else { 700 },
                ..Air::default()
            });
            world.wait(500).await;
        }
    });
    assert!(world.held(&owner).iter().all(|(_, held)| held.len() <= 1));
    let anna = world.reopen(anna);
    world.air.set(Air::default());
    world.run(&[&anna, &boris], async {
        world
            .until("stored", SOON, async || {
                let timeline = anna.timeline(&boris.id).await;
                matches!(timeline[0].delivery, Delivery::Synced { .. })
            })
            .await;
        world
            .until("once", SOON, async || {
                !boris.texts(&anna.id).await.is_empty()
            })
            .await;
        world.wait(60_000).await;
        assert_eq!(boris.texts(&anna.id).await, ["once"]);
        for (_, held) in world.held(&owner) {
            assert_eq!(held.len(), 1, "the same bytes are the same message");
        }
    });
}

#[test]
fn a_message_queued_before_a_crash_is_sent_after_it() {
    let world = World::new(11, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    // The engine of Anna never ran.
    world.time.run(anna.send(&boris.id, "patience"));
    let anna = world.reopen(anna);
    world.run(&[&anna, &boris], async {
        assert_eq!(anna.timeline(&boris.id).await[0].delivery, Delivery::Queued);
        world
            .until("patience", SOON, async || {
                boris.texts(&anna.id).await == ["patience"]
            })
            .await;
    });
}

#[test]
fn what_cannot_be_opened_does_not_block_what_comes_behind_it() {
    let world = World::new(12, 8, 2);
    let mut anna = world.client(1, "Anna");
    let (own, now) = (id_of(1), world.time.now().as_millis());
    let stranger = account_of(9);
    for number in 0..60u64 {
        let mut data = encode(
            &stranger,
            own.key(),
            &text("damaged"),
            Timestamp(now + number),
            &mut SeededEntropy::new(number),
        )
        .unwrap();
        let end = data.len() - 90;
        data[end] ^= 1;
        world
            .network
            .inject(&own.swarm_id(), Namespace::DEFAULT, &data)
            .unwrap();
        world
            .network
            .inject(&own.swarm_id(), Namespace::DEFAULT, &number.to_be_bytes())
            .unwrap();
    }
    world.inject(&stranger, &own, &text("whole"), now + 1_000);
    world.run(&[&anna], async {
        world
            .until("whole", SOON, async || {
                anna.texts(&stranger.id().to_string()).await == ["whole"]
            })
            .await;
        world.wait(30_000).await;
    });
    let problems: Vec<u32> = anna
        .told()
        .iter()
        .filter_map(|event| match event {
            Event::Problem(failure) if failure.code == ErrorCode::MsgDecrypt => failure.number,
            _ => None,
        })
        .collect();
    assert_eq!(problems, [120], "each is told once");
}

#[test]
fn answers_that_do_not_decrypt_lead_to_another_path() {
    let world = World::new(13, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world
            .until("paths", SOON, async || {
                anna.engine.network().paths().len() == 2
            })
            .await;
        let middle = anna.engine.network().paths()[0].hops[1].key.clone();
        let index = world
            .network
            .nodes()
            .iter()
            .position(|node| node.ed25519 == middle)
            .unwrap();
        world.network.fault(index, Fault::Corrupt);
        for round in 0..5 {
            let message = anna.send(&boris.id, &format!("round {round}")).await;
            world
                .until("its state", SOON, async || {
                    stored(&anna, &boris.id, &message).await
                })
                .await;
        }
        world.network.fault(index, Fault::Start);
        world
            .until("all", SOON, async || boris.texts(&anna.id).await.len() == 5)
            .await;
    });
}

#[test]
fn an_author_takes_a_message_back_and_nobody_else_does() {
    let world = World::new(14, 8, 2);
    let anna = world.client(1, "Anna");
    let own = id_of(1);
    let (author, stranger) = (account_of(8), account_of(9));
    let partner = author.id().to_string();
    let unsend = |timestamp: u64| proto::Content {
        unsend_request: Some(proto::UnsendRequest {
            timestamp,
            author: author.id().to_string(),
        }),
        ..Default::default()
    };
    world.run(&[&anna], async {
        anna.send(&partner, "Hello").await;
        let now = world.time.now().as_millis() + 1_000;
        world.inject(&author, &own, &text("keep"), now);
        world.inject(&author, &own, &text("take back"), now + 1);
        world.inject(&stranger, &own, &unsend(now), now + 2);
        world.inject(&author, &own, &unsend(now + 1), now + 3);
        // The request may come before what it takes back.
        world.inject(&author, &own, &unsend(now + 5), now + 4);
        world.inject(&author, &own, &text("never seen"), now + 5);
        let left = ["Hello", "keep", ""];
        let there = async || anna.texts(&partner).await == left;
        world.until("keep", SOON, there).await;
        world.wait(30_000).await;
        let row = anna.conversation(&partner).await.unwrap();
        // What was taken back leaves a line without words (20-messages 4.5).
        assert_eq!((row.unread, row.last.unwrap().text.as_str()), (1, ""));
        assert!(there().await);
    });
}

#[test]
fn a_name_changes_only_when_the_profile_is_newer() {
    let world = World::new(15, 8, 2);
    let anna = world.client(1, "Anna");
    let (own, now) = (id_of(1), world.time.now().as_millis());
    let friend = account_of(8);
    let named = |body: &str, name: &str, updated: u64| {
        let mut content = text(body);
        if let Some(data) = &mut content.data_message {
            data.profile = Some(proto::LokiProfile {
                display_name: Some(name.to_owned()),
                last_profile_update_seconds: Some(updated),
                ..Default::default()
            });
        }
        content
    };
    world.inject(&friend, &own, &named("one", "First", 100), now);
    world.inject(&friend, &own, &named("two", "Older", 99), now + 1);
    world.inject(&friend, &own, &named("three", "Same", 100), now + 2);
    world.inject(&friend, &own, &named("four", "Newer", 101), now + 3);
    world.inject(&friend, &own, &named("five", "Undated", 0), now + 4);
    world.run(&[&anna], async {
        world
            .until("all", SOON, async || {
                anna.texts(&friend.id().to_string()).await.len() == 5
            })
            .await;
        assert_eq!(
            anna.conversation(&friend.id().to_string())
                .await
                .unwrap()
                .name,
            "Newer"
        );
    });
}

#[test]
fn what_the_specification_says_to_drop_is_dropped() {
    let world = World::new(16, 8, 2);
    let anna = world.client(1, "Anna");
    let (own, now) = (id_of(1), world.time.now().as_millis());
    let stranger = account_of(9);
    let with = |change: &dyn Fn(&mut proto::DataMessage)| {
        let mut content = text("drop me");
        change(content.data_message.as_mut().unwrap());
        content
    };
    // Somebody else says what we sent; nothing inside; flags that nobody knows.
    world.inject(
        &stranger,
        &own,
        &with(&|data| data.sync_target = Some(own.to_string())),
        now,
    );
    world.inject(
        &stranger,
        &own,
        &with(&|data| data.body = Some("  \n".into())),
        now + 1,
    );
    world.inject(
        &stranger,
        &own,
        &with(&|data| data.flags = Some(64)),
        now + 2,
    );
    world.inject(&stranger, &own, &proto::Content::default(), now + 3);
    let typing = proto::TypingMessage {
        timestamp: now + 4,
        action: 0,
    };
    world.inject(
        &stranger,
        &own,
        &proto::Content {
            typing_message: Some(typing),
            ..Default::default()
        },
        now + 4,
    );
    // Our own device sent something to nobody.
    world.inject(
        &account_of(1),
        &own,
        &with(&|data| data.sync_target = Some("03".repeat(33))),
        now + 5,
    );
    // A picture without a word, and without an address.
    let attachment = proto::AttachmentPointer {
        id: 0,
        ..Default::default()
    };
    let picture = with(&|data| {
        data.body = None;
        data.attachments = vec![attachment.clone()];
    });
    world.inject(&stranger, &own, &picture, now + 6);
    world.run(&[&anna], async {
        world
            .until("the picture", SOON, async || {
                !anna.conversations().await.is_empty()
            })
            .await;
        world.wait(30_000).await;
        assert_eq!(anna.conversations().await.len(), 1);
        let timeline = anna.timeline(&stranger.id().to_string()).await;
        assert_eq!(timeline.len(), 1);
        assert_eq!(timeline[0].kind, MessageKind::Text);
        assert_eq!(timeline[0].attachments.len(), 1);
    });
}

#[test]
fn commands_refuse_what_cannot_be_and_say_why() {
    let world = World::new(17, 8, 2);
    let anna = world.client(1, "Anna");
    world.time.run(async {
        let start = |account_id: &str| {
            anna.engine.handle(Command::StartConversation {
                account_id: account_id.into(),
            })
        };
        let failure = start("05abc").await.unwrap_err();
        assert_eq!(
            (failure.code, failure.number),
            (ErrorCode::IdFormat, Some(5))
        );
        let bad = format!("05{}x{}", "a".repeat(30), "b".repeat(33));
        let failure = start(&bad).await.unwrap_err();
        assert_eq!(
            (failure.code, failure.number),
            (ErrorCode::IdFormat, Some(32))
        );
        assert_eq!(
            start(&"15".repeat(33)).await.unwrap_err().code,
            ErrorCode::IdFormat
        );
        let upper = format!("  {}\n", id_of(2).to_string().to_uppercase());
        assert!(start(&upper).await.is_ok());
        let conversation = anna.start(&id_of(2).to_string()).await;
        let send = |text: String| {
            anna.engine.handle(Command::Send {
                conversation,
                text,
                reply_to: None,
                files: Vec::new(),
            })
        };
        let failure = send("é".repeat(2_001)).await.unwrap_err();
        assert_eq!(
            (failure.code, failure.number),
            (ErrorCode::SendTooLong, Some(2_001))
        );
        assert!(send("é".repeat(2_000)).await.is_ok());
        assert!(send(" \n ".into()).await.is_err());
        let Answer::Phrase(phrase) = anna.engine.handle(Command::RevealPhrase).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(
            (
                phrase.words.split(' ').count(),
                phrase.second_form.split(' ').count()
            ),
            (13, 12)
        );
    });
}

#[test]
fn a_deleted_message_is_not_sent_and_does_not_come_back() {
    let world = World::new(18, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.time.run(async {
        let kept = anna.send(&boris.id, "kept").await;
        let gone = anna.send(&boris.id, "gone").await;
        assert!(gone.sent_at > kept.sent_at);
        anna.engine
            .handle(Command::DeleteMessages {
                messages: vec![gone.id],
                scope: onionskin_client::api::DeleteScope::Here,
            })
            .await
            .unwrap();
        assert_eq!(anna.texts(&boris.id).await, ["kept"]);
        assert_eq!(
            anna.conversation(&boris.id)
                .await
                .unwrap()
                .last
                .unwrap()
                .text,
            "kept"
        );
    });
    let anna = world.reopen(anna);
    world.run(&[&anna, &boris], async {
        world
            .until("kept", SOON, async || {
                boris.texts(&anna.id).await == ["kept"]
            })
            .await;
        let message = boris.timeline(&anna.id).await[0].id;
        boris
            .engine
            .handle(Command::DeleteMessages {
                messages: vec![message],
                scope: onionskin_client::api::DeleteScope::Here,
            })
            .await
            .unwrap();
        world.wait(120_000).await;
        assert!(boris.texts(&anna.id).await.is_empty());
    });
    let boris = world.reopen(boris);
    world.run(&[&boris], async {
        world.wait(120_000).await;
        assert!(
            boris.texts(&anna.id).await.is_empty(),
            "nor after a restart, nor from another member"
        );
    });
}

#[test]
fn reading_counts_down_and_survives_a_restart() {
    let world = World::new(19, 8, 2);
    let boris = world.client(2, "Boris");
    let (own, now) = (id_of(2), world.time.now().as_millis());
    let friend = account_of(8);
    for number in 0..10 {
        world.inject(
            &friend,
            &own,
            &text(&format!("{number}")),
            now - 10_000 + number,
        );
    }
    let partner = friend.id().to_string();
    world.run(&[&boris], async {
        world
            .until("all", SOON, async || {
                boris.texts(&partner).await.len() == 10
            })
            .await;
        assert_eq!(boris.conversation(&partner).await.unwrap().unread, 10);
        let conversation = boris.conversation(&partner).await.unwrap().id;
        let read = |up_to: u64| {
            boris.engine.handle(Command::MarkRead {
                conversation,
                up_to,
            })
        };
        read(now - 10_000 + 3).await.unwrap();
        assert_eq!(boris.conversation(&partner).await.unwrap().unread, 6);
        read(now - 10_000 + 1).await.unwrap();
        assert_eq!(
            boris.conversation(&partner).await.unwrap().unread,
            6,
            "reading never goes back"
        );
        boris
            .engine
            .handle(Command::SetDraft {
                conversation,
                text: "half a".into(),
                reply_to: None,
            })
            .await
            .unwrap();
    });
    let boris = world.reopen(boris);
    world.run(&[&boris], async {
        let row = boris.conversation(&partner).await.unwrap();
        assert_eq!((row.unread, row.draft.as_str()), (6, "half a"));
        boris.send(&partner, "an answer").await;
        let row = boris.conversation(&partner).await.unwrap();
        assert_eq!(
            (row.unread, row.draft.as_str(), row.request),
            (0, "", RequestState::None)
        );
    });
}

#[test]
fn a_device_with_a_wrong_clock_sends_and_reads() {
    let world = World::new(20, 8, 2);
    let anna = world.skewed_client(1, "Anna", 3_600_000);
    let boris = world.skewed_client(2, "Boris", -86_400_000);
    world.run(&[&anna, &boris], async {
        world
            .until("the time", SOON, async || {
                let now = world.time.now().as_millis();
                let knows = |client: &Client| {
                    client.engine.network().now().as_millis().abs_diff(now) < 2_000
                };
                knows(&anna) && knows(&boris)
            })
            .await;
        anna.send(&boris.id, "from tomorrow").await;
        world
            .until("it", SOON, async || boris.texts(&anna.id).await.len() == 1)
            .await;
        let message = &boris.timeline(&anna.id).await[0];
        assert!(
            message.sent_at.abs_diff(world.time.now().as_millis()) < 120_000,
            "timestamps are network time"
        );
        let Answer::Network(status) = anna.engine.handle(Command::GetNetwork).await.unwrap() else {
            panic!()
        };
        assert!(status.clock_offset.abs_diff(-3_600_000) < 2_000);
        assert_eq!(status.problem, Some(ErrorCode::NetClock));
    });
}

#[test]
fn what_was_sent_by_a_wrong_clock_does_not_date_all_that_follows() {
    let world = World::new(29, 8, 2);
    let anna = world.skewed_client(1, "Anna", 365 * 86_400_000);
    let boris = world.client(2, "Boris");
    world.run(&[&anna, &boris], async {
        let early = anna.send(&boris.id, "before anybody told the time").await;
        let now = world.time.now().as_millis();
        assert!(early.sent_at > now + 86_400_000);
        world
            .until("the time", SOON, async || {
                let now = world.time.now().as_millis();
                anna.engine.network().now().as_millis().abs_diff(now) < 2_000
            })
            .await;
        let later = anna.send(&boris.id, "after that").await;
        let next = anna.send(&boris.id, "and after that").await;
        assert!(later.sent_at.abs_diff(world.time.now().as_millis()) < 60_000);
        assert!(next.sent_at > later.sent_at);
        world
            .until("all of them", SOON, async || {
                boris.texts(&anna.id).await.len() == 3
            })
            .await;
    });
}

#[test]
fn one_member_that_refuses_for_good_loses_nothing() {
    let world = World::new(30, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let members = world.network.members_for(&id_of(2).swarm_id());
    let own = world.network.members_for(&id_of(1).swarm_id());
    world.run(&[&anna, &boris], async {
        for member in members.iter().chain(&own) {
            world.network.fault(*member, Fault::RefuseStores);
            let message = anna.send(&boris.id, &format!("past {member}")).await;
            world
                .until("its copy", SOON, async || {
                    let delivery = anna.delivery(&boris.id, &message).await;
                    matches!(delivery, Some(Delivery::Synced { .. }))
                })
                .await;
            world.network.fault(*member, Fault::Start);
        }
        let last = anna.send(&boris.id, "taken back").await;
        world
            .until("it", SOON, async || {
                boris.texts(&anna.id).await.contains(&"taken back".into())
            })
            .await;
        // For a moment all of them refuse: what nobody could try again is not lost by that.
        for member in &members {
            world.network.fault(*member, Fault::RefuseStores);
        }
        let delete = Command::DeleteMessages {
            messages: vec![last.id],
            scope: DeleteScope::Everyone,
        };
        anna.engine.handle(delete).await.unwrap();
        world.wait(10_000).await;
        for member in &members {
            world.network.fault(*member, Fault::Start);
        }
        world
            .until("it is gone", SOON, async || {
                !boris.texts(&anna.id).await.contains(&"taken back".into())
            })
            .await;
    });
}

#[test]
fn what_cannot_be_taken_back_stays_in_the_queue() {
    let world = World::new(32, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    // Nothing runs, so the reads are those of the command.
    let message = world.time.run(anna.send(&boris.id, "Hello"));
    let mut reads = 0;
    loop {
        anna.store.fail_read(reads);
        let message = message.id;
        let (cancel, delete) = (
            Command::CancelSend { message },
            Command::DeleteMessages {
                messages: vec![message],
                scope: DeleteScope::Everyone,
            },
        );
        let command = if reads % 2 == 0 { cancel } else { delete };
        if world.time.run(anna.engine.handle(command)).is_ok() {
            break;
        }
        let retry = anna.engine.handle(Command::RetryMessage { message });
        world.time.run(retry).expect("it is in the queue");
        reads += 1;
    }
    assert!(reads > 3, "{reads}");
}

#[test]
fn a_message_whose_place_in_the_queue_is_damaged_fails_and_can_be_tried_again() {
    let world = World::new(33, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let message = world.time.run(anna.send(&boris.id, "Hello"));
    world.time.run(async {
        let queue = anna.store.range(Table::Outbox, &[], &[0xff; 64], false, 9);
        for (key, mut value) in queue.await.unwrap() {
            let last = value.len() - 1;
            value[last] ^= 1;
            let table = Table::Outbox;
            let damage = vec![Op::Put { table, key, value }];
            anna.store.commit(damage, Durability::Strict).await.unwrap();
        }
    });
    let anna = world.reopen(anna);
    world.run(&[&anna, &boris], async {
        let delivery = anna.delivery(&boris.id, &message).await;
        assert_eq!(delivery, Some(Delivery::Failed(ErrorCode::VaultDamaged)));
        let message = message.id;
        let retry = Command::RetryMessage { message };
        anna.engine.handle(retry).await.unwrap();
        world
            .until("it", SOON, async || {
                boris.texts(&anna.id).await == ["Hello"]
            })
            .await;
    });
}

#[test]
fn without_a_network_messages_wait_and_go_when_it_is_back() {
    let world = World::new(21, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world
            .until("paths", SOON, async || anna.engine.network().is_ready())
            .await;
        anna.engine
            .handle(Command::SetOffline { offline: true })
            .await
            .unwrap();
        let message = anna.send(&boris.id, "later").await;
        world.wait(600_000).await;
        assert_eq!(
            anna.delivery(&boris.id, &message).await,
            Some(Delivery::Queued)
        );
        let Answer::Network(status) = anna.engine.handle(Command::GetNetwork).await.unwrap() else {
            panic!()
        };
        assert_eq!((status.state, status.queued), (ConnectionState::Offline, 1));
        anna.engine
            .handle(Command::SetOffline { offline: false })
            .await
            .unwrap();
        world
            .until("later", SOON, async || {
                boris.texts(&anna.id).await == ["later"]
            })
            .await;
    });
}

#[test]
fn a_message_that_no_swarm_takes_waits_and_goes_with_its_timestamp_when_one_does() {
    let world = World::new(22, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let members = world.network.members_for(&id_of(2).swarm_id());
    for node in &members {
        world.network.fault(*node, Fault::NotReady);
    }
    world.run(&[&anna, &boris], async {
        let message = anna.send(&boris.id, "in vain").await;
        world.wait(60_000).await;
        assert!(!stored(&anna, &boris.id, &message).await);
        for node in &members {
            world.network.fault(*node, Fault::Start);
        }
        anna.engine
            .handle(Command::RetryMessage {
                message: message.id,
            })
            .await
            .unwrap();
        world
            .until("not in vain", SOON, async || {
                boris.texts(&anna.id).await == ["in vain"]
            })
            .await;
        assert_eq!(boris.timeline(&anna.id).await[0].sent_at, message.sent_at);
    });
}

#[test]
fn a_message_is_given_up_after_a_day_of_trying_and_can_be_tried_again() {
    let world = World::new(24, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world
            .until("paths", SOON, async || anna.engine.network().is_ready())
            .await;
        for client in [&anna, &boris] {
            client
                .engine
                .handle(Command::SetVisible { visible: false })
                .await
                .unwrap();
        }
        world.air.set(Air {
            down: true,
            ..Air::default()
        });
        let message = anna.send(&boris.id, "late").await;
        world.wait(60_000).await;
        let Answer::Network(status) = anna.engine.handle(Command::GetNetwork).await.unwrap() else {
            panic!()
        };
        assert_eq!(
            (status.state, status.problem),
            (ConnectionState::RelayDown, Some(ErrorCode::NetRelay))
        );
        let delivery = anna.delivery(&boris.id, &message).await;
        assert!(
            matches!(delivery, Some(Delivery::Retrying { attempt: 5.., .. })),
            "{delivery:?}"
        );
        world.wait(23 * 3_600_000).await;
        let delivery = anna.delivery(&boris.id, &message).await;
        assert!(
            matches!(delivery, Some(Delivery::Retrying { .. })),
            "{delivery:?}"
        );
        world.wait(3_600_000).await;
        assert_eq!(
            anna.delivery(&boris.id, &message).await,
            Some(Delivery::Failed(ErrorCode::SendExpired))
        );
        world.air.set(Air::default());
        anna.engine
            .handle(Command::RetryMessage {
                message: message.id,
            })
            .await
            .unwrap();
        world
            .until("late", SOON, async || {
                boris.texts(&anna.id).await == ["late"]
            })
            .await;
    });
}

#[test]
fn pages_fit_together_and_no_timestamp_is_used_twice() {
    let world = World::new(23, 8, 2);
    let anna = world.client(1, "Anna");
    world.time.run(async {
        // Time stands still here, so every timestamp has to be made.
        for number in 0..300 {
            anna.send(&id_of(2).to_string(), &format!("{number}")).await;
        }
        let timeline = anna.timeline(&id_of(2).to_string()).await;
        assert_eq!(timeline.len(), 300);
        assert!(timeline.is_sorted_by(|one, other| one.sent_at < other.sent_at));
        let conversation = anna.conversation(&id_of(2).to_string()).await.unwrap().id;
        let anchor = onionskin_client::api::Anchor::After(cursor(&timeline[9]));
        let page = anna
            .engine
            .handle(Command::GetMessages {
                conversation,
                anchor,
                limit: 5,
            })
            .await
            .unwrap();
        let Answer::Messages {
            messages,
            more_before,
            more_after,
        } = page
        else {
            panic!()
        };
        let texts: Vec<_> = messages
            .iter()
            .map(|message| message.text.as_str())
            .collect();
        assert_eq!(
            (texts, more_before, more_after),
            (vec!["10", "11", "12", "13", "14"], true, true)
        );
    });
}

#[test]
fn a_conversation_goes_on_when_a_third_of_the_network_dies_guards_included() {
    for seed in 60..70 {
        let world = World::new(seed, 12, 3);
        let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
        world.run(&[&anna, &boris], async {
            anna.send(&boris.id, "before").await;
            world
                .until("the answer", SOON, async || {
                    boris.texts(&anna.id).await.len() == 1
                        && [&anna, &boris]
                            .iter()
                            .all(|client| client.engine.network().paths().len() == 2)
                })
                .await;
            let guards = [&anna, &boris].map(|client| client.engine.network().paths());
            let mut dead: Vec<String> = guards
                .iter()
                .flatten()
                .map(|path| path.hops[0].key.clone())
                .collect();
            let all = world.network.nodes();
            dead.extend(all.iter().map(|node| node.ed25519.clone()));
            let mut stopped = Vec::new();
            for key in dead {
                if stopped.len() < 4 && !stopped.contains(&key) {
                    stopped.push(key);
                }
            }
            for (index, node) in all.iter().enumerate() {
                if stopped.contains(&node.ed25519) {
                    world.network.fault(index, Fault::Stop);
                }
            }
            let mut sent = vec!["before".to_owned()];
            for number in 0..8 {
                sent.push(format!("during {number}"));
                anna.send(&boris.id, &sent[number + 1]).await;
            }
            world
                // Three of the four members of a swarm may be among the dead: then a message is tried again at growing
                // distances before it meets the fourth. Of these worlds nine need less than two minutes, one needs five.
                .until("every message", 3 * SOON, async || {
                    boris.texts(&anna.id).await == sent
                })
                .await;
            world.wait(60_000).await;
            assert_eq!(boris.texts(&anna.id).await, sent, "seed {seed}");
            assert_eq!(anna.texts(&boris.id).await, sent, "seed {seed}");
        });
    }
}
