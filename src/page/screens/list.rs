//! The rows of C1: of a long list only those near the screen are mounted; one tab stop, arrows move (screens 6).

use super::shell::short_count;
use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::text::name_of;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::icons::Draw;
use leptos::prelude::*;
use onionskin_client::api::{Conversation, ConversationId, LastMessage, MessageKind, RequestState};
use wasm_bindgen::JsCast;

use super::message::{delivery_icon, delivery_word, hook};

/// Height of a row in rem, as in the style sheet.
const ROW_REM: f64 = 4.5;
/// At most so many rows are mounted.
const MOUNTED: usize = 60;

#[component]
pub(crate) fn ConversationList() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let first = RwSignal::new(0usize);
    let active = RwSignal::new(None::<ConversationId>);
    let ids = Memo::new(move |_| {
        app.conversations
            .with(|list| list.iter().flatten().map(|one| one.id).collect::<Vec<_>>())
    });
    let row = row_height();
    // The scrolling box lies outside, so that first steps scroll along.
    Effect::new(move |_| {
        let Some(scroller) = document().get_element_by_id("list-scroll") else {
            return;
        };
        let watch = scroller.clone();
        let listener = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || {
            let top = (f64::from(watch.scroll_top()) / row) as usize;
            let wanted = top.saturating_sub(MOUNTED / 3) / 10 * 10;
            if first.try_get_untracked().is_some_and(|now| now != wanted) {
                first.set(wanted);
            }
        });
        // The listener goes with the element.
        let _ =
            scroller.add_event_listener_with_callback("scroll", listener.as_ref().unchecked_ref());
        listener.forget();
    });
    let range = Memo::new(move |_| {
        let count = ids.with(Vec::len);
        let start = first.get().min(count.saturating_sub(1));
        (start, (start + MOUNTED).min(count))
    });
    let mounted = move || {
        let (start, end) = range.get();
        ids.with(|ids| {
            ids[start..end.min(ids.len())]
                .iter()
                .copied()
                .enumerate()
                .map(|(at, id)| (start + at, id))
                .collect::<Vec<_>>()
        })
    };
    let stop = Memo::new(move |_| {
        let here = match app.route.get() {
            Route::Conversation(id) => Some(id),
            _ => None,
        };
        ids.with(|ids| {
            [active.get(), here]
                .into_iter()
                .flatten()
                .find(|id| ids.contains(id))
                .or(ids.first().copied())
        })
    });
    let total = move || ids.with(Vec::len);
    view! {
        {move || {
            (total() == 0 && app.conversations.with(Option::is_some))
                .then(|| view! { <p class="list-empty" data-testid="c1.empty">{t.c1_empty}</p> })
        }}
        <Show when=move || app.conversations.with(Option::is_none)>
            <Skeleton />
        </Show>
        <ul
            class="conversation-list"
            aria-label=t.c1_title
            style:block-size=move || format!("{}rem", total() as f64 * ROW_REM)
            on:keydown=move |event| keys(app, ids, active, stop, &event)
        >
            <For each=mounted key=|(_, id)| *id let:item>
                <ConversationRow id=item.1 ids active stop />
            </For>
        </ul>
    }
}

/// Eight grey rows for the first moments.
#[component]
fn Skeleton() -> impl IntoView {
    (0..8)
        .map(|_| view! { <div class="row-skeleton" aria-hidden="true"></div> })
        .collect_view()
}

#[component]
fn ConversationRow(
    id: ConversationId,
    ids: Memo<Vec<ConversationId>>,
    active: RwSignal<Option<ConversationId>>,
    stop: Memo<Option<ConversationId>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let row = Memo::new(move |_| app.conversation(id));
    let place = Memo::new(move |_| {
        ids.with(|ids| ids.iter().position(|other| *other == id))
            .unwrap_or(0)
    });
    let here = move || (app.route.get() == Route::Conversation(id)).then_some("page");
    let link_id = format!("row-{}", hex::encode(id.0));
    view! {
        <li
            class="conversation-slot"
            aria-posinset=move || (place.get() + 1).to_string()
            aria-setsize=move || ids.with(Vec::len).to_string()
            style:inset-block-start=move || format!("{}rem", place.get() as f64 * ROW_REM)
        >
            <a
                class="conversation-row"
                id=link_id
                href=Route::Conversation(id).href()
                data-testid="c1.row"
                aria-current=here
                tabindex=move || if stop.get() == Some(id) { "0" } else { "-1" }
                on:focus=move |_| active.set(Some(id))
            >
                {move || row.get().map(|conversation| row_content(t, &conversation))}
            </a>
        </li>
    }
}

fn row_content(t: &'static Catalogue, conversation: &Conversation) -> impl IntoView + use<> {
    let unread = u64::from(conversation.unread);
    let name = if conversation.note_to_self {
        t.note_to_self.to_owned()
    } else {
        name_of(conversation)
    };
    let request = match conversation.request {
        RequestState::Incoming => Some(t.request_in),
        RequestState::Outgoing => Some(t.request_out),
        RequestState::None => None,
    };
    let at = conversation.last.as_ref().map(|last| last.sent_at);
    let own = conversation
        .last
        .clone()
        .filter(|last| last.mine && conversation.draft.is_empty());
    view! {
        <Avatar id=conversation.account_id.clone() note_to_self=conversation.note_to_self />
        <span class="row-text">
            <span class="row-top">
                <bdi class="row-name">{name}</bdi>
                {at.map(|at| view! { <time class="row-time">{format::row_time(at)}</time> })}
            </span>
            <span class="row-bottom">
                {own.map(|last| own_state(t, &last))}
                <span class="row-last" dir="auto">{last_line(t, conversation)}</span>
                {request.map(|word| view! { <span class="request-mark" data-testid="c1.request">{word}</span> })}
                {(unread > 0)
                    .then(|| {
                        view! {
                            <span class="count" data-testid="c1.unread">
                                <span aria-hidden="true">{short_count(unread)}</span>
                                <span class="visually-hidden">{count(&t.unread, unread)}</span>
                            </span>
                        }
                    })}
            </span>
        </span>
    }
}

fn own_state(t: &'static Catalogue, last: &LastMessage) -> impl IntoView + use<> {
    let delivery = last.delivery;
    view! {
        <span class="row-state" data-delivery=hook(delivery)>
            <Draw icon=delivery_icon(delivery) size=16 />
            <span class="visually-hidden">{delivery_word(t, delivery)} ", "</span>
        </span>
    }
}

/// The second line: the draft first, else the newest message.
fn last_line(t: &'static Catalogue, conversation: &Conversation) -> String {
    if !conversation.draft.is_empty() {
        return fill(t.c1_draft, &[("text", &isolate(&conversation.draft))]);
    }
    match &conversation.last {
        None => t.c1_no_messages.into(),
        Some(last) => match last.kind {
            MessageKind::Text if last.mine && !conversation.note_to_self => {
                fill(t.c1_you_said, &[("text", &isolate(&last.text))])
            }
            MessageKind::Text => last.text.clone(),
            MessageKind::Unsupported => t.message_unsupported_short.into(),
            MessageKind::Undecryptable => t.message_undecryptable_short.into(),
            MessageKind::RequestAccepted => t.notice_accepted.into(),
        },
    }
}

/// Arrows, Home, End and the first letter of a name move; Enter opens through the link itself.
fn keys(
    app: App,
    ids: Memo<Vec<ConversationId>>,
    active: RwSignal<Option<ConversationId>>,
    stop: Memo<Option<ConversationId>>,
    event: &leptos::ev::KeyboardEvent,
) {
    if event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    let list = ids.get_untracked();
    let here = stop
        .get_untracked()
        .and_then(|id| list.iter().position(|other| *other == id))
        .unwrap_or(0);
    let last = list.len().saturating_sub(1);
    let to = match event.key().as_str() {
        "ArrowDown" => (here + 1).min(last),
        "ArrowUp" => here.saturating_sub(1),
        "Home" => 0,
        "End" => last,
        "Escape" => return go(Route::Chats),
        letter if letter.chars().count() == 1 => {
            let wanted = letter.to_lowercase();
            let found = (1..=list.len())
                .map(|by| (here + by) % list.len().max(1))
                .find(|&at| {
                    untrack(|| app.conversation(list[at]))
                        .is_some_and(|one| name_of(&one).to_lowercase().starts_with(&wanted))
                });
            match found {
                Some(at) => at,
                None => return,
            }
        }
        _ => return,
    };
    let Some(id) = list.get(to).copied() else {
        return;
    };
    event.prevent_default();
    active.set(Some(id));
    scroll_to(to);
    request_animation_frame(move || {
        let element = document()
            .get_element_by_id(&format!("row-{}", hex::encode(id.0)))
            .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(element) = element {
            crate::page::focus::focus(&element);
        }
    });
}

/// Brings a row that may not be mounted yet near the screen.
fn scroll_to(place: usize) {
    let Some(scroller) = document().get_element_by_id("list-scroll") else {
        return;
    };
    let row = row_height();
    let top = place as f64 * row;
    let (from, height) = (
        f64::from(scroller.scroll_top()),
        f64::from(scroller.client_height()),
    );
    if top < from {
        scroller.set_scroll_top(top as i32);
    } else if top + row > from + height {
        scroller.set_scroll_top((top + row - height) as i32);
    }
}

/// Height of a row in CSS px at the present text size.
fn row_height() -> f64 {
    let rem = document()
        .document_element()
        .and_then(|root| window().get_computed_style(&root).ok().flatten())
        .and_then(|style| style.get_property_value("font-size").ok())
        .and_then(|size| size.trim_end_matches("px").parse::<f64>().ok());
    rem.unwrap_or(16.0) * ROW_REM
}
