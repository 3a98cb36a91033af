//! Everything known about a message (V6).

use crate::i18n::{format, text};
use crate::page::chat::{Chat, Layer};
use crate::page::screens::message::delivery_word;
use crate::page::text::short_key;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command, Failure, Message, MessageInfo};

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
                view! {
                    <Facts chat message=message.clone() />
                    {move || match known.get() {
                        None => view! { <p class="muted">{t.working}</p> }.into_any(),
                        Some(Ok(info)) => view! { <Network info /> }.into_any(),
                        Some(Err(failure)) => view! { <FailureNote failure testid="v6.error" /> }.into_any(),
                    }}
                    <details class="source">
                        <summary>{t.v6_source}</summary>
                        <pre dir="auto" tabindex="0" data-testid="v6.source">{message.text.clone()}</pre>
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
            {fact(t.v6_author, view! { <bdi>{chat.app.called(&author)}</bdi> })}
            {fact(t.v6_sent, format::full(message.sent_at))}
            {(!message.mine).then(|| fact(t.v6_received, format::full(message.received_at)))}
            {message.mine.then(|| fact(t.v6_state, delivery_word(t, message.delivery)))}
            {timer.map(|timer| fact(t.v9_title, timer))}
            {message.expires_at.map(|at| fact(t.v6_disappears, format::full(at)))}
            {(!files.is_empty()).then(|| fact(t.v6_files, view! { <ul>{files}</ul> }))}
        </dl>
    }
}

/// What the network knows of it.
#[component]
fn Network(info: MessageInfo) -> impl IntoView {
    let t = text();
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
            {info.swarm_expiry.map(|at| fact(t.v6_expiry, format::full(at)))}
            {info.size.map(|size| fact(t.v6_size, format::bytes(u64::from(size))))}
            {(!nodes.is_empty()).then(|| fact(t.v6_nodes, view! { <span class="mono" dir="ltr">{nodes.join(", ")}</span> }))}
            {(!hops.is_empty()).then(|| fact(t.v6_path, view! { <span class="mono" dir="ltr">{hops.join(" → ")}</span> }))}
            {hash.map(|hash| fact(t.v6_hash, view! { <span class="mono" dir="ltr">{hash}</span> }))}
        </dl>
    }
}
