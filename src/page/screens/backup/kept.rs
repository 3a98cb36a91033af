//! The browser's handle of the folder of an account. It cannot be sealed, only kept as it is: in a database of its own, which
//! the worker removes with the account.

use crate::bridge::VaultId;
use crate::worker::registry::folder_name;
use crate::worker::store::database;
use js_sys::{Array, Reflect};
use onionskin_client::ports::StoreError;
use rexie::{ObjectStore, Rexie, Store, TransactionMode};
use wasm_bindgen::JsValue;

const STORE: &str = "folder";
const KEY: &str = "folder";

/// A folder, and the files in it that are backups of the account, oldest first.
pub(super) struct Folder {
    pub handle: JsValue,
    pub files: Vec<String>,
}

/// Keeps the folder of an account in place of the one before.
pub(super) async fn keep(vault: VaultId, folder: &Folder) -> Result<(), StoreError> {
    let names = folder.files.iter().map(|name| JsValue::from_str(name));
    let value = Array::of2(&folder.handle, &names.collect::<Array>());
    with(vault, TransactionMode::ReadWrite, async |store| {
        store.put(&value, Some(&KEY.into())).await.map(drop)
    })
    .await
}

/// The folder of an account.
pub(super) async fn recall(vault: VaultId) -> Result<Option<Folder>, StoreError> {
    if !database::names().await.contains(&folder_name(vault)) {
        return Ok(None);
    }
    let read = async |store: &Store| store.get(KEY.into()).await;
    let value = with(vault, TransactionMode::ReadOnly, read).await?;
    Ok(value.and_then(|value| {
        let part = |at: u32| Reflect::get_u32(&value, at).ok();
        let files = Array::from(&part(1)?);
        Some(Folder {
            handle: part(0).filter(JsValue::is_object)?,
            files: files.iter().filter_map(|name| name.as_string()).collect(),
        })
    }))
}

/// Forgets the folder of an account.
pub(super) async fn forget(vault: VaultId) -> Result<(), StoreError> {
    database::delete(&folder_name(vault)).await
}

/// Does something in one transaction.
async fn with<T>(
    vault: VaultId,
    mode: TransactionMode,
    work: impl AsyncFnOnce(&Store) -> Result<T, rexie::Error>,
) -> Result<T, StoreError> {
    let builder = Rexie::builder(&folder_name(vault)).add_object_store(ObjectStore::new(STORE));
    let open = builder.build().await;
    let database = open.map_err(|error| database::from_rexie(&error))?;
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
