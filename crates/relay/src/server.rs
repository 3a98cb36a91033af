//! Routes and connections. No access log exists, and no line that this program prints contains anything about a client.

use crate::config::Config;
use crate::files::Files;
use crate::headers::{OriginError, SecurityHeaders, check_origin};
use crate::limit::{Admission, Limits};
use crate::nodes::{ListError, NodeList, Nodes, unix_ms};
use crate::pace::{Pace, Paced};
use crate::places::Places;
use crate::refusal::Refusal;
use crate::seeds::{self, Seed, SeedError};
use crate::tls::{self, ClientError, Trust};
use crate::{Network, forward};
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// Connections open at the same time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 8192;
/// Each connection reads at most so much ahead and holds at most so much unsent. No request has longer headers.
const CONNECTION_BUFFER: usize = 16 << 10;
/// Bytes of an answer that a client which lets the relay wait must take in the time of the configuration: 2 KB/s by default,
/// which the slowest of phones keep.
const TAKEN_BYTES: usize = 64 << 10;

/// Why a relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The app.
    #[error("the app in {0} cannot be read: {1}")]
    Dist(PathBuf, std::io::Error),
    /// The app is not built.
    #[error("{0} has no index.html: build the app first")]
    NoIndex(PathBuf),
    /// The file of nodes.
    #[error("the nodes in {0} cannot be read: {1}")]
    NodesFile(PathBuf, std::io::Error),
    /// Its content.
    #[error("the nodes in {0} are not usable: {1}")]
    Nodes(PathBuf, ListError),
    /// An origin on the command line.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// A seed on the command line.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What every request needs.
struct Shared {
    nodes: Arc<Nodes>,
    client: reqwest::Client,
    limits: Arc<Limits>,
    places: Arc<Places>,
    files: Files,
    security: SecurityHeaders,
    deployment: String,
    allow_origins: Vec<String>,
    behind_proxy: bool,
    body_timeout: Duration,
}

/// Where a connection comes from.
#[derive(Clone, Copy)]
struct Peer(IpAddr);

/// A running relay; dropping it stops it.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    nodes: Arc<Nodes>,
    limits: Arc<Limits>,
    tasks: Vec<JoinHandle<()>>,
}

impl Relay {
    /// Reads the app and the nodes, asks the seeds once, and listens.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let files = match &config.dist {
            Some(dist) => {
                Files::read(dist).map_err(|error| StartError::Dist(dist.clone(), error))?
            }
            None => Files::default(),
        };
        if let (Some(dist), None) = (&config.dist, files.index()) {
            return Err(StartError::NoIndex(dist.clone()));
        }
        for origin in &config.allow_origins {
            check_origin(origin)?;
        }
        let direct = config.direct.iter().map(|node| node.origin.clone());
        let reachable: Vec<String> = config.extra_relays.iter().cloned().chain(direct).collect();
        let security = SecurityHeaders::new(files.index(), &reachable)?;
        let nodes = Arc::new(Nodes::default());
        if let Some(path) = &config.nodes {
            nodes.replace(list_of_file(path, config.network)?);
        }
        let seeds = seed_list(&config)?;
        let client = tls::client(Trust::Anyone, Duration::from_millis(config.timeout_ms))?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| StartError::Listen(config.listen, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Listen(config.listen, error))?;

        let relays: Vec<&str> = std::iter::once("")
            .chain(config.extra_relays.iter().map(String::as_str))
            .collect();
        let limits = Arc::new(Limits::new(config.allowance()));
        let shared = Arc::new(Shared {
            nodes: nodes.clone(),
            client,
            limits: limits.clone(),
            places: Arc::new(Places::new(config.concurrent, config.per_guard)),
            files,
            security,
            deployment: json!({
                "network": config.network.name(),
                "relays": relays,
                "direct": config.direct,
            })
            .to_string(),
            allow_origins: config.allow_origins,
            behind_proxy: config.behind_proxy,
            body_timeout: Duration::from_millis(config.body_timeout_ms),
        });
        let door = Door {
            router: router(shared.clone()),
            shared,
            header_timeout: Duration::from_millis(config.header_timeout_ms),
            pace: Pace {
                bytes: TAKEN_BYTES,
                within: Duration::from_millis(config.take_timeout_ms),
            },
        };
        let mut tasks = vec![tokio::spawn(door.accept(listener))];
        if !seeds.is_empty() {
            if let Ok(list) = seeds::race(&seeds, config.network).await {
                nodes.replace(list);
            }
            tasks.push(tokio::spawn(seeds::keep_fresh(
                seeds,
                config.network,
                nodes.clone(),
            )));
        }
        Ok(Self {
            address,
            nodes,
            limits,
            tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its node list.
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Bytes of requests and answers that it holds at this moment.
    pub fn bytes_held(&self) -> usize {
        self.limits.bytes()
    }

    /// Runs until the listener ends, which it does only when the program does.
    pub async fn run(mut self) {
        if let Some(listener) = self.tasks.first_mut() {
            let _ended = listener.await;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A list in a file is as old as the file.
fn list_of_file(path: &Path, network: Network) -> Result<NodeList, StartError> {
    let unreadable = |error| StartError::NodesFile(path.to_owned(), error);
    let body = std::fs::read(path).map_err(unreadable)?;
    let written = std::fs::metadata(path).and_then(|meta| meta.modified());
    let fetched_ms = unix_ms(written.map_err(unreadable)?);
    NodeList::read("file", fetched_ms, &body, network)
        .map_err(|error| StartError::Nodes(path.to_owned(), error))
}

fn seed_list(config: &Config) -> Result<Vec<Seed>, SeedError> {
    if config.seeds.is_empty() && config.nodes.is_none() && config.network == Network::Mainnet {
        return seeds::MAINNET
            .iter()
            .map(|seed| Seed::new(seed, config.network))
            .collect();
    }
    config
        .seeds
        .iter()
        .map(|seed| Seed::new(seed, config.network))
        .collect()
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/relay/onion", post(onion))
        .route("/relay/nodes", get(nodes))
        .route("/relay/clear", post(clear))
        .route("/relay/health", get(health))
        .route("/deployment.json", get(deployment))
        .fallback(file)
        .layer(middleware::from_fn_with_state(shared.clone(), finish))
        .with_state(shared)
}

/// Where connections come in.
struct Door {
    router: Router,
    shared: Arc<Shared>,
    header_timeout: Duration,
    pace: Pace,
}

impl Door {
    async fn accept(self, listener: TcpListener) {
        let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(permit) = connections.clone().acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, peer)) => self.serve(stream, peer.ip(), permit),
                // Out of file descriptors, or the peer was gone already: neither ends the service.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: IpAddr, permit: OwnedSemaphorePermit) {
        // Behind a proxy all connections are the proxy's.
        let place = if self.shared.behind_proxy {
            None
        } else {
            match self.shared.limits.connect(peer, Instant::now()) {
                Some(place) => Some(place),
                None => return,
            }
        };
        // Without it answers come a little later, nothing else.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(self.router.clone().layer(Extension(Peer(peer))));
        let stream = TokioIo::new(Paced::new(stream, self.pace));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(CONNECTION_BUFFER)
            .serve_connection(stream, service);
        tokio::spawn(async move {
            let _held = (permit, place);
            // How a connection ends is its client's affair.
            let _ended = connection.await;
        });
    }
}

/// The last word on every answer: security headers, CORS for the origins of this deployment, preflights.
async fn finish(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let origin = request
        .headers()
        .get(header::ORIGIN)
        .filter(|origin| {
            shared
                .allow_origins
                .iter()
                .any(|allowed| allowed.as_bytes() == origin.as_bytes())
        })
        .cloned();
    let relay = request.uri().path().starts_with("/relay/");
    let preflight = relay && request.method() == Method::OPTIONS;
    // A length told in two ways is how a request is smuggled past a proxy (RFC 9112 6.3). The chunks are what counts, and
    // nothing that follows them on this connection is read.
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    shared.security.apply(headers);
    if chunked {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if relay {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if !shared.allow_origins.is_empty() {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Onionskin-Relay"),
        );
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if preflight {
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_METHODS,
                    HeaderValue::from_static("GET, POST"),
                );
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_HEADERS,
                    HeaderValue::from_static("Content-Type"),
                );
                headers.insert(
                    header::ACCESS_CONTROL_MAX_AGE,
                    HeaderValue::from_static("600"),
                );
            }
        }
    }
    response
}

async fn onion(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    forwarded(&shared, peer, request)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn forwarded(
    shared: &Arc<Shared>,
    peer: Peer,
    request: Request,
) -> Result<Response, Refusal> {
    let mut admission = admit(shared, peer, request.headers())?;
    let guard = forward::guard(request.uri().query());
    let (head, body) = request.into_parts();
    // The body first: an answer before the body is read would be lost on the way to a browser that is still sending.
    let body = forward::read_body(&head.headers, body, shared.body_timeout, &mut admission).await?;
    let guard = guard.ok_or(Refusal::UnknownGuard)?;
    let node = forward::address(&shared.nodes, &guard)?;
    let place = shared.places.take(&guard).ok_or(Refusal::Busy)?;
    let (status, bytes) = forward::forward(&shared.client, node, body, &mut admission).await?;
    drop(place);
    Ok(forward::answer(status, bytes, admission))
}

async fn nodes(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let _admission = match admit(&shared, peer, &headers) {
        Ok(admission) => admission,
        Err(refusal) => return refusal.into_response(),
    };
    match shared.nodes.json() {
        Some(list) => json_response(list),
        None => Refusal::Busy.into_response(),
    }
}

/// Erases what the browser keeps for this origin. Only for the app's own page: any other site could erase an account.
async fn clear(headers: HeaderMap) -> Response {
    let site = headers.get(HeaderName::from_static("sec-fetch-site"));
    if site.is_none_or(|site| site != "same-origin") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let name = HeaderName::from_static("clear-site-data");
    (
        StatusCode::OK,
        [(name, HeaderValue::from_static("\"storage\""))],
    )
        .into_response()
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let (nodes, age_ms) = shared
        .nodes
        .state()
        .map_or((0, None), |(nodes, age)| (nodes, Some(age)));
    json_response(json!({ "ok": nodes > 0, "nodes": nodes, "list_age_ms": age_ms }).to_string())
}

async fn deployment(State(shared): State<Arc<Shared>>) -> Response {
    let mut response = json_response(shared.deployment.clone());
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn file(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    shared.files.answer(uri.path(), &headers)
}

fn admit(shared: &Shared, peer: Peer, headers: &HeaderMap) -> Result<Admission, Refusal> {
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .filter(|_| shared.behind_proxy)
        .and_then(|list| list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    shared
        .limits
        .admit(forwarded.unwrap_or(peer.0), Instant::now())
        .ok_or(Refusal::Rate)
}

fn json_response(body: impl Into<Body>) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        body.into(),
    )
        .into_response()
}
