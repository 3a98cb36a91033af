//! The text of a message: emphasis, lists, code, links, mentions and what a search found, as elements. Foreign text is only
//! ever a text node.

use super::links::Link;
use crate::i18n::text;
use crate::page::chat::Chat;
use leptos::prelude::*;
use onionskin_client::api::MessageId;
use onionskin_client::rich::{Block, Inline, Item, Options, parse};
use std::ops::Range;
use std::sync::Arc;

/// What the leaves of a text have in common.
#[derive(Clone)]
struct Source {
    chat: Chat,
    text: Arc<str>,
    /// Byte ranges that a search found.
    marks: Arc<[(u32, u32)]>,
}

#[component]
pub(crate) fn RichText(chat: Chat, message: MessageId, said: String) -> impl IntoView {
    let said: Arc<str> = said.into();
    let markdown = Memo::new(move |_| chat.app.settings.with(|settings| settings.markdown));
    let inert = Memo::new(move |_| chat.inert());
    let marks = Memo::new(move |_| {
        chat.marks.with(|marks| {
            marks
                .hits
                .iter()
                .find(|(id, _)| *id == message)
                .map(|(_, ranges)| ranges.clone())
                .unwrap_or_default()
        })
    });
    move || {
        let options = Options {
            markdown: markdown.get() && !inert.get(),
            links: !inert.get(),
        };
        let source = Source {
            chat,
            text: said.clone(),
            marks: marks.get().into(),
        };
        parse(&said, options)
            .iter()
            .map(|block| draw(&source, block))
            .collect_view()
    }
}

fn draw(source: &Source, block: &Block) -> AnyView {
    match block {
        Block::Text(content) => {
            view! { <p class="para" dir="auto">{inlines(source, content)}</p> }.into_any()
        }
        Block::Quote(lines) => {
            let lines: Vec<_> = lines
                .iter()
                .map(|line| view! { <p class="para" dir="auto">{inlines(source, line)}</p> })
                .collect();
            view! { <blockquote>{lines}</blockquote> }.into_any()
        }
        Block::Code { language, text } => {
            code(source, &source.text[language.clone()], text.clone())
        }
        Block::List(items) => {
            let items: Vec<_> = items.iter().map(|item| list_item(source, item)).collect();
            view! { <ul class="said-list">{items}</ul> }.into_any()
        }
    }
}

fn list_item(source: &Source, item: &Item) -> AnyView {
    let label = match &source.text[item.label.clone()] {
        "" => "•".to_owned(),
        label => label.to_owned(),
    };
    view! {
        <li dir="auto">
            <span class="list-label">{label}" "</span>
            <span>{inlines(source, &item.content)}</span>
        </li>
    }
    .into_any()
}

fn code(source: &Source, language: &str, range: Range<usize>) -> AnyView {
    let t = text();
    let chat = source.chat;
    let said = source.text[range.clone()].to_owned();
    view! {
        <div class="code-block" dir="ltr">
            <div class="code-head">
                <span>{language.to_owned()}</span>
                <button type="button" class="link-button" tabindex="-1" data-testid="v1.copy-code" on:click=move |_| chat.copy(said.clone())>
                    {t.v1_copy_code}
                </button>
            </div>
            <pre tabindex="0">
                <code>{marked(source, range)}</code>
            </pre>
        </div>
    }
    .into_any()
}

fn inlines(source: &Source, content: &[Inline]) -> Vec<AnyView> {
    content.iter().map(|inline| one(source, inline)).collect()
}

fn one(source: &Source, inline: &Inline) -> AnyView {
    match inline {
        Inline::Text(range) => marked(source, range.clone()),
        Inline::Code(range) => {
            view! { <code dir="ltr">{marked(source, range.clone())}</code> }.into_any()
        }
        Inline::Bold(inner) => view! { <strong>{inlines(source, inner)}</strong> }.into_any(),
        Inline::Italic(inner) => view! { <em>{inlines(source, inner)}</em> }.into_any(),
        Inline::Strike(inner) => view! { <s>{inlines(source, inner)}</s> }.into_any(),
        Inline::Spoiler(inner) => spoiler(source, inner),
        Inline::Link(range) => {
            let address = source.text[range.clone()].to_owned();
            let shown = marked(source, range.clone());
            let chat = source.chat;
            view! { <Link chat address>{shown}</Link> }.into_any()
        }
        Inline::Mention(range) => mention(source, range.clone()),
    }
}

/// Hidden until somebody wants to see it.
fn spoiler(source: &Source, inner: &[Inline]) -> AnyView {
    let t = text();
    let shown = RwSignal::new(false);
    view! {
        <span class="spoiler" class:shown=move || shown.get()>
            <span class="spoiler-text" aria-hidden=move || (!shown.get()).to_string() inert=move || !shown.get()>{inlines(source, inner)}</span>
            <Show when=move || !shown.get()>
                <button type="button" class="spoiler-cover" tabindex="-1" aria-label=t.v1_spoiler title=t.v1_spoiler data-testid="v1.spoiler" on:click=move |event| {
                    event.stop_propagation();
                    shown.set(true);
                }></button>
            </Show>
        </span>
    }
    .into_any()
}

fn mention(source: &Source, range: Range<usize>) -> AnyView {
    let chat = source.chat;
    let id = source.text[range]
        .trim_start_matches('@')
        .to_ascii_lowercase();
    let own = {
        let id = id.clone();
        move || {
            chat.app
                .profile
                .with(|profile| profile.as_ref().is_some_and(|own| own.account_id == id))
        }
    };
    view! {
        <bdi class="mention" class:me=own data-testid="v1.mention">"@" {move || chat.app.called(&id)}</bdi>
    }
    .into_any()
}

/// Text with what a search found in it.
fn marked(source: &Source, range: Range<usize>) -> AnyView {
    let text = &source.text;
    if source.marks.is_empty() {
        return text[range].to_owned().into_any();
    }
    let mut out = Vec::new();
    let mut at = range.start;
    for (from, to) in source.marks.iter() {
        let from = (*from as usize).clamp(at, range.end);
        let to = (*to as usize).clamp(from, range.end);
        let (Some(before), Some(hit)) = (text.get(at..from), text.get(from..to)) else {
            continue;
        };
        if !hit.is_empty() {
            out.push(before.to_owned().into_any());
            out.push(view! { <mark>{hit.to_owned()}</mark> }.into_any());
            at = to;
        }
    }
    out.push(text[at..range.end].to_owned().into_any());
    out.into_any()
}
