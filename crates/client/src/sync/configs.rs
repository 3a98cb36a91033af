//! The configs of the account in memory, and their dumps in the vault (30-config 6, 8).
//!
//! Whoever changes them works on a [`Set`], a copy that shares what it does not touch: it is written in the transaction of
//! everything that belongs to the same change, and installed when that was committed. Changes take turns
//! ([`Conversations::change`](crate::conversation::Conversations::change)), so no two sets are ever changed side by side.

use super::contact;
use crate::conversation::ConversationRecord;
use crate::ports::{Clock, Ports, Table};
use crate::store::{Key, RecordError, Records, Tx};
use crate::wake::Bell;
use onionskin_protocol::account::Account;
use onionskin_protocol::config::convo_volatile::{Convo, ReadState};
use onionskin_protocol::config::{
    Config, Contacts, ConvoInfoVolatile, EditError, Kind, LoadError, UserGroups, UserProfile,
};
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use zeroize::Zeroizing;

/// The configs of an account, in the order in which they are fetched and take effect (30-config 7.1).
pub(crate) const KINDS: [Kind; 4] = [
    Kind::UserProfile,
    Kind::Contacts,
    Kind::UserGroups,
    Kind::ConvoInfoVolatile,
];
/// Superseded messages that wait to be deleted, at most; what is forgotten expires by itself.
const MAX_OBSOLETE: usize = 500;
/// Conversations that are remembered as removed, at most.
const MAX_REMOVED: usize = 1_000;

/// What this device knows beside the configs themselves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Superseded messages that are still to be deleted from the swarm.
    pub(crate) obsolete: SortedSet<MessageHash>,
    /// When something was last stored in the swarm (device clock, ms).
    pub(crate) stored_at: Option<u64>,
    /// When another device last stored or sent something (network time, ms).
    pub(crate) other_device_at: Option<u64>,
    /// When the newest version of each config was stored, as far as it came from the swarm (network time, ms).
    pub(crate) versions: SortedMap<i16, u64>,
    /// Conversations that were removed, by the other side's key, and when (network time, ms).
    pub(crate) removed: SortedMap<[u8; 32], u64>,
    /// Configs whose dump was lost, and when (device clock, ms): from then on they are read from the beginning.
    pub(crate) anew: SortedMap<i16, u64>,
}

impl Ledger {
    pub(crate) fn version_of(&self, kind: Kind) -> u64 {
        self.versions.get(&kind.namespace().0).copied().unwrap_or(0)
    }

    pub(crate) fn anew_of(&self, kind: Kind) -> u64 {
        self.anew.get(&kind.namespace().0).copied().unwrap_or(0)
    }

    pub(crate) fn add_obsolete(&mut self, hashes: SortedSet<MessageHash>) {
        self.obsolete.extend(hashes);
        while self.obsolete.len() > MAX_OBSOLETE {
            self.obsolete.pop_first();
        }
    }

    pub(crate) fn remove(&mut self, account: [u8; 32], at: u64) {
        self.removed.insert(account, at);
        while self.removed.len() > MAX_REMOVED {
            let oldest = self.removed.iter().min_by_key(|(_, at)| **at);
            let Some(oldest) = oldest.map(|(account, _)| *account) else {
                return;
            };
            self.removed.remove(&oldest);
        }
    }
}

/// All configs at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    own: AccountId,
    pub(crate) profile: Rc<UserProfile>,
    pub(crate) contacts: Rc<Contacts>,
    pub(crate) volatile: Rc<ConvoInfoVolatile>,
    pub(crate) groups: Rc<UserGroups>,
    pub(crate) ledger: Rc<Ledger>,
}

impl Set {
    pub(crate) fn new(account: &Account) -> Self {
        let key = account.ed25519();
        Self {
            own: account.id(),
            profile: Rc::new(UserProfile::new(key)),
            contacts: Rc::new(Contacts::new(key)),
            volatile: Rc::new(ConvoInfoVolatile::new(key)),
            groups: Rc::new(UserGroups::new(key)),
            ledger: Rc::default(),
        }
    }

    fn load(&mut self, account: &Account, kind: Kind, dump: &[u8]) -> Result<(), LoadError> {
        let key = account.ed25519();
        match kind {
            Kind::UserProfile => self.profile = Rc::new(UserProfile::load(key, dump)?),
            Kind::Contacts => self.contacts = Rc::new(Contacts::load(key, dump)?),
            Kind::ConvoInfoVolatile => {
                self.volatile = Rc::new(ConvoInfoVolatile::load(key, dump)?);
            }
            Kind::UserGroups => self.groups = Rc::new(UserGroups::load(key, dump)?),
            Kind::GroupInfo | Kind::GroupMembers => {}
        }
        Ok(())
    }

    /// One config, whatever is in it. Only the four of [`KINDS`] belong to an account.
    pub(crate) fn config(&self, kind: Kind) -> &Config {
        match kind {
            Kind::UserProfile => &self.profile,
            Kind::ConvoInfoVolatile => &self.volatile,
            Kind::UserGroups => &self.groups,
            Kind::Contacts | Kind::GroupInfo | Kind::GroupMembers => &self.contacts,
        }
    }

    pub(crate) fn config_mut(&mut self, kind: Kind) -> &mut Config {
        match kind {
            Kind::UserProfile => self.profile_mut(),
            Kind::ConvoInfoVolatile => self.volatile_mut(),
            Kind::UserGroups => self.groups_mut(),
            Kind::Contacts | Kind::GroupInfo | Kind::GroupMembers => self.contacts_mut(),
        }
    }

    pub(crate) fn profile_mut(&mut self) -> &mut UserProfile {
        Rc::make_mut(&mut self.profile)
    }

    pub(crate) fn volatile_mut(&mut self) -> &mut ConvoInfoVolatile {
        Rc::make_mut(&mut self.volatile)
    }

    fn contacts_mut(&mut self) -> &mut Contacts {
        Rc::make_mut(&mut self.contacts)
    }

    pub(crate) fn groups_mut(&mut self) -> &mut UserGroups {
        Rc::make_mut(&mut self.groups)
    }

    pub(crate) fn ledger_mut(&mut self) -> &mut Ledger {
        Rc::make_mut(&mut self.ledger)
    }

    /// Writes what other devices should know of a conversation into the configs. What they know already changes nothing.
    pub(crate) fn note(
        &mut self,
        record: &mut ConversationRecord,
        now: Timestamp,
    ) -> Result<(), EditError> {
        // Whatever shows is not hidden any more (30-config 11).
        if !record.hidden {
            record.priority = record.priority.max(0);
        }
        let id = record.account_id();
        if id == self.own {
            self.note_to_self(record)?;
        } else if !self.note_contact(record, &id)? {
            return Ok(());
        }
        self.note_read_state(record, id, now)
    }

    fn note_to_self(&mut self, record: &mut ConversationRecord) -> Result<(), EditError> {
        let known = self.profile.note_to_self_priority();
        // A conversation that has nothing to show yet is not one that was hidden.
        let priority = match record.hidden {
            true if record.priority < 0 => record.priority,
            true => known,
            false => record.priority,
        };
        let timer = contact::seconds_of(record.timer);
        if priority != known || timer != self.profile.note_to_self_timer_s() {
            let profile = self.profile_mut();
            profile.set_note_to_self_priority(priority)?;
            profile.set_note_to_self_timer(timer)?;
        }
        Ok(())
    }

    /// False when it is nobody that other devices should know.
    fn note_contact(
        &mut self,
        record: &mut ConversationRecord,
        id: &AccountId,
    ) -> Result<bool, EditError> {
        let known = self.contacts.get(id);
        if known.is_none() && !contact::is_known(record) {
            return Ok(false);
        }
        if record.hidden {
            record.priority = record.priority.min(-1);
        }
        let wanted = contact::of(record, known.as_ref());
        if known.as_ref() != Some(&wanted) {
            self.contacts_mut().set(&wanted)?;
        }
        Ok(true)
    }

    fn note_read_state(
        &mut self,
        record: &ConversationRecord,
        id: AccountId,
        now: Timestamp,
    ) -> Result<(), EditError> {
        let convo = Convo::Person(id);
        let known = self.volatile.get(&convo).unwrap_or_default();
        let last_read = record.last_read.max(known.last_read.as_millis());
        let state = ReadState {
            last_read: Timestamp(last_read),
            unread: record.marked_unread,
        };
        if state != known {
            self.volatile_mut().set(&convo, state, now)?;
        }
        Ok(())
    }

    /// Whether people of communities may write.
    pub(crate) fn allow_community_requests(
        &mut self,
        allowed: bool,
        now: Timestamp,
    ) -> Result<(), EditError> {
        let now_s = now.as_millis() / 1_000;
        self.profile_mut()
            .set_community_requests(Some(allowed), now_s)
    }

    /// What the configs know of a conversation that is made now.
    pub(crate) fn furnish(&self, record: &mut ConversationRecord) {
        let id = record.account_id();
        if id == self.own {
            if self.profile.note_to_self_timer_s().is_some() {
                record.timer = contact::note_timer(&self.profile);
            }
            record.priority = self.profile.note_to_self_priority().max(0);
        } else if let Some(contact) = self.contacts.get(&id) {
            contact::take(record, &contact);
            if contact.created_s > 0 {
                record.active_at = record
                    .active_at
                    .min(contact.created_s.saturating_mul(1_000));
            }
        }
        if let Some(state) = self.volatile.get(&Convo::Person(id)) {
            record.last_read = state.last_read.as_millis();
            record.marked_unread = state.unread;
        }
    }

    /// The contact of a conversation that was removed is forgotten on all devices. Messages of before stay away.
    pub(crate) fn forget(&mut self, account: &AccountId, now: Timestamp) -> Result<(), EditError> {
        if *account == self.own {
            self.profile_mut().set_note_to_self_priority(-1)?;
        } else if self.contacts.get(account).is_some() {
            self.contacts_mut().erase(account)?;
        }
        let convo = Convo::Person(*account);
        if self.volatile.get(&convo).is_some() {
            self.volatile_mut().erase(&convo)?;
        }
        self.ledger_mut().remove(account.key().0, now.as_millis());
        Ok(())
    }

    /// Another device sent something (network time, ms).
    pub(crate) fn seen_elsewhere(&mut self, sent_at: u64) {
        if self.ledger.other_device_at < Some(sent_at) {
            self.ledger_mut().other_device_at = Some(sent_at);
        }
    }

    /// Whether a message belongs to a conversation that was removed or hidden after it was sent, so that it must not bring
    /// that back (20-messages 4.1). `stored_at`: when the swarm took it (network time, ms). A message that waited to be sent
    /// is as new as its arrival: nothing is dropped that nobody can have seen.
    pub(crate) fn is_outdated(&self, account: &AccountId, stored_at: u64, restoring: bool) -> bool {
        let before = |time: u64| stored_at.saturating_add(BUFFER) < time;
        if *account == self.own {
            return self.profile.note_to_self_priority() < 0
                && before(self.ledger.version_of(Kind::UserProfile));
        }
        let contacts_at = self.ledger.version_of(Kind::Contacts);
        match self.contacts.get(account) {
            Some(contact) => contact.priority < 0 && before(contacts_at),
            None => {
                let removed = self.ledger.removed.get(&account.key().0);
                removed.is_some_and(|at| stored_at < *at) || restoring && before(contacts_at)
            }
        }
    }
}

impl Set {
    /// The config that holds what is chosen about a conversation is newer than what the swarm took at `stored_at` (network
    /// time, ms).
    pub(crate) fn knows_later(&self, account: &AccountId, stored_at: u64) -> bool {
        let (kind, known) = match *account == self.own {
            true => (Kind::UserProfile, true),
            false => (Kind::Contacts, self.contacts.get(account).is_some()),
        };
        known && stored_at.saturating_add(BUFFER) < self.ledger.version_of(kind)
    }
}

/// Messages and configs come from different clocks (30-config 18), ms.
const BUFFER: u64 = 120_000;

/// The configs that hold now.
pub(crate) struct Configs<P: Ports> {
    ports: Rc<P>,
    records: Records<P>,
    held: RefCell<Set>,
    /// Rings when one of them changed.
    pub(crate) bell: Bell,
    /// When one of them was last edited, and when first since the last push (device clock, ms).
    edited: Cell<Option<(u64, u64)>>,
    /// Their dumps did not load: they have to be fetched from the beginning.
    lost: SortedSet<Kind>,
}

impl<P: Ports> Configs<P> {
    /// What an earlier session left.
    pub(crate) async fn open(
        ports: Rc<P>,
        records: Records<P>,
        account: &Account,
    ) -> Result<Self, RecordError> {
        let mut set = Set::new(account);
        let mut lost = SortedSet::new();
        for kind in KINDS {
            let dump = records.get::<Vec<u8>>(&dump_key(&records, kind)).await;
            let loaded = match dump {
                Ok(None) => true,
                Ok(Some(dump)) => set.load(account, kind, &Zeroizing::new(dump)).is_ok(),
                Err(RecordError::Store(error)) => return Err(error.into()),
                Err(_) => false,
            };
            if !loaded {
                lost.insert(kind);
            }
        }
        let ledger = records.get::<Ledger>(&ledger_key(&records)).await;
        set.ledger = match ledger {
            Ok(ledger) => Rc::new(ledger.unwrap_or_default()),
            Err(RecordError::Store(error)) => return Err(error.into()),
            Err(_) => Rc::default(),
        };
        let now = ports.clock().now().as_millis();
        for kind in &lost {
            set.ledger_mut().anew.insert(kind.namespace().0, now);
        }
        Ok(Self {
            ports,
            records,
            held: RefCell::new(set),
            bell: Bell::default(),
            edited: Cell::default(),
            lost,
        })
    }

    /// How they stand.
    pub(crate) fn get(&self) -> Ref<'_, Set> {
        self.held.borrow()
    }

    /// Configs whose dumps were damaged.
    pub(crate) fn lost(&self) -> &SortedSet<Kind> {
        &self.lost
    }

    /// Puts the dumps of what changed into a transaction.
    pub(crate) fn write(&self, set: &mut Set, tx: &mut Tx<P>) {
        for kind in KINDS {
            if set.config(kind).needs_dump() {
                let dump = set.config_mut(kind).dump();
                tx.put(&dump_key(&self.records, kind), dump.as_slice());
            }
        }
        // What replaces a lost dump must not stand there without the word that the rest has to come again.
        if !self.lost.is_empty() || !Rc::ptr_eq(&set.ledger, &self.held.borrow().ledger) {
            tx.put(&ledger_key(&self.records), &*set.ledger);
        }
    }

    /// Takes over what was committed.
    pub(crate) fn install(&self, set: Set) {
        let before = self.held.replace(set);
        let after = self.held.borrow();
        let same = KINDS
            .into_iter()
            .all(|kind| std::ptr::eq(before.config(kind), after.config(kind)));
        if same && Rc::ptr_eq(&before.ledger, &after.ledger) {
            return;
        }
        let edited = KINDS.into_iter().any(|kind| {
            let (before, after) = (before.config(kind), after.config(kind));
            after.needs_push() && (!before.needs_push() || before.data() != after.data())
        });
        drop(after);
        if edited {
            let now = self.ports.clock().now().as_millis();
            let first = self.edited.get().map_or(now, |(_, first)| first);
            self.edited.set(Some((now, first)));
        }
        self.bell.ring();
    }

    /// When there was last an edit, and when first since [`Self::pushing`] (device clock, ms).
    pub(crate) fn edited(&self) -> Option<(u64, u64)> {
        self.edited.get()
    }

    /// All edits so far are on their way.
    pub(crate) fn pushing(&self) {
        self.edited.set(None);
    }
}

fn dump_key<P: Ports>(records: &Records<P>, kind: Kind) -> Key {
    let namespace = kind.namespace().0.to_be_bytes();
    records.key::<16>(Table::Config, "dump", &[&namespace])
}

fn ledger_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Config, "ledger", &[])
}
