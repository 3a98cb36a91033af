//! The work behind the screens: engine and file, piece by piece.

use super::file::{self, Sink};
use crate::bridge::{BackupCall, BackupWish, Call, Reply};
use crate::page::state::App;
use onionskin_client::api::{
    Answer, BackupStep, BackupView, Blob, Command, ErrorCode, Failure, MergeReport, MergeStep,
};

/// How far something is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Progress {
    pub done: u64,
    pub of: u64,
    /// It is written, and read back now.
    pub checking: bool,
}

impl Progress {
    /// Whole percent; not all of it before it is over.
    pub(super) fn percent(self) -> u8 {
        let percent = self.done.saturating_mul(100) / self.of.max(1);
        percent.min(99) as u8
    }
}

/// Makes a backup, reads it back and gives it to the person; `None`: they ended it. Without a wish it is one as the account
/// has ordered. `tell` says whether to go on.
pub(super) async fn make(
    app: App,
    wish: Option<BackupWish>,
    sink: Sink,
    tell: impl Fn(Progress) -> bool,
) -> Result<Option<BackupView>, Failure> {
    let made = write_and_check(app, wish, &sink, tell).await;
    match &made {
        Ok(Some((_, written))) => sink.keep(written),
        Ok(None) | Err(_) => {
            // Begun or not, it is over.
            let _ = app.command(Command::Backup(BackupStep::Cancel)).await;
            sink.drop_file().await;
        }
    }
    Ok(made?.map(|(view, _)| view))
}

async fn write_and_check(
    app: App,
    wish: Option<BackupWish>,
    sink: &Sink,
    tell: impl Fn(Progress) -> bool,
) -> Result<Option<(BackupView, web_sys::Blob)>, Failure> {
    let step = async |step| app.command(Command::Backup(step)).await;
    let begun = match wish {
        Some(wish) => match app.call(Call::Backup(BackupCall::Begin(wish))).await? {
            Reply::Answer(answer) => answer,
            _ => return Err(unexpected()),
        },
        None => step(BackupStep::Again).await?,
    };
    let Answer::Backup(view) = begun else {
        return Err(unexpected());
    };
    let mut progress = Progress {
        done: 0,
        of: view.size,
        checking: false,
    };
    loop {
        if !tell(progress) {
            return Ok(None);
        }
        let Answer::Bytes(Blob(piece)) = step(BackupStep::Next).await? else {
            return Err(unexpected());
        };
        if piece.is_empty() {
            break;
        }
        sink.write(&piece).await?;
        progress.done += piece.len() as u64;
    }
    let written = sink.close().await?;
    progress = Progress {
        done: 0,
        of: progress.done,
        checking: true,
    };
    loop {
        if !tell(progress) {
            return Ok(None);
        }
        let piece = file::read(&written, progress.done as f64).await?;
        if piece.is_empty() {
            break;
        }
        progress.done += piece.len() as u64;
        step(BackupStep::Check(Blob(piece))).await?;
    }
    match step(BackupStep::Checked).await? {
        Answer::Backup(view) => Ok(Some((*view, written))),
        _ => Err(unexpected()),
    }
}

/// Opens a file.
pub(super) async fn open(
    app: App,
    file: &web_sys::Blob,
    passphrase: crate::bridge::SecretBytes,
) -> Result<BackupView, Failure> {
    let start = Blob(file::read(file, 0.0).await?);
    let call = BackupCall::Open { start, passphrase };
    match app.call(Call::Backup(call)).await? {
        Reply::Backup(view) => Ok(view),
        _ => Err(unexpected()),
    }
}

/// Takes the file that was opened into the open account; `None`: the person ended it.
pub(super) async fn take_in(
    app: App,
    file: &web_sys::Blob,
    tell: impl Fn(Progress) -> bool,
) -> Result<Option<MergeReport>, Failure> {
    app.call(Call::Backup(BackupCall::Merge)).await?;
    let step = async |step| app.command(Command::Merge(step)).await;
    let mut progress = Progress {
        done: 0,
        of: file.size() as u64,
        checking: false,
    };
    loop {
        if !tell(progress) {
            step(MergeStep::Cancel).await?;
            return Ok(None);
        }
        let piece = file::read(file, progress.done as f64).await?;
        if piece.is_empty() {
            break;
        }
        progress.done += piece.len() as u64;
        step(MergeStep::Feed(Blob(piece))).await?;
    }
    match step(MergeStep::Finish).await? {
        Answer::Merged(report) => Ok(Some(*report)),
        _ => Err(unexpected()),
    }
}

fn unexpected() -> Failure {
    Failure {
        code: ErrorCode::Internal,
        number: None,
        detail: "another kind of answer".to_owned(),
    }
}
