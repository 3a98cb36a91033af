//! Canvases of page and worker.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{OffscreenCanvas, OffscreenCanvasRenderingContext2d};

/// A canvas that is in no document, and what draws on it.
pub(crate) fn offscreen(
    width: u32,
    height: u32,
) -> Result<(OffscreenCanvas, OffscreenCanvasRenderingContext2d), JsValue> {
    let canvas = OffscreenCanvas::new(width, height)?;
    let context = canvas
        .get_context("2d")?
        .ok_or(JsValue::NULL)?
        .unchecked_into();
    Ok((canvas, context))
}

/// Browsers that hide from fingerprinting give back other pixels than were drawn: then a canvas would spoil the picture.
pub(crate) fn tells_the_truth() -> bool {
    let Ok((_, context)) = offscreen(4, 4) else {
        return false;
    };
    let colour = |x: u32, y: u32| (x * 60 + 20, y * 50 + 30, (x * y) * 20 + 10);
    for (x, y) in (0..16).map(|n| (n % 4, n / 4)) {
        let (r, g, b) = colour(x, y);
        context.set_fill_style_str(&format!("rgb({r},{g},{b})"));
        context.fill_rect(f64::from(x), f64::from(y), 1.0, 1.0);
    }
    let Ok(data) = context.get_image_data(0.0, 0.0, 4.0, 4.0) else {
        return false;
    };
    let pixels = data.data();
    (0..16u32).all(|n| {
        let (r, g, b) = colour(n % 4, n / 4);
        let at = n as usize * 4;
        pixels.get(at..at + 4) == Some(&[r as u8, g as u8, b as u8, 255])
    })
}
