//! The frame of an open account: rail or bottom bar, list, main pane (screens 2.2).

use super::archive::Archive;
use super::ask_notify::AskNotify;
use super::chats::{Chats, requests_waiting};
use super::conversation::ConversationScreen;
use super::details::Details;
use super::erase::BurnDialog;
use super::folder::{FolderDialog, LabelDialog};
use super::mute::MuteDialog;
use super::network::Network;
use super::new::NewConversation;
use super::palette::{Palette, PaletteButton};
use super::path::PathScreen;
use super::phrase::PhraseDialog;
use super::requests::Requests;
use super::safety::SafetyDialog;
use super::search::{Listed, Search};
use super::settings::{Page, Settings};
use super::shortcuts::ShortcutList;
use crate::i18n::{Catalogue, count, text};
use crate::page::listing::{Filter, Which, is_request, shown};
use crate::page::media::{MediaDock, MediaLayer, MediaPage};
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::connection::{hook, icon, word};
use crate::page::ui::dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::menu::MenuLayer;
use leptos::prelude::*;
use onionskin_client::api::ConversationId;
use wasm_bindgen::JsCast;

#[component]
pub(crate) fn Shell() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let temporary = Memo::new(move |_| app.is_temporary());
    app.emojis.keep(app);
    let pane = move || {
        if app.route.get() == Route::Chats {
            "list"
        } else {
            "main"
        }
    };
    let bar = move || {
        if app.route.get().conversation().is_some() {
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
            <MediaDock />
        </div>
        <Show when=move || temporary.get()>
            <div class="temporary-frame" aria-hidden="true"></div>
        </Show>
        <ProblemBanner />
        <Palette />
        <ShortcutList open=app.shortcuts_open />
        <MediaLayer />
        <PhraseDialog open=app.phrase_open />
        <SafetyDialog />
        <MuteDialog />
        <AskNotify />
        <FolderDialog />
        <BurnDialog open=app.burn_open />
        <LabelDialog />
        <MenuLayer menu=app.menu />
        <div class="visually-hidden" aria-live="polite" data-testid="announcer">{move || app.announcer.line.get()}</div>
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
                <div class="banner problem">
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

/// The hash belongs to the routes, so the link only moves the focus.
fn skip_to_main(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    crate::page::focus::first_of("[role='main'], #main");
}

/// A screen that takes the place of one of its kind takes over its elements, and with them how far they were scrolled.
fn start_at_top() {
    let body = document().query_selector("#main .pane-body");
    if let Some(body) = body.ok().flatten() {
        body.set_scroll_top(0);
    }
}

/// The pane beside the list.
#[component]
fn Main() -> impl IntoView {
    let app = expect_context::<App>();
    let place = Memo::new(move |_| match app.route.get() {
        // Details stand beside the conversation, which stays as it is.
        Route::At(id, _) | Route::Find(id) | Route::Details(id) => Route::Conversation(id),
        other => other,
    });
    Effect::new(move |before: Option<Route>| {
        let now = place.get();
        if before.is_some_and(|before| before != now) {
            request_animation_frame(start_at_top);
        }
        now
    });
    let pane = move || match place.get() {
        Route::Conversation(id) => view! { <Beside id /> }.into_any(),
        Route::Media(id) => view! { <MediaPage id /> }.into_any(),
        Route::Archive => view! { <Archive /> }.into_any(),
        Route::Requests => view! { <Requests /> }.into_any(),
        Route::Search => view! { <Search /> }.into_any(),
        Route::Starred => view! { <Listed starred=true /> }.into_any(),
        Route::Mentions => view! { <Listed starred=false /> }.into_any(),
        Route::New => view! { <NewConversation /> }.into_any(),
        Route::Network => view! { <Network /> }.into_any(),
        Route::Path => view! { <PathScreen /> }.into_any(),
        Route::Settings => view! { <Settings page=Page::You /> }.into_any(),
        Route::NetworkSettings => view! { <Settings page=Page::Network /> }.into_any(),
        Route::Privacy => view! { <Settings page=Page::Privacy /> }.into_any(),
        Route::Notifications => view! { <Settings page=Page::Notifications /> }.into_any(),
        Route::Devices => view! { <Settings page=Page::Devices /> }.into_any(),
        Route::Storage => view! { <Settings page=Page::Storage /> }.into_any(),
        Route::Erase => view! { <Settings page=Page::Erase /> }.into_any(),
        _ => view! { <Resting /> }.into_any(),
    };
    view! { <main class="pane-main" id="main" data-pane-stop="main">{pane}</main> }
}

/// A conversation, and its details when they are asked for.
#[component]
fn Beside(id: ConversationId) -> impl IntoView {
    let app = expect_context::<App>();
    let details = Memo::new(move |_| app.route.get() == Route::Details(id));
    view! {
        <div class="beside" data-details=move || details.get().to_string()>
            <div class="beside-main">
                <ConversationScreen id />
            </div>
            <Show when=move || details.get()>
                <Details id />
            </Show>
        </div>
    }
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
                .filter(|one| !is_request(one) && !one.archived)
                .map(|one| u64::from(one.unread))
                .sum::<u64>()
        })
    });
    let state = Memo::new(move |_| app.network.with(|network| network.state));
    let here = move |routes: &[Route]| routes.contains(&app.route.get()).then_some("page");
    let in_chats = move || {
        matches!(
            app.route.get(),
            Route::Chats
                | Route::Conversation(_)
                | Route::At(..)
                | Route::Find(_)
                | Route::Details(_)
                | Route::New
        )
        .then_some("page")
    };
    let requests = Memo::new(move |_| requests_waiting(app));
    let places = [
        (
            Route::Search,
            Icon::Search,
            t.s1_title,
            "rail.search",
            false,
        ),
        (
            Route::Mentions,
            Icon::Mention,
            t.s3_title,
            "rail.mentions",
            true,
        ),
        (
            Route::Starred,
            Icon::StarMark,
            t.s2_title,
            "rail.starred",
            true,
        ),
        (
            Route::Archive,
            Icon::Archive,
            t.c2_title,
            "rail.archive",
            true,
        ),
    ];
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
            <Show when=move || { requests.get() > 0 }>
                <a
                    class="rail-item wide-only"
                    href=Route::Requests.href()
                    title=t.c3_title
                    data-testid="rail.requests"
                    aria-current=move || here(&[Route::Requests])
                >
                    <Draw icon=Icon::Request size=24 />
                    <span class="word">{t.c3_title}</span>
                    <span class="count">
                        <span aria-hidden="true">{move || short_count(requests.get())}</span>
                        <span class="visually-hidden">{move || count(&t.c1_requests, requests.get())}</span>
                    </span>
                </a>
            </Show>
            {places
                .map(|(route, icon, word, testid, wide)| {
                    view! {
                        <a
                            class="rail-item"
                            class:wide-only=wide
                            href=route.href()
                            title=word
                            data-testid=testid
                            aria-current=move || here(&[route])
                        >
                            <Draw icon size=24 />
                            <span class="word">{word}</span>
                        </a>
                    }
                })}
            <span class="gap"></span>
            <PaletteButton class="rail-item wide-only" testid="rail.palette" />
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
            <a class="rail-item" href=Route::Settings.href() title=t.rail_settings data-testid="rail.settings" aria-current=move || here(&SETTINGS)>
                <Draw icon=Icon::Sliders size=24 />
                <span class="word">{t.rail_settings}</span>
            </a>
            <EndButton temporary t />
        </nav>
    }
}

/// The pages of the settings.
const SETTINGS: [Route; 7] = [
    Route::Settings,
    Route::NetworkSettings,
    Route::Privacy,
    Route::Notifications,
    Route::Devices,
    Route::Storage,
    Route::Erase,
];

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
                    on:click=move |_| app.burn_open.set(true)
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
    let mod2 = crate::page::keys::mod2(event);
    // What lies above the screens is closed first, but locking is for haste.
    if dialog::any_open() && !(mod2 && event.code() == "KeyL") {
        return;
    }
    match (event.code().as_str(), mod2, event.alt_key()) {
        ("F6", _, _) => crate::page::focus::next_pane(event.shift_key()),
        ("KeyN", true, _) => go(Route::New),
        ("KeyF", true, _) => go(Route::Search),
        ("KeyS", true, _) => note_to_self(app),
        ("Comma", true, _) => go(Route::Settings),
        ("KeyL", true, _)
            if !app
                .profile
                .with_untracked(|p| p.as_ref().is_some_and(|p| p.temporary)) =>
        {
            leptos::task::spawn_local(app.lock());
        }
        ("KeyF", false, false) if (event.ctrl_key() || event.meta_key()) && !event.shift_key() => {
            match app.route.get_untracked() {
                // Pressed again it is the browser's own.
                Route::Find(_) => return,
                route => go(route.conversation().map_or(Route::Search, Route::Find)),
            }
        }
        ("KeyK", false, false) if event.ctrl_key() || event.meta_key() => {
            app.menu.close();
            app.palette_open.set(true);
        }
        (_, false, false) if (event.ctrl_key() || event.meta_key()) && event.key() == "/" => {
            app.shortcuts_open.set(true);
        }
        (_, false, false) if event.key() == "?" && !in_text(event) => app.shortcuts_open.set(true),
        ("ArrowDown", false, true) => step(app, 1, Filter::All),
        ("ArrowUp", false, true) => step(app, -1, Filter::All),
        ("ArrowDown", true, true) => step(app, 1, Filter::Unread),
        ("ArrowUp", true, true) => step(app, -1, Filter::Unread),
        _ => return,
    }
    event.prevent_default();
}

/// Somebody writes.
fn in_text(event: &leptos::ev::KeyboardEvent) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.matches("input, textarea, select").unwrap_or(false))
}

/// The next or previous conversation of the list that the filter leaves, from where the person is.
fn step(app: App, by: isize, filter: Filter) {
    let here = app.route.get_untracked().conversation();
    let leaving = app.leaving.get_untracked();
    let next = app.conversations.with_untracked(|list| {
        let list = list.as_deref()?;
        let all = shown(list, Which::Chats(Filter::All), &leaving);
        let wanted = shown(list, Which::Chats(filter), &leaving);
        let place = here.and_then(|id| all.iter().position(|one| *one == id));
        let mut at = place.map_or(
            Some(if by > 0 { 0 } else { all.len().checked_sub(1)? }),
            |at| at.checked_add_signed(by),
        );
        while let Some(place) = at {
            let id = *all.get(place)?;
            if wanted.contains(&id) {
                return Some(id);
            }
            at = place.checked_add_signed(by);
        }
        None
    });
    if let Some(id) = next {
        go(Route::Conversation(id));
    }
}

/// Opens the conversation with oneself.
pub(crate) fn note_to_self(app: App) {
    let own = app
        .profile
        .with_untracked(|profile| profile.as_ref().map(|own| own.account_id.clone()));
    if let Some(id) = own {
        leptos::task::spawn_local(async move {
            if let Err(failure) = app.start_conversation(id).await {
                app.problem.set(Some(failure));
            }
        });
    }
}
