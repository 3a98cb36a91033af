//! The ways into the network: relays that lie, fall silent or come back, nodes without a relay, lists that came with the app.

use onionskin_client::NetworkProfile;
use onionskin_client::api::{
    Answer, Command, ErrorCode, Event, GatewayHealth, ListSource, ListVerdict, NetworkReport,
    NetworkSettings, PollPace, Traffic, TransportChoice,
};
use onionskin_client::network::PinnedNode;
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::bundle::{Bundle, write};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use onionskin_sim::transport::{Way, list_of};
use onionskin_sim::world::{Client, World};
use onionskin_testnet::network::Sleeper;

const SOON: u64 = 120_000;
const DAY: u64 = 86_400_000;

async fn report(client: &Client) -> NetworkReport {
    match client.engine.handle(Command::GetNetworkReport).await {
        Ok(Answer::NetworkReport(report)) => report,
        other => panic!("{other:?}"),
    }
}

async fn choose(client: &Client, settings: NetworkSettings) {
    let command = Command::SetNetworkSettings(settings);
    client.engine.handle(command).await.unwrap();
}

async fn paths(world: &World, client: &Client) {
    world
        .until("two paths", SOON, async || {
            client.engine.network().paths().len() == 2
        })
        .await;
}

async fn confirmed(world: &World, client: &Client) {
    world
        .until("a confirmed list", SOON, async || {
            report(client).await.list.source == ListSource::Network
        })
        .await;
}

/// Nodes that belong to whoever runs a relay, and that no honest node knows.
fn strangers(count: u8) -> Vec<ServiceNode> {
    (1..=count)
        .map(|number| {
            let key = Account::from_seed(Seed::from_bytes([200 + number; 16])).ed25519_public();
            stranger(key, number)
        })
        .collect()
}

fn stranger(ed25519: Ed25519PublicKey, number: u8) -> ServiceNode {
    ServiceNode {
        ed25519,
        x25519: ed25519.to_x25519().unwrap(),
        ip: [10, 66, number, 1].into(),
        port: 22_021,
        swarm: None,
        version: None,
    }
}

fn bundle(world: &World, nodes: Vec<ServiceNode>, days_old: u64) {
    let as_of = Timestamp(world.time.now().as_millis() - days_old * DAY);
    let bytes = write(&Bundle {
        as_of,
        nodes,
        countries: SortedMap::new(),
    })
    .unwrap();
    *world.bundle.borrow_mut() = Some(bytes);
}

/// What listeners were told about node lists: whose, and the number that belongs to it.
fn list_problems(client: &mut Client) -> Vec<(String, Option<u32>)> {
    let told = client.told().into_iter();
    told.filter_map(|event| match event {
        Event::Problem(failure) if failure.code == ErrorCode::NetList => {
            Some((failure.detail, failure.number))
        }
        _ => None,
    })
    .collect()
}

fn hops(client: &Client) -> Vec<String> {
    let paths = client.engine.network().paths();
    let hops = paths.iter().flat_map(|path| path.hops.iter());
    hops.map(|hop| hop.key.clone()).collect()
}

#[test]
fn a_relay_whose_list_is_wholly_forged_gets_no_path_and_is_told_of_once() {
    let world = World::new(31, 10, 2);
    bundle(&world, world.network.list(), 30);
    let forged = list_of(&strangers(12));
    {
        let mut ways = world.ways.borrow_mut();
        ways[0].list = Some(forged);
        ways[0].strict = true;
    }
    let mut anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        world.wait(600_000).await;
        assert!(anna.engine.network().paths().is_empty());
        assert_eq!(world.ways.borrow()[0].forwarded, 0);
        let report = report(&anna).await;
        assert!(matches!(report.list.source, ListSource::Bundled { .. }));
        assert_eq!(
            report.gateways[0].verdict,
            ListVerdict::Forged { nodes: 12 }
        );
    });
    assert_eq!(list_problems(&mut anna), [(String::new(), Some(12))]);
}

#[test]
fn beside_an_honest_relay_a_forged_one_is_left_out() {
    let world = World::new(32, 10, 2);
    bundle(&world, world.network.list(), 30);
    {
        let mut ways = world.ways.borrow_mut();
        ways[0].list = Some(list_of(&strangers(12)));
        ways.push(Way::relay("https://two.example"));
    }
    let mut anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        confirmed(&world, &anna).await;
        world.wait(60_000).await;
        let report = report(&anna).await;
        assert_eq!(
            report.gateways[0].verdict,
            ListVerdict::Forged { nodes: 12 }
        );
        assert_eq!(report.gateways[1].verdict, ListVerdict::Agrees);
        assert!(report.gateways[1].in_use && !report.gateways[0].in_use);
        let ways = world.ways.borrow();
        assert_eq!(ways[0].forwarded, 0);
        assert!(ways[1].forwarded > 0);
    });
    assert_eq!(list_problems(&mut anna).len(), 1);
}

#[test]
fn of_a_half_forged_list_no_stranger_gets_into_a_path_or_the_pool() {
    let world = World::new(33, 10, 2);
    bundle(&world, world.network.list(), 30);
    let strangers = strangers(10);
    let list = world.network.list();
    world.ways.borrow_mut()[0].list = Some(list_of(list.iter().chain(&strangers)));
    let mut anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        for _ in 0..30 {
            world.wait(10_000).await;
            let hops = hops(&anna);
            assert!(
                strangers
                    .iter()
                    .all(|node| !hops.contains(&node.ed25519.to_hex()))
            );
        }
        let report = report(&anna).await;
        assert_eq!(
            (report.list.source, report.list.nodes),
            (ListSource::Network, 10)
        );
        assert_eq!((report.list.agreed, report.list.asked), (3, 3));
        assert_eq!(
            report.gateways[0].verdict,
            ListVerdict::Forged { nodes: 10 }
        );
    });
    assert_eq!(list_problems(&mut anna), [(String::new(), Some(10))]);
}

#[test]
fn without_an_anchor_a_relays_list_is_confirmed_and_made_up_nodes_fall_out_of_it() {
    let world = World::new(34, 12, 3);
    let list = world.network.list();
    world.ways.borrow_mut()[0].list = Some(list_of(list.iter().chain(&strangers(3))));
    let mut anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        world
            .until("a confirmed list", 600_000, async || {
                report(&anna).await.list.source == ListSource::Network
            })
            .await;
        world.wait(10_000).await;
        let report = report(&anna).await;
        assert_eq!(report.list.nodes, 12);
        assert_eq!(report.gateways[0].verdict, ListVerdict::Forged { nodes: 3 });
    });
    assert_eq!(list_problems(&mut anna).len(), 1);
}

#[test]
fn a_relay_whose_list_lacks_much_of_the_network_is_old() {
    let world = World::new(35, 10, 2);
    let list = world.network.list();
    world.ways.borrow_mut()[0].list = Some(list_of(&list[..6]));
    let mut anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        confirmed(&world, &anna).await;
        world.wait(10_000).await;
        let report = report(&anna).await;
        assert_eq!(report.list.nodes, 10);
        assert_eq!(report.gateways[0].verdict, ListVerdict::Old { missing: 40 });
    });
    assert_eq!(list_problems(&mut anna), [(String::new(), Some(40))]);
}

#[test]
fn the_list_that_came_with_the_app_is_a_way_in_although_half_of_it_is_gone() {
    let world = World::new(36, 12, 3);
    let mut nodes = world.network.list()[..8].to_vec();
    nodes.extend(strangers(7));
    bundle(&world, nodes, 90);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        confirmed(&world, &anna).await;
        let report = report(&anna).await;
        assert_eq!(report.list.nodes, 12);
        assert!(!report.list.disputed);
    });
}

#[test]
fn a_stale_list_works_without_any_hint_of_the_relay() {
    let world = World::new(37, 12, 3);
    let mut nodes = world.network.list()[..9].to_vec();
    nodes.extend(strangers(5));
    bundle(&world, nodes, 90);
    world.ways.borrow_mut()[0].list = Some(b"no list".to_vec());
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        world
            .until("a confirmed list", 900_000, async || {
                report(&anna).await.list.source == ListSource::Network
            })
            .await;
        let report = report(&anna).await;
        assert_eq!(report.list.nodes, 12);
        assert_eq!(report.gateways[0].verdict, ListVerdict::Unreadable);
    });
}

#[test]
fn pinned_nodes_alone_are_a_way_in_even_when_they_are_fewer_than_a_pool_needs() {
    let world = World::new(38, 14, 3);
    let pinned: Vec<PinnedNode> = world.network.list()[..5]
        .iter()
        .map(|node| PinnedNode {
            key: node.ed25519.0,
            ip: node.ip.octets(),
            port: node.port,
        })
        .collect();
    world.profile.set(NetworkProfile {
        minimum_pool: 12,
        pinned: pinned.leak(),
        ..NetworkProfile::local()
    });
    world.ways.borrow_mut()[0].list = Some(list_of(&strangers(12)));
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        confirmed(&world, &anna).await;
        assert_eq!(report(&anna).await.list.nodes, 14);
    });
}

#[test]
fn nodes_that_do_not_know_the_short_list_are_asked_for_the_long_one() {
    let world = World::new(39, 8, 2);
    world.network.set_binary_list(false);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        confirmed(&world, &anna).await;
        assert_eq!(report(&anna).await.list.nodes, 8);
    });
}

#[test]
fn a_confirmed_list_lies_in_the_vault_and_needs_no_relays_list() {
    let world = World::new(40, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], confirmed(&world, &anna));
    world.ways.borrow_mut()[0].list = Some(list_of(&strangers(12)));
    let anna = world.reopen(anna);
    world.run(&[&anna], async {
        assert_eq!(report(&anna).await.list.source, ListSource::Network);
        paths(&world, &anna).await;
        assert_eq!(report(&anna).await.list.nodes, 8);
    });
}

#[test]
fn when_a_relay_falls_silent_the_next_one_takes_over_until_it_is_back() {
    let world = World::new(41, 8, 2);
    world
        .ways
        .borrow_mut()
        .push(Way::relay("https://two.example"));
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        paths(&world, &anna).await;
        assert!(report(&anna).await.gateways[0].in_use);
        assert_eq!(world.ways.borrow()[1].forwarded, 0);

        world.ways.borrow_mut()[0].down = true;
        let standing = anna.engine.network().paths();
        anna.send(&boris.id, "around").await;
        world
            .until("the message", SOON, async || {
                boris.texts(&anna.id).await == ["around"]
            })
            .await;
        let seen = report(&anna).await;
        assert_eq!(seen.gateways[0].health, GatewayHealth::Silent);
        assert_eq!(seen.gateways[1].health, GatewayHealth::Good);
        assert!(seen.gateways[1].in_use);
        let hops = |paths: &[onionskin_client::api::PathView]| {
            let hops = paths.iter().map(|path| path.hops[0].key.clone());
            hops.collect::<Vec<_>>()
        };
        let now = anna.engine.network().paths();
        assert_eq!(
            hops(&now),
            hops(&standing),
            "no guard is blamed for a relay"
        );

        world.ways.borrow_mut()[0].down = false;
        world
            .until("the first relay again", 900_000, async || {
                report(&anna).await.gateways[0].in_use
            })
            .await;
    });
}

#[test]
fn a_relay_that_refuses_gives_way_and_the_order_is_the_persons() {
    let world = World::new(42, 8, 2);
    {
        let mut ways = world.ways.borrow_mut();
        ways.push(Way::relay("https://two.example"));
        ways[1].refuses = Some("busy".to_owned());
    }
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        choose(
            &anna,
            NetworkSettings {
                relays: vec!["https://two.example".to_owned()],
                ..NetworkSettings::default()
            },
        )
        .await;
        paths(&world, &anna).await;
        let seen = report(&anna).await;
        assert_eq!(seen.gateways[0].origin, "https://two.example");
        assert_eq!(seen.gateways[0].health, GatewayHealth::Refusing);
        assert!(seen.gateways[1].in_use);
        world.ways.borrow_mut()[1].refuses = None;
        world
            .until("the preferred one", 900_000, async || {
                report(&anna).await.gateways[0].in_use
            })
            .await;
    });
}

#[test]
fn with_direct_only_every_guard_is_a_node_that_the_browser_reaches_itself() {
    let world = World::new(43, 8, 2);
    let nodes = world.network.list();
    {
        let mut ways = world.ways.borrow_mut();
        ways.push(Way::direct("https://one.example", &nodes[0]));
        ways.push(Way::direct("https://two.example", &nodes[1]));
    }
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        paths(&world, &anna).await;
        let settings = NetworkSettings {
            transport: TransportChoice::DirectOnly,
            ..NetworkSettings::default()
        };
        choose(&anna, settings.clone()).await;
        choose(&boris, settings).await;
        let allowed = [nodes[0].ed25519.to_hex(), nodes[1].ed25519.to_hex()];
        world
            .until("direct guards", SOON, async || {
                let paths = anna.engine.network().paths();
                paths.len() == 2 && paths.iter().all(|path| allowed.contains(&path.hops[0].key))
            })
            .await;
        world.wait(30_000).await;
        let before = world.ways.borrow()[0].forwarded;
        anna.send(&boris.id, "no relay").await;
        world
            .until("the message", SOON, async || {
                boris.texts(&anna.id).await == ["no relay"]
            })
            .await;
        assert_eq!(world.ways.borrow()[0].forwarded, before);
        assert!(world.ways.borrow()[1].forwarded > 0);
    });
}

#[test]
fn when_every_relay_is_silent_direct_nodes_are_guards() {
    let world = World::new(44, 8, 2);
    let nodes = world.network.list();
    world
        .ways
        .borrow_mut()
        .push(Way::direct("https://one.example", &nodes[0]));
    let (anna, boris) = (world.client(1, "Anna"), world.client(2, "Boris"));
    world.run(&[&anna, &boris], async {
        paths(&world, &anna).await;
        paths(&world, &boris).await;
        world.ways.borrow_mut()[0].down = true;
        anna.send(&boris.id, "still").await;
        world
            .until("the message", 300_000, async || {
                boris.texts(&anna.id).await == ["still"]
            })
            .await;
    });
}

#[test]
fn what_was_chosen_and_what_was_counted_survives_a_restart() {
    let world = World::new(45, 8, 2);
    let anna = world.client(1, "Anna");
    let settings = NetworkSettings {
        transport: TransportChoice::RelayOnly,
        relays: vec!["https://two.example".to_owned()],
        saver: true,
        pace: PollPace::Seconds60,
        strict_paths: true,
    };
    world.run(&[&anna], async {
        choose(&anna, settings.clone()).await;
        paths(&world, &anna).await;
        world.wait(180_000).await;
        let report = report(&anna).await;
        let polling = report
            .data_use
            .iter()
            .find(|used| used.kind == Traffic::Polling);
        let polling = polling.expect("polls were counted");
        assert!(polling.today.sent > 0 && polling.today.received > 0);
        assert_eq!(polling.today, polling.month);
        assert!(report.latency.is_some() && report.requests_per_minute > 0);
        assert!(report.clock_samples > 0 && report.hard_fork.is_some());
        assert!(
            report
                .swarm
                .nodes
                .iter()
                .any(|node| node.last_answer.is_some())
        );
    });
    let anna = world.reopen(anna);
    world.run(&[&anna], async {
        let answer = anna.engine.handle(Command::GetNetworkSettings).await;
        assert_eq!(answer, Ok(Answer::NetworkSettings(settings.clone())));
        assert!(!report(&anna).await.data_use.is_empty());
    });
    // While nothing is under way that would count again.
    world.time.run(async {
        anna.engine.handle(Command::ResetDataUse).await.unwrap();
        assert!(report(&anna).await.data_use.is_empty());
    });
    let anna = world.reopen(anna);
    world.time.run(async {
        assert!(report(&anna).await.data_use.is_empty());
    });
}

#[test]
fn a_test_measures_every_relay() {
    let world = World::new(46, 8, 2);
    world
        .ways
        .borrow_mut()
        .push(Way::relay("https://two.example"));
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        confirmed(&world, &anna).await;
        world.wait(60_000).await;
        world.ways.borrow_mut()[1].down = true;
        let before = report(&anna).await.gateways[0].last_success;
        anna.engine.handle(Command::TestRelays).await.unwrap();
        world.wait(1_000).await;
        let gateways = report(&anna).await.gateways;
        assert!(gateways[0].last_success > before && gateways[0].latency.is_some());
        assert_eq!(gateways[0].verdict, ListVerdict::Agrees);
        assert_eq!(gateways[1].health, GatewayHealth::Silent);
    });
}

#[test]
fn new_guards_are_other_nodes_and_come_at_most_once_a_minute() {
    let world = World::new(47, 10, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        paths(&world, &anna).await;
        let guards = || {
            let paths = anna.engine.network().paths();
            let guards = paths.iter().map(|path| path.hops[0].key.clone());
            guards.collect::<Vec<_>>()
        };
        let before = guards();
        anna.engine.handle(Command::NewGuards).await.unwrap();
        let again = anna.engine.handle(Command::NewGuards).await;
        assert_eq!(again.unwrap_err().code, ErrorCode::NetPath);
        world
            .until("other guards", SOON, async || {
                let now = guards();
                now.len() == 2 && now.iter().all(|key| !before.contains(key))
            })
            .await;
    });
}

#[test]
fn a_network_of_dead_nodes_that_nobody_vouches_for_is_left_for_the_relays_list() {
    let world = World::new(48, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], confirmed(&world, &anna));
    // The same store, a local network that was set up anew.
    let anew = World::new(49, 8, 2);
    let anna = anew.reopen(anna);
    anew.run(&[&anna], async {
        anew.until("paths", 600_000, async || {
            anna.engine.network().paths().len() == 2
        })
        .await;
    });
}
