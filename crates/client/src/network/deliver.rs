//! Storing a message in somebody's swarm, and knowing that it lies there (10-network 3.5, 3.12).
//!
//! The hash is computed here, and only signatures over it count, made by nodes that we know as members of the swarm: a node
//! that says "stored" without having stored, or makes up other nodes, confirms nothing.

use super::{Form, Network, RpcError};
use crate::ports::Ports;
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::{Answer, parse_store};
use onionskin_protocol::time::Timestamp;

/// A message lies in its swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Members whose signature over the hash verified.
    pub confirmed: u8,
    /// These members.
    pub nodes: Vec<Ed25519PublicKey>,
    /// Keys and IPv4 addresses of the hops that carried the request, guard first.
    pub path: Vec<([u8; 32], [u8; 4])>,
    /// Members of the swarm.
    pub of: u8,
    /// When the swarm drops it.
    pub expiry: Timestamp,
}

/// Why it does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFailure {
    /// The network has a reason that does not go away by itself.
    #[error("the nodes refused the message: {0}")]
    Rejected(u16),
    /// Another try may do better.
    #[error(transparent)]
    Later(RpcError),
}

impl From<RpcError> for StoreFailure {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Refused { status } if error.is_final() => Self::Rejected(status),
            // A single message cannot be split.
            RpcError::TooLarge => Self::Rejected(413),
            error => Self::Later(error),
        }
    }
}

impl<P: Ports> Network<P> {
    /// Stores with the request that `request` makes for a moment of network time. `expected` is the hash of what it stores.
    pub(crate) async fn store(
        &self,
        account: &AccountId,
        expected: &MessageHash,
        request: impl Fn(Timestamp) -> Request,
    ) -> Result<Stored, StoreFailure> {
        let _storing = (*account == self.0.own).then(|| self.storing_own());
        let make = |time: Timestamp| vec![request(time)];
        let read = |members: &[ServiceNode], answers: &[Answer]| {
            let stored = parse_store(&answers.first()?.body, expected).ok()?;
            let mut nodes = stored.confirmed;
            nodes.retain(|key| members.iter().any(|node| node.ed25519 == *key));
            (!nodes.is_empty()).then(|| Stored {
                confirmed: count(nodes.len()),
                nodes,
                path: self.last_route(),
                of: count(members.len()),
                expiry: stored.expiry,
            })
        };
        Ok(self.ask_swarm(account, Form::Alone, &make, read).await?)
    }
}

/// How many of the nodes named are members.
pub(super) fn confirmed<'a>(
    members: &[ServiceNode],
    named: impl Iterator<Item = &'a Ed25519PublicKey>,
) -> u8 {
    let is_member = |key: &&Ed25519PublicKey| members.iter().any(|node| node.ed25519 == **key);
    count(named.filter(is_member).count())
}

/// Swarms are small; more than 255 members are shown as 255.
pub(super) fn count(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
