//! The engine: one account, opened over four ports. Commands in, answers and events out.
//!
//! It only wires the rooms together: the [`Network`], the `Conversations`, the `Outbox` that sends, the `Inbox` that
//! reads and the `Sync` that keeps devices equal. [`Engine::run`] drives all of them on the caller's own task; nothing here needs a spawner or a thread.

use crate::api::{
    Answer, Command, Conversation, ConversationId, Draft, ErrorCode, Event, Failure, FileId,
    NetworkReport, NetworkStatus, PathView,
};
use crate::backup::Backups;
use crate::chores;
use crate::compose::{Letter, unknown_message};
use crate::conversation::Conversations;
use crate::erasure::Erasure;
use crate::events::Events;
use crate::files::Files;
use crate::inbox::Inbox;
use crate::network::{NameLookup, Network, NetworkProfile};
use crate::outbox::{Outbox, failure, unknown_conversation};
use crate::ports::{Clock, Durability, Ports};
use crate::profile::Owner;
use crate::safety;
use crate::search::Finder;
use crate::store::Records;
use crate::sync::Sync;
use crate::vault::VaultKey;
use crate::wake::{Bell, either};
use futures::channel::mpsc::UnboundedReceiver;
use onionskin_protocol::account::Account;
use onionskin_protocol::id::{AccountId, IdError};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Messages that one page may have.
const MAX_PAGE: u16 = 200;
/// Between looks at the connection when nothing rings (ms).
const WATCH: u64 = 10_000;

/// What an engine is told about its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// The rules of the network.
    pub network: NetworkProfile,
    /// Nothing stays on this device.
    pub temporary: bool,
}

/// One open account. Clones are the same engine.
pub struct Engine<P: Ports>(Rc<Inner<P>>);

struct Inner<P: Ports> {
    ports: Rc<P>,
    events: Events,
    owner: Rc<Owner<P>>,
    network: Network<P>,
    conversations: Rc<Conversations<P>>,
    files: Rc<Files<P>>,
    outbox: Outbox<P>,
    inbox: Inbox<P>,
    finder: Finder<P>,
    sync: Rc<Sync<P>>,
    erasure: Erasure,
    backups: Backups<P>,
    stop: Bell,
    stopped: Cell<bool>,
    told: RefCell<Told>,
    /// Records that could not be read when the account was opened.
    damaged: usize,
}

/// What listeners know of the connection.
#[derive(Default)]
struct Told {
    status: Option<NetworkStatus>,
    paths: Vec<PathView>,
}

impl<P: Ports> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<P: Ports> Engine<P> {
    /// Writes a new account into an empty store and opens it. `restored` accounts fetch their messages first.
    pub async fn create(
        ports: P,
        key: VaultKey,
        account: Account,
        name: &str,
        restored: bool,
        options: EngineOptions,
    ) -> Result<Self, Failure> {
        let ports = Rc::new(ports);
        let records = Records::new(Rc::clone(&ports), key);
        let owner = Owner::create(
            Rc::clone(&ports),
            records.clone(),
            account,
            name,
            restored,
            options.temporary,
        )
        .await?;
        Self::assemble(ports, records, owner, options).await
    }

    /// Opens the account that the store holds.
    pub async fn open(ports: P, key: VaultKey, options: EngineOptions) -> Result<Self, Failure> {
        let ports = Rc::new(ports);
        let records = Records::new(Rc::clone(&ports), key);
        let owner = Owner::open(Rc::clone(&ports), records.clone(), options.temporary).await?;
        Self::assemble(ports, records, owner, options).await
    }

    async fn assemble(
        ports: Rc<P>,
        records: Records<P>,
        owner: Owner<P>,
        options: EngineOptions,
    ) -> Result<Self, Failure> {
        let owner = Rc::new(owner);
        let events = Events::default();
        let network = Network::open(
            Rc::clone(&ports),
            records.clone(),
            options.network,
            owner.id(),
        )
        .await?;
        let (conversations, rows) = Conversations::open(
            Rc::clone(&ports),
            records,
            events.clone(),
            Rc::clone(owner.configs()),
            network.clone(),
            owner.id(),
        )
        .await?;
        let conversations = Rc::new(conversations);
        let sync = Rc::new(Sync::new(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
        ));
        let lost = owner.configs().lost().len();
        let (files, staged) = Files::open(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
            Rc::clone(&sync),
        )
        .await?;
        let files = Rc::new(files);
        let (outbox, entries) = Outbox::open(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
            Rc::clone(&files),
        )
        .await?;
        let inbox = Inbox::open(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
            Rc::clone(&sync),
        )
        .await?;
        let backups = Backups::new(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
            Rc::clone(&files),
            Rc::clone(&sync),
        );
        let finder = Finder::new(Rc::clone(&ports), Rc::clone(&conversations));
        Ok(Self(Rc::new(Inner {
            ports,
            events,
            owner,
            network,
            conversations,
            files,
            outbox,
            inbox,
            finder,
            sync,
            erasure: Erasure::default(),
            backups,
            stop: Bell::default(),
            stopped: Cell::new(false),
            told: RefCell::default(),
            damaged: rows + entries + lost + staged,
        })))
    }

    /// Everything that changes from now on.
    pub fn subscribe(&self) -> UnboundedReceiver<Event> {
        self.0.events.subscribe()
    }

    /// The network, for tests and tools.
    pub fn network(&self) -> &Network<P> {
        &self.0.network
    }

    /// Network, polling and sending, until [`stop`](Self::stop).
    pub async fn run(&self) {
        let stop = self.0.stop.listen();
        if self.0.stopped.get() {
            return;
        }
        if self.0.damaged > 0 {
            self.0.tell_damage(self.0.damaged);
        }
        let inner = &self.0;
        let work = async {
            futures::join!(
                inner.network.run(),
                inner.files.run(),
                inner.inbox.run(),
                inner.inbox.read_anew(),
                inner.outbox.run(),
                inner.conversations.run_timers(&inner.ports),
                inner
                    .conversations
                    .run_signals(&inner.ports, &inner.owner, &inner.network),
                chores::run(
                    &inner.ports,
                    &inner.owner,
                    &inner.network,
                    &inner.conversations
                ),
                inner.finder.run(),
                inner.sync.run(),
                inner.watch()
            );
        };
        either(stop, work).await;
    }

    /// Ends [`run`](Self::run) and the streams of events. What was handed to the store stays.
    pub fn stop(&self) {
        self.0.stopped.set(true);
        self.0.stop.ring();
        self.0.events.close();
    }

    /// Does what a command asks. Only [`Command::LookUpName`] and
    /// [`Command::EraseFromNetwork`] wait for the network.
    pub async fn handle(&self, command: Command) -> Result<Answer, Failure> {
        let Inner {
            owner,
            network,
            conversations,
            files,
            outbox,
            inbox,
            sync,
            events,
            ..
        } = &*self.0;
        match command {
            Command::StartConversation { account_id } => self
                .0
                .start_conversation(&account_id)
                .await
                .map(|row| Answer::Conversation(Box::new(row))),
            Command::Send {
                conversation,
                text,
                reply_to,
                files,
            } => {
                let letter = Letter {
                    text,
                    reply_to,
                    ..Letter::default()
                };
                self.0.send(&conversation, letter, &files).await
            }
            Command::SendInvitation {
                conversation,
                invitation,
            } => {
                let letter = Letter {
                    invitation: Some(invitation),
                    ..Letter::default()
                };
                self.0.send(&conversation, letter, &[]).await
            }
            Command::Forward {
                messages,
                to,
                comment,
            } => {
                let left_out = outbox.forward(&messages, &to, &comment).await?;
                Ok(Answer::Forwarded { left_out })
            }
            Command::CancelSend { message } => outbox.cancel(&message).await.map(Answer::Draft),
            Command::React {
                message,
                emoji,
                add,
            } => {
                outbox.react(&message, &emoji, add).await?;
                Ok(Answer::Done)
            }
            Command::ChangeConversation {
                conversation,
                change,
            } => {
                outbox.change_conversation(&conversation, change).await?;
                Ok(Answer::Done)
            }
            Command::ClearMessages { conversation } => {
                outbox.clear(&conversation).await?;
                Ok(Answer::Done)
            }
            Command::DeleteConversation {
                conversation,
                keep_contact,
            } => {
                outbox.leave(&conversation, keep_contact).await?;
                Ok(Answer::Done)
            }
            Command::DeclineRequests {
                conversations,
                block,
            } => {
                outbox.decline(&conversations, block).await?;
                Ok(Answer::Done)
            }
            Command::MediaSaved { message } => {
                outbox.media_saved(&message).await?;
                Ok(Answer::Done)
            }
            Command::Typing {
                conversation,
                active,
            } => {
                let now = self.0.ports.clock().now().as_millis();
                conversations.type_in(conversation, active, now);
                Ok(Answer::Done)
            }
            Command::Star { messages, on } => {
                conversations
                    .mark(&messages, |record| record.starred = on)
                    .await?;
                Ok(Answer::Done)
            }
            Command::PinMessage { message, on } => {
                conversations.pin(&message, on).await?;
                Ok(Answer::Done)
            }
            Command::MarkHeard { message } => {
                conversations
                    .mark(&[message], |record| record.heard = true)
                    .await?;
                Ok(Answer::Done)
            }
            Command::SetSettings(settings) => {
                conversations.set_settings(settings).await?;
                Ok(Answer::Done)
            }
            Command::GetSettings => Ok(Answer::Settings(Box::new(conversations.shown_settings()))),
            Command::GetBlocked => Ok(Answer::Conversations(conversations.blocked())),
            Command::GetContacts => Ok(Answer::Conversations(conversations.contacts())),
            Command::GetMessage { message } => {
                let record = conversations.find_message(&message).await?;
                let record = record.ok_or_else(unknown_message)?;
                let view = conversations.view_message(&record).await;
                Ok(Answer::Message(Box::new(view)))
            }
            Command::GetMessageInfo { message } => {
                let record = conversations.find_message(&message).await?;
                let record = record.ok_or_else(unknown_message)?;
                Ok(Answer::MessageInfo(Box::new(record.info())))
            }
            Command::GetDraft { conversation } => {
                let draft = conversations.draft(&conversation);
                let draft = draft.ok_or_else(unknown_conversation)?;
                Ok(Answer::Draft(Draft {
                    files: files.staged(&conversation),
                    ..draft
                }))
            }
            Command::RetryMessage { message } => {
                outbox.retry(&message).await.map(|()| Answer::Done)
            }
            Command::ReadAgain { message } => {
                inbox.read_again(&message).await.map(|()| Answer::Done)
            }
            Command::DeleteMessages { messages, scope } => {
                outbox.delete(&messages, scope).await?;
                Ok(Answer::Done)
            }
            Command::MarkRead {
                conversation,
                up_to,
            } => {
                let mut change = conversations.change().await;
                if let Some(row) = change.edit(&conversation) {
                    row.marked_unread = false;
                }
                change.mark_read(&conversation, up_to).await?;
                change.commit(Durability::Relaxed).await?;
                Ok(Answer::Done)
            }
            Command::SetDraft {
                conversation,
                text,
                reply_to,
            } => {
                let mut change = conversations.change().await;
                if !change.set_draft(&conversation, &text, reply_to) {
                    return Err(unknown_conversation());
                }
                change.commit(Durability::Relaxed).await?;
                Ok(Answer::Done)
            }
            Command::AcceptRequest {
                conversation,
                quietly,
            } => {
                outbox.accept(&conversation, quietly).await?;
                Ok(Answer::Done)
            }
            Command::SetDisplayName { name } => {
                owner.set_name(conversations, &name, network.now()).await?;
                events.emit(Event::Profile(owner.view(conversations)));
                Ok(Answer::Done)
            }
            Command::PhraseChecked => {
                owner.phrase_checked(network.now()).await?;
                events.emit(Event::Profile(owner.view(conversations)));
                Ok(Answer::Done)
            }
            Command::HidePhrase => {
                owner.hide_phrase().await?;
                events.emit(Event::Profile(owner.view(conversations)));
                Ok(Answer::Done)
            }
            Command::PutPhraseOff => {
                owner.put_phrase_off(network.now()).await?;
                events.emit(Event::Profile(owner.view(conversations)));
                Ok(Answer::Done)
            }
            Command::NewPath => self.0.renew_paths(false),
            Command::NewGuards => self.0.renew_paths(true),
            Command::SetVisible { visible } => {
                inbox.set_visible(visible);
                Ok(Answer::Done)
            }
            Command::Wake => {
                self.0.hurry();
                Ok(Answer::Done)
            }
            Command::SetOffline { offline } => {
                network.set_offline(offline);
                if !offline {
                    self.0.hurry();
                }
                Ok(Answer::Done)
            }
            Command::SetSaveData { on } => {
                network.set_save_data(on);
                inbox.hurry();
                Ok(Answer::Done)
            }
            Command::EraseFromNetwork { retry } => {
                let erasure = &self.0.erasure;
                let erased = erasure.run(owner, network, conversations, retry).await?;
                Ok(Answer::Erased(erased))
            }
            Command::StoreAgain => {
                owner.set_erased(None).await?;
                sync.store_again();
                outbox.hurry();
                events.emit(Event::Profile(owner.view(conversations)));
                Ok(Answer::Done)
            }
            Command::SetPressure(pressure) => {
                files.set_pressure(pressure);
                Ok(Answer::Done)
            }
            Command::GetProfile => Ok(Answer::Profile(owner.view(conversations))),
            Command::GetSync => Ok(Answer::Sync(sync.status())),
            Command::GetConversations => Ok(Answer::Conversations(conversations.list())),
            Command::GetConversation { conversation } => conversations
                .view_of(&conversation)
                .map(|row| Answer::Conversation(Box::new(row)))
                .ok_or_else(unknown_conversation),
            Command::GetMessages {
                conversation,
                anchor,
                limit,
            } => {
                let limit = usize::from(limit.clamp(1, MAX_PAGE));
                let (answer, damaged) = conversations.page(&conversation, anchor, limit).await?;
                if damaged > 0 {
                    self.0.tell_damage(damaged);
                }
                Ok(answer)
            }
            Command::GetPinned { conversation } => {
                let limit = usize::from(MAX_PAGE);
                Ok(conversations.pinned_in(&conversation, limit).await?)
            }
            Command::Search {
                query,
                after,
                limit,
            } => {
                let limit = usize::from(limit.clamp(1, MAX_PAGE));
                let found = self.0.finder.search(&query, after, limit).await?;
                Ok(Answer::Found(found))
            }
            Command::LookUpName { name } => self.0.look_up_name(&name).await,
            Command::GetIdWords { account_id } => {
                let account = read_id(&account_id)?;
                Ok(Answer::Words(safety::words(&account)))
            }
            Command::GetSafetyNumber { conversation } => {
                let theirs = self.0.other_side(&conversation)?;
                Ok(Answer::Safety(safety::view(&owner.id(), &theirs)))
            }
            Command::CompareSafetyNumber { conversation, text } => {
                let theirs = self.0.other_side(&conversation)?;
                Ok(Answer::Compared(safety::compare(
                    &owner.id(),
                    &theirs,
                    &text,
                )))
            }
            Command::GetNetwork => Ok(Answer::Network(self.0.status())),
            Command::GetPaths => {
                let mut paths = network.paths();
                paths.extend(network.one_off());
                Ok(Answer::Paths(paths))
            }
            Command::GetNetworkReport => self.0.report().await.map(Answer::NetworkReport),
            Command::GetNetworkSettings => Ok(Answer::NetworkSettings(network.settings())),
            Command::SetNetworkSettings(settings) => {
                network.set_settings(settings).await?;
                inbox.hurry();
                Ok(Answer::Done)
            }
            Command::TestRelays => {
                network.test_gateways();
                Ok(Answer::Done)
            }
            Command::ResetDataUse => {
                network.reset_data_use().await?;
                Ok(Answer::Done)
            }
            Command::Backup(step) => self.0.backups.make(step).await,
            Command::Merge(step) => self.0.backups.merge(step).await,
            Command::RevealPhrase => owner.phrase().map(Answer::Phrase),
            Command::StageFile { conversation, file } => {
                files.stage(&conversation, file).await.map(Answer::File)
            }
            Command::DescribeFile { file, caption } => {
                files.describe(&file, &caption).await?;
                Ok(Answer::Done)
            }
            Command::ArrangeFiles {
                conversation,
                files: order,
            } => {
                files.arrange(&conversation, &order).await?;
                Ok(Answer::Done)
            }
            Command::UnstageFile { file } => {
                files.unstage(&file).await?;
                Ok(Answer::Done)
            }
            Command::LoadFile { message, file } => {
                files.load(message, file).await.map(|()| Answer::Done)
            }
            Command::CancelFile { file } => {
                if !outbox.stop_upload(file).await? {
                    files.cancel(file);
                }
                Ok(Answer::Done)
            }
            Command::GetFile { file } => files.bytes(&file).await.map(Answer::Bytes),
            Command::SetAvatar { picture } => {
                files.set_avatar(picture).await.map(|()| Answer::Done)
            }
            Command::GetAvatar { account_id } => files.avatar(&account_id).await.map(Answer::Bytes),
            Command::GetRoom(query) => {
                let mut room = files.room(&query).await?;
                room.search = self.0.finder.bytes();
                Ok(Answer::Room(room))
            }
            Command::FreeRoom(query) => {
                files.free(&query).await?;
                Ok(Answer::Done)
            }
            Command::GetMedia {
                conversation,
                before,
                limit,
            } => {
                let limit = usize::from(limit.clamp(1, MAX_PAGE));
                let items = files.media(&conversation, before, limit).await?;
                Ok(Answer::Media(items))
            }
        }
    }
}

fn read_id(text: &str) -> Result<AccountId, Failure> {
    text.parse().map_err(|error: IdError| {
        let number = match error {
            IdError::Length(number) | IdError::Character(number) => u32::try_from(number).ok(),
            IdError::Prefix(_) | IdError::Key => None,
        };
        failure(ErrorCode::IdFormat, number, &error.to_string())
    })
}

impl<P: Ports> Inner<P> {
    async fn send(
        &self,
        conversation: &ConversationId,
        letter: Letter,
        files: &[FileId],
    ) -> Result<Answer, Failure> {
        let record = self.outbox.send(conversation, letter, files).await?;
        let view = self.conversations.view_message(&record).await;
        Ok(Answer::Message(Box::new(view)))
    }

    async fn start_conversation(&self, text: &str) -> Result<Conversation, Failure> {
        let account = read_id(text)?;
        let mut change = self.conversations.change().await;
        let row = change.with(&account);
        row.hidden = false;
        let id = row.id;
        change.commit(Durability::Relaxed).await?;
        self.conversations
            .view_of(&id)
            .ok_or_else(unknown_conversation)
    }

    async fn look_up_name(&self, name: &str) -> Result<Answer, Failure> {
        let found = self.network.look_up_name(name).await;
        found
            .map(|account| Answer::AccountId(account.to_string()))
            .map_err(|error| {
                let code = match &error {
                    NameLookup::Form | NameLookup::Unknown => ErrorCode::NameNone,
                    NameLookup::Unreadable => ErrorCode::NameUnsupported,
                    NameLookup::Split => ErrorCode::NameSplit,
                    NameLookup::Network(error) => error.code(),
                };
                failure(code, None, &error.to_string())
            })
    }

    /// With oneself there is nothing to compare.
    fn other_side(&self, conversation: &ConversationId) -> Result<AccountId, Failure> {
        let row = self.conversations.get(conversation);
        let theirs = row.ok_or_else(unknown_conversation)?.account_id();
        if theirs == self.owner.id() {
            let detail = "a safety number has two sides";
            return Err(failure(ErrorCode::IdSelf, None, detail));
        }
        Ok(theirs)
    }

    fn renew_paths(&self, guards: bool) -> Result<Answer, Failure> {
        self.network.renew_paths(guards).map_err(|rest| {
            let seconds = u32::try_from(rest.div_ceil(1_000)).ok();
            let detail = "new paths at most once in 60 s";
            failure(ErrorCode::NetPath, seconds, detail)
        })?;
        Ok(Answer::Done)
    }

    async fn report(&self) -> Result<NetworkReport, Failure> {
        let (messages, oldest_expiry) = self.inbox.held().await?;
        let mut report = self.network.report();
        report.swarm.messages = messages;
        report.swarm.oldest_expiry = oldest_expiry;
        report.outbox = self.outbox.waiting();
        report.uploads = self.outbox.uploads();
        report.downloads = self.files.downloads();
        Ok(report)
    }

    fn hurry(&self) {
        self.network.wake();
        self.outbox.hurry();
        self.inbox.hurry();
        self.sync.hurry();
    }

    fn status(&self) -> NetworkStatus {
        let swarm = self
            .network
            .known_swarm(&self.owner.id())
            .map_or(0, |members| members.len());
        self.network.status(
            u32::try_from(swarm).unwrap_or(u32::MAX),
            self.outbox.waiting(),
        )
    }

    /// Tells when the state of the connection or the paths are others than before.
    async fn watch(&self) {
        loop {
            let change = self.network.changes();
            for problem in self.network.take_problems() {
                self.events.emit(Event::Problem(problem));
            }
            let status = self.status();
            let paths = self.network.paths();
            {
                let mut told = self.told.borrow_mut();
                let same = told.status.as_ref().is_some_and(|before| {
                    let shown = |status: &NetworkStatus| {
                        let NetworkStatus {
                            state,
                            problem,
                            nodes,
                            swarm,
                            attempts,
                            ..
                        } = *status;
                        (state, problem, nodes, swarm, attempts)
                    };
                    shown(before) == shown(&status)
                });
                if !same {
                    self.events.emit(Event::Network(status.clone()));
                    told.status = Some(status);
                }
                let hops = |views: &[PathView]| {
                    views
                        .iter()
                        .map(|view| view.hops.clone())
                        .collect::<Vec<_>>()
                };
                if hops(&told.paths) != hops(&paths) {
                    self.events.emit(Event::Paths(paths.clone()));
                    told.paths = paths;
                }
            }
            either(change, self.ports.clock().sleep(WATCH)).await;
        }
    }

    fn tell_damage(&self, count: usize) {
        let detail = "records could not be read".to_owned();
        let number = u32::try_from(count).ok();
        self.events.emit(Event::Problem(Failure {
            code: ErrorCode::VaultDamaged,
            number,
            detail,
        }));
    }
}
