//! The engine's store: a database of its own per vault, or memory only.
//!
//! Keys arrive blinded and values sealed; this adapter adds nothing but transactions, and the fence against a second tab
//! (50-browser 3): whoever opens a vault raises its owner epoch, and every write takes effect only under the own epoch.

pub(crate) mod database;

use database::{Database, Guard, Opened, from_rexie, to_bytes, to_js};
use futures::channel::oneshot;
use onionskin_client::ports::{Durability, Op, Store, StoreError, TABLES, Table};
use onionskin_client::store::MemoryStore;
use rexie::{Direction, KeyRange};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// Name of the store that holds the owner epoch.
const OWNER: &str = "owner";
/// Key of the owner epoch.
const EPOCH: &str = "epoch";
/// Up to this many records a backward range is read by cursor, beyond by two bulk requests.
const CURSOR_LIMIT: usize = 200;

/// Name of a table on disk: its number.
const fn name(table: Table) -> &'static str {
    ["0", "1", "2", "3", "4", "5", "6", "7"][table as usize]
}

fn stores() -> Vec<&'static str> {
    TABLES.into_iter().map(name).chain([OWNER]).collect()
}

/// The records of one vault in IndexedDB.
///
/// Every step runs to its end even when nobody waits for it any more: half a transaction is no transaction, and the
/// handlers of a request must outlive it.
#[derive(Clone)]
pub struct IdbStore(Rc<Inner>);

struct Inner {
    name: String,
    epoch: f64,
    database: RefCell<Rc<Database>>,
    on_superseded: Box<dyn Fn()>,
}

impl IdbStore {
    /// Makes the database `name` and becomes its owner. `on_superseded` is called when another owner is noticed.
    pub async fn create(
        name: &str,
        on_superseded: impl Fn() + 'static,
    ) -> Result<Self, StoreError> {
        Self::claim(
            name,
            Database::create(name, &stores()).await?,
            on_superseded,
        )
        .await
    }

    /// Opens the database `name` and becomes its owner; `None` when there is no such database.
    pub async fn open(
        name: &str,
        on_superseded: impl Fn() + 'static,
    ) -> Result<Option<Self>, StoreError> {
        match Database::open(name, &stores()).await? {
            Opened::Found(database) => Self::claim(name, database, on_superseded).await.map(Some),
            Opened::Absent => Ok(None),
        }
    }

    /// Deletes the database `name`. Waits until every connection to it is closed, which they are when asked.
    pub async fn delete(name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        to_its_end(async move { database::delete(&name).await }).await
    }

    /// Waits until everything that was begun is written.
    pub async fn settle(&self) {
        let inner = self.0.clone();
        // Writes queue behind each other; a store that takes no more writes has none under way.
        let _ = to_its_end(async move {
            let stores = stores();
            inner
                .database()
                .write(&stores, Durability::Strict, None, |_| Ok(()))
                .await
        })
        .await;
    }

    async fn claim(
        name: &str,
        database: Database,
        on_superseded: impl Fn() + 'static,
    ) -> Result<Self, StoreError> {
        let epoch = database.increment(OWNER, EPOCH).await?;
        Ok(Self(Rc::new(Inner {
            name: name.to_owned(),
            epoch,
            database: RefCell::new(Rc::new(database)),
            on_superseded: Box::new(on_superseded),
        })))
    }
}

/// Runs a step on its own; the caller may stop waiting at any time.
async fn to_its_end<T: 'static>(
    step: impl Future<Output = Result<T, StoreError>> + 'static,
) -> Result<T, StoreError> {
    let (sender, result) = oneshot::channel();
    spawn_local(async move {
        // The caller may be gone.
        let _ = sender.send(step.await);
    });
    result
        .await
        .unwrap_or_else(|_| Err(StoreError::Unavailable("ended".to_owned())))
}

impl Inner {
    fn database(&self) -> Rc<Database> {
        self.database.borrow().clone()
    }

    /// A phone may drop the connection in the background (50-browser 2.4): open it again. The epoch stays, so that a new
    /// owner is still noticed. `false` when there is nothing to go back to.
    async fn reconnect(&self, error: &StoreError) -> bool {
        let StoreError::Unavailable(kind) = error else {
            return false;
        };
        if !matches!(kind.as_str(), "InvalidStateError" | "UnknownError")
            || self.database().is_withdrawn()
        {
            return false;
        }
        match Database::open(&self.name, &stores()).await {
            Ok(Opened::Found(database)) => {
                *self.database.borrow_mut() = Rc::new(database);
                true
            }
            _ => false,
        }
    }

    /// A database that was deleted or upgraded elsewhere belongs to another tab now.
    fn judge(&self, error: StoreError) -> StoreError {
        let error = if self.database().is_withdrawn() {
            StoreError::Superseded
        } else {
            error
        };
        if error == StoreError::Superseded {
            (self.on_superseded)();
        }
        error
    }

    async fn get_once(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self
            .database()
            .reader(name(table))?
            .get(to_js(key))
            .await
            .map_err(|e| from_rexie(&e))?;
        Ok(value
            .filter(|value| !value.is_undefined())
            .map(|value| to_bytes(&value)))
    }

    async fn range_once(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        let range = KeyRange::bound(&to_js(from), &to_js(to), Some(false), Some(true))
            .map_err(|_| StoreError::Unavailable("DataError".to_owned()))?;
        let store = self.database().reader(name(table))?;
        let count = u32::try_from(limit).ok();
        if reverse && limit <= CURSOR_LIMIT {
            let records = store
                .scan(Some(range), count, None, Some(Direction::Prev))
                .await;
            return Ok(records
                .map_err(|e| from_rexie(&e))?
                .iter()
                .map(|(key, value)| (to_bytes(key), to_bytes(value)))
                .collect());
        }
        let bulk = if reverse { None } else { count };
        let (keys, values) = futures::future::try_join(
            store.get_all_keys(Some(range.clone()), bulk),
            store.get_all(Some(range), bulk),
        )
        .await
        .map_err(|e| from_rexie(&e))?;
        let mut records: Vec<_> = keys
            .iter()
            .zip(&values)
            .map(|(key, value)| (to_bytes(key), to_bytes(value)))
            .collect();
        if reverse {
            records.reverse();
            records.truncate(limit);
        }
        Ok(records)
    }

    async fn commit_once(&self, ops: &[Op], durability: Durability) -> Result<(), StoreError> {
        let tables: BTreeSet<Table> = ops
            .iter()
            .map(|op| match op {
                Op::Put { table, .. } | Op::Delete { table, .. } => *table,
            })
            .collect();
        let stores: Vec<&str> = tables.into_iter().map(name).chain([OWNER]).collect();
        let guard = Guard {
            store: OWNER,
            key: EPOCH,
            value: self.epoch.into(),
        };
        self.database()
            .write(&stores, durability, Some(guard), |transaction| {
                for op in ops {
                    match op {
                        Op::Put { table, key, value } => {
                            transaction
                                .object_store(name(*table))?
                                .put_with_key(&to_js(value), &to_js(key))?;
                        }
                        Op::Delete { table, key } => {
                            transaction
                                .object_store(name(*table))?
                                .delete(&to_js(key))?;
                        }
                    }
                }
                Ok(())
            })
            .await
    }
}

/// Runs a step and, when the connection was lost, once more on a new one.
macro_rules! with_reconnect {
    ($inner:ident, $step:expr) => {
        to_its_end(async move {
            match $step.await {
                Err(error) if $inner.reconnect(&error).await => $step.await,
                result => result,
            }
            .map_err(|error| $inner.judge(error))
        })
        .await
    };
}

impl Store for IdbStore {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (inner, key) = (self.0.clone(), key.to_vec());
        with_reconnect!(inner, inner.get_once(table, &key))
    }

    async fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let (inner, from, to) = (self.0.clone(), from.to_vec(), to.to_vec());
        with_reconnect!(inner, inner.range_once(table, &from, &to, reverse, limit))
    }

    async fn commit(&self, ops: Vec<Op>, durability: Durability) -> Result<(), StoreError> {
        let inner = self.0.clone();
        with_reconnect!(inner, inner.commit_once(&ops, durability))
    }
}

/// Where an account is kept: in a vault, or nowhere.
pub(crate) enum AnyStore {
    /// In the browser's database.
    Kept(IdbStore),
    /// In this worker's memory.
    Memory(MemoryStore),
}

impl Store for AnyStore {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Kept(store) => store.get(table, key).await,
            Self::Memory(store) => store.get(table, key).await,
        }
    }

    async fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        match self {
            Self::Kept(store) => store.range(table, from, to, reverse, limit).await,
            Self::Memory(store) => store.range(table, from, to, reverse, limit).await,
        }
    }

    async fn commit(&self, ops: Vec<Op>, durability: Durability) -> Result<(), StoreError> {
        match self {
            Self::Kept(store) => store.commit(ops, durability).await,
            Self::Memory(store) => store.commit(ops, durability).await,
        }
    }
}
