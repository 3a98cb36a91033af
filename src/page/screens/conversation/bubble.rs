//! What a message shows: a bubble with text, quote, files, preview or invitation, or a line between messages
//! (screens 9.3).

use super::links::{Link, host};
use super::reactions::ReactionRow;
use super::reply::QuoteStrip;
use super::rich::RichText;
use crate::i18n::{count, fill, format, isolate, text};
use crate::page::chat::{Chat, Layer};
use crate::page::media::{Files, PreviewPicture};
use crate::page::screens::message::{FailedActions, State};
use crate::page::timeline::{Row, is_notice};
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Delivery, ErrorCode, Failure, Invitation, LinkPreview, Message, MessageId, MessageKind, Timer,
};
use onionskin_protocol::sorted::SortedSet;

/// Texts with more lines fold.
const LINES: usize = 20;
/// So do texts with more characters, which fill as many lines.
const LONG: usize = 1_200;
/// Circumference of the ring that runs out (its radius is 7).
const RING: f64 = 43.98;

#[component]
pub(crate) fn Content(
    chat: Chat,
    row: Row,
    opened: RwSignal<SortedSet<MessageId>>,
) -> impl IntoView {
    if is_notice(row.message.kind) {
        return view! { <Notice chat row opened /> }.into_any();
    }
    let message = row.message.clone();
    let mine = message.mine;
    let failed = match message.delivery {
        Delivery::Failed(code) if mine => Some(code),
        _ => None,
    };
    let text_only = message.attachments.is_empty()
        && message.quote.is_none()
        && message.preview.is_none()
        && message.invitation.is_none();
    let big = chat.app.settings;
    let large = {
        let said = message.text.clone();
        let plain = message.kind == MessageKind::Text && text_only;
        move || {
            plain
                && big.with(|settings| settings.big_emoji)
                && !chat.inert()
                && is_only_emoji(&said)
        }
    };
    view! {
        <div class="bubble" class:large=large class:odd-bubble=message.kind != MessageKind::Text>
            <Body chat message=message.clone() />
            <Meta chat row />
        </div>
        <ReactionRow chat message=message.clone() />
        {failed
            .map(|code| {
                let failure = Failure { code, number: None, detail: String::new() };
                view! { <FailedActions chat message=message.clone() failure /> }
            })}
    }
    .into_any()
}

#[component]
fn Body(chat: Chat, message: Message) -> impl IntoView {
    let t = text();
    let odd = |icon: Icon, said: String| {
        view! {
            <p class="odd">
                <Draw icon size=16 />
                <span>{said}</span>
            </p>
        }
        .into_any()
    };
    match message.kind {
        MessageKind::Deleted if message.mine => odd(Icon::Trash, t.v1_deleted_own.to_owned()),
        MessageKind::Deleted => {
            let author = message.author.clone();
            let said = fill(
                t.v1_deleted_by,
                &[("name", &isolate(&untrack(|| chat.app.called(&author))))],
            );
            odd(Icon::Trash, said)
        }
        MessageKind::Unsupported => odd(Icon::Info, t.message_unsupported.to_owned()),
        MessageKind::Undecryptable => view! { <Unopened chat id=message.id /> }.into_any(),
        _ => view! { <Said chat message /> }.into_any(),
    }
}

/// A message that did not open: to be tried again, asked for once more, or looked at from outside.
#[component]
fn Unopened(chat: Chat, id: MessageId) -> impl IntoView {
    let t = text();
    let still = Memo::new(move |_| chat.unopened.with(|tried| tried.contains(&id)));
    let button = |label: &'static str, testid: &'static str, act: fn(Chat, MessageId)| {
        view! {
            <button type="button" class="link-button" tabindex="-1" data-testid=testid on:click=move |event| {
                event.stop_propagation();
                act(chat, id);
            }>{label}</button>
        }
    };
    view! {
        <div class="odd-message" data-testid="v1.unopened">
            <p class="odd">
                <Draw icon=Icon::Warning size=16 />
                <span>{t.message_undecryptable} " " <span class="code">{ErrorCode::MsgDecrypt.code()}</span></span>
            </p>
            <p class="tiny" role="status">
                <Show when=move || still.get()>
                    <span data-testid="v1.unopened-still">{t.v1_unopened_still}</span>
                </Show>
            </p>
            <div class="actions">
                {button(t.retry, "v1.read-again", |chat, id| chat.read_again(id))}
                {button(t.v1_ask_again, "v1.unopened-ask", |chat, id| chat.ask_again(id))}
                {button(t.v2_title, "v1.unopened-info", |chat, id| chat.layer.set(Some(Layer::Info(id))))}
            </div>
        </div>
    }
}

/// Quote, files, text, preview and invitation, in this order.
#[component]
fn Said(chat: Chat, message: Message) -> impl IntoView {
    let previews = chat.app.settings;
    let preview = message.preview.clone();
    let id = message.id;
    let has_files = !message.attachments.is_empty();
    let with_files = message.clone();
    view! {
        {message.quote.clone().map(|quote| view! { <QuoteStrip chat quote /> })}
        {has_files.then(|| view! { <Files message=with_files /> })}
        {(!message.text.is_empty())
            .then(|| view! { <MessageText chat id=message.id said=message.text.clone() /> })}
        {move || {
            preview
                .clone()
                .filter(|_| previews.with(|settings| settings.show_previews) && !chat.inert())
                .map(|preview| view! { <Preview chat message=id preview /> })
        }}
        {message.invitation.clone().map(|invitation| view! { <InvitationCard chat invitation /> })}
    }
}

/// Folds what is long.
#[component]
fn MessageText(chat: Chat, id: MessageId, said: String) -> impl IntoView {
    let t = text();
    let long = said.lines().count() > LINES || said.chars().count() > LONG;
    let folded = RwSignal::new(long);
    view! {
        <div class="text" class:folded=move || folded.get() data-testid="v1.message-text">
            <RichText chat message=id said />
        </div>
        {long
            .then(|| {
                view! {
                    <button
                        type="button"
                        class="unfold"
                        tabindex="-1"
                        aria-expanded=move || (!folded.get()).to_string()
                        on:click=move |event| {
                            event.stop_propagation();
                            folded.update(|folded| *folded = !*folded);
                        }
                    >
                        {move || if folded.get() { t.show_all } else { t.show_less }}
                    </button>
                }
            })}
    }
}

/// A preview that the author made; the site itself is never asked.
#[component]
fn Preview(chat: Chat, message: MessageId, preview: LinkPreview) -> impl IntoView {
    let title = if preview.title.is_empty() {
        preview.url.clone()
    } else {
        preview.title.clone()
    };
    let host = host(&preview.url).unwrap_or_default();
    view! {
        <div class="preview" data-testid="v1.preview">
            {preview.image.map(|image| view! { <PreviewPicture message image /> })}
            <Link chat address=preview.url>
                <span class="preview-title" dir="auto">{title}</span>
                <span class="preview-host" dir="ltr">{host}</span>
            </Link>
        </div>
    }
}

/// An invitation to a community: what it is, and its address to take along.
#[component]
fn InvitationCard(chat: Chat, invitation: Invitation) -> impl IntoView {
    let t = text();
    let address = invitation.url.clone();
    view! {
        <div class="invitation" data-testid="v1.invitation">
            <p class="tiny">{t.v1_invitation}</p>
            <p class="invitation-name" dir="auto">{invitation.name}</p>
            <p class="tiny" dir="ltr">{host(&invitation.url).unwrap_or_default()}</p>
            <p class="tiny">{t.v1_invitation_why}</p>
            <button type="button" class="unfold" tabindex="-1" data-testid="v1.copy-invitation" on:click=move |event| {
                event.stop_propagation();
                chat.copy(address.clone());
            }>{t.v1_copy_link}</button>
        </div>
    }
}

/// Time, marks and delivery, at the end of a bubble.
#[component]
fn Meta(chat: Chat, row: Row) -> impl IntoView {
    let t = text();
    let message = row.message.clone();
    let loud = row.newest_own
        || !matches!(
            message.delivery,
            Delivery::Stored { .. } | Delivery::Synced { .. } | Delivery::Read
        );
    view! {
        <span class="meta" class:marked=message.starred || message.pinned || row.late>
            {row.late.then(|| view! { <span class="late" data-testid="v1.late">{t.v1_late}</span> })}
            {message.pinned.then(|| view! { <span title=t.v1_pinned data-testid="v1.pinned"><Draw icon=Icon::Pin size=16 /><span class="visually-hidden">{t.v1_pinned}</span></span> })}
            {message.starred.then(|| view! { <span title=t.v1_starred data-testid="v1.starred"><Draw icon=Icon::StarMark size=16 /><span class="visually-hidden">{t.v1_starred}</span></span> })}
            {message.expires_at.map(|at| view! { <Ring chat timer=message.timer at /> })}
            <time title=format::full(message.sent_at)>{format::time(message.sent_at)}</time>
            {message.mine.then(|| view! { <State chat message=message.clone() loud /> })}
        </span>
    }
}

/// How much of a message's time is left; the exact time on hover and focus.
#[component]
fn Ring(chat: Chat, timer: Timer, at: u64) -> impl IntoView {
    let t = text();
    let whole = match timer {
        Timer::AfterRead(seconds) | Timer::AfterSend(seconds) => f64::from(seconds) * 1000.0,
        Timer::Off => 0.0,
    };
    let gone = move || {
        let left = (at as f64 - chat.now.get() as f64).max(0.0);
        let part = if whole > 0.0 {
            (left / whole).min(1.0)
        } else {
            0.0
        };
        format!("{:.2}", RING * (1.0 - part))
    };
    let name = fill(t.v1_expires, &[("time", &format::full(at))]);
    let title = name.clone();
    view! {
        <span class="ring" title=title data-testid="v1.expiry">
            <svg width="16" height="16" viewBox="0 0 18 18" aria-hidden="true">
                <circle class="ring-track" cx="9" cy="9" r="7" />
                <circle class="ring-left" cx="9" cy="9" r="7" stroke-dasharray=RING.to_string() stroke-dashoffset=gone transform="rotate(-90 9 9)" />
            </svg>
            <span class="visually-hidden">{name}</span>
        </span>
    }
}

/// What a notice says.
pub(crate) fn notice_text(chat: Chat, message: &Message) -> String {
    let t = text();
    let name = isolate(&chat.app.called(&message.author));
    let said = |own: &str, theirs: &str| {
        if message.mine {
            own.to_owned()
        } else {
            fill(theirs, &[("name", &name)])
        }
    };
    match message.kind {
        MessageKind::RequestAccepted => t.notice_accepted.to_owned(),
        MessageKind::TimerChanged(Timer::Off) => said(t.v1_timer_off_own, t.v1_timer_off),
        MessageKind::TimerChanged(Timer::AfterRead(seconds)) => fill(
            &said(t.v1_timer_read_own, t.v1_timer_read),
            &[("time", &format::span(seconds))],
        ),
        MessageKind::TimerChanged(Timer::AfterSend(seconds)) => fill(
            &said(t.v1_timer_send_own, t.v1_timer_send),
            &[("time", &format::span(seconds))],
        ),
        MessageKind::MediaSaved => said(t.v1_saved_own, t.v1_saved),
        MessageKind::MissedCall => said(t.notice_call, t.v1_call),
        _ => String::new(),
    }
}

#[component]
fn Notice(chat: Chat, row: Row, opened: RwSignal<SortedSet<MessageId>>) -> impl IntoView {
    let t = text();
    let message = row.message.clone();
    let id = message.id;
    let offered = match message.kind {
        MessageKind::TimerChanged(timer) if !message.mine => Some(timer),
        _ => None,
    };
    let icon = match message.kind {
        MessageKind::TimerChanged(_) => Icon::Timer,
        MessageKind::MediaSaved => Icon::Down,
        MessageKind::MissedCall => Icon::Call,
        _ => Icon::Check,
    };
    let more = row.run.saturating_sub(1);
    let when = format::full(message.sent_at);
    view! {
        <p class="notice-line" title=when>
            <Draw icon size=16 />
            <span>{move || notice_text(chat, &message)}</span>
            {(more > 0)
                .then(|| {
                    view! {
                        <button type="button" class="link-button" tabindex="-1" data-testid="v1.notices" on:click=move |_| opened.update(|opened| { opened.insert(id); })>
                            {count(&t.v1_more_notices, more as u64)}
                        </button>
                    }
                })}
            {offered.map(|timer| view! { <super::timer::UseSame chat timer /> })}
        </p>
    }
}

/// One to six pictures and nothing else are shown large.
pub(crate) fn is_only_emoji(said: &str) -> bool {
    let mut pictures = 0;
    let mut joined = false;
    let mut flags = 0;
    for c in said.chars() {
        match c {
            '\u{200d}' => joined = true,
            // Selectors, skin tones, tags and spaces belong to the pictures around them.
            '\u{fe0f}'
            | '\u{20e3}'
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0020}'..='\u{e007f}'
            | ' ' => {}
            '\u{1f1e6}'..='\u{1f1ff}' => flags += 1,
            '\u{1f300}'..='\u{1faff}'
            | '\u{2600}'..='\u{27bf}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{231a}'..='\u{23ff}' => {
                pictures += usize::from(!joined);
                joined = false;
            }
            _ => return false,
        }
    }
    (1..=6).contains(&(pictures + flags / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_few_pictures_are_large() {
        assert!(is_only_emoji("👍🏽 ❤️"));
        assert!(is_only_emoji("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦"));
        assert!(is_only_emoji("🇩🇪🇫🇷"));
        assert!(!is_only_emoji("👍 yes"));
        assert!(!is_only_emoji(""));
        assert!(!is_only_emoji("😀😀😀😀😀😀😀"));
    }
}
