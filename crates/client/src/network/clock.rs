//! The time of the network, told from the answers of many nodes (10-network 5.3).
//!
//! Every answer carries the node's clock. The newest sample of each of the last ten nodes counts once, and the median wins,
//! so that a single lying node moves nothing. Until there are enough samples for that, the one closest to what an earlier
//! session found out is used, when it is close enough, and nothing is decided by it.

use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::sorted::{sort, sort_by_key};
use onionskin_protocol::time::Timestamp;
use std::collections::VecDeque;

const SAMPLES: usize = 10;
/// So many clocks give a time that none of them decides alone.
const ENOUGH: usize = 3;
/// So far (ms) a few clocks may move the time: most devices are not a day wrong.
const NEAR: u64 = 24 * 3_600_000;
/// Clocks that differ by this (ms) show the same time.
const AGREEMENT: u64 = 20_000;

/// Network time relative to this device's clock.
#[derive(Debug, Default)]
pub(super) struct NetworkClock {
    samples: VecDeque<(Ed25519PublicKey, i64)>,
    /// From an earlier session, or told by nodes that agree, until there are enough samples.
    remembered: i64,
}

impl NetworkClock {
    /// A node said `told`; the request left at `sent` and the answer came at `received` (device clock). True when with that the
    /// time is known.
    pub(super) fn sample(
        &mut self,
        node: Ed25519PublicKey,
        told: Timestamp,
        sent: Timestamp,
        received: Timestamp,
    ) -> bool {
        let knew = self.is_known();
        let middle = sent.plus_millis(received.millis_since(sent) / 2);
        self.samples.retain(|(key, _)| *key != node);
        self.samples.push_back((node, difference(told, middle)));
        if self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
        !knew && self.is_known()
    }

    /// Network minus device clock (ms).
    pub(super) fn offset(&self) -> i64 {
        let told = self.samples.iter().map(|(_, offset)| *offset);
        let found = if self.is_known() {
            median(told)
        } else {
            let apart = |offset: &i64| offset.abs_diff(self.remembered);
            told.filter(|offset| apart(offset) <= NEAR)
                .min_by_key(apart)
        };
        found.unwrap_or(self.remembered)
    }

    /// One wrong clock does not decide it.
    pub(super) fn is_known(&self) -> bool {
        self.samples.len() >= ENOUGH
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
        self.remembered = median(fresh.iter().map(|(_, offset)| *offset)).unwrap_or_default();
        self.samples = fresh.into();
        true
    }

    /// The clock of a node counts already.
    pub(super) fn has(&self, node: &Ed25519PublicKey) -> bool {
        self.samples.iter().any(|(key, _)| key == node)
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

/// Of an even number the lower of the two in the middle.
fn median(offsets: impl Iterator<Item = i64>) -> Option<i64> {
    let mut sorted: Vec<i64> = offsets.collect();
    sort(&mut sorted);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
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
        assert_eq!(clock.offset(), 60_002);
        assert_eq!(clock.network_time(Timestamp(5)), Timestamp(60_007));
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
    fn before_three_clocks_are_known_none_of_them_moves_the_time_far() {
        let (at, year) = (Timestamp(1_790_000_000_000), 365 * 86_400_000);
        let mut clock = NetworkClock::default();
        clock.remember(70);
        clock.sample(key(1), at.plus_millis(year), at, at);
        assert_eq!((clock.offset(), clock.is_known()), (70, false));
        clock.sample(key(2), at, at, at);
        assert_eq!((clock.offset(), clock.is_known()), (0, false));
        clock.sample(key(3), at.plus_millis(5), at, at);
        assert_eq!((clock.offset(), clock.is_known()), (5, true));
        clock.sample(key(4), at.plus_millis(year), at, at);
        assert_eq!(
            clock.offset(),
            5,
            "two that lie are not more than two that do not"
        );
    }

    #[test]
    fn two_that_agree_when_they_are_asked_count_at_once() {
        let (at, hour) = (Timestamp(10_000_000), 3_600_000);
        let mut clock = NetworkClock::default();
        for number in [1, 2] {
            clock.sample(key(number), at.plus_millis(hour), at, at);
        }
        assert!(!clock.is_known());
        assert!(clock.trust(&[key(1), key(2)]));
        assert_eq!(clock.offset(), hour as i64);
    }

    #[test]
    fn a_clock_that_is_ahead_gives_a_negative_offset() {
        let mut clock = NetworkClock::default();
        clock.remember(-5);
        assert_eq!(clock.offset(), -5);
        for number in 1..=3 {
            let (sent, received) = (Timestamp(3_900), Timestamp(4_100));
            clock.sample(key(number), Timestamp(1_000), sent, received);
        }
        assert_eq!(clock.offset(), -3_000);
        assert_eq!(clock.network_time(Timestamp(1_000)), Timestamp(0));
    }
}
