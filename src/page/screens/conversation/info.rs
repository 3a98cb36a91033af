//! Everything known about a message (V6).

use crate::i18n::{Catalogue, fill, format, text};
use crate::page::chat::{Chat, Layer};
use crate::page::screens::message::delivery_word;
use crate::page::text::short_key;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Attachment, Command, ErrorCode, Failure, FileKind, FileState, Message, MessageInfo,
    MessageKind,
};

#[component]
pub(crate) fn InfoDialog(chat: Chat) -> impl IntoView {
    let t = text();
    let open = super::layer_open(chat, |layer| matches!(layer, Layer::Info(_)));
    let known = RwSignal::new(None::<Result<MessageInfo, Failure>>);
    Effect::new(move |_| {
        let Some(Layer::Info(message)) = chat.layer.get() else {
            return;
        };
        known.set(None);
        leptos::task::spawn_local(async move {
            let answer = match chat.app.command(Command::GetMessageInfo { message }).await {
                Ok(Answer::MessageInfo(info)) => Ok(*info),
                Ok(_) => Ok(MessageInfo::default()),
                Err(failure) => Err(failure),
            };
            known.try_set(Some(answer));
        });
    });
    view! {
        <Dialog open screen="v6" title=t.v6_title>
            {move || {
                let Some(Layer::Info(id)) = chat.layer.get() else { return ().into_any() };
                let Some(message) = chat.app.timeline.message(id) else { return ().into_any() };
                let (facts, source) = (message.clone(), message.text.clone());
                view! {
                    <Facts chat message=facts />
                    {move || match known.get() {
                        None => view! { <p class="muted">{t.working}</p> }.into_any(),
                        Some(Ok(info)) => view! { <Network info message=message.clone() /> }.into_any(),
                        Some(Err(failure)) => view! { <FailureNote failure testid="v6.error" /> }.into_any(),
                    }}
                    <details class="source">
                        <summary>{t.v6_source}</summary>
                        <pre dir="auto" tabindex="0" data-testid="v6.source">{source}</pre>
                    </details>
                }
                .into_any()
            }}
        </Dialog>
    }
}

fn fact(label: &'static str, value: impl IntoView + 'static) -> AnyView {
    view! {
        <div class="fact">
            <dt>{label}</dt>
            <dd>{value}</dd>
        </div>
    }
    .into_any()
}

/// A moment that lies ahead, and how far.
fn until(t: &'static Catalogue, at: u64) -> String {
    fill(
        t.v6_until,
        &[("time", &format::full(at)), ("left", &format::from_now(at))],
    )
}

/// What a message is.
fn kind(t: &'static Catalogue, message: &Message) -> &'static str {
    match message.kind {
        MessageKind::Text => {}
        MessageKind::Unsupported => return t.message_unsupported_short,
        MessageKind::Undecryptable => return t.message_undecryptable_short,
        MessageKind::Deleted => return t.message_deleted,
        MessageKind::RequestAccepted
        | MessageKind::TimerChanged(_)
        | MessageKind::MediaSaved
        | MessageKind::MissedCall => return t.v6_kind_notice,
    }
    match message.attachments.first().map(|file| file.kind) {
        _ if message.invitation.is_some() => t.v1_invitation,
        None => t.v6_kind_text,
        Some(_) if !message.text.is_empty() => t.v6_kind_both,
        Some(FileKind::Image) => t.row_image,
        Some(FileKind::Video) => t.row_video,
        Some(FileKind::Audio) => t.row_audio,
        Some(FileKind::Voice) => t.row_voice,
        Some(FileKind::Other) => t.row_file,
    }
}

/// Whether a file is what its sender sent.
fn proof(t: &'static Catalogue, file: &Attachment, digest: bool) -> &'static str {
    match (file.state, digest) {
        (FileState::Failed(ErrorCode::FileDigest), _) => t.v6_digest_wrong,
        (FileState::Here, true) => t.v6_digest_right,
        (FileState::Here, false) => t.v6_digest_inside,
        _ => t.v6_digest_open,
    }
}

/// What stands in the message itself.
#[component]
fn Facts(chat: Chat, message: Message) -> impl IntoView {
    let t = text();
    let timer = crate::page::screens::timers::sentence(message.timer);
    let author = message.author.clone();
    let files: Vec<_> = message
        .attachments
        .iter()
        .map(|file| {
            let name = if file.name.is_empty() { file.content_type.clone() } else { file.name.clone() };
            view! { <li><bdi>{name}</bdi> " · " {file.content_type.clone()} " · " {format::bytes(file.size)}</li> }
        })
        .collect();
    view! {
        <dl class="facts" data-testid="v6.facts">
            {fact(t.v6_kind, kind(t, &message))}
            {fact(t.v6_author, view! { <bdi>{chat.app.called(&author)}</bdi> })}
            {fact(t.v6_sent, format::full(message.sent_at))}
            {(!message.mine).then(|| fact(t.v6_received, format::full(message.received_at)))}
            {message.mine.then(|| fact(t.v6_state, delivery_word(t, message.delivery)))}
            {timer.map(|timer| fact(t.v9_title, timer))}
            {message.expires_at.map(|at| fact(t.v6_disappears, until(t, at)))}
            {(!files.is_empty()).then(|| fact(t.v6_files, view! { <ul>{files}</ul> }))}
        </dl>
    }
}

/// What the network knows of it.
#[component]
fn Network(info: MessageInfo, message: Message) -> impl IntoView {
    let t = text();
    let digests: Vec<_> = message
        .attachments
        .iter()
        .zip(&info.digests)
        .map(|(file, digest)| {
            let short = digest.map(|digest| hex::encode(&digest[..6]) + "…");
            view! {
                <li>
                    <bdi>{if file.name.is_empty() { file.content_type.clone() } else { file.name.clone() }}</bdi>
                    " · "
                    {proof(t, file, digest.is_some())}
                    {short.map(|short| view! { " · " <span class="mono" dir="ltr">{short}</span> })}
                </li>
            }
        })
        .collect();
    let nodes: Vec<_> = info.nodes.iter().map(|key| short_key(key)).collect();
    let hops: Vec<_> = info.path.iter().map(|hop| short_key(&hop.key)).collect();
    let hash = info
        .hash
        .as_deref()
        .map(|hash| hash.chars().take(12).collect::<String>() + "…");
    view! {
        <dl class="facts" data-testid="v6.network">
            {info.stored_at.map(|at| fact(t.v6_stored, format::full(at)))}
            {info.read_at.map(|at| fact(t.v6_read, format::full(at)))}
            {info.swarm_expiry.map(|at| fact(t.v6_expiry, until(t, at)))}
            {info.size.map(|size| fact(t.v6_size, format::bytes(u64::from(size))))}
            {(!nodes.is_empty()).then(|| fact(t.v6_nodes, view! { <span class="mono" dir="ltr">{nodes.join(", ")}</span> }))}
            {(!hops.is_empty()).then(|| fact(t.v6_path, view! { <span class="mono" dir="ltr">{hops.join(" → ")}</span> }))}
            {(!digests.is_empty()).then(|| fact(t.v6_digest, view! { <ul data-testid="v6.digests">{digests}</ul> }))}
            {hash.map(|hash| fact(t.v6_hash, view! { <span class="mono" dir="ltr">{hash}</span> }))}
        </dl>
    }
}
