//! Links in messages, and the question before one is opened (K4): the real host, and what people are deceived with.

use crate::i18n::{Catalogue, text};
use crate::page::chat::{Chat, Layer};
use crate::page::ui::dialog::Dialog;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::rich::links::{Oddity, cleaned, oddities};

/// A link inside a text.
#[component]
pub(crate) fn Link(chat: Chat, address: String, children: Children) -> impl IntoView {
    let settings = chat.app.settings;
    let target = {
        let address = address.clone();
        Memo::new(move |_| {
            if settings.with(|settings| settings.link_clean) {
                cleaned(&address)
            } else {
                address.clone()
            }
        })
    };
    let asked = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        if settings.with_untracked(|settings| settings.link_guard) {
            event.prevent_default();
            chat.layer.set(Some(Layer::Link(target.get_untracked())));
        }
    };
    view! {
        <a
            class="link"
            href=move || target.get()
            target="_blank"
            rel="noopener noreferrer"
            tabindex="-1"
            data-testid="v1.link"
            on:click=asked
        >
            {children()}
        </a>
    }
}

/// The host of an address as the browser will ask for it.
pub(crate) fn host(address: &str) -> Option<String> {
    let url = web_sys::Url::new(address).ok()?;
    match url.protocol().as_str() {
        "http:" | "https:" => Some(url.host()),
        "mailto:" => Some(url.pathname()),
        _ => None,
    }
}

const fn warning(t: &'static Catalogue, oddity: Oddity) -> &'static str {
    match oddity {
        Oddity::ForeignLetters => t.k4_foreign,
        Oddity::MixedScripts => t.k4_mixed,
        Oddity::User => t.k4_user,
        Oddity::Number => t.k4_number,
        Oddity::Unencrypted => t.k4_unencrypted,
    }
}

/// Asks before a link is opened.
#[component]
pub(crate) fn LinkGuard(chat: Chat) -> impl IntoView {
    let t = text();
    let open = super::layer_open(chat, |layer| matches!(layer, Layer::Link(_)));
    view! {
        <Dialog open screen="k4" title=t.k4_title>
            {move || {
                let Some(Layer::Link(address)) = chat.layer.get() else {
                    return ().into_any();
                };
                let Some(host) = host(&address) else {
                    return view! { <p class="note error" role="alert">{t.k4_unreadable}</p> }.into_any();
                };
                let warnings: Vec<_> = oddities(&address)
                    .into_iter()
                    .map(|oddity| {
                        view! {
                            <li>
                                <Draw icon=Icon::Warning size=16 />
                                {warning(t, oddity)}
                            </li>
                        }
                    })
                    .collect();
                let warned = !warnings.is_empty();
                let copied = address.clone();
                view! {
                    <div class="stack">
                        <p>{t.k4_about}</p>
                        <p class="link-host" dir="ltr" data-testid="k4.host">{host}</p>
                        <p class="link-whole mono tiny" dir="ltr">{address.clone()}</p>
                        {warned.then(|| view! { <ul class="note warn link-warnings" data-testid="k4.warnings">{warnings}</ul> })}
                        <div class="actions end">
                            <button type="button" class="button" data-testid="k4.cancel" autofocus on:click=move |_| chat.layer.set(None)>{t.cancel}</button>
                            <button type="button" class="button" data-testid="k4.copy" on:click=move |_| {
                                chat.copy(copied.clone());
                                chat.layer.set(None);
                            }>{t.k4_copy}</button>
                            <a class="button primary" href=address target="_blank" rel="noopener noreferrer" data-testid="k4.open" on:click=move |_| chat.layer.set(None)>{t.k4_open}</a>
                        </div>
                    </div>
                }
                .into_any()
            }}
        </Dialog>
    }
}
