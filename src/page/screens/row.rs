//! A row of C1 and C2: who, when, what was said last, and how it stands (screens 6). Its text is its name for screen readers.

use super::actions::is_muted;
use super::message::{delivery_icon, delivery_word, hook};
use super::shell::short_count;
use crate::i18n::{Catalogue, count, fill, format, isolate};
use crate::page::mentions::named;
use crate::page::state::App;
use crate::page::text::name_of;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Conversation, FileKind, LastMessage, MessageKind, RequestState, Timer,
};

/// What a conversation is called on screen.
pub(crate) fn called(t: &'static Catalogue, one: &Conversation) -> String {
    if one.note_to_self {
        t.note_to_self.to_owned()
    } else {
        name_of(one)
    }
}

pub(super) fn row_content(
    app: App,
    t: &'static Catalogue,
    one: &Conversation,
) -> impl IntoView + use<> {
    let unread = u64::from(one.unread);
    let request = match one.request {
        RequestState::Incoming => Some(t.request_in),
        RequestState::Outgoing => Some(t.request_out),
        RequestState::None => None,
    };
    let at = one.last.as_ref().map(|last| last.sent_at);
    let own = one.last.clone().filter(|last| last.mine && !one.drafted);
    let typing = app.typing.with(|typing| typing.contains(&one.id));
    let last = if typing {
        t.row_typing.to_owned()
    } else {
        last_line(app, t, one)
    };
    let mark = |shown: bool, icon: Icon, word: &'static str, testid: &'static str| {
        shown.then(|| {
            view! {
                <span class="row-mark" data-testid=testid>
                    <Draw icon size=16 />
                    <span class="visually-hidden">", " {word}</span>
                </span>
            }
        })
    };
    view! {
        <Avatar id=one.account_id.clone() note_to_self=one.note_to_self />
        <span class="row-text">
            <span class="row-top">
                <bdi class="row-name">{called(t, one)}</bdi>
                {(!one.label.is_empty())
                    .then(|| view! { <span class="tag row-label" dir="auto" data-testid="c1.row-label">{one.label.clone()}</span> })}
                {mark(one.verified_at.is_some(), Icon::Verified, t.row_verified, "c1.row-verified")}
                {mark(one.pinned > 0, Icon::Pin, t.row_pinned, "c1.row-pinned")}
                {mark(is_muted(app, one), Icon::BellOff, t.row_muted, "c1.row-muted")}
                {mark(one.timer != Timer::Off, Icon::Clock, t.row_timer, "c1.row-timer")}
                {mark(one.blocked, Icon::Block, t.row_blocked, "c1.row-blocked")}
                {at.map(|at| view! { <time class="row-time">{format::row_time(at)}</time> })}
            </span>
            <span class="row-bottom">
                {own.filter(|_| !typing).map(|last| own_state(t, &last))}
                <span class="row-last" class:is-typing=typing dir="auto">{last}</span>
                {request.map(|word| view! { <span class="request-mark" data-testid="c1.request">{word}</span> })}
                {mark(one.mentions > 0, Icon::Mention, t.row_mention, "c1.row-mention")}
                {(unread > 0)
                    .then(|| {
                        view! {
                            <span class="count" data-testid="c1.unread">
                                <span aria-hidden="true">{short_count(unread)}</span>
                                <span class="visually-hidden">{count(&t.unread, unread)}</span>
                            </span>
                        }
                    })}
                {(unread == 0 && one.marked_unread)
                    .then(|| {
                        view! {
                            <span class="count dot" data-testid="c1.marked-unread">
                                <span class="visually-hidden">{t.row_marked_unread}</span>
                            </span>
                        }
                    })}
            </span>
        </span>
    }
}

fn own_state(t: &'static Catalogue, last: &LastMessage) -> impl IntoView + use<> {
    let delivery = last.delivery;
    view! {
        <span class="row-state" data-delivery=hook(delivery)>
            <Draw icon=delivery_icon(delivery) size=16 />
            <span class="visually-hidden">{delivery_word(t, delivery)} ", "</span>
        </span>
    }
}

/// The second line: the draft first, else the newest message.
fn last_line(app: App, t: &'static Catalogue, one: &Conversation) -> String {
    if !one.draft.trim().is_empty() {
        return fill(t.c1_draft, &[("text", &isolate(&named(app, &one.draft)))]);
    }
    if one.drafted {
        return t.c1_draft_only.into();
    }
    let Some(last) = &one.last else {
        return t.c1_no_messages.into();
    };
    match last.kind {
        MessageKind::Text => {
            let said = said(app, t, last);
            if last.mine && !one.note_to_self {
                fill(t.c1_you_said, &[("text", &isolate(&said))])
            } else {
                said
            }
        }
        MessageKind::Unsupported => t.message_unsupported_short.into(),
        MessageKind::Undecryptable => t.message_undecryptable_short.into(),
        MessageKind::RequestAccepted => t.notice_accepted.into(),
        MessageKind::Deleted => t.message_deleted.into(),
        MessageKind::TimerChanged(_) => t.notice_timer.into(),
        MessageKind::MediaSaved => t.notice_saved.into(),
        MessageKind::MissedCall => t.notice_call.into(),
    }
}

/// The words, or what kind of file came without any.
fn said(app: App, t: &'static Catalogue, last: &LastMessage) -> String {
    if !last.text.is_empty() {
        return named(app, &last.text);
    }
    match last.file {
        Some(FileKind::Image) => t.row_image.into(),
        Some(FileKind::Video) => t.row_video.into(),
        Some(FileKind::Audio) => t.row_audio.into(),
        Some(FileKind::Voice) => t.row_voice.into(),
        Some(FileKind::Other) => t.row_file.into(),
        // Nothing else has neither words nor files.
        None => t.v1_invitation.into(),
    }
}
