//! SV: the safety number with somebody, and ways to compare it (screens 15).

use super::row::called;
use crate::i18n::{fill, format, isolate, text};
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::copy::CopyButton;
use crate::page::ui::dialog::{Dialog, while_about};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::qr::QrCode;
use crate::page::ui::scan::ScanDialog;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, Conversation, ConversationChange, ConversationId, Failure, SafetyMatch,
    SafetyView,
};

/// Digits of a number, and of one of its groups.
const DIGITS: usize = 60;
const GROUP: usize = 5;

/// The layer above everything; details and the tick of a head open it.
#[component]
pub(crate) fn SafetyDialog() -> impl IntoView {
    let app = expect_context::<App>();
    let open = while_about(app.comparing);
    view! {
        <Dialog open screen="sv" title=text().sv_title>
            {move || {
                app.comparing.get().map(|id| {
                    let here = Memo::new(move |_| app.conversation(id));
                    let name = Memo::new(move |_| {
                        here.with(|one| one.as_ref().map(|one| called(text(), one)).unwrap_or_default())
                    });
                    view! { <Safety id here name /> }
                })
            }}
        </Dialog>
    }
}

#[component]
fn Safety(
    id: ConversationId,
    here: Memo<Option<Conversation>>,
    name: Memo<String>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let read = RwSignal::new(None::<Result<SafetyView, Failure>>);
    leptos::task::spawn_local(async move {
        let answer = app
            .command(Command::GetSafetyNumber { conversation: id })
            .await;
        let view = match answer {
            Ok(Answer::Safety(view)) => Ok(view),
            Ok(_) => return,
            Err(failure) => Err(failure),
        };
        read.try_set(Some(view));
    });
    move || match read.get() {
        None => view! { <p class="muted" role="status">{text().working}</p> }.into_any(),
        Some(Err(failure)) => view! { <FailureNote failure testid="sv.error" /> }.into_any(),
        Some(Ok(safety)) => view! { <Number id here name safety /> }.into_any(),
    }
}

#[component]
fn Number(
    id: ConversationId,
    here: Memo<Option<Conversation>>,
    name: Memo<String>,
    safety: SafetyView,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let typed = RwSignal::new(String::new());
    let came = RwSignal::new(None::<SafetyMatch>);
    let failed = RwSignal::new(None::<Failure>);
    let scanning = RwSignal::new(false);
    let compare = move |what: String| {
        came.set(None);
        failed.set(None);
        leptos::task::spawn_local(async move {
            let command = Command::CompareSafetyNumber {
                conversation: id,
                text: what,
            };
            match app.command(command).await {
                Ok(Answer::Compared(result)) => {
                    came.try_set(Some(result));
                }
                Ok(_) => {}
                Err(failure) => {
                    failed.try_set(Some(failure));
                }
            }
        });
    };
    let own = app
        .profile
        .with_untracked(|profile| profile.as_ref().map(|own| own.account_id.clone()))
        .unwrap_or_default();
    let theirs = here.with_untracked(|one| one.as_ref().map(|one| one.account_id.clone()));
    let verified =
        Memo::new(move |_| here.with(|one| one.as_ref().and_then(|one| one.verified_at)));
    let digits = safety.digits.clone();
    let groups = move || {
        let wrong = typed.with(|typed| different(&digits, typed));
        digits
            .as_bytes()
            .chunks(GROUP)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .enumerate()
            .map(|(at, group)| {
                let differs = wrong.contains(&at);
                view! {
                    <li class:differs=differs data-testid="sv.group">
                        {group}
                        {differs.then(|| view! { <span class="visually-hidden">" " {t.sv_differs}</span> })}
                    </li>
                }
            })
            .collect_view()
    };
    let said = move |pattern: &'static str| fill(pattern, &[("name", &isolate(&name.get()))]);
    let code = safety.code.clone();
    let all_digits = safety.digits.clone();
    view! {
        <p class="small">{move || said(t.sv_about)}</p>
        <div class="safety-people">
            <span class="person">
                <Avatar id=own />
                <span class="stack tight">
                    <span>{t.you}</span>
                    <span class="tiny muted" lang="en" translate="no" data-testid="sv.own-words">{safety.own_words.join(" ")}</span>
                </span>
            </span>
            <span class="person">
                {theirs.map(|id| view! { <Avatar id /> })}
                <span class="stack tight">
                    <bdi>{move || name.get()}</bdi>
                    <span class="tiny muted" lang="en" translate="no" data-testid="sv.their-words">{safety.their_words.join(" ")}</span>
                </span>
            </span>
        </div>
        <ol class="safety-digits" dir="ltr" aria-label=t.sv_digits data-testid="sv.digits">{groups}</ol>
        <p class="safety-words" dir="ltr" lang="en" translate="no" data-testid="sv.words">{safety.words.join(" ")}</p>
        <QrCode what=Signal::stored(code) label=t.sv_code testid="sv.qr" />
        <div class="actions">
            <button type="button" class="button" data-testid="sv.scan" on:click=move |_| scanning.set(true)>
                <Draw icon=Icon::Scan />
                {t.sv_scan}
            </button>
            <CopyButton what=Signal::stored(all_digits) label=t.sv_copy testid="sv.copy" />
        </div>
        <form
            class="field"
            on:submit=move |event| {
                event.prevent_default();
                compare(typed.get_untracked());
            }
        >
            <label for="sv-typed">{t.sv_paste}</label>
            <div class="input-row">
                <input
                    class="input mono"
                    id="sv-typed"
                    type="text"
                    dir="ltr"
                    autocomplete="off"
                    spellcheck="false"
                    data-testid="sv.typed"
                    prop:value=move || typed.get()
                    on:input=move |event| {
                        came.set(None);
                        typed.set(event_target_value(&event));
                    }
                />
                <button type="submit" class="button" data-testid="sv.compare" disabled=move || typed.with(|typed| typed.trim().is_empty())>
                    {t.sv_compare}
                </button>
            </div>
        </form>
        <div aria-live="assertive">
            {move || came.get().map(|result| view! { <Outcome result /> })}
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="sv.failed" /> })}
        </div>
        <div class="safety-mark">
            <p class="small muted" data-testid="sv.state">
                {move || match verified.get() {
                    Some(at) => fill(t.sv_verified_on, &[("date", &format::date(at))]),
                    None => t.sv_unverified.to_owned(),
                }}
            </p>
            <button
                type="button"
                class="button"
                class:primary=move || verified.with(Option::is_none)
                data-testid="sv.mark-verified"
                on:click=move |_| app.change(id, ConversationChange::Verified(verified.get_untracked().is_none()))
            >
                <Draw icon=Icon::Verified />
                {move || if verified.with(Option::is_some) { t.sv_unmark } else { t.sv_mark }}
            </button>
            <p class="tiny muted">{t.mark_local}</p>
        </div>
        <ScanDialog
            open=scanning
            accept=Callback::new(move |text| {
                compare(text);
                Ok(())
            })
        />
    }
}

/// What came of comparing, and what to do when it is not the same.
#[component]
fn Outcome(result: SafetyMatch) -> impl IntoView {
    let t = text();
    match result {
        SafetyMatch::Same => view! {
            <div class="note good" data-testid="sv.result" data-result="same">
                <Draw icon=Icon::Verified />
                <p class="what">{t.sv_same}</p>
            </div>
        }
        .into_any(),
        SafetyMatch::Different => view! {
            <div class="note error" role="alert" data-testid="sv.result" data-result="different">
                <Draw icon=Icon::Warning />
                <div class="stack tight">
                    <p class="what">{t.sv_different}</p>
                    <ul class="warnings">
                        <li>{t.sv_cause_person}</li>
                        <li>{t.sv_cause_typo}</li>
                        <li>{t.sv_cause_old}</li>
                    </ul>
                    <p>{t.sv_next}</p>
                </div>
            </div>
        }
        .into_any(),
        SafetyMatch::Unreadable => view! {
            <div class="note warn" data-testid="sv.result" data-result="unreadable">
                <Draw icon=Icon::Info />
                <p>{t.sv_unreadable}</p>
            </div>
        }
        .into_any(),
    }
}

/// Groups in which a complete typed number differs. An incomplete one differs nowhere yet.
fn different(digits: &str, typed: &str) -> Vec<usize> {
    let typed: Vec<u8> = typed.bytes().filter(u8::is_ascii_digit).collect();
    if typed.len() != DIGITS || typed.len() != digits.len() {
        return Vec::new();
    }
    digits
        .as_bytes()
        .chunks(GROUP)
        .zip(typed.chunks(GROUP))
        .enumerate()
        .filter(|(_, (ours, theirs))| ours != theirs)
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_groups_that_differ_are_marked() {
        let ours = "12345".repeat(12);
        let mut theirs = ours.clone();
        theirs.replace_range(7..8, "9");
        assert_eq!(different(&ours, &theirs), [1]);
        assert!(different(&ours, &ours).is_empty());
        assert!(different(&ours, "123").is_empty());
        let spaced = theirs
            .as_bytes()
            .chunks(5)
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(different(&ours, &spaced), [1]);
    }
}
