//! What can be done about the paths: new ones, new guards, a report; and what the screen means.

use super::report::redacted;
use crate::i18n::{count, text};
use crate::page::state::App;
use crate::page::ui::copy::CopyButton;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::callback::Interval;
use leptos::prelude::*;
use onionskin_client::api::{Command, ErrorCode, Failure};

/// Paths can be changed once in so many ms.
const PAUSE_MS: f64 = 60_000.0;

/// Asking for new paths, with the pause after it.
#[derive(Clone, Copy)]
struct Renewal {
    app: App,
    /// Seconds until it is possible again.
    waiting: RwSignal<u32>,
    failed: RwSignal<Option<Failure>>,
}

impl Renewal {
    fn new(app: App) -> Self {
        let renewal = Self {
            app,
            waiting: RwSignal::new(0),
            failed: RwSignal::new(None),
        };
        let ticking = StoredValue::new_local(None::<Interval>);
        Effect::new(move |_| {
            // The pause goes on while another screen is open.
            let renewed = app.paths_renewed.get();
            let count = move || {
                let left = renewed.map_or(0.0, |at| at + PAUSE_MS - js_sys::Date::now());
                renewal
                    .waiting
                    .try_set((left.max(0.0) / 1_000.0).ceil() as u32);
            };
            count();
            ticking.set_value(renewed.map(|_| Interval::new(1_000, count)));
        });
        on_cleanup(move || ticking.set_value(None));
        renewal
    }

    fn ask(self, command: Command, said: &'static str) {
        self.failed.set(None);
        leptos::task::spawn_local(async move {
            match self.app.command(command).await {
                Ok(_) => {
                    self.app.announcer.say(said.into());
                    self.app.paths_renewed.set(Some(js_sys::Date::now()));
                }
                // A page that was loaded anew does not know when paths were last renewed; the engine does.
                Err(Failure {
                    code: ErrorCode::NetPath,
                    number: Some(rest),
                    ..
                }) => {
                    let since = PAUSE_MS - f64::from(rest) * 1_000.0;
                    self.app
                        .paths_renewed
                        .set(Some(js_sys::Date::now() - since));
                }
                Err(failure) => {
                    self.failed.try_set(Some(failure));
                }
            }
        });
    }

    fn pausing(self) -> bool {
        self.waiting.get() > 0
    }
}

#[component]
pub(super) fn Actions() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let renewal = Renewal::new(app);
    let warning = RwSignal::new(false);
    let label = move || match renewal.waiting.get() {
        0 => t.p2_new_path.to_owned(),
        left => count(&t.p2_new_path_in, u64::from(left)),
    };
    view! {
        <section class="stack" aria-label=t.p2_actions>
            <div class="actions">
                <button
                    type="button"
                    class="button"
                    data-testid="p2.new-path"
                    disabled=move || renewal.pausing()
                    on:click=move |_| renewal.ask(Command::NewPath, text().p2_new_said)
                >
                    <Draw icon=Icon::Again />
                    {label}
                </button>
                <CopyButton what=Signal::derive(move || redacted(app)) label=t.p2_copy testid="p2.copy-report" />
            </div>
            <p class="small muted">{t.p2_new_path_why} " " {t.p2_copy_why}</p>
            {move || renewal.failed.get().map(|failure| view! { <FailureNote failure testid="p2.error" /> })}
            <details class="more" data-testid="p2.advanced">
                <summary>{t.p2_advanced}</summary>
                <p>{t.p2_guard_why}</p>
                <div class="actions">
                    <button
                        type="button"
                        class="button"
                        data-testid="p2.new-guard"
                        disabled=move || renewal.pausing()
                        on:click=move |_| warning.set(true)
                    >
                        {t.p2_new_guard}
                    </button>
                </div>
            </details>
            <Dialog open=warning screen="p2-guard" title=t.p2_guard_title>
                <GuardWarning open=warning renewal />
            </Dialog>
        </section>
    }
}

#[component]
fn GuardWarning(open: RwSignal<bool>, renewal: Renewal) -> impl IntoView {
    let t = text();
    let go = move |_| {
        open.set(false);
        renewal.ask(Command::NewGuards, text().p2_guard_said);
    };
    view! {
        <p>{t.p2_guard_warning}</p>
        <div class="actions end">
            <button type="button" class="button" data-testid="p2-guard.cancel" autofocus on:click=move |_| open.set(false)>
                {t.p2_guard_keep}
            </button>
            <button type="button" class="button danger" data-testid="p2-guard.go" on:click=go>
                {t.p2_new_guard}
            </button>
        </div>
    }
}

/// Who sees what.
#[component]
pub(super) fn Explained() -> impl IntoView {
    let t = text();
    let rows = [
        (t.p2_you_relay, t.p2_explain_relay),
        (t.p2_guard, t.p2_explain_guard),
        (t.p2_explain_second_who, t.p2_explain_second),
        (t.p2_explain_third_who, t.p2_explain_third),
        (t.p2_destination, t.p2_explain_destination),
    ];
    view! {
        <details class="more" data-testid="p2.explain">
            <summary>{t.p2_explain}</summary>
            <dl class="explained">
                {rows
                    .into_iter()
                    .map(|(who, sees)| {
                        view! {
                            <dt>{who}</dt>
                            <dd>{sees}</dd>
                        }
                    })
                    .collect_view()}
            </dl>
        </details>
    }
}
