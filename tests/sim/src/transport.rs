//! The way between a device and its guards: losses, doubles, delays, and a look at every onion that leaves.

use futures::future::{Either, join, pending, select};
use onionskin_client::ports::{HttpReply, Transport, TransportError};
use onionskin_protocol::entropy::draw;
use onionskin_protocol::node::{ServiceNode, to_json};
use onionskin_testnet::network::{Network, Sleeper};
use onionskin_testnet::random::SeededEntropy;
use onionskin_testnet::virtual_time::VirtualTime;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Hops of every onion: guard, middle, exit.
const HOPS: usize = 3;

/// How the way between clients and their guards behaves, beyond what the network itself does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Air {
    /// Of a thousand requests, so many are sent twice.
    pub twice: u64,
    /// Longest wait (ms) before a request leaves; different waits change the order.
    pub jitter: u64,
    /// Of a thousand answers, so many never arrive although the request did.
    pub mute: u64,
    /// The relay does not answer at all.
    pub down: bool,
}

/// What left the devices of a world.
#[derive(Debug, Default)]
pub struct Onions {
    /// How many.
    pub count: Cell<u64>,
    /// Those that are not looked into: a world of thousands has no time for it.
    pub unseen: Cell<bool>,
    /// What was wrong with their paths.
    pub wrong: RefCell<BTreeSet<String>>,
}

impl Onions {
    /// Opens an onion with the keys of the nodes: three different hops, and a destination that is none of them.
    fn inspect(&self, network: &Network, guard: &ServiceNode, body: &[u8]) {
        self.count.set(self.count.get() + 1);
        if self.unseen.get() {
            return;
        }
        let complaint = match network.trace(&guard.ed25519, body) {
            None => "an onion does not open".to_owned(),
            Some(trace) => {
                let nodes: BTreeSet<usize> = trace
                    .hops
                    .iter()
                    .copied()
                    .chain(trace.destination)
                    .collect();
                let all = trace.hops.len() + usize::from(trace.destination.is_some());
                if trace.hops.len() == HOPS && nodes.len() == all {
                    return;
                }
                format!(
                    "an onion went through {:?} to {:?}",
                    trace.hops, trace.destination
                )
            }
        };
        self.wrong.borrow_mut().insert(complaint);
    }
}

/// Reaches the nodes of a [`Network`] without sockets.
pub struct SimTransport {
    /// The world's time.
    pub time: VirtualTime,
    /// The nodes.
    pub network: Network,
    /// How the way is.
    pub air: Rc<Cell<Air>>,
    /// What left.
    pub onions: Rc<Onions>,
    /// Decides who is unlucky.
    pub chance: RefCell<SeededEntropy>,
}

impl SimTransport {
    fn chance(&self, below: u64) -> u64 {
        if below == 0 {
            0
        } else {
            u64::from_le_bytes(draw(&mut *self.chance.borrow_mut())) % below
        }
    }

    async fn post(&self, guard: &ServiceNode, body: &[u8]) -> Result<HttpReply, TransportError> {
        let wait = self.chance(self.air.get().jitter + 1);
        if wait > 0 {
            self.time.sleep(wait).await;
        }
        let (status, body) = self.network.onion(&guard.ed25519, body).await;
        if self.chance(1_000) < self.air.get().mute {
            pending::<()>().await;
        }
        if status == 0 {
            Err(TransportError::GuardUnreachable)
        } else {
            Ok(HttpReply { status, body })
        }
    }
}

impl Transport for SimTransport {
    async fn onion(
        &self,
        guard: &ServiceNode,
        body: Vec<u8>,
        timeout_ms: u64,
    ) -> Result<HttpReply, TransportError> {
        if self.air.get().down {
            return Err(TransportError::RelayDown);
        }
        self.onions.inspect(&self.network, guard, &body);
        let exchange = async {
            if self.chance(1_000) < self.air.get().twice {
                let (first, second) = join(self.post(guard, &body), self.post(guard, &body)).await;
                first.or(second)
            } else {
                self.post(guard, &body).await
            }
        };
        match select(std::pin::pin!(exchange), self.time.sleep(timeout_ms)).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(TransportError::Timeout),
        }
    }

    async fn node_list(&self) -> Result<Vec<u8>, TransportError> {
        if self.air.get().down {
            return Err(TransportError::RelayDown);
        }
        let states: Vec<_> = self.network.list().iter().map(to_json).collect();
        let list = serde_json::json!({ "service_node_states": states });
        Ok(list.to_string().into_bytes())
    }
}
