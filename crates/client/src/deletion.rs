//! Deleting (20-messages 4.5): here, on all own devices, for everyone.
//!
//! For everyone means: the copy leaves our own swarm, and an unsend request goes to the recipient and to our other devices.
//! All of that is written down in the transaction that erases the message here.

use crate::api::{
    ConversationId, DeleteScope, ErrorCode, Failure, MessageId, MessageKind, RequestState,
};
use crate::chores::{Chore, Task};
use crate::compose::unknown_message;
use crate::conversation::Change;
use crate::disappear::TTL;
use crate::files;
use crate::message::MessageRecord;
use crate::outbox::{Entry, Outbox, failure, unknown_conversation};
use crate::pins;
use crate::ports::Ports;
use crate::store::RecordError;
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::message::proto::Content;
use onionskin_protocol::time::Timestamp;

/// Messages cleared in one transaction.
const AT_ONCE: usize = 200;

impl<P: Ports> Change<'_, P> {
    /// What is left of a message that its author took back.
    pub(crate) fn erase(&mut self, mut record: MessageRecord) {
        let waits = record.asks_for_attention();
        if let Some(row) = self.edit(&record.conversation)
            && waits
            && record.sent_at > row.last_read
        {
            row.unread = row.unread.saturating_sub(1);
            row.mentions = row.mentions.saturating_sub(record.mentions_me.into());
        }
        self.set_expiry(&mut record, None);
        let records = self.conversations().records.clone();
        files::forget(&mut self.tx, &records, &record);
        pins::forget(&mut self.tx, &records, &record);
        self.put(MessageRecord {
            id: record.id,
            conversation: record.conversation,
            author: record.author,
            mine: record.mine,
            kind: MessageKind::Deleted,
            sent_at: record.sent_at,
            received_at: record.received_at,
            delivery: record.delivery,
            ..MessageRecord::default()
        });
    }

    /// Has our own swarm delete a message.
    pub(crate) fn delete_from_swarm(&mut self, record: &MessageRecord) {
        if let Some(hash) = record.hash.as_deref().and_then(MessageHash::parse) {
            // What one member says of its end does not count: others may have it for longer.
            let longest = self.network_now().as_millis().saturating_add(TTL);
            self.chore(Chore {
                hash,
                until: longest,
                task: Task::Delete,
            });
        }
    }

    /// A message of `author` was taken back by its author, here or elsewhere.
    pub(crate) async fn take_unsend(
        &mut self,
        author: &AccountId,
        sent_at: u64,
    ) -> Result<(), RecordError> {
        let key = author.key().0;
        let Some(record) = self.message_by(&key, sent_at).await? else {
            // It must not come afterwards.
            self.remove(&key, sent_at).await?;
            return Ok(());
        };
        if record.kind == MessageKind::Deleted {
            // Our own request comes back to this device, and two devices may have asked.
            return Ok(());
        }
        self.delete_from_swarm(&record);
        let row = self.edit(&record.conversation);
        let leaves_nothing = row.is_some_and(|row| match record.mine {
            true => row.account == key,
            // A device of ours that was slower never saw what somebody asked and took back.
            false => row.request(false) == RequestState::Incoming,
        });
        if leaves_nothing || !record.is_said() {
            self.remove(&key, sent_at).await?;
        } else {
            self.erase(record);
        }
        Ok(())
    }
}

impl<P: Ports> Outbox<P> {
    /// Removes messages, all or none of them.
    pub(crate) async fn delete(
        &self,
        messages: &[MessageId],
        scope: DeleteScope,
    ) -> Result<(), Failure> {
        let own = self.owner.id().key().0;
        let mut change = self.conversations.change().await;
        let mut found = Vec::with_capacity(messages.len());
        for message in messages {
            let Some(record) = change.message(message).await? else {
                continue;
            };
            let row = change
                .edit(&record.conversation)
                .ok_or_else(unknown_conversation)?;
            let note = row.account == own;
            let allowed = match scope {
                DeleteScope::Here => true,
                DeleteScope::MyDevices => note,
                DeleteScope::Everyone => note || record.mine,
            };
            if !allowed {
                let detail = "this message cannot be taken back there";
                return Err(failure(ErrorCode::Internal, None, detail));
            }
            found.push((record, note));
        }
        let (mut entries, mut withdrawn) = (Vec::new(), Vec::new());
        for (record, note) in found {
            let here = scope == DeleteScope::Here;
            let taken = match here {
                true => self.withdraw(&mut change, &record.id),
                false => self.withdraw_whole(&mut change, &record.id),
            };
            let unseen = taken.as_ref().is_some_and(|taken| !taken.may_have_left());
            withdrawn.extend(taken);
            if !here && !unseen && record.is_said() {
                entries.extend(self.unsend_entry(&mut change, &record).await?);
                change.delete_from_swarm(&record);
                if !note {
                    change.erase(record);
                    continue;
                }
            }
            change.remove(&record.author, record.sent_at).await?;
        }
        self.commit_without(change, entries, withdrawn).await?;
        Ok(())
    }

    /// Takes a message of ours back at its recipient and on our other devices.
    pub(crate) async fn unsend_entry(
        &self,
        change: &mut Change<'_, P>,
        record: &MessageRecord,
    ) -> Result<Option<Entry>, Failure> {
        let row = change
            .edit(&record.conversation)
            .ok_or_else(unknown_conversation)?;
        let partner = row.account_id();
        let stamp = self.stamp(change).await?;
        let author = AccountId::from_key(onionskin_protocol::keys::X25519PublicKey(record.author));
        let content = Content::unsend(Timestamp(record.sent_at), &author);
        self.letter(record.conversation, &partner, &content, stamp)
            .map(Some)
    }

    /// Removes all messages of a conversation from this device.
    pub(crate) async fn clear(&self, conversation: &ConversationId) -> Result<(), Failure> {
        self.empty(conversation, false).await
    }

    /// The same; with `whole`, copies on their way to our other devices do not go either.
    async fn empty(&self, conversation: &ConversationId, whole: bool) -> Result<(), Failure> {
        if self.conversations.get(conversation).is_none() {
            return Err(unknown_conversation());
        }
        loop {
            let mut change = self.conversations.change().await;
            let found = self.conversations.oldest(conversation, AT_ONCE).await?;
            if found.is_empty() {
                return Ok(());
            }
            let mut withdrawn = Vec::new();
            for record in found {
                withdrawn.extend(match whole {
                    true => self.withdraw_whole(&mut change, &record.id),
                    false => self.withdraw(&mut change, &record.id),
                });
                change.remove(&record.author, record.sent_at).await?;
            }
            self.commit_without(change, Vec::new(), withdrawn).await?;
        }
    }

    /// Removes a conversation with its messages. The contact stays known when `keep_contact`, or when it is blocked.
    pub(crate) async fn leave(
        &self,
        conversation: &ConversationId,
        keep_contact: bool,
    ) -> Result<(), Failure> {
        let mut change = loop {
            // A copy that came later than the deletion would bring the conversation back elsewhere.
            self.empty(conversation, true).await?;
            let change = self.conversations.change().await;
            // Something may have come in between.
            if self.conversations.oldest(conversation, 1).await?.is_empty() {
                break change;
            }
        };
        let own = self.owner.id();
        let row = change.edit(conversation).ok_or_else(unknown_conversation)?;
        let account = row.account_id();
        (row.unread, row.mentions) = (0, 0);
        (row.marked_unread, row.archived) = (false, false);
        (row.notice_own, row.notice_theirs) = (0, 0);
        let stays = keep_contact || row.blocked || account == own;
        change.set_draft(conversation, "", None);
        if !stays {
            change.forget(conversation)?;
        } else if let Some(row) = change.edit(conversation) {
            (row.hidden, row.priority) = (true, -1);
        }
        self.commit(change, Vec::new()).await?;
        self.files.unstage_all(conversation).await?;
        Ok(())
    }

    /// Declines requests: their messages go, nothing is sent.
    pub(crate) async fn decline(
        &self,
        conversations: &[ConversationId],
        block: bool,
    ) -> Result<(), Failure> {
        let own = self.owner.id().key().0;
        for conversation in conversations {
            let Some(row) = self.conversations.get(conversation) else {
                continue;
            };
            if row.approved || row.account == own {
                let detail = "this is no request";
                return Err(failure(ErrorCode::Internal, None, detail));
            }
            if block {
                let mut change = self.conversations.change().await;
                if let Some(row) = change.edit(conversation) {
                    row.blocked = true;
                }
                self.commit(change, Vec::new()).await?;
            }
            self.leave(conversation, false).await?;
        }
        Ok(())
    }

    /// A file of a message was saved. Its sender is told when the person wants that.
    pub(crate) async fn media_saved(&self, message: &MessageId) -> Result<(), Failure> {
        let mut change = self.conversations.change().await;
        let record = change.message(message).await?.ok_or_else(unknown_message)?;
        let row = self.conversations.get(&record.conversation);
        let wanted = self.conversations.settings.borrow().media_saved_notice;
        let Some(row) = row.filter(|row| wanted && row.is_accepted() && !record.mine) else {
            return Ok(());
        };
        let stamp = self.stamp(&mut change).await?;
        let notice = Content::media_saved(Timestamp(record.sent_at));
        let content = crate::disappear::kept_until_seen(notice, row.timer);
        let entry = self.lone(record.conversation, &row.account_id(), &content, stamp)?;
        self.commit(change, vec![entry]).await?;
        Ok(())
    }
}
