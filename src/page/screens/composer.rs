//! The composer: text, what it answers, limit, draft, emoji. Enter sends unless the person chose that it breaks the line, as
//! Shift+Enter does; Ctrl or Cmd with Enter always sends, and an input method's Enter does nothing (screens 9.6).

mod format;
mod suggest;

use super::conversation::{ComposerPicker, IntentStrip};
use super::timeline::focus_message;
use super::timers::sentence;
use crate::bridge::{Call, PhraseCheck, Reply};
use crate::i18n::{Catalogue, count, text};
use crate::page::chat::{Chat, Insert, Intent, joined};
use crate::page::focus::fine_pointer;
use crate::page::keys::mod2;
use crate::page::media::{AttachButton, Intake, Staging, VoiceButton};
use crate::page::mentions::Mentioned;
use crate::page::router::{self, Route};
use crate::page::split::split;
use crate::page::text::{MESSAGE_LIMIT, length, looks_like_phrase, read_id};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::future::TimeoutFuture;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, DeleteScope, Draft as Kept, ErrorCode, Failure, FileId, Message, MessageId,
};
use suggest::{Offer, Suggestions};

/// A draft is kept after so long a pause (ms).
const DRAFT_MS: u32 = 400;
/// The counter appears when so few are left.
const COUNTER_FROM: usize = 200;
/// That somebody types is told at most so often (ms).
const TYPING_MS: f64 = 3_000.0;

/// The unsent text of one conversation.
#[derive(Clone, Copy)]
struct Draft {
    chat: Chat,
    field: NodeRef<html::Textarea>,
    said: RwSignal<String>,
    /// Text and answered message as they are kept.
    kept: StoredValue<(String, Option<MessageId>)>,
    touched: StoredValue<u32>,
    failed: RwSignal<Option<Failure>>,
    /// What was about to be pasted is a secret.
    secret: RwSignal<bool>,
    /// An Account ID that was pasted, alone or in an invitation: it can be written to.
    pasted: RwSignal<Option<String>>,
    told: StoredValue<f64>,
    /// Whose names stand in the text.
    mentioned: StoredValue<Mentioned>,
    /// What was written before a message was to be replaced, in the form of the wire.
    aside: StoredValue<Option<(String, Intent)>>,
    suggestions: Suggestions,
}

impl Draft {
    fn typed(self, said: String) {
        self.tell_typing(!said.is_empty());
        self.mentioned
            .update_value(|mentioned| mentioned.keep(&said));
        let empty = said.is_empty();
        self.said.set(said);
        self.failed.set(None);
        self.secret.set(false);
        if empty {
            self.pasted.set(None);
        }
        self.fit();
        self.suggestions.look(self.field);
        self.later();
    }

    /// The text as it is sent. Tracks it.
    fn wire(self) -> String {
        self.said
            .with(|said| self.mentioned.with_value(|mentioned| mentioned.wire(said)))
    }

    /// A text of the wire as it stands in the field.
    fn shown(self, wire: &str) -> String {
        let mut shown = None;
        self.mentioned.try_update_value(|mentioned| {
            let called = |id: &str| untrack(|| self.chat.app.called(id));
            shown = Some(mentioned.shown(wire, called));
        });
        shown.unwrap_or_default()
    }

    /// Keeps the draft after a pause.
    fn later(self) {
        let touched = self.touched.try_update_value(|touched| {
            *touched += 1;
            *touched
        });
        let Some(touched) = touched else {
            // The conversation was left, and kept the draft then.
            return;
        };
        leptos::task::spawn_local(async move {
            TimeoutFuture::new(DRAFT_MS).await;
            if self.touched.try_get_value() == Some(touched) {
                self.keep();
            }
        });
    }

    /// Writes the draft when it changed.
    fn keep(self) {
        let Some(said) = self.said.try_get_untracked() else {
            return;
        };
        let Some(said) = self.mentioned.try_with_value(|all| all.wire(&said)) else {
            return;
        };
        let Some(intent) = self.chat.intent.try_get_untracked() else {
            return;
        };
        // The text of a message that is sent already is nobody's draft.
        if matches!(intent, Intent::Replace(_)) {
            return;
        }
        let now = (said, intent.reply_to());
        if self.kept.with_value(|kept| *kept == now) {
            return;
        }
        self.kept.set_value(now.clone());
        self.chat.app.send(Command::SetDraft {
            conversation: self.chat.id,
            text: now.0,
            reply_to: now.1,
        });
    }

    /// What was written before, in front of what is written already.
    async fn restore(self) {
        let command = Command::GetDraft {
            conversation: self.chat.id,
        };
        let Ok(Answer::Draft(Kept { text, reply_to, .. })) = self.chat.app.command(command).await
        else {
            return;
        };
        self.kept
            .try_update_value(|kept| *kept = (text.clone(), reply_to));
        let Some(now) = self.said.try_get_untracked() else {
            return;
        };
        if now.is_empty() {
            self.put(self.shown(&text));
        } else if !text.is_empty() {
            self.put(joined(&self.shown(&text), &now));
            self.later();
        }
        let plain = self
            .chat
            .intent
            .try_with_untracked(|now| *now == Intent::Plain);
        if plain == Some(true)
            && let Some(message) = reply_to
        {
            self.chat.reply_to(message).await;
        }
    }

    /// Tells that somebody types, or stopped.
    fn tell_typing(self, active: bool) {
        let now = js_sys::Date::now();
        let told = self.told.get_value();
        if active == (told > 0.0) && (!active || now - told < TYPING_MS) {
            return;
        }
        self.told.set_value(if active { now } else { 0.0 });
        self.chat.app.send(Command::Typing {
            conversation: self.chat.id,
            active,
        });
    }

    /// Puts text into the field as well.
    fn put(self, said: String) {
        if let Some(field) = self.field.try_get_untracked().flatten() {
            field.set_value(&said);
        }
        self.mentioned
            .try_update_value(|mentioned| mentioned.keep(&said));
        self.said.set(said);
        self.fit();
    }

    /// Puts text where the cursor is, in place of what is selected.
    fn insert(self, added: &str) {
        let Some(field) = self.field.try_get_untracked().flatten() else {
            return;
        };
        let (from, to) = format::selection(&field);
        let (said, cursor) = format::replaced(&field.value(), from, to, added);
        self.put(said);
        format::select(&field, cursor, cursor);
        self.later();
    }

    /// One to eight lines, then the field scrolls.
    fn fit(self) {
        let Some(field) = self.field.try_get_untracked().flatten() else {
            return;
        };
        let style = web_sys::HtmlElement::style(&field);
        // Heights are valid values.
        let _ = style.set_property("block-size", "auto");
        let _ = style.set_property("block-size", &format!("{}px", field.scroll_height() + 2));
    }

    /// Sends what is there. The field is free at once; a refusal brings the text back.
    fn send(self) {
        let said = untrack(|| self.wire());
        let used = length(&said);
        let staging = self.chat.app.media.staging;
        let files = staging.ids(self.chat.id);
        if (used == 0 && files.is_empty()) || untrack(|| staging.is_busy()) {
            return;
        }
        if used > MESSAGE_LIMIT {
            self.failed.set(Some(Failure {
                code: ErrorCode::SendTooLong,
                number: u32::try_from(used).ok(),
                detail: String::new(),
            }));
            return;
        }
        self.send_parts(vec![said.trim().to_owned()], files);
    }

    /// Sends one message after the other; the first carries the answer. What could not be sent comes back.
    fn send_parts(self, parts: Vec<String>, mut files: Vec<FileId>) {
        let chat = self.chat;
        let app = chat.app;
        let intent = chat.intent.get_untracked();
        self.touched.update_value(|touched| *touched += 1);
        self.kept.set_value((String::new(), None));
        self.told.set_value(0.0);
        self.suggestions.close();
        self.failed.set(None);
        self.put(String::new());
        chat.intent.set(Intent::Plain);
        leptos::task::spawn_local(async move {
            let mut left = parts.into_iter();
            let mut reply_to = intent.reply_to();
            while let Some(text) = left.next() {
                let command = Command::Send {
                    conversation: chat.id,
                    text: text.clone(),
                    reply_to: reply_to.take(),
                    files: files.clone(),
                };
                match app.command(command).await {
                    Ok(Answer::Message(message)) => {
                        app.media.staging.sent(chat.id, &std::mem::take(&mut files));
                        // An own message is worth seeing, wherever one was reading in its conversation.
                        let here = || app.timeline.open.get_untracked() == Some(chat.id);
                        if here() && app.timeline.more_after.get_untracked() {
                            app.timeline.newest(app).await;
                        }
                        app.timeline.upsert(*message);
                        if here() {
                            app.timeline.at_end.set(true);
                            scroll_to_end();
                        }
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        let rest = std::iter::once(text).chain(left).collect::<Vec<_>>();
                        self.refused(failure, rest.join("\n\n"), intent);
                        return;
                    }
                }
            }
            // The old one goes only once the new one is safe in the outbox.
            if let Intent::Replace(old) = intent {
                app.send(Command::DeleteMessages {
                    messages: vec![old.id],
                    scope: DeleteScope::Everyone,
                });
            }
        });
    }

    /// The text waits as a file for the next message; a refusal brings it back.
    fn become_file(self) {
        let chat = self.chat;
        let said = self.said.get_untracked();
        let intent = chat.intent.get_untracked();
        self.failed.set(None);
        self.put(String::new());
        leptos::task::spawn_local(async move {
            let staging = chat.app.media.staging;
            if let Err(failure) = staging.text(chat.app, chat.id, said.clone()).await {
                self.refused(failure, said, intent);
            }
            self.later();
        });
    }

    /// What could not be sent comes back, before what was written since.
    fn refused(self, failure: Failure, rest: String, intent: Intent) {
        let Some(now) = self.said.try_get_untracked() else {
            return self.refused_elsewhere(failure, rest, &intent);
        };
        self.failed.try_set(Some(failure));
        let shown = self.shown(&rest);
        if matches!(intent, Intent::Replace(_)) {
            let written = (untrack(|| self.wire()), self.chat.intent.get_untracked());
            self.aside.set_value(Some(written));
            self.put(shown);
            self.chat.intent.set(intent);
        } else if now.trim().is_empty() {
            self.put(shown);
            self.chat.intent.set(intent);
        } else {
            self.put(joined(&shown, &now));
            if self.chat.intent.with_untracked(|now| *now == Intent::Plain) {
                self.chat.intent.set(intent);
            }
        }
        self.later();
    }

    /// The same after the conversation was left: the text waits there as its draft.
    fn refused_elsewhere(self, failure: Failure, rest: String, intent: &Intent) {
        self.chat.app.problem.set(Some(failure));
        self.chat.add_to_draft(rest, intent.reply_to());
    }

    /// The text of a message that is to be replaced takes the place of what is written.
    fn replace(self, message: Message) {
        self.keep();
        let replaces = self
            .chat
            .intent
            .with_untracked(|now| matches!(now, Intent::Replace(_)));
        if !replaces {
            let written = (untrack(|| self.wire()), self.chat.intent.get_untracked());
            self.aside.set_value(Some(written));
        }
        self.put(self.shown(&message.text));
        self.chat.intent.set(Intent::Replace(message));
    }

    /// Nothing is replaced any more: what was written before is there again.
    fn replaced(self, now: &Intent) {
        let Some((written, intent)) = self.aside.try_update_value(Option::take).flatten() else {
            return;
        };
        self.put(self.shown(&written));
        if *now == Intent::Plain {
            self.chat.intent.set(intent);
        }
    }

    /// A recovery phrase does not get into a message by mistake.
    fn paste(self, event: &web_sys::ClipboardEvent) {
        let Some(pasted) = event
            .clipboard_data()
            .and_then(|data| data.get_data("text/plain").ok())
        else {
            return;
        };
        if let Ok(id) = read_id(&pasted) {
            self.pasted.set(Some(id));
        }
        if !looks_like_phrase(&pasted) {
            return;
        }
        event.prevent_default();
        leptos::task::spawn_local(async move {
            let call = Call::CheckPhrase {
                words: pasted.clone().into(),
            };
            let secret = matches!(
                self.chat.app.call(call).await,
                Ok(Reply::PhraseCheck(
                    PhraseCheck::Valid { .. } | PhraseCheck::Mismatch { .. }
                ))
            );
            if secret {
                self.secret.try_set(true);
            } else {
                self.insert(&pasted);
            }
        });
    }
}

#[component]
pub(crate) fn Composer(chat: Chat) -> impl IntoView {
    let t = text();
    let app = chat.app;
    let field = NodeRef::new();
    let draft = Draft {
        chat,
        field,
        said: RwSignal::new(String::new()),
        kept: StoredValue::new((String::new(), None)),
        touched: StoredValue::new(0),
        failed: RwSignal::new(None),
        secret: RwSignal::new(false),
        pasted: RwSignal::new(None),
        told: StoredValue::new(0.0),
        mentioned: StoredValue::new(Mentioned::default()),
        aside: StoredValue::new(None),
        suggestions: Suggestions::new(chat),
    };
    let picker = RwSignal::new(false);
    leptos::task::spawn_local(draft.restore());
    on_cleanup(move || draft.keep());
    Effect::new(move |before: Option<()>| {
        app.parting.track();
        if before.is_some() || !app.visible.get() {
            draft.keep();
        }
    });
    Effect::new(move |replaced: Option<bool>| {
        let now = chat.intent.get();
        let replaces = matches!(now, Intent::Replace(_));
        if replaced == Some(true) && !replaces {
            draft.replaced(&now);
        }
        draft.later();
        replaces
    });
    Effect::new(move |_| {
        let Some(insert) = chat.insert.get() else {
            return;
        };
        chat.insert.set(None);
        match insert {
            Insert::AtCursor(added) => draft.insert(&added),
            Insert::Replace(message) => draft.replace(*message),
            Insert::Append(more) => {
                let more = draft.shown(&more);
                let now = draft.said.get_untracked();
                let before = now.trim_end();
                draft.put(if before.is_empty() {
                    more
                } else {
                    joined(before, &more)
                });
                draft.later();
            }
        }
    });
    let refused = Signal::derive(move || chat.not_more_than_text());
    let key = move |event: leptos::ev::KeyboardEvent| keys(draft, picker, &event);
    let used = Memo::new(move |_| length(&draft.wire()));
    let over = move || used.get() > MESSAGE_LIMIT;
    let parts = Memo::new(move |_| {
        if over() {
            split(&draft.wire(), MESSAGE_LIMIT).len()
        } else {
            0
        }
    });
    view! {
        <form
            class="composer"
            aria-label=t.v1_form
            data-pane-stop="composer"
            on:submit=move |event| {
                event.prevent_default();
                draft.send();
            }
        >
            {move || draft.failed.get().map(|failure| view! { <FailureNote failure testid="v1.send-error" /> })}
            <Show when=move || draft.secret.get()>
                <div class="note error" role="alert" data-testid="v1.secret">
                    <Draw icon=Icon::Key />
                    <div class="stack tight">
                        <p class="what">{t.n1_phrase}</p>
                        <p>{t.v1_secret_why}</p>
                    </div>
                </div>
            </Show>
            {move || draft.pasted.get().filter(|_| used.get() > 0).map(|id| view! {
                <div class="note" data-testid="v1.pasted-id">
                    <Draw icon=Icon::Person />
                    <div class="stack tight">
                        <p>{t.v1_pasted_id}</p>
                        <button type="button" class="link-button" data-testid="v1.write-to-pasted" on:click=move |_| {
                            draft.pasted.set(None);
                            app.invited.set(Some(id.clone()));
                            router::go(Route::New);
                        }>
                            {t.v1_write_to_pasted}
                        </button>
                    </div>
                </div>
            })}
            <Show when=move || { parts.get() > 1 }>
                <div class="split-line">
                    <button type="button" class="button" data-testid="v1.split" disabled=move || app.media.staging.is_busy() on:click=move |_| {
                        let files = app.media.staging.ids(chat.id);
                        draft.send_parts(split(&untrack(|| draft.wire()), MESSAGE_LIMIT), files);
                    }>
                        {move || count(&t.v1_split, parts.get() as u64)}
                    </button>
                    <Show when=move || chat.not_more_than_text().is_none()>
                        <button type="button" class="button" data-testid="v1.as-file" on:click=move |_| draft.become_file()>
                            {t.v1_as_file}
                        </button>
                    </Show>
                </div>
            </Show>
            <IntentStrip chat />
            {move || timer_line(chat).map(|line| view! { <p class="timer-line tiny" data-testid="v1.timer-line"><Draw icon=Icon::Timer size=16 />{line}</p> })}
            <ComposerPicker chat open=picker />
            <suggest::SuggestionList suggestions=draft.suggestions pick=move |offer| take(draft, &offer) />
            <Staging conversation=chat.id />
            <Intake conversation=chat.id refused />
            <div class="composer-row">
                <AttachButton conversation=chat.id refused />
                <label class="visually-hidden" for="v1-composer">{t.v1_composer}</label>
                <div class="composer-field">
                    <Marks draft />
                    <textarea
                        class="input"
                        id="v1-composer"
                        node_ref=draft.field
                        rows="1"
                        dir="auto"
                        placeholder=t.v1_composer
                        enterkeyhint=move || if app.prefs.enter.get() { "send" } else { "enter" }
                        spellcheck=move || app.prefs.spell.get().to_string()
                        data-testid="v1.composer"
                        data-pane-focus
                        data-route-focus=fine_pointer().then_some("")
                        aria-describedby="v1-counter"
                        aria-invalid=move || over().to_string()
                        aria-autocomplete="list"
                        aria-controls=move || draft.suggestions.any().then_some("v1-suggestions")
                        aria-activedescendant=move || draft.suggestions.active()
                        on:input=move |event| draft.typed(event_target_value(&event))
                        on:paste=move |event| draft.paste(&event)
                        on:keydown=key
                        on:keyup=move |event| {
                            // The cursor went elsewhere.
                            if matches!(event.key().as_str(), "ArrowLeft" | "ArrowRight" | "Home" | "End") {
                                draft.suggestions.look(draft.field);
                            }
                        }
                        on:click=move |_| draft.suggestions.look(draft.field)
                        on:scroll=move |event| follow(&event_target(&event))
                    ></textarea>
                </div>
                <button type="button" class="icon-button" aria-label=t.v14_title title=t.v14_title aria-expanded=move || picker.get().to_string() data-testid="v1.emoji" on:click=move |_| picker.update(|open| *open = !*open)>
                    <Draw icon=Icon::Smile size=24 />
                </button>
                <VoiceButton conversation=chat.id refused />
                <button type="submit" class="icon-button send" aria-label=t.v1_send title=t.v1_send data-testid="v1.send" disabled=move || { used.get() == 0 && !app.media.staging.any(chat.id) || app.media.staging.is_busy() }>
                    <Draw icon=Icon::Send size=24 />
                </button>
            </div>
            <p class="counter" class:wrong=over id="v1-counter" data-testid="v1.counter">{move || counter(t, used.get())}</p>
        </form>
    }
}

/// How the messages written here disappear.
fn timer_line(chat: Chat) -> Option<String> {
    sentence(chat.here.with(|here| here.as_ref().map(|one| one.timer))?)
}

fn counter(t: &'static Catalogue, used: usize) -> Option<String> {
    if used > MESSAGE_LIMIT {
        return Some(count(&t.v1_over, (used - MESSAGE_LIMIT) as u64));
    }
    let left = MESSAGE_LIMIT - used;
    (left <= COUNTER_FROM).then(|| count(&t.v1_left, left as u64))
}

/// What lies behind the text of the field: a patch of colour under each name that is a mention.
#[component]
fn Marks(draft: Draft) -> impl IntoView {
    let parts = move || {
        let said = draft.said.get();
        let places: Vec<_> = draft.mentioned.with_value(|mentioned| {
            let places = mentioned.places(&said).into_iter();
            places.map(|(range, _)| range).collect()
        });
        let mut at = 0;
        let mut parts = Vec::new();
        for range in places {
            parts.push(said[at..range.start].to_owned().into_any());
            let name = said[range.clone()].to_owned();
            parts.push(view! { <mark data-testid="v1.mentioned">{name}</mark> }.into_any());
            at = range.end;
        }
        // A line that was just begun has height.
        parts.push(format!("{}\u{200b}", &said[at..]).into_any());
        parts
    };
    view! { <div class="composer-marks input" id="v1-marks" dir="auto" aria-hidden="true">{parts}</div> }
}

/// The patches scroll with the text.
fn follow(field: &web_sys::Element) {
    if let Some(marks) = document().get_element_by_id("v1-marks") {
        marks.set_scroll_top(field.scroll_top());
    }
}

/// Removes the whole name when the cursor stands behind a mention. False: it does not.
fn remove_mention(draft: Draft) -> bool {
    let Some(field) = draft.field.get_untracked() else {
        return false;
    };
    let (from, to) = format::selection(&field);
    let said = field.value();
    let units = |bytes: usize| said[..bytes].encode_utf16().count();
    let place = draft.mentioned.with_value(|mentioned| {
        let places = mentioned.places(&said).into_iter();
        places
            .map(|(range, _)| (units(range.start), units(range.end)))
            .find(|(_, end)| *end == from && from == to)
    });
    let Some((start, end)) = place else {
        return false;
    };
    let (said, cursor) = format::replaced(&said, start, end, "");
    draft.put(said);
    format::select(&field, cursor, cursor);
    draft.later();
    true
}

/// Takes a suggestion over.
fn take(draft: Draft, offer: &Offer) {
    let Some(field) = draft.field.get_untracked() else {
        return;
    };
    let taken = match offer {
        Offer::Emoji { picture, .. } => picture.clone(),
        Offer::Person { id, name } => {
            let mut shown = String::new();
            draft
                .mentioned
                .update_value(|mentioned| shown = mentioned.add(id, name));
            shown
        }
    };
    match draft.suggestions.accepted(&field, offer, &taken) {
        Some((said, cursor)) => {
            draft.put(said);
            format::select(&field, cursor, cursor);
            crate::page::focus::focus(&field);
            draft.later();
        }
        // The cursor went elsewhere.
        None => draft.suggestions.close(),
    }
}

fn keys(draft: Draft, picker: RwSignal<bool>, event: &leptos::ev::KeyboardEvent) {
    // 229: Safari fires Enter after an input method has ended (50-browser 12).
    if event.is_composing() || event.key_code() == 229 {
        return;
    }
    let command = event.ctrl_key() || event.meta_key();
    let mod2 = mod2(event);
    let marked = match (event.code().as_str(), command && !event.shift_key(), mod2) {
        ("KeyB", true, false) => Some("**"),
        ("KeyI", true, false) => Some("*"),
        ("KeyX", _, true) => Some("~~"),
        ("KeyC", _, true) => Some("`"),
        _ => None,
    };
    if let (Some(mark), Some(field)) = (marked, draft.field.get_untracked()) {
        event.prevent_default();
        let (from, to) = format::selection(&field);
        let (said, from, to) = format::wrapped(&field.value(), from, to, mark);
        draft.put(said);
        format::select(&field, from, to);
        return draft.later();
    }
    if event.code() == "KeyE" && mod2 {
        event.prevent_default();
        return picker.update(|open| *open = !*open);
    }
    if event.key() == "Escape" && picker.get_untracked() {
        return act(event, || picker.set(false));
    }
    if draft.suggestions.any() {
        let chosen = match event.key().as_str() {
            "ArrowDown" => return act(event, || draft.suggestions.step(1)),
            "ArrowUp" => return act(event, || draft.suggestions.step(-1)),
            "Escape" => return act(event, || draft.suggestions.close()),
            "Tab" | "Enter" if !event.shift_key() => draft.suggestions.chosen(),
            _ => None,
        };
        if let Some(offer) = chosen {
            return act(event, || take(draft, &offer));
        }
    }
    if event.key() == "Backspace" && !command && remove_mention(draft) {
        return event.prevent_default();
    }
    match event.key().as_str() {
        "Enter" if !event.shift_key() && !event.alt_key() && (command || sends(draft)) => {
            act(event, || draft.send());
        }
        "ArrowUp" if draft.said.with_untracked(String::is_empty) => {
            let last = draft
                .chat
                .app
                .timeline
                .messages
                .with_untracked(|messages| messages.last().map(|m| m.id));
            if let Some(id) = last {
                act(event, || focus_message(id));
            }
        }
        "Escape"
            if draft
                .chat
                .intent
                .with_untracked(|intent| *intent != Intent::Plain) =>
        {
            act(event, || draft.chat.intent.set(Intent::Plain));
        }
        "Escape" => crate::page::focus::first_of("[data-pane-stop='list']"),
        _ => {}
    }
}

/// Enter alone sends.
fn sends(draft: Draft) -> bool {
    draft.chat.app.prefs.enter.get_untracked()
}

fn act(event: &leptos::ev::KeyboardEvent, what: impl FnOnce()) {
    event.prevent_default();
    event.stop_propagation();
    what();
}

fn scroll_to_end() {
    request_animation_frame(|| {
        if let Some(scroller) = document().query_selector(".timeline").ok().flatten() {
            scroller.set_scroll_top(0);
        }
    });
}
