//! Looking into an onion with everybody's keys: what no single node can see.

use super::Network;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::onion::peel::{Layer, parse_outer, peel};

impl Network {
    /// Numbers of the nodes that an onion passes, the guard first and a node that is its destination last. Nothing when a
    /// layer does not open or leads to nobody.
    pub fn route(&self, guard: &Ed25519PublicKey, body: &[u8]) -> Option<Vec<usize>> {
        let mut outer = parse_outer(body).ok()?;
        let mut at = self.find(guard)?;
        let mut route = vec![at];
        loop {
            let layer = {
                let state = self.state();
                let secret = state.nodes.get(at)?.x25519_secret();
                peel(secret, &outer.ephemeral, outer.cipher, &outer.ciphertext).ok()?
            };
            match layer {
                Layer::Final { .. } | Layer::Server { .. } => return Some(route),
                Layer::Forward {
                    next,
                    ciphertext,
                    ephemeral,
                    cipher,
                } => {
                    at = self.find(&next)?;
                    route.push(at);
                    (outer.ciphertext, outer.ephemeral, outer.cipher) =
                        (ciphertext, ephemeral, cipher);
                }
            }
        }
    }
}
