//! Where the node list comes from: seeds asked on a schedule, all at once, the first good answer wins (10-network 1.2).

use crate::config::Network;
use crate::nodes::{ListError, NodeList, Nodes, now_ms};
use crate::tls::{self, ClientError, Trust};
use std::sync::Arc;
use std::time::Duration;

/// The three seeds of the main network with the SHA-256 of their certificates (10-network 1.2).
pub const MAINNET: [&str; 3] = [
    "https://seed1.getsession.org:4443/json_rpc#sha256=36ea0b253537988551ee856e4fd20d55011e9c8b27eaa2f34b8f32a0bdf04f2d",
    "https://seed2.getsession.org:4443/json_rpc#sha256=c5908dd4139acd96aedd1e45576597650809c8a5ea02af556d4853d45396e0e7",
    "https://seed3.getsession.org:4443/json_rpc#sha256=8a0af2c712342f22ce00e53c1601410ef8d84156aee0a9809c32f6f7efbe556e",
];

/// A list of 20,000 nodes stays under this.
const MAX_LIST: usize = 16 << 20;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a seed is not usable, or did not help.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Not a URL of the expected form.
    #[error("{0:?} is not a seed: https://host:port/json_rpc#sha256=HEX, or http://…")]
    Url(String),
    /// An https seed of the main network without a pin.
    #[error("{0:?} has no pin: seeds present self-signed certificates, add #sha256=HEX")]
    Unpinned(String),
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The request failed.
    #[error("the seed cannot be asked: {0}")]
    Http(#[from] reqwest::Error),
    /// Another status than 200.
    #[error("the seed answered {0}")]
    Status(u16),
    /// The answer has no end.
    #[error("the seed's answer is too long")]
    TooLong,
    /// Not a good list.
    #[error(transparent)]
    List(#[from] ListError),
}

/// One seed with its own trust.
#[derive(Clone, Debug)]
pub struct Seed {
    url: String,
    client: reqwest::Client,
}

impl Seed {
    /// Reads `URL[#sha256=HEX]`; colons inside the pin are fine, and a known seed needs none.
    pub fn new(text: &str, network: Network) -> Result<Self, SeedError> {
        let known = |seed: &&&str| seed.split_once('#').is_some_and(|(url, _)| url == text);
        let text = MAINNET.iter().find(known).copied().unwrap_or(text);
        let (url, pin) = match text.split_once('#') {
            Some((url, fragment)) => {
                let digits = fragment
                    .strip_prefix("sha256=")
                    .map(|hex| hex.replace(':', ""));
                let mut pin = [0; 32];
                digits
                    .filter(|digits| hex::decode_to_slice(digits, &mut pin).is_ok())
                    .ok_or_else(|| SeedError::Url(text.into()))?;
                (url, Some(pin))
            }
            None => (text, None),
        };
        let https = url.starts_with("https://");
        if !https && !url.starts_with("http://") || reqwest::Url::parse(url).is_err() {
            return Err(SeedError::Url(text.into()));
        }
        let trust = match (pin, network) {
            (Some(pin), _) => Trust::Pinned(pin),
            (None, Network::Mainnet) if https => return Err(SeedError::Unpinned(text.into())),
            (None, _) => Trust::Anyone,
        };
        Ok(Self {
            url: url.into(),
            client: tls::client(trust, TIMEOUT)?,
        })
    }

    /// Asks once.
    pub async fn ask(&self, network: Network) -> Result<NodeList, SeedError> {
        let request = r#"{"jsonrpc":"2.0","id":0,"method":"get_n_service_nodes","params":{"active_only":true,"fields":{"public_ip":true,"storage_port":true,"pubkey_x25519":true,"pubkey_ed25519":true,"requested_unlock_height":true,"height":true,"swarm_id":true,"storage_server_version":true}}}"#;
        let mut reply = self
            .client
            .post(&self.url)
            .header("User-Agent", "WhatsApp")
            .header("Accept-Language", "en-us")
            .header("Content-Type", "application/json")
            .body(request)
            .send()
            .await?;
        if reply.status() != 200 {
            return Err(SeedError::Status(reply.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await? {
            if body.len() + chunk.len() > MAX_LIST {
                return Err(SeedError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(NodeList::read(&self.url, now_ms(), &body, network)?)
    }
}

/// Asks all seeds at once and takes the first good list. The error is that of the seed that failed last.
pub async fn race(seeds: &[Seed], network: Network) -> Result<NodeList, Option<SeedError>> {
    let mut running = tokio::task::JoinSet::new();
    for seed in seeds {
        let seed = seed.clone();
        running.spawn(async move { seed.ask(network).await });
    }
    let mut last = None;
    while let Some(result) = running.join_next().await {
        match result {
            Ok(Ok(list)) => return Ok(list),
            Ok(Err(error)) => last = Some(error),
            Err(_) => {}
        }
    }
    Err(last)
}

/// Keeps the list fresh for ever; the last good list stays while nobody answers.
pub async fn keep_fresh(seeds: Vec<Seed>, network: Network, nodes: Arc<Nodes>) {
    let mut wait = Duration::ZERO;
    let mut failures = 0u32;
    loop {
        tokio::time::sleep(wait).await;
        match race(&seeds, network).await {
            Ok(list) => {
                nodes.replace(list);
                failures = 0;
                wait = network.refresh();
            }
            Err(error) => {
                // Said once per outage, and never with anything about a client.
                if let (0, Some(error)) = (failures, error) {
                    eprintln!("node list: {error}; the last good one stays");
                }
                wait = Duration::from_secs(1 << failures.min(6)).min(network.refresh());
                failures = failures.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_built_in_seeds_are_well_formed() {
        for seed in MAINNET {
            Seed::new(seed, Network::Mainnet).unwrap();
        }
        assert!(
            Seed::new(
                "https://seed1.getsession.org:4443/json_rpc",
                Network::Mainnet
            )
            .is_ok(),
            "its pin is known"
        );
    }

    #[test]
    fn a_seed_needs_a_scheme_and_on_the_main_network_a_pin() {
        assert!(matches!(
            Seed::new("ftp://x/", Network::Local),
            Err(SeedError::Url(_))
        ));
        assert!(matches!(
            Seed::new("https://x/json_rpc#sha256=12", Network::Local),
            Err(SeedError::Url(_))
        ));
        assert!(matches!(
            Seed::new("https://x/json_rpc", Network::Mainnet),
            Err(SeedError::Unpinned(_))
        ));
        assert!(Seed::new("https://x/json_rpc", Network::Local).is_ok());
        assert!(Seed::new("http://x/json_rpc", Network::Mainnet).is_ok());
    }
}
