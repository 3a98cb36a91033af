//! Erasing an account from a simulated network: each node's word, nodes that refuse, lie or are silent, and what the device
//! and its sisters store afterwards (screens 20, D3).

use onionskin_client::api::{
    Answer, Command, ErasedAt, ErrorCode, Failure, NodeErasure, Profile, SyncState,
};
use onionskin_sim::judge::sync_state;
use onionskin_sim::transport::Air;
use onionskin_sim::world::{Client, World, account_of};
use onionskin_testnet::network::Fault;

const SOON: u64 = 180_000;
const MINUTE: u64 = 60_000;

async fn erase(client: &Client, retry: bool) -> Result<Vec<ErasedAt>, Failure> {
    let command = Command::EraseFromNetwork { retry };
    match client.engine.handle(command).await? {
        Answer::Erased(nodes) => Ok(nodes),
        other => panic!("{other:?}"),
    }
}

async fn profile(client: &Client) -> Profile {
    match client.engine.handle(Command::GetProfile).await.unwrap() {
        Answer::Profile(profile) => profile,
        other => panic!("{other:?}"),
    }
}

async fn rename(client: &Client, name: &str) {
    let name = name.to_owned();
    let command = Command::SetDisplayName { name };
    client.engine.handle(command).await.unwrap();
}

/// Messages that all nodes together hold for an account, configs included.
fn held(world: &World, account: u8) -> usize {
    let owner = account_of(account).id().swarm_id();
    let held = world.network.messages(&owner).into_iter();
    held.map(|(_, messages)| messages.len()).sum()
}

fn members(world: &World, account: u8) -> Vec<usize> {
    let owner = account_of(account).id().swarm_id();
    world.network.members_for(&owner).to_vec()
}

fn key_of(world: &World, node: usize) -> String {
    world.network.list()[node].ed25519.to_hex()
}

fn outcome(nodes: &[ErasedAt], key: &str) -> NodeErasure {
    nodes.iter().find(|node| node.key == key).unwrap().outcome
}

fn confirmed(nodes: &[ErasedAt]) -> usize {
    let is_confirmed = |node: &&ErasedAt| matches!(node.outcome, NodeErasure::Confirmed { .. });
    nodes.iter().filter(is_confirmed).count()
}

/// A device with a name and a note in its swarm.
async fn settled(world: &World, client: &Client, account: u8) {
    client.send(&client.id, "a note").await;
    rename(client, "Anna").await;
    let all = members(world, account).len();
    let stored = async || {
        let state = sync_state(client).await.state;
        state == SyncState::Settled && held(world, account) >= 3 * all
    };
    world.until("everything is stored", SOON, stored).await;
}

#[test]
fn every_node_confirms_and_nothing_is_stored_again() {
    let world = World::new(71, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        settled(&world, &anna, 1).await;
        let nodes = erase(&anna, false).await.unwrap();
        assert_eq!(nodes.len(), members(&world, 1).len());
        assert_eq!(confirmed(&nodes), nodes.len(), "{nodes:?}");
        let deleted = |node: &ErasedAt| match node.outcome {
            NodeErasure::Confirmed { deleted } => deleted,
            _ => 0,
        };
        assert!(nodes.iter().all(|node| deleted(node) >= 3), "{nodes:?}");
        assert_eq!(held(&world, 1), 0);
        assert!(profile(&anna).await.erased_at.is_some());
        // What changes here from now on stays here, and so does what is written to oneself.
        rename(&anna, "Anna B").await;
        anna.send(&anna.id, "another note").await;
        world.wait(2 * 60 * MINUTE).await;
        assert_eq!(held(&world, 1), 0);
        assert_eq!(sync_state(&anna).await.state, SyncState::Stopped);
    });
    // Nor does the device begin again when it is opened anew.
    let anna = world.reopen(anna);
    world.run(&[&anna], async {
        world.wait(60 * MINUTE).await;
        assert_eq!(held(&world, 1), 0);
        assert!(profile(&anna).await.erased_at.is_some());
        // Until the person goes on with the account.
        anna.engine.handle(Command::StoreAgain).await.unwrap();
        assert_eq!(profile(&anna).await.erased_at, None);
        let back = async || {
            let configs = world.configs(&account_of(1).id().swarm_id());
            sync_state(&anna).await.state == SyncState::Settled && configs.contains_key(&2)
        };
        world.until("everything is stored again", SOON, back).await;
        let note = async || !world.held(&account_of(1).id().swarm_id()).is_empty();
        world.until("the note goes out", SOON, note).await;
    });
}

#[test]
fn a_node_that_refuses_and_one_that_lies_are_named_and_asked_again() {
    let world = World::new(72, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        settled(&world, &anna, 1).await;
        let members = members(&world, 1);
        let (refuses, lies) = (members[0], members[1]);
        world.network.fault(refuses, Fault::RefuseDeletes);
        world.network.fault(lies, Fault::FakeDeletes);
        let nodes = erase(&anna, false).await.unwrap();
        assert_eq!(confirmed(&nodes), members.len() - 2, "{nodes:?}");
        for node in [refuses, lies] {
            let outcome = outcome(&nodes, &key_of(&world, node));
            assert_eq!(outcome, NodeErasure::Refused);
        }
        assert!(held(&world, 1) > 0, "those two keep theirs");
        for node in [refuses, lies] {
            world.network.fault(node, Fault::Start);
        }
        let again = erase(&anna, true).await.unwrap();
        assert_eq!(confirmed(&again), members.len(), "{again:?}");
        assert_eq!(held(&world, 1), 0);
    });
}

#[test]
fn a_node_that_is_down_stays_silent() {
    let world = World::new(73, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        settled(&world, &anna, 1).await;
        let silent = members(&world, 1)[2];
        world.network.fault(silent, Fault::Hang);
        let nodes = erase(&anna, false).await.unwrap();
        assert_eq!(confirmed(&nodes), nodes.len() - 1, "{nodes:?}");
        let told = outcome(&nodes, &key_of(&world, silent));
        assert_eq!(told, NodeErasure::Silent);
        // What others confirmed counts on, although they are not asked again.
        let again = erase(&anna, true).await.unwrap();
        assert_eq!(confirmed(&again), nodes.len() - 1, "{again:?}");
        world.network.fault(silent, Fault::Start);
        let whole = async || {
            let nodes = erase(&anna, true).await;
            nodes.is_ok_and(|nodes| confirmed(&nodes) == nodes.len())
        };
        world.until("the last node answers", SOON, whole).await;
        assert_eq!(held(&world, 1), 0);
    });
}

#[test]
fn without_a_way_into_the_network_nothing_changes() {
    let world = World::new(74, 8, 2);
    let anna = world.client(1, "Anna");
    world.run(&[&anna], async {
        settled(&world, &anna, 1).await;
        let before = held(&world, 1);
        let offline = Command::SetOffline { offline: true };
        anna.engine.handle(offline).await.unwrap();
        let failure = erase(&anna, false).await.unwrap_err();
        assert_eq!(failure.code, ErrorCode::NetOffline);
        let online = Command::SetOffline { offline: false };
        anna.engine.handle(online).await.unwrap();
        world.air.set(Air {
            down: true,
            ..Air::default()
        });
        assert!(erase(&anna, false).await.is_err());
        world.air.set(Air::default());
        assert_eq!(profile(&anna).await.erased_at, None);
        assert_eq!(held(&world, 1), before);
        // The device stores as before.
        rename(&anna, "Anna B").await;
        let stored = async || sync_state(&anna).await.state == SyncState::Settled;
        world.wait(10_000).await;
        world.until("the new name is stored", SOON, stored).await;
    });
}

#[test]
fn another_device_puts_its_settings_back() {
    let world = World::new(75, 8, 2);
    let (anna, second) = (world.client(1, "Anna"), world.client(1, ""));
    world.run(&[&anna, &second], async {
        settled(&world, &anna, 1).await;
        let nodes = erase(&anna, false).await.unwrap();
        assert_eq!(confirmed(&nodes), nodes.len());
        let back = async || !world.configs(&account_of(1).id().swarm_id()).is_empty();
        let within = 3 * 60 * MINUTE;
        world.until("its settings are back", within, back).await;
        // This device had no part in it, and hears of it without storing anything itself.
        assert_eq!(sync_state(&anna).await.state, SyncState::Stopped);
        assert!(profile(&anna).await.erased_at.is_some());
    });
}
