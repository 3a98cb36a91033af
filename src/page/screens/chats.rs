//! C1: the list pane with its head, first steps and the conversations.

use super::list::ConversationList;
use crate::i18n::text;
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::connection::ConnectionChip;
use crate::page::ui::copy::CopyButton;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Command, ConnectionState, RestoreStep};

/// Width of the list in CSS px: least, first, most.
const WIDTHS: (i32, i32, i32) = (260, 320, 420);

#[component]
pub(crate) fn Chats() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let state = move || {
        let offline = app
            .network
            .with(|network| network.state == ConnectionState::Offline);
        app.conversations.with(|list| match list {
            None => "loading",
            Some(_) if offline => "offline",
            Some(list) if list.is_empty() => "empty",
            Some(_) => "ready",
        })
    };
    let title = move || {
        if app.route.get() == Route::Chats {
            view! { <h1 tabindex="-1" data-route-focus>{t.c1_title}</h1> }.into_any()
        } else {
            view! { <h2>{t.c1_title}</h2> }.into_any()
        }
    };
    view! {
        <section class="pane-list" data-screen="c1" data-state=state aria-label=t.c1_region data-pane-stop="list">
            <header class="pane-head">
                {title}
                <Show when=move || app.is_temporary()>
                    <span class="temporary-word" data-testid="c1.temporary">{t.temporary_word}</span>
                </Show>
                <ConnectionChip />
                <a class="icon-button" href=Route::New.href() aria-label=t.c1_new title=t.c1_new data-testid="c1.new">
                    <Draw icon=Icon::New size=24 />
                </a>
            </header>
            <RestoreLine />
            <div class="list-scroll" id="list-scroll">
                <ProblemBanner />
                <FirstSteps />
                <ConversationList />
            </div>
            <Splitter />
        </section>
    }
}

/// What a restore is doing.
#[component]
fn RestoreLine() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    move || {
        let said = match app.restoring.get()? {
            RestoreStep::Connecting => t.restore_connecting,
            RestoreStep::Profile => t.restore_profile,
            RestoreStep::Messages => t.restore_messages,
            RestoreStep::Done => return None,
        };
        Some(view! {
            <div class="restore-line" role="status" data-testid="c1.restoring">
                <Draw icon=Icon::Arc size=16 />
                <span>{said}</span>
            </div>
        })
    }
}

/// What went wrong and belongs to no message: at most one.
#[component]
fn ProblemBanner() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    move || {
        app.problem.get().map(|failure| {
            view! {
                <div class="banner">
                    <FailureNote failure testid="c1.problem" />
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=t.dismiss
                        title=t.dismiss
                        data-testid="c1.problem-dismiss"
                        on:click=move |_| app.problem.set(None)
                    >
                        <Draw icon=Icon::Close size=16 />
                    </button>
                </div>
            }
        })
    }
}

/// Save the phrase, share the ID, add someone. Only the phrase is left once there are conversations.
#[component]
fn FirstSteps() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let unchecked = Memo::new(move |_| {
        app.profile
            .with(|profile| profile.as_ref().is_some_and(|p| !p.phrase_checked))
    });
    let fresh = Memo::new(move |_| {
        app.conversations
            .with(|list| list.as_ref().is_some_and(Vec::is_empty))
    });
    let id = Signal::derive(move || {
        app.profile.with(|profile| {
            profile
                .as_ref()
                .map(|p| p.account_id.clone())
                .unwrap_or_default()
        })
    });
    let dismiss = move |_| app.send(Command::SetPhraseChecked { checked: true });
    let phrase_why = move || {
        if app.is_temporary() {
            t.first_phrase_temporary
        } else {
            t.first_phrase_why
        }
    };
    view! {
        <Show when=move || unchecked.get() || fresh.get()>
            <section class="first-steps" aria-labelledby="first-steps-title" data-testid="c1.first-steps">
                <div class="card-head">
                    <h2 id="first-steps-title">{move || if fresh.get() { t.first_title } else { t.first_phrase }}</h2>
                    <Show when=move || unchecked.get()>
                        <button
                            type="button"
                            class="icon-button"
                            aria-label=t.first_dismiss
                            title=t.first_dismiss
                            data-testid="c1.dismiss-steps"
                            on:click=dismiss
                        >
                            <Draw icon=Icon::Close size=16 />
                        </button>
                    </Show>
                </div>
                <Show when=move || unchecked.get()>
                    <p class="small muted">{phrase_why}</p>
                    <button type="button" class="button" data-testid="c1.save-phrase" on:click=move |_| app.phrase_open.set(true)>
                        <Draw icon=Icon::Key />
                        {t.first_save_phrase}
                    </button>
                </Show>
                <Show when=move || fresh.get()>
                    <CopyButton what=id label=t.first_share testid="c1.copy-id" />
                    <a class="button" href=Route::New.href() data-testid="c1.add">
                        <Draw icon=Icon::Request />
                        {t.first_add}
                    </a>
                </Show>
            </section>
        </Show>
    }
}

/// The edge of the list, dragged or moved with the arrow keys.
#[component]
fn Splitter() -> impl IntoView {
    let t = text();
    let width = RwSignal::new(WIDTHS.1);
    let dragging = RwSignal::new(false);
    let set = move |wanted: i32| {
        let wanted = wanted.clamp(WIDTHS.0, WIDTHS.2);
        width.set(wanted);
        set_root_property("--list-width", &format!("{wanted}px"));
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        let rtl = document().dir() == "rtl";
        let by = match event.key().as_str() {
            "ArrowLeft" => -16,
            "ArrowRight" => 16,
            _ => return,
        };
        event.prevent_default();
        set(width.get_untracked() + if rtl { -by } else { by });
    };
    let down = move |event: leptos::ev::PointerEvent| {
        event.prevent_default();
        dragging.set(true);
        // Without capture the pointer may leave the edge; the drag then ends early.
        let _ = event_target::<web_sys::Element>(&event).set_pointer_capture(event.pointer_id());
    };
    let moved = move |event: leptos::ev::PointerEvent| {
        if dragging.get_untracked() {
            let rail = 56;
            let rtl = document().dir() == "rtl";
            let x = if rtl {
                window_width() - event.client_x()
            } else {
                event.client_x()
            };
            set(x - rail);
        }
    };
    view! {
        <div
            class="splitter"
            role="separator"
            aria-orientation="vertical"
            aria-label=t.c1_width
            aria-valuemin=WIDTHS.0.to_string()
            aria-valuemax=WIDTHS.2.to_string()
            aria-valuenow=move || width.get().to_string()
            tabindex="0"
            data-testid="c1.splitter"
            on:keydown=key
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=move |_| dragging.set(false)
            on:pointercancel=move |_| dragging.set(false)
        ></div>
    }
}

fn window_width() -> i32 {
    document()
        .document_element()
        .map_or(0, |root| root.client_width())
}

fn set_root_property(name: &str, value: &str) {
    use wasm_bindgen::JsCast;
    let root = document()
        .document_element()
        .and_then(|root| root.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(root) = root {
        // A custom property takes any value.
        let _ = root.style().set_property(name, value);
    }
}
