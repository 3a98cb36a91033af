//! Peeling one layer, as a service node does (10-network 4.2, 15-observed-service-node 8).
//!
//! What the guard cannot read is complained of in clear. From the first decrypted layer on, a layer that decrypts but makes
//! no sense is complained of under that layer's key, and only what does not decrypt is complained of in clear.

use super::cipher::Cipher;
use super::frame;
use crate::keys::{Ed25519PublicKey, X25519PublicKey, X25519SecretKey};
use serde_json::Value;

/// What a node finds inside its layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// It is the destination (`headers` present).
    Final {
        /// The RPC JSON.
        request: Vec<u8>,
        /// `"json": true`: the body of the answer is embedded JSON.
        embed_json: bool,
        /// `"base64": false` gives `false`: the answer is raw.
        base64: bool,
    },
    /// To be posted to a server as it is.
    Server {
        /// Host name.
        host: String,
        /// Path.
        target: String,
        /// `http` or `https`.
        protocol: String,
        /// Port.
        port: u16,
        /// The whole decrypted layer.
        body: Vec<u8>,
    },
    /// To be forwarded.
    Forward {
        /// The next node.
        next: Ed25519PublicKey,
        /// Its frame-independent parts: ciphertext, ephemeral key, cipher.
        ciphertext: Vec<u8>,
        /// Ephemeral key for the next node.
        ephemeral: X25519PublicKey,
        /// Cipher of the next layer.
        cipher: Cipher,
    },
}

/// What went wrong at a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeelError {
    /// Answered in clear with status 400.
    #[error("Error parsing onion request: {0}")]
    Parse(String),
    /// Answered in clear with status 400.
    #[error("Invalid ciphertext")]
    Ciphertext,
    /// Answered encrypted to this layer's key: `{"body":"Invalid json","status":400}`.
    #[error("Invalid json")]
    Json,
    /// Answered encrypted to this layer's key: `{"body":"Invalid url","status":400}`.
    #[error("Invalid url")]
    Url,
}

impl PeelError {
    /// Whether the complaint goes back in clear with HTTP status 400. The others are sealed to the layer's key with
    /// [`seal_reply`](super::seal_reply) under HTTP status 200.
    pub const fn in_clear(&self) -> bool {
        matches!(self, Self::Parse(_) | Self::Ciphertext)
    }
}

/// The outer frame as it reaches the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outer {
    /// Ciphertext for this node.
    pub ciphertext: Vec<u8>,
    /// Ephemeral key.
    pub ephemeral: X25519PublicKey,
    /// Cipher.
    pub cipher: Cipher,
    /// `hop_no` if given, else 0. Never negative.
    pub hop_no: i64,
}

/// A request may pass nodes numbered 0 to 15; a node that would be number 16 refuses it with 400
/// `onion request max path length exceeded`.
pub const MAX_HOP_NUMBER: i64 = 15;

/// Reads the POST body at the guard.
pub fn parse_outer(body: &[u8]) -> Result<Outer, PeelError> {
    read_outer(body).map_err(PeelError::Parse)
}

fn read_outer(body: &[u8]) -> Result<Outer, String> {
    let (ciphertext, json) = frame::decode(body).map_err(|error| error.to_string())?;
    let json = read_json(json)?;
    let ephemeral = match json.as_object() {
        Some(object) => object
            .get("ephemeral_key")
            .ok_or("[json.exception.out_of_range.403] key 'ephemeral_key' not found")?,
        None => {
            return Err(format!(
                "[json.exception.type_error.304] cannot use at() with {}",
                kind(&json)
            ));
        }
    };
    let ephemeral = read_key(text(ephemeral)?)?;
    let cipher = read_cipher(json.get("enc_type"))?;
    let hop_no = match json.get("hop_no") {
        // The node reads a 32-bit integer and takes the larger of it and 0.
        Some(number) => i64::from((integer(number)? as i32).max(0)),
        None => 0,
    };
    Ok(Outer {
        ciphertext: ciphertext.to_vec(),
        ephemeral: X25519PublicKey(ephemeral),
        cipher,
        hop_no,
    })
}

/// Decrypts and reads one layer.
pub fn peel(
    node: &X25519SecretKey,
    ephemeral: &X25519PublicKey,
    cipher: Cipher,
    ciphertext: &[u8],
) -> Result<Layer, PeelError> {
    let plaintext = cipher
        .decrypt_from_client(node, ephemeral, ciphertext)
        .map_err(|_| PeelError::Ciphertext)?;
    let layer = read_layer(plaintext).map_err(|_| PeelError::Json)?;
    match &layer {
        Layer::Server {
            target, protocol, ..
        } if !is_allowed(target, protocol) => Err(PeelError::Url),
        _ => Ok(layer),
    }
}

/// `headers` wins over `host`, `host` over `destination`.
fn read_layer(plaintext: Vec<u8>) -> Result<Layer, String> {
    let (payload, json) = frame::decode(&plaintext).map_err(|error| error.to_string())?;
    let json = read_json(json)?;
    if json.get("headers").is_some() {
        return Ok(Layer::Final {
            request: payload.to_vec(),
            embed_json: flag(&json, "json", false)?,
            base64: flag(&json, "base64", true)?,
        });
    }
    if let Some(host) = json.get("host") {
        let host = text(host)?.to_owned();
        let target = text(json.get("target").ok_or("no target")?)?.to_owned();
        let port = match json.get("port") {
            // Taken modulo 2^16, as the node does.
            Some(port) => integer(port)? as u16,
            None => 443,
        };
        let protocol = match json.get("protocol") {
            Some(protocol) => text(protocol)?.to_owned(),
            None => "https".to_owned(),
        };
        return Ok(Layer::Server {
            host,
            target,
            protocol,
            port,
            body: plaintext,
        });
    }
    let next = read_key(text(json.get("destination").ok_or("no destination")?)?)?;
    let ephemeral = read_key(text(json.get("ephemeral_key").ok_or("no ephemeral_key")?)?)?;
    Ok(Layer::Forward {
        next: Ed25519PublicKey(next),
        ciphertext: payload.to_vec(),
        ephemeral: X25519PublicKey(ephemeral),
        cipher: read_cipher(json.get("enc_type"))?,
    })
}

/// Which servers an exit node posts to.
fn is_allowed(target: &str, protocol: &str) -> bool {
    (target.starts_with("/loki/") || target.starts_with("/oxen/"))
        && target.ends_with("/lsrpc")
        && !target.contains('?')
        && matches!(protocol, "http" | "https")
}

/// Absent means AES-GCM.
fn read_cipher(name: Option<&Value>) -> Result<Cipher, String> {
    let Some(name) = name else {
        return Ok(Cipher::AesGcm);
    };
    let name = text(name)?;
    Cipher::from_name(name).ok_or_else(|| format!("Invalid encryption type {name}"))
}

/// The texts say 32 hex digits where 64 are meant, as the nodes do.
fn read_key(text: &str) -> Result<[u8; 32], String> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        return Err("Hex key data is invalid: data is not hex".to_owned());
    }
    crate::encoding::from_hex::<32>(text).ok_or_else(|| {
        format!(
            "Hex key data is invalid: expected 32 hex digits, received {}",
            text.len()
        )
    })
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| {
        let kind = kind(value);
        format!("[json.exception.type_error.303] incompatible ReferenceType for get_ref, actual type is {kind}")
    })
}

/// Numbers of every sort and booleans count as integers, as in the JSON library of the nodes.
fn integer(value: &Value) -> Result<i64, String> {
    match value {
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::Number(number) => Ok(number
            .as_i64()
            .or_else(|| number.as_u64().map(|number| number as i64))
            .or_else(|| number.as_f64().map(|number| number as i64))
            .unwrap_or_default()),
        _ => Err(format!(
            "[json.exception.type_error.302] type must be number, but is {}",
            kind(value)
        )),
    }
}

fn flag(json: &Value, name: &str, default: bool) -> Result<bool, String> {
    let Some(value) = json.get(name) else {
        return Ok(default);
    };
    value.as_bool().ok_or_else(|| {
        format!(
            "[json.exception.type_error.302] type must be boolean, but is {}",
            kind(value)
        )
    })
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// JSON as the nodes read it: a byte order mark is skipped, a repeated key counts by its last value.
fn read_json(bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        let detail = if bytes.is_empty() {
            "attempting to parse an empty input; check that your input string or stream contains the expected JSON"
        } else {
            "syntax error while parsing value"
        };
        // The nodes count the column of the byte that is missing at the end of the input.
        let column = error.column() + usize::from(error.is_eof());
        let line = error.line();
        format!("[json.exception.parse_error.101] parse error at line {line}, column {column}: {detail}")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::onion::build::tests::{nodes, worked_example};
    use crate::onion::testing::Script;
    use proptest::prelude::*;

    const KEY: &str = "8167e97672005c669a48858c69895f395ca235219ac3f7a4210022b1f910e652";

    fn outer(json: &str) -> Result<Outer, PeelError> {
        parse_outer(&frame::encode(b"abc", json.as_bytes()))
    }

    /// Encrypts a layer for a node and peels it there.
    fn layer(json: &str) -> Result<Layer, PeelError> {
        raw_layer(&frame::encode(b"abc", json.as_bytes()))
    }

    fn raw_layer(plaintext: &[u8]) -> Result<Layer, PeelError> {
        let node = nodes()[0].to_x25519();
        let client = X25519SecretKey::from_bytes([3; 32]);
        let cipher = Cipher::XChaCha20;
        let sealed = cipher.encrypt_to_node(
            &client,
            &node.public(),
            plaintext,
            &mut Script::new([[1; 24]]),
        );
        peel(&node, &client.public(), cipher, &sealed.unwrap())
    }

    #[test]
    fn the_published_frames_open_at_the_server() {
        let secret = "2f4d1c0d28e137777ec0a316e9f4f763e3e66662a6c51994c6315c9ef34b6deb";
        let node = X25519SecretKey::from_bytes(crate::encoding::from_hex(secret).unwrap());
        let table = [
            (
                "aes-gcm",
                "270000009525d587d188c92a966eef0e7162bef99a6171a124575b998072a8ee7eb265e0b6f0930ed96504",
            ),
            (
                "xchacha20",
                "33000000e440bc244ddcafd947b86fc5a964aa58de54a6d75cc0f0f3840db14b6c1176a8e2e0a04d5fbdf98f23adee1edc8362ab99b10b",
            ),
        ];
        for (name, start) in table {
            let mut body = hex::decode(start).unwrap();
            body.extend_from_slice(
                format!(r#"{{"enc_type": "{name}", "ephemeral_key": "{KEY}"}}"#).as_bytes(),
            );
            let outer = parse_outer(&body).unwrap();
            let opened =
                outer
                    .cipher
                    .decrypt_from_client(&node, &outer.ephemeral, &outer.ciphertext);
            assert_eq!(opened.unwrap(), b"Hello world");
            assert_eq!(outer.hop_no, 0);
        }
    }

    #[test]
    fn the_worked_example_peels_node_by_node() {
        for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
            let nodes = nodes();
            let outer = parse_outer(&worked_example(cipher).body).unwrap();
            let (mut ciphertext, mut ephemeral) = (outer.ciphertext, outer.ephemeral);
            for (here, there) in nodes.iter().zip(&nodes[1..]) {
                let Layer::Forward {
                    next,
                    ciphertext: c,
                    ephemeral: e,
                    cipher: t,
                } = peel(&here.to_x25519(), &ephemeral, cipher, &ciphertext).unwrap()
                else {
                    panic!("a hop forwards");
                };
                assert_eq!((next, t), (there.public(), cipher));
                (ciphertext, ephemeral) = (c, e);
            }
            assert_eq!(
                peel(&nodes[3].to_x25519(), &ephemeral, cipher, &ciphertext).unwrap(),
                Layer::Final {
                    request: br#"{"method":"info","params":{}}"#.to_vec(),
                    embed_json: false,
                    base64: true
                }
            );
        }
    }

    #[test]
    fn the_guard_complains_in_the_words_of_the_node_software() {
        let table = [
            (
                &b"abc"[..],
                "Unexpected payload size; expected ciphertext size",
            ),
            (
                b"\x0f\x27\0\0abc",
                "Unexpected payload size 3, expected >= 9999",
            ),
        ];
        for (body, text) in table {
            let error = parse_outer(body).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("Error parsing onion request: {text}")
            );
            assert!(error.in_clear());
        }
        let short = &KEY[2..];
        let table = [
            (
                "{}".to_owned(),
                "[json.exception.out_of_range.403] key 'ephemeral_key' not found",
            ),
            (
                "[]".to_owned(),
                "[json.exception.type_error.304] cannot use at() with array",
            ),
            (
                r#"{"ephemeral_key":"zz"}"#.to_owned(),
                "Hex key data is invalid: data is not hex",
            ),
            (
                format!(r#"{{"ephemeral_key":"{short}"}}"#),
                "Hex key data is invalid: expected 32 hex digits, received 62",
            ),
            (
                format!(r#"{{"ephemeral_key":"{KEY}","enc_type":"rot13"}}"#),
                "Invalid encryption type rot13",
            ),
            (
                format!(r#"{{"ephemeral_key":"{KEY}","enc_type":"AES-GCM"}}"#),
                "Invalid encryption type AES-GCM",
            ),
            (
                format!(r#"{{"ephemeral_key":"{KEY}","enc_type":""}}"#),
                "Invalid encryption type ",
            ),
            (
                format!(r#"{{"ephemeral_key":"{KEY}","hop_no":"1"}}"#),
                "[json.exception.type_error.302] type must be number, but is string",
            ),
        ];
        for (json, text) in table {
            assert_eq!(outer(&json), Err(PeelError::Parse(text.to_owned())));
        }
        for json in ["", "{", "nonsense", "{}x"] {
            let PeelError::Parse(text) = outer(json).unwrap_err() else {
                panic!("{json}")
            };
            assert!(
                text.starts_with("[json.exception.parse_error.101] parse error at line 1, column "),
                "{text}"
            );
        }
    }

    #[test]
    fn the_guard_reads_aliases_upper_case_hex_and_the_hop_number() {
        let upper = KEY.to_uppercase();
        let read = outer(&format!(
            r#" {{"x":1,"ephemeral_key":"{upper}","enc_type":"gcm","hop_no":12}} "#
        ))
        .unwrap();
        assert_eq!(read.ephemeral.to_hex(), KEY);
        assert_eq!((read.cipher, read.hop_no), (Cipher::AesGcm, 12));
        let read = outer(&format!(
            r#"{{"ephemeral_key":"{KEY}","enc_type":"xchacha20-poly1305","hop_no":-7}}"#
        ));
        let read = read.unwrap();
        assert_eq!((read.cipher, read.hop_no), (Cipher::XChaCha20, 0));
        assert_eq!(
            outer(&format!(r#"{{"ephemeral_key":"{KEY}"}}"#))
                .unwrap()
                .cipher,
            Cipher::AesGcm
        );
    }

    #[test]
    fn headers_win_over_host_and_host_over_destination() {
        let server = r#""host":"h","target":"/oxen/v4/lsrpc""#;
        let next = format!(r#""destination":"{KEY}","ephemeral_key":"{KEY}""#);
        for headers in ["\"\"", "{}", "[]", "null"] {
            let all = layer(&format!(r#"{{"headers":{headers},{server},{next}}}"#));
            assert!(matches!(all, Ok(Layer::Final { .. })), "{headers}");
        }
        assert!(matches!(
            layer(&format!("{{{server},{next}}}")),
            Ok(Layer::Server { .. })
        ));
        assert!(matches!(
            layer(&format!("{{{next}}}")),
            Ok(Layer::Forward { .. })
        ));
    }

    #[test]
    fn a_server_layer_has_defaults_and_keeps_its_whole_body() {
        let json = r#"{"host":"files.example.org","target":"/loki/v3/lsrpc","more":1}"#;
        let body = frame::encode(b"abc", json.as_bytes());
        assert_eq!(
            layer(json),
            Ok(Layer::Server {
                host: "files.example.org".into(),
                target: "/loki/v3/lsrpc".into(),
                protocol: "https".into(),
                port: 443,
                body
            })
        );
        let Ok(Layer::Server { port, .. }) =
            layer(r#"{"host":"h","target":"/oxen/v4/lsrpc","port":65536}"#)
        else {
            panic!("a large port wraps");
        };
        assert_eq!(port, 0);
    }

    #[test]
    fn senseless_layers_are_complained_of_under_their_own_key() {
        let invalid_json = [
            "".to_owned(),
            "nonsense".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            r#"{"destination":"zz"}"#.to_owned(),
            format!(
                r#"{{"destination":"{}","ephemeral_key":"{KEY}"}}"#,
                &KEY[2..]
            ),
            format!(r#"{{"destination":"{KEY}"}}"#),
            format!(r#"{{"destination":"{KEY}","ephemeral_key":"zz"}}"#),
            format!(r#"{{"destination":"{KEY}","ephemeral_key":"{KEY}","enc_type":"rot13"}}"#),
            r#"{"headers":"","json":null}"#.to_owned(),
            r#"{"headers":"","base64":1}"#.to_owned(),
            r#"{"host":"h"}"#.to_owned(),
            r#"{"host":7,"target":"/oxen/v4/lsrpc"}"#.to_owned(),
            r#"{"host":"h","target":"/oxen/v4/lsrpc","port":"80"}"#.to_owned(),
        ];
        for json in invalid_json {
            assert_eq!(layer(&json), Err(PeelError::Json), "{json}");
        }
        assert_eq!(raw_layer(b"ab"), Err(PeelError::Json));
        assert!(!PeelError::Json.in_clear());

        for rest in [
            r#""target":"/oxen/v4/lsrpc?x""#,
            r#""target":"oxen/v4/lsrpc""#,
            r#""target":"/other/v4/lsrpc""#,
            r#""target":"/oxen/v4/other""#,
            r#""target":"/oxen/v4/lsrpc","protocol":"HTTPS""#,
            r#""target":"/oxen/v4/lsrpc","protocol":"ftp""#,
        ] {
            assert_eq!(
                layer(&format!(r#"{{"host":"h",{rest}}}"#)),
                Err(PeelError::Url),
                "{rest}"
            );
        }
    }

    #[test]
    fn what_does_not_decrypt_is_complained_of_in_clear() {
        let node = nodes()[0].to_x25519();
        let outer = parse_outer(&worked_example(Cipher::XChaCha20).body).unwrap();
        let zero = X25519PublicKey([0; 32]);
        for (key, cipher, ciphertext) in [
            (&zero, Cipher::XChaCha20, &outer.ciphertext[..]),
            (&node.public(), Cipher::XChaCha20, &outer.ciphertext),
            (&outer.ephemeral, Cipher::AesGcm, &outer.ciphertext),
            (
                &outer.ephemeral,
                Cipher::XChaCha20,
                &outer.ciphertext[..100],
            ),
            (&outer.ephemeral, Cipher::XChaCha20, &[]),
        ] {
            assert_eq!(
                peel(&node, key, cipher, ciphertext),
                Err(PeelError::Ciphertext)
            );
        }
        assert!(PeelError::Ciphertext.in_clear());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_body_is_read_without_a_panic(bytes: Vec<u8>, json in ".{0,60}") {
            let _ = parse_outer(&bytes);
            let _ = outer(&json);
            let _ = read_layer(bytes);
            let _ = read_layer(frame::encode(b"", json.as_bytes()));
        }
    }
}
