//! Several files as one: a ZIP archive without compression, since pictures and films do not shrink. It holds names and bytes,
//! and no times (APPNOTE 6.3.10, 4.3).

/// Largest archive that is made (bytes): it lies in memory while it is saved.
pub(crate) const LIMIT: u64 = 400_000_000;
/// 1 January 1980: no time at all.
const DAY: u16 = 0x0021;
/// Names are UTF-8.
const FLAGS: u16 = 0x0800;
/// The version of the format that this needs, as tens and ones.
const VERSION: u16 = 20;

/// Makes an archive. Names that occur twice get a number; separators of directories become underscores.
pub(crate) fn archive(files: Vec<(String, Vec<u8>)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(files.iter().map(|(_, bytes)| bytes.len() + 200).sum());
    let mut directory = Vec::new();
    let mut taken = Vec::<String>::new();
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX);
    for (name, bytes) in files.into_iter().take(count.into()) {
        let name = free(&name, &taken);
        let start = out.len() as u32;
        let about = about(&name, &bytes);
        out.extend(0x0403_4b50u32.to_le_bytes());
        out.extend(VERSION.to_le_bytes());
        out.extend(&about);
        out.extend(name.as_bytes());
        out.extend(&bytes);
        directory.extend(0x0201_4b50u32.to_le_bytes());
        directory.extend(VERSION.to_le_bytes());
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&about);
        // Comment, disk, and both kinds of attributes: none.
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
        taken.push(name);
    }
    let start = out.len() as u32;
    let length = directory.len() as u32;
    out.extend(directory);
    out.extend(0x0605_4b50u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// What both places say of a file: flags, stored as it is, no time, checksum, sizes, length of the name, nothing extra.
fn about(name: &str, bytes: &[u8]) -> Vec<u8> {
    let size = bytes.len() as u32;
    let mut out = Vec::with_capacity(24);
    out.extend(FLAGS.to_le_bytes());
    out.extend([0; 4]);
    out.extend(DAY.to_le_bytes());
    out.extend(crc32(bytes).to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend((name.len() as u16).to_le_bytes());
    out.extend([0; 2]);
    out
}

/// A name that is not taken yet.
fn free(name: &str, taken: &[String]) -> String {
    let safe = |c: char| {
        if matches!(c, '/' | '\\' | ':') || c.is_control() {
            '_'
        } else {
            c
        }
    };
    let name: String = name.chars().take(200).map(safe).collect();
    let name = match name.trim_matches('.') {
        "" => "file".to_owned(),
        _ => name,
    };
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem.to_owned(), format!(".{ending}")),
        _ => (name.clone(), String::new()),
    };
    std::iter::once(name)
        .chain((2..).map(|n| format!("{stem} ({n}){ending}")))
        .find(|name| !taken.contains(name))
        .unwrap_or_default()
}

/// The checksum of ISO 3309.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(!0, |crc: u32, byte| {
        TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8)
    })
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                0xedb8_8320 ^ (value >> 1)
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn names_stay_apart_and_inside() {
        let mut taken = Vec::new();
        for expected in ["a.jpg", "a (2).jpg", "a (3).jpg"] {
            let name = free("a.jpg", &taken);
            assert_eq!(name, expected);
            taken.push(name);
        }
        assert_eq!(free("../b/c.txt", &[]), ".._b_c.txt");
        assert_eq!(free("..", &[]), "file");
        assert_eq!(free("", &[]), "file");
    }

    #[test]
    fn the_end_tells_where_the_directory_is() {
        let made = archive(vec![
            ("a.txt".into(), b"123456789".to_vec()),
            ("ä".into(), Vec::new()),
        ]);
        let end = made.len() - 22;
        let at = |place: usize| {
            u32::from_le_bytes([
                made[place],
                made[place + 1],
                made[place + 2],
                made[place + 3],
            ])
        };
        assert_eq!(at(end), 0x0605_4b50);
        let directory = at(end + 16) as usize;
        assert_eq!(at(directory), 0x0201_4b50);
        assert_eq!(at(directory + 16), 0xcbf4_3926);
        assert_eq!(directory + at(end + 12) as usize, end);
        assert_eq!(made[end + 8], 2);
    }
}
