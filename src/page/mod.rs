//! The page: screens, routes and languages. It holds no keys; everything it shows comes from the worker over the bridge.

mod announce;
mod blob;
mod canvas;
mod chat;
mod emoji;
mod environment;
mod focus;
mod fuzzy;
mod identicon;
mod keys;
mod lifecycle;
mod listing;
mod media;
mod mentions;
mod notify;
mod pictures;
mod prefs;
mod pressure;
mod pseudonym;
mod qr;
mod receipt;
mod refresh;
mod router;
mod screens;
mod searching;
mod sound;
mod split;
mod state;
mod strength;
mod sweep;
mod swipe;
mod text;
mod timeline;
mod typed;
mod ui;
mod width;
mod world;
mod zip;

use crate::i18n;
use leptos::prelude::*;
use router::Route;
use screens::backup::RestoreFile;
use screens::create::Create;
use screens::lock::Lock;
use screens::network::Network;
use screens::path::PathScreen;
use screens::restore::Restore;
use screens::shell::{Shell, keys};
use screens::unusable::UnusablePage;
use screens::welcome::Welcome;
use state::{App, Phase, Unusable};
use std::future::Future;
use std::pin::Pin;
use ui::toast::Toast;

/// Fetches the part of the program with the screens of an open account; `None` when it cannot be had now.
pub type LoadInside = fn() -> Pin<Box<dyn Future<Output = Option<Inside>>>>;

/// The screens of an open account, which are a part of the program of their own: the first screen does not wait for them.
#[derive(Clone, Copy)]
pub struct Inside(fn(Screen) -> AnyView);

/// The screens of an open account. Whoever calls this directly makes them part of itself.
pub fn inside() -> Inside {
    Inside(show_inside)
}

/// Mounts the page.
pub fn start(load: LoadInside) {
    leptos::mount::mount_to_body(move || view! { <Root load /> });
}

/// What fills the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Starting,
    Unusable(Unusable),
    Welcome,
    Create,
    Temporary,
    Restore,
    RestoreFile,
    Lock,
    Network,
    Path,
    Shell,
}

#[component]
fn Root(load: LoadInside) -> impl IntoView {
    let app = App::new();
    provide_context(app);
    router::follow(app.route, app.invited);
    lifecycle::follow(app);
    pressure::follow(app);
    notify::follow(app);
    guard(app);
    let pressed = window_event_listener(leptos::ev::keydown, move |event| {
        if app.phase.get_untracked() == Phase::Open {
            keys(app, &event);
        }
    });
    on_cleanup(move || pressed.remove());
    let part = Part::new(load);
    leptos::task::spawn_local(async move {
        app.boot().await;
        // By the time an account is open, its screens are here.
        part.fetch().await;
    });

    let screen = Memo::new(move |_| screen(app));
    focus_follows(app, screen);
    view! {
        {move || {
            // A change of language builds everything anew, so components read their texts once.
            app.prefs.language.track();
            show(screen.get(), part)
        }}
        <Toast />
    }
}

fn screen(app: App) -> Screen {
    match app.phase.get() {
        Phase::Starting => Screen::Starting,
        Phase::Unusable(why) => Screen::Unusable(why),
        Phase::Open => Screen::Shell,
        Phase::Closed => match app.route.get() {
            Route::Create => Screen::Create,
            Route::Temporary => Screen::Temporary,
            Route::Restore => Screen::Restore,
            Route::RestoreFile => Screen::RestoreFile,
            Route::Network => Screen::Network,
            Route::Path => Screen::Path,
            Route::Welcome => Screen::Welcome,
            _ if app.vaults.with(Vec::is_empty) => Screen::Welcome,
            _ => Screen::Lock,
        },
    }
}

fn show(screen: Screen, part: Part) -> AnyView {
    match screen {
        Screen::Starting => ().into_any(),
        Screen::Unusable(why) => view! { <UnusablePage why /> }.into_any(),
        Screen::Welcome => view! { <Welcome /> }.into_any(),
        Screen::Create => view! { <Create temporary=false /> }.into_any(),
        Screen::Temporary => view! { <Create temporary=true /> }.into_any(),
        Screen::Restore => view! { <Restore /> }.into_any(),
        Screen::Lock => view! { <Lock /> }.into_any(),
        // A backup is opened with what an open account needs as well.
        Screen::RestoreFile | Screen::Network | Screen::Path | Screen::Shell => {
            match part.inside.get() {
                Some(Inside(show)) => show(screen),
                None => view! { <Loading part /> }.into_any(),
            }
        }
    }
}

fn show_inside(screen: Screen) -> AnyView {
    let alone = |content: AnyView| view! { <main class="pane-alone">{content}</main> }.into_any();
    match screen {
        Screen::Network => alone(view! { <Network /> }.into_any()),
        Screen::Path => alone(view! { <PathScreen /> }.into_any()),
        Screen::RestoreFile => view! { <RestoreFile /> }.into_any(),
        _ => view! { <Shell /> }.into_any(),
    }
}

/// The part with the screens of an open account, as far as it is here.
#[derive(Clone, Copy)]
struct Part {
    load: LoadInside,
    inside: RwSignal<Option<Inside>>,
    failed: RwSignal<bool>,
}

impl Part {
    fn new(load: LoadInside) -> Self {
        Self {
            load,
            inside: RwSignal::new(None),
            failed: RwSignal::new(false),
        }
    }

    async fn fetch(self) {
        self.failed.set(false);
        match (self.load)().await {
            Some(inside) => self.inside.set(Some(inside)),
            None => self.failed.set(true),
        }
    }
}

#[component]
fn Loading(part: Part) -> impl IntoView {
    let t = i18n::text();
    let retry = move |_| leptos::task::spawn_local(part.fetch());
    view! {
        <main class="pane-alone" data-screen="part" data-state=move || if part.failed.get() { "error" } else { "loading" }>
            <p role="status">{move || if part.failed.get() { t.part_missing } else { t.working }}</p>
            {move || part.failed.get().then(|| view! {
                <button type="button" class="button" data-testid="part.retry" on:click=retry>{t.retry}</button>
            })}
        </main>
    }
}

/// Remembers where somebody wanted to go before unlocking, and keeps an open account off the screens before it.
fn guard(app: App) {
    Effect::new(move |_| {
        let (phase, route) = (app.phase.get(), app.route.get());
        match phase {
            Phase::Open => {
                let before = matches!(
                    route,
                    Route::Welcome
                        | Route::Create
                        | Route::Restore
                        | Route::RestoreFile
                        | Route::Temporary
                        | Route::Lock
                );
                if before {
                    router::replace(app.route, Route::Chats);
                }
            }
            _ if route.needs_account() => app.wanted.set(Some(route)),
            _ => {}
        }
    });
}

/// The focus goes with the screen, except at the very first one.
fn focus_follows(app: App, screen: Memo<Screen>) {
    Effect::new(move |before: Option<(Screen, Route)>| {
        let now = (screen.get(), app.route.get());
        if before.is_some_and(|before| before != now && before.0 != Screen::Starting) {
            focus::after_route();
        }
        now
    });
}
