//! The control port (plain HTTP, loopback only): the seed's `/json_rpc` and the switches of the network; and the port of the
//! file server.

use crate::file_server::{FileServer, LSRPC};
use crate::network::{Fault, Network, Weather};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use onionskin_protocol::encoding;
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::id::{AccountId, Namespace, SwarmId};
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::onion::v4;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Request bodies at most, bytes: a large message or file in base64 fits.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What the control interface works on.
#[derive(Clone)]
pub struct Controlled {
    /// The nodes.
    pub network: Network,
    /// The file server.
    pub files: Arc<FileServer>,
}

/// A refusal: 400 and `{"error":…}`.
struct Refusal(String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (
            StatusCode::BAD_REQUEST,
            axum::Json(json!({ "error": self.0 })),
        )
            .into_response()
    }
}

type Answer = Result<axum::Json<Value>, Refusal>;

fn refuse<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(text.into()))
}

fn done() -> Answer {
    Ok(axum::Json(json!({ "ok": true })))
}

/// Routes of the control port.
pub fn routes(controlled: Controlled) -> Router {
    let control = Router::new()
        .route("/nodes", get(nodes))
        .route("/fault", post(fault))
        .route("/skew", post(skew))
        .route("/partition", post(partition))
        .route("/weather", post(weather))
        .route("/move", post(move_node))
        .route("/message", post(message))
        .route("/messages", get(messages).post(many))
        .route("/name", post(name))
        .route("/file_server", post(file_server))
        .route("/time", get(time).post(advance))
        .layer(from_fn(no_web_pages));
    Router::new()
        .route("/json_rpc", post(json_rpc))
        .nest("/control", control)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(controlled)
}

/// Routes of the file server: requests over onion, and the same requests in clear.
pub fn file_routes(controlled: Controlled) -> Router {
    Router::new()
        .route(LSRPC, post(lsrpc))
        .fallback(plain_file_request)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(controlled)
}

/// Browsers name the page a request comes from; pages have no business here.
async fn no_web_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return (StatusCode::FORBIDDEN, "not for web pages").into_response();
    }
    next.run(request).await
}

fn parse<T: for<'de> Deserialize<'de>>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal(error.to_string()))
}

/// Numbers of the nodes that an index, a key in hex or `"all"` names.
fn which(network: &Network, node: &Value) -> Result<Vec<usize>, Refusal> {
    let count = network.list().len();
    match node {
        Value::String(text) if text == "all" => Ok((0..count).collect()),
        Value::String(text) => {
            match Ed25519PublicKey::from_hex(text).and_then(|key| network.find(&key)) {
                Some(index) => Ok(vec![index]),
                None => refuse("there is no such node"),
            }
        }
        other => match other.as_u64().and_then(|index| usize::try_from(index).ok()) {
            Some(index) if index < count => Ok(vec![index]),
            _ => refuse("there is no such node"),
        },
    }
}

fn account(text: &str) -> Result<SwarmId, Refusal> {
    SwarmId::from_hex(text).map_or_else(|| refuse("an account has 66 hex digits"), Ok)
}

async fn nodes(State(controlled): State<Controlled>) -> Answer {
    Ok(axum::Json(json!(controlled.network.nodes())))
}

#[derive(Deserialize)]
struct FaultOrder {
    node: Value,
    fault: String,
    #[serde(default)]
    ms: u64,
}

async fn fault(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: FaultOrder = parse(&body)?;
    let fault = match order.fault.as_str() {
        "stop" => Fault::Stop,
        "start" => Fault::Start,
        "hang" => Fault::Hang,
        "slow" => Fault::Slow(order.ms),
        "corrupt" => Fault::Corrupt,
        "drop_stores" => Fault::DropStores,
        "refuse_stores" => Fault::RefuseStores,
        "refuse_deletes" => Fault::RefuseDeletes,
        "fake_deletes" => Fault::FakeDeletes,
        "lie" => Fault::Lie,
        "not_ready" => Fault::NotReady,
        "forge" => Fault::Forge,
        "replay" => Fault::Replay,
        _ => return refuse("unknown fault"),
    };
    for index in which(&controlled.network, &order.node)? {
        controlled.network.fault(index, fault);
    }
    done()
}

#[derive(Deserialize)]
struct SkewOrder {
    node: Value,
    ms: i64,
}

async fn skew(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: SkewOrder = parse(&body)?;
    for index in which(&controlled.network, &order.node)? {
        controlled.network.skew(index, order.ms);
    }
    done()
}

#[derive(Deserialize)]
struct PartitionOrder {
    groups: Vec<Vec<usize>>,
}

async fn partition(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: PartitionOrder = parse(&body)?;
    controlled.network.partition(&order.groups);
    done()
}

#[derive(Deserialize)]
struct WeatherOrder {
    #[serde(default)]
    loss_permille: u16,
    #[serde(default)]
    min_ms: u64,
    #[serde(default)]
    max_ms: u64,
}

async fn weather(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let WeatherOrder {
        loss_permille,
        min_ms,
        max_ms,
    } = parse(&body)?;
    controlled.network.weather(Weather {
        loss_permille,
        min_ms,
        max_ms,
    });
    done()
}

#[derive(Deserialize)]
struct MoveOrder {
    node: Value,
    swarm: Value,
}

async fn move_node(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: MoveOrder = parse(&body)?;
    let swarms = controlled.network.swarms();
    let swarm = match &order.swarm {
        Value::String(hex) => u64::from_str_radix(hex, 16).ok(),
        other => other
            .as_u64()
            .and_then(|index| swarms.get(usize::try_from(index).ok()?).copied()),
    };
    let Some(swarm) = swarm else {
        return refuse("a swarm is an id in hex or a position in the sorted list of swarms");
    };
    for index in which(&controlled.network, &order.node)? {
        controlled
            .network
            .move_node(index, swarm)
            .map_err(|error| Refusal(error.to_string()))?;
    }
    done()
}

#[derive(Deserialize)]
struct MessageOrder {
    account: String,
    data: String,
    #[serde(default)]
    namespace: i16,
}

async fn message(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: MessageOrder = parse(&body)?;
    let Some(data) = encoding::from_base64(&order.data) else {
        return refuse("data is base64");
    };
    match controlled
        .network
        .inject(&account(&order.account)?, Namespace(order.namespace), &data)
    {
        Some(hash) => Ok(axum::Json(json!({ "hash": hash }))),
        None => refuse("no member of the swarm took it"),
    }
}

#[derive(Deserialize)]
struct MessagesOrder {
    account: String,
    data: Vec<String>,
    #[serde(default)]
    namespace: i16,
}

async fn many(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: MessagesOrder = parse(&body)?;
    let account = account(&order.account)?;
    let decoded: Option<Vec<Vec<u8>>> = order
        .data
        .iter()
        .map(|data| encoding::from_base64(data))
        .collect();
    let Some(decoded) = decoded else {
        return refuse("data is a list of base64");
    };
    let namespace = Namespace(order.namespace);
    let taken = decoded
        .iter()
        .filter_map(|data| controlled.network.inject(&account, namespace, data))
        .count();
    Ok(axum::Json(json!({ "stored": taken })))
}

async fn messages(
    State(controlled): State<Controlled>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let account = account(query.get("account").map_or("", String::as_str))?;
    let held: Vec<Value> = controlled
        .network
        .messages(&account)
        .into_iter()
        .map(|(node, messages)| json!({ "node": node, "messages": messages }))
        .collect();
    Ok(axum::Json(json!(held)))
}

#[derive(Deserialize)]
struct NameOrder {
    name: String,
    account: String,
}

async fn name(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: NameOrder = parse(&body)?;
    let account: AccountId = order
        .account
        .parse()
        .map_err(|error| Refusal(format!("{error}")))?;
    controlled.network.register_name(&order.name, &account);
    done()
}

#[derive(Deserialize)]
struct FileServerOrder {
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    version: Option<String>,
}

async fn file_server(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: FileServerOrder = parse(&body)?;
    controlled.files.fail_with(order.status);
    if let Some(version) = order.version {
        controlled.files.set_version(&version);
    }
    done()
}

#[derive(Deserialize)]
struct TimeOrder {
    ms: u64,
}

async fn advance(State(controlled): State<Controlled>, body: Bytes) -> Answer {
    let order: TimeOrder = parse(&body)?;
    controlled.network.advance(order.ms);
    time(State(controlled)).await
}

async fn time(State(controlled): State<Controlled>) -> Answer {
    Ok(axum::Json(
        json!({ "now": controlled.network.now().as_millis() }),
    ))
}

/// The seed (10-network 1.2).
async fn json_rpc(State(controlled): State<Controlled>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return seed_error(&Value::Null, -32700, "Parse error");
    };
    let id = request.get("id").cloned().unwrap_or(Value::Null);
    let params = request.get("params").cloned().unwrap_or(Value::Null);
    let result = match request.get("method").and_then(Value::as_str) {
        Some("get_n_service_nodes" | "get_service_nodes") => {
            controlled.network.seed_answer(&params)
        }
        Some("active_nodes_bin") => encoding::base64(&controlled.network.binary_list()).into(),
        _ => return seed_error(&id, -32601, "Method not found"),
    };
    axum::Json(json!({ "id": id, "jsonrpc": "2.0", "result": result })).into_response()
}

fn seed_error(id: &Value, code: i32, message: &str) -> Response {
    let error = json!({ "code": code, "message": message });
    axum::Json(json!({ "error": error, "id": id, "jsonrpc": "2.0" })).into_response()
}

async fn lsrpc(State(controlled): State<Controlled>, body: Bytes) -> Response {
    let mut entropy = controlled.network.entropy();
    let entropy: &mut dyn Entropy = &mut entropy;
    let (status, answer) = controlled
        .files
        .lsrpc(controlled.network.now(), &body, entropy);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (
        status,
        [(header::CONTENT_TYPE, "application/octet-stream")],
        answer,
    )
        .into_response()
}

async fn plain_file_request(
    State(controlled): State<Controlled>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |value: &header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let request = v4::Request {
        method: method.as_str().to_owned(),
        endpoint: uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: Some(body.to_vec()),
    };
    let answer = controlled.files.answer(controlled.network.now(), &request);
    let status = StatusCode::from_u16(answer.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (
            header::HeaderName::try_from(name),
            header::HeaderValue::try_from(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
