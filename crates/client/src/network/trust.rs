//! Which node list is believed (10-network 1.5, 6.4).
//!
//! The list of a relay is never believed as it is: whoever makes it up could take the place of guard, middle and target.
//!
//! - **With an anchor** (pinned nodes, the list that came with the app, or one that nodes confirmed earlier) paths use nodes of
//!   that list only. The relay's own list serves as a hint which of them are still there, and only when it is plausible. A
//!   relay whose list is wholly made up therefore never gets a path: it can refuse to forward, which shows, and no more.
//! - **Without one** (a local network, where nothing is pinned) the relay's list is the way in, and a relay that makes up all
//!   of it owns every hop, the nodes that are asked for confirmation included: it learns who talks to whom, but can forge no
//!   message. Against one that makes up a part, confirmation holds as long as most of the nodes asked are honest. Where the
//!   deployment has several relays, nodes that two of them name come first.
//!
//! Then three nodes of different /24, one of them pinned where there are any, are asked through onions for the list. What two
//! of them name alike (key, address, port) is the list, if it is long enough and shares enough with the one before.

use super::maintain::BUILD_PAUSE;
use super::pool::{Countries, NodeRecord};
use super::profile::{PINNED_AS_OF, PinnedNode};
use super::{Network, RpcError};
use crate::api::{ErrorCode, Failure, ListSource, ListVerdict};
use crate::ports::{Durability, Ports, Table, Transport};
use crate::store::Key;
use futures::future::join_all;
use onionskin_protocol::bundle;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::{ServiceNode, parse_binary_base64, parse_json};
use onionskin_protocol::rpc::Request;
use onionskin_protocol::sorted::{SortedMap, SortedSet, sort_by_key};
use onionskin_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Answers that are wanted.
const WANTED: usize = 3;
/// Nodes asked before that is given up.
const ASKED: usize = 9;
/// Answers that must name a node.
const AGREE: usize = 2;
/// Part of a fresh former list that must still be there, in per cent.
const OVERLAP: u64 = 60;
/// The same for a list of any age.
const LEAST_OVERLAP: u64 = 20;
/// Days for which a list counts as fresh.
const FRESH_DAYS: u64 = 30;
/// Days behind those after which one per cent less is required.
const DAYS_PER_CENT: u64 = 6;
/// A gateway's list that lacks more of the network than this (per cent) is old.
const MISSING: usize = 20;
/// A gateway's list is forged when it names more unknown nodes than this, and than this part of it (per cent): some nodes
/// come and go between two looks.
const UNKNOWN: usize = 2;
const UNKNOWN_PART: usize = 5;
/// Rounds without a path before the list is given up.
const PATIENT_ROUNDS: u32 = 6;
/// Between rounds when there is no other list to turn to (ms).
const LONG_PAUSE: u64 = 30_000;
/// Gateways that are asked for a first list at the same time.
const FIRST_LISTS: usize = 3;

#[derive(Serialize, Deserialize)]
struct PoolRecord {
    nodes: Vec<NodeRecord>,
    confirmed_at: Option<u64>,
    countries: Countries,
}

/// What is known of the list in the pool.
#[derive(Debug, Default)]
pub(super) struct Trust {
    pub(super) source: ListSource,
    /// When the network looked like this.
    as_of: Timestamp,
    /// Nodes of the list before, if that one was known from a good source.
    former: SortedSet<Ed25519PublicKey>,
    /// Answers to the newest question.
    pub(super) agreed: u8,
    pub(super) asked: u8,
    /// Rounds in a row that gave no path although a gateway answered.
    pub(super) fruitless: u32,
    problems: Vec<Failure>,
}

/// The part (per cent) that a new list must share with one of a given age. Nodes join and leave all the time, so a list that
/// came with an app half a year ago shares less with the network than the one of two hours ago: 60 % up to 30 days, then one
/// per cent less every 6 days, but never under 20 %, which is reached after 270 days. A list made up by somebody who does not
/// know the network shares nothing; one made up by two lying nodes of it is stopped by this as long as our own list is young,
/// and by the pinned node among those asked.
fn required_overlap(as_of: Timestamp, now: Timestamp) -> usize {
    let days = now.millis_since(as_of) / 86_400_000;
    let less = days.saturating_sub(FRESH_DAYS) / DAYS_PER_CENT;
    OVERLAP.saturating_sub(less).max(LEAST_OVERLAP) as usize
}

/// What several nodes say the network looks like.
#[derive(Debug, Default)]
struct Ballot {
    votes: SortedMap<(Ed25519PublicKey, Ipv4Addr, u16), Vec<ServiceNode>>,
    voters: usize,
}

impl Ballot {
    fn cast(&mut self, list: Vec<ServiceNode>) {
        self.voters += 1;
        let once: SortedMap<_, _> = list.into_iter().map(|node| (node.ed25519, node)).collect();
        for node in once.into_values() {
            let named = (node.ed25519, node.ip, node.port);
            self.votes.entry(named).or_default().push(node);
        }
    }

    /// What at least two name; the swarm likewise, or as the first says it.
    fn agreed(self) -> Vec<ServiceNode> {
        let agreed = self
            .votes
            .into_values()
            .filter(|named| named.len() >= AGREE);
        agreed
            .filter_map(|named| {
                let told = |node: &&ServiceNode| {
                    node.swarm.is_some()
                        && named
                            .iter()
                            .filter(|other| other.swarm == node.swarm)
                            .count()
                            >= AGREE
                };
                let swarm = named
                    .iter()
                    .find(told)
                    .or_else(|| named.iter().find(|node| node.swarm.is_some()));
                let first = named.first()?;
                Some(ServiceNode {
                    swarm: swarm.and_then(|node| node.swarm),
                    ..*first
                })
            })
            .collect()
    }
}

/// A gateway's list beside the network's. `former` are nodes that were part of it not long ago.
fn verdict(
    list: &[ServiceNode],
    network: &SortedSet<Ed25519PublicKey>,
    former: &SortedSet<Ed25519PublicKey>,
) -> ListVerdict {
    let named: SortedSet<Ed25519PublicKey> = list.iter().map(|node| node.ed25519).collect();
    let unknown = named
        .iter()
        .filter(|key| !network.contains(key) && !former.contains(key))
        .count();
    if unknown > UNKNOWN && unknown * 100 > named.len() * UNKNOWN_PART {
        return ListVerdict::Forged {
            nodes: u32::try_from(unknown).unwrap_or(u32::MAX),
        };
    }
    let missing = network.difference(&named).count();
    if missing * 100 > network.len() * MISSING {
        return ListVerdict::Old {
            missing: u8::try_from(missing * 100 / network.len()).unwrap_or(100),
        };
    }
    ListVerdict::Agrees
}

/// Up to `ASKED` nodes in the order in which they are asked: one that is pinned, then others, each of the first three in a /24
/// of its own where there are as many.
pub(super) fn panel(nodes: Vec<ServiceNode>, pinned: &[PinnedNode]) -> Vec<ServiceNode> {
    let is_pinned = |node: &ServiceNode| pinned.iter().any(|pin| pin.key == node.ed25519.0);
    let (pinned, others): (Vec<_>, Vec<_>) = nodes.into_iter().partition(is_pinned);
    let mut pinned = pinned.into_iter();
    let mut left: Vec<ServiceNode> = pinned.next().into_iter().collect();
    left.extend(others);
    left.extend(pinned);
    let mut chosen: Vec<ServiceNode> = Vec::with_capacity(ASKED);
    while chosen.len() < ASKED && !left.is_empty() {
        let group = &chosen[chosen.len() / WANTED * WANTED..];
        let apart = |node: &ServiceNode| {
            group
                .iter()
                .all(|other| other.ip.octets()[..3] != node.ip.octets()[..3])
        };
        let at = left.iter().position(apart).unwrap_or(0);
        chosen.push(left.remove(at));
    }
    chosen
}

impl<P: Ports> Network<P> {
    /// Takes up the list that nodes confirmed in an earlier session. One that cannot be read is fetched again.
    pub(super) async fn load_pool(&self) {
        let Ok(Some(PoolRecord {
            nodes,
            confirmed_at: Some(confirmed_at),
            countries,
        })) = self.0.records.get::<PoolRecord>(&self.pool_key()).await
        else {
            return;
        };
        let nodes = nodes.into_iter().map(ServiceNode::from).collect();
        self.0.pool.borrow_mut().countries = countries;
        self.take(nodes, ListSource::Network, Timestamp(confirmed_at));
        self.0.pool.borrow_mut().confirmed_at = Some(Timestamp(confirmed_at));
    }

    fn take(&self, nodes: Vec<ServiceNode>, source: ListSource, as_of: Timestamp) {
        let mut pool = self.0.pool.borrow_mut();
        pool.replace(nodes, &self.0.profile);
        pool.confirmed_at = None;
        let mut trust = self.0.trust.borrow_mut();
        trust.source = source;
        trust.as_of = as_of;
        if pool.len() == 0 {
            trust.source = ListSource::None;
        }
    }

    /// Gets a first list. False when there is none.
    pub(super) async fn find_list(&self) -> bool {
        let gateways = self.0.gateways.borrow().for_list();
        let asked = gateways.into_iter().take(FIRST_LISTS);
        let (bundled, anchored) = self.anchor().await;
        if anchored {
            let as_of = bundled.as_of;
            self.0.pool.borrow_mut().countries = bundled.countries;
            self.take(
                bundled.nodes,
                ListSource::Bundled {
                    as_of: as_of.as_millis(),
                },
                as_of,
            );
        }
        let lists = join_all(asked.map(|at| self.ask_gateway(at))).await;
        let mut failure = None;
        let lists: Vec<Vec<ServiceNode>> = lists
            .into_iter()
            .filter_map(|list| list.map_err(|error| failure = error).ok())
            .collect();
        // Only the way to the gateways is the transport's trouble; that a list takes too long is not.
        if let Some(error) = failure.filter(|_| lists.is_empty() && !anchored) {
            self.0.health.borrow_mut().transport_failure(&error);
        }
        if anchored {
            self.take_hint(&lists);
        } else if let Some(list) = first_list(lists, self.0.profile.minimum_pool) {
            self.take(list, ListSource::Gateway, self.device_now());
        }
        let enough = if anchored {
            1
        } else {
            self.0.profile.minimum_pool
        };
        self.0.pool.borrow().len() >= enough
    }

    /// Pinned nodes and those that came with the app. A newer address than the pinned one counts.
    async fn anchor(&self) -> (bundle::Bundle, bool) {
        let bytes = self.0.ports.transport().bundled_list().await;
        let bundled = bytes.and_then(|bytes| bundle::parse(&bytes).ok());
        let mut nodes: SortedMap<Ed25519PublicKey, ServiceNode> = self
            .0
            .profile
            .pinned
            .iter()
            .filter_map(PinnedNode::node)
            .map(|node| (node.ed25519, node))
            .collect();
        let as_of = bundled.as_ref().map_or(PINNED_AS_OF, |list| list.as_of);
        let (listed, countries) = bundled
            .map(|list| (list.nodes, list.countries))
            .unwrap_or_default();
        nodes.extend(listed.into_iter().map(|node| (node.ed25519, node)));
        let nodes: Vec<ServiceNode> = nodes.into_values().collect();
        let anchored = !nodes.is_empty();
        (
            bundle::Bundle {
                as_of,
                nodes,
                countries,
            },
            anchored,
        )
    }

    /// Nodes of our list that a gateway has as well are probably still there, and the gateway knows them as guards. A list that
    /// shares too little with ours is no hint: it might name just those few that belong to whoever made it.
    fn take_hint(&self, lists: &[Vec<ServiceNode>]) {
        let pool = self.0.pool.borrow();
        let required = required_overlap(self.0.trust.borrow().as_of, self.device_now());
        let mut hint = SortedSet::new();
        for list in lists {
            let shared: SortedSet<Ed25519PublicKey> = list
                .iter()
                .map(|node| node.ed25519)
                .filter(|key| pool.get(key).is_some())
                .collect();
            if shared.len() * 100 >= pool.len() * required {
                hint.extend(shared);
            }
        }
        self.0.paths.borrow_mut().hint = hint;
    }

    /// Whether there is no list to build paths from. One that became too short is none; the one that came with the app may be
    /// as short as it is.
    pub(super) fn lacks_list(&self) -> bool {
        match self.0.trust.borrow().source {
            ListSource::None => true,
            ListSource::Bundled { .. } => false,
            ListSource::Gateway | ListSource::Network => {
                self.0.pool.borrow().len() < self.0.profile.minimum_pool
            }
        }
    }

    /// A round gave no path, though a gateway answered. After some of them our list may be of another network, or all of its
    /// nodes are gone: begins again with the way in. Gives how long to wait (ms).
    pub(super) fn count_fruitless(&self) -> u64 {
        let mut trust = self.0.trust.borrow_mut();
        trust.fruitless = trust.fruitless.saturating_add(1);
        if trust.fruitless <= PATIENT_ROUNDS {
            return BUILD_PAUSE;
        }
        if !matches!(trust.source, ListSource::Bundled { .. }) {
            trust.source = ListSource::None;
            trust.fruitless = 0;
            return BUILD_PAUSE;
        }
        LONG_PAUSE
    }

    /// Asks nodes for the list and believes what two of them say.
    pub(super) async fn refresh(&self) -> Result<(), RpcError> {
        let nodes = self.candidates();
        let panel = panel(nodes, self.0.profile.pinned);
        let mut ballot = Ballot::default();
        let mut last = RpcError::NoPath;
        let mut asked = 0;
        let mut hopeless = false;
        while ballot.voters < WANTED && asked < panel.len() && !hopeless {
            let group = panel.iter().skip(asked).take(WANTED - ballot.voters);
            let answers = join_all(group.map(|node| self.ask_for_list(node))).await;
            asked += answers.len();
            for answer in answers {
                match answer {
                    Ok(list) => ballot.cast(list),
                    Err(error) => {
                        hopeless |= matches!(error, RpcError::Transport(_) | RpcError::NoPath);
                        last = error;
                    }
                }
            }
        }
        {
            let mut trust = self.0.trust.borrow_mut();
            trust.asked = u8::try_from(asked).unwrap_or(u8::MAX);
            trust.agreed = u8::try_from(ballot.voters).unwrap_or(u8::MAX);
        }
        if ballot.voters < AGREE {
            return Err(last);
        }
        self.believe(ballot.agreed()).await
    }

    /// Nodes to ask, in random order: those that are probably there and did not fail come first.
    pub(super) fn candidates(&self) -> Vec<ServiceNode> {
        let now = self.device_now();
        let pool = self.0.pool.borrow();
        let mut nodes = pool.usable(now);
        super::path::shuffle(&mut nodes, &mut *self.0.ports.entropy());
        let paths = self.0.paths.borrow();
        sort_by_key(&mut nodes, |node| {
            let unsure = !paths.hint.is_empty() && !paths.hint.contains(&node.ed25519);
            (unsure, pool.strikes(&node.ed25519, now))
        });
        nodes
    }

    /// In few bytes from nodes that know how (10-network 1.4 (b)), else in JSON.
    async fn ask_for_list(&self, node: &ServiceNode) -> Result<Vec<ServiceNode>, RpcError> {
        let reply = self.rpc(node, &Request::active_nodes()).await?;
        let binary = reply.body.as_str().filter(|_| reply.status == 200);
        if let Some(list) = binary.and_then(|text| parse_binary_base64(text).ok()) {
            return Ok(list);
        }
        let reply = self.rpc(node, &Request::service_nodes()).await?;
        if reply.status != 200 {
            return Err(RpcError::Refused {
                status: reply.status,
            });
        }
        parse_json(&reply.body).map_err(|_| RpcError::Malformed)
    }

    async fn believe(&self, agreed: Vec<ServiceNode>) -> Result<(), RpcError> {
        let now = self.device_now();
        let believed = self.is_credible(&agreed, now);
        self.0.health.borrow_mut().list_disputed = !believed;
        self.0.changed.ring();
        if !believed {
            return Err(RpcError::Malformed);
        }
        let former: SortedSet<Ed25519PublicKey> = {
            let pool = self.0.pool.borrow();
            pool.nodes().map(|node| node.ed25519).collect()
        };
        // What a gateway said is known from nobody else.
        let known = self.0.trust.borrow().source != ListSource::Gateway;
        self.take(agreed, ListSource::Network, now);
        self.0.trust.borrow_mut().former = if known { former } else { SortedSet::new() };
        self.0.pool.borrow_mut().confirmed_at = Some(now);
        self.0.paths.borrow_mut().hint.clear();
        self.forget_strangers();
        self.review_swarms();
        let changed = {
            let pool = self.0.pool.borrow();
            let mut entropy = self.0.ports.entropy();
            self.0
                .paths
                .borrow_mut()
                .repair(&pool, &self.0.profile, now, &mut *entropy)
        };
        if changed {
            self.0.wake.ring();
        }
        self.remember_pool().await;
        self.test_gateways();
        self.0.changed.ring();
        Ok(())
    }

    fn is_credible(&self, agreed: &[ServiceNode], now: Timestamp) -> bool {
        let admitted = agreed.iter().filter(|node| self.0.profile.admits(node));
        if admitted.count() < self.0.profile.minimum_pool {
            return false;
        }
        let trust = self.0.trust.borrow();
        let pool = self.0.pool.borrow();
        let required = match trust.source {
            // Nobody vouches for the list of a gateway.
            ListSource::Gateway | ListSource::None => return true,
            ListSource::Bundled { .. } | ListSource::Network => required_overlap(trust.as_of, now),
        };
        let kept = agreed
            .iter()
            .filter(|node| pool.get(&node.ed25519).is_some());
        kept.count() * 100 >= pool.len() * required
    }

    /// What a gateway's list is worth. Beside a list that nodes confirmed every stranger counts, beside one that came with the
    /// app only as many as its age does not explain.
    pub(super) fn compare(&self, list: &[ServiceNode]) -> ListVerdict {
        let trust = self.0.trust.borrow();
        let pool = self.0.pool.borrow();
        match trust.source {
            ListSource::Network => {
                let network = pool.nodes().map(|node| node.ed25519).collect();
                verdict(list, &network, &trust.former)
            }
            ListSource::Bundled { .. } => {
                let known = list.iter().filter(|node| pool.get(&node.ed25519).is_some());
                let known = known.count();
                // Pinned nodes alone are too few to compare with.
                let enough = pool.len() > self.0.profile.pinned.len();
                if enough
                    && known * 100 < list.len() * required_overlap(trust.as_of, self.device_now())
                {
                    let nodes = u32::try_from(list.len() - known).unwrap_or(u32::MAX);
                    ListVerdict::Forged { nodes }
                } else {
                    ListVerdict::Unchecked
                }
            }
            ListSource::None | ListSource::Gateway => ListVerdict::Unchecked,
        }
    }

    pub(super) fn tell_bad_list(&self, origin: &str, verdict: ListVerdict) {
        let number = match verdict {
            ListVerdict::Old { missing } => Some(u32::from(missing)),
            ListVerdict::Forged { nodes } => Some(nodes),
            _ => None,
        };
        self.0.trust.borrow_mut().problems.push(Failure {
            code: ErrorCode::NetList,
            number,
            detail: origin.to_owned(),
        });
    }

    /// Problems since the last look.
    pub(crate) fn take_problems(&self) -> Vec<Failure> {
        std::mem::take(&mut self.0.trust.borrow_mut().problems)
    }

    fn pool_key(&self) -> Key {
        self.0.records.key::<16>(Table::Network, "pool", &[])
    }

    /// A cache: failing to write it costs a fetch next time.
    async fn remember_pool(&self) {
        let record = {
            let pool = self.0.pool.borrow();
            PoolRecord {
                nodes: pool.nodes().map(NodeRecord::from).collect(),
                confirmed_at: pool.confirmed_at.map(Timestamp::as_millis),
                countries: pool.countries.clone(),
            }
        };
        let mut tx = self.0.records.tx();
        tx.put(&self.pool_key(), &record);
        let _ = tx.commit(Durability::Relaxed).await;
    }
}

/// What two gateways name, where that is enough; else the first list that is long enough.
fn first_list(lists: Vec<Vec<ServiceNode>>, minimum: usize) -> Option<Vec<ServiceNode>> {
    let mut ballot = Ballot::default();
    for list in &lists {
        ballot.cast(list.clone());
    }
    let common = ballot.agreed();
    if common.len() >= minimum {
        return Some(common);
    }
    lists.into_iter().find(|list| list.len() >= minimum)
}

#[cfg(test)]
mod tests {
    use super::super::pool::tests::node;
    use super::*;

    const DAY: u64 = 86_400_000;

    fn keys(numbers: std::ops::RangeInclusive<u8>) -> SortedSet<Ed25519PublicKey> {
        numbers.map(|number| node(number).ed25519).collect()
    }

    fn nodes(numbers: std::ops::RangeInclusive<u8>) -> Vec<ServiceNode> {
        numbers.map(node).collect()
    }

    #[test]
    fn the_overlap_that_is_required_falls_with_the_age_of_a_list_and_never_below_a_fifth() {
        let at = |days| required_overlap(Timestamp(0), Timestamp(days * DAY));
        assert_eq!((at(0), at(30), at(36), at(150)), (60, 60, 59, 40));
        assert_eq!((at(270), at(5_000)), (20, 20));
        assert_eq!(required_overlap(Timestamp(DAY), Timestamp(0)), 60);
    }

    #[test]
    fn only_what_two_name_alike_counts_and_one_liar_moves_nothing() {
        let mut ballot = Ballot::default();
        let mut lie = nodes(1..=3);
        lie[0].ip = [10, 66, 66, 66].into();
        lie[1].swarm = Some(66);
        lie.push(node(9));
        lie.push(node(9));
        let told = |number| ServiceNode {
            swarm: Some(5),
            ..node(number)
        };
        ballot.cast(lie);
        ballot.cast(vec![told(1), told(2), told(3)]);
        ballot.cast(vec![told(1), told(2), told(4)]);
        let agreed = ballot.agreed();
        assert_eq!(agreed, [told(1), told(2), told(3)]);
    }

    #[test]
    fn a_list_that_names_strangers_is_forged_and_one_that_lacks_much_is_old() {
        let (network, none) = (keys(1..=50), SortedSet::new());
        assert_eq!(
            verdict(&nodes(1..=50), &network, &none),
            ListVerdict::Agrees
        );
        assert_eq!(
            verdict(&nodes(1..=52), &network, &none),
            ListVerdict::Agrees
        );
        assert_eq!(
            verdict(&nodes(1..=40), &network, &none),
            ListVerdict::Agrees
        );
        assert_eq!(
            verdict(&nodes(1..=39), &network, &none),
            ListVerdict::Old { missing: 22 }
        );
        assert_eq!(
            verdict(&nodes(41..=60), &network, &none),
            ListVerdict::Forged { nodes: 10 }
        );
        assert_eq!(
            verdict(&nodes(41..=60), &network, &keys(51..=60)),
            ListVerdict::Old { missing: 80 },
            "nodes that left are no strangers"
        );
        assert_eq!(
            verdict(&[], &network, &none),
            ListVerdict::Old { missing: 100 }
        );
    }

    #[test]
    fn a_pinned_node_is_asked_first_and_the_first_three_lie_in_three_subnets() {
        let mut list = nodes(1..=6);
        for node in &mut list[..4] {
            node.ip = [10, 9, 9, node.ip.octets()[2]].into();
        }
        let pins = [5, 6].map(|number| PinnedNode {
            key: [number; 32],
            ip: [10, 0, number, 1],
            port: 1,
        });
        let asked = panel(list, &pins);
        assert_eq!(asked.len(), 6);
        assert_eq!(asked[..3], [node(5), asked[1], node(6)]);
        assert_eq!(asked[1].ip.octets()[..3], [10, 9, 9]);
    }

    #[test]
    fn a_first_list_is_what_two_relays_name_or_else_that_of_the_first() {
        let two = vec![nodes(1..=6), nodes(3..=9)];
        assert_eq!(first_list(two, 4), Some(nodes(3..=6)));
        let apart = vec![nodes(1..=2), nodes(5..=9), nodes(20..=30)];
        assert_eq!(first_list(apart, 4), Some(nodes(5..=9)));
        assert_eq!(first_list(vec![nodes(1..=3)], 4), None);
    }
}
