//! Messages with files: every file goes to the file server first, one after the other; then the message is sealed, once, and
//! goes its usual way (20-messages 5.1). What is uploaded stands in the message's record; the change that notes its last file
//! seals it.

use super::{BACKOFF, Entry, GIVE_UP, Outbox, entry_key};
use crate::api::{Delivery, ErrorCode, Failure, FileId, MessageId};
use crate::compose::{content_of, introduce};
use crate::conversation::Change;
use crate::files::{UploadFailure, Uploaded};
use crate::message::{FileRecord, MessageRecord};
use crate::network::backoff;
use crate::ports::{Clock, Durability, Ports};
use crate::store::RecordError;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::time::Timestamp;

/// The file server keeps a file for 14 days. What was sent longer ago than this (ms) may not outlive its way.
const LASTS: u64 = 13 * 24 * 3_600_000;

impl<P: Ports> Outbox<P> {
    /// What sends a message: sealed at once, or when its files are on the file server.
    pub(crate) fn entry_of(
        &self,
        record: &MessageRecord,
        recipient: &AccountId,
    ) -> Result<Entry, Failure> {
        let stamp = Timestamp(record.sent_at);
        if record.files.iter().any(|file| file.url.is_empty()) {
            let mut entry = Entry::new(record.conversation, recipient, stamp, None);
            entry.uploading = true;
            return Ok(entry);
        }
        let mut content = content_of(record);
        introduce(&mut content, self.owner.wire_profile());
        self.letter(record.conversation, recipient, &content, stamp)
    }

    /// Messages whose files are not all on the file server.
    pub(crate) fn uploads(&self) -> u32 {
        let entries = self.entries.borrow();
        let uploading = entries.values().filter(|entry| entry.uploading);
        u32::try_from(uploading.count()).unwrap_or(u32::MAX)
    }

    /// Uploads the next file of a message.
    pub(super) async fn attempt_files(&self, number: u64, entry: &Entry) {
        self.show(entry, Delivery::Uploading).await;
        let started = self.ports.clock().now();
        let written = match self.next_file(entry).await {
            Ok(next) => {
                let outcome = match &next {
                    Some(file) => self.files.upload(file).await.map(Some),
                    None => Ok(None),
                };
                let took = self.ports.clock().now().millis_since(started);
                let file = next.map(|file| file.id);
                self.settle_file(number, file, outcome, took).await
            }
            Err(error) => Err(error),
        };
        if written.is_err() {
            // Nothing was written down, so the same file comes again; the server knows it already.
            if let Some(entry) = self.entries.borrow_mut().get_mut(&number) {
                entry.next_at = self.ports.clock().now().as_millis() + BACKOFF[BACKOFF.len() - 1];
            }
        }
    }

    async fn next_file(&self, entry: &Entry) -> Result<Option<FileRecord>, RecordError> {
        let Some(message) = entry.message else {
            return Ok(None);
        };
        let record = self.conversations.find_message(&message).await?;
        let files = record.map(|record| record.files).unwrap_or_default();
        Ok(files.into_iter().find(|file| file.url.is_empty()))
    }

    /// Writes down what became of a file; seals the message when it was the last one.
    async fn settle_file(
        &self,
        number: u64,
        file: Option<FileId>,
        outcome: Result<Option<Uploaded>, UploadFailure>,
        took: u64,
    ) -> Result<(), RecordError> {
        let mut change = self.conversations.change().await;
        // Withdrawn, or stopped by the person meanwhile.
        let Some(mut entry) = self.entries.borrow().get(&number).cloned() else {
            return Ok(());
        };
        let Some(message) = entry.message.filter(|_| entry.uploading) else {
            return Ok(());
        };
        // An entry goes with its message; where only one of them is left, the store is damaged.
        let record = change.message(&message).await?;
        let mut record = record.ok_or(RecordError::Form)?;
        let failed = match outcome {
            Ok(uploaded) => {
                let place = record.files.iter_mut().find(|place| Some(place.id) == file);
                if let (Some(place), Some(uploaded)) = (place, uploaded) {
                    place.url = uploaded.url;
                    place.digest = uploaded.digest;
                    place.failed = None;
                }
                (entry.attempts, entry.tried, entry.next_at) = (0, 0, 0);
                match record.files.iter().all(|file| !file.url.is_empty()) {
                    true => self.finish(&mut entry, &mut record),
                    false => None,
                }
            }
            Err(_) if entry.failed.is_some() => return Ok(()),
            Err(UploadFailure::Stopped) => Some(ErrorCode::FileUpload),
            Err(UploadFailure::Final(code)) => Some(code),
            Err(UploadFailure::Later) => {
                entry.attempts = entry.attempts.saturating_add(1);
                let wait = BACKOFF[usize::from(entry.attempts - 1).min(BACKOFF.len() - 1)];
                let wait = backoff::spread(wait, &mut *self.ports.entropy());
                entry.tried = entry.tried.saturating_add(took).saturating_add(wait);
                entry.next_at = self.ports.clock().now().as_millis() + wait;
                (entry.tried >= GIVE_UP).then_some(ErrorCode::FileUpload)
            }
        };
        if let Some(code) = failed {
            entry.failed = Some(code);
            record.delivery = Delivery::Failed(code);
            if let Some(place) = record.files.iter_mut().find(|place| Some(place.id) == file) {
                place.failed = Some(code);
            }
            self.conversations.underway.borrow_mut().remove(&message);
        }
        if let Some(file) = file.filter(|_| failed.is_some() || entry.attempts == 0) {
            // From now on the record says where it is.
            self.files.settled(file);
        }
        change.tx.put(&entry_key(number), &entry);
        change.put(record);
        change.commit(Durability::Strict).await?;
        self.entries.borrow_mut().insert(number, entry.clone());
        if failed.is_none() && entry.attempts > 0 {
            let (attempt, next_at) = (entry.attempts, entry.next_at);
            self.show(&entry, Delivery::Retrying { attempt, next_at })
                .await;
        }
        self.bell.ring();
        Ok(())
    }

    /// Seals a message whose files are all up. Gives why that cannot be done.
    fn finish(&self, entry: &mut Entry, record: &mut MessageRecord) -> Option<ErrorCode> {
        let recipient = AccountId::from_key(X25519PublicKey(entry.recipient));
        match self.entry_of(record, &recipient) {
            Ok(sealed) => {
                (entry.data, entry.copy, entry.life) = (sealed.data, sealed.copy, sealed.life);
                entry.uploading = false;
                record.hash = entry.own_hash(&self.owner.id());
                record.size = entry.size();
                None
            }
            Err(failure) => Some(failure.code),
        }
    }

    /// The person ends an upload: its message waits for a retry. False when no message waits for this file.
    pub(crate) async fn stop_upload(&self, file: FileId) -> Result<bool, RecordError> {
        let mut change = self.conversations.change().await;
        let waiting: Vec<(u64, MessageId)> = {
            let entries = self.entries.borrow();
            let waiting = entries.iter().filter(|(_, entry)| entry.uploading);
            let named = waiting.filter_map(|(number, entry)| Some((*number, entry.message?)));
            named.collect()
        };
        for (number, message) in waiting {
            let Some(mut record) = change.message(&message).await? else {
                continue;
            };
            let place = record.files.iter_mut().find(|place| place.id == file);
            let Some(place) = place.filter(|place| place.url.is_empty()) else {
                continue;
            };
            let Some(mut entry) = self.entries.borrow().get(&number).cloned() else {
                continue;
            };
            let code = ErrorCode::FileUpload;
            place.failed = Some(code);
            entry.failed = Some(code);
            record.delivery = Delivery::Failed(code);
            self.conversations.underway.borrow_mut().remove(&message);
            change.tx.put(&entry_key(number), &entry);
            change.put(record);
            self.files.cancel(file);
            self.files.settled(file);
            change.commit(Durability::Strict).await?;
            self.entries.borrow_mut().insert(number, entry);
            return Ok(true);
        }
        Ok(false)
    }

    /// Files that failed are tried again with their message, and those that the file server may have dropped go up again.
    pub(super) async fn forgive_files(
        &self,
        change: &mut Change<'_, P>,
        entry: &mut Entry,
        message: &MessageId,
    ) -> Result<(), RecordError> {
        let Some(mut record) = change.message(message).await? else {
            return Ok(());
        };
        let now = change.network_now().as_millis();
        let old = now.saturating_sub(record.sent_at) > LASTS;
        // What is not here any more cannot go up again.
        let whole = record.files.iter().all(|file| file.here);
        if old && whole && !record.files.is_empty() && (entry.uploading || entry.data.is_some()) {
            for file in &mut record.files {
                file.url.clear();
            }
            (entry.data, entry.copy, entry.uploading) = (None, None, true);
        }
        if record.files.iter().any(|file| file.url.is_empty()) {
            for file in &mut record.files {
                file.failed = None;
            }
            change.put(record);
        }
        Ok(())
    }
}
