//! A world for tests: a local network of service nodes under virtual time, and engines in it. Nothing here touches a socket
//! or the real clock, and everything random follows from one seed.
#![allow(clippy::unwrap_used, dead_code)]

use futures::channel::mpsc::UnboundedReceiver;
use futures::future::{BoxFuture, Either, join, pending, select};
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_client::api::{
    Anchor, Answer, Command, Conversation, ConversationId, Delivery, Event, Message,
};
use onionskin_client::ports::{Clock, Gateway, HttpReply, Ports, Transport, TransportError};
use onionskin_client::store::MemoryStore;
use onionskin_client::vault::VaultKey;
use onionskin_client::{Engine, EngineOptions, NetworkProfile};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::entropy::draw;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::node::{ServiceNode, to_json};
use onionskin_protocol::time::Timestamp;
use onionskin_testnet::core::onion::ServerPost;
use onionskin_testnet::network::{Network, Plot, Servers, Sleeper};
use onionskin_testnet::random::SeededEntropy;
use onionskin_testnet::virtual_time::VirtualTime;
use std::cell::{Cell, RefCell, RefMut};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

/// Some day in 2026.
const START: Timestamp = Timestamp(1_790_000_000_000);

/// How the way between clients and their guards behaves, beyond what the network itself does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Air {
    /// Of a thousand requests, so many are sent twice.
    pub twice: u64,
    /// Longest wait (ms) before a request leaves; different waits change the order.
    pub jitter: u64,
    /// Of a thousand answers, so many never arrive although the request did.
    pub mute: u64,
    /// The relays do not answer at all.
    pub down: bool,
}

/// A gateway of the simulated deployment; tests change what it does while engines run.
#[derive(Clone, Debug)]
pub struct Way {
    pub gateway: Gateway,
    pub down: bool,
    /// Refuses with this reason.
    pub refuses: Option<String>,
    /// Another list than the network's.
    pub list: Option<Vec<u8>>,
    /// Knows only guards of its own list, as real relays do.
    pub strict: bool,
    /// Frames that it forwarded.
    pub forwarded: u64,
}

impl Way {
    pub fn relay(origin: &str) -> Self {
        Self {
            gateway: Gateway {
                origin: origin.to_owned(),
                direct: None,
            },
            down: false,
            refuses: None,
            list: None,
            strict: false,
            forwarded: 0,
        }
    }

    pub fn direct(origin: &str, node: &ServiceNode) -> Self {
        let mut way = Self::relay(origin);
        way.gateway.direct = Some(node.ed25519);
        way
    }
}

/// A list as a relay serves it.
pub fn list_of<'a>(nodes: impl IntoIterator<Item = &'a ServiceNode>) -> Vec<u8> {
    let states: Vec<_> = nodes.into_iter().map(to_json).collect();
    serde_json::json!({ "service_node_states": states })
        .to_string()
        .into_bytes()
}

/// A network and its time.
pub struct World {
    pub time: VirtualTime,
    pub network: Network,
    pub air: Rc<Cell<Air>>,
    list: Vec<u8>,
    pub ways: Rc<RefCell<Vec<Way>>>,
    /// What comes with the app.
    pub bundle: RefCell<Option<Vec<u8>>>,
    pub profile: Cell<NetworkProfile>,
    seed: u64,
    clients: Cell<u64>,
}

struct NoServers;
impl Servers for NoServers {
    fn post(&self, _post: ServerPost) -> BoxFuture<'static, (u16, Vec<u8>)> {
        Box::pin(async { (502, Vec::new()) })
    }
}

impl World {
    pub fn new(seed: u64, nodes: u16, swarms: usize) -> Self {
        let time = VirtualTime::new(START);
        let network = Network::new(
            &Plot::simulated(nodes, swarms, seed),
            Arc::new(time.clone()),
            Arc::new(NoServers),
        )
        .unwrap();
        let list = list_of(&network.list());
        Self {
            time,
            network,
            air: Rc::default(),
            list,
            ways: Rc::new(RefCell::new(vec![Way::relay("")])),
            bundle: RefCell::default(),
            profile: Cell::new(NetworkProfile::local()),
            seed,
            clients: Cell::new(0),
        }
    }

    /// Ports with a store of their own. `skew`: how far this device's clock is off (ms).
    pub fn ports(&self, store: &MemoryStore, skew: i64) -> SimPorts {
        self.clients.set(self.clients.get() + 1);
        let number = self
            .seed
            .wrapping_mul(1_000)
            .wrapping_add(self.clients.get());
        SimPorts {
            transport: SimTransport {
                time: self.time.clone(),
                network: self.network.clone(),
                list: self.list.clone(),
                ways: Rc::clone(&self.ways),
                bundle: self.bundle.borrow().clone(),
                air: Rc::clone(&self.air),
                chance: RefCell::new(SeededEntropy::new(!number)),
                posted: Rc::default(),
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

    pub fn skewed_client(&self, account: u8, name: &str, skew: i64) -> Client {
        let store = MemoryStore::new();
        let ports = self.ports(&store, skew);
        let key = VaultKey::generate(&mut *ports.entropy());
        let account = account_of(account);
        let id = account.id().to_string();
        let engine = self
            .time
            .run(Engine::create(
                ports,
                key.clone(),
                account,
                name,
                true,
                self.options(),
            ))
            .unwrap();
        let events = engine.subscribe();
        Client {
            engine,
            events,
            store,
            key,
            id,
            skew,
        }
    }

    fn options(&self) -> EngineOptions {
        EngineOptions {
            network: self.profile.get(),
            temporary: false,
        }
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
        let ports = self.ports(&store, skew);
        let engine = self
            .time
            .run(Engine::open(ports, key.clone(), self.options()))
            .unwrap();
        let events = engine.subscribe();
        Client {
            engine,
            events,
            store,
            key,
            id,
            skew,
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
            for (node, held) in self.network.messages(&owner) {
                let times: Vec<_> = held.iter().map(|message| message.timestamp).collect();
                writeln!(report, "    node {node} holds {times:?}").unwrap();
            }
        }
        report
    }
}

pub fn account_of(number: u8) -> Account {
    Account::from_seed(Seed::from_bytes([number; 16]))
}

/// One device.
pub struct Client {
    pub engine: Engine<SimPorts>,
    pub events: UnboundedReceiver<Event>,
    pub store: MemoryStore,
    pub key: VaultKey,
    pub id: String,
    skew: i64,
}

impl Client {
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

    pub async fn send(&self, account_id: &str, text: &str) -> Message {
        let conversation = self.start(account_id).await;
        let command = Command::SendText {
            conversation,
            text: text.to_owned(),
        };
        match self.engine.handle(command).await.unwrap() {
            Answer::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }

    pub async fn conversations(&self) -> Vec<Conversation> {
        match self.engine.handle(Command::GetConversations).await.unwrap() {
            Answer::Conversations(list) => list,
            other => panic!("{other:?}"),
        }
    }

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

    pub async fn texts(&self, account_id: &str) -> Vec<String> {
        self.timeline(account_id)
            .await
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

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

pub fn cursor(message: &Message) -> onionskin_client::api::Cursor {
    onionskin_client::api::Cursor {
        sent_at: message.sent_at,
        message: message.id,
    }
}

/// The four ports of a simulated device.
pub struct SimPorts {
    pub transport: SimTransport,
    pub store: MemoryStore,
    pub clock: SimClock,
    pub entropy: RefCell<SeededEntropy>,
}

impl Ports for SimPorts {
    type Transport = SimTransport;
    type Store = MemoryStore;
    type Clock = SimClock;
    type Entropy = SeededEntropy;
    fn transport(&self) -> &SimTransport {
        &self.transport
    }
    fn store(&self) -> &MemoryStore {
        &self.store
    }
    fn clock(&self) -> &SimClock {
        &self.clock
    }
    fn entropy(&self) -> RefMut<'_, SeededEntropy> {
        self.entropy.borrow_mut()
    }
}

pub struct SimClock {
    time: VirtualTime,
    skew: i64,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.time.now().as_millis().saturating_add_signed(self.skew))
    }
    fn sleep(&self, ms: u64) -> impl Future<Output = ()> {
        self.time.sleep(ms)
    }
}

pub struct SimTransport {
    time: VirtualTime,
    network: Network,
    list: Vec<u8>,
    ways: Rc<RefCell<Vec<Way>>>,
    bundle: Option<Vec<u8>>,
    air: Rc<Cell<Air>>,
    chance: RefCell<SeededEntropy>,
    pub posted: Rc<Cell<u64>>,
}

impl SimTransport {
    fn chance(&self, below: u64) -> u64 {
        if below == 0 {
            0
        } else {
            u64::from_le_bytes(draw(&mut *self.chance.borrow_mut())) % below
        }
    }

    async fn post(&self, guard: &ServiceNode, body: &[u8]) -> Result<HttpReply, TransportError> {
        self.posted.set(self.posted.get() + 1);
        let wait = self.chance(self.air.get().jitter + 1);
        if wait > 0 {
            self.time.sleep(wait).await;
        }
        let (status, body) = self.network.onion(&guard.ed25519, body).await;
        if self.chance(1_000) < self.air.get().mute {
            pending::<()>().await;
        }
        if status == 0 {
            Err(TransportError::GuardUnreachable)
        } else {
            Ok(HttpReply { status, body })
        }
    }
}

impl SimTransport {
    /// What a gateway does with any request.
    fn way(&self, gateway: usize) -> Result<Way, TransportError> {
        let way = self.ways.borrow()[gateway].clone();
        if self.air.get().down || way.down {
            return Err(TransportError::RelayDown);
        }
        match way.refuses {
            Some(reason) => Err(TransportError::RelayRefused(reason)),
            None => Ok(way),
        }
    }
}

impl Transport for SimTransport {
    fn gateways(&self) -> Vec<Gateway> {
        let ways = self.ways.borrow();
        ways.iter().map(|way| way.gateway.clone()).collect()
    }

    async fn onion(
        &self,
        gateway: usize,
        guard: &ServiceNode,
        body: Vec<u8>,
        timeout_ms: u64,
    ) -> Result<HttpReply, TransportError> {
        let way = self.way(gateway)?;
        assert!(
            way.gateway.direct.is_none_or(|key| key == guard.ed25519),
            "a node serves as its own guard only"
        );
        if way.strict {
            let list = way.list.as_deref().unwrap_or(&self.list);
            let known = String::from_utf8_lossy(list).contains(&guard.ed25519.to_hex());
            if !known {
                return Err(TransportError::UnknownGuard);
            }
        }
        self.ways.borrow_mut()[gateway].forwarded += 1;
        let exchange = async {
            if self.chance(1_000) < self.air.get().twice {
                let (first, second) = join(self.post(guard, &body), self.post(guard, &body)).await;
                first.or(second)
            } else {
                self.post(guard, &body).await
            }
        };
        match select(std::pin::pin!(exchange), self.time.sleep(timeout_ms)).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(TransportError::Timeout),
        }
    }

    async fn node_list(&self, gateway: usize) -> Result<Vec<u8>, TransportError> {
        let way = self.way(gateway)?;
        Ok(way.list.unwrap_or_else(|| self.list.clone()))
    }

    async fn bundled_list(&self) -> Option<Vec<u8>> {
        self.bundle.clone()
    }
}
