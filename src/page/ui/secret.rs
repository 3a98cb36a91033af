//! A passphrase field. What is typed stays in the field until it is taken, and the field is emptied then (50-browser 8.3).

use super::icons::{Draw, Icon};
use crate::bridge::SecretBytes;
use crate::i18n::text;
use crate::page::strength::{MAXIMUM, Strength};
use leptos::html;
use leptos::prelude::*;
use zeroize::Zeroize;

/// The field from outside.
#[derive(Clone, Copy)]
pub(crate) struct Secret {
    field: NodeRef<html::Input>,
    /// Of what is typed at the moment.
    pub strength: RwSignal<Strength>,
    /// In characters.
    pub length: RwSignal<usize>,
    pub empty: RwSignal<bool>,
}

impl Secret {
    pub(crate) fn new() -> Self {
        Self {
            field: NodeRef::new(),
            strength: RwSignal::new(Strength::TooShort),
            length: RwSignal::new(0),
            empty: RwSignal::new(true),
        }
    }

    /// Takes what was typed; the field is empty afterwards.
    pub(crate) fn take(self) -> SecretBytes {
        let Some(field) = self.field.get_untracked() else {
            return SecretBytes::new(Vec::new());
        };
        let secret = SecretBytes::from(field.value());
        self.clear();
        secret
    }

    /// Empties the field.
    pub(crate) fn clear(self) {
        if let Some(field) = self.field.get_untracked() {
            field.set_value("");
        }
        self.empty.set(true);
        self.length.set(0);
        self.strength.set(Strength::TooShort);
    }

    /// Types something in the person's stead.
    pub(crate) fn put(self, secret: &str) {
        if let Some(field) = self.field.get_untracked() {
            field.set_value(secret);
            self.measure();
        }
    }

    pub(crate) fn focus(self) {
        if let Some(field) = self.field.get_untracked() {
            // An element of the document takes the focus.
            let _ = field.focus();
        }
    }

    fn measure(self) {
        if let Some(field) = self.field.get_untracked() {
            let mut typed = field.value();
            self.empty.set(typed.is_empty());
            self.length.set(typed.chars().count());
            self.strength.set(Strength::of(&typed));
            typed.zeroize();
        }
    }
}

/// The field with its label and the button that shows what is typed.
#[component]
pub(crate) fn SecretField(
    secret: Secret,
    #[prop(into)] id: String,
    label: &'static str,
    /// `new-password` or `current-password`, for password managers.
    autocomplete: &'static str,
    #[prop(into)] invalid: Signal<bool>,
    #[prop(optional)] described_by: Option<String>,
) -> impl IntoView {
    let t = text();
    let shown = RwSignal::new(false);
    let show_label = move || {
        if shown.get() {
            t.passphrase_hide
        } else {
            t.passphrase_show
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="input-row">
                <input
                    class="input"
                    id=id.clone()
                    node_ref=secret.field
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    maxlength=MAXIMUM.to_string()
                    data-testid=id.clone()
                    aria-invalid=move || invalid.get().to_string()
                    aria-describedby=described_by
                    on:input=move |_| secret.measure()
                />
                <button
                    type="button"
                    class="icon-button"
                    aria-label=show_label
                    title=show_label
                    data-testid=format!("{id}-show")
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    <Draw icon=Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye }) />
                </button>
            </div>
        </div>
    }
}
