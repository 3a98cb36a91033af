//! How long shared configs take: `cargo bench -p onionskin-protocol --bench config`.
//!
//! Contacts have a random ID, a name, a nickname, both approvals and a time: about 80 bytes of data and 60 of diff each.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onionskin_protocol::config::Contacts;
use onionskin_protocol::config::contacts::Contact;
use onionskin_protocol::config::message::{LAG, Message};
use onionskin_protocol::config::pack;
use onionskin_protocol::config::{Kind, encrypt::KeyBase, wrap::Owner};
use onionskin_protocol::hash::{blake2b, message_hash};
use onionskin_protocol::id::{AccountId, MessageHash, SwarmId};
use onionskin_protocol::keys::{Ed25519SecretKey, X25519PublicKey};
use onionskin_protocol::time::Timestamp;
use std::hint::black_box;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn account() -> Ed25519SecretKey {
    Ed25519SecretKey::from_seed(&[7; 32])
}

fn id(i: u32) -> AccountId {
    AccountId::from_key(X25519PublicKey(blake2b(&[], &[&i.to_be_bytes()])))
}

fn filled(count: u32) -> Contacts {
    let mut contacts = Contacts::new(&account());
    for i in 0..count {
        let mut contact = Contact::new(id(i));
        contact.name = format!("Person {i}");
        contact.nickname = format!("Friend number {i}");
        (contact.approved, contact.approved_me) = (true, true);
        contact.created_s = 1_700_000_000 + u64::from(i);
        contacts
            .set(&contact)
            .expect("an account's config can be edited");
    }
    contacts
}

fn pushed(contacts: &mut Contacts) -> Vec<(MessageHash, Vec<u8>)> {
    let push = contacts.push().expect("the config fits");
    let owner = SwarmId {
        prefix: 5,
        key: [1; 32],
    };
    let name = |message: &Vec<u8>| message_hash(&owner, Kind::Contacts.namespace(), message);
    let stored: Vec<_> = push
        .messages
        .into_iter()
        .map(|message| (name(&message), message))
        .collect();
    contacts.confirm_pushed(push.seqno, stored.iter().map(|(hash, _)| hash.clone()));
    stored
}

fn views(stored: &[(MessageHash, Vec<u8>)]) -> Vec<(MessageHash, &[u8])> {
    stored
        .iter()
        .map(|(hash, message)| (hash.clone(), message.as_slice()))
        .collect()
}

/// Two devices changed different contacts of 500; one fetches the other's version: open, decompress, read, combine both.
fn merging(criterion: &mut Criterion) {
    let mut ours = filled(500);
    pushed(&mut ours);
    let mut theirs = ours.clone();
    let edit = |contacts: &mut Contacts, i: u32| {
        let mut contact = contacts.get(&id(i)).expect("this contact is there");
        contact.nickname = format!("changed {i}");
        contacts
            .set(&contact)
            .expect("an account's config can be edited");
    };
    edit(&mut ours, 3);
    edit(&mut theirs, 400);
    let stored = pushed(&mut theirs);
    let mut group = criterion.benchmark_group("contacts config, 500 contacts");
    group.throughput(Throughput::Elements(500));
    group.bench_function("merge a conflicting version", |bencher| {
        bencher.iter_batched_ref(
            || ours.clone(),
            |device| {
                device
                    .merge(black_box(&views(&stored)), NOW)
                    .map(|merged| merged.changed)
            },
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// The serialised message of 1,000 contacts into memory, from memory into contacts, and from the swarm's bytes to a message.
fn parsing(criterion: &mut Criterion) {
    let mut contacts = filled(1000);
    let stored = pushed(&mut contacts);
    let key = [KeyBase::from_bytes(*account().seed())];
    let owner = Owner::new(&account());
    let opened = |message: &[u8]| pack::open(message, Kind::Contacts, &key, Some(&owner));
    let plain = opened(&stored[0].1).expect("one's own config opens");
    let message = pack::inflate(&plain).expect("1,000 contacts are one message");
    let mut group = criterion.benchmark_group("contacts config, 1000 contacts");
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("parse the serialised message", |bencher| {
        bencher.iter(|| Message::parse(black_box(&message), None, LAG).is_ok());
    });
    group.throughput(Throughput::Elements(1000));
    group.bench_function("read all contacts", |bencher| {
        bencher.iter(|| {
            black_box(&contacts)
                .iter()
                .filter(|contact| contact.approved)
                .count()
        });
    });
    group.bench_function("fetch into an empty config", |bencher| {
        bencher.iter(|| {
            let mut device = Contacts::new(&account());
            device
                .merge(black_box(&views(&stored)), NOW)
                .map(|merged| merged.changed)
        });
    });
    group.finish();
}

criterion_group!(benches, merging, parsing);
criterion_main!(benches);
