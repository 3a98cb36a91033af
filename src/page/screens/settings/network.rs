//! X9: what can be chosen about the network. Every choice is kept at once; a failure takes it back and says so.

use super::{Meta, Scope, options};
use crate::i18n::{format, text};
use crate::page::refresh;
use crate::page::screens::network::{RelayList, TestButton};
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Failure, NetworkSettings, PollPace, TransportChoice};

/// How relays do is read anew this often while the screen is open (ms).
const REFRESH_MS: u32 = 5_000;

/// The choices on screen.
#[derive(Clone, Copy)]
struct Form {
    app: App,
    settings: RwSignal<Option<NetworkSettings>>,
    failed: RwSignal<Option<Failure>>,
}

impl Form {
    fn read(self) {
        leptos::task::spawn_local(async move {
            match self.app.network_settings().await {
                // The screen may be gone by now.
                Ok(settings) => {
                    self.settings.try_set(Some(settings));
                }
                Err(failure) => {
                    self.failed.try_set(Some(failure));
                }
            }
        });
    }

    /// A part of the choices. Tracks them.
    fn part<T: Default>(self, read: impl FnOnce(&NetworkSettings) -> T) -> T {
        self.settings
            .with(|settings| settings.as_ref().map(read))
            .unwrap_or_default()
    }

    fn change(self, change: impl FnOnce(&mut NetworkSettings) + 'static) {
        self.failed.set(None);
        leptos::task::spawn_local(async move {
            match self.app.change_network_settings(change).await {
                Ok(settings) => {
                    self.settings.try_set(Some(settings));
                }
                Err(failure) => {
                    self.failed.try_set(Some(failure));
                    // Shows again what holds.
                    self.settings.try_update(|_| ());
                }
            }
        });
    }
}

#[component]
pub(super) fn NetworkPage() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let form = Form {
        app,
        settings: RwSignal::new(None),
        failed: RwSignal::new(None),
    };
    form.read();
    let chosen = options::Form::new(app);
    let downloads = move || {
        let sizes = [("1", 1_000_000u32), ("3", 3_000_000), ("10", 10_000_000)];
        let sizes = sizes.map(|(key, limit)| (limit, key, format::bytes(u64::from(limit))));
        std::iter::once((0, "0", t.off.to_owned()))
            .chain(sizes)
            .collect::<Vec<_>>()
    };
    refresh::every(app, REFRESH_MS, move || {
        leptos::task::spawn_local(app.read_report());
    });
    let ready = move || form.settings.with(Option::is_some);
    let direct = Memo::new(move |_| {
        app.report.with(|report| {
            let mut gateways = report.iter().flat_map(|report| &report.gateways);
            gateways.any(|gateway| gateway.direct)
        })
    });
    view! {
        {move || form.failed.get().map(|failure| view! { <FailureNote failure testid="x9.error" /> })}
        <options::Failed form=chosen testid="x9.download-error" />
        <Show when=ready fallback=move || view! { <p class="muted" role="status">{t.working}</p> }>
            <Show when=move || direct.get()>
                <TransportCard form />
            </Show>
            <section class="card" aria-labelledby="x9-relays">
                <h2 id="x9-relays">{t.x9_relays}</h2>
                <p class="small muted">{t.x9_relays_why}</p>
                <RelayList />
                <div class="actions">
                    <TestButton testid="x9.test-relays" />
                </div>
                <Meta scope=Scope::Account default=t.x9_relays_default />
            </section>
            <PaceCard form />
            <SwitchCard
                form
                label=t.x9_saver
                why=t.x9_saver_why
                testid="x9.saver"
                scope=Scope::Device
                read=|settings| settings.saver
                write=|settings, on| settings.saver = on
            />
            <options::Choice
                form=chosen
                label=t.x9_download
                why=t.x9_download_why
                testid="x9.download"
                choices=downloads()
                read=|settings| settings.auto_download
                write=|settings, limit| settings.auto_download = limit
            />
            <SwitchCard
                form
                label=t.x9_strict
                why=t.x9_strict_why
                testid="x9.strict-paths"
                scope=Scope::Account
                read=|settings| settings.strict_paths
                write=|settings, on| settings.strict_paths = on
            />
            <Defaults form />
        </Show>
    }
}

/// net.transport; only where there is a choice.
#[component]
fn TransportCard(form: Form) -> impl IntoView {
    let t = text();
    let choices = [
        (
            TransportChoice::Automatic,
            "automatic",
            t.x9_transport_automatic,
        ),
        (TransportChoice::DirectOnly, "direct", t.x9_transport_direct),
        (TransportChoice::RelayOnly, "relay", t.x9_transport_relay),
    ];
    let choices = choices
        .map(|(choice, key, label)| {
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name="x9-transport"
                        data-testid=format!("x9.transport-{key}")
                        prop:checked=move || form.part(|settings| settings.transport) == choice
                        on:change=move |_| form.change(move |settings| settings.transport = choice)
                    />
                    <span>{label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <fieldset class="field">
                <legend>{t.x9_transport}</legend>
                <p class="hint">{t.x9_transport_why}</p>
                <div class="choices two">{choices}</div>
            </fieldset>
            <Meta scope=Scope::Device default=t.x9_transport_automatic />
        </section>
    }
}

/// net.poll.
#[component]
fn PaceCard(form: Form) -> impl IntoView {
    let t = text();
    let choices = [
        (PollPace::Adaptive, "adaptive", t.x9_pace_adaptive),
        (PollPace::Seconds5, "5", t.x9_pace_5),
        (PollPace::Seconds15, "15", t.x9_pace_15),
        (PollPace::Seconds60, "60", t.x9_pace_60),
    ];
    let choices = choices
        .map(|(pace, key, label)| {
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name="x9-pace"
                        data-testid=format!("x9.pace-{key}")
                        prop:checked=move || form.part(|settings| settings.pace) == pace
                        on:change=move |_| form.change(move |settings| settings.pace = pace)
                    />
                    <span>{label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <fieldset class="field">
                <legend>{t.x9_pace}</legend>
                <p class="hint">{t.x9_pace_why}</p>
                <div class="choices two">{choices}</div>
            </fieldset>
            <Meta scope=Scope::Account default=t.x9_pace_adaptive />
        </section>
    }
}

/// An option that is on or off; off by default.
#[component]
fn SwitchCard(
    form: Form,
    label: &'static str,
    why: &'static str,
    testid: &'static str,
    scope: Scope,
    read: fn(&NetworkSettings) -> bool,
    write: fn(&mut NetworkSettings, bool),
) -> impl IntoView {
    let t = text();
    let why_id = format!("{testid}-why");
    let change = move |event: leptos::ev::Event| {
        let on = event_target_checked(&event);
        form.change(move |settings| write(settings, on));
    };
    view! {
        <section class="card">
            <label class="check flush">
                <input
                    type="checkbox"
                    data-testid=testid
                    aria-describedby=why_id.clone()
                    prop:checked=move || form.part(read)
                    on:change=change
                />
                <span class="strong">{label}</span>
            </label>
            <p class="small muted" id=why_id>{why}</p>
            <Meta scope default=t.off />
        </section>
    }
}

/// Everything of this page as it was at first, and back.
#[component]
fn Defaults(form: Form) -> impl IntoView {
    let t = text();
    let before = RwSignal::new(None::<NetworkSettings>);
    let unchanged = move || {
        form.settings
            .with(|settings| settings.as_ref() == Some(&NetworkSettings::default()))
    };
    let reset = move |_| {
        before.set(form.settings.get_untracked());
        form.change(|settings| *settings = NetworkSettings::default());
    };
    let undo = move |_| {
        if let Some(kept) = before.get_untracked() {
            before.set(None);
            form.change(move |settings| *settings = kept);
        }
    };
    view! {
        <div class="actions">
            <button type="button" class="button" data-testid="x9.defaults" disabled=unchanged on:click=reset>
                {t.x9_defaults}
            </button>
            <Show when=move || before.with(Option::is_some)>
                <button type="button" class="button" data-testid="x9.undo" on:click=undo>
                    <Draw icon=Icon::Again />
                    {t.undo}
                </button>
            </Show>
        </div>
    }
}
