//! Notifications with answers in them, shown through the service worker (`public/sw.js`). Used only for accounts that are kept
//! on this device, since a registration stays there (50-browser 13).

use crate::i18n::Catalogue;
use futures::future::{Either, select};
use js_sys::{Array, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, MessagePort, NotificationOptions};

const SCRIPT: &str = "/sw.js";
/// A worker that is not there after so long (ms) does not come.
const PATIENCE_MS: u32 = 5_000;

#[wasm_bindgen]
extern "C" {
    type Container;
    #[wasm_bindgen(method, catch)]
    async fn register(
        this: &Container,
        script: &str,
        options: &JsValue,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getRegistration)]
    async fn registration(this: &Container) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn ready(this: &Container) -> js_sys::Promise;
    #[wasm_bindgen(method, setter, js_name = onmessage)]
    fn set_on_message(this: &Container, listener: Option<&js_sys::Function>);

    type Registration;
    #[wasm_bindgen(method, catch, js_name = showNotification)]
    async fn show(
        this: &Registration,
        title: &str,
        options: &NotificationOptions,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getNotifications)]
    async fn shown(this: &Registration) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn unregister(this: &Registration) -> Result<JsValue, JsValue>;
}

/// What was chosen on a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub tag: String,
    pub what: Choice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The conversation, also to write there where the system has no field for that.
    Open,
    /// An answer, as typed.
    Reply(String),
    Read,
    Mute,
}

impl Choice {
    /// As the service worker tells it; what is not known opens.
    fn of(action: &str, reply: String) -> Self {
        match action {
            "reply" if !reply.trim().is_empty() => Self::Reply(reply),
            "read" => Self::Read,
            "mute" => Self::Mute,
            _ => Self::Open,
        }
    }
}

fn container() -> Option<Container> {
    let found = Reflect::get(&window().navigator(), &"serviceWorker".into()).ok()?;
    found.is_object().then(|| found.unchecked_into())
}

/// The worker that is there; `None` where there is none, or none that works.
async fn registered() -> Option<Registration> {
    let found = container()?.registration().await.ok()?;
    found.is_object().then(|| found.unchecked_into())
}

/// The worker, registered where it is not yet; `None` where that is not possible.
async fn register() -> Option<Registration> {
    let container = container()?;
    let options = Object::new();
    for (name, value) in [("scope", "/"), ("updateViaCache", "none")] {
        Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    container.register(SCRIPT, &options).await.ok()?;
    // Only an active one shows anything.
    let ready = wasm_bindgen_futures::JsFuture::from(container.ready());
    let patience = gloo_timers::future::TimeoutFuture::new(PATIENCE_MS);
    match select(ready, patience).await {
        Either::Left((ready, _)) => Some(ready.ok()?.unchecked_into()),
        Either::Right(_) => None,
    }
}

/// Shows a notification in the place of the one with the same tag, unless `wanted` says, when everything is ready, that
/// nobody wants it any more. False: not possible here.
pub(super) async fn show(
    title: &str,
    options: &NotificationOptions,
    wanted: impl Fn() -> bool,
) -> bool {
    match register().await {
        Some(worker) if wanted() => worker.show(title, options).await.is_ok(),
        Some(_) => true,
        None => false,
    }
}

/// Takes away what is shown under tags that fit.
pub(super) async fn close(fits: impl Fn(&str) -> bool) {
    let Some(worker) = registered().await else {
        return;
    };
    // A browser that cannot list them shows none.
    let Ok(shown) = worker.shown().await else {
        return;
    };
    for one in Array::from(&shown).iter() {
        let one: web_sys::Notification = one.unchecked_into();
        if one.tag().is_some_and(|tag| fits(&tag)) {
            one.close();
        }
    }
}

/// No account is left here: neither is the worker.
pub(super) async fn forget() {
    if let Some(worker) = registered().await {
        // A browser that keeps it keeps a script that does nothing.
        let _ = worker.unregister().await;
    }
}

/// Answers beside a notification, in the order in which the system leaves out what it has no room for.
pub(super) fn offer(options: &NotificationOptions, t: &Catalogue, reply: bool) {
    let action = |name: &str, title: &str| {
        let action = Object::new();
        let text = [("action", name), ("title", title)];
        let field = [("type", "text"), ("placeholder", t.notify_reply_hint)];
        let field = field.into_iter().filter(|_| name == "reply");
        for (key, value) in text.into_iter().chain(field) {
            // A plain object takes anything.
            let _ = Reflect::set(&action, &key.into(), &value.into());
        }
        JsValue::from(action)
    };
    let actions: Array = reply
        .then(|| action("reply", t.notify_reply))
        .into_iter()
        .chain([action("read", t.act_read), action("mute", t.notify_mute)])
        .collect();
    // So is what these options are in the browser; web-sys has no name for it.
    let _ = Reflect::set(options, &"actions".into(), &actions);
    options.set_data(&t.notify_late.into());
}

/// Hears for as long as the page lives what is chosen. `claim` says whether the notification is of this page, and if so
/// whether the page wants to come to the front.
pub(super) fn listen(claim: impl Fn(Chosen) -> Option<bool> + 'static) {
    let Some(container) = container() else { return };
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let data = event.data();
        let part = |name: &str| {
            let part = Reflect::get(&data, &name.into()).ok();
            part.and_then(|part| part.as_string()).unwrap_or_default()
        };
        let chosen = Chosen {
            tag: part("tag"),
            what: Choice::of(&part("action"), part("reply")),
        };
        let Some(front) = claim(chosen) else { return };
        if let Ok(port) = event.ports().get(0).dyn_into::<MessagePort>() {
            // A worker that does not wait any more has opened a window itself.
            let _ = port.post_message(&front.into());
        }
    });
    container.set_on_message(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_reply_opens_and_so_does_what_is_not_known() {
        assert_eq!(
            Choice::of("reply", " yes ".into()),
            Choice::Reply(" yes ".into())
        );
        assert_eq!(Choice::of("read", String::new()), Choice::Read);
        assert_eq!(Choice::of("mute", String::new()), Choice::Mute);
        for (action, reply) in [("reply", " "), ("", ""), ("burn", "x")] {
            assert_eq!(Choice::of(action, reply.into()), Choice::Open);
        }
    }
}
