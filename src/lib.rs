//! Onionskin in the browser: page and worker, two parts of one wasm program (src/bin/app.rs).
//!
//! [`page`] is what a person sees (Leptos, holds no keys); [`worker`] owns the engine, the keys and the database.
//! They speak over [`bridge`] and nothing else. [`qr`] reads codes out of pictures, in a worker of its own.
#![warn(missing_docs)]

pub mod bridge;
mod canvas;
mod i18n;
pub mod page;
pub mod qr;
pub mod worker;

/// Whether this runs in the worker; else it is the page.
pub fn in_worker() -> bool {
    use wasm_bindgen::JsCast;
    js_sys::global().is_instance_of::<web_sys::DedicatedWorkerGlobalScope>()
}

/// Says where a panic happened and nothing else: the message of a panic can quote what a person wrote.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, ToString::to_string);
        web_sys::console::error_1(&format!("Onionskin stopped at {place}").into());
    }));
}

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
