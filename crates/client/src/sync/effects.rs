//! What the configs of other devices do to the conversations of this one (30-config 10 to 12).
//!
//! A config takes messages away only where the person wanted that: when a conversation was hidden or forgotten on another
//! device, everything that was sent before goes. What came later stays and brings the conversation back.

use super::configs::Set;
use super::contact;
use crate::api::ConversationId;
use crate::conversation::{Change, Conversations};
use crate::message::{self, MessageRecord};
use crate::ports::Ports;
use crate::store::RecordError;
use onionskin_protocol::config::Kind;
use onionskin_protocol::config::convo_volatile::Convo;
use onionskin_protocol::id::AccountId;

/// Messages read at a time when a conversation is emptied.
const PAGE: usize = 200;

/// Brings the conversations into line with the configs of `change`, which were merged from `before`.
pub(super) async fn apply<P: Ports>(
    conversations: &Conversations<P>,
    change: &mut Change<'_, P>,
    before: &Set,
    own: &AccountId,
) -> Result<(), RecordError> {
    let after = change.configs.clone();
    if before.profile.data() != after.profile.data() {
        note_to_self(conversations, change, &after, own).await?;
    }
    if before.contacts.data() != after.contacts.data() {
        contacts(conversations, change, before, &after, own).await?;
    }
    if before.volatile.data() != after.volatile.data() {
        read_states(change, &after).await?;
    }
    Ok(())
}

async fn note_to_self<P: Ports>(
    conversations: &Conversations<P>,
    change: &mut Change<'_, P>,
    after: &Set,
    own: &AccountId,
) -> Result<(), RecordError> {
    let priority = after.profile.note_to_self_priority();
    let timer = contact::note_timer(&after.profile);
    if change.find(own).is_none() && priority <= 0 {
        return Ok(());
    }
    let row = change.with(own);
    row.timer = timer;
    if priority >= 0 {
        row.priority = priority;
        row.hidden &= priority == 0;
        return Ok(());
    }
    let id = row.id;
    let at = after.ledger.version_of(Kind::UserProfile);
    hide(conversations, change, &id, priority, at).await
}

async fn contacts<P: Ports>(
    conversations: &Conversations<P>,
    change: &mut Change<'_, P>,
    before: &Set,
    after: &Set,
    own: &AccountId,
) -> Result<(), RecordError> {
    let at = after.ledger.version_of(Kind::Contacts);
    for contact in after.contacts.iter().filter(|contact| contact.id != *own) {
        let row = change.with(&contact.id);
        let was_hidden = row.hidden;
        contact::take(row, &contact);
        if row.hidden && !was_hidden {
            let id = row.id;
            hide(conversations, change, &id, contact.priority, at).await?;
        }
        // What is newer here than in the config goes back into it.
        if let Some(mut row) = change.find(&contact.id) {
            let now = change.network_now();
            change.configs.note(&mut row, now)?;
        }
    }
    let removed = before.contacts.iter().map(|contact| contact.id);
    let removed: Vec<AccountId> = removed
        .filter(|id| after.contacts.get(id).is_none())
        .collect();
    for account in removed {
        let Some(row) = change.find(&account) else {
            continue;
        };
        if empty(conversations, change, &row.id, at).await? {
            change.forget(&row.id)?;
            change.configs.ledger_mut().remove(account.key().0, at);
        } else if let Some(mut row) = change.find(&account) {
            let now = change.network_now();
            change.configs.note(&mut row, now)?;
        }
    }
    Ok(())
}

/// Empties and hides a conversation, unless something came after that was decided.
async fn hide<P: Ports>(
    conversations: &Conversations<P>,
    change: &mut Change<'_, P>,
    id: &ConversationId,
    priority: i64,
    at: u64,
) -> Result<(), RecordError> {
    let emptied = empty(conversations, change, id, at).await?;
    if let Some(row) = change.edit(id) {
        row.hidden = emptied;
        row.priority = if emptied { priority } else { 0 };
    }
    Ok(())
}

/// Removes the messages of a conversation that were sent up to `at` (network time, ms). True when none is left.
async fn empty<P: Ports>(
    conversations: &Conversations<P>,
    change: &mut Change<'_, P>,
    id: &ConversationId,
    at: u64,
) -> Result<bool, RecordError> {
    let records = &conversations.records;
    let (mut from, end) = (
        message::timeline(records, id),
        message::timeline_end(records, id),
    );
    loop {
        let (found, damaged) = records
            .range::<MessageRecord>(&from, &end, false, PAGE)
            .await?;
        for (_, record) in &found {
            if record.sent_at > at {
                return Ok(false);
            }
            change.remove(&record.author, record.sent_at).await?;
        }
        match found.last() {
            Some((last, _)) if found.len() + damaged == PAGE => from = last.clone().then(&[0]),
            _ => return Ok(true),
        }
    }
}

/// What was seen on another device is seen. The later word of both counts.
async fn read_states<P: Ports>(change: &mut Change<'_, P>, after: &Set) -> Result<(), RecordError> {
    for (convo, state) in after.volatile.iter() {
        let Convo::Person(account) = convo else {
            continue;
        };
        let Some(row) = change.find(&account) else {
            continue;
        };
        let last_read = state.last_read.as_millis();
        change.mark_read_elsewhere(&row.id, last_read).await?;
        if let Some(row) = change.edit(&row.id) {
            row.last_read = row.last_read.max(last_read);
            row.marked_unread = state.unread;
        }
        if let Some(mut row) = change.find(&account) {
            let now = change.network_now();
            change.configs.note(&mut row, now)?;
        }
    }
    Ok(())
}
