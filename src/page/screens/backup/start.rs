//! An account from a backup, where none is open: the file first, then its phrase where the file does not hold it, then the
//! questions of W2; the account is made and the file taken in before anything else is shown (screens 20, W3).

use super::focus_follows;
use super::restore::{Facts, FileForm, FileQuestion, Merge, Merging, Report};
use crate::bridge::{BackupCall, Call, Reply, SecretBytes};
use crate::i18n::text;
use crate::page::router::Route;
use crate::page::screens::restore::{Area, Boxes, PhraseForm};
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::keep::{KeepForm, KeepQuestions};
use leptos::prelude::*;
use onionskin_client::api::{BackupView, ErrorCode, Failure, RestoreStep};

/// Handles of the screen.
#[derive(Clone, Copy)]
struct Start {
    app: App,
    form: FileForm,
    phrase: PhraseForm,
    keep: KeepForm,
    merge: Merge,
    busy: RwSignal<bool>,
    failed: RwSignal<Option<Failure>>,
    /// The account that was made, which nobody has entered yet.
    made: StoredValue<Option<Reply>>,
    over: RwSignal<bool>,
}

impl Start {
    /// Makes the account and takes the file in.
    fn begin(self, with_phrase: bool) {
        let Some(file) = self.form.file() else { return };
        self.failed.set(None);
        self.busy.set(true);
        let phrase: Option<SecretBytes> = (!with_phrase).then(|| self.phrase.phrase());
        let keep = self.keep.take();
        leptos::task::spawn_local(async move {
            let call = BackupCall::Create { phrase, keep };
            match self.app.call(Call::Backup(call)).await {
                Ok(made) => {
                    if self.made.try_set_value(Some(made)).is_some() {
                        // Nobody waits for it any more.
                        return self.app.lock().await;
                    }
                    self.merge.run(file).await;
                    self.over.try_set(true);
                }
                Err(failure) => drop(self.failed.try_set(Some(failure))),
            }
            self.busy.try_set(false);
        });
    }

    fn enter(self) {
        let Some(made) = self.made.try_update_value(Option::take).flatten() else {
            return;
        };
        leptos::task::spawn_local(async move {
            self.app.restoring.set(Some(RestoreStep::Connecting));
            if let Err(failure) = self.app.opened(made).await {
                self.failed.try_set(Some(failure));
            }
        });
    }
}

#[component]
pub(crate) fn RestoreFile() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let start = Start {
        app,
        form: FileForm::new(app),
        phrase: PhraseForm::new(),
        keep: KeepForm::new(None),
        merge: Merge::new(app),
        busy: RwSignal::new(false),
        failed: RwSignal::new(None),
        made: StoredValue::new(None),
        over: RwSignal::new(false),
    };
    on_cleanup(move || {
        start.form.back_if_open();
        if start
            .made
            .try_update_value(Option::take)
            .flatten()
            .is_some()
        {
            // It was made and not entered: it can be unlocked like any other.
            leptos::task::spawn_local(app.lock());
        }
    });
    let state = move || match (start.over.get(), start.busy.get()) {
        (true, _) => "done",
        (false, true) => "loading",
        (false, false) => "ready",
    };
    focus_follows(move || {
        (
            start.form.seen.with(Option::is_some),
            start.merge.busy.get(),
            start.over.get(),
        )
    });
    let content = move || {
        if start.over.get() {
            return view! { <Over start /> }.into_any();
        }
        if start.merge.busy.get() {
            return view! { <Merging merge=start.merge /> }.into_any();
        }
        match start.form.seen.get() {
            None => view! { <FileQuestion form=start.form /> }.into_any(),
            Some(view) => view! { <Questions start view /> }.into_any(),
        }
    };
    view! {
        <main class="page" data-screen="d1-start" data-state=state>
            <div class="sheet broad">
                <div class="sheet-head">
                    <Show when=move || !start.busy.get() && !start.over.get()>
                        <a class="back-link" href=Route::Welcome.href() data-testid="d1.back">
                            <Draw icon=Icon::Back size=16 />
                            {t.back}
                        </a>
                    </Show>
                    <h1 tabindex="-1" data-route-focus>{t.d1_restore}</h1>
                    <Show when=move || !start.over.get()>
                        <p class="muted">{t.d1_start_about}</p>
                    </Show>
                </div>
                <div class="stack" data-step>{content}</div>
            </div>
        </main>
    }
}

/// What is in the file, its phrase where it is needed, and what may stay here.
#[component]
fn Questions(start: Start, view: BackupView) -> impl IntoView {
    let t = text();
    let with_phrase = view.with_phrase;
    let ready = move || with_phrase || start.phrase.checked.get();
    let missing = Memo::new(move |_| start.keep.missing(t));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if start.busy.get_untracked() {
            return;
        }
        if !untrack(ready) {
            leptos::task::spawn_local(start.phrase.check(start.app));
        } else if missing.get_untracked().is_none() {
            start.begin(with_phrase);
        }
    };
    let told = move || {
        let failed = start.failed.get();
        if failed
            .as_ref()
            .is_some_and(|one| one.code == ErrorCode::BakOther)
        {
            // The file is right, the words are not.
            let note = view! {
                <div class="note error" role="alert" data-testid="d1.restore-error" data-code=ErrorCode::BakOther.code()>
                    <Draw icon=Icon::Warning />
                    <p class="what">{t.d1_phrase_other}</p>
                </div>
            };
            return Some(note.into_any());
        }
        let typed = start.phrase.failed.get();
        let failed = failed.map(|failure| (failure, None)).or(typed);
        failed.map(|(failure, what)| match what {
            Some(what) => {
                view! { <FailureNote failure what testid="d1.restore-error" /> }.into_any()
            }
            None => view! { <FailureNote failure testid="d1.restore-error" /> }.into_any(),
        })
    };
    view! {
        <form class="stack" on:submit=submit novalidate autocomplete="off">
            <Facts view own=false />
            <div class="actions">
                <button type="button" class="button small" data-testid="d1.other-file" on:click=move |_| start.form.back()>{t.d1_other_file}</button>
            </div>
            {(!with_phrase).then(|| view! {
                <p data-testid="d1.needs-phrase">{t.d1_needs_phrase}</p>
                <Boxes form=start.phrase />
                <Area form=start.phrase />
            })}
            {told}
            <Show
                when=ready
                fallback=move || view! {
                    <button
                        type="submit"
                        class="button primary big"
                        data-testid="d1.continue"
                        disabled=move || start.phrase.is_empty()
                    >
                        {t.go_on}
                    </button>
                }
            >
                <KeepQuestions form=start.keep screen="d1" />
                <div class="stack">
                    <button
                        type="submit"
                        class="button primary big"
                        data-testid="d1.start"
                        disabled=move || missing.get().is_some() || start.busy.get()
                    >
                        {move || if start.busy.get() { t.working } else { t.d1_start }}
                    </button>
                    <p class="hint-line" data-testid="d1.start-missing">{move || missing.get()}</p>
                </div>
            </Show>
        </form>
    }
}

/// What came of it. The account is there in any case.
#[component]
fn Over(start: Start) -> impl IntoView {
    let t = text();
    view! {
        <div class="stack">
            {move || start.merge.failed.get().map(|failure| view! { <FailureNote failure testid="d1.restore-error" /> })}
            {move || match start.merge.report.get() {
                Some(report) => view! { <Report report /> }.into_any(),
                None => view! { <p role="status" data-testid="d1.unfinished">{t.d1_unfinished}</p> }.into_any(),
            }}
            <div class="actions end">
                <button type="button" class="button primary big" data-testid="d1.enter" data-pane-focus on:click=move |_| start.enter()>{t.d1_enter}</button>
            </div>
        </div>
    }
}
