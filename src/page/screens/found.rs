//! Messages that were found: who, where, when, and the words around what was looked for. Used by S1, S2 and S3.

use super::row::called;
use crate::i18n::{count, format, text};
use crate::page::mentions::named;
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::failure::FailureNote;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, Cursor, Failure, Found, Hit, SearchQuery, short_id};
use onionskin_protocol::sorted::sort;

/// While the history becomes searchable it is asked again after so long (ms).
pub(crate) const AGAIN_MS: u32 = 700;
/// So many hits are read at a time.
const PAGE: u16 = 30;
/// Code points of a snippet, and of those before the first mark.
const SNIPPET: usize = 160;
const BEFORE: usize = 40;

/// How a search stands.
#[derive(Clone, Copy)]
pub(crate) struct Results {
    app: App,
    /// Of the newest search; answers to earlier ones are dropped.
    round: StoredValue<u32>,
    query: StoredValue<SearchQuery>,
    pub found: RwSignal<Option<Found>>,
    pub failed: RwSignal<Option<Failure>>,
    pub busy: RwSignal<bool>,
}

impl Results {
    pub(crate) fn new(app: App) -> Self {
        Self {
            app,
            round: StoredValue::new(0),
            query: StoredValue::new(SearchQuery::default()),
            found: RwSignal::new(None),
            failed: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// Nothing is looked for.
    pub(crate) fn clear(self) {
        self.round.update_value(|round| *round += 1);
        self.found.set(None);
        self.failed.set(None);
        self.busy.set(false);
    }

    /// Nothing can be found.
    pub(crate) fn nothing(self) {
        self.clear();
        self.found.set(Some(Found {
            searchable: 100,
            ..Found::default()
        }));
    }

    /// Looks for something else.
    pub(crate) fn search(self, query: SearchQuery) {
        self.query.set_value(query);
        self.ask(None);
    }

    fn ask(self, after: Option<Cursor>) {
        self.round.update_value(|round| *round += 1);
        let round = self.round.get_value();
        self.busy.set(true);
        self.failed.set(None);
        let command = Command::Search {
            query: self.query.get_value(),
            after,
            limit: PAGE,
        };
        leptos::task::spawn_local(async move {
            let answer = self.app.command(command).await;
            if self.round.try_get_value() != Some(round) {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(Answer::Found(mut page)) => {
                    if after.is_none() && page.building {
                        self.again(round);
                    }
                    self.found.update(|found| {
                        if after.is_some()
                            && let Some(before) = found.take()
                        {
                            page.hits.splice(0..0, before.hits);
                        }
                        *found = Some(page);
                    });
                }
                Ok(_) => {}
                Err(failure) => self.failed.set(Some(failure)),
            }
        });
    }

    /// Not all of the history was searchable yet: it is asked again, as long as nobody has gone on.
    fn again(self, round: u32) {
        leptos::task::spawn_local(async move {
            TimeoutFuture::new(AGAIN_MS).await;
            if self.round.try_get_value() == Some(round) {
                self.ask(None);
            }
        });
    }
}

/// The hits, and more of them.
#[component]
pub(crate) fn Hits(results: Results, empty: &'static str) -> impl IntoView {
    let t = text();
    let next = move || {
        results
            .found
            .with(|found| found.as_ref().and_then(|found| found.next))
    };
    let partly = move || {
        results.found.with(|found| {
            found
                .as_ref()
                .map(|found| (found.searchable, found.building))
                .filter(|(n, _)| *n < 100)
        })
    };
    let none = move || {
        !results.busy.get()
            && results
                .found
                .with(|found| found.as_ref().is_some_and(|found| found.hits.is_empty()))
    };
    view! {
        {move || results.failed.get().map(|failure| view! { <FailureNote failure testid="s1.error" /> })}
        <div role="status" aria-live="polite">
            <Show when=none>
                <p class="muted" data-testid="s1.nothing">{empty}</p>
            </Show>
            {move || {
                results
                    .found
                    .with(|found| found.as_ref().filter(|found| !found.hits.is_empty()).map(|found| found.total))
                    .map(|total| view! { <p class="small muted" data-testid="s1.total">{count(&t.s1_total, u64::from(total))}</p> })
            }}
            {move || {
                partly()
                    .map(|(n, building)| {
                        let said = if building { &t.s1_searchable } else { &t.s1_left_out };
                        view! { <p class="small muted" data-testid="s1.searchable">{count(said, u64::from(n))}</p> }
                    })
            }}
        </div>
        <ul class="hits">
            <For
                each=move || results.found.with(|found| found.as_ref().map(|found| found.hits.clone()).unwrap_or_default())
                key=|hit| (hit.message.id, hit.marks.clone())
                let:hit
            >
                <HitRow hit />
            </For>
        </ul>
        {move || {
            next()
                .map(|after| {
                    view! {
                        <button
                            type="button"
                            class="button"
                            data-testid="s1.more"
                            disabled=move || results.busy.get()
                            on:click=move |_| results.ask(Some(after))
                        >
                            {t.s1_more}
                        </button>
                    }
                })
        }}
    }
}

/// The first hits of one kind, and the way to all of them. Nothing where there are none.
#[component]
pub(crate) fn Few(
    results: Results,
    title: &'static str,
    testid: &'static str,
    all: Callback<()>,
) -> impl IntoView {
    const FEW: usize = 3;
    let t = text();
    let total = Memo::new(move |_| {
        let found = results.found.get();
        found.map_or(0, |found| u64::from(found.total))
    });
    let first = move || {
        results.found.with(|found| {
            let hits = found.iter().flat_map(|found| &found.hits);
            hits.take(FEW).cloned().collect::<Vec<_>>()
        })
    };
    view! {
        <Show when=move || { total.get() > 0 }>
            <section class="stack" aria-label=title data-testid=testid>
                <h2 class="group-title">{title}</h2>
                <ul class="hits">
                    <For each=first key=|hit| (hit.message.id, hit.marks.clone()) let:hit>
                        <HitRow hit files=true />
                    </For>
                </ul>
                <Show when=move || { total.get() > FEW as u64 }>
                    <button type="button" class="link-button" on:click=move |_| all.run(())>
                        {move || count(&t.s1_all, total.get())}
                    </button>
                </Show>
            </section>
        </Show>
    }
}

#[component]
fn HitRow(
    hit: Hit,
    /// Names of files stand before the words.
    #[prop(optional)]
    files: bool,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let Hit { message, marks } = hit;
    let known = untrack(|| app.conversation(message.conversation));
    let place = known.as_ref().map(|one| called(t, one)).unwrap_or_default();
    let notes = known.as_ref().is_some_and(|one| one.note_to_self);
    let author = if message.mine {
        t.you.to_owned()
    } else if place.is_empty() {
        short_id(&message.author)
    } else {
        place.clone()
    };
    let mut said = snippet(&message.text, &marks);
    if files || message.text.is_empty() {
        let names: Vec<&str> = message
            .attachments
            .iter()
            .map(|file| file.name.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        let names = names.join(", ");
        match (names.is_empty(), message.text.is_empty()) {
            (true, true) => said = vec![(t.row_file.to_owned(), false)],
            (true, false) => {}
            (false, true) => said = vec![(names, false)],
            (false, false) => said.insert(0, (names + " · ", false)),
        }
    }
    let testid = if files { "s1.few" } else { "s1.hit" };
    let said = said
        .into_iter()
        .map(|(part, marked)| {
            if marked {
                view! { <mark>{part}</mark> }.into_any()
            } else {
                view! { <span>{move || named(app, &part)}</span> }.into_any()
            }
        })
        .collect_view();
    view! {
        <li>
            <a class="hit" href=Route::At(message.conversation, message.id).href() data-testid=testid>
                <Avatar id=known.map(|one| one.account_id).unwrap_or(message.author.clone()) note_to_self=notes size=36 />
                <span class="row-text">
                    <span class="row-top">
                        <bdi class="row-name">{place}</bdi>
                        <time class="row-time">{format::row_time(message.sent_at)}</time>
                    </span>
                    <span class="hit-text" dir="auto">
                        <span class="muted"><bdi>{author}</bdi> ": "</span>
                        {said}
                    </span>
                </span>
            </a>
        </li>
    }
}

/// The words around the first mark, in pieces that are marked or not. Marks that do not fit the text are left out.
fn snippet(text: &str, marks: &[(u32, u32)]) -> Vec<(String, bool)> {
    let mut marks: Vec<(usize, usize)> = marks
        .iter()
        .map(|(from, to)| (*from as usize, *to as usize))
        .filter(|(from, to)| from < to && text.get(*from..*to).is_some())
        .collect();
    sort(&mut marks);
    let first = marks.first().map_or(0, |(from, _)| *from);
    let start = text[..first]
        .char_indices()
        .rev()
        .nth(BEFORE)
        .map_or(0, |(at, _)| at);
    let end = text[start..]
        .char_indices()
        .nth(SNIPPET)
        .map_or(text.len(), |(at, _)| start + at);
    let mut out = Vec::new();
    let mut push = |part: &str, marked: bool| {
        if !part.is_empty() {
            out.push((part.replace(['\n', '\r'], " "), marked));
        }
    };
    if start > 0 {
        push("…", false);
    }
    let mut at = start;
    for (from, to) in marks {
        let (from, to) = (from.max(at), to.min(end));
        if from < to {
            push(&text[at..from], false);
            push(&text[from..to], true);
            at = to;
        }
    }
    push(&text[at..end], false);
    if end < text.len() {
        push("…", false);
    }
    out
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_snippet_shows_the_mark_in_the_middle_of_a_long_text() {
        let text = format!("{} needle {}", "é".repeat(100), "x".repeat(300));
        let from = text.find("needle").unwrap_or(0) as u32;
        let parts = snippet(&text, &[(from, from + 6)]);
        assert!(parts.contains(&("needle".into(), true)));
        assert_eq!(parts.first(), Some(&("…".into(), false)));
        assert_eq!(parts.last(), Some(&("…".into(), false)));
        assert_eq!(snippet("short", &[]), [("short".to_owned(), false)]);
    }

    proptest! {
        #[test]
        fn no_mark_breaks_a_snippet(text in "\\PC{0,300}", marks in prop::collection::vec((0u32..1_300, 0u32..1_300), 0..6)) {
            let parts = snippet(&text, &marks);
            let whole: String = parts.iter().map(|(part, _)| part.as_str()).collect();
            prop_assert!(whole.chars().count() <= SNIPPET + 2);
        }
    }
}
