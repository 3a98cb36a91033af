//! Bytes of files in the store, in records of at most 256 KiB: what an adapter takes at once stays small, and a record that is
//! lost or damaged is noticed.

use crate::api::{Blob, FileId};
use crate::ports::{Ports, Table};
use crate::store::{Key, RecordError, Records, Tx};

/// Bytes of one record.
const CHUNK: usize = 256 * 1024;
/// More records than any file has.
const MAX_CHUNKS: usize = 64;

/// Writes a file. An empty one is a record without bytes.
pub(super) fn put<P: Ports>(tx: &mut Tx<P>, records: &Records<P>, file: &FileId, bytes: &[u8]) {
    let count = count(bytes.len() as u64);
    for number in 0..count {
        let from = number as usize * CHUNK;
        let chunk = &bytes[from..bytes.len().min(from + CHUNK)];
        tx.put(&key(records, file, number), &(count, Blob(chunk.to_vec())));
    }
}

/// Removes a file of so many bytes.
pub(super) fn delete<P: Ports>(tx: &mut Tx<P>, records: &Records<P>, file: &FileId, size: u64) {
    for number in 0..count(size) {
        tx.delete(&key(records, file, number));
    }
}

/// Reads a file; `None` when it is not here.
pub(super) async fn read<P: Ports>(
    records: &Records<P>,
    file: &FileId,
) -> Result<Option<Vec<u8>>, RecordError> {
    let (from, to) = (key(records, file, 0), key(records, file, u32::MAX));
    let (found, damaged) = records
        .range::<(u32, Blob)>(&from, &to, false, MAX_CHUNKS)
        .await?;
    let Some((_, (count, _))) = found.first() else {
        return match damaged {
            0 => Ok(None),
            _ => Err(RecordError::Form),
        };
    };
    if damaged > 0 || *count as usize != found.len() {
        return Err(RecordError::Form);
    }
    let mut bytes = Vec::with_capacity(found.len() * CHUNK);
    for (_, (_, Blob(chunk))) in found {
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

fn count(size: u64) -> u32 {
    let chunks = size.div_ceil(CHUNK as u64).max(1);
    u32::try_from(chunks)
        .unwrap_or(u32::MAX)
        .min(MAX_CHUNKS as u32)
}

fn key<P: Ports>(records: &Records<P>, file: &FileId, number: u32) -> Key {
    records
        .key::<16>(Table::File, "bytes", &[&file.0])
        .then(&number.to_be_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::network::testing::Lab;
    use crate::ports::Durability;
    use crate::store::MemoryStore;
    use crate::vault::VaultKey;
    use futures::FutureExt;
    use onionskin_testnet::random::SeededEntropy;
    use proptest::prelude::*;
    use std::rc::Rc;

    fn records(store: &MemoryStore) -> Records<crate::network::testing::LabPorts> {
        let key = VaultKey::generate(&mut SeededEntropy::new(1));
        Records::new(Rc::new(Lab::new(1).ports(store)), key)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn a_file_comes_back_whole_and_leaves_nothing(length in prop_oneof![Just(0usize), Just(CHUNK), 1..3 * CHUNK]) {
            let store = MemoryStore::new();
            let records = records(&store);
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let (file, other) = (FileId([1; 16]), FileId([2; 16]));
            let mut tx = records.tx();
            put(&mut tx, &records, &file, &bytes);
            tx.commit(Durability::Strict).now_or_never().unwrap().unwrap();
            prop_assert_eq!(store.len(), length.div_ceil(CHUNK).max(1));
            prop_assert_eq!(read(&records, &file).now_or_never().unwrap().unwrap(), Some(bytes));
            prop_assert_eq!(read(&records, &other).now_or_never().unwrap().unwrap(), None);
            let mut tx = records.tx();
            delete(&mut tx, &records, &file, length as u64);
            tx.commit(Durability::Strict).now_or_never().unwrap().unwrap();
            prop_assert!(store.is_empty());
        }
    }

    #[test]
    fn a_file_with_a_lost_record_is_damaged() {
        let store = MemoryStore::new();
        let records = records(&store);
        let file = FileId([1; 16]);
        let mut tx = records.tx();
        put(&mut tx, &records, &file, &vec![7; 2 * CHUNK]);
        tx.delete(&key(&records, &file, 1));
        tx.commit(Durability::Strict)
            .now_or_never()
            .unwrap()
            .unwrap();
        let read = read(&records, &file).now_or_never().unwrap();
        assert_eq!(read, Err(RecordError::Form));
    }
}
