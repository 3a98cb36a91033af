//! Messages as they lie in the store: one record each, ordered inside their conversation, and found again by author and
//! timestamp or by local name.

use crate::api::{
    Chosen, ConversationId, Delivery, FileId, FileKind, HopView, Invitation, LastMessage, Message,
    MessageId, MessageInfo, MessageKind, Quote, Quoted, Reaction, Timer,
};
use crate::files::Transfers;
use crate::ports::{Ports, Table};
use crate::store::{Key, Records};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::{Ed25519PublicKey, X25519PublicKey};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Longest text kept (code points); senders keep to 2,000 (20-messages 4.8).
const MAX_TEXT: usize = 10_000;
/// Code points in the row of the list.
const PREVIEW: usize = 200;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Author's key and sent timestamp (ms) of the message that it replies to.
    pub(crate) quote: Option<([u8; 32], u64)>,
    /// In the order in which they came.
    pub(crate) reactions: Vec<ReactionRecord>,
    pub(crate) files: Vec<FileRecord>,
    pub(crate) preview: Option<PreviewRecord>,
    pub(crate) invitation: Option<Invitation>,
    pub(crate) timer: Timer,
    /// Network time, ms; `None` while its clock has not started.
    pub(crate) expires_at: Option<u64>,
    pub(crate) starred: bool,
    pub(crate) pinned: bool,
    pub(crate) heard: bool,
    pub(crate) mentions_me: bool,
    /// Hash in our own swarm, once known.
    pub(crate) hash: Option<String>,
    /// When our swarm forgets it (network time, ms).
    pub(crate) swarm_expiry: Option<u64>,
    /// Ed25519 keys of the nodes that confirmed an own message.
    pub(crate) nodes: Vec<[u8; 32]>,
    /// Ed25519 keys and addresses of the hops that carried it.
    pub(crate) path: Vec<([u8; 32], [u8; 4])>,
    /// Network time, ms.
    pub(crate) stored_at: Option<u64>,
    /// Device clock, ms.
    pub(crate) read_at: Option<u64>,
    /// Bytes as stored.
    pub(crate) size: Option<u32>,
}

/// Somebody's reaction. One author may have several, each emoji once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReactionRecord {
    pub(crate) emoji: String,
    /// The author's key without its prefix.
    pub(crate) author: [u8; 32],
    /// When its author last put it there or took it off (sent timestamp, ms): the latest word counts, in whatever order
    /// they come.
    pub(crate) at: u64,
    /// Taken off.
    pub(crate) removed: bool,
}

/// A file of a message: what its pointer says, and where it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) id: FileId,
    pub(crate) kind: FileKind,
    pub(crate) name: String,
    pub(crate) content_type: String,
    /// Bytes of the file itself.
    pub(crate) size: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Address on the file server; empty until uploaded.
    pub(crate) url: String,
    /// 64 bytes (legacy form) or 32 (stream form); empty until encrypted.
    pub(crate) key: Vec<u8>,
    /// SHA-256 of the encrypted file, 32 bytes; empty in the stream form.
    pub(crate) digest: Vec<u8>,
    /// What it shows, in words (20-messages 5.4).
    pub(crate) caption: String,
    pub(crate) dangerous: bool,
    /// Its bytes lie in the table of files.
    pub(crate) here: bool,
    /// The person removed them from this device.
    pub(crate) let_go: bool,
    /// The server has it no more, or it does not open.
    pub(crate) failed: Option<crate::api::ErrorCode>,
}

impl std::fmt::Debug for FileRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileRecord({} bytes)", self.size)
    }
}

/// A link preview that the author made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreviewRecord {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) image: Option<FileRecord>,
}

impl MessageRecord {
    /// What screens show, but for the original of a quote. `own`: our key.
    pub(crate) fn view(
        &self,
        delivery: Delivery,
        transfers: &Transfers,
        own: &[u8; 32],
    ) -> Message {
        Message {
            id: self.id,
            conversation: self.conversation,
            author: account_text(&self.author),
            mine: self.mine,
            kind: self.kind,
            text: self.text.clone(),
            sent_at: self.sent_at,
            received_at: self.received_at,
            delivery,
            timer: self.timer,
            expires_at: self.expires_at,
            starred: self.starred,
            pinned: self.pinned,
            heard: self.heard,
            mentions_me: self.mentions_me,
            invitation: self.invitation.clone(),
            attachments: self.files.iter().map(|file| file.view(transfers)).collect(),
            preview: self.preview.as_ref().map(|preview| preview.view(transfers)),
            quote: self.quote.map(|(author, sent_at)| Quote {
                author: account_text(&author),
                sent_at,
                original: None,
            }),
            reactions: self.reaction_views(own),
        }
    }

    /// One for each emoji, in the order in which each first came.
    fn reaction_views(&self, own: &[u8; 32]) -> Vec<Reaction> {
        let mut views: Vec<Reaction> = Vec::new();
        for reaction in self.reactions.iter().filter(|reaction| !reaction.removed) {
            let known = views.iter().position(|view| view.emoji == reaction.emoji);
            let at = known.unwrap_or_else(|| {
                views.push(Reaction {
                    emoji: reaction.emoji.clone(),
                    ..Reaction::default()
                });
                views.len() - 1
            });
            views[at].authors.push(account_text(&reaction.author));
            views[at].mine |= reaction.author == *own;
        }
        views
    }

    /// What a message that quotes this one shows of it.
    pub(crate) fn quoted(&self, transfers: &Transfers) -> Quoted {
        Quoted {
            message: self.id,
            text: self.summary().text,
            kind: self.kind,
            attachment: self.files.first().map(|file| file.view(transfers)),
        }
    }

    /// Everything known about it.
    pub(crate) fn info(&self) -> MessageInfo {
        MessageInfo {
            hash: self.hash.clone(),
            swarm_expiry: self.swarm_expiry,
            nodes: self
                .nodes
                .iter()
                .map(|key| Ed25519PublicKey(*key).to_hex())
                .collect(),
            path: self.path.iter().map(hop_view).collect(),
            stored_at: self.stored_at,
            read_at: self.read_at,
            size: self.size,
            digests: self
                .files
                .iter()
                .map(|file| file.digest.as_slice().try_into().ok())
                .collect(),
        }
    }

    /// What the row of the list shows of it.
    pub(crate) fn summary(&self) -> LastMessage {
        let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
        LastMessage {
            text: self.text.chars().take(PREVIEW).map(plain).collect(),
            kind: self.kind,
            file: self.files.first().map(|file| file.kind),
            mine: self.mine,
            sent_at: self.sent_at,
            delivery: self.delivery,
        }
    }

    /// Whether it waits to be seen.
    pub(crate) fn asks_for_attention(&self) -> bool {
        !self.mine && (self.is_said() || self.kind == MessageKind::Undecryptable)
    }

    /// Somebody's own words or files, not a notice.
    pub(crate) fn is_said(&self) -> bool {
        matches!(self.kind, MessageKind::Text | MessageKind::Unsupported)
    }
}

fn hop_view((key, address): &([u8; 32], [u8; 4])) -> HopView {
    HopView {
        key: Ed25519PublicKey(*key).to_hex(),
        address: Ipv4Addr::from(*address).to_string(),
        pinned_since: None,
        chosen: Chosen::Chance,
    }
}

fn account_text(key: &[u8; 32]) -> String {
    AccountId::from_key(X25519PublicKey(*key)).to_string()
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

/// `blind16 ‖ time BE`, behind which the name of a [`Place`] stands: the messages that were removed, in the order in which
/// that happened (network time, ms). The record holds their author's key and sent timestamp, for backups.
pub(crate) fn gone<P: Ports>(records: &Records<P>, at: u64) -> Key {
    records
        .key::<16>(Table::Index, "gone", &[])
        .then(&at.to_be_bytes())
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
            ..MessageRecord::default()
        };
        let text = record.summary().text;
        assert!(text.starts_with("a b c"));
        assert_eq!(text.chars().count(), 200);
    }
}
