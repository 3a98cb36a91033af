//! The IndexedDB adapter in a real browser, in a worker as in the product.
//!
//! `CHROMEDRIVER=… CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner cargo test -p onionskin
//! --target wasm32-unknown-unknown --tests`
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use onionskin::worker::store::IdbStore;
use onionskin_client::ports::{Durability, Op, Store, StoreError, Table};
use onionskin_client::store::contract;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A name that no other test and no earlier run has used.
fn fresh_name() -> String {
    let mut id = [0; 8];
    getrandom::fill(&mut id).unwrap();
    format!("onionskin-test-{}", hex::encode(id))
}

fn put(table: Table, key: &[u8], value: &[u8]) -> Op {
    Op::Put {
        table,
        key: key.to_vec(),
        value: value.to_vec(),
    }
}

fn delete(table: Table, key: &[u8]) -> Op {
    Op::Delete {
        table,
        key: key.to_vec(),
    }
}

#[wasm_bindgen_test]
async fn the_store_keeps_the_contract_of_every_store() {
    let name = fresh_name();
    let store = IdbStore::create(&name, || {}).await.unwrap();
    contract::run(&store).await.unwrap();
    drop(store);
    IdbStore::delete(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn records_are_still_there_after_the_database_was_closed() {
    let name = fresh_name();
    let store = IdbStore::create(&name, || {}).await.unwrap();
    store
        .commit(
            vec![
                put(Table::Message, b"a", b"1"),
                put(Table::Outbox, b"a", b"2"),
                delete(Table::Message, b"x"),
            ],
            Durability::Strict,
        )
        .await
        .unwrap();
    drop(store);

    let store = IdbStore::open(&name, || {}).await.unwrap().unwrap();
    assert_eq!(
        store.get(Table::Message, b"a").await.unwrap().unwrap(),
        b"1"
    );
    assert_eq!(store.get(Table::Outbox, b"a").await.unwrap().unwrap(), b"2");
    drop(store);
    IdbStore::delete(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn opening_a_database_that_is_not_there_makes_none() {
    let name = fresh_name();
    assert!(IdbStore::open(&name, || {}).await.unwrap().is_none());
    assert!(IdbStore::open(&name, || {}).await.unwrap().is_none());
}

#[wasm_bindgen_test]
async fn an_earlier_owner_can_no_longer_write_and_is_told() {
    let name = fresh_name();
    let told = Rc::new(Cell::new(0));
    let first = IdbStore::create(&name, {
        let told = told.clone();
        move || told.set(told.get() + 1)
    })
    .await
    .unwrap();
    first
        .commit(
            vec![put(Table::Account, b"k", b"first")],
            Durability::Relaxed,
        )
        .await
        .unwrap();

    let second = IdbStore::open(&name, || {}).await.unwrap().unwrap();
    for durability in [Durability::Relaxed, Durability::Strict] {
        let late = first.commit(
            vec![
                put(Table::Account, b"k", b"late"),
                delete(Table::Account, b"k"),
            ],
            durability,
        );
        assert_eq!(late.await, Err(StoreError::Superseded));
    }
    assert_eq!(told.get(), 2);
    assert_eq!(
        second.get(Table::Account, b"k").await.unwrap().unwrap(),
        b"first"
    );
    second
        .commit(
            vec![put(Table::Account, b"k", b"second")],
            Durability::Strict,
        )
        .await
        .unwrap();
    assert_eq!(
        second.get(Table::Account, b"k").await.unwrap().unwrap(),
        b"second"
    );
    drop((first, second));
    IdbStore::delete(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_database_deleted_elsewhere_is_given_up_and_not_made_again() {
    let name = fresh_name();
    let told = Rc::new(Cell::new(false));
    let store = IdbStore::create(&name, {
        let told = told.clone();
        move || told.set(true)
    })
    .await
    .unwrap();
    // The open connections step aside when asked, or this would wait for ever.
    IdbStore::delete(&name).await.unwrap();
    let write = store
        .commit(vec![put(Table::Account, b"k", b"v")], Durability::Relaxed)
        .await;
    assert_eq!(write, Err(StoreError::Superseded));
    assert_eq!(
        store.get(Table::Account, b"k").await,
        Err(StoreError::Superseded)
    );
    assert!(told.get());
    assert!(IdbStore::open(&name, || {}).await.unwrap().is_none());
}

#[wasm_bindgen_test]
async fn a_long_range_comes_back_whole_in_both_directions() {
    let name = fresh_name();
    let store = IdbStore::create(&name, || {}).await.unwrap();
    let keys: Vec<[u8; 4]> = (0..500u32).map(u32::to_be_bytes).collect();
    let ops = keys
        .iter()
        .map(|key| put(Table::Message, key, key))
        .collect();
    store.commit(ops, Durability::Relaxed).await.unwrap();
    let range = async |reverse, limit| {
        let records = store
            .range(Table::Message, &[0], &[0xff], reverse, limit)
            .await
            .unwrap();
        records.into_iter().map(|(key, value)| {
            assert_eq!(key, value);
            u32::from_be_bytes(key.try_into().unwrap())
        })
    };
    assert!(range(false, usize::MAX).await.eq(0..500));
    assert!(range(true, usize::MAX).await.eq((0..500).rev()));
    assert!(range(true, 300).await.eq((200..500).rev()));
    assert!(range(true, 50).await.eq((450..500).rev()));
    assert!(range(false, 50).await.eq(0..50));
    drop(store);
    IdbStore::delete(&name).await.unwrap();
}
