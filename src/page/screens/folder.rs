//! The layer that asks for the name of a new folder (screens 6).

use crate::i18n::text;
use crate::page::screens::actions;
use crate::page::state::App;
use crate::page::text::clean_name;
use crate::page::ui::dialog::{Dialog, while_about};
use leptos::prelude::*;
use onionskin_client::api::ConversationId;

/// The longest name in code points.
const LONGEST: usize = 30;

/// The layer above everything; menus open it.
#[component]
pub(crate) fn FolderDialog() -> impl IntoView {
    let app = expect_context::<App>();
    let open = while_about(app.filing);
    view! {
        <Dialog open screen="folder" title=text().folder_title>
            {move || app.filing.get().map(|ids| view! { <Name app ids /> })}
        </Dialog>
    }
}

#[component]
fn Name(app: App, ids: Vec<ConversationId>) -> impl IntoView {
    let t = text();
    let typed = RwSignal::new(String::new());
    let name = move || typed.with(|typed| clean_name(typed));
    let too_long = move || name().chars().count() > LONGEST;
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let name = untrack(name);
        if !name.is_empty() && !untrack(too_long) {
            actions::file(app, &ids, &name);
            app.filing.set(None);
        }
    };
    view! {
        <form class="stack" on:submit=save novalidate>
            <div class="field">
                <label for="folder-name">{t.folder_name}</label>
                <input
                    class="input"
                    id="folder-name"
                    dir="auto"
                    autocomplete="off"
                    data-testid="folder.name"
                    aria-describedby="folder-hint"
                    aria-invalid=move || too_long().to_string()
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                <p class="hint" id="folder-hint">{move || if too_long() { t.folder_too_long } else { t.folder_why }}</p>
            </div>
            <div class="actions end">
                <button type="button" class="button" data-testid="folder.cancel" on:click=move |_| app.filing.set(None)>{t.cancel}</button>
                <button type="submit" class="button primary" data-testid="folder.save" disabled=move || name().is_empty() || too_long()>{t.save}</button>
            </div>
        </form>
    }
}
