//! A modal layer: focus stays inside and returns to where it came from, Escape and the browser's Back close it.

use super::icons::{Draw, Icon};
use crate::i18n::text;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// A dialog that is there while `open` is true. Its content is built when it opens and dropped when it closes.
#[component]
pub(crate) fn Dialog(
    open: RwSignal<bool>,
    screen: &'static str,
    title: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    let in_history = StoredValue::new(false);
    Effect::new(move |was: Option<bool>| {
        let now = open.get();
        let Some(dialog) = element.get() else {
            return false;
        };
        if now && !dialog.open() {
            // Refused only when it is open already.
            let _ = dialog.show_modal();
            enter_history(in_history);
        } else if !now && was == Some(true) {
            dialog.close();
            leave_history(in_history);
        }
        now
    });
    let back = window_event_listener(leptos::ev::popstate, move |_| {
        if open.get_untracked() && in_history.get_value() {
            in_history.set_value(false);
            open.set(false);
        }
    });
    on_cleanup(move || back.remove());

    let title_id = move || format!("{screen}-title");
    let children = StoredValue::new(children);
    view! {
        <dialog
            class="dialog"
            node_ref=element
            data-screen=screen
            data-state="ready"
            aria-labelledby=title_id()
            on:close=move |_| open.set(false)
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

/// An entry of the history for the layer, so that Back closes it.
fn enter_history(in_history: StoredValue<bool>) {
    if let Ok(history) = window().history() {
        in_history.set_value(history.push_state(&JsValue::NULL, "").is_ok());
    }
}

/// Takes the entry back when the layer closed by other means.
fn leave_history(in_history: StoredValue<bool>) {
    if in_history.get_value()
        && let Ok(history) = window().history()
    {
        in_history.set_value(false);
        // A browser that refuses leaves one idle entry.
        let _ = history.back();
    }
}
