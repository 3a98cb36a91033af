//! Files on their way to the file server (20-messages 5.1, 5.2).
//!
//! A file is encrypted under a key that was drawn when its message was written, and an initialisation vector that follows
//! from the key: a repeat after a crash is the same file to the server, which keeps it once.

use super::{Files, chunks, remote};
use crate::api::{ErrorCode, FileState};
use crate::message::FileRecord;
use crate::ports::Ports;
use futures::future::{Either, select};
use onionskin_protocol::attachment::legacy;
use onionskin_protocol::hash::blake2b;

/// What the pointer of an uploaded file has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub(crate) url: String,
    pub(crate) digest: Vec<u8>,
}

/// Why it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UploadFailure {
    /// The person ended it.
    Stopped,
    /// No further attempt will do.
    Final(ErrorCode),
    /// Another attempt may.
    Later,
}

impl<P: Ports> Files<P> {
    /// Brings a file of a message to the file server.
    pub(crate) async fn upload(&self, file: &FileRecord) -> Result<Uploaded, UploadFailure> {
        let total = file.size;
        self.show(file.id, FileState::Uploading { done: 0, total });
        let work = std::pin::pin!(self.bring(file));
        let outcome = match select(work, std::pin::pin!(self.stop_of(file.id))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(UploadFailure::Stopped),
        };
        match &outcome {
            Ok(_) => self.show(file.id, FileState::Uploading { done: total, total }),
            Err(UploadFailure::Later) => self.show(file.id, FileState::Waiting),
            Err(UploadFailure::Stopped) => {
                self.show(file.id, FileState::Failed(ErrorCode::FileUpload));
            }
            Err(UploadFailure::Final(code)) => self.show(file.id, FileState::Failed(*code)),
        }
        outcome
    }

    async fn bring(&self, file: &FileRecord) -> Result<Uploaded, UploadFailure> {
        let gone = UploadFailure::Final(ErrorCode::FileUpload);
        let bytes = match chunks::read(&self.conversations.records, &file.id).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(gone),
            Err(_) => return Err(UploadFailure::Later),
        };
        let key = legacy::Key::from_slice(&file.key).map_err(|_| gone)?;
        let iv = blake2b::<16>(key.as_bytes(), &[b"onionskin attachment"]);
        let sealed = legacy::seal_with(&bytes, &key, &iv)
            .map_err(|_| UploadFailure::Final(ErrorCode::FileTooBig))?;
        drop(bytes);
        match remote::upload(&self.network, sealed.encrypted).await {
            Ok(held) => Ok(Uploaded {
                url: remote::address(&held.id),
                digest: sealed.digest.to_vec(),
            }),
            Err(error) if error.is_final() => Err(UploadFailure::Final(error.of_upload())),
            Err(_) => Err(UploadFailure::Later),
        }
    }
}
