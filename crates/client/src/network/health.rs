//! How the connection is doing, as one of the states of the chip (screens 14.1).

use crate::api::{ConnectionState, ErrorCode};
use crate::ports::TransportError;
use onionskin_protocol::sorted::sort;
use onionskin_protocol::time::Timestamp;
use std::collections::VecDeque;

/// Requests older than this (ms) no longer count.
const WINDOW: u64 = 120_000;
const MAX_SAMPLES: usize = 200;
/// Latency (ms) above which the slowest twentieth makes the connection degraded.
const SLOW: u64 = 5_000;
/// The least and the most time (ms) to wait before the same request goes over a second path.
const HEDGE: std::ops::RangeInclusive<u64> = 1_500..=4_000;
/// That time before there is any experience (ms).
const HEDGE_FIRST: u64 = 3_000;
/// Clock difference (ms) worth a warning.
const CLOCK_WARNING: u64 = 120_000;

#[derive(Debug, Default)]
pub(super) struct Health {
    /// The browser says there is no network.
    pub(super) offline: bool,
    pub(super) last_success: Option<Timestamp>,
    /// Failed attempts in a row to get a first node list.
    pub(super) bootstrap_failures: u32,
    /// Paths that were tried in a row without one that stands.
    pub(super) attempts: u32,
    /// Nodes disagreed about the list.
    pub(super) list_disputed: bool,
    /// There was a working path before.
    connected_before: bool,
    /// What the transport itself complained about since the last success.
    transport: Option<TransportError>,
    requests: VecDeque<(Timestamp, Option<u64>)>,
}

impl Health {
    /// True when this success ended a complaint of the transport.
    pub(super) fn success(&mut self, now: Timestamp, latency: u64) -> bool {
        self.last_success = Some(now);
        self.connected_before = true;
        self.record(now, Some(latency));
        self.transport.take().is_some()
    }

    /// The same for an answer whose time says nothing about the network.
    pub(super) fn answered(&mut self, now: Timestamp) -> bool {
        self.last_success = Some(now);
        self.connected_before = true;
        self.transport.take().is_some()
    }

    pub(super) fn failure(&mut self, now: Timestamp) {
        self.record(now, None);
    }

    pub(super) fn transport_failure(&mut self, error: &TransportError) {
        self.transport = Some(error.clone());
    }

    /// What the transport complains about.
    pub(super) fn transport(&self) -> Option<&TransportError> {
        self.transport.as_ref()
    }

    /// Requests of the last minute, failed ones included.
    pub(super) fn requests_per_minute(&self, now: Timestamp) -> u32 {
        let recent = self.requests.iter();
        let count = recent.filter(|(at, _)| now.millis_since(*at) < 60_000);
        u32::try_from(count.count()).unwrap_or(u32::MAX)
    }

    /// The median time (ms) to an answer in the last two minutes, and the time that the slowest twentieth exceeded.
    pub(super) fn latency(&self, now: Timestamp) -> (Option<u32>, Option<u32>) {
        let recent = self.requests.iter();
        let mut times: Vec<u64> = recent
            .filter(|(at, _)| now.millis_since(*at) <= WINDOW)
            .filter_map(|(_, took)| *took)
            .collect();
        sort(&mut times);
        let at = |hundredth: usize| {
            let time = times.get(times.len() * hundredth / 100)?;
            Some(u32::try_from(*time).unwrap_or(u32::MAX))
        };
        (at(50), at(95))
    }

    fn record(&mut self, now: Timestamp, latency: Option<u64>) {
        self.requests.push_back((now, latency));
        while self.requests.len() > MAX_SAMPLES
            || self
                .requests
                .front()
                .is_some_and(|(at, _)| now.millis_since(*at) > WINDOW)
        {
            self.requests.pop_front();
        }
    }

    pub(super) fn state(
        &self,
        nodes: usize,
        paths: usize,
        offset: i64,
        now: Timestamp,
    ) -> (ConnectionState, Option<ErrorCode>) {
        if self.offline {
            return (ConnectionState::Offline, Some(ErrorCode::NetOffline));
        }
        match &self.transport {
            Some(TransportError::Offline) => {
                return (ConnectionState::Offline, Some(ErrorCode::NetOffline));
            }
            Some(TransportError::RelayDown) => {
                return (ConnectionState::RelayDown, Some(ErrorCode::NetRelay));
            }
            Some(TransportError::RelayRefused(_)) => {
                return (ConnectionState::RelayDown, Some(ErrorCode::NetRelayRefused));
            }
            _ => {}
        }
        if paths == 0 {
            let seed = (self.bootstrap_failures > 0).then_some(ErrorCode::NetSeed);
            return match (nodes, self.connected_before) {
                (0, _) => (ConnectionState::Connecting, seed),
                (_, false) if self.requests.is_empty() => (ConnectionState::Connecting, seed),
                _ => (ConnectionState::Building, Some(ErrorCode::NetPath)),
            };
        }
        let problem = if self.list_disputed {
            Some(ErrorCode::NetList)
        } else if offset.unsigned_abs() > CLOCK_WARNING {
            Some(ErrorCode::NetClock)
        } else {
            None
        };
        if paths < 2 || self.is_troubled(now) {
            return (ConnectionState::Degraded, problem);
        }
        (ConnectionState::Connected, problem)
    }

    /// The time (ms) in which answers come as a rule: half as much again as nine of ten took lately, within bounds.
    pub(super) fn usual_time(&self, now: Timestamp) -> u64 {
        let recent = self.requests.iter();
        let mut times: Vec<u64> = recent
            .filter(|(at, _)| now.millis_since(*at) <= WINDOW)
            .filter_map(|(_, took)| *took)
            .collect();
        sort(&mut times);
        let slowest = times.get(times.len() * 9 / 10);
        slowest.map_or(HEDGE_FIRST, |ms| {
            (ms.saturating_mul(3) / 2).clamp(*HEDGE.start(), *HEDGE.end())
        })
    }

    /// More than a fifth of the requests of the last two minutes failed, or the slowest twentieth took over 5 s.
    fn is_troubled(&self, now: Timestamp) -> bool {
        let recent: Vec<Option<u64>> = self
            .requests
            .iter()
            .filter(|(at, _)| now.millis_since(*at) <= WINDOW)
            .map(|(_, took)| *took)
            .collect();
        if recent.len() < 5 {
            return false;
        }
        let mut times: Vec<u64> = recent.iter().flatten().copied().collect();
        if (recent.len() - times.len()) * 5 > recent.len() {
            return true;
        }
        sort(&mut times);
        times
            .get(times.len() * 95 / 100)
            .is_some_and(|slowest| *slowest > SLOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chip_goes_from_connecting_to_connected_and_tells_what_is_wrong() {
        let mut health = Health::default();
        let now = Timestamp(1_000_000);
        assert_eq!(
            health.state(0, 0, 0, now),
            (ConnectionState::Connecting, None)
        );
        health.bootstrap_failures = 1;
        assert_eq!(
            health.state(0, 0, 0, now),
            (ConnectionState::Connecting, Some(ErrorCode::NetSeed))
        );
        health.success(now, 100);
        assert_eq!(health.state(9, 1, 0, now).0, ConnectionState::Degraded);
        assert_eq!(
            health.state(9, 2, 0, now),
            (ConnectionState::Connected, None)
        );
        assert_eq!(
            health.state(9, 2, -500_000, now),
            (ConnectionState::Connected, Some(ErrorCode::NetClock))
        );
        assert_eq!(
            health.state(9, 0, 0, now),
            (ConnectionState::Building, Some(ErrorCode::NetPath))
        );
        health.transport_failure(&TransportError::RelayDown);
        assert_eq!(
            health.state(9, 2, 0, now),
            (ConnectionState::RelayDown, Some(ErrorCode::NetRelay))
        );
        health.offline = true;
        assert_eq!(
            health.state(9, 2, 0, now),
            (ConnectionState::Offline, Some(ErrorCode::NetOffline))
        );
    }

    #[test]
    fn the_usual_time_follows_what_was_seen_within_its_bounds() {
        let (mut health, now) = (Health::default(), Timestamp(1_000_000));
        assert_eq!(health.usual_time(now), HEDGE_FIRST);
        health.success(now, 50);
        assert_eq!(health.usual_time(now), 1_500);
        for _ in 0..20 {
            health.success(now, 2_000);
        }
        assert_eq!(health.usual_time(now), 3_000);
        for _ in 0..10 {
            health.success(now, 60_000);
        }
        assert_eq!(health.usual_time(now), 4_000);
        assert_eq!(health.usual_time(now.plus_millis(WINDOW + 1)), HEDGE_FIRST);
    }

    #[test]
    fn failures_and_slowness_degrade_for_two_minutes() {
        let mut health = Health::default();
        let start = Timestamp(1_000_000);
        for _ in 0..6 {
            health.success(start, 100);
        }
        assert_eq!(health.state(9, 2, 0, start).0, ConnectionState::Connected);
        health.failure(start);
        health.failure(start);
        assert_eq!(health.state(9, 2, 0, start).0, ConnectionState::Degraded);
        let later = start.plus_millis(WINDOW + 1);
        assert_eq!(health.state(9, 2, 0, later).0, ConnectionState::Connected);
        for _ in 0..6 {
            health.success(later, SLOW + 1);
        }
        assert_eq!(health.state(9, 2, 0, later).0, ConnectionState::Degraded);
    }
}
