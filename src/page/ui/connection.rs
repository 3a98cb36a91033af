//! The connection in one icon and one word (screens 14.1).

use super::icons::{Draw, Icon};
use crate::i18n::{Catalogue, text};
use crate::page::router::Route;
use crate::page::state::App;
use leptos::prelude::*;
use onionskin_client::api::ConnectionState;

/// The name in `data-net`.
pub(crate) const fn hook(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Offline => "offline",
        ConnectionState::Connecting => "connecting",
        ConnectionState::RelayDown => "relay-down",
        ConnectionState::Building => "building",
        ConnectionState::Degraded => "degraded",
        ConnectionState::Connected => "connected",
    }
}

/// The shape; every state has its own.
pub(crate) const fn icon(state: ConnectionState) -> Icon {
    match state {
        ConnectionState::Offline => Icon::CloudOff,
        ConnectionState::Connecting => Icon::Arc,
        ConnectionState::RelayDown => Icon::PlugOff,
        ConnectionState::Building => Icon::TriangleDashed,
        ConnectionState::Degraded => Icon::TriangleDot,
        ConnectionState::Connected => Icon::TriangleSolid,
    }
}

/// The word.
pub(crate) const fn word(t: &'static Catalogue, state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Offline => t.net_offline,
        ConnectionState::Connecting => t.net_connecting,
        ConnectionState::RelayDown => t.net_relay_down,
        ConnectionState::Building => t.net_building,
        ConnectionState::Degraded => t.net_degraded,
        ConnectionState::Connected => t.net_connected,
    }
}

/// The chip in the head of the list; leads to P1.
#[component]
pub(crate) fn ConnectionChip() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let state = Memo::new(move |_| app.network.with(|network| network.state));
    view! {
        <a
            class="chip"
            href=Route::Network.href()
            data-testid="c1.connection"
            data-net=move || hook(state.get())
            aria-label=move || format!("{}: {}", t.rail_network, word(t, state.get()))
        >
            <Draw icon=Signal::derive(move || icon(state.get())) size=16 />
            <span>{move || word(t, state.get())}</span>
        </a>
    }
}
