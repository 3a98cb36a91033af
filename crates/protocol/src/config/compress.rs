//! zstd in both directions (30-config 5.1). What is read may be any frames of standard zstd, with content up to
//! a length that the reader names; what is written is one frame that names its content size, without checksum or
//! dictionary, as the reference library writes it.
//!
//! ```text
//!  0               4    5                                    
//!  +---------------+----+---------------+----------------------
//!  | 28 b5 2f fd   | d  | size (1 to 4) | blocks …
//!  +---------------+----+---------------+----------------------
//!  d = 20: one byte of size; 60: two bytes, less 256; a0: four bytes (little-endian)
//! ```

use ruzstd::decoding::FrameDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read as _;
use zeroize::Zeroizing;

/// The longest config that is unpacked, in bytes.
pub const MAX_MESSAGE: usize = 10_000_000;

/// A frame may ask for so much memory; the reference library at its level asks for at most the content size.
const MAX_WINDOW: u64 = 16 << 20;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What the encoder writes before the first block: magic number, descriptor, window.
const ENCODER_HEADER: usize = 6;

/// A compressed form that is shorter than `bytes` even with a mark of one byte in front of it, if there is one.
pub fn compress(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let encoded = Zeroizing::new(compress_to_vec(bytes, CompressionLevel::Fastest));
    // The encoder neither names the content size nor keeps the window to it: its header is replaced.
    let descriptor = encoded.get(MAGIC.len()).copied();
    let blocks = encoded.get(ENCODER_HEADER..)?;
    if descriptor != Some(0) || !encoded.starts_with(&MAGIC) {
        return None;
    }
    let mut frame = Zeroizing::new(Vec::with_capacity(encoded.len() + 4));
    frame.extend_from_slice(&MAGIC);
    match bytes.len() {
        length @ ..256 => frame.extend_from_slice(&[0x20, length as u8]),
        length @ 256..65_792 => {
            frame.push(0x60);
            frame.extend_from_slice(&((length - 256) as u16).to_le_bytes());
        }
        length => {
            frame.push(0xa0);
            frame.extend_from_slice(&u32::try_from(length).ok()?.to_le_bytes());
        }
    }
    frame.extend_from_slice(blocks);
    // A frame that does not read back would be lost to every device.
    let shorter = frame.len() + 1 < bytes.len();
    (shorter && decompress(&frame, bytes.len())?.as_slice() == bytes).then_some(frame)
}

/// The content of a sequence of frames. `None` for anything malformed, empty, or longer than `max`.
pub fn decompress(mut frames: &[u8], max: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::new());
    while !frames.is_empty() {
        read_frame(&mut frames, &mut out, max)?;
    }
    (!out.is_empty()).then_some(out)
}

fn read_frame(frames: &mut &[u8], out: &mut Zeroizing<Vec<u8>>, max: usize) -> Option<()> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MAX_WINDOW);
    decoder.init(&mut *frames).ok()?;
    let room = max - out.len();
    if decoder.content_size() > room as u64 {
        return None;
    }
    let mut buffer = Zeroizing::new([0u8; 4096]);
    loop {
        while decoder.can_collect() > 0 {
            let length = decoder.read(buffer.as_mut_slice()).ok()?;
            if out.len() + length > max {
                return None;
            }
            out.extend_from_slice(&buffer[..length]);
        }
        if decoder.is_finished() {
            return Some(());
        }
        let one = ruzstd::decoding::BlockDecodingStrategy::UptoBlocks(1);
        decoder.decode_blocks(&mut *frames, one).ok()?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// A frame without content size: window of 128 KiB, then blocks that repeat one byte.
    fn bomb(blocks: usize) -> Vec<u8> {
        let mut frame = [MAGIC.as_slice(), &[0x00, 7 << 3]].concat();
        for block in 0..blocks {
            let last = u32::from(block + 1 == blocks);
            let header = (128 << 10) << 3 | 1 << 1 | last;
            frame.extend_from_slice(&header.to_le_bytes()[..3]);
            frame.push(0xaa);
        }
        frame
    }

    #[test]
    fn a_small_frame_of_enormous_content_is_refused() {
        assert_eq!(
            decompress(&bomb(76), MAX_MESSAGE).unwrap().len(),
            76 * (128 << 10)
        );
        assert_eq!(decompress(&bomb(77), MAX_MESSAGE), None);
        assert_eq!(decompress(&bomb(100_000), MAX_MESSAGE), None);
        assert_eq!(
            decompress(&[bomb(50), bomb(50)].concat(), MAX_MESSAGE),
            None
        );
    }

    #[test]
    fn a_frame_that_asks_for_too_much_memory_or_names_too_much_content_is_refused() {
        let mut wide = bomb(1);
        wide[5] = 20 << 3;
        assert_eq!(decompress(&wide, MAX_MESSAGE), None);
        let named = [
            MAGIC.as_slice(),
            &[0xa0],
            &u32::MAX.to_le_bytes(),
            &[1, 0, 0],
        ]
        .concat();
        assert_eq!(decompress(&named, MAX_MESSAGE), None);
    }

    #[test]
    fn every_size_of_the_content_size_is_read_back() {
        for length in [
            100, 255, 256, 300, 65_791, 65_792, 131_071, 131_072, 131_073, 300_000,
        ] {
            let bytes: Vec<u8> = b"d1:n8:Person 1:p"
                .iter()
                .copied()
                .cycle()
                .take(length)
                .collect();
            let frame = compress(&bytes).unwrap();
            assert_eq!(*decompress(&frame, MAX_MESSAGE).unwrap(), bytes, "{length}");
        }
    }

    #[test]
    fn what_does_not_shrink_is_left_alone() {
        assert_eq!(compress(b""), None);
        assert_eq!(compress(b"d1:#i0e1:&de1:<le1:=dee"), None);
    }

    proptest! {
        #[test]
        fn what_is_compressed_reads_back(words in prop::collection::vec(prop::sample::select(vec!["d33:", "\u{5}abc", "i1e", "xyz", "1:n"]), 0..4000)) {
            let bytes = words.concat().into_bytes();
            if let Some(frame) = compress(&bytes) {
                prop_assert!(frame.len() < bytes.len());
                prop_assert_eq!(&*decompress(&frame, MAX_MESSAGE).unwrap(), &bytes);
            }
        }

        #[test]
        fn damaged_and_cut_frames_are_refused_or_read_within_bounds(
            bytes in prop::collection::vec(0..4u8, 300..2000), bit: usize, cut: prop::sample::Index,
        ) {
            let frame = compress(&bytes).unwrap();
            prop_assert_eq!(decompress(&frame[..cut.index(frame.len())], MAX_MESSAGE).map(|out| out.len()), None);
            let mut damaged = frame.to_vec();
            damaged[(bit / 8) % frame.len()] ^= 1 << (bit % 8);
            if let Some(out) = decompress(&damaged, MAX_MESSAGE) {
                prop_assert!(out.len() <= MAX_MESSAGE);
            }
        }

        #[test]
        fn no_bytes_make_reading_panic(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decompress(&tail, MAX_MESSAGE);
            let _ = decompress(&[MAGIC.as_slice(), &tail].concat(), MAX_MESSAGE);
        }
    }
}
