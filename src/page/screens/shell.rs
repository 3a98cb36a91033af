//! The frame of an open account: rail or bottom bar, list, main pane (screens 2.2).

use super::chats::Chats;
use super::conversation::ConversationScreen;
use super::network::Network;
use super::new::NewConversation;
use super::path::PathScreen;
use super::phrase::PhraseDialog;
use super::settings::{EraseDialog, Page, Settings};
use crate::i18n::{Catalogue, count, text};
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::connection::{hook, icon, word};
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;

#[component]
pub(crate) fn Shell() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let temporary = Memo::new(move |_| app.is_temporary());
    let pane = move || {
        if app.route.get() == Route::Chats {
            "list"
        } else {
            "main"
        }
    };
    let bar = move || {
        if matches!(app.route.get(), Route::Conversation(_)) {
            "hidden"
        } else {
            "shown"
        }
    };
    view! {
        <a class="skip-link" href="#main" on:click=skip_to_main>{t.skip_to_main}</a>
        <div class="app" class:is-temporary=move || temporary.get() data-pane=pane data-bar=bar>
            <Rail temporary />
            <Chats />
            <Main />
        </div>
        <Show when=move || temporary.get()>
            <div class="temporary-frame" aria-hidden="true"></div>
        </Show>
        <PhraseDialog open=app.phrase_open />
        <EraseDialog open=app.erase_open />
        <div class="visually-hidden" aria-live="polite" data-testid="announcer">{move || app.announcer.line.get()}</div>
    }
}

/// The hash belongs to the routes, so the link only moves the focus.
fn skip_to_main(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    crate::page::focus::first_of("[data-pane-stop='main']");
}

/// The pane beside the list.
#[component]
fn Main() -> impl IntoView {
    let app = expect_context::<App>();
    let pane = move || match app.route.get() {
        Route::Conversation(id) => view! { <ConversationScreen id /> }.into_any(),
        Route::New => view! { <NewConversation /> }.into_any(),
        Route::Network => view! { <Network /> }.into_any(),
        Route::Path => view! { <PathScreen /> }.into_any(),
        Route::Settings => view! { <Settings page=Page::You /> }.into_any(),
        Route::NetworkSettings => view! { <Settings page=Page::Network /> }.into_any(),
        _ => view! { <Resting /> }.into_any(),
    };
    view! { <main class="pane-main" id="main" data-pane-stop="main">{pane}</main> }
}

/// No conversation is chosen.
#[component]
fn Resting() -> impl IntoView {
    let t = text();
    view! {
        <div class="rest-pane">
            <span class="mark">
                <Draw icon=Icon::Mark size=64 />
            </span>
            <p>{t.rest}</p>
        </div>
    }
}

#[component]
fn Rail(temporary: Memo<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let unread = Memo::new(move |_| {
        app.conversations.with(|list| {
            list.iter()
                .flatten()
                .map(|one| u64::from(one.unread))
                .sum::<u64>()
        })
    });
    let state = Memo::new(move |_| app.network.with(|network| network.state));
    let here = move |routes: &[Route]| routes.contains(&app.route.get()).then_some("page");
    let in_chats = move || {
        matches!(
            app.route.get(),
            Route::Chats | Route::Conversation(_) | Route::New
        )
        .then_some("page")
    };
    let me = move || {
        app.profile
            .get()
            .map(|profile| view! { <Avatar id=profile.account_id size=36 /> })
    };
    view! {
        <nav class="rail" aria-label=t.rail_label data-pane-stop="rail">
            <a class="rail-item wide-only" href=Route::Settings.href() aria-label=t.rail_you title=t.rail_you data-testid="rail.you">
                {me}
            </a>
            <a class="rail-item" href=Route::Chats.href() title=t.rail_chats data-testid="rail.chats" aria-current=in_chats>
                <Draw icon=Icon::Chats size=24 />
                <span class="word">{t.rail_chats}</span>
                <Show when=move || { unread.get() > 0 }>
                    <span class="count">
                        <span aria-hidden="true">{move || short_count(unread.get())}</span>
                        <span class="visually-hidden">{move || count(&t.unread, unread.get())}</span>
                    </span>
                </Show>
            </a>
            <span class="gap"></span>
            <a
                class="rail-item chip-icon"
                href=Route::Network.href()
                title=move || word(t, state.get())
                data-testid="rail.network"
                data-net=move || hook(state.get())
                aria-current=move || here(&[Route::Network, Route::Path])
            >
                <Draw icon=Signal::derive(move || icon(state.get())) size=24 />
                <span class="word">
                    {t.rail_network} <span class="visually-hidden">": " {move || word(t, state.get())}</span>
                </span>
            </a>
            <a class="rail-item" href=Route::Settings.href() title=t.rail_settings data-testid="rail.settings" aria-current=move || here(&[Route::Settings, Route::NetworkSettings])>
                <Draw icon=Icon::Sliders size=24 />
                <span class="word">{t.rail_settings}</span>
            </a>
            <EndButton temporary t />
        </nav>
    }
}

/// *Lock*, or for a temporary account *Burn now*.
#[component]
fn EndButton(temporary: Memo<bool>, t: &'static Catalogue) -> impl IntoView {
    let app = expect_context::<App>();
    let lock = move |_| leptos::task::spawn_local(app.lock());
    move || {
        if temporary.get() {
            view! {
                <button
                    type="button"
                    class="rail-item burn"
                    aria-label=t.burn_now
                    title=t.burn_now
                    data-testid="rail.burn"
                    on:click=move |_| app.erase_open.set(true)
                >
                    <Draw icon=Icon::Flame size=24 />
                    <span class="word">{t.burn_word}</span>
                </button>
            }
            .into_any()
        } else {
            view! {
                <button type="button" class="rail-item wide-only" aria-label=t.lock_now title=t.lock_now data-testid="rail.lock" on:click=lock>
                    <Draw icon=Icon::Lock size=24 />
                </button>
            }
            .into_any()
        }
    }
}

/// 1 to 999, then "999+".
pub(crate) fn short_count(n: u64) -> String {
    if n > 999 {
        "999+".into()
    } else {
        n.to_string()
    }
}

/// Keys that act everywhere in an open account (screens 2.4).
pub(crate) fn keys(app: App, event: &leptos::ev::KeyboardEvent) {
    let mod2 = event.alt_key() && event.shift_key()
        || event.ctrl_key() && event.shift_key() && event.meta_key();
    match (event.code().as_str(), mod2, event.alt_key()) {
        ("F6", _, _) => crate::page::focus::next_pane(event.shift_key()),
        ("KeyN", true, _) => go(Route::New),
        ("KeyL", true, _)
            if !app
                .profile
                .with_untracked(|p| p.as_ref().is_some_and(|p| p.temporary)) =>
        {
            leptos::task::spawn_local(app.lock());
        }
        ("ArrowDown", false, true) => step(app, 1),
        ("ArrowUp", false, true) => step(app, -1),
        _ => return,
    }
    event.prevent_default();
}

/// The next or previous conversation of the list.
fn step(app: App, by: isize) {
    let next = app.conversations.with_untracked(|list| {
        let list = list.as_ref()?;
        let here = match app.route.get_untracked() {
            Route::Conversation(id) => list.iter().position(|one| one.id == id),
            _ => None,
        };
        let at = match here {
            Some(at) => at.checked_add_signed(by)?,
            None => 0,
        };
        list.get(at).map(|one| one.id)
    });
    if let Some(id) = next {
        go(Route::Conversation(id));
    }
}
