//! The round picture of a person: their own, or an identicon of the Account ID; Note to Self has a bookmark.

use super::icons::{Draw, Icon};
use crate::page::identicon::identicon;
use crate::page::state::App;
use leptos::prelude::*;

/// A picture beside a name, so it says nothing by itself.
#[component]
pub(crate) fn Avatar(
    /// 66 hex digits.
    #[prop(into)]
    id: String,
    #[prop(default = 44)] size: u8,
    #[prop(optional)] note_to_self: bool,
) -> impl IntoView {
    if note_to_self {
        return view! {
            <span class="avatar notes" aria-hidden="true" style:inline-size=px(size) style:block-size=px(size)>
                <Draw icon=Icon::Notes size=size / 2 />
            </span>
        }
        .into_any();
    }
    let app = expect_context::<App>();
    (move || match app.pictures.url(app, &id) {
        Some(url) => view! {
            <img
                class="avatar picture"
                data-testid="avatar.picture"
                src=url
                width=size.to_string()
                height=size.to_string()
                alt=""
                draggable="false"
            />
        }
        .into_any(),
        None => generated(&id, size),
    })
    .into_any()
}

fn generated(id: &str, size: u8) -> AnyView {
    let picture = identicon(id);
    view! {
        <svg
            class="avatar"
            data-hue=picture.hue.to_string()
            width=size.to_string()
            height=size.to_string()
            viewBox="0 0 10 10"
            aria-hidden="true"
        >
            <path d=picture.path fill="currentColor" />
        </svg>
    }
    .into_any()
}

fn px(size: u8) -> String {
    format!("{size}px")
}
