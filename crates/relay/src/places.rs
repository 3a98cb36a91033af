//! Requests that wait for a node: so many in all, and so many for one guard, so that a guard that hangs does not use up the
//! relay for everybody (10-network 6.4).

use onionskin_protocol::keys::Ed25519PublicKey;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_guard: BTreeMap<[u8; 32], usize>,
}

/// The places and who has taken them.
#[derive(Debug)]
pub struct Places {
    all: usize,
    per_guard: usize,
    taken: Mutex<Taken>,
}

/// One place; dropping it frees it.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    guard: [u8; 32],
}

impl Places {
    /// `all` places, of which one guard gets `per_guard`; at least one of each.
    pub fn new(all: usize, per_guard: usize) -> Self {
        Self {
            all: all.max(1),
            per_guard: per_guard.max(1),
            taken: Mutex::default(),
        }
    }

    /// Takes a place, or `None` when none is free for this guard.
    pub fn take(self: &Arc<Self>, guard: &Ed25519PublicKey) -> Option<Place> {
        let mut taken = self.taken();
        let of_guard = taken.by_guard.get(&guard.0).copied().unwrap_or_default();
        if taken.all >= self.all || of_guard >= self.per_guard {
            return None;
        }
        taken.all += 1;
        taken.by_guard.insert(guard.0, of_guard + 1);
        Some(Place {
            places: self.clone(),
            guard: guard.0,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_guard) = taken.by_guard.get_mut(&self.guard) {
            *of_guard = of_guard.saturating_sub(1);
            if *of_guard == 0 {
                taken.by_guard.remove(&self.guard);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_guard_gets_its_share_and_no_more() {
        let places = Arc::new(Places::new(5, 2));
        let [a, b, c] = [1, 2, 3].map(|byte| Ed25519PublicKey([byte; 32]));
        let first = places.take(&a).unwrap();
        let _second = places.take(&a).unwrap();
        assert!(places.take(&a).is_none());
        let _others = [places.take(&b).unwrap(), places.take(&b).unwrap()];
        let last = places.take(&c).unwrap();
        assert!(places.take(&c).is_none(), "all five are taken");
        drop(first);
        assert!(places.take(&a).is_some());
        drop(last);
        assert_eq!(
            places.taken().by_guard.len(),
            2,
            "an idle guard is forgotten"
        );
    }
}
