//! C1: the list pane with its head, filters, first steps, requests and the conversations.

use super::actions;
use super::ask_notify::NotifyTip;
use super::backup::{Reminder, is_due};
use super::banner::Banner;
use super::list::{ConversationList, Selection};
use crate::i18n::{count, isolate, text};
use crate::page::listing::{Filter, Which, folders, is_request, shown};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::connection::ConnectionChip;
use crate::page::ui::copy::CopyButton;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::menu::Item;
use crate::page::width::{TWO_PANES, narrower_than};
use leptos::prelude::*;
use onionskin_client::api::{Command, ConnectionState, ConversationChange, Profile, RestoreStep};
use onionskin_protocol::sorted::SortedSet;

/// Width of the list in CSS px: least, first, most.
const WIDTHS: (i32, i32, i32) = (260, 320, 420);

#[component]
pub(crate) fn Chats() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let filter = RwSignal::new(Filter::All);
    let which = Signal::derive(move || Which::Chats(filter.get()));
    let selected: Selection = RwSignal::new(SortedSet::new());
    let rows = Memo::new(move |_| {
        let leaving = app.leaving.get();
        app.conversations
            .with(|list| shown(list.as_deref().unwrap_or_default(), which.get(), &leaving).len())
    });
    let state = move || {
        let offline = app
            .network
            .with(|network| network.state == ConnectionState::Offline);
        match app.conversations.with(Option::is_none) {
            true => "loading",
            false if offline => "offline",
            false if rows.get() == 0 => "empty",
            false => "ready",
        }
    };
    let title = move || {
        if app.route.get() == Route::Chats {
            view! { <h1 tabindex="-1" data-route-focus>{t.c1_title}</h1> }.into_any()
        } else {
            view! { <h2>{t.c1_title}</h2> }.into_any()
        }
    };
    let choosing = move || !selected.with(SortedSet::is_empty);
    let away = RwSignal::new(false);
    let head = move || away.get().then_some("away");
    // Alone on the screen it is what the page is about.
    let narrow = narrower_than(TWO_PANES);
    let role = move || (narrow.get() && app.route.get() == Route::Chats).then_some("main");
    view! {
        <section class="pane-list" role=role data-screen="c1" data-state=state data-head=head aria-label=t.c1_region data-pane-stop="list">
            <Show
                when=choosing
                fallback=move || {
                    view! {
                        <header class="pane-head">
                            {title}
                            <Show when=move || app.is_temporary()>
                                <span class="temporary-word" data-testid="c1.temporary">{t.temporary_word}</span>
                            </Show>
                            <ConnectionChip />
                            <a class="icon-button" href=Route::Search.href() aria-label=t.s1_title title=t.s1_title data-testid="c1.search">
                                <Draw icon=Icon::Search size=24 />
                            </a>
                            <a class="icon-button" href=Route::New.href() aria-label=t.c1_new title=t.c1_new data-testid="c1.new">
                                <Draw icon=Icon::New size=24 />
                            </a>
                        </header>
                    }
                }
            >
                <SelectionBar selected archived=false />
            </Show>
            <Banner />
            <RestoreLine />
            <Filters filter />
            <div class="list-scroll" id="list-scroll" on:scroll=head_follows(away)>
                <Reminder />
                <FirstSteps />
                <RequestsRow />
                <Show when=move || rows.get() == 0 && app.conversations.with(Option::is_some)>
                    <Empty filter />
                </Show>
                <ConversationList which selected scroller="list-scroll" label=t.c1_title />
            </div>
            <Splitter />
        </section>
    }
}

/// On a narrow screen the head goes while somebody scrolls down and comes back when they scroll up; the style sheet knows how
/// narrow.
fn head_follows(away: RwSignal<bool>) -> impl Fn(web_sys::Event) + 'static {
    /// So far one scrolls before it moves, and so much has to lie below: without the head there is less to scroll.
    const FAR: i32 = 24;
    const BELOW: i32 = 240;
    let before = StoredValue::new(0);
    move |event| {
        let list = event_target::<web_sys::Element>(&event);
        let (top, from) = (list.scroll_top(), before.get_value());
        let below = list.scroll_height() - list.client_height() - top;
        if top <= FAR || top < from - FAR {
            away.set(false);
        } else if top > from + FAR && below > BELOW {
            away.set(true);
        }
        if (top - from).abs() > FAR || top <= FAR {
            before.set_value(top);
        }
    }
}

/// What of the list is shown. There once there is something to filter.
#[component]
fn Filters(filter: RwSignal<Filter>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let label = move |one: &Filter| match one {
        Filter::All => t.c1_filter_all.to_owned(),
        Filter::Unread => t.c1_filter_unread.to_owned(),
        Filter::Mentions => t.c1_filter_mentions.to_owned(),
        Filter::Folder(name) => isolate(name),
    };
    let all = Memo::new(move |_| {
        let folders = app
            .conversations
            .with(|list| folders(list.as_deref().unwrap_or_default()));
        let folders = folders.into_iter().map(Filter::Folder);
        Filter::ALL.into_iter().chain(folders).collect::<Vec<_>>()
    });
    // The last conversation left the folder that is shown.
    Effect::new(move |_| {
        if all.with(|all| filter.with(|now| !all.contains(now))) {
            filter.set(Filter::All);
        }
    });
    let some = Memo::new(move |_| {
        app.conversations
            .with(|list| list.as_ref().is_some_and(|list| !list.is_empty()))
    });
    let chip = move |one: Filter| {
        let (testid, word) = (format!("c1.filter-{}", one.key()), label(&one));
        let folder = matches!(one, Filter::Folder(_));
        let (shown, chosen) = (one.clone(), one);
        view! {
            <button
                type="button"
                class="filter"
                aria-pressed=move || filter.with(|now| *now == shown).to_string()
                data-testid=testid
                on:click=move |_| filter.set(chosen.clone())
            >
                {folder.then(|| view! { <Draw icon=Icon::Folder size=16 /> })}
                {word}
            </button>
        }
    };
    view! {
        <Show when=move || some.get()>
            <div class="filters" role="group" aria-label=t.c1_filters>
                <For each=move || all.get() key=|one| format!("{one:?}") let:one>{chip(one)}</For>
            </div>
        </Show>
    }
}

/// Nothing to show, and why.
#[component]
fn Empty(filter: RwSignal<Filter>) -> impl IntoView {
    let t = text();
    view! {
        <div class="list-empty" data-testid="c1.empty">
            <Show when=move || filter.get() != Filter::All fallback=move || view! { <p>{t.c1_empty}</p> }>
                <p>{t.c1_nothing}</p>
                <button type="button" class="link-button" data-testid="c1.clear-filter" on:click=move |_| filter.set(Filter::All)>
                    {t.c1_clear_filter}
                </button>
            </Show>
        </div>
    }
}

/// Leads to the requests, when there are any.
#[component]
fn RequestsRow() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let waiting = Memo::new(move |_| requests_waiting(app));
    view! {
        <Show when=move || { waiting.get() > 0 }>
            <a
                class="requests-row"
                href=Route::Requests.href()
                data-testid="c1.requests"
                aria-current=move || (app.route.get() == Route::Requests).then_some("page")
            >
                <Draw icon=Icon::Request size=24 />
                <span>{move || count(&t.c1_requests, waiting.get())}</span>
            </a>
        </Show>
    }
}

/// Requests that nobody decided about. Tracks.
pub(crate) fn requests_waiting(app: App) -> u64 {
    let leaving = app.leaving.get();
    app.conversations.with(|list| {
        list.iter()
            .flatten()
            .filter(|one| is_request(one) && !leaving.contains(&one.id))
            .count() as u64
    })
}

/// How many rows are chosen and what can be done with them; takes the place of the head.
#[component]
pub(crate) fn SelectionBar(selected: Selection, archived: bool) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let take = move || {
        let ids: Vec<_> = selected.get_untracked().into_iter().collect();
        selected.update(SortedSet::clear);
        ids
    };
    let read = move |_| {
        for id in take() {
            if let Some(one) = untrack(|| app.conversation(id)) {
                actions::read(app, &one, true);
            }
        }
    };
    let pin = move |_| {
        for id in take() {
            app.change(id, ConversationChange::Pinned(true));
        }
    };
    // Menus that lead on leave what is chosen as it is until something was chosen in them.
    let more = move |event: leptos::ev::MouseEvent| {
        let place = event_target::<web_sys::Element>(&event).get_bounding_client_rect();
        let at = (place.left(), place.bottom());
        let ids: Vec<_> = selected.get_untracked().into_iter().collect();
        let (mute, file, label) = (ids.clone(), ids.clone(), ids);
        let items = vec![
            Item::new(t.act_unread, "c1.bulk-unread", move || {
                for id in take() {
                    app.change(id, ConversationChange::MarkedUnread(true));
                }
            })
            .icon(Icon::Mail),
            Item::new(t.act_mute, "c1.bulk-mute", move || {
                app.menu
                    .open_at(t.act_mute, at, actions::times_to_mute(app, &mute));
            })
            .icon(Icon::BellOff),
            Item::new(t.act_folder, "c1.bulk-folder", move || {
                app.menu
                    .open_at(t.act_folder, at, actions::folder_items(app, &file));
            })
            .icon(Icon::Folder),
            Item::new(t.act_label, "c1.bulk-label", move || {
                app.labelling.set(Some(label.clone()));
            })
            .icon(Icon::Edit),
            Item::new(t.act_clear, "c1.bulk-clear", move || {
                actions::clear_all(app, take());
            })
            .icon(Icon::Close),
            Item::new(t.act_block, "c1.bulk-block", move || {
                actions::block_all(app, take());
            })
            .icon(Icon::Block)
            .danger(),
        ];
        app.menu.open_at(t.c1_bulk_more, at, items);
    };
    let button = move |icon: Icon,
                       label: &'static str,
                       testid: &'static str,
                       act: Box<dyn Fn()>| {
        view! {
            <button type="button" class="icon-button" aria-label=label title=label data-testid=testid on:click=move |_| act()>
                <Draw icon />
            </button>
        }
    };
    view! {
        <header class="pane-head selection-bar" data-testid="c1.selection" on:keydown=move |event| if event.key() == "Escape" { selected.update(SortedSet::clear) }>
            <p class="selection-count" role="status">{move || count(&t.c1_selected, selected.with(SortedSet::len) as u64)}</p>
            {button(Icon::Mail, t.act_read, "c1.bulk-read", Box::new(move || read(())))}
            {button(Icon::Pin, t.act_pin, "c1.bulk-pin", Box::new(move || pin(())))}
            {button(
                Icon::Archive,
                if archived { t.act_unarchive } else { t.act_archive },
                "c1.bulk-archive",
                Box::new(move || actions::archive(app, take(), !archived)),
            )}
            <button
                type="button"
                class="icon-button"
                aria-label=t.c1_bulk_more
                title=t.c1_bulk_more
                aria-haspopup="menu"
                data-testid="c1.bulk-more"
                on:click=more
            >
                <Draw icon=Icon::Dots />
            </button>
            {button(Icon::Trash, t.act_delete, "c1.bulk-delete", Box::new(move || actions::delete(app, take())))}
            {button(Icon::Close, t.c1_select_done, "c1.bulk-done", Box::new(move || selected.update(SortedSet::clear)))}
        </header>
    }
}

/// What a restore is doing.
#[component]
fn RestoreLine() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    move || {
        let said = match app.restoring.get()? {
            RestoreStep::Connecting => t.restore_connecting,
            RestoreStep::Profile => t.restore_profile,
            RestoreStep::Messages => t.restore_messages,
            RestoreStep::Done => return None,
        };
        Some(view! {
            <div class="restore-line" role="status" data-testid="c1.restoring">
                <Draw icon=Icon::Arc size=16 />
                <span>{said}</span>
            </div>
        })
    }
}

/// The phrase was not checked, and the reminder was not put off.
fn wants_reminder(profile: &Profile) -> bool {
    !profile.phrase_checked && profile.phrase_remind_at <= js_sys::Date::now() as u64
}

/// Save the phrase, share the ID, add someone. Only the phrase is left once there are conversations; after it notifications are
/// offered.
#[component]
fn FirstSteps() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    // One reminder at a time; that of a backup comes first (screens 2.3).
    let unchecked = Memo::new(move |_| {
        let wants = app
            .profile
            .with(|profile| profile.as_ref().is_some_and(wants_reminder));
        wants && !is_due(app)
    });
    let fresh = Memo::new(move |_| {
        app.conversations
            .with(|list| list.as_ref().is_some_and(Vec::is_empty))
    });
    let id = Signal::derive(move || {
        app.profile.with(|profile| {
            profile
                .as_ref()
                .map(|p| p.account_id.clone())
                .unwrap_or_default()
        })
    });
    let dismiss = move |_| app.send(Command::PutPhraseOff);
    let steps = Memo::new(move |_| unchecked.get() || fresh.get());
    let phrase_why = move || {
        if app.is_temporary() {
            t.first_phrase_temporary
        } else {
            t.first_phrase_why
        }
    };
    view! {
        <NotifyTip held=steps />
        <Show when=move || steps.get()>
            <section class="first-steps" aria-labelledby="first-steps-title" data-testid="c1.first-steps">
                <div class="card-head">
                    <h2 id="first-steps-title">{move || if fresh.get() { t.first_title } else { t.first_phrase }}</h2>
                    <Show when=move || unchecked.get()>
                        <button
                            type="button"
                            class="icon-button"
                            aria-label=t.first_dismiss
                            title=t.first_dismiss
                            data-testid="c1.dismiss-steps"
                            on:click=dismiss
                        >
                            <Draw icon=Icon::Close size=16 />
                        </button>
                    </Show>
                </div>
                <Show when=move || unchecked.get()>
                    <p class="small muted">{phrase_why}</p>
                    <button type="button" class="button" data-testid="c1.save-phrase" on:click=move |_| app.phrase_open.set(true)>
                        <Draw icon=Icon::Key />
                        {t.first_save_phrase}
                    </button>
                </Show>
                <Show when=move || fresh.get()>
                    <CopyButton what=id label=t.first_share testid="c1.copy-id" />
                    <a class="button" href=Route::New.href() data-testid="c1.add">
                        <Draw icon=Icon::Request />
                        {t.first_add}
                    </a>
                </Show>
            </section>
        </Show>
    }
}

/// The edge of the list, dragged or moved with the arrow keys.
#[component]
fn Splitter() -> impl IntoView {
    let t = text();
    let width = RwSignal::new(WIDTHS.1);
    let dragging = RwSignal::new(false);
    let set = move |wanted: i32| {
        let wanted = wanted.clamp(WIDTHS.0, WIDTHS.2);
        width.set(wanted);
        set_root_property("--list-width", &format!("{wanted}px"));
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        let rtl = document().dir() == "rtl";
        let by = match event.key().as_str() {
            "ArrowLeft" => -16,
            "ArrowRight" => 16,
            _ => return,
        };
        event.prevent_default();
        set(width.get_untracked() + if rtl { -by } else { by });
    };
    let down = move |event: leptos::ev::PointerEvent| {
        event.prevent_default();
        dragging.set(true);
        // Without capture the pointer may leave the edge; the drag then ends early.
        let _ = event_target::<web_sys::Element>(&event).set_pointer_capture(event.pointer_id());
    };
    let moved = move |event: leptos::ev::PointerEvent| {
        if dragging.get_untracked() {
            let rail = 56;
            let rtl = document().dir() == "rtl";
            let x = if rtl {
                window_width() - event.client_x()
            } else {
                event.client_x()
            };
            set(x - rail);
        }
    };
    view! {
        <div
            class="splitter"
            role="separator"
            aria-orientation="vertical"
            aria-label=t.c1_width
            aria-valuemin=WIDTHS.0.to_string()
            aria-valuemax=WIDTHS.2.to_string()
            aria-valuenow=move || width.get().to_string()
            tabindex="0"
            data-testid="c1.splitter"
            on:keydown=key
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=move |_| dragging.set(false)
            on:pointercancel=move |_| dragging.set(false)
        ></div>
    }
}

fn window_width() -> i32 {
    document()
        .document_element()
        .map_or(0, |root| root.client_width())
}

fn set_root_property(name: &str, value: &str) {
    use wasm_bindgen::JsCast;
    let root = document()
        .document_element()
        .and_then(|root| root.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(root) = root {
        // A custom property takes any value.
        let _ = root.style().set_property(name, value);
    }
}
