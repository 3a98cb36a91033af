//! The files of a conversation, newest first (screens 9.12), and what goes with a message when it goes.

use super::{Files, chunks};
use crate::api::{ConversationId, Cursor, MediaItem, MessageId};
use crate::message::{self, MessageRecord};
use crate::ports::{Ports, Table};
use crate::store::{Key, RecordError, Records, Tx};

/// Index entries read at a time.
const PAGE: usize = 50;

/// Notes that a message has files, within the change that adds it.
pub(crate) fn note<P: Ports>(tx: &mut Tx<P>, records: &Records<P>, record: &MessageRecord) {
    if !record.files.is_empty() {
        tx.put(&key(records, record), &record.id);
    }
}

/// Removes the files of a message, within the change that removes it.
pub(crate) fn forget<P: Ports>(tx: &mut Tx<P>, records: &Records<P>, record: &MessageRecord) {
    tx.delete(&key(records, record));
    let image = record
        .preview
        .as_ref()
        .and_then(|preview| preview.image.as_ref());
    for file in record.files.iter().chain(image).filter(|file| file.here) {
        chunks::delete(tx, records, &file.id, file.size);
    }
}

/// `blind16(conversation) ‖ sent_at BE ‖ id`, as in the timeline.
fn key<P: Ports>(records: &Records<P>, record: &MessageRecord) -> Key {
    prefix(records, &record.conversation)
        .then(&record.sent_at.to_be_bytes())
        .then(&record.id.0)
}

fn prefix<P: Ports>(records: &Records<P>, conversation: &ConversationId) -> Key {
    records.key::<16>(Table::Index, "media", &[&conversation.0])
}

impl<P: Ports> Files<P> {
    /// The files of messages before one of them, newest first. Those of one message stay together, so there may be a few
    /// more than `limit` when they are the first.
    pub(crate) async fn media(
        &self,
        conversation: &ConversationId,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MediaItem>, RecordError> {
        let records = &self.conversations.records;
        let from = prefix(records, conversation);
        let mut to = match before {
            Some(at) => from
                .clone()
                .then(&at.sent_at.to_be_bytes())
                .then(&at.message.0),
            None => from.clone().then(&[0xff; 25]),
        };
        let mut items = Vec::new();
        loop {
            let (found, _) = records.range::<MessageId>(&from, &to, true, PAGE).await?;
            for (place, id) in &found {
                let Some(record) = self.message_at(conversation, place, id).await? else {
                    continue;
                };
                if !items.is_empty() && items.len() + record.files.len() > limit {
                    return Ok(items);
                }
                items.extend(record.files.iter().map(|file| MediaItem {
                    attachment: file.view(self.transfers()),
                    message: record.id,
                    conversation: record.conversation,
                    sent_at: record.sent_at,
                    mine: record.mine,
                }));
            }
            match found.last() {
                Some((last, _)) if found.len() == PAGE => to = last.clone(),
                _ => return Ok(items),
            }
        }
    }

    async fn message_at(
        &self,
        conversation: &ConversationId,
        place: &Key,
        id: &MessageId,
    ) -> Result<Option<MessageRecord>, RecordError> {
        let time = place
            .bytes()
            .get(16..24)
            .and_then(|time| time.try_into().ok());
        let Some(time) = time.map(u64::from_be_bytes) else {
            return Ok(None);
        };
        let records = &self.conversations.records;
        let key = message::key(records, conversation, time, id);
        match records.get(&key).await {
            // A damaged message is told of where it is read.
            Err(RecordError::Vault(_) | RecordError::Form) => Ok(None),
            other => other,
        }
    }
}
