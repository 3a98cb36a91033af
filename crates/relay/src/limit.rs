//! How much one client may ask and how much memory it may hold (10-network 6.4): a token bucket, a bound on requests under
//! way, and a bound on bytes.
//!
//! Bytes are counted before room is made for them, for each client and for all together, so the relay's memory does not
//! depend on how many ask or on what nodes answer.
//!
//! The table knows no addresses. Its keys are a hash under a random key that dies with the process, so neither a core dump
//! nor a debugger tells who was here.

use crate::refusal::Refusal;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// More clients than this at a time share one bucket.
const MAX_CLIENTS: usize = 65_536;

/// The numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests per second of one client in the long run.
    pub rate: u32,
    /// Requests of one client at once before the rate counts.
    pub burst: u32,
    /// Requests of one client under way.
    pub per_client: u32,
    /// Connections of one client.
    pub connections: u32,
    /// Bytes of requests and answers that one client may make the relay hold.
    pub client_bytes: usize,
    /// The same for all clients together.
    pub all_bytes: usize,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    seen: Instant,
    under_way: u32,
    connections: u32,
    bytes: usize,
}

#[derive(Debug)]
struct Table {
    buckets: HashMap<u64, Bucket>,
    swept: Instant,
    bytes: usize,
}

/// The limits and who has used what of them.
#[derive(Debug)]
pub struct Limits {
    allowance: Allowance,
    key: RandomState,
    table: Mutex<Table>,
}

/// One admitted request and the bytes it holds; dropping it ends it and gives them back.
#[derive(Debug)]
pub struct Admission {
    limits: Arc<Limits>,
    client: u64,
    bytes: usize,
}

/// One open connection; dropping it gives its place back.
#[derive(Debug)]
pub struct Connected {
    limits: Arc<Limits>,
    client: u64,
}

impl Limits {
    /// Nothing used yet.
    pub fn new(allowance: Allowance) -> Self {
        let table = Table {
            buckets: HashMap::new(),
            swept: Instant::now(),
            bytes: 0,
        };
        Self {
            allowance,
            key: RandomState::new(),
            table: Mutex::new(table),
        }
    }

    /// Takes one token of this client; `None` when it has none left or too much under way.
    pub fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Admission> {
        let mut table = self.table();
        let client = self.client(&mut table, address, now);
        let bucket = self.bucket(&mut table, client, now);
        if bucket.tokens < 1.0 || bucket.under_way >= self.allowance.per_client.max(1) {
            return None;
        }
        bucket.tokens -= 1.0;
        bucket.under_way += 1;
        Some(Admission {
            limits: self.clone(),
            client,
            bytes: 0,
        })
    }

    /// Lets this client open one more connection.
    pub fn connect(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Connected> {
        let mut table = self.table();
        let client = self.client(&mut table, address, now);
        let bucket = self.bucket(&mut table, client, now);
        if bucket.connections >= self.allowance.connections.max(1) {
            return None;
        }
        bucket.connections += 1;
        Some(Connected {
            limits: self.clone(),
            client,
        })
    }

    /// Bytes held at this moment, all clients together.
    pub fn bytes(&self) -> usize {
        self.table().bytes
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of this client, which is the shared one when the table is full.
    fn client(&self, table: &mut Table, address: IpAddr, now: Instant) -> u64 {
        let client = self.key.hash_one(subscriber(address));
        if table.buckets.len() < MAX_CLIENTS || table.buckets.contains_key(&client) {
            return client;
        }
        self.sweep(table, now);
        if table.buckets.len() < MAX_CLIENTS {
            client
        } else {
            0
        }
    }

    fn bucket<'a>(&self, table: &'a mut Table, client: u64, now: Instant) -> &'a mut Bucket {
        let bucket = table.buckets.entry(client).or_insert(Bucket {
            tokens: self.burst(),
            seen: now,
            under_way: 0,
            connections: 0,
            bytes: 0,
        });
        bucket.tokens = self.refilled(bucket, now);
        bucket.seen = now;
        bucket
    }

    fn burst(&self) -> f64 {
        f64::from(self.allowance.burst.max(1))
    }

    fn refilled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.seen).as_secs_f64();
        (bucket.tokens + f64::from(self.allowance.rate.max(1)) * since).min(self.burst())
    }

    /// Forgets clients whose bucket is full again, at most once a second.
    fn sweep(&self, table: &mut Table, now: Instant) {
        if now.saturating_duration_since(table.swept).as_secs() >= 1 {
            table.swept = now;
            table.buckets.retain(|_, bucket| {
                let used = bucket.under_way > 0 || bucket.connections > 0;
                used || self.refilled(bucket, now) < self.burst()
            });
        }
    }
}

impl Admission {
    /// Counts `bytes` more, before they are allocated. A client over its own share is told `rate`; where all together hold
    /// too much the relay is `busy`.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), Refusal> {
        let allowance = self.limits.allowance;
        let mut table = self.limits.table();
        if table.bytes.saturating_add(bytes) > allowance.all_bytes {
            return Err(Refusal::Busy);
        }
        if let Some(bucket) = table.buckets.get_mut(&self.client) {
            if bucket.bytes.saturating_add(bytes) > allowance.client_bytes {
                return Err(Refusal::Rate);
            }
            bucket.bytes += bytes;
        }
        table.bytes += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives `bytes` back, which were freed.
    pub fn release(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        let mut table = self.limits.table();
        table.bytes = table.bytes.saturating_sub(bytes);
        if let Some(bucket) = table.buckets.get_mut(&self.client) {
            bucket.bytes = bucket.bytes.saturating_sub(bytes);
        }
        self.bytes -= bytes;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.release(self.bytes);
        let mut table = self.limits.table();
        if let Some(bucket) = table.buckets.get_mut(&self.client) {
            bucket.under_way = bucket.under_way.saturating_sub(1);
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut table = self.limits.table();
        if let Some(bucket) = table.buckets.get_mut(&self.client) {
            bucket.connections = bucket.connections.saturating_sub(1);
        }
    }
}

/// What counts as one client: an IPv4 address, or the /64 that one IPv6 subscriber owns.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn limits(rate: u32, burst: u32, per_client: u32) -> Arc<Limits> {
        Arc::new(Limits::new(Allowance {
            rate,
            burst,
            per_client,
            connections: 2,
            client_bytes: 100,
            all_bytes: 250,
        }))
    }

    #[test]
    fn a_client_gets_its_burst_and_then_its_rate() {
        let limits = limits(2, 3, 100);
        let start = Instant::now();
        let admitted = (0..5)
            .filter(|_| limits.admit(ip("192.0.2.1"), start).is_some())
            .count();
        assert_eq!(admitted, 3);
        assert!(
            limits
                .admit(ip("192.0.2.1"), start + Duration::from_millis(400))
                .is_none()
        );
        assert!(
            limits
                .admit(ip("192.0.2.1"), start + Duration::from_millis(600))
                .is_some()
        );
        assert!(
            limits.admit(ip("192.0.2.2"), start).is_some(),
            "another client is not affected"
        );
    }

    #[test]
    fn only_so_many_requests_of_one_client_are_under_way() {
        let limits = limits(100, 100, 2);
        let now = Instant::now();
        let first = limits.admit(ip("192.0.2.1"), now).unwrap();
        let _second = limits.admit(ip("192.0.2.1"), now).unwrap();
        assert!(limits.admit(ip("192.0.2.1"), now).is_none());
        drop(first);
        assert!(limits.admit(ip("192.0.2.1"), now).is_some());
    }

    #[test]
    fn only_so_many_connections_of_one_client_are_open() {
        let limits = limits(1, 1, 1);
        let now = Instant::now();
        let first = limits.connect(ip("192.0.2.1"), now).unwrap();
        let _second = limits.connect(ip("192.0.2.1"), now).unwrap();
        assert!(limits.connect(ip("192.0.2.1"), now).is_none());
        assert!(limits.connect(ip("192.0.2.2"), now).is_some());
        drop(first);
        assert!(limits.connect(ip("192.0.2.1"), now).is_some());
    }

    #[test]
    fn a_client_holds_its_share_of_bytes_and_all_together_hold_theirs() {
        let limits = limits(100, 100, 100);
        let now = Instant::now();
        let mut one = limits.admit(ip("192.0.2.1"), now).unwrap();
        let mut again = limits.admit(ip("192.0.2.1"), now).unwrap();
        one.reserve(60).unwrap();
        assert_eq!(again.reserve(41), Err(Refusal::Rate));
        again.reserve(40).unwrap();
        let mut two = limits.admit(ip("192.0.2.2"), now).unwrap();
        two.reserve(100).unwrap();
        let mut three = limits.admit(ip("192.0.2.3"), now).unwrap();
        assert_eq!(three.reserve(51), Err(Refusal::Busy));
        assert_eq!(limits.bytes(), 200);
        two.release(30);
        three.reserve(51).unwrap();
        assert_eq!(limits.bytes(), 221);
        drop((one, again, two, three));
        assert_eq!(limits.bytes(), 0);
        limits
            .admit(ip("192.0.2.1"), now)
            .unwrap()
            .reserve(100)
            .unwrap();
    }

    #[test]
    fn one_ipv6_subscriber_is_one_client() {
        assert_eq!(
            subscriber(ip("2001:db8:1:2:3:4:5:6")),
            subscriber(ip("2001:db8:1:2:ffff::1"))
        );
        assert_ne!(
            subscriber(ip("2001:db8:1:2::1")),
            subscriber(ip("2001:db8:1:3::1"))
        );
        assert_eq!(subscriber(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }

    #[test]
    fn the_table_stays_bounded_and_forgets_the_idle() {
        let limits = limits(1, 1, 1);
        let now = Instant::now();
        let _open = [
            limits.connect(ip("198.51.100.1"), now).unwrap(),
            limits.connect(ip("198.51.100.1"), now).unwrap(),
        ];
        for n in 0..70_000u32 {
            drop(limits.admit(IpAddr::V4(n.into()), now));
        }
        assert!(limits.table().buckets.len() <= MAX_CLIENTS + 1);
        drop(limits.admit(ip("203.0.113.1"), now + Duration::from_secs(5)));
        assert!(limits.table().buckets.len() <= 3);
        assert!(
            limits
                .connect(ip("198.51.100.1"), now + Duration::from_secs(5))
                .is_none(),
            "open connections are remembered"
        );
    }

    #[test]
    fn the_table_holds_no_address() {
        let limits = limits(1, 1, 1);
        let _admission = limits.admit(ip("198.51.100.77"), Instant::now());
        assert!(!format!("{limits:?}").contains("198.51.100.77"));
    }
}
