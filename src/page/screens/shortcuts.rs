//! The list of shortcuts (K2).

use crate::i18n::text;
use crate::page::keys::{table, written};
use crate::page::ui::dialog::Dialog;
use leptos::prelude::*;

#[component]
pub(crate) fn ShortcutList(open: RwSignal<bool>) -> impl IntoView {
    let t = text();
    view! {
        <Dialog open screen="k2" title=t.k2_title>
            {table(t)
                .into_iter()
                .map(|(where_they_act, lines)| {
                    let lines: Vec<_> = lines
                        .into_iter()
                        .map(|(keys, what)| {
                            view! {
                                <div class="fact">
                                    <dt><kbd>{written(keys)}</kbd></dt>
                                    <dd>{what}</dd>
                                </div>
                            }
                        })
                        .collect();
                    view! {
                        <section class="who-reacted">
                            <h3>{where_they_act}</h3>
                            <dl class="facts">{lines}</dl>
                        </section>
                    }
                })
                .collect_view()}
        </Dialog>
    }
}
