//! A button that copies public text, such as the own Account ID, and says so.

use super::icons::{Draw, Icon};
use crate::i18n::text;
use crate::page::state::App;
use leptos::prelude::*;

/// Copies `what` at the moment of the press.
#[component]
pub(crate) fn CopyButton(
    #[prop(into)] what: Signal<String>,
    label: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let app = expect_context::<App>();
    let copy = move |_| {
        let what = what.get_untracked();
        leptos::task::spawn_local(async move {
            let clipboard = window().navigator().clipboard();
            let done = wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&what)).await;
            let said = if done.is_ok() {
                text().copied
            } else {
                text().copy_failed
            };
            app.toast.set(Some(said.into()));
        });
    };
    view! {
        <button type="button" class="button" data-testid=testid on:click=copy>
            <Draw icon=Icon::Copy />
            {label}
        </button>
    }
}
