//! Taking a backup in: the file and its passphrase, what is in it, and what came of it.

use super::work::{Progress, open as open_file, take_in};
use super::{ProgressLine, amounts, focus_follows};
use crate::bridge::{BackupCall, Call};
use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::router::{Route, replace};
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::secret::{Secret, SecretField};
use leptos::prelude::*;
use onionskin_client::api::{BackupView, Failure, MergeField, MergeReport, short_id};

/// A file that the person chose, and what opens it.
#[derive(Clone, Copy)]
pub(super) struct FileForm {
    app: App,
    file: StoredValue<Option<web_sys::File>, LocalStorage>,
    /// Its name and size (bytes).
    named: RwSignal<Option<(String, u64)>>,
    secret: Secret,
    busy: RwSignal<bool>,
    pub failed: RwSignal<Option<Failure>>,
    /// What is in it, once it was opened.
    pub seen: RwSignal<Option<BackupView>>,
}

impl FileForm {
    pub(super) fn new(app: App) -> Self {
        Self {
            app,
            file: StoredValue::new_local(None),
            named: RwSignal::new(None),
            secret: Secret::new(),
            busy: RwSignal::new(false),
            failed: RwSignal::new(None),
            seen: RwSignal::new(None),
        }
    }

    pub(super) fn file(self) -> Option<web_sys::File> {
        self.file.try_get_value().flatten()
    }

    fn choose(self, file: Option<web_sys::File>) {
        self.failed.set(None);
        let named = file.as_ref().map(|file| (file.name(), file.size() as u64));
        self.named.set(named);
        self.file.set_value(file);
    }

    fn open(self) {
        let Some(file) = self.file() else { return };
        self.failed.set(None);
        self.busy.set(true);
        let passphrase = self.secret.take();
        leptos::task::spawn_local(async move {
            match open_file(self.app, &file, passphrase).await {
                Ok(view) => drop(self.seen.try_set(Some(view))),
                Err(failure) => {
                    drop(self.failed.try_set(Some(failure)));
                    if self.busy.try_set(false).is_none() {
                        self.secret.focus();
                    }
                }
            }
            self.busy.try_set(false);
        });
    }

    /// Another file after all.
    pub(super) fn back(self) {
        self.seen.set(None);
        self.failed.set(None);
        leptos::task::spawn_local(async move {
            // It is forgotten with the next one, too.
            let _ = self.app.call(Call::Backup(BackupCall::Close)).await;
        });
    }
}

/// Which file, and its passphrase.
#[component]
pub(super) fn FileQuestion(form: FileForm) -> impl IntoView {
    let t = text();
    let picked = move |event: leptos::ev::Event| {
        let field: web_sys::HtmlInputElement = event_target(&event);
        form.choose(field.files().and_then(|files| files.get(0)));
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        form.open();
    };
    let named = move || match form.named.get() {
        Some((name, size)) => fill(
            t.d1_file_named,
            &[("name", &isolate(&name)), ("size", &format::bytes(size))],
        ),
        None => t.d1_file_none.to_owned(),
    };
    view! {
        <form class="stack" on:submit=submit novalidate autocomplete="off">
            <div class="field">
                <div class="actions">
                    <label class="button file-button">
                        <input class="visually-hidden" type="file" accept=".osb" data-testid="d1.file" aria-describedby="d1-file" on:change=picked />
                        {t.d1_choose_file}
                    </label>
                </div>
                <p class="hint" id="d1-file" data-testid="d1.file-named">{named}</p>
            </div>
            <SecretField secret=form.secret id="d1.file-passphrase" label=t.d1_passphrase autocomplete="current-password" invalid=false />
            {move || form.failed.get().map(|failure| view! { <FailureNote failure testid="d1.restore-error" /> })}
            <div class="actions end">
                <button
                    type="submit"
                    class="button primary"
                    data-testid="d1.open-file"
                    disabled=move || form.busy.get() || form.secret.empty.get() || form.named.with(Option::is_none)
                >
                    {move || if form.busy.get() { t.working } else { t.d1_open_file }}
                </button>
            </div>
        </form>
    }
}

/// What the head of a file says.
#[component]
pub(super) fn Facts(view: BackupView, own: bool) -> impl IntoView {
    let t = text();
    let scope = match (view.whole, view.with_files) {
        (false, _) => t.d1_chosen,
        (true, true) => t.d1_all,
        (true, false) => t.d1_without,
    };
    let account = match own {
        true => t.d1_this_account.to_owned(),
        false => short_id(&view.account_id),
    };
    view! {
        <dl class="facts" data-testid="d1.facts">
            <dt>{t.d1_made}</dt>
            <dd>{format::full(view.made_at)}</dd>
            <dt>{t.d1_of_account}</dt>
            <dd><bdi>{account}</bdi></dd>
            <dt>{t.d1_extent}</dt>
            <dd>{scope}</dd>
            <dt>{t.d1_holds}</dt>
            <dd>{amounts(t, &view.counts)}</dd>
        </dl>
    }
}

/// Into the open account.
#[component]
pub(super) fn RestoreDialog(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open screen="d1-restore" title=text().d1_restore>
            <Body open />
        </Dialog>
    }
}

#[component]
fn Body(open: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let form = FileForm::new(app);
    let merge = Merge::new(app);
    on_cleanup(move || form.back_if_open());
    focus_follows(move || {
        (
            form.seen.with(Option::is_some),
            merge.busy.get(),
            merge.report.with(Option::is_some),
        )
    });
    let content = move || {
        if let Some(report) = merge.report.get() {
            return view! {
                <Report report />
                <div class="actions end">
                    <button type="button" class="button primary" data-testid="d1.finish" data-pane-focus on:click=move |_| open.set(false)>{t.close}</button>
                </div>
            }
            .into_any();
        }
        if merge.busy.get() {
            return view! { <Merging merge /> }.into_any();
        }
        match form.seen.get() {
            None => view! {
                <p class="small">{t.d1_restore_about}</p>
                <FileQuestion form />
            }
            .into_any(),
            Some(view) => view! { <Seen form merge view /> }.into_any(),
        }
    };
    view! { <div class="stack" data-step>{content}</div> }
}

impl FileForm {
    /// The screen goes: nothing of an opened file stays.
    pub(super) fn back_if_open(self) {
        if self.seen.try_get_untracked().flatten().is_some() {
            let app = self.app;
            leptos::task::spawn_local(async move {
                let _ = app.call(Call::Backup(BackupCall::Close)).await;
            });
        }
    }
}

/// What is in the file, and what can be done with it.
#[component]
fn Seen(form: FileForm, merge: Merge, view: BackupView) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let own = app.profile.with_untracked(|profile| {
        profile
            .as_ref()
            .is_some_and(|one| one.account_id == view.account_id)
    });
    let lock = move |_| {
        leptos::task::spawn_local(async move {
            app.lock().await;
            app.wanted.set(None);
            replace(app.route, Route::RestoreFile);
        });
    };
    let begin = move |_| {
        if let Some(file) = form.file() {
            merge.begin(file);
        }
    };
    let temporary = app.is_temporary();
    view! {
        <Facts view own />
        {move || merge.failed.get().map(|failure| view! { <FailureNote failure testid="d1.restore-error" /> })}
        {if own {
            view! {
                <p class="small muted">{t.d1_merge_why}</p>
                <div class="actions end">
                    <button type="button" class="button" data-testid="d1.other-file" on:click=move |_| form.back()>{t.d1_other_file}</button>
                    <button type="button" class="button primary" data-testid="d1.merge" data-pane-focus on:click=begin>{t.d1_merge}</button>
                </div>
            }
            .into_any()
        } else {
            view! {
                <div class="note" role="status" data-testid="d1.other-account">
                    <Draw icon=Icon::Info />
                    <p>{if temporary { t.d1_other_temporary } else { t.d1_other }}</p>
                </div>
                <div class="actions end">
                    <button type="button" class="button" data-testid="d1.other-file" data-pane-focus on:click=move |_| form.back()>{t.d1_other_file}</button>
                    {(!temporary).then(|| view! {
                        <button type="button" class="button primary" data-testid="d1.lock" on:click=lock>{t.d1_lock_restore}</button>
                    })}
                </div>
            }
            .into_any()
        }}
    }
}

/// A backup on its way into the open account.
#[derive(Clone, Copy)]
pub(super) struct Merge {
    app: App,
    pub busy: RwSignal<bool>,
    progress: RwSignal<Option<Progress>>,
    pub failed: RwSignal<Option<Failure>>,
    pub report: RwSignal<Option<MergeReport>>,
    ended: StoredValue<bool>,
}

impl Merge {
    pub(super) fn new(app: App) -> Self {
        Self {
            app,
            busy: RwSignal::new(false),
            progress: RwSignal::new(None),
            failed: RwSignal::new(None),
            report: RwSignal::new(None),
            ended: StoredValue::new(false),
        }
    }

    pub(super) fn begin(self, file: web_sys::File) {
        leptos::task::spawn_local(self.run(file));
    }

    /// Until it is over, in whatever way.
    pub(super) async fn run(self, file: web_sys::File) {
        if self.busy.try_set(true).is_some() {
            return;
        }
        self.failed.set(None);
        self.progress.set(None);
        self.ended.set_value(false);
        let tell = move |progress| {
            let ended = self.ended.try_get_value() != Some(false);
            !ended && self.progress.try_set(Some(progress)).is_none()
        };
        match take_in(self.app, &file, tell).await {
            Ok(report) => drop(self.report.try_set(report)),
            Err(failure) => drop(self.failed.try_set(Some(failure))),
        }
        self.busy.try_set(false);
    }
}

/// How far it is.
#[component]
pub(super) fn Merging(merge: Merge) -> impl IntoView {
    let t = text();
    view! {
        <div class="stack" data-testid="d1.merging">
            <ProgressLine pattern=t.d1_reading progress=merge.progress />
            <p class="small muted">{t.d1_reading_why}</p>
            <div class="actions end">
                <button type="button" class="button" data-testid="d1.cancel" data-pane-focus on:click=move |_| merge.ended.set_value(true)>{t.cancel}</button>
            </div>
        </div>
    }
}

/// What came of it.
#[component]
pub(super) fn Report(report: MergeReport) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let added = report.added;
    let news = added.conversations + added.messages + added.files > 0;
    let (lost, conflicts_all) = (report.lost, report.conflicts_all);
    let facts = [
        (&t.d1_known, report.known),
        (&t.d1_deleted, report.deleted),
        (&t.d1_expired, report.expired),
        (&t.d1_unsent, report.unsent),
    ];
    let facts = facts
        .into_iter()
        .filter(|(words, n)| *n > 0 && (news || !std::ptr::eq(*words, &t.d1_known)))
        .map(|(words, n)| view! { <li>{count(words, n.into())}</li> })
        .collect_view();
    let conflicts = report
        .conflicts
        .into_iter()
        .map(|one| {
            let what = field(t, one.what);
            let line = match one.account_id {
                Some(id) => {
                    let name = untrack(|| app.called(&id));
                    fill(
                        t.d1_conflict_of,
                        &[("name", &isolate(&name)), ("what", what)],
                    )
                }
                None => what.to_owned(),
            };
            view! { <li>{line}</li> }
        })
        .collect_view();
    view! {
        <div class="stack" data-testid="d1.report">
            <div class="note" role="status">
                <Draw icon=Icon::Check />
                <div class="stack tight">
                    <p class="what">{if news { t.d1_restored } else { t.d1_restored_nothing }}</p>
                    {news.then(|| view! { <p data-testid="d1.added">{amounts(t, &added)}</p> })}
                </div>
            </div>
            {lost.any().then(|| view! {
                <div class="note warn" role="alert" data-testid="d1.lost">
                    <Draw icon=Icon::Warning />
                    <div class="stack tight">
                        {(lost.parts > 0).then(|| view! { <p>{count(&t.d1_lost_parts, lost.parts.into())}</p> })}
                        {lost.cut.then_some(view! { <p>{t.d1_lost_cut}</p> })}
                        {lost.trailing.then_some(view! { <p>{t.d1_lost_trailing}</p> })}
                        <p>{missing(t, &lost.counts)}</p>
                    </div>
                </div>
            })}
            <ul class="plain small">{facts}</ul>
            {(conflicts_all > 0).then(|| view! {
                <div class="stack tight" data-testid="d1.conflicts">
                    <p class="small">{count(&t.d1_conflicts, conflicts_all.into())}</p>
                    <ul class="plain small">{conflicts}</ul>
                </div>
            })}
        </div>
    }
}

/// What of the file is not here.
fn missing(t: &Catalogue, counts: &onionskin_client::api::BackupCounts) -> String {
    let nothing = counts.conversations + counts.messages + counts.files == 0;
    match nothing {
        true => t.d1_lost_nothing.to_owned(),
        false => fill(t.d1_lost_what, &[("what", &amounts(t, counts))]),
    }
}

fn field(t: &Catalogue, what: MergeField) -> &'static str {
    match what {
        MergeField::Name => t.d1_field_name,
        MergeField::Picture => t.d1_field_picture,
        MergeField::Settings => t.d1_field_settings,
        MergeField::Nickname => t.d1_field_nickname,
        MergeField::Note => t.d1_field_note,
        MergeField::Label => t.d1_field_label,
        MergeField::Folder => t.d1_field_folder,
        MergeField::Draft => t.d1_field_draft,
        MergeField::Muted => t.d1_field_muted,
        MergeField::Notify => t.d1_field_notify,
        MergeField::Timer => t.d1_field_timer,
        MergeField::Blocked => t.d1_field_blocked,
    }
}
