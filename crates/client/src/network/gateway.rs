//! The ways out of this browser: relays, which serve any guard, and nodes that the browser reaches by itself, each of which
//! serves as its own guard only (10-network 6.4, 50-browser 9).
//!
//! A gateway that does not answer or refuses is left alone for a while that doubles, with some jitter so that not everybody
//! comes back at once; the next one takes over within the same request. As soon as the pause is over it is asked for its
//! list, and when it answers, it is back in its place of the order. Where every gateway fails, the one whose pause ends first
//! is tried.

use super::Network;
use super::traffic::Errand;
use crate::api::{
    GatewayHealth, GatewayView, ListVerdict, NetworkSettings, Traffic, TransportChoice,
};
use crate::ports::{Clock, Gateway, HttpReply, Ports, Transport, TransportError};
use crate::wake::either;
use futures::future::{Either, join_all, select};
use onionskin_protocol::entropy::draw;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::{ServiceNode, parse_json};
use onionskin_protocol::sorted::{SortedSet, sort_by_key};
use onionskin_protocol::time::Timestamp;
use std::future::Future;

/// The first pause after a failure (ms); it doubles.
const PAUSE: u64 = 2_000;
/// The longest pause (ms), without its jitter.
const LONGEST_PAUSE: u64 = 300_000;
/// Patience for a node list (ms).
const LIST_PATIENCE: u64 = 35_000;
/// When the device turns out to be offline (ms).
const OFFLINE_PAUSE: u64 = 10_000;
/// With no pause that ends, look again after this time (ms).
const IDLE: u64 = 600_000;

#[derive(Debug)]
struct Entry {
    gateway: Gateway,
    health: GatewayHealth,
    /// In a row.
    failures: u32,
    /// Left alone until then.
    paused: Option<Timestamp>,
    last_success: Option<Timestamp>,
    latency: Option<u32>,
    verdict: ListVerdict,
    /// A list that is old or forged was told.
    told: bool,
}

/// All gateways, in the operator's order.
#[derive(Debug, Default)]
pub(super) struct Gateways {
    entries: Vec<Entry>,
    /// Places in `entries` by preference.
    order: Vec<usize>,
    choice: TransportChoice,
    /// Newest one through which a request succeeded.
    in_use: Option<usize>,
}

impl Gateways {
    pub(super) fn new(gateways: Vec<Gateway>) -> Self {
        let entry = |gateway| Entry {
            gateway,
            health: GatewayHealth::Unknown,
            failures: 0,
            paused: None,
            last_success: None,
            latency: None,
            verdict: ListVerdict::Unchecked,
            told: false,
        };
        let entries: Vec<Entry> = gateways.into_iter().map(entry).collect();
        Self {
            order: (0..entries.len()).collect(),
            entries,
            choice: TransportChoice::default(),
            in_use: None,
        }
    }

    /// Takes over what the person chose: those named come first.
    pub(super) fn choose(&mut self, settings: &NetworkSettings) {
        self.choice = settings.transport;
        let place = |at: &usize| {
            let origin = &self.entries[*at].gateway.origin;
            let named = settings.relays.iter().position(|named| named == origin);
            (named.unwrap_or(usize::MAX), *at)
        };
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        sort_by_key(&mut order, place);
        self.order = order;
    }

    fn allowed(&self, at: usize) -> bool {
        match self.choice {
            TransportChoice::Automatic => true,
            TransportChoice::DirectOnly => self.entries[at].gateway.direct.is_some(),
            TransportChoice::RelayOnly => self.entries[at].gateway.direct.is_none(),
        }
    }

    fn is_forged(&self, at: usize) -> bool {
        matches!(self.entries[at].verdict, ListVerdict::Forged { .. })
    }

    fn is_up(&self, at: usize) -> bool {
        self.entries[at].paused.is_none()
    }

    /// Those to try one after the other for a guard: first its own address, then relays by preference, last relays whose list
    /// is forged; of paused ones the first to come back, and only when there is no other.
    pub(super) fn for_guard(&self, guard: &Ed25519PublicKey) -> Vec<usize> {
        let serves = |at: &usize| {
            let direct = self.entries[*at].gateway.direct;
            self.allowed(*at) && direct.is_none_or(|key| key == *guard)
        };
        let all: Vec<usize> = self.order.iter().copied().filter(serves).collect();
        let mut up: Vec<usize> = all.iter().copied().filter(|at| self.is_up(*at)).collect();
        sort_by_key(&mut up, |at| {
            let relay = self.entries[*at].gateway.direct.is_none();
            (self.is_forged(*at), relay)
        });
        if up.is_empty() {
            up.extend(all.into_iter().min_by_key(|at| self.entries[*at].paused));
        }
        up
    }

    /// Those that may be asked for a first list, in the order of preference.
    pub(super) fn for_list(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.order.clone();
        all.retain(|at| self.allowed(*at));
        sort_by_key(&mut all, |at| (self.is_forged(*at), !self.is_up(*at)));
        all
    }

    /// The only nodes that may be guards, where no relay serves the others.
    pub(super) fn only_guards(&self) -> Option<SortedSet<Ed25519PublicKey>> {
        let relay = |at: &usize| self.entries[*at].gateway.direct.is_none();
        let relays: Vec<usize> = self
            .order
            .iter()
            .copied()
            .filter(|at| self.allowed(*at) && relay(at))
            .collect();
        let direct: SortedSet<Ed25519PublicKey> = self
            .order
            .iter()
            .filter(|at| self.allowed(**at) && (relays.is_empty() || self.is_up(**at)))
            .filter_map(|at| self.entries[*at].gateway.direct)
            .collect();
        if self.choice == TransportChoice::DirectOnly {
            return Some(direct);
        }
        let relays_fail = relays.iter().all(|at| !self.is_up(*at));
        (relays_fail && !direct.is_empty()).then_some(direct)
    }

    /// An answer came through it, `latency` ms after the request left.
    pub(super) fn succeed(&mut self, at: usize, now: Timestamp, latency: u64) {
        let entry = &mut self.entries[at];
        entry.health = GatewayHealth::Good;
        entry.failures = 0;
        entry.paused = None;
        entry.last_success = Some(now);
        entry.latency = Some(u32::try_from(latency).unwrap_or(u32::MAX));
    }

    /// It does not answer or refuses. `jitter` is any number.
    pub(super) fn fail(&mut self, at: usize, health: GatewayHealth, now: Timestamp, jitter: u64) {
        let entry = &mut self.entries[at];
        let pause = PAUSE
            .saturating_mul(1 << entry.failures.min(10))
            .min(LONGEST_PAUSE);
        entry.health = health;
        entry.failures = entry.failures.saturating_add(1);
        entry.paused = Some(now.plus_millis(pause + jitter % (pause / 2)));
    }

    /// Ends all pauses.
    pub(super) fn hurry(&mut self) {
        for entry in &mut self.entries {
            entry.paused = None;
            entry.failures = 0;
        }
    }

    /// What came of comparing its list. True when that is worth telling: old or forged, and not told before.
    pub(super) fn judge(&mut self, at: usize, verdict: ListVerdict) -> bool {
        let entry = &mut self.entries[at];
        entry.verdict = verdict;
        let bad = matches!(
            verdict,
            ListVerdict::Old { .. } | ListVerdict::Forged { .. }
        );
        let news = bad && !entry.told;
        // Told again only after it was right meanwhile.
        entry.told = bad || entry.told && verdict != ListVerdict::Agrees;
        news
    }

    pub(super) fn origin(&self, at: usize) -> &str {
        &self.entries[at].gateway.origin
    }

    /// When the first pause ends, and whose.
    fn next_back(&self) -> Option<(Timestamp, usize)> {
        self.order
            .iter()
            .filter(|at| self.allowed(**at))
            .filter_map(|at| Some((self.entries[*at].paused?, *at)))
            .min()
    }

    fn views(&self) -> Vec<GatewayView> {
        let view = |at: &usize| {
            let entry = &self.entries[*at];
            GatewayView {
                origin: entry.gateway.origin.clone(),
                direct: entry.gateway.direct.is_some(),
                in_use: self.in_use == Some(*at) && self.allowed(*at),
                health: entry.health,
                last_success: entry.last_success.map(Timestamp::as_millis),
                latency: entry.latency,
                verdict: entry.verdict,
            }
        };
        self.order.iter().map(view).collect()
    }
}

impl<P: Ports> Network<P> {
    /// Sends a frame to its guard through the best gateway, and through the next one when that fails.
    pub(super) async fn send(
        &self,
        errand: Errand,
        guard: &ServiceNode,
        body: Vec<u8>,
        patience: u64,
    ) -> Result<HttpReply, TransportError> {
        let route = self.0.gateways.borrow().for_guard(&guard.ed25519);
        let mut last = TransportError::RelayDown;
        for at in route {
            let sent = self.device_now();
            let outcome = self
                .within(
                    patience + 1_000,
                    self.0
                        .ports
                        .transport()
                        .onion(at, guard, body.clone(), patience),
                )
                .await;
            let received = outcome.as_ref().map_or(0, |reply| reply.body.len());
            self.count_bytes(errand.traffic, body.len(), received);
            last = match outcome {
                Ok(reply) => {
                    self.gateway_succeeded(at, sent);
                    self.0.gateways.borrow_mut().in_use = Some(at);
                    return Ok(reply);
                }
                // It answers; what it says concerns the guard.
                Err(TransportError::GuardUnreachable) => {
                    self.gateway_succeeded(at, sent);
                    return Err(TransportError::GuardUnreachable);
                }
                Err(error @ TransportError::UnknownGuard) => {
                    self.gateway_succeeded(at, sent);
                    error
                }
                Err(error) if !self.blame_gateway(at, &error) => return Err(error),
                Err(_) if self.is_direct(at) => TransportError::GuardUnreachable,
                // One relay answered and does not know the guard: that says more than the silence of another.
                Err(_) if last == TransportError::UnknownGuard => last,
                Err(error) => error,
            };
        }
        Err(last)
    }

    fn gateway_succeeded(&self, at: usize, sent: Timestamp) {
        let now = self.device_now();
        let latency = now.millis_since(sent);
        self.0.gateways.borrow_mut().succeed(at, now, latency);
        self.review_reach();
    }

    /// Counts a failure that is the gateway's own. False when it is not.
    fn blame_gateway(&self, at: usize, error: &TransportError) -> bool {
        let health = match error {
            TransportError::RelayDown => GatewayHealth::Silent,
            TransportError::RelayRefused(reason) if reason != "too-large" => {
                GatewayHealth::Refusing
            }
            _ => return false,
        };
        self.pause_gateway(at, health);
        true
    }

    fn pause_gateway(&self, at: usize, health: GatewayHealth) {
        let jitter = u64::from_le_bytes(draw(&mut *self.0.ports.entropy()));
        let now = self.device_now();
        self.0.gateways.borrow_mut().fail(at, health, now, jitter);
        self.review_reach();
        self.0.gateways_changed.ring();
        self.0.changed.ring();
    }

    fn is_direct(&self, at: usize) -> bool {
        self.0.gateways.borrow().entries[at]
            .gateway
            .direct
            .is_some()
    }

    /// After a change of gateways: paths whose guard nobody serves any more make room for others.
    pub(super) fn review_reach(&self) {
        let only = self.0.gateways.borrow().only_guards();
        if self.0.paths.borrow_mut().reach(only) {
            self.0.wake.ring();
            self.0.changed.ring();
        }
    }

    /// The transport has its own timeout; this one holds when it forgets.
    async fn within<T>(
        &self,
        patience: u64,
        request: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let request = std::pin::pin!(request);
        let end = std::pin::pin!(self.0.ports.clock().sleep(patience));
        match select(request, end).await {
            Either::Left((reply, _)) => reply,
            Either::Right(_) => Err(TransportError::Timeout),
        }
    }

    /// Asks a gateway for its list, notes how it does, and judges the list where there is something to compare it with.
    /// The error is `None` when what came is no list.
    pub(super) async fn ask_gateway(
        &self,
        at: usize,
    ) -> Result<Vec<ServiceNode>, Option<TransportError>> {
        let sent = self.device_now();
        let list = self.0.ports.transport().node_list(at);
        let outcome = self.within(LIST_PATIENCE, list).await;
        let received = outcome.as_ref().map_or(0, Vec::len);
        self.count_bytes(Traffic::Network, 0, received);
        let json = match outcome {
            Ok(json) => json,
            Err(error) => {
                match &error {
                    TransportError::Offline => {}
                    TransportError::RelayRefused(_) => {
                        self.pause_gateway(at, GatewayHealth::Refusing);
                    }
                    // A list that never comes is as good as no answer.
                    _ => self.pause_gateway(at, GatewayHealth::Silent),
                }
                return Err(Some(error));
            }
        };
        self.gateway_succeeded(at, sent);
        let list = serde_json::from_slice(&json)
            .ok()
            .and_then(|value| parse_json(&value).ok());
        let verdict = match &list {
            Some(list) => self.compare(list),
            None => ListVerdict::Unreadable,
        };
        self.judge_gateway(at, verdict);
        list.ok_or(None)
    }

    fn judge_gateway(&self, at: usize, verdict: ListVerdict) {
        let news = self.0.gateways.borrow_mut().judge(at, verdict);
        if news {
            let origin = self.0.gateways.borrow().origin(at).to_owned();
            self.tell_bad_list(&origin, verdict);
        }
        self.0.changed.ring();
    }

    /// Asks every gateway for its node list as soon as possible.
    pub(crate) fn test_gateways(&self) {
        self.0.test.set(true);
        self.0.gateways_changed.ring();
    }

    /// Tests gateways whenever that is asked for, and those whose pause is over.
    pub(super) async fn keep_gateways(&self) {
        loop {
            let changed = self.0.gateways_changed.listen();
            if self.0.test.take() {
                let all = self.0.gateways.borrow().for_list();
                join_all(all.into_iter().map(|at| self.ask_gateway(at))).await;
                continue;
            }
            let now = self.device_now();
            let back = self.0.gateways.borrow().next_back();
            let pause = match back {
                Some((until, at)) if until <= now && !self.0.health.borrow().offline => {
                    match self.ask_gateway(at).await {
                        Err(Some(TransportError::Offline)) => OFFLINE_PAUSE,
                        _ => continue,
                    }
                }
                Some((until, _)) if until > now => until.millis_since(now),
                _ => IDLE,
            };
            either(changed, self.0.ports.clock().sleep(pause)).await;
        }
    }

    pub(super) fn gateway_views(&self) -> Vec<GatewayView> {
        self.0.gateways.borrow().views()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn key(number: u8) -> Ed25519PublicKey {
        Ed25519PublicKey([number; 32])
    }

    fn gateways() -> Gateways {
        let relay = |origin: &str| Gateway {
            origin: origin.to_owned(),
            direct: None,
        };
        Gateways::new(vec![
            relay(""),
            relay("https://two.example"),
            Gateway {
                origin: "https://node.example".to_owned(),
                direct: Some(key(7)),
            },
        ])
    }

    fn settings(transport: TransportChoice, relays: &[&str]) -> NetworkSettings {
        NetworkSettings {
            transport,
            relays: relays.iter().map(|origin| (*origin).to_owned()).collect(),
            ..NetworkSettings::default()
        }
    }

    #[test]
    fn the_persons_order_comes_before_the_operators() {
        let mut gateways = gateways();
        assert_eq!(gateways.for_guard(&key(1)), [0, 1]);
        gateways.choose(&settings(
            TransportChoice::Automatic,
            &["https://two.example", "https://gone.example"],
        ));
        assert_eq!(gateways.for_guard(&key(1)), [1, 0]);
        assert_eq!(gateways.for_list(), [1, 0, 2]);
    }

    #[test]
    fn a_direct_gateway_serves_its_own_node_only() {
        let mut gateways = gateways();
        assert_eq!(gateways.for_guard(&key(7)), [2, 0, 1]);
        assert_eq!(gateways.only_guards(), None);
        gateways.choose(&settings(TransportChoice::DirectOnly, &[]));
        assert_eq!(gateways.for_guard(&key(7)), [2]);
        assert_eq!(gateways.for_guard(&key(1)), Vec::<usize>::new());
        assert_eq!(gateways.only_guards(), Some(SortedSet::from([key(7)])));
        gateways.choose(&settings(TransportChoice::RelayOnly, &[]));
        assert_eq!(gateways.for_guard(&key(7)), [0, 1]);
    }

    #[test]
    fn a_gateway_that_fails_is_left_alone_for_a_time_that_doubles() {
        let mut gateways = gateways();
        gateways.fail(0, GatewayHealth::Silent, NOW, 0);
        assert_eq!(gateways.for_guard(&key(1)), [1]);
        assert_eq!(gateways.next_back(), Some((NOW.plus_millis(PAUSE), 0)));
        gateways.fail(0, GatewayHealth::Refusing, NOW, 999);
        assert_eq!(
            gateways.next_back(),
            Some((NOW.plus_millis(2 * PAUSE + 999), 0))
        );
        for _ in 0..20 {
            gateways.fail(0, GatewayHealth::Silent, NOW, 0);
        }
        assert_eq!(
            gateways.next_back(),
            Some((NOW.plus_millis(LONGEST_PAUSE), 0))
        );
        gateways.succeed(0, NOW, 5);
        assert_eq!(gateways.for_guard(&key(1)), [0, 1]);
        assert_eq!(gateways.next_back(), None);
    }

    #[test]
    fn where_all_fail_the_first_to_come_back_is_tried() {
        let mut gateways = gateways();
        gateways.fail(0, GatewayHealth::Silent, NOW, 0);
        gateways.fail(0, GatewayHealth::Silent, NOW, 0);
        gateways.fail(1, GatewayHealth::Silent, NOW, 0);
        assert_eq!(gateways.for_guard(&key(1)), [1]);
        assert_eq!(gateways.only_guards(), Some(SortedSet::from([key(7)])));
        gateways.hurry();
        assert_eq!(gateways.for_guard(&key(1)), [0, 1]);
    }

    #[test]
    fn a_gateway_with_a_forged_list_comes_last_and_is_told_of_once() {
        let mut gateways = gateways();
        let forged = ListVerdict::Forged { nodes: 9 };
        assert!(gateways.judge(0, forged));
        assert!(!gateways.judge(0, forged));
        assert_eq!(gateways.for_guard(&key(1)), [1, 0]);
        assert!(!gateways.judge(0, ListVerdict::Agrees));
        assert_eq!(gateways.for_guard(&key(1)), [0, 1]);
        assert!(gateways.judge(0, ListVerdict::Old { missing: 40 }));
    }
}
