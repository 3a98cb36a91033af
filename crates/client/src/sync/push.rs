//! Storing what was edited (30-config 7.2, 7.3).
//!
//! The dumps are written before anything is sent, with the hashes that the new versions supersede, so a crash repeats a push
//! and loses nothing. A version counts as stored when members of the swarm signed for all of its parts.

use super::{KINDS, Sync};
use crate::api::{ErrorCode, Event, Failure};
use crate::network::{RpcError, backoff};
use crate::ports::{Clock, Durability, Ports};
use crate::store::RecordError;
use crate::wake::either;
use onionskin_protocol::config::{Kind, State};
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{MessageHash, Namespace};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;

/// After the last edit (ms).
const DEBOUNCE: u64 = 3_000;
/// After the first one of many (ms).
const LATEST: u64 = 15_000;
/// Between two pushes (ms).
const BETWEEN: u64 = 5_000;
/// Wait (ms) after a failure, and the longest after many.
const RETRY: u64 = 4_000;
const MAX_RETRY: u64 = 300_000;
/// With nothing to do, look again after this time (ms).
const IDLE: u64 = 60_000;
/// Between looks at whether stored messages last; each is extended once a day (ms).
const KEEP_ALIVE: u64 = 3_600_000;
/// The same after a failure (ms).
const KEEP_ALIVE_RETRY: u64 = 600_000;
/// Parts in one request, and bytes.
const PARTS: usize = 16;
const BYTES: usize = 800_000;
/// Hashes deleted by one request.
const DELETED: usize = 100;

/// A stored message of a version.
struct Part {
    kind: Kind,
    hash: MessageHash,
    data: Vec<u8>,
}

/// What one push sends.
#[derive(Default)]
struct Load {
    /// Number of the version of each config.
    versions: SortedMap<Kind, i64>,
    parts: Vec<Part>,
    obsolete: Vec<MessageHash>,
}

impl<P: Ports> Sync<P> {
    /// Pushes and keeps alive until dropped.
    pub(crate) async fn run(&self) {
        loop {
            let bell = self.configs.bell.listen();
            let network = self.network.changes();
            self.tell();
            let wait = match self.due() {
                Some(at) if at > self.now() => at - self.now(),
                Some(_) => {
                    self.work().await;
                    continue;
                }
                None => IDLE,
            };
            either(either(bell, network), self.ports.clock().sleep(wait)).await;
        }
    }

    /// The swarm lacks something that this device knows.
    pub(super) fn needs_push(&self) -> bool {
        let configs = self.configs.get();
        let edited = KINDS
            .into_iter()
            .any(|kind| configs.config(kind).needs_push());
        edited || !self.missing.borrow().is_empty()
    }

    pub(super) fn has_work(&self) -> bool {
        let obsolete = !self.configs.get().ledger.obsolete.is_empty();
        obsolete || self.needs_push()
    }

    /// When there is something to do (device clock, ms).
    fn due(&self) -> Option<u64> {
        let stopped = self.owner.erased_at().is_some();
        if stopped || !self.fetched.get() || !self.network.is_ready() {
            return None;
        }
        let keep_alive = self.kept_alive_at.get().map_or(0, |at| at + KEEP_ALIVE);
        if !self.has_work() {
            return Some(keep_alive);
        }
        let edited = self.configs.edited();
        let edited = edited.map_or(0, |(last, first)| (last + DEBOUNCE).min(first + LATEST));
        let pushed = self.pushed_at.get().map_or(0, |at| at + BETWEEN);
        let push = edited.max(pushed).max(self.next_at.get());
        Some(push.min(keep_alive))
    }

    async fn work(&self) {
        let now = self.now();
        if self
            .kept_alive_at
            .get()
            .is_none_or(|at| at + KEEP_ALIVE <= now)
        {
            self.keep_alive().await;
            return;
        }
        self.pushed_at.set(Some(now));
        self.storing.set(true);
        self.tell();
        let outcome = self.push().await;
        self.storing.set(false);
        match outcome {
            Ok(true) => self.failures.set(0),
            Ok(false) => self.failed(),
            Err(error) => {
                self.conversations.events.emit(Event::Problem(error.into()));
                self.failed();
            }
        }
    }

    fn failed(&self) {
        let failures = self.failures.get().saturating_add(1);
        self.failures.set(failures);
        let pause = backoff::pause(RETRY, MAX_RETRY, failures, &mut *self.ports.entropy());
        self.next_at.set(self.now() + pause);
    }

    /// True when the swarm has everything now.
    async fn push(&self) -> Result<bool, RecordError> {
        let (load, fits) = self.pack().await?;
        let (stored, deleted) = self.send(&load).await;
        self.confirm(&load, &stored, deleted).await?;
        let all = load.parts.iter().all(|part| stored.contains(&part.hash));
        Ok(fits && all && (deleted || load.obsolete.is_empty()))
    }

    /// Takes what has to be stored out of the configs, and writes them down. Also whether all of them fit into the network.
    async fn pack(&self) -> Result<(Load, bool), RecordError> {
        let mut change = self.conversations.change().await;
        let now = self.network.now();
        let owner = self.owner.id().swarm_id();
        let mut load = Load::default();
        let mut fits = true;
        if change.configs.volatile.needs_push() {
            change.configs.volatile_mut().prune(now)?;
        }
        let missing = self.missing.borrow().clone();
        for kind in KINDS {
            if !change.configs.config(kind).needs_push() && !missing.contains(&kind) {
                continue;
            }
            let Ok(push) = change.configs.config_mut(kind).push() else {
                fits = false;
                continue;
            };
            change.configs.ledger_mut().add_obsolete(push.obsolete);
            load.versions.insert(kind, push.seqno);
            load.parts
                .extend(push.messages.into_iter().map(|data| Part {
                    kind,
                    hash: message_hash(&owner, kind.namespace(), &data),
                    data,
                }));
        }
        let mut kept: SortedSet<MessageHash> =
            load.parts.iter().map(|part| part.hash.clone()).collect();
        for kind in KINDS {
            kept.extend(change.configs.config(kind).active_hashes());
        }
        // A version can come back under the hash of an earlier one.
        if change
            .configs
            .ledger
            .obsolete
            .iter()
            .any(|hash| kept.contains(hash))
        {
            let ledger = change.configs.ledger_mut();
            ledger.obsolete.retain(|hash| !kept.contains(hash));
        }
        let obsolete = change.configs.ledger.obsolete.iter();
        load.obsolete = obsolete.take(DELETED).cloned().collect();
        change.commit(Durability::Strict).await?;
        self.configs.pushing();
        if !fits {
            self.conversations.events.emit(Event::Problem(Failure {
                code: ErrorCode::SendRejected,
                number: Some(413),
                detail: "a config is too large for the network".into(),
            }));
        }
        Ok((load, fits))
    }

    /// Stores part after part, and deletes at the end. Gives what is stored and what is deleted.
    async fn send(&self, load: &Load) -> (SortedSet<MessageHash>, bool) {
        let mut stored = SortedSet::new();
        let mut lots = lots(&load.parts);
        if lots.is_empty() {
            lots.push_back(&[]);
        }
        let mut deleted = false;
        while let Some(lot) = lots.pop_front() {
            // Only when nothing went wrong before, and everything else is stored already.
            let is_last = lots.is_empty() && stored.len() + lot.len() == load.parts.len();
            let obsolete = if is_last {
                load.obsolete.as_slice()
            } else {
                &[]
            };
            if lot.is_empty() && obsolete.is_empty() {
                break;
            }
            if self.owner.erased_at().is_some() {
                break;
            }
            let stores: Vec<(Namespace, &[u8])> = lot
                .iter()
                .map(|part| (part.kind.namespace(), part.data.as_slice()))
                .collect();
            let replaced = self
                .network
                .replace_own(self.owner.account(), &stores, obsolete)
                .await;
            match replaced {
                Ok(replaced) => {
                    let hashes = lot.iter().zip(replaced.stored);
                    let hashes = hashes.filter(|(_, stored)| *stored);
                    stored.extend(hashes.map(|(part, _)| part.hash.clone()));
                    deleted = replaced.deleted;
                }
                // Too much at once, or one of them is refused: one by one.
                Err(RpcError::TooLarge | RpcError::Refused { status: 413 }) if lot.len() > 1 => {
                    let (one, other) = lot.split_at(lot.len() / 2);
                    lots.push_front(other);
                    lots.push_front(one);
                }
                Err(RpcError::TooLarge | RpcError::Refused { .. }) => {}
                Err(_) => break,
            }
        }
        (stored, deleted)
    }

    async fn confirm(
        &self,
        load: &Load,
        stored: &SortedSet<MessageHash>,
        deleted: bool,
    ) -> Result<(), RecordError> {
        if stored.is_empty() && !deleted {
            return Ok(());
        }
        let mut change = self.conversations.change().await;
        let mut confirmed = Vec::new();
        for (kind, seqno) in &load.versions {
            let parts = load.parts.iter().filter(|part| part.kind == *kind);
            let hashes: SortedSet<MessageHash> = parts.map(|part| part.hash.clone()).collect();
            if !hashes.is_subset(stored) {
                continue;
            }
            self.missing.borrow_mut().remove(kind);
            let config = change.configs.config(*kind);
            if config.state() == State::Pushed && config.seqno() == *seqno {
                let config = change.configs.config_mut(*kind);
                config.confirm_pushed(*seqno, hashes.iter().cloned());
                confirmed.extend(hashes);
            }
        }
        let now = self.now();
        let at = self.network.now().as_millis();
        let ledger = change.configs.ledger_mut();
        if !stored.is_empty() {
            ledger.stored_at = Some(now);
        }
        for kind in load.versions.keys() {
            let version = ledger.versions.entry(kind.namespace().0).or_default();
            *version = at.max(*version);
        }
        if deleted {
            for hash in &load.obsolete {
                ledger.obsolete.remove(hash);
            }
            self.forget_cursors(&load.obsolete, &mut change.tx).await?;
        }
        change.commit(Durability::Relaxed).await?;
        self.remember(confirmed, Vec::new());
        Ok(())
    }

    /// Sees to it that what is stored lasts, once a day, and that what is gone is stored again.
    async fn keep_alive(&self) {
        self.kept_alive_at.set(Some(self.now()));
        let hashes: Vec<MessageHash> = {
            let configs = self.configs.get();
            KINDS
                .into_iter()
                .flat_map(|kind| configs.config(kind).active_hashes())
                .collect()
        };
        if hashes.is_empty() {
            return;
        }
        let account = self.owner.account();
        match self.network.keep_alive(account, &hashes).await {
            Ok(kept) => {
                let configs = self.configs.get();
                let gone = KINDS.into_iter().filter(|kind| {
                    let config = configs.config(*kind);
                    let current = config.current_hashes();
                    current.iter().any(|hash| kept.missing.contains(hash))
                });
                self.missing.borrow_mut().extend(gone);
            }
            Err(_) => {
                let at = self.now().saturating_sub(KEEP_ALIVE - KEEP_ALIVE_RETRY);
                self.kept_alive_at.set(Some(at));
            }
        }
    }
}

/// Parts that travel together.
fn lots(parts: &[Part]) -> VecDeque<&[Part]> {
    let mut lots = VecDeque::new();
    let mut rest = parts;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(PARTS).take_while(|part| {
            bytes += part.data.len();
            bytes <= BYTES
        });
        let (lot, left) = rest.split_at(fitting.count().max(1));
        lots.push_back(lot);
        rest = left;
    }
    lots
}
