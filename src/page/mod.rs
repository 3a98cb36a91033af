//! The page: screens, routes and languages. It holds no keys; everything it shows comes from the worker over the bridge.

mod announce;
mod environment;
mod focus;
mod identicon;
mod lifecycle;
mod prefs;
mod pseudonym;
mod refresh;
mod router;
mod screens;
mod state;
mod strength;
mod text;
mod timeline;
mod ui;
mod world;

use leptos::prelude::*;
use router::Route;
use screens::create::Create;
use screens::lock::Lock;
use screens::network::Network;
use screens::path::PathScreen;
use screens::restore::Restore;
use screens::shell::{Shell, keys};
use screens::unusable::UnusablePage;
use screens::welcome::Welcome;
use state::{App, Phase, Unusable};

/// Mounts the page.
pub fn start() {
    leptos::mount::mount_to_body(Root);
}

/// What fills the window.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Screen {
    Starting,
    Unusable(Unusable),
    Welcome,
    Create,
    Temporary,
    Restore,
    Lock,
    Network,
    Path,
    Shell,
}

#[component]
fn Root() -> impl IntoView {
    let app = App::new();
    provide_context(app);
    router::follow(app.route, app.invited);
    lifecycle::follow(app);
    guard(app);
    let pressed = window_event_listener(leptos::ev::keydown, move |event| {
        if app.phase.get_untracked() == Phase::Open {
            keys(app, &event);
        }
    });
    on_cleanup(move || pressed.remove());
    leptos::task::spawn_local(app.boot());

    let screen = Memo::new(move |_| screen(app));
    focus_follows(app, screen);
    view! {
        {move || {
            // A change of language builds everything anew, so components read their texts once.
            app.prefs.language.track();
            show(screen.get())
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
            Route::Network => Screen::Network,
            Route::Path => Screen::Path,
            Route::Welcome => Screen::Welcome,
            _ if app.vaults.with(Vec::is_empty) => Screen::Welcome,
            _ => Screen::Lock,
        },
    }
}

fn show(screen: Screen) -> AnyView {
    let alone = |content: AnyView| view! { <main class="pane-alone">{content}</main> }.into_any();
    match screen {
        Screen::Starting => ().into_any(),
        Screen::Unusable(why) => view! { <UnusablePage why /> }.into_any(),
        Screen::Welcome => view! { <Welcome /> }.into_any(),
        Screen::Create => view! { <Create temporary=false /> }.into_any(),
        Screen::Temporary => view! { <Create temporary=true /> }.into_any(),
        Screen::Restore => view! { <Restore /> }.into_any(),
        Screen::Lock => view! { <Lock /> }.into_any(),
        Screen::Network => alone(view! { <Network /> }.into_any()),
        Screen::Path => alone(view! { <PathScreen /> }.into_any()),
        Screen::Shell => view! { <Shell /> }.into_any(),
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

/// How long a toast stays (ms).
const TOAST_MS: u32 = 6_000;

/// Short news at the bottom, announced politely; never the only place of an error.
#[component]
fn Toast() -> impl IntoView {
    let app = expect_context::<App>();
    let timer = StoredValue::new_local(None::<gloo_timers::callback::Timeout>);
    let held = RwSignal::new(false);
    Effect::new(move |_| {
        let showing = app.toast.with(Option::is_some);
        let run = showing && !held.get();
        timer.set_value(
            run.then(|| gloo_timers::callback::Timeout::new(TOAST_MS, move || app.toast.set(None))),
        );
    });
    view! {
        <div role="status" aria-live="polite">
            {move || {
                app.toast
                    .get()
                    .map(|said| {
                        view! {
                            <div class="toast" data-testid="toast" on:mouseenter=move |_| held.set(true) on:mouseleave=move |_| held.set(false)>
                                {said}
                            </div>
                        }
                    })
            }}
        </div>
    }
}
