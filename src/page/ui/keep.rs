//! The two questions after create and restore: may anything stay on this device, and what protects it (screens W2).

use super::secret::{Secret, SecretField};
use crate::bridge::Keep;
use crate::i18n::{Catalogue, text};
use crate::page::state::App;
use crate::page::strength::Strength;
use leptos::prelude::*;

/// May anything stay?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    Device,
    Temporary,
}

/// The answers so far.
#[derive(Clone, Copy)]
pub(crate) struct KeepForm {
    pub stay: RwSignal<Option<Stay>>,
    passphrase: RwSignal<bool>,
    secret: Secret,
    accepted: RwSignal<bool>,
}

impl KeepForm {
    pub(crate) fn new(stay: Option<Stay>) -> Self {
        Self {
            stay: RwSignal::new(stay),
            passphrase: RwSignal::new(true),
            secret: Secret::new(),
            accepted: RwSignal::new(false),
        }
    }

    /// What is missing, in words; `None` when the answers are complete. Tracks them.
    pub(crate) fn missing(self, t: &'static Catalogue) -> Option<&'static str> {
        match self.stay.get() {
            None => Some(t.keep_missing_choice),
            Some(Stay::Temporary) => None,
            Some(Stay::Device) if self.passphrase.get() => (self.secret.strength.get()
                == Strength::TooShort)
                .then_some(t.keep_missing_passphrase),
            Some(Stay::Device) => (!self.accepted.get()).then_some(t.keep_missing_accept),
        }
    }

    /// Takes the answers; the passphrase field is empty afterwards.
    pub(crate) fn take(self) -> Keep {
        match self.stay.get_untracked() {
            Some(Stay::Device) if self.passphrase.get_untracked() => {
                Keep::Passphrase(self.secret.take())
            }
            Some(Stay::Device) => Keep::Device,
            _ => Keep::Temporary,
        }
    }
}

/// Both questions. `screen` names the test hooks.
#[component]
pub(crate) fn KeepQuestions(form: KeepForm, screen: &'static str) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    // Without a database only a temporary account is possible.
    let blocked = move || app.environment.with(|environment| !environment.indexed_db);
    view! {
        <fieldset class="field">
            <legend>{t.keep_question}</legend>
            <div class="choices">
                <label class="choice">
                    <input
                        type="radio"
                        name=format!("{screen}-stay")
                        data-testid=format!("{screen}.keep-device")
                        disabled=blocked
                        prop:checked=move || form.stay.get() == Some(Stay::Device)
                        on:change=move |_| form.stay.set(Some(Stay::Device))
                    />
                    <span class="title">{t.keep_device}</span>
                    <span class="why">{move || if blocked() { t.keep_device_blocked } else { t.keep_device_why }}</span>
                </label>
                <label class="choice violet">
                    <input
                        type="radio"
                        name=format!("{screen}-stay")
                        data-testid=format!("{screen}.keep-temporary")
                        prop:checked=move || form.stay.get() == Some(Stay::Temporary)
                        on:change=move |_| form.stay.set(Some(Stay::Temporary))
                    />
                    <span class="title">{t.keep_temporary}</span>
                    <span class="why">{t.keep_temporary_why}</span>
                </label>
            </div>
        </fieldset>
        <Show when=move || form.stay.get() == Some(Stay::Device)>
            <Protection form screen />
        </Show>
    }
}

#[component]
fn Protection(form: KeepForm, screen: &'static str) -> impl IntoView {
    let t = text();
    let segment = move |passphrase: bool, testid: &'static str, label: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name=format!("{screen}-protect")
                    data-testid=format!("{screen}.{testid}")
                    prop:checked=move || form.passphrase.get() == passphrase
                    on:change=move |_| form.passphrase.set(passphrase)
                />
                {label}
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>{t.protect_question}</legend>
            <div class="segmented">
                {segment(true, "protect-passphrase", t.protect_passphrase)}
                {segment(false, "protect-none", t.protect_none)}
            </div>
        </fieldset>
        <Show
            when=move || form.passphrase.get()
            fallback=move || {
                view! {
                    <label class="check">
                        <input
                            type="checkbox"
                            data-testid=format!("{screen}.accept-none")
                            prop:checked=move || form.accepted.get()
                            on:change=move |event| form.accepted.set(event_target_checked(&event))
                        />
                        <span>{t.protect_none_accept}</span>
                    </label>
                }
            }
        >
            <NewPassphrase secret=form.secret screen />
        </Show>
    }
}

/// The field for a new passphrase with its strength in words.
#[component]
fn NewPassphrase(secret: Secret, screen: &'static str) -> impl IntoView {
    let t = text();
    let hint = format!("{screen}-passphrase-hint");
    let words = move || {
        if secret.empty.get() {
            return t.strength_hint;
        }
        match secret.strength.get() {
            Strength::TooShort => t.strength_too_short,
            Strength::Weak => t.strength_weak,
            Strength::Fair => t.strength_fair,
            Strength::Good => t.strength_good,
            Strength::Strong => t.strength_strong,
        }
    };
    view! {
        <div class="field">
            <SecretField
                secret
                id=format!("{screen}.passphrase")
                label=t.passphrase_new
                autocomplete="new-password"
                invalid=false
                described_by=hint.clone()
            />
            <div class="strength" aria-hidden="true" data-level=move || secret.strength.get().level().to_string()>
                <span></span>
                <span></span>
                <span></span>
                <span></span>
            </div>
            <p class="hint" id=hint aria-live="polite" data-testid=format!("{screen}.strength")>{words}</p>
        </div>
    }
}
