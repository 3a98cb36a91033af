//! V1: head, request notices, timeline, composer.

use super::composer::Composer;
use super::timeline::TimelineView;
use crate::i18n::{Catalogue, count, fill, isolate, text};
use crate::page::focus::fine_pointer;
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::text::name_of;
use crate::page::timeline::Reading;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, ConnectionState, Conversation, ConversationId, RequestState,
};

#[component]
pub(crate) fn ConversationScreen(id: ConversationId) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let known = untrack(|| app.conversation(id));
    let unread = known.as_ref().map_or(0, |one| one.unread);
    let draft = known
        .as_ref()
        .map(|one| one.draft.clone())
        .unwrap_or_default();
    let here = Memo::new(move |_| app.conversation(id));
    let name = Memo::new(move |_| {
        here.with(|one| one.as_ref().map(|one| title(t, one)).unwrap_or_default())
    });
    leptos::task::spawn_local(async move {
        if known.is_none()
            && let Ok(Answer::Conversation(conversation)) = app
                .command(Command::GetConversation { conversation: id })
                .await
        {
            app.upsert_conversation(conversation);
        }
        app.timeline.load(app, id, unread).await;
    });
    on_cleanup(move || {
        if app.timeline.open.get_untracked() == Some(id) {
            app.timeline.close();
        }
    });
    let state = move || match app.timeline.reading.get() {
        Reading::Loading => "loading",
        Reading::Failed(_) => "error",
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
    let region = move || fill(t.v1_region, &[("name", &name.get())]);
    view! {
        <section class="conversation" data-screen="v1" data-state=state aria-label=region>
            <Head here name />
            <div class="timeline-box">
                <TimelineView id name />
                <Show when=move || state() == "empty">
                    <EmptyCard here />
                </Show>
            </div>
            <RequestBar id here />
            <Composer id initial=draft />
        </section>
    }
}

/// Note to Self by its own name, people by theirs.
fn title(t: &'static Catalogue, conversation: &Conversation) -> String {
    if conversation.note_to_self {
        t.note_to_self.to_owned()
    } else {
        name_of(conversation)
    }
}

#[component]
fn Head(here: Memo<Option<Conversation>>, name: Memo<String>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let face = Memo::new(move |_| {
        here.with(|one| {
            one.as_ref()
                .map(|one| (one.account_id.clone(), one.note_to_self))
        })
    });
    // The heading takes the focus where a composer would raise a keyboard.
    let heading_focus = (!fine_pointer()).then_some("");
    let under = move || {
        let request = here.with(|one| one.as_ref().map(|one| one.request));
        let (offline, queued) = app
            .network
            .with(|network| (network.state == ConnectionState::Offline, network.queued));
        match request {
            Some(RequestState::Outgoing) => t.v1_waiting.to_owned(),
            Some(RequestState::Incoming) => t.request_in.to_owned(),
            _ if offline && queued > 0 => count(&t.queued, u64::from(queued)),
            _ => t.v1_encrypted.to_owned(),
        }
    };
    view! {
        <header class="pane-head">
            <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="v1.back">
                <Draw icon=Icon::Back size=24 />
            </a>
            {move || face.get().map(|(id, note_to_self)| view! { <Avatar id note_to_self size=40 /> })}
            <div class="who">
                <h1 tabindex="-1" data-route-focus=heading_focus data-testid="v1.name">
                    <bdi>{move || name.get()}</bdi>
                </h1>
                <p class="tiny muted" data-testid="v1.subline">{under}</p>
            </div>
            <Show when=move || app.is_temporary()>
                <span class="temporary-word">{t.temporary_word}</span>
            </Show>
        </header>
    }
}

/// Nothing was said yet.
#[component]
fn EmptyCard(here: Memo<Option<Conversation>>) -> impl IntoView {
    let t = text();
    let own = move || here.with(|one| one.as_ref().is_some_and(|one| one.note_to_self));
    view! {
        <div class="empty-card" data-testid="v1.empty">
            <Show when=own fallback=move || view! { <p>{t.v1_empty}</p><p class="small muted">{t.v1_empty_why}</p> }>
                <p>{t.v1_empty_notes}</p>
            </Show>
        </div>
    }
}

/// Where a message request stands, and what to do about it.
#[component]
fn RequestBar(id: ConversationId, here: Memo<Option<Conversation>>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let request =
        Memo::new(move |_| here.with(|one| one.as_ref().map(|one| (one.request, title(t, one)))));
    move || match request.get() {
        Some((RequestState::Incoming, name)) => Some(
            view! {
                <div class="request-bar" data-testid="v1.request">
                    <p>{fill(t.v1_request_in, &[("name", &isolate(&name))])}</p>
                    <button
                        type="button"
                        class="button primary"
                        data-testid="v1.accept"
                        on:click=move |_| app.send(Command::AcceptRequest { conversation: id })
                    >
                        {t.accept}
                    </button>
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
