//! P1, reduced: the connection in words, the nodes, the own swarm, the clock, the queue. While locked only the connection.

use crate::i18n::{count, fill, format, text};
use crate::page::router::Route;
use crate::page::state::{App, Phase};
use crate::page::ui::connection::{hook, icon, word};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Command, ConnectionState, ErrorCode, Failure};

#[component]
pub(crate) fn Network() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let state = move || {
        if app
            .network
            .with(|network| network.state == ConnectionState::Offline)
        {
            "offline"
        } else {
            "ready"
        }
    };
    view! {
        <section class="pane-screen" data-screen="p1" data-state=state aria-label=t.p1_title>
            <header class="pane-head">
                <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="p1.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{t.p1_title}</h1>
            </header>
            <div class="pane-body">
                <div class="column">
                    <ConnectionCard />
                    <Show when=move || app.phase.get() == Phase::Open>
                        <Facts />
                        <a class="button" href=Route::Path.href() data-testid="p1.path">
                            <Draw icon=Icon::Path />
                            {t.p1_show_path}
                        </a>
                    </Show>
                    <p class="small muted">{t.p1_relay_sees}</p>
                </div>
            </div>
        </section>
    }
}

/// The state in words, and why.
#[component]
pub(crate) fn ConnectionCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let locked = move || app.phase.get() != Phase::Open;
    let state = Memo::new(move |_| app.network.with(|network| network.state));
    let about = move || match state.get() {
        _ if locked() => t.p1_locked,
        ConnectionState::Offline => t.net_offline_about,
        ConnectionState::Connecting => t.net_connecting_about,
        ConnectionState::RelayDown => t.net_relay_down_about,
        ConnectionState::Building => t.net_building_about,
        ConnectionState::Degraded => t.net_degraded_about,
        ConnectionState::Connected => t.net_connected_about,
    };
    let problem = move || {
        app.network
            .with(|network| network.problem)
            .map(|code| Failure {
                code,
                number: None,
                detail: String::new(),
            })
    };
    view! {
        <section class="card" data-testid="p1.connection" data-net=move || hook(state.get())>
            <div class="person">
                <span class="chip-icon" data-net=move || hook(state.get())>
                    <Draw icon=Signal::derive(move || icon(state.get())) size=32 />
                </span>
                <div class="stack tight">
                    <h2>{move || if locked() { t.p1_locked_title } else { word(t, state.get()) }}</h2>
                    <p class="small muted">{about}</p>
                </div>
            </div>
            {move || problem().map(|failure| view! { <FailureNote failure testid="p1.problem" /> })}
        </section>
    }
}

/// Warn about a clock that is off by more (ms).
const CLOCK_WARNING_MS: u64 = 120_000;

#[component]
fn Facts() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let network = app.network;
    let wrong_clock = move || {
        network
            .with(|network| network.clock_offset.unsigned_abs() > CLOCK_WARNING_MS)
            .then(|| {
                let seconds = network.with(|network| network.clock_offset.unsigned_abs() / 1000);
                Failure {
                    code: ErrorCode::NetClock,
                    number: u32::try_from(seconds).ok(),
                    detail: String::new(),
                }
            })
    };
    let last = move || match network.with(|network| network.last_success) {
        Some(ms) => format::ago(ms),
        None => t.never.into(),
    };
    let nodes = move |n: u32| count(&t.nodes, u64::from(n));
    view! {
        <section class="card" aria-label=t.p1_facts>
            <dl class="facts">
                <dt>{t.p1_last}</dt>
                <dd data-testid="p1.last">{last}</dd>
                <dt>{t.p1_nodes}</dt>
                <dd data-testid="p1.nodes">{move || nodes(network.with(|network| network.nodes))}</dd>
                <dt>{t.p1_swarm}</dt>
                <dd data-testid="p1.swarm">{move || nodes(network.with(|network| network.swarm))}</dd>
                <dt>{t.p1_clock}</dt>
                <dd data-testid="p1.clock">{move || fill(t.p1_clock_off, &[("n", &format::seconds(network.with(|network| network.clock_offset)))])}</dd>
                <dt>{t.p1_queue}</dt>
                <dd data-testid="p1.queue">{move || count(&t.queued, u64::from(network.with(|network| network.queued)))}</dd>
            </dl>
            {move || wrong_clock().map(|failure| view! { <FailureNote failure testid="p1.clock-warning" /> })}
            <div class="actions">
                <button type="button" class="button" data-testid="p1.test-now" on:click=move |_| app.send(Command::Wake)>
                    <Draw icon=Icon::Again />
                    {t.p1_ask_now}
                </button>
            </div>
        </section>
    }
}
