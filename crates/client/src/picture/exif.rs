//! The two facts of EXIF that matter: which way up, and whether it tells a place.

use super::Metadata;

/// More entries are not read.
const MAX_ENTRIES: u16 = 512;
const ORIENTATION: u16 = 0x0112;
const GPS: u16 = 0x8825;

/// EXIF whose only entry is an orientation, as the body of a JPEG APP1 segment (32 bytes).
pub(super) fn only_orientation(orientation: u8) -> [u8; 32] {
    let mut body = *b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0";
    body[25] = orientation;
    body
}

/// Reads a TIFF structure (with or without the word `Exif` before it) and notes what it tells. Gives the orientation.
pub(super) fn read(body: &[u8], metadata: &mut Metadata) -> u8 {
    let tiff = body.strip_prefix(b"Exif\0\0").unwrap_or(body);
    let mut orientation = 1;
    let mut others = 0u32;
    let complete = entries(tiff, |tag, value| match tag {
        ORIENTATION if (1..=8).contains(&value) => orientation = value as u8,
        GPS => metadata.location = true,
        _ => others += 1,
    });
    let bare = body == only_orientation(orientation);
    if !complete || others > 0 || !bare {
        metadata.camera = true;
    }
    orientation
}

/// Calls for each entry of the first directory; false when the structure is broken.
fn entries(tiff: &[u8], mut each: impl FnMut(u16, u16)) -> bool {
    let big = match tiff.get(..4) {
        Some([b'M', b'M', 0, 42]) => true,
        Some([b'I', b'I', 42, 0]) => false,
        _ => return false,
    };
    let short = |at: usize| {
        let two = [*tiff.get(at)?, *tiff.get(at.checked_add(1)?)?];
        Some(if big {
            u16::from_be_bytes(two)
        } else {
            u16::from_le_bytes(two)
        })
    };
    let Some(four) = tiff
        .get(4..8)
        .and_then(|four| <[u8; 4]>::try_from(four).ok())
    else {
        return false;
    };
    let start = if big {
        u32::from_be_bytes(four)
    } else {
        u32::from_le_bytes(four)
    };
    let Ok(start) = usize::try_from(start) else {
        return false;
    };
    let Some(count) = short(start) else {
        return false;
    };
    for index in 0..usize::from(count.min(MAX_ENTRIES)) {
        let Some(at) = start.checked_add(2 + 12 * index) else {
            return false;
        };
        match (short(at), at.checked_add(8).and_then(short)) {
            (Some(tag), Some(value)) => each(tag, value),
            _ => return false,
        }
    }
    count <= MAX_ENTRIES
}
