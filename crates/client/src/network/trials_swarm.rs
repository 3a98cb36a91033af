//! Swarms, clocks and hard forks against members that are out of step (10-network 2, 5.3).
#![allow(clippy::unwrap_used)]

use super::testing::{Fate, Lab, LabPorts, swarm_body};
use super::{Form, Network, RpcError};
use crate::store::MemoryStore;
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::id::{AccountId, Namespace};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::Answer;
use onionskin_protocol::time::Timestamp;
use onionskin_testnet::network::Sleeper;
use serde_json::{Value, json};
use std::cell::Cell;

fn lab() -> (Lab, Network<LabPorts>, Account) {
    let lab = Lab::new(12);
    let network = lab.network(&MemoryStore::new());
    (lab, network, Account::from_seed(Seed::from_bytes([5; 16])))
}

fn keys(nodes: &[ServiceNode]) -> Vec<Ed25519PublicKey> {
    let mut keys: Vec<_> = nodes.iter().map(|node| node.ed25519).collect();
    keys.sort_unstable();
    keys
}

async fn poll(
    network: &Network<LabPorts>,
    account: &Account,
    member: &ServiceNode,
) -> Result<Answer, RpcError> {
    let make = |time: Timestamp| Request::retrieve(account, Namespace::DEFAULT, None, -2, time);
    network
        .ask_for_one(&account.id(), member, Form::Batch, make)
        .await
}

/// A batch of one.
fn single(code: u16, body: Value) -> Fate {
    Fate::Answer(200, json!({"results": [{"code": code, "body": body}]}))
}

#[test]
fn the_swarm_is_known_from_the_list_without_asking_anybody() {
    let (lab, network, account) = lab();
    lab.run(&network, async {
        let members = network.swarm(&account.id()).await.unwrap();
        let expected = lab.members(&account.id().swarm_id());
        assert_eq!(keys(&members), keys(&expected));
        assert!(lab.log().is_empty());
    });
}

#[test]
fn a_member_that_says_421_sends_us_to_two_others_that_know() {
    let (lab, network, account) = lab();
    let expected = lab.members(&account.id().swarm_id());
    let outsiders: Vec<ServiceNode> = (0..12)
        .map(|number| lab.node(number))
        .filter(|node| !expected.contains(node))
        .collect();
    lab.run(&network, async {
        let member = network.swarm(&account.id()).await.unwrap()[0];
        let wrong = swarm_body(&outsiders);
        lab.rule(move |way| (way.method == "batch").then(|| single(421, wrong.clone())));
        assert_eq!(
            poll(&network, &account, &member).await,
            Err(RpcError::Moved)
        );
        let asked: Vec<_> = lab
            .log()
            .into_iter()
            .filter(|way| way.method == "get_swarm")
            .collect();
        assert_eq!(asked.len(), 2);
        assert_ne!(asked[0].target, asked[1].target);
        let known = network.known_swarm(&account.id()).unwrap();
        assert_eq!(
            keys(&known),
            keys(&expected),
            "a single member moves nobody"
        );
        let members = network.swarm(&account.id()).await.unwrap();
        assert!(
            !members.contains(&member),
            "who said so is left alone for a while"
        );
    });
}

#[test]
fn without_a_second_opinion_the_swarm_of_the_421_is_taken() {
    let (lab, network, account) = lab();
    let outsiders: Vec<ServiceNode> = (0..12)
        .map(|number| lab.node(number))
        .filter(|node| !lab.members(&account.id().swarm_id()).contains(node))
        .collect();
    lab.run(&network, async {
        let member = network.swarm(&account.id()).await.unwrap()[0];
        let elsewhere = swarm_body(&outsiders);
        lab.rule(move |way| match way.method.as_str() {
            "batch" => Some(single(421, elsewhere.clone())),
            "get_swarm" => Some(Fate::Answer(503, json!("Server busy"))),
            _ => None,
        });
        assert_eq!(
            poll(&network, &account, &member).await,
            Err(RpcError::Moved)
        );
        let known = network.known_swarm(&account.id()).unwrap();
        assert_eq!(keys(&known), keys(&outsiders));
    });
}

#[test]
fn a_wrong_clock_is_set_by_three_nodes_and_the_request_is_signed_again() {
    let (lab, network, account) = lab();
    lab.run(&network, async {
        let member = network.swarm(&account.id()).await.unwrap()[0];
        let refusals = Cell::new(1);
        lab.rule(move |way| {
            (way.method == "batch" && refusals.replace(0) > 0)
                .then(|| single(406, json!("retrieve timestamp too far from current time")))
        });
        poll(&network, &account, &member).await.unwrap();
        let log = lab.log();
        let times: Vec<u64> = log
            .iter()
            .filter(|way| way.method == "batch")
            .map(|way| {
                way.params["requests"][0]["params"]["timestamp"]
                    .as_u64()
                    .unwrap()
            })
            .collect();
        assert!(times.len() == 2 && times[0] < times[1], "{times:?}");
        let mut asked: Vec<usize> = log
            .iter()
            .filter(|way| way.method == "info")
            .map(|way| way.target)
            .collect();
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), 3);
    });
}

#[test]
fn a_member_whose_clock_differs_from_all_others_is_left_alone_for_a_while() {
    let (lab, network, account) = lab();
    lab.run(&network, async {
        let member = network.swarm(&account.id()).await.unwrap()[0];
        let (number, offset) = (
            lab.number(&member.ed25519),
            network.0.clock.borrow().offset(),
        );
        lab.rule(move |way| {
            (way.method == "batch" && way.target == number).then(|| single(406, json!("clock")))
        });
        let outcome = poll(&network, &account, &member).await;
        assert_eq!(outcome, Err(RpcError::Refused { status: 406 }));
        assert!(network.0.clock.borrow().offset().abs_diff(offset) < 1_000);
        let without = network.swarm(&account.id()).await.unwrap();
        assert!(!without.contains(&member) && !without.is_empty());
        lab.wait(10 * 60_000).await;
        let later = network.swarm(&account.id()).await.unwrap();
        assert!(later.contains(&member));
    });
}

#[test]
fn the_hard_fork_that_two_nodes_name_is_kept_for_the_next_session() {
    let lab = Lab::new(12);
    let store = MemoryStore::new();
    let network = lab.network(&store);
    assert_eq!(network.hard_fork(), None);
    lab.run(&network, async {
        assert_eq!(network.hard_fork(), Some((19, 4)));
        lab.set_hard_fork((20, 1));
        for number in 0..4 {
            // The nodes of the paths cannot be asked over both of them, so some have to be left out.
            let _ = network.rpc(&lab.node(number), &Request::info()).await;
        }
        assert_eq!(network.hard_fork(), Some((20, 1)));
    });
    let next = lab.network(&store);
    assert_eq!(next.hard_fork(), Some((20, 1)));
}

#[test]
fn members_that_were_struck_out_are_asked_last() {
    let (lab, network, account) = lab();
    lab.run(&network, async {
        let id: AccountId = account.id();
        let members = network.swarm(&id).await.unwrap();
        let (last, others) = members.split_first().unwrap();
        let now = network.device_now();
        for member in others {
            network.0.pool.borrow_mut().strike_out(&member.ed25519, now);
        }
        assert_eq!(network.swarm(&id).await.unwrap(), [*last]);
        network.0.pool.borrow_mut().strike_out(&last.ed25519, now);
        assert_eq!(
            keys(&network.swarm(&id).await.unwrap()),
            keys(&members),
            "better one that failed than none"
        );
    });
}

#[test]
fn the_first_clocks_that_are_heard_of_decide_nothing() {
    let lab = Lab::new(12);
    let store = MemoryStore::new();
    let network = lab.network(&store);
    let time = lab.time().clone();
    lab.rule(move |way| {
        let ahead = time.now().plus_millis(365 * 86_400_000);
        let body = json!({"timestamp": ahead, "version": [2, 8, 0], "t": ahead});
        (way.method == "info").then_some(Fate::Answer(200, body))
    });
    lab.time().run(async {
        let story = async {
            while network.0.paths.borrow().standing.len() < 2 {
                lab.wait(10).await;
                assert_eq!(network.now(), network.device_now());
            }
            assert!(network.0.clock.borrow().samples() > 0 && !network.knows_time());
            lab.wait(20).await;
        };
        futures::future::select(std::pin::pin!(story), std::pin::pin!(network.run())).await;
    });
    let next = lab.network(&store);
    assert!(!next.0.paths.borrow().guards.is_empty(), "it was written");
    assert_eq!(next.0.clock.borrow().offset(), 0);
}

#[test]
fn what_one_member_refuses_for_good_another_one_is_asked_for() {
    let (lab, network, account) = lab();
    lab.run(&network, async {
        let id = account.id();
        let make = |time: Timestamp| {
            let namespace = Namespace::DEFAULT;
            vec![Request::retrieve(&account, namespace, None, -2, time)]
        };
        let ask = || network.ask_swarm(&id, Form::Batch, &make, |_, _| Some(()));
        let first = lab.number(&network.swarm(&id).await.unwrap()[0].ed25519);
        lab.rule(move |way| {
            (way.method == "batch" && way.target == first).then(|| single(404, json!("no")))
        });
        assert_eq!(ask().await, Ok(()));
        let after = network.swarm(&id).await.unwrap();
        assert_ne!(lab.number(&after[0].ed25519), first, "it is left alone");
        lab.rule(|way| (way.method == "batch").then(|| single(404, json!("no"))));
        lab.log();
        assert_eq!(ask().await, Err(RpcError::Refused { status: 404 }));
        let log = lab.log();
        let asked = log.iter().filter(|way| way.method == "batch");
        assert_eq!(asked.count(), 2);
    });
}

#[test]
fn where_too_few_nodes_are_asked_for_anything_they_are_asked_for_the_time() {
    let lab = Lab::new(12);
    let store = MemoryStore::new();
    let network = lab.network(&store);
    lab.run(&network, async { lab.wait(60_000).await });
    // The list was agreed on just now, so the next session asks nobody but the ends of its two paths.
    let next = lab.network(&store);
    lab.run(&next, async {
        assert!(!next.knows_time());
        lab.wait(30_000).await;
        assert!(next.knows_time());
    });
}
