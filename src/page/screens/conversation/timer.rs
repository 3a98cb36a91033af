//! When messages disappear (V9): after they were read or after they were sent, and after how long.

use crate::i18n::{format, text};
use crate::page::chat::{Chat, Layer};
use crate::page::screens::timers::{AFTER_READ, AFTER_SEND};
use crate::page::ui::dialog::Dialog;
use leptos::prelude::*;
use onionskin_client::api::{Command, ConversationChange, Timer};

/// The times that are chosen to begin with (s).
const USUAL_READ: u32 = 12 * 3_600;
const USUAL_SEND: u32 = 24 * 3_600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Off,
    Read,
    Send,
}

fn times(mode: Mode) -> (&'static [u32], u32) {
    match mode {
        Mode::Off => (&[], 0),
        Mode::Read => (&AFTER_READ, USUAL_READ),
        Mode::Send => (&AFTER_SEND, USUAL_SEND),
    }
}

#[component]
pub(crate) fn TimerDialog(chat: Chat) -> impl IntoView {
    let t = text();
    let open = super::layer_open(chat, |layer| *layer == Layer::Timer);
    let mode = RwSignal::new(Mode::Off);
    let seconds = RwSignal::new(0u32);
    let notes = Memo::new(move |_| {
        chat.here
            .with(|here| here.as_ref().is_some_and(|one| one.note_to_self))
    });
    Effect::new(move |_| {
        if !open.get() {
            return;
        }
        let now = chat
            .here
            .with_untracked(|here| here.as_ref().map(|one| one.timer).unwrap_or_default());
        let (of, time) = match now {
            Timer::Off => (Mode::Off, 0),
            Timer::AfterRead(time) => (Mode::Read, time),
            Timer::AfterSend(time) => (Mode::Send, time),
        };
        mode.set(of);
        seconds.set(time);
    });
    let choose = move |of: Mode| {
        mode.set(of);
        let (all, usual) = times(of);
        if !all.contains(&seconds.get_untracked()) {
            seconds.set(usual);
        }
    };
    let save = move |_| {
        let timer = match mode.get_untracked() {
            Mode::Off => Timer::Off,
            Mode::Read => Timer::AfterRead(seconds.get_untracked()),
            Mode::Send => Timer::AfterSend(seconds.get_untracked()),
        };
        chat.layer.set(None);
        change(chat, timer);
    };
    let radio = move |of: Mode, label: &'static str, why: &'static str, testid: &'static str| {
        view! {
            <label class="choice">
                <input type="radio" name="v9-mode" data-testid=testid prop:checked=move || mode.get() == of on:change=move |_| choose(of) />
                <span class="stack tight">
                    <span class="choice-label">{label}</span>
                    <span class="small muted">{why}</span>
                </span>
            </label>
        }
    };
    view! {
        <Dialog open screen="v9" title=t.v9_title>
            <div class="stack">
                <fieldset class="choices">
                    <legend class="visually-hidden">{t.v9_mode}</legend>
                    {radio(Mode::Off, t.off, t.v9_off_why, "v9.off")}
                    <Show when=move || !notes.get()>{radio(Mode::Read, t.v9_read, t.v9_read_why, "v9.read")}</Show>
                    {radio(Mode::Send, t.v9_send, t.v9_send_why, "v9.send")}
                </fieldset>
                <Show when=move || mode.get() != Mode::Off>
                    <div class="field">
                        <label for="v9-time">{t.v9_time}</label>
                        <select class="input" id="v9-time" data-testid="v9.time" on:change=move |event| {
                            if let Ok(time) = event_target_value(&event).parse() {
                                seconds.set(time);
                            }
                        }>
                            {move || {
                                times(mode.get())
                                    .0
                                    .iter()
                                    .map(|&time| view! { <option value=time.to_string() selected=move || seconds.get() == time>{format::span(time)}</option> })
                                    .collect_view()
                            }}
                        </select>
                    </div>
                </Show>
                <p class="small muted">{t.v9_why}</p>
                <div class="actions end">
                    <button type="button" class="button" data-testid="v9.cancel" on:click=move |_| chat.layer.set(None)>{t.cancel}</button>
                    <button type="button" class="button primary" data-testid="v9.save" on:click=save>{t.save}</button>
                </div>
            </div>
        </Dialog>
    }
}

fn change(chat: Chat, timer: Timer) {
    chat.app.send(Command::ChangeConversation {
        conversation: chat.id,
        change: ConversationChange::Timer(timer),
    });
}

/// Takes over the timer that the other side chose.
#[component]
pub(crate) fn UseSame(chat: Chat, timer: Timer) -> impl IntoView {
    let t = text();
    let differs = Memo::new(move |_| {
        chat.here
            .with(|here| here.as_ref().is_some_and(|one| one.timer != timer))
    });
    view! {
        <Show when=move || differs.get()>
            <button type="button" class="link-button" tabindex="-1" data-testid="v1.use-same" on:click=move |_| change(chat, timer)>{t.v1_use_same}</button>
        </Show>
    }
}
