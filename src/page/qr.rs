//! QR codes: drawn as one path, read by the worker of `crate::qr` out of camera frames and picture files. Everything is done
//! in this browser.

use super::canvas::{bitmap, canvas};
use crate::bridge::client::WORKER_SCRIPT;
use futures::StreamExt;
use futures::channel::mpsc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;
use web_sys::{
    CanvasRenderingContext2d, HtmlVideoElement, ImageBitmap, MessageEvent, Worker, WorkerOptions,
    WorkerType,
};

/// Longest side of a camera frame that is looked at, in pixels.
const FRAME_SIDE: f64 = 640.0;
/// Sides that a picture file is tried at, in pixels.
const FILE_SIDES: [f64; 2] = [1_600.0, 700.0];
/// Light modules around a code.
const QUIET: usize = 4;

/// A code as an SVG path in a box of `side` by `side`, margin included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub side: usize,
    pub path: String,
    /// Dark runs: left, top, length.
    pub runs: Vec<(usize, usize, usize)>,
}

/// Draws a text of up to a few hundred bytes; longer than any code: `None`.
pub(crate) fn draw(text: &str) -> Option<Drawn> {
    let code = fast_qr::QRBuilder::new(text).build().ok()?;
    let mut runs = Vec::new();
    for y in 0..code.size {
        let row = &code[y];
        let mut x = 0;
        while x < code.size {
            let start = x;
            while x < code.size && row[x].value() {
                x += 1;
            }
            if x > start {
                runs.push((start + QUIET, y + QUIET, x - start));
            }
            x += 1;
        }
    }
    let path = runs
        .iter()
        .map(|(x, y, run)| format!("M{x} {y}h{run}v1h-{run}z"))
        .collect();
    Some(Drawn {
        side: code.size + 2 * QUIET,
        path,
        runs,
    })
}

/// A grey picture.
pub(crate) struct Picture {
    width: u32,
    height: u32,
    luma: Vec<u8>,
}

impl Picture {
    /// The present frame of a camera; `None` before there is one.
    pub(crate) fn of_frame(video: &HtmlVideoElement) -> Option<Self> {
        let size = (
            f64::from(video.video_width()),
            f64::from(video.video_height()),
        );
        Self::drawn(size, FRAME_SIDE, |context, w, h| {
            context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, w, h)
        })
    }

    fn of_bitmap(bitmap: &ImageBitmap, side: f64) -> Option<Self> {
        let size = (f64::from(bitmap.width()), f64::from(bitmap.height()));
        Self::drawn(size, side, |context, w, h| {
            context.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, w, h)
        })
    }

    fn drawn(
        (w, h): (f64, f64),
        side: f64,
        paint: impl FnOnce(&CanvasRenderingContext2d, f64, f64) -> Result<(), JsValue>,
    ) -> Option<Self> {
        if w < 1.0 || h < 1.0 {
            return None;
        }
        let scale = (side / w.max(h)).min(1.0);
        let (w, h) = ((w * scale).ceil(), (h * scale).ceil());
        let (_, context) = canvas(w, h)?;
        // What is transparent counts as light.
        context.set_fill_style_str("white");
        context.fill_rect(0.0, 0.0, w, h);
        paint(&context, w, h).ok()?;
        let pixels = context.get_image_data(0.0, 0.0, w, h).ok()?.data();
        let luma = pixels
            .chunks_exact(4)
            .map(|p| {
                ((u32::from(p[0]) * 77 + u32::from(p[1]) * 150 + u32::from(p[2]) * 29) >> 8) as u8
            })
            .collect();
        Some(Self {
            width: w as u32,
            height: h as u32,
            luma,
        })
    }
}

/// The text of the code in a picture file.
pub(crate) async fn read_file(file: &web_sys::Blob) -> Result<Option<String>, NoReader> {
    let Some(bitmap) = bitmap(file).await else {
        return Ok(None);
    };
    let mut reader = Reader::start()?;
    for side in FILE_SIDES {
        let Some(picture) = Picture::of_bitmap(&bitmap, side) else {
            return Ok(None);
        };
        if let Some(text) = reader.read(picture).await? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// The worker that reads codes could not be loaded, or ended over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoReader;

/// A running worker; ended on drop.
pub(crate) struct Reader {
    worker: Worker,
    answers: mpsc::UnboundedReceiver<Result<JsValue, NoReader>>,
    ready: bool,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Reader {
    pub(crate) fn start() -> Result<Self, NoReader> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(crate::qr::WORKER_NAME);
        let worker = Worker::new_with_options(WORKER_SCRIPT, &options).map_err(|_| NoReader)?;
        let (sender, answers) = mpsc::unbounded();
        let told = sender.clone();
        // Sending fails only when the reader is gone.
        let on_message = Closure::new(move |event: MessageEvent| {
            let _ = told.unbounded_send(Ok(event.data()));
        });
        let on_error = Closure::new(move |_: web_sys::Event| {
            let _ = sender.unbounded_send(Err(NoReader));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            answers,
            ready: false,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// The text of the first code of a picture.
    pub(crate) async fn read(&mut self, picture: Picture) -> Result<Option<String>, NoReader> {
        if !self.ready {
            self.answer().await?;
            self.ready = true;
        }
        let luma = js_sys::Uint8Array::from(picture.luma.as_slice());
        let buffer = js_sys::Array::of1(&luma.buffer());
        let message = js_sys::Array::of3(&picture.width.into(), &picture.height.into(), &luma);
        self.worker
            .post_message_with_transfer(&message, &buffer)
            .map_err(|_| NoReader)?;
        Ok(self.answer().await?.as_string())
    }

    async fn answer(&mut self) -> Result<JsValue, NoReader> {
        self.answers.next().await.unwrap_or(Err(NoReader))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_account_id_fits_and_a_novel_does_not() {
        let drawn = draw(&format!("05{}", "a1".repeat(32))).unwrap();
        assert!(drawn.side > 29 && drawn.path.starts_with("M4 4h7"));
        assert_eq!(draw(&"x".repeat(4_000)), None);
    }
}
