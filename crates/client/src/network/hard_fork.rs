//! Which hard fork the network is at (10-network 5.3).
//!
//! The largest that was ever seen counts, as far as two different nodes have named it or a later one: with a number that is
//! never lowered again, a single node must not be able to set it.

use onionskin_protocol::keys::Ed25519PublicKey;

/// Major number and revision.
pub(super) type Version = (u16, u16);

/// From here on `expire` takes a time for each message.
pub(super) const MULTIPLE_EXPIRIES: Version = (19, 4);

#[derive(Debug, Default)]
pub(super) struct HardFork {
    confirmed: Option<Version>,
    /// The latest that a node named, beyond what is confirmed.
    claimed: Option<(Ed25519PublicKey, Version)>,
}

impl HardFork {
    pub(super) fn get(&self) -> Option<Version> {
        self.confirmed
    }

    /// What an earlier session knew.
    pub(super) fn remember(&mut self, version: Version) {
        self.confirmed = self.confirmed.max(Some(version));
    }

    /// `node` named `version`. True when that raised what is known.
    pub(super) fn hear(&mut self, node: Ed25519PublicKey, version: Version) -> bool {
        if self.confirmed >= Some(version) {
            return false;
        }
        match self.claimed {
            Some((before, claimed)) if before != node => {
                // Both agree on the smaller one; the larger one is still a claim.
                self.confirmed = Some(claimed.min(version));
                self.claimed = match claimed.cmp(&version) {
                    std::cmp::Ordering::Equal => None,
                    std::cmp::Ordering::Less => Some((node, version)),
                    std::cmp::Ordering::Greater => Some((before, claimed)),
                };
                true
            }
            _ => {
                self.claimed = Some((node, version));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pool::tests::node;
    use super::*;

    fn hear(fork: &mut HardFork, number: u8, version: Version) -> bool {
        fork.hear(node(number).ed25519, version)
    }

    #[test]
    fn the_largest_that_two_nodes_named_counts_and_never_falls() {
        let mut fork = HardFork::default();
        assert!(!hear(&mut fork, 1, (19, 3)));
        assert_eq!(fork.get(), None);
        assert!(!hear(&mut fork, 1, (19, 3)), "the same node is one node");
        assert!(hear(&mut fork, 2, (19, 3)));
        assert!(!hear(&mut fork, 3, (19, 2)));
        assert_eq!(fork.get(), Some((19, 3)));
        assert!(!hear(&mut fork, 3, (19, 4)));
        assert!(hear(&mut fork, 4, (20, 0)));
        assert_eq!(fork.get(), Some((19, 4)), "both have passed 19.4");
    }

    #[test]
    fn a_single_lying_node_sets_nothing() {
        let mut fork = HardFork::default();
        for _ in 0..9 {
            hear(&mut fork, 9, (u16::MAX, 0));
            hear(&mut fork, 1, (19, 4));
            hear(&mut fork, 2, (19, 4));
        }
        assert_eq!(fork.get(), Some((19, 4)));
    }

    #[test]
    fn what_an_earlier_session_knew_holds() {
        let mut fork = HardFork::default();
        fork.remember((19, 4));
        fork.remember((19, 3));
        assert_eq!(fork.get(), Some((19, 4)));
        assert!(!hear(&mut fork, 1, (19, 3)));
    }
}
