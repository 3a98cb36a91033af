//! Taking a backup in. Each step is one transaction, and a step that was done changes nothing when it is done again: after a
//! crash, and for a backup that was taken in before, everything ends the same.
//!
//! What is here counts before what the backup says; what is empty here is filled. Messages are known by author and sent
//! timestamp. One that was deleted stays deleted, unless its whole conversation was: then the conversation comes back with
//! what the backup has of it, but for messages that disappear. Which conversations those are is kept until the end, since
//! after the first step they are here.

use super::format::{Head, Header, Opener};
use super::items::{Draft, File, Item, Message, Name, PREVIEW, Picture, Profile};
use super::{Backups, view};
use crate::api::{
    BackupCounts, BackupKey, BackupView, Delivery, ErrorCode, Failure, FileId, FileKind,
    MergeConflict, MergeField, MergeLoss, MergeReport, MessageKind, Notify, Settings, SyncState,
    Timer,
};
use crate::conversation::{Change, ConversationRecord};
use crate::disappear;
use crate::files::{clean_name, clean_type, is_dangerous, kind_of, put_whole};
use crate::message::{FileRecord, MessageRecord, clip_text};
use crate::outbox::failure;
use crate::ports::{Clock, Durability, Ports, Table};
use crate::profile::clip_name;
use crate::reaction::set_reaction;
use crate::rows::{clip_label, clip_note};
use crate::store::{Key, RecordError, Records};
use onionskin_protocol::config::UserGroups;
use onionskin_protocol::entropy::draw;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::message::content::ProfilePicture;
use serde::{Deserialize, Serialize};

/// Items taken in within one transaction.
const AT_ONCE: usize = 40;
/// Conflicts that are named.
const MAX_CONFLICTS: usize = 100;
/// Bytes of the largest file that the vault keeps.
const MAX_FILE: usize = 16 * 1024 * 1024;
/// So long (ms) a new account waits for what its other devices know, and between looks.
const PATIENCE: u64 = 20_000;
const LOOK: u64 = 250;

/// A backup that is being taken in.
pub(super) struct Merging {
    opener: Opener,
    head: Head,
    marker: Marker,
    read: BackupCounts,
    end: Option<BackupCounts>,
    report: MergeReport,
}

/// What has to be known of an unfinished merge when it is begun again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Marker {
    /// Random bytes of the file.
    file: Vec<u8>,
    /// The account was made for it.
    fresh: bool,
    /// The other sides of conversations that were not here.
    brought_back: Vec<[u8; 32]>,
}

fn marker_key<P: Ports>(records: &Records<P>) -> Key {
    records.key::<16>(Table::Account, "merge", &[])
}

impl Merging {
    pub(super) fn view(&self) -> BackupView {
        view(&self.head)
    }

    fn conflict(&mut self, partner: Option<&[u8; 32]>, what: MergeField) {
        self.report.conflicts_all += 1;
        if self.report.conflicts.len() < MAX_CONFLICTS {
            self.report.conflicts.push(MergeConflict {
                account_id: partner.map(|key| account(key).to_string()),
                what,
            });
        }
    }

    /// Fills what is empty here; notes what differs.
    fn fill<T: PartialEq + Clone>(
        &mut self,
        partner: &[u8; 32],
        what: MergeField,
        empty: &T,
        here: &mut T,
        there: &T,
    ) {
        if here == empty {
            here.clone_from(there);
        } else if here != there && there != empty {
            self.conflict(Some(partner), what);
        }
    }

    fn is_back(&self, partner: &[u8; 32]) -> bool {
        self.marker.brought_back.contains(partner)
    }
}

impl<P: Ports> Backups<P> {
    pub(super) async fn begin_merging(
        &self,
        start: &[u8],
        key: BackupKey,
        fresh: bool,
    ) -> Result<Merging, Failure> {
        let header = Header::read(start)?;
        let head = header.open(&key)?;
        if head.account != self.owner.id().key().0 {
            return Err(failure(ErrorCode::BakOther, None, ""));
        }
        let records = &self.conversations.records;
        let before: Option<Marker> = records.get_sound(&marker_key(records)).await?;
        let before = before.filter(|before| before.file == header.name());
        let marker = before.unwrap_or_else(|| Marker {
            file: header.name().to_vec(),
            fresh,
            brought_back: Vec::new(),
        });
        if marker.fresh {
            let mut tx = records.tx();
            tx.put(&marker_key(records), &marker);
            tx.commit(Durability::Strict).await?;
            self.until_synced().await;
        }
        Ok(Merging {
            opener: Opener::new(header, key),
            marker,
            read: BackupCounts::default(),
            end: None,
            report: MergeReport {
                backup: view(&head),
                ..MergeReport::default()
            },
            head,
        })
    }

    /// What other devices chose since the backup counts, so it should be here before. Without a network it comes later.
    async fn until_synced(&self) {
        let mut waited = 0;
        while self.sync.status().state == SyncState::Unknown && waited < PATIENCE {
            self.ports.clock().sleep(LOOK).await;
            waited += LOOK;
        }
    }

    /// Takes in what a piece of the file completes.
    pub(super) async fn take_in(&self, merging: &mut Merging, bytes: &[u8]) -> Result<(), Failure> {
        let mut light = Vec::new();
        for sealed in merging.opener.feed(bytes) {
            // What is of no form here is missing at the end, and so told.
            let Ok(Some(item)) = Item::open(&sealed) else {
                continue;
            };
            match item {
                Item::Settings(_) | Item::File(_) | Item::Picture(_) | Item::End(_) => {
                    self.take_light(merging, &mut light).await?;
                    self.take_heavy(merging, item).await?;
                }
                _ => light.push(item),
            }
            if light.len() == AT_ONCE {
                self.take_light(merging, &mut light).await?;
            }
        }
        self.take_light(merging, &mut light).await
    }

    /// What has a transaction of its own.
    async fn take_heavy(&self, merging: &mut Merging, item: Item) -> Result<(), Failure> {
        match item {
            Item::Settings(settings) => self.take_settings(merging, *settings).await?,
            Item::File(file) => self.take_file(merging, file).await?,
            Item::Picture(Picture {
                account,
                mark,
                bytes,
            }) => self.files.restore_picture(account, mark, &bytes).await?,
            Item::End(counts) => merging.end = Some(counts),
            _ => {}
        }
        Ok(())
    }

    /// What goes into one transaction.
    async fn take_light(
        &self,
        merging: &mut Merging,
        items: &mut Vec<Item>,
    ) -> Result<(), Failure> {
        if items.is_empty() {
            return Ok(());
        }
        let records = &self.conversations.records;
        let mut change = self.conversations.change().await;
        let known = merging.marker.brought_back.len();
        for item in items.drain(..) {
            match item {
                Item::Profile(profile) => self.take_profile(merging, &mut change, &profile)?,
                Item::Groups(dump) => self.take_groups(&mut change, &dump)?,
                Item::Gone(name) => take_gone(merging, &mut change, &name).await?,
                Item::Conversation(row) => self.take_row(merging, &mut change, &row).await?,
                Item::Message(message) => self.take_message(merging, &mut change, *message).await?,
                Item::Draft(draft) => take_draft(merging, &mut change, draft).await?,
                Item::Settings(_) | Item::File(_) | Item::Picture(_) | Item::End(_) => {}
            }
        }
        if merging.marker.brought_back.len() > known {
            change.tx.put(&marker_key(records), &merging.marker);
        }
        change.commit(Durability::Relaxed).await?;
        // The screens come in between.
        self.ports.clock().sleep(0).await;
        Ok(())
    }

    /// Everything was fed.
    pub(super) async fn end_merging(&self, merging: Merging) -> Result<MergeReport, Failure> {
        let records = &self.conversations.records;
        let mut tx = records.tx();
        tx.delete(&marker_key(records));
        tx.commit(Durability::Strict).await?;
        let expected = merging.end.unwrap_or(merging.report.backup.counts);
        let read = merging.read;
        let end = merging.opener.end();
        Ok(MergeReport {
            lost: MergeLoss {
                parts: end.lost,
                cut: end.cut,
                trailing: end.trailing,
                counts: BackupCounts {
                    conversations: expected.conversations.saturating_sub(read.conversations),
                    messages: expected.messages.saturating_sub(read.messages),
                    files: expected.files.saturating_sub(read.files),
                    bytes: expected.bytes.saturating_sub(read.bytes),
                },
            },
            ..merging.report
        })
    }

    /// Whoever chose nothing here gets what they chose there.
    async fn take_settings(&self, merging: &mut Merging, there: Settings) -> Result<(), Failure> {
        let here = self.conversations.shown_settings();
        // What was used last is no choice, and what is synced stands in the profile.
        let chosen = |settings: &Settings| Settings {
            recent_searches: None,
            recent_emoji: Vec::new(),
            emoji_tone: 0,
            community_requests: false,
            ..settings.clone()
        };
        if chosen(&here) == Settings::default() {
            let settings = Settings {
                community_requests: here.community_requests,
                ..there
            };
            self.conversations.set_settings(settings).await?;
        } else if chosen(&here) != chosen(&there) {
            merging.conflict(None, MergeField::Settings);
        }
        Ok(())
    }

    fn take_profile(
        &self,
        merging: &mut Merging,
        change: &mut Change<'_, P>,
        there: &Profile,
    ) -> Result<(), RecordError> {
        let now = change.network_now();
        let now_s = (now.as_millis() / 1_000).max(change.configs.profile.updated_s() + 1);
        let (name, picture, updated_s) = {
            let here = &change.configs.profile;
            (here.name(), here.picture(), here.updated_s())
        };
        if name.is_empty() && !there.name.is_empty() {
            let profile = change.configs.profile_mut();
            profile.set_name(clip_name(&there.name), now_s)?;
        } else if name != there.name && !there.name.is_empty() {
            merging.conflict(None, MergeField::Name);
        }
        match (picture, &there.picture) {
            // One that was removed since stays away.
            (None, Some(_)) if updated_s > there.updated_s => {}
            (None, Some(there)) => {
                let picture = ProfilePicture {
                    url: there.url.clone(),
                    key: there.key.clone(),
                };
                // One that no config takes is one that nobody else sees either.
                let profile = change.configs.profile_mut();
                let _ = profile.set_picture(Some(&picture), now_s);
            }
            (Some(here), Some(there)) if crate::sync::reference(&here) != *there => {
                merging.conflict(None, MergeField::Picture);
            }
            _ => {}
        }
        if let Some(allowed) = there.community_requests
            && change.configs.profile.community_requests().is_none()
        {
            change.configs.allow_community_requests(allowed, now)?;
        }
        Ok(())
    }

    /// Groups and communities, where none is known: nobody can tell which ones were left since.
    fn take_groups(&self, change: &mut Change<'_, P>, dump: &[u8]) -> Result<(), RecordError> {
        let here = &change.configs.groups;
        if here.groups().next().is_some() || here.communities().next().is_some() {
            return Ok(());
        }
        // Of a form that is not read here: they may come from another device.
        let Ok(there) = UserGroups::load(self.owner.account().ed25519(), dump) else {
            return Ok(());
        };
        for group in there.groups() {
            // What no config takes has never been in one.
            let _ = change.configs.groups_mut().set_group(&group);
        }
        for community in there.communities() {
            let _ = change.configs.groups_mut().set_community(&community);
        }
        Ok(())
    }

    async fn take_row(
        &self,
        merging: &mut Merging,
        change: &mut Change<'_, P>,
        there: &ConversationRecord,
    ) -> Result<(), RecordError> {
        merging.read.conversations += 1;
        let partner = there.account;
        let here = change.find(&account(&partner));
        let absent = here
            .as_ref()
            .is_none_or(|row| row.hidden && row.last.is_none());
        if absent && !merging.is_back(&partner) {
            merging.marker.brought_back.push(partner);
            merging.report.added.conversations += u32::from(!there.hidden);
        }
        let back = merging.is_back(&partner);
        let now = change.network_now().as_millis();
        let mut row = change.with(&account(&partner)).clone();
        if row.name.is_empty() || there.profile_updated > row.profile_updated {
            row.name = clip_name(&there.name).to_owned();
            row.picture.clone_from(&there.picture);
            row.profile_updated = there.profile_updated;
        }
        if row.last.is_none() {
            row.active_at = there.active_at.min(now);
        }
        row.approved_me |= there.approved_me;
        if absent {
            row.approved |= there.approved;
            row.blocked |= there.blocked && partner != self.owner.id().key().0;
            row.hidden &= there.hidden;
            // A contact whose conversation is hidden on purpose stays one.
            row.priority = match row.hidden {
                true => there.priority,
                false => row.priority.max(there.priority),
            };
            row.timer = disappear::allowed(there.timer, partner == self.owner.id().key().0);
            row.timer_set = there.timer_set;
            row.created = there.created;
            row.marked_unread |= there.marked_unread;
        } else if !back {
            if there.blocked && !row.blocked {
                merging.conflict(Some(&partner), MergeField::Blocked);
            }
            if there.timer != row.timer {
                merging.conflict(Some(&partner), MergeField::Timer);
            }
        }
        row.archived |= there.archived;
        row.trusted |= there.trusted;
        row.verified_at = row.verified_at.or(there.verified_at);
        let nickname = clip_name(&there.nickname).to_owned();
        let texts = [
            (MergeField::Nickname, &mut row.nickname, nickname),
            (MergeField::Note, &mut row.note, clip_note(&there.note)),
            (MergeField::Label, &mut row.label, clip_label(&there.label)),
            (
                MergeField::Folder,
                &mut row.folder,
                clip_label(&there.folder),
            ),
        ];
        for (what, here, there) in texts {
            merging.fill(&partner, what, &String::new(), here, &there);
        }
        let muted = there.muted_until.filter(|until| *until > now);
        merging.fill(
            &partner,
            MergeField::Muted,
            &None,
            &mut row.muted_until,
            &muted,
        );
        merging.fill(
            &partner,
            MergeField::Notify,
            &Notify::Default,
            &mut row.notify,
            &there.notify,
        );
        let id = row.id;
        if let Some(place) = change.edit(&id) {
            *place = row;
        }
        change.mark_read_elsewhere(&id, there.last_read).await
    }

    async fn take_message(
        &self,
        merging: &mut Merging,
        change: &mut Change<'_, P>,
        Message { partner, record }: Message,
    ) -> Result<(), RecordError> {
        merging.read.messages += 1;
        let own = self.owner.id().key().0;
        let name = (record.author, record.sent_at);
        if record.author != own && record.author != partner {
            // Nobody else has a say in this conversation.
            return Ok(());
        }
        let now = change.network_now().as_millis();
        if record.expires_at.is_some_and(|at| at <= now) {
            merging.report.expired += 1;
            return Ok(());
        }
        if let Some(here) = change.message_by(&name.0, name.1).await?
            && (here.kind != MessageKind::Undecryptable || record.kind == here.kind)
        {
            merging.report.known += 1;
            return enrich(change, here, record, &partner, &own).await;
        }
        if change.knows(&name.0, name.1).await? {
            let unread = change.message_by(&name.0, name.1).await?.is_some();
            let back = merging.is_back(&partner) && record.timer == Timer::Off;
            if !unread && !back {
                merging.report.deleted += 1;
                return Ok(());
            }
            change.make_room(&name.0, name.1).await?;
        }
        if change.find(&account(&partner)).is_none() {
            // Its conversation was in a part that is lost.
            merging.marker.brought_back.push(partner);
            merging.report.added.conversations += 1;
            let row = change.with(&account(&partner));
            row.approved |= record.author == own;
            row.approved_me |= record.author != own;
        }
        let row = change.with(&account(&partner));
        let (conversation, last_read) = (row.id, row.last_read);
        let mut fresh = self.adapted(record, &partner, &own, change);
        fresh.conversation = conversation;
        let (id, pinned) = (fresh.id, std::mem::take(&mut fresh.pinned));
        if let MessageKind::TimerChanged(_) = fresh.kind {
            // Of these only the latest ones stand.
            return change.note_timer(fresh).await;
        }
        let unsent = fresh.delivery == Delivery::Failed(ErrorCode::BakUnsent);
        merging.report.unsent += u32::from(unsent);
        merging.report.added.messages += 1;
        change.write(fresh);
        if pinned {
            change.pin(&id, true).await?;
        }
        if name.1 <= last_read
            && name.0 != own
            && let Some(record) = change.message(&id).await?
        {
            change.start_timer(record, true);
        }
        Ok(())
    }

    /// As it stands on this device: with names of its own, without files, and within bounds.
    fn adapted(
        &self,
        record: MessageRecord,
        partner: &[u8; 32],
        own: &[u8; 32],
        change: &Change<'_, P>,
    ) -> MessageRecord {
        let mine = record.author == *own;
        let file = |file: FileRecord| {
            let (name, content_type) = (clean_name(&file.name), file.content_type);
            let content_type = clean_type(&content_type, &name);
            FileRecord {
                id: FileId(draw(&mut *self.ports.entropy())),
                kind: kind_of(&content_type, file.kind == FileKind::Voice),
                dangerous: file.dangerous || is_dangerous(&name, &content_type),
                name,
                content_type,
                here: false,
                // It loads when somebody asks.
                let_go: true,
                failed: match file.url.is_empty() {
                    true => Some(ErrorCode::FileGone),
                    false => file.failed,
                },
                ..file
            }
        };
        let mut reactions = record.reactions;
        reactions.retain(|one| one.author == *own || one.author == *partner);
        let files = record.files.into_iter().take(crate::files::MAX_FILES);
        MessageRecord {
            id: change.new_message_id(),
            mine,
            text: clip_text(record.text),
            delivery: match record.delivery {
                delivery if !mine => match delivery {
                    Delivery::Stored { .. } => delivery,
                    _ => Delivery::default(),
                },
                Delivery::Held { .. }
                | Delivery::Queued
                | Delivery::Uploading
                | Delivery::Sending
                | Delivery::Retrying { .. } => Delivery::Failed(ErrorCode::BakUnsent),
                delivery => delivery,
            },
            reactions,
            files: files.map(file).collect(),
            preview: record.preview.map(|preview| crate::message::PreviewRecord {
                image: preview.image.map(file),
                ..preview
            }),
            ..record
        }
    }

    async fn take_file(&self, merging: &mut Merging, file: File) -> Result<(), Failure> {
        merging.read.files += 1;
        merging.read.bytes += file.bytes.len() as u64;
        let File {
            message: (author, sent_at),
            place,
            bytes,
        } = file;
        let mut change = self.conversations.change().await;
        let Some(mut record) = change.message_by(&author, sent_at).await? else {
            return Ok(());
        };
        let there = match place {
            PREVIEW => record.preview.as_mut().and_then(|one| one.image.as_mut()),
            place => record.files.get_mut(place as usize),
        };
        let Some(there) = there.filter(|there| !there.here && bytes.len() <= MAX_FILE) else {
            return Ok(());
        };
        there.size = bytes.len() as u64;
        there.here = true;
        there.let_go = false;
        there.failed = None;
        put_whole(
            &mut change.tx,
            &self.conversations.records,
            &there.id,
            &bytes,
        );
        change.put(record);
        change.commit(Durability::Relaxed).await?;
        merging.report.added.files += 1;
        merging.report.added.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// A message that was deleted there does not come here any more. One that stands here stays, but on an account that was just
/// made for the backup, where the swarm may have brought it before.
async fn take_gone<P: Ports>(
    merging: &Merging,
    change: &mut Change<'_, P>,
    (author, sent_at): &Name,
) -> Result<(), RecordError> {
    let fresh = merging.marker.fresh && change.message_by(author, *sent_at).await?.is_some();
    if fresh || !change.knows(author, *sent_at).await? {
        change.remove(author, *sent_at).await?;
    }
    Ok(())
}

async fn take_draft<P: Ports>(
    merging: &mut Merging,
    change: &mut Change<'_, P>,
    there: Draft,
) -> Result<(), RecordError> {
    let Some(row) = change.find(&account(&there.partner)) else {
        return Ok(());
    };
    if !row.draft.text.is_empty() {
        if row.draft.text != there.text {
            merging.conflict(Some(&there.partner), MergeField::Draft);
        }
        return Ok(());
    }
    let original = match there.reply_to {
        Some((author, sent_at)) => change.message_by(&author, sent_at).await?,
        None => None,
    };
    let reply_to = original.map(|original| original.id);
    change.set_draft(&row.id, &there.text, reply_to);
    Ok(())
}

/// A message that is here gets what only the backup knows of it.
async fn enrich<P: Ports>(
    change: &mut Change<'_, P>,
    before: MessageRecord,
    there: MessageRecord,
    partner: &[u8; 32],
    own: &[u8; 32],
) -> Result<(), RecordError> {
    if before.kind == MessageKind::Deleted || there.kind == MessageKind::Deleted {
        return Ok(());
    }
    let mut here = before.clone();
    here.starred |= there.starred;
    here.heard |= there.heard;
    for word in there.reactions {
        if word.author == *own || word.author == *partner {
            set_reaction(&mut here.reactions, word);
        }
    }
    if here.hash.is_none() {
        here.hash = there.hash;
    }
    let arrived = matches!(
        there.delivery,
        Delivery::Stored { .. } | Delivery::Synced { .. } | Delivery::Read
    );
    let unsent = here.delivery == Delivery::Failed(ErrorCode::BakUnsent);
    let stored = matches!(
        here.delivery,
        Delivery::Stored { .. } | Delivery::Synced { .. }
    );
    if here.mine && (unsent && arrived || stored && there.delivery == Delivery::Read) {
        here.delivery = there.delivery;
        here.read_at = here.read_at.or(there.read_at);
    }
    let (id, pin) = (here.id, there.pinned && !here.pinned);
    if here != before {
        change.put(here);
    }
    if pin {
        change.pin(&id, true).await?;
    }
    Ok(())
}

fn account(key: &[u8; 32]) -> AccountId {
    AccountId::from_key(X25519PublicKey(*key))
}
