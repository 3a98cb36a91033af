//! The conversation on screen: what its parts share, and what a person can do with its messages. The parts find it in the
//! context.

use super::media::{can_save, save_all};
use super::state::App;
use super::timeline::is_notice;
use crate::i18n::{fill, isolate, text};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Attachment, Command, Conversation, ConversationId, DeleteScope, Delivery, Draft,
    ErrorCode, Message, MessageId, MessageKind, RequestState,
};
use onionskin_protocol::sorted::SortedSet;

/// Own messages can be replaced for as long as swarms keep them (ms).
const REPLACE_MS: f64 = 14.0 * 86_400_000.0;

/// What becomes of the text in the composer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Intent {
    /// A message of its own.
    Plain,
    /// An answer to this one.
    Reply(Message),
    /// It takes the place of this own one.
    Replace(Message),
}

impl Intent {
    /// The message that the text replies to.
    pub(crate) fn reply_to(&self) -> Option<MessageId> {
        match self {
            Self::Plain => None,
            Self::Reply(message) => Some(message.id),
            Self::Replace(message) => {
                let original = message.quote.as_ref()?.original.as_ref()?;
                Some(original.message)
            }
        }
    }
}

/// A layer above the conversation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Layer {
    Info(MessageId),
    Delete(Vec<MessageId>),
    Forward(Vec<MessageId>),
    Who(MessageId),
    React(MessageId),
    Link(String),
    Timer,
}

/// The words that are looked for, and where they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Marks {
    /// Message and byte ranges of its text.
    pub hits: Vec<(MessageId, Vec<(u32, u32)>)>,
    /// The hit that is looked at.
    pub at: Option<MessageId>,
}

/// Handles of the open conversation.
#[derive(Clone, Copy)]
pub(crate) struct Chat {
    pub app: App,
    pub id: ConversationId,
    pub here: Memo<Option<Conversation>>,
    pub name: Memo<String>,
    pub intent: RwSignal<Intent>,
    pub layer: RwSignal<Option<Layer>>,
    /// The chosen messages; `None`: nobody chooses.
    pub selected: RwSignal<Option<SortedSet<MessageId>>>,
    /// Where a range of chosen messages begins.
    pub from: RwSignal<Option<MessageId>>,
    pub hovered: RwSignal<Option<MessageId>>,
    pub focused: RwSignal<Option<MessageId>>,
    /// Text on its way into the composer.
    pub insert: RwSignal<Option<Insert>>,
    pub finding: RwSignal<bool>,
    pub marks: RwSignal<Marks>,
    /// Messages that were read again in vain.
    pub unopened: RwSignal<SortedSet<MessageId>>,
    /// The second it is (device clock, ms), while something counts down.
    pub now: RwSignal<u64>,
}

/// Two texts that were written apart.
pub(crate) fn joined(first: &str, second: &str) -> String {
    format!("{first}\n{second}")
}

/// Text for the composer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Insert {
    /// Where the cursor is.
    AtCursor(String),
    /// Behind what is there, or instead of nothing.
    Append(String),
    /// Of a message that is to be replaced, until it is or not any more; what is there comes back then.
    Replace(Box<Message>),
}

/// A text waits as the draft of a conversation that is not on screen, in front of any other that waits.
pub(crate) async fn add_to_draft(
    app: App,
    conversation: ConversationId,
    text: String,
    reply_to: Option<MessageId>,
) {
    let kept = match app.command(Command::GetDraft { conversation }).await {
        Ok(Answer::Draft(kept)) => kept,
        _ => Draft::default(),
    };
    let there = kept.text.trim();
    let text = if there.is_empty() || there == text.trim() {
        text
    } else {
        joined(&text, &kept.text)
    };
    app.send(Command::SetDraft {
        conversation,
        text,
        reply_to: reply_to.or(kept.reply_to),
    });
}

impl Chat {
    pub(crate) fn new(
        app: App,
        id: ConversationId,
        here: Memo<Option<Conversation>>,
        name: Memo<String>,
    ) -> Self {
        Self {
            app,
            id,
            here,
            name,
            intent: RwSignal::new(Intent::Plain),
            layer: RwSignal::new(None),
            selected: RwSignal::new(None),
            from: RwSignal::new(None),
            hovered: RwSignal::new(None),
            focused: RwSignal::new(None),
            insert: RwSignal::new(None),
            finding: RwSignal::new(false),
            marks: RwSignal::new(Marks::default()),
            unopened: RwSignal::new(SortedSet::new()),
            now: RwSignal::new(js_sys::Date::now() as u64),
        }
    }

    /// A request that is not accepted yet is shown inert: nothing in it can be followed (screens 7).
    pub(crate) fn inert(self) -> bool {
        self.here.with(|here| {
            here.as_ref()
                .is_some_and(|here| here.request == RequestState::Incoming)
        })
    }

    /// Why more than text cannot be sent. Tracks.
    pub(crate) fn not_more_than_text(self) -> Option<&'static str> {
        let t = text();
        self.here.with(|here| {
            let here = here.as_ref()?;
            if here.blocked {
                Some(t.v1_blocked_short)
            } else if here.accepted || here.note_to_self {
                None
            } else {
                Some(t.v1_needs_accepted)
            }
        })
    }

    /// Leads to the composer.
    fn compose(self) {
        request_animation_frame(|| {
            if let Some(field) = document().get_element_by_id("v1-composer")
                && let Ok(field) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(field)
            {
                super::focus::focus(&field);
            }
        });
    }

    pub(crate) fn reply(self, message: Message) {
        self.intent.set(Intent::Reply(message));
        self.compose();
    }

    /// An answer that asks for what could not be opened or loaded.
    pub(crate) fn ask_again(self, message: MessageId) {
        let t = text();
        if let Some(message) = self.app.timeline.message(message) {
            self.insert
                .set(Some(Insert::Append(t.v1_ask_again_text.to_owned())));
            self.reply(message);
        }
    }

    /// Tries a message once more that did not open. What opens comes as a message of its own.
    pub(crate) fn read_again(self, message: MessageId) {
        self.unopened.update(|tried| {
            tried.remove(&message);
        });
        leptos::task::spawn_local(async move {
            match self.app.command(Command::ReadAgain { message }).await {
                Ok(_) => {}
                Err(failure) if failure.code == ErrorCode::MsgDecrypt => {
                    self.unopened.try_update(|tried| tried.insert(message));
                }
                Err(failure) => self.app.problem.set(Some(failure)),
            }
        });
    }

    /// An own message that did not leave yet comes back into the composer; one that was sent is to be replaced.
    pub(crate) fn edit(self, message: Message) {
        match message.delivery {
            Delivery::Held { .. }
            | Delivery::Queued
            | Delivery::Retrying { .. }
            | Delivery::Failed(_) => self.take_back(message.id),
            _ => {
                self.insert.set(Some(Insert::Replace(Box::new(message))));
                self.compose();
            }
        }
    }

    /// Takes a message out of the outbox, into the composer.
    pub(crate) fn take_back(self, message: MessageId) {
        leptos::task::spawn_local(async move {
            match self.app.command(Command::CancelSend { message }).await {
                Ok(Answer::Draft(draft)) => {
                    self.app.media.staging.bring(self.id, draft.files);
                    let text = draft.text;
                    if let Some(Some(Insert::Append(text))) =
                        self.insert.try_set(Some(Insert::Append(text)))
                    {
                        // The conversation was left meanwhile.
                        return self.add_to_draft(text, draft.reply_to);
                    }
                    if let Some(reply) = draft.reply_to {
                        self.reply_to(reply).await;
                    }
                    self.compose();
                }
                Ok(_) => {}
                Err(failure) => self.app.problem.set(Some(failure)),
            }
        });
    }

    /// A text waits as the draft of this conversation, which was left, in front of any other that waits.
    pub(crate) fn add_to_draft(self, text: String, reply_to: Option<MessageId>) {
        leptos::task::spawn_local(add_to_draft(self.app, self.id, text, reply_to));
    }

    /// The message that a draft replies to, read from wherever it is.
    pub(crate) async fn reply_to(self, message: MessageId) {
        let known = self.app.timeline.message(message);
        let found = match known {
            Some(message) => Some(message),
            None => match self.app.command(Command::GetMessage { message }).await {
                Ok(Answer::Message(message)) => Some(*message),
                _ => None,
            },
        };
        if let Some(message) = found {
            self.intent.try_set(Intent::Reply(message));
        }
    }

    /// Messages of this conversation, read from wherever they are.
    pub(crate) async fn messages(self, ids: &[MessageId]) -> Vec<Message> {
        let mut found = Vec::new();
        for id in ids {
            match self.app.timeline.message(*id) {
                Some(message) => found.push(message),
                None => {
                    let command = Command::GetMessage { message: *id };
                    // What is gone needs nothing done to it.
                    if let Ok(Answer::Message(message)) = self.app.command(command).await {
                        found.push(*message);
                    }
                }
            }
        }
        found
    }

    /// Saves files of messages; a failure becomes the problem on screen.
    pub(crate) fn save(self, files: Vec<(MessageId, Attachment)>) {
        leptos::task::spawn_local(async move {
            if let Err(failure) = save_all(self.app, files).await {
                self.app.problem.set(Some(failure));
            }
        });
    }

    /// Files of messages that can be saved at once.
    pub(crate) fn savable(self, messages: &[Message]) -> Vec<(MessageId, Attachment)> {
        messages
            .iter()
            .flat_map(|one| {
                let files = one.attachments.iter();
                files
                    .filter(|file| can_save(self.app, file, one.mine))
                    .map(|file| (one.id, file.clone()))
            })
            .collect()
    }

    /// Adds or removes an own reaction.
    pub(crate) fn react(self, message: &Message, emoji: &str) {
        let add = !message
            .reactions
            .iter()
            .any(|one| one.mine && one.emoji == emoji);
        self.app.send(Command::React {
            message: message.id,
            emoji: emoji.to_owned(),
            add,
        });
    }

    pub(crate) fn star(self, messages: Vec<MessageId>, on: bool) {
        self.app.send(Command::Star { messages, on });
    }

    pub(crate) fn pin(self, message: MessageId, on: bool) {
        self.app.send(Command::PinMessage { message, on });
    }

    /// Copies text and says so.
    pub(crate) fn copy(self, said: String) {
        let app = self.app;
        leptos::task::spawn_local(async move {
            let clipboard = window().navigator().clipboard();
            let done = wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&said)).await;
            let t = text();
            let said = if done.is_ok() {
                t.copied
            } else {
                t.copy_failed
            };
            app.toast.set(Some(said.into()));
        });
    }

    /// Texts of several messages, with who wrote them when there are several.
    pub(crate) fn copy_texts(self, messages: &[Message]) {
        let said = match messages {
            [only] => only.text.clone(),
            several => several
                .iter()
                .map(|one| format!("{}: {}", untrack(|| self.app.called(&one.author)), one.text))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        self.copy(said);
    }

    /// Removes messages after ten seconds, unless that is undone.
    pub(crate) fn delete(self, messages: Vec<MessageId>, scope: DeleteScope) {
        let app = self.app;
        let said = crate::i18n::count(&text().v7_deleted, messages.len() as u64);
        app.timeline.hide(&messages, true);
        let shown_again = messages.clone();
        app.undo.offer(
            said,
            move || {
                let messages = messages.clone();
                leptos::task::spawn_local(async move {
                    let command = Command::DeleteMessages {
                        messages: messages.clone(),
                        scope,
                    };
                    if let Err(failure) = app.command(command).await {
                        app.timeline.hide(&messages, false);
                        app.problem.set(Some(failure));
                    }
                });
            },
            move || app.timeline.hide(&shown_again, false),
        );
    }

    /// Where a message can be removed from.
    pub(crate) fn scopes(self, messages: &[Message]) -> Vec<DeleteScope> {
        let notes = untrack(|| {
            self.here
                .with(|here| here.as_ref().is_some_and(|one| one.note_to_self))
        });
        let sent = |one: &Message| {
            one.mine
                && one.kind == MessageKind::Text
                && matches!(
                    one.delivery,
                    Delivery::Stored { .. } | Delivery::Synced { .. } | Delivery::Read
                )
        };
        let all_sent = !messages.is_empty() && messages.iter().all(sent);
        let mut scopes = vec![DeleteScope::Here];
        if all_sent && notes {
            scopes.push(DeleteScope::MyDevices);
        } else if all_sent {
            scopes.push(DeleteScope::Everyone);
        }
        scopes
    }

    /// The chosen messages that are on screen, in order.
    pub(crate) fn chosen_here(self) -> Vec<Message> {
        let Some(chosen) = self.selected.get_untracked() else {
            return Vec::new();
        };
        self.app.timeline.messages.with_untracked(|messages| {
            messages
                .iter()
                .filter(|one| chosen.contains(&one.id))
                .cloned()
                .collect()
        })
    }

    /// Does something with all chosen messages, in order, wherever in the history they are.
    pub(crate) fn with_chosen(self, act: impl FnOnce(Vec<Message>) + 'static) {
        let chosen: Vec<_> = self
            .selected
            .get_untracked()
            .into_iter()
            .flatten()
            .collect();
        leptos::task::spawn_local(async move {
            let mut messages = self.messages(&chosen).await;
            messages.sort_by_key(|one| (one.sent_at, one.id));
            act(messages);
        });
    }

    /// Chooses a message, or no longer; begins to choose if nobody did.
    pub(crate) fn toggle(self, id: MessageId) {
        self.from.set(Some(id));
        self.selected.update(|selected| {
            let selected = selected.get_or_insert_default();
            if !selected.remove(&id) {
                selected.insert(id);
            }
        });
    }

    /// Chooses everything from the last chosen one to this.
    pub(crate) fn extend(self, to: MessageId) {
        let from = self.from.get_untracked().unwrap_or(to);
        let range: Vec<MessageId> = self.app.timeline.messages.with_untracked(|messages| {
            let place = |id| messages.iter().position(|one| one.id == id);
            match (place(from), place(to)) {
                (Some(a), Some(b)) => messages[a.min(b)..=a.max(b)]
                    .iter()
                    .filter(|one| !is_notice(one.kind))
                    .map(|one| one.id)
                    .collect(),
                _ => vec![to],
            }
        });
        self.from.set(Some(from));
        self.selected
            .update(|selected| selected.get_or_insert_default().extend(range));
    }

    /// Nobody chooses any more.
    pub(crate) fn leave_selection(self) {
        self.selected.set(None);
        self.from.set(None);
    }

    /// Brings the original of a quote on screen, or says that it is not here.
    pub(crate) fn jump(self, sent_at: u64, message: Option<MessageId>) {
        let app = self.app;
        leptos::task::spawn_local(async move {
            if !app.timeline.jump(app, sent_at, message).await {
                app.toast.set(Some(text().v1_quote_missing.into()));
            }
        });
    }

    /// The name inside a sentence.
    pub(crate) fn named(self, pattern: &str) -> String {
        fill(pattern, &[("name", &isolate(&self.name.get()))])
    }
}

/// What can be done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Able {
    /// It has content: it can be answered, forwarded, starred.
    pub content: bool,
    /// It has text to copy.
    pub text: bool,
    /// It can be taken back into the composer, or replaced.
    pub edit: bool,
    /// It waits in the outbox.
    pub waiting: bool,
}

/// What can be done with a message at a time (ms).
pub(crate) fn able(message: &Message, now: f64) -> Able {
    let content = message.kind == MessageKind::Text;
    let waiting = message.mine
        && matches!(
            message.delivery,
            Delivery::Held { .. }
                | Delivery::Queued
                | Delivery::Retrying { .. }
                | Delivery::Failed(_)
        );
    let sent = matches!(
        message.delivery,
        Delivery::Stored { .. } | Delivery::Synced { .. } | Delivery::Read
    );
    let replaceable = sent
        && message.attachments.is_empty()
        && message.invitation.is_none()
        && now - message.sent_at as f64 <= REPLACE_MS;
    Able {
        content,
        text: content && !message.text.is_empty(),
        edit: content && message.mine && (waiting || replaceable),
        waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_messages_of_the_last_two_weeks_are_replaced() {
        let own = Message {
            mine: true,
            text: "a".into(),
            sent_at: 1_000,
            ..Message::default()
        };
        assert!(able(&own, 2_000.0).edit);
        assert!(!able(&own, 2_000.0 + REPLACE_MS).edit);
        let theirs = Message {
            mine: false,
            ..own.clone()
        };
        assert!(!able(&theirs, 2_000.0).edit && able(&theirs, 2_000.0).content);
        let gone = Message {
            kind: MessageKind::Deleted,
            ..own
        };
        assert!(!able(&gone, 2_000.0).content);
    }
}
