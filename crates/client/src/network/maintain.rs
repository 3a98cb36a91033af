//! The loops that keep the pool and two paths in shape (10-network 1.5, 5.1). Which list is believed, `trust` knows.
//!
//! A path counts when `info` came back through it from a node that is not on it.

use super::Network;
use super::failure::Trouble;
use super::path::{GUARD_LASTS, Guard, HOPS, Path, REMEMBERED, STANDING};
use super::traffic::Errand;
use crate::api::{DestinationKind, ListSource};
use crate::ports::{Clock, Durability, Ports, Table, TransportError};
use crate::store::{Key, RecordError};
use crate::wake::either;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::onion::ResponseError;
use onionskin_protocol::rpc::Request;
use serde::{Deserialize, Serialize};

/// The list is refreshed every two hours (ms).
const REFRESH_EVERY: u64 = 2 * 3_600_000;
/// After a refresh that failed (ms).
const REFRESH_RETRY: u64 = 60_000;
/// The same as long as nodes did not agree on any list yet (ms).
const FIRST_RETRY: u64 = 10_000;
/// A rotation that failed is tried again after a minute (ms).
const ROTATE_RETRY: u64 = 60_000;
/// Patience (ms) for the answer that makes a path stand. Shorter than for other requests: while no path stands nothing
/// moves, and one that is that slow is better replaced.
const PROOF_PATIENCE: u64 = 6_000;
/// Tries in a row before a pause.
const BUILDS: usize = 10;
/// Pause (ms) when no path can be built.
pub(super) const BUILD_PAUSE: u64 = 5_000;
/// With nothing to do, look again after this time (ms).
const IDLE: u64 = 30_000;

/// So long (ms) answers have to tell the time before somebody asks for it.
const CLOCK_WAIT: u64 = 10_000;
/// Looks (ms) at whether it is still known.
const CLOCK_IDLE: u64 = 60_000;

#[derive(Serialize, Deserialize)]
struct StateRecord {
    guards: Vec<Guard>,
    clock_offset: i64,
}

impl<P: Ports> Network<P> {
    pub(super) async fn load(&self) -> Result<(), RecordError> {
        match self.0.records.get::<StateRecord>(&self.state_key()).await {
            Ok(Some(record)) => {
                self.0.paths.borrow_mut().guards =
                    record.guards.into_iter().take(REMEMBERED).collect();
                self.0.clock.borrow_mut().remember(record.clock_offset);
            }
            Ok(None) | Err(RecordError::Vault(_) | RecordError::Form | RecordError::Version(_)) => {
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Holds two paths; builds, rotates, and pauses when nothing works.
    pub(super) async fn keep_paths(&self) {
        loop {
            let woken = self.0.wake.listen();
            let pause = self.tend_paths().await;
            self.0.changed.ring();
            either(woken, self.0.ports.clock().sleep(pause)).await;
        }
    }

    /// Keeps the list true.
    pub(super) async fn keep_list(&self) {
        loop {
            self.until_ready().await;
            let now = self.device_now();
            let confirmed = self.0.pool.borrow().confirmed_at;
            let due = confirmed.map_or(0, |at| REFRESH_EVERY.saturating_sub(now.millis_since(at)));
            if due > 0 && !self.is_pool_small() {
                self.0.ports.clock().sleep(due.min(REFRESH_RETRY)).await;
                continue;
            }
            if self.refresh().await.is_err() {
                let retry = match self.0.trust.borrow().source {
                    ListSource::Network => REFRESH_RETRY,
                    _ => FIRST_RETRY,
                };
                self.0.ports.clock().sleep(retry).await;
            }
        }
    }

    /// Sees to it that the time is known where answers come from too few nodes to tell it, until dropped.
    pub(super) async fn keep_time(&self) {
        loop {
            self.until_ready().await;
            let wait = match self.knows_time() {
                true => CLOCK_IDLE,
                false => CLOCK_WAIT,
            };
            self.0.ports.clock().sleep(wait).await;
            if self.is_ready() && !self.knows_time() {
                let unheard = |node: &Ed25519PublicKey| !self.0.clock.borrow().has(node);
                self.ask_clocks(unheard).await;
            }
        }
    }

    /// One round; gives the time (ms) until the next.
    async fn tend_paths(&self) -> u64 {
        if self.0.health.borrow().offline {
            return IDLE;
        }
        if self.lacks_list() {
            if let Err(pause) = self.bootstrap().await {
                return pause;
            }
        } else if self.is_pool_small() {
            self.0.pool.borrow_mut().forgive();
        }
        let now = self.device_now();
        self.0
            .paths
            .borrow_mut()
            .review_guards(&self.0.pool.borrow(), now);
        self.try_suspects().await;
        for _ in 0..BUILDS {
            let missing = STANDING.saturating_sub(self.0.paths.borrow().standing.len());
            if missing == 0 || !self.build_missing(missing).await {
                break;
            }
        }
        let standing = self.0.paths.borrow().standing.len();
        if standing == 0 {
            let unreachable = self.0.health.borrow().transport().is_some();
            return if unreachable {
                BUILD_PAUSE
            } else {
                self.count_fruitless()
            };
        }
        self.0.trust.borrow_mut().fruitless = 0;
        self.rotate().await;
        if standing < STANDING {
            return BUILD_PAUSE;
        }
        let now = self.device_now();
        let next = self
            .0
            .paths
            .borrow()
            .standing
            .iter()
            .map(|path| path.rotate_at.millis_since(now))
            .min();
        next.unwrap_or(BUILD_PAUSE).clamp(1, IDLE)
    }

    /// A path through which a request failed may be dead, or the node behind it is. Three requests would find out, one after the
    /// other and each with all its patience; a question to another node does at once.
    async fn try_suspects(&self) {
        let suspects: Vec<Path> = {
            let paths = self.0.paths.borrow();
            let suspects = paths.standing.iter().filter(|path| path.suspect);
            suspects.cloned().collect()
        };
        let tests = suspects.iter().map(async |path| {
            let works = matches!(self.ask_through(path).await, Some(Ok(())));
            let mut paths = self.0.paths.borrow_mut();
            if works && let Some(path) = paths.get_mut(path.id) {
                path.suspect = false;
            } else if !works {
                paths.retire(path.id);
            }
        });
        futures::future::join_all(tests).await;
    }

    fn is_pool_small(&self) -> bool {
        self.0.pool.borrow().usable(self.device_now()).len() < self.0.profile.minimum_pool
    }

    /// Gets a first list. The error is how long to wait (ms).
    async fn bootstrap(&self) -> Result<(), u64> {
        let found = self.find_list().await;
        let mut health = self.0.health.borrow_mut();
        if !found {
            health.bootstrap_failures = health.bootstrap_failures.saturating_add(1);
            return Err((1_000u64 << health.bootstrap_failures.min(5)).min(30_000));
        }
        health.bootstrap_failures = 0;
        drop(health);
        self.0.changed.ring();
        Ok(())
    }

    /// Builds `missing` paths at once. False when no hops can be chosen or the transport itself fails.
    async fn build_missing(&self, missing: usize) -> bool {
        let mut drafts: Vec<Path> = Vec::with_capacity(missing);
        for _ in 0..missing {
            let taken: Vec<Ed25519PublicKey> =
                drafts.iter().map(|path| path.guard().ed25519).collect();
            if let Some(path) = self.draft(None, &taken) {
                drafts.push(path);
            }
        }
        if drafts.is_empty() {
            return false;
        }
        if self.0.paths.borrow().standing.is_empty() {
            let mut health = self.0.health.borrow_mut();
            health.attempts = health.attempts.saturating_add(drafts.len() as u32);
            self.0.changed.ring();
        }
        let tests = drafts.into_iter().map(|path| self.prove(path, None));
        let outcomes = futures::future::join_all(tests).await;
        self.remember().await;
        outcomes
            .iter()
            .all(|outcome| !matches!(outcome, Outcome::Unreachable))
    }

    /// Chooses hops behind a kept guard, or behind `guard`.
    fn draft(&self, guard: Option<ServiceNode>, taken: &[Ed25519PublicKey]) -> Option<Path> {
        let now = self.device_now();
        let pool = self.0.pool.borrow();
        let mut paths = self.0.paths.borrow_mut();
        let mut entropy = self.0.ports.entropy();
        let guard = match guard {
            Some(guard) => guard,
            None => paths.choose_guard(&pool, taken, now, &mut *entropy)?,
        };
        let route = paths.choose_hops(&pool, &self.0.profile, guard, None, now, &mut *entropy)?;
        Some(paths.draft(route, now))
    }

    /// When a node that is not on the path answers through it, the path stands.
    async fn prove(&self, mut path: Path, replaces: Option<u64>) -> Outcome {
        match self.ask_through(&path).await {
            Some(Ok(())) => {
                path.requests = 1;
                path.destination = Some(DestinationKind::Network);
                self.0
                    .paths
                    .borrow_mut()
                    .stand(path, replaces, self.device_now());
                self.0.health.borrow_mut().attempts = 0;
                self.0.changed.ring();
                Outcome::Stands
            }
            Some(Err(Trouble::Transport(
                TransportError::Offline
                | TransportError::RelayDown
                | TransportError::RelayRefused(_),
            ))) => Outcome::Unreachable,
            Some(Err(_)) | None => Outcome::Failed,
        }
    }

    /// Asks a node that is not on the path for `info` through it, and blames whom it may concern when that fails. `None`: there
    /// is no such node, or it answers otherwise.
    async fn ask_through(&self, path: &Path) -> Option<Result<(), Trouble>> {
        let candidates = self.candidates();
        let target = candidates
            .into_iter()
            .find(|node| !path.contains(&node.ed25519))?;
        let info = Request::info().to_bytes();
        match self
            .exchange(Errand::NETWORK, path, &target, &info, PROOF_PATIENCE)
            .await
        {
            Ok(reply) if reply.status == 200 => Some(Ok(())),
            Ok(_) => {
                self.0
                    .pool
                    .borrow_mut()
                    .strike(&target.ed25519, self.device_now());
                None
            }
            Err(trouble) => {
                self.blame(path, &target.ed25519, &trouble);
                self.strike_untold(path, &target.ed25519, &trouble);
                Some(Err(trouble))
            }
        }
    }

    /// A new path that fails without anybody being named is like one that was retired: each hop gets a strike. So does the
    /// node that was asked, or one that answers nonsense could go on like that.
    fn strike_untold(&self, path: &Path, target: &Ed25519PublicKey, trouble: &Trouble) {
        let untold = match trouble {
            Trouble::Transport(error) => {
                matches!(error, TransportError::Timeout | TransportError::TooLarge)
            }
            Trouble::Onion(error) => !matches!(
                error,
                ResponseError::NextNode { .. }
                    | ResponseError::NotReady { .. }
                    | ResponseError::Hop { .. }
            ),
            Trouble::Unsendable => true,
        };
        if untold {
            let now = self.device_now();
            let mut pool = self.0.pool.borrow_mut();
            for hop in &path.hops[..HOPS] {
                pool.strike(&hop.ed25519, now);
            }
            pool.strike(target, now);
        }
    }

    /// Changes the hops behind the guards of paths that are due. The old path serves until the new one answered.
    async fn rotate(&self) {
        let now = self.device_now();
        let due: Vec<Path> = self
            .0
            .paths
            .borrow()
            .standing
            .iter()
            .filter(|path| path.rotate_at <= now)
            .cloned()
            .collect();
        for old in due {
            let guard = *old.guard();
            let aged = !self.0.paths.borrow().guards.iter().any(|kept| {
                kept.key == guard.ed25519.0
                    && now.as_millis().saturating_sub(kept.since) < GUARD_LASTS
            });
            let draft = if aged {
                self.draft(None, &[guard.ed25519])
            } else {
                self.draft(Some(guard), &[])
            };
            let outcome = match draft {
                Some(path) => self.prove(path, Some(old.id)).await,
                None => Outcome::Failed,
            };
            if !matches!(outcome, Outcome::Stands)
                && let Some(path) = self.0.paths.borrow_mut().get_mut(old.id)
            {
                path.rotate_at = self.device_now().plus_millis(ROTATE_RETRY);
            }
            self.remember().await;
        }
    }

    fn state_key(&self) -> Key {
        self.0.records.key::<16>(Table::Network, "state", &[])
    }

    /// Guards must outlive the session, or every start would show the network a new one.
    async fn remember(&self) {
        let record = StateRecord {
            guards: self.0.paths.borrow().guards.clone(),
            clock_offset: self.0.clock.borrow().offset(),
        };
        let mut tx = self.0.records.tx();
        tx.put(&self.state_key(), &record);
        let _ = tx.commit(Durability::Relaxed).await;
    }
}

enum Outcome {
    Stands,
    Failed,
    Unreachable,
}
