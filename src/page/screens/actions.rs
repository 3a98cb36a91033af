//! What can be done with conversations as a whole, one or many, from rows, bars and details (screens 6). What can be taken
//! back acts at once, or ten seconds later, and offers *Undo*.

use crate::i18n::{count, fill, format, isolate, text};
use crate::page::listing::folders;
use crate::page::router::{Route, go};
use crate::page::state::App;
use crate::page::ui::icons::Icon;
use crate::page::ui::menu::Item;
use leptos::prelude::*;
use onionskin_client::api::{
    Command, Conversation, ConversationChange as Change, ConversationId, Notify,
};
use std::rc::Rc;

const HOUR_MS: u64 = 3_600_000;

/// Nothing of it notifies now.
pub(crate) fn is_muted(app: App, one: &Conversation) -> bool {
    one.notify == Notify::Nothing
        || one
            .muted_until
            .is_some_and(|until| until > network_now(app))
}

/// Until when nothing of it notifies, in words.
pub(crate) fn muted(app: App, one: &Conversation) -> Option<String> {
    let t = text();
    if one.notify == Notify::Nothing {
        return Some(t.v1_muted.to_owned());
    }
    let until = one.muted_until.filter(|until| *until > network_now(app))?;
    let at = if format::days_ago(until) == 0 {
        format::time(until)
    } else {
        format::date(until)
    };
    Some(fill(t.v1_muted_until, &[("time", &at)]))
}

/// The network's clock (ms).
pub(crate) fn network_now(app: App) -> u64 {
    let offset = app.network.with_untracked(|network| network.clock_offset);
    (js_sys::Date::now() as u64).saturating_add_signed(offset)
}

pub(crate) fn pin(app: App, one: &Conversation) {
    app.change(one.id, Change::Pinned(one.pinned <= 0));
}

pub(crate) fn archive(app: App, ids: Vec<ConversationId>, on: bool) {
    let t = text();
    let said = if on {
        &t.said_archived
    } else {
        &t.said_unarchived
    };
    for id in &ids {
        app.change(*id, Change::Archived(on));
    }
    app.undo.offer(
        count(said, ids.len() as u64),
        || {},
        move || {
            for id in &ids {
                app.change(*id, Change::Archived(!on));
            }
        },
    );
}

pub(crate) fn block(app: App, id: ConversationId, on: bool) {
    let t = text();
    app.change(id, Change::Blocked(on));
    let said = if on { t.said_blocked } else { t.said_unblocked };
    app.undo.offer(
        said.into(),
        || {},
        move || app.change(id, Change::Blocked(!on)),
    );
}

/// Everything read, or one unread mark.
pub(crate) fn read(app: App, one: &Conversation, read: bool) {
    if read {
        let up_to = one.last.as_ref().map_or(0, |last| last.sent_at);
        app.send(Command::MarkRead {
            conversation: one.id,
            up_to: up_to.max(one.last_read),
        });
        if one.marked_unread {
            app.change(one.id, Change::MarkedUnread(false));
        }
    } else {
        app.change(one.id, Change::MarkedUnread(true));
    }
}

pub(crate) fn is_unread(one: &Conversation) -> bool {
    one.unread > 0 || one.marked_unread
}

/// Conversations go from the screen, and for good when the time is over.
pub(crate) fn delete(app: App, ids: Vec<ConversationId>) {
    let said = count(&text().said_deleted, ids.len() as u64);
    hide(app, &ids);
    let back = ids.clone();
    app.undo.offer(
        said,
        move || {
            for id in ids.clone() {
                leave(
                    app,
                    vec![id],
                    Command::DeleteConversation {
                        conversation: id,
                        keep_contact: true,
                    },
                );
            }
        },
        move || show(app, &back),
    );
}

/// Requests go: nothing is sent.
pub(crate) fn decline(app: App, ids: Vec<ConversationId>, block: bool) {
    let t = text();
    let said = if block {
        &t.said_declined_blocked
    } else {
        &t.said_declined
    };
    let said = count(said, ids.len() as u64);
    hide(app, &ids);
    let back = ids.clone();
    app.undo.offer(
        said,
        move || {
            let command = Command::DeclineRequests {
                conversations: ids.clone(),
                block,
            };
            leave(app, ids.clone(), command);
        },
        move || show(app, &back),
    );
}

fn hide(app: App, ids: &[ConversationId]) {
    if app
        .route
        .get_untracked()
        .conversation()
        .is_some_and(|open| ids.contains(&open))
    {
        go(Route::Chats);
    }
    app.leaving
        .update(|leaving| leaving.extend(ids.iter().copied()));
}

fn show(app: App, ids: &[ConversationId]) {
    app.leaving
        .update(|leaving| leaving.retain(|id| !ids.contains(id)));
}

/// What was hidden is removed; a failure shows it again.
fn leave(app: App, ids: Vec<ConversationId>, command: Command) {
    leptos::task::spawn_local(async move {
        if let Err(failure) = app.command(command).await {
            app.problem.set(Some(failure));
        }
        show(app, &ids);
    });
}

/// Times for which conversations can be silent.
pub(crate) fn times_to_mute(app: App, ids: &[ConversationId]) -> Vec<Item> {
    let t = text();
    let each = |change: Rc<dyn Fn() -> Change>| {
        let ids = ids.to_vec();
        move || {
            for id in &ids {
                app.change(*id, change());
            }
        }
    };
    let until = |hours: u64| {
        each(Rc::new(move || {
            Change::MutedUntil(Some(network_now(app) + hours * HOUR_MS))
        }))
    };
    vec![
        Item::new(t.mute_1h, "c1.mute-1h", until(1)),
        Item::new(t.mute_2h, "c1.mute-2h", until(2)),
        Item::new(t.mute_1d, "c1.mute-1d", until(24)),
        Item::new(t.mute_1w, "c1.mute-1w", until(24 * 7)),
        Item::new(
            t.mute_forever,
            "c1.mute-forever",
            each(Rc::new(|| Change::Notify(Notify::Nothing))),
        ),
    ]
}

/// Times for which a conversation can be silent, and the end of that.
pub(crate) fn mute_items(app: App, one: &Conversation) -> Vec<Item> {
    let t = text();
    let id = one.id;
    let mut items = times_to_mute(app, &[id]);
    items.push(Item::new(t.mute_custom, "c1.mute-custom", move || {
        app.muting.set(Some(id));
    }));
    if is_muted(app, one) {
        items.insert(
            0,
            Item::new(t.act_unmute, "c1.unmute", unmute(app, one)).icon(Icon::Bell),
        );
    }
    items
}

pub(crate) fn unmute(app: App, one: &Conversation) -> impl Fn() + 'static + use<> {
    let (id, silent) = (one.id, one.notify == Notify::Nothing);
    move || {
        app.change(id, Change::MutedUntil(None));
        if silent {
            app.change(id, Change::Notify(Notify::Default));
        }
    }
}

/// Puts conversations into a folder; without a name out of the one in which they are.
pub(crate) fn file(app: App, ids: &[ConversationId], folder: &str) {
    for id in ids {
        app.change(*id, Change::Folder(folder.to_owned()));
    }
}

/// Puts a word beside the names of conversations; an empty one takes it away.
pub(crate) fn label(app: App, ids: &[ConversationId], label: &str) {
    for id in ids {
        app.change(*id, Change::Label(label.to_owned()));
    }
}

/// Folders into which conversations can go, a new one, and the way out.
pub(crate) fn folder_items(app: App, ids: &[ConversationId]) -> Vec<Item> {
    let t = text();
    let (all, filed) = app.conversations.with_untracked(|list| {
        let list = list.as_deref().unwrap_or_default();
        let filed = list
            .iter()
            .any(|one| ids.contains(&one.id) && !one.folder.is_empty());
        (folders(list), filed)
    });
    let mut items: Vec<Item> = all
        .into_iter()
        .map(|name| {
            let ids = ids.to_vec();
            let shown = isolate(&name);
            Item::new(shown, "c1.folder-into", move || file(app, &ids, &name)).icon(Icon::Folder)
        })
        .collect();
    let new = ids.to_vec();
    items.push(
        Item::new(t.folder_new, "c1.folder-new", move || {
            app.filing.set(Some(new.clone()));
        })
        .icon(Icon::New),
    );
    if filed {
        let ids = ids.to_vec();
        items.push(
            Item::new(t.folder_out, "c1.folder-out", move || file(app, &ids, "")).icon(Icon::Close),
        );
    }
    items
}

/// The messages of conversations go when the time is over.
pub(crate) fn clear_all(app: App, ids: Vec<ConversationId>) {
    app.undo.offer(
        text().said_cleared.into(),
        move || {
            for id in &ids {
                app.send(Command::ClearMessages { conversation: *id });
            }
        },
        || {},
    );
}

/// People are blocked, all at once.
pub(crate) fn block_all(app: App, ids: Vec<ConversationId>) {
    let others = |id: &ConversationId| {
        untrack(|| app.conversation(*id)).is_some_and(|one| !one.note_to_self && !one.blocked)
    };
    let ids: Vec<_> = ids.into_iter().filter(others).collect();
    for id in &ids {
        app.change(*id, Change::Blocked(true));
    }
    app.undo.offer(
        text().said_blocked.into(),
        || {},
        move || {
            for id in &ids {
                app.change(*id, Change::Blocked(false));
            }
        },
    );
}

/// Copies text and says so.
pub(crate) fn copy(app: App, what: String) {
    leptos::task::spawn_local(async move {
        let clipboard = window().navigator().clipboard();
        let done = wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&what)).await;
        let t = text();
        let said = if done.is_ok() {
            t.copied
        } else {
            t.copy_failed
        };
        app.toast.set(Some(said.into()));
    });
}

/// Everything that can be done with a row. `at` is where a further menu opens.
pub(crate) fn items(app: App, one: &Conversation, at: (f64, f64)) -> Vec<Item> {
    let t = text();
    let id = one.id;
    let (pinned, unread, archived) = (one.pinned > 0, is_unread(one), one.archived);
    let mut items = Vec::new();
    if app.route.get_untracked().conversation() != Some(id) {
        items.push(Item::new(t.act_open, "c1.open", move || {
            go(Route::Conversation(id));
        }));
    }
    let change = one.clone();
    items.push(
        Item::new(
            if pinned { t.act_unpin } else { t.act_pin },
            "c1.pin",
            move || {
                pin(app, &change);
            },
        )
        .icon(Icon::Pin)
        .keys("p"),
    );
    if pinned {
        for (label, testid, up) in [
            (t.act_pin_up, "c1.pin-up", true),
            (t.act_pin_down, "c1.pin-down", false),
        ] {
            items.push(Item::new(label, testid, move || {
                app.change(id, Change::PinMoved { up });
            }));
        }
    }
    let muted = one.clone();
    items.push(
        Item::new(t.act_mute, "c1.mute", move || {
            app.menu.open_at(t.act_mute, at, mute_items(app, &muted));
        })
        .icon(Icon::BellOff)
        .keys("m"),
    );
    let change = one.clone();
    items.push(
        Item::new(
            if unread { t.act_read } else { t.act_unread },
            "c1.read",
            move || {
                read(app, &change, unread);
            },
        )
        .icon(Icon::Mail)
        .keys("u"),
    );
    items.push(
        Item::new(t.act_folder, "c1.folder-move", move || {
            app.menu.open_at(t.act_folder, at, folder_items(app, &[id]));
        })
        .icon(Icon::Folder),
    );
    items.push(
        Item::new(t.act_label, "c1.label", move || {
            app.labelling.set(Some(vec![id]));
        })
        .icon(Icon::Edit),
    );
    items.push(
        Item::new(
            if archived {
                t.act_unarchive
            } else {
                t.act_archive
            },
            "c1.archive",
            move || {
                archive(app, vec![id], !archived);
            },
        )
        .icon(Icon::Archive)
        .keys("e"),
    );
    if !one.note_to_self {
        let account_id = one.account_id.clone();
        items.push(
            Item::new(t.copy_id, "c1.copy-row-id", move || {
                copy(app, account_id.clone())
            })
            .icon(Icon::Copy),
        );
    }
    items.push(
        Item::new(t.act_details, "c1.details", move || go(Route::Details(id))).icon(Icon::Info),
    );
    items.push(
        Item::new(t.act_clear, "c1.clear", move || clear_all(app, vec![id])).icon(Icon::Close),
    );
    items.push(
        Item::new(t.act_delete, "c1.delete", move || delete(app, vec![id]))
            .icon(Icon::Trash)
            .keys("Delete")
            .danger(),
    );
    if !one.note_to_self {
        let blocked = one.blocked;
        items.push(
            Item::new(
                if blocked { t.act_unblock } else { t.act_block },
                "c1.block",
                move || block(app, id, !blocked),
            )
            .icon(Icon::Block)
            .danger(),
        );
    }
    items
}
