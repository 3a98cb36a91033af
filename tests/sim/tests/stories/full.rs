//! A device whose storage is full: nothing is lost, nothing is doubled, and what comes anyway can be looked at (screens 20).

use onionskin_client::api::{
    Answer, Blob, Command, Delivery, ErrorCode, Event, FileState, Message, NewFile, Pressure,
    RoomQuery,
};
use onionskin_sim::world::{Client, World};

const SOON: u64 = 180_000;

fn says_full(events: &[Event]) -> bool {
    events.iter().any(|event| match event {
        Event::Problem(failure) => failure.code == ErrorCode::StoreFull,
        _ => false,
    })
}

async fn newest(client: &Client, partner: &str) -> Option<Message> {
    client.timeline(partner).await.pop()
}

#[test]
fn what_arrives_while_the_storage_is_full_comes_once_there_is_room() {
    let world = World::new(81, 8, 2);
    let (anna, mut boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let texts = ["one", "two", "three"];
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        boris.store.set_full(true);
        for text in texts {
            anna.send(&boris.id, text).await;
        }
        world.wait(10 * 60_000).await;
        assert_eq!(
            boris.texts(&anna.id).await.len(),
            2,
            "nothing was shown that is not kept"
        );
        boris.store.set_full(false);
        let came = async || boris.texts(&anna.id).await.len() == 5;
        world.until("all of it", SOON, came).await;
        assert_eq!(boris.texts(&anna.id).await[2..], texts);
    });
    assert!(says_full(&boris.told()));
    let boris = world.reopen(boris);
    world.run(&[&boris], async {
        world.wait(120_000).await;
        assert_eq!(boris.texts(&anna.id).await[2..], texts);
    });
}

#[test]
fn what_was_written_before_the_storage_was_full_goes_out_once() {
    let world = World::new(82, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let sent = anna.send(&boris.id, "just in time").await;
        anna.store.set_full(true);
        let refused = Command::Send {
            conversation: anna.start(&boris.id).await,
            text: "too late".into(),
            reply_to: None,
            files: Vec::new(),
        };
        let refused = anna.engine.handle(refused).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::StoreFull);
        let came = async || {
            boris
                .texts(&anna.id)
                .await
                .contains(&"just in time".to_owned())
        };
        world.until("the message", SOON, came).await;
        world.wait(10 * 60_000).await;
        anna.store.set_full(false);
        let known = async || {
            let delivery = anna.delivery(&boris.id, &sent).await;
            matches!(delivery, Some(Delivery::Synced { .. }))
        };
        world.until("its state", SOON, known).await;
        let texts = boris.texts(&anna.id).await;
        assert_eq!(texts, ["Hello", "Hello yourself", "just in time"]);
        let mut hers = anna.texts(&boris.id).await;
        // One line says that he accepted.
        hers.retain(|text| !text.is_empty());
        assert_eq!(hers, texts, "what was refused left no trace");
    });
}

/// A file that Boris asked for while his storage was full in the way that `fill` makes it.
fn file_without_room(seed: u64, fill: impl AsyncFn(&Client)) {
    let world = World::new(seed, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let plain: Vec<u8> = (0..400_000u32).map(|at| (at % 251) as u8).collect();
    let partner = anna.id.clone();
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        anna.send_file(&boris.id, "", plain.clone()).await;
        let state = async || {
            let message = newest(&boris, &partner).await?;
            message.attachments.first().map(|file| file.state)
        };
        let came = async || state().await == Some(FileState::Remote);
        world.until("the message", SOON, came).await;
        fill(&boris).await;
        let message = newest(&boris, &partner).await.unwrap();
        let file = message.attachments[0].id;
        let load = Command::LoadFile {
            message: message.id,
            file,
        };
        boris.engine.handle(load).await.unwrap();
        let came = async || state().await == Some(FileState::Here);
        world.until("the file", SOON, came).await;
        let shown = boris
            .engine
            .handle(Command::GetFile { file })
            .await
            .unwrap();
        assert_eq!(shown, Answer::Bytes(Blob(plain.clone())));
        let room = Command::GetRoom(RoomQuery::default());
        let Answer::Room(room) = boris.engine.handle(room).await.unwrap() else {
            panic!("no room")
        };
        assert_eq!((room.files, room.bytes), (0, 0), "nothing of it was kept");
        assert!(room.oldest.is_some());
    });
    let boris = world.reopen(boris);
    world.run(&[&boris], async {
        let message = newest(&boris, &partner).await.unwrap();
        assert_eq!(message.attachments[0].state, FileState::Remote);
        let file = message.attachments[0].id;
        let gone = boris.engine.handle(Command::GetFile { file }).await;
        assert_eq!(gone.unwrap_err().code, ErrorCode::FileGone);
    });
}

#[test]
fn a_file_that_finds_no_room_can_be_looked_at() {
    file_without_room(83, async |boris| boris.store.set_full(true));
}

#[test]
fn when_the_room_runs_out_files_are_shown_without_being_kept() {
    file_without_room(84, async |boris| {
        let full = Command::SetPressure(Pressure::Full);
        boris.engine.handle(full).await.unwrap();
    });
}

#[test]
fn when_the_room_runs_out_no_file_is_taken_into_the_composer() {
    let world = World::new(85, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let conversation = anna.start(&boris.id).await;
        let stage = async || {
            let file = NewFile {
                name: "photo.jpg".into(),
                content_type: "image/jpeg".into(),
                bytes: Blob(vec![7; 1_000]),
                width: 0,
                height: 0,
                voice: false,
            };
            let command = Command::StageFile { conversation, file };
            anna.engine.handle(command).await
        };
        let set = async |pressure| {
            let command = Command::SetPressure(pressure);
            anna.engine.handle(command).await.unwrap();
        };
        set(Pressure::Full).await;
        assert_eq!(stage().await.unwrap_err().code, ErrorCode::StoreFull);
        // Text goes on.
        anna.send(&boris.id, "still here").await;
        set(Pressure::Tight).await;
        assert!(matches!(stage().await, Ok(Answer::File(_))));
    });
}
