//! The files of a message: pictures as an album, everything else one below the other (screens 9.3).

use super::thumbnail_of;
use super::tile::Tile;
use crate::i18n::{fill, format, text};
use crate::page::state::App;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Attachment, Command, FileKind, FileState, Message, MessageId};

/// Pictures shown before "+n".
const ALBUM: usize = 4;

/// All files of a message.
#[component]
pub(crate) fn Files(message: Message) -> impl IntoView {
    let (pictures, others): (Vec<Attachment>, Vec<Attachment>) = message
        .attachments
        .iter()
        .cloned()
        .partition(|one| one.kind == FileKind::Image && !one.dangerous);
    let more = pictures.len().saturating_sub(ALBUM);
    let count = pictures.len().min(ALBUM);
    let album = pictures
        .iter()
        .take(ALBUM)
        .enumerate()
        .map(|(at, one)| {
            let more = if at + 1 == ALBUM { more } else { 0 };
            view! { <Tile message=message.clone() attachment=one.clone() beside=pictures.clone() more /> }
        })
        .collect_view();
    let rest = others
        .into_iter()
        .map(|one| view! { <Tile message=message.clone() attachment=one beside=Vec::new() /> })
        .collect_view();
    view! {
        {(count > 0).then(|| view! { <div class="album" data-count=count.to_string()>{album}</div> })}
        {rest}
    }
}

/// The small picture of a link preview: it shows and does nothing else. One that is not here is fetched when somebody asks.
#[component]
pub(crate) fn PreviewPicture(message: MessageId, image: Attachment) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let file = image.id;
    let size = format::bytes(image.size);
    let state = Memo::new(move |_| app.media.state_of(&image));
    let small = RwSignal::new(None);
    Effect::new(move |_| {
        if state.get() == FileState::Here {
            leptos::task::spawn_local(async move {
                // A picture that cannot be decoded leaves the words alone.
                if let Ok(url) = thumbnail_of(app, file).await {
                    small.try_set(Some(url));
                }
            });
        }
    });
    move || {
        match (state.get(), small.get()) {
        (FileState::Here, Some(url)) => Some(
            view! { <img class="preview-picture" src=url.as_str().to_owned() alt="" decoding="async" data-testid="v1.preview-picture" /> }
                .into_any(),
        ),
        (FileState::Remote, _) => Some(
            view! {
                <button type="button" class="button small" data-testid="v1.preview-load" on:click=move |event| {
                    event.stop_propagation();
                    app.send(Command::LoadFile { message, file });
                }>
                    <Draw icon=Icon::Picture />
                    {fill(t.media_load, &[("size", &size)])}
                </button>
            }
            .into_any(),
        ),
        _ => None,
    }
    }
}
