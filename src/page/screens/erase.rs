//! D3: erasing a conversation, this account on this device, everything on this device, or this account in the network as well.
//! Each choice lists what goes and what stays; what cannot be undone asks once more who is there (screens 20).

mod burn;
mod network;

pub(crate) use burn::BurnDialog;

use super::row::called;
use crate::bridge::{Call, SecretBytes};
use crate::i18n::{Catalogue, fill, isolate, text};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::text::clean_name;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::gate::{Gate, HoldButton};
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use network::{FromNetwork, Outcome};
use onionskin_client::api::{Command, ConversationId, Failure};

/// What is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Conversation,
    Account,
    Everything,
    Network,
}

impl Extent {
    const ALL: [Self; 4] = [
        Self::Conversation,
        Self::Account,
        Self::Everything,
        Self::Network,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Account => "account",
            Self::Everything => "everything",
            Self::Network => "network",
        }
    }

    fn title(self, t: &'static Catalogue) -> &'static str {
        match self {
            Self::Conversation => t.d3_conversation,
            Self::Account => t.d3_account,
            Self::Everything => t.d3_everything,
            Self::Network => t.d3_network,
        }
    }

    fn goes(self, t: &'static Catalogue) -> Vec<&'static str> {
        match self {
            Self::Conversation => vec![t.d3_goes_messages, t.d3_goes_contact],
            Self::Account => vec![t.d3_goes_key, t.d3_goes_records],
            Self::Everything => vec![
                t.d3_goes_keys,
                t.d3_goes_all_records,
                t.d3_goes_choices,
                t.d3_goes_copy,
            ],
            Self::Network => vec![t.d3_goes_swarm, t.d3_goes_then],
        }
    }

    fn stays(self, t: &'static Catalogue) -> Vec<&'static str> {
        match self {
            Self::Conversation => vec![t.d3_stays_theirs, t.d3_stays_until_read],
            Self::Account => vec![t.d3_stays_others, t.d3_stays_network, t.d3_stays_accounts],
            Self::Everything => vec![
                t.d3_stays_others,
                t.d3_stays_network,
                t.d3_stays_temporary,
                t.d3_stays_saved,
                t.d3_stays_permissions,
            ],
            Self::Network => vec![
                t.d3_stays_others,
                t.d3_stays_devices,
                t.d3_stays_files,
                t.d3_stays_id,
            ],
        }
    }
}

/// What goes and what stays.
#[component]
pub(crate) fn Lists(extent: Extent) -> impl IntoView {
    let t = text();
    let items = |texts: Vec<&'static str>| {
        let items = texts.into_iter().map(|text| view! { <li>{text}</li> });
        items.collect_view()
    };
    view! {
        <div class="erase-lists" data-testid=format!("d3.lists-{}", extent.key())>
            <section>
                <h2>{t.d3_goes}</h2>
                <ul class="plain-list">{items(extent.goes(t))}</ul>
            </section>
            <section>
                <h2>{t.d3_stays}</h2>
                <ul class="plain-list">{items(extent.stays(t))}</ul>
            </section>
        </div>
    }
}

/// Handles of the page.
#[derive(Clone, Copy)]
struct Erase {
    app: App,
    busy: RwSignal<bool>,
    failed: RwSignal<Option<Failure>>,
    /// The person has shown on this page that the account is theirs.
    proved: RwSignal<bool>,
    outcome: Outcome,
}

impl Erase {
    /// Does what lies behind the gate, unless the passphrase is wrong.
    fn prove(self, passphrase: Option<SecretBytes>, then: impl AsyncFnOnce() + 'static) {
        self.run(async move || {
            let proved = match passphrase {
                Some(passphrase) => self.app.call(Call::Prove { passphrase }).await.map(drop),
                None => Ok(()),
            };
            match proved {
                Ok(()) => {
                    self.proved.try_set(true);
                    then().await;
                }
                Err(failure) => {
                    self.failed.try_set(Some(failure));
                }
            }
        });
    }

    /// One thing at a time.
    fn run(self, act: impl AsyncFnOnce() + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.failed.set(None);
        leptos::task::spawn_local(async move {
            act().await;
            self.busy.try_set(false);
        });
    }
}

#[component]
pub(crate) fn ErasePage() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let stopped = Memo::new(move |_| {
        app.profile
            .with(|profile| profile.as_ref().is_some_and(|one| one.erased_at.is_some()))
    });
    let extent = RwSignal::new(match stopped.get_untracked() {
        true => Extent::Network,
        false => Extent::Account,
    });
    let erase = Erase {
        app,
        busy: RwSignal::new(false),
        failed: RwSignal::new(None),
        proved: RwSignal::new(false),
        outcome: Outcome::new(),
    };
    let name = app.profile.with_untracked(|profile| {
        profile
            .as_ref()
            .map(|profile| clean_name(&profile.name))
            .unwrap_or_default()
    });
    let choices = Extent::ALL
        .into_iter()
        .map(|one| {
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name="d3-extent"
                        data-testid=format!("d3.{}", one.key())
                        disabled=move || erase.busy.get()
                        prop:checked=move || extent.get() == one
                        on:change=move |_| {
                            erase.failed.set(None);
                            extent.set(one);
                        }
                    />
                    <span>{one.title(t)}</span>
                </label>
            }
        })
        .collect_view();
    let act = move || match extent.get() {
        Extent::Conversation => view! { <OneConversation erase /> }.into_any(),
        Extent::Account => view! { <FromDevice erase extent=Extent::Account /> }.into_any(),
        Extent::Everything => view! { <FromDevice erase extent=Extent::Everything /> }.into_any(),
        Extent::Network => view! { <FromNetwork erase /> }.into_any(),
    };
    // What was pressed goes with each step.
    Effect::new(move |before: Option<()>| {
        erase.outcome.nodes.track();
        if before.is_some() {
            crate::page::focus::rescue("[data-screen='d3']");
        }
    });
    view! {
        <section class="card">
            {(!name.is_empty()).then(|| view! { <p>{fill(t.k7_whose, &[("name", &isolate(&name))])}</p> })}
            <fieldset class="field">
                <legend>{t.d3_what}</legend>
                <div class="choices">{choices}</div>
            </fieldset>
        </section>
        <section class="card" aria-labelledby="d3-extent-title">
            <h2 id="d3-extent-title">{move || extent.get().title(t)}</h2>
            {move || view! { <Lists extent=extent.get() /> }}
            {act}
            {move || erase.failed.get().map(|failure| view! { <FailureNote failure testid="d3.error" /> })}
            {move || app.erase_failed.get().map(|failure| view! { <FailureNote failure testid="d3.error" /> })}
        </section>
    }
}

/// The account, or everything, on this device.
#[component]
fn FromDevice(erase: Erase, extent: Extent) -> impl IntoView {
    let t = text();
    let app = erase.app;
    let go = move |passphrase| {
        erase.prove(passphrase, async move || match extent {
            Extent::Everything => app.erase_all().await,
            _ => app.burn(None).await,
        });
    };
    let label = match extent {
        Extent::Everything => t.d3_erase_all,
        _ => t.erase_device,
    };
    view! {
        <Gate screen="d3" passphrase="d3.passphrase" part="erase" label hold=t.d3_hold icon=Icon::Flame danger=true open=go />
        <Show when=move || erase.busy.get()>
            <p class="muted" role="status">{t.d3_working}</p>
        </Show>
    }
}

/// One conversation, chosen and then confirmed.
#[component]
fn OneConversation(erase: Erase) -> impl IntoView {
    let t = text();
    let app = erase.app;
    let chosen = RwSignal::new(None::<ConversationId>);
    let sure = RwSignal::new(false);
    let all = Memo::new(move |_| {
        let leaving = app.leaving.get();
        app.conversations.with(|list| {
            let shown = list
                .iter()
                .flatten()
                .filter(|one| !leaving.contains(&one.id));
            shown
                .map(|one| (one.id, called(t, one)))
                .collect::<Vec<_>>()
        })
    });
    let options = move || {
        all.get()
            .into_iter()
            .map(|(id, name)| view! { <option value=hex::encode(id.0) selected=chosen.get() == Some(id)>{name}</option> })
            .collect_view()
    };
    let choose = move |event: leptos::ev::Event| {
        let wanted = event_target_value(&event);
        sure.set(false);
        chosen.set(all.with_untracked(|all| {
            all.iter()
                .map(|(id, _)| *id)
                .find(|id| hex::encode(id.0) == wanted)
        }));
    };
    let go = move |_| {
        let Some(conversation) = chosen.get_untracked() else {
            return;
        };
        if !sure.get_untracked() {
            return sure.set(true);
        }
        erase.run(async move || {
            let command = Command::DeleteConversation {
                conversation,
                keep_contact: false,
            };
            match app.command(command).await {
                Ok(_) => {
                    chosen.try_set(None);
                    sure.try_set(false);
                    app.toast.set(Some(t.d3_conversation_done.into()));
                }
                Err(failure) => {
                    erase.failed.try_set(Some(failure));
                }
            }
        });
    };
    view! {
        <div class="field">
            <label for="d3.which">{t.x7_place}</label>
            <select class="input" id="d3.which" data-testid="d3.which" on:change=choose>
                <option value="" selected=move || chosen.get().is_none()>{t.d3_choose}</option>
                {options}
            </select>
        </div>
        <div class="actions">
            <button
                type="button"
                class="button danger"
                class:primary=move || sure.get()
                data-testid="d3.erase"
                disabled=move || erase.busy.get() || chosen.get().is_none()
                on:click=go
            >
                <Draw icon=Icon::Trash />
                {move || if sure.get() { t.erase_sure } else { t.d3_erase_conversation }}
            </button>
        </div>
    }
}

/// On the lock screen: this account, or everything on this device, whoever is there. What is locked cannot ask for more than
/// that the button is held.
#[component]
pub(crate) fn EraseLocked(vault: crate::bridge::VaultId) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let extent = RwSignal::new(None::<Extent>);
    let busy = RwSignal::new(false);
    let go = move |extent| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            match extent {
                Extent::Everything => app.erase_all().await,
                _ => app.erase(vault).await,
            }
            busy.try_set(false);
        });
    };
    let choice = move |one: Extent, testid: &'static str, label: &'static str| {
        view! {
            <button
                type="button"
                class="button danger"
                aria-expanded=move || (extent.get() == Some(one)).to_string()
                data-testid=testid
                disabled=move || busy.get()
                on:click=move |_| extent.set(Some(one).filter(|_| extent.get_untracked() != Some(one)))
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="actions">
            <a class="button" href=Route::Restore.href() data-testid="l1.restore">{t.w1_restore}</a>
            <a class="button" href=Route::RestoreFile.href() data-testid="l1.file">{t.w1_file}</a>
            {choice(Extent::Account, "l1.erase", t.d3_account_short)}
            {choice(Extent::Everything, "l1.erase-all", t.d3_erase_all)}
        </div>
        {move || extent.get().map(|extent| view! {
            <Lists extent />
            <HoldButton screen="l1" part="erase-sure" label=t.d3_hold icon=Icon::Flame danger=true held=move || go(extent) />
            <Show when=move || busy.get()>
                <p class="muted" role="status">{t.d3_working}</p>
            </Show>
        })}
    }
}
