//! What a relay can be told: the command line, and the same values for tests.

use crate::forward::{MAX_REPLY, MAX_REQUEST};
use crate::headers::check_origin;
use crate::limit::Allowance;
use clap::{Parser, ValueEnum};
use onionskin_protocol::keys::Ed25519PublicKey;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Which network the nodes belong to; decides the profile of 10-network Decisions 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Network {
    /// The Session network. Only public addresses are contacted.
    Mainnet,
    /// A local test network. Loopback and private addresses are contacted, seeds are not pinned.
    Local,
}

impl Network {
    /// The name in `/deployment.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Local => "local",
        }
    }

    /// A shorter list is not believed.
    pub const fn pool_minimum(self) -> usize {
        match self {
            Self::Mainnet => 12,
            Self::Local => 4,
        }
    }

    /// How long a good list is kept before the seeds are asked again.
    pub const fn refresh(self) -> Duration {
        match self {
            Self::Mainnet => Duration::from_secs(600),
            Self::Local => Duration::from_secs(10),
        }
    }
}

/// A node that browsers reach without a relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Direct {
    /// Ed25519 key, 64 hex digits.
    pub ed25519: String,
    /// `https://host[:port]`.
    pub origin: String,
}

impl Direct {
    fn parse(text: &str) -> Result<Self, String> {
        let (key, origin) = text.split_once('=').ok_or("not KEY=ORIGIN")?;
        let key = Ed25519PublicKey::from_hex(key).ok_or("the key is not 64 hex digits")?;
        check_origin(origin).map_err(|error| error.to_string())?;
        Ok(Self {
            ed25519: key.to_hex(),
            origin: origin.to_owned(),
        })
    }
}

/// Serves the app and forwards sealed onion requests. Keeps no log of who asked for what.
#[derive(Clone, Debug, Parser)]
#[command(name = "onionskin-relay", version)]
pub struct Config {
    /// Address to listen on. Put a TLS terminator in front of anything but loopback.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8470")]
    pub listen: SocketAddr,
    /// Folder with the built app. Without it the relay only forwards.
    #[arg(long, value_name = "DIR")]
    pub dist: Option<PathBuf>,
    /// Where to ask for the node list (JSON-RPC `get_n_service_nodes`); repeatable. A pin of the certificate may follow as
    /// `#sha256=HEX`. The default on mainnet are the three known seeds with their pins.
    #[arg(long = "seed", value_name = "URL")]
    pub seeds: Vec<String>,
    /// A file with a JSON array of nodes as in `service_node_states`, used until a seed answers.
    #[arg(long, value_name = "FILE")]
    pub nodes: Option<PathBuf>,
    /// The network.
    #[arg(long, value_enum, default_value = "mainnet")]
    pub network: Network,
    /// Another relay that the app may use, as an origin (`https://relay.example`); repeatable. Enters `connect-src`.
    #[arg(long = "extra-relay", value_name = "URL")]
    pub extra_relays: Vec<String>,
    /// A node that browsers reach without a relay, since it has an origin of its own with a valid certificate and CORS:
    /// `KEY=ORIGIN` with its Ed25519 key in hex; repeatable. Enters `/deployment.json` and `connect-src`.
    #[arg(long = "direct", value_name = "KEY=ORIGIN", value_parser = Direct::parse)]
    pub direct: Vec<Direct>,
    /// Another origin whose pages may use this relay (`https://app.example`); repeatable.
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    pub allow_origins: Vec<String>,
    /// Take the client's address from the last entry of `X-Forwarded-For`: only behind a proxy of your own that sets it.
    #[arg(long)]
    pub behind_proxy: bool,
    /// Requests per second that one client may make in the long run.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub rate: u32,
    /// Requests that one client may make at once before the rate counts.
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub burst: u32,
    /// Requests of one client under way at the same time.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub per_client: u32,
    /// Open connections of one client; not counted behind a proxy. An office or a school is one client.
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub per_client_connections: u32,
    /// Requests that wait for a node at the same time, all clients together.
    #[arg(long, value_name = "N", default_value_t = 2048)]
    pub concurrent: usize,
    /// Requests that wait for the same node: one that hangs must not use up the relay for others.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub per_guard: usize,
    /// MiB of requests and answers held at the same time, all clients together. One client gets an eighth of it, but at
    /// least room for the largest request and answer.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(32..=65_536))]
    pub memory_mb: u32,
    /// Milliseconds to wait for a node; not under 35 s where real nodes are asked (10-network 6.4).
    #[arg(long, value_name = "MS", default_value_t = 40_000)]
    pub timeout_ms: u64,
    /// Milliseconds in which a client must have sent its request body.
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub body_timeout_ms: u64,
    /// Milliseconds in which a client must have sent the headers of a request; an idle connection ends after as long.
    #[arg(long, value_name = "MS", default_value_t = 60_000)]
    pub header_timeout_ms: u64,
    /// Milliseconds in which a client that lets the relay wait must take the next 64 KiB of an answer, or all of a shorter one.
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub take_timeout_ms: u64,
}

impl Config {
    /// The defaults, as if no option had been given.
    pub fn defaults() -> Self {
        Self::parse_from(["onionskin-relay"])
    }

    /// What one client and all clients may ask and hold.
    pub fn allowance(&self) -> Allowance {
        let all_bytes = usize::try_from(self.memory_mb).unwrap_or(usize::MAX) << 20;
        Allowance {
            rate: self.rate,
            burst: self.burst,
            per_client: self.per_client,
            connections: self.per_client_connections,
            client_bytes: (all_bytes / 8).max(MAX_REQUEST + MAX_REPLY),
            all_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_node_is_a_key_and_an_origin() {
        let key = "1f000f09a7b07828dcb72af7cd16857050c10c02bd58afb0e38111fb6cda1fef";
        let good = format!("{key}=https://node.example:22021");
        assert_eq!(
            Direct::parse(&good),
            Ok(Direct {
                ed25519: key.to_owned(),
                origin: "https://node.example:22021".to_owned(),
            })
        );
        for bad in [
            key.to_owned(),
            format!("{key}=https://node.example/path"),
            format!("{key}=*"),
            "1f00=https://node.example".to_owned(),
        ] {
            assert!(Direct::parse(&bad).is_err(), "{bad}");
        }
    }
}
