//! Picture files by their bytes: what they are, what they tell about their maker, and the same picture without that
//! (20-messages 5.4, 50-browser 10.2). Pixels are never touched here; decoding is the browser's part.
//!
//! One room per format. All are walks over length-prefixed pieces: every length is checked against what is left, nothing is
//! allocated beyond the size of the input, and a file that ends too early is refused.

mod exif;
mod gif;
mod jpeg;
mod png;
mod webp;

use serde::{Deserialize, Serialize};

/// Pictures with more pixels are not decoded (50-browser 10.2).
pub const MAX_PIXELS: u64 = 50_000_000;

/// A format whose pieces are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
}

impl Format {
    /// The format of a file by its first bytes; `None` for everything else, HEIC, AVIF, TIFF and SVG included.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    /// Its MIME type.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The ending of a file's name, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }
}

/// What a picture file holds beside the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// A place on Earth, in EXIF.
    pub location: bool,
    /// Other EXIF: camera, time, sometimes the owner.
    pub camera: bool,
    /// XMP or IPTC: history of edits, names, places.
    pub description: bool,
    /// A colour profile, which can name a device.
    pub profile: bool,
    /// Comments, times and texts of the format's own.
    pub comment: bool,
    /// Anything else, such as previews, depth maps, films and bytes behind the end.
    pub other: bool,
}

impl Metadata {
    /// There is something.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// A picture as its file tells, without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Format.
    pub format: Format,
    /// Pixels as stored, before any turning.
    pub width: u32,
    /// Pixels as stored, before any turning.
    pub height: u32,
    /// Pixels may be transparent.
    pub alpha: bool,
    /// More than one frame.
    pub animated: bool,
    /// EXIF orientation, 1 to 8; 1 = upright. From 5 on width and height change places.
    pub orientation: u8,
    /// What else is in the file.
    pub metadata: Metadata,
}

impl Facts {
    /// Width and height as shown.
    pub const fn upright(&self) -> (u32, u32) {
        if self.orientation >= 5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// Why a file is no picture to work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// None of the formats.
    #[error("not a picture of a known format")]
    Format,
    /// It breaks its format's rules or ends too early.
    #[error("a damaged picture")]
    Damaged,
}

/// Looks at a file.
pub fn inspect(bytes: &[u8]) -> Result<Facts, PictureError> {
    walk(bytes, None)
}

/// The same picture, pixel data byte for byte, without anything that [`Metadata`] names. What stays: the EXIF orientation
/// alone where the picture is not upright, and what a decoder needs.
pub fn strip(bytes: &[u8]) -> Result<Vec<u8>, PictureError> {
    let mut out = Vec::with_capacity(bytes.len());
    walk(bytes, Some(&mut out))?;
    Ok(out)
}

fn walk(bytes: &[u8], out: Option<&mut Vec<u8>>) -> Result<Facts, PictureError> {
    let format = Format::of(bytes).ok_or(PictureError::Format)?;
    let facts = match format {
        Format::Jpeg => jpeg::walk(bytes, out),
        Format::Png => png::walk(bytes, out),
        Format::WebP => webp::walk(bytes, out),
        Format::Gif => gif::walk(bytes, out),
    }?;
    if facts.width == 0 || facts.height == 0 {
        return Err(PictureError::Damaged);
    }
    Ok(facts)
}

/// Facts of a picture of which nothing is known yet.
const fn unknown(format: Format) -> Facts {
    Facts {
        format,
        width: 0,
        height: 0,
        alpha: false,
        animated: false,
        orientation: 1,
        metadata: Metadata {
            location: false,
            camera: false,
            description: false,
            profile: false,
            comment: false,
            other: false,
        },
    }
}

/// Appends to the output when there is one.
fn keep(out: &mut Option<&mut Vec<u8>>, piece: &[u8]) {
    if let Some(out) = out {
        out.extend_from_slice(piece);
    }
}

/// Bytes yet to be read.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], PictureError> {
        let end = self.at.checked_add(count).ok_or(PictureError::Damaged)?;
        let piece = self.bytes.get(self.at..end).ok_or(PictureError::Damaged)?;
        self.at = end;
        Ok(piece)
    }

    fn byte(&mut self) -> Result<u8, PictureError> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PictureError> {
        self.take(N)?.try_into().map_err(|_| PictureError::Damaged)
    }

    const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &length, body].concat()
    }

    /// EXIF with an orientation and a pointer to GPS data.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
        tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
        tiff.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 0x40, 0, 0, 0]);
        tiff.extend([0; 4]);
        tiff.extend(b"52.5200N 13.4050E");
        [&b"Exif\0\0"[..], &tiff].concat()
    }

    fn jpeg(extra: &[Vec<u8>], tail: &[u8]) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8];
        file.extend(segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
        for one in extra {
            file.extend(one);
        }
        file.extend(segment(0xdb, &[0; 65]));
        file.extend(segment(0xc0, &[8, 0, 30, 0, 40, 1, 1, 0x11, 0]));
        file.extend(segment(0xda, &[1, 1, 0, 0, 63, 0]));
        file.extend([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56, 0xff, 0xd9]);
        file.extend(tail);
        file
    }

    fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[..], kind, body, &[0; 4]].concat()
    }

    fn png(extra: &[Vec<u8>]) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.extend(chunk(b"IHDR", &[0, 0, 0, 40, 0, 0, 0, 30, 8, 6, 0, 0, 0]));
        for one in extra {
            file.extend(one);
        }
        file.extend(chunk(b"IDAT", b"pixels"));
        file.extend(chunk(b"IEND", b""));
        file
    }

    fn riff(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        let pad: &[u8] = if body.len() % 2 == 1 { &[0] } else { &[] };
        [kind, &length[..], body, pad].concat()
    }

    fn webp(flags: u8, extra: &[Vec<u8>]) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        body.extend(riff(b"VP8X", &[flags, 0, 0, 0, 39, 0, 0, 29, 0, 0]));
        for one in extra {
            body.extend(one);
        }
        body.extend(riff(b"VP8L", &[0x2f, 1, 2, 3, 4, 5, 6]));
        [
            &b"RIFF"[..],
            &u32::try_from(body.len()).unwrap().to_le_bytes(),
            &body,
        ]
        .concat()
    }

    fn gif(extra: &[u8]) -> Vec<u8> {
        let mut file = b"GIF89a\x28\0\x1e\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
        file.extend(extra);
        file.extend(b"\x2c\0\0\0\0\x28\0\x1e\0\0\x02\x02\x44\x01\0\x3b");
        file
    }

    #[test]
    fn a_photograph_loses_its_place_and_keeps_its_turn() {
        let file = jpeg(
            &[
                segment(0xe1, &exif(6)),
                segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
                segment(0xe2, b"ICC_PROFILE\0\x01\x01abc"),
                segment(0xed, b"Photoshop 3.0\0"),
                segment(0xfe, b"made by Ann"),
            ],
            b"a film behind the picture",
        );
        let facts = inspect(&file).unwrap();
        assert_eq!((facts.width, facts.height, facts.orientation), (40, 30, 6));
        assert_eq!(facts.upright(), (30, 40));
        let all = Metadata {
            location: true,
            camera: true,
            description: true,
            profile: true,
            comment: true,
            other: true,
        };
        assert_eq!(facts.metadata, all);

        let clean = strip(&file).unwrap();
        let after = inspect(&clean).unwrap();
        assert_eq!(after.orientation, 6);
        assert!(!after.metadata.any());
        for secret in [&b"52.5200N"[..], b"Ann", b"film", b"adobe", b"ICC_"] {
            assert!(!clean.windows(secret.len()).any(|part| part == secret));
        }
        assert!(clean.ends_with(&[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56, 0xff, 0xd9]));
    }

    #[test]
    fn a_clean_picture_stays_as_it_is() {
        for file in [jpeg(&[], b""), png(&[]), webp(0, &[]), gif(b"")] {
            let facts = inspect(&file).unwrap();
            assert_eq!((facts.width, facts.height), (40, 30));
            assert!(!facts.metadata.any(), "{facts:?}");
            assert_eq!(strip(&file).unwrap(), file);
        }
    }

    #[test]
    fn a_png_loses_texts_times_exif_and_profile() {
        let body = exif(1);
        let file = png(&[
            chunk(b"iCCP", b"Display P3\0"),
            chunk(b"eXIf", &body[6..]),
            chunk(b"tEXt", b"Author\0Ann"),
            chunk(b"iTXt", b"XML:com.adobe.xmp\0"),
            chunk(b"tIME", &[0; 7]),
            chunk(b"prVt", b"anything"),
        ]);
        let facts = inspect(&file).unwrap();
        assert!(facts.metadata.location && facts.metadata.profile && facts.metadata.comment);
        assert!(facts.metadata.description && facts.metadata.other && facts.alpha);
        assert_eq!(strip(&file).unwrap(), png(&[]));
        let unknown_critical = png(&[chunk(b"ABCD", b"")]);
        assert_eq!(inspect(&unknown_critical), Err(PictureError::Damaged));
    }

    #[test]
    fn a_webp_loses_its_metadata_and_the_flags_that_announce_it() {
        let file = webp(
            0x2c,
            &[
                riff(b"ICCP", b"profile"),
                riff(b"EXIF", &exif(3)[6..]),
                riff(b"XMP ", b"<x/>"),
            ],
        );
        let facts = inspect(&file).unwrap();
        assert!(facts.metadata.location && facts.metadata.description && facts.metadata.profile);
        assert_eq!(strip(&file).unwrap(), webp(0, &[]));
    }

    #[test]
    fn a_gif_loses_its_comments_and_keeps_its_loop() {
        let round = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0";
        let delay = b"\x21\xf9\x04\0\x0a\0\0\0";
        let comment = b"\x21\xfe\x03Ann\0";
        let file = gif(&[&round[..], comment, delay].concat());
        assert!(inspect(&file).unwrap().metadata.comment);
        assert_eq!(strip(&file).unwrap(), gif(&[&round[..], delay].concat()));
    }

    #[test]
    fn other_files_are_no_pictures() {
        for bytes in [
            &b""[..],
            b"\xff",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\0\0\0\x18ftypheic\0\0\0\0",
            b"%PDF-1.7",
        ] {
            assert_eq!(inspect(bytes), Err(PictureError::Format));
        }
    }

    /// Files near to real ones, and cut or bent ones.
    fn near() -> impl Strategy<Value = Vec<u8>> {
        let files = vec![
            jpeg(&[segment(0xe1, &exif(8))], b"tail"),
            png(&[chunk(b"eXIf", &exif(2)[6..])]),
            webp(0x3e, &[riff(b"EXIF", &exif(4))]),
            gif(b"\x21\xfe\x03Ann\0"),
        ];
        (
            proptest::sample::select(files),
            proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            any::<prop::sample::Index>(),
        )
            .prop_map(|(mut file, changes, cut)| {
                for (at, byte) in changes {
                    let at = at.index(file.len());
                    file[at] = byte;
                }
                file.truncate(cut.index(file.len() + 1));
                file
            })
    }

    proptest! {
        #[test]
        fn what_is_stripped_is_a_clean_picture_of_the_same_size(file in near()) {
            if let Ok(clean) = strip(&file) {
                let (before, after) = (inspect(&file).unwrap(), inspect(&clean).unwrap());
                prop_assert!(!after.metadata.any(), "{:?}", after);
                prop_assert_eq!(before.upright(), after.upright());
                prop_assert!(clean.len() <= file.len() + 38);
                prop_assert_eq!(strip(&clean).unwrap(), clean);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(start in 0..4usize, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let heads: [&[u8]; 4] = [b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"GIF89a"];
            // Most are refused; that none stops the program is the point.
            let _ = strip(&[heads[start], &bytes].concat());
        }
    }
}
