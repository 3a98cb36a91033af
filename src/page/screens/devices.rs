//! X5: this device, and what is known of the others, which is only what they leave in the swarm (screens 16).

use crate::bridge::Protection;
use crate::i18n::{count, format, text};
use crate::page::refresh;
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, Failure, SyncState};

/// How often it is read anew while somebody looks (ms).
const REFRESH_MS: u32 = 5_000;

#[component]
pub(crate) fn DevicesPage() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let failed = RwSignal::new(None::<Failure>);
    refresh::every(app, REFRESH_MS, move || {
        leptos::task::spawn_local(async move {
            match app.command(Command::GetSync).await {
                Ok(Answer::Sync(sync)) => {
                    failed.try_set(None);
                    app.sync.set(Some(sync));
                }
                Ok(_) => {}
                Err(failure) => {
                    failed.try_set(Some(failure));
                }
            }
        });
    });
    let vault = Memo::new(move |_| {
        let open = app.vault.get();
        app.vaults
            .with(|all| all.iter().find(|one| Some(one.id) == open).cloned())
    });
    let protection = move || match vault.get().map(|vault| vault.protection) {
        None => t.x5_memory_only,
        Some(Protection::Device) => t.x5_unprotected,
        Some(Protection::Passphrase) => t.x5_passphrase,
    };
    let kept = move || match app.environment.with(|environment| environment.persisted) {
        _ if vault.with(Option::is_none) => t.x5_kept_nothing,
        Some(true) => t.x5_kept,
        _ => t.x5_kept_maybe,
    };
    let created = move || {
        vault
            .get()
            .map_or_else(|| t.none.to_owned(), |vault| format::date(vault.created_at))
    };
    let ago = move |at: Option<u64>| at.map_or_else(|| t.never.to_owned(), format::ago);
    let sync = move || app.sync.get().unwrap_or_default();
    let state = move || match sync().state {
        SyncState::Unknown => t.x5_state_unknown,
        SyncState::Pending => t.x5_state_pending,
        SyncState::Storing => t.x5_state_storing,
        SyncState::Settled => t.x5_state_settled,
        SyncState::Failing { .. } => t.x5_state_failing,
        SyncState::Stopped => t.x5_state_stopped,
    };
    let hook = move || match sync().state {
        SyncState::Unknown => "unknown",
        SyncState::Pending => "pending",
        SyncState::Storing => "storing",
        SyncState::Settled => "settled",
        SyncState::Failing { .. } => "failing",
        SyncState::Stopped => "stopped",
    };
    view! {
        <section class="card" aria-labelledby="x5-this">
            <h2 id="x5-this">{t.x3_device}</h2>
            <dl class="facts">
                <dt>{t.x5_created}</dt>
                <dd data-testid="x5.created">{created}</dd>
                <dt>{t.x5_protection}</dt>
                <dd data-testid="x5.protection">{protection}</dd>
                <dt>{t.x5_storage}</dt>
                <dd data-testid="x5.storage">{kept}</dd>
            </dl>
        </section>
        <section class="card" aria-labelledby="x5-sync">
            <h2 id="x5-sync">{t.x5_sync}</h2>
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="x5.error" /> })}
            <p role="status" data-testid="x5.state" data-sync=hook>{state}</p>
            <dl class="facts">
                <dt>{t.x5_fetched}</dt>
                <dd data-testid="x5.fetched">{move || ago(sync().fetched_at)}</dd>
                <dt>{t.x5_stored}</dt>
                <dd data-testid="x5.stored">{move || ago(sync().stored_at)}</dd>
                {move || match sync().state {
                    SyncState::Failing { next_at } => Some(view! { <dt>{t.x5_next}</dt><dd>{format::from_now(next_at)}</dd> }),
                    _ => None,
                }}
            </dl>
            {move || {
                let unreadable = sync().unreadable;
                (unreadable > 0).then(|| view! { <p class="note warn" data-testid="x5.unreadable">{count(&t.x5_unreadable, u64::from(unreadable))}</p> })
            }}
        </section>
        <section class="card" aria-labelledby="x5-others">
            <h2 id="x5-others">{t.x5_others}</h2>
            <dl class="facts">
                <dt>{t.x5_seen}</dt>
                <dd data-testid="x5.others">{move || ago(sync().other_device_at)}</dd>
            </dl>
            <p class="small muted">{t.x5_others_why}</p>
        </section>
        <section class="card" aria-labelledby="x5-leaked">
            <h2 id="x5-leaked">{t.x5_leaked}</h2>
            <p class="small">{t.x5_leaked_why}</p>
            <ol class="steps">
                <li>{t.x5_step_create}</li>
                <li>{t.x5_step_tell}</li>
                <li>{t.x5_step_erase}</li>
            </ol>
            <div class="actions">
                <button type="button" class="button" data-testid="x5.phrase" on:click=move |_| app.phrase_open.set(true)>
                    <Draw icon=Icon::Key />
                    {t.r1_open}
                </button>
            </div>
        </section>
    }
}
