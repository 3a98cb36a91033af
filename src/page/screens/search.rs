//! S1: one field for people, messages, files, links, settings and actions, with operators and chips; S2 and S3: what was starred,
//! and what names us (screens 12).

use super::actions;
use super::found::{Few, Hits, Results};
use super::palette::{PaletteButton, commands};
use super::places::places;
use super::row::called;
use crate::i18n::{Catalogue, fill, format, isolate, text};
use crate::page::router::Route;
use crate::page::searching::{Chip, Day, Parsed, parse};
use crate::page::state::App;
use crate::page::text::name_of;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::world::Load;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use onionskin_client::api::{
    Conversation, ConversationId, Has, RequestState, SearchQuery, Settings,
};
use wasm_bindgen::JsCast;

/// How long typing rests before the history is searched (ms).
const REST_MS: u32 = 10;
/// At most so many people are shown.
const PEOPLE: usize = 8;
/// At most so many emoji are offered for a word, and for words of so many letters.
const EMOJI: usize = 6;
const EMOJI_FROM: usize = 3;

#[component]
pub(crate) fn Search() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let typed = RwSignal::new(String::new());
    let parsed = Memo::new(move |_| typed.with(|typed| parse(typed)));
    let results = Results::new(app);
    let (files, links) = (Results::new(app), Results::new(app));
    let timer = StoredValue::new_local(None::<Timeout>);
    Effect::new(move |_| {
        let now = parsed.get();
        timer.set_value(None);
        files.clear();
        links.clear();
        if now.is_empty() {
            results.clear();
            return;
        }
        timer.set_value(Some(Timeout::new(REST_MS, move || {
            let Some(query) = untrack(|| query(app, &now)) else {
                return results.nothing();
            };
            results.search(query.clone());
            // Among all messages they would be far apart; who asks for one kind gets that kind.
            if !now.text.is_empty() && query.has.is_empty() {
                let of = |has: Has| SearchQuery {
                    has: vec![has],
                    ..query.clone()
                };
                files.search(of(Has::File));
                links.search(of(Has::Link));
            }
        })));
    });
    let unknown = Memo::new(move |_| {
        parsed.with(|parsed| {
            parsed.chips.iter().find_map(|chip| match chip {
                Chip::From(who) | Chip::In(who) if find(app, who).is_none() => Some(who.clone()),
                _ => None,
            })
        })
    });
    let filtered_out = move || {
        let none = results
            .found
            .with(|found| found.as_ref().is_some_and(|found| found.hits.is_empty()));
        none && !results.busy.get() && parsed.with(|parsed| !parsed.chips.is_empty())
    };
    let only = move |chip: Chip| typed.set(parsed.get_untracked().toggled(&chip).typed());
    on_cleanup(move || {
        timer.set_value(None);
        // What led somewhere is worth being offered again.
        let found = results
            .found
            .try_with_untracked(|found| found.as_ref().is_some_and(|found| !found.hits.is_empty()));
        if let (Some(true), Some(typed)) = (found, typed.try_get_untracked()) {
            remember(app, typed.trim());
        }
    });
    let state = move || {
        if results.failed.with(Option::is_some) {
            "error"
        } else if parsed.with(Parsed::is_empty) {
            "empty"
        } else if results.busy.get() || results.found.with(Option::is_none) {
            "loading"
        } else {
            "ready"
        }
    };
    view! {
        <section class="pane-screen" data-screen="s1" data-state=state aria-label=t.s1_title>
            <header class="pane-head">
                <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="s1.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1">{t.s1_title}</h1>
                <PaletteButton class="icon-button" testid="s1.palette" />
            </header>
            <div class="pane-body">
                <div class="column" role="search" on:keydown=move |event| hit_keys(&event)>
                    <div class="field">
                        <label for="s1-input">{t.s1_label}</label>
                        <input
                            class="input"
                            id="s1-input"
                            type="search"
                            dir="auto"
                            autocomplete="off"
                            spellcheck="false"
                            data-testid="s1.input"
                            data-pane-focus
                            data-route-focus
                            aria-describedby="s1-tips"
                            prop:value=move || typed.get()
                            on:input=move |event| typed.set(event_target_value(&event))
                        />
                        <p class="hint" id="s1-tips">{t.s1_tips}</p>
                    </div>
                    <Chips typed parsed />
                    <Show when=move || parsed.with(Parsed::is_empty)>
                        <Recent typed />
                    </Show>
                    <ByName typed parsed />
                    <People parsed />
                    <Places parsed />
                    <Few results=files title=t.media_tab_files testid="s1.files" all=Callback::new(move |()| only(Chip::Has(Has::File))) />
                    <Few results=links title=t.media_tab_links testid="s1.links" all=Callback::new(move |()| only(Chip::Has(Has::Link))) />
                    <Show when=move || !parsed.with(Parsed::is_empty)>
                        <section aria-labelledby="s1-messages" class="stack">
                            <h2 id="s1-messages" class="group-title">{t.s1_messages}</h2>
                            {move || unknown.get().map(|name| view! {
                                <p class="small" data-testid="s1.unknown">{fill(t.s1_unknown, &[("name", &isolate(&name))])}</p>
                            })}
                            <Hits results empty=t.s1_nothing />
                            <Show when=filtered_out>
                                <div class="actions">
                                    <button
                                        type="button"
                                        class="button small"
                                        data-testid="s1.widen"
                                        on:click=move |_| {
                                            typed.set(parsed.get_untracked().text);
                                            crate::page::focus::first_of("[data-screen='s1']");
                                        }
                                    >
                                        {t.s1_widen}
                                    </button>
                                </div>
                            </Show>
                        </section>
                    </Show>
                </div>
            </div>
        </section>
    }
}

/// Arrows lead from the field to what was found and on; Enter in the field opens the first of it.
fn hit_keys(event: &leptos::ev::KeyboardEvent) {
    let Some(column) = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
    else {
        return;
    };
    let Ok(found) = column.query_selector_all(".hit") else {
        return;
    };
    let hits: Vec<web_sys::HtmlElement> = (0..found.length())
        .filter_map(|at| found.item(at)?.dyn_into().ok())
        .collect();
    let active = document().active_element();
    let field = column.query_selector("#s1-input").ok().flatten();
    let in_field = active.is_some() && active == field;
    let here = hits
        .iter()
        .position(|hit| active.as_ref() == Some(hit.as_ref()));
    let next = match (event.key().as_str(), here) {
        ("ArrowDown", None) if in_field => hits.first(),
        ("ArrowDown", Some(here)) => hits.get(here + 1),
        ("ArrowUp", Some(0)) => {
            event.prevent_default();
            return crate::page::focus::first_of("[data-screen='s1']");
        }
        ("ArrowUp", Some(here)) => hits.get(here - 1),
        ("Enter", None) if in_field => {
            // What acts waits for a press of its own.
            if let Some(first) = hits.iter().find(|hit| hit.matches("a").unwrap_or(false)) {
                event.prevent_default();
                first.click();
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(next) = next {
        crate::page::focus::focus(next);
    }
}

/// Keeps a search among the last ones, where the person wants that.
fn remember(app: App, typed: &str) {
    let known = app.settings.with_untracked(|settings| {
        let all = settings.recent_searches.as_ref()?;
        Some(all.first().is_some_and(|first| first == typed))
    });
    if typed.is_empty() || known != Some(false) {
        return;
    }
    let typed = typed.to_owned();
    change(app, move |settings| {
        if let Some(all) = &mut settings.recent_searches {
            all.retain(|one| *one != typed);
            all.insert(0, typed);
        }
    });
}

fn change(app: App, change: impl FnOnce(&mut Settings) + 'static) {
    leptos::task::spawn_local(async move {
        if let Err(failure) = app.change_settings(change).await {
            app.problem.set(Some(failure));
        }
    });
}

/// The last searches, where the person wants them kept.
#[component]
fn Recent(typed: RwSignal<String>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let recent = Memo::new(move |_| {
        app.settings
            .with(|settings| settings.recent_searches.clone())
    });
    let some = move || recent.with(|all| all.as_ref().is_some_and(|all| !all.is_empty()));
    let keep = move |event: leptos::ev::Event| {
        let on = event_target_checked(&event);
        change(app, move |settings| {
            settings.recent_searches = on.then(Vec::new);
        });
    };
    view! {
        <section class="stack" aria-labelledby="s1-recent">
            <h2 id="s1-recent" class="group-title">{t.s1_recent}</h2>
            <Show when=some>
                <ul class="hits">
                    <For each=move || recent.get().unwrap_or_default() key=String::clone let:one>
                        <li>
                            <button type="button" class="link-button" data-testid="s1.recent" on:click={
                                let one = one.clone();
                                move |_| {
                                    typed.set(one.clone());
                                    crate::page::focus::first_of("[data-screen='s1']");
                                }
                            }>
                                <bdi>{one.clone()}</bdi>
                            </button>
                        </li>
                    </For>
                </ul>
                <div class="actions">
                    <button type="button" class="button small" data-testid="s1.recent-clear" on:click=move |_| {
                        change(app, |settings| settings.recent_searches = Some(Vec::new()));
                        crate::page::focus::rescue("[data-screen='s1']");
                    }>
                        {t.s1_recent_clear}
                    </button>
                </div>
            </Show>
            <label class="check flush">
                <input type="checkbox" data-testid="s1.recent-keep" prop:checked=move || recent.with(Option::is_some) on:change=keep />
                <span>{t.s1_recent_keep}</span>
            </label>
        </section>
    }
}

/// What the engine is asked; `None` when a person or a conversation that is named is not there.
fn query(app: App, parsed: &Parsed) -> Option<SearchQuery> {
    let mut query = parsed.query(start_of_day);
    for chip in &parsed.chips {
        match chip {
            Chip::From(who) => query.from = Some(find(app, who)?.account_id),
            Chip::In(what) => query.conversation = Some(find(app, what)?.id),
            _ => {}
        }
    }
    Some(query)
}

/// A conversation by its name or ID: the whole name first, else the beginning of one.
fn find(app: App, named: &str) -> Option<Conversation> {
    let t = text();
    let wanted = named.trim_start_matches('@').to_lowercase();
    app.conversations.with(|list| {
        let all = || list.iter().flatten();
        let name = |one: &&Conversation| called(t, one).to_lowercase();
        all()
            .find(|one| one.account_id == wanted || name(one) == wanted)
            .or_else(|| all().find(|one| name(one).starts_with(&wanted)))
            .cloned()
    })
}

/// Midnight of the device's calendar (ms).
fn start_of_day(day: Day) -> u64 {
    let date =
        js_sys::Date::new_with_year_month_day(day.year, day.month as i32 - 1, day.day as i32);
    date.get_time().max(0.0) as u64
}

fn chip_name(t: &'static Catalogue, chip: &Chip) -> String {
    let named = |pattern: &str, value: &str| fill(pattern, &[("value", value)]);
    match chip {
        Chip::From(who) => named(t.s1_chip_from, who),
        Chip::In(what) => named(t.s1_chip_in, what),
        Chip::Has(Has::Link) => t.s1_chip_link.into(),
        Chip::Has(Has::File) => t.s1_chip_file.into(),
        Chip::Has(Has::Image) => t.s1_chip_image.into(),
        Chip::Has(Has::Voice) => t.s1_chip_voice.into(),
        Chip::Before(day) => named(t.s1_chip_before, &format::date(start_of_day(*day))),
        Chip::After(day) => named(t.s1_chip_after, &format::date(start_of_day(*day))),
        Chip::Unread => t.c1_filter_unread.into(),
        Chip::Starred => t.s2_title.into(),
        Chip::Mine => t.s1_chip_mine.into(),
        Chip::Mentions => t.s3_title.into(),
    }
}

/// Filters that hold, and those that are offered; each is a button that is down or not.
#[component]
fn Chips(typed: RwSignal<String>, parsed: Memo<Parsed>) -> impl IntoView {
    let t = text();
    let offered = || {
        [
            Chip::Has(Has::Link),
            Chip::Has(Has::Image),
            Chip::Has(Has::File),
            Chip::Has(Has::Voice),
            Chip::Unread,
            Chip::Starred,
            Chip::Mine,
        ]
    };
    let chips = move || {
        let active = parsed.with(|parsed| parsed.chips.clone());
        let others = offered().into_iter().filter(|one| !active.contains(one));
        active
            .clone()
            .into_iter()
            .map(|one| (one, true))
            .chain(others.map(|one| (one, false)))
            .map(|(chip, on)| {
                let label = chip_name(t, &chip);
                let operator = chip.typed();
                view! {
                    <button
                        type="button"
                        class="filter"
                        aria-pressed=on.to_string()
                        title=operator
                        data-testid="s1.chip"
                        on:click=move |_| typed.set(parsed.get_untracked().toggled(&chip).typed())
                    >
                        {label}
                        {on.then(|| view! { <Draw icon=Icon::Close size=16 /> })}
                    </button>
                }
            })
            .collect_view()
    };
    view! { <div class="filters wrap" role="group" aria-label=t.s1_filters>{chips}</div> }
}

/// Emoji by their names: a press looks for the sign itself.
#[component]
fn ByName(typed: RwSignal<String>, parsed: Memo<Parsed>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let sought = Memo::new(move |_| {
        let words = parsed.with(|parsed| parsed.text.trim_matches('"').to_lowercase());
        (words.chars().count() >= EMOJI_FROM).then_some(words)
    });
    Effect::new(move |_| {
        if sought.with(Option::is_some) {
            app.emojis.need();
        }
    });
    let found = Memo::new(move |_| {
        let Some(words) = sought.get() else {
            return Vec::new();
        };
        app.emojis.table.with(|table| match table {
            Load::Ready(table) => table
                .find(&words, EMOJI)
                .into_iter()
                .map(|one| (one.emoji.clone(), one.name.clone()))
                .collect(),
            _ => Vec::new(),
        })
    });
    let choose = move |emoji: &str| {
        let mut now = parsed.get_untracked();
        emoji.clone_into(&mut now.text);
        typed.set(now.typed());
        crate::page::focus::first_of("[data-screen='s1']");
    };
    view! {
        <Show when=move || !found.with(Vec::is_empty)>
            <div class="filters wrap" role="group" aria-label=t.s1_emoji>
                <For each=move || found.get() key=|one| one.0.clone() let:one>
                    {
                        let (emoji, name) = one;
                        let shown = emoji.clone();
                        view! {
                            <button type="button" class="filter" title=name.clone() aria-label=name data-testid="s1.emoji" on:click=move |_| choose(&emoji)>
                                {shown}
                            </button>
                        }
                    }
                </For>
            </div>
        </Show>
    }
}

/// People whose name, label or ID holds the words.
#[component]
fn People(parsed: Memo<Parsed>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let people = Memo::new(move |_| {
        let words = parsed.with(|parsed| parsed.text.trim_matches('"').to_lowercase());
        if words.is_empty() {
            return Vec::new();
        }
        app.conversations.with(|list| {
            list.iter()
                .flatten()
                .filter(|one| one.request != RequestState::Incoming)
                .filter(|one| {
                    called(t, one).to_lowercase().contains(&words)
                        || one.name.to_lowercase().contains(&words)
                        || one.label.to_lowercase().contains(&words)
                        || one.account_id.starts_with(&words)
                })
                .take(PEOPLE)
                .map(|one| {
                    (
                        one.id,
                        one.account_id.clone(),
                        called(t, one),
                        one.note_to_self,
                        one.label.clone(),
                    )
                })
                .collect::<Vec<_>>()
        })
    });
    // The same menu as in the list.
    let menu = move |id: ConversationId, event: &web_sys::MouseEvent| {
        let Some(one) = untrack(|| app.conversation(id)) else {
            return;
        };
        event.prevent_default();
        let place = event_target::<web_sys::Element>(event).get_bounding_client_rect();
        // Keyboards name no place.
        let at = match (event.client_x(), event.client_y()) {
            (0, 0) => (place.left(), place.bottom()),
            (x, y) => (f64::from(x), f64::from(y)),
        };
        let label = fill(t.c1_more, &[("name", &isolate(&called(t, &one)))]);
        app.menu.open_at(label, at, actions::items(app, &one, at));
    };
    view! {
        <Show when=move || !people.with(Vec::is_empty)>
            <section aria-labelledby="s1-people" class="stack">
                <h2 id="s1-people" class="group-title">{t.s1_people}</h2>
                <ul class="hits">
                    <For each=move || people.get() key=|one| one.clone() let:one>
                        <li>
                            <a
                                class="hit"
                                href=Route::Conversation(one.0).href()
                                data-testid="s1.person"
                                on:contextmenu=move |event| menu(one.0, &event)
                            >
                                <Avatar id=one.1 note_to_self=one.3 size=36 />
                                <bdi class="row-name">{one.2}</bdi>
                                {(!one.4.is_empty()).then(|| view! { <span class="tag row-label" dir="auto">{one.4}</span> })}
                            </a>
                        </li>
                    </For>
                </ul>
            </section>
        </Show>
    }
}

/// Screens, settings and actions whose name holds the words.
#[component]
fn Places(parsed: Memo<Parsed>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let mut commands = untrack(|| commands(app, t));
    // That one stands among the people.
    commands.retain(|one| one.label != t.note_to_self);
    let all = StoredValue::new_local(commands);
    let able = Memo::new(move |_| {
        let words = parsed.with(|parsed| parsed.text.to_lowercase());
        all.with_value(|all| {
            let fits = |label: &str| !words.is_empty() && label.to_lowercase().contains(&words);
            let found = all.iter().enumerate().filter(|(_, one)| fits(&one.label));
            found.map(|(at, _)| at).collect::<Vec<_>>()
        })
    });
    let row = move |at: usize| {
        let act = move |_| {
            let run = all.with_value(|all| all.get(at).map(|one| one.run.clone()));
            if let Some(run) = run {
                run();
            }
        };
        all.with_value(|all| all.get(at).cloned()).map(|one| {
            view! {
                <li>
                    <button type="button" class="hit" data-testid="s1.action" on:click=act>
                        <Draw icon=one.icon />
                        <span>{one.label}</span>
                    </button>
                </li>
            }
        })
    };
    let found = Memo::new(move |_| {
        let words = parsed.with(|parsed| parsed.text.to_lowercase());
        if words.is_empty() {
            return Vec::new();
        }
        places(t)
            .into_iter()
            .filter(|place| place.name.to_lowercase().contains(&words))
            .collect::<Vec<_>>()
    });
    view! {
        <Show when=move || !found.with(Vec::is_empty) || !able.with(Vec::is_empty)>
            <section aria-labelledby="s1-places" class="stack">
                <h2 id="s1-places" class="group-title">{t.s1_places}</h2>
                <ul class="hits">
                    {move || able.get().into_iter().map(row).collect_view()}
                    <For each=move || found.get() key=|one| (one.name, one.page) let:one>
                        <li>
                            <a class="hit" href=one.route.href() data-testid="s1.place">
                                <Draw icon=Icon::Sliders />
                                <span>{one.name}</span>
                                {one.page.map(|page| view! { <span class="small muted">{page}</span> })}
                            </a>
                        </li>
                    </For>
                </ul>
            </section>
        </Show>
    }
}

/// S2 and S3: everything of one kind, of all conversations or of one.
#[component]
pub(crate) fn Listed(starred: bool) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let (screen, title, empty) = if starred {
        ("s2", t.s2_title, t.s2_empty)
    } else {
        ("s3", t.s3_title, t.s3_empty)
    };
    let only = RwSignal::new(None::<ConversationId>);
    let results = Results::new(app);
    Effect::new(move |_| {
        results.search(SearchQuery {
            starred,
            mentions: !starred,
            conversation: only.get(),
            ..SearchQuery::default()
        });
    });
    let state = move || match results
        .found
        .with(|found| found.as_ref().map(|found| found.hits.is_empty()))
    {
        _ if results.failed.with(Option::is_some) => "error",
        None => "loading",
        Some(true) => "empty",
        Some(false) => "ready",
    };
    let options = move || {
        let mut names: Vec<(String, ConversationId)> = app.conversations.with(|list| {
            list.iter()
                .flatten()
                .filter(|one| one.request != RequestState::Incoming)
                .map(|one| {
                    (
                        if one.note_to_self {
                            called(t, one)
                        } else {
                            name_of(one)
                        },
                        one.id,
                    )
                })
                .collect()
        });
        names.sort_by_cached_key(|(name, id)| (name.to_lowercase(), *id));
        names
            .into_iter()
            .map(|(name, id)| view! { <option value=hex::encode(id.0) selected=only.get_untracked() == Some(id)>{name}</option> })
            .collect_view()
    };
    let choose = move |event: leptos::ev::Event| {
        let mut id = [0; 16];
        let chosen = hex::decode_to_slice(event_target_value(&event), &mut id);
        only.set(chosen.is_ok().then_some(ConversationId(id)));
    };
    view! {
        <section class="pane-screen" data-screen=screen data-state=state aria-label=title>
            <header class="pane-head">
                <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid=format!("{screen}.back")>
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{title}</h1>
            </header>
            <div class="pane-body">
                <div class="column">
                    <div class="field">
                        <label for="listed-in">{t.s2_in}</label>
                        <select class="input" id="listed-in" data-testid=format!("{screen}.conversation") on:change=choose>
                            <option value="">{t.s2_everywhere}</option>
                            {options}
                        </select>
                    </div>
                    {starred.then(|| view! { <p class="small muted">{t.mark_local}</p> })}
                    <Hits results empty />
                </div>
            </div>
        </section>
    }
}
