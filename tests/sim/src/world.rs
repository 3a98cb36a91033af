//! A world: a local network of service nodes under virtual time, and engines in it. Nothing here touches a socket or the
//! real clock, and everything random follows from one seed.

use crate::ports::{SimClock, SimPorts};
use crate::store::SimStore;
use crate::transport::{Air, Onions, SimTransport, Way};
use futures::channel::mpsc::UnboundedReceiver;
use futures::future::{Either, pending, select};
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_client::api::{
    Anchor, Answer, Blob, Command, Conversation, ConversationId, Delivery, Event, Failure, Message,
    NewFile,
};
use onionskin_client::vault::VaultKey;
use onionskin_client::{Engine, EngineOptions, NetworkProfile};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::attachment::url::DEFAULT_HOST;
use onionskin_protocol::id::{AccountId, Namespace, SwarmId};
use onionskin_protocol::message::encode;
use onionskin_protocol::message::proto::Content;
use onionskin_protocol::time::Timestamp;
use onionskin_testnet::file_server::FileServer;
use onionskin_testnet::network::{HeldMessage, LocalServers, Network, Plot, Sleeper};
use onionskin_testnet::random::SeededEntropy;
use onionskin_testnet::virtual_time::VirtualTime;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

/// Some day in 2026.
const START: Timestamp = Timestamp(1_790_000_000_000);

/// Namespaces of an account's configs.
const CONFIGS: std::ops::RangeInclusive<i16> = 2..=5;

/// A network and its time.
pub struct World {
    /// The clock of everything.
    pub time: VirtualTime,
    /// The service nodes.
    pub network: Network,
    /// The file server.
    pub files: Arc<FileServer>,
    /// The way between devices and guards.
    pub air: Rc<Cell<Air>>,
    /// What the devices sent.
    pub onions: Rc<Onions>,
    /// The gateways; one relay unless a test adds others.
    pub ways: Rc<RefCell<Vec<Way>>>,
    /// The node list that comes with the app.
    pub bundle: RefCell<Option<Vec<u8>>>,
    /// The rules of the network, for engines opened from now on.
    pub profile: Cell<NetworkProfile>,
    seed: u64,
    clients: Cell<u64>,
}

impl World {
    /// A network of so many nodes in so many swarms.
    pub fn new(seed: u64, nodes: u16, swarms: usize) -> Self {
        let time = VirtualTime::new(START);
        let files = Arc::new(FileServer::new().unwrap());
        let sleeper = Arc::new(time.clone());
        let servers = LocalServers::new(files.clone(), DEFAULT_HOST, 80, sleeper.clone(), seed);
        let network = Network::new(
            &Plot::simulated(nodes, swarms, seed),
            sleeper,
            Arc::new(servers),
        )
        .unwrap();
        Self {
            time,
            network,
            files,
            air: Rc::default(),
            onions: Rc::default(),
            ways: Rc::new(RefCell::new(vec![Way::relay("")])),
            bundle: RefCell::default(),
            profile: Cell::new(NetworkProfile::local()),
            seed,
            clients: Cell::new(0),
        }
    }

    /// Ports with a store of their own. `skew`: how far this device's clock is off (ms).
    pub fn ports(&self, store: &SimStore, skew: i64) -> SimPorts {
        self.clients.set(self.clients.get() + 1);
        let number = self
            .seed
            .wrapping_mul(1_000)
            .wrapping_add(self.clients.get());
        SimPorts {
            transport: SimTransport {
                time: self.time.clone(),
                network: self.network.clone(),
                air: Rc::clone(&self.air),
                onions: Rc::clone(&self.onions),
                ways: Rc::clone(&self.ways),
                bundle: self.bundle.borrow().clone(),
                chance: RefCell::new(SeededEntropy::new(!number)),
            },
            store: store.clone(),
            clock: SimClock {
                time: self.time.clone(),
                skew,
            },
            entropy: RefCell::new(SeededEntropy::new(number)),
        }
    }

    /// A device of the account that follows from `account`.
    pub fn client(&self, account: u8, name: &str) -> Client {
        self.skewed_client(account, name, 0)
    }

    /// The same, with a clock that is off by `skew` ms.
    pub fn skewed_client(&self, account: u8, name: &str, skew: i64) -> Client {
        let (store, key) = (SimStore::default(), self.vault_key());
        self.time
            .run(self.create(&store, &key, skew, account, name))
            .unwrap()
    }

    /// What a crash leaves: a new engine over the same store.
    pub fn reopen(&self, client: Client) -> Client {
        let Client {
            engine,
            store,
            key,
            id,
            skew,
            ..
        } = client;
        engine.stop();
        drop(engine);
        self.time.run(self.open(&store, &key, skew, &id)).unwrap()
    }

    /// A key for the vault of a device.
    pub fn vault_key(&self) -> VaultKey {
        VaultKey::generate(&mut *self.ports(&SimStore::default(), 0).entropy.borrow_mut())
    }

    /// Makes an account in an empty store.
    pub async fn create(
        &self,
        store: &SimStore,
        key: &VaultKey,
        skew: i64,
        account: u8,
        name: &str,
    ) -> Result<Client, Failure> {
        self.create_for(store, key, skew, account_of(account), name)
            .await
    }

    /// A device of any account.
    pub fn client_of(&self, account: Account, name: &str) -> Client {
        let (store, key) = (SimStore::default(), self.vault_key());
        self.time
            .run(self.create_for(&store, &key, 0, account, name))
            .unwrap()
    }

    async fn create_for(
        &self,
        store: &SimStore,
        key: &VaultKey,
        skew: i64,
        account: Account,
        name: &str,
    ) -> Result<Client, Failure> {
        let id = account.id().to_string();
        let ports = self.ports(store, skew);
        let engine =
            Engine::create(ports, key.clone(), account, name, true, self.options()).await?;
        Ok(Client::new(engine, store, key, id, skew))
    }

    /// Opens the account that a store holds.
    pub async fn open(
        &self,
        store: &SimStore,
        key: &VaultKey,
        skew: i64,
        id: &str,
    ) -> Result<Client, Failure> {
        let engine = Engine::open(self.ports(store, skew), key.clone(), self.options()).await?;
        Ok(Client::new(engine, store, key, id.to_owned(), skew))
    }

    fn options(&self) -> EngineOptions {
        EngineOptions {
            network: self.profile.get(),
            temporary: false,
        }
    }

    /// Runs the engines beside a story, until the story ends. What they were doing then is cut off.
    pub fn run<T>(&self, clients: &[&Client], story: impl Future<Output = T>) -> T {
        self.time.run(async {
            let mut engines: FuturesUnordered<_> =
                clients.iter().map(|client| client.engine.run()).collect();
            let drive = async {
                while engines.next().await.is_some() {}
                pending::<()>().await;
            };
            match select(std::pin::pin!(story), std::pin::pin!(drive)).await {
                Either::Left((end, _)) => end,
                Either::Right(_) => unreachable!("engines run for ever"),
            }
        })
    }

    /// Lets time pass (ms).
    pub async fn wait(&self, ms: u64) {
        self.time.sleep(ms).await;
    }

    /// Waits until something is so; panics when it is not after `ms`.
    pub async fn until(&self, what: &str, ms: u64, holds: impl AsyncFn() -> bool) {
        assert!(self.comes(ms, holds).await, "not within {ms} ms: {what}");
    }

    /// Waits at most `ms` until something is so.
    pub async fn comes(&self, ms: u64, holds: impl AsyncFn() -> bool) -> bool {
        let end = self.time.now().plus_millis(ms);
        while !holds().await {
            if self.time.now() >= end {
                return false;
            }
            self.time.sleep(500).await;
        }
        true
    }

    /// Both write once, so that files may pass.
    pub async fn befriend(&self, anna: &Client, boris: &Client) {
        const SOON: u64 = 180_000;
        anna.send(&boris.id, "Hello").await;
        let came = async || boris.texts(&anna.id).await.contains(&"Hello".to_owned());
        self.until("Hello", SOON, came).await;
        boris.send(&anna.id, "Hello yourself").await;
        let came = async || {
            let row = anna.conversation(&boris.id).await;
            row.is_some_and(|row| row.accepted)
        };
        self.until("the reply", SOON, came).await;
    }

    /// Puts a message of somebody into an account's swarm, past the engine of the sender.
    pub fn inject(&self, from: &Account, to: &AccountId, content: &Content, sent_at: u64) {
        let mut entropy = SeededEntropy::new(sent_at);
        let data = encode(from, to.key(), content, Timestamp(sent_at), &mut entropy).unwrap();
        self.network
            .inject(&to.swarm_id(), Namespace::DEFAULT, &data)
            .unwrap();
    }

    /// What each node holds for an account beside its configs, which come and go with every change.
    pub fn held(&self, owner: &SwarmId) -> Vec<(usize, Vec<HeldMessage>)> {
        let mut held = self.network.messages(owner);
        for (_, messages) in &mut held {
            messages.retain(|message| !CONFIGS.contains(&message.namespace));
        }
        held
    }

    /// The stored messages of an account's configs that some node has, by namespace and hash.
    pub fn config_messages(&self, owner: &SwarmId) -> BTreeMap<i16, BTreeMap<String, Vec<u8>>> {
        let mut configs: BTreeMap<i16, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
        let held = self.network.messages(owner).into_iter();
        for message in held.flat_map(|(_, messages)| messages) {
            if CONFIGS.contains(&message.namespace) {
                let stored = configs.entry(message.namespace).or_default();
                stored.insert(message.hash, message.data);
            }
        }
        configs
    }

    /// Their hashes.
    pub fn configs(&self, owner: &SwarmId) -> BTreeMap<i16, BTreeSet<String>> {
        let configs = self.config_messages(owner).into_iter();
        configs
            .map(|(namespace, stored)| (namespace, stored.into_keys().collect()))
            .collect()
    }

    /// How things stand, for the message of a failure.
    pub async fn report(&self, clients: &[&Client]) -> String {
        use std::fmt::Write;
        let mut report = String::new();
        for client in clients {
            let status = client.engine.handle(Command::GetNetwork).await;
            let paths = client.engine.network().paths().len();
            writeln!(report, "{} paths {paths}, {status:?}", &client.id[..8]).unwrap();
            for row in client.conversations().await {
                for message in client.timeline(&row.account_id).await {
                    let (text, delivery) = (&message.text, message.delivery);
                    writeln!(
                        report,
                        "    {} {text:?} {} {delivery:?}",
                        &row.account_id[..8],
                        message.sent_at
                    )
                    .unwrap();
                }
            }
            let owner = client.id.parse::<AccountId>().unwrap().swarm_id();
            for (node, held) in self.held(&owner) {
                let times: Vec<_> = held.iter().map(|message| message.timestamp).collect();
                writeln!(report, "    node {node} holds {times:?}").unwrap();
            }
        }
        report
    }
}

/// The account of a person.
pub fn account_of(number: u8) -> Account {
    Account::from_seed(Seed::from_bytes([number; 16]))
}

/// An engine over simulated ports.
pub type SimEngine = Engine<SimPorts>;

/// One device whose engine runs when the world is told to run it.
pub struct Client {
    /// The engine.
    pub engine: SimEngine,
    /// What it tells.
    pub events: UnboundedReceiver<Event>,
    /// What outlives it.
    pub store: SimStore,
    /// The key of its vault.
    pub key: VaultKey,
    /// Its Account ID.
    pub id: String,
    skew: i64,
}

impl Client {
    fn new(engine: SimEngine, store: &SimStore, key: &VaultKey, id: String, skew: i64) -> Self {
        Self {
            events: engine.subscribe(),
            engine,
            store: store.clone(),
            key: key.clone(),
            id,
            skew,
        }
    }

    /// The conversation with somebody, made when there is none.
    pub async fn start(&self, account_id: &str) -> ConversationId {
        match self
            .engine
            .handle(Command::StartConversation {
                account_id: account_id.to_owned(),
            })
            .await
            .unwrap()
        {
            Answer::Conversation(conversation) => conversation.id,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a text.
    pub async fn send(&self, account_id: &str, text: &str) -> Message {
        let conversation = self.start(account_id).await;
        let command = Command::Send {
            conversation,
            text: text.to_owned(),
            reply_to: None,
            files: Vec::new(),
        };
        match self.engine.handle(command).await.unwrap() {
            Answer::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a file with a text.
    pub async fn send_file(&self, account_id: &str, text: &str, bytes: Vec<u8>) -> Message {
        let conversation = self.start(account_id).await;
        let file = NewFile {
            name: "photo.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            bytes: Blob(bytes),
            width: 4,
            height: 3,
            voice: false,
        };
        let stage = Command::StageFile { conversation, file };
        let Answer::File(file) = self.engine.handle(stage).await.unwrap() else {
            panic!("no file")
        };
        let send = Command::Send {
            conversation,
            text: text.to_owned(),
            reply_to: None,
            files: vec![file.id],
        };
        match self.engine.handle(send).await.unwrap() {
            Answer::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    /// The list.
    pub async fn conversations(&self) -> Vec<Conversation> {
        match self.engine.handle(Command::GetConversations).await.unwrap() {
            Answer::Conversations(list) => list,
            other => panic!("{other:?}"),
        }
    }

    /// The row of somebody.
    pub async fn conversation(&self, account_id: &str) -> Option<Conversation> {
        self.conversations()
            .await
            .into_iter()
            .find(|row| row.account_id == account_id)
    }

    /// The whole timeline with somebody, ascending, read in small pages.
    pub async fn timeline(&self, account_id: &str) -> Vec<Message> {
        let Some(row) = self.conversation(account_id).await else {
            return Vec::new();
        };
        let mut all: Vec<Message> = Vec::new();
        let mut anchor = Anchor::Newest;
        loop {
            let command = Command::GetMessages {
                conversation: row.id,
                anchor,
                limit: 7,
            };
            let Answer::Messages {
                messages,
                more_before,
                ..
            } = self.engine.handle(command).await.unwrap()
            else {
                panic!("no messages")
            };
            let oldest = messages.first().map(cursor);
            all.splice(0..0, messages);
            match oldest {
                Some(cursor) if more_before => anchor = Anchor::Before(cursor),
                _ => return all,
            }
        }
    }

    /// The texts with somebody, ascending.
    pub async fn texts(&self, account_id: &str) -> Vec<String> {
        self.timeline(account_id)
            .await
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    /// How a message stands.
    pub async fn delivery(&self, account_id: &str, message: &Message) -> Option<Delivery> {
        let timeline = self.timeline(account_id).await;
        timeline
            .into_iter()
            .find(|other| other.id == message.id)
            .map(|message| message.delivery)
    }

    /// Everything told since the last look.
    pub fn told(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

/// Where a message stands in its timeline.
pub fn cursor(message: &Message) -> onionskin_client::api::Cursor {
    onionskin_client::api::Cursor {
        sent_at: message.sent_at,
        message: message.id,
    }
}
