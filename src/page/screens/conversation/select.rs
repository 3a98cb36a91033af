//! The bar of select mode, in the place of the composer: how many, and what to do with them.

use crate::i18n::{count, text};
use crate::page::chat::{Chat, Layer};
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::Message;
use onionskin_protocol::sorted::SortedSet;

#[component]
pub(crate) fn SelectBar(chat: Chat) -> impl IntoView {
    let t = text();
    let number = Memo::new(move |_| {
        chat.selected
            .with(|selected| selected.as_ref().map_or(0, SortedSet::len))
    });
    let none = move || number.get() == 0;
    let ids = |chosen: &[Message]| chosen.iter().map(|one| one.id).collect::<Vec<_>>();
    // Files that are here can be saved; what was scrolled away is looked at when it is asked for.
    let savable = move || {
        chat.selected.track();
        let here = chat.chosen_here();
        here.len() < number.get() || !chat.savable(&here).is_empty()
    };
    let copy = move |_| {
        chat.with_chosen(move |chosen| chat.copy_texts(&chosen));
        chat.leave_selection();
    };
    let save = move |_| {
        chat.with_chosen(move |chosen| chat.save(untrack(|| chat.savable(&chosen))));
        chat.leave_selection();
    };
    let forward = move |_| {
        chat.with_chosen(move |chosen| {
            chat.layer.try_set(Some(Layer::Forward(ids(&chosen))));
        });
    };
    let star = move |_| {
        chat.with_chosen(move |chosen| {
            let on = !chosen.iter().all(|one| one.starred);
            chat.star(ids(&chosen), on);
        });
        chat.leave_selection();
    };
    let delete = move |_| {
        chat.with_chosen(move |chosen| {
            chat.layer.try_set(Some(Layer::Delete(ids(&chosen))));
        });
    };
    view! {
        <div class="select-bar" role="toolbar" aria-label=t.v1_selection data-testid="v1.select-bar" data-pane-stop="composer">
            <button type="button" class="icon-button" aria-label=t.cancel title=t.cancel data-testid="v1.select-cancel" on:click=move |_| chat.leave_selection()>
                <Draw icon=Icon::Close />
            </button>
            <p class="select-count" aria-live="polite" data-testid="v1.select-count">{move || count(&t.v1_selected, number.get() as u64)}</p>
            <button type="button" class="icon-button" aria-label=t.v1_copy title=t.v1_copy data-testid="v1.select-copy" disabled=none on:click=copy>
                <Draw icon=Icon::Copy />
            </button>
            <button type="button" class="icon-button" aria-label=t.v1_save_files title=t.v1_save_files data-testid="v1.select-save" disabled=move || !savable() on:click=save>
                <Draw icon=Icon::Down />
            </button>
            <button type="button" class="icon-button" aria-label=t.v1_forward title=t.v1_forward data-testid="v1.select-forward" disabled=none on:click=forward>
                <Draw icon=Icon::Forward />
            </button>
            <button type="button" class="icon-button" aria-label=t.v1_star title=t.v1_star data-testid="v1.select-star" disabled=none on:click=star>
                <Draw icon=Icon::StarMark />
            </button>
            <button type="button" class="icon-button danger" aria-label=t.delete title=t.delete data-testid="v1.select-delete" disabled=none on:click=delete>
                <Draw icon=Icon::Trash />
            </button>
        </div>
    }
}
