//! The page's end: starts the engine's worker, asks it, and starts it again when it dies.
//!
//! Ending the worker is the strongest way to forget (50-browser 8.3), so after [`Call::Lock`], [`Call::Burn`], [`Call::EraseAll`] and a takeover
//! the old worker is terminated and an empty one takes its place.

use super::{BUILD, Call, FromWorker, Reply, ToWorker, wire};
use futures::channel::oneshot;
use gloo_timers::future::TimeoutFuture;
use onionskin_client::api::{Answer, Command, ErrorCode, Event, Failure};
use onionskin_protocol::sorted::SortedMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

/// The script that web/build.mjs writes for the worker.
pub(crate) const WORKER_SCRIPT: &str = "/worker_loader.js";
/// Where the start script leaves the first worker.
const STARTED: &str = "onionskinWorker";
/// How often the page asks whether the worker lives (ms).
const HEARTBEAT_MS: u32 = 10_000;
/// So many heartbeats in a row without an answer, and the worker counts as dead. Generous: one long computation is no death.
const MISSED_HEARTBEATS: u32 = 4;
/// A worker that dies twice within this time (ms) is not started again.
const RESTART_WINDOW_MS: f64 = 60_000.0;
/// How long a worker may take to finish what it is writing when the account is locked (ms).
const LOCK_PATIENCE_MS: u32 = 3_000;

/// What the page hears without having asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// The engine says that something changed.
    Event(Event),
    /// The account was locked or burnt on request; an empty worker stands ready.
    Locked,
    /// Another tab took the account over; an empty worker stands ready.
    Superseded,
    /// Another tab erased the account; an empty worker stands ready.
    Erased,
    /// The worker died; an empty one stands ready. A kept account can be unlocked again, a temporary one is lost.
    Restarted,
    /// Worker and page come from different builds: the page must be loaded again.
    Outdated,
    /// The worker cannot be started or dies again and again.
    Broken,
}

/// The engine as the page sees it. Clones speak to the same worker.
#[derive(Clone)]
pub struct Engine(Rc<Inner>);

struct Inner {
    notify: Box<dyn Fn(Notice)>,
    live: RefCell<Option<Live>>,
    next_id: Cell<u64>,
    generation: Cell<u64>,
    last_death: Cell<f64>,
}

/// One running worker and what belongs to it alone.
struct Live {
    worker: Worker,
    ready: bool,
    /// Calls made before the worker said hello.
    queue: Vec<ToWorker>,
    waiting: SortedMap<u64, oneshot::Sender<Result<Reply, Failure>>>,
    unanswered_pings: u32,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}

/// Whether the start script has started the worker, because this device may keep an account.
pub fn is_started() -> bool {
    js_sys::Reflect::get(&js_sys::global(), &STARTED.into()).is_ok_and(|worker| worker.is_object())
}

impl Engine {
    /// Starts the worker. Everything that happens by itself goes to `notify`.
    pub fn start(notify: impl Fn(Notice) + 'static) -> Self {
        let engine = Self(Rc::new(Inner {
            notify: Box::new(notify),
            live: RefCell::new(None),
            next_id: Cell::new(0),
            generation: Cell::new(0),
            last_death: Cell::new(f64::NEG_INFINITY),
        }));
        engine.0.spawn();
        let inner = Rc::downgrade(&engine.0);
        wasm_bindgen_futures::spawn_local(async move {
            loop {
                TimeoutFuture::new(HEARTBEAT_MS).await;
                let Some(inner) = inner.upgrade() else { return };
                inner.heartbeat();
            }
        });
        engine
    }

    /// Asks the worker. [`Call::Persist`] first asks the browser, which only a page can. [`Call::Lock`], [`Call::Burn`] and
    /// [`Call::EraseAll`] also replace the worker by an empty one, whatever it answers.
    pub async fn call(&self, call: Call) -> Result<Reply, Failure> {
        let ends_session = matches!(call, Call::Lock | Call::Burn | Call::EraseAll);
        if !ends_session {
            if call == Call::Persist {
                persist().await;
            }
            return self.0.ask(call).await;
        }
        let lock = call == Call::Lock;
        let generation = self.0.generation.get();
        let asked = self.0.ask(call);
        let result = if lock {
            match futures::future::select(
                Box::pin(asked),
                Box::pin(TimeoutFuture::new(LOCK_PATIENCE_MS)),
            )
            .await
            {
                futures::future::Either::Left((result, _)) => result,
                futures::future::Either::Right(_) => Ok(Reply::Done),
            }
        } else {
            asked.await
        };
        if self.0.generation.get() == generation {
            self.0.spawn();
            (self.0.notify)(Notice::Locked);
        }
        // Locking cannot fail: the worker is gone.
        if lock { Ok(Reply::Done) } else { result }
    }

    /// Asks the engine of the open account.
    pub async fn command(&self, command: Command) -> Result<Answer, Failure> {
        match self.call(Call::Engine(command)).await? {
            Reply::Answer(answer) => Ok(answer),
            _ => Err(internal("the worker gave another kind of answer")),
        }
    }
}

impl Inner {
    /// Replaces whatever worker there is by an empty one.
    fn spawn(self: &Rc<Self>) {
        self.generation.set(self.generation.get() + 1);
        let generation = self.generation.get();
        // Dropping a running one terminates it and fails its calls.
        drop(self.live.borrow_mut().take());

        let Some(worker) = adopt().or_else(start_worker) else {
            (self.notify)(Notice::Broken);
            return;
        };

        let weak = Rc::downgrade(self);
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Some(inner) = weak
                .upgrade()
                .filter(|inner| inner.generation.get() == generation)
            {
                match wire::from_js(&event.data()) {
                    Some(message) => inner.receive(message),
                    // Another build may not even share the form of messages.
                    None => inner.outdated(),
                }
            }
        });
        let weak = Rc::downgrade(self);
        let on_error = Closure::new(move |_: web_sys::Event| {
            if let Some(inner) = weak
                .upgrade()
                .filter(|inner| inner.generation.get() == generation)
            {
                // Out of the event handler first: its closure goes with the worker.
                wasm_bindgen_futures::spawn_local(async move { inner.died(generation) });
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
        // An adopted worker may have said hello before anybody listened; it answers this one. A worker that is not up yet
        // misses it, and says its own later.
        post(
            &worker,
            &ToWorker::Hello {
                build: BUILD.to_owned(),
            },
        );
        *self.live.borrow_mut() = Some(Live {
            worker,
            ready: false,
            queue: Vec::new(),
            waiting: SortedMap::new(),
            unanswered_pings: 0,
            _on_message: on_message,
            _on_error: on_error,
        });
    }

    async fn ask(&self, call: Call) -> Result<Reply, Failure> {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        let answer = {
            let mut live = self.live.borrow_mut();
            let live = live
                .as_mut()
                .ok_or_else(|| internal("the worker cannot be started"))?;
            let (sender, answer) = oneshot::channel();
            live.waiting.insert(id, sender);
            let message = ToWorker::Call { id, call };
            if live.ready {
                post(&live.worker, &message);
            } else {
                live.queue.push(message);
            }
            answer
        };
        answer
            .await
            .unwrap_or_else(|_| Err(internal("the worker was ended")))
    }

    fn receive(self: &Rc<Self>, message: FromWorker) {
        match message {
            FromWorker::Hello { build } if build == BUILD => {
                if let Some(live) = self.live.borrow_mut().as_mut().filter(|live| !live.ready) {
                    post(
                        &live.worker,
                        &ToWorker::Hello {
                            build: BUILD.to_owned(),
                        },
                    );
                    live.ready = true;
                    for message in live.queue.drain(..) {
                        post(&live.worker, &message);
                    }
                }
            }
            FromWorker::Hello { .. } => self.outdated(),
            FromWorker::Reply { id, result } => {
                let sender = self
                    .live
                    .borrow_mut()
                    .as_mut()
                    .and_then(|live| live.waiting.remove(&id));
                if let Some(sender) = sender {
                    // The asker may have lost interest.
                    let _ = sender.send(result);
                }
            }
            FromWorker::Event(event) => (self.notify)(Notice::Event(event)),
            FromWorker::Pong => {
                if let Some(live) = self.live.borrow_mut().as_mut() {
                    live.unanswered_pings = 0;
                }
            }
            FromWorker::Superseded { erased } => {
                let inner = self.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    inner.spawn();
                    (inner.notify)(match erased {
                        true => Notice::Erased,
                        false => Notice::Superseded,
                    });
                });
            }
            FromWorker::Derived { .. } => {}
        }
    }

    fn heartbeat(self: &Rc<Self>) {
        let dead = match self.live.borrow_mut().as_mut() {
            Some(live) if live.ready => {
                live.unanswered_pings += 1;
                post(&live.worker, &ToWorker::Ping);
                live.unanswered_pings > MISSED_HEARTBEATS
            }
            _ => false,
        };
        if dead {
            self.died(self.generation.get());
        }
    }

    fn outdated(self: &Rc<Self>) {
        let inner = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            drop(inner.live.borrow_mut().take());
            (inner.notify)(Notice::Outdated);
        });
    }

    fn died(self: &Rc<Self>, generation: u64) {
        if self.generation.get() != generation {
            return;
        }
        let now = js_sys::Date::now();
        if now - self.last_death.replace(now) < RESTART_WINDOW_MS {
            self.generation.set(generation + 1);
            drop(self.live.borrow_mut().take());
            (self.notify)(Notice::Broken);
        } else {
            self.spawn();
            (self.notify)(Notice::Restarted);
        }
    }
}

/// The worker that the start script began to load beside this module, unless it failed already or was taken.
fn adopt() -> Option<Worker> {
    let global = js_sys::global();
    let worker = js_sys::Reflect::get(&global, &STARTED.into())
        .ok()?
        .dyn_into::<Worker>()
        .ok()?;
    // Deleting an own property of the global that a script made cannot fail.
    let _ = js_sys::Reflect::delete_property(&global, &STARTED.into());
    let failed =
        js_sys::Reflect::get(&worker, &"failed".into()).is_ok_and(|failed| failed.is_truthy());
    (!failed).then_some(worker)
}

fn start_worker() -> Option<Worker> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name("onionskin");
    Worker::new_with_options(WORKER_SCRIPT, &options).ok()
}

/// Asks the browser to keep the storage for good. The answer is seen in the environment.
async fn persist() {
    if let Some(Ok(asked)) = web_sys::window().map(|window| window.navigator().storage().persist())
    {
        // Refused is an answer, too.
        let _ = wasm_bindgen_futures::JsFuture::from(asked).await;
    }
}

/// Posting fails only for data that cannot be cloned, which a buffer always can.
fn post(worker: &Worker, message: &ToWorker) {
    let (data, transfer) = wire::to_js(message);
    let _ = worker.post_message_with_transfer(&data, &transfer);
}

fn internal(detail: &str) -> Failure {
    Failure {
        code: ErrorCode::Internal,
        number: None,
        detail: detail.to_owned(),
    }
}
