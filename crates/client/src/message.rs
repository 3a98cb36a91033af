//! Messages as they lie in the store: one record each, ordered inside their conversation, and found again by author and
//! timestamp or by local name.

use crate::api::{ConversationId, Delivery, LastMessage, Message, MessageId, MessageKind};
use crate::ports::{Ports, Table};
use crate::store::{Key, Records};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use serde::{Deserialize, Serialize};

/// Longest text kept (code points); senders keep to 2,000 (20-messages 4.8).
const MAX_TEXT: usize = 10_000;
/// Code points in the row of the list.
const PREVIEW: usize = 200;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MessageRecord {
    pub(crate) id: MessageId,
    pub(crate) conversation: ConversationId,
    /// The author's key without its prefix.
    pub(crate) author: [u8; 32],
    pub(crate) mine: bool,
    pub(crate) kind: MessageKind,
    pub(crate) text: String,
    pub(crate) sent_at: u64,
    pub(crate) received_at: u64,
    pub(crate) delivery: Delivery,
    /// The stored bytes, when they hold more than this version shows.
    pub(crate) raw: Option<Vec<u8>>,
}

impl MessageRecord {
    pub(crate) fn view(&self, delivery: Delivery) -> Message {
        Message {
            id: self.id,
            conversation: self.conversation,
            author: AccountId::from_key(X25519PublicKey(self.author)).to_string(),
            mine: self.mine,
            kind: self.kind,
            text: self.text.clone(),
            sent_at: self.sent_at,
            received_at: self.received_at,
            delivery,
        }
    }

    /// What the row of the list shows of it.
    pub(crate) fn summary(&self) -> LastMessage {
        let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
        LastMessage {
            text: self.text.chars().take(PREVIEW).map(plain).collect(),
            kind: self.kind,
            mine: self.mine,
            sent_at: self.sent_at,
            delivery: self.delivery,
        }
    }

    /// Whether it waits to be seen.
    pub(crate) fn asks_for_attention(&self) -> bool {
        !self.mine && matches!(self.kind, MessageKind::Text | MessageKind::Unsupported)
    }
}

/// Where a message with a certain author and timestamp is; nowhere when it was deleted, so that it does not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) at: Option<(ConversationId, MessageId)>,
}

/// The first 10,000 code points.
pub(crate) fn clip_text(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
    }
    text
}

/// `blind16(conversation) ‖ sent_at BE ‖ id`: 40 bytes, in the order of the conversation.
pub(crate) fn key<P: Ports>(
    records: &Records<P>,
    conversation: &ConversationId,
    sent_at: u64,
    id: &MessageId,
) -> Key {
    timeline(records, conversation)
        .then(&sent_at.to_be_bytes())
        .then(&id.0)
}

/// Before all messages of a conversation.
pub(crate) fn timeline<P: Ports>(records: &Records<P>, conversation: &ConversationId) -> Key {
    records.key::<16>(Table::Message, "timeline", &[&conversation.0])
}

/// Past all messages of a conversation.
pub(crate) fn timeline_end<P: Ports>(records: &Records<P>, conversation: &ConversationId) -> Key {
    timeline(records, conversation).then(&[0xff; 25])
}

/// Leads to a [`Place`].
pub(crate) fn author_key<P: Ports>(records: &Records<P>, author: &[u8; 32], sent_at: u64) -> Key {
    records.key::<32>(Table::Index, "author", &[author, &sent_at.to_be_bytes()])
}

/// Leads to conversation and sent timestamp.
pub(crate) fn id_key<P: Ports>(records: &Records<P>, id: &MessageId) -> Key {
    records.key::<32>(Table::Index, "message", &[&id.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_ten_thousand_code_points() {
        assert_eq!(clip_text("é".repeat(10_001)).chars().count(), 10_000);
        assert_eq!(clip_text("é".repeat(10_000)).chars().count(), 10_000);
    }

    #[test]
    fn a_row_shows_one_line_of_at_most_200_code_points() {
        let record = MessageRecord {
            id: MessageId([1; 16]),
            conversation: ConversationId([2; 16]),
            author: [3; 32],
            mine: false,
            kind: MessageKind::Text,
            text: format!("a\nb\tc{}", "x".repeat(300)),
            sent_at: 1,
            received_at: 2,
            delivery: Delivery::Stored {
                confirmed: 0,
                of: 0,
            },
            raw: None,
        };
        let text = record.summary().text;
        assert!(text.starts_with("a b c"));
        assert_eq!(text.chars().count(), 200);
    }
}
