//! One account at a time: made, restored or unlocked, used, and locked or destroyed.
//!
//! Opening and closing run one after the other; commands of an open account run side by side.

mod backup;

use super::deployment::{Asked, Deployment, ask, environment};
use super::media::{picture, voice};
use super::owner::{Ownership, acquire, held, say};
use super::ports::{BrowserEntropy, BrowserPorts, now_ms};
use super::registry::{self, database_name, folder_name};
use super::store::{AnyStore, IdbStore, database};
use super::{device, kdf, phrase, post};
use crate::bridge::{
    Call, FromWorker, Keep, PhraseCheck, Protection, Reply, SecretBytes, VaultId, VaultInfo,
};
use backup::OpenedFile;
use futures::StreamExt;
use futures::future::Either;
use futures::lock::Mutex;
use gloo_timers::future::TimeoutFuture;
use onionskin_client::api::{Answer, Blob, Command, ErrorCode, Event, Failure, Profile};
use onionskin_client::ports::StoreError;
use onionskin_client::store::MemoryStore;
use onionskin_client::vault::{VaultError, VaultHeader, VaultKey};
use onionskin_client::{Engine, EngineOptions};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::entropy::draw;
use onionskin_protocol::sorted::SortedMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::CryptoKey;

/// Characters of a passphrase (screens W2).
const PASSPHRASE_CHARACTERS: std::ops::RangeInclusive<usize> = 8..=256;
/// After so many wrong passphrases every further one waits: 1, 2, 4 … 60 s (screens L1).
const FREE_ATTEMPTS: u32 = 2;
/// Longest wait between attempts (ms).
const LONGEST_WAIT_MS: u32 = 60_000;
/// The first screens come before the room for text is laid in (ms).
const RESERVE_MS: u32 = 5_000;
/// A deleted database is gone when no tab holds it open; after this it is left to the next start (ms).
const DELETE_PATIENCE_MS: u32 = 5_000;

/// What the worker has open.
pub(crate) struct Session {
    deployment: RefCell<Asked>,
    open: RefCell<Option<Open>>,
    /// Held while an account is opened or closed.
    turn: Mutex<()>,
    lists: phrase::OtherLists,
    wrong: RefCell<SortedMap<VaultId, u32>>,
    superseded: Rc<Cell<bool>>,
    voice: RefCell<Option<voice::Recording>>,
    /// A backup that was opened and is not taken in yet.
    file: RefCell<Option<OpenedFile>>,
}

struct Open {
    engine: Engine<BrowserPorts>,
    /// `None` for a temporary account.
    place: Option<Place>,
}

impl Open {
    fn store(&self) -> Option<IdbStore> {
        self.place.as_ref().map(|place| place.store.clone())
    }
}

/// Where a kept account lies.
struct Place {
    vault: VaultId,
    /// The engine has a clone.
    store: IdbStore,
    _ownership: Ownership,
}

/// A vault that is being made.
struct NewVault {
    header: VaultHeader,
    device_key: Option<CryptoKey>,
}

impl Session {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            deployment: RefCell::new(ask()),
            open: RefCell::new(None),
            turn: Mutex::new(()),
            lists: phrase::OtherLists::default(),
            wrong: RefCell::new(SortedMap::new()),
            superseded: Rc::new(Cell::new(false)),
            voice: RefCell::new(None),
            file: RefCell::new(None),
        })
    }

    pub(crate) async fn call(self: &Rc<Self>, call: Call) -> Result<Reply, Failure> {
        match call {
            Call::Engine(command) => self.command(command).await.map(Reply::Answer),
            Call::PreparePicture { bytes, quality } => picture::prepare(&bytes.0, quality)
                .await
                .map(Reply::Picture),
            Call::Thumbnail(order) => {
                match self.command(Command::GetFile { file: order.file }).await? {
                    Answer::Bytes(bytes) => picture::thumbnail(&bytes.0, order.side)
                        .await
                        .map(|bytes| Reply::Bytes(Blob(bytes))),
                    _ => Err(internal("the engine gave no file")),
                }
            }
            Call::Backup(call) => self.backup(call).await,
            Call::Voice(call) => voice::answer(&mut self.voice.borrow_mut(), call),
            Call::Vaults => self.vaults().await.map(Reply::Vaults),
            // Asking the browser to persist is the page's part; a worker cannot.
            Call::Environment | Call::Persist => Ok(Reply::Environment(
                environment(&self.deployment().await).await,
            )),
            Call::CheckPhrase { words } => {
                Ok(Reply::PhraseCheck(phrase::check(&words, &self.lists).await))
            }
            Call::CompleteWord { start, limit } => {
                Ok(Reply::Words(phrase::complete(&start, limit)))
            }
            Call::Create { name, keep } => {
                let _turn = self.turn.lock().await;
                let seed = Seed::generate(&mut BrowserEntropy);
                self.begin(Account::from_seed(seed), &name, false, keep)
                    .await
            }
            Call::Restore { secret, name, keep } => {
                let _turn = self.turn.lock().await;
                let seed = phrase::read(&secret, &self.lists)
                    .await
                    .map_err(wrong_phrase)?;
                drop(secret);
                self.begin(Account::from_seed(seed), &name, true, keep)
                    .await
            }
            Call::Unlock {
                vault,
                passphrase,
                take_over,
            } => {
                let _turn = self.turn.lock().await;
                self.unlock(vault, passphrase, take_over).await
            }
            Call::Prove { passphrase } => {
                let _turn = self.turn.lock().await;
                self.prove(passphrase).await
            }
            Call::Lock => {
                let _turn = self.turn.lock().await;
                self.close().await;
                Ok(Reply::Done)
            }
            Call::Burn => {
                let _turn = self.turn.lock().await;
                self.burn().await
            }
            Call::Erase { vault } => {
                let _turn = self.turn.lock().await;
                self.erase(vault).await
            }
            Call::EraseAll => {
                let _turn = self.turn.lock().await;
                self.erase_all().await
            }
        }
    }

    async fn deployment(&self) -> Deployment {
        let asked = self.deployment.borrow().clone();
        let deployment = asked.await;
        if deployment.network.is_empty() {
            // The server was out of reach; the next question asks again.
            *self.deployment.borrow_mut() = ask();
        }
        deployment
    }

    async fn command(&self, command: Command) -> Result<Answer, Failure> {
        let engine = self.open.borrow().as_ref().map(|open| open.engine.clone());
        let Some(engine) = engine else {
            return Err(internal("no account is open"));
        };
        let frees = matches!(command, Command::FreeRoom(_));
        let answer = engine.handle(command).await?;
        if frees {
            // What went for text when there was no room comes back first.
            let store = self.open.borrow().as_ref().and_then(Open::store);
            if let Some(store) = store {
                store.lay_in_reserve().await;
            }
        }
        Ok(answer)
    }

    async fn vaults(&self) -> Result<Vec<VaultInfo>, Failure> {
        let entries = registry::list().await.map_err(storage)?;
        let held = held().await;
        let known: Vec<VaultId> = entries.iter().map(|entry| entry.id).collect();
        // What a crash left behind goes; a vault that is being made in another tab is held by it.
        for stray in registry::strays(&known).await {
            if !held.contains(&stray.to_hex()) {
                spawn_local(async move {
                    if let Some(_ownership) = acquire(stray, false, || {}).await {
                        delete_database(stray).await;
                    }
                });
            }
        }
        Ok(entries
            .into_iter()
            .map(|entry| VaultInfo {
                id: entry.id,
                protection: match &entry.header {
                    Some(header) if header.device().is_some() => Protection::Device,
                    _ => Protection::Passphrase,
                },
                created_at: entry.created_at,
                in_use: held.contains(&entry.id.to_hex()),
            })
            .collect())
    }

    /// Makes an account's place and opens it.
    async fn begin(
        self: &Rc<Self>,
        account: Account,
        name: &str,
        restored: bool,
        keep: Keep,
    ) -> Result<Reply, Failure> {
        if self.open.borrow().is_some() {
            return Err(internal("an account is open"));
        }
        let key = VaultKey::generate(&mut BrowserEntropy);
        if keep == Keep::Temporary {
            let store = AnyStore::Memory(MemoryStore::new());
            let engine = self
                .create(store, key, account, name, restored, true)
                .await?;
            return self.opened(engine, None).await;
        }

        let vault = VaultId(draw(&mut BrowserEntropy));
        let new = prepare(vault, &key, &keep).await?;
        drop(keep);
        let ownership = acquire(vault, false, self.on_lost())
            .await
            .ok_or_else(|| failure(ErrorCode::VaultOpen))?;
        let made = async {
            let store = IdbStore::create(&database_name(vault), self.on_lost())
                .await
                .map_err(storage)?;
            let engine = self
                .create(
                    AnyStore::Kept(store.clone()),
                    key,
                    account,
                    name,
                    restored,
                    false,
                )
                .await?;
            // Last: until it is listed, a vault counts as never made.
            registry::put(vault, now_ms(), &new.header, new.device_key.as_ref())
                .await
                .map_err(storage)?;
            Ok((engine, store))
        }
        .await;
        match made {
            Ok((engine, store)) => {
                self.opened(
                    engine,
                    Some(Place {
                        vault,
                        store,
                        _ownership: ownership,
                    }),
                )
                .await
            }
            Err(error) => {
                delete_database(vault).await;
                Err(error)
            }
        }
    }

    async fn unlock(
        self: &Rc<Self>,
        vault: VaultId,
        passphrase: Option<SecretBytes>,
        take_over: bool,
    ) -> Result<Reply, Failure> {
        if self.open.borrow().is_some() {
            return Err(internal("an account is open"));
        }
        let entry = registry::get(vault)
            .await
            .map_err(storage)?
            .ok_or_else(|| failure(ErrorCode::StoreEvicted))?;
        let header = entry
            .header
            .ok_or_else(|| failure(ErrorCode::VaultDamaged))?;
        let key = match header.device() {
            Some(wrapped) => {
                let device_key = registry::device_key(vault).await.map_err(storage)?;
                let device_key = device_key.ok_or_else(|| failure(ErrorCode::VaultDamaged))?;
                device::unwrap(&device_key, vault, wrapped)
                    .await
                    .ok_or_else(|| failure(ErrorCode::VaultDamaged))?
            }
            None => self.open_by_passphrase(vault, &header, passphrase).await?,
        };
        // Only who has the key may take the vault from another tab.
        let ownership = acquire(vault, take_over, self.on_lost())
            .await
            .ok_or_else(|| failure(ErrorCode::VaultOpen))?;
        let store = IdbStore::open(&database_name(vault), self.on_lost())
            .await
            .map_err(storage)?;
        let store = store.ok_or_else(|| failure(ErrorCode::StoreEvicted))?;
        let deployment = self.deployment().await;
        let ports = BrowserPorts::new(deployment.transport(), AnyStore::Kept(store.clone()));
        let options = EngineOptions {
            network: deployment.profile(),
            temporary: false,
        };
        let engine = Engine::open(ports, key, options).await?;
        self.opened(
            engine,
            Some(Place {
                vault,
                store,
                _ownership: ownership,
            }),
        )
        .await
    }

    /// Whether the person in front of the open account knows its passphrase. The key that it opens is dropped.
    async fn prove(&self, passphrase: SecretBytes) -> Result<Reply, Failure> {
        let vault = self
            .open
            .borrow()
            .as_ref()
            .and_then(|open| open.place.as_ref().map(|place| place.vault));
        let vault = vault.ok_or_else(|| internal("no kept account is open"))?;
        let entry = registry::get(vault)
            .await
            .map_err(storage)?
            .ok_or_else(|| failure(ErrorCode::StoreEvicted))?;
        let header = entry
            .header
            .ok_or_else(|| failure(ErrorCode::VaultDamaged))?;
        self.open_by_passphrase(vault, &header, Some(passphrase))
            .await?;
        Ok(Reply::Done)
    }

    /// Whether a passphrase protects the open account.
    async fn is_protected(&self) -> Result<bool, Failure> {
        let vault = self.open.borrow().as_ref().and_then(|open| {
            let place = open.place.as_ref();
            place.map(|place| place.vault)
        });
        let Some(vault) = vault else {
            return Ok(false);
        };
        let entry = registry::get(vault).await.map_err(storage)?;
        let header = entry.and_then(|entry| entry.header);
        Ok(header.is_none_or(|header| header.passphrase().is_some()))
    }

    async fn open_by_passphrase(
        &self,
        vault: VaultId,
        header: &VaultHeader,
        passphrase: Option<SecretBytes>,
    ) -> Result<VaultKey, Failure> {
        let params = header
            .passphrase()
            .ok_or_else(|| failure(ErrorCode::VaultDamaged))?;
        let passphrase = passphrase.ok_or_else(|| failure(ErrorCode::VaultPass))?;
        let before = self.wrong.borrow().get(&vault).copied().unwrap_or(0);
        if before >= FREE_ATTEMPTS {
            let doublings = (before - FREE_ATTEMPTS).min(6);
            TimeoutFuture::new((1_000 << doublings).min(LONGEST_WAIT_MS)).await;
        }
        let opener = kdf::derive(&passphrase, params)
            .await
            .map_err(no_derivation)?;
        match header.unwrap(&opener) {
            Ok(key) => {
                self.wrong.borrow_mut().remove(&vault);
                Ok(key)
            }
            Err(error) => {
                if error == VaultError::Wrong {
                    self.wrong.borrow_mut().insert(vault, before + 1);
                }
                Err(Failure {
                    number: Some(before + 1),
                    ..error.into()
                })
            }
        }
    }

    async fn create(
        &self,
        store: AnyStore,
        key: VaultKey,
        account: Account,
        name: &str,
        restored: bool,
        temporary: bool,
    ) -> Result<Engine<BrowserPorts>, Failure> {
        let deployment = self.deployment().await;
        let ports = BrowserPorts::new(deployment.transport(), store);
        let options = EngineOptions {
            network: deployment.profile(),
            temporary,
        };
        Engine::create(ports, key, account, name, restored, options).await
    }

    /// Lets the engine run and its events flow.
    async fn opened(
        self: &Rc<Self>,
        engine: Engine<BrowserPorts>,
        place: Option<Place>,
    ) -> Result<Reply, Failure> {
        let Answer::Profile(profile) = engine.handle(Command::GetProfile).await? else {
            return Err(internal("the engine has no profile"));
        };
        if self.superseded.get() {
            return Err(failure(ErrorCode::VaultOpen));
        }
        let mut events = engine.subscribe();
        spawn_local(async move {
            while let Some(event) = events.next().await {
                post(&FromWorker::Event(event));
            }
        });
        let running = engine.clone();
        spawn_local(async move { running.run().await });
        if let Some(place) = &place {
            keep_reserve(place.store.clone());
        }
        let vault = place.as_ref().map(|place| place.vault);
        *self.open.borrow_mut() = Some(Open { engine, place });
        let profile = Profile {
            temporary: vault.is_none(),
            ..profile
        };
        Ok(Reply::Opened { profile, vault })
    }

    /// Stops the engine and lets what it began be written. The caller ends the worker, and with it every copy of a key.
    async fn close(&self) {
        let Some(open) = self.open.borrow_mut().take() else {
            return;
        };
        open.engine.stop();
        if let Some(place) = open.place {
            place.store.settle().await;
        }
    }

    async fn burn(&self) -> Result<Reply, Failure> {
        let vault = self
            .open
            .borrow()
            .as_ref()
            .map(|open| open.place.as_ref().map(|place| place.vault));
        match vault {
            None => Err(internal("no account is open")),
            Some(None) => {
                self.close().await;
                Ok(erased(0, 0))
            }
            Some(Some(vault)) => {
                // From here on the records are noise.
                registry::destroy(vault, &mut BrowserEntropy)
                    .await
                    .map_err(storage)?;
                self.close().await;
                let gone = delete_database(vault).await;
                say(&format!("wiped {}", vault.to_hex()));
                Ok(erased(1, u32::from(!gone)))
            }
        }
    }

    async fn erase(&self, vault: VaultId) -> Result<Reply, Failure> {
        let _ownership = acquire(vault, false, || {})
            .await
            .ok_or_else(|| failure(ErrorCode::VaultOpen))?;
        registry::destroy(vault, &mut BrowserEntropy)
            .await
            .map_err(storage)?;
        let gone = delete_database(vault).await;
        say(&format!("wiped {}", vault.to_hex()));
        Ok(erased(1, u32::from(!gone)))
    }

    /// Keys first: from then on the records are noise. Then what other tabs have open, and at last every database of this
    /// site.
    async fn erase_all(&self) -> Result<Reply, Failure> {
        let vaults = registry::destroy_all(&mut BrowserEntropy)
            .await
            .map_err(storage)?;
        self.close().await;
        for vault in &vaults {
            // The tab that has it open finds its key gone, ends and says so.
            drop(acquire(*vault, true, || {}).await);
            delete_database(*vault).await;
        }
        for name in database::names().await {
            delete_by_name(&name).await;
        }
        let left = database::names().await.len();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(erased(count(vaults.len()), count(left)))
    }

    /// What happens, once, when another tab wants the vault or has taken it: finish, let go, say so.
    fn on_lost(self: &Rc<Self>) -> impl Fn() + Clone + 'static {
        let session = Rc::downgrade(self);
        move || {
            let Some(session) = session.upgrade() else {
                return;
            };
            if session.superseded.replace(true) {
                return;
            }
            spawn_local(async move {
                let place = |open: &Open| open.place.as_ref().map(|place| place.vault);
                let vault = session.open.borrow().as_ref().and_then(place);
                session.close().await;
                let erased = match vault {
                    Some(vault) => matches!(registry::get(vault).await, Ok(None)),
                    None => false,
                };
                post(&FromWorker::Superseded { erased });
            });
        }
    }
}

/// Wraps the key of a vault that is to be made.
async fn prepare(vault: VaultId, key: &VaultKey, keep: &Keep) -> Result<NewVault, Failure> {
    let Keep::Passphrase(passphrase) = keep else {
        let refused = |_| internal("the browser's cryptography refused");
        let device_key = device::generate().await.map_err(refused)?;
        let wrapped = device::wrap(&device_key, vault, key, &mut BrowserEntropy)
            .await
            .map_err(refused)?;
        return Ok(NewVault {
            header: VaultHeader::new_device(wrapped)?,
            device_key: Some(device_key),
        });
    };
    let characters = passphrase.as_str().map_or(0, |text| text.chars().count());
    if !PASSPHRASE_CHARACTERS.contains(&characters) {
        let number = u32::try_from(characters).ok();
        return Err(Failure {
            code: ErrorCode::VaultPass,
            number,
            detail: "length".to_owned(),
        });
    }
    let (opener, params) = kdf::derive_new(passphrase, &mut BrowserEntropy)
        .await
        .map_err(no_derivation)?;
    let header = VaultHeader::new_passphrase(key, &opener, &params, &mut BrowserEntropy)?;
    Ok(NewVault {
        header,
        device_key: None,
    })
}

/// Keeps room for text, a while after the account was opened, and tells when it had to go.
fn keep_reserve(store: IdbStore) {
    store.on_full(|| {
        post(&FromWorker::Event(Event::Problem(failure(
            ErrorCode::StoreReserve,
        ))));
    });
    spawn_local(async move {
        TimeoutFuture::new(RESERVE_MS).await;
        store.lay_in_reserve().await;
    });
}

/// Deletes the records of a vault. They are noise already; what cannot be deleted now goes at the next start. True when they
/// are gone.
async fn delete_database(vault: VaultId) -> bool {
    // The page holds it open no longer than it takes to read a handle.
    let folder = delete_by_name(&folder_name(vault)).await;
    delete_by_name(&database_name(vault)).await && folder
}

async fn delete_by_name(name: &str) -> bool {
    let deleting = Box::pin(IdbStore::delete(name));
    let patience = TimeoutFuture::new(DELETE_PATIENCE_MS);
    match futures::future::select(deleting, patience).await {
        Either::Left((deleted, _)) => deleted.is_ok(),
        Either::Right(_) => false,
    }
}

fn erased(vaults: u32, left: u32) -> Reply {
    Reply::Erased { vaults, left }
}

fn failure(code: ErrorCode) -> Failure {
    Failure {
        code,
        number: None,
        detail: String::new(),
    }
}

fn internal(detail: &str) -> Failure {
    Failure {
        code: ErrorCode::Internal,
        number: None,
        detail: detail.to_owned(),
    }
}

fn no_derivation(error: kdf::KdfError) -> Failure {
    match error {
        kdf::KdfError::Died => internal("not enough memory for the passphrase"),
        kdf::KdfError::Refused => VaultError::Parameters.into(),
    }
}

fn storage(error: StoreError) -> Failure {
    let code = match error {
        StoreError::Full => ErrorCode::StoreFull,
        StoreError::Superseded => ErrorCode::VaultOpen,
        StoreError::Unavailable(_) => ErrorCode::StoreBlocked,
    };
    Failure {
        code,
        number: None,
        detail: error.to_string(),
    }
}

fn wrong_phrase(check: PhraseCheck) -> Failure {
    let (code, number) = match check {
        PhraseCheck::Count(words) => (ErrorCode::PhraseCount, Some(words)),
        PhraseCheck::UnknownWord { position, .. } => (ErrorCode::PhraseWord, Some(position)),
        PhraseCheck::Mismatch { suspect } => (ErrorCode::PhraseCheck, suspect),
        PhraseCheck::Valid { .. } => (ErrorCode::Internal, None),
    };
    Failure {
        code,
        number,
        detail: String::new(),
    }
}
