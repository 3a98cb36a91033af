//! The part of a conversation that is on screen: a window of at most [`WINDOW`] messages over the engine's history, never all
//! of it (screens 9.2). It grows by pages at either end and lets go of the other.

use super::text::GROUP_MS;
use leptos::prelude::*;
use onionskin_client::api::{
    Anchor, Answer, Command, ConversationId, Cursor, Failure, Message, MessageId, MessageKind,
};
use onionskin_client::api::{Delivery, ErrorCode};
use onionskin_protocol::sorted::{SortedMap, SortedSet};

use super::state::App;

/// At most so many messages are mounted.
pub(crate) const WINDOW: usize = 110;
/// How many are read at a time when a part of it is opened.
const PAGE: u16 = 20;
/// How many are read at a time while a person scrolls: so many rows are built in one go.
const STEP: u16 = 12;
/// Messages before the first unread one that are read with it.
const BEFORE_UNREAD: usize = 10;
/// With so many unread messages it starts at the newest all the same; the first unread one is not far then.
const NEAR: u32 = 90;

/// What is older than so many of the newest messages when it comes has arrived late (screens 9.2).
const LATE: usize = 50;
/// A later message must have been here for so long (ms), so that a catch-up in any order is not late.
const LATE_MS: u64 = 60_000;
/// So many notices in a row become one line.
const RUN: usize = 3;

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
    /// It is not yet where it starts: nothing of it counts as seen.
    pub opening: RwSignal<bool>,
    /// Above this message stands the line "unread".
    pub first_unread: RwSignal<Option<MessageId>>,
    pub reading: RwSignal<Reading>,
    /// The newest message is on screen.
    pub at_end: RwSignal<bool>,
    /// So many came while the newest was not on screen.
    pub fresh: RwSignal<usize>,
    /// Not shown, since they are about to be removed.
    pub hidden: RwSignal<SortedSet<MessageId>>,
    /// To be brought on screen and marked for a moment.
    pub wanted: RwSignal<Option<MessageId>>,
    /// To stand at the upper edge again, as it did when the conversation was left.
    pub resting: RwSignal<Option<MessageId>>,
    /// Where conversations were left that were not at their end: the message at the upper edge.
    places: StoredValue<SortedMap<ConversationId, Cursor>>,
    busy: RwSignal<bool>,
    /// Counts the parts that were to be shown.
    turns: StoredValue<u32>,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            open: RwSignal::new(None),
            messages: RwSignal::new(Vec::new()),
            more_before: RwSignal::new(false),
            more_after: RwSignal::new(false),
            opening: RwSignal::new(false),
            first_unread: RwSignal::new(None),
            reading: RwSignal::new(Reading::Loading),
            at_end: RwSignal::new(true),
            fresh: RwSignal::new(0),
            hidden: RwSignal::new(SortedSet::new()),
            wanted: RwSignal::new(None),
            resting: RwSignal::new(None),
            places: StoredValue::new(SortedMap::new()),
            busy: RwSignal::new(false),
            turns: StoredValue::new(0),
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
        self.fresh.set(0);
        self.wanted.set(None);
        self.resting.set(None);
        self.turn();
        self.reading.set(Reading::Loading);
    }

    /// Forgets where any conversation was left, too.
    pub(crate) fn forget(self) {
        self.close();
        self.places.update_value(SortedMap::clear);
    }

    /// The open conversation is left like this: with this message at the upper edge, or at its end.
    pub(crate) fn rest_at(self, upper: Option<MessageId>) {
        let Some(open) = self
            .open
            .get_untracked()
            .filter(|_| !self.opening.get_untracked())
        else {
            return;
        };
        let upper = upper.and_then(|id| self.message(id)).as_ref().map(cursor);
        self.places.update_value(|places| {
            match upper {
                Some(upper) => places.insert(open, upper),
                None => places.remove(&open),
            };
        });
    }

    /// Opens a conversation at the first of its `unread` messages, which gets the line above, else where it was left, else at
    /// its newest. Everything sent up to `last_read` (ms) was seen.
    pub(crate) async fn load(
        self,
        app: App,
        conversation: ConversationId,
        unread: u32,
        last_read: u64,
    ) {
        self.close();
        self.open.set(Some(conversation));
        self.opening.set(true);
        let left = self
            .places
            .with_value(|places| places.get(&conversation).copied())
            .filter(|_| unread == 0);
        let anchor = match left {
            Some(left) => Anchor::Around(left.sent_at),
            None if unread <= NEAR => Anchor::Newest,
            None => Anchor::Around(last_read),
        };
        let turn = self.turns.get_value();
        let read = self.read(app, conversation, anchor, PAGE).await;
        if !self.is_turn(turn) {
            return;
        }
        match read {
            Ok(page) => {
                self.more_before.set(page.more_before);
                self.more_after.set(page.more_after);
                // What arrived while we read is not lost.
                let mut messages = page.messages;
                if !page.more_after {
                    self.messages.with_untracked(|early| {
                        for message in early {
                            insert(&mut messages, message.clone());
                        }
                    });
                }
                self.at_end.set(!page.more_after);
                self.messages.set(messages);
                self.reading.set(Reading::Ready);
                self.fill(app, conversation, unread).await;
                if self.open.get_untracked() != Some(conversation) {
                    return;
                }
                if !self.is_turn(turn) {
                    // Somebody went elsewhere in it already.
                    self.opening.set(false);
                    return;
                }
                let first_unread = self.messages.with_untracked(|messages| match anchor {
                    _ if unread <= NEAR => nth_unread(messages, unread),
                    _ => first_after(messages, last_read),
                });
                self.first_unread.set(first_unread);
                let left = left.filter(|left| self.message(left.message).is_some());
                if first_unread.is_some() || left.is_some() {
                    self.wanted.set(first_unread);
                    self.resting.set(left.map(|left| left.message));
                    // It scrolls there in one frame, and knows in the next one where that is.
                    super::state::painted().await;
                    super::state::painted().await;
                }
            }
            Err(failure) => self.reading.set(Reading::Failed(failure)),
        }
        if self.open.get_untracked() == Some(conversation) {
            self.opening.set(false);
        }
    }

    /// Reads on until a screen is full and the first unread message is there.
    async fn fill(self, app: App, conversation: ConversationId, unread: u32) {
        let wanted = match unread {
            0 => usize::from(PAGE) * 2 + 1,
            1..=NEAR => unread as usize + BEFORE_UNREAD,
            _ => WINDOW / 2,
        };
        let short = |wanted: usize| {
            self.open.get_untracked() == Some(conversation)
                && self.messages.with_untracked(Vec::len) < wanted
        };
        if self.more_after.get_untracked() {
            super::state::painted().await;
            self.grow_down(app, PAGE).await;
        }
        while short(wanted.min(WINDOW)) && self.more_before.get_untracked() {
            super::state::painted().await;
            let before = self.messages.with_untracked(Vec::len);
            self.grow_up(app, PAGE).await;
            if self.messages.with_untracked(Vec::len) == before {
                return;
            }
        }
    }

    /// The window is to show another part: what is read for the part before comes too late.
    fn turn(self) -> u32 {
        self.busy.set(false);
        self.turns.update_value(|turns| *turns += 1);
        self.turns.get_value()
    }

    fn is_turn(self, turn: u32) -> bool {
        self.turns.get_value() == turn
    }

    /// Reads on before the first message.
    pub(crate) async fn older(self, app: App) {
        self.grow_up(app, STEP).await;
    }

    /// Reads on after the last message.
    pub(crate) async fn newer(self, app: App) {
        self.grow_down(app, STEP).await;
    }

    async fn grow_up(self, app: App, count: u16) {
        let (Some(open), Some(first)) = (self.open.get_untracked(), self.edge(|list| list.first()))
        else {
            return;
        };
        if self.busy.get_untracked() || !self.more_before.get_untracked() {
            return;
        }
        self.busy.set(true);
        let turn = self.turns.get_value();
        let read = self.read(app, open, Anchor::Before(first), count).await;
        if !self.is_turn(turn) {
            return;
        }
        match read {
            Ok(page) => {
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
            Err(failure) => app.problem.set(Some(failure)),
        }
        self.busy.set(false);
    }

    async fn grow_down(self, app: App, count: u16) {
        let (Some(open), Some(last)) = (self.open.get_untracked(), self.edge(|list| list.last()))
        else {
            return;
        };
        if self.busy.get_untracked() || !self.more_after.get_untracked() {
            return;
        }
        self.busy.set(true);
        let turn = self.turns.get_value();
        let read = self.read(app, open, Anchor::After(last), count).await;
        if !self.is_turn(turn) {
            return;
        }
        match read {
            Ok(page) => {
                self.more_after.set(page.more_after);
                self.messages
                    .update(|messages| messages.extend(page.messages));
                self.let_go_of_the_start();
            }
            Err(failure) => app.problem.set(Some(failure)),
        }
        self.busy.set(false);
    }

    /// Goes back to the newest messages.
    pub(crate) async fn newest(self, app: App) {
        let Some(open) = self.open.get_untracked() else {
            return;
        };
        let turn = self.turn();
        if let Ok(page) = self.read(app, open, Anchor::Newest, PAGE).await
            && self.is_turn(turn)
        {
            self.more_before.set(page.more_before);
            self.more_after.set(page.more_after);
            self.at_end.set(true);
            self.messages.set(page.messages);
            self.fill(app, open, 0).await;
        }
    }

    /// Brings a message on screen, wherever in the history it is. False when there is none at that time (ms).
    pub(crate) async fn jump(self, app: App, sent_at: u64, message: Option<MessageId>) -> bool {
        let Some(open) = self.open.get_untracked() else {
            return false;
        };
        let find = move || {
            self.messages.with_untracked(|messages| {
                messages
                    .iter()
                    .find(|one| message.map_or(one.sent_at == sent_at, |id| one.id == id))
                    .map(|one| one.id)
            })
        };
        if find().is_none() {
            let turn = self.turn();
            let Ok(page) = self.read(app, open, Anchor::Around(sent_at), PAGE).await else {
                return false;
            };
            if !self.is_turn(turn) || page.messages.is_empty() {
                return false;
            }
            self.more_before.set(page.more_before);
            self.more_after.set(page.more_after);
            self.at_end.set(false);
            self.messages.set(page.messages);
            self.fill(app, open, 0).await;
            if !self.is_turn(turn) {
                // Somebody wanted to be elsewhere meanwhile.
                return true;
            }
        }
        let found = find();
        let nearest = found.or_else(|| {
            self.messages.with_untracked(|messages| {
                messages
                    .iter()
                    .min_by_key(|one| one.sent_at.abs_diff(sent_at))
                    .map(|one| one.id)
            })
        });
        self.wanted.set(None);
        self.wanted.set(nearest);
        found.is_some()
    }

    /// Brings the first message of a day on screen, or of the next day with any; else the newest. `from` is local midnight (ms).
    pub(crate) async fn jump_to_day(self, app: App, from: u64) {
        let Some(open) = self.open.get_untracked() else {
            return;
        };
        let before = Cursor {
            sent_at: from.saturating_sub(1),
            message: MessageId([0xff; 16]),
        };
        let first = match self.read(app, open, Anchor::After(before), 1).await {
            Ok(page) => page.messages.first().map(|one| (one.sent_at, one.id)),
            Err(failure) => return app.problem.set(Some(failure)),
        };
        match first {
            Some((sent_at, id)) => drop(self.jump(app, sent_at, Some(id)).await),
            None => self.newest(app).await,
        }
    }

    /// A message of the window.
    pub(crate) fn message(self, id: MessageId) -> Option<Message> {
        self.messages
            .with_untracked(|messages| messages.iter().find(|one| one.id == id).cloned())
    }

    /// Messages are about to be removed, or stay after all.
    pub(crate) fn hide(self, ids: &[MessageId], on: bool) {
        self.hidden.update(|hidden| {
            for id in ids {
                if on {
                    hidden.insert(*id);
                } else {
                    hidden.remove(id);
                }
            }
        });
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
        let known = self
            .messages
            .with_untracked(|messages| messages.iter().any(|other| other.id == message.id));
        if !known && !message.mine && !self.at_end.get_untracked() {
            self.fresh.update(|fresh| *fresh += 1);
        }
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

/// The first received message after a time (ms).
fn first_after(messages: &[Message], last_read: u64) -> Option<MessageId> {
    messages
        .iter()
        .find(|message| !message.mine && message.sent_at > last_read)
        .map(|message| message.id)
}

/// It is a line between messages rather than one.
pub(crate) const fn is_notice(kind: MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::RequestAccepted
            | MessageKind::TimerChanged(_)
            | MessageKind::MediaSaved
            | MessageKind::MissedCall
    )
}

/// A message with what stands around it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub message: Message,
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
    /// It came long after the messages around it.
    pub late: bool,
    /// Notices that this one stands for.
    pub run: usize,
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
            new_day,
            unread_line,
            starts_group,
            ends_group: at + 1 == messages.len(),
            newest_own: newest_own == Some(message.id),
            late: is_late(messages, at),
            run: 0,
        });
    }
    rows
}

/// Something newer was here long before it, and more than a few newer ones are.
fn is_late(messages: &[Message], at: usize) -> bool {
    let Some(message) = messages.get(at) else {
        return false;
    };
    let newer = &messages[at + 1..];
    !message.mine
        && newer.len() >= LATE
        && newer
            .iter()
            .any(|other| other.received_at + LATE_MS < message.received_at)
}

/// Runs of three notices and more become one row, apart from those that were opened.
pub(crate) fn fold_notices(rows: Vec<Row>, opened: &SortedSet<MessageId>) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::with_capacity(rows.len());
    let mut at = 0;
    while at < rows.len() {
        let run = rows[at..]
            .iter()
            .enumerate()
            .take_while(|(n, row)| {
                is_notice(row.message.kind) && (*n == 0 || !row.new_day && !row.unread_line)
            })
            .count();
        if run >= RUN && !opened.contains(&rows[at].message.id) {
            out.push(Row {
                run,
                ..rows[at].clone()
            });
            at += run;
        } else {
            let next = at + run.max(1);
            out.extend_from_slice(&rows[at..next]);
            at = next;
        }
    }
    out
}

fn together(earlier: &Message, later: &Message) -> bool {
    let bubble = |message: &Message| !is_notice(message.kind);
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
            ..Message::default()
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

    #[test]
    fn a_run_of_notices_is_one_row_until_it_is_opened() {
        let mut list: Vec<Message> = (1..=5).map(|n| message(n, false, u64::from(n))).collect();
        for notice in &mut list[1..4] {
            notice.kind = MessageKind::MediaSaved;
        }
        let all = rows(&list, None, day);
        let folded = fold_notices(all.clone(), &SortedSet::new());
        let runs: Vec<usize> = folded.iter().map(|row| row.run).collect();
        assert_eq!(runs, [0, 3, 0]);
        let opened = SortedSet::from([list[1].id]);
        assert_eq!(fold_notices(all, &opened).len(), 5);
    }

    #[test]
    fn what_comes_between_old_messages_is_late() {
        let mut list: Vec<Message> = (1..=60).map(|n| message(n, false, u64::from(n))).collect();
        assert!(rows(&list, None, day).iter().all(|row| !row.late));
        list[2].received_at = 10 * LATE_MS;
        let late: Vec<bool> = rows(&list, None, day).iter().map(|row| row.late).collect();
        assert!(late[2] && late.iter().filter(|late| **late).count() == 1);
    }
}
