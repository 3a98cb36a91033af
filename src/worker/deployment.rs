//! What this deployment is, as its server says, and what this browser offers.

use super::platform::{global, locks, property};
use super::store::database::{Database, Opened};
use super::transport::{FetchTransport, request};
use crate::bridge::{BUILD, Environment};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use js_sys::{Boolean, Promise};
use onionskin_client::NetworkProfile;
use onionskin_client::ports::Gateway;
use onionskin_protocol::keys::Ed25519PublicKey;
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Patience for `/deployment.json` (ms); creating an account must not wait for a network.
const PATIENCE_MS: u64 = 3_000;
/// More gateways of a kind than any deployment lists.
const MAX_GATEWAYS: usize = 16;
/// The longest host with port (characters).
const MAX_HOST: usize = 260;

/// `/deployment.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Deployment {
    /// `mainnet` or `local`; empty when the server did not say.
    pub(crate) network: String,
    /// Origins of relays in order of preference; an empty one is the app's own origin.
    pub(crate) relays: Vec<String>,
    /// Nodes that the browser reaches without a relay.
    pub(crate) direct: Vec<Direct>,
}

/// A node with an origin of its own: valid certificate, CORS for this app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Direct {
    /// Its key, 64 hex digits.
    pub(crate) ed25519: String,
    /// `https://host[:port]`.
    pub(crate) origin: String,
}

/// The deployment, asked for once.
pub(crate) type Asked = Shared<LocalBoxFuture<'static, Deployment>>;

/// Begins to ask.
pub(crate) fn ask() -> Asked {
    async {
        match request("/deployment.json", None, PATIENCE_MS).await {
            Ok(reply) if reply.status == 200 => {
                serde_json::from_slice(&reply.body).unwrap_or_default()
            }
            _ => Deployment::default(),
        }
    }
    .boxed_local()
    .shared()
}

impl Deployment {
    /// The rules of its network. A server that says nothing serves the real one.
    pub(crate) fn profile(&self) -> NetworkProfile {
        if self.network == "local" {
            NetworkProfile::local()
        } else {
            NetworkProfile::mainnet()
        }
    }

    /// The ways to its nodes. The app's own relay where it lists none that can be used.
    pub(crate) fn transport(&self) -> FetchTransport {
        let mut gateways = self.gateways();
        if gateways.is_empty() {
            gateways.push(Gateway::default());
        }
        FetchTransport::new(gateways, self.network != "local")
    }

    /// Its gateways, each once, without those whose origin or key is none.
    fn gateways(&self) -> Vec<Gateway> {
        let relays = self.relays.iter().take(MAX_GATEWAYS);
        let relays = relays.filter(|origin| origin.is_empty() || is_origin(origin));
        let relays = relays.map(|origin| Gateway {
            origin: origin.clone(),
            direct: None,
        });
        let direct = self.direct.iter().take(MAX_GATEWAYS);
        let direct = direct.filter(|node| is_origin(&node.origin));
        let direct = direct.filter_map(|node| {
            Some(Gateway {
                origin: node.origin.clone(),
                direct: Some(Ed25519PublicKey::from_hex(&node.ed25519)?),
            })
        });
        let mut gateways: Vec<Gateway> = Vec::new();
        for gateway in relays.chain(direct) {
            let known = gateways.iter().any(|other| other.origin == gateway.origin);
            if !known {
                gateways.push(gateway);
            }
        }
        gateways
    }
}

/// `https://host[:port]` as a browser writes an origin, or the same with `http`, which the policy of a page over HTTPS refuses
/// anyway. Nothing that could add a path, a user or a query to an address.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '[' | ']' | ':')
    };
    host.is_some_and(|host| {
        let named = host.starts_with(|c: char| c != ':' && c != '.');
        named && !host.ends_with(':') && host.len() <= MAX_HOST && host.chars().all(plain)
    })
}

/// Looks at browser and deployment. Leaves no trace.
pub(crate) async fn environment(deployment: &Deployment) -> Environment {
    let indexed_db = match Database::open("onionskin-probe", &[]).await {
        Ok(Opened::Found(_) | Opened::Absent) => true,
        Err(_) => false,
    };
    let mut byte = [0];
    Environment {
        secure_context: global::<Boolean>("isSecureContext")
            .is_some_and(|secure| secure.value_of()),
        random: getrandom::fill(&mut byte).is_ok(),
        indexed_db,
        web_locks: locks().is_some(),
        persisted: storage("persisted").await,
        network: deployment.network.clone(),
        build: BUILD.to_owned(),
    }
}

/// Calls a method of `navigator.storage` that promises yes or no. (`persist` itself exists on the page only.)
async fn storage(method: &str) -> Option<bool> {
    let storage: JsValue = property(&global::<JsValue>("navigator")?, "storage")?;
    let method: js_sys::Function = property(&storage, method)?;
    let promise = method.call0(&storage).ok()?.dyn_into::<Promise>().ok()?;
    JsFuture::from(promise).await.ok()?.as_bool()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    const KEY: &str = "1f000f09a7b07828dcb72af7cd16857050c10c02bd58afb0e38111fb6cda1fef";

    fn gateways(json: &str) -> Vec<String> {
        let deployment: Deployment = serde_json::from_str(json).expect("JSON");
        let gateways = deployment.gateways();
        gateways
            .into_iter()
            .map(|gateway| format!("{} {}", gateway.origin, gateway.direct.is_some()))
            .collect()
    }

    #[wasm_bindgen_test]
    fn only_origins_become_gateways_and_each_of_them_once() {
        let json = format!(
            r#"{{"network": "mainnet",
                "relays": ["", "https://relay.example:8443", "https://relay.example/path", "javascript:alert(1)",
                    "https://user@relay.example", "https://relay.example:", "relay.example", ""],
                "direct": [{{"ed25519": "{KEY}", "origin": "https://node.example:22021"}},
                    {{"ed25519": "1f00", "origin": "https://other.example"}},
                    {{"ed25519": "{KEY}", "origin": "https://relay.example:8443"}},
                    {{"ed25519": "{KEY}", "origin": "*"}}, {{}}]}}"#
        );
        assert_eq!(
            gateways(&json),
            [
                " false",
                "https://relay.example:8443 false",
                "https://node.example:22021 true"
            ]
        );
        assert!(gateways("{}").is_empty());
    }
}
