//! Signals beside the messages: who types, and what was read (20-messages 4.4).
//!
//! Both are off unless the person wants them, and never pass before both sides accepted each other. They do not go through the
//! outbox. Typing is worth nothing later and is kept in memory only. Receipts that are owed are written down with the reading,
//! and crossed out when they are sent.

use crate::api::{ConversationId, Delivery, Event};
use crate::conversation::{Change, ConversationRecord, Conversations};
use crate::network::{Network, StoreFailure};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::Owner;
use crate::store::{Key, RecordError, Records, Tx};
use crate::wake::{Bell, either};
use futures::future::{Either, pending, select};
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{AccountId, Namespace};
use onionskin_protocol::message::proto::{Content, typing_message::Action};
use onionskin_protocol::message::{self as wire};
use onionskin_protocol::rpc::Request;
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use onionskin_protocol::time::Timestamp;
use std::cell::RefCell;
use std::rc::Rc;

/// Receipts of one conversation go together after this time (ms).
const BATCH: u64 = 3_000;
/// Messages in one receipt.
const MAX_RECEIPT: usize = 256;
/// Each wait for another attempt is twice as long as the one before, so often.
const DOUBLINGS: u8 = 7;
/// Receipts that are owed in one conversation; what was read before that stays untold.
const MAX_OWED: usize = 1_000;
/// STARTED is repeated after this time (ms) of typing.
const REPEAT: u64 = 10_000;
/// STOPPED goes after this time (ms) without a key.
const SILENCE: u64 = 3_000;
/// Typing shows for this time (ms) after the last STARTED.
const SHOWN: u64 = 15_000;
/// A swarm keeps it for this time (ms).
const TYPING_TTL: u64 = 20_000;
/// A swarm keeps a receipt for this time (ms).
const RECEIPT_TTL: u64 = 14 * 24 * 3_600_000;
/// Signals under way at the same time.
const AT_ONCE: usize = 4;
/// With nothing to do, look again after this time (ms).
const IDLE: u64 = 600_000;

/// Sent timestamps (ms) of messages whose senders are to be told that they were read.
pub(crate) type Receipts = SortedMap<ConversationId, SortedSet<u64>>;

/// Everything that is under way.
#[derive(Default)]
pub(crate) struct Signals {
    state: RefCell<State>,
    bell: Bell,
}

#[derive(Default)]
struct State {
    /// Receipts that are written down.
    kept: Receipts,
    /// Receipts that wait.
    owed: SortedMap<ConversationId, Owed>,
    /// Where the person types.
    typing: SortedMap<ConversationId, Typing>,
    /// Where others type, and until when that shows (device clock, ms).
    shown: SortedMap<ConversationId, u64>,
    /// What has to be sent at once.
    ready: Vec<Signal>,
}

#[derive(Default)]
struct Owed {
    /// Device clock, ms.
    due: u64,
    sent: SortedSet<u64>,
    attempts: u8,
}

struct Typing {
    /// The last STARTED (device clock, ms).
    started: u64,
    /// The last key (device clock, ms).
    key: u64,
}

enum Signal {
    Typing(ConversationId, Action),
    Receipt(ConversationId, Vec<u64>, u8),
}

/// What became of a signal.
enum Whispered {
    Sent,
    /// Another attempt may do better.
    Later,
    /// None would.
    Never,
}

impl Signals {
    /// Takes up the receipts that an earlier session owed. `now`: device clock, ms.
    pub(crate) async fn open<P: Ports>(
        records: &Records<P>,
        now: u64,
    ) -> Result<Self, RecordError> {
        let from = prefix(records);
        let to = from.clone().then(&[0xff; 17]);
        let (found, _) = records
            .range::<(ConversationId, SortedSet<u64>)>(&from, &to, false, usize::MAX)
            .await?;
        let signals = Self::default();
        for (_, (conversation, sent)) in found {
            signals.owe(conversation, &sent, now);
            signals.state.borrow_mut().kept.insert(conversation, sent);
        }
        Ok(signals)
    }

    /// Puts the receipts of messages that are read by a change into its transaction. They are owed when that is committed.
    pub(crate) fn write_receipts<P: Ports>(
        &self,
        read: &[(ConversationId, u64)],
        tx: &mut Tx<P>,
        records: &Records<P>,
    ) -> Receipts {
        let mut all = Receipts::new();
        for (conversation, sent_at) in read {
            let known = || self.kept(conversation);
            let sent = all.entry(*conversation).or_insert_with(known);
            sent.insert(*sent_at);
            if sent.len() > MAX_OWED {
                sent.pop_first();
            }
        }
        for (conversation, sent) in &all {
            tx.put(&key(records, conversation), &(conversation, sent));
        }
        all
    }

    /// What was written is owed.
    pub(crate) fn owe_receipts(
        &self,
        receipts: Receipts,
        read: &[(ConversationId, u64)],
        now: u64,
    ) {
        self.state.borrow_mut().kept.extend(receipts);
        for (conversation, sent_at) in read {
            self.owe(*conversation, &[*sent_at].into_iter().collect(), now);
        }
        self.bell.ring();
    }

    fn kept(&self, conversation: &ConversationId) -> SortedSet<u64> {
        let state = self.state.borrow();
        state.kept.get(conversation).cloned().unwrap_or_default()
    }

    fn owe(&self, conversation: ConversationId, sent: &SortedSet<u64>, now: u64) {
        let mut state = self.state.borrow_mut();
        let owed = state.owed.entry(conversation).or_insert_with(|| Owed {
            due: now + BATCH,
            ..Owed::default()
        });
        owed.sent.extend(sent.iter().copied());
    }

    /// The person pressed a key, or stopped.
    fn person_types(&self, conversation: ConversationId, active: bool, now: u64) {
        let mut state = self.state.borrow_mut();
        let before = state.typing.remove(&conversation);
        match (before, active) {
            (Some(typing), true) if now.saturating_sub(typing.started) < REPEAT => {
                state
                    .typing
                    .insert(conversation, Typing { key: now, ..typing });
            }
            (_, true) => {
                let typing = Typing {
                    started: now,
                    key: now,
                };
                state.typing.insert(conversation, typing);
                state
                    .ready
                    .push(Signal::Typing(conversation, Action::Started));
            }
            (Some(_), false) => state
                .ready
                .push(Signal::Typing(conversation, Action::Stopped)),
            (None, false) => {}
        }
        drop(state);
        self.bell.ring();
    }

    /// The person sent something: that ends typing by itself.
    pub(crate) fn said(&self, conversation: &ConversationId) {
        self.state.borrow_mut().typing.remove(conversation);
    }

    /// Moves what is due to what is ready; receipts wait for a connection. Gives until when there is nothing (device clock, ms), and where typing does not
    /// show any more.
    fn review(&self, now: u64, connected: bool) -> (u64, Vec<ConversationId>) {
        let mut state = self.state.borrow_mut();
        let State {
            owed,
            typing,
            shown,
            ready,
            ..
        } = &mut *state;
        let mut next = now + IDLE;
        owed.retain(|conversation, owed| {
            if owed.due > now {
                next = next.min(owed.due);
                return true;
            }
            if !connected {
                return true;
            }
            let sent: Vec<u64> = std::mem::take(&mut owed.sent).into_iter().collect();
            let parts = sent.chunks(MAX_RECEIPT);
            ready.extend(
                parts.map(|part| Signal::Receipt(*conversation, part.to_vec(), owed.attempts)),
            );
            false
        });
        typing.retain(|conversation, typing| {
            let silent = typing.key + SILENCE;
            if silent > now {
                next = next.min(silent);
                return true;
            }
            ready.push(Signal::Typing(*conversation, Action::Stopped));
            false
        });
        let mut over = Vec::new();
        shown.retain(|conversation, until| {
            if *until > now {
                next = next.min(*until);
                return true;
            }
            over.push(*conversation);
            false
        });
        (next, over)
    }

    fn put_off(&self, conversation: ConversationId, sent: Vec<u64>, attempts: u8, now: u64) {
        let mut state = self.state.borrow_mut();
        let owed = state.owed.entry(conversation).or_default();
        owed.due = owed.due.max(now + (BATCH << attempts.min(DOUBLINGS)));
        owed.attempts = owed.attempts.max(attempts);
        owed.sent.extend(sent);
        drop(state);
        self.bell.ring();
    }
}

impl<P: Ports> Conversations<P> {
    /// The person types, or stopped.
    pub(crate) fn type_in(&self, conversation: ConversationId, active: bool, now: u64) {
        let wanted = self.settings.borrow().typing;
        if wanted
            && self
                .get(&conversation)
                .is_some_and(|row| self.may_signal(&row))
        {
            self.signals.person_types(conversation, active, now);
        }
    }

    /// Somebody types, or stopped, or said something.
    pub(crate) fn show_typing(&self, conversation: ConversationId, active: bool, now: u64) {
        let mut state = self.signals.state.borrow_mut();
        let news = match active {
            true => state.shown.insert(conversation, now + SHOWN).is_none(),
            false => state.shown.remove(&conversation).is_some(),
        };
        drop(state);
        if news {
            self.events.emit(Event::Typing {
                conversation,
                active,
            });
        }
        self.signals.bell.ring();
    }

    fn may_signal(&self, row: &ConversationRecord) -> bool {
        row.is_accepted() && row.account != self.own
    }

    /// Sends signals and ends what shows, until dropped.
    pub(crate) async fn run_signals(&self, ports: &Rc<P>, owner: &Owner<P>, network: &Network<P>) {
        let mut running = FuturesUnordered::new();
        loop {
            let bell = self.signals.bell.listen();
            let changes = network.changes();
            let now = ports.clock().now().as_millis();
            let (next, over) = self.signals.review(now, network.is_ready());
            for conversation in over {
                self.events.emit(Event::Typing {
                    conversation,
                    active: false,
                });
            }
            let room = AT_ONCE.saturating_sub(running.len());
            let ready: Vec<Signal> = {
                let mut state = self.signals.state.borrow_mut();
                let count = room.min(state.ready.len());
                state.ready.drain(..count).collect()
            };
            for signal in ready {
                running.push(self.signal(ports, owner, network, signal));
            }
            let done = async {
                if running.next().await.is_none() {
                    pending::<()>().await;
                }
            };
            let idle = async {
                let pause = ports.clock().sleep(next.saturating_sub(now).max(1));
                either(either(bell, changes), pause).await;
            };
            match select(std::pin::pin!(done), std::pin::pin!(idle)).await {
                Either::Left(_) | Either::Right(_) => {}
            }
        }
    }

    async fn signal(&self, ports: &Rc<P>, owner: &Owner<P>, network: &Network<P>, signal: Signal) {
        let (conversation, content, ttl) = match &signal {
            Signal::Typing(conversation, action) => {
                (*conversation, Content::typing(*action), TYPING_TTL)
            }
            Signal::Receipt(conversation, sent, _) => {
                let times = sent.iter().copied().map(Timestamp);
                (*conversation, Content::read_receipt(times), RECEIPT_TTL)
            }
        };
        let allowed = {
            let settings = self.settings.borrow();
            match &signal {
                Signal::Typing(..) => settings.typing,
                Signal::Receipt(..) => settings.read_receipts,
            }
        };
        let row = self.get(&conversation);
        let outcome = match row.filter(|row| allowed && self.may_signal(row)) {
            Some(row) => {
                let partner = row.account_id();
                self.whisper(ports, owner, network, &partner, &content, ttl)
                    .await
            }
            None => Whispered::Never,
        };
        if let Signal::Receipt(conversation, sent, attempts) = signal {
            match outcome {
                Whispered::Later => {
                    let (now, attempts) = (ports.clock().now().as_millis(), attempts + 1);
                    let attempts = attempts.min(DOUBLINGS);
                    self.signals.put_off(conversation, sent, attempts, now);
                }
                // Not crossed out, it is sent once more in the next session.
                Whispered::Sent | Whispered::Never => {
                    let _ = self.cross_out(conversation, &sent).await;
                }
            }
        }
    }

    /// Receipts that are not owed any more.
    async fn cross_out(
        &self,
        conversation: ConversationId,
        sent: &[u64],
    ) -> Result<(), RecordError> {
        let mut change = self.change().await;
        let mut left = self.signals.kept(&conversation);
        left.retain(|sent_at| !sent.contains(sent_at));
        let key = key(&self.records, &conversation);
        match left.is_empty() {
            true => change.tx.delete(&key),
            false => change.tx.put(&key, &(conversation, &left)),
        };
        change.commit(Durability::Relaxed).await?;
        let mut state = self.signals.state.borrow_mut();
        match left.is_empty() {
            true => state.kept.remove(&conversation),
            false => state.kept.insert(conversation, left),
        };
        Ok(())
    }

    async fn whisper(
        &self,
        ports: &Rc<P>,
        owner: &Owner<P>,
        network: &Network<P>,
        partner: &AccountId,
        content: &Content,
        ttl: u64,
    ) -> Whispered {
        let mut tx = self.records.tx();
        let stamp = owner.stamp(network, &mut tx);
        if tx.commit(Durability::Relaxed).await.is_err() {
            return Whispered::Later;
        }
        let sealed = {
            let mut entropy = ports.entropy();
            wire::encode(
                owner.account(),
                partner.key(),
                content,
                stamp,
                &mut *entropy,
            )
        };
        let Ok(data) = sealed else {
            return Whispered::Never;
        };
        let hash = message_hash(&partner.swarm_id(), Namespace::DEFAULT, &data);
        let request = |time: Timestamp| Request::store_public(partner, &data, time, ttl);
        match network.store(partner, &hash, request).await {
            Ok(_) => Whispered::Sent,
            Err(StoreFailure::Rejected(_)) => Whispered::Never,
            Err(StoreFailure::Later(_)) => Whispered::Later,
        }
    }
}

fn prefix<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Index, "receipts", &[])
}

/// 32 bytes.
fn key<P: Ports>(records: &Records<P>, conversation: &ConversationId) -> Key {
    let name = records.key::<16>(Table::Index, "receipts of", &[&conversation.0]);
    prefix(records).then(name.bytes())
}

impl<P: Ports> Change<'_, P> {
    /// Somebody read messages of ours.
    pub(crate) async fn take_receipt(
        &mut self,
        reader: &AccountId,
        sent: &[u64],
    ) -> Result<(), RecordError> {
        let row = self.find(reader);
        let Some(row) = row.filter(|row| self.conversations().may_signal(row)) else {
            return Ok(());
        };
        if !self.conversations().settings.borrow().read_receipts {
            return Ok(());
        }
        let (own, at, now) = (
            self.conversations().own,
            self.now(),
            self.network_now().as_millis(),
        );
        for sent_at in sent.iter().take(MAX_RECEIPT) {
            match self.message_by(&own, *sent_at).await? {
                Some(mut record)
                    if record.conversation == row.id
                        && record.is_said()
                        && record.delivery != Delivery::Read =>
                {
                    record.delivery = Delivery::Read;
                    record.read_at = Some(at);
                    let underway = &self.conversations().underway;
                    underway.borrow_mut().remove(&record.id);
                    self.put(record);
                }
                Some(_) => {}
                None if self.knows(&own, *sent_at).await? => {}
                None if self.has_early_room(&(own, *sent_at), &reader.key().0) => {
                    self.early((own, *sent_at)).read(reader.key().0, at, now);
                }
                None => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ConversationId = ConversationId([1; 16]);

    fn ready(signals: &Signals) -> Vec<String> {
        let ready = std::mem::take(&mut signals.state.borrow_mut().ready);
        let name = |signal: Signal| match signal {
            Signal::Typing(_, action) => format!("{action:?}"),
            Signal::Receipt(_, sent, _) => format!("{sent:?}"),
        };
        ready.into_iter().map(name).collect()
    }

    #[test]
    fn receipts_of_three_seconds_go_together() {
        let signals = Signals::default();
        signals.owe_receipts(Receipts::new(), &[(HERE, 7), (HERE, 5)], 1_000);
        signals.owe_receipts(Receipts::new(), &[(HERE, 9), (HERE, 5)], 2_500);
        assert_eq!(signals.review(3_999, true).0, 4_000);
        assert!(ready(&signals).is_empty());
        signals.review(4_000, false);
        assert!(ready(&signals).is_empty(), "there is no connection");
        signals.review(4_000, true);
        assert_eq!(ready(&signals), ["[5, 7, 9]"]);
        signals.review(9_000, true);
        assert!(ready(&signals).is_empty());
    }

    #[test]
    fn typing_is_told_once_in_ten_seconds_and_ends_after_three_of_silence() {
        let signals = Signals::default();
        for at in (0..=12_000).step_by(1_000) {
            signals.person_types(HERE, true, at);
            signals.review(at, true);
        }
        assert_eq!(ready(&signals), ["Started", "Started"]);
        assert_eq!(signals.review(14_000, true).0, 15_000);
        assert!(ready(&signals).is_empty());
        signals.review(15_000, true);
        assert_eq!(ready(&signals), ["Stopped"]);
    }

    #[test]
    fn sending_ends_typing_without_a_word() {
        let signals = Signals::default();
        signals.person_types(HERE, true, 0);
        signals.said(&HERE);
        signals.person_types(HERE, false, 100);
        signals.review(10_000, true);
        assert_eq!(ready(&signals), ["Started"]);
    }

    #[test]
    fn a_receipt_holds_a_bounded_number_of_messages() {
        let signals = Signals::default();
        let read: Vec<_> = (0..600).map(|at| (HERE, at)).collect();
        signals.owe_receipts(Receipts::new(), &read, 0);
        signals.review(BATCH, true);
        assert_eq!(ready(&signals).len(), 3);
    }
}
