//! Short sounds for notifications, made on the spot: nothing is downloaded.

use web_sys::{AudioContext, OscillatorType};

/// The sounds that can be chosen, 1 to 6.
pub(crate) const SOUNDS: u8 = 6;

/// Tones of a sound: start (s), length (s), pitch (Hz).
const fn tones(sound: u8) -> &'static [(f64, f64, f32)] {
    match sound {
        1 => &[(0.0, 0.35, 660.0)],
        2 => &[(0.0, 0.18, 523.25), (0.14, 0.3, 783.99)],
        3 => &[(0.0, 0.15, 880.0), (0.12, 0.25, 659.26)],
        4 => &[(0.0, 0.12, 440.0), (0.1, 0.12, 554.37), (0.2, 0.25, 659.26)],
        5 => &[(0.0, 0.5, 392.0)],
        6 => &[(0.0, 0.08, 1_046.5), (0.12, 0.08, 1_046.5)],
        _ => &[],
    }
}

/// The loudest that a sound gets, at 100 percent.
const LOUDEST: f32 = 0.36;

/// Plays a sound so loud (percent); 0 and numbers that name none are silent. A browser that does not let a page sound before somebody touched it
/// stays silent as well.
pub(crate) fn play(sound: u8, volume: u8) {
    let tones = tones(sound);
    if !tones.is_empty() && volume > 0 {
        let _ = sounded(tones, LOUDEST * f32::from(volume.min(100)) / 100.0);
    }
}

fn sounded(tones: &[(f64, f64, f32)], most: f32) -> Result<(), wasm_bindgen::JsValue> {
    let context = AudioContext::new()?;
    let now = context.current_time();
    let mut end: f64 = 0.0;
    for (start, length, pitch) in tones {
        let (tone, gain) = (context.create_oscillator()?, context.create_gain()?);
        tone.set_type(OscillatorType::Sine);
        tone.frequency().set_value(*pitch);
        let loudness = gain.gain();
        loudness.set_value_at_time(0.0, now + start)?;
        loudness.linear_ramp_to_value_at_time(most, now + start + 0.02)?;
        loudness.exponential_ramp_to_value_at_time(0.001, now + start + length)?;
        tone.connect_with_audio_node(&gain)?;
        gain.connect_with_audio_node(&context.destination())?;
        tone.start_with_when(now + start)?;
        tone.stop_with_when(now + start + length)?;
        end = end.max(start + length);
    }
    gloo_timers::callback::Timeout::new((end * 1000.0) as u32 + 200, move || {
        // A context that is closed already needs nothing more.
        let _ = context.close();
    })
    .forget();
    Ok(())
}
