//! Backups on simulated networks: everything comes back, nothing comes twice, and what is here counts.

use onionskin_client::api::{
    Answer, BackupCounts, BackupKey, BackupOrder, BackupReminder, BackupStep, BackupView, Blob,
    Command, ConversationChange, ConversationId, DeleteScope, Delivery, ErrorCode, Failure,
    FileState, MergeConflict, MergeField, MergeLoss, MergeReport, MergeStep, Message, Profile,
    Settings, Timer,
};
use onionskin_client::backup::format::{HEADER, PART};
use onionskin_client::vault::KdfParams;
use onionskin_sim::transport::Air;
use onionskin_sim::world::{Client, World, account_of};
use onionskin_testnet::network::Sleeper as _;
use std::future::{Future, poll_fn};
use std::task::Poll;

const SOON: u64 = 180_000;
const KEY: BackupKey = BackupKey([7; 32]);

fn order() -> BackupOrder {
    BackupOrder {
        conversations: None,
        files: true,
        phrase: false,
        params: KdfParams {
            salt: [9; 16],
            memory_kib: 19 * 1024,
            passes: 1,
            lanes: 1,
        },
        key: KEY,
        repeats: false,
    }
}

async fn step(client: &Client, step: BackupStep) -> Result<Answer, Failure> {
    client.engine.handle(Command::Backup(step)).await
}

/// Makes a backup and has it checked.
async fn back_up(client: &Client, order: BackupOrder) -> Result<(Vec<u8>, BackupView), Failure> {
    step(client, BackupStep::Begin(order)).await?;
    let mut file = Vec::new();
    loop {
        match step(client, BackupStep::Next).await? {
            Answer::Bytes(Blob(piece)) if piece.is_empty() => break,
            Answer::Bytes(Blob(piece)) => {
                assert!(piece.len() <= 1024 * 1024);
                file.extend(piece);
            }
            other => panic!("{other:?}"),
        }
    }
    for piece in file.chunks(300_000) {
        step(client, BackupStep::Check(Blob(piece.to_vec()))).await?;
    }
    match step(client, BackupStep::Checked).await? {
        Answer::Backup(view) => Ok((file, *view)),
        other => panic!("{other:?}"),
    }
}

async fn merge_with(
    client: &Client,
    file: &[u8],
    key: BackupKey,
    fresh: bool,
) -> Result<MergeReport, Failure> {
    let merge = async |step| client.engine.handle(Command::Merge(step)).await;
    let start = Blob(file[..file.len().min(1_000)].to_vec());
    merge(MergeStep::Begin { start, key, fresh }).await?;
    for piece in file.chunks(100_000) {
        merge(MergeStep::Feed(Blob(piece.to_vec()))).await?;
    }
    match merge(MergeStep::Finish).await? {
        Answer::Merged(report) => Ok(*report),
        other => panic!("{other:?}"),
    }
}

async fn merge(client: &Client, file: &[u8], fresh: bool) -> MergeReport {
    merge_with(client, file, KEY, fresh).await.unwrap()
}

async fn told(client: &Client, command: Command) {
    client.engine.handle(command).await.unwrap();
}

async fn change(client: &Client, conversation: ConversationId, change: ConversationChange) {
    let command = Command::ChangeConversation {
        conversation,
        change,
    };
    told(client, command).await;
}

async fn settings(client: &Client) -> Settings {
    match client.engine.handle(Command::GetSettings).await.unwrap() {
        Answer::Settings(settings) => *settings,
        other => panic!("{other:?}"),
    }
}

async fn profile(client: &Client) -> Profile {
    match client.engine.handle(Command::GetProfile).await.unwrap() {
        Answer::Profile(profile) => profile,
        other => panic!("{other:?}"),
    }
}

async fn name(client: &Client) -> String {
    profile(client).await.name
}

async fn bytes(client: &Client, message: &Message) -> Result<Vec<u8>, Failure> {
    let file = message.attachments[0].id;
    match client.engine.handle(Command::GetFile { file }).await? {
        Answer::Bytes(Blob(bytes)) => Ok(bytes),
        other => panic!("{other:?}"),
    }
}

async fn find(client: &Client, partner: &str, text: &str) -> Option<Message> {
    let timeline = client.timeline(partner).await;
    timeline.into_iter().find(|message| message.text == text)
}

fn plain() -> Vec<u8> {
    (0..300_000u32).map(|at| (at % 251) as u8).collect()
}

/// Anna has lived a little: a file, a star, a pin, a reaction, words about Boris, a note, a draft, settings of her own.
async fn live(world: &World, anna: &Client, boris: &Client) {
    world.befriend(anna, boris).await;
    let sent = anna.send_file(&boris.id, "look", plain()).await;
    let stored = async || {
        let delivery = anna.delivery(&boris.id, &sent).await;
        matches!(delivery, Some(Delivery::Synced { .. }))
    };
    world.until("the file", SOON, stored).await;
    let theirs = find(anna, &boris.id, "Hello yourself").await.unwrap();
    let messages = vec![theirs.id];
    told(anna, Command::Star { messages, on: true }).await;
    let message = theirs.id;
    told(anna, Command::PinMessage { message, on: true }).await;
    let emoji = "🎉".to_owned();
    let add = true;
    told(
        anna,
        Command::React {
            message,
            emoji,
            add,
        },
    )
    .await;
    let there = anna.start(&boris.id).await;
    for wish in [
        ConversationChange::Nickname("Bobo".into()),
        ConversationChange::Note("met at the lake".into()),
        ConversationChange::Label("work".into()),
        ConversationChange::Folder("People".into()),
        ConversationChange::Verified(true),
        ConversationChange::Trusted(true),
        ConversationChange::Pinned(true),
        ConversationChange::Archived(true),
        ConversationChange::MutedUntil(Some(u64::MAX / 2)),
    ] {
        change(anna, there, wish).await;
    }
    let draft = Command::SetDraft {
        conversation: there,
        text: "not said yet".into(),
        reply_to: Some(theirs.id),
    };
    told(anna, draft).await;
    told(
        anna,
        Command::MarkRead {
            conversation: there,
            up_to: u64::MAX / 2,
        },
    )
    .await;
    anna.send(&anna.id, "a note").await;
    let chosen = Settings {
        markdown: false,
        backup_reminder: BackupReminder::Week,
        ..Settings::default()
    };
    told(anna, Command::SetSettings(chosen)).await;
    let noted = async || {
        anna.delivery(&anna.id, &anna.timeline(&anna.id).await[0])
            .await
    };
    let stored = async || {
        matches!(
            noted().await,
            Some(Delivery::Synced { .. } | Delivery::Stored { .. })
        )
    };
    world.until("the note", SOON, stored).await;
}

/// What has one name on every device.
fn same(message: &Message) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        (
            message.author.clone(),
            message.sent_at,
            message.text.clone(),
        ),
        (message.kind, message.mine, message.delivery, message.timer),
        (message.starred, message.pinned, message.reactions.clone()),
        message
            .attachments
            .iter()
            .map(|file| (file.name.clone(), file.size, file.state))
            .collect::<Vec<_>>(),
    )
}

async fn assert_same(anna: &Client, other: &Client) {
    let (before, after) = (anna.conversations().await, other.conversations().await);
    assert_eq!(before.len(), after.len());
    for row in &before {
        let there = other.conversation(&row.account_id).await.unwrap();
        let plain = |row: &onionskin_client::api::Conversation| {
            let mut row = row.clone();
            row.id = ConversationId::default();
            (row.avatar, row.last) = (None, None);
            // A message may be dated a little ahead of the clock by which the row was last active.
            row.active_at -= row.active_at % 1_000;
            row
        };
        assert_eq!(plain(&there), plain(row));
        let (here, there) = (
            anna.timeline(&row.account_id).await,
            other.timeline(&row.account_id).await,
        );
        assert_eq!(
            there.iter().map(same).collect::<Vec<_>>(),
            here.iter().map(same).collect::<Vec<_>>()
        );
    }
    assert_eq!(settings(other).await, settings(anna).await);
    assert_eq!(name(other).await, name(anna).await);
}

/// A life, a backup of it, and the client that made it.
fn lived() -> (World, Client, Client, Vec<u8>, BackupView) {
    let world = World::new(41, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let (file, view) = world.run(&[&anna, &boris], async {
        live(&world, &anna, &boris).await;
        back_up(&anna, order()).await.unwrap()
    });
    (world, anna, boris, file, view)
}

/// Another network at the same time, which knows nothing of the first one.
fn elsewhere(seed: u64, world: &World) -> World {
    let other = World::new(seed, 8, 2);
    let behind = world.time.now().as_millis() - other.time.now().as_millis();
    other.run(&[], other.wait(behind + 1_000));
    other
}

#[test]
fn everything_comes_back_where_the_network_knows_nothing_any_more() {
    let (world, anna, boris, file, view) = lived();
    // With the notice that the request was accepted.
    assert_eq!(
        (
            view.counts.conversations,
            view.counts.messages,
            view.counts.files
        ),
        (2, 5, 1)
    );
    assert_eq!(
        (view.counts.bytes, view.account_id.as_str()),
        (300_000, anna.id.as_str())
    );
    assert!(view.whole && view.with_files && !view.with_phrase);
    assert!(view.size.abs_diff(file.len() as u64) <= PART as u64);
    let elsewhere = elsewhere(42, &world);
    let (again, second) = (elsewhere.client(1, ""), elsewhere.client(1, ""));
    let report = elsewhere.run(&[&again], merge(&again, &file, true));
    assert_eq!(report.added, view.counts);
    assert_eq!(
        (report.conflicts_all, report.lost),
        (0, MergeLoss::default())
    );
    elsewhere.run(&[&again, &second], async {
        world.run(&[], assert_same(&anna, &again));
        let message = find(&again, &boris.id, "look").await.unwrap();
        assert_eq!(bytes(&again, &message).await.unwrap(), plain());
        let there = again.start(&boris.id).await;
        let draft = Command::GetDraft { conversation: there };
        let Answer::Draft(draft) = again.engine.handle(draft).await.unwrap() else {
            panic!("no draft")
        };
        let original = find(&again, &boris.id, "Hello yourself").await.unwrap();
        assert_eq!((draft.text.as_str(), draft.reply_to), ("not said yet", Some(original.id)));
        let pinned = Command::GetPinned { conversation: there };
        let Answer::Messages { messages, .. } = again.engine.handle(pinned).await.unwrap() else {
            panic!("no pins")
        };
        assert_eq!(messages[0].id, original.id);
        // What devices share goes out as after any other change.
        let known = async || {
            let contacts = second.engine.handle(Command::GetContacts).await.unwrap();
            matches!(contacts, Answer::Conversations(rows) if rows.iter().any(|row| row.nickname == "Bobo"))
        };
        elsewhere.until("the other device", SOON, known).await;
        assert_eq!(name(&second).await, "Anna");
    });
}

#[test]
fn what_is_taken_in_twice_is_there_once() {
    let (world, anna, _, file, view) = lived();
    // On the device that made it nothing is new.
    let report = world.run(&[], merge(&anna, &file, false));
    assert_eq!(
        (report.added, report.known),
        (BackupCounts::default(), view.counts.messages)
    );
    assert_eq!(report.conflicts, Vec::new());
    let elsewhere = elsewhere(43, &world);
    let again = elsewhere.client(1, "");
    elsewhere.run(&[&again], merge(&again, &file, true));
    let before = elsewhere.time.run(again.store.keys());
    let report = elsewhere.run(&[], merge(&again, &file, false));
    assert_eq!(
        (report.added, report.known),
        (BackupCounts::default(), view.counts.messages)
    );
    assert_eq!(elsewhere.time.run(again.store.keys()), before);
    elsewhere.run(&[], assert_same(&anna, &again));
}

#[test]
fn what_the_swarm_brings_as_well_is_there_once() {
    let (world, anna, boris, file, view) = lived();
    let third = world.client(1, "");
    world.run(&[&anna, &third], async {
        let report = merge(&third, &file, true).await;
        assert_eq!(report.added.messages + report.known, view.counts.messages);
        world.wait(SOON).await;
        assert_eq!(third.texts(&boris.id).await, anna.texts(&boris.id).await);
        let message = find(&third, &boris.id, "look").await.unwrap();
        assert_eq!(bytes(&third, &message).await.unwrap(), plain());
        assert!(
            find(&third, &boris.id, "Hello yourself")
                .await
                .unwrap()
                .starred
        );
        assert!(
            third
                .conversation(&boris.id)
                .await
                .unwrap()
                .verified_at
                .is_some()
        );
    });
}

#[test]
fn what_was_deleted_stays_deleted_here_and_on_a_new_device() {
    let (world, anna, boris, file, _) = lived();
    world.run(&[&anna, &boris], async {
        let gone = find(&anna, &boris.id, "Hello").await.unwrap();
        let delete = Command::DeleteMessages {
            messages: vec![gone.id],
            scope: DeleteScope::Here,
        };
        told(&anna, delete).await;
        let report = merge(&anna, &file, false).await;
        assert_eq!((report.deleted, report.added.messages), (1, 0));
        assert_eq!(find(&anna, &boris.id, "Hello").await, None);
    });
    // Its swarm still has the message, and gives it to a new device.
    let third = world.client(1, "");
    world.run(&[&anna, &third], async {
        let (later, _) = back_up(&anna, order()).await.unwrap();
        merge(&third, &later, true).await;
        world.wait(SOON).await;
        assert_eq!(find(&third, &boris.id, "Hello").await, None);
        assert!(find(&third, &boris.id, "look").await.is_some());
        // An older backup does not bring it back either.
        merge(&third, &file, false).await;
        assert_eq!(find(&third, &boris.id, "Hello").await, None);
    });
}

#[test]
fn a_conversation_that_was_deleted_comes_back_with_its_messages() {
    let (world, anna, boris, file, _) = lived();
    let before = world.run(&[], anna.texts(&boris.id));
    world.run(&[&anna], async {
        let conversation = anna.start(&boris.id).await;
        let delete = Command::DeleteConversation {
            conversation,
            keep_contact: false,
        };
        told(&anna, delete).await;
        assert_eq!(anna.conversation(&boris.id).await, None);
        let report = merge(&anna, &file, false).await;
        assert_eq!((report.added.conversations, report.deleted), (1, 0));
        assert_eq!(anna.texts(&boris.id).await, before);
        let row = anna.conversation(&boris.id).await.unwrap();
        assert_eq!(
            (row.nickname.as_str(), row.unread, row.accepted),
            ("Bobo", 0, true)
        );
        let message = find(&anna, &boris.id, "look").await.unwrap();
        assert_eq!(bytes(&anna, &message).await.unwrap(), plain());
        // It is known to other devices again, and does not vanish with their next word.
        world.wait(SOON).await;
        assert_eq!(anna.texts(&boris.id).await, before);
    });
}

#[test]
fn messages_that_disappear_do_so_after_a_restore_too() {
    let world = World::new(44, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let file = world.run(&[&anna, &boris], async {
        world.befriend(&anna, &boris).await;
        let there = anna.start(&boris.id).await;
        for (seconds, text) in [(300, "short"), (4_000, "long")] {
            let timer = Timer::AfterSend(seconds);
            change(&anna, there, ConversationChange::Timer(timer)).await;
            let sent = anna.send(&boris.id, text).await;
            let stored = async || {
                let delivery = anna.delivery(&boris.id, &sent).await;
                matches!(delivery, Some(Delivery::Synced { .. }))
            };
            world.until("the message", 60_000, stored).await;
        }
        let (file, _) = back_up(&anna, order()).await.unwrap();
        world.wait(400_000).await;
        file
    });
    let elsewhere = elsewhere(45, &world);
    let again = elsewhere.client(1, "");
    elsewhere.run(&[&again], async {
        let report = merge(&again, &file, true).await;
        assert_eq!(report.expired, 1);
        assert_eq!(find(&again, &boris.id, "short").await, None);
        assert!(find(&again, &boris.id, "long").await.is_some());
        let gone = async || find(&again, &boris.id, "long").await.is_none();
        elsewhere.until("the end", 4_100_000, gone).await;
        // And not by the backup, either.
        assert_eq!(merge(&again, &file, false).await.added.messages, 0);
    });
}

#[test]
fn what_is_set_here_counts_and_differences_are_named() {
    let (world, _, boris, file, _) = lived();
    let elsewhere = elsewhere(46, &world);
    let other = elsewhere.client(1, "Anna B");
    elsewhere.run(&[&other], async {
        let there = other.start(&boris.id).await;
        change(
            &other,
            there,
            ConversationChange::Note("from the choir".into()),
        )
        .await;
        change(&other, there, ConversationChange::Label("work".into())).await;
        let chosen = Settings {
            big_emoji: false,
            ..Settings::default()
        };
        told(&other, Command::SetSettings(chosen.clone())).await;
        let report = merge(&other, &file, false).await;
        let row = other.conversation(&boris.id).await.unwrap();
        assert_eq!(
            (row.note.as_str(), row.label.as_str()),
            ("from the choir", "work")
        );
        assert_eq!(
            (row.nickname.as_str(), row.folder.as_str()),
            ("Bobo", "People")
        );
        assert!(row.verified_at.is_some() && row.archived);
        assert_eq!(settings(&other).await, chosen);
        let of_boris = |what| MergeConflict {
            account_id: Some(boris.id.clone()),
            what,
        };
        let of_account = |what| MergeConflict {
            account_id: None,
            what,
        };
        assert!(report.conflicts.contains(&of_boris(MergeField::Note)));
        assert!(report.conflicts.contains(&of_account(MergeField::Settings)));
        assert!(!report.conflicts.contains(&of_boris(MergeField::Label)));
        assert_eq!(report.conflicts_all as usize, report.conflicts.len());
    });
}

#[test]
fn nobody_is_unblocked_and_nothing_becomes_unread() {
    let (world, anna, boris, file, _) = lived();
    world.run(&[&anna], async {
        let there = anna.start(&boris.id).await;
        change(&anna, there, ConversationChange::Blocked(true)).await;
        let read = anna.conversation(&boris.id).await.unwrap().last_read;
        merge(&anna, &file, false).await;
        let row = anna.conversation(&boris.id).await.unwrap();
        assert!(row.blocked);
        assert_eq!((row.last_read, row.unread), (read, 0));
    });
}

#[test]
fn the_wrong_key_another_account_and_another_file_are_told_apart() {
    let (world, anna, boris, file, _) = lived();
    world.run(&[], async {
        let code = async |client: &Client, file: &[u8], key| {
            merge_with(client, file, key, false).await.unwrap_err().code
        };
        assert_eq!(
            code(&anna, &file, BackupKey([8; 32])).await,
            ErrorCode::BakPass
        );
        assert_eq!(code(&boris, &file, KEY).await, ErrorCode::BakOther);
        assert_eq!(code(&anna, b"PK\x03\x04", KEY).await, ErrorCode::BakForeign);
        let mut later = file.clone();
        later[4] = 9;
        assert_eq!(code(&anna, &later, KEY).await, ErrorCode::BakNewer);
        let mut damaged = file.clone();
        damaged[60] ^= 1;
        assert_eq!(code(&anna, &damaged, KEY).await, ErrorCode::BakDamaged);
        // A step of nothing is refused.
        let feed = Command::Merge(MergeStep::Feed(Blob(file.clone())));
        assert_eq!(
            anna.engine.handle(feed).await.unwrap_err().code,
            ErrorCode::Internal
        );
    });
}

#[test]
fn a_damaged_file_gives_what_is_sound_and_names_what_is_lost() {
    let (first, _, boris, file, _) = lived();
    let world = elsewhere(47, &first);
    let again = world.client(1, "");
    let mut damaged = file.clone();
    // Within the bytes of the picture.
    damaged[HEADER + 2 * PART + 9] ^= 1;
    let report = world.run(&[], merge(&again, &damaged, false));
    let loss = report.lost;
    assert_eq!((loss.parts, loss.cut, loss.trailing), (1, false, false));
    assert_eq!((loss.counts.files, loss.counts.bytes), (1, 300_000));
    world.run(&[], async {
        let message = find(&again, &boris.id, "look").await.unwrap();
        assert_eq!(message.attachments[0].state, FileState::Remote);
        assert!(bytes(&again, &message).await.is_err());
        // The whole file makes it good.
        let report = merge(&again, &file, false).await;
        assert_eq!((report.added.files, report.lost.any()), (1, false));
        let message = find(&again, &boris.id, "look").await.unwrap();
        assert_eq!(bytes(&again, &message).await.unwrap(), plain());
    });
    let cut = &file[..HEADER + PART + 100];
    let third = world.client(1, "");
    let report = world.run(&[], merge(&third, cut, false));
    assert!(report.lost.cut && report.lost.counts.messages + report.lost.counts.files > 0);
    let mut longer = file.clone();
    longer.extend([0; 10]);
    let report = world.run(&[], merge(&third, &longer, false));
    assert!(report.lost.trailing && report.lost.parts == 0 && !report.lost.cut);
}

#[test]
fn a_file_that_was_not_written_as_it_was_made_is_no_backup() {
    let (world, anna, _, _, view) = lived();
    world.run(&[], async {
        step(&anna, BackupStep::Begin(order())).await.unwrap();
        let mut file = Vec::new();
        while let Answer::Bytes(Blob(piece)) = step(&anna, BackupStep::Next).await.unwrap() {
            if piece.is_empty() {
                break;
            }
            file.extend(piece);
        }
        file[HEADER + 5] ^= 1;
        step(&anna, BackupStep::Check(Blob(file))).await.unwrap();
        let judged = step(&anna, BackupStep::Checked).await.unwrap_err();
        assert_eq!(judged.code, ErrorCode::BakDamaged);
        // One that was not read back is none, either.
        step(&anna, BackupStep::Begin(order())).await.unwrap();
        step(&anna, BackupStep::Next).await.unwrap();
        assert_eq!(
            step(&anna, BackupStep::Checked).await.unwrap_err().code,
            ErrorCode::BakDamaged
        );
        // The last one is the one that was sound; whoever puts the next one off is left alone for a week.
        assert_eq!(profile(&anna).await.backup_at, view.made_at);
        step(&anna, BackupStep::PutOff).await.unwrap();
        let rest = profile(&anna).await.backup_remind_at - view.made_at;
        assert!(rest.abs_diff(7 * 86_400_000) < SOON, "{rest}");
        step(&anna, BackupStep::Begin(order())).await.unwrap();
        step(&anna, BackupStep::Cancel).await.unwrap();
        assert!(step(&anna, BackupStep::Next).await.is_err());
    });
}

#[test]
fn scope_and_phrase_are_as_the_person_chose() {
    let (world, anna, boris, ..) = lived();
    let elsewhere = elsewhere(48, &world);
    let again = elsewhere.client(1, "");
    world.run(&[], async {
        let notes = anna.start(&anna.id).await;
        let chosen = BackupOrder {
            conversations: Some(vec![notes]),
            phrase: true,
            ..order()
        };
        let (file, view) = back_up(&anna, chosen.clone()).await.unwrap();
        assert_eq!(
            (
                view.counts.conversations,
                view.counts.messages,
                view.counts.files
            ),
            (1, 1, 0)
        );
        assert!(!view.whole && view.with_phrase);
        let header = onionskin_client::backup::format::Header::read(&file).unwrap();
        assert_eq!(
            header.open(&KEY).unwrap().seed.as_ref(),
            Some(account_of(1).seed().as_bytes())
        );
        merge(&again, &file, false).await;
        assert_eq!(again.conversations().await.len(), 1);
        assert_eq!(again.conversation(&boris.id).await, None);
        let bare = BackupOrder {
            files: false,
            ..order()
        };
        let (file, view) = back_up(&anna, bare).await.unwrap();
        assert_eq!((view.counts.messages, view.counts.files), (5, 0));
        assert!(!view.with_files && file.len() < 2 * PART + HEADER);
        told(&anna, Command::HidePhrase).await;
        let refused = back_up(&anna, chosen).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::PhraseHidden);
    });
}

#[test]
fn what_waited_to_be_sent_comes_back_as_not_sent_until_its_copy_comes() {
    let world = World::new(49, 8, 2);
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    let second = world.client(1, "");
    world.run(&[&anna, &boris, &second], async {
        world.befriend(&anna, &boris).await;
        world.air.set(Air {
            down: true,
            ..Air::default()
        });
        let waiting = anna.send(&boris.id, "too late").await;
        let (file, _) = back_up(&anna, order()).await.unwrap();
        let report = merge(&second, &file, false).await;
        assert_eq!(report.unsent, 1);
        let there = find(&second, &boris.id, "too late").await.unwrap();
        assert_eq!(there.delivery, Delivery::Failed(ErrorCode::BakUnsent));
        world.air.set(Air::default());
        let stored = async || {
            let delivery = anna.delivery(&boris.id, &waiting).await;
            matches!(delivery, Some(Delivery::Synced { .. }))
        };
        world.until("the way out", 4 * SOON, stored).await;
        let known = async || {
            let there = find(&second, &boris.id, "too late").await.unwrap();
            matches!(there.delivery, Delivery::Synced { .. })
        };
        world.until("the copy", SOON, known).await;
        assert_eq!(
            boris
                .texts(&anna.id)
                .await
                .iter()
                .filter(|text| *text == "too late")
                .count(),
            1
        );
    });
}

/// Polls a future so often and then drops it, wherever it is. Whether it ended before.
async fn for_polls(future: impl Future, polls: u64) -> bool {
    let mut future = std::pin::pin!(future);
    let mut done = 0;
    poll_fn(|context| {
        done += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if done >= polls => Poll::Ready(false),
            Poll::Pending => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
    .await
}

#[test]
fn a_crash_at_any_point_and_a_repeat_end_the_same() {
    let (first, anna, boris, file, _) = lived();
    let world = elsewhere(50, &first);
    let mut polls = 1;
    loop {
        assert!(polls < 4_000, "it never ends");
        // The conversation was here and was deleted: it is brought back, whatever happens meanwhile.
        let mut again = world.client(1, "");
        world.run(&[], async {
            merge(&again, &file, false).await;
            let conversation = again.start(&boris.id).await;
            let delete = Command::DeleteConversation {
                conversation,
                keep_contact: false,
            };
            told(&again, delete).await;
        });
        let ended = world.run(&[], for_polls(merge(&again, &file, false), polls));
        let lost = if polls % 2 == 0 { usize::MAX } else { 0 };
        again = world.reopen(again);
        world.run(&[], async {
            if !ended {
                again.store.cut_power(lost).await;
            }
        });
        again = world.reopen(again);
        world.run(&[], async {
            let report = merge(&again, &file, false).await;
            assert_eq!(report.deleted, 0, "after {polls}");
            assert_same(&anna, &again).await;
            let message = find(&again, &boris.id, "look").await.unwrap();
            assert_eq!(bytes(&again, &message).await.unwrap(), plain());
        });
        if ended {
            break;
        }
        polls += 1;
    }
    assert!(polls > 20, "only {polls} polls");
}

#[test]
fn more_backups_follow_without_a_passphrase_once_one_was_ordered_so() {
    let (world, anna, _, mut file, _) = lived();
    let again = async |client: &Client| {
        let Answer::Backup(view) = step(client, BackupStep::Again).await? else {
            panic!("no backup")
        };
        Ok::<_, Failure>(*view)
    };
    let anna = world.run(&[], async {
        assert!(again(&anna).await.is_err());
        let ordered = BackupOrder {
            files: false,
            repeats: true,
            ..order()
        };
        step(&anna, BackupStep::Begin(ordered.clone()))
            .await
            .unwrap();
        assert!(again(&anna).await.is_err(), "it was not made yet");
        let (_, view) = back_up(&anna, ordered).await.unwrap();
        assert!(profile(&anna).await.backup_repeats && !view.with_files);
        anna
    });
    let anna = world.reopen(anna);
    world.run(&[], async {
        assert!(profile(&anna).await.backup_repeats);
        anna.send(&anna.id, "one more").await;
        let view = again(&anna).await.unwrap();
        assert!(!view.with_files && !view.with_phrase && view.whole);
        file.clear();
        while let Answer::Bytes(Blob(piece)) = step(&anna, BackupStep::Next).await.unwrap() {
            if piece.is_empty() {
                break;
            }
            file.extend(piece);
        }
        let header = onionskin_client::backup::format::Header::read(&file).unwrap();
        assert_eq!(header.open(&KEY).unwrap().messages, view.counts.messages);
        step(&anna, BackupStep::NoMore).await.unwrap();
        assert!(!profile(&anna).await.backup_repeats);
        assert!(again(&anna).await.is_err());
    });
}
