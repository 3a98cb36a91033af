//! W3: an account from its recovery phrase. Thirteen boxes, or all at once in one area; the engine says what is wrong.

use crate::bridge::{Call, PhraseCheck, Reply, SecretBytes};
use crate::i18n::{fill, text};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::text::phrase_words;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::keep::{KeepForm, KeepQuestions};
use gloo_timers::future::TimeoutFuture;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{ErrorCode, Failure};
use zeroize::Zeroize;

const WORDS: usize = 13;
/// Words are masked after so long without input (ms).
const MASK_MS: u32 = 60_000;

/// The typed phrase. The words live in the fields and are read when they are needed.
#[derive(Clone, Copy)]
pub(crate) struct PhraseForm {
    boxes: StoredValue<Vec<NodeRef<html::Input>>>,
    area: NodeRef<html::Textarea>,
    filled: RwSignal<usize>,
    /// Which box is wrong, and the word that was probably meant.
    wrong: RwSignal<Option<(usize, Option<String>)>>,
    pub(crate) failed: RwSignal<Option<(Failure, Option<String>)>>,
    masked: RwSignal<bool>,
    /// The phrase was found right; the questions follow.
    pub(crate) checked: RwSignal<bool>,
    touched: StoredValue<u32>,
}

impl PhraseForm {
    pub(crate) fn new() -> Self {
        Self {
            boxes: StoredValue::new((0..WORDS).map(|_| NodeRef::new()).collect()),
            area: NodeRef::new(),
            filled: RwSignal::new(0),
            wrong: RwSignal::new(None),
            failed: RwSignal::new(None),
            masked: RwSignal::new(false),
            checked: RwSignal::new(false),
            touched: StoredValue::new(0),
        }
    }

    fn field(self, at: usize) -> Option<web_sys::HtmlInputElement> {
        self.boxes
            .with_value(|boxes| boxes.get(at).and_then(|field| field.get_untracked()))
    }

    /// What was typed: the area when it holds anything, else the boxes.
    pub(crate) fn phrase(self) -> SecretBytes {
        let area = self
            .area
            .get_untracked()
            .map(|area| area.value())
            .unwrap_or_default();
        if !area.trim().is_empty() {
            return SecretBytes::from(area);
        }
        // Room for the longest words, so that the buffer never moves.
        let mut phrase = String::with_capacity(512);
        for at in 0..WORDS {
            if let Some(field) = self.field(at) {
                let mut word = field.value();
                let trimmed = word.trim();
                if !trimmed.is_empty() {
                    if !phrase.is_empty() {
                        phrase.push(' ');
                    }
                    phrase.push_str(trimmed);
                }
                word.zeroize();
            }
        }
        SecretBytes::from(phrase)
    }

    /// Spreads pasted words over the boxes from `first`; false when it is only one word.
    fn spread(self, pasted: &str, first: usize) -> bool {
        let words: Vec<&str> = phrase_words(pasted).collect();
        if words.len() < 2 {
            return false;
        }
        let first = if words.len() >= WORDS { 0 } else { first };
        for (at, word) in words.iter().enumerate() {
            if let Some(field) = self.field(first + at) {
                field.set_value(&word.to_lowercase());
            }
        }
        // Longer ones are told by the check, so they go to the area whole.
        if words.len() > WORDS
            && let Some(area) = self.area.get_untracked()
        {
            area.set_value(pasted);
        }
        self.typed();
        if let Some(field) = self.field((first + words.len()).min(WORDS - 1)) {
            // An element of the document takes the focus.
            let _ = field.focus();
        }
        true
    }

    /// Something was typed: counts words, forgets the last verdict, starts the time until masking.
    fn typed(self) {
        self.checked.set(false);
        self.failed.set(None);
        self.wrong.set(None);
        self.masked.set(false);
        let phrase = self.phrase();
        self.filled
            .set(phrase.as_str().map_or(0, |text| phrase_words(text).count()));
        self.touched.update_value(|touched| *touched += 1);
        let touched = self.touched.get_value();
        leptos::task::spawn_local(async move {
            TimeoutFuture::new(MASK_MS).await;
            if self.touched.try_get_value() == Some(touched) {
                self.masked.set(true);
            }
        });
    }

    /// Asks the engine how the phrase stands.
    pub(crate) async fn check(self, app: App) {
        let words = self.phrase();
        let touched = self.touched.get_value();
        let answer = app.call(Call::CheckPhrase { words }).await;
        // The screen may be gone by now, or the phrase another one.
        if self.touched.try_get_value() != Some(touched) {
            return;
        }
        match answer {
            Ok(Reply::PhraseCheck(check)) => self.verdict(check),
            Ok(_) => {}
            Err(failure) => self.failed.set(Some((failure, None))),
        }
    }

    fn verdict(self, check: PhraseCheck) {
        let t = text();
        let place = |position: u32| (position + 1).to_string();
        let (code, number, said) = match check {
            PhraseCheck::Valid { .. } => {
                self.failed.set(None);
                self.checked.set(true);
                return;
            }
            PhraseCheck::Count(n) => (ErrorCode::PhraseCount, Some(n), None),
            PhraseCheck::UnknownWord {
                position,
                suggestion,
            } => {
                let said = match &suggestion {
                    Some(word) => fill(
                        t.phrase_word_suggest,
                        &[("n", &place(position)), ("word", word)],
                    ),
                    None => fill(t.phrase_word_unknown, &[("n", &place(position))]),
                };
                self.wrong.set(Some((position as usize, suggestion)));
                (ErrorCode::PhraseWord, Some(position + 1), Some(said))
            }
            PhraseCheck::Mismatch { suspect } => {
                self.wrong.set(suspect.map(|at| (at as usize, None)));
                let said = suspect.map(|at| fill(t.phrase_check_suspect, &[("n", &place(at))]));
                (ErrorCode::PhraseCheck, suspect.map(|at| at + 1), said)
            }
        };
        let failure = Failure {
            code,
            number,
            detail: String::new(),
        };
        self.failed.set(Some((failure, said)));
        if let Some((at, _)) = self.wrong.get_untracked()
            && self.area_is_empty()
            && let Some(field) = self.field(at)
        {
            // An element of the document takes the focus.
            let _ = field.focus();
        }
    }

    /// The boxes count from now on; the area mirrored into them when it was filled.
    fn leave_area(self) {
        if let Some(area) = self.area.get_untracked() {
            area.set_value("");
        }
    }

    /// Nothing was typed. Tracks.
    pub(crate) fn is_empty(self) -> bool {
        self.filled.get() == 0 && self.area_is_empty()
    }

    fn area_is_empty(self) -> bool {
        self.area
            .get_untracked()
            .is_none_or(|area| area.value().trim().is_empty())
    }
}

#[component]
pub(crate) fn Restore() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let form = PhraseForm::new();
    let keep = KeepForm::new(None);
    let busy = RwSignal::new(false);
    let hide = window_event_listener(leptos::ev::blur, move |_| {
        form.masked.set(form.filled.get_untracked() > 0)
    });
    on_cleanup(move || hide.remove());

    let go_on = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        if !form.checked.get_untracked() {
            leptos::task::spawn_local(form.check(app));
            return;
        }
        if keep.missing(t).is_some() {
            return;
        }
        busy.set(true);
        let (secret, answers) = (form.phrase(), keep.take());
        leptos::task::spawn_local(async move {
            if let Err(failure) = app.restore(secret, answers).await {
                form.failed.set(Some((failure, None)));
                busy.set(false);
            }
        });
    };
    let missing = Memo::new(move |_| keep.missing(t));
    view! {
        <main
            class="page"
            data-screen="w3"
            data-state=move || if form.failed.with(Option::is_some) { "error" } else if busy.get() { "loading" } else { "ready" }
        >
            <form class="sheet broad" on:submit=go_on novalidate autocomplete="off">
                <div class="sheet-head">
                    <a class="back-link" href=Route::Welcome.href() data-testid="w3.back">
                        <Draw icon=Icon::Back size=16 />
                        {t.back}
                    </a>
                    <h1 tabindex="-1" data-route-focus>{t.w3_title}</h1>
                    <p class="muted">{t.w3_about}</p>
                    <a href=Route::RestoreFile.href() data-testid="w3.file">{t.w1_file}</a>
                </div>
                <Boxes form />
                <Area form />
                {move || {
                    form.failed
                        .get()
                        .map(|(failure, said)| match said {
                            Some(what) => view! { <FailureNote failure what testid="w3.error" /> }.into_any(),
                            None => view! { <FailureNote failure testid="w3.error" /> }.into_any(),
                        })
                }}
                <Show
                    when=move || form.checked.get()
                    fallback=move || {
                        view! {
                            <button
                                type="submit"
                                class="button primary big"
                                data-testid="w3.continue"
                                disabled=move || form.is_empty()
                            >
                                {t.go_on}
                            </button>
                        }
                    }
                >
                    <p class="note plain" role="status" data-testid="w3.right">{t.w3_right}</p>
                    <KeepQuestions form=keep screen="w3" />
                    <div class="stack">
                        <button
                            type="submit"
                            class="button primary big"
                            data-testid="w3.start"
                            disabled=move || missing.get().is_some() || busy.get()
                        >
                            {move || if busy.get() { t.working } else { t.start }}
                        </button>
                        <p class="hint-line" data-testid="w3.missing">{move || missing.get()}</p>
                    </div>
                </Show>
            </form>
        </main>
    }
}

#[component]
pub(crate) fn Boxes(form: PhraseForm) -> impl IntoView {
    let t = text();
    let boxes = form
        .boxes
        .get_value()
        .into_iter()
        .enumerate()
        .map(|(at, field)| view! { <WordBox form at field /> })
        .collect_view();
    let progress = move || fill(t.w3_progress, &[("n", &form.filled.get().to_string())]);
    view! {
        <fieldset class="field">
            <legend class="with-progress">
                <span>{t.w3_words}</span>
                <span class="muted" data-testid="w3.progress">{progress}</span>
            </legend>
            <ol class="word-boxes">{boxes}</ol>
        </fieldset>
    }
}

/// One word with its completion: after two letters the words of the list that begin so.
#[component]
fn WordBox(form: PhraseForm, at: usize, field: NodeRef<html::Input>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let offers = RwSignal::new(Vec::<String>::new());
    let wrong = Memo::new(move |_| {
        form.wrong
            .with(|wrong| wrong.as_ref().is_some_and(|(place, _)| *place == at))
    });
    let take = move |word: &str| {
        if let Some(field) = field.get_untracked() {
            field.set_value(word);
        }
        offers.set(Vec::new());
        form.leave_area();
        form.typed();
        if let Some(next) = form.field(at + 1) {
            // An element of the document takes the focus.
            let _ = next.focus();
        }
    };
    let complete = move || {
        let start = field
            .get_untracked()
            .map(|field| field.value().trim().to_lowercase())
            .unwrap_or_default();
        if start.chars().count() < 2 {
            offers.set(Vec::new());
            return;
        }
        let call = Call::CompleteWord {
            start: SecretBytes::from(start),
            limit: 4,
        };
        leptos::task::spawn_local(async move {
            let Ok(Reply::Words(words)) = app.call(call).await else {
                return;
            };
            // The screen may be gone by now.
            let Some(Some(field)) = field.try_get_untracked() else {
                return;
            };
            let typed = field.value().trim().to_lowercase();
            let stale = !words.iter().all(|word| word.starts_with(&typed));
            let whole = words.len() == 1 && words.first() == Some(&typed);
            offers.set(if stale || whole { Vec::new() } else { words });
        });
    };
    let input = move |_| {
        let typed = field
            .get_untracked()
            .map(|field| field.value())
            .unwrap_or_default();
        form.leave_area();
        if !form.spread(&typed, at) {
            form.typed();
            complete();
        }
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        let only = offers.with_untracked(|words| words.first().cloned());
        match (event.key().as_str(), only) {
            ("Enter" | " " | "Tab", Some(word)) if !event.shift_key() => {
                event.prevent_default();
                take(&word);
            }
            ("Escape", _) => offers.set(Vec::new()),
            _ => {}
        }
    };
    let number = (at + 1).to_string();
    view! {
        <li class="word-box">
            <label class="number" for=format!("w3-word-{number}")>
                <span class="visually-hidden">{fill(t.w3_word, &[("n", &number)])}</span>
                <span aria-hidden="true">{number.clone()}</span>
            </label>
            <input
                class="input"
                id=format!("w3-word-{number}")
                node_ref=field
                type=move || if form.masked.get() { "password" } else { "text" }
                dir="ltr"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                data-testid="w3.word"
                aria-invalid=move || wrong.get().to_string()
                on:input=input
                on:keydown=key
                on:focus=move |_| form.masked.set(false)
                on:blur=move |_| offers.set(Vec::new())
            />
            <Show when=move || offers.with(|words| !words.is_empty())>
                <div class="offers" aria-live="polite">
                    {move || {
                        offers
                            .get()
                            .into_iter()
                            .map(|word| {
                                let chosen = word.clone();
                                view! {
                                    <button
                                        type="button"
                                        class="offer"
                                        tabindex="-1"
                                        data-testid="w3.offer"
                                        on:mousedown=move |event| {
                                            event.prevent_default();
                                            take(&chosen);
                                        }
                                    >
                                        {word}
                                    </button>
                                }
                            })
                            .collect_view()
                    }}
                </div>
            </Show>
        </li>
    }
}

#[component]
pub(crate) fn Area(form: PhraseForm) -> impl IntoView {
    let t = text();
    let input = move |_| {
        let typed = form
            .area
            .get_untracked()
            .map(|area| area.value())
            .unwrap_or_default();
        let words: Vec<String> = phrase_words(&typed).map(str::to_lowercase).collect();
        for at in 0..WORDS {
            if let Some(field) = form.field(at) {
                // The boxes mirror the area as long as it holds a phrase.
                field.set_value(words.get(at).map_or("", String::as_str));
            }
        }
        form.typed();
    };
    view! {
        <div class="field">
            <label for="w3-paste">{t.w3_paste}</label>
            <textarea
                class="input"
                class:masked=move || form.masked.get()
                id="w3-paste"
                node_ref=form.area
                rows="3"
                dir="ltr"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                data-testid="w3.paste"
                aria-describedby="w3-paste-hint"
                on:input=input
                on:focus=move |_| form.masked.set(false)
            ></textarea>
            <p class="hint" id="w3-paste-hint">{t.w3_paste_hint}</p>
        </div>
    }
}
