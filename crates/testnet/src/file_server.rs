//! A file server: v4 requests over onion at `/oxen/v4/lsrpc`, files in memory (10-network 4.5 and 8.2).
//!
//! No sockets and no clock: requests and the time go in, answers come out. It answers as the current server does: 44-character
//! ids that follow from the bytes, with `size`, `uploaded` and `expires` beside them.

use blake2::Blake2bMac;
use blake2::digest::consts::U33;
use blake2::digest::{FixedOutput, Update};
use onionskin_protocol::encoding;
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::hash::blake2b;
use onionskin_protocol::keys::{
    Ed25519PublicKey, Ed25519SecretKey, KeyError, Signature, X25519PublicKey, X25519SecretKey,
};
use onionskin_protocol::onion::peel::parse_outer;
use onionskin_protocol::onion::v4::{Request, Response};
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The path that takes onion requests.
pub const LSRPC: &str = "/oxen/v4/lsrpc";
/// Largest file, bytes.
const MAX_FILE: usize = 10_000_000;
/// Lifetime unless asked otherwise, s: "3 weeks".
const LIFETIME_S: u64 = 21 * 86_400;
/// Shortest lifetime that may be asked for, s.
const MIN_LIFETIME_S: u64 = 60;
/// How far the time of an authentication may be off, s.
const AUTH_WINDOW_S: i64 = 86_400;
/// All files together at most, bytes; above it 507.
const MAX_STORED: usize = 1_000_000_000;

/// A file with its times in ms.
struct Stored {
    data: Vec<u8>,
    uploaded: Timestamp,
    expires: Timestamp,
}

struct State {
    files: SortedMap<String, Stored>,
    size: usize,
    version: String,
    failing: Option<u16>,
    down: bool,
    forgery: Option<fn(&mut Vec<u8>)>,
    asked: u64,
}

/// The server and its keys.
pub struct FileServer {
    ed25519: Ed25519PublicKey,
    x25519: X25519PublicKey,
    secret: X25519SecretKey,
    state: Mutex<State>,
}

impl std::fmt::Debug for FileServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileServer")
            .field("x25519", &self.x25519.to_hex())
            .finish_non_exhaustive()
    }
}

impl FileServer {
    /// A server without files. Its keys are the same in every local network, since clients know them beforehand as they know
    /// those of the real one.
    pub fn new() -> Result<Self, KeyError> {
        let seed: [u8; 32] = blake2b(b"", &[b"onionskin-testnet file server"]);
        let key = Ed25519SecretKey::from_seed(&seed);
        let ed25519 = key.public();
        let state = State {
            files: SortedMap::new(),
            size: 0,
            version: "1.0.0".to_owned(),
            failing: None,
            down: false,
            forgery: None,
            asked: 0,
        };
        Ok(Self {
            ed25519,
            x25519: ed25519.to_x25519()?,
            secret: key.to_x25519(),
            state: Mutex::new(state),
        })
    }

    /// Its Ed25519 key, as download links name it.
    pub fn ed25519(&self) -> Ed25519PublicKey {
        self.ed25519
    }

    /// The key that requests are encrypted to.
    pub fn x25519(&self) -> X25519PublicKey {
        self.x25519
    }

    /// What `session_version` answers.
    pub fn set_version(&self, version: &str) {
        version.clone_into(&mut self.state().version);
    }

    /// Answers everything with this status, or (`None`) normally.
    pub fn fail_with(&self, status: Option<u16>) {
        self.state().failing = status;
    }

    /// Cannot be reached, so that the last node of a path answers for it, or (`false`) can.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// Changes the bytes of every download, or (`None`) no longer.
    pub fn forge(&self, forgery: Option<fn(&mut Vec<u8>)>) {
        self.state().forgery = forgery;
    }

    /// Requests that it answered.
    pub fn asked(&self) -> u64 {
        self.state().asked
    }

    /// Loses all files.
    pub fn forget(&self) {
        let mut state = self.state();
        state.files = SortedMap::new();
        state.size = 0;
    }

    /// Files that it holds.
    pub fn len(&self) -> usize {
        self.state().files.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The body of a POST to [`LSRPC`]; gives HTTP status and body.
    pub fn lsrpc(&self, now: Timestamp, body: &[u8], entropy: &mut dyn Entropy) -> (u16, Vec<u8>) {
        if self.state().down {
            return (502, b"Couldn't connect to server".to_vec());
        }
        let bad = (400, b"Bad Request".to_vec());
        let Ok(outer) = parse_outer(body) else {
            return bad;
        };
        let Ok(plain) =
            outer
                .cipher
                .decrypt_from_client(&self.secret, &outer.ephemeral, &outer.ciphertext)
        else {
            return bad;
        };
        let Ok(request) = Request::decode(&plain) else {
            return bad;
        };
        let answer = self.answer(now, &request).encode();
        match outer
            .cipher
            .encrypt_to_client(&self.secret, &outer.ephemeral, &answer, entropy)
        {
            Ok(sealed) => (200, sealed),
            Err(_) => bad,
        }
    }

    /// A decrypted request.
    pub fn answer(&self, now: Timestamp, request: &Request) -> Response {
        self.state().asked += 1;
        if let Some(status) = self.state().failing {
            return refusal(status);
        }
        let (path, query) = request
            .endpoint
            .split_once('?')
            .unwrap_or((&request.endpoint, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["file"]) => self.upload(now, request),
            ("GET", ["file", id]) => self.download(now, id),
            ("GET", ["file", id, "info"]) => self.info(now, id),
            ("POST", ["file", id, "extend"]) => self.extend(now, id, request),
            ("GET", ["session_version"]) => self.session_version(now, request, query),
            _ => refusal(404),
        }
    }

    fn upload(&self, now: Timestamp, request: &Request) -> Response {
        let data = request.body.as_deref().unwrap_or_default();
        if data.is_empty() || data.len() > MAX_FILE {
            return refusal(413);
        }
        let Some(lifetime) = lifetime(request) else {
            return refusal(400);
        };
        let mut state = self.state();
        state.drop_expired(now);
        let id = file_id(data);
        let expires = now.plus_millis(lifetime * 1000);
        if let Some(stored) = state.files.get_mut(&id) {
            stored.uploaded = now;
            stored.expires = expires;
        } else {
            if state.size + data.len() > MAX_STORED {
                return refusal(507);
            }
            state.size += data.len();
            state.files.insert(
                id.clone(),
                Stored {
                    data: data.to_vec(),
                    uploaded: now,
                    expires,
                },
            );
        }
        json_answer(
            200,
            &json!({ "expires": seconds(expires), "id": id, "size": data.len(), "uploaded": seconds(now) }),
        )
    }

    fn download(&self, now: Timestamp, id: &str) -> Response {
        let mut state = self.state();
        state.drop_expired(now);
        let forgery = state.forgery;
        match state.files.get(id) {
            None => refusal(404),
            Some(stored) => Response {
                code: 200,
                headers: SortedMap::from([
                    (
                        "content-type".to_owned(),
                        "application/octet-stream".to_owned(),
                    ),
                    ("expires".to_owned(), http_date(stored.expires)),
                ]),
                body: {
                    let mut data = stored.data.clone();
                    if let Some(forge) = forgery {
                        forge(&mut data);
                    }
                    data
                },
            },
        }
    }

    fn info(&self, now: Timestamp, id: &str) -> Response {
        let mut state = self.state();
        state.drop_expired(now);
        state.files.get(id).map_or_else(|| refusal(404), describe)
    }

    fn extend(&self, now: Timestamp, id: &str, request: &Request) -> Response {
        let Some(lifetime) = lifetime(request) else {
            return refusal(400);
        };
        let mut state = self.state();
        state.drop_expired(now);
        let Some(stored) = state.files.get_mut(id) else {
            return refusal(404);
        };
        stored.expires = stored.expires.max(now.plus_millis(lifetime * 1000));
        describe(stored)
    }

    fn session_version(&self, now: Timestamp, request: &Request, query: &str) -> Response {
        let platform = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("platform="));
        if !matches!(platform, Some("desktop" | "android" | "ios")) {
            return refusal(404);
        }
        if let Err((status, text)) = authenticate(now, request) {
            return Response {
                code: status,
                headers: SortedMap::from([(
                    "content-type".to_owned(),
                    "text/plain; charset=utf-8".to_owned(),
                )]),
                body: text.as_bytes().to_vec(),
            };
        }
        let version = self.state().version.clone();
        json_answer(
            200,
            &json!({ "result": version, "status_code": 200, "updated": seconds(now) }),
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drop_expired(&mut self, now: Timestamp) {
        self.files.retain(|_, stored| stored.expires > now);
        self.size = self.files.values().map(|stored| stored.data.len()).sum();
    }
}

fn describe(stored: &Stored) -> Response {
    json_answer(
        200,
        &json!({
            "expires": seconds(stored.expires),
            "size": stored.data.len(),
            "uploaded": seconds(stored.uploaded),
        }),
    )
}

/// Seconds asked for by `X-FS-TTL`, or the default; `None` when outside the server's range.
fn lifetime(request: &Request) -> Option<u64> {
    match header(request, "X-FS-TTL") {
        None => Some(LIFETIME_S),
        Some(text) => text
            .parse()
            .ok()
            .filter(|s| (MIN_LIFETIME_S..=LIFETIME_S).contains(s)),
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let found = request
        .headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

/// Optional authentication with a blinded `07` key (10-network 8.2).
fn authenticate(now: Timestamp, request: &Request) -> Result<(), (u16, &'static str)> {
    let given =
        ["X-FS-Pubkey", "X-FS-Timestamp", "X-FS-Signature"].map(|name| header(request, name));
    let (key, time, signature) = match given {
        [None, None, None] => return Ok(()),
        [Some(key), Some(time), Some(signature)] => (key, time, signature),
        _ => {
            return Err((
                400,
                "Invalid authentication: one or more X-FS-* auth headers is missing",
            ));
        }
    };
    let Some([0x07, key @ ..]) = encoding::from_hex::<33>(key) else {
        return Err((
            400,
            "Invalid authentication: X-FS-Pubkey is not a valid 66-hex digit id",
        ));
    };
    let Some(signature) = Signature::from_base64(signature) else {
        return Err((
            400,
            "Invalid authentication: X-FS-Signature is not base64[86]",
        ));
    };
    let Ok(stamp) = time.parse::<i64>() else {
        return Err((
            400,
            "Invalid authentication: X-FS-Timestamp is not a valid timestamp",
        ));
    };
    let clock = i64::try_from(now.as_millis() / 1000).unwrap_or(i64::MAX);
    if stamp < clock - AUTH_WINDOW_S || stamp > clock + AUTH_WINDOW_S {
        return Err((
            425,
            "Invalid authentication: X-FS-Timestamp is too far from current time",
        ));
    }
    let mut message = format!("{time}{}{}", request.method, request.endpoint).into_bytes();
    if let Some(body) = request.body.as_deref().filter(|body| !body.is_empty()) {
        message.extend_from_slice(&blake2b::<64>(b"", &[body]));
    }
    Ed25519PublicKey(key)
        .verify(&message, &signature)
        .map_err(|_| {
            (
                401,
                "Invalid authentication: X-FS-Signature verification failed",
            )
        })
}

/// 44 characters of url-safe base64 over BLAKE2b-264 with a salt (10-network 8.2).
pub fn file_id(data: &[u8]) -> String {
    let mut hash = Blake2bMac::<U33>::new_with_salt_and_personal(None, b"SessionFileSvr\0\0", b"")
        .expect("the salt has 16 bytes, as many as there is room for");
    hash.update(data);
    base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        hash.finalize_fixed(),
    )
}

fn seconds(time: Timestamp) -> Value {
    // Exact for all times in question: 2^53 ms are 285,000 years.
    json!(time.as_millis() as f64 / 1000.0)
}

/// RFC 1123 date.
fn http_date(time: Timestamp) -> String {
    httpdate::fmt_http_date(
        std::time::UNIX_EPOCH + std::time::Duration::from_secs(time.as_millis() / 1000),
    )
}

fn refusal(status: u16) -> Response {
    json_answer(status, &json!({ "status_code": status }))
}

fn json_answer(code: u16, body: &Value) -> Response {
    Response {
        code,
        headers: SortedMap::from([("content-type".to_owned(), "application/json".to_owned())]),
        body: body.to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(method: &str, endpoint: &str, body: Option<&[u8]>) -> Request {
        Request {
            method: method.to_owned(),
            endpoint: endpoint.to_owned(),
            headers: SortedMap::new(),
            body: body.map(<[u8]>::to_vec),
        }
    }

    #[test]
    fn a_file_id_follows_from_the_bytes() {
        assert_eq!(
            file_id(&[0, 1, 2, 3, 0xff]),
            "3NK0Pf9Z5HiqzvijTCEogagHDMAEgc_p0YP17jPE3R3Y"
        );
    }

    #[test]
    fn an_upload_is_found_until_it_expires() {
        let server = FileServer::new().unwrap();
        let now = Timestamp(1_760_000_000_000);
        let mut upload = request("POST", "/file", Some(b"bytes"));
        upload
            .headers
            .insert("X-FS-TTL".to_owned(), "3600".to_owned());
        let stored: Value = serde_json::from_slice(&server.answer(now, &upload).body).unwrap();
        let path = format!("/file/{}", stored["id"].as_str().unwrap());
        let found = server.answer(now, &request("GET", &path, None));
        assert_eq!(
            (found.code, found.body.as_slice()),
            (200, b"bytes".as_slice())
        );
        assert_eq!(found.headers["content-type"], "application/octet-stream");
        assert_eq!(found.headers["expires"], "Thu, 09 Oct 2025 09:53:20 GMT");
        let late = now.plus_millis(3_600_000);
        let extended = server.answer(
            Timestamp(late.0 - 1),
            &request("POST", &format!("{path}/extend"), None),
        );
        assert_eq!(extended.code, 200);
        assert_eq!(server.answer(late, &request("GET", &path, None)).code, 200);
        let gone = server.answer(
            late.plus_millis(LIFETIME_S * 1000),
            &request("GET", &path, None),
        );
        assert_eq!(
            (gone.code, gone.body.as_slice()),
            (404, br#"{"status_code":404}"#.as_slice())
        );
    }

    #[test]
    fn sizes_lifetimes_and_platforms_out_of_range_are_refused() {
        let server = FileServer::new().unwrap();
        let now = Timestamp(1_760_000_000_000);
        assert_eq!(
            server
                .answer(now, &request("POST", "/file", Some(b"")))
                .code,
            413
        );
        assert_eq!(
            server
                .answer(now, &request("POST", "/file", Some(&vec![0; MAX_FILE + 1])))
                .code,
            413
        );
        let mut upload = request("POST", "/file", Some(b"x"));
        upload.headers.insert("X-FS-TTL".to_owned(), "5".to_owned());
        assert_eq!(server.answer(now, &upload).code, 400);
        assert_eq!(
            server
                .answer(
                    now,
                    &request("GET", "/session_version?platform=amiga", None)
                )
                .code,
            404
        );
        assert_eq!(
            server
                .answer(now, &request("GET", "/session_version?platform=ios", None))
                .code,
            200
        );
        assert_eq!(
            server.answer(now, &request("GET", "/nothing", None)).code,
            404
        );
    }

    #[test]
    fn authentication_is_all_or_nothing_and_bound_to_the_day() {
        let server = FileServer::new().unwrap();
        let now = Timestamp(1_760_000_000_000);
        let key = Ed25519SecretKey::from_seed(&[3; 32]);
        let endpoint = "/session_version?platform=desktop";
        let ask = |time: &str, signed: &str, keep: usize| {
            let mut asked = request("GET", endpoint, None);
            let headers = [
                ("X-FS-Pubkey", format!("07{}", key.public().to_hex())),
                ("X-FS-Timestamp", time.to_owned()),
                ("X-FS-Signature", key.sign(signed.as_bytes()).to_base64()),
            ];
            for (name, value) in headers.into_iter().take(keep) {
                asked.headers.insert(name.to_owned(), value);
            }
            server.answer(now, &asked).code
        };
        assert_eq!(
            ask("1760000000", &format!("1760000000GET{endpoint}"), 3),
            200
        );
        assert_eq!(ask("1760000000", "other", 3), 401);
        assert_eq!(
            ask("1759000000", &format!("1759000000GET{endpoint}"), 3),
            425
        );
        assert_eq!(
            ask("1760000000", &format!("1760000000GET{endpoint}"), 2),
            400
        );
    }
}
