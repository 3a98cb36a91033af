//! Files that wait in the composer: kept with their conversation until they are sent or dropped (screens 9.7).

use super::name::{
    clean_caption, clean_name, clean_type, is_dangerous, is_dangerous_inside, kind_of,
};
use super::{Files, MAX_FILES, chunks};
use crate::api::{
    Attachment, ConversationId, ErrorCode, Failure, FileId, FileState, NewFile, Pressure,
};
use crate::conversation::Change;
use crate::message::{FileRecord, MessageRecord};
use crate::outbox::failure;
use crate::ports::{Durability, Ports, Table};
use crate::store::{Key, RecordError, Records};
use onionskin_protocol::attachment::legacy::{self, MAX_FILE};
use onionskin_protocol::entropy::draw;
use onionskin_protocol::sorted::{SortedMap, SortedSet, sort, sort_by_key};
use serde::{Deserialize, Serialize};

/// Bytes of all staged files together.
const MAX_STAGED: u64 = 50_000_000;

/// A file that belongs to no message yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Staged {
    conversation: ConversationId,
    /// Their order in the composer.
    order: u64,
    file: FileRecord,
}

/// All staged files. There are few, so all of them are in memory (without their bytes).
pub(super) type Stage = SortedMap<FileId, Staged>;

/// Where something waits.
pub(super) fn places(stage: &Stage) -> SortedSet<ConversationId> {
    stage.values().map(|staged| staged.conversation).collect()
}

/// Reads them; also how many cannot be read.
pub(super) async fn load<P: Ports>(records: &Records<P>) -> Result<(Stage, usize), RecordError> {
    let from = prefix(records);
    let to = from.clone().then(&[0xff; 17]);
    let (found, damaged) = records
        .range::<Staged>(&from, &to, false, usize::MAX)
        .await?;
    let stage = found.into_iter();
    let stage = stage.map(|(_, staged)| (staged.file.id, staged)).collect();
    Ok((stage, damaged))
}

impl<P: Ports> Files<P> {
    /// Keeps a file for the next message of a conversation.
    pub(crate) async fn stage(
        &self,
        conversation: &ConversationId,
        new: NewFile,
    ) -> Result<Attachment, Failure> {
        let row = self.conversations.view_of(conversation);
        let row = row.ok_or_else(|| failure(ErrorCode::Internal, None, "no such conversation"))?;
        if row.blocked {
            return Err(failure(ErrorCode::SendBlocked, None, ""));
        }
        if !row.accepted {
            return Err(failure(ErrorCode::SendNotAccepted, None, ""));
        }
        let size = new.bytes.0.len();
        if size > MAX_FILE {
            let number = u32::try_from(size).ok();
            return Err(failure(ErrorCode::FileTooBig, number, ""));
        }
        if self.pressure.get() == Pressure::Full {
            return Err(failure(ErrorCode::StoreFull, None, "the storage runs out"));
        }
        let size = size as u64;
        let (count, held) = {
            let stage = self.stage.borrow();
            let here = stage
                .values()
                .filter(|staged| staged.conversation == *conversation);
            let held: u64 = stage.values().map(|staged| staged.file.size).sum();
            (here.count(), held)
        };
        if count >= MAX_FILES {
            return Err(failure(ErrorCode::FileMany, None, ""));
        }
        if held + size > MAX_STAGED {
            return Err(failure(ErrorCode::FileTotal, None, ""));
        }
        let name = clean_name(&new.name);
        let content_type = clean_type(&new.content_type, &name);
        let file = FileRecord {
            id: FileId(draw(&mut *self.ports.entropy())),
            kind: kind_of(&content_type, new.voice),
            dangerous: is_dangerous(&name, &content_type) || is_dangerous_inside(&new.bytes.0),
            name,
            content_type,
            size,
            width: new.width,
            height: new.height,
            here: true,
            ..FileRecord::default()
        };
        let last = self
            .stage
            .borrow()
            .values()
            .map(|staged| staged.order)
            .max();
        let staged = Staged {
            conversation: *conversation,
            order: last.map_or(0, |last| last + 1),
            file,
        };
        // Held from now on: another file that comes before the store has answered counts this one.
        let view = staged.file.view_as(FileState::Here);
        let id = staged.file.id;
        let records = &self.conversations.records;
        let mut tx = records.tx();
        tx.put(&key(records, &id), &staged);
        chunks::put(&mut tx, records, &id, &new.bytes.0);
        self.stage.borrow_mut().insert(id, staged);
        let kept = tx.commit(Durability::Strict).await;
        if kept.is_err() {
            self.stage.borrow_mut().remove(&id);
        }
        self.tell_stage(conversation);
        kept?;
        Ok(view)
    }

    /// The list shows whether something waits.
    fn tell_stage(&self, conversation: &ConversationId) {
        let waits = self
            .stage
            .borrow()
            .values()
            .any(|staged| staged.conversation == *conversation);
        self.conversations.set_staged(conversation, waits);
    }

    /// Puts the files of a conversation into an order; those that are not named stand behind the others.
    pub(crate) async fn arrange(
        &self,
        conversation: &ConversationId,
        files: &[FileId],
    ) -> Result<(), RecordError> {
        let place = |id: &FileId| files.iter().position(|file| file == id);
        let mut here: Vec<Staged> = self
            .stage
            .borrow()
            .values()
            .filter(|staged| staged.conversation == *conversation)
            .cloned()
            .collect();
        let mut free: Vec<u64> = here.iter().map(|staged| staged.order).collect();
        sort(&mut free);
        sort_by_key(&mut here, |staged| {
            (place(&staged.file.id).unwrap_or(usize::MAX), staged.order)
        });
        let moved: Vec<Staged> = here
            .into_iter()
            .zip(free)
            .filter(|(staged, order)| staged.order != *order)
            .map(|(staged, order)| Staged { order, ..staged })
            .collect();
        let records = &self.conversations.records;
        let mut tx = records.tx();
        for staged in &moved {
            tx.put(&key(records, &staged.file.id), staged);
        }
        tx.commit(Durability::Strict).await?;
        let mut stage = self.stage.borrow_mut();
        for staged in moved {
            // What was sent, dropped or described meanwhile stays so.
            if let Some(place) = stage.get_mut(&staged.file.id) {
                place.order = staged.order;
            }
        }
        Ok(())
    }

    /// Says what a staged file shows.
    pub(crate) async fn describe(&self, file: &FileId, caption: &str) -> Result<(), RecordError> {
        let Some(mut staged) = self.stage.borrow().get(file).cloned() else {
            return Ok(());
        };
        staged.file.caption = clean_caption(caption);
        let records = &self.conversations.records;
        let mut tx = records.tx();
        tx.put(&key(records, file), &staged);
        tx.commit(Durability::Strict).await?;
        if let Some(place) = self.stage.borrow_mut().get_mut(file) {
            *place = staged;
        }
        Ok(())
    }

    /// Drops a staged file; one that is not staged (any more) stays where it is.
    pub(crate) async fn unstage(&self, file: &FileId) -> Result<(), RecordError> {
        let Some(staged) = self.stage.borrow_mut().remove(file) else {
            return Ok(());
        };
        let records = &self.conversations.records;
        let mut tx = records.tx();
        tx.delete(&key(records, file));
        chunks::delete(&mut tx, records, file, staged.file.size);
        self.tell_stage(&staged.conversation);
        tx.commit(Durability::Relaxed).await
    }

    /// Drops everything that waits in a conversation.
    pub(crate) async fn unstage_all(
        &self,
        conversation: &ConversationId,
    ) -> Result<(), RecordError> {
        for file in self.staged(conversation) {
            self.unstage(&file.id).await?;
        }
        Ok(())
    }

    /// The files that wait in a conversation, in their order.
    pub(crate) fn staged(&self, conversation: &ConversationId) -> Vec<Attachment> {
        let stage = self.stage.borrow();
        let mut here: Vec<&Staged> = stage
            .values()
            .filter(|staged| staged.conversation == *conversation)
            .collect();
        sort_by_key(&mut here, |staged| staged.order);
        here.iter()
            .map(|staged| staged.file.view_as(FileState::Here))
            .collect()
    }

    /// Moves staged files into a message: their records, each with the key that it will be encrypted with. The change has to
    /// add the message; when it is committed, [`taken`](Self::taken).
    pub(crate) fn take(
        &self,
        change: &mut Change<'_, P>,
        conversation: &ConversationId,
        files: &[FileId],
    ) -> Result<Vec<FileRecord>, Failure> {
        let unknown = || failure(ErrorCode::Internal, None, "a file is not staged");
        if files.len() > MAX_FILES {
            return Err(failure(ErrorCode::FileMany, None, ""));
        }
        let stage = self.stage.borrow();
        let mut taken: Vec<FileRecord> = Vec::with_capacity(files.len());
        for id in files {
            let staged = stage
                .get(id)
                .filter(|staged| staged.conversation == *conversation)
                .filter(|_| !taken.iter().any(|file| file.id == *id))
                .ok_or_else(unknown)?;
            change.tx.delete(&key(&self.conversations.records, id));
            taken.push(self.with_key(staged.file.clone()));
        }
        Ok(taken)
    }

    /// They belong to a message now.
    pub(crate) fn taken(&self, files: &[FileRecord]) {
        for file in files {
            let staged = self.stage.borrow_mut().remove(&file.id);
            if let Some(staged) = staged {
                self.tell_stage(&staged.conversation);
            }
        }
    }

    /// Puts the files of a message back into the composer, within the change that takes the message back and before it is
    /// removed: from then on it has none. What is not here cannot come back. When all is committed,
    /// [`restaged`](Self::restaged).
    pub(crate) fn restage(
        &self,
        change: &mut Change<'_, P>,
        mut record: MessageRecord,
    ) -> Restaged {
        let records = &self.conversations.records;
        let last = self
            .stage
            .borrow()
            .values()
            .map(|staged| staged.order)
            .max();
        let first = last.map_or(0, |last| last + 1);
        let files = std::mem::take(&mut record.files).into_iter();
        let mut back = Vec::new();
        for (file, order) in files.filter(|file| file.here).zip(first..) {
            let staged = Staged {
                conversation: record.conversation,
                order,
                file: FileRecord {
                    url: String::new(),
                    key: Vec::new(),
                    digest: Vec::new(),
                    failed: None,
                    ..file
                },
            };
            change.tx.put(&key(records, &staged.file.id), &staged);
            back.push(staged);
        }
        change.put(record);
        Restaged(back)
    }

    /// They are in the composer now.
    pub(crate) fn restaged(&self, Restaged(files): Restaged) {
        for staged in files {
            self.transfers().clear(&staged.file.id);
            let conversation = staged.conversation;
            self.stage.borrow_mut().insert(staged.file.id, staged);
            self.tell_stage(&conversation);
        }
    }

    /// A copy of a file that is here, for another message: other name, other key, so that nobody sees that they are the same.
    pub(crate) async fn duplicate(
        &self,
        change: &mut Change<'_, P>,
        file: &FileRecord,
    ) -> Result<FileRecord, Failure> {
        let records = &self.conversations.records;
        let bytes = chunks::read(records, &file.id).await?;
        let bytes =
            bytes.ok_or_else(|| failure(ErrorCode::FileGone, None, "not on this device"))?;
        if bytes.len() > MAX_FILE {
            let number = u32::try_from(bytes.len()).ok();
            return Err(failure(ErrorCode::FileTooBig, number, ""));
        }
        let id = FileId(draw(&mut *self.ports.entropy()));
        chunks::put(&mut change.tx, records, &id, &bytes);
        Ok(self.with_key(FileRecord {
            id,
            size: bytes.len() as u64,
            url: String::new(),
            digest: Vec::new(),
            failed: None,
            here: true,
            ..file.clone()
        }))
    }

    fn with_key(&self, file: FileRecord) -> FileRecord {
        let key = legacy::Key::generate(&mut *self.ports.entropy());
        FileRecord {
            key: key.as_bytes().to_vec(),
            ..file
        }
    }

    /// Drops what waits in conversations that are gone.
    pub(super) async fn sweep_stage(&self) -> Result<(), RecordError> {
        let orphans: Vec<FileId> = {
            let stage = self.stage.borrow();
            let orphan = |staged: &&Staged| self.conversations.get(&staged.conversation).is_none();
            let orphans = stage.values().filter(orphan);
            orphans.map(|staged| staged.file.id).collect()
        };
        for file in orphans {
            self.unstage(&file).await?;
        }
        Ok(())
    }
}

/// Files on their way back into the composer.
pub(crate) struct Restaged(Vec<Staged>);

fn prefix<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::File, "staged", &[])
}

fn key<P: Ports>(records: &Records<P>, file: &FileId) -> Key {
    prefix(records).then(&file.0)
}
