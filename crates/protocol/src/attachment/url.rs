//! Where a file lies: the URL of a pointer and its fragment (10-network 8.3, 20-messages 5.1).
//!
//! ```text
//!  http://filev2.getsession.org/file/<id>#d&p=<64 hex>&sr=<address>
//! ```
//!
//! Only host, port, id and the parameters `d` and `p` count. Whoever wrote a message chose this text, so nothing of it is
//! used as it is: a request is made from the parsed parts.

use crate::encoding;
use std::fmt;

/// Longest URL that is read (bytes); the configs allow 223 (20-messages Appendix A), messages no more than a line.
const MAX_URL: usize = 1_024;
/// Longest id of a file (characters): 44 of URL-safe base64, or a decimal number of 53 bits.
const MAX_ID: usize = 64;
/// The host of the network's own file server.
pub const DEFAULT_HOST: &str = "filev2.getsession.org";
/// Other hosts of the same operator use the default key as well.
const DEFAULT_DOMAIN: &str = ".getsession.org";

/// Why a URL names no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address of the file is not usable: {0}")]
pub struct UrlError(&'static str);

/// A file on a file server.
#[derive(Clone, PartialEq, Eq)]
pub struct FileUrl {
    /// Host name in lower case.
    pub host: String,
    /// Whether the last hop speaks TLS to it.
    pub https: bool,
    /// Its port.
    pub port: u16,
    /// Opaque: 1 to 64 characters of URL-safe base64.
    pub id: String,
    /// Stream encryption.
    pub stream: bool,
    /// The server's key when it is not the default one: an Ed25519 key by the apps, an X25519 key by the newest library.
    pub key: Option<[u8; 32]>,
}

impl FileUrl {
    /// On the network's own server.
    pub fn on_default_server(id: &str, stream: bool) -> Result<Self, UrlError> {
        Self::parse(&format!(
            "http://{DEFAULT_HOST}/file/{id}{}",
            if stream { "#d" } else { "" }
        ))
    }

    /// Reads the URL of a pointer or a profile.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_URL {
            return Err(UrlError("it is too long"));
        }
        let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (scheme, rest) = address
            .split_once("://")
            .ok_or(UrlError("it has no scheme"))?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(UrlError("it is neither http nor https")),
        };
        let (authority, path) = rest.split_once('/').ok_or(UrlError("it has no path"))?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, read_port(port)?),
            None => (authority, if https { 443 } else { 80 }),
        };
        let host = host.to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
            return Err(UrlError("its host is no name"));
        }
        let id = path
            .strip_prefix("file/")
            .or_else(|| path.strip_prefix("files/"))
            .ok_or(UrlError("its path names no file"))?;
        if !is_file_id(id) {
            return Err(UrlError("its path names no file"));
        }
        let mut url = Self {
            host,
            https,
            port,
            id: id.to_owned(),
            stream: false,
            key: None,
        };
        for parameter in fragment.split('&') {
            match parameter.split_once('=').unwrap_or((parameter, "")) {
                ("d", _) => url.stream = true,
                ("p", key) => {
                    let key = encoding::from_hex(key).ok_or(UrlError("its key is no key"))?;
                    url.key = Some(key);
                }
                _ => {}
            }
        }
        Ok(url)
    }

    /// Whether the default key serves this host.
    pub fn is_default_server(&self) -> bool {
        self.key.is_none() && (self.host == DEFAULT_HOST || self.host.ends_with(DEFAULT_DOMAIN))
    }

    /// The decimal id that older clients write into `AttachmentPointer.id`; 0 when the id is no number (20-messages
    /// Decisions 10).
    pub fn number(&self) -> u64 {
        self.id.parse().unwrap_or(0)
    }
}

/// 1 to 64 characters of URL-safe base64.
pub(super) fn is_file_id(id: &str) -> bool {
    let opaque = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=MAX_ID).contains(&id.len()) && id.chars().all(opaque)
}

/// As it goes into a pointer: the bare `d`, which every client reads.
impl fmt::Display for FileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.https {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != usual {
            write!(f, ":{}", self.port)?;
        }
        write!(f, "/file/{}", self.id)?;
        let key = self.key.map(|key| format!("p={}", hex::encode(key)));
        let parameters: Vec<&str> = self
            .stream
            .then_some("d")
            .into_iter()
            .chain(key.as_deref())
            .collect();
        if parameters.is_empty() {
            return Ok(());
        }
        write!(f, "#{}", parameters.join("&"))
    }
}

/// A file's id opens nothing by itself, but tells who has it.
impl fmt::Debug for FileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileUrl({})", self.host)
    }
}

fn read_port(text: &str) -> Result<u16, UrlError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port| digits && *port != 0)
        .ok_or(UrlError("its port is no port"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "3NK0Pf9Z5HiqzvijTCEogagHDMAEgc_p0YP17jPE3R3Y";

    #[test]
    fn every_form_that_clients_write_is_read() {
        let key = "ab".repeat(32);
        for (fragment, stream, with_key) in [
            ("", false, false),
            ("#d", true, false),
            ("#d=", true, false),
            ("#d&p=KEY", true, true),
            ("#p=KEY&d=", true, true),
            ("#sr=abc.sesh:11235&p=KEY", false, true),
        ] {
            let text = format!(
                "http://filev2.getsession.org/file/{ID}{}",
                fragment.replace("KEY", &key)
            );
            let url = FileUrl::parse(&text).unwrap();
            assert_eq!(
                (url.stream, url.key.is_some()),
                (stream, with_key),
                "{fragment}"
            );
            assert_eq!(url.id, ID);
            assert_eq!(url.is_default_server(), !with_key);
        }
        assert_eq!(
            FileUrl::parse("http://filev2.getsession.org/files/1234")
                .unwrap()
                .number(),
            1234
        );
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for text in [
            "",
            "file:///etc/passwd",
            "http://filev2.getsession.org",
            "http://filev2.getsession.org/",
            "http://filev2.getsession.org/file/",
            "http://filev2.getsession.org/file/a/b",
            "http://filev2.getsession.org/file/a?b",
            "http://filev2.getsession.org/file/%2e%2e",
            "http://user@host/file/1",
            "http://[::1]/file/1",
            "http://host:0/file/1",
            "http://host:+1/file/1",
            "http://host:99999/file/1",
            "http://filev2.getsession.org/file/1#p=12",
        ] {
            assert!(FileUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_operators_own_hosts_use_the_default_key() {
        for (host, default) in [
            ("filev2.getsession.org", true),
            ("other.getsession.org", true),
            ("getsession.org.example", false),
            ("evilgetsession.org", false),
        ] {
            let url = FileUrl::parse(&format!("http://{host}/file/1")).unwrap();
            assert_eq!(url.is_default_server(), default, "{host}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            host in "[a-z0-9.-]{1,40}", https: bool, port in 1u16.., id in "[A-Za-z0-9_-]{1,64}", stream: bool, key: Option<[u8; 32]>,
        ) {
            let url = FileUrl { host, https, port, id, stream, key };
            prop_assert_eq!(FileUrl::parse(&url.to_string()), Ok(url));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,100}") {
            let _ = FileUrl::parse(&text);
        }
    }
}
