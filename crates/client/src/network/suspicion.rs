//! What nodes are accused of without proof (10-network 5.2).
//!
//! "Next node not found", "unreachable" and "not ready" come back in clear: any hop that the answer passed can have made them
//! up, and can name whom it likes. So a word in clear convicts nobody. For each accused node we keep who could *alone* have
//! made up all that was said against it: the nodes that every accusing way has in common. Only when nobody is left is the
//! node taken to be gone. One lying hop is on all of its own ways, so it stays in that set for ever, however long it lies.

use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::sorted::{SortedMap, SortedSet};

/// The accused, and who could have made it all up.
#[derive(Debug, Default)]
pub(super) struct Suspicions(SortedMap<Ed25519PublicKey, SortedSet<Ed25519PublicKey>>);

impl Suspicions {
    /// `accused` was named in an answer that came over `way`. True when no single node of the ways can have made it all up;
    /// the record is closed then.
    pub(super) fn accuse(
        &mut self,
        accused: &Ed25519PublicKey,
        way: impl IntoIterator<Item = Ed25519PublicKey>,
    ) -> bool {
        let way: SortedSet<Ed25519PublicKey> =
            way.into_iter().filter(|node| node != accused).collect();
        let Some(liars) = self.0.get_mut(accused) else {
            self.0.insert(*accused, way);
            return false;
        };
        liars.retain(|node| way.contains(node));
        let convicted = liars.is_empty();
        if convicted {
            self.0.remove(accused);
        }
        convicted
    }

    /// The node answered, or carried an answer.
    pub(super) fn acquit(&mut self, node: &Ed25519PublicKey) {
        self.0.remove(node);
    }

    /// A fresh list settles everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::pool::tests::node;
    use super::*;

    fn way(hops: [u8; 3]) -> [Ed25519PublicKey; 3] {
        hops.map(|number| node(number).ed25519)
    }

    #[test]
    fn two_ways_without_a_common_node_convict() {
        let mut suspicions = Suspicions::default();
        let accused = node(9).ed25519;
        assert!(!suspicions.accuse(&accused, way([1, 2, 9])));
        assert!(suspicions.accuse(&accused, way([3, 4, 9])));
    }

    #[test]
    fn a_node_that_is_on_every_accusing_way_convicts_nobody() {
        let mut suspicions = Suspicions::default();
        let liar = 1;
        for round in 0..200u8 {
            let (guard, victim) = (2 + round % 2, 10 + round % 7);
            assert!(!suspicions.accuse(&node(victim).ed25519, way([guard, liar, victim])));
        }
    }

    #[test]
    fn three_ways_of_which_each_two_share_a_node_convict_when_all_three_share_none() {
        let mut suspicions = Suspicions::default();
        let accused = node(9).ed25519;
        assert!(!suspicions.accuse(&accused, way([1, 2, 3])));
        assert!(!suspicions.accuse(&accused, way([1, 4, 5])));
        assert!(suspicions.accuse(&accused, way([2, 4, 6])));
    }

    #[test]
    fn an_answer_of_the_accused_and_a_fresh_list_close_the_record() {
        let mut suspicions = Suspicions::default();
        let accused = node(9).ed25519;
        suspicions.accuse(&accused, way([1, 2, 9]));
        suspicions.acquit(&accused);
        assert!(!suspicions.accuse(&accused, way([3, 4, 9])));
        suspicions.clear();
        assert!(!suspicions.accuse(&accused, way([5, 6, 9])));
    }
}
