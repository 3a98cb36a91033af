//! What this deployment is, as its server says, and what this browser offers.

use super::platform::{global, locks, property};
use super::store::database::{Database, Opened};
use super::transport::{FetchTransport, request};
use crate::bridge::{BUILD, Environment};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use js_sys::{Boolean, Promise};
use onionskin_client::NetworkProfile;
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Patience for `/deployment.json` (ms); creating an account must not wait for a network.
const PATIENCE_MS: u64 = 3_000;
/// More relays than any deployment lists.
const MAX_RELAYS: usize = 16;

/// `/deployment.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Deployment {
    /// `mainnet` or `local`; empty when the server did not say.
    pub(crate) network: String,
    /// Origins of relays in order of preference; an empty one is the app's own origin.
    pub(crate) relays: Vec<String>,
}

/// The deployment, asked for once.
pub(crate) type Asked = Shared<LocalBoxFuture<'static, Deployment>>;

/// Begins to ask.
pub(crate) fn ask() -> Asked {
    async {
        match request("/deployment.json", None, PATIENCE_MS).await {
            Ok(reply) if reply.status == 200 => {
                let mut deployment: Deployment =
                    serde_json::from_slice(&reply.body).unwrap_or_default();
                deployment.relays.truncate(MAX_RELAYS);
                deployment
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

    /// The way to its relays.
    pub(crate) fn transport(&self) -> FetchTransport {
        FetchTransport::new(self.relays.clone())
    }
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
