//! What every [`Store`] must do, as one function that each implementation runs: the one in memory natively, the one over
//! IndexedDB in real browsers.

use crate::ports::{Durability, Op, Store, TABLES, Table};

/// Runs the contract against an empty store, and leaves it empty. The error names the first broken rule.
pub async fn run<S: Store>(store: &S) -> Result<(), String> {
    an_absent_record_is_none(store).await?;
    what_is_put_is_read_back_in_its_own_table(store).await?;
    a_put_replaces(store).await?;
    operations_apply_in_order(store).await?;
    ranges_are_half_open_and_ordered_by_bytes(store).await?;
    ranges_run_backwards_and_stop_at_the_limit(store).await?;
    empty_and_large_values_survive(store).await?;
    an_empty_commit_is_fine(store).await?;
    many_records_fit_in_one_commit(store).await?;
    clear(store).await
}

type Outcome = Result<(), String>;

fn ensure(rule: &str, holds: bool) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(format!("broken rule: {rule}"))
    }
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

async fn commit<S: Store>(store: &S, ops: Vec<Op>) -> Outcome {
    store
        .commit(ops, Durability::Relaxed)
        .await
        .map_err(|error| format!("commit: {error}"))
}

async fn get<S: Store>(store: &S, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
    store
        .get(table, key)
        .await
        .map_err(|error| format!("get: {error}"))
}

async fn keys<S: Store>(
    store: &S,
    from: &[u8],
    to: &[u8],
    reverse: bool,
    limit: usize,
) -> Result<Vec<Vec<u8>>, String> {
    let found = store
        .range(Table::Message, from, to, reverse, limit)
        .await
        .map_err(|error| format!("range: {error}"))?;
    Ok(found.into_iter().map(|(key, _)| key).collect())
}

/// Past every key of at most 64 bytes that does not consist of `ff` alone.
const END: [u8; 65] = [0xff; 65];

async fn clear<S: Store>(store: &S) -> Outcome {
    for table in TABLES {
        loop {
            let found = store
                .range(table, &[], &END, false, 100)
                .await
                .map_err(|error| format!("range: {error}"))?;
            if found.is_empty() {
                break;
            }
            commit(
                store,
                found.iter().map(|(key, _)| delete(table, key)).collect(),
            )
            .await?;
        }
    }
    Ok(())
}

async fn an_absent_record_is_none<S: Store>(store: &S) -> Outcome {
    for table in TABLES {
        ensure(
            "an absent record is none",
            get(store, table, b"absent").await?.is_none(),
        )?;
    }
    commit(store, vec![delete(Table::Index, b"absent")]).await
}

async fn what_is_put_is_read_back_in_its_own_table<S: Store>(store: &S) -> Outcome {
    let ops = TABLES
        .iter()
        .map(|table| put(*table, b"same key", &[*table as u8, 1]))
        .collect();
    store
        .commit(ops, Durability::Strict)
        .await
        .map_err(|error| format!("strict commit: {error}"))?;
    for table in TABLES {
        let value = get(store, table, b"same key").await?;
        ensure(
            "tables are separate",
            value.as_deref() == Some(&[table as u8, 1][..]),
        )?;
    }
    clear(store).await?;
    ensure(
        "a deleted record is gone",
        get(store, Table::Account, b"same key").await?.is_none(),
    )
}

async fn a_put_replaces<S: Store>(store: &S) -> Outcome {
    commit(store, vec![put(Table::Account, b"k", b"first")]).await?;
    commit(store, vec![put(Table::Account, b"k", b"second")]).await?;
    let value = get(store, Table::Account, b"k").await?;
    ensure("a put replaces", value.as_deref() == Some(b"second"))?;
    clear(store).await
}

async fn operations_apply_in_order<S: Store>(store: &S) -> Outcome {
    let table = Table::Outbox;
    let ops = vec![
        put(table, b"a", b"1"),
        delete(table, b"a"),
        put(table, b"a", b"2"),
        put(table, b"b", b"1"),
        delete(table, b"b"),
    ];
    commit(store, ops).await?;
    ensure(
        "the last operation on a key wins",
        get(store, table, b"a").await?.as_deref() == Some(b"2"),
    )?;
    ensure(
        "a delete after a put deletes",
        get(store, table, b"b").await?.is_none(),
    )?;
    clear(store).await
}

async fn ranges_are_half_open_and_ordered_by_bytes<S: Store>(store: &S) -> Outcome {
    let all: [&[u8]; 7] = [
        b"\x00",
        b"\x00\x00",
        b"\x01",
        b"\x01\xff",
        b"\x7f",
        b"\x80",
        b"\xff\x00",
    ];
    commit(
        store,
        all.iter()
            .rev()
            .map(|key| put(Table::Message, key, key))
            .collect(),
    )
    .await?;
    ensure(
        "bytes order keys, unsigned, prefixes first",
        keys(store, b"", &END, false, 100).await? == all,
    )?;
    let middle = keys(store, b"\x00\x00", b"\x80", false, 100).await?;
    ensure(
        "the lower bound is inclusive, the upper exclusive",
        middle == all[1..5],
    )?;
    let count = async |from: &[u8], to: &[u8]| {
        let counted = store.count(Table::Message, from, to).await;
        counted.map_err(|error| format!("count: {error}"))
    };
    ensure(
        "what is between the bounds is counted",
        count(b"", &END).await? == 7 && count(b"\x00\x00", b"\x80").await? == 4,
    )?;
    ensure(
        "bounds the wrong way round count nothing",
        count(b"\x80", b"\x01").await? == 0,
    )?;
    ensure(
        "an empty range is empty",
        keys(store, b"\x02", b"\x03", false, 100).await?.is_empty(),
    )?;
    ensure(
        "bounds that meet hold nothing",
        keys(store, b"\x01", b"\x01", false, 100).await?.is_empty(),
    )?;
    ensure(
        "bounds the wrong way round hold nothing",
        keys(store, b"\x80", b"\x01", false, 100).await?.is_empty(),
    )?;
    clear(store).await
}

async fn ranges_run_backwards_and_stop_at_the_limit<S: Store>(store: &S) -> Outcome {
    let all: Vec<[u8; 2]> = (0..20u8).map(|number| [number, 7]).collect();
    commit(
        store,
        all.iter()
            .map(|key| put(Table::Message, key, key))
            .collect(),
    )
    .await?;
    ensure(
        "a limit keeps the first",
        keys(store, &[3], &END, false, 4).await? == all[3..7],
    )?;
    let back: Vec<_> = all[6..10].iter().rev().map(|key| key.to_vec()).collect();
    ensure(
        "a reversed limit keeps the last",
        keys(store, &[], &[10], true, 4).await? == back,
    )?;
    ensure(
        "a limit of none gives none",
        keys(store, &[], &END, false, 0).await?.is_empty(),
    )?;
    clear(store).await
}

async fn empty_and_large_values_survive<S: Store>(store: &S) -> Outcome {
    let large: Vec<u8> = (0..300_000u32).map(|number| number as u8).collect();
    let key = [0xabu8; 64];
    commit(
        store,
        vec![
            put(Table::Quarantine, b"e", b""),
            put(Table::Quarantine, &key, &large),
        ],
    )
    .await?;
    ensure(
        "an empty value is not absent",
        get(store, Table::Quarantine, b"e").await?.as_deref() == Some(b""),
    )?;
    ensure(
        "a large value under a long key survives",
        get(store, Table::Quarantine, &key).await?.as_deref() == Some(large.as_slice()),
    )?;
    clear(store).await
}

async fn an_empty_commit_is_fine<S: Store>(store: &S) -> Outcome {
    commit(store, Vec::new()).await
}

async fn many_records_fit_in_one_commit<S: Store>(store: &S) -> Outcome {
    let ops = (0..2_000u32)
        .map(|number| put(Table::Message, &number.to_be_bytes(), &[1; 50]))
        .collect();
    commit(store, ops).await?;
    ensure(
        "2,000 records in one commit",
        keys(store, &[], &END, false, 5_000).await?.len() == 2_000,
    )?;
    clear(store).await
}
