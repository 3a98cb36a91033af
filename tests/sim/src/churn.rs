//! An hour of traffic in which half of the nodes are replaced: nothing is lost, nothing is doubled.

use crate::device::Device;
use crate::life::{Life, Verdict};
use crate::plan::{Act, Dice};
use crate::transport::Air;
use crate::world::World;
use futures::future::join;
use onionskin_client::api::Event;
use onionskin_testnet::network::{Sleeper, Weather};
use std::collections::BTreeMap;

/// Quiet time before and after the hour (ms).
const AROUND: u64 = 15 * 60_000;
/// The hour (ms).
const HOUR: u64 = 3_600_000;
/// Between two messages (ms).
const PACE: u64 = 15_000;
/// Between looks at what came (ms), which is how exact the times are.
const LOOK: u64 = 250;

/// How long messages took (ms) that were sent in one part of the run.
#[derive(Clone, Debug, Default)]
pub struct Times {
    sorted: Vec<u64>,
}

impl Times {
    /// How many arrived.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }
    /// So many per cent took at most this long (ms).
    pub fn percentile(&self, percent: usize) -> u64 {
        let at = (self.sorted.len() * percent / 100).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(at).copied().unwrap_or_default()
    }
}

/// What came of it.
pub struct Churn {
    /// What did not hold.
    pub verdict: Verdict,
    /// Nodes that were replaced, and of how many.
    pub replaced: (usize, usize),
    /// Delivery times before, during and after the hour.
    pub times: [Times; 3],
}

/// Runs it: so many nodes, and people with one device each.
pub fn run(seed: u64, nodes: u16, people: u8) -> Churn {
    let world = World::new(seed, nodes, usize::from(nodes / 5).max(1));
    world.network.weather(Weather {
        loss_permille: 2,
        min_ms: 10,
        max_ms: 120,
    });
    world.air.set(Air {
        jitter: 50,
        ..Air::default()
    });
    let devices: Vec<(u8, i64)> = (1..=people).map(|person| (person, 0)).collect();
    let mut life = Life::new(world, &devices, seed);
    life.devices.iter().for_each(Device::listen);
    let mut arrived = BTreeMap::new();
    let mut left = BTreeMap::new();
    let mut replaced = 0;
    let goal = usize::from(nodes) / 2;
    life.run(async |life| {
        let (world, devices) = (life.world.clone(), life.devices.clone());
        let start = world.time.now();
        let end = start.plus_millis(2 * AROUND + HOUR);
        let listen = async {
            while world.time.now() < end.plus_millis(AROUND) {
                world.wait(LOOK).await;
                for device in devices.iter() {
                    for text in device.news(|event| match event {
                        Event::Message(message) if !message.mine => Some(message.text),
                        _ => None,
                    }) {
                        arrived.entry(text).or_insert(world.time.now().as_millis());
                    }
                }
            }
        };
        let talk = async {
            let mut dice = Dice::new(seed);
            let mut number = 0;
            while world.time.now() < end {
                let from = dice.index(devices.len());
                let to = 1
                    + ((from as u64 + 1 + dice.below(u64::from(people) - 1)) % u64::from(people))
                        as u8;
                let text = format!("{number}");
                number += 1;
                left.insert(text.clone(), world.time.now().as_millis());
                life.act(&Act::Send {
                    device: from,
                    to,
                    text,
                });
                let passed = world.time.now().millis_since(start).saturating_sub(AROUND);
                let due = goal as u64 * passed.min(HOUR) / HOUR;
                if due > replaced && life.replace() {
                    replaced += 1;
                }
                world.wait(PACE).await;
            }
        };
        join(listen, talk).await;
    });
    let mut times = [Times::default(), Times::default(), Times::default()];
    let start = left.values().min().copied().unwrap_or_default();
    for (text, at) in &left {
        let part = match at - start {
            passed if passed < AROUND => 0,
            passed if passed < AROUND + HOUR => 1,
            _ => 2,
        };
        if let Some(came) = arrived.get(text) {
            times[part].sorted.push(came - at);
        }
    }
    for part in &mut times {
        part.sorted.sort_unstable();
    }
    let mut verdict = life.end();
    if (replaced as usize) < goal {
        let problem = format!("only {replaced} of {goal} nodes could be replaced");
        verdict.problems.push(problem);
    }
    Churn {
        verdict,
        replaced: (replaced as usize, usize::from(nodes)),
        times,
    }
}
