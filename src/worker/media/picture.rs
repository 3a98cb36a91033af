//! A picture on its way out: decoded, turned, made smaller and encoded anew, so that nothing but pixels is left; or, where
//! every pixel counts, stripped piece by piece (20-messages 5.4, 50-browser 10.2).

use super::failure;
use crate::bridge::{FILE_LIMIT, Prepared, Quality};
use crate::canvas;
use crate::worker::platform::global;
use js_sys::{ArrayBuffer, Uint8Array};
use onionskin_client::api::{Blob, ErrorCode, Failure};
use onionskin_client::picture::{Facts, Format, MAX_PIXELS, inspect, strip};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    BlobPropertyBag, ImageBitmap, ImageBitmapOptions, ImageEncodeOptions, ImageOrientation,
    OffscreenCanvas, WorkerGlobalScope,
};

/// How well stills are encoded, 0 to 1.
const ENCODER_QUALITY: f64 = 0.85;
/// For the original size.
const BEST_QUALITY: f64 = 0.95;

/// Makes a picture ready to be sent.
pub async fn prepare(bytes: &[u8], quality: Quality) -> Result<Prepared, Failure> {
    let facts = facts_of(bytes)?;
    let moving = facts.animated || facts.format == Format::Gif;
    // A profile goes with the metadata, so the colours have to be brought to the common space first.
    let as_it_is = moving || (quality == Quality::Original && !facts.metadata.profile);
    if as_it_is || !canvas::tells_the_truth() {
        return stripped(bytes, &facts);
    }
    let (width, height) = facts.upright();
    let (to_width, to_height) = fit(width, height, quality.side());
    let bitmap = decode(bytes, facts.format).await?;
    let best = quality == Quality::Original;
    let encoder = if best { BEST_QUALITY } else { ENCODER_QUALITY };
    let encoded = encode(&bitmap, to_width, to_height, &facts, encoder).await;
    bitmap.close();
    let (format, encoded) = encoded?;
    let same_size = (to_width, to_height) == (width, height);
    if same_size && !facts.metadata.profile && encoded.len() > bytes.len() {
        return stripped(bytes, &facts);
    }
    // An encoder may write a profile or its own name.
    finished(&encoded, format, to_width, to_height, &facts)
}

/// A small form of a picture, for tiles.
pub async fn thumbnail(bytes: &[u8], side: u32) -> Result<Vec<u8>, Failure> {
    let facts = facts_of(bytes)?;
    let (width, height) = facts.upright();
    let (to_width, to_height) = fit(width, height, Some(side.clamp(16, 2_048)));
    if !canvas::tells_the_truth() {
        return Ok(bytes.to_vec());
    }
    let bitmap = decode(bytes, facts.format).await?;
    let encoded = encode(&bitmap, to_width, to_height, &facts, ENCODER_QUALITY).await;
    bitmap.close();
    encoded.map(|(_, bytes)| bytes)
}

fn facts_of(bytes: &[u8]) -> Result<Facts, Failure> {
    let facts = inspect(bytes).map_err(|error| failure(ErrorCode::FileType, &error.to_string()))?;
    if u64::from(facts.width) * u64::from(facts.height) > MAX_PIXELS {
        return Err(failure(ErrorCode::FileType, "too many pixels"));
    }
    Ok(facts)
}

/// The file itself without metadata.
fn stripped(bytes: &[u8], facts: &Facts) -> Result<Prepared, Failure> {
    let (width, height) = facts.upright();
    finished(bytes, facts.format, width, height, facts)
}

fn finished(
    bytes: &[u8],
    format: Format,
    width: u32,
    height: u32,
    before: &Facts,
) -> Result<Prepared, Failure> {
    let clean = strip(bytes).map_err(|error| failure(ErrorCode::FileMeta, &error.to_string()))?;
    if clean.len() > FILE_LIMIT {
        return Err(Failure {
            number: u32::try_from(clean.len()).ok(),
            ..failure(ErrorCode::FileTooBig, "")
        });
    }
    Ok(Prepared {
        bytes: Blob(clean),
        content_type: format.mime().to_owned(),
        extension: format.extension().to_owned(),
        width,
        height,
        removed: before.metadata,
    })
}

/// The largest size of the same shape with no side longer than asked; never larger than it was.
fn fit(width: u32, height: u32, side: Option<u32>) -> (u32, u32) {
    let longest = width.max(height);
    match side {
        Some(side) if longest > side => {
            let scaled = |one: u32| {
                let scaled = (u64::from(one) * u64::from(side) + u64::from(longest) / 2)
                    / u64::from(longest);
                u32::try_from(scaled).unwrap_or(side).max(1)
            };
            (scaled(width), scaled(height))
        }
        _ => (width, height),
    }
}

async fn decode(bytes: &[u8], format: Format) -> Result<ImageBitmap, Failure> {
    let refused = |_| failure(ErrorCode::FileType, "the browser cannot decode it");
    let scope: WorkerGlobalScope =
        global("self").ok_or_else(|| failure(ErrorCode::Internal, "no worker scope"))?;
    let options = BlobPropertyBag::new();
    options.set_type(format.mime());
    let parts = js_sys::Array::of1(&Uint8Array::from(bytes));
    let blob =
        web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options).map_err(refused)?;
    let options = ImageBitmapOptions::new();
    options.set_image_orientation(ImageOrientation::FromImage);
    let decoding = scope
        .create_image_bitmap_with_blob_and_image_bitmap_options(&blob, &options)
        .map_err(refused)?;
    JsFuture::from(decoding)
        .await
        .map(JsCast::unchecked_into)
        .map_err(refused)
}

/// Draws and encodes: photographs as JPEG, everything else as WebP where the browser can, else as PNG or JPEG. Browsers
/// answer PNG for what they cannot, so the bytes tell what it became.
async fn encode(
    bitmap: &ImageBitmap,
    width: u32,
    height: u32,
    facts: &Facts,
    quality: f64,
) -> Result<(Format, Vec<u8>), Failure> {
    let lost = |_: JsValue| failure(ErrorCode::FileMeta, "the browser cannot encode it");
    let (canvas, context) = canvas::offscreen(width, height).map_err(lost)?;
    context.set_image_smoothing_enabled(true);
    // Where it is unknown, this sets an idle property.
    let _ = js_sys::Reflect::set(&context, &"imageSmoothingQuality".into(), &"high".into());
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(
            bitmap,
            0.0,
            0.0,
            f64::from(width),
            f64::from(height),
        )
        .map_err(lost)?;
    let wanted = if facts.format == Format::Jpeg {
        Format::Jpeg
    } else {
        Format::WebP
    };
    let encoded = to_bytes(&canvas, wanted, quality).await.map_err(lost)?;
    let got = Format::of(&encoded);
    match got {
        Some(Format::Png) if !facts.alpha => {
            let encoded = to_bytes(&canvas, Format::Jpeg, quality)
                .await
                .map_err(lost)?;
            Ok((Format::of(&encoded).unwrap_or(Format::Jpeg), encoded))
        }
        Some(format) => Ok((format, encoded)),
        None => Err(failure(ErrorCode::FileMeta, "the browser encoded nothing")),
    }
}

async fn to_bytes(
    canvas: &OffscreenCanvas,
    format: Format,
    quality: f64,
) -> Result<Vec<u8>, JsValue> {
    let options = ImageEncodeOptions::new();
    options.set_type(format.mime());
    options.set_quality(quality);
    let blob = JsFuture::from(canvas.convert_to_blob_with_options(&options)?).await?;
    let blob: web_sys::Blob = blob.unchecked_into();
    let buffer: ArrayBuffer = JsFuture::from(blob.array_buffer()).await?.unchecked_into();
    Ok(Uint8Array::new(&buffer).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_picture_shrinks_to_its_longest_side_and_never_grows() {
        assert_eq!(fit(4_000, 3_000, Some(2_000)), (2_000, 1_500));
        assert_eq!(fit(3_000, 4_000, Some(1_280)), (960, 1_280));
        assert_eq!(fit(800, 600, Some(2_000)), (800, 600));
        assert_eq!(fit(65_535, 1, Some(1_280)), (1_280, 1));
        assert_eq!(fit(5_000, 5_000, None), (5_000, 5_000));
    }
}
