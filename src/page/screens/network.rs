//! P1: the connection in words and figures, one card for each question (screens 14). While locked only the connection.

mod connection;
mod data_use;
mod facts;
mod relays;

pub(crate) use connection::ConnectionCard;
pub(crate) use relays::{RelayList, TestButton};

use crate::i18n::text;
use crate::page::refresh;
use crate::page::router::Route;
use crate::page::state::{App, Phase};
use crate::page::ui::icons::{Draw, Icon};
use data_use::DataUseCard;
use facts::{ClockCard, ListCard, PathsCard, QueueCard, SwarmCard};
use leptos::prelude::*;
use onionskin_client::api::ConnectionState;
use relays::RelayCard;

/// The report is read anew this often while the screen is open (ms).
const REFRESH_MS: u32 = 2_000;

#[component]
pub(crate) fn Network() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    refresh::every(app, REFRESH_MS, move || {
        leptos::task::spawn_local(app.read_report());
    });
    let offline = move || {
        app.network
            .with(|network| network.state == ConnectionState::Offline)
    };
    let open = move || app.phase.get() == Phase::Open;
    let state = move || match () {
        () if offline() => "offline",
        () if open() && app.report.with(Option::is_none) => "loading",
        () => "ready",
    };
    view! {
        <section class="pane-screen" data-screen="p1" data-state=state aria-label=t.p1_title>
            <header class="pane-head">
                <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="p1.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{t.p1_title}</h1>
                <Show when=open>
                    <a
                        class="icon-button"
                        href=Route::NetworkSettings.href()
                        aria-label=t.x9_title
                        title=t.x9_title
                        data-testid="p1.settings"
                    >
                        <Draw icon=Icon::Sliders size=24 />
                    </a>
                </Show>
            </header>
            <div class="pane-body">
                <div class="column broad">
                    <ConnectionCard />
                    <Show when=open>
                        <div class="cards">
                            <PathsCard />
                            <SwarmCard />
                            <RelayCard />
                            <ListCard />
                            <ClockCard />
                            <QueueCard />
                            <DataUseCard />
                        </div>
                    </Show>
                </div>
            </div>
        </section>
    }
}
