//! V1: head, find bar, timeline, notices, composer, and the layers above them.

mod actions;
mod bubble;
mod delete;
mod emoji;
mod find;
mod forward;
mod head;
mod info;
mod links;
mod reactions;
mod reply;
mod rich;
mod select;
mod timer;

pub(crate) use actions::{ActionBar, key as message_key, open_menu};
pub(crate) use bubble::{Content, notice_text};
pub(crate) use delete::DeleteDialog;
pub(crate) use emoji::ComposerPicker;
pub(crate) use forward::ForwardDialog;
pub(crate) use reply::{IntentStrip, kind_word};

use super::actions as list_actions;
use super::composer::Composer;
use super::timeline::{TimelineView, focus_message};
use super::timers;
use crate::i18n::{Catalogue, fill, isolate, text};
use crate::page::chat::{Chat, Layer};
use crate::page::router::{self, Route};
use crate::page::state::App;
use crate::page::text::name_of;
use crate::page::timeline::Reading;
use crate::page::ui::avatar::Avatar;
use gloo_timers::callback::Interval;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, ConnectionState, Conversation, ConversationChange, ConversationId, Delivery,
    RequestState,
};

#[component]
pub(crate) fn ConversationScreen(id: ConversationId) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let here = Memo::new(move |_| app.conversation(id));
    let name = Memo::new(move |_| {
        here.with(|one| one.as_ref().map(|one| title(t, one)).unwrap_or_default())
    });
    let chat = Chat::new(app, id, here, name);
    provide_context(chat);
    open(chat);
    follow_route(chat);
    count_down(chat);
    on_cleanup(move || {
        if app.timeline.open.get_untracked() == Some(id) {
            app.timeline.close();
        }
    });
    let state = move || match app.timeline.reading.get() {
        Reading::Loading => "loading",
        Reading::Failed(_) => "error",
        Reading::Ready if here.with(|here| here.as_ref().is_some_and(|one| one.blocked)) => {
            "readonly"
        }
        Reading::Ready if app.timeline.messages.with(Vec::is_empty) => "empty",
        Reading::Ready
            if app
                .network
                .with(|network| network.state == ConnectionState::Offline) =>
        {
            "offline"
        }
        Reading::Ready => "ready",
    };
    let blocked =
        Memo::new(move |_| here.with(|here| here.as_ref().is_some_and(|one| one.blocked)));
    let choosing = Memo::new(move |_| chat.selected.with(Option::is_some));
    let region = move || fill(t.v1_region, &[("name", &name.get())]);
    view! {
        <section class="conversation" data-screen="v1" data-state=state aria-label=region>
            <head::Head chat />
            <Show when=move || chat.finding.get()>
                <find::FindBar chat />
            </Show>
            <div class="timeline-box">
                <TimelineView chat />
                <Show when=move || state() == "empty">
                    <EmptyCard here />
                </Show>
            </div>
            <RequestBar chat />
            <Show when=move || choosing.get()>
                <select::SelectBar chat />
            </Show>
            <div class="compose-place" hidden=move || choosing.get()>
                <Show when=move || !blocked.get() fallback=move || view! { <BlockedBar chat /> }>
                    <Composer chat />
                </Show>
            </div>
            <actions::Layers chat />
        </section>
    }
}

/// A layer's state as the switch that a dialog wants.
fn layer_open(chat: Chat, test: fn(&Layer) -> bool) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        let now = chat.layer.with(|layer| layer.as_ref().is_some_and(test));
        if open.get_untracked() != now {
            open.set(now);
        }
    });
    Effect::new(move |_| {
        let shown = chat
            .layer
            .with_untracked(|layer| layer.as_ref().is_some_and(test));
        if !open.get() && shown {
            chat.layer.set(None);
        }
    });
    open
}

/// Reads the conversation and its messages.
fn open(chat: Chat) {
    let Chat { app, id, .. } = chat;
    let known = untrack(|| app.conversation(id));
    leptos::task::spawn_local(async move {
        let known = match known {
            Some(known) => Some(known),
            None => match app
                .command(Command::GetConversation { conversation: id })
                .await
            {
                Ok(Answer::Conversation(conversation)) => {
                    app.upsert_conversation((*conversation).clone());
                    Some(*conversation)
                }
                _ => None,
            },
        };
        if known.as_ref().is_some_and(|one| one.marked_unread) {
            app.change(id, ConversationChange::MarkedUnread(false));
        }
        let (unread, last_read) = known.map_or((0, 0), |one| (one.unread, one.last_read));
        app.timeline.load(app, id, unread, last_read).await;
        if let Route::At(_, message) = app.route.get_untracked() {
            at(chat, message).await;
        }
    });
}

/// Places of this conversation that addresses name: a message, the find bar.
fn follow_route(chat: Chat) {
    let Chat { app, id, .. } = chat;
    Effect::new(move |before: Option<Route>| {
        let now = app.route.get();
        match now {
            Route::Find(here) if here == id => {
                if chat.finding.get_untracked() {
                    // Behind the frame in which the conversation takes the focus for its composer.
                    request_animation_frame(|| {
                        request_animation_frame(|| crate::page::focus::first_of(".find-row"));
                    });
                }
                chat.finding.set(true);
            }
            // Back, or elsewhere.
            _ if before == Some(Route::Find(id)) => chat.finding.set(false),
            _ => {}
        }
        if let Route::At(here, message) = now
            && here == id
            && before.is_some()
        {
            leptos::task::spawn_local(at(chat, message));
        }
        now
    });
    // Closing the bar leaves its address.
    Effect::new(move |was: Option<bool>| {
        let now = chat.finding.get();
        if was == Some(true) && !now && matches!(app.route.get_untracked(), Route::Find(_)) {
            router::replace(app.route, Route::Conversation(id));
        }
        now
    });
}

async fn at(chat: Chat, message: onionskin_client::api::MessageId) {
    let app = chat.app;
    match app.command(Command::GetMessage { message }).await {
        Ok(Answer::Message(found)) if found.conversation == chat.id => {
            if app.timeline.jump(app, found.sent_at, Some(message)).await {
                focus_message(message);
            }
        }
        _ => app.toast.set(Some(text().v1_quote_missing.into())),
    }
}

/// Ticks every second while something on screen runs out.
fn count_down(chat: Chat) {
    let ticking = StoredValue::new_local(None::<Interval>);
    let runs = Memo::new(move |_| {
        chat.app.timeline.messages.with(|messages| {
            messages.iter().any(|one| {
                one.expires_at.is_some() || matches!(one.delivery, Delivery::Held { .. })
            })
        })
    });
    Effect::new(move |_| {
        let tick = move || {
            chat.now.try_set(js_sys::Date::now() as u64);
        };
        let looked_at = runs.get() && chat.app.visible.get();
        if looked_at {
            tick();
        }
        ticking.set_value(looked_at.then(|| Interval::new(1_000, tick)));
    });
    on_cleanup(move || ticking.set_value(None));
}

/// Note to Self by its own name, people by theirs.
fn title(t: &'static Catalogue, conversation: &Conversation) -> String {
    if conversation.note_to_self {
        t.note_to_self.to_owned()
    } else {
        name_of(conversation)
    }
}

/// Nothing was said yet: who this is, what protects what is said, and how long it stays.
#[component]
fn EmptyCard(here: Memo<Option<Conversation>>) -> impl IntoView {
    let t = text();
    let who = move || {
        here.with(|one| {
            let one = one.as_ref().filter(|one| !one.note_to_self)?;
            Some((one.account_id.clone(), name_of(one), one.timer))
        })
    };
    move || match who() {
        Some((id, name, timer)) => view! {
            <div class="empty-card" data-testid="v1.empty">
                <Avatar id size=72 />
                <p class="empty-name"><bdi>{name}</bdi></p>
                <p>{t.v1_empty}</p>
                <p class="small muted">{t.v1_empty_why}</p>
                {timers::sentence(timer).map(|said| view! { <p class="small muted">{said}</p> })}
            </div>
        }
        .into_any(),
        None => {
            view! { <div class="empty-card" data-testid="v1.empty"><p>{t.v1_empty_notes}</p></div> }
                .into_any()
        }
    }
}

/// Where a message request stands, and what to do about it.
#[component]
fn RequestBar(chat: Chat) -> impl IntoView {
    let Chat { app, id, here, .. } = chat;
    let t = text();
    let request =
        Memo::new(move |_| here.with(|one| one.as_ref().map(|one| (one.request, title(t, one)))));
    let decline = move |block: bool| list_actions::decline(app, vec![id], block);
    let accept = move |quietly: bool| {
        app.send(Command::AcceptRequest {
            conversation: id,
            quietly,
        });
    };
    // Where nobody is told of reading anyway there is nothing to choose.
    let receipts = Memo::new(move |_| app.settings.with(|settings| settings.read_receipts));
    move || {
        match request.get() {
        Some((RequestState::Incoming, name)) => Some(
            view! {
                <div class="request-bar" data-testid="v1.request">
                    <p>{fill(t.v1_request_in, &[("name", &isolate(&name))])}</p>
                    <button
                        type="button"
                        class="button primary"
                        data-testid="v1.accept"
                        on:click=move |_| accept(false)
                    >
                        {t.accept}
                    </button>
                    <Show when=move || receipts.get()>
                        <button type="button" class="button" title=t.c3_accept_quietly_why data-testid="v1.accept-quietly" on:click=move |_| accept(true)>
                            {t.c3_accept_quietly}
                        </button>
                    </Show>
                    <button type="button" class="button" data-testid="v1.decline" on:click=move |_| decline(false)>{t.v1_decline}</button>
                    <button type="button" class="button danger" data-testid="v1.decline-block" on:click=move |_| decline(true)>{t.v1_block}</button>
                </div>
            }
            .into_any(),
        ),
        Some((RequestState::Outgoing, name)) => Some(
            view! {
                <div class="request-bar" data-testid="v1.request-sent">
                    <p>{fill(t.v1_request_out, &[("name", &isolate(&name))])}</p>
                </div>
            }
            .into_any(),
        ),
        _ => None,
    }
    }
}

/// In the place of the composer: nothing can be sent to somebody who is blocked.
#[component]
fn BlockedBar(chat: Chat) -> impl IntoView {
    let t = text();
    let unblock = move |_| {
        chat.app.send(Command::ChangeConversation {
            conversation: chat.id,
            change: ConversationChange::Blocked(false),
        });
    };
    view! {
        <div class="request-bar" data-testid="v1.blocked" data-pane-stop="composer">
            <p>{move || chat.named(t.v1_blocked)}</p>
            <button type="button" class="button" data-testid="v1.unblock" on:click=unblock>{t.v1_unblock}</button>
        </div>
    }
}
