//! The list of vaults on this device: a small database of headers and device keys, without a word about any account.
//!
//! ```text
//!  key: vault id (16)
//!  0              8
//!  +--------------+------------------------------+
//!  | created (BE) | header (client: VaultHeader) |
//!  +--------------+------------------------------+
//! ```
//! The database exists only while there is a vault: asking for the list makes nothing.

use super::owner::alone;
use super::store::database::{self, Database, Opened, from_rexie, to_bytes, to_js};
use crate::bridge::VaultId;
use onionskin_client::ports::{Durability, Entropy, StoreError};
use onionskin_client::vault::VaultHeader;
use onionskin_protocol::sorted::{SortedSet, sort_by_key};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, IdbTransaction};

const DATABASE: &str = "onionskin";
/// Who changes the list holds it.
const LOCK: &str = "onionskin list";
const VAULTS: &str = "vaults";
const KEYS: &str = "keys";
const STORES: [&str; 2] = [VAULTS, KEYS];

/// What the registry holds of one vault.
pub(crate) struct Entry {
    /// Its name.
    pub(crate) id: VaultId,
    /// Device clock, ms.
    pub(crate) created_at: u64,
    /// Its openers; `None` when the bytes are damaged or from a later version.
    pub(crate) header: Option<VaultHeader>,
}

/// Name of a vault's own database.
pub(crate) fn database_name(vault: VaultId) -> String {
    format!("{DATABASE}-{}", vault.to_hex())
}

/// Name of the database with the browser's handle of the folder into which backups of a vault go.
pub(crate) fn folder_name(vault: VaultId) -> String {
    format!("folder-{}", vault.to_hex())
}

/// All vaults, oldest first. Makes nothing.
pub(crate) async fn list() -> Result<Vec<Entry>, StoreError> {
    let Opened::Found(database) = Database::open(DATABASE, &STORES).await? else {
        return Ok(Vec::new());
    };
    let store = database.reader(VAULTS)?;
    let (keys, values) =
        futures::future::try_join(store.get_all_keys(None, None), store.get_all(None, None))
            .await
            .map_err(|e| from_rexie(&e))?;
    let mut entries: Vec<Entry> = keys
        .iter()
        .zip(&values)
        .filter_map(|(key, value)| read(key, value))
        .collect();
    sort_by_key(&mut entries, |entry| (entry.created_at, entry.id));
    Ok(entries)
}

/// One vault.
pub(crate) async fn get(vault: VaultId) -> Result<Option<Entry>, StoreError> {
    Ok(list().await?.into_iter().find(|entry| entry.id == vault))
}

/// The device key of a vault, if it has one.
pub(crate) async fn device_key(vault: VaultId) -> Result<Option<CryptoKey>, StoreError> {
    let Opened::Found(database) = Database::open(DATABASE, &STORES).await? else {
        return Ok(None);
    };
    let value = database
        .reader(KEYS)?
        .get(to_js(&vault.0))
        .await
        .map_err(|e| from_rexie(&e))?;
    Ok(value.and_then(|value| value.dyn_into().ok()))
}

/// Enters a vault, flushed before it returns.
pub(crate) async fn put(
    vault: VaultId,
    created_at: u64,
    header: &VaultHeader,
    device_key: Option<&CryptoKey>,
) -> Result<(), StoreError> {
    let mut record = created_at.to_be_bytes().to_vec();
    record.extend(header.to_bytes());
    let _alone = alone(LOCK).await;
    let database = Database::create(DATABASE, &STORES).await?;
    database
        .write(&STORES, Durability::Strict, None, |transaction| {
            put_record(transaction, VAULTS, vault, &to_js(&record))?;
            match device_key {
                Some(key) => put_record(transaction, KEYS, vault, key),
                None => Ok(()),
            }
        })
        .await
}

/// Makes a vault unreadable for ever: overwrites its openers, then removes them, each flushed (50-browser 13).
pub(crate) async fn destroy(vault: VaultId, entropy: &mut impl Entropy) -> Result<(), StoreError> {
    // What another tab enters between the count and the deletion would go with it.
    let _alone = alone(LOCK).await;
    let Opened::Found(database) = Database::open(DATABASE, &STORES).await? else {
        return Ok(());
    };
    let mut noise = vec![0; 256];
    entropy.fill(&mut noise);
    database
        .write(&STORES, Durability::Strict, None, |transaction| {
            put_record(transaction, VAULTS, vault, &to_js(&noise))?;
            put_record(transaction, KEYS, vault, &to_js(&noise))
        })
        .await?;
    database
        .write(&STORES, Durability::Strict, None, |transaction| {
            for store in STORES {
                transaction.object_store(store)?.delete(&to_js(&vault.0))?;
            }
            Ok(())
        })
        .await?;
    let empty = database
        .reader(VAULTS)?
        .count(None)
        .await
        .map_err(|e| from_rexie(&e))?
        == 0;
    drop(database);
    if empty {
        database::delete(DATABASE).await?;
    }
    Ok(())
}

/// The same for all vaults, also those whose entries cannot be read; the list goes with them. Gives what they were.
pub(crate) async fn destroy_all(entropy: &mut impl Entropy) -> Result<Vec<VaultId>, StoreError> {
    let _alone = alone(LOCK).await;
    let Opened::Found(database) = Database::open(DATABASE, &STORES).await? else {
        return Ok(Vec::new());
    };
    let mut vaults = SortedSet::new();
    for store in STORES {
        let keys = database.reader(store)?.get_all_keys(None, None).await;
        let keys = keys.map_err(|e| from_rexie(&e))?;
        let ids = keys.iter().map(to_bytes);
        vaults.extend(ids.filter_map(|id| id.try_into().ok().map(VaultId)));
    }
    let mut noise = vec![0; 256];
    entropy.fill(&mut noise);
    let noise = to_js(&noise);
    database
        .write(&STORES, Durability::Strict, None, |transaction| {
            for store in STORES {
                for vault in &vaults {
                    put_record(transaction, store, *vault, &noise)?;
                }
            }
            Ok(())
        })
        .await?;
    database
        .write(&STORES, Durability::Strict, None, |transaction| {
            for store in STORES {
                transaction.object_store(store)?.clear()?;
            }
            Ok(())
        })
        .await?;
    drop(database);
    database::delete(DATABASE).await?;
    Ok(vaults.into_iter().collect())
}

/// Databases of vaults that are in no list: what a crash in mid-creation or mid-deletion left behind.
pub(crate) async fn strays(known: &[VaultId]) -> Vec<VaultId> {
    let prefix = format!("{DATABASE}-");
    let ids = database::names().await.into_iter().filter_map(|name| {
        let id = hex::decode(name.strip_prefix(&prefix)?).ok()?;
        Some(VaultId(id.try_into().ok()?))
    });
    ids.filter(|id| !known.contains(id)).collect()
}

fn put_record(
    transaction: &IdbTransaction,
    store: &str,
    vault: VaultId,
    value: &JsValue,
) -> Result<(), JsValue> {
    transaction
        .object_store(store)?
        .put_with_key(value, &to_js(&vault.0))
        .map(|_| ())
}

fn read(key: &JsValue, value: &JsValue) -> Option<Entry> {
    let id = VaultId(to_bytes(key).try_into().ok()?);
    let record = to_bytes(value);
    let (created, header) = record.split_first_chunk::<8>()?;
    Some(Entry {
        id,
        created_at: u64::from_be_bytes(*created),
        header: VaultHeader::from_bytes(header).ok(),
    })
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::worker::device;
    use crate::worker::ports::BrowserEntropy;
    use onionskin_client::vault::VaultKey;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn a_vault_is_listed_until_it_is_destroyed_and_the_last_one_takes_the_list_along() {
        assert!(list().await.unwrap().is_empty());
        assert!(
            !database::names().await.contains(&DATABASE.to_owned()),
            "asking for the list makes nothing"
        );

        let key = VaultKey::generate(&mut BrowserEntropy);
        let device = device::generate().await.unwrap();
        let [old, new] = [VaultId([9; 16]), VaultId([3; 16])];
        for (vault, created_at) in [(new, 2_000), (old, 1_000)] {
            let wrapped = device::wrap(&device, vault, &key, &mut BrowserEntropy)
                .await
                .unwrap();
            put(
                vault,
                created_at,
                &VaultHeader::new_device(wrapped).unwrap(),
                Some(&device),
            )
            .await
            .unwrap();
        }
        let entries = list().await.unwrap();
        assert_eq!(
            entries
                .iter()
                .map(|entry| (entry.id, entry.created_at))
                .collect::<Vec<_>>(),
            [(old, 1_000), (new, 2_000)]
        );
        let header = get(old).await.unwrap().unwrap().header.unwrap();
        let kept = device_key(old).await.unwrap().unwrap();
        let opened = device::unwrap(&kept, old, header.device().unwrap())
            .await
            .unwrap();
        assert_eq!(opened.as_bytes(), key.as_bytes());

        destroy(old, &mut BrowserEntropy).await.unwrap();
        assert!(get(old).await.unwrap().is_none());
        assert!(device_key(old).await.unwrap().is_none());
        assert!(get(new).await.unwrap().is_some());
        destroy(new, &mut BrowserEntropy).await.unwrap();
        assert!(!database::names().await.contains(&DATABASE.to_owned()));
    }
}
