//! One small story, told once for every point at which a device can die in it.
//!
//! Anna (device 0) writes to Boris and to herself, Boris answers, Anna accepts by answering again; her second device (2)
//! only listens. Device 0 or device 1 dies after its k-th poll, with the commits that were not flushed or without them. How
//! many polls there are is told by a telling in which nobody dies.

use crate::life::{Life, Verdict};
use crate::plan::Act;
use crate::transport::Air;
use crate::world::World;
use onionskin_testnet::network::Weather;

/// Nodes and swarms of this world: each swarm has one member, so that no other one makes good what a device forgets.
const NODES: (u16, usize) = (8, 8);
/// Its devices: person and clock (ms).
const DEVICES: [(u8, i64); 3] = [(1, 0), (2, 1_500), (1, -900)];
/// Those that die.
const MORTAL: usize = 2;
/// A crash that takes all it can, and one that takes nothing.
const LOST: [usize; 2] = [usize::MAX, 0];

/// A crash of the sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Number of the device.
    pub device: usize,
    /// After which of its polls.
    pub poll: u64,
    /// Commits that were not flushed and go with it.
    pub lost: usize,
}

/// Every crash that there can be, or every `every`th of them.
pub fn all(every: u64) -> Vec<Crash> {
    let mut life = life();
    tell_story(&mut life, None);
    let polls: Vec<u64> = life.devices.iter().map(|device| device.polls()).collect();
    let each = polls.iter().take(MORTAL).enumerate();
    let all = each.flat_map(|(device, polls)| {
        (1..=*polls).flat_map(move |poll| LOST.map(|lost| Crash { device, poll, lost }))
    });
    all.step_by(usize::try_from(every).unwrap_or(1).max(1))
        .collect()
}

/// Tells the story with a crash and judges.
pub fn survive(crash: Crash) -> Verdict {
    let mut life = life();
    tell_story(&mut life, Some(crash));
    life.end()
}

fn life() -> Life {
    let world = World::new(7, NODES.0, NODES.1);
    world.network.weather(Weather {
        loss_permille: 0,
        min_ms: 5,
        max_ms: 60,
    });
    world.air.set(Air {
        jitter: 40,
        ..Air::default()
    });
    Life::new(world, &DEVICES, 7)
}

fn tell_story(life: &mut Life, crash: Option<Crash>) {
    if let Some(crash) = crash {
        life.devices[crash.device].crash_after(crash.poll, crash.lost);
    }
    life.run(async |life| {
        let send = |device, to, text: &str| Act::Send {
            device,
            to,
            text: text.to_owned(),
        };
        life.act(&send(0, 2, "one"));
        life.world.wait(3_000).await;
        life.act(&send(0, 1, "a note"));
        life.act(&send(0, 2, "two"));
        life.world.wait(6_000).await;
        life.act(&send(1, 1, "three"));
        life.world.wait(6_000).await;
        life.act(&send(0, 2, "four"));
        life.world.wait(8_000).await;
    });
}
