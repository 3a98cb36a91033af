//! A terminal chat over the same engine that runs in the browser. Nothing is kept: the records live in memory.
//!
//! ```text
//! cargo run -p onionskin-client --example chat -- --new --name Anna --seed https://127.0.0.1:22000 --peer 05…
//! ```
//! Lines typed go to the peer (or to whoever wrote last). Printed: `id 05…`, `phrase …` for a new account, `< name: text`
//! for what arrives, `> text (state)` for every state of what is sent, `! CODE …` for problems.
#![allow(clippy::print_stdout)]

use clap::Parser;
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use onionskin_client::api::{Answer, Command, Delivery, Event, Failure, Message, short_id};
use onionskin_client::ports::{
    Clock, Entropy, Gateway, HttpReply, Ports, Transport, TransportError,
};
use onionskin_client::store::MemoryStore;
use onionskin_client::vault::VaultKey;
use onionskin_client::{Engine, EngineOptions, NetworkProfile};
use onionskin_protocol::account::phrase::{WordList, from_bip39};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::time::Timestamp;
use std::cell::{RefCell, RefMut};
use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest answer of a node (bytes).
const MAX_ANSWER: usize = 11_010_048;

#[derive(Parser)]
#[command(about = "Chat on the Session network from a terminal")]
struct Options {
    /// The recovery phrase: 13 words, or 12 of the second form.
    #[arg(long, conflicts_with = "new")]
    phrase: Option<String>,
    /// A fresh account.
    #[arg(long)]
    new: bool,
    /// Display name.
    #[arg(long, default_value = "")]
    name: String,
    /// Reach nodes through this relay.
    #[arg(long, conflicts_with_all = ["seed", "nodes"])]
    relay: Option<String>,
    /// Reach nodes directly; their list comes from this seed server.
    #[arg(long, conflicts_with = "nodes")]
    seed: Option<String>,
    /// Reach nodes directly; their list comes from this file (JSON).
    #[arg(long)]
    nodes: Option<PathBuf>,
    /// The rules of the real network instead of those of a local one.
    #[arg(long)]
    mainnet: bool,
    /// Account ID to write to.
    #[arg(long)]
    peer: Option<String>,
    /// After the end of the input, stay so many seconds after everything is sent.
    #[arg(long, default_value_t = 0)]
    linger: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "no cryptography for TLS")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(chat(options))
}

async fn chat(options: Options) -> Result<(), Box<dyn Error>> {
    let account = account(&options)?;
    println!("id {}", account.id());
    if options.new {
        println!("phrase {}", WordList::english().encode(account.seed()));
    }
    let ports = TerminalPorts::new(&options)?;
    let key = VaultKey::generate(&mut *ports.entropy());
    let network = if options.mainnet {
        NetworkProfile::mainnet()
    } else {
        NetworkProfile::local()
    };
    let engine = Engine::create(
        ports,
        key,
        account,
        &options.name,
        !options.new,
        EngineOptions {
            network,
            temporary: true,
        },
    )
    .await?;
    let talk = async {
        let outcome = talk(&engine, &options).await;
        engine.stop();
        outcome
    };
    futures::join!(engine.run(), talk).1
}

fn account(options: &Options) -> Result<Account, Box<dyn Error>> {
    let seed = match &options.phrase {
        Some(words) => match from_bip39(words) {
            Some(seed) => seed,
            None => WordList::english().decode(words)?,
        },
        None if options.new => Seed::generate(&mut System),
        None => return Err("either --phrase or --new".into()),
    };
    Ok(Account::from_seed(seed))
}

async fn talk(engine: &Engine<TerminalPorts>, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut events = engine.subscribe();
    let mut lines = read_lines();
    let mut peer = options.peer.clone();
    let mut under_way = BTreeSet::new();
    let mut input_ended = false;
    loop {
        let next = async {
            if input_ended {
                futures::future::pending().await
            } else {
                lines.next().await
            }
        };
        let linger = async {
            match input_ended && under_way.is_empty() {
                true => tokio::time::sleep(Duration::from_secs(options.linger)).await,
                false => futures::future::pending().await,
            }
        };
        tokio::select! {
            line = next => match line {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => match &peer {
                    Some(peer) => match send(engine, peer, line).await {
                        Ok(message) => { under_way.insert(message.id); }
                        Err(failure) => complain(&failure),
                    },
                    None => println!("! nobody to write to yet"),
                },
                None => input_ended = true,
            },
            event = events.next() => match event {
                Some(Event::Message(message)) => {
                    show(engine, &message).await;
                    if !message.mine {
                        peer.get_or_insert_with(|| message.author.clone());
                    } else if matches!(message.delivery, Delivery::Synced { .. } | Delivery::Failed(_)) {
                        under_way.remove(&message.id);
                    }
                }
                Some(Event::Network(status)) => eprintln!("network {:?}, {} nodes", status.state, status.nodes),
                Some(Event::Problem(failure)) => complain(&failure),
                Some(_) => {}
                None => return Ok(()),
            },
            () = linger => return Ok(()),
        }
    }
}

async fn send(
    engine: &Engine<TerminalPorts>,
    peer: &str,
    text: String,
) -> Result<Message, Failure> {
    let start = Command::StartConversation {
        account_id: peer.to_owned(),
    };
    let Answer::Conversation(conversation) = engine.handle(start).await? else {
        unreachable!("answers fit commands")
    };
    match engine
        .handle(Command::SendText {
            conversation: conversation.id,
            text,
        })
        .await?
    {
        Answer::Message(message) => Ok(message),
        _ => unreachable!("answers fit commands"),
    }
}

async fn show(engine: &Engine<TerminalPorts>, message: &Message) {
    if message.mine {
        let state = match message.delivery {
            Delivery::Queued => "queued".to_owned(),
            Delivery::Sending => "sending".to_owned(),
            Delivery::Stored { confirmed, of } => format!("stored on {confirmed} of {of}"),
            Delivery::Synced { .. } => "synced".to_owned(),
            Delivery::Read => "read".to_owned(),
            Delivery::Retrying { attempt, .. } => format!("attempt {attempt} failed"),
            Delivery::Failed(code) => format!("failed: {}", code.code()),
        };
        println!("> {} ({state})", message.text);
        return;
    }
    let get = Command::GetConversation {
        conversation: message.conversation,
    };
    let name = match engine.handle(get).await {
        Ok(Answer::Conversation(row)) if !row.name.is_empty() => row.name,
        _ => short_id(&message.author),
    };
    println!("< {name}: {}", message.text);
}

fn complain(failure: &Failure) {
    println!("! {failure} {}", failure.detail);
}

/// Lines of the standard input. A thread of its own, since reading blocks.
fn read_lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.unbounded_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

struct TerminalPorts {
    transport: Web,
    store: MemoryStore,
    entropy: RefCell<System>,
}

impl TerminalPorts {
    fn new(options: &Options) -> Result<Self, Box<dyn Error>> {
        let source = match (&options.relay, &options.seed, &options.nodes) {
            (Some(relay), _, _) => Source::Relay(relay.trim_end_matches('/').to_owned()),
            (_, Some(seed), _) => Source::Seed(seed.trim_end_matches('/').to_owned()),
            (_, _, Some(file)) => Source::File(std::fs::read(file)?),
            _ => return Err("one of --relay, --seed, --nodes".into()),
        };
        // Nodes present certificates that they signed themselves; what protects a request is its onion.
        let client = reqwest::Client::builder()
            .danger_accept_invalid_certs(true)
            .build()?;
        Ok(Self {
            transport: Web { client, source },
            store: MemoryStore::new(),
            entropy: RefCell::new(System),
        })
    }
}

impl Ports for TerminalPorts {
    type Transport = Web;
    type Store = MemoryStore;
    type Clock = WallClock;
    type Entropy = System;
    fn transport(&self) -> &Web {
        &self.transport
    }
    fn store(&self) -> &MemoryStore {
        &self.store
    }
    fn clock(&self) -> &WallClock {
        &WallClock
    }
    fn entropy(&self) -> RefMut<'_, System> {
        self.entropy.borrow_mut()
    }
}

enum Source {
    Relay(String),
    Seed(String),
    File(Vec<u8>),
}

struct Web {
    client: reqwest::Client,
    source: Source,
}

impl Transport for Web {
    fn gateways(&self) -> Vec<Gateway> {
        let origin = match &self.source {
            Source::Relay(origin) | Source::Seed(origin) => origin.clone(),
            Source::File(_) => String::new(),
        };
        vec![Gateway {
            origin,
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
        let (url, unreachable) = match &self.source {
            Source::Relay(relay) => (
                format!("{relay}/relay/onion?guard={}", guard.ed25519.to_hex()),
                TransportError::RelayDown,
            ),
            _ => (
                format!("https://{}:{}/onion_req/v2", guard.ip, guard.port),
                TransportError::GuardUnreachable,
            ),
        };
        let request = self
            .client
            .post(url)
            .header("Content-Type", "text/plain")
            .body(body);
        let sent = request
            .timeout(Duration::from_millis(timeout_ms))
            .send()
            .await;
        let answer = sent.map_err(|error| {
            if error.is_timeout() {
                TransportError::Timeout
            } else {
                unreachable
            }
        })?;
        if let Some(reason) = answer.headers().get("Onionskin-Relay") {
            return Err(match reason.to_str().unwrap_or("unknown") {
                "unknown-guard" => TransportError::UnknownGuard,
                "unreachable" | "timeout" => TransportError::GuardUnreachable,
                reason => TransportError::RelayRefused(reason.to_owned()),
            });
        }
        let status = answer.status().as_u16();
        Ok(HttpReply {
            status,
            body: body_of(answer).await?,
        })
    }

    async fn node_list(&self, _gateway: usize) -> Result<Vec<u8>, TransportError> {
        let request = match &self.source {
            Source::File(bytes) => return Ok(bytes.clone()),
            Source::Relay(relay) => self.client.get(format!("{relay}/relay/nodes")),
            Source::Seed(seed) => {
                let fields = serde_json::json!({
                    "public_ip": true, "storage_port": true, "pubkey_x25519": true, "pubkey_ed25519": true,
                });
                self.client
                    .post(format!("{seed}/json_rpc"))
                    .json(&serde_json::json!({
                        "jsonrpc": "2.0", "id": 0, "method": "get_n_service_nodes",
                        "params": { "active_only": true, "fields": fields },
                    }))
            }
        };
        let answer = request
            .timeout(Duration::from_secs(10))
            .send()
            .await
            .map_err(|_| TransportError::RelayDown)?;
        body_of(answer).await
    }
}

/// The body, as long as it is not too long.
async fn body_of(mut answer: reqwest::Response) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| TransportError::Timeout)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

struct System;

impl Entropy for System {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system has random bytes");
    }
}
