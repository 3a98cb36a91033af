//! How long to wait before another try.

use onionskin_protocol::entropy::{Entropy, draw};

/// Doubles with every failure up to `longest`, then spreads: between half of that and one and a half times it (ms), so that
/// clients that failed together do not come back together. `failures` counts from 1.
pub(crate) fn pause(
    first: u64,
    longest: u64,
    failures: u32,
    entropy: &mut (impl Entropy + ?Sized),
) -> u64 {
    let doublings = failures.saturating_sub(1).min(32);
    spread(first.saturating_mul(1 << doublings).min(longest), entropy)
}

/// Between half of `ms` and one and a half times it.
pub(crate) fn spread(ms: u64, entropy: &mut (impl Entropy + ?Sized)) -> u64 {
    let chance = u64::from_le_bytes(draw::<8>(entropy));
    ms / 2 + chance % ms.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onionskin_testnet::random::SeededEntropy;

    #[test]
    fn pauses_double_up_to_their_limit_and_are_spread() {
        let mut entropy = SeededEntropy::new(1);
        for (failures, middle) in [
            (1, 1_000),
            (2, 2_000),
            (4, 8_000),
            (5, 10_000),
            (99, 10_000),
        ] {
            let pauses: Vec<u64> = (0..50)
                .map(|_| pause(1_000, 10_000, failures, &mut entropy))
                .collect();
            assert!(
                pauses
                    .iter()
                    .all(|ms| (middle / 2..=middle * 3 / 2).contains(ms)),
                "{failures}: {pauses:?}"
            );
            assert!(pauses.iter().any(|ms| *ms < middle));
            assert!(pauses.iter().any(|ms| *ms > middle));
        }
    }

    #[test]
    fn the_same_entropy_gives_the_same_pauses() {
        let pauses = |seed| {
            let mut entropy = SeededEntropy::new(seed);
            (1..10)
                .map(|failures| pause(500, 60_000, failures, &mut entropy))
                .collect::<Vec<_>>()
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
        assert_eq!(spread(0, &mut SeededEntropy::new(1)), 0);
    }
}
