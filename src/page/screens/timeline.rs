//! The messages of the open conversation, anchored at the bottom. The scrolling box is a reversed column, so the browser
//! itself keeps the end in place; changes above what is read do not move it.

use super::message::TimelineRow;
use crate::i18n::{format, text};
use crate::page::state::App;
use crate::page::timeline::{Reading, rows};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{Command, ConversationId, MessageId};
use wasm_bindgen::JsCast;

/// So close to the end counts as the end (CSS px).
const NEAR: i32 = 48;
/// So close to an edge the next page is read (CSS px).
const AHEAD: i32 = 600;

#[component]
pub(crate) fn TimelineView(id: ConversationId, name: Memo<String>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let timeline = app.timeline;
    let scroller = NodeRef::<html::Div>::new();
    let focused = RwSignal::new(None::<MessageId>);
    let all = Memo::new(move |_| {
        let first_unread = timeline.first_unread.get();
        timeline
            .messages
            .with(|messages| rows(messages, first_unread, |ms| format::local_day(ms as f64)))
    });
    let ids = Memo::new(move |_| {
        all.with(|rows| rows.iter().map(|row| row.message.id).collect::<Vec<_>>())
    });
    let total = Memo::new(move |_| ids.with(Vec::len));
    let stop = Memo::new(move |_| {
        let wanted = focused.get();
        ids.with(|ids| wanted.filter(|id| ids.contains(id)).or(ids.last().copied()))
    });
    hold_place(app, scroller);
    mark_read(app, id);
    let scrolled = move |_| {
        let Some(Some(scroller)) = scroller.try_get_untracked() else {
            return;
        };
        let from_end = -scroller.scroll_top();
        let from_start = scroller.scroll_height() - scroller.client_height() - from_end;
        let at_end = from_end <= NEAR && !timeline.more_after.get_untracked();
        if timeline.at_end.get_untracked() != at_end {
            timeline.at_end.set(at_end);
        }
        if from_start < AHEAD && timeline.more_before.get_untracked() {
            leptos::task::spawn_local(timeline.older(app));
        } else if from_end < AHEAD && timeline.more_after.get_untracked() {
            leptos::task::spawn_local(timeline.newer(app));
        }
    };
    view! {
        <div class="timeline" node_ref=scroller on:scroll=scrolled data-pane-stop="timeline" role="region" aria-label=t.v1_messages>
            <ol class="messages" data-testid="v1.timeline" on:keydown=move |event| keys(ids, stop, &event)>
                <For each=move || ids.get() key=|id| *id let:message>
                    <TimelineRow
                        id=message
                        row=Memo::new(move |_| all.with(|rows| rows.iter().find(|row| row.message.id == message).cloned()))
                        name
                        total
                        stop
                        focused
                    />
                </For>
            </ol>
            {move || match timeline.reading.get() {
                Reading::Failed(failure) => {
                    Some(
                        view! {
                            <div class="timeline-failed">
                                <FailureNote failure testid="v1.error" />
                                <button type="button" class="button" data-testid="v1.reload" on:click=move |_| leptos::task::spawn_local(timeline.load(app, id, 0))>
                                    {t.retry}
                                </button>
                            </div>
                        },
                    )
                }
                _ => None,
            }}
        </div>
        <Show when=move || !timeline.at_end.get()>
            <ToEnd scroller />
        </Show>
    }
}

/// The floating button back to the newest message.
#[component]
fn ToEnd(scroller: NodeRef<html::Div>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let go = move |_| {
        leptos::task::spawn_local(async move {
            if app.timeline.more_after.get_untracked() {
                app.timeline.newest(app).await;
            }
            if let Some(Some(scroller)) = scroller.try_get_untracked() {
                scroller.set_scroll_top(0);
            }
        });
    };
    view! {
        <button type="button" class="to-end" aria-label=t.v1_newest title=t.v1_newest data-testid="v1.newest" on:click=go>
            <Draw icon=Icon::Down />
        </button>
    }
}

/// Keeps what is being read where it is when messages come or go below it. At the end nothing needs to be done.
fn hold_place(app: App, scroller: NodeRef<html::Div>) {
    let timeline = app.timeline;
    Effect::new(move |before: Option<Option<(MessageId, i32)>>| {
        let last = timeline
            .messages
            .with(|messages| messages.last().map(|message| message.id));
        let Some(scroller) = scroller.get_untracked() else {
            return last.map(|id| (id, 0));
        };
        let height = scroller.scroll_height();
        if let Some(Some((old, _))) = before
            && last != Some(old)
            && scroller.scroll_top() < -NEAR
        {
            let anchor = anchor(&scroller);
            let watched = scroller.clone();
            request_animation_frame(move || {
                if let Some((element, top)) = anchor {
                    let moved = element.get_bounding_client_rect().top() - top;
                    watched.set_scroll_top(watched.scroll_top() + moved.round() as i32);
                }
            });
        }
        last.map(|id| (id, height))
    });
}

/// The first message on screen and where it stands.
fn anchor(scroller: &web_sys::HtmlElement) -> Option<(web_sys::Element, f64)> {
    let edge = scroller.get_bounding_client_rect().top();
    let found = scroller.query_selector_all("li.message").ok()?;
    (0..found.length())
        .filter_map(|at| found.item(at)?.dyn_into::<web_sys::Element>().ok())
        .map(|element| {
            let top = element.get_bounding_client_rect().top();
            (element, top)
        })
        .find(|(_, top)| *top >= edge)
}

/// What is on screen at the end of a visible page has been seen.
fn mark_read(app: App, id: ConversationId) {
    let timeline = app.timeline;
    let newest = Memo::new(move |_| {
        timeline.messages.with(|messages| {
            messages
                .iter()
                .rev()
                .find(|message| !message.mine)
                .map(|message| message.sent_at)
        })
    });
    let unread = Memo::new(move |_| app.conversation(id).is_some_and(|one| one.unread > 0));
    Effect::new(move |_| {
        let (Some(up_to), true, true) = (newest.get(), unread.get(), timeline.at_end.get()) else {
            return;
        };
        let ready = timeline.reading.get() == Reading::Ready;
        if ready && app.visible.get() {
            app.send(Command::MarkRead {
                conversation: id,
                up_to,
            });
        }
    });
}

/// Arrows, Page keys, Home and End move through the messages; Escape goes to the composer.
fn keys(
    ids: Memo<Vec<MessageId>>,
    stop: Memo<Option<MessageId>>,
    event: &leptos::ev::KeyboardEvent,
) {
    if event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    let list = ids.get_untracked();
    let last = list.len().saturating_sub(1);
    let here = stop
        .get_untracked()
        .and_then(|id| list.iter().position(|other| *other == id))
        .unwrap_or(last);
    let to = match event.key().as_str() {
        "ArrowUp" => here.saturating_sub(1),
        "ArrowDown" => (here + 1).min(last),
        "PageUp" => here.saturating_sub(10),
        "PageDown" => (here + 10).min(last),
        "Home" => 0,
        "End" => last,
        "Escape" => return crate::page::focus::first_of("[data-pane-stop='composer']"),
        _ => return,
    };
    let Some(id) = list.get(to) else { return };
    event.prevent_default();
    focus_message(*id);
}

/// Puts the focus on a message.
pub(crate) fn focus_message(id: MessageId) {
    let selector = format!("[data-message='{}']", hex::encode(id.0));
    let element = document()
        .query_selector(&selector)
        .ok()
        .flatten()
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        crate::page::focus::focus(&element);
    }
}
