//! Requests against a network in which something goes wrong (10-network 5.2): who is asked next, and who pays for it.
#![allow(clippy::unwrap_used)]

use super::failure::{Trouble, Verdict};
use super::path::Path;
use super::testing::{Fate, Lab, LabPorts};
use super::{Network, RpcError};
use crate::ports::TransportError;
use crate::store::MemoryStore;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::onion::ResponseError;
use onionskin_protocol::rpc::Request;
use onionskin_testnet::network::Sleeper;
use serde_json::json;
use std::cell::Cell;

const HOUR: u64 = 3_600_000;

fn lab() -> (Lab, Network<LabPorts>) {
    let lab = Lab::new(12);
    let network = lab.network(&MemoryStore::new());
    (lab, network)
}

/// A node that is on no standing path.
fn outsider(lab: &Lab, network: &Network<LabPorts>) -> ServiceNode {
    let paths = network.0.paths.borrow();
    let mut nodes = (0..12).map(|number| lab.node(number));
    let off = |node: &ServiceNode| paths.standing.iter().all(|p| !p.contains(&node.ed25519));
    nodes.find(off).unwrap()
}

fn strikes(network: &Network<LabPorts>, node: &Ed25519PublicKey) -> u8 {
    network.0.pool.borrow().strikes(node, network.device_now())
}

fn all_strikes(network: &Network<LabPorts>, path: &Path) -> [u8; 3] {
    path.hops.map(|hop| strikes(network, &hop.ed25519))
}

/// Strikes of a standing path; nothing when it stands no more.
fn standing(network: &Network<LabPorts>, path: &Path) -> Option<u8> {
    let mut paths = network.0.paths.borrow_mut();
    paths.get_mut(path.id).map(|path| path.strikes)
}

/// The first requests meet these fates, the others are answered.
fn first(lab: &Lab, fates: Vec<Fate>) {
    let at = Cell::new(0);
    lab.rule(move |_| {
        at.set(at.get() + 1);
        fates.get(at.get() - 1).cloned()
    });
}

fn clear(status: u16, text: impl Into<String>) -> Fate {
    Fate::Clear(status, text.into())
}

fn unreachable(node: &Ed25519PublicKey) -> Fate {
    clear(
        502,
        format!("Next node is currently unreachable: {}", node.to_hex()),
    )
}

#[test]
fn a_slow_path_is_overtaken_by_the_other_one_and_not_blamed() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        let late = Fate::Answer(200, json!({"from": "the slow path"}));
        first(&lab, vec![Fate::Late(6_000, Box::new(late))]);
        let start = lab.time().now();
        let reply = network.rpc(&target, &Request::info()).await.unwrap();
        assert!(reply.body.get("from").is_none());
        let took = lab.time().now().millis_since(start);
        assert!((1_500..2_000).contains(&took), "{took}");
        let log = lab.log();
        assert_eq!(log.len(), 2);
        assert_ne!(log[0].hops[0], log[1].hops[0], "another guard");
        assert_eq!(
            (log[0].target, &log[0].method),
            (log[1].target, &log[1].method)
        );
        lab.wait(12_000).await;
        assert!(network.paths().iter().all(|path| path.strikes == 0));
        assert!(network.paths().iter().all(|path| path.failures == 0));
    });
}

#[test]
fn a_path_that_loses_the_race_and_then_fails_is_blamed() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        first(&lab, vec![Fate::Silence]);
        network.rpc(&target, &Request::info()).await.unwrap();
        assert!(network.paths().iter().all(|path| path.strikes == 0));
        lab.wait(12_000).await;
        let strikes: Vec<u8> = network.paths().iter().map(|path| path.strikes).collect();
        assert_eq!(strikes.iter().sum::<u8>(), 1, "{strikes:?}");
    });
}

#[test]
fn an_answer_in_the_usual_time_is_asked_for_once() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        let late = Fate::Answer(200, json!({}));
        first(&lab, vec![Fate::Late(1_000, Box::new(late))]);
        network.rpc(&target, &Request::info()).await.unwrap();
        assert_eq!(lab.log().len(), 1);
    });
}

#[test]
fn when_two_paths_fail_a_third_is_made_for_the_request() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        first(&lab, vec![clear(504, "Request time out"), Fate::Garbage]);
        network.rpc(&target, &Request::info()).await.unwrap();
        // Both paths were tried for themselves as well.
        let mut ways: Vec<_> = lab.log().iter().map(|way| way.hops).collect();
        ways.sort_unstable();
        ways.dedup();
        assert_eq!(ways.len(), 3);
        let strikes: Vec<u8> = network.paths().iter().map(|path| path.strikes).collect();
        assert_eq!(strikes, [1, 1]);
    });
}

/// What a failure does to path and hops: the strikes of the path (`None` when it is over), and those of its hops.
fn consequences(trouble: impl Fn(&Path, &ServiceNode) -> Trouble) -> (Option<u8>, [u8; 3]) {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        let path = network.0.paths.borrow().standing[0].clone();
        network.blame(&path, &target.ed25519, &trouble(&path, &target));
        (standing(&network, &path), all_strikes(&network, &path))
    })
}

#[test]
fn each_row_of_the_failure_table_costs_what_it_says() {
    let transport =
        |error: TransportError| consequences(move |_, _| Trouble::Transport(error.clone()));
    let onion = |error: ResponseError| consequences(move |_, _| Trouble::Onion(error.clone()));
    let status = |status: u16| {
        onion(ResponseError::Path {
            status,
            text: String::new(),
        })
    };
    let named = |at: usize, not_found: bool| {
        consequences(move |path, _| {
            Trouble::Onion(ResponseError::NextNode {
                node: path.hops[at].ed25519,
                not_found,
            })
        })
    };
    let nothing = (Some(0), [0; 3]);
    let path_only = (Some(1), [0; 3]);
    for error in [
        TransportError::Offline,
        TransportError::RelayDown,
        TransportError::RelayRefused("busy".into()),
    ] {
        assert_eq!(transport(error), nothing);
    }
    for error in [
        TransportError::GuardUnreachable,
        TransportError::UnknownGuard,
    ] {
        assert_eq!(transport(error), (None, [1, 0, 0]), "retired at once");
    }
    assert_eq!(transport(TransportError::Timeout), path_only);
    for not_found in [false, true] {
        assert_eq!(
            named(0, not_found),
            (None, [0; 3]),
            "no path without its guard"
        );
        assert_eq!(named(1, not_found), path_only);
        assert_eq!(named(2, not_found), path_only);
    }
    assert_eq!(
        onion(ResponseError::NotReady { node: None }),
        (None, [0; 3])
    );
    let of_target = consequences(|_, target| {
        Trouble::Onion(ResponseError::NextNode {
            node: target.ed25519,
            not_found: false,
        })
    });
    assert_eq!(of_target, nothing, "another path shows who is right");
    for error in [
        ResponseError::Timeout,
        ResponseError::InvalidCiphertext,
        ResponseError::Undecryptable,
    ] {
        assert_eq!(onion(error), path_only);
    }
    for number in [400, 500, 502, 503, 429] {
        assert_eq!(status(number), path_only, "{number}");
    }
    for number in [404, 410] {
        assert_eq!(status(number), (None, [1, 1, 1]), "{number}");
    }
    assert_eq!(status(413), nothing);
    assert_eq!(consequences(|_, _| Trouble::Unsendable), nothing);
    let complaint = ResponseError::Hop {
        hop: 1,
        status: 400,
        text: "Invalid json".into(),
    };
    assert_eq!(onion(complaint), (Some(1), [0, 1, 0]));
}

#[test]
fn a_named_hop_is_replaced_on_that_path_and_its_guard_stays() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        let path = network.0.paths.borrow().standing[0].clone();
        let named = path.hops[2].ed25519;
        let trouble = Trouble::Onion(ResponseError::NotReady { node: Some(named) });
        let verdict = network.blame(&path, &target.ed25519, &trouble);
        assert_eq!(
            verdict,
            Verdict::Named {
                node: named,
                missing: false
            }
        );
        let paths = network.0.paths.borrow();
        let now = paths.standing.iter().find(|now| now.id == path.id).unwrap();
        assert_eq!(now.guard().ed25519, path.guard().ed25519);
        assert!(!now.contains(&named));
        assert!(
            network
                .0
                .pool
                .borrow()
                .is_usable(&named, network.device_now())
        );
    });
}

#[test]
fn the_third_strike_ends_a_path_and_costs_each_hop_that_is_not_blamed_already_one() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network).ed25519;
        let path = network.0.paths.borrow().standing[0].clone();
        let timeout = Trouble::Onion(ResponseError::Timeout);
        network.blame(&path, &target, &timeout);
        network.blame(&path, &target, &timeout);
        assert_eq!(standing(&network, &path), Some(2));
        let complaint = ResponseError::Hop {
            hop: 2,
            status: 400,
            text: String::new(),
        };
        network.blame(&path, &target, &Trouble::Onion(complaint));
        assert_eq!(standing(&network, &path), None);
        assert_eq!(all_strikes(&network, &path), [1, 1, 1]);
        network.blame(&path, &target, &timeout);
        assert_eq!(all_strikes(&network, &path), [1, 1, 1], "it is over");
    });
}

#[test]
fn two_ways_without_a_common_node_convict_whom_they_name() {
    for not_found in [false, true] {
        let (lab, network) = lab();
        lab.run(&network, async {
            let named = lab.node(11).ed25519;
            let draft = |hops: [usize; 3]| {
                let hops = hops.map(|number| lab.node(number)).into();
                network.0.paths.borrow_mut().draft(hops, lab.time().now())
            };
            let trouble = Trouble::Onion(ResponseError::NextNode {
                node: named,
                not_found,
            });
            let usable = || {
                let pool = network.0.pool.borrow();
                pool.is_usable(&named, network.device_now())
            };
            for hops in [[0, 1, 2], [3, 1, 4], [0, 1, 5]] {
                network.blame(&draft(hops), &named, &trouble);
                assert!(usable(), "one node is on all of these ways");
            }
            network.blame(&draft([0, 6, 7]), &named, &trouble);
            assert!(!usable());
            let pool = network.0.pool.borrow();
            assert_eq!(pool.get(&named).is_none(), not_found);
            assert_eq!(
                pool.confirmed_at.is_none(),
                not_found,
                "a fresh list decides"
            );
        });
    }
}

#[test]
fn a_hop_that_complains_under_its_own_key_is_struck_and_another_path_is_taken() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        first(&lab, vec![Fate::Complaint(1, 400, "Invalid json")]);
        network.rpc(&target, &Request::info()).await.unwrap();
        let ways = lab.log();
        assert_eq!(ways.len(), 2);
        let struck = |number: usize| strikes(&network, &lab.node(number).ed25519);
        assert_eq!(ways[0].hops.map(struck), [0, 1, 0]);
    });
}

#[test]
fn a_destination_is_gone_when_two_paths_say_so() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        first(&lab, vec![unreachable(&target.ed25519); 2]);
        let outcome = network.rpc(&target, &Request::info()).await;
        assert_eq!(outcome, Err(RpcError::Destination));
        assert_eq!(lab.log().len(), 2);
        assert!(network.paths().iter().all(|path| path.strikes == 0));
    });
}

#[test]
fn a_path_that_calls_a_destination_gone_which_answers_over_another_one_gets_a_strike() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        first(&lab, vec![unreachable(&target.ed25519)]);
        network.rpc(&target, &Request::info()).await.unwrap();
        let guard = lab.node(lab.log()[0].hops[0]).ed25519.to_hex();
        for path in network.paths() {
            assert_eq!(path.strikes, u8::from(path.hops[0].key == guard));
        }
    });
}

#[test]
fn a_request_that_is_too_large_is_not_repeated_and_blames_nobody() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        first(&lab, vec![clear(413, "Request body too large")]);
        let outcome = network.rpc(&target, &Request::info()).await;
        assert_eq!(outcome, Err(RpcError::TooLarge));
        first(&lab, vec![Fate::Transport(TransportError::TooLarge)]);
        let outcome = network.rpc(&target, &Request::info()).await;
        assert_eq!(outcome, Err(RpcError::TooLarge));
        assert_eq!(lab.log().len(), 2);
        let many = vec![Request::info(); 21];
        assert_eq!(network.batch(&target, many).await, Err(RpcError::TooLarge));
        assert!(lab.log().is_empty(), "nodes take 20");
    });
}

#[test]
fn a_rate_limit_is_waited_out_before_the_next_path() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        first(&lab, vec![clear(429, "Too Many Requests\n")]);
        let start = lab.time().now();
        network.rpc(&target, &Request::info()).await.unwrap();
        let took = lab.time().now().millis_since(start);
        assert!((700..=1_700).contains(&took), "{took}");
        assert_eq!(lab.log().len(), 2);
    });
}

#[test]
fn a_sequence_may_end_early_with_a_failure_and_a_batch_may_not() {
    let (lab, network) = lab();
    lab.run(&network, async {
        let target = outsider(&lab, &network);
        let results = |codes: &[u16]| {
            let results: Vec<_> = codes.iter().map(|code| json!({"code": code})).collect();
            Fate::Answer(200, json!({ "results": results }))
        };
        let three = || vec![Request::info(); 3];
        for (codes, sequence, batch) in [
            (&[200, 200, 200][..], true, true),
            (&[200, 404], true, false),
            (&[404], true, false),
            (&[200, 200], false, false),
            (&[404, 200, 200], false, true),
            (&[], false, false),
            (&[200; 4], false, false),
        ] {
            first(&lab, vec![results(codes); 2]);
            let outcome = network.sequence(&target, three()).await;
            assert_eq!(outcome.is_ok(), sequence, "{codes:?}");
            let outcome = network.batch(&target, three()).await;
            assert_eq!(outcome.is_ok(), batch, "{codes:?}");
        }
    });
}

/// Whether every node but one is in the list and may be used.
fn honest_nodes_are_whole(lab: &Lab, network: &Network<LabPorts>, liar: usize) -> bool {
    let (pool, now) = (network.0.pool.borrow(), network.device_now());
    (0..12).all(|number| number == liar || pool.is_usable(&lab.node(number).ed25519, now))
}

#[test]
fn a_hop_that_lies_for_hours_convicts_nobody_and_stops_nothing() {
    type Lie = fn(&Lab, &[usize; 4], usize) -> Fate;
    let lies: [Lie; 5] = [
        |lab, way, at| unreachable(&lab.node(way[at + 1]).ed25519),
        |lab, way, at| {
            let key = lab.node(way[at + 1]).ed25519.to_hex();
            clear(502, format!("Next node not found: {key}"))
        },
        // Whoever stands before it, or the destination.
        |lab, way, at| unreachable(&lab.node(way[if at == 0 { 3 } else { 0 }]).ed25519),
        |lab, way, _| {
            clear(
                503,
                format!("Snode not ready: {}", lab.node(way[3]).ed25519.to_hex()),
            )
        },
        |_, _, _| clear(503, "Server busy, try again later"),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let (lab, network) = lab();
        let liar = 4;
        let inner = lab.clone();
        lab.rule(move |way| {
            let at = way.hops.iter().position(|hop| *hop == liar)?;
            let way = [way.hops[0], way.hops[1], way.hops[2], way.target];
            Some(lie(&inner, &way, at))
        });
        lab.run(&network, async {
            let (mut failed, mut asked) = (0, 0);
            while asked < 4 * HOUR / 30_000 {
                let target = lab.node([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11][asked as usize % 11]);
                asked += 1;
                failed += u64::from(network.rpc(&target, &Request::info()).await.is_err());
                assert!(honest_nodes_are_whole(&lab, &network, liar), "lie {number}");
                lab.wait(30_000).await;
            }
            assert!(failed * 20 < asked, "lie {number}: {failed} of {asked}");
        });
    }
}

#[test]
fn a_destination_that_answers_nonsense_for_hours_costs_no_honest_node_its_place() {
    let (lab, network) = lab();
    let account = onionskin_protocol::id::AccountId::from_key(lab.node(0).x25519);
    let liar = lab.number(&lab.members(&account.swarm_id())[0].ed25519);
    lab.rule(move |way| (way.target == liar).then_some(Fate::Garbage));
    lab.run(&network, async {
        let (mut failed, mut asked) = (0, 0);
        while asked < 2 * HOUR / 20_000 {
            asked += 1;
            let make = |_| vec![Request::get_swarm(&account)];
            let outcome = network
                .ask_swarm(&account, super::Form::Alone, &make, |_, _| Some(()))
                .await;
            failed += u64::from(outcome.is_err());
            assert!(honest_nodes_are_whole(&lab, &network, liar), "{asked}");
            lab.wait(20_000).await;
        }
        // Both paths may end at the same time before it is found out.
        assert!(failed <= 2, "{failed} of {asked}");
        let now = network.device_now();
        assert!(
            !network
                .0
                .pool
                .borrow()
                .is_usable(&lab.node(liar).ed25519, now)
        );
    });
}

#[test]
fn a_hop_that_swallows_everything_is_found_out_and_its_guard_stays() {
    let (lab, network) = lab();
    let guards = || -> Vec<String> {
        let paths = network.paths();
        let mut guards: Vec<_> = paths.iter().map(|path| path.hops[0].key.clone()).collect();
        guards.sort();
        guards
    };
    lab.run(&network, async {
        let before = guards();
        let liar = lab.number(&outsider(&lab, &network).ed25519);
        lab.rule(move |way| way.hops.contains(&liar).then_some(Fate::Silence));
        for _ in 0..4 * HOUR / 60_000 {
            let target = outsider(&lab, &network);
            network.rpc(&target, &Request::info()).await.unwrap();
            assert!(honest_nodes_are_whole(&lab, &network, liar));
            lab.wait(60_000).await;
        }
        assert_eq!(guards(), before);
    });
}
