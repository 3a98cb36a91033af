//! What a service node sends back: one encryption by the destination under the layer's key (10-network 4.4).
//!
//! Complaints of a node about its own layer ("Invalid json", "Invalid url") go the same way.

use super::cipher::{Cipher, CipherError};
use crate::encoding;
use crate::entropy::Entropy;
use crate::keys::{X25519PublicKey, X25519SecretKey};
use serde::Serialize;
use serde_json::Value;

/// The body of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReplyBody<'a> {
    /// A JSON result: embedded, or serialised into a string.
    Json(&'a Value),
    /// An error text: always a string.
    Text(&'a str),
}

/// How the client asked for its answer (`json` and `base64` beside `headers`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyForm {
    /// JSON bodies are embedded instead of being written into a string.
    pub embed_json: bool,
    /// The ciphertext travels as base64 text instead of raw bytes.
    pub base64: bool,
}

impl Default for ReplyForm {
    fn default() -> Self {
        Self {
            embed_json: false,
            base64: true,
        }
    }
}

#[derive(Serialize)]
struct Plaintext<'a, B: Serialize> {
    body: &'a B,
    status: u16,
}

/// Encrypts `{"body":…,"status":…}` to the client: the HTTP body that travels back through the hops under status 200.
///
/// `node` is the key that opened the layer, `client` and `cipher` are those of the layer. Draws the nonce.
pub fn seal_reply(
    node: &X25519SecretKey,
    client: &X25519PublicKey,
    cipher: Cipher,
    status: u16,
    body: ReplyBody<'_>,
    form: ReplyForm,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Vec<u8>, CipherError> {
    let plaintext = match body {
        ReplyBody::Json(value) if form.embed_json => plaintext(value, status),
        ReplyBody::Json(value) => plaintext(&value.to_string(), status),
        ReplyBody::Text(text) => plaintext(&text, status),
    };
    let ciphertext = cipher.encrypt_to_client(node, client, &plaintext, entropy)?;
    Ok(if form.base64 {
        encoding::base64(&ciphertext).into_bytes()
    } else {
        ciphertext
    })
}

fn plaintext(body: &impl Serialize, status: u16) -> Vec<u8> {
    serde_json::to_vec(&Plaintext { body, status }).expect("JSON values and texts always serialise")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::onion::build::tests::{nodes, worked_example};
    use crate::onion::testing::Script;
    use serde_json::json;

    fn opened(status: u16, body: ReplyBody<'_>, form: ReplyForm) -> String {
        let request = worked_example(Cipher::AesGcm);
        let (ours, d) = request.layers.last().unwrap();
        let node = nodes()[3].to_x25519();
        let mut script = Script::new([[5; 12]]);
        let sealed = seal_reply(
            &node,
            &ours.public(),
            request.cipher,
            status,
            body,
            form,
            &mut script,
        )
        .unwrap();
        let sealed = if form.base64 {
            encoding::from_base64(std::str::from_utf8(&sealed).unwrap()).unwrap()
        } else {
            sealed
        };
        String::from_utf8(request.cipher.decrypt_from_node(ours, d, &sealed).unwrap()).unwrap()
    }

    #[test]
    fn the_form_follows_the_wishes_of_the_client() {
        let result = json!({"t": 1, "hf": [19, 4]});
        let body = ReplyBody::Json(&result);
        assert_eq!(
            opened(200, body, ReplyForm::default()),
            r#"{"body":"{\"hf\":[19,4],\"t\":1}","status":200}"#
        );
        let embedded = ReplyForm {
            embed_json: true,
            base64: false,
        };
        assert_eq!(
            opened(200, body, embedded),
            r#"{"body":{"hf":[19,4],"t":1},"status":200}"#
        );
        assert_eq!(
            opened(401, ReplyBody::Text("no"), embedded),
            r#"{"body":"no","status":401}"#
        );
    }
}
