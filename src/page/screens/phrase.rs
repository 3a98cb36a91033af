//! R1: the recovery phrase. Warnings first; the words are fetched when asked for, and gone after a minute, when the window
//! loses the focus, and when the dialog closes (screens 18).

use crate::i18n::text;
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, Failure, PhraseView};

/// The words hide by themselves after so long (ms).
const HIDE_MS: u32 = 60_000;

#[component]
pub(crate) fn PhraseDialog(open: RwSignal<bool>) -> impl IntoView {
    let t = text();
    view! {
        <Dialog open screen="r1" title=t.r1_title>
            <PhraseBody open />
        </Dialog>
    }
}

#[component]
fn PhraseBody(open: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let shown = RwSignal::new(None::<PhraseView>);
    let failed = RwSignal::new(None::<Failure>);
    let timer = StoredValue::new_local(None::<Timeout>);
    let hide = move || {
        shown.try_set(None);
        timer.try_update_value(|timer| *timer = None);
    };
    let blur = window_event_listener(leptos::ev::blur, move |_| hide());
    on_cleanup(move || blur.remove());
    let toggle = move |_| {
        if shown.with_untracked(Option::is_some) {
            return hide();
        }
        leptos::task::spawn_local(async move {
            match app.command(Command::RevealPhrase).await {
                Ok(Answer::Phrase(phrase)) => {
                    shown.try_set(Some(phrase));
                    timer.try_update_value(|timer| *timer = Some(Timeout::new(HIDE_MS, hide)));
                }
                Ok(_) => {}
                Err(failure) => {
                    failed.try_set(Some(failure));
                }
            }
        });
    };
    let done = move |_| {
        app.send(Command::SetPhraseChecked { checked: true });
        open.set(false);
    };
    view! {
        <div class="note warn">
            <Draw icon=Icon::Warning />
            <ul class="warnings">
                <li>{t.r1_owns}</li>
                <li>{t.r1_no_reset}</li>
                <li>{t.r1_never_type}</li>
            </ul>
        </div>
        {untrack(|| app.is_temporary()).then(|| view! { <p class="small">{t.r1_temporary}</p> })}
        <button type="button" class="button primary" data-testid="r1.reveal" aria-expanded=move || shown.with(Option::is_some).to_string() on:click=toggle>
            <Draw icon=Signal::derive(move || if shown.with(Option::is_some) { Icon::EyeOff } else { Icon::Eye }) />
            {move || if shown.with(Option::is_some) { t.r1_hide } else { t.r1_show }}
        </button>
        {move || failed.get().map(|failure| view! { <FailureNote failure testid="r1.error" /> })}
        {move || shown.get().map(|phrase| view! { <Words phrase /> })}
        <p class="small muted">{t.r1_screenshots}</p>
        <div class="actions end">
            <button type="button" class="button" data-testid="r1.done" on:click=done>
                {t.r1_written}
            </button>
        </div>
    }
}

/// The thirteen words, and below them, labelled, the form that no other app reads.
#[component]
fn Words(phrase: PhraseView) -> impl IntoView {
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
    view! {
        <ol class="phrase-words" dir="ltr" lang="en" translate="no">{grid(&phrase.words, "r1.word")}</ol>
        <details class="second-form">
            <summary data-testid="r1.second-form">{t.r1_second}</summary>
            <p class="small">{t.r1_second_why}</p>
            <ol class="phrase-words" dir="ltr" lang="en" translate="no">{grid(&phrase.second_form, "r1.second-word")}</ol>
        </details>
    }
}
