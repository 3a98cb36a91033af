//! A quiet line above the list, when the last backup is older than the person wants it to be.

use crate::i18n::{count, text};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{BackupStep, Command};

const DAY_MS: u64 = 86_400_000;

/// For how many days there was no backup, when that is too long; and whether there ever was one. Tracks.
fn overdue(app: App) -> Option<(u64, bool)> {
    let days = app
        .settings
        .with(|settings| settings.backup_reminder.days())?;
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

#[component]
pub(crate) fn Reminder() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let due = Memo::new(move |_| overdue(app));
    let title = move || match due.get() {
        Some((age, true)) => count(&t.d1_due, age),
        _ => t.d1_due_never.to_owned(),
    };
    view! {
        <Show when=move || due.get().is_some()>
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
                <p class="small muted">{t.d1_due_why}</p>
                <a class="button" href=Route::Storage.href() data-testid="c1.backup-open">
                    <Draw icon=Icon::Down />
                    {t.d1_due_open}
                </a>
            </section>
        </Show>
    }
}
