//! D2: a conversation as an archive that anybody can read (screens 20). Whoever asks proves that the account is theirs, and is
//! told that the archive is not encrypted.

mod readable;

use crate::bridge::{Call, Protection};
use crate::i18n::{count, fill, format, isolate, language, text};
use crate::page::blob::picture_type;
use crate::page::media::{bytes_of, hand_over};
use crate::page::mentions::named;
use crate::page::screens::conversation::kind_word;
use crate::page::state::App;
use crate::page::text::clean_name;
use crate::page::timeline::is_notice;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use crate::page::ui::secret::{Secret, SecretField};
use crate::page::zip;
use leptos::prelude::*;
use onionskin_client::api::{
    Anchor, Answer, Command, ConversationId, Cursor, ErrorCode, Failure, FileState, Message, Timer,
};
use readable::{FileLine, Line, html, json, stored_name};
use wasm_bindgen::prelude::JsValue;

/// Messages read at a time.
const PAGE: u16 = 200;
const DAY_MS: u64 = 86_400_000;

#[component]
pub(super) fn ExportDialog(
    open: RwSignal<bool>,
    id: ConversationId,
    name: Memo<String>,
) -> impl IntoView {
    view! {
        <Dialog open screen="d2" title=text().d2_title>
            <Body id name />
        </Dialog>
    }
}

/// What goes into the archive.
#[derive(Clone, Copy)]
struct Wish {
    /// Of so many last days; `None`: everything.
    days: Option<u64>,
    files: bool,
    disappearing: bool,
}

/// How far the export is.
#[derive(Clone, Copy, Default, PartialEq)]
enum Stage {
    #[default]
    Asking,
    /// So many messages were read.
    Reading(usize),
    /// So many messages are in the archive.
    Done(usize),
}

#[component]
fn Body(id: ConversationId, name: Memo<String>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let days = RwSignal::new(None::<u64>);
    let (files, disappearing) = (RwSignal::new(false), RwSignal::new(false));
    let stage = RwSignal::new(Stage::Asking);
    let failed = RwSignal::new(None::<Failure>);
    let secret = Secret::new();
    let vault = app.vault.get_untracked();
    let protected = app.vaults.with_untracked(|all| {
        let own = |one: &&crate::bridge::VaultInfo| Some(one.id) == vault;
        all.iter()
            .find(own)
            .is_some_and(|one| one.protection == Protection::Passphrase)
    });
    let busy = move || matches!(stage.get(), Stage::Reading(_));
    let export = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(busy) {
            return;
        }
        failed.set(None);
        stage.set(Stage::Reading(0));
        let proof = protected.then(|| Call::Prove {
            passphrase: secret.take(),
        });
        let wish = Wish {
            days: days.get_untracked(),
            files: files.get_untracked(),
            disappearing: disappearing.get_untracked(),
        };
        let title = name.get_untracked();
        leptos::task::spawn_local(async move {
            let done = async {
                if let Some(proof) = proof {
                    app.call(proof).await?;
                }
                write(app, id, &title, wish, stage).await
            };
            match done.await {
                Ok(messages) => {
                    stage.try_set(Stage::Done(messages));
                }
                Err(failure) => {
                    stage.try_set(Stage::Asking);
                    failed.try_set(Some(failure));
                }
            }
        });
    };
    let ranges = [
        (None, "all", t.d2_all),
        (Some(30), "30", t.d2_30),
        (Some(365), "365", t.d2_365),
    ]
    .map(|(value, key, label)| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="d2.range"
                    data-testid=format!("d2.range-{key}")
                    prop:checked=move || days.get() == value
                    on:change=move |_| days.set(value)
                />
                <span>{label}</span>
            </label>
        }
    })
    .collect_view();
    let check = |label: &'static str, testid: &'static str, on: RwSignal<bool>| {
        view! {
            <label class="check flush">
                <input type="checkbox" data-testid=testid prop:checked=move || on.get() on:change=move |event| on.set(event_target_checked(&event)) />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <p class="small">{move || fill(t.d2_about, &[("name", &isolate(&name.get()))])}</p>
        <div class="note warn">
            <Draw icon=Icon::Warning />
            <p>{t.d2_warning}</p>
        </div>
        <form class="stack" on:submit=export>
            <fieldset class="field">
                <legend>{t.d2_range}</legend>
                <div class="choices two">{ranges}</div>
            </fieldset>
            {check(t.d2_files, "d2.files", files)}
            {check(t.d2_disappearing, "d2.disappearing", disappearing)}
            {protected.then(|| view! {
                <SecretField secret id="d2.passphrase" label=t.r1_passphrase autocomplete="current-password" invalid=false />
            })}
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="d2.error" /> })}
            <p class="small" role="status" data-testid="d2.status">
                {move || match stage.get() {
                    Stage::Asking => String::new(),
                    Stage::Reading(n) => count(&t.d2_reading, n as u64),
                    Stage::Done(n) => count(&t.d2_done, n as u64),
                }}
            </p>
            <div class="actions end">
                <button
                    type="submit"
                    class="button primary"
                    data-testid="d2.export"
                    disabled=move || busy() || protected && secret.empty.get()
                >
                    <Draw icon=Icon::Down />
                    {t.d2_export}
                </button>
            </div>
        </form>
    }
}

/// Makes the archive and hands it to the browser. Gives how many messages it holds.
async fn write(
    app: App,
    id: ConversationId,
    title: &str,
    wish: Wish,
    stage: RwSignal<Stage>,
) -> Result<usize, Failure> {
    let messages = messages(app, id, wish, stage).await?;
    let mut archive = Vec::new();
    let mut lines = Vec::with_capacity(messages.len());
    let mut room = zip::LIMIT;
    for message in &messages {
        let mut line = line(app, message);
        for file in &message.attachments {
            let stored = if wish.files && file.state == FileState::Here {
                room = room.checked_sub(file.size).ok_or_else(|| Failure {
                    code: ErrorCode::FileTooBig,
                    number: None,
                    detail: String::new(),
                })?;
                let bytes = bytes_of(app, file.id).await?;
                let name = stored_name(archive.len() + 1, &file.name, file.dangerous);
                let picture = !file.dangerous && picture_type(&bytes).is_some();
                archive.push((name.clone(), bytes));
                Some((name, picture))
            } else {
                None
            };
            line.files.push(FileLine {
                name: clean_name(&file.name),
                picture: stored.as_ref().is_some_and(|(_, picture)| *picture),
                stored: stored.map(|(name, _)| name),
            });
        }
        if !message.mine && line.files.iter().any(|file| file.stored.is_some()) {
            app.send(Command::MediaSaved {
                message: message.id,
            });
        }
        lines.push(line);
    }
    let page = html(title, language().tag(), &lines);
    archive.insert(0, ("messages.html".to_owned(), page.into_bytes()));
    archive.insert(1, ("messages.json".to_owned(), json(&lines).into_bytes()));
    let day = format::iso_day(js_sys::Date::now() as u64).replace('-', "");
    hand_over(&zip::archive(archive), &format!("conversation-{day}.zip")).await?;
    Ok(messages.len())
}

/// What is to be written, in order.
async fn messages(
    app: App,
    id: ConversationId,
    wish: Wish,
    stage: RwSignal<Stage>,
) -> Result<Vec<Message>, Failure> {
    let now = super::actions::network_now(app);
    let since = wish
        .days
        .map_or(0, |days| now.saturating_sub(days * DAY_MS));
    let mut kept = Vec::new();
    let mut anchor = Anchor::Newest;
    loop {
        let command = Command::GetMessages {
            conversation: id,
            anchor,
            limit: PAGE,
        };
        let Answer::Messages {
            messages,
            more_before,
            ..
        } = app.command(command).await?
        else {
            break;
        };
        let first = messages.first().map(|first| Cursor {
            sent_at: first.sent_at,
            message: first.id,
        });
        let wanted = |one: &Message| {
            one.sent_at >= since
                && !is_notice(one.kind)
                && (wish.disappearing || one.timer == Timer::Off)
        };
        kept.extend(messages.into_iter().rev().filter(wanted));
        stage.try_set(Stage::Reading(kept.len()));
        match first.filter(|first| more_before && first.sent_at >= since) {
            Some(first) => anchor = Anchor::Before(first),
            None => break,
        }
    }
    kept.reverse();
    Ok(kept)
}

fn line(app: App, message: &Message) -> Line {
    let t = text();
    let said = if !message.text.is_empty() {
        untrack(|| named(app, &message.text))
    } else if let Some(invitation) = &message.invitation {
        format!("{} {}", invitation.name, invitation.url)
    } else if message.attachments.is_empty() {
        kind_word(t, message.kind, None).to_owned()
    } else {
        String::new()
    };
    let time = js_sys::Date::new(&JsValue::from_f64(message.sent_at as f64));
    // A time beyond what dates can be has no such form.
    let time = if time.get_time().is_nan() {
        String::new()
    } else {
        String::from(time.to_iso_string())
    };
    Line {
        when: format::full(message.sent_at),
        time,
        author: untrack(|| app.called(&message.author)),
        mine: message.mine,
        said,
        files: Vec::new(),
    }
}
