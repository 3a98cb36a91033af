//! How much one client may ask: a token bucket and a bound on requests under way (10-network 6.4).
//!
//! The table knows no addresses. Its keys are a hash under a random key that dies with the process, so neither a core dump
//! nor a debugger tells who was here.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// More clients than this at a time share one bucket.
const MAX_CLIENTS: usize = 65_536;

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    seen: Instant,
    under_way: u32,
}

#[derive(Debug)]
struct Table {
    buckets: HashMap<u64, Bucket>,
    swept: Instant,
}

/// The limits and who has used what of them.
#[derive(Debug)]
pub struct Limits {
    rate: f64,
    burst: f64,
    per_client: u32,
    key: RandomState,
    table: Mutex<Table>,
}

/// One admitted request; dropping it ends it.
#[derive(Debug)]
pub struct Admission {
    limits: Arc<Limits>,
    client: u64,
}

impl Limits {
    /// `rate` requests per second, `burst` at once, `per_client` under way.
    pub fn new(rate: u32, burst: u32, per_client: u32) -> Self {
        let table = Table {
            buckets: HashMap::new(),
            swept: Instant::now(),
        };
        Self {
            rate: f64::from(rate.max(1)),
            burst: f64::from(burst.max(1)),
            per_client: per_client.max(1),
            key: RandomState::new(),
            table: Mutex::new(table),
        }
    }

    /// Takes one token of this client; `None` when it has none left or too much under way.
    pub fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Admission> {
        let mut client = self.key.hash_one(subscriber(address));
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.buckets.len() >= MAX_CLIENTS && !table.buckets.contains_key(&client) {
            self.sweep(&mut table, now);
            if table.buckets.len() >= MAX_CLIENTS {
                client = 0;
            }
        }
        let bucket = table.buckets.entry(client).or_insert(Bucket {
            tokens: self.burst,
            seen: now,
            under_way: 0,
        });
        bucket.tokens = self.refilled(bucket, now);
        bucket.seen = now;
        if bucket.tokens < 1.0 || bucket.under_way >= self.per_client {
            return None;
        }
        bucket.tokens -= 1.0;
        bucket.under_way += 1;
        Some(Admission {
            limits: self.clone(),
            client,
        })
    }

    fn refilled(&self, bucket: &Bucket, now: Instant) -> f64 {
        (bucket.tokens + self.rate * now.saturating_duration_since(bucket.seen).as_secs_f64())
            .min(self.burst)
    }

    /// Forgets clients whose bucket is full again, at most once a second.
    fn sweep(&self, table: &mut Table, now: Instant) {
        if now.saturating_duration_since(table.swept).as_secs() >= 1 {
            table.swept = now;
            table.buckets.retain(|_, bucket| {
                bucket.under_way > 0 || self.refilled(bucket, now) < self.burst
            });
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut table = self
            .limits
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = table.buckets.get_mut(&self.client) {
            bucket.under_way = bucket.under_way.saturating_sub(1);
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

    #[test]
    fn a_client_gets_its_burst_and_then_its_rate() {
        let limits = Arc::new(Limits::new(2, 3, 100));
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
        let limits = Arc::new(Limits::new(100, 100, 2));
        let now = Instant::now();
        let first = limits.admit(ip("192.0.2.1"), now).unwrap();
        let _second = limits.admit(ip("192.0.2.1"), now).unwrap();
        assert!(limits.admit(ip("192.0.2.1"), now).is_none());
        drop(first);
        assert!(limits.admit(ip("192.0.2.1"), now).is_some());
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
        let limits = Arc::new(Limits::new(1, 1, 1));
        let now = Instant::now();
        for n in 0..70_000u32 {
            drop(limits.admit(IpAddr::V4(n.into()), now));
        }
        assert!(limits.table.lock().unwrap().buckets.len() <= MAX_CLIENTS + 1);
        drop(limits.admit(ip("203.0.113.1"), now + Duration::from_secs(5)));
        assert!(limits.table.lock().unwrap().buckets.len() <= 2);
    }

    #[test]
    fn the_table_holds_no_address() {
        let limits = Arc::new(Limits::new(1, 1, 1));
        let _admission = limits.admit(ip("198.51.100.77"), Instant::now());
        assert!(!format!("{limits:?}").contains("198.51.100.77"));
    }
}
