//! What the page knows: which account is open, what its engine told, where the person is. Signals are fed by the worker's
//! notices; screens read them and call the methods here.

use super::announce::Announcer;
use super::emoji::Emojis;
use super::media::Media;
use super::notify::Notifier;
use super::pictures::Pictures;
use super::prefs::Prefs;
use super::pressure::{self, Estimate};
use super::receipt::Receipt;
use super::router::{self, Route};
use super::sweep;
use super::text::name_of;
use super::timeline::Timeline;
use super::ui::menu::Menu;
use super::ui::toast::Undo;
use super::world::World;
use crate::bridge::client::{Engine, Notice};
use crate::bridge::{Call, Environment, Keep, Protection, Reply, SecretBytes, VaultId, VaultInfo};
use crate::i18n::text;
use crate::worker::store::database;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, ConnectionState, Conversation, ConversationChange, ConversationId, ErrorCode,
    Event, Failure, MessageKind, NetworkReport, NetworkSettings, NetworkStatus, PathView, Pressure,
    Profile, RestoreStep, Settings, SyncStatus, short_id,
};
use onionskin_client::turns::Turns;
use onionskin_protocol::sorted::SortedSet;

/// What can be shown at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The worker is on its way.
    Starting,
    /// No account is open.
    Closed,
    /// An account is open.
    Open,
    /// This browser or this copy of the app cannot go on.
    Unusable(Unusable),
}

/// Why nothing works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Features that are missing.
    Missing(Vec<super::environment::Feature>),
    /// Page and worker are of different builds.
    Outdated,
    /// The worker dies again and again.
    Broken,
}

/// Why no account is open any more, told on the next screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Superseded,
    Restarted,
    TemporaryLost,
    Erased,
    /// Everything on this device, not this account alone.
    ErasedAll,
    ErasedElsewhere,
    Burnt,
    /// The browser removed the data of this site.
    Evicted,
}

/// Comes back when what was just set is on screen.
pub(crate) async fn painted() {
    let (sender, receiver) = futures::channel::oneshot::channel();
    request_animation_frame(move || {
        // Nobody waits when the page is going away.
        let _ = sender.send(());
    });
    // A page in the background is not painted: a moment is enough then.
    let moment = gloo_timers::future::TimeoutFuture::new(100);
    futures::future::select(receiver, moment).await;
    gloo_timers::future::TimeoutFuture::new(0).await;
}

/// So many times 10 ms a lock waits for what is on its way.
const LOCK_PATIENCE: u32 = 100;

/// Everything that outlives a screen. Copies are handles.
#[derive(Clone, Copy)]
pub(crate) struct App {
    engine: StoredValue<Option<Engine>, LocalStorage>,
    /// Commands on their way whose answers no screen waits for.
    under_way: StoredValue<u32>,
    /// Rings when the account is about to be locked: what is written and not kept yet is kept now.
    pub parting: RwSignal<()>,
    pub prefs: Prefs,
    pub phase: RwSignal<Phase>,
    pub ended: RwSignal<Option<Ended>>,
    /// What an erasure did.
    pub receipt: RwSignal<Option<Receipt>>,
    /// An erasure that failed, told on the screen on which it left the person.
    pub erase_failed: RwSignal<Option<Failure>>,
    pub route: RwSignal<Route>,
    /// Where to go on after unlocking or creating.
    pub wanted: RwSignal<Option<Route>>,
    /// What an invitation carried.
    pub invited: RwSignal<Option<String>>,
    pub environment: RwSignal<Environment>,
    pub vaults: RwSignal<Vec<VaultInfo>>,
    pub vault: RwSignal<Option<VaultId>>,
    pub profile: RwSignal<Option<Profile>>,
    /// Newest first; `None` until read.
    pub conversations: RwSignal<Option<Vec<Conversation>>>,
    pub network: RwSignal<NetworkStatus>,
    /// When the connection came into its present state (device clock, ms); `None` before the engine told of one.
    pub network_since: RwSignal<Option<u64>>,
    /// Everything of the network page, as of the last time somebody looked.
    pub report: RwSignal<Option<NetworkReport>>,
    pub paths: RwSignal<Option<Vec<PathView>>>,
    /// When new paths were asked for (device clock, ms).
    pub paths_renewed: RwSignal<Option<f64>>,
    pub restoring: RwSignal<Option<RestoreStep>>,
    pub problem: RwSignal<Option<Failure>>,
    pub toast: RwSignal<Option<String>>,
    pub media: Media,
    /// What the person can still take back.
    pub undo: Undo,
    /// The menu that is open.
    pub menu: Menu,
    pub emojis: Emojis,
    /// What the person chose about this account.
    pub settings: RwSignal<Settings>,
    /// Held while choices are read, changed and kept: two quick changes must not lose one.
    choosing: StoredValue<Turns, LocalStorage>,
    /// Where somebody types.
    pub typing: RwSignal<SortedSet<ConversationId>>,
    pub timeline: Timeline,
    pub world: World,
    pub announcer: Announcer,
    /// With whom the safety number is compared.
    pub comparing: RwSignal<Option<ConversationId>>,
    /// Which conversation shall be silent until a moment that the person chooses.
    pub muting: RwSignal<Option<ConversationId>>,
    /// The layer that asks whether the person wants notifications is open.
    pub asking_notify: RwSignal<bool>,
    /// Which conversations shall go into a folder that the person names.
    pub filing: RwSignal<Option<Vec<ConversationId>>>,
    /// Which conversations shall have a label.
    pub labelling: RwSignal<Option<Vec<ConversationId>>>,
    /// The recovery phrase dialog is open.
    pub phrase_open: RwSignal<bool>,
    /// So is the one that burns a temporary account.
    pub burn_open: RwSignal<bool>,
    /// So is the command palette.
    pub palette_open: RwSignal<bool>,
    /// So is the list of shortcuts.
    pub shortcuts_open: RwSignal<bool>,
    /// The page is on screen.
    pub visible: RwSignal<bool>,
    pub pictures: Pictures,
    pub notifier: Notifier,
    /// How devices agree; `None` until told.
    pub sync: RwSignal<Option<SyncStatus>>,
    /// Conversations that are gone from the screen and go for good when that cannot be undone any more.
    pub leaving: RwSignal<SortedSet<ConversationId>>,
    /// What the browser last said of the room for this site; `None` where it does not tell.
    pub estimate: RwSignal<Option<Estimate>>,
    /// How full that is.
    pub pressure: RwSignal<Pressure>,
    /// Until then (device clock, ms) it counts as full, since a write found no room.
    pub full_until: StoredValue<f64>,
}

impl App {
    /// An app without an engine yet.
    pub(crate) fn new() -> Self {
        Self {
            engine: StoredValue::new_local(None),
            under_way: StoredValue::new(0),
            parting: RwSignal::new(()),
            prefs: Prefs::start(),
            phase: RwSignal::new(Phase::Starting),
            ended: RwSignal::new(None),
            receipt: RwSignal::new(None),
            erase_failed: RwSignal::new(None),
            route: RwSignal::new(Route::Chats),
            wanted: RwSignal::new(None),
            invited: RwSignal::new(None),
            environment: RwSignal::new(Environment::default()),
            vaults: RwSignal::new(Vec::new()),
            vault: RwSignal::new(None),
            profile: RwSignal::new(None),
            conversations: RwSignal::new(None),
            network: RwSignal::new(silent_network()),
            network_since: RwSignal::new(None),
            report: RwSignal::new(None),
            paths: RwSignal::new(None),
            paths_renewed: RwSignal::new(None),
            restoring: RwSignal::new(None),
            problem: RwSignal::new(None),
            toast: RwSignal::new(None),
            undo: Undo::new(),
            menu: Menu::new(),
            emojis: Emojis::new(),
            media: Media::new(),
            settings: RwSignal::new(Settings::default()),
            choosing: StoredValue::new_local(Turns::default()),
            typing: RwSignal::new(SortedSet::new()),
            timeline: Timeline::new(),
            world: World::default(),
            announcer: Announcer::new(),
            comparing: RwSignal::new(None),
            muting: RwSignal::new(None),
            asking_notify: RwSignal::new(false),
            filing: RwSignal::new(None),
            labelling: RwSignal::new(None),
            phrase_open: RwSignal::new(false),
            burn_open: RwSignal::new(false),
            palette_open: RwSignal::new(false),
            shortcuts_open: RwSignal::new(false),
            visible: RwSignal::new(super::lifecycle::visible()),
            pictures: Pictures::new(),
            notifier: Notifier::new(),
            sync: RwSignal::new(None),
            leaving: RwSignal::new(SortedSet::new()),
            estimate: RwSignal::new(None),
            pressure: RwSignal::new(Pressure::None),
            full_until: StoredValue::new(0.0),
        }
    }

    /// Starts the worker and finds out what is on this device.
    pub(crate) async fn boot(self) {
        let missing = super::environment::missing();
        if !missing.is_empty() {
            self.phase.set(Phase::Unusable(Unusable::Missing(missing)));
            return;
        }
        if !crate::bridge::client::is_started() {
            // Nothing is kept here, so the first screen does not wait for the worker.
            self.environment.set(super::environment::expected());
            self.vaults.set(Vec::new());
            self.phase.set(Phase::Closed);
            painted().await;
        }
        self.engine
            .set_value(Some(Engine::start(move |notice| self.notice(notice))));
        if let Ok(Reply::Environment(environment)) = self.call(Call::Environment).await {
            self.environment.set(environment);
        }
        self.read_vaults().await;
        if self.vaults.with_untracked(Vec::is_empty) && self.prefs.had_account() {
            self.ended.set(Some(Ended::Evicted));
        }
        if matches!(self.phase.get_untracked(), Phase::Starting) {
            self.open_alone_or_show().await;
        }
    }

    /// A single vault without passphrase opens by itself; anything else asks.
    async fn open_alone_or_show(self) {
        let lone = match self.vaults.get_untracked().as_slice() {
            [only] if only.protection == Protection::Device && !only.in_use => Some(only.id),
            _ => None,
        };
        if let Some(vault) = lone
            && self.unlock(vault, None, false).await.is_ok()
        {
            return;
        }
        self.phase.set(Phase::Closed);
    }

    /// Asks the worker.
    pub(crate) async fn call(self, call: Call) -> Result<Reply, Failure> {
        let engine = self.engine.with_value(Clone::clone);
        match engine {
            Some(engine) => engine.call(call).await,
            None => Err(not_running()),
        }
    }

    /// Asks the engine of the open account.
    pub(crate) async fn command(self, command: Command) -> Result<Answer, Failure> {
        let engine = self.engine.with_value(Clone::clone);
        match engine {
            Some(engine) => engine.command(command).await,
            None => Err(not_running()),
        }
    }

    /// Sends a command whose answer nobody waits for; a failure becomes the problem on screen.
    pub(crate) fn send(self, command: Command) {
        self.under_way.update_value(|count| *count += 1);
        leptos::task::spawn_local(async move {
            if let Err(failure) = self.command(command).await {
                pressure::heard(self, failure.code);
                self.problem.set(Some(failure));
            }
            self.under_way.update_value(|count| *count -= 1);
        });
    }

    /// The vaults as they are now.
    pub(crate) async fn read_vaults(self) {
        // What another tab erases at this moment cannot be read, and is gone a moment later.
        for pause in [500, 2_000, 0] {
            match self.call(Call::Vaults).await {
                Ok(Reply::Vaults(vaults)) => {
                    self.prefs.may_write.set(!vaults.is_empty());
                    self.vaults.set(vaults);
                    return;
                }
                Ok(_) => return,
                Err(failure) if pause == 0 => self.problem.set(Some(failure)),
                Err(_) => gloo_timers::future::TimeoutFuture::new(pause).await,
            }
        }
    }

    /// Makes an account and opens it.
    pub(crate) async fn create(self, name: String, keep: Keep) -> Result<(), Failure> {
        let reply = self.call(Call::Create { name, keep }).await?;
        self.opened(reply).await
    }

    /// Rebuilds an account and opens it.
    pub(crate) async fn restore(self, secret: SecretBytes, keep: Keep) -> Result<(), Failure> {
        let name = String::new();
        let reply = self.call(Call::Restore { secret, name, keep }).await?;
        self.restoring.set(Some(RestoreStep::Connecting));
        self.opened(reply).await
    }

    /// Opens a vault.
    pub(crate) async fn unlock(
        self,
        vault: VaultId,
        passphrase: Option<SecretBytes>,
        take_over: bool,
    ) -> Result<(), Failure> {
        let call = Call::Unlock {
            vault,
            passphrase,
            take_over,
        };
        let reply = self.call(call).await?;
        self.opened(reply).await
    }

    /// Shows the account that was opened.
    pub(crate) async fn opened(self, reply: Reply) -> Result<(), Failure> {
        let Reply::Opened { profile, vault } = reply else {
            return Err(not_running());
        };
        self.prefs
            .may_write
            .set(vault.is_some() || !self.vaults.with_untracked(Vec::is_empty));
        self.vault.set(vault);
        self.notifier.opened(self);
        // A new one is among them now.
        leptos::task::spawn_local(self.read_vaults());
        self.profile_told(profile);
        self.ended.set(None);
        self.receipt.set(None);
        self.erase_failed.set(None);
        self.problem.set(None);
        self.read_all().await;
        self.phase.set(Phase::Open);
        let wanted = self.wanted.get_untracked().unwrap_or(Route::Chats);
        self.wanted.set(None);
        // It may be a place of another account.
        let strange = wanted
            .conversation()
            .is_some_and(|id| untrack(|| self.conversation(id)).is_none());
        router::replace(self.route, if strange { Route::Chats } else { wanted });
        Ok(())
    }

    /// Reads what the first screens show. Failures show as empty lists and a problem.
    async fn read_all(self) {
        match self.command(Command::GetConversations).await {
            Ok(Answer::Conversations(list)) => {
                for one in list.iter().filter(|one| !one.note_to_self) {
                    self.pictures.told(&one.account_id, one.avatar);
                }
                self.conversations.set(Some(list));
            }
            Ok(_) => self.conversations.set(Some(Vec::new())),
            Err(failure) => {
                self.conversations.set(Some(Vec::new()));
                self.problem.set(Some(failure));
            }
        }
        if let Ok(Answer::Settings(settings)) = self.command(Command::GetSettings).await {
            self.settings.set(*settings);
        }
        if let Ok(Answer::Network(network)) = self.command(Command::GetNetwork).await {
            self.network_told(network);
        }
        if let Ok(Answer::Paths(paths)) = self.command(Command::GetPaths).await {
            self.paths.set(Some(paths));
        }
        super::lifecycle::tell(self);
    }

    /// Ends the session; a kept account can be unlocked again.
    pub(crate) async fn lock(self) {
        self.undo.act_now();
        self.parting.notify();
        // What was just decided and written is kept before the lock is; a store that hangs does not hold it up.
        for _ in 0..LOCK_PATIENCE {
            gloo_timers::future::TimeoutFuture::new(10).await;
            if self.under_way.get_value() == 0 {
                break;
            }
        }
        // Locking always succeeds: the worker is gone either way, and `Notice::Locked` follows.
        let _ = self.call(Call::Lock).await;
    }

    /// Destroys the open account on this device. `nodes`: of so many nodes that were asked before, so many confirmed.
    pub(crate) async fn burn(self, nodes: Option<(u32, u32)>) {
        let why = match untrack(|| self.is_temporary()) {
            true => Ended::Burnt,
            false => Ended::Erased,
        };
        let call = self.call(Call::Burn).await;
        self.erased(call, why, nodes).await;
    }

    /// Destroys a vault that is not open.
    pub(crate) async fn erase(self, vault: VaultId) {
        let call = self.call(Call::Erase { vault }).await;
        self.erased(call, Ended::Erased, None).await;
    }

    /// Destroys everything on this device.
    pub(crate) async fn erase_all(self) {
        let call = self.call(Call::EraseAll).await;
        self.erased(call, Ended::ErasedAll, None).await;
    }

    /// Tells what came of it where the person is now.
    async fn erased(self, call: Result<Reply, Failure>, why: Ended, nodes: Option<(u32, u32)>) {
        let (vaults, left) = match call {
            Ok(Reply::Erased { vaults, left }) => (vaults, left),
            Ok(_) => return self.erase_failed.set(Some(not_running())),
            Err(failure) => return self.erase_failed.set(Some(failure)),
        };
        self.erase_failed.set(None);
        let (swept, left) = match why {
            Ended::ErasedAll => {
                let swept = sweep::sweep().await;
                let left = database::names().await.len();
                (Some(swept), u32::try_from(left).unwrap_or(u32::MAX))
            }
            _ => (None, left),
        };
        self.receipt.set(Some(Receipt {
            at: js_sys::Date::now() as u64,
            vaults,
            left,
            swept,
            nodes,
        }));
        self.gone(why).await;
    }

    /// After an account was destroyed: what is left decides where the person lands.
    async fn gone(self, why: Ended) {
        self.ended.set(Some(why));
        self.read_vaults().await;
        let none_left = self.vaults.with_untracked(Vec::is_empty);
        if none_left {
            self.prefs.forget();
            super::notify::forget();
        }
        router::replace(
            self.route,
            if none_left {
                Route::Welcome
            } else {
                Route::Lock
            },
        );
        self.wanted.set(None);
    }

    /// Nothing of the open account is kept. Tracks the profile.
    pub(crate) fn is_temporary(self) -> bool {
        self.profile
            .with(|profile| profile.as_ref().is_some_and(|profile| profile.temporary))
    }

    /// A conversation of the list. Tracks the list.
    pub(crate) fn conversation(self, id: ConversationId) -> Option<Conversation> {
        self.conversations.with(|list| {
            list.as_ref()
                .and_then(|list| list.iter().find(|one| one.id == id).cloned())
        })
    }

    /// What somebody is called: "You", the name of their conversation, else a short ID. Tracks all of these.
    pub(crate) fn called(self, account_id: &str) -> String {
        let own = self.profile.with(|profile| {
            profile
                .as_ref()
                .is_some_and(|own| own.account_id == account_id)
        });
        if own {
            return text().you.to_owned();
        }
        let known = self.conversations.with(|list| {
            list.iter()
                .flatten()
                .find(|one| one.account_id == account_id)
                .map(name_of)
        });
        known.unwrap_or_else(|| short_id(account_id))
    }

    /// Opens the conversation with an ID and goes there.
    pub(crate) async fn start_conversation(self, account_id: String) -> Result<(), Failure> {
        if let Answer::Conversation(conversation) = self
            .command(Command::StartConversation { account_id })
            .await?
        {
            let id = conversation.id;
            self.upsert_conversation(*conversation);
            router::go(Route::Conversation(id));
        }
        Ok(())
    }

    fn notice(self, notice: Notice) {
        match notice {
            Notice::Event(event) => self.event(event),
            Notice::Locked => self.session_ended(None),
            Notice::Superseded => self.session_ended(Some(Ended::Superseded)),
            Notice::Erased => self.session_ended(Some(Ended::ErasedElsewhere)),
            Notice::Restarted => {
                let was_open = self.profile.with_untracked(Option::is_some);
                let temporary = was_open && self.vault.with_untracked(Option::is_none);
                if was_open {
                    self.session_ended(Some(if temporary {
                        Ended::TemporaryLost
                    } else {
                        Ended::Restarted
                    }));
                }
            }
            Notice::Outdated => self.unusable(Unusable::Outdated),
            Notice::Broken => self.unusable(Unusable::Broken),
        }
    }

    fn unusable(self, why: Unusable) {
        self.forget_session();
        self.phase.set(Phase::Unusable(why));
    }

    /// Nothing decrypted stays on the page.
    fn session_ended(self, why: Option<Ended>) {
        self.forget_session();
        self.ended.set(why);
        if why == Some(Ended::TemporaryLost) {
            router::replace(self.route, Route::Chats);
        }
        self.phase.set(Phase::Closed);
        leptos::task::spawn_local(async move { self.read_vaults().await });
    }

    fn forget_session(self) {
        self.pictures.clear();
        self.notifier.clear();
        self.sync.set(None);
        self.leaving.update(SortedSet::clear);
        self.estimate.set(None);
        self.pressure.set(Pressure::None);
        self.full_until.set_value(0.0);
        self.phrase_open.set(false);
        self.comparing.set(None);
        self.muting.set(None);
        self.asking_notify.set(false);
        self.filing.set(None);
        self.burn_open.set(false);
        self.labelling.set(None);
        self.palette_open.set(false);
        self.shortcuts_open.set(false);
        self.timeline.forget();
        self.media.forget();
        self.announcer.clear();
        self.profile.set(None);
        self.vault.set(None);
        self.conversations.set(None);
        self.network.set(silent_network());
        self.network_since.set(None);
        self.report.set(None);
        self.paths.set(None);
        self.paths_renewed.set(None);
        self.restoring.set(None);
        self.problem.set(None);
        self.toast.set(None);
        self.undo.take_back();
        self.menu.close();
        self.emojis.forget();
        self.settings.set(Settings::default());
        self.typing.update(SortedSet::clear);
        self.wanted.set(None);
    }

    fn event(self, event: Event) {
        match event {
            Event::Conversation(conversation) => self.upsert_conversation(*conversation),
            Event::ConversationRemoved(id) => {
                self.notifier.close(id);
                self.conversations.update(|list| {
                    if let Some(list) = list {
                        list.retain(|one| one.id != id);
                    }
                });
                if self.route.with_untracked(|route| route.conversation()) == Some(id) {
                    router::replace(self.route, Route::Chats);
                }
            }
            Event::Message(message) => {
                self.announcer.heard(self, &message);
                self.announcer.sent(&message);
                self.media.settled(&message.attachments);
                if message.kind == MessageKind::Deleted {
                    self.notifier
                        .removed(self, message.conversation, message.id);
                }
                self.timeline.upsert(*message);
            }
            Event::MessageRemoved {
                conversation,
                message,
            } => {
                self.notifier.removed(self, conversation, message);
                self.timeline.remove(conversation, message);
            }
            Event::Profile(profile) => self.profile_told(profile),
            Event::Network(network) => self.network_told(network),
            Event::Paths(paths) => self.paths.set(Some(paths)),
            Event::Restore(RestoreStep::Done) => self.restoring.set(None),
            Event::Restore(step) => self.restoring.set(Some(step)),
            Event::File { file, state } => self.media.told(file, state),
            Event::Typing {
                conversation,
                active,
            } => self.typing.update(|typing| {
                if active {
                    typing.insert(conversation);
                } else {
                    typing.remove(&conversation);
                }
            }),
            Event::Settings(settings) => self.settings.set(*settings),
            Event::Notify {
                conversation,
                message,
            } => self.notifier.told(self, conversation, message),
            Event::Sync(sync) => self.sync.set(Some(sync)),
            Event::Problem(failure) => {
                pressure::heard(self, failure.code);
                self.problem.set(Some(failure));
            }
        }
    }

    fn profile_told(self, profile: Profile) {
        self.pictures.told(&profile.account_id, profile.avatar);
        self.profile.set(Some(profile));
    }

    fn network_told(self, network: NetworkStatus) {
        let same = self.network.with_untracked(|before| before.state) == network.state;
        if !same || self.network_since.with_untracked(Option::is_none) {
            self.network_since.set(Some(js_sys::Date::now() as u64));
        }
        self.network.set(network);
    }

    /// Reads the report of the network page anew. What cannot be read stays as it was.
    pub(crate) async fn read_report(self) {
        if let Ok(Answer::NetworkReport(report)) = self.command(Command::GetNetworkReport).await {
            self.report.set(Some(report));
        }
    }

    /// Changes something about a conversation; what came of it follows as an event.
    pub(crate) fn change(self, conversation: ConversationId, change: ConversationChange) {
        self.send(Command::ChangeConversation {
            conversation,
            change,
        });
    }

    /// Changes what the person chose.
    pub(crate) async fn change_settings(
        self,
        change: impl FnOnce(&mut Settings),
    ) -> Result<(), Failure> {
        let choosing = self.choosing.get_value();
        let _choosing = choosing.next().await;
        let Answer::Settings(settings) = self.command(Command::GetSettings).await? else {
            return Err(not_running());
        };
        let mut settings = *settings;
        change(&mut settings);
        self.command(Command::SetSettings(settings.clone())).await?;
        self.settings.set(settings);
        Ok(())
    }

    /// What is chosen about the network.
    pub(crate) async fn network_settings(self) -> Result<NetworkSettings, Failure> {
        match self.command(Command::GetNetworkSettings).await? {
            Answer::NetworkSettings(settings) => Ok(settings),
            _ => Err(not_running()),
        }
    }

    /// Changes what is chosen about the network; gives what is chosen now.
    pub(crate) async fn change_network_settings(
        self,
        change: impl FnOnce(&mut NetworkSettings),
    ) -> Result<NetworkSettings, Failure> {
        let choosing = self.choosing.get_value();
        let _choosing = choosing.next().await;
        let mut settings = self.network_settings().await?;
        change(&mut settings);
        self.command(Command::SetNetworkSettings(settings.clone()))
            .await?;
        self.read_report().await;
        Ok(settings)
    }

    /// A conversation is new or changed.
    pub(crate) fn upsert_conversation(self, conversation: Conversation) {
        if !conversation.note_to_self {
            self.pictures
                .told(&conversation.account_id, conversation.avatar);
        }
        if conversation.unread == 0 {
            self.notifier.close(conversation.id);
        }
        self.conversations.update(|list| {
            let list = list.get_or_insert_default();
            list.retain(|one| one.id != conversation.id);
            let newest_first = |one: &Conversation| std::cmp::Reverse((one.active_at, one.id));
            let at = list.partition_point(|one| newest_first(one) < newest_first(&conversation));
            list.insert(at, conversation);
        });
    }
}

/// Before the engine told anything.
fn silent_network() -> NetworkStatus {
    NetworkStatus {
        state: ConnectionState::Connecting,
        problem: None,
        last_success: None,
        nodes: 0,
        swarm: 0,
        clock_offset: 0,
        queued: 0,
        attempts: 0,
    }
}

fn not_running() -> Failure {
    Failure {
        code: ErrorCode::Internal,
        number: None,
        detail: "the engine is not running".into(),
    }
}
