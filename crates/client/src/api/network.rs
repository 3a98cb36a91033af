//! What screens show of the network (screens 14, X9).

use super::ErrorCode;
use serde::{Deserialize, Serialize};

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
    /// Paths that were tried in a row without one that stands.
    pub attempts: u32,
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
    /// The hop (0 is the guard) at which the newest request broke off, when that is known; its node was replaced.
    pub broken: Option<u8>,
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

/// What came of erasing the account at one member of its swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedAt {
    /// Ed25519 key, 64 hex digits.
    pub key: String,
    /// IPv4 address in text form.
    pub address: String,
    /// What came of it.
    pub outcome: NodeErasure,
}

/// What a member of the swarm said to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeErasure {
    /// It confirmed with its signature that nothing is left there.
    Confirmed {
        /// Messages that it deleted for that.
        deleted: u32,
    },
    /// It refused, or what it said does not bear its signature.
    Refused,
    /// It did not answer.
    Silent,
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
    /// Of these, those whose files are not all on the file server.
    pub uploads: u32,
    /// Files waiting to be fetched, or on their way.
    pub downloads: u32,
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
