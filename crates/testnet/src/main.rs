//! `onionskin-testnet`: starts a local Session network, says in one line of JSON where it is, and runs until it is told to end.

use clap::Parser;
use onionskin_testnet::shell::{Options, Outbound, StartError, Testnet};
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// After the options of `--help`.
const AFTER: &str = r#"When everything listens, one line of JSON goes to standard output:
  {"control":…,"file_server":{"ed25519":…,"url":…,"x25519":…},"nodes":12,"ready":true,"seed":…,"swarms":3}

The seed answers POST /json_rpc on the control port in plain HTTP: get_n_service_nodes, get_service_nodes. Nodes answer
HTTPS under self-signed certificates: POST /storage_rpc/v1, POST /onion_req/v2. Faults, clocks, partitions, weather and
messages are switched under /control (see the README). Everything listens on loopback only.

Ctrl-C or SIGTERM ends it. The same --rng-seed, --nodes and --swarms give the same keys and swarms.

  onionskin-testnet --base-port 22100 --control 127.0.0.1:1280
  curl -sk https://127.0.0.1:22100/storage_rpc/v1 -d '{"method":"info","params":{}}'"#;

/// A local Session network for development and tests: service nodes in swarms, a seed, a file server, faults on demand.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
struct Arguments {
    /// Number of service nodes, up to 2000.
    #[arg(long, value_name = "N", default_value_t = 12)]
    nodes: usize,
    /// Number of swarms; nodes join them in turn.
    #[arg(long, value_name = "N", default_value_t = 3)]
    swarms: usize,
    /// Port of the first node; the others follow. 0 or absent: free ports.
    #[arg(long, value_name = "PORT")]
    base_port: Option<u16>,
    /// All nodes at one port, under /node/<Ed25519 key>/.
    #[arg(long)]
    one_port: bool,
    /// Address of the seed and the control port, loopback only. Port 0 is a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Folder for the message databases; without it messages are in memory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Keys and chance follow from this number.
    #[arg(long, value_name = "N", default_value_t = 1)]
    rng_seed: u64,
    /// Which servers the last node of a path may post to.
    #[arg(long, value_enum, default_value_t = Outbound::Loopback)]
    outbound: Outbound,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onionskin-testnet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), StartError> {
    let Arguments {
        nodes,
        swarms,
        base_port,
        one_port,
        control,
        data,
        rng_seed,
        outbound,
    } = arguments;
    let options = Options {
        nodes,
        swarms,
        base_port,
        one_port,
        control,
        data,
        rng_seed,
        outbound,
        ..Options::default()
    };
    let testnet = Testnet::start(options).await?;
    let files = testnet.file_server();
    let ready = json!({
        "ready": true,
        "seed": testnet.seed_url(),
        "control": testnet.control_url(),
        "file_server": {
            "url": files.url,
            "x25519": files.x25519.to_hex(),
            "ed25519": files.ed25519.to_hex(),
        },
        "nodes": nodes,
        "swarms": swarms,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ready}")
        .and_then(|()| out.flush())
        .map_err(|error| StartError::Io("stdout".to_owned(), error))?;
    drop(out);
    wait_for_the_end().await;
    testnet.shutdown().await;
    Ok(())
}

/// Returns at Ctrl-C or SIGTERM.
async fn wait_for_the_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler for SIGTERM, its default ends the process as well.
    let _ = tokio::signal::ctrl_c().await;
}
