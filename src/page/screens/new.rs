//! N1: paste an Account ID, see whom it names, write. Below it the own ID, to give away.

use crate::i18n::{count, fill, text};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::text::{IdProblem, name_of, read_id};
use crate::page::ui::avatar::Avatar;
use crate::page::ui::copy::CopyButton;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::names::GroupedId;
use leptos::prelude::*;
use onionskin_client::api::{ErrorCode, Failure, short_id};

#[component]
pub(crate) fn NewConversation() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let invited = app.invited.get_untracked();
    app.invited.set(None);
    let typed = RwSignal::new(invited.unwrap_or_default());
    let failed = RwSignal::new(None::<Failure>);
    let read =
        Memo::new(move |_| typed.with(|typed| (!typed.trim().is_empty()).then(|| read_id(typed))));
    let valid = Memo::new(move |_| read.get().and_then(Result::ok));
    let message = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(id) = valid.get_untracked() else {
            return;
        };
        leptos::task::spawn_local(async move {
            if let Err(failure) = app.start_conversation(id).await {
                failed.set(Some(failure));
            }
        });
    };
    let state = move || match read.get() {
        None => "empty",
        Some(Ok(_)) => "ready",
        Some(Err(_)) => "error",
    };
    view! {
        <section class="pane-screen" data-screen="n1" data-state=state aria-label=t.n1_title>
            <header class="pane-head">
                <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="n1.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{t.n1_title}</h1>
            </header>
            <div class="pane-body">
                <div class="column">
                    <form class="stack" on:submit=message novalidate>
                        <div class="field">
                            <label for="n1-input">{t.n1_label}</label>
                            <textarea
                                class="input mono"
                                id="n1-input"
                                rows="3"
                                dir="ltr"
                                autocomplete="off"
                                autocapitalize="off"
                                spellcheck="false"
                                data-testid="n1.input"
                                data-pane-focus
                                aria-describedby="n1-hint"
                                aria-invalid=move || matches!(read.get(), Some(Err(_))).to_string()
                                prop:value=move || typed.get()
                                on:input=move |event| {
                                    failed.set(None);
                                    typed.set(event_target_value(&event));
                                }
                                on:keydown=move |event| {
                                    if event.key() == "Enter" && valid.get_untracked().is_some() && !event.is_composing() {
                                        event.prevent_default();
                                        submit(&event);
                                    }
                                }
                            ></textarea>
                            <p class="hint" id="n1-hint">{t.n1_hint}</p>
                        </div>
                        <div aria-live="polite">
                            {move || match read.get() {
                                Some(Err(problem)) => Some(view! { <Wrong problem /> }.into_any()),
                                Some(Ok(id)) => Some(view! { <Preview id /> }.into_any()),
                                None => None,
                            }}
                        </div>
                        {move || failed.get().map(|failure| view! { <FailureNote failure testid="n1.failed" /> })}
                    </form>
                    <MyId />
                </div>
            </div>
        </section>
    }
}

/// Enter in the field sends the form it stands in.
fn submit(event: &leptos::ev::KeyboardEvent) {
    let field = event_target::<web_sys::HtmlTextAreaElement>(event);
    if let Some(form) = field.form() {
        // Only forms outside the document refuse.
        let _ = form.request_submit();
    }
}

/// What is wrong with the ID, and where.
#[component]
fn Wrong(problem: IdProblem) -> impl IntoView {
    let t = text();
    if problem == IdProblem::Phrase {
        return view! {
            <div class="note error" role="alert" data-testid="n1.secret">
                <Draw icon=Icon::Warning />
                <div class="stack tight">
                    <p class="what">{t.n1_phrase}</p>
                    <p>{t.n1_phrase_why}</p>
                </div>
            </div>
        }
        .into_any();
    }
    let what = match &problem {
        IdProblem::Length(n) => count(&t.id_length, *n as u64),
        IdProblem::Character(n, c) => fill(
            t.id_character,
            &[("n", &n.to_string()), ("c", &c.to_string())],
        ),
        IdProblem::Prefix(start) => fill(t.id_prefix, &[("start", start)]),
        IdProblem::Phrase => String::new(),
    };
    let failure = Failure {
        code: ErrorCode::IdFormat,
        number: None,
        detail: String::new(),
    };
    view! { <FailureNote failure what testid="n1.error" /> }.into_any()
}

/// Whom the ID names, and the button to write.
#[component]
fn Preview(id: String) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let own = app
        .profile
        .with_untracked(|profile| profile.as_ref().is_some_and(|p| p.account_id == id));
    let known = app.conversations.with_untracked(|list| {
        list.iter()
            .flatten()
            .find(|one| one.account_id == id && !one.note_to_self)
            .map(name_of)
    });
    let name = match (own, known) {
        (true, _) => t.note_to_self.to_owned(),
        (false, Some(name)) => name,
        (false, None) => short_id(&id),
    };
    view! {
        <div class="card" data-testid="n1.preview">
            <div class="person">
                <Avatar id=id.clone() note_to_self=own size=56 />
                <div class="stack tight">
                    <h2>
                        <bdi>{name}</bdi>
                    </h2>
                    <p class="small muted">{if own { t.n1_own } else { t.n1_check }}</p>
                </div>
            </div>
            <GroupedId id testid="n1.preview-id" />
            <button type="submit" class="button primary" data-testid="n1.message">
                {if own { t.n1_open_notes } else { t.n1_message }}
            </button>
        </div>
    }
}

/// The own ID with its picture.
#[component]
pub(crate) fn MyId() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let own = Memo::new(move |_| {
        app.profile.with(|profile| {
            profile
                .as_ref()
                .map(|p| p.account_id.clone())
                .unwrap_or_default()
        })
    });
    view! {
        <section class="card" aria-labelledby="my-id-title">
            <div class="person">
                {move || view! { <Avatar id=own.get() size=56 /> }}
                <div class="stack tight">
                    <h2 id="my-id-title">{t.my_id}</h2>
                    <p class="small muted">{t.my_id_why}</p>
                </div>
            </div>
            {move || view! { <GroupedId id=own.get() testid="n1.my-id" /> }}
            <div class="actions">
                <CopyButton what=own label=t.copy_id testid="n1.copy-id" />
            </div>
        </section>
    }
}
