//! One active tab per vault: a Web Lock held for as long as the vault is open, and a channel of control words between tabs
//! (50-browser 3). Nothing readable goes over the channel.

use super::platform::{LockManager, error_name, locks, object, property};
use crate::bridge::VaultId;
use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::{Array, Function, JsString, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, BroadcastChannel, MessageEvent};

const CHANNEL: &str = "onionskin";
const PREFIX: &str = "onionskin/";
/// How long the present owner may take to finish and let go (ms).
const YIELD_MS: u32 = 2_000;

/// A lock; given back on drop.
pub(crate) struct Alone(Function);

impl Drop for Alone {
    fn drop(&mut self) {
        // Resolving a promise does not throw.
        let _ = self.0.call0(&JsValue::UNDEFINED);
    }
}

/// Waits until no other tab holds this lock; `None` where there are no locks, and when a tab that sleeps does not let go.
pub(crate) async fn alone(name: &str) -> Option<Alone> {
    let locks = locks()?;
    let signal = AbortSignal::timeout_with_u32(YIELD_MS);
    let release = request(&locks, name, &[("signal", signal.into())], || {}).await;
    release.map(Alone)
}

/// The lock of a vault; given back on drop.
pub(crate) struct Ownership {
    release: Function,
    channel: Option<BroadcastChannel>,
    _on_message: Option<Closure<dyn FnMut(MessageEvent)>>,
}

impl Drop for Ownership {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.set_onmessage(None);
            channel.close();
        }
        // Resolving a promise does not throw.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// Names of vaults that some tab has open.
pub(crate) async fn held() -> Vec<String> {
    let Some(locks) = locks() else {
        return Vec::new();
    };
    let Ok(state) = JsFuture::from(locks.query()).await else {
        return Vec::new();
    };
    let Some(held) = property::<Array>(&state, "held") else {
        return Vec::new();
    };
    held.iter()
        .filter_map(|lock| property::<JsString>(&lock, "name").map(String::from))
        .filter_map(|name| name.strip_prefix(PREFIX).map(str::to_owned))
        .collect()
}

/// Becomes the owner; `None` when another tab is and `take_over` is not set. `on_lost` runs when another tab asks for the
/// vault or has taken it; the holder then stops and drops the ownership.
pub(crate) async fn acquire(
    vault: VaultId,
    take_over: bool,
    on_lost: impl Fn() + Clone + 'static,
) -> Option<Ownership> {
    let locks = locks()?;
    let name = format!("{PREFIX}{}", vault.to_hex());
    let mut release = request(
        &locks,
        &name,
        &[("ifAvailable", true.into())],
        on_lost.clone(),
    )
    .await;
    if release.is_none() && take_over {
        say(&format!("yield {}", vault.to_hex()));
        let signal = AbortSignal::timeout_with_u32(YIELD_MS);
        release = request(&locks, &name, &[("signal", signal.into())], on_lost.clone()).await;
        if release.is_none() {
            release = request(&locks, &name, &[("steal", true.into())], on_lost.clone()).await;
        }
    }
    let release = release?;
    let channel = BroadcastChannel::new(CHANNEL).ok();
    let on_message = channel.as_ref().map(|channel| {
        let word = format!("yield {}", vault.to_hex());
        let on_message = Closure::new(move |event: MessageEvent| {
            if event.data().as_string().as_deref() == Some(word.as_str()) {
                on_lost();
            }
        });
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message
    });
    Some(Ownership {
        release,
        channel,
        _on_message: on_message,
    })
}

/// Says a control word to the other tabs.
pub(crate) fn say(word: &str) {
    if let Ok(channel) = BroadcastChannel::new(CHANNEL) {
        // Control words are strings, which always clone.
        let _ = channel.post_message(&word.into());
        channel.close();
    }
}

/// Asks for the lock. Gives the function that lets go of it.
async fn request(
    locks: &LockManager,
    name: &str,
    options: &[(&str, JsValue)],
    on_lost: impl Fn() + 'static,
) -> Option<Function> {
    let mut release = None;
    let holding = Promise::new(&mut |resolve, _| release = Some(resolve));
    let (granted, answer) = oneshot::channel();
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let got = !lock.is_null();
        // The asker may have been dropped; then nothing is held.
        let wanted = granted.send(got).is_ok();
        if got && wanted {
            holding.into()
        } else {
            JsValue::UNDEFINED
        }
    });
    let held = locks
        .request(name, &object(options), callback.unchecked_ref())
        .ok()?;
    match select(answer, JsFuture::from(held)).await {
        Either::Left((Ok(true), held)) => {
            spawn_local(async move {
                if held
                    .await
                    .is_err_and(|error| error_name(&error) == "AbortError")
                {
                    on_lost();
                }
            });
            release
        }
        _ => None,
    }
}
