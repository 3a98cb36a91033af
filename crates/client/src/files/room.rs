//! The room that files take on this device, and letting go of them (screens 20). What was let go is on the file server for as
//! long as that keeps it, and comes back when somebody asks for it.

use super::{Files, chunks};
use crate::api::{
    ConversationId, Cursor, FileKind, FileState, MediaItem, MessageId, RoomOf, RoomQuery, RoomView,
};
use crate::ports::{Clock, Durability, Ports};
use crate::store::RecordError;
use crate::wake::either;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Files of one conversation read at a time.
const PAGE: usize = 200;
/// Messages changed in one transaction.
const AT_ONCE: usize = 50;
/// Files that are too old are looked for once in this time (ms), or soon when the network's time is not known yet.
const LOOK_EVERY: u64 = DAY;
const LOOK_SOON: u64 = 60_000;
const DAY: u64 = 86_400_000;
/// The largest files that are named.
const LARGEST: usize = 50;

impl<P: Ports> Files<P> {
    /// What of the files on this device a query takes in.
    pub(crate) async fn room(&self, query: &RoomQuery) -> Result<RoomView, RecordError> {
        let mut view = RoomView::default();
        for conversation in self.homes(query) {
            let (mut files, mut bytes) = (0, 0);
            let first = self.conversations.oldest(&conversation, 1).await?;
            let first = first.first().map(|record| record.sent_at);
            view.oldest = view.oldest.into_iter().chain(first).min();
            for item in self.kept(&conversation, query).await? {
                let size = item.attachment.size;
                files += 1;
                bytes += size;
                *view.kind_mut(item.attachment.kind) += size;
                view.largest.push(item);
            }
            // Only the largest of all stay, conversation by conversation.
            view.largest
                .sort_by_key(|item| Reverse(item.attachment.size));
            view.largest.truncate(LARGEST);
            if files > 0 {
                view.files += files;
                view.bytes += bytes;
                view.conversations.push(RoomOf {
                    conversation,
                    files,
                    bytes,
                });
            }
        }
        view.conversations.sort_by_key(|one| Reverse(one.bytes));
        Ok(view)
    }

    /// Removes from this device what a query takes in. Messages stay.
    pub(crate) async fn free(&self, query: &RoomQuery) -> Result<(), RecordError> {
        for conversation in self.homes(query) {
            let mut messages: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for item in self.kept(&conversation, query).await? {
                let files = messages.entry(item.message).or_default();
                files.push(item.attachment.id);
            }
            let messages: Vec<_> = messages.into_iter().collect();
            for some in messages.chunks(AT_ONCE) {
                let mut change = self.conversations.change().await;
                for (message, files) in some {
                    let Some(mut record) = change.message(message).await? else {
                        continue;
                    };
                    for file in record.files.iter_mut() {
                        if files.contains(&file.id) && file.state() == FileState::Here {
                            let records = &self.conversations.records;
                            chunks::delete(&mut change.tx, records, &file.id, file.size);
                            (file.here, file.let_go) = (false, true);
                        }
                    }
                    change.put(record);
                }
                change.commit(Durability::Strict).await?;
            }
        }
        Ok(())
    }

    /// Removes from this device files that are older than the person keeps them, until dropped.
    pub(super) async fn keep_no_longer(&self) {
        loop {
            let changed = self.keeping_changed.listen();
            let days = u64::from(self.conversations.shown_settings().keep_files_days);
            let mut wait = LOOK_EVERY;
            if days > 0 && self.network.knows_time() {
                let query = RoomQuery {
                    before: Some(self.network.now().as_millis().saturating_sub(days * DAY)),
                    ..RoomQuery::default()
                };
                if self.free(&query).await.is_err() {
                    wait = LOOK_SOON;
                }
            } else if days > 0 {
                // By a wrong clock everything might be old.
                wait = LOOK_SOON;
            }
            either(changed, self.ports.clock().sleep(wait)).await;
        }
    }

    /// The conversations of a query.
    fn homes(&self, query: &RoomQuery) -> Vec<ConversationId> {
        let all = self.conversations.list().into_iter().map(|row| row.id);
        all.filter(|id| query.conversation.is_none_or(|wanted| wanted == *id))
            .collect()
    }

    /// The files of a conversation that are here, by what is written down, and belong to the query.
    async fn kept(
        &self,
        conversation: &ConversationId,
        query: &RoomQuery,
    ) -> Result<Vec<MediaItem>, RecordError> {
        let mut before = query.before.map(|sent_at| Cursor {
            sent_at,
            message: MessageId::default(),
        });
        let mut kept = Vec::new();
        loop {
            let page = self.media(conversation, before, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(kept);
            };
            before = Some(last.cursor());
            let wanted = |item: &MediaItem| {
                let file = &item.attachment;
                file.state == FileState::Here
                    && file.size >= query.at_least
                    && !self.is_passing(&file.id)
            };
            kept.extend(page.into_iter().filter(wanted));
        }
    }
}

impl RoomView {
    fn kind_mut(&mut self, kind: FileKind) -> &mut u64 {
        match kind {
            FileKind::Image => &mut self.pictures,
            FileKind::Video => &mut self.films,
            FileKind::Voice => &mut self.voice,
            FileKind::Audio | FileKind::Other => &mut self.others,
        }
    }
}
