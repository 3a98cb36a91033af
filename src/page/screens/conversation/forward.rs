//! Forwarding messages (V8): to up to twenty conversations, with some words before them. Nothing tells where they come from,
//! and that they are forwarded only when the person wants it to be told.

use crate::i18n::{count, fill, text};
use crate::page::chat::{Chat, Layer};
use crate::page::text::{MESSAGE_LIMIT, length, name_of};
use crate::page::ui::avatar::Avatar;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, Conversation, ConversationId, Failure, RequestState};
use onionskin_protocol::sorted::SortedSet;

/// To so many at once (screens 9.5).
const TARGETS: usize = 20;

#[component]
pub(crate) fn ForwardDialog(chat: Chat) -> impl IntoView {
    let t = text();
    let open = super::layer_open(chat, |layer| matches!(layer, Layer::Forward(_)));
    let sought = RwSignal::new(String::new());
    let targets = RwSignal::new(SortedSet::<ConversationId>::new());
    let comment = RwSignal::new(String::new());
    let told = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    // So many messages could not go, which were all.
    let nothing = RwSignal::new(None::<u64>);
    let busy = RwSignal::new(false);
    // What goes before the messages.
    let before = move || {
        let mut said = comment.get().trim().to_owned();
        if told.get() {
            said.push_str(if said.is_empty() { "" } else { "\n" });
            said.push_str(t.v8_forwarded);
        }
        said
    };
    Effect::new(move |_| {
        if open.get() {
            sought.set(String::new());
            targets.set(SortedSet::new());
            comment.set(String::new());
            told.set(false);
            failed.set(None);
            nothing.set(None);
            busy.set(false);
        }
    });
    let title = move |one: &Conversation| {
        if one.note_to_self {
            t.note_to_self.to_owned()
        } else {
            name_of(one)
        }
    };
    let shown = move || {
        let wanted = sought.get().trim().to_lowercase();
        chat.app.conversations.with(|list| {
            list.iter()
                .flatten()
                .filter(|one| !one.blocked && one.request != RequestState::Incoming)
                .filter(|one| title(one).to_lowercase().contains(&wanted))
                .cloned()
                .collect::<Vec<_>>()
        })
    };
    let send = move |_| {
        let Some(Layer::Forward(messages)) = chat.layer.get_untracked() else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let to: Vec<_> = targets.get_untracked().into_iter().collect();
        let (number, asked) = (to.len() as u64, messages.len() as u64);
        let command = Command::Forward {
            messages,
            to,
            comment: untrack(before),
        };
        leptos::task::spawn_local(async move {
            let done = chat.app.command(command).await;
            busy.try_set(false);
            match done {
                Ok(Answer::Forwarded { left_out }) if u64::from(left_out) >= asked => {
                    failed.try_set(None);
                    nothing.try_set(Some(asked));
                }
                Ok(answer) => {
                    chat.layer.set(None);
                    chat.leave_selection();
                    let mut said = count(&t.v8_done, number);
                    if let Answer::Forwarded {
                        left_out: left @ 1..,
                    } = answer
                    {
                        said = format!("{said}. {}", count(&t.v8_left_out, left.into()));
                    }
                    chat.app.toast.set(Some(said));
                }
                Err(failure) => {
                    nothing.try_set(None);
                    failed.try_set(Some(failure));
                }
            }
        });
    };
    let cannot = move || {
        busy.get() || targets.with(SortedSet::is_empty) || length(&before()) > MESSAGE_LIMIT
    };
    view! {
        <Dialog open screen="v8" title=t.v8_title>
            <div class="stack">
                <div class="field">
                    <label for="v8-search">{t.v8_search}</label>
                    <input class="input" id="v8-search" type="search" autocomplete="off" data-testid="v8.search" prop:value=move || sought.get() on:input=move |event| sought.set(event_target_value(&event)) />
                </div>
                <ul class="targets" data-testid="v8.targets">
                    {move || {
                        shown()
                            .into_iter()
                            .map(|one| {
                                let id = one.id;
                                let chosen = move || targets.with(|targets| targets.contains(&id));
                                let full = move || !chosen() && targets.with(|targets| targets.len() >= TARGETS);
                                view! {
                                    <li>
                                        <label class="target">
                                            <input type="checkbox" data-testid="v8.target" prop:checked=chosen disabled=full on:change=move |_| targets.update(|targets| {
                                                if !targets.remove(&id) {
                                                    targets.insert(id);
                                                }
                                            }) />
                                            <Avatar id=one.account_id.clone() note_to_self=one.note_to_self size=36 />
                                            <bdi>{title(&one)}</bdi>
                                        </label>
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
                <p class="tiny muted" aria-live="polite">{move || fill(t.v8_chosen, &[("n", &targets.with(SortedSet::len).to_string()), ("of", &TARGETS.to_string())])}</p>
                <div class="field">
                    <label for="v8-comment">{t.v8_comment}</label>
                    <textarea class="input" id="v8-comment" rows="2" dir="auto" data-testid="v8.comment" prop:value=move || comment.get() on:input=move |event| comment.set(event_target_value(&event))></textarea>
                </div>
                <label class="check flush">
                    <input type="checkbox" data-testid="v8.told" prop:checked=move || told.get() on:change=move |event| told.set(event_target_checked(&event)) />
                    <span>{t.v8_tell}</span>
                </label>
                <p class="small muted">{t.v8_why}</p>
                {move || nothing.get().map(|n| view! { <p class="small" role="status" data-testid="v8.nothing">{count(&t.v8_left_out, n)}</p> })}
                {move || failed.get().map(|failure| view! { <FailureNote failure testid="v8.error" /> })}
                <div class="actions end">
                    <button type="button" class="button" data-testid="v8.cancel" on:click=move |_| chat.layer.set(None)>{t.cancel}</button>
                    <button type="button" class="button primary" data-testid="v8.send" disabled=cannot on:click=send>{t.v1_forward}</button>
                </div>
            </div>
        </Dialog>
    }
}
