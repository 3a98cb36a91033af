//! X6: whether, when and how loudly the person is told of messages (screens 17 and 19).

use super::options::{Choice, Defaults, DeviceChoice, DeviceSwitch, Failed, Form, Switch};
use super::{Meta, Scope};
use crate::i18n::{format, text};
use crate::page::notify::{Allowed, allowed, missing};
use crate::page::prefs::Badge;
use crate::page::screens::ask_notify::Denied;
use crate::page::sound;
use crate::page::state::App;
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{NotifyDetail, Settings};
use wasm_bindgen::JsCast;

/// What quiet hours begin as: 22:00 to 7:00.
const QUIET: (u16, u16) = (22 * 60, 7 * 60);

#[component]
pub(super) fn NotificationsPage() -> impl IntoView {
    let t = text();
    let form = Form::new(expect_context::<App>());
    let details = vec![
        (
            NotifyDetail::NameAndText,
            "text",
            t.x6_detail_text.to_owned(),
        ),
        (NotifyDetail::Name, "name", t.x6_detail_name.to_owned()),
        (
            NotifyDetail::Nothing,
            "nothing",
            t.x6_detail_nothing.to_owned(),
        ),
    ];
    view! {
        <Failed form testid="x6.error" />
        <OnCard form />
        <Choice
            form
            label=t.x6_detail
            why=t.x6_detail_why
            testid="x6.detail"
            choices=details
            read=|s| s.notify_detail
            write=|s, detail| s.notify_detail = detail
        />
        <Switch form label=t.x6_requests why=t.x6_requests_why testid="x6.requests" read=|s| s.notify_requests write=|s, on| s.notify_requests = on />
        <DeviceSwitch
            label=t.x6_reply
            why=t.x6_reply_why
            testid="x6.reply"
            default=true
            value=form.app.prefs.reply
        />
        <SoundCard form />
        <BadgeCard />
        <QuietCard form />
        <Truth />
        <Defaults form testid="x6" copy=copy />
    }
}

/// What of the choices belongs to this page.
fn copy(from: &Settings, to: &mut Settings) {
    to.notifications = from.notifications;
    to.notify_detail = from.notify_detail;
    to.notify_requests = from.notify_requests;
    to.sound = from.sound;
    to.volume = from.volume;
    to.quiet_hours = from.quiet_hours;
    to.quiet_days = from.quiet_days;
    to.quiet_mentions = from.quiet_mentions;
}

/// notif.on: our explanation first, then the browser's question, and only when it is switched on.
#[component]
fn OnCard(form: Form) -> impl IntoView {
    let app = form.app;
    let t = text();
    // The layer may have changed it, and so may the browser's own settings while this page was left alone.
    let now = Memo::new(move |_| {
        app.asking_notify.track();
        app.visible.track();
        allowed()
    });
    let change = move |event: leptos::ev::Event| {
        let on = event_target_checked(&event);
        if on && allowed() == Allowed::Ask {
            // Off until the browser allows it.
            if let Some(field) = event.target() {
                field
                    .unchecked_into::<web_sys::HtmlInputElement>()
                    .set_checked(false);
            }
            app.asking_notify.set(true);
        } else {
            form.change(move |settings| settings.notifications = on);
        }
    };
    let on = move || form.part(|settings| settings.notifications);
    let test = move |_| {
        let (sound, volume) = form
            .app
            .settings
            .with_untracked(|settings| (settings.sound, settings.volume));
        sound::play(sound, volume);
        if allowed() == Allowed::Yes {
            leptos::task::spawn_local(async move {
                if !app.notifier.test(app).await {
                    app.toast.set(Some(missing().into()));
                }
            });
        }
    };
    view! {
        <section class="card">
            <label class="check flush">
                <input type="checkbox" data-testid="x6.on" aria-describedby="x6-on-why" prop:checked=on on:change=change />
                <span class="strong">{t.x6_on}</span>
            </label>
            <p class="small muted" id="x6-on-why">{t.x6_on_why}</p>
            {move || match now.get() {
                Allowed::No if on() => Some(view! { <Denied testid="x6.denied" /> }.into_any()),
                Allowed::Missing if on() => Some(view! { <p class="note warn" data-testid="x6.missing">{missing()}</p> }.into_any()),
                _ => None,
            }}
            <div class="actions">
                <button type="button" class="button" data-testid="x6.test" disabled=move || !on() on:click=test>
                    <Draw icon=Icon::Bell />
                    {t.x6_test}
                </button>
            </div>
            <Meta scope=Scope::Account default=t.off />
        </section>
    }
}

#[component]
fn SoundCard(form: Form) -> impl IntoView {
    let t = text();
    let names = [
        t.none,
        t.x6_sound_1,
        t.x6_sound_2,
        t.x6_sound_3,
        t.x6_sound_4,
        t.x6_sound_5,
        t.x6_sound_6,
    ];
    let options = move || {
        let now = form.part(|settings| settings.sound);
        (0..=sound::SOUNDS)
            .zip(names)
            .map(
                |(n, name)| view! { <option value=n.to_string() selected=n == now>{name}</option> },
            )
            .collect_view()
    };
    let change = move |event: leptos::ev::Event| {
        if let Ok(n) = event_target_value(&event).parse::<u8>() {
            sound::play(n, untrack(|| form.part(|settings| settings.volume)));
            form.change(move |settings| settings.sound = n);
        }
    };
    let louder = move |event: leptos::ev::Event| {
        if let Ok(volume) = event_target_value(&event).parse::<u8>() {
            sound::play(untrack(|| form.part(|settings| settings.sound)), volume);
            form.change(move |settings| settings.volume = volume);
        }
    };
    view! {
        <section class="card">
            <div class="field">
                <label for="x6-sound">{t.x6_sound}</label>
                <select class="input" id="x6-sound" data-testid="x6.sound" on:change=change>
                    {options}
                </select>
                <p class="hint">{t.x6_sound_why}</p>
            </div>
            <Meta scope=Scope::Account default=t.x6_sound_1 />
            <Show when=move || { form.part(|settings| settings.sound) > 0 }>
                <div class="field">
                    <label for="x6-volume">{t.x6_volume}</label>
                    <input
                        type="range"
                        id="x6-volume"
                        data-testid="x6.volume"
                        min="10"
                        max="100"
                        step="10"
                        prop:value=move || form.part(|settings| settings.volume).to_string()
                        aria-valuetext=move || format::percent(form.part(|settings| settings.volume))
                        on:change=louder
                    />
                </div>
                <Meta scope=Scope::Account default=format::percent(Settings::default().volume) />
            </Show>
        </section>
    }
}

/// notif.badge.
#[component]
fn BadgeCard() -> impl IntoView {
    let t = text();
    let value = expect_context::<App>().prefs.badge;
    let choices = Badge::ALL.map(|one| {
        let label = match one {
            Badge::Conversations => t.x6_badge_conversations,
            Badge::Messages => t.x6_badge_messages,
            Badge::Off => t.off,
        };
        (one, one.key(), label.to_owned())
    });
    view! {
        <DeviceChoice
            label=t.x6_badge
            why=t.x6_badge_why
            testid="x6.badge"
            choices=choices.to_vec()
            default=Badge::Conversations
            value
        />
    }
}

/// Minutes of the day as a field of the kind "time" takes them.
fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn minutes(clock: &str) -> Option<u16> {
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.get(..2)?.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

#[component]
fn QuietCard(form: Form) -> impl IntoView {
    let t = text();
    let hours = move || form.part(|settings| settings.quiet_hours);
    let field = move |label: &'static str, testid: &'static str, from: bool| {
        let change = move |event: leptos::ev::Event| {
            if let Some(value) = minutes(&event_target_value(&event)) {
                form.change(move |settings| {
                    let (start, end) = settings.quiet_hours.unwrap_or(QUIET);
                    settings.quiet_hours = Some(if from { (value, end) } else { (start, value) });
                });
            }
        };
        view! {
            <div class="field">
                <label for=testid>{label}</label>
                <input
                    class="input"
                    type="time"
                    id=testid
                    data-testid=testid
                    prop:value=move || hours().map(|(start, end)| clock(if from { start } else { end })).unwrap_or_default()
                    on:change=change
                />
            </div>
        }
    };
    // The days on which they begin; the last one cannot be taken away, since the switch above does that.
    let days = move || {
        (0u8..7)
            .zip(format::weekdays())
            .map(|(day, name)| {
                let bit = 1u8 << day;
                let chosen = move || form.part(|settings| settings.quiet_days & bit != 0);
                let only = move || form.part(|settings| settings.quiet_days == bit);
                view! {
                    <label class="choice">
                        <input
                            type="checkbox"
                            data-testid=format!("x6.quiet-day-{day}")
                            disabled=only
                            prop:checked=chosen
                            on:change=move |_| form.change(move |settings| settings.quiet_days ^= bit)
                        />
                        <span>{name}</span>
                    </label>
                }
            })
            .collect_view()
    };
    view! {
        <section class="card">
            <label class="check flush">
                <input
                    type="checkbox"
                    data-testid="x6.quiet"
                    aria-describedby="x6-quiet-why"
                    prop:checked=move || hours().is_some()
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        form.change(move |settings| settings.quiet_hours = on.then_some(QUIET));
                    }
                />
                <span class="strong">{t.x6_quiet}</span>
            </label>
            <p class="small muted" id="x6-quiet-why">{t.x6_quiet_why}</p>
            <Show when=move || hours().is_some()>
                <div class="input-row">
                    {field(t.x6_quiet_from, "x6.quiet-from", true)}
                    {field(t.x6_quiet_to, "x6.quiet-to", false)}
                </div>
                <fieldset class="field">
                    <legend>{t.x6_quiet_days}</legend>
                    <div class="choices days">{days()}</div>
                </fieldset>
                <label class="check flush">
                    <input
                        type="checkbox"
                        data-testid="x6.quiet-mentions"
                        prop:checked=move || form.part(|settings| settings.quiet_mentions)
                        on:change=move |event| {
                            let on = event_target_checked(&event);
                            form.change(move |settings| settings.quiet_mentions = on);
                        }
                    />
                    <span>{t.x6_quiet_mentions}</span>
                </label>
            </Show>
            <Meta scope=Scope::Account default=t.off />
        </section>
    }
}

/// How late a message can be, by what the app is doing.
#[component]
fn Truth() -> impl IntoView {
    let t = text();
    let rows = [
        (t.x6_truth_visible, t.x6_truth_visible_when),
        (t.x6_truth_hidden, t.x6_truth_hidden_when),
        (t.x6_truth_installed, t.x6_truth_installed_when),
        (t.x6_truth_locked, t.x6_truth_locked_when),
        (t.x6_truth_closed, t.x6_truth_closed_when),
    ]
    .map(|(what, when)| view! { <dt>{what}</dt><dd>{when}</dd> })
    .collect_view();
    view! {
        <section class="card" aria-labelledby="x6-truth">
            <h2 id="x6-truth">{t.x6_truth}</h2>
            <dl class="facts truth">{rows}</dl>
            <p class="small muted" data-testid="x6.push">{t.x6_push}</p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_back_from_its_field() {
        for minute in [0, 59, 7 * 60, 22 * 60 + 30, 24 * 60 - 1] {
            assert_eq!(minutes(&clock(minute)), Some(minute));
        }
        for nonsense in ["", "24:00", "1:75", "x:y", "12"] {
            assert_eq!(minutes(nonsense), None, "{nonsense}");
        }
    }
}
