//! Pictures on their way out, in a real browser and in a worker as in the product.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use js_sys::Uint8Array;
use onionskin::bridge::Quality;
use onionskin::worker::media::picture::{prepare, thumbnail};
use onionskin_client::api::ErrorCode;
use onionskin_client::picture::{Format, inspect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{ImageEncodeOptions, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A picture as the browser makes it: left half of one colour, right half of another.
async fn drawn(width: u32, height: u32, format: Format, right: &str) -> Vec<u8> {
    let canvas = OffscreenCanvas::new(width, height).unwrap();
    let context: OffscreenCanvasRenderingContext2d =
        canvas.get_context("2d").unwrap().unwrap().unchecked_into();
    context.set_fill_style_str("rgb(200, 40, 40)");
    context.fill_rect(0.0, 0.0, f64::from(width) / 2.0, f64::from(height));
    context.set_fill_style_str(right);
    context.fill_rect(
        f64::from(width) / 2.0,
        0.0,
        f64::from(width) / 2.0,
        f64::from(height),
    );
    let options = ImageEncodeOptions::new();
    options.set_type(format.mime());
    let blob = JsFuture::from(canvas.convert_to_blob_with_options(&options).unwrap())
        .await
        .unwrap();
    let blob: web_sys::Blob = blob.unchecked_into();
    let buffer = JsFuture::from(blob.array_buffer()).await.unwrap();
    Uint8Array::new(&buffer).to_vec()
}

/// Puts EXIF with a place and an orientation behind the first two bytes.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut body = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    body.extend([0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    body.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
    body.extend(b"\0\0\0\0\0\0 52.5200 13.4050");
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &body, &jpeg[2..]].concat()
}

#[wasm_bindgen_test]
async fn a_photograph_is_turned_made_smaller_and_tells_nothing() {
    let file = with_exif(
        &drawn(3_000, 1_500, Format::Jpeg, "rgb(40, 40, 200)").await,
        6,
    );
    let ready = prepare(&file, Quality::Balanced).await.unwrap();
    assert!(ready.removed.location);
    assert_eq!((ready.width, ready.height), (1_000, 2_000));
    assert_eq!(ready.content_type, "image/jpeg");
    let facts = inspect(&ready.bytes.0).unwrap();
    assert_eq!(
        (facts.width, facts.height, facts.orientation),
        (1_000, 2_000, 1)
    );
    assert!(!facts.metadata.any());
    let small = prepare(&file, Quality::Small).await.unwrap();
    assert_eq!((small.width, small.height), (640, 1_280));
}

#[wasm_bindgen_test]
async fn the_original_keeps_every_byte_of_its_pixels() {
    // Without the profile that some encoders add: such pictures are brought to the common colour space instead.
    let drawn = drawn(400, 300, Format::Jpeg, "rgb(40, 40, 200)").await;
    let clean = onionskin_client::picture::strip(&drawn).unwrap();
    let ready = prepare(&with_exif(&clean, 1), Quality::Original)
        .await
        .unwrap();
    assert_eq!(ready.bytes.0, clean);
    assert!(ready.removed.location);
}

#[wasm_bindgen_test]
async fn what_is_transparent_stays_so() {
    let file = drawn(2_600, 1_300, Format::Png, "rgba(0, 0, 0, 0)").await;
    let ready = prepare(&file, Quality::Balanced).await.unwrap();
    assert!(matches!(
        ready.content_type.as_str(),
        "image/webp" | "image/png"
    ));
    assert!(inspect(&ready.bytes.0).unwrap().alpha);
    assert_eq!((ready.width, ready.height), (2_000, 1_000));
}

#[wasm_bindgen_test]
async fn a_thumbnail_is_small_and_a_picture() {
    let file = drawn(3_000, 1_500, Format::Png, "rgb(40, 200, 40)").await;
    let small = inspect(&thumbnail(&file, 320).await.unwrap()).unwrap();
    assert_eq!((small.width, small.height), (320, 160));
}

#[wasm_bindgen_test]
async fn damaged_and_foreign_files_are_refused() {
    let mut cut = drawn(400, 300, Format::Jpeg, "rgb(1, 2, 3)").await;
    cut.truncate(cut.len() / 2);
    for file in [&cut[..], b"<svg/>", b"", b"\0\0\0\x18ftypheic"] {
        let refused = prepare(file, Quality::Balanced).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::FileType);
    }
}
