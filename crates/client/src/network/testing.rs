//! A network for tests of what can go wrong on a way: every node answers well, unless the test says what becomes of a
//! request. Time is virtual; every onion is peeled, and must have three hops.
#![allow(clippy::unwrap_used)]

use super::{Network, NetworkProfile};
use crate::ports::{Clock, Gateway, HttpReply, Ports, Transport, TransportError};
use crate::store::{MemoryStore, Records};
use crate::vault::VaultKey;
use futures::future::{BoxFuture, Either, pending, select};
use onionskin_protocol::id::{AccountId, SwarmId};
use onionskin_protocol::keys::{
    Ed25519PublicKey, Ed25519SecretKey, X25519PublicKey, X25519SecretKey,
};
use onionskin_protocol::node::{ServiceNode, to_json};
use onionskin_protocol::onion::peel::{Layer, parse_outer, peel};
use onionskin_protocol::onion::reply::ReplyForm;
use onionskin_protocol::onion::{Cipher, ReplyBody, seal_reply};
use onionskin_protocol::time::Timestamp;
use onionskin_testnet::network::Sleeper;
use onionskin_testnet::random::SeededEntropy;
use onionskin_testnet::virtual_time::VirtualTime;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell, RefMut};
use std::future::Future;
use std::rc::Rc;

const START: Timestamp = Timestamp(1_790_000_000_000);
/// How long any way takes (ms) unless the test says otherwise.
const LATENCY: u64 = 100;

/// A request as it passes the network: numbers of nodes, the guard first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    pub(crate) hops: [usize; 3],
    pub(crate) target: usize,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// The destination answers.
    Answer(u16, Value),
    /// Somebody answers in clear.
    Clear(u16, String),
    /// The hop of this number (3 is the destination) answers under its own key.
    Complaint(usize, u16, &'static str),
    /// HTTP 200 with bytes that nothing opens.
    Garbage,
    /// The transport fails.
    Transport(TransportError),
    /// Nothing comes back.
    Silence,
    /// The same, later (ms).
    Late(u64, Box<Fate>),
}

type Rule = Box<dyn Fn(&Way) -> Option<Fate>>;

struct Shared {
    time: VirtualTime,
    keys: Vec<Ed25519SecretKey>,
    nodes: Vec<ServiceNode>,
    rule: RefCell<Rule>,
    log: RefCell<Vec<Way>>,
    hard_fork: Cell<(u16, u16)>,
    entropy: RefCell<SeededEntropy>,
}

/// The network and its rule.
#[derive(Clone)]
pub(crate) struct Lab(Rc<Shared>);

impl Lab {
    /// So many nodes, alternating between two swarms.
    pub(crate) fn new(nodes: u8) -> Self {
        let keys: Vec<_> = (1..=nodes)
            .map(|number| Ed25519SecretKey::from_seed(&[number; 32]))
            .collect();
        let nodes = keys.iter().zip(1u8..).map(|(key, number)| ServiceNode {
            ed25519: key.public(),
            x25519: key.public().to_x25519().unwrap(),
            ip: [10, 0, number, 1].into(),
            port: 22_021,
            swarm: Some([1 << 62, 3 << 62][usize::from(number % 2)]),
            version: None,
        });
        let shared = Shared {
            time: VirtualTime::new(START),
            nodes: nodes.collect(),
            keys,
            rule: RefCell::new(Box::new(|_| None)),
            log: RefCell::default(),
            hard_fork: Cell::new((19, 4)),
            entropy: RefCell::new(SeededEntropy::new(99)),
        };
        Self(Rc::new(shared))
    }

    /// From now on this decides; where it says nothing the node answers well.
    pub(crate) fn rule(&self, rule: impl Fn(&Way) -> Option<Fate> + 'static) {
        *self.0.rule.borrow_mut() = Box::new(rule);
    }

    pub(crate) fn set_hard_fork(&self, version: (u16, u16)) {
        self.0.hard_fork.set(version);
    }

    pub(crate) fn node(&self, number: usize) -> ServiceNode {
        self.0.nodes[number]
    }

    pub(crate) fn number(&self, key: &Ed25519PublicKey) -> usize {
        let found = self.0.nodes.iter().position(|node| node.ed25519 == *key);
        found.unwrap()
    }

    pub(crate) fn members(&self, account: &SwarmId) -> Vec<ServiceNode> {
        let ids = [1u64 << 62, 3 << 62];
        let swarm = onionskin_protocol::swarm::swarm_for(account, &ids);
        let nodes = self.0.nodes.iter();
        nodes.filter(|node| node.swarm == swarm).copied().collect()
    }

    /// Requests since the last look.
    pub(crate) fn log(&self) -> Vec<Way> {
        self.0.log.take()
    }

    pub(crate) fn time(&self) -> &VirtualTime {
        &self.0.time
    }

    pub(crate) async fn wait(&self, ms: u64) {
        self.0.time.sleep(ms).await;
    }

    pub(crate) fn ports(&self, store: &MemoryStore) -> LabPorts {
        LabPorts {
            transport: LabTransport(self.clone()),
            store: store.clone(),
            clock: LabClock(self.0.time.clone()),
            entropy: RefCell::new(SeededEntropy::new(7)),
        }
    }

    pub(crate) fn network(&self, store: &MemoryStore) -> Network<LabPorts> {
        let ports = Rc::new(self.ports(store));
        let key = VaultKey::generate(&mut SeededEntropy::new(1));
        let records = Records::new(Rc::clone(&ports), key);
        let own = AccountId::from_key(X25519SecretKey::from_bytes([1; 32]).public());
        let open = Network::open(ports, records, NetworkProfile::local(), own);
        self.0.time.run(open).unwrap()
    }

    /// Runs a network beside a story, until the story ends. It begins when two paths stand and the list is agreed on.
    pub(crate) fn run<T>(&self, network: &Network<LabPorts>, story: impl Future<Output = T>) -> T {
        self.0.time.run(async {
            let story = async {
                while network.0.paths.borrow().standing.len() < 2
                    || network.0.pool.borrow().confirmed_at.is_none()
                {
                    self.wait(100).await;
                }
                self.log();
                story.await
            };
            let drive = async {
                network.run().await;
                pending::<()>().await;
            };
            match select(std::pin::pin!(story), std::pin::pin!(drive)).await {
                Either::Left((end, _)) => end,
                Either::Right(_) => unreachable!("networks run for ever"),
            }
        })
    }

    fn answer(&self, way: &Way) -> (u16, Value) {
        let (now, (major, revision)) = (self.0.time.now(), self.0.hard_fork.get());
        let mut body = match way.method.as_str() {
            "info" => json!({"timestamp": now, "version": [2, 8, 0]}),
            "oxend_request" => {
                let states: Vec<Value> = self.0.nodes.iter().map(to_json).collect();
                json!({"result": {"service_node_states": states}})
            }
            "get_swarm" => {
                let account = way.params["pubkey"].as_str().and_then(SwarmId::from_hex);
                swarm_body(&self.members(&account.unwrap()))
            }
            "batch" | "sequence" => {
                let requests = way.params["requests"].as_array().unwrap();
                let results = requests.iter().map(|request| {
                    let inner = Way {
                        method: request["method"].as_str().unwrap().to_owned(),
                        params: request["params"].clone(),
                        ..way.clone()
                    };
                    let (code, body) = self.answer(&inner);
                    json!({"code": code, "body": body})
                });
                return (200, json!({"results": results.collect::<Vec<_>>()}));
            }
            _ => json!({}),
        };
        body["t"] = json!(now);
        body["hf"] = json!([major, revision]);
        (200, body)
    }

    async fn post(&self, guard: &ServiceNode, body: &[u8]) -> Result<HttpReply, TransportError> {
        let (way, layers) = self.peel(guard, body);
        self.0.log.borrow_mut().push(way.clone());
        let fate = (self.0.rule.borrow())(&way);
        let mut fate = fate.unwrap_or_else(|| {
            let (status, body) = self.answer(&way);
            Fate::Answer(status, body)
        });
        self.wait(LATENCY).await;
        while let Fate::Late(ms, inner) = fate {
            self.wait(ms).await;
            fate = *inner;
        }
        let numbers = [way.hops[0], way.hops[1], way.hops[2], way.target];
        let sealed = |layer: usize, status: u16, body: ReplyBody<'_>| {
            let (client, cipher) = layers[layer];
            let secret = self.0.keys[numbers[layer]].to_x25519();
            let mut entropy = self.0.entropy.borrow_mut();
            let form = ReplyForm::default();
            seal_reply(&secret, &client, cipher, status, body, form, &mut *entropy).unwrap()
        };
        let (status, body) = match fate {
            Fate::Answer(status, Value::String(text)) => {
                (200, sealed(3, status, ReplyBody::Text(&text)))
            }
            Fate::Answer(status, body) => (200, sealed(3, status, ReplyBody::Json(&body))),
            Fate::Complaint(layer, status, text) => {
                (200, sealed(layer, status, ReplyBody::Text(text)))
            }
            Fate::Clear(status, text) => (status, text.into_bytes()),
            Fate::Garbage => (200, b"AAAA".to_vec()),
            Fate::Transport(error) => return Err(error),
            Fate::Silence => pending().await,
            Fate::Late(..) => unreachable!("waited for above"),
        };
        Ok(HttpReply { status, body })
    }

    /// The way of an onion, and the key and cipher of each layer.
    fn peel(&self, guard: &ServiceNode, body: &[u8]) -> (Way, Vec<(X25519PublicKey, Cipher)>) {
        let mut outer = parse_outer(body).unwrap();
        let (mut at, mut passed, mut layers) = (self.number(&guard.ed25519), vec![], vec![]);
        loop {
            layers.push((outer.ephemeral, outer.cipher));
            let secret = self.0.keys[at].to_x25519();
            match peel(&secret, &outer.ephemeral, outer.cipher, &outer.ciphertext).unwrap() {
                Layer::Forward {
                    next,
                    ciphertext,
                    ephemeral,
                    cipher,
                } => {
                    passed.push(at);
                    at = self.number(&next);
                    (outer.ciphertext, outer.ephemeral, outer.cipher) =
                        (ciphertext, ephemeral, cipher);
                }
                Layer::Final { request, .. } => {
                    let request: Value = serde_json::from_slice(&request).unwrap();
                    let way = Way {
                        hops: passed.try_into().expect("exactly three hops"),
                        target: at,
                        method: request["method"].as_str().unwrap().to_owned(),
                        params: request["params"].clone(),
                    };
                    return (way, layers);
                }
                Layer::Server { .. } => unreachable!("no servers here"),
            }
        }
    }
}

/// The body of `get_swarm` and of a 421.
pub(crate) fn swarm_body(members: &[ServiceNode]) -> Value {
    let snode = |node: &ServiceNode| {
        json!({"ip": node.ip.to_string(), "port_https": node.port,
            "pubkey_ed25519": node.ed25519.to_hex(), "pubkey_x25519": node.x25519.to_hex()})
    };
    let snodes: Vec<Value> = members.iter().map(snode).collect();
    json!({"snodes": snodes, "swarm": "4000000000000000"})
}

pub(crate) struct LabPorts {
    transport: LabTransport,
    store: MemoryStore,
    clock: LabClock,
    entropy: RefCell<SeededEntropy>,
}

pub(crate) struct LabTransport(Lab);
pub(crate) struct LabClock(VirtualTime);

impl Ports for LabPorts {
    type Transport = LabTransport;
    type Store = MemoryStore;
    type Clock = LabClock;
    type Entropy = SeededEntropy;
    fn transport(&self) -> &LabTransport {
        &self.transport
    }
    fn store(&self) -> &MemoryStore {
        &self.store
    }
    fn clock(&self) -> &LabClock {
        &self.clock
    }
    fn entropy(&self) -> RefMut<'_, SeededEntropy> {
        self.entropy.borrow_mut()
    }
}

impl Clock for LabClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn sleep(&self, ms: u64) -> impl Future<Output = ()> {
        let sleep: BoxFuture<'static, ()> = self.0.sleep(ms);
        sleep
    }
}

impl Transport for LabTransport {
    fn gateways(&self) -> Vec<Gateway> {
        vec![Gateway {
            origin: String::new(),
            direct: None,
        }]
    }

    async fn onion(
        &self,
        _gateway: usize,
        guard: &ServiceNode,
        body: Vec<u8>,
        timeout_ms: u64,
    ) -> Result<HttpReply, TransportError> {
        let post = std::pin::pin!(self.0.post(guard, &body));
        match select(post, self.0.time().sleep(timeout_ms)).await {
            Either::Left((reply, _)) => reply,
            Either::Right(_) => Err(TransportError::Timeout),
        }
    }

    async fn node_list(&self, _gateway: usize) -> Result<Vec<u8>, TransportError> {
        let states: Vec<Value> = self.0.0.nodes.iter().map(to_json).collect();
        Ok(json!({ "service_node_states": states })
            .to_string()
            .into_bytes())
    }
}
