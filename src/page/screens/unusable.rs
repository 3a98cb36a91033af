//! B0: what is missing, which browsers work, and that nothing was stored.

use crate::i18n::{fill, text};
use crate::page::environment::Feature;
use crate::page::state::Unusable;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::ErrorCode;

#[component]
pub(crate) fn UnusablePage(why: Unusable) -> impl IntoView {
    let t = text();
    let (title, said, code) = match &why {
        Unusable::Missing(features) => {
            let names: Vec<&str> = features
                .iter()
                .map(|feature| match feature {
                    Feature::SecureContext => t.b0_secure_context,
                    Feature::Random => t.b0_random,
                    Feature::Workers => t.b0_workers,
                    Feature::Locks => t.b0_locks,
                })
                .collect();
            let missing = fill(t.b0_missing, &[("what", &names.join(", "))]);
            (t.b0_title, missing, Some(ErrorCode::BrowserOld))
        }
        Unusable::Outdated => (t.b0_outdated_title, t.b0_outdated.to_owned(), None),
        Unusable::Broken => (
            t.b0_broken_title,
            t.b0_broken.to_owned(),
            Some(ErrorCode::Internal),
        ),
    };
    let reload = |_| {
        // Nothing can be done about a browser that refuses.
        let _ = window().location().reload();
    };
    let may_help = !matches!(why, Unusable::Missing(_));
    view! {
        <main class="page" data-screen="b0" data-state="error">
            <div class="sheet">
                <div class="welcome-head">
                    <span class="mark">
                        <Draw icon=Icon::Warning size=40 />
                    </span>
                    <h1 tabindex="-1" data-route-focus>{title}</h1>
                </div>
                <p>{said}</p>
                {(!may_help).then(|| view! { <p>{t.b0_browsers}</p> })}
                {may_help
                    .then(|| view! { <button type="button" class="button primary big" data-testid="b0.reload" on:click=reload>{t.reload}</button> })}
                {code.map(|code| view! { <p class="code">{code.code()}</p> })}
            </div>
        </main>
    }
}
