//! What the browser must have (50-browser 1), tested by feature and never by name.

use crate::bridge::Environment;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Something without which nothing can work. Missing storage is not among them: temporary accounts do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    SecureContext,
    Random,
    Workers,
    Locks,
}

/// The features that are missing here.
pub(crate) fn missing() -> Vec<Feature> {
    let window = window();
    let global: &JsValue = window.as_ref();
    let navigator = window.navigator();
    [
        (Feature::SecureContext, window.is_secure_context()),
        (Feature::Random, window.crypto().is_ok()),
        (Feature::Workers, has(global, "Worker")),
        (Feature::Locks, has(navigator.as_ref(), "locks")),
    ]
    .into_iter()
    .filter_map(|(feature, present)| (!present).then_some(feature))
    .collect()
}

/// What to expect of this browser until the worker has looked.
pub(crate) fn expected() -> Environment {
    let window = window();
    Environment {
        secure_context: window.is_secure_context(),
        random: window.crypto().is_ok(),
        indexed_db: has(window.as_ref(), "indexedDB"),
        web_locks: has(window.navigator().as_ref(), "locks"),
        ..Environment::default()
    }
}

fn has(owner: &JsValue, name: &str) -> bool {
    js_sys::Reflect::get(owner, &JsValue::from_str(name)).is_ok_and(|value| !value.is_undefined())
}
