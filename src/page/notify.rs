//! Notifications, the count in the title and on the app's icon (screens 19). One notification per conversation, replaced by
//! the next; it says as much as the person chose and goes when the conversation is read, here or elsewhere. Where an account is
//! kept, they are shown through the service worker and can be answered; else the page shows them by itself.

mod worker;

use super::chat::add_to_draft;
use super::listing::is_request;
use super::mentions::named;
use super::prefs::Badge;
use super::router::{Route, go};
use super::screens::actions;
use super::sound;
use super::state::{App, Phase};
use super::text::name_of;
use crate::i18n::{count, text};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, Conversation, ConversationChange, ConversationId, Failure, MessageId,
    NotifyDetail, Settings,
};
use onionskin_protocol::sorted::SortedMap;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;
use web_sys::{Notification, NotificationOptions, NotificationPermission};
use worker::{Choice, Chosen};

/// What is told of a conversation.
struct Told {
    /// Names the conversation to the system: drawn for this notification, and known to nobody once it is gone.
    tag: String,
    /// Messages of which it tells.
    messages: Vec<MessageId>,
    /// On screen, once its words are known.
    shown: Option<Shown>,
}

/// A notification on screen.
enum Shown {
    /// Shown by the page, with what its press does.
    Page(Notification, #[allow(dead_code)] Closure<dyn FnMut()>),
    /// Shown through the service worker.
    Worker,
}

/// What is told, by conversation.
#[derive(Clone, Copy)]
pub(crate) struct Notifier(StoredValue<SortedMap<ConversationId, Told>, LocalStorage>);

/// What the browser allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    Yes,
    /// It would ask.
    Ask,
    No,
    /// It has no notifications.
    Missing,
}

/// What the browser allows at the moment.
pub(crate) fn allowed() -> Allowed {
    let has = js_sys::Reflect::has(&window(), &JsValue::from_str("Notification"));
    if has != Ok(true) {
        return Allowed::Missing;
    }
    match Notification::permission() {
        NotificationPermission::Granted => Allowed::Yes,
        NotificationPermission::Denied => Allowed::No,
        _ => Allowed::Ask,
    }
}

/// Asks the browser; needs a gesture of the person.
pub(crate) async fn ask() -> Allowed {
    if allowed() == Allowed::Ask
        && let Ok(asked) = Notification::request_permission()
    {
        // Whatever came of it is read below.
        let _ = wasm_bindgen_futures::JsFuture::from(asked).await;
    }
    allowed()
}

/// How long nobody is asked again who did not want to be (ms).
const ASK_AGAIN_MS: f64 = 30.0 * 24.0 * 3_600_000.0;
const HOUR_MS: u64 = 3_600_000;

/// Nobody was asked lately whether they want notifications. Tracks that.
pub(crate) fn may_ask(app: App) -> bool {
    app.prefs.asked.get() + ASK_AGAIN_MS < js_sys::Date::now()
}

/// How the permission is changed where it was refused, in the browser at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Browser {
    Chromium,
    Firefox,
    Safari,
    /// Any browser of an iPhone or iPad.
    Ios,
    Other,
}

impl Browser {
    /// By its name: what it says about itself is the only way to tell where its settings lie.
    fn of(agent: &str, touch: bool) -> Self {
        let says = |word: &str| agent.contains(word);
        if says("iPhone") || says("iPad") || says("Macintosh") && touch {
            Self::Ios
        } else if says("Firefox/") {
            Self::Firefox
        } else if says("Chrome/") {
            Self::Chromium
        } else if says("Safari/") {
            Self::Safari
        } else {
            Self::Other
        }
    }

    pub(crate) fn here() -> Self {
        let navigator = window().navigator();
        let agent = navigator.user_agent().unwrap_or_default();
        Self::of(&agent, navigator.max_touch_points() > 1)
    }
}

/// What is said where the browser has no notifications.
pub(crate) fn missing() -> &'static str {
    let t = text();
    if Browser::here() == Browser::Ios {
        t.x6_missing_ios
    } else {
        t.x6_missing
    }
}

/// How a refusal is taken back in this browser.
pub(crate) fn how_to_allow() -> &'static str {
    let t = text();
    match Browser::here() {
        Browser::Chromium => t.x6_allow_chromium,
        Browser::Firefox => t.x6_allow_firefox,
        Browser::Safari => t.x6_allow_safari,
        Browser::Ios => t.x6_allow_ios,
        Browser::Other => t.x6_allow_other,
    }
}

/// The first part of every tag of an account: nothing else may be under it. Names of databases tell as much.
fn account(app: App) -> String {
    let vault = app.vault.get_untracked();
    vault.map(|vault| vault.to_hex()).unwrap_or_default()
}

fn new_tag(app: App) -> String {
    let random = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{}-{:08x}{:08x}", account(app), random(), random())
}

impl Notifier {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new_local(SortedMap::new()))
    }

    /// An account was opened: what a page that died has left on screen leads nowhere.
    pub(crate) fn opened(self, app: App) {
        if app.vault.get_untracked().is_some() {
            let account = account(app);
            leptos::task::spawn_local(worker::close(move |tag| tag.starts_with(&account)));
        }
    }

    /// The engine says that something came that the person may want to be told of.
    pub(crate) fn told(self, app: App, conversation: ConversationId, message: MessageId) {
        let settings = app.settings.get_untracked();
        let Some(about) = untrack(|| app.conversation(conversation)) else {
            return;
        };
        let looked_at = app.visible.get_untracked()
            && document().has_focus().unwrap_or(false)
            && app.timeline.open.get_untracked() == Some(conversation);
        let request = is_request(&about);
        if !settings.notifications || looked_at || request && !settings.notify_requests {
            return;
        }
        let (day, minute) = now();
        if !is_quiet(&settings, day, minute) {
            self.tell(app, about, message);
        } else if settings.quiet_mentions && about.mentions > 0 {
            leptos::task::spawn_local(async move {
                let named = app.command(Command::GetMessage { message }).await;
                if matches!(named, Ok(Answer::Message(message)) if message.mentions_me) {
                    self.tell(app, about, message);
                }
            });
        }
    }

    fn tell(self, app: App, about: Conversation, message: MessageId) {
        let settings = app.settings.get_untracked();
        if !is_request(&about) {
            sound::play(settings.sound, settings.volume);
        }
        if allowed() == Allowed::Yes {
            // At once: what comes while its words are looked up is counted, what is read meanwhile is not told.
            self.0.update_value(|all| {
                let new = || Told {
                    tag: new_tag(app),
                    messages: Vec::new(),
                    shown: None,
                };
                all.entry(about.id)
                    .or_insert_with(new)
                    .messages
                    .push(message);
            });
            leptos::task::spawn_local(self.show(app, about));
        }
    }

    /// Messages that the notification of a conversation stands for.
    fn messages(self, conversation: ConversationId) -> Vec<MessageId> {
        self.0.with_value(|all| {
            all.get(&conversation)
                .map(|one| one.messages.clone())
                .unwrap_or_default()
        })
    }

    /// A message is gone: nothing tells of it any more.
    pub(crate) fn removed(self, app: App, conversation: ConversationId, message: MessageId) {
        if !self.messages(conversation).contains(&message) {
            return;
        }
        self.0.update_value(|all| {
            if let Some(told) = all.get_mut(&conversation) {
                told.messages.retain(|one| *one != message);
            }
        });
        match untrack(|| app.conversation(conversation)) {
            Some(about) if !self.messages(conversation).is_empty() => {
                leptos::task::spawn_local(self.show(app, about));
            }
            _ => self.close(conversation),
        }
    }

    async fn show(self, app: App, about: Conversation) {
        let t = text();
        let messages = self.messages(about.id);
        let neutral = app.prefs.neutral.get_untracked();
        let detail = app
            .settings
            .with_untracked(|settings| settings.notify_detail);
        let request = is_request(&about);
        let title = match detail {
            _ if request => t.notify_request.to_owned(),
            NotifyDetail::Nothing => product(neutral).to_owned(),
            NotifyDetail::Name | NotifyDetail::NameAndText => name_of(&about),
        };
        let counted = || count(&t.notify_messages, messages.len() as u64);
        let body = match messages.as_slice() {
            _ if request => String::new(),
            [message] if detail == NotifyDetail::NameAndText => {
                let command = Command::GetMessage { message: *message };
                match app.command(command).await {
                    Ok(Answer::Message(message)) if !message.text.is_empty() => {
                        untrack(|| named(app, &message.text))
                    }
                    Ok(_) => counted(),
                    // It went while it was asked for.
                    Err(_) => return,
                }
            }
            _ => counted(),
        };
        let wanted = move || self.messages(about.id) == messages;
        if !wanted() {
            return;
        }
        let Some(tag) = self.tag(about.id) else {
            return;
        };
        let plain = || {
            let options = options(&body, &tag, neutral);
            options.set_silent(Some(true));
            options
        };
        if app.vault.get_untracked().is_some() {
            let with = plain();
            if !request {
                // Whoever answers has to see whom.
                let reply = app.prefs.reply.get_untracked() && detail != NotifyDetail::Nothing;
                worker::offer(&with, t, reply && !about.blocked);
            }
            self.set_shown(about.id, Shown::Worker);
            if worker::show(&title, &with, &wanted).await {
                if !wanted() && self.tag(about.id).as_ref() != Some(&tag) {
                    // Read, removed or locked just now.
                    worker::close(|one| one == tag).await;
                }
                return;
            }
        }
        if wanted() {
            self.put(about.id, &title, &plain());
        }
    }

    /// Shows it without the service worker.
    fn put(self, id: ConversationId, title: &str, options: &NotificationOptions) {
        // Some browsers refuse notifications outside a service worker; the count in the title remains.
        let Ok(notification) = Notification::new_with_options(title, options) else {
            return;
        };
        let route = self.route(id);
        let on_click = Closure::<dyn FnMut()>::new(move || {
            // A window that may not come to the front is found by the person.
            let _ = window().focus();
            go(route);
        });
        notification.set_onclick(Some(on_click.as_ref().unchecked_ref()));
        self.set_shown(id, Shown::Page(notification, on_click));
    }

    fn set_shown(self, id: ConversationId, shown: Shown) {
        self.0.update_value(|all| {
            if let Some(told) = all.get_mut(&id) {
                told.shown = Some(shown);
            }
        });
    }

    fn tag(self, id: ConversationId) -> Option<String> {
        self.0
            .with_value(|all| all.get(&id).map(|told| told.tag.clone()))
    }

    /// Where the notification of a conversation leads.
    fn route(self, id: ConversationId) -> Route {
        // Of several the conversation shows the first unread one by itself.
        match self.messages(id).as_slice() {
            [message] => Route::At(id, *message),
            _ => Route::Conversation(id),
        }
    }

    /// Something was chosen on a notification that the service worker shows. `None`: it is none of this page. Else whether
    /// the page wants to come to the front.
    fn chosen(self, app: App, Chosen { tag, what }: Chosen) -> Option<bool> {
        if app.phase.get_untracked() != Phase::Open {
            return None;
        }
        let id = self.0.with_value(|all| {
            let mut all = all.iter();
            all.find(|(_, told)| told.tag == tag).map(|(id, _)| *id)
        })?;
        let about = untrack(|| app.conversation(id))?;
        let front = what == Choice::Open;
        match what {
            Choice::Open => go(self.route(id)),
            Choice::Read => actions::read(app, &about, true),
            Choice::Mute => {
                let until = actions::network_now(app) + HOUR_MS;
                app.change(id, ConversationChange::MutedUntil(Some(until)));
            }
            Choice::Reply(said) => leptos::task::spawn_local(async move {
                match answer(app, id, said).await {
                    Ok(()) => actions::read(app, &about, true),
                    Err(failure) => app.problem.set(Some(failure)),
                }
            }),
        }
        self.close(id);
        Some(front)
    }

    /// Shows what a notification looks like; false: this browser shows none.
    pub(crate) async fn test(self, app: App) -> bool {
        let neutral = app.prefs.neutral.get_untracked();
        let tag = format!("{}-test", account(app));
        let options = options(text().notify_test, &tag, neutral);
        let kept = app.vault.get_untracked().is_some();
        kept && worker::show(product(neutral), &options, || true).await
            || Notification::new_with_options(product(neutral), &options).is_ok()
    }

    /// The conversation was read, or is gone.
    pub(crate) fn close(self, id: ConversationId) {
        let told = self.0.try_update_value(|all| all.remove(&id)).flatten();
        if let Some(told) = told {
            take_away([told]);
        }
    }

    /// Nothing of the session stays on screen.
    pub(crate) fn clear(self) {
        let all = self.0.try_update_value(std::mem::take).unwrap_or_default();
        take_away(all.into_values());
    }
}

fn options(body: &str, tag: &str, neutral: bool) -> NotificationOptions {
    let options = NotificationOptions::new();
    options.set_body(body);
    options.set_tag(tag);
    options.set_icon(picture(neutral));
    options
}

fn take_away(told: impl IntoIterator<Item = Told>) {
    let mut tags = Vec::new();
    for told in told {
        match told.shown {
            Some(Shown::Page(notification, _)) => notification.close(),
            Some(Shown::Worker) => tags.push(told.tag),
            None => {}
        }
    }
    if !tags.is_empty() {
        leptos::task::spawn_local(worker::close(move |tag| tags.iter().any(|one| one == tag)));
    }
}

/// No account is left on this device.
pub(crate) fn forget() {
    leptos::task::spawn_local(worker::forget());
}

/// Sends what was typed beside a notification. What cannot be sent waits in the composer.
async fn answer(app: App, conversation: ConversationId, said: String) -> Result<(), Failure> {
    let send = Command::Send {
        conversation,
        text: said.clone(),
        reply_to: None,
        files: Vec::new(),
    };
    let sent = app.command(send).await;
    if sent.is_err() {
        add_to_draft(app, conversation, said, None).await;
    }
    sent.map(drop)
}

/// Conversations with something new, and the new messages in them; requests left out.
fn waiting(app: App) -> (usize, usize) {
    app.conversations.with(|list| {
        let new = |one: &&Conversation| {
            (one.unread > 0 || one.marked_unread) && !is_request(one) && !one.archived
        };
        let new = list.iter().flatten().filter(new);
        // What a person marked as unread has at least one.
        new.fold((0, 0), |(conversations, messages), one| {
            (conversations + 1, messages + one.unread.max(1) as usize)
        })
    })
}

/// Hears what is chosen on notifications, and keeps the title and the badge of the app's icon true. Neither says more than a
/// number.
pub(crate) fn follow(app: App) {
    worker::listen(move |chosen| app.notifier.chosen(app, chosen));
    // What the system shows outlives the page, but leads nowhere without it.
    let leaving = window_event_listener(leptos::ev::pagehide, move |_| app.notifier.clear());
    on_cleanup(move || leaving.remove());
    let waiting = Memo::new(move |_| waiting(app));
    Effect::new(move |_| {
        let neutral = app.prefs.neutral.get();
        let name = product(neutral);
        let title = match waiting.get().0 {
            0 => name.to_owned(),
            n => format!("({n}) {name}"),
        };
        document().set_title(&title);
        icon(neutral);
    });
    Effect::new(move |_| {
        let (conversations, messages) = waiting.get();
        badge(match app.prefs.badge.get() {
            Badge::Conversations => conversations,
            Badge::Messages => messages,
            Badge::Off => 0,
        });
    });
}

/// What the app is called.
fn product(neutral: bool) -> &'static str {
    let t = text();
    if neutral { t.neutral_title } else { t.product }
}

/// Its icon.
const fn mark(neutral: bool) -> &'static str {
    if neutral {
        "/icons/plain.svg"
    } else {
        "/icons/mark.svg"
    }
}

/// Its icon beside a notification; not every system draws the other form.
const fn picture(neutral: bool) -> &'static str {
    if neutral {
        "/icons/plain.svg"
    } else {
        "/icons/mark-192.png"
    }
}

/// The icon of the tab: ours, or a blank page.
fn icon(neutral: bool) {
    let address = mark(neutral);
    if let Ok(Some(link)) = document().query_selector("link[rel='icon']") {
        // The name of the attribute is a valid one, which is all that can be refused.
        let _ = link.set_attribute("href", address);
    }
}

/// `navigator.setAppBadge`, where there is one.
fn badge(n: usize) {
    let navigator = window().navigator();
    let call = |name: &str, argument: Option<f64>| {
        let function = js_sys::Reflect::get(&navigator, &JsValue::from_str(name))
            .ok()?
            .dyn_into::<js_sys::Function>()
            .ok()?;
        match argument {
            Some(n) => function.call1(&navigator, &n.into()),
            None => function.call0(&navigator),
        }
        .ok()
    };
    let promise = if n > 0 {
        call("setAppBadge", Some(n as f64))
    } else {
        call("clearAppBadge", None)
    };
    if let Some(promise) = promise.and_then(|value| value.dyn_into::<js_sys::Promise>().ok()) {
        leptos::task::spawn_local(async move {
            // An app that is not installed has no icon to mark.
            let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
        });
    }
}

/// The day of the week, 0 for Monday, and the minute of the day.
fn now() -> (u8, u16) {
    let now = js_sys::Date::new_0();
    let minute = now.get_hours() * 60 + now.get_minutes();
    (((now.get_day() + 6) % 7) as u8, minute as u16)
}

/// Quiet hours may span midnight; then the morning belongs to the day before.
fn is_quiet(settings: &Settings, day: u8, minute: u16) -> bool {
    let begin_on = |day: u8| settings.quiet_days >> (day % 7) & 1 == 1;
    match settings.quiet_hours {
        None => false,
        Some((from, to)) if from < to => (from..to).contains(&minute) && begin_on(day),
        Some((from, to)) => minute >= from && begin_on(day) || minute < to && begin_on(day + 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_span_midnight() {
        let quiet = |from, to, minute| {
            let settings = Settings {
                quiet_hours: Some((from, to)),
                ..Settings::default()
            };
            is_quiet(&settings, 0, minute)
        };
        assert!(quiet(22 * 60, 7 * 60, 23 * 60));
        assert!(quiet(22 * 60, 7 * 60, 60));
        assert!(!quiet(22 * 60, 7 * 60, 12 * 60));
        assert!(quiet(60, 120, 60) && !quiet(60, 120, 120));
        assert!(!is_quiet(&Settings::default(), 0, 0));
    }

    #[test]
    fn browsers_are_told_apart_by_what_they_say() {
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let safari = format!("{mac} Version/18.0 Safari/605.1.15");
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Safari/604.1";
        assert_eq!(Browser::of(&safari, false), Browser::Safari);
        assert_eq!(Browser::of(&safari, true), Browser::Ios);
        assert_eq!(Browser::of(chrome, true), Browser::Chromium);
        assert_eq!(Browser::of(firefox, false), Browser::Firefox);
        assert_eq!(Browser::of(phone, true), Browser::Ios);
        assert_eq!(Browser::of("", false), Browser::Other);
    }

    #[test]
    fn quiet_hours_begin_on_their_days_only() {
        // Saturday and Sunday.
        let settings = |from, to| Settings {
            quiet_hours: Some((from, to)),
            quiet_days: 0b110_0000,
            ..Settings::default()
        };
        let night = settings(22 * 60, 7 * 60);
        assert!(is_quiet(&night, 5, 23 * 60) && !is_quiet(&night, 4, 23 * 60));
        assert!(is_quiet(&night, 0, 60) && !is_quiet(&night, 5, 60));
        let day = settings(60, 120);
        assert!(is_quiet(&day, 6, 90) && !is_quiet(&day, 0, 90));
    }
}
