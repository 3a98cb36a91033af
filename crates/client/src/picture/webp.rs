//! WebP: chunks of a RIFF file.
//!
//! ```text
//!  0      4          8      12
//!  +------+----------+------+---------------------------------------------+
//!  | RIFF | n LE u32 | WEBP | chunks: type, m LE u32, m bytes, even padded |
//!  +------+----------+------+---------------------------------------------+
//! ```

use super::{Facts, Format, PictureError, Reader, exif, keep, unknown};

const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;
const ANIMATION: u8 = 0x02;

pub(super) fn walk(bytes: &[u8], mut out: Option<&mut Vec<u8>>) -> Result<Facts, PictureError> {
    let mut facts = unknown(Format::WebP);
    let mut head = Reader::new(bytes);
    head.take(4)?;
    let size =
        usize::try_from(u32::from_le_bytes(head.array()?)).map_err(|_| PictureError::Damaged)?;
    let inner = head.take(size)?;
    if !head.is_empty() {
        facts.metadata.other = true;
    }
    let mut reader = Reader::new(inner);
    reader.take(4)?;
    let mut body_seen = false;
    keep(&mut out, b"RIFF\0\0\0\0WEBP");
    while !reader.is_empty() {
        let start = reader.at;
        let kind = reader.array::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(reader.array()?))
            .map_err(|_| PictureError::Damaged)?;
        let body = reader.take(size)?;
        let padding = reader.take(size % 2)?;
        let whole = &inner[start..reader.at - padding.len()];
        let mut copy = |whole: &[u8]| {
            keep(&mut out, whole);
            keep(&mut out, &[0][..size % 2]);
        };
        match &kind {
            b"VP8X" => {
                let [flags, _, _, _, w0, w1, w2, h0, h1, h2] =
                    body.try_into().map_err(|_| PictureError::Damaged)?;
                if start != 4 {
                    return Err(PictureError::Damaged);
                }
                facts.width = 1 + u32::from_le_bytes([w0, w1, w2, 0]);
                facts.height = 1 + u32::from_le_bytes([h0, h1, h2, 0]);
                facts.alpha = flags & ALPHA != 0;
                facts.animated = flags & ANIMATION != 0;
                let mut kept = whole.to_vec();
                kept[8] = flags & !(ICC | EXIF | XMP);
                copy(&kept);
            }
            b"VP8 " | b"VP8L" => {
                size_of_frame(&kind, body, &mut facts)?;
                body_seen = true;
                copy(whole);
            }
            b"ANMF" => {
                body_seen = true;
                copy(whole);
            }
            b"ALPH" | b"ANIM" => copy(whole),
            b"ICCP" => facts.metadata.profile = true,
            b"EXIF" => {
                // Decoders do not turn a WebP.
                exif::read(body, &mut facts.metadata);
                facts.metadata.camera = true;
            }
            b"XMP " => facts.metadata.description = true,
            _ => facts.metadata.other = true,
        }
    }
    if !body_seen {
        return Err(PictureError::Damaged);
    }
    if let Some(out) = out {
        let size = u32::try_from(out.len().saturating_sub(8)).map_err(|_| PictureError::Damaged)?;
        if let Some(place) = out.get_mut(4..8) {
            place.copy_from_slice(&size.to_le_bytes());
        }
    }
    Ok(facts)
}

/// A picture without `VP8X` tells its size in its first frame.
fn size_of_frame(kind: &[u8; 4], body: &[u8], facts: &mut Facts) -> Result<(), PictureError> {
    if facts.width != 0 {
        return Ok(());
    }
    if kind == b"VP8L" {
        let Some(&[0x2f, a, b, c, d]) = body.get(..5) else {
            return Err(PictureError::Damaged);
        };
        let bits = u32::from_le_bytes([a, b, c, d]);
        facts.width = 1 + (bits & 0x3fff);
        facts.height = 1 + ((bits >> 14) & 0x3fff);
        facts.alpha = bits & (1 << 28) != 0;
    } else {
        let Some(&[_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1]) = body.get(..10) else {
            return Err(PictureError::Damaged);
        };
        facts.width = u32::from(u16::from_le_bytes([w0, w1]) & 0x3fff);
        facts.height = u32::from(u16::from_le_bytes([h0, h1]) & 0x3fff);
    }
    Ok(())
}
