//! V2: everything about a person beside their conversation (screens 9.11). Each part says whether other devices see it.

use super::actions;
use super::export::ExportDialog;
use super::found::{Hits, Results};
use super::pinned::PinnedCard;
use super::row::called;
use super::timers::TimerChoice;
use crate::i18n::{Catalogue, fill, format, isolate, text};
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::text::clean_name;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::copy::CopyButton;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::names::{GroupedId, IdWords};
use crate::page::ui::qr::QrCode;
use crate::page::width::{THREE_PANES, narrower_than};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, Conversation, ConversationChange as Change, ConversationId, Failure, FileKind,
    FileState, Has, MediaItem, Notify, SearchQuery,
};
use wasm_bindgen::JsCast;

/// The longest nickname in bytes, and the longest note in code points.
const NICKNAME_LIMIT: usize = 100;
const NOTE_LIMIT: usize = 2_000;
/// The longest label in code points.
const LABEL_LIMIT: usize = 30;

#[component]
pub(crate) fn Details(id: ConversationId) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let here = Memo::new(move |_| app.conversation(id));
    let name = Memo::new(move |_| {
        here.with(|one| one.as_ref().map(|one| called(t, one)).unwrap_or_default())
    });
    let person = Memo::new(move |_| {
        here.with(|one| {
            one.as_ref()
                .map(|one| (one.account_id.clone(), one.note_to_self))
        })
    });
    let state = move || {
        if here.with(Option::is_some) {
            "ready"
        } else {
            "loading"
        }
    };
    let escape = move |event: leptos::ev::KeyboardEvent| {
        // In a layer above, Escape closes that one.
        let in_layer = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| target.closest("dialog").is_ok_and(|layer| layer.is_some()));
        if event.key() != "Escape" || in_layer {
            return;
        }
        // What is being written is left first, and only then the details.
        let written = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok())
            .filter(|target| target.matches("input, textarea").unwrap_or(false));
        if written.is_some() {
            crate::page::focus::first_of("[data-pane-stop='details']");
        } else {
            go(Route::Conversation(id));
        }
    };
    let alone = narrower_than(THREE_PANES);
    let title = move || match alone.get() {
        true => view! { <h1 tabindex="-1" data-route-focus>{t.v2_title}</h1> }.into_any(),
        false => view! { <h2 tabindex="-1" data-route-focus>{t.v2_title}</h2> }.into_any(),
    };
    view! {
        <aside class="details" data-screen="v2" data-state=state aria-label=t.v2_title data-pane-stop="details" on:keydown=escape>
            <header class="pane-head">
                <a
                    class="icon-button"
                    href=Route::Conversation(id).href()
                    aria-label=t.v2_close
                    title=t.v2_close
                    data-testid="v2.close"
                >
                    <Draw icon=Icon::Back size=24 />
                </a>
                {title}
            </header>
            <div class="pane-body">
                {move || person.get().map(|(account_id, notes)| view! { <Parts id here name account_id notes /> })}
            </div>
        </aside>
    }
}

#[component]
fn Parts(
    id: ConversationId,
    here: Memo<Option<Conversation>>,
    name: Memo<String>,
    account_id: String,
    notes: bool,
) -> impl IntoView {
    let t = text();
    let part = Part {
        app: expect_context::<App>(),
        id,
        here,
        failed: RwSignal::new(None),
    };
    view! {
        <div class="column">
            <div class="details-head">
                <Avatar id=account_id.clone() note_to_self=notes size=96 />
                <p class="details-name">
                    <bdi data-testid="v2.name">{move || name.get()}</bdi>
                </p>
                {move || {
                    here.with(|one| one.as_ref().filter(|one| !one.nickname.is_empty()).map(|one| clean_name(&one.name)))
                        .filter(|own| !own.is_empty())
                        .map(|own| view! { <p class="small muted">{fill(t.v2_calls_self, &[("name", &isolate(&own))])}</p> })
                }}
            </div>
            {move || part.failed.get().map(|failure| view! { <FailureNote failure testid="v2.error" /> })}
            {(!notes).then(|| view! {
                <Verified app=part.app id here />
                <NicknameCard part />
                <IdCard account_id=account_id.clone() />
            })}
            <NoteCard part />
            <LabelCard part />
            <TimerCard part notes />
            {(!notes).then(|| view! {
                <NotifyCard part />
                <TrustCard part />
            })}
            <MediaCard part />
            <PinnedCard app=part.app id />
            <StarredCard part />
            <EndCard part name notes />
        </div>
    }
}

/// Handles of a card.
#[derive(Clone, Copy)]
struct Part {
    app: App,
    id: ConversationId,
    here: Memo<Option<Conversation>>,
    failed: RwSignal<Option<Failure>>,
}

impl Part {
    /// Something of the conversation. Tracks it.
    fn of<T: Default>(self, read: impl FnOnce(&Conversation) -> T) -> T {
        self.here
            .with(|one| one.as_ref().map(read).unwrap_or_default())
    }

    fn change(self, change: Change) {
        self.failed.set(None);
        leptos::task::spawn_local(async move {
            let command = Command::ChangeConversation {
                conversation: self.id,
                change,
            };
            if let Err(failure) = self.app.command(command).await {
                self.failed.try_set(Some(failure));
            }
        });
    }
}

/// Who sees a choice.
fn mark(t: &'static Catalogue, synced: bool) -> impl IntoView {
    view! {
        <p class="option-meta">
            <span class="tag">{if synced { t.mark_synced } else { t.mark_local }}</span>
        </p>
    }
}

#[component]
fn Verified(app: App, id: ConversationId, here: Memo<Option<Conversation>>) -> impl IntoView {
    let t = text();
    let at = move || here.with(|one| one.as_ref().and_then(|one| one.verified_at));
    view! {
        <section class="card" aria-labelledby="v2-verified">
            <h2 id="v2-verified">{t.sv_title}</h2>
            <p class="small" data-testid="v2.verified" data-verified=move || at().is_some().to_string()>
                {move || match at() {
                    Some(at) => fill(t.sv_verified_on, &[("date", &format::date(at))]),
                    None => t.sv_unverified.to_owned(),
                }}
            </p>
            <div class="actions">
                <button type="button" class="button" data-testid="v2.verify" on:click=move |_| app.comparing.set(Some(id))>
                    <Draw icon=Icon::Verified />
                    {t.sv_open}
                </button>
            </div>
        </section>
    }
}

#[component]
fn NicknameCard(part: Part) -> impl IntoView {
    let t = text();
    let typed = RwSignal::new(untrack(|| part.of(|one| one.nickname.clone())));
    let too_long = move || typed.with(|typed| clean_name(typed).len() > NICKNAME_LIMIT);
    let same = move || typed.with(|typed| clean_name(typed)) == part.of(|one| one.nickname.clone());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !untrack(too_long) && !untrack(same) {
            part.change(Change::Nickname(clean_name(&typed.get_untracked())));
        }
    };
    view! {
        <form class="card" on:submit=save>
            <div class="field">
                <label for="v2-nickname">{t.v2_nickname}</label>
                <div class="input-row">
                    <input
                        class="input"
                        id="v2-nickname"
                        type="text"
                        dir="auto"
                        autocomplete="off"
                        data-testid="v2.nickname"
                        aria-invalid=move || too_long().to_string()
                        prop:value=move || typed.get()
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                    <button type="submit" class="button" data-testid="v2.save-nickname" disabled=move || too_long() || same()>
                        {t.save}
                    </button>
                </div>
                <p class="hint">{move || if too_long() { t.w2_name_too_long } else { t.v2_nickname_why }}</p>
            </div>
            {mark(t, true)}
        </form>
    }
}

#[component]
fn IdCard(account_id: String) -> impl IntoView {
    let t = text();
    let id = Signal::stored(account_id.clone());
    view! {
        <section class="card" aria-labelledby="v2-id">
            <h2 id="v2-id">{t.v2_id}</h2>
            <IdWords id=account_id.clone() testid="v2.words" />
            <GroupedId id=account_id testid="v2.id" />
            <div class="actions">
                <CopyButton what=id label=t.copy_id testid="v2.copy-id" />
            </div>
            <details>
                <summary data-testid="v2.show-qr">{t.show_qr}</summary>
                <QrCode what=id label=t.v2_qr testid="v2.qr" />
            </details>
        </section>
    }
}

#[component]
fn NoteCard(part: Part) -> impl IntoView {
    let t = text();
    let typed = RwSignal::new(untrack(|| part.of(|one| one.note.clone())));
    let too_long = move || typed.with(|typed| typed.trim().chars().count() > NOTE_LIMIT);
    let same =
        move || typed.with(|typed| typed.trim().to_owned()) == part.of(|one| one.note.clone());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !untrack(too_long) && !untrack(same) {
            part.change(Change::Note(typed.get_untracked().trim().to_owned()));
        }
    };
    view! {
        <form class="card" on:submit=save>
            <div class="field">
                <label for="v2-note">{t.v2_note}</label>
                <textarea
                    class="input"
                    id="v2-note"
                    rows="3"
                    dir="auto"
                    data-testid="v2.note"
                    aria-invalid=move || too_long().to_string()
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                ></textarea>
                <p class="hint">{move || if too_long() { t.v2_note_too_long } else { t.v2_note_why }}</p>
            </div>
            <div class="actions">
                <button type="submit" class="button" data-testid="v2.save-note" disabled=move || too_long() || same()>
                    {t.save}
                </button>
            </div>
            {mark(t, false)}
        </form>
    }
}

#[component]
fn LabelCard(part: Part) -> impl IntoView {
    let t = text();
    let typed = RwSignal::new(untrack(|| part.of(|one| one.label.clone())));
    let too_long = move || typed.with(|typed| clean_name(typed).chars().count() > LABEL_LIMIT);
    let same = move || typed.with(|typed| clean_name(typed)) == part.of(|one| one.label.clone());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !untrack(too_long) && !untrack(same) {
            part.change(Change::Label(clean_name(&typed.get_untracked())));
        }
    };
    view! {
        <form class="card" on:submit=save>
            <div class="field">
                <label for="v2-label">{t.v2_label}</label>
                <div class="input-row">
                    <input
                        class="input"
                        id="v2-label"
                        type="text"
                        dir="auto"
                        autocomplete="off"
                        data-testid="v2.label"
                        aria-invalid=move || too_long().to_string()
                        prop:value=move || typed.get()
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                    <button type="submit" class="button" data-testid="v2.save-label" disabled=move || too_long() || same()>
                        {t.save}
                    </button>
                </div>
                <p class="hint">{move || if too_long() { t.v2_label_too_long } else { t.v2_label_why }}</p>
            </div>
            {mark(t, false)}
        </form>
    }
}

#[component]
fn TimerCard(part: Part, notes: bool) -> impl IntoView {
    let t = text();
    let value = Signal::derive(move || part.of(|one| one.timer));
    view! {
        <section class="card">
            <div class="field">
                <label for="v2-timer">{t.v2_timer}</label>
                <TimerChoice
                    value
                    people=!notes
                    id="v2-timer"
                    testid="v2.timer"
                    choose=Callback::new(move |timer| part.change(Change::Timer(timer)))
                />
                <p class="hint">{t.v2_timer_why}</p>
            </div>
            {mark(t, true)}
        </section>
    }
}

#[component]
fn NotifyCard(part: Part) -> impl IntoView {
    let t = text();
    let choices = [
        (Notify::Default, "default", t.v2_notify_default),
        (Notify::All, "all", t.v2_notify_all),
        (Notify::Mentions, "mentions", t.v2_notify_mentions),
        (Notify::Nothing, "nothing", t.v2_notify_nothing),
    ];
    let options = move || {
        let now = part.of(|one| one.notify);
        choices
            .map(|(one, key, label)| view! { <option value=key selected=one == now>{label}</option> })
            .collect_view()
    };
    let change = move |event: leptos::ev::Event| {
        let key = event_target_value(&event);
        if let Some((one, ..)) = choices.iter().find(|(_, other, _)| *other == key) {
            part.change(Change::Notify(*one));
        }
    };
    let muted = move || part.of(|one| actions::muted(part.app, one));
    let mute = move |event: leptos::ev::MouseEvent| {
        let button: web_sys::Element = event_target(&event);
        if let Some(one) = part.here.get_untracked() {
            part.app
                .menu
                .open_below(t.act_mute, &button, actions::mute_items(part.app, &one));
        }
    };
    view! {
        <section class="card">
            <div class="field">
                <label for="v2-notify">{t.v2_notify}</label>
                <select class="input" id="v2-notify" data-testid="v2.notify" on:change=change>
                    {options}
                </select>
            </div>
            {move || muted().map(|until| view! { <p class="small muted" data-testid="v2.muted">{until}</p> })}
            <div class="actions">
                <button type="button" class="button" aria-haspopup="menu" data-testid="v2.mute" on:click=mute>
                    <Draw icon=Icon::BellOff />
                    {t.act_mute}
                </button>
            </div>
            {mark(t, true)}
        </section>
    }
}

#[component]
fn TrustCard(part: Part) -> impl IntoView {
    let t = text();
    view! {
        <section class="card">
            <label class="check flush">
                <input
                    type="checkbox"
                    data-testid="v2.trusted"
                    aria-describedby="v2-trusted-why"
                    prop:checked=move || part.of(|one| one.trusted)
                    on:change=move |event| part.change(Change::Trusted(event_target_checked(&event)))
                />
                <span class="strong">{t.v2_trusted}</span>
            </label>
            <p class="small muted" id="v2-trusted-why">{t.v2_trusted_why}</p>
            {mark(t, false)}
        </section>
    }
}

/// Files by kind, the room they take here, and the way to all of them.
#[component]
fn MediaCard(part: Part) -> impl IntoView {
    let t = text();
    let Part { app, id, .. } = part;
    let counts = RwSignal::new(None::<Counts>);
    leptos::task::spawn_local(async move {
        match counted(app, id).await {
            Ok(found) => drop(counts.try_set(Some(found))),
            Err(failure) => drop(part.failed.try_set(Some(failure))),
        }
    });
    let line = move |label: &'static str, n: u64| {
        view! { <dt>{label}</dt><dd>{format::number(n)}</dd> }
    };
    view! {
        <section class="card" aria-labelledby="v2-media">
            <h2 id="v2-media">{t.media_title}</h2>
            {move || match counts.get() {
                None => view! { <p class="small muted" role="status">{t.working}</p> }.into_any(),
                Some(found) => view! {
                    <dl class="facts counts" data-testid="v2.media">
                        {line(t.media_tab_pictures, found.pictures)}
                        {line(t.media_tab_files, found.files)}
                        {line(t.media_tab_voice, found.voice)}
                        {line(t.media_tab_links, found.links)}
                        <dt>{t.v2_storage}</dt>
                        <dd>{format::bytes(found.bytes)}</dd>
                    </dl>
                }
                .into_any(),
            }}
            <div class="actions">
                <a class="button" href=Route::Media(id).href() data-testid="v2.open-media">
                    <Draw icon=Icon::Picture />
                    {t.v2_all_media}
                </a>
            </div>
        </section>
    }
}

/// What was sent in a conversation.
#[derive(Clone, Copy, Default)]
struct Counts {
    pictures: u64,
    files: u64,
    voice: u64,
    links: u64,
    /// On this device.
    bytes: u64,
}

/// Counts all files of a conversation, page by page, and the messages with links.
async fn counted(app: App, id: ConversationId) -> Result<Counts, Failure> {
    const PAGE: u16 = 200;
    let mut counts = Counts::default();
    let mut before = None;
    loop {
        let command = Command::GetMedia {
            conversation: id,
            before,
            limit: PAGE,
        };
        let Answer::Media(page) = app.command(command).await? else {
            break;
        };
        for item in &page {
            let file = &item.attachment;
            match file.kind {
                FileKind::Image | FileKind::Video => counts.pictures += 1,
                FileKind::Audio | FileKind::Other => counts.files += 1,
                FileKind::Voice => counts.voice += 1,
            }
            if file.state == FileState::Here {
                counts.bytes += file.size;
            }
        }
        before = page.last().map(MediaItem::cursor);
        // A page may be short, since the files of one message stay together.
        if page.is_empty() {
            break;
        }
    }
    let query = SearchQuery {
        conversation: Some(id),
        has: vec![Has::Link],
        ..SearchQuery::default()
    };
    let command = Command::Search {
        query,
        after: None,
        limit: 1,
    };
    if let Answer::Found(found) = app.command(command).await? {
        counts.links = u64::from(found.total);
    }
    Ok(counts)
}

/// What was starred here.
#[component]
fn StarredCard(part: Part) -> impl IntoView {
    let t = text();
    let results = Results::new(part.app);
    results.search(SearchQuery {
        conversation: Some(part.id),
        starred: true,
        ..SearchQuery::default()
    });
    view! {
        <section class="card" aria-labelledby="v2-starred">
            <h2 id="v2-starred">{t.s2_title}</h2>
            <div data-testid="v2.starred"><Hits results empty=t.s2_empty /></div>
            {mark(t, false)}
        </section>
    }
}

#[component]
fn EndCard(part: Part, name: Memo<String>, notes: bool) -> impl IntoView {
    let t = text();
    let exporting = RwSignal::new(false);
    let Part { app, id, .. } = part;
    let archived = move || part.of(|one| one.archived);
    let blocked = move || part.of(|one| one.blocked);
    view! {
        <section class="card" aria-label=t.v2_end>
            <div class="actions column-actions">
                <button
                    type="button"
                    class="button"
                    data-testid="v2.archive"
                    on:click=move |_| actions::archive(app, vec![id], !untrack(archived))
                >
                    <Draw icon=Icon::Archive />
                    {move || if archived() { t.act_unarchive } else { t.act_archive }}
                </button>
                <button type="button" class="button" data-testid="v2.export" on:click=move |_| exporting.set(true)>
                    <Draw icon=Icon::Down />
                    {t.d2_title}
                </button>
                <button type="button" class="button" data-testid="v2.clear" on:click=move |_| actions::clear_all(app, vec![id])>
                    <Draw icon=Icon::Close />
                    {t.act_clear}
                </button>
                <Show when=move || !notes>
                    <button
                        type="button"
                        class="button danger"
                        data-testid="v2.block"
                        on:click=move |_| actions::block(app, id, !untrack(blocked))
                    >
                        <Draw icon=Icon::Block />
                        {move || if blocked() { t.act_unblock } else { t.act_block }}
                    </button>
                </Show>
                <button type="button" class="button danger" data-testid="v2.delete" on:click=move |_| actions::delete(app, vec![id])>
                    <Draw icon=Icon::Trash />
                    {t.act_delete}
                </button>
            </div>
            <ExportDialog open=exporting id name />
        </section>
    }
}
