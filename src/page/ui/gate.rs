//! Once more, who is there: the passphrase of the open account, or a button held down where none protects it. What lies behind
//! is for its owner alone, or cannot be undone.

use super::icons::{Draw, Icon};
use super::secret::{Secret, SecretField};
use crate::bridge::{Protection, SecretBytes};
use crate::i18n::text;
use crate::page::state::App;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;

/// How long the button is held where no passphrase protects the account (ms).
const HOLD_MS: u32 = 3_000;

/// `open` is given the passphrase that was typed, or nothing when the button was held; whether the passphrase is right is for
/// it to find out.
#[component]
pub(crate) fn Gate<F>(
    screen: &'static str,
    /// The hook of the field.
    passphrase: &'static str,
    /// The button's hook behind the screen's.
    part: &'static str,
    /// On the button beside the passphrase.
    label: &'static str,
    /// On the button that is held.
    hold: &'static str,
    icon: Icon,
    #[prop(optional)] danger: bool,
    open: F,
) -> impl IntoView
where
    F: Fn(Option<SecretBytes>) + Copy + Send + Sync + 'static,
{
    let app = expect_context::<App>();
    let vault = app.vault.get_untracked();
    let by_passphrase = Memo::new(move |_| {
        app.vaults.with(|all| {
            all.iter()
                .any(|one| Some(one.id) == vault && one.protection == Protection::Passphrase)
        })
    });
    move || {
        if by_passphrase.get() {
            view! { <ByPassphrase screen passphrase part label danger open=move |passphrase| open(Some(passphrase)) /> }
                .into_any()
        } else {
            view! { <HoldButton screen part label=hold icon danger held=move || open(None) /> }
                .into_any()
        }
    }
}

#[component]
fn ByPassphrase<F>(
    screen: &'static str,
    passphrase: &'static str,
    part: &'static str,
    label: &'static str,
    danger: bool,
    open: F,
) -> impl IntoView
where
    F: Fn(SecretBytes) + Copy + Send + Sync + 'static,
{
    let secret = Secret::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        open(secret.take());
    };
    view! {
        <form class="stack" on:submit=submit>
            <SecretField secret id=passphrase label=text().r1_passphrase autocomplete="current-password" invalid=false />
            <div class="actions">
                <button
                    type="submit"
                    class="button primary"
                    class:danger=danger
                    data-testid=format!("{screen}.{part}")
                    disabled=move || secret.empty.get()
                >
                    {label}
                </button>
            </div>
        </form>
    }
}

/// Held down for three seconds, by pointer or by key.
#[component]
pub(crate) fn HoldButton<F>(
    screen: &'static str,
    part: &'static str,
    label: &'static str,
    icon: Icon,
    #[prop(optional)] danger: bool,
    held: F,
) -> impl IntoView
where
    F: Fn() + Copy + Send + Sync + 'static,
{
    let t = text();
    let holding = StoredValue::new_local(None::<Timeout>);
    let is_held = RwSignal::new(false);
    let start = move || {
        if !is_held.get_untracked() {
            is_held.set(true);
            holding.set_value(Some(Timeout::new(HOLD_MS, move || {
                is_held.try_set(false);
                held();
            })));
        }
    };
    let end = move || {
        is_held.try_set(false);
        holding.try_set_value(None);
    };
    on_cleanup(move || holding.set_value(None));
    let is_press =
        |event: &leptos::ev::KeyboardEvent| matches!(event.key().as_str(), " " | "Enter");
    let why = format!("{screen}-hold");
    view! {
        <button
            type="button"
            class="button primary hold"
            class:danger=danger
            class:is-held=move || is_held.get()
            data-testid=format!("{screen}.{part}")
            aria-describedby=why.clone()
            on:pointerdown=move |_| start()
            on:pointerup=move |_| end()
            on:pointerleave=move |_| end()
            on:pointercancel=move |_| end()
            on:contextmenu=move |event| event.prevent_default()
            on:keydown=move |event| if is_press(&event) { event.prevent_default(); start() }
            on:keyup=move |event| if is_press(&event) { end() }
            on:blur=move |_| end()
        >
            <Draw icon />
            {label}
        </button>
        <p class="small muted" id=why>{t.r1_hold_why}</p>
    }
}
