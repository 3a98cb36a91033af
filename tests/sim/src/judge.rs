//! What has to be so when the network has healed. Everything here is said in words for the report of a failing seed.

use crate::device::{Device, Outcome};
use crate::life::{Life, Sent};
use crate::store::Held;
use crate::world::account_of;
use onionskin_client::api::{Answer, Command, Delivery, Message, MessageKind};
use onionskin_client::ports::Table;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that a record needs beside its text, at most.
const RECORD: usize = 512;
/// Bytes that a node needs in the records of a device, at most.
const NODE: usize = 400;

/// Timelines of one device by the other side's Account ID.
type Timelines = BTreeMap<String, Vec<Message>>;

/// Compares what is with what was sent.
pub struct Judge<'a> {
    life: &'a Life,
}

impl<'a> Judge<'a> {
    /// Over a world.
    pub fn new(life: &'a Life) -> Self {
        Self { life }
    }

    /// What each device shows.
    async fn contents(&self) -> Vec<Timelines> {
        let mut contents = Vec::with_capacity(self.life.devices.len());
        for device in self.life.devices.iter() {
            contents.push(timelines(device).await);
        }
        contents
    }

    /// The texts that each device shows, by the other side.
    pub async fn texts(&self) -> Vec<BTreeMap<String, Vec<String>>> {
        let texts = |timelines: Timelines| {
            let texts = |list: Vec<Message>| list.into_iter().map(|message| message.text).collect();
            timelines
                .into_iter()
                .map(|(partner, list)| (partner, texts(list)))
                .collect()
        };
        self.contents().await.into_iter().map(texts).collect()
    }

    /// What has not arrived everywhere, or is not known to have.
    pub async fn missing(&self) -> Vec<String> {
        self.missing_of(&self.contents().await)
    }

    fn missing_of(&self, contents: &[Timelines]) -> Vec<String> {
        let mut missing = Vec::new();
        for sent in &self.life.sent {
            let from = account_of(self.life.devices[sent.from].person)
                .id()
                .to_string();
            let to = account_of(sent.to).id().to_string();
            let own = find(&contents[sent.from], &to, &sent.text);
            let name = short(&sent.text);
            match (sent.outcome(), own) {
                (Outcome::Refused(why), _) => missing.push(format!("{name} was refused: {why:?}")),
                // The device died before it was written down, and nobody was told otherwise.
                (Outcome::Waiting | Outcome::Interrupted, None) => continue,
                (_, own) => match own.map(|message| message.delivery) {
                    Some(Delivery::Synced { confirmed: 1.., .. }) => {}
                    other => missing.push(format!(
                        "{name} of device {} to person {} stands at {other:?}",
                        sent.from, sent.to
                    )),
                },
            }
            for (number, device) in self.life.devices.iter().enumerate() {
                let partner = match (device.id == from, device.id == to) {
                    (true, _) => &to,
                    (_, true) => &from,
                    _ => continue,
                };
                if find(&contents[number], partner, &sent.text).is_none() {
                    let holders = self.holders(&device.id);
                    missing.push(format!(
                        "{name} of device {} is missing at device {number} of person {}; their swarm holds {holders}",
                        sent.from, device.person
                    ));
                }
            }
        }
        missing
    }

    fn holders(&self, id: &str) -> String {
        let held = self.life.world.network.messages(&swarm_id(id));
        let count =
            |(node, messages): &(usize, Vec<_>)| format!("{} at node {node}", messages.len());
        held.iter().map(count).collect::<Vec<_>>().join(", ")
    }

    /// What the swarm of an account holds.
    fn hashes(&self, id: &str) -> BTreeSet<String> {
        let held = self.life.world.network.messages(&swarm_id(id));
        let held = held.into_iter().flat_map(|(_, held)| held);
        held.map(|message| message.hash).collect()
    }

    /// Everything that has to be so.
    pub async fn everything(&self) -> Vec<String> {
        let contents = self.contents().await;
        let mut problems = self.missing_of(&contents);
        for (number, device) in self.life.devices.iter().enumerate() {
            self.exactly_once(number, &contents[number], &mut problems);
            self.same_order(number, &contents, &mut problems);
            self.bounded(number, device, &contents[number], &mut problems)
                .await;
        }
        self.swarms_hold_each_message_once(&contents, &mut problems);
        problems.extend(self.life.world.onions.wrong.borrow().iter().cloned());
        problems
    }

    /// No text twice, none that nobody sent, none under another name, ordered by time.
    fn exactly_once(&self, number: usize, timelines: &Timelines, problems: &mut Vec<String>) {
        let devices = &self.life.devices;
        let id = &devices[number].id;
        for (partner, timeline) in timelines {
            if !timeline.is_sorted_by_key(|message| (message.sent_at, message.id)) {
                problems.push(format!("a timeline of device {number} is not in order"));
            }
            let mut seen = BTreeSet::new();
            for message in timeline
                .iter()
                .filter(|message| message.kind == MessageKind::Text)
            {
                let name = short(&message.text);
                if !seen.insert(&message.text) {
                    problems.push(format!("{name} is there twice at device {number}"));
                }
                let sent = self.life.sent.iter().find(|sent| sent.text == message.text);
                let is_right = sent.is_some_and(|sent| {
                    let author = &devices[sent.from].id;
                    let to = account_of(sent.to).id().to_string();
                    let other = if author == id { &to } else { author };
                    message.author == *author && message.mine == (author == id) && other == partner
                });
                if !is_right {
                    problems.push(format!("nobody sent {name} as device {number} shows it"));
                }
            }
        }
    }

    /// Every device that shows a conversation shows it in the same order, and each sender's messages in the order in which
    /// that device sent them.
    fn same_order(&self, number: usize, contents: &[Timelines], problems: &mut Vec<String>) {
        let id = &self.life.devices[number].id;
        for (partner, timeline) in &contents[number] {
            let here = texts(timeline);
            for (other, device) in self.life.devices.iter().enumerate().skip(number + 1) {
                let there = match (device.id == *id, device.id == *partner) {
                    (true, _) => contents[other].get(partner),
                    (_, true) => contents[other].get(id),
                    _ => continue,
                };
                if there.is_some_and(|there| texts(there) != here) {
                    problems.push(format!(
                        "devices {number} and {other} differ: {:?} and {:?}",
                        here.iter().map(|text| short(text)).collect::<Vec<_>>(),
                        there.map(|there| texts(there)
                            .iter()
                            .map(|text| short(text))
                            .collect::<Vec<_>>())
                    ));
                }
            }
            let own: Vec<&str> = self
                .life
                .sent
                .iter()
                .filter(|sent| sent.from == number && here.contains(&sent.text.as_str()))
                .map(|sent| sent.text.as_str())
                .collect();
            let mut shown = here.clone();
            shown.retain(|text| own.contains(text));
            if shown != own {
                problems.push(format!(
                    "device {number} shows its own messages out of order"
                ));
            }
        }
    }

    /// A repeat after a crash is the same bytes, so a swarm holds it once.
    fn swarms_hold_each_message_once(&self, contents: &[Timelines], problems: &mut Vec<String>) {
        for person in 1..=self.people() {
            let id = account_of(person).id().to_string();
            let counts = |sent: &&Sent| {
                let to = account_of(sent.to).id().to_string();
                let written = find(&contents[sent.from], &to, &sent.text).is_some();
                let mine = self.life.devices[sent.from].person == person;
                written && (mine || sent.to == person)
            };
            let least = self.life.sent.iter().filter(counts).count()
                + self.life.garbage.iter().filter(|to| **to == person).count();
            // A device tells at most once that it accepts somebody.
            let most = least + self.life.devices.len();
            let held = self.hashes(&id);
            if !(least..=most).contains(&held.len()) {
                problems.push(format!(
                    "the swarm of person {person} holds {} messages, not {least} to {most}",
                    held.len()
                ));
            }
        }
    }

    /// Nothing grows but with what there is to show.
    async fn bounded(
        &self,
        number: usize,
        device: &Device,
        timelines: &Timelines,
        problems: &mut Vec<String>,
    ) {
        let people = usize::from(self.people());
        let nodes = self.life.world.network.nodes().len();
        let shown: usize = timelines.values().map(Vec::len).sum();
        let text: usize = timelines
            .values()
            .flatten()
            .map(|message| message.text.len())
            .sum();
        let garbage = self.life.garbage.len();
        // With each message its author and its local name; with each that came its hash and when that may be forgotten.
        let came = shown + self.life.devices.len() + garbage;
        let came = if self.life.forged { 2 * came } else { came };
        let limits = [
            (Table::Account, 3),
            (Table::Network, 5),
            (Table::Swarm, people + nodes),
            (Table::Conversation, people),
            (Table::Message, shown),
            (Table::Index, 2 * shown + 2 * came),
            (Table::Outbox, 0),
            (
                Table::Quarantine,
                if self.life.forged { came } else { garbage },
            ),
        ];
        let held = device.store.held().await;
        for (table, most) in limits {
            let Held { records, .. } = held.get(&table).copied().unwrap_or_default();
            if records > most {
                problems.push(format!(
                    "device {number} has {records} records in {table:?}, more than {most}"
                ));
            }
        }
        // What came must be known again by its hash, and what is shown by its author and its name.
        let own = |text: &str| {
            let mut sent = self.life.sent.iter();
            sent.any(|sent| sent.from == number && sent.text == text)
        };
        let texts = timelines.values().flat_map(|timeline| texts(timeline));
        let received = texts.filter(|text| !own(text)).count();
        let index = held.get(&Table::Index).copied().unwrap_or_default();
        if index.records < 2 * shown + 2 * received {
            problems.push(format!(
                "device {number} remembers only {} names of {shown} messages, of which {received} came",
                index.records
            ));
        }
        let bytes: usize = held.values().map(|held| held.bytes).sum();
        let records: usize = held.values().map(|held| held.records).sum();
        let most = RECORD * records + NODE * nodes * (1 + people) + 2 * text + 4_096 * came;
        if bytes > most {
            problems.push(format!(
                "device {number} keeps {bytes} bytes, more than {most}"
            ));
        }
        let Some(client) = device.client() else {
            return;
        };
        if let Ok(Answer::Network(status)) = client.engine.handle(Command::GetNetwork).await
            && (status.queued > 0 || status.nodes as usize > nodes)
        {
            problems.push(format!(
                "device {number} says {status:?}, with {nodes} nodes"
            ));
        }
    }

    fn people(&self) -> u8 {
        let people = self.life.devices.iter().map(|device| device.person);
        people
            .chain(self.life.sent.iter().map(|sent| sent.to))
            .max()
            .unwrap_or(0)
    }
}

async fn timelines(device: &Device) -> Timelines {
    let mut timelines = Timelines::new();
    if let Some(client) = device.client() {
        for row in client.conversations().await {
            let timeline = client.timeline(&row.account_id).await;
            timelines.insert(row.account_id, timeline);
        }
    }
    timelines
}

fn find<'a>(timelines: &'a Timelines, partner: &str, text: &str) -> Option<&'a Message> {
    timelines
        .get(partner)?
        .iter()
        .find(|message| message.text == text)
}

fn texts(timeline: &[Message]) -> Vec<&str> {
    let texts = timeline
        .iter()
        .filter(|message| message.kind == MessageKind::Text);
    texts.map(|message| message.text.as_str()).collect()
}

fn short(text: &str) -> String {
    format!("{:?}", text.chars().take(24).collect::<String>())
}

fn swarm_id(id: &str) -> onionskin_protocol::id::SwarmId {
    id.parse::<onionskin_protocol::id::AccountId>()
        .unwrap()
        .swarm_id()
}
