//! Backups: a sealed file with what a device keeps of an account, and taking one in (screens 20, D1).
//!
//! Making one: [`Begin`](BackupStep::Begin), [`Next`](BackupStep::Next) until it gives nothing more, then what was written is
//! handed back with [`Check`](BackupStep::Check) and judged by [`Checked`](BackupStep::Checked). Taking one in:
//! [`Begin`](MergeStep::Begin), [`Feed`](MergeStep::Feed) until the file ends, [`Finish`](MergeStep::Finish).

use super::{Blob, ConversationId};
use crate::vault::KdfParams;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The key of one backup, made from its passphrase. Wiped on drop, silent in `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct BackupKey(pub [u8; 32]);

impl std::fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BackupKey(..)")
    }
}

/// What goes into a backup, and what seals it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupOrder {
    /// These conversations only; `None`: all.
    pub conversations: Option<Vec<ConversationId>>,
    /// Files and pictures as well, as far as they are on this device.
    pub files: bool,
    /// The recovery phrase as well. Refused (`PhraseHidden`) where this device shows it no more.
    pub phrase: bool,
    /// How the key was made.
    pub params: KdfParams,
    /// The key.
    pub key: BackupKey,
    /// More like it are to follow ([`BackupStep::Again`]): once it is checked, this device keeps the order, with the key.
    pub repeats: bool,
}

/// A step of making a backup. One is made at a time; beginning another one ends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BackupStep {
    /// Begins. Answer: [`Answer::Backup`](super::Answer::Backup).
    Begin(BackupOrder),
    /// Begins one as the kept order says. Answer: [`Answer::Backup`](super::Answer::Backup). Fails with `Internal` without one.
    Again,
    /// Forgets the kept order.
    NoMore,
    /// More of the file, at most 1 MiB. Answer: [`Answer::Bytes`](super::Answer::Bytes), empty at its end.
    Next,
    /// The file as it was written, from its beginning, in pieces of at most 1 MiB.
    Check(Blob),
    /// All of it was handed back. Answer: [`Answer::Backup`](super::Answer::Backup) with what it truly holds; fails with
    /// `BakDamaged` when that is not what went in. From then on this backup is the last one.
    Checked,
    /// Ends it; what was written is no backup.
    Cancel,
    /// The person wants to be reminded in a week.
    PutOff,
}

/// A step of taking a backup in. One is taken in at a time; beginning another one ends it. What was taken in stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MergeStep {
    /// Begins with the first bytes of the file. Answer: [`Answer::Backup`](super::Answer::Backup). Fails with `BakPass`,
    /// `BakForeign`, `BakDamaged`, `BakNewer`, or `BakOther` for a backup of another account.
    Begin {
        /// At least [`HEADER`](crate::backup::format::HEADER) bytes, fewer only when the file has no more.
        start: Blob,
        /// Made from its passphrase.
        key: BackupKey,
        /// The account was made on this device for this backup: what the backup says counts.
        fresh: bool,
    },
    /// More of the file, from its beginning, in pieces of at most 1 MiB.
    Feed(Blob),
    /// That was all. Answer: [`Answer::Merged`](super::Answer::Merged).
    Finish,
    /// Ends it.
    Cancel,
}

/// What the head of a backup says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// When it was made (ms).
    pub made_at: u64,
    /// Whose it is: 66 hex digits.
    pub account_id: String,
    /// All conversations are in it.
    pub whole: bool,
    /// Files are in it.
    pub with_files: bool,
    /// The recovery phrase is in it.
    pub with_phrase: bool,
    /// How much is in it, or is to go in.
    pub counts: BackupCounts,
    /// Bytes that the whole file will have, about.
    pub size: u64,
}

/// How much is in a backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupCounts {
    /// Conversations.
    pub conversations: u32,
    /// Messages.
    pub messages: u32,
    /// Files.
    pub files: u32,
    /// Bytes of files.
    pub bytes: u64,
}

/// What taking a backup in came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeReport {
    /// What the head of the backup says.
    pub backup: BackupView,
    /// What came in that was not here.
    pub added: BackupCounts,
    /// Messages that were here already.
    pub known: u32,
    /// Messages that were deleted here and stay so.
    pub deleted: u32,
    /// Messages whose time is over.
    pub expired: u32,
    /// Messages that waited to be sent when the backup was made, and were not.
    pub unsent: u32,
    /// What was set differently here and stays so; at most 100 are named.
    pub conflicts: Vec<MergeConflict>,
    /// How many conflicts there are.
    pub conflicts_all: u32,
    /// What is lost.
    pub lost: MergeLoss,
}

/// What of a backup could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeLoss {
    /// Parts of 64 KiB that are damaged.
    pub parts: u32,
    /// The file ends before its end.
    pub cut: bool,
    /// Something follows its end.
    pub trailing: bool,
    /// Conversations, messages and files that are missing.
    pub counts: BackupCounts,
}

impl MergeLoss {
    /// Whether anything is wrong with the file.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// Something that was set differently here than in the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeConflict {
    /// Whose conversation (66 hex digits); `None`: it belongs to the account.
    pub account_id: Option<String>,
    /// What.
    pub what: MergeField,
}

/// What can be set differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum MergeField {
    Name,
    Picture,
    Settings,
    Nickname,
    Note,
    Label,
    Folder,
    Draft,
    Muted,
    Notify,
    Timer,
    Blocked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_key() {
        assert_eq!(format!("{:?}", BackupKey([7; 32])), "BackupKey(..)");
    }
}
