//! Pictures, films, sounds and other files: shown, played, staged, recorded (screens 9.3, 9.7, 9.8, 9.12).
//!
//! [`Media`] is what outlives a conversation: files on their way, what is staged where, the player, the recorder. The
//! components find it in the [`App`]:
//!
//! | component | where it is mounted |
//! |---|---|
//! | [`Files`] | in a bubble, for the attachments of its message |
//! | [`PreviewPicture`] | in a bubble, for the picture of its link preview |
//! | [`Staging`] | above the composer |
//! | [`AttachButton`], [`VoiceButton`] | in the composer's row |
//! | [`Intake`] | anywhere in the conversation: takes dropped and pasted files |
//! | [`MediaLayer`] | once in the shell: lightbox, image tools, camera |
//! | [`MediaDock`] | once in the shell, below its panes: recorder, mini player |
//! | [`MediaPage`] | route `#/c/:cid/media` |

mod camera;
mod edits;
mod files;
mod gallery;
mod keys;
mod kind;
mod lightbox;
mod player;
mod recorder;
mod stage;
mod tile;
mod tools;
mod wave;

use super::focus::{fine_pointer, first_of, focus};
use super::state::App;
use super::zip;
use crate::bridge::{Call, Reply, ThumbnailOrder};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Attachment, Command, ErrorCode, Failure, FileId, FileState, MessageId,
};
use onionskin_protocol::sorted::SortedMap;
use std::collections::VecDeque;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{BlobPropertyBag, HtmlAnchorElement, HtmlElement, Url};

pub(crate) use files::{Files, PreviewPicture};
pub(crate) use gallery::MediaPage;
use player::{MiniPlayer, Player};
use recorder::Recorder;
pub(crate) use recorder::VoiceButton;
pub(crate) use stage::{AttachButton, Intake, Staging};

/// So many small pictures stay decoded.
const KEPT_THUMBNAILS: usize = 80;

/// Bytes under a `blob:` address, which ends with this.
#[derive(Debug)]
pub(crate) struct ObjectUrl(String);

impl ObjectUrl {
    /// `content_type` is one of ours, never a stranger's word (50-browser 10.2).
    pub(crate) fn new(bytes: &[u8], content_type: &str) -> Option<Self> {
        let options = BlobPropertyBag::new();
        options.set_type(content_type);
        let parts = Array::of1(&Uint8Array::from(bytes));
        let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
        Url::create_object_url_with_blob(&blob).ok().map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for ObjectUrl {
    fn drop(&mut self) {
        // Revoking an address twice or an unknown one does nothing.
        let _ = Url::revoke_object_url(&self.0);
    }
}

/// Everything about files that outlives a conversation's screen.
#[derive(Clone, Copy)]
pub(crate) struct Media {
    /// Where files are, as told since their messages were read.
    moved: RwSignal<SortedMap<FileId, FileState>>,
    thumbnails: StoredValue<VecDeque<(FileId, Arc<ObjectUrl>)>>,
    pub staging: stage::Stage,
    pub player: Player,
    pub recorder: Recorder,
    pub lightbox: RwSignal<Option<lightbox::Looking>>,
    pub camera: RwSignal<Option<onionskin_client::api::ConversationId>>,
    /// The staged picture that is being edited.
    pub tools: tools::Working,
}

impl Media {
    pub(crate) fn new() -> Self {
        Self {
            moved: RwSignal::new(SortedMap::new()),
            thumbnails: StoredValue::new(VecDeque::new()),
            staging: stage::Stage::new(),
            player: Player::new(),
            recorder: Recorder::new(),
            lightbox: RwSignal::new(None),
            camera: RwSignal::new(None),
            tools: tools::Working::new_local(None),
        }
    }

    /// Nothing decrypted stays on the page.
    pub(crate) fn forget(self) {
        self.player.forget();
        self.recorder.forget();
        self.staging.forget();
        self.lightbox.set(None);
        self.camera.set(None);
        self.tools.set(None);
        self.thumbnails.update_value(VecDeque::clear);
        self.moved.update(SortedMap::clear);
    }

    /// The engine told where a file is.
    pub(crate) fn told(self, file: FileId, state: FileState) {
        self.moved.update(|moved| {
            moved.insert(file, state);
        });
    }

    /// A message says where its files are, which ends what was told of their way.
    pub(crate) fn settled(self, attachments: &[Attachment]) {
        let news: Vec<_> = self.moved.with_untracked(|moved| {
            let differs =
                |one: &&Attachment| moved.get(&one.id).is_some_and(|state| *state != one.state);
            attachments
                .iter()
                .filter(differs)
                .map(|one| (one.id, one.state))
                .collect()
        });
        if !news.is_empty() {
            self.moved.update(|moved| moved.extend(news));
        }
    }

    /// Where a file is now. Tracks it.
    pub(crate) fn state_of(self, attachment: &Attachment) -> FileState {
        self.moved
            .with(|moved| moved.get(&attachment.id).copied())
            .unwrap_or(attachment.state)
    }
}

/// The bytes of a file on this device.
pub(crate) async fn bytes_of(app: App, file: FileId) -> Result<Vec<u8>, Failure> {
    match app.command(Command::GetFile { file }).await? {
        Answer::Bytes(bytes) => Ok(bytes.0),
        _ => Err(internal("the engine gave no file")),
    }
}

/// A small form of a picture on this device; made once as long as it is among the last ones shown.
pub(crate) async fn thumbnail_of(app: App, file: FileId) -> Result<Arc<ObjectUrl>, Failure> {
    let kept = app.media.thumbnails;
    let known = kept.with_value(|kept| kept.iter().find(|(id, _)| *id == file).cloned());
    if let Some((_, url)) = known {
        return Ok(url);
    }
    let order = ThumbnailOrder { file, side: 640 };
    let Reply::Bytes(bytes) = app.call(Call::Thumbnail(order)).await? else {
        return Err(internal("the worker gave no picture"));
    };
    let content_type = kind::picture(&bytes.0).unwrap_or(kind::UNKNOWN);
    let url = ObjectUrl::new(&bytes.0, content_type)
        .map(Arc::new)
        .ok_or_else(|| internal("the browser takes no more files"))?;
    kept.try_update_value(|kept| {
        kept.push_front((file, url.clone()));
        kept.truncate(KEPT_THUMBNAILS);
    });
    Ok(url)
}

/// Saves files that [can be saved](can_save): one as it is, several as one archive. What could run programs is left to its own
/// tile, which warns.
pub(crate) async fn save_all(app: App, files: Vec<(MessageId, Attachment)>) -> Result<(), Failure> {
    if let [(message, file)] = files.as_slice() {
        return save_safe(app, *message, file).await;
    }
    let mut safe = Vec::new();
    for (message, file) in files {
        if !is_dangerous(app, message, &file).await {
            safe.push((message, file));
        }
    }
    let files = safe;
    if files.is_empty() {
        return Err(failure(ErrorCode::FileUnsafe, ""));
    }
    let total: u64 = files.iter().map(|(_, file)| file.size).sum();
    if total > zip::LIMIT {
        return Err(failure(ErrorCode::FileTooBig, ""));
    }
    let mut read = Vec::new();
    for (_, file) in &files {
        read.push((file.name.clone(), bytes_of(app, file.id).await?));
    }
    let mut messages: Vec<_> = files.iter().map(|(message, _)| *message).collect();
    messages.dedup();
    for message in messages {
        app.send(Command::MediaSaved { message });
    }
    hand_over(&zip::archive(read), "files.zip").await
}

/// It is on this device and harmless.
pub(crate) fn can_save(app: App, file: &Attachment, mine: bool) -> bool {
    !file.dangerous && is_here(untrack(|| app.media.state_of(file)), mine)
}

/// It could run programs, as its message tells now: what its first bytes are shows only once it was loaded.
async fn is_dangerous(app: App, message: MessageId, file: &Attachment) -> bool {
    if file.dangerous {
        return true;
    }
    match app.command(Command::GetMessage { message }).await {
        Ok(Answer::Message(now)) => now
            .attachments
            .iter()
            .any(|one| one.id == file.id && one.dangerous),
        _ => false,
    }
}

/// A file is on this device, also while it goes out.
fn is_here(state: FileState, mine: bool) -> bool {
    match state {
        FileState::Here | FileState::Uploading { .. } => true,
        // What waits to be sent is here, what waits to be loaded is not.
        FileState::Waiting => mine,
        FileState::Remote | FileState::Loading { .. } | FileState::Failed(_) => false,
    }
}

/// Saves a file unless it could run programs: where this is called nothing warns.
async fn save_safe(app: App, message: MessageId, attachment: &Attachment) -> Result<(), Failure> {
    if is_dangerous(app, message, attachment).await {
        return Err(failure(ErrorCode::FileUnsafe, ""));
    }
    save(app, message, attachment).await
}

/// Hands a file to the browser's downloads. Whatever it is, it is not opened in the app.
async fn save(app: App, message: MessageId, attachment: &Attachment) -> Result<(), Failure> {
    let bytes = bytes_of(app, attachment.id).await?;
    app.send(Command::MediaSaved { message });
    hand_over(
        &bytes,
        if attachment.name.is_empty() {
            "file"
        } else {
            &attachment.name
        },
    )
    .await
}

/// Lets the person keep bytes as a file, through the browser's downloads.
pub(crate) async fn hand_over(bytes: &[u8], name: &str) -> Result<(), Failure> {
    let url = ObjectUrl::new(bytes, kind::UNKNOWN)
        .ok_or_else(|| internal("the browser takes no more files"))?;
    let link: HtmlAnchorElement = document()
        .create_element("a")
        .map_err(|_| internal("no link"))?
        .unchecked_into();
    link.set_href(url.as_str());
    link.set_download(name);
    link.click();
    // The download begins after this task.
    gloo_timers::future::TimeoutFuture::new(10_000).await;
    drop(url);
    Ok(())
}

/// All bytes of a picked file.
async fn read(file: &web_sys::Blob) -> Result<Vec<u8>, Failure> {
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|_| internal("the browser cannot read the file"))?;
    Ok(Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>()).to_vec())
}

fn internal(detail: &str) -> Failure {
    failure(ErrorCode::Internal, detail)
}

fn failure(code: ErrorCode, detail: &str) -> Failure {
    Failure {
        code,
        number: None,
        detail: detail.to_owned(),
    }
}

/// Seconds as `m:ss`.
fn clock(seconds: f64) -> String {
    let whole = if seconds.is_finite() && seconds > 0.0 {
        seconds as u64
    } else {
        0
    };
    format!("{}:{:02}", whole / 60, whole % 60)
}

/// Nothing has the focus: what had it is gone.
fn focus_lost() -> bool {
    let active = document().active_element();
    active.is_none_or(|active| active.tag_name().eq_ignore_ascii_case("body"))
}

/// What has the focus is a part of this.
fn has_focus(selector: &str) -> bool {
    let active = document().active_element();
    active.is_some_and(|active| active.closest(selector).is_ok_and(|part| part.is_some()))
}

/// Once the page is drawn anew: when what had the focus is gone, a place gets it, else the composer or the screen.
fn pass_focus(place: Option<String>) {
    request_animation_frame(move || {
        if focus_lost() {
            to_place(place.as_deref());
        }
    });
}

/// A place gets the focus, else the composer or the screen.
fn to_place(place: Option<&str>) {
    // On a touch screen the field would raise the keyboard.
    let field = if fine_pointer() {
        "#v1-composer"
    } else {
        ".composer-row button:not(:disabled)"
    };
    let found = place.into_iter().chain([field]);
    let found = found
        .filter_map(|selector| document().query_selector(selector).ok().flatten())
        .filter_map(|element| element.dyn_into::<HtmlElement>().ok())
        .find(|element| element.offset_height() > 0);
    match found {
        Some(element) => focus(&element),
        None => first_of("[data-pane-stop='main']"),
    }
}

/// What lies above every screen of an open account.
#[component]
pub(crate) fn MediaLayer() -> impl IntoView {
    view! {
        <lightbox::Lightbox />
        <tools::ImageTools />
        <camera::Camera />
    }
}

/// What goes on whatever screen is looked at. It takes room of its own, so that it lies over nothing.
#[component]
pub(crate) fn MediaDock() -> impl IntoView {
    view! {
        <div class="media-dock">
            <recorder::RecorderBar />
            <MiniPlayer />
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn a_length_reads_as_minutes_and_seconds() {
        assert_eq!(clock(0.4), "0:00");
        assert_eq!(clock(65.9), "1:05");
        assert_eq!(clock(f64::INFINITY), "0:00");
        assert_eq!(clock(f64::NAN), "0:00");
    }
}
