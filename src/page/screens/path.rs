//! P2: the way a request takes, as a list that everybody can read: you, guard, two more nodes, the destination.

use crate::i18n::{count, fill, format, text};
use crate::page::router::Route;
use crate::page::screens::network::ConnectionCard;
use crate::page::state::{App, Phase};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::callback::Interval;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, ConnectionState, Failure, HopView, PathView};

/// Ages and counts are read anew this often while the screen is open (ms).
const REFRESH_MS: u32 = 5_000;

#[component]
pub(crate) fn PathScreen() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let read = move || {
        leptos::task::spawn_local(async move {
            if let Ok(Answer::Paths(paths)) = app.command(Command::GetPaths).await {
                app.paths.set(Some(paths));
            }
        });
    };
    if app.phase.get_untracked() == Phase::Open {
        read();
        let ticking = StoredValue::new_local(Some(Interval::new(REFRESH_MS, read)));
        on_cleanup(move || ticking.set_value(None));
    }
    let offline = move || {
        app.network
            .with(|network| network.state == ConnectionState::Offline)
    };
    let state = move || {
        app.paths.with(|paths| match paths {
            _ if offline() => "offline",
            None => "loading",
            Some(paths) if paths.is_empty() => "empty",
            Some(_) => "ready",
        })
    };
    view! {
        <section class="pane-screen" data-screen="p2" data-state=state aria-label=t.p2_title>
            <header class="pane-head">
                <a class="icon-button" href=Route::Network.href() aria-label=t.back title=t.back data-testid="p2.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{t.p2_title}</h1>
            </header>
            <div class="pane-body">
                <div class="column">
                    <p class="small muted">{t.p2_about}</p>
                    <Show when=move || app.phase.get() == Phase::Open fallback=|| view! { <ConnectionCard /> }>
                        <Paths state=Signal::derive(state) />
                        <NewPath />
                    </Show>
                </div>
            </div>
        </section>
    }
}

#[component]
fn Paths(state: Signal<&'static str>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let none = move || match state.get() {
        "offline" => Some(t.p2_offline),
        "loading" | "empty" => {
            let building = app
                .network
                .with(|network| network.state != ConnectionState::RelayDown);
            Some(if building { t.p2_building } else { t.p2_none })
        }
        _ => None,
    };
    view! {
        {move || {
            none().map(|said| {
                view! {
                    <div class="note" role="status" data-testid="p2.state">
                        <Draw icon=Icon::Info />
                        <p>{said}</p>
                    </div>
                }
            })
        }}
        <ol class="paths" class:faded=move || state.get() == "offline">
            {move || {
                app.paths
                    .get()
                    .into_iter()
                    .flatten()
                    .enumerate()
                    .map(|(at, path)| view! { <PathCard at path /> })
                    .collect_view()
            }}
        </ol>
    }
}

#[component]
fn PathCard(at: usize, path: PathView) -> impl IntoView {
    let t = text();
    let title = fill(t.p2_path, &[("n", &(at + 1).to_string())]);
    let facts = [
        fill(t.p2_built, &[("ago", &format::ago(path.built_at))]),
        count(&t.p2_requests, u64::from(path.requests)),
        count(&t.p2_failures, u64::from(path.failures)),
    ];
    let hops = path
        .hops
        .iter()
        .enumerate()
        .map(|(place, hop)| view! { <Hop place hop=hop.clone() /> })
        .collect_view();
    view! {
        <li class="card" data-testid="p2.path">
            <h2>{title}</h2>
            <ol class="hops">
                <li class="hop end">
                    <span class="dot"></span>
                    <span class="role">{t.p2_you}</span>
                </li>
                {hops}
                <li class="hop end">
                    <span class="dot"></span>
                    <span class="role">{t.p2_destination}</span>
                    <span class="small muted">{t.p2_destination_why}</span>
                </li>
            </ol>
            <p class="small muted path-facts" data-testid="p2.facts">
                {facts.into_iter().map(|fact| view! { <span>{fact}</span> }).collect_view()}
            </p>
        </li>
    }
}

#[component]
fn Hop(place: usize, hop: HopView) -> impl IntoView {
    let t = text();
    let (role, name) = if place == 0 {
        ("guard", t.p2_guard.to_owned())
    } else {
        ("middle", fill(t.p2_hop, &[("n", &(place + 1).to_string())]))
    };
    let key = hop.key.get(..12).unwrap_or(&hop.key).to_owned();
    let since = hop
        .pinned_since
        .map(|ms| fill(t.p2_pinned, &[("ago", &format::ago(ms))]));
    view! {
        <li class="hop" data-testid="p2.hop" data-role=role data-node=hop.key.clone()>
            <span class="dot"></span>
            <span class="role">{name}</span>
            <code class="address" dir="ltr">{hop.address}</code>
            <code class="key" dir="ltr" title=hop.key.clone()>{key} "…"</code>
            {since.map(|since| view! { <span class="small muted">{since}</span> })}
        </li>
    }
}

/// At most once a minute; the guard stays.
#[component]
fn NewPath() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let waiting = RwSignal::new(0u32);
    let failed = RwSignal::new(None::<Failure>);
    let countdown = StoredValue::new_local(None::<Interval>);
    on_cleanup(move || countdown.set_value(None));
    let renew = move |_| {
        failed.set(None);
        leptos::task::spawn_local(async move {
            match app.command(Command::NewPath).await {
                Ok(_) => {
                    waiting.set(60);
                    app.announcer.say(text().p2_new_said.into());
                    countdown.set_value(Some(Interval::new(1_000, move || {
                        waiting.update(|left| *left = left.saturating_sub(1));
                        if waiting.try_get_untracked() == Some(0) {
                            countdown.set_value(None);
                        }
                    })));
                }
                Err(failure) => failed.set(Some(failure)),
            }
        });
    };
    let label = move || match waiting.get() {
        0 => t.p2_new_path.to_owned(),
        left => count(&t.p2_new_path_in, u64::from(left)),
    };
    view! {
        <div class="stack">
            <div class="actions">
                <button type="button" class="button" data-testid="p2.new-path" disabled=move || { waiting.get() > 0 } on:click=renew>
                    <Draw icon=Icon::Again />
                    {label}
                </button>
            </div>
            <p class="small muted">{t.p2_new_path_why}</p>
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="p2.error" /> })}
        </div>
    }
}
