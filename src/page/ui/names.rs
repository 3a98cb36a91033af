//! Names and IDs of people, isolated from the text around them.

use crate::page::text::groups_of_four;
use leptos::prelude::*;

/// An Account ID in groups of four, always left to right; selecting takes all of it.
#[component]
pub(crate) fn GroupedId(#[prop(into)] id: String, testid: &'static str) -> impl IntoView {
    // The space lies between the groups for whoever copies by hand; a screen reader spells groups.
    let groups = groups_of_four(&id)
        .into_iter()
        .map(|group| view! { <span>{group}" "</span> })
        .collect_view();
    view! { <div class="grouped-id" dir="ltr" data-testid=testid>{groups}</div> }
}
