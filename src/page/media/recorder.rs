//! Recording a voice message (screens 9.8, V12). Samples go from the microphone to the worker, which makes MP3 of them; the
//! page keeps nothing but how loud it was. Leaving the conversation does not end it, hiding the page for good and locking do.

use super::wave::Bars;
use super::{ObjectUrl, clock, failure};
use crate::bridge::{Call, Reply, VoiceCall};
use crate::i18n::{fill, isolate, text};
use crate::page::state::App;
use crate::page::text::name_of;
use crate::page::ui::dialog::any_open;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use js_sys::Float32Array;
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Blob, Command, ConversationId, ErrorCode, Failure, NewFile};
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

/// Microphone and worklet while they run.
struct Live {
    stream: MediaStream,
    context: AudioContext,
    _node: AudioWorkletNode,
    _on_samples: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Live {
    fn drop(&mut self) {
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
        }
    }

    pub(super) fn forget(self) {
        self.live.set_value(None);
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

    /// Asks for the microphone and records.
    pub(crate) fn begin(self, app: App, conversation: ConversationId) {
        if !untrack(|| self.idle()) {
            return;
        }
        self.forget();
        self.conversation.set(Some(conversation));
        self.phase.set(Phase::Asking);
        leptos::task::spawn_local(async move {
            match self.open(app).await {
                // The person may have given up meanwhile, or the account was locked.
                Ok(live) if self.phase.get_untracked() == Phase::Asking => {
                    self.live.set_value(Some(live));
                    self.phase.set(Phase::Recording);
                }
                Ok(_) => {}
                Err(failure) => {
                    self.forget();
                    self.failed.set(Some(failure));
                }
            }
        });
    }

    async fn open(self, app: App) -> Result<Live, Failure> {
        let denied = |_| failure(ErrorCode::MicDenied, "");
        let broken = |_| super::internal("the browser gives no samples");
        let stream = microphone().await.map_err(denied)?;
        // From here on the microphone is on, so it has to be let go on every way out.
        let context = AudioContext::new().map_err(broken);
        let opened = match context {
            Ok(context) => self
                .connect(app, &stream, &context)
                .await
                .map(|parts| (context, parts)),
            Err(error) => Err(error),
        };
        match opened {
            Ok((context, (node, on_samples))) => Ok(Live {
                stream,
                context,
                _node: node,
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
        stream: &MediaStream,
        context: &AudioContext,
    ) -> Result<(AudioWorkletNode, Closure<dyn FnMut(MessageEvent)>), Failure> {
        let broken = |_| super::internal("the browser gives no samples");
        let rate = context.sample_rate();
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
            self.heard(app, &samples, f64::from(rate));
        });
        let port = node.port().map_err(broken)?;
        port.set_onmessage(Some(on_samples.as_ref().unchecked_ref()));
        Ok((node, on_samples))
    }

    /// Samples came in.
    fn heard(self, app: App, samples: &[f32], rate: f64) {
        if self.phase.get_untracked() != Phase::Recording {
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
            if let Err(failure) = app.call(Call::Voice(call)).await {
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
        self.live.set_value(None);
    }

    fn listen(self, app: App) {
        self.pause();
        leptos::task::spawn_local(async move {
            match app.call(Call::Voice(VoiceCall::SoFar)).await {
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
        self.forget();
        leptos::task::spawn_local(async move {
            // What is not there is discarded already.
            let _ = app.call(Call::Voice(VoiceCall::Discard)).await;
        });
    }

    fn send(self, app: App) {
        let Some(conversation) = self.conversation.get_untracked() else {
            return;
        };
        self.pause();
        self.live.set_value(None);
        self.phase.set(Phase::Sending);
        leptos::task::spawn_local(async move {
            match sent(app, conversation).await {
                Ok(()) => self.forget(),
                Err(failure) => {
                    self.forget();
                    self.failed.set(Some(failure));
                }
            }
        });
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

/// Finishes the recording and sends it as a message of its own.
async fn sent(app: App, conversation: ConversationId) -> Result<(), Failure> {
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
    let Answer::File(attachment) = app.command(command).await? else {
        return Err(super::internal("the engine gave no file"));
    };
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
                None => recorder.begin(app, conversation),
            }
        }
    });
    on_cleanup(move || key.remove());
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=t.media_record
            title=move || refused.get().unwrap_or(t.media_record)
            data-testid="v1.record"
            disabled=move || !recorder.idle() || refused.get().is_some()
            on:click=move |_| recorder.begin(app, conversation)
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
    let more = Memo::new(move |_| recorder.seconds.get() < MAX_SECONDS);
    let stop = NodeRef::<html::Button>::new();
    // The focus follows the recording once, so that the keyboard can end what it began.
    Effect::new(move |done: Option<bool>| {
        let here = stop.get();
        if done != Some(true)
            && let Some(button) = here
        {
            // A button that cannot take the focus is left alone.
            let _ = button.focus();
            return true;
        }
        done.unwrap_or(false)
    });
    view! {
        <section class="recorder" aria-label=label data-screen="v12" data-state=move || recorder.phase.get().hook() data-testid="v1.recorder">
            <button type="button" class="icon-button" aria-label=t.media_discard title=t.media_discard data-testid="v1.recorder-discard" on:click=move |_| recorder.discard(app)>
                <Draw icon=Icon::Bin />
            </button>
            <span class="recorder-light" class:on=move || recording.get() aria-hidden="true"></span>
            <span class="recorder-time" class:wrong=move || near_end.get() data-testid="v1.recorder-time">{move || clock(recorder.seconds.get())}</span>
            <span class="visually-hidden" role="status">
                {move || match recorder.phase.get() {
                    Phase::Asking => t.media_asking,
                    Phase::Recording if near_end.get() => t.media_near_end,
                    Phase::Recording => t.media_recording,
                    Phase::Paused if !more.get() => t.media_full,
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
                disabled=move || !(recording.get() || paused.get() && more.get())
                on:click=move |_| if recording.get_untracked() { recorder.pause() } else { recorder.resume() }
            >
                <Draw icon=Signal::derive(move || if recording.get() { Icon::Pause } else { Icon::Mic }) />
            </button>
            <button type="button" class="icon-button" aria-label=t.media_listen title=t.media_listen data-testid="v1.recorder-listen" disabled=move || !enough.get() on:click=move |_| recorder.listen(app)>
                <Draw icon=Icon::Play />
            </button>
            <button type="button" class="icon-button send" aria-label=t.media_send_voice title=t.media_send_voice data-testid="v1.recorder-send" disabled=move || !enough.get() || recorder.phase.get() == Phase::Sending on:click=move |_| recorder.send(app)>
                <Draw icon=Icon::Send />
            </button>
            {move || recorder.take.get().map(|url| view! {
                <audio class="recorder-take" controls autoplay src=url.as_str().to_owned() aria-label=t.media_listen data-testid="v1.recorder-take"></audio>
            })}
        </section>
    }
}
