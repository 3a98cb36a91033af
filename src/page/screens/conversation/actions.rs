//! What can be done with a message, by the bar beside it, the menu and single keys (screens 2.4, 9.5).

use super::links::host;
use crate::i18n::{count, fill, isolate, text};
use crate::page::chat::{Able, Chat, Layer, able};
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::menu::Item;
use leptos::prelude::*;
use onionskin_client::api::{Command, Message, MessageId, MessageKind};
use onionskin_client::rich::{addresses, links::cleaned};

/// So many links have their lines in the menu.
const LINKS: usize = 3;
/// So many quick reactions have keys.
const QUICK: usize = 6;

/// The bar beside the message under the pointer or with the focus.
#[component]
pub(crate) fn ActionBar(chat: Chat, id: MessageId) -> impl IntoView {
    let t = text();
    let content = Memo::new(move |_| {
        chat.app.timeline.messages.with(|messages| {
            messages
                .iter()
                .find(|one| one.id == id)
                .is_some_and(|one| able(one, 0.0).content)
        })
    });
    view! {
        <div class="message-bar" role="group" aria-label=t.v1_actions data-testid="v1.actions">
            <Show when=move || content.get()>
                <button
                    type="button"
                    aria-label=t.v1_react
                    title=t.v1_react
                    data-testid="v1.react"
                    disabled=move || chat.not_more_than_text().is_some()
                    on:click=move |event| {
                        event.stop_propagation();
                        chat.layer.set(Some(Layer::React(id)));
                    }
                >
                    <Draw icon=Icon::Smile />
                </button>
                <button
                    type="button"
                    aria-label=t.v1_reply
                    title=t.v1_reply
                    data-testid="v1.reply"
                    on:click=move |event| {
                        event.stop_propagation();
                        if let Some(message) = chat.app.timeline.message(id) {
                            chat.reply(message);
                        }
                    }
                >
                    <Draw icon=Icon::Reply />
                </button>
            </Show>
            <button
                type="button"
                aria-label=t.v1_more
                title=t.v1_more
                aria-haspopup="menu"
                data-testid="v1.more"
                on:click=move |event| {
                    event.stop_propagation();
                    let place = event_target::<web_sys::Element>(&event).get_bounding_client_rect();
                    open_menu(chat, id, (place.left(), place.bottom()));
                }
            >
                <Draw icon=Icon::Dots />
            </button>
        </div>
    }
}

/// Opens the menu of a message; closing it leads back to the message.
pub(crate) fn open_menu(chat: Chat, id: MessageId, place: (f64, f64)) {
    let Some(message) = chat.app.timeline.message(id) else {
        return;
    };
    crate::page::screens::timeline::focus_message(id);
    chat.app
        .menu
        .open_at(text().v1_actions, place, items(chat, &message));
}

/// Opens the menu beside a message, for keys.
pub(crate) fn open_menu_beside(chat: Chat, id: MessageId) {
    let selector = format!("[data-message='{}'] .bubble", hex::encode(id.0));
    let place = document()
        .query_selector(&selector)
        .ok()
        .flatten()
        .map(|bubble| bubble.get_bounding_client_rect())
        .map_or((0.0, 0.0), |place| {
            (place.left() + 16.0, place.bottom().min(place.top() + 48.0))
        });
    open_menu(chat, id, place);
}

/// The lines of the menu, first the six quick reactions.
fn items(chat: Chat, message: &Message) -> Vec<Item> {
    let t = text();
    let can = able(message, js_sys::Date::now());
    let id = message.id;
    let mut items = Vec::new();
    if can.content {
        let reason = untrack(|| chat.not_more_than_text());
        if reason.is_none() {
            let quick = chat
                .app
                .settings
                .with_untracked(|settings| settings.quick_reactions.clone());
            for emoji in quick.into_iter().take(QUICK) {
                let message = message.clone();
                let given = emoji.clone();
                items.push(
                    Item::new(emoji, "v1.quick", move || chat.react(&message, &given)).in_row(),
                );
            }
        }
        items.push(
            Item::new(t.v1_react_more, "v1.menu-react", move || {
                chat.layer.set(Some(Layer::React(id)));
            })
            .icon(Icon::Smile)
            .keys("+")
            .unless(reason),
        );
        let original = message.clone();
        items.push(
            Item::new(t.v1_reply, "v1.menu-reply", move || {
                chat.reply(original.clone())
            })
            .icon(Icon::Reply)
            .keys("r"),
        );
        items.push(
            Item::new(t.v1_forward, "v1.menu-forward", move || {
                chat.layer.set(Some(Layer::Forward(vec![id])));
            })
            .icon(Icon::Forward)
            .keys("f"),
        );
    }
    if message.kind == MessageKind::Undecryptable {
        items.push(
            Item::new(t.retry, "v1.menu-read-again", move || chat.read_again(id)).icon(Icon::Again),
        );
        items.push(
            Item::new(t.v1_ask_again, "v1.menu-ask-again", move || {
                chat.ask_again(id)
            })
            .icon(Icon::Reply),
        );
    }
    if can.text {
        let said = message.text.clone();
        items.push(
            Item::new(t.v1_copy, "v1.menu-copy", move || chat.copy(said.clone()))
                .icon(Icon::Copy)
                .keys("c"),
        );
        let original = message.clone();
        items.push(
            Item::new(t.v1_copy_quote, "v1.menu-copy-quote", move || {
                chat.copy(as_quote(&original.text));
            })
            .icon(Icon::Quote),
        );
    }
    if can.text && !untrack(|| chat.inert()) {
        items.extend(links(chat, &message.text));
    }
    let files = chat.savable(std::slice::from_ref(message));
    if !files.is_empty() {
        items.push(
            Item::new(
                count(&t.v1_save, files.len() as u64),
                "v1.menu-save",
                move || chat.save(files.clone()),
            )
            .icon(Icon::Down),
        );
    }
    items.extend(marks(chat, message, can));
    if can.edit {
        let original = message.clone();
        let label = if can.waiting {
            t.v1_take_back
        } else {
            t.v1_replace
        };
        items.push(
            Item::new(label, "v1.menu-edit", move || chat.edit(original.clone()))
                .icon(Icon::Edit)
                .keys("e"),
        );
    }
    if can.waiting {
        items.push(
            Item::new(t.v1_send_now, "v1.menu-retry", move || {
                chat.app.send(Command::RetryMessage { message: id });
            })
            .icon(Icon::Again),
        );
    }
    items.push(
        Item::new(t.v1_select, "v1.menu-select", move || chat.toggle(id))
            .icon(Icon::Select)
            .keys("x"),
    );
    items.push(
        Item::new(t.v6_title, "v1.menu-info", move || {
            chat.layer.set(Some(Layer::Info(id)));
        })
        .icon(Icon::Info)
        .keys("i"),
    );
    items.push(
        Item::new(t.delete, "v1.menu-delete", move || {
            chat.layer.set(Some(Layer::Delete(vec![id])));
        })
        .icon(Icon::Trash)
        .keys("Delete")
        .danger(),
    );
    items
}

/// The first links of a text: to be opened, past the same question as by pointer, and the first one to be copied.
fn links(chat: Chat, said: &str) -> Vec<Item> {
    let t = text();
    let clean = chat
        .app
        .settings
        .with_untracked(|settings| settings.link_clean);
    let found: Vec<String> = addresses(said)
        .into_iter()
        .take(LINKS)
        .map(|address| match clean {
            true => cleaned(address),
            false => address.to_owned(),
        })
        .collect();
    let mut items: Vec<Item> = found
        .iter()
        .map(|address| {
            let name = host(address).unwrap_or_else(|| address.clone());
            let address = address.clone();
            let label = fill(t.v1_open_link, &[("host", &isolate(&name))]);
            Item::new(label, "v1.menu-open-link", move || {
                chat.layer.set(Some(Layer::Link(address.clone())));
            })
            .icon(Icon::Forward)
        })
        .collect();
    if let Some(address) = found.into_iter().next() {
        items.push(
            Item::new(t.v1_copy_link, "v1.menu-copy-link", move || {
                chat.copy(address.clone());
            })
            .icon(Icon::Copy),
        );
    }
    items
}

/// Star and pin.
fn marks(chat: Chat, message: &Message, can: Able) -> Vec<Item> {
    let t = text();
    let id = message.id;
    let (starred, pinned) = (message.starred, message.pinned);
    if !can.content {
        return Vec::new();
    }
    vec![
        Item::new(
            if starred { t.v1_unstar } else { t.v1_star },
            "v1.menu-star",
            move || chat.star(vec![id], !starred),
        )
        .icon(Icon::StarMark)
        .keys("s"),
        Item::new(
            if pinned { t.v1_unpin } else { t.v1_pin },
            "v1.menu-pin",
            move || chat.pin(id, !pinned),
        )
        .icon(Icon::Pin),
    ]
}

/// Each line behind `> `.
fn as_quote(said: &str) -> String {
    said.lines()
        .map(|line| format!("> {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Keys of the message with the focus. True when the key meant something.
pub(crate) fn key(chat: Chat, id: MessageId, event: &leptos::ev::KeyboardEvent) -> bool {
    let Some(message) = chat.app.timeline.message(id) else {
        return false;
    };
    let can = able(&message, js_sys::Date::now());
    let may_react = can.content && untrack(|| chat.not_more_than_text()).is_none();
    match event.key().as_str() {
        "Enter" | "ContextMenu" => open_menu_beside(chat, id),
        "F10" if event.shift_key() => open_menu_beside(chat, id),
        "r" if can.content => chat.reply(message),
        "f" if can.content => chat.layer.set(Some(Layer::Forward(vec![id]))),
        "c" if can.text => chat.copy(message.text),
        "s" if can.content => chat.star(vec![id], !message.starred),
        "i" => chat.layer.set(Some(Layer::Info(id))),
        "e" if can.edit => chat.edit(message),
        "x" | " " => chat.toggle(id),
        "+" if may_react => chat.layer.set(Some(Layer::React(id))),
        "Delete" => {
            if chat
                .selected
                .with_untracked(|chosen| chosen.as_ref().is_none_or(|chosen| chosen.is_empty()))
            {
                chat.layer.set(Some(Layer::Delete(vec![id])));
            } else {
                chat.with_chosen(move |chosen| {
                    let ids = chosen.iter().map(|one| one.id).collect();
                    chat.layer.try_set(Some(Layer::Delete(ids)));
                });
            }
        }
        digit @ ("1" | "2" | "3" | "4" | "5" | "6") if may_react => {
            let at = usize::from(digit.as_bytes()[0] - b'1');
            let quick = chat
                .app
                .settings
                .with_untracked(|settings| settings.quick_reactions.get(at).cloned());
            if let Some(emoji) = quick {
                chat.react(&message, &emoji);
            }
        }
        _ => return false,
    }
    true
}

/// Everything that can lie above the conversation.
#[component]
pub(crate) fn Layers(chat: Chat) -> impl IntoView {
    view! {
        <super::links::LinkGuard chat />
        <super::info::InfoDialog chat />
        <super::delete::DeleteDialog chat />
        <super::forward::ForwardDialog chat />
        <super::timer::TimerDialog chat />
        <super::reactions::WhoDialog chat />
        <super::emoji::ReactDialog chat />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_quote_is_marked() {
        assert_eq!(as_quote("a\nb"), "> a\n> b");
    }
}
