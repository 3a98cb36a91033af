//! Files as backups hold them: whole.

use super::avatar::{MAX_PICTURE, is_picture, picture_file};
use super::{Files, chunks};
use crate::api::FileId;
use crate::ports::{Durability, Ports};
use crate::store::{RecordError, Records, Tx};

/// Writes the bytes of a file.
pub(crate) fn put_whole<P: Ports>(
    tx: &mut Tx<P>,
    records: &Records<P>,
    file: &FileId,
    bytes: &[u8],
) {
    chunks::put(tx, records, file, bytes);
}

impl<P: Ports> Files<P> {
    /// The bytes of a file; `None` when it is not here, or not whole.
    pub(crate) async fn whole(&self, file: &FileId) -> Result<Option<Vec<u8>>, RecordError> {
        match chunks::read(&self.conversations.records, file).await {
            Err(error) if error.is_damage() => Ok(None),
            read => read,
        }
    }

    /// Somebody's picture, or one's own, as far as it is here: the mark of its reference, and its bytes.
    pub(crate) async fn picture_here(
        &self,
        account: &[u8; 32],
    ) -> Result<Option<(u64, Vec<u8>)>, RecordError> {
        let mark = self.conversations.pictures.borrow().get(account).copied();
        let Some(mark) = mark else {
            return Ok(None);
        };
        let file = picture_file(&self.conversations.records, account);
        let bytes = self.whole(&file).await?;
        Ok(bytes.map(|bytes| (mark, bytes)))
    }

    /// Takes a picture that is missing here and that somebody has at present.
    pub(crate) async fn restore_picture(
        &self,
        account: [u8; 32],
        mark: u64,
        bytes: &[u8],
    ) -> Result<(), RecordError> {
        let missing = self.missing();
        let wanted = missing
            .iter()
            .any(|(whose, reference)| *whose == account && reference.mark() == mark);
        if !wanted || bytes.len() > MAX_PICTURE || !is_picture(bytes) {
            return Ok(());
        }
        let mut change = self.conversations.change().await;
        self.keep_picture(&mut change.tx, account, mark, bytes)
            .await?;
        change.commit(Durability::Relaxed).await?;
        let pictures = &self.conversations.pictures;
        pictures.borrow_mut().insert(account, mark);
        self.conversations.tell_picture(&account);
        Ok(())
    }
}
