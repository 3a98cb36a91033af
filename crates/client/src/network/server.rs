//! Requests to a server behind the last hop of a path: the file server (10-network 4.5, 8).
//!
//! What fails with a server says little about the path, and what comes back in clear can have been written by any hop. So
//! such a failure costs a path a strike only when another path did better.

use super::exchange::{Busy, Failed};
use super::failure::{Trouble, Verdict};
use super::path::Path;
use super::traffic::Errand;
use super::{Network, backoff};
use crate::api::{DestinationKind, ErrorCode, Traffic};
use crate::ports::{Clock, Ports, TransportError};
use onionskin_protocol::keys::{Ed25519PublicKey, X25519PublicKey};
use onionskin_protocol::onion::v4::{Request, Response};
use onionskin_protocol::onion::{self, Cipher, Destination, ResponseError};

/// The path that takes onion requests.
const LSRPC: &str = "/oxen/v4/lsrpc";
/// Different paths that one request may try.
const ATTEMPTS: usize = 3;
/// Patience for an answer (ms), beside the time that its bytes take.
const PATIENCE: u64 = 30_000;
/// The slowest way that is waited for: so many bytes in a second.
const SLOWEST: usize = 100_000;
/// Wait (ms) before the next path when somebody wants us to slow down.
const SLOW_DOWN: u64 = 1_000;
const ERRAND: Errand = Errand {
    traffic: Traffic::Files,
    destination: DestinationKind::Server,
};

/// Where a server is, and the key of what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) https: bool,
    pub(crate) port: u16,
    pub(crate) key: X25519PublicKey,
}

/// Why a server gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("no working path through three nodes")]
    NoPath,
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// So say the last hops, or no answer came.
    #[error("the server does not answer: {0}")]
    Silent(String),
    /// It could not open the request, or we not its answer: perhaps its key is another one.
    #[error("the server has another key")]
    Key,
    #[error("the request or its answer is too large")]
    TooLarge,
}

impl ServerError {
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::NoPath => ErrorCode::NetPath,
            Self::Transport(TransportError::Offline) => ErrorCode::NetOffline,
            Self::Transport(TransportError::RelayRefused(_)) => ErrorCode::NetRelayRefused,
            Self::Transport(TransportError::RelayDown) => ErrorCode::NetRelay,
            Self::Transport(_) | Self::Silent(_) | Self::Key => ErrorCode::NetTimeout,
            Self::TooLarge => ErrorCode::FileTooBig,
        }
    }
}

impl<P: Ports> Network<P> {
    /// Asks a server through up to three paths. `expected`: about how many bytes the answer has.
    pub(crate) async fn ask_server(
        &self,
        server: &Server,
        request: &Request,
        expected: usize,
    ) -> Result<Response, ServerError> {
        let payload = request.encode();
        let bytes = payload.len().saturating_add(expected);
        let patience = PATIENCE + (bytes / SLOWEST) as u64 * 1_000;
        // No node has this key, so no failure names the destination.
        let nobody = Ed25519PublicKey(server.key.0);
        let mut tried: Vec<u64> = Vec::with_capacity(ATTEMPTS);
        let mut untold: Vec<Failed> = Vec::new();
        let mut last = ServerError::NoPath;
        while tried.len() < ATTEMPTS {
            let Some(path) = self.path_to(&nobody, &tried) else {
                break;
            };
            tried.push(path.id);
            let trouble = match self.exchange_v4(&path, server, &payload, patience).await {
                Ok(response) => {
                    self.vouch(&path, &nobody);
                    let now = self.device_now();
                    for failed in &untold {
                        self.strike_path(&failed.path, None, now);
                    }
                    return Ok(response);
                }
                Err(trouble) => trouble,
            };
            if let Some(error) = of_the_server(&trouble) {
                let verdict = Verdict::Path;
                untold.push(Failed {
                    path,
                    trouble,
                    verdict,
                });
                // Two paths that say the same are not both wrong.
                let agreed = error == last && error == ServerError::Key;
                last = error;
                if agreed {
                    break;
                }
                continue;
            }
            let verdict = self.blame(&path, &nobody, &trouble);
            last = match (verdict, trouble) {
                (_, Trouble::Unsendable) => return Err(ServerError::TooLarge),
                (_, Trouble::Transport(TransportError::TooLarge)) | (Verdict::Ours, _) => {
                    return Err(ServerError::TooLarge);
                }
                (Verdict::Transport, Trouble::Transport(TransportError::RelayRefused(reason)))
                    if reason == "too-large" =>
                {
                    return Err(ServerError::TooLarge);
                }
                (Verdict::Transport, Trouble::Transport(error)) => return Err(error.into()),
                (Verdict::TooFast, trouble) => {
                    let pause = backoff::spread(SLOW_DOWN, &mut *self.0.ports.entropy());
                    self.0.ports.clock().sleep(pause).await;
                    ServerError::Silent(said(&trouble))
                }
                (_, trouble) => ServerError::Silent(said(&trouble)),
            };
        }
        Err(last)
    }

    async fn exchange_v4(
        &self,
        path: &Path,
        server: &Server,
        payload: &[u8],
        patience: u64,
    ) -> Result<Response, Trouble> {
        let destination = Destination::Server {
            host: server.host.clone(),
            target: LSRPC.to_owned(),
            protocol: if server.https { "https" } else { "http" }.to_owned(),
            port: Some(server.port),
            x25519: server.key,
        };
        let hops = path.hops.map(|hop| (hop.ed25519, hop.x25519));
        let mut onion = {
            let mut entropy = self.0.ports.entropy();
            let cipher = Cipher::default();
            onion::build(&hops, &destination, payload, cipher, &mut *entropy)
                .map_err(|_| Trouble::Unsendable)?
        };
        let body = std::mem::take(&mut onion.body);
        let busy = Busy::new(self, path.id, ERRAND);
        let outcome = self.send(ERRAND, path.guard(), body, patience).await;
        drop(busy);
        let reply = outcome.map_err(Trouble::Transport)?;
        let response = onion
            .open_v4(reply.status, &reply.body)
            .map_err(Trouble::Onion)?;
        // Its time says more about its size than about the network.
        if self.0.health.borrow_mut().answered(self.device_now()) {
            self.0.changed.ring();
        }
        Ok(response)
    }
}

/// What the server itself can have to do with: an answer in clear passes all hops as it is (10-network 4.5).
fn of_the_server(trouble: &Trouble) -> Option<ServerError> {
    match trouble {
        Trouble::Onion(ResponseError::Path { status: 400, .. } | ResponseError::Undecryptable) => {
            Some(ServerError::Key)
        }
        Trouble::Onion(ResponseError::Path {
            status: 500..=599, ..
        })
        | Trouble::Onion(ResponseError::Timeout)
        | Trouble::Transport(TransportError::Timeout) => Some(ServerError::Silent(said(trouble))),
        _ => None,
    }
}

fn said(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Transport(error) => error.to_string(),
        Trouble::Onion(error) => error.to_string(),
        Trouble::Unsendable => String::new(),
    }
}
