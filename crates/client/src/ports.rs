//! How the engine touches the world: four traits and nothing else.
//!
//! Futures need not be `Send`: the engine runs on one thread, in a browser worker or in a native `LocalSet`.

use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::time::Timestamp;
use std::future::Future;

pub use onionskin_protocol::entropy::Entropy;

/// What an HTTP exchange with a node (through a relay or directly) gave: status and body, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// HTTP status of the node.
    pub status: u16,
    /// Body bytes.
    pub body: Vec<u8>,
}

/// Why no reply of a node came. A relay's own refusal (header `Onionskin-Relay`, 10-network Decisions 6) is told apart from
/// a node's answer so that no node is blamed for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The device is offline or the request never left.
    #[error("no internet connection")]
    Offline,
    /// The relay cannot be reached.
    #[error("the relay does not answer")]
    RelayDown,
    /// The relay refused: `rate`, `busy`, `too-large`.
    #[error("the relay refuses: {0}")]
    RelayRefused(String),
    /// The relay does not know this guard (`unknown-guard`): its list differs from ours.
    #[error("the relay does not know this guard")]
    UnknownGuard,
    /// The relay could not reach the guard, or the guard hung (`unreachable`, `timeout`).
    #[error("the guard does not answer")]
    GuardUnreachable,
    /// No answer in the time given.
    #[error("no answer in time")]
    Timeout,
    /// The answer exceeds 10.5 MiB.
    #[error("the answer is too large")]
    TooLarge,
}

/// A way out of this browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateway {
    /// Its origin, at the same time its name in settings and reports; empty for the origin that serves the app.
    pub origin: String,
    /// The key of a node that the browser reaches without a relay, since the deployment lists its own origin with a valid
    /// certificate and CORS. It serves as its own guard only. `None`: a relay, which serves any guard.
    pub direct: Option<Ed25519PublicKey>,
}

/// Sends sealed bytes to guards and fetches unauthenticated node lists. Which gateway a request takes, the engine decides.
pub trait Transport {
    /// The gateways of this deployment, in the operator's order; never other ones during the life of an engine.
    fn gateways(&self) -> Vec<Gateway>;

    /// Posts an onion frame to `guard`'s `/onion_req/v2` through a gateway (an index into [`gateways`](Self::gateways)).
    /// `timeout_ms` is the caller's patience.
    fn onion(
        &self,
        gateway: usize,
        guard: &ServiceNode,
        body: Vec<u8>,
        timeout_ms: u64,
    ) -> impl Future<Output = Result<HttpReply, TransportError>>;

    /// The node list as a gateway tells it: JSON of `GET /relay/nodes`, or a node's own answer to `get_service_nodes`. Not to
    /// be trusted (10-network 6.4).
    fn node_list(&self, gateway: usize) -> impl Future<Output = Result<Vec<u8>, TransportError>>;

    /// The node list that came with the app, in the form of [`bundle`](onionskin_protocol::bundle). Asked for only when the
    /// store holds no list that nodes confirmed.
    fn bundled_list(&self) -> impl Future<Output = Option<Vec<u8>>> {
        async { None }
    }
}

/// Time. Everything that waits, waits here.
pub trait Clock {
    /// This device's clock.
    fn now(&self) -> Timestamp;
    /// Waits at least `ms` milliseconds.
    fn sleep(&self, ms: u64) -> impl Future<Output = ()>;
}

/// The tables of a store. Names on disk are these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Account, profile, settings, schema version.
    Account = 0,
    /// Node pool, guards, clock offset.
    Network = 1,
    /// Swarm members and `last_hash` per node and namespace.
    Swarm = 2,
    /// Conversations and contacts.
    Conversation = 3,
    /// Messages, ordered inside a conversation.
    Message = 4,
    /// Lookup of messages by author and timestamp, and of received hashes.
    Index = 5,
    /// What waits to be sent.
    Outbox = 6,
    /// Stored messages that could not be read, kept for another try.
    Quarantine = 7,
    /// Bytes of files and pictures.
    File = 8,
    /// Configs shared with the account's other devices.
    Config = 9,
}

/// All tables, in order.
pub const TABLES: [Table; 10] = [
    Table::Account,
    Table::Network,
    Table::Swarm,
    Table::Conversation,
    Table::Message,
    Table::Index,
    Table::Outbox,
    Table::Quarantine,
    Table::File,
    Table::Config,
];

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Writes a record, replacing what was there.
    Put {
        /// Table.
        table: Table,
        /// Key, at most 64 bytes, compared byte by byte.
        key: Vec<u8>,
        /// Sealed value.
        value: Vec<u8>,
    },
    /// Removes a record; absent is fine.
    Delete {
        /// Table.
        table: Table,
        /// Key.
        key: Vec<u8>,
    },
}

/// Whether a commit must survive a power cut (50-browser 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// May lose the last seconds in a power cut, never tears.
    Relaxed,
    /// Flushed before it returns.
    Strict,
}

/// Why storage failed. Nothing of the transaction took effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The quota is used up.
    #[error("the storage is full")]
    Full,
    /// Another tab took over (owner epoch) or is upgrading.
    #[error("another tab has taken over")]
    Superseded,
    /// The browser refuses or lost the storage.
    #[error("the storage is not available: {0}")]
    Unavailable(String),
}

/// Keys and values, in order.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// An ordered, transactional store of opaque bytes. Keys and values arrive blinded and sealed; the adapter adds nothing.
pub trait Store {
    /// One record.
    fn get(
        &self,
        table: Table,
        key: &[u8],
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>>;
    /// Records with `from <= key < to`, ascending, or descending when `reverse`, at most `limit`.
    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> impl Future<Output = Result<Entries, StoreError>>;
    /// How many records there are with `from <= key < to`.
    fn count(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
    ) -> impl Future<Output = Result<u32, StoreError>>;
    /// Applies all operations in order in one transaction, or none.
    fn commit(
        &self,
        ops: Vec<Op>,
        durability: Durability,
    ) -> impl Future<Output = Result<(), StoreError>>;
}

/// The four ports of one engine.
pub trait Ports: 'static {
    /// Reaches service nodes.
    type Transport: Transport;
    /// Keeps records.
    type Store: Store;
    /// Tells and waits for time.
    type Clock: Clock;
    /// Makes random bytes.
    type Entropy: Entropy;
    /// The transport.
    fn transport(&self) -> &Self::Transport;
    /// The store.
    fn store(&self) -> &Self::Store;
    /// The clock.
    fn clock(&self) -> &Self::Clock;
    /// Draws random bytes.
    fn entropy(&self) -> std::cell::RefMut<'_, Self::Entropy>;
}
