//! Folders into which backups are written by themselves (screens 20, D1). The browser's handle of one cannot be sealed, only
//! kept as it is: in a database of its own, which holds nothing else and goes with the account.

use crate::bridge::VaultId;
use crate::worker::store::database;
use js_sys::{Array, Reflect};
use onionskin_client::ports::StoreError;
use rexie::{ObjectStore, Rexie, Store, TransactionMode};
use wasm_bindgen::JsValue;

const NAME: &str = "onionskin-folders";
const STORE: &str = "folders";

/// A folder, and the files in it that are backups of an account, oldest first.
pub(crate) struct Folder {
    pub handle: JsValue,
    pub files: Vec<String>,
}

/// Keeps the folder of an account in place of the one before.
pub(crate) async fn keep(vault: VaultId, folder: &Folder) -> Result<(), StoreError> {
    let files: Array = folder
        .files
        .iter()
        .map(|name| JsValue::from_str(name))
        .collect();
    let value = Array::of2(&folder.handle, &files);
    with(TransactionMode::ReadWrite, async |store| {
        store.put(&value, Some(&key(vault))).await.map(drop)
    })
    .await
}

/// The folder of an account.
pub(crate) async fn recall(vault: VaultId) -> Result<Option<Folder>, StoreError> {
    if !exists().await {
        return Ok(None);
    }
    let read = async |store: &Store| store.get(key(vault)).await;
    let value = with(TransactionMode::ReadOnly, read).await?;
    Ok(value.and_then(|value| {
        let part = |at: u32| Reflect::get_u32(&value, at).ok();
        let files = part(1).map(|files| Array::from(&files));
        Some(Folder {
            handle: part(0).filter(JsValue::is_object)?,
            files: files?.iter().filter_map(|name| name.as_string()).collect(),
        })
    }))
}

/// Forgets the folder of an account; the database goes with the last one.
pub(crate) async fn forget(vault: VaultId) -> Result<(), StoreError> {
    if !exists().await {
        return Ok(());
    }
    let left = with(TransactionMode::ReadWrite, async |store| {
        store.delete(key(vault)).await?;
        store.count(None).await
    });
    match left.await? {
        0 => forget_all().await,
        _ => Ok(()),
    }
}

/// Forgets all of them.
pub(crate) async fn forget_all() -> Result<(), StoreError> {
    match exists().await {
        true => database::delete(NAME).await,
        false => Ok(()),
    }
}

async fn exists() -> bool {
    database::names().await.iter().any(|name| name == NAME)
}

fn key(vault: VaultId) -> JsValue {
    vault.to_hex().into()
}

/// Does something in one transaction.
async fn with<T>(
    mode: TransactionMode,
    work: impl AsyncFnOnce(&Store) -> Result<T, rexie::Error>,
) -> Result<T, StoreError> {
    let open = Rexie::builder(NAME)
        .add_object_store(ObjectStore::new(STORE))
        .build();
    let database = open.await.map_err(|error| database::from_rexie(&error))?;
    let done = async {
        let transaction = database.transaction(&[STORE], mode)?;
        let value = work(&transaction.store(STORE)?).await?;
        transaction.done().await?;
        Ok(value)
    }
    .await;
    database.close();
    done.map_err(|error| database::from_rexie(&error))
}
