//! The keys for sounds of keyboards, headsets and lock screens, while a sound of ours plays. What they show tells no name and
//! no word of anybody.

use crate::i18n::text;
use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Play,
    Pause,
    Stop,
    Back,
    Forth,
}

impl Key {
    const ALL: [Self; 5] = [Self::Play, Self::Pause, Self::Stop, Self::Back, Self::Forth];

    /// As browsers call it.
    const fn action(self) -> &'static str {
        match self {
            Self::Play => "play",
            Self::Pause => "pause",
            Self::Stop => "stop",
            Self::Back => "seekbackward",
            Self::Forth => "seekforward",
        }
    }
}

/// The keys lead here until they are released.
pub(super) fn hold(pressed: impl Fn(Key) + Copy + 'static) {
    let Some(session) = session() else {
        return;
    };
    for key in Key::ALL {
        // The browser keeps it as long as it may call it.
        let act = Closure::<dyn FnMut()>::new(move || pressed(key));
        handle(&session, key, &act.into_js_value());
    }
    // Without words of ours the browser shows the title of the page.
    set(&session, "metadata", &shown().unwrap_or(JsValue::NULL));
}

/// Whether it plays now.
pub(super) fn tell(playing: bool) {
    if let Some(session) = session() {
        let state = if playing { "playing" } else { "paused" };
        set(&session, "playbackState", &state.into());
    }
}

/// Nothing of ours plays any more.
pub(super) fn release() {
    let Some(session) = session() else {
        return;
    };
    for key in Key::ALL {
        handle(&session, key, &JsValue::NULL);
    }
    set(&session, "metadata", &JsValue::NULL);
    set(&session, "playbackState", &"none".into());
}

/// Where a browser has such keys.
fn session() -> Option<JsValue> {
    let session = Reflect::get(&window().navigator(), &"mediaSession".into()).ok()?;
    session.is_object().then_some(session)
}

/// A browser that does not know a key throws, and goes without it.
fn handle(session: &JsValue, key: Key, act: &JsValue) {
    let Ok(set) = Reflect::get(session, &"setActionHandler".into()) else {
        return;
    };
    if let Some(set) = set.dyn_ref::<Function>() {
        let _ = set.call2(session, &key.action().into(), act);
    }
}

fn set(session: &JsValue, name: &str, value: &JsValue) {
    // What a browser does not have is not shown.
    let _ = Reflect::set(session, &name.into(), value);
}

/// What stands beside the keys.
fn shown() -> Option<JsValue> {
    let class = Reflect::get(&window(), &"MediaMetadata".into()).ok()?;
    let words = Object::new();
    // A plain object takes any value.
    let _ = Reflect::set(&words, &"title".into(), &text().media_player.into());
    Reflect::construct(class.dyn_ref::<Function>()?, &Array::of1(&words)).ok()
}
