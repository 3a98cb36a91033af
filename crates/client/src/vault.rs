//! The vault: what a device keeps of an account, sealed (50-browser 8.1).
//!
//! One random key ([`VaultKey`]) seals every record and blinds every name of a record. The key itself lies in a
//! [`VaultHeader`], wrapped once for each opener: a passphrase, or a key that the browser keeps. The header is the only
//! part of a vault that is not sealed; it says nothing about the account.

mod header;
mod key;
mod passphrase;

pub use header::{MAX_DEVICE_BYTES, VaultHeader};
pub use key::VaultKey;
pub use passphrase::{KdfParams, OpenerKey, derive_passphrase_key};

use crate::api::{ErrorCode, Failure};

/// Why a vault or one of its records does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The opener does not fit: a wrong passphrase.
    #[error("the passphrase does not open this vault")]
    Wrong,
    /// The vault has no opener of this kind.
    #[error("the vault has no such opener")]
    NoOpener,
    /// Not a vault header, cut short, or with an impossible length.
    #[error("the vault header is damaged")]
    Header,
    /// Written by a later version.
    #[error("the vault was written by a later version ({0})")]
    Version(u8),
    /// Parameters of the key derivation outside of what is accepted.
    #[error("the parameters of the key derivation are not acceptable")]
    Parameters,
    /// The passphrase is not UTF-8.
    #[error("the passphrase is not text")]
    Text,
    /// A record was changed, moved or belongs to another vault.
    #[error("a record is damaged")]
    Record,
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let code = match error {
            VaultError::Wrong | VaultError::NoOpener | VaultError::Text => ErrorCode::VaultPass,
            VaultError::Header
            | VaultError::Version(_)
            | VaultError::Parameters
            | VaultError::Record => ErrorCode::VaultDamaged,
        };
        Failure {
            code,
            number: None,
            detail: error.to_string(),
        }
    }
}
