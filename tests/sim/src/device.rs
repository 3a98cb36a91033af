//! A device that can die at any moment and comes back over what its store kept.
//!
//! Everything that the engine does for it, from opening the account to the commands of its person, is one future. Each poll
//! of that future ends at a point where the engine waits, so dropping it after its k-th poll, for every k, is a crash at
//! every point where there can be one.

use crate::deeds::{self, Deed};
use crate::store::SimStore;
use crate::world::{Client, World};
use futures::channel::mpsc::UnboundedReceiver;
use futures::future::{join, pending};
use onionskin_client::api::{Answer, Command, ConversationChange, ErrorCode, Event, Failure};
use onionskin_client::vault::VaultKey;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Between a crash and the next start (ms).
const RESTART: u64 = 700;

/// What a person asks of a device.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Sends a text to an Account ID.
    Send {
        /// Whom.
        to: String,
        /// What.
        text: String,
    },
    /// Changes something about the conversation with somebody.
    Change {
        /// With whom.
        who: u8,
        /// What.
        change: ConversationChange,
    },
    /// Does something with the newest messages of a conversation.
    Deed {
        /// With whom.
        who: u8,
        /// What.
        deed: Deed,
    },
    /// Accepts everybody who asks, and reads everything.
    AcceptAndRead,
    /// Anything else.
    Do(Command),
}

/// How a wish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not yet.
    Waiting,
    /// The engine said that it is done.
    Done,
    /// The engine refused.
    Refused(Failure),
    /// The device died over it.
    Interrupted,
}

/// A wish and how it ended.
pub struct Order {
    wish: Wish,
    outcome: RefCell<Outcome>,
    about: RefCell<Option<String>>,
}

impl Order {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome.borrow().clone()
    }

    /// It takes the message with this text back.
    pub fn about(&self, text: &str) {
        *self.about.borrow_mut() = Some(text.to_owned());
    }

    /// Whether it took, or tried to take, the message with this text back.
    pub fn is_about(&self, text: &str) -> bool {
        self.about.borrow().as_deref() == Some(text)
    }
}

/// One device of an account.
pub struct Device {
    world: Rc<World>,
    /// Number of its account.
    pub person: u8,
    /// Its Account ID.
    pub id: String,
    /// What outlives a crash.
    pub store: SimStore,
    key: VaultKey,
    skew: i64,
    client: RefCell<Option<Rc<Client>>>,
    events: RefCell<Option<UnboundedReceiver<Event>>>,
    listens: Cell<bool>,
    orders: RefCell<VecDeque<Rc<Order>>>,
    waker: RefCell<Option<Waker>>,
    polls: Cell<u64>,
    dies_at: Cell<u64>,
    lost: Cell<usize>,
    crashes: Cell<u32>,
}

impl Device {
    /// A device of the account of `person`, whose clock is off by `skew` ms. It lives when [`Device::live`] is polled.
    pub fn new(world: &Rc<World>, person: u8, skew: i64) -> Self {
        let store = SimStore::default();
        let key = world.vault_key();
        Self {
            world: Rc::clone(world),
            person,
            id: crate::world::account_of(person).id().to_string(),
            store,
            key,
            skew,
            client: RefCell::default(),
            events: RefCell::default(),
            listens: Cell::new(false),
            orders: RefCell::default(),
            waker: RefCell::default(),
            polls: Cell::new(0),
            dies_at: Cell::new(u64::MAX),
            lost: Cell::new(0),
            crashes: Cell::new(0),
        }
    }

    /// The engine's face, while there is one.
    pub fn client(&self) -> Option<Rc<Client>> {
        self.client.borrow().clone()
    }

    /// Keeps from the next start on what the engine tells.
    pub fn listen(&self) {
        self.listens.set(true);
    }

    /// What the engine told since the last time that interests the asker.
    pub fn news<T>(&self, of: impl Fn(Event) -> Option<T>) -> Vec<T> {
        let mut events = self.events.borrow_mut();
        let next = || events.as_mut().and_then(|events| events.try_recv().ok());
        std::iter::from_fn(next).filter_map(of).collect()
    }

    /// Asks for something. It happens when the device is there.
    pub fn wish(&self, wish: Wish) -> Rc<Order> {
        let order = Rc::new(Order {
            wish,
            outcome: RefCell::new(Outcome::Waiting),
            about: RefCell::default(),
        });
        self.orders.borrow_mut().push_back(Rc::clone(&order));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        order
    }

    /// Dies after so many more polls; `lost` commits that were not flushed go with it.
    pub fn crash_after(&self, polls: u64, lost: usize) {
        self.dies_at.set(self.polls.get() + polls);
        self.lost.set(lost);
    }

    /// Does not die any more.
    pub fn spare(&self) {
        self.dies_at.set(u64::MAX);
    }

    /// How often its engine was polled.
    pub fn polls(&self) -> u64 {
        self.polls.get()
    }

    /// How often it died.
    pub fn crashes(&self) -> u32 {
        self.crashes.get()
    }

    /// Lives, dies and starts again, for ever.
    pub async fn live(&self) {
        loop {
            self.mortal(self.session()).await;
            self.crashes.set(self.crashes.get() + 1);
            self.client.take();
            self.store.cut_power(self.lost.take()).await;
            self.world.wait(RESTART).await;
        }
    }

    /// Polls a future until it is time to die, then drops it.
    async fn mortal(&self, session: impl Future<Output = ()>) {
        let mut session = Some(Box::pin(session));
        poll_fn(|context| {
            if let Some(session) = &mut session {
                self.polls.set(self.polls.get() + 1);
                // A session ends only by death.
                let _: Poll<()> = session.as_mut().poll(context);
            }
            if self.polls.get() < self.dies_at.get() {
                return Poll::Pending;
            }
            self.dies_at.set(u64::MAX);
            session = None;
            Poll::Ready(())
        })
        .await;
    }

    async fn session(&self) {
        let mut client = self.open().await;
        let engine = client.engine.clone();
        client.events.close();
        if self.listens.get() {
            *self.events.borrow_mut() = Some(engine.subscribe());
        }
        *self.client.borrow_mut() = Some(Rc::new(client));
        join(engine.run(), self.obey(&engine)).await;
        pending::<()>().await;
    }

    /// Opens the account; makes it when a crash left none.
    async fn open(&self) -> Client {
        let (world, store, key) = (&self.world, &self.store, &self.key);
        match world.open(store, key, self.skew, &self.id).await {
            Ok(client) => client,
            Err(failure) if failure.code == ErrorCode::StoreEvicted => {
                let name = format!("person {}", self.person);
                let made = world.create(store, key, self.skew, self.person, &name);
                made.await.expect("an empty store takes an account")
            }
            Err(failure) => panic!("the account does not open: {failure:?}"),
        }
    }

    async fn obey(&self, engine: &crate::world::SimEngine) {
        loop {
            let order = poll_fn(|context| self.next_order(context)).await;
            let fate = Fate(&order);
            let ended = carry_out(engine, &order).await;
            *fate.0.outcome.borrow_mut() = match ended {
                Ok(()) => Outcome::Done,
                Err(failure) => Outcome::Refused(failure),
            };
        }
    }

    fn next_order(&self, context: &mut Context<'_>) -> Poll<Rc<Order>> {
        match self.orders.borrow_mut().pop_front() {
            Some(order) => Poll::Ready(order),
            None => {
                *self.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// An order under way. Dropped with the device, it was interrupted.
struct Fate<'a>(&'a Order);

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        let mut outcome = self.0.outcome.borrow_mut();
        if *outcome == Outcome::Waiting {
            *outcome = Outcome::Interrupted;
        }
    }
}

async fn carry_out(engine: &crate::world::SimEngine, order: &Order) -> Result<(), Failure> {
    match &order.wish {
        Wish::Deed { who, deed } => deeds::carry_out(engine, *who, deed, order).await?,
        Wish::Send { to, text } => {
            let account_id = to.clone();
            let started = engine.handle(Command::StartConversation { account_id });
            if let Answer::Conversation(row) = started.await? {
                let (conversation, text) = (row.id, text.clone());
                engine
                    .handle(Command::Send {
                        conversation,
                        text,
                        reply_to: None,
                        files: Vec::new(),
                    })
                    .await?;
            }
        }
        Wish::Change { who, change } => {
            let account_id = crate::world::account_of(*who).id().to_string();
            let started = engine.handle(Command::StartConversation { account_id });
            if let Answer::Conversation(row) = started.await? {
                let (conversation, change) = (row.id, change.clone());
                engine
                    .handle(Command::ChangeConversation {
                        conversation,
                        change,
                    })
                    .await?;
            }
        }
        Wish::AcceptAndRead => {
            if let Answer::Conversations(rows) = engine.handle(Command::GetConversations).await? {
                for row in rows {
                    let conversation = row.id;
                    engine
                        .handle(Command::AcceptRequest {
                            conversation,
                            quietly: false,
                        })
                        .await?;
                    let up_to = row.active_at;
                    engine
                        .handle(Command::MarkRead {
                            conversation,
                            up_to,
                        })
                        .await?;
                }
            }
        }
        Wish::Do(command) => {
            engine.handle(command.clone()).await?;
        }
    }
    Ok(())
}

/// The lives of many devices, as one future.
pub fn lives<'a>(devices: &'a [Device]) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    use futures::stream::{FuturesUnordered, StreamExt};
    let mut lives: FuturesUnordered<_> = devices.iter().map(Device::live).collect();
    Box::pin(async move { while lives.next().await.is_some() {} })
}
