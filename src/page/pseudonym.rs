//! Two-word pseudonyms to begin with, so that nobody has to invent a name in order to write.

const FIRST: [&str; 48] = [
    "Amber", "Autumn", "Birch", "Blue", "Brass", "Bright", "Calm", "Cedar", "Clear", "Cloud",
    "Copper", "Coral", "Crimson", "Dawn", "Distant", "Dusk", "Early", "Ember", "Fern", "Frost",
    "Gentle", "Golden", "Granite", "Hazel", "Hidden", "Indigo", "Ivory", "Jade", "Late", "Linen",
    "Lunar", "Maple", "Misty", "Mossy", "North", "Ocean", "Olive", "Pale", "Pearl", "Plain",
    "Quiet", "Rain", "River", "Sandy", "Silver", "Slate", "Solar", "Winter",
];

const SECOND: [&str; 48] = [
    "Badger",
    "Beacon",
    "Bell",
    "Bridge",
    "Brook",
    "Canoe",
    "Comet",
    "Crane",
    "Finch",
    "Fjord",
    "Fox",
    "Garden",
    "Harbor",
    "Heron",
    "Island",
    "Kestrel",
    "Kite",
    "Lantern",
    "Lark",
    "Lighthouse",
    "Lynx",
    "Marten",
    "Meadow",
    "Moth",
    "Otter",
    "Owl",
    "Pebble",
    "Pine",
    "Plover",
    "Quill",
    "Rabbit",
    "Raven",
    "Reef",
    "Robin",
    "Sail",
    "Sparrow",
    "Spruce",
    "Squirrel",
    "Starling",
    "Summit",
    "Swallow",
    "Swift",
    "Thistle",
    "Thrush",
    "Valley",
    "Willow",
    "Wren",
    "Yarrow",
];

/// A pseudonym from two random bytes.
pub(crate) fn pseudonym(random: [u8; 2]) -> String {
    let pick = |list: &[&'static str; 48], byte: u8| list[usize::from(byte) % list.len()];
    format!("{} {}", pick(&FIRST, random[0]), pick(&SECOND, random[1]))
}

/// A pseudonym of the browser's random numbers; they are no secret.
pub(crate) fn random_pseudonym() -> String {
    let byte = || (js_sys::Math::random() * 256.0) as u8;
    pseudonym([byte(), byte()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pseudonym_fits_the_limit_of_names() {
        for first in 0..=255 {
            for second in 0..=255 {
                assert!(pseudonym([first, second]).len() <= crate::page::text::NAME_LIMIT);
            }
        }
    }
}
