//! What of backups needs a passphrase, and accounts that are made from one.

use super::{
    PASSPHRASE_CHARACTERS, Session, failure, internal, kdf, no_derivation, phrase, wrong_phrase,
};
use crate::bridge::{
    BACKUP_PASSPHRASE, BackupCall, BackupLock, BackupWish, Keep, Reply, SecretBytes,
};
use crate::worker::ports::BrowserEntropy;
use onionskin_client::api::{
    BackupKey, BackupOrder, BackupStep, Blob, Command, ErrorCode, Failure, MergeStep,
};
use onionskin_client::backup::format::{Head, Header};
use onionskin_client::backup::view;
use onionskin_client::vault::OpenerKey;
use onionskin_protocol::account::phrase::WordList;
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::entropy::draw;
use std::rc::Rc;
use zeroize::Zeroizing;

/// A file that was opened.
pub(super) struct OpenedFile {
    start: Blob,
    key: BackupKey,
    head: Head,
    /// The account was made for it.
    fresh: bool,
}

impl Session {
    pub(super) async fn backup(self: &Rc<Self>, call: BackupCall) -> Result<Reply, Failure> {
        match call {
            BackupCall::Suggest => {
                let random = Zeroizing::new(draw::<8>(&mut BrowserEntropy));
                let words = WordList::english().encode_bytes(random.as_slice());
                let words = Zeroizing::new(words.unwrap_or_default());
                // The last word checks the others, which nobody needs here.
                let words = words.split(' ').take(6).map(str::to_owned);
                Ok(Reply::Words(words.collect()))
            }
            BackupCall::Begin(wish) => {
                let _turn = self.turn.lock().await;
                self.begin_backup(wish).await
            }
            BackupCall::Open { start, passphrase } => self.open_file(start, passphrase).await,
            BackupCall::Create { phrase, keep } => {
                let _turn = self.turn.lock().await;
                self.create_from_file(phrase, keep).await
            }
            BackupCall::Merge => {
                let step = {
                    let opened = self.file.borrow();
                    let file = opened.as_ref().ok_or_else(|| internal("no file is open"))?;
                    MergeStep::Begin {
                        start: file.start.clone(),
                        key: file.key.clone(),
                        fresh: file.fresh,
                    }
                };
                let answer = self.command(Command::Merge(step)).await?;
                self.file.replace(None);
                Ok(Reply::Answer(answer))
            }
            BackupCall::Close => {
                self.file.replace(None);
                Ok(Reply::Done)
            }
        }
    }

    async fn begin_backup(&self, wish: BackupWish) -> Result<Reply, Failure> {
        let passphrase = match wish.lock {
            BackupLock::Account(passphrase) => {
                self.prove(passphrase.clone()).await?;
                passphrase
            }
            BackupLock::Own { passphrase, proof } => {
                let characters = passphrase.as_str().map_or(0, |text| text.chars().count());
                if !(BACKUP_PASSPHRASE..=*PASSPHRASE_CHARACTERS.end()).contains(&characters) {
                    return Err(internal(
                        "a passphrase of a backup has 12 to 256 characters",
                    ));
                }
                // Whoever finds an account open must not go away with its phrase.
                if wish.phrase && self.is_protected().await? {
                    let proof = proof.ok_or_else(|| failure(ErrorCode::VaultPass))?;
                    self.prove(proof).await?;
                }
                passphrase
            }
        };
        let derived = kdf::derive_new(&passphrase, &mut BrowserEntropy).await;
        let (key, params) = derived.map_err(no_derivation)?;
        let order = BackupOrder {
            conversations: wish.conversations,
            files: wish.files,
            phrase: wish.phrase,
            params,
            key: key_of(&key),
            repeats: wish.repeats,
        };
        let begun = self.command(Command::Backup(BackupStep::Begin(order)));
        begun.await.map(Reply::Answer)
    }

    async fn open_file(&self, start: Blob, passphrase: SecretBytes) -> Result<Reply, Failure> {
        self.file.replace(None);
        let header = Header::read(&start.0)?;
        let key = kdf::derive(&passphrase, header.params())
            .await
            .map_err(no_derivation)?;
        let key = key_of(&key);
        let head = header.open(&key)?;
        let told = view(&head);
        self.file.replace(Some(OpenedFile {
            start,
            key,
            head,
            fresh: false,
        }));
        Ok(Reply::Backup(told))
    }

    async fn create_from_file(
        self: &Rc<Self>,
        typed: Option<SecretBytes>,
        keep: Keep,
    ) -> Result<Reply, Failure> {
        let head = self.file.borrow().as_ref().map(|file| file.head.clone());
        let head = head.ok_or_else(|| internal("no file is open"))?;
        let seed = match (head.seed, typed) {
            (Some(seed), _) => Seed::from_bytes(*Zeroizing::new(seed)),
            (None, Some(typed)) => phrase::read(&typed, &self.lists)
                .await
                .map_err(wrong_phrase)?,
            (None, None) => return Err(internal("the backup holds no phrase")),
        };
        let account = Account::from_seed(seed);
        if account.id().key().0 != head.account {
            return Err(failure(ErrorCode::BakOther));
        }
        let opened = self.begin(account, "", true, keep).await?;
        if let Some(file) = self.file.borrow_mut().as_mut() {
            file.fresh = true;
        }
        Ok(opened)
    }
}

fn key_of(key: &OpenerKey) -> BackupKey {
    BackupKey(*key.as_bytes())
}
