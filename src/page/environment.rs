//! What the browser must have (50-browser 1), tested by feature and never by name.

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
    let has = |owner: &JsValue, name: &str| {
        js_sys::Reflect::get(owner, &JsValue::from_str(name))
            .is_ok_and(|value| !value.is_undefined())
    };
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
