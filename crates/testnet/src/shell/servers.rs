//! The way from the last node of a path to a real server, over HTTP (15-observed-service-node 9), with the texts of the node's
//! HTTP client where it fails.

use crate::core::ServerPost;
use crate::network::Servers;
use crate::network::servers::{refused, unknown_host};
use futures::future::BoxFuture;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use reqwest::redirect::Policy;
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Where nodes may post to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Outbound {
    /// Nowhere.
    None,
    /// To servers on this machine.
    #[default]
    Loopback,
    /// Anywhere.
    Any,
}

/// Posts with reqwest.
pub struct HttpServers {
    client: reqwest::Client,
    outbound: Outbound,
    own: Option<(String, SocketAddr)>,
}

impl HttpServers {
    /// `patience` is that of the nodes, who answer 504 when it ends; exchanges are given up a little later.
    pub fn new(outbound: Outbound, patience: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(patience + Duration::from_secs(1))
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            outbound,
            own: None,
        })
    }

    /// A server of this network: posts to this name arrive at an address of this machine, whatever their port.
    #[must_use]
    pub fn with_host(mut self, host: &str, address: SocketAddr) -> Self {
        self.own = Some((host.to_owned(), address));
        self
    }
}

impl Servers for HttpServers {
    fn post(&self, post: ServerPost) -> BoxFuture<'static, (u16, Vec<u8>)> {
        let client = self.client.clone();
        let outbound = self.outbound;
        let own = self.own.as_ref().filter(|(host, _)| *host == post.host);
        let own = own.map(|(_, address)| *address);
        Box::pin(async move {
            if post.host.is_empty() {
                return (502, Vec::new());
            }
            let address = post.host.parse::<IpAddr>();
            let loopback =
                post.host == "localhost" || address.as_ref().is_ok_and(IpAddr::is_loopback);
            match outbound {
                Outbound::Any => {}
                Outbound::Loopback if own.is_some() => {}
                Outbound::Loopback if loopback => {}
                _ if address.is_ok() => return refused(&post.host, post.port),
                _ => return unknown_host(&post.host),
            }
            let url = match own {
                Some(address) => format!("http://{address}{}", post.target),
                None => format!(
                    "{}://{}:{}{}",
                    post.protocol, post.host, post.port, post.target
                ),
            };
            let sent = client
                .post(url)
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(USER_AGENT, crate::core::http::SERVER)
                .header(ACCEPT, "*/*")
                .header(ACCEPT_ENCODING, "deflate, gzip, br, zstd")
                .body(post.body)
                .send()
                .await;
            let answer = match sent {
                Ok(answer) => answer,
                Err(error) => return failure(&error, &post.host, post.port),
            };
            if answer.status().is_redirection() && answer.headers().contains_key("location") {
                return (502, b"Maximum (0) redirects followed".to_vec());
            }
            let status = answer.status().as_u16();
            match answer.bytes().await {
                Ok(body) => (status, body.to_vec()),
                Err(error) => failure(&error, &post.host, post.port),
            }
        })
    }
}

fn failure(error: &reqwest::Error, host: &str, port: u16) -> (u16, Vec<u8>) {
    if error.is_timeout() {
        let text = "Operation timed out after 25000 milliseconds with 0 bytes received";
        return (504, text.as_bytes().to_vec());
    }
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes += &cause.to_string();
        source = cause.source();
    }
    let causes = causes.to_lowercase();
    if causes.contains("dns") || causes.contains("resolve") || causes.contains("lookup") {
        unknown_host(host)
    } else if causes.contains("certificate") {
        (
            502,
            b"SSL certificate problem: self-signed certificate".to_vec(),
        )
    } else {
        refused(host, port)
    }
}
