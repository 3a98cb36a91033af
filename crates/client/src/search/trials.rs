//! The index over a store, as it is built and as things change.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::api::{FileKind, Has, MessageKind};
use crate::conversation::tests::conversations;
use crate::message::FileRecord;
use crate::network::testing::{Lab, LabPorts};
use crate::ports::{Durability, Table};
use crate::store::{Key, MemoryStore};
use futures::future::{Either, pending, select};
use onionskin_protocol::keys::X25519PublicKey;
use proptest::prelude::*;
use std::future::Future;

const OWN: [u8; 32] = [1; 32];
const THEIRS: [u8; 32] = [2; 32];

struct Desk {
    lab: Lab,
    conversations: Rc<Conversations<LabPorts>>,
    finder: Finder<LabPorts>,
}

fn id(key: [u8; 32]) -> AccountId {
    AccountId::from_key(X25519PublicKey(key))
}

impl Desk {
    fn new(store: &MemoryStore) -> Self {
        let lab = Lab::new(3);
        let conversations = conversations(&lab, store, OWN);
        let ports = Rc::new(lab.ports(store));
        let finder = Finder::new(ports, Rc::clone(&conversations));
        Self {
            lab,
            conversations,
            finder,
        }
    }

    async fn add(
        &self,
        with: [u8; 32],
        sent_at: u64,
        change: impl FnOnce(&mut MessageRecord),
    ) -> MessageRecord {
        let mut turn = self.conversations.change().await;
        let conversation = turn.with(&id(with)).id;
        let mut record = MessageRecord {
            id: turn.new_message_id(),
            conversation,
            author: with,
            sent_at,
            ..MessageRecord::default()
        };
        change(&mut record);
        assert!(turn.add(record.clone()).await.unwrap());
        turn.commit(Durability::Relaxed).await.unwrap();
        record
    }

    async fn remove(&self, record: &MessageRecord) {
        let mut turn = self.conversations.change().await;
        turn.remove(&record.author, record.sent_at).await.unwrap();
        turn.commit(Durability::Relaxed).await.unwrap();
    }

    async fn find(&self, query: &SearchQuery) -> Vec<String> {
        let found = self.finder.search(query, None, 100).await.unwrap();
        assert_eq!(found.total as usize, found.hits.len());
        found.hits.into_iter().map(|hit| hit.message.text).collect()
    }

    async fn built(&self) {
        let all = SearchQuery::default();
        while self.finder.search(&all, None, 1).await.unwrap().searchable < 100 {
            self.lab.wait(10).await;
        }
    }

    fn run<T>(&self, story: impl Future<Output = T>) -> T {
        let drive = async {
            self.finder.run().await;
            pending::<()>().await;
        };
        let both = async {
            match select(std::pin::pin!(story), std::pin::pin!(drive)).await {
                Either::Left((end, _)) => end,
                Either::Right(_) => unreachable!("it runs for ever"),
            }
        };
        self.lab.time().run(both)
    }
}

fn text(words: &str) -> SearchQuery {
    SearchQuery {
        text: words.to_owned(),
        ..SearchQuery::default()
    }
}

#[test]
fn what_lay_in_the_store_and_what_comes_and_goes_later_is_found() {
    let store = MemoryStore::new();
    let before = Desk::new(&store);
    let old = before.run(before.add(THEIRS, 10, |record| record.text = "Old tea".into()));
    let desk = Desk::new(&store);
    desk.run(async {
        assert!(
            desk.find(&text("tea")).await.is_empty(),
            "nothing is built yet"
        );
        desk.built().await;
        assert_eq!(desk.find(&text("tea")).await, ["Old tea"]);
        let new = desk
            .add(THEIRS, 20, |record| record.text = "new TEA".into())
            .await;
        assert_eq!(desk.find(&text("tea")).await, ["new TEA", "Old tea"]);
        desk.remove(&old).await;
        assert_eq!(desk.find(&text("tea")).await, ["new TEA"]);
        desk.remove(&new).await;
        assert!(desk.find(&text("tea")).await.is_empty());
    });
}

#[test]
fn every_filter_leaves_what_it_says() {
    let store = MemoryStore::new();
    let desk = Desk::new(&store);
    let first = desk.run(async {
        let file = |kind, name: &str| FileRecord {
            kind,
            name: name.to_owned(),
            ..FileRecord::default()
        };
        let first = desk
            .add(THEIRS, 10, |record| record.text = "plain".into())
            .await;
        desk.add(THEIRS, 20, |record| {
            record.text = "see https://example.org".into();
            record.starred = true;
        })
        .await;
        desk.add(THEIRS, 30, |record| {
            record.text = "mine".into();
            (record.author, record.mine) = (OWN, true);
        })
        .await;
        desk.add([3; 32], 40, |record| {
            record.text = "picture".into();
            record.mentions_me = true;
            record.files = vec![file(FileKind::Image, "Schön.png")];
        })
        .await;
        desk.add([3; 32], 50, |record| {
            record.text = "sound".into();
            record.files = vec![file(FileKind::Voice, ""), file(FileKind::Other, "plan.pdf")];
        })
        .await;
        desk.add(THEIRS, 60, |record| {
            record.text = "gone".into();
            record.kind = MessageKind::Deleted;
        })
        .await;
        let mut change = desk.conversations.change().await;
        change.mark_read(&first.conversation, 10).await.unwrap();
        change.commit(Durability::Relaxed).await.unwrap();
        first
    });

    let desk = Desk::new(&store);
    desk.run(async {
        desk.built().await;
        let all = SearchQuery::default;
        let has = |what: &[Has]| SearchQuery {
            has: what.to_vec(),
            ..all()
        };
        let cases: [(SearchQuery, &[&str]); 13] = [
            (
                all(),
                &[
                    "sound",
                    "picture",
                    "mine",
                    "see https://example.org",
                    "plain",
                ],
            ),
            (
                SearchQuery {
                    conversation: Some(first.conversation),
                    ..all()
                },
                &["mine", "see https://example.org", "plain"],
            ),
            (
                SearchQuery {
                    from: Some(id(OWN).to_string()),
                    ..all()
                },
                &["mine"],
            ),
            (has(&[Has::Link]), &["see https://example.org"]),
            (has(&[Has::Image]), &["picture"]),
            (has(&[Has::Voice, Has::File]), &["sound"]),
            (
                SearchQuery {
                    before: Some(40),
                    after: Some(20),
                    ..all()
                },
                &["mine", "see https://example.org"],
            ),
            (
                SearchQuery {
                    starred: true,
                    ..all()
                },
                &["see https://example.org"],
            ),
            (
                SearchQuery {
                    mine: true,
                    ..all()
                },
                &["mine"],
            ),
            (
                SearchQuery {
                    mentions: true,
                    ..all()
                },
                &["picture"],
            ),
            (
                SearchQuery {
                    unread: true,
                    ..all()
                },
                &["sound", "picture", "see https://example.org"],
            ),
            (text("schon"), &["picture"]),
            (
                SearchQuery {
                    mine: true,
                    ..text("plain")
                },
                &[],
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(desk.find(&query).await, expected, "{query:?}");
        }
        let nobody = SearchQuery {
            from: Some("05".into()),
            ..all()
        };
        let refused = desk.finder.search(&nobody, None, 1).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::IdFormat);
    });
}

#[test]
fn pages_follow_each_other_and_marks_lie_on_the_words() {
    let desk = Desk::new(&MemoryStore::new());
    desk.run(async {
        for sent_at in 0..7 {
            let change = |record: &mut MessageRecord| record.text = format!("Nº {sent_at} épée");
            desk.add(THEIRS, sent_at, change).await;
        }
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = desk.finder.search(&text("epee"), after, 3).await.unwrap();
            assert_eq!(page.total, 7);
            let places: Vec<u64> = page.places.iter().map(|place| place.sent_at).collect();
            let left: Vec<u64> = (0..7 - seen.len() as u64).rev().collect();
            assert_eq!(places, left);
            for hit in &page.hits {
                let [(from, to)] = hit.marks[..] else {
                    panic!("{:?}", hit.marks)
                };
                assert_eq!(&hit.message.text[from as usize..to as usize], "épée");
                seen.push(hit.message.sent_at);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [6, 5, 4, 3, 2, 1, 0]);
    });
}

#[test]
fn a_message_that_goes_while_its_record_is_read_does_not_come_back() {
    let desk = Desk::new(&MemoryStore::new());
    let record = desk.run(desk.add(THEIRS, 10, |record| record.text = "secret".into()));
    let key = message::key(
        &desk.conversations.records,
        &record.conversation,
        10,
        &record.id,
    );
    desk.finder.state.borrow_mut().begin_step();
    desk.run(desk.remove(&record));
    let mut state = desk.finder.state.borrow_mut();
    state.take_page(&[(Key::raw(Table::Message, key.bytes().to_vec()), record)]);
    assert!(state.index.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn an_index_built_from_the_store_equals_one_kept_by_events(
        steps in proptest::collection::vec((0u64..12, 2u8..4, "[abé]{1,3}", any::<bool>()), 0..40)
    ) {
        let store = MemoryStore::new();
        let kept = Desk::new(&store);
        let both: (Vec<String>, Vec<String>) = kept.run(async {
            let mut there = onionskin_protocol::sorted::SortedMap::new();
            for (sent_at, with, words, remove) in steps {
                match there.remove(&(with, sent_at)) {
                    Some(record) if remove => kept.remove(&record).await,
                    Some(record) => {
                        there.insert((with, sent_at), record);
                    }
                    None if kept.finder.conversations.records.has(&message::author_key(
                        &kept.conversations.records, &[with; 32], sent_at)).await.unwrap() => {}
                    None => {
                        let record = kept.add([with; 32], sent_at, |record| record.text = words).await;
                        there.insert((with, sent_at), record);
                    }
                }
            }
            let built = Desk::new(&store);
            let drive = built.finder.run();
            let look = async {
                built.built().await;
                built.find(&text("a")).await
            };
            // The clock of the second desk is its own; it is moved by hand.
            let again = built.lab.time().run(async {
                match select(std::pin::pin!(look), std::pin::pin!(drive)).await {
                    Either::Left((end, _)) => end,
                    Either::Right(_) => unreachable!(),
                }
            });
            (kept.find(&text("a")).await, again)
        });
        let (mut one, mut other) = both;
        one.sort();
        other.sort();
        prop_assert_eq!(one, other);
    }
}
