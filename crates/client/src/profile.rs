//! The owner of this account: seed, display name, and the clock from which everything we send gets its timestamp
//! (20-messages 1, 4.1, 6).

use crate::api::{ErrorCode, Failure, PhraseView, Profile};
use crate::ports::{Durability, Ports, Table};
use crate::store::{Key, RecordError, Records, Tx};
use onionskin_protocol::account::phrase::{WordList, to_bip39};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::message::proto;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use zeroize::Zeroizing;

/// Longest display name (bytes of UTF-8).
const MAX_NAME: usize = 100;
/// A message request response comes this long (ms) before the reply that sends it.
const RESPONSE_LEAD: u64 = 100;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ProfileRecord {
    name: String,
    /// Network time in s, 0 when there never was a name.
    updated: u64,
    phrase_checked: bool,
    /// Restored, and its messages were not fetched yet.
    restoring: bool,
}

/// Who we are.
pub(crate) struct Owner<P: Ports> {
    records: Records<P>,
    account: Account,
    temporary: bool,
    profile: RefCell<ProfileRecord>,
    last_timestamp: Cell<u64>,
}

impl<P: Ports> Owner<P> {
    pub(crate) async fn create(
        records: Records<P>,
        account: Account,
        name: &str,
        restored: bool,
        temporary: bool,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        if records.has(&seed_key(&records)).await? {
            return Err(Failure {
                code: ErrorCode::Internal,
                number: None,
                detail: "the store holds an account already".into(),
            });
        }
        let name = clip_name(name.trim()).to_owned();
        let updated = if name.is_empty() {
            0
        } else {
            now.as_millis() / 1_000
        };
        let profile = ProfileRecord {
            name,
            updated,
            phrase_checked: restored,
            restoring: restored,
        };
        let mut tx = records.tx();
        tx.put(&seed_key(&records), account.seed().as_bytes());
        tx.put(&profile_key(&records), &profile);
        tx.commit(Durability::Strict).await?;
        Ok(Self {
            records,
            account,
            temporary,
            profile: RefCell::new(profile),
            last_timestamp: Cell::new(0),
        })
    }

    pub(crate) async fn open(records: Records<P>, temporary: bool) -> Result<Self, Failure> {
        let seed: Option<Zeroizing<[u8; 16]>> =
            records.get(&seed_key(&records)).await?.map(Zeroizing::new);
        let seed = seed.ok_or_else(|| Failure {
            code: ErrorCode::StoreEvicted,
            number: None,
            detail: "the store holds no account".into(),
        })?;
        let profile: Option<ProfileRecord> = records.get(&profile_key(&records)).await?;
        let profile = profile.ok_or(RecordError::Form)?;
        let last = records.get::<u64>(&stamp_key(&records)).await?.unwrap_or(0);
        Ok(Self {
            records,
            account: Account::from_seed(Seed::from_bytes(*seed)),
            temporary,
            profile: RefCell::new(profile),
            last_timestamp: Cell::new(last),
        })
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn id(&self) -> AccountId {
        self.account.id()
    }

    pub(crate) fn view(&self) -> Profile {
        let profile = self.profile.borrow();
        Profile {
            account_id: self.id().to_string(),
            name: profile.name.clone(),
            temporary: self.temporary,
            phrase_checked: profile.phrase_checked,
        }
    }

    pub(crate) fn phrase(&self) -> PhraseView {
        PhraseView {
            words: WordList::english().encode(self.account.seed()),
            second_form: to_bip39(self.account.seed()),
        }
    }

    /// What goes with every message to others; none without a name.
    pub(crate) fn wire_profile(&self) -> Option<proto::LokiProfile> {
        let profile = self.profile.borrow();
        (!profile.name.is_empty()).then(|| proto::LokiProfile {
            display_name: Some(profile.name.clone()),
            last_profile_update_seconds: Some(profile.updated),
            ..Default::default()
        })
    }

    pub(crate) async fn set_name(&self, name: &str, now: Timestamp) -> Result<(), RecordError> {
        let mut changed = self.profile.borrow().clone();
        changed.name = clip_name(name.trim()).to_owned();
        changed.updated = (now.as_millis() / 1_000).max(changed.updated + 1);
        self.save(changed).await
    }

    pub(crate) async fn set_phrase_checked(&self, checked: bool) -> Result<(), RecordError> {
        let changed = ProfileRecord {
            phrase_checked: checked,
            ..self.profile.borrow().clone()
        };
        self.save(changed).await
    }

    pub(crate) fn is_restoring(&self) -> bool {
        self.profile.borrow().restoring
    }

    pub(crate) async fn restored(&self) -> Result<(), RecordError> {
        let changed = ProfileRecord {
            restoring: false,
            ..self.profile.borrow().clone()
        };
        self.save(changed).await
    }

    async fn save(&self, changed: ProfileRecord) -> Result<(), RecordError> {
        let mut tx = self.records.tx();
        tx.put(&profile_key(&self.records), &changed);
        tx.commit(Durability::Strict).await?;
        *self.profile.borrow_mut() = changed;
        Ok(())
    }

    /// A timestamp that we never used before and never will again: now, or one more than the last. Goes into `tx`.
    pub(crate) fn stamp(&self, now: Timestamp, tx: &mut Tx<P>) -> Timestamp {
        self.keep_stamp(
            now.as_millis()
                .max(self.last_timestamp.get().saturating_add(1)),
            tx,
        )
    }

    /// Two of them: of a message request response, and of the reply that sends it, 100 ms later (20-messages 4.3).
    pub(crate) fn stamp_pair(&self, now: Timestamp, tx: &mut Tx<P>) -> (Timestamp, Timestamp) {
        let first_free = self.last_timestamp.get().saturating_add(1);
        let reply = self.keep_stamp(
            now.as_millis()
                .max(first_free.saturating_add(RESPONSE_LEAD)),
            tx,
        );
        (Timestamp(reply.as_millis() - RESPONSE_LEAD), reply)
    }

    fn keep_stamp(&self, stamp: u64, tx: &mut Tx<P>) -> Timestamp {
        self.last_timestamp.set(stamp);
        tx.put(&stamp_key(&self.records), &stamp);
        Timestamp(stamp)
    }
}

fn seed_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Account, "seed", &[])
}

fn profile_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Account, "profile", &[])
}

fn stamp_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Account, "last timestamp", &[])
}

/// At most 100 bytes, cut between code points (20-messages 4.8).
pub(crate) fn clip_name(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_code_points() {
        let name = "é".repeat(60);
        assert_eq!(clip_name(&name).len(), 100);
        let name = format!("a{name}");
        assert_eq!(clip_name(&name).len(), 99);
        assert_eq!(clip_name("short"), "short");
    }
}
