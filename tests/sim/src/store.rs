//! A store in memory that waits at every call, as a database does, and that can be crashed.
//!
//! A commit waits once before it takes effect and once after, so whoever is dropped in between has lost it or kept it without
//! knowing. A commit that need not survive a power cut ([`Durability::Relaxed`]) can be taken back until a strict one follows.

use onionskin_client::ports::{Durability, Entries, Op, Store, StoreError, TABLES, Table};
use onionskin_client::store::MemoryStore;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

/// A power cut takes at most so many commits with it.
const UNFLUSHED: usize = 12;

/// Ordered tables in memory. Clones share their contents.
#[derive(Clone, Default)]
pub struct SimStore {
    records: MemoryStore,
    /// For each commit that is not flushed, oldest first, what it replaced.
    undo: Rc<RefCell<Vec<Vec<Op>>>>,
    /// After so many reads one fails.
    failing: Rc<Cell<Option<usize>>>,
    /// Nothing more can be written.
    full: Rc<Cell<bool>>,
}

/// What a table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Records.
    pub records: usize,
    /// Bytes of keys and values.
    pub bytes: usize,
}

impl SimStore {
    /// A power cut: the newest `lost` of the commits that were not flushed are gone. Gives how many that were.
    pub async fn cut_power(&self, lost: usize) -> usize {
        let undo = std::mem::take(&mut *self.undo.borrow_mut());
        let first = undo.len().saturating_sub(lost);
        let count = undo.len() - first;
        for ops in undo.into_iter().skip(first).rev() {
            self.records.commit(ops, Durability::Strict).await.unwrap();
        }
        count
    }

    /// One read fails, after so many others.
    pub fn fail_read(&self, after: usize) {
        self.failing.set(Some(after));
    }

    /// There is no room for anything more, or there is again. Removing always works.
    pub fn set_full(&self, full: bool) {
        self.full.set(full);
    }

    fn may_fail(&self) -> Result<(), StoreError> {
        match self.failing.take() {
            Some(0) => return Err(StoreError::Unavailable("for once".into())),
            Some(after) => self.failing.set(Some(after - 1)),
            None => {}
        }
        Ok(())
    }

    /// What each table holds.
    pub async fn held(&self) -> BTreeMap<Table, Held> {
        let mut held = BTreeMap::new();
        for table in TABLES {
            let all = self
                .records
                .range(table, &[], &[0xff; 64], false, usize::MAX);
            let all = all.await.unwrap();
            let bytes = all.iter().map(|(key, value)| key.len() + value.len()).sum();
            let records = all.len();
            held.insert(table, Held { records, bytes });
        }
        held
    }

    /// The names of all records.
    pub async fn keys(&self) -> Vec<(Table, Vec<u8>)> {
        let mut keys = Vec::new();
        for table in TABLES {
            let all = self
                .records
                .range(table, &[], &[0xff; 64], false, usize::MAX);
            keys.extend(all.await.unwrap().into_iter().map(|(key, _)| (table, key)));
        }
        keys
    }

    /// Another store that holds the same, but for one record that is damaged.
    pub async fn damaged(&self, table: Table, key: &[u8]) -> Self {
        let copy = Self::default();
        for (table, key) in self.keys().await {
            let value = self.records.get(table, &key).await.unwrap().unwrap();
            let put = Op::Put { table, key, value };
            let put = copy.records.commit(vec![put], Durability::Strict);
            put.await.unwrap();
        }
        let mut value = self.records.get(table, key).await.unwrap().unwrap();
        if let Some(last) = value.last_mut() {
            *last ^= 1;
        }
        let key = key.to_vec();
        let put = Op::Put { table, key, value };
        let put = copy.records.commit(vec![put], Durability::Strict);
        put.await.unwrap();
        copy
    }

    async fn before(&self, ops: &[Op]) -> Vec<Op> {
        let mut before = Vec::with_capacity(ops.len());
        for op in ops {
            let (Op::Put { table, key, .. } | Op::Delete { table, key }) = op;
            let (table, key) = (*table, key.clone());
            before.push(match self.records.get(table, &key).await.unwrap() {
                Some(value) => Op::Put { table, key, value },
                None => Op::Delete { table, key },
            });
        }
        before
    }
}

impl Store for SimStore {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        pause().await;
        self.may_fail()?;
        self.records.get(table, key).await
    }

    async fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Entries, StoreError> {
        pause().await;
        self.may_fail()?;
        self.records.range(table, from, to, reverse, limit).await
    }

    async fn count(&self, table: Table, from: &[u8], to: &[u8]) -> Result<u32, StoreError> {
        pause().await;
        self.records.count(table, from, to).await
    }

    async fn commit(&self, ops: Vec<Op>, durability: Durability) -> Result<(), StoreError> {
        pause().await;
        if self.full.get() && ops.iter().any(|op| matches!(op, Op::Put { .. })) {
            return Err(StoreError::Full);
        }
        match durability {
            Durability::Strict => self.undo.borrow_mut().clear(),
            Durability::Relaxed => {
                let before = self.before(&ops).await;
                let mut undo = self.undo.borrow_mut();
                undo.push(before);
                if undo.len() > UNFLUSHED {
                    undo.remove(0);
                }
            }
        }
        self.records.commit(ops, durability).await?;
        pause().await;
        Ok(())
    }
}

/// Pending once.
fn pause() -> impl Future<Output = ()> {
    let mut paused = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use onionskin_protocol::time::Timestamp;
    use onionskin_testnet::virtual_time::VirtualTime;

    fn put(key: u8, value: u8) -> Vec<Op> {
        let (key, value) = (vec![key], vec![value]);
        vec![Op::Put {
            table: Table::Message,
            key,
            value,
        }]
    }

    #[test]
    fn it_keeps_the_contract_of_every_store() {
        let time = VirtualTime::new(Timestamp(0));
        time.run(onionskin_client::store::contract::run(&SimStore::default()))
            .unwrap();
    }

    #[test]
    fn a_power_cut_takes_the_newest_commits_that_no_strict_one_followed() {
        VirtualTime::new(Timestamp(0)).run(async {
            let store = SimStore::default();
            let value = async |key: u8| store.get(Table::Message, &[key]).await.unwrap();
            store.commit(put(1, 1), Durability::Relaxed).await.unwrap();
            store.commit(put(1, 2), Durability::Strict).await.unwrap();
            store.commit(put(1, 3), Durability::Relaxed).await.unwrap();
            store.commit(put(2, 4), Durability::Relaxed).await.unwrap();
            assert_eq!(store.cut_power(1).await, 1);
            assert_eq!((value(1).await, value(2).await), (Some(vec![3]), None));
            store.commit(put(1, 5), Durability::Relaxed).await.unwrap();
            assert_eq!(
                store.cut_power(9).await,
                1,
                "what outlived a cut was flushed"
            );
            assert_eq!(value(1).await, Some(vec![3]));
        });
    }
}
