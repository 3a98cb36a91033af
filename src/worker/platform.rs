//! Declarations of what web-sys does not bind, or binds only behind its unstable switch (50-browser Appendix B), and the
//! way to the globals of whatever scope the code runs in.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbTransaction, Request};

#[wasm_bindgen]
extern "C" {
    /// `IDBDatabase` whose `transaction` takes options.
    #[wasm_bindgen(extends = IdbDatabase)]
    pub(crate) type DurableDatabase;
    /// Opens a transaction with `{durability}`.
    #[wasm_bindgen(method, catch, js_name = transaction)]
    pub(crate) fn durable_transaction(
        this: &DurableDatabase,
        stores: &Array,
        mode: &str,
        options: &Object,
    ) -> Result<IdbTransaction, JsValue>;

    /// `navigator.locks`.
    pub(crate) type LockManager;
    /// The promise settles when the lock is given back or lost.
    #[wasm_bindgen(method, catch)]
    pub(crate) fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &Function,
    ) -> Result<Promise, JsValue>;
    /// Who holds what.
    #[wasm_bindgen(method)]
    pub(crate) fn query(this: &LockManager) -> Promise;

    /// `self.trustedTypes`.
    pub(crate) type TrustedTypes;
    #[wasm_bindgen(method, catch, js_name = createPolicy)]
    pub(crate) fn create_policy(
        this: &TrustedTypes,
        name: &str,
        rules: &Object,
    ) -> Result<JsValue, JsValue>;

    /// The `fetch` of window or worker.
    #[wasm_bindgen(js_name = fetch)]
    pub(crate) fn fetch(request: &Request) -> Promise;
}

/// A property of the global scope, unless it is missing.
pub(crate) fn global<T: JsCast>(name: &str) -> Option<T> {
    property(&js_sys::global(), name)
}

/// A property of an object, unless it is missing.
pub(crate) fn property<T: JsCast>(of: &JsValue, name: &str) -> Option<T> {
    let value = Reflect::get(of, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then(|| value.unchecked_into())
}

/// An object literal.
pub(crate) fn object(entries: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in entries {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// The `name` of an exception, such as `QuotaExceededError`.
pub(crate) fn error_name(error: &JsValue) -> String {
    property::<js_sys::JsString>(error, "name").map_or_else(|| "Error".to_owned(), String::from)
}

/// The Web Locks of this origin.
pub(crate) fn locks() -> Option<LockManager> {
    property(&global::<JsValue>("navigator")?, "locks")
}
