//! Onion requests at one node: peel a layer, and say what comes next (10-network 4, 15-observed-service-node 8 and 9).

use super::node::Node;
use super::reply::{Body, Reply};
use super::view::View;
use onionskin_protocol::encoding;
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::onion::cipher::Cipher;
use onionskin_protocol::onion::peel::{Layer, Outer, PeelError, parse_outer};
use onionskin_protocol::onion::reply::{ReplyBody, ReplyForm, seal_reply};

/// The highest hop number a node accepts.
const MAX_HOP: i64 = 15;

/// A layer on its way to a node.
pub type Hop = Outer;

/// How an answer goes back to whoever made a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Ephemeral key of the layer.
    pub client: X25519PublicKey,
    /// Its cipher.
    pub cipher: Cipher,
    /// How the client wants it.
    pub form: ReplyForm,
}

/// Where the last node posts a layer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPost {
    /// Host name or address.
    pub host: String,
    /// Path.
    pub target: String,
    /// `http` or `https`.
    pub protocol: String,
    /// Port.
    pub port: u16,
    /// The whole decrypted layer.
    pub body: Vec<u8>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnionStep {
    /// This answer goes back as it is.
    Reply(u16, Vec<u8>),
    /// This node is the destination: run the request, then [`Node::seal`] the answer.
    Rpc(Vec<u8>, Seal),
    /// The layer inside goes to another node.
    Forward(usize, Hop),
    /// The layer goes to a server.
    Server(ServerPost),
}

impl OnionStep {
    fn text(status: u16, text: impl Into<String>) -> Self {
        Self::Reply(status, text.into().into_bytes())
    }
}

impl Node {
    /// A request body at the entry.
    pub fn onion_entry(
        &mut self,
        view: &View,
        body: &[u8],
        entropy: &mut dyn Entropy,
    ) -> OnionStep {
        match parse_outer(body) {
            Ok(mut outer) => {
                outer.hop_no = outer.hop_no.max(0);
                self.onion_hop(view, outer, entropy)
            }
            Err(error) => OnionStep::text(400, error.to_string()),
        }
    }

    /// A layer at any node of the path.
    pub fn onion_hop(&mut self, view: &View, hop: Hop, entropy: &mut dyn Entropy) -> OnionStep {
        if hop.hop_no > MAX_HOP {
            return OnionStep::text(400, "onion request max path length exceeded");
        }
        if !self.ready {
            return OnionStep::text(503, format!("Snode not ready: {}", self.ed25519().to_hex()));
        }
        let mut seal = Seal {
            client: hop.ephemeral,
            cipher: hop.cipher,
            form: ReplyForm::default(),
        };
        match self.open(&hop) {
            Err(error @ (PeelError::Ciphertext | PeelError::Parse(_))) => {
                OnionStep::text(400, error.to_string())
            }
            Err(error @ (PeelError::Json | PeelError::Url)) => {
                let (status, body) = self.seal(Reply::bad(error.to_string()), &seal, entropy);
                OnionStep::Reply(status, body)
            }
            Ok(Layer::Final {
                request,
                embed_json,
                base64,
            }) => {
                seal.form = ReplyForm { embed_json, base64 };
                OnionStep::Rpc(request, seal)
            }
            Ok(Layer::Server {
                host,
                target,
                protocol,
                port,
                body,
            }) => OnionStep::Server(ServerPost {
                host,
                target,
                protocol,
                port,
                body,
            }),
            Ok(Layer::Forward {
                next,
                ciphertext,
                ephemeral,
                cipher,
            }) => match view.find(&next) {
                Some(index) if !self.lies => {
                    let hop_no = hop.hop_no + 1;
                    OnionStep::Forward(
                        index,
                        Hop {
                            ciphertext,
                            ephemeral,
                            cipher,
                            hop_no,
                        },
                    )
                }
                _ => OnionStep::text(502, format!("Next node not found: {}", next.to_hex())),
            },
        }
    }

    /// Encrypts an answer for the maker of a layer: status and HTTP body.
    pub fn seal(&self, reply: Reply, seal: &Seal, entropy: &mut dyn Entropy) -> (u16, Vec<u8>) {
        let status = reply.status;
        let (node, client, cipher) = (&self.x25519_secret, &seal.client, seal.cipher);
        let sealed = match &reply.body {
            Body::Json(value) => seal_reply(
                node,
                client,
                cipher,
                status,
                ReplyBody::Json(value),
                seal.form,
                entropy,
            ),
            Body::Text(text) => seal_reply(
                node,
                client,
                cipher,
                status,
                ReplyBody::Text(text),
                seal.form,
                entropy,
            ),
            Body::Binary(bytes) => {
                let text = encoding::base64(bytes);
                seal_reply(
                    node,
                    client,
                    cipher,
                    status,
                    ReplyBody::Text(&text),
                    seal.form,
                    entropy,
                )
            }
        };
        match sealed {
            Ok(body) => (200, body),
            // The same key agreed when the layer was opened.
            Err(_) => (400, b"Invalid ciphertext".to_vec()),
        }
    }
}

/// The status a relay passes on: those the software knows, else 500 (10-network 4.6).
pub fn relayed_status(status: u16) -> u16 {
    match status {
        200 | 400 | 401 | 403 | 404 | 406 | 410 | 413 | 421 | 429 | 502 | 503 | 504 => status,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::relayed_status;

    #[test]
    fn statuses_that_the_software_does_not_know_become_500() {
        for known in [200, 400, 404, 406, 421, 429, 502, 504] {
            assert_eq!(relayed_status(known), known);
        }
        for unknown in [201, 204, 302, 418, 500, 501] {
            assert_eq!(relayed_status(unknown), 500, "{unknown}");
        }
    }
}
