//! Room that is kept free for text: noise in the vault's own database that goes when the browser's storage is full, so that
//! what somebody writes and what they are written still finds a place (screens 20).
//!
//! Noise, since browsers compress what repeats; one value, since Chromium keeps large values as files, which it removes as
//! soon as their record goes.

use super::OWNER;
use super::database::{Database, from_rexie, to_js};
use onionskin_client::ports::{Durability, Op, StoreError, Table};
use rexie::KeyRange;

/// Its key, beside that of the owner epoch.
const RESERVE: &str = "reserve";
/// Its bytes.
const SIZE: usize = 2 * 1024 * 1024;
/// A record with so many bytes belongs to a file, for which the reserve is not.
const TEXT: usize = 64 * 1024;

/// Lays the reserve in unless it is there. Where there is no room for it, none is laid in.
pub(super) async fn lay_in(database: &Database) -> Result<(), StoreError> {
    if is_there(database).await? {
        return Ok(());
    }
    let mut noise = vec![0; SIZE];
    getrandom::fill(&mut noise).map_err(|_| StoreError::Unavailable("no noise".to_owned()))?;
    let noise = to_js(&noise);
    database
        .write(&[OWNER], Durability::Relaxed, None, |transaction| {
            let store = transaction.object_store(OWNER)?;
            store.put_with_key(&noise, &RESERVE.into()).map(|_| ())
        })
        .await
}

/// Gives its room back. False: there was none.
pub(super) async fn release(database: &Database) -> Result<bool, StoreError> {
    if !is_there(database).await? {
        return Ok(false);
    }
    database
        .write(&[OWNER], Durability::Strict, None, |transaction| {
            transaction.object_store(OWNER)?.delete(&RESERVE.into())?;
            Ok(())
        })
        .await?;
    Ok(true)
}

/// Whether it may go for these changes: text and what belongs to it, no files.
pub(super) fn may_serve(ops: &[Op]) -> bool {
    ops.iter().all(|op| match op {
        Op::Put { table, value, .. } => *table != Table::File || value.len() < TEXT,
        Op::Delete { .. } => true,
    })
}

async fn is_there(database: &Database) -> Result<bool, StoreError> {
    let only = KeyRange::only(&RESERVE.into())
        .map_err(|_| StoreError::Unavailable("DataError".to_owned()))?;
    let count = database.reader(OWNER)?.count(Some(only)).await;
    count.map(|count| count > 0).map_err(|e| from_rexie(&e))
}
