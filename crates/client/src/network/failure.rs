//! Who is to blame when a request fails (10-network 4.6, 5.2).
//!
//! What comes back in clear proves nothing about anybody: any hop can have written it. It costs the path a strike, and a
//! node that it names gets a [suspicion](super::suspicion). Proof is only what is encrypted under a node's own key, and what
//! the transport says about a guard.

use super::Network;
use super::path::Path;
use crate::ports::{Ports, TransportError};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::onion::ResponseError;
use onionskin_protocol::time::Timestamp;

/// What went wrong on one path.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    Transport(TransportError),
    Onion(ResponseError),
    Unsendable,
}

/// What that says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The way to the guards is the problem.
    Transport,
    /// Our own request is.
    Ours,
    /// The guard cannot be reached: the path is over.
    Guard,
    /// There is no storage server behind the guard, or a hop says so: the path is over.
    NoServer,
    /// Somebody on the path names a node as missing, or as unreachable or not ready.
    Named {
        node: Ed25519PublicKey,
        missing: bool,
    },
    /// A hop complains under its own key of a layer that was in order.
    Confessed { node: Ed25519PublicKey },
    /// Somebody on the path wants us to slow down.
    TooFast,
    /// Somewhere on the path, or behind it.
    Path,
}

/// Reads a failure.
pub(super) fn verdict(path: &Path, target: &Ed25519PublicKey, trouble: &Trouble) -> Verdict {
    let error = match trouble {
        Trouble::Unsendable => return Verdict::Ours,
        Trouble::Transport(error) => {
            return match error {
                TransportError::Offline
                | TransportError::RelayDown
                | TransportError::RelayRefused(_) => Verdict::Transport,
                TransportError::GuardUnreachable | TransportError::UnknownGuard => Verdict::Guard,
                TransportError::Timeout | TransportError::TooLarge => Verdict::Path,
            };
        }
        Trouble::Onion(error) => error,
    };
    let named = |node: Ed25519PublicKey, missing: bool| {
        if path.contains(&node) || node == *target {
            Verdict::Named { node, missing }
        } else {
            // Nobody sends anything to a node that is not on the way.
            Verdict::Path
        }
    };
    match error {
        ResponseError::NextNode { node, not_found } => named(*node, *not_found),
        // Without a name the guard speaks of itself.
        ResponseError::NotReady { node } => named(node.unwrap_or(path.guard().ed25519), false),
        ResponseError::Hop { hop, .. } => match path.hops.get(*hop) {
            Some(node) => Verdict::Confessed { node: node.ed25519 },
            None => Verdict::Path,
        },
        ResponseError::Path { status: 413, .. } => Verdict::Ours,
        ResponseError::Path {
            status: 404 | 410, ..
        } => Verdict::NoServer,
        ResponseError::Path { status: 429, .. } => Verdict::TooFast,
        ResponseError::Path { .. }
        | ResponseError::Timeout
        | ResponseError::InvalidCiphertext
        | ResponseError::Undecryptable => Verdict::Path,
    }
}

/// The hop at which a request broke off.
fn broken_at(path: &Path, verdict: &Verdict) -> Option<u8> {
    let node = match verdict {
        Verdict::Guard => return Some(0),
        Verdict::Named { node, .. } | Verdict::Confessed { node } => node,
        _ => return None,
    };
    let at = path.hops.iter().position(|hop| hop.ed25519 == *node)?;
    u8::try_from(at).ok()
}

impl<P: Ports> Network<P> {
    /// Counts a failure where it belongs.
    pub(super) fn blame(
        &self,
        path: &Path,
        target: &Ed25519PublicKey,
        trouble: &Trouble,
    ) -> Verdict {
        let now = self.device_now();
        let verdict = verdict(path, target, trouble);
        if let (Verdict::Transport, Trouble::Transport(error)) = (&verdict, trouble) {
            self.0.health.borrow_mut().transport_failure(error);
            self.0.changed.ring();
            return verdict;
        }
        self.0.health.borrow_mut().failure(now);
        let before = {
            let mut paths = self.0.paths.borrow_mut();
            if let Some(path) = paths.get_mut(path.id) {
                path.failures += 1;
                path.broken = broken_at(path, &verdict);
            }
            paths.standing.len()
        };
        self.count(path, target, &verdict, now);
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
        if self.0.paths.borrow().standing.len() < before {
            self.0.wake.ring();
        }
        verdict
    }

    fn count(&self, path: &Path, target: &Ed25519PublicKey, verdict: &Verdict, now: Timestamp) {
        match verdict {
            Verdict::Transport | Verdict::Ours => {}
            Verdict::Guard => {
                let guard = path.guard().ed25519;
                self.0.pool.borrow_mut().strike(&guard, now);
                self.0.paths.borrow_mut().retire(path.id);
            }
            Verdict::NoServer => self.retire(path, None, now),
            Verdict::Named { node, missing } => {
                self.accuse(path, node, *missing, now);
                // Whether a destination is gone, or a hop lies about it, shows over another path.
                if node != target {
                    self.leave_out(path, node, now);
                    self.strike_path(path, Some(node), now);
                }
            }
            Verdict::Confessed { node } => {
                self.0.pool.borrow_mut().strike(node, now);
                self.strike_path(path, Some(node), now);
            }
            Verdict::TooFast => self.strike_path(path, None, now),
            Verdict::Path => {
                self.strike_path(path, None, now);
                // Whether the path is dead, `maintain` finds out at once.
                if self.0.paths.borrow_mut().suspect(path.id) {
                    self.0.wake.ring();
                }
            }
        }
    }

    fn accuse(&self, path: &Path, node: &Ed25519PublicKey, missing: bool, now: Timestamp) {
        let way = path.hops.iter().map(|hop| hop.ed25519);
        if !self.0.suspicions.borrow_mut().accuse(node, way) {
            return;
        }
        let mut pool = self.0.pool.borrow_mut();
        if missing {
            pool.evict(node);
            // A fresh list has the last word.
            pool.confirmed_at = None;
        } else {
            pool.strike_out(node, now);
        }
    }

    /// Puts another node in the place of one that is said to be gone, on this path only.
    fn leave_out(&self, path: &Path, node: &Ed25519PublicKey, now: Timestamp) {
        let pool = self.0.pool.borrow();
        let mut entropy = self.0.ports.entropy();
        self.0
            .paths
            .borrow_mut()
            .swap(path.id, node, &pool, &self.0.profile, now, &mut *entropy);
    }

    /// One more strike for a path; the last one ends it.
    pub(super) fn strike_path(
        &self,
        path: &Path,
        blamed: Option<&Ed25519PublicKey>,
        now: Timestamp,
    ) {
        if self.0.paths.borrow_mut().strike(path.id) {
            self.strike_hops(path, blamed, now);
        }
    }

    fn retire(&self, path: &Path, blamed: Option<&Ed25519PublicKey>, now: Timestamp) {
        let stood = self.0.paths.borrow_mut().get_mut(path.id).is_some();
        self.0.paths.borrow_mut().retire(path.id);
        if stood {
            self.strike_hops(path, blamed, now);
        }
    }

    fn strike_hops(&self, path: &Path, blamed: Option<&Ed25519PublicKey>, now: Timestamp) {
        let mut pool = self.0.pool.borrow_mut();
        for hop in &path.hops {
            if Some(&hop.ed25519) != blamed {
                pool.strike(&hop.ed25519, now);
            }
        }
    }

    /// An answer that only `target` can have made came over `path`: so none of them is gone. The guard's strikes end with it,
    /// because it stands on all paths of its own: hops that lie behind it would add up on it otherwise.
    pub(super) fn vouch(&self, path: &Path, target: &Ed25519PublicKey) {
        let mut suspicions = self.0.suspicions.borrow_mut();
        for hop in &path.hops {
            suspicions.acquit(&hop.ed25519);
        }
        suspicions.acquit(target);
        self.0.pool.borrow_mut().clear(&path.guard().ed25519);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::path::Paths;
    use super::super::pool::tests::node;
    use super::*;

    fn path() -> Path {
        Paths::default().draft([node(1), node(2), node(3)].into(), Timestamp(0))
    }

    fn of(trouble: Trouble) -> Verdict {
        verdict(&path(), &node(4).ed25519, &trouble)
    }

    fn onion(error: ResponseError) -> Verdict {
        of(Trouble::Onion(error))
    }

    fn status(status: u16) -> Verdict {
        onion(ResponseError::Path {
            status,
            text: String::new(),
        })
    }

    #[test]
    fn what_the_transport_says_blames_the_guard_or_nobody() {
        let transport = |error| of(Trouble::Transport(error));
        for error in [
            TransportError::Offline,
            TransportError::RelayDown,
            TransportError::RelayRefused("rate".into()),
        ] {
            assert_eq!(transport(error), Verdict::Transport);
        }
        for error in [
            TransportError::GuardUnreachable,
            TransportError::UnknownGuard,
        ] {
            assert_eq!(transport(error), Verdict::Guard);
        }
        for error in [TransportError::Timeout, TransportError::TooLarge] {
            assert_eq!(transport(error), Verdict::Path);
        }
        assert_eq!(of(Trouble::Unsendable), Verdict::Ours);
    }

    #[test]
    fn a_named_node_is_suspected_when_it_is_on_the_way() {
        for (number, missing) in [(1, true), (2, false), (3, true), (4, false), (4, true)] {
            let named = node(number).ed25519;
            assert_eq!(
                onion(ResponseError::NextNode {
                    node: named,
                    not_found: missing
                }),
                Verdict::Named {
                    node: named,
                    missing
                }
            );
            assert_eq!(
                onion(ResponseError::NotReady { node: Some(named) }),
                Verdict::Named {
                    node: named,
                    missing: false
                }
            );
        }
        let stranger = node(9).ed25519;
        assert_eq!(
            onion(ResponseError::NextNode {
                node: stranger,
                not_found: true
            }),
            Verdict::Path
        );
        assert_eq!(
            onion(ResponseError::NotReady { node: None }),
            Verdict::Named {
                node: node(1).ed25519,
                missing: false
            },
            "the guard speaks of itself"
        );
    }

    #[test]
    fn a_complaint_under_a_hops_own_key_blames_that_hop() {
        for hop in 0..3 {
            let complaint = ResponseError::Hop {
                hop,
                status: 400,
                text: "Invalid json".into(),
            };
            assert_eq!(
                onion(complaint),
                Verdict::Confessed {
                    node: path().hops[hop].ed25519
                }
            );
        }
    }

    #[test]
    fn every_other_status_costs_the_path() {
        assert_eq!(status(413), Verdict::Ours);
        assert_eq!(status(429), Verdict::TooFast);
        assert_eq!(
            (status(404), status(410)),
            (Verdict::NoServer, Verdict::NoServer)
        );
        for number in [0, 400, 401, 403, 406, 421, 500, 502, 503, 504, 599] {
            assert_eq!(status(number), Verdict::Path, "{number}");
        }
        for error in [
            ResponseError::Timeout,
            ResponseError::InvalidCiphertext,
            ResponseError::Undecryptable,
        ] {
            assert_eq!(onion(error), Verdict::Path);
        }
    }
}
