//! C2: what was put aside on this device.

use super::chats::SelectionBar;
use super::list::{ConversationList, Selection};
use crate::i18n::text;
use crate::page::listing::{Which, shown};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_protocol::sorted::SortedSet;

#[component]
pub(crate) fn Archive() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let selected: Selection = RwSignal::new(SortedSet::new());
    let empty = Memo::new(move |_| {
        let leaving = app.leaving.get();
        app.conversations.with(|list| {
            shown(
                list.as_deref().unwrap_or_default(),
                Which::Archive,
                &leaving,
            )
            .is_empty()
        })
    });
    view! {
        <section class="pane-screen" data-screen="c2" data-state=move || if empty.get() { "empty" } else { "ready" } aria-label=t.c2_title>
            <Show
                when=move || !selected.with(SortedSet::is_empty)
                fallback=move || {
                    view! {
                        <header class="pane-head">
                            <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="c2.back">
                                <Draw icon=Icon::Back size=24 />
                            </a>
                            <h1 tabindex="-1" data-route-focus>{t.c2_title}</h1>
                        </header>
                    }
                }
            >
                <SelectionBar selected archived=true />
            </Show>
            <div class="list-scroll" id="archive-scroll">
                <p class="list-empty">{move || if empty.get() { t.c2_empty } else { t.c2_local }}</p>
                <ConversationList which=Which::Archive selected scroller="archive-scroll" label=t.c2_title />
            </div>
        </section>
    }
}
