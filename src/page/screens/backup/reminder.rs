//! A quiet line above the list, when the last backup is older than the person wants it to be. Where backups are written into
//! a folder by themselves, that is done first.

use super::file;
use super::folder::{self, Permission};
use super::work::make;
use crate::i18n::{count, text};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{BackupReminder, BackupStep, Command, ErrorCode, Failure};

const DAY_MS: u64 = 86_400_000;

/// Backups are written by themselves. Tracks.
pub(super) fn repeats(app: App) -> bool {
    app.profile
        .with(|profile| profile.as_ref().is_some_and(|one| one.backup_repeats))
}

/// Days from one backup to the next that is written by itself: as many as to the reminder, where there is one. Tracks.
pub(super) fn every(app: App) -> u64 {
    let wanted = app.settings.with(|settings| settings.backup_reminder);
    let usual = BackupReminder::default().days().unwrap_or_default();
    wanted.days().unwrap_or(usual)
}

/// For how many days there was no backup, when that is too long; and whether there ever was one. Tracks.
fn overdue(app: App) -> Option<(u64, bool)> {
    let wanted = app.settings.with(|settings| settings.backup_reminder);
    let days = match repeats(app) {
        true => every(app),
        false => wanted.days()?,
    };
    let made = app.vault.get().and_then(|vault| {
        let made = |all: &Vec<crate::bridge::VaultInfo>| {
            let own = all.iter().find(|one| one.id == vault);
            own.map(|one| one.created_at)
        };
        app.vaults.with(made)
    });
    // An account that ends with the tab has none.
    let made = made?;
    let empty = app
        .conversations
        .with(|list| list.as_ref().is_none_or(Vec::is_empty));
    let (last, put_off) = app.profile.with(|profile| {
        let profile = profile.as_ref();
        profile.map_or((0, 0), |one| (one.backup_at, one.backup_remind_at))
    });
    let now = js_sys::Date::now() as u64;
    let age = now.saturating_sub(last.max(made)) / DAY_MS;
    (!empty && age >= days && put_off <= now).then_some((age, last > 0))
}

/// Whether the line shows. Tracks.
pub(crate) fn is_due(app: App) -> bool {
    overdue(app).is_some()
}

/// How a backup that writes itself stands.
#[derive(Clone, Debug, PartialEq)]
enum Itself {
    /// Nobody looked yet, or none is due.
    Rests,
    Works,
    /// It was written. By a clock that is far ahead another one would be due at once.
    Done,
    /// The browser wants the person to allow it once more.
    Asks,
    Failed(Failure),
}

/// Writes a backup into the folder; `press`: the person is here and can be asked.
async fn write(app: App, itself: RwSignal<Itself>, press: bool) {
    if itself.try_set(Itself::Works).is_some() {
        return;
    }
    let made = async {
        let Some(folder) = folder::recall(app).await else {
            return Err(file::failure(ErrorCode::BakWrite));
        };
        match folder.permission(press).await {
            Permission::Granted => {}
            Permission::Asks => return Ok(Itself::Asks),
            Permission::Denied => return Err(file::failure(ErrorCode::BakWrite)),
        }
        let (sink, name) = folder.file().await?;
        if make(app, None, sink, |_| true).await?.is_some() {
            folder.wrote(app, name).await?;
            app.toast.set(Some(text().d1_repeats_done.into()));
        }
        Ok(Itself::Done)
    };
    itself.try_set(made.await.unwrap_or_else(Itself::Failed));
}

#[component]
pub(crate) fn Reminder() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let due = Memo::new(move |_| overdue(app));
    let repeats = Memo::new(move |_| repeats(app));
    let itself = RwSignal::new(Itself::Rests);
    let is_due = Memo::new(move |_| due.get().is_some());
    Effect::new(move |_| {
        // Looked at anew whenever something happens: of several windows the one with the focus is enough.
        app.conversations.track();
        let here = document().has_focus().unwrap_or(false);
        let state = itself.get_untracked();
        if !is_due.get() {
            if state == Itself::Done {
                itself.set(Itself::Rests);
            }
        } else if repeats.get() && here && state == Itself::Rests {
            leptos::task::spawn_local(write(app, itself, false));
        }
    });
    let title = move || match due.get() {
        Some((age, true)) => count(&t.d1_due, age),
        _ => t.d1_due_never.to_owned(),
    };
    let rest = move || {
        match itself.get() {
        Itself::Works => view! { <p class="small muted" role="status" data-testid="c1.backup-works">{t.d1_repeats_works}</p> }.into_any(),
        Itself::Asks => view! {
            <p class="small muted">{t.d1_repeats_ask}</p>
            <button
                type="button"
                class="button"
                data-testid="c1.backup-allow"
                on:click=move |_| leptos::task::spawn_local(write(app, itself, true))
            >
                <Draw icon=Icon::Down />
                {t.d1_repeats_now}
            </button>
        }
        .into_any(),
        other => {
            let failed = match other {
                Itself::Failed(failure) => Some(view! { <FailureNote failure testid="c1.backup-error" /> }),
                _ => None,
            };
            view! {
                {failed}
                <p class="small muted">{t.d1_due_why}</p>
                <a class="button" href=Route::Storage.href() data-testid="c1.backup-open">
                    <Draw icon=Icon::Down />
                    {t.d1_due_open}
                </a>
            }
            .into_any()
        }
    }
    };
    view! {
        <Show when=move || is_due.get()>
            <section class="first-steps" aria-labelledby="d1-due" data-testid="c1.backup">
                <div class="card-head">
                    <h2 id="d1-due">{title}</h2>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=t.d1_due_later
                        title=t.d1_due_later
                        data-testid="c1.backup-later"
                        on:click=move |_| app.send(Command::Backup(BackupStep::PutOff))
                    >
                        <Draw icon=Icon::Close size=16 />
                    </button>
                </div>
                {rest}
            </section>
        </Show>
    }
}
