//! A picture made of an Account ID: five by five cells, mirrored, in one of twelve hues. It helps to tell people apart at a
//! glance and proves nothing; proof is the ID itself.

/// What to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identicon {
    /// 0 to 11: which hue of the theme.
    pub hue: u8,
    /// An SVG path in a box of 10 by 10, cells of one unit around a middle of five.
    pub path: String,
}

/// The picture of an ID of 66 hex digits; other text gives a picture as well.
pub(crate) fn identicon(id: &str) -> Identicon {
    let mut mixed = mix(id);
    let hue = (mixed % 12) as u8;
    mixed /= 12;
    let mut path = String::new();
    for column in 0..3u64 {
        for row in 0..5u64 {
            if (mixed >> (column * 5 + row)) & 1 == 1 {
                cell(&mut path, column, row);
                if column < 2 {
                    cell(&mut path, 4 - column, row);
                }
            }
        }
    }
    Identicon { hue, path }
}

fn cell(path: &mut String, column: u64, row: u64) {
    // Two and a half units of margin keep the cells inside a circle.
    let (x, y) = (25 + column * 10, 25 + row * 10);
    path.push_str(&format!(
        "M{}.{} {}.{}h1v1h-1z",
        x / 10,
        x % 10,
        y / 10,
        y % 10
    ));
}

/// 64 well mixed bits (FNV-1a, then a finaliser): equal on every device, no secret in it.
fn mix(id: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digit_makes_another_picture_and_one_id_always_the_same() {
        let id = format!("05{}", "a1".repeat(32));
        let other = id.replacen('a', "b", 1);
        assert_eq!(identicon(&id), identicon(&id));
        assert_ne!(identicon(&id), identicon(&other));
        assert!(identicon(&id).hue < 12);
    }

    #[test]
    fn the_picture_is_mirrored() {
        let path = identicon("05ff").path;
        let cells = |x: &str| path.matches(&format!("M{x} ")).count();
        assert_eq!(cells("2.5"), cells("6.5"));
        assert_eq!(cells("3.5"), cells("5.5"));
    }
}
