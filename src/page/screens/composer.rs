//! The composer: text, limit, draft. Enter sends, Shift+Enter breaks the line, an input method's Enter does neither.

use super::timeline::focus_message;
use crate::i18n::{Catalogue, count, text};
use crate::page::focus::fine_pointer;
use crate::page::state::App;
use crate::page::text::{MESSAGE_LIMIT, length};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::future::TimeoutFuture;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, ConversationId, ErrorCode, Failure};

/// A draft is kept after so long a pause (ms).
const DRAFT_MS: u32 = 400;
/// The counter appears when so few are left.
const COUNTER_FROM: usize = 200;

/// The unsent text of one conversation.
#[derive(Clone, Copy)]
struct Draft {
    app: App,
    conversation: ConversationId,
    field: NodeRef<html::Textarea>,
    said: RwSignal<String>,
    kept: StoredValue<String>,
    touched: StoredValue<u32>,
    failed: RwSignal<Option<Failure>>,
}

impl Draft {
    fn typed(self, said: String) {
        self.said.set(said);
        self.failed.set(None);
        self.fit();
        self.touched.update_value(|touched| *touched += 1);
        let touched = self.touched.get_value();
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
        if self.kept.with_value(|kept| *kept == said) {
            return;
        }
        self.kept.set_value(said.clone());
        self.app.send(Command::SetDraft {
            conversation: self.conversation,
            text: said,
        });
    }

    /// Puts text into the field as well.
    fn put(self, said: String) {
        if let Some(field) = self.field.get_untracked() {
            field.set_value(&said);
        }
        self.said.set(said);
        self.fit();
    }

    /// One to eight lines, then the field scrolls.
    fn fit(self) {
        let Some(field) = self.field.get_untracked() else {
            return;
        };
        let style = web_sys::HtmlElement::style(&field);
        // Heights are valid values.
        let _ = style.set_property("block-size", "auto");
        let _ = style.set_property("block-size", &format!("{}px", field.scroll_height() + 2));
    }

    /// Sends what is there. The field is free at once; a refusal brings the text back.
    fn send(self) {
        let said = self.said.get_untracked();
        let used = length(&said);
        if used == 0 {
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
        self.touched.update_value(|touched| *touched += 1);
        self.kept.set_value(String::new());
        self.put(String::new());
        let Self {
            app, conversation, ..
        } = self;
        leptos::task::spawn_local(async move {
            let command = Command::SendText {
                conversation,
                text: said.trim().to_owned(),
            };
            match app.command(command).await {
                Ok(Answer::Message(message)) => {
                    // An own message is worth seeing, wherever one was reading.
                    if app.timeline.more_after.get_untracked() {
                        app.timeline.newest(app).await;
                    }
                    app.timeline.upsert(message);
                    app.timeline.at_end.set(true);
                    scroll_to_end();
                }
                Ok(_) => {}
                Err(failure) => {
                    self.failed.try_set(Some(failure));
                    if self
                        .said
                        .try_get_untracked()
                        .is_some_and(|now| now.is_empty())
                    {
                        self.put(said);
                    }
                }
            }
        });
    }
}

#[component]
pub(crate) fn Composer(id: ConversationId, initial: String) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let draft = Draft {
        app,
        conversation: id,
        field: NodeRef::new(),
        said: RwSignal::new(initial.clone()),
        kept: StoredValue::new(initial.clone()),
        touched: StoredValue::new(0),
        failed: RwSignal::new(None),
    };
    Effect::new(move |_| {
        if draft.field.get().is_some() {
            draft.put(initial.clone());
        }
    });
    on_cleanup(move || draft.keep());
    Effect::new(move |_| {
        if !app.visible.get() {
            draft.keep();
        }
    });
    let key = move |event: leptos::ev::KeyboardEvent| keys(draft, &event);
    let used = Memo::new(move |_| draft.said.with(|said| length(said)));
    let over = move || used.get() > MESSAGE_LIMIT;
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
            <div class="composer-row">
                <label class="visually-hidden" for="v1-composer">{t.v1_composer}</label>
                <textarea
                    class="input"
                    id="v1-composer"
                    node_ref=draft.field
                    rows="1"
                    dir="auto"
                    placeholder=t.v1_composer
                    enterkeyhint="send"
                    data-testid="v1.composer"
                    data-pane-focus
                    data-route-focus=fine_pointer().then_some("")
                    aria-describedby="v1-counter"
                    aria-invalid=move || over().to_string()
                    on:input=move |event| draft.typed(event_target_value(&event))
                    on:keydown=key
                ></textarea>
                <button type="submit" class="icon-button send" aria-label=t.v1_send title=t.v1_send data-testid="v1.send" disabled=move || used.get() == 0>
                    <Draw icon=Icon::Send size=24 />
                </button>
            </div>
            <p class="counter" class:wrong=over id="v1-counter" data-testid="v1.counter">{move || counter(t, used.get())}</p>
        </form>
    }
}

fn counter(t: &'static Catalogue, used: usize) -> Option<String> {
    if used > MESSAGE_LIMIT {
        return Some(count(&t.v1_over, (used - MESSAGE_LIMIT) as u64));
    }
    let left = MESSAGE_LIMIT - used;
    (left <= COUNTER_FROM).then(|| count(&t.v1_left, left as u64))
}

fn keys(draft: Draft, event: &leptos::ev::KeyboardEvent) {
    // 229: Safari fires Enter after an input method has ended (50-browser 12).
    if event.is_composing() || event.key_code() == 229 {
        return;
    }
    match event.key().as_str() {
        "Enter" if !event.shift_key() && !event.alt_key() => {
            event.prevent_default();
            draft.send();
        }
        "ArrowUp" if draft.said.with_untracked(String::is_empty) => {
            let last = draft
                .app
                .timeline
                .messages
                .with_untracked(|messages| messages.last().map(|m| m.id));
            if let Some(id) = last {
                event.prevent_default();
                focus_message(id);
            }
        }
        "Escape" => crate::page::focus::first_of("[data-pane-stop='list']"),
        _ => {}
    }
}

fn scroll_to_end() {
    request_animation_frame(|| {
        if let Some(scroller) = document().query_selector(".timeline").ok().flatten() {
            scroller.set_scroll_top(0);
        }
    });
}
