//! What an opened message does (20-messages 3.1, 4). One content carries one action. Nothing here fails because of what a
//! message says.

use crate::api::{Delivery, Invitation, MessageKind, Timer};
use crate::compose::names;
use crate::conversation::{Change, Fit};
use crate::disappear;
use crate::files::{MAX_FILES, file_of, files_of};
use crate::inbox::Inbox;
use crate::message::{MessageRecord, PreviewRecord, clip_text};
use crate::ports::{Clock, Ports};
use crate::store::RecordError;
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::message::Incoming;
use onionskin_protocol::message::proto::{
    self, Content, DataMessage, call_message, data_extraction_notification, data_message,
    receipt_message, typing_message,
};

/// Typing that is older (ms) says nothing any more.
const TYPING_LIFE: u64 = 30_000;
/// Longest title and address of a preview or an invitation (bytes).
const MAX_LINE: usize = 4_096;

/// A stored message as it came.
pub(crate) struct Parcel<'a> {
    pub(crate) hash: &'a MessageHash,
    pub(crate) data: &'a [u8],
    /// When our swarm takes it to have been stored, and when it drops it (network time, ms).
    pub(crate) stored_at: u64,
    pub(crate) expiry: u64,
}

/// A message that says something which this version does not show, and nothing that it does.
pub(crate) fn is_unsupported(content: &Content) -> bool {
    let data = content.data_message.as_ref();
    data.is_some_and(|data| data.group_update_message.is_some() && !is_visible(data))
}

fn is_visible(data: &DataMessage) -> bool {
    let text = data.body.as_deref().unwrap_or_default();
    let invitation = data.community_invitation.as_ref();
    !text.trim().is_empty() || !data.attachments.is_empty() || invitation.is_some_and(is_bounded)
}

fn is_bounded(invitation: &proto::CommunityInvitation) -> bool {
    invitation.url.len() + invitation.name.len() <= MAX_LINE
}

impl<P: Ports> Inbox<P> {
    pub(crate) async fn apply(
        &self,
        change: &mut Change<'_, P>,
        incoming: Incoming,
        parcel: &Parcel<'_>,
    ) -> Result<(), RecordError> {
        let Incoming {
            sender,
            timestamp,
            content,
            ..
        } = incoming;
        let sent_at = timestamp.as_millis();
        let mine = sender == self.owner.id();
        if sent_at == 0 || change.find(&sender).is_some_and(|row| row.blocked) {
            return Ok(());
        }
        if content.data_message.is_some() {
            return self
                .apply_data(change, &sender, sent_at, content, parcel)
                .await;
        }
        if let Some(unsend) = content.unsend_request {
            // Only authors take their messages back (20-messages Decisions 7).
            if unsend
                .author
                .parse::<AccountId>()
                .is_ok_and(|author| author == sender)
                && unsend.timestamp != 0
            {
                change.take_unsend(&sender, unsend.timestamp).await?;
            }
            return Ok(());
        }
        if mine {
            return Ok(());
        }
        let timer = disappear::from_wire(&content, false);
        if let Some(receipt) = content.receipt_message {
            if receipt.r#type == i32::from(receipt_message::Type::Read) {
                change.take_receipt(&sender, &receipt.timestamp).await?;
            }
        } else if let Some(typing) = content.typing_message {
            self.apply_typing(change, &sender, sent_at, &typing);
        } else if let Some(notice) = content.data_extraction_notification {
            let saved = data_extraction_notification::Type::MediaSaved;
            if notice.r#type == i32::from(saved) && notice.timestamp() > 0 {
                let kind = MessageKind::MediaSaved;
                self.apply_notice(change, &sender, sent_at, kind, timer, parcel)
                    .await?;
            }
        } else if let Some(response) = content.message_request_response {
            if response.is_approved {
                self.apply_response(change, &sender, sent_at, &response)
                    .await?;
            }
        } else if let Some(call) = content.call_message
            && call.r#type == i32::from(call_message::Type::PreOffer)
        {
            let kind = MessageKind::MissedCall;
            self.apply_notice(change, &sender, sent_at, kind, timer, parcel)
                .await?;
        }
        Ok(())
    }

    async fn apply_data(
        &self,
        change: &mut Change<'_, P>,
        sender: &AccountId,
        sent_at: u64,
        mut content: Content,
        parcel: &Parcel<'_>,
    ) -> Result<(), RecordError> {
        let Some(data) = content.data_message.take() else {
            return Ok(());
        };
        let own = self.owner.id();
        let mine = *sender == own;
        let update = data_message::Flags::ExpirationTimerUpdate as u32;
        let flags = data.flags.unwrap_or(0);
        if flags != 0 && flags != update {
            return Ok(());
        }
        let partner = match (&data.sync_target, mine) {
            (Some(target), true) => match target.parse::<AccountId>() {
                Ok(partner) => partner,
                Err(_) => return Ok(()),
            },
            (None, true) => own,
            (None, false) => *sender,
            // Nobody else decides what we have sent.
            (Some(_), false) => return Ok(()),
        };
        if !mine && let Some(row) = change.find(sender) {
            let now = self.ports.clock().now().as_millis();
            self.conversations.show_typing(row.id, false, now);
        }
        let timer = disappear::from_wire(&content, partner == own);
        if flags == update {
            return self
                .apply_timer(change, &partner, mine, sent_at, timer, parcel)
                .await;
        }
        if let Some(reaction) = &data.reaction {
            if !mine && let Some(row) = change.find(sender) {
                let (id, now) = (row.id, change.network_now());
                if let Some(row) = change.edit(&id) {
                    row.update_profile(data.profile.as_ref(), data.profile_key.as_deref(), now);
                }
            }
            return change
                .take_reaction(sender, &partner, sent_at, reaction)
                .await;
        }
        self.apply_visible(change, &partner, mine, sent_at, timer, data, parcel)
            .await
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "each is a fact about the message"
    )]
    async fn apply_visible(
        &self,
        change: &mut Change<'_, P>,
        partner: &AccountId,
        mine: bool,
        sent_at: u64,
        timer: Timer,
        data: DataMessage,
        parcel: &Parcel<'_>,
    ) -> Result<(), RecordError> {
        let own = self.owner.id();
        let author = if mine { own } else { *partner };
        // What was there before changes nothing about its conversation, either.
        if change.fit(&author.key().0, sent_at, true).await? == Fit::Known {
            if mine {
                change.was_sent(&author.key().0, sent_at).await?;
            }
            return Ok(());
        }
        let more = data.group_update_message.is_some();
        let Some(mut record) = self.record_of(data, change, partner, mine) else {
            return Ok(());
        };
        let conversation = record.conversation;
        let now = change.network_now().as_millis();
        record.sent_at = sent_at;
        record.received_at = change.now();
        record.timer = timer;
        record.raw = more.then(|| parcel.data.to_vec());
        record.hash = Some(parcel.hash.to_string());
        record.stored_at = Some(parcel.stored_at);
        record.swarm_expiry = Some(parcel.expiry);
        record.size = u32::try_from(parcel.data.len()).ok();
        record.mentions_me = names(&record.text, &own)
            || record
                .quote
                .is_some_and(|(author, _)| author == own.key().0);
        record.expires_at = disappear::end_of_received(&record, parcel.expiry, now);
        let over = record.expires_at.is_some_and(|end| end <= now);
        let id = record.id;
        if !change.add(record).await? {
            return Ok(());
        }
        if mine {
            change.mark_read_elsewhere(&conversation, sent_at).await?;
            change.configs.seen_elsewhere(sent_at);
            return Ok(());
        }
        let read = change.edit(&conversation).map_or(0, |row| row.last_read);
        if sent_at <= read
            && let Some(record) = change.message(&id).await?
        {
            // Another device read it before this one got it: the swarm may know since when.
            change.start_timer(record, true);
        }
        if !over && !self.owner.is_restoring() {
            change.announce(conversation, id);
        }
        Ok(())
    }

    /// What a visible message says, within bounds. `None`: nothing.
    fn record_of(
        &self,
        data: DataMessage,
        change: &mut Change<'_, P>,
        partner: &AccountId,
        mine: bool,
    ) -> Option<MessageRecord> {
        let visible = is_visible(&data);
        if !visible && data.group_update_message.is_none() {
            return None;
        }
        let text = clip_text(data.body.unwrap_or_default());
        let invitation = data
            .community_invitation
            .filter(is_bounded)
            .map(|invitation| Invitation {
                name: invitation.name,
                url: invitation.url,
            });
        let (id, now) = (change.new_message_id(), change.network_now());
        let row = change.with(partner);
        if !mine {
            // Whoever writes accepts us, whatever it is that they write: without this it would not stand as a request.
            row.approved_me = true;
        } else if visible {
            row.approved = true;
        }
        if !mine {
            row.update_profile(data.profile.as_ref(), data.profile_key.as_deref(), now);
        }
        let author = if mine { self.owner.id() } else { *partner };
        let mut entropy = self.ports.entropy();
        let preview = data.preview.into_iter().find(|preview| {
            let shows = !preview.title().is_empty() || preview.image.is_some();
            let size = preview.url.len() + preview.title().len();
            shows && size <= MAX_LINE && !preview.url.is_empty() && text.contains(&preview.url)
        });
        let quote = data.quote.and_then(|quote| {
            let author = quote.author.parse::<AccountId>().ok()?;
            (quote.id != 0).then(|| (author.key().0, quote.id))
        });
        Some(MessageRecord {
            id,
            conversation: row.id,
            author: author.key().0,
            mine,
            kind: match visible {
                true => MessageKind::Text,
                false => MessageKind::Unsupported,
            },
            delivery: match mine {
                true => Delivery::Synced {
                    confirmed: 0,
                    of: 0,
                },
                false => Delivery::default(),
            },
            quote,
            files: files_of(
                &data.attachments[..data.attachments.len().min(MAX_FILES)],
                &mut *entropy,
            ),
            preview: preview.map(|preview| PreviewRecord {
                title: preview.title().to_owned(),
                image: preview.image.map(|image| file_of(&image, &mut *entropy)),
                url: preview.url,
            }),
            invitation,
            text,
            ..MessageRecord::default()
        })
    }

    /// Somebody's messages disappear otherwise from now on. Our own word comes from another device of ours.
    async fn apply_timer(
        &self,
        change: &mut Change<'_, P>,
        partner: &AccountId,
        mine: bool,
        sent_at: u64,
        timer: Timer,
        parcel: &Parcel<'_>,
    ) -> Result<(), RecordError> {
        let own = self.owner.id();
        let Some(row) = change.find(partner) else {
            return Ok(());
        };
        let conversation = row.id;
        // A later word of our devices may have left the swarm before this one did; it stands in the config.
        let outdated = change.configs.knows_later(partner, parcel.stored_at);
        if mine
            && !outdated
            && let Some(row) = change.edit(&conversation)
        {
            if row.timer_set >= sent_at {
                return Ok(());
            }
            (row.timer, row.timer_set) = (timer, sent_at);
        }
        if *partner == own {
            return Ok(());
        }
        let author = if mine { own } else { *partner };
        let notice = MessageRecord {
            id: change.new_message_id(),
            conversation,
            author: author.key().0,
            mine,
            kind: MessageKind::TimerChanged(timer),
            sent_at,
            received_at: change.now(),
            ..MessageRecord::default()
        };
        change.note_timer(notice).await
    }

    fn apply_typing(
        &self,
        change: &Change<'_, P>,
        sender: &AccountId,
        sent_at: u64,
        typing: &proto::TypingMessage,
    ) {
        let fresh = change.network_now().as_millis().saturating_sub(sent_at) < TYPING_LIFE;
        let wanted = self.conversations.settings.borrow().typing;
        let row = change.find(sender).filter(|row| row.is_accepted());
        if let Some(row) = row
            && fresh
            && wanted
            && typing.timestamp == sent_at
        {
            let started = typing.action == i32::from(typing_message::Action::Started);
            let now = self.ports.clock().now().as_millis();
            self.conversations.show_typing(row.id, started, now);
        }
    }

    /// A line about something that they did; only from people whom we accepted.
    async fn apply_notice(
        &self,
        change: &mut Change<'_, P>,
        sender: &AccountId,
        sent_at: u64,
        kind: MessageKind,
        timer: Timer,
        parcel: &Parcel<'_>,
    ) -> Result<(), RecordError> {
        let Some(row) = change.find(sender).filter(|row| row.approved) else {
            return Ok(());
        };
        let mut record = MessageRecord {
            id: change.new_message_id(),
            conversation: row.id,
            author: sender.key().0,
            kind,
            sent_at,
            received_at: change.now(),
            timer,
            hash: Some(parcel.hash.to_string()),
            stored_at: Some(parcel.stored_at),
            swarm_expiry: Some(parcel.expiry),
            ..MessageRecord::default()
        };
        let now = change.network_now().as_millis();
        record.expires_at = disappear::end_of_received(&record, parcel.expiry, now);
        change.add(record).await?;
        Ok(())
    }

    /// They accept us (20-messages 4.3).
    async fn apply_response(
        &self,
        change: &mut Change<'_, P>,
        sender: &AccountId,
        sent_at: u64,
        response: &proto::MessageRequestResponse,
    ) -> Result<(), RecordError> {
        let now = change.network_now();
        let row = change.with(sender);
        let key = response.profile_key.as_deref();
        row.update_profile(response.profile.as_ref(), key, now);
        let news = !row.approved_me && row.approved;
        row.approved_me = true;
        let conversation = row.id;
        if !news {
            return Ok(());
        }
        let record = MessageRecord {
            id: change.new_message_id(),
            conversation,
            author: sender.key().0,
            kind: MessageKind::RequestAccepted,
            sent_at,
            received_at: change.now(),
            ..MessageRecord::default()
        };
        change.add(record).await?;
        Ok(())
    }
}
