//! Questions about backups that need a passphrase. Everything else about them is asked of the engine, which gives the page
//! nothing but sealed bytes.

use super::{Keep, SecretBytes};
use onionskin_client::api::{Blob, ConversationId};
use serde::{Deserialize, Serialize};

/// Least characters of a passphrase that a backup has for itself.
pub const BACKUP_PASSPHRASE: usize = 12;

/// Making backups and opening them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BackupCall {
    /// A passphrase of six random words. Answer: [`Words`](super::Reply::Words).
    Suggest,
    /// Begins a backup of the open account. Answer: that of [`BackupStep::Begin`](onionskin_client::api::BackupStep). Fails
    /// with `VaultPass` when the account's passphrase is not right.
    Begin(BackupWish),
    /// Opens a file, and keeps it for what follows. Answer: [`Backup`](super::Reply::Backup). Fails with `BakPass`,
    /// `BakForeign`, `BakDamaged` or `BakNewer`.
    Open {
        /// The first bytes of the file.
        start: Blob,
        /// UTF-8.
        passphrase: SecretBytes,
    },
    /// Makes the account of the opened file here. Answer: [`Opened`](super::Reply::Opened). Fails with `BakOther` when the phrase
    /// is that of another account, or as [`Call::Restore`](super::Call::Restore) does.
    Create {
        /// Where the file does not hold it.
        phrase: Option<SecretBytes>,
        /// Whether anything may stay on this device.
        keep: Keep,
    },
    /// Begins to take the opened file into the open account; it goes to the engine from its beginning then. Answer: that of
    /// [`MergeStep::Begin`](onionskin_client::api::MergeStep).
    Merge,
    /// Forgets the opened file.
    Close,
}

/// What shall go into a backup, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupWish {
    /// These conversations only; `None`: all.
    pub conversations: Option<Vec<ConversationId>>,
    /// Files as well.
    pub files: bool,
    /// The recovery phrase as well.
    pub phrase: bool,
    /// What opens it.
    pub lock: BackupLock,
    /// More like it are to follow without a passphrase: the device keeps the key.
    pub repeats: bool,
}

/// What opens a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackupLock {
    /// A passphrase of its own, at least [`BACKUP_PASSPHRASE`] characters.
    Own {
        /// UTF-8.
        passphrase: SecretBytes,
        /// That of the account, where it has one and the phrase shall go in.
        proof: Option<SecretBytes>,
    },
    /// The passphrase of the account.
    Account(SecretBytes),
}
