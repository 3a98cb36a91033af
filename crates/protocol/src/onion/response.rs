//! Answers to onion requests (10-network 4.4, 4.6).
//!
//! An answer is opened with the destination's key. When that fails the keys of the hops are tried: a hop complains about its
//! own layer under its own key. Errors of the transport come in clear and name at most the next node.

use super::build::OnionRequest;
use super::cipher::Cipher;
use super::v4;
use crate::encoding;
use crate::keys::Ed25519PublicKey;
use serde::Deserialize;
use serde_json::Value;

/// The answer of a service node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcReply {
    /// Status of the RPC.
    pub status: u16,
    /// Its body: JSON text or an error text.
    pub body: Vec<u8>,
}

/// What came back instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// `Next node not found: K`, `Next node is currently unreachable: K` (status 502).
    #[error("the next node is unknown or unreachable")]
    NextNode {
        /// The node named.
        node: Ed25519PublicKey,
        /// True for "not found", false for "unreachable".
        not_found: bool,
    },
    /// `Snode not ready: K` (status 503).
    #[error("a node is not ready")]
    NotReady {
        /// The node named, or the guard.
        node: Option<Ed25519PublicKey>,
    },
    /// `Request time out` (status 504).
    #[error("a node on the path did not answer")]
    Timeout,
    /// `Invalid ciphertext`: a key in our list is wrong, or the data was damaged.
    #[error("a node on the path could not decrypt")]
    InvalidCiphertext,
    /// The guard or the exit answered otherwise.
    #[error("the path answered {status}: {text}")]
    Path {
        /// HTTP status.
        status: u16,
        /// Text, cut to 200 characters.
        text: String,
    },
    /// An intermediate hop complained, encrypted to its own key. `hop` counts from 0 at the guard.
    #[error("hop {hop} complained: {status}")]
    Hop {
        /// Which layer's key opened it.
        hop: usize,
        /// Status inside.
        status: u16,
        /// Text inside, cut to 200 characters.
        text: String,
    },
    /// HTTP 200, but none of our keys opens it, or the inside is malformed.
    #[error("the answer cannot be decrypted")]
    Undecryptable,
}

/// Larger answers are not looked at. The largest real one has about 10.4 million bytes of base64 (10-network 4.7).
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Characters of a foreign text that are kept.
const TEXT_LIMIT: usize = 200;

impl OnionRequest {
    /// Reads the guard's answer to a request for a service node. Tries the request's cipher, then the other one.
    pub fn open_rpc(&self, http_status: u16, body: &[u8]) -> Result<RpcReply, ResponseError> {
        check_status(http_status, body)?;
        let ciphertext = ciphertext_of(body).ok_or(ResponseError::Undecryptable)?;
        let Some(destination) = self.layers.len().checked_sub(1) else {
            return Err(ResponseError::Undecryptable);
        };
        match self.open_layer(destination, &ciphertext) {
            Some(plaintext) => {
                // Megabytes, and no longer needed.
                drop(ciphertext);
                RpcReply::parse(&plaintext).ok_or(ResponseError::Undecryptable)
            }
            None => Err(self.complaint(&ciphertext)),
        }
    }

    /// Reads the guard's answer to a v4 request for a server.
    pub fn open_v4(&self, http_status: u16, body: &[u8]) -> Result<v4::Response, ResponseError> {
        check_status(http_status, body)?;
        let Some(destination) = self.layers.len().checked_sub(1) else {
            return Err(ResponseError::Undecryptable);
        };
        // A server answers raw bytes; a complaint of a hop comes as base64.
        if let Some(plaintext) = self.open_layer(destination, body) {
            return v4::Response::decode(&plaintext).map_err(|_| ResponseError::Undecryptable);
        }
        let ciphertext = ciphertext_of(body).ok_or(ResponseError::Undecryptable)?;
        Err(self.complaint(&ciphertext))
    }

    /// The complaint of the hop whose key opens `ciphertext`.
    fn complaint(&self, ciphertext: &[u8]) -> ResponseError {
        let hops = self.layers.len().saturating_sub(1);
        for hop in 0..hops {
            if let Some(reply) = self
                .open_layer(hop, ciphertext)
                .and_then(|plain| RpcReply::parse(&plain))
            {
                return ResponseError::Hop {
                    hop,
                    status: reply.status,
                    text: shortened(&reply.body),
                };
            }
        }
        ResponseError::Undecryptable
    }

    fn open_layer(&self, layer: usize, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let (secret, node) = self.layers.get(layer)?;
        let open = |cipher: Cipher| cipher.decrypt_from_node(secret, node, ciphertext).ok();
        open(self.cipher).or_else(|| open(self.cipher.other()))
    }
}

impl RpcReply {
    /// Reads `{"status":…,"body":…}`; the body is a string, or JSON where that was asked for.
    fn parse(plaintext: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Inner {
            status: u16,
            body: Value,
        }
        let Inner { status, body } = serde_json::from_slice(plaintext).ok()?;
        let body = match body {
            Value::String(text) => text.into_bytes(),
            json => json.to_string().into_bytes(),
        };
        Some(Self { status, body })
    }
}

/// Base64, alone or in the wrapper of old servers (`{"result":"…"}`), or raw bytes.
fn ciphertext_of(body: &[u8]) -> Option<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Some(body.to_vec());
    };
    let text = text.trim();
    if text.starts_with('{') {
        #[derive(Deserialize)]
        struct Wrapper {
            result: String,
        }
        let wrapper: Wrapper = serde_json::from_str(text).ok()?;
        return encoding::from_base64(wrapper.result.trim());
    }
    encoding::from_base64(text)
}

fn check_status(status: u16, body: &[u8]) -> Result<(), ResponseError> {
    if status != 200 {
        return Err(path_error(status, body));
    }
    if body.len() > MAX_ANSWER {
        return Err(ResponseError::Undecryptable);
    }
    Ok(())
}

/// Reads an error that came in clear.
fn path_error(status: u16, body: &[u8]) -> ResponseError {
    let text = shortened(body);
    let named = |start: &str| Ed25519PublicKey::from_hex(text.strip_prefix(start)?.trim());
    let known = match status {
        400 if text == "Invalid ciphertext" => Some(ResponseError::InvalidCiphertext),
        502 => named("Next node not found: ")
            .map(|node| ResponseError::NextNode {
                node,
                not_found: true,
            })
            .or_else(|| {
                named("Next node is currently unreachable: ").map(|node| ResponseError::NextNode {
                    node,
                    not_found: false,
                })
            }),
        503 if text.starts_with("Snode not ready") => Some(ResponseError::NotReady {
            node: named("Snode not ready: "),
        }),
        // The two ways in which a guard speaks of itself.
        503 if text.starts_with("Service node is not ready") || text.starts_with("Server busy") => {
            Some(ResponseError::NotReady { node: None })
        }
        504 if text == "Request time out" => Some(ResponseError::Timeout),
        _ => None,
    };
    known.unwrap_or(ResponseError::Path { status, text })
}

/// The first 200 characters, trimmed, with whatever is no text replaced.
fn shortened(body: &[u8]) -> String {
    let start = body.get(..TEXT_LIMIT * 4).unwrap_or(body);
    let text: String = String::from_utf8_lossy(start)
        .trim()
        .chars()
        .take(TEXT_LIMIT)
        .collect();
    text.trim_end().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::onion::build::tests::{nodes, worked_example};
    use crate::onion::reply::{ReplyBody, ReplyForm, seal_reply};
    use crate::onion::testing::Script;
    use proptest::prelude::*;
    use serde_json::json;

    const XCHACHA: &str = "UVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRnudA+rlC7Jh61KKKKJY/aJzySwy3+8ywWR3c6ytkHbWmDMEB++wBVR0YDKedDP5ejctCUK+9Wt8VA394zDOtBlCpYzsk+mnTUUH0uQNx5/NYO0WcAtl1dwy7yxdFpe6tJS8dXRmL1zrI27foSl0Cn6wpdM7HODlbCTDh8g==";
    const GCM: &str = "UVFRUVFRUVFRUVFR8PR4uUDPdgXCqJZ4jgB5WPJObQMwTOOjNADG+ncP1aWC+/H6oemS3f8C8n0dhH+/MGuBiAPMd3zKADI4yqaOkr4Ps41g2PttiNPmtEVPC8JKXiWKcvbK0iZ98pnA8siw8V2HaDcOzUeVrImt9BbFvjC1cFubbfndpHKJBQ==";
    const KEY: &str = "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737";

    #[test]
    fn the_published_answers_open_in_the_cipher_of_the_request_and_in_the_other() {
        let expected = RpcReply {
            status: 200,
            body:
                br#"{"version":[2,11,3],"timestamp":1760000000000,"t":1760000000000,"hf":[19,9]}"#
                    .to_vec(),
        };
        for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
            let request = worked_example(cipher);
            for text in [XCHACHA, GCM] {
                assert_eq!(request.open_rpc(200, text.as_bytes()).unwrap(), expected);
                let wrapped = json!({"result": text}).to_string();
                assert_eq!(request.open_rpc(200, wrapped.as_bytes()).unwrap(), expected);
                let raw = encoding::from_base64(text).unwrap();
                assert_eq!(request.open_rpc(200, &raw).unwrap(), expected);
            }
        }
    }

    /// An answer of the node at `layer`, in base64.
    fn answer(
        request: &OnionRequest,
        layer: usize,
        status: u16,
        body: ReplyBody<'_>,
        form: ReplyForm,
    ) -> Vec<u8> {
        let node = nodes()[layer].to_x25519();
        let client = request.layers[layer].0.public();
        let mut script = Script::new([[9; 24]]);
        seal_reply(
            &node,
            &client,
            request.cipher,
            status,
            body,
            form,
            &mut script,
        )
        .unwrap()
    }

    #[test]
    fn the_complaint_of_a_hop_is_read_under_its_own_key() {
        let request = worked_example(Cipher::XChaCha20);
        for hop in 0..3 {
            let body = answer(
                &request,
                hop,
                400,
                ReplyBody::Text("Invalid json"),
                ReplyForm::default(),
            );
            let complaint = ResponseError::Hop {
                hop,
                status: 400,
                text: "Invalid json".into(),
            };
            assert_eq!(request.open_rpc(200, &body), Err(complaint.clone()));
            assert_eq!(request.open_v4(200, &body), Err(complaint));
        }
        let body = answer(
            &request,
            3,
            400,
            ReplyBody::Text("Invalid json"),
            ReplyForm::default(),
        );
        assert_eq!(request.open_rpc(200, &body).unwrap().status, 400);
    }

    #[test]
    fn an_embedded_body_is_read_as_its_json_text() {
        let request = worked_example(Cipher::AesGcm);
        let form = ReplyForm {
            embed_json: true,
            base64: true,
        };
        let body = answer(&request, 3, 200, ReplyBody::Json(&json!({"t": 1})), form);
        assert_eq!(request.open_rpc(200, &body).unwrap().body, br#"{"t":1}"#);
    }

    #[test]
    fn a_server_answers_raw_bytes() {
        let request = worked_example(Cipher::XChaCha20);
        let (ours, server) = request.layers.last().unwrap();
        let response = v4::Response {
            code: 404,
            headers: Default::default(),
            body: b"no".to_vec(),
        };
        let node = nodes()[3].to_x25519();
        assert_eq!(&node.public(), server);
        let sealed = |plaintext: &[u8]| {
            let mut script = Script::new([[2; 24]]);
            Cipher::XChaCha20
                .encrypt_to_client(&node, &ours.public(), plaintext, &mut script)
                .unwrap()
        };
        assert_eq!(
            request.open_v4(200, &sealed(&response.encode())),
            Ok(response)
        );
        assert_eq!(
            request.open_v4(200, &sealed(b"le")),
            Err(ResponseError::Undecryptable)
        );
        assert_eq!(
            request.open_v4(200, b"{}"),
            Err(ResponseError::Undecryptable)
        );
    }

    #[test]
    fn errors_in_clear_name_the_node_at_fault_where_they_do() {
        let request = worked_example(Cipher::XChaCha20);
        let node = Ed25519PublicKey::from_hex(KEY).unwrap();
        let path = |status, text: &str| ResponseError::Path {
            status,
            text: text.into(),
        };
        let long = "é".repeat(500);
        let table = [
            (
                502,
                format!("Next node not found: {KEY}"),
                ResponseError::NextNode {
                    node,
                    not_found: true,
                },
            ),
            (
                502,
                format!("Next node not found: {}\n", KEY.to_uppercase()),
                ResponseError::NextNode {
                    node,
                    not_found: true,
                },
            ),
            (
                502,
                format!("Next node is currently unreachable: {KEY}"),
                ResponseError::NextNode {
                    node,
                    not_found: false,
                },
            ),
            (
                502,
                "Next node not found: me".into(),
                path(502, "Next node not found: me"),
            ),
            (
                502,
                "Could not resolve host: nosuch.invalid".into(),
                path(502, "Could not resolve host: nosuch.invalid"),
            ),
            (
                503,
                format!("Snode not ready: {KEY}"),
                ResponseError::NotReady { node: Some(node) },
            ),
            (
                503,
                "Snode not ready".into(),
                ResponseError::NotReady { node: None },
            ),
            (
                503,
                "Service node is not ready: syncing\n".into(),
                ResponseError::NotReady { node: None },
            ),
            (
                503,
                "Server busy, try again later".into(),
                ResponseError::NotReady { node: None },
            ),
            (503, "maintenance".into(), path(503, "maintenance")),
            (504, "Request time out".into(), ResponseError::Timeout),
            (
                504,
                "Operation timed out".into(),
                path(504, "Operation timed out"),
            ),
            (
                400,
                "Invalid ciphertext".into(),
                ResponseError::InvalidCiphertext,
            ),
            (
                500,
                "Invalid response from snode".into(),
                path(500, "Invalid response from snode"),
            ),
            (
                404,
                "post /onion_req/v2 Not Found".into(),
                path(404, "post /onion_req/v2 Not Found"),
            ),
            (418, long.clone(), path(418, &long[..400])),
        ];
        for (status, text, error) in table {
            assert_eq!(
                request.open_rpc(status, text.as_bytes()),
                Err(error.clone()),
                "{text}"
            );
            assert_eq!(
                request.open_v4(status, text.as_bytes()),
                Err(error),
                "{text}"
            );
        }
        assert_eq!(
            request.open_rpc(400, b"\xff\xfe"),
            Err(path(400, "\u{fffd}\u{fffd}"))
        );
    }

    #[test]
    fn a_malformed_inside_is_no_answer() {
        let request = worked_example(Cipher::XChaCha20);
        let (ours, _) = request.layers.last().unwrap();
        for inside in [
            "",
            "{}",
            "[]",
            r#"{"status":200}"#,
            r#"{"status":"200","body":""}"#,
            r#"{"status":70000,"body":""}"#,
        ] {
            let mut script = Script::new([[2; 24]]);
            let node = nodes()[3].to_x25519();
            let sealed = Cipher::XChaCha20.encrypt_to_client(
                &node,
                &ours.public(),
                inside.as_bytes(),
                &mut script,
            );
            let body = encoding::base64(&sealed.unwrap());
            assert_eq!(
                request.open_rpc(200, body.as_bytes()),
                Err(ResponseError::Undecryptable),
                "{inside}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn any_answer_is_read_without_a_panic(status: u16, bytes: Vec<u8>, text in ".{0,80}") {
            let request = worked_example(Cipher::XChaCha20);
            for status in [status, 200] {
                prop_assert!(request.open_rpc(status, &bytes).is_err());
                prop_assert!(request.open_v4(status, &bytes).is_err());
                prop_assert!(request.open_rpc(status, text.as_bytes()).is_err());
            }
            let _ = RpcReply::parse(text.as_bytes());
        }
    }
}
