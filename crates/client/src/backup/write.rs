//! Making a backup: the records are walked in small steps, so never more than a page of messages and one file is in memory.

use super::format::{Head, Header, Opener, Sealer};
use super::items::{Draft, File, Item, Message, Name, PREVIEW, Picture, Profile};
use super::{Backups, PIECE, view};
use crate::api::{
    BackupCounts, BackupOrder, BackupView, Blob, ConversationId, ErrorCode, Failure, FileId,
    MessageId, RoomQuery,
};
use crate::conversation::ConversationRecord;
use crate::message::{self, MessageRecord};
use crate::outbox::failure;
use crate::ports::Ports;
use crate::store::{Key, RecordError};
use onionskin_protocol::config::Kind;
use std::collections::VecDeque;

/// Records read at a time.
const PAGE: usize = 50;

/// A backup that is being made.
pub(super) struct Writing {
    pub(super) view: BackupView,
    pub(super) order: BackupOrder,
    header: Header,
    sealer: Option<Sealer>,
    /// What is to be done, first one first.
    steps: VecDeque<Step>,
    /// Sealed, and not handed over yet.
    out: Vec<u8>,
    counts: BackupCounts,
    check: Option<Check>,
}

/// What is written next.
enum Step {
    Account,
    /// Names of deleted messages, from there on.
    Gone(Key),
    Conversation(ConversationId),
    /// Messages of a conversation, from there on.
    Messages(ConversationId, [u8; 32], Key),
    Message([u8; 32], Box<MessageRecord>),
    File(Name, u32, FileId),
    Draft(ConversationId),
    Picture([u8; 32]),
    End,
}

/// What was read back of the file.
struct Check {
    opener: Opener,
    counts: BackupCounts,
    end: Option<BackupCounts>,
    readable: bool,
}

impl<P: Ports> Backups<P> {
    pub(super) async fn begin_writing(&self, order: BackupOrder) -> Result<Writing, Failure> {
        let records = &self.conversations.records;
        let seed = match order.phrase {
            true => Some(self.owner.seed()?),
            false => None,
        };
        let wanted = |id: &ConversationId| {
            let chosen = order.conversations.as_ref();
            chosen.is_none_or(|chosen| chosen.contains(id))
        };
        let all = self.conversations.ids().into_iter();
        let ids: Vec<ConversationId> = all.filter(wanted).collect();
        let mut head = Head {
            account: self.owner.id().key().0,
            made_at: self.network.now().as_millis(),
            whole: order.conversations.is_none(),
            with_files: order.files,
            seed,
            conversations: u32::try_from(ids.len()).unwrap_or(u32::MAX),
            ..Head::default()
        };
        let mut steps = VecDeque::from([Step::Account, Step::Gone(message::gone(records, 0))]);
        for id in &ids {
            let (from, to) = (
                message::timeline(records, id),
                message::timeline_end(records, id),
            );
            head.messages += records.count(&from, &to).await?;
            if order.files {
                let query = RoomQuery {
                    conversation: Some(*id),
                    ..RoomQuery::default()
                };
                let room = self.files.room(&query).await?;
                head.files += room.files;
                head.bytes += room.bytes;
            }
            steps.push_back(Step::Conversation(*id));
        }
        if order.files {
            steps.push_back(Step::Picture(head.account));
        }
        steps.push_back(Step::End);
        let header = Header::new(&order.params, &order.key, &head, &mut *self.ports.entropy())?;
        Ok(Writing {
            view: view(&head),
            out: header.to_bytes().to_vec(),
            sealer: Some(Sealer::new(header.clone(), order.key.clone())),
            header,
            order,
            steps,
            counts: BackupCounts::default(),
            check: None,
        })
    }

    /// The next piece of the file; empty at its end.
    pub(super) async fn write(&self, writing: &mut Writing) -> Result<Blob, Failure> {
        while writing.out.len() < PIECE
            && let Some(step) = writing.steps.pop_front()
        {
            self.walk(writing, step).await?;
        }
        let later = writing.out.split_off(writing.out.len().min(PIECE));
        Ok(Blob(std::mem::replace(&mut writing.out, later)))
    }

    async fn walk(&self, writing: &mut Writing, step: Step) -> Result<(), Failure> {
        let conversations = &self.conversations;
        let records = &conversations.records;
        match step {
            Step::Account => {
                let settings = conversations.settings.borrow().clone();
                writing.push(&Item::Settings(Box::new(settings)))?;
                let (profile, groups) = {
                    let mut set = conversations.configs.get().clone();
                    let profile = Profile {
                        name: set.profile.name(),
                        picture: self.owner.picture(),
                        community_requests: set.profile.community_requests(),
                        updated_s: set.profile.updated_s(),
                    };
                    (profile, set.config_mut(Kind::UserGroups).dump())
                };
                writing.push(&Item::Profile(profile))?;
                writing.push(&Item::Groups(groups.to_vec()))?;
            }
            Step::Gone(from) => {
                let to = message::gone(records, u64::MAX);
                let page = records.range::<Name>(&from, &to, false, PAGE).await?;
                let (found, damaged) = page;
                for (_, name) in &found {
                    // Of messages that were deleted before names were kept, none is known.
                    if *name != Name::default() {
                        writing.push(&Item::Gone(*name))?;
                    }
                }
                if let Some((last, _)) = found.last()
                    && found.len() + damaged == PAGE
                {
                    let from = last.clone().then(&[0]);
                    writing.steps.push_front(Step::Gone(from));
                }
            }
            Step::Conversation(id) => {
                let Some(row) = conversations.get(&id) else {
                    return Ok(());
                };
                let partner = row.account;
                if writing.order.files {
                    writing.steps.push_front(Step::Picture(partner));
                }
                if !row.draft.text.is_empty() {
                    writing.steps.push_front(Step::Draft(id));
                }
                let from = message::timeline(records, &id);
                writing.steps.push_front(Step::Messages(id, partner, from));
                writing.push(&Item::Conversation(Box::new(without_names(row))))?;
                writing.counts.conversations += 1;
            }
            Step::Messages(id, partner, from) => {
                let to = message::timeline_end(records, &id);
                let page = records
                    .range::<MessageRecord>(&from, &to, false, PAGE)
                    .await?;
                let (found, damaged) = page;
                if let Some((last, _)) = found.last()
                    && found.len() + damaged == PAGE
                {
                    let from = last.clone().then(&[0]);
                    writing.steps.push_front(Step::Messages(id, partner, from));
                }
                for (_, record) in found.into_iter().rev() {
                    if writing.order.files {
                        for (place, file) in files_here(&record).into_iter().rev() {
                            let name = (record.author, record.sent_at);
                            writing.steps.push_front(Step::File(name, place, file));
                        }
                    }
                    let step = Step::Message(partner, Box::new(record));
                    writing.steps.push_front(step);
                }
            }
            Step::Message(partner, record) => {
                let record = MessageRecord {
                    id: MessageId::default(),
                    conversation: ConversationId::default(),
                    ..*record
                };
                writing.push(&Item::Message(Box::new(Message { partner, record })))?;
                writing.counts.messages += 1;
            }
            Step::File(message, place, file) => {
                // One that cannot be read goes as one that is not here.
                if let Some(bytes) = self.files.whole(&file).await? {
                    writing.counts.files += 1;
                    writing.counts.bytes += bytes.len() as u64;
                    writing.push(&Item::File(File {
                        message,
                        place,
                        bytes,
                    }))?;
                }
            }
            Step::Draft(id) => {
                let Some(row) = conversations.get(&id) else {
                    return Ok(());
                };
                let reply_to = match row.draft.reply_to {
                    Some(message) => {
                        let original = conversations.find_message(&message).await;
                        let original = original.or_else(absent_when_damaged)?;
                        original.map(|original| (original.author, original.sent_at))
                    }
                    None => None,
                };
                writing.push(&Item::Draft(Draft {
                    partner: row.account,
                    text: row.draft.text,
                    reply_to,
                }))?;
            }
            Step::Picture(account) => {
                if let Some((mark, bytes)) = self.files.picture_here(&account).await? {
                    writing.push(&Item::Picture(Picture {
                        account,
                        mark,
                        bytes,
                    }))?;
                }
            }
            Step::End => {
                writing.push(&Item::End(writing.counts))?;
                if let Some(sealer) = writing.sealer.take() {
                    sealer.finish(&mut writing.out);
                }
                let opener = Opener::new(writing.header.clone(), writing.order.key.clone());
                writing.check = Some(Check {
                    opener,
                    counts: BackupCounts::default(),
                    end: None,
                    readable: true,
                });
            }
        }
        Ok(())
    }
}

impl Writing {
    fn push(&mut self, item: &Item) -> Result<(), Failure> {
        let (kind, body) = item.seal()?;
        let pushed = match &mut self.sealer {
            Some(sealer) => sealer.push(kind, &body, &mut self.out),
            None => false,
        };
        match pushed {
            true => Ok(()),
            false => Err(failure(
                ErrorCode::Internal,
                None,
                "a record is too long for a backup",
            )),
        }
    }

    /// Reads what was written, a piece at a time.
    pub(super) fn check(&mut self, bytes: &[u8]) {
        let Some(check) = &mut self.check else {
            return;
        };
        for sealed in check.opener.feed(bytes) {
            match Item::open(&sealed) {
                Ok(Some(Item::Conversation(_))) => check.counts.conversations += 1,
                Ok(Some(Item::Message(_))) => check.counts.messages += 1,
                Ok(Some(Item::File(file))) => {
                    check.counts.files += 1;
                    check.counts.bytes += file.bytes.len() as u64;
                }
                Ok(Some(Item::End(counts))) => check.end = Some(counts),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => check.readable = false,
            }
        }
    }

    /// What is in the file, if that is what went in.
    pub(super) fn judge(self) -> Result<BackupView, Failure> {
        let check = self.check.filter(|check| check.readable);
        let fine =
            check.filter(|check| check.counts == self.counts && check.end == Some(self.counts));
        match fine.map(|check| check.opener.end()) {
            Some(end) if end == super::format::End::default() => Ok(BackupView {
                counts: self.counts,
                ..self.view
            }),
            _ => Err(failure(
                ErrorCode::BakDamaged,
                None,
                "what was read back is not what was written",
            )),
        }
    }
}

/// What is called otherwise on every device goes.
fn without_names(row: ConversationRecord) -> ConversationRecord {
    ConversationRecord {
        id: ConversationId::default(),
        draft: crate::conversation::DraftRecord::default(),
        last: None,
        ..row
    }
}

/// The files of a message whose bytes are on this device, and their places.
fn files_here(record: &MessageRecord) -> Vec<(u32, FileId)> {
    let preview = record.preview.as_ref();
    let image = preview.and_then(|preview| preview.image.as_ref());
    let files = record
        .files
        .iter()
        .zip(0u32..)
        .map(|(file, place)| (place, file));
    files
        .chain(image.map(|image| (PREVIEW, image)))
        .filter(|(_, file)| file.here)
        .map(|(place, file)| (place, file.id))
        .collect()
}

fn absent_when_damaged(error: RecordError) -> Result<Option<MessageRecord>, RecordError> {
    match error.is_damage() {
        true => Ok(None),
        false => Err(error),
    }
}
