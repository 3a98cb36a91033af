//! The engine's four ports for a program in a terminal, and the accounts that it opens. Part of the examples.

use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use onionskin_client::ports::{
    Clock, Entropy, Gateway, HttpReply, Ports, Transport, TransportError,
};
use onionskin_client::store::MemoryStore;
use onionskin_protocol::account::phrase::{WordList, from_bip39};
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::time::Timestamp;
use std::cell::{RefCell, RefMut};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest answer of a node (bytes).
const MAX_ANSWER: usize = 11_010_048;

/// The account of a recovery phrase, or a fresh one.
pub fn account(phrase: Option<&str>) -> Result<Account, Box<dyn Error>> {
    let seed = match phrase {
        Some(words) => match from_bip39(words) {
            Some(seed) => seed,
            None => WordList::english().decode(words)?,
        },
        None => Seed::generate(&mut System),
    };
    Ok(Account::from_seed(seed))
}

/// Lines of the standard input. A thread of its own, since reading blocks.
pub fn read_lines() -> UnboundedReceiver<String> {
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

/// The four ports of a program in a terminal.
pub struct TerminalPorts {
    transport: Web,
    store: MemoryStore,
    entropy: RefCell<System>,
}

impl TerminalPorts {
    /// Over this way; nothing is kept.
    pub fn new(way: &Way) -> Result<Self, Box<dyn Error>> {
        let source = way.source()?;
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

/// How nodes are reached, and where their list comes from.
#[derive(clap::Args)]
pub struct Way {
    /// Reach nodes through this relay.
    #[arg(long, conflicts_with_all = ["seed", "nodes"])]
    relay: Option<String>,
    /// Reach nodes directly; their list comes from this seed server.
    #[arg(long, conflicts_with = "nodes")]
    seed: Option<String>,
    /// Reach nodes directly; their list comes from this file (JSON).
    #[arg(long)]
    nodes: Option<PathBuf>,
}

enum Source {
    Relay(String),
    Seed(String),
    File(Vec<u8>),
}

impl Way {
    fn source(&self) -> Result<Source, Box<dyn Error>> {
        match (&self.relay, &self.seed, &self.nodes) {
            (Some(relay), _, _) => Ok(Source::Relay(relay.trim_end_matches('/').to_owned())),
            (_, Some(seed), _) => Ok(Source::Seed(seed.trim_end_matches('/').to_owned())),
            (_, _, Some(file)) => Ok(Source::File(std::fs::read(file)?)),
            _ => Err("one of --relay, --seed, --nodes".into()),
        }
    }
}

/// HTTP.
pub struct Web {
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

/// The clock of this machine.
pub struct WallClock;

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

/// Randomness of the operating system.
pub struct System;

impl Entropy for System {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system has random bytes");
    }
}
