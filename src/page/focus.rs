//! Where the focus goes when a screen changes, and how F6 walks the panes.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

const INSIDE: &str = "[data-pane-focus], a[href], button:not(:disabled), input:not(:disabled), textarea, [tabindex='0']";

/// After the next paint: the heading of the new screen, or what it names instead. Whoever was quicker and is in that screen
/// by then stays where they are.
pub(crate) fn after_route() {
    let before = document().active_element();
    request_animation_frame(move || {
        // On narrow screens a pane may be hidden; the first visible mark wins.
        let Some(element) = visible("[data-route-focus]").into_iter().next_back() else {
            return;
        };
        let now = document()
            .active_element()
            .filter(|now| Some(now) != before.as_ref());
        let screen = element.closest("[data-screen]").ok().flatten();
        if !screen.is_some_and(|screen| now.is_some() && screen.contains(now.as_deref())) {
            focus(&element);
        }
    });
}

/// Puts the focus into the first place of an element.
pub(crate) fn first_of(selector: &str) {
    if let Some(pane) = visible(selector).into_iter().next() {
        enter(&pane);
    }
}

/// Once what had the focus is gone with what was just done, the focus goes into the first place of an element.
pub(crate) fn rescue(selector: &'static str) {
    request_animation_frame(move || {
        request_animation_frame(move || {
            let lost = document().active_element() == document().body().map(Into::into);
            if lost {
                first_of(selector);
            }
        });
    });
}

/// The next pane, or with Shift the one before.
pub(crate) fn next_pane(back: bool) {
    let panes = visible("[data-pane-stop]");
    if panes.is_empty() {
        return;
    }
    let active = document().active_element();
    // The innermost pane counts: the composer lies inside the main pane.
    let here = panes
        .iter()
        .rposition(|pane| pane.contains(active.as_deref()));
    let count = panes.len();
    let next = match (here, back) {
        (Some(here), false) => (here + 1) % count,
        (Some(here), true) => (here + count - 1) % count,
        (None, _) => 0,
    };
    enter(&panes[next]);
}

/// The pointer is a mouse, so an opened conversation may take the focus into its composer without raising a keyboard.
pub(crate) fn fine_pointer() -> bool {
    window()
        .match_media("(pointer: fine)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

/// Gives an element the focus; one of the document takes it.
pub(crate) fn focus(element: &HtmlElement) {
    let _ = element.focus();
}

fn enter(pane: &HtmlElement) {
    let target = [":scope [data-pane-focus]", INSIDE]
        .into_iter()
        .find_map(|selector| pane.query_selector(selector).ok().flatten())
        .and_then(|element| element.dyn_into::<HtmlElement>().ok());
    focus(target.as_ref().unwrap_or(pane));
}

fn visible(selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|at| found.item(at))
        .filter_map(|node| node.dyn_into::<HtmlElement>().ok())
        .filter(|element| element.offset_width() > 0 || element.offset_height() > 0)
        .collect()
}
