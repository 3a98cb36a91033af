//! The work of the browser benchmark, each function a counted loop without any input or output of its own.
//! `tests/bench/browser.mjs` times it beside libsodium.js in the same page.

use onionskin_client::api::{ConversationId, Message, MessageId, SearchQuery};
use onionskin_client::search::Index;
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::config::Contacts;
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::hash::{blake2b, message_hash};
use onionskin_protocol::id::{AccountId, MessageHash};
use onionskin_protocol::keys::{Ed25519PublicKey, Ed25519SecretKey, X25519PublicKey};
use onionskin_protocol::message::proto;
use onionskin_protocol::onion::{self, Cipher, Destination};
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use wasm_bindgen::prelude::wasm_bindgen;

/// A counter as the source of "random" bytes: the benchmark measures the cipher, not the generator.
pub struct Counter(pub u64);

impl Entropy for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

fn node(seed: u8) -> (Ed25519PublicKey, X25519PublicKey) {
    let secret = Ed25519SecretKey::from_seed(&[seed; 32]);
    (secret.public(), secret.to_x25519().public())
}

/// Builds `times` requests of 1 kB through three nodes to a fourth; returns the bytes made.
#[wasm_bindgen]
pub fn onion_builds(times: u32) -> u32 {
    let hops = [node(1), node(2), node(3)];
    let (ed25519, x25519) = node(4);
    let destination = Destination::Node { ed25519, x25519 };
    let payload = [b'x'; 1024];
    let mut entropy = Counter(1);
    (0..times)
        .map(|_| {
            onion::build(
                &hops,
                &destination,
                &payload,
                Cipher::XChaCha20,
                &mut entropy,
            )
            .map_or(0, |request| request.body.len() as u32)
        })
        .sum()
}

/// Opens one message of 1 kB `times` times; returns how often that worked.
#[wasm_bindgen]
pub fn decrypts(times: u32) -> u32 {
    let sender = Account::from_seed(Seed::from_bytes([5; 16]));
    let reader = Account::from_seed(Seed::from_bytes([6; 16]));
    let mut entropy = Counter(2);
    let content = proto::Content {
        data_message: Some(proto::DataMessage {
            body: Some("x".repeat(1000)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let sent = Timestamp(1_760_000_000_123);
    let Ok(stored) = onionskin_protocol::message::encode(
        &sender,
        reader.id().key(),
        &content,
        sent,
        &mut entropy,
    ) else {
        return 0;
    };
    (0..times)
        .map(|_| u32::from(onionskin_protocol::message::decode(&reader, &stored).is_ok()))
        .sum()
}

/// A history in the search index.
#[wasm_bindgen]
#[derive(Default)]
pub struct History(Index);

/// Letters of the words that the messages are made of: each word is three of these syllables.
const SYLLABLES: [&str; 16] = [
    "ba", "ke", "li", "mo", "nu", "ra", "sé", "ti", "vo", "wu", "xa", "ye", "zi", "dö", "fu", "gi",
];

/// So many words.
pub fn words(count: usize, chance: &mut Counter) -> String {
    let mut word = || {
        let mut drawn = [0; 3];
        chance.fill(&mut drawn);
        drawn.map(|byte| SYLLABLES[usize::from(byte % 16)]).concat()
    };
    (0..count).map(|_| word()).collect::<Vec<_>>().join(" ")
}

#[wasm_bindgen]
impl History {
    /// Of `count` messages with twelve words each, every tenth with letters that fold.
    #[wasm_bindgen(constructor)]
    pub fn new(count: u32) -> Self {
        let mut chance = Counter(3);
        let mut index = Index::default();
        for number in 0..count {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_le_bytes());
            index.put(&Message {
                id: MessageId(id),
                conversation: ConversationId([(number % 50) as u8; 16]),
                author: format!("05{:064x}", number % 50),
                text: words(12, &mut chance),
                sent_at: u64::from(number),
                ..Message::default()
            });
        }
        Self(index)
    }

    /// Looks through all of it; returns the number of hits.
    pub fn find(&mut self, text: &str) -> u32 {
        let query = SearchQuery {
            text: text.to_owned(),
            ..SearchQuery::default()
        };
        let mut search = self.0.search(&query, None, SortedMap::new, None, 50);
        while self.0.step(&mut search, 25_000) {}
        search.total()
    }
}
/// The moment of all merges.
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn owner() -> Account {
    Account::from_seed(Seed::from_bytes([7; 16]))
}

fn contact(number: u32) -> Contact {
    let id = AccountId::from_key(X25519PublicKey(blake2b(&[], &[&number.to_be_bytes()])));
    Contact {
        name: format!("Person {number}"),
        nickname: format!("Friend number {number}"),
        approved: true,
        approved_me: true,
        created_s: 1_700_000_000 + u64::from(number),
        ..Contact::new(id)
    }
}

/// So many people, each with a name, a nickname, both approvals and a time: about 80 bytes of data and 60 of diff.
fn contacts(count: u32) -> Option<Contacts> {
    let mut contacts = Contacts::new(owner().ed25519());
    (0..count).try_for_each(|number| contacts.set(&contact(number)).ok())?;
    Some(contacts)
}

/// What a swarm stores of a config: one message here.
fn stored(contacts: &mut Contacts) -> Option<Vec<(MessageHash, Vec<u8>)>> {
    let push = contacts.push().ok()?;
    let namespace = contacts.kind().namespace();
    let named = push.messages.into_iter().map(|message| {
        let hash = message_hash(&owner().id().swarm_id(), namespace, &message);
        (hash, message)
    });
    let stored: Vec<_> = named.collect();
    contacts.confirm_pushed(push.seqno, stored.iter().map(|(hash, _)| hash.clone()));
    Some(stored)
}

fn merges_into(device: &Contacts, stored: &[(MessageHash, Vec<u8>)]) -> bool {
    let views: Vec<_> = stored
        .iter()
        .map(|(hash, message)| (hash.clone(), message.as_slice()))
        .collect();
    let merged = device.clone().merge(&views, NOW);
    merged.is_ok_and(|merged| merged.changed)
}

/// Two devices that hold the same 500 contacts have each changed the nickname of another one. `times` times, one of them
/// takes in what the other stored: unwrap, decrypt, decompress, parse, combine both versions. Returns how often that worked.
#[wasm_bindgen]
pub fn config_merges(times: u32) -> u32 {
    let prepared = || {
        let mut ours = contacts(500)?;
        stored(&mut ours)?;
        let mut theirs = ours.clone();
        for (device, number) in [(&mut ours, 3), (&mut theirs, 400)] {
            let mut changed = contact(number);
            changed.nickname = format!("changed {number}");
            device.set(&changed).ok()?;
        }
        let stored = stored(&mut theirs)?;
        Some((ours, stored))
    };
    let Some((ours, stored)) = prepared() else {
        return 0;
    };
    (0..times)
        .map(|_| u32::from(merges_into(&ours, &stored)))
        .sum()
}

/// `times` times, a device without any contact takes in the stored config of 1,000: unwrap, decrypt, decompress, parse,
/// adopt. Returns how often that worked.
#[wasm_bindgen]
pub fn config_parses(times: u32) -> u32 {
    let prepared = || stored(&mut contacts(1_000)?);
    let Some(stored) = prepared() else {
        return 0;
    };
    let empty = Contacts::new(owner().ed25519());
    (0..times)
        .map(|_| u32::from(merges_into(&empty, &stored)))
        .sum()
}
