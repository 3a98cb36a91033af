//! The deployment's relays: how each does, whether its node list can be believed, and which one is asked first. Part of P1
//! and of X9 (net.relays).

use crate::i18n::{count, fill, format, isolate, text};
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Command, Failure, GatewayHealth, GatewayView, ListVerdict};
use wasm_bindgen::JsCast;

/// What a gateway is called: its host.
pub(super) fn name(gateway: &GatewayView) -> String {
    if gateway.origin.is_empty() {
        // An own page always has a host.
        return window().location().host().unwrap_or_default();
    }
    match gateway.origin.split_once("://") {
        Some((_, host)) => host.to_owned(),
        None => gateway.origin.clone(),
    }
}

/// Origins of the relays in their present order. Tracks the report.
fn order(app: App) -> Vec<String> {
    app.report.with(|report| {
        let gateways = report.iter().flat_map(|report| &report.gateways);
        gateways
            .filter(|gateway| !gateway.direct)
            .map(|gateway| gateway.origin.clone())
            .collect()
    })
}

/// There is another relay to try. Tracks the report.
pub(super) fn several(app: App) -> bool {
    order(app).len() > 1
}

/// Makes this the order of the relays.
async fn prefer(app: App, relays: Vec<String>) -> Result<(), Failure> {
    app.change_network_settings(|settings| settings.relays = relays)
        .await
        .map(drop)
}

#[component]
pub(super) fn RelayCard() -> impl IntoView {
    let t = text();
    view! {
        <section class="card" aria-labelledby="p1-relays">
            <h2 id="p1-relays">{t.p1_relays}</h2>
            <RelayList />
            <div class="actions">
                <TestButton testid="p1.test-relays" />
            </div>
            <details class="more">
                <summary>{t.p1_relay_sees_title}</summary>
                <p>{t.p1_relay_sees}</p>
            </details>
            <details class="more" data-testid="p1.self-host">
                <summary>{t.p1_self_host_title}</summary>
                <p>{t.p1_self_host}</p>
            </details>
        </section>
    }
}

/// Asks every relay for its node list and measures how long that takes.
#[component]
pub(crate) fn TestButton(testid: &'static str) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    let test = move |_| {
        busy.set(true);
        failed.set(None);
        leptos::task::spawn_local(async move {
            let result = app.command(Command::TestRelays).await;
            app.read_report().await;
            // The screen may be gone by now.
            busy.try_set(false);
            match result {
                Ok(_) => app.announcer.say(text().p1_tested.into()),
                Err(failure) => {
                    failed.try_set(Some(failure));
                }
            }
        });
    };
    view! {
        <button type="button" class="button" data-testid=testid disabled=move || busy.get() on:click=test>
            <Draw icon=Signal::derive(move || if busy.get() { Icon::Arc } else { Icon::Again }) />
            {t.p1_test_relays}
        </button>
        {move || failed.get().map(|failure| view! { <FailureNote failure testid="p1.test-error" /> })}
    }
}

/// The next relay becomes the first, and everything is asked anew.
#[component]
pub(super) fn AnotherRelay() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let another = move |_| {
        let mut relays = untrack(|| order(app));
        relays.rotate_left(1);
        leptos::task::spawn_local(async move {
            match prefer(app, relays).await {
                Ok(()) => app.send(Command::Wake),
                Err(failure) => app.problem.set(Some(failure)),
            }
        });
    };
    view! {
        <div class="actions">
            <button type="button" class="button" data-testid="p1.another-relay" on:click=another>
                {t.p1_another_relay}
            </button>
        </div>
    }
}

/// Every relay in the order in which they are tried.
#[component]
pub(crate) fn RelayList() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let origins = Memo::new(move |_| order(app));
    let failed = RwSignal::new(None::<Failure>);
    view! {
        <ol class="relays" aria-label=t.p1_relay_order>
            <For each=move || origins.get() key=Clone::clone let:origin>
                <RelayRow origin origins failed />
            </For>
        </ol>
        {move || failed.get().map(|failure| view! { <FailureNote failure testid="p1.relay-error" /> })}
    }
}

#[component]
fn RelayRow(
    origin: String,
    origins: Memo<Vec<String>>,
    failed: RwSignal<Option<Failure>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let origin = StoredValue::new(origin);
    let gateway = Signal::derive(move || {
        app.report.with(|report| {
            let mut gateways = report.iter().flat_map(|report| &report.gateways);
            gateways
                .find(|one| !one.direct && one.origin == origin.read_value().as_str())
                .cloned()
        })
    });
    let place = move || {
        let origin = origin.read_value();
        origins
            .with(|origins| origins.iter().position(|one| *one == *origin))
            .unwrap_or(0)
    };
    let all = move || origins.with(Vec::len);
    let shift = move |by: isize| {
        let mut relays = origins.get_untracked();
        let from = untrack(place);
        let Some(to) = from.checked_add_signed(by).filter(|&to| to < relays.len()) else {
            return;
        };
        relays.swap(from, to);
        failed.set(None);
        leptos::task::spawn_local(async move {
            match prefer(app, relays).await {
                Ok(()) => {
                    keep_focus(by, origin.read_value().as_str());
                    let said = fill(text().p1_relay_moved, &[("n", &(to + 1).to_string())]);
                    app.announcer.say(said);
                }
                Err(failure) => {
                    failed.try_set(Some(failure));
                }
            }
        });
    };
    let title = move || gateway.with(|gateway| gateway.as_ref().map(name).unwrap_or_default());
    let is_own =
        move || gateway.with(|gateway| gateway.as_ref().is_some_and(|one| one.origin.is_empty()));
    let in_use = move || gateway.with(|gateway| gateway.as_ref().is_some_and(|one| one.in_use));
    let said = move || {
        gateway
            .with(|gateway| gateway.as_ref().map(facts))
            .unwrap_or_default()
    };
    let verdict = move || gateway.with(|gateway| gateway.as_ref().map(|one| verdict(one.verdict)));
    let wrong = move || {
        gateway.with(|gateway| {
            let verdict = gateway.as_ref().map(|one| one.verdict);
            !matches!(
                verdict,
                None | Some(ListVerdict::Agrees | ListVerdict::Unchecked)
            )
        })
    };
    let label = move |pattern: &'static str| fill(pattern, &[("relay", &isolate(&title()))]);
    view! {
        <li class="relay" data-testid="p1.relay" data-in-use=move || in_use().to_string()>
            <div class="relay-text">
                <p class="relay-name">
                    <strong dir="ltr">{title}</strong>
                    <Show when=in_use>
                        <span class="tag">{t.p1_in_use}</span>
                    </Show>
                </p>
                <Show when=is_own>
                    <p class="small muted">{t.p1_own_relay}</p>
                </Show>
                <p class="small muted" data-testid="p1.relay-facts">{said}</p>
                <p class="small" class:wrong=wrong data-testid="p1.verdict">{verdict}</p>
            </div>
            <Show when=move || { all() > 1 }>
                <div class="relay-order">
                    <button
                        type="button"
                        class="icon-button"
                        id=move_id(-1, &origin.read_value())
                        aria-label=move || label(t.p1_relay_up)
                        aria-disabled=move || (place() == 0).to_string()
                        data-testid="p1.relay-up"
                        on:click=move |_| shift(-1)
                    >
                        <Draw icon=Icon::Up />
                    </button>
                    <button
                        type="button"
                        class="icon-button"
                        id=move_id(1, &origin.read_value())
                        aria-label=move || label(t.p1_relay_down)
                        aria-disabled=move || (place() + 1 == all()).to_string()
                        data-testid="p1.relay-down"
                        on:click=move |_| shift(1)
                    >
                        <Draw icon=Icon::Down />
                    </button>
                </div>
            </Show>
        </li>
    }
}

fn move_id(by: isize, origin: &str) -> String {
    format!("relay{by:+}:{origin}")
}

/// A row that moves drops the focus; it belongs on the button that was pressed.
fn keep_focus(by: isize, origin: &str) {
    let id = move_id(by, origin);
    request_animation_frame(move || {
        let button = document()
            .get_element_by_id(&id)
            .and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(button) = button {
            crate::page::focus::focus(&button);
        }
    });
}

/// Health, last answer and latency in one line.
fn facts(gateway: &GatewayView) -> String {
    let t = text();
    let health = match gateway.health {
        GatewayHealth::Unknown => t.p1_health_unknown,
        GatewayHealth::Good => t.p1_health_good,
        GatewayHealth::Refusing => t.p1_health_refusing,
        GatewayHealth::Silent => t.p1_health_silent,
    };
    let last = gateway
        .last_success
        .map(|ms| fill(t.p1_answered, &[("ago", &format::ago(ms))]));
    let latency = gateway.latency.map(format::milliseconds);
    let all: Vec<String> = [Some(health.to_owned()), last, latency]
        .into_iter()
        .flatten()
        .collect();
    all.join(" · ")
}

fn verdict(verdict: ListVerdict) -> String {
    let t = text();
    match verdict {
        ListVerdict::Unchecked => t.verdict_unchecked.into(),
        ListVerdict::Agrees => t.verdict_agrees.into(),
        ListVerdict::Old { missing } => fill(t.verdict_old, &[("n", &missing.to_string())]),
        ListVerdict::Forged { nodes } => count(&t.verdict_forged, u64::from(nodes)),
        ListVerdict::Unreadable => t.verdict_unreadable.into(),
    }
}
