//! The day that somebody is at while they scroll far; a press on it opens the find bar, where a day can be chosen
//! (screens 9.2).

use crate::i18n::{fill, format, text};
use crate::page::chat::Chat;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;

/// It is there once somebody scrolled by so many heights of the screen in one go.
const FAR: f64 = 1.5;
/// Where the screen is, is looked up so often at most (ms).
const LOOK_MS: f64 = 120.0;
/// It stays for so long after the last scrolling (ms).
const STAY_MS: u32 = 1_500;

/// The day on screen while somebody scrolls.
#[derive(Clone, Copy)]
pub(super) struct DateRail {
    /// Sent timestamp of the upper message (ms).
    at: RwSignal<Option<u64>>,
    /// Where the scrolling began (CSS px), and when the screen was looked at last (ms).
    from: StoredValue<Option<(i32, f64)>>,
    end: StoredValue<Option<Timeout>, LocalStorage>,
}

impl DateRail {
    pub(super) fn new() -> Self {
        Self {
            at: RwSignal::new(None),
            from: StoredValue::new(None),
            end: StoredValue::new_local(None),
        }
    }

    /// Somebody scrolled to `top` in a box of this `height` (CSS px). `upper` tells when the message at the upper edge was sent.
    pub(super) fn scrolled(self, top: i32, height: i32, upper: impl FnOnce() -> Option<u64>) {
        let now = js_sys::Date::now();
        let (from, looked) = self.from.get_value().unwrap_or((top, 0.0));
        let far = f64::from((top - from).abs()) > FAR * f64::from(height);
        let look = far && now - looked > LOOK_MS;
        if look {
            self.at.set(upper());
        }
        self.from
            .set_value(Some((from, if look { now } else { looked })));
        let rest = move || {
            self.from.try_set_value(None);
            self.at.try_set(None);
        };
        self.end.set_value(Some(Timeout::new(STAY_MS, rest)));
    }
}

#[component]
pub(super) fn DateRailButton(rail: DateRail, chat: Chat) -> impl IntoView {
    let t = text();
    let day = move || rail.at.get().map(format::day);
    let choose = move |_| {
        rail.at.set(None);
        chat.finding.set(true);
        request_animation_frame(|| {
            request_animation_frame(|| crate::page::focus::first_of(".find-day"));
        });
    };
    move || {
        day().map(|day| {
            let label = fill(t.v1_at_day, &[("day", &day)]);
            view! {
                <button type="button" class="date-rail" aria-label=label data-testid="v1.date-rail" on:click=choose>
                    <Draw icon=Icon::Clock size=16 />
                    {day}
                </button>
            }
        })
    }
}
