//! One request to one node: through a path, when that is slow over a second one as well, and when both fail through a
//! third (10-network 5.2).
//!
//! Every request may be sent twice: what is read stays, and a swarm knows what it stores by its hash.

use super::exchange::Failed;
use super::failure::{Trouble, Verdict};
use super::path::Path;
use super::traffic::Errand;
use super::{Network, backoff};
use crate::api::ErrorCode;
use crate::ports::{Clock, Ports, TransportError};
use crate::wake::either;
use futures::FutureExt;
use futures::future::{Either, select};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::onion::ResponseError;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::request::MAX_BATCH;
use onionskin_protocol::rpc::response::{Answer, parse_batch};
use serde_json::Value;
use std::rc::Rc;

/// Different paths that one request may try.
const ATTEMPTS: usize = 3;
/// Paths that have to say of a destination that it is gone, or that bring no answer in time, before others are asked instead.
const WITNESSES: usize = 2;
/// Wait (ms) before the next path when somebody wants us to slow down.
const SLOW_DOWN: u64 = 1_000;

/// How long (ms) a request waits for a path when none stands.
const NEW_PATH: u64 = 15_000;

/// The answer of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Status of the RPC.
    pub status: u16,
    /// Its body; a text that is no JSON becomes a JSON string.
    pub body: Value,
    /// Keys and IPv4 addresses of the hops that brought it, guard first.
    pub route: Vec<([u8; 32], [u8; 4])>,
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
    /// The destination is gone, unreachable or not ready, as two paths say.
    #[error("the node does not answer")]
    Destination,
    /// Request or answer is too large: ask for less, or in parts.
    #[error("the request or its answer is too large")]
    TooLarge,
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
            Self::Transport(TransportError::TooLarge) | Self::TooLarge | Self::Malformed => {
                ErrorCode::NetTimeout
            }
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

impl<P: Ports> Network<P> {
    /// Sends one request to `node` through paths that do not contain it; tries up to three.
    pub async fn rpc(&self, node: &ServiceNode, request: &Request) -> Result<Reply, RpcError> {
        let payload: Rc<[u8]> = request.to_bytes().into();
        let errand = Errand::of(request, &self.0.own);
        let mut tried = Vec::with_capacity(ATTEMPTS);
        let mut failures: Vec<Failed> = Vec::with_capacity(ATTEMPTS);
        let mut waited = false;
        while tried.len() < ATTEMPTS {
            let Some(path) = self.path_to(&node.ed25519, &tried) else {
                // All paths may have ended just now; others are on their way.
                if waited || !self.lacks_paths() {
                    break;
                }
                waited = true;
                let patience = self.0.ports.clock().sleep(NEW_PATH);
                either(self.until_ready(), patience).await;
                continue;
            };
            match self
                .race(errand, path, node, &payload, &mut tried, &mut failures)
                .await
            {
                Some(reply) => {
                    self.settle_lies(&node.ed25519, &failures);
                    self.0.route.borrow_mut().clone_from(&reply.route);
                    return Ok(reply);
                }
                None => {
                    if let Some(error) = hopeless(&node.ed25519, &failures) {
                        return Err(error);
                    }
                    if failures.iter().filter(|failed| failed.is_silent()).count() >= WITNESSES {
                        break;
                    }
                }
            }
            if failures
                .last()
                .is_some_and(|failed| failed.verdict == Verdict::TooFast)
            {
                let pause = backoff::spread(SLOW_DOWN, &mut *self.0.ports.entropy());
                self.0.ports.clock().sleep(pause).await;
            }
        }
        self.suspect_destination(node, &failures);
        Err(failures.pop().map_or(RpcError::NoPath, |failed| {
            match (failed.verdict, failed.trouble) {
                (Verdict::Named { node: named, .. }, _) if named == node.ed25519 => {
                    RpcError::Destination
                }
                (Verdict::Path, Trouble::Transport(error)) => RpcError::Path(error.to_string()),
                (_, Trouble::Transport(error)) => error.into(),
                (_, Trouble::Onion(error)) => RpcError::Path(error.to_string()),
                (_, Trouble::Unsendable) => RpcError::Malformed,
            }
        }))
    }

    /// Sends through `path`; when no answer came in the usual time, through the other standing path as well. The first good
    /// answer wins, and whoever lost runs on by itself.
    async fn race(
        &self,
        errand: Errand,
        path: Path,
        node: &ServiceNode,
        payload: &Rc<[u8]>,
        tried: &mut Vec<u64>,
        failures: &mut Vec<Failed>,
    ) -> Option<Reply> {
        tried.push(path.id);
        let begin = |path| {
            self.clone()
                .attempt(errand, path, *node, Rc::clone(payload))
                .boxed_local()
        };
        let patience = self.0.health.borrow().usual_time(self.device_now());
        let pause = std::pin::pin!(self.0.ports.clock().sleep(patience));
        let first = match select(begin(path), pause).await {
            Either::Left((outcome, _)) => return outcome.map_err(|f| failures.push(f)).ok(),
            Either::Right(((), first)) => first,
        };
        let other = self
            .0
            .paths
            .borrow()
            .for_target(&node.ed25519, tried)
            .cloned();
        let Some(other) = other else {
            return first.await.map_err(|f| failures.push(f)).ok();
        };
        tried.push(other.id);
        let (outcome, rest) = select(first, begin(other)).await.factor_first();
        match outcome {
            Ok(reply) => {
                self.0.stragglers.push(rest.map(|_| ()).boxed_local());
                Some(reply)
            }
            Err(failed) => {
                failures.push(failed);
                rest.await.map_err(|f| failures.push(f)).ok()
            }
        }
    }

    /// The destination answered after all: paths that said it was gone were wrong.
    fn settle_lies(&self, target: &Ed25519PublicKey, failures: &[Failed]) {
        let now = self.device_now();
        for failed in failures.iter().filter(|failed| failed.accuses(target)) {
            self.strike_path(&failed.path, None, now);
        }
    }

    /// When all paths fail without a name, the one thing that they have in common is the destination.
    fn suspect_destination(&self, node: &ServiceNode, failures: &[Failed]) {
        let untold =
            |failed: &Failed| failed.is_untold() && matches!(failed.trouble, Trouble::Onion(_));
        if failures.len() >= WITNESSES && failures.iter().all(untold) {
            self.0
                .pool
                .borrow_mut()
                .strike(&node.ed25519, self.device_now());
        }
    }

    /// Sends a batch of 1 to 20 requests. One answer for each.
    pub async fn batch(
        &self,
        node: &ServiceNode,
        requests: Vec<Request>,
    ) -> Result<Vec<Answer>, RpcError> {
        let count = requests.len();
        let answers = self.several(node, count, Request::batch(requests)).await?;
        if answers.len() == count {
            Ok(answers)
        } else {
            Err(RpcError::Malformed)
        }
    }

    /// Sends 1 to 20 requests that the node carries out one after the other, until one fails: that answer is the last.
    pub async fn sequence(
        &self,
        node: &ServiceNode,
        requests: Vec<Request>,
    ) -> Result<Vec<Answer>, RpcError> {
        let count = requests.len();
        let answers = self
            .several(node, count, Request::sequence(requests))
            .await?;
        let went_on = |answer: &Answer| (200..300).contains(&answer.code);
        let stopped = answers.last().is_some_and(|last| !went_on(last));
        let before = answers.len().saturating_sub(1);
        let whole = answers.len() == count || answers.len() < count && stopped;
        if whole && answers.iter().take(before).all(went_on) {
            Ok(answers)
        } else {
            Err(RpcError::Malformed)
        }
    }

    async fn several(
        &self,
        node: &ServiceNode,
        count: usize,
        request: Request,
    ) -> Result<Vec<Answer>, RpcError> {
        if !(1..=MAX_BATCH).contains(&count) {
            return Err(RpcError::TooLarge);
        }
        let sent = self.device_now();
        let reply = self.rpc(node, &request).await?;
        let received = self.device_now();
        if reply.status != 200 {
            return Err(RpcError::Refused {
                status: reply.status,
            });
        }
        let answers = parse_batch(reply.body).map_err(|_| RpcError::Malformed)?;
        // The times of the members of a batch are all of one moment.
        if let Some(answer) = answers.iter().find(|answer| answer.body.get("t").is_some()) {
            self.learn(node.ed25519, &answer.body, sent, received).await;
        }
        Ok(answers)
    }

    fn lacks_paths(&self) -> bool {
        !self.0.health.borrow().offline && self.0.paths.borrow().standing.is_empty()
    }

    /// A standing path; when all contain the destination or failed already, one made for this request behind a kept guard.
    pub(super) fn path_to(&self, target: &Ed25519PublicKey, tried: &[u64]) -> Option<Path> {
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
}

impl Failed {
    /// Something on the way or the destination itself, and nobody says which.
    fn is_untold(&self) -> bool {
        self.verdict == Verdict::Path
    }

    /// No answer came in all the time that there was.
    fn is_silent(&self) -> bool {
        matches!(
            self.trouble,
            Trouble::Transport(TransportError::Timeout) | Trouble::Onion(ResponseError::Timeout)
        )
    }

    fn accuses(&self, target: &Ed25519PublicKey) -> bool {
        matches!(&self.verdict, Verdict::Named { node, .. } if node == target)
    }
}

/// What no further path would change.
fn hopeless(target: &Ed25519PublicKey, failures: &[Failed]) -> Option<RpcError> {
    let accusers = failures.iter().filter(|failed| failed.accuses(target));
    if accusers.count() >= WITNESSES {
        return Some(RpcError::Destination);
    }
    failures
        .iter()
        .find_map(|failed| match (&failed.verdict, &failed.trouble) {
            (_, Trouble::Transport(TransportError::TooLarge)) => Some(RpcError::TooLarge),
            (Verdict::Transport, Trouble::Transport(error)) => Some(error.clone().into()),
            (Verdict::Ours, Trouble::Unsendable) => Some(RpcError::Malformed),
            (Verdict::Ours, _) => Some(RpcError::TooLarge),
            _ => None,
        })
}
