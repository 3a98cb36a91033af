//! Reading records, and collecting changes into one transaction.

use crate::api::{ErrorCode, Failure};
use crate::ports::{Durability, Op, Ports, Store, StoreError, Table};
use crate::vault::{VaultError, VaultKey};
use onionskin_protocol::config::EditError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::rc::Rc;
use zeroize::Zeroizing;

/// First byte of every record's plaintext.
const RECORD_VERSION: u8 = 1;
/// By so many bytes a record may have grown since it was written.
const GROWTH: usize = 64;
/// Adapters take keys up to this length (bytes).
const MAX_KEY: usize = 64;

/// Where a record lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    table: Table,
    bytes: Vec<u8>,
}

impl Key {
    /// Before and past all records of a table.
    pub(crate) fn all_of(table: Table) -> (Self, Self) {
        let from = Self::raw(table, Vec::new());
        (from, Self::raw(table, vec![0xff; MAX_KEY]))
    }
    /// The table.
    pub fn table(&self) -> Table {
        self.table
    }
    /// The name as the port sees it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// The name that the port gave back.
    pub fn raw(table: Table, bytes: Vec<u8>) -> Self {
        Self { table, bytes }
    }
    /// This name with `suffix` behind it.
    #[must_use]
    pub fn then(mut self, suffix: &[u8]) -> Self {
        self.bytes.extend_from_slice(suffix);
        debug_assert!(self.bytes.len() <= MAX_KEY);
        self
    }
}

/// Why a record could not be read or a transaction not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The port failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record does not open with this vault's key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A record opens, but is not of the expected form.
    #[error("a record is not of the expected form")]
    Form,
    /// A record was written by a later version.
    #[error("a record was written by a later version ({0})")]
    Version(u8),
}

impl RecordError {
    /// This record is damaged or foreign; others may be read.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Vault(_) | Self::Form | Self::Version(_) => true,
            Self::Store(_) => false,
        }
    }
}

/// A record with a value that a config of the account does not take.
impl From<EditError> for RecordError {
    fn from(_: EditError) -> Self {
        Self::Form
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let code = match &error {
            RecordError::Store(StoreError::Full) => ErrorCode::StoreFull,
            RecordError::Store(StoreError::Superseded) => ErrorCode::VaultOpen,
            RecordError::Store(StoreError::Unavailable(_)) => ErrorCode::StoreBlocked,
            RecordError::Vault(_) | RecordError::Form | RecordError::Version(_) => {
                ErrorCode::VaultDamaged
            }
        };
        Failure {
            code,
            number: None,
            detail: error.to_string(),
        }
    }
}

/// All records of one account. Cheap to clone.
pub struct Records<P: Ports> {
    ports: Rc<P>,
    key: Rc<VaultKey>,
}

impl<P: Ports> Clone for Records<P> {
    fn clone(&self) -> Self {
        Self {
            ports: Rc::clone(&self.ports),
            key: Rc::clone(&self.key),
        }
    }
}

impl<P: Ports> Records<P> {
    /// Over the ports' store, under one vault key.
    pub fn new(ports: Rc<P>, key: VaultKey) -> Self {
        Self {
            ports,
            key: Rc::new(key),
        }
    }

    /// The name of a record: `N` bytes that say nothing.
    pub fn key<const N: usize>(&self, table: Table, label: &str, parts: &[&[u8]]) -> Key {
        Key {
            table,
            bytes: self.key.blind::<N>(table, label, parts).to_vec(),
        }
    }

    /// One record.
    pub async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, RecordError> {
        match self.ports.store().get(key.table, &key.bytes).await? {
            Some(sealed) => self.open(key, &sealed).map(Some),
            None => Ok(None),
        }
    }

    /// One record that stops nothing when it is damaged: then it is as good as none, and the next write replaces it.
    pub async fn get_sound<T: DeserializeOwned>(
        &self,
        key: &Key,
    ) -> Result<Option<T>, RecordError> {
        match self.get(key).await {
            Err(error) if error.is_damage() => Ok(None),
            read => read,
        }
    }

    /// Whether there is such a record, readable or not.
    pub async fn has(&self, key: &Key) -> Result<bool, RecordError> {
        Ok(self
            .ports
            .store()
            .get(key.table, &key.bytes)
            .await?
            .is_some())
    }

    /// Records with `from <= key < to`. Those that do not open are left out and counted.
    pub async fn range<T: DeserializeOwned>(
        &self,
        from: &Key,
        to: &Key,
        reverse: bool,
        limit: usize,
    ) -> Result<(Vec<(Key, T)>, usize), RecordError> {
        let found = self
            .ports
            .store()
            .range(from.table, &from.bytes, &to.bytes, reverse, limit)
            .await?;
        let mut records = Vec::with_capacity(found.len());
        let mut damaged = 0;
        for (bytes, sealed) in found {
            let key = Key {
                table: from.table,
                bytes,
            };
            match self.open(&key, &sealed) {
                Ok(record) => records.push((key, record)),
                Err(_) => damaged += 1,
            }
        }
        Ok((records, damaged))
    }

    /// How many records there are with `from <= key < to`, readable or not.
    pub async fn count(&self, from: &Key, to: &Key) -> Result<u32, RecordError> {
        let store = self.ports.store();
        Ok(store.count(from.table, &from.bytes, &to.bytes).await?)
    }

    /// All records of a table.
    pub async fn all<T: DeserializeOwned>(
        &self,
        table: Table,
    ) -> Result<(Vec<(Key, T)>, usize), RecordError> {
        let (from, to) = Key::all_of(table);
        self.range(&from, &to, false, usize::MAX).await
    }

    /// The names of a table's records that do not open.
    pub(crate) async fn damaged<T: DeserializeOwned>(
        &self,
        table: Table,
    ) -> Result<Vec<Key>, RecordError> {
        let store = self.ports.store();
        let all = store.range(table, &[], &[0xff; MAX_KEY], false, usize::MAX);
        let mut damaged = Vec::new();
        for (bytes, sealed) in all.await? {
            let key = Key { table, bytes };
            if self.open::<T>(&key, &sealed).is_err() {
                damaged.push(key);
            }
        }
        Ok(damaged)
    }

    /// An empty transaction.
    pub fn tx(&self) -> Tx<P> {
        Tx {
            records: self.clone(),
            ops: Vec::new(),
            failed: None,
        }
    }

    fn open<T: DeserializeOwned>(&self, key: &Key, sealed: &[u8]) -> Result<T, RecordError> {
        let plain = self.key.open(key.table, &key.bytes, sealed)?;
        match plain.split_first() {
            Some((&RECORD_VERSION, body)) => read(body),
            Some((&version, _)) => Err(RecordError::Version(version)),
            None => Err(RecordError::Form),
        }
    }

    fn seal<T: Serialize + ?Sized>(&self, key: &Key, value: &T) -> Result<Vec<u8>, RecordError> {
        let body = Zeroizing::new(postcard::to_allocvec(value).map_err(|_| RecordError::Form)?);
        let mut plain = Zeroizing::new(Vec::with_capacity(1 + body.len()));
        plain.push(RECORD_VERSION);
        plain.extend_from_slice(&body);
        Ok(self
            .key
            .seal(key.table, &key.bytes, &plain, &mut *self.ports.entropy()))
    }
}

/// A record of this build or an earlier one. A record grows at its end only, by fields whose zero (nothing, none, no) says what
/// its absence said.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, RecordError> {
    match postcard::from_bytes(body) {
        Err(postcard::Error::DeserializeUnexpectedEnd) => {
            let mut grown = Zeroizing::new(Vec::with_capacity(body.len() + GROWTH));
            grown.extend_from_slice(body);
            grown.resize(body.len() + GROWTH, 0);
            postcard::from_bytes(&grown).map_err(|_| RecordError::Form)
        }
        other => other.map_err(|_| RecordError::Form),
    }
}

/// Changes that take effect together or not at all.
pub struct Tx<P: Ports> {
    records: Records<P>,
    ops: Vec<Op>,
    failed: Option<RecordError>,
}

impl<P: Ports> Tx<P> {
    /// Writes a record, replacing what was there.
    pub fn put<T: Serialize + ?Sized>(&mut self, key: &Key, value: &T) -> &mut Self {
        match self.records.seal(key, value) {
            Ok(value) => self.ops.push(Op::Put {
                table: key.table,
                key: key.bytes.clone(),
                value,
            }),
            Err(error) => self.failed = Some(error),
        }
        self
    }

    /// Removes a record.
    pub fn delete(&mut self, key: &Key) -> &mut Self {
        self.ops.push(Op::Delete {
            table: key.table,
            key: key.bytes.clone(),
        });
        self
    }

    /// Makes the changes.
    pub async fn commit(self, durability: Durability) -> Result<(), RecordError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.ops.is_empty() {
            return Ok(());
        }
        Ok(self
            .records
            .ports
            .store()
            .commit(self.ops, durability)
            .await?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Earlier {
        name: String,
        count: u32,
    }

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Later {
        name: String,
        count: u32,
        until: Option<u64>,
        words: Vec<String>,
        loud: bool,
    }

    #[test]
    fn a_record_of_an_earlier_build_is_read_and_so_is_one_of_a_later_build() {
        let earlier = Earlier {
            name: "n".into(),
            count: 300,
        };
        let later = Later {
            name: "n".into(),
            count: 300,
            until: None,
            words: Vec::new(),
            loud: false,
        };
        let bytes = postcard::to_allocvec(&earlier).unwrap();
        assert_eq!(read::<Later>(&bytes).unwrap(), later);
        let bytes = postcard::to_allocvec(&later).unwrap();
        assert_eq!(read::<Earlier>(&bytes).unwrap(), earlier);
    }

    /// Settings as they were first written: they have grown at their end since, and may grow there only.
    #[test]
    fn settings_of_the_first_builds_are_read() {
        let first = b"\x00\x00\x00\x00\x01\x01\x00\x00\x00\x01\x01\x06\x04\xf0\x9f\x91\x8d\x06\xe2\x9d\xa4\xef\xb8\x8f\
              \x04\xf0\x9f\x98\x82\x04\xf0\x9f\x98\xae\x04\xf0\x9f\x98\xa2\x04\xf0\x9f\x99\x8f\x00\x00\x01\x01\
              \xc0\x8d\xb7\x01\x00\x00\x02\x01\x01\x32\x00\x7f\x00";
        assert_eq!(
            read::<crate::api::Settings>(first).unwrap(),
            crate::api::Settings::default()
        );
    }

    #[test]
    fn what_is_no_record_is_refused() {
        // A text that promises more than the growth of a record.
        assert_eq!(read::<Earlier>(&[200, 1, b'a']), Err(RecordError::Form));
        assert_eq!(read::<bool>(&[7]), Err(RecordError::Form));
    }
}
