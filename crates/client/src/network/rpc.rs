//! One request to one node: through a path, and when that fails through another; and who is to blame (10-network 4.6, 5.2).

use super::Network;
use super::path::{HOPS, Path};
use super::traffic::Errand;
use crate::api::ErrorCode;
use crate::ports::{Ports, TransportError};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::onion::{self, Cipher, Destination, ResponseError};
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::{Answer, node_time, parse_batch};
use onionskin_protocol::time::Timestamp;
use serde_json::Value;

/// Patience for one answer (ms).
pub(super) const PATIENCE: u64 = 10_000;
/// Different paths that one request may try.
const ATTEMPTS: usize = 3;

/// The answer of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Status of the RPC.
    pub status: u16,
    /// Its body; a text that is no JSON becomes a JSON string.
    pub body: Value,
}

/// Why there is no answer of the node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// No path stands, or none that leaves out the destination.
    #[error("no working path through three nodes")]
    NoPath,
    /// The way to the guards is the problem; no node is blamed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The paths that were tried failed; the last one in this way.
    #[error("the paths failed: {0}")]
    Path(String),
    /// The destination is gone, unreachable or not ready.
    #[error("the node does not answer")]
    Destination,
    /// An answer that makes no sense.
    #[error("the node's answer is malformed")]
    Malformed,
    /// The account's messages lie elsewhere.
    #[error("the swarm has moved")]
    Moved,
    /// The node refused.
    #[error("the node refused: {status}")]
    Refused {
        /// Status of the RPC.
        status: u16,
    },
}

impl RpcError {
    /// The entry of the error catalogue.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoPath | Self::Path(_) => ErrorCode::NetPath,
            Self::Transport(TransportError::Offline) => ErrorCode::NetOffline,
            Self::Transport(TransportError::RelayDown) => ErrorCode::NetRelay,
            Self::Transport(TransportError::RelayRefused(_)) => ErrorCode::NetRelayRefused,
            Self::Transport(TransportError::UnknownGuard | TransportError::GuardUnreachable) => {
                ErrorCode::NetGuard
            }
            Self::Transport(TransportError::Timeout) | Self::Destination => ErrorCode::NetTimeout,
            Self::Transport(TransportError::TooLarge) | Self::Malformed => ErrorCode::NetTimeout,
            Self::Moved => ErrorCode::NetSwarm,
            Self::Refused { .. } => ErrorCode::SendRejected,
        }
    }

    /// Another node of the same swarm may do better.
    pub(super) fn concerns_node(&self) -> bool {
        matches!(
            self,
            Self::Destination
                | Self::Malformed
                | Self::Moved
                | Self::Refused { .. }
                | Self::Path(_)
        )
    }
}

/// What went wrong on one path.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    Transport(TransportError),
    Onion(ResponseError),
    Unsendable,
}

impl<P: Ports> Network<P> {
    /// Sends one request to `node` through a path that does not contain it; tries up to three paths.
    pub async fn rpc(&self, node: &ServiceNode, request: &Request) -> Result<Reply, RpcError> {
        let payload = request.to_bytes();
        let errand = Errand::of(request, &self.0.own);
        let mut tried = Vec::with_capacity(ATTEMPTS);
        let mut last = RpcError::NoPath;
        for _ in 0..ATTEMPTS {
            let Some(path) = self.path_to(&node.ed25519, &tried) else {
                return Err(last);
            };
            tried.push(path.id);
            let trouble = match self.exchange(errand, &path, node, &payload, PATIENCE).await {
                Ok(reply) => return Ok(reply),
                Err(trouble) => trouble,
            };
            let before = self.0.paths.borrow().standing.len();
            let at_destination = self.blame(&path, &node.ed25519, &trouble);
            if self.0.paths.borrow().standing.len() < before {
                self.0.wake.ring();
            }
            last = match trouble {
                Trouble::Transport(
                    error @ (TransportError::Offline
                    | TransportError::RelayDown
                    | TransportError::RelayRefused(_)),
                ) => return Err(error.into()),
                Trouble::Transport(error) => error.into(),
                Trouble::Unsendable => return Err(RpcError::Malformed),
                Trouble::Onion(_) if at_destination => return Err(RpcError::Destination),
                Trouble::Onion(error) => RpcError::Path(error.to_string()),
            };
        }
        Err(last)
    }

    /// Sends a batch of 1 to 20 requests. One answer for each.
    pub async fn batch(
        &self,
        node: &ServiceNode,
        requests: Vec<Request>,
    ) -> Result<Vec<Answer>, RpcError> {
        let (count, sent) = (requests.len(), self.device_now());
        let reply = self.rpc(node, &Request::batch(requests)).await?;
        if reply.status != 200 {
            return Err(RpcError::Refused {
                status: reply.status,
            });
        }
        let bytes = serde_json::to_vec(&reply.body).map_err(|_| RpcError::Malformed)?;
        let answers = parse_batch(&bytes).map_err(|_| RpcError::Malformed)?;
        if answers.len() != count {
            return Err(RpcError::Malformed);
        }
        for answer in &answers {
            self.hear(&node.ed25519, &answer.body);
        }
        if let Some(told) = answers.iter().find_map(|answer| node_time(&answer.body)) {
            self.0
                .clock
                .borrow_mut()
                .sample(node.ed25519, told, sent, self.device_now());
        }
        Ok(answers)
    }

    /// A standing path; when all contain the destination or failed already, one made for this request behind a kept guard.
    fn path_to(&self, target: &Ed25519PublicKey, tried: &[u64]) -> Option<Path> {
        let now = self.device_now();
        let mut paths = self.0.paths.borrow_mut();
        if let Some(path) = paths.for_target(target, tried) {
            return Some(path.clone());
        }
        let guards: Vec<ServiceNode> = paths
            .standing
            .iter()
            .map(|path| *path.guard())
            .filter(|guard| guard.ed25519 != *target)
            .collect();
        let pool = self.0.pool.borrow();
        let mut entropy = self.0.ports.entropy();
        let guard = match guards.get(tried.len() % guards.len().max(1)) {
            Some(guard) => *guard,
            // Only the destination itself guards a path: another node has to be asked this once.
            None if !paths.standing.is_empty() => {
                paths.choose_guard(&pool, &[*target], now, &mut *entropy)?
            }
            None => return None,
        };
        let route = paths.choose_hops(
            &pool,
            &self.0.profile,
            guard,
            Some(target),
            now,
            &mut *entropy,
        )?;
        Some(paths.draft_one_off(route, now))
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
        let reply = outcome.map_err(Trouble::Transport)?;
        let reply = onion
            .open_rpc(reply.status, &reply.body)
            .map_err(Trouble::Onion)?;
        if self
            .0
            .health
            .borrow_mut()
            .success(received, received.millis_since(sent))
        {
            self.0.changed.ring();
        }
        let body = serde_json::from_slice(&reply.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&reply.body).into_owned()));
        self.hear(&node.ed25519, &body);
        if let Some(told) = node_time(&body) {
            self.0
                .clock
                .borrow_mut()
                .sample(node.ed25519, told, sent, received);
        }
        Ok(Reply {
            status: reply.status,
            body,
        })
    }

    /// Counts a failure where it belongs (10-network 5.2). True when the destination is to blame.
    pub(super) fn blame(&self, path: &Path, target: &Ed25519PublicKey, trouble: &Trouble) -> bool {
        let now = self.device_now();
        if let Trouble::Transport(
            error @ (TransportError::Offline
            | TransportError::RelayDown
            | TransportError::RelayRefused(_)),
        ) = trouble
        {
            self.0.health.borrow_mut().transport_failure(error);
            self.0.changed.ring();
            return false;
        }
        self.0.health.borrow_mut().failure(now);
        if let Some(path) = self.0.paths.borrow_mut().get_mut(path.id) {
            path.failures += 1;
        }
        let at_destination = self.count(path, target, trouble, now);
        let changed = {
            let pool = self.0.pool.borrow();
            let mut entropy = self.0.ports.entropy();
            self.0
                .paths
                .borrow_mut()
                .repair(&pool, &self.0.profile, now, &mut *entropy)
        };
        if changed {
            self.0.changed.ring();
        }
        at_destination
    }

    fn count(
        &self,
        path: &Path,
        target: &Ed25519PublicKey,
        trouble: &Trouble,
        now: Timestamp,
    ) -> bool {
        let mut pool = self.0.pool.borrow_mut();
        let mut paths = self.0.paths.borrow_mut();
        let place = |key: &Ed25519PublicKey| path.hops.iter().position(|hop| hop.ed25519 == *key);
        let mut blamed = None;
        match trouble {
            Trouble::Unsendable => return false,
            Trouble::Transport(TransportError::GuardUnreachable | TransportError::UnknownGuard) => {
                pool.strike(&path.guard().ed25519, now);
                paths.retire(path.id);
                return false;
            }
            Trouble::Onion(ResponseError::NextNode { node, not_found }) => {
                // Whoever stands before the named node is the one who says so.
                let reporter = match place(node) {
                    Some(0) | None if node != target => None,
                    Some(at) => Some(path.hops[at.saturating_sub(1)].ed25519),
                    None => Some(path.hops[HOPS - 1].ed25519),
                };
                if let Some(reporter) = reporter {
                    if *not_found && pool.report_missing(node, reporter) {
                        // Two hops may both be wrong: a fresh list decides.
                        pool.confirmed_at = None;
                    }
                    pool.strike(node, now);
                    if node == target {
                        return true;
                    }
                    blamed = Some(*node);
                }
            }
            Trouble::Onion(ResponseError::NotReady { node }) => {
                let named = node.unwrap_or(path.guard().ed25519);
                if named == *target {
                    pool.strike(&named, now);
                    return true;
                }
                if place(&named).is_some() {
                    pool.strike(&named, now);
                    return false;
                }
            }
            Trouble::Onion(ResponseError::Hop { hop, .. }) => {
                if let Some(node) = path.hops.get(*hop) {
                    pool.strike(&node.ed25519, now);
                    blamed = Some(node.ed25519);
                }
            }
            Trouble::Onion(_) | Trouble::Transport(_) => {}
        }
        if paths.strike(path.id) {
            for hop in path.hops.iter().filter(|hop| Some(hop.ed25519) != blamed) {
                pool.strike(&hop.ed25519, now);
            }
        }
        false
    }
}

/// Marks a path as busy while a request is under way, also when the request is given up.
struct Busy<'a, P: Ports> {
    network: &'a Network<P>,
    path: u64,
}

impl<'a, P: Ports> Busy<'a, P> {
    fn new(network: &'a Network<P>, path: u64, errand: Errand) -> Self {
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
