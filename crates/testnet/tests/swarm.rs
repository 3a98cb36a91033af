//! What a swarm does together: copies, deletions, expiries, faults and moves (10-network 3.4 to 3.9).
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAY, Lab, NOW, Person, alice};
use onionskin_protocol::encoding::base64;
use onionskin_protocol::id::Namespace;
use onionskin_protocol::keys::{Ed25519PublicKey, Signature};
use onionskin_testnet::network::{Fault, Weather};
use serde_json::{Value, json};

fn verifies(node: &str, message: &str, entry: &Value) -> bool {
    let key = Ed25519PublicKey::from_hex(node).unwrap();
    let signature = Signature::from_base64(entry["signature"].as_str().unwrap()).unwrap();
    key.verify(message.as_bytes(), &signature).is_ok()
}

fn store(lab: &Lab, a: &Person, ns: i16, data: &[u8]) -> String {
    let now = lab.network.now().as_millis() as i64;
    lab.json("store", a.store(ns, data, now, DAY))["hash"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn held(lab: &Lab, a: &Person) -> Vec<usize> {
    lab.network
        .messages(&a.swarm_id())
        .into_iter()
        .map(|(_, messages)| messages.len())
        .collect()
}

#[test]
fn a_store_reaches_every_member_and_each_signs_the_hash() {
    let lab = Lab::new(5, 1);
    let a = alice();
    let answer = lab.json("store", a.public_store(b"hello world"));
    // 10-network 3.5.
    let hash = "9QAogeWwJY/CE19iFAh5hr2vRcMyC92b8njFtInsmxg";
    assert_eq!(
        (&answer["hash"], &answer["t"], &answer["hf"]),
        (&json!(hash), &json!(NOW), &json!([19, 4]))
    );
    let members = answer["swarm"].as_object().unwrap();
    assert_eq!(members.len(), 5);
    for (node, entry) in members {
        assert!(verifies(node, hash, entry));
        assert_eq!(entry["expiry"], NOW + DAY);
        assert_eq!(
            entry.get("t").is_some(),
            *node == lab.key(0),
            "only the entry node tells its time"
        );
    }
    assert_eq!(held(&lab, &a), [1; 5]);
}

#[test]
fn a_known_message_is_reported_as_true_by_the_entry_and_as_1_by_peers_and_only_lives_longer() {
    let lab = Lab::new(3, 1);
    let a = alice();
    lab.json("store", a.public_store(b"x"));
    for (ttl, expiry) in [(DAY / 2, NOW + DAY), (2 * DAY, NOW + 2 * DAY)] {
        let again = json!({"pubkey": a.id(), "timestamp": NOW, "ttl": ttl, "data": base64(b"x")});
        let answer = lab.json("store", again);
        for (node, entry) in answer["swarm"].as_object().unwrap() {
            let expected = if *node == lab.key(0) {
                json!(true)
            } else {
                json!(1)
            };
            assert_eq!(entry["already"], expected);
            assert_eq!(entry["expiry"], expiry);
        }
    }
}

#[test]
fn a_peer_that_is_down_or_hung_costs_five_seconds_and_does_not_get_the_message_later() {
    let lab = Lab::new(5, 1);
    let a = alice();
    lab.network.fault(1, Fault::Stop);
    lab.network.fault(2, Fault::Hang);
    let answer = lab.json("store", a.public_store(b"x"));
    assert_eq!(lab.network.now().as_millis() as i64, NOW + 5000);
    for node in [1, 2] {
        assert_eq!(
            answer["swarm"][lab.key(node)],
            json!({"failed": true, "timeout": true})
        );
    }
    lab.network.fault(1, Fault::Start);
    lab.network.fault(2, Fault::Start);
    lab.time.pass(20_000);
    assert_eq!(held(&lab, &a), [1, 0, 0, 1, 1]);
}

#[test]
fn a_store_that_fails_everywhere_is_still_answered_with_200_and_without_a_hash() {
    let lab = Lab::new(2, 1);
    let a = alice();
    lab.json("store", a.store(-1, b"one", NOW, DAY));
    let answer = lab.json("store", a.store(-1, b"two", NOW, DAY));
    let reason = "FOREIGN KEY constraint failed";
    assert!(answer.get("hash").is_none());
    assert_eq!(
        answer["swarm"][lab.key(0)],
        json!({"failed": true, "query_failure": true, "reason": reason, "t": NOW})
    );
    assert_eq!(
        answer["swarm"][lab.key(1)],
        json!({"failed": 1, "query_failure": 1, "reason": reason})
    );
}

#[test]
fn a_peer_with_another_opinion_reports_a_code_and_a_reason() {
    let lab = Lab::new(2, 1);
    let a = alice();
    lab.network.skew(1, -60_000);
    let answer = lab.json("store", a.public_store(b"x"));
    assert_eq!(
        answer["swarm"][lab.key(1)],
        json!({"failed": true, "code": "406", "reason": "Timestamp error: check your clock"})
    );
}

#[test]
fn deletions_are_signed_over_what_was_asked_and_what_was_done() {
    let lab = Lab::new(3, 1);
    let a = alice();
    let (one, two) = (
        store(&lab, &a, 0, b"hello world"),
        store(&lab, &a, 2, b"hello world"),
    );
    let absent = "A".repeat(43);
    let asked = [one.clone(), two.clone(), absent.clone()];
    let params = a.signed(
        &format!("delete{}", asked.concat()),
        json!({"messages": asked}),
    );
    let answer = lab.json("delete", params);
    let mut sorted = vec![one, two];
    sorted.sort();
    for (node, entry) in answer["swarm"].as_object().unwrap() {
        assert_eq!(entry["deleted"], json!(sorted));
        assert!(verifies(
            node,
            &format!("{}{}{}", a.id(), asked.concat(), sorted.concat()),
            entry
        ));
    }
    assert_eq!(held(&lab, &a), [0; 3]);
    let params = a.signed(
        &format!("delete{absent}"),
        json!({"messages": absent, "required": true}),
    );
    let (status, body) = lab.call("delete", params);
    assert_eq!(status, 404);
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap()["swarm"][lab.key(1)]["deleted"],
        json!([])
    );
}

#[test]
fn delete_all_reports_by_namespace() {
    let lab = Lab::new(2, 1);
    let a = alice();
    let hashes = [(0, b"a"), (2, b"b"), (-10, b"c")]
        .map(|(ns, data)| (ns.to_string(), store(&lab, &a, ns, data)));
    // 10-network B.2.
    let mut params = a.signed("", json!({"namespace": "all", "timestamp": NOW}));
    params["signature"] =
        "0VVa8+9Tuk4/5XtuIsdsPh94eJntrVGx2ewiJgvBU7I2ca5XsLrO1jQe9TwDKQM/3uJ2YOzhWwBWgbjg88rLCA=="
            .into();
    let answer = lab.json("delete_all", params);
    let mut all: Vec<_> = hashes.iter().map(|(_, hash)| hash.clone()).collect();
    all.sort();
    for (node, entry) in answer["swarm"].as_object().unwrap() {
        for (ns, hash) in &hashes {
            assert_eq!(entry["deleted"][ns], json!([hash]));
        }
        assert!(verifies(
            node,
            &format!("{}{NOW}{}", a.id(), all.concat()),
            entry
        ));
    }
}

#[test]
fn delete_before_with_all_fails_yet_deletes_on_every_member() {
    let lab = Lab::new(3, 1);
    let a = alice();
    store(&lab, &a, 0, b"a");
    let params = a.signed(
        &format!("delete_beforeall{NOW}"),
        json!({"namespace": "all", "before": NOW}),
    );
    let batch = json!({"requests": [{"method": "info", "params": {}}, {"method": "delete_before", "params": params}]});
    assert_eq!(lab.call("batch", batch), (500, "request failed".to_owned()));
    assert_eq!(held(&lab, &a), [0; 3]);
    let hash = store(&lab, &a, 2, b"b");
    let params = a.signed(
        &format!("delete_before2{NOW}"),
        json!({"namespace": 2, "before": NOW}),
    );
    assert_eq!(
        lab.json("delete_before", params)["swarm"][lab.key(1)]["deleted"],
        json!([hash])
    );
}

#[test]
fn expiries_are_shortened_extended_and_capped() {
    let lab = Lab::new(2, 1);
    let a = alice();
    let (one, two) = (store(&lab, &a, 2, b"1"), store(&lab, &a, 2, b"2"));
    let expire = |mode: &str, expiries: Value, text: String, hashes: &[&String]| {
        let list: String = hashes.iter().map(|hash| hash.as_str()).collect();
        let mut params = json!({"messages": hashes, "expiry": expiries});
        if !mode.is_empty() {
            params[mode] = true.into();
        }
        lab.json(
            "expire",
            a.signed(&format!("expire{mode}{text}{list}"), params),
        )["swarm"][lab.key(1)]
        .clone()
    };
    let later = NOW + 40 * DAY;
    let cap = NOW + 30 * DAY;
    let entry = expire("extend", json!(later), later.to_string(), &[&one]);
    assert_eq!(entry["expiry"], cap);
    assert_eq!(
        (&entry["updated"], &entry["unchanged"]),
        (&json!([one]), &json!({}))
    );
    assert!(verifies(
        &lab.key(1),
        &format!("{}{cap}{one}{one}", a.id()),
        &entry
    ));

    let entry = expire("shorten", json!(later), later.to_string(), &[&one, &two]);
    assert_eq!(entry["updated"], json!([]));
    assert_eq!(entry["unchanged"], json!({&one: cap, &two: NOW + DAY}));

    let soon = [NOW + 2000, NOW + 1000];
    let entry = expire(
        "",
        json!(soon),
        format!("{}{}", soon[0], soon[1]),
        &[&one, &two],
    );
    assert!(entry.get("unchanged").is_none());
    let mut pairs = [(one.clone(), soon[0]), (two.clone(), soon[1])];
    pairs.sort();
    assert_eq!(entry["updated"], json!([pairs[0].0, pairs[1].0]));
    assert_eq!(entry["expiry"], json!([pairs[0].1, pairs[1].1]));
    let unknown = "A".repeat(43);
    let entry = expire("", json!(NOW), NOW.to_string(), &[&unknown]);
    assert_eq!(
        (&entry["updated"], &entry["expiry"]),
        (&json!([]), &json!(NOW))
    );
}

#[test]
fn expire_all_only_shortens() {
    let lab = Lab::new(2, 1);
    let a = alice();
    let (one, two) = (store(&lab, &a, 2, b"1"), store(&lab, &a, 0, b"2"));
    let run = |expiry: i64| {
        let params = a.signed(
            &format!("expire_allall{expiry}"),
            json!({"namespace": "all", "expiry": expiry}),
        );
        lab.json("expire_all", params)["swarm"][lab.key(1)]["updated"].clone()
    };
    assert_eq!(run(NOW + 2 * DAY), json!({}));
    assert_eq!(run(NOW + 1000), json!({"0": [two], "2": [one]}));
}

#[test]
fn an_expired_message_is_still_given_until_the_next_purge() {
    let lab = Lab::new(1, 1);
    let a = alice();
    lab.json(
        "store",
        json!({"pubkey": a.id(), "timestamp": NOW, "ttl": 11_000, "data": "AAAA"}),
    );
    let count = || {
        let now = lab.network.now().as_millis() as i64;
        lab.json("retrieve", a.retrieve(0, now))["messages"]
            .as_array()
            .unwrap()
            .len()
    };
    lab.time.pass(11_500);
    assert_eq!(count(), 1, "expired, not yet purged");
    lab.time.pass(8_500);
    assert_eq!(count(), 0, "purged at the tick of 20 s");
    lab.json(
        "store",
        json!({"pubkey": a.id(), "timestamp": NOW + 20_000, "ttl": DAY, "data": "AAAA"}),
    );
    lab.network.advance(DAY as u64 + 10_000);
    assert_eq!(count(), 0, "time can be advanced at once");
}

#[test]
fn partitions_cut_members_off_and_heal() {
    let lab = Lab::new(4, 1);
    let a = alice();
    lab.network.partition(&[vec![0, 1], vec![2]]);
    let answer = lab.json("store", a.public_store(b"x"));
    let failed = |answer: &Value| -> Vec<bool> {
        (0..4)
            .map(|i| answer["swarm"][lab.key(i)].get("failed").is_some())
            .collect()
    };
    assert_eq!(failed(&answer), [false, false, true, true]);
    lab.network.partition(&[]);
    let answer = lab.json("store", a.public_store(b"x"));
    assert_eq!(failed(&answer), [false; 4]);
}

#[test]
fn hostile_nodes_forget_or_lie() {
    let lab = Lab::new(3, 1);
    let a = alice();
    lab.network.fault(1, Fault::DropStores);
    lab.network.fault(2, Fault::Lie);
    let answer = lab.json("store", a.public_store(b"x"));
    let hash = answer["hash"].as_str().unwrap();
    assert!(verifies(&lab.key(1), hash, &answer["swarm"][lab.key(1)]));
    assert!(!verifies(&lab.key(2), hash, &answer["swarm"][lab.key(2)]));
    assert_eq!(held(&lab, &a), [1, 0, 0]);
    let swarm = lab.json_at(2, "get_swarm", json!({"pubkey": a.id()}));
    assert_eq!(swarm["snodes"].as_array().unwrap().len(), 1);
    assert_eq!(lab.network.nodes()[2].state, "up+lie");
    lab.network.fault(2, Fault::Start);
    assert_eq!(lab.network.nodes()[2].state, "up");
}

#[test]
fn a_node_that_moves_gets_the_messages_of_its_new_swarm() {
    let lab = Lab::new(6, 2);
    let a = alice();
    let members = lab.network.members_for(&a.swarm_id());
    lab.json_at(members[0], "store", a.public_store(b"x"));
    let newcomer = (0..6).find(|i| !members.contains(i)).unwrap();
    let home = u64::from_str_radix(&lab.network.nodes()[members[0]].swarm, 16).unwrap();
    lab.network.move_node(newcomer, home).unwrap();
    let found = lab.json_at(newcomer, "retrieve", a.retrieve(0, NOW));
    assert_eq!(found["messages"].as_array().unwrap().len(), 1);
    // The whole swarm dissolves: the messages go where the account belongs then.
    let other = lab
        .network
        .swarms()
        .into_iter()
        .find(|id| *id != home)
        .unwrap();
    for index in 0..6 {
        lab.network.move_node(index, other).unwrap();
    }
    assert_eq!(lab.network.swarms(), [other]);
    for index in 0..6 {
        let found = lab.json_at(index, "retrieve", a.retrieve(0, NOW));
        assert_eq!(
            found["messages"].as_array().unwrap().len(),
            1,
            "node {index}"
        );
    }
    assert!(
        lab.network.move_node(99, home).is_err() && lab.network.move_node(0, u64::MAX).is_err()
    );
}

#[test]
fn a_node_that_joins_is_handed_what_is_there_and_one_that_leaves_is_off_the_list() {
    let lab = Lab::new(3, 1);
    let a = alice();
    lab.json("store", a.public_store(b"x"));
    let swarm = lab.network.swarms()[0];
    let newcomer = lab.network.join(swarm).unwrap();
    assert_eq!(held(&lab, &a), [1, 1, 1, 1]);
    assert!(lab.network.leave(1) && !lab.network.leave(99));
    let listed = lab.network.list();
    assert_eq!(listed.len(), 3);
    assert!(
        !listed
            .iter()
            .any(|node| node.ed25519.to_hex() == lab.key(1))
    );
    assert_eq!(lab.network.members_for(&a.swarm_id()), [0, 2, newcomer]);
    let swarm = lab.json("get_swarm", json!({"pubkey": a.id()}));
    assert_eq!(swarm["snodes"].as_array().unwrap().len(), 3);
    assert!(!lab.network.holds_alone(newcomer));
    lab.network.fault(0, Fault::Stop);
    lab.network.leave(2);
    assert!(
        lab.network.holds_alone(newcomer),
        "a node that is down is no help"
    );
}

#[test]
fn a_forging_node_alters_copies_and_a_replaying_one_forgets_what_was_asked() {
    let lab = Lab::new(2, 1);
    let a = alice();
    let mut hashes = Vec::new();
    for data in [b"one", b"two"] {
        let stored = lab.json("store", a.public_store(data));
        hashes.push(stored["hash"].as_str().unwrap().to_owned());
    }
    lab.network.fault(0, Fault::Forge);
    let found = lab.json("retrieve", a.retrieve(0, NOW));
    let messages = found["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[0]["hash"], messages[1]["hash"]);
    assert_ne!(messages[0]["data"], messages[1]["data"]);
    assert_eq!(messages[1]["data"], base64(b"one"));
    lab.network.fault(1, Fault::Replay);
    let mut again = a.retrieve(0, NOW);
    again["last_hash"] = hashes[1].clone().into();
    let found = lab.json_at(1, "retrieve", again.clone());
    assert_eq!(found["messages"].as_array().unwrap().len(), 2);
    lab.network.fault(1, Fault::Start);
    let found = lab.json_at(1, "retrieve", again);
    assert_eq!(found["messages"].as_array().unwrap().len(), 0);
}

#[test]
fn raw_bytes_can_be_put_into_a_swarm() {
    let lab = Lab::new(3, 1);
    let a = alice();
    let hash = lab
        .network
        .inject(&a.swarm_id(), Namespace(0), b"no envelope")
        .unwrap();
    let found = lab.json_at(1, "retrieve", a.retrieve(0, NOW));
    assert_eq!(found["messages"][0]["hash"], hash);
    assert_eq!(found["messages"][0]["data"], base64(b"no envelope"));
}

#[test]
fn the_same_seed_gives_the_same_weather() {
    let run = || {
        let lab = Lab::new(5, 1);
        lab.network.weather(Weather {
            loss_permille: 300,
            min_ms: 5,
            max_ms: 500,
        });
        let answer = lab.json("store", alice().public_store(b"x"));
        (answer.to_string(), lab.network.now())
    };
    let first = run();
    assert_eq!(first, run());
    assert!(first.0.contains("timeout"));
}
