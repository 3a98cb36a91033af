//! Reactions under a message: one chip for each emoji, and the list of who gave them (V13).

use crate::i18n::{count, fill, text};
use crate::page::chat::{Chat, Layer};
use crate::page::ui::dialog::Dialog;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Message, MessageId};

/// So many names stand in the hint of a chip.
const NAMED: usize = 6;

#[component]
pub(crate) fn ReactionRow(chat: Chat, message: Message) -> impl IntoView {
    let t = text();
    if message.reactions.is_empty() {
        return None;
    }
    let id = message.id;
    let chips: Vec<_> = message
        .reactions
        .iter()
        .map(|reaction| {
            let emoji = reaction.emoji.clone();
            let authors = reaction.authors.clone();
            let number = authors.len() as u64;
            let who = move || {
                authors
                    .iter()
                    .take(NAMED)
                    .map(|id| chat.app.called(id))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let name = fill(&count(&t.v1_reacted, number), &[("emoji", &reaction.emoji)]);
            let message = message.clone();
            let shown = emoji.clone();
            view! {
                <button
                    type="button"
                    class="reaction"
                    tabindex="-1"
                    aria-pressed=reaction.mine.to_string()
                    aria-label=name
                    title=who
                    disabled=move || chat.not_more_than_text().is_some()
                    data-testid="v1.reaction"
                    on:click=move |event| {
                        event.stop_propagation();
                        chat.react(&message, &emoji);
                    }
                >
                    <span aria-hidden="true">{shown}</span>
                    <span aria-hidden="true" class="reaction-count">{number}</span>
                </button>
            }
        })
        .collect();
    Some(view! {
        <div class="reactions" role="group" aria-label=t.v13_title data-testid="v1.reactions">
            {chips}
            <button type="button" class="reaction who" tabindex="-1" aria-label=t.v13_title title=t.v13_title data-testid="v1.reacted" on:click=move |event| {
                event.stop_propagation();
                chat.layer.set(Some(Layer::Who(id)));
            }>
                <Draw icon=Icon::People size=16 />
            </button>
        </div>
    })
}

/// Who reacted, by emoji.
#[component]
pub(crate) fn WhoDialog(chat: Chat) -> impl IntoView {
    let t = text();
    let open = super::layer_open(chat, |layer| matches!(layer, Layer::Who(_)));
    let message = move || match chat.layer.get() {
        Some(Layer::Who(id)) => of(chat, id),
        _ => None,
    };
    view! {
        <Dialog open screen="v13" title=t.v13_title>
            {move || {
                let Some(message) = message() else { return ().into_any() };
                if message.reactions.is_empty() {
                    return view! { <p class="muted">{t.v13_empty}</p> }.into_any();
                }
                message
                    .reactions
                    .iter()
                    .map(|reaction| {
                        let names: Vec<_> = reaction
                            .authors
                            .iter()
                            .map(|id| view! { <li><bdi>{chat.app.called(id)}</bdi></li> })
                            .collect();
                        view! {
                            <section class="who-reacted" data-testid="v13.emoji">
                                <h3>{reaction.emoji.clone()} " " <span class="muted">{reaction.authors.len()}</span></h3>
                                <ul>{names}</ul>
                            </section>
                        }
                    })
                    .collect_view()
                    .into_any()
            }}
        </Dialog>
    }
}

/// A message as it is now.
fn of(chat: Chat, id: MessageId) -> Option<Message> {
    chat.app
        .timeline
        .messages
        .with(|messages| messages.iter().find(|one| one.id == id).cloned())
}
