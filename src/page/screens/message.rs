//! One message in the timeline: the lines above it, its place, pointer and focus, and how far it has come (screens 9.4).

use super::conversation::{ActionBar, Content, notice_text, open_menu};
use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::chat::{Chat, Layer, able};
use crate::page::mentions::named;
use crate::page::swipe::{Swipe, Towards};
use crate::page::timeline::{Row, is_notice};
use crate::page::ui::failure::sentences;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use onionskin_client::api::{Command, Delivery, Failure, Message, MessageId, MessageKind};
use onionskin_protocol::sorted::SortedSet;
use wasm_bindgen::JsCast;

/// So long a finger rests for the menu (ms).
const LONG_PRESS_MS: u32 = 500;

/// The name in `data-delivery`.
pub(crate) const fn hook(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Held { .. } => "draft-hold",
        Delivery::Queued => "queued",
        Delivery::Uploading => "uploading",
        Delivery::Sending => "sending",
        Delivery::Stored { .. } => "stored",
        Delivery::Synced { .. } => "synced",
        Delivery::Read => "read",
        Delivery::Retrying { .. } => "retrying",
        Delivery::Failed(_) => "failed",
    }
}

/// The shape; every state has its own.
pub(crate) const fn delivery_icon(delivery: Delivery) -> Icon {
    match delivery {
        Delivery::Held { .. } | Delivery::Queued => Icon::Clock,
        Delivery::Uploading | Delivery::Sending => Icon::Ring,
        Delivery::Stored { .. } => Icon::Check,
        Delivery::Synced { .. } => Icon::CheckDevice,
        Delivery::Read => Icon::Checks,
        Delivery::Retrying { .. } => Icon::ClockArrow,
        Delivery::Failed(_) => Icon::Failed,
    }
}

/// The word.
pub(crate) const fn delivery_word(t: &'static Catalogue, delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Held { .. } => t.delivery_held,
        Delivery::Queued => t.delivery_queued,
        Delivery::Uploading => t.delivery_uploading,
        Delivery::Sending => t.delivery_sending,
        // Synced differs for whoever asks, in the details on focus; the word is the same.
        Delivery::Stored { .. } | Delivery::Synced { .. } => t.delivery_stored,
        Delivery::Read => t.delivery_read,
        Delivery::Retrying { .. } => t.delivery_retrying,
        Delivery::Failed(_) => t.delivery_failed,
    }
}

/// More about a state, on hover and focus.
fn delivery_details(t: &'static Catalogue, delivery: Delivery) -> String {
    let of = |pattern: &str, confirmed: u8, of: u8| {
        fill(
            pattern,
            &[("n", &confirmed.to_string()), ("of", &of.to_string())],
        )
    };
    match delivery {
        Delivery::Stored {
            confirmed,
            of: asked,
        } => of(t.delivery_stored_on, confirmed, asked),
        Delivery::Synced {
            confirmed,
            of: asked,
        } => of(t.delivery_synced_on, confirmed, asked),
        Delivery::Retrying { attempt, next_at } => fill(
            &count(&t.delivery_attempt, u64::from(attempt)),
            &[("time", &format::time(next_at))],
        ),
        other => delivery_word(t, other).into(),
    }
}

/// Opens the find bar at the field for a day.
fn choose_day(chat: Chat) {
    chat.finding.set(true);
    // The bar takes the focus for its words in the frame after the next one.
    request_animation_frame(|| {
        request_animation_frame(|| {
            request_animation_frame(|| crate::page::focus::first_of(".find-day"));
        });
    });
}

/// A row of the timeline with the lines above it.
#[component]
pub(crate) fn TimelineRow(
    chat: Chat,
    row: Memo<Option<Row>>,
    id: MessageId,
    ids: Memo<Vec<MessageId>>,
    stop: Memo<Option<MessageId>>,
    opened: RwSignal<SortedSet<MessageId>>,
) -> impl IntoView {
    let t = text();
    let label = move || {
        row.with(|row| row.as_ref().map(|row| spoken(t, chat, &row.message)))
            .unwrap_or_default()
    };
    let with = move |test: fn(&Row) -> bool| row.with(|row| row.as_ref().is_some_and(test));
    // Not part of the row: it changes with every page that is read above, and what the row shows does not.
    let place = Memo::new(move |_| ids.with(|ids| ids.iter().position(|other| *other == id)));
    let notice = Memo::new(move |_| with(|row| is_notice(row.message.kind)));
    let chosen = Memo::new(move |_| {
        chat.selected
            .with(|selected| selected.as_ref().map(|selected| selected.contains(&id)))
    });
    let choosing = Memo::new(move |_| chosen.get().is_some() && !notice.get());
    let attended = Memo::new(move |_| {
        !notice.get()
            && chosen.get().is_none()
            && (chat.hovered.get() == Some(id) || chat.focused.get() == Some(id))
    });
    let marked = Memo::new(move |_| {
        chat.app.timeline.wanted.get() == Some(id) || chat.marks.with(|marks| marks.at == Some(id))
    });
    let press = StoredValue::new_local(None::<Timeout>);
    let release = move || press.set_value(None);
    let swipe = Swipe::new();
    let reply = move || {
        let content = |message: &Message| able(message, 0.0).content;
        if let Some(message) = chat.app.timeline.message(id).filter(content) {
            chat.reply(message);
        }
    };
    let click = move |event: leptos::ev::MouseEvent| {
        if !choosing.get_untracked() {
            return;
        }
        event.prevent_default();
        if event.shift_key() {
            chat.extend(id);
        } else {
            chat.toggle(id);
        }
    };
    view! {
        {move || {
            row.with(|row| row.as_ref().filter(|row| row.new_day).map(|row| row.message.sent_at))
                .map(|sent_at| {
                    let day = format::day(sent_at);
                    let label = fill(t.v1_at_day, &[("day", &day)]);
                    // By keys a day is chosen in the find bar.
                    view! {
                        <li class="day-line">
                            <button type="button" tabindex="-1" aria-label=label data-testid="v1.day" on:click=move |_| choose_day(chat)>{day}</button>
                        </li>
                    }
                })
        }}
        {move || with(|row| row.unread_line).then(|| view! { <li class="unread-line" data-testid="v1.unread-divider"><span>{t.unread_line}</span></li> })}
        <li
            class="message"
            class:mine=move || with(|row| row.message.mine)
            class:starts=move || with(|row| row.starts_group)
            class:ends=move || with(|row| row.ends_group)
            class:notice=move || notice.get()
            class:marked-row=move || marked.get()
            class:choosing=move || choosing.get()
            class:chosen=move || chosen.get() == Some(true)
            data-testid=move || if notice.get() { "v1.notice" } else { "v1.message" }
            data-message=hex::encode(id.0)
            data-mine=move || with(|row| row.message.mine).to_string()
            data-delivery=move || row.with(|row| row.as_ref().filter(|row| row.message.mine).map(|row| hook(row.message.delivery)))
            aria-label=label
            aria-posinset=move || place.get().map(|place| (place + 1).to_string())
            aria-setsize=move || ids.with(Vec::len).to_string()
            tabindex=move || if stop.get() == Some(id) { "0" } else { "-1" }
            on:focusin=move |event| {
                chat.focused.set(Some(id));
                controls_in_order(row_of(event.target()), true);
            }
            on:focusout=move |event| {
                // Within the message, for example to its bar, the focus only moves.
                let inside = row_of(event.related_target())
                    .is_some_and(|row| row.get_attribute("data-message") == Some(hex::encode(id.0)));
                if !inside {
                    controls_in_order(row_of(event.target()), false);
                }
                // A row that leaves with its screen loses the focus last.
                if !inside && chat.focused.try_get_untracked() == Some(Some(id)) {
                    chat.focused.set(None);
                }
            }
            on:pointerenter=move |event| {
                if event.pointer_type() == "mouse" {
                    chat.hovered.set(Some(id));
                }
            }
            on:pointerleave=move |_| {
                release();
                if chat.hovered.try_get_untracked() == Some(Some(id)) {
                    chat.hovered.set(None);
                }
            }
            on:click=click
            on:contextmenu=move |event| {
                // A link or chosen text has the browser's own menu.
                let on_link = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()).is_some_and(|element| matches!(element.closest("a, textarea"), Ok(Some(_))));
                if notice.get_untracked() || on_link || text_chosen() {
                    return;
                }
                event.prevent_default();
                release();
                if !chat.app.menu.is_open() {
                    open_menu(chat, id, (f64::from(event.client_x()), f64::from(event.client_y())));
                }
            }
            on:pointerdown=move |event| {
                if event.pointer_type() == "touch" && !notice.get_untracked() && !choosing.get_untracked() {
                    swipe.down(&event);
                    let place = (f64::from(event.client_x()), f64::from(event.client_y()));
                    press.set_value(Some(Timeout::new(LONG_PRESS_MS, move || {
                        if !chat.app.menu.is_open() {
                            open_menu(chat, id, place);
                        }
                    })));
                }
            }
            on:pointermove=move |event| if swipe.moved(&event) { release() }
            on:pointerup=move |_| {
                release();
                if swipe.up() == Some(Towards::End) { reply() }
            }
            on:pointercancel=move |_| {
                release();
                swipe.cancel();
            }
        >
            <Show when=move || { swipe.by.get() > 0.0 }>
                <span class="swipe-mark" class:far=move || swipe.far().is_some() aria-hidden="true"><Draw icon=Icon::Reply /></span>
            </Show>
            <Show when=move || choosing.get()>
                <input type="checkbox" class="select-box" tabindex="-1" aria-label=t.v1_select prop:checked=move || chosen.get() == Some(true) data-testid="v1.select" on:click=move |event| {
                    event.stop_propagation();
                    if event.shift_key() { chat.extend(id) } else { chat.toggle(id) }
                } />
            </Show>
            <div class="message-body" style:transform=move || swipe.transform().filter(|_| swipe.by.get() > 0.0)>
                {move || row.get().map(|row| view! { <Content chat row opened /> })}
                <Show when=move || attended.get()>
                    <ActionBar chat id />
                </Show>
            </div>
        </li>
    }
}

/// The message that something stands in.
fn row_of(target: Option<web_sys::EventTarget>) -> Option<web_sys::Element> {
    let element = target?.dyn_into::<web_sys::Element>().ok()?;
    element.closest("li.message").ok().flatten()
}

/// What can be pressed inside a message comes after it in the order of the Tab key while the message has the focus, and at no
/// other time: else the way through a conversation would be endless.
fn controls_in_order(row: Option<web_sys::Element>, on: bool) {
    let (now, then) = if on { ("-1", "0") } else { ("0", "-1") };
    let selector = format!("[tabindex='{now}']:is(a, button)");
    let Some(found) = row.and_then(|row| row.query_selector_all(&selector).ok()) else {
        return;
    };
    for at in 0..found.length() {
        if let Some(control) = found
            .item(at)
            .and_then(|one| one.dyn_into::<web_sys::Element>().ok())
        {
            // A valid value.
            let _ = control.set_attribute("tabindex", then);
        }
    }
}

/// Some text on the page is selected.
fn text_chosen() -> bool {
    window()
        .get_selection()
        .ok()
        .flatten()
        .is_some_and(|selection| !selection.is_collapsed())
}

/// What a screen reader says for a whole message.
fn spoken(t: &'static Catalogue, chat: Chat, message: &Message) -> String {
    if is_notice(message.kind) {
        return notice_text(chat, message);
    }
    let author = isolate(&chat.app.called(&message.author));
    let mut said = match message.kind {
        MessageKind::Unsupported => t.message_unsupported.to_owned(),
        MessageKind::Undecryptable => t.message_undecryptable.to_owned(),
        MessageKind::Deleted => t.message_deleted.to_owned(),
        _ => named(chat.app, &message.text),
    };
    for file in &message.attachments {
        said.push_str(&format!(" {}", file.name));
    }
    for reaction in &message.reactions {
        let count = count(&t.v1_reacted, reaction.authors.len() as u64);
        said.push_str(&format!(" {}", fill(&count, &[("emoji", &reaction.emoji)])));
    }
    let state = if message.mine {
        delivery_word(t, message.delivery)
    } else {
        ""
    };
    fill(
        t.message_spoken,
        &[
            ("author", &author),
            ("time", &format::time(message.sent_at)),
            ("text", &said),
            ("state", state),
        ],
    )
}

/// How far an own message has come; what can be done about it is a button.
#[component]
pub(crate) fn State(chat: Chat, message: Message, loud: bool) -> impl IntoView {
    let t = text();
    let delivery = message.delivery;
    let word = delivery_word(t, delivery);
    let details = delivery_details(t, delivery);
    let id = message.id;
    let inner = view! {
        <Draw icon=delivery_icon(delivery) size=16 />
        <span class:visually-hidden=!loud>{word}</span>
    };
    let button = |act: fn(Chat, MessageId), label: Option<&'static str>, testid: &'static str| {
        view! {
            <button type="button" class="state-button" tabindex="-1" data-testid=testid on:click=move |event| {
                event.stop_propagation();
                act(chat, id);
            }>{label.unwrap_or(t.v1_send_now)}</button>
        }
    };
    view! {
        <span class="state" title=details data-testid="v1.msg-state" data-delivery=hook(delivery)>{inner}</span>
        {match delivery {
            Delivery::Held { until } => {
                Some(
                    view! {
                        <span class="hold-left" aria-hidden="true">{move || seconds_left(until, chat.now.get())}</span>
                        {button(|chat, id| chat.take_back(id), Some(t.undo), "v1.undo-send")}
                    }
                    .into_any(),
                )
            }
            Delivery::Retrying { .. } => Some(button(retry, None, "v1.retry-now").into_any()),
            _ => None,
        }}
    }
}

fn retry(chat: Chat, message: MessageId) {
    chat.app.send(Command::RetryMessage { message });
}

/// Whole seconds until then, at least 0.
fn seconds_left(until: u64, now: u64) -> String {
    until.saturating_sub(now).div_ceil(1_000).to_string()
}

/// Why it failed for good, and the ways out.
#[component]
pub(crate) fn FailedActions(chat: Chat, message: Message, failure: Failure) -> impl IntoView {
    let t = text();
    let (what, safe, todo) = sentences(&failure);
    let id = message.id;
    view! {
        <div class="failed" data-code=failure.code.code()>
            <p>{what} " " {safe} " " {todo} " " <span class="code">{failure.code.code()}</span></p>
            <div class="actions">
                <button type="button" class="link-button" data-testid="v1.retry" on:click=move |_| retry(chat, id)>
                    {t.retry}
                </button>
                <button type="button" class="link-button" data-testid="v1.edit" on:click=move |_| chat.take_back(id)>
                    {t.v1_take_back}
                </button>
                <button type="button" class="link-button" data-testid="v1.delete" on:click=move |_| chat.layer.set(Some(Layer::Delete(vec![id])))>
                    {t.delete}
                </button>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_take_back_is_counted_in_whole_seconds() {
        assert_eq!(seconds_left(10_000, 9_999), "1");
        assert_eq!(seconds_left(10_000, 7_000), "3");
        assert_eq!(seconds_left(10_000, 12_000), "0");
    }
}
