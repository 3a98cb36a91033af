//! What the network page shows (screens 14, P1 and P2).

use super::Network;
use super::path::Path;
use super::pool::STRUCK_OUT;
use crate::api::{HopView, ListView, NetworkReport, PathView, SwarmNodeView, SwarmView};
use crate::ports::Ports;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::time::Timestamp;

impl<P: Ports> Network<P> {
    /// Everything but what the records know: messages of the swarm, the outbox.
    pub(crate) fn report(&self) -> NetworkReport {
        let now = self.device_now();
        let health = self.0.health.borrow();
        let (latency, latency_slow) = health.latency(now);
        NetworkReport {
            gateways: self.gateway_views(),
            list: self.list_view(now),
            swarm: self.swarm_view(),
            clock_samples: count(self.0.clock.borrow().samples()),
            hard_fork: self.hard_fork(),
            requests_per_minute: health.requests_per_minute(now),
            latency,
            latency_slow,
            data_use: self.0.ledger.borrow().view(now),
            outbox: 0,
            uploads: 0,
            downloads: 0,
        }
    }

    fn list_view(&self, now: Timestamp) -> ListView {
        let pool = self.0.pool.borrow();
        let trust = self.0.trust.borrow();
        let struck_out = pool
            .nodes()
            .filter(|node| pool.strikes(&node.ed25519, now) >= STRUCK_OUT)
            .count();
        ListView {
            nodes: count(pool.len()),
            struck_out: count(struck_out),
            source: trust.source,
            confirmed_at: pool.confirmed_at.map(Timestamp::as_millis),
            agreed: trust.agreed,
            asked: trust.asked,
            disputed: self.0.health.borrow().list_disputed,
        }
    }

    fn swarm_view(&self) -> SwarmView {
        let own = &self.0.own;
        let members = self.known_swarm(own).unwrap_or_default();
        let answered = self.0.answered.borrow();
        SwarmView {
            nodes: members
                .iter()
                .map(|node| SwarmNodeView {
                    key: node.ed25519.to_hex(),
                    address: node.ip.to_string(),
                    last_answer: answered.get(&node.ed25519).map(|at| at.as_millis()),
                    benched: self.is_benched(own, &node.ed25519),
                })
                .collect(),
            messages: 0,
            oldest_expiry: None,
        }
    }

    /// The standing paths.
    pub fn paths(&self) -> Vec<PathView> {
        let paths = self.0.paths.borrow();
        let standing = paths.standing.iter();
        standing
            .map(|path| view(path, true, |key| paths.guard_since(key)))
            .collect()
    }

    /// The newest path that was made for one request.
    pub fn one_off(&self) -> Option<PathView> {
        let paths = self.0.paths.borrow();
        let path = paths.one_off.as_ref()?;
        Some(view(path, false, |key| paths.guard_since(key)))
    }

    /// A node answered.
    pub(super) fn answered(&self, node: &Ed25519PublicKey, now: Timestamp) {
        if self.0.pool.borrow().get(node).is_some() {
            self.0.answered.borrow_mut().insert(*node, now);
        }
    }

    /// After a refresh of the list: when nodes answered that left it is of no use.
    pub(super) fn forget_strangers(&self) {
        let pool = self.0.pool.borrow();
        let mut answered = self.0.answered.borrow_mut();
        answered.retain(|node, _| pool.get(node).is_some());
    }
}

fn view(path: &Path, stands: bool, since: impl Fn(&Ed25519PublicKey) -> Option<u64>) -> PathView {
    let hops = path.hops.iter().zip(path.chosen).enumerate();
    PathView {
        hops: hops
            .map(|(at, (node, chosen))| HopView {
                key: node.ed25519.to_hex(),
                address: node.ip.to_string(),
                pinned_since: (at == 0).then(|| since(&node.ed25519)).flatten(),
                chosen,
            })
            .collect(),
        built_at: path.built_at.as_millis(),
        requests: path.requests,
        failures: path.failures,
        strikes: path.strikes,
        broken: path.broken,
        rotates_at: stands.then(|| path.rotate_at.as_millis()),
        relaxed: path.relaxed.clone(),
        destination: path.destination,
    }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
