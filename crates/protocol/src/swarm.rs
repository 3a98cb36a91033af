//! Which swarm holds an account's messages (10-network 2.1).
//!
//! Accounts and swarms lie on one circle of 2^64 points; an account belongs to the nearest swarm.

use crate::id::SwarmId;

/// The swarm id that means "no swarm".
pub const INVALID_SWARM: u64 = u64::MAX;

/// XOR of the four big-endian words of the key (the prefix byte does not count).
pub fn swarm_space(account: &SwarmId) -> u64 {
    let (words, _) = account.key.as_chunks::<8>();
    words
        .iter()
        .fold(0, |space, word| space ^ u64::from_be_bytes(*word))
}

/// The swarm nearest on the circle; a tie goes left. `swarms` is sorted and free of duplicates and of [`INVALID_SWARM`].
pub fn swarm_for(account: &SwarmId, swarms: &[u64]) -> Option<u64> {
    nearest(swarm_space(account), swarms)
}

fn nearest(point: u64, swarms: &[u64]) -> Option<u64> {
    let (first, last) = (*swarms.first()?, *swarms.last()?);
    let at = swarms.partition_point(|id| *id < point);
    let right = swarms.get(at).copied().unwrap_or(first);
    let left = match at.checked_sub(1) {
        // Past the last swarm the circle closes: the right neighbour is the first one, the left neighbour the last.
        Some(before) => swarms.get(before).copied().unwrap_or(last),
        None => last,
    };
    if right.wrapping_sub(point) < point.wrapping_sub(left) {
        Some(right)
    } else {
        Some(left)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_accounts_map_to_their_points() {
        let table = [
            (
                "053506f4a71324b7dd114eddbf4e311f39dde243e1f2cb97c40db1961f70ebaae8",
                17589930838143112648,
            ),
            (
                "05cf27da303a50ac8c4b2d43d27259505c9bcd73fc21cf2a57902c3d050730b604",
                10370619079776428163,
            ),
            (
                "03d3511706b8b34f6e8411bf07bd22ba6b2435ca56846fbccf6eb1e166a6cd15cc",
                2144983569669512198,
            ),
            (
                "ff0f06693428fca9102a451e3f28d9cc743d8ea60a89ab6aa69eb119470c11cbd3",
                9690840703409570833,
            ),
            (
                "05ffba630924aa1224bb930dde21c0d11bf004608f2812217f8ac812d6c7e3ad48",
                4532060000165252872,
            ),
            (
                "054701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01",
                308072453193212310,
            ),
        ];
        for (account, point) in table {
            assert_eq!(
                swarm_space(&SwarmId::from_hex(account).unwrap()),
                point,
                "{account}"
            );
        }
    }

    #[test]
    fn the_nearest_swarm_wins_and_a_tie_goes_left() {
        let swarms = [100, 200, 300, 399, 498, 596, 694];
        let table = [
            (0, 100),
            (50, 100),
            (150, 100),
            (151, 200),
            (349, 300),
            (350, 399),
            (0x8000_0000_0000_0000, 694),
            (0x8000_0000_0000_018d, 694),
            (0x8000_0000_0000_018e, 100),
            (0xa000_0000_0000_0000, 100),
            (u64::MAX, 100),
        ];
        for (point, swarm) in table {
            assert_eq!(nearest(point, &swarms), Some(swarm), "{point:x}");
        }
    }

    #[test]
    fn without_swarms_there_is_none_and_a_single_swarm_takes_all() {
        assert_eq!(nearest(5, &[]), None);
        assert_eq!(nearest(5, &[7]), Some(7));
        assert_eq!(nearest(7, &[7]), Some(7));
        assert_eq!(nearest(u64::MAX, &[7]), Some(7));
    }

    proptest! {
        #[test]
        fn no_other_swarm_is_nearer(point: u64, mut swarms in proptest::collection::vec(0..u64::MAX, 1..20)) {
            swarms.sort_unstable();
            swarms.dedup();
            let distance = |id: u64| id.wrapping_sub(point).min(point.wrapping_sub(id));
            let chosen = nearest(point, &swarms).unwrap();
            prop_assert!(swarms.iter().all(|id| distance(*id) >= distance(chosen)));
        }
    }
}
