//! The menu of the thing under the pointer or with the focus: one at a time, arrows and letters move in it, Escape leads back
//! to where it came from (screens 2.3). On narrow screens it is a sheet at the bottom.

use super::icons::{Draw, Icon};
use leptos::html;
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Space between the menu and the edge of the window (CSS px).
const EDGE: f64 = 8.0;

/// One line of a menu.
#[derive(Clone)]
pub(crate) struct Item {
    pub label: String,
    pub icon: Option<Icon>,
    /// The key that does the same.
    pub keys: Option<&'static str>,
    pub testid: &'static str,
    pub danger: bool,
    /// Why it cannot be done.
    pub disabled: Option<&'static str>,
    /// Shown as a picture in the row above the lines.
    pub in_row: bool,
    pub run: Rc<dyn Fn()>,
}

impl Item {
    pub(crate) fn new(
        label: impl Into<String>,
        testid: &'static str,
        run: impl Fn() + 'static,
    ) -> Self {
        Self {
            label: label.into(),
            icon: None,
            keys: None,
            testid,
            danger: false,
            disabled: None,
            in_row: false,
            run: Rc::new(run),
        }
    }

    pub(crate) fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    pub(crate) fn keys(mut self, keys: &'static str) -> Self {
        self.keys = Some(keys);
        self
    }

    pub(crate) fn danger(mut self) -> Self {
        self.danger = true;
        self
    }

    pub(crate) fn in_row(mut self) -> Self {
        self.in_row = true;
        self
    }

    pub(crate) fn unless(mut self, reason: Option<&'static str>) -> Self {
        self.disabled = reason;
        self
    }
}

#[derive(Clone)]
struct Opened {
    label: String,
    x: f64,
    y: f64,
    items: Rc<Vec<Item>>,
    /// Where the focus goes afterwards.
    back: Option<HtmlElement>,
}

/// The menu that is open, if any.
#[derive(Clone, Copy)]
pub(crate) struct Menu(RwSignal<Option<Opened>, LocalStorage>);

impl Menu {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new_local(None))
    }

    pub(crate) fn is_open(self) -> bool {
        self.0.with_untracked(Option::is_some)
    }

    /// Opens at a place of the window; closing leads back to what has the focus now.
    pub(crate) fn open_at(self, label: impl Into<String>, (x, y): (f64, f64), items: Vec<Item>) {
        let back = document()
            .active_element()
            .and_then(|element| element.dyn_into::<HtmlElement>().ok());
        self.0.set(Some(Opened {
            label: label.into(),
            x,
            y,
            items: Rc::new(items),
            back,
        }));
    }

    /// Opens below an element.
    pub(crate) fn open_below(
        self,
        label: impl Into<String>,
        element: &web_sys::Element,
        items: Vec<Item>,
    ) {
        let place = element.get_bounding_client_rect();
        self.open_at(label, (place.left(), place.bottom()), items);
    }

    /// Closes; the focus goes back.
    pub(crate) fn close(self) {
        let Some(opened) = self.0.get_untracked() else {
            return;
        };
        self.0.set(None);
        if let Some(back) = opened.back {
            crate::page::focus::focus(&back);
        }
    }
}

/// Where the open menu is drawn.
#[component]
pub(crate) fn MenuLayer(menu: Menu) -> impl IntoView {
    let back = window_event_listener(leptos::ev::popstate, move |_| menu.close());
    on_cleanup(move || back.remove());
    move || menu.0.get().map(|opened| view! { <Panel menu opened /> })
}

#[component]
fn Panel(menu: Menu, opened: Opened) -> impl IntoView {
    let panel = NodeRef::<html::Div>::new();
    let (x, y) = (opened.x, opened.y);
    Effect::new(move |_| {
        let Some(panel) = panel.get() else { return };
        place(&panel, x, y);
        step(&panel, |_, _| Some(0));
    });
    let draw = move |(at, item): (usize, &Item)| {
        let chosen = opened_item(item, menu);
        let class = if item.in_row {
            "menu-picture"
        } else {
            "menu-item"
        };
        let label = item.label.clone();
        let name = item.label.clone();
        view! {
            <button
                type="button"
                role="menuitem"
                tabindex="-1"
                class=class
                class:danger=item.danger
                aria-disabled=item.disabled.map(|_| "true")
                aria-label=item.disabled.map(|reason| format!("{name}. {reason}"))
                title=item.disabled
                data-item=at.to_string()
                data-testid=item.testid
                aria-keyshortcuts=item.keys
                on:click=move |_| chosen()
            >
                {item.icon.map(|icon| view! { <Draw icon /> })}
                <span class="menu-label">{label}</span>
                {item.keys.map(|keys| view! { <kbd aria-hidden="true">{keys}</kbd> })}
            </button>
        }
    };
    let pictures: Vec<_> = opened
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.in_row)
        .map(draw)
        .collect();
    let lines: Vec<_> = opened
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.in_row)
        .map(draw)
        .collect();
    let has_pictures = !pictures.is_empty();
    let label = opened.label.clone();
    view! {
        <div class="menu-scrim" aria-hidden="true" on:pointerdown=move |event| { event.prevent_default(); menu.close(); } on:contextmenu=move |event| event.prevent_default()></div>
        <section class="menu-place" aria-label=label>
            <div
                class="menu"
                role="menu"
                aria-label=opened.label
                node_ref=panel
                data-testid="menu"
                on:keydown=move |event| keys(menu, panel, &event)
            >
                {has_pictures.then(|| view! { <div class="menu-row" role="none">{pictures}</div> })}
                {lines}
            </div>
        </section>
    }
}

fn opened_item(item: &Item, menu: Menu) -> impl Fn() + 'static + use<> {
    let run = item.run.clone();
    let disabled = item.disabled.is_some();
    move || {
        if !disabled {
            menu.close();
            run();
        }
    }
}

/// Beside the pointer, inside the window; the sheet of narrow screens needs no place.
fn place(panel: &HtmlElement, x: f64, y: f64) {
    let size = |value: Result<wasm_bindgen::JsValue, _>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0)
    };
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let own = panel.get_bounding_client_rect();
    let left = x.min(width - own.width() - EDGE).max(EDGE);
    let top = y.min(height - own.height() - EDGE).max(EDGE);
    let style = web_sys::HtmlElement::style(panel);
    // Lengths are valid values.
    let _ = style.set_property("--menu-x", &format!("{left}px"));
    let _ = style.set_property("--menu-y", &format!("{top}px"));
}

fn keys(menu: Menu, panel: NodeRef<html::Div>, event: &leptos::ev::KeyboardEvent) {
    let Some(panel) = panel.get_untracked() else {
        return;
    };
    let panel: &HtmlElement = &panel;
    event.stop_propagation();
    match event.key().as_str() {
        "Escape" | "Tab" => menu.close(),
        "ArrowDown" | "ArrowRight" => step(panel, |here, count| Some((here + 1) % count)),
        "ArrowUp" | "ArrowLeft" => step(panel, |here, count| Some((here + count - 1) % count)),
        "Home" => step(panel, |_, _| Some(0)),
        "End" => step(panel, |_, count| Some(count - 1)),
        letter if letter.chars().count() == 1 && letter != " " => type_ahead(panel, letter),
        _ => return,
    }
    event.prevent_default();
}

fn items(panel: &HtmlElement) -> Vec<HtmlElement> {
    let Ok(found) = panel.query_selector_all("[role=menuitem]") else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|at| found.item(at)?.dyn_into().ok())
        .collect()
}

fn step(panel: &HtmlElement, to: impl Fn(usize, usize) -> Option<usize>) {
    let items = items(panel);
    let active = document().active_element();
    let here = items
        .iter()
        .position(|item| active.as_ref() == Some(item.as_ref()))
        .unwrap_or(0);
    if items.is_empty() {
        return;
    }
    if let Some(item) = to(here, items.len()).and_then(|to| items.get(to)) {
        crate::page::focus::focus(item);
    }
}

/// The next line that begins with the letter.
fn type_ahead(panel: &HtmlElement, letter: &str) {
    let items = items(panel);
    let active = document().active_element();
    let here = items
        .iter()
        .position(|item| active.as_ref() == Some(item.as_ref()))
        .unwrap_or(0);
    let letter = letter.to_lowercase();
    let begins = |item: &HtmlElement| {
        item.text_content()
            .is_some_and(|text| text.trim().to_lowercase().starts_with(&letter))
    };
    let next = items
        .iter()
        .cycle()
        .skip(here + 1)
        .take(items.len())
        .find(|item| begins(item));
    if let Some(item) = next {
        crate::page::focus::focus(item);
    }
}
