//! The strip with a quoted message, in a bubble and above the composer.

use crate::i18n::{Catalogue, text};
use crate::page::chat::{Chat, Intent};
use crate::page::media::{ObjectUrl, thumbnail_of};
use crate::page::mentions::named;
use crate::page::state::App;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Attachment, FileKind, FileState, Message, MessageKind, Quote};
use std::sync::Arc;

/// What a message without text is called in one line.
pub(crate) fn kind_word(
    t: &'static Catalogue,
    kind: MessageKind,
    file: Option<FileKind>,
) -> &'static str {
    match (kind, file) {
        (MessageKind::Deleted, _) => t.message_deleted,
        (MessageKind::Unsupported, _) => t.message_unsupported_short,
        (MessageKind::Undecryptable, _) => t.message_undecryptable_short,
        (_, Some(FileKind::Image)) => t.v1_file_image,
        (_, Some(FileKind::Video)) => t.v1_file_video,
        (_, Some(FileKind::Audio)) => t.v1_file_audio,
        (_, Some(FileKind::Voice)) => t.v1_file_voice,
        (_, Some(FileKind::Other)) => t.v1_file_other,
        (_, None) => t.v1_form,
    }
}

fn line(chat: Chat, said: &str, kind: MessageKind, file: Option<&Attachment>) -> String {
    let t = text();
    if kind == MessageKind::Text && !said.is_empty() {
        let first = said
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("");
        return named(chat.app, first);
    }
    match file {
        Some(file) if !file.name.is_empty() && file.kind == FileKind::Other => file.name.clone(),
        file => kind_word(t, kind, file.map(|file| file.kind)).to_owned(),
    }
}

/// The picture of a quoted message, small, where it is here already.
#[component]
fn Thumb(app: App, attachment: Attachment) -> impl IntoView {
    let small = RwSignal::new(None::<Arc<ObjectUrl>>);
    let here = attachment.kind == FileKind::Image
        && !attachment.dangerous
        && untrack(|| app.media.state_of(&attachment)) == FileState::Here;
    if here {
        leptos::task::spawn_local(async move {
            // Without it the words tell what it is.
            if let Ok(url) = thumbnail_of(app, attachment.id).await {
                small.try_set(Some(url));
            }
        });
    }
    move || {
        let url = small.get()?;
        Some(view! { <img class="quote-thumb" src=url.as_str().to_owned() alt="" /> })
    }
}

/// The strip inside a bubble; a press brings the original on screen.
#[component]
pub(crate) fn QuoteStrip(chat: Chat, quote: Quote) -> impl IntoView {
    let t = text();
    let author = quote.author.clone();
    let original = quote.original.clone();
    let missing = original.is_none();
    let go = {
        let id = original.as_ref().map(|original| original.message);
        let sent_at = quote.sent_at;
        move |event: leptos::ev::MouseEvent| {
            event.stop_propagation();
            chat.jump(sent_at, id);
        }
    };
    let said = move || match &original {
        Some(original) => line(
            chat,
            &original.text,
            original.kind,
            original.attachment.as_ref(),
        ),
        None => t.v1_quote_missing.to_owned(),
    };
    let picture = quote
        .original
        .and_then(|original| original.attachment)
        .map(|attachment| view! { <Thumb app=chat.app attachment /> });
    view! {
        <button type="button" class="quote" class:missing=missing tabindex="-1" title=t.v1_quote_jump data-testid="v1.quote" on:click=go>
            <span class="visually-hidden">{t.v1_quote_of}" "</span>
            <bdi class="quote-author">{move || chat.app.called(&author)}</bdi>
            <span class="quote-text" dir="auto">{said}</span>
            {picture}
        </button>
    }
}

/// The strip above the composer; closing it makes the text a message of its own.
#[component]
pub(crate) fn IntentStrip(chat: Chat) -> impl IntoView {
    let t = text();
    let drawn = move |message: Message,
                      label: &'static str,
                      icon: Icon,
                      more: Option<&'static str>| {
        let author = message.author.clone();
        let picture = message
            .attachments
            .first()
            .map(|attachment| view! { <Thumb app=chat.app attachment=attachment.clone() /> });
        let said = move || {
            line(
                chat,
                &message.text,
                message.kind,
                message.attachments.first(),
            )
        };
        view! {
            <div class="intent" data-testid="v1.reply-strip">
                <Draw icon />
                {picture}
                <div class="intent-text">
                    <p class="quote-author">{label} " " <bdi>{move || chat.app.called(&author)}</bdi></p>
                    <p class="quote-text" dir="auto">{said}</p>
                    {more.map(|more| view! { <p class="tiny muted">{more}</p> })}
                </div>
                <button type="button" class="icon-button" aria-label=t.v1_reply_cancel title=t.v1_reply_cancel data-testid="v1.reply-cancel" on:click=move |_| chat.intent.set(Intent::Plain)>
                    <Draw icon=Icon::Close />
                </button>
            </div>
        }
    };
    move || match chat.intent.get() {
        Intent::Plain => None,
        Intent::Reply(message) => Some(drawn(message, t.v1_replying, Icon::Reply, None)),
        Intent::Replace(message) => Some(drawn(
            message,
            t.v1_replacing,
            Icon::Edit,
            Some(t.v1_replace_why),
        )),
    }
}
