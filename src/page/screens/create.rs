//! W2 and W4: a new account in one card. The name is optional, the rest is whether anything may stay.

use crate::i18n::{fill, format, text};
use crate::page::pseudonym::random_pseudonym;
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::text::{NAME_LIMIT, clean_name, turns_direction};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::keep::{KeepForm, KeepQuestions, Stay};
use leptos::prelude::*;
use onionskin_client::api::Failure;

#[component]
pub(crate) fn Create(
    /// Came by "use once on this computer".
    temporary: bool,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let name = RwSignal::new(String::new());
    let suggestion = RwSignal::new(random_pseudonym());
    let keep = KeepForm::new(temporary.then_some(Stay::Temporary));
    let failed = RwSignal::new(None::<Failure>);
    let busy = RwSignal::new(false);

    let bytes = Memo::new(move |_| name.with(|name| clean_name(name).len()));
    let missing = Memo::new(move |_| {
        if bytes.get() > NAME_LIMIT {
            return Some(t.w2_name_too_long);
        }
        if name.with(|name| name.chars().any(turns_direction)) {
            return Some(t.w2_name_direction);
        }
        keep.missing(t)
    });
    let start = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if missing.get_untracked().is_some() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let typed = clean_name(&name.get_untracked());
        let name = if typed.is_empty() {
            suggestion.get_untracked()
        } else {
            typed
        };
        let answers = keep.take();
        leptos::task::spawn_local(async move {
            if let Err(failure) = app.create(name, answers).await {
                failed.set(Some(failure));
                busy.set(false);
            }
        });
    };
    view! {
        <main
            class="page"
            data-screen=if temporary { "w4" } else { "w2" }
            data-state=move || if failed.get().is_some() { "error" } else if busy.get() { "loading" } else { "ready" }
        >
            <form class="sheet" on:submit=start novalidate>
                <div class="sheet-head">
                    <a class="back-link" href=Route::Welcome.href() data-testid="w2.back">
                        <Draw icon=Icon::Back size=16 />
                        {t.back}
                    </a>
                    <h1 tabindex="-1" data-route-focus>{if temporary { t.w4_title } else { t.w2_title }}</h1>
                    {temporary.then(|| view! { <p class="muted">{t.w4_about}</p> })}
                </div>
                <NameField name suggestion bytes />
                <KeepQuestions form=keep screen="w2" />
                {move || failed.get().map(|failure| view! { <FailureNote failure testid="w2.error" /> })}
                <div class="stack">
                    <button
                        type="submit"
                        class="button primary big"
                        data-testid="w2.start"
                        disabled=move || missing.get().is_some() || busy.get()
                        aria-describedby="w2-missing"
                    >
                        {move || if busy.get() { t.working } else { t.start }}
                    </button>
                    <p class="hint-line" id="w2-missing" data-testid="w2.missing">{move || missing.get()}</p>
                    {temporary.then(|| view! { <a class="button quiet" href=Route::Restore.href() data-testid="w4.restore">{t.w1_restore}</a> })}
                </div>
            </form>
        </main>
    }
}

#[component]
fn NameField(
    name: RwSignal<String>,
    suggestion: RwSignal<String>,
    bytes: Memo<usize>,
) -> impl IntoView {
    let t = text();
    let over = move || bytes.get() > NAME_LIMIT;
    let counter = move || {
        (bytes.get() >= 80).then(|| {
            let used = format::number(bytes.get() as u64);
            let limit = format::number(NAME_LIMIT as u64);
            fill(t.bytes_of, &[("n", &used), ("limit", &limit)])
        })
    };
    view! {
        <div class="field">
            <label for="w2-name">{t.w2_name} " " <span class="optional">{t.optional}</span></label>
            <div class="input-row">
                <input
                    class="input"
                    id="w2-name"
                    type="text"
                    dir="auto"
                    autocomplete="off"
                    autocapitalize="words"
                    spellcheck="false"
                    data-testid="w2.name"
                    placeholder=move || suggestion.get()
                    aria-invalid=move || over().to_string()
                    aria-describedby="w2-name-hint"
                    prop:value=move || name.get()
                    on:input=move |event| name.set(event_target_value(&event))
                />
                <button
                    type="button"
                    class="icon-button"
                    aria-label=t.w2_another_name
                    title=t.w2_another_name
                    data-testid="w2.another-name"
                    on:click=move |_| {
                        name.set(String::new());
                        suggestion.set(random_pseudonym());
                    }
                >
                    <Draw icon=Icon::Again />
                </button>
            </div>
            <div class="below" id="w2-name-hint">
                <span>{move || fill(t.w2_name_hint, &[("name", &crate::i18n::isolate(&suggestion.get()))])}</span>
                <span class="counter" class:wrong=over data-testid="w2.name-bytes">{counter}</span>
            </div>
        </div>
    }
}
