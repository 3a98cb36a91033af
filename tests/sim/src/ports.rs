//! The four ports of a simulated device.

use crate::store::SimStore;
use crate::transport::SimTransport;
use onionskin_client::ports::{Clock, Ports};
use onionskin_protocol::time::Timestamp;
use onionskin_testnet::network::Sleeper;
use onionskin_testnet::random::SeededEntropy;
use onionskin_testnet::virtual_time::VirtualTime;
use std::cell::{RefCell, RefMut};
use std::future::Future;

/// All of them, for one session of one device.
pub struct SimPorts {
    /// The way into the network.
    pub transport: SimTransport,
    /// What outlives the session.
    pub store: SimStore,
    /// The device's clock.
    pub clock: SimClock,
    /// Seeded.
    pub entropy: RefCell<SeededEntropy>,
}

impl Ports for SimPorts {
    type Transport = SimTransport;
    type Store = SimStore;
    type Clock = SimClock;
    type Entropy = SeededEntropy;
    fn transport(&self) -> &SimTransport {
        &self.transport
    }
    fn store(&self) -> &SimStore {
        &self.store
    }
    fn clock(&self) -> &SimClock {
        &self.clock
    }
    fn entropy(&self) -> RefMut<'_, SeededEntropy> {
        self.entropy.borrow_mut()
    }
}

/// The world's time, wrong by so much.
pub struct SimClock {
    /// The right time.
    pub time: VirtualTime,
    /// How far this clock is off (ms).
    pub skew: i64,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.time.now().as_millis().saturating_add_signed(self.skew))
    }
    fn sleep(&self, ms: u64) -> impl Future<Output = ()> {
        self.time.sleep(ms)
    }
}
