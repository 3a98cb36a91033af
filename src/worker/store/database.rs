//! One IndexedDB database: schema and reads by rexie, writes with a chosen durability.
//!
//! rexie cannot ask for durability (50-browser 2.1), so writes go through a second connection to the same database and the
//! declarations of `platform`. Rules of 50-browser 2.3: a transaction awaits nothing but its own requests, and only
//! `complete` means written.

use crate::worker::platform::{DurableDatabase, error_name, global, object, property};
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use onionskin_client::ports::{Durability, StoreError};
use rexie::{ObjectStore, Rexie, TransactionMode};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbFactory, IdbOpenDbRequest, IdbRequest, IdbTransaction};

/// What opening a database that may be absent gives.
pub(crate) enum Opened {
    /// It is there.
    Found(Database),
    /// It is not, and was not made.
    Absent,
}

/// Both connections. They close by themselves when the database is deleted or upgraded elsewhere.
pub(crate) struct Database {
    /// Taken only by `drop`.
    reads: Option<Rexie>,
    writes: DurableDatabase,
    /// Deleted or upgraded by another tab: it must not be opened again by this one.
    withdrawn: Rc<Cell<bool>>,
    _on_version_change: Closure<dyn FnMut()>,
}

impl Drop for Database {
    fn drop(&mut self) {
        self.writes.set_onversionchange(None);
        self.writes.close();
        // Dropped without being closed, a rexie connection stands in the way of every later deletion.
        if let Some(reads) = self.reads.take() {
            reads.close();
        }
    }
}

impl Database {
    /// Opens the database and makes it when it is absent.
    pub(crate) async fn create(name: &str, stores: &[&str]) -> Result<Self, StoreError> {
        let reads = build(name, stores).await?;
        match open_existing(name).await? {
            Some(writes) => Ok(Self::join(reads, writes)),
            None => Err(StoreError::Unavailable("the database vanished".to_owned())),
        }
    }

    /// Opens the database and leaves no trace when it is absent.
    pub(crate) async fn open(name: &str, stores: &[&str]) -> Result<Opened, StoreError> {
        let Some(writes) = open_existing(name).await? else {
            return Ok(Opened::Absent);
        };
        Ok(Opened::Found(Self::join(
            build(name, stores).await?,
            writes,
        )))
    }

    fn join(reads: Rexie, writes: DurableDatabase) -> Self {
        let withdrawn = Rc::new(Cell::new(false));
        let on_version_change = Closure::new({
            let (withdrawn, writes) = (
                withdrawn.clone(),
                writes.clone().unchecked_into::<DurableDatabase>(),
            );
            move || {
                withdrawn.set(true);
                writes.close();
            }
        });
        writes.set_onversionchange(Some(on_version_change.as_ref().unchecked_ref()));
        Self {
            reads: Some(reads),
            writes,
            withdrawn,
            _on_version_change: on_version_change,
        }
    }

    /// Another tab deleted or upgraded it.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.get()
    }

    /// A store to read from, in a transaction of its own that ends with its last request.
    pub(crate) fn reader(&self, store: &str) -> Result<rexie::Store, StoreError> {
        let reads = self
            .reads
            .as_ref()
            .ok_or_else(|| StoreError::Unavailable("closed".to_owned()))?;
        let transaction = reads
            .transaction(&[store], TransactionMode::ReadOnly)
            .map_err(|e| from_rexie(&e))?;
        transaction.store(store).map_err(|e| from_rexie(&e))
    }

    /// The last `count` records of a range in one request, greatest key first; `None` where the browser has no such request.
    pub(crate) async fn last(
        &self,
        store: &str,
        range: JsValue,
        count: u32,
    ) -> Result<Option<Vec<(JsValue, JsValue)>>, StoreError> {
        let request = || {
            let transaction = self.writes.durable_transaction(
                &Array::of1(&store.into()),
                "readonly",
                &Object::new(),
            )?;
            let store = transaction.object_store(store)?;
            let Some(get_all_records) = property::<Function>(&store, "getAllRecords") else {
                return Ok(None);
            };
            let options = object(&[
                ("query", range),
                ("count", count.into()),
                ("direction", "prev".into()),
            ]);
            let request = get_all_records.call1(&store, &options)?;
            Ok::<_, JsValue>(Some(request.unchecked_into::<IdbRequest>()))
        };
        let Some(request) = request().map_err(|error| from_js(&error))? else {
            return Ok(None);
        };
        let records = result(&request).await.map_err(|error| from_js(&error))?;
        let records = records.unchecked_into::<Array>();
        let pair = |record: JsValue| {
            Some((
                property(&record, "primaryKey")?,
                property(&record, "value")?,
            ))
        };
        Ok(Some(records.iter().filter_map(pair).collect()))
    }

    /// Runs `body`, which queues requests, in one transaction over `stores`. When `guard` is given, its store is read
    /// first, and the transaction takes effect only when it holds this value.
    pub(crate) async fn write(
        &self,
        stores: &[&str],
        durability: Durability,
        guard: Option<Guard<'_>>,
        body: impl FnOnce(&IdbTransaction) -> Result<(), JsValue>,
    ) -> Result<(), StoreError> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let durability = match durability {
            Durability::Relaxed => "relaxed",
            Durability::Strict => "strict",
        };
        let options = object(&[("durability", durability.into())]);
        let transaction = self
            .writes
            .durable_transaction(&names, "readwrite", &options)
            .map_err(|error| from_js(&error))?;
        let outcome = outcome(&transaction);

        let queued = (|| {
            let check = match &guard {
                Some(guard) => Some(
                    transaction
                        .object_store(guard.store)?
                        .get(&guard.key.into())?,
                ),
                None => None,
            };
            body(&transaction)?;
            Ok::<_, JsValue>(check)
        })();
        let mut refused = None;
        match queued {
            Ok(Some(check)) => match result(&check).await {
                Ok(value) if guard.as_ref().is_some_and(|guard| value == guard.value) => {}
                Ok(_) => refused = Some(StoreError::Superseded),
                // The transaction aborts by itself and tells why.
                Err(_) => {}
            },
            Ok(None) => {}
            Err(error) => refused = Some(from_js(&error)),
        }
        if refused.is_some() {
            // An error here means that it ended already, which the outcome tells.
            let _ = transaction.abort();
        }
        match (JsFuture::from(outcome).await, refused) {
            (_, Some(error)) => Err(error),
            (Ok(_), None) => Ok(()),
            (Err(_), None) => Err(transaction.error().map_or_else(
                || StoreError::Unavailable("AbortError".to_owned()),
                |error| from_js(&error.into()),
            )),
        }
    }

    /// Adds one to the number at `key` of `store` and gives it back; flushed before it returns.
    pub(crate) async fn increment(&self, store: &str, key: &str) -> Result<f64, StoreError> {
        let options = object(&[("durability", "strict".into())]);
        let transaction = self
            .writes
            .durable_transaction(&Array::of1(&store.into()), "readwrite", &options)
            .map_err(|error| from_js(&error))?;
        let outcome = outcome(&transaction);
        let value = async {
            let store = transaction.object_store(store)?;
            let value = result(&store.get(&key.into())?)
                .await?
                .as_f64()
                .unwrap_or(0.0)
                + 1.0;
            store.put_with_key(&value.into(), &key.into())?;
            Ok::<f64, JsValue>(value)
        }
        .await;
        if value.is_err() {
            let _ = transaction.abort();
        }
        let ended = JsFuture::from(outcome).await;
        let value = value.map_err(|error| from_js(&error))?;
        match ended {
            Ok(_) => Ok(value),
            Err(_) => Err(transaction.error().map_or_else(
                || StoreError::Unavailable("AbortError".to_owned()),
                |error| from_js(&error.into()),
            )),
        }
    }
}

/// What must stand in the database for a write to take effect.
pub(crate) struct Guard<'a> {
    /// Store; must be among those of the transaction.
    pub(crate) store: &'a str,
    /// Key.
    pub(crate) key: &'a str,
    /// Value.
    pub(crate) value: JsValue,
}

/// Deletes a database; waits until no connection is open any more.
pub(crate) async fn delete(name: &str) -> Result<(), StoreError> {
    Rexie::delete(name).await.map_err(|e| from_rexie(&e))
}

/// Names of all databases of the origin; empty where the browser does not tell.
pub(crate) async fn names() -> Vec<String> {
    let Some(factory) = global::<JsValue>("indexedDB") else {
        return Vec::new();
    };
    let Some(databases) = property::<js_sys::Function>(&factory, "databases") else {
        return Vec::new();
    };
    let Ok(promise) = databases.call0(&factory) else {
        return Vec::new();
    };
    let Ok(list) = JsFuture::from(promise.unchecked_into::<Promise>()).await else {
        return Vec::new();
    };
    Array::from(&list)
        .iter()
        .filter_map(|entry| property::<js_sys::JsString>(&entry, "name").map(String::from))
        .collect()
}

/// Bytes as a key or value.
pub(crate) fn to_js(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// A key (which comes back as an `ArrayBuffer`) or value as bytes.
pub(crate) fn to_bytes(value: &JsValue) -> Vec<u8> {
    Uint8Array::new(value).to_vec()
}

async fn build(name: &str, stores: &[&str]) -> Result<Rexie, StoreError> {
    let mut builder = Rexie::builder(name).version(1);
    for store in stores {
        builder = builder.add_object_store(ObjectStore::new(store));
    }
    builder.build().await.map_err(|e| from_rexie(&e))
}

/// Opens without making: an upgrade from nothing is aborted, which removes the database again.
async fn open_existing(name: &str) -> Result<Option<DurableDatabase>, StoreError> {
    let factory: IdbFactory =
        global("indexedDB").ok_or_else(|| StoreError::Unavailable("no IndexedDB".to_owned()))?;
    let request: IdbOpenDbRequest = factory.open(name).map_err(|error| from_js(&error))?;
    let absent = Rc::new(Cell::new(false));
    let on_upgrade = Closure::<dyn FnMut()>::new({
        let (absent, request) = (absent.clone(), request.clone());
        move || {
            absent.set(true);
            if let Some(transaction) = request.transaction() {
                let _ = transaction.abort();
            }
        }
    });
    request.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
    let opened = result(&request).await;
    request.set_onupgradeneeded(None);
    match opened {
        Ok(database) => Ok(Some(database.unchecked_into())),
        Err(_) if absent.get() => Ok(None),
        Err(error) => Err(from_js(&error)),
    }
}

/// Waits for a request; handlers run in a microtask of its event, while the transaction is still active.
async fn result(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => request.result(),
        Err(event) => match request.error() {
            Ok(Some(error)) => Err(error.into()),
            _ => Err(event),
        },
    }
}

/// Resolves when the transaction is complete, rejects when it is aborted.
fn outcome(transaction: &IdbTransaction) -> Promise {
    Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    })
}

/// The name of an exception is enough: messages can quote data.
pub(crate) fn from_js(error: &JsValue) -> StoreError {
    match error_name(error).as_str() {
        "QuotaExceededError" => StoreError::Full,
        name => StoreError::Unavailable(name.to_owned()),
    }
}

pub(crate) fn from_rexie(error: &rexie::Error) -> StoreError {
    let text = error.to_string();
    let detail = match error {
        rexie::Error::IdbError(inner) => format!("{inner:?}"),
        _ => text,
    };
    if detail.contains("QuotaExceededError") {
        StoreError::Full
    } else {
        let kind = [
            "InvalidStateError",
            "UnknownError",
            "SecurityError",
            "VersionError",
            "AbortError",
        ]
        .into_iter()
        .find(|kind| detail.contains(kind));
        StoreError::Unavailable(kind.unwrap_or("IndexedDB").to_owned())
    }
}
