//! Short news at the bottom start, one at a time, announced politely; never the only place of an error. With *Undo* it stays
//! longer, and what it tells of happens only when its time is over (screens 1.6, 2.3).

use crate::i18n::text;
use crate::page::state::App;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use std::sync::Arc;

/// How long a toast stays (ms).
const PLAIN_MS: u32 = 6_000;
/// How long something can be undone (ms).
const UNDO_MS: u32 = 10_000;

/// Something that will happen unless it is undone.
#[derive(Clone)]
pub(crate) struct Undoable {
    said: String,
    act: Arc<dyn Fn() + Send + Sync>,
    undo: Arc<dyn Fn() + Send + Sync>,
}

/// What waits to happen.
#[derive(Clone, Copy)]
pub(crate) struct Undo(RwSignal<Option<Undoable>>);

impl Undo {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// Shows `said` with *Undo*: `act` runs when the time is over, when something else is offered, or when the page goes.
    pub(crate) fn offer(
        self,
        said: String,
        act: impl Fn() + Send + Sync + 'static,
        undo: impl Fn() + Send + Sync + 'static,
    ) {
        self.act_now();
        self.0.set(Some(Undoable {
            said,
            act: Arc::new(act),
            undo: Arc::new(undo),
        }));
    }

    /// What waits happens at once.
    pub(crate) fn act_now(self) {
        if let Some(waiting) = self.0.get_untracked() {
            self.0.set(None);
            (waiting.act)();
        }
    }

    /// What waits does not happen.
    pub(crate) fn take_back(self) {
        if let Some(waiting) = self.0.get_untracked() {
            self.0.set(None);
            (waiting.undo)();
        }
    }
}

#[component]
pub(crate) fn Toast() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let timer = StoredValue::new_local(None::<Timeout>);
    let held = RwSignal::new(false);
    let waiting = app.undo.0;
    Effect::new(move |_| {
        let undoable = waiting.with(Option::is_some);
        let showing = undoable || app.toast.with(Option::is_some);
        if !showing {
            // It may have gone from under the pointer.
            held.set(false);
        }
        let run = showing && !held.get();
        timer.set_value(run.then(|| {
            if undoable {
                Timeout::new(UNDO_MS, move || app.undo.act_now())
            } else {
                Timeout::new(PLAIN_MS, move || app.toast.set(None))
            }
        }));
    });
    // A page in the background may not come back.
    Effect::new(move |_| {
        if !app.visible.get() {
            app.undo.act_now();
        }
    });
    let hold = move |on: bool| held.set(on);
    view! {
        <div role="status" aria-live="polite">
            {move || match waiting.get() {
                Some(undoable) => {
                    Some(
                        view! {
                            <div
                                class="toast"
                                data-testid="toast"
                                data-pane-stop="toast"
                                on:mouseenter=move |_| hold(true)
                                on:mouseleave=move |_| hold(false)
                                on:focusin=move |_| hold(true)
                                on:focusout=move |_| hold(false)
                            >
                                <span>{undoable.said}</span>
                                <button
                                    type="button"
                                    class="toast-button"
                                    data-testid="toast.undo"
                                    on:click=move |_| {
                                        hold(false);
                                        app.undo.take_back();
                                    }
                                >
                                    {t.undo}
                                </button>
                            </div>
                        }
                        .into_any(),
                    )
                }
                None => {
                    app.toast.get().map(|said| {
                        view! {
                            <div class="toast" data-testid="toast" on:mouseenter=move |_| hold(true) on:mouseleave=move |_| hold(false)>
                                {said}
                            </div>
                        }
                        .into_any()
                    })
                }
            }}
        </div>
    }
}
