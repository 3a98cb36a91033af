//! Commands in, answers and events out. Everything a person can do is a [`Command`]; everything a screen can show is an
//! [`Answer`] or an [`Event`]. Serialised with postcard between page and worker.

mod account;
mod backup;
mod conversation;
mod error;
mod file;
mod message;
mod network;
mod search;

pub use account::{
    BackupReminder, NotifyDetail, PhraseView, Profile, RestoreStep, Settings, SyncState, SyncStatus,
};
pub use backup::{
    BackupCounts, BackupKey, BackupOrder, BackupStep, BackupView, MergeConflict, MergeField,
    MergeLoss, MergeReport, MergeStep,
};
pub use conversation::{
    Conversation, ConversationChange, ConversationId, FileKind, LastMessage, Notify, RequestState,
    SafetyMatch, SafetyView, short_id,
};
pub use error::{ErrorCode, Failure};
pub use file::{
    Attachment, Blob, FileId, FileState, MediaItem, NewFile, Pressure, RoomOf, RoomQuery, RoomView,
};
pub use message::{
    Anchor, Cursor, DeleteScope, Delivery, Draft, Invitation, LinkPreview, Message, MessageId,
    MessageInfo, MessageKind, Quote, Quoted, Reaction, Timer,
};
pub use network::*;
pub use search::{Found, Has, Hit, SearchQuery};

use serde::{Deserialize, Serialize};

/// What the person wants done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Opens (or creates) the conversation with an Account ID (66 hex digits; own ID = Note to Self). Answer: [`Answer::Conversation`].
    StartConversation {
        /// As typed or pasted.
        account_id: String,
    },
    /// Asks the name service whose name it is: three nodes must agree (20-messages 8). Waits for the network. Answer:
    /// [`Answer::AccountId`]; fails with `NameNone`, `NameUnsupported`, `NameSplit` or a `Net…` code.
    LookUpName {
        /// As typed.
        name: String,
    },
    /// Changes something about a conversation.
    ChangeConversation {
        /// Which.
        conversation: ConversationId,
        /// What.
        change: ConversationChange,
    },
    /// Removes all messages of a conversation from this device.
    ClearMessages {
        /// Which.
        conversation: ConversationId,
    },
    /// Removes a conversation with all its messages; the contact stays known when `keep_contact`. Synced.
    DeleteConversation {
        /// Which.
        conversation: ConversationId,
        /// Only hidden; else the contact is forgotten too.
        keep_contact: bool,
    },
    /// Accepts an incoming request without replying.
    AcceptRequest {
        /// Which.
        conversation: ConversationId,
        /// What they wrote so far counts as read, and they are not told so, whatever is chosen about that.
        quietly: bool,
    },
    /// Declines incoming requests: their messages go, nothing is sent.
    DeclineRequests {
        /// Which.
        conversations: Vec<ConversationId>,
        /// Block the senders as well.
        block: bool,
    },
    /// Sends a message. Text at most 2,000 code points after trimming; longer text is refused (`SendTooLong`). Answer:
    /// [`Answer::Message`] with the queued message.
    Send {
        /// Where.
        conversation: ConversationId,
        /// The text, possibly empty when there are files.
        text: String,
        /// The message it replies to.
        reply_to: Option<MessageId>,
        /// Staged files, in order; at most 32.
        files: Vec<FileId>,
    },
    /// Sends an invitation to a community.
    SendInvitation {
        /// Where.
        conversation: ConversationId,
        /// The room.
        invitation: Invitation,
    },
    /// Sends text and files of messages to others as new messages, as far as they are on this device: [`Answer::Forwarded`].
    Forward {
        /// Which, in order.
        messages: Vec<MessageId>,
        /// To whom; at most 20.
        to: Vec<ConversationId>,
        /// Sent before them; may be empty.
        comment: String,
    },
    /// Adds or removes a reaction. At most 20 per minute (`SendRate`).
    React {
        /// To which.
        message: MessageId,
        /// One grapheme cluster of at most 40 bytes.
        emoji: String,
        /// Add, else remove.
        add: bool,
    },
    /// Tries a message of the outbox again at once.
    RetryMessage {
        /// Which.
        message: MessageId,
    },
    /// Reads a message again that could not be opened. Fails with `MsgDecrypt` when it still does not open.
    ReadAgain {
        /// Which.
        message: MessageId,
    },
    /// Takes a message back that is not under way yet, so that it can be edited. Answer: [`Answer::Draft`] with what it held.
    CancelSend {
        /// Which.
        message: MessageId,
    },
    /// Removes messages; queued ones are not sent any more.
    DeleteMessages {
        /// Which.
        messages: Vec<MessageId>,
        /// From where.
        scope: DeleteScope,
    },
    /// Marks messages with a star, or not.
    Star {
        /// Which.
        messages: Vec<MessageId>,
        /// With or without.
        on: bool,
    },
    /// Pins a message for oneself, or not.
    PinMessage {
        /// Which.
        message: MessageId,
        /// Pinned or not.
        on: bool,
    },
    /// A voice message was played.
    MarkHeard {
        /// Which.
        message: MessageId,
    },
    /// Everything up to this time (sent timestamp, ms) has been seen.
    MarkRead {
        /// Where.
        conversation: ConversationId,
        /// Newest sent timestamp on screen.
        up_to: u64,
    },
    /// The person types in this conversation, or stopped. Sent on only when the setting allows.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Typing now.
        active: bool,
    },
    /// Files of this message were saved; told to the sender only when the setting allows.
    MediaSaved {
        /// Which.
        message: MessageId,
    },
    /// Keeps unsent text; empty clears. Staged files are kept by themselves.
    SetDraft {
        /// Where.
        conversation: ConversationId,
        /// The text.
        text: String,
        /// The message it replies to.
        reply_to: Option<MessageId>,
    },
    /// Keeps a file for the next message of a conversation. Answer: [`Answer::File`]; fails with `FileTooBig`, `StoreFull`,
    /// `SendNotAccepted`.
    StageFile {
        /// Where.
        conversation: ConversationId,
        /// The file.
        file: NewFile,
    },
    /// Says what a staged file shows, for whoever does not see it; at most 500 code points, empty removes it.
    DescribeFile {
        /// Which.
        file: FileId,
        /// In words.
        caption: String,
    },
    /// Puts the staged files of a conversation into an order. Files that are not named keep theirs, behind those that are.
    ArrangeFiles {
        /// Where.
        conversation: ConversationId,
        /// The files, first one first.
        files: Vec<FileId>,
    },
    /// Drops a staged file.
    UnstageFile {
        /// Which.
        file: FileId,
    },
    /// Fetches a file from the file server; progress comes as [`Event::File`].
    LoadFile {
        /// Of which message.
        message: MessageId,
        /// Which.
        file: FileId,
    },
    /// Ends the transfer of a file; an upload's message stays in the outbox and waits for a retry.
    CancelFile {
        /// Which.
        file: FileId,
    },
    /// Removes files from this device; their messages stay, and the file server may still have them.
    FreeRoom(RoomQuery),
    /// Changes the display name (at most 100 bytes of UTF-8).
    SetDisplayName {
        /// The name; empty removes it.
        name: String,
    },
    /// Changes the own picture (a JPEG, PNG or WebP without metadata); `None` removes it.
    SetAvatar {
        /// The picture.
        picture: Option<Blob>,
    },
    /// Changes what the person chose.
    SetSettings(Settings),
    /// Builds new paths, keeping the guards. At most once per 60 s.
    NewPath,
    /// The app is on screen (poll every 5 s) or hidden (every 30 to 60 s).
    SetVisible {
        /// On screen.
        visible: bool,
    },
    /// The device woke up or came online, or the person asked: poll at once.
    Wake,
    /// The browser says there is no network; `false` ends that.
    SetOffline {
        /// No network.
        offline: bool,
    },
    /// The browser is to save data, or no more: polls come less often, unless the person chose about that
    /// ([`SetNetworkSettings`](Self::SetNetworkSettings)).
    SetSaveData {
        /// It is.
        on: bool,
    },
    /// The person has shown that they wrote the phrase down.
    PhraseChecked,
    /// This device shows the phrase no more. It cannot be taken back here.
    HidePhrase,
    /// They want to be reminded of the phrase later.
    PutPhraseOff,
    /// Has every member of the own swarm delete everything of the account, in all namespaces. From then on this device stores
    /// nothing there, until [`StoreAgain`](Self::StoreAgain). Waits for the network. Answer: [`Answer::Erased`]; fails with a
    /// `Net…` code when nobody could be reached, and then nothing has changed.
    EraseFromNetwork {
        /// Goes on where the last time in this session ended: who confirmed then is not asked again.
        retry: bool,
    },
    /// The account goes on after all: what other devices are to know is stored again.
    StoreAgain,
    /// How much room the browser has left for this site.
    SetPressure(Pressure),
    /// Reads: own profile. Answer: [`Answer::Profile`].
    GetProfile,
    /// Reads: what the person chose. Answer: [`Answer::Settings`].
    GetSettings,
    /// Reads: how devices agree. Answer: [`Answer::Sync`].
    GetSync,
    /// Reads: all conversations, newest first. Answer: [`Answer::Conversations`].
    GetConversations,
    /// Reads: blocked people, also those without messages. Answer: [`Answer::Conversations`].
    GetBlocked,
    /// Reads: accepted people who are not blocked, also those whose conversation was deleted. Answer:
    /// [`Answer::Conversations`].
    GetContacts,
    /// Reads: one conversation. Answer: [`Answer::Conversation`].
    GetConversation {
        /// Which.
        conversation: ConversationId,
    },
    /// Reads: a page of messages in ascending order. Answer: [`Answer::Messages`].
    GetMessages {
        /// Where.
        conversation: ConversationId,
        /// Around which point.
        anchor: Anchor,
        /// At most this many (1 to 200).
        limit: u16,
    },
    /// Reads: the pinned messages of a conversation, the newest 200 of them. Answer: [`Answer::Messages`].
    GetPinned {
        /// Where.
        conversation: ConversationId,
    },
    /// Reads: one message. Answer: [`Answer::Message`].
    GetMessage {
        /// Which.
        message: MessageId,
    },
    /// Reads: everything known about a message. Answer: [`Answer::MessageInfo`].
    GetMessageInfo {
        /// Which.
        message: MessageId,
    },
    /// Reads: unsent text and files. Answer: [`Answer::Draft`].
    GetDraft {
        /// Where.
        conversation: ConversationId,
    },
    /// Reads: the bytes of a file on this device. Answer: [`Answer::Bytes`].
    GetFile {
        /// Which.
        file: FileId,
    },
    /// Reads: files of a conversation, newest first. Answer: [`Answer::Media`].
    GetMedia {
        /// Where.
        conversation: ConversationId,
        /// Before this message; `None` = from the newest on.
        before: Option<Cursor>,
        /// At most this many (1 to 200); more only where one message has more.
        limit: u16,
    },
    /// Reads: the room that files take on this device. Answer: [`Answer::Room`].
    GetRoom(RoomQuery),
    /// Reads: the picture of somebody, or one's own. Answer: [`Answer::Bytes`], empty when there is none here.
    GetAvatar {
        /// 66 hex digits.
        account_id: String,
    },
    /// Reads: messages by words and filters. Answer: [`Answer::Found`].
    Search {
        /// What.
        query: SearchQuery,
        /// Goes on from there.
        after: Option<Cursor>,
        /// At most this many (1 to 200).
        limit: u16,
    },
    /// Reads: the four words that stand for an Account ID (20-messages 9). Answer: [`Answer::Words`]; fails with `IdFormat`.
    GetIdWords {
        /// 66 hex digits.
        account_id: String,
    },
    /// Reads: the safety number with somebody. Answer: [`Answer::Safety`].
    GetSafetyNumber {
        /// Whose conversation.
        conversation: ConversationId,
    },
    /// Reads: compares a scanned code or typed digits with the safety number. Answer: [`Answer::Compared`].
    CompareSafetyNumber {
        /// Whose conversation.
        conversation: ConversationId,
        /// What was scanned, pasted or typed.
        text: String,
    },
    /// Reads: connection, node list, swarm, queues. Answer: [`Answer::Network`].
    GetNetwork,
    /// Reads: the standing paths and the last one-off. Answer: [`Answer::Paths`].
    GetPaths,
    /// Replaces both guards as well. At most once per 60 s.
    NewGuards,
    /// Reads: everything of the network page. Answer: [`Answer::NetworkReport`].
    GetNetworkReport,
    /// Reads: what the person chose about the network. Answer: [`Answer::NetworkSettings`].
    GetNetworkSettings,
    /// Changes what the person chose about the network.
    SetNetworkSettings(NetworkSettings),
    /// Asks every gateway for its node list at once and measures how long that takes; the result is in the next report.
    TestRelays,
    /// Forgets the counts of data use.
    ResetDataUse,
    /// Reads: the 13-word recovery phrase and its second form. Answer: [`Answer::Phrase`]; fails with `PhraseHidden`.
    RevealPhrase,
    /// A step of making a backup.
    Backup(BackupStep),
    /// A step of taking a backup in.
    Merge(MergeStep),
}

/// What a command or query gives back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Done.
    Done,
    /// A conversation.
    Conversation(Box<Conversation>),
    /// All conversations.
    Conversations(Vec<Conversation>),
    /// A message.
    Message(Box<Message>),
    /// A page of messages, ascending.
    Messages {
        /// The messages.
        messages: Vec<Message>,
        /// There are older ones.
        more_before: bool,
        /// There are newer ones.
        more_after: bool,
    },
    /// Messages were forwarded.
    Forwarded {
        /// So many of them were not: they say nothing (any more), or their files are not on this device. When it is all of
        /// them, nothing was sent.
        left_out: u32,
    },
    /// Everything known about a message.
    MessageInfo(Box<MessageInfo>),
    /// Unsent text and files.
    Draft(Draft),
    /// A staged file.
    File(Attachment),
    /// Files, newest first.
    Media(Vec<MediaItem>),
    /// The room that files take.
    Room(RoomView),
    /// Bytes of a file.
    Bytes(Blob),
    /// What was found.
    Found(Found),
    /// A safety number.
    Safety(SafetyView),
    /// What came of comparing.
    Compared(SafetyMatch),
    /// 66 hex digits.
    AccountId(String),
    /// Words of a fingerprint.
    Words(Vec<String>),
    /// Own profile.
    Profile(Profile),
    /// What the person chose.
    Settings(Box<Settings>),
    /// How devices agree.
    Sync(SyncStatus),
    /// Network state.
    Network(NetworkStatus),
    /// Standing paths, then the last one-off.
    Paths(Vec<PathView>),
    /// Everything of the network page.
    NetworkReport(NetworkReport),
    /// What the person chose about the network.
    NetworkSettings(NetworkSettings),
    /// What came of erasing the account, at each member of its swarm.
    Erased(Vec<ErasedAt>),
    /// The recovery phrase.
    Phrase(PhraseView),
    /// What the head of a backup says.
    Backup(Box<BackupView>),
    /// What taking a backup in came to.
    Merged(Box<MergeReport>),
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A conversation is new or changed.
    Conversation(Box<Conversation>),
    /// A conversation is gone.
    ConversationRemoved(ConversationId),
    /// A message is new or changed.
    Message(Box<Message>),
    /// A message is gone from this device.
    MessageRemoved {
        /// Where it was.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// Somebody types, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Typing now.
        active: bool,
    },
    /// Where a file is has changed.
    File {
        /// Which.
        file: FileId,
        /// Where it is.
        state: FileState,
    },
    /// Something came that the person may want to be told of. Nothing muted, blocked or read elsewhere.
    Notify {
        /// Where.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// Own profile changed.
    Profile(Profile),
    /// What the person chose has changed.
    Settings(Box<Settings>),
    /// How devices agree has changed.
    Sync(SyncStatus),
    /// Network state changed.
    Network(NetworkStatus),
    /// The standing paths changed.
    Paths(Vec<PathView>),
    /// Restoring goes on.
    Restore(RestoreStep),
    /// Something went wrong that belongs to no command.
    Problem(Failure),
}
