//! The engine: one account, opened over four ports. Commands in, answers and events out.
//!
//! It only wires the rooms together: the [`Network`], the `Conversations`, the `Outbox` that sends and the `Inbox` that
//! reads. [`Engine::run`] drives all of them on the caller's own task; nothing here needs a spawner or a thread.

use crate::api::{
    Answer, Command, Conversation, ErrorCode, Event, Failure, NetworkReport, NetworkStatus,
    PathView,
};
use crate::conversation::Conversations;
use crate::events::Events;
use crate::inbox::Inbox;
use crate::network::{Network, NetworkProfile};
use crate::outbox::{Outbox, failure};
use crate::ports::{Clock, Durability, Ports};
use crate::profile::Owner;
use crate::store::Records;
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
    outbox: Outbox<P>,
    inbox: Inbox<P>,
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
        let now = ports.clock().now();
        let owner = Owner::create(
            records.clone(),
            account,
            name,
            restored,
            options.temporary,
            now,
        )
        .await?;
        Self::assemble(ports, records, owner, options).await
    }

    /// Opens the account that the store holds.
    pub async fn open(ports: P, key: VaultKey, options: EngineOptions) -> Result<Self, Failure> {
        let ports = Rc::new(ports);
        let records = Records::new(Rc::clone(&ports), key);
        let owner = Owner::open(records.clone(), options.temporary).await?;
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
        let (conversations, rows) =
            Conversations::open(Rc::clone(&ports), records, events.clone(), owner.id()).await?;
        let conversations = Rc::new(conversations);
        let (outbox, entries) = Outbox::open(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
        )
        .await?;
        let inbox = Inbox::open(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
        )
        .await?;
        Ok(Self(Rc::new(Inner {
            ports,
            events,
            owner,
            network,
            conversations,
            outbox,
            inbox,
            stop: Bell::default(),
            stopped: Cell::new(false),
            told: RefCell::default(),
            damaged: rows + entries,
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
                inner.inbox.run(),
                inner.outbox.run(),
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

    /// Does what a command asks. Nothing here waits for the network.
    pub async fn handle(&self, command: Command) -> Result<Answer, Failure> {
        let Inner {
            owner,
            network,
            conversations,
            outbox,
            inbox,
            events,
            ..
        } = &*self.0;
        match command {
            Command::StartConversation { account_id } => self
                .0
                .start_conversation(&account_id)
                .await
                .map(Answer::Conversation),
            Command::SendText { conversation, text } => {
                let record = outbox.send_text(&conversation, &text).await?;
                Ok(Answer::Message(conversations.view_message(&record)))
            }
            Command::RetryMessage { message } => {
                outbox.retry(&message).await.map(|()| Answer::Done)
            }
            Command::DeleteMessage { message } => {
                if let Some((conversation, sent_at)) = conversations.locate(&message).await? {
                    let mut change = conversations.change().await;
                    if let Some(record) = conversations
                        .message(&conversation, sent_at, &message)
                        .await?
                    {
                        outbox.withdraw(&mut change, &message);
                        change.remove(&record.author, sent_at).await?;
                        change.commit(Durability::Strict).await?;
                    }
                }
                Ok(Answer::Done)
            }
            Command::MarkRead {
                conversation,
                up_to,
            } => {
                let mut change = conversations.change().await;
                change.mark_read(&conversation, up_to).await?;
                change.commit(Durability::Relaxed).await?;
                Ok(Answer::Done)
            }
            Command::SetDraft { conversation, text } => {
                let mut change = conversations.change().await;
                if !change.set_draft(&conversation, &text) {
                    return Err(unknown_conversation());
                }
                change.commit(Durability::Relaxed).await?;
                Ok(Answer::Done)
            }
            Command::AcceptRequest { conversation } => {
                outbox.accept(&conversation).await.map(|()| Answer::Done)
            }
            Command::SetDisplayName { name } => {
                owner.set_name(&name, network.now()).await?;
                events.emit(Event::Profile(owner.view()));
                Ok(Answer::Done)
            }
            Command::SetPhraseChecked { checked } => {
                owner.set_phrase_checked(checked).await?;
                events.emit(Event::Profile(owner.view()));
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
            Command::GetProfile => Ok(Answer::Profile(owner.view())),
            Command::GetConversations => Ok(Answer::Conversations(conversations.list())),
            Command::GetConversation { conversation } => conversations
                .view_of(&conversation)
                .map(Answer::Conversation)
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
            Command::RevealPhrase => Ok(Answer::Phrase(owner.phrase())),
        }
    }
}

impl<P: Ports> Inner<P> {
    async fn start_conversation(&self, text: &str) -> Result<Conversation, Failure> {
        let account: AccountId = text.parse().map_err(|error: IdError| {
            let number = match error {
                IdError::Length(number) | IdError::Character(number) => u32::try_from(number).ok(),
                IdError::Prefix(_) | IdError::Key => None,
            };
            failure(ErrorCode::IdFormat, number, &error.to_string())
        })?;
        let mut change = self.conversations.change().await;
        let row = change.with(&account);
        row.hidden = false;
        let id = row.id;
        change.commit(Durability::Relaxed).await?;
        self.conversations
            .view_of(&id)
            .ok_or_else(unknown_conversation)
    }

    fn renew_paths(&self, guards: bool) -> Result<Answer, Failure> {
        if self.network.renew_paths(guards) {
            Ok(Answer::Done)
        } else {
            let detail = "new paths at most once in 60 s";
            Err(failure(ErrorCode::NetPath, Some(60), detail))
        }
    }

    async fn report(&self) -> Result<NetworkReport, Failure> {
        let (messages, oldest_expiry) = self.inbox.held().await?;
        let mut report = self.network.report();
        report.swarm.messages = messages;
        report.swarm.oldest_expiry = oldest_expiry;
        report.outbox = self.outbox.waiting();
        Ok(report)
    }

    fn hurry(&self) {
        self.network.wake();
        self.outbox.hurry();
        self.inbox.hurry();
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
                    (before.state, before.problem, before.nodes, before.swarm)
                        == (status.state, status.problem, status.nodes, status.swarm)
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

fn unknown_conversation() -> Failure {
    failure(ErrorCode::Internal, None, "no such conversation")
}
