//! A picture over everything (screens 9.12, V5): zoom to 400 %, pan, rotate, the ones beside it.

use super::{ObjectUrl, bytes_of, failure, kind, save_safe, tile};
use crate::i18n::{fill, format, isolate, text};
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::swipe::{Swipe, Towards};
use crate::page::text::name_of;
use crate::page::ui::dialog::{Entry, when_closed};
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{
    Attachment, ConversationId, ErrorCode, Failure, FileId, FileState, Message, MessageId,
};
use std::sync::Arc;

/// Largest zoom.
const MAX_ZOOM: f64 = 4.0;
/// One step of zooming.
const STEP: f64 = 1.25;
/// One step of a moving key (px).
const PAN: f64 = 80.0;

/// What is looked at: pictures in order and the one on screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Looking {
    pub pictures: Vec<Picture>,
    pub at: usize,
}

/// A picture of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub attachment: Attachment,
    pub message: MessageId,
    pub conversation: ConversationId,
    pub alt: String,
    pub sent_at: u64,
}

/// Text in the place of a picture: what its sender says that it shows, else whose it is (20-messages 5.4).
pub(super) fn alt(app: App, message: &Message, picture: &Attachment) -> String {
    described(picture)
        .unwrap_or_else(|| alt_of(app, message.conversation, message.mine, message.sent_at))
}

/// What its sender says that it shows.
pub(super) fn described(picture: &Attachment) -> Option<String> {
    (!picture.caption.is_empty()).then(|| picture.caption.clone())
}

/// Whose picture it is, for the media page as well.
pub(super) fn alt_of(app: App, conversation: ConversationId, mine: bool, sent_at: u64) -> String {
    let t = text();
    let who = if mine {
        t.you.to_owned()
    } else {
        untrack(|| app.conversation(conversation))
            .map_or_else(String::new, |one| isolate(&name_of(&one)))
    };
    fill(
        t.media_alt,
        &[("name", &who), ("time", &format::full(sent_at))],
    )
}

/// Looks at one of a message's pictures; those that are not here are left out.
pub(super) fn open(app: App, message: &Message, pictures: &[Attachment], first: FileId) {
    let pictures: Vec<Picture> = pictures
        .iter()
        .filter(|one| {
            one.id == first
                || !matches!(
                    untrack(|| app.media.state_of(one)),
                    FileState::Remote | FileState::Failed(_) | FileState::Loading { .. }
                )
        })
        .map(|one| Picture {
            attachment: one.clone(),
            message: message.id,
            conversation: message.conversation,
            alt: alt(app, message, one),
            sent_at: message.sent_at,
        })
        .collect();
    let at = pictures
        .iter()
        .position(|one| one.attachment.id == first)
        .unwrap_or(0);
    app.media.lightbox.set(Some(Looking { pictures, at }));
}

/// How a picture lies on screen.
#[derive(Clone, Copy, Debug, PartialEq)]
struct View {
    zoom: f64,
    x: f64,
    y: f64,
    /// Quarter turns.
    turns: u8,
}

const STRAIGHT: View = View {
    zoom: 1.0,
    x: 0.0,
    y: 0.0,
    turns: 0,
};

impl View {
    fn zoomed(self, factor: f64) -> Self {
        let zoom = (self.zoom * factor).clamp(1.0, MAX_ZOOM);
        if zoom == 1.0 {
            Self {
                zoom,
                x: 0.0,
                y: 0.0,
                ..self
            }
        } else {
            Self { zoom, ..self }
        }
    }

    fn moved(self, x: f64, y: f64) -> Self {
        if self.zoom == 1.0 {
            return self;
        }
        Self {
            x: self.x + x,
            y: self.y + y,
            ..self
        }
    }

    /// Two fingers went on from one place to another.
    fn pinched(self, before: [(f64, f64); 2], now: [(f64, f64); 2]) -> Self {
        let apart = |[a, b]: [(f64, f64); 2]| (a.0 - b.0).hypot(a.1 - b.1).max(1.0);
        let middle = |[a, b]: [(f64, f64); 2]| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
        let (from, to) = (middle(before), middle(now));
        self.zoomed(apart(now) / apart(before))
            .moved(to.0 - from.0, to.1 - from.1)
    }

    fn turned(self) -> Self {
        Self {
            turns: (self.turns + 1) % 4,
            ..self
        }
    }

    fn transform(self) -> String {
        format!(
            "translate({}px, {}px) scale({}) rotate({}deg)",
            self.x,
            self.y,
            self.zoom,
            u32::from(self.turns) * 90
        )
    }
}

#[component]
pub(super) fn Lightbox() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let element = NodeRef::<html::Dialog>::new();
    let looking = app.media.lightbox;
    let open = Memo::new(move |_| looking.with(Option::is_some));
    let is_open = move || looking.with_untracked(Option::is_some);
    let entry = Entry::new(is_open, move || looking.set(None));
    Effect::new(move |was: Option<bool>| {
        let now = open.get();
        let Some(dialog) = element.get() else {
            return false;
        };
        if now && !dialog.open() {
            // Refused only when it is open already.
            let _ = dialog.show_modal();
            entry.enter();
        } else if !now && was == Some(true) {
            dialog.close();
            entry.leave();
        }
        now
    });
    view! {
        <dialog class="lightbox" node_ref=element data-screen="v5" data-state="ready" aria-label=t.media_lightbox on:close=move |_| looking.set(None)>
            <Show when=move || open.get()>
                <Look />
            </Show>
        </dialog>
    }
}

#[component]
fn Look() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let looking = app.media.lightbox;
    let picture = Memo::new(move |_| {
        looking.with(|looking| {
            looking
                .as_ref()
                .and_then(|one| one.pictures.get(one.at).cloned())
        })
    });
    let place = Memo::new(move |_| {
        looking.with(|looking| {
            looking
                .as_ref()
                .map_or((0, 0), |one| (one.at, one.pictures.len()))
        })
    });
    let view = RwSignal::new(STRAIGHT);
    let url = RwSignal::new(None::<Arc<ObjectUrl>>);
    let failed = RwSignal::new(None::<Failure>);
    Effect::new(move |_| {
        let Some(picture) = picture.get() else {
            return;
        };
        view.set(STRAIGHT);
        url.set(None);
        failed.set(None);
        leptos::task::spawn_local(async move {
            let loaded = load(app, picture.attachment.id).await;
            // Another one may be looked at by now.
            let still = looking.try_with_untracked(|looking| {
                looking
                    .as_ref()
                    .and_then(|one| one.pictures.get(one.at))
                    .map(|one| one.attachment.id)
            });
            if still.flatten() == Some(picture.attachment.id) {
                match loaded {
                    Ok(loaded) => drop(url.try_set(Some(loaded))),
                    Err(failure) => drop(failed.try_set(Some(failure))),
                }
            }
        });
    });
    let step = move |by: isize| {
        looking.update(|looking| {
            if let Some(one) = looking
                && let Some(to) = one.at.checked_add_signed(by)
                && to < one.pictures.len()
            {
                one.at = to;
            }
        });
    };
    let store = move || {
        if let Some(picture) = picture.get_untracked() {
            leptos::task::spawn_local(async move {
                if let Err(failure) = save_safe(app, picture.message, &picture.attachment).await {
                    failed.try_set(Some(failure));
                }
            });
        }
    };
    let show = move || {
        if let Some(picture) = picture.get_untracked() {
            looking.set(None);
            when_closed(move || go(Route::At(picture.conversation, picture.message)));
        }
    };
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        // With these the browser zooms and goes back.
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let zoomed = view.with_untracked(|view| view.zoom > 1.0);
        match (event.key().as_str(), zoomed) {
            ("ArrowLeft", false) | ("PageUp", _) => step(-1),
            ("ArrowRight", false) | ("PageDown", _) => step(1),
            ("ArrowLeft", true) => view.update(|view| *view = view.moved(PAN, 0.0)),
            ("ArrowRight", true) => view.update(|view| *view = view.moved(-PAN, 0.0)),
            ("ArrowUp", _) => view.update(|view| *view = view.moved(0.0, PAN)),
            ("ArrowDown", _) => view.update(|view| *view = view.moved(0.0, -PAN)),
            ("+" | "=", _) => view.update(|view| *view = view.zoomed(STEP)),
            ("-", _) => view.update(|view| *view = view.zoomed(1.0 / STEP)),
            ("0", _) => view.set(STRAIGHT),
            ("r", _) => view.update(|view| *view = view.turned()),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || keys.remove());
    // Fingers, or the mouse, on the picture, and where they are.
    let fingers = StoredValue::new(Vec::<(i32, (f64, f64))>::new());
    let swipe = Swipe::new();
    let place_of = |event: &leptos::ev::PointerEvent| {
        (f64::from(event.client_x()), f64::from(event.client_y()))
    };
    let down = move |event: leptos::ev::PointerEvent| {
        fingers.update_value(|all| {
            // Before the first one there is none, whatever became of those before.
            if event.is_primary() {
                all.clear();
            }
            all.push((event.pointer_id(), place_of(&event)));
        });
        // One finger goes to the next picture as long as this one is whole.
        if fingers.with_value(Vec::len) == 1 && view.with_untracked(|view| view.zoom == 1.0) {
            swipe.down(&event);
        } else {
            swipe.cancel();
        }
    };
    let drag = move |event: leptos::ev::PointerEvent| {
        let before = fingers.get_value();
        fingers.update_value(|all| {
            if let Some((_, place)) = all.iter_mut().find(|(id, _)| *id == event.pointer_id()) {
                *place = place_of(&event);
            }
        });
        match (before.as_slice(), fingers.get_value().as_slice()) {
            ([(_, from)], [(_, to)]) => {
                swipe.moved(&event);
                view.update(|view| *view = view.moved(to.0 - from.0, to.1 - from.1));
            }
            ([(_, a), (_, b)], [(_, to_a), (_, to_b)]) => {
                view.update(|view| *view = view.pinched([*a, *b], [*to_a, *to_b]));
            }
            _ => {}
        }
    };
    let up = move |event: leptos::ev::PointerEvent| {
        fingers.update_value(|all| all.retain(|(id, _)| *id != event.pointer_id()));
        match swipe.up() {
            Some(Towards::Start) => step(1),
            Some(Towards::End) => step(-1),
            None => {}
        }
    };
    let gone = move |event: leptos::ev::PointerEvent| {
        fingers.update_value(|all| all.retain(|(id, _)| *id != event.pointer_id()));
        swipe.cancel();
    };
    let wheel = move |event: leptos::ev::WheelEvent| {
        event.prevent_default();
        let factor = if event.delta_y() < 0.0 {
            STEP
        } else {
            1.0 / STEP
        };
        view.update(|view| *view = view.zoomed(factor));
    };
    let info = move || {
        picture.get().map(|one| {
            let file = &one.attachment;
            let pixels = if file.width > 0 {
                format!(" · {} × {}", file.width, file.height)
            } else {
                String::new()
            };
            format!(
                "{}{pixels} · {}",
                format::full(one.sent_at),
                format::bytes(file.size)
            )
        })
    };
    view! {
        <div class="lightbox-head">
            <div class="lightbox-words">
                <p class="small"><bdi>{move || picture.get().map(|one| tile::called(t, &one.attachment))}</bdi></p>
                <p class="tiny" data-testid="v5.info">{info}</p>
            </div>
            <button type="button" class="icon-button" aria-label=t.media_zoom_out title=t.media_zoom_out data-testid="v5.zoom-out" disabled=move || view.get().zoom <= 1.0 on:click=move |_| view.update(|view| *view = view.zoomed(1.0 / STEP))>
                <Draw icon=Icon::Minus size=24 />
            </button>
            <span class="tiny" data-testid="v5.zoom">{move || format!("{} %", (view.get().zoom * 100.0).round())}</span>
            <button type="button" class="icon-button" aria-label=t.media_zoom_in title=t.media_zoom_in data-testid="v5.zoom-in" disabled=move || { view.get().zoom >= MAX_ZOOM } on:click=move |_| view.update(|view| *view = view.zoomed(STEP))>
                <Draw icon=Icon::New size=24 />
            </button>
            <button type="button" class="icon-button" aria-label=t.media_rotate title=t.media_rotate data-testid="v5.rotate" on:click=move |_| view.update(|view| *view = view.turned())>
                <Draw icon=Icon::Again size=24 />
            </button>
            <button type="button" class="icon-button" aria-label=t.media_show title=t.media_show data-testid="v5.show" on:click=move |_| show()>
                <Draw icon=Icon::Chats size=24 />
            </button>
            <button type="button" class="icon-button" aria-label=t.save title=t.save data-testid="v5.save" on:click=move |_| store()>
                <Draw icon=Icon::Down size=24 />
            </button>
            <button type="button" class="icon-button" aria-label=t.close title=t.close data-testid="v5.close" on:click=move |_| looking.set(None)>
                <Draw icon=Icon::Close size=24 />
            </button>
        </div>
        <div
            class="lightbox-stage"
            data-testid="v5.stage"
            style:transform=move || swipe.transform()
            on:wheel=wheel
            on:pointerdown=down
            on:pointermove=drag
            on:pointerup=up
            on:pointercancel=gone
            on:pointerleave=gone
        >
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="v5.error" /> })}
            {move || url.get().map(|url| view! {
                <img
                    src=url.as_str().to_owned()
                    alt=move || picture.get().map(|one| one.alt).unwrap_or_default()
                    draggable="false"
                    decoding="async"
                    style:transform=move || view.get().transform()
                    data-testid="v5.picture"
                    data-turns=move || view.get().turns.to_string()
                />
            })}
        </div>
        <Show when=move || { place.get().1 > 1 }>
            <div class="lightbox-foot">
                <button type="button" class="icon-button" aria-label=t.media_previous title=t.media_previous data-testid="v5.previous" disabled=move || place.get().0 == 0 on:click=move |_| step(-1)>
                    <Draw icon=Icon::Back size=24 />
                </button>
                <span class="small" role="status" data-testid="v5.place">
                    {move || fill(t.media_place, &[("n", &format::number(place.get().0 as u64 + 1)), ("of", &format::number(place.get().1 as u64))])}
                </span>
                <button type="button" class="icon-button" aria-label=t.media_next title=t.media_next data-testid="v5.next" disabled=move || { place.get().0 + 1 >= place.get().1 } on:click=move |_| step(1)>
                    <Draw icon=Icon::Forth size=24 />
                </button>
            </div>
        </Show>
    }
}

async fn load(app: App, file: FileId) -> Result<Arc<ObjectUrl>, Failure> {
    let bytes = bytes_of(app, file).await?;
    let content_type = kind::picture(&bytes).ok_or_else(|| failure(ErrorCode::FileType, ""))?;
    ObjectUrl::new(&bytes, content_type)
        .map(Arc::new)
        .ok_or_else(|| super::internal("the browser takes no more files"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zoom_ends_at_its_limits_and_lets_go_of_the_place() {
        let mut view = STRAIGHT;
        for _ in 0..20 {
            view = view.zoomed(STEP);
        }
        assert_eq!(view.zoom, MAX_ZOOM);
        view = view.moved(30.0, 40.0);
        assert_eq!((view.x, view.y), (30.0, 40.0));
        for _ in 0..20 {
            view = view.zoomed(1.0 / STEP);
        }
        assert_eq!(view, STRAIGHT);
    }

    #[test]
    fn two_fingers_zoom_by_how_far_they_part_and_take_the_picture_along() {
        let apart = [(0.0, 0.0), (100.0, 0.0)];
        let further = [(-40.0, 10.0), (160.0, 10.0)];
        let view = STRAIGHT.pinched(apart, further);
        assert_eq!((view.zoom, view.x, view.y), (2.0, 10.0, 10.0));
        assert_eq!(view.pinched(further, apart), STRAIGHT);
        // Fingers in one place are no zoom without end.
        let together = [(5.0, 5.0), (5.0, 5.0)];
        assert_eq!(STRAIGHT.pinched(together, apart).zoom, MAX_ZOOM);
    }

    #[test]
    fn four_quarter_turns_are_none() {
        let view = STRAIGHT.turned().turned().turned();
        assert_eq!(view.turns, 3);
        assert_eq!(view.turned(), STRAIGHT);
        assert_eq!(STRAIGHT.moved(5.0, 5.0), STRAIGHT);
    }
}
