//! The way between a device and its guards: losses, doubles, delays, and a look at every onion that leaves.

use futures::future::{Either, join, pending, select};
use onionskin_client::ports::{Gateway, HttpReply, Transport, TransportError};
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
    /// The relays do not answer at all.
    pub down: bool,
}

/// A gateway of the simulated deployment; tests change what it does while engines run.
#[derive(Clone, Debug)]
pub struct Way {
    /// Relay or node.
    pub gateway: Gateway,
    /// Does not answer.
    pub down: bool,
    /// Refuses with this reason.
    pub refuses: Option<String>,
    /// Another list than the network's.
    pub list: Option<Vec<u8>>,
    /// Knows only guards of its own list, as real relays do.
    pub strict: bool,
    /// Frames that it forwarded.
    pub forwarded: u64,
}

impl Way {
    /// A relay that does as it should.
    pub fn relay(origin: &str) -> Self {
        Self {
            gateway: Gateway {
                origin: origin.to_owned(),
                direct: None,
            },
            down: false,
            refuses: None,
            list: None,
            strict: false,
            forwarded: 0,
        }
    }

    /// A node that browsers reach themselves.
    pub fn direct(origin: &str, node: &ServiceNode) -> Self {
        let mut way = Self::relay(origin);
        way.gateway.direct = Some(node.ed25519);
        way
    }
}

/// A list as a relay serves it.
pub fn list_of<'a>(nodes: impl IntoIterator<Item = &'a ServiceNode>) -> Vec<u8> {
    let states: Vec<_> = nodes.into_iter().map(to_json).collect();
    serde_json::json!({ "service_node_states": states })
        .to_string()
        .into_bytes()
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
    /// The gateways.
    pub ways: Rc<RefCell<Vec<Way>>>,
    /// What comes with the app.
    pub bundle: Option<Vec<u8>>,
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

    /// What a gateway does with any request.
    fn way(&self, gateway: usize) -> Result<Way, TransportError> {
        let way = self.ways.borrow()[gateway].clone();
        if self.air.get().down || way.down {
            return Err(TransportError::RelayDown);
        }
        match way.refuses {
            Some(reason) => Err(TransportError::RelayRefused(reason)),
            None => Ok(way),
        }
    }

    fn list(&self, way: &Way) -> Vec<u8> {
        way.list
            .clone()
            .unwrap_or_else(|| list_of(&self.network.list()))
    }
}

impl Transport for SimTransport {
    fn gateways(&self) -> Vec<Gateway> {
        let ways = self.ways.borrow();
        ways.iter().map(|way| way.gateway.clone()).collect()
    }

    async fn onion(
        &self,
        gateway: usize,
        guard: &ServiceNode,
        body: Vec<u8>,
        timeout_ms: u64,
    ) -> Result<HttpReply, TransportError> {
        let way = self.way(gateway)?;
        assert!(
            way.gateway.direct.is_none_or(|key| key == guard.ed25519),
            "a node serves as its own guard only"
        );
        if way.strict
            && !String::from_utf8_lossy(&self.list(&way)).contains(&guard.ed25519.to_hex())
        {
            return Err(TransportError::UnknownGuard);
        }
        self.ways.borrow_mut()[gateway].forwarded += 1;
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

    async fn node_list(&self, gateway: usize) -> Result<Vec<u8>, TransportError> {
        let way = self.way(gateway)?;
        Ok(self.list(&way))
    }

    async fn bundled_list(&self) -> Option<Vec<u8>> {
        self.bundle.clone()
    }
}
