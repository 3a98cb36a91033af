//! The network as the engine sees it: a pool of service nodes, two standing paths of three hops, swarms, and requests that
//! find their way (10-network 1 to 5).
//!
//! Rooms: [`profile`] what differs between networks, `gateway` the ways out of this browser, `trust` which node list is
//! believed, `pool` which nodes there are and how they behaved, `path` the standing paths and their guards, `clock` the time of the network, `health` what the connection chip shows, `rpc` one request
//! through one path and who is to blame when it fails, `swarm` who holds an account's messages, `deliver` storing,
//! `maintain` the loops that keep all of that in shape, `settings` what the person chose, `traffic` what requests are for and
//! cost, `report` what the network page shows.

mod clock;
mod deliver;
mod gateway;
mod health;
mod maintain;
mod path;
mod pool;
mod profile;
mod report;
mod rpc;
mod settings;
mod swarm;
mod traffic;
mod trust;

pub(crate) use deliver::{StoreFailure, Stored};
pub use profile::{NetworkProfile, PinnedNode};
pub use rpc::{Reply, RpcError};

use crate::api::{NetworkSettings, NetworkStatus};
use crate::ports::{Clock, Ports, Transport};
use crate::store::{RecordError, Records};
use crate::wake::{Bell, Listen};
use clock::NetworkClock;
use gateway::Gateways;
use health::Health;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::time::Timestamp;
use path::Paths;
use pool::Pool;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use swarm::Swarms;
use traffic::Ledger;
use trust::Trust;

/// Reaches service nodes through onion paths. Cheap to clone.
pub struct Network<P: Ports>(Rc<Inner<P>>);

struct Inner<P: Ports> {
    ports: Rc<P>,
    records: Records<P>,
    profile: NetworkProfile,
    /// Whose device this is.
    own: AccountId,
    pool: RefCell<Pool>,
    paths: RefCell<Paths>,
    clock: RefCell<NetworkClock>,
    swarms: RefCell<Swarms>,
    health: RefCell<Health>,
    settings: RefCell<NetworkSettings>,
    gateways: RefCell<Gateways>,
    /// Rings when a gateway failed, or all of them should be tested.
    gateways_changed: Bell,
    /// They should.
    test: Cell<bool>,
    trust: RefCell<Trust>,
    ledger: RefCell<Ledger>,
    /// When nodes of the pool last answered (device clock).
    answered: RefCell<BTreeMap<Ed25519PublicKey, Timestamp>>,
    /// Newest hard fork that a node told.
    hard_fork: Cell<Option<(u16, u16)>>,
    /// Rings when paths or the state of the connection changed.
    changed: Bell,
    /// Rings when the maintenance loops should look at once.
    wake: Bell,
}

impl<P: Ports> Clone for Network<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<P: Ports> Network<P> {
    /// Not connected yet; takes what an earlier session left (pool, guards, clock offset).
    pub async fn open(
        ports: Rc<P>,
        records: Records<P>,
        profile: NetworkProfile,
        own: AccountId,
    ) -> Result<Self, RecordError> {
        let gateways = Gateways::new(ports.transport().gateways());
        let network = Self(Rc::new(Inner {
            ports,
            records,
            profile,
            own,
            pool: RefCell::default(),
            paths: RefCell::default(),
            clock: RefCell::default(),
            swarms: RefCell::default(),
            health: RefCell::default(),
            settings: RefCell::default(),
            gateways: RefCell::new(gateways),
            gateways_changed: Bell::default(),
            test: Cell::default(),
            trust: RefCell::default(),
            ledger: RefCell::default(),
            answered: RefCell::default(),
            hard_fork: Cell::default(),
            changed: Bell::default(),
            wake: Bell::default(),
        }));
        network.load_pool().await;
        network.load().await?;
        network.load_settings().await?;
        network.load_ledger().await?;
        Ok(network)
    }

    /// Keeps pool and paths in shape until dropped.
    pub async fn run(&self) {
        futures::join!(
            self.keep_paths(),
            self.keep_list(),
            self.keep_gateways(),
            self.keep_ledger()
        );
    }

    /// The network's time (10-network 5.3).
    pub fn now(&self) -> Timestamp {
        self.0.clock.borrow().network_time(self.device_now())
    }

    /// There is a path that answered.
    pub fn is_ready(&self) -> bool {
        !self.0.health.borrow().offline && !self.0.paths.borrow().standing.is_empty()
    }

    /// Resolves at the next change of paths or state.
    pub(crate) fn changes(&self) -> Listen {
        self.0.changed.listen()
    }

    /// Waits until there is a path.
    pub(crate) async fn until_ready(&self) {
        loop {
            let change = self.changes();
            if self.is_ready() {
                return;
            }
            change.await;
        }
    }

    /// The browser's word on whether there is a network at all.
    pub(crate) fn set_offline(&self, offline: bool) {
        self.0.health.borrow_mut().offline = offline;
        self.wake();
        self.0.changed.ring();
    }

    /// Look at once, and forget what was waited for.
    pub(crate) fn wake(&self) {
        self.0.health.borrow_mut().bootstrap_failures = 0;
        self.0.trust.borrow_mut().fruitless = 0;
        self.0.gateways.borrow_mut().hurry();
        self.review_reach();
        self.0.wake.ring();
    }

    /// Replaces both paths at the next look, and their guards as well when `guards`. `false` when the last time was under 60 s
    /// ago.
    pub(crate) fn renew_paths(&self, guards: bool) -> bool {
        let now = self.device_now();
        let renewed = self.0.paths.borrow_mut().ask_for_new(guards, now);
        if renewed {
            self.0.wake.ring();
        }
        renewed
    }

    /// What the connection chip and the network page show.
    pub fn status(&self, swarm: u32, queued: u32) -> NetworkStatus {
        let health = self.0.health.borrow();
        let offset = self.0.clock.borrow().offset();
        let nodes = self.0.pool.borrow().len();
        let paths = self.0.paths.borrow().standing.len();
        let (state, problem) = health.state(nodes, paths, offset, self.device_now());
        NetworkStatus {
            state,
            problem,
            last_success: health.last_success.map(Timestamp::as_millis),
            nodes: u32::try_from(nodes).unwrap_or(u32::MAX),
            swarm,
            clock_offset: offset,
            queued,
        }
    }

    fn device_now(&self) -> Timestamp {
        self.0.ports.clock().now()
    }
}
