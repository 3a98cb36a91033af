//! Messages of a conversation that the person pinned for themselves (screens 9.11): each leads to its place, and can be unpinned.

use super::conversation::kind_word;
use crate::i18n::{fill, format, isolate, text};
use crate::page::focus;
use crate::page::mentions::named;
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, ConversationId, Failure, Message, MessageId};

/// What was pinned, newest first.
#[derive(Clone, Copy)]
struct Pinned {
    app: App,
    id: ConversationId,
    read: RwSignal<Option<Result<Vec<Message>, Failure>>>,
}

impl Pinned {
    async fn refresh(self) {
        let command = Command::GetPinned {
            conversation: self.id,
        };
        let read = match self.app.command(command).await {
            Ok(Answer::Messages { mut messages, .. }) => {
                messages.reverse();
                Ok(messages)
            }
            Ok(_) => return,
            Err(failure) => Err(failure),
        };
        // The same list drawn anew would lose the focus that stands in it.
        if self
            .read
            .try_with_untracked(|before| before.as_ref() == Some(&read))
            == Some(false)
        {
            self.read.try_set(Some(read));
        }
    }

    /// The focus goes to what is in its place then.
    async fn unpin(self, message: MessageId) {
        let command = Command::PinMessage { message, on: false };
        if let Err(failure) = self.app.command(command).await {
            self.app.problem.set(Some(failure));
            return;
        }
        self.refresh().await;
        request_animation_frame(|| focus::first_of("[data-testid='v2.pinned']"));
    }
}

#[component]
pub(super) fn PinnedCard(app: App, id: ConversationId) -> impl IntoView {
    let t = text();
    let pinned = Pinned {
        app,
        id,
        read: RwSignal::new(None),
    };
    // Whoever pins something on screen sees it here.
    let on_screen = Memo::new(move |_| {
        app.timeline.messages.with(|messages| {
            messages
                .iter()
                .filter(|one| one.pinned && one.conversation == id)
                .map(|one| one.id)
                .collect::<Vec<_>>()
        })
    });
    Effect::new(move |_| {
        // Read, since a memo follows nothing until it was read once.
        on_screen.with(|_| ());
        leptos::task::spawn_local(pinned.refresh());
    });
    view! {
        <section class="card" aria-labelledby="v2-pinned">
            <h2 id="v2-pinned">{t.v2_pinned}</h2>
            <div data-testid="v2.pinned">
                {move || match pinned.read.get() {
                    None => view! { <p class="small muted" role="status">{t.working}</p> }.into_any(),
                    Some(Err(failure)) => view! { <FailureNote failure testid="v2.pinned-error" /> }.into_any(),
                    Some(Ok(list)) if list.is_empty() => {
                        view! { <p class="small muted" tabindex="-1" data-pane-focus="" data-testid="v2.pinned-none">{t.v2_pinned_none}</p> }.into_any()
                    }
                    Some(Ok(list)) => {
                        let rows = list.into_iter().map(|message| view! { <PinnedRow pinned message /> }).collect_view();
                        view! { <ul class="hits">{rows}</ul> }.into_any()
                    }
                }}
            </div>
            <p class="option-meta">
                <span class="tag">{t.mark_local}</span>
            </p>
        </section>
    }
}

#[component]
fn PinnedRow(pinned: Pinned, message: Message) -> impl IntoView {
    let t = text();
    let Pinned { app, id, .. } = pinned;
    let name = message.id;
    let author = if message.mine {
        t.you.to_owned()
    } else {
        untrack(|| app.called(&message.author))
    };
    let said = if message.text.is_empty() {
        let file = message.attachments.first().map(|file| file.kind);
        kind_word(t, message.kind, file).to_owned()
    } else {
        untrack(|| named(app, &message.text))
    };
    let unpin = fill(t.v2_unpin_named, &[("text", &isolate(&said))]);
    view! {
        <li class="pinned-row">
            <a class="hit" href=Route::At(id, name).href() data-testid="v2.pinned-message">
                <span class="row-text">
                    <span class="row-top">
                        <bdi class="row-name">{author}</bdi>
                        <time class="row-time">{format::row_time(message.sent_at)}</time>
                    </span>
                    <span class="hit-text pinned-text" dir="auto">{said}</span>
                </span>
            </a>
            <button
                type="button"
                class="icon-button"
                aria-label=unpin
                title=t.v1_unpin
                data-testid="v2.unpin"
                on:click=move |_| leptos::task::spawn_local(pinned.unpin(name))
            >
                <Draw icon=Icon::Close />
            </button>
        </li>
    }
}
