//! One service node: keys, messages, and the small state a node keeps between requests.

use super::database::{Database, Message};
use onionskin_protocol::hash::{blake2b, message_hash};
use onionskin_protocol::id::{Namespace, SwarmId};
use onionskin_protocol::keys::{
    Ed25519PublicKey, Ed25519SecretKey, KeyError, X25519PublicKey, X25519SecretKey,
};
use onionskin_protocol::onion::peel::{Layer, Outer, PeelError, peel};
use onionskin_protocol::time::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// Expired messages are dropped this often, ms.
const PURGE_EVERY: u64 = 10_000;
/// Requests a client may send at once.
const BUCKET: u64 = 600;
/// Requests a client earns per second.
const REFILL: u64 = 300;
/// Clients remembered at most.
const MAX_CLIENTS: usize = 10_000;

/// Why a node cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The seed gives an unusable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database does not open.
    #[error("the message database does not open: {0}")]
    Database(#[from] rusqlite::Error),
}

/// A service node without sockets and without a clock: requests and the time go in, answers and [`super::Plan`]s come out.
#[derive(Debug)]
pub struct Node {
    /// Its number in the [`super::View`].
    pub index: usize,
    /// Its messages.
    pub database: Database,
    /// False: answers 503 to everything.
    pub ready: bool,
    /// Fault: confirms stores and forgets them.
    pub drops_stores: bool,
    /// Fault: refuses every store for good.
    pub refuses_stores: bool,
    /// Answers every `delete_all` with 401, as if the signature did not fit.
    pub refuses_deletes: bool,
    /// Claims to have deleted everything, with a wrong signature, and deletes nothing.
    pub fakes_deletes: bool,
    /// Fault: confirms stores with a signature over something else, has no messages, and knows no node but itself.
    pub lies: bool,
    /// Fault: puts an altered copy before every message that it gives, under the hash of the message.
    pub forges: bool,
    /// Fault: gives all its messages at every `retrieve`, as if nothing had been asked before.
    pub replays: bool,
    pub(super) secret: Secret,
    pub(super) x25519_secret: X25519SecretKey,
    public: Ed25519PublicKey,
    x25519: X25519PublicKey,
    purged_until: Option<u64>,
    buckets: BTreeMap<IpAddr, Bucket>,
}

/// The signing key; silent in `Debug`.
pub(super) struct Secret(Ed25519SecretKey);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl std::ops::Deref for Secret {
    type Target = Ed25519SecretKey;
    fn deref(&self) -> &Ed25519SecretKey {
        &self.0
    }
}

/// Tokens in thousandths, and when they were counted.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    millitokens: u64,
    at: Timestamp,
}

/// The 32-byte Ed25519 seed of node `index` in the network of a seed.
pub fn node_seed(network_seed: u64, index: usize) -> [u8; 32] {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    blake2b(
        b"",
        &[
            b"onionskin-testnet node",
            &network_seed.to_be_bytes(),
            &index.to_be_bytes(),
        ],
    )
}

impl Node {
    /// A node from its 32-byte Ed25519 seed, with its messages in memory or in a file.
    pub fn new(index: usize, seed: &[u8; 32], file: Option<&Path>) -> Result<Self, NodeError> {
        let secret = Ed25519SecretKey::from_seed(seed);
        let public = secret.public();
        let x25519_secret = secret.to_x25519();
        let x25519 = public.to_x25519()?;
        let database = match file {
            Some(path) => Database::in_file(path)?,
            None => Database::in_memory()?,
        };
        Ok(Self {
            index,
            database,
            ready: true,
            drops_stores: false,
            refuses_stores: false,
            refuses_deletes: false,
            fakes_deletes: false,
            lies: false,
            forges: false,
            replays: false,
            secret: Secret(secret),
            x25519_secret,
            public,
            x25519,
            purged_until: None,
            buckets: BTreeMap::new(),
        })
    }

    /// The layer of an onion request that is meant for this node, opened.
    pub fn open(&self, layer: &Outer) -> Result<Layer, PeelError> {
        peel(
            &self.x25519_secret,
            &layer.ephemeral,
            layer.cipher,
            &layer.ciphertext,
        )
    }

    /// Its identity.
    pub fn ed25519(&self) -> Ed25519PublicKey {
        self.public
    }
    /// Its onion key.
    pub fn x25519(&self) -> X25519PublicKey {
        self.x25519
    }

    /// Drops what the timer, every 10 s, would have dropped by now. Messages that expired since its last tick are still
    /// there, as at a real node.
    pub fn purge_until(&mut self, now: Timestamp) {
        let tick = now.as_millis() - now.as_millis() % PURGE_EVERY;
        if self.purged_until.is_none_or(|last| last < tick) {
            self.purged_until = Some(tick);
            // A database that refuses shows in the answer of the request that follows.
            let _ = self.database.purge(i64::try_from(tick).unwrap_or(i64::MAX));
        }
    }

    /// The token bucket of `/storage_rpc/v1`: false means 429.
    pub fn admit(&mut self, now: Timestamp, client: IpAddr) -> bool {
        if self.buckets.len() >= MAX_CLIENTS && !self.buckets.contains_key(&client) {
            self.buckets
                .retain(|_, bucket| now.millis_since(bucket.at) < BUCKET * 1000 / REFILL);
            if self.buckets.len() >= MAX_CLIENTS {
                return false;
            }
        }
        let bucket = self.buckets.entry(client).or_insert(Bucket {
            millitokens: BUCKET * 1000,
            at: now,
        });
        let earned = now.millis_since(bucket.at).saturating_mul(REFILL);
        bucket.millitokens = bucket.millitokens.saturating_add(earned).min(BUCKET * 1000);
        bucket.at = now;
        if bucket.millitokens < 1000 {
            return false;
        }
        bucket.millitokens -= 1000;
        true
    }

    /// Puts raw bytes into an account's namespace, whatever they are, for a lifetime in ms.
    pub fn inject(
        &mut self,
        now: Timestamp,
        account: &SwarmId,
        namespace: Namespace,
        data: &[u8],
        lifetime: u64,
    ) -> Result<String, rusqlite::Error> {
        let hash = message_hash(account, namespace, data).as_str().to_owned();
        let timestamp = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let expiry = i64::try_from(now.plus_millis(lifetime).as_millis()).unwrap_or(i64::MAX);
        let message = Message {
            hash: hash.clone(),
            namespace,
            timestamp,
            expiry,
            data: data.to_vec(),
        };
        self.database.store(account, &message)?;
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_client_gets_600_requests_at_once_and_300_per_second_after() {
        let mut node = Node::new(0, &[1; 32], None).unwrap();
        let client = IpAddr::from([127, 0, 0, 1]);
        let admitted =
            |node: &mut Node, at, n| (0..n).filter(|_| node.admit(Timestamp(at), client)).count();
        assert_eq!(admitted(&mut node, 5000, 1000), 600);
        assert_eq!(admitted(&mut node, 6000, 1000), 300);
        assert!(node.admit(Timestamp(6000), IpAddr::from([127, 0, 0, 2])));
    }

    #[test]
    fn the_debug_form_of_a_node_shows_no_secret() {
        let node = Node::new(0, &[0xab; 32], None).unwrap();
        let text = format!("{node:?}").to_lowercase();
        assert!(!text.contains("abab") && !text.contains("171, 171"));
    }
}
