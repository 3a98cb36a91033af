//! Storing a message in somebody's swarm, and knowing that it lies there (10-network 3.5, 3.12).
//!
//! The hash is computed here, and only signatures over it count, made by nodes that we know as members of the swarm: a node
//! that says "stored" without having stored, or makes up other nodes, confirms nothing.

use super::{Network, RpcError};
use crate::ports::Ports;
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::parse_store;
use onionskin_protocol::time::Timestamp;

/// Members asked one after the other.
const ATTEMPTS: usize = 3;

/// A message lies in its swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Members whose signature over the hash verified.
    pub(crate) confirmed: u8,
    /// Members of the swarm.
    pub(crate) of: u8,
    /// When the swarm drops it.
    pub(crate) expiry: Timestamp,
}

/// Why it does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreFailure {
    /// The network has a reason that does not go away by itself.
    #[error("the nodes refused the message: {0}")]
    Rejected(u16),
    /// Another try may do better.
    #[error(transparent)]
    Later(#[from] RpcError),
}

impl<P: Ports> Network<P> {
    /// Stores with the request that `request` makes for a moment of network time. `expected` is the hash of what it stores.
    pub(crate) async fn store(
        &self,
        account: &AccountId,
        expected: &MessageHash,
        request: impl Fn(Timestamp) -> Request,
    ) -> Result<Stored, StoreFailure> {
        let mut tried: Vec<Ed25519PublicKey> = Vec::with_capacity(ATTEMPTS);
        let mut clock_checked = false;
        let mut last = RpcError::NoPath;
        while tried.len() < ATTEMPTS {
            let members = self.swarm(account).await?;
            let Some(node) = members
                .iter()
                .find(|member| !tried.contains(&member.ed25519))
                .copied()
            else {
                break;
            };
            tried.push(node.ed25519);
            match self.ask_member(account, &node, request(self.now())).await {
                Ok(body) => match parse_store(&body, expected) {
                    Ok(stored) => {
                        let members = self.known_swarm(account).unwrap_or(members);
                        let confirmed = members
                            .iter()
                            .filter(|node| stored.confirmed.contains(&node.ed25519))
                            .count();
                        if confirmed > 0 {
                            return Ok(Stored {
                                confirmed: u8::try_from(confirmed).unwrap_or(u8::MAX),
                                of: u8::try_from(members.len()).unwrap_or(u8::MAX),
                                expiry: stored.expiry,
                            });
                        }
                        self.distrust(&node.ed25519);
                        last = RpcError::Malformed;
                    }
                    Err(_) => {
                        self.distrust(&node.ed25519);
                        last = RpcError::Malformed;
                    }
                },
                Err(RpcError::Refused { status: 406 | 425 }) if !clock_checked => {
                    clock_checked = true;
                    self.check_clock().await;
                    last = RpcError::Refused { status: 406 };
                }
                Err(RpcError::Refused {
                    status: status @ (400 | 401 | 403 | 404 | 413),
                }) => {
                    return Err(StoreFailure::Rejected(status));
                }
                Err(error) if error.concerns_node() => last = error,
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.into())
    }

    /// Asks three nodes for the time (10-network 3.12, 406).
    pub(crate) async fn check_clock(&self) {
        let mut nodes = self.0.pool.borrow().usable(self.device_now());
        super::path::shuffle(&mut nodes, &mut *self.0.ports.entropy());
        let request = Request::info();
        let asked = nodes.iter().take(3).map(|node| self.rpc(node, &request));
        futures::future::join_all(asked).await;
    }

    fn distrust(&self, node: &Ed25519PublicKey) {
        self.0.pool.borrow_mut().strike(node, self.device_now());
    }
}
