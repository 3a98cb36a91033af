//! Names and IDs of people, isolated from the text around them.

use crate::i18n::text;
use crate::page::state::App;
use crate::page::text::groups_of_four;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command};

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

/// The four words that stand for an Account ID: quicker to compare than 66 characters.
#[component]
pub(crate) fn IdWords(#[prop(into)] id: String, testid: &'static str) -> impl IntoView {
    let app = expect_context::<App>();
    let words = RwSignal::new(String::new());
    leptos::task::spawn_local(async move {
        match app.command(Command::GetIdWords { account_id: id }).await {
            Ok(Answer::Words(all)) => drop(words.try_set(all.join(" "))),
            Ok(_) => {}
            Err(failure) => app.problem.set(Some(failure)),
        }
    });
    view! {
        <p class="id-words">
            <span class="small muted">{text().id_words}</span>
            <span class="mono" dir="ltr" lang="en" translate="no" data-testid=testid>{move || words.get()}</span>
        </p>
    }
}
