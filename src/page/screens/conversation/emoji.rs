//! The emoji picker (V14): search, groups, what was used last, skin tone; arrows move in the grid.

use crate::i18n::{Catalogue, text};
use crate::page::chat::{Chat, Insert, Layer};
use crate::page::emoji::Emoji;
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::world::Load;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Columns of the grid, as in the style sheet.
const COLUMNS: usize = 8;
/// So many are found at most.
const FOUND: usize = 64;
const RECENT: &str = "recent";

/// The picture of a group, and its name.
fn group(t: &'static Catalogue, key: &str) -> (&'static str, &'static str) {
    match key {
        RECENT => ("🕘", t.v14_recent),
        "smileys-emotion" => ("😀", t.v14_smileys),
        "people-body" => ("👋", t.v14_people),
        "animals-nature" => ("🐻", t.v14_animals),
        "food-drink" => ("🍏", t.v14_food),
        "travel-places" => ("🚗", t.v14_travel),
        "activities" => ("⚽", t.v14_activities),
        "objects" => ("💡", t.v14_objects),
        "symbols" => ("🔣", t.v14_symbols),
        _ => ("🏁", t.v14_flags),
    }
}

#[component]
pub(crate) fn EmojiPicker(pick: impl Fn(String) + Copy + Send + Sync + 'static) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let emojis = app.emojis;
    emojis.need();
    let sought = RwSignal::new(String::new());
    let start = if emojis.recent.with_untracked(Vec::is_empty) {
        "smileys-emotion"
    } else {
        RECENT
    };
    let chosen = RwSignal::new(start.to_owned());
    let grid = NodeRef::<html::Div>::new();
    // Pictures and names of what is shown.
    let shown = Memo::new(move |_| {
        let tone = emojis.tone.get();
        let sought = sought.get();
        emojis.table.with(|table| {
            let Some(table) = table.ready() else {
                return Vec::new();
            };
            let pair = |one: &Emoji| (one.in_tone(tone), one.name.clone());
            if !sought.trim().is_empty() {
                return table.find(&sought, FOUND).into_iter().map(pair).collect();
            }
            let chosen = chosen.get();
            if chosen == RECENT {
                return emojis.recent.with(|recent| {
                    recent
                        .iter()
                        .map(|one| {
                            let name = table.get(one).map_or(one, |known| &known.name);
                            (one.clone(), name.clone())
                        })
                        .collect()
                });
            }
            table
                .groups
                .iter()
                .find(|(key, _)| *key == chosen)
                .map(|(_, members)| members.iter().map(pair).collect())
                .unwrap_or_default()
        })
    });
    let take = move |emoji: String| {
        emojis.used(&emoji);
        pick(emoji);
    };
    let tabs = move || {
        let keys = emojis.table.with(|table| {
            table
                .ready()
                .map(|table| {
                    table
                        .groups
                        .iter()
                        .map(|(key, _)| key.clone())
                        .collect::<Vec<_>>()
                })
                .unwrap_or_default()
        });
        std::iter::once(RECENT.to_owned())
            .chain(keys)
            .map(|key| {
                let (picture, name) = group(t, &key);
                let this = key.clone();
                let active = move || chosen.with(|chosen| *chosen == this) && sought.with(String::is_empty);
                view! {
                    <button type="button" class="emoji-tab" aria-label=name title=name aria-pressed=move || active().to_string() on:click=move |_| {
                        sought.set(String::new());
                        chosen.set(key.clone());
                    }>{picture}</button>
                }
            })
            .collect_view()
    };
    view! {
        <div class="emoji-picker" data-testid="v14.picker">
            <div class="emoji-top">
                <input
                    class="input"
                    type="search"
                    aria-label=t.v14_search
                    placeholder=t.v14_search
                    autocomplete="off"
                    autofocus
                    data-testid="v14.search"
                    prop:value=move || sought.get()
                    on:input=move |event| sought.set(event_target_value(&event))
                    on:keydown=move |event| {
                        match event.key().as_str() {
                            "ArrowDown" => {
                                event.prevent_default();
                                to(grid, 0);
                            }
                            "Enter" => {
                                event.prevent_default();
                                if let Some((emoji, _)) = shown.with_untracked(|shown| shown.first().cloned()) {
                                    take(emoji);
                                }
                            }
                            _ => {}
                        }
                    }
                />
                <Tone tone=emojis.tone />
            </div>
            <div class="emoji-tabs" role="group" aria-label=t.v14_groups>{tabs}</div>
            <div class="emoji-grid" role="group" aria-label=t.v14_title node_ref=grid on:keydown=move |event| keys(grid, &event) data-testid="v14.grid">
                {move || match emojis.table.get() {
                    Load::Failed => {
                        view! {
                            <p class="emoji-none">
                                {t.v14_failed} " "
                                <button type="button" class="link-button" on:click=move |_| emojis.need()>{t.retry}</button>
                            </p>
                        }
                        .into_any()
                    }
                    Load::Absent | Load::Loading => view! { <p class="emoji-none">{t.working}</p> }.into_any(),
                    Load::Ready(_) if shown.with(Vec::is_empty) => view! { <p class="emoji-none">{t.v14_none}</p> }.into_any(),
                    Load::Ready(_) => {
                        shown
                            .get()
                            .into_iter()
                            .enumerate()
                            .map(|(at, (emoji, name))| {
                                let picture = emoji.clone();
                                view! {
                                    <button type="button" class="emoji" tabindex=if at == 0 { "0" } else { "-1" } aria-label=name.clone() title=name data-testid="v14.emoji" on:click=move |_| take(emoji.clone())>
                                        {picture}
                                    </button>
                                }
                            })
                            .collect_view()
                            .into_any()
                    }
                }}
            </div>
        </div>
    }
}

/// Which skin tone.
#[component]
fn Tone(tone: RwSignal<u8>) -> impl IntoView {
    let t = text();
    const HANDS: [&str; 6] = ["✋", "✋🏻", "✋🏼", "✋🏽", "✋🏾", "✋🏿"];
    view! {
        <select class="input emoji-tone" aria-label=t.v14_tone title=t.v14_tone data-testid="v14.tone" on:change=move |event| {
            if let Ok(chosen) = event_target_value(&event).parse() {
                tone.set(chosen);
            }
        }>
            {HANDS
                .into_iter()
                .zip(0u8..)
                .map(|(hand, number)| view! { <option value=number.to_string() selected=move || tone.get() == number>{hand}</option> })
                .collect_view()}
        </select>
    }
}

fn buttons(grid: NodeRef<html::Div>) -> Vec<HtmlElement> {
    let Some(found) = grid
        .get_untracked()
        .and_then(|grid| grid.query_selector_all("button.emoji").ok())
    else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|at| found.item(at)?.dyn_into().ok())
        .collect()
}

fn to(grid: NodeRef<html::Div>, at: usize) {
    if let Some(button) = buttons(grid).get(at) {
        crate::page::focus::focus(button);
    }
}

fn keys(grid: NodeRef<html::Div>, event: &leptos::ev::KeyboardEvent) {
    let all = buttons(grid);
    let active = document().active_element();
    let Some(here) = all
        .iter()
        .position(|button| active.as_ref() == Some(button.as_ref()))
    else {
        return;
    };
    let last = all.len().saturating_sub(1);
    let next = match event.key().as_str() {
        "ArrowRight" => here + 1,
        "ArrowLeft" => here.saturating_sub(1),
        "ArrowDown" => here + COLUMNS,
        "ArrowUp" => here.saturating_sub(COLUMNS),
        "Home" => 0,
        "End" => last,
        _ => return,
    };
    event.prevent_default();
    to(grid, next.min(last));
}

/// The picker as a layer, for a reaction.
#[component]
pub(crate) fn ReactDialog(chat: Chat) -> impl IntoView {
    let t = text();
    let open = super::layer_open(chat, |layer| matches!(layer, Layer::React(_)));
    let pick = move |emoji: String| {
        if let Some(Layer::React(id)) = chat.layer.get_untracked()
            && let Some(message) = chat.app.timeline.message(id)
        {
            chat.react(&message, &emoji);
        }
        chat.layer.set(None);
    };
    view! {
        <Dialog open screen="v14" title=t.v1_react>
            <EmojiPicker pick />
        </Dialog>
    }
}

/// The picker above the composer.
#[component]
pub(crate) fn ComposerPicker(chat: Chat, open: RwSignal<bool>) -> impl IntoView {
    let t = text();
    let pick = move |emoji: String| chat.insert.set(Some(Insert::AtCursor(emoji)));
    let close = move || {
        open.set(false);
        crate::page::focus::first_of("[data-pane-stop='composer']");
    };
    Effect::new(move |_| {
        if open.get() {
            request_animation_frame(|| crate::page::focus::first_of(".emoji-popover"));
        }
    });
    view! {
        <Show when=move || open.get()>
            <div
                class="emoji-popover"
                role="dialog"
                aria-label=t.v14_title
                data-screen="v14"
                data-state="ready"
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        event.stop_propagation();
                        close();
                    }
                }
            >
                <EmojiPicker pick />
            </div>
        </Show>
    }
}
