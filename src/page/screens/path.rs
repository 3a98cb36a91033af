//! P2: the way a request takes (screens 14). The list says everything and stands first; the map shows the same.

mod actions;
mod layout;
mod map;
mod one;
mod report;
mod rules;

use crate::i18n::{fill, text};
use crate::page::refresh;
use crate::page::router::Route;
use crate::page::screens::network::ConnectionCard;
use crate::page::state::{App, Phase};
use crate::page::ui::icons::{Draw, Icon};
use actions::{Actions, Explained};
use leptos::prelude::*;
use one::OnePath;
use onionskin_client::api::{Answer, Command, ConnectionState, ErrorCode};
use wasm_bindgen::JsCast;

/// Ages, counts and passing requests are read anew this often while the screen is open (ms).
const REFRESH_MS: u32 = 2_000;

#[component]
pub(crate) fn PathScreen() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    refresh::every(app, REFRESH_MS, move || {
        leptos::task::spawn_local(async move {
            if let Ok(Answer::Paths(paths)) = app.command(Command::GetPaths).await {
                app.paths.set(Some(paths));
            }
        });
    });
    let state = Memo::new(move |_| {
        let offline = app
            .network
            .with(|network| network.state == ConnectionState::Offline);
        app.paths.with(|paths| match paths {
            _ if offline => "offline",
            None => "loading",
            Some(paths) if paths.is_empty() => "empty",
            Some(_) => "ready",
        })
    });
    // What could not be loaded is asked for again when the network is back.
    let placed = Memo::new(move |_| {
        let hops = app
            .paths
            .with(|paths| paths.iter().flatten().any(|path| !path.hops.is_empty()));
        hops && state.get() != "offline"
    });
    Effect::new(move |_| {
        if placed.get() {
            app.world.need();
        }
    });
    let open = move || app.phase.get() == Phase::Open;
    view! {
        <section class="pane-screen" data-screen="p2" data-state=move || state.get() aria-label=t.p2_title>
            <header class="pane-head">
                <a class="icon-button" href=Route::Network.href() aria-label=t.back title=t.back data-testid="p2.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{t.p2_title}</h1>
            </header>
            <div class="pane-body">
                <div class="column broad">
                    <p class="small muted">{t.p2_about}</p>
                    <Show when=open fallback=|| view! { <ConnectionCard /> }>
                        <StateNote state />
                        <Paths state />
                        <Actions />
                        <Explained />
                    </Show>
                </div>
            </div>
        </section>
    }
}

/// None yet, building, broken, offline.
#[component]
fn StateNote(state: Memo<&'static str>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let said = Memo::new(move |_| {
        let (network, problem) = app.network.with(|network| (network.state, network.problem));
        let broken = app.paths.with(|paths| {
            let mut paths = paths.iter().flatten();
            paths.find_map(|path| path.broken)
        });
        let said = match (state.get(), network) {
            ("offline", _) => Some(t.p2_offline),
            ("loading" | "empty", ConnectionState::RelayDown) => Some(t.p2_none),
            ("loading" | "empty", _) => Some(t.p2_building),
            _ if problem == Some(ErrorCode::NetGuard) => Some(t.p2_broken_guard),
            (_, ConnectionState::RelayDown) => Some(t.p2_relay_down),
            (_, ConnectionState::Building) => Some(t.p2_rebuilding),
            _ => None,
        };
        said.map(str::to_owned).or_else(|| {
            let place = broken?;
            Some(fill(t.p2_broken, &[("n", &(place + 1).to_string())]))
        })
    });
    move || {
        said.get().map(|said| {
            view! {
                <div class="note" role="status" data-testid="p2.state">
                    <Draw icon=Icon::Info />
                    <p>{said}</p>
                </div>
            }
        })
    }
}

/// A tab for each path; only the chosen one shows.
#[component]
fn Paths(state: Memo<&'static str>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    // Whether each one is a standing path or the last one-off.
    let kinds = Memo::new(move |_| {
        app.paths.with(|paths| {
            let paths = paths.iter().flatten();
            paths
                .map(|path| path.rotates_at.is_some())
                .collect::<Vec<_>>()
        })
    });
    let wanted = RwSignal::new(0usize);
    let chosen = Memo::new(move |_| wanted.get().min(kinds.with(Vec::len).saturating_sub(1)));
    let tabs = move || {
        kinds
            .get()
            .into_iter()
            .enumerate()
            .map(|(at, standing)| view! { <Tab at standing chosen wanted /> })
            .collect_view()
    };
    let panels = move || {
        let count = kinds.with(Vec::len);
        (0..count)
            .map(|at| view! { <OnePath at chosen /> })
            .collect_view()
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        let count = kinds.with_untracked(Vec::len);
        let at = chosen.get_untracked();
        let rtl = document().dir() == "rtl";
        let next = match event.key().as_str() {
            "Home" => 0,
            "End" => count.saturating_sub(1),
            "ArrowRight" if !rtl => (at + 1) % count.max(1),
            "ArrowLeft" if rtl => (at + 1) % count.max(1),
            "ArrowLeft" | "ArrowRight" => (at + count.max(1) - 1) % count.max(1),
            _ => return,
        };
        event.prevent_default();
        wanted.set(next);
        focus_tab(next);
    };
    view! {
        <div class="stack" class:faded=move || state.get() == "offline">
            <div class="tabs" role="tablist" aria-label=t.p2_tabs hidden=move || kinds.with(Vec::is_empty) on:keydown=keys>
                {tabs}
            </div>
            {panels}
        </div>
    }
}

#[component]
fn Tab(at: usize, standing: bool, chosen: Memo<usize>, wanted: RwSignal<usize>) -> impl IntoView {
    let t = text();
    let name = if standing {
        fill(t.p2_path, &[("n", &(at + 1).to_string())])
    } else {
        t.p2_one_off.to_owned()
    };
    let here = move || chosen.get() == at;
    view! {
        <button
            type="button"
            role="tab"
            class="tab"
            id=tab_id(at)
            aria-controls=panel_id(at)
            aria-selected=move || here().to_string()
            tabindex=move || if here() { "0" } else { "-1" }
            data-testid="p2.tab"
            on:click=move |_| wanted.set(at)
        >
            {name}
        </button>
    }
}

fn tab_id(at: usize) -> String {
    format!("p2-tab-{at}")
}

fn panel_id(at: usize) -> String {
    format!("p2-panel-{at}")
}

fn focus_tab(at: usize) {
    let tab = document()
        .get_element_by_id(&tab_id(at))
        .and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(tab) = tab {
        crate::page::focus::focus(&tab);
    }
}
