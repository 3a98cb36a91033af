//! One onion through one path, and its answer (10-network 4.2, 4.4).

use super::failure::{Trouble, Verdict};
use super::path::Path;
use super::rpc::Reply;
use super::traffic::Errand;
use super::{Network, hard_fork};
use crate::ports::Ports;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::onion::{self, Cipher, Destination, RpcReply};
use onionskin_protocol::rpc::response::{hard_fork, node_time};
use onionskin_protocol::time::Timestamp;
use serde_json::Value;
use std::rc::Rc;

/// Patience for one answer (ms).
const PATIENCE: u64 = 10_000;

/// An attempt over one path that failed.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) path: Path,
    pub(super) trouble: Trouble,
    pub(super) verdict: Verdict,
}

impl<P: Ports> Network<P> {
    /// One exchange, and the blame when it fails. Owns what it needs, so that it can be left to itself.
    pub(super) async fn attempt(
        self,
        errand: Errand,
        path: Path,
        node: ServiceNode,
        payload: Rc<[u8]>,
    ) -> Result<Reply, Failed> {
        match self
            .exchange(errand, &path, &node, &payload, PATIENCE)
            .await
        {
            Ok(reply) => Ok(reply),
            Err(trouble) => {
                let verdict = self.blame(&path, &node.ed25519, &trouble);
                Err(Failed {
                    path,
                    trouble,
                    verdict,
                })
            }
        }
    }

    /// Sends `payload` through `path` and opens the answer.
    pub(super) async fn exchange(
        &self,
        errand: Errand,
        path: &Path,
        node: &ServiceNode,
        payload: &[u8],
        patience: u64,
    ) -> Result<Reply, Trouble> {
        let destination = Destination::Node {
            ed25519: node.ed25519,
            x25519: node.x25519,
        };
        let hops = path.hops.map(|hop| (hop.ed25519, hop.x25519));
        let onion = {
            let mut entropy = self.0.ports.entropy();
            onion::build(
                &hops,
                &destination,
                payload,
                Cipher::default(),
                &mut *entropy,
            )
            .map_err(|_| Trouble::Unsendable)?
        };
        let busy = Busy::new(self, path.id, errand);
        let sent = self.device_now();
        let outcome = self
            .send(errand, path.guard(), onion.body.clone(), patience)
            .await;
        drop(busy);
        let received = self.device_now();
        let sealed = outcome.map_err(Trouble::Transport)?;
        let opened = onion.open_rpc(sealed.status, &sealed.body);
        // Answers may be large: each form goes when the next one is there.
        drop(sealed);
        let RpcReply { status, body } = opened.map_err(Trouble::Onion)?;
        self.vouch(path, &node.ed25519);
        if let Some(path) = self.0.paths.borrow_mut().get_mut(path.id) {
            path.broken = None;
        }
        if self
            .0
            .health
            .borrow_mut()
            .success(received, received.millis_since(sent))
        {
            self.0.changed.ring();
        }
        let parsed = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        drop(body);
        self.learn(node.ed25519, &parsed, sent, received).await;
        Ok(Reply {
            status,
            body: parsed,
            route: path
                .hops
                .map(|hop| (hop.ed25519.0, hop.ip.octets()))
                .to_vec(),
        })
    }

    /// Takes note of an answer: that there was one, and the node's clock and hard fork, where it has them.
    pub(super) async fn learn(
        &self,
        node: Ed25519PublicKey,
        body: &Value,
        sent: Timestamp,
        received: Timestamp,
    ) {
        self.answered(&node, received);
        if let Some(told) = node_time(body) {
            let known = self.0.clock.borrow_mut().sample(node, told, sent, received);
            if known {
                self.0.changed.ring();
            }
        }
        if let Some(version) = hard_fork(body) {
            self.hear_hard_fork(node, version).await;
        }
    }

    async fn hear_hard_fork(&self, node: Ed25519PublicKey, version: hard_fork::Version) {
        let raised = self.0.hard_fork.borrow_mut().hear(node, version);
        if raised {
            self.remember_hard_fork().await;
        }
    }
}

/// Marks a path as busy while a request is under way, also when the request is given up.
pub(super) struct Busy<'a, P: Ports> {
    network: &'a Network<P>,
    path: u64,
}

impl<'a, P: Ports> Busy<'a, P> {
    pub(super) fn new(network: &'a Network<P>, path: u64, errand: Errand) -> Self {
        if let Some(path) = network.0.paths.borrow_mut().get_mut(path) {
            path.requests += 1;
            path.destination = Some(errand.destination);
            path.in_flight += 1;
        }
        Self { network, path }
    }
}

impl<P: Ports> Drop for Busy<'_, P> {
    fn drop(&mut self) {
        if let Some(path) = self.network.0.paths.borrow_mut().get_mut(self.path) {
            path.in_flight = path.in_flight.saturating_sub(1);
        }
    }
}
