//! A voice message while it is recorded: samples come in, MP3 frames stand ready (20-messages 4.11, 50-browser 10.1).
//!
//! MP3 is what Desktop itself sends and every client plays, and every browser gives samples; so there is one way for all.

use super::failure;
use crate::bridge::{FILE_LIMIT, Reply, VoiceCall};
use onionskin_client::api::{Blob, ErrorCode, Failure};
use shine_rs::{Mp3Encoder, Mp3EncoderConfig, StereoMode};

/// Longest voice message in seconds.
pub const MAX_SECONDS: u64 = 300;
/// Highest sample rate taken in, in Hz.
const MAX_RATE: u32 = 384_000;

/// MP3 that grows.
pub struct Recording {
    /// `None` once all is said.
    encoder: Option<Mp3Encoder>,
    mp3: Vec<u8>,
    /// So many samples in a row are averaged to one, as MP3 ends at 48 kHz.
    every: u32,
    /// Each sample becomes so many, in a line from the one before: the encoder's frames of MPEG-2 have wrong lengths, so what
    /// is below 32 kHz is brought to a rate of MPEG-1.
    times: i32,
    before: i32,
    sum: i32,
    summed: u32,
    samples: u64,
    /// In Hz, of the samples that come in.
    rate: u32,
}

impl Recording {
    /// Mono at 64 kbit/s. Fails with `Internal` for a rate that no power of two brings to 32, 44.1 or 48 kHz.
    pub fn begin(rate: u32) -> Result<Self, Failure> {
        let refused = || failure(ErrorCode::Internal, "no MP3 of this sample rate");
        if rate == 0 || rate > MAX_RATE {
            return Err(refused());
        }
        let (mut coded, mut every, mut times) = (rate, 1, 1);
        while coded > 48_000 && coded % 2 == 0 {
            coded /= 2;
            every *= 2;
        }
        while coded < 32_000 {
            coded *= 2;
            times *= 2;
        }
        let config = Mp3EncoderConfig::new()
            .sample_rate(coded)
            .bitrate(64)
            .channels(1)
            .stereo_mode(StereoMode::Mono);
        Ok(Self {
            encoder: Some(Mp3Encoder::new(config).map_err(|_| refused())?),
            mp3: Vec::new(),
            every,
            times,
            before: 0,
            sum: 0,
            summed: 0,
            samples: 0,
            rate,
        })
    }

    /// Takes samples in: mono, 16 bit little-endian. What lies beyond [`MAX_SECONDS`] is dropped. Fails once it is finished.
    pub fn feed(&mut self, pcm: &[u8]) -> Result<(), Failure> {
        let encoder = self.encoder.as_mut().ok_or_else(broken)?;
        let room = MAX_SECONDS * u64::from(self.rate) - self.samples;
        let mut taken = Vec::with_capacity(pcm.len() / 2);
        for pair in pcm
            .as_chunks::<2>()
            .0
            .iter()
            .take(usize::try_from(room).unwrap_or(usize::MAX))
        {
            self.samples += 1;
            self.sum += i32::from(i16::from_le_bytes(*pair));
            self.summed += 1;
            if self.summed == self.every {
                let mean = self.sum / self.every.cast_signed();
                let step = mean - self.before;
                // Between two of i16 lies one.
                taken
                    .extend((1..=self.times).map(|n| (self.before + step * n / self.times) as i16));
                self.before = mean;
                (self.sum, self.summed) = (0, 0);
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        let frames = encoder.encode_interleaved(&taken).map_err(|_| broken())?;
        for frame in frames {
            self.mp3.extend_from_slice(&frame);
        }
        if self.mp3.len() > FILE_LIMIT {
            return Err(failure(ErrorCode::FileTooBig, ""));
        }
        Ok(())
    }

    /// The frames so far: playable as they are.
    pub fn so_far(&self) -> &[u8] {
        &self.mp3
    }

    /// All of it, as often as it is asked for.
    pub fn finish(&mut self) -> Result<&[u8], Failure> {
        if let Some(mut encoder) = self.encoder.take() {
            let last = encoder.finish().map_err(|_| broken())?;
            self.mp3.extend_from_slice(&last);
        }
        Ok(&self.mp3)
    }
}

fn broken() -> Failure {
    failure(ErrorCode::Internal, "the MP3 encoder stopped")
}

/// Answers a question about the one recording.
pub(crate) fn answer(recording: &mut Option<Recording>, call: VoiceCall) -> Result<Reply, Failure> {
    let none = || failure(ErrorCode::Internal, "nothing is being recorded");
    match call {
        VoiceCall::Begin { rate } => {
            *recording = Some(Recording::begin(rate)?);
            Ok(Reply::Done)
        }
        VoiceCall::Feed { samples } => {
            recording.as_mut().ok_or_else(none)?.feed(&samples.0)?;
            Ok(Reply::Done)
        }
        VoiceCall::SoFar => {
            let recording = recording.as_ref().ok_or_else(none)?;
            Ok(Reply::Bytes(Blob(recording.so_far().to_vec())))
        }
        VoiceCall::Finish => {
            // Kept until the page knows that it is safe elsewhere.
            let recording = recording.as_mut().ok_or_else(none)?;
            Ok(Reply::Bytes(Blob(recording.finish()?.to_vec())))
        }
        VoiceCall::Discard => {
            *recording = None;
            Ok(Reply::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    /// Length in samples of a stream of MPEG layer III frames without anything between them.
    fn length(mp3: &[u8]) -> (u32, u64) {
        let (mut at, mut samples, mut rate) = (0, 0, 0);
        while at < mp3.len() {
            let head = &mp3[at..at + 4];
            assert_eq!((head[0], head[1] & 0xe6), (0xff, 0xe2), "layer III at {at}");
            let version = (head[1] >> 3) & 3;
            let table = [
                [44_100, 48_000, 32_000],
                [22_050, 24_000, 16_000],
                [11_025, 12_000, 8_000],
            ];
            let row = match version {
                3 => 0,
                2 => 1,
                _ => 2,
            };
            rate = table[row][usize::from((head[2] >> 2) & 3)];
            let index = usize::from(head[2] >> 4);
            let kbit = if version == 3 {
                [0, 32, 40, 48, 56, 64, 80, 96, 112, 128][index]
            } else {
                [0, 8, 16, 24, 32, 40, 48, 56, 64, 80][index]
            };
            let per_frame = if version == 3 { 1152 } else { 576 };
            let padding = (head[2] >> 1) & 1;
            at += (per_frame / 8 * kbit * 1000 / rate) as usize + usize::from(padding);
            samples += u64::from(per_frame);
        }
        assert_eq!(at, mp3.len());
        (rate, samples)
    }

    fn tone(rate: u32, seconds: u32) -> Vec<u8> {
        (0..rate * seconds)
            .flat_map(|n| {
                let phase = f64::from(n) * 440.0 * std::f64::consts::TAU / f64::from(rate);
                ((phase.sin() * 12_000.0) as i16).to_le_bytes()
            })
            .collect()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_recording_is_as_long_as_what_was_said_at_every_rate_of_a_sound_card() {
        let rates = [
            (8_000, 32_000),
            (16_000, 32_000),
            (22_050, 44_100),
            (24_000, 48_000),
            (44_100, 44_100),
            (48_000, 48_000),
            (96_000, 48_000),
        ];
        for (rate, coded) in rates {
            let mut recording = Recording::begin(rate).unwrap();
            for piece in tone(rate, 2).chunks(4_096) {
                recording.feed(piece).unwrap();
            }
            let (found, samples) = length(recording.finish().unwrap());
            assert_eq!(found, coded);
            let said = u64::from(coded) * 2;
            assert!(
                (said..=said + 2 * 1152).contains(&samples),
                "{rate}: {samples}"
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn recording_stops_at_the_limit_and_odd_rates_are_refused() {
        let mut recording = Recording::begin(8_000).unwrap();
        let second = vec![0; 16_000];
        for _ in 0..MAX_SECONDS + 5 {
            recording.feed(&second).unwrap();
        }
        let mp3 = recording.finish().unwrap();
        assert!(mp3.len() < FILE_LIMIT);
        assert!(length(mp3).1 <= MAX_SECONDS * 32_000 + 2 * 1152);
        for rate in [0, 1, 47_999, 50_001, u32::MAX] {
            assert!(Recording::begin(rate).is_err());
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn nothing_is_recorded_before_it_begins_or_after_it_ends() {
        let mut place = None;
        assert!(answer(&mut place, VoiceCall::SoFar).is_err());
        answer(&mut place, VoiceCall::Begin { rate: 48_000 }).unwrap();
        let samples = Blob(tone(48_000, 1));
        answer(&mut place, VoiceCall::Feed { samples }).unwrap();
        let Reply::Bytes(so_far) = answer(&mut place, VoiceCall::SoFar).unwrap() else {
            panic!("no bytes")
        };
        let Reply::Bytes(all) = answer(&mut place, VoiceCall::Finish).unwrap() else {
            panic!("no bytes")
        };
        assert!(!so_far.0.is_empty() && all.0.starts_with(&so_far.0));
        // It is there for another try, as it is.
        let samples = Blob(tone(48_000, 1));
        assert!(answer(&mut place, VoiceCall::Feed { samples }).is_err());
        let again = answer(&mut place, VoiceCall::Finish).unwrap();
        assert_eq!(again, Reply::Bytes(all));
        answer(&mut place, VoiceCall::Discard).unwrap();
        assert!(answer(&mut place, VoiceCall::Finish).is_err());
    }
}
