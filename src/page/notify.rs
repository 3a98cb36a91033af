//! Notifications, the count in the title and on the app's icon (screens 19). One notification per conversation, replaced by
//! the next; it says as much as the person chose and goes when the conversation is read, here or elsewhere.

use super::listing::is_request;
use super::mentions::named;
use super::prefs::Badge;
use super::router::{Route, go};
use super::sound;
use super::state::App;
use super::text::name_of;
use crate::i18n::{count, text};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, Conversation, ConversationId, MessageId, NotifyDetail, Settings,
};
use onionskin_protocol::sorted::SortedMap;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

/// What is told of a conversation.
#[derive(Default)]
struct Told {
    /// Messages of which it tells.
    messages: Vec<MessageId>,
    /// On screen, once its words are known.
    shown: Option<Shown>,
}

/// A notification on screen.
struct Shown {
    notification: Notification,
    _on_click: Closure<dyn FnMut()>,
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

impl Notifier {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new_local(SortedMap::new()))
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
                all.entry(about.id).or_default().messages.push(message);
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
        if self.messages(about.id) == messages {
            self.put(about.id, &title, &body, neutral, &messages);
        }
    }

    fn put(
        self,
        id: ConversationId,
        title: &str,
        body: &str,
        neutral: bool,
        messages: &[MessageId],
    ) {
        let options = NotificationOptions::new();
        options.set_body(body);
        options.set_tag(&hex::encode(id.0));
        options.set_icon(mark(neutral));
        options.set_silent(Some(true));
        // Some browsers refuse notifications outside a service worker; the count in the title remains.
        let Ok(notification) = Notification::new_with_options(title, &options) else {
            return;
        };
        // Of several the conversation shows the first unread one by itself.
        let route = match messages {
            [message] => Route::At(id, *message),
            _ => Route::Conversation(id),
        };
        let on_click = Closure::<dyn FnMut()>::new(move || {
            // A window that may not come to the front is found by the person.
            let _ = window().focus();
            go(route);
        });
        notification.set_onclick(Some(on_click.as_ref().unchecked_ref()));
        self.0.update_value(|all| {
            all.entry(id).or_default().shown = Some(Shown {
                notification,
                _on_click: on_click,
            });
        });
    }

    /// Shows what a notification looks like; false: this browser shows none to a page.
    pub(crate) fn test(self, app: App) -> bool {
        let neutral = app.prefs.neutral.get_untracked();
        let options = NotificationOptions::new();
        options.set_body(text().notify_test);
        options.set_tag("test");
        options.set_icon(mark(neutral));
        Notification::new_with_options(product(neutral), &options).is_ok()
    }

    /// The conversation was read, or is gone.
    pub(crate) fn close(self, id: ConversationId) {
        let told = self.0.try_update_value(|all| all.remove(&id)).flatten();
        if let Some(shown) = told.and_then(|told| told.shown) {
            shown.notification.close();
        }
    }

    /// Nothing of the session stays on screen.
    pub(crate) fn clear(self) {
        let all = self.0.try_update_value(std::mem::take).unwrap_or_default();
        for shown in all.into_values().filter_map(|told| told.shown) {
            shown.notification.close();
        }
    }
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

/// Keeps the title and the badge of the app's icon true. Neither says more than a number.
pub(crate) fn follow(app: App) {
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
