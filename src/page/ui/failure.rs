//! An error of the catalogue in three sentences: what happened, what is safe, what to do; the code stands small below
//! (screens 24).

use super::icons::{Draw, Icon};
use crate::bridge::FILE_LIMIT;
use crate::i18n::{ErrorText, fill, format, text};
use leptos::prelude::*;
use onionskin_client::api::{ErrorCode, Failure};

/// The three sentences, with the number in its place.
pub(crate) fn sentences(failure: &Failure) -> (String, &'static str, &'static str) {
    let t = text();
    let ErrorText { what, safe, todo } = (t.errors)(failure.code);
    if let (ErrorCode::FileTooBig, Some(size)) = (failure.code, failure.number) {
        let size = format::bytes(u64::from(size));
        let limit = format::bytes(FILE_LIMIT as u64);
        return (
            fill(t.file_too_big, &[("size", &size), ("limit", &limit)]),
            safe,
            todo,
        );
    }
    let number = failure
        .number
        .map(|number| number.to_string())
        .unwrap_or_default();
    (fill(what, &[("n", &number)]), safe, todo)
}

/// An error where it happened. Announced at once.
#[component]
pub(crate) fn FailureNote(
    failure: Failure,
    #[prop(optional)] testid: Option<&'static str>,
    /// A sentence that knows more than the catalogue, such as which word is wrong.
    #[prop(optional, into)]
    what: Option<String>,
) -> impl IntoView {
    let (said, safe, todo) = sentences(&failure);
    let warning = matches!(
        failure.code,
        ErrorCode::NetOffline | ErrorCode::SendQueue | ErrorCode::NetSwarm
    );
    view! {
        <div class="note" class:error=!warning class:warn=warning role="alert" data-testid=testid data-code=failure.code.code()>
            <Draw icon=Icon::Warning />
            <div class="stack tight">
                <p class="what">{what.unwrap_or(said)}</p>
                <p>{safe} " " {todo}</p>
                <p class="code">{failure.code.code()}</p>
            </div>
        </div>
    }
}
