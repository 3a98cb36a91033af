//! C3: people who wrote and were not accepted yet. What they wrote is shown inert: no links, no pictures (screens 7).

use super::actions;
use super::row::called;
use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::listing::{only_links, requests};
use crate::page::mentions::named;
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::names::GroupedId;
use leptos::prelude::*;
use onionskin_client::api::{
    Anchor, Answer, Command, Conversation, ConversationId, Cursor, MessageId, MessageKind,
};
use onionskin_protocol::sorted::SortedSet;

#[component]
pub(crate) fn Requests() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let all_shown = RwSignal::new(false);
    let selected = RwSignal::new(SortedSet::<ConversationId>::new());
    // Members of bursts that are unfolded.
    let unfolded = RwSignal::new(SortedSet::<ConversationId>::new());
    let groups = Memo::new(move |_| {
        let (hide, group) = app
            .settings
            .with(|settings| (settings.hide_link_requests, settings.group_bursts));
        let leaving = app.leaving.get();
        let all = app
            .conversations
            .with(|list| requests(list.as_deref().unwrap_or_default(), &leaving, group));
        let linked =
            |one: &Conversation| one.last.as_ref().is_some_and(|last| only_links(&last.text));
        let before: usize = all.iter().map(Vec::len).sum();
        let kept: Vec<Vec<Conversation>> = all
            .into_iter()
            .map(|group| {
                group
                    .into_iter()
                    .filter(|one| !hide || all_shown.get() || !linked(one))
                    .collect::<Vec<_>>()
            })
            .filter(|group| !group.is_empty())
            .collect();
        let hidden = before - kept.iter().map(Vec::len).sum::<usize>();
        (kept, hidden)
    });
    let ids = move || {
        groups.with(|(groups, _)| {
            groups
                .iter()
                .flatten()
                .map(|one| one.id)
                .collect::<Vec<_>>()
        })
    };
    let empty = Memo::new(move |_| groups.with(|(groups, _)| groups.is_empty()));
    let chosen = move || {
        let chosen = selected.get();
        ids()
            .into_iter()
            .filter(|id| chosen.contains(id))
            .collect::<Vec<_>>()
    };
    view! {
        <section class="pane-screen" data-screen="c3" data-state=move || if empty.get() { "empty" } else { "ready" } aria-label=t.c3_title>
            <header class="pane-head">
                <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="c3.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{t.c3_title}</h1>
            </header>
            <div class="pane-body">
                <div class="column">
                    <p class="small muted">{t.c3_about}</p>
                    <Show when=move || !empty.get()>
                        <div class="actions">
                            <button
                                type="button"
                                class="button"
                                data-testid="c3.decline-selected"
                                disabled=move || chosen().is_empty()
                                on:click=move |_| {
                                    decline(app, untrack(chosen), false);
                                    selected.update(SortedSet::clear);
                                }
                            >
                                {t.c3_decline_selected}
                            </button>
                            <button type="button" class="button danger" data-testid="c3.decline-all" on:click=move |_| decline(app, untrack(ids), false)>
                                {t.c3_decline_all}
                            </button>
                        </div>
                    </Show>
                    <Show when=move || { groups.with(|(_, hidden)| *hidden > 0) }>
                        <div class="note">
                            <Draw icon=Icon::Info />
                            <div class="stack tight">
                                <p data-testid="c3.hidden">{move || count(&t.c3_hidden, groups.with(|(_, hidden)| *hidden as u64))}</p>
                                <button type="button" class="link-button" data-testid="c3.show-hidden" on:click=move |_| all_shown.set(true)>
                                    {t.show_all}
                                </button>
                            </div>
                        </div>
                    </Show>
                    <For
                        each=move || groups.with(|(groups, _)| groups.clone())
                        key=|group| burst_key(group)
                        let:group
                    >
                        <Group group selected unfolded />
                    </For>
                </div>
            </div>
        </section>
    }
}

/// What had the focus goes along.
fn decline(app: App, ids: Vec<ConversationId>, block: bool) {
    actions::decline(app, ids, block);
    crate::page::focus::rescue("[data-screen='c3']");
}

/// A group is drawn anew when one comes or goes or writes again.
fn burst_key(group: &[Conversation]) -> Vec<(ConversationId, u64)> {
    group.iter().map(|one| (one.id, one.active_at)).collect()
}

/// One request, or a burst of them behind one line.
#[component]
fn Group(
    group: Vec<Conversation>,
    selected: RwSignal<SortedSet<ConversationId>>,
    unfolded: RwSignal<SortedSet<ConversationId>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let many = group.len();
    let ids: Vec<_> = group.iter().map(|one| one.id).collect();
    let cards = move || {
        group
            .iter()
            .map(|one| view! { <Card one=one.clone() similar=many - 1 selected /> })
            .collect_view()
    };
    if many == 1 {
        return cards().into_any();
    }
    let members = ids.clone();
    let open = unfolded.with_untracked(|open| ids.iter().any(|id| open.contains(id)));
    let toggled = move |event: leptos::ev::Event| {
        let open = event_target::<web_sys::HtmlDetailsElement>(&event).open();
        unfolded.update(|unfolded| {
            for id in &members {
                if open {
                    unfolded.insert(*id);
                } else {
                    unfolded.remove(id);
                }
            }
        });
    };
    view! {
        <details class="card burst" open=open on:toggle=toggled data-testid="c3.burst">
            <summary>{count(&t.c3_burst, many as u64)}</summary>
            <p class="small muted">{t.c3_burst_why}</p>
            <div class="actions">
                <button type="button" class="button danger" data-testid="c3.decline-burst" on:click=move |_| decline(app, ids.clone(), false)>
                    {t.c3_decline_burst}
                </button>
            </div>
            {cards()}
        </details>
    }
    .into_any()
}

#[component]
fn Card(
    one: Conversation,
    /// So many others came within the same hour.
    similar: usize,
    selected: RwSignal<SortedSet<ConversationId>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let id = one.id;
    let name = called(t, &one);
    let named = |pattern: &str| fill(pattern, &[("name", &isolate(&name))]);
    let said = first_text(app, t, &one);
    let title_id = format!("c3-{}", hex::encode(id.0));
    let accept = move |quietly: bool| {
        leptos::task::spawn_local(async move {
            let accept = Command::AcceptRequest {
                conversation: id,
                quietly,
            };
            match app.command(accept).await {
                Ok(_) => go(Route::Conversation(id)),
                Err(failure) => app.problem.set(Some(failure)),
            }
        });
    };
    let receipts = Memo::new(move |_| app.settings.with(|settings| settings.read_receipts));
    view! {
        <article class="card request" aria-labelledby=title_id.clone() data-testid="c3.request">
            <div class="person">
                <Avatar id=one.account_id.clone() size=56 />
                <div class="stack tight">
                    <h2 id=title_id.clone()>
                        <bdi>{name.clone()}</bdi>
                    </h2>
                    <p class="small muted">
                        <time>{format::row_time(one.active_at)}</time>
                        {(similar > 0).then(|| view! { <span>" · " {count(&t.c3_similar, similar as u64)}</span> })}
                    </p>
                </div>
                <label class="check flush request-choose">
                    <input
                        type="checkbox"
                        aria-label=named(t.c3_choose)
                        data-testid="c3.choose"
                        prop:checked=move || selected.with(|chosen| chosen.contains(&id))
                        on:change=move |event| {
                            let on = event_target_checked(&event);
                            selected.update(|chosen| { if on { chosen.insert(id); } else { chosen.remove(&id); } });
                        }
                    />
                </label>
            </div>
            <p class="request-text" dir="auto" data-testid="c3.text">{move || said.get()}</p>
            <GroupedId id=one.account_id.clone() testid="c3.id" />
            <div class="actions">
                <button type="button" class="button primary" aria-label=named(t.c3_accept_named) data-testid="c3.accept" on:click=move |_| accept(false)>
                    {t.accept}
                </button>
                <Show when=move || receipts.get()>
                    <button type="button" class="button" title=t.c3_accept_quietly_why data-testid="c3.accept-quietly" on:click=move |_| accept(true)>
                        {t.c3_accept_quietly}
                    </button>
                </Show>
                <a class="button" href=Route::Conversation(id).href() aria-label=named(t.c3_open_named) data-testid="c3.open">
                    {t.act_open}
                </a>
                <button
                    type="button"
                    class="button"
                    aria-label=named(t.c3_decline_named)
                    data-testid="c3.decline"
                    on:click=move |_| decline(app, vec![id], false)
                >
                    {t.c3_decline}
                </button>
                <button
                    type="button"
                    class="button danger"
                    aria-label=named(t.c3_block_named)
                    data-testid="c3.block"
                    on:click=move |_| decline(app, vec![id], true)
                >
                    {t.c3_block}
                </button>
            </div>
        </article>
    }
}

/// The first thing they wrote, as plain text; until it is read, the newest.
fn first_text(app: App, t: &'static Catalogue, one: &Conversation) -> RwSignal<String> {
    let newest = one.last.as_ref().map(|last| named(app, &last.text));
    let said = RwSignal::new(
        newest
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| t.c3_no_text.into()),
    );
    let conversation = one.id;
    leptos::task::spawn_local(async move {
        let first = Command::GetMessages {
            conversation,
            anchor: Anchor::After(Cursor {
                sent_at: 0,
                message: MessageId::default(),
            }),
            limit: 1,
        };
        // The newest text stands there already.
        if let Ok(Answer::Messages { messages, .. }) = app.command(first).await
            && let Some(message) = messages.first()
            && message.kind == MessageKind::Text
            && !message.text.is_empty()
        {
            said.try_set(untrack(|| named(app, &message.text)));
        }
    });
    said
}
