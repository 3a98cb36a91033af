//! A photograph from the camera (screens 9.7, V11): it goes the way of every picked picture.

use super::failure;
use crate::i18n::text;
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use js_sys::Array;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{ConversationId, ErrorCode, Failure};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, File, HtmlCanvasElement, HtmlVideoElement, MediaStream,
    MediaStreamConstraints, MediaStreamTrack, MediaTrackConstraints,
};

#[component]
pub(super) fn Camera() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(app.media.camera.with(Option::is_some)));
    Effect::new(move |was: Option<bool>| {
        let now = open.get();
        if was == Some(true) && !now {
            app.media.camera.set(None);
        }
        now
    });
    view! {
        <Dialog open screen="v11" title=t.media_camera>
            <Finder open />
        </Dialog>
    }
}

/// The camera while the layer is open.
#[component]
fn Finder(open: RwSignal<bool>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let video = NodeRef::<html::Video>::new();
    let stream = StoredValue::new_local(None::<MediaStream>);
    let closed = StoredValue::new(false);
    let ready = RwSignal::new(false);
    let failed = RwSignal::new(None::<Failure>);
    let conversation = app.media.camera.get_untracked();
    leptos::task::spawn_local(async move {
        match lens().await {
            Ok(got) if closed.try_get_value() == Some(false) => {
                if let Some(video) = video.get_untracked() {
                    video.set_src_object(Some(&got));
                }
                stream.set_value(Some(got));
            }
            Ok(got) => stop(&got),
            Err(_) => drop(failed.try_set(Some(failure(ErrorCode::CamDenied, "")))),
        }
    });
    on_cleanup(move || {
        closed.set_value(true);
        if let Some(stream) = stream.get_value() {
            stop(&stream);
        }
    });
    let take = move |_| {
        let (Some(video), Some(conversation)) = (video.get_untracked(), conversation) else {
            return;
        };
        leptos::task::spawn_local(async move {
            match photograph(&video).await {
                Some(file) => {
                    keep(app, conversation, file);
                    open.set(false);
                }
                None => drop(failed.try_set(Some(super::internal("the camera gave no picture")))),
            }
        });
    };
    view! {
        {move || failed.get().map(|failure| view! { <FailureNote failure testid="v11.error" /> })}
        <video class="finder" node_ref=video autoplay muted playsinline aria-label=t.media_camera on:playing=move |_| ready.set(true)></video>
        <div class="actions">
            <button type="button" class="button primary" data-testid="v11.take" disabled=move || !ready.get() on:click=take>
                <Draw icon=Icon::Camera />
                {t.media_take}
            </button>
        </div>
    }
}

fn keep(app: App, conversation: ConversationId, file: File) {
    app.media.staging.take(app, conversation, vec![file]);
}

async fn lens() -> Result<MediaStream, JsValue> {
    let wish = MediaTrackConstraints::new();
    wish.set_facing_mode_str("environment");
    wish.set_width_i32(1_920);
    wish.set_height_i32(1_080);
    let constraints = MediaStreamConstraints::new();
    constraints.set_video(&wish);
    let asked = window()
        .navigator()
        .media_devices()?
        .get_user_media_with_constraints(&constraints)?;
    JsFuture::from(asked).await.map(JsCast::unchecked_into)
}

fn stop(stream: &MediaStream) {
    for track in stream.get_tracks() {
        track.unchecked_into::<MediaStreamTrack>().stop();
    }
}

/// What the camera shows at this moment, as a JPEG.
async fn photograph(video: &HtmlVideoElement) -> Option<File> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
    canvas.set_width(video.video_width());
    canvas.set_height(video.video_height());
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    context
        .draw_image_with_html_video_element(video, 0.0, 0.0)
        .ok()?;
    let (sender, receiver) = futures::channel::oneshot::channel();
    let give = Closure::once_into_js(move |blob: JsValue| {
        // The layer may have been closed.
        let _ = sender.send(blob);
    });
    canvas
        .to_blob_with_type_and_encoder_options(give.unchecked_ref(), "image/jpeg", &0.95.into())
        .ok()?;
    let blob = receiver.await.ok()?;
    (!blob.is_null())
        .then(|| File::new_with_blob_sequence(&Array::of1(&blob), "photo.jpg").ok())
        .flatten()
}
