//! All files of a conversation by kind and month (screens 9.12, V3).

use super::lightbox::{Looking, Picture, alt_of, described};
use super::{can_save, thumbnail_of, tile};
use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::chat::{Chat, Layer};
use crate::page::mentions::named;
use crate::page::router::Route;
use crate::page::screens::conversation::{DeleteDialog, ForwardDialog};
use crate::page::screens::row::called;
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, ConversationId, Failure, FileKind, FileState, Has, Hit, MediaItem, Message,
    SearchQuery,
};
use onionskin_protocol::sorted::SortedSet;

/// So many are read at a time.
const PAGE: u16 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Pictures,
    Files,
    Links,
    Voice,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Pictures, Self::Files, Self::Links, Self::Voice];

    const fn word(self, t: &'static Catalogue) -> &'static str {
        match self {
            Self::Pictures => t.media_tab_pictures,
            Self::Files => t.media_tab_files,
            Self::Links => t.media_tab_links,
            Self::Voice => t.media_tab_voice,
        }
    }

    const fn hook(self) -> &'static str {
        match self {
            Self::Pictures => "v3.tab-pictures",
            Self::Files => "v3.tab-files",
            Self::Links => "v3.tab-links",
            Self::Voice => "v3.tab-voice",
        }
    }

    const fn holds(self, kind: FileKind) -> bool {
        match kind {
            FileKind::Image | FileKind::Video => matches!(self, Self::Pictures),
            FileKind::Audio | FileKind::Other => matches!(self, Self::Files),
            FileKind::Voice => matches!(self, Self::Voice),
        }
    }
}

#[component]
pub(crate) fn MediaPage(id: ConversationId) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let tab = RwSignal::new(Tab::Pictures);
    let items = RwSignal::new(Vec::<MediaItem>::new());
    let more = RwSignal::new(true);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    let links = RwSignal::new(None::<Vec<Hit>>);
    let read = move || {
        if busy.get_untracked() || !more.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let mut before = items.with_untracked(|items| items.last().map(MediaItem::cursor));
            let mut left = usize::from(PAGE);
            // A page may be short, since the files of one message stay together: only an empty one is the end.
            while left > 0 {
                let command = Command::GetMedia {
                    conversation: id,
                    before,
                    limit: PAGE,
                };
                match app.command(command).await {
                    Ok(Answer::Media(page)) => {
                        let Some(last) = page.last() else {
                            more.try_set(false);
                            break;
                        };
                        before = Some(last.cursor());
                        left = left.saturating_sub(page.len());
                        items.try_update(|items| items.extend(page));
                    }
                    Ok(_) => break,
                    Err(failure) => {
                        failed.try_set(Some(failure));
                        break;
                    }
                }
            }
            busy.try_set(false);
        });
    };
    read();
    Effect::new(move |_| {
        if tab.get() == Tab::Links && links.with_untracked(Option::is_none) {
            leptos::task::spawn_local(async move {
                let query = SearchQuery {
                    conversation: Some(id),
                    has: vec![Has::Link],
                    ..SearchQuery::default()
                };
                match app
                    .command(Command::Search {
                        query,
                        after: None,
                        limit: 200,
                    })
                    .await
                {
                    Ok(Answer::Found(found)) => drop(links.try_set(Some(found.hits))),
                    Ok(_) => {}
                    Err(failure) => drop(failed.try_set(Some(failure))),
                }
            });
        }
    });
    let here = Memo::new(move |_| app.conversation(id));
    let name = Memo::new(move |_| {
        here.with(|one| one.as_ref().map(|one| called(t, one)).unwrap_or_default())
    });
    let chat = Chat::new(app, id, here, name);
    let shown = Memo::new(move |_| {
        let tab = tab.get();
        let hidden = app.timeline.hidden.get();
        items.with(|items| {
            items
                .iter()
                .filter(|one| tab.holds(one.attachment.kind) && !hidden.contains(&one.message))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let choosing = Memo::new(move |_| chat.selected.with(Option::is_some));
    let choose = move |_| {
        if choosing.get_untracked() {
            chat.leave_selection();
        } else {
            chat.selected.set(Some(SortedSet::new()));
        }
    };
    let empty = move || match tab.get() {
        Tab::Links => links.with(|links| links.as_ref().is_some_and(Vec::is_empty)),
        _ => !busy.get() && shown.with(Vec::is_empty),
    };
    let state = move || {
        if failed.with(Option::is_some) {
            "error"
        } else if busy.get() {
            "loading"
        } else if empty() {
            "empty"
        } else {
            "ready"
        }
    };
    view! {
        <section class="pane-screen media-page" data-screen="v3" data-state=state aria-label=t.media_title>
            <header class="pane-head">
                <a class="icon-button" href=Route::Conversation(id).href() aria-label=t.media_back title=t.media_back data-testid="v3.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <div class="who">
                    <h1 tabindex="-1" data-route-focus="">{t.media_title}</h1>
                    <p class="tiny muted"><bdi>{move || name.get()}</bdi></p>
                </div>
                <Show when=move || tab.get() != Tab::Links && !shown.with(Vec::is_empty)>
                    <button type="button" class="icon-button" aria-label=t.v1_select title=t.v1_select aria-pressed=move || choosing.get().to_string() data-testid="v3.choose" on:click=choose>
                        <Draw icon=Icon::Select size=24 />
                    </button>
                </Show>
            </header>
            <div class="media-tabs" role="group" aria-label=t.media_title>
                {Tab::ALL.map(|one| view! {
                    <button type="button" class="chip" aria-pressed=move || (tab.get() == one).to_string() data-testid=one.hook() on:click=move |_| {
                        chat.leave_selection();
                        tab.set(one);
                    }>
                        {one.word(t)}
                    </button>
                })}
            </div>
            <div class="media-scroll">
                {move || failed.get().map(|failure| view! { <FailureNote failure testid="v3.error" /> })}
                <Show when=empty>
                    <p class="muted media-empty" data-testid="v3.empty">{t.media_empty}</p>
                </Show>
                {move || match tab.get() {
                    Tab::Links => view! { <Links links /> }.into_any(),
                    _ => months(shown.get()).into_iter().map(|(month, items)| view! { <Month chat month items /> }).collect_view().into_any(),
                }}
                <Show when=move || more.get() && tab.get() != Tab::Links && !busy.get()>
                    <button type="button" class="button media-more" data-testid="v3.more" on:click=move |_| read()>{t.media_older}</button>
                </Show>
            </div>
            <Show when=move || choosing.get()>
                <ChosenBar chat shown />
            </Show>
            <DeleteDialog chat />
            <ForwardDialog chat />
        </section>
    }
}

/// How much is chosen, and what can be done with it.
#[component]
fn ChosenBar(chat: Chat, shown: Memo<Vec<MediaItem>>) -> impl IntoView {
    let t = text();
    let chosen = Memo::new(move |_| {
        let ids = chat.selected.get().unwrap_or_default();
        shown.with(|shown| {
            shown
                .iter()
                .filter(|one| ids.contains(&one.message))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let said = move || {
        chosen.with(|chosen| {
            let size = chosen.iter().map(|one| one.attachment.size).sum();
            fill(
                &count(&t.media_staged, chosen.len() as u64),
                &[("size", &format::bytes(size))],
            )
        })
    };
    let files = move || {
        chosen.with(|chosen| {
            chosen
                .iter()
                .filter(|one| can_save(chat.app, &one.attachment, one.mine))
                .map(|one| (one.message, one.attachment.clone()))
                .collect::<Vec<_>>()
        })
    };
    let messages = move || {
        let ids = chat.selected.get_untracked().unwrap_or_default();
        ids.into_iter().collect::<Vec<_>>()
    };
    let none = move || chosen.with(Vec::is_empty);
    view! {
        <div class="select-bar" role="toolbar" aria-label=t.v1_selection data-testid="v3.select-bar">
            <button type="button" class="icon-button" aria-label=t.cancel title=t.cancel data-testid="v3.cancel" on:click=move |_| chat.leave_selection()>
                <Draw icon=Icon::Close />
            </button>
            <p class="select-count" aria-live="polite" data-testid="v3.count">{said}</p>
            <button type="button" class="icon-button" aria-label=t.v1_save_files title=t.v1_save_files data-testid="v3.save" disabled=move || files().is_empty() on:click=move |_| {
                chat.save(untrack(files));
                chat.leave_selection();
            }>
                <Draw icon=Icon::Down />
            </button>
            <button type="button" class="icon-button" aria-label=t.v1_forward title=t.v1_forward data-testid="v3.forward" disabled=none on:click=move |_| chat.layer.set(Some(Layer::Forward(messages())))>
                <Draw icon=Icon::Forward />
            </button>
            <button type="button" class="icon-button danger" aria-label=t.delete title=t.delete data-testid="v3.delete" disabled=none on:click=move |_| chat.layer.set(Some(Layer::Delete(messages())))>
                <Draw icon=Icon::Trash />
            </button>
        </div>
    }
}

/// Runs of files of one month, in their order.
fn months(items: Vec<MediaItem>) -> Vec<(String, Vec<MediaItem>)> {
    let mut months: Vec<(String, Vec<MediaItem>)> = Vec::new();
    for item in items {
        let month = format::month(item.sent_at);
        match months.last_mut() {
            Some((last, items)) if *last == month => items.push(item),
            _ => months.push((month, vec![item])),
        }
    }
    months
}

/// It is shown here at once. What could run programs never is, whatever it says that it is.
fn is_shown(one: &MediaItem) -> bool {
    let file = &one.attachment;
    file.kind == FileKind::Image && file.state == FileState::Here && !file.dangerous
}

/// A picture by what it shows or whose it is, everything else by what it is called.
fn name_of_item(app: App, one: &MediaItem) -> String {
    if one.attachment.kind == FileKind::Image {
        return alt_of_item(app, one);
    }
    let t = text();
    let name = tile::called(t, &one.attachment);
    fill(
        t.media_from,
        &[
            ("name", &isolate(&name)),
            ("time", &format::full(one.sent_at)),
        ],
    )
}

fn alt_of_item(app: App, one: &MediaItem) -> String {
    described(&one.attachment)
        .unwrap_or_else(|| alt_of(app, one.conversation, one.mine, one.sent_at))
}

#[component]
fn Month(chat: Chat, month: String, items: Vec<MediaItem>) -> impl IntoView {
    let pictures: Vec<MediaItem> = items.iter().filter(|one| is_shown(one)).cloned().collect();
    let grid = items
        .iter()
        .all(|one| matches!(one.attachment.kind, FileKind::Image | FileKind::Video));
    view! {
        <section class="media-month">
            <h2>{month}</h2>
            <ul class=if grid { "media-grid" } else { "media-list" }>
                {items.into_iter().map(|item| view! { <Place chat item beside=pictures.clone() /> }).collect_view()}
            </ul>
        </section>
    }
}

/// A file, and while somebody chooses a box over it: what is chosen is its message.
#[component]
fn Place(chat: Chat, item: MediaItem, beside: Vec<MediaItem>) -> impl IntoView {
    let t = text();
    let message = item.message;
    let name = name_of_item(chat.app, &item);
    let chosen = Memo::new(move |_| {
        chat.selected
            .with(|chosen| chosen.as_ref().map(|chosen| chosen.contains(&message)))
    });
    let lightbox = is_shown(&item);
    let route = Route::At(item.conversation, message);
    view! {
        <li class="media-item" class:chosen=move || chosen.get() == Some(true)>
            <Item item beside />
            // The lightbox has such a button itself.
            {(!lightbox).then(|| view! {
                <a class="icon-button" href=route.href() aria-label=t.media_show title=t.media_show data-testid="v3.show">
                    <Draw icon=Icon::Chats />
                </a>
            })}
            <Show when=move || chosen.get().is_some()>
                <label class="media-choice">
                    <input type="checkbox" aria-label=name.clone() data-testid="v3.choice" prop:checked=move || chosen.get() == Some(true) on:change=move |_| chat.toggle(message) />
                </label>
            </Show>
        </li>
    }
}

#[component]
fn Item(item: MediaItem, beside: Vec<MediaItem>) -> impl IntoView {
    let app = expect_context::<App>();
    let message = Message {
        id: item.message,
        conversation: item.conversation,
        mine: item.mine,
        sent_at: item.sent_at,
        heard: true,
        ..Message::default()
    };
    if !is_shown(&item) {
        let attachment = item.attachment;
        // Once it is loaded it is looked at alone.
        let beside = vec![attachment.clone()];
        return view! { <tile::Tile message attachment beside /> }.into_any();
    }
    let small = RwSignal::new(None);
    let file = item.attachment.id;
    leptos::task::spawn_local(async move {
        if let Ok(url) = thumbnail_of(app, file).await {
            small.try_set(Some(url));
        }
    });
    let alt = alt_of_item(app, &item);
    let open = move |_| {
        let pictures: Vec<Picture> = beside
            .iter()
            .map(|one| Picture {
                attachment: one.attachment.clone(),
                message: one.message,
                conversation: one.conversation,
                alt: alt_of_item(app, one),
                sent_at: one.sent_at,
            })
            .collect();
        let at = pictures
            .iter()
            .position(|one| one.attachment.id == file)
            .unwrap_or(0);
        app.media.lightbox.set(Some(Looking { pictures, at }));
    };
    view! {
        <button type="button" class="picture-button" aria-label=alt data-testid="v3.picture" on:click=open>
            {move || small.get().map(|url| view! { <img src=url.as_str().to_owned() alt="" decoding="async" /> })}
        </button>
    }
    .into_any()
}

/// Messages with links; the text of each, cut, leads to it in its conversation.
#[component]
fn Links(links: RwSignal<Option<Vec<Hit>>>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    view! {
        <ul class="media-list" data-testid="v3.links">
            {move || links.get().unwrap_or_default().into_iter().map(|hit| {
                let said: String = named(app, &hit.message.text).chars().take(200).collect();
                let label = fill(t.media_link_from, &[("time", &format::full(hit.message.sent_at)), ("text", &isolate(&said))]);
                view! {
                    <li>
                        <a class="media-link" href=Route::At(hit.message.conversation, hit.message.id).href() data-testid="v3.link" aria-label=label>
                            <span dir="auto">{said}</span>
                            <span class="tiny muted">{format::full(hit.message.sent_at)}</span>
                        </a>
                    </li>
                }
            }).collect_view()}
        </ul>
    }
}
