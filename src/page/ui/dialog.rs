//! A modal layer: focus stays inside and returns to where it came from, Escape and the browser's Back close it.

use super::icons::{Draw, Icon};
use crate::i18n::text;
use leptos::html;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue};

/// The switch of a dialog that is there while it is about something.
pub(crate) fn while_about<T: Send + Sync + 'static>(about: RwSignal<Option<T>>) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(about.with(Option::is_some)));
    Effect::new(move |before: Option<bool>| {
        let now = open.get();
        if before == Some(true) && !now {
            about.set(None);
        }
        now
    });
    open
}

/// A dialog that is there while `open` is true. Its content is built when it opens and dropped when it closes.
#[component]
pub(crate) fn Dialog(
    open: RwSignal<bool>,
    screen: &'static str,
    title: &'static str,
    /// It has room for a picture.
    #[prop(optional)]
    wide: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    let is_open = move || open.try_get_untracked() == Some(true);
    let entry = Entry::new(is_open, move || open.set(false));
    Effect::new(move |was: Option<bool>| {
        let now = open.get();
        let Some(dialog) = element.get() else {
            return false;
        };
        if now && !dialog.open() {
            // Refused only when it is open already.
            let _ = dialog.show_modal();
            entry.enter();
            focus_inside(&dialog);
        } else if !now && was == Some(true) {
            dialog.close();
            entry.leave();
        }
        now
    });

    let title_id = move || format!("{screen}-title");
    let children = StoredValue::new(children);
    view! {
        <dialog
            class="dialog"
            class:wide-dialog=wide
            node_ref=element
            data-screen=screen
            data-state="ready"
            aria-labelledby=title_id()
            on:close=move |_| {
                // The browser tells it later; the screen around may be gone by then.
                open.try_set(false);
            }
        >
            <Show when=move || open.get()>
                <div class="dialog-body">
                    <div class="dialog-head">
                        <h2 id=title_id()>{title}</h2>
                        <button
                            type="button"
                            class="icon-button"
                            aria-label=text().close
                            title=text().close
                            data-testid=format!("{screen}.close")
                            on:click=move |_| open.set(false)
                        >
                            <Draw icon=Icon::Close />
                        </button>
                    </div>
                    {children.with_value(|children| children())}
                </div>
            </Show>
        </dialog>
    }
}

/// The content is drawn after the layer opens, so its first place of focus is looked for then.
fn focus_inside(dialog: &web_sys::HtmlDialogElement) {
    let dialog = dialog.clone();
    request_animation_frame(move || {
        let first = dialog
            .query_selector("[autofocus]")
            .ok()
            .flatten()
            .and_then(|element| element.dyn_into().ok());
        if let Some(element) = first {
            crate::page::focus::focus(&element);
        }
    });
}

/// A layer is open.
pub(crate) fn any_open() -> bool {
    document()
        .query_selector("dialog[open]")
        .is_ok_and(|layer| layer.is_some())
}

/// Does something once the layer that was just told to close has left the history: a place to go to would leave with it.
pub(crate) fn when_closed(act: impl FnOnce() + 'static) {
    if DEPTH.get() == 0 && LEAVING.with_borrow(Option::is_none) {
        return act();
    }
    WAITING.set(Some(Box::new(act)));
}

thread_local! {
    /// Layers with an entry in the history, one above the other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The entry that is being taken back; a new one would go in its stead.
    static LEAVING: RefCell<Option<Leaving>> = const { RefCell::new(None) };
    /// What is done once a layer has left the history.
    static WAITING: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
    /// Somebody listens to the history.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// The entry that a layer has in the history while it is open, so that Back closes the layer and nothing else.
#[derive(Clone, Copy)]
pub(crate) struct Entry(StoredValue<u32>);

impl Entry {
    /// For the layer that is being built; `close` is what Back does.
    pub(crate) fn new(is_open: impl Fn() -> bool + 'static, close: impl Fn() + 'static) -> Self {
        watch_history();
        let place = StoredValue::new(0);
        let back = window_event_listener(leptos::ev::popstate, move |event| {
            if !is_open() {
                return;
            }
            let own = place.try_get_value().unwrap_or(0);
            // A layer above may have taken its own entry back: then this one stays.
            let left = event.state().as_f64().unwrap_or(0.0) as u32;
            if own == 0 {
                place.set_value(enter_history());
            } else if own > left {
                place.set_value(0);
                DEPTH.set(DEPTH.get().min(own - 1));
                close();
            }
        });
        on_cleanup(move || back.remove());
        Self(place)
    }

    /// The layer opened.
    pub(crate) fn enter(self) {
        self.0.set_value(enter_history());
    }

    /// The layer closed, by whatever means.
    pub(crate) fn leave(self) {
        leave_history(self.0);
    }
}

/// An entry on its way out of the history, which the browser takes back a moment after it is told to.
struct Leaving {
    /// Its place, counted from 1.
    place: u32,
    /// The address of the screen below it.
    below: String,
    /// Where the person went in that moment.
    gone: Option<String>,
}

/// Follows entries that leave, ahead of all layers and longer than any of them is on the page.
fn watch_history() {
    if WATCHED.replace(true) {
        return;
    }
    let listener = window_event_listener(leptos::ev::popstate, |event| {
        let Some(mut leaving) = LEAVING.take() else {
            return;
        };
        let here = address();
        if here != leaving.below {
            leaving.gone = Some(here);
            return LEAVING.set(Some(leaving));
        }
        if event.state().as_f64() == Some(f64::from(leaving.place)) {
            // The browser took back the way elsewhere in place of the entry.
            if let Ok(history) = window().history() {
                // What is ahead is where the person wants to be; a browser that refuses stays here.
                let _ = history.forward();
            }
        } else if let Some(gone) = leaving.gone {
            // It took back both. A place of this very page can be gone to, which this listener hears: not within itself.
            let go = move || drop(window().location().set_href(&gone));
            gloo_timers::callback::Timeout::new(0, go).forget();
        }
        if let Some(act) = WAITING.take() {
            // Every layer hears this event, and going somewhere causes another one: it has to be over by then.
            gloo_timers::callback::Timeout::new(0, act).forget();
        }
    });
    // It stays as long as the page.
    std::mem::forget(listener);
}

fn address() -> String {
    window().location().href().unwrap_or_default()
}

/// An entry of the history for the layer, so that Back closes it. Gives its place, counted from 1; 0: there is none, or not yet.
fn enter_history() -> u32 {
    if LEAVING.with_borrow(Option::is_some) {
        return 0;
    }
    let own = DEPTH.get() + 1;
    let entered = window()
        .history()
        .and_then(|history| history.push_state(&JsValue::from_f64(f64::from(own)), ""));
    if entered.is_err() {
        return 0;
    }
    DEPTH.set(own);
    own
}

/// Takes the entry back when the layer closed by other means.
fn leave_history(place: StoredValue<u32>) {
    let own = place.get_value();
    if own == 0 {
        return;
    }
    place.set_value(0);
    DEPTH.set(own - 1);
    if let Ok(history) = window().history() {
        let here = history.state().ok().and_then(|state| state.as_f64());
        if here.unwrap_or(0.0) < f64::from(own) {
            // The person is elsewhere already: one idle entry stays behind.
            return;
        }
        // A browser that refuses leaves one idle entry.
        LEAVING.set(history.back().is_ok().then(|| Leaving {
            place: own,
            below: address(),
            gone: None,
        }));
    }
}
