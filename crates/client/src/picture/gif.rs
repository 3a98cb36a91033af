//! GIF: a header, then blocks up to the trailer (`3B`).
//!
//! ```text
//!  0      6       8        10      11   13
//!  +------+-------+--------+-------+----+--------------------+
//!  | name | width | height | flags | .. | colour table, blocks|
//!  +------+-------+--------+-------+----+--------------------+
//! ```
//! Numbers are little-endian. Data are in sub-blocks of 1 to 255 bytes, each after its length, up to one of length 0.

use super::{Facts, Format, PictureError, Reader, keep, unknown};

pub(super) fn walk(bytes: &[u8], mut out: Option<&mut Vec<u8>>) -> Result<Facts, PictureError> {
    let mut facts = unknown(Format::Gif);
    let mut reader = Reader::new(bytes);
    let head = reader.take(13)?;
    facts.width = u32::from(u16::from_le_bytes([head[6], head[7]]));
    facts.height = u32::from(u16::from_le_bytes([head[8], head[9]]));
    reader.take(table(head[10]))?;
    keep(&mut out, &bytes[..reader.at]);
    let mut frames = 0u32;
    loop {
        let start = reader.at;
        match reader.byte()? {
            0x2c => {
                let place = reader.take(9)?;
                reader.take(table(place[8]))?;
                // Least code size.
                reader.byte()?;
                blocks(&mut reader)?;
                keep(&mut out, &bytes[start..reader.at]);
                frames = frames.saturating_add(1);
            }
            0x21 => {
                let label = reader.byte()?;
                let first = reader.at;
                blocks(&mut reader)?;
                let body = &bytes[first..reader.at];
                let loops = label == 0xff
                    && (body.starts_with(b"\x0bNETSCAPE2.0\x03\x01") && body.len() == 17
                        || body.starts_with(b"\x0bANIMEXTS1.0\x03\x01") && body.len() == 17);
                match label {
                    0xf9 if body.len() == 6 => {
                        facts.alpha |= body[1] & 1 != 0;
                        keep(&mut out, &bytes[start..reader.at]);
                    }
                    0xff if loops => keep(&mut out, &bytes[start..reader.at]),
                    0xff if body.starts_with(b"\x0bXMP DataXMP") => {
                        facts.metadata.description = true;
                    }
                    0xff if body.starts_with(b"\x0bICCRGBG1012") => facts.metadata.profile = true,
                    0xfe | 0x01 => facts.metadata.comment = true,
                    _ => facts.metadata.other = true,
                }
            }
            0x3b => {
                keep(&mut out, &[0x3b]);
                break;
            }
            _ => return Err(PictureError::Damaged),
        }
    }
    if frames == 0 {
        return Err(PictureError::Damaged);
    }
    if !reader.is_empty() {
        facts.metadata.other = true;
    }
    facts.animated = frames > 1;
    Ok(facts)
}

/// Bytes of the colour table that flags announce.
const fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// Passes over sub-blocks, the one of length 0 included.
fn blocks(reader: &mut Reader<'_>) -> Result<(), PictureError> {
    loop {
        match reader.byte()? {
            0 => return Ok(()),
            length => reader.take(usize::from(length))?,
        };
    }
}
