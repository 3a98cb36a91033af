//! The file of a backup on the person's side: written to a place that they choose where the browser can do that, else gathered
//! and handed to its downloads; and read in pieces.

use crate::page::blob;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use leptos::prelude::window;
use onionskin_client::api::{ErrorCode, Failure};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DomException};

/// Bytes that are read and handed over at once.
const PIECE: f64 = 1_048_576.0;
/// What a backup is called by the system.
const CONTENT_TYPE: &str = "application/octet-stream";

/// Where a backup goes.
pub(super) enum Sink {
    /// A file that the person chose: its handle, and the stream into it.
    Chosen(JsValue, JsValue),
    /// Parts of a download, and its name.
    Parts(Array, String),
}

/// The question to the person, on screen as soon as it is asked.
pub(super) struct Asked {
    answer: Option<Result<JsValue, JsValue>>,
    name: String,
}

/// Asks where a file of this name shall go. Browsers allow that in answer to a press only.
pub(super) fn ask(name: String) -> Asked {
    let picker = Reflect::get(&window(), &"showSaveFilePicker".into());
    let picker = picker.ok().and_then(|it| it.dyn_into::<Function>().ok());
    let answer = picker.map(|picker| {
        let options = Object::new();
        // A fresh object takes every property.
        let _ = Reflect::set(&options, &"suggestedName".into(), &name.as_str().into());
        picker.call1(&window(), &options)
    });
    Asked { answer, name }
}

impl Asked {
    /// What the person said; `None`: they want no file after all.
    pub(super) async fn answer(self) -> Result<Option<Sink>, Failure> {
        let parts = || Sink::Parts(Array::new(), self.name.clone());
        let Some(answer) = self.answer else {
            return Ok(Some(parts()));
        };
        let handle = match answer {
            Ok(promise) => JsFuture::from(Promise::resolve(&promise)).await,
            Err(error) => Err(error),
        };
        let handle = match handle {
            Ok(handle) => handle,
            Err(error) if is_abort(&error) => return Ok(None),
            // The browser asks nobody here.
            Err(_) => return Ok(Some(parts())),
        };
        Sink::open(handle).await.map(Some)
    }
}

impl Sink {
    /// Into a file of this handle.
    pub(super) async fn open(handle: JsValue) -> Result<Self, Failure> {
        let stream = act(&handle, "createWritable", &[]).await;
        let stream = stream.map_err(|_| failure(ErrorCode::BakWrite))?;
        Ok(Self::Chosen(handle, stream))
    }

    pub(super) async fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let array = Uint8Array::from(bytes);
        let written = match self {
            Self::Chosen(_, stream) => act(stream, "write", &[array.into()]).await.map(drop),
            // As blobs of their own, which browsers need not hold in memory.
            Self::Parts(parts, _) => {
                let part = Blob::new_with_u8_array_sequence(&Array::of1(&array));
                part.map(|part| {
                    parts.push(&part);
                })
            }
        };
        written.map_err(|_| failure(ErrorCode::BakWrite))
    }

    /// All of it was written. Gives what is there now.
    pub(super) async fn close(&self) -> Result<Blob, Failure> {
        let written = match self {
            Self::Chosen(handle, stream) => match act(stream, "close", &[]).await {
                Ok(_) => act(handle, "getFile", &[]).await,
                Err(error) => Err(error),
            },
            Self::Parts(parts, _) => {
                let options = web_sys::BlobPropertyBag::new();
                options.set_type(CONTENT_TYPE);
                Blob::new_with_blob_sequence_and_options(parts, &options).map(JsValue::from)
            }
        };
        let written = written.and_then(|written| written.dyn_into::<Blob>());
        written.map_err(|_| failure(ErrorCode::BakWrite))
    }

    /// Its name, when it is a download.
    pub(super) fn download(&self) -> Option<&str> {
        match self {
            Self::Chosen(..) => None,
            Self::Parts(_, name) => Some(name),
        }
    }

    /// The file is good: a download begins now, a chosen file stays.
    pub(super) fn keep(&self, written: &Blob) {
        if let Self::Parts(_, name) = self {
            blob::save(written, name);
        }
    }

    /// There is to be no file.
    pub(super) async fn drop_file(self) {
        if let Self::Chosen(handle, stream) = self {
            // Closed already, or of a browser that removes nothing: then an unfinished file stays, which opens nothing.
            let _ = act(&stream, "abort", &[]).await;
            let _ = act(&handle, "remove", &[]).await;
        }
    }
}

/// Reads a piece of a file from there on; empty at its end.
pub(super) async fn read(file: &Blob, from: f64) -> Result<Vec<u8>, Failure> {
    let unreadable = |_| failure(ErrorCode::BakRead);
    let piece = file.slice_with_f64_and_f64(from, from + PIECE);
    let buffer = JsFuture::from(piece.map_err(unreadable)?.array_buffer());
    let buffer = buffer.await.map_err(unreadable)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Calls a method that gives a promise.
pub(super) async fn act(
    target: &JsValue,
    name: &str,
    with: &[JsValue],
) -> Result<JsValue, JsValue> {
    let method: Function = Reflect::get(target, &name.into())?.dyn_into()?;
    let promise = method.apply(target, &with.iter().collect())?;
    JsFuture::from(Promise::resolve(&promise)).await
}

pub(super) fn is_abort(error: &JsValue) -> bool {
    let error = error.dyn_ref::<DomException>();
    error.is_some_and(|error| error.name() == "AbortError")
}

pub(super) fn failure(code: ErrorCode) -> Failure {
    Failure {
        code,
        number: None,
        detail: String::new(),
    }
}
