//! A new log for Chromium's database.
//!
//! Chromium keeps IndexedDB in LevelDB, which goes on with the log that it finds. When the browser was killed while it wrote,
//! that log ends with half a record: harmless, until more is written behind it. Then the next start finds a damaged log, and
//! Chromium destroys every database of the site (google/leveldb issue 1287). LevelDB begins a new log, and lets go of the old
//! one, once it was given more than it holds in memory.

use super::database::{self, Database};
use crate::worker::platform::{global, property};
use onionskin_client::ports::{Durability, StoreError};
use wasm_bindgen::JsValue;

/// Not among the names of vaults.
const DATABASE: &str = "onionskin.log";
const STORE: &str = "0";
/// LevelDB holds 4 MiB in memory.
const RECORDS: u32 = 144;
/// Chromium keeps values from 64 KiB on outside of the log. Zeros take no room once they are in a table.
const RECORD: usize = 32 * 1024;

/// Makes a new log begin where the database has one: the sooner after the start, the less can be lost. Some 70 ms.
pub(crate) async fn turn_over() -> Result<(), StoreError> {
    if !is_chromium() {
        return Ok(());
    }
    let database = Database::create(DATABASE, &[STORE]).await?;
    let zeros = database::to_js(&[0; RECORD]);
    let written = database
        .write(&[STORE], Durability::Relaxed, None, |transaction| {
            let store = transaction.object_store(STORE)?;
            for record in 0..RECORDS {
                store.put_with_key(&zeros, &record.into())?;
            }
            Ok(())
        })
        .await;
    drop(database);
    database::delete(DATABASE).await.and(written)
}

/// Whether this is Chromium: no other browser tells of its brands.
fn is_chromium() -> bool {
    global::<JsValue>("navigator")
        .and_then(|navigator| property::<JsValue>(&navigator, "userAgentData"))
        .is_some()
}
