//! Bytes as addresses that only this page can open, and files that the person keeps.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Blob, BlobPropertyBag, Url};

/// A `blob:` address; lives until it is revoked.
pub(crate) fn url(bytes: &[u8], content_type: &str) -> Option<String> {
    let options = BlobPropertyBag::new();
    options.set_type(content_type);
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}

/// Frees what an address stands for. Unknown addresses are fine.
pub(crate) fn revoke(url: &str) {
    let _ = Url::revoke_object_url(url);
}

/// Lets the person keep a blob as a file.
pub(crate) fn save(blob: &Blob, name: &str) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else {
        return;
    };
    let link = document()
        .create_element("a")
        .ok()
        .and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok());
    if let Some(link) = link {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The download has its own hold on the bytes once the click is through.
    gloo_timers::callback::Timeout::new(10_000, move || revoke(&url)).forget();
}

/// Lets the person keep a drawing as a PNG file.
pub(crate) fn save_canvas(canvas: &web_sys::HtmlCanvasElement, name: &'static str) {
    let done = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            save(&blob, name);
        }
    });
    // Only canvases with foreign pictures refuse.
    let _ = canvas.to_blob(done.unchecked_ref());
}

/// The type of a picture by its first bytes; only what the network allows for people's pictures.
pub(crate) fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes_and_a_drawing_with_scripts_is_none() {
        assert_eq!(picture_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(picture_type(b"RIFF....WEBPVP8 "), Some("image/webp"));
        assert_eq!(
            picture_type(b"<svg xmlns='http://www.w3.org/2000/svg'>"),
            None
        );
        assert_eq!(picture_type(b""), None);
    }
}
