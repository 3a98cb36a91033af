//! The owner of this account: seed, display name, and the clock from which everything we send gets its timestamp
//! (20-messages 1, 4.1, 6).

use crate::api::{BackupOrder, ErrorCode, Failure, PhraseView, Profile};
use crate::conversation::{Change, Conversations, PictureRef};
use crate::network::Network;
use crate::ports::{Clock, Durability, Ports, Table};
use crate::store::{Key, RecordError, Records, Tx};
use crate::sync::{self, Configs};
use crate::turns::Turns;
use onionskin_protocol::account::phrase::{WordList, to_bip39};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::message::proto;
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use zeroize::Zeroizing;

/// Longest display name (bytes of UTF-8).
const MAX_NAME: usize = 100;
/// After so many days somebody is reminded of the phrase again.
const REMIND_DAYS: [u64; 3] = [1, 7, 30];
const DAY_MS: u64 = 86_400_000;
/// For so many days the reminder of a backup is put off.
const BACKUP_PUT_OFF_DAYS: u64 = 7;
/// So far (ms) the last timestamp may be ahead of the network's time: a clock that was a little wrong must not put what is
/// said next before what was said last.
const AHEAD: u64 = 24 * 3_600_000;
/// A message request response comes this long (ms) before the reply that sends it.
const RESPONSE_LEAD: u64 = 100;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ProfileRecord {
    /// A name that counts when it turns out that the account has none; empty when that is settled.
    proposed: String,
    phrase_checked: bool,
    /// Restored, and its messages were not fetched yet.
    restoring: bool,
    /// When the phrase was checked (ms); 0: it was not, or when is not known.
    checked_at: u64,
    /// So often the reminder of it was put off.
    put_off: u8,
    /// Until when it was put off (ms).
    remind_at: u64,
    /// The phrase is not shown on this device any more.
    hidden: bool,
    /// When the account was erased from the network (ms): from then on nothing is stored in the own swarm. 0: it was not.
    erased_at: u64,
    /// When the last backup was made (ms); 0: none was.
    backup_at: u64,
    /// Until when the reminder of it was put off (ms).
    backup_remind_at: u64,
    /// There is an order for more like it.
    backup_repeats: bool,
}

/// A profile, and the key of its picture where it has one: they travel in two fields (20-messages 6).
pub(crate) type WireProfile = (proto::LokiProfile, Option<Vec<u8>>);

/// The two fields.
pub(crate) fn unzip(profile: Option<WireProfile>) -> (Option<proto::LokiProfile>, Option<Vec<u8>>) {
    let (profile, key) = profile.unzip();
    (profile, key.flatten())
}

/// Who we are. Name and picture stand in the UserProfile config and nowhere else.
pub(crate) struct Owner<P: Ports> {
    records: Records<P>,
    account: Account,
    temporary: bool,
    configs: Rc<Configs<P>>,
    profile: RefCell<ProfileRecord>,
    /// Held while the record is changed: what is written at the same time must not undo it.
    changing: Turns,
    last_timestamp: Cell<u64>,
}

impl<P: Ports> Owner<P> {
    pub(crate) async fn create(
        ports: Rc<P>,
        records: Records<P>,
        account: Account,
        name: &str,
        restored: bool,
        temporary: bool,
    ) -> Result<Self, Failure> {
        if records.has(&seed_key(&records)).await? {
            return Err(Failure {
                code: ErrorCode::Internal,
                number: None,
                detail: "the store holds an account already".into(),
            });
        }
        let now = ports.clock().now();
        let configs = Configs::open(ports, records.clone(), &account).await?;
        let mut set = configs.get().clone();
        let name = clip_name(name.trim()).to_owned();
        let mut tx = records.tx();
        if !restored {
            let set_name = set.profile_mut().set_name(&name, now.as_millis() / 1_000);
            set_name.map_err(RecordError::from)?;
            configs.write(&mut set, &mut tx);
        }
        let profile = ProfileRecord {
            // Whoever restores an account does not rename it.
            proposed: if restored { name } else { String::new() },
            phrase_checked: restored,
            restoring: restored,
            ..ProfileRecord::default()
        };
        tx.put(&seed_key(&records), account.seed().as_bytes());
        tx.put(&profile_key(&records), &profile);
        tx.commit(Durability::Strict).await?;
        configs.install(set);
        Ok(Self {
            records,
            account,
            temporary,
            configs: Rc::new(configs),
            profile: RefCell::new(profile),
            changing: Turns::default(),
            last_timestamp: Cell::new(0),
        })
    }

    pub(crate) async fn open(
        ports: Rc<P>,
        records: Records<P>,
        temporary: bool,
    ) -> Result<Self, Failure> {
        let seed: Option<Zeroizing<[u8; 16]>> =
            records.get(&seed_key(&records)).await?.map(Zeroizing::new);
        let seed = seed.ok_or_else(|| Failure {
            code: ErrorCode::StoreEvicted,
            number: None,
            detail: "the store holds no account".into(),
        })?;
        let account = Account::from_seed(Seed::from_bytes(*seed));
        // Of what stands there, all can be asked or shown once more.
        let profile: Option<ProfileRecord> = records.get_sound(&profile_key(&records)).await?;
        let profile = profile.unwrap_or_default();
        let last = records.get_sound::<u64>(&stamp_key(&records)).await?;
        let configs = Configs::open(ports, records.clone(), &account).await?;
        Ok(Self {
            records,
            account,
            temporary,
            configs: Rc::new(configs),
            profile: RefCell::new(profile),
            changing: Turns::default(),
            last_timestamp: Cell::new(last.unwrap_or(0)),
        })
    }

    /// What all devices of this account share.
    pub(crate) fn configs(&self) -> &Rc<Configs<P>> {
        &self.configs
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn id(&self) -> AccountId {
        self.account.id()
    }

    /// The display name; empty when there is none.
    pub(crate) fn name(&self) -> String {
        let name = self.configs.get().profile.name();
        if name.is_empty() {
            self.profile.borrow().proposed.clone()
        } else {
            clip_name(&name).to_owned()
        }
    }

    /// Where the own picture lies.
    pub(crate) fn picture(&self) -> Option<PictureRef> {
        let picture = self.configs.get().profile.picture();
        picture.as_ref().map(sync::reference)
    }

    pub(crate) fn view(&self, conversations: &Conversations<P>) -> Profile {
        let own = self.id().key().0;
        // What is not here yet cannot be shown.
        let avatar = self
            .picture()
            .and_then(|_| conversations.pictures.borrow().get(&own).copied());
        let profile = self.profile.borrow();
        Profile {
            account_id: self.id().to_string(),
            name: self.name(),
            avatar,
            temporary: self.temporary,
            phrase_checked: profile.phrase_checked,
            phrase_checked_at: Some(profile.checked_at).filter(|at| *at > 0),
            phrase_remind_at: profile.remind_at,
            phrase_hidden: profile.hidden,
            erased_at: self.erased_at(),
            backup_at: profile.backup_at,
            backup_remind_at: profile.backup_remind_at,
            backup_repeats: profile.backup_repeats,
        }
    }

    /// The recovery phrase, unless it was hidden on this device.
    pub(crate) fn phrase(&self) -> Result<PhraseView, Failure> {
        if self.profile.borrow().hidden {
            return Err(Failure {
                code: ErrorCode::PhraseHidden,
                number: None,
                detail: String::new(),
            });
        }
        Ok(PhraseView {
            words: WordList::english().encode(self.account.seed()),
            second_form: to_bip39(self.account.seed()),
            seed: self.account.seed().to_hex().to_string(),
        })
    }

    /// This device shows the phrase no more, for good.
    pub(crate) async fn hide_phrase(&self) -> Result<(), RecordError> {
        self.save(|profile| profile.hidden = true).await
    }

    /// What goes with every message to others; none without a name.
    pub(crate) fn wire_profile(&self) -> Option<WireProfile> {
        let name = self.name();
        let (url, key) = match self.picture() {
            Some(picture) => (Some(picture.url), Some(picture.key)),
            None => (None, None),
        };
        let profile = proto::LokiProfile {
            profile_picture: url,
            last_profile_update_seconds: Some(self.configs.get().profile.updated_s()),
            display_name: Some(name.clone()),
        };
        (!name.is_empty()).then_some((profile, key))
    }

    /// Changes the name on all devices; empty removes it.
    pub(crate) async fn set_name(
        &self,
        conversations: &Conversations<P>,
        name: &str,
        now: Timestamp,
    ) -> Result<(), RecordError> {
        let mut change = conversations.change().await;
        let profile = change.configs.profile_mut();
        let now_s = (now.as_millis() / 1_000).max(profile.updated_s() + 1);
        profile.set_name(clip_name(name.trim()), now_s)?;
        let _turn = self.changing.next().await;
        let decided = ProfileRecord {
            proposed: String::new(),
            ..self.profile.borrow().clone()
        };
        change.tx.put(&profile_key(&self.records), &decided);
        change.commit(Durability::Strict).await?;
        *self.profile.borrow_mut() = decided;
        Ok(())
    }

    /// Everything that other devices stored is known now: a name that was proposed when the account was restored counts if
    /// it has none. True when it does.
    pub(crate) async fn adopt_name(
        &self,
        conversations: &Conversations<P>,
        now: Timestamp,
    ) -> Result<bool, RecordError> {
        let proposed = self.profile.borrow().proposed.clone();
        if proposed.is_empty() {
            return Ok(false);
        }
        if self.configs.get().profile.name().is_empty() {
            self.set_name(conversations, &proposed, now).await?;
            return Ok(true);
        }
        self.save(|profile| profile.proposed.clear()).await?;
        Ok(false)
    }

    /// The person has shown that they wrote the phrase down.
    pub(crate) async fn phrase_checked(&self, now: Timestamp) -> Result<(), RecordError> {
        self.save(|profile| {
            (profile.phrase_checked, profile.checked_at) = (true, now.as_millis());
        })
        .await
    }

    /// They want to be reminded later, and less often each time.
    pub(crate) async fn put_phrase_off(&self, now: Timestamp) -> Result<(), RecordError> {
        self.save(|profile| {
            let days = REMIND_DAYS.get(usize::from(profile.put_off));
            let days = days.unwrap_or(&REMIND_DAYS[REMIND_DAYS.len() - 1]);
            profile.put_off = profile.put_off.saturating_add(1);
            profile.remind_at = now.as_millis() + days * DAY_MS;
        })
        .await
    }

    /// When the account was erased from the network (ms), unless it was stored again since.
    pub(crate) fn erased_at(&self) -> Option<u64> {
        Some(self.profile.borrow().erased_at).filter(|at| *at > 0)
    }

    /// From now on nothing is stored in the own swarm; `None`: it is again.
    pub(crate) async fn set_erased(&self, at: Option<Timestamp>) -> Result<(), RecordError> {
        self.save(|profile| profile.erased_at = at.map_or(0, Timestamp::as_millis))
            .await
    }

    /// The seed, for a backup, unless this device gives it away no more.
    pub(crate) fn seed(&self) -> Result<[u8; 16], Failure> {
        self.phrase()?;
        Ok(*self.account.seed().as_bytes())
    }

    /// A backup was made.
    pub(crate) async fn backed_up(&self, at: u64) -> Result<(), RecordError> {
        self.save(|profile| (profile.backup_at, profile.backup_remind_at) = (at, 0))
            .await
    }

    /// Keeps an order for more backups, or forgets it.
    pub(crate) async fn order_backups(
        &self,
        order: Option<&BackupOrder>,
    ) -> Result<(), RecordError> {
        let key = order_key(&self.records);
        let mut tx = self.records.tx();
        match order {
            Some(order) => tx.put(&key, order),
            None => tx.delete(&key),
        };
        self.save_with(tx, |profile| profile.backup_repeats = order.is_some())
            .await
    }

    /// The order for more backups.
    pub(crate) async fn backup_order(&self) -> Result<Option<BackupOrder>, RecordError> {
        self.records.get(&order_key(&self.records)).await
    }

    /// They want to be reminded of a backup in a week.
    pub(crate) async fn put_backup_off(&self, now: Timestamp) -> Result<(), RecordError> {
        self.save(|profile| {
            profile.backup_remind_at = now.as_millis() + BACKUP_PUT_OFF_DAYS * DAY_MS;
        })
        .await
    }

    pub(crate) fn is_restoring(&self) -> bool {
        self.profile.borrow().restoring
    }

    pub(crate) async fn restored(&self) -> Result<(), RecordError> {
        self.save(|profile| profile.restoring = false).await
    }

    async fn save(&self, change: impl FnOnce(&mut ProfileRecord)) -> Result<(), RecordError> {
        self.save_with(self.records.tx(), change).await
    }

    /// The same, and what a transaction has already.
    async fn save_with(
        &self,
        mut tx: Tx<P>,
        change: impl FnOnce(&mut ProfileRecord),
    ) -> Result<(), RecordError> {
        let _turn = self.changing.next().await;
        let mut changed = self.profile.borrow().clone();
        change(&mut changed);
        tx.put(&profile_key(&self.records), &changed);
        tx.commit(Durability::Strict).await?;
        *self.profile.borrow_mut() = changed;
        Ok(())
    }

    /// A timestamp that we never used before and never will again: now, or one more than the last. Goes into `tx`.
    pub(crate) fn stamp(&self, network: &Network<P>, tx: &mut Tx<P>) -> Timestamp {
        self.keep_stamp(self.next_stamp(network, 0), tx)
    }

    /// The same for what is kept under its timestamp: `taken` are those that are in use.
    pub(crate) async fn free_stamp(
        &self,
        network: &Network<P>,
        change: &mut Change<'_, P>,
        taken: impl Fn(u64) -> bool,
    ) -> Result<Timestamp, RecordError> {
        self.find_stamp(network, change, taken, 0).await
    }

    /// This timestamp was used, also when the record of the last one is lost.
    pub(crate) fn used(&self, stamp: u64) {
        self.last_timestamp
            .set(self.last_timestamp.get().max(stamp));
    }

    /// Two of them: of a message request response, and of the reply that sends it, 100 ms later (20-messages 4.3).
    pub(crate) async fn free_pair(
        &self,
        network: &Network<P>,
        change: &mut Change<'_, P>,
        taken: impl Fn(u64) -> bool,
    ) -> Result<(Timestamp, Timestamp), RecordError> {
        let reply = self
            .find_stamp(network, change, taken, RESPONSE_LEAD)
            .await?;
        Ok((Timestamp(reply.as_millis() - RESPONSE_LEAD), reply))
    }

    async fn find_stamp(
        &self,
        network: &Network<P>,
        change: &mut Change<'_, P>,
        taken: impl Fn(u64) -> bool,
        lead: u64,
    ) -> Result<Timestamp, RecordError> {
        let own = self.id().key().0;
        let mut stamp = self.next_stamp(network, lead);
        loop {
            let (first, last) = (stamp.saturating_sub(lead), self.last_timestamp.get());
            let free = !taken(stamp)
                && !taken(first)
                && !change.knows(&own, stamp).await?
                && (lead == 0 || !change.knows(&own, first).await?);
            // A signal may have taken one meanwhile.
            if free && self.last_timestamp.get() == last {
                return Ok(self.keep_stamp(stamp, &mut change.tx));
            }
            stamp = stamp.saturating_add(1).max(self.next_stamp(network, lead));
        }
    }

    /// Now, or what leaves `lead` ms free behind the last one. A last one of a clock that was far ahead counts no more when the
    /// time is known: everything would be dated ahead for ever.
    fn next_stamp(&self, network: &Network<P>, lead: u64) -> u64 {
        let (now, last) = (network.now().as_millis(), self.last_timestamp.get());
        if network.knows_time() && last > now.saturating_add(AHEAD) {
            return now;
        }
        now.max(last.saturating_add(1).saturating_add(lead))
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

fn order_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Account, "backups", &[])
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
