//! The connection: its state in words, what 14.1 tells about each state, and the way out of this browser.

use super::relays;
use crate::i18n::{count, fill, format, isolate, text};
use crate::page::state::{App, Phase};
use crate::page::ui::connection::{hook, icon, word};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{ConnectionState, ErrorCode, Failure, GatewayView, NetworkReport};

/// Answers that take longer count as slow (ms; screens 14.1).
const SLOW_MS: u32 = 5_000;
/// Fewer standing paths are a reason for *slow*.
const STANDING_PATHS: usize = 2;

/// The state in words, and why. The same on P1, and on P2 while locked.
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
    let problem = Memo::new(move |_| app.network.with(|network| network.problem));
    let note = move || {
        problem.get().map(|code| {
            let failure = Failure {
                code,
                number: None,
                detail: String::new(),
            };
            view! { <FailureNote failure testid="p1.problem" /> }
        })
    };
    view! {
        <section class="card connection" data-testid="p1.connection" data-net=move || hook(state.get())>
            <div class="person">
                <span class="chip-icon" data-net=move || hook(state.get())>
                    <Draw icon=Signal::derive(move || if locked() { Icon::Lock } else { icon(state.get()) }) size=32 />
                </span>
                <div class="stack tight">
                    <h2>{move || if locked() { t.p1_locked_title } else { word(t, state.get()) }}</h2>
                    <p class="small muted">{about}</p>
                    <Show when=move || !locked()>
                        <p class="small" data-testid="p1.detail">{move || detail(app, state.get())}</p>
                    </Show>
                </div>
            </div>
            {note}
            <Show when=move || !locked()>
                <Show when=move || state.get() == ConnectionState::RelayDown && relays::several(app)>
                    <relays::AnotherRelay />
                </Show>
                <Facts />
            </Show>
        </section>
    }
}

/// What belongs to each state (screens 14.1).
fn detail(app: App, state: ConnectionState) -> String {
    let t = text();
    let report = |read: &dyn Fn(&NetworkReport) -> String| {
        app.report
            .with(|report| report.as_ref().map(read))
            .unwrap_or_default()
    };
    match state {
        ConnectionState::Offline => count(
            &t.queued,
            u64::from(app.network.with(|network| network.queued)),
        ),
        ConnectionState::Connecting => step(app),
        ConnectionState::RelayDown => report(&|report| {
            let last =
                |gateway: &GatewayView| gateway.last_success.map_or(t.never.into(), format::ago);
            report.gateways.first().map_or_else(String::new, |gateway| {
                fill(
                    t.p1_relay_last,
                    &[
                        ("relay", &isolate(&relays::name(gateway))),
                        ("ago", &last(gateway)),
                    ],
                )
            })
        }),
        ConnectionState::Building => {
            let attempts = app.network.with(|network| network.attempts);
            count(&t.p1_attempts, u64::from(attempts))
        }
        ConnectionState::Degraded => report(&|report| reason(app, report).into()),
        ConnectionState::Connected => report(&|report| {
            report.latency.map_or_else(String::new, |ms| {
                fill(t.p1_latency, &[("time", &format::milliseconds(ms))])
            })
        }),
    }
}

/// Which of the three steps to a connection is being taken.
fn step(app: App) -> String {
    let t = text();
    let nodes = app.network.with(|network| network.nodes);
    let paths = app.paths.with(|paths| paths.iter().flatten().count());
    let (n, what) = match (nodes, paths) {
        (0, _) => (1, t.p1_step_list),
        (_, 0) => (2, t.p1_step_path),
        _ => (3, t.p1_step_answer),
    };
    fill(t.p1_step, &[("n", &n.to_string()), ("what", what)])
}

/// Why it counts as slow.
fn reason(app: App, report: &NetworkReport) -> &'static str {
    let t = text();
    let standing = app.paths.with(|paths| {
        let standing = paths.iter().flatten();
        standing.filter(|path| path.rotates_at.is_some()).count()
    });
    match report.latency_slow {
        _ if standing < STANDING_PATHS => t.p1_reason_one_path,
        Some(ms) if ms > SLOW_MS => t.p1_reason_slow,
        _ => t.p1_reason_failures,
    }
}

/// Since when, through what, how much.
#[component]
fn Facts() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let report = app.report;
    // Each report makes the times anew.
    let since = move || {
        report.track();
        app.network_since.get().map_or(t.never.into(), format::ago)
    };
    let last = move || {
        report.track();
        app.network
            .with(|network| network.last_success)
            .map_or(t.never.into(), format::ago)
    };
    let way = move || {
        report
            .with(|report| {
                let gateway = report.as_ref()?.gateways.iter().find(|one| one.in_use)?;
                let pattern = if gateway.direct {
                    t.p1_way_direct
                } else {
                    t.p1_way_relay
                };
                Some(fill(pattern, &[("name", &isolate(&relays::name(gateway)))]))
            })
            .unwrap_or_else(|| t.never.into())
    };
    let rate = move || {
        report
            .with(|report| {
                report
                    .as_ref()
                    .map(|report| u64::from(report.requests_per_minute))
            })
            .map(format::number)
    };
    let today = move || {
        report.with(|report| {
            let report = report.as_ref()?;
            let bytes = report
                .data_use
                .iter()
                .map(|kind| kind.today.sent + kind.today.received);
            Some(format::bytes(bytes.sum()))
        })
    };
    view! {
        <dl class="facts">
            <dt>{t.p1_since}</dt>
            <dd data-testid="p1.since">{since}</dd>
            <dt>{t.p1_way}</dt>
            <dd data-testid="p1.way">{way}</dd>
            <dt>{t.p1_last}</dt>
            <dd data-testid="p1.last">{last}</dd>
            <dt>{t.p1_rate}</dt>
            <dd data-testid="p1.rate">{rate}</dd>
            <dt>{t.p1_today}</dt>
            <dd data-testid="p1.today">{today}</dd>
        </dl>
    }
}

/// Warn about a clock that is off by more (ms).
const CLOCK_WARNING_MS: u64 = 120_000;

/// The warning about a wrong clock, when it is due. Tracks the network.
pub(super) fn clock_warning(app: App) -> Option<Failure> {
    let off = app
        .network
        .with(|network| network.clock_offset.unsigned_abs());
    (off > CLOCK_WARNING_MS).then(|| Failure {
        code: ErrorCode::NetClock,
        number: u32::try_from(off / 1000).ok(),
        detail: String::new(),
    })
}
