//! A whole network in one process: carries out the steps that the nodes of [`crate::core`] ask for.
//!
//! All nodes live in one value behind a mutex that is never held while waiting. Time, waiting and (if there is one) a place
//! for tasks come from a [`Sleeper`], randomness from a seeded generator, so the same network runs over real sockets and in
//! a simulation under virtual time. Faults, skewed clocks, partitions and bad weather apply to both.

mod control;
mod faults;
pub(crate) mod servers;

pub use control::{HeldMessage, MoveError, NodeInfo, Trace};
pub use faults::{Fault, Mode, Weather};
pub use servers::LocalServers;

use crate::core::http::{self, Head, HttpAnswer, Route};
use crate::core::onion::relayed_status;
use crate::core::{
    Node, NodeError, OnionStep, PeerAnswer, Plan, Reply, ServerPost, View, node_seed, spread_swarms,
};
use crate::random::SeededEntropy;
use faults::{Condition, Reach};
use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, join_all, select};
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::time::Timestamp;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The largest answer that travels between nodes, bytes. A larger one is lost.
const MAX_BETWEEN_NODES: usize = 10 * 1024 * 1024;

/// Time and waiting.
pub trait Sleeper: Send + Sync {
    /// Unix time.
    fn now(&self) -> Timestamp;
    /// Waits this many ms.
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()>;
    /// Runs a task to its end even if nobody waits for it, as nodes go on when a client hangs up. Where that is not
    /// possible the task comes back and runs as part of the request.
    fn detach(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}

/// The servers that the last node of a path can post to.
pub trait Servers: Send + Sync {
    /// Posts and gives status and body; a failure of the transport is the node's 502 and its text.
    fn post(&self, post: ServerPost) -> BoxFuture<'static, (u16, Vec<u8>)>;
}

/// How long nodes wait, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a peer of the swarm.
    pub peer_ms: u64,
    /// For the next hop of an onion.
    pub onion_ms: u64,
    /// For a server.
    pub server_ms: u64,
    /// For a guard, in [`Network::onion`].
    pub client_ms: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            peer_ms: 5_000,
            onion_ms: 30_000,
            server_ms: 25_000,
            client_ms: 60_000,
        }
    }
}

/// What a network is made of.
#[derive(Clone, Debug, Default)]
pub struct Plot {
    /// Address and port of each node; as many nodes as there are.
    pub addresses: Vec<(Ipv4Addr, u16)>,
    /// Number of swarms.
    pub swarms: usize,
    /// Keys and chance follow from it.
    pub seed: u64,
    /// Folder for message databases; absent = in memory.
    pub data: Option<PathBuf>,
    /// Patience of the nodes.
    pub patience: Patience,
}

impl Plot {
    /// A network for a simulation: addresses that nobody listens on.
    pub fn simulated(nodes: u16, swarms: usize, seed: u64) -> Self {
        let addresses = (0..nodes)
            .map(|i| (Ipv4Addr::LOCALHOST, 22_100 + i))
            .collect();
        Self {
            addresses,
            swarms,
            seed,
            ..Self::default()
        }
    }
}

/// A node gave no answer: it is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node does not answer")]
pub struct Unreachable;

/// All nodes, and what is wrong with them.
struct State {
    nodes: Vec<Node>,
    view: View,
    conditions: Vec<Condition>,
    weather: Weather,
    entropy: SeededEntropy,
    advanced: u64,
}

struct Inner {
    state: Mutex<State>,
    sleeper: Arc<dyn Sleeper>,
    servers: Arc<dyn Servers>,
    patience: Patience,
    /// Keys of nodes that join follow from it.
    seed: u64,
}

/// A network of service nodes. Clones share it.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

/// The node software threw; the whole request is a 500.
struct Crashed;

impl Network {
    /// Makes the nodes.
    pub fn new(
        plot: &Plot,
        sleeper: Arc<dyn Sleeper>,
        servers: Arc<dyn Servers>,
    ) -> Result<Self, NodeError> {
        let swarms = spread_swarms(plot.swarms);
        let mut nodes = Vec::with_capacity(plot.addresses.len());
        let mut listed = Vec::with_capacity(plot.addresses.len());
        for (index, &(ip, port)) in plot.addresses.iter().enumerate() {
            let file = plot
                .data
                .as_ref()
                .map(|folder| folder.join(format!("node-{index}.db")));
            let node = Node::new(index, &node_seed(plot.seed, index), file.as_deref())?;
            listed.push(ServiceNode {
                ed25519: node.ed25519(),
                x25519: node.x25519(),
                ip,
                port,
                swarm: Some(swarms[index % swarms.len()]),
                version: Some(crate::core::VERSION),
            });
            nodes.push(node);
        }
        let conditions = vec![Condition::default(); nodes.len()];
        let state = State {
            nodes,
            view: View::new(listed, sleeper.now()),
            conditions,
            weather: Weather::default(),
            entropy: SeededEntropy::new(plot.seed),
            advanced: 0,
        };
        Ok(Self(Arc::new(Inner {
            state: Mutex::new(state),
            sleeper,
            servers,
            patience: plot.patience,
            seed: plot.seed,
        })))
    }

    /// The network's time: the sleeper's, and what the time was advanced by.
    pub fn now(&self) -> Timestamp {
        let advanced = self.state().advanced;
        self.0.sleeper.now().plus_millis(advanced)
    }

    /// Posts an onion request to a guard and gives HTTP status and body. Status 0 with no body: the guard refused the
    /// connection, is not in the list, or was silent for [`Patience::client_ms`].
    pub async fn onion(&self, guard: &Ed25519PublicKey, body: &[u8]) -> (u16, Vec<u8>) {
        let Some(index) = self.find(guard) else {
            return (0, Vec::new());
        };
        let head = Head {
            method: "POST",
            path: "/onion_req/v2",
            long_poll: false,
            client: Ipv4Addr::LOCALHOST.into(),
        };
        let answer = Box::pin(self.http(index, head, body.to_vec()));
        match select(answer, self.0.sleeper.sleep(self.0.patience.client_ms)).await {
            Either::Left((Ok(answer), _)) => (answer.status, answer.body),
            Either::Left((Err(Unreachable), _)) | Either::Right(_) => (0, Vec::new()),
        }
    }

    /// The number of the node with this key.
    pub fn find(&self, key: &Ed25519PublicKey) -> Option<usize> {
        self.state().view.find(key)
    }

    /// An HTTP request at a node: [`Network::admit`], then [`Network::respond`].
    pub async fn http(
        &self,
        node: usize,
        head: Head<'_>,
        body: Vec<u8>,
    ) -> Result<HttpAnswer, Unreachable> {
        let route = self.admit(node, head).await?;
        self.respond(node, route, body).await
    }

    /// The head of a request at a node. A hung node never comes back.
    pub async fn admit(&self, node: usize, head: Head<'_>) -> Result<Route, Unreachable> {
        match self.reach(None, node) {
            Reach::Refused => return Err(Unreachable),
            Reach::Lost => return std::future::pending().await,
            Reach::After(ms) => self.wait(ms).await,
        }
        let mut state = self.state();
        let now = self.clock_of(&state, node);
        let node = state.nodes.get_mut(node).ok_or(Unreachable)?;
        Ok(http::route(node, now, &head))
    }

    /// The rest of a request. It runs to its end even when the caller gives up, where the sleeper can detach tasks.
    pub async fn respond(
        &self,
        node: usize,
        route: Route,
        body: Vec<u8>,
    ) -> Result<HttpAnswer, Unreachable> {
        let answer = match route {
            Route::Answer(answer) => answer,
            Route::Storage => {
                self.to_the_end(move |network| network.storage(node, body))
                    .await
            }
            Route::Onion => {
                self.to_the_end(move |network| network.onion_post(node, body))
                    .await
            }
        };
        match self.reach(None, node) {
            Reach::Refused => Err(Unreachable),
            Reach::Lost => std::future::pending().await,
            Reach::After(_) => Ok(answer),
        }
    }

    /// Runs a request detached if possible.
    async fn to_the_end(
        &self,
        request: impl FnOnce(Self) -> BoxFuture<'static, HttpAnswer>,
    ) -> HttpAnswer {
        let (send, receive) = oneshot::channel();
        let work = request(self.clone());
        let task: BoxFuture<'static, ()> = Box::pin(async move {
            // Nobody waits when the client hung up.
            let _ = send.send(work.await);
        });
        if let Err(task) = self.0.sleeper.detach(task) {
            task.await;
        }
        receive.await.unwrap_or_else(|_| Reply::failed().into())
    }

    fn storage(self, node: usize, body: Vec<u8>) -> BoxFuture<'static, HttpAnswer> {
        Box::pin(async move { self.rpc(node, &body).await.into() })
    }

    fn onion_post(self, node: usize, body: Vec<u8>) -> BoxFuture<'static, HttpAnswer> {
        Box::pin(async move {
            let (status, body) = self.onion_at_entry(node, &body).await;
            HttpAnswer::text(status, body)
        })
    }

    /// A storage request at a node, answered completely.
    pub async fn rpc(&self, node: usize, body: &[u8]) -> Reply {
        let plan = {
            let mut state = self.state();
            let now = self.clock_of(&state, node);
            let State { nodes, view, .. } = &mut *state;
            match nodes.get_mut(node) {
                Some(node) => node.rpc(view, now, body),
                None => Plan::Done(Reply::failed()),
            }
        };
        self.finish(node, plan)
            .await
            .unwrap_or_else(|Crashed| Reply::failed())
    }

    fn finish(&self, node: usize, plan: Plan) -> BoxFuture<'_, Result<Reply, Crashed>> {
        Box::pin(async move {
            match plan {
                Plan::Done(reply) => Ok(reply),
                Plan::Swarm(plan) => {
                    let asked = plan
                        .peers
                        .iter()
                        .map(|&peer| self.ask_peer(node, peer, &plan.call));
                    let answers = join_all(asked).await;
                    Ok(plan.finish(answers))
                }
                Plan::Crash { call, peers } => {
                    for peer in peers {
                        if matches!(self.reach(Some(node), peer), Reach::After(_)) {
                            self.apply(peer, &call);
                        }
                    }
                    Err(Crashed)
                }
                Plan::Batch(plans) => {
                    let replies =
                        join_all(plans.into_iter().map(|plan| self.finish(node, plan))).await;
                    let members = replies
                        .into_iter()
                        .map(|reply| reply.map(Reply::member))
                        .collect::<Result<_, _>>()?;
                    Ok(results(members))
                }
                Plan::Sequence { first, mut rest } => {
                    let mut reply = self.finish(node, *first).await?;
                    let mut members = Vec::new();
                    loop {
                        let good = (200..300).contains(&reply.status);
                        members.push(reply.member());
                        let Some(call) = rest.pop_front().filter(|_| good) else {
                            return Ok(results(members));
                        };
                        let plan = {
                            let mut state = self.state();
                            let now = self.clock_of(&state, node);
                            let State { nodes, view, .. } = &mut *state;
                            nodes[node].start(view, now, call)
                        };
                        reply = self.finish(node, plan).await?;
                    }
                }
                Plan::IfElse { mut head, branch } => {
                    if let Some(branch) = branch {
                        let result = self.finish(node, *branch).await?.member();
                        head.insert("result".to_owned(), result);
                    }
                    Ok(Reply::ok(head))
                }
            }
        })
    }

    async fn ask_peer(
        &self,
        from: usize,
        peer: usize,
        call: &crate::core::call::Call,
    ) -> (String, PeerAnswer) {
        let asked = Box::pin(async {
            self.travel(from, peer).await;
            let answer = self.apply(peer, call);
            self.travel(peer, from).await;
            answer
        });
        let answer = match select(asked, self.0.sleeper.sleep(self.0.patience.peer_ms)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => PeerAnswer::Timeout,
        };
        let key = self
            .state()
            .view
            .nodes()
            .get(peer)
            .map(|node| node.ed25519.to_hex())
            .unwrap_or_default();
        (key, answer)
    }

    fn apply(&self, peer: usize, call: &crate::core::call::Call) -> PeerAnswer {
        let mut state = self.state();
        let now = self.clock_of(&state, peer);
        let State { nodes, view, .. } = &mut *state;
        nodes
            .get_mut(peer)
            .map_or(PeerAnswer::Timeout, |node| node.apply(view, now, call))
    }

    async fn onion_at_entry(&self, node: usize, body: &[u8]) -> (u16, Vec<u8>) {
        let step = {
            let State {
                nodes,
                view,
                entropy,
                ..
            } = &mut *self.state();
            nodes[node].onion_entry(view, body, entropy)
        };
        let (status, body) = self.onion_step(node, step).await;
        (status, self.pass_on(node, body))
    }

    fn onion_step(&self, node: usize, step: OnionStep) -> BoxFuture<'_, (u16, Vec<u8>)> {
        Box::pin(async move {
            match step {
                OnionStep::Reply(status, body) => (status, body),
                OnionStep::Rpc(request, seal) => {
                    let reply = self.rpc(node, &request).await;
                    let State { nodes, entropy, .. } = &mut *self.state();
                    nodes[node].seal(reply, &seal, entropy)
                }
                OnionStep::Server(post) => {
                    let patience = self.0.patience.server_ms;
                    match select(self.0.servers.post(post), self.0.sleeper.sleep(patience)).await {
                        Either::Left((answer, _)) => answer,
                        Either::Right(_) => {
                            let text = format!(
                                "Operation timed out after {patience} milliseconds with 0 bytes received"
                            );
                            (504, text.into_bytes())
                        }
                    }
                }
                OnionStep::Forward(next, hop) => {
                    let forwarded = Box::pin(async {
                        self.travel(node, next).await;
                        let step = {
                            let State {
                                nodes,
                                view,
                                entropy,
                                ..
                            } = &mut *self.state();
                            nodes[next].onion_hop(view, hop, entropy)
                        };
                        let (status, body) = self.onion_step(next, step).await;
                        self.travel(next, node).await;
                        if body.len() > MAX_BETWEEN_NODES {
                            return std::future::pending().await;
                        }
                        (relayed_status(status), self.pass_on(next, body))
                    });
                    match select(forwarded, self.0.sleeper.sleep(self.0.patience.onion_ms)).await {
                        Either::Left((answer, _)) => answer,
                        Either::Right(_) => (504, b"Request time out".to_vec()),
                    }
                }
            }
        })
    }

    /// An answer that leaves a node, damaged or exchanged for an earlier one if that is the node's fault.
    fn pass_on(&self, node: usize, mut body: Vec<u8>) -> Vec<u8> {
        let mut state = self.state();
        let Some(condition) = state.conditions.get_mut(node) else {
            return body;
        };
        if let Some(earlier) = &mut condition.replayed {
            std::mem::swap(earlier, &mut body);
        }
        if condition.corrupt {
            let middle = body.len() / 2;
            if let Some(byte) = body.get_mut(middle) {
                *byte = if *byte == b'A' { b'B' } else { b'A' };
            }
        }
        body
    }

    /// The way from one node to another; what is lost never arrives.
    async fn travel(&self, from: usize, to: usize) {
        match self.reach(Some(from), to) {
            Reach::After(ms) => self.wait(ms).await,
            Reach::Refused | Reach::Lost => std::future::pending().await,
        }
    }

    async fn wait(&self, ms: u64) {
        if ms > 0 {
            self.0.sleeper.sleep(ms).await;
        }
    }

    fn clock_of(&self, state: &State, node: usize) -> Timestamp {
        let now = self.0.sleeper.now().plus_millis(state.advanced);
        let skew = state
            .conditions
            .get(node)
            .map_or(0, |condition| condition.skew_ms);
        Timestamp(now.as_millis().saturating_add_signed(skew))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not silence the whole network; each change of a node is one transaction.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws from the network's seeded randomness.
    pub(crate) fn fill_random(&self, out: &mut [u8]) {
        self.state().entropy.fill(out);
    }
}

fn results(members: Vec<Value>) -> Reply {
    Reply {
        status: 200,
        body: crate::core::Body::Json(json!({ "results": members })),
    }
}
