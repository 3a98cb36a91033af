//! Files of messages on simulated networks: sent, fetched, refused, damaged, and crashes at every point of sending one.

use crate::id_of;
use onionskin_client::api::{
    Answer, Attachment, Blob, Command, ConversationId, Cursor, DeleteScope, Delivery, ErrorCode,
    Event, Failure, FileId, FileKind, FileState, Message, NewFile, RoomQuery, RoomView, Settings,
};
use onionskin_client::ports::Table;
use onionskin_protocol::message::content::Expiry;
use onionskin_protocol::message::proto::{self, Content};
use onionskin_sim::transport::Air;
use onionskin_sim::world::{Client, World, account_of};
use onionskin_testnet::network::Fault;
use std::future::{Future, poll_fn};
use std::task::Poll;

const SOON: u64 = 180_000;
const DAY: u64 = 86_400_000;
const MAX_FILE: usize = 9_828_080;

fn file(name: &str, bytes: Vec<u8>) -> NewFile {
    NewFile {
        name: name.to_owned(),
        content_type: "image/jpeg".to_owned(),
        bytes: Blob(bytes),
        width: 4,
        height: 3,
        voice: false,
    }
}

async fn stage(
    client: &Client,
    conversation: ConversationId,
    file: NewFile,
) -> Result<Attachment, Failure> {
    let command = Command::StageFile { conversation, file };
    match client.engine.handle(command).await? {
        Answer::File(file) => Ok(file),
        other => panic!("{other:?}"),
    }
}

async fn send(
    client: &Client,
    conversation: ConversationId,
    text: &str,
    files: &[Attachment],
) -> Result<Message, Failure> {
    let command = Command::Send {
        conversation,
        text: text.to_owned(),
        reply_to: None,
        files: files.iter().map(|file| file.id).collect(),
    };
    match client.engine.handle(command).await? {
        Answer::Message(message) => Ok(*message),
        other => panic!("{other:?}"),
    }
}

async fn draft(client: &Client, conversation: ConversationId) -> Vec<Attachment> {
    let command = Command::GetDraft { conversation };
    match client.engine.handle(command).await.unwrap() {
        Answer::Draft(draft) => draft.files,
        other => panic!("{other:?}"),
    }
}

async fn load(client: &Client, message: &Message) {
    let (message, file) = (message.id, message.attachments[0].id);
    let command = Command::LoadFile { message, file };
    client.engine.handle(command).await.unwrap();
}

async fn bytes(client: &Client, file: &Attachment) -> Result<Vec<u8>, Failure> {
    let command = Command::GetFile { file: file.id };
    match client.engine.handle(command).await? {
        Answer::Bytes(Blob(bytes)) => Ok(bytes),
        other => panic!("{other:?}"),
    }
}

async fn newest(client: &Client, partner: &str) -> Option<Message> {
    client.timeline(partner).await.pop()
}

async fn newest_state(client: &Client, partner: &str) -> Option<FileState> {
    let message = newest(client, partner).await?;
    message.attachments.first().map(|file| file.state)
}

#[test]
fn files_wait_in_the_order_that_was_chosen_and_the_list_says_so() {
    let world = World::new(31, 8, 2);
    let anna = world.client(1, "Anna");
    let (anna, ids) = {
        let ids = world.run(&[&anna], async {
            let notes = anna.start(&anna.id).await;
            let drafted = async || anna.conversation(&anna.id).await.unwrap().drafted;
            assert!(!drafted().await);
            let mut ids = Vec::new();
            for name in ["a.jpg", "b.jpg", "c.jpg"] {
                ids.push(
                    stage(&anna, notes, file(name, vec![7; 10]))
                        .await
                        .unwrap()
                        .id,
                );
            }
            assert!(drafted().await);
            // One that is not named stays behind the others; one that is not there changes nothing.
            let arrange = Command::ArrangeFiles {
                conversation: notes,
                files: vec![ids[2], FileId([9; 16]), ids[0]],
            };
            anna.engine.handle(arrange).await.unwrap();
            ids
        });
        (world.reopen(anna), ids)
    };
    world.run(&[&anna], async {
        let notes = anna.start(&anna.id).await;
        let row = async || anna.conversation(&anna.id).await.unwrap();
        assert!(row().await.drafted && row().await.draft.is_empty());
        let waiting = draft(&anna, notes).await;
        let order: Vec<_> = waiting.iter().map(|file| file.id).collect();
        assert_eq!(order, [ids[2], ids[0], ids[1]]);
        send(&anna, notes, "", &waiting).await.unwrap();
        assert!(!row().await.drafted);
    });
}

#[test]
fn a_file_arrives_as_it_was_and_only_when_it_is_asked_for() {
    let world = World::new(11, 8, 2);
    let (mut anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let second = world.client(1, "");
    let plain: Vec<u8> = (0..700_000u32).map(|at| (at % 251) as u8).collect();
    world.run(&[&anna, &boris, &second], async {
        world.befriend(&anna, &boris).await;
        let there = anna.start(&boris.id).await;
        let staged = stage(&anna, there, file("../photo.jpg", plain.clone()))
            .await
            .unwrap();
        assert_eq!(
            (staged.name.as_str(), staged.kind, staged.state),
            ("photo.jpg", FileKind::Image, FileState::Here)
        );
        let caption = format!("a\u{7}beach{}", "!".repeat(600));
        let file = staged.id;
        let describe = Command::DescribeFile { file, caption };
        anna.engine.handle(describe).await.unwrap();
        let staged = draft(&anna, there).await.remove(0);
        assert!(staged.caption.starts_with("abeach!!") && staged.caption.len() == 500);
        let sent = send(&anna, there, "", std::slice::from_ref(&staged))
            .await
            .unwrap();
        assert_eq!(sent.attachments[0].state, FileState::Waiting);
        assert!(draft(&anna, there).await.is_empty());
        let came = async || newest_state(&boris, &anna.id).await == Some(FileState::Remote);
        world.until("the message", SOON, came).await;
        assert!(matches!(
            anna.delivery(&boris.id, &sent).await,
            Some(Delivery::Stored { .. } | Delivery::Synced { .. })
        ));
        assert_eq!(newest_state(&anna, &boris.id).await, Some(FileState::Here));
        let message = newest(&boris, &anna.id).await.unwrap();
        let there = &message.attachments[0];
        assert_eq!(
            (there.name.as_str(), there.size, there.width, there.height),
            ("photo.jpg", 700_000, 4, 3)
        );
        assert_eq!(there.caption, staged.caption);
        world.wait(60_000).await;
        assert!(bytes(&boris, there).await.is_err(), "nobody asked for it");
        load(&boris, &message).await;
        let came = async || newest_state(&boris, &anna.id).await == Some(FileState::Here);
        world.until("the file", SOON, came).await;
        assert_eq!(bytes(&boris, there).await.unwrap(), plain);
        assert_eq!(bytes(&anna, &sent.attachments[0]).await.unwrap(), plain);
        let came = async || newest_state(&second, &boris.id).await == Some(FileState::Remote);
        world.until("the copy", SOON, came).await;
        let row = boris.conversation(&anna.id).await.unwrap().id;
        let command = Command::GetMedia {
            conversation: row,
            before: None,
            limit: 10,
        };
        let Answer::Media(media) = boris.engine.handle(command).await.unwrap() else {
            panic!("no media")
        };
        assert_eq!(media.len(), 1);
        assert_eq!((media[0].message, media[0].mine), (message.id, false));
        let command = Command::DeleteMessages {
            messages: vec![message.id],
            scope: onionskin_client::api::DeleteScope::Here,
        };
        boris.engine.handle(command).await.unwrap();
        assert!(
            bytes(&boris, there).await.is_err(),
            "it goes with its message"
        );
    });
    let told = anna.told();
    let uploading = |event: &Event| {
        matches!(
            event,
            Event::File {
                state: FileState::Uploading { .. },
                ..
            }
        )
    };
    assert!(told.iter().any(uploading));
    let states = told.iter().filter_map(|event| match event {
        Event::Message(message) if !message.attachments.is_empty() => Some(message.delivery),
        _ => None,
    });
    let states: Vec<Delivery> = states.collect();
    assert_eq!(states[..2], [Delivery::Queued, Delivery::Uploading]);
}

#[test]
fn what_is_being_written_stays_when_a_voice_message_goes() {
    let world = World::new(31, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let conversation = anna.start(&boris.id).await;
        let write = Command::SetDraft {
            conversation,
            text: "half a thought".into(),
            reply_to: None,
        };
        anna.engine.handle(write).await.unwrap();
        let spoken = NewFile {
            content_type: "audio/mpeg".into(),
            voice: true,
            ..file("voice.mp3", vec![7; 3_000])
        };
        let spoken = stage(&anna, conversation, spoken).await.unwrap();
        send(&anna, conversation, "", &[spoken]).await.unwrap();
        let written = async || {
            let command = Command::GetDraft { conversation };
            match anna.engine.handle(command).await.unwrap() {
                Answer::Draft(draft) => draft.text,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(written().await, "half a thought");
        // What goes with the words takes them along.
        let picture = stage(&anna, conversation, file("a.jpg", vec![1; 9])).await;
        send(&anna, conversation, "half a thought", &[picture.unwrap()])
            .await
            .unwrap();
        assert_eq!(written().await, "");
    });
}

#[test]
fn staged_files_have_limits_and_survive_a_restart() {
    let world = World::new(12, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let there = world.run(&[&anna, &boris], async {
        let there = anna.start(&boris.id).await;
        let refused = stage(&anna, there, file("a.jpg", vec![1])).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::SendNotAccepted);
        world.befriend(&anna, &boris).await;
        let large = stage(&anna, there, file("a.jpg", vec![1; MAX_FILE + 1])).await;
        assert_eq!(large.unwrap_err().code, ErrorCode::FileTooBig);
        for _ in 0..5 {
            let nine = file("a.jpg", vec![1; 9_800_000]);
            stage(&anna, there, nine).await.unwrap();
        }
        let full = stage(&anna, there, file("a.jpg", vec![1; 1_000_001])).await;
        assert_eq!(full.unwrap_err().code, ErrorCode::FileTotal);
        for staged in draft(&anna, there).await {
            let command = Command::UnstageFile { file: staged.id };
            anna.engine.handle(command).await.unwrap();
            assert!(bytes(&anna, &staged).await.is_err());
        }
        for number in 0..32u8 {
            stage(&anna, there, file(&format!("{number}.jpg"), vec![number]))
                .await
                .unwrap();
        }
        assert!(stage(&anna, there, file("33.jpg", vec![33])).await.is_err());
        there
    });
    let anna = world.reopen(anna);
    world.run(&[&anna, &boris], async {
        let staged = draft(&anna, there).await;
        let names: Vec<_> = staged.iter().map(|file| file.name.clone()).collect();
        let expected: Vec<_> = (0..32).map(|number| format!("{number}.jpg")).collect();
        assert_eq!(names, expected);
        assert_eq!(bytes(&anna, &staged[7]).await.unwrap(), [7]);
        send(&anna, there, "all", &staged).await.unwrap();
        let came = async || {
            newest(&boris, &anna.id)
                .await
                .is_some_and(|message| message.attachments.len() == 32)
        };
        world.until("32 files", 10 * SOON, came).await;
        let again = send(&anna, there, "again", &staged).await;
        assert!(again.is_err(), "they are no longer staged");
    });
}

#[test]
fn a_server_that_is_down_delays_files_but_not_texts() {
    let world = World::new(13, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let there = anna.start(&boris.id).await;
        world.files.set_down(true);
        let staged = stage(&anna, there, file("a.jpg", vec![5; 50_000]))
            .await
            .unwrap();
        let sent = send(&anna, there, "with file", &[staged]).await.unwrap();
        anna.send(&boris.id, "without").await;
        let came = async || boris.texts(&anna.id).await.contains(&"without".to_owned());
        world.until("the text", SOON, came).await;
        let waits = async || {
            let delivery = anna.delivery(&boris.id, &sent).await;
            matches!(delivery, Some(Delivery::Retrying { attempt, .. }) if attempt >= 3)
        };
        world.until("attempts", SOON, waits).await;
        assert_eq!(anna.engine.network().paths().len(), 2, "no path is blamed");
        world.files.set_down(false);
        let came = async || {
            boris
                .texts(&anna.id)
                .await
                .contains(&"with file".to_owned())
        };
        world.until("the file", SOON, came).await;
    });
}

#[test]
fn a_refused_file_fails_its_message_until_it_is_tried_again() {
    let world = World::new(14, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let there = anna.start(&boris.id).await;
        world.files.fail_with(Some(413));
        let staged = stage(&anna, there, file("a.jpg", vec![5; 50_000]))
            .await
            .unwrap();
        let sent = send(&anna, there, "", std::slice::from_ref(&staged))
            .await
            .unwrap();
        let failed = async || {
            anna.delivery(&boris.id, &sent).await == Some(Delivery::Failed(ErrorCode::FileTooBig))
        };
        world.until("it fails", SOON, failed).await;
        let state = FileState::Failed(ErrorCode::FileTooBig);
        assert_eq!(newest_state(&anna, &boris.id).await, Some(state));
        world.files.fail_with(Some(500));
        let command = Command::RetryMessage { message: sent.id };
        anna.engine.handle(command).await.unwrap();
        world.wait(5_000).await;
        let command = Command::CancelFile { file: staged.id };
        anna.engine.handle(command).await.unwrap();
        let state = FileState::Failed(ErrorCode::FileUpload);
        assert_eq!(newest_state(&anna, &boris.id).await, Some(state));
        world.files.fail_with(None);
        world.wait(SOON).await;
        let delivery = anna.delivery(&boris.id, &sent).await;
        assert_eq!(delivery, Some(Delivery::Failed(ErrorCode::FileUpload)));
        let command = Command::RetryMessage { message: sent.id };
        anna.engine.handle(command).await.unwrap();
        let came = async || newest_state(&boris, &anna.id).await == Some(FileState::Remote);
        world.until("the file", SOON, came).await;
        assert_eq!(newest_state(&anna, &boris.id).await, Some(FileState::Here));
    });
}

#[test]
fn a_file_that_is_gone_or_forged_is_told_apart() {
    let world = World::new(15, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let there = anna.start(&boris.id).await;
        let staged = stage(&anna, there, file("a.jpg", vec![5; 50_000]))
            .await
            .unwrap();
        send(&anna, there, "", &[staged]).await.unwrap();
        let came = async || newest_state(&boris, &anna.id).await == Some(FileState::Remote);
        world.until("the message", SOON, came).await;
        let message = newest(&boris, &anna.id).await.unwrap();
        let becomes = async |code| {
            load(&boris, &message).await;
            let failed =
                async || newest_state(&boris, &anna.id).await == Some(FileState::Failed(code));
            world.until("a failure", SOON, failed).await;
        };
        world.files.fail_with(Some(404));
        becomes(ErrorCode::FileGone).await;
        world.files.fail_with(Some(500));
        becomes(ErrorCode::NetTimeout).await;
        world.files.fail_with(None);
        world
            .files
            .forge(Some(|bytes: &mut Vec<u8>| bytes[100] ^= 1));
        becomes(ErrorCode::FileDigest).await;
        // Nothing at all.
        world.files.forge(Some(Vec::clear));
        becomes(ErrorCode::FileDigest).await;
        world.files.forge(None);
        load(&boris, &message).await;
        let came = async || newest_state(&boris, &anna.id).await == Some(FileState::Here);
        world.until("the file", SOON, came).await;
        let plain = bytes(&boris, &message.attachments[0]).await.unwrap();
        assert_eq!(plain, vec![5; 50_000]);
    });
}

/// Runs an engine for so many polls and then drops its work, wherever that is.
async fn run_for(client: &Client, polls: u64) {
    let mut run = std::pin::pin!(client.engine.run());
    let mut done = 0;
    poll_fn(|context| {
        done += 1;
        let _ = run.as_mut().poll(context);
        match done < polls {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    })
    .await;
}

/// Ends a device after ever more of its steps, until sending a file takes fewer steps than that.
#[test]
fn a_crash_at_any_point_of_sending_a_file_neither_loses_nor_doubles_it() {
    let world = World::new(16, 8, 2);
    let (mut anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], world.befriend(&anna, &boris));
    let mut sent = Vec::new();
    for polls in 1.. {
        assert!(polls < 2_000, "it never ends");
        let text = format!("after {polls}");
        world.run(&[&anna, &boris], async {
            let ready = async || anna.engine.network().paths().len() == 2;
            world.until("paths", SOON, ready).await;
        });
        let message = world.run(&[&boris], async {
            let there = anna.start(&boris.id).await;
            let plain = file("a.jpg", text.clone().into_bytes());
            let staged = stage(&anna, there, plain).await.unwrap();
            let message = send(&anna, there, &text, &[staged]).await.unwrap();
            run_for(&anna, polls).await;
            message
        });
        sent.push(text);
        let delivery = world.run(&[], anna.delivery(&boris.id, &message));
        anna = world.reopen(anna);
        if matches!(delivery, Some(Delivery::Synced { .. })) {
            break;
        }
    }
    world.run(&[&anna, &boris], async {
        let all = async || {
            let texts = boris.texts(&anna.id).await;
            sent.iter().all(|text| texts.contains(text))
        };
        world.until("all files", 20 * SOON, all).await;
        world.wait(SOON).await;
        let timeline = boris.timeline(&anna.id).await;
        for text in &sent {
            let same = timeline.iter().filter(|message| message.text == *text);
            let found: Vec<_> = same.collect();
            assert_eq!(found.len(), 1, "{text}");
            load(&boris, found[0]).await;
        }
        let loaded = async || {
            let timeline = boris.timeline(&anna.id).await;
            let files = timeline.iter().flat_map(|message| &message.attachments);
            files.filter(|file| file.state == FileState::Here).count() == sent.len()
        };
        world.until("all bytes", 20 * SOON, loaded).await;
        for message in boris.timeline(&anna.id).await {
            if let [file] = &message.attachments[..] {
                assert_eq!(bytes(&boris, file).await.unwrap(), message.text.as_bytes());
            }
        }
    });
    assert_eq!(
        world.files.len(),
        sent.len(),
        "the server holds each file once"
    );
}

async fn avatar(client: &Client, account_id: &str) -> Vec<u8> {
    let account_id = account_id.to_owned();
    match client
        .engine
        .handle(Command::GetAvatar { account_id })
        .await
        .unwrap()
    {
        Answer::Bytes(Blob(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_profile_picture_reaches_those_who_accepted_each_other_and_goes_when_it_is_removed() {
    let world = World::new(17, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let mut photo = b"\xff\xd8\xff".to_vec();
    photo.resize(40_000, 9);
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let picture = Some(Blob(b"<svg/>".to_vec()));
        let refused = anna.engine.handle(Command::SetAvatar { picture }).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::FileType);
        let picture = Some(Blob(photo.clone()));
        anna.engine
            .handle(Command::SetAvatar { picture })
            .await
            .unwrap();
        let up = async || avatar(&anna, &anna.id).await == photo;
        world.until("the upload", SOON, up).await;
        assert_eq!(world.files.len(), 1);
        anna.send(&boris.id, "look at me").await;
        let came = async || {
            let row = boris.conversation(&anna.id).await;
            row.is_some_and(|row| row.avatar.is_some())
        };
        world.until("the picture", SOON, came).await;
        assert_eq!(avatar(&boris, &anna.id).await, photo);
        let picture = None;
        anna.engine
            .handle(Command::SetAvatar { picture })
            .await
            .unwrap();
        assert!(avatar(&anna, &anna.id).await.is_empty());
        anna.send(&boris.id, "and away").await;
        let gone = async || {
            let row = boris.conversation(&anna.id).await;
            row.is_some_and(|row| row.avatar.is_none())
        };
        world.until("no picture", SOON, gone).await;
    });
}

#[test]
fn a_profile_picture_that_waits_for_the_server_is_brought_after_a_restart() {
    let world = World::new(18, 8, 2);
    let anna = world.client(1, "Anna");
    world.files.set_down(true);
    world.run(&[&anna], async {
        let picture = Some(Blob(b"\x89PNG\r\n\x1a\n and so on".to_vec()));
        anna.engine
            .handle(Command::SetAvatar { picture })
            .await
            .unwrap();
        world.wait(SOON).await;
        assert!(avatar(&anna, &anna.id).await.is_empty());
    });
    world.files.set_down(false);
    let anna = world.reopen(anna);
    world.run(&[&anna], async {
        let up = async || !avatar(&anna, &anna.id).await.is_empty();
        world.until("the upload", SOON, up).await;
    });
    assert_eq!(world.files.len(), 1);
}

#[test]
fn a_profile_picture_that_could_not_be_fetched_is_fetched_soon_after() {
    let world = World::new(19, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let picture = Some(Blob(b"\x89PNG\r\n\x1a\n and so on".to_vec()));
        anna.engine
            .handle(Command::SetAvatar { picture })
            .await
            .unwrap();
        let up = async || !avatar(&anna, &anna.id).await.is_empty();
        world.until("the upload", SOON, up).await;
        world.files.set_down(true);
        anna.send(&boris.id, "look at me").await;
        let words = async || {
            boris
                .texts(&anna.id)
                .await
                .contains(&"look at me".to_owned())
        };
        world.until("the words", SOON, words).await;
        world.wait(SOON).await;
        assert!(avatar(&boris, &anna.id).await.is_empty());
        world.files.set_down(false);
        let came = async || !avatar(&boris, &anna.id).await.is_empty();
        world.until("the picture", 2 * SOON, came).await;
    });
}

#[test]
fn an_own_picture_is_told_of_once_it_is_here() {
    let world = World::new(30, 8, 2);
    let anna = world.client(1, "Anna");
    let photo = b"\x89PNG\r\n\x1a\n and so on".to_vec();
    world.run(&[&anna], async {
        let picture = Some(Blob(photo.clone()));
        anna.engine
            .handle(Command::SetAvatar { picture })
            .await
            .unwrap();
        let up = async || !avatar(&anna, &anna.id).await.is_empty();
        world.until("the upload", SOON, up).await;
        world.wait(SOON).await;
    });
    world.files.set_down(true);
    let mut again = world.client(1, "");
    let told = |client: &mut Client| {
        let told = client.told();
        let mut profiles = told.iter().filter_map(|event| match event {
            Event::Profile(profile) => Some((profile.name.clone(), profile.avatar)),
            _ => None,
        });
        profiles.next_back().unwrap()
    };
    world.run(&[&again], async { world.wait(SOON).await });
    assert_eq!(told(&mut again), ("Anna".to_owned(), None));
    world.files.set_down(false);
    world.run(&[&again], async {
        let here = async || avatar(&again, &again.id).await == photo;
        world.until("the picture", 2 * SOON, here).await;
    });
    assert!(told(&mut again).1.is_some());
}

#[test]
fn files_go_from_this_device_when_they_are_older_than_they_are_kept() {
    let world = World::new(31, 8, 2);
    let anna = world.client(1, "Anna");
    let states = async |anna: &Client| {
        let timeline = anna.timeline(&anna.id).await;
        let states = timeline.iter().map(|message| message.attachments[0].state);
        states.collect::<Vec<_>>()
    };
    let write = async |anna: &Client, name: &str| {
        let notes = anna.start(&anna.id).await;
        let staged = stage(anna, notes, file(name, vec![7; 1_000])).await;
        send(anna, notes, name, &[staged.unwrap()]).await.unwrap();
    };
    world.run(&[&anna], async {
        write(&anna, "old.jpg").await;
        let stored = async || states(&anna).await == [FileState::Here];
        world.until("it is stored", SOON, stored).await;
    });
    world.run(&[], async { world.wait(20 * DAY).await });
    let anna = world.reopen(anna);
    world.run(&[&anna], async {
        write(&anna, "new.jpg").await;
        let stored = async || states(&anna).await == [FileState::Here; 2];
        world.until("both are stored", SOON, stored).await;
        let settings = Settings {
            keep_files_days: 30,
            ..Settings::default()
        };
        anna.engine
            .handle(Command::SetSettings(settings))
            .await
            .unwrap();
        world.wait(SOON).await;
        assert_eq!(states(&anna).await, [FileState::Here; 2]);
    });
    world.run(&[], async { world.wait(11 * DAY).await });
    let anna = world.reopen(anna);
    world.run(&[&anna], async {
        let gone = async || states(&anna).await == [FileState::Remote, FileState::Here];
        world.until("the old one is gone", SOON, gone).await;
    });
}

#[test]
fn files_that_are_let_go_leave_their_messages_and_come_back_when_asked_for() {
    let world = World::new(29, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        let notes = anna.start(&anna.id).await;
        for (name, size) in [("small.jpg", 1_000), ("large.jpg", 300_000)] {
            let staged = stage(&anna, notes, file(name, vec![7; size]))
                .await
                .unwrap();
            send(&anna, notes, name, &[staged]).await.unwrap();
        }
        let stored = async || {
            let timeline = anna.timeline(&anna.id).await;
            let here = |message: &Message| message.attachments[0].state == FileState::Here;
            timeline.len() == 2 && timeline.iter().all(here)
        };
        world.until("both are stored", SOON, stored).await;
        let room = async |query: RoomQuery| match anna.engine.handle(Command::GetRoom(query)).await
        {
            Ok(Answer::Room(room)) => room,
            other => panic!("{other:?}"),
        };
        let all = room(RoomQuery::default()).await;
        assert_eq!((all.files, all.bytes, all.pictures), (2, 301_000, 301_000));
        assert_eq!(all.largest[0].attachment.name, "large.jpg");
        assert_eq!(
            (all.conversations.len(), all.conversations[0].bytes),
            (1, 301_000)
        );
        let large = RoomQuery {
            at_least: 100_000,
            ..RoomQuery::default()
        };
        assert_eq!(room(large.clone()).await.files, 1);
        let long_ago = RoomQuery {
            before: Some(1),
            ..RoomQuery::default()
        };
        let none = room(long_ago).await;
        let nothing = RoomView {
            oldest: none.oldest,
            ..RoomView::default()
        };
        assert_eq!(none, nothing, "no file is as old as that");
        anna.engine.handle(Command::FreeRoom(large)).await.unwrap();
        assert_eq!(room(RoomQuery::default()).await.bytes, 1_000);
        // In the own notes files load by themselves, but not this one.
        world.wait(60_000).await;
        let message = newest(&anna, &anna.id).await.unwrap();
        assert_eq!(message.attachments[0].state, FileState::Remote);
        assert!(bytes(&anna, &message.attachments[0]).await.is_err());
        load(&anna, &message).await;
        world.until("it is back", SOON, stored).await;
        assert_eq!(
            bytes(&anna, &message.attachments[0]).await.unwrap(),
            vec![7; 300_000]
        );
    });
}

#[test]
fn a_file_that_the_server_has_dropped_meanwhile_goes_up_again_with_its_message() {
    let world = World::new(41, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let owner = account_of(2).id().swarm_id();
    let all = |fault: Fault| {
        for member in world.network.members_for(&owner) {
            world.network.fault(member, fault);
        }
    };
    let offline = async |offline: bool| {
        for client in [&anna, &boris] {
            let command = Command::SetOffline { offline };
            client.engine.handle(command).await.unwrap();
        }
    };
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        all(Fault::RefuseStores);
        let there = anna.start(&boris.id).await;
        let staged = stage(&anna, there, file("a.jpg", vec![7; 1_000]))
            .await
            .unwrap();
        let sent = send(&anna, there, "", &[staged]).await.unwrap();
        let failed = async || {
            let delivery = anna.delivery(&boris.id, &sent).await;
            delivery == Some(Delivery::Failed(ErrorCode::SendRejected))
        };
        world.until("the refusal", SOON, failed).await;
        all(Fault::Start);
        offline(true).await;
        world.wait(15 * DAY).await;
        offline(false).await;
        let message = sent.id;
        let retry = Command::RetryMessage { message };
        anna.engine.handle(retry).await.unwrap();
        let came = async || newest_state(&boris, &anna.id).await == Some(FileState::Remote);
        world.until("the message", SOON, came).await;
        let message = newest(&boris, &anna.id).await.unwrap();
        load(&boris, &message).await;
        let came = async || newest_state(&boris, &anna.id).await == Some(FileState::Here);
        world.until("the file", SOON, came).await;
    });
}

/// A small picture.
fn photo(number: u8) -> Vec<u8> {
    let mut photo = b"\xff\xd8\xff".to_vec();
    photo.resize(4_000, number);
    photo
}

async fn set_avatar(client: &Client, picture: Option<Vec<u8>>) {
    let picture = picture.map(Blob);
    let command = Command::SetAvatar { picture };
    client.engine.handle(command).await.unwrap();
}

/// Both devices of Anna show her first picture; then the second one chooses another while the first one sleeps.
fn with_a_sleeper(seed: u64, story: impl FnOnce(&World, &Client, &Client)) {
    let world = World::new(seed, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    let shows = async |client: &Client, number: u8| avatar(client, &anna.id).await == photo(number);
    world.run(&[&anna, &second], async {
        set_avatar(&anna, Some(photo(1))).await;
        let both = async || shows(&anna, 1).await && shows(&second, 1).await;
        world.until("the first picture", SOON, both).await;
    });
    world.run(&[], async { world.wait(DAY).await });
    world.run(&[&second], async {
        set_avatar(&second, Some(photo(2))).await;
        let other = async || shows(&second, 2).await;
        world.until("the other picture", SOON, other).await;
        world.wait(60_000).await;
    });
    story(&world, &anna, &second);
}

#[test]
fn a_device_that_slept_does_not_bring_its_old_picture_back() {
    with_a_sleeper(33, |world, anna, second| {
        world.run(&[], async { world.wait(DAY / 6).await });
        world.run(&[anna], async { world.wait(2 * SOON).await });
        world.run(&[anna, second], async {
            world.wait(6 * SOON).await;
            assert!(avatar(second, &anna.id).await == photo(2));
            assert!(avatar(anna, &anna.id).await == photo(2));
        });
    });
}

#[test]
fn a_lost_picture_is_brought_to_the_server_once_more_by_whoever_has_it_and_by_nobody_else() {
    with_a_sleeper(34, |world, anna, second| {
        world.run(&[], async { world.wait(DAY / 6).await });
        world.files.forget();
        world.run(&[anna], async { world.wait(8 * SOON).await });
        assert!(world.files.is_empty(), "this device has another picture");
        world.run(&[second], async { world.wait(8 * SOON).await });
        assert_eq!(world.files.len(), 1);
        world.run(&[], async { world.wait(DAY).await });
        world.run(&[anna, second], async {
            let there = async || avatar(anna, &anna.id).await == photo(2);
            world.until("the picture", 8 * SOON, there).await;
        });
    });
}

#[test]
fn a_picture_that_is_gone_is_asked_for_once() {
    let world = World::new(35, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        set_avatar(&anna, Some(photo(1))).await;
        let up = async || avatar(&anna, &anna.id).await == photo(1);
        world.until("the upload", SOON, up).await;
        world.files.forget();
        anna.send(&boris.id, "look").await;
        let came = async || boris.texts(&anna.id).await.contains(&"look".to_owned());
        world.until("the words", SOON, came).await;
    });
    world.run(&[&boris], async {
        world.wait(60_000).await;
        let asked = world.files.asked();
        world.wait(DAY / 12).await;
        assert_eq!(world.files.asked(), asked);
        // One's own does not wait for any of this.
        set_avatar(&boris, Some(photo(3))).await;
        let up = async || avatar(&boris, &boris.id).await == photo(3);
        world.until("the own picture", 30_000, up).await;
    });
}

#[test]
fn a_download_that_was_ended_stays_ended_and_none_begins_by_itself_where_data_is_saved() {
    let world = World::new(36, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    let slow = Air {
        jitter: 20_000,
        ..Air::default()
    };
    let write = async |name: &str| {
        let notes = anna.start(&anna.id).await;
        let staged = stage(&anna, notes, file(name, vec![7; 1_000])).await;
        send(&anna, notes, name, &[staged.unwrap()]).await.unwrap();
    };
    let state = async || newest_state(&second, &anna.id).await;
    world.run(&[&anna, &second], async {
        world.air.set(slow);
        write("a.jpg").await;
        let loads = async || matches!(state().await, Some(FileState::Loading { .. }));
        world.until("the download", 4 * SOON, loads).await;
        let message = newest(&second, &anna.id).await.unwrap();
        let file = message.attachments[0].id;
        second
            .engine
            .handle(Command::CancelFile { file })
            .await
            .unwrap();
        let ended = async || state().await == Some(FileState::Remote);
        world.until("its end", 1_000, ended).await;
        world.air.set(Air::default());
        let star = Command::Star {
            messages: vec![message.id],
            on: true,
        };
        second.engine.handle(star).await.unwrap();
        world.wait(SOON).await;
        assert_eq!(state().await, Some(FileState::Remote));
        load(&second, &message).await;
        let here = async || state().await == Some(FileState::Here);
        world.until("the file", SOON, here).await;

        let save = Command::SetSaveData { on: true };
        second.engine.handle(save).await.unwrap();
        write("b.jpg").await;
        let came = async || second.timeline(&anna.id).await.len() == 2;
        world.until("the other message", SOON, came).await;
        world.wait(SOON).await;
        assert_eq!(state().await, Some(FileState::Remote));
        load(&second, &newest(&second, &anna.id).await.unwrap()).await;
        world.until("the other file", SOON, here).await;
    });
}

#[test]
fn what_is_gone_leaves_no_files_behind() {
    let world = World::new(37, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let held = async || boris.store.held().await[&Table::File].records;
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let before = held().await;
        let there = boris.start(&anna.id).await;
        stage(&boris, there, file("a.jpg", vec![7; 1_000]))
            .await
            .unwrap();
        let leave = |keep_contact| Command::DeleteConversation {
            conversation: there,
            keep_contact,
        };
        boris.engine.handle(leave(true)).await.unwrap();
        assert!(draft(&boris, there).await.is_empty());
        assert_eq!(held().await, before);

        let here = async |text: &str| {
            anna.send(&boris.id, text).await;
            let came = async || boris.texts(&anna.id).await.contains(&text.to_owned());
            world.until("the words", SOON, came).await;
        };
        set_avatar(&anna, Some(photo(1))).await;
        let up = async || avatar(&anna, &anna.id).await == photo(1);
        world.until("the upload", SOON, up).await;
        here("look").await;
        let came = async || avatar(&boris, &anna.id).await == photo(1);
        world.until("the picture", SOON, came).await;
        set_avatar(&anna, None).await;
        here("and away").await;
        let gone = async || held().await == before;
        world.until("no picture", SOON, gone).await;

        set_avatar(&anna, Some(photo(2))).await;
        let up = async || avatar(&anna, &anna.id).await == photo(2);
        world.until("the upload", SOON, up).await;
        here("again").await;
        let came = async || avatar(&boris, &anna.id).await == photo(2);
        world.until("the picture", SOON, came).await;
        boris.engine.handle(leave(false)).await.unwrap();
        world.until("nothing", SOON, gone).await;
    });
}

#[test]
fn of_several_messages_those_that_can_be_forwarded_are() {
    let world = World::new(38, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let there = anna.start(&boris.id).await;
        let staged = stage(&anna, there, file("a.jpg", vec![5; 1_000])).await;
        send(&anna, there, "with a file", &[staged.unwrap()])
            .await
            .unwrap();
        let taken = anna.send(&boris.id, "taken back").await;
        let came = async || {
            boris
                .texts(&anna.id)
                .await
                .contains(&"taken back".to_owned())
        };
        world.until("both", SOON, came).await;
        let messages = vec![taken.id];
        let scope = DeleteScope::Everyone;
        let take_back = Command::DeleteMessages { messages, scope };
        anna.engine.handle(take_back).await.unwrap();
        let gone = async || {
            !boris
                .texts(&anna.id)
                .await
                .contains(&"taken back".to_owned())
        };
        world.until("it is gone", SOON, gone).await;

        let notes = boris.start(&boris.id).await;
        let all: Vec<_> = boris.timeline(&anna.id).await;
        let forward = async |messages: &[Message]| {
            let command = Command::Forward {
                messages: messages.iter().map(|message| message.id).collect(),
                to: vec![notes],
                comment: "see".into(),
            };
            match boris.engine.handle(command).await.unwrap() {
                Answer::Forwarded { left_out } => left_out,
                other => panic!("{other:?}"),
            }
        };
        let remote = all.iter().position(|one| !one.attachments.is_empty());
        let remote = remote.unwrap();
        assert_eq!(forward(&all[remote..=remote]).await, 1);
        assert!(boris.texts(&boris.id).await.is_empty());
        let words = all.iter().filter(|one| one.attachments.is_empty());
        let words = words.filter(|one| !one.text.is_empty());
        let words: Vec<_> = words.map(|one| one.text.clone()).collect();
        let left_out = forward(&all).await as usize;
        assert_eq!(left_out, all.len() - words.len());
        let texts = boris.texts(&boris.id).await;
        assert_eq!((texts[0].as_str(), &texts[1..]), ("see", &words[..]));
        load(&boris, &all[remote]).await;
        let here =
            async || boris.timeline(&anna.id).await[remote].attachments[0].state == FileState::Here;
        world.until("the file", SOON, here).await;
        assert_eq!(forward(&all[remote..=remote]).await, 0);
    });
}

#[test]
fn no_file_is_left_out_where_two_messages_of_one_moment_meet_the_border_of_a_page() {
    let world = World::new(97, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let own = anna.send_file(&boris.id, "", vec![1; 9]).await;
        let content = Content::visible(
            proto::DataMessage {
                attachments: vec![proto::AttachmentPointer {
                    id: 7,
                    content_type: Some("image/jpeg".into()),
                    url: Some("http://filev2.getsession.org/file/7".into()),
                    key: Some(vec![3; 64]),
                    digest: Some(vec![4; 32]),
                    size: Some(100),
                    ..Default::default()
                }],
                ..Default::default()
            },
            Expiry::Off,
        );
        world.inject(&account_of(2), &id_of(1), &content, own.sent_at);
        let files = async |before: Option<Cursor>, limit| {
            let conversation = anna.start(&boris.id).await;
            let command = Command::GetMedia {
                conversation,
                before,
                limit,
            };
            match anna.engine.handle(command).await.unwrap() {
                Answer::Media(items) => items,
                other => panic!("{other:?}"),
            }
        };
        let both = async || files(None, 10).await.len() == 2;
        world.until("both", SOON, both).await;
        let first = files(None, 1).await;
        let second = files(Some(first[0].cursor()), 1).await;
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_eq!(first[0].sent_at, second[0].sent_at);
        assert_ne!(first[0].mine, second[0].mine);
        assert!(files(Some(second[0].cursor()), 1).await.is_empty());
    });
}
