//! The cards that only tell: paths, own swarm, node list, clock, queues.

use super::connection::clock_warning;
use crate::i18n::{count, fill, format, text};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::text::short_key;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Command, ErrorCode, Failure, ListSource, NetworkReport, SwarmNodeView,
};

/// Something of the report, once it is there. Tracks it.
fn told<T>(app: App, read: impl FnOnce(&NetworkReport) -> T) -> Option<T> {
    app.report.with(|report| report.as_ref().map(read))
}

#[component]
pub(super) fn PathsCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let standing = move || {
        app.paths.with(|paths| {
            let standing = paths
                .iter()
                .flatten()
                .filter(|path| path.rotates_at.is_some());
            count(&t.p1_paths_count, standing.count() as u64)
        })
    };
    view! {
        <section class="card" aria-labelledby="p1-paths">
            <h2 id="p1-paths">{t.p1_paths}</h2>
            <p class="small muted" data-testid="p1.paths">{standing}</p>
            <div class="actions">
                <a class="button" href=Route::Path.href() data-testid="p1.path">
                    <Draw icon=Icon::Path />
                    {t.p1_show_path}
                </a>
            </div>
        </section>
    }
}

#[component]
pub(super) fn SwarmCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let rows = move || {
        let nodes = told(app, |report| report.swarm.nodes.clone()).unwrap_or_default();
        nodes.into_iter().map(swarm_row).collect_view()
    };
    let empty = move || told(app, |report| report.swarm.nodes.is_empty()).unwrap_or(true);
    let messages = move || {
        told(app, |report| {
            format::number(u64::from(report.swarm.messages))
        })
    };
    let expiry = move || {
        told(app, |report| report.swarm.oldest_expiry)
            .flatten()
            .map_or(t.none.into(), format::from_now)
    };
    view! {
        <section class="card" aria-labelledby="p1-swarm">
            <h2 id="p1-swarm">{t.p1_swarm}</h2>
            <p class="small muted">{t.p1_swarm_why}</p>
            <p class="small" data-testid="p1.swarm">
                {move || told(app, |report| count(&t.nodes, report.swarm.nodes.len() as u64))}
            </p>
            <ul class="rows" hidden=empty>{rows}</ul>
            <dl class="facts">
                <dt>{t.p1_stored}</dt>
                <dd data-testid="p1.stored">{messages}</dd>
                <dt>{t.p1_expiry}</dt>
                <dd data-testid="p1.expiry">{expiry}</dd>
            </dl>
            <div class="actions">
                <button type="button" class="button" data-testid="p1.test-now" on:click=move |_| app.send(Command::Wake)>
                    <Draw icon=Icon::Again />
                    {t.p1_ask_now}
                </button>
            </div>
        </section>
    }
}

fn swarm_row(node: SwarmNodeView) -> impl IntoView {
    let t = text();
    let last = match node.last_answer {
        _ if node.benched => t.p1_benched.to_owned(),
        Some(ms) => fill(t.p1_answered, &[("ago", &format::ago(ms))]),
        None => t.p1_not_asked.to_owned(),
    };
    view! {
        <li data-testid="p1.swarm-node">
            <code dir="ltr" title=node.key.clone()>{short_key(&node.key)}</code>
            <span class="muted">{last}</span>
        </li>
    }
}

#[component]
pub(super) fn ClockCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let offset = move || format::seconds(app.network.with(|network| network.clock_offset));
    let samples = move || {
        told(app, |report| {
            count(&t.p1_clock_samples, u64::from(report.clock_samples))
        })
    };
    let version = move || {
        told(app, |report| report.hard_fork)
            .flatten()
            .map(|(fork, revision)| format!("{fork}.{revision}"))
    };
    let warning = move || {
        clock_warning(app)
            .map(|failure| view! { <FailureNote failure testid="p1.clock-warning" /> })
    };
    view! {
        <section class="card" aria-labelledby="p1-clock">
            <h2 id="p1-clock">{t.p1_clock}</h2>
            <dl class="facts">
                <dt>{t.p1_clock_this}</dt>
                <dd data-testid="p1.clock">{offset}</dd>
                <dt>{t.p1_clock_from}</dt>
                <dd>{samples}</dd>
                <dt>{t.p1_fork}</dt>
                <dd data-testid="p1.fork">{move || version().unwrap_or_else(|| t.unknown.into())}</dd>
            </dl>
            {warning}
        </section>
    }
}

#[component]
pub(super) fn ListCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let number = |n: u32| format::number(u64::from(n));
    let source = move || {
        told(app, |report| match report.list.source {
            ListSource::None => t.p1_source_none.to_owned(),
            ListSource::Bundled { as_of } => {
                fill(t.p1_source_bundled, &[("date", &format::date(as_of))])
            }
            ListSource::Gateway => t.p1_source_gateway.to_owned(),
            ListSource::Network => t.p1_source_network.to_owned(),
        })
    };
    let agreement = move || {
        told(app, |report| (report.list.agreed, report.list.asked)).map(|(agreed, asked)| {
            match asked {
                0 => t.never.to_owned(),
                _ => fill(
                    t.p1_agreed,
                    &[("n", &agreed.to_string()), ("of", &asked.to_string())],
                ),
            }
        })
    };
    let confirmed = move || {
        told(app, |report| {
            report.list.confirmed_at.map_or(t.never.into(), format::ago)
        })
    };
    let disputed = Memo::new(move |_| told(app, |report| report.list.disputed) == Some(true));
    let dispute = move || {
        disputed.get().then(|| {
            let failure = Failure {
                code: ErrorCode::NetList,
                number: None,
                detail: String::new(),
            };
            view! { <FailureNote failure what=t.p1_disputed testid="p1.disputed" /> }
        })
    };
    view! {
        <section class="card" aria-labelledby="p1-list">
            <h2 id="p1-list">{t.p1_list}</h2>
            <dl class="facts">
                <dt>{t.p1_nodes}</dt>
                <dd data-testid="p1.nodes">{move || number(app.network.with(|network| network.nodes))}</dd>
                <dt>{t.p1_struck}</dt>
                <dd data-testid="p1.struck">{move || told(app, |report| number(report.list.struck_out))}</dd>
                <dt>{t.p1_source}</dt>
                <dd data-testid="p1.source">{source}</dd>
                <dt>{t.p1_confirmed}</dt>
                <dd data-testid="p1.confirmed">{confirmed}</dd>
                <dt>{t.p1_agreement}</dt>
                <dd data-testid="p1.agreement">{agreement}</dd>
            </dl>
            {dispute}
        </section>
    }
}

#[component]
pub(super) fn QueueCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let outbox = move || {
        count(
            &t.queued,
            u64::from(app.network.with(|network| network.queued)),
        )
    };
    view! {
        <section class="card" aria-labelledby="p1-queue">
            <h2 id="p1-queue">{t.p1_queue}</h2>
            <p class="small muted" data-testid="p1.queue">{outbox}</p>
        </section>
    }
}
