//! Building an onion request on the client (10-network 4.2, 4.5).
//!
//! The routing JSON is compact with its keys in alphabetical order: not asked for by the nodes, but what the reference
//! library writes, so that the same random bytes give the same request.

use super::cipher::{Cipher, CipherError};
use super::{MAX_BODY, frame};
use crate::entropy::{Entropy, draw};
use crate::keys::{Ed25519PublicKey, X25519PublicKey, X25519SecretKey};
use serde::Serialize;

/// Where the innermost layer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A service node; the payload is the RPC JSON.
    Node {
        /// Its identity.
        ed25519: Ed25519PublicKey,
        /// Its encryption key.
        x25519: X25519PublicKey,
    },
    /// A server; the payload is the v4 body.
    Server {
        /// Host name without port.
        host: String,
        /// `/oxen/v4/lsrpc`.
        target: String,
        /// `http` or `https`.
        protocol: String,
        /// The port; `None` stands for the default of the protocol (80, 443), which is written out.
        port: Option<u16>,
        /// The server's key.
        x25519: X25519PublicKey,
    },
}

impl Destination {
    /// The key of the innermost layer.
    pub const fn x25519(&self) -> &X25519PublicKey {
        match self {
            Self::Node { x25519, .. } | Self::Server { x25519, .. } => x25519,
        }
    }
}

/// A finished request with the keys that can open its answers.
pub struct OnionRequest {
    /// The POST body for the guard.
    pub body: Vec<u8>,
    /// One entry per layer from the guard to the destination: ephemeral secret and the key of the node it was made for.
    /// The last one opens the regular answer, the others the complaints of hops on the way (10-network 4.6).
    pub layers: Vec<(X25519SecretKey, X25519PublicKey)>,
    /// The cipher of every layer.
    pub cipher: Cipher,
}

impl std::fmt::Debug for OnionRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnionRequest")
            .field("bytes", &self.body.len())
            .field("layers", &self.layers.len())
            .field("cipher", &self.cipher)
            .finish_non_exhaustive()
    }
}

/// What the last hop finds beside the payload when it is the destination itself.
const FINAL_JSON: &[u8] = br#"{"headers":""}"#;

#[derive(Serialize)]
struct ToGuard<'a> {
    enc_type: &'a str,
    ephemeral_key: String,
}

#[derive(Serialize)]
struct ToNode<'a> {
    destination: String,
    enc_type: &'a str,
    ephemeral_key: String,
}

#[derive(Serialize)]
struct ToServer<'a> {
    enc_type: &'a str,
    ephemeral_key: String,
    host: &'a str,
    method: &'a str,
    port: u16,
    protocol: &'a str,
    target: &'a str,
}

/// Builds a request through `hops` (guard first; each the Ed25519 and X25519 key). Draws: per layer, innermost first, a 32-byte ephemeral secret, then
/// the nonce. Fails when a key is of low order or when the request would exceed [`MAX_BODY`].
pub fn build(
    hops: &[(Ed25519PublicKey, X25519PublicKey)],
    destination: &Destination,
    payload: &[u8],
    cipher: Cipher,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<OnionRequest, CipherError> {
    if payload.len() > MAX_BODY {
        return Err(CipherError);
    }
    let enc_type = cipher.name();
    let mut layers = Vec::with_capacity(hops.len() + 1);

    let framed;
    let inner = match destination {
        Destination::Node { .. } => {
            framed = frame::encode(payload, FINAL_JSON);
            &framed[..]
        }
        Destination::Server { .. } => payload,
    };
    let mut ciphertext = add_layer(&mut layers, destination.x25519(), inner, cipher, entropy)?;

    // What a hop must be told is known only from the layer beneath it: who is next, and which key opens that layer.
    let mut next = None;
    for (ed25519, x25519) in hops.iter().rev() {
        let ephemeral_key = ephemeral_of(&layers);
        let routing = match (next, destination) {
            (Some(next), _) => to_node(next, enc_type, ephemeral_key),
            (None, Destination::Node { ed25519, .. }) => to_node(ed25519, enc_type, ephemeral_key),
            (
                None,
                Destination::Server {
                    host,
                    target,
                    protocol,
                    port,
                    ..
                },
            ) => {
                let protocol = protocol.strip_suffix("://").unwrap_or(protocol);
                json(&ToServer {
                    enc_type,
                    ephemeral_key,
                    host,
                    method: "POST",
                    port: port.unwrap_or(if protocol == "http" { 80 } else { 443 }),
                    protocol,
                    target,
                })
            }
        };
        let framed = frame::encode(&ciphertext, &routing);
        ciphertext = add_layer(&mut layers, x25519, &framed, cipher, entropy)?;
        next = Some(ed25519);
    }

    let routing = json(&ToGuard {
        enc_type,
        ephemeral_key: ephemeral_of(&layers),
    });
    let body = frame::encode(&ciphertext, &routing);
    if body.len() > MAX_BODY {
        return Err(CipherError);
    }
    layers.reverse();
    Ok(OnionRequest {
        body,
        layers,
        cipher,
    })
}

fn add_layer(
    layers: &mut Vec<(X25519SecretKey, X25519PublicKey)>,
    node: &X25519PublicKey,
    plaintext: &[u8],
    cipher: Cipher,
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<Vec<u8>, CipherError> {
    let secret = X25519SecretKey::from_bytes(draw::<32>(entropy));
    let ciphertext = cipher.encrypt_to_node(&secret, node, plaintext, entropy)?;
    layers.push((secret, *node));
    Ok(ciphertext)
}

/// The public ephemeral key of the layer added last.
fn ephemeral_of(layers: &[(X25519SecretKey, X25519PublicKey)]) -> String {
    let (secret, _) = layers
        .last()
        .expect("the destination's layer is added first");
    secret.public().to_hex()
}

fn to_node(next: &Ed25519PublicKey, enc_type: &str, ephemeral_key: String) -> Vec<u8> {
    json(&ToNode {
        destination: next.to_hex(),
        enc_type,
        ephemeral_key,
    })
}

fn json(routing: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(routing).expect("texts and numbers always serialise")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use crate::hash::blake2b;
    use crate::keys::Ed25519SecretKey;
    use crate::onion::testing::Script;

    /// The nodes of 10-network B.4: P1, P2, P3, D.
    pub fn nodes() -> [Ed25519SecretKey; 4] {
        [0x21, 0x22, 0x23, 0x11].map(|byte| Ed25519SecretKey::from_seed(&[byte; 32]))
    }

    /// The request of 10-network B.4.
    pub fn worked_example(cipher: Cipher) -> OnionRequest {
        let [p1, p2, p3, d] = nodes().map(|node| {
            let ed25519 = node.public();
            (ed25519, ed25519.to_x25519().unwrap())
        });
        let nonce = cipher.overhead() - 16;
        let draws =
            [0x31u8, 0x32, 0x33, 0x34].map(|byte| [vec![byte; 32], vec![byte + 0x10; nonce]]);
        build(
            &[p1, p2, p3],
            &Destination::Node {
                ed25519: d.0,
                x25519: d.1,
            },
            br#"{"method":"info","params":{}}"#,
            cipher,
            &mut Script::new(draws.into_iter().flatten()),
        )
        .unwrap()
    }

    #[test]
    fn the_worked_example_comes_out_byte_for_byte() {
        let table = [
            (
                Cipher::XChaCha20,
                894,
                "4aead2a54f70aeac95f0f4b8325ead8b2171b45015d9cf6210a2d68427b54ae8",
            ),
            (
                Cipher::AesGcm,
                838,
                "43e0b61dd925b68503d4da19c942f6a637522fe0138a3b776546552b7d24ed88",
            ),
        ];
        for (cipher, length, digest) in table {
            let request = worked_example(cipher);
            assert_eq!(request.body.len(), length);
            assert_eq!(hex::encode(blake2b::<32>(&[], &[&request.body])), digest);
            let ephemeral: Vec<_> = request
                .layers
                .iter()
                .map(|(secret, _)| secret.public().to_hex())
                .collect();
            assert_eq!(
                ephemeral,
                [
                    "ffc951aa6f2fa03096d1d1b579735b2f6f84019fe2f617aa65ff3d68705f2527",
                    "7b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14",
                    "59d9225473451efffe6b36dbcaefdbf7b1895de62084509a7f5b58bf01d06418",
                    "04f5f29162c31a8defa18e6e742224ee806fc1718a278be859ba5620402b8f3a",
                ]
            );
        }
    }

    #[test]
    fn a_request_that_no_guard_takes_is_not_built() {
        let hop = nodes()[0].public();
        let x25519 = hop.to_x25519().unwrap();
        let destination = Destination::Node {
            ed25519: hop,
            x25519,
        };
        let payload = vec![0; MAX_BODY + 1];
        let refused = build(
            &[(hop, x25519)],
            &destination,
            &payload,
            Cipher::XChaCha20,
            &mut Script::new([[0]]),
        );
        assert!(refused.is_err());
    }

    #[test]
    fn debug_shows_no_key() {
        let request = worked_example(Cipher::XChaCha20);
        assert_eq!(
            format!("{request:?}"),
            "OnionRequest { bytes: 894, layers: 4, cipher: XChaCha20, .. }"
        );
    }
}
