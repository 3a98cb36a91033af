//! Making a backup: what goes in, what opens it, and how far it is.

use super::file::{Sink, ask};
use super::folder;
use super::reminder::every;
use super::work::{Progress, make};
use super::{ProgressLine, amounts, focus_follows};
use crate::bridge::{
    BACKUP_PASSPHRASE, BackupCall, BackupLock, BackupWish, Call, Reply, SecretBytes,
};
use crate::i18n::{count, fill, format, isolate, text};
use crate::page::screens::row::called;
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::secret::{Secret, SecretField};
use leptos::prelude::*;
use onionskin_client::api::{BackupView, ConversationId, Failure};
use onionskin_protocol::sorted::SortedSet;

/// The dialog.
#[component]
pub(super) fn CreateDialog(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open screen="d1" title=text().d1_title>
            <Body open />
        </Dialog>
    }
}

/// What shall go in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    All,
    WithoutFiles,
    Chosen,
}

/// Where the making stands.
#[derive(Clone, PartialEq)]
enum Stage {
    Asking,
    Working,
    /// What is in it, and where it lies.
    Done(BackupView, Place),
}

/// Where a backup lies.
#[derive(Clone, PartialEq)]
enum Place {
    /// Among the downloads, under this name.
    Download(String),
    Chosen,
    /// In the folder into which more are written.
    Folder,
}

/// Handles of the open dialog.
#[derive(Clone, Copy)]
struct Form {
    app: App,
    scope: RwSignal<Scope>,
    chosen: RwSignal<SortedSet<ConversationId>>,
    chosen_files: RwSignal<bool>,
    /// The account has a passphrase.
    protected: bool,
    /// The backup has one of its own.
    own: RwSignal<bool>,
    secret: Secret,
    suggested: RwSignal<Option<String>>,
    phrase: RwSignal<bool>,
    /// More like it are written into a folder.
    repeats: RwSignal<bool>,
    /// The passphrase of the account.
    account: Secret,
    stage: RwSignal<Stage>,
    /// `None`: the key is being made.
    progress: RwSignal<Option<Progress>>,
    failed: RwSignal<Option<Failure>>,
    /// The person does not want it any more.
    ended: StoredValue<bool>,
}

impl Form {
    /// The passphrase of the account is asked for.
    fn asks_account(self) -> bool {
        self.protected && (!self.own.get() || self.phrase.get())
    }

    /// What is missing, in words. Tracks.
    fn missing(self) -> Option<&'static str> {
        let t = text();
        if self.scope.get() == Scope::Chosen && self.chosen.with(SortedSet::is_empty) {
            return Some(t.d1_missing_chosen);
        }
        if self.own.get() && self.secret.length.get() < BACKUP_PASSPHRASE {
            return Some(t.d1_missing_passphrase);
        }
        (self.asks_account() && self.account.empty.get()).then_some(t.d1_missing_account)
    }

    /// What shall be made. The fields are empty afterwards.
    fn take(self) -> BackupWish {
        let scope = self.scope.get_untracked();
        let account: SecretBytes = self.account.take();
        BackupWish {
            conversations: (scope == Scope::Chosen)
                .then(|| self.chosen.get_untracked().into_iter().collect()),
            files: match scope {
                Scope::All => true,
                Scope::WithoutFiles => false,
                Scope::Chosen => self.chosen_files.get_untracked(),
            },
            phrase: self.phrase.get_untracked(),
            lock: match self.own.get_untracked() {
                true => BackupLock::Own {
                    passphrase: self.secret.take(),
                    proof: Some(account).filter(|account| !account.as_bytes().is_empty()),
                },
                false => BackupLock::Account(account),
            },
            repeats: self.repeats.get_untracked(),
        }
    }

    fn make(self) {
        self.failed.set(None);
        self.ended.set_value(false);
        if self.repeats.get_untracked() {
            return self.make_in_folder();
        }
        let day = format::iso_day(js_sys::Date::now() as u64).replace('-', "");
        let asked = ask(format!("backup-{day}.osb"));
        leptos::task::spawn_local(async move {
            match asked.answer().await {
                Ok(Some(sink)) => {
                    let place = match sink.download() {
                        Some(name) => Place::Download(name.to_owned()),
                        None => Place::Chosen,
                    };
                    self.write(sink, place).await;
                }
                Ok(None) => {}
                Err(failure) => drop(self.failed.try_set(Some(failure))),
            }
        });
    }

    /// The first one of those that are written into a folder.
    fn make_in_folder(self) {
        leptos::task::spawn_local(async move {
            let made = async {
                let Some(folder) = folder::choose(self.app).await? else {
                    return Ok(());
                };
                let (sink, name) = folder.file().await?;
                match self.write(sink, Place::Folder).await {
                    true => folder.wrote(self.app, name).await,
                    false => Ok(()),
                }
            };
            if let Err(failure) = made.await {
                self.failed.try_set(Some(failure));
                // Where failures are shown, also when only the folder could not be kept.
                self.stage.try_set(Stage::Asking);
            }
        });
    }

    /// True when it was made.
    async fn write(self, sink: Sink, place: Place) -> bool {
        // The dialog may be gone by now.
        if self.progress.try_set(None).is_some() {
            sink.drop_file().await;
            return false;
        }
        let wish = self.take();
        self.suggested.set(None);
        self.stage.set(Stage::Working);
        let tell = move |progress| {
            let ended = self.ended.try_get_value() != Some(false);
            !ended && self.progress.try_set(Some(progress)).is_none()
        };
        let (stage, made) = match make(self.app, Some(wish), sink, tell).await {
            Ok(Some(view)) => (Stage::Done(view, place), true),
            Ok(None) => (Stage::Asking, false),
            Err(failure) => {
                self.failed.try_set(Some(failure));
                (Stage::Asking, false)
            }
        };
        self.stage.try_set(stage);
        made
    }

    fn suggest(self) {
        leptos::task::spawn_local(async move {
            match self.app.call(Call::Backup(BackupCall::Suggest)).await {
                Ok(Reply::Words(words)) => {
                    let words = words.join(" ");
                    if self.suggested.try_set(Some(words.clone())).is_none() {
                        self.secret.put(&words);
                    }
                }
                Ok(_) => {}
                Err(failure) => drop(self.failed.try_set(Some(failure))),
            }
        });
    }
}

#[component]
fn Body(open: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let protected = super::is_protected(app);
    let form = Form {
        app,
        scope: RwSignal::new(Scope::All),
        chosen: RwSignal::new(SortedSet::new()),
        chosen_files: RwSignal::new(true),
        protected,
        own: RwSignal::new(true),
        secret: Secret::new(),
        suggested: RwSignal::new(None),
        phrase: RwSignal::new(false),
        repeats: RwSignal::new(false),
        account: Secret::new(),
        stage: RwSignal::new(Stage::Asking),
        progress: RwSignal::new(None),
        failed: RwSignal::new(None),
        ended: StoredValue::new(false),
    };
    focus_follows(move || form.stage.with(std::mem::discriminant));
    let asking = Memo::new(move |_| form.stage.with(|stage| *stage == Stage::Asking));
    view! {
        <Show when=move || asking.get()>
            <Questions form />
        </Show>
        {move || match form.stage.get() {
            Stage::Asking => ().into_any(),
            Stage::Working => view! { <Working form /> }.into_any(),
            Stage::Done(view, place) => view! {
                <div class="stack" data-step data-testid="d1.done">
                    <div class="note" role="status">
                        <Draw icon=Icon::Check />
                        <p>{t.d1_done}</p>
                    </div>
                    <p>{amounts(t, &view.counts)}</p>
                    <p>
                        {match place {
                            Place::Download(name) => fill(t.d1_done_download, &[("name", &name)]),
                            Place::Chosen => t.d1_done_chosen.to_owned(),
                            Place::Folder => count(&t.d1_done_folder, every(app)),
                        }}
                    </p>
                    <p class="small muted">{t.d1_done_keep}</p>
                    <div class="actions end">
                        <button type="button" class="button primary" data-testid="d1.finish" data-pane-focus on:click=move |_| open.set(false)>{t.close}</button>
                    </div>
                </div>
            }
            .into_any(),
        }}
    }
}

#[component]
fn Questions(form: Form) -> impl IntoView {
    let t = text();
    let hidden = form
        .app
        .profile
        .with_untracked(|profile| profile.as_ref().is_some_and(|one| one.phrase_hidden));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(|| form.missing()).is_none() {
            form.make();
        }
    };
    let radio = move |name: &'static str,
                      testid: &'static str,
                      label: &'static str,
                      why: &'static str,
                      on: Signal<bool>,
                      set: Callback<()>| {
        view! {
            <label class="choice">
                <input type="radio" name=name data-testid=testid prop:checked=move || on.get() on:change=move |_| set.run(()) />
                <span class="title">{label}</span>
                <span class="why">{why}</span>
            </label>
        }
    };
    let scope =
        move |scope: Scope, testid: &'static str, label: &'static str, why: &'static str| {
            let on = Signal::derive(move || form.scope.get() == scope);
            let set = Callback::new(move |()| form.scope.set(scope));
            radio("d1.scope", testid, label, why, on, set)
        };
    let lock = move |own: bool, testid: &'static str, label: &'static str, why: &'static str| {
        let on = Signal::derive(move || form.own.get() == own);
        let set = Callback::new(move |()| form.own.set(own));
        radio("d1.lock", testid, label, why, on, set)
    };
    view! {
        <p class="small">{t.d1_about}</p>
        <form class="stack" data-step on:submit=submit novalidate autocomplete="off">
            <fieldset class="field">
                <legend>{t.d1_scope}</legend>
                <div class="choices">
                    {scope(Scope::All, "d1.all", t.d1_all, t.d1_all_why)}
                    {scope(Scope::WithoutFiles, "d1.without", t.d1_without, t.d1_without_why)}
                    {scope(Scope::Chosen, "d1.chosen", t.d1_chosen, t.d1_chosen_why)}
                </div>
            </fieldset>
            <Show when=move || form.scope.get() == Scope::Chosen>
                <Conversations form />
            </Show>
            <fieldset class="field">
                <legend>{t.d1_lock}</legend>
                <div class="choices">
                    {lock(true, "d1.own", t.d1_lock_own, t.d1_lock_own_why)}
                    {form.protected.then(|| lock(false, "d1.account", t.d1_lock_account, t.d1_lock_account_why))}
                </div>
            </fieldset>
            <Show when=move || form.own.get()>
                <OwnPassphrase form />
            </Show>
            {if hidden {
                view! { <p class="small muted" data-testid="d1.phrase-hidden">{t.d1_phrase_hidden}</p> }.into_any()
            } else {
                view! { <PhraseChoice form /> }.into_any()
            }}
            {folder::can_be_chosen().then(|| view! { <RepeatChoice form /> })}
            <Show when=move || form.asks_account()>
                <SecretField secret=form.account id="d1.account-passphrase" label=t.d1_account_passphrase autocomplete="current-password" invalid=false />
            </Show>
            {move || form.failed.get().map(|failure| view! { <FailureNote failure testid="d1.error" /> })}
            <p class="hint-line" id="d1-missing" data-testid="d1.missing">{move || form.missing()}</p>
            <div class="actions end">
                <button
                    type="submit"
                    class="button primary"
                    data-testid="d1.create"
                    aria-describedby="d1-missing"
                    disabled=move || form.missing().is_some()
                >
                    <Draw icon=Icon::Down />
                    {t.d1_create}
                </button>
            </div>
        </form>
    }
}

/// Which conversations.
#[component]
fn Conversations(form: Form) -> impl IntoView {
    let t = text();
    let rows = untrack(|| form.app.conversations.get())
        .unwrap_or_default()
        .into_iter()
        .map(|one| {
            let id = one.id;
            view! {
                <label class="check flush">
                    <input
                        type="checkbox"
                        data-testid="d1.conversation"
                        prop:checked=move || form.chosen.with(|chosen| chosen.contains(&id))
                        on:change=move |event| {
                            let on = event_target_checked(&event);
                            form.chosen.update(|chosen| {
                                if on {
                                    chosen.insert(id);
                                } else {
                                    chosen.remove(&id);
                                }
                            });
                        }
                    />
                    <bdi>{isolate(&called(t, &one))}</bdi>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="field">
            <legend>{t.d1_which}</legend>
            <div class="pick-list">{rows}</div>
        </fieldset>
        <label class="check flush">
            <input
                type="checkbox"
                data-testid="d1.chosen-files"
                prop:checked=move || form.chosen_files.get()
                on:change=move |event| form.chosen_files.set(event_target_checked(&event))
            />
            <span>{t.d1_chosen_files}</span>
        </label>
    }
}

/// A passphrase that only this backup has.
#[component]
fn OwnPassphrase(form: Form) -> impl IntoView {
    let t = text();
    view! {
        <div class="stack tight">
            <SecretField
                secret=form.secret
                id="d1.passphrase"
                label=t.d1_passphrase
                autocomplete="new-password"
                invalid=false
                described_by="d1-passphrase-hint".to_owned()
            />
            <p class="small muted" id="d1-passphrase-hint">{fill(t.d1_passphrase_hint, &[("n", &BACKUP_PASSPHRASE.to_string())])}</p>
            <div class="actions">
                <button type="button" class="button small" data-testid="d1.suggest" on:click=move |_| form.suggest()>
                    <Draw icon=Icon::Again />
                    {t.d1_suggest}
                </button>
            </div>
            <div role="status">
                {move || {
                    form.suggested.get().map(|words| view! {
                        <div class="note plain">
                            <div class="stack tight">
                                <p class="suggested" dir="ltr" translate="no" data-testid="d1.suggested">{words}</p>
                                <p class="small">{t.d1_suggested}</p>
                            </div>
                        </div>
                    })
                }}
            </div>
        </div>
    }
}

/// Whether the recovery phrase goes in.
#[component]
fn PhraseChoice(form: Form) -> impl IntoView {
    let t = text();
    view! {
        <div class="stack tight">
            <label class="check flush">
                <input
                    type="checkbox"
                    data-testid="d1.phrase"
                    aria-describedby="d1-phrase-why"
                    prop:checked=move || form.phrase.get()
                    on:change=move |event| form.phrase.set(event_target_checked(&event))
                />
                <span>{t.d1_phrase}</span>
            </label>
            <p class="small muted" id="d1-phrase-why">{t.d1_phrase_why}</p>
            <Show when=move || form.phrase.get()>
                <div class="note warn" data-testid="d1.phrase-warning">
                    <Draw icon=Icon::Warning />
                    <p>{t.d1_phrase_warning}</p>
                </div>
            </Show>
        </div>
    }
}

/// Whether more are written by themselves.
#[component]
fn RepeatChoice(form: Form) -> impl IntoView {
    let t = text();
    (!form.app.is_temporary()).then(|| {
        view! {
            <div class="stack tight">
                <label class="check flush">
                    <input
                        type="checkbox"
                        data-testid="d1.repeat"
                        aria-describedby="d1-repeat-why"
                        prop:checked=move || form.repeats.get()
                        on:change=move |event| form.repeats.set(event_target_checked(&event))
                    />
                    <span>{t.d1_repeat}</span>
                </label>
                <p class="small muted" id="d1-repeat-why">{move || count(&t.d1_repeat_why, every(form.app))}</p>
            </div>
        }
    })
}

/// How far it is.
#[component]
fn Working(form: Form) -> impl IntoView {
    let t = text();
    let pattern = Signal::derive(move || match form.progress.get() {
        Some(progress) if progress.checking => t.d1_checking,
        _ => t.d1_writing,
    });
    view! {
        <div class="stack" data-step data-testid="d1.working">
            <ProgressLine pattern progress=form.progress />
            <div class="actions end">
                <button type="button" class="button" data-testid="d1.cancel" data-pane-focus on:click=move |_| form.ended.set_value(true)>{t.cancel}</button>
            </div>
        </div>
    }
}
