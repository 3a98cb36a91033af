//! N1: an Account ID, an invitation or a name, typed, pasted or scanned; whom it means; write. Below it the own ID, to give
//! away, and the people that are known. N2: an invitation that was opened (screens 8).

use crate::i18n::{count, fill, isolate, text};
use crate::page::router::Route;
use crate::page::state::App;
use crate::page::text::{IdProblem, name_of};
use crate::page::typed::{Typed, nearest, read};
use crate::page::ui::avatar::Avatar;
use crate::page::ui::copy::CopyButton;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::names::{GroupedId, IdWords};
use crate::page::ui::qr::QrCode;
use crate::page::ui::scan::ScanDialog;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, ConnectionState, Conversation, ConversationId, ErrorCode, Failure,
    RequestState, short_id,
};
use wasm_bindgen::JsCast;

/// How long typing rests before a name is looked up (ms).
const LOOK_UP_MS: u32 = 400;
/// From so many people on, letters lead to them.
const INDEXED: usize = 12;

/// How looking a name up stands.
#[derive(Clone, Debug, PartialEq)]
enum LookUp {
    None,
    Searching,
    Found(String),
    Failed(Failure),
}

#[component]
pub(crate) fn NewConversation() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let landing = RwSignal::new(false);
    let typed = RwSignal::new(String::new());
    // An invitation may be opened while this screen is there already.
    Effect::new(move |_| {
        if let Some(invited) = app.invited.get() {
            app.invited.set(None);
            typed.set(invited);
            landing.set(true);
        }
    });
    let failed = RwSignal::new(None::<Failure>);
    let scanning = RwSignal::new(false);
    // Also those whose conversation was deleted.
    let known = RwSignal::new(Vec::<Conversation>::new());
    leptos::task::spawn_local(async move {
        match app.command(Command::GetContacts).await {
            Ok(Answer::Conversations(all)) => drop(known.try_set(all)),
            Ok(_) => {}
            Err(failure) => app.problem.set(Some(failure)),
        }
    });
    let what =
        Memo::new(move |_| typed.with(|typed| (!typed.trim().is_empty()).then(|| read(typed))));
    let looked_up = look_up(app, what);
    let valid = Memo::new(move |_| match (what.get(), looked_up.get()) {
        (Some(Typed::Id(id)), _) | (Some(Typed::Name(_)), LookUp::Found(id)) => Some(id),
        _ => None,
    });
    let message = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(id) = valid.get_untracked() else {
            return;
        };
        leptos::task::spawn_local(async move {
            if let Err(failure) = app.start_conversation(id).await {
                failed.set(Some(failure));
            }
        });
    };
    let state = move || match (what.get(), valid.get(), looked_up.get()) {
        (None, ..) => "empty",
        (_, Some(_), _) => "ready",
        (Some(Typed::Name(_)), None, LookUp::Searching | LookUp::None) => "loading",
        _ => "error",
    };
    let scanned = move |text: String| match read(&text) {
        Typed::Id(_) | Typed::Name(_) => {
            landing.set(false);
            typed.set(text);
            Ok(())
        }
        Typed::Problem(IdProblem::Phrase) => Err(t.n1_phrase),
        _ => Err(t.n1_scanned_other),
    };
    let screen = move || if landing.get() { "n2" } else { "n1" };
    let title = move || {
        if landing.get() {
            t.n2_title
        } else {
            t.n1_title
        }
    };
    view! {
        <section class="pane-screen" data-screen=screen data-state=state aria-label=title>
            <header class="pane-head">
                <a class="icon-button back" href=Route::Chats.href() aria-label=t.back_to_list title=t.back_to_list data-testid="n1.back">
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{title}</h1>
            </header>
            <div class="pane-body">
                <div class="column">
                    <form class="stack" on:submit=message novalidate>
                        <Show when=move || !landing.get() fallback=move || view! { <p>{t.n2_about}</p> }>
                            <div class="field">
                                <label for="n1-input">{t.n1_label}</label>
                                <textarea
                                    class="input mono"
                                    id="n1-input"
                                    rows="3"
                                    dir="ltr"
                                    autocomplete="off"
                                    autocapitalize="off"
                                    spellcheck="false"
                                    data-testid="n1.input"
                                    data-pane-focus
                                    aria-describedby="n1-hint"
                                    aria-invalid=move || (state() == "error").to_string()
                                    prop:value=move || typed.get()
                                    on:input=move |event| {
                                        failed.set(None);
                                        typed.set(event_target_value(&event));
                                    }
                                    on:keydown=move |event| {
                                        if event.key() == "Enter" && valid.get_untracked().is_some() && !event.is_composing() {
                                            event.prevent_default();
                                            submit(&event);
                                        }
                                    }
                                ></textarea>
                                <p class="hint" id="n1-hint">{t.n1_hint}</p>
                            </div>
                            <div class="actions">
                                <button type="button" class="button" data-testid="n1.scan" on:click=move |_| scanning.set(true)>
                                    <Draw icon=Icon::Scan />
                                    {t.n1_scan}
                                </button>
                            </div>
                        </Show>
                        <div aria-live="polite">
                            {move || valid.get().map(|id| view! { <Preview id landing /> })}
                            {move || match what.get() {
                                Some(Typed::Problem(problem)) => Some(view! { <Wrong problem typed known /> }.into_any()),
                                Some(Typed::Blinded) => Some(told(t.n1_blinded, t.n1_blinded_why, "n1.blinded")),
                                Some(Typed::Community) => Some(told(t.n1_community, t.n1_community_why, "n1.community")),
                                Some(Typed::Name(_)) => name_state(app, looked_up.get()),
                                Some(Typed::Id(_)) | None => None,
                            }}
                        </div>
                        {move || failed.get().map(|failure| view! { <FailureNote failure testid="n1.failed" /> })}
                    </form>
                    <Show when=move || !landing.get()>
                        <MyId />
                        <Contacts known />
                    </Show>
                </div>
            </div>
            <ScanDialog open=scanning accept=Callback::new(scanned) />
        </section>
    }
}

/// Looks names up once typing rests. What came of an earlier name is forgotten.
fn look_up(app: App, what: Memo<Option<Typed>>) -> RwSignal<LookUp> {
    let state = RwSignal::new(LookUp::None);
    let timer = StoredValue::new_local(None::<Timeout>);
    let round = StoredValue::new(0u32);
    Effect::new(move |_| {
        round.update_value(|round| *round += 1);
        let now = round.get_value();
        let Some(Typed::Name(name)) = what.get() else {
            timer.set_value(None);
            state.set(LookUp::None);
            return;
        };
        state.set(LookUp::Searching);
        let ask = async move {
            let answer = app.command(Command::LookUpName { name }).await;
            if round.try_get_value() == Some(now) {
                match answer {
                    Ok(Answer::AccountId(id)) => state.try_set(LookUp::Found(id)),
                    Ok(_) => state.try_set(LookUp::None),
                    Err(failure) => state.try_set(LookUp::Failed(failure)),
                };
            }
        };
        timer.set_value(Some(Timeout::new(LOOK_UP_MS, move || {
            leptos::task::spawn_local(ask);
        })));
    });
    on_cleanup(move || timer.set_value(None));
    state
}

fn name_state(app: App, state: LookUp) -> Option<AnyView> {
    let t = text();
    let offline = app
        .network
        .with(|network| network.state == ConnectionState::Offline);
    match state {
        LookUp::None | LookUp::Searching if offline => Some(
            view! { <p class="small" role="status" data-testid="n1.name-offline">{t.n1_name_offline}</p> }.into_any(),
        ),
        LookUp::None | LookUp::Searching => Some(
            view! { <p class="small muted" role="status" data-testid="n1.searching">{t.n1_searching}</p> }.into_any(),
        ),
        LookUp::Found(_) => Some(
            view! { <p class="small muted" data-testid="n1.name-found">{t.n1_name_found}</p> }.into_any(),
        ),
        LookUp::Failed(failure) => Some(view! { <FailureNote failure testid="n1.name-failed" /> }.into_any()),
    }
}

/// Something that is known and not what is needed here.
fn told(what: &'static str, why: &'static str, testid: &'static str) -> AnyView {
    view! {
        <div class="note" data-testid=testid>
            <Draw icon=Icon::Info />
            <div class="stack tight">
                <p class="what">{what}</p>
                <p>{why}</p>
            </div>
        </div>
    }
    .into_any()
}

/// Enter in the field sends the form it stands in.
fn submit(event: &leptos::ev::KeyboardEvent) {
    let field = event_target::<web_sys::HtmlTextAreaElement>(event);
    if let Some(form) = field.form() {
        // Only forms outside the document refuse.
        let _ = form.request_submit();
    }
}

/// What is wrong with the ID, and where.
#[component]
fn Wrong(
    problem: IdProblem,
    typed: RwSignal<String>,
    known: RwSignal<Vec<Conversation>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    if problem == IdProblem::Phrase {
        return view! {
            <div class="note error" role="alert" data-testid="n1.secret">
                <Draw icon=Icon::Warning />
                <div class="stack tight">
                    <p class="what">{t.n1_phrase}</p>
                    <p>{t.n1_phrase_why}</p>
                </div>
            </div>
        }
        .into_any();
    }
    let what = match &problem {
        IdProblem::Length(n) => count(&t.id_length, *n as u64),
        IdProblem::Character(n, c) => fill(
            t.id_character,
            &[("n", &n.to_string()), ("c", &c.to_string())],
        ),
        IdProblem::Prefix(start) => fill(t.id_prefix, &[("start", start)]),
        IdProblem::Phrase => String::new(),
    };
    let failure = Failure {
        code: ErrorCode::IdFormat,
        number: None,
        detail: String::new(),
    };
    let meant = app.conversations.with_untracked(|list| {
        known.with_untracked(|known| {
            let all = || list.iter().flatten().chain(known);
            let people = || all().filter(|one| !one.note_to_self);
            let typed = typed.get_untracked();
            let id = nearest(&typed, people().map(|one| one.account_id.as_str()))?;
            people()
                .find(|one| one.account_id == id)
                .map(|one| (id.to_owned(), name_of(one)))
        })
    });
    view! {
        <FailureNote failure what testid="n1.error" />
        {meant.map(|(id, name)| view! {
            <p class="small">
                <button type="button" class="link-button" data-testid="n1.meant" on:click=move |_| typed.set(id.clone())>
                    {fill(t.n1_meant, &[("name", &isolate(&name))])}
                </button>
            </p>
        })}
    }
    .into_any()
}

/// Whom the ID names, and the button to write.
#[component]
fn Preview(id: String, landing: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let own = app
        .profile
        .with_untracked(|profile| profile.as_ref().is_some_and(|p| p.account_id == id));
    let known = app.conversations.with_untracked(|list| {
        list.iter()
            .flatten()
            .find(|one| one.account_id == id && !one.note_to_self)
            .map(name_of)
    });
    let name = match (own, known) {
        (true, _) => t.note_to_self.to_owned(),
        (false, Some(name)) => name,
        (false, None) => short_id(&id),
    };
    view! {
        <div class="card" data-testid="n1.preview">
            <div class="person">
                <Avatar id=id.clone() note_to_self=own size=56 />
                <div class="stack tight">
                    <h2>
                        <bdi>{name}</bdi>
                    </h2>
                    <p class="small muted">{if own { t.n1_own } else { t.n1_check }}</p>
                </div>
            </div>
            <IdWords id=id.clone() testid="n1.preview-words" />
            <GroupedId id testid="n1.preview-id" />
            <div class="actions">
                <button type="submit" class="button primary" data-testid="n1.message">
                    {if own { t.n1_open_notes } else { t.n1_message }}
                </button>
                <Show when=move || landing.get()>
                    <a class="button" href=Route::Chats.href() data-testid="n2.not-now">{t.n2_not_now}</a>
                </Show>
            </div>
        </div>
    }
}

/// The own ID with its picture.
#[component]
pub(crate) fn MyId() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let own = Memo::new(move |_| {
        app.profile.with(|profile| {
            profile
                .as_ref()
                .map(|p| p.account_id.clone())
                .unwrap_or_default()
        })
    });
    let link = Signal::derive(move || own.with(|id| invitation(id)));
    view! {
        <section class="card" aria-labelledby="my-id-title">
            <div class="person">
                {move || view! { <Avatar id=own.get() size=56 /> }}
                <div class="stack tight">
                    <h2 id="my-id-title">{t.my_id}</h2>
                    <p class="small muted">{t.my_id_why}</p>
                </div>
            </div>
            {move || view! {
                <IdWords id=own.get() testid="n1.my-words" />
                <GroupedId id=own.get() testid="n1.my-id" />
            }}
            <div class="actions">
                <CopyButton what=own label=t.copy_id testid="n1.copy-id" />
                <CopyButton what=link label=t.copy_link testid="n1.copy-link" />
            </div>
            <details class="own-code">
                <summary data-testid="n1.show-qr">{t.show_qr}</summary>
                <QrCode what=own label=t.my_qr testid="n1.qr" />
                <div class="actions">
                    <button type="button" class="button" data-testid="n1.save-qr" on:click=move |_| save_code(&own.get_untracked())>
                        {t.save_image}
                    </button>
                </div>
            </details>
        </section>
    }
}

/// The address that carries an ID behind the `#`, where no server sees it.
fn invitation(id: &str) -> String {
    let origin = window().location().origin().unwrap_or_default();
    format!("{origin}/#/invite/{id}")
}

/// Pixels of a module in the saved picture.
const MODULE_PX: f64 = 12.0;

/// The own code as a picture file, whose name says nothing.
fn save_code(id: &str) {
    let Some(png) = picture(id) else { return };
    crate::page::blob::save_canvas(&png, "onionskin-qr.png");
}

fn picture(id: &str) -> Option<web_sys::HtmlCanvasElement> {
    let drawn = crate::page::qr::draw(id)?;
    let side = drawn.side as f64 * MODULE_PX;
    let (canvas, context) = crate::page::canvas::canvas(side, side)?;
    context.set_fill_style_str("white");
    context.fill_rect(0.0, 0.0, side, side);
    context.set_fill_style_str("black");
    for (x, y, run) in drawn.runs {
        context.fill_rect(
            x as f64 * MODULE_PX,
            y as f64 * MODULE_PX,
            run as f64 * MODULE_PX,
            MODULE_PX,
        );
    }
    Some(canvas)
}

/// The order of names in the language of the screens.
fn in_order(one: &str, other: &str) -> std::cmp::Ordering {
    let one = js_sys::JsString::from(one);
    let by = one.locale_compare(other, &js_sys::Array::new(), &js_sys::Object::new());
    by.cmp(&0)
}

/// Everybody who is known, by name.
#[component]
fn Contacts(known: RwSignal<Vec<Conversation>>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let people = Memo::new(move |_| {
        let mut people: Vec<(String, String, ConversationId, bool)> =
            app.conversations.with(|list| {
                list.iter()
                    .flatten()
                    .filter(|one| {
                        !one.note_to_self && !one.blocked && one.request != RequestState::Incoming
                    })
                    .map(|one| (name_of(one), one.account_id.clone(), one.id, true))
                    .collect()
            });
        known.with(|known| {
            for one in known {
                if !people.iter().any(|(_, _, id, _)| *id == one.id) {
                    people.push((name_of(one), one.account_id.clone(), one.id, false));
                }
            }
        });
        people.sort_by(|a, b| in_order(&a.0, &b.0).then_with(|| a.1.cmp(&b.1)));
        people
    });
    let letter = |name: &str| {
        name.chars()
            .next()
            .map(|c| c.to_uppercase().to_string())
            .unwrap_or_default()
    };
    let rows = move || {
        let mut before = String::new();
        people
            .get()
            .into_iter()
            .map(|(name, account_id, id, listed)| {
                let begun = account_id.clone();
                let press = move |event: leptos::ev::MouseEvent| {
                    // It has no conversation any more: a new one begins.
                    if !listed {
                        event.prevent_default();
                        let begun = begun.clone();
                        leptos::task::spawn_local(async move {
                            if let Err(failure) = app.start_conversation(begun).await {
                                app.problem.set(Some(failure));
                            }
                        });
                    }
                };
                let first = letter(&name);
                let head = (first != before).then(|| first.clone());
                let place = head.clone();
                before = first;
                view! {
                    <li data-letter=place>
                        <span class="contact-letter" aria-hidden="true">{head}</span>
                        <a class="contact" href=Route::Conversation(id).href() data-testid="n1.contact" on:click=press>
                            <Avatar id=account_id size=36 />
                            <bdi>{name}</bdi>
                        </a>
                    </li>
                }
            })
            .collect_view()
    };
    let letters = Memo::new(move |_| {
        people.with(|people| {
            let mut letters: Vec<String> = Vec::new();
            for letter in people.iter().map(|(name, ..)| letter(name)) {
                // Letters with marks stand among those without.
                if !letters.contains(&letter) {
                    letters.push(letter);
                }
            }
            letters
        })
    });
    let index = move || {
        letters
            .get()
            .into_iter()
            .map(|letter| {
                let shown = letter.clone();
                view! {
                    <button type="button" class="filter" data-testid="n1.letter" on:click=move |_| to_letter(&letter)>
                        {shown}
                    </button>
                }
            })
            .collect_view()
    };
    let indexed = move || people.with(Vec::len) >= INDEXED && letters.with(Vec::len) > 1;
    view! {
        <Show when=move || !people.with(Vec::is_empty)>
            <section class="card" aria-labelledby="contacts-title">
                <h2 id="contacts-title">{t.n1_contacts}</h2>
                <Show when=indexed>
                    <div class="filters wrap" role="group" aria-label=t.n1_letters>{index}</div>
                </Show>
                <ul class="contacts">{rows}</ul>
            </section>
        </Show>
    }
}

/// Gives the first person of a letter the focus.
fn to_letter(letter: &str) {
    let Ok(rows) = document().query_selector_all(".contacts li[data-letter]") else {
        return;
    };
    let row = (0..rows.length())
        .filter_map(|at| rows.item(at)?.dyn_into::<web_sys::Element>().ok())
        .find(|row| row.get_attribute("data-letter").as_deref() == Some(letter));
    let link = row.and_then(|row| row.query_selector("a").ok().flatten());
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
        crate::page::focus::focus(&link);
    }
}
