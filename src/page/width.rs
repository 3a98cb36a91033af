//! How wide the page is, where that decides what something is and not only how it looks.

use leptos::ev;
use leptos::prelude::*;

/// Room for one pane only below this (CSS px; style/layout.css).
pub(crate) const TWO_PANES: f64 = 720.0;
/// Details take the place of their conversation below this (style/people.css).
pub(crate) const THREE_PANES: f64 = 1_100.0;

/// Whether the page is narrower than that, from now on.
pub(crate) fn narrower_than(px: f64) -> Signal<bool> {
    let is = move || {
        let width = window().inner_width().ok().and_then(|width| width.as_f64());
        width.is_some_and(|width| width < px)
    };
    let narrow = RwSignal::new(is());
    let resized = window_event_listener(ev::resize, move |_| {
        if narrow.get_untracked() != is() {
            narrow.set(is());
        }
    });
    on_cleanup(move || resized.remove());
    narrow.into()
}
