//! One world from its beginning to its judgement: what the plan says happens, then the network heals, and everything that
//! was accepted has to arrive.

use crate::deeds::{Deed, Done, SHORT};
use crate::device::{Device, Order, Outcome, Wish, lives};
use crate::judge::Judge;
use crate::plan::{Act, Dice, Plan};
use crate::transport::Air;
use crate::world::{World, account_of};
use futures::future::{Either, select};
use onionskin_client::api::Command;
use onionskin_protocol::id::Namespace;
use onionskin_testnet::network::{Fault, Sleeper, Weather};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

/// After the network healed everything arrives within this time (ms). What only nodes hold that joined meanwhile is found
/// when the node list is fetched again, every two hours.
const PATIENCE: u64 = 2 * 3_600_000 + 900_000;
/// Whatever would come a second time has so long (ms): every member of a swarm is polled once more.
const AFTERWARDS: u64 = 60_000;
/// How long devices of one account have to become equal after everything has come (ms).
const SETTLING: u64 = 600_000;
/// Between looks at whether all is there (ms).
const LOOK: u64 = 4_000;

/// What became of a world.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What did not hold, in words. Empty: all is well.
    pub problems: Vec<String>,
    /// Messages that were accepted.
    pub messages: usize,
    /// Onions that left.
    pub onions: u64,
    /// Crashes of devices.
    pub crashes: u32,
    /// Two messages had one name, so that nothing can be said.
    pub undecided: bool,
}

/// A message and what its sender was told.
pub struct Sent {
    /// Number of the device.
    pub from: usize,
    /// Number of the recipient.
    pub to: u8,
    /// What.
    pub text: String,
    order: Rc<Order>,
}

impl Sent {
    /// What the sender was told about it.
    pub fn outcome(&self) -> Outcome {
        self.order.outcome()
    }
}

/// A world in motion.
pub struct Life {
    /// Network and time.
    pub world: Rc<World>,
    /// The devices, as the plan numbers them.
    pub devices: Rc<[Device]>,
    /// Everything that was sent.
    pub sent: Vec<Sent>,
    /// What people did with messages that were there.
    pub done: Vec<Done>,
    /// Messages disappear before the world ends.
    pub short: bool,
    /// Messages that nobody can read, by the account that got them.
    pub garbage: Vec<u8>,
    /// A node that gives altered copies was there.
    pub forged: bool,
    /// Nodes that stopped for good.
    gone: BTreeSet<usize>,
    dice: Dice,
    originals: usize,
}

/// Lives the world of a plan.
pub fn live(plan: &Plan) -> Verdict {
    let world = World::new(plan.seed, plan.nodes, plan.swarms);
    world.network.weather(plan.weather);
    world.air.set(plan.air);
    let mut life = Life::new(world, &plan.devices, plan.seed);
    life.short = plan.short;
    life.run(async |life| {
        let start = life.world.time.now();
        for (at, act) in &plan.acts {
            let passed = life.world.time.now().millis_since(start);
            life.world.wait(at.saturating_sub(passed)).await;
            life.act(act);
        }
        life.world.wait(3_000).await;
    });
    life.end()
}

impl Life {
    /// Devices in a world; for each its person and how far its clock is off (ms).
    pub fn new(world: World, devices: &[(u8, i64)], seed: u64) -> Self {
        let originals = world.network.list().len();
        let world = Rc::new(world);
        let devices = devices
            .iter()
            .map(|(person, skew)| Device::new(&world, *person, *skew))
            .collect();
        Self {
            world,
            devices,
            sent: Vec::new(),
            done: Vec::new(),
            short: false,
            garbage: Vec::new(),
            forged: false,
            gone: BTreeSet::new(),
            dice: Dice::new(!seed),
            originals,
        }
    }

    /// Tells a story while the devices live. What they are doing at its end is cut off.
    pub fn run<T>(&mut self, story: impl AsyncFnOnce(&mut Self) -> T) -> T {
        let (world, devices) = (Rc::clone(&self.world), Rc::clone(&self.devices));
        world.time.run(beside(lives(&devices), story(self)))
    }

    /// Heals the network, waits for what has to come, and judges.
    pub fn end(&mut self) -> Verdict {
        self.run(async |life| {
            life.heal();
            let judge = Judge::new(life);
            let end = life.world.time.now().plus_millis(PATIENCE);
            let mut problems;
            loop {
                problems = judge.missing().await;
                if problems.is_empty() || life.world.time.now() >= end {
                    break;
                }
                life.world.wait(LOOK).await;
            }
            let end = life.world.time.now().plus_millis(SETTLING);
            while !judge.unequal().await.is_empty() && life.world.time.now() < end {
                life.world.wait(LOOK).await;
            }
            if problems.is_empty() {
                life.world.wait(AFTERWARDS).await;
                if life.short {
                    life.world.wait(u64::from(SHORT) * 1_000).await;
                }
                problems = judge.everything().await;
            }
            problems.extend(judge.unequal().await);
            let before = judge.texts().await;
            let crashes = life.devices.iter().map(Device::crashes).sum();
            for device in life.devices.iter() {
                device.crash_after(1, 0);
            }
            life.world.wait(10_000).await;
            if judge.texts().await != before {
                problems.push("conversations are others after opening them again".into());
            }
            let undecided = judge.is_undecided().await;
            if undecided {
                problems.clear();
            }
            Verdict {
                problems,
                messages: life.sent.len(),
                onions: life.world.onions.count.get(),
                crashes,
                undecided,
            }
        })
    }
}

/// Runs a story beside something that never ends.
async fn beside<T>(lives: impl Future<Output = ()>, story: impl Future<Output = T>) -> T {
    match select(pin!(story), pin!(lives)).await {
        Either::Left((end, _)) => end,
        Either::Right(_) => unreachable!("devices live for ever"),
    }
}

impl Life {
    /// Judges what has to have come by now, without waiting for anything.
    pub fn end_at_once(&mut self) -> Verdict {
        self.run(async |life| Verdict {
            problems: Judge::new(life).missing().await,
            messages: life.sent.len(),
            onions: life.world.onions.count.get(),
            crashes: 0,
            undecided: false,
        })
    }

    /// Makes something happen.
    pub fn act(&mut self, act: &Act) {
        let network = &self.world.network;
        match act {
            Act::Send { device, to, text } => self.send(*device, *to, text.clone()),
            Act::Wish(device, wish) => {
                self.devices[*device].wish(wish.clone());
            }
            Act::Deed { device, who, deed } => self.deed(*device, *who, deed),
            Act::Fault(node, fault) => {
                self.forged |= *fault == Fault::Forge;
                if !self.gone.contains(node) {
                    network.fault(*node, *fault);
                }
            }
            Act::Liars(person) => {
                let owner = account_of(*person).id().swarm_id();
                for node in network.members_for(&owner) {
                    network.fault(node, Fault::Lie);
                }
            }
            Act::Honest => self.cure(),
            Act::Skew(node, ms) => {
                network.skew(*node, *ms);
            }
            Act::Partition(groups) => network.partition(groups),
            Act::Relay { down } => self.world.air.set(Air {
                down: *down,
                ..self.world.air.get()
            }),
            Act::Replace => {
                self.replace();
            }
            Act::Move => self.move_node(),
            Act::Crash {
                device,
                polls,
                lost,
            } => self.devices[*device].crash_after(*polls, *lost),
            Act::Garbage(person) => {
                let bytes: Vec<u8> = (0..200).map(|_| self.dice.below(256) as u8).collect();
                let owner = account_of(*person).id().swarm_id();
                network.inject(&owner, Namespace::DEFAULT, &bytes);
                self.garbage.push(*person);
            }
        }
    }

    /// A person writes.
    pub fn send(&mut self, from: usize, to: u8, text: String) {
        let wish = Wish::Send {
            to: account_of(to).id().to_string(),
            text: text.clone(),
        };
        let order = self.devices[from].wish(wish);
        self.sent.push(Sent {
            from,
            to,
            text,
            order,
        });
    }

    /// A person does something with messages that are there.
    fn deed(&mut self, from: usize, to: u8, deed: &Deed) {
        let order = self.devices[from].wish(Wish::Deed {
            who: to,
            deed: deed.clone(),
        });
        if let Deed::Reply(text) = deed {
            let text = text.clone();
            let order = Rc::clone(&order);
            self.sent.push(Sent {
                from,
                to,
                text,
                order,
            });
        }
        self.done.push(Done {
            device: from,
            who: to,
            order,
        });
    }

    /// One of the first nodes stops for good and another one joins its swarm, when that can be: half of each swarm's first
    /// members stay, and nothing is lost for ever that only one node had. False: it cannot be now.
    pub fn replace(&mut self) -> bool {
        let network = &self.world.network;
        let nodes = network.nodes();
        let firsts = |swarm: &str, gone: bool| {
            nodes[..self.originals]
                .iter()
                .filter(|node| node.swarm == swarm && self.gone.contains(&node.index) == gone)
                .count()
        };
        let candidates: Vec<usize> = nodes[..self.originals]
            .iter()
            .filter(|node| !self.gone.contains(&node.index) && !network.holds_alone(node.index))
            .filter(|node| firsts(&node.swarm, true) < firsts(&node.swarm, false))
            .map(|node| node.index)
            .collect();
        if candidates.is_empty() {
            return false;
        }
        let node = candidates[self.dice.index(candidates.len())];
        let swarm = u64::from_str_radix(&nodes[node].swarm, 16).unwrap();
        network.leave(node);
        self.gone.insert(node);
        network.join(swarm).unwrap();
        true
    }

    /// A node goes to another swarm; two stay in its own.
    fn move_node(&mut self) {
        let network = &self.world.network;
        let nodes = network.nodes();
        let listed: Vec<_> = nodes
            .iter()
            .filter(|node| !self.gone.contains(&node.index))
            .collect();
        let node = listed[self.dice.index(listed.len())];
        let company = listed
            .iter()
            .filter(|other| other.swarm == node.swarm)
            .count();
        let swarms = network.swarms();
        let swarm = swarms[self.dice.index(swarms.len())];
        if company > 2 && format!("{swarm:x}") != node.swarm {
            network.move_node(node.index, swarm).unwrap();
        }
    }

    fn cure(&self) {
        let network = &self.world.network;
        for node in network.nodes() {
            if !self.gone.contains(&node.index) {
                network.fault(node.index, Fault::Start);
            }
        }
    }

    /// Takes everything away that is wrong with the network and the devices.
    pub fn heal(&mut self) {
        self.cure();
        let network = &self.world.network;
        for node in network.nodes() {
            network.skew(node.index, 0);
        }
        network.partition(&[]);
        network.weather(Weather {
            loss_permille: 0,
            min_ms: 10,
            max_ms: 250,
        });
        self.world.air.set(Air {
            jitter: 100,
            ..Air::default()
        });
        for device in self.devices.iter() {
            device.spare();
            device.wish(Wish::Do(Command::SetOffline { offline: false }));
            device.wish(Wish::Do(Command::SetVisible { visible: true }));
        }
    }
}
