//! Disappearing messages (20-messages 4.6).
//!
//! The setting of a conversation governs what *we* send; every message carries its own timer. A message has a time at which it
//! disappears once its clock has started: ours when a swarm took them, others' when they were read or, after sending, when
//! they were stored. Times are the network's. An index leads to the message that goes first.

use crate::api::{ConversationId, Failure, MessageKind, Timer};
use crate::chores::{Chore, Task};
use crate::conversation::{Change, Conversations};
use crate::message::MessageRecord;
use crate::outbox::{Outbox, unknown_conversation};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::store::{Key, RecordError, Records};
use crate::wake::either;
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::message::content::Expiry;
use onionskin_protocol::message::proto::{Content, content::ExpirationType};
use std::rc::Rc;

/// Messages live 14 days in a swarm at most (ms).
pub(crate) const TTL: u64 = 14 * 24 * 3_600_000;
/// A swarm takes nothing for less (ms).
const LEAST_TTL: u64 = 10_000;
/// Messages removed in one transaction.
const AT_ONCE: usize = 100;
/// The longest sleep (ms): timers of browsers end at 2^31 ms, and clocks are set.
const LONGEST: u64 = 60_000;
/// Longest timer that is believed (s): a hundred years.
const MAX_TIMER: u32 = 3_155_760_000;

/// What a conversation may be set to: in Note to Self nothing but "after sending".
pub(crate) fn allowed(timer: Timer, note_to_self: bool) -> Timer {
    match timer {
        Timer::AfterRead(0) | Timer::AfterSend(0) => Timer::Off,
        Timer::AfterRead(seconds) if note_to_self => Timer::AfterSend(seconds.min(MAX_TIMER)),
        Timer::AfterRead(seconds) => Timer::AfterRead(seconds.min(MAX_TIMER)),
        Timer::AfterSend(seconds) => Timer::AfterSend(seconds.min(MAX_TIMER)),
        Timer::Off => Timer::Off,
    }
}

pub(crate) fn to_wire(timer: Timer) -> Expiry {
    match timer {
        Timer::Off => Expiry::Off,
        Timer::AfterRead(seconds) => Expiry::AfterRead(seconds),
        Timer::AfterSend(seconds) => Expiry::AfterSend(seconds),
    }
}

/// What a received message says. A kind of the future is read as "after read".
pub(crate) fn from_wire(content: &Content, note_to_self: bool) -> Timer {
    let kind = content.expiration_type.unwrap_or(0);
    let seconds = content.expiration_timer.unwrap_or(0);
    let timer = match kind {
        0 => Timer::Off,
        kind if kind == ExpirationType::DeleteAfterSend as i32 => Timer::AfterSend(seconds),
        _ => Timer::AfterRead(seconds),
    };
    allowed(timer, note_to_self)
}

/// A notice with the timer of its conversation, which survives in the swarm until it is seen.
pub(crate) fn kept_until_seen(mut notice: Content, timer: Timer) -> Content {
    if let Some(length) = length(timer) {
        notice.expiration_type = Some(ExpirationType::DeleteAfterRead.into());
        notice.expiration_timer = u32::try_from(length / 1_000).ok();
    }
    notice
}

/// How long a swarm keeps a message (ms): the one of its recipient, and our own the copy (20-messages 2.5).
pub(crate) fn life(expiry: Expiry) -> (u64, u64) {
    let short = |seconds: u32| (u64::from(seconds) * 1_000).clamp(LEAST_TTL, TTL);
    match expiry {
        Expiry::Off => (TTL, TTL),
        Expiry::AfterRead(seconds) => (TTL, short(seconds)),
        Expiry::AfterSend(seconds) => (short(seconds), short(seconds)),
    }
}

/// ms.
pub(crate) fn length(timer: Timer) -> Option<u64> {
    match timer {
        Timer::Off => None,
        Timer::AfterRead(seconds) | Timer::AfterSend(seconds) => Some(u64::from(seconds) * 1_000),
    }
}

/// When a message goes that came from our swarm, where it ends at `end`; `None` while its clock has not started. `now` and
/// `end` in network time. What a node says of the end is held against what the sender's timer allows. A sender whose clock is
/// ahead cannot make it stay: nobody has sent anything later than now.
pub(crate) fn end_of_received(record: &MessageRecord, end: u64, now: u64) -> Option<u64> {
    let length = length(record.timer)?;
    let reads = matches!(record.timer, Timer::AfterRead(_)) && !record.mine;
    if reads {
        return None;
    }
    let least = record.sent_at.min(now).saturating_add(length);
    Some(end.clamp(least, now.saturating_add(length)))
}

/// When a message ends that was read, by what the swarm says; `None`: it says nothing. One member alone can neither take it
/// away before its time nor keep it: nobody has read it before it was sent.
pub(crate) fn end_of_read(record: &MessageRecord, end: Option<u64>, now: u64) -> u64 {
    let end = end.unwrap_or(now);
    match length(record.timer) {
        Some(length) => {
            let least = record.sent_at.min(now).saturating_add(length);
            end.clamp(least, now.saturating_add(length))
        }
        None => end,
    }
}

/// `blind16 ‖ time BE ‖ id`: 40 bytes, in the order in which messages disappear.
pub(crate) fn key<P: Ports>(records: &Records<P>, at: u64, id: &crate::api::MessageId) -> Key {
    start(records).then(&at.to_be_bytes()).then(&id.0)
}

fn start<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Index, "disappears", &[])
}

impl<P: Ports> Change<'_, P> {
    /// A message of somebody else was read: here, or on another device of ours. Starts its clock if reading does that.
    pub(crate) fn start_timer(&mut self, mut record: MessageRecord, here: bool) {
        let Timer::AfterRead(_) = record.timer else {
            return;
        };
        if record.mine || record.expires_at.is_some() {
            return;
        }
        let now = self.network_now().as_millis();
        let end = now.saturating_add(length(record.timer).unwrap_or(0));
        // The swarm may hold it to an earlier end, when another device read it before.
        let ends = match record.swarm_expiry {
            Some(swarm) => end_of_read(&record, Some(swarm), now),
            None => end,
        };
        if let Some(hash) = record.hash.as_deref().and_then(MessageHash::parse) {
            let message = record.id;
            let task = match here {
                true => Task::Shorten { end, message },
                false => Task::Ask { message },
            };
            self.chore(Chore {
                hash,
                until: now.saturating_add(TTL),
                task,
            });
        }
        self.set_expiry(&mut record, Some(ends));
        self.put(record);
    }

    /// A notice that somebody's timer changed. Older ones of the same side go.
    pub(crate) async fn note_timer(&mut self, notice: MessageRecord) -> Result<(), RecordError> {
        let (conversation, author) = (notice.conversation, notice.author);
        let kind = |record: &MessageRecord| matches!(record.kind, MessageKind::TimerChanged(_));
        let (mine, sent_at) = (notice.mine, notice.sent_at);
        let before = self.edit(&conversation).map_or(0, |row| match mine {
            true => row.notice_own,
            false => row.notice_theirs,
        });
        if before > sent_at {
            // A later one is here already.
            return Ok(());
        }
        let older = self.message_by(&author, before).await?.filter(kind);
        if !self.add(notice).await? {
            return Ok(());
        }
        if let Some(older) = older {
            self.remove(&older.author, older.sent_at).await?;
        }
        if let Some(row) = self.edit(&conversation) {
            match mine {
                true => row.notice_own = sent_at,
                false => row.notice_theirs = sent_at,
            }
        }
        Ok(())
    }
}

impl<P: Ports> Conversations<P> {
    /// Removes what has to disappear, until dropped. Not before the time is known: by a wrong clock everything might be over.
    pub(crate) async fn run_timers(&self, ports: &Rc<P>) {
        self.network.until_time_known().await;
        // What fails here is done in the next session.
        let _ = self.forget_early().await;
        loop {
            let bell = self.timers.listen();
            let wait = match self.remove_due().await {
                Ok(0) => continue,
                Ok(wait) => wait.min(LONGEST),
                Err(_) => LONGEST,
            };
            either(bell, ports.clock().sleep(wait)).await;
        }
    }

    /// Forgets words about messages that do not come any more.
    async fn forget_early(&self) -> Result<(), RecordError> {
        let mut change = self.change().await;
        change.forget_early();
        change.commit(Durability::Relaxed).await
    }

    /// Removes some messages that are due. Gives how long nothing is due from now on (ms); 0: there is more to do.
    async fn remove_due(&self) -> Result<u64, RecordError> {
        let now = self.network.now().as_millis();
        let from = start(&self.records);
        let to = from.clone().then(&now.saturating_add(1).to_be_bytes());
        let (due, _) = self
            .records
            .range::<([u8; 32], u64)>(&from, &to, false, AT_ONCE)
            .await?;
        if !due.is_empty() {
            let mut change = self.change().await;
            for (key, (author, sent_at)) in due {
                change.tx.delete(&key);
                let record = change.message_by(&author, sent_at).await?;
                if record.is_some_and(|record| record.expires_at.is_some_and(|at| at <= now)) {
                    change.remove(&author, sent_at).await?;
                }
            }
            change.commit(Durability::Relaxed).await?;
            return Ok(0);
        }
        let end = from.clone().then(&[0xff; 25]);
        let (next, _) = self
            .records
            .range::<([u8; 32], u64)>(&to, &end, false, 1)
            .await?;
        let at = next.first().and_then(|(key, _)| {
            let at = key.bytes().get(16..24)?.try_into().ok()?;
            Some(u64::from_be_bytes(at))
        });
        Ok(at.map_or(LONGEST, |at| at.saturating_sub(now).max(1)))
    }
}

impl<P: Ports> Outbox<P> {
    /// How our messages of a conversation disappear from now on. The other side is told when it knows us already.
    pub(crate) async fn set_timer(
        &self,
        conversation: &ConversationId,
        timer: Timer,
    ) -> Result<(), Failure> {
        let mut change = self.conversations.change().await;
        let own = self.owner.id();
        let row = change.edit(conversation).ok_or_else(unknown_conversation)?;
        let partner = row.account_id();
        let to_self = partner == own;
        let timer = allowed(timer, to_self);
        if row.timer == timer {
            return Ok(());
        }
        row.timer = timer;
        let told = !to_self && row.approved && !row.blocked;
        let stamp = self.stamp(&mut change).await?;
        if let Some(row) = change.edit(conversation) {
            row.timer_set = stamp.as_millis();
        }
        let mut entries = Vec::new();
        if told {
            let content = Content::expiry_changed(to_wire(timer));
            entries.push(self.letter(*conversation, &partner, &content, stamp)?);
            let notice = MessageRecord {
                id: change.new_message_id(),
                conversation: *conversation,
                author: own.key().0,
                mine: true,
                kind: MessageKind::TimerChanged(timer),
                sent_at: stamp.as_millis(),
                received_at: change.now(),
                ..MessageRecord::default()
            };
            change.note_timer(notice).await?;
        }
        self.commit(change, entries).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::conversation::tests::conversations;
    use crate::network::testing::Lab;
    use crate::store::MemoryStore;
    use onionskin_protocol::id::AccountId;
    use onionskin_protocol::keys::X25519PublicKey;

    const NOW: u64 = 1_790_000_000_000;

    fn received(timer: Timer, mine: bool) -> MessageRecord {
        MessageRecord {
            timer,
            mine,
            sent_at: NOW - 5_000,
            ..MessageRecord::default()
        }
    }

    #[test]
    fn a_message_that_disappears_after_sending_goes_when_the_swarm_drops_it() {
        let record = received(Timer::AfterSend(60), false);
        assert_eq!(
            end_of_received(&record, NOW + 57_000, NOW),
            Some(NOW + 57_000)
        );
    }

    #[test]
    fn a_member_that_lacks_a_message_does_not_end_it_before_it_can_have_been_read() {
        let record = received(Timer::AfterRead(60), false);
        assert_eq!(end_of_read(&record, None, NOW), NOW + 55_000);
        assert_eq!(end_of_read(&record, Some(1), NOW), NOW + 55_000);
        assert_eq!(end_of_read(&record, Some(NOW + 57_000), NOW), NOW + 57_000);
        assert_eq!(end_of_read(&record, Some(u64::MAX), NOW), NOW + 60_000);
        // Long after, it is over.
        assert_eq!(end_of_read(&record, None, NOW + 3_600_000), NOW + 3_600_000);
    }

    #[test]
    fn a_node_can_neither_end_a_message_before_its_time_nor_keep_it_for_ever() {
        let record = received(Timer::AfterSend(60), false);
        assert_eq!(end_of_received(&record, 1, NOW), Some(NOW + 55_000));
        assert_eq!(end_of_received(&record, u64::MAX, NOW), Some(NOW + 60_000));
    }

    #[test]
    fn a_sender_whose_clock_is_ahead_does_not_make_a_message_stay() {
        let ahead = 17 * 3_600_000;
        for mine in [false, true] {
            let mut record = received(Timer::AfterSend(60), mine);
            record.sent_at += ahead;
            let end = |at| end_of_received(&record, at, NOW);
            assert_eq!(end(NOW + 57_000), Some(NOW + 60_000));
            assert_eq!(end(u64::MAX), Some(NOW + 60_000));
        }
    }

    #[test]
    fn reading_starts_the_clock_of_others_messages_only() {
        assert_eq!(
            end_of_received(&received(Timer::AfterRead(60), false), NOW, NOW),
            None
        );
        assert_eq!(
            end_of_received(&received(Timer::AfterRead(60), true), NOW + 56_000, NOW),
            Some(NOW + 56_000)
        );
        assert_eq!(
            end_of_received(&received(Timer::Off, false), NOW, NOW),
            None
        );
    }

    #[test]
    fn kinds_are_read_as_the_specification_says() {
        let content = |kind, seconds| Content {
            expiration_type: Some(kind),
            expiration_timer: Some(seconds),
            ..Content::default()
        };
        assert_eq!(from_wire(&content(2, 5), false), Timer::AfterSend(5));
        assert_eq!(from_wire(&content(1, 5), false), Timer::AfterRead(5));
        assert_eq!(from_wire(&content(7, 5), false), Timer::AfterRead(5));
        assert_eq!(from_wire(&content(1, 5), true), Timer::AfterSend(5));
        assert_eq!(from_wire(&content(0, 5), false), Timer::Off);
        assert_eq!(from_wire(&content(2, 0), false), Timer::Off);
        assert_eq!(from_wire(&Content::default(), false), Timer::Off);
    }

    #[test]
    fn swarms_keep_a_message_no_longer_than_it_has_to_live() {
        assert_eq!(life(Expiry::Off), (TTL, TTL));
        assert_eq!(life(Expiry::AfterSend(60)), (60_000, 60_000));
        assert_eq!(life(Expiry::AfterRead(60)), (TTL, 60_000));
        assert_eq!(life(Expiry::AfterSend(1)), (LEAST_TTL, LEAST_TTL));
        assert_eq!(life(Expiry::AfterSend(u32::MAX)), (TTL, TTL));
    }

    #[test]
    fn what_one_member_says_ends_no_message_before_it_can_have_been_read() {
        let (lab, store) = (Lab::new(3), MemoryStore::new());
        let book = conversations(&lab, &store, [1; 32]);
        let end = |said: Option<u64>| {
            lab.time().run(async {
                let mut change = book.change().await;
                let now = change.network_now().as_millis();
                let theirs = AccountId::from_key(X25519PublicKey([2; 32]));
                let record = MessageRecord {
                    id: change.new_message_id(),
                    conversation: change.with(&theirs).id,
                    author: [2; 32],
                    sent_at: now - 5_000,
                    timer: Timer::AfterRead(60),
                    swarm_expiry: said,
                    ..MessageRecord::default()
                };
                let id = record.id;
                change.start_timer(record, true);
                let record = change.message(&id).await.unwrap().unwrap();
                record.expires_at.unwrap() - now
            })
        };
        let now = book.network.now().as_millis();
        assert_eq!(end(Some(1)), 55_000);
        assert_eq!(end(Some(now + 57_000)), 57_000);
        assert_eq!(end(Some(u64::MAX)), 60_000);
        assert_eq!(end(None), 60_000);
    }
}
