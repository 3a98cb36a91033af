//! D1: backups. A card among the settings leads to making one and to taking one in; a quiet line above the list reminds of it;
//! whoever has no account here restores one from a file before anything else (screens 20, W3).

mod create;
mod file;
mod folder;
mod kept;
mod reminder;
mod restore;
mod start;
mod work;

pub(crate) use reminder::{Reminder, is_due};
pub(crate) use start::RestoreFile;

use crate::bridge::Protection;
use crate::i18n::{Catalogue, count, fill, format, text};
use crate::page::focus::rescue;
use crate::page::state::App;
use crate::page::ui::icons::{Draw, Icon};
use create::CreateDialog;
use leptos::prelude::*;
use onionskin_client::api::{BackupCounts, BackupStep, Command};
use restore::RestoreDialog;
use work::Progress;

/// When the last backup was made, and the ways to make and to restore one.
#[component]
pub(crate) fn BackupCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let (create, restore) = (RwSignal::new(false), RwSignal::new(false));
    let last = move || {
        let at = app
            .profile
            .with(|profile| profile.as_ref().map_or(0, |profile| profile.backup_at));
        match at {
            0 => t.d1_last_never.to_owned(),
            at => fill(
                t.d1_last,
                &[("date", &format::date(at)), ("ago", &format::ago(at))],
            ),
        }
    };
    view! {
        <section class="card" aria-labelledby="d1-card">
            <h2 id="d1-card">{t.d1_card}</h2>
            <p class="small muted">{move || if app.is_temporary() { t.d1_temporary } else { t.d1_card_why }}</p>
            <p data-testid="d1.last">{last}</p>
            <Show when=move || reminder::repeats(app)>
                <div class="note plain" data-testid="d1.repeats">
                    <div class="stack tight">
                        <p>{move || count(&t.d1_repeats, reminder::every(app))}</p>
                        <div class="actions">
                            <button type="button" class="button small" data-testid="d1.repeats-stop" on:click=move |_| stop(app)>{t.d1_repeats_stop}</button>
                        </div>
                    </div>
                </div>
            </Show>
            <div class="actions">
                <button type="button" class="button" data-testid="d1.open" on:click=move |_| create.set(true)>
                    <Draw icon=Icon::Down />
                    {t.d1_title}
                </button>
                <button type="button" class="button" data-testid="d1.open-restore" on:click=move |_| restore.set(true)>
                    <Draw icon=Icon::Again />
                    {t.d1_restore}
                </button>
            </div>
            <CreateDialog open=create />
            <RestoreDialog open=restore />
        </section>
    }
}

/// No backup is written by itself any more.
fn stop(app: App) {
    app.send(Command::Backup(BackupStep::NoMore));
    leptos::task::spawn_local(folder::forget(app));
}

/// A passphrase protects the open account.
fn is_protected(app: App) -> bool {
    let vault = app.vault.get_untracked();
    app.vaults.with_untracked(|all| {
        let own = all.iter().find(|one| Some(one.id) == vault);
        own.is_some_and(|one| one.protection == Protection::Passphrase)
    })
}

/// When a step takes the place of another one, and with it what had the focus, the focus goes into the new one.
fn focus_follows<T: PartialEq + 'static>(step: impl Fn() -> T + 'static) {
    Effect::new(move |before: Option<T>| {
        let now = step();
        if before.is_some_and(|before| before != now) {
            rescue("[data-step]");
        }
        now
    });
}

/// How much is in a backup, in words. What there is none of is left out.
fn amounts(t: &Catalogue, counts: &BackupCounts) -> String {
    let BackupCounts {
        conversations,
        messages,
        files,
        bytes,
    } = *counts;
    let mut parts = Vec::new();
    if conversations > 0 {
        parts.push(count(&t.d1_conversations, conversations.into()));
    }
    if messages > 0 || conversations + files == 0 {
        parts.push(count(&t.d1_messages, messages.into()));
    }
    if files > 0 {
        let files = count(&t.d1_files, files.into());
        let size = format::bytes(bytes);
        parts.push(fill(t.d1_files_of, &[("files", &files), ("size", &size)]));
    }
    parts.join(", ")
}

/// How far something is, as a bar and in bytes.
#[component]
fn ProgressLine(
    #[prop(into)] pattern: Signal<&'static str>,
    progress: RwSignal<Option<Progress>>,
) -> impl IntoView {
    let t = text();
    let said = move || match progress.get() {
        None => t.working.to_owned(),
        Some(progress) => fill(
            pattern.get(),
            &[
                ("done", &format::bytes(progress.done)),
                ("of", &format::bytes(progress.of.max(progress.done))),
            ],
        ),
    };
    let percent = move || {
        progress
            .get()
            .map(|progress| progress.percent().to_string())
    };
    view! {
        <div class="stack tight">
            <p id="d1-progress" data-testid="d1.progress">{said}</p>
            <progress class="room" max="100" value=percent aria-labelledby="d1-progress"></progress>
        </div>
    }
}
