//! One option on a card: what it is called, what it does, where it holds and how it is at first. A change is kept at once; a
//! failure takes it back on screen and says so.

use super::{Meta, Scope};
use crate::i18n::text;
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Failure, Settings};

/// The choices on screen.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub app: App,
    failed: RwSignal<Option<Failure>>,
}

impl Form {
    pub(super) fn new(app: App) -> Self {
        Self {
            app,
            failed: RwSignal::new(None),
        }
    }

    /// A part of the choices. Tracks them.
    pub(super) fn part<T>(self, read: impl FnOnce(&Settings) -> T) -> T {
        self.app.settings.with(read)
    }

    pub(super) fn change(self, change: impl FnOnce(&mut Settings) + 'static) {
        self.failed.set(None);
        leptos::task::spawn_local(async move {
            if let Err(failure) = self.app.change_settings(change).await {
                self.failed.try_set(Some(failure));
                // Shows again what holds.
                self.app.settings.update(|_| ());
            }
        });
    }
}

/// What did not work.
#[component]
pub(super) fn Failed(form: Form, testid: &'static str) -> impl IntoView {
    move || {
        form.failed
            .get()
            .map(|failure| view! { <FailureNote failure testid /> })
    }
}

/// An option that is on or off.
#[component]
pub(super) fn Switch(
    form: Form,
    label: &'static str,
    why: &'static str,
    testid: &'static str,
    #[prop(default = Scope::Account)] scope: Scope,
    read: fn(&Settings) -> bool,
    write: fn(&mut Settings, bool),
) -> impl IntoView {
    let on = Signal::derive(move || form.part(read));
    let set = Callback::new(move |on| form.change(move |settings| write(settings, on)));
    view! { <SwitchCard label why testid scope default=read(&Settings::default()) on set /> }
}

/// An option that is on or off on this device only.
#[component]
pub(super) fn DeviceSwitch(
    label: &'static str,
    why: &'static str,
    testid: &'static str,
    default: bool,
    value: RwSignal<bool>,
) -> impl IntoView {
    let set = Callback::new(move |on| value.set(on));
    view! { <SwitchCard label why testid scope=Scope::Device default on=value.into() set /> }
}

#[component]
fn SwitchCard(
    label: &'static str,
    why: &'static str,
    testid: &'static str,
    scope: Scope,
    default: bool,
    on: Signal<bool>,
    set: Callback<bool>,
) -> impl IntoView {
    let t = text();
    let why_id = format!("{testid}-why");
    view! {
        <section class="card">
            <label class="check flush">
                <input
                    type="checkbox"
                    data-testid=testid
                    aria-describedby=why_id.clone()
                    prop:checked=move || on.get()
                    on:change=move |event| set.run(event_target_checked(&event))
                />
                <span class="strong">{label}</span>
            </label>
            <p class="small muted" id=why_id>{why}</p>
            <Meta scope default=if default { t.on } else { t.off } />
        </section>
    }
}

/// An option with a few values, of which one holds.
#[component]
pub(super) fn Choice<T>(
    form: Form,
    label: &'static str,
    why: &'static str,
    testid: &'static str,
    /// Value, key of the test hook, label.
    choices: Vec<(T, &'static str, String)>,
    read: fn(&Settings) -> T,
    write: fn(&mut Settings, T),
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let default = read(&Settings::default());
    let value = Signal::derive(move || form.part(read));
    let set = Callback::new(move |value| form.change(move |settings| write(settings, value)));
    view! { <ChoiceCard label why testid scope=Scope::Account choices default value set /> }
}

/// An option with a few values, of which one holds on this device only.
#[component]
pub(super) fn DeviceChoice<T>(
    label: &'static str,
    why: &'static str,
    testid: &'static str,
    /// Value, key of the test hook, label.
    choices: Vec<(T, &'static str, String)>,
    default: T,
    value: RwSignal<T>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let set = Callback::new(move |one| value.set(one));
    view! { <ChoiceCard label why testid scope=Scope::Device choices default value=value.into() set /> }
}

#[component]
fn ChoiceCard<T>(
    label: &'static str,
    why: &'static str,
    testid: &'static str,
    scope: Scope,
    choices: Vec<(T, &'static str, String)>,
    default: T,
    value: Signal<T>,
    set: Callback<T>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let default = choices
        .iter()
        .find(|(one, ..)| *one == default)
        .map(|(_, _, label)| label.clone())
        .unwrap_or_default();
    let choices = choices
        .into_iter()
        .map(|(one, key, label)| {
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name=testid
                        data-testid=format!("{testid}-{key}")
                        prop:checked=move || value.get() == one
                        on:change=move |_| set.run(one)
                    />
                    <span>{label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <fieldset class="field">
                <legend>{label}</legend>
                <p class="hint">{why}</p>
                <div class="choices two">{choices}</div>
            </fieldset>
            <Meta scope default />
        </section>
    }
}

/// Everything of a page as it was at first, and back.
#[component]
pub(super) fn Defaults(
    form: Form,
    testid: &'static str,
    /// Copies what belongs to the page from one set of choices to another.
    copy: fn(&Settings, &mut Settings),
) -> impl IntoView {
    let t = text();
    let before = RwSignal::new(None::<Settings>);
    let unchanged = move || {
        form.part(|settings| {
            let mut reset = settings.clone();
            copy(&Settings::default(), &mut reset);
            reset == *settings
        })
    };
    let reset = move |_| {
        before.set(Some(form.app.settings.get_untracked()));
        form.change(move |settings| copy(&Settings::default(), settings));
    };
    let undo = move |_| {
        if let Some(kept) = before.get_untracked() {
            before.set(None);
            form.change(move |settings| copy(&kept, settings));
        }
    };
    view! {
        <div class="actions">
            <button type="button" class="button" data-testid=format!("{testid}.defaults") disabled=unchanged on:click=reset>
                {t.x9_defaults}
            </button>
            <Show when=move || before.with(Option::is_some)>
                <button type="button" class="button" data-testid=format!("{testid}.undo") on:click=undo>
                    <Draw icon=Icon::Again />
                    {t.undo}
                </button>
            </Show>
        </div>
    }
}
