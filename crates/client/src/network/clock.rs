//! The time of the network, told from the answers of many nodes (10-network 5.3).
//!
//! Every answer carries the node's clock. The newest sample of each of the last ten nodes counts once, and the median wins,
//! so that a single lying node moves nothing.

use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::sorted::{sort, sort_by_key};
use onionskin_protocol::time::Timestamp;
use std::collections::VecDeque;

const SAMPLES: usize = 10;
/// Clocks that differ by this (ms) show the same time.
const AGREEMENT: u64 = 20_000;

/// Network time relative to this device's clock.
#[derive(Debug, Default)]
pub(super) struct NetworkClock {
    samples: VecDeque<(Ed25519PublicKey, i64)>,
    /// From an earlier session, until there is a sample.
    remembered: i64,
}

impl NetworkClock {
    /// A node said `told`; the request left at `sent` and the answer came at `received` (device clock).
    pub(super) fn sample(
        &mut self,
        node: Ed25519PublicKey,
        told: Timestamp,
        sent: Timestamp,
        received: Timestamp,
    ) -> bool {
        let before = self.offset();
        let middle = sent.plus_millis(received.millis_since(sent) / 2);
        self.samples.retain(|(key, _)| *key != node);
        self.samples.push_back((node, difference(told, middle)));
        if self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
        before.abs_diff(self.offset()) > 1_000
    }

    /// Network minus device clock (ms).
    pub(super) fn offset(&self) -> i64 {
        let mut sorted: Vec<i64> = self.samples.iter().map(|(_, offset)| *offset).collect();
        sort(&mut sorted);
        sorted
            .get(sorted.len() / 2)
            .copied()
            .unwrap_or(self.remembered)
    }

    /// After the clocks of these nodes were asked for once more: forgets all others, when at least two of them agree. False
    /// when they do not.
    pub(super) fn trust(&mut self, nodes: &[Ed25519PublicKey]) -> bool {
        let mut fresh: Vec<(Ed25519PublicKey, i64)> = self
            .samples
            .iter()
            .filter(|(key, _)| nodes.contains(key))
            .copied()
            .collect();
        sort_by_key(&mut fresh, |(_, offset)| *offset);
        let agree = fresh.iter().zip(fresh.iter().skip(1));
        let agree = agree
            .filter(|((_, one), (_, other))| one.abs_diff(*other) <= AGREEMENT)
            .count();
        if agree == 0 {
            return false;
        }
        if fresh.len() == 2 {
            // The median of two is the larger one; either will do.
            fresh.truncate(1);
        }
        self.samples = fresh.into();
        true
    }

    /// Nodes whose clocks are known.
    pub(super) fn samples(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn remember(&mut self, offset: i64) {
        self.remembered = offset;
    }

    /// What other clocks on the network show now.
    pub(super) fn network_time(&self, device: Timestamp) -> Timestamp {
        Timestamp(device.as_millis().saturating_add_signed(self.offset()))
    }
}

fn difference(told: Timestamp, device: Timestamp) -> i64 {
    let apart = |later: Timestamp, earlier: Timestamp| {
        i64::try_from(later.millis_since(earlier)).unwrap_or(i64::MAX)
    };
    if told >= device {
        apart(told, device)
    } else {
        -apart(device, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Ed25519PublicKey {
        Ed25519PublicKey([number; 32])
    }

    #[test]
    fn a_single_lying_node_moves_nothing() {
        let mut clock = NetworkClock::default();
        for number in 0..5 {
            clock.sample(
                key(number),
                Timestamp(61_000 + u64::from(number)),
                Timestamp(0),
                Timestamp(2_000),
            );
        }
        for _ in 0..20 {
            clock.sample(key(9), Timestamp(u64::MAX), Timestamp(0), Timestamp(2_000));
        }
        assert_eq!(clock.offset(), 60_003);
        assert_eq!(clock.network_time(Timestamp(5)), Timestamp(60_008));
    }

    #[test]
    fn after_a_jump_of_the_device_clock_three_fresh_answers_outweigh_ten_old_ones() {
        let (at, hour) = (Timestamp(10_000_000), 3_600_000);
        let mut clock = NetworkClock::default();
        for number in 0..10 {
            clock.sample(key(number), at, at, at);
        }
        let later = at.plus_millis(hour);
        for (number, told) in [(20, later), (21, later), (22, Timestamp(5))] {
            clock.sample(key(number), told, at, at);
        }
        assert_eq!(clock.offset(), 0);
        assert!(!clock.trust(&[key(22)]), "one is not enough");
        assert!(!clock.trust(&[key(21), key(22)]), "nor are two that differ");
        assert_eq!(clock.offset(), 0);
        assert!(clock.trust(&[key(20), key(21), key(22)]));
        assert_eq!(clock.offset(), hour as i64);
    }

    #[test]
    fn a_clock_that_is_ahead_gives_a_negative_offset() {
        let mut clock = NetworkClock::default();
        clock.remember(-5);
        assert_eq!(clock.offset(), -5);
        clock.sample(key(1), Timestamp(1_000), Timestamp(3_900), Timestamp(4_100));
        assert_eq!(clock.offset(), -3_000);
        assert_eq!(clock.network_time(Timestamp(1_000)), Timestamp(0));
    }
}
