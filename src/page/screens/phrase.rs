//! R1: the recovery phrase. Warnings first; then the passphrase once more, or a button held down; the words are fetched when
//! asked for, and gone after a minute, when the window loses the focus, and when the dialog closes. Three of them are asked
//! for before the phrase counts as written down (screens 18).

use crate::bridge::{Call, SecretBytes};
use crate::i18n::{fill, text};
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::gate::Gate;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::qr::QrCode;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, Failure, PhraseView};
use onionskin_protocol::sorted::sort;
use wasm_bindgen_futures::JsFuture;

/// The words hide by themselves after so long (ms).
const HIDE_MS: u32 = 60_000;
/// Words that are asked for.
const ASKED: usize = 3;

#[component]
pub(crate) fn PhraseDialog(open: RwSignal<bool>) -> impl IntoView {
    let t = text();
    view! {
        <Dialog open screen="r1" title=t.r1_title>
            <PhraseBody open />
        </Dialog>
    }
}

/// What is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Hidden,
    Shown,
    Check,
}

/// Handles of the open dialog.
#[derive(Clone, Copy)]
struct Phrase {
    app: App,
    step: RwSignal<Step>,
    words: RwSignal<Option<PhraseView>>,
    failed: RwSignal<Option<Failure>>,
    /// The person proved that the account is theirs, in this dialog.
    proved: RwSignal<bool>,
    timer: StoredValue<Option<Timeout>, LocalStorage>,
    /// How often the words were hidden, or were to be.
    hidden: StoredValue<u32>,
}

impl Phrase {
    fn hide(self) {
        self.hidden.try_update_value(|hidden| *hidden += 1);
        self.words.try_set(None);
        self.timer.try_update_value(|timer| *timer = None);
        self.step.try_update(|step| {
            if *step == Step::Shown {
                *step = Step::Hidden;
            }
        });
    }

    fn show(self) {
        self.failed.set(None);
        let hidden = self.hidden.get_value();
        leptos::task::spawn_local(async move {
            match self.app.command(Command::RevealPhrase).await {
                Ok(Answer::Phrase(phrase)) => {
                    // The person may have gone to another window meanwhile.
                    if self.hidden.try_get_value() != Some(hidden) {
                        return;
                    }
                    self.words.try_set(Some(phrase));
                    self.step.try_set(Step::Shown);
                    self.timer.try_update_value(|timer| {
                        *timer = Some(Timeout::new(HIDE_MS, move || self.hide()))
                    });
                }
                Ok(_) => {}
                Err(failure) => {
                    self.failed.try_set(Some(failure));
                }
            }
        });
    }

    fn prove(self, passphrase: SecretBytes) {
        self.failed.set(None);
        let hidden = self.hidden.get_value();
        leptos::task::spawn_local(async move {
            match self.app.call(Call::Prove { passphrase }).await {
                Ok(_) => {
                    self.proved.try_set(true);
                    if self.hidden.try_get_value() == Some(hidden) {
                        self.show();
                    }
                }
                Err(failure) => {
                    self.failed.try_set(Some(failure));
                }
            }
        });
    }
}

#[component]
fn PhraseBody(open: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let phrase = Phrase {
        app,
        step: RwSignal::new(Step::Hidden),
        words: RwSignal::new(None),
        failed: RwSignal::new(None),
        proved: RwSignal::new(false),
        timer: StoredValue::new_local(None),
        hidden: StoredValue::new(0),
    };
    let blur = window_event_listener(leptos::ev::blur, move |_| phrase.hide());
    on_cleanup(move || blur.remove());
    let hidden_here = Memo::new(move |_| {
        app.profile
            .with(|profile| profile.as_ref().is_some_and(|one| one.phrase_hidden))
    });
    // What was pressed goes with each step.
    Effect::new(move |before: Option<()>| {
        phrase.step.track();
        phrase.proved.track();
        if before.is_some() {
            crate::page::focus::rescue("dialog[open]");
        }
    });
    let open_gate = move |passphrase: Option<SecretBytes>| match passphrase {
        Some(passphrase) => phrase.prove(passphrase),
        None => {
            phrase.proved.try_set(true);
            phrase.show();
        }
    };
    let gate = move || {
        match phrase.proved.get() {
        true => view! { <Again phrase /> }.into_any(),
        false => view! {
            <Gate screen="r1" passphrase="r1.passphrase" part="reveal" label=t.r1_show hold=t.r1_hold icon=Icon::Eye open=open_gate />
        }
        .into_any(),
    }
    };
    let told_hidden = move || {
        view! {
            <p data-testid="r1.hidden">{t.r1_hidden}</p>
            <p class="small muted">{t.r1_hidden_why}</p>
        }
    };
    view! {
        <Show when=move || !hidden_here.get() fallback=told_hidden>
        <Show when=move || phrase.step.get() != Step::Check fallback=move || view! { <Check phrase open /> }>
            <div class="note warn">
                <Draw icon=Icon::Warning />
                <ul class="warnings">
                    <li>{t.r1_owns}</li>
                    <li>{t.r1_no_reset}</li>
                    <li>{t.r1_never_type}</li>
                </ul>
            </div>
            {untrack(|| app.is_temporary()).then(|| view! { <p class="small">{t.r1_temporary}</p> })}
            <Show
                when=move || phrase.step.get() == Step::Shown
                fallback=gate
            >
                <button type="button" class="button primary" data-testid="r1.hide" on:click=move |_| phrase.hide()>
                    <Draw icon=Icon::EyeOff />
                    {t.r1_hide}
                </button>
            </Show>
            {move || phrase.failed.get().map(|failure| view! { <FailureNote failure testid="r1.error" /> })}
            {move || phrase.words.get().filter(|_| phrase.step.get() == Step::Shown).map(|words| view! { <Words app words /> })}
            <p class="small muted">{t.r1_screenshots}</p>
            <div class="actions end">
                <button
                    type="button"
                    class="button"
                    data-testid="r1.done"
                    disabled=move || phrase.step.get() != Step::Shown
                    on:click=move |_| phrase.step.set(Step::Check)
                >
                    {t.r1_written}
                </button>
            </div>
        </Show>
        </Show>
    }
}

/// Leads to a device that does not show the phrase any more, past two confirmations; only for who has it on paper.
#[component]
fn HideHere() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let checked = Memo::new(move |_| {
        app.profile
            .with(|profile| profile.as_ref().is_some_and(|one| one.phrase_checked))
    });
    let (written, sure) = (RwSignal::new(false), RwSignal::new(false));
    let hide = move |_| {
        if sure.get_untracked() {
            app.send(Command::HidePhrase);
        } else {
            sure.set(true);
        }
    };
    view! {
        <details class="second-form">
            <summary data-testid="r1.hide-here">{t.r1_hide_here}</summary>
            <p class="small">{t.r1_hidden_why}</p>
            <Show when=move || checked.get() fallback=move || view! { <p class="small">{t.r1_hide_first}</p> }>
                <label class="check flush">
                    <input type="checkbox" data-testid="r1.hide-written" prop:checked=move || written.get() on:change=move |event| {
                        written.set(event_target_checked(&event));
                        sure.set(false);
                    } />
                    <span>{t.r1_hide_written}</span>
                </label>
                <div class="actions">
                    <button type="button" class="button danger" data-testid="r1.hide-sure" disabled=move || !written.get() on:click=hide>
                        {move || if sure.get() { t.r1_hide_really } else { t.r1_hide_here }}
                    </button>
                </div>
            </Show>
        </details>
    }
}

/// Once proved, one press shows the words again.
#[component]
fn Again(phrase: Phrase) -> impl IntoView {
    view! {
        <button type="button" class="button primary" data-testid="r1.reveal" on:click=move |_| phrase.show()>
            <Draw icon=Icon::Eye />
            {text().r1_show}
        </button>
    }
}

/// The thirteen words, ways to keep them, and below, labelled, the form that no other app reads.
#[component]
fn Words(app: App, words: PhraseView) -> impl IntoView {
    let t = text();
    let grid = |words: &str, testid: &'static str| {
        words
            .split_whitespace()
            .enumerate()
            .map(|(at, word)| {
                view! {
                    <li data-testid=testid>
                        <span class="number">{at + 1}</span>
                        <span class="word">{word.to_owned()}</span>
                    </li>
                }
            })
            .collect_view()
    };
    let sure = RwSignal::new(false);
    let with_code = RwSignal::new(false);
    let secret = StoredValue::new(words.clone());
    let copy = move |_| {
        if sure.get_untracked() {
            sure.set(false);
            copy_for_a_minute(app, secret.with_value(|words| words.words.clone()));
        } else {
            sure.set(true);
        }
    };
    let print = move |_| {
        // A browser that does not print leaves the pen.
        let _ = window().print();
    };
    view! {
        <div class="to-print">
            <ol class="phrase-words" dir="ltr" lang="en" translate="no">{grid(&words.words, "r1.word")}</ol>
            <Show when=move || with_code.get()>
                <div class="print-only" aria-hidden="true">
                    <QrCode what=Signal::stored(secret.with_value(|words| words.seed.clone())) label=t.r1_qr testid="r1.print-qr" />
                </div>
            </Show>
        </div>
        <label class="check flush">
            <input type="checkbox" data-testid="r1.print-code" prop:checked=move || with_code.get() on:change=move |event| with_code.set(event_target_checked(&event)) />
            <span>{t.r1_print_code}</span>
        </label>
        <div class="actions">
            <button type="button" class="button" data-testid="r1.print" on:click=print>
                {t.r1_print}
            </button>
            <button type="button" class="button" class:danger=move || sure.get() data-testid="r1.copy" on:click=copy>
                <Draw icon=Icon::Copy />
                {move || if sure.get() { t.r1_copy_sure } else { t.r1_copy }}
            </button>
        </div>
        <p class="small" role="status">{move || sure.get().then_some(t.r1_copy_why)}</p>
        <details class="second-form">
            <summary data-testid="r1.show-qr">{t.r1_qr}</summary>
            <p class="small">{t.r1_qr_why}</p>
            <QrCode what=Signal::stored(words.seed.clone()) label=t.r1_qr testid="r1.qr" />
        </details>
        <details class="second-form">
            <summary data-testid="r1.second-form">{t.r1_second}</summary>
            <p class="small">{t.r1_second_why}</p>
            <ol class="phrase-words" dir="ltr" lang="en" translate="no">{grid(&words.second_form, "r1.second-word")}</ol>
        </details>
        {untrack(|| !app.is_temporary()).then(|| view! { <HideHere /> })}
    }
}

/// Copies, and a minute later puts nothing in its place.
fn copy_for_a_minute(app: App, secret: String) {
    leptos::task::spawn_local(async move {
        let clipboard = window().navigator().clipboard();
        let done = JsFuture::from(clipboard.write_text(&secret)).await.is_ok();
        let t = text();
        let said = if done { t.r1_copied } else { t.copy_failed };
        app.toast.set(Some(said.into()));
        if done {
            gloo_timers::future::TimeoutFuture::new(HIDE_MS).await;
            // A page without the focus may not; the toast said so.
            let _ = JsFuture::from(clipboard.write_text("")).await;
        }
    });
}

/// Three different places, in order, drawn from random numbers of 0 to 1.
fn places(count: usize, mut random: impl FnMut() -> f64) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    let mut chosen: Vec<usize> = (0..ASKED.min(count))
        .map(|_| {
            let at = ((random() * left.len() as f64) as usize).min(left.len() - 1);
            left.remove(at)
        })
        .collect();
    sort(&mut chosen);
    chosen
}

/// Asks for three of the words.
#[component]
fn Check(phrase: Phrase, open: RwSignal<bool>) -> impl IntoView {
    let app = phrase.app;
    let t = text();
    let words = phrase.words.get_untracked();
    let count = words
        .as_ref()
        .map_or(0, |words| words.words.split_whitespace().count());
    let asked = StoredValue::new(places(count, js_sys::Math::random));
    let kept = StoredValue::new(words);
    phrase.words.set(None);
    phrase.timer.set_value(None);
    let typed = RwSignal::new(vec![String::new(); ASKED]);
    let wrong = RwSignal::new(None::<usize>);
    let check = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let first_wrong = kept.with_value(|kept| {
            let words: Vec<&str> = kept
                .as_ref()
                .map(|kept| kept.words.split_whitespace().collect())
                .unwrap_or_default();
            let typed = typed.get_untracked();
            asked
                .get_value()
                .into_iter()
                .zip(&typed)
                .find(|(place, typed)| {
                    words
                        .get(*place)
                        .is_none_or(|word| !word.eq_ignore_ascii_case(typed.trim()))
                })
                .map(|(place, _)| place)
        });
        wrong.set(first_wrong);
        if first_wrong.is_none() {
            app.send(Command::PhraseChecked);
            app.toast.set(Some(t.r1_checked.into()));
            open.set(false);
        }
    };
    let fields = asked
        .get_value()
        .into_iter()
        .enumerate()
        .map(|(n, place)| {
            let id = format!("r1-check-{n}");
            let number = (place + 1).to_string();
            view! {
                <div class="field">
                    <label for=id.clone()>{fill(t.r1_check_word, &[("n", &number)])}</label>
                    <input
                        class="input mono"
                        id=id
                        type="text"
                        dir="ltr"
                        lang="en"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        data-testid="r1.check"
                        data-place=number
                        aria-invalid=move || (wrong.get() == Some(place)).to_string()
                        prop:value=move || typed.with(|typed| typed[n].clone())
                        on:input=move |event| typed.update(|typed| typed[n] = event_target_value(&event))
                    />
                </div>
            }
        })
        .collect_view();
    view! {
        <form class="stack" on:submit=check data-testid="r1.check-form">
            <p>{t.r1_check_about}</p>
            {fields}
            <div role="alert">
                {move || {
                    wrong
                        .get()
                        .map(|place| {
                            let n = (place + 1).to_string();
                            view! { <p class="wrong" data-testid="r1.check-wrong">{fill(t.r1_check_wrong, &[("n", &n)])}</p> }
                        })
                }}
            </div>
            <div class="actions end">
                <button type="button" class="button" data-testid="r1.check-back" on:click=move |_| phrase.step.set(Step::Hidden)>
                    {t.back}
                </button>
                <button type="submit" class="button primary" data-testid="r1.check-done">
                    {t.r1_check}
                </button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_different_words_are_asked_for() {
        for random in [0.0, 0.3, 0.999_999, 1.0] {
            let chosen = places(13, || random);
            assert!(chosen.len() == 3 && chosen.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(chosen.iter().all(|place| *place < 13));
        }
        assert!(places(0, || 0.5).is_empty());
    }
}
