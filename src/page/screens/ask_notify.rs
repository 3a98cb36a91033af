//! Before the browser asks whether it may show notifications, the app says what they would tell (screens 19): a tip in the list
//! after the first contact, and a layer.

use crate::i18n::text;
use crate::page::notify::{Allowed, allowed, ask, how_to_allow, may_ask};
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{ErrorCode, Failure};

/// What is said where the browser refuses.
#[component]
pub(super) fn Denied(testid: &'static str) -> impl IntoView {
    let failure = Failure {
        code: ErrorCode::NotifDenied,
        number: None,
        detail: String::new(),
    };
    view! {
        <div class="stack">
            <FailureNote failure testid />
            <p class="small" data-testid=format!("{testid}-how")>{how_to_allow()}</p>
        </div>
    }
}

/// The layer above everything. It asks the browser, and switches notifications on when that allows them.
#[component]
pub(crate) fn AskNotify() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let open = app.asking_notify;
    let denied = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    let not_now = move || {
        app.prefs.asked.set(js_sys::Date::now());
        open.set(false);
    };
    let go_on = move |_| {
        failed.set(None);
        app.prefs.asked.set(js_sys::Date::now());
        leptos::task::spawn_local(async move {
            match ask().await {
                Allowed::Yes => {}
                Allowed::No => return denied.set(true),
                // The question was put away.
                Allowed::Ask | Allowed::Missing => return open.set(false),
            }
            let on = app.change_settings(|settings| settings.notifications = true);
            match on.await {
                Ok(()) => open.set(false),
                Err(failure) => failed.set(Some(failure)),
            }
        });
    };
    view! {
        <Dialog open screen="notify" title=t.notify_title>
            <p>{t.notify_about}</p>
            <p class="small muted">{t.notify_browser}</p>
            <div aria-live="polite">
                <Show when=move || denied.get()><Denied testid="notify.denied" /></Show>
                {move || failed.get().map(|failure| view! { <FailureNote failure testid="notify.error" /> })}
            </div>
            <div class="actions end">
                <button type="button" class="button" data-testid="notify.not-now" on:click=move |_| not_now()>
                    {t.n2_not_now}
                </button>
                <button type="button" class="button primary" data-testid="notify.go" disabled=move || denied.get() on:click=go_on>
                    {t.notify_go}
                </button>
            </div>
        </Dialog>
    }
}

/// Offers notifications once somebody is there who could write, and not again for a month.
#[component]
pub(super) fn NotifyTip(
    /// Something more important stands there.
    #[prop(into)]
    held: Signal<bool>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let contact = Memo::new(move |_| {
        app.conversations.with(|list| {
            let mut all = list.iter().flatten();
            all.any(|one| one.accepted && !one.note_to_self && !one.blocked)
        })
    });
    let shown = Memo::new(move |_| {
        let off = app.settings.with(|settings| !settings.notifications);
        // Asked anew when the layer closes.
        app.asking_notify.track();
        contact.get() && off && !held.get() && may_ask(app) && allowed() == Allowed::Ask
    });
    view! {
        <Show when=move || shown.get()>
            <section class="first-steps" aria-labelledby="notify-tip-title" data-testid="c1.notify-tip">
                <div class="card-head">
                    <h2 id="notify-tip-title">{t.notify_title}</h2>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=t.first_dismiss
                        title=t.first_dismiss
                        data-testid="c1.notify-dismiss"
                        on:click=move |_| {
                            app.prefs.asked.set(js_sys::Date::now());
                            crate::page::focus::rescue("[data-screen='c1']");
                        }
                    >
                        <Draw icon=Icon::Close size=16 />
                    </button>
                </div>
                <button type="button" class="button" data-testid="c1.notify-ask" on:click=move |_| app.asking_notify.set(true)>
                    <Draw icon=Icon::Bell />
                    {t.notify_tip}
                </button>
            </section>
        </Show>
    }
}
