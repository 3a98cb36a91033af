//! Polling a swarm that answers as a test wants (10-network 7.3).
#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{Engine, EngineOptions};
use crate::network::NetworkProfile;
use crate::network::testing::{Fate, Lab, LabPorts, Way};
use crate::ports::TransportError;
use crate::store::MemoryStore;
use crate::vault::VaultKey;
use futures::future::{Either, pending, select};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::encoding;
use onionskin_testnet::network::Sleeper;
use onionskin_testnet::random::SeededEntropy;
use serde_json::{Value, json};
use std::future::Future;

/// What all members hold, and how they give it out.
#[derive(Clone)]
struct Shelf {
    held: Rc<RefCell<Vec<u32>>>,
    /// Messages in one answer.
    page: usize,
    /// Whether the answer says that there is more.
    says_more: bool,
    /// Answers for a larger part of 7.8 million bytes never come through.
    largest_part: i64,
}

fn account() -> Account {
    Account::from_seed(Seed::from_bytes([5; 16]))
}

fn hash(number: u32) -> MessageHash {
    let owner = account().id().swarm_id();
    message_hash(&owner, Namespace::DEFAULT, &number.to_be_bytes())
}

impl Shelf {
    fn new(held: impl IntoIterator<Item = u32>) -> Self {
        Self {
            held: Rc::new(RefCell::new(held.into_iter().collect())),
            page: 1_000,
            says_more: true,
            largest_part: -1,
        }
    }

    fn put_on(&self, lab: &Lab) {
        let (shelf, time) = (self.clone(), lab.time().clone());
        lab.rule(move |way| {
            let (last, max_size) = retrieve_of(way)?;
            if max_size > shelf.largest_part {
                return Some(Fate::Transport(TransportError::TooLarge));
            }
            let held = shelf.held.borrow();
            let known = held
                .iter()
                .position(|number| last.as_deref() == Some(hash(*number).as_str()));
            let rest = &held[known.map_or(0, |at| at + 1)..];
            let page = &rest[..rest.len().min(shelf.page)];
            let expiration = time.now().plus_millis(1_000_000_000);
            let message = |number: &u32| {
                json!({"hash": hash(*number), "timestamp": time.now(), "expiration": expiration,
                    "data": encoding::base64(&number.to_be_bytes())})
            };
            let messages: Vec<Value> = page.iter().map(message).collect();
            let more = shelf.says_more && page.len() < rest.len();
            let body = json!({"messages": messages, "more": more, "t": time.now()});
            let nothing = json!({"messages": [], "more": false, "t": time.now()});
            // The configs that are asked for with it.
            let others = way.params["requests"].as_array()?.len() - 1;
            let bodies = std::iter::once(body).chain(std::iter::repeat_n(nothing, others));
            let results: Vec<Value> = bodies
                .map(|body| json!({"code": 200, "body": body}))
                .collect();
            Some(Fate::Answer(200, json!({ "results": results })))
        });
    }
}

/// `last_hash` and `max_size` of a poll for messages.
fn retrieve_of(way: &Way) -> Option<(Option<String>, i64)> {
    let request = way.params.get("requests")?.get(0)?;
    if request["method"] != "retrieve" || request["params"]["namespace"] != 0 {
        return None;
    }
    let last = request["params"]["last_hash"].as_str().map(str::to_owned);
    Some((last, request["params"]["max_size"].as_i64()?))
}

/// Polls since the last look: member and `last_hash`.
fn polls(lab: &Lab) -> Vec<(usize, Option<String>)> {
    let of = |way: &Way| Some((way.target, retrieve_of(way)?.0));
    lab.log().iter().filter_map(of).collect()
}

fn run<T>(lab: &Lab, story: impl AsyncFnOnce(&Engine<LabPorts>) -> T) -> T {
    let store = MemoryStore::new();
    let options = EngineOptions {
        network: NetworkProfile::local(),
        temporary: false,
    };
    let key = VaultKey::generate(&mut SeededEntropy::new(3));
    let engine = lab.time().run(Engine::create(
        lab.ports(&store),
        key,
        account(),
        "",
        true,
        options,
    ));
    let engine = engine.unwrap();
    lab.time().run(async {
        let drive = async {
            engine.run().await;
            pending::<()>().await;
        };
        match select(std::pin::pin!(story(&engine)), std::pin::pin!(drive)).await {
            Either::Left((end, _)) => end,
            Either::Right(_) => unreachable!("engines run for ever"),
        }
    })
}

/// Waits until three members were asked, and the polls of one begin.
async fn greeted(lab: &Lab) -> Vec<(usize, Option<String>)> {
    let mut all = Vec::new();
    while all.len() < 3 {
        lab.wait(100).await;
        all.extend(polls(lab));
    }
    all
}

/// Makes sure that the awaited future is one that a test waits for, not one that never ends.
async fn within<T>(lab: &Lab, ms: u64, what: impl Future<Output = T>) -> T {
    match select(std::pin::pin!(what), lab.time().sleep(ms)).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => panic!("not within {ms} ms"),
    }
}

#[test]
fn the_first_poll_of_a_session_asks_three_members_from_the_beginning() {
    let lab = Lab::new(12);
    Shelf::new([1, 2]).put_on(&lab);
    run(&lab, async |_| {
        let mut first = within(&lab, 60_000, greeted(&lab)).await;
        assert!(first.iter().all(|(_, last)| last.is_none()), "{first:?}");
        first.sort();
        first.dedup();
        assert_eq!(first.len(), 3);
        lab.wait(20_000).await;
        let later = polls(&lab);
        assert!(later.len() >= 3);
        assert!(later.iter().all(|(member, _)| *member == later[0].0));
    });
}

#[test]
fn a_cursor_that_the_member_no_longer_knows_is_dropped_and_all_is_fetched_again() {
    let lab = Lab::new(12);
    let shelf = Shelf::new([1, 2, 3]);
    shelf.put_on(&lab);
    run(&lab, async |_| {
        within(&lab, 60_000, greeted(&lab)).await;
        lab.wait(12_000).await;
        let settled = polls(&lab);
        assert_eq!(settled.last().unwrap().1.as_deref(), Some(hash(3).as_str()));
        shelf.held.borrow_mut().retain(|number| *number != 3);
        lab.wait(6_000).await;
        let lasts: Vec<_> = polls(&lab).into_iter().map(|(_, last)| last).collect();
        assert_eq!(
            lasts,
            [Some(hash(3).to_string()), None],
            "the answer held nothing new, so it is asked for from the beginning"
        );
        lab.wait(5_000).await;
        let lasts: Vec<_> = polls(&lab).into_iter().map(|(_, last)| last).collect();
        assert_eq!(lasts, [Some(hash(2).to_string())]);
    });
}

#[test]
fn what_another_member_gave_before_is_no_reason_to_fetch_everything_again() {
    let lab = Lab::new(12);
    let shelf = Shelf::new([1]);
    shelf.put_on(&lab);
    run(&lab, async |_| {
        within(&lab, 60_000, greeted(&lab)).await;
        let mut seen = Vec::new();
        for number in 2..20 {
            shelf.held.borrow_mut().push(number);
            lab.wait(5_000).await;
            seen.extend(polls(&lab));
        }
        let mut members: Vec<_> = seen.iter().map(|(member, _)| *member).collect();
        members.dedup();
        assert!(members.len() > 2, "several members were polled in turn");
        // The first poll of a session asked three of them; another one may start from nothing once.
        let from_nothing: Vec<_> = seen.iter().filter(|(_, last)| last.is_none()).collect();
        let mut once = from_nothing.clone();
        once.dedup();
        assert_eq!(from_nothing, once);
    });
}

#[test]
fn more_and_95_at_once_are_fetched_at_once() {
    for says_more in [true, false] {
        let lab = Lab::new(12);
        let mut shelf = Shelf::new(0..300);
        (shelf.page, shelf.says_more) = (95, says_more);
        shelf.put_on(&lab);
        run(&lab, async |_| {
            let first = within(&lab, 60_000, greeted(&lab)).await;
            lab.wait(1_000).await;
            let mut all = first.clone();
            all.extend(polls(&lab));
            let of_first: Vec<_> = all
                .iter()
                .filter(|(member, _)| *member == first[0].0)
                .map(|(_, last)| last.clone())
                .take(4)
                .collect();
            let expected = [None, Some(94), Some(189), Some(284)];
            assert_eq!(
                of_first,
                expected.map(|number| number.map(|number| hash(number).to_string())),
                "{says_more}"
            );
        });
    }
}

#[test]
fn answers_that_are_too_large_are_asked_for_in_smaller_parts() {
    let lab = Lab::new(12);
    let mut shelf = Shelf::new([1, 2, 3]);
    shelf.largest_part = -8;
    shelf.put_on(&lab);
    run(&lab, async |_| {
        within(&lab, 60_000, greeted(&lab)).await;
        lab.wait(30_000).await;
        let sizes: Vec<_> = lab.log().iter().filter_map(retrieve_of).collect();
        assert!(!sizes.is_empty() && sizes.iter().all(|(_, size)| *size == -8));
        assert_eq!(sizes.last().unwrap().0, Some(hash(3).to_string()));
    });
}

#[test]
fn a_member_that_repeats_itself_for_ever_is_not_listened_to_for_ever() {
    let lab = Lab::new(12);
    let shelf = Shelf::new([1, 2]);
    shelf.put_on(&lab);
    // Two pages in turn, and always more to come.
    let at = Cell::new(0u32);
    lab.rule(move |way| {
        retrieve_of(way)?;
        at.set(at.get() + 1);
        let number = at.get() % 2;
        let message = json!({"hash": hash(number), "timestamp": 1, "expiration": u64::MAX / 2,
            "data": encoding::base64(&number.to_be_bytes())});
        let body = json!({"messages": [message], "more": true});
        Some(Fate::Answer(
            200,
            json!({"results": [{"code": 200, "body": body}]}),
        ))
    });
    run(&lab, async |_| {
        lab.wait(60_000).await;
        assert!(polls(&lab).len() < 20 * (DULL_PAGES + 4));
    });
}
