//! The worker: owns the engine, the keys and the database, and answers the page.
//!
//! The same module also serves as the short-lived instance that derives a key from a passphrase (`kdf`).

mod deployment;
mod device;
mod kdf;
pub mod media;
mod owner;
mod phrase;
mod platform;
mod ports;
pub(crate) mod registry;
mod session;
pub mod store;
mod transport;

use crate::bridge::{BUILD, FromWorker, ToWorker, wire};
use session::Session;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// Listens to the page and says hello. Returns at once; the worker lives until it is terminated.
pub fn start() {
    let matched = Cell::new(false);
    let session: OnceCell<Rc<Session>> = OnceCell::new();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        // What cannot be read comes from another build; the page finds out by the greeting.
        match wire::from_js::<ToWorker>(&event.data()) {
            Some(ToWorker::Hello { build }) => {
                matched.set(build == BUILD);
                greet();
            }
            Some(ToWorker::Ping) => post(&FromWorker::Pong),
            Some(ToWorker::Derive(order)) => post(&kdf::run(&order)),
            Some(ToWorker::Call { id, call }) if matched.get() => {
                let session = session.get_or_init(Session::new).clone();
                spawn_local(async move {
                    let result = session.call(call).await;
                    post(&FromWorker::Reply { id, result });
                });
            }
            Some(ToWorker::Call { .. }) | None => {}
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    greet();
}

/// Said at the start and whenever the page says it, which may have begun to listen later.
fn greet() {
    post(&FromWorker::Hello {
        build: BUILD.to_owned(),
    });
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Posting fails only for data that cannot be cloned, which a buffer always can.
pub(crate) fn post(message: &FromWorker) {
    let (data, transfer) = wire::to_js(message);
    let _ = scope().post_message_with_transfer(&data, &transfer);
}
