//! The layers that ask for the name of a new folder, and for a label (screens 6).

use crate::i18n::text;
use crate::page::screens::actions;
use crate::page::state::App;
use crate::page::text::clean_name;
use crate::page::ui::dialog::{Dialog, while_about};
use leptos::prelude::*;
use onionskin_client::api::ConversationId;

/// The longest name in code points.
const LONGEST: usize = 30;

/// The layers above everything; menus open them.
#[component]
pub(crate) fn FolderDialog() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let open = while_about(app.filing);
    view! {
        <Dialog open screen="folder" title=t.folder_title>
            {move || app.filing.get().map(|ids| view! {
                <Name
                    about=app.filing
                    screen="folder"
                    label=t.folder_name
                    why=t.folder_why
                    too_long_text=t.folder_too_long
                    before=String::new()
                    save=Callback::new(move |name: String| actions::file(app, &ids, &name))
                />
            })}
        </Dialog>
    }
}

#[component]
pub(crate) fn LabelDialog() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let open = while_about(app.labelling);
    view! {
        <Dialog open screen="label" title=t.v2_label>
            {move || app.labelling.get().map(|ids| {
                let one = ids.first().and_then(|id| untrack(|| app.conversation(*id)));
                let before = one.map(|one| one.label).unwrap_or_default();
                view! {
                    <Name
                        about=app.labelling
                        screen="label"
                        label=t.v2_label
                        why=t.v2_label_why
                        too_long_text=t.v2_label_too_long
                        before
                        save=Callback::new(move |name: String| actions::label(app, &ids, &name))
                    />
                }
            })}
        </Dialog>
    }
}

#[component]
fn Name(
    /// What the layer is about; nothing closes it.
    about: RwSignal<Option<Vec<ConversationId>>>,
    screen: &'static str,
    label: &'static str,
    why: &'static str,
    too_long_text: &'static str,
    /// What is there; only what is may be taken away.
    before: String,
    save: Callback<String>,
) -> impl IntoView {
    let t = text();
    let may_be_empty = !before.is_empty();
    let typed = RwSignal::new(before);
    let name = move || typed.with(|typed| clean_name(typed));
    let too_long = move || name().chars().count() > LONGEST;
    let wrong = move || name().is_empty() && !may_be_empty || too_long();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !untrack(wrong) {
            save.run(untrack(name));
            about.set(None);
        }
    };
    let (field, hint) = (format!("{screen}-name"), format!("{screen}-hint"));
    view! {
        <form class="stack" on:submit=submit novalidate>
            <div class="field">
                <label for=field.clone()>{label}</label>
                <input
                    class="input"
                    id=field
                    dir="auto"
                    autocomplete="off"
                    data-testid=format!("{screen}.name")
                    aria-describedby=hint.clone()
                    aria-invalid=move || too_long().to_string()
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                <p class="hint" id=hint>{move || if too_long() { too_long_text } else { why }}</p>
            </div>
            <div class="actions end">
                <button type="button" class="button" data-testid=format!("{screen}.cancel") on:click=move |_| about.set(None)>{t.cancel}</button>
                <button type="submit" class="button primary" data-testid=format!("{screen}.save") disabled=wrong>{t.save}</button>
            </div>
        </form>
    }
}
