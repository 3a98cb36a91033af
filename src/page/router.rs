//! Routes after the `#` (screens 2.1): nothing of them reaches the host, and they hold only random local names.
//!
//! An invitation carries an Account ID, so it is taken out of the address and the history before anything renders.

use leptos::prelude::*;
use onionskin_client::api::{ConversationId, MessageId};
use wasm_bindgen::JsValue;

/// A place in the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Welcome,
    Create,
    Restore,
    /// From a backup.
    RestoreFile,
    Temporary,
    Lock,
    Chats,
    Archive,
    Requests,
    Conversation(ConversationId),
    /// All files of a conversation.
    Media(ConversationId),
    /// A conversation at one of its messages.
    At(ConversationId, MessageId),
    /// A conversation with the bar that finds something in it.
    Find(ConversationId),
    Details(ConversationId),
    Search,
    Starred,
    Mentions,
    New,
    Network,
    Path,
    Settings,
    NetworkSettings,
    Privacy,
    Notifications,
    Devices,
    Storage,
    Erase,
}

/// The route of an address, and the invitation that was in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub route: Option<Route>,
    pub invitation: Option<String>,
}

impl Route {
    /// The text after the `#`, with it.
    pub(crate) fn href(self) -> String {
        match self {
            Self::Welcome => "#/welcome".into(),
            Self::Create => "#/create".into(),
            Self::Restore => "#/restore".into(),
            Self::RestoreFile => "#/restore/file".into(),
            Self::Temporary => "#/temporary".into(),
            Self::Lock => "#/lock".into(),
            Self::Chats => "#/chats".into(),
            Self::Archive => "#/archive".into(),
            Self::Requests => "#/requests".into(),
            Self::Conversation(id) => format!("#/c/{}", base32(&id.0)),
            Self::Media(id) => format!("#/c/{}/media", base32(&id.0)),
            Self::At(id, message) => {
                format!("#/c/{}/at/{}", base32(&id.0), base32(&message.0))
            }
            Self::Find(id) => format!("#/c/{}/find", base32(&id.0)),
            Self::Details(id) => format!("#/c/{}/details", base32(&id.0)),
            Self::Search => "#/search".into(),
            Self::Starred => "#/starred".into(),
            Self::Mentions => "#/mentions".into(),
            Self::New => "#/new".into(),
            Self::Network => "#/network".into(),
            Self::Path => "#/network/path".into(),
            Self::Settings => "#/settings".into(),
            Self::NetworkSettings => "#/settings/network".into(),
            Self::Privacy => "#/settings/privacy".into(),
            Self::Notifications => "#/settings/notifications".into(),
            Self::Devices => "#/settings/devices".into(),
            Self::Storage => "#/settings/storage".into(),
            Self::Erase => "#/settings/erase".into(),
        }
    }

    /// Reads an address; unknown ones give no route.
    pub(crate) fn parse(hash: &str) -> Parsed {
        let path = hash
            .trim_start_matches('#')
            .trim_matches('/')
            .split('?')
            .next()
            .unwrap_or("");
        let mut parts = path.splitn(2, '/');
        let head = parts.next().unwrap_or("");
        let rest = parts.next();
        let route = match (head, rest) {
            ("invite", Some(payload)) => {
                return Parsed {
                    route: Some(Self::New),
                    invitation: Some(payload.to_owned()),
                };
            }
            ("welcome", None) => Some(Self::Welcome),
            ("create", None) => Some(Self::Create),
            ("restore", None) => Some(Self::Restore),
            ("restore", Some("file")) => Some(Self::RestoreFile),
            ("temporary", None) => Some(Self::Temporary),
            ("lock", None) => Some(Self::Lock),
            ("chats", None) => Some(Self::Chats),
            ("archive", None) => Some(Self::Archive),
            ("requests", None) => Some(Self::Requests),
            ("search", None) => Some(Self::Search),
            ("starred", None) => Some(Self::Starred),
            ("mentions", None) => Some(Self::Mentions),
            ("c", Some(rest)) => in_conversation(rest),
            ("new", None) => Some(Self::New),
            ("network", None) => Some(Self::Network),
            ("network", Some("path")) => Some(Self::Path),
            ("settings", Some("network")) => Some(Self::NetworkSettings),
            ("settings", Some("privacy")) => Some(Self::Privacy),
            ("settings", Some("notifications")) => Some(Self::Notifications),
            ("settings", Some("devices")) => Some(Self::Devices),
            ("settings", Some("storage")) => Some(Self::Storage),
            ("settings", Some("erase")) => Some(Self::Erase),
            ("settings", _) => Some(Self::Settings),
            _ => None,
        };
        Parsed {
            route,
            invitation: None,
        }
    }

    /// The conversation that is on screen.
    pub(crate) fn conversation(self) -> Option<ConversationId> {
        match self {
            Self::Conversation(id)
            | Self::At(id, _)
            | Self::Find(id)
            | Self::Details(id)
            | Self::Media(id) => Some(id),
            _ => None,
        }
    }

    /// Only an open account can show it.
    pub(crate) fn needs_account(self) -> bool {
        !matches!(
            self,
            Self::Welcome
                | Self::Create
                | Self::Restore
                | Self::RestoreFile
                | Self::Temporary
                | Self::Lock
                | Self::Network
                | Self::Path
        )
    }
}

/// What stands behind `c/`.
fn in_conversation(rest: &str) -> Option<Route> {
    let mut parts = rest.split('/');
    let id = ConversationId(from_base32(parts.next()?)?);
    Some(match (parts.next(), parts.next()) {
        (Some("details"), None) => Route::Details(id),
        (Some("media"), None) => Route::Media(id),
        (Some("find"), None) => Route::Find(id),
        (Some("at"), Some(message)) => Route::At(id, MessageId(from_base32(message)?)),
        _ => Route::Conversation(id),
    })
}

/// Follows the address bar. `invited` gets what an invitation carried.
pub(crate) fn follow(route: RwSignal<Route>, invited: RwSignal<Option<String>>) {
    let read = move || {
        let parsed = Route::parse(&hash());
        if let Some(payload) = parsed.invitation {
            rewrite(Route::New);
            invited.set(Some(payload));
        }
        let next = parsed.route.unwrap_or(Route::Chats);
        if route.get_untracked() != next {
            route.set(next);
        }
    };
    read();
    let handle = window_event_listener(leptos::ev::hashchange, move |_| read());
    on_cleanup(move || handle.remove());
}

/// Goes to a place, with an entry in the history.
pub(crate) fn go(route: Route) {
    // Setting the hash of an own page cannot fail.
    let _ = window()
        .location()
        .set_hash(route.href().trim_start_matches('#'));
}

/// Goes to a place in the stead of the present one.
pub(crate) fn replace(signal: RwSignal<Route>, route: Route) {
    rewrite(route);
    if signal.get_untracked() != route {
        signal.set(route);
    }
}

/// The address changes, the history does not grow.
fn rewrite(route: Route) {
    if let Ok(history) = window().history() {
        // Browsers limit how often; the route itself is kept by the caller.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&route.href()));
    }
}

fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// 16 bytes as 26 characters, most significant bit first.
fn base32(bytes: &[u8; 16]) -> String {
    let number = u128::from_be_bytes(*bytes);
    // 26 · 5 = 130 bit: the last character carries three bits.
    (0..26)
        .map(|at| {
            let index = if at < 25 {
                (number >> (123 - 5 * at)) & 31
            } else {
                (number << 2) & 31
            };
            char::from(ALPHABET[index as usize])
        })
        .collect()
}

fn from_base32(text: &str) -> Option<[u8; 16]> {
    if text.len() != 26 {
        return None;
    }
    let mut number = 0u128;
    for (at, byte) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|&letter| letter == byte)? as u128;
        if at < 25 {
            number = (number << 5) | value;
        } else {
            number = (number << 3) | (value >> 2);
        }
    }
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn base32_agrees_with_rfc_4648() {
        // "0123456789abcdef" in RFC 4648 base32, lower case, without padding.
        assert_eq!(base32(b"0123456789abcdef"), "gaytemzugu3doobzmfrggzdfmy");
        assert_eq!(
            from_base32("gaytemzugu3doobzmfrggzdfmy").unwrap(),
            *b"0123456789abcdef"
        );
    }

    #[test]
    fn every_route_is_read_back_from_its_address() {
        let id = ConversationId([0xa7; 16]);
        for route in [
            Route::Welcome,
            Route::Create,
            Route::Restore,
            Route::RestoreFile,
            Route::Temporary,
            Route::Lock,
            Route::Chats,
            Route::Archive,
            Route::Requests,
            Route::Conversation(id),
            Route::Media(id),
            Route::At(id, MessageId([0x5c; 16])),
            Route::Find(id),
            Route::Details(id),
            Route::Search,
            Route::Starred,
            Route::Mentions,
            Route::New,
            Route::Network,
            Route::Path,
            Route::Settings,
            Route::NetworkSettings,
            Route::Privacy,
            Route::Notifications,
            Route::Devices,
            Route::Storage,
            Route::Erase,
        ] {
            assert_eq!(Route::parse(&route.href()).route, Some(route));
        }
    }

    #[test]
    fn an_invitation_is_taken_out_and_nonsense_is_no_route() {
        let parsed = Route::parse("#/invite/05abc");
        assert_eq!(parsed.invitation.as_deref(), Some("05abc"));
        assert_eq!(parsed.route, Some(Route::New));
        for hash in [
            "",
            "#",
            "#/c/short",
            "#/c/!!!!!!!!!!!!!!!!!!!!!!!!!!",
            "#/nowhere",
        ] {
            assert_eq!(Route::parse(hash).route, None, "{hash}");
        }
    }
}
