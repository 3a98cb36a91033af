//! Reading something again and again while somebody looks at it.

use super::state::{App, Phase};
use gloo_timers::callback::Interval;
use leptos::prelude::*;

/// Reads at once and then every so many ms, for as long as the present screen is there, an account is open and the page is
/// visible.
pub(crate) fn every(app: App, ms: u32, read: impl Fn() + Copy + 'static) {
    let ticking = StoredValue::new_local(None::<Interval>);
    Effect::new(move |_| {
        let looked_at = app.phase.get() == Phase::Open && app.visible.get();
        if looked_at {
            read();
        }
        ticking.set_value(looked_at.then(|| Interval::new(ms, read)));
    });
    on_cleanup(move || ticking.set_value(None));
}
