//! L1: what lies on this device, and what opens it. Nothing here says whose account it is.

use crate::bridge::{Protection, VaultId};
use crate::i18n::{fill, format, text};
use crate::page::router::Route;
use crate::page::screens::welcome::EndedNote;
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::secret::{Secret, SecretField};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use onionskin_client::api::{ErrorCode, Failure};

/// Waiting after a wrong passphrase, by attempt (s).
const DELAYS: [u32; 9] = [0, 0, 1, 2, 4, 8, 16, 32, 60];

#[component]
pub(crate) fn Lock() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let chosen = RwSignal::new(0usize);
    let vault = Memo::new(move |_| {
        app.vaults
            .with(|vaults| vaults.get(chosen.get()).or(vaults.first()).cloned())
    });
    // Whether a vault is in use may be told while somebody types: the form stays as long as it is the same vault's.
    let form = Memo::new(move |_| vault.with(|vault| vault.as_ref().map(|v| (v.id, v.protection))));
    let in_use = Memo::new(move |_| vault.with(|vault| vault.as_ref().is_some_and(|v| v.in_use)));
    view! {
        <main class="page" data-screen="l1" data-state="ready">
            <div class="sheet">
                <div class="welcome-head">
                    <span class="mark">
                        <Draw icon=Icon::Lock size=40 />
                    </span>
                    <h1 tabindex="-1" data-route-focus>{t.l1_title}</h1>
                    <p class="muted">{t.l1_about}</p>
                </div>
                <EndedNote />
                <Show when=move || app.vaults.with(|vaults| vaults.len() > 1)>
                    <VaultChoice chosen />
                </Show>
                {move || form.get().map(|(id, protection)| view! { <Unlock id protection in_use /> })}
            </div>
            <footer class="page-foot">
                <a href=Route::Create.href() data-testid="l1.other">{t.l1_other}</a>
                <a href=Route::Temporary.href() data-testid="l1.temporary">{t.w1_temporary}</a>
            </footer>
        </main>
    }
}

#[component]
fn VaultChoice(chosen: RwSignal<usize>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let choices = move || {
        app.vaults
            .get()
            .into_iter()
            .enumerate()
            .map(|(at, vault)| {
                let since = fill(t.l1_vault_since, &[("date", &format::date(vault.created_at))]);
                view! {
                    <label class="choice">
                        <input
                            type="radio"
                            name="l1-vault"
                            data-testid="l1.vault"
                            prop:checked=move || chosen.get() == at
                            on:change=move |_| chosen.set(at)
                        />
                        <span class="title">{fill(t.l1_vault, &[("n", &(at + 1).to_string())])}</span>
                        <span class="why">{since}</span>
                    </label>
                }
            })
            .collect_view()
    };
    view! {
        <fieldset class="field">
            <legend>{t.l1_which}</legend>
            <div class="choices">{choices}</div>
        </fieldset>
    }
}

#[component]
fn Unlock(id: VaultId, protection: Protection, in_use: Memo<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let secret = Secret::new();
    let guarded = protection == Protection::Passphrase;
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    let wrong = RwSignal::new(0usize);
    // An attempt may find out before the list says so.
    let found_elsewhere = RwSignal::new(false);
    let elsewhere = Memo::new(move |_| in_use.get() || found_elsewhere.get());
    let shake = move || {
        failed.with(|failed| {
            failed
                .as_ref()
                .is_some_and(|f| f.code == ErrorCode::VaultPass)
        })
    };

    let open = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failed.set(None);
        let passphrase = guarded.then(|| secret.take());
        let take_over = elsewhere.get_untracked();
        leptos::task::spawn_local(async move {
            if let Err(mut failure) = app.unlock(id, passphrase, take_over).await {
                if busy.is_disposed() {
                    return;
                }
                match failure.code {
                    ErrorCode::VaultPass => {
                        wrong.update(|wrong| *wrong += 1);
                        let attempt = wrong.get_untracked();
                        failure.number = u32::try_from(attempt).ok();
                        failed.set(Some(failure));
                        TimeoutFuture::new(DELAYS[(attempt - 1).min(DELAYS.len() - 1)] * 1_000)
                            .await;
                    }
                    ErrorCode::VaultOpen => found_elsewhere.set(true),
                    _ => failed.set(Some(failure)),
                }
                busy.set(false);
                if !busy.is_disposed() {
                    secret.focus();
                }
            }
        });
    };
    view! {
        <form class="stack" on:submit=open class:shake=shake>
            <Show when=move || elsewhere.get()>
                <div class="note" role="status" data-testid="l1.elsewhere">
                    <Draw icon=Icon::Info />
                    <p>{t.l1_elsewhere}</p>
                </div>
            </Show>
            {guarded
                .then(|| {
                    view! {
                        <SecretField
                            secret
                            id="l1.passphrase"
                            label=t.passphrase
                            autocomplete="current-password"
                            invalid=Signal::derive(shake)
                        />
                    }
                })}
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="l1.error" /> })}
            <button
                type="submit"
                class="button primary big"
                data-testid="l1.unlock"
                disabled=move || busy.get() || guarded && secret.empty.get()
            >
                <Show when=move || busy.get()>
                    <Draw icon=Icon::Arc />
                </Show>
                {move || match (busy.get(), elsewhere.get()) {
                    (true, _) => t.l1_opening,
                    (false, true) => t.l1_use_here,
                    (false, false) => t.l1_unlock,
                }}
            </button>
        </form>
        <Forgot vault=id />
    }
}

/// Only the phrase rebuilds an account; this vault can be erased.
#[component]
fn Forgot(vault: VaultId) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let sure = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    let erase = move |_| {
        leptos::task::spawn_local(async move {
            if let Err(failure) = app.erase(vault).await {
                failed.set(Some(failure));
            }
        });
    };
    view! {
        <details class="forgot">
            <summary data-testid="l1.forgot">{t.l1_forgot}</summary>
            <div class="stack">
                <p class="small">{t.l1_forgot_about}</p>
                <div class="actions">
                    <a class="button" href=Route::Restore.href() data-testid="l1.restore">{t.w1_restore}</a>
                    <a class="button" href=Route::RestoreFile.href() data-testid="l1.file">{t.w1_file}</a>
                    <Show
                        when=move || sure.get()
                        fallback=move || {
                            view! {
                                <button type="button" class="button danger" data-testid="l1.erase" on:click=move |_| sure.set(true)>
                                    {t.erase_device}
                                </button>
                            }
                        }
                    >
                        <button type="button" class="button danger primary" data-testid="l1.erase-sure" on:click=erase>
                            {t.erase_sure}
                        </button>
                    </Show>
                </div>
                {move || failed.get().map(|failure| view! { <FailureNote failure /> })}
            </div>
        </details>
    }
}
