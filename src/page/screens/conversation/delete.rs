//! Deleting messages (V7): from where, and what that means. It can be taken back for ten seconds.

use crate::i18n::{Catalogue, count, text};
use crate::page::chat::{Chat, Layer};
use crate::page::ui::dialog::Dialog;
use leptos::prelude::*;
use onionskin_client::api::{DeleteScope, Message};

const fn words(
    t: &'static Catalogue,
    scope: DeleteScope,
) -> (&'static str, &'static str, &'static str) {
    match scope {
        DeleteScope::Here => (t.v7_here, t.v7_here_why, "v7.here"),
        DeleteScope::MyDevices => (t.v7_devices, t.v7_devices_why, "v7.devices"),
        DeleteScope::Everyone => (t.v7_everyone, t.v7_everyone_why, "v7.everyone"),
    }
}

#[component]
pub(crate) fn DeleteDialog(chat: Chat) -> impl IntoView {
    let t = text();
    let open = super::layer_open(chat, |layer| matches!(layer, Layer::Delete(_)));
    let scope = RwSignal::new(DeleteScope::Here);
    Effect::new(move |_| {
        if open.get() {
            scope.set(DeleteScope::Here);
        }
    });
    // They may be on another screen than the timeline.
    let messages = RwSignal::new(Vec::<Message>::new());
    Effect::new(move |_| {
        let Some(Layer::Delete(ids)) = chat.layer.get() else {
            return messages.set(Vec::new());
        };
        leptos::task::spawn_local(async move {
            let found = chat.messages(&ids).await;
            messages.try_set(found);
        });
    });
    // What is asked for, whether its messages were read by now or not.
    let asked = move |layer: Option<Layer>| match layer {
        Some(Layer::Delete(ids)) => ids,
        _ => Vec::new(),
    };
    let delete = move |_| {
        let ids = asked(chat.layer.get_untracked());
        chat.layer.set(None);
        chat.leave_selection();
        if !ids.is_empty() {
            let next = next_of(chat, &ids);
            chat.delete(ids, scope.get_untracked());
            if let Some(next) = next {
                request_animation_frame(move || {
                    crate::page::screens::timeline::focus_message(next)
                });
            }
        }
    };
    view! {
        <Dialog open screen="v7" title=t.v7_title>
            {move || {
                let messages = messages.get();
                let scopes = chat.scopes(&messages);
                let choices: Vec<_> = scopes
                    .into_iter()
                    .map(|one| {
                        let (label, why, testid) = words(t, one);
                        view! {
                            <label class="choice">
                                <input type="radio" name="v7-scope" data-testid=testid prop:checked=move || scope.get() == one on:change=move |_| scope.set(one) />
                                <span class="stack tight">
                                    <span class="choice-label">{label}</span>
                                    <span class="small muted">{why}</span>
                                </span>
                            </label>
                        }
                    })
                    .collect();
                view! {
                    <div class="stack">
                        <p>{move || count(&t.v7_about, asked(chat.layer.get()).len() as u64)}</p>
                        <fieldset class="choices">
                            <legend class="visually-hidden">{t.v7_title}</legend>
                            {choices}
                        </fieldset>
                        <div class="actions end">
                            <button type="button" class="button" data-testid="v7.cancel" autofocus on:click=move |_| chat.layer.set(None)>{t.cancel}</button>
                            <button type="button" class="button danger primary" data-testid="v7.delete" on:click=delete>{t.delete}</button>
                        </div>
                    </div>
                }
            }}
        </Dialog>
    }
}

/// The message that the focus goes to when these are gone.
fn next_of(
    chat: Chat,
    ids: &[onionskin_client::api::MessageId],
) -> Option<onionskin_client::api::MessageId> {
    chat.app.timeline.messages.with_untracked(|messages| {
        let at = messages.iter().rposition(|one| ids.contains(&one.id))?;
        let stays = |one: &&Message| !ids.contains(&one.id);
        messages[at..]
            .iter()
            .find(stays)
            .or_else(|| messages[..at].iter().rev().find(stays))
            .map(|one| one.id)
    })
}
