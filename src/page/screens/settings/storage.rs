//! X7: what lies on this device, whether the browser keeps it, and how to make room (screens 20).

use super::options::{Choice, Failed, Form};
use crate::bridge::{Call, Reply};
use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::pressure::{self, Estimate};
use crate::page::router::Route;
use crate::page::screens::backup::BackupCard;
use crate::page::screens::row::called;
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, BackupReminder, Command, ConversationId, Failure, MediaItem, Pressure, RoomOf,
    RoomQuery, RoomView,
};

/// Conversations that are named.
const TOP: usize = 20;
const DAY_MS: u64 = 86_400_000;
/// Ages in days, and sizes in bytes, from which on files can be removed; 0: all.
const AGES: [u64; 4] = [0, 30, 90, 365];
/// Days for which files can be kept; 0: for ever.
const KEEP: [u16; 4] = [0, 365, 90, 30];
const SIZES: [u64; 3] = [0, 1_000_000, 5_000_000];

/// Handles of the page.
#[derive(Clone, Copy)]
struct Room {
    app: App,
    all: RwSignal<Option<RoomView>>,
    failed: RwSignal<Option<Failure>>,
}

impl Room {
    fn read(self) {
        leptos::task::spawn_local(async move {
            match room_of(self.app, RoomQuery::default()).await {
                Ok(view) => drop(self.all.try_set(Some(view))),
                Err(failure) => drop(self.failed.try_set(Some(failure))),
            }
            pressure::look(self.app).await;
        });
    }
}

async fn room_of(app: App, query: RoomQuery) -> Result<RoomView, Failure> {
    match app.command(Command::GetRoom(query)).await? {
        Answer::Room(view) => Ok(view),
        _ => Ok(RoomView::default()),
    }
}

#[component]
pub(super) fn StoragePage() -> impl IntoView {
    let t = text();
    let room = Room {
        app: expect_context::<App>(),
        all: RwSignal::new(None),
        failed: RwSignal::new(None),
    };
    room.read();
    view! {
        {move || room.failed.get().map(|failure| view! { <FailureNote failure testid="x7.error" /> })}
        <Overview room />
        <BackupCard />
        <Remind app=room.app />
        <KeepCard room />
        <CleanCard room />
        <KeepFiles app=room.app />
        {move || match room.all.get() {
            None => view! { <p class="muted" role="status">{t.working}</p> }.into_any(),
            Some(all) => view! { <Tops room all /> }.into_any(),
        }}
        <EraseCard />
    }
}

/// Leads to what makes room for good.
#[component]
fn EraseCard() -> impl IntoView {
    let t = text();
    view! {
        <section class="card" aria-labelledby="x7-erase">
            <h2 id="x7-erase">{t.d3_title}</h2>
            <p class="small muted">{t.d3_about}</p>
            <div class="actions">
                <a class="button danger" href=Route::Erase.href() data-testid="x7.erase">
                    <Draw icon=Icon::Trash />
                    {t.d3_open}
                </a>
            </div>
        </section>
    }
}

/// How often the person is reminded of a backup. An account that ends with the tab reminds nobody.
#[component]
fn Remind(app: App) -> impl IntoView {
    let t = text();
    let form = Form::new(app);
    let choices = || {
        [
            (BackupReminder::Week, "7"),
            (BackupReminder::Month, "30"),
            (BackupReminder::Quarter, "90"),
            (BackupReminder::Never, "never"),
        ]
        .map(|(one, key)| {
            let label = match one.days() {
                Some(days) => count(&t.x7_days, days),
                None => t.d1_remind_never.to_owned(),
            };
            (one, key, label)
        })
    };
    view! {
        <Show when=move || !app.is_temporary()>
            <Choice
                form
                label=t.d1_remind
                why=t.d1_remind_why
                testid="d1.remind"
                choices=choices().to_vec()
                read=|settings| settings.backup_reminder
                write=|settings, reminder| settings.backup_reminder = reminder
            />
            <Failed form testid="d1.remind-error" />
        </Show>
    }
}

/// How long files stay by themselves.
#[component]
fn KeepFiles(app: App) -> impl IntoView {
    let t = text();
    let form = Form::new(app);
    let choices = KEEP.map(|days| match days {
        0 => (days, "0", t.x7_for_ever.to_owned()),
        30 => (days, "30", count(&t.x7_days, 30)),
        90 => (days, "90", count(&t.x7_days, 90)),
        _ => (days, "365", t.x7_year.to_owned()),
    });
    view! {
        <Choice
            form
            label=t.x7_keep_files
            why=t.x7_keep_files_why
            testid="x7.keep-files"
            choices=choices.to_vec()
            read=|settings| settings.keep_files_days
            write=|settings, days| settings.keep_files_days = days
        />
        <Failed form testid="x7.keep-files-error" />
    }
}

/// Used and allowed, and files by kind.
#[component]
fn Overview(room: Room) -> impl IntoView {
    let t = text();
    let app = room.app;
    let used = move || {
        app.estimate.get().map(|Estimate { used, quota }| {
            let words = fill(
                t.x7_of,
                &[("used", &format::bytes(used)), ("quota", &format::bytes(quota))],
            );
            view! {
                <p data-testid="x7.used">{words.clone()}</p>
                <progress class="room" max=quota.max(1).to_string() value=used.to_string() aria-label=t.x7_used>{words}</progress>
            }
        })
    };
    let tight = move || {
        let said = match app.pressure.get() {
            Pressure::None => return None,
            Pressure::Tight => t.x7_tight,
            Pressure::Full => t.x7_full,
        };
        Some(view! {
            <div class="note warn" data-testid="x7.tight">
                <Draw icon=Icon::Warning />
                <p>{said}</p>
            </div>
        })
    };
    let kinds = move || {
        room.all.get().map(|all| {
            // What the browser counts beside the files: texts, their index, the room kept for text.
            let rest = app.estimate.get().map(|estimate| estimate.used.saturating_sub(all.bytes));
            let line = |label: &'static str, bytes: u64| view! { <dt>{label}</dt><dd>{format::bytes(bytes)}</dd> };
            view! {
                <dl class="facts counts" data-testid="x7.kinds">
                    {line(t.x7_pictures, all.pictures)}
                    {line(t.x7_films, all.films)}
                    {line(t.media_tab_voice, all.voice)}
                    {line(t.media_tab_files, all.others)}
                    {rest.map(|rest| line(t.x7_rest, rest))}
                    {line(t.x7_search, all.search)}
                </dl>
                {all.oldest.map(|at| view! {
                    <p class="small" data-testid="x7.oldest">{fill(t.x7_oldest, &[("date", &format::date(at))])}</p>
                })}
            }
        })
    };
    view! {
        <section class="card" aria-labelledby="x7-used">
            <h2 id="x7-used">{t.x7_used}</h2>
            {used}
            {tight}
            {kinds}
            <p class="small muted">{t.x7_used_why}</p>
        </section>
    }
}

/// Whether the browser may remove everything when it needs room.
#[component]
fn KeepCard(room: Room) -> impl IntoView {
    let t = text();
    let app = room.app;
    let kept = Memo::new(move |_| app.environment.with(|one| one.persisted == Some(true)));
    let temporary = Memo::new(move |_| app.is_temporary());
    let refused = RwSignal::new(false);
    let ask = move |_| {
        leptos::task::spawn_local(async move {
            match app.call(Call::Persist).await {
                Ok(Reply::Environment(environment)) => {
                    refused.try_set(environment.persisted != Some(true));
                    app.environment.set(environment);
                }
                Ok(_) => {}
                Err(failure) => {
                    room.failed.try_set(Some(failure));
                }
            }
        });
    };
    let said = move || match (temporary.get(), kept.get()) {
        (true, _) => t.x5_kept_nothing,
        (false, true) => t.x5_kept,
        (false, false) => t.x5_kept_maybe,
    };
    view! {
        <section class="card" aria-labelledby="x7-keep">
            <h2 id="x7-keep">{t.x5_storage}</h2>
            <p class="small" data-testid="x7.kept">{said}</p>
            <Show when=move || !temporary.get() && !kept.get()>
                <div class="actions">
                    <button type="button" class="button" data-testid="x7.keep" on:click=ask>{t.x7_keep}</button>
                </div>
            </Show>
            <p class="small" role="status">{move || refused.get().then_some(t.x7_keep_refused)}</p>
        </section>
    }
}

/// Which files are to go, how many that are, and the question before they go.
#[component]
fn CleanCard(room: Room) -> impl IntoView {
    let t = text();
    let app = room.app;
    let days = RwSignal::new(90u64);
    let size = RwSignal::new(0u64);
    let place = RwSignal::new(None::<ConversationId>);
    let found = RwSignal::new(None::<RoomView>);
    let sure = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let query = move || RoomQuery {
        conversation: place.get(),
        before: Some(days.get())
            .filter(|days| *days > 0)
            .map(|days| (js_sys::Date::now() as u64).saturating_sub(days * DAY_MS)),
        at_least: size.get(),
    };
    Effect::new(move |_| {
        // Counted anew when something went as well.
        room.all.track();
        let query = query();
        leptos::task::spawn_local(async move {
            match room_of(app, query).await {
                Ok(view) => drop(found.try_set(Some(view))),
                Err(failure) => drop(room.failed.try_set(Some(failure))),
            }
        });
    });
    let preview = move || {
        found
            .with(|found| {
                found
                    .as_ref()
                    .map(|found| amount(t, found.files, found.bytes))
            })
            .unwrap_or_default()
    };
    let nothing = move || found.with(|found| found.as_ref().is_none_or(|found| found.files == 0));
    let free = move |_| {
        busy.set(true);
        let query = untrack(query);
        leptos::task::spawn_local(async move {
            let done = app.command(Command::FreeRoom(query)).await;
            busy.try_set(false);
            sure.try_set(false);
            match done {
                Ok(_) => {
                    app.toast.set(Some(t.x7_done.into()));
                    pressure::freed(app).await;
                    room.read();
                }
                Err(failure) => drop(room.failed.try_set(Some(failure))),
            }
        });
    };
    let ages = AGES.map(|age| {
        let label = match age {
            0 => t.x7_any_age.to_owned(),
            days => count(&t.x7_older, days),
        };
        (age, label)
    });
    let sizes = SIZES.map(|size| {
        let label = match size {
            0 => t.x7_any_size.to_owned(),
            size => fill(t.x7_larger, &[("size", &format::bytes(size))]),
        };
        (size, label)
    });
    let select = |label: &'static str,
                  testid: &'static str,
                  options: Vec<(u64, String)>,
                  value: RwSignal<u64>| {
        let options = options
            .into_iter()
            .map(|(one, label)| view! { <option value=one.to_string() selected=untrack(|| value.get()) == one>{label}</option> })
            .collect_view();
        view! {
            <div class="field">
                <label for=testid>{label}</label>
                <select class="input" id=testid data-testid=testid on:change=move |event| if let Ok(one) = event_target_value(&event).parse() { value.set(one) }>
                    {options}
                </select>
            </div>
        }
    };
    let places = move || {
        let tops = room.all.with(|all| {
            let tops = all.iter().flat_map(|all| all.conversations.iter());
            tops.take(TOP)
                .map(|one| one.conversation)
                .collect::<Vec<_>>()
        });
        tops.into_iter()
            .map(|id| {
                let name = untrack(|| name_of(app, t, id));
                view! { <option value=hex::encode(id.0) selected=place.get() == Some(id)>{name}</option> }
            })
            .collect_view()
    };
    let choose = move |event: leptos::ev::Event| {
        let wanted = event_target_value(&event);
        let known = room.all.with_untracked(|all| {
            let mut all = all.iter().flat_map(|all| all.conversations.iter());
            all.find(|one| hex::encode(one.conversation.0) == wanted)
                .map(|one| one.conversation)
        });
        place.set(known);
    };
    view! {
        <section class="card" aria-labelledby="x7-clean">
            <h2 id="x7-clean">{t.x7_clean}</h2>
            <p class="small muted">{t.x7_clean_why}</p>
            {select(t.x7_age, "x7.age", ages.to_vec(), days)}
            {select(t.x7_size, "x7.size", sizes.to_vec(), size)}
            <div class="field">
                <label for="x7.place">{t.x7_place}</label>
                <select class="input" id="x7.place" data-testid="x7.place" on:change=choose>
                    <option value="">{t.x7_everywhere}</option>
                    {places}
                </select>
            </div>
            <p role="status" data-testid="x7.preview">{preview}</p>
            <div class="actions">
                <button type="button" class="button danger" data-testid="x7.free" disabled=nothing on:click=move |_| sure.set(true)>
                    <Draw icon=Icon::Trash />
                    {t.x7_free}
                </button>
            </div>
            <Dialog open=sure screen="x7-sure" title=t.x7_clean>
                <p>{preview}</p>
                <p>{t.x7_sure}</p>
                <div class="actions end">
                    <button type="button" class="button" data-testid="x7.cancel" autofocus on:click=move |_| sure.set(false)>{t.cancel}</button>
                    <button type="button" class="button danger primary" data-testid="x7.free-sure" disabled=move || busy.get() on:click=free>{t.x7_free}</button>
                </div>
            </Dialog>
        </section>
    }
}

/// The conversations and the files that take most room.
#[component]
fn Tops(room: Room, all: RoomView) -> impl IntoView {
    let t = text();
    let app = room.app;
    let rows = all
        .conversations
        .iter()
        .take(TOP)
        .map(|one| view! { <TopRow app one=*one /> })
        .collect_view();
    let files = all
        .largest
        .iter()
        .map(|item| view! { <FileRow app item=item.clone() /> })
        .collect_view();
    let none = all.files == 0;
    view! {
        <section class="card" aria-labelledby="x7-top">
            <h2 id="x7-top">{t.x7_top}</h2>
            {none.then(|| view! { <p class="small muted" data-testid="x7.none">{t.x7_no_files}</p> })}
            <ul class="hits">{rows}</ul>
        </section>
        {(!none).then(|| view! {
            <section class="card" aria-labelledby="x7-largest">
                <h2 id="x7-largest">{t.x7_largest}</h2>
                <ul class="hits">{files}</ul>
            </section>
        })}
    }
}

#[component]
fn TopRow(app: App, one: RoomOf) -> impl IntoView {
    let t = text();
    let known = untrack(|| app.conversation(one.conversation));
    let name = name_of(app, t, one.conversation);
    view! {
        <li>
            <a class="hit" href=Route::Media(one.conversation).href() data-testid="x7.conversation">
                {known.map(|one| view! { <Avatar id=one.account_id note_to_self=one.note_to_self size=36 /> })}
                <span class="row-text">
                    <bdi class="row-name">{name}</bdi>
                    <span class="hit-text muted">{amount(t, one.files, one.bytes)}</span>
                </span>
            </a>
        </li>
    }
}

#[component]
fn FileRow(app: App, item: MediaItem) -> impl IntoView {
    let t = text();
    let file = item.attachment;
    let name = if file.name.is_empty() {
        t.media_file.to_owned()
    } else {
        file.name
    };
    let home = isolate(&name_of(app, t, item.conversation));
    view! {
        <li>
            <a class="hit" href=Route::At(item.conversation, item.message).href() data-testid="x7.file">
                <span class="row-text">
                    <span class="row-top">
                        <bdi class="row-name">{name}</bdi>
                        <span class="row-time">{format::bytes(file.size)}</span>
                    </span>
                    <span class="hit-text muted">{home} " · " {format::date(item.sent_at)}</span>
                </span>
            </a>
        </li>
    }
}

fn name_of(app: App, t: &'static Catalogue, id: ConversationId) -> String {
    untrack(|| app.conversation(id))
        .map(|one| called(t, &one))
        .unwrap_or_default()
}

/// `3 files, 5 MB`.
fn amount(t: &'static Catalogue, files: u32, bytes: u64) -> String {
    let files = count(&t.media_staged, u64::from(files));
    fill(&files, &[("size", &format::bytes(bytes))])
}
