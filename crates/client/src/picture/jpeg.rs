//! JPEG: segments up to the end of the image.
//!
//! ```text
//!  0    1        2            4
//!  +----+--------+------------+-----------------------+
//!  | FF | marker | len BE u16 | body (len − 2 bytes)  |
//!  +----+--------+------------+-----------------------+
//! ```
//! After a start of scan (`DA`) follow coded bytes up to the next marker that is neither `00` nor `D0`–`D7`.

use super::{Facts, Format, PictureError, Reader, exif, keep, unknown};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
/// JFIF without its preview: the word, version, density.
const JFIF: usize = 12;

pub(super) fn walk(bytes: &[u8], mut out: Option<&mut Vec<u8>>) -> Result<Facts, PictureError> {
    let mut facts = unknown(Format::Jpeg);
    let mut reader = Reader::new(bytes);
    keep(&mut out, reader.take(2)?);
    let mut oriented = false;
    let mut scanned = false;
    loop {
        let marker = next_marker(&mut reader)?;
        match marker {
            EOI => {
                keep(&mut out, &[0xff, EOI]);
                break;
            }
            SOI => return Err(PictureError::Damaged),
            // Without a body.
            0x01 | 0xd0..=0xd7 => {
                keep(&mut out, &[0xff, marker]);
                continue;
            }
            _ => {}
        }
        let length = reader.array::<2>()?;
        let size = usize::from(u16::from_be_bytes(length));
        let body = reader.take(size.checked_sub(2).ok_or(PictureError::Damaged)?)?;
        match marker {
            0xe0 if body.starts_with(b"JFIF\0") && body.len() >= JFIF => {
                if body.len() > JFIF + 2
                    || body
                        .get(JFIF..)
                        .is_some_and(|rest| rest.iter().any(|&b| b != 0))
                {
                    facts.metadata.other = true;
                }
                segment(&mut out, marker, &[&body[..JFIF], &[0, 0]].concat());
            }
            0xe1 if body.starts_with(b"Exif\0\0") => {
                let orientation = exif::read(body, &mut facts.metadata);
                if !oriented && orientation != 1 {
                    facts.orientation = orientation;
                    oriented = true;
                    segment(&mut out, marker, &exif::only_orientation(orientation));
                } else {
                    facts.metadata.camera = true;
                }
            }
            0xe1 | 0xed => facts.metadata.description = true,
            0xe2 if body.starts_with(b"ICC_PROFILE\0") => facts.metadata.profile = true,
            // How colours are coded: a decoder needs it.
            0xee if body.starts_with(b"Adobe") && body.len() == 12 => {
                segment(&mut out, marker, body);
            }
            0xfe => facts.metadata.comment = true,
            0xe0..=0xfd => facts.metadata.other = true,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let (Some(height), Some(width)) = (body.get(1..3), body.get(3..5)) else {
                    return Err(PictureError::Damaged);
                };
                facts.height = u32::from(u16::from_be_bytes([height[0], height[1]]));
                facts.width = u32::from(u16::from_be_bytes([width[0], width[1]]));
                segment(&mut out, marker, body);
            }
            // Tables.
            0xc4 | 0xcc | 0xdb | 0xdd => segment(&mut out, marker, body),
            SOS => {
                segment(&mut out, marker, body);
                keep(&mut out, scan(&mut reader)?);
                scanned = true;
            }
            _ => return Err(PictureError::Damaged),
        }
    }
    if !scanned {
        return Err(PictureError::Damaged);
    }
    if !reader.is_empty() {
        facts.metadata.other = true;
    }
    Ok(facts)
}

/// The marker after `FF`, of which there may be several.
fn next_marker(reader: &mut Reader<'_>) -> Result<u8, PictureError> {
    if reader.byte()? != 0xff {
        return Err(PictureError::Damaged);
    }
    loop {
        match reader.byte()? {
            0xff => {}
            0 => return Err(PictureError::Damaged),
            marker => return Ok(marker),
        }
    }
}

/// Coded bytes up to the next marker.
fn scan<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], PictureError> {
    let rest = &reader.bytes[reader.at..];
    let end = rest
        .windows(2)
        .position(|two| two[0] == 0xff && !matches!(two[1], 0 | 0xd0..=0xd7 | 0xff))
        .ok_or(PictureError::Damaged)?;
    reader.take(end)
}

fn segment(out: &mut Option<&mut Vec<u8>>, marker: u8, body: &[u8]) {
    // Bodies come from segments, or are shorter than the one they replace, or have 32 bytes.
    let length = u16::try_from(body.len() + 2)
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    keep(out, &[0xff, marker]);
    keep(out, &length);
    keep(out, body);
}
