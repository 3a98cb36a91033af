//! The banner over the conversations: at most one, and one thing to do about it (screens 2.3, 20).

use crate::i18n::text;
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::Pressure;

#[component]
pub(crate) fn Banner() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let stopped = Memo::new(move |_| {
        app.profile
            .with(|profile| profile.as_ref().is_some_and(|one| one.erased_at.is_some()))
    });
    let pressure = Memo::new(move |_| {
        // Looked at anew with every look at the room: a day may be over.
        app.estimate.track();
        let pressure = app.pressure.get();
        let now = js_sys::Date::now() as u64;
        match app.prefs.room_off.get() {
            Some((put_off, until)) if pressure <= put_off && now < until => Pressure::None,
            _ => pressure,
        }
    });
    move || {
        match (stopped.get(), pressure.get()) {
        (true, _) => Some(
            view! {
                <div class="banner in-list">
                    <div class="note warn" role="status" data-testid="c1.stopped">
                        <Draw icon=Icon::Warning />
                        <div class="stack tight">
                            <p>{t.d3_banner}</p>
                            <a class="button" href=Route::Erase.href() data-testid="c1.stopped-open">{t.d3_banner_open}</a>
                        </div>
                    </div>
                </div>
            }
            .into_any(),
        ),
        (false, Pressure::None) => None,
        (false, pressure) => Some(view! { <RoomBanner pressure /> }.into_any()),
    }
    }
}

/// The browser's room for this site runs out.
#[component]
fn RoomBanner(pressure: Pressure) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let (said, hook) = match pressure {
        Pressure::Full => (t.x7_full, "full"),
        Pressure::Tight | Pressure::None => (t.x7_tight, "tight"),
    };
    view! {
        <div class="banner in-list">
            <div class="note warn" role="status" data-testid="c1.room" data-room=hook>
                <Draw icon=Icon::Warning />
                <div class="stack tight">
                    <p>{said}</p>
                    <a class="button" href=Route::Storage.href() data-testid="c1.room-open">{t.x7_clean}</a>
                </div>
            </div>
            <button
                type="button"
                class="icon-button"
                aria-label=t.x7_put_off
                title=t.x7_put_off
                data-testid="c1.room-dismiss"
                on:click=move |_| app.prefs.put_room_off(pressure)
            >
                <Draw icon=Icon::Close size=16 />
            </button>
        </div>
    }
}
