//! PNG and APNG: chunks up to `IEND`.
//!
//! ```text
//!  0            4        8                8+n      12+n
//!  +------------+--------+----------------+--------+
//!  | n BE u32   | type   | body (n bytes) | CRC-32 |
//!  +------------+--------+----------------+--------+
//! ```

use super::{Facts, Format, PictureError, Reader, exif, keep, unknown};

pub(super) fn walk(bytes: &[u8], mut out: Option<&mut Vec<u8>>) -> Result<Facts, PictureError> {
    let mut facts = unknown(Format::Png);
    let mut reader = Reader::new(bytes);
    keep(&mut out, reader.take(8)?);
    let mut data = false;
    loop {
        let start = reader.at;
        let length = reader.array::<4>()?;
        let kind = reader.array::<4>()?;
        let size =
            usize::try_from(u32::from_be_bytes(length)).map_err(|_| PictureError::Damaged)?;
        let body = reader.take(size)?;
        reader.take(4)?;
        let whole = &bytes[start..reader.at];
        let first = start == 8;
        if first != (&kind == b"IHDR") {
            return Err(PictureError::Damaged);
        }
        match &kind {
            b"IHDR" => {
                let header: [u8; 13] = body.try_into().map_err(|_| PictureError::Damaged)?;
                let [a, b, c, d, e, f, g, h, _, colour, ..] = header;
                facts.width = u32::from_be_bytes([a, b, c, d]);
                facts.height = u32::from_be_bytes([e, f, g, h]);
                facts.alpha = matches!(colour, 4 | 6);
                keep(&mut out, whole);
            }
            b"IDAT" => {
                data = true;
                keep(&mut out, whole);
            }
            b"tRNS" => {
                facts.alpha = true;
                keep(&mut out, whole);
            }
            b"acTL" => {
                facts.animated = true;
                keep(&mut out, whole);
            }
            b"PLTE" | b"gAMA" | b"cHRM" | b"sRGB" | b"sBIT" | b"bKGD" | b"fcTL" | b"fdAT" => {
                keep(&mut out, whole);
            }
            b"IEND" => {
                keep(&mut out, whole);
                break;
            }
            b"iCCP" => facts.metadata.profile = true,
            b"eXIf" => {
                // Decoders differ on turning a PNG; as most of them we take it as upright.
                exif::read(body, &mut facts.metadata);
                facts.metadata.camera = true;
            }
            b"iTXt" if body.starts_with(b"XML:com.adobe.xmp\0") => {
                facts.metadata.description = true;
            }
            b"tEXt" | b"zTXt" | b"iTXt" | b"tIME" => facts.metadata.comment = true,
            // A small first letter marks what a decoder may leave out.
            [first, ..] if first.is_ascii_lowercase() => facts.metadata.other = true,
            _ => return Err(PictureError::Damaged),
        }
    }
    if !data {
        return Err(PictureError::Damaged);
    }
    if !reader.is_empty() {
        facts.metadata.other = true;
    }
    Ok(facts)
}
