//! How much of an answer each namespace of a poll may take (10-network 7.2).

use crate::id::Namespace;
use crate::sorted::SortedMap;

/// Messages of people and of groups come before everything else.
const fn priority(namespace: Namespace) -> u8 {
    match namespace.0 {
        0 | 11 => 10,
        _ => 1,
    }
}

/// `max_size` for each of `namespaces`, in their order: a negative number is that fraction of 7,800,000 bytes. The fractions
/// add up to one at most, since an answer above 10 MiB is lost between the nodes.
pub fn max_sizes(namespaces: &[Namespace]) -> Vec<i64> {
    let mut counts: SortedMap<u8, i64> = SortedMap::new();
    for namespace in namespaces {
        *counts.entry(priority(*namespace)).or_default() += 1;
    }
    let lowest = counts.keys().next().copied();
    let mut split = 1i64;
    let mut sizes = SortedMap::new();
    for (level, count) in counts.iter().rev() {
        // What is left over for those below counts as one more part.
        let rest = i64::from(Some(*level) != lowest);
        split = split.saturating_mul(count.saturating_add(rest));
        sizes.insert(*level, -split);
    }
    namespaces
        .iter()
        .filter_map(|namespace| sizes.get(&priority(*namespace)).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sizes(namespaces: &[i16]) -> Vec<i64> {
        let namespaces: Vec<_> = namespaces.iter().copied().map(Namespace).collect();
        max_sizes(&namespaces)
    }

    #[test]
    fn the_published_splits_come_out() {
        assert_eq!(sizes(&[0, 2, 3, 5, 4]), [-2, -8, -8, -8, -8]);
        assert_eq!(sizes(&[-11, 11, 13, 14, 12]), [-8, -2, -8, -8, -8]);
        assert_eq!(sizes(&[0]), [-1]);
        assert_eq!(sizes(&[2, 3]), [-2, -2]);
        assert_eq!(sizes(&[]), Vec::<i64>::new());
    }

    proptest! {
        #[test]
        fn the_parts_never_exceed_the_whole(namespaces in prop::collection::vec(-30i16..30, 0..20)) {
            let sizes = sizes(&namespaces);
            prop_assert_eq!(sizes.len(), namespaces.len());
            let bytes: i64 = sizes.iter().map(|size| 7_800_000 / -size).sum();
            prop_assert!(bytes <= 7_800_000);
        }
    }
}
