//! A record that is damaged costs what it held, and nothing else.

use crate::id_of;
use onionskin_client::api::{
    Answer, Blob, Command, Conversation, ConversationChange, Delivery, ErrorCode, NewFile,
};
use onionskin_client::ports::Table;
use onionskin_protocol::message::content::Expiry;
use onionskin_protocol::message::proto::Content;
use onionskin_protocol::time::Timestamp;
use onionskin_sim::world::{Client, World, account_of};
use onionskin_testnet::network::Sleeper;

const SOON: u64 = 180_000;

async fn comes(world: &World, client: &Client, partner: &str, text: &str) {
    let shows = async || client.texts(partner).await.contains(&text.to_owned());
    world.until(text, SOON, shows).await;
}

async fn avatar(client: &Client) -> Vec<u8> {
    let account_id = client.id.clone();
    let command = Command::GetAvatar { account_id };
    match client.engine.handle(command).await.unwrap() {
        Answer::Bytes(Blob(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

async fn name(client: &Client) -> String {
    match client.engine.handle(Command::GetProfile).await.unwrap() {
        Answer::Profile(profile) => profile.name,
        other => panic!("{other:?}"),
    }
}

fn photo(number: u8) -> Vec<u8> {
    let mut photo = b"\xff\xd8\xff".to_vec();
    photo.resize(3_000, number);
    photo
}

async fn set_avatar(world: &World, client: &Client, photo: &[u8]) {
    let picture = Some(Blob(photo.to_vec()));
    let command = Command::SetAvatar { picture };
    client.engine.handle(command).await.unwrap();
    let up = async || avatar(client).await == photo;
    world.until("the picture", SOON, up).await;
}

#[test]
fn a_row_of_the_list_that_cannot_be_read_is_made_again_from_its_messages() {
    let world = World::new(301, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        anna.send(&boris.id, "Hello").await;
        comes(&world, &boris, &anna.id, "Hello").await;
        boris.send(&anna.id, "Hi").await;
        comes(&world, &anna, &boris.id, "Hi").await;
        anna.send(&anna.id, "milk").await;
        anna.send(&id_of(3).to_string(), "are you there?").await;
        let conversation = anna.start(&boris.id).await;
        let change = ConversationChange::Nickname("B".to_owned());
        let command = Command::ChangeConversation {
            conversation,
            change,
        };
        anna.engine.handle(command).await.unwrap();
        world.wait(60_000).await;
    });
    let all = world.time.run(anna.conversations());
    let mut texts = Vec::new();
    for row in &all {
        texts.push(world.time.run(anna.texts(&row.account_id)));
    }
    assert_eq!(all.len(), 3);
    let records = world.time.run(anna.store.keys());
    let rows = records
        .iter()
        .filter(|(table, _)| *table == Table::Conversation);
    for (table, key) in rows {
        let store = world.time.run(anna.store.damaged(*table, key));
        let again = world.time.run(world.open(&store, &anna.key, 0, &anna.id));
        let again = again.unwrap();
        for (row, texts) in all.iter().zip(&texts) {
            let made = world.time.run(again.conversation(&row.account_id)).unwrap();
            let same = |row: &Conversation| {
                (
                    row.id,
                    row.nickname.clone(),
                    row.accepted,
                    row.request,
                    row.last.clone().map(|last| last.text),
                )
            };
            assert_eq!(same(&made), same(row));
            assert_eq!(&world.time.run(again.texts(&row.account_id)), texts);
        }
        // What was made stays.
        let again = world.reopen(again);
        assert_eq!(world.time.run(again.conversations()).len(), 3);
    }
}

#[test]
fn no_damaged_record_closes_the_account_or_ends_what_it_does() {
    let world = World::new(300, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        anna.send(&boris.id, "Hello").await;
        comes(&world, &boris, &anna.id, "Hello").await;
        set_avatar(&world, &boris, &photo(200)).await;
        boris.send(&anna.id, "Hi").await;
        comes(&world, &anna, &boris.id, "Hi").await;
        set_avatar(&world, &anna, &photo(201)).await;
        let conversation = anna.start(&boris.id).await;
        let change = ConversationChange::Nickname("B".to_owned());
        let settings = Command::GetSettings;
        let Answer::Settings(settings) = anna.engine.handle(settings).await.unwrap() else {
            panic!("no settings")
        };
        let file = NewFile {
            name: "a.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            bytes: Blob(vec![7; 1_000]),
            width: 1,
            height: 1,
            voice: false,
        };
        for command in [
            Command::ChangeConversation {
                conversation,
                change,
            },
            Command::SetSettings(*settings),
            Command::StageFile { conversation, file },
        ] {
            anna.engine.handle(command).await.unwrap();
        }
        world.wait(60_000).await;
        // What waits for another picture, and for a message.
        world.files.set_down(true);
        let picture = Some(Blob(photo(202)));
        let command = Command::SetAvatar { picture };
        anna.engine.handle(command).await.unwrap();
        world.wait(20_000).await;
    });
    world.files.set_down(false);
    let records = world.time.run(anna.store.keys());
    assert!(records.len() > 40, "{}", records.len());
    let mut closed = 0;
    for (number, (table, key)) in records.iter().enumerate() {
        let store = world.time.run(anna.store.damaged(*table, key));
        let opened = world.time.run(world.open(&store, &anna.key, 0, &anna.id));
        let again = match opened {
            Ok(client) => client,
            Err(failure) => {
                assert_eq!(
                    (failure.code, *table),
                    (ErrorCode::VaultDamaged, Table::Account)
                );
                closed += 1;
                continue;
            }
        };
        world.run(&[&again, &boris], async {
            let (said, heard) = (format!("to {number}"), format!("from {number}"));
            boris.send(&anna.id, &said).await;
            comes(&world, &again, &boris.id, &said).await;
            let sent = again.send(&boris.id, &heard).await;
            comes(&world, &boris, &anna.id, &heard).await;
            let stored = async || {
                let delivery = again.delivery(&boris.id, &sent).await;
                matches!(delivery, Some(Delivery::Synced { .. } | Delivery::Read))
            };
            world.until("it is stored", SOON, stored).await;
            set_avatar(&world, &again, &photo(number as u8)).await;
            assert_eq!(name(&again).await, "Anna", "{table:?}");
        });
        let again = world.reopen(again);
        let name = world.time.run(name(&again));
        assert_eq!(name, "Anna", "{table:?}");
    }
    assert_eq!(closed, 1, "the seed, and no other");
}

#[test]
fn a_damaged_message_that_is_taken_back_goes_and_holds_nothing_up() {
    let world = World::new(301, 8, 2);
    let anna = world.client(1, "Anna");
    let sent_at = world.time.now().as_millis();
    let boris = id_of(2).to_string();
    let text = |text: &str| Content::text(text, None, Expiry::Off);
    let keys = world.run(&[&anna], async {
        let before = anna.store.keys().await;
        world.inject(&account_of(2), &id_of(1), &text("first"), sent_at);
        comes(&world, &anna, &boris, "first").await;
        let mut keys = anna.store.keys().await;
        keys.retain(|key| key.0 == Table::Message && !before.contains(key));
        keys
    });
    let [(table, key)] = &keys[..] else {
        panic!("{keys:?}")
    };
    let store = world.time.run(anna.store.damaged(*table, key));
    let opened = world.time.run(world.open(&store, &anna.key, 0, &anna.id));
    let anna = opened.unwrap();
    world.run(&[&anna], async {
        let unsend = Content::unsend(Timestamp(sent_at), &id_of(2));
        world.inject(&account_of(2), &id_of(1), &unsend, sent_at + 1);
        world.inject(&account_of(2), &id_of(1), &text("second"), sent_at + 2);
        comes(&world, &anna, &boris, "second").await;
    });
    assert!(!world.time.run(store.keys()).contains(&keys[0]));
}
