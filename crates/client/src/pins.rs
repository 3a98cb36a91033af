//! Messages that the person pinned for themselves (screens 9.11), by conversation and time. On this device and in backups only.

use crate::api::{Answer, ConversationId, MessageId};
use crate::conversation::{Change, Conversations};
use crate::message::{self, MessageRecord};
use crate::ports::{Durability, Ports, Table};
use crate::store::{Key, RecordError, Records, Tx};

/// `blind16(conversation) ‖ sent_at BE ‖ id`, as in the timeline.
fn key<P: Ports>(records: &Records<P>, record: &MessageRecord) -> Key {
    prefix(records, &record.conversation)
        .then(&record.sent_at.to_be_bytes())
        .then(&record.id.0)
}

fn prefix<P: Ports>(records: &Records<P>, conversation: &ConversationId) -> Key {
    records.key::<16>(Table::Index, "pinned", &[&conversation.0])
}

/// Forgets that a message was pinned, within the change that removes it.
pub(crate) fn forget<P: Ports>(tx: &mut Tx<P>, records: &Records<P>, record: &MessageRecord) {
    if record.pinned {
        tx.delete(&key(records, record));
    }
}

impl<P: Ports> Change<'_, P> {
    /// Pins a message, or not.
    pub(crate) async fn pin(&mut self, id: &MessageId, on: bool) -> Result<(), RecordError> {
        let record = self.message(id).await?;
        if let Some(mut record) = record.filter(|record| record.pinned != on) {
            let key = key(&self.conversations().records, &record);
            if on {
                self.tx.put(&key, id);
            } else {
                self.tx.delete(&key);
            }
            record.pinned = on;
            self.put(record);
        }
        Ok(())
    }
}

impl<P: Ports> Conversations<P> {
    /// Pins a message, or not.
    pub(crate) async fn pin(&self, id: &MessageId, on: bool) -> Result<(), RecordError> {
        let mut change = self.change().await;
        change.pin(id, on).await?;
        change.commit(Durability::Strict).await
    }

    /// The newest pinned messages of a conversation, ascending.
    pub(crate) async fn pinned_in(
        &self,
        conversation: &ConversationId,
        limit: usize,
    ) -> Result<Answer, RecordError> {
        let from = prefix(&self.records, conversation);
        let to = from.clone().then(&[0xff; 25]);
        let (found, _) = self
            .records
            .range::<MessageId>(&from, &to, true, limit + 1)
            .await?;
        let more_before = found.len() > limit;
        let mut messages = Vec::with_capacity(found.len());
        for (place, id) in found.iter().take(limit).rev() {
            let time = place.bytes().get(16..24);
            let Some(time) = time.and_then(|time| time.try_into().ok()) else {
                continue;
            };
            let key = message::key(&self.records, conversation, u64::from_be_bytes(time), id);
            match self.records.get::<MessageRecord>(&key).await {
                Ok(Some(record)) => messages.push(self.view_message(&record).await),
                // A damaged message is told of where it is read.
                Ok(None) | Err(RecordError::Vault(_) | RecordError::Form) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Answer::Messages {
            messages,
            more_before,
            more_after: false,
        })
    }
}
