//! Argon2id in a short-lived worker of its own: ending it is the only way to give the memory back (50-browser 5).

use super::platform::{TrustedTypes, global, object};
use crate::bridge::{Derive, FromWorker, SecretBytes, ToWorker, wire};
use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use onionskin_client::ports::Entropy;
use onionskin_client::vault::{KdfParams, OpenerKey, VaultError, derive_passphrase_key};
use std::cell::Cell;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

const SCRIPT: &str = "/worker_loader.js";
/// No derivation within the accepted parameters takes longer, even on a slow phone (ms).
const PATIENCE_MS: u32 = 60_000;
/// A vault is made with the first of these (MiB, passes) that promises to stay below [`GOAL_MS`]; the last is the floor.
const STEPS: [(u32, u32); 4] = [(64, 3), (46, 3), (32, 3), (19, 2)];
const GOAL_MS: f64 = 1_000.0;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KdfError {
    /// The worker died, most likely for lack of memory, or cannot be started.
    Died,
    /// The parameters or the passphrase are not acceptable.
    Refused,
}

impl From<KdfError> for VaultError {
    fn from(_: KdfError) -> Self {
        VaultError::Parameters
    }
}

/// Derives the key of an existing vault.
pub(crate) async fn derive(
    passphrase: &SecretBytes,
    params: &KdfParams,
) -> Result<OpenerKey, KdfError> {
    Instance::start()?
        .derive(passphrase, params)
        .await
        .map(|(key, _)| key)
}

/// Derives the key of a vault to be made, with the strongest parameters that this device bears.
pub(crate) async fn derive_new(
    passphrase: &SecretBytes,
    entropy: &mut impl Entropy,
) -> Result<(OpenerKey, KdfParams), KdfError> {
    let mut params = KdfParams::standard(entropy);
    let mut instance = Instance::start()?;
    let work = |(memory, passes): (u32, u32)| f64::from(memory * passes);
    let set = |params: &mut KdfParams, (memory, passes): (u32, u32)| {
        params.memory_kib = memory * 1024;
        params.passes = passes;
    };
    let floor = STEPS[STEPS.len() - 1];
    set(&mut params, floor);
    let (_, floor_ms) = instance
        .derive(
            &SecretBytes::new(b"how fast is this device".to_vec()),
            &params,
        )
        .await?;
    for step in STEPS {
        if step != floor && floor_ms * work(step) / work(floor) > GOAL_MS {
            continue;
        }
        set(&mut params, step);
        match instance.derive(passphrase, &params).await {
            Ok((key, _)) => return Ok((key, params)),
            Err(KdfError::Died) if step != floor => instance = Instance::start()?,
            Err(error) => return Err(error),
        }
    }
    Err(KdfError::Died)
}

/// The other side: runs inside the short-lived instance.
pub(crate) fn run(order: &Derive) -> FromWorker {
    let params = KdfParams {
        salt: order.salt,
        memory_kib: order.memory_kib,
        passes: order.passes,
        lanes: order.lanes,
    };
    let start = js_sys::Date::now();
    let key = derive_passphrase_key(order.passphrase.as_bytes(), &params).ok();
    FromWorker::Derived {
        key: key.map(|key| SecretBytes::new(key.as_bytes().to_vec())),
        took_ms: js_sys::Date::now() - start,
    }
}

struct Instance {
    worker: Worker,
    /// `None` stands for the end of the worker.
    messages: mpsc::UnboundedReceiver<Option<FromWorker>>,
    ready: bool,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Instance {
    fn start() -> Result<Self, KdfError> {
        allow_script();
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("onionskin-kdf");
        let worker = Worker::new_with_options(SCRIPT, &options).map_err(|_| KdfError::Died)?;
        let (sender, messages) = mpsc::unbounded();
        let on_message = Closure::new({
            let sender = sender.clone();
            move |event: MessageEvent| {
                // Nobody listens any more when this fails.
                let _ = sender.unbounded_send(wire::from_js(&event.data()));
            }
        });
        let on_error = Closure::new(move |event: web_sys::Event| {
            event.prevent_default();
            let _ = sender.unbounded_send(None);
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            messages,
            ready: false,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    async fn derive(
        &mut self,
        passphrase: &SecretBytes,
        params: &KdfParams,
    ) -> Result<(OpenerKey, f64), KdfError> {
        if !self.ready {
            match self.next().await? {
                FromWorker::Hello { build } if build == crate::bridge::BUILD => self.ready = true,
                _ => return Err(KdfError::Died),
            }
        }
        let order = ToWorker::Derive(Derive {
            passphrase: passphrase.clone(),
            salt: params.salt,
            memory_kib: params.memory_kib,
            passes: params.passes,
            lanes: params.lanes,
        });
        let (data, transfer) = wire::to_js(&order);
        self.worker
            .post_message_with_transfer(&data, &transfer)
            .map_err(|_| KdfError::Died)?;
        match self.next().await? {
            FromWorker::Derived {
                key: Some(key),
                took_ms,
            } => {
                let bytes: [u8; 32] = key.as_bytes().try_into().map_err(|_| KdfError::Refused)?;
                Ok((OpenerKey::from_bytes(bytes), took_ms))
            }
            _ => Err(KdfError::Refused),
        }
    }

    async fn next(&mut self) -> Result<FromWorker, KdfError> {
        match select(self.messages.next(), TimeoutFuture::new(PATIENCE_MS)).await {
            Either::Left((Some(Some(message)), _)) => Ok(message),
            _ => Err(KdfError::Died),
        }
    }
}

/// Under the product's policy a worker, too, may only start scripts that a Trusted Types policy lets pass (50-browser 9).
fn allow_script() {
    thread_local!(static DONE: Cell<bool> = const { Cell::new(false) });
    if DONE.replace(true) {
        return;
    }
    if let Some(types) = global::<TrustedTypes>("trustedTypes") {
        let rule = Closure::<dyn FnMut(String) -> JsValue>::new(|url: String| {
            if url == SCRIPT {
                url.into()
            } else {
                JsValue::NULL
            }
        });
        // Fails only when there is a policy already, which then decides.
        let _ = types.create_policy(
            "default",
            &object(&[("createScriptURL", rule.into_js_value())]),
        );
    }
}
