//! One sound at a time, which goes on when its conversation is left (screens 9.8).

use super::wave::{BARS, Bars, Wave, measure};
use super::{ObjectUrl, bytes_of, clock, failure, has_focus, keys, kind, pass_focus, tile};
use crate::i18n::{fill, format, isolate, text};
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Attachment, Command, ConversationId, ErrorCode, Failure, FileId, FileKind, FileState,
    Message, MessageId,
};
use onionskin_protocol::sorted::SortedMap;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::HtmlAudioElement;

/// Speeds, slowest first.
const SPEEDS: [f64; 5] = [0.75, 1.0, 1.25, 1.5, 2.0];
/// Seconds of one step of an arrow key.
const STEP: f64 = 5.0;

/// A sound of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Track {
    pub message: MessageId,
    pub conversation: ConversationId,
    pub file: FileId,
    pub sent_at: u64,
    pub name: String,
    /// It is a received voice message that was not played yet.
    pub unheard: bool,
}

impl Track {
    pub(super) fn of(message: &Message, attachment: &Attachment) -> Self {
        Self {
            message: message.id,
            conversation: message.conversation,
            file: attachment.id,
            sent_at: message.sent_at,
            name: attachment.name.clone(),
            unheard: attachment.kind == FileKind::Voice && !message.mine && !message.heard,
        }
    }
}

/// What plays, and how far it is.
#[derive(Clone, Copy)]
pub(crate) struct Player {
    track: RwSignal<Option<Track>>,
    playing: RwSignal<bool>,
    at: RwSignal<f64>,
    failed: RwSignal<Option<(FileId, Failure)>>,
    waves: RwSignal<SortedMap<FileId, Wave>>,
    speeds: RwSignal<SortedMap<ConversationId, f64>>,
    /// Where sounds that do not play would go on (s).
    positions: RwSignal<SortedMap<FileId, f64>>,
    element: StoredValue<Option<HtmlAudioElement>, LocalStorage>,
    url: StoredValue<Option<ObjectUrl>>,
    /// Counts what was to play or to stop: a sound that was decoded too slowly does not play any more.
    turns: StoredValue<u32>,
}

impl Player {
    pub(super) fn new() -> Self {
        Self {
            track: RwSignal::new(None),
            playing: RwSignal::new(false),
            at: RwSignal::new(0.0),
            failed: RwSignal::new(None),
            waves: RwSignal::new(SortedMap::new()),
            speeds: RwSignal::new(SortedMap::new()),
            positions: RwSignal::new(SortedMap::new()),
            element: StoredValue::new_local(None),
            url: StoredValue::new(None),
            turns: StoredValue::new(0),
        }
    }

    pub(super) fn forget(self) {
        self.stop();
        self.failed.set(None);
        self.waves.update(SortedMap::clear);
        self.speeds.update(SortedMap::clear);
        self.positions.update(SortedMap::clear);
    }

    /// Ends playing; where it was is remembered.
    fn stop(self) {
        self.turns.update_value(|turns| *turns += 1);
        if let Some(element) = self.element.with_value(Clone::clone) {
            // Pausing what does not play does nothing.
            let _ = element.pause();
            // Without an address there is nothing to remove.
            let _ = element.remove_attribute("src");
            // Only loading lets go of the sound: until then a key of the keyboard would play it.
            element.load();
        }
        keys::release();
        if let Some(track) = self.track.get_untracked() {
            let at = self.at.get_untracked();
            self.positions.update(|all| {
                all.insert(track.file, at);
            });
        }
        self.url.set_value(None);
        self.playing.set(false);
        let focused = has_focus(".mini-player");
        self.track.set(None);
        self.at.set(0.0);
        if focused {
            pass_focus(None);
        }
    }

    /// How far a sound is, or where it would go on (s). Tracks it.
    fn place(self, file: FileId) -> f64 {
        if self.is_current(file) {
            self.at.get()
        } else {
            let known = self.positions.with(|all| all.get(&file).copied());
            known.unwrap_or(0.0)
        }
    }

    fn is_current(self, file: FileId) -> bool {
        self.track
            .with(|track| track.as_ref().is_some_and(|track| track.file == file))
    }

    /// Plays, goes on or pauses.
    pub(super) fn toggle(self, app: App, track: Track) {
        if untrack(|| self.is_current(track.file)) {
            let Some(element) = self.element.with_value(Clone::clone) else {
                return;
            };
            if self.playing.get_untracked() {
                // Pausing cannot fail.
                let _ = element.pause();
            } else {
                start(&element);
            }
            return;
        }
        leptos::task::spawn_local(async move {
            self.stop();
            self.failed.set(None);
            if let Err(failure) = self.play(app, track.clone()).await {
                self.failed.set(Some((track.file, failure)));
            }
        });
    }

    async fn play(self, app: App, track: Track) -> Result<(), Failure> {
        let turn = self.turns.get_value();
        let bytes = bytes_of(app, track.file).await?;
        let element = self.element(app)?;
        let known = kind::sound(&bytes).filter(|one| !element.can_play_type(one).is_empty());
        let Some(content_type) = known else {
            return Err(failure(ErrorCode::FileType, "sound"));
        };
        self.learn(track.file, &bytes).await;
        if self.turns.get_value() != turn {
            return Ok(());
        }
        let url = ObjectUrl::new(&bytes, content_type)
            .ok_or_else(|| super::internal("the browser takes no more files"))?;
        element.set_src(url.as_str());
        self.url.set_value(Some(url));
        let before = untrack(|| self.place(track.file));
        let length = self.length(track.file).unwrap_or(f64::MAX);
        element.set_current_time(if before + 1.0 < length { before } else { 0.0 });
        element.set_playback_rate(untrack(|| self.speed(track.conversation)));
        if track.unheard {
            app.send(Command::MarkHeard {
                message: track.message,
            });
        }
        self.track.set(Some(track));
        keys::hold(move |pressed| self.pressed(pressed));
        start(&element);
        Ok(())
    }

    /// A key for sounds was pressed, on a keyboard or a headset.
    fn pressed(self, key: keys::Key) {
        let track = self.track.get_untracked();
        let element = self.element.with_value(Clone::clone);
        let (Some(track), Some(element)) = (track, element) else {
            return;
        };
        match key {
            keys::Key::Play => start(&element),
            // Pausing cannot fail.
            keys::Key::Pause => drop(element.pause()),
            keys::Key::Stop => self.stop(),
            keys::Key::Back => self.seek(track.file, element.current_time() - STEP),
            keys::Key::Forth => self.seek(track.file, element.current_time() + STEP),
        }
    }

    /// The shape and the length of a sound, decoded once.
    async fn learn(self, file: FileId, bytes: &[u8]) {
        if self.waves.with_untracked(|waves| waves.contains_key(&file)) {
            return;
        }
        if let Some(wave) = measure(bytes).await {
            self.waves.try_update(|waves| {
                waves.insert(file, wave);
            });
        }
    }

    /// Seconds, once decoded.
    fn length(self, file: FileId) -> Option<f64> {
        self.waves
            .with_untracked(|waves| waves.get(&file).map(|wave| wave.seconds))
    }

    fn speed(self, conversation: ConversationId) -> f64 {
        self.speeds
            .with(|speeds| speeds.get(&conversation).copied().unwrap_or(1.0))
    }

    /// The next speed up (after the fastest the slowest), or down.
    fn change_speed(self, conversation: ConversationId, by: isize) {
        let now = untrack(|| self.speed(conversation));
        let at = SPEEDS.iter().position(|one| *one == now).unwrap_or(1);
        let next = (at as isize + by).rem_euclid(SPEEDS.len() as isize) as usize;
        let speed = SPEEDS[next];
        self.speeds.update(|speeds| {
            speeds.insert(conversation, speed);
        });
        let current = self.track.with_untracked(|track| {
            track
                .as_ref()
                .is_some_and(|one| one.conversation == conversation)
        });
        if let Some(element) = self.element.with_value(Clone::clone).filter(|_| current) {
            element.set_playback_rate(speed);
        }
    }

    /// Goes to a second of the sound that plays, or remembers it for one that does not.
    fn seek(self, file: FileId, to: f64) {
        let to = to.clamp(0.0, self.length(file).unwrap_or(f64::MAX));
        if untrack(|| self.is_current(file)) {
            if let Some(element) = self.element.with_value(Clone::clone) {
                element.set_current_time(to);
            }
            self.at.set(to);
        } else {
            self.positions.update(|all| {
                all.insert(file, to);
            });
        }
    }

    /// The one element, made when it is first needed; it lives as long as the page.
    fn element(self, app: App) -> Result<HtmlAudioElement, Failure> {
        if let Some(element) = self.element.with_value(Clone::clone) {
            return Ok(element);
        }
        let element =
            HtmlAudioElement::new().map_err(|_| super::internal("the browser plays no sound"))?;
        let on = |name: &str, handler: Closure<dyn FnMut()>| {
            // Listening to an element of our own cannot fail.
            let _ =
                element.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
            handler.forget();
        };
        let tell = move |playing: bool| {
            self.playing.set(playing);
            if self.track.with_untracked(Option::is_some) {
                keys::tell(playing);
            }
        };
        on("play", Closure::new(move || tell(true)));
        on("pause", Closure::new(move || tell(false)));
        let clocked = element.clone();
        on(
            "timeupdate",
            Closure::new(move || {
                if self.track.with_untracked(Option::is_some) {
                    self.at.set(clocked.current_time());
                }
            }),
        );
        on("ended", Closure::new(move || self.ended(app)));
        on(
            "error",
            Closure::new(move || {
                if let Some(track) = self.track.get_untracked() {
                    self.stop();
                    self.failed
                        .set(Some((track.file, failure(ErrorCode::FileType, "sound"))));
                }
            }),
        );
        self.element.set_value(Some(element.clone()));
        Ok(element)
    }

    /// At the end the next unheard voice message of the conversation plays, where that is wanted.
    fn ended(self, app: App) {
        let Some(track) = self.track.get_untracked() else {
            return;
        };
        self.stop();
        self.positions.update(|all| {
            all.remove(&track.file);
        });
        leptos::task::spawn_local(async move {
            let wanted = matches!(
                app.command(Command::GetSettings).await,
                Ok(Answer::Settings(settings)) if settings.autoplay_voice
            );
            let next = wanted.then(|| next_unheard(app, &track)).flatten();
            if let Some(next) = next {
                self.toggle(app, next);
            }
        });
    }
}

/// The first unheard voice message after this one that is on this device.
fn next_unheard(app: App, after: &Track) -> Option<Track> {
    app.timeline.messages.with_untracked(|messages| {
        messages
            .iter()
            .filter(|one| {
                one.conversation == after.conversation
                    && (one.sent_at, one.id) > (after.sent_at, after.message)
            })
            .flat_map(|one| one.attachments.iter().map(move |file| (one, file)))
            .filter(|(_, file)| untrack(|| app.media.state_of(file)) == FileState::Here)
            .map(|(one, file)| Track::of(one, file))
            .find(|track| track.unheard)
    })
}

/// A refusal arrives as an event of the element, or means that the person has to press again.
fn start(element: &HtmlAudioElement) {
    if let Ok(playing) = element.play() {
        leptos::task::spawn_local(async move {
            let _ = wasm_bindgen_futures::JsFuture::from(playing).await;
        });
    }
}

/// The player of one sound inside its bubble.
#[component]
pub(super) fn SoundTile(message: Message, attachment: Attachment) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let player = app.media.player;
    let track = Track::of(&message, &attachment);
    let (file, conversation) = (track.file, track.conversation);
    let voice = attachment.kind == FileKind::Voice;
    let unheard = track.unheard;
    leptos::task::spawn_local(async move {
        if player.length(file).is_none()
            && let Ok(bytes) = bytes_of(app, file).await
        {
            player.learn(file, &bytes).await;
        }
    });
    let playing = move || player.is_current(file) && player.playing.get();
    let wave = Memo::new(move |_| player.waves.with(|waves| waves.get(&file).cloned()));
    let bars = Signal::derive(move || wave.get().map_or_else(|| vec![4; BARS], |wave| wave.bars));
    let length = move || wave.get().map_or(0.0, |wave| wave.seconds);
    let at = move || player.place(file);
    let done = Signal::derive(move || if length() > 0.0 { at() / length() } else { 0.0 });
    let times = move || format!("{} / {}", clock(at()), clock(length()));
    let toggled = track.clone();
    let keys = move |event: leptos::ev::KeyboardEvent| {
        match event.key().as_str() {
            "<" => player.change_speed(conversation, -1),
            ">" => player.change_speed(conversation, 1),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    // The rows of the timeline have keys of their own.
    let seek_keys = move |event: leptos::ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowLeft" => -STEP,
            "ArrowRight" => STEP,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        player.seek(file, untrack(at) + step);
    };
    let title = if voice {
        t.media_voice.to_owned()
    } else {
        tile::called(t, &attachment)
    };
    let group = title.clone();
    view! {
        <div class="sound" role="group" aria-label=group data-testid="v1.voice" data-playing=move || playing().to_string() data-heard=(!unheard).to_string() on:keydown=keys>
            <button
                type="button"
                class="icon-button play"
                aria-label=move || if playing() { t.media_pause } else { t.media_play }
                data-testid="v1.voice-play"
                on:click=move |_| player.toggle(app, toggled.clone())
            >
                <Draw icon=Signal::derive(move || if playing() { Icon::Pause } else { Icon::Play }) size=24 />
            </button>
            <span class="sound-body">
                {(!voice).then(|| view! { <bdi class="small">{title}</bdi> })}
                <span class="seek">
                    <Bars bars done />
                    <input
                        type="range"
                        min="0"
                        max=move || length().max(0.1).to_string()
                        step="0.1"
                        prop:value=move || at().to_string()
                        aria-label=t.media_seek
                        aria-valuetext=times
                        data-testid="v1.voice-seek"
                        on:keydown=seek_keys
                        on:input=move |event| player.seek(file, event_target_value(&event).parse().unwrap_or(0.0))
                    />
                </span>
                <span class="tiny sound-line">
                    <span data-testid="v1.voice-time">{times}</span>
                    {unheard.then(|| view! { <span class="unheard" data-testid="v1.voice-unheard">{t.media_unheard}</span> })}
                </span>
            </span>
            <button
                type="button"
                class="speed tiny"
                aria-label=move || fill(t.media_speed, &[("n", &format::decimal(player.speed(conversation)))])
                data-testid="v1.voice-speed"
                on:click=move |_| player.change_speed(conversation, 1)
            >
                {move || format!("{}×", format::decimal(player.speed(conversation)))}
            </button>
        </div>
        {move || player.failed.get().filter(|(id, _)| *id == file).map(|(_, failure)| view! {
            <FailureNote failure testid="v1.voice-error" />
        })}
    }
}

/// What plays, while another screen is looked at.
#[component]
pub(crate) fn MiniPlayer() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let player = app.media.player;
    let shown = Memo::new(move |_| player.track.get());
    let body = move |track: Track| {
        let (file, conversation) = (track.file, track.conversation);
        let who = untrack(|| app.conversation(conversation))
            .map(|one| crate::page::text::name_of(&one))
            .unwrap_or_default();
        let when = format::time(track.sent_at);
        let label = fill(t.media_from, &[("name", &isolate(&who)), ("time", &when)]);
        let length = move || {
            player
                .waves
                .with(|waves| waves.get(&file).map_or(0.0, |wave| wave.seconds))
        };
        let times = move || format!("{} / {}", clock(player.at.get()), clock(length()));
        view! {
            <section class="mini-player" aria-label=t.media_player data-testid="mini-player">
                <button
                    type="button"
                    class="icon-button"
                    aria-label=move || if player.playing.get() { t.media_pause } else { t.media_play }
                    data-testid="mini-player.play"
                    on:click=move |_| player.toggle(app, track.clone())
                >
                    <Draw icon=Signal::derive(move || if player.playing.get() { Icon::Pause } else { Icon::Play }) />
                </button>
                <button type="button" class="link-button mini-words" data-testid="mini-player.open" on:click=move |_| go(Route::Conversation(conversation))>
                    {label}
                </button>
                <input
                    type="range"
                    min="0"
                    max=move || length().max(0.1).to_string()
                    step="0.1"
                    prop:value=move || player.at.get().to_string()
                    aria-label=t.media_seek
                    aria-valuetext=times
                    on:input=move |event| player.seek(file, event_target_value(&event).parse().unwrap_or(0.0))
                />
                <span class="tiny" data-testid="mini-player.time">{times}</span>
                <button
                    type="button"
                    class="speed tiny"
                    aria-label=move || fill(t.media_speed, &[("n", &format::decimal(player.speed(conversation)))])
                    on:click=move |_| player.change_speed(conversation, 1)
                >
                    {move || format!("{}×", format::decimal(player.speed(conversation)))}
                </button>
                <button type="button" class="icon-button" aria-label=t.media_stop title=t.media_stop data-testid="mini-player.stop" on:click=move |_| player.stop()>
                    <Draw icon=Icon::Close />
                </button>
            </section>
        }
    };
    move || shown.get().map(body)
}
