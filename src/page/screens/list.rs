//! The rows of C1 and C2: of a long list only those near the screen are mounted; one tab stop, arrows move (screens 6).

use super::actions;
use super::row::{called, row_content};
use crate::i18n::{fill, isolate, text};
use crate::page::listing::{Which, shown};
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::swipe::{Swipe, Towards};
use crate::page::text::name_of;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::menu::Item;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use onionskin_client::api::{Command, Conversation, ConversationChange, ConversationId};
use onionskin_protocol::sorted::SortedSet;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// How long a finger rests until the menu opens (ms).
const LONG_PRESS_MS: u32 = 500;
/// Height of a row in rem, as in the style sheet.
const ROW_REM: f64 = 4.5;
/// So far a mouse goes before it drags (CSS px).
const DRAG_PX: f64 = 6.0;
/// At most so many rows are mounted.
const MOUNTED: usize = 60;

/// What is chosen in a list; empty: nobody chooses.
pub(crate) type Selection = RwSignal<SortedSet<ConversationId>>;

/// Handles of one list.
#[derive(Clone, Copy)]
struct Rows {
    app: App,
    ids: Memo<Vec<ConversationId>>,
    active: RwSignal<Option<ConversationId>>,
    stop: Memo<Option<ConversationId>>,
    selected: Selection,
    /// A pinned row that is being dragged.
    drag: RwSignal<Option<Drag>>,
    /// The id of the box that scrolls.
    scroller: &'static str,
}

/// A pinned row under way to another place among the pinned ones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Drag {
    id: ConversationId,
    /// Where the pointer went down (CSS px).
    y: f64,
    /// How far it is now.
    by: f64,
    from: usize,
    to: usize,
}

#[component]
pub(crate) fn ConversationList(
    #[prop(into)] which: Signal<Which>,
    selected: Selection,
    /// The id of the box that scrolls.
    scroller: &'static str,
    label: &'static str,
) -> impl IntoView {
    let app = expect_context::<App>();
    let first = RwSignal::new(0usize);
    let active = RwSignal::new(None::<ConversationId>);
    let ids = Memo::new(move |_| {
        let leaving = app.leaving.get();
        app.conversations
            .with(|list| shown(list.as_deref().unwrap_or_default(), which.get(), &leaving))
    });
    let row = row_height();
    // The scrolling box lies outside, so that first steps scroll along.
    let listening = StoredValue::new_local(None::<(web_sys::Element, Closure<dyn FnMut()>)>);
    on_cleanup(move || {
        if let Some((element, listener)) = listening.try_update_value(Option::take).flatten() {
            let listener = listener.as_ref().unchecked_ref();
            // An element that is gone has no listener either.
            let _ = element.remove_event_listener_with_callback("scroll", listener);
        }
    });
    Effect::new(move |_| {
        let Some(element) = document().get_element_by_id(scroller) else {
            return;
        };
        let watch = element.clone();
        let listener = Closure::<dyn FnMut()>::new(move || {
            let top = (f64::from(watch.scroll_top()) / row) as usize;
            let wanted = top.saturating_sub(MOUNTED / 3) / 10 * 10;
            if first.try_get_untracked().is_some_and(|now| now != wanted) {
                first.set(wanted);
            }
        });
        // Refused by nothing that can be scrolled.
        let _ =
            element.add_event_listener_with_callback("scroll", listener.as_ref().unchecked_ref());
        listening.set_value(Some((element, listener)));
    });
    let range = Memo::new(move |_| {
        let count = ids.with(Vec::len);
        let start = first.get().min(count.saturating_sub(1));
        (start, (start + MOUNTED).min(count))
    });
    let mounted = move || {
        let (start, end) = range.get();
        ids.with(|ids| {
            ids.get(start..end.min(ids.len()))
                .unwrap_or_default()
                .iter()
                .copied()
                .enumerate()
                .map(|(at, id)| (start + at, id))
                .collect::<Vec<_>>()
        })
    };
    let stop = Memo::new(move |_| {
        let here = app.route.get().conversation();
        ids.with(|ids| {
            [active.get(), here]
                .into_iter()
                .flatten()
                .find(|id| ids.contains(id))
                .or(ids.first().copied())
        })
    });
    // A row that changes its place is taken out and put in again, which costs it the focus.
    let focused = StoredValue::new(false);
    Effect::new(move |_| {
        ids.track();
        if let Some(id) = active.get_untracked().filter(|_| focused.get_value()) {
            request_animation_frame(move || {
                let lost = document().active_element() == document().body().map(Into::into);
                if lost {
                    focus_row(id);
                }
            });
        }
    });
    let rows = Rows {
        app,
        ids,
        active,
        stop,
        selected,
        drag: RwSignal::new(None),
        scroller,
    };
    let total = move || ids.with(Vec::len);
    view! {
        <Show when=move || app.conversations.with(Option::is_none)>
            <Skeleton />
        </Show>
        <ul
            class="conversation-list"
            aria-label=label
            style:block-size=move || format!("{}rem", total() as f64 * ROW_REM)
            on:keydown=move |event| rows.keys(&event)
            on:focusin=move |_| focused.set_value(true)
            on:focusout=move |event| {
                // Nothing else takes the focus from a row that is taken out.
                if event.related_target().is_some() {
                    focused.try_set_value(false);
                }
            }
        >
            <For each=mounted key=|(_, id)| *id let:item>
                <ConversationRow id=item.1 rows />
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
fn ConversationRow(id: ConversationId, rows: Rows) -> impl IntoView {
    let app = rows.app;
    let t = text();
    let row = Memo::new(move |_| app.conversation(id));
    let place = Memo::new(move |_| {
        rows.ids
            .with(|ids| ids.iter().position(|other| *other == id))
            .unwrap_or(0)
    });
    let chosen = Memo::new(move |_| rows.selected.with(|chosen| chosen.contains(&id)));
    let here = move || (app.route.get().conversation() == Some(id)).then_some("page");
    let name = move || {
        let name = row.with(|row| row.as_ref().map(|one| called(t, one)).unwrap_or_default());
        fill(t.c1_more, &[("name", &isolate(&name))])
    };
    let held = StoredValue::new_local(None::<Timeout>);
    let swallow = StoredValue::new(false);
    let swipe = Swipe::new();
    let press = move |event: leptos::ev::PointerEvent| {
        if event.pointer_type() == "mouse" && event.button() == 0 {
            rows.grab(id, &event);
        }
        if event.pointer_type() == "touch" {
            if app.prefs.swipe.get_untracked() {
                swipe.down(&event);
            }
            let at = (f64::from(event.client_x()), f64::from(event.client_y()));
            // A long press before this one may have ended without a click.
            swallow.set_value(false);
            held.set_value(Some(Timeout::new(LONG_PRESS_MS, move || {
                swallow.try_set_value(true);
                rows.menu(id, at);
            })));
        }
    };
    let release = move || held.set_value(None);
    let moved = move |event: leptos::ev::PointerEvent| {
        if event.movement_x() != 0 || event.movement_y() != 0 {
            release();
        }
        swipe.moved(&event);
        if rows.dragged(&event) {
            // The press that ends a drag opens nothing.
            swallow.set_value(true);
        }
    };
    let lift = move |_| {
        release();
        rows.drop_row();
        match (swipe.up(), rows.one(id)) {
            (Some(Towards::End), Some(one)) => actions::read(app, &one, actions::is_unread(&one)),
            (Some(Towards::Start), Some(one)) => actions::archive(app, vec![id], !one.archived),
            _ => {}
        }
    };
    let dragging = move || {
        rows.drag
            .get()
            .filter(|drag| drag.id == id && drag.by != 0.0)
    };
    let transform = move || match dragging() {
        Some(drag) => Some(format!("translateY({}px)", drag.by)),
        None => swipe.transform(),
    };
    // A line where the dragged row would stand.
    let landing = move || {
        let drag = rows.drag.get()?;
        (drag.to != drag.from && drag.to == place.get()).then_some(if drag.to > drag.from {
            "below"
        } else {
            "above"
        })
    };
    let click = move |event: leptos::ev::MouseEvent| {
        if swallow.get_value() {
            swallow.set_value(false);
            event.prevent_default();
        } else if !rows.selected.with_untracked(SortedSet::is_empty) {
            event.prevent_default();
            rows.toggle(id);
        }
    };
    let context = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        rows.active.set(Some(id));
        // Keyboards name no place.
        if event.client_x() == 0 && event.client_y() == 0 {
            rows.menu_below(id);
        } else {
            rows.menu(
                id,
                (f64::from(event.client_x()), f64::from(event.client_y())),
            );
        }
    };
    view! {
        <li
            class="conversation-slot"
            aria-posinset=move || (place.get() + 1).to_string()
            aria-setsize=move || rows.ids.with(Vec::len).to_string()
            style:inset-block-start=move || format!("{}rem", place.get() as f64 * ROW_REM)
            data-landing=landing
            class:is-dragged=move || dragging().is_some()
        >
            <Show when=move || swipe.by.get() != 0.0>
                <SwipeMarks row swipe />
            </Show>
            <a
                class="conversation-row"
                class:is-chosen=move || chosen.get()
                id=row_id(id)
                href=Route::Conversation(id).href()
                data-testid="c1.row"
                aria-current=here
                aria-keyshortcuts="p m u e Delete Space"
                tabindex=move || if rows.stop.get() == Some(id) { "0" } else { "-1" }
                draggable="false"
                style:transform=transform
                on:focus=move |_| rows.active.set(Some(id))
                on:click=click
                on:contextmenu=context
                on:pointerdown=press
                on:pointerup=lift
                on:pointercancel=move |_| {
                    release();
                    swipe.cancel();
                    rows.drag.set(None);
                }
                on:pointermove=moved
            >
                <Show when=move || chosen.get()>
                    <span class="row-chosen">
                        <Draw icon=Icon::Check />
                        <span class="visually-hidden">{t.row_selected} ", "</span>
                    </span>
                </Show>
                {move || row.get().map(|one| row_content(app, t, &one))}
            </a>
            <button
                type="button"
                class="icon-button row-more"
                tabindex=move || if rows.stop.get() == Some(id) { "0" } else { "-1" }
                aria-label=name
                title=t.c1_more_short
                aria-haspopup="menu"
                data-testid="c1.more"
                on:click=move |_| rows.menu_below(id)
            >
                <Draw icon=Icon::Dots />
            </button>
        </li>
    }
}

/// What a swipe does, on the side that it uncovers.
#[component]
fn SwipeMarks(row: Memo<Option<Conversation>>, swipe: Swipe) -> impl IntoView {
    let t = text();
    let mark = move || {
        let (unread, archived) = row
            .with(|row| {
                row.as_ref()
                    .map(|one| (actions::is_unread(one), one.archived))
            })
            .unwrap_or_default();
        if swipe.by.get() > 0.0 {
            (
                Icon::Mail,
                if unread { t.act_read } else { t.act_unread },
                "start",
            )
        } else {
            (
                Icon::Archive,
                if archived {
                    t.act_unarchive
                } else {
                    t.act_archive
                },
                "end",
            )
        }
    };
    move || {
        let (icon, word, side) = mark();
        view! {
            <span class="row-swipe" data-side=side class:far=move || swipe.far().is_some() aria-hidden="true">
                <Draw icon />
                <span>{word}</span>
            </span>
        }
    }
}

fn row_id(id: ConversationId) -> String {
    format!("row-{}", hex::encode(id.0))
}

impl Rows {
    fn one(self, id: ConversationId) -> Option<Conversation> {
        untrack(|| self.app.conversation(id))
    }

    fn toggle(self, id: ConversationId) {
        self.selected.update(|chosen| {
            if !chosen.remove(&id) {
                chosen.insert(id);
            }
        });
    }

    fn menu(self, id: ConversationId, at: (f64, f64)) {
        if let Some(one) = self.one(id) {
            let t = text();
            let label = fill(t.c1_more, &[("name", &isolate(&called(t, &one)))]);
            let chosen = self.selected.with_untracked(|chosen| chosen.contains(&id));
            let word = if chosen { t.c1_unselect } else { t.v1_select };
            let mut items = actions::items(self.app, &one, at);
            let select = Item::new(word, "c1.select", move || self.toggle(id))
                .icon(Icon::Check)
                .keys("Space");
            // Below what opens it, above what cannot be taken back.
            items.insert(items.len().min(1), select);
            self.app.menu.open_at(label, at, items);
        }
    }

    fn menu_below(self, id: ConversationId) {
        if let Some(row) = document().get_element_by_id(&row_id(id)) {
            let place = row.get_bounding_client_rect();
            self.menu(id, (place.left() + place.width() / 2.0, place.bottom()));
        }
    }

    /// Arrows, Home, End and the first letter of a name move; Enter opens through the link itself; the letters of screens
    /// 2.4 act.
    fn keys(self, event: &leptos::ev::KeyboardEvent) {
        if event.alt_key() && event.shift_key() {
            return self.move_pin(event);
        }
        if event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        let list = self.ids.get_untracked();
        let on_row = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| target.id().starts_with("row-"));
        let here = self.stop.get_untracked();
        if on_row
            && let Some(id) = here
            && self.act(id, event)
        {
            event.prevent_default();
            return;
        }
        let place = here
            .and_then(|id| list.iter().position(|other| *other == id))
            .unwrap_or(0);
        let Some(to) = self.target(&list, place, event.key().as_str()) else {
            return;
        };
        if let Some(id) = list.get(to).copied() {
            event.prevent_default();
            self.enter(id, to);
        }
    }

    /// Where a key leads.
    fn target(self, list: &[ConversationId], here: usize, key: &str) -> Option<usize> {
        let last = list.len().saturating_sub(1);
        match key {
            "ArrowDown" => Some((here + 1).min(last)),
            "ArrowUp" => Some(here.saturating_sub(1)),
            "Home" => Some(0),
            "End" => Some(last),
            letter if letter.chars().count() == 1 && letter != " " => {
                let wanted = letter.to_lowercase();
                (1..=list.len())
                    .map(|by| (here + by) % list.len().max(1))
                    .find(|&at| {
                        self.one(list[at])
                            .is_some_and(|one| name_of(&one).to_lowercase().starts_with(&wanted))
                    })
            }
            _ => None,
        }
    }

    /// What a key does to the row; false: nothing.
    fn act(self, id: ConversationId, event: &leptos::ev::KeyboardEvent) -> bool {
        let app = self.app;
        let Some(one) = self.one(id) else {
            return false;
        };
        match event.key().as_str() {
            "p" => actions::pin(app, &one),
            "m" if actions::is_muted(app, &one) => actions::unmute(app, &one)(),
            "m" => {
                if let Some(row) = document().get_element_by_id(&row_id(id)) {
                    app.menu
                        .open_below(text().act_mute, &row, actions::mute_items(app, &one));
                }
            }
            "u" => actions::read(app, &one, actions::is_unread(&one)),
            "e" => {
                self.move_on(id);
                actions::archive(app, vec![id], !one.archived);
            }
            "Delete" => {
                self.move_on(id);
                actions::delete(app, vec![id]);
            }
            " " => self.toggle(id),
            "F10" if event.shift_key() => self.menu_below(id),
            "ContextMenu" => self.menu_below(id),
            "Escape" if !self.selected.with_untracked(SortedSet::is_empty) => {
                self.selected.update(SortedSet::clear);
            }
            "Escape" => go(Route::Chats),
            _ => return false,
        }
        true
    }

    fn move_pin(self, event: &leptos::ev::KeyboardEvent) {
        let up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        let pinned = |id| self.one(id).is_some_and(|one| one.pinned > 0);
        if let Some(id) = self.stop.get_untracked().filter(|id| pinned(*id)) {
            event.prevent_default();
            event.stop_propagation();
            self.app.change(id, ConversationChange::PinMoved { up });
        }
    }

    /// So many rows are pinned; they stand first.
    fn pinned(self) -> usize {
        let pinned = |id: &ConversationId| self.one(*id).is_some_and(|one| one.pinned > 0);
        self.ids
            .with_untracked(|ids| ids.iter().take_while(|id| pinned(id)).count())
    }

    /// A mouse goes down on a row: a pinned one may be dragged.
    fn grab(self, id: ConversationId, event: &web_sys::PointerEvent) {
        let place = self
            .ids
            .with_untracked(|ids| ids.iter().position(|other| *other == id));
        let Some(from) = place.filter(|place| *place < self.pinned()) else {
            return;
        };
        self.drag.set(Some(Drag {
            id,
            y: f64::from(event.client_y()),
            by: 0.0,
            from,
            to: from,
        }));
    }

    /// The mouse moves. True while a row is dragged.
    fn dragged(self, event: &web_sys::PointerEvent) -> bool {
        let Some(drag) = self.drag.get_untracked() else {
            return false;
        };
        let by = f64::from(event.client_y()) - drag.y;
        if drag.by == 0.0 && by.abs() < DRAG_PX {
            return false;
        }
        if drag.by == 0.0 {
            let row = document().get_element_by_id(&row_id(drag.id));
            // Without capture the drag ends when the pointer leaves the row.
            let _ = row.map(|row| row.set_pointer_capture(event.pointer_id()));
        }
        let to = drag.from as f64 + (by / row_height()).round();
        let last = self.pinned().saturating_sub(1);
        let to = (to.max(0.0) as usize).min(last);
        self.drag.set(Some(Drag { by, to, ..drag }));
        true
    }

    /// The dragged row takes its place, step by step as by keys.
    fn drop_row(self) {
        let Some(drag) = self.drag.get_untracked() else {
            return;
        };
        self.drag.set(None);
        let app = self.app;
        leptos::task::spawn_local(async move {
            for _ in 0..drag.from.abs_diff(drag.to) {
                let command = Command::ChangeConversation {
                    conversation: drag.id,
                    change: ConversationChange::PinMoved {
                        up: drag.to < drag.from,
                    },
                };
                if let Err(failure) = app.command(command).await {
                    return app.problem.set(Some(failure));
                }
            }
        });
    }

    /// A row that goes leaves the focus to its neighbour.
    fn move_on(self, id: ConversationId) {
        let list = self.ids.get_untracked();
        let Some(at) = list.iter().position(|other| *other == id) else {
            return;
        };
        let next = list.get(at + 1).or_else(|| list.get(at.checked_sub(1)?));
        if let Some(next) = next.copied() {
            self.enter(next, at);
        }
    }

    fn enter(self, id: ConversationId, place: usize) {
        self.active.set(Some(id));
        scroll_to(self.scroller, place);
        request_animation_frame(move || focus_row(id));
    }
}

fn focus_row(id: ConversationId) {
    let element = document()
        .get_element_by_id(&row_id(id))
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        crate::page::focus::focus(&element);
    }
}

/// Brings a row that may not be mounted yet near the screen.
fn scroll_to(scroller: &str, place: usize) {
    let Some(scroller) = document().get_element_by_id(scroller) else {
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
