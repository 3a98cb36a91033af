//! A QR code on screen: dark on white in every theme, with its margin.

use crate::page::qr::draw;
use leptos::prelude::*;

/// The code of a text, as a picture with a name.
#[component]
pub(crate) fn QrCode(
    #[prop(into)] what: Signal<String>,
    label: &'static str,
    testid: &'static str,
) -> impl IntoView {
    move || {
        what.with(|what| draw(what)).map(|drawn| {
            view! {
                <svg
                    class="qr"
                    role="img"
                    aria-label=label
                    data-testid=testid
                    viewBox=format!("0 0 {0} {0}", drawn.side)
                    shape-rendering="crispEdges"
                >
                    <rect class="qr-light" width="100%" height="100%" />
                    <path class="qr-dark" d=drawn.path />
                </svg>
            }
        })
    }
}
