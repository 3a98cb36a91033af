//! The engine's four ports in a browser worker.

use super::store::AnyStore;
use super::transport::FetchTransport;
use gloo_timers::future::TimeoutFuture;
use onionskin_client::ports::{Clock, Entropy, Ports};
use onionskin_protocol::time::Timestamp;
use std::cell::{RefCell, RefMut};

/// All four.
pub(crate) struct BrowserPorts {
    transport: FetchTransport,
    store: AnyStore,
    clock: BrowserClock,
    entropy: RefCell<BrowserEntropy>,
}

impl BrowserPorts {
    pub(crate) fn new(transport: FetchTransport, store: AnyStore) -> Self {
        Self {
            transport,
            store,
            clock: BrowserClock,
            entropy: RefCell::new(BrowserEntropy),
        }
    }
}

impl Ports for BrowserPorts {
    type Transport = FetchTransport;
    type Store = AnyStore;
    type Clock = BrowserClock;
    type Entropy = BrowserEntropy;

    fn transport(&self) -> &FetchTransport {
        &self.transport
    }
    fn store(&self) -> &AnyStore {
        &self.store
    }
    fn clock(&self) -> &BrowserClock {
        &self.clock
    }
    fn entropy(&self) -> RefMut<'_, BrowserEntropy> {
        self.entropy.borrow_mut()
    }
}

/// `Date.now` and `setTimeout`.
pub(crate) struct BrowserClock;

/// A longer timeout fires at once (50-browser 4).
const LONGEST_TIMEOUT_MS: u64 = i32::MAX as u64;

impl Clock for BrowserClock {
    fn now(&self) -> Timestamp {
        Timestamp(now_ms())
    }

    async fn sleep(&self, ms: u64) {
        let mut left = ms;
        loop {
            let step = left.min(LONGEST_TIMEOUT_MS);
            TimeoutFuture::new(u32::try_from(step).unwrap_or(u32::MAX)).await;
            left -= step;
            if left == 0 {
                return;
            }
        }
    }
}

/// The device clock in ms.
pub(crate) fn now_ms() -> u64 {
    js_sys::Date::now().max(0.0) as u64
}

/// `crypto.getRandomValues`.
pub(crate) struct BrowserEntropy;

impl Entropy for BrowserEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out)
            .expect("the browser's generator was checked at the start and does not run dry");
    }
}
