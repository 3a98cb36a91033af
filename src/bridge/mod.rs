//! What page and worker say to each other: postcard bytes in a transferred `ArrayBuffer` (50-browser 5).
//!
//! The page asks with a [`Call`] and gets one [`Reply`] or [`Failure`]; what happens by itself arrives as an [`Event`].
//! Before the first call both sides compare their [`BUILD`], so an old half never talks to a new one.
//! The page's end is [`client::Engine`]; the worker's end is `crate::worker`.

mod backup;
pub mod client;
mod media;
mod secret;
pub(crate) mod wire;

use onionskin_client::api::{Answer, BackupView, Blob, Command, Event, Failure, Profile};
use serde::{Deserialize, Serialize};

pub use backup::{BACKUP_PASSPHRASE, BackupCall, BackupLock, BackupWish};
pub use media::{FILE_LIMIT, Prepared, Quality, ThumbnailOrder, VoiceCall};
pub use secret::SecretBytes;

/// Version and contents of this build, 32 hex digits. Equal in both modules of one build.
pub const BUILD: &str = env!("ONIONSKIN_BUILD");

/// A random name of a vault on this device (128 bit). It says nothing about the account inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VaultId(pub [u8; 16]);

impl VaultId {
    /// 32 lower-case hex digits, as in names of databases and locks.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

/// Page to worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// First message, answered with [`FromWorker::Hello`]; later ones are refused until it matched.
    Hello {
        /// [`BUILD`] of the page.
        build: String,
    },
    /// A question; `id` comes back with the reply.
    Call {
        /// Chosen by the page, never used twice.
        id: u64,
        /// The question.
        call: Call,
    },
    /// Heartbeat; answered with [`FromWorker::Pong`].
    Ping,
    /// For a short-lived instance that does nothing else: one Argon2id run (50-browser 5).
    Derive(Derive),
}

/// One run of Argon2id in an instance of its own, whose memory goes back to the system with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Derive {
    /// NFKC-normalised by the receiver.
    pub passphrase: SecretBytes,
    /// Salt.
    pub salt: [u8; 16],
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// Worker to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// First message, as soon as the module runs, and the answer to the page's.
    Hello {
        /// [`BUILD`] of the worker.
        build: String,
    },
    /// The answer to a call.
    Reply {
        /// Of the call.
        id: u64,
        /// What came of it.
        result: Result<Reply, Failure>,
    },
    /// Something changed.
    Event(Event),
    /// Another tab took over; this worker has stopped and wants to be ended.
    Superseded {
        /// Or it erased the account.
        erased: bool,
    },
    /// Heartbeat.
    Pong,
    /// Result of [`ToWorker::Derive`]: 32 bytes and how long it took (ms); `None` when the parameters are refused.
    Derived {
        /// The derived key.
        key: Option<SecretBytes>,
        /// ms.
        took_ms: f64,
    },
}

/// What the page can ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Call {
    /// The vaults on this device. Creates nothing. Answer: [`Reply::Vaults`].
    Vaults,
    /// What browser and deployment offer. Answer: [`Reply::Environment`].
    Environment,
    /// Makes a new account. Answer: [`Reply::Opened`].
    Create {
        /// Display name, possibly empty.
        name: String,
        /// Whether anything may stay on this device.
        keep: Keep,
    },
    /// Checks a typed recovery phrase (13 words, 12 words of the second form, or 32 hex digits). Answer:
    /// [`Reply::PhraseCheck`].
    CheckPhrase {
        /// As typed, UTF-8.
        words: SecretBytes,
    },
    /// Words of the list that begin so, for completion. Answer: [`Reply::Words`].
    CompleteWord {
        /// The beginning, UTF-8.
        start: SecretBytes,
        /// At most this many.
        limit: u8,
    },
    /// Rebuilds an account from its phrase. Answer: [`Reply::Opened`].
    Restore {
        /// As for [`Call::CheckPhrase`].
        secret: SecretBytes,
        /// Display name, empty when it is to come from the network.
        name: String,
        /// Whether anything may stay on this device.
        keep: Keep,
    },
    /// Opens a vault. Answer: [`Reply::Opened`]. Fails with `VaultPass` (wrong or missing passphrase), `VaultOpen` (open in
    /// another tab; ask again with `take_over`), `VaultDamaged` or `StoreBlocked`.
    Unlock {
        /// Which.
        vault: VaultId,
        /// UTF-8; `None` for a vault without passphrase.
        passphrase: Option<SecretBytes>,
        /// Take the account from the tab that has it.
        take_over: bool,
    },
    /// Checks the passphrase of the open account once more, before something that only its owner may see. Fails with
    /// `VaultPass`.
    Prove {
        /// UTF-8.
        passphrase: SecretBytes,
    },
    /// Ends the session; keys and memory go. The client then starts an empty worker. A temporary account is gone.
    Lock,
    /// Destroys the open account on this device: keys first, then records. Also for temporary accounts. Answer:
    /// [`Reply::Erased`].
    Burn,
    /// Destroys a vault that is not open in any tab. Answer: [`Reply::Erased`].
    Erase {
        /// Which.
        vault: VaultId,
    },
    /// Destroys every vault on this device, also those that are locked or open in other tabs, and every database of this
    /// site: all keys first. Answer: [`Reply::Erased`].
    EraseAll,
    /// Asks the browser to keep the storage for good (`navigator.storage.persist`). Answer: [`Reply::Environment`].
    Persist,
    /// Makes a picture ready to be sent: smaller where asked, without metadata. Answer: [`Reply::Picture`]. Fails with
    /// `FileType`, `FileMeta` or `FileTooBig`.
    PreparePicture {
        /// The file as picked.
        bytes: Blob,
        /// How much of it.
        quality: Quality,
    },
    /// Makes a small form of a picture on this device. Answer: [`Reply::Bytes`]; fails with `FileType`.
    Thumbnail(ThumbnailOrder),
    /// Something about the voice message that is being recorded.
    Voice(VoiceCall),
    /// Something about a backup that needs a passphrase.
    Backup(BackupCall),
    /// A command of the engine. Answer: [`Reply::Answer`].
    Engine(Command),
}

/// Whether anything may stay on this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// Nothing: memory only, gone with the tab.
    Temporary,
    /// A vault whose key lies beside it: anyone using this browser can read it.
    Device,
    /// A vault behind a passphrase (UTF-8, at least 8 characters, at most 256).
    Passphrase(SecretBytes),
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Done.
    Done,
    /// The vaults on this device, oldest first.
    Vaults(Vec<VaultInfo>),
    /// What browser and deployment offer.
    Environment(Environment),
    /// The account is open; events flow from now on.
    Opened {
        /// Own profile.
        profile: Profile,
        /// Its vault; `None` for a temporary account.
        vault: Option<VaultId>,
    },
    /// What was destroyed on this device.
    Erased {
        /// Vaults.
        vaults: u32,
        /// Databases that could not be deleted yet. Their keys are gone.
        left: u32,
    },
    /// How a typed phrase stands.
    PhraseCheck(PhraseCheck),
    /// Words of the list.
    Words(Vec<String>),
    /// A picture ready to be sent.
    Picture(Prepared),
    /// A file.
    Bytes(Blob),
    /// What the head of a backup says.
    Backup(BackupView),
    /// The engine's answer.
    Answer(Answer),
}

/// A vault, without anything about its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultInfo {
    /// Its name here.
    pub id: VaultId,
    /// What opens it.
    pub protection: Protection,
    /// When it was made (device clock, ms).
    pub created_at: u64,
    /// A tab has it open at the moment.
    pub in_use: bool,
}

/// What opens a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protection {
    /// Nothing is asked.
    Device,
    /// A passphrase.
    Passphrase,
}

/// What stands between a typed phrase and an account. Positions count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhraseCheck {
    /// It encodes this account.
    Valid {
        /// 66 hex digits.
        account_id: String,
    },
    /// So many words, and 13 are needed.
    Count(u32),
    /// A word that is not in the list.
    UnknownWord {
        /// Which.
        position: u32,
        /// The nearest word of the list.
        suggestion: Option<String>,
    },
    /// All words are known, but they do not belong together; the one most likely wrong where it can be told.
    Mismatch {
        /// Which.
        suspect: Option<u32>,
    },
}

/// What browser and deployment offer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// HTTPS or loopback. Without it nothing else works.
    pub secure_context: bool,
    /// The worker has random bytes.
    pub random: bool,
    /// A database can be opened. Without it only temporary accounts are possible.
    pub indexed_db: bool,
    /// One tab can be told from another. Needed for kept accounts.
    pub web_locks: bool,
    /// The browser promised to keep the storage; `None` when it does not tell.
    pub persisted: Option<bool>,
    /// The network of this deployment: `mainnet` or `local`; empty when the server does not say.
    pub network: String,
    /// [`BUILD`] of the worker.
    pub build: String,
}
