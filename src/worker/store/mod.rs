//! The engine's store: a database of its own per vault, or memory only.
//!
//! Keys arrive blinded and values sealed; this adapter adds nothing but transactions, and the fence against a second tab
//! (50-browser 3): whoever opens a vault raises its owner epoch, and every write takes effect only under the own epoch. Text
//! has room of its own when the storage is full ([`reserve`]).

pub(crate) mod database;
mod log;
mod reserve;

use database::{Database, Guard, Opened, from_rexie, to_bytes, to_js};
use futures::channel::oneshot;
use onionskin_client::ports::{Durability, Op, Store, StoreError, TABLES, Table};
use onionskin_client::store::MemoryStore;
use onionskin_protocol::sorted::SortedSet;
use rexie::{Direction, KeyRange};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// Name of the store that holds the owner epoch.
const OWNER: &str = "owner";
/// Key of the owner epoch.
const EPOCH: &str = "epoch";

/// Name of a table on disk: its number.
const fn name(table: Table) -> &'static str {
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"][table as usize]
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
    /// What happens when the reserve had to go.
    on_full: RefCell<Option<Rc<dyn Fn()>>>,
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
        // Without it everything is as it would be anyway; nobody can do anything about its failure.
        spawn_local(async { drop(log::turn_over().await) });
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

    /// Keeps room free for text, unless it is kept already. Without it text needs room like everything else, so its failure
    /// changes nothing.
    pub async fn lay_in_reserve(&self) {
        let inner = self.0.clone();
        let _ = to_its_end(async move { reserve::lay_in(&inner.database()).await }).await;
    }

    /// What happens when the storage is full and that room had to go for text.
    pub fn on_full(&self, tell: impl Fn() + 'static) {
        *self.0.on_full.borrow_mut() = Some(Rc::new(tell));
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
        let epoch = own(&database).await?;
        Ok(Self(Rc::new(Inner {
            name: name.to_owned(),
            epoch,
            database: RefCell::new(Rc::new(database)),
            on_superseded: Box::new(on_superseded),
            on_full: RefCell::default(),
        })))
    }
}

/// Raises the owner epoch. Where not even that number finds room, the epoch of the last owner is taken over: the lock has told
/// its tab to end, and who could not open a full vault could not make room in it either.
async fn own(database: &Database) -> Result<f64, StoreError> {
    let mut raised = database.increment(OWNER, EPOCH).await;
    if raised == Err(StoreError::Full) && reserve::release(database).await.unwrap_or(false) {
        raised = database.increment(OWNER, EPOCH).await;
    }
    if raised != Err(StoreError::Full) {
        return raised;
    }
    let epoch = database.reader(OWNER)?.get(EPOCH.into()).await;
    let epoch = epoch.map_err(|e| from_rexie(&e))?;
    Ok(epoch.and_then(|epoch| epoch.as_f64()).unwrap_or(0.0))
}

/// `from <= key < to`.
fn bounds(from: &[u8], to: &[u8]) -> Result<KeyRange, StoreError> {
    KeyRange::bound(&to_js(from), &to_js(to), Some(false), Some(true))
        .map_err(|_| StoreError::Unavailable("DataError".to_owned()))
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
        let count = u32::try_from(limit).unwrap_or(u32::MAX);
        let pairs = if reverse {
            self.last(table, from, to, count).await?
        } else {
            let store = self.database().reader(name(table))?;
            let range = bounds(from, to)?;
            let (keys, values) = futures::future::try_join(
                store.get_all_keys(Some(range.clone()), Some(count)),
                store.get_all(Some(range), Some(count)),
            )
            .await
            .map_err(|e| from_rexie(&e))?;
            keys.into_iter().zip(values).collect()
        };
        Ok(pairs
            .iter()
            .map(|(key, value)| (to_bytes(key), to_bytes(value)))
            .collect())
    }

    /// In one request where the browser reads backwards in bulk, by cursor elsewhere.
    async fn last(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        count: u32,
    ) -> Result<Vec<(JsValue, JsValue)>, StoreError> {
        let database = self.database();
        let range = bounds(from, to)?;
        if let Some(records) = database
            .last(name(table), range.clone().into(), count)
            .await?
        {
            return Ok(records);
        }
        database
            .reader(name(table))?
            .scan(Some(range), Some(count), None, Some(Direction::Prev))
            .await
            .map_err(|e| from_rexie(&e))
    }

    async fn count_once(&self, table: Table, from: &[u8], to: &[u8]) -> Result<u32, StoreError> {
        if from >= to {
            return Ok(0);
        }
        self.database()
            .reader(name(table))?
            .count(Some(bounds(from, to)?))
            .await
            .map_err(|e| from_rexie(&e))
    }

    /// Writes, and where there is no room left, text once more in the room that was kept for it.
    async fn commit_with_reserve(
        &self,
        ops: &[Op],
        durability: Durability,
    ) -> Result<(), StoreError> {
        let written = self.commit_once(ops, durability).await;
        if written != Err(StoreError::Full) || !reserve::may_serve(ops) {
            return written;
        }
        // The reserve is for who owns the vault: another one would have been noticed by the write that failed.
        let freed = reserve::release(&self.database()).await.unwrap_or(false);
        if !freed {
            return written;
        }
        let told = self.on_full.borrow().clone();
        if let Some(told) = told {
            told();
        }
        self.commit_once(ops, durability).await
    }

    async fn commit_once(&self, ops: &[Op], durability: Durability) -> Result<(), StoreError> {
        let tables: SortedSet<Table> = ops
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

    async fn count(&self, table: Table, from: &[u8], to: &[u8]) -> Result<u32, StoreError> {
        let (inner, from, to) = (self.0.clone(), from.to_vec(), to.to_vec());
        with_reconnect!(inner, inner.count_once(table, &from, &to))
    }

    async fn commit(&self, ops: Vec<Op>, durability: Durability) -> Result<(), StoreError> {
        let inner = self.0.clone();
        with_reconnect!(inner, inner.commit_with_reserve(&ops, durability))
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

    async fn count(&self, table: Table, from: &[u8], to: &[u8]) -> Result<u32, StoreError> {
        match self {
            Self::Kept(store) => store.count(table, from, to).await,
            Self::Memory(store) => store.count(table, from, to).await,
        }
    }

    async fn commit(&self, ops: Vec<Op>, durability: Durability) -> Result<(), StoreError> {
        match self {
            Self::Kept(store) => store.commit(ops, durability).await,
            Self::Memory(store) => store.commit(ops, durability).await,
        }
    }
}
