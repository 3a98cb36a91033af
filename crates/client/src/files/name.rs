//! Names and types of files, which are words of whoever sent them: made harmless to show, and judged.

use crate::api::FileKind;

/// Longest name kept (bytes of UTF-8): what file systems take.
/// Longest caption (code points).
const MAX_CAPTION: usize = 500;
pub(super) const MAX_NAME: usize = 255;
/// Longest extension that a shortened name keeps (bytes).
const MAX_EXTENSION: usize = 16;
/// Longest type kept (bytes).
const MAX_TYPE: usize = 100;
/// What a file is when nothing says otherwise.
const UNKNOWN: &str = "application/octet-stream";

/// Types by extension, for files that come without one (20-messages 5.4).
const TYPES: [(&str, &str); 28] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("heic", "image/heic"),
    ("bmp", "image/bmp"),
    ("svg", "image/svg+xml"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("mkv", "video/x-matroska"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("pdf", "application/pdf"),
    ("json", "application/json"),
    ("zip", "application/zip"),
];

/// Extensions that a system or an office program runs, or a browser renders as a document.
const DANGEROUS_EXTENSIONS: &str = "\
    accda accde accdr ade adp apk app appimage application appref-ms appx appxbundle bash bat bin cab \
    chm class cmd com command cpl crx csh deb desktop dll dmg doc docm dotm elf exe fish gadget hta htm \
    html inf ins ipa iso isp jar jnlp js jse jsp ksh lnk mde mht mhtml mjs mpkg msc msh msi msix msp mst \
    ocx php pif pkg pl potm ppam ppsm ppt pptm ps1 psd1 psm1 py pyc pyw rb reg rpm run scf scr sct \
    settingcontent-ms sh shtml sldm svg svgz sys terminal url vb vbe vbs website ws wsf wsh xht xhtml \
    xla xlam xll xlm xls xlsb xlsm xltm";

/// Parts of types that say the same.
const DANGEROUS_TYPES: [&str; 28] = [
    "html",
    "xhtml",
    "svg",
    "/xml",
    "+xml",
    "javascript",
    "ecmascript",
    "vbscript",
    "macroenabled",
    "msdownload",
    "portable-executable",
    "x-executable",
    "x-mach-binary",
    "x-elf",
    "x-sharedlib",
    "dosexec",
    "x-msdos",
    "x-msi",
    "ms-shortcut",
    "x-sh",
    "x-csh",
    "shellscript",
    "x-bat",
    "java-archive",
    "java-vm",
    "android.package-archive",
    "apple-diskimage",
    "x-httpd",
];

/// First bytes of programs and of documents that run scripts.
const DANGEROUS_STARTS: [&[u8]; 9] = [
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"#!",
    b"L\0\0\0\x01\x14\x02\0",
    b"!<arch>\n",
];
/// Beginnings of texts that a browser takes for a document, in lower case.
const DOCUMENT_STARTS: [&[u8]; 8] = [
    b"<!doctype",
    b"<html",
    b"<head",
    b"<body",
    b"<script",
    b"<svg",
    b"<?xml",
    b"<!--",
];

/// The last part of a path, without anything that is not seen or that changes what is seen, at most 255 bytes; possibly
/// empty.
pub(crate) fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = last.chars().filter(|letter| !is_unseen(*letter)).collect();
    // Windows drops dots and spaces at the end, which would show another extension than it runs.
    let name = seen.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let name = name.trim_start();
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    let extension = name
        .rfind('.')
        .map(|at| &name[at..])
        .filter(|extension| extension.len() <= MAX_EXTENSION)
        .unwrap_or_default();
    let end = name.floor_char_boundary(MAX_NAME - extension.len());
    format!("{}{extension}", &name[..end])
}

/// What somebody says that a file shows: one line without anything that is not seen, at most 500 code points.
pub(super) fn clean_caption(caption: &str) -> String {
    let seen = caption.chars().filter(|letter| !is_unseen(*letter));
    let seen: String = seen.take(MAX_CAPTION).collect();
    seen.trim().to_owned()
}

/// Controls, line ends, marks of direction, and what has no width.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The type without its parameters, in lower case; where there is none, what the name says.
pub(crate) fn clean_type(content_type: &str, name: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let token = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_');
        !part.is_empty() && part.chars().all(plain)
    };
    let is_type = essence.len() <= MAX_TYPE
        && essence
            .split_once('/')
            .is_some_and(|(kind, rest)| token(kind) && token(rest));
    let said = essence.to_ascii_lowercase();
    if is_type && said != UNKNOWN {
        return said;
    }
    let extension = extensions(name).next().unwrap_or_default();
    TYPES
        .iter()
        .find(|(known, _)| *known == extension)
        .map_or(UNKNOWN, |(_, known)| known)
        .to_owned()
}

/// What a file is, by its type.
pub(crate) fn kind_of(content_type: &str, voice: bool) -> FileKind {
    match content_type.split('/').next() {
        Some("image") if !content_type.contains("svg") => FileKind::Image,
        Some("video") => FileKind::Video,
        Some("audio") if voice => FileKind::Voice,
        Some("audio") => FileKind::Audio,
        _ => FileKind::Other,
    }
}

/// Whether name or type (both clean) say that it runs programs.
pub(crate) fn is_dangerous(name: &str, content_type: &str) -> bool {
    let bad = |extension: &str| {
        DANGEROUS_EXTENSIONS
            .split(' ')
            .any(|known| known == extension)
    };
    let mut extensions = extensions(name);
    let last = extensions.next().is_some_and(|last| bad(&last));
    // `photo.exe.jpg`; but names of sites end in `com`.
    let hidden = extensions
        .next()
        .is_some_and(|before| before != "com" && bad(&before));
    last || hidden
        || DANGEROUS_TYPES
            .iter()
            .any(|part| content_type.contains(part))
}

/// Whether its bytes say so.
pub(crate) fn is_dangerous_inside(bytes: &[u8]) -> bool {
    let start = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    let begins = |mark: &[u8]| {
        start
            .get(..mark.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(mark))
    };
    DANGEROUS_STARTS.iter().any(|mark| bytes.starts_with(mark))
        || DOCUMENT_STARTS.iter().any(|mark| begins(mark))
        || bytes.starts_with(b"PK") && contains(bytes, b"vbaProject.bin")
        || bytes.starts_with(b"\xd0\xcf\x11\xe0") && contains(bytes, b"_\0V\0B\0A\0_\0")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Extensions of a name in lower case, the last one first; the part before the first dot is none.
fn extensions(name: &str) -> impl Iterator<Item = String> {
    let stem = name.split('.').next().map_or(0, str::len);
    name.get(stem + 1..)
        .unwrap_or_default()
        .rsplit('.')
        .map(|extension| extension.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_shows_neither_directories_nor_directions() {
        for (name, clean) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\windows\\a.txt", "a.txt"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("a\r\n\u{2028}b\u{200b}.txt", "ab.txt"),
            ("run.exe. . ", "run.exe"),
            ("..", ""),
            ("dir/", ""),
            (" Grüße 🏔.pdf", "Grüße 🏔.pdf"),
        ] {
            assert_eq!(clean_name(name), clean, "{name:?}");
        }
        let long = clean_name(&format!("{}.jpeg", "é".repeat(300)));
        assert!(long.len() <= MAX_NAME && long.ends_with("é.jpeg"));
    }

    #[test]
    fn what_runs_is_known_by_its_name() {
        for name in [
            "a.exe",
            "A.EXE",
            "photo.jpg.exe",
            "photo.jpg      .exe",
            "photo.exe.jpg",
            "x.html",
            "x.svg",
            "budget.xlsm",
            "letter.docm",
            "old.doc",
            "run.sh",
            "link.lnk",
            "a.ps1",
        ] {
            assert!(is_dangerous(name, "image/jpeg"), "{name}");
        }
        for name in [
            "a.jpg",
            "exe",
            "js",
            "my.exemption.pdf",
            "www.example.com.pdf",
            "a.docx",
            "",
        ] {
            assert!(!is_dangerous(name, "application/pdf"), "{name}");
        }
    }

    #[test]
    fn what_runs_is_known_by_its_type_and_its_bytes() {
        for content_type in [
            "text/html",
            "image/svg+xml",
            "application/xml",
            "text/javascript",
            "application/x-msdownload",
            "application/vnd.ms-excel.sheet.macroenabled.12",
        ] {
            assert!(is_dangerous("a.jpg", content_type), "{content_type}");
        }
        for bytes in [
            &b"MZ\x90\0"[..],
            b"\x7fELF\x02",
            b"#!/bin/sh",
            b"\xef\xbb\xbf  <!DocType html>",
            b"<svg xmlns",
            b"PK\x03\x04....word/vbaProject.bin",
        ] {
            assert!(is_dangerous_inside(bytes));
        }
        for bytes in [
            &b"\xff\xd8\xff\xe0"[..],
            b"PK\x03\x04word/document.xml",
            b"",
            b"hello <html>",
        ] {
            assert!(!is_dangerous_inside(bytes));
        }
    }

    #[test]
    fn a_type_is_what_was_said_or_what_the_name_says() {
        for (said, name, content_type) in [
            ("IMAGE/PNG", "a.jpg", "image/png"),
            ("text/plain;charset=utf-8", "", "text/plain"),
            ("", "song.M4A", "audio/mp4"),
            ("application/octet-stream", "a.jpg", "image/jpeg"),
            ("nonsense", "a", "application/octet-stream"),
            ("a/b/c", "a.png", "image/png"),
            ("image/<script>", "", "application/octet-stream"),
        ] {
            assert_eq!(clean_type(said, name), content_type, "{said}");
        }
        assert_eq!(kind_of("audio/mp4", true), FileKind::Voice);
        assert_eq!(kind_of("audio/mp4", false), FileKind::Audio);
        assert_eq!(kind_of("image/svg+xml", true), FileKind::Other);
        assert_eq!(kind_of("text/plain", true), FileKind::Other);
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_clean_one(name in "\\PC{0,300}|[\\x00-\\x2f.\\\\/\u{202e}\u{200b}]{0,300}") {
            let clean = clean_name(&name);
            prop_assert!(clean.len() <= MAX_NAME);
            prop_assert!(!clean.contains(['/', '\\']) && !clean.chars().any(is_unseen));
            prop_assert!(!clean.ends_with(['.', ' ']));
            let _ = is_dangerous(&clean, &clean_type(&name, &clean));
        }
    }
}
