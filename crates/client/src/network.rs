//! The network as the engine sees it: a pool of service nodes, two standing paths of three hops, swarms, and requests that
//! find their way (10-network 1 to 5).
//!
//! Rooms: [`profile`] what differs between networks, `gateway` the ways out of this browser, `trust` which node list is
//! believed, `pool` which nodes there are and how they behaved, `path` the standing paths and their guards, `clock` the time
//! of the network and `hard_fork` its rules, `health` what the connection chip shows. `rpc` brings one request to one node
//! over several paths, `exchange` over one; `failure` says who is to blame when that fails, `suspicion` what hops say about
//! each other, `stragglers` keeps what lost a race. `swarm` knows who holds an account's messages, `member` asks them,
//! `deliver` stores, `own` does what only the owner may, `erase` has all of it deleted, `expiries` ends messages early, `server` asks servers behind the last
//! hop, `names` finds whose name it is. `maintain` has the loops that keep all of that in shape, `settings`
//! what the person chose, `traffic` what requests are for and cost, `report` what the network page shows.

pub(crate) mod backoff;
mod clock;
mod deliver;
mod erase;
mod exchange;
mod expiries;
mod failure;
mod gateway;
mod hard_fork;
mod health;
mod maintain;
mod member;
mod names;
mod own;
mod path;
mod pool;
mod profile;
mod report;
mod rpc;
mod server;
mod settings;
mod stragglers;
mod suspicion;
mod swarm;
#[cfg(test)]
pub(crate) mod testing;
mod traffic;
#[cfg(test)]
mod trials;
#[cfg(test)]
mod trials_swarm;
mod trust;

pub use deliver::{StoreFailure, Stored};
pub(crate) use erase::Confirmed;
pub(crate) use member::Form;
pub use names::NameLookup;
pub use own::{KeepAliveError, KeptAlive, Removed};
pub use profile::{NetworkProfile, PinnedNode};
pub use rpc::{Reply, RpcError};
pub(crate) use server::{Server, ServerError};

use crate::api::{NetworkSettings, NetworkStatus};
use crate::ports::{Clock, Durability, Ports, Table, Transport};
use crate::store::{Key, RecordError, Records};
use crate::wake::{Bell, Listen};
use clock::NetworkClock;
use erase::OwnStores;
use gateway::Gateways;
use hard_fork::HardFork;
use health::Health;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use path::Paths;
use pool::Pool;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use stragglers::Stragglers;
use suspicion::Suspicions;
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
    suspicions: RefCell<Suspicions>,
    hard_fork: RefCell<HardFork>,
    stragglers: Stragglers,
    /// The hops of the path that brought the latest answer.
    route: RefCell<Vec<([u8; 32], [u8; 4])>>,
    settings: RefCell<NetworkSettings>,
    /// The person chose them; else the browser may have a wish.
    settings_chosen: Cell<bool>,
    gateways: RefCell<Gateways>,
    /// Rings when a gateway failed, or all of them should be tested.
    gateways_changed: Bell,
    /// They should.
    test: Cell<bool>,
    trust: RefCell<Trust>,
    ledger: RefCell<Ledger>,
    /// When nodes of the pool last answered (device clock).
    answered: RefCell<SortedMap<Ed25519PublicKey, Timestamp>>,
    /// Requests that store something in our own swarm.
    own_stores: OwnStores,
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
            suspicions: RefCell::default(),
            hard_fork: RefCell::default(),
            stragglers: Stragglers::default(),
            route: RefCell::default(),
            settings: RefCell::default(),
            settings_chosen: Cell::default(),
            gateways: RefCell::new(gateways),
            gateways_changed: Bell::default(),
            test: Cell::default(),
            trust: RefCell::default(),
            ledger: RefCell::default(),
            answered: RefCell::default(),
            own_stores: OwnStores::default(),
            changed: Bell::default(),
            wake: Bell::default(),
        }));
        network.load_pool().await;
        network.load().await?;
        network.recall_hard_fork().await;
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
            self.keep_ledger(),
            self.keep_time(),
            self.0.stragglers.run()
        );
    }

    /// The network's time (10-network 5.3).
    pub fn now(&self) -> Timestamp {
        self.0.clock.borrow().network_time(self.device_now())
    }

    /// Enough nodes told their time in this session that one wrong clock does not decide.
    pub(crate) fn knows_time(&self) -> bool {
        self.0.clock.borrow().is_known()
    }

    /// Waits until that is so.
    pub(crate) async fn until_time_known(&self) {
        loop {
            let change = self.changes();
            if self.knows_time() {
                return;
            }
            change.await;
        }
    }

    /// Keys of the network's own file server.
    pub(crate) fn file_server_keys(&self) -> &'static [[u8; 32]] {
        self.0.profile.file_server
    }

    /// The latest hard fork that two nodes named, in this session or an earlier one: major number and revision.
    pub fn hard_fork(&self) -> Option<(u16, u16)> {
        self.0.hard_fork.borrow().get()
    }

    /// There is a path that answered.
    pub fn is_ready(&self) -> bool {
        !self.0.health.borrow().offline && !self.0.paths.borrow().standing.is_empty()
    }

    /// The browser says that there is no network.
    pub(crate) fn is_offline(&self) -> bool {
        self.0.health.borrow().offline
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

    /// Replaces both paths at the next look, and their guards as well when `guards`. The last time must be 60 s ago; the
    /// error is how much of that is left (ms).
    pub(crate) fn renew_paths(&self, guards: bool) -> Result<(), u64> {
        let now = self.device_now();
        self.0.paths.borrow_mut().ask_for_new(guards, now)?;
        self.0.wake.ring();
        Ok(())
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
            attempts: health.attempts,
        }
    }

    /// A cache: without it `expire` takes one time for all messages until two nodes have answered.
    async fn recall_hard_fork(&self) {
        let key = self.hard_fork_key();
        if let Ok(Some(version)) = self.0.records.get::<hard_fork::Version>(&key).await {
            self.0.hard_fork.borrow_mut().remember(version);
        }
    }

    /// Keys and addresses of the hops, guard first, that brought the answer which was handed out last.
    fn last_route(&self) -> Vec<([u8; 32], [u8; 4])> {
        self.0.route.borrow().clone()
    }

    async fn remember_hard_fork(&self) {
        let Some(version) = self.hard_fork() else {
            return;
        };
        let mut tx = self.0.records.tx();
        tx.put(&self.hard_fork_key(), &version);
        let _ = tx.commit(Durability::Relaxed).await;
    }

    fn hard_fork_key(&self) -> Key {
        self.0.records.key::<16>(Table::Network, "hard fork", &[])
    }

    fn device_now(&self) -> Timestamp {
        self.0.ports.clock().now()
    }
}
