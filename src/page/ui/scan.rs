//! K3: reads a QR code by the camera, out of a picture file, from the clipboard or from what is dropped. Reading happens in
//! this browser; the camera stops when the layer closes (screens 8).

use super::dialog::Dialog;
use super::icons::{Draw, Icon};
use crate::i18n::text;
use crate::page::qr::{Picture, Reader, read_file};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Function, Object, Reflect};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlInputElement, MediaStream, MediaStreamConstraints, MediaStreamTrack};

/// Between two looks at the camera (ms).
const LOOK_MS: u32 = 200;
/// After so many looks without a code: tips.
const PATIENCE: u32 = 75;

/// How the camera stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Camera {
    Off,
    Asking,
    Live,
    Denied,
    None,
}

impl Camera {
    const fn hook(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Asking => "asking",
            Self::Live => "live",
            Self::Denied => "denied",
            Self::None => "none",
        }
    }
}

/// What a scanned text is good for: done, or why not, and scanning goes on.
pub(crate) type Accept = Callback<String, Result<(), &'static str>>;

/// The scanner in a layer.
#[component]
pub(crate) fn ScanDialog(open: RwSignal<bool>, accept: Accept) -> impl IntoView {
    view! {
        <Dialog open screen="k3" title=text().k3_title>
            <Scanner open accept />
        </Dialog>
    }
}

/// Handles of an open scanner.
#[derive(Clone, Copy)]
struct Scan {
    open: RwSignal<bool>,
    accept: Accept,
    camera: RwSignal<Camera>,
    said: RwSignal<Option<&'static str>>,
    stream: StoredValue<Option<MediaStream>, LocalStorage>,
    video: NodeRef<html::Video>,
    /// The camera that looks away from the person.
    rear: RwSignal<bool>,
    several: RwSignal<bool>,
    /// Whether the camera's light is on; `None` where it has none.
    light: RwSignal<Option<bool>>,
    /// Counts starts of the camera, so that a loop of an earlier one ends.
    round: StoredValue<u32>,
}

#[component]
fn Scanner(open: RwSignal<bool>, accept: Accept) -> impl IntoView {
    let t = text();
    let scan = Scan {
        open,
        accept,
        camera: RwSignal::new(Camera::Off),
        said: RwSignal::new(None),
        stream: StoredValue::new_local(None),
        video: NodeRef::new(),
        rear: RwSignal::new(true),
        several: RwSignal::new(false),
        light: RwSignal::new(None),
        round: StoredValue::new(0),
    };
    on_cleanup(move || scan.stop());
    let pasted = window_event_listener(leptos::ev::paste, move |event| scan.pasted(&event));
    on_cleanup(move || pasted.remove());
    let picked = move |event: leptos::ev::Event| {
        let input: HtmlInputElement = event_target(&event);
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        if let Some(file) = file {
            scan.read(file.into());
        }
    };
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        let file = event
            .data_transfer()
            .and_then(|data| data.files())
            .and_then(|files| files.get(0));
        if let Some(file) = file {
            scan.read(file.into());
        }
    };
    let camera_said = move || match scan.camera.get() {
        Camera::Asking => Some(t.k3_asking),
        Camera::Denied => Some(t.k3_denied),
        Camera::None => Some(t.k3_no_camera),
        Camera::Off | Camera::Live => None,
    };
    view! {
        <div class="scanner" data-camera=move || scan.camera.get().hook() data-testid="k3.scanner" on:dragover=move |event| event.prevent_default() on:drop=dropped>
            <p class="small muted">{t.k3_about}</p>
            <Show when=move || scan.camera.get() == Camera::Live>
                <video class="scanner-view" node_ref=scan.video autoplay playsinline muted aria-label=t.k3_view></video>
            </Show>
            <div role="status" aria-live="polite">
                {move || camera_said().map(|said| view! { <p class="small" data-testid="k3.camera-said">{said}</p> })}
                {move || scan.said.get().map(|said| view! { <p class="note warn" data-testid="k3.said">{said}</p> })}
            </div>
            <div class="actions">
                <Show
                    when=move || scan.camera.get() == Camera::Live
                    fallback=move || {
                        view! {
                            <button type="button" class="button primary" data-testid="k3.camera" on:click=move |_| scan.start()>
                                <Draw icon=Icon::Scan />
                                {t.k3_camera}
                            </button>
                        }
                    }
                >
                    <button type="button" class="button" data-testid="k3.stop" on:click=move |_| scan.stop()>
                        {t.k3_stop}
                    </button>
                    <Show when=move || scan.several.get()>
                        <button
                            type="button"
                            class="button"
                            data-testid="k3.switch"
                            on:click=move |_| {
                                scan.rear.update(|rear| *rear = !*rear);
                                scan.start();
                            }
                        >
                            {t.k3_switch}
                        </button>
                    </Show>
                    <Show when=move || scan.light.with(Option::is_some)>
                        <button
                            type="button"
                            class="button"
                            aria-pressed=move || (scan.light.get() == Some(true)).to_string()
                            data-testid="k3.light"
                            on:click=move |_| scan.switch_light()
                        >
                            {t.k3_light}
                        </button>
                    </Show>
                </Show>
                <label class="button file-button">
                    <input class="visually-hidden" type="file" accept="image/*" data-testid="k3.file" on:change=picked />
                    {t.k3_file}
                </label>
                <button type="button" class="button" data-testid="k3.paste" on:click=move |_| scan.paste()>
                    {t.k3_paste}
                </button>
            </div>
        </div>
    }
}

impl Scan {
    /// Hands a text over; a good one closes the layer. One that was read when the layer was closed already is nobody's. True:
    /// nothing more is looked for.
    fn found(self, text: String) -> bool {
        if self.open.try_get_untracked() != Some(true) {
            return true;
        }
        match self.accept.try_run(text) {
            Some(Ok(())) => {
                self.open.try_set(false);
                true
            }
            Some(Err(why)) => {
                self.said.try_set(Some(why));
                false
            }
            // The screen around is gone.
            None => true,
        }
    }

    fn read(self, picture: web_sys::Blob) {
        self.said.set(Some(text().working));
        leptos::task::spawn_local(async move {
            let said = match read_file(&picture).await {
                Ok(Some(found)) => {
                    self.said.try_set(None);
                    self.found(found);
                    return;
                }
                Ok(None) => text().k3_nothing,
                Err(_) => text().k3_no_reader,
            };
            self.said.try_set(Some(said));
        });
    }

    fn pasted(self, event: &leptos::ev::ClipboardEvent) {
        let Some(data) = event.clipboard_data() else {
            return;
        };
        if let Some(file) = data.files().and_then(|files| files.get(0)) {
            event.prevent_default();
            self.read(file.into());
        } else if let Ok(said) = data.get_data("text/plain")
            && !said.trim().is_empty()
        {
            event.prevent_default();
            self.found(said);
        }
    }

    /// Text of the clipboard; a picture is pasted by the keys, which every browser allows.
    fn paste(self) {
        leptos::task::spawn_local(async move {
            let clipboard = window().navigator().clipboard();
            let said = JsFuture::from(clipboard.read_text())
                .await
                .ok()
                .and_then(|value| value.as_string())
                .filter(|said| !said.trim().is_empty());
            match said {
                Some(said) => {
                    self.found(said);
                }
                None => {
                    self.said.try_set(Some(text().k3_paste_keys));
                }
            }
        });
    }

    /// The light of the camera, on or off.
    fn switch_light(self) {
        let on = self.light.get_untracked() != Some(true);
        let Some(track) = self.track() else {
            return;
        };
        leptos::task::spawn_local(async move {
            // What the camera refuses stays as it is.
            if set_light(&track, on).await {
                self.light.try_set(Some(on));
            }
        });
    }

    fn track(self) -> Option<MediaStreamTrack> {
        let stream = self.stream.try_get_value().flatten()?;
        stream.get_video_tracks().get(0).dyn_into().ok()
    }

    /// The camera goes dark.
    fn stop(self) {
        self.round.try_update_value(|round| *round += 1);
        if let Some(stream) = self.stream.try_update_value(Option::take).flatten() {
            for track in stream.get_tracks() {
                if let Ok(track) = track.dyn_into::<MediaStreamTrack>() {
                    track.stop();
                }
            }
        }
        self.light.try_set(None);
        self.camera.try_set(Camera::Off);
    }

    fn start(self) {
        self.stop();
        self.said.set(None);
        self.camera.set(Camera::Asking);
        let round = self.round.get_value();
        leptos::task::spawn_local(async move {
            let opened = open_camera(self.rear.get_untracked()).await;
            // Closed, or started again, while the browser asked.
            if self.round.try_get_value() != Some(round) {
                if let Ok(stream) = opened {
                    for track in stream.get_tracks() {
                        track.unchecked_into::<MediaStreamTrack>().stop();
                    }
                }
                return;
            }
            match opened {
                Ok(stream) => {
                    self.stream.set_value(Some(stream.clone()));
                    let several = cameras().await > 1;
                    // Whoever closed it meanwhile let the camera go as well.
                    if self.round.try_get_value() != Some(round) {
                        return;
                    }
                    self.several.set(several);
                    self.light
                        .set(self.track().filter(has_light).map(|_| false));
                    self.camera.set(Camera::Live);
                    self.look(stream, round).await;
                }
                Err(why) => self.camera.set(why),
            }
        });
    }

    async fn look(self, stream: MediaStream, round: u32) {
        let Ok(mut reader) = Reader::start() else {
            self.said.try_set(Some(text().k3_no_reader));
            return;
        };
        let mut looks = 0;
        loop {
            TimeoutFuture::new(LOOK_MS).await;
            if self.round.try_get_value() != Some(round) {
                return;
            }
            let Some(Some(video)) = self.video.try_get_untracked() else {
                continue;
            };
            if video.src_object().is_none() {
                video.set_src_object(Some(&stream));
                continue;
            }
            let Some(picture) = Picture::of_frame(&video) else {
                continue;
            };
            let read = reader.read(picture).await;
            if self.round.try_get_value() != Some(round) {
                return;
            }
            match read {
                Ok(Some(found)) => {
                    if self.found(found) {
                        return;
                    }
                }
                Ok(None) => {}
                // A frame may end the worker; the next one gets a fresh one.
                Err(_) => match Reader::start() {
                    Ok(fresh) => reader = fresh,
                    Err(_) => {
                        self.said.try_set(Some(text().k3_no_reader));
                        return;
                    }
                },
            }
            looks += 1;
            if looks == PATIENCE {
                self.said.try_set(Some(text().k3_tips));
            }
        }
    }
}

async fn open_camera(rear: bool) -> Result<MediaStream, Camera> {
    let devices = window()
        .navigator()
        .media_devices()
        .map_err(|_| Camera::None)?;
    let wanted = web_sys::MediaTrackConstraints::new();
    wanted.set_facing_mode(&if rear { "environment" } else { "user" }.into());
    let constraints = MediaStreamConstraints::new();
    constraints.set_video(&wanted);
    let asked = devices
        .get_user_media_with_constraints(&constraints)
        .map_err(|_| Camera::None)?;
    match JsFuture::from(asked).await {
        Ok(stream) => stream.dyn_into().map_err(|_| Camera::None),
        Err(error) => {
            let denied = error
                .dyn_ref::<web_sys::DomException>()
                .is_some_and(|error| error.name() == "NotAllowedError");
            Err(if denied { Camera::Denied } else { Camera::None })
        }
    }
}

/// Whether a camera has a light that pages may switch: so far only some browsers tell.
fn has_light(track: &MediaStreamTrack) -> bool {
    let ask = || {
        let ask = Reflect::get(track, &"getCapabilities".into()).ok()?;
        let told = ask.dyn_ref::<Function>()?.call0(track).ok()?;
        Reflect::get(&told, &"torch".into()).ok()
    };
    ask().is_some_and(|torch| torch.is_truthy())
}

async fn set_light(track: &MediaStreamTrack, on: bool) -> bool {
    let light = Object::new();
    // A plain object takes any value.
    let _ = Reflect::set(&light, &"torch".into(), &on.into());
    let wanted = web_sys::MediaTrackConstraints::new();
    wanted.set_advanced(&Array::of1(&light));
    match track.apply_constraints_with_constraints(&wanted) {
        Ok(asked) => JsFuture::from(asked).await.is_ok(),
        Err(_) => false,
    }
}

async fn cameras() -> usize {
    let Ok(asked) = window()
        .navigator()
        .media_devices()
        .and_then(|devices| devices.enumerate_devices())
    else {
        return 0;
    };
    let Ok(list) = JsFuture::from(asked).await else {
        return 0;
    };
    Array::from(&list)
        .iter()
        .filter_map(|one| one.dyn_into::<web_sys::MediaDeviceInfo>().ok())
        .filter(|one| one.kind() == web_sys::MediaDeviceKind::Videoinput)
        .count()
}
