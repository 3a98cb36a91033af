//! Backups (screens 20, D1): what a device keeps of an account as one sealed file, and taking such a file in.
//!
//! `format` is the file, `items` what is in it, `write` walks the records of a vault, `merge` takes items in. Restoring *is*
//! taking a backup in: whoever lost everything makes the account anew by its seed or phrase first.
//!
//! Not in a backup: what a swarm gives again (cursors, hashes: whatever comes twice changes nothing), what waits in the
//! outbox (its messages are in it, as not sent), files that are staged, and anything of the network.

pub mod format;
mod items;
mod merge;
mod write;

pub use items::is_readable;

use crate::api::{
    Answer, BackupCounts, BackupStep, BackupView, ErrorCode, Event, Failure, MergeStep,
};
use crate::conversation::Conversations;
use crate::files::Files;
use crate::network::Network;
use crate::outbox::failure;
use crate::ports::Ports;
use crate::profile::Owner;
use crate::sync::Sync;
use format::Head;
use merge::Merging;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use write::Writing;

/// Bytes of a file that are handed over at once.
const PIECE: usize = 1024 * 1024;
/// Bytes that a message and a conversation take in a file, about.
const MESSAGE_SIZE: u64 = 400;
const CONVERSATION_SIZE: u64 = 600;

/// Makes backups of an account and takes them in.
pub(crate) struct Backups<P: Ports> {
    ports: Rc<P>,
    owner: Rc<Owner<P>>,
    network: Network<P>,
    conversations: Rc<Conversations<P>>,
    files: Rc<Files<P>>,
    sync: Rc<Sync<P>>,
    writing: Slot<Writing>,
    merging: Slot<Merging>,
}

impl<P: Ports> Backups<P> {
    pub(crate) fn new(
        ports: Rc<P>,
        owner: Rc<Owner<P>>,
        network: Network<P>,
        conversations: Rc<Conversations<P>>,
        files: Rc<Files<P>>,
        sync: Rc<Sync<P>>,
    ) -> Self {
        Self {
            ports,
            owner,
            network,
            conversations,
            files,
            sync,
            writing: Slot::default(),
            merging: Slot::default(),
        }
    }

    /// A step of making one.
    pub(crate) async fn make(&self, step: BackupStep) -> Result<Answer, Failure> {
        match step {
            BackupStep::Begin(order) => {
                let turn = self.writing.begin();
                let writing = self.begin_writing(order).await?;
                let view = writing.view.clone();
                self.writing.put(turn, writing);
                Ok(Answer::Backup(Box::new(view)))
            }
            BackupStep::Again => {
                let order = self.owner.backup_order().await?.ok_or_else(|| {
                    failure(ErrorCode::Internal, None, "no order for more backups")
                })?;
                Box::pin(self.make(BackupStep::Begin(order))).await
            }
            BackupStep::NoMore => {
                self.owner.order_backups(None).await?;
                self.tell_profile();
                Ok(Answer::Done)
            }
            BackupStep::Next => {
                let (turn, mut writing) = self.writing.take()?;
                let piece = self.write(&mut writing).await?;
                self.writing.put(turn, writing);
                Ok(Answer::Bytes(piece))
            }
            BackupStep::Check(bytes) => {
                let (turn, mut writing) = self.writing.take()?;
                writing.check(&bytes.0);
                self.writing.put(turn, writing);
                Ok(Answer::Done)
            }
            BackupStep::Checked => {
                let (_, writing) = self.writing.take()?;
                let order = writing.order.clone();
                let view = writing.judge()?;
                if order.repeats {
                    self.owner.order_backups(Some(&order)).await?;
                }
                self.owner.backed_up(view.made_at).await?;
                self.tell_profile();
                Ok(Answer::Backup(Box::new(view)))
            }
            BackupStep::Cancel => {
                self.writing.begin();
                Ok(Answer::Done)
            }
            BackupStep::PutOff => {
                self.owner.put_backup_off(self.network.now()).await?;
                self.tell_profile();
                Ok(Answer::Done)
            }
        }
    }

    /// A step of taking one in.
    pub(crate) async fn merge(&self, step: MergeStep) -> Result<Answer, Failure> {
        match step {
            MergeStep::Begin { start, key, fresh } => {
                let turn = self.merging.begin();
                let merging = self.begin_merging(&start.0, key, fresh).await?;
                let view = merging.view();
                self.merging.put(turn, merging);
                Ok(Answer::Backup(Box::new(view)))
            }
            MergeStep::Feed(bytes) => {
                let (turn, mut merging) = self.merging.take()?;
                self.take_in(&mut merging, &bytes.0).await?;
                self.merging.put(turn, merging);
                Ok(Answer::Done)
            }
            MergeStep::Finish => {
                let (_, merging) = self.merging.take()?;
                let report = self.end_merging(merging).await?;
                self.tell_profile();
                Ok(Answer::Merged(Box::new(report)))
            }
            MergeStep::Cancel => {
                self.merging.begin();
                Ok(Answer::Done)
            }
        }
    }

    fn tell_profile(&self) {
        let profile = self.owner.view(&self.conversations);
        self.conversations.events.emit(Event::Profile(profile));
    }
}

/// What the head of a file says.
pub fn view(head: &Head) -> BackupView {
    let counts = BackupCounts {
        conversations: head.conversations,
        messages: head.messages,
        files: head.files,
        bytes: head.bytes,
    };
    let account = AccountId::from_key(X25519PublicKey(head.account));
    let items = u64::from(counts.messages) * MESSAGE_SIZE
        + u64::from(counts.conversations) * CONVERSATION_SIZE;
    let parts = (items + counts.bytes) / format::PART as u64 + 1;
    BackupView {
        made_at: head.made_at,
        account_id: account.to_string(),
        whole: head.whole,
        with_files: head.with_files,
        with_phrase: head.seed.is_some(),
        counts,
        size: format::HEADER as u64 + parts * format::PART as u64,
    }
}

/// Holds what is under way, of which there is one. A step takes it out and puts it back unless it was ended meanwhile.
struct Slot<T> {
    held: RefCell<Option<T>>,
    turn: Cell<u64>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            held: RefCell::new(None),
            turn: Cell::new(0),
        }
    }
}

impl<T> Slot<T> {
    /// Ends what is under way.
    fn begin(&self) -> u64 {
        self.held.replace(None);
        self.turn.set(self.turn.get() + 1);
        self.turn.get()
    }

    fn take(&self) -> Result<(u64, T), Failure> {
        let held = self.held.borrow_mut().take();
        let held = held.ok_or_else(|| failure(ErrorCode::Internal, None, "no backup is under way"));
        held.map(|held| (self.turn.get(), held))
    }

    fn put(&self, turn: u64, held: T) {
        if self.turn.get() == turn {
            self.held.replace(Some(held));
        }
    }
}
