//! A room of a community server, and its URL in the one form that all clients agree on (30-config 13).

use crate::encoding;
use crate::keys::X25519PublicKey;

/// The longest base URL, in bytes.
pub const MAX_BASE_URL: usize = 267;

/// The longest room token, in bytes.
pub const MAX_ROOM: usize = 64;

const PUBLIC_KEY: &str = "?public_key=";

/// Why something is not a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommunityError {
    /// No `http://` or `https://` host with a dot in it, or something follows the port.
    #[error("this is not the address of a community server")]
    Url,
    /// Empty, too long, or with other characters than letters, digits, `-` and `_`.
    #[error("this is not the name of a room")]
    Room,
    /// The public key of the server is missing or in no known form.
    #[error("the public key of the server is missing or wrong")]
    Key,
}

/// The parts of a full URL. The room is as it was written and not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlParts {
    /// Scheme, host and port in canonical form.
    pub base_url: String,
    /// The room as written.
    pub room: String,
    /// The server's key.
    pub server_key: X25519PublicKey,
}

impl UrlParts {
    /// Reads `base/room?public_key=…` or `base/r/room?public_key=…`. The key may be hex, base64 or base32z.
    pub fn parse(url: &str) -> Result<Self, CommunityError> {
        let (rest, key) = url.rsplit_once(PUBLIC_KEY).ok_or(CommunityError::Key)?;
        let server_key = parse_key(key).ok_or(CommunityError::Key)?;
        let (base, room) = match rest.rsplit_once("/r/") {
            Some(parts) => parts,
            None => rest.rsplit_once('/').ok_or(CommunityError::Url)?,
        };
        Ok(Self {
            base_url: canonical_url(base)?,
            room: room.to_owned(),
            server_key,
        })
    }

    /// `base/room?public_key=` and 64 hex digits.
    pub fn full_url(&self) -> String {
        format!(
            "{}/{}{PUBLIC_KEY}{}",
            self.base_url, self.room, self.server_key
        )
    }
}

/// A room of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Community {
    base_url: String,
    room: String,
    server_key: X25519PublicKey,
}

impl Community {
    /// Checks and brings the URL to its canonical form. The room keeps its capitals.
    pub fn new(
        base_url: &str,
        room: &str,
        server_key: X25519PublicKey,
    ) -> Result<Self, CommunityError> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if room.is_empty() || room.len() > MAX_ROOM || !room.bytes().all(allowed) {
            return Err(CommunityError::Room);
        }
        Ok(Self {
            base_url: canonical_url(base_url)?,
            room: room.to_owned(),
            server_key,
        })
    }

    /// Reads a full URL, see [`UrlParts::parse`].
    pub fn from_full_url(url: &str) -> Result<Self, CommunityError> {
        let parts = UrlParts::parse(url)?;
        Self::new(&parts.base_url, &parts.room, parts.server_key)
    }

    /// Scheme, host and port.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
    /// The room with its capitals.
    pub fn room(&self) -> &str {
        &self.room
    }
    /// The room as it keys records: in small letters.
    pub fn room_key(&self) -> String {
        self.room.to_ascii_lowercase()
    }
    /// The server's key.
    pub fn server_key(&self) -> &X25519PublicKey {
        &self.server_key
    }
    /// `base/room?public_key=` and 64 hex digits.
    pub fn full_url(&self) -> String {
        format!(
            "{}/{}{PUBLIC_KEY}{}",
            self.base_url, self.room, self.server_key
        )
    }
}

/// Scheme and host in small letters, `:port` unless it is the usual one, nothing behind.
pub fn canonical_url(url: &str) -> Result<String, CommunityError> {
    let url = url.to_ascii_lowercase();
    let (scheme, rest) = url.split_once("://").ok_or(CommunityError::Url)?;
    let usual_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(CommunityError::Url),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(parse_port(port).ok_or(CommunityError::Url)?)),
        None => (rest, None),
    };
    if !is_host(host) {
        return Err(CommunityError::Url);
    }
    let canonical = match port.filter(|port| *port != usual_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    };
    if canonical.len() > MAX_BASE_URL {
        return Err(CommunityError::Url);
    }
    Ok(canonical)
}

/// Letters, digits and hyphens in labels with dots between them: two at least.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    host.len() >= 4 && host.contains('.') && host.split('.').all(is_label)
}

fn parse_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|port| *port != 0)
}

fn parse_key(text: &str) -> Option<X25519PublicKey> {
    let bytes = match text.len() {
        64 => return X25519PublicKey::from_hex(text),
        43 => encoding::from_base64(text)?,
        44 if text.ends_with('=') => encoding::from_base64(text)?,
        52 => from_base32z(text)?,
        _ => return None,
    };
    bytes.try_into().ok().map(X25519PublicKey)
}

/// base32z: five bits per character, first bits first; bits that fill no byte are dropped.
fn from_base32z(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";
    let (mut out, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for c in text.bytes() {
        let digit = ALPHABET
            .iter()
            .position(|&letter| letter == c.to_ascii_lowercase())?;
        bits = bits << 5 | digit as u32;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const KEY: X25519PublicKey = X25519PublicKey([7; 32]);

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for url in [
            "",
            "http://",
            "ftp://a.example",
            "http://localhost",
            "http://a..b",
            "http://.ab.c",
            "http://ab.c.",
            "http://a.b/path",
            "http://a.example:0",
            "http://a.example:65536",
            "http://a.example:+80",
            "http://a.example:",
            "http://a_b.example",
            "http://user@a.example",
            "http://é.example",
            "a.example",
        ] {
            assert_eq!(canonical_url(url), Err(CommunityError::Url), "{url}");
        }
        let long = format!("http://{}.example", "a".repeat(300));
        assert_eq!(canonical_url(&long), Err(CommunityError::Url));
        assert_eq!(
            canonical_url("HTTPS://A.Example:0443/").unwrap(),
            "https://a.example"
        );
        assert_eq!(
            canonical_url("http://a.example:443").unwrap(),
            "http://a.example:443"
        );
    }

    #[test]
    fn a_room_has_letters_digits_hyphens_and_underscores() {
        for room in ["", "a b", "Тест", "a/b", &"r".repeat(65)] {
            let error = Community::new("http://a.example", room, KEY).unwrap_err();
            assert_eq!(error, CommunityError::Room, "{room}");
        }
        let room = Community::new("http://a.example", "Some_Room-1", KEY).unwrap();
        assert_eq!(
            (room.room(), room.room_key().as_str()),
            ("Some_Room-1", "some_room-1")
        );
        assert_eq!(Community::from_full_url(&room.full_url()), Ok(room));
    }

    proptest! {
        #[test]
        fn a_canonical_url_is_its_own_canonical_form(url in "(?i)https?://[a-z0-9.:-]{1,20}") {
            if let Ok(canonical) = canonical_url(&url) {
                prop_assert_eq!(canonical_url(&canonical), Ok(canonical.clone()));
            }
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,80}") {
            let _ = UrlParts::parse(&text);
            let _ = UrlParts::parse(&format!("http://a.example/{text}?public_key={text}"));
        }
    }
}
