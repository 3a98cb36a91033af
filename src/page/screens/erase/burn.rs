//! K7: burning a temporary account. Nothing of it is kept, so one press is enough.

use crate::i18n::{fill, isolate, text};
use crate::page::state::App;
use crate::page::text::clean_name;
use crate::page::ui::dialog::Dialog;
use leptos::prelude::*;

/// What goes, what stays, and the button that does it.
#[component]
pub(crate) fn BurnDialog(open: RwSignal<bool>) -> impl IntoView {
    let t = text();
    view! {
        <Dialog open screen="k7" title=t.k7_title>
            <BurnQuestion open />
        </Dialog>
    }
}

#[component]
fn BurnQuestion(open: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let busy = RwSignal::new(false);
    let name = app.profile.with_untracked(|profile| {
        profile
            .as_ref()
            .map(|p| clean_name(&p.name))
            .unwrap_or_default()
    });
    let burn = move |_| {
        busy.set(true);
        leptos::task::spawn_local(app.burn(None));
    };
    view! {
        {(!name.is_empty()).then(|| view! { <p>{fill(t.k7_whose, &[("name", &isolate(&name))])}</p> })}
        <p>{t.k7_goes}</p>
        <p>{t.k7_stays}</p>
        <div class="actions end">
            <button type="button" class="button" data-testid="k7.cancel" autofocus on:click=move |_| open.set(false)>
                {t.cancel}
            </button>
            <button type="button" class="button danger primary" data-testid="k7.erase" disabled=move || busy.get() on:click=burn>
                {t.burn_now}
            </button>
        </div>
    }
}
