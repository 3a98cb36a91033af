//! What the network cost in bytes, by kind and time, and forgetting it.

use crate::i18n::{format, text};
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use leptos::prelude::*;
use onionskin_client::api::{Bytes, Command, DataUse, Failure, Traffic};

#[component]
pub(super) fn DataUseCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let asking = RwSignal::new(false);
    let kinds = Memo::new(move |_| {
        app.report.with(|report| {
            report
                .as_ref()
                .map(|report| report.data_use.clone())
                .unwrap_or_default()
        })
    });
    let rows = move || kinds.get().into_iter().map(row).collect_view();
    let total = move || {
        let sum = |of: fn(&DataUse) -> Bytes| {
            kinds.with(|kinds| kinds.iter().map(of).map(both).sum::<u64>())
        };
        [
            sum(|kind| kind.today),
            sum(|kind| kind.week),
            sum(|kind| kind.month),
        ]
        .into_iter()
        .map(|bytes| view! { <td>{format::bytes(bytes)}</td> })
        .collect_view()
    };
    view! {
        <section class="card" aria-labelledby="p1-data">
            <h2 id="p1-data">{t.p1_data}</h2>
            <p class="small muted">{t.p1_data_why}</p>
            <table class="figures" aria-labelledby="p1-data" data-testid="p1.data">
                <thead>
                    <tr>
                        <th scope="col"><span class="visually-hidden">{t.p1_data_kind}</span></th>
                        <th scope="col">{t.today}</th>
                        <th scope="col">{t.p1_data_week}</th>
                        <th scope="col">{t.p1_data_month}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row">{t.p1_data_total}</th>
                        {total}
                    </tr>
                </tfoot>
            </table>
            <div class="actions">
                <button type="button" class="button" data-testid="p1.data-reset" on:click=move |_| asking.set(true)>
                    {t.p1_data_reset}
                </button>
            </div>
            <Dialog open=asking screen="p1-reset" title=t.p1_data_reset_title>
                <Question asking />
            </Dialog>
        </section>
    }
}

fn row(kind: DataUse) -> impl IntoView {
    let t = text();
    let name = match kind.kind {
        Traffic::Polling => t.traffic_polling,
        Traffic::Sending => t.traffic_sending,
        Traffic::Network => t.traffic_network,
        Traffic::Files => t.traffic_files,
    };
    let cells = [kind.today, kind.week, kind.month]
        .map(|bytes| view! { <td>{format::bytes(both(bytes))}</td> })
        .collect_view();
    view! {
        <tr>
            <th scope="row">{name}</th>
            {cells}
        </tr>
    }
}

fn both(bytes: Bytes) -> u64 {
    bytes.sent.saturating_add(bytes.received)
}

/// The counts cannot be brought back, so it asks.
#[component]
fn Question(asking: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let failed = RwSignal::new(None::<Failure>);
    let reset = move |_| {
        leptos::task::spawn_local(async move {
            match app.command(Command::ResetDataUse).await {
                Ok(_) => {
                    app.read_report().await;
                    asking.try_set(false);
                }
                Err(failure) => {
                    failed.try_set(Some(failure));
                }
            }
        });
    };
    view! {
        <p>{t.p1_data_reset_why}</p>
        {move || failed.get().map(|failure| view! { <FailureNote failure testid="p1-reset.error" /> })}
        <div class="actions end">
            <button type="button" class="button" data-testid="p1-reset.cancel" autofocus on:click=move |_| asking.set(false)>
                {t.cancel}
            </button>
            <button type="button" class="button danger" data-testid="p1-reset.go" on:click=reset>
                {t.p1_data_reset}
            </button>
        </div>
    }
}
