//! A store in memory: what temporary accounts use, and the tests.

use crate::ports::{Durability, Entries, Op, Store, StoreError, Table};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

type Tables = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// Ordered tables in memory. Clones share their contents, so a test can close an engine and open another one over it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    records: Rc<RefCell<Tables>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.records.borrow().len()
    }
    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.records.borrow().is_empty()
    }
}

impl Store for MemoryStore {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.records.borrow().get(&(table, key.to_vec())).cloned())
    }

    async fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Entries, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let records = self.records.borrow();
        let bounds = (
            Bound::Included((table, from.to_vec())),
            Bound::Excluded((table, to.to_vec())),
        );
        let found = records
            .range(bounds)
            .map(|((_, key), value)| (key.clone(), value.clone()));
        Ok(if reverse {
            found.rev().take(limit).collect()
        } else {
            found.take(limit).collect()
        })
    }

    async fn count(&self, table: Table, from: &[u8], to: &[u8]) -> Result<u32, StoreError> {
        let found = self.range(table, from, to, false, usize::MAX).await?;
        Ok(u32::try_from(found.len()).unwrap_or(u32::MAX))
    }

    async fn commit(&self, ops: Vec<Op>, _durability: Durability) -> Result<(), StoreError> {
        let mut records = self.records.borrow_mut();
        for op in ops {
            match op {
                Op::Put { table, key, value } => {
                    records.insert((table, key), value);
                }
                Op::Delete { table, key } => {
                    records.remove(&(table, key));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::FutureExt;

    #[test]
    fn the_memory_store_keeps_the_contract() {
        let store = MemoryStore::new();
        super::super::contract::run(&store)
            .now_or_never()
            .unwrap()
            .unwrap();
    }
}
