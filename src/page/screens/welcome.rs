//! W1: three ways to begin.

use crate::i18n::text;
use crate::page::receipt::Receipt;
use crate::page::router::Route;
use crate::page::screens::settings::LanguageChoice;
use crate::page::state::{App, Ended};
use crate::page::ui::copy::CopyButton;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{ErrorCode, Failure};

/// What ended the last account, where the person lands afterwards.
#[component]
pub(crate) fn EndedNote() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let ended = move || {
        let said = match app.ended.get()? {
            Ended::Superseded => t.ended_superseded,
            Ended::Restarted => t.ended_restarted,
            Ended::TemporaryLost => t.ended_temporary_lost,
            Ended::Erased => t.ended_erased,
            Ended::ErasedAll => t.ended_erased_all,
            Ended::ErasedElsewhere => t.ended_erased_elsewhere,
            Ended::Burnt => t.ended_burnt,
            Ended::Evicted => {
                let failure = Failure {
                    code: ErrorCode::StoreEvicted,
                    number: None,
                    detail: String::new(),
                };
                return Some(view! { <FailureNote failure testid="ended" /> }.into_any());
            }
        };
        let note = view! {
            <div class="note" role="status" data-testid="ended">
                <Draw icon=Icon::Info />
                <p>{said}</p>
            </div>
        };
        Some(note.into_any())
    };
    view! {
        {ended}
        {move || app.erase_failed.get().map(|failure| view! { <FailureNote failure testid="erase-failed" /> })}
        {move || app.receipt.get().map(|receipt| view! { <ReceiptCard receipt /> })}
    }
}

/// What an erasure did, to be read and copied.
#[component]
fn ReceiptCard(receipt: Receipt) -> impl IntoView {
    let t = text();
    let lines = receipt.lines(t);
    let words = lines.join("\n");
    let items = lines
        .into_iter()
        .map(|line| view! { <li>{line}</li> })
        .collect_view();
    view! {
        <section class="card receipt" aria-labelledby="d3-receipt-title" data-testid="d3.receipt">
            <h2 id="d3-receipt-title">{t.d3_receipt}</h2>
            <ul class="plain-list small">{items}</ul>
            <p class="small muted">{t.d3_stays_permissions}</p>
            <div class="actions">
                <CopyButton what=Signal::stored(words) label=t.d3_receipt_copy testid="d3.receipt-copy" />
            </div>
        </section>
    }
}

#[component]
pub(crate) fn Welcome() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let blocked = move || app.environment.with(|environment| !environment.indexed_db);
    let offline = !window().navigator().on_line();
    view! {
        <main class="page" data-screen="w1" data-state=if offline { "offline" } else { "ready" }>
            <div class="sheet welcome">
                <div class="welcome-head">
                    <span class="mark">
                        <Draw icon=Icon::Mark size=64 />
                    </span>
                    <h1 tabindex="-1" data-route-focus>{t.product}</h1>
                    <p class="muted">{t.w1_promise}</p>
                </div>
                <EndedNote />
                {offline.then(|| view! { <p class="note plain" role="status">{t.w1_offline}</p> })}
                <Show when=blocked>
                    <p class="note plain" role="status">{t.w1_storage_blocked}</p>
                </Show>
                <div class="stack">
                    <a class="button primary big" href=Route::Create.href() data-testid="w1.create">{t.w1_create}</a>
                    <a class="button big" href=Route::Restore.href() data-testid="w1.restore">{t.w1_restore}</a>
                    <a class="button big violet" href=Route::Temporary.href() data-testid="w1.temporary">{t.w1_temporary}</a>
                    <a class="button quiet" href=Route::RestoreFile.href() data-testid="w1.file">{t.w1_file}</a>
                    <Show when=move || app.vaults.with(|vaults| !vaults.is_empty())>
                        <a class="button quiet" href=Route::Lock.href() data-testid="w1.unlock">{t.w1_unlock}</a>
                    </Show>
                </div>
            </div>
            <footer class="page-foot">
                <LanguageChoice testid="w1.language" />
            </footer>
        </main>
    }
}
