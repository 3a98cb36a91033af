//! Reads QR codes out of pictures, in a worker of its own (50-browser 10.3): the decoder is a part of the program that is
//! fetched only when somebody scans, and a picture that makes it fail ends nothing but that worker. It knows no keys and no account.
//!
//! In: `[width, height, luma]` with one byte per pixel, row by row. Out: the text of the first code, or `null`.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// The longest side of a picture, in pixels.
pub const MAX_SIDE: u32 = 2_048;

/// The name of a worker that does this and nothing else.
pub const WORKER_NAME: &str = "onionskin-qr";

/// Whether this runs in such a worker.
pub fn is_wanted() -> bool {
    js_sys::global()
        .dyn_into::<DedicatedWorkerGlobalScope>()
        .is_ok_and(|scope| scope.name() == WORKER_NAME)
}

/// Listens to the page. Says `true` once when it is ready.
pub fn start() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let answer_to = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let text = picture(&event.data()).and_then(|(w, h, luma)| read(w, h, &luma));
        post(
            &answer_to,
            &text.map_or(JsValue::NULL, |text| JsValue::from_str(&text)),
        );
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    post(&scope, &JsValue::TRUE);
}

/// A string or a constant can always be cloned.
fn post(scope: &DedicatedWorkerGlobalScope, value: &JsValue) {
    let _ = scope.post_message(value);
}

fn picture(data: &JsValue) -> Option<(u32, u32, Vec<u8>)> {
    let parts = data.dyn_ref::<Array>()?;
    let side = |at: u32| {
        let side = parts.get(at).as_f64()?;
        (1.0..=f64::from(MAX_SIDE))
            .contains(&side)
            .then_some(side as u32)
    };
    let luma = parts.get(2).dyn_into::<Uint8Array>().ok()?;
    Some((side(0)?, side(1)?, luma.to_vec()))
}

/// The text of the first readable code of a picture; `None` when there is none or the picture is not of this size.
pub fn read(width: u32, height: u32, luma: &[u8]) -> Option<String> {
    let (w, h) = (width as usize, height as usize);
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE || luma.len() != w * h {
        return None;
    }
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(w, h, |x, y| luma[y * w + x]);
    prepared
        .detect_grids()
        .into_iter()
        .find_map(|grid| grid.decode().ok())
        .map(|(_, text)| text)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// A code as the page draws it, with four cells of margin.
    fn drawn(text: &str, cell: usize) -> (u32, u32, Vec<u8>) {
        let code = fast_qr::QRBuilder::new(text).build().unwrap();
        let side = (code.size + 8) * cell;
        let dark = |x: usize, y: usize| {
            let inside = |at: usize| (at / cell).checked_sub(4).filter(|at| *at < code.size);
            matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[y][x].value())
        };
        let luma = (0..side * side)
            .map(|at| if dark(at % side, at / side) { 20 } else { 250 })
            .collect();
        (side as u32, side as u32, luma)
    }

    #[test]
    fn a_code_that_is_drawn_is_read() {
        let id = format!("05{}", "a1b2".repeat(16));
        let (w, h, luma) = drawn(&id, 5);
        assert_eq!(read(w, h, &luma), Some(id));
    }

    #[test]
    fn a_picture_without_a_code_or_of_another_size_gives_nothing() {
        assert_eq!(read(64, 64, &[200; 64 * 64]), None);
        assert_eq!(read(64, 64, &[200; 64]), None);
        assert_eq!(read(0, 0, &[]), None);
        assert_eq!(read(MAX_SIDE + 1, 1, &vec![0; MAX_SIDE as usize + 1]), None);
    }

    #[test]
    fn a_damaged_code_is_read_right_or_not_at_all() {
        let id = format!("05{}", "a1b2".repeat(16));
        let (w, h, mut luma) = drawn(&id, 4);
        for at in 0..luma.len() {
            if at % 97 < 40 && at > luma.len() / 3 && at < luma.len() / 2 {
                luma[at] = 250;
            }
        }
        assert!(read(w, h, &luma).is_none_or(|text| text == id));
    }

    proptest! {
        #[test]
        fn no_picture_ends_the_reader(w in 1u32..60, h in 1u32..60, seed in prop::collection::vec(any::<u8>(), 1..200)) {
            let luma: Vec<u8> = seed.iter().copied().cycle().take((w * h) as usize).collect();
            let _ = read(w, h, &luma);
        }

        #[test]
        fn a_code_with_wounds_is_read_right_or_not_at_all(from in 0usize..30_000, length in 0usize..8_000, shade: u8) {
            let (w, h, mut luma) = drawn("0123456789abcdef", 4);
            let end = (from + length).min(luma.len());
            if from < end {
                luma[from..end].fill(shade);
            }
            prop_assert!(read(w, h, &luma).is_none_or(|text| text == "0123456789abcdef"));
        }
    }
}
