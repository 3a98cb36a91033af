//! Disappearing messages in words, and the times that are offered, for every screen that shows or chooses them.

use crate::i18n::{Catalogue, fill, format, text};
use leptos::prelude::*;
use onionskin_client::api::Timer;

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;
const WEEK: u32 = 7 * DAY;

/// The times that are offered (screens 9.9).
pub(crate) const AFTER_READ: [u32; 6] = [5 * MINUTE, HOUR, 12 * HOUR, DAY, WEEK, 2 * WEEK];
pub(crate) const AFTER_SEND: [u32; 4] = [12 * HOUR, DAY, WEEK, 2 * WEEK];

/// Every timer that can be chosen, with how it is written in a choice.
pub(crate) fn timers(people: bool) -> Vec<Timer> {
    let read = AFTER_READ.map(Timer::AfterRead);
    let send = AFTER_SEND.map(Timer::AfterSend);
    let mut all = vec![Timer::Off];
    if people {
        all.extend(read);
    }
    all.extend(send);
    all
}

fn timer_key(timer: Timer) -> String {
    match timer {
        Timer::Off => "off".into(),
        Timer::AfterRead(s) => format!("read-{s}"),
        Timer::AfterSend(s) => format!("send-{s}"),
    }
}

/// A timer in words.
pub(crate) fn timer_name(t: &'static Catalogue, timer: Timer) -> String {
    match timer {
        Timer::Off => t.off.into(),
        Timer::AfterRead(s) => fill(t.timer_read, &[("time", &format::span(s))]),
        Timer::AfterSend(s) => fill(t.timer_send, &[("time", &format::span(s))]),
    }
}

/// How messages disappear, in a sentence; `None`: they stay.
pub(crate) fn sentence(timer: Timer) -> Option<String> {
    let t = text();
    let (pattern, seconds) = match timer {
        Timer::Off => return None,
        Timer::AfterRead(seconds) => (t.v9_read_in, seconds),
        Timer::AfterSend(seconds) => (t.v9_send_in, seconds),
    };
    Some(fill(pattern, &[("time", &format::span(seconds))]))
}

/// A field for a timer. One that is not offered, set by another app, is shown as well.
#[component]
pub(crate) fn TimerChoice(
    #[prop(into)] value: Signal<Timer>,
    people: bool,
    id: &'static str,
    testid: &'static str,
    choose: Callback<Timer>,
) -> impl IntoView {
    let t = text();
    let offered = move || {
        let mut all = timers(people);
        let now = value.get();
        if !all.contains(&now) {
            all.push(now);
        }
        all
    };
    let change = move |event: leptos::ev::Event| {
        let key = event_target_value(&event);
        if let Some(timer) = untrack(offered)
            .into_iter()
            .find(|timer| timer_key(*timer) == key)
        {
            choose.run(timer);
        }
    };
    view! {
        <select class="input" id=id data-testid=testid prop:value=move || timer_key(value.get()) on:change=change>
            {move || {
                let now = value.get();
                offered()
                    .into_iter()
                    .map(|timer| view! { <option value=timer_key(timer) selected=timer == now>{timer_name(t, timer)}</option> })
                    .collect_view()
            }}
        </select>
    }
}
