//! Standing paths and their guards (10-network 5.1, Decisions 2).
//!
//! Two paths of exactly three hops. A guard stays for up to ten days, the hops behind it change every ten minutes. Nothing here
//! talks: what a request met is told by `rpc`, and `maintain` builds what is missing.

use super::pool::Pool;
use super::profile::NetworkProfile;
use crate::api::{Chosen, DestinationKind, PathRule};
use onionskin_protocol::entropy::{Entropy, draw};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::sorted::{SortedSet, sort};
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Hops of a path, never fewer.
pub(super) const HOPS: usize = 3;
/// Paths that should stand.
pub(super) const STANDING: usize = 2;
/// Guards that are remembered: those of the standing paths, and as many for when they cannot serve.
pub(super) const REMEMBERED: usize = 2 * STANDING;
/// This many strikes retire a path.
const RETIRED: u8 = 3;
/// Age (ms) at which the hops behind the guard change.
const ROTATE_AFTER: u64 = 10 * 60_000;
/// Age (ms) at which a guard is replaced.
pub(super) const GUARD_LASTS: u64 = 10 * 24 * 3_600_000;
/// "New path" is heard at most this often (ms).
const RENEW_EVERY: u64 = 60_000;

/// Rules that are given up, the least first, when too few nodes keep them all.
const RELAXATIONS: [&[PathRule]; 8] = {
    use PathRule::{Countries, Reliable, Subnets};
    [
        &[],
        &[Countries],
        &[Reliable],
        &[Countries, Reliable],
        &[Subnets],
        &[Subnets, Countries],
        &[Subnets, Reliable],
        &[Subnets, Countries, Reliable],
    ]
};

/// Three hops, guard first.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) id: u64,
    pub(super) hops: [ServiceNode; HOPS],
    /// Why each hop is where it is.
    pub(super) chosen: [Chosen; HOPS],
    /// Rules that could not be kept.
    pub(super) relaxed: Vec<PathRule>,
    /// Where the newest request went.
    pub(super) destination: Option<DestinationKind>,
    pub(super) built_at: Timestamp,
    pub(super) requests: u32,
    pub(super) failures: u32,
    pub(super) strikes: u8,
    /// A request through it failed since it was last tried for itself.
    pub(super) suspect: bool,
    pub(super) in_flight: u32,
    /// The hop (0 is the guard) at which the newest request broke off, when that is known.
    pub(super) broken: Option<u8>,
    /// When to try to replace the hops behind the guard.
    pub(super) rotate_at: Timestamp,
}

impl Path {
    pub(super) fn contains(&self, key: &Ed25519PublicKey) -> bool {
        self.hops.iter().any(|hop| hop.ed25519 == *key)
    }
    pub(super) fn guard(&self) -> &ServiceNode {
        &self.hops[0]
    }

    /// Puts another node in the place of a hop.
    fn replace(&mut self, at: usize, (node, relaxed): (ServiceNode, Vec<PathRule>)) {
        self.hops[at] = node;
        self.chosen[at] = Chosen::Replacement;
        self.relaxed.extend(relaxed);
        sort(&mut self.relaxed);
        self.relaxed.dedup();
    }
}

/// Hops that were chosen for a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) hops: [ServiceNode; HOPS],
    /// Rules that could not be kept.
    pub(super) relaxed: Vec<PathRule>,
}

#[cfg(test)]
impl From<[ServiceNode; HOPS]> for Route {
    fn from(hops: [ServiceNode; HOPS]) -> Self {
        let relaxed = Vec::new();
        Self { hops, relaxed }
    }
}

/// A guard and the time since which it is one (device clock, ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Guard {
    pub(super) key: [u8; 32],
    pub(super) since: u64,
}

#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) standing: Vec<Path>,
    pub(super) guards: Vec<Guard>,
    /// The newest path that was made for one request only.
    pub(super) one_off: Option<Path>,
    /// Rather no path than one that breaks a rule.
    pub(super) strict: bool,
    /// Nodes that are probably still there, as long as nodes did not say so themselves. They come first.
    pub(super) hint: SortedSet<Ed25519PublicKey>,
    /// The only nodes that can be guards, where gateways do not serve all.
    only: Option<SortedSet<Ed25519PublicKey>>,
    /// Guards that the person gave up with the last "new guards": only drawn again when there is no other.
    dropped: SortedSet<[u8; 32]>,
    next_id: u64,
    renewed_at: Option<Timestamp>,
}

impl Paths {
    /// A path that nobody has tested yet.
    pub(super) fn draft(&mut self, route: Route, now: Timestamp) -> Path {
        self.next_id += 1;
        let guard = route.hops[0].ed25519;
        let kept = self.guard_since(&guard).is_some();
        let first = if kept { Chosen::Kept } else { Chosen::Chance };
        Path {
            id: self.next_id,
            hops: route.hops,
            chosen: [first, Chosen::Chance, Chosen::Chance],
            relaxed: route.relaxed,
            destination: None,
            built_at: now,
            requests: 0,
            failures: 0,
            strikes: 0,
            suspect: false,
            in_flight: 0,
            broken: None,
            rotate_at: now.plus_millis(ROTATE_AFTER),
        }
    }

    /// A path for one request.
    pub(super) fn draft_one_off(&mut self, route: Route, now: Timestamp) -> Path {
        let path = self.draft(route, now);
        self.one_off = Some(path.clone());
        path
    }

    /// A standing path, or the newest one-off.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Path> {
        self.standing
            .iter_mut()
            .chain(self.one_off.as_mut())
            .find(|path| path.id == id)
    }

    /// Takes a path that answered, instead of `replaces` where that still stands. Its guard becomes one.
    pub(super) fn stand(&mut self, path: Path, replaces: Option<u64>, now: Timestamp) {
        let key = path.guard().ed25519.0;
        if !self.guards.iter().any(|guard| guard.key == key) {
            self.guards.push(Guard {
                key,
                since: now.as_millis(),
            });
        }
        self.standing.retain(|old| Some(old.id) != replaces);
        self.standing.push(path);
    }

    pub(super) fn retire(&mut self, id: u64) {
        self.standing.retain(|path| path.id != id);
    }

    /// One more strike; true when that retired the path.
    pub(super) fn strike(&mut self, id: u64) -> bool {
        let Some(path) = self.get_mut(id) else {
            return false;
        };
        path.strikes = path.strikes.saturating_add(1);
        let retired = path.strikes >= RETIRED;
        if retired {
            self.retire(id);
        }
        retired
    }

    /// A standing path may be dead. False when it does not stand.
    pub(super) fn suspect(&mut self, id: u64) -> bool {
        let path = self.standing.iter_mut().find(|path| path.id == id);
        path.map(|path| path.suspect = true).is_some()
    }

    pub(super) fn guard_since(&self, key: &Ed25519PublicKey) -> Option<u64> {
        self.guards
            .iter()
            .find(|guard| guard.key == key.0)
            .map(|guard| guard.since)
    }

    /// Forgets guards that are too old or unusable, except those of standing paths.
    pub(super) fn review_guards(&mut self, pool: &Pool, now: Timestamp) {
        let standing: Vec<[u8; 32]> = self
            .standing
            .iter()
            .map(|path| path.guard().ed25519.0)
            .collect();
        self.guards.retain(|guard| {
            let young = now.as_millis().saturating_sub(guard.since) < GUARD_LASTS;
            let usable = pool.is_usable(&Ed25519PublicKey(guard.key), now);
            usable && (young || standing.contains(&guard.key))
        });
        self.guards.truncate(REMEMBERED.max(standing.len()));
    }

    /// The guard for the next path: a kept one that no standing path uses, else any node that is not a guard already.
    pub(super) fn choose_guard(
        &self,
        pool: &Pool,
        taken: &[Ed25519PublicKey],
        now: Timestamp,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Option<ServiceNode> {
        let free = |key: &Ed25519PublicKey| {
            self.can_guard(key)
                && !taken.contains(key)
                && !self
                    .standing
                    .iter()
                    .any(|path| path.guard().ed25519 == *key)
        };
        let kept = self.guards.iter().find_map(|guard| {
            let key = Ed25519PublicKey(guard.key);
            let young = now.as_millis().saturating_sub(guard.since) < GUARD_LASTS;
            (young && free(&key) && pool.is_usable(&key, now))
                .then(|| pool.get(&key))
                .flatten()
        });
        if let Some(node) = kept {
            return Some(*node);
        }
        let mut candidates: Vec<ServiceNode> = pool
            .usable(now)
            .into_iter()
            .filter(|node| free(&node.ed25519))
            .collect();
        prefer(&mut candidates, |node| self.hint.contains(&node.ed25519));
        prefer(&mut candidates, |node| {
            pool.strikes(&node.ed25519, now) == 0
        });
        prefer(&mut candidates, |node| {
            !self.dropped.contains(&node.ed25519.0)
        });
        pick(&candidates, entropy)
    }

    fn can_guard(&self, key: &Ed25519PublicKey) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(key))
    }

    /// The only nodes that can be guards from now on. True when a path had to go for it.
    pub(super) fn reach(&mut self, only: Option<SortedSet<Ed25519PublicKey>>) -> bool {
        if self.only == only {
            return false;
        }
        self.only = only;
        let before = self.standing.len();
        let mut standing = std::mem::take(&mut self.standing);
        standing.retain(|path| self.can_guard(&path.guard().ed25519));
        self.standing = standing;
        self.standing.len() < before
    }

    /// Chooses the hops behind `guard`, neither of them `avoid`.
    pub(super) fn choose_hops(
        &self,
        pool: &Pool,
        profile: &NetworkProfile,
        guard: ServiceNode,
        avoid: Option<&Ed25519PublicKey>,
        now: Timestamp,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Option<Route> {
        let (middle, mut relaxed) =
            self.choose_hop(pool, profile, &[guard], avoid, now, entropy)?;
        let others = [guard, middle];
        let (exit, more) = self.choose_hop(pool, profile, &others, avoid, now, entropy)?;
        relaxed.extend(more);
        sort(&mut relaxed);
        relaxed.dedup();
        Some(Route {
            hops: [guard, middle, exit],
            relaxed,
        })
    }

    /// Chooses a hop beside `others`, one without strikes and outside their subnets and countries where that is possible. Rules that were
    /// relaxed are told; when `strict`, none is. A kept guard stays until it is struck out, whatever its strikes: changing guards
    /// is the greater risk.
    fn choose_hop(
        &self,
        pool: &Pool,
        profile: &NetworkProfile,
        others: &[ServiceNode],
        avoid: Option<&Ed25519PublicKey>,
        now: Timestamp,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Option<(ServiceNode, Vec<PathRule>)> {
        let mut candidates = pool.usable(now);
        candidates.retain(|node| {
            Some(&node.ed25519) != avoid && others.iter().all(|other| node.ed25519 != other.ed25519)
        });
        let reliable = |node: &ServiceNode| pool.strikes(&node.ed25519, now) == 0;
        let apart = |node: &ServiceNode| {
            others
                .iter()
                .all(|other| profile.may_share_path(node, other))
        };
        let abroad = |node: &ServiceNode| {
            let country = pool.country(node);
            country.is_none() || others.iter().all(|other| pool.country(other) != country)
        };
        for relaxed in RELAXATIONS {
            if self.strict && !relaxed.is_empty() {
                break;
            }
            let mut fit: Vec<ServiceNode> = candidates
                .iter()
                .filter(|node| relaxed.contains(&PathRule::Reliable) || reliable(node))
                .filter(|node| relaxed.contains(&PathRule::Subnets) || apart(node))
                .filter(|node| relaxed.contains(&PathRule::Countries) || abroad(node))
                .copied()
                .collect();
            prefer(&mut fit, |node| self.hint.contains(&node.ed25519));
            if let Some(node) = pick(&fit, entropy) {
                return Some((node, relaxed.to_vec()));
            }
        }
        None
    }

    /// The least busy standing path that neither contains `target` nor was `tried`; one that failed just now only when there is
    /// no other.
    pub(super) fn for_target(&self, target: &Ed25519PublicKey, tried: &[u64]) -> Option<&Path> {
        self.standing
            .iter()
            .filter(|path| !path.contains(target) && !tried.contains(&path.id))
            .min_by_key(|path| (path.suspect, path.in_flight, path.requests))
    }

    /// Swaps nodes that may no longer be used; a path whose guard is one of them, or for which there is no other node, goes.
    /// True when something changed.
    pub(super) fn repair(
        &mut self,
        pool: &Pool,
        profile: &NetworkProfile,
        now: Timestamp,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> bool {
        let mut changed = false;
        let mut kept = Vec::with_capacity(self.standing.len());
        for mut path in std::mem::take(&mut self.standing) {
            let mut whole = pool.is_usable(&path.hops[0].ed25519, now);
            changed |= !whole;
            for at in 1..HOPS {
                if !whole || pool.is_usable(&path.hops[at].ed25519, now) {
                    continue;
                }
                changed = true;
                let others: Vec<ServiceNode> = (0..HOPS)
                    .filter(|other| *other != at)
                    .map(|at| path.hops[at])
                    .collect();
                match self.choose_hop(pool, profile, &others, None, now, entropy) {
                    Some(substitute) => path.replace(at, substitute),
                    None => whole = false,
                }
            }
            if whole {
                kept.push(path);
            }
        }
        self.standing = kept;
        changed
    }

    /// Puts another node in the place of `node` on one path. The path goes when that is its guard, or when there is no other.
    pub(super) fn swap(
        &mut self,
        id: u64,
        node: &Ed25519PublicKey,
        pool: &Pool,
        profile: &NetworkProfile,
        now: Timestamp,
        entropy: &mut (impl Entropy + ?Sized),
    ) {
        let Some(hops) = self.get_mut(id).map(|path| path.hops) else {
            return;
        };
        let Some(at) = hops.iter().position(|hop| hop.ed25519 == *node) else {
            return;
        };
        let others: Vec<ServiceNode> = hops
            .into_iter()
            .filter(|hop| hop.ed25519 != *node)
            .collect();
        let substitute = match at {
            0 => None,
            _ => self.choose_hop(pool, profile, &others, Some(node), now, entropy),
        };
        match (substitute, self.get_mut(id)) {
            (Some(substitute), Some(path)) => path.replace(at, substitute),
            _ => self.retire(id),
        }
    }

    /// Marks all paths for replacement, and forgets the guards as well when `guards`, unless that was asked for under a minute
    /// ago: then the error is the rest of that minute (ms).
    pub(super) fn ask_for_new(&mut self, guards: bool, now: Timestamp) -> Result<(), u64> {
        let since = self.renewed_at.map(|at| now.millis_since(at));
        if let Some(rest) = since.and_then(|since| RENEW_EVERY.checked_sub(since))
            && rest > 0
        {
            return Err(rest);
        }
        self.renewed_at = Some(now);
        for path in &mut self.standing {
            path.rotate_at = now;
        }
        if guards {
            let standing = self.standing.iter().map(|path| path.guard().ed25519.0);
            let kept = self.guards.drain(..).map(|guard| guard.key);
            self.dropped = kept.chain(standing).collect();
        }
        Ok(())
    }
}

/// Keeps only the preferred ones, where there are any.
fn prefer(nodes: &mut Vec<ServiceNode>, preferred: impl Fn(&ServiceNode) -> bool) {
    if nodes.iter().any(&preferred) {
        nodes.retain(preferred);
    }
}

/// Any one of them.
pub(super) fn pick<T: Copy>(from: &[T], entropy: &mut (impl Entropy + ?Sized)) -> Option<T> {
    let count = u64::try_from(from.len()).ok().filter(|count| *count > 0)?;
    let at = u64::from_le_bytes(draw::<8>(entropy)) % count;
    from.get(usize::try_from(at).ok()?).copied()
}

/// All of them in any order.
pub(super) fn shuffle<T>(items: &mut [T], entropy: &mut (impl Entropy + ?Sized)) {
    for end in (1..items.len()).rev() {
        let at = u64::from_le_bytes(draw::<8>(entropy)) % (end as u64 + 1);
        items.swap(end, at as usize);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::pool::tests::node;
    use super::*;

    struct Steps(u64);
    impl Entropy for Steps {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self
                    .0
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                *byte = (self.0 >> 33) as u8;
            }
        }
    }

    fn pool(count: u8) -> Pool {
        let mut pool = Pool::default();
        pool.replace((1..=count).map(node), &NetworkProfile::local());
        pool
    }

    const NOW: Timestamp = Timestamp(1_000_000);

    fn standing(pool: &Pool, seed: u64) -> Paths {
        let mut paths = Paths::default();
        let mut entropy = Steps(seed);
        for _ in 0..STANDING {
            let guard = paths.choose_guard(pool, &[], NOW, &mut entropy).unwrap();
            let hops = paths
                .choose_hops(
                    pool,
                    &NetworkProfile::local(),
                    guard,
                    None,
                    NOW,
                    &mut entropy,
                )
                .unwrap();
            let path = paths.draft(hops, NOW);
            paths.stand(path, None, NOW);
        }
        paths
    }

    #[test]
    fn a_path_has_three_different_hops_and_never_fewer() {
        for seed in 0..50 {
            for path in &standing(&pool(6), seed).standing {
                let [one, two, three] = path.hops;
                assert!(
                    one.ed25519 != two.ed25519
                        && two.ed25519 != three.ed25519
                        && one.ed25519 != three.ed25519
                );
            }
        }
        let two = pool(2);
        assert!(
            Paths::default()
                .choose_hops(
                    &two,
                    &NetworkProfile::local(),
                    node(1),
                    None,
                    NOW,
                    &mut Steps(1)
                )
                .is_none()
        );
        let three = pool(3);
        let avoid = node(3).ed25519;
        assert!(
            Paths::default()
                .choose_hops(
                    &three,
                    &NetworkProfile::local(),
                    node(1),
                    Some(&avoid),
                    NOW,
                    &mut Steps(1)
                )
                .is_none()
        );
    }

    #[test]
    fn the_two_guards_differ_and_are_kept() {
        let pool = pool(6);
        let mut paths = standing(&pool, 3);
        assert_eq!(paths.guards.len(), 2);
        let guards = paths.guards.clone();
        assert_ne!(guards[0].key, guards[1].key);
        let id = paths.standing[0].id;
        paths.retire(id);
        let again = paths.choose_guard(&pool, &[], NOW, &mut Steps(9)).unwrap();
        assert!(guards.iter().any(|guard| guard.key == again.ed25519.0));
        let later = NOW.plus_millis(GUARD_LASTS);
        paths.review_guards(&pool, later);
        assert_eq!(
            paths.guards.len(),
            1,
            "only the guard of the path that stands is kept past its time"
        );
    }

    #[test]
    fn a_target_is_never_reached_through_a_path_that_contains_it() {
        let pool = pool(4);
        let paths = standing(&pool, 5);
        for target in 1..=4 {
            if let Some(path) = paths.for_target(&node(target).ed25519, &[]) {
                assert!(!path.contains(&node(target).ed25519));
            }
        }
    }

    #[test]
    fn no_two_hops_share_a_subnet_where_the_rule_holds() {
        let rule = NetworkProfile {
            subnet_rule: true,
            ..NetworkProfile::local()
        };
        let mut nodes: Vec<ServiceNode> = (1..=5).map(node).collect();
        for node in &mut nodes[..3] {
            node.ip = [10, 9, 9, node.ip.octets()[2]].into();
        }
        let mut pool = Pool::default();
        pool.replace(nodes.clone(), &rule);
        for seed in 0..50 {
            let route = Paths::default()
                .choose_hops(&pool, &rule, nodes[0], None, NOW, &mut Steps(seed))
                .unwrap();
            assert!(route.hops[1..].iter().all(|hop| hop.ip.octets()[1] != 9));
            assert_eq!(route.relaxed, []);
        }
    }

    #[test]
    fn a_rule_that_cannot_be_kept_is_relaxed_and_told_or_there_is_no_path() {
        let rule = NetworkProfile {
            subnet_rule: true,
            ..NetworkProfile::local()
        };
        let mut nodes: Vec<ServiceNode> = (1..=4).map(node).collect();
        for node in &mut nodes {
            node.ip = [10, 9, 9, node.ip.octets()[2]].into();
        }
        let mut pool = Pool::default();
        pool.replace(nodes.clone(), &rule);
        let mut paths = Paths::default();
        let choose = |paths: &Paths, pool: &Pool| {
            paths.choose_hops(pool, &rule, nodes[0], None, NOW, &mut Steps(7))
        };
        assert_eq!(choose(&paths, &pool).unwrap().relaxed, [PathRule::Subnets]);
        for node in &nodes {
            pool.strike(&node.ed25519, NOW);
        }
        assert_eq!(
            choose(&paths, &pool).unwrap().relaxed,
            [PathRule::Subnets, PathRule::Reliable]
        );
        paths.strict = true;
        assert_eq!(choose(&paths, &pool), None);
    }

    #[test]
    fn nodes_without_strikes_come_first() {
        let mut pool = pool(4);
        pool.strike(&node(4).ed25519, NOW);
        for seed in 0..50 {
            let route = Paths::default()
                .choose_hops(
                    &pool,
                    &NetworkProfile::local(),
                    node(1),
                    None,
                    NOW,
                    &mut Steps(seed),
                )
                .unwrap();
            assert!(route.hops.iter().all(|hop| *hop != node(4)));
        }
    }

    #[test]
    fn the_third_strike_retires_a_path() {
        let mut paths = standing(&pool(6), 3);
        let id = paths.standing[0].id;
        assert!(!paths.strike(id));
        assert!(!paths.strike(id));
        assert!(paths.strike(id));
        assert_eq!(paths.standing.len(), 1);
    }

    #[test]
    fn a_struck_out_hop_is_swapped_and_a_struck_out_guard_ends_the_path() {
        let mut pool = pool(6);
        let mut paths = standing(&pool, 3);
        let middle = paths.standing[0].hops[1].ed25519;
        for _ in 0..3 {
            pool.strike(&middle, NOW);
        }
        assert!(paths.repair(&pool, &NetworkProfile::local(), NOW, &mut Steps(1)));
        assert_eq!(paths.standing[0].chosen[1], Chosen::Replacement);
        assert!(paths.standing.iter().all(|path| !path.contains(&middle)));
        let before = paths.standing.len();
        let guard = paths.standing[0].guard().ed25519;
        for _ in 0..3 {
            pool.strike(&guard, NOW);
        }
        paths.repair(&pool, &NetworkProfile::local(), NOW, &mut Steps(1));
        assert_eq!(paths.standing.len(), before - 1);
    }

    #[test]
    fn nodes_that_are_probably_there_come_first() {
        let pool = pool(9);
        let mut paths = Paths {
            hint: [2, 5, 7].map(|number| node(number).ed25519).into(),
            ..Paths::default()
        };
        for seed in 0..20 {
            let entropy = &mut Steps(seed);
            let guard = paths.choose_guard(&pool, &[], NOW, entropy).unwrap();
            let profile = NetworkProfile::local();
            let route = paths
                .choose_hops(&pool, &profile, guard, None, NOW, entropy)
                .unwrap();
            assert!(
                route
                    .hops
                    .iter()
                    .all(|hop| paths.hint.contains(&hop.ed25519))
            );
        }
        paths.hint.clear();
        paths.hint.insert(node(33).ed25519);
        assert!(paths.choose_guard(&pool, &[], NOW, &mut Steps(1)).is_some());
    }

    #[test]
    fn where_only_some_nodes_can_be_guards_no_path_has_another_one() {
        let pool = pool(6);
        let mut paths = standing(&pool, 3);
        let kept = paths.standing[0].guard().ed25519;
        assert!(paths.reach(Some([kept].into())));
        assert_eq!(paths.standing.len(), 1);
        assert_eq!(paths.choose_guard(&pool, &[], NOW, &mut Steps(1)), None);
        assert!(!paths.reach(None));
        assert!(paths.choose_guard(&pool, &[], NOW, &mut Steps(1)).is_some());
    }

    #[test]
    fn new_paths_are_made_at_most_once_a_minute() {
        let mut paths = standing(&pool(6), 3);
        assert_eq!(paths.ask_for_new(false, NOW), Ok(()));
        assert!(paths.standing.iter().all(|path| path.rotate_at == NOW));
        let again = paths.ask_for_new(false, NOW.plus_millis(59_999));
        assert_eq!(again, Err(1));
        assert_eq!(paths.guards.len(), 2);
        let later = NOW.plus_millis(60_000);
        assert_eq!(paths.ask_for_new(true, later), Ok(()));
        assert_eq!(paths.guards, []);
    }

    #[test]
    fn a_guard_that_was_given_up_is_drawn_again_only_when_there_is_no_other() {
        for seed in 0..20 {
            let pool = pool(5);
            let mut paths = standing(&pool, seed);
            let before: Vec<_> = paths.standing.iter().map(|path| *path.guard()).collect();
            paths.ask_for_new(true, NOW).unwrap();
            let first = paths.standing[0].id;
            paths.retire(first);
            let drawn = paths
                .choose_guard(&pool, &[], NOW, &mut Steps(seed))
                .unwrap();
            assert!(!before.contains(&drawn));
        }
        let two = pool(2);
        let kept = Guard {
            key: node(1).ed25519.0,
            since: NOW.as_millis(),
        };
        let mut paths = Paths {
            guards: vec![kept],
            ..Paths::default()
        };
        paths.ask_for_new(true, NOW).unwrap();
        let others = [node(2).ed25519];
        let drawn = paths.choose_guard(&two, &others, NOW, &mut Steps(1));
        assert_eq!(drawn, Some(node(1)));
    }

    #[test]
    fn hops_stand_in_different_countries_as_far_as_these_are_known_and_suffice() {
        let mut pool = pool(6);
        let country = |number: u8, code: &[u8; 2]| (node(number).ip, *code);
        pool.countries = [
            country(1, b"DE"),
            country(2, b"DE"),
            country(3, b"DE"),
            country(4, b"FR"),
        ]
        .into();
        let profile = NetworkProfile::local();
        let choose = |paths: &Paths, pool: &Pool, seed| {
            paths.choose_hops(pool, &profile, node(1), None, NOW, &mut Steps(seed))
        };
        for seed in 0..50 {
            let route = choose(&Paths::default(), &pool, seed).unwrap();
            assert!(
                route.hops[1..]
                    .iter()
                    .all(|hop| *hop != node(2) && *hop != node(3))
            );
            assert_eq!(route.relaxed, [], "unknown countries are in nobody's way");
        }
        for number in 4..=6 {
            pool.countries.insert(node(number).ip, *b"FR");
        }
        let route = choose(&Paths::default(), &pool, 1).unwrap();
        assert_eq!(route.relaxed, [PathRule::Countries]);
        let strict = Paths {
            strict: true,
            ..Paths::default()
        };
        assert_eq!(choose(&strict, &pool, 1), None);
    }
}
