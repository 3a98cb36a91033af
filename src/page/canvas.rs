//! Pictures on a canvas: decoded, drawn, encoded anew. Everything is done in this browser.

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap};

/// A canvas that is in no document.
pub(crate) fn canvas(w: f64, h: f64) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(w as u32);
    canvas.set_height(h as u32);
    let context = context(&canvas)?;
    Some((canvas, context))
}

/// What draws on a canvas.
pub(crate) fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    // Where it is unknown, this sets an idle property.
    let _ = Reflect::set(&context, &"imageSmoothingQuality".into(), &"high".into());
    Some(context)
}

/// Decodes a picture file, upright; `None` when the browser cannot.
pub(crate) async fn bitmap(file: &web_sys::Blob) -> Option<ImageBitmap> {
    let decoding = window().create_image_bitmap_with_blob(file).ok()?;
    JsFuture::from(decoding).await.ok()?.dyn_into().ok()
}

/// The canvas as a file; a browser that cannot write the type gives a PNG.
pub(crate) async fn encoded(
    canvas: &HtmlCanvasElement,
    content_type: &str,
    quality: f64,
) -> Option<web_sys::Blob> {
    let (sender, receiver) = futures::channel::oneshot::channel();
    let done = Closure::once_into_js(move |blob: Option<web_sys::Blob>| {
        // Nobody waits when the screen is gone.
        let _ = sender.send(blob);
    });
    canvas
        .to_blob_with_type_and_encoder_options(done.unchecked_ref(), content_type, &quality.into())
        .ok()?;
    receiver.await.ok()?
}
