//! 2,000 browsers at one relay: `load [--browsers N] [--seconds S]` prints figures as JSON (`cargo xtask bench`).
//!
//! Each browser has an address of its own in 127.0.0.0/8, keeps its connection and sends a frame of the size of a poll every
//! 5 s by `POST /relay/onion?guard=`. The guards are TLS servers that answer after 100 to 400 ms, but one of them hangs and
//! one drips. The relay runs in a process of its own, with its defaults, so that its memory is its own.
//!
//! A poll through a good guard that is refused makes the run fail.

use clap::Parser;
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_relay::{Config, Relay};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// A browser polls its swarm so often while it is visible (10-network Decisions 4).
const INTERVAL: Duration = Duration::from_secs(5);
/// Guards, of which the first hangs and the second drips.
const GUARDS: u8 = 24;
/// A poll of five namespaces through three hops has about this size, and an answer without news.
const FRAME: usize = 3_000;
const ANSWER: usize = 1_200;

#[derive(Parser)]
struct Arguments {
    /// Browsers.
    #[arg(long, default_value_t = 2_000)]
    browsers: u32,
    /// Seconds that are measured, after one interval in which the browsers arrive.
    #[arg(long, default_value_t = 45)]
    seconds: u64,
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // Started again by itself with the arguments of a relay.
    if std::env::args().nth(1).as_deref() == Some("relay") {
        let relay = Relay::start(Config::parse_from(std::env::args().skip(1))).await?;
        println!("{}", relay.address());
        relay.run().await;
        return Ok(());
    }
    let arguments = Arguments::parse();
    rlimit::increase_nofile_limit(u64::from(arguments.browsers) * 2 + 4_096)?;
    let guards = start_guards().await?;
    let list = std::env::temp_dir().join(format!("onionskin-load-{}.json", std::process::id()));
    std::fs::write(&list, nodes(&guards).to_string())?;
    let (mut relay, address) = start_relay(&list)?;
    let measured = measure(&arguments, address, &guards, relay.id()).await;
    relay.kill()?;
    relay.wait()?;
    std::fs::remove_file(&list)?;
    println!("{:#}", measured?);
    Ok(())
}

fn start_relay(list: &std::path::Path) -> Result<(Child, SocketAddr), Failure> {
    let mut relay = Command::new(std::env::current_exe()?)
        .args([
            "relay",
            "--listen",
            "127.0.0.1:0",
            "--network",
            "local",
            "--nodes",
        ])
        .arg(list)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = relay.stdout.take().ok_or("the relay has an output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok((relay, line.trim().parse()?))
}

/// A guard: its key and where it listens.
struct Guard {
    key: Ed25519SecretKey,
    port: u16,
    good: bool,
}

fn nodes(guards: &[Guard]) -> Value {
    let record = |guard: &Guard| {
        json!({
            "public_ip": "127.0.0.1",
            "storage_port": guard.port,
            "pubkey_ed25519": guard.key.public().to_hex(),
            "pubkey_x25519": guard.key.to_x25519().public().to_hex(),
        })
    };
    guards.iter().map(record).collect()
}

/// What a guard does once it has read a request.
#[derive(Clone, Copy)]
enum Manner {
    Answers,
    Hangs,
    Drips,
}

async fn start_guards() -> Result<Vec<Guard>, Failure> {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(certificate.signing_key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut guards = Vec::new();
    for number in 0..GUARDS {
        let manner = match number {
            0 => Manner::Hangs,
            1 => Manner::Drips,
            _ => Manner::Answers,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        guards.push(Guard {
            key: Ed25519SecretKey::from_seed(&[number + 1; 32]),
            port: listener.local_addr()?.port(),
            good: matches!(manner, Manner::Answers),
        });
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                // The relay ends connections as it likes.
                tokio::spawn(async move { guard(acceptor.accept(stream).await?, manner).await });
            }
        });
    }
    Ok(guards)
}

async fn guard(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    manner: Manner,
) -> Result<(), Failure> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {ANSWER}\r\n\r\n");
    let mut turn = 0;
    loop {
        read_message(&mut stream).await?;
        turn += 1;
        match manner {
            Manner::Hangs => sleep(Duration::from_secs(3_600)).await,
            Manner::Drips => {
                stream.write_all(head.as_bytes()).await?;
                for _ in 0..ANSWER {
                    stream.write_all(b"x").await?;
                    stream.flush().await?;
                    sleep(Duration::from_millis(500)).await;
                }
            }
            Manner::Answers => {
                // Evenly spread over 100 to 400 ms, and the same in every run.
                sleep(Duration::from_millis(100 + turn * 77 % 301)).await;
                let answer = [head.as_bytes(), &[b'x'; ANSWER]].concat();
                stream.write_all(&answer).await?;
                stream.flush().await?;
            }
        }
    }
}

/// Reads one HTTP message with `Content-Length`; gives its first line.
async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err("the connection ended".into());
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&bytes[..end])?;
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .ok_or("a message without a length")?;
        let length: usize = length.1.trim().parse()?;
        let first = head.lines().next().unwrap_or_default().to_owned();
        let mut missing = (end + 4 + length).saturating_sub(bytes.len());
        while missing > 0 {
            let mut rest = vec![0; missing.min(65_536)];
            missing -= stream.read_exact(&mut rest).await?;
        }
        return Ok(first);
    }
}

/// What the browsers saw while it counted.
#[derive(Default)]
struct Seen {
    latencies_ms: Vec<f64>,
    refused: u64,
    through_bad_guards: u64,
}

async fn measure(
    arguments: &Arguments,
    relay: SocketAddr,
    guards: &[Guard],
    process: u32,
) -> Result<Value, Failure> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let start = Instant::now() + INTERVAL * 2;
    let end = start + Duration::from_secs(arguments.seconds);
    let mut browsers = tokio::task::JoinSet::new();
    for number in 0..arguments.browsers {
        let guard = &guards[number as usize % guards.len()];
        let browser = Browser {
            relay,
            from: Ipv4Addr::from_bits(0x7f01_0000 + number),
            request: request(&guard.key.public().to_hex()),
            good: guard.good,
        };
        let delay = INTERVAL * number / arguments.browsers;
        browsers.spawn(browser.live(delay, start..end, seen.clone()));
    }
    tokio::time::sleep_until(end.into()).await;
    let memory = memory_mb(process)?;
    while browsers.join_next().await.is_some() {}
    let mut seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    seen.latencies_ms.sort_by(f64::total_cmp);
    eprintln!(
        "{} answers, {} polls of guards that hang or drip came to nothing",
        seen.latencies_ms.len(),
        seen.through_bad_guards
    );
    if seen.refused > 0 || seen.latencies_ms.is_empty() {
        return Err(format!("{} polls through good guards were refused", seen.refused).into());
    }
    let at = |part: usize| seen.latencies_ms[(seen.latencies_ms.len() - 1) * part / 100];
    let per_second = seen.latencies_ms.len() as f64 / arguments.seconds as f64;
    let figure = |name: &str, value: f64, unit: &str| json!({ "name": format!("relay/{name}"), "value": value, "unit": unit });
    Ok(json!([
        figure("browsers", f64::from(arguments.browsers), "browsers"),
        figure("answers_per_s", per_second, "1/s"),
        figure("latency_p50_ms", at(50), "ms"),
        figure("latency_p95_ms", at(95), "ms"),
        figure("memory_mb", memory, "MB"),
    ]))
}

fn request(guard: &str) -> Arc<[u8]> {
    let head = format!(
        "POST /relay/onion?guard={guard} HTTP/1.1\r\nhost: relay\r\ncontent-type: text/plain\r\ncontent-length: {FRAME}\r\n\r\n"
    );
    [head.as_bytes(), &[b'x'; FRAME]].concat().into()
}

struct Browser {
    relay: SocketAddr,
    from: Ipv4Addr,
    request: Arc<[u8]>,
    good: bool,
}

impl Browser {
    /// Polls until the end; a poll counts when it was sent in `counted`.
    async fn live(
        self,
        delay: Duration,
        counted: std::ops::Range<Instant>,
        seen: Arc<Mutex<Seen>>,
    ) {
        sleep(delay).await;
        let mut connection = None;
        loop {
            let sent = Instant::now();
            if sent >= counted.end {
                return;
            }
            let answer = self.poll(&mut connection).await;
            if counted.contains(&sent) {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                match answer {
                    Ok(true) => seen
                        .latencies_ms
                        .push(sent.elapsed().as_secs_f64() * 1_000.0),
                    _ if !self.good => seen.through_bad_guards += 1,
                    _ => seen.refused += 1,
                }
            }
            sleep(INTERVAL.saturating_sub(sent.elapsed())).await;
        }
    }

    /// Whether the node answered.
    async fn poll(&self, connection: &mut Option<TcpStream>) -> Result<bool, Failure> {
        let mut stream = match connection.take() {
            Some(stream) => stream,
            None => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddrV4::new(self.from, 0).into())?;
                socket.connect(self.relay).await?
            }
        };
        stream.write_all(&self.request).await?;
        let status = read_message(&mut stream).await?;
        *connection = Some(stream);
        Ok(status.starts_with("HTTP/1.1 200"))
    }
}

/// The most memory that the process has had, in MB (10^6 bytes).
fn memory_mb(process: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("the system does not tell the memory")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}
