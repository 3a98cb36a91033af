//! X1: the own picture. It is cut to a square and drawn anew here, so nothing but its pixels leaves this browser.

use super::settings::{Meta, Scope};
use crate::i18n::text;
use crate::page::canvas::{bitmap, canvas, context, encoded};
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::failure::FailureNote;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{Blob, Command, ErrorCode, Failure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, HtmlInputElement, ImageBitmap};

/// Side of the picture that is sent, in pixels.
const SIDE: f64 = 640.0;
/// Side of the preview, in pixels.
const PREVIEW: f64 = 240.0;
/// How far one can go in, in hundredths.
const ZOOM: (f64, f64) = (100.0, 400.0);

/// Which part of a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    /// Hundredths; 100: as much as a square can hold.
    zoom: f64,
    /// 0 to 100 from one edge to the other.
    x: f64,
    y: f64,
}

impl Cut {
    const MIDDLE: Self = Self {
        zoom: 100.0,
        x: 50.0,
        y: 50.0,
    };

    /// Left, top and side of the square inside a picture of this size.
    fn square(self, width: f64, height: f64) -> (f64, f64, f64) {
        let side = width.min(height) * 100.0 / self.zoom.clamp(ZOOM.0, ZOOM.1);
        let at = |room: f64, place: f64| room * place.clamp(0.0, 100.0) / 100.0;
        (at(width - side, self.x), at(height - side, self.y), side)
    }
}

#[component]
pub(crate) fn PictureCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let chosen = RwSignal::new_local(None::<ImageBitmap>);
    let failed = RwSignal::new(None::<Failure>);
    let busy = RwSignal::new(false);
    let own = Memo::new(move |_| {
        app.profile
            .with(|own| {
                own.as_ref()
                    .map(|own| (own.account_id.clone(), own.avatar.is_some()))
            })
            .unwrap_or_default()
    });
    let picked = move |event: leptos::ev::Event| {
        let input: HtmlInputElement = event_target(&event);
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        failed.set(None);
        if let Some(file) = file {
            leptos::task::spawn_local(async move {
                match bitmap(&file).await {
                    Some(picture) => {
                        chosen.try_set(Some(picture));
                    }
                    None => {
                        failed.try_set(Some(unreadable()));
                    }
                }
            });
        }
    };
    let set = move |picture: Option<Blob>| {
        busy.set(true);
        failed.set(None);
        leptos::task::spawn_local(async move {
            match app.command(Command::SetAvatar { picture }).await {
                Ok(_) => {
                    chosen.try_set(None);
                    app.toast.set(Some(text().x1_picture_saved.into()));
                }
                Err(failure) => {
                    failed.try_set(Some(failure));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <section class="card" aria-labelledby="x1-picture-title">
            <h2 id="x1-picture-title">{t.x1_picture}</h2>
            <div class="person">
                {move || view! { <Avatar id=own.get().0 size=96 /> }}
                <div class="actions">
                    <label class="button file-button">
                        <input class="visually-hidden" type="file" accept="image/*" data-testid="x1.picture" on:change=picked />
                        {t.x1_choose_picture}
                    </label>
                    <Show when=move || own.get().1>
                        <button
                            type="button"
                            class="button"
                            data-testid="x1.remove-picture"
                            disabled=move || busy.get()
                            on:click=move |_| set(None)
                        >
                            {t.x1_remove_picture}
                        </button>
                    </Show>
                </div>
            </div>
            {move || {
                chosen
                    .get()
                    .map(|picture| {
                        view! {
                            <Crop
                                picture
                                busy
                                cancel=Callback::new(move |()| chosen.set(None))
                                save=Callback::new(move |cut: Option<Blob>| match cut {
                                    Some(cut) => set(Some(cut)),
                                    None => {
                                        busy.set(false);
                                        failed.set(Some(unreadable()));
                                    }
                                })
                            />
                        }
                    })
            }}
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="x1.picture-failed" /> })}
            <p class="small muted">{t.x1_picture_why}</p>
            <Meta scope=Scope::Synced default=t.x1_picture_default />
        </section>
    }
}

fn unreadable() -> Failure {
    Failure {
        code: ErrorCode::FileType,
        number: None,
        detail: String::new(),
    }
}

/// The square, and three sliders that move it.
#[component]
fn Crop(
    picture: ImageBitmap,
    busy: RwSignal<bool>,
    cancel: Callback<()>,
    save: Callback<Option<Blob>>,
) -> impl IntoView {
    let t = text();
    let preview = NodeRef::<html::Canvas>::new();
    let cut = RwSignal::new(Cut::MIDDLE);
    let picture = StoredValue::new_local(picture);
    Effect::new(move |_| {
        let now = cut.get();
        let Some(canvas) = preview.get() else { return };
        if let Some(context) = context(&canvas) {
            picture.with_value(|picture| paint(&context, picture, now, PREVIEW));
        }
    });
    let slider = move |label: &'static str,
                       testid: &'static str,
                       (least, most): (f64, f64),
                       read: fn(&Cut) -> f64,
                       write: fn(&mut Cut, f64)| {
        view! {
            <div class="field">
                <label for=testid>{label}</label>
                <input
                    type="range"
                    id=testid
                    data-testid=testid
                    min=least.to_string()
                    max=most.to_string()
                    step="1"
                    prop:value=move || cut.with(read).to_string()
                    on:input=move |event| {
                        if let Ok(value) = event_target_value(&event).parse::<f64>() {
                            cut.update(|cut| write(cut, value));
                        }
                    }
                />
            </div>
        }
    };
    let keep = move |_| {
        // A second press before the first has drawn anything.
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let now = cut.get_untracked();
        let picture = picture.get_value();
        leptos::task::spawn_local(async move {
            let part = encode(&picture, now).await;
            // Whoever left meanwhile wants it no more.
            if save.try_run(part).is_none() {
                busy.try_set(false);
            }
        });
    };
    view! {
        <div class="crop" data-testid="x1.crop">
            <canvas
                class="crop-view"
                node_ref=preview
                width=PREVIEW.to_string()
                height=PREVIEW.to_string()
                role="img"
                aria-label=t.x1_preview
            ></canvas>
            <div class="stack">
                {slider(t.x1_zoom, "x1.zoom", ZOOM, |cut| cut.zoom, |cut, value| cut.zoom = value)}
                {slider(t.x1_across, "x1.across", (0.0, 100.0), |cut| cut.x, |cut, value| cut.x = value)}
                {slider(t.x1_down, "x1.down", (0.0, 100.0), |cut| cut.y, |cut, value| cut.y = value)}
            </div>
            <div class="actions">
                <button type="button" class="button primary" data-testid="x1.save-picture" disabled=move || busy.get() on:click=keep>
                    {t.x1_use_picture}
                </button>
                <button type="button" class="button" data-testid="x1.cancel-picture" disabled=move || busy.get() on:click=move |_| cancel.run(())>
                    {t.cancel}
                </button>
            </div>
        </div>
    }
}

/// A picture that cannot be drawn leaves the square white.
fn paint(context: &CanvasRenderingContext2d, picture: &ImageBitmap, cut: Cut, side: f64) {
    let (x, y, part) = cut.square(f64::from(picture.width()), f64::from(picture.height()));
    context.set_fill_style_str("white");
    context.fill_rect(0.0, 0.0, side, side);
    let _ = context.draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
        picture, x, y, part, part, 0.0, 0.0, side, side,
    );
}

/// The square as a JPEG: of the file nothing but pixels is left.
async fn encode(picture: &ImageBitmap, cut: Cut) -> Option<Blob> {
    let (_, _, part) = cut.square(f64::from(picture.width()), f64::from(picture.height()));
    let side = part.round().clamp(1.0, SIDE);
    let (canvas, context) = canvas(side, side)?;
    paint(&context, picture, cut, side);
    let blob = encoded(&canvas, "image/jpeg", 0.85).await?;
    let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
    let bytes = js_sys::Uint8Array::new(&buffer).to_vec();
    (!bytes.is_empty()).then_some(Blob(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_stays_inside_the_picture() {
        assert_eq!(Cut::MIDDLE.square(400.0, 200.0), (100.0, 0.0, 200.0));
        let corner = Cut {
            zoom: 200.0,
            x: 100.0,
            y: 0.0,
        };
        assert_eq!(corner.square(400.0, 200.0), (300.0, 0.0, 100.0));
        let wild = Cut {
            zoom: 9_000.0,
            x: -5.0,
            y: 500.0,
        };
        let (x, y, side) = wild.square(400.0, 200.0);
        assert!(x >= 0.0 && y >= 0.0 && x + side <= 400.0 && y + side <= 200.0);
    }
}
