//! One file of a message: what it is, where it is, and what can be done with it there (screens 9.3, 9.7).

use super::player::SoundTile;
use super::{
    ObjectUrl, bytes_of, failure, is_dangerous, is_here, kind, lightbox, save, thumbnail_of,
};
use crate::i18n::{Catalogue, fill, format, isolate, text};
use crate::page::chat::Chat;
use crate::page::state::App;
use crate::page::ui::failure::{FailureNote, sentences};
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Attachment, Command, ErrorCode, Failure, FileKind, FileState, Message,
};
use std::sync::Arc;

/// The drawing of a kind.
pub(super) const fn icon(kind: FileKind) -> Icon {
    match kind {
        FileKind::Image => Icon::Picture,
        FileKind::Video => Icon::Film,
        FileKind::Audio => Icon::Music,
        FileKind::Voice => Icon::Mic,
        FileKind::Other => Icon::File,
    }
}

/// The word of a kind.
pub(super) const fn word(t: &'static Catalogue, kind: FileKind) -> &'static str {
    match kind {
        FileKind::Image => t.media_picture,
        FileKind::Video => t.media_film,
        FileKind::Audio => t.media_sound,
        FileKind::Voice => t.media_voice,
        FileKind::Other => t.media_file,
    }
}

/// The name of a file, or what it is when it has none.
pub(super) fn called(t: &'static Catalogue, file: &Attachment) -> String {
    if file.name.is_empty() {
        word(t, file.kind).to_owned()
    } else {
        file.name.clone()
    }
}

/// The name in `data-file`.
pub(super) const fn hook(state: FileState) -> &'static str {
    match state {
        FileState::Here => "here",
        FileState::Remote => "remote",
        FileState::Loading { .. } => "loading",
        FileState::Waiting => "waiting",
        FileState::Uploading { .. } => "uploading",
        FileState::Failed(_) => "failed",
    }
}

/// A file that is not here, or on its way out: state, progress, and the way on.
#[component]
fn Transfer(message: Message, attachment: Attachment, state: FileState) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let file = attachment.id;
    let id = message.id;
    let load = move |_| app.send(Command::LoadFile { message: id, file });
    let named = |pattern: &str| {
        fill(
            pattern,
            &[
                ("name", &isolate(&called(t, &attachment))),
                ("size", &format::bytes(attachment.size)),
            ],
        )
    };
    match state {
        FileState::Here => ().into_any(),
        FileState::Remote => view! {
            <button type="button" class="button small" aria-label=named(t.media_load_named) data-testid="v1.file-load" on:click=load>
                <Draw icon=Icon::Down />
                {fill(t.media_load, &[("size", &format::bytes(attachment.size))])}
            </button>
        }
        .into_any(),
        FileState::Waiting => view! { <p class="tiny">{t.media_waiting}</p> }.into_any(),
        FileState::Loading { done, total } | FileState::Uploading { done, total } => {
            let out = matches!(state, FileState::Uploading { .. });
            let words = fill(
                t.media_progress,
                &[("done", &format::bytes(done)), ("total", &format::bytes(total))],
            );
            let label = if out { t.media_uploading } else { t.media_loading };
            view! {
                <span class="transfer">
                    <progress max=total.max(1).to_string() value=(total > 0).then(|| done.to_string()) aria-label=label></progress>
                    <span class="tiny">{words}</span>
                    <button type="button" class="icon-button" aria-label=named(t.media_cancel) title=t.cancel data-testid="v1.file-cancel" on:click=move |_| app.send(Command::CancelFile { file })>
                        <Draw icon=Icon::Close />
                    </button>
                </span>
            }
            .into_any()
        }
        FileState::Failed(code) => {
            let (what, safe, todo) = sentences(&failure(code, ""));
            let again = !matches!(code, ErrorCode::FileGone | ErrorCode::FileUnsafe) && !message.mine;
            // Who has it still is the one who sent it.
            let gone = matches!(code, ErrorCode::FileGone | ErrorCode::FileDigest);
            let ask_again = use_context::<Chat>().filter(|_| gone && !message.mine);
            view! {
                <span class="file-failed" data-code=code.code()>
                    <span class="small">{what} " " {safe} " " {todo} " " <span class="code">{code.code()}</span></span>
                    {again.then(|| view! {
                        <button type="button" class="link-button" data-testid="v1.file-retry" on:click=load>{t.retry}</button>
                    })}
                    {ask_again.map(|chat| view! {
                        <button type="button" class="link-button" data-testid="v1.file-ask" on:click=move |_| chat.ask_again(id)>{t.v1_ask_again}</button>
                    })}
                </span>
            }
            .into_any()
        }
    }
}

/// The narrowest and the widest room for a picture, and the one of a picture that says nothing (width by height).
const SLIM: f64 = 0.25;
const WIDE: f64 = 4.0;
const UNKNOWN_RATIO: f64 = 4.0 / 3.0;

/// One file in its bubble.
#[component]
pub(super) fn Tile(
    message: Message,
    attachment: Attachment,
    /// Pictures of the message beside which this one is looked at.
    beside: Vec<Attachment>,
    /// So many more pictures stand behind this one.
    #[prop(optional)]
    more: usize,
) -> impl IntoView {
    let app = expect_context::<App>();
    let one = attachment.clone();
    let state = Memo::new(move |_| app.media.state_of(&one));
    // Progress is no reason to build a tile anew.
    let mine = message.mine;
    let here = Memo::new(move |_| is_here(state.get(), mine));
    let kind = attachment.kind;
    let shown = StoredValue::new((message, attachment, beside));
    let body = move || {
        let (message, attachment, beside) = shown.get_value();
        match (kind, here.get()) {
            (FileKind::Image, true) if !attachment.dangerous => {
                view! { <PictureTile message attachment beside more /> }.into_any()
            }
            (FileKind::Image, false) if !attachment.dangerous => {
                view! { <Awaited attachment /> }.into_any()
            }
            (FileKind::Voice | FileKind::Audio, true) => {
                view! { <SoundTile message attachment /> }.into_any()
            }
            (FileKind::Video, true) => view! { <FilmTile message attachment /> }.into_any(),
            (_, here) => view! { <FileTile message attachment here /> }.into_any(),
        }
    };
    view! {
        <div class="tile" class:picture=kind == FileKind::Image data-testid="v1.file" data-kind=kind_hook(kind) data-file=move || hook(state.get())>
            {body}
            {move || {
                let (message, attachment, _) = shown.get_value();
                view! { <Transfer message attachment state=state.get() /> }
            }}
        </div>
    }
}

const fn kind_hook(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Image => "image",
        FileKind::Video => "video",
        FileKind::Audio => "audio",
        FileKind::Voice => "voice",
        FileKind::Other => "other",
    }
}

/// The room that a picture will take, by what its message tells of it: nothing jumps when it comes.
#[component]
fn Room(attachment: Attachment, #[prop(optional, into)] name: Option<String>) -> impl IntoView {
    let (width, height) = (f64::from(attachment.width), f64::from(attachment.height));
    let ratio = if width > 0.0 && height > 0.0 {
        (width / height).clamp(SLIM, WIDE)
    } else {
        UNKNOWN_RATIO
    };
    view! {
        <span class="picture-box" style:aspect-ratio=ratio.to_string()>
            <Draw icon=Icon::Picture size=24 />
            {name.map(|name| view! { <bdi class="tiny document-name">{name}</bdi> })}
        </span>
    }
}

/// A picture that is not here.
#[component]
fn Awaited(attachment: Attachment) -> impl IntoView {
    let t = text();
    let name = if attachment.name.is_empty() {
        word(t, attachment.kind).to_owned()
    } else {
        attachment.name.clone()
    };
    view! { <Room attachment name /> }
}

#[component]
fn PictureTile(
    message: Message,
    attachment: Attachment,
    beside: Vec<Attachment>,
    more: usize,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let small = RwSignal::new(None::<Arc<ObjectUrl>>);
    let failed = RwSignal::new(None::<Failure>);
    let file = attachment.id;
    leptos::task::spawn_local(async move {
        match thumbnail_of(app, file).await {
            Ok(url) => drop(small.try_set(Some(url))),
            Err(failure) => drop(failed.try_set(Some(failure))),
        }
    });
    let alt = lightbox::alt(app, &message, &attachment);
    let (width, height) = (attachment.width, attachment.height);
    let opened = message.clone();
    let open = move |_| lightbox::open(app, &opened, &beside, file);
    let label = alt.clone();
    let shown = StoredValue::new((message, attachment));
    view! {
        {move || match failed.get() {
            // What cannot be shown can still be saved.
            Some(_) => {
                let (message, attachment) = shown.get_value();
                view! { <FileTile message attachment here=true /> }.into_any()
            }
            None => {
                let label = label.clone();
                view! {
                    <button type="button" class="picture-button" aria-label=label data-testid="v1.picture" on:click=open.clone()>
                        {move || match small.get() {
                            Some(url) => view! { <img src=url.as_str().to_owned() alt="" width=some(width) height=some(height) decoding="async" /> }.into_any(),
                            None => view! { <Room attachment=shown.with_value(|(_, attachment)| attachment.clone()) /> }.into_any(),
                        }}
                        {(more > 0).then(|| view! { <span class="picture-more">{fill(t.media_more, &[("n", &format::number(more as u64))])}</span> })}
                    </button>
                }
                .into_any()
            }
        }}
    }
}

fn some(pixels: u32) -> Option<String> {
    (pixels > 0).then(|| pixels.to_string())
}

#[component]
fn FilmTile(message: Message, attachment: Attachment) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let url = RwSignal::new(None::<Arc<ObjectUrl>>);
    let failed = RwSignal::new(None::<Failure>);
    let file = attachment.id;
    let label = called(t, &attachment);
    let play = move |_| {
        leptos::task::spawn_local(async move {
            let loaded = bytes_of(app, file).await.and_then(|bytes| {
                let known =
                    kind::film(&bytes).ok_or_else(|| failure(ErrorCode::FileType, "film"))?;
                ObjectUrl::new(&bytes, known)
                    .ok_or_else(|| super::internal("the browser takes no more files"))
            });
            match loaded {
                Ok(loaded) => drop(url.try_set(Some(Arc::new(loaded)))),
                Err(failure) => drop(failed.try_set(Some(failure))),
            }
        });
    };
    let refused = move |_| {
        url.set(None);
        failed.set(Some(failure(ErrorCode::FileType, "film")));
    };
    let play_label = fill(t.media_play_named, &[("name", &isolate(&label))]);
    view! {
        {move || match url.get() {
            Some(url) => view! {
                <video class="film" controls autoplay playsinline src=url.as_str().to_owned() aria-label=label.clone() data-testid="v1.film" on:error=refused></video>
            }
            .into_any(),
            None => view! {
                <button type="button" class="film-button" aria-label=play_label.clone() data-testid="v1.film-play" on:click=play>
                    <Draw icon=Icon::Play size=32 />
                </button>
            }
            .into_any(),
        }}
        {move || failed.get().map(|failure| view! { <FailureNote failure testid="v1.film-error" /> })}
        <FileTile message attachment here=true />
    }
}

/// Name, size and *Save*; a warning first where the file could do harm.
#[component]
pub(super) fn FileTile(message: Message, attachment: Attachment, here: bool) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let warned = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    let id = message.id;
    let shown = called(t, &attachment);
    let label = fill(t.media_save_named, &[("name", &isolate(&shown))]);
    let kind = attachment.kind;
    let size = attachment.size;
    let kept = StoredValue::new(attachment);
    let store = move || {
        let Some(attachment) = kept.try_get_value() else {
            return;
        };
        warned.set(false);
        leptos::task::spawn_local(async move {
            if let Err(failure) = save(app, id, &attachment).await {
                failed.try_set(Some(failure));
            }
        });
    };
    let press = move |_| {
        if warned.get_untracked() {
            return store();
        }
        let attachment = kept.get_value();
        leptos::task::spawn_local(async move {
            if is_dangerous(app, id, &attachment).await {
                warned.try_set(true);
            } else {
                store();
            }
        });
    };
    view! {
        <div class="document">
            <Draw icon=icon(kind) size=24 />
            <span class="document-words">
                <bdi class="document-name">{shown}</bdi>
                <span class="tiny muted">{word(t, kind)} " · " {format::bytes(size)}</span>
            </span>
            {here.then(|| view! {
                <button type="button" class="icon-button" aria-label=label.clone() title=t.save data-testid="v1.file-save" on:click=press>
                    <Draw icon=Icon::Down />
                </button>
            })}
        </div>
        <Show when=move || warned.get()>
            <div class="note error" role="alert" data-testid="v1.file-warning">
                <Draw icon=Icon::Warning />
                <div class="stack tight">
                    <p>{t.media_dangerous}</p>
                    <span class="actions">
                        <button type="button" class="button small" data-testid="v1.file-save-anyway" on:click=move |_| store()>{t.media_save_anyway}</button>
                        <button type="button" class="button small" on:click=move |_| warned.set(false)>{t.cancel}</button>
                    </span>
                </div>
            </div>
        </Show>
        {move || failed.get().map(|failure| view! { <FailureNote failure testid="v1.file-error" /> })}
    }
}
