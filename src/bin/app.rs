//! The one wasm program of page and worker. What both need is always there; everything else is a part that a browser
//! fetches when it is needed. `wasm_split` marks where the program is cut (web/build.mjs does it).
// In what `wasm_split` writes: it calls functions of a part that its own loader has fetched.
#![allow(unsafe_code)]

use onionskin::page::Inside;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

fn main() {}

/// Fetches and starts the part that belongs here: the page or the worker.
#[wasm_bindgen]
pub async fn run() -> Result<(), JsError> {
    onionskin::report_panics();
    let started = if onionskin::qr::is_wanted() {
        qr().await
    } else if onionskin::in_worker() {
        worker().await
    } else {
        page().await
    };
    started.map_err(|error| JsError::new(&error.to_string()))
}

#[wasm_split(worker, fallible)]
fn worker() -> Result<(), SplitLoaderError> {
    onionskin::worker::start();
    Ok(())
}

#[wasm_split(qr, fallible)]
fn qr() -> Result<(), SplitLoaderError> {
    onionskin::qr::start();
    Ok(())
}

#[wasm_split(page, fallible)]
fn page() -> Result<(), SplitLoaderError> {
    onionskin::page::start(|| Box::pin(async { inside().await.ok() }));
    Ok(())
}

#[wasm_split(inside, fallible)]
fn inside() -> Result<Inside, SplitLoaderError> {
    Ok(onionskin::page::inside())
}
