//! A guard dies: whoever used it must be working again within one poll.

use crate::judge::Judge;
use crate::life::{Life, Verdict};
use crate::plan::Act;
use crate::world::{World, account_of};
use onionskin_client::api::{Answer, Command, PathView};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_testnet::network::{Fault, Sleeper, Weather};

/// Between polls of an app on screen (ms).
const POLL: u64 = 5_000;
/// What a message takes from hand to hand beside the wait for a poll (ms), with the ways of this world.
const TRANSFER: u64 = 3_000;
/// Most time (ms) until everything is as before.
const SETTLED: u64 = 60_000;

/// Nodes and swarms: so many that no path made for a single request happens to lead through the dead one.
const NODES: (u16, usize) = (150, 30);
/// Worlds looked at until one has guards that are only guards.
const CHOICE: u64 = 50;

/// Kills each guard of device 0 in turn while it sends and receives. The dead node is on no other path and no member of a
/// swarm that is needed: what it costs to find those dead is another matter.
pub fn survive(seed: u64) -> Verdict {
    (0..CHOICE)
        .find_map(|other| lose_both(seed + other * 1_000_000))
        .unwrap_or_else(|| Verdict {
            problems: vec!["no world has guards that are only guards".to_owned()],
            ..Verdict::default()
        })
}

fn lose_both(seed: u64) -> Option<Verdict> {
    let world = World::new(seed, NODES.0, NODES.1);
    world.network.weather(Weather {
        loss_permille: 0,
        min_ms: 5,
        max_ms: 40,
    });
    let mut life = Life::new(world, &[(1, 0), (2, 0)], seed);
    let mut problems = Vec::new();
    let found = life.run(async |life| {
        // Who writes to whom for the first time looks for a swarm, and may ask the dead node for it.
        life.send(0, 2, "hello".to_owned());
        life.world.wait(20_000).await;
        life.send(1, 1, "hello back".to_owned());
        life.world.wait(60_000).await;
        for round in 0..2 {
            let before = paths(life, 0).await;
            let all = [before.clone(), paths(life, 1).await].concat();
            let mut ends = before.iter().enumerate();
            let chosen = ends.find_map(|(at, path)| Some((at, only_a_guard(life, &all, path)?)));
            let Some((at, guard)) = chosen else {
                return false;
            };
            life.world.network.fault(guard, Fault::Stop);
            for (from, to) in [(0, 2), (1, 1)] {
                let text = format!("{round} from {from}");
                let start = life.world.time.now();
                life.act(&Act::Send {
                    device: from,
                    to,
                    text: text.clone(),
                });
                let other = 1 - from;
                while !has(life, other, &text).await {
                    life.world.wait(100).await;
                    let took = life.world.time.now().millis_since(start);
                    if took > POLL + TRANSFER {
                        let stands = Judge::new(life).missing().await;
                        let stands = stands.join("; ");
                        problems.push(format!(
                            "{text:?} is not there {took} ms after a guard died: {stands}"
                        ));
                        break;
                    }
                }
            }
            life.world.wait(SETTLED).await;
            let after = paths(life, 0).await;
            let dead = before[at].hops[0].key.clone();
            if after.len() < 2
                || after
                    .iter()
                    .any(|path| path.hops.iter().any(|hop| hop.key == dead))
            {
                problems.push(format!(
                    "a dead guard is kept, or nothing replaced it: {after:?}"
                ));
            }
        }
        true
    });
    if !found && problems.is_empty() {
        return None;
    }
    let mut verdict = life.end();
    verdict.problems.splice(0..0, problems);
    Some(verdict)
}

/// The standing paths. What was made for one request is over, and tells where that broke off.
async fn paths(life: &Life, device: usize) -> Vec<PathView> {
    let Some(client) = life.devices[device].client() else {
        return Vec::new();
    };
    match client.engine.handle(Command::GetPaths).await {
        Ok(Answer::Paths(mut paths)) => {
            paths.retain(|path| path.rotates_at.is_some());
            paths
        }
        _ => Vec::new(),
    }
}

/// The guard of a path, when nothing else here needs that node.
fn only_a_guard(life: &Life, paths: &[PathView], path: &PathView) -> Option<usize> {
    let name = &path.hops.first()?.key;
    let guard = life
        .world
        .network
        .find(&Ed25519PublicKey::from_hex(name)?)?;
    let uses = paths
        .iter()
        .flat_map(|path| &path.hops)
        .filter(|hop| hop.key == *name);
    let is_member = life.devices.iter().any(|device| {
        let owner = account_of(device.person).id().swarm_id();
        life.world.network.members_for(&owner).contains(&guard)
    });
    (uses.count() == 1 && !is_member).then_some(guard)
}

async fn has(life: &Life, device: usize, text: &str) -> bool {
    let Some(client) = life.devices[device].client() else {
        return false;
    };
    let other = &life.devices[1 - device].id;
    client.texts(other).await.iter().any(|there| there == text)
}
