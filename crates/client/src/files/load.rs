//! Files on their way from the file server (20-messages 5.1 to 5.3): a few at a time, opened, checked, kept.

use super::name::is_dangerous_inside;
use super::{Files, chunks, remote};
use crate::api::{Blob, ErrorCode, Failure, FileId, FileState, Message, MessageId, Pressure};
use crate::message::{FileRecord, MessageRecord};
use crate::outbox::failure;
use crate::ports::{Durability, Ports, StoreError};
use crate::store::RecordError;
use futures::future::{Either, pending, select};
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_protocol::attachment::url::FileUrl;
use onionskin_protocol::attachment::{self, Pointer};

/// Downloads at the same time.
const LANES: usize = 3;
/// Downloads that wait at most; what comes by itself beyond that is left to the person.
const MAX_WAITING: usize = 200;

/// Bytes of files that are shown without being kept, at most.
const MAX_PASSING: usize = 32_000_000;

/// A file that somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    message: MessageId,
    file: FileId,
}

/// A file that is shown without being kept.
pub(super) struct Passing {
    of: Wanted,
    bytes: Blob,
}

impl Wanted {
    pub(super) fn is(&self, file: FileId) -> bool {
        self.file == file
    }
}

impl<P: Ports> Files<P> {
    /// Fetches a file of a message, soon.
    pub(crate) async fn load(&self, message: MessageId, file: FileId) -> Result<(), Failure> {
        let unknown = || failure(ErrorCode::Internal, None, "no such file");
        let record = self.conversations.find_message(&message).await?;
        let record = record.ok_or_else(unknown)?;
        let found = file_in(&record, &file).ok_or_else(unknown)?;
        if found.here || self.is_passing(&file) {
            return Ok(());
        }
        if found.url.is_empty() || found.key.is_empty() {
            let code = found.failed.unwrap_or(ErrorCode::FileGone);
            return Err(failure(code, None, "its pointer leads nowhere"));
        }
        self.unwanted.borrow_mut().remove(&file);
        self.want(Wanted { message, file });
        Ok(())
    }

    fn want(&self, wanted: Wanted) {
        let known =
            self.loading.borrow().contains(&wanted.file) || self.wanted.borrow().contains(&wanted);
        if known || self.wanted.borrow().len() >= MAX_WAITING {
            return;
        }
        self.wanted.borrow_mut().push_back(wanted);
        self.show(wanted.file, FileState::Waiting);
        self.bell.ring();
    }

    /// Files of people whose files load by themselves (screens 9.7), unless data is to be saved.
    pub(super) fn welcome(&self, message: &Message) {
        let limit = u64::from(self.conversations.settings.borrow().auto_download);
        let row = self.conversations.view_of(&message.conversation);
        let trusted =
            row.is_some_and(|row| row.note_to_self || row.trusted && row.accepted && !row.blocked);
        let full = self.pressure.get() == Pressure::Full;
        if !trusted || limit == 0 || full || self.network.settings().saver {
            return;
        }
        for file in &message.attachments {
            let unwanted = file.let_go || self.unwanted.borrow().contains(&file.id);
            if file.state == FileState::Remote && file.size <= limit && !unwanted {
                self.want(Wanted {
                    message: message.id,
                    file: file.id,
                });
            }
        }
    }

    /// Downloads that wait or run.
    pub(crate) fn downloads(&self) -> u32 {
        let count = self.wanted.borrow().len() + self.loading.borrow().len();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The bytes of a file on this device.
    pub(crate) async fn bytes(&self, file: &FileId) -> Result<Blob, Failure> {
        if let Some(passing) = self.passing.borrow().iter().find(|one| one.of.is(*file)) {
            return Ok(passing.bytes.clone());
        }
        let bytes = chunks::read(&self.conversations.records, file).await?;
        let gone = || failure(ErrorCode::FileGone, None, "not on this device");
        Ok(Blob(bytes.ok_or_else(gone)?))
    }

    /// Fetches what is wanted until dropped.
    pub(super) async fn keep_loading(&self) {
        let mut running = FuturesUnordered::new();
        loop {
            let bell = self.bell.listen();
            let network = self.network.changes();
            while self.network.is_ready() && running.len() < LANES {
                let Some(wanted) = self.wanted.borrow_mut().pop_front() else {
                    break;
                };
                self.loading.borrow_mut().insert(wanted.file);
                running.push(self.fetch(wanted));
            }
            let done = async {
                match running.next().await {
                    Some(()) => {}
                    None => pending().await,
                }
            };
            let news = crate::wake::either(bell, network);
            select(std::pin::pin!(done), std::pin::pin!(news)).await;
        }
    }

    async fn fetch(&self, wanted: Wanted) {
        let stop = std::pin::pin!(self.stop_of(wanted.file));
        let work = std::pin::pin!(self.fetch_now(wanted));
        match select(work, stop).await {
            // What the store says counts, and was told.
            Either::Left((Ok(()), _)) if self.is_passing(&wanted.file) => {}
            Either::Left((Ok(()), _)) => self.transfers().clear(&wanted.file),
            Either::Left((Err(code), _)) => self.show(wanted.file, FileState::Failed(code)),
            Either::Right(_) => {
                self.show(wanted.file, FileState::Remote);
                self.transfers().clear(&wanted.file);
            }
        }
        self.loading.borrow_mut().remove(&wanted.file);
    }

    async fn fetch_now(&self, wanted: Wanted) -> Result<(), ErrorCode> {
        let store = |_: RecordError| ErrorCode::StoreBlocked;
        let record = self.conversations.find_message(&wanted.message);
        let Some(record) = record.await.map_err(store)? else {
            return Ok(());
        };
        let Some(file) = file_in(&record, &wanted.file) else {
            return Ok(());
        };
        let total = file.size;
        self.show(wanted.file, FileState::Loading { done: 0, total });
        let opened = match remote::download(&self.network, &file.url, file.size).await {
            Ok(encrypted) => open(&encrypted, file),
            // The network may do better another time, so nothing is written down.
            Err(error) if !error.is_final() => return Err(error.of_download()),
            Err(error) => Err(error.of_download()),
        };
        let opened = match opened {
            Ok(bytes) if self.pressure.get() == Pressure::Full => {
                self.pass(wanted, bytes);
                return Ok(());
            }
            opened => opened,
        };
        let kept = self.keep(wanted, &opened).await;
        match (kept, opened) {
            (Err(RecordError::Store(StoreError::Full)), Ok(bytes)) => {
                self.pass(wanted, bytes);
                Ok(())
            }
            (Err(RecordError::Store(StoreError::Full)), Err(_)) => Err(ErrorCode::StoreFull),
            (kept, _) => kept.map_err(store),
        }
    }

    /// Shows a file that finds no room. The one that was shown first makes place.
    fn pass(&self, of: Wanted, bytes: Vec<u8>) {
        let mut passing = self.passing.borrow_mut();
        let mut held: usize = passing.iter().map(|one| one.bytes.0.len()).sum();
        while held + bytes.len() > MAX_PASSING
            && let Some(Passing { of, bytes }) = passing.pop_front()
        {
            held -= bytes.0.len();
            self.transfers().clear(&of.file);
            self.tell(of.file, FileState::Remote);
        }
        let bytes = Blob(bytes);
        passing.push_back(Passing { of, bytes });
        drop(passing);
        self.show(of.file, FileState::Here);
    }

    /// It is shown without being kept.
    pub(super) fn is_passing(&self, file: &FileId) -> bool {
        self.passing.borrow().iter().any(|one| one.of.is(*file))
    }

    /// A message is gone, and what was shown of it goes with it.
    pub(super) fn stop_passing(&self, message: &MessageId) {
        let mut passing = self.passing.borrow_mut();
        let gone = passing.iter().filter(|one| one.of.message == *message);
        for one in gone {
            self.transfers().clear(&one.of.file);
        }
        passing.retain(|one| one.of.message != *message);
    }

    /// Writes down what came, or why nothing did, unless the message has gone meanwhile.
    async fn keep(
        &self,
        wanted: Wanted,
        opened: &Result<Vec<u8>, ErrorCode>,
    ) -> Result<(), RecordError> {
        let mut change = self.conversations.change().await;
        let Some(mut record) = change.message(&wanted.message).await? else {
            return Ok(());
        };
        let Some(file) = file_in_mut(&mut record, &wanted.file) else {
            return Ok(());
        };
        match opened {
            Ok(bytes) => {
                chunks::put(&mut change.tx, &self.conversations.records, &file.id, bytes);
                (file.here, file.let_go) = (true, false);
                file.failed = None;
                file.size = bytes.len() as u64;
                file.dangerous |= is_dangerous_inside(bytes);
            }
            Err(code) => file.failed = Some(*code),
        }
        let state = file.state();
        change.put(record);
        self.transfers().clear(&wanted.file);
        change.commit(Durability::Relaxed).await?;
        self.tell(wanted.file, state);
        Ok(())
    }
}

/// Opens what a server gave; the digest or the authenticator inside has to match, whoever the server is.
fn open(encrypted: &[u8], file: &FileRecord) -> Result<Vec<u8>, ErrorCode> {
    let pointer = Pointer {
        key: &file.key,
        digest: &file.digest,
        size: u32::try_from(file.size).ok(),
        stream: FileUrl::parse(&file.url).is_ok_and(|url| url.stream),
    };
    attachment::open(encrypted, &pointer)
        .map(|plain| plain.to_vec())
        .map_err(|_| ErrorCode::FileDigest)
}

fn file_in<'a>(record: &'a MessageRecord, id: &FileId) -> Option<&'a FileRecord> {
    let image = record
        .preview
        .as_ref()
        .and_then(|preview| preview.image.as_ref());
    record.files.iter().chain(image).find(|file| file.id == *id)
}

fn file_in_mut<'a>(record: &'a mut MessageRecord, id: &FileId) -> Option<&'a mut FileRecord> {
    let image = record
        .preview
        .as_mut()
        .and_then(|preview| preview.image.as_mut());
    record
        .files
        .iter_mut()
        .chain(image)
        .find(|file| file.id == *id)
}
