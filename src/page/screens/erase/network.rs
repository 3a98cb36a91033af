//! Erasing the account from the network: asking the own swarm, each node's word, and the decision afterwards.

use super::Erase;
use crate::i18n::{Catalogue, count, fill, format, text};
use crate::page::text::short_key;
use crate::page::ui::gate::Gate;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, ErasedAt, NodeErasure};

/// What the nodes said, on this visit of the page.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) nodes: RwSignal<Option<Vec<ErasedAt>>>,
}

impl Outcome {
    pub(super) fn new() -> Self {
        Self {
            nodes: RwSignal::new(None),
        }
    }

    /// How many confirmed, of all of them.
    fn counts(self) -> Option<(u32, u32)> {
        self.nodes.with(|nodes| {
            let nodes = nodes.as_ref()?;
            let confirmed = nodes.iter().filter(|node| is_confirmed(node)).count();
            Some((
                u32::try_from(confirmed).ok()?,
                u32::try_from(nodes.len()).ok()?,
            ))
        })
    }
}

fn is_confirmed(node: &ErasedAt) -> bool {
    matches!(node.outcome, NodeErasure::Confirmed { .. })
}

impl Erase {
    /// Asks the nodes, or those that did not confirm.
    async fn ask(self, retry: bool) {
        match self.app.command(Command::EraseFromNetwork { retry }).await {
            Ok(Answer::Erased(nodes)) => {
                self.outcome.nodes.try_set(Some(nodes));
            }
            Ok(_) => {}
            Err(failure) => {
                self.failed.try_set(Some(failure));
            }
        }
    }
}

#[component]
pub(super) fn FromNetwork(erase: Erase) -> impl IntoView {
    let t = text();
    let app = erase.app;
    let erased_at = Memo::new(move |_| {
        app.profile
            .with(|profile| profile.as_ref().and_then(|profile| profile.erased_at))
    });
    let asked = Memo::new(move |_| erased_at.get().is_some() || has_answers(erase));
    let ask = move |passphrase| erase.prove(passphrase, async move || erase.ask(false).await);
    view! {
        <Show
            when=move || asked.get()
            fallback=move || view! {
                <Gate screen="d3" passphrase="d3.passphrase" part="erase" label=t.d3_ask_network hold=t.d3_hold icon=Icon::Flame danger=true open=ask />
            }
        >
            <Answers erase />
            {move || erased_at.get().map(|at| view! {
                <div class="note warn" data-testid="d3.stopped">
                    <Draw icon=Icon::Info />
                    <p>{fill(t.d3_stopped, &[("date", &format::full(at))])}</p>
                </div>
            })}
            <Afterwards erase />
        </Show>
        <Show when=move || erase.busy.get()>
            <p class="muted" role="status" data-testid="d3.asking">
                <Draw icon=Icon::Arc size=16 />
                " " {t.d3_asking}
            </p>
        </Show>
    }
}

fn has_answers(erase: Erase) -> bool {
    erase.outcome.nodes.with(Option::is_some)
}

/// The word of each node.
#[component]
fn Answers(erase: Erase) -> impl IntoView {
    let t = text();
    let summary = move || {
        erase.outcome.counts().map(|(confirmed, of)| {
            let (confirmed, of) = (confirmed.to_string(), of.to_string());
            fill(t.d3_confirmed_of, &[("n", &confirmed), ("of", &of)])
        })
    };
    let rows = move || {
        let nodes = erase.outcome.nodes.get().unwrap_or_default();
        nodes
            .into_iter()
            .map(|node| view! { <NodeRow t node /> })
            .collect_view()
    };
    view! {
        <Show when=move || has_answers(erase)>
            <p role="status" data-testid="d3.summary">{summary}</p>
            <ul class="hits" aria-label=t.d3_nodes>{rows}</ul>
        </Show>
    }
}

#[component]
fn NodeRow(t: &'static Catalogue, node: ErasedAt) -> impl IntoView {
    let (hook, icon, said) = match node.outcome {
        NodeErasure::Confirmed { deleted } => (
            "confirmed",
            Icon::Check,
            count(&t.d3_node_confirmed, u64::from(deleted)),
        ),
        NodeErasure::Refused => ("refused", Icon::Warning, t.d3_node_refused.to_owned()),
        NodeErasure::Silent => ("silent", Icon::Warning, t.d3_node_silent.to_owned()),
    };
    let key = short_key(&node.key);
    view! {
        <li class="erase-node" data-testid="d3.node" data-outcome=hook data-node=node.key>
            <Draw icon />
            <span class="row-text">
                <span class="mono" dir="ltr">{key} " · " {node.address}</span>
                <span class="small muted">{said}</span>
            </span>
        </li>
    }
}

/// Asking again, erasing here as well, or going on with the account.
#[component]
fn Afterwards(erase: Erase) -> impl IntoView {
    let t = text();
    let app = erase.app;
    let open = move || {
        erase.outcome.nodes.with(|nodes| {
            nodes
                .as_ref()
                .is_none_or(|nodes| !nodes.iter().all(is_confirmed))
        })
    };
    let retry = move |_| erase.run(async move || erase.ask(true).await);
    let burn = move || app.burn(untrack(|| erase.outcome.counts()));
    let go_on = move |_| {
        erase.run(async move || match app.command(Command::StoreAgain).await {
            Ok(_) => {
                erase.outcome.nodes.try_set(None);
                app.toast.set(Some(t.d3_goes_on.into()));
            }
            Err(failure) => {
                erase.failed.try_set(Some(failure));
            }
        });
    };
    view! {
        <p>{t.d3_then}</p>
        <div class="actions">
            <Show when=open>
                <button type="button" class="button" data-testid="d3.retry" disabled=move || erase.busy.get() on:click=retry>
                    <Draw icon=Icon::Again />
                    {t.d3_retry}
                </button>
            </Show>
            <button type="button" class="button" data-testid="d3.go-on" disabled=move || erase.busy.get() on:click=go_on>
                {t.d3_go_on}
            </button>
            <Show when=move || erase.proved.get()>
                <button
                    type="button"
                    class="button danger primary"
                    data-testid="d3.erase-here"
                    disabled=move || erase.busy.get()
                    on:click=move |_| erase.run(async move || burn().await)
                >
                    <Draw icon=Icon::Flame />
                    {t.erase_device}
                </button>
            </Show>
        </div>
        <Show when=move || !erase.proved.get()>
            <Gate
                screen="d3"
                passphrase="d3.passphrase"
                part="erase-here"
                label=t.erase_device
                hold=t.d3_hold
                icon=Icon::Flame
                danger=true
                open=move |passphrase| erase.prove(passphrase, async move || burn().await)
            />
        </Show>
        <p class="small muted">{t.d3_go_on_why}</p>
    }
}
