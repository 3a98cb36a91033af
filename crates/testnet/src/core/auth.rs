//! Who may do what: signatures of owners and of subaccounts (10-network 3.2).

use super::call::Auth;
use super::database::Database;
use onionskin_protocol::keys::{Ed25519PublicKey, Signature};

/// A subaccount may read.
pub const READ: u8 = 1;
/// A subaccount may store and extend.
pub const WRITE: u8 = 2;
/// A subaccount may delete and shorten.
pub const DELETE: u8 = 4;
/// A token counts whatever its prefix byte.
const ANY_PREFIX: u8 = 8;

/// Whether a token carries all these flags.
pub fn has_access(token: &[u8; 36], needed: u8) -> bool {
    token[1] & needed == needed
}

/// Checks a request's signature over `message`, with `needed` flags when it is a subaccount's. `even_revoked`: revocation
/// does not count (namespaces like −11). The reason of a refusal is not told.
pub fn verify(
    database: &Database,
    auth: &Auth,
    needed: u8,
    even_revoked: bool,
    message: &[u8],
) -> bool {
    let owner = match auth.ed25519 {
        Some(key) if auth.account.prefix == 5 => {
            let key = Ed25519PublicKey(key);
            if !key.to_x25519().is_ok_and(|x| x.0 == auth.account.key) {
                return false;
            }
            key
        }
        _ => Ed25519PublicKey(auth.account.key),
    };
    let signer = match &auth.subaccount {
        None => owner,
        Some((token, signature)) => {
            let revoked =
                !even_revoked && database.is_revoked(&auth.account, token).unwrap_or(true);
            let prefix_fits = token[0] == auth.account.prefix || has_access(token, ANY_PREFIX);
            if revoked
                || !prefix_fits
                || !has_access(token, needed)
                || owner.verify(token, &Signature(*signature)).is_err()
            {
                return false;
            }
            let mut key = [0; 32];
            key.copy_from_slice(&token[4..]);
            Ed25519PublicKey(key)
        }
    };
    signer.verify(message, &Signature(auth.signature)).is_ok()
}
