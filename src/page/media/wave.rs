//! The shape of a sound: loudest moments in a row of bars, computed here since the network does not carry them
//! (20-messages 4.11).

use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioBuffer, OfflineAudioContext};

/// Bars of a whole sound.
pub(super) const BARS: usize = 48;
/// Larger files show no shape.
const MAX_BYTES: usize = 3_000_000;
/// Decoded for its shape only (Hz).
const RATE: f32 = 8_000.0;

/// Heights from 0 to 100 and the length in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wave {
    pub bars: Vec<u8>,
    pub seconds: f64,
}

/// Decodes a sound; `None` when the browser cannot or it is too large for that.
pub(super) async fn measure(bytes: &[u8]) -> Option<Wave> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let context =
        OfflineAudioContext::new_with_number_of_channels_and_length_and_sample_rate(1, 1, RATE)
            .ok()?;
    let decoding = context
        .decode_audio_data(&Uint8Array::from(bytes).buffer())
        .ok()?;
    let sound: AudioBuffer = JsFuture::from(decoding).await.ok()?.unchecked_into();
    let samples = sound.get_channel_data(0).ok()?;
    Some(Wave {
        bars: bars(&samples, BARS),
        seconds: sound.duration(),
    })
}

/// The loudest sample of each part, the loudest of all being 100.
pub(super) fn bars(samples: &[f32], count: usize) -> Vec<u8> {
    let part = samples.len().div_ceil(count).max(1);
    let peaks: Vec<f32> = samples
        .chunks(part)
        .map(|part| part.iter().fold(0.0f32, |peak, one| peak.max(one.abs())))
        .collect();
    let loudest = peaks.iter().copied().fold(0.001, f32::max);
    peaks
        .iter()
        .map(|peak| (peak / loudest * 100.0) as u8)
        .collect()
}

/// Draws bars from left to right; those up to `done` (0 to 1) are the past.
#[component]
pub(super) fn Bars(
    #[prop(into)] bars: Signal<Vec<u8>>,
    #[prop(into)] done: Signal<f64>,
) -> impl IntoView {
    let path = move |past: bool| {
        bars.with(|bars| {
            let passed = done.get() * bars.len() as f64;
            let mut path = String::new();
            for (at, height) in bars.iter().enumerate() {
                if ((at as f64) < passed) == past {
                    let half = (f64::from(*height) * 0.14).max(1.0);
                    path.push_str(&format!("M{} {}v{}", at * 4 + 2, 16.0 - half, half * 2.0));
                }
            }
            path
        })
    };
    let frame = move || format!("0 0 {} 32", bars.with(Vec::len).max(1) * 4);
    view! {
        <svg class="wave" viewBox=frame preserveAspectRatio="none" aria-hidden="true">
            <path class="future" d=move || path(false) />
            <path class="past" d=move || path(true) />
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::bars;

    #[test]
    fn the_loudest_part_is_the_highest_bar() {
        let quiet_then_loud: Vec<f32> =
            (0..960).map(|n| if n < 480 { 0.1 } else { -0.4 }).collect();
        let shape = bars(&quiet_then_loud, 48);
        assert_eq!(shape.len(), 48);
        assert_eq!((shape[0], shape[47]), (25, 100));
    }

    #[test]
    fn silence_and_nothing_are_flat() {
        assert!(bars(&[], 48).is_empty());
        assert!(bars(&[0.0; 10], 48).iter().all(|&bar| bar == 0));
        assert!(bars(&[f32::NAN; 10], 4).iter().all(|&bar| bar == 0));
    }
}
