//! Two thousand nodes and hundreds of people: what one client costs in memory and processor time, however many there are.

use crate::life::{Life, Verdict};
use crate::plan::Act;
use crate::transport::Air;
use crate::world::World;
use onionskin_testnet::network::{Sleeper, Weather};
use std::fs;
use std::time::Instant;

/// Time in which everybody sends one message and polls (virtual ms).
const SPAN: u64 = 120_000;

/// What so many clients cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Clients.
    pub clients: usize,
    /// Resident memory of the process before there were clients, and now (KiB).
    pub memory: (u64, u64),
    /// Processor time of the span (ms).
    pub cpu: u64,
    /// Messages that did not come, and what else was wrong.
    pub verdict: Verdict,
}

impl Cost {
    /// Memory of one client (KiB).
    pub fn memory_each(&self) -> u64 {
        self.memory.1.saturating_sub(self.memory.0) / self.clients as u64
    }
    /// Processor time of one client for the whole span (ms).
    pub fn cpu_each(&self) -> f64 {
        self.cpu as f64 / self.clients as f64
    }
}

/// So many clients among so many nodes.
pub fn run(nodes: u16, clients: usize) -> Cost {
    let world = World::new(1, nodes, usize::from(nodes / 8).max(2));
    world.network.weather(Weather {
        loss_permille: 1,
        min_ms: 10,
        max_ms: 120,
    });
    world.air.set(Air {
        jitter: 50,
        ..Air::default()
    });
    world.onions.unseen.set(true);
    let before = resident();
    let (start, started) = (cpu(), Instant::now());
    let devices: Vec<(u8, i64)> = (0..clients).map(|n| (1 + (n % 250) as u8, 0)).collect();
    let mut life = Life::new(world, &devices, 1);
    life.run(async |life| {
        let end = life.world.time.now().plus_millis(SPAN);
        for device in 0..clients {
            let people = clients.min(250);
            let to = 1 + ((device + 1) % people) as u8;
            life.act(&Act::Send {
                device,
                to,
                text: format!("{device}"),
            });
            life.world.wait(SPAN / 4 / clients as u64).await;
        }
        life.world
            .wait(end.millis_since(life.world.time.now()))
            .await;
    });
    let cpu = cpu()
        .zip(start)
        .map_or(started.elapsed().as_millis() as u64, |(now, then)| {
            now - then
        });
    let memory = (before, resident());
    let verdict = life.end_at_once();
    Cost {
        clients,
        memory,
        cpu,
        verdict,
    }
}

/// Resident memory of this process (KiB); 0 where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or(0)
}

/// Processor time of this process so far (ms), in steps of 10 ms; nothing where the system does not tell.
fn cpu() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold anything, so what follows its last bracket is counted.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((ticks(11)? + ticks(12)?) * 10)
}
