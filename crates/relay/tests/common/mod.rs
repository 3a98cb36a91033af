//! A stub service node with a self-signed certificate, and a relay in front of it.
#![allow(clippy::unwrap_used, dead_code)]

pub mod raw;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_relay::{Config, Network, Relay, tls};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a stub does with a request.
#[derive(Clone, Copy)]
pub enum Manner {
    /// Answers 200 with the body it got.
    Echo,
    /// Answers this status, this body and headers that must not come through.
    Say(u16, &'static [u8]),
    /// Answers after so many ms.
    Late(u64),
    /// Sends the relay elsewhere.
    Redirect,
    /// Answers so many bytes.
    Long(usize),
}

#[derive(Clone)]
struct Stub {
    manner: Manner,
    seen: Arc<Mutex<Vec<(String, Bytes)>>>,
}

pub struct StubNode {
    pub secret: Ed25519SecretKey,
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<(String, Bytes)>>>,
}

/// A self-signed certificate, as every node has one.
pub fn certificate() -> rustls::ServerConfig {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(certificate.signing_key.serialize_der())
        .unwrap();
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap()
}

impl StubNode {
    pub async fn start(seed: u8, manner: Manner) -> Self {
        let config = certificate();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback(answer).with_state(Stub {
            manner,
            seen: seen.clone(),
        });
        let router = router.layer(axum::extract::DefaultBodyLimit::disable());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let config = axum_server::tls_rustls::RustlsConfig::from_config(Arc::new(config));
        let server = axum_server::from_tcp_rustls(listener, config).unwrap();
        tokio::spawn(server.serve(router.into_make_service()));
        Self {
            secret: Ed25519SecretKey::from_seed(&[seed; 32]),
            address,
            seen,
        }
    }

    /// Target and body of every request so far.
    pub fn seen(&self) -> Vec<(String, Bytes)> {
        self.seen.lock().unwrap().clone()
    }

    pub fn record(&self) -> Value {
        record(&self.secret, self.address.port())
    }

    pub fn hex(&self) -> String {
        self.secret.public().to_hex()
    }
}

async fn answer(State(stub): State<Stub>, uri: axum::http::Uri, body: Bytes) -> Response {
    stub.seen
        .lock()
        .unwrap()
        .push((uri.to_string(), body.clone()));
    match stub.manner {
        Manner::Echo => body.into_response(),
        Manner::Say(status, text) => {
            let status = axum::http::StatusCode::from_u16(status).unwrap();
            let headers = [
                ("onionskin-relay", "unknown-guard"),
                ("x-node", "1"),
                ("set-cookie", "a=b"),
            ];
            (status, headers, text).into_response()
        }
        Manner::Late(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            body.into_response()
        }
        Manner::Redirect => axum::response::Redirect::temporary("/elsewhere").into_response(),
        Manner::Long(bytes) => vec![b'x'; bytes].into_response(),
    }
}

pub fn record(secret: &Ed25519SecretKey, port: u16) -> Value {
    json!({
        "public_ip": "127.0.0.1",
        "storage_port": port,
        "pubkey_ed25519": secret.public().to_hex(),
        "pubkey_x25519": secret.to_x25519().public().to_hex(),
        "requested_unlock_height": 0,
    })
}

/// A list of these records, filled up to the pool minimum with nodes that nobody listens for.
pub fn list(mut records: Vec<Value>) -> Value {
    for seed in 200..206 {
        records.push(record(&Ed25519SecretKey::from_seed(&[seed; 32]), 9));
    }
    Value::Array(records)
}

/// A folder of its own below the system's temporary one, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "onionskin-relay-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A local relay on a free port; `change` adapts its settings.
pub async fn relay(records: Vec<Value>, change: impl FnOnce(&mut Config)) -> Relay {
    let folder = Folder::new();
    let nodes = folder.write("nodes.json", list(records).to_string());
    let mut config = Config::defaults();
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.network = Network::Local;
    config.nodes = Some(nodes);
    change(&mut config);
    Relay::start(config).await.unwrap()
}

pub fn browser() -> reqwest::Client {
    tls::client(tls::Trust::Anyone, Duration::from_secs(60)).unwrap()
}

pub fn url(relay: &Relay, path: &str) -> String {
    format!("http://{}{path}", relay.address())
}

pub async fn send(relay: &Relay, guard: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
    let url = url(relay, &format!("/relay/onion?guard={guard}"));
    browser()
        .post(url)
        .header("content-type", "text/plain")
        .body(body)
        .send()
        .await
        .unwrap()
}

/// Status and reason of the relay's own failure.
pub fn refusal(reply: &reqwest::Response) -> (u16, Option<&str>) {
    (
        reply.status().as_u16(),
        reply
            .headers()
            .get("onionskin-relay")
            .map(|value| value.to_str().unwrap()),
    )
}
