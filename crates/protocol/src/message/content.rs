//! Small constructors and readers for `Content` (20-messages 3 and 4), one per action that a client sends.
//!
//! `sigTimestamp` is left out here: [`super::encode`] sets it. Visible messages, reactions, calls and notices always name
//! an expiry, if only "off"; typing, receipts, unsend requests and request responses never do.

use crate::id::AccountId;
use crate::message::proto::{
    CallMessage, Content, DataExtractionNotification, DataMessage, LokiProfile,
    MessageRequestResponse, Quote, Reaction, ReceiptMessage, TypingMessage, UnsendRequest,
    call_message, content::ExpirationType, data_extraction_notification, data_message, reaction,
    receipt_message, typing_message,
};
use crate::time::Timestamp;

/// Received text is kept up to this many code points (20-messages Decisions 3).
pub const MAX_TEXT_READ: usize = 10_000;

/// Text is sent up to this many code points.
pub const MAX_TEXT_SENT: usize = 2_000;

/// Received names are kept up to this many bytes (20-messages 6).
pub const MAX_NAME: usize = 100;

/// When a message disappears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    #[default]
    Off,
    /// So many seconds after it was read.
    AfterRead(u32),
    /// So many seconds after it was sent.
    AfterSend(u32),
}

impl Expiry {
    fn parts(self) -> (ExpirationType, u32) {
        match self {
            Self::Off => (ExpirationType::Unknown, 0),
            Self::AfterRead(seconds) => (ExpirationType::DeleteAfterRead, seconds),
            Self::AfterSend(seconds) => (ExpirationType::DeleteAfterSend, seconds),
        }
    }
}

/// What a person tells others about themselves (20-messages 6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The display name.
    pub name: String,
    /// Where the encrypted picture lies, and its key (32 bytes; 16 from old clients).
    pub picture: Option<ProfilePicture>,
    /// When it last changed, in seconds; 0 = unknown.
    pub updated_s: u64,
}

/// The address and the key of a profile picture. They travel together or not at all.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfilePicture {
    /// URL of the file.
    pub url: String,
    /// The key that decrypts it.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for ProfilePicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProfilePicture")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Profile {
    fn to_wire(&self) -> (LokiProfile, Option<Vec<u8>>) {
        let profile = LokiProfile {
            display_name: Some(self.name.clone()),
            profile_picture: self.picture.as_ref().map(|picture| picture.url.clone()),
            last_profile_update_seconds: (self.updated_s != 0).then_some(self.updated_s),
        };
        (
            profile,
            self.picture.as_ref().map(|picture| picture.key.clone()),
        )
    }

    /// Reads a received profile: the name is cut to 100 bytes, a picture counts only with a URL and a key of 32 or 16
    /// bytes.
    pub fn from_wire(profile: &LokiProfile, key: Option<&[u8]>) -> Self {
        let name = profile.display_name();
        let url = profile.profile_picture();
        let key = key.filter(|key| matches!(key.len(), 16 | 32) && !url.is_empty());
        Self {
            name: name[..name.floor_char_boundary(MAX_NAME)].to_owned(),
            picture: key.map(|key| ProfilePicture {
                url: url.to_owned(),
                key: key.to_vec(),
            }),
            updated_s: profile.last_profile_update_seconds(),
        }
    }
}

impl Content {
    /// A visible message: text with the sender's profile. [`Self::with_quote`] and the fields of `data_message` add more.
    pub fn text(body: &str, profile: Option<&Profile>, expiry: Expiry) -> Self {
        let (profile, profile_key) = profile.map(Profile::to_wire).unzip();
        let data = DataMessage {
            body: Some(body.to_owned()),
            profile,
            profile_key: profile_key.flatten(),
            ..Default::default()
        };
        Self::visible(data, expiry)
    }

    /// Any visible message.
    pub fn visible(data: DataMessage, expiry: Expiry) -> Self {
        Self {
            data_message: Some(data),
            ..Default::default()
        }
        .expiring(expiry)
    }

    /// Quotes the message that `author` sent at `sent`.
    #[must_use]
    pub fn with_quote(mut self, sent: Timestamp, author: &AccountId) -> Self {
        let data = self.data_message.get_or_insert_default();
        data.quote = Some(Quote {
            id: sent.as_millis(),
            author: author.to_string(),
        });
        self
    }

    /// The copy of a message that our other devices get (20-messages 4.2): without profile, with the recipient's ID.
    #[must_use]
    pub fn sync_copy(&self, recipient: &AccountId) -> Self {
        let mut copy = self.clone();
        let data = copy.data_message.get_or_insert_default();
        data.profile = None;
        data.profile_key = None;
        data.sync_target = Some(recipient.to_string());
        copy
    }

    /// The timer of the conversation changed.
    pub fn expiry_changed(expiry: Expiry) -> Self {
        let flags = Some(data_message::Flags::ExpirationTimerUpdate as u32);
        Self::visible(
            DataMessage {
                flags,
                ..Default::default()
            },
            expiry,
        )
    }

    /// Puts an emoji on a message, or takes it off.
    pub fn reaction(
        sent: Timestamp,
        author: &AccountId,
        emoji: &str,
        action: reaction::Action,
    ) -> Self {
        let reaction = Reaction {
            id: sent.as_millis(),
            author: author.to_string(),
            emoji: Some(emoji.to_owned()),
            action: action.into(),
        };
        Self::visible(
            DataMessage {
                reaction: Some(reaction),
                ..Default::default()
            },
            Expiry::Off,
        )
    }

    /// Typing began or stopped. The timestamp is filled in by [`super::encode`].
    pub fn typing(action: typing_message::Action) -> Self {
        let typing = TypingMessage {
            timestamp: 0,
            action: action.into(),
        };
        Self {
            typing_message: Some(typing),
            ..Default::default()
        }
    }

    /// The messages sent at these times were read.
    pub fn read_receipt(sent: impl IntoIterator<Item = Timestamp>) -> Self {
        let receipt = ReceiptMessage {
            r#type: receipt_message::Type::Read.into(),
            timestamp: sent.into_iter().map(Timestamp::as_millis).collect(),
        };
        Self {
            receipt_message: Some(receipt),
            ..Default::default()
        }
    }

    /// Takes back the message that `author` sent at `sent`.
    pub fn unsend(sent: Timestamp, author: &AccountId) -> Self {
        let request = UnsendRequest {
            timestamp: sent.as_millis(),
            author: author.to_string(),
        };
        Self {
            unsend_request: Some(request),
            ..Default::default()
        }
    }

    /// Accepts a message request.
    pub fn request_accepted(profile: Option<&Profile>) -> Self {
        let (profile, profile_key) = profile.map(Profile::to_wire).unzip();
        let response = MessageRequestResponse {
            is_approved: true,
            profile_key: profile_key.flatten(),
            profile,
        };
        Self {
            message_request_response: Some(response),
            ..Default::default()
        }
    }

    /// The file of the message sent at `sent` was saved.
    pub fn media_saved(sent: Timestamp) -> Self {
        let notice = DataExtractionNotification {
            r#type: data_extraction_notification::Type::MediaSaved.into(),
            timestamp: Some(sent.as_millis()),
        };
        Self {
            data_extraction_notification: Some(notice),
            ..Default::default()
        }
        .expiring(Expiry::Off)
    }

    /// One step of a call.
    pub fn call(kind: call_message::Type, uuid: &str, sdps: Vec<String>) -> Self {
        let call = CallMessage {
            r#type: kind.into(),
            sdps,
            uuid: uuid.to_owned(),
            ..Default::default()
        };
        Self {
            call_message: Some(call),
            ..Default::default()
        }
        .expiring(Expiry::Off)
    }

    fn expiring(mut self, expiry: Expiry) -> Self {
        let (kind, seconds) = expiry.parts();
        self.expiration_type = Some(kind.into());
        self.expiration_timer = Some(seconds);
        self
    }

    /// When this message disappears; an unknown kind or a timer of 0 is "never".
    pub fn expiry(&self) -> Expiry {
        match (self.expiration_type(), self.expiration_timer()) {
            (ExpirationType::DeleteAfterRead, seconds) if seconds > 0 => Expiry::AfterRead(seconds),
            (ExpirationType::DeleteAfterSend, seconds) if seconds > 0 => Expiry::AfterSend(seconds),
            _ => Expiry::Off,
        }
    }

    /// The text, up to 10,000 code points. `None` where there is none.
    pub fn body(&self) -> Option<&str> {
        let body = self.data_message.as_ref()?.body.as_deref()?;
        let end = body
            .char_indices()
            .nth(MAX_TEXT_READ)
            .map_or(body.len(), |(end, _)| end);
        Some(&body[..end])
    }

    /// For whom the original of a sync copy was. `Some(None)`: the field is there but names nobody.
    pub fn sync_target(&self) -> Option<Option<AccountId>> {
        let target = self.data_message.as_ref()?.sync_target.as_deref()?;
        Some(target.parse().ok())
    }

    /// The sender's profile in a visible message or in the answer to a message request.
    pub fn profile(&self) -> Option<Profile> {
        if let Some(data) = &self.data_message {
            return Some(Profile::from_wire(
                data.profile.as_ref()?,
                data.profile_key.as_deref(),
            ));
        }
        let response = self.message_request_response.as_ref()?;
        Some(Profile::from_wire(
            response.profile.as_ref()?,
            response.profile_key.as_deref(),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use prost::Message as _;
    use serde_json::Value;

    const TS: Timestamp = Timestamp(1_760_000_000_123);

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../tests/vectors/one-to-one.json")).unwrap()
    }

    fn alice() -> Profile {
        Profile {
            name: "Alice".to_owned(),
            picture: None,
            updated_s: 1_759_990_000,
        }
    }

    fn person(vectors: &Value, who: &str) -> AccountId {
        vectors["keys"][who]["session_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Serialised as [`crate::message::encode`] does it.
    fn bytes(mut content: Content) -> String {
        content.sig_timestamp = Some(TS.0);
        if let Some(typing) = &mut content.typing_message {
            typing.timestamp = TS.0;
        }
        hex::encode(content.encode_to_vec())
    }

    #[test]
    fn every_constructor_makes_the_bytes_of_the_vectors() {
        let vectors = vectors();
        let (sender, recipient) = (person(&vectors, "sender"), person(&vectors, "recipient"));
        let before = |ms| Timestamp(TS.0 - ms);
        let uuid = "5f0d3c0a-9b1e-4a6f-8c53-1f0e7f5d2a11";
        let made = [
            (
                "typing_started",
                Content::typing(typing_message::Action::Started),
            ),
            (
                "typing_stopped",
                Content::typing(typing_message::Action::Stopped),
            ),
            (
                "read_receipt",
                Content::read_receipt([before(2000), before(1000)]),
            ),
            ("unsend", Content::unsend(before(9000), &sender)),
            (
                "message_request_response",
                Content::request_accepted(Some(&alice())),
            ),
            (
                "expiration_timer_update",
                Content::expiry_changed(Expiry::AfterRead(43_200)),
            ),
            (
                "reaction_add",
                Content::reaction(before(3000), &recipient, "😂", reaction::Action::React),
            ),
            (
                "reaction_remove",
                Content::reaction(before(3000), &recipient, "😂", reaction::Action::Remove),
            ),
            (
                "call_pre_offer",
                Content::call(call_message::Type::PreOffer, uuid, Vec::new()),
            ),
            ("data_extraction_saved", Content::media_saved(before(7000))),
        ];
        for (name, content) in made {
            assert_eq!(
                bytes(content),
                vectors["contents"][name]["hex"].as_str().unwrap(),
                "{name}"
            );
        }
    }

    #[test]
    fn text_and_its_sync_copy_are_those_of_the_vectors() {
        let vectors = vectors();
        let text = Content::text("Hello from Onionskin ✓", Some(&alice()), Expiry::Off);
        let copy = text.sync_copy(&person(&vectors, "recipient"));
        assert_eq!(
            copy.sync_target(),
            Some(Some(person(&vectors, "recipient")))
        );
        assert_eq!(
            bytes(text),
            vectors["full_messages"][0]["content"].as_str().unwrap()
        );
        assert_eq!(
            bytes(copy),
            vectors["full_messages"][1]["content"].as_str().unwrap()
        );
    }

    #[test]
    fn a_received_profile_is_cut_and_checked() {
        let key = [7; 32];
        let wire = LokiProfile {
            display_name: Some("ä".repeat(60)),
            profile_picture: Some("http://example.org/1".to_owned()),
            last_profile_update_seconds: None,
        };
        let profile = Profile::from_wire(&wire, Some(&key));
        assert_eq!(
            (
                profile.name.len(),
                profile.picture.is_some(),
                profile.updated_s
            ),
            (100, true, 0)
        );
        assert_eq!(Profile::from_wire(&wire, Some(&key[..5])).picture, None);
        assert_eq!(
            Profile::from_wire(&LokiProfile::default(), Some(&key)).picture,
            None
        );
        assert!(!format!("{profile:?}").contains("7, 7"));
    }

    #[test]
    fn long_text_is_cut_between_code_points() {
        let content = Content::text(&"é".repeat(10_001), None, Expiry::Off);
        assert_eq!(content.body().unwrap().chars().count(), MAX_TEXT_READ);
        assert_eq!(Content::default().body(), None);
    }
}
