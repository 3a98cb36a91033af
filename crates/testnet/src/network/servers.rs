//! Servers for networks without sockets: one file server under one name.

use super::{Servers, Sleeper};
use crate::core::ServerPost;
use crate::file_server::{FileServer, LSRPC};
use crate::random::SeededEntropy;
use futures::future::{BoxFuture, ready};
use std::sync::{Arc, Mutex, PoisonError};

/// Delivers posts for one host to a file server in this process. No other host exists.
pub struct LocalServers {
    files: Arc<FileServer>,
    host: String,
    port: u16,
    sleeper: Arc<dyn Sleeper>,
    entropy: Mutex<SeededEntropy>,
}

impl LocalServers {
    /// The file server is found at `protocol://host:port`, whatever the protocol.
    pub fn new(
        files: Arc<FileServer>,
        host: &str,
        port: u16,
        sleeper: Arc<dyn Sleeper>,
        seed: u64,
    ) -> Self {
        // Another stream than that of the nodes.
        let entropy = Mutex::new(SeededEntropy::new(seed ^ u64::MAX));
        Self {
            files,
            host: host.to_owned(),
            port,
            sleeper,
            entropy,
        }
    }
}

impl Servers for LocalServers {
    fn post(&self, post: ServerPost) -> BoxFuture<'static, (u16, Vec<u8>)> {
        let answer = if post.host != self.host {
            unknown_host(&post.host)
        } else if post.port != self.port {
            refused(&post.host, post.port)
        } else if post.target != LSRPC {
            (404, b"Not Found".to_vec())
        } else {
            let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            self.files
                .lsrpc(self.sleeper.now(), &post.body, &mut *entropy)
        };
        Box::pin(ready(answer))
    }
}

/// 502 with the text of the node's HTTP client for a name that does not resolve.
pub(crate) fn unknown_host(host: &str) -> (u16, Vec<u8>) {
    (502, format!("Could not resolve host: {host}").into_bytes())
}

/// 502 with the text for a refused connection.
pub(crate) fn refused(host: &str, port: u16) -> (u16, Vec<u8>) {
    (
        502,
        format!("Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server")
            .into_bytes(),
    )
}
