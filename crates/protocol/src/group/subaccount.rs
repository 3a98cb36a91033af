//! How a member reaches the swarm of a group (31-groups 3). An admin gives each member a secret of 100 bytes; the member
//! signs requests with a key that only the two of them can make, and shows the group's signature over it.
//!
//! ```text
//!  auth data   03 | flags | 00 00 | k (32)  | the group's signature over the token (64)
//!  token       03 | flags | 00 00 | kT (32) | k·T, an Ed25519 key
//!  T = the Ed25519 key with sign bit 0 of the member's Account ID
//! ```

use crate::config::ids::GroupId;
use crate::config::user_groups::AuthData;
use crate::hash::blake2b;
use crate::id::AccountId;
use crate::keys::{Ed25519PublicKey, Ed25519SecretKey, KeyError, Signature};
use crate::rpc::auth::{Auth, Signer, Subaccount};
use crate::rpc::signed::SubaccountToken;
use crate::xed25519;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use sha2::{Digest as _, Sha512};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

const READ: u8 = 1;
const WRITE: u8 = 2;
const DELETE: u8 = 4;
const ANY_PREFIX: u8 = 8;

/// What a member may do besides reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Store, and keep alive.
    pub write: bool,
    /// Delete.
    pub delete: bool,
}

impl Rights {
    /// What every member gets.
    pub const MEMBER: Self = Self {
        write: true,
        delete: false,
    };

    const fn flags(self) -> u8 {
        let write = if self.write { WRITE } else { 0 };
        let delete = if self.delete { DELETE } else { 0 };
        READ | write | delete
    }
}

/// Why auth data is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// It is for another kind of account, or gives too few rights.
    #[error("the access to the group lacks a right that is needed")]
    Rights,
    /// It is not for this person, or not from this group.
    #[error("the access to the group is for somebody else or forged")]
    Forged,
}

/// The secret that a member gets. The same again for the same member, so who was removed and comes back has the same token.
pub fn issue(
    group: &Ed25519SecretKey,
    member: &AccountId,
    rights: Rights,
) -> Result<AuthData, KeyError> {
    let (token, blind) = make(group, member, rights)?;
    let mut data = AuthData([0; 100]);
    data.0[..4].copy_from_slice(&token[..4]);
    data.0[4..36].copy_from_slice(blind.as_bytes());
    data.0[36..].copy_from_slice(&group.sign(&token).0);
    Ok(data)
}

/// The token of a member, to be revoked.
pub fn token(
    group: &Ed25519SecretKey,
    member: &AccountId,
    rights: Rights,
) -> Result<SubaccountToken, KeyError> {
    make(group, member, rights).map(|(token, _)| token)
}

fn make(
    group: &Ed25519SecretKey,
    member: &AccountId,
    rights: Rights,
) -> Result<(SubaccountToken, Zeroizing<Scalar>), KeyError> {
    let mask: Zeroizing<[u8; 32]> =
        Zeroizing::new(blake2b(b"SessionGroupSubaccountMask", &[group.seed()]));
    let group_id = GroupId::from_key(group.public()).to_bytes();
    let blind: Zeroizing<[u8; 64]> =
        Zeroizing::new(blake2b(&*mask, &[&member.to_bytes(), &group_id]));
    let blind = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&blind));
    let key = xed25519::to_ed25519(member.key())?.point()? * *blind;
    let token = token_of([GroupId::PREFIX, rights.flags(), 0, 0], &key);
    Ok((token, blind))
}

fn token_of(head: [u8; 4], key: &EdwardsPoint) -> SubaccountToken {
    let mut token = [0; 36];
    token[..4].copy_from_slice(&head);
    token[4..].copy_from_slice(key.compress().as_bytes());
    token
}

/// A member's access to the swarm: signs requests.
pub struct Access {
    group: GroupId,
    token: SubaccountToken,
    token_signature: Signature,
    scalar: Zeroizing<Scalar>,
    nonce_key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Access").field(&self.group).finish()
    }
}

impl Access {
    /// Checks what an admin sent (31-groups 3.3): it must be from the group, for this account, and give the `needed` rights.
    pub fn new(
        data: &AuthData,
        account: &Ed25519SecretKey,
        group: &GroupId,
        needed: Rights,
    ) -> Result<Self, AuthError> {
        let (head, rest) = data.0.split_first_chunk::<4>().ok_or(AuthError::Forged)?;
        let (blind, signature) = rest.split_first_chunk::<32>().ok_or(AuthError::Forged)?;
        let signature = Signature(signature.try_into().map_err(|_| AuthError::Forged)?);
        let [prefix, flags, ..] = *head;
        let fits = prefix == GroupId::PREFIX || flags & ANY_PREFIX != 0;
        if !fits || flags & needed.flags() != needed.flags() {
            return Err(AuthError::Rights);
        }
        // The top bit of k has no effect.
        let mut blind = Zeroizing::new(*blind);
        blind[31] &= 0x7f;
        let blind = Zeroizing::new(Scalar::from_bytes_mod_order(*blind));

        let mut public = account.public().0;
        let negative = public[31] & 0x80 != 0;
        public[31] &= 0x7f;
        let positive = CompressedEdwardsY(public).decompress();
        let key = positive.ok_or(AuthError::Forged)? * *blind;
        let token = token_of(*head, &key);
        group
            .key()
            .verify(&token, &signature)
            .map_err(|_| AuthError::Forged)?;

        let mut clamped = clamp_integer(*account.to_x25519().as_bytes());
        let mut secret = Zeroizing::new(Scalar::from_bytes_mod_order(clamped));
        clamped.zeroize();
        if negative {
            *secret = -*secret;
        }
        Ok(Self {
            group: *group,
            token,
            token_signature: signature,
            scalar: Zeroizing::new(*blind * *secret),
            nonce_key: Zeroizing::new(blake2b(b"SubaccountSeed", &[account.seed()])),
        })
    }

    /// The key that verifies the requests.
    pub fn key(&self) -> Ed25519PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(&self.token[4..]);
        Ed25519PublicKey(key)
    }

    /// What goes with a request.
    pub fn auth(&self) -> Auth<'_> {
        Auth::Subaccount(Subaccount {
            owner: self.group.swarm_id(),
            owner_key: None,
            token: self.token,
            token_signature: self.token_signature,
            signer: self,
        })
    }
}

impl Signer for Access {
    /// An ordinary Ed25519 signature under the key of the token; only the nonce is made otherwise, since there is no seed.
    fn sign(&self, message: &[u8]) -> Signature {
        let public = &self.token[4..];
        let nonce: Zeroizing<[u8; 64]> = Zeroizing::new(blake2b(
            b"SubaccountSig",
            &[&*self.nonce_key, public, message],
        ));
        let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&nonce));
        let point = EdwardsPoint::mul_base(&nonce).compress();
        let challenge = Sha512::new()
            .chain_update(point.as_bytes())
            .chain_update(public)
            .chain_update(message);
        let challenge = Scalar::from_bytes_mod_order_wide(&challenge.finalize().into());
        let answer = *nonce + challenge * *self.scalar;
        let mut out = [0; 64];
        out[..32].copy_from_slice(point.as_bytes());
        out[32..].copy_from_slice(answer.as_bytes());
        Signature(out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn id(account: &Ed25519SecretKey) -> AccountId {
        AccountId::from_key(account.to_x25519().public())
    }

    #[test]
    fn every_changed_bit_of_the_secret_is_noticed_except_the_one_without_effect() {
        let group = Ed25519SecretKey::from_seed(&[1; 32]);
        let account = Ed25519SecretKey::from_seed(&[2; 32]);
        let group_id = GroupId::from_key(group.public());
        let data = issue(&group, &id(&account), Rights::MEMBER).unwrap();
        for bit in 0..800 {
            let mut changed = data.clone();
            changed.0[bit / 8] ^= 1 << (bit % 8);
            let result = Access::new(&changed, &account, &group_id, Rights::MEMBER);
            assert_eq!(result.is_ok(), bit == 35 * 8 + 7, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn a_member_signs_with_the_key_of_their_token(seed: [u8; 32], group: [u8; 32], message: Vec<u8>, write: bool, delete: bool) {
            let (account, group) = (Ed25519SecretKey::from_seed(&seed), Ed25519SecretKey::from_seed(&group));
            let rights = Rights { write, delete };
            let data = issue(&group, &id(&account), rights).unwrap();
            let group_id = GroupId::from_key(group.public());
            let access = Access::new(&data, &account, &group_id, rights).unwrap();
            prop_assert_eq!(access.token, token(&group, &id(&account), rights).unwrap());
            prop_assert!(access.key().verify(&message, &access.sign(&message)).is_ok());
            prop_assert!(group.public().verify(&access.token, &access.token_signature).is_ok());
            let all = Rights { write: true, delete: true };
            prop_assert_eq!(Access::new(&data, &account, &group_id, all).is_ok(), write && delete);
            let other = Ed25519SecretKey::from_seed(&[0x77; 32]);
            prop_assert_eq!(Access::new(&data, &other, &group_id, rights).unwrap_err(), AuthError::Forged);
        }
    }
}
