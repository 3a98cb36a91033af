//! One message: bubble or notice, its time and how far it has come (screens 9.3, 9.4). Text is only ever a text node.

use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::state::App;
use crate::page::timeline::Row;
use crate::page::ui::failure::sentences;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Command, Delivery, Failure, Message, MessageId, MessageKind};

/// Texts with more lines fold.
const LINES: usize = 20;

/// The name in `data-delivery`.
pub(crate) const fn hook(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Queued => "queued",
        Delivery::Sending => "sending",
        Delivery::Stored { .. } => "stored",
        Delivery::Synced { .. } => "synced",
        Delivery::Read => "read",
        Delivery::Retrying { .. } => "retrying",
        Delivery::Failed(_) => "failed",
    }
}

/// The shape; every state has its own.
pub(crate) const fn delivery_icon(delivery: Delivery) -> Icon {
    match delivery {
        Delivery::Queued => Icon::Clock,
        Delivery::Sending => Icon::Ring,
        Delivery::Stored { .. } => Icon::Check,
        Delivery::Synced { .. } => Icon::CheckDevice,
        Delivery::Read => Icon::Checks,
        Delivery::Retrying { .. } => Icon::ClockArrow,
        Delivery::Failed(_) => Icon::Failed,
    }
}

/// The word.
pub(crate) const fn delivery_word(t: &'static Catalogue, delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Queued => t.delivery_queued,
        Delivery::Sending => t.delivery_sending,
        // Synced differs for whoever asks, in the details on focus; the word is the same.
        Delivery::Stored { .. } | Delivery::Synced { .. } => t.delivery_stored,
        Delivery::Read => t.delivery_read,
        Delivery::Retrying { .. } => t.delivery_retrying,
        Delivery::Failed(_) => t.delivery_failed,
    }
}

/// More about a state, on hover and focus.
fn delivery_details(t: &'static Catalogue, delivery: Delivery) -> String {
    let of = |pattern: &str, confirmed: u8, of: u8| {
        fill(
            pattern,
            &[("n", &confirmed.to_string()), ("of", &of.to_string())],
        )
    };
    match delivery {
        Delivery::Stored {
            confirmed,
            of: asked,
        } => of(t.delivery_stored_on, confirmed, asked),
        Delivery::Synced {
            confirmed,
            of: asked,
        } => of(t.delivery_synced_on, confirmed, asked),
        Delivery::Retrying { attempt, next_at } => fill(
            &count(&t.delivery_attempt, u64::from(attempt)),
            &[("time", &format::time(next_at))],
        ),
        other => delivery_word(t, other).into(),
    }
}

/// A row of the timeline with the lines above it.
#[component]
pub(crate) fn TimelineRow(
    row: Memo<Option<Row>>,
    id: MessageId,
    /// Name of the other side.
    name: Memo<String>,
    total: Memo<usize>,
    stop: Memo<Option<MessageId>>,
    focused: RwSignal<Option<MessageId>>,
) -> impl IntoView {
    let t = text();
    let row = move || row.get();
    let label = move || {
        row()
            .map(|row| spoken(t, &row.message, &name.get()))
            .unwrap_or_default()
    };
    let with = move |test: fn(&Row) -> bool| row().is_some_and(|row| test(&row));
    view! {
        {move || {
            row().filter(|row| row.new_day)
                .map(|row| view! { <li class="day-line"><span>{format::day(row.message.sent_at)}</span></li> })
        }}
        {move || with(|row| row.unread_line).then(|| view! { <li class="unread-line" data-testid="v1.unread-divider"><span>{t.unread_line}</span></li> })}
        <li
            class="message"
            class:mine=move || with(|row| row.message.mine)
            class:starts=move || with(|row| row.starts_group)
            class:ends=move || with(|row| row.ends_group)
            class:notice=move || with(|row| row.message.kind == MessageKind::RequestAccepted)
            data-testid=move || if with(|row| row.message.kind == MessageKind::RequestAccepted) { "v1.notice" } else { "v1.message" }
            data-message=hex::encode(id.0)
            data-mine=move || with(|row| row.message.mine).to_string()
            data-delivery=move || row().filter(|row| row.message.mine).map(|row| hook(row.message.delivery))
            aria-label=label
            aria-posinset=move || row().map(|row| row.place.to_string())
            aria-setsize=move || total.get().to_string()
            tabindex=move || if stop.get() == Some(id) { "0" } else { "-1" }
            on:focus=move |_| focused.set(Some(id))
        >
            {move || row().map(|row| view! { <Content row /> })}
        </li>
    }
}

/// What a screen reader says for a whole message.
fn spoken(t: &'static Catalogue, message: &Message, name: &str) -> String {
    let author = if message.mine {
        t.you.to_owned()
    } else {
        isolate(name)
    };
    let said = match message.kind {
        MessageKind::Text => message.text.as_str(),
        MessageKind::Unsupported => t.message_unsupported,
        MessageKind::Undecryptable => t.message_undecryptable,
        MessageKind::RequestAccepted => t.notice_accepted,
    };
    let state = if message.mine {
        delivery_word(t, message.delivery)
    } else {
        ""
    };
    fill(
        t.message_spoken,
        &[
            ("author", &author),
            ("time", &format::time(message.sent_at)),
            ("text", said),
            ("state", state),
        ],
    )
}

#[component]
fn Content(row: Row) -> impl IntoView {
    let t = text();
    let message = row.message.clone();
    if message.kind == MessageKind::RequestAccepted {
        return view! { <p class="notice-line">{t.notice_accepted}</p> }.into_any();
    }
    let body = match message.kind {
        MessageKind::Text => view! { <MessageText said=message.text.clone() /> }.into_any(),
        MessageKind::Unsupported => view! { <p class="odd">{t.message_unsupported}</p> }.into_any(),
        _ => view! { <p class="odd">{t.message_undecryptable}</p> }.into_any(),
    };
    let loud = row.newest_own
        || !matches!(
            message.delivery,
            Delivery::Stored { .. } | Delivery::Synced { .. } | Delivery::Read
        );
    let failed = match message.delivery {
        Delivery::Failed(code) if message.mine => Some(code),
        _ => None,
    };
    view! {
        <div class="bubble" class:large=is_only_emoji(&message.text)>
            {body}
            <span class="meta">
                <time title=format::full(message.sent_at)>{format::time(message.sent_at)}</time>
                {message.mine.then(|| view! { <State message=message.clone() loud /> })}
            </span>
        </div>
        {failed.map(|code| {
            let failure = Failure { code, number: None, detail: String::new() };
            view! { <FailedActions id=message.id failure /> }
        })}
    }
    .into_any()
}

/// Folds what is longer than twenty lines.
#[component]
fn MessageText(said: String) -> impl IntoView {
    let t = text();
    let long = said.lines().count() > LINES;
    let folded = RwSignal::new(long);
    view! {
        <p class="text" class:folded=move || folded.get() dir="auto" data-testid="v1.message-text">{said}</p>
        {long
            .then(|| {
                view! {
                    <button
                        type="button"
                        class="unfold"
                        aria-expanded=move || (!folded.get()).to_string()
                        on:click=move |_| folded.update(|folded| *folded = !*folded)
                    >
                        {move || if folded.get() { t.show_all } else { t.show_less }}
                    </button>
                }
            })}
    }
}

#[component]
fn State(message: Message, loud: bool) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let delivery = message.delivery;
    let word = delivery_word(t, delivery);
    let details = delivery_details(t, delivery);
    let inner = view! {
        <Draw icon=delivery_icon(delivery) size=16 />
        <span class:visually-hidden=!loud>{word}</span>
    };
    if matches!(delivery, Delivery::Retrying { .. }) {
        let now = move |_| {
            app.send(Command::RetryMessage {
                message: message.id,
            })
        };
        return view! {
            <button type="button" class="state" title=details data-testid="v1.msg-state" data-delivery=hook(delivery) on:click=now>
                {inner}
            </button>
        }
        .into_any();
    }
    view! { <span class="state" title=details data-testid="v1.msg-state" data-delivery=hook(delivery)>{inner}</span> }.into_any()
}

/// Why it failed for good, and the two ways out.
#[component]
fn FailedActions(id: MessageId, failure: Failure) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let (what, safe, todo) = sentences(&failure);
    view! {
        <div class="failed" data-code=failure.code.code()>
            <p>{what} " " {safe} " " {todo} " " <span class="code">{failure.code.code()}</span></p>
            <div class="actions">
                <button type="button" class="link-button" data-testid="v1.retry" on:click=move |_| app.send(Command::RetryMessage { message: id })>
                    {t.retry}
                </button>
                <button type="button" class="link-button" data-testid="v1.delete" on:click=move |_| app.send(Command::DeleteMessage { message: id })>
                    {t.delete}
                </button>
            </div>
        </div>
    }
}

/// One to six pictures and nothing else are shown large.
fn is_only_emoji(said: &str) -> bool {
    let mut pictures = 0;
    for c in said.chars() {
        match c {
            // Joiners, selectors, skin tones and spaces belong to the pictures around them.
            '\u{200d}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | ' ' => {}
            '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{1f1e6}'..='\u{1f1ff}' => {
                pictures += 1
            }
            _ => return false,
        }
    }
    (1..=6).contains(&pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_few_pictures_are_large() {
        assert!(is_only_emoji("👍🏽 ❤️"));
        assert!(!is_only_emoji("👍 yes"));
        assert!(!is_only_emoji(""));
        assert!(!is_only_emoji("😀😀😀😀😀😀😀"));
    }
}
