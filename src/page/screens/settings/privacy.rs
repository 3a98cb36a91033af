//! X4: what others learn from us, how conversations behave, and who is blocked.

use super::options::{Choice, Defaults, DeviceChoice, DeviceSwitch, Failed, Form, Switch};
use super::{Meta, Scope};
use crate::i18n::{count, text};
use crate::page::screens::row::called;
use crate::page::screens::timers::TimerChoice;
use crate::page::state::App;
use crate::page::ui::avatar::Avatar;
use crate::page::ui::failure::FailureNote;
use leptos::prelude::*;
use onionskin_client::api::{
    Answer, Command, Conversation, ConversationChange, ConversationId, Failure, Settings,
};

#[component]
pub(super) fn PrivacyPage() -> impl IntoView {
    let t = text();
    let app = expect_context::<App>();
    let (form, prefs) = (Form::new(app), app.prefs);
    let enter = vec![
        (true, "enter", t.x4_enter_sends.to_owned()),
        (false, "mod", t.x4_enter_breaks.to_owned()),
    ];
    let holds = [0u8, 3, 5, 10]
        .map(|seconds| {
            let label = match seconds {
                0 => t.off.to_owned(),
                n => count(&t.seconds, u64::from(n)),
            };
            let key = match seconds {
                0 => "0",
                3 => "3",
                5 => "5",
                _ => "10",
            };
            (seconds, key, label)
        })
        .to_vec();
    view! {
        <Failed form testid="x4.error" />
        <Switch form label=t.x4_read why=t.x4_read_why testid="x4.read" read=|s| s.read_receipts write=|s, on| s.read_receipts = on />
        <Switch form label=t.x4_typing why=t.x4_typing_why testid="x4.typing" read=|s| s.typing write=|s, on| s.typing = on />
        <Switch
            form
            label=t.x4_hide_links
            why=t.x4_hide_links_why
            testid="x4.hide-links"
            read=|s| s.hide_link_requests
            write=|s, on| s.hide_link_requests = on
        />
        <Switch form label=t.x4_bursts why=t.x4_bursts_why testid="x4.bursts" read=|s| s.group_bursts write=|s, on| s.group_bursts = on />
        <Switch
            form
            label=t.x4_community
            why=t.x4_community_why
            testid="x4.community-requests"
            scope=Scope::Synced
            read=|s| s.community_requests
            write=|s, on| s.community_requests = on
        />
        <Switch form label=t.x4_previews why=t.x4_previews_why testid="x4.previews" read=|s| s.show_previews write=|s, on| s.show_previews = on />
        <Switch form label=t.x4_saved why=t.x4_saved_why testid="x4.media-saved" read=|s| s.media_saved_notice write=|s, on| s.media_saved_notice = on />
        <Switch form label=t.x3_link_guard why=t.x3_link_guard_why testid="x3.link-guard" read=|s| s.link_guard write=|s, on| s.link_guard = on />
        <Switch form label=t.x3_link_clean why=t.x3_link_clean_why testid="x3.link-clean" read=|s| s.link_clean write=|s, on| s.link_clean = on />
        <DefaultTimer form />
        <Choice
            form
            label=t.x4_undo
            why=t.x4_undo_why
            testid="x4.undo"
            choices=holds
            read=|s| s.undo_seconds
            write=|s, seconds| s.undo_seconds = seconds
        />
        <Switch form label=t.x4_markdown why=t.x4_markdown_why testid="x4.markdown" read=|s| s.markdown write=|s, on| s.markdown = on />
        <Switch form label=t.x4_big_emoji why=t.x4_big_emoji_why testid="x4.big-emoji" read=|s| s.big_emoji write=|s, on| s.big_emoji = on />
        <QuickReactions form />
        <Switch form label=t.x4_autoplay why=t.x4_autoplay_why testid="x4.autoplay" read=|s| s.autoplay_voice write=|s, on| s.autoplay_voice = on />
        <Switch
            form
            label=t.x4_caption
            why=t.x4_caption_why
            testid="x4.caption"
            read=|s| !s.no_caption_reminder
            write=|s, on| s.no_caption_reminder = !on
        />
        <Switch form label=t.x4_keep_archived why=t.x4_keep_archived_why testid="x4.keep-archived" read=|s| s.keep_archived write=|s, on| s.keep_archived = on />
        <DeviceChoice label=t.x4_enter why=t.x4_enter_why testid="x4.enter" choices=enter default=true value=prefs.enter />
        <DeviceSwitch label=t.x4_spell why=t.x4_spell_why testid="x4.spell" default=false value=prefs.spell />
        <DeviceSwitch label=t.x4_swipe why=t.x4_swipe_why testid="x4.swipe" default=true value=prefs.swipe />
        <Defaults form testid="x4" copy=copy />
        <Blocked />
    }
}

/// What of the choices belongs to this page.
fn copy(from: &Settings, to: &mut Settings) {
    *to = Settings {
        auto_download: to.auto_download,
        keep_files_days: to.keep_files_days,
        recent_searches: to.recent_searches.clone(),
        recent_emoji: to.recent_emoji.clone(),
        emoji_tone: to.emoji_tone,
        notifications: to.notifications,
        notify_detail: to.notify_detail,
        notify_requests: to.notify_requests,
        sound: to.sound,
        volume: to.volume,
        quiet_hours: to.quiet_hours,
        quiet_days: to.quiet_days,
        quiet_mentions: to.quiet_mentions,
        ..from.clone()
    };
}

#[component]
fn DefaultTimer(form: Form) -> impl IntoView {
    let t = text();
    view! {
        <section class="card">
            <div class="field">
                <label for="x4-timer">{t.x4_timer}</label>
                <TimerChoice
                    value=Signal::derive(move || form.part(|settings| settings.default_timer))
                    people=true
                    id="x4-timer"
                    testid="x4.timer"
                    choose=Callback::new(move |timer| form.change(move |settings| settings.default_timer = timer))
                />
                <p class="hint">{t.x4_timer_why}</p>
            </div>
            <Meta scope=Scope::Account default=t.off />
        </section>
    }
}

/// Six fields of one emoji each.
#[component]
fn QuickReactions(form: Form) -> impl IntoView {
    let t = text();
    let typed = RwSignal::new(untrack(|| {
        form.part(|settings| settings.quick_reactions.join(" "))
    }));
    let read = move || {
        typed.with(|typed| {
            typed
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
    };
    let valid = move || {
        let all = read();
        all.len() == 6 && all.iter().all(|one| one.len() <= 40 && !one.is_ascii())
    };
    let same = move || form.part(|settings| settings.quick_reactions == read());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(valid) {
            let all = untrack(read);
            form.change(move |settings| settings.quick_reactions = all);
        }
    };
    view! {
        <form class="card" on:submit=save>
            <div class="field">
                <label for="x4-reactions">{t.x4_reactions}</label>
                <div class="input-row">
                    <input
                        class="input"
                        id="x4-reactions"
                        type="text"
                        autocomplete="off"
                        data-testid="x4.reactions"
                        aria-describedby="x4-reactions-why"
                        aria-invalid=move || (!valid()).to_string()
                        prop:value=move || typed.get()
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                    <button type="submit" class="button" data-testid="x4.save-reactions" disabled=move || !valid() || same()>
                        {t.save}
                    </button>
                </div>
                <p class="hint" id="x4-reactions-why">{t.x4_reactions_why}</p>
            </div>
            <Meta scope=Scope::Account default=Settings::default().quick_reactions.join(" ") />
        </form>
    }
}

/// priv.blocked: also people without messages.
#[component]
fn Blocked() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let blocked = RwSignal::new(None::<Result<Vec<Conversation>, Failure>>);
    // What changes in a conversation may be that it is blocked.
    let marks = Memo::new(move |_| {
        app.conversations.with(|list| {
            list.iter()
                .flatten()
                .filter(|one| one.blocked)
                .map(|one| one.id)
                .collect::<Vec<ConversationId>>()
        })
    });
    let read_again = RwSignal::new(0u32);
    Effect::new(move |_| {
        marks.track();
        // Somebody who was declined and blocked is in no other list.
        app.leaving.track();
        read_again.track();
        leptos::task::spawn_local(async move {
            let read = match app.command(Command::GetBlocked).await {
                Ok(Answer::Conversations(list)) => Ok(list),
                Ok(_) => return,
                Err(failure) => Err(failure),
            };
            blocked.try_set(Some(read));
        });
    });
    let unblock = move |id: ConversationId| {
        leptos::task::spawn_local(async move {
            let command = Command::ChangeConversation {
                conversation: id,
                change: ConversationChange::Blocked(false),
            };
            match app.command(command).await {
                Ok(_) => {
                    read_again.try_update(|n| *n += 1);
                }
                Err(failure) => {
                    blocked.try_set(Some(Err(failure)));
                }
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="x4-blocked">
            <h2 id="x4-blocked">{t.x4_blocked}</h2>
            {move || match blocked.get() {
                None => view! { <p class="muted" role="status">{t.working}</p> }.into_any(),
                Some(Err(failure)) => view! { <FailureNote failure testid="x4.blocked-error" /> }.into_any(),
                Some(Ok(list)) if list.is_empty() => view! { <p class="small muted" data-testid="x4.blocked-none">{t.x4_blocked_none}</p> }.into_any(),
                Some(Ok(list)) => {
                    let rows = list
                        .into_iter()
                        .map(|one| {
                            let id = one.id;
                            view! {
                                <li class="person" data-testid="x4.blocked">
                                    <Avatar id=one.account_id.clone() size=36 />
                                    <bdi class="grow">{called(t, &one)}</bdi>
                                    <button type="button" class="button" data-testid="x4.unblock" on:click=move |_| unblock(id)>
                                        {t.act_unblock}
                                    </button>
                                </li>
                            }
                        })
                        .collect_view();
                    view! { <ul class="stack">{rows}</ul> }.into_any()
                }
            }}
            <Meta scope=Scope::Synced default=t.none />
        </section>
    }
}
