//! What happens in the world of a seed: who lives there, how bad the network is, and what goes wrong when.

use crate::deeds::{self, Deed};
use crate::device::Wish;
use crate::transport::Air;
use onionskin_client::api::{Command, ConversationChange, Notify};
use onionskin_protocol::entropy::draw;
use onionskin_testnet::network::{Fault, Weather};
use onionskin_testnet::random::SeededEntropy;

/// The first of the people who have no device.
const STRANGER: u8 = 200;
/// Some time after the beginning of every world (network time, ms).
const START: u64 = 1_790_000_000_000;

/// Draws numbers from a seed.
pub struct Dice(SeededEntropy);

impl Dice {
    /// The dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed ^ 0xd1ce_0000_0000))
    }
    /// A number below `below`, which is above 0.
    pub fn below(&mut self, below: u64) -> u64 {
        u64::from_le_bytes(draw(&mut self.0)) % below
    }
    /// A number from `from` to `to`, both included.
    pub fn from_to(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }
    /// An index below `len`, which is above 0.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }
    /// True so many times of a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
    fn skew(&mut self, most: u64) -> i64 {
        self.from_to(0, 2 * most) as i64 - most as i64
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Act {
    /// A person writes.
    Send {
        /// Number of the device.
        device: usize,
        /// Number of the recipient.
        to: u8,
        /// What; no other text of the world is the same.
        text: String,
    },
    /// A person does something else.
    Wish(usize, Wish),
    /// A person does something with messages that are there.
    Deed {
        /// Number of the device.
        device: usize,
        /// With whom.
        who: u8,
        /// What.
        deed: Deed,
    },
    /// A node falls ill or is cured.
    Fault(usize, Fault),
    /// The whole swarm of a person lies.
    Liars(u8),
    /// All nodes that are there are cured.
    Honest,
    /// A node's clock is wrong (ms).
    Skew(usize, i64),
    /// Nodes are cut from each other; no groups: not any more.
    Partition(Vec<Vec<usize>>),
    /// The relay goes down or comes back.
    Relay {
        /// Which of both.
        down: bool,
    },
    /// A node stops for good and another one joins its swarm.
    Replace,
    /// A node goes to another swarm.
    Move,
    /// A device dies after so many polls, and loses so many commits that were not flushed.
    Crash {
        /// Number of the device.
        device: usize,
        /// Polls of its engine.
        polls: u64,
        /// Commits.
        lost: usize,
    },
    /// Bytes that nobody can read come into somebody's swarm.
    Garbage(u8),
}

/// The whole world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// From which it follows.
    pub seed: u64,
    /// Nodes at the beginning.
    pub nodes: u16,
    /// Swarms.
    pub swarms: usize,
    /// People, numbered from 1.
    pub people: u8,
    /// For each device its person and how far its clock is off (ms).
    pub devices: Vec<(u8, i64)>,
    /// Between nodes.
    pub weather: Weather,
    /// Between devices and guards.
    pub air: Air,
    /// Messages disappear before the world ends.
    pub short: bool,
    /// What happens, by time (ms after the beginning).
    pub acts: Vec<(u64, Act)>,
}

/// What was asked for on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Nodes; absent: drawn.
    pub nodes: Option<u16>,
    /// Devices; absent: drawn.
    pub devices: Option<usize>,
}

impl Plan {
    /// Draws the world of a seed.
    pub fn draw(seed: u64, size: Size) -> Self {
        let mut dice = Dice::new(seed);
        // Drawn even when it was asked for, so that the rest stays the same.
        let drawn = dice.from_to(8, 20) as u16;
        let nodes = size.nodes.unwrap_or(drawn).max(6);
        let swarms = dice.from_to(2, u64::from(nodes / 4).max(2)) as usize;
        let drawn = dice.from_to(3, 7) as usize;
        let devices = size.devices.unwrap_or(drawn).max(2);
        // Two or three devices for each, as a rule.
        let people = dice.from_to(2, (devices as u64 / 3).clamp(2, 60)) as u8;
        let devices: Vec<(u8, i64)> = (0..devices)
            .map(|device| {
                let most = if dice.percent(10) {
                    86_400_000
                } else {
                    120_000
                };
                (1 + (device % usize::from(people)) as u8, dice.skew(most))
            })
            .collect();
        let min_ms = dice.from_to(1, 60);
        let weather = Weather {
            loss_permille: dice.below(25) as u16,
            min_ms,
            max_ms: min_ms + dice.from_to(0, 300),
        };
        let air = Air {
            twice: dice.below(100),
            jitter: dice.below(400),
            mute: dice.below(40),
            down: false,
        };
        let mut plan = Self {
            seed,
            nodes,
            swarms,
            people,
            devices,
            weather,
            air,
            short: false,
            acts: Vec::new(),
        };
        let length = dice.from_to(20_000, 120_000);
        plan.people_act(&mut dice, length);
        plan.short = deeds::draw(&mut plan, &mut dice, length);
        plan.nodes_fail(&mut dice, length);
        plan.devices_die(&mut dice, length);
        plan.acts.sort_by_key(|(at, _)| *at);
        plan
    }

    /// How many devices the person with the most of them has.
    pub fn most_devices_of_one(&self) -> usize {
        let of = |person| {
            let devices = self.devices.iter();
            devices.filter(|(owner, _)| *owner == person).count()
        };
        (1..=self.people).map(of).max().unwrap_or(0)
    }

    fn at(&mut self, at: u64, act: Act) {
        self.acts.push((at, act));
    }

    fn people_act(&mut self, dice: &mut Dice, length: u64) {
        for number in 0..dice.from_to(5, 5 + 2 * self.devices.len() as u64) {
            let (at, device) = (dice.below(length), dice.index(self.devices.len()));
            let to = 1 + dice.below(u64::from(self.people)) as u8;
            let long = if dice.percent(10) {
                dice.below(1_500)
            } else {
                0
            };
            let text = format!("{}/{number} é{}", self.seed, "ß".repeat(long as usize));
            self.at(at, Act::Send { device, to, text });
        }
        for _ in 0..dice.below(6) {
            let (at, device) = (dice.below(length), dice.index(self.devices.len()));
            let (wish, undo) = match dice.below(5) {
                0 => (Wish::AcceptAndRead, None),
                1 => {
                    let command = |visible| Wish::Do(Command::SetVisible { visible });
                    (command(false), Some(command(true)))
                }
                2 => {
                    let command = |offline| Wish::Do(Command::SetOffline { offline });
                    (command(true), Some(command(false)))
                }
                3 => (Wish::Do(Command::Wake), None),
                _ => {
                    let name = format!("name {at}");
                    (Wish::Do(Command::SetDisplayName { name }), None)
                }
            };
            self.at(at, Act::Wish(device, wish));
            if let Some(undo) = undo {
                self.at(at + dice.below(length), Act::Wish(device, undo));
            }
        }
        for _ in 0..dice.below(3) {
            let to = 1 + dice.below(u64::from(self.people)) as u8;
            self.at(dice.below(length), Act::Garbage(to));
        }
        self.people_decide(dice, length);
    }

    /// Devices of one account change the same things, often at the same time.
    fn people_decide(&mut self, dice: &mut Dice, length: u64) {
        for number in 0..dice.below(8) {
            let (at, device) = (dice.below(length), dice.index(self.devices.len()));
            // Whoever is blocked is heard no more, so that is for strangers, who say nothing.
            let stranger = STRANGER + dice.below(3) as u8;
            // What one decides about notes to oneself stays on the device, but for their pin.
            let own = self.devices[device].0;
            let known = 1 + (own + dice.below(u64::from(self.people) - 1) as u8) % self.people;
            let (who, change) = match dice.below(7) {
                0 => (stranger, ConversationChange::Blocked(dice.percent(70))),
                1 => (known, ConversationChange::Pinned(dice.percent(70))),
                2 => (known, ConversationChange::Notify(Notify::Nothing)),
                3 => (stranger, ConversationChange::MutedUntil(Some(START + at))),
                4 => (known, ConversationChange::MarkedUnread(dice.percent(70))),
                5 => (own, ConversationChange::Pinned(true)),
                _ => {
                    let name = format!("nick {number}");
                    let who = if dice.percent(50) { known } else { stranger };
                    (who, ConversationChange::Nickname(name))
                }
            };
            self.at(at, Act::Wish(device, Wish::Change { who, change }));
        }
    }

    fn nodes_fail(&mut self, dice: &mut Dice, length: u64) {
        let nodes = usize::from(self.nodes);
        for _ in 0..dice.from_to(1, u64::from(self.nodes) / 4) {
            let (node, at) = (dice.index(nodes), dice.below(length));
            let fault = match dice.below(9) {
                0 => Fault::Stop,
                1 => Fault::Hang,
                2 => Fault::Slow(dice.from_to(500, 8_000)),
                3 => Fault::Corrupt,
                4 => Fault::DropStores,
                5 => Fault::Lie,
                6 => Fault::NotReady,
                7 => Fault::Forge,
                _ => Fault::Replay,
            };
            self.at(at, Act::Fault(node, fault));
            self.at(
                at + dice.from_to(5_000, 60_000),
                Act::Fault(node, Fault::Start),
            );
        }
        if dice.percent(30) {
            let skew = dice.skew(600_000);
            self.at(0, Act::Skew(dice.index(nodes), skew));
        }
        if dice.percent(20) {
            let person = 1 + dice.below(u64::from(self.people)) as u8;
            let at = dice.below(length);
            self.at(at, Act::Liars(person));
            self.at(at + dice.from_to(10_000, 60_000), Act::Honest);
        }
        if dice.percent(25) {
            let at = dice.below(length);
            let cut = (0..nodes).filter(|_| dice.percent(40)).collect();
            self.at(at, Act::Partition(vec![cut]));
            self.at(at + dice.from_to(5_000, 40_000), Act::Partition(Vec::new()));
        }
        if dice.percent(25) {
            let at = dice.below(length);
            self.at(at, Act::Relay { down: true });
            self.at(at + dice.from_to(2_000, 60_000), Act::Relay { down: false });
        }
        if dice.percent(40) {
            for _ in 0..dice.from_to(1, u64::from(self.nodes) / 2) {
                self.at(dice.below(length), Act::Replace);
            }
        }
        for _ in 0..dice.below(3) {
            self.at(dice.below(length), Act::Move);
        }
    }

    fn devices_die(&mut self, dice: &mut Dice, length: u64) {
        for _ in 0..dice.from_to(1, self.devices.len() as u64) {
            let device = dice.index(self.devices.len());
            let polls = dice.from_to(1, 200);
            let lost = if dice.percent(50) { dice.index(12) } else { 0 };
            self.at(
                dice.below(length),
                Act::Crash {
                    device,
                    polls,
                    lost,
                },
            );
        }
    }
}
