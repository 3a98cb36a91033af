//! The head of a conversation: who it is, what matters most about it now, and what can be done with it (screens 9.1).

use crate::i18n::{count, text};
use crate::page::chat::{Chat, Layer};
use crate::page::focus::fine_pointer;
use crate::page::router::{self, Route};
use crate::page::screens::shell::short_count;
use crate::page::screens::{actions, timers};
use crate::page::ui::avatar::Avatar;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::menu::Item;
use leptos::prelude::*;
use onionskin_client::api::{ConnectionState, RequestState, Timer};

#[component]
pub(crate) fn Head(chat: Chat) -> impl IntoView {
    let Chat {
        app, here, name, ..
    } = chat;
    let t = text();
    let face = Memo::new(move |_| {
        here.with(|one| {
            one.as_ref()
                .map(|one| (one.account_id.clone(), one.note_to_self))
        })
    });
    let elsewhere = Memo::new(move |_| {
        app.conversations.with(|list| {
            list.iter()
                .flatten()
                .filter(|one| one.id != chat.id && !one.archived)
                .map(|one| u64::from(one.unread))
                .sum::<u64>()
        })
    });
    let verified = Memo::new(move |_| {
        here.with(|one| one.as_ref().is_some_and(|one| one.verified_at.is_some()))
    });
    let timed = Memo::new(move |_| {
        here.with(|one| one.as_ref().is_some_and(|one| one.timer != Timer::Off))
    });
    // The heading takes the focus where a composer would raise a keyboard.
    let heading_focus = (!fine_pointer()).then_some("");
    let more = move |event: leptos::ev::MouseEvent| {
        let button = event_target::<web_sys::Element>(&event);
        app.menu.open_below(
            t.v1_more,
            &button,
            items(
                chat,
                (
                    button.get_bounding_client_rect().right(),
                    button.get_bounding_client_rect().bottom(),
                ),
            ),
        );
    };
    view! {
        <header class="pane-head">
            <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="v1.back">
                <Draw icon=Icon::Back size=24 />
                <Show when=move || { elsewhere.get() > 0 }>
                    <span class="count">
                        <span aria-hidden="true">{move || short_count(elsewhere.get())}</span>
                        <span class="visually-hidden">{move || count(&t.unread, elsewhere.get())}</span>
                    </span>
                </Show>
            </a>
            {move || face.get().map(|(id, note_to_self)| view! { <Avatar id note_to_self size=40 /> })}
            <div class="who">
                <h1 tabindex="-1" data-route-focus=heading_focus data-testid="v1.name">
                    <bdi>{move || name.get()}</bdi>
                    <Show when=move || verified.get()>
                        <button type="button" class="verified" aria-label=t.v1_verified title=t.v1_verified data-testid="v1.verified" on:click=move |_| app.comparing.set(Some(chat.id))>
                            <Draw icon=Icon::Verified size=16 />
                        </button>
                    </Show>
                </h1>
                <p class="tiny muted" aria-live="polite" data-testid="v1.subline">{move || subline(chat)}</p>
            </div>
            <Show when=move || app.is_temporary()>
                <span class="temporary-word">{t.temporary_word}</span>
            </Show>
            <button type="button" class="icon-button wide-only" class:on=move || timed.get() aria-label=t.v9_title title=t.v9_title data-testid="v1.timer" on:click=move |_| chat.layer.set(Some(Layer::Timer))>
                <Draw icon=Icon::Timer />
            </button>
            <button type="button" class="icon-button" aria-label=t.v4_title title=t.v4_title aria-keyshortcuts="Control+F" data-testid="v1.find" aria-pressed=move || chat.finding.get().to_string() on:click=move |_| chat.finding.update(|on| *on = !*on)>
                <Draw icon=Icon::Search />
            </button>
            <a class="icon-button wide-only" href=Route::Details(chat.id).href() aria-label=t.act_details title=t.act_details data-testid="v1.details">
                <Draw icon=Icon::Info />
            </a>
            <button type="button" class="icon-button" aria-label=t.v1_more title=t.v1_more aria-haspopup="menu" data-testid="v1.menu" on:click=more>
                <Draw icon=Icon::Dots />
            </button>
        </header>
    }
}

/// What matters most now. Tracks.
fn subline(chat: Chat) -> String {
    let t = text();
    let app = chat.app;
    let (offline, queued) = app
        .network
        .with(|network| (network.state == ConnectionState::Offline, network.queued));
    let typing = app.typing.with(|typing| typing.contains(&chat.id));
    chat.here.with(|one| {
        let Some(one) = one else {
            return t.v1_encrypted.to_owned();
        };
        match one.request {
            RequestState::Outgoing => return t.v1_waiting.to_owned(),
            RequestState::Incoming => return t.request_in.to_owned(),
            RequestState::None => {}
        }
        if one.blocked {
            return t.v1_blocked_short.to_owned();
        }
        if offline && queued > 0 {
            return count(&t.queued, u64::from(queued));
        }
        if typing {
            return t.v1_typing.to_owned();
        }
        timers::sentence(one.timer)
            .or_else(|| actions::muted(app, one))
            .unwrap_or_else(|| t.v1_encrypted.to_owned())
    })
}

/// The timer, then everything that a row of the list offers as well. `place` is where a further menu opens.
fn items(chat: Chat, place: (f64, f64)) -> Vec<Item> {
    let t = text();
    let Some(one) = chat.here.get_untracked() else {
        return Vec::new();
    };
    let id = chat.id;
    let timer = Item::new(t.v9_title, "v1.menu-timer", move || {
        chat.layer.set(Some(Layer::Timer))
    });
    let media = Item::new(t.media_title, "v1.menu-media", move || {
        router::go(Route::Media(id));
    });
    let day = Item::new(t.v4_go_to_day, "v1.menu-day", move || {
        chat.finding.set(true);
        // The bar is there after the next paint, and its words have the focus after another.
        request_animation_frame(|| {
            request_animation_frame(|| crate::page::focus::first_of(".find-day"));
        });
    });
    let mut items = vec![
        timer.icon(Icon::Timer),
        media.icon(Icon::Picture),
        day.icon(Icon::Search),
    ];
    items.extend(actions::items(chat.app, &one, place));
    items
}
