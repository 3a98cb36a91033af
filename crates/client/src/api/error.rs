//! The error catalogue (screens 24).

use serde::{Deserialize, Serialize};

/// The error catalogue of screens 24 (those an engine can raise), new ones at the end: records hold some. Text lives in the
/// language files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum ErrorCode {
    NetOffline,
    NetRelay,
    NetRelayRefused,
    NetSeed,
    NetList,
    NetPath,
    NetGuard,
    NetSwarm,
    NetTimeout,
    NetClock,
    NetVersion,
    SendQueue,
    SendRejected,
    SendTooLong,
    SendExpired,
    SendBlocked,
    SendNotAccepted,
    SendRate,
    FileTooBig,
    FileType,
    FileMeta,
    FileUpload,
    FileGone,
    FileDigest,
    FileUnsafe,
    MsgDecrypt,
    MsgUnknown,
    MsgForged,
    IdFormat,
    IdSelf,
    NameNone,
    NameSplit,
    PhraseWord,
    PhraseCount,
    PhraseCheck,
    VaultPass,
    VaultOpen,
    VaultDamaged,
    StoreFull,
    StoreEvicted,
    StoreBlocked,
    BrowserOld,
    MicDenied,
    CamDenied,
    NotifDenied,
    Internal,
    FileMany,
    FileTotal,
    PhraseHidden,
    NameUnsupported,
    StoreReserve,
}

impl ErrorCode {
    /// The code as shown and logged, for example `NET-OFFLINE`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NetOffline => "NET-OFFLINE",
            Self::NetRelay => "NET-RELAY",
            Self::NetRelayRefused => "NET-RELAY-REFUSED",
            Self::NetSeed => "NET-SEED",
            Self::NetList => "NET-LIST",
            Self::NetPath => "NET-PATH",
            Self::NetGuard => "NET-GUARD",
            Self::NetSwarm => "NET-SWARM",
            Self::NetTimeout => "NET-TIMEOUT",
            Self::NetClock => "NET-CLOCK",
            Self::NetVersion => "NET-VERSION",
            Self::SendQueue => "SEND-QUEUE",
            Self::SendRejected => "SEND-REJECTED",
            Self::SendTooLong => "SEND-TOO-LONG",
            Self::SendExpired => "SEND-EXPIRED",
            Self::SendBlocked => "SEND-BLOCKED",
            Self::SendNotAccepted => "SEND-NOT-ACCEPTED",
            Self::SendRate => "SEND-RATE",
            Self::FileTooBig => "FILE-TOO-BIG",
            Self::FileType => "FILE-TYPE",
            Self::FileMeta => "FILE-META",
            Self::FileUpload => "FILE-UPLOAD",
            Self::FileGone => "FILE-GONE",
            Self::FileDigest => "FILE-DIGEST",
            Self::FileUnsafe => "FILE-UNSAFE",
            Self::MsgDecrypt => "MSG-DECRYPT",
            Self::MsgUnknown => "MSG-UNKNOWN",
            Self::MsgForged => "MSG-FORGED",
            Self::IdFormat => "ID-FORMAT",
            Self::IdSelf => "ID-SELF",
            Self::NameNone => "NAME-NONE",
            Self::NameSplit => "NAME-SPLIT",
            Self::PhraseWord => "PHRASE-WORD",
            Self::PhraseCount => "PHRASE-COUNT",
            Self::PhraseCheck => "PHRASE-CHECK",
            Self::VaultPass => "VAULT-PASS",
            Self::VaultOpen => "VAULT-OPEN",
            Self::VaultDamaged => "VAULT-DAMAGED",
            Self::StoreFull => "STORE-FULL",
            Self::StoreEvicted => "STORE-EVICTED",
            Self::StoreBlocked => "STORE-BLOCKED",
            Self::BrowserOld => "BROWSER-OLD",
            Self::MicDenied => "MIC-DENIED",
            Self::CamDenied => "CAM-DENIED",
            Self::NotifDenied => "NOTIF-DENIED",
            Self::Internal => "INTERNAL",
            Self::FileMany => "FILE-MANY",
            Self::FileTotal => "FILE-TOTAL",
            Self::PhraseHidden => "PHRASE-HIDDEN",
            Self::NameUnsupported => "NAME-UNSUPPORTED",
            Self::StoreReserve => "STORE-RESERVE",
        }
    }
}

/// A refused command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", code.code())]
pub struct Failure {
    /// Which entry of the catalogue.
    pub code: ErrorCode,
    /// A number that belongs to the text: a position, a length, a count.
    pub number: Option<u32>,
    /// Never user content.
    pub detail: String,
}
