//! Every method of the storage RPC, through real onions, to the nodes of a simulated network (10-network 3), and what the
//! engine makes of it for its own account.

use onionskin_client::api::Command;
use onionskin_client::network::{NameLookup, Network, StoreFailure};
use onionskin_protocol::account::Account;
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{MessageHash, Namespace, SwarmId};
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_protocol::message::{encode, proto};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::auth::Subaccount;
use onionskin_protocol::rpc::ons::parse_ons;
use onionskin_protocol::rpc::response::{self, Answer};
use onionskin_protocol::rpc::{Auth, Condition, ExpireMode, Request, Scope};
use onionskin_protocol::sorted::SortedSet;
use onionskin_protocol::time::Timestamp;
use onionskin_sim::ports::SimPorts;
use onionskin_sim::world::{Client, World, account_of};
use onionskin_testnet::network::{Fault, Sleeper};
use onionskin_testnet::random::SeededEntropy;
use serde_json::Value;

const SOON: u64 = 120_000;
const DAY: u64 = 24 * 3_600_000;

/// Runs a story when the client's network has agreed on the list.
fn with_network<T>(seed: u64, story: impl AsyncFnOnce(&World, &Network<SimPorts>) -> T) -> T {
    let world = World::new(seed, 8, 2);
    let client = world.client(1, "Anna");
    world.run(&[&client], async {
        let network = client.engine.network();
        world
            .until("paths", SOON, async || network.paths().len() == 2)
            .await;
        world.wait(5_000).await;
        story(&world, network).await
    })
}

fn member(world: &World, owner: &SwarmId) -> ServiceNode {
    world.network.list()[world.network.members_for(owner)[0]]
}

async fn body(network: &Network<SimPorts>, node: &ServiceNode, request: &Request) -> Value {
    let reply = network.rpc(node, request).await.unwrap();
    assert_eq!(reply.status, 200, "{} {:?}", request.method, reply.body);
    reply.body
}

fn hash_in(owner: &SwarmId, namespace: i16, data: &[u8]) -> MessageHash {
    message_hash(owner, Namespace(namespace), data)
}

#[test]
fn each_method_for_an_account_is_understood_and_its_signatures_verify() {
    with_network(40, async |world, network| {
        let account = account_of(1);
        let (owner, ttl) = (account.id().swarm_id(), DAY);
        let node = member(world, &owner);
        let now = || network.now();
        let (zero, two) = (hash_in(&owner, 0, b"zero"), hash_in(&owner, 6, b"two"));

        let info = body(network, &node, &Request::info()).await;
        assert_eq!(response::parse_info(&info).unwrap().version, [2, 8, 0]);
        let swarm = body(network, &node, &Request::get_swarm(&account.id())).await;
        assert_eq!(response::parse_swarm(&swarm).unwrap().nodes.len(), 4);
        let list = body(network, &node, &Request::active_nodes()).await;
        assert_eq!(response::parse_active_nodes(&list).unwrap().len(), 8);

        let public = Request::store_public(&account.id(), b"zero", now(), ttl);
        let stored = body(network, &node, &public).await;
        assert_eq!(
            response::parse_store(&stored, &zero)
                .unwrap()
                .confirmed
                .len(),
            4
        );
        let own = Request::store_own(&account, Namespace(6), b"two", now(), ttl);
        let stored = body(network, &node, &own).await;
        assert_eq!(
            response::parse_store(&stored, &two)
                .unwrap()
                .confirmed
                .len(),
            4
        );

        let retrieve = Request::retrieve(&account, Namespace(6), None, -8, now());
        let retrieved = body(network, &node, &retrieve).await;
        let retrieved = response::parse_retrieve(&retrieved).unwrap();
        assert_eq!(retrieved.messages[0].data, b"two");
        assert_eq!(retrieved.last_hash, Some(two.clone()));

        let asked = [zero.clone(), two.clone()];
        let get = Request::get_expiries(&account, &asked, now());
        let expiries = response::parse_expiries(&body(network, &node, &get).await).unwrap();
        assert_eq!(expiries.len(), 2);
        let later = now().plus_millis(20 * DAY);
        let extend = Request::expire(&account, &asked, later, ExpireMode::Extend);
        let expired = body(network, &node, &extend).await;
        let expired = response::parse_expire(&expired, &owner, &asked).unwrap();
        assert_eq!(expired.confirmed.len(), 4);
        assert!(
            expired
                .confirmed
                .values()
                .all(|node| node.updated.len() == 2)
        );
        let each = [
            (zero.clone(), now().plus_millis(DAY)),
            (two.clone(), now().plus_millis(30 * DAY)),
        ];
        let shorten = Request::expire_each(&account, &each, ExpireMode::Shorten);
        let expired = body(network, &node, &shorten).await;
        let expired = response::parse_expire(&expired, &owner, &asked).unwrap();
        assert_eq!(expired.confirmed.len(), 4);
        for node in expired.confirmed.values() {
            assert_eq!(node.updated, std::slice::from_ref(&zero));
            assert_eq!(node.unchanged.keys().collect::<Vec<_>>(), [&two]);
        }
        let soon = now().plus_millis(DAY / 2);
        let all = Request::expire_all(&account, Scope::All, soon);
        let touched = body(network, &node, &all).await;
        let touched = response::parse_expire_all(&touched, &owner, soon).unwrap();
        assert_eq!(touched.confirmed.len(), 4);
        // The device itself has stored its configs there.
        assert!(
            touched
                .confirmed
                .values()
                .all(|hashes| hashes.contains(&zero) && hashes.contains(&two))
        );

        let delete = Request::delete(&account, std::slice::from_ref(&zero));
        let deleted = body(network, &node, &delete).await;
        let deleted =
            response::parse_delete(&deleted, &owner, std::slice::from_ref(&zero)).unwrap();
        assert_eq!(deleted.confirmed.len(), 4);
        assert!(
            deleted
                .confirmed
                .values()
                .all(|hashes| *hashes == [zero.clone()])
        );
        let before = now();
        let delete = Request::delete_before(&account, Namespace(6), before);
        let deleted = body(network, &node, &delete).await;
        let deleted = response::parse_delete_before(&deleted, &owner, before).unwrap();
        assert!(
            deleted
                .confirmed
                .values()
                .all(|hashes| *hashes == [two.clone()])
        );
        assert_eq!(deleted.confirmed.len(), 4);
        body(
            network,
            &node,
            &Request::store_own(&account, Namespace(3), b"x", now(), ttl),
        )
        .await;
        body(network, &node, &public).await;
        let at = now();
        let delete = Request::delete_all(&account, Scope::All, at);
        let deleted = body(network, &node, &delete).await;
        let deleted = response::parse_delete_all(&deleted, &owner, at).unwrap();
        assert_eq!(deleted.confirmed.len(), 4);
        // Those two, beside the configs that the device itself has stored.
        let three = hash_in(&owner, 3, b"x");
        assert!(
            deleted
                .confirmed
                .values()
                .all(|hashes| hashes.contains(&zero) && hashes.contains(&three))
        );
        assert!(deleted.failed.is_empty());
    });
}

/// The group of 10-network B.3 and its member.
struct Group {
    key: Ed25519SecretKey,
    member: Ed25519SecretKey,
}

impl Group {
    fn token(&self, flags: u8) -> [u8; 36] {
        let mut token = [0; 36];
        (token[0], token[1]) = (3, flags);
        token[4..].copy_from_slice(&self.member.public().0);
        token
    }

    fn as_member(&self, flags: u8) -> Auth<'_> {
        let token = self.token(flags);
        Auth::Subaccount(Subaccount {
            owner: Auth::Group(&self.key).owner(),
            owner_key: None,
            token,
            token_signature: self.key.sign(&token),
            signer: &self.member,
        })
    }
}

#[test]
fn groups_let_members_in_and_shut_them_out() {
    with_network(41, async |world, network| {
        let group = Group {
            key: Ed25519SecretKey::from_seed(&[7; 32]),
            member: Ed25519SecretKey::from_seed(&[8; 32]),
        };
        let owner = Auth::Group(&group.key).owner();
        let node = member(world, &owner);
        let now = || network.now();
        let hash = hash_in(&owner, 11, b"hello all");
        let store = |flags| {
            Request::store_own(
                group.as_member(flags),
                Namespace(11),
                b"hello all",
                now(),
                DAY,
            )
        };
        let status = async |request: Request| network.rpc(&node, &request).await.unwrap().status;
        assert_eq!(status(store(1)).await, 401, "reading is not writing");
        let stored = body(network, &node, &store(3)).await;
        assert_eq!(
            response::parse_store(&stored, &hash)
                .unwrap()
                .confirmed
                .len(),
            4
        );
        let read = |flags, namespace| {
            Request::retrieve(
                group.as_member(flags),
                Namespace(namespace),
                None,
                -2,
                now(),
            )
        };
        let retrieved = body(network, &node, &read(3, 11)).await;
        assert_eq!(
            response::parse_retrieve(&retrieved).unwrap().messages.len(),
            1
        );

        let (at, tokens) = (now(), [group.token(3)]);
        let revoke = Request::revoke_subaccounts(Auth::Group(&group.key), &tokens, at);
        let revoked = body(network, &node, &revoke).await;
        let revoked = response::parse_revoke(&revoked, &owner, at, &tokens).unwrap();
        assert_eq!(revoked.confirmed.len(), 4);
        assert!(revoked.confirmed.values().all(Option::is_none));
        assert_eq!(status(read(3, 11)).await, 401);
        assert_eq!(status(read(3, -11)).await, 200);
        let at = now();
        let lift = Request::unrevoke_subaccounts(Auth::Group(&group.key), &tokens, at);
        let lifted = body(network, &node, &lift).await;
        let lifted = response::parse_revoke(&lifted, &owner, at, &tokens).unwrap();
        assert!(lifted.confirmed.values().all(|count| *count == Some(1)));
        assert_eq!(lifted.confirmed.len(), 4);
        assert_eq!(status(read(3, 11)).await, 200);

        let hashes = [hash];
        let member_deletes = Request::delete(group.as_member(3), &hashes);
        assert_eq!(status(member_deletes).await, 401);
        let owner_deletes = Request::delete(Auth::Group(&group.key), &hashes);
        let deleted = body(network, &node, &owner_deletes).await;
        let deleted = response::parse_delete(&deleted, &owner, &hashes).unwrap();
        assert_eq!(deleted.confirmed.len(), 4);
        // This software does not know it yet.
        let list = Request::revoked_subaccounts(Auth::Group(&group.key), now());
        assert_eq!(status(list).await, 400);
    });
}

#[test]
fn batches_sequences_conditions_and_names_are_understood() {
    with_network(42, async |world, network| {
        let account = account_of(1);
        let node = member(world, &account.id().swarm_id());
        let bad = || Request::retrieve_public(&account.id().swarm_id(), Namespace(-1), None, -2);
        let private = || Request::retrieve_public(&account.id().swarm_id(), Namespace(0), None, -2);
        assert_eq!(network.rpc(&node, &private()).await.unwrap().status, 400);
        let open = body(network, &node, &bad()).await;
        assert!(response::parse_retrieve(&open).unwrap().messages.is_empty());

        let refused = || {
            let stale = Timestamp(network.now().as_millis() - DAY);
            Request::retrieve(&account, Namespace(6), None, -2, stale)
        };
        let codes = |answers: Vec<Answer>| -> Vec<u16> {
            answers.iter().map(|answer| answer.code).collect()
        };
        let requests = || vec![Request::info(), refused(), Request::info()];
        let batch = network.batch(&node, requests()).await.unwrap();
        assert_eq!(codes(batch), [200, 406, 200]);
        let sequence = network.sequence(&node, requests()).await.unwrap();
        assert_eq!(codes(sequence), [200, 406]);

        let newer = Condition {
            hf_at_least: Some((19, 4)),
            ..Condition::default()
        };
        let choice = Request::if_else(&newer, Some(&Request::info()), None);
        let chosen = body(network, &node, &choice).await;
        let chosen = response::parse_if_else(&chosen).unwrap();
        assert!(chosen.condition);
        assert_eq!(chosen.result.unwrap().code, 200);
        let old = Condition {
            v_before: Some((2, 8, 0)),
            ..Condition::default()
        };
        let choice = Request::if_else(&old, Some(&Request::info()), None);
        let chosen = response::parse_if_else(&body(network, &node, &choice).await).unwrap();
        assert_eq!((chosen.condition, chosen.result), (false, None));

        world.network.register_name("Alice", &account.id());
        let found = body(network, &node, &Request::resolve_name("aLICE")).await;
        assert_eq!(parse_ons(&found, "alice"), Ok(Some(account.id())));
        let none = body(network, &node, &Request::resolve_name("bob")).await;
        assert_eq!(parse_ons(&none, "bob"), Ok(None));
        assert_eq!(network.look_up_name("Alice").await, Ok(account.id()));
        let nobody = network.look_up_name("bob").await;
        assert_eq!(nobody, Err(NameLookup::Unknown));
        assert_eq!(network.hard_fork(), Some((19, 4)));
    });
}

#[test]
fn own_namespaces_are_stored_read_and_deleted() {
    with_network(43, async |world, network| {
        let account = account_of(1);
        let owner = account.id().swarm_id();
        let stored = network
            .store_own(&account, Namespace(6), b"profile")
            .await
            .unwrap();
        assert_eq!((stored.confirmed, stored.of), (4, 4));
        let life = stored.expiry.millis_since(network.now());
        assert!(life.abs_diff(30 * DAY) < 5_000);
        let (old, new) = (hash_in(&owner, 6, b"profile"), hash_in(&owner, 6, b"newer"));
        // As other clients push a config: the new one first, then the old one goes.
        let answers = network
            .own_sequence(&account, |time| {
                vec![
                    Request::store_own(&account, Namespace(6), b"newer", time, 30 * DAY),
                    Request::delete(&account, std::slice::from_ref(&old)),
                ]
            })
            .await
            .unwrap();
        let pushed = response::parse_store(&answers[0].body, &new).unwrap();
        assert_eq!(pushed.confirmed.len(), 4);
        let held = |world: &World| -> SortedSet<String> {
            let nodes = world.held(&owner);
            let hashes = nodes.into_iter().flat_map(|(_, held)| held);
            hashes.map(|message| message.hash).collect()
        };
        assert_eq!(held(world), SortedSet::from([new.to_string()]));
        let removed = network
            .delete_own(&account, &[old, new.clone()])
            .await
            .unwrap();
        assert_eq!(removed.deleted, SortedSet::from([new]));
        assert_eq!((removed.confirmed, removed.of), (4, 4));
        assert!(held(world).is_empty());
        let again = network
            .delete_own(&account, &[hash_in(&owner, 6, b"profile")])
            .await;
        assert!(again.unwrap().deleted.is_empty());
        let huge = network
            .store_own(&account, Namespace(6), &[0; 76_801])
            .await;
        assert_eq!(huge, Err(StoreFailure::Rejected(400)));
    });
}

#[test]
fn a_deletion_counts_at_the_members_that_signed_it() {
    with_network(44, async |world, network| {
        let account = account_of(1);
        let owner = account.id().swarm_id();
        network
            .store_own(&account, Namespace(6), b"x")
            .await
            .unwrap();
        let hash = hash_in(&owner, 6, b"x");
        let ill = world.network.members_for(&owner)[0];
        world.network.fault(ill, Fault::Hang);
        let mut removed = None;
        for _ in 0..10 {
            // Paths through the member that hangs have to be found out first.
            removed = network
                .delete_own(&account, std::slice::from_ref(&hash))
                .await
                .ok();
            if removed.is_some() {
                break;
            }
            world.wait(10_000).await;
        }
        let removed = removed.unwrap();
        assert_eq!((removed.confirmed, removed.of), (3, 4));
        for (node, held) in world.held(&owner) {
            assert_eq!(held.is_empty(), node != ill);
        }
    });
}

#[test]
fn messages_are_kept_alive_once_a_day_also_over_a_restart() {
    let world = World::new(45, 8, 2);
    let account = account_of(1);
    let owner = account.id().swarm_id();
    let client = world.client(1, "Anna");
    let (kept, missing) = (hash_in(&owner, 6, b"kept"), hash_in(&owner, 6, b"missing"));
    let both = [kept.clone(), missing.clone()];
    let expiry = || world.held(&owner)[0].1[0].expiry as u64;
    // Without a network nothing polls, and days pass quickly.
    let pass = async |client: &Client, ms: u64| {
        for offline in [true, false] {
            let command = Command::SetOffline { offline };
            client.engine.handle(command).await.unwrap();
            world.wait(if offline { ms } else { 60_000 }).await;
        }
    };
    let ready = async |client: &Client| {
        let network = client.engine.network();
        world
            .until("paths", SOON, async || network.paths().len() == 2)
            .await;
    };
    world.run(&[&client], async {
        ready(&client).await;
        let network = client.engine.network();
        network
            .store_own(&account, Namespace(6), b"kept")
            .await
            .unwrap();
        pass(&client, 10 * DAY).await;
        let life = expiry() - world.time.now().as_millis();
        assert!(life < 21 * DAY);
        let outcome = network.keep_alive(&account, &both).await.unwrap();
        assert_eq!(outcome.extended, SortedSet::from([kept.clone()]));
        assert_eq!(outcome.missing, SortedSet::from([missing.clone()]));
        let life = expiry() - world.time.now().as_millis();
        assert!(life.abs_diff(30 * DAY) < 120_000);
    });
    let client = world.reopen(client);
    world.run(&[&client], async {
        ready(&client).await;
        let network = client.engine.network();
        pass(&client, DAY / 2).await;
        let before = expiry();
        let outcome = network.keep_alive(&account, &both).await.unwrap();
        assert_eq!(outcome.fresh, SortedSet::from([kept.clone()]));
        assert_eq!(outcome.missing, SortedSet::from([missing.clone()]));
        assert_eq!(expiry(), before, "nothing was asked for it");
        pass(&client, DAY).await;
        let outcome = network.keep_alive(&account, &both).await.unwrap();
        assert_eq!(outcome.extended, SortedSet::from([kept.clone()]));
        assert!(expiry() > before);
    });
}

#[test]
fn each_message_gets_its_own_expiry() {
    with_network(46, async |world, network| {
        let account = account_of(1);
        let owner = account.id().swarm_id();
        let mut wanted = Vec::new();
        for number in 0..3u64 {
            let data = [number as u8];
            network
                .store_own(&account, Namespace(6), &data)
                .await
                .unwrap();
            let expiry = network.now().plus_millis((number + 1) * DAY);
            wanted.push((hash_in(&owner, 6, &data), expiry));
        }
        let found = network
            .set_expiries(&account, &wanted, ExpireMode::Set)
            .await;
        assert_eq!(found.unwrap().len(), 3);
        for (_, held) in world.held(&owner) {
            for message in held {
                let (_, expiry) = wanted
                    .iter()
                    .find(|(hash, _)| hash.as_str() == message.hash)
                    .unwrap();
                assert_eq!(message.expiry as u64, expiry.as_millis());
            }
        }
    });
}

fn text(from: &Account, to: &Account, body: &str, sent_at: u64) -> Vec<u8> {
    let content = proto::Content {
        data_message: Some(proto::DataMessage {
            body: Some(body.to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    };
    encode(
        from,
        to.id().key(),
        &content,
        Timestamp(sent_at),
        &mut SeededEntropy::new(sent_at),
    )
    .unwrap()
}

#[test]
fn while_a_swarm_moves_polling_goes_on_and_nothing_is_missed_or_doubled() {
    let world = World::new(47, 9, 3);
    let boris = world.client(2, "Boris");
    let (own, friend) = (account_of(2), account_of(8));
    let (owner, partner) = (own.id().swarm_id(), friend.id().to_string());
    let mut expected = Vec::new();
    world.run(&[&boris], async {
        let mut send = |number: u64| {
            let body = format!("number {number}");
            let now = world.time.now().as_millis() + number;
            let data = text(&friend, &own, &body, now);
            world
                .network
                .inject(&owner, Namespace::DEFAULT, &data)
                .unwrap();
            expected.push(body);
        };
        for number in 0..3 {
            send(number);
        }
        world
            .until("the first", SOON, async || {
                boris.texts(&partner).await.len() == 3
            })
            .await;
        let home = world.network.members_for(&owner);
        let list = world.network.list();
        let others: Vec<usize> = (0..9).filter(|node| !home.contains(node)).collect();
        let (here, there) = (list[home[0]].swarm.unwrap(), list[others[0]].swarm.unwrap());
        // One after the other leaves, another one comes.
        for (round, (leaves, comes)) in home.iter().zip(&others).enumerate() {
            world.network.move_node(*comes, here).unwrap();
            world.network.move_node(*leaves, there).unwrap();
            send(10 + round as u64);
            world.wait(90_000).await;
        }
        world
            .until("all", 600_000, async || {
                boris.texts(&partner).await.len() == expected.len()
            })
            .await;
        world.wait(120_000).await;
        assert_eq!(boris.texts(&partner).await, expected);
    });
}
