//! What our own swarm still has to do for us: delete messages that were taken back, end those that were read (20-messages 4.5,
//! 4.6).
//!
//! A chore is written down in the transaction that makes it necessary and crossed out when the swarm has done it, so a crash
//! loses none. It is dropped when the swarm has forgotten the message anyway.

use crate::api::MessageId;
use crate::conversation::Conversations;
use crate::disappear;
use crate::network::{Network, RpcError, backoff};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::Owner;
use crate::store::{Key, RecordError, Records};
use crate::wake::{Bell, either};
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;

/// Chores of one kind that are done with one request.
const AT_ONCE: usize = 20;
/// Wait (ms) after a failure, and the longest after many.
const RETRY: u64 = 2_000;
const MAX_RETRY: u64 = 60_000;
/// With nothing to do, look again after this time (ms).
const IDLE: u64 = 600_000;

/// One thing to be done to one message of our swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chore {
    pub(crate) hash: MessageHash,
    /// By then the swarm has forgotten the message in any case (network time, ms).
    pub(crate) until: u64,
    pub(crate) task: Task,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Delete it.
    Delete,
    /// Have it end at this time (network time, ms), and take over when it really ends.
    Shorten {
        /// When.
        end: u64,
        /// The message here.
        message: MessageId,
    },
    /// Another device read it: ask when it ends.
    Ask {
        /// The message here.
        message: MessageId,
    },
}

impl Chore {
    /// 33 bytes: of each kind there is one for a message.
    pub(crate) fn key<P: Ports>(&self, records: &Records<P>) -> Key {
        let kind = match self.task {
            Task::Delete => 0u8,
            Task::Shorten { .. } => 1,
            Task::Ask { .. } => 2,
        };
        let name = records.key::<16>(Table::Swarm, "chore", &[self.hash.as_str().as_bytes()]);
        prefix(records).then(name.bytes()).then(&[kind])
    }
}

fn prefix<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Swarm, "chores", &[])
}

/// All that is to be done.
pub(crate) struct Chores {
    book: RefCell<SortedMap<Key, Chore>>,
    bell: Bell,
}

impl Chores {
    /// Takes up what an earlier session left.
    pub(crate) async fn open<P: Ports>(records: &Records<P>) -> Result<Self, RecordError> {
        let (from, to) = (prefix(records), prefix(records).then(&[0xff; 18]));
        let (found, _) = records
            .range::<Chore>(&from, &to, false, usize::MAX)
            .await?;
        Ok(Self {
            book: RefCell::new(found.into_iter().collect()),
            bell: Bell::default(),
        })
    }

    /// Chores that were written down just now.
    pub(crate) fn take_on<P: Ports>(&self, records: &Records<P>, chores: Vec<Chore>) {
        let mut book = self.book.borrow_mut();
        book.extend(chores.into_iter().map(|chore| (chore.key(records), chore)));
        drop(book);
        self.bell.ring();
    }

    /// Some of one kind.
    fn some(&self, of: impl Fn(&Task) -> bool) -> Vec<(Key, Chore)> {
        let book = self.book.borrow();
        let fits = book.iter().filter(|(_, chore)| of(&chore.task));
        let some = fits.take(AT_ONCE);
        some.map(|(key, chore)| (key.clone(), chore.clone()))
            .collect()
    }
}

/// Does them until dropped.
pub(crate) async fn run<P: Ports>(
    ports: &Rc<P>,
    owner: &Owner<P>,
    network: &Network<P>,
    conversations: &Conversations<P>,
) {
    let mut failures = 0u32;
    loop {
        let bell = conversations.chores.bell.listen();
        network.until_ready().await;
        let pause = match round(owner, network, conversations).await {
            Ok(true) => {
                failures = 0;
                continue;
            }
            Ok(false) => {
                either(bell, ports.clock().sleep(IDLE)).await;
                continue;
            }
            Err(_) => {
                failures = failures.saturating_add(1);
                backoff::pause(RETRY, MAX_RETRY, failures, &mut *ports.entropy())
            }
        };
        ports.clock().sleep(pause).await;
    }
}

#[derive(Debug, thiserror::Error)]
enum ChoreError {
    #[error(transparent)]
    Network(#[from] RpcError),
    #[error(transparent)]
    Records(#[from] RecordError),
}

/// Some of each kind. False when there is nothing to do.
async fn round<P: Ports>(
    owner: &Owner<P>,
    network: &Network<P>,
    conversations: &Conversations<P>,
) -> Result<bool, ChoreError> {
    let chores = &conversations.chores;
    let account = owner.account();
    let now = network.now().as_millis();
    let late: Vec<_> = {
        let book = chores.book.borrow();
        // By a wrong clock all of them might be late.
        let known = network.knows_time();
        let late = book.iter().filter(|(_, chore)| known && chore.until <= now);
        late.map(|(key, chore)| (key.clone(), chore.clone()))
            .collect()
    };
    let mut any = !late.is_empty();
    done(conversations, late, SortedMap::new()).await?;

    let some = chores.some(|task| *task == Task::Delete);
    if !some.is_empty() {
        let hashes: Vec<_> = some.iter().map(|(_, chore)| chore.hash.clone()).collect();
        network.delete_own(account, &hashes).await?;
        done(conversations, some, SortedMap::new()).await?;
        any = true;
    }
    let some = chores.some(|task| matches!(task, Task::Shorten { .. }));
    if !some.is_empty() {
        let end = |chore: &Chore| match chore.task {
            Task::Shorten { end, .. } => Timestamp(end),
            Task::Delete | Task::Ask { .. } => Timestamp(chore.until),
        };
        let each = some
            .iter()
            .map(|(_, chore)| (chore.hash.clone(), end(chore)));
        let messages: Vec<_> = each.collect();
        let ends = network.shorten(account, &messages).await?;
        done(conversations, some, ends).await?;
        any = true;
    }
    let some = chores.some(|task| matches!(task, Task::Ask { .. }));
    if !some.is_empty() {
        let hashes: Vec<_> = some.iter().map(|(_, chore)| chore.hash.clone()).collect();
        let ends = network.ends(account, &hashes).await?;
        done(conversations, some, ends).await?;
        any = true;
    }
    Ok(any)
}

/// Crosses chores out, and takes over when messages end: what the swarm does not have any more ends as early as it can.
async fn done<P: Ports>(
    conversations: &Conversations<P>,
    chores: Vec<(Key, Chore)>,
    ends: SortedMap<MessageHash, Timestamp>,
) -> Result<(), RecordError> {
    if chores.is_empty() {
        return Ok(());
    }
    let mut change = conversations.change().await;
    let now = change.network_now().as_millis();
    for (key, chore) in &chores {
        change.tx.delete(key);
        let message = match chore.task {
            Task::Delete => continue,
            Task::Shorten { message, .. } | Task::Ask { message } => message,
        };
        let Some(mut record) = change.message(&message).await? else {
            continue;
        };
        let told = ends.get(&chore.hash).map(|end| end.as_millis());
        let end = disappear::end_of_read(&record, told, now);
        let before = record.expires_at;
        record.swarm_expiry = Some(end);
        // Nobody makes a message last longer than its reader was promised.
        if before.is_none_or(|before| end < before) {
            change.set_expiry(&mut record, Some(end));
        }
        change.put(record);
    }
    change.commit(Durability::Relaxed).await?;
    let mut book = conversations.chores.book.borrow_mut();
    for (key, chore) in chores {
        if book.get(&key) == Some(&chore) {
            book.remove(&key);
        }
    }
    Ok(())
}
