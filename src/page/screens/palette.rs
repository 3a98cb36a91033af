//! The command palette (K1): chats, actions, settings and help by a few letters, with the keys that do the same. With nothing
//! typed it shows the recent chats (screens 2.3).

use super::actions;
use super::places::places;
use super::row::called;
use crate::i18n::{Catalogue, text};
use crate::page::fuzzy::score;
use crate::page::keys;
use crate::page::router::{Route, go};
use crate::page::screens::shell::note_to_self;
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::dialog::{Dialog, when_closed};
use crate::page::ui::icons::{Draw, Icon};
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{Conversation, RequestState};
use onionskin_protocol::sorted::sort_by_key;
use std::cmp::Reverse;
use std::rc::Rc;

/// Rows that are seen at once; as many recent chats are offered.
const SEEN: usize = 8;
/// At most so many rows fit what was typed.
const MOST: usize = 40;
/// Where a menu that an action opens stands (CSS px from the top).
const MENU_TOP: f64 = 120.0;

/// A row.
#[derive(Clone)]
pub(super) struct Entry {
    pub label: String,
    /// What kind of thing it is, or where it belongs.
    about: String,
    /// Whose picture stands before it.
    face: Option<(String, bool)>,
    pub icon: Icon,
    keys: Option<&'static str>,
    pub run: Rc<dyn Fn()>,
}

impl Entry {
    fn new(label: impl Into<String>, about: &str, icon: Icon, run: impl Fn() + 'static) -> Self {
        Self {
            label: label.into(),
            about: about.to_owned(),
            face: None,
            icon,
            keys: None,
            run: Rc::new(run),
        }
    }

    fn keys(mut self, keys: &'static str) -> Self {
        self.keys = Some(keys);
        self
    }
}

#[component]
pub(crate) fn Palette() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    view! {
        <Dialog open=app.palette_open screen="k1" title=t.k1_title>
            <Finder />
        </Dialog>
    }
}

/// The field and what fits it.
#[component]
fn Finder() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0usize);
    let list = NodeRef::<html::Ul>::new();
    let all = StoredValue::new_local(untrack(|| all(app)));
    let found = Memo::new(move |_| typed.with(|typed| all.with_value(|all| fitting(all, typed))));
    let run = move |place: usize| {
        let Some(row) = found.with_untracked(|found| found.get(place).copied()) else {
            return;
        };
        let Some(run) = all.with_value(|all| all.get(row).map(|one| one.run.clone())) else {
            return;
        };
        app.palette_open.set(false);
        when_closed(move || run());
    };
    let choose = move |place: usize| {
        at.set(place);
        if let Some(row) = list
            .get_untracked()
            .and_then(|list| list.children().item(place as u32))
        {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&options);
        }
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            // A field for searching would only become empty.
            event.prevent_default();
            return app.palette_open.set(false);
        }
        let (here, count) = (at.get_untracked(), found.with_untracked(Vec::len));
        if event.is_composing() || count == 0 {
            return;
        }
        match event.key().as_str() {
            "ArrowDown" => choose((here + 1) % count),
            "ArrowUp" => choose((here + count - 1) % count),
            "PageDown" => choose((here + SEEN).min(count - 1)),
            "PageUp" => choose(here.saturating_sub(SEEN)),
            "Enter" => run(here),
            _ => return,
        }
        event.prevent_default();
    };
    let heading = move || {
        if typed.with(|typed| typed.trim().is_empty()) {
            t.k1_recent
        } else {
            t.k1_matches
        }
    };
    let rows = move || {
        found
            .get()
            .into_iter()
            .filter_map(|row| all.with_value(|all| all.get(row).cloned()))
            .enumerate()
            .map(|(place, entry)| row_view(place, entry, at, run))
            .collect_view()
    };
    view! {
        <div class="palette">
            <input
                class="input"
                type="search"
                role="combobox"
                dir="auto"
                autocomplete="off"
                spellcheck="false"
                autofocus
                aria-label=t.k1_label
                placeholder=t.k1_label
                aria-expanded=move || (!found.with(Vec::is_empty)).to_string()
                aria-autocomplete="list"
                aria-controls="k1-list"
                aria-activedescendant=move || (!found.with(Vec::is_empty)).then(|| format!("k1-row-{}", at.get()))
                data-testid="k1.input"
                on:input=move |event| {
                    typed.set(event_target_value(&event));
                    choose(0);
                }
                on:keydown=key
            />
            <p class="group-title" aria-live="polite">{move || if found.with(Vec::is_empty) { t.k1_nothing } else { heading() }}</p>
            <ul class="palette-list" id="k1-list" role="listbox" aria-label=t.k1_title node_ref=list>{rows}</ul>
        </div>
    }
}

fn row_view(
    place: usize,
    entry: Entry,
    at: RwSignal<usize>,
    run: impl Fn(usize) + Copy + 'static,
) -> impl IntoView {
    let picture = match entry.face {
        Some((id, note_to_self)) => view! { <Avatar id note_to_self size=32 /> }.into_any(),
        None => view! { <span class="palette-icon"><Draw icon=entry.icon /></span> }.into_any(),
    };
    view! {
        <li
            class="palette-row"
            role="option"
            id=format!("k1-row-{place}")
            aria-selected=move || (at.get() == place).to_string()
            data-testid="k1.row"
            on:pointermove=move |_| if at.get_untracked() != place { at.set(place) }
            on:click=move |_| run(place)
        >
            {picture}
            <bdi class="palette-label">{entry.label}</bdi>
            <span class="palette-about">{entry.about}</span>
            {entry.keys.map(|keys| view! { <kbd>{keys::written(keys)}</kbd> })}
        </li>
    }
}

/// Rows that fit, best first; with nothing typed the first ones, which are the recent chats.
fn fitting(all: &[Entry], typed: &str) -> Vec<usize> {
    let sought = folded(typed);
    if sought.trim().is_empty() {
        let recent = all.iter().take_while(|one| one.face.is_some());
        return (0..recent.count().min(SEEN)).collect();
    }
    let mut found: Vec<(u32, usize)> = all
        .iter()
        .enumerate()
        .filter_map(|(row, one)| Some((score(&sought, &folded(&one.label))?, row)))
        .collect();
    sort_by_key(&mut found, |(score, row)| (Reverse(*score), *row));
    found.truncate(MOST);
    found.into_iter().map(|(_, row)| row).collect()
}

/// Lower case, without marks on letters.
fn folded(said: &str) -> String {
    let apart = String::from(js_sys::JsString::from(said).normalize("NFD"));
    apart
        .chars()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Everything, recent chats first.
fn all(app: App) -> Vec<Entry> {
    let t = text();
    let mut all = chats(app, t);
    all.extend(here(app));
    all.extend(commands(app, t));
    all.extend(places(t).into_iter().map(|place| {
        let about = place.page.unwrap_or(t.k1_screen);
        let entry = Entry::new(place.name, about, Icon::Sliders, move || go(place.route));
        match place.route {
            _ if place.page.is_some() => entry,
            Route::Search => entry.keys(keys::SEARCH),
            Route::New => entry.keys(keys::NEW),
            Route::Settings => entry.keys(keys::SETTINGS),
            _ => entry,
        }
    }));
    all
}

fn chats(app: App, t: &'static Catalogue) -> Vec<Entry> {
    let entry = |one: &Conversation| {
        let id = one.id;
        let about = if one.archived { t.c2_title } else { t.k1_chat };
        let mut entry = Entry::new(called(t, one), about, Icon::Chats, move || {
            go(Route::Conversation(id));
        });
        entry.face = Some((one.account_id.clone(), one.note_to_self));
        entry
    };
    let leaving = app.leaving.get();
    app.conversations.with(|list| {
        list.iter()
            .flatten()
            .filter(|one| one.request != RequestState::Incoming && !leaving.contains(&one.id))
            .map(entry)
            .collect()
    })
}

/// What can be done with the open conversation.
fn here(app: App) -> Vec<Entry> {
    let t = text();
    let open = app.route.get().conversation();
    let Some(one) = open.and_then(|id| app.conversation(id)) else {
        return Vec::new();
    };
    let (id, name) = (one.id, called(t, &one));
    let width = document()
        .document_element()
        .map_or(0.0, |root| f64::from(root.client_width()));
    let mut entries = vec![
        Entry::new(t.v4_title, &name, Icon::Search, move || go(Route::Find(id))).keys(keys::FIND),
        Entry::new(t.media_title, &name, Icon::Picture, move || {
            go(Route::Media(id));
        }),
    ];
    entries.extend(
        actions::items(app, &one, (width / 2.0, MENU_TOP))
            .into_iter()
            .map(|item| {
                let run = item.run.clone();
                let icon = item.icon.unwrap_or(Icon::Chats);
                Entry::new(item.label, &name, icon, move || run())
            }),
    );
    entries
}

/// What can be done anywhere.
pub(super) fn commands(app: App, t: &'static Catalogue) -> Vec<Entry> {
    let end = if app.is_temporary() {
        Entry::new(t.burn_now, t.k1_action, Icon::Flame, move || {
            app.burn_open.set(true);
        })
    } else {
        Entry::new(t.lock_now, t.k1_action, Icon::Lock, move || {
            leptos::task::spawn_local(app.lock());
        })
        .keys(keys::LOCK)
    };
    vec![
        Entry::new(t.note_to_self, t.k1_action, Icon::Notes, move || {
            note_to_self(app);
        })
        .keys(keys::NOTES),
        Entry::new(t.r1_open, t.k1_action, Icon::Key, move || {
            app.phrase_open.set(true);
        }),
        end,
        Entry::new(t.k2_title, t.k1_help, Icon::Info, move || {
            app.shortcuts_open.set(true);
        })
        .keys(keys::SHORTCUTS),
    ]
}

/// Opens the palette.
#[component]
pub(crate) fn PaletteButton(
    class: &'static str,
    testid: &'static str,
    /// Its name stands in it.
    #[prop(optional)]
    named: bool,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let title = format!("{} ({})", t.k1_title, keys::written(keys::PALETTE));
    view! {
        <button
            type="button"
            class=class
            aria-label=t.k1_title
            title=title
            aria-haspopup="dialog"
            aria-keyshortcuts="Control+K Meta+K"
            data-testid=testid
            on:click=move |_| app.palette_open.set(true)
        >
            <Draw icon=Icon::Command size=if named { 20 } else { 24 } />
            {named.then_some(t.k1_title)}
        </button>
    }
}
