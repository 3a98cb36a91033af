//! The messages of the open conversation, anchored at the bottom. The scrolling box is a reversed column, so the browser
//! itself keeps the end in place; changes above what is read do not move it.

use super::conversation::message_key;
use super::message::TimelineRow;
use super::shell::short_count;
use crate::i18n::{count, format, text};
use crate::page::chat::Chat;
use crate::page::state::App;
use crate::page::timeline::{Reading, fold_notices, rows};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, ConversationId, Message, MessageId, SearchQuery};
use onionskin_protocol::sorted::SortedSet;
use wasm_bindgen::JsCast;

/// So close to the end counts as the end (CSS px).
const NEAR: i32 = 48;
/// So many unread mentions are led to.
const MENTIONS: u16 = 100;
/// So close to an edge the next page is read (CSS px).
const AHEAD: i32 = 1_200;
/// A message that was jumped to is marked for so long (ms).
const MARKED_MS: u32 = 2_000;
/// So far (CSS px) over the edge a message still counts as on screen whole.
const WHOLE: f64 = 1.0;
/// What stays on screen for so long while somebody scrolls was seen (ms).
const SEEN_MS: u32 = 300;

#[component]
pub(crate) fn TimelineView(chat: Chat) -> impl IntoView {
    let Chat { app, id, .. } = chat;
    let t = text();
    let timeline = app.timeline;
    let scroller = NodeRef::<html::Div>::new();
    let last_focused = RwSignal::new(None::<MessageId>);
    Effect::new(move |_| {
        if let Some(id) = chat.focused.get() {
            last_focused.set(Some(id));
        }
    });
    let opened = RwSignal::new(SortedSet::new());
    let all = Memo::new(move |_| {
        let first_unread = timeline.first_unread.get();
        let day = |ms| format::local_day(ms as f64);
        let all = timeline.hidden.with(|hidden| {
            timeline.messages.with(|messages| {
                if hidden.is_empty() {
                    return rows(messages, first_unread, day);
                }
                let shown: Vec<_> = messages
                    .iter()
                    .filter(|message| !hidden.contains(&message.id))
                    .cloned()
                    .collect();
                rows(&shown, first_unread, day)
            })
        });
        opened.with(|opened| fold_notices(all, opened))
    });
    let ids = Memo::new(move |_| {
        all.with(|rows| rows.iter().map(|row| row.message.id).collect::<Vec<_>>())
    });
    let stop = Memo::new(move |_| {
        let wanted = last_focused.get();
        ids.with(|ids| wanted.filter(|id| ids.contains(id)).or(ids.last().copied()))
    });
    hold_place(app, scroller);
    let looked = mark_read(app, id, scroller);
    bring_on_screen(app);
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
        if at_end && timeline.fresh.get_untracked() > 0 {
            timeline.fresh.set(0);
        }
        looked.run(());
        if from_start < AHEAD && timeline.more_before.get_untracked() {
            leptos::task::spawn_local(timeline.older(app));
        } else if from_end < AHEAD && timeline.more_after.get_untracked() {
            leptos::task::spawn_local(timeline.newer(app));
        }
    };
    view! {
        <div class="timeline" node_ref=scroller on:scroll=scrolled data-pane-stop="timeline" role="region" aria-label=t.v1_messages>
            <ol class="messages" data-testid="v1.timeline" on:keydown=move |event| keys(chat, ids, stop, &event)>
                <For each=move || ids.get() key=|id| *id let:message>
                    <TimelineRow
                        chat
                        id=message
                        row=Memo::new(move |_| all.with(|rows| rows.iter().find(|row| row.message.id == message).cloned()))
                        ids
                        stop
                        opened
                    />
                </For>
            </ol>
            {move || match timeline.reading.get() {
                Reading::Failed(failure) => {
                    Some(
                        view! {
                            <div class="timeline-failed">
                                <FailureNote failure testid="v1.error" />
                                <button type="button" class="button" data-testid="v1.reload" on:click=move |_| leptos::task::spawn_local(timeline.load(app, id, 0, 0))>
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
            <NextMention chat />
            <ToEnd scroller />
        </Show>
    }
}

/// The floating button to the next message that names us and was not read.
#[component]
fn NextMention(chat: Chat) -> impl IntoView {
    let t = text();
    let app = chat.app;
    let here = chat.here;
    let waiting = Memo::new(move |_| here.with(|one| one.as_ref().map_or(0, |one| one.mentions)));
    // Up to where the button led already.
    let seen = StoredValue::new(0u64);
    let go = move |_| {
        let read = here.with_untracked(|one| one.as_ref().map_or(0, |one| one.last_read));
        leptos::task::spawn_local(async move {
            let command = Command::Search {
                query: SearchQuery {
                    conversation: Some(chat.id),
                    mentions: true,
                    ..SearchQuery::default()
                },
                after: None,
                limit: MENTIONS,
            };
            let Ok(Answer::Found(found)) = app.command(command).await else {
                return;
            };
            let unread = found.hits.into_iter().map(|hit| hit.message);
            let mut unread: Vec<_> = unread.filter(|one| one.sent_at > read).collect();
            unread.sort_by_key(|one| one.sent_at);
            let last = seen.try_get_value().unwrap_or(0);
            let next = unread.iter().find(|one| one.sent_at > last);
            // Behind the last one the first one comes again.
            if let Some(next) = next.or(unread.first()) {
                seen.try_set_value(next.sent_at);
                chat.jump(next.sent_at, Some(next.id));
            }
        });
    };
    view! {
        <Show when=move || { waiting.get() > 0 }>
            <button type="button" class="to-end to-mention" aria-label=t.v1_next_mention title=t.v1_next_mention data-testid="v1.next-mention" on:click=go>
                <Draw icon=Icon::Mention />
                <span class="count" aria-hidden="true">{move || short_count(u64::from(waiting.get()))}</span>
            </button>
        </Show>
    }
}

/// The floating button back to the newest message.
#[component]
fn ToEnd(scroller: NodeRef<html::Div>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let fresh = app.timeline.fresh;
    let label = move || match fresh.get() {
        0 => t.v1_newest.to_owned(),
        new => format!("{} ({})", t.v1_newest, count(&t.unread, new as u64)),
    };
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
        <button type="button" class="to-end" aria-label=label title=t.v1_newest data-testid="v1.newest" on:click=go>
            <Draw icon=Icon::Down />
            <Show when=move || { fresh.get() > 0 }>
                <span class="count" aria-hidden="true" data-testid="v1.newest-count">{move || short_count(fresh.get() as u64)}</span>
            </Show>
        </button>
    }
}

/// Scrolls to the message that somebody wants to see, and marks it for a moment.
fn bring_on_screen(app: App) {
    let (wanted, resting) = (app.timeline.wanted, app.timeline.resting);
    Effect::new(move |_| {
        if let Some(id) = resting.get() {
            resting.set(None);
            scroll_to(id, web_sys::ScrollLogicalPosition::Start);
        }
    });
    let unmark = StoredValue::new_local(None::<gloo_timers::callback::Timeout>);
    Effect::new(move |_| {
        let Some(id) = wanted.get() else {
            return;
        };
        scroll_to(id, web_sys::ScrollLogicalPosition::Center);
        let forget = move || {
            if wanted.try_get_untracked() == Some(Some(id)) {
                wanted.set(None);
            }
        };
        unmark.set_value(Some(gloo_timers::callback::Timeout::new(MARKED_MS, forget)));
    });
}

fn scroll_to(id: MessageId, place: web_sys::ScrollLogicalPosition) {
    request_animation_frame(move || {
        if let Some(element) = element_of(id) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(place);
            element.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
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
                    // By parts of a pixel as well, which would add up.
                    watched.scroll_by_with_x_and_y(0.0, moved);
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
        .find(|(_, top)| *top >= edge - WHOLE)
}

/// What was on screen of a visible page has been seen, and everything before it; and there it is left. Gives what to call when
/// somebody scrolls.
fn mark_read(app: App, id: ConversationId, scroller: NodeRef<html::Div>) -> Callback<()> {
    let timeline = app.timeline;
    let newest = Memo::new(move |_| timeline.messages.with(|all| last_received(all)));
    let last_read = Memo::new(move |_| {
        let here = app.conversation(id).filter(|one| one.unread > 0);
        here.map(|one| one.last_read)
    });
    let looked = RwSignal::new(());
    Effect::new(move |_| {
        looked.track();
        let Some(last_read) = last_read.get() else {
            return;
        };
        let there = timeline.reading.get() == Reading::Ready && !timeline.opening.get();
        if !there || !app.visible.get() {
            return;
        }
        let seen = if timeline.at_end.get() {
            newest.get()
        } else {
            let up_to = last_on_screen(scroller).and_then(|id| {
                timeline.messages.with_untracked(|all| {
                    let at = all.iter().position(|message| message.id == id)?;
                    last_received(&all[..=at])
                })
            });
            up_to.filter(|up_to| *up_to > last_read)
        };
        if let Some(up_to) = seen {
            app.send(Command::MarkRead {
                conversation: id,
                up_to,
            });
        }
    });
    let soon = StoredValue::new_local(None::<gloo_timers::callback::Timeout>);
    Callback::new(move |()| {
        let look = move || {
            if looked.try_set(()).is_none() {
                let at_end = timeline.at_end.get_untracked();
                timeline.rest_at(upper(scroller).filter(|_| !at_end));
            }
        };
        soon.set_value(Some(gloo_timers::callback::Timeout::new(SEEN_MS, look)));
    })
}

fn last_received(messages: &[Message]) -> Option<u64> {
    let last = messages.iter().rev().find(|message| !message.mine)?;
    Some(last.sent_at)
}

/// The last message that is on screen whole, or shows its beginning where none is.
fn last_on_screen(scroller: NodeRef<html::Div>) -> Option<MessageId> {
    let scroller = scroller.get_untracked()?;
    let view = scroller.get_bounding_client_rect();
    let found = scroller.query_selector_all("li.message").ok()?;
    let shown = (0..found.length())
        .rev()
        .filter_map(|at| found.item(at)?.dyn_into::<web_sys::HtmlElement>().ok())
        .find(|element| {
            let place = element.get_bounding_client_rect();
            place.bottom() <= view.bottom() + 1.0 || place.top() <= view.top()
        })?;
    message_of(&shown)
}

/// The first message that is on screen whole.
fn upper(scroller: NodeRef<html::Div>) -> Option<MessageId> {
    let (element, _) = anchor(&*scroller.get_untracked()?)?;
    message_of(&element)
}

fn message_of(element: &web_sys::Element) -> Option<MessageId> {
    let mut id = [0; 16];
    hex::decode_to_slice(element.get_attribute("data-message")?, &mut id).ok()?;
    Some(MessageId(id))
}

/// Arrows, Page keys, Home and End move through the messages, with Shift they choose; Escape ends choosing or goes to the
/// composer; letters act on the message with the focus.
fn keys(
    chat: Chat,
    ids: Memo<Vec<MessageId>>,
    stop: Memo<Option<MessageId>>,
    event: &leptos::ev::KeyboardEvent,
) {
    if event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    let on_message = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.matches("li.message").unwrap_or(false));
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
        "Escape" if chat.selected.with_untracked(Option::is_some) => {
            event.prevent_default();
            return chat.leave_selection();
        }
        "Escape" => return crate::page::focus::first_of("[data-pane-stop='composer']"),
        _ => {
            if on_message
                && let Some(id) = list.get(here)
                && message_key(chat, *id, event)
            {
                event.prevent_default();
                event.stop_propagation();
            }
            return;
        }
    };
    let Some(id) = list.get(to) else { return };
    event.prevent_default();
    if event.shift_key() && matches!(event.key().as_str(), "ArrowUp" | "ArrowDown") {
        if chat.from.get_untracked().is_none() {
            chat.from.set(list.get(here).copied());
        }
        chat.extend(*id);
    }
    focus_message(*id);
}

fn element_of(id: MessageId) -> Option<web_sys::HtmlElement> {
    let selector = format!("[data-message='{}']", hex::encode(id.0));
    document()
        .query_selector(&selector)
        .ok()
        .flatten()?
        .dyn_into()
        .ok()
}

/// Puts the focus on a message.
pub(crate) fn focus_message(id: MessageId) {
    if let Some(element) = element_of(id) {
        crate::page::focus::focus(&element);
    }
}
