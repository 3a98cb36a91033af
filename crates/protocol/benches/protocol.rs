//! How long the everyday operations take: `cargo bench -p onionskin-protocol`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_protocol::message::content::Expiry;
use onionskin_protocol::message::proto::Content;
use onionskin_protocol::message::{decode, encode};
use onionskin_protocol::onion::{Cipher, Destination, build, peel};
use onionskin_protocol::time::Timestamp;
use std::hint::black_box;

const NOW: Timestamp = Timestamp(1_760_000_000_000);

/// The same bytes in every run.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(5).wrapping_add(17);
            *byte = self.0;
        }
    }
}

/// One-to-one messages with 1 kB of text.
fn messages(criterion: &mut Criterion) {
    let alice = Account::from_seed(Seed::from_bytes([1; 16]));
    let bob = Account::from_seed(Seed::from_bytes([2; 16]));
    let content = Content::text(&"x".repeat(1000), None, Expiry::Off);
    let write = || {
        encode(&alice, bob.id().key(), &content, NOW, &mut Counting(1))
            .expect("Bob's key is usable")
    };
    let stored = write();

    let mut group = criterion.benchmark_group("one-to-one message, 1 kB of text");
    group.throughput(Throughput::Elements(1));
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(write())));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| decode(&bob, black_box(&stored)).is_ok())
    });
    group.finish();
}

/// From the seed to the Account ID.
fn accounts(criterion: &mut Criterion) {
    criterion.bench_function("account from seed", |bencher| {
        bencher.iter(|| Account::from_seed(Seed::from_bytes(black_box([1; 16]))).id());
    });
}

/// Requests of 1 kB through three hops, and one layer of them at the guard.
fn onion_requests(criterion: &mut Criterion) {
    let nodes = [1, 2, 3, 4].map(|byte| Ed25519SecretKey::from_seed(&[byte; 32]));
    let [p1, p2, p3, d] = nodes.each_ref().map(|node| {
        let ed25519 = node.public();
        (
            ed25519,
            ed25519.to_x25519().expect("a key of our own converts"),
        )
    });
    let destination = Destination::Node {
        ed25519: d.0,
        x25519: d.1,
    };
    let guard = nodes[0].to_x25519();
    let payload = vec![b'x'; 1000];

    let mut group = criterion.benchmark_group("onion request, 1 kB through three hops");
    group.throughput(Throughput::Elements(1));
    for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
        let write = || {
            build(
                &[p1, p2, p3],
                &destination,
                &payload,
                cipher,
                &mut Counting(1),
            )
            .expect("every key is usable")
        };
        let outer = peel::parse_outer(&write().body).expect("the guard reads what we write");
        group.bench_function(format!("build, {}", cipher.name()), |bencher| {
            bencher.iter(|| black_box(write()));
        });
        group.bench_function(format!("peel, {}", cipher.name()), |bencher| {
            bencher.iter(|| {
                peel(
                    &guard,
                    &outer.ephemeral,
                    cipher,
                    black_box(&outer.ciphertext),
                )
                .is_ok()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, messages, accounts, onion_requests);
criterion_main!(benches);
