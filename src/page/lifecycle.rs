//! The page's life as the engine must know it: on screen or hidden, online or not, awake again (50-browser 4).

use super::state::{App, Phase};
use leptos::ev;
use leptos::prelude::*;
use onionskin_client::api::Command;
use wasm_bindgen::JsCast;

/// Listens for as long as the page lives.
pub(crate) fn follow(app: App) {
    let document = document();
    let on_visibility = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || {
        app.visible.set(visible());
        tell_visible(app);
        if visible() {
            tell_running(app, Command::Wake);
        }
    });
    document.set_onvisibilitychange(Some(wasm_bindgen::JsCast::unchecked_ref(
        on_visibility.as_ref(),
    )));
    // The listener lives as long as the page.
    on_visibility.forget();

    let listen = |handle: WindowListenerHandle| on_cleanup(move || handle.remove());
    listen(window_event_listener(ev::online, move |_| {
        tell_running(app, Command::SetOffline { offline: false });
        tell_running(app, Command::Wake);
    }));
    listen(window_event_listener(ev::offline, move |_| {
        tell_running(app, Command::SetOffline { offline: true });
    }));
    if let Some(connection) = connection() {
        let on_change = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || {
            tell_running(app, save_data());
        });
        // Without the event the wish of the start goes on to hold.
        let _ = connection
            .add_event_listener_with_callback("change", on_change.as_ref().unchecked_ref());
        on_change.forget();
    }
    // A page out of the back/forward cache starts anew: it must not act on old keys or hold a lock twice.
    listen(window_event_listener(ev::pageshow, move |event| {
        if event.persisted() {
            // Nothing can be done about a browser that refuses to reload.
            let _ = window().location().reload();
        }
    }));
    // A file that is dropped beside what takes it would be opened in the place of the app.
    let guard = |event: web_sys::DragEvent| {
        let files = event
            .data_transfer()
            .is_some_and(|data| data.types().includes(&"Files".into(), 0));
        let on_field = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| target.matches("input[type=file]").unwrap_or(false));
        if files && !on_field {
            event.prevent_default();
        }
    };
    listen(window_event_listener(ev::dragover, guard));
    listen(window_event_listener(ev::drop, guard));
    // Closing a temporary account asks once when its phrase was never shown.
    listen(window_event_listener(ev::beforeunload, move |event| {
        let unsaved = app.profile.with_untracked(|profile| {
            profile
                .as_ref()
                .is_some_and(|p| p.temporary && !p.phrase_checked && p.phrase_remind_at == 0)
        });
        if unsaved {
            event.prevent_default();
        }
    }));
}

/// Tells a freshly opened engine how things are.
pub(crate) fn tell(app: App) {
    app.send(Command::SetVisible { visible: visible() });
    app.send(Command::SetOffline {
        offline: !window().navigator().on_line(),
    });
    app.send(save_data());
    leptos::task::spawn_local(super::pressure::look(app));
}

/// What not every browser tells about the network.
fn connection() -> Option<web_sys::EventTarget> {
    let connection = js_sys::Reflect::get(&window().navigator(), &"connection".into());
    connection.ok()?.dyn_into().ok()
}

/// Whether the browser is to save data.
fn save_data() -> Command {
    let wish = connection()
        .and_then(|connection| js_sys::Reflect::get(&connection, &"saveData".into()).ok());
    Command::SetSaveData {
        on: wish.is_some_and(|wish| wish.is_truthy()),
    }
}

fn tell_visible(app: App) {
    tell_running(app, Command::SetVisible { visible: visible() });
}

fn tell_running(app: App, command: Command) {
    if app.phase.get_untracked() == Phase::Open {
        app.send(command);
    }
}

/// The page is on screen.
pub(crate) fn visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}
