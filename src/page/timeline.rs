//! The part of a conversation that is on screen: a window of at most [`WINDOW`] messages over the engine's history, never all
//! of it (screens 9.2). It grows by pages at either end and lets go of the other.

use super::text::GROUP_MS;
use leptos::prelude::*;
use onionskin_client::api::{
    Anchor, Answer, Command, ConversationId, Cursor, Failure, Message, MessageId, MessageKind,
};
use onionskin_client::api::{Delivery, ErrorCode};

use super::state::App;

/// At most so many messages are mounted.
pub(crate) const WINDOW: usize = 110;
/// How many are read at a time.
const PAGE: u16 = 50;

/// How reading stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Loading,
    Ready,
    Failed(Failure),
}

/// Signals of the open conversation.
#[derive(Clone, Copy)]
pub(crate) struct Timeline {
    pub open: RwSignal<Option<ConversationId>>,
    /// Ascending.
    pub messages: RwSignal<Vec<Message>>,
    pub more_before: RwSignal<bool>,
    pub more_after: RwSignal<bool>,
    /// Above this message stands the line "unread".
    pub first_unread: RwSignal<Option<MessageId>>,
    pub reading: RwSignal<Reading>,
    /// The newest message is on screen.
    pub at_end: RwSignal<bool>,
    busy: RwSignal<bool>,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            open: RwSignal::new(None),
            messages: RwSignal::new(Vec::new()),
            more_before: RwSignal::new(false),
            more_after: RwSignal::new(false),
            first_unread: RwSignal::new(None),
            reading: RwSignal::new(Reading::Loading),
            at_end: RwSignal::new(true),
            busy: RwSignal::new(false),
        }
    }

    /// Forgets everything.
    pub(crate) fn close(self) {
        self.open.set(None);
        self.messages.set(Vec::new());
        self.first_unread.set(None);
        self.more_before.set(false);
        self.more_after.set(false);
        self.at_end.set(true);
        self.busy.set(false);
        self.reading.set(Reading::Loading);
    }

    /// Opens a conversation at its newest messages; `unread` of them get the line above.
    pub(crate) async fn load(self, app: App, conversation: ConversationId, unread: u32) {
        self.close();
        self.open.set(Some(conversation));
        let limit = PAGE
            .max(u16::try_from(unread).unwrap_or(PAGE).saturating_add(10))
            .min(100);
        let read = self.read(app, conversation, Anchor::Newest, limit).await;
        if self.open.get_untracked() != Some(conversation) {
            return;
        }
        match read {
            Ok(page) => {
                self.first_unread.set(nth_unread(&page.messages, unread));
                self.more_before.set(page.more_before);
                self.more_after.set(page.more_after);
                // What arrived while we read is not lost.
                let mut messages = page.messages;
                self.messages.with_untracked(|early| {
                    for message in early {
                        insert(&mut messages, message.clone());
                    }
                });
                self.messages.set(messages);
                self.reading.set(Reading::Ready);
            }
            Err(failure) => self.reading.set(Reading::Failed(failure)),
        }
    }

    /// Reads the page before the first message.
    pub(crate) async fn older(self, app: App) {
        let (Some(open), Some(first)) = (self.open.get_untracked(), self.edge(|list| list.first()))
        else {
            return;
        };
        if self.busy.get_untracked() || !self.more_before.get_untracked() {
            return;
        }
        self.busy.set(true);
        if let Ok(page) = self.read(app, open, Anchor::Before(first), PAGE).await
            && self.open.get_untracked() == Some(open)
        {
            self.more_before.set(page.more_before);
            let mut cut = false;
            self.messages.update(|messages| {
                let mut all = page.messages;
                all.append(messages);
                cut = all.len() > WINDOW;
                all.truncate(WINDOW);
                *messages = all;
            });
            if cut {
                self.more_after.set(true);
            }
        }
        self.busy.set(false);
    }

    /// Reads the page after the last message.
    pub(crate) async fn newer(self, app: App) {
        let (Some(open), Some(last)) = (self.open.get_untracked(), self.edge(|list| list.last()))
        else {
            return;
        };
        if self.busy.get_untracked() || !self.more_after.get_untracked() {
            return;
        }
        self.busy.set(true);
        if let Ok(page) = self.read(app, open, Anchor::After(last), PAGE).await
            && self.open.get_untracked() == Some(open)
        {
            self.more_after.set(page.more_after);
            self.messages
                .update(|messages| messages.extend(page.messages));
            self.let_go_of_the_start();
        }
        self.busy.set(false);
    }

    /// Goes back to the newest messages.
    pub(crate) async fn newest(self, app: App) {
        let Some(open) = self.open.get_untracked() else {
            return;
        };
        if let Ok(page) = self.read(app, open, Anchor::Newest, PAGE).await
            && self.open.get_untracked() == Some(open)
        {
            self.more_before.set(page.more_before);
            self.more_after.set(page.more_after);
            self.at_end.set(true);
            self.messages.set(page.messages);
        }
    }

    /// A message is new or changed.
    pub(crate) fn upsert(self, message: Message) {
        if self.open.get_untracked() != Some(message.conversation) {
            return;
        }
        let outside = self.messages.with_untracked(|messages| {
            let known = messages.iter().any(|other| other.id == message.id);
            let before = messages
                .first()
                .is_some_and(|first| cursor(&message) < cursor(first));
            let after = messages
                .last()
                .is_some_and(|last| cursor(&message) > cursor(last));
            !known
                && (before && self.more_before.get_untracked()
                    || after && self.more_after.get_untracked())
        });
        if outside {
            return;
        }
        self.messages.update(|messages| insert(messages, message));
        self.let_go_of_the_start();
    }

    /// A message is gone.
    pub(crate) fn remove(self, conversation: ConversationId, message: MessageId) {
        if self.open.get_untracked() == Some(conversation) {
            self.messages
                .update(|messages| messages.retain(|other| other.id != message));
        }
    }

    fn let_go_of_the_start(self) {
        let spare = self
            .messages
            .with_untracked(|messages| messages.len().saturating_sub(WINDOW));
        if spare > 0 {
            self.messages.update(|messages| {
                messages.drain(..spare);
            });
            self.more_before.set(true);
        }
    }

    fn edge(self, which: impl Fn(&[Message]) -> Option<&Message>) -> Option<Cursor> {
        self.messages
            .with_untracked(|messages| which(messages).map(cursor))
    }

    async fn read(
        self,
        app: App,
        conversation: ConversationId,
        anchor: Anchor,
        limit: u16,
    ) -> Result<Page, Failure> {
        match app
            .command(Command::GetMessages {
                conversation,
                anchor,
                limit,
            })
            .await?
        {
            Answer::Messages {
                messages,
                more_before,
                more_after,
            } => Ok(Page {
                messages,
                more_before,
                more_after,
            }),
            _ => Err(Failure {
                code: ErrorCode::Internal,
                number: None,
                detail: "not a page of messages".into(),
            }),
        }
    }
}

struct Page {
    messages: Vec<Message>,
    more_before: bool,
    more_after: bool,
}

fn cursor(message: &Message) -> Cursor {
    Cursor {
        sent_at: message.sent_at,
        message: message.id,
    }
}

fn insert(messages: &mut Vec<Message>, message: Message) {
    messages.retain(|other| other.id != message.id);
    let at = messages.partition_point(|other| cursor(other) < cursor(&message));
    messages.insert(at, message);
}

/// The first of the last `unread` received messages.
fn nth_unread(messages: &[Message], unread: u32) -> Option<MessageId> {
    if unread == 0 {
        return None;
    }
    let received = messages.iter().filter(|message| !message.mine);
    let skip = received.clone().count().saturating_sub(unread as usize);
    received.skip(skip).map(|message| message.id).next()
}

/// A message with what stands around it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub message: Message,
    /// Place in the window, from 1.
    pub place: usize,
    /// A line with the day stands above.
    pub new_day: bool,
    /// The line "unread" stands above.
    pub unread_line: bool,
    /// First of a run by one author.
    pub starts_group: bool,
    /// Last of a run; it shows the time.
    pub ends_group: bool,
    /// The newest own message: it says its delivery in words.
    pub newest_own: bool,
}

/// Lays the window out. `day` numbers the local calendar day of a time.
pub(crate) fn rows(
    messages: &[Message],
    first_unread: Option<MessageId>,
    day: impl Fn(u64) -> f64,
) -> Vec<Row> {
    let newest_own = messages
        .iter()
        .rev()
        .find(|message| message.mine)
        .map(|message| message.id);
    let mut rows: Vec<Row> = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|before| messages.get(before));
        let new_day = previous.is_none_or(|previous| day(previous.sent_at) != day(message.sent_at));
        let unread_line = first_unread == Some(message.id);
        let starts_group =
            new_day || unread_line || previous.is_none_or(|previous| !together(previous, message));
        if starts_group && let Some(last) = rows.last_mut() {
            last.ends_group = true;
        }
        rows.push(Row {
            message: message.clone(),
            place: at + 1,
            new_day,
            unread_line,
            starts_group,
            ends_group: at + 1 == messages.len(),
            newest_own: newest_own == Some(message.id),
        });
    }
    rows
}

fn together(earlier: &Message, later: &Message) -> bool {
    let bubble = |message: &Message| message.kind != MessageKind::RequestAccepted;
    earlier.author == later.author
        && earlier.mine == later.mine
        && bubble(earlier)
        && bubble(later)
        && !matches!(earlier.delivery, Delivery::Failed(_))
        && later.sent_at.saturating_sub(earlier.sent_at) <= GROUP_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn message(id: u8, mine: bool, sent_at: u64) -> Message {
        Message {
            id: MessageId([id; 16]),
            conversation: ConversationId([0; 16]),
            author: if mine { "05aa" } else { "05bb" }.into(),
            mine,
            kind: MessageKind::Text,
            text: "hello".into(),
            sent_at,
            received_at: sent_at,
            delivery: Delivery::Queued,
        }
    }

    fn day(ms: u64) -> f64 {
        (ms / DAY) as f64
    }

    #[test]
    fn messages_of_one_author_within_five_minutes_stand_together() {
        let list = [
            message(1, true, 1_000),
            message(2, true, 2_000),
            message(3, false, 3_000),
            message(4, false, 3_000 + GROUP_MS + 1),
        ];
        let rows = rows(&list, None, day);
        let starts: Vec<bool> = rows.iter().map(|row| row.starts_group).collect();
        let ends: Vec<bool> = rows.iter().map(|row| row.ends_group).collect();
        assert_eq!(starts, [true, false, true, true]);
        assert_eq!(ends, [false, true, true, true]);
        assert!(rows[1].newest_own && !rows[0].newest_own);
    }

    #[test]
    fn a_new_day_and_the_unread_line_divide() {
        let list = [
            message(1, false, DAY - 2),
            message(2, false, DAY - 1),
            message(3, false, DAY + 1),
        ];
        let rows = rows(&list, Some(MessageId([2; 16])), day);
        assert!(rows[0].new_day && !rows[1].new_day && rows[2].new_day);
        assert!(rows[1].unread_line && rows[1].starts_group);
    }

    #[test]
    fn the_unread_line_counts_received_messages_from_the_end() {
        let list = [
            message(1, false, 1),
            message(2, false, 2),
            message(3, true, 3),
            message(4, false, 4),
        ];
        assert_eq!(nth_unread(&list, 2), Some(MessageId([2; 16])));
        assert_eq!(nth_unread(&list, 0), None);
        assert_eq!(nth_unread(&list, 9), Some(MessageId([1; 16])));
    }

    #[test]
    fn a_changed_message_takes_the_place_of_the_old_one() {
        let mut list = vec![message(1, true, 1), message(2, true, 2)];
        let mut changed = message(1, true, 1);
        changed.delivery = Delivery::Sending;
        insert(&mut list, changed.clone());
        assert_eq!(list.len(), 2);
        assert_eq!(list[0], changed);
    }
}
