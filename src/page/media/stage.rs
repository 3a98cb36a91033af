//! Files on their way into a message: picked, dropped, pasted or photographed, made ready, kept for the next message of their
//! conversation, and shown in a strip above the composer (screens 9.7).

use super::tools::Subject;
use super::{failure, pass_focus, read, thumbnail_of};
use crate::bridge::{Call, FILE_LIMIT, Prepared, Quality, Reply};
use crate::i18n::{Catalogue, count, fill, format, isolate, text};
use crate::page::canvas::bitmap;
use crate::page::state::App;
use crate::page::ui::dialog::any_open;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Attachment, Blob, Command, ConversationId, ErrorCode, Failure, FileId, FileKind,
    NewFile,
};
use onionskin_client::picture::{Format, Metadata};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, File};

/// Files of a message (20-messages 3.2).
const MAX_FILES: usize = 32;
/// Larger pictures are not even read: they would have more pixels than are decoded.
const MAX_PICTURE: f64 = 80_000_000.0;
/// Parts of a row that the focus comes back to.
const QUALITY: &str = "select";
pub(super) const EDIT: &str = ".stage-actions button:first-child";
const REMOVE: &str = ".stage-actions button:last-child";

/// A file that waits for its message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Staged {
    pub attachment: Attachment,
    /// What is known of its making; `None` after a reload.
    made: Option<Made>,
}

#[derive(Clone, Debug, PartialEq)]
struct Made {
    /// Bytes as picked.
    before: u64,
    /// What a picture told before.
    removed: Metadata,
    /// How much of a picture is sent; `None` for everything else.
    quality: Option<Quality>,
}

/// A file that was not taken in.
#[derive(Clone)]
struct Refused {
    conversation: ConversationId,
    name: String,
    failure: Failure,
    /// It may be taken as it is, when somebody wants that.
    whole: Option<File>,
}

/// Staged files of all conversations.
#[derive(Clone, Copy)]
pub(crate) struct Stage {
    files: RwSignal<SortedMap<ConversationId, Vec<Staged>>>,
    /// Where pictures came from, so that another quality can be chosen.
    sources: StoredValue<SortedMap<FileId, File>, LocalStorage>,
    /// Files being made ready.
    busy: RwSignal<u32>,
    /// Those of them that take the place of one that is staged, by the one that they replace.
    remaking: RwSignal<SortedSet<FileId>>,
    failed: RwSignal<Option<Refused>, LocalStorage>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            files: RwSignal::new(SortedMap::new()),
            sources: StoredValue::new_local(SortedMap::new()),
            busy: RwSignal::new(0),
            remaking: RwSignal::new(SortedSet::new()),
            failed: RwSignal::new_local(None),
        }
    }

    pub(super) fn forget(self) {
        self.files.update(SortedMap::clear);
        self.sources.update_value(SortedMap::clear);
        self.failed.set(None);
    }

    /// Files are being made ready; sending would leave them behind. Tracks it.
    pub(crate) fn is_busy(self) -> bool {
        self.busy.get() > 0
    }

    /// Something waits for the next message. Tracks it.
    pub(crate) fn any(self, conversation: ConversationId) -> bool {
        self.files.with(|files| {
            files
                .get(&conversation)
                .is_some_and(|some| !some.is_empty())
        })
    }

    /// What the next message takes along, in order.
    pub(crate) fn ids(self, conversation: ConversationId) -> Vec<FileId> {
        self.files.with_untracked(|files| {
            let some = files.get(&conversation).into_iter().flatten();
            some.map(|one| one.attachment.id).collect()
        })
    }

    /// The message with these files is in the outbox.
    pub(crate) fn sent(self, conversation: ConversationId, ids: &[FileId]) {
        self.files.update(|files| {
            if let Some(files) = files.get_mut(&conversation) {
                files.retain(|one| !ids.contains(&one.attachment.id));
            }
        });
        self.sources
            .update_value(|sources| sources.retain(|id, _| !ids.contains(id)));
    }

    /// What was staged before a reload, unless something is staged already.
    async fn restore(self, app: App, conversation: ConversationId) {
        let command = Command::GetDraft { conversation };
        if let Ok(Answer::Draft(draft)) = app.command(command).await {
            self.files.try_update(|files| {
                let place = files.entry(conversation).or_default();
                if place.is_empty() {
                    *place = draft
                        .files
                        .into_iter()
                        .map(|attachment| Staged {
                            attachment,
                            made: None,
                        })
                        .collect();
                }
            });
        }
    }

    /// Files that were on their way wait for the next message again.
    pub(crate) fn bring(self, conversation: ConversationId, attachments: Vec<Attachment>) {
        self.files.update(|files| {
            let files = files.entry(conversation).or_default();
            for attachment in attachments {
                if !files.iter().any(|one| one.attachment.id == attachment.id) {
                    files.push(Staged {
                        attachment,
                        made: None,
                    });
                }
            }
        });
    }

    /// Takes a text in as a file.
    pub(crate) async fn text(
        self,
        app: App,
        conversation: ConversationId,
        said: String,
    ) -> Result<(), Failure> {
        let command = Command::StageFile {
            conversation,
            file: NewFile {
                name: "message.txt".to_owned(),
                content_type: "text/plain".to_owned(),
                bytes: Blob(said.into_bytes()),
                width: 0,
                height: 0,
                voice: false,
            },
        };
        if let Answer::File(attachment) = app.command(command).await? {
            self.files.try_update(|files| {
                files.entry(conversation).or_default().push(Staged {
                    attachment,
                    made: None,
                });
            });
        }
        Ok(())
    }

    /// Takes files in, one after the other.
    pub(super) fn take(self, app: App, conversation: ConversationId, picked: Vec<File>) {
        leptos::task::spawn_local(async move {
            self.failed.set(None);
            for file in picked {
                let here = self
                    .files
                    .with_untracked(|files| files.get(&conversation).map_or(0, Vec::len));
                let staged = if here >= MAX_FILES {
                    Err(failure(ErrorCode::FileMany, ""))
                } else {
                    self.busy.update(|busy| *busy += 1);
                    let quality = Some(Quality::default());
                    let staged = stage(app, conversation, &file, quality).await;
                    self.busy.update(|busy| *busy -= 1);
                    staged
                };
                match staged {
                    Ok(staged) => {
                        if staged
                            .made
                            .as_ref()
                            .is_some_and(|made| made.quality.is_some())
                        {
                            self.sources.update_value(|sources| {
                                sources.insert(staged.attachment.id, file);
                            });
                        }
                        self.files
                            .update(|files| files.entry(conversation).or_default().push(staged));
                    }
                    Err(failure) => self.failed.set(Some(Refused {
                        conversation,
                        name: file.name(),
                        whole: matches!(failure.code, ErrorCode::FileType | ErrorCode::FileMeta)
                            .then_some(file),
                        failure,
                    })),
                }
            }
        });
    }

    /// Takes a picture in as it is: it cannot be read, or what it tells cannot be removed, and somebody wants that.
    fn take_whole(self, app: App, conversation: ConversationId, file: File) {
        leptos::task::spawn_local(async move {
            self.failed.set(None);
            self.busy.update(|busy| *busy += 1);
            let staged = stage(app, conversation, &file, None).await;
            self.busy.update(|busy| *busy -= 1);
            match staged {
                Ok(staged) => self
                    .files
                    .update(|files| files.entry(conversation).or_default().push(staged)),
                Err(failure) => self.refuse(conversation, file.name(), failure),
            }
        });
    }

    fn refuse(self, conversation: ConversationId, name: String, failure: Failure) {
        self.failed.set(Some(Refused {
            conversation,
            name,
            failure,
            whole: None,
        }));
    }

    /// A file as it waits, unless it waits no more.
    fn row(self, conversation: ConversationId, id: FileId) -> Option<Staged> {
        self.files.with_untracked(|files| {
            let mut all = files.get(&conversation).into_iter().flatten();
            all.find(|one| one.attachment.id == id).cloned()
        })
    }

    /// Another form of this file is being made. Tracks it.
    fn is_remaking(self, id: FileId) -> bool {
        self.remaking.with(|all| all.contains(&id))
    }

    /// Makes a picture anew in another quality, in its place.
    fn requality(self, app: App, conversation: ConversationId, id: FileId, quality: Quality) {
        if let Some(source) = self.sources.with_value(|sources| sources.get(&id).cloned()) {
            self.remake(app, conversation, id, source, Some(quality), QUALITY);
        }
    }

    /// Makes a picture anew from a file, in its place; without a quality in the one that it had. One thing at a time, and for
    /// none that waits no more. `part` of the new row gets the focus that the old one had.
    pub(super) fn remake(
        self,
        app: App,
        conversation: ConversationId,
        id: FileId,
        source: File,
        quality: Option<Quality>,
        part: &'static str,
    ) {
        let Some(before) = self.row(conversation, id) else {
            return;
        };
        if self.remaking.try_update(|all| all.insert(id)) != Some(true) {
            return;
        }
        let kept = before.made.and_then(|made| made.quality);
        let quality = quality.or(kept).unwrap_or_default();
        leptos::task::spawn_local(async move {
            self.busy.update(|busy| *busy += 1);
            let staged = stage(app, conversation, &source, Some(quality)).await;
            self.busy.update(|busy| *busy -= 1);
            match staged {
                Ok(staged) => {
                    let new = staged.attachment.id;
                    // What it shows is the same in any quality.
                    let caption = self
                        .files
                        .try_update(|files| {
                            let mut all = files.get_mut(&conversation)?.iter_mut();
                            let place = all.find(|one| one.attachment.id == id)?;
                            let old = std::mem::replace(place, staged);
                            Some(old.attachment.caption)
                        })
                        .flatten();
                    if let Some(caption) = caption {
                        self.sources.update_value(|sources| {
                            sources.remove(&id);
                            sources.insert(new, source);
                        });
                        app.send(Command::UnstageFile { file: id });
                        self.arrange(app, conversation);
                        if !caption.is_empty() {
                            self.describe(app, conversation, new, caption);
                        }
                        pass_focus(Some(part_of(new, part)));
                    } else {
                        // It was removed while it was made anew.
                        self.sent(conversation, &[new]);
                        app.send(Command::UnstageFile { file: new });
                    }
                }
                Err(failure) => {
                    self.refuse(conversation, source.name(), failure);
                    pass_focus(Some(part_of(id, part)));
                }
            }
            self.remaking.update(|all| {
                all.remove(&id);
            });
        });
    }

    /// Opens the image tools for a picture: as it was picked, or after a reload as it was made ready.
    fn edit(self, app: App, conversation: ConversationId, one: &Attachment) {
        if untrack(|| self.is_remaking(one.id)) {
            return;
        }
        let source = self
            .sources
            .with_value(|sources| sources.get(&one.id).cloned());
        let (id, name) = (one.id, one.name.clone());
        self.failed.set(None);
        leptos::task::spawn_local(async move {
            let subject = async {
                let file: web_sys::Blob = match source {
                    Some(file) => file.into(),
                    None => {
                        let bytes = super::bytes_of(app, id).await?;
                        let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes.as_slice()));
                        web_sys::Blob::new_with_u8_array_sequence(&parts)
                            .map_err(|_| super::internal("the browser takes no more files"))?
                    }
                };
                let unreadable = || failure(ErrorCode::FileType, "");
                let head = file
                    .slice_with_i32_and_i32(0, 16)
                    .map_err(|_| unreadable())?;
                let format = Format::of(&read(&head).await?);
                let photograph = format == Some(Format::Jpeg);
                let picture = bitmap(&file).await.ok_or_else(unreadable)?;
                Ok::<_, Failure>(Subject {
                    conversation,
                    id,
                    name: name.clone(),
                    picture,
                    content_type: if photograph {
                        "image/jpeg"
                    } else {
                        "image/png"
                    },
                })
            };
            match subject.await {
                Ok(subject) => {
                    let here = app.route.get_untracked().conversation() == Some(conversation);
                    let waits = self.row(conversation, id).is_some();
                    if here && waits && !untrack(|| self.is_remaking(id)) {
                        app.media.tools.set(Some(subject));
                    }
                }
                Err(failure) => self.refuse(conversation, name, failure),
            }
        });
    }

    /// Says what a file shows.
    fn describe(self, app: App, conversation: ConversationId, id: FileId, caption: String) {
        self.files.update(|files| {
            let mut all = files.entry(conversation).or_default().iter_mut();
            if let Some(one) = all.find(|one| one.attachment.id == id) {
                one.attachment.caption.clone_from(&caption);
            }
        });
        app.send(Command::DescribeFile { file: id, caption });
    }

    fn remove(self, app: App, conversation: ConversationId, id: FileId) {
        let before = self.ids(conversation);
        let at = before.iter().position(|one| *one == id);
        self.sent(conversation, &[id]);
        app.send(Command::UnstageFile { file: id });
        // The row that takes its place, else the last one.
        let left = self.ids(conversation);
        let next = at.and_then(|at| left.get(at)).or(left.last());
        pass_focus(next.map(|next| part_of(*next, REMOVE)));
    }

    /// One place towards the start or the end.
    fn shift(self, app: App, conversation: ConversationId, id: FileId, by: isize) {
        self.files.update(|files| {
            let files = files.entry(conversation).or_default();
            let at = files.iter().position(|one| one.attachment.id == id);
            let to = at.and_then(|at| at.checked_add_signed(by));
            if let (Some(at), Some(to)) = (at, to)
                && to < files.len()
            {
                files.swap(at, to);
            }
        });
        self.arrange(app, conversation);
    }

    /// The order on screen is the one that is kept.
    fn arrange(self, app: App, conversation: ConversationId) {
        app.send(Command::ArrangeFiles {
            conversation,
            files: self.ids(conversation),
        });
    }

    /// How many pictures and films nobody described. Tracks it.
    fn undescribed(self, conversation: ConversationId) -> usize {
        self.files.with(|files| {
            let all = files.get(&conversation).into_iter().flatten();
            all.filter(|one| is_seen(one.attachment.kind) && one.attachment.caption.is_empty())
                .count()
        })
    }
}

/// Where a part of a file's row is.
fn part_of(id: FileId, part: &str) -> String {
    format!("[data-staged='{}'] {part}", hex::encode(id.0))
}

/// Makes one file ready and gives it to the engine; without a quality a picture stays as it is.
async fn stage(
    app: App,
    conversation: ConversationId,
    file: &File,
    quality: Option<Quality>,
) -> Result<Staged, Failure> {
    let head = file
        .slice_with_i32_and_i32(0, 16)
        .map_err(|_| failure(ErrorCode::FileType, ""))?;
    let picture = Format::of(&read(&head).await?).is_some();
    let shrunk = quality.filter(|_| picture);
    let limit = if shrunk.is_some() {
        MAX_PICTURE
    } else {
        FILE_LIMIT as f64
    };
    if file.size() > limit {
        return Err(Failure {
            code: ErrorCode::FileTooBig,
            number: Some(file.size().min(f64::from(u32::MAX)) as u32),
            detail: String::new(),
        });
    }
    // HEIC and its like: nobody could open it.
    if quality.is_some()
        && !picture
        && file.type_().starts_with("image/")
        && file.type_() != "image/svg+xml"
    {
        return Err(failure(ErrorCode::FileType, ""));
    }
    let bytes = Blob(read(file).await?);
    let before = bytes.0.len() as u64;
    let mut made = Made {
        before,
        removed: Metadata::default(),
        quality: None,
    };
    let new = if let Some(quality) = shrunk {
        let call = Call::PreparePicture { bytes, quality };
        let Reply::Picture(prepared) = app.call(call).await? else {
            return Err(super::internal("the worker gave no picture"));
        };
        made.removed = prepared.removed;
        made.quality = Some(quality);
        new_picture(&file.name(), prepared)
    } else {
        NewFile {
            name: file.name(),
            content_type: if file.type_().is_empty() {
                super::kind::UNKNOWN.to_owned()
            } else {
                file.type_()
            },
            bytes,
            width: 0,
            height: 0,
            voice: false,
        }
    };
    let command = Command::StageFile {
        conversation,
        file: new,
    };
    match app.command(command).await? {
        Answer::File(attachment) => Ok(Staged {
            attachment,
            made: Some(made),
        }),
        _ => Err(super::internal("the engine gave no file")),
    }
}

fn new_picture(name: &str, prepared: Prepared) -> NewFile {
    NewFile {
        name: renamed(name, &prepared.extension),
        content_type: prepared.content_type,
        bytes: prepared.bytes,
        width: prepared.width,
        height: prepared.height,
        voice: false,
    }
}

/// The name with the ending of what it has become.
fn renamed(name: &str, extension: &str) -> String {
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    format!("{stem}.{extension}")
}

/// The strip above the composer.
#[component]
pub(crate) fn Staging(conversation: ConversationId) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let stage = app.media.staging;
    leptos::task::spawn_local(stage.restore(app, conversation));
    let files = Memo::new(move |_| {
        stage
            .files
            .with(|files| files.get(&conversation).cloned().unwrap_or_default())
    });
    let total = move || {
        let bytes = files.with(|files| files.iter().map(|one| one.attachment.size).sum());
        fill(
            &count(&t.media_staged, files.with(Vec::len) as u64),
            &[("size", &format::bytes(bytes))],
        )
    };
    let undescribed = move || {
        let wanted = app.settings.with(|settings| !settings.no_caption_reminder);
        match wanted {
            true => stage.undescribed(conversation),
            false => 0,
        }
    };
    view! {
        {move || stage.failed.get().filter(|one| one.conversation == conversation).map(|Refused { name, failure, whole, .. }| {
            let word = if failure.code == ErrorCode::FileMeta { t.media_send_anyway } else { t.media_send_as_file };
            let whole = whole.map(|file| view! {
                <button type="button" class="button small" data-testid="v1.stage-whole" on:click=move |_| stage.take_whole(app, conversation, file.clone())>{word}</button>
            });
            view! {
                <div class="stage-failed" data-testid="v1.stage-error">
                    <p class="small"><bdi>{name}</bdi></p>
                    <FailureNote failure testid="v1.stage-failure" />
                    <div class="actions">
                        {whole}
                        <button type="button" class="button small" data-testid="v1.stage-dismiss" on:click=move |_| stage.failed.set(None)>{t.dismiss}</button>
                    </div>
                </div>
            }
        })}
        <Show when=move || stage.is_busy()>
            <p class="tiny muted" role="status" data-testid="v1.stage-busy">{t.media_preparing}</p>
        </Show>
        <Show when=move || !files.with(Vec::is_empty)>
            <div class="stage" data-testid="v1.stage">
                <p class="tiny muted">{total}</p>
                <Show when=move || { undescribed() > 0 }>
                    <p class="tiny" data-testid="v1.stage-describe">
                        {move || count(&t.media_undescribed, undescribed() as u64)} " "
                        <button type="button" class="link-button" data-testid="v1.stage-describe-now" on:click=move |_| to_caption()>
                            {t.media_describe}
                        </button>
                    </p>
                </Show>
                <ul class="stage-files" aria-label=t.media_stage_label>
                    <For each=move || files.get() key=|one| (one.attachment.id, one.made.is_some()) let:one>
                        <StagedFile conversation one />
                    </For>
                </ul>
            </div>
        </Show>
    }
}

/// The first description that is missing gets the focus.
fn to_caption() {
    let Ok(fields) = document().query_selector_all(".stage-words input") else {
        return;
    };
    let empty = (0..fields.length())
        .filter_map(|at| {
            fields
                .item(at)?
                .dyn_into::<web_sys::HtmlInputElement>()
                .ok()
        })
        .find(|field| field.value().is_empty());
    if let Some(field) = empty {
        crate::page::focus::focus(&field);
    }
}

#[component]
fn StagedFile(conversation: ConversationId, one: Staged) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let stage = app.media.staging;
    let id = one.attachment.id;
    let name = super::tile::called(t, &one.attachment);
    let shown = name.clone();
    let small = RwSignal::new(None);
    if one.attachment.kind == FileKind::Image {
        leptos::task::spawn_local(async move {
            if let Ok(url) = thumbnail_of(app, id).await {
                small.try_set(Some(url));
            }
        });
    }
    let icon = super::tile::icon(one.attachment.kind);
    let removed = one.made.as_ref().map(|made| told(t, &one.attachment, made));
    let sizes = match &one.made {
        Some(made) if made.before != one.attachment.size => fill(
            t.media_before_after,
            &[
                ("before", &format::bytes(made.before)),
                ("after", &format::bytes(one.attachment.size)),
            ],
        ),
        _ => format::bytes(one.attachment.size),
    };
    let quality = one.made.as_ref().and_then(|made| made.quality);
    let label = move |pattern: &str| fill(pattern, &[("name", &isolate(&name))]);
    let (caption_label, remove, earlier, later, quality_label, edit_label) = (
        label(t.media_caption_of),
        label(t.media_remove),
        label(t.media_earlier),
        label(t.media_later),
        label(t.media_quality),
        label(t.v10_edit),
    );
    // A moving picture would stand still.
    let still =
        one.attachment.kind == FileKind::Image && one.attachment.content_type != "image/gif";
    let edited = one.attachment.clone();
    let seen = is_seen(one.attachment.kind);
    let caption = one.attachment.caption.clone();
    let remaking = Memo::new(move |_| stage.is_remaking(id));
    // What is chosen stands only until it is refused.
    let chosen = RwSignal::new(quality.unwrap_or_default());
    Effect::new(move |_| {
        if !remaking.get() {
            chosen.set(quality.unwrap_or_default());
        }
    });
    // The strip lies in the form of the composer, which Enter in a field would send.
    let is_enter = |event: &leptos::ev::KeyboardEvent| {
        let enter = event.key() == "Enter";
        if enter {
            event.prevent_default();
        }
        enter
    };
    view! {
        <li class="stage-file" data-testid="v1.stage-file" data-staged=hex::encode(id.0)>
            <span class="stage-picture">
                {move || match small.get() {
                    Some(url) => view! { <img src=url.as_str().to_owned() alt="" /> }.into_any(),
                    None => view! { <Draw icon size=24 /> }.into_any(),
                }}
            </span>
            <div class="stage-words">
                <p class="stage-name"><bdi>{shown}</bdi></p>
                <p class="tiny muted" data-testid="v1.stage-size">{sizes}</p>
                {removed.map(|line| view! { <p class="tiny" data-testid="v1.stage-metadata">{line}</p> })}
                {seen.then(|| view! {
                    <input
                        class="input small"
                        type="text"
                        dir="auto"
                        maxlength="500"
                        aria-label=caption_label
                        placeholder=t.media_caption
                        data-testid="v1.stage-caption"
                        prop:value=caption
                        on:keypress=move |event| if is_enter(&event) {
                            stage.describe(app, conversation, id, event_target_value(&event));
                        }
                        on:change=move |event| stage.describe(app, conversation, id, event_target_value(&event))
                    />
                })}
                {quality.map(|now| view! {
                    <select
                        class="input small"
                        aria-label=quality_label
                        data-testid="v1.stage-quality"
                        disabled=move || remaking.get()
                        prop:value=move || quality_key(chosen.get())
                        on:keypress=move |event| {
                            is_enter(&event);
                        }
                        on:change=move |event| {
                            let quality = quality_of(&event_target_value(&event));
                            chosen.set(quality);
                            stage.requality(app, conversation, id, quality);
                        }
                    >
                        {[Quality::Original, Quality::Balanced, Quality::Small].map(|one| view! {
                            <option value=quality_key(one) selected=one == now>{quality_word(t, one)}</option>
                        })}
                    </select>
                })}
            </div>
            <span class="stage-actions">
                {still.then(|| view! {
                    <button type="button" class="icon-button" aria-label=edit_label.clone() title=edit_label data-testid="v1.stage-edit" on:click=move |_| stage.edit(app, conversation, &edited)>
                        <Draw icon=Icon::Edit />
                    </button>
                })}
                <button type="button" class="icon-button" aria-label=earlier.clone() title=earlier data-testid="v1.stage-earlier" on:click=move |_| stage.shift(app, conversation, id, -1)>
                    <Draw icon=Icon::Up />
                </button>
                <button type="button" class="icon-button" aria-label=later.clone() title=later data-testid="v1.stage-later" on:click=move |_| stage.shift(app, conversation, id, 1)>
                    <Draw icon=Icon::Down />
                </button>
                <button type="button" class="icon-button" aria-label=remove.clone() title=remove data-testid="v1.stage-remove" on:click=move |_| stage.remove(app, conversation, id)>
                    <Draw icon=Icon::Close />
                </button>
            </span>
        </li>
    }
}

/// Whoever does not see it needs words.
const fn is_seen(kind: FileKind) -> bool {
    matches!(kind, FileKind::Image | FileKind::Video)
}

/// What was taken out, or what may still be in.
fn told(t: &'static Catalogue, attachment: &Attachment, made: &Made) -> &'static str {
    match (made.quality, attachment.kind) {
        (Some(_), _) if made.removed.location => t.media_removed_location,
        (Some(_), _) if made.removed.any() => t.media_removed,
        (Some(_), _) => t.media_removed_none,
        (None, FileKind::Video) => t.media_film_warning,
        (None, _) => t.media_file_as_is,
    }
}

const fn quality_key(quality: Quality) -> &'static str {
    match quality {
        Quality::Original => "original",
        Quality::Balanced => "balanced",
        Quality::Small => "small",
    }
}

fn quality_of(key: &str) -> Quality {
    match key {
        "original" => Quality::Original,
        "small" => Quality::Small,
        _ => Quality::Balanced,
    }
}

const fn quality_word(t: &'static Catalogue, quality: Quality) -> &'static str {
    match quality {
        Quality::Original => t.media_original,
        Quality::Balanced => t.media_balanced,
        Quality::Small => t.media_small,
    }
}

/// Opens the browser's picker.
#[component]
pub(crate) fn AttachButton(
    conversation: ConversationId,
    /// Why no files can be sent.
    #[prop(into)]
    refused: Signal<Option<&'static str>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let input = NodeRef::<html::Input>::new();
    let picked = move |_| {
        let Some(input) = input.get_untracked() else {
            return;
        };
        let files = list(input.files());
        // The same file can be picked again.
        input.set_value("");
        app.media.staging.take(app, conversation, files);
    };
    let open = move |()| {
        if let Some(input) = input.get_untracked() {
            web_sys::HtmlElement::click(&input);
        }
    };
    let key = window_event_listener(leptos::ev::keydown, move |event| {
        if crate::page::keys::mod2(&event) && event.code() == "KeyA" && !any_open() {
            event.prevent_default();
            match refused.get_untracked() {
                Some(why) => app.toast.set(Some(why.into())),
                None => open(()),
            }
        }
    });
    on_cleanup(move || key.remove());
    view! {
        <input type="file" multiple hidden node_ref=input aria-label=t.media_attach data-testid="v1.attach-input" on:change=picked />
        <button type="button" class="icon-button" aria-label=t.media_attach title=move || refused.get().unwrap_or(t.media_attach) data-testid="v1.attach" disabled=move || refused.get().is_some() on:click=move |_| open(())>
            <Draw icon=Icon::Clip size=24 />
        </button>
        <button type="button" class="icon-button" aria-label=t.media_camera title=move || refused.get().unwrap_or(t.media_camera) data-testid="v1.camera" disabled=move || refused.get().is_some() on:click=move |_| app.media.camera.set(Some(conversation))>
            <Draw icon=Icon::Camera size=24 />
        </button>
    }
}

fn list(files: Option<web_sys::FileList>) -> Vec<File> {
    let files = files.as_ref();
    let length = files.map_or(0, web_sys::FileList::length);
    (0..length)
        .filter_map(|at| files.and_then(|files| files.get(at)))
        .collect()
}

fn carried(data: Option<DataTransfer>) -> Vec<File> {
    list(data.and_then(|data| data.files()))
}

fn carries_files(data: Option<DataTransfer>) -> bool {
    data.is_some_and(|data| data.types().includes(&"Files".into(), 0))
}

/// Takes files that are dropped on the page or pasted while this conversation is on screen. A drop never leaves the app.
#[component]
pub(crate) fn Intake(
    conversation: ConversationId,
    /// Why no files can be sent.
    #[prop(into)]
    refused: Signal<Option<&'static str>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let take = move |files| match refused.get_untracked() {
        Some(why) => app.toast.set(Some(why.into())),
        None => app.media.staging.take(app, conversation, files),
    };
    let over = RwSignal::new(false);
    let enter = window_event_listener(leptos::ev::dragover, move |event| {
        // A layer above takes files for itself, or none.
        if carries_files(event.data_transfer()) && !any_open() {
            event.prevent_default();
            over.set(true);
        }
    });
    let leave = window_event_listener(leptos::ev::dragleave, move |event| {
        // Only leaving the window has nothing that is entered.
        if event.related_target().is_none() {
            over.set(false);
        }
    });
    let drop = window_event_listener(leptos::ev::drop, move |event| {
        over.set(false);
        if carries_files(event.data_transfer()) && !any_open() {
            event.prevent_default();
            take(carried(event.data_transfer()));
        }
    });
    let paste = window_event_listener(leptos::ev::paste, move |event| {
        let event: &web_sys::ClipboardEvent = event.unchecked_ref();
        let files = carried(event.clipboard_data());
        // Office programs give a picture along with what was copied as text.
        let said = event
            .clipboard_data()
            .and_then(|data| data.get_data("text/plain").ok());
        let is_text = said.is_some_and(|said| !said.trim().is_empty());
        if !files.is_empty() && !is_text && !any_open() {
            event.prevent_default();
            take(files);
        }
    });
    on_cleanup(move || {
        enter.remove();
        leave.remove();
        drop.remove();
        paste.remove();
    });
    view! {
        <Show when=move || over.get()>
            <div class="drop-zone" data-testid="v1.drop">
                <p>{t.media_drop}</p>
            </div>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_gets_the_ending_of_what_it_has_become() {
        assert_eq!(renamed("IMG_1.HEIC.png", "webp"), "IMG_1.HEIC.webp");
        assert_eq!(renamed("photo", "jpg"), "photo.jpg");
        assert_eq!(renamed(".png", "jpg"), ".png.jpg");
    }

    #[test]
    fn every_quality_is_found_by_its_key() {
        for quality in [Quality::Original, Quality::Balanced, Quality::Small] {
            assert_eq!(quality_of(quality_key(quality)), quality);
        }
    }
}
