//! The network over real sockets: an HTTPS port per node (or one for all), a control port with the seed, a file server.

mod clock;
mod control;
mod https;
mod servers;
mod tls;

pub use clock::TokioSleeper;
pub use https::Port;
pub use servers::{HttpServers, Outbound};
pub use tls::TlsError;

use crate::core::NodeError;
use crate::file_server::FileServer;
use crate::network::{Fault, HeldMessage, MoveError, Network, NodeInfo, Patience, Plot};
use control::Controlled;
use onionskin_protocol::attachment::url::DEFAULT_HOST;
use onionskin_protocol::id::{Namespace, SwarmId};
use onionskin_protocol::keys::{Ed25519PublicKey, KeyError, X25519PublicKey};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of nodes, at least 1.
    pub nodes: usize,
    /// Number of swarms, at least 1; nodes join them in turn.
    pub swarms: usize,
    /// Port of the first node; the others follow. Absent: free ports.
    pub base_port: Option<u16>,
    /// All nodes at one port, under `/node/<64 hex>/`.
    pub one_port: bool,
    /// Address of the control port. Must be loopback; port 0 is a free one.
    pub control: SocketAddr,
    /// Folder for message databases; absent = in memory.
    pub data: Option<PathBuf>,
    /// Keys and chance follow from it.
    pub rng_seed: u64,
    /// Where nodes may post to.
    pub outbound: Outbound,
    /// How long nodes wait.
    pub patience: Patience,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 12,
            swarms: 3,
            base_port: None,
            one_port: false,
            control: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: None,
            rng_seed: 1,
            outbound: Outbound::default(),
            patience: Patience::default(),
        }
    }
}

/// Why a network does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The numbers do not fit.
    #[error("{0}")]
    Options(&'static str),
    /// A port or folder is not available.
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
    /// A node cannot be made.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The file server has no usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// Where the file server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileServerInfo {
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// Key that requests are encrypted to.
    pub x25519: X25519PublicKey,
    /// Key that links name.
    pub ed25519: Ed25519PublicKey,
}

/// A running network. Ends with [`Testnet::shutdown`], or when dropped.
pub struct Testnet {
    network: Network,
    files: Arc<FileServer>,
    control: SocketAddr,
    file_address: SocketAddr,
    end: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Testnet {
    /// Binds all ports and serves them. Needs a tokio runtime with I/O and time.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if options.nodes == 0
            || options.nodes > 2000
            || options.swarms == 0
            || options.swarms > options.nodes
        {
            return Err(StartError::Options(
                "1 to 2000 nodes, and 1 to as many swarms",
            ));
        }
        if !options.control.ip().is_loopback() {
            return Err(StartError::Options(
                "the control port must be on a loopback address",
            ));
        }
        // Another provider that was installed before serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        if let Some(folder) = &options.data {
            std::fs::create_dir_all(folder)
                .map_err(|error| StartError::Io(folder.display().to_string(), error))?;
        }
        let ports = if options.one_port { 1 } else { options.nodes };
        let mut listeners = Vec::with_capacity(ports);
        for i in 0..ports {
            let port = match options.base_port {
                None | Some(0) => 0,
                Some(base) => u16::try_from(usize::from(base) + i)
                    .map_err(|_| StartError::Options("the ports end beyond 65535"))?,
            };
            listeners.push(bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?);
        }
        let control_listener = bind(options.control).await?;
        let file_listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let control = address(&control_listener)?;
        let file_address = address(&file_listener)?;

        let bound: Vec<u16> = listeners
            .iter()
            .map(|listener| address(listener).map(|a| a.port()))
            .collect::<Result<_, _>>()?;
        let plot = Plot {
            addresses: (0..options.nodes)
                .map(|i| (Ipv4Addr::LOCALHOST, bound[i % ports]))
                .collect(),
            swarms: options.swarms,
            seed: options.rng_seed,
            data: options.data.clone(),
            patience: options.patience,
        };
        let sleeper = Arc::new(TokioSleeper::new(tokio::runtime::Handle::current()));
        let patience = Duration::from_millis(options.patience.server_ms);
        let servers = HttpServers::new(options.outbound, patience)?;
        let servers = Arc::new(servers.with_host(DEFAULT_HOST, file_address));
        let network = Network::new(&plot, sleeper, servers)?;
        let files = Arc::new(FileServer::new()?);

        let (end, ended) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (i, listener) in listeners.into_iter().enumerate() {
            let acceptor = TlsAcceptor::from(tls::server_config()?);
            let port = if options.one_port {
                Port::Shared
            } else {
                Port::Of(i)
            };
            tasks.spawn(https::serve(
                listener,
                port,
                network.clone(),
                acceptor,
                ended.clone(),
            ));
        }
        let controlled = Controlled {
            network: network.clone(),
            files: files.clone(),
        };
        tasks.spawn(serve_plain(
            control_listener,
            control::routes(controlled.clone()),
            ended.clone(),
        ));
        tasks.spawn(serve_plain(
            file_listener,
            control::file_routes(controlled),
            ended,
        ));
        Ok(Self {
            network,
            files,
            control,
            file_address,
            end,
            tasks,
        })
    }

    /// `http://127.0.0.1:port/json_rpc`.
    pub fn seed_url(&self) -> String {
        format!("http://{}/json_rpc", self.control)
    }

    /// `http://127.0.0.1:port/control`.
    pub fn control_url(&self) -> String {
        format!("http://{}/control", self.control)
    }

    /// The file server's address and keys.
    pub fn file_server(&self) -> FileServerInfo {
        FileServerInfo {
            url: format!("http://{}", self.file_address),
            x25519: self.files.x25519(),
            ed25519: self.files.ed25519(),
        }
    }

    /// The file server itself.
    pub fn files(&self) -> &FileServer {
        &self.files
    }

    /// The nodes and everything that can be done to them.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The nodes with their state.
    pub fn nodes(&self) -> Vec<NodeInfo> {
        self.network.nodes()
    }

    /// See [`Network::fault`].
    pub fn fault(&self, node: usize, fault: Fault) -> bool {
        self.network.fault(node, fault)
    }

    /// See [`Network::skew`].
    pub fn skew(&self, node: usize, ms: i64) -> bool {
        self.network.skew(node, ms)
    }

    /// See [`Network::partition`].
    pub fn partition(&self, groups: &[Vec<usize>]) {
        self.network.partition(groups);
    }

    /// See [`Network::move_node`].
    pub fn move_node(&self, node: usize, swarm: u64) -> Result<(), MoveError> {
        self.network.move_node(node, swarm)
    }

    /// See [`Network::inject`].
    pub fn inject(&self, account: &SwarmId, namespace: Namespace, data: &[u8]) -> Option<String> {
        self.network.inject(account, namespace, data)
    }

    /// See [`Network::messages`].
    pub fn messages(&self, account: &SwarmId) -> Vec<(usize, Vec<HeldMessage>)> {
        self.network.messages(account)
    }

    /// See [`Network::advance`].
    pub fn advance(&self, ms: u64) {
        self.network.advance(ms);
    }

    /// Closes all ports and connections.
    pub async fn shutdown(mut self) {
        self.end.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Io(address.to_string(), error))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener
        .local_addr()
        .map_err(|error| StartError::Io("a bound port".to_owned(), error))
}

async fn serve_plain(listener: TcpListener, routes: axum::Router, mut end: watch::Receiver<bool>) {
    let serving = axum::serve(listener, routes);
    tokio::select! {
        _ = async { serving.await } => {}
        _ = end.changed() => {}
    }
}
