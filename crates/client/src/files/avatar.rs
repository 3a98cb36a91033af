//! Profile pictures (20-messages 5.5, 6): the own one goes to the file server and is kept alive there; those of people whom we
//! accepted are fetched and kept.

use super::{Files, chunks, remote};
use crate::api::{Blob, ErrorCode, Event, Failure, FileId};
use crate::conversation::PictureRef;
use crate::outbox::failure;
use crate::ports::{Clock, Durability, Ports, Table};
use crate::store::{Key, RecordError, Records, Tx};
use crate::wake::either;
use onionskin_protocol::attachment::picture::{self, KEY_LEN};
use onionskin_protocol::attachment::server::FileServerError;
use onionskin_protocol::attachment::url::FileUrl;
use onionskin_protocol::entropy::draw;
use onionskin_protocol::hash::blake2b;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::message::content::ProfilePicture;
use onionskin_protocol::sorted::SortedMap;
use serde::{Deserialize, Serialize};

/// Largest picture (bytes): what iOS takes.
pub(super) const MAX_PICTURE: usize = 5_000_000;
/// Looks for pictures that are missing, and for the own one (ms).
const LOOK_EVERY: u64 = 600_000;
/// Waits (ms) between attempts to bring a picture to the server or from it, then the last one again and again.
const WAITS: [u64; 5] = [5_000, 15_000, 60_000, 300_000, 900_000];
/// What is gone is not asked for within this time (ms). Then its owner may have brought it to the server once more.
const NEVER: u64 = 24 * 3_600_000;
/// The life of the own picture is made longer once in this time (ms).
const RENEW_EVERY: u64 = 24 * 3_600_000;
/// Not when the profile changed within this time (s).
const YOUNG: u64 = 2 * 3_600;
/// When that fails, it is uploaded again after this time (s).
const OLD: u64 = 12 * 86_400;
/// Beginnings of pictures that everybody shows.
const BEGINNINGS: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF"];

/// A picture that is here.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    account: [u8; 32],
    /// Of the reference that led to it.
    mark: u64,
    size: u64,
}

/// What became of an attempt to fetch a picture.
enum Fetched {
    Here,
    /// A further attempt may do better.
    Later,
    /// What the reference names is no picture, or gone.
    Never,
}

/// The own picture on its way to the server.
#[derive(Clone, Serialize, Deserialize)]
struct Pending {
    key: [u8; KEY_LEN],
    size: u64,
}

/// Which pictures are here, by account: their marks. Also gives how many records cannot be read.
pub(super) async fn load<P: Ports>(
    records: &Records<P>,
) -> Result<(SortedMap<[u8; 32], u64>, usize), RecordError> {
    let from = prefix(records);
    let to = from.clone().then(&[0xff; 17]);
    let (found, damaged) = records.range::<Kept>(&from, &to, false, usize::MAX).await?;
    let marks = found.into_iter();
    let marks = marks.map(|(_, kept)| (kept.account, kept.mark)).collect();
    Ok((marks, damaged))
}

impl<P: Ports> Files<P> {
    /// Changes the own picture. It counts when it is on the file server; removing it counts at once.
    pub(crate) async fn set_avatar(&self, picture: Option<Blob>) -> Result<(), Failure> {
        let records = &self.conversations.records;
        let Some(Blob(bytes)) = picture else {
            let own = self.owner.id().key().0;
            let mut change = self.conversations.change().await;
            let profile = change.configs.profile_mut();
            let now = (self.network.now().as_millis() / 1_000).max(profile.updated_s() + 1);
            profile.set_picture(None, now).map_err(RecordError::from)?;
            self.drop_pending(&mut change.tx).await?;
            self.drop_picture(&mut change.tx, &own).await?;
            change.commit(Durability::Strict).await?;
            self.conversations.pictures.borrow_mut().remove(&own);
            self.tell_profile();
            return Ok(());
        };
        if bytes.len() > MAX_PICTURE {
            return Err(failure(ErrorCode::FileTooBig, None, ""));
        }
        if !is_picture(&bytes) {
            return Err(failure(ErrorCode::FileType, None, ""));
        }
        let pending = Pending {
            key: draw(&mut *self.ports.entropy()),
            size: bytes.len() as u64,
        };
        // In its turn: the one before may just have arrived at the server.
        let mut change = self.conversations.change().await;
        self.drop_pending(&mut change.tx).await?;
        change.tx.put(&pending_key(records), &pending);
        chunks::put(&mut change.tx, records, &pending_file(records), &bytes);
        change.commit(Durability::Strict).await?;
        self.pictures_changed.ring();
        Ok(())
    }

    /// The picture of somebody, or one's own; empty when there is none here.
    pub(crate) async fn avatar(&self, account_id: &str) -> Result<Blob, Failure> {
        let Ok(account) = account_id.parse::<AccountId>() else {
            return Err(failure(ErrorCode::IdFormat, None, "not an Account ID"));
        };
        let records = &self.conversations.records;
        let key = account.key().0;
        let bytes = match chunks::read(records, &picture_file(records, &key)).await {
            Err(error) if error.is_damage() => {
                // It is fetched once more.
                self.conversations.pictures.borrow_mut().remove(&key);
                self.pictures_changed.ring();
                None
            }
            read => read?,
        };
        Ok(Blob(bytes.unwrap_or_default()))
    }

    /// Brings the own picture to the server and keeps it alive there, until dropped.
    pub(super) async fn keep_own_picture(&self) {
        let once = async || {
            let failed = self.bring_own().await.is_err();
            // What fails here is looked at again the next time.
            let _ = self.renew_own().await;
            failed
        };
        self.again_and_again(once).await;
    }

    /// Fetches the pictures that are missing, until dropped.
    pub(super) async fn keep_pictures(&self) {
        let once = async || {
            let mut failed = self.sweep_pictures().await.is_err();
            for (account, reference) in self.missing() {
                let mark = reference.mark();
                match self.fetch_picture(account, &reference).await {
                    Ok(Fetched::Here) => {}
                    Ok(Fetched::Never) => {
                        let now = self.ports.clock().now().as_millis();
                        self.never.borrow_mut().insert(account, (mark, now));
                    }
                    Ok(Fetched::Later) | Err(_) => failed = true,
                }
            }
            failed
        };
        self.again_and_again(once).await;
    }

    /// Does something about pictures whenever they changed, and from time to time; sooner when it says that it failed.
    async fn again_and_again(&self, once: impl AsyncFn() -> bool) {
        let mut failures = 0;
        loop {
            let changed = self.pictures_changed.listen();
            self.network.until_ready().await;
            let failed = once().await;
            let wait = if failed {
                WAITS[failures.min(WAITS.len() - 1)]
            } else {
                LOOK_EVERY
            };
            failures = if failed { failures + 1 } else { 0 };
            either(changed, self.ports.clock().sleep(wait)).await;
        }
    }

    /// Uploads a picture that waits. An error: it has to be tried again.
    async fn bring_own(&self) -> Result<(), ()> {
        let records = &self.conversations.records;
        let pending: Option<Pending> = records
            .get_sound(&pending_key(records))
            .await
            .map_err(drop)?;
        let Some(pending) = pending else {
            return Ok(());
        };
        let file = pending_file(records);
        let bytes = match chunks::read(records, &file).await {
            Err(error) if error.is_damage() => None,
            read => read.map_err(drop)?,
        };
        let uploaded = match &bytes {
            Some(bytes) => self.upload_picture(bytes, &pending.key).await,
            None => Err(ErrorCode::FileUpload),
        };
        let (url, bytes) = match (uploaded, bytes) {
            (Ok(Some(url)), Some(bytes)) => (url, bytes),
            (Ok(_), _) => return Err(()),
            (Err(code), _) => {
                let mut tx = records.tx();
                tx.delete(&pending_key(records));
                chunks::delete(&mut tx, records, &file, pending.size);
                tx.commit(Durability::Strict).await.map_err(drop)?;
                let problem = failure(code, None, "the profile picture");
                self.conversations.events.emit(Event::Problem(problem));
                return Ok(());
            }
        };
        let mut change = self.conversations.change().await;
        let now: Option<Pending> = records
            .get_sound(&pending_key(records))
            .await
            .map_err(drop)?;
        if now.is_none_or(|now| now.key != pending.key) {
            // Another one was chosen, or it was removed, meanwhile.
            return Ok(());
        }
        let picture = ProfilePicture {
            url,
            key: pending.key.to_vec(),
        };
        let profile = change.configs.profile_mut();
        let now = (self.network.now().as_millis() / 1_000).max(profile.updated_s() + 1);
        profile.set_picture(Some(&picture), now).map_err(drop)?;
        let mark = crate::sync::reference(&picture).mark();
        let own = self.owner.id().key().0;
        self.drop_pending(&mut change.tx).await.map_err(drop)?;
        self.keep_picture(&mut change.tx, own, mark, &bytes)
            .await
            .map_err(drop)?;
        change.commit(Durability::Strict).await.map_err(drop)?;
        self.conversations.pictures.borrow_mut().insert(own, mark);
        self.tell_profile();
        Ok(())
    }

    /// The address of an encrypted picture; `None` when another attempt may do better. Its nonce follows from its key, which no
    /// other picture has: a repeat is the same file.
    async fn upload_picture(
        &self,
        bytes: &[u8],
        key: &[u8; KEY_LEN],
    ) -> Result<Option<String>, ErrorCode> {
        let nonce = blake2b::<12>(key, &[b"onionskin picture"]);
        let sealed = picture::seal_with(bytes, key, &nonce).map_err(|_| ErrorCode::FileTooBig)?;
        match remote::upload(&self.network, sealed).await {
            Ok(held) => Ok(Some(remote::address(&held.id))),
            Err(error) if error.is_final() => Err(error.of_upload()),
            Err(_) => Ok(None),
        }
    }

    /// Makes the own picture last, once a day (20-messages 5.5). Not while another device may have chosen another one that is
    /// not known here.
    async fn renew_own(&self) -> Result<(), RecordError> {
        // By a wrong clock it might be young for ever.
        if !self.sync.is_current() || !self.network.knows_time() {
            return Ok(());
        }
        let records = &self.conversations.records;
        let now = self.network.now().as_millis();
        let renewed = records
            .get_sound::<u64>(&renewed_key(records))
            .await?
            .unwrap_or(0);
        let age = {
            let set = self.owner.configs().get();
            (now / 1_000).abs_diff(set.profile.updated_s())
        };
        let Some(reference) = self.owner.picture() else {
            return Ok(());
        };
        // What lies ahead was written by a wrong clock.
        if now.abs_diff(renewed) < RENEW_EVERY || age < YOUNG {
            return Ok(());
        }
        let own = self.owner.id().key().0;
        let here = self.conversations.pictures.borrow().get(&own).copied();
        let same = here == Some(reference.mark());
        let url = match remote::extend(&self.network, &reference.url).await {
            Ok(_) => Some(reference.url.clone()),
            Err(remote::RemoteError::Server(FileServerError::Gone)) if !same => {
                // Only a device that has it can bring it back: the server is asked again tomorrow.
                let mut tx = records.tx();
                tx.put(&renewed_key(records), &now);
                return tx.commit(Durability::Relaxed).await;
            }
            Err(remote::RemoteError::Server(FileServerError::Gone)) => self.again(&reference).await,
            Err(_) if age > OLD => self.again(&reference).await,
            Err(_) => None,
        };
        let Some(url) = url else {
            return Ok(());
        };
        let mut change = self.conversations.change().await;
        if self.owner.picture().as_ref() != Some(&reference) {
            return Ok(());
        }
        let picture = ProfilePicture {
            url,
            key: reference.key.clone(),
        };
        let mark = crate::sync::reference(&picture).mark();
        let profile = change.configs.profile_mut();
        let now_s = (now / 1_000).max(profile.updated_s() + 1);
        profile.set_refreshed_picture(&picture, now_s)?;
        change.tx.put(&renewed_key(records), &now);
        // The same picture under another address need not be fetched.
        let kept: Option<Kept> = records.get_sound(&kept_key(records, &own)).await?;
        if let Some(kept) = kept.filter(|_| same) {
            change
                .tx
                .put(&kept_key(records, &own), &Kept { mark, ..kept });
        }
        change.commit(Durability::Strict).await?;
        if same {
            self.conversations.pictures.borrow_mut().insert(own, mark);
        }
        self.tell_profile();
        Ok(())
    }

    /// Uploads the own picture once more, when it is here: this one, and no other under its key.
    async fn again(&self, reference: &PictureRef) -> Option<String> {
        let records = &self.conversations.records;
        let own = self.owner.id().key().0;
        let key: [u8; KEY_LEN] = reference.key.as_slice().try_into().ok()?;
        let bytes = {
            let _turn = self.conversations.change().await;
            let kept: Option<Kept> = records.get(&kept_key(records, &own)).await.ok()?;
            kept.filter(|kept| kept.mark == reference.mark())?;
            chunks::read(records, &picture_file(records, &own)).await
        };
        self.upload_picture(&bytes.ok()??, &key).await.ok()?
    }

    /// Pictures of people whom we accepted, and our own, that are not here as they are named now and may be had.
    pub(super) fn missing(&self) -> Vec<([u8; 32], PictureRef)> {
        let here = self.conversations.pictures.borrow();
        let never = self.never.borrow();
        let now = self.ports.clock().now().as_millis();
        let own = self
            .owner
            .picture()
            .map(|own| (self.owner.id().key().0, own));
        let others = self.conversations.pictures_wanted();
        others
            .into_iter()
            .chain(own)
            .filter(|(account, reference)| {
                let mark = reference.mark();
                let rests = never.get(account).is_some_and(|(of, at)| {
                    let age = now.checked_sub(*at);
                    *of == mark && age.is_some_and(|age| age < NEVER)
                });
                here.get(account) != Some(&mark) && !rests
            })
            .collect()
    }

    /// Whether one of them is missing that was not looked for yet.
    pub(super) fn lacks_pictures(&self) -> bool {
        let missing = self.missing();
        let mut sought = self.sought.borrow_mut();
        let news = missing
            .iter()
            .any(|(account, reference)| sought.get(account) != Some(&reference.mark()));
        sought.extend(
            missing
                .iter()
                .map(|(account, reference)| (*account, reference.mark())),
        );
        news
    }

    /// Whose pictures are here although they have none any more, or are not known any more.
    fn strays(&self) -> Vec<[u8; 32]> {
        let own = self.owner.id().key().0;
        let here = self.conversations.pictures.borrow();
        let stray = |account: &&[u8; 32]| match **account == own {
            true => self.owner.picture().is_none(),
            false => !self.conversations.has_picture(account),
        };
        here.keys().filter(stray).copied().collect()
    }

    pub(super) fn has_strays(&self) -> bool {
        !self.strays().is_empty()
    }

    async fn sweep_pictures(&self) -> Result<(), RecordError> {
        if !self.has_strays() {
            return Ok(());
        }
        let mut change = self.conversations.change().await;
        let strays = self.strays();
        for account in &strays {
            self.drop_picture(&mut change.tx, account).await?;
        }
        change.commit(Durability::Relaxed).await?;
        let mut here = self.conversations.pictures.borrow_mut();
        for account in &strays {
            here.remove(account);
        }
        Ok(())
    }

    async fn fetch_picture(
        &self,
        account: [u8; 32],
        reference: &PictureRef,
    ) -> Result<Fetched, RecordError> {
        let Ok(key) = <[u8; KEY_LEN]>::try_from(reference.key.as_slice()) else {
            return Ok(Fetched::Never);
        };
        let encrypted =
            match remote::download(&self.network, &reference.url, MAX_PICTURE as u64 / 10).await {
                Ok(encrypted) => encrypted,
                Err(error) if error.is_final() => return Ok(Fetched::Never),
                Err(_) => return Ok(Fetched::Later),
            };
        let stream = FileUrl::parse(&reference.url).is_ok_and(|url| url.stream);
        let Ok(bytes) = picture::open(&encrypted, &key, stream) else {
            return Ok(Fetched::Never);
        };
        if bytes.len() > MAX_PICTURE || !is_picture(&bytes) {
            return Ok(Fetched::Never);
        }
        let mark = reference.mark();
        let mut change = self.conversations.change().await;
        let mut wanted = self.missing().into_iter();
        if !wanted.any(|(other, now)| other == account && now == *reference) {
            // Another one was chosen meanwhile.
            return Ok(Fetched::Here);
        }
        self.keep_picture(&mut change.tx, account, mark, &bytes)
            .await?;
        change.commit(Durability::Relaxed).await?;
        self.conversations
            .pictures
            .borrow_mut()
            .insert(account, mark);
        if account == self.owner.id().key().0 {
            self.tell_profile();
        }
        self.conversations.tell_picture(&account);
        Ok(Fetched::Here)
    }

    /// Puts a picture in the place of the one that is there.
    pub(super) async fn keep_picture(
        &self,
        tx: &mut Tx<P>,
        account: [u8; 32],
        mark: u64,
        bytes: &[u8],
    ) -> Result<(), RecordError> {
        let records = &self.conversations.records;
        self.drop_picture(tx, &account).await?;
        chunks::put(tx, records, &picture_file(records, &account), bytes);
        let kept = Kept {
            account,
            mark,
            size: bytes.len() as u64,
        };
        tx.put(&kept_key(records, &account), &kept);
        Ok(())
    }

    async fn drop_picture(&self, tx: &mut Tx<P>, account: &[u8; 32]) -> Result<(), RecordError> {
        let records = &self.conversations.records;
        let key = kept_key(records, account);
        let kept: Option<Kept> = records.get_sound(&key).await?;
        // Whatever it was, when nobody can tell.
        let size = kept.map_or(MAX_PICTURE as u64, |kept| kept.size);
        if kept.is_some() || records.has(&key).await? {
            chunks::delete(tx, records, &picture_file(records, account), size);
            tx.delete(&key);
        }
        Ok(())
    }

    async fn drop_pending(&self, tx: &mut Tx<P>) -> Result<(), RecordError> {
        let records = &self.conversations.records;
        let key = pending_key(records);
        let pending: Option<Pending> = records.get_sound(&key).await?;
        let size = pending.as_ref().map_or(MAX_PICTURE as u64, |one| one.size);
        if pending.is_some() || records.has(&key).await? {
            chunks::delete(tx, records, &pending_file(records), size);
            tx.delete(&key);
        }
        Ok(())
    }

    fn tell_profile(&self) {
        let profile = Event::Profile(self.owner.view(&self.conversations));
        self.conversations.events.emit(profile);
    }
}

pub(super) fn is_picture(bytes: &[u8]) -> bool {
    BEGINNINGS.iter().any(|start| bytes.starts_with(start))
}

fn prefix<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::File, "pictures", &[])
}

fn kept_key<P: Ports>(records: &Records<P>, account: &[u8; 32]) -> Key {
    prefix(records).then(&picture_file(records, account).0)
}

/// The name under which somebody's picture lies.
pub(super) fn picture_file<P: Ports>(records: &Records<P>, account: &[u8; 32]) -> FileId {
    file_named(&records.key::<16>(Table::File, "picture of", &[account]))
}

fn pending_file<P: Ports>(records: &Records<P>) -> FileId {
    file_named(&records.key::<16>(Table::File, "next picture", &[]))
}

fn file_named(key: &Key) -> FileId {
    FileId(key.bytes().try_into().unwrap_or_default())
}

fn pending_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::File, "pending picture", &[])
}

fn renewed_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::File, "picture renewed", &[])
}
