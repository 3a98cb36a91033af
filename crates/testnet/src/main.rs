//! `onionskin-testnet`: starts a local Session network, says in one line of JSON where it is, and runs until it is told to end.

use clap::Parser;
use onionskin_testnet::shell::{Options, Outbound, StartError, Testnet};
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// A local Session network for development and tests.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Number of service nodes.
    #[arg(long, default_value_t = 12)]
    nodes: usize,
    /// Number of swarms.
    #[arg(long, default_value_t = 3)]
    swarms: usize,
    /// Port of the first node; the others follow. 0 or absent: free ports.
    #[arg(long)]
    base_port: Option<u16>,
    /// All nodes at one port, under /node/<Ed25519 key>/.
    #[arg(long)]
    one_port: bool,
    /// Address of the control port, loopback only.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Folder for the message databases; without it messages are in memory.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Keys and chance follow from this number.
    #[arg(long, default_value_t = 1)]
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
