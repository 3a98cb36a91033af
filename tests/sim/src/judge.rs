//! What has to be so when the network has healed. Everything here is said in words for the report of a failing seed.

use crate::deeds::MAX_TIMERS;
use crate::device::{Device, Outcome};
use crate::life::{Life, Sent};
use crate::store::Held;
use crate::world::Client;
use crate::world::account_of;
use onionskin_client::api::{
    Answer, Command, Conversation, Delivery, Message, MessageKind, Notify, RequestState, SyncState,
    SyncStatus, Timer,
};
use onionskin_client::ports::Table;
use onionskin_protocol::config::{Config, Contacts, ConvoInfoVolatile, UserGroups, UserProfile};
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::message::decode;
use onionskin_protocol::time::Timestamp;
use onionskin_testnet::network::Sleeper as _;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that a record needs beside its text, at most.
const RECORD: usize = 512;
/// Bytes that a node needs in the records of a device, at most.
const NODE: usize = 400;

/// People without a device whom somebody may have decided about.
const STRANGERS: usize = 3;
/// Versions of a config that may lie in a swarm: a node that was away when the others deleted one still has it.
const SUPERSEDED: usize = 12;
/// Dumps of configs, and what a device knows beside them.
const CONFIGS: usize = 5;
/// Bytes of a config's dump beside what is in it, at most.
const CONFIG: usize = 6_000;
/// Bytes that a person needs in the configs of a device, at most.
const CONTACT: usize = 4_000;

/// What devices of one account share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    name: String,
    avatar: Option<u64>,
    rows: BTreeMap<String, Row>,
}

/// What they share of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    nickname: String,
    avatar: Option<u64>,
    request: RequestState,
    accepted: bool,
    blocked: bool,
    pinned: i64,
    notify: Notify,
    muted_until_s: Option<u64>,
    timer: Timer,
    unread: u32,
    marked_unread: bool,
}

impl From<Conversation> for Row {
    fn from(row: Conversation) -> Self {
        Self {
            name: row.name,
            nickname: row.nickname,
            avatar: row.avatar,
            request: row.request,
            accepted: row.accepted,
            blocked: row.blocked,
            pinned: row.pinned,
            notify: row.notify,
            muted_until_s: row.muted_until.map(|until| until.div_ceil(1_000)),
            timer: row.timer,
            unread: row.unread,
            marked_unread: row.marked_unread,
        }
    }
}

/// What a device shows of that.
pub async fn shared(client: &Client) -> Shared {
    let (name, avatar) = match client.engine.handle(Command::GetProfile).await {
        Ok(Answer::Profile(profile)) => (profile.name, profile.avatar),
        other => panic!("{other:?}"),
    };
    // That somebody opened their notes and wrote none is no news for other devices.
    let is_blank = |row: &Conversation| row.note_to_self && row.pinned == 0 && row.last.is_none();
    let rows = client.conversations().await.into_iter();
    let rows = rows.filter(|row| !is_blank(row));
    Shared {
        name,
        avatar,
        rows: rows
            .map(|row| (row.account_id.clone(), row.into()))
            .collect(),
    }
}

/// How a device says that it and the others agree.
pub async fn sync_state(client: &Client) -> SyncStatus {
    match client.engine.handle(Command::GetSync).await {
        Ok(Answer::Sync(status)) => status,
        other => panic!("{other:?}"),
    }
}

/// Timelines of one device by the other side's Account ID.
pub type Timelines = BTreeMap<String, Vec<Message>>;

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
            if self.life.taken_back(&sent.text, contents).is_some() {
                continue;
            }
            if own.is_some_and(|message| self.has_twin(sent, message, contents)) {
                continue;
            }
            // Whether it disappeared or was lost, nobody can say.
            let stays = own.is_some_and(|message| message.timer == Timer::Off);
            if self.life.short && !stays {
                continue;
            }
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
        missing.extend(self.life.differences(contents));
        missing
    }

    /// Whether two devices of one account sent something in the very same millisecond. The protocol names a message by author
    /// and time, so each device keeps the one of the two that it sees first, and nobody can say more of such a world.
    pub async fn is_undecided(&self) -> bool {
        let contents = self.contents().await;
        self.life.sent.iter().any(|sent| {
            let to = account_of(sent.to).id().to_string();
            find(&contents[sent.from], &to, &sent.text)
                .is_some_and(|message| self.has_twin(sent, message, &contents))
        })
    }

    /// Whether another device of the same account named something like this.
    fn has_twin(&self, sent: &Sent, shown: &Message, contents: &[Timelines]) -> bool {
        let from = |sent: &Sent| self.life.devices[sent.from].person;
        self.life.sent.iter().any(|other| {
            let to = account_of(other.to).id().to_string();
            // One device never gives a name twice.
            other.from != sent.from
                && from(other) == from(sent)
                && find(&contents[other.from], &to, &other.text)
                    .is_some_and(|message| message.sent_at == shown.sent_at)
        })
    }

    /// Devices of one account that do not show the same, or know that they do not.
    pub async fn unequal(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut first: BTreeMap<u8, (usize, Shared)> = BTreeMap::new();
        for (number, device) in self.life.devices.iter().enumerate() {
            let Some(client) = device.client() else {
                problems.push(format!("device {number} is down"));
                continue;
            };
            let status = sync_state(&client).await;
            if status.state != SyncState::Settled {
                problems.push(format!("device {number} says {status:?}"));
            }
            let shows = shared(&client).await;
            match first.get(&device.person) {
                Some((other, there)) if *there != shows => problems.push(format!(
                    "devices {other} and {number} of person {} differ: {there:?} and {shows:?}",
                    device.person
                )),
                Some(_) => {}
                None => {
                    first.insert(device.person, (number, shows));
                }
            }
        }
        problems
    }

    /// Of every config the swarm holds one version that contains all others, and few of those: what was superseded is
    /// deleted. A device that knows nothing takes it as it is, and has nothing to store.
    fn one_version_of_each_config(&self, problems: &mut Vec<String>) {
        for person in 1..=self.people() {
            let account = account_of(person);
            let key = account.ed25519();
            let stored = self.life.world.config_messages(&account.id().swarm_id());
            let configs: [&mut Config; 4] = [
                &mut UserProfile::new(key),
                &mut Contacts::new(key),
                &mut ConvoInfoVolatile::new(key),
                &mut UserGroups::new(key),
            ];
            for config in configs {
                let namespace = config.kind().namespace().0;
                let Some(stored) = stored.get(&namespace) else {
                    continue;
                };
                let versions: Vec<(MessageHash, &[u8])> = stored
                    .iter()
                    .filter_map(|(hash, data)| Some((MessageHash::parse(hash)?, data.as_slice())))
                    .collect();
                let merged = config.merge(&versions, self.life.world.time.now());
                let taken = merged.map_or(0, |merged| merged.accepted.len());
                if versions.len() > SUPERSEDED || taken < stored.len() || config.needs_push() {
                    problems.push(format!(
                        "the swarm of person {person} holds {} versions in namespace {namespace}, {taken} of them readable; a new device says {config:?}",
                        stored.len()
                    ));
                }
            }
        }
    }

    fn holders(&self, id: &str) -> String {
        let held = self.life.world.held(&swarm_id(id));
        let count =
            |(node, messages): &(usize, Vec<_>)| format!("{} at node {node}", messages.len());
        held.iter().map(count).collect::<Vec<_>>().join(", ")
    }

    /// What the swarm of an account holds.
    fn hashes(&self, id: &str) -> BTreeSet<String> {
        let held = self.life.world.held(&swarm_id(id));
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
        self.swarms_hold_no_other_bytes(&mut problems);
        self.one_version_of_each_config(&mut problems);
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
            // What people do with messages are messages as well, and what they took back is still held by others.
            let most = least + self.life.devices.len() + 2 * self.life.done.len() + MAX_TIMERS;
            let held = self.hashes(&id);
            if !(least..=most).contains(&held.len()) {
                problems.push(format!(
                    "the swarm of person {person} holds {} messages, not {least} to {most}",
                    held.len()
                ));
            }
        }
    }

    /// What one author sent at one time lies in a swarm in one form only: other bytes would have another hash, so every swarm
    /// would keep them, and every device fetch them, once more.
    fn swarms_hold_no_other_bytes(&self, problems: &mut Vec<String>) {
        for person in 1..=self.people() {
            let account = account_of(person);
            let held = self.life.world.held(&account.id().swarm_id());
            let held: BTreeMap<String, Vec<u8>> = held
                .into_iter()
                .flat_map(|(_, held)| held)
                .map(|message| (message.hash, message.data))
                .collect();
            let mut forms: BTreeMap<(String, Timestamp), usize> = BTreeMap::new();
            for incoming in held.values().filter_map(|data| decode(&account, data).ok()) {
                let name = (incoming.sender.to_string(), incoming.timestamp);
                *forms.entry(name).or_default() += 1;
            }
            for ((author, timestamp), count) in forms.into_iter().filter(|(_, count)| *count > 1) {
                problems.push(format!(
                    "the swarm of person {person} holds what {} sent at {timestamp} in {count} forms",
                    short(&author)
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
        let done = 2 * self.life.done.len() + MAX_TIMERS;
        let gone = self.life.sent.len();
        let came = shown + self.life.devices.len() + garbage + done;
        let came = if self.life.forged { 2 * came } else { came };
        let limits = [
            // The seed, the profile, the last timestamp, and what read the messages that did not open.
            (Table::Account, 4),
            (Table::Network, 5),
            // Cursors in five namespaces, and what was made to last.
            (Table::Swarm, people + 5 * nodes + 1),
            (Table::Conversation, people + STRANGERS),
            (Table::Message, shown),
            // Also with each that disappears its time, with each that is gone that it was there, and since when it is gone.
            (Table::Index, 3 * shown + 2 * came + 4 * gone),
            (Table::Outbox, 0),
            (Table::Config, CONFIGS),
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
        let configs = CONFIGS * CONFIG + (people + STRANGERS) * CONTACT;
        let most =
            RECORD * records + NODE * nodes * (1 + people) + 2 * text + 4_096 * came + configs;
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

pub(crate) fn find<'a>(timelines: &'a Timelines, partner: &str, text: &str) -> Option<&'a Message> {
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

pub(crate) fn short(text: &str) -> String {
    format!("{:?}", text.chars().take(24).collect::<String>())
}

fn swarm_id(id: &str) -> onionskin_protocol::id::SwarmId {
    id.parse::<onionskin_protocol::id::AccountId>()
        .unwrap()
        .swarm_id()
}
