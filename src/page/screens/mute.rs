//! The layer that asks until when a conversation is silent (screens 6: custom).

use super::actions::network_now;
use crate::i18n::{format, text};
use crate::page::state::App;
use crate::page::ui::dialog::{Dialog, while_about};
use leptos::prelude::*;
use onionskin_client::api::{ConversationChange, ConversationId};

/// From now on, to begin with (ms).
const USUAL: u64 = 8 * 3_600_000;

/// The layer above everything; menus open it.
#[component]
pub(crate) fn MuteDialog() -> impl IntoView {
    let app = expect_context::<App>();
    let open = while_about(app.muting);
    view! {
        <Dialog open screen="mute" title=text().mute_title>
            {move || app.muting.get().map(|id| view! { <Until app id /> })}
        </Dialog>
    }
}

#[component]
fn Until(app: App, id: ConversationId) -> impl IntoView {
    let t = text();
    let now = js_sys::Date::now() as u64;
    let chosen = RwSignal::new(format::local_minute(now + USUAL));
    let past = RwSignal::new(false);
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let ahead = format::from_local_minute(&chosen.get_untracked())
            .and_then(|until| until.checked_sub(js_sys::Date::now() as u64))
            .filter(|ahead| *ahead > 0);
        let Some(ahead) = ahead else {
            past.set(true);
            return;
        };
        let until = network_now(app) + ahead;
        app.change(id, ConversationChange::MutedUntil(Some(until)));
        app.muting.set(None);
    };
    view! {
        <form class="stack" on:submit=save novalidate>
            <div class="field">
                <label for="mute-until">{t.mute_until}</label>
                <input
                    class="input"
                    type="datetime-local"
                    id="mute-until"
                    data-testid="mute.until"
                    min=format::local_minute(now)
                    aria-describedby="mute-past"
                    aria-invalid=move || past.get().to_string()
                    prop:value=move || chosen.get()
                    on:input=move |event| {
                        past.set(false);
                        chosen.set(event_target_value(&event));
                    }
                />
                <p class="hint" id="mute-past" role="alert" data-testid="mute.past">
                    {move || past.get().then_some(t.mute_past)}
                </p>
            </div>
            <p class="small muted">{t.mute_why}</p>
            <div class="actions end">
                <button type="button" class="button" data-testid="mute.cancel" on:click=move |_| app.muting.set(None)>{t.cancel}</button>
                <button type="submit" class="button primary" data-testid="mute.save">{t.act_mute}</button>
            </div>
        </form>
    }
}
