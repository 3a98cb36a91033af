//! A hundred small worlds: six devices of three people, bad weather, nodes that die and lie, devices that crash. Whatever was
//! accepted for sending arrives exactly once: at every device of the recipient, and at the sender's other device.
//!
//! `ONIONSKIN_SEED=17` runs one world of the hundred, `ONIONSKIN_WORLDS=3` only the first three of each quarter.
#![allow(clippy::unwrap_used)]

use onionskin_client::api::Delivery;
use onionskin_protocol::entropy::draw;
use onionskin_sim::transport::Air;
use onionskin_sim::world::{Client, World};
use onionskin_testnet::network::{Fault, Weather};
use onionskin_testnet::random::SeededEntropy;
use std::panic::{AssertUnwindSafe, catch_unwind};

const PEOPLE: u8 = 3;
const DEVICES: usize = 6;
const ROUNDS: usize = 3;

fn dice(chance: &mut SeededEntropy, below: u64) -> u64 {
    u64::from_le_bytes(draw(chance)) % below
}

/// Who sent what to whom.
struct Sent {
    from: usize,
    to: usize,
    text: String,
}

fn live(seed: u64) {
    let mut chance = SeededEntropy::new(seed ^ 0x5eed);
    let world = World::new(seed, 8, 2);
    world.network.weather(Weather {
        loss_permille: 15,
        min_ms: 10,
        max_ms: 250,
    });
    world.air.set(Air {
        twice: 60,
        jitter: 300,
        mute: 30,
        ..Air::default()
    });
    let mut clients: Vec<Client> = (0..DEVICES)
        .map(|device| {
            let skew = dice(&mut chance, 240_000) as i64 - 120_000;
            world.skewed_client(
                1 + device as u8 % PEOPLE,
                &format!("person {}", device as u8 % PEOPLE),
                skew,
            )
        })
        .collect();
    let mut sent: Vec<Sent> = Vec::new();
    for round in 0..ROUNDS {
        // One node is ill for one round.
        let ill = dice(&mut chance, 8) as usize;
        let fault = [
            Fault::Stop,
            Fault::Hang,
            Fault::Slow(4_000),
            Fault::Corrupt,
            Fault::Lie,
            Fault::NotReady,
        ];
        world
            .network
            .fault(ill, fault[dice(&mut chance, 6) as usize]);
        let plan: Vec<(u64, usize, usize)> = (0..3)
            .map(|_| {
                (
                    dice(&mut chance, 8_000),
                    dice(&mut chance, 6) as usize,
                    dice(&mut chance, 3) as usize,
                )
            })
            .collect();
        let all: Vec<&Client> = clients.iter().collect();
        let story = async {
            for (number, (wait, from, to)) in plan.iter().enumerate() {
                world.wait(*wait).await;
                let text = format!("{seed}/{round}/{number} from {from}");
                all[*from].send(&all[*to].id, &text).await;
                sent.push(Sent {
                    from: *from,
                    to: *to,
                    text,
                });
            }
            world.wait(dice(&mut chance, 6_000)).await;
        };
        world.run(&all, story);
        world.network.fault(ill, Fault::Start);
        // Two devices crash, whatever they were doing.
        for _ in 0..2 {
            let device = dice(&mut chance, DEVICES as u64) as usize;
            let reopened = world.reopen(clients.remove(device));
            clients.insert(device, reopened);
        }
    }
    world.network.weather(Weather {
        loss_permille: 0,
        min_ms: 10,
        max_ms: 250,
    });
    world.air.set(Air {
        jitter: 100,
        ..Air::default()
    });
    let all: Vec<&Client> = clients.iter().collect();
    let arrived = async |client: &Client, message: &Sent, partner: &str| -> usize {
        client
            .texts(partner)
            .await
            .iter()
            .filter(|text| **text == message.text)
            .count()
    };
    world.run(&all, async {
        for message in &sent {
            let (from, to) = (&all[message.from], &all[message.to]);
            for client in &all {
                let partner = match (client.id == from.id, client.id == to.id) {
                    (true, _) => &to.id,
                    (_, true) => &from.id,
                    _ => continue,
                };
                let what = format!("{} at {}", message.text, client.id);
                if !world
                    .comes(600_000, async || {
                        arrived(client, message, partner).await > 0
                    })
                    .await
                {
                    panic!("{what} is missing\n{}", world.report(&all).await);
                }
            }
        }
        // Whatever would come a second time has its chance.
        world.wait(60_000).await;
        for message in &sent {
            let (from, to) = (&all[message.from], &all[message.to]);
            for client in &all {
                let partner = if client.id == from.id {
                    &to.id
                } else {
                    &from.id
                };
                let expected = usize::from(client.id == from.id || client.id == to.id);
                let count = arrived(client, message, partner).await;
                assert_eq!(count, expected, "{} at {}", message.text, client.id);
            }
            let timeline = from.timeline(&to.id).await;
            let own = timeline
                .iter()
                .find(|own| own.text == message.text)
                .unwrap();
            assert!(
                matches!(own.delivery, Delivery::Synced { confirmed: 1.., .. }),
                "{:?}",
                own.delivery
            );
        }
        for client in &all {
            for partner in &all {
                let timeline = client.timeline(&partner.id).await;
                assert!(timeline.is_sorted_by_key(|message| (message.sent_at, message.id)));
            }
        }
    });
}

/// Worlds that each of the four tests runs; together a hundred.
const WORLDS: u64 = 25;

fn live_through(first: u64) {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        text.parse::<u64>().ok()
    };
    let seeds = match number("ONIONSKIN_SEED") {
        Some(seed) if (first..first + WORLDS).contains(&seed) => seed..seed + 1,
        Some(_) => return,
        None => first..first + number("ONIONSKIN_WORLDS").unwrap_or(WORLDS).min(WORLDS),
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| live(seed))) {
            eprintln!("the world of seed {seed} failed; ONIONSKIN_SEED={seed} runs it again");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn every_accepted_message_arrives_exactly_once_at_every_device_in_worlds_0_to_24() {
    live_through(0);
}

#[test]
fn every_accepted_message_arrives_exactly_once_at_every_device_in_worlds_25_to_49() {
    live_through(25);
}

#[test]
fn every_accepted_message_arrives_exactly_once_at_every_device_in_worlds_50_to_74() {
    live_through(50);
}

#[test]
fn every_accepted_message_arrives_exactly_once_at_every_device_in_worlds_75_to_99() {
    live_through(75);
}
