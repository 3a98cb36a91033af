//! What a person sends becomes a message: text, quote, invitation, files, timer (20-messages 3.2, 4.6, 4.8).

use crate::api::{
    ConversationId, Delivery, Draft, ErrorCode, Failure, FileId, FileKind, Invitation, MessageId,
    MessageKind,
};
use crate::conversation::Change;
use crate::disappear;
use crate::files::pointer_of;
use crate::message::{FileRecord, MessageRecord};
use crate::outbox::{Entry, Outbox, failure, unknown_conversation};
use crate::ports::{Clock, Ports};
use crate::profile::{WireProfile, unzip};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::message::proto::{self, Content, DataMessage};
use onionskin_protocol::time::Timestamp;

/// Most code points of a text that we send (20-messages Decisions 3).
pub(crate) const MAX_SENT: usize = 2_000;
/// To so many people messages are forwarded at once.
const MAX_TARGETS: usize = 20;
/// Messages that are forwarded at once.
const MAX_FORWARDED: usize = 100;
/// Bytes of files that one forwarding copies at most.
const MAX_COPIED: u64 = 50_000_000;
/// Longest name and address of an invitation (bytes).
const MAX_INVITATION: usize = 2_048;

/// What goes into one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letter {
    pub(crate) text: String,
    /// The message that it replies to.
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) invitation: Option<Invitation>,
    /// Here, not uploaded yet.
    pub(crate) files: Vec<FileRecord>,
}

impl Letter {
    /// Nothing but text.
    pub(crate) fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// With the text trimmed, and something in it, and not too much.
    fn checked(mut self) -> Result<Self, Failure> {
        self.text = self.text.trim().to_owned();
        let length = self.text.chars().count();
        if length == 0 && self.files.is_empty() && self.invitation.is_none() {
            return Err(failure(ErrorCode::Internal, None, "the message is empty"));
        }
        if length > MAX_SENT {
            let number = u32::try_from(length).ok();
            return Err(failure(ErrorCode::SendTooLong, number, ""));
        }
        let long = |invitation: &Invitation| {
            invitation.name.is_empty()
                || invitation.url.is_empty()
                || invitation.name.len() + invitation.url.len() > MAX_INVITATION
        };
        if self.invitation.as_ref().is_some_and(long) {
            return Err(failure(ErrorCode::Internal, None, "not an invitation"));
        }
        Ok(self)
    }
}

/// Whether a text names somebody: `@` and 66 hex digits (20-messages 4.8).
pub(crate) fn names(text: &str, account: &AccountId) -> bool {
    let id = account.to_string();
    text.match_indices('@').any(|(at, _)| {
        let digits = text.get(at + 1..at + 1 + id.len());
        digits.is_some_and(|digits| digits.eq_ignore_ascii_case(&id))
    })
}

/// What others get to know about us goes with everything visible.
pub(crate) fn introduce(content: &mut Content, profile: Option<WireProfile>) {
    if let Some(data) = &mut content.data_message {
        (data.profile, data.profile_key) = unzip(profile);
    }
}

/// A message as others see it, without a profile.
pub(crate) fn content_of(record: &MessageRecord) -> Content {
    let data = DataMessage {
        body: (!record.text.is_empty()).then(|| record.text.clone()),
        attachments: record.files.iter().map(pointer_of).collect(),
        community_invitation: record.invitation.as_ref().map(|invitation| {
            proto::CommunityInvitation {
                url: invitation.url.clone(),
                name: invitation.name.clone(),
            }
        }),
        ..Default::default()
    };
    let content = Content::visible(data, disappear::to_wire(record.timer));
    match record.quote {
        Some((author, sent_at)) => {
            let author = AccountId::from_key(X25519PublicKey(author));
            content.with_quote(Timestamp(sent_at), &author)
        }
        None => content,
    }
}

impl<P: Ports> Outbox<P> {
    /// Writes a message into its conversation and into the queue. The first one to somebody who wrote to us accepts them.
    pub(crate) async fn send(
        &self,
        conversation: &ConversationId,
        mut letter: Letter,
        staged: &[FileId],
    ) -> Result<MessageRecord, Failure> {
        let mut change = self.conversations.change().await;
        letter.files = self.files.take(&mut change, conversation, staged)?;
        let letter = letter.checked()?;
        // What is written meanwhile does not go with a voice message.
        let spoken = letter.text.is_empty()
            && !letter.files.is_empty()
            && letter.files.iter().all(|file| file.kind == FileKind::Voice);
        let (record, entries) = self.write(&mut change, conversation, letter).await?;
        if !spoken {
            change.set_draft(conversation, "", None);
        }
        self.commit(change, entries).await?;
        self.files.taken(&record.files);
        self.conversations.signals.said(conversation);
        Ok(record)
    }

    /// Sends messages to others as new ones, all or none of those that can be sent. Gives how many cannot: what was taken back
    /// or does not open, and what has files that are not here.
    pub(crate) async fn forward(
        &self,
        messages: &[MessageId],
        to: &[ConversationId],
        comment: &str,
    ) -> Result<u32, Failure> {
        if to.len() > MAX_TARGETS || messages.len() > MAX_FORWARDED {
            let number = u32::try_from(MAX_TARGETS).ok();
            return Err(failure(ErrorCode::SendRate, number, ""));
        }
        let mut change = self.conversations.change().await;
        let mut letters = Vec::with_capacity(messages.len() + 1);
        let (mut forwarded, mut left_out) = (false, 0);
        let mut copied = 0u64;
        if !comment.trim().is_empty() {
            letters.push(Letter::text(comment).checked()?);
        }
        for message in messages {
            let record = change.message(message).await?;
            let Some(record) = record.filter(|record| record.kind == MessageKind::Text) else {
                left_out += 1;
                continue;
            };
            if !record.files.iter().all(|file| file.here) {
                left_out += 1;
                continue;
            }
            forwarded = true;
            copied += record.files.iter().map(|file| file.size).sum::<u64>();
            let letter = Letter {
                text: record.text,
                invitation: record.invitation,
                files: record.files,
                ..Letter::default()
            };
            letters.push(letter.checked()?);
        }
        if !forwarded {
            // The words that go before them would stand alone.
            return Ok(left_out);
        }
        if copied.saturating_mul(to.len() as u64) > MAX_COPIED {
            return Err(failure(ErrorCode::FileTotal, None, ""));
        }
        let mut entries = Vec::new();
        for conversation in to {
            for letter in &letters {
                let mut letter = letter.clone();
                for file in &mut letter.files {
                    *file = self.files.duplicate(&mut change, file).await?;
                }
                let (_, written) = self.write(&mut change, conversation, letter).await?;
                entries.extend(written);
            }
        }
        self.commit(change, entries).await?;
        Ok(left_out)
    }

    /// A message and what has to be sent for it.
    async fn write(
        &self,
        change: &mut Change<'_, P>,
        conversation: &ConversationId,
        letter: Letter,
    ) -> Result<(MessageRecord, Vec<Entry>), Failure> {
        let own = self.owner.id();
        let row = change.edit(conversation).ok_or_else(unknown_conversation)?;
        if row.blocked {
            return Err(failure(ErrorCode::SendBlocked, None, ""));
        }
        let partner = row.account_id();
        let to_self = partner == own;
        let accepts = !to_self && !row.approved && row.approved_me;
        if !letter.files.is_empty() && !to_self && !row.approved_me {
            return Err(failure(ErrorCode::SendNotAccepted, None, ""));
        }
        row.approved = true;
        row.marked_unread = false;
        let timer = disappear::allowed(row.timer, to_self);
        let original = match &letter.reply_to {
            Some(id) => change.message(id).await?,
            None => None,
        };
        // What disappeared or was taken back meanwhile is not quoted.
        let quote = original
            .filter(|original| {
                original.conversation == *conversation && original.kind != MessageKind::Deleted
            })
            .map(|original| (original.author, original.sent_at));
        let mut entries = Vec::with_capacity(2);
        let sent_at = if accepts {
            let (response, reply) = self.stamp_pair(change).await?;
            entries.push(self.response(*conversation, &partner, response)?);
            reply
        } else {
            self.stamp(change).await?
        };
        let hold = u64::from(self.conversations.settings.borrow().undo_seconds) * 1_000;
        let held_until = (hold > 0).then(|| self.ports.clock().now().as_millis() + hold);
        let mut record = MessageRecord {
            id: change.new_message_id(),
            conversation: *conversation,
            author: own.key().0,
            mine: true,
            kind: MessageKind::Text,
            mentions_me: names(&letter.text, &own),
            text: letter.text,
            sent_at: sent_at.as_millis(),
            received_at: change.now(),
            delivery: match held_until {
                Some(until) => Delivery::Held { until },
                None => Delivery::Queued,
            },
            quote,
            files: letter.files,
            invitation: letter.invitation,
            timer,
            ..MessageRecord::default()
        };
        let mut entry = self.entry_of(&record, &partner)?;
        entry.message = Some(record.id);
        entry.hold(held_until.unwrap_or(0));
        record.hash = entry.own_hash(&own);
        record.size = entry.size();
        entries.push(entry);
        change.mark_read(conversation, record.sent_at).await?;
        change.add(record.clone()).await?;
        Ok((record, entries))
    }

    /// Takes a message back that is not under way. What it held becomes the draft, unless there is one.
    pub(crate) async fn cancel(&self, message: &MessageId) -> Result<Draft, Failure> {
        let mut change = self.conversations.change().await;
        let record = change.message(message).await?.ok_or_else(unknown_message)?;
        let Some(withdrawn) = self.withdraw(&mut change, message) else {
            return Err(failure(ErrorCode::Internal, None, "it is sent already"));
        };
        let mut entries = Vec::new();
        if withdrawn.may_have_left() {
            entries.extend(self.unsend_entry(&mut change, &record).await?);
        }
        let reply_to = match record.quote {
            Some((author, sent_at)) => change.message_by(&author, sent_at).await?,
            None => None,
        };
        let draft = Draft {
            text: record.text.clone(),
            reply_to: reply_to.map(|original| original.id),
            files: Vec::new(),
        };
        let restaged = self.files.restage(&mut change, record.clone());
        change.remove(&record.author, record.sent_at).await?;
        let row = self.conversations.get(&record.conversation);
        if row.is_some_and(|row| row.draft.text.is_empty()) {
            change.set_draft(&record.conversation, &draft.text, draft.reply_to);
        }
        self.commit_without(change, entries, vec![withdrawn])
            .await?;
        self.files.restaged(restaged);
        Ok(Draft {
            files: self.files.staged(&record.conversation),
            ..draft
        })
    }
}

pub(crate) fn unknown_message() -> Failure {
    failure(ErrorCode::Internal, None, "no such message")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mention_is_an_at_sign_and_the_whole_id() {
        let id: AccountId = format!("05{}", "8a".repeat(31) + "09").parse().unwrap();
        assert!(names(&format!("hello @{id}!"), &id));
        assert!(names(&format!("ä@@{}", id.to_string().to_uppercase()), &id));
        assert!(!names(&format!("hello {id}"), &id));
        assert!(!names(&format!("@{}", &id.to_string()[..65]), &id));
        assert!(!names("@äöü", &id));
    }

    #[test]
    fn an_empty_or_too_long_message_is_refused() {
        assert!(Letter::text(" \n").checked().is_err());
        assert!(Letter::text(&"é".repeat(2_001)).checked().is_err());
        assert_eq!(Letter::text(" a ").checked().unwrap().text, "a");
        let nameless = Letter {
            invitation: Some(Invitation::default()),
            ..Letter::default()
        };
        assert!(nameless.checked().is_err());
    }
}
