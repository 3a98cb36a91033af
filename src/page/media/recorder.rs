//! Recording a voice message (screens 9.8, V12). Samples go from the microphone to the worker, which makes MP3 of them; the
//! page keeps nothing but how loud it was. Leaving the conversation does not end it, hiding the page for good and locking do.
//! A finger on the button speaks as long as it is held, and slides to cancel or to go on without it.

use super::wave::Bars;
use super::{ObjectUrl, clock, failure, has_focus, pass_focus, to_place};
use crate::bridge::{Call, Reply, VoiceCall};
use crate::i18n::{fill, isolate, text};
use crate::page::focus::focus;
use crate::page::state::App;
use crate::page::text::name_of;
use crate::page::ui::dialog::any_open;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use gloo_timers::future::TimeoutFuture;
use js_sys::Float32Array;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Attachment, Blob, Command, ConversationId, ErrorCode, Failure, NewFile,
};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioContext, AudioWorkletNode, MediaStream, MediaStreamConstraints, MediaStreamTrack,
    MediaTrackConstraints, MessageEvent,
};

/// The script of the audio worklet (public/recorder.js).
const WORKLET: &str = "/recorder.js";
/// It stops by itself then (s).
const MAX_SECONDS: f64 = 300.0;
/// It warns from then on (s).
const WARN_SECONDS: f64 = 270.0;
/// Shorter ones are slips of the hand (s).
const MIN_SECONDS: f64 = 1.0;
/// Bars on screen.
const SHOWN_BARS: usize = 60;
/// So long a finger lies before it holds (ms); a shorter one presses the button.
const HOLD_MS: u32 = 300;
/// Browsers give a press so long after a finger was lifted, if they do (ms).
const PRESS_MS: u32 = 500;
/// So far a finger that holds slides to cancel or to lock (CSS px).
const SLIDE: f64 = 80.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    /// The browser asks the person.
    Asking,
    Recording,
    Paused,
    /// On its way into the outbox.
    Sending,
}

impl Phase {
    const fn hook(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Asking => "asking",
            Self::Recording => "recording",
            Self::Paused => "paused",
            Self::Sending => "sending",
        }
    }
}

/// Where a finger that holds went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slide {
    /// It still holds.
    Here,
    Cancel,
    /// Recording goes on without it.
    Lock,
}

impl Slide {
    /// How far it is towards the start of a line, and up (CSS px).
    fn of(to_start: f64, up: f64) -> Self {
        if to_start >= SLIDE && to_start >= up {
            Self::Cancel
        } else if up >= SLIDE {
            Self::Lock
        } else {
            Self::Here
        }
    }
}

/// Microphone and worklet while they run.
struct Live {
    stream: MediaStream,
    context: AudioContext,
    node: AudioWorkletNode,
    _on_samples: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Live {
    fn drop(&mut self) {
        // Samples that are under way must not call a closure that is gone.
        if let Ok(port) = self.node.port() {
            port.set_onmessage(None);
        }
        for track in self.stream.get_tracks() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
        if let Ok(closing) = self.context.close() {
            leptos::task::spawn_local(async move {
                // Closing frees the sound card; nothing depends on when.
                let _ = JsFuture::from(closing).await;
            });
        }
    }
}

/// The one recording.
#[derive(Clone, Copy)]
pub(crate) struct Recorder {
    phase: RwSignal<Phase>,
    conversation: RwSignal<Option<ConversationId>>,
    seconds: RwSignal<f64>,
    levels: RwSignal<Vec<u8>>,
    failed: RwSignal<Option<Failure>>,
    /// What was recorded so far, to listen to.
    take: RwSignal<Option<std::sync::Arc<ObjectUrl>>>,
    live: StoredValue<Option<Live>, LocalStorage>,
    /// The microphone is there, so a take that was paused can go on.
    open: RwSignal<bool>,
    /// A finger holds the button.
    held: RwSignal<bool>,
    /// Counts takes: what comes back late is of an earlier one.
    takes: StoredValue<u32>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            phase: RwSignal::new(Phase::Idle),
            conversation: RwSignal::new(None),
            seconds: RwSignal::new(0.0),
            levels: RwSignal::new(Vec::new()),
            failed: RwSignal::new(None),
            take: RwSignal::new(None),
            live: StoredValue::new_local(None),
            open: RwSignal::new(false),
            held: RwSignal::new(false),
            takes: StoredValue::new(0),
        }
    }

    pub(super) fn forget(self) {
        self.takes.update_value(|takes| *takes += 1);
        self.close();
        self.held.set(false);
        self.phase.set(Phase::Idle);
        self.conversation.set(None);
        self.seconds.set(0.0);
        self.levels.set(Vec::new());
        self.take.set(None);
        self.failed.set(None);
    }

    fn idle(self) -> bool {
        self.phase.get() == Phase::Idle
    }

    /// The microphone is let go.
    fn close(self) {
        self.live.set_value(None);
        self.open.set(false);
    }

    fn is(self, take: u32) -> bool {
        self.takes.get_value() == take
    }

    /// Asks for the microphone and records. `held`: as long as a finger holds the button.
    pub(crate) fn begin(self, app: App, conversation: ConversationId, held: bool) {
        if !untrack(|| self.idle()) {
            return;
        }
        self.forget();
        let take = self.takes.get_value();
        self.held.set(held);
        self.conversation.set(Some(conversation));
        self.phase.set(Phase::Asking);
        leptos::task::spawn_local(async move {
            let opened = self.open(app, take).await;
            // The person may have given up meanwhile, or the account was locked.
            if !self.is(take) {
                return;
            }
            match opened {
                Ok(live) => {
                    self.live.set_value(Some(live));
                    self.open.set(true);
                    self.phase.set(Phase::Recording);
                }
                Err(failure) => {
                    self.forget();
                    self.failed.set(Some(failure));
                    // The button that was pressed was switched off meanwhile.
                    pass_focus(None);
                }
            }
        });
    }

    async fn open(self, app: App, take: u32) -> Result<Live, Failure> {
        let denied = |_| failure(ErrorCode::MicDenied, "");
        let broken = |_| super::internal("the browser gives no samples");
        let stream = microphone().await.map_err(denied)?;
        // From here on the microphone is on, so it has to be let go on every way out.
        let context = AudioContext::new().map_err(broken);
        let opened = match context {
            Ok(context) => self
                .connect(app, take, &stream, &context)
                .await
                .map(|parts| (context, parts)),
            Err(error) => Err(error),
        };
        match opened {
            Ok((context, (node, on_samples))) => Ok(Live {
                stream,
                context,
                node,
                _on_samples: on_samples,
            }),
            Err(error) => {
                for track in stream.get_tracks() {
                    track.unchecked_into::<MediaStreamTrack>().stop();
                }
                Err(error)
            }
        }
    }

    async fn connect(
        self,
        app: App,
        take: u32,
        stream: &MediaStream,
        context: &AudioContext,
    ) -> Result<(AudioWorkletNode, Closure<dyn FnMut(MessageEvent)>), Failure> {
        let broken = |_| super::internal("the browser gives no samples");
        let rate = context.sample_rate();
        if !self.is(take) {
            // Beginning would end the take that runs by now.
            return Err(super::internal("given up"));
        }
        app.call(Call::Voice(VoiceCall::Begin { rate: rate as u32 }))
            .await?;
        let loading = context
            .audio_worklet()
            .and_then(|worklet| worklet.add_module(WORKLET))
            .map_err(broken)?;
        JsFuture::from(loading).await.map_err(broken)?;
        let node = AudioWorkletNode::new(context, "recorder").map_err(broken)?;
        let source = context.create_media_stream_source(stream).map_err(broken)?;
        source.connect_with_audio_node(&node).map_err(broken)?;
        let on_samples = Closure::new(move |event: MessageEvent| {
            let samples = event.data().unchecked_into::<Float32Array>().to_vec();
            self.heard(app, take, &samples, f64::from(rate));
        });
        let port = node.port().map_err(broken)?;
        port.set_onmessage(Some(on_samples.as_ref().unchecked_ref()));
        Ok((node, on_samples))
    }

    /// Samples came in.
    fn heard(self, app: App, take: u32, samples: &[f32], rate: f64) {
        if !self.is(take) || self.phase.get_untracked() != Phase::Recording {
            return;
        }
        let peak = samples.iter().fold(0.0f32, |peak, one| peak.max(one.abs()));
        // The ear hears loudness by its logarithm.
        let level =
            ((20.0 * peak.max(0.001).log10() + 60.0) / 60.0 * 100.0).clamp(0.0, 100.0) as u8;
        self.levels.update(|levels| levels.push(level));
        let pcm = samples
            .iter()
            .flat_map(|one| ((one.clamp(-1.0, 1.0) * 32_767.0) as i16).to_le_bytes())
            .collect();
        leptos::task::spawn_local(async move {
            let call = VoiceCall::Feed { samples: Blob(pcm) };
            if let Err(failure) = app.call(Call::Voice(call)).await
                && self.is(take)
            {
                self.pause();
                self.failed.set(Some(failure));
            }
        });
        let seconds = self.seconds.get_untracked() + samples.len() as f64 / rate;
        self.seconds.set(seconds);
        if seconds >= MAX_SECONDS {
            self.pause();
        }
    }

    fn pause(self) {
        if self.phase.get_untracked() == Phase::Recording {
            self.phase.set(Phase::Paused);
            self.live.with_value(|live| {
                if let Some(live) = live {
                    wait_for(live.context.suspend());
                }
            });
        }
    }

    fn resume(self) {
        let may = self.phase.get_untracked() == Phase::Paused
            && self.seconds.get_untracked() < MAX_SECONDS
            && self.live.with_value(Option::is_some);
        if may {
            self.take.set(None);
            self.phase.set(Phase::Recording);
            self.live.with_value(|live| {
                if let Some(live) = live {
                    wait_for(live.context.resume());
                }
            });
        }
    }

    /// The page goes away: the microphone is let go for good, the take stays.
    fn let_go(self) {
        self.pause();
        self.close();
    }

    fn listen(self, app: App) {
        self.pause();
        let take = self.takes.get_value();
        leptos::task::spawn_local(async move {
            match app.call(Call::Voice(VoiceCall::SoFar)).await {
                _ if !self.is(take) => {}
                Ok(Reply::Bytes(bytes)) => {
                    let url = ObjectUrl::new(&bytes.0, "audio/mpeg").map(std::sync::Arc::new);
                    self.take.set(url);
                }
                Ok(_) => {}
                Err(failure) => self.failed.set(Some(failure)),
            }
        });
    }

    fn discard(self, app: App) {
        let focused = has_focus(".recorder");
        self.forget();
        if focused {
            pass_focus(None);
        }
        leptos::task::spawn_local(async move {
            // What is not there is discarded already.
            let _ = app.call(Call::Voice(VoiceCall::Discard)).await;
        });
    }

    fn send(self, app: App) {
        let Some(conversation) = self.conversation.get_untracked() else {
            return;
        };
        let may = matches!(self.phase.get_untracked(), Phase::Recording | Phase::Paused);
        if !may {
            return;
        }
        self.pause();
        self.close();
        self.held.set(false);
        self.failed.set(None);
        if has_focus(".recorder") {
            // Its buttons rest while it is sent.
            request_animation_frame(|| to_place(None));
        }
        self.phase.set(Phase::Sending);
        let take = self.takes.get_value();
        leptos::task::spawn_local(async move {
            let staged = staged(app, conversation).await;
            // Locked meanwhile: the worker and all it had is gone.
            if !self.is(take) {
                return;
            }
            match staged {
                Ok(attachment) => {
                    // It is in the vault from here on.
                    self.discard(app);
                    if let Err(failure) = sent(app, conversation, attachment).await {
                        self.failed.set(Some(failure));
                    }
                }
                Err(failure) => {
                    // What was said is still in the worker, for another try.
                    self.phase.set(Phase::Paused);
                    self.failed.set(Some(failure));
                }
            }
        });
    }

    /// The finger slid: the take goes, or goes on without it. False: it holds on.
    fn slid(self, app: App, slide: Slide) -> bool {
        let t = text();
        match slide {
            Slide::Here => return false,
            Slide::Cancel => {
                self.discard(app);
                app.announcer.say(t.media_hold_cancelled.to_owned());
            }
            Slide::Lock => {
                self.held.set(false);
                app.announcer.say(t.media_hold_locked.to_owned());
            }
        }
        true
    }

    /// The finger that held is lifted: what it said is sent, unless it was a slip of the hand.
    fn lifted(self, app: App) {
        if self.seconds.get_untracked() >= MIN_SECONDS {
            self.send(app);
        } else {
            self.discard(app);
            app.toast.set(Some(text().media_hold_short.into()));
        }
    }

    /// The system took the finger away: nothing is lost, and nothing more is recorded unasked.
    fn let_down(self, app: App) {
        if self.phase.get_untracked() == Phase::Asking {
            self.discard(app);
        } else {
            self.held.set(false);
            self.pause();
        }
    }
}

/// Suspending and resuming are wishes; samples tell what came of them.
fn wait_for(wish: Result<js_sys::Promise, wasm_bindgen::JsValue>) {
    if let Ok(wish) = wish {
        leptos::task::spawn_local(async move {
            let _ = JsFuture::from(wish).await;
        });
    }
}

/// Finishes the recording and puts it into the vault.
async fn staged(app: App, conversation: ConversationId) -> Result<Attachment, Failure> {
    let Reply::Bytes(bytes) = app.call(Call::Voice(VoiceCall::Finish)).await? else {
        return Err(super::internal("the worker gave no recording"));
    };
    let command = Command::StageFile {
        conversation,
        file: NewFile {
            name: "voice-message.mp3".to_owned(),
            content_type: "audio/mp3".to_owned(),
            bytes,
            width: 0,
            height: 0,
            voice: true,
        },
    };
    match app.command(command).await? {
        Answer::File(attachment) => Ok(attachment),
        _ => Err(super::internal("the engine gave no file")),
    }
}

/// Sends it as a message of its own.
async fn sent(
    app: App,
    conversation: ConversationId,
    attachment: Attachment,
) -> Result<(), Failure> {
    let command = Command::Send {
        conversation,
        text: String::new(),
        reply_to: None,
        files: vec![attachment.id],
    };
    match app.command(command).await {
        Ok(Answer::Message(message)) => app.timeline.upsert(*message),
        Ok(_) => {}
        Err(failure) => {
            // It is not lost: it waits for the next message.
            app.media.staging.bring(conversation, vec![attachment]);
            return Err(failure);
        }
    }
    Ok(())
}

async fn microphone() -> Result<MediaStream, wasm_bindgen::JsValue> {
    let audio = MediaTrackConstraints::new();
    audio.set_channel_count_i32(1);
    audio.set_echo_cancellation_bool(true);
    audio.set_noise_suppression_bool(true);
    audio.set_auto_gain_control(&true.into());
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio(&audio);
    let asked = window()
        .navigator()
        .media_devices()?
        .get_user_media_with_constraints(&constraints)?;
    JsFuture::from(asked).await.map(JsCast::unchecked_into)
}

/// Starts recording for a conversation.
#[component]
pub(crate) fn VoiceButton(
    conversation: ConversationId,
    /// Why no voice message can be sent.
    #[prop(into)]
    refused: Signal<Option<&'static str>>,
) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let recorder = app.media.recorder;
    let key = window_event_listener(leptos::ev::keydown, move |event| {
        if crate::page::keys::mod2(&event) && event.code() == "KeyV" && !any_open() {
            event.prevent_default();
            match refused.get_untracked() {
                Some(why) => app.toast.set(Some(why.into())),
                None => recorder.begin(app, conversation, false),
            }
        }
    });
    // Where a finger lies, and how many lay there before.
    let finger = StoredValue::new(None::<(f64, f64)>);
    let presses = StoredValue::new(0_u32);
    // This finger holds, or held just now: lifting it is no press of the button.
    let holds = RwSignal::new(false);
    let here = |event: &leptos::ev::PointerEvent| {
        (f64::from(event.client_x()), f64::from(event.client_y()))
    };
    let down = move |event: leptos::ev::PointerEvent| {
        holds.set(false);
        let idle = untrack(|| recorder.idle());
        if event.pointer_type() != "touch" || !event.is_primary() || !idle {
            return;
        }
        finger.set_value(Some(here(&event)));
        presses.update_value(|presses| *presses += 1);
        let press = presses.get_value();
        leptos::task::spawn_local(async move {
            TimeoutFuture::new(HOLD_MS).await;
            let still = presses.try_get_value() == Some(press)
                && finger.try_get_value().flatten().is_some();
            if still && untrack(|| recorder.idle()) {
                holds.set(true);
                recorder.begin(app, conversation, true);
            }
        });
    };
    let moved = move |event: leptos::ev::PointerEvent| {
        let (Some((x, y)), (now_x, now_y)) = (finger.get_value(), here(&event)) else {
            return;
        };
        if !recorder.held.get_untracked() {
            return;
        }
        let to_end = document().dir() == "rtl";
        let to_start = if to_end { now_x - x } else { x - now_x };
        if recorder.slid(app, Slide::of(to_start, y - now_y)) {
            finger.set_value(None);
        }
    };
    let rest = move || {
        finger.try_set_value(None);
        let press = presses.try_get_value();
        leptos::task::spawn_local(async move {
            TimeoutFuture::new(PRESS_MS).await;
            if press.is_some() && presses.try_get_value() == press {
                holds.try_set(false);
            }
        });
    };
    let up = move |_| {
        rest();
        if recorder.held.get_untracked() {
            recorder.lifted(app);
        }
    };
    let gone = move || {
        rest();
        if recorder.held.get_untracked() {
            recorder.let_down(app);
        }
    };
    on_cleanup(move || {
        key.remove();
        gone();
    });
    let press = move |_| {
        if !holds.get_untracked() {
            recorder.begin(app, conversation, false);
        }
    };
    view! {
        <button
            type="button"
            class="icon-button voice-button"
            aria-label=t.media_record
            title=move || refused.get().unwrap_or(t.media_record)
            data-testid="v1.record"
            // A button that is switched off would not hear the finger that it lies under.
            disabled=move || !recorder.idle() && !recorder.held.get() || refused.get().is_some()
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=up
            on:pointercancel=move |_| gone()
            on:touchend=move |event| if holds.get_untracked() && event.cancelable() { event.prevent_default() }
            on:contextmenu=move |event| if finger.with_value(Option::is_some) { event.prevent_default() }
            on:click=press
        >
            <Draw icon=Icon::Mic size=24 />
        </button>
    }
}

/// The recorder at the bottom of every screen while there is a recording.
#[component]
pub(super) fn RecorderBar() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let recorder = app.media.recorder;
    let away = window_event_listener(leptos::ev::pagehide, move |_| recorder.let_go());
    on_cleanup(move || away.remove());
    let shown = Memo::new(move |_| !recorder.idle());
    view! {
        {move || recorder.failed.get().map(|failure| view! {
            <div class="recorder">
                <FailureNote failure testid="v1.recorder-error" />
                <button type="button" class="icon-button" aria-label=t.dismiss title=t.dismiss data-testid="v1.recorder-dismiss" on:click=move |_| recorder.failed.set(None)>
                    <Draw icon=Icon::Close />
                </button>
            </div>
        })}
        <Show when=move || shown.get()>
            <Bar />
        </Show>
    }
}

#[component]
fn Bar() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let recorder = app.media.recorder;
    let name = move || {
        let conversation = recorder
            .conversation
            .get()
            .and_then(|id| app.conversation(id));
        conversation.map(|one| name_of(&one)).unwrap_or_default()
    };
    let label = move || fill(t.media_recording_for, &[("name", &isolate(&name()))]);
    let bars = Signal::derive(move || {
        recorder.levels.with(|levels| {
            let mut last = levels[levels.len().saturating_sub(SHOWN_BARS)..].to_vec();
            last.splice(0..0, std::iter::repeat_n(0, SHOWN_BARS - last.len()));
            last
        })
    });
    let recording = Memo::new(move |_| recorder.phase.get() == Phase::Recording);
    let paused = Memo::new(move |_| recorder.phase.get() == Phase::Paused);
    let enough = Memo::new(move |_| recorder.seconds.get() >= MIN_SECONDS);
    let near_end = Memo::new(move |_| recorder.seconds.get() >= WARN_SECONDS);
    let full = Memo::new(move |_| recorder.seconds.get() >= MAX_SECONDS);
    let stop = NodeRef::<html::Button>::new();
    // The focus follows the recording once, so that the keyboard can end what it began. Before, the button is switched off.
    Effect::new(move |done: Option<bool>| {
        let begun = recording.get();
        if done == Some(true) || !begun {
            return done.unwrap_or(false);
        }
        request_animation_frame(move || {
            if let Some(Some(button)) = stop.try_get_untracked() {
                focus(&button);
            }
        });
        true
    });
    let resting = move || {
        matches!(
            recorder.phase.get(),
            Phase::Asking | Phase::Sending | Phase::Idle
        )
    };
    view! {
        <section class="recorder" aria-label=label data-screen="v12" data-state=move || recorder.phase.get().hook() data-testid="v1.recorder">
            <button type="button" class="icon-button" aria-label=t.media_discard title=t.media_discard data-testid="v1.recorder-discard" disabled=move || recorder.phase.get() == Phase::Sending on:click=move |_| recorder.discard(app)>
                <Draw icon=Icon::Bin />
            </button>
            <span class="recorder-light" class:on=move || recording.get() aria-hidden="true"></span>
            <span class="recorder-time" class:wrong=move || near_end.get() data-testid="v1.recorder-time">{move || clock(recorder.seconds.get())}</span>
            <span class="visually-hidden" role="status">
                {move || match recorder.phase.get() {
                    Phase::Asking => t.media_asking,
                    Phase::Recording if recorder.held.get() => t.media_hold,
                    Phase::Recording if near_end.get() => t.media_near_end,
                    Phase::Recording => t.media_recording,
                    Phase::Paused if full.get() => t.media_full,
                    Phase::Paused => t.media_paused,
                    Phase::Sending => t.delivery_sending,
                    Phase::Idle => "",
                }}
            </span>
            <Bars bars done=Signal::derive(|| 1.0) />
            <button
                type="button"
                class="icon-button"
                node_ref=stop
                aria-label=move || if recording.get() { t.media_pause } else { t.media_resume }
                title=move || if recording.get() { t.media_pause } else { t.media_resume }
                data-testid="v1.recorder-stop"
                disabled=move || !(recording.get() || paused.get() && recorder.open.get() && !full.get())
                on:click=move |_| if recording.get_untracked() { recorder.pause() } else { recorder.resume() }
            >
                <Draw icon=Signal::derive(move || if recording.get() { Icon::Pause } else { Icon::Mic }) />
            </button>
            <button type="button" class="icon-button" aria-label=t.media_listen title=t.media_listen data-testid="v1.recorder-listen" disabled=move || !enough.get() || resting() on:click=move |_| recorder.listen(app)>
                <Draw icon=Icon::Play />
            </button>
            <button type="button" class="icon-button send" aria-label=t.media_send_voice title=t.media_send_voice data-testid="v1.recorder-send" disabled=move || !enough.get() || resting() on:click=move |_| recorder.send(app)>
                <Draw icon=Icon::Send />
            </button>
            <Show when=move || recorder.held.get()>
                // What is said of it stands in the status above.
                <p class="tiny recorder-hold" aria-hidden="true" data-testid="v1.recorder-hold">{t.media_hold}</p>
            </Show>
            {move || recorder.take.get().map(|url| view! {
                <audio class="recorder-take" controls autoplay src=url.as_str().to_owned() aria-label=t.media_listen data-testid="v1.recorder-take"></audio>
            })}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finger_has_to_slide_far_and_the_farther_way_counts() {
        assert_eq!(Slide::of(0.0, 0.0), Slide::Here);
        assert_eq!(Slide::of(79.0, 79.0), Slide::Here);
        assert_eq!(Slide::of(-200.0, -200.0), Slide::Here);
        assert_eq!(Slide::of(80.0, 10.0), Slide::Cancel);
        assert_eq!(Slide::of(10.0, 80.0), Slide::Lock);
        assert_eq!(Slide::of(85.0, 120.0), Slide::Lock);
        assert_eq!(Slide::of(120.0, 85.0), Slide::Cancel);
    }
}
