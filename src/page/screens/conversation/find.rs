//! Finding something in the open conversation (V4): words and filters, one hit after the other.

use crate::i18n::{count, fill, format, text};
use crate::page::chat::{Chat, Marks};
use crate::page::screens::found::AGAIN_MS;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::future::TimeoutFuture;
use js_sys::Date;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, Cursor, Failure, Found, Has, SearchQuery};

/// The search begins after so long a pause (ms).
const PAUSE_MS: u32 = 10;
/// So many hits are read at a time, those around the one that is looked at.
const HITS: u16 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Anyone,
    Me,
    Them,
}

#[component]
pub(crate) fn FindBar(chat: Chat) -> impl IntoView {
    let t = text();
    let field = NodeRef::<html::Input>::new();
    let words = RwSignal::new(String::new());
    let from = RwSignal::new(From::Anyone);
    let has = RwSignal::new(None::<Has>);
    // Local midnight of a day, and of the next one (ms).
    let day = RwSignal::new(None::<(u64, u64)>);
    let places = RwSignal::new(Vec::<Cursor>::new());
    let at = RwSignal::new(0usize);
    let asked = StoredValue::new(SearchQuery::default());
    let total = RwSignal::new(0u32);
    // How much of the history is searchable (%), and whether more of it will be, once something was looked for.
    let searched = RwSignal::new(None::<(u8, bool)>);
    // Asks again while it is not all of it.
    let again = RwSignal::new(());
    let failed = RwSignal::new(None::<Failure>);
    let turn = StoredValue::new(0u32);

    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // It is in the document by the next frame.
            request_animation_frame(move || crate::page::focus::focus(&field));
        }
    });
    on_cleanup(move || {
        chat.marks.try_set(Marks::default());
    });
    let show = move |number: usize| {
        let Some(place) = places.with_untracked(|places| places.get(number).copied()) else {
            return;
        };
        at.set(number);
        chat.marks.update(|marks| marks.at = Some(place.message));
        let (now, query) = (turn.get_value(), asked.get_value());
        leptos::task::spawn_local(async move {
            let timeline = chat.app.timeline;
            timeline
                .jump(chat.app, place.sent_at, Some(place.message))
                .await;
            let marked = |marks: &Marks| {
                marks
                    .hits
                    .iter()
                    .any(|(message, _)| *message == place.message)
            };
            if chat.marks.try_with_untracked(marked) != Some(false) {
                return;
            }
            let around = places.try_with_untracked(|places| around(places, number));
            let command = Command::Search {
                query,
                after: around.flatten(),
                limit: HITS,
            };
            // Without an answer its words are not marked; the message itself is there.
            if let Ok(Answer::Found(found)) = chat.app.command(command).await
                && turn.try_get_value() == Some(now)
            {
                let hits = found
                    .hits
                    .into_iter()
                    .map(|hit| (hit.message.id, hit.marks));
                chat.marks.try_update(|marks| marks.hits = hits.collect());
            }
        });
    };
    // One search per change, after a pause.
    Effect::new(move |_| {
        let (text, from, has, day) = (words.get(), from.get(), has.get(), day.get());
        again.track();
        turn.update_value(|turn| *turn += 1);
        let now = turn.get_value();
        if text.trim().is_empty() && has.is_none() {
            places.set(Vec::new());
            total.set(0);
            searched.set(None);
            chat.marks.set(Marks::default());
            return;
        }
        let other = chat
            .here
            .with_untracked(|here| here.as_ref().map(|here| here.account_id.clone()));
        let query = SearchQuery {
            text,
            conversation: Some(chat.id),
            from: other.filter(|_| from == From::Them),
            mine: from == From::Me,
            has: has.into_iter().collect(),
            // What was said up to the end of the day, the newest of it first.
            before: day.map(|(_, next)| next),
            ..SearchQuery::default()
        };
        let same = asked.with_value(|asked| *asked == query);
        asked.set_value(query.clone());
        leptos::task::spawn_local(async move {
            TimeoutFuture::new(PAUSE_MS).await;
            if turn.try_get_value() != Some(now) {
                return;
            }
            let command = Command::Search {
                query,
                after: None,
                limit: HITS,
            };
            let answer = chat.app.command(command).await;
            if turn.try_get_value() != Some(now) {
                return;
            }
            match answer {
                Ok(Answer::Found(Found {
                    hits,
                    places: all_places,
                    total: all,
                    searchable,
                    building,
                    ..
                })) => {
                    failed.set(None);
                    places.set(all_places);
                    total.set(all);
                    searched.set(Some((searchable, building)));
                    if building {
                        leptos::task::spawn_local(async move {
                            TimeoutFuture::new(AGAIN_MS).await;
                            if turn.try_get_value() == Some(now) {
                                again.try_set(());
                            }
                        });
                    }
                    // What is looked at stays where more is found around it.
                    let looked_at = chat.marks.with_untracked(|marks| marks.at.filter(|_| same));
                    let place = places.with_untracked(|places| {
                        let is = |one: &Cursor| Some(one.message) == looked_at;
                        places.iter().position(is)
                    });
                    if let Some(place) = place {
                        at.set(place);
                        return;
                    }
                    chat.marks.set(Marks {
                        hits: hits
                            .into_iter()
                            .map(|hit| (hit.message.id, hit.marks))
                            .collect(),
                        at: None,
                    });
                    show(0);
                }
                Ok(_) => {}
                Err(failure) => failed.set(Some(failure)),
            }
        });
    });
    // A day by itself leads to its first message.
    let go_to_day = move |event: leptos::ev::Event| {
        let chosen = midnights(&event_target_value(&event));
        day.set(chosen);
        let nothing_sought = words.with_untracked(|words| words.trim().is_empty())
            && has.with_untracked(Option::is_none);
        if let Some((from, _)) = chosen.filter(|_| nothing_sought) {
            leptos::task::spawn_local(chat.app.timeline.jump_to_day(chat.app, from));
        }
    };
    let step = move |back: bool| {
        let count = places.with_untracked(Vec::len);
        if count > 0 {
            let at = at.get_untracked();
            show(if back {
                (at + count - 1) % count
            } else {
                (at + 1) % count
            });
        }
    };
    let close = move || {
        chat.finding.set(false);
        crate::page::focus::first_of("[data-pane-stop='composer']");
    };
    let says = move || {
        let Some((searchable, building)) = searched.get() else {
            return String::new();
        };
        match total.get() {
            0 if searchable < 100 => {
                let said = if building {
                    &t.s1_searchable
                } else {
                    &t.s1_left_out
                };
                count(said, u64::from(searchable))
            }
            0 => t.v4_nothing.to_owned(),
            all => fill(
                t.v4_place,
                &[("n", &(at.get() + 1).to_string()), ("of", &all.to_string())],
            ),
        }
    };
    let nothing = move || places.with(Vec::is_empty);
    let narrowed = move || from.get() != From::Anyone || has.get().is_some() || day.get().is_some();
    let who = move |one: From, label: &'static str, testid: &'static str| {
        view! {
            <button type="button" class="filter" data-testid=testid aria-pressed=move || (from.get() == one).to_string() on:click=move |_| from.update(|now| *now = if *now == one { From::Anyone } else { one })>
                {label}
            </button>
        }
    };
    let what = move |one: Has, label: &'static str, testid: &'static str| {
        view! {
            <button type="button" class="filter" data-testid=testid aria-pressed=move || (has.get() == Some(one)).to_string() on:click=move |_| has.update(|now| *now = if *now == Some(one) { None } else { Some(one) })>
                {label}
            </button>
        }
    };
    view! {
        <div
            class="find-bar"
            role="search"
            aria-label=t.v4_title
            data-screen="v4"
            data-state="ready"
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.stop_propagation();
                    close();
                }
            }
        >
            <div class="find-row">
                <input
                    class="input"
                    type="search"
                    aria-label=t.v4_title
                    placeholder=t.v4_title
                    autocomplete="off"
                    node_ref=field
                    data-testid="v4.query"
                    on:input=move |event| words.set(event_target_value(&event))
                    on:keydown=move |event| {
                        if event.key() == "Enter" {
                            event.prevent_default();
                            step(event.shift_key());
                        }
                    }
                />
                <span class="find-place" aria-live="polite" data-testid="v4.place">{says}</span>
                // Newest first, so the next hit is further up.
                <button type="button" class="icon-button" aria-label=t.v4_next title=t.v4_next data-testid="v4.next" disabled=nothing on:click=move |_| step(false)>
                    <Draw icon=Icon::Up />
                </button>
                <button type="button" class="icon-button" aria-label=t.v4_previous title=t.v4_previous data-testid="v4.previous" disabled=nothing on:click=move |_| step(true)>
                    <Draw icon=Icon::Down />
                </button>
                <button type="button" class="icon-button" aria-label=t.close title=t.close data-testid="v4.close" on:click=move |_| close()>
                    <Draw icon=Icon::Close />
                </button>
            </div>
            <div class="filters" role="group" aria-label=t.v4_filters>
                {who(From::Me, t.v4_from_me, "v4.from-me")}
                {who(From::Them, t.v4_from_them, "v4.from-them")}
                {what(Has::Link, t.v4_links, "v4.has-link")}
                {what(Has::File, t.v4_files, "v4.has-file")}
                {what(Has::Image, t.v4_images, "v4.has-image")}
                {what(Has::Voice, t.v4_voice, "v4.has-voice")}
                <label class="find-day">
                    <span>{t.v4_day}</span>
                    <input
                        class="input small"
                        type="date"
                        data-testid="v4.day"
                        prop:value=move || day.get().map(|(from, _)| format::iso_day(from)).unwrap_or_default()
                        on:change=go_to_day
                    />
                </label>
                <Show when=move || searched.get().is_some_and(|(_, building)| !building) && nothing() && narrowed()>
                    <button type="button" class="link-button" data-testid="v4.widen" on:click=move |_| {
                        from.set(From::Anyone);
                        has.set(None);
                        day.set(None);
                    }>{t.v4_widen}</button>
                </Show>
            </div>
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="v4.error" /> })}
        </div>
    }
}

/// After which hit the page begins whose middle is the one at `at`; `None` for the first page.
fn around(places: &[Cursor], at: usize) -> Option<Cursor> {
    let before = at.checked_sub(usize::from(HITS) / 2)?;
    places.get(before.checked_sub(1)?).copied()
}

/// Local midnight of a day as a field of the kind "date" writes it, and of the day after (ms).
fn midnights(day: &str) -> Option<(u64, u64)> {
    let day = crate::page::searching::day(day)?;
    let at = |days: i32| {
        let (month, date) = (day.month as i32 - 1, day.day as i32 + days);
        let date = Date::new_with_year_month_day(day.year, month, date);
        date.get_time().max(0.0) as u64
    };
    Some((at(0), at(1)))
}
