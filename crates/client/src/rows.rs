//! What a person changes about a conversation (screens 6 and 9.11).

use crate::api::{ConversationChange, ConversationId, Failure};
use crate::conversation::{Change, Conversations};
use crate::outbox::{Outbox, unknown_conversation};
use crate::ports::{Durability, Ports};
use crate::profile::clip_name;

/// Longest note (code points).
const MAX_NOTE: usize = 2_000;
/// Longest label and longest name of a folder (code points).
const MAX_LABEL: usize = 30;

/// The first 2,000 code points.
pub(crate) fn clip_note(note: &str) -> String {
    note.chars().take(MAX_NOTE).collect()
}

/// The first 30 code points of a label or of the name of a folder.
pub(crate) fn clip_label(label: &str) -> String {
    label.trim().chars().take(MAX_LABEL).collect()
}

impl<P: Ports> Outbox<P> {
    /// One change.
    pub(crate) async fn change_conversation(
        &self,
        id: &ConversationId,
        wish: ConversationChange,
    ) -> Result<(), Failure> {
        match wish {
            ConversationChange::Timer(timer) => return self.set_timer(id, timer).await,
            ConversationChange::Pinned(on) => return pin(&self.conversations, id, on).await,
            ConversationChange::PinMoved { up } => {
                return move_pin(&self.conversations, id, up).await;
            }
            _ => {}
        }
        let mut change = self.conversations.change().await;
        let now = change.now();
        let row = change.edit(id).ok_or_else(unknown_conversation)?;
        match wish {
            ConversationChange::Nickname(name) => {
                row.nickname = clip_name(name.trim()).to_owned();
            }
            ConversationChange::Archived(on) => row.archived = on,
            ConversationChange::Blocked(on) => row.blocked = on && row.account != self.own_key(),
            ConversationChange::MutedUntil(until) => row.muted_until = until,
            ConversationChange::Notify(notify) => row.notify = notify,
            ConversationChange::MarkedUnread(on) => row.marked_unread = on,
            ConversationChange::Verified(on) => row.verified_at = on.then_some(now),
            ConversationChange::Trusted(on) => row.trusted = on,
            ConversationChange::Note(note) => row.note = clip_note(&note),
            ConversationChange::Label(label) => row.label = clip_label(&label),
            ConversationChange::Folder(folder) => row.folder = clip_label(&folder),
            ConversationChange::Timer(_)
            | ConversationChange::Pinned(_)
            | ConversationChange::PinMoved { .. } => {}
        }
        if row.blocked {
            let now = change.now();
            self.conversations.show_typing(*id, false, now);
        }
        change.commit(Durability::Strict).await?;
        Ok(())
    }

    fn own_key(&self) -> [u8; 32] {
        self.owner.id().key().0
    }
}

/// A new pin stands below the others.
async fn pin<P: Ports>(
    conversations: &Conversations<P>,
    id: &ConversationId,
    on: bool,
) -> Result<(), Failure> {
    let change = conversations.change().await;
    let mut pinned = conversations.pinned();
    let is_pinned = pinned.contains(id);
    match (is_pinned, on) {
        (false, true) => pinned.push(*id),
        (true, false) => pinned.retain(|other| other != id),
        _ => return Ok(()),
    }
    let released = (!on).then_some(*id);
    number(change, &pinned, released).await
}

async fn move_pin<P: Ports>(
    conversations: &Conversations<P>,
    id: &ConversationId,
    up: bool,
) -> Result<(), Failure> {
    let change = conversations.change().await;
    let mut pinned = conversations.pinned();
    let Some(at) = pinned.iter().position(|other| other == id) else {
        return Ok(());
    };
    let to = match up {
        true => at.checked_sub(1),
        false => Some(at + 1).filter(|to| *to < pinned.len()),
    };
    match to {
        Some(to) => pinned.swap(at, to),
        None => return Ok(()),
    }
    number(change, &pinned, None).await
}

/// The last pin has priority 1, each one above it one more.
async fn number<P: Ports>(
    mut change: Change<'_, P>,
    pinned: &[ConversationId],
    released: Option<ConversationId>,
) -> Result<(), Failure> {
    if let Some(id) = released {
        change.edit(&id).ok_or_else(unknown_conversation)?.priority = 0;
    }
    for (priority, id) in (1i64..).zip(pinned.iter().rev()) {
        change.edit(id).ok_or_else(unknown_conversation)?.priority = priority;
    }
    change.commit(Durability::Strict).await?;
    Ok(())
}
