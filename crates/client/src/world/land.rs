//! The map: the outline of all land, and a place on it for each country.

use super::Country;
use onionskin_protocol::sorted::SortedMap;

/// More than any map needs.
const MAX_BYTES: usize = 256 * 1024;
const MAX_SIDE: u16 = 10_000;

/// The map, in units of its own.
///
/// ```text
/// land WIDTH HEIGHT
/// DE 519 88            one line for each country: code, x, y
/// …
///                      an empty line
/// M3 4l5 6 7 8zM…      SVG path data
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Land {
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
    /// SVG path data of digits, spaces, minus signs and the letters M, l and z only.
    pub outline: String,
    places: SortedMap<Country, (u16, u16)>,
}

/// Why a text is no map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LandError {
    /// Larger than 256 KiB.
    #[error("larger than any map")]
    TooLarge,
    /// The first line is another one, or a side is not between 1 and 10,000.
    #[error("not a map")]
    Header,
    /// A line is no country with a place on the map.
    #[error("a place that is none")]
    Place,
    /// The outline is missing or holds other characters.
    #[error("an outline that is none")]
    Outline,
}

impl Land {
    /// Reads a map.
    pub fn parse(text: &str) -> Result<Self, LandError> {
        if text.len() > MAX_BYTES {
            return Err(LandError::TooLarge);
        }
        let mut lines = text.lines();
        let (width, height) = lines.next().and_then(header).ok_or(LandError::Header)?;
        let mut places = SortedMap::new();
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            let (country, (x, y)) = place(line).ok_or(LandError::Place)?;
            if x > width || y > height || places.insert(country, (x, y)).is_some() {
                return Err(LandError::Place);
            }
        }
        let outline = lines.next().unwrap_or_default();
        let drawn = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | 'M' | 'l' | 'z');
        if !outline.starts_with('M') || !outline.chars().all(drawn) || lines.next().is_some() {
            return Err(LandError::Outline);
        }
        Ok(Self {
            width,
            height,
            outline: outline.to_owned(),
            places,
        })
    }

    /// Where a country lies; `None` when the map has no place for it.
    pub fn place(&self, country: Country) -> Option<(u16, u16)> {
        self.places.get(&country).copied()
    }
}

fn header(line: &str) -> Option<(u16, u16)> {
    let (width, height) = line.strip_prefix("land ")?.split_once(' ')?;
    let side = |text: &str| {
        text.parse()
            .ok()
            .filter(|side| (1..=MAX_SIDE).contains(side))
    };
    Some((side(width)?, side(height)?))
}

fn place(line: &str) -> Option<(Country, (u16, u16))> {
    let (code, rest) = line.split_once(' ')?;
    let (x, y) = rest.split_once(' ')?;
    let code = Country::from_bytes(code.as_bytes().try_into().ok()?)?;
    Some((code, (x.parse().ok()?, y.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_map_tells_where_a_country_lies() {
        let land =
            Land::parse("land 1000 435\nDE 519 88\nUS 201 121\n\nM3 4l5 6 -7 8zM1 1z\n").unwrap();
        assert_eq!((land.width, land.height), (1000, 435));
        assert_eq!(land.outline, "M3 4l5 6 -7 8zM1 1z");
        let place = |code: &[u8; 2]| land.place(Country::from_bytes(*code).unwrap());
        assert_eq!(place(b"DE"), Some((519, 88)));
        assert_eq!(place(b"XX"), None);
    }

    #[test]
    fn what_is_no_map_is_refused_with_its_reason() {
        for (text, error) in [
            ("", LandError::Header),
            ("land 0 5\n\nM1 1z", LandError::Header),
            ("land 10001 5\n\nM1 1z", LandError::Header),
            ("land 9 9\nde 1 1\n\nM1 1z", LandError::Place),
            ("land 9 9\nDE 1\n\nM1 1z", LandError::Place),
            ("land 9 9\nDE 10 1\n\nM1 1z", LandError::Place),
            ("land 9 9\nDE 1 1\nDE 2 2\n\nM1 1z", LandError::Place),
            ("land 9 9\nDE 1 1\n", LandError::Outline),
            ("land 9 9\n\nM1 1z\nmore", LandError::Outline),
            ("land 9 9\n\nM1 1z\"><script>", LandError::Outline),
        ] {
            assert_eq!(Land::parse(text), Err(error), "{text:?}");
        }
        let large = format!("land 9 9\n\nM{}", " 1".repeat(MAX_BYTES / 2));
        assert_eq!(Land::parse(&large), Err(LandError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(land [0-9]{1,5} [0-9]{1,5}\n([A-Z]{2} [0-9]{1,6} [0-9]{1,3}\n){0,3}\n)?[Ml z0-9-]{0,40}.{0,20}") {
            if let Ok(land) = Land::parse(&text) {
                prop_assert!(land.places.values().all(|&(x, y)| x <= land.width && y <= land.height));
            }
        }
    }
}
