//! Bytes as they are, on both sides of the relay: what no HTTP library would send.

use super::{StubNode, certificate, record};
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_relay::Relay;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// What a raw node writes once it has read the head of a request: `once`, then `again` for ever, `pause` apart.
#[derive(Clone)]
pub struct Script {
    pub once: &'static [u8],
    pub again: Vec<u8>,
    pub pause: Duration,
}

/// A TLS server that follows a script instead of HTTP.
pub struct RawNode {
    pub secret: Ed25519SecretKey,
    pub address: SocketAddr,
    written: Arc<AtomicUsize>,
}

impl RawNode {
    pub async fn start(seed: u8, script: Script) -> Self {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(certificate()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let written = Arc::new(AtomicUsize::new(0));
        let count = written.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, script, count) = (acceptor.clone(), script.clone(), count.clone());
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let _head = stream.read(&mut [0; 4096]).await?;
                    stream.write_all(script.once).await?;
                    stream.flush().await?;
                    loop {
                        tokio::time::sleep(script.pause).await;
                        stream.write_all(&script.again).await?;
                        stream.flush().await?;
                        count.fetch_add(script.again.len(), Ordering::Relaxed);
                        if script.again.is_empty() {
                            return std::io::Result::Ok(());
                        }
                    }
                });
            }
        });
        Self {
            secret: Ed25519SecretKey::from_seed(&[seed; 32]),
            address,
            written,
        }
    }

    pub fn record(&self) -> Value {
        record(&self.secret, self.address.port())
    }

    pub fn hex(&self) -> String {
        self.secret.public().to_hex()
    }

    /// Bytes of `again` that somebody took.
    pub fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }
}

/// A connection to the relay from this address of loopback.
pub async fn connect(relay: &Relay, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from: IpAddr = from.parse().unwrap();
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    socket.connect(relay.address()).await.unwrap()
}

/// Sends bytes and reads until the relay closes, which it must do within a minute.
pub async fn exchange(relay: &Relay, bytes: &[u8]) -> String {
    exchange_from(relay, "127.0.0.1", bytes).await
}

pub async fn exchange_from(relay: &Relay, from: &str, bytes: &[u8]) -> String {
    let (mut reader, mut writer) = connect(relay, from).await.into_split();
    let bytes = bytes.to_vec();
    // The relay may close before it has read everything.
    let writing = tokio::spawn(async move {
        let _ = writer.write_all(&bytes).await;
        writer
    });
    let mut answer = Vec::new();
    let ended = timeout(Duration::from_secs(60), reader.read_to_end(&mut answer)).await;
    drop(writing.await.unwrap());
    assert!(ended.is_ok(), "the relay keeps the connection open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request for this guard up to the blank line, with these further headers (each ended by CR LF).
pub fn head(guard: &str, headers: &str) -> Vec<u8> {
    format!("POST /relay/onion?guard={guard} HTTP/1.1\r\nhost: relay\r\n{headers}\r\n").into_bytes()
}

/// A body in chunks of 64 KiB.
pub fn chunked(bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + bytes / 1000 + 100);
    let body = vec![b'x'; bytes];
    for chunk in body.chunks(65_536) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

/// Status lines in what came back: one for each answer.
pub fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

/// What the node has been asked.
pub fn untouched(node: &StubNode) -> bool {
    node.seen().is_empty()
}
