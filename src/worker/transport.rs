//! Requests to gateways (10-network Decisions 6): sealed frames out, a node's status and body back. Which gateway, the engine
//! says.
//!
//! A relay marks its own failures with a header, so that no node is blamed for them. A request that nobody waits for any
//! more is aborted.

use super::platform::{error_name, fetch, global, object, property};
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Boolean, Uint8Array};
use onionskin_client::ports::{Gateway, HttpReply, Transport, TransportError};
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request as Rpc;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, ReferrerPolicy, Request, RequestCache,
    RequestCredentials, RequestInit, RequestRedirect, Response,
};

/// Longest accepted answer: 10.5 MiB.
const MAX_ANSWER: usize = 10 * 1024 * 1024 + 512 * 1024;
/// Patience for the node list (ms).
const NODE_LIST_MS: u64 = 30_000;
/// The relay's reason for a failure of its own.
const RELAY_HEADER: &str = "Onionskin-Relay";

/// Where the node list lies that comes with the app.
const BUNDLE: &str = "/nodes/mainnet.bin";

/// Speaks to the gateways of this deployment.
#[derive(Clone)]
pub(crate) struct FetchTransport {
    gateways: Rc<[Gateway]>,
    /// The network is the one whose list comes with the app.
    mainnet: bool,
}

impl FetchTransport {
    pub(crate) fn new(gateways: Vec<Gateway>, mainnet: bool) -> Self {
        Self {
            gateways: gateways.into(),
            mainnet,
        }
    }

    fn gateway(&self, at: usize) -> Result<&Gateway, TransportError> {
        self.gateways.get(at).ok_or(TransportError::RelayDown)
    }
}

impl Transport for FetchTransport {
    fn gateways(&self) -> Vec<Gateway> {
        self.gateways.to_vec()
    }

    async fn onion(
        &self,
        gateway: usize,
        guard: &ServiceNode,
        body: Vec<u8>,
        timeout_ms: u64,
    ) -> Result<HttpReply, TransportError> {
        let Gateway { origin, direct } = self.gateway(gateway)?;
        let url = match direct {
            Some(_) => format!("{origin}/onion_req/v2"),
            None => format!("{origin}/relay/onion?guard={}", guard.ed25519.to_hex()),
        };
        request(&url, Some(body), timeout_ms).await
    }

    async fn node_list(&self, gateway: usize) -> Result<Vec<u8>, TransportError> {
        let Gateway { origin, direct } = self.gateway(gateway)?;
        let reply = match direct {
            Some(_) => {
                let body = Rpc::service_nodes().to_bytes();
                request(
                    &format!("{origin}/storage_rpc/v1"),
                    Some(body),
                    NODE_LIST_MS,
                )
                .await?
            }
            None => request(&format!("{origin}/relay/nodes"), None, NODE_LIST_MS).await?,
        };
        if reply.status == 200 {
            Ok(reply.body)
        } else {
            Err(TransportError::RelayDown)
        }
    }

    async fn bundled_list(&self) -> Option<Vec<u8>> {
        if !self.mainnet {
            return None;
        }
        // Without it the pinned nodes are the way in.
        let reply = request(BUNDLE, None, NODE_LIST_MS).await.ok()?;
        (reply.status == 200).then_some(reply.body)
    }
}

/// Aborts the request when dropped, answered or not.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One HTTP exchange with a relay; a POST when there is a body.
pub(crate) async fn request(
    url: &str,
    body: Option<Vec<u8>>,
    timeout_ms: u64,
) -> Result<HttpReply, TransportError> {
    let controller = AbortController::new().map_err(|_| TransportError::RelayDown)?;
    let signal = controller.signal();
    let abort = AbortOnDrop(controller);
    let timeout = TimeoutFuture::new(
        u32::try_from(timeout_ms)
            .unwrap_or(u32::MAX)
            .min(i32::MAX as u32),
    );

    let options = RequestInit::new();
    options.set_signal(Some(&signal));
    options.set_cache(RequestCache::NoStore);
    options.set_credentials(RequestCredentials::Omit);
    options.set_redirect(RequestRedirect::Error);
    options.set_referrer_policy(ReferrerPolicy::NoReferrer);
    if let Some(body) = body {
        options.set_method("POST");
        options.set_headers(&object(&[("Content-Type", "text/plain".into())]));
        options.set_body(&Uint8Array::from(body.as_slice()));
    }
    let request =
        Request::new_with_str_and_init(url, &options).map_err(|_| TransportError::RelayDown)?;

    let exchange = Box::pin(async move {
        let response = JsFuture::from(fetch(&request))
            .await
            .map_err(|error| failure(&error))?;
        let response: Response = response.unchecked_into();
        if let Ok(Some(reason)) = response.headers().get(RELAY_HEADER) {
            return Err(match reason.as_str() {
                "unknown-guard" => TransportError::UnknownGuard,
                "unreachable" | "timeout" => TransportError::GuardUnreachable,
                // Only words of ours reach a screen or a log.
                "rate" | "busy" | "too-large" => TransportError::RelayRefused(reason),
                _ => TransportError::RelayRefused("unknown".to_owned()),
            });
        }
        Ok(HttpReply {
            status: response.status(),
            body: read(&response).await?,
        })
    });
    let result = match select(exchange, timeout).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(TransportError::Timeout),
    };
    drop(abort);
    result
}

/// Reads a body piece by piece and stops at the limit, whatever `Content-Length` says.
async fn read(response: &Response) -> Result<Vec<u8>, TransportError> {
    let announced = response
        .headers()
        .get("Content-Length")
        .ok()
        .flatten()
        .and_then(|text| text.parse().ok());
    if announced.is_some_and(|length: usize| length > MAX_ANSWER) {
        return Err(TransportError::TooLarge);
    }
    let mut body = Vec::with_capacity(announced.unwrap_or(0));
    let Some(stream) = response.body() else {
        return Ok(body);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let piece = JsFuture::from(reader.read())
            .await
            .map_err(|error| failure(&error))?;
        if property::<Boolean>(&piece, "done").is_none_or(|done| done.value_of()) {
            return Ok(body);
        }
        let Some(bytes) = property::<Uint8Array>(&piece, "value") else {
            return Ok(body);
        };
        let length = bytes.length() as usize;
        if body.len() + length > MAX_ANSWER {
            return Err(TransportError::TooLarge);
        }
        let from = body.len();
        body.resize(from + length, 0);
        bytes.copy_to(&mut body[from..]);
    }
}

/// A rejected fetch: aborted, or no connection. Only a clear "offline" of the browser is believed (50-browser 4).
fn failure(error: &JsValue) -> TransportError {
    if error_name(error) == "AbortError" {
        return TransportError::Timeout;
    }
    let online = global::<JsValue>("navigator")
        .and_then(|navigator| property::<Boolean>(&navigator, "onLine"));
    match online {
        Some(online) if !online.value_of() => TransportError::Offline,
        _ => TransportError::RelayDown,
    }
}
