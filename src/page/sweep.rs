//! Everything that the browser keeps for this site beside its databases: caches, service workers, and the small storage of
//! choices (screens 20, D3).

use js_sys::Array;
use leptos::prelude::window;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CacheStorage, RequestInit, ServiceWorkerContainer, ServiceWorkerRegistration, Storage,
};

/// What was removed, and what could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Caches.
    pub caches: u32,
    /// Service workers.
    pub workers: u32,
    /// Caches, service workers and storages that are still there.
    pub left: u32,
}

/// Where the app's own server has the browser remove everything at once (10-network Decisions 6).
const CLEAR: &str = "/relay/clear";

/// Removes all of it. A browser that has no such thing has nothing to remove.
pub(crate) async fn sweep() -> Swept {
    let mut swept = Swept::default();
    let (caches, workers) = (cache_names().await, registrations().await);
    for name in &caches {
        if let Some(storage) = cache_storage() {
            // What is left is counted below.
            let _ = JsFuture::from(storage.delete(name)).await;
        }
    }
    for registration in &workers {
        if let Ok(promise) = registration.unregister() {
            let _ = JsFuture::from(promise).await;
        }
    }
    for storage in storages() {
        let _ = storage.clear();
    }
    // Once more and thoroughly. Without a connection, or from a server that cannot, what was done above counts.
    let order = RequestInit::new();
    order.set_method("POST");
    let _ = JsFuture::from(window().fetch_with_str_and_init(CLEAR, &order)).await;
    let (caches_left, workers_left) = (cache_names().await.len(), registrations().await.len());
    let filled = |storage: &Storage| storage.length().is_ok_and(|length| length > 0);
    let storages_left = storages().iter().filter(|storage| filled(storage)).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    swept.caches = count(caches.len().saturating_sub(caches_left));
    swept.workers = count(workers.len().saturating_sub(workers_left));
    swept.left = count(caches_left + workers_left + storages_left);
    swept
}

fn storages() -> Vec<Storage> {
    let window = window();
    let both = [window.local_storage(), window.session_storage()];
    both.into_iter()
        .filter_map(|one| one.ok().flatten())
        .collect()
}

async fn cache_names() -> Vec<String> {
    let Some(storage) = cache_storage() else {
        return Vec::new();
    };
    let names = list(storage.keys()).await;
    names.iter().filter_map(JsValue::as_string).collect()
}

async fn registrations() -> Vec<ServiceWorkerRegistration> {
    let Some(container) = container() else {
        return Vec::new();
    };
    let all = list(container.get_registrations()).await;
    all.into_iter().map(JsCast::unchecked_into).collect()
}

/// Absent outside of secure contexts, whatever its type says.
fn cache_storage() -> Option<CacheStorage> {
    let caches = js_sys::Reflect::get(&window(), &"caches".into()).ok()?;
    caches.dyn_into().ok()
}

fn container() -> Option<ServiceWorkerContainer> {
    let navigator = window().navigator();
    let container = js_sys::Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    container.dyn_into().ok()
}

/// What a promise of a list gives; nothing where it is refused.
async fn list(promise: js_sys::Promise) -> Vec<JsValue> {
    let listed = JsFuture::from(promise).await;
    listed.map_or_else(|_| Vec::new(), |list| Array::from(&list).to_vec())
}
