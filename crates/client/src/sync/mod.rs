//! One account on many devices (30-config): four small documents in the own swarm that all devices edit and merge.
//!
//! | room | what |
//! |---|---|
//! | `configs` | the documents in memory and their dumps; what a conversation has that others should know goes in here |
//! | `contact` | a conversation as it stands in the Contacts config, and back |
//! | `fetch` | what a poll brings: cursors, merging |
//! | `effects` | what a merge does to the conversations of this device |
//! | `push` | storing what was edited, deleting what that supersedes, keeping alive what is stored |
//!
//! A change of a conversation and the edit of its config are one transaction, and so are a merge, its effects and the cursors.
//! Nothing is stored before everything was fetched.

mod configs;
mod contact;
mod effects;
mod fetch;
mod push;

pub(crate) use configs::{Configs, KINDS, Set};
pub(crate) use contact::{reference, take as take_contact};
pub(crate) use fetch::{Cursors, FetchError};

use crate::api::{Event, SyncState, SyncStatus};
use crate::conversation::Conversations;
use crate::network::Network;
use crate::ports::{Clock, Ports};
use crate::profile::Owner;
use onionskin_protocol::config::Kind;
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// So long (ms) what was fetched passes for what there is: the slowest polls come every minute.
const CURRENT: u64 = 300_000;

/// Keeps the account's configs equal on all devices.
pub(crate) struct Sync<P: Ports> {
    ports: Rc<P>,
    owner: Rc<Owner<P>>,
    network: Network<P>,
    conversations: Rc<Conversations<P>>,
    configs: Rc<Configs<P>>,
    /// Everything that a member had was merged in this session.
    fetched: Cell<bool>,
    /// Several members are being asked.
    gathering: Cell<bool>,
    /// When a member last had nothing more (device clock, ms).
    fetched_at: Cell<Option<u64>>,
    /// How often stored messages were merged in this session.
    merged: RefCell<SortedMap<MessageHash, u8>>,
    /// Stored messages that could not be read.
    unreadable: RefCell<SortedSet<MessageHash>>,
    /// Configs whose stored messages are gone from the swarm.
    missing: RefCell<SortedSet<Kind>>,
    /// Members that lacked a config when they were first asked for all of it.
    lacking: RefCell<SortedSet<(Ed25519PublicKey, Kind)>>,
    storing: Cell<bool>,
    failures: Cell<u32>,
    /// Not before (device clock, ms).
    next_at: Cell<u64>,
    /// When something was last sent to be stored (device clock, ms).
    pushed_at: Cell<Option<u64>>,
    /// When it was last seen to that stored messages last (device clock, ms).
    kept_alive_at: Cell<Option<u64>>,
    told: RefCell<SyncStatus>,
}

impl<P: Ports> Sync<P> {
    pub(crate) fn new(
        ports: Rc<P>,
        owner: Rc<Owner<P>>,
        network: Network<P>,
        conversations: Rc<Conversations<P>>,
    ) -> Self {
        let configs = Rc::clone(&conversations.configs);
        Self {
            ports,
            owner,
            network,
            conversations,
            configs,
            fetched: Cell::new(false),
            gathering: Cell::new(false),
            fetched_at: Cell::default(),
            merged: RefCell::default(),
            unreadable: RefCell::default(),
            missing: RefCell::default(),
            lacking: RefCell::default(),
            storing: Cell::new(false),
            failures: Cell::new(0),
            next_at: Cell::new(0),
            pushed_at: Cell::default(),
            kept_alive_at: Cell::default(),
            told: RefCell::default(),
        }
    }

    /// How this device and the other ones agree.
    pub(crate) fn status(&self) -> SyncStatus {
        let ledger = &self.configs.get().ledger;
        let state = if self.owner.erased_at().is_some() {
            SyncState::Stopped
        } else if !self.fetched.get() {
            SyncState::Unknown
        } else if self.storing.get() {
            SyncState::Storing
        } else if self.failures.get() > 0 && self.needs_push() {
            SyncState::Failing {
                next_at: self.next_at.get(),
            }
        } else if self.needs_push() {
            SyncState::Pending
        } else {
            SyncState::Settled
        };
        SyncStatus {
            state,
            fetched_at: self.fetched_at.get(),
            stored_at: ledger.stored_at,
            other_device_at: ledger.other_device_at,
            unreadable: u32::try_from(self.unreadable.borrow().len()).unwrap_or(u32::MAX),
        }
    }

    /// Tells how it stands when that is news. When something was last fetched changes with every poll and is none.
    fn tell(&self) {
        let status = self.status();
        let mut told = self.told.borrow_mut();
        let same = SyncStatus {
            fetched_at: told.fetched_at,
            ..status.clone()
        };
        if same != *told {
            *told = status.clone();
            drop(told);
            self.conversations.events.emit(Event::Sync(status));
        }
    }

    /// A member was asked a short while ago and had nothing more: what other devices chose is known here.
    pub(crate) fn is_current(&self) -> bool {
        let at = self.fetched_at.get().unwrap_or(0);
        let age = self.now().checked_sub(at);
        self.fetched.get() && age.is_some_and(|age| age < CURRENT)
    }

    /// Try again at once.
    pub(crate) fn hurry(&self) {
        self.next_at.set(0);
        self.configs.bell.ring();
    }

    /// The account was erased from the network and goes on: everything is stored again.
    pub(crate) fn store_again(&self) {
        let configs = self.configs.get();
        let held = KINDS
            .into_iter()
            .filter(|kind| !configs.config(*kind).current_hashes().is_empty());
        self.missing.borrow_mut().extend(held);
        drop(configs);
        self.hurry();
    }

    fn now(&self) -> u64 {
        self.ports.clock().now().as_millis()
    }
}
