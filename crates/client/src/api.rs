//! Commands in, answers and events out. Everything a person can do is a [`Command`]; everything a screen can show is an
//! [`Answer`] or an [`Event`]. Serialised with postcard between page and worker.

use serde::{Deserialize, Serialize};

/// A random local name of a conversation (128 bit), never derived from an Account ID; used in routes. Text form: 26
/// characters of lower-case base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConversationId(pub [u8; 16]);

/// A random local name of a message (128 bit).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(pub [u8; 16]);

/// What the person wants done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Opens (or creates) the conversation with an Account ID (66 hex digits; own ID = Note to Self). Answer: [`Answer::Conversation`].
    StartConversation {
        /// As typed or pasted.
        account_id: String,
    },
    /// Sends text. Answer: [`Answer::Message`] with the queued message.
    SendText {
        /// Where.
        conversation: ConversationId,
        /// At most 2,000 code points after trimming.
        text: String,
    },
    /// Tries a message of the outbox again at once.
    RetryMessage {
        /// Which.
        message: MessageId,
    },
    /// Removes a message from this device; a queued one is not sent any more.
    DeleteMessage {
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
    /// Keeps unsent text; empty clears.
    SetDraft {
        /// Where.
        conversation: ConversationId,
        /// The text.
        text: String,
    },
    /// Accepts an incoming request without replying.
    AcceptRequest {
        /// Which.
        conversation: ConversationId,
    },
    /// Changes the display name (at most 100 bytes of UTF-8).
    SetDisplayName {
        /// The name; empty removes it.
        name: String,
    },
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
    /// The first-steps card was dismissed, or the phrase was checked.
    SetPhraseChecked {
        /// Checked or dismissed for ever.
        checked: bool,
    },
    /// Reads: own profile. Answer: [`Answer::Profile`].
    GetProfile,
    /// Reads: all conversations, newest first. Answer: [`Answer::Conversations`].
    GetConversations,
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
    /// Reads: the 13-word recovery phrase and its second form. Answer: [`Answer::Phrase`].
    RevealPhrase,
}

/// Where a page of messages lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Anchor {
    /// The newest messages.
    Newest,
    /// Messages before this one (exclusive).
    Before(Cursor),
    /// Messages after this one (exclusive).
    After(Cursor),
}

/// A place in the order of a conversation: sent timestamp, then local id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// Sent timestamp in ms.
    pub sent_at: u64,
    /// Breaks ties.
    pub message: MessageId,
}

/// What a command or query gives back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Done.
    Done,
    /// A conversation.
    Conversation(Conversation),
    /// All conversations.
    Conversations(Vec<Conversation>),
    /// A message.
    Message(Message),
    /// A page of messages, ascending.
    Messages {
        /// The messages.
        messages: Vec<Message>,
        /// There are older ones.
        more_before: bool,
        /// There are newer ones.
        more_after: bool,
    },
    /// Own profile.
    Profile(Profile),
    /// Network state.
    Network(NetworkStatus),
    /// Standing paths, then the last one-off.
    Paths(Vec<PathView>),
    /// Everything of the network page.
    NetworkReport(NetworkReport),
    /// What the person chose about the network.
    NetworkSettings(NetworkSettings),
    /// The recovery phrase.
    Phrase(PhraseView),
}

/// The words that own the account. Silent in `Debug`, wiped on drop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhraseView {
    /// 13 words.
    pub words: String,
    /// 12 words of the second form, which no other Session app reads.
    pub second_form: String,
}

impl std::fmt::Debug for PhraseView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhraseView(..)")
    }
}

impl Drop for PhraseView {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.words.zeroize();
        self.second_form.zeroize();
    }
}

/// The person who owns this account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// 66 hex digits.
    pub account_id: String,
    /// Display name, possibly empty.
    pub name: String,
    /// Nothing is kept on this device.
    pub temporary: bool,
    /// The phrase was checked or the reminder dismissed.
    pub phrase_checked: bool,
}

/// A row of the list and the head of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Local name.
    pub id: ConversationId,
    /// 66 hex digits of the other side; own ID for Note to Self.
    pub account_id: String,
    /// It is the conversation with oneself.
    pub note_to_self: bool,
    /// Name the other side gave; empty when unknown (show [`short_id`]).
    pub name: String,
    /// Newest message.
    pub last: Option<LastMessage>,
    /// Unseen messages.
    pub unread: u32,
    /// Kept, unsent text.
    pub draft: String,
    /// Where the message request stands.
    pub request: RequestState,
    /// When anything last happened (ms), for the order of the list.
    pub active_at: u64,
}

/// The first and last four characters of an ID: the name of whoever has none.
pub fn short_id(account_id: &str) -> String {
    match (
        account_id.get(..4),
        account_id.get(account_id.len().saturating_sub(4)..),
    ) {
        (Some(start), Some(end)) if account_id.len() > 8 => format!("{start}…{end}"),
        _ => account_id.to_owned(),
    }
}

/// 20-messages 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestState {
    /// Both sides accepted, or it is Note to Self, or nothing was sent yet.
    None,
    /// They wrote, we have not accepted.
    Incoming,
    /// We wrote, they have not answered.
    Outgoing,
}

/// The last line of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMessage {
    /// First 200 code points, line breaks as spaces.
    pub text: String,
    /// What kind it is.
    pub kind: MessageKind,
    /// Own message.
    pub mine: bool,
    /// Sent timestamp (ms).
    pub sent_at: u64,
    /// Delivery of an own message.
    pub delivery: Delivery,
}

/// What a message is, beyond its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// Text.
    Text,
    /// Made by a feature that this version does not know; kept.
    Unsupported,
    /// Could not be opened.
    Undecryptable,
    /// "Request accepted" notice.
    RequestAccepted,
}

/// A message of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Local name.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// 66 hex digits.
    pub author: String,
    /// Own message (this or another device).
    pub mine: bool,
    /// Kind.
    pub kind: MessageKind,
    /// Text.
    pub text: String,
    /// Sent timestamp, network time, ms. With the author it names the message for everybody.
    pub sent_at: u64,
    /// When this device got it (ms).
    pub received_at: u64,
    /// Delivery of an own message; received ones are `Stored`.
    pub delivery: Delivery,
}

/// screens 9.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// Saved in the outbox.
    Queued,
    /// In the path.
    Sending,
    /// Confirmed by `confirmed` of `of` nodes of the recipient's swarm.
    Stored {
        /// Nodes whose signature verified.
        confirmed: u8,
        /// Nodes asked.
        of: u8,
    },
    /// The copy for own other devices is stored too. `0` of `0`: sent by another device, which knows the counts.
    Synced {
        /// Nodes whose signature verified.
        confirmed: u8,
        /// Nodes asked.
        of: u8,
    },
    /// A read receipt came.
    Read,
    /// An attempt failed; the next one is at `next_at` (ms, device clock).
    Retrying {
        /// Attempts so far.
        attempt: u16,
        /// ms.
        next_at: u64,
    },
    /// Given up, for a reason of the catalogue.
    Failed(ErrorCode),
}

/// The error catalogue of screens 24 (those an engine can raise). Text lives in the language files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum ErrorCode {
    NetOffline,
    NetRelay,
    NetRelayRefused,
    NetSeed,
    NetList,
    NetPath,
    NetGuard,
    NetSwarm,
    NetTimeout,
    NetClock,
    NetVersion,
    SendQueue,
    SendRejected,
    SendTooLong,
    SendExpired,
    SendBlocked,
    SendNotAccepted,
    MsgDecrypt,
    MsgUnknown,
    MsgForged,
    IdFormat,
    IdSelf,
    PhraseWord,
    PhraseCount,
    PhraseCheck,
    VaultPass,
    VaultOpen,
    VaultDamaged,
    StoreFull,
    StoreEvicted,
    StoreBlocked,
    BrowserOld,
    Internal,
}

impl ErrorCode {
    /// The code as shown and logged, for example `NET-OFFLINE`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NetOffline => "NET-OFFLINE",
            Self::NetRelay => "NET-RELAY",
            Self::NetRelayRefused => "NET-RELAY-REFUSED",
            Self::NetSeed => "NET-SEED",
            Self::NetList => "NET-LIST",
            Self::NetPath => "NET-PATH",
            Self::NetGuard => "NET-GUARD",
            Self::NetSwarm => "NET-SWARM",
            Self::NetTimeout => "NET-TIMEOUT",
            Self::NetClock => "NET-CLOCK",
            Self::NetVersion => "NET-VERSION",
            Self::SendQueue => "SEND-QUEUE",
            Self::SendRejected => "SEND-REJECTED",
            Self::SendTooLong => "SEND-TOO-LONG",
            Self::SendExpired => "SEND-EXPIRED",
            Self::SendBlocked => "SEND-BLOCKED",
            Self::SendNotAccepted => "SEND-NOT-ACCEPTED",
            Self::MsgDecrypt => "MSG-DECRYPT",
            Self::MsgUnknown => "MSG-UNKNOWN",
            Self::MsgForged => "MSG-FORGED",
            Self::IdFormat => "ID-FORMAT",
            Self::IdSelf => "ID-SELF",
            Self::PhraseWord => "PHRASE-WORD",
            Self::PhraseCount => "PHRASE-COUNT",
            Self::PhraseCheck => "PHRASE-CHECK",
            Self::VaultPass => "VAULT-PASS",
            Self::VaultOpen => "VAULT-OPEN",
            Self::VaultDamaged => "VAULT-DAMAGED",
            Self::StoreFull => "STORE-FULL",
            Self::StoreEvicted => "STORE-EVICTED",
            Self::StoreBlocked => "STORE-BLOCKED",
            Self::BrowserOld => "BROWSER-OLD",
            Self::Internal => "INTERNAL",
        }
    }
}

/// A refused command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", code.code())]
pub struct Failure {
    /// Which entry of the catalogue.
    pub code: ErrorCode,
    /// A number that belongs to the text: a position, a length, a count.
    pub number: Option<u32>,
    /// Never user content.
    pub detail: String,
}

/// screens 14.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum ConnectionState {
    Offline,
    Connecting,
    RelayDown,
    Building,
    Degraded,
    Connected,
}

/// P1 in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkStatus {
    /// State of the chip.
    pub state: ConnectionState,
    /// Why, when it is not connected.
    pub problem: Option<ErrorCode>,
    /// Last success (device clock, ms).
    pub last_success: Option<u64>,
    /// Nodes in the pool.
    pub nodes: u32,
    /// Nodes of the own swarm.
    pub swarm: u32,
    /// Network minus device clock (ms).
    pub clock_offset: i64,
    /// Messages waiting.
    pub queued: u32,
}

/// One standing path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathView {
    /// Guard first.
    pub hops: Vec<HopView>,
    /// When it was built (device clock, ms).
    pub built_at: u64,
    /// Requests that went through it.
    pub requests: u32,
    /// Of these, failed.
    pub failures: u32,
    /// Counted so far against it (3 = replaced).
    pub strikes: u8,
    /// When the hops behind the guard change next (device clock, ms); `None` for a one-off.
    pub rotates_at: Option<u64>,
    /// Rules that could not be kept when it was built.
    pub relaxed: Vec<PathRule>,
    /// Where the newest request through it went.
    pub destination: Option<DestinationKind>,
}

/// What should hold for the hops of a path (screens 14, P2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PathRule {
    /// No two nodes in one /24.
    Subnets,
    /// Different countries, where they are known.
    Countries,
    /// No node with a strike.
    Reliable,
}

/// The kind of node that a request asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DestinationKind {
    /// A member of the own swarm.
    OwnSwarm,
    /// A member of somebody else's swarm.
    OtherSwarm,
    /// Any node, asked for its clock, the list or a swarm.
    Network,
    /// A server behind the last hop (file server, community).
    Server,
}

/// Why a node is where it is in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chosen {
    /// A guard kept from before.
    Kept,
    /// Drawn by chance among those that the rules allow.
    Chance,
    /// Took the place of a node that failed.
    Replacement,
}

/// One hop of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopView {
    /// Ed25519 key, 64 hex digits.
    pub key: String,
    /// IPv4 address in text form.
    pub address: String,
    /// When the guard was chosen (ms); `None` for other hops.
    pub pinned_since: Option<u64>,
    /// Why this node.
    pub chosen: Chosen,
}

/// Everything of the network page (screens 14, P1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// The ways out of this browser, in the order of preference.
    pub gateways: Vec<GatewayView>,
    /// The node list.
    pub list: ListView,
    /// The own swarm.
    pub swarm: SwarmView,
    /// Nodes whose clocks make up the network's time.
    pub clock_samples: u32,
    /// Newest hard fork and its revision that a node told.
    pub hard_fork: Option<(u16, u16)>,
    /// Requests of the last minute.
    pub requests_per_minute: u32,
    /// Median time to an answer in the last two minutes (ms).
    pub latency: Option<u32>,
    /// The slowest twentieth took longer than this (ms).
    pub latency_slow: Option<u32>,
    /// What was sent and received, by kind.
    pub data_use: Vec<DataUse>,
    /// Messages waiting to be sent.
    pub outbox: u32,
}

/// A relay, or a node that the browser reaches directly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayView {
    /// Its origin; empty for the origin that serves the app.
    pub origin: String,
    /// It is a node and serves only as its own guard.
    pub direct: bool,
    /// Requests go through it at the moment.
    pub in_use: bool,
    /// How it does.
    pub health: GatewayHealth,
    /// Last answer (device clock, ms).
    pub last_success: Option<u64>,
    /// Time to the last answer (ms), a node's own time included.
    pub latency: Option<u32>,
    /// What came of comparing its node list with the network's.
    pub verdict: ListVerdict,
}

/// How a gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GatewayHealth {
    /// Not tried yet.
    Unknown,
    /// The last try succeeded.
    Good,
    /// It refuses (busy, rate).
    Refusing,
    /// It does not answer.
    Silent,
}

/// A gateway's node list beside the one that nodes agree on (10-network 6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListVerdict {
    /// Not compared yet.
    Unchecked,
    /// They agree.
    Agrees,
    /// Too many nodes of the network are missing: it is old or cut short.
    Old {
        /// Missing, in per cent of the network.
        missing: u8,
    },
    /// It names nodes that the network does not know.
    Forged {
        /// So many.
        nodes: u32,
    },
    /// It is no node list.
    Unreadable,
}

/// The node list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListView {
    /// Nodes in it.
    pub nodes: u32,
    /// Of these, struck out at the moment.
    pub struck_out: u32,
    /// Where it comes from.
    pub source: ListSource,
    /// When nodes last agreed on it (device clock, ms).
    pub confirmed_at: Option<u64>,
    /// Nodes that answered the last question for it.
    pub agreed: u8,
    /// Nodes that were asked.
    pub asked: u8,
    /// The last answers were not believed.
    pub disputed: bool,
}

/// Where the node list comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListSource {
    /// There is none.
    #[default]
    None,
    /// It came with the app.
    Bundled {
        /// Its day (Unix ms).
        as_of: u64,
    },
    /// One relay says so.
    Gateway,
    /// Several nodes say so.
    Network,
}

/// The own swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmView {
    /// Its members.
    pub nodes: Vec<SwarmNodeView>,
    /// Messages that this device knows to lie there.
    pub messages: u32,
    /// When the first of them expires (network time, ms).
    pub oldest_expiry: Option<u64>,
}

/// A member of the own swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmNodeView {
    /// Ed25519 key, 64 hex digits.
    pub key: String,
    /// IPv4 address in text form.
    pub address: String,
    /// Last answer to us (device clock, ms).
    pub last_answer: Option<u64>,
    /// It failed just now and is left alone.
    pub benched: bool,
}

/// Bytes on the wire, onion layers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
}

/// What one kind of request cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataUse {
    /// The kind.
    pub kind: Traffic,
    /// Since midnight UTC.
    pub today: Bytes,
    /// The last 7 days.
    pub week: Bytes,
    /// The last 30 days.
    pub month: Bytes,
}

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Traffic {
    /// Asking for messages.
    Polling,
    /// Sending messages.
    Sending,
    /// Node lists, swarms, clocks, tests of paths.
    Network,
    /// Files.
    Files,
}

/// What the person chose about the network (screens 17, X9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSettings {
    /// Which gateways may be used.
    pub transport: TransportChoice,
    /// Origins of gateways in the order of preference; those not named follow in the operator's order.
    pub relays: Vec<String>,
    /// Slower polling.
    pub saver: bool,
    /// How often to poll while on screen.
    pub pace: PollPace,
    /// Rather fail than relax a rule for paths.
    pub strict_paths: bool,
}

/// Which gateways may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum TransportChoice {
    #[default]
    Automatic,
    DirectOnly,
    RelayOnly,
}

/// How often to poll while on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum PollPace {
    #[default]
    Adaptive,
    Seconds5,
    Seconds15,
    Seconds60,
}

/// How far a restore has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RestoreStep {
    Connecting,
    Profile,
    Messages,
    Done,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A conversation is new or changed.
    Conversation(Conversation),
    /// A conversation is gone.
    ConversationRemoved(ConversationId),
    /// A message is new or changed.
    Message(Message),
    /// A message is gone from this device.
    MessageRemoved {
        /// Where it was.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// Own profile changed.
    Profile(Profile),
    /// Network state changed.
    Network(NetworkStatus),
    /// The standing paths changed.
    Paths(Vec<PathView>),
    /// Restoring goes on.
    Restore(RestoreStep),
    /// Something went wrong that belongs to no command.
    Problem(Failure),
}
